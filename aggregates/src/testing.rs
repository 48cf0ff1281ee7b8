//! Given/when/then for aggregates: an in-memory world that answers look-ups, and the wrapped names of `cqrs-es`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Aggregate, Decision, Key,
    context::{Context, Counter, Effects, Frame, Lookup, Source, State},
    types::Akteur,
};

/// The names of `cqrs-es` that this house uses; nothing else of the crate is touched.
pub mod cqrs {
    pub use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink, test::TestFramework};
}

/// The surroundings of a decision in a test. All that is not put in is absent, never missing.
#[derive(Clone)]
pub struct World {
    /// Stream under test.
    pub id: Uuid,
    /// Version of the stream under test (only `> 0` matters to aggregates).
    pub version: i64,
    /// Actor, time, rights.
    pub frame: Frame,
    streams: HashMap<(&'static str, Uuid), State>,
    claims: HashMap<(String, String), Uuid>,
    facts: HashMap<(String, String), Value>,
    counters: Arc<Mutex<HashMap<(String, i32), Counter>>>,
    effects: Arc<Mutex<Effects>>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A world on 2026-03-10, 09:00 UTC, with a clerk without special rights.
    #[must_use]
    pub fn new() -> Self {
        let jetzt = Utc.with_ymd_and_hms(2026, 3, 10, 9, 0, 0).single().unwrap_or_default();
        Self {
            id: Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00ff),
            version: 1,
            frame: Frame {
                mandant_id: Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001),
                befehl_id: Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00be),
                akteur: Akteur::Benutzer(Uuid::from_u128(0xa)),
                scopes: Arc::from(["*:admin".to_owned()]),
                sonderrechte: Arc::from([]),
                mandanten: Arc::from([]),
                grund: None,
                angenommen: jetzt,
                jetzt,
                heute: jetzt.date_naive(),
                zufall: [7; 32],
            },
            streams: HashMap::new(),
            claims: HashMap::new(),
            facts: HashMap::new(),
            counters: Arc::default(),
            effects: Arc::default(),
        }
    }

    /// Moves the world to another day.
    #[must_use]
    pub fn heute(mut self, tag: NaiveDate) -> Self {
        self.frame.heute = tag;
        self.frame.jetzt = DateTime::from_naive_utc_and_offset(tag.and_time(chrono::NaiveTime::MIN), Utc);
        self
    }

    /// Acts as somebody else.
    #[must_use]
    pub fn akteur(mut self, akteur: Akteur) -> Self {
        self.frame.akteur = akteur;
        self
    }

    /// Holds special rights.
    #[must_use]
    pub fn sonderrechte(mut self, rechte: &[&str]) -> Self {
        self.frame.sonderrechte = rechte.iter().map(|r| (*r).to_owned()).collect();
        self
    }

    /// Puts a stream into the world, folded from its events, with its unique keys.
    #[must_use]
    pub fn with<T: Aggregate>(mut self, id: Uuid, events: Vec<T::Event>) -> Self {
        let mut state = T::default();
        for event in events {
            state.evolve(event);
        }
        self.setzen(id, state);
        self
    }

    /// Puts a folded stream into the world, with its unique keys.
    pub fn setzen<T: Aggregate>(&mut self, id: Uuid, state: T) {
        for Key { scope, wert, .. } in state.keys() {
            self.claims.insert((scope.to_owned(), wert), id);
        }
        self.streams.insert((T::TYPE, id), Arc::new(state));
    }

    /// Answers a fact query.
    #[must_use]
    pub fn fact(mut self, name: &str, key: &str, value: Value) -> Self {
        self.facts.insert((name.to_owned(), key.to_owned()), value);
        self
    }

    /// Sets a counter.
    #[must_use]
    pub fn counter(self, kreis: &str, jahr: i32, counter: Counter) -> Self {
        if let Ok(mut counters) = self.counters.lock() {
            counters.insert((kreis.to_owned(), jahr), counter);
        }
        self
    }

    /// What the last decision left behind.
    #[must_use]
    pub fn effects(&self) -> Effects {
        self.effects.lock().map(|e| e.clone()).unwrap_or_default()
    }

    /// Decides a command on a state in this world.
    pub fn decide<T: Aggregate>(&self, state: &T, command: T::Command) -> Decision<T> {
        let ctx = Context::new(self.id, self.version, &self.frame, self);
        let events = state.decide(command, &ctx)?;
        let effects = ctx.into_effects();
        if let Ok(mut counters) = self.counters.lock() {
            for draw in &effects.draws {
                counters.insert((draw.kreis.clone(), draw.jahr), Counter::after(draw));
            }
        }
        if let Ok(mut last) = self.effects.lock() {
            *last = effects;
        }
        Ok(events)
    }

    /// Given/when/then for `T` in this world.
    #[must_use]
    pub fn test<T>(&self) -> cqrs::TestFramework<T>
    where
        T: cqrs::Aggregate<Services = Self>,
    {
        cqrs::TestFramework::with(self.clone())
    }
}

impl Source for World {
    fn stream(&self, typ: &'static str, id: Uuid) -> Result<Option<State>, Lookup> {
        Ok(self.streams.get(&(typ, id)).cloned())
    }

    fn claim(&self, scope: &str, key: &str) -> Result<Option<Uuid>, Lookup> {
        Ok(self.claims.get(&(scope.to_owned(), key.to_owned())).copied())
    }

    fn counter(&self, kreis: &str, jahr: i32) -> Result<Counter, Lookup> {
        let counters = self.counters.lock().map(|c| c.get(&(kreis.to_owned(), jahr)).copied());
        Ok(counters.ok().flatten().unwrap_or_default())
    }

    fn fact(&self, name: &'static str, key: &str) -> Result<Value, Lookup> {
        Ok(self
            .facts
            .get(&(name.to_owned(), key.to_owned()))
            .cloned()
            .unwrap_or(Value::Null))
    }

    fn tree(&self) -> (u64, [u8; 32]) {
        (41, [0xab; 32])
    }
}
