//! The ledger `lagerbewegung`: `wawi.lagerbewegung`, one row per move with both its ends, and
//! `wawi.reservierung_bewegung`, one row per change of a promise; both append-only, in log order.

use std::collections::{BTreeMap, btree_map::Entry};

use aggregates::{
    Aggregate,
    types::{Menge, kalender},
    wawi::{
        Lagerbestand, artikel, lager,
        lagerbestand::{self, Bewegung, LagerbestandEvent},
    },
};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, Fact},
};

const BEWEGUNGEN: &str = "wawi.lagerbewegung";
const RESERVIERUNGEN: &str = "wawi.reservierung_bewegung";

/// What decisions ask this ledger for.
pub(crate) const FACTS: &[Fact] = &[
    Fact {
        name: artikel::FACT_BESTAND,
        ledger: "lagerbewegung",
        sql: "SELECT to_jsonb(trim_scale(coalesce(sum(CASE WHEN nach_art = 'platz' THEN menge ELSE 0 END \
                - CASE WHEN von_art = 'platz' THEN menge ELSE 0 END), 0))::text) \
              FROM wawi.lagerbewegung WHERE mandant_id = $1 AND artikel_id = $2::uuid",
    },
    Fact {
        name: lager::FACT_BELEGT,
        ledger: "lagerbewegung",
        // From the stocks, which are the sums of the movements: a Lager has many more of these than articles.
        sql: "SELECT to_jsonb(count(*)) FROM wawi.lagerbestand \
              WHERE mandant_id = $1 AND lager_id = $2::uuid AND bestand <> 0",
    },
    Fact {
        name: lagerbestand::FACT_BEWEGUNG,
        ledger: "lagerbewegung",
        sql: "SELECT coalesce((SELECT jsonb_build_object( \
                'bewegung_id', b.bewegung_id, 'artikel_id', b.artikel_id, 'lager_id', b.lager_id, \
                'von', jsonb_build_object('art', b.von_art, 'platz', b.von_platz), \
                'nach', jsonb_build_object('art', b.nach_art, 'platz', b.nach_platz), \
                'menge', trim_scale(b.menge)::text, 'bewegungsart', b.bewegungsart, \
                'beleg', CASE WHEN b.beleg_id IS NOT NULL THEN jsonb_build_object('typ', b.beleg_typ, \
                    'id', b.beleg_id, 'nummer', b.beleg_nummer, 'position', b.beleg_position) END, \
                'storno_von', b.storno_von, \
                'storniert', EXISTS (SELECT FROM wawi.lagerbewegung s \
                    WHERE s.mandant_id = b.mandant_id AND s.storno_von = b.bewegung_id)) \
              FROM wawi.lagerbewegung b WHERE b.mandant_id = $1 AND (b.bewegung_id = $2::uuid \
                OR (b.beleg_position = $2::uuid AND b.storno_von IS NULL)) \
                ORDER BY b.log_position DESC LIMIT 1), 'null'::jsonb)",
    },
];

/// The Lagerbewegungsjournal.
pub struct Lagerbewegung;

/// Columns of a page of moves, ready for `unnest`.
#[derive(Default)]
struct Bewegungen {
    log_position: Vec<i64>,
    jahr: Vec<i32>,
    journal_nr: Vec<i64>,
    bewegung_id: Vec<Uuid>,
    artikel_id: Vec<Uuid>,
    lager_id: Vec<Uuid>,
    bewegungsart: Vec<&'static str>,
    von_art: Vec<&'static str>,
    von_platz: Vec<Option<String>>,
    nach_art: Vec<&'static str>,
    nach_platz: Vec<Option<String>>,
    menge: Vec<String>,
    einheit: Vec<String>,
    beleg_typ: Vec<Option<String>>,
    beleg_id: Vec<Option<Uuid>>,
    beleg_nummer: Vec<Option<String>>,
    beleg_position: Vec<Option<Uuid>>,
    buchungsdatum: Vec<NaiveDate>,
    bewegt_um: Vec<DateTime<Utc>>,
    erfasst_am: Vec<DateTime<Utc>>,
    erfasser: Vec<String>,
    grund: Vec<Option<String>>,
    storno_von: Vec<Option<Uuid>>,
}

