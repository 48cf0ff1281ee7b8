//! What a batch has decided so far, on top of the cache. Thrown away on rollback; a refused unit takes back its own
//! part only.

use std::collections::HashMap;

use aggregates::{
    Lookup,
    context::{Counter, Source, State},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::cache::{Cache, ClaimKey};
use crate::eventstore::{
    Loaded, StreamKey,
    append::{Batch, Befehl, Head, NewEvent},
};

/// Changes of one unit or of the whole batch.
#[derive(Default, Clone)]
struct Layer {
    states: HashMap<StreamKey, Loaded>,
    claims: HashMap<ClaimKey, Option<(&'static str, Uuid)>>,
    counters: HashMap<(String, i32), Counter>,
}

/// Where a unit began, to go back to when it is refused.
pub(super) struct Mark {
    events: usize,
    befehle: usize,
    head: Head,
}

/// What was decided, without the memory it was decided on, so that this can take up more.
#[derive(Clone)]
pub(super) struct Stand {
    decided: Layer,
    head: Head,
}

impl Stand {
    /// Nothing decided yet.
    pub(super) fn new(head: Head) -> Self {
        Self {
            decided: Layer::default(),
            head,
        }
    }
}

/// The decided part of a batch.
pub(super) struct Overlay<'c> {
    cache: &'c Cache,
    batch: Layer,
    unit: Layer,
    /// Where the command began that is being decided.
    began: i64,
    /// The head as it will be.
    pub head: Head,
    pub events: Vec<NewEvent>,
    pub befehle: Vec<Befehl>,
}

impl<'c> Overlay<'c> {
    pub(super) fn new(cache: &'c Cache, head: Head) -> Self {
        Self {
            cache,
            batch: Layer::default(),
            unit: Layer::default(),
            began: head.position,
            head,
            events: Vec::new(),
            befehle: Vec::new(),
        }
    }

    /// Goes on where [`Overlay::pause`] stopped.
    pub(super) fn resume(cache: &'c Cache, stand: Stand) -> Self {
        Self {
            batch: stand.decided,
            ..Self::new(cache, stand.head)
        }
    }

    /// What is decided so far; events and commands are not kept.
    pub(super) fn pause(self) -> Stand {
        Stand {
            decided: self.batch,
            head: self.head,
        }
    }

    /// A stream as the batch has left it.
    pub(super) fn loaded(&self, key: StreamKey) -> Result<Loaded, Lookup> {
        let found = self.unit.states.get(&key).or_else(|| self.batch.states.get(&key));
        found
            .or_else(|| self.cache.states.peek(&key))
            .cloned()
            .ok_or(Lookup::Stream { typ: key.0, id: key.1 })
    }

    /// Who holds a key as the batch has left it.
    pub(super) fn holder(&self, key: &ClaimKey) -> Result<Option<Uuid>, Lookup> {
        if let Some(holder) = self.unit.claims.get(key).or_else(|| self.batch.claims.get(key)) {
            return Ok(holder.map(|(_, id)| id));
        }
        let missing = || Lookup::Claim {
            scope: key.0.clone(),
            key: key.1.clone(),
        };
        self.cache.claims.peek(key).copied().ok_or_else(missing)
    }

    pub(super) fn set_state(&mut self, key: StreamKey, loaded: Loaded) {
        self.unit.states.insert(key, loaded);
    }

    pub(super) fn set_claim(&mut self, key: ClaimKey, holder: Option<(&'static str, Uuid)>) {
        self.unit.claims.insert(key, holder);
    }

    pub(super) fn set_counter(&mut self, key: (String, i32), counter: Counter) {
        self.unit.counters.insert(key, counter);
    }

    /// The next command of a unit is decided.
    pub(super) fn begin(&mut self) {
        self.began = self.head.position;
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            events: self.events.len(),
            befehle: self.befehle.len(),
            head: self.head.clone(),
        }
    }

    /// True if commands wrote between the mark and the one that is being decided.
    pub(super) fn wrote_since(&self, mark: &Mark) -> bool {
        self.began > mark.head.position
    }

    /// The unit is accepted.
    pub(super) fn keep(&mut self) {
        let unit = std::mem::take(&mut self.unit);
        self.batch.states.extend(unit.states);
        self.batch.claims.extend(unit.claims);
        self.batch.counters.extend(unit.counters);
    }

    /// The unit is refused: nothing of it stays.
    pub(super) fn undo(&mut self, mark: Mark) {
        self.unit = Layer::default();
        self.events.truncate(mark.events);
        self.befehle.truncate(mark.befehle);
        self.head = mark.head;
    }

    /// Ends the batch.
    pub(super) fn finish(self) -> Finished {
        let mut claims = Vec::new();
        let mut released = Vec::new();
        for (claim, holder) in &self.batch.claims {
            // Nothing is known of a key that was given back without having been looked up.
            let before = self.cache.claims.peek(claim).copied();
            match holder {
                None => released.push(claim.clone()),
                Some((_, id)) if before == Some(Some(*id)) => {}
                Some((typ, id)) => {
                    if before != Some(None) {
                        released.push(claim.clone());
                    }
                    let (scope, key) = claim.clone();
                    claims.push((scope, key, *typ, *id));
                }
            }
        }
        let counters = self
            .batch
            .counters
            .iter()
            .map(|((kreis, jahr), counter)| (kreis.clone(), *jahr, counter.stand, counter.letztes_datum))
            .collect();
        Finished {
            states: self.batch.states,
            claims: self
                .batch
                .claims
                .into_iter()
                .map(|(key, holder)| (key, holder.map(|(_, id)| id)))
                .collect(),
            counters: self.batch.counters,
            head: self.head,
            write: Batch {
                events: self.events,
                befehle: self.befehle,
                claims,
                released,
                counters,
            },
        }
    }
}

/// A batch that is ready to be written, and what the cache takes from it after the commit.
pub(super) struct Finished {
    pub states: HashMap<StreamKey, Loaded>,
    pub claims: Vec<(ClaimKey, Option<Uuid>)>,
    pub counters: HashMap<(String, i32), Counter>,
    pub head: Head,
    pub write: Batch,
}

impl Source for Overlay<'_> {
    fn stream(&self, typ: &'static str, id: Uuid) -> Result<Option<State>, Lookup> {
        let loaded = self.loaded((typ, id))?;
        Ok((loaded.version > 0).then_some(loaded.state))
    }

    fn claim(&self, scope: &str, key: &str) -> Result<Option<Uuid>, Lookup> {
        self.holder(&(scope.to_owned(), key.to_owned()))
    }

    fn counter(&self, kreis: &str, jahr: i32) -> Result<Counter, Lookup> {
        let key = (kreis.to_owned(), jahr);
        let found = self.unit.counters.get(&key).or_else(|| self.batch.counters.get(&key));
        match (found, &self.cache.counters) {
            (Some(counter), _) => Ok(*counter),
            // What is not among them has not begun to count.
            (None, Some(all)) => Ok(all.get(&key).copied().unwrap_or_default()),
            (None, None) => Err(Lookup::Counter { kreis: key.0, jahr }),
        }
    }

    fn fact(&self, name: &'static str, key: &str) -> Result<Value, Lookup> {
        // A fact holds at one position only: earlier commands of this batch, or of others, make it stale. What the
        // command's own policies ask for is told as it was before the command, for no ledger knows its events yet.
        match self.cache.facts.get(&(name, key.to_owned())) {
            Some((position, value)) if *position == self.began => Ok(value.clone()),
            _ => Err(Lookup::Fact {
                name,
                key: key.to_owned(),
            }),
        }
    }

    fn tree(&self) -> (u64, [u8; 32]) {
        (self.head.tree.size(), self.head.tree.root())
    }
}

/// The moment at which a batch is recorded: the database's clock, but never before the last event.
pub(super) fn batch_time(now: DateTime<Utc>, last: DateTime<Utc>) -> DateTime<Utc> {
    now.max(last)
}
