//! The ledger `op_bewegung`: every move of an open item, append-only (fibu 9). The rows with a date up to the Stichtag
//! and a position up to `bekannt_am` give any open-item list as of then and as known then.

use aggregates::{
    Aggregate,
    fibu::{
        OffenerPosten,
        offener_posten::{OffenerPostenEvent, OpBewegung as Bewegung, OpEroeffnung},
    },
};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, Fact},
};

const TABLE: &str = "fibu.op_bewegung";

/// Facts that rare decisions ask for.
pub(crate) const FACTS: &[Fact] = &[Fact {
    name: "personenkonto_offene_posten",
    ledger: "op_bewegung",
    sql: "SELECT to_jsonb(count(*)) FROM (SELECT 1 FROM fibu.op_bewegung b WHERE b.mandant_id = $1 AND b.personenkonto = $2 \
          GROUP BY b.op_id HAVING sum(b.betrag) <> 0) AS offen",
}];

/// The moves of open items.
pub struct OpBewegung;

/// Columns of a page, ready for `unnest`. What only the opening knows is empty in the other rows.
#[derive(Default)]
struct Rows {
    log_position: Vec<i64>,
    op_id: Vec<Uuid>,
    erfasst_am: Vec<DateTime<Utc>>,
    art: Vec<&'static str>,
    personenkonto: Vec<String>,
    datum: Vec<Option<NaiveDate>>,
    betrag: Vec<String>,
    skonto: Vec<Option<String>>,
    ausgleich_id: Vec<Option<Uuid>>,
    faellig: Vec<Option<NaiveDate>>,
    konto: Vec<Option<String>>,
    posten: Vec<Option<&'static str>>,
    belegnummer: Vec<Option<String>>,
    beleg: Vec<Option<String>>,
    belegdatum: Vec<Option<NaiveDate>>,
    text: Vec<Option<String>>,
    buchung_id: Vec<Option<Uuid>>,
}

impl Rows {
    fn eroeffnung(&mut self, event: &LogEvent, posten: &OpEroeffnung) {
        self.gemeinsam(event, "eroeffnung", &posten.personenkonto, Some(posten.buchungsdatum));
        self.betrag.push(posten.betrag.to_string());
        self.skonto.push(None);
        self.ausgleich_id.push(None);
        self.faellig.push(Some(posten.faellig));
        self.konto.push(Some(posten.konto.clone()));
        self.posten.push(Some(posten.art.into()));
        self.belegnummer.push(Some(posten.belegnummer.clone()));
        self.beleg.push(posten.beleg.clone());
        self.belegdatum.push(Some(posten.belegdatum));
        self.text.push(Some(posten.text.clone()));
        self.buchung_id.push(Some(posten.buchung_id));
    }

    fn ausgleich(&mut self, event: &LogEvent, art: &'static str, bewegung: &Bewegung) {
        // A settlement takes from what is open, its cancellation gives back.
        let takes = art == "ausgleich";
        let signed = |betrag: aggregates::types::Betrag| if takes { -betrag } else { betrag };
        self.gemeinsam(event, art, &bewegung.personenkonto, Some(bewegung.datum));
        self.betrag.push(signed(bewegung.betrag).to_string());
        self.skonto.push(bewegung.skonto.map(|s| signed(s).to_string()));
        self.ausgleich_id.push(Some(bewegung.ausgleich_id));
        self.faellig.push(None);
        self.ohne_beleg();
    }

    fn faelligkeit(&mut self, event: &LogEvent, personenkonto: &str, faellig: NaiveDate) {
        self.gemeinsam(event, "faelligkeit", personenkonto, None);
        self.betrag.push("0.00".to_owned());
        self.skonto.push(None);
        self.ausgleich_id.push(None);
        self.faellig.push(Some(faellig));
        self.ohne_beleg();
    }

    fn gemeinsam(&mut self, event: &LogEvent, art: &'static str, personenkonto: &str, datum: Option<NaiveDate>) {
        self.log_position.push(event.position);
        self.op_id.push(event.aggregate_id);
        self.erfasst_am.push(event.recorded_at);
        self.art.push(art);
        self.personenkonto.push(personenkonto.to_owned());
        self.datum.push(datum);
    }

    fn ohne_beleg(&mut self) {
        self.konto.push(None);
        self.posten.push(None);
        self.belegnummer.push(None);
        self.beleg.push(None);
        self.belegdatum.push(None);
        self.text.push(None);
        self.buchung_id.push(None);
    }
}

impl EventLedger for OpBewegung {
    const NAME: &'static str = "op_bewegung";
    const TABLES: &'static [&'static str] = &[TABLE];
    const SOURCES: &'static [&'static str] = &[OffenerPosten::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let mut rows = Rows::default();
        for event in events {
            match event.von::<OffenerPosten>()? {
                OffenerPostenEvent::Eroeffnet { posten, .. } => rows.eroeffnung(event, posten),
                OffenerPostenEvent::AusgleichAngewandt(bewegung) => rows.ausgleich(event, "ausgleich", bewegung),
                OffenerPostenEvent::AusgleichZurueckgenommen(bewegung) => rows.ausgleich(event, "ruecknahme", bewegung),
                OffenerPostenEvent::FaelligkeitGeaendert {
                    personenkonto, faellig, ..
                } => rows.faelligkeit(event, personenkonto, *faellig),
                // Dunning is no move of money.
                OffenerPostenEvent::MahnsperreGesetzt { .. }
                | OffenerPostenEvent::MahnsperreAufgehoben {}
                | OffenerPostenEvent::StrittigGemeldet { .. } => {}
            }
        }
        insert(connection, mandant_id, rows, &target(TABLE)).await
    }
}

async fn insert(connection: &mut PgConnection, mandant_id: Uuid, rows: Rows, table: &str) -> Result<(), LedgerError> {
    let sql = format!(
        "INSERT INTO {table} (mandant_id, log_position, op_id, erfasst_am, art, personenkonto, datum, betrag, skonto, \
            ausgleich_id, faellig, konto, posten, belegnummer, beleg, belegdatum, text, buchung_id) \
         SELECT $1, a, b, c, d, e, f, g::numeric, h::numeric, i, j, k, l, m, n, o, p, q \
         FROM unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::date[], $8::text[], \
            $9::text[], $10::uuid[], $11::date[], $12::text[], $13::text[], $14::text[], $15::text[], $16::date[], \
            $17::text[], $18::uuid[]) AS neu(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(rows.log_position)
        .bind(rows.op_id)
        .bind(rows.erfasst_am)
        .bind(rows.art)
        .bind(rows.personenkonto)
        .bind(rows.datum)
        .bind(rows.betrag)
        .bind(rows.skonto)
        .bind(rows.ausgleich_id)
        .bind(rows.faellig)
        .bind(rows.konto)
        .bind(rows.posten)
        .bind(rows.belegnummer)
        .bind(rows.beleg)
        .bind(rows.belegdatum)
        .bind(rows.text)
        .bind(rows.buchung_id)
        .execute(connection)
        .await?;
    Ok(())
}
