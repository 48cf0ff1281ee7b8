//! What a comparison says goes to the document, the receipts and the orders in the same unit of work (spec/README section
//! 5, rows 28 and 29).

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    fibu::{Eingangsrechnung, eingangsrechnung::EingangsrechnungCommand},
    policy::{Consequence, PolicyContext},
    types::Text,
    wawi::{
        Bestellung, Wareneingang,
        bestellung::{BestellungCommand, PositionsMenge},
        rechnungspruefung::{Berechnung, RechnungspruefungEvent},
        wareneingang::{WareneingangCommand, ZugangsMenge},
    },
};

/// Rechnungspruefung.Abgelehnt → Eingangsrechnung.Ablehnen; Verbucht, Zurueckgenommen → Wareneingang.BerechnungErfassen,
/// Bestellung.BerechnungErfassen, one of each per stream.
pub(super) fn react(event: &RechnungspruefungEvent, _ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        RechnungspruefungEvent::Abgelehnt {
            eingangsrechnung_id,
            grund,
        } => {
            let command = EingangsrechnungCommand::Ablehnen {
                grund: Text::cut(grund),
            };
            vec![Consequence::command::<Eingangsrechnung>(*eingangsrechnung_id, &command)]
        }
        RechnungspruefungEvent::Verbucht {
            eingangsrechnung_id,
            buchungsdatum,
            berechnungen,
        }
        | RechnungspruefungEvent::Zurueckgenommen {
            eingangsrechnung_id,
            datum: buchungsdatum,
            berechnungen,
        } => berechnet(*eingangsrechnung_id, *buchungsdatum, berechnungen),
        _ => Vec::new(),
    }
}

fn berechnet(eingangsrechnung_id: Uuid, buchungsdatum: NaiveDate, berechnungen: &[Berechnung]) -> Vec<Consequence> {
    let zugaenge = je_strom(berechnungen.iter().map(|b| {
        let menge = ZugangsMenge {
            we_position_id: b.wareneingang.we_position_id,
            menge: b.menge,
        };
        (b.wareneingang.wareneingang_id, menge)
    }));
    let bestellt = je_strom(berechnungen.iter().filter_map(|b| b.bestellung.as_ref()).map(|b| {
        let menge = PositionsMenge {
            position_id: b.position_id,
            menge: b.menge,
        };
        (b.bestellung_id, menge)
    }));
    let zugaenge = zugaenge.into_iter().map(|(id, positionen)| {
        let command = WareneingangCommand::BerechnungErfassen {
            eingangsrechnung_id,
            buchungsdatum,
            positionen,
        };
        Consequence::command::<Wareneingang>(id, &command)
    });
    let bestellungen = bestellt.into_iter().map(|(id, positionen)| {
        let command = BestellungCommand::BerechnungErfassen {
            eingangsrechnung_id,
            buchungsdatum,
            positionen,
        };
        Consequence::command::<Bestellung>(id, &command)
    });
    zugaenge.chain(bestellungen).collect()
}

/// Quantities by their stream, in the order of the document.
fn je_strom<T>(mengen: impl Iterator<Item = (Uuid, T)>) -> Vec<(Uuid, Vec<T>)> {
    let mut stroeme: Vec<(Uuid, Vec<T>)> = Vec::new();
    for (id, menge) in mengen {
        match stroeme.iter_mut().find(|(strom, _)| *strom == id) {
            Some((_, liste)) => liste.push(menge),
            None => stroeme.push((id, vec![menge])),
        }
    }
    stroeme
}
