//! A goods receipt changes its orders and the stock in the same unit of work (spec/README section 5, wawi 4).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    Aggregate,
    policy::{Consequence, PolicyContext},
    types::{BelegRef, Dezimal, Menge, Text},
    wawi::{
        Bestellung, Lagerbestand, Wareneingang,
        belegposition::PositionsMenge,
        bestellung::BestellungCommand,
        lagerbestand::{Bewegungsart, LagerbestandCommand, ZugangEingabe},
        wareneingang::{WareneingangEvent, Zugangsdaten},
    },
};

/// Wareneingang.Gebucht → Bestellung.WareneingangErfassen per order, Lagerbestand.ZugangBuchen per line; Storniert →
/// the same taken back.
pub(super) fn react(event: &WareneingangEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        WareneingangEvent::Gebucht {
            we_nr,
            buchungsdatum,
            lager_id,
            positionen,
            ..
        } => {
            let zugaenge = bestandsgefuehrt(positionen).map(|position| {
                let command = LagerbestandCommand::ZugangBuchen(ZugangEingabe {
                    artikel_id: position.artikel_id,
                    lager_id: *lager_id,
                    platz: position.platz.as_deref().map(Text::cut),
                    menge: Dezimal(position.basismenge.as_decimal()),
                    bewegungsart: Bewegungsart::Wareneingang,
                    beleg: BelegRef {
                        typ: Text::cut(Wareneingang::TYPE),
                        id: ctx.id,
                        nummer: Some(Text::cut(we_nr)),
                        position: Some(position.we_position_id),
                    },
                    buchungsdatum: Some(*buchungsdatum),
                    bewegt_um: None,
                });
                bestand(position, *lager_id, &command, ctx)
            });
            bestellungen(positionen, *buchungsdatum, false, ctx)
                .into_iter()
                .chain(zugaenge)
                .collect()
        }
        WareneingangEvent::Storniert {
            grund,
            buchungsdatum,
            lager_id,
            positionen,
            ..
        } => {
            let stornos = bestandsgefuehrt(positionen).map(|position| {
                let command = LagerbestandCommand::BewegungStornieren {
                    bewegung_id: position.we_position_id,
                    grund: Text::cut(grund),
                    buchungsdatum: Some(*buchungsdatum),
                };
                bestand(position, *lager_id, &command, ctx)
            });
            bestellungen(positionen, *buchungsdatum, true, ctx)
                .into_iter()
                .chain(stornos)
                .collect()
        }
        _ => Vec::new(),
    }
}

fn bestandsgefuehrt(positionen: &[Zugangsdaten]) -> impl Iterator<Item = &Zugangsdaten> {
    positionen.iter().filter(|p| p.lagergefuehrt)
}

fn bestand(position: &Zugangsdaten, lager_id: Uuid, command: &LagerbestandCommand, ctx: &PolicyContext) -> Consequence {
    let id = Lagerbestand::stream_id(ctx.mandant_id, position.artikel_id, lager_id);
    Consequence::command::<Lagerbestand>(id, command)
}

/// One command per order, in which each of its positions stands once.
fn bestellungen(
    positionen: &[Zugangsdaten],
    buchungsdatum: NaiveDate,
    zurueck: bool,
    ctx: &PolicyContext,
) -> Vec<Consequence> {
    let mut je_bestellung: BTreeMap<Uuid, BTreeMap<Uuid, Menge>> = BTreeMap::new();
    for zugang in positionen {
        let (Some(bestellung_id), Some(position_id), Some(menge)) =
            (zugang.bestellung_id, zugang.position_id, zugang.bestellmenge)
        else {
            continue;
        };
        let menge = if zurueck { -menge } else { menge };
        let mengen = je_bestellung.entry(bestellung_id).or_default();
        *mengen.entry(position_id).or_default() += menge;
    }
    let command = |mengen: BTreeMap<Uuid, Menge>| BestellungCommand::WareneingangErfassen {
        wareneingang_id: ctx.id,
        buchungsdatum,
        positionen: mengen
            .into_iter()
            .map(|(position_id, menge)| PositionsMenge { position_id, menge })
            .collect(),
    };
    je_bestellung
        .into_iter()
        .map(|(id, mengen)| Consequence::command::<Bestellung>(id, &command(mengen)))
        .collect()
}
