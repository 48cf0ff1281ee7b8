//! The paths that do not depend on an aggregate: Stapel, log, operation.

use serde_json::{Map, Value, json};

use super::parts::{Operation, answer, page, reference, response};
use crate::api::log::RIGHT;

/// Adds these paths.
pub(super) fn describe(paths: &mut Map<String, Value>) {
    paths.insert("/api/v1/stapel".to_owned(), json!({"post": stapel()}));
    paths.insert("/api/v1/ereignisse".to_owned(), json!({"get": log()}));
    paths.insert("/api/v1/ereignisse/stream".to_owned(), json!({"get": stream()}));
    for (path, id, text, schema) in [
        (
            "/health/live",
            "lebt",
            "läuft",
            json!({"type": "object", "properties": {"status": {"const": "ok"}}}),
        ),
        ("/openapi.json", "openapi", "dieses Dokument", json!({"type": "object"})),
    ] {
        let operation =
            Operation::open("Betrieb", format!("betrieb.{id}"), text).answers("200", answer(text, &schema, &[]));
        paths.insert(path.to_owned(), json!({"get": operation.done()}));
    }
    paths.insert("/health/ready".to_owned(), json!({"get": ready()}));
    let text = response("Text", &json!({"text/plain": {"schema": {"type": "string"}}}), &[]);
    let metrics = Operation::open("Betrieb", "betrieb.metrics", "Kennzahlen für Prometheus").answers("200", text);
    paths.insert("/metrics".to_owned(), json!({"get": metrics.done()}));
}

fn ready() -> Value {
    let schema = json!({"type": "object", "properties": {
        "status": {"enum": ["ok", "eingeschraenkt", "nicht_bereit"]}, "datenbank": {"type": "string"},
        "angehalten": {"type": "array", "description": "Kontobücher, die an einem Ereignis stehen", "items": {"type": "object",
            "properties": {"projektion": {"type": "string"}, "mandant_id": {"type": "string", "format": "uuid"}}}}}});
    Operation::open("Betrieb", "betrieb.bereit", "bereit")
        .answers("200", answer("bereit", &schema, &[]))
        .answers("503", answer("die Datenbank antwortet nicht", &schema, &[]))
        .done()
}

fn stapel() -> Value {
    let answers = json!({"type": "array", "items": reference("AntwortImStapel")});
    Operation::new("Stapel", "stapel", "viele Befehle auf einmal")
        .about(
            "JSON-Feld oder NDJSON. atomar: alles oder nichts, bis 500; einzeln: jeder für sich, in Reihenfolge, bis 10 000 (207). \
             Ein Probelauf antwortet wie die Ausführung, zeigt bei jedem Befehl seine eigenen Ereignisse und schreibt nichts; was ein Element schriebe, sehen die nach ihm. \
             Fragt ein Element ein Kontobuch, nachdem andere vor ihm etwas schrieben, lässt der Probelauf von einzeln es offen (PROBELAUF_OFFEN), und atomar lehnt ab (STAPEL_KONTOBUCH_OFFEN): den Stapel vor ihm teilen oder modus=einzeln. Eine Ablehnung von atomar nennt in daten.index das Element. \
             Idempotent-Replayed: nichts wurde jetzt ausgeführt, alles Angenommene ist die erste Antwort noch einmal.\n\nRecht: das jedes einzelnen Befehls",
        )
        .takes(&["mandant_im_stapel", "idempotenz", "korrelation", "grund", "modus", "probelauf"])
        .body(json!({"required": true, "content": {
            "application/json": {"schema": {"type": "array", "items": reference("StapelElement")}},
            "application/x-ndjson": {"schema": reference("StapelElement")}}}))
        .answers("200", answer("atomar: eine Antwort je Befehl", &answers, &["Idempotent-Replayed"]))
        .answers("207", answer("einzeln: eine Antwort je Befehl, jede mit ihrem status", &answers, &["Idempotent-Replayed"]))
        .refused(&["408", "409", "412", "413", "415", "422"])
        .done()
}

fn reading(id: &str, summary: &str) -> Operation {
    Operation::new("Journal", id, summary)
        .right("dienste", RIGHT, "read")
        .takes(&["mandant_oder_system", "ab", "typ", "epoche"])
        .refused(&["409", "422"])
}

fn log() -> Value {
    let next = json!({"type": ["integer", "null"], "description": "„ab“ der nächsten Seite"});
    let epoch = json!({"epoche": {"type": "integer", "description": "steigt mit jeder Wiederherstellung"}});
    let schema = page(&reference("JournalEreignis"), &next, &epoch);
    reading("journal.seite", "das Journal selbst, in Reihenfolge ohne Lücke")
        .takes(&["limit"])
        .answers("200", answer("Seite", &schema, &["X-Position"]))
        .done()
}

fn stream() -> Value {
    let content = json!({"text/event-stream": {"schema": {"type": "string",
        "description": "je Ereignis eine Meldung: id ist die Position, data ein JournalEreignis; „event: fehler“ mit einem Problem beendet den Strom"}}});
    reading("journal.strom", "das Journal als Server-Sent Events; Last-Event-ID setzt fort")
        .about("Ohne „ab“ und Last-Event-ID kommt, was von jetzt an geschieht. Ein Strom endet nach einer Viertelstunde; der Leser setzt fort.")
        .takes(&["last_event_id"])
        .answers("200", response("Ereignisse, sobald sie geschehen", &content, &[]))
        .done()
}
