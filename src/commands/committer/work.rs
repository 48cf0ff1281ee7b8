//! A unit on its way through the committer, with the answers it has so far.

use aggregates::{Lookup, Refusal, types::Akteur};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::commands::{BATCH_LIMIT, Envelope, Order, Outcome};

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
}

impl Work {
    pub(super) fn new(envelope: Envelope) -> Self {
        let zufall = envelope
            .unit
            .orders
            .iter()
            .map(|_| {
                let mut bytes = [0_u8; 32];
                // Without randomness no key may be issued: zeros would be guessable, so the draw is from the id then.
                if getrandom::fill(&mut bytes).is_err() {
                    bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
                    bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
                }
                bytes
            })
            .collect();
        Self {
            envelope,
            angenommen: Utc::now(),
            zufall,
            outcomes: Vec::new(),
            settled: 0,
            misses: 0,
            alone: false,
        }
    }

    pub(super) fn answer(self) {
        // A caller that is gone does not need its answer.
        let _ = self.envelope.reply.send(self.outcomes);
    }

    pub(super) fn refuse(mut self, refusal: &Refusal) {
        let open = self.envelope.unit.orders.len() - self.outcomes.len().min(self.envelope.unit.orders.len());
        self.outcomes.extend((0..open).map(|_| Err(refusal.clone())));
        self.answer();
    }

    /// The commands that may be decided in the next batch.
    pub(super) fn at_hand(&self) -> &[Order] {
        let rest = self.envelope.unit.orders.get(self.outcomes.len()..).unwrap_or_default();
        rest.get(..BATCH_LIMIT).unwrap_or(rest)
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
