//! OpenAPI 3.1 from the registry, and a page to try it that needs nothing from outside.

use std::sync::Arc;

use aggregates::registry::{CommandInfo, Entry};
use axum::{
    Json, Router,
    extract::State,
    http::header,
    response::{Html, IntoResponse},
    routing::get,
};
use serde_json::{Map, Value, json};

use super::App;

/// The page; plain HTML and JavaScript of the project's own.
const PAGE: &str = include_str!("docs.html");

/// Routes of the description.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/openapi.json", get(document))
        .route("/api/v1/openapi.json", get(document))
        .route(
            "/docs",
            get(|| async {
                let policy =
                    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'";
                ([(header::CONTENT_SECURITY_POLICY, policy)], Html(PAGE)).into_response()
            }),
        )
}

async fn document(State(app): State<Arc<App>>) -> Json<Value> {
    Json(build(&app))
}

/// The whole document.
#[must_use]
pub fn build(app: &App) -> Value {
    let mut schemas = shared_schemas();
    let mut paths = Map::new();
    for entry in app.store.registry().entries() {
        aggregate(app, entry, &mut paths, &mut schemas);
    }
    fixed_paths(&mut paths);
    super::reports::describe(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "VALEO NeuroERP",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Befehle, Listen, Historie und Berichte. Beträge und Mengen sind Dezimal-Zeichenketten (\"119.00\"), \
                Zeitpunkte UTC nach RFC 3339, Geschäftstage jjjj-mm-tt. Fehler sind application/problem+json mit stabilem code \
                und vorgang_id. Ein Schlüssel mit Kontingent bekommt RateLimit-Limit, -Remaining und -Reset genannt, und 429 mit Retry-After.",
        },
        "security": [{"schluessel": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"schluessel": {"type": "http", "scheme": "bearer", "description": "API-Schlüssel"}},
            "schemas": schemas,
            "parameters": parameters(),
        },
    })
}

/// Moves a schema's `$defs` into the components and points its references there.
fn lift(mut schema: Value, schemas: &mut Map<String, Value>) -> Value {
    if let Some(Value::Object(defs)) = schema.as_object_mut().and_then(|o| o.remove("$defs")) {
        for (name, def) in defs {
            let def = lift(def, schemas);
            schemas.entry(name).or_insert(def);
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    redirect(&mut schema);
    schema
}

fn redirect(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#/components/schemas/{name}");
            }
            map.values_mut().for_each(redirect);
        }
        Value::Array(items) => items.iter_mut().for_each(redirect),
        _ => {}
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn problem(description: &str) -> Value {
    json!({"description": description, "content": {"application/problem+json": {"schema": reference("Problem")}}})
}

fn problems() -> Map<String, Value> {
    let list = [
        ("400", "nicht lesbar: unbekanntes Feld, falscher Typ"),
        ("401", "kein oder ungültiger Schlüssel"),
        ("403", "Recht fehlt"),
        ("404", "gibt es nicht"),
        ("409", "im jetzigen Zustand nicht möglich, oder Schlüssel vergeben"),
        ("412", "If-Match: inzwischen geändert"),
        ("413", "zu groß"),
        ("415", "Content-Type wird nicht gelesen"),
        ("422", "von einer Geschäftsregel abgelehnt"),
        (
            "429",
            "Kontingent des Schlüssels verbraucht (API_RATE, API_KONTINGENT); Retry-After beachten",
        ),
        ("503", "zurzeit nicht möglich; Retry-After beachten"),
    ];
    list.iter()
        .map(|(status, text)| ((*status).to_owned(), problem(text)))
        .collect()
}

fn tag(entry: &Entry) -> Value {
    json!([format!("{} · {}", entry.bereich.as_str(), entry.name)])
}

fn aggregate(app: &App, entry: &Entry, paths: &mut Map<String, Value>, schemas: &mut Map<String, Value>) {
    let base = format!("/api/v1/{}/{}", entry.bereich.as_str(), entry.ressource);
    let state = lift(entry.state_schema.clone(), schemas);
    schemas.insert(entry.name.to_owned(), state);
    let filter = app.models.by_type.get(entry.typ).map_or(&[][..], |m| m.filter);
    let mut collection = Map::new();
    collection.insert("get".to_owned(), list(entry, filter));
    for command in entry.commands.iter().filter(|c| !c.internal) {
        let schema = lift(command.schema.clone(), schemas);
        if command.name == entry.create {
            collection.insert("post".to_owned(), operation(entry, command, schema, true));
        } else {
            let path = format!("{base}/{{id}}/{}", command.segment);
            paths.insert(
                path,
                json!({"parameters": [parameter("id")], "post": operation(entry, command, schema, false)}),
            );
        }
    }
    paths.insert(base.clone(), Value::Object(collection));
    paths.insert(
        format!("{base}/{{id}}"),
        json!({"parameters": [parameter("id")], "get": {
            "tags": tag(entry), "summary": format!("{} mit allen Unterdaten", entry.name),
            "parameters": [parameter("mandant")],
            "responses": {"200": {"description": "Datensatz; ETag ist die Version",
                "content": {"application/json": {"schema": reference(entry.name)}}}, "404": problem("gibt es nicht")},
        }}),
    );
    paths.insert(
        format!("{base}/{{id}}/ereignisse"),
        json!({"parameters": [parameter("id")], "get": {
            "tags": tag(entry), "summary": "Historie: was, wann, wer, warum, was sich änderte",
            "parameters": [parameter("mandant"), parameter("limit"), query("ab_version", "integer", "erst ab dieser Version")],
            "responses": {"200": {"description": "Ereignisse in Reihenfolge", "content": {"application/json": {"schema": {"type": "object"}}}},
                "404": problem("gibt es nicht")},
        }}),
    );
    paths.insert(
        format!("{base}/{{id}}/zustand"),
        json!({"parameters": [parameter("id")], "get": {
            "tags": tag(entry), "summary": "Zustand zu einer Version, einem Zeitpunkt oder einer Position",
            "parameters": [parameter("mandant"), query("version", "integer", "Version"), query("zeitpunkt", "string", "RFC 3339"),
                query("position", "integer", "Position im Journal der Firma")],
            "responses": {"200": {"description": "Zustand", "content": {"application/json": {"schema": {"type": "object"}}}},
                "404": problem("gab es damals nicht")},
        }}),
    );
}

fn query(name: &str, kind: &str, description: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": kind}, "description": description})
}

fn list(entry: &Entry, filter: &[&str]) -> Value {
    let mut list = vec![parameter("mandant")];
    list.extend(
        [
            "limit",
            "cursor",
            "sortierung",
            "suche",
            "felder",
            "gesamt",
            "ab_position",
        ]
        .map(parameter),
    );
    list.extend(filter.iter().map(|f| {
        query(
            f,
            "string",
            "gleich; auch feld[ne|lt|lte|gt|gte|in|zwischen|beginnt|leer]=wert",
        )
    }));
    json!({
        "tags": tag(entry), "summary": format!("Liste: {}", entry.ressource), "parameters": list,
        "responses": {"200": {"description": "Seite", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "daten": {"type": "array", "items": {"type": "object"}},
            "weiter": {"type": ["string", "null"], "description": "cursor der nächsten Seite"},
            "gesamt": {"type": "integer"}}}}}}, "400": problem("unbekannter Filter oder Cursor")},
    })
}

