//! What a Generalumkehr brings with it (fibu 2, 9): the original bears its mark, and the items of both settle each
//! other, so that nothing of them stays open.

use crate::{
    fibu::{
        Ausgleich, Buchung, OffenerPosten,
        ausgleich::{AusgleichCommand, AusgleichZeile},
        buchung::{BuchungCommand, BuchungEvent, Buchungsart, OpArt},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
};

/// Buchung.Erfasst (art generalumkehr) → Buchung.StornoVermerken, Ausgleich.StornoAusgleichen.
pub(super) fn react(event: &BuchungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let BuchungEvent::Erfasst {
        buchungsart: Buchungsart::Generalumkehr,
        herkunft: Some(original),
        buchungsdatum,
        grund,
        positionen,
        ..
    } = event
    else {
        return Vec::new();
    };
    let grund: Text<500> = Text::cut(grund.as_deref().unwrap_or("Storno"));
    let vermerken = BuchungCommand::StornoVermerken {
        durch: ctx.id,
        grund: grund.clone(),
        buchungsdatum: *buchungsdatum,
    };
    let mut folgen = vec![Consequence::command::<Buchung>(original.id, &vermerken)];
    let posten = positionen
        .iter()
        .filter(|p| p.op_bezug.as_ref().is_some_and(|op| op.art == OpArt::Neu));
    let zeilen: Vec<AusgleichZeile> = posten
        .flat_map(|p| {
            let betrag = p.seite.signed(p.betrag);
            [(original.id, -betrag), (ctx.id, betrag)].map(|(buchung, betrag)| AusgleichZeile {
                op_id: OffenerPosten::stream_id(ctx.mandant_id, buchung, p.nr),
                betrag,
                skonto: None,
            })
        })
        .collect();
    if !zeilen.is_empty() {
        let command = AusgleichCommand::StornoAusgleichen {
            datum: *buchungsdatum,
            zeilen,
            grund,
        };
        folgen.push(Consequence::command::<Ausgleich>(
            ctx.new_id("storno_ausgleich"),
            &command,
        ));
    }
    folgen
}
