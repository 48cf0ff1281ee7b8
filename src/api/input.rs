//! Reading what comes in: bodies, headers, ids. Every wrong input gets its own clear answer.

use axum::{
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{HeaderMap, HeaderValue, header},
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use uuid::Uuid;

use super::{json, problem::Problem};
use crate::commands::IfMatch;

/// Longest Idempotency-Key.
const KEY_LIMIT: usize = 255;

/// A body that could be received; `too_large` says what to do about one that is over its limit.
pub(super) fn received(body: Result<Bytes, BytesRejection>, too_large: &str) -> Result<Bytes, Problem> {
    body.map_err(|rejection| {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new("API_ZU_GROSS", 413, too_large)
        } else {
            Problem::new("EINGABE_UNGUELTIG", 400, "die Anfrage kam nicht vollständig an")
        }
    })
}

/// A header as text, trimmed; `None` if it is absent or empty. Text beyond ASCII comes as UTF-8; other bytes are refused,
/// not dropped.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
        let detail = format!("die Kopfzeile {name} ist nicht lesbar; bitte als UTF-8 senden");
        Problem::new("EINGABE_UNGUELTIG", 400, detail)
    })?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Refuses other content than the named types, and such as is packed; an absent Content-Type counts as JSON.
pub(super) fn content_type(headers: &HeaderMap, allowed: &[&str]) -> Result<(), Problem> {
    let packed = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .find(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if let Some(packed) = packed {
        let detail =
            format!("Content-Encoding {packed:?} wird nicht gelesen; bitte ungepackt senden, ohne diese Kopfzeile");
        return Err(Problem::new("API_FORMAT", 415, detail));
    }
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

/// A JSON value in normal form: no member twice, text NFC, without NUL. `line` is the number of its first line.
pub(super) fn json(bytes: &[u8], line: usize) -> Result<Value, Problem> {
    let mut value = json::read(bytes, line)?;
    normalise(&mut value)?;
    Ok(value)
}

/// The elements of a JSON array in normal form; `None` if there are more than `limit`.
pub(super) fn list(bytes: &[u8], limit: usize) -> Result<Option<Vec<Value>>, Problem> {
    let mut list = json::read_list(bytes, limit)?;
    list.iter_mut().flatten().try_for_each(normalise)?;
    Ok(list)
}

/// The fields of a command: an object, or nothing for a command without fields.
pub(super) fn fields(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match json(bytes, 1)? {
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

/// An id that the client chose for a new record: UUID v7 (or the derived v5 of a natural key).
pub(super) fn own_id(text: &str) -> Result<Uuid, Problem> {
    let id = uuid(text, "/id")?;
    if matches!(id.get_version_num(), 5 | 7) {
        return Ok(id);
    }
    let text = "eine eigene id muss eine UUID v7 sein";
    Err(aggregates::Refusal::input(422, "/id", "WERT_UNGUELTIG", text).into())
}

/// The id that the fields of a create bring.
pub(super) fn take_id(fields: &mut Map<String, Value>) -> Result<Option<Uuid>, Problem> {
    match fields.remove("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => own_id(&text).map(Some),
        Some(_) => {
            Err(aggregates::Refusal::input(400, "/id", "TYP_FALSCH", "die id ist eine UUID als Zeichenkette").into())
        }
    }
}

/// The condition of `If-Match`: `*`, or a list of entity tags (RFC 9110 section 13.1.1).
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    let lines: Vec<&[u8]> = headers
        .get_all(header::IF_MATCH)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&lines.join(&b","[..])).trim().to_owned();
    if text == "*" {
        return Ok(Some(IfMatch::Irgendeine));
    }
    // A list without a version could match nothing: who sends it has not seen what he asks about.
    let versions = tags(&text).filter(|versions| !versions.is_empty()).ok_or_else(|| {
        let detail = format!(
            "If-Match {text:?} nennt keine Version; erwartet wird der ETag des Datensatzes, die Version in \
             Anführungszeichen und ohne W/, z. B. \"7\", auch mehrere mit Komma, oder *"
        );
        Problem::new("EINGABE_UNGUELTIG", 400, detail)
    })?;
    Ok(Some(IfMatch::EineVon(versions)))
}

/// The versions that a list of entity tags names. Weak tags and such as this program never gave match nothing, since
/// the comparison is the strong one. A bare number is taken for its tag.
fn tags(text: &str) -> Option<Vec<i64>> {
    let mut versions = Vec::new();
    let mut rest = text;
    loop {
        let (weak, tag) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
        let tag = if let Some(quoted) = tag.strip_prefix('"') {
            let (tag, after) = quoted.split_once('"')?;
            rest = after.trim_start();
            tag
        } else {
            let (tag, _) = tag.split_once(',').unwrap_or((tag, ""));
            rest = rest.strip_prefix(tag)?;
            let tag = tag.trim();
            tag.parse::<i64>().ok().filter(|_| !weak)?;
            tag
        };
        let version = tag.parse().ok().filter(|version: &i64| version.to_string() == tag);
        versions.extend(version.filter(|_| !weak));
        if rest.is_empty() {
            return Some(versions);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// The Idempotency-Key, if the client sends one; one that cannot be told from others is refused.
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

/// Id of an element of a Stapel that came with an Idempotency-Key; never that of a single command.
pub(super) fn keyed_element_id(mandant_id: Uuid, caller: Uuid, key: &str, index: usize) -> Uuid {
    Uuid::new_v5(&mandant_id, format!("stapel/{caller}/{index}/{key}").as_bytes())
}

/// Hash of method, path and canonical body.
pub(super) fn request_hash(method: &str, path: &str, body: &Value) -> Vec<u8> {
    Sha256::new()
        .chain_update(method.as_bytes())
        .chain_update(b" ")
        .chain_update(path.as_bytes())
        .chain_update(b"\n")
        .chain_update(canonical(body))
        .finalize()
        .to_vec()
}

/// The canonical bytes of a value: the same however it was written down.
pub(super) fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_else(|_| value.to_string().into_bytes())
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
        if found.insert(name.to_owned(), Value::String(value.to_owned())).is_some() {
            let detail = format!("der Parameter {name} kommt zweimal; bitte einmal angeben");
            return Err(Problem::new("EINGABE_UNGUELTIG", 400, detail));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_that_comes_twice_is_refused() {
        let read = |query| flags(Some(query), &["probelauf", "modus"]);
        assert_eq!(read("probelauf=true&modus=atomar").unwrap().len(), 2);
        assert_eq!(read("probelauf=true&probelauf=false").unwrap_err().status(), 400);
    }

    #[test]
    fn if_match_takes_the_star_and_lists_and_compares_strongly() {
        let condition = |lines: &[&'static str]| {
            let lines = lines
                .iter()
                .map(|line| (header::IF_MATCH, HeaderValue::from_static(line)));
            let mut headers = HeaderMap::new();
            for (name, line) in lines {
                headers.append(name, line);
            }
            if_match(&headers).map_err(|problem| problem.status())
        };
        let one_of = |versions: &[i64]| Ok(Some(IfMatch::EineVon(versions.to_vec())));
        assert_eq!(condition(&[]), Ok(None));
        assert_eq!(condition(&["*"]), Ok(Some(IfMatch::Irgendeine)));
        assert_eq!(condition(&["\"7\""]), one_of(&[7]));
        assert_eq!(condition(&["7"]), one_of(&[7]));
        assert_eq!(condition(&["\"6\" ,\"7\""]), one_of(&[6, 7]));
        assert_eq!(condition(&["\"6\"", "\"7\""]), one_of(&[6, 7]));
        assert_eq!(condition(&["W/\"7\", \"8\", \"a,b\", \"08\""]), one_of(&[8]));
        for unreadable in [
            "W/\"7\"",
            "\"abc\"",
            "\"07\"",
            "",
            "sieben",
            "\"7",
            "\"7\" \"8\"",
            "*, \"7\"",
            "W/7",
            "\"7\",",
        ] {
            assert_eq!(condition(&[unreadable]), Err(400), "{unreadable:?}");
        }
    }
}
