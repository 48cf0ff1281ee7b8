//! Every event shape ever released must deserialise for ever. One file per event and version in `tests/golden_events/`;
//! a released file is never changed. A new event without its file fails here, and the file it wants is written.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

use std::{fs, path::PathBuf};

use aggregates::registry::Stored;
use serde_json::{Map, Value, json};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden_events"))
}

/// A value that a schema allows, with all optional fields filled.
fn sample(schema: &Value, defs: &Value) -> Value {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return match name {
            "Akteur" => json!("dienst:golden"),
            "Iban" => json!("DE89370400440532013000"),
            _ => sample(&defs[name], defs),
        };
    }
    if let Some(example) = schema["examples"].as_array().and_then(|e| e.first()) {
        return example.clone();
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|e| e.first()) {
        return first.clone();
    }
    for alternatives in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema[alternatives]
            .as_array()
            .and_then(|a| a.iter().find(|s| s["type"] != "null"))
        {
            return sample(first, defs);
        }
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        other => vec![other.as_str().unwrap_or("object")],
    };
    match (kinds[0], schema["format"].as_str()) {
        ("object", _) => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            Value::Object(
                properties
                    .iter()
                    .map(|(name, s)| (name.clone(), sample(s, defs)))
                    .collect::<Map<_, _>>(),
            )
        }
        ("array", _) => json!([sample(&schema["items"], defs)]),
        ("integer", _) => json!(1),
        ("boolean", _) => json!(true),
        ("string", Some("uuid")) => json!("0190a000-0000-7000-8000-000000000001"),
        ("string", Some("date")) => json!("2026-03-01"),
        ("string", Some("date-time")) => json!("2026-03-01T08:00:00Z"),
        ("string", _) => {
            let most = schema["maxLength"].as_u64().unwrap_or(4).min(4);
            json!("Text"[..usize::try_from(most).unwrap()])
        }
        (other, _) => panic!("no sample for {other}: {schema}"),
    }
}

#[test]
fn every_event_has_its_golden_file() {
    let mut missing = Vec::new();
    for entry in aggregates::registry().entries() {
        let defs = entry.event_schema["$defs"].clone();
        for variant in entry.event_schema["oneOf"].as_array().unwrap() {
            let (name, fields) = variant["properties"].as_object().unwrap().iter().next().unwrap();
            let file = folder().join(format!("{}.{name}.v{}.json", entry.typ, entry.event_version(name)));
            if !file.exists() {
                let text = serde_json::to_string_pretty(&sample(fields, &defs)).unwrap();
                fs::create_dir_all(folder()).unwrap();
                fs::write(&file, text + "\n").unwrap();
                missing.push(file.display().to_string());
            }
        }
    }
    assert!(
        missing.is_empty(),
        "golden files were missing and are written now; read and commit them: {missing:#?}"
    );
}

#[test]
fn every_golden_event_deserialises_and_folds() {
    let registry = aggregates::registry();
    let mut count = 0;
    for file in fs::read_dir(folder()).unwrap().map(|f| f.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let [typ, event_type, version, "json"] = name.split('.').collect::<Vec<_>>()[..] else {
            panic!("{name}: the name is <aggregate_type>.<Event>.v<version>.json");
        };
        let entry = registry
            .entry(typ)
            .unwrap_or_else(|| panic!("{name}: unknown aggregate"));
        let payload: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let event_version = version.trim_start_matches('v').parse().unwrap();
        let stored = Stored {
            event_type,
            event_version,
            payload: &payload,
        };
        entry.read(stored).unwrap_or_else(|e| panic!("{name}: {e}"));
        entry
            .fold(&entry.empty(), &[stored])
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        count += 1;
    }
    assert!(count >= 60, "{count}");
}

#[test]
fn an_unknown_event_or_a_version_of_the_future_stops_the_reader() {
    let registry = aggregates::registry();
    let entry = registry.entry("buchung").unwrap();
    let payload = json!({});
    for (event_type, event_version) in [("Vergoldet", 1), ("Storniert", 9)] {
        assert!(
            entry
                .read(Stored {
                    event_type,
                    event_version,
                    payload: &payload
                })
                .is_err(),
            "{event_type}"
        );
    }
}
