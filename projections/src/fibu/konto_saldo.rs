//! The ledger `konto_saldo`: Verkehrszahlen per account, Geschäftsjahr and period, of Sachkonten and Personenkonten.
//! A page is reduced in memory, so that each account is touched once.

use std::collections::BTreeMap;

use aggregates::{
    Aggregate,
    fibu::{Buchung, buchung::BuchungEvent},
    types::Betrag,
};
use chrono::NaiveDate;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::journal::sides;
use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, Fact},
};

const TABLE: &str = "fibu.konto_saldo";

/// The rows that make a balance today. A year whose opening balance is posted contains the years before it; without any
/// opening balance all years count.
macro_rules! ab_letzter_eroeffnung {
    () => {
        "k.geschaeftsjahr_beginn >= coalesce((SELECT max(e.geschaeftsjahr_beginn) FROM fibu.konto_saldo e \
         WHERE e.mandant_id = $1 AND e.periode = 0), '-infinity')"
    };
}

/// The balance of an account today.
macro_rules! saldo {
    ($art:literal) => {
        concat!(
            "SELECT to_jsonb(coalesce(sum(k.soll - k.haben), 0.00)::numeric(20,2)::text) FROM fibu.konto_saldo k \
             WHERE k.mandant_id = $1 AND k.art = '",
            $art,
            "' AND k.konto = $2 AND ",
            ab_letzter_eroeffnung!()
        )
    };
}

/// Facts that rare decisions ask for (design.md section 4).
pub(crate) const FACTS: &[Fact] = &[
    Fact {
        name: "konto_saldo",
        ledger: "konto_saldo",
        sql: saldo!("sach"),
    },
    Fact {
        name: "personenkonto_saldo",
        ledger: "konto_saldo",
        sql: saldo!("personen"),
    },
    // The first Personenkonto whose balance is not the sum of its open items. State tables are always at the head.
    Fact {
        name: "op_abweichung",
        ledger: "konto_saldo",
        sql: concat!(
            "SELECT jsonb_build_object('konto', a.konto, 'saldo', a.saldo::numeric(17,2)::text, \
                'posten', a.posten::numeric(17,2)::text) FROM ( \
                SELECT konto, sum(saldo) AS saldo, sum(posten) AS posten FROM ( \
                    SELECT k.konto, k.soll - k.haben AS saldo, 0 AS posten FROM fibu.konto_saldo k \
                    WHERE k.mandant_id = $1 AND k.art = $2 AND ",
            ab_letzter_eroeffnung!(),
            " UNION ALL SELECT o.personenkonto, 0, o.rest FROM fibu.offener_posten o \
                    WHERE o.mandant_id = $1 AND o.rest <> 0) z \
                GROUP BY konto HAVING sum(saldo) <> sum(posten) ORDER BY konto LIMIT 1) a"
        ),
    },
    Fact {
        name: "konto_letzte_buchung",
        ledger: "konto_saldo",
        sql: "SELECT to_jsonb(max(k.letztes_steuerdatum)) FROM fibu.konto_saldo k \
              WHERE k.mandant_id = $1 AND k.art = 'sach' AND k.konto = $2",
    },
    // Key: first day of the Geschäftsjahr, `/`, number of the period.
    Fact {
        name: "periode_umfang",
        ledger: "journal",
        sql: "SELECT jsonb_build_object('anzahl', count(DISTINCT j.buchung_id), \
                'soll', coalesce(sum(j.soll), 0.00)::numeric(17,2)::text, \
                'haben', coalesce(sum(j.haben), 0.00)::numeric(17,2)::text) FROM fibu.journalzeile j \
              WHERE j.mandant_id = $1 AND j.geschaeftsjahr_beginn = split_part($2, '/', 1)::date \
                AND j.periode = split_part($2, '/', 2)::smallint",
    },
    // Accounts in use whose rule of today, or of a day to come, has the key fixed. State tables are always at the head.
    // Key: the business date, `/`, the tax key.
    Fact {
        name: "schluessel_automatikkonten",
        ledger: "journal",
        sql: "SELECT jsonb_agg(DISTINCT k.konto_nr ORDER BY k.konto_nr) FROM fibu.konto k \
              JOIN fibu.konto_steuerregel r ON r.mandant_id = k.mandant_id AND r.konto_id = k.id \
              WHERE k.mandant_id = $1 AND k.status <> 'stillgelegt' AND r.fester_schluessel = substr($2, 12) \
                AND NOT EXISTS (SELECT FROM fibu.konto_steuerregel n WHERE n.mandant_id = r.mandant_id \
                    AND n.konto_id = r.konto_id AND n.gueltig_ab > r.gueltig_ab AND n.gueltig_ab <= left($2, 10)::date)",
    },
    Fact {
        name: "schluessel_letzte_buchung",
        ledger: "journal",
        sql: "SELECT to_jsonb(max(j.steuerdatum)) FROM fibu.journalzeile j WHERE j.mandant_id = $1 AND j.schluessel = $2",
    },
];

