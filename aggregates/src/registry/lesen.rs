//! Reads what a client sent, and says in German what cannot be read.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{refusal::Refusal, types::VALUE_MARK};

/// Reads what a client sent; errors name the field and say in German what is wrong. The pointer leaves out the first
/// `ohne` segments.
pub fn lesen<T: DeserializeOwned>(value: Value, ohne: usize) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let segments: Vec<String> = error.path().iter().map(ToString::to_string).collect();
        let pointer = segments
            .iter()
            .skip(ohne)
            .filter(|s| !s.is_empty() && *s != "?" && *s != ".")
            .fold(String::new(), |pointer, segment| {
                pointer + "/" + segment.trim_matches(['[', ']'])
            });
        let message = error.inner().to_string();
        if let Some(value_error) = message.strip_prefix(VALUE_MARK) {
            return Refusal::input(422, pointer, "WERT_UNGUELTIG", value_error);
        }
        let (code, text) = german(&message);
        Refusal::input(400, pointer, code, text)
    })
}

/// Turns the messages of the JSON reader into German ones.
fn german(message: &str) -> (&'static str, String) {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    let expected = message
        .split_once(", expected ")
        .map(|(_, e)| e.replace("one of ", ""))
        .unwrap_or_default();
    if message.starts_with("unknown field") {
        return (
            "FELD_UNBEKANNT",
            format!("das Feld „{}“ gibt es nicht; bekannt sind: {expected}", quoted(message)),
        );
    }
    if message.starts_with("missing field") {
        return ("FELD_FEHLT", format!("das Feld „{}“ fehlt", quoted(message)));
    }
    if message.starts_with("unknown variant") {
        return (
            "WERT_UNBEKANNT",
            format!("„{}“ ist nicht erlaubt; möglich sind: {expected}", quoted(message)),
        );
    }
    if message.starts_with("invalid type") {
        return ("TYP_FALSCH", format!("falscher Typ; erwartet wird {expected}"));
    }
    ("UNLESBAR", format!("nicht lesbar: {message}"))
}
