//! A unit on its way through the committer, with the answers it has so far.

use std::{collections::VecDeque, fmt};

use aggregates::{Lookup, Refusal, types::Akteur};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::commands::{BATCH_LIMIT, Envelope, Mode, Order, Outcome, internal};

/// A unit that is not answered yet.
pub(super) struct Work {
    pub envelope: Envelope,
    /// When the unit was accepted.
    pub angenommen: DateTime<Utc>,
    /// Random bytes of each command, drawn once.
    pub zufall: Vec<[u8; 32]>,
    /// Answers so far, in order.
    pub outcomes: Vec<Outcome>,
    /// How many of them an earlier, committed batch gave.
    pub settled: usize,
    /// How often something was missing under the lock.
    pub misses: u32,
    /// Its batch was refused by the database: it is carried out by itself, so that a bad neighbour cannot hold it up.
    pub alone: bool,
    /// How many of its next commands go one per transaction, since the database refused them together.
    pub singly: usize,
}

impl Work {
    /// Accepts a unit. Without randomness nothing can be decided, since keys would be guessable: the caller is told so
    /// and nothing is left to do.
    pub(super) fn accept<E: fmt::Display>(envelope: Envelope, fill: fn(&mut [u8]) -> Result<(), E>) -> Option<Self> {
        let mut work = Self {
            zufall: Vec::with_capacity(envelope.unit.orders.len()),
            envelope,
            angenommen: crate::uhr::jetzt(),
            outcomes: Vec::new(),
            settled: 0,
            misses: 0,
            alone: false,
            singly: 0,
        };
        for _ in 0..work.envelope.unit.orders.len() {
            let mut bytes = [0_u8; 32];
            if let Err(error) = fill(&mut bytes) {
                tracing::error!(%error, "das Betriebssystem liefert keine Zufallszahlen; Befehle werden abgelehnt");
                work.refuse(&internal(
                    "das Betriebssystem liefert keine Zufallszahlen; es wurde nichts geschrieben",
                ));
                return None;
            }
            work.zufall.push(bytes);
        }
        Some(work)
    }

    pub(super) fn answer(self) {
        // A caller that is gone does not need its answer.
        let _ = self.envelope.reply.send(self.outcomes);
    }

    pub(super) fn refuse(mut self, refusal: &Refusal) {
        let open = self.rest();
        self.outcomes.extend((0..open).map(|_| Err(refusal.clone())));
        self.answer();
    }

    /// The commands that may be decided in the next batch.
    pub(super) fn at_hand(&self) -> &[Order] {
        let rest = self.envelope.unit.orders.get(self.outcomes.len()..).unwrap_or_default();
        rest.get(..self.limit()).unwrap_or(rest)
    }

    /// How many commands one batch takes of it.
    pub(super) fn limit(&self) -> usize {
        if self.singly > 0 { 1 } else { BATCH_LIMIT }
    }

    /// The answers it has now are of a committed batch.
    pub(super) fn settle(&mut self) {
        let new = self.outcomes.len().saturating_sub(self.settled);
        self.singly = self.singly.saturating_sub(new);
        self.settled = self.outcomes.len();
    }

    /// The database refuses what this unit, by itself, would write. If it is of commands each for itself, those of the
    /// batch go one by one, and of them only the one that is refused fails; `None` if nothing of the unit is left.
    pub(super) fn refused_by_database(mut self, refusal: &Refusal) -> Option<Self> {
        let at_hand = self.at_hand().len();
        if self.envelope.unit.mode != Mode::Each || self.rest() == 0 {
            self.refuse(refusal);
            return None;
        }
        if at_hand > 1 {
            self.singly = at_hand;
            return Some(self);
        }
        self.outcomes.push(Err(refusal.clone()));
        self.settle();
        if self.rest() == 0 {
            self.answer();
            return None;
        }
        Some(self)
    }

    /// Whose units keep their order among one another.
    pub(super) fn client(&self) -> (&Akteur, Option<Uuid>) {
        (
            &self.envelope.unit.caller.akteur,
            self.envelope.unit.caller.schluessel_id,
        )
    }

    pub(super) fn rest(&self) -> usize {
        self.envelope.unit.orders.len().saturating_sub(self.outcomes.len())
    }
}

/// How a unit fared in a batch.
pub(super) enum Fate {
    /// Decided to its end; answer after the commit.
    Done,
    /// Something is not loaded.
    Missing(Vec<Lookup>),
    /// The batch is full; the rest of the unit joins the next one.
    Full,
}

/// Takes back the answers of an attempt that was rolled back; those of earlier batches stay.
pub(super) fn reset(batch: &mut [Work]) {
    for work in batch {
        work.outcomes.truncate(work.settled);
    }
}

/// Puts units that have to come again in front of those that wait, in their order: what was there first stays first, and
/// facts hold only at the head.
pub(super) fn put_back(waiting: &mut VecDeque<Work>, again: Vec<Work>) {
    for work in again.into_iter().rev() {
        waiting.push_front(work);
    }
}

/// After a settled COMMIT: what was decided is answered, the rest comes again.
pub(super) fn conclude(waiting: &mut VecDeque<Work>, batch: Vec<Work>) {
    let mut again = Vec::new();
    for mut work in batch {
        work.settle();
        if work.rest() == 0 {
            work.answer();
        } else {
            again.push(work);
        }
    }
    put_back(waiting, again);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tokio::sync::{Semaphore, oneshot};
    use uuid::Uuid;

    use super::*;
    use crate::commands::{Answer, Caller, Order, Room, Unit};

    fn envelope(orders: usize) -> (Envelope, oneshot::Receiver<Vec<Outcome>>) {
        let (reply, answer) = oneshot::channel();
        let order = Order::new("konto", Uuid::nil(), json!({}));
        let unit = Unit {
            caller: Caller::service("test"),
            orders: vec![order; orders],
            mode: Mode::Each,
        };
        let room = Room::taken(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap());
        let envelope = Envelope {
            unit,
            reply,
            _room: room,
        };
        (envelope, answer)
    }

    fn work(orders: usize) -> Work {
        Work::accept(envelope(orders).0, |_| Ok::<(), &str>(())).unwrap()
    }

    fn lengths(waiting: &VecDeque<Work>) -> Vec<usize> {
        waiting.iter().map(|w| w.envelope.unit.orders.len()).collect()
    }

    #[test]
    fn without_randomness_every_command_of_the_unit_is_refused() {
        let (envelope, mut answer) = envelope(2);
        assert!(Work::accept(envelope, |_| Err("no entropy")).is_none());
        let outcomes = answer.try_recv().unwrap();
        assert_eq!(outcomes.len(), 2);
        assert!(outcomes.iter().all(|o| o.as_ref().is_err_and(|r| r.code == "INTERN")));
    }

    #[test]
    fn what_comes_again_keeps_its_place_before_what_waits() {
        let mut waiting = VecDeque::from([work(3)]);
        put_back(&mut waiting, vec![work(1), work(2)]);
        assert_eq!(lengths(&waiting), [1, 2, 3]);
    }

    #[test]
    fn after_a_settled_commit_the_unfinished_units_go_in_front_in_their_order() {
        let done = Answer::replay(&json!({}));
        let mut waiting = VecDeque::from([work(3)]);
        let mut finished = work(1);
        finished.outcomes.push(Ok(done.clone()));
        let mut begun = work(2);
        begun.outcomes.push(Ok(done));
        conclude(&mut waiting, vec![begun, finished, work(4)]);
        assert_eq!(lengths(&waiting), [2, 4, 3]);
        assert_eq!(waiting[0].settled, 1, "its answer is of a committed batch");
    }
}
