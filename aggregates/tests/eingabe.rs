#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test the panic is the report")]
//! What a client gets to read when his body is wrong: German, with a pointer, all fields at once.

use aggregates::{
    Refusal,
    context::Context,
    registry::{CommandInfo, Entry, NotDecided},
    testing::World,
};
use serde_json::{Value, json};

/// Words of the JSON reader that no German text needs.
const ENGLISCH: &[&str] = &[
    "a", "and", "expected", "failed", "field", "found", "input", "integer", "invalid", "length", "map", "missing",
    "of", "one", "or", "parsing", "sequence", "string", "struct", "the", "type", "unknown", "value", "variant", "with",
];

fn abgelehnt(entry: &Entry, command: &str, fields: &Value) -> Option<Refusal> {
    let welt = World::new();
    let ctx = Context::new(welt.id, 1, &welt.frame, &welt);
    match entry.decide(&entry.empty(), json!({ command: fields }), ctx) {
        Err(NotDecided::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

fn buchung(fields: &Value) -> Refusal {
    let registry = aggregates::registry();
    abgelehnt(registry.entry("buchung").unwrap(), "Erfassen", fields).unwrap()
}

/// Bodies with one wrong value for every field that a schema names, also in lists and nested objects.
fn falsche(schema: &Value, wurzel: &Value) -> Vec<Value> {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => wurzel.pointer(&reference[1..]).unwrap(),
        None => schema,
    };
    let mut werte = vec![
        json!(null),
        json!(true),
        json!(1.5),
        json!(99_999_999_999_i64),
        json!("§"),
        json!("x".repeat(3000)),
        json!([]),
        json!({"gibtsnicht": 1}),
    ];
    for variante in schema["anyOf"].as_array().into_iter().flatten() {
        werte.extend(falsche(variante, wurzel));
    }
    for (name, unter) in schema["properties"].as_object().into_iter().flatten() {
        werte.extend(falsche(unter, wurzel).into_iter().map(|wert| json!({ name: wert })));
    }
    if let Some(element) = schema.get("items") {
        werte.extend(falsche(element, wurzel).into_iter().map(|wert| json!([wert])));
    }
    werte
}

/// The words outside of quotations.
fn woerter(text: &str) -> Vec<String> {
    let mut frei = String::new();
    let mut zitat = false;
    for c in text.chars() {
        zitat = (zitat || c == '„') && c != '“';
        frei.push(if zitat { ' ' } else { c });
    }
    let worte = frei.split(|c: char| !c.is_alphanumeric() && c != '_');
    worte.map(str::to_lowercase).collect()
}

fn ist_deutsch(entry: &Entry, command: &CommandInfo, body: &Value) -> usize {
    let Some(refusal) = abgelehnt(entry, &command.name, body) else {
        return 0;
    };
    for text in refusal.felder.iter().map(|f| &f.meldung).chain([&refusal.detail]) {
        let englisch: Vec<String> = woerter(text)
            .into_iter()
            .filter(|w| ENGLISCH.contains(&w.as_str()))
            .collect();
        assert!(
            englisch.is_empty(),
            "{} {} {body}: {englisch:?} in {text}",
            entry.name,
            command.name
        );
        assert!(!text.contains('`') && !text.contains("Wert ungültig"), "{text}");
    }
    let ungenau = refusal.felder.iter().any(|f| f.code == "UNLESBAR");
    assert!(!ungenau, "{} {} {body}: {refusal}", entry.name, command.name);
    1
}

#[test]
fn keine_ablehnung_eines_falschen_feldes_spricht_englisch() {
    let mut geprueft = 0;
    for entry in aggregates::registry().entries() {
        for command in &entry.commands {
            for body in falsche(&command.schema, &command.schema) {
                geprueft += ist_deutsch(entry, command, &body);
            }
        }
    }
    assert!(geprueft > 1000, "{geprueft}");
}

#[test]
fn alle_falschen_felder_kommen_zusammen() {
    let refusal = buchung(&json!({
        "belegkreis": 7, "belegdatum": "2026-02-30", "text": "x".repeat(201), "farbe": "rot", "periode": 300,
        "buchungsart": "quatsch",
        "zeilen": [{"seite": "links", "betrag": true, "konto": null}, {"seite": "soll", "betrag": "1.00", "kst": 1}],
    }));
    assert_eq!((refusal.code.as_str(), refusal.status), ("EINGABE_UNGUELTIG", 400));
    let mut felder: Vec<(&str, &str)> = refusal
        .felder
        .iter()
        .map(|f| (f.feld.as_str(), f.code.as_str()))
        .collect();
    felder.sort_unstable();
    assert_eq!(
        felder,
        [
            ("/belegdatum", "WERT_UNGUELTIG"),
            ("/belegkreis", "TYP_FALSCH"),
            ("/buchungsart", "WERT_UNBEKANNT"),
            ("/buchungsdatum", "FELD_FEHLT"),
            ("/farbe", "FELD_UNBEKANNT"),
            ("/periode", "WERT_UNGUELTIG"),
            ("/text", "WERT_UNGUELTIG"),
            ("/zeilen/0/betrag", "TYP_FALSCH"),
            ("/zeilen/0/seite", "WERT_UNBEKANNT"),
            ("/zeilen/1/kst", "TYP_FALSCH"),
        ]
    );
}

#[test]
fn lesbare_aber_falsche_werte_sind_422() {
    let mut body = json!({
        "belegkreis": "", "belegdatum": "2026-02-01", "buchungsdatum": "2026-02-01", "text": "x".repeat(201),
        "zeilen": [{"seite": "soll", "betrag": 1.5}],
    });
    let refusal = buchung(&body);
    let felder: Vec<&str> = refusal.felder.iter().map(|f| f.feld.as_str()).collect();
    assert_eq!((refusal.status, felder), (422, vec!["/belegkreis", "/text"]));
    body["belegkreis"] = json!("KA");
    body["text"] = json!("x");
    let refusal = buchung(&body);
    assert_eq!(
        (refusal.status, refusal.felder[0].feld.as_str()),
        (422, "/zeilen/0/betrag")
    );
}

#[test]
fn ein_fehlender_grund_hat_seinen_eigenen_code() {
    let registry = aggregates::registry();
    let entry = registry.entry("buchung").unwrap();
    for body in [json!({}), json!({"grund": null}), json!({"grund": "  "})] {
        let refusal = abgelehnt(entry, "Stornieren", &body).unwrap();
        assert_eq!((refusal.code.as_str(), refusal.status), ("GRUND_FEHLT", 422), "{body}");
    }
    let mit_anderem = abgelehnt(entry, "Stornieren", &json!({"buchungsdatum": 1})).unwrap();
    assert_eq!(
        (mit_anderem.code.as_str(), mit_anderem.felder.len()),
        ("EINGABE_UNGUELTIG", 2)
    );
    assert!(
        mit_anderem
            .felder
            .iter()
            .any(|f| f.feld == "/grund" && f.code == "GRUND_FEHLT")
    );
    // A reason that is not required is a text like any other.
    let freiwillig = abgelehnt(registry.entry("konto").unwrap(), "Entsperren", &json!({"grund": ""})).unwrap();
    assert_eq!(freiwillig.code, "EINGABE_UNGUELTIG");
}
