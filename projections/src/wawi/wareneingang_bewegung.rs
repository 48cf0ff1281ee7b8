//! The ledger `wareneingang_bewegung`: `wawi.wareneingang_bewegung`, what came line by line, what of it was reversed and
//! what was invoiced; append-only, in log order.

use aggregates::{
    types::{Betrag, Menge},
    wawi::{
        Wareneingang, lieferant,
        wareneingang::{WareneingangEvent, Zugangsdaten},
    },
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    aenderungsbuch::{Aenderungen, Aenderungsbuch},
    ledger::Fact,
};

pub(crate) const FACTS: &[Fact] = &[Fact {
    name: lieferant::FACT_WARENEINGAENGE,
    ledger: "wareneingang_bewegung",
    sql: "SELECT to_jsonb(count(*)) FROM wawi.wareneingang w WHERE w.mandant_id = $1 AND w.lieferant_id = $2::uuid \
          AND EXISTS (SELECT FROM wawi.wareneingang_bewegung b WHERE b.mandant_id = $1 AND b.wareneingang_id = w.id \
            GROUP BY b.we_position_id HAVING sum(CASE WHEN b.art = 'berechnet' THEN -b.menge ELSE b.menge END) > 0)",
}];

/// The movements of goods receipts.
pub struct WareneingangBewegung;

/// What happened to a line.
#[derive(Serialize)]
pub struct Aenderung {
    we_position_id: Uuid,
    art: &'static str,
    menge: Menge,
    netto: Betrag,
}

fn zeile(we_position_id: Uuid, art: &'static str, menge: Menge, netto: Betrag) -> Aenderung {
    Aenderung {
        we_position_id,
        art,
        menge,
        netto,
    }
}

fn zugang(p: &Zugangsdaten) -> Aenderung {
    zeile(p.we_position_id, "zugang", p.menge, p.netto)
}

fn storno(p: &Zugangsdaten) -> Aenderung {
    zeile(p.we_position_id, "storno", -p.menge, -p.netto)
}

impl Aenderungsbuch for WareneingangBewegung {
    type Beleg = Wareneingang;
    type Aenderung = Aenderung;

    const NAME: &'static str = "wareneingang_bewegung";
    const TABLE: &'static str = "wawi.wareneingang_bewegung";

    fn aenderungen(event: &WareneingangEvent) -> Aenderungen<Aenderung> {
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
                let berechnet = alle.map(|p| zeile(p.we_position_id, "berechnet", p.menge, Betrag::NULL));
                (berechnet.collect(), *buchungsdatum)
            }
            Ev::Angelegt { .. } | Ev::PositionErfasst { .. } | Ev::PositionEntfernt { .. } => (Vec::new(), None),
        }
    }
}
