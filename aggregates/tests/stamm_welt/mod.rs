//! Deciding commands given as JSON, for tests that read like a table: what is given, what is asked, what is answered.
#![allow(dead_code, reason = "each test binary uses its part")]

use aggregates::{Aggregate, DomainError, Refused, testing::World};
use serde_json::{Map, Value, json};

/// The state after events given as `{"Angelegt": {…}}`.
pub fn state<T: Aggregate>(events: &[Value]) -> T {
    let mut state = T::default();
    for event in events {
        state.evolve(serde_json::from_value(event.clone()).unwrap_or_else(|e| panic!("{event}: {e}")));
    }
    state
}

/// Events without absent fields, or the code of the refusal.
pub fn decide<T: Aggregate>(world: &World, given: &[Value], command: Value) -> Result<Vec<Value>, String> {
    let command: T::Command = serde_json::from_value(command.clone()).unwrap_or_else(|e| panic!("{command}: {e}"));
    match world.decide(&state::<T>(given), command) {
        Ok(events) => Ok(events
            .iter()
            .map(|e| without_nulls(serde_json::to_value(e).unwrap()))
            .collect()),
        Err(Refused::Domain(error)) => Err(error.code().to_owned()),
        Err(Refused::Shared(error)) => Err(error.code().to_owned()),
        Err(Refused::Missing(lookup)) => panic!("{lookup:?}"),
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map
                .into_iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k, without_nulls(v)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Checks one line of a table: the names of the events, or the code.
#[track_caller]
pub fn check<T: Aggregate>(world: &World, given: &[Value], command: Value, wanted: Result<&[&str], &str>) {
    let shown = command.to_string();
    let found = decide::<T>(world, given, command);
    let names: Result<Vec<String>, String> = found.map(|events| {
        events
            .iter()
            .map(|e| e.as_object().unwrap().keys().next().unwrap().clone())
            .collect()
    });
    let wanted = wanted
        .map(|n| n.iter().map(|n| (*n).to_owned()).collect())
        .map_err(str::to_owned);
    assert_eq!(names, wanted, "{shown}");
}

/// A reason.
pub fn grund() -> Value {
    json!({"grund": "Test"})
}
