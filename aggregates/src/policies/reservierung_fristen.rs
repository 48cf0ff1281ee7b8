//! A promise of stock ends when its last day is over.

use crate::{
    policy::{Consequence, PolicyContext},
    types::kalender,
    wawi::{
        Lagerbestand,
        lagerbestand::{LagerbestandCommand, LagerbestandEvent},
    },
};

/// Lagerbestand.Reserviert with a last day → ReservierungVerfallenLassen at its end.
pub(super) fn react(event: &LagerbestandEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        LagerbestandEvent::Reserviert {
            id,
            gueltig_bis: Some(bis),
            ..
        } => {
            let command = LagerbestandCommand::ReservierungVerfallenLassen { id: *id };
            vec![Consequence::command::<Lagerbestand>(ctx.id, &command).due(kalender::ende(*bis))]
        }
        _ => Vec::new(),
    }
}
