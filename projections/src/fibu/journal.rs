//! The ledger `journal`: `fibu.journalzeile`, one row per position of a Buchung, in log order.

use std::collections::BTreeMap;

use aggregates::{
    Aggregate,
    fibu::{
        Buchung,
        buchung::{BuchungEvent, BuchungsPosition, Seite},
    },
    types::Betrag,
};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{LedgerError, LogEvent, ledger::EventLedger};

const TABLE: &str = "fibu.journalzeile";

/// The Grundbuch.
pub struct Journal;

/// Columns of a page, ready for `unnest`.
#[derive(Default)]
struct Rows {
    log_position: Vec<i64>,
    zeile: Vec<i32>,
    journal_nr: Vec<i64>,
    geschaeftsjahr_id: Vec<Uuid>,
    geschaeftsjahr_beginn: Vec<NaiveDate>,
    periode: Vec<i16>,
    buchung_id: Vec<Uuid>,
    belegnummer: Vec<String>,
    belegkreis: Vec<String>,
    beleg: Vec<Option<String>>,
    belegdatum: Vec<NaiveDate>,
    buchungsdatum: Vec<NaiveDate>,
    steuerdatum: Vec<NaiveDate>,
    erfasst_am: Vec<DateTime<Utc>>,
    erfasser: Vec<String>,
    buchungsart: Vec<String>,
    text: Vec<String>,
    konto: Vec<String>,
    personenkonto: Vec<Option<String>>,
    gegenkonto: Vec<Option<String>>,
    seite: Vec<&'static str>,
    betrag: Vec<String>,
    soll: Vec<String>,
    haben: Vec<String>,
    schluessel: Vec<Option<String>>,
    satz: Vec<Option<String>>,
    steuerrolle: Vec<String>,
    kst: Vec<Option<String>>,
    herkunft_id: Vec<Option<Uuid>>,
}

/// What all rows of a voucher share.
struct Beleg<'a> {
    event: &'a LogEvent,
    erfasst: &'a BuchungEvent,
    journal_nr: i64,
}

impl Rows {
    fn push(&mut self, beleg: &Beleg<'_>, position: &BuchungsPosition) {
        let BuchungEvent::Erfasst {
            belegnummer,
            belegdatum,
            buchungsdatum,
            geschaeftsjahr_id,
            geschaeftsjahr_beginn,
            periode,
            steuerdatum,
            buchungsart,
            text,
            beleg: reference,
            herkunft,
            ..
        } = beleg.erfasst
        else {
            return;
        };
        let (soll, haben) = sides(position);
        self.log_position.push(beleg.event.position);
        self.zeile.push(position.nr);
        self.journal_nr.push(beleg.journal_nr);
        self.geschaeftsjahr_id.push(*geschaeftsjahr_id);
        self.geschaeftsjahr_beginn.push(*geschaeftsjahr_beginn);
        self.periode.push(i16::from(*periode));
        self.buchung_id.push(beleg.event.aggregate_id);
        self.belegnummer.push(belegnummer.text.clone());
        self.belegkreis.push(belegnummer.kreis.clone());
        self.beleg.push(reference.clone());
        self.belegdatum.push(*belegdatum);
        self.buchungsdatum.push(*buchungsdatum);
        self.steuerdatum.push(*steuerdatum);
        self.erfasst_am.push(beleg.event.recorded_at);
        self.erfasser.push(beleg.event.actor.clone());
        self.buchungsart.push(<&'static str>::from(*buchungsart).to_owned());
        self.text.push(position.text.clone().unwrap_or_else(|| text.clone()));
        self.konto.push(position.konto.clone());
        self.personenkonto.push(position.personenkonto.clone());
        self.gegenkonto.push(position.gegenkonto.clone());
        self.seite.push(position.seite.into());
        self.betrag.push(position.betrag.to_string());
        self.soll.push(soll.to_string());
        self.haben.push(haben.to_string());
        self.schluessel.push(position.steuerschluessel.clone());
        self.satz.push(position.steuersatz.map(|s| s.to_string()));
        self.steuerrolle
            .push(<&'static str>::from(position.steuerrolle).to_owned());
        self.kst.push(position.kontierung.iter().find_map(|k| k.kst.clone()));
        self.herkunft_id.push(herkunft.as_ref().map(|h| h.id));
    }
}

/// Amount on the Soll and on the Haben side.
pub(super) fn sides(position: &BuchungsPosition) -> (Betrag, Betrag) {
    match position.seite {
        Seite::Soll => (position.betrag, Betrag::NULL),
        Seite::Haben => (Betrag::NULL, position.betrag),
    }
}

impl EventLedger for Journal {
    const NAME: &'static str = "journal";
    const TABLES: &'static [&'static str] = &[TABLE];
    const SOURCES: &'static [&'static str] = &[Buchung::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let table = &target(TABLE);
        let mut numbers: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        let mut rows = Rows::default();
        for event in events {
            let erfasst @ BuchungEvent::Erfasst {
                geschaeftsjahr_beginn,
                positionen,
                ..
            } = event.von::<Buchung>()?
            else {
                continue;
            };
            // The rank goes on from the last one; the checkpoint's row lock keeps others out.
            if !numbers.contains_key(geschaeftsjahr_beginn) {
                let last = last_number(connection, mandant_id, *geschaeftsjahr_beginn, table).await?;
                numbers.insert(*geschaeftsjahr_beginn, last);
            }
            let number = numbers.entry(*geschaeftsjahr_beginn).or_default();
            *number += 1;
            let beleg = Beleg {
                event,
                erfasst,
                journal_nr: *number,
            };
            for position in positionen {
                rows.push(&beleg, position);
            }
        }
        insert(connection, mandant_id, rows, table).await
    }
}

