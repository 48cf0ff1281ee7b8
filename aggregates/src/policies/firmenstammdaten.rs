//! The company's own log gets the master data that stand on its documents.

use crate::{
    dienste::{
        firmenstammdaten::{Firmenstammdaten, FirmenstammdatenCommand},
        mandant::MandantEvent,
    },
    policy::{Consequence, PolicyContext},
};

/// Mandant.Angelegt, StammdatenGeaendert → Firmenstammdaten.Uebernehmen in the company.
pub(super) fn react(event: &MandantEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let (MandantEvent::Angelegt { ab, stammdaten, .. } | MandantEvent::StammdatenGeaendert { ab, stammdaten }) = event
    else {
        return Vec::new();
    };
    let command = FirmenstammdatenCommand::Uebernehmen {
        ab: *ab,
        stammdaten: stammdaten.clone(),
    };
    let id = Firmenstammdaten::stream_id(ctx.id);
    vec![Consequence::command::<Firmenstammdaten>(id, &command).in_mandant(ctx.id)]
}
