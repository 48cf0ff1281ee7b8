//! The ledger `wareneingang_bewegung`: `wawi.wareneingang_bewegung`, what came line by line, what of it was reversed and
//! what was invoiced; append-only, in log order.

use aggregates::{
    Aggregate,
    types::{Betrag, Menge, kalender},
    wawi::{
        Wareneingang, lieferant,
        wareneingang::{WareneingangEvent, Zugangsdaten},
    },
};
use chrono::NaiveDate;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, Fact, append},
};

const TABLE: &str = "wawi.wareneingang_bewegung";

pub(crate) const FACTS: &[Fact] = &[Fact {
    name: lieferant::FACT_WARENEINGAENGE,
    ledger: "wareneingang_bewegung",
    sql: "SELECT to_jsonb(count(DISTINCT b.wareneingang_id)) FROM ( \
            SELECT wareneingang_id, sum(CASE WHEN art = 'berechnet' THEN -menge ELSE menge END) AS offen \
            FROM wawi.wareneingang_bewegung WHERE mandant_id = $1 GROUP BY wareneingang_id, we_position_id) AS b \
          JOIN wawi.wareneingang w ON w.mandant_id = $1 AND w.id = b.wareneingang_id \
          WHERE b.offen > 0 AND w.lieferant_id = $2::uuid",
}];

/// The movements of goods receipts.
pub struct WareneingangBewegung;

/// A row: the columns of the table.
#[derive(Serialize)]
struct Zeile {
    mandant_id: Uuid,
    log_position: i64,
    lfd: usize,
    wareneingang_id: Uuid,
    we_position_id: Uuid,
    art: &'static str,
    menge: Menge,
    netto: Betrag,
    tag: NaiveDate,
}

/// Line, kind, quantity, value.
type Aenderung = (Uuid, &'static str, Menge, Betrag);

fn zugang(p: &Zugangsdaten) -> Aenderung {
    (p.we_position_id, "zugang", p.menge, p.netto)
}

fn storno(p: &Zugangsdaten) -> Aenderung {
    (p.we_position_id, "storno", -p.menge, -p.netto)
}

/// What an event changes, and its business day if it has one of its own.
fn aenderungen(event: &WareneingangEvent) -> (Vec<Aenderung>, Option<NaiveDate>) {
    use WareneingangEvent as Ev;
    match event {
        Ev::Gebucht {
            buchungsdatum,
            positionen,
            ..
        } => (positionen.iter().map(zugang).collect(), Some(*buchungsdatum)),
        Ev::Storniert {
            buchungsdatum,
            positionen,
            ..
        } => (positionen.iter().map(storno).collect(), Some(*buchungsdatum)),
        Ev::BerechnungErfasst {
            buchungsdatum,
            positionen,
            ..
        } => {
            let alle = positionen.iter();
            let berechnet = alle.map(|p| (p.we_position_id, "berechnet", p.menge, Betrag::NULL));
            (berechnet.collect(), *buchungsdatum)
        }
        Ev::Angelegt { .. } | Ev::PositionErfasst { .. } | Ev::PositionEntfernt { .. } => (Vec::new(), None),
    }
}

impl EventLedger for WareneingangBewegung {
    const NAME: &'static str = "wareneingang_bewegung";
    const TABLES: &'static [&'static str] = &[TABLE];
    const SOURCES: &'static [&'static str] = &[Wareneingang::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let mut zeilen = Vec::new();
        for event in events {
            let (aenderungen, tag) = aenderungen(event.von::<Wareneingang>()?);
            let tag = tag.unwrap_or(kalender::tag(event.recorded_at));
            let zeile = |(lfd, (we_position_id, art, menge, netto))| Zeile {
                mandant_id,
                log_position: event.position,
                lfd,
                wareneingang_id: event.aggregate_id,
                we_position_id,
                art,
                menge,
                netto,
                tag,
            };
            zeilen.extend(aenderungen.into_iter().enumerate().map(zeile));
        }
        append(connection, TABLE, &target(TABLE), &zeilen).await
    }
}
