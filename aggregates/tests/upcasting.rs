//! Old forms of events are brought to the current one step by step; unknown ones stop the reader.
#![allow(missing_docs)]

use aggregates::{
    Aggregate, Context, Decision, Entry,
    registry::Stored,
    types::{Bereich, Text},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A toy whose event `Benannt` had `name` in version 1, `vorname` and `nachname` in version 2, and has an `ort` now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Person {
    vorname: String,
    nachname: String,
    ort: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
enum PersonCommand {
    Benennen { vorname: Text<20>, nachname: Text<20> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
enum PersonEvent {
    Benannt {
        vorname: String,
        nachname: String,
        ort: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
enum PersonError {
    #[error("nie")]
    Nie {},
}

aggregates::wire!(Person, PersonCommand => PersonEvent | PersonError);

impl Aggregate for Person {
    const NAME: &'static str = "Person";
    const TYPE: &'static str = "person";
    const BEREICH: Bereich = Bereich::Crm;
    const RESSOURCE: &'static str = "personen";
    const CREATE: &'static str = "Benennen";
    type Command = PersonCommand;
    type Event = PersonEvent;
    type Error = PersonError;

    fn decide(&self, command: PersonCommand, _: &Context<'_>) -> Decision<Self> {
        let PersonCommand::Benennen { vorname, nachname } = command;
        if vorname.as_str() == "nie" {
            return Err(PersonError::Nie {}.into());
        }
        let (vorname, nachname) = (vorname.to_string(), nachname.to_string());
        Ok(vec![PersonEvent::Benannt {
            vorname,
            nachname,
            ort: "Emden".into(),
        }])
    }

    fn evolve(&mut self, event: PersonEvent) {
        let PersonEvent::Benannt { vorname, nachname, ort } = event;
        *self = Self { vorname, nachname, ort };
    }

    fn event_version(_: &str) -> u16 {
        3
    }

    fn upcast(event: &str, version: u16, mut payload: Value) -> Option<Value> {
        match (event, version) {
            ("Benannt", 1) => {
                let (vorname, nachname) = payload["name"].as_str()?.split_once(' ')?;
                Some(json!({"vorname": vorname, "nachname": nachname}))
            }
            ("Benannt", 2) => {
                payload["ort"] = json!("unbekannt");
                Some(payload)
            }
            _ => None,
        }
    }
}

fn fold(event_version: u16, payload: &Value) -> Result<Value, String> {
    let entry = Entry::of::<Person>();
    let stored = Stored {
        event_type: "Benannt",
        event_version,
        payload,
    };
    entry
        .fold(&entry.empty(), &[stored])
        .map(|state| entry.to_json(&state))
        .map_err(|e| e.to_string())
}

#[test]
fn every_released_form_folds_to_the_same_state() {
    let wanted = json!({"vorname": "Onno", "nachname": "Harms", "ort": "unbekannt"});
    assert_eq!(fold(1, &json!({"name": "Onno Harms"})).unwrap(), wanted);
    assert_eq!(
        fold(2, &json!({"vorname": "Onno", "nachname": "Harms"})).unwrap(),
        wanted
    );
    assert_eq!(fold(3, &wanted).unwrap(), wanted);
}

#[test]
fn a_form_of_the_future_or_a_broken_one_stops_the_reader() {
    assert!(fold(4, &json!({})).unwrap_err().contains("up to version 3"));
    assert!(
        fold(1, &json!({"name": "Onno"}))
            .unwrap_err()
            .contains("no upcaster from version 1")
    );
    assert!(fold(3, &json!({"vorname": "Onno"})).is_err());
}
