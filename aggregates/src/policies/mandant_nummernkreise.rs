//! A new company gets the Nummernkreise of spec/README section 6 that its aggregates draw from.

use crate::{
    dienste::{
        mandant::MandantEvent,
        nummernkreis::{Nummernkreis, NummernkreisCommand, haus::KREISE},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
};

/// Mandant.Angelegt → Nummernkreis.Anlegen in the new company's own log.
pub(super) fn react(event: &MandantEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let MandantEvent::Angelegt { .. } = event else {
        return Vec::new();
    };
    KREISE
        .iter()
        .map(|kreis| {
            let command = NummernkreisCommand::Anlegen {
                code: Text::cut(kreis.code),
                muster: Text::cut(&kreis.muster()),
                start: kreis.start,
                lueckenlos: kreis.lueckenlos,
                chronologisch: kreis.chronologisch,
            };
            let id = Nummernkreis::stream_id(ctx.id, kreis.code);
            Consequence::command::<Nummernkreis>(id, &command).in_mandant(ctx.id)
        })
        .collect()
}