fn operation(entry: &Entry, command: &CommandInfo, mut schema: Value, create: bool) -> Value {
    let mut responses = problems();
    let status = if create { "201" } else { "200" };
    if create && let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "id".to_owned(),
            json!({"type": "string", "format": "uuid", "description": "eigene UUID v7"}),
        );
    }
    responses.insert(
        status.to_owned(),
        json!({"description": "ausgeführt und dauerhaft", "content": {"application/json": {"schema": reference("Antwort")}}}),
    );
    let stufe: &str = command.stufe.into();
    json!({
        "tags": tag(entry),
        "operationId": format!("{}.{}", entry.typ, command.segment),
        "summary": format!("{}.{}", entry.name, command.name),
        "description": format!("{}\n\nRecht: {}.{}:{stufe}", command.description, entry.bereich.as_str(), entry.typ),
        "parameters": [parameter("mandant"), parameter("idempotenz"), parameter("if_match"), parameter("grund"), parameter("korrelation"), parameter("probelauf")],
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
        "responses": responses,
    })
}

fn parameters() -> Value {
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "schema": {"type": "string"}, "description": description});
    json!({
        "id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}},
        "mandant": header("X-Mandant", "Firma: UUID oder Kürzel; bei Daten des Systems nicht nötig"),
        "idempotenz": header("Idempotency-Key", "derselbe Schlüssel wirkt nur einmal; 1 bis 255 Zeichen"),
        "if_match": header("If-Match", "Version, die der Benutzer gesehen hat, z. B. \"7\"; auch mehrere mit Komma, oder * (es gibt den Datensatz)"),
        "grund": header("X-Grund", "Begründung, UTF-8, höchstens 500 Zeichen; steht in den Ereignissen und ihrer Historie"),
        "korrelation": header("X-Correlation-Id", "vorgang_id, UUID"),
        "probelauf": query("probelauf", "boolean", "nur zeigen, welche Ereignisse entstünden"),
        "limit": query("limit", "integer", "1 bis 200, sonst 50"),
        "cursor": query("cursor", "string", "aus „weiter“ der vorigen Seite"),
        "sortierung": query("sortierung", "string", "z. B. -datum,nummer"),
        "suche": query("suche", "string", "Volltext, tippfehlertolerant"),
        "felder": query("felder", "string", "nur diese Spalten, mit Komma"),
        "gesamt": query("gesamt", "boolean", "auch die Gesamtzahl"),
        "ab_position": query("ab_position", "integer", "wartet bis zu 5 s, bis diese Position gesehen ist"),
    })
}

