//! What the columns of the state tables mean: the doc comments of the states' fields, as their JSON Schema has them.
//! Ledgers are described by hand in their migration.

use std::collections::BTreeMap;

use aggregates::{Entry, Registry};
use serde_json::Value;

use crate::{StateModel, Table, state_models};

/// The engine's columns of every head table.
const HEAD: &[(&str, &str)] = &[
    ("id", "Id of the record; its stream in the log"),
    ("version", "Number of its events; grows with every change"),
    ("log_position", "Position of its last event in the log of the company"),
    ("angelegt_am", "When its first event was recorded"),
    ("geaendert_am", "When its last event was recorded"),
    ("suche", "The searched columns, with umlauts and case folded"),
];

/// The comment of every column of every state table, by table and column.
#[must_use]
pub fn columns(registry: &Registry) -> BTreeMap<(String, String), String> {
    let mut comments = BTreeMap::new();
    for model in state_models() {
        let Some(entry) = registry.entry(model.typ) else {
            continue;
        };
        for table in model.tables {
            for (column, comment) in of_table(&model, entry, table) {
                comments.insert((table.name.to_owned(), column), comment);
            }
        }
    }
    comments
}

fn of_table(model: &StateModel, entry: &Entry, table: &Table) -> BTreeMap<String, String> {
    let mut comments = BTreeMap::new();
    let company = if entry.system {
        "The system's own company, the nil UUID"
    } else {
        "Company"
    };
    comments.insert("mandant_id".to_owned(), company.to_owned());
    if table.is_head() {
        comments.extend(HEAD.iter().map(|(c, text)| ((*c).to_owned(), (*text).to_owned())));
    } else {
        comments.insert(model.owner(), format!("Id of the {} it belongs to", entry.name));
    }
    let root = &entry.state_schema;
    let mut level = root;
    for (depth, field) in table.path.iter().enumerate() {
        level = element(root, level, field);
        // A level above the row gives its key only.
        if depth + 1 < table.path.len()
            && let Some((json, column)) = table.keys.get(depth)
            && let Some(text) = description(root, &level["properties"][*json])
        {
            comments.insert((*column).to_owned(), text);
        }
    }
    for (field, schema) in level["properties"].as_object().into_iter().flatten() {
        let own = table.split_keys().1.iter();
        let column = own
            .clone()
            .find(|(json, _)| json == field)
            .map_or(field.as_str(), |(_, c)| c);
        if let Some(text) = description(root, schema) {
            comments.insert(column.to_owned(), text);
        }
    }
    comments
}

/// The schema of the elements of a list field.
fn element<'a>(root: &'a Value, parent: &'a Value, field: &str) -> &'a Value {
    resolved(root, &parent["properties"][field]["items"])
}

/// Follows a reference into the definitions.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/"));
    name.map_or(schema, |name| &root["$defs"][name])
}

/// The doc comment of a field in one line, without the full stop.
fn description(root: &Value, schema: &Value) -> Option<String> {
    let own = schema["description"].as_str();
    let text = own.or_else(|| resolved(root, schema)["description"].as_str())?;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(line.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_children_and_grandchildren_say_what_their_columns_are() {
        let comments = columns(&aggregates::registry());
        let of = |table: &str, column: &str| comments.get(&(table.to_owned(), column.to_owned())).cloned();
        assert_eq!(of("dienste.mandant", "firma").as_deref(), Some("Registered name"));
        assert_eq!(
            of("dienste.mandant_stammdaten", "mandant").as_deref(),
            Some("Id of the Mandant it belongs to")
        );
        for (table, column) in [
            ("fibu.konto", "suche"),
            ("fibu.konto", "status"),
            ("fibu.buchungs_position", "betrag"),
            ("fibu.kontierung", "position_nr"),
            ("fibu.kontierung", "kst"),
        ] {
            assert!(
                of(table, column).is_some_and(|text| !text.is_empty()),
                "{table}.{column}"
            );
        }
        assert_eq!(of("fibu.kontierung", "konto"), None);
    }
}
