//! The ledger `bestell_bewegung`: `wawi.bestell_bewegung`, what orders say and what came of it; append-only, in log order.
//! The last of `bestellt`, `geaendert` and `bestaetigt` says what a position is, part by part; all other rows are added up.

use aggregates::{
    types::{Betrag, Menge},
    wawi::{
        Bestellung, artikel,
        bestellung::{BestellungEvent, Liefereinteilung, PositionsMenge},
        lieferant,
    },
};
use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    aenderungsbuch::{Aenderungen, Aenderungsbuch},
    ledger::Fact,
};

/// The state tables are written with the log, so at its head they say what the ledger's sums would.
pub(crate) const FACTS: &[Fact] = &[
    Fact {
        name: lieferant::FACT_BESTELLUNGEN,
        ledger: "bestell_bewegung",
        sql: "SELECT to_jsonb(count(*)) FROM wawi.bestellung WHERE mandant_id = $1 AND lieferant_id = $2::uuid \
                AND status NOT IN ('entwurf', 'abgeschlossen', 'storniert')",
    },
    Fact {
        name: artikel::FACT_BESTELLT,
        ledger: "bestell_bewegung",
        sql: "SELECT to_jsonb(count(*)) FROM wawi.bestell_position p \
              JOIN wawi.bestellung b ON b.mandant_id = $1 AND b.id = p.bestellung_id \
              WHERE p.mandant_id = $1 AND p.artikel_id = $2::uuid AND p.status IN ('offen', 'teil_geliefert') \
                AND b.status NOT IN ('entwurf', 'abgeschlossen', 'storniert')",
    },
];

/// The movements of purchase orders.
pub struct BestellBewegung;

/// What an event says of a position, or of the whole order.
#[derive(Serialize)]
pub struct Aenderung {
    position_id: Option<Uuid>,
    teil: i32,
    art: &'static str,
    menge: Menge,
    netto: Betrag,
    termin: Option<NaiveDate>,
    bestaetigt_termin: Option<NaiveDate>,
}

impl Aenderung {
    /// So much of a position.
    fn menge(position_id: Uuid, art: &'static str, menge: Menge) -> Self {
        Self {
            position_id: Some(position_id),
            teil: 0,
            art,
            menge,
            netto: Betrag::NULL,
            termin: None,
            bestaetigt_termin: None,
        }
    }

    /// The whole order.
    fn bestellung(art: &'static str) -> Self {
        Self {
            position_id: None,
            ..Self::menge(Uuid::nil(), art, Menge::NULL)
        }
    }
}

/// A position as it stands, part by part; the parts bear their shares of its value.
fn teile(position_id: Uuid, art: &'static str, netto: Betrag, teile: &[Liefereinteilung]) -> Vec<Aenderung> {
    let mengen: Vec<Menge> = teile.iter().map(|teil| teil.menge).collect();
    let anteile = netto.nach_mengen(&mengen);
    let zeile = |(teil, netto): (&Liefereinteilung, Betrag)| Aenderung {
        teil: teil.nr,
        netto,
        termin: teil.termin,
        bestaetigt_termin: teil.bestaetigt_termin,
        ..Aenderung::menge(position_id, art, teil.menge)
    };
    teile.iter().zip(anteile).map(zeile).collect()
}

fn mengen(positionen: &[PositionsMenge], art: &'static str) -> Vec<Aenderung> {
    let zeile = |p: &PositionsMenge| Aenderung::menge(p.position_id, art, p.menge);
    positionen.iter().map(zeile).collect()
}

impl Aenderungsbuch for BestellBewegung {
    type Beleg = Bestellung;
    type Aenderung = Aenderung;

    const NAME: &'static str = "bestell_bewegung";
    const TABLE: &'static str = "wawi.bestell_bewegung";

    fn aenderungen(event: &BestellungEvent) -> Aenderungen<Aenderung> {
        use BestellungEvent as Ev;
        match event {
            Ev::Bestellt {
                bestellt_am,
                positionen,
                ..
            } => {
                let alle = positionen.iter();
                let bestellt = alle.flat_map(|p| teile(p.position_id, "bestellt", p.netto, &p.einteilungen));
                (bestellt.collect(), *bestellt_am)
            }
            Ev::PositionGeaendert {
                position_id,
                netto,
                einteilungen,
                entfallen,
                ..
            } => {
                let mut zeilen = teile(*position_id, "geaendert", *netto, einteilungen);
                zeilen.extend(entfallen.map(|menge| Aenderung::menge(*position_id, "entfallen", menge)));
                (zeilen, None)
            }
            Ev::Bestaetigt { positionen } => {
                let alle = positionen.iter();
                let bestaetigt = alle.flat_map(|p| teile(p.position_id, "bestaetigt", p.netto, &p.einteilungen));
                (bestaetigt.collect(), None)
            }
            Ev::RestStorniert { position_id, rest, .. } => {
                (vec![Aenderung::menge(*position_id, "entfallen", *rest)], None)
            }
            Ev::PositionWiedergeoeffnet { position_id, rest } => {
                let wieder = rest.map(|rest| Aenderung::menge(*position_id, "entfallen", -rest));
                (wieder.into_iter().collect(), None)
            }
            Ev::WareneingangErfasst {
                buchungsdatum,
                positionen,
                entfallen,
                ..
            } => {
                let mut zeilen = mengen(positionen, "geliefert");
                zeilen.extend(mengen(entfallen, "entfallen"));
                (zeilen, *buchungsdatum)
            }
            Ev::BerechnungErfasst {
                buchungsdatum,
                positionen,
                ..
            } => (mengen(positionen, "berechnet"), *buchungsdatum),
            Ev::Storniert { .. } => (vec![Aenderung::bestellung("storniert")], None),
            Ev::Angelegt { .. }
            | Ev::PositionHinzugefuegt { .. }
            | Ev::PositionEntfernt { .. }
            | Ev::NebenkostenGesetzt { .. }
            | Ev::NebenkostenEntfernt { .. }
            | Ev::ZurFreigabeGegeben { .. }
            | Ev::StufeFreigegeben { .. }
            | Ev::Freigegeben { .. }
            | Ev::Abgelehnt { .. }
            | Ev::Abgeschlossen {} => (Vec::new(), None),
        }
    }
}
