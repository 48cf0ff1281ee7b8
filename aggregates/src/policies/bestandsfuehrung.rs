//! The first stock of an article in a Lager freezes what it is counted and valued in (wawi 1 and 2.4).

use crate::{
    policy::{Consequence, PolicyContext},
    wawi::{Artikel, Lager, artikel::ArtikelCommand, lager::LagerCommand, lagerbestand::LagerbestandEvent},
};

/// Lagerbestand.Eroeffnet → Artikel and Lager.BestandsfuehrungBeginnen.
pub(super) fn react(event: &LagerbestandEvent, _ctx: &PolicyContext) -> Vec<Consequence> {
    let LagerbestandEvent::Eroeffnet {
        artikel_id, lager_id, ..
    } = event
    else {
        return Vec::new();
    };
    vec![
        Consequence::command::<Artikel>(*artikel_id, &ArtikelCommand::BestandsfuehrungBeginnen {}),
        Consequence::command::<Lager>(*lager_id, &LagerCommand::BestandsfuehrungBeginnen {}),
    ]
}
