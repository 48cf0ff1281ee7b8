//! What an event changed: the folded state's JSON before and after, field by field.

use std::collections::HashMap;

use projections::{StateModel, Table};
use serde::Serialize;
use serde_json::Value;

/// One changed field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// JSON pointer into the state; an element that went away is named by its old place.
    pub feld: String,
    /// Value before; null if there was none.
    pub alt: Value,
    /// Value after; null if there is none.
    pub neu: Value,
}

/// The key fields of the elements of each list, by the list's path (`positionen/kontierung`).
pub type ListKeys = HashMap<String, Vec<&'static str>>;

/// The keys that a read model declares for its children.
pub(super) fn list_keys(model: &StateModel) -> ListKeys {
    let children = model.tables.iter().filter(|t| !t.is_head());
    let own = |t: &Table| t.split_keys().1.iter().map(|(field, _)| *field).collect();
    children.map(|t| (t.path.join("/"), own(t))).collect()
}

/// The changes from one state to the next; the first one is compared with nothing. What stayed empty is no change, but a
/// value that happens to be the default of its type (`false`, the first word of an enum) was set like any other.
#[must_use]
pub fn changes(old: &Value, new: &Value, keys: &ListKeys) -> Vec<Change> {
    let mut found = Vec::new();
    compare(Some(old), Some(new), "", "", keys, &mut found);
    found.retain(|c| !(is_empty(&c.alt) && is_empty(&c.neu)));
    found
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn compare(
    old: Option<&Value>,
    new: Option<&Value>,
    pointer: &str,
    path: &str,
    keys: &ListKeys,
    found: &mut Vec<Change>,
) {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let gone = old.keys().filter(|name| !new.contains_key(*name));
            for name in new.keys().chain(gone) {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}/{name}")
                };
                compare(old.get(name), new.get(name), &pointer, &path, keys, found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            if let Some(own) = keys.get(path).filter(|own| !own.is_empty()) {
                by_key(old, new, own, pointer, path, keys, found);
            } else {
                for i in 0..old.len().max(new.len()) {
                    compare(old.get(i), new.get(i), &format!("{pointer}/{i}"), path, keys, found);
                }
            }
        }
        _ => {
            let [alt, neu] = [old, new].map(|value| value.cloned().unwrap_or(Value::Null));
            if alt != neu {
                found.push(Change {
                    feld: pointer.to_owned(),
                    alt,
                    neu,
                });
            }
        }
    }
}

/// Elements are the same if their key is, wherever they stand.
fn by_key(
    old: &[Value],
    new: &[Value],
    own: &[&str],
    pointer: &str,
    path: &str,
    keys: &ListKeys,
    found: &mut Vec<Change>,
) {
    let equal = |one: &Value, other: &Value| own.iter().all(|key| one.get(key) == other.get(key));
    let same = |list: &[Value], element: &Value| list.iter().position(|e| equal(e, element));
    for (i, element) in new.iter().enumerate() {
        let before = same(old, element).and_then(|j| old.get(j));
        compare(before, Some(element), &format!("{pointer}/{i}"), path, keys, found);
    }
    for (i, element) in old.iter().enumerate() {
        if same(new, element).is_none() {
            compare(Some(element), None, &format!("{pointer}/{i}"), path, keys, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn diff(old: Value, new: Value) -> Vec<(String, Value, Value)> {
        let keys = ListKeys::from([
            ("positionen".to_owned(), vec!["nr"]),
            ("kennungen".to_owned(), vec!["art", "wert"]),
        ]);
        let changes = changes(&old, &new, &keys);
        changes.into_iter().map(|c| (c.feld, c.alt, c.neu)).collect()
    }

    #[test]
    fn a_changed_a_new_and_a_lost_field_have_one_line_each() {
        let found = diff(
            json!({"name": "alt", "ort": "Kiel", "fest": 1, "a": {"b": 1}}),
            json!({"name": "neu", "plz": "24103", "fest": 1, "a": {"b": 2}}),
        );
        assert_eq!(
            found,
            vec![
                ("/a/b".to_owned(), json!(1), json!(2)),
                ("/name".to_owned(), json!("alt"), json!("neu")),
                ("/plz".to_owned(), Value::Null, json!("24103")),
                ("/ort".to_owned(), json!("Kiel"), Value::Null),
            ]
        );
    }

    #[test]
    fn an_element_that_moves_up_is_not_a_change() {
        let found = diff(
            json!({"positionen": [{"nr": 1, "menge": "1"}, {"nr": 2, "menge": "2"}]}),
            json!({"positionen": [{"nr": 2, "menge": "3"}]}),
        );
        assert_eq!(
            found,
            vec![
                ("/positionen/0/menge".to_owned(), json!("2"), json!("3")),
                ("/positionen/0".to_owned(), json!({"nr": 1, "menge": "1"}), Value::Null),
            ]
        );
    }

    #[test]
    fn elements_are_the_same_if_all_fields_of_their_key_are() {
        let found = diff(
            json!({"kennungen": [{"art": "gtin", "wert": "1", "x": 1}]}),
            json!({"kennungen": [{"art": "alt", "wert": "1", "x": 2}, {"art": "gtin", "wert": "1", "x": 3}]}),
        );
        assert_eq!(
            found,
            vec![
                (
                    "/kennungen/0".to_owned(),
                    Value::Null,
                    json!({"art": "alt", "wert": "1", "x": 2})
                ),
                ("/kennungen/1/x".to_owned(), json!(1), json!(3)),
            ]
        );
    }

    #[test]
    fn lists_without_a_key_are_compared_by_place_and_names_are_escaped() {
        let found = diff(json!({"a/b": [1, 2]}), json!({"a/b": [1, 3, 4]}));
        assert_eq!(
            found,
            vec![
                ("/a~1b/1".to_owned(), json!(2), json!(3)),
                ("/a~1b/2".to_owned(), Value::Null, json!(4)),
            ]
        );
    }

    #[test]
    fn the_first_event_shows_what_it_set_and_not_what_was_empty_before() {
        let new = json!({"name": "Kiel", "ort": null, "zusatz": "", "lager": [], "status": "aktiv"});
        let found = changes(&json!({}), &new, &ListKeys::new());
        let fields: Vec<&str> = found.iter().map(|c| c.feld.as_str()).collect();
        assert_eq!(fields, ["/name", "/status"]);
    }

    #[test]
    fn the_first_event_shows_values_that_are_the_default_of_their_type() {
        let new = json!({"art": "manuell", "verbraucher": false, "periode": 0});
        let found = changes(&json!({}), &new, &ListKeys::new());
        let fields: Vec<&str> = found.iter().map(|c| c.feld.as_str()).collect();
        assert_eq!(fields, ["/art", "/periode", "/verbraucher"]);
    }
}
