//! What a released order asks of stock and deliveries, and what becomes of it (spec/README section 5, rows 6, 7, 8).
//! Deliveries are also planned by hand, so the ledger is asked which there are.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Aggregate,
    crm::{
        Auftrag,
        auftrag::{AuftragEvent, Freigabeposition, Mengenfolge},
    },
    policy::{Consequence, Frage, PolicyContext},
    types::{BelegRef, Dezimal, Menge, Text},
    wawi::{
        Lagerbestand, Versand,
        lagerbestand::{LagerbestandCommand, ReservierenEingabe},
        versand::{FACT_IM_HAUS, PlanEingabe, PlanPosition, VersandCommand},
    },
};

/// A line of a delivery whose goods are still here.
#[derive(Deserialize)]
struct ImHaus {
    versand_id: Uuid,
    position_id: Uuid,
    /// How much shall go.
    soll: Menge,
    /// When the delivery was planned.
    geplant_am: DateTime<Utc>,
}

/// Auftrag.Freigegeben → Lagerbestand.Reservieren per position; PositionGeaendert, PositionStorniert, Verfallen,
/// Storniert → ReservierungAendern or ReservierungAufheben.
pub(super) fn auftrag(event: &AuftragEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    if let AuftragEvent::Freigegeben {
        auftrag_nr, positionen, ..
    } = event
    {
        let gefuehrt = positionen.iter().filter(|p| p.lagergefuehrt);
        return gefuehrt.map(|p| reservieren(p, auftrag_nr, ctx)).collect();
    }
    let gefuehrt = mengenfolgen(event).iter().filter(|m| m.lagergefuehrt);
    gefuehrt.map(|m| reservierung_nachziehen(m, ctx)).collect()
}

/// Which deliveries of a released order there are.
pub(super) fn lieferungen_frage(event: &AuftragEvent, ctx: &PolicyContext) -> Option<Frage> {
    let betrifft = matches!(
        event,
        AuftragEvent::Freigegeben { .. } | AuftragEvent::PositionGeaendert { zusatz: Some(_), .. }
    ) || !mengenfolgen(event).is_empty();
    betrifft.then(|| Frage {
        name: FACT_IM_HAUS,
        key: ctx.id.to_string(),
    })
}

/// Auftrag.Freigegeben, and PositionGeaendert to more → Versand.RestPlanen of what is in no delivery yet;
/// PositionGeaendert, PositionStorniert, Verfallen, Storniert → Versand.MengeKuerzen of every delivery.
pub(super) fn lieferungen(event: &AuftragEvent, ctx: &PolicyContext, antwort: &Value) -> Vec<Consequence> {
    let liste = antwort.as_array().cloned().unwrap_or_default();
    let im_haus: Vec<ImHaus> = liste
        .into_iter()
        .filter_map(|zeile| serde_json::from_value(zeile).ok())
        .collect();
    let folgen = mengenfolgen(event);
    let mut befehle: Vec<Consequence> = folgen.iter().flat_map(|folge| kuerzen(folge, &im_haus, ctx)).collect();
    match event {
        AuftragEvent::Freigegeben {
            kunde_id,
            versand_id,
            positionen,
            ..
        } => {
            let rest = |p: &Freigabeposition| p.menge - geplant(p.position_id, *versand_id, &im_haus);
            let rest = positionen.iter().map(|p| (p.position_id, rest(p))).collect();
            befehle.extend(planen(*versand_id, Some(*kunde_id), rest, ctx));
        }
        AuftragEvent::PositionGeaendert {
            position_id,
            zusatz: Some(zusatz),
            ..
        } => {
            let offen = folgen.first().map_or(zusatz.menge, |folge| folge.offen);
            let rest = offen - geplant(*position_id, zusatz.versand_id, &im_haus);
            let rest = vec![(*position_id, rest.min(zusatz.menge))];
            befehle.extend(planen(zusatz.versand_id, None, rest, ctx));
        }
        _ => {}
    }
    befehle
}

/// What the event says about what is open of positions.
fn mengenfolgen(event: &AuftragEvent) -> &[Mengenfolge] {
    match event {
        AuftragEvent::PositionGeaendert { mengen, .. }
        | AuftragEvent::PositionStorniert { mengen, .. }
        | AuftragEvent::Verfallen { mengen, .. } => mengen.as_slice(),
        AuftragEvent::Storniert { mengen, .. } => mengen,
        _ => &[],
    }
}

/// How much of a position shall go with deliveries other than this one.
fn geplant(position_id: Uuid, ausser: Uuid, im_haus: &[ImHaus]) -> Menge {
    let andere = im_haus
        .iter()
        .filter(|zeile| zeile.position_id == position_id && zeile.versand_id != ausser);
    andere.map(|zeile| zeile.soll).sum()
}

fn planen(
    versand_id: Uuid,
    kunde_id: Option<Uuid>,
    rest: Vec<(Uuid, Menge)>,
    ctx: &PolicyContext,
) -> Option<Consequence> {
    let rest = rest.into_iter().filter(|(_, menge)| *menge > Menge::NULL);
    let positionen: Vec<PlanPosition> = rest
        .map(|(position_id, menge)| PlanPosition {
            position_id,
            artikel_id: None,
            lager_id: None,
            menge: Dezimal(menge.as_decimal()),
            einheit: None,
        })
        .collect();
    if positionen.is_empty() {
        return None;
    }
    let command = VersandCommand::RestPlanen(PlanEingabe {
        auftrag_id: ctx.id,
        kunde_id,
        termin: None,
        positionen,
    });
    Some(Consequence::command::<Versand>(versand_id, &command))
}

/// Who planned a delivery after the event knew of it.
fn kuerzen(folge: &Mengenfolge, im_haus: &[ImHaus], ctx: &PolicyContext) -> Vec<Consequence> {
    let command = VersandCommand::MengeKuerzen {
        position_id: folge.position_id,
        menge: folge.offen,
    };
    let betroffen = im_haus
        .iter()
        .filter(|zeile| zeile.position_id == folge.position_id && zeile.geplant_am <= ctx.zeit);
    betroffen
        .map(|zeile| Consequence::command::<Versand>(zeile.versand_id, &command))
        .collect()
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

/// There may never have been stock of the article, so it is named.
fn reservierung_nachziehen(folge: &Mengenfolge, ctx: &PolicyContext) -> Consequence {
    let id = folge.position_id;
    let (artikel_id, lager_id) = (Some(folge.artikel_id), Some(folge.lager_id));
    let command = if folge.offen_basis.is_null() {
        LagerbestandCommand::ReservierungAufheben {
            id,
            artikel_id,
            lager_id,
        }
    } else {
        LagerbestandCommand::ReservierungAendern {
            id,
            menge: Dezimal(folge.offen_basis.as_decimal()),
            teilweise: true,
            artikel_id,
            lager_id,
        }
    };
    let bestand = Lagerbestand::stream_id(ctx.mandant_id, folge.artikel_id, folge.lager_id);
    Consequence::command::<Lagerbestand>(bestand, &command)
}
