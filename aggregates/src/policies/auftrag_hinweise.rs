//! What the open orders must know of goods and articles (spec/README section 5, row 11). An order ignores a note about a
//! position of which nothing is open any more, and one that stands already.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Aggregate,
    crm::{
        Auftrag,
        auftrag::{AuftragCommand, FACT_GEFAEHRDET, FACT_OFFEN, HinweisArt},
    },
    policy::{Consequence, Frage, PolicyContext},
    types::Text,
    wawi::{
        artikel::{ArtikelEvent, Sperrbereich},
        bestellung::BestellungEvent,
        lagerbestand::LagerbestandEvent,
    },
};

/// An open position that a fact names.
#[derive(Deserialize)]
struct Betroffen {
    auftrag_id: Uuid,
    position_id: Uuid,
    /// When the supplier promises the goods, if that endangers it.
    termin: Option<NaiveDate>,
    /// Number of his order.
    bestell_nr: Option<String>,
}

/// Lagerbestand.ReservierungAufgehoben of an order → Auftrag.HinweisSetzen; nothing is open if it gave the promise back
/// itself.
pub(super) fn lagerbestand(event: &LagerbestandEvent, _ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        LagerbestandEvent::ReservierungAufgehoben { beleg, menge, .. } if beleg.typ.as_str() == Auftrag::TYPE => {
            let text = format!("{menge} sind nicht mehr für den Auftrag reserviert");
            vec![hinweis(
                beleg.id,
                beleg.position,
                HinweisArt::ReservierungAufgehoben,
                &text,
            )]
        }
        _ => Vec::new(),
    }
}

/// Which open positions a locked article has.
pub(super) fn artikel_frage(event: &ArtikelEvent, ctx: &PolicyContext) -> Option<Frage> {
    match event {
        ArtikelEvent::Gesperrt {
            bereich: Sperrbereich::Vk | Sperrbereich::Gesamt,
            ..
        } => Some(Frage {
            name: FACT_OFFEN,
            key: ctx.id.to_string(),
        }),
        _ => None,
    }
}

/// Artikel.Gesperrt (vk) → Auftrag.HinweisSetzen for each open position of it.
pub(super) fn artikel(event: &ArtikelEvent, _ctx: &PolicyContext, antwort: &Value) -> Vec<Consequence> {
    let ArtikelEvent::Gesperrt { grund, .. } = event else {
        return Vec::new();
    };
    let text = format!("der Artikel ist gesperrt: {grund}");
    let setzen = |p: Betroffen| hinweis(p.auftrag_id, Some(p.position_id), HinweisArt::ArtikelGesperrt, &text);
    betroffene(antwort).map(setzen).collect()
}

/// Which open positions a confirmed order of goods endangers.
pub(super) fn bestellung_frage(event: &BestellungEvent, ctx: &PolicyContext) -> Option<Frage> {
    match event {
        BestellungEvent::Bestaetigt { .. } => Some(Frage {
            name: FACT_GEFAEHRDET,
            key: ctx.id.to_string(),
        }),
        _ => None,
    }
}

/// Bestellung.Bestaetigt with a later date → Auftrag.HinweisSetzen for each open position that waits for the goods.
pub(super) fn bestellung(_event: &BestellungEvent, _ctx: &PolicyContext, antwort: &Value) -> Vec<Consequence> {
    let setzen = |p: Betroffen| {
        let (nr, termin) = (p.bestell_nr?, p.termin?);
        let text = format!("die Ware ist erst für den {termin} bestätigt (Bestellung {nr})");
        let art = HinweisArt::TerminGefaehrdet;
        Some(hinweis(p.auftrag_id, Some(p.position_id), art, &text))
    };
    betroffene(antwort).filter_map(setzen).collect()
}

fn betroffene(antwort: &Value) -> impl Iterator<Item = Betroffen> {
    let liste = antwort.as_array().cloned().unwrap_or_default();
    liste.into_iter().filter_map(|p| serde_json::from_value(p).ok())
}

fn hinweis(auftrag_id: Uuid, position_id: Option<Uuid>, art: HinweisArt, text: &str) -> Consequence {
    let command = AuftragCommand::HinweisSetzen {
        position_id,
        art,
        text: Text::cut(text),
    };
    Consequence::command::<Auftrag>(auftrag_id, &command)
}
