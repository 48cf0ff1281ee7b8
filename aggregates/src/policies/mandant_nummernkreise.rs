//! A new company gets the Nummernkreise of spec/README section 6 that its aggregates draw from.

use crate::{
    dienste::{
        mandant::MandantEvent,
        nummernkreis::{Nummernkreis, NummernkreisCommand},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
};

/// Code and pattern of the Nummernkreise for vouchers; all gapless (spec/README section 6).
const KREISE: &[&str] = &["AR", "AG", "ER", "BK", "KA", "MB", "UM", "AB", "EB", "WB"];

/// Mandant.Angelegt → Nummernkreis.Anlegen in the new company's own log.
pub(super) fn react(event: &MandantEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let MandantEvent::Angelegt { .. } = event else {
        return Vec::new();
    };
    KREISE
        .iter()
        .map(|code| {
            let command = NummernkreisCommand::Anlegen {
                code: Text::cut(code),
                muster: Text::cut(&format!("{code}-{{JJJJ}}-{{000000}}")),
                start: 1,
                lueckenlos: true,
                chronologisch: false,
            };
            Consequence::command::<Nummernkreis>(Nummernkreis::stream_id(ctx.id, code), &command).in_mandant(ctx.id)
        })
        .collect()
}
