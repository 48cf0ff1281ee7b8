//! What a committer remembers between batches: folded states, claims, counters, facts.

use std::{collections::HashMap, num::NonZeroUsize};

use aggregates::context::Counter;
use lru::LruCache;
use serde_json::Value;
use uuid::Uuid;

use crate::eventstore::{Loaded, StreamKey};

/// Folded states kept per company; the least recently used go first.
const STATES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(49_999);
/// Claims kept per company, present or absent.
const CLAIMS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99_999);

/// Scope and key of a claim.
pub(super) type ClaimKey = (String, String);

/// The memory of one company's committer, exact at position `seen` (states may be ahead, never behind).
pub(super) struct Cache {
    /// Position up to which this process knows the log.
    pub seen: i64,
    pub states: LruCache<StreamKey, Loaded>,
    pub claims: LruCache<ClaimKey, Option<Uuid>>,
    pub counters: HashMap<(String, i32), Counter>,
    /// Facts with the position at which they hold.
    pub facts: HashMap<(&'static str, String), (i64, Value)>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            seen: 0,
            states: LruCache::new(STATES),
            claims: LruCache::new(CLAIMS),
            counters: HashMap::new(),
            facts: HashMap::new(),
        }
    }

    /// Forgets everything; what is needed is loaded again.
    pub(super) fn clear(&mut self, seen: i64) {
        self.states.clear();
        self.claims.clear();
        self.counters.clear();
        self.facts.clear();
        self.seen = seen;
    }
}