/// The balances.
pub struct KontoSaldo;

/// Key of a row.
type Key = (&'static str, String, NaiveDate, i16);

/// What a page adds to a row.
#[derive(Default)]
struct Sum {
    soll: Betrag,
    haben: Betrag,
    letztes_steuerdatum: NaiveDate,
}

impl EventLedger for KontoSaldo {
    const NAME: &'static str = "konto_saldo";
    const TABLES: &'static [&'static str] = &[TABLE];
    const SOURCES: &'static [&'static str] = &[Buchung::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let table = &target(TABLE);
        let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
        for event in events {
            let BuchungEvent::Erfasst {
                geschaeftsjahr_beginn,
                periode,
                steuerdatum,
                positionen,
                ..
            } = event.von::<Buchung>()?
            else {
                continue;
            };
            for position in positionen {
                let (soll, haben) = sides(position);
                let accounts = [
                    Some(("sach", &position.konto)),
                    position.personenkonto.as_ref().map(|nr| ("personen", nr)),
                ];
                for (art, konto) in accounts.into_iter().flatten() {
                    let key = (art, konto.clone(), *geschaeftsjahr_beginn, i16::from(*periode));
                    let sum = sums.entry(key).or_default();
                    sum.soll += soll;
                    sum.haben += haben;
                    sum.letztes_steuerdatum = sum.letztes_steuerdatum.max(*steuerdatum);
                }
            }
        }
        upsert(connection, mandant_id, sums, table).await
    }
}

async fn upsert(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    sums: BTreeMap<Key, Sum>,
    table: &str,
) -> Result<(), LedgerError> {
    let sql = format!(
        "INSERT INTO {table} AS k (mandant_id, art, konto, geschaeftsjahr_beginn, periode, soll, haben, letztes_steuerdatum) \
         SELECT $1, a, b, c, d, e::numeric, f::numeric, g \
         FROM unnest($2::text[], $3::text[], $4::date[], $5::smallint[], $6::text[], $7::text[], $8::date[]) \
            AS neu(a, b, c, d, e, f, g) \
         ON CONFLICT (mandant_id, art, konto, geschaeftsjahr_beginn, periode) DO UPDATE SET \
            soll = k.soll + EXCLUDED.soll, haben = k.haben + EXCLUDED.haben, \
            letztes_steuerdatum = greatest(k.letztes_steuerdatum, EXCLUDED.letztes_steuerdatum)"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(sums.keys().map(|k| k.0).collect::<Vec<_>>())
        .bind(sums.keys().map(|k| k.1.as_str()).collect::<Vec<_>>())
        .bind(sums.keys().map(|k| k.2).collect::<Vec<_>>())
        .bind(sums.keys().map(|k| k.3).collect::<Vec<_>>())
        .bind(sums.values().map(|s| s.soll.to_string()).collect::<Vec<_>>())
        .bind(sums.values().map(|s| s.haben.to_string()).collect::<Vec<_>>())
        .bind(sums.values().map(|s| s.letztes_steuerdatum).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
