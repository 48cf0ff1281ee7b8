//! Decides the units of a batch on its overlay: each command for itself, all or none, or as a dry run.

use std::collections::HashMap;

use aggregates::{Lookup, Refusal, Registry};
use serde_json::{Value, json};
use uuid::Uuid;

use super::work::{Fate, Work};
use crate::{
    commands::{
        Answer, Mode, Order, Outcome,
        decide::{Blocked, Desk, Fixed},
        internal,
        overlay::{Mark, Overlay},
    },
    eventstore::append::{Befehl, NewEvent},
};

pub(super) fn decide_unit(
    desk: &Desk<'_>,
    overlay: &mut Overlay<'_>,
    work: &mut Work,
    known: &HashMap<Uuid, Befehl>,
) -> Fate {
    match work.envelope.unit.mode {
        Mode::Each => decide_each(desk, overlay, work, known),
        Mode::Atomic | Mode::DryRun => decide_whole(desk, overlay, work, known),
    }
}

/// Each command for itself, in order; a missing look-up stops the unit so that the order is kept.
fn decide_each(desk: &Desk<'_>, overlay: &mut Overlay<'_>, work: &mut Work, known: &HashMap<Uuid, Befehl>) -> Fate {
    let mut decided = 0;
    let limit = work.limit();
    while work.rest() > 0 {
        if decided >= limit {
            return Fate::Full;
        }
        let mark = overlay.mark();
        match decide_order(desk, overlay, work, work.outcomes.len(), known) {
            Ok(answer) => {
                overlay.keep();
                work.outcomes.push(Ok(answer));
                // Still probed if its batch has to be repeated, but no longer close to being given up.
                work.misses = work.misses.min(1);
            }
            Err(Blocked::Refused(refusal)) => {
                overlay.undo(mark);
                work.outcomes.push(Err(refusal));
            }
            Err(Blocked::Missing(lookups)) => {
                overlay.undo(mark);
                return Fate::Missing(lookups);
            }
        }
        decided += 1;
    }
    Fate::Done
}

/// All or none. A dry run takes everything back and shows what it would have written.
fn decide_whole(desk: &Desk<'_>, overlay: &mut Overlay<'_>, work: &mut Work, known: &HashMap<Uuid, Befehl>) -> Fate {
    let mark = overlay.mark();
    let dry_run = work.envelope.unit.mode == Mode::DryRun;
    let count = work.envelope.unit.orders.len();
    let mut answers = Vec::with_capacity(count);
    for index in 0..count {
        let first = overlay.events.len();
        match decide_order(desk, overlay, work, index, known) {
            Ok(mut answer) => {
                if dry_run {
                    let new = overlay.events.get(first..).unwrap_or_default();
                    answer.preview = new.iter().map(|event| preview_of(desk.registry, event)).collect();
                    answer.einmalig.clear();
                }
                answers.push(Ok(answer));
            }
            Err(Blocked::Missing(lookups)) if !behind_own(overlay, &mark, &lookups) => {
                overlay.undo(mark);
                return Fate::Missing(lookups);
            }
            Err(blocked) => {
                let refusal = match blocked {
                    Blocked::Refused(refusal) => refusal,
                    Blocked::Missing(_) => ledger_open(index),
                };
                overlay.undo(mark);
                work.outcomes = (0..count).map(|i| Err(aborted(&refusal, index, i))).collect();
                return Fate::Done;
            }
        }
    }
    if dry_run {
        overlay.undo(mark);
    } else {
        overlay.keep();
    }
    work.outcomes = answers;
    Fate::Done
}

/// True if all that is missing are facts, and earlier commands of the unit wrote: no ledger knows what is not in the log.
fn behind_own(overlay: &Overlay<'_>, unit: &Mark, lookups: &[Lookup]) -> bool {
    overlay.wrote_since(unit) && lookups.iter().all(|lookup| matches!(lookup, Lookup::Fact { .. }))
}

/// A command of an atomic unit cannot be decided behind the others.
fn ledger_open(index: usize) -> Refusal {
    Refusal::new(
        "STAPEL_KONTOBUCH_OFFEN",
        422,
        format!(
            "Element {index} fragt ein Kontobuch, und das kennt die Wirkung der Elemente vor ihm erst, wenn sie ausgeführt sind; \
             bitte den Stapel vor diesem Element teilen oder modus=einzeln wählen"
        ),
        json!({}),
    )
}

pub(super) fn decide_order(
    desk: &Desk<'_>,
    overlay: &mut Overlay<'_>,
    work: &Work,
    index: usize,
    known: &HashMap<Uuid, Befehl>,
) -> Result<Answer, Blocked> {
    let Some(order) = work.envelope.unit.orders.get(index) else {
        return Err(Blocked::Refused(internal("Reihenfolge")));
    };
    if order.request_hash.is_some() {
        let twin = overlay.befehle.iter().find(|b| b.befehl_id == order.befehl_id);
        if let Some(first) = twin.or_else(|| known.get(&order.befehl_id)) {
            return replay(order, first).map_err(Blocked::Refused);
        }
    }
    let zufall = work.zufall.get(index).copied().unwrap_or_default();
    let fixed = Fixed {
        zufall,
        angenommen: work.angenommen,
    };
    desk.decide(overlay, &work.envelope.unit.caller, order, fixed)
}

/// The stored first answer, or the refusal of another body under the same key.
pub(super) fn replay(order: &Order, known: &Befehl) -> Outcome {
    if known.anfrage_hash != order.request_hash {
        return Err(Refusal::new(
            "IDEMPOTENZ_ABWEICHEND",
            422,
            "dieser Idempotency-Key wurde schon für eine andere Anfrage benutzt; bitte einen neuen wählen",
            json!({}),
        ));
    }
    Ok(Answer::replay(&known.antwort))
}

/// In an atomic unit the refused command bears its refusal, the others say that nothing was written.
fn aborted(refusal: &Refusal, refused: usize, index: usize) -> Refusal {
    if index == refused {
        return refusal.clone();
    }
    Refusal::new(
        "STAPEL_ABGEBROCHEN",
        refusal.status,
        format!(
            "nicht ausgeführt, weil Element {refused} abgelehnt wurde ({})",
            refusal.code
        ),
        json!({"index": refused, "code": refusal.code}),
    )
}

pub(super) fn preview_of(registry: &Registry, event: &NewEvent) -> Value {
    let entry = registry.entry(event.aggregate_type);
    json!({
        "aggregat": event.aggregate_type,
        "id": event.aggregate_id,
        "version": event.version,
        "ereignis": event.event_type,
        "daten": entry.map(|entry| entry.gezeigt(&event.payload)),
    })
}
