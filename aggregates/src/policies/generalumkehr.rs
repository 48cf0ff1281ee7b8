//! A reversed Buchung gets its Generalumkehr in the same unit of work (fibu 2): neither exists without the other.

use crate::{
    fibu::{
        Buchung,
        buchung::{BuchungCommand, BuchungEvent},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
};

/// Buchung.Storniert → Buchung.Umkehren on the stream that the reversal named.
pub(super) fn react(event: &BuchungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let BuchungEvent::Storniert {
        durch,
        grund,
        buchungsdatum,
    } = event
    else {
        return Vec::new();
    };
    let command = BuchungCommand::Umkehren {
        original: ctx.id,
        grund: Text::cut(grund),
        buchungsdatum: *buchungsdatum,
    };
    vec![Consequence::command::<Buchung>(*durch, &command)]
}
