//! What a committer remembers between batches: folded states, claims, counters, facts.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aggregates::context::Counter;
use lru::LruCache;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::eventstore::{Loaded, StreamKey};

/// Folded states kept per company; the least recently used go first.
const STATES: usize = 50_000;
/// Folded states kept in the whole process.
const STATES_IN_PROCESS: usize = 200_000;
/// What each company may keep when the process is full.
const STATES_AT_LEAST: usize = 1_000;
/// Claims kept per company, present or absent.
const CLAIMS: usize = 100_000;

/// Scope and key of a claim.
pub(super) type ClaimKey = (String, String);

/// The memory of one company's committer, exact at position `seen` (states may be ahead, never behind).
pub(super) struct Cache {
    /// Position up to which this process knows the log.
    pub seen: i64,
    /// The epoch of the log that this is of; nothing is remembered while it is not known.
    pub epoche: Option<i32>,
    pub states: LruCache<StreamKey, Loaded>,
    pub claims: LruCache<ClaimKey, Option<Uuid>>,
    /// All counters of the company, once they are known.
    pub counters: Option<HashMap<(String, i32), Counter>>,
    /// Facts with the position at which they hold.
    pub facts: HashMap<(&'static str, String), (i64, Value)>,
    /// Facts whose ledger was far behind, and when that was.
    pub late: HashMap<&'static str, Instant>,
    budget: Budget,
}

/// What this cache counts for among all of the process.
struct Budget {
    states: usize,
    of_all: Arc<AtomicUsize>,
}

impl Budget {
    /// Counts the states now there, and says how many there may be.
    fn settle(&mut self, states: usize) -> usize {
        self.of_all.fetch_add(states, Ordering::Relaxed);
        let all = self.of_all.fetch_sub(self.states, Ordering::Relaxed) - self.states;
        self.states = states;
        let over = all.saturating_sub(STATES_IN_PROCESS);
        STATES.min(states.saturating_sub(over).max(STATES_AT_LEAST))
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.of_all.fetch_sub(self.states, Ordering::Relaxed);
    }
}

impl Cache {
    /// `of_all` counts the states of all caches of the process.
    pub(super) fn new(of_all: Arc<AtomicUsize>) -> Self {
        Self {
            seen: 0,
            epoche: None,
            // Without a limit of its own: it would allocate for it at once, and push out what a batch still needs.
            states: LruCache::unbounded(),
            claims: LruCache::unbounded(),
            counters: None,
            facts: HashMap::new(),
            late: HashMap::new(),
            budget: Budget { states: 0, of_all },
        }
    }

    /// Forgets everything; what is needed is loaded again.
    pub(super) fn clear(&mut self, seen: i64) {
        self.states.clear();
        self.claims.clear();
        self.counters = None;
        self.facts.clear();
        self.seen = seen;
        self.epoche = None;
    }

    /// Counts what is here among all of the process, without forgetting any.
    pub(super) fn count(&mut self) {
        self.budget.settle(self.states.len());
    }

    /// Forgets what was not used for the longest time, down to what this cache may hold. Between batches only: what a
    /// batch has loaded is there until it is written.
    pub(super) fn trim(&mut self) {
        let states = self.budget.settle(self.states.len());
        while self.states.len() > states {
            self.states.pop_lru();
        }
        while self.claims.len() > CLAIMS {
            self.claims.pop_lru();
        }
        self.budget.settle(self.states.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(cache: &mut Cache, states: usize) {
        for _ in 0..states {
            let loaded = Loaded {
                version: 0,
                position: 0,
                began_at: None,
                state: Arc::new(()),
            };
            cache.states.put(("x", Uuid::new_v4()), loaded);
        }
    }

    #[test]
    fn a_full_process_takes_states_from_the_company_at_work_and_leaves_it_a_few() {
        let all = Arc::new(AtomicUsize::new(STATES_IN_PROCESS - 1_500));
        let mut cache = Cache::new(all.clone());
        fill(&mut cache, 2_000);
        cache.trim();
        assert_eq!(cache.states.len(), 1_500);
        all.fetch_add(10_000, Ordering::Relaxed);
        cache.trim();
        assert_eq!(cache.states.len(), STATES_AT_LEAST);
        drop(cache);
        assert_eq!(all.load(Ordering::Relaxed), STATES_IN_PROCESS - 1_500 + 10_000);
    }

    #[test]
    fn a_company_keeps_its_most_recent_states() {
        let mut cache = Cache::new(Arc::default());
        fill(&mut cache, 1);
        let first = *cache.states.peek_mru().unwrap().0;
        fill(&mut cache, STATES);
        assert!(cache.states.contains(&first), "nothing goes before the batch is over");
        cache.trim();
        assert_eq!((cache.states.len(), cache.states.contains(&first)), (STATES, false));
    }
}
