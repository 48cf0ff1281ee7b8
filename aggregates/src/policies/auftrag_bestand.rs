//! What a released order asks of stock and deliveries, and what becomes of it (spec/README section 5, rows 6, 7, 8).

use crate::{
    Aggregate,
    crm::{
        Auftrag,
        auftrag::{AuftragEvent, Freigabeposition, Mengenfolge},
    },
    policy::{Consequence, PolicyContext},
    types::{BelegRef, Dezimal, Menge, Text},
    wawi::{
        Lagerbestand, Versand,
        lagerbestand::{LagerbestandCommand, ReservierenEingabe},
        versand::{PlanEingabe, PlanPosition, VersandCommand},
    },
};

/// Auftrag.Freigegeben → Lagerbestand.Reservieren per position, Versand.Planen; PositionGeaendert, PositionStorniert,
/// Verfallen, Storniert → ReservierungAendern or ReservierungAufheben, Versand.MengeKuerzen; more than before →
/// a further Versand.
pub(super) fn auftrag(event: &AuftragEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        AuftragEvent::Freigegeben {
            kunde_id,
            auftrag_nr,
            versand_id,
            positionen,
            ..
        } => {
            let gefuehrt = positionen.iter().filter(|p| p.lagergefuehrt);
            let mut folgen: Vec<Consequence> = gefuehrt.map(|p| reservieren(p, auftrag_nr, ctx)).collect();
            let planen = VersandCommand::Planen(PlanEingabe {
                auftrag_id: ctx.id,
                kunde_id: Some(*kunde_id),
                termin: None,
                positionen: positionen.iter().map(|p| plan(p.position_id, p.menge)).collect(),
            });
            folgen.push(Consequence::command::<Versand>(*versand_id, &planen));
            folgen
        }
        AuftragEvent::PositionGeaendert {
            position_id,
            mengen,
            zusatz,
            ..
        } => {
            let mut folgen: Vec<Consequence> = mengen.iter().flat_map(|m| nachziehen(m, ctx)).collect();
            if let Some(zusatz) = zusatz {
                let planen = VersandCommand::Planen(PlanEingabe {
                    auftrag_id: ctx.id,
                    kunde_id: None,
                    termin: None,
                    positionen: vec![plan(*position_id, zusatz.menge)],
                });
                folgen.push(Consequence::command::<Versand>(zusatz.versand_id, &planen));
            }
            folgen
        }
        AuftragEvent::PositionStorniert { mengen, .. } | AuftragEvent::Verfallen { mengen, .. } => {
            mengen.iter().flat_map(|m| nachziehen(m, ctx)).collect()
        }
        AuftragEvent::Storniert { mengen, .. } => mengen.iter().flat_map(|m| nachziehen(m, ctx)).collect(),
        _ => Vec::new(),
    }
}

fn reservieren(position: &Freigabeposition, auftrag_nr: &str, ctx: &PolicyContext) -> Consequence {
    let command = LagerbestandCommand::Reservieren(ReservierenEingabe {
        artikel_id: Some(position.artikel_id),
        lager_id: Some(position.lager_id),
        id: position.position_id,
        beleg: BelegRef {
            typ: Text::cut(Auftrag::TYPE),
            id: ctx.id,
            nummer: Some(Text::cut(auftrag_nr)),
            position: Some(position.position_id),
        },
        menge: Dezimal(position.basismenge.as_decimal()),
        gueltig_bis: None,
        teilweise: true,
    });
    let id = Lagerbestand::stream_id(ctx.mandant_id, position.artikel_id, position.lager_id);
    Consequence::command::<Lagerbestand>(id, &command)
}

fn plan(position_id: uuid::Uuid, menge: Menge) -> PlanPosition {
    PlanPosition {
        position_id,
        artikel_id: None,
        lager_id: None,
        menge: Dezimal(menge.as_decimal()),
        einheit: None,
    }
}

fn nachziehen(folge: &Mengenfolge, ctx: &PolicyContext) -> Vec<Consequence> {
    let id = folge.position_id;
    let reservierung = folge.lagergefuehrt.then(|| {
        let command = if folge.offen_basis.is_null() {
            LagerbestandCommand::ReservierungAufheben { id }
        } else {
            LagerbestandCommand::ReservierungAendern {
                id,
                menge: Dezimal(folge.offen_basis.as_decimal()),
                teilweise: true,
            }
        };
        let bestand = Lagerbestand::stream_id(ctx.mandant_id, folge.artikel_id, folge.lager_id);
        Consequence::command::<Lagerbestand>(bestand, &command)
    });
    let kuerzen = VersandCommand::MengeKuerzen {
        position_id: id,
        menge: folge.offen,
    };
    reservierung
        .into_iter()
        .chain([Consequence::command::<Versand>(folge.versand_id, &kuerzen)])
        .collect()
}
