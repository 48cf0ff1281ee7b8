//! The conditions under which a command may meet its stream: what the user has seen, and that a new record is new.

use aggregates::{Entry, Refusal, StreamKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Order;

/// What the user must have seen of a stream (If-Match, RFC 9110 section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: that there is one.
    Irgendeine,
    /// One of these versions.
    EineVon(Vec<i64>),
}

impl IfMatch {
    fn erfuellt(&self, version: i64) -> bool {
        match self {
            Self::Irgendeine => version > 0,
            Self::EineVon(versionen) => versionen.contains(&version),
        }
    }

    /// The versions asked for, as data of a refusal: one as a number, several as a list.
    fn erwartet(&self) -> Value {
        match self {
            Self::Irgendeine => json!("*"),
            Self::EineVon(versionen) => match versionen.as_slice() {
                [eine] => json!(eine),
                mehrere => json!(mehrere),
            },
        }
    }
}

impl From<i64> for IfMatch {
    fn from(version: i64) -> Self {
        Self::EineVon(vec![version])
    }
}

/// Refuses a command whose condition does not hold at the stream's version.
pub(super) fn pruefen(entry: &Entry, order: &Order, version: i64, mandant_id: Uuid) -> Result<(), Refusal> {
    if let Some(expected) = order.if_match.as_ref().filter(|expected| !expected.erfuellt(version)) {
        let erwartet = expected.erwartet();
        return Err(Refusal::new(
            "VERSION_KONFLIKT",
            412,
            format!(
                "{} wurde inzwischen geändert (Version {version} statt {erwartet}); bitte neu laden",
                entry.name
            ),
            json!({"erwartet": erwartet, "ist": version}),
        ));
    }
    if order.create && version > 0 && !entry.create_continues {
        return Err(taken(entry, order, mandant_id));
    }
    Ok(())
}

/// A record to be created is there already: names what the client can change, the natural key if the id follows from it.
fn taken(entry: &Entry, order: &Order, mandant_id: Uuid) -> Refusal {
    let (name, id) = (entry.name, order.id);
    let (feld, wert, detail) = match entry.stream_key(&order.command) {
        Some(StreamKey { feld: Some(feld), wert }) => {
            let detail = format!("{name} „{wert}“ gibt es schon; bitte {feld} anders wählen oder {id} ändern");
            (feld, wert, detail)
        }
        Some(StreamKey { feld: None, .. }) => {
            let detail =
                format!("{name} gibt es je Firma nur einmal, hier schon als {id}; bitte diesen Datensatz ändern");
            ("mandant", mandant_id.to_string(), detail)
        }
        None => {
            let detail = format!("{name} mit der id {id} gibt es schon; bitte eine neue id wählen oder weglassen");
            ("id", id.to_string(), detail)
        }
    };
    Refusal::new("NUMMER_VERGEBEN", 409, detail, json!({"feld": feld, "wert": wert}))
}