fn shared_schemas() -> Map<String, Value> {
    let schemas = json!({
        "Antwort": {"type": "object", "required": ["id", "version", "position", "ereignisse"], "properties": {
            "id": {"type": "string", "format": "uuid"}, "version": {"type": "integer"},
            "position": {"type": "integer", "description": "letzte Position im Journal, für ab_position"},
            "ereignisse": {"type": "array", "items": {"type": "string"}}, "nummer": {"type": "string"},
            "warnungen": {"type": "array", "items": {"type": "object", "properties": {"code": {"type": "string"}, "meldung": {"type": "string"}}}},
            "einmalig": {"type": "object", "description": "nur in dieser Antwort, z. B. der Klartext eines Schlüssels"}}},
        "Problem": {"type": "object", "required": ["type", "title", "status", "code", "detail", "vorgang_id"], "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "code": {"type": "string", "description": "stabil, z. B. PERIODE_FESTGESCHRIEBEN"}, "detail": {"type": "string"},
            "daten": {"type": "object"}, "vorgang_id": {"type": "string", "format": "uuid"},
            "felder": {"type": "array", "items": {"type": "object", "properties": {
                "feld": {"type": "string", "description": "JSON Pointer"}, "code": {"type": "string"}, "meldung": {"type": "string"}}}}}},
        "StapelElement": {"type": "object", "required": ["bereich", "ressource", "befehl"], "additionalProperties": false, "properties": {
            "bereich": {"type": "string"}, "ressource": {"type": "string"}, "id": {"type": "string", "format": "uuid"},
            "befehl": {"type": "string"}, "daten": {"type": "object"}, "if_match": {"type": "integer"}}},
    });
    match schemas {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn fixed_paths(paths: &mut Map<String, Value>) {
    let ok = |text: &str| json!({"200": {"description": text, "content": {"application/json": {"schema": {"type": "object"}}}}});
    let stapel = json!({"tags": ["Stapel"], "operationId": "stapel", "summary": "viele Befehle auf einmal",
        "description": "JSON-Feld oder NDJSON. atomar: alles oder nichts, bis 500; einzeln: jeder für sich, in Reihenfolge, bis 10 000 (207). \
            Ein Probelauf prüft immer wie atomar und zeigt bei jedem Befehl seine eigenen Ereignisse.",
        "parameters": [parameter("mandant"), parameter("idempotenz"), parameter("grund"), parameter("korrelation"), query("modus", "string", "atomar oder einzeln"), parameter("probelauf")],
        "requestBody": {"required": true, "content": {
            "application/json": {"schema": {"type": "array", "items": reference("StapelElement")}},
            "application/x-ndjson": {"schema": reference("StapelElement")}}},
        "responses": {"200": {"description": "atomar: eine Antwort je Befehl"}, "207": {"description": "einzeln: eine Antwort je Befehl"},
            "422": problem("abgelehnt; daten.index nennt das Element")}});
    paths.insert("/api/v1/stapel".to_owned(), json!({"post": stapel}));
    let log = json!({"tags": ["Journal"], "summary": "das Journal selbst, in Reihenfolge ohne Lücke",
        "parameters": [parameter("mandant"), query("ab", "integer", "ab dieser Position, einschließlich"), parameter("limit"), query("typ", "string", "Aggregattyp")],
        "responses": ok("Seite")});
    paths.insert("/api/v1/ereignisse".to_owned(), json!({"get": log}));
    let stream = json!({"tags": ["Journal"], "summary": "das Journal als Server-Sent Events; Last-Event-ID setzt fort",
        "parameters": [parameter("mandant"), query("ab", "integer", "ab dieser Position, einschließlich")],
        "responses": {"200": {"description": "Ereignisse", "content": {"text/event-stream": {}}}}});
    paths.insert("/api/v1/ereignisse/stream".to_owned(), json!({"get": stream}));
    for (path, text) in [
        ("/health/live", "läuft"),
        ("/health/ready", "bereit"),
        ("/openapi.json", "dieses Dokument"),
    ] {
        paths.insert(
            path.to_owned(),
            json!({"get": {"tags": ["Betrieb"], "summary": text, "security": [], "responses": ok(text)}}),
        );
    }
    let metrics = json!({"tags": ["Betrieb"], "summary": "Kennzahlen für Prometheus", "security": [],
        "responses": {"200": {"description": "Text", "content": {"text/plain": {}}}}});
    paths.insert("/metrics".to_owned(), json!({"get": metrics}));
}
