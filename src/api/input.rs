//! Reading what comes in: bodies, headers, ids. Every wrong input gets its own clear answer.

use axum::{
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{HeaderMap, header},
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use uuid::Uuid;

use super::problem::Problem;

/// Longest Idempotency-Key.
const KEY_LIMIT: usize = 255;

/// A body that could be received.
pub(super) fn received(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(
                "API_ZU_GROSS",
                413,
                "die Anfrage ist zu groß; bitte in kleinere Stapel teilen",
            )
        } else {
            Problem::new("EINGABE_UNGUELTIG", 400, "die Anfrage kam nicht vollständig an")
        }
    })
}

/// Refuses other content than the named types; an absent Content-Type counts as JSON.
pub(super) fn content_type(headers: &HeaderMap, allowed: &[&str]) -> Result<(), Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if allowed.iter().any(|a| essence.eq_ignore_ascii_case(a)) {
        return Ok(());
    }
    Err(Problem::new(
        "API_FORMAT",
        415,
        format!(
            "Content-Type {essence:?} wird nicht gelesen; möglich: {}",
            allowed.join(", ")
        ),
    ))
}

/// A JSON value in normal form: text NFC, without NUL.
pub(super) fn json(bytes: &[u8]) -> Result<Value, Problem> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            "EINGABE_UNGUELTIG",
            400,
            format!("kein lesbares JSON (Zeile {}, Spalte {})", error.line(), error.column()),
        )
    })?;
    normalise(&mut value)?;
    Ok(value)
}

/// The fields of a command: an object, or nothing for a command without fields.
pub(super) fn fields(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match json(bytes)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::new(
            "EINGABE_UNGUELTIG",
            400,
            "erwartet wird ein JSON-Objekt mit den Feldern des Befehls",
        )),
    }
}

fn normalise(value: &mut Value) -> Result<(), Problem> {
    match value {
        Value::String(text) => {
            if text.contains('\0') {
                return Err(Problem::new(
                    "EINGABE_UNGUELTIG",
                    400,
                    "das Zeichen U+0000 ist in Texten nicht erlaubt",
                ));
            }
            if !is_nfc(text) {
                *text = text.nfc().collect();
            }
        }
        Value::Array(items) => items.iter_mut().try_for_each(normalise)?,
        Value::Object(map) => map.values_mut().try_for_each(normalise)?,
        _ => {}
    }
    Ok(())
}

/// An id in a path or body.
pub(super) fn uuid(text: &str, feld: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text)
        .map_err(|_| aggregates::Refusal::input(400, feld, "WERT_UNGUELTIG", format!("{text:?} ist keine UUID")).into())
}

/// The id that a create brings: UUID v7 (or the derived v5 of a natural key).
pub(super) fn take_id(fields: &mut Map<String, Value>) -> Result<Option<Uuid>, Problem> {
    match fields.remove("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let id = uuid(&text, "/id")?;
            if matches!(id.get_version_num(), 5 | 7) {
                Ok(Some(id))
            } else {
                let text = "eine eigene id muss eine UUID v7 sein";
                Err(aggregates::Refusal::input(422, "/id", "WERT_UNGUELTIG", text).into())
            }
        }
        Some(_) => {
            Err(aggregates::Refusal::input(400, "/id", "TYP_FALSCH", "die id ist eine UUID als Zeichenkette").into())
        }
    }
}

/// The version of `If-Match`.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let version = text.trim_start_matches("W/").trim_matches('"');
    version.parse().map(Some).map_err(|_| {
        Problem::new(
            "EINGABE_UNGUELTIG",
            400,
            format!("If-Match {text:?} ist keine Version; erwartet z. B. \"7\""),
        )
    })
}

/// The Idempotency-Key.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str().map(str::trim) {
        Ok(key) if !key.is_empty() && key.len() <= KEY_LIMIT => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(
            "EINGABE_UNGUELTIG",
            400,
            format!("der Idempotency-Key muss 1 bis {KEY_LIMIT} druckbare ASCII-Zeichen haben"),
        )),
    }
}

/// Id of a command that came with an Idempotency-Key: the same caller and key give the same id.
pub(super) fn keyed_befehl_id(mandant_id: Uuid, caller: Uuid, key: &str) -> Uuid {
    Uuid::new_v5(&mandant_id, format!("schluessel/{caller}/{key}").as_bytes())
}

/// Hash of method, path and canonical body.
pub(super) fn request_hash(method: &str, path: &str, body: &Value) -> Vec<u8> {
    let canonical = serde_json_canonicalizer::to_vec(body).unwrap_or_else(|_| body.to_string().into_bytes());
    Sha256::new()
        .chain_update(method.as_bytes())
        .chain_update(b" ")
        .chain_update(path.as_bytes())
        .chain_update(b"\n")
        .chain_update(canonical)
        .finalize()
        .to_vec()
}

/// Flags of the query string; unknown parameters are refused, not ignored.
pub(super) fn flags(query: Option<&str>, allowed: &[&str]) -> Result<Map<String, Value>, Problem> {
    let mut found = Map::new();
    for pair in query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, "true"));
        if !allowed.contains(&name) {
            return Err(Problem::new(
                "EINGABE_UNGUELTIG",
                400,
                format!(
                    "den Parameter {name:?} gibt es hier nicht; möglich: {}",
                    allowed.join(", ")
                ),
            ));
        }
        found.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    Ok(found)
}

/// A yes-or-no parameter.
pub(super) fn flag(flags: &Map<String, Value>, name: &str) -> Result<bool, Problem> {
    match flags.get(name).and_then(Value::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Problem::new(
            "EINGABE_UNGUELTIG",
            400,
            format!("{name}={other} ist nicht erlaubt; true oder false"),
        )),
    }
}
