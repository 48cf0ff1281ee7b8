//! On the days on which a limit begins and ends its line is looked at again: what waits may fit, the status changes.

use crate::{
    crm::{
        Kreditlinie,
        kreditlinie::{KreditlinieCommand, KreditlinieEvent},
    },
    policy::{Consequence, PolicyContext},
    types::kalender,
};

/// Kreditlinie.LimitFreigegeben → NeuPruefen on the limit's first day and after its last.
pub(super) fn react(event: &KreditlinieEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let KreditlinieEvent::LimitFreigegeben {
        gueltig_ab,
        gueltig_bis,
        ..
    } = event
    else {
        return Vec::new();
    };
    let beginn = (*gueltig_ab > ctx.heute).then(|| kalender::beginn(*gueltig_ab));
    let ende = gueltig_bis.map(kalender::ende);
    let neu_pruefen = Consequence::command::<Kreditlinie>(ctx.id, &KreditlinieCommand::NeuPruefen {});
    let tage = [beginn, ende].into_iter().flatten();
    tage.map(|am| neu_pruefen.clone().due(am)).collect()
}