impl Bewegungen {
    fn push(&mut self, event: &LogEvent, bewegung: &Bewegung, journal_nr: i64) {
        let beleg = bewegung.beleg.as_ref();
        self.log_position.push(event.position);
        self.jahr.push(bewegung.buchungsdatum.year());
        self.journal_nr.push(journal_nr);
        self.bewegung_id.push(bewegung.bewegung_id);
        self.artikel_id.push(bewegung.artikel_id);
        self.lager_id.push(bewegung.lager_id);
        self.bewegungsart.push(bewegung.bewegungsart.into());
        self.von_art.push(bewegung.von.art.into());
        self.von_platz.push(bewegung.von.platz.clone());
        self.nach_art.push(bewegung.nach.art.into());
        self.nach_platz.push(bewegung.nach.platz.clone());
        self.menge.push(bewegung.menge.to_string());
        self.einheit.push(bewegung.einheit.clone());
        self.beleg_typ.push(beleg.map(|b| b.typ.to_string()));
        self.beleg_id.push(beleg.map(|b| b.id));
        self.beleg_nummer
            .push(beleg.and_then(|b| b.nummer.as_ref()).map(ToString::to_string));
        self.beleg_position.push(beleg.and_then(|b| b.position));
        self.buchungsdatum.push(bewegung.buchungsdatum);
        self.bewegt_um.push(bewegung.bewegt_um);
        self.erfasst_am.push(event.recorded_at);
        self.erfasser.push(event.actor.clone());
        self.grund.push(bewegung.grund.clone());
        self.storno_von.push(bewegung.storno_von);
    }

