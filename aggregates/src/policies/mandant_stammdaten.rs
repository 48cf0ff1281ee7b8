//! Planned master data of a company begin to hold.

use crate::{
    dienste::mandant::{Mandant, MandantCommand, MandantEvent},
    policy::{Consequence, PolicyContext},
    types::kalender,
};

/// Mandant.StammdatenGeaendert → StammdatenInKraftSetzen at the first instant of their first day.
pub(super) fn react(event: &MandantEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        MandantEvent::StammdatenGeaendert { ab, .. } if *ab > ctx.heute => {
            let command = MandantCommand::StammdatenInKraftSetzen { ab: *ab };
            vec![Consequence::command::<Mandant>(ctx.id, &command).due(kalender::beginn(*ab))]
        }
        _ => Vec::new(),
    }
}