async fn last_number(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    beginn: NaiveDate,
    table: &str,
) -> Result<i64, sqlx::Error> {
    let sql = format!("SELECT max(journal_nr) FROM {table} WHERE mandant_id = $1 AND geschaeftsjahr_beginn = $2");
    let last: Option<i64> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(beginn)
        .fetch_one(connection)
        .await?;
    Ok(last.unwrap_or(0))
}

async fn insert(connection: &mut PgConnection, mandant_id: Uuid, rows: Rows, table: &str) -> Result<(), LedgerError> {
    if rows.zeile.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO {table} (mandant_id, log_position, zeile, journal_nr, geschaeftsjahr_id, geschaeftsjahr_beginn, \
            periode, buchung_id, belegnummer, belegkreis, beleg, belegdatum, buchungsdatum, steuerdatum, erfasst_am, \
            erfasser, buchungsart, text, konto, personenkonto, gegenkonto, seite, betrag, soll, haben, schluessel, satz, \
            steuerrolle, kst, herkunft_id) \
         SELECT $1, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v::numeric, w::numeric, x::numeric, \
            y, z::numeric, aa, ab, ac \
         FROM unnest($2::bigint[], $3::int[], $4::bigint[], $5::uuid[], $6::date[], $7::smallint[], $8::uuid[], \
            $9::text[], $10::text[], $11::text[], $12::date[], $13::date[], $14::date[], $15::timestamptz[], \
            $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], \
            $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::uuid[]) \
            AS neu(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac)"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(rows.log_position)
        .bind(rows.zeile)
        .bind(rows.journal_nr)
        .bind(rows.geschaeftsjahr_id)
        .bind(rows.geschaeftsjahr_beginn)
        .bind(rows.periode)
        .bind(rows.buchung_id)
        .bind(rows.belegnummer)
        .bind(rows.belegkreis)
        .bind(rows.beleg)
        .bind(rows.belegdatum)
        .bind(rows.buchungsdatum)
        .bind(rows.steuerdatum)
        .bind(rows.erfasst_am)
        .bind(rows.erfasser)
        .bind(rows.buchungsart)
        .bind(rows.text)
        .bind(rows.konto)
        .bind(rows.personenkonto)
        .bind(rows.gegenkonto)
        .bind(rows.seite)
        .bind(rows.betrag)
        .bind(rows.soll)
        .bind(rows.haben)
        .bind(rows.schluessel)
        .bind(rows.satz)
        .bind(rows.steuerrolle)
        .bind(rows.kst)
        .bind(rows.herkunft_id)
        .execute(connection)
        .await?;
    Ok(())
}
