//! Moves what the schemas of an aggregate define beside themselves into the components of the document.

use std::collections::BTreeMap;

use aggregates::registry::Entry;
use serde_json::{Map, Value};

/// Room in the components for the schemas that have the names of aggregates, so that no definition takes them.
pub(super) fn reserve(entries: &[Entry], schemas: &mut Map<String, Value>) {
    for entry in entries {
        for name in [entry.name.to_owned(), row_name(entry)] {
            schemas.insert(name, Value::Null);
        }
    }
}

/// What a row of an aggregate's list is called.
pub(super) fn row_name(entry: &Entry) -> String {
    format!("{}Zeile", entry.name)
}

/// Moves a schema's `$defs` into the components and points its references there. Aggregates call different things by the
/// same word: who comes with another thing than the one that is there has it under his own name (`Lieferant.AdressArt`).
pub(super) fn lift(entry: &Entry, mut schema: Value, schemas: &mut Map<String, Value>) -> Value {
    let mut defs = Map::new();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        if let Some(Value::Object(own)) = object.remove("$defs") {
            defs = own;
        }
    }
    let mut names: BTreeMap<String, usize> = defs.keys().map(|name| (name.clone(), 0)).collect();
    loop {
        let taken = defs.iter().filter(|(name, def)| {
            let there = schemas.get(&named(entry, &names, name));
            there.is_some_and(|there| *there != redirected(entry, &names, def))
        });
        // What refers to another thing becomes another thing itself, so this may go on.
        let taken: Vec<String> = taken.map(|(name, _)| name.clone()).collect();
        if taken.is_empty() {
            break;
        }
        for name in taken {
            *names.entry(name).or_default() += 1;
        }
    }
    for (name, def) in &defs {
        schemas.insert(named(entry, &names, name), redirected(entry, &names, def));
    }
    redirected(entry, &names, &schema)
}

/// The name of a definition in the components: its own, then with the aggregate's before it, then with a number.
fn named(entry: &Entry, names: &BTreeMap<String, usize>, name: &str) -> String {
    match names.get(name) {
        None | Some(0) => name.to_owned(),
        Some(1) => format!("{}.{name}", entry.name),
        Some(nummer) => format!("{}.{name}{nummer}", entry.name),
    }
}

fn redirected(entry: &Entry, names: &BTreeMap<String, usize>, schema: &Value) -> Value {
    let member = |(key, value): (&String, &Value)| {
        let target = value.as_str().filter(|_| key == "$ref");
        let value = match target.and_then(|target| target.strip_prefix("#/$defs/")) {
            Some(name) => Value::from(format!("#/components/schemas/{}", named(entry, names, name))),
            None => redirected(entry, names, value),
        };
        (key.clone(), value)
    };
    match schema {
        Value::Object(map) => map.iter().map(member).collect(),
        Value::Array(items) => items.iter().map(|item| redirected(entry, names, item)).collect(),
        other => other.clone(),
    }
}
