//! The byte form of an event and its hashes (spec/compliance.md section 6.1 with the day-one rules of design.md).
//! It can never change within v1: golden vectors guard it.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Canonical JSON (RFC 8785) of a value.
pub fn canonical(value: &Value) -> Result<String, serde_json::Error> {
    serde_json_canonicalizer::to_string(value)
}

/// The header of an event, rebuilt from typed columns.
#[derive(Debug, Clone)]
pub struct Kopf<'a> {
    /// Company.
    pub mandant_id: Uuid,
    /// Position, 1-based; the leaf index is one less.
    pub position: i64,
    /// Aggregate name in CamelCase.
    pub name: &'a str,
    /// Stream.
    pub aggregate_id: Uuid,
    /// Place in the stream.
    pub version: i64,
    /// Name of the event.
    pub event_type: &'a str,
    /// Version of its form.
    pub event_version: u16,
    /// UUID v7.
    pub event_id: Uuid,
    /// erfasst_am.
    pub recorded_at: DateTime<Utc>,
    /// `benutzer:<uuid>` or `dienst:<name>`.
    pub actor: &'a str,
    /// Event that caused this one.
    pub cause: Option<Uuid>,
    /// The request's vorgang_id.
    pub correlation: Uuid,
    /// Hash of payload, meta and salt: the header proves them without showing them.
    pub daten_hash: [u8; 32],
}

impl Kopf<'_> {
    /// The header as JSON, member set of v1.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "v": 1,
            "blatt": (self.position - 1).to_string(),
            "mandant": self.mandant_id,
            "strom": format!("{}-{}", self.name, self.aggregate_id),
            "nr": self.version.to_string(),
            "typ": format!("{}.{}", self.name, self.event_type),
            "schema": self.event_version,
            "id": self.event_id,
            "zeit": self.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "akteur": self.actor,
            "ursache": self.cause,
            "korrelation": self.correlation,
            "daten_hash": hex::encode(self.daten_hash),
        })
    }

    /// Leaf of the Merkle tree.
    pub fn leaf_hash(&self) -> Result<[u8; 32], serde_json::Error> {
        Ok(leaf_of(&canonical(&self.to_json())?))
    }
}

fn leaf_of(kopf_jcs: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update([0_u8])
        .chain_update(b"valeo-ereignis-v1\n")
        .chain_update(kopf_jcs.as_bytes())
        .finalize()
        .into()
}

/// Hash of an event's data. `payload` and `meta` are canonical JSON texts; members stand in the order of RFC 8785.
#[must_use]
pub fn daten_hash(payload: &str, meta: &str, salt: &[u8; 16]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"valeo-daten-v1\n{\"inhalt\":")
        .chain_update(payload.as_bytes())
        .chain_update(b",\"meta\":")
        .chain_update(meta.as_bytes())
        .chain_update(b",\"salz\":\"")
        .chain_update(BASE64.encode(salt).as_bytes())
        .chain_update(b"\"}")
        .finalize()
        .into()
}

/// Hash of any `daten` object, as the vectors have it.
pub fn daten_hash_of(daten: &Value) -> Result<[u8; 32], serde_json::Error> {
    let digest = Sha256::new()
        .chain_update(b"valeo-daten-v1\n")
        .chain_update(canonical(daten)?.as_bytes())
        .finalize();
    Ok(digest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Option<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/vectors/log-v1.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("SKIPPED: no test vectors at {path}");
            return None;
        };
        Some(serde_json::from_str(&text).expect("vectors are JSON"))
    }

    #[test]
    fn the_vector_of_the_data_hash_holds() {
        let daten = json!({"salz": "AAAAAAAAAAAAAAAAAAAAAA==", "inhalt": {"betrag": "100.50", "waehrung": "EUR", "text": "Erlöse € 0"}});
        assert_eq!(
            hex::encode(daten_hash_of(&daten).unwrap()),
            "88c70cc4ac1054086e4e185669779cb0e7c31e41729094d10156d0a555c363a4"
        );
    }

    #[test]
    fn the_vector_of_the_leaf_holds() {
        let Some(vectors) = vectors() else { return };
        let kopf = canonical(&vectors["ereignis0"]["kopf"]).unwrap();
        assert_eq!(kopf, vectors["jcs_kopf0"].as_str().unwrap());
        assert_eq!(hex::encode(leaf_of(&kopf)), vectors["blatt_hash"][0].as_str().unwrap());
    }

    #[test]
    fn the_header_has_the_member_set_of_v1_and_the_spelling_of_the_vectors() {
        let mut daten_hash = [0_u8; 32];
        hex::decode_to_slice(
            "88c70cc4ac1054086e4e185669779cb0e7c31e41729094d10156d0a555c363a4",
            &mut daten_hash,
        )
        .unwrap();
        let kopf = Kopf {
            mandant_id: Uuid::parse_str("0190a000-0000-7000-8000-000000000001").unwrap(),
            position: 1,
            name: "Buchung",
            aggregate_id: Uuid::nil(),
            version: 1,
            event_type: "Erfasst",
            event_version: 1,
            event_id: Uuid::parse_str("0190a000-0000-7000-8000-000000000000").unwrap(),
            recorded_at: DateTime::parse_from_rfc3339("2026-03-01T08:00:00Z").unwrap().to_utc(),
            actor: "benutzer:0190a000-0000-7000-8000-00000000000a",
            cause: None,
            correlation: Uuid::parse_str("0190a000-0000-7000-8000-00000000c0de").unwrap(),
            daten_hash,
        };
        let mut json = kopf.to_json();
        json["strom"] = json!("Buchung-0");
        assert_eq!(
            hex::encode(leaf_of(&canonical(&json).unwrap())),
            "966137ad90142d138c7e4e331f2aacff8351c738f66e2af476f77db80b09beb4"
        );
    }

    #[test]
    fn the_data_hash_by_parts_equals_the_one_over_the_object() {
        let payload = json!({"text": "Erlöse \"Weizen\"", "a": "1.00"});
        let meta = json!({"befehl_id": "x"});
        let salt = [9_u8; 16];
        let whole = json!({"inhalt": payload, "meta": meta, "salz": BASE64.encode(salt)});
        assert_eq!(
            daten_hash(&canonical(&payload).unwrap(), &canonical(&meta).unwrap(), &salt),
            daten_hash_of(&whole).unwrap()
        );
    }
}