    async fn insert(self, connection: &mut PgConnection, mandant_id: Uuid, table: &str) -> Result<(), sqlx::Error> {
        if self.log_position.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO {table} (mandant_id, log_position, jahr, journal_nr, bewegung_id, artikel_id, lager_id, \
                bewegungsart, von_art, von_platz, nach_art, nach_platz, menge, einheit, beleg_typ, beleg_id, \
                beleg_nummer, beleg_position, buchungsdatum, bewegt_um, erfasst_am, erfasser, grund, storno_von) \
             SELECT $1, a, b, c, d, e, f, g, h, i, j, k, l::numeric, m, n, o, p, q, r, s, t, u, v, w \
             FROM unnest($2::bigint[], $3::int[], $4::bigint[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], \
                $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::uuid[], \
                $17::text[], $18::uuid[], $19::date[], $20::timestamptz[], $21::timestamptz[], $22::text[], \
                $23::text[], $24::uuid[]) \
                AS neu(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(mandant_id)
            .bind(self.log_position)
            .bind(self.jahr)
            .bind(self.journal_nr)
            .bind(self.bewegung_id)
            .bind(self.artikel_id)
            .bind(self.lager_id)
            .bind(self.bewegungsart)
            .bind(self.von_art)
            .bind(self.von_platz)
            .bind(self.nach_art)
            .bind(self.nach_platz)
            .bind(self.menge)
            .bind(self.einheit)
            .bind(self.beleg_typ)
            .bind(self.beleg_id)
            .bind(self.beleg_nummer)
            .bind(self.beleg_position)
            .bind(self.buchungsdatum)
            .bind(self.bewegt_um)
            .bind(self.erfasst_am)
            .bind(self.erfasser)
            .bind(self.grund)
            .bind(self.storno_von)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Columns of a page of changes of promises.
#[derive(Default)]
struct Reservierungen {
    log_position: Vec<i64>,
    artikel_id: Vec<Uuid>,
    lager_id: Vec<Uuid>,
    reservierung_id: Vec<Uuid>,
    delta: Vec<String>,
    tag: Vec<NaiveDate>,
}

impl Reservierungen {
    fn push(&mut self, event: &LogEvent, (artikel_id, lager_id, id): (Uuid, Uuid, Uuid), delta: Menge) {
        self.log_position.push(event.position);
        self.artikel_id.push(artikel_id);
        self.lager_id.push(lager_id);
        self.reservierung_id.push(id);
        self.delta.push(delta.to_string());
        self.tag.push(kalender::tag(event.recorded_at));
    }

    async fn insert(self, connection: &mut PgConnection, mandant_id: Uuid, table: &str) -> Result<(), sqlx::Error> {
        if self.log_position.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO {table} (mandant_id, log_position, artikel_id, lager_id, reservierung_id, delta, tag) \
             SELECT $1, a, b, c, d, e::numeric, f \
             FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::date[]) \
                AS neu(a, b, c, d, e, f)"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(mandant_id)
            .bind(self.log_position)
            .bind(self.artikel_id)
            .bind(self.lager_id)
            .bind(self.reservierung_id)
            .bind(self.delta)
            .bind(self.tag)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// What a page adds to both tables.
#[derive(Default)]
struct Seite {
    bewegungen: Bewegungen,
    reservierungen: Reservierungen,
}

impl Seite {
    fn reservierung(&mut self, event: &LogEvent, lagerbestand: &LagerbestandEvent) {
        use LagerbestandEvent as E;
        let (schluessel, delta) = match lagerbestand {
            E::Reserviert {
                id,
                artikel_id,
                lager_id,
                menge,
                ..
            } => ((*artikel_id, *lager_id, *id), *menge),
            E::ReservierungGeaendert {
                id,
                artikel_id,
                lager_id,
                vorher,
                menge,
            } => ((*artikel_id, *lager_id, *id), *menge - *vorher),
            E::ReservierungAufgehoben {
                id,
                artikel_id,
                lager_id,
                menge,
                ..
            } => ((*artikel_id, *lager_id, *id), -*menge),
            _ => match bewegung(lagerbestand) {
                Some(bewegung) => match &bewegung.reservierung {
                    Some(verbrauch) => ((bewegung.artikel_id, bewegung.lager_id, verbrauch.id), -verbrauch.menge),
                    None => return,
                },
                None => return,
            },
        };
        self.reservierungen.push(event, schluessel, delta);
    }
}

/// The move that an event is.
fn bewegung(event: &LagerbestandEvent) -> Option<&Bewegung> {
    use LagerbestandEvent as E;
    match event {
        E::Zugegangen(bewegung)
        | E::Abgegangen(bewegung)
        | E::Umgebucht(bewegung)
        | E::Leergemeldet(bewegung)
        | E::MehrmengeGebucht(bewegung)
        | E::BewegungStorniert(bewegung) => Some(bewegung),
        E::Eroeffnet { .. }
        | E::Reserviert { .. }
        | E::ReservierungGeaendert { .. }
        | E::ReservierungAufgehoben { .. } => None,
    }
}

async fn letzte_nummer(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    jahr: i32,
    table: &str,
) -> Result<i64, sqlx::Error> {
    let sql = format!("SELECT max(journal_nr) FROM {table} WHERE mandant_id = $1 AND jahr = $2");
    let letzte: Option<i64> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(jahr)
        .fetch_one(connection)
        .await?;
    Ok(letzte.unwrap_or(0))
}

impl EventLedger for Lagerbewegung {
    const NAME: &'static str = "lagerbewegung";
    const TABLES: &'static [&'static str] = &[BEWEGUNGEN, RESERVIERUNGEN];
    const SOURCES: &'static [&'static str] = &[Lagerbestand::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let bewegungen = &target(BEWEGUNGEN);
        let mut nummern: BTreeMap<i32, i64> = BTreeMap::new();
        let mut seite = Seite::default();
        for event in events {
            let lagerbestand = event.von::<Lagerbestand>()?;
            seite.reservierung(event, lagerbestand);
            let Some(bewegung) = bewegung(lagerbestand) else {
                continue;
            };
            // The rank goes on from the last one; the checkpoint's row lock keeps others out.
            let jahr = bewegung.buchungsdatum.year();
            let nummer = match nummern.entry(jahr) {
                Entry::Occupied(nummer) => nummer.into_mut(),
                Entry::Vacant(neu) => neu.insert(letzte_nummer(connection, mandant_id, jahr, bewegungen).await?),
            };
            *nummer += 1;
            seite.bewegungen.push(event, bewegung, *nummer);
        }
        seite.bewegungen.insert(connection, mandant_id, bewegungen).await?;
        seite
            .reservierungen
            .insert(connection, mandant_id, &target(RESERVIERUNGEN))
            .await?;
        Ok(())
    }
}
