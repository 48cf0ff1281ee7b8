//! The paths of one aggregate: its commands, list, record, history and past states.

use aggregates::registry::{CommandInfo, Entry};
use projections::StateModel;
use serde_json::{Map, Value, json};

use super::{
    super::App,
    lift::{lift, row_name},
    parts::{Operation, answer, engine, page, parameter, query, reference},
};
use crate::queries::{
    catalog::{Column, Kind},
    list::{RESERVED, filter_columns},
};

/// Adds the paths and schemas of an aggregate.
pub(super) fn describe(app: &App, entry: &Entry, paths: &mut Map<String, Value>, schemas: &mut Map<String, Value>) {
    let base = format!("/api/v1/{}/{}", entry.bereich.as_str(), entry.ressource);
    let mut state = lift(entry, entry.state_schema.clone(), schemas);
    if let Some(state) = state.as_object_mut() {
        // The comment on the state as a whole is for the house; its fields speak for themselves.
        state.remove("description");
    }
    let model = app.models.by_type.get(entry.typ);
    schemas.insert(row_name(entry), row(app, model, &state));
    schemas.insert(entry.name.to_owned(), state);

    let mut collection = Map::new();
    if let Some(model) = model {
        let filters = filter_columns(model, &app.models.catalog);
        collection.insert("get".to_owned(), list(entry, &filters));
    }
    for command in entry.commands.iter().filter(|c| !c.internal) {
        let schema = lift(entry, command.schema.clone(), schemas);
        let operation = operation(entry, command, schema);
        if command.name == entry.create {
            collection.insert("post".to_owned(), operation);
        } else {
            let path = format!("{base}/{{id}}/{}", command.segment);
            paths.insert(path, of_record("post", &operation));
        }
    }
    paths.insert(base.clone(), Value::Object(collection));
    paths.insert(format!("{base}/{{id}}"), of_record("get", &record(entry)));
    paths.insert(format!("{base}/{{id}}/ereignisse"), of_record("get", &history(entry)));
    paths.insert(format!("{base}/{{id}}/zustand"), of_record("get", &past(entry)));
}

fn of_record(method: &str, operation: &Value) -> Value {
    json!({"parameters": [parameter("id")], method: operation})
}

/// The common beginning of an aggregate's operations.
fn begin(entry: &Entry, id: &str, summary: String) -> Operation {
    let tag = format!("{} · {}", entry.bereich.as_str(), entry.name);
    let operation = Operation::new(tag, format!("{}.{id}", entry.typ), summary);
    // What lives in the system Mandant needs no company.
    if entry.system {
        operation
    } else {
        operation.takes(&["mandant"])
    }
}

fn reading(entry: &Entry, id: &str, summary: String) -> Operation {
    begin(entry, id, summary).right(entry.bereich.as_str(), entry.typ, "read")
}

/// A row of a list: the columns of the head table, of which `felder` may leave some out.
fn row(app: &App, model: Option<&StateModel>, state: &Value) -> Value {
    let head = model.and_then(StateModel::head).map_or("", |table| table.name);
    let engine = engine();
    let columns = app.models.catalog.of(head).iter();
    let properties: Map<String, Value> = columns
        .filter(|column| !column.generated && column.name != "mandant_id")
        .map(|column| {
            let known = [&state["properties"], &engine]
                .into_iter()
                .find_map(|p| p.get(&column.name));
            (column.name.clone(), known.cloned().unwrap_or_else(|| json!({})))
        })
        .collect();
    json!({"type": "object", "required": ["id"], "properties": properties})
}

fn filter(column: &Column) -> Value {
    let schema = match column.kind {
        Kind::Uuid => json!({"type": "string", "format": "uuid"}),
        Kind::Date => json!({"type": "string", "format": "date"}),
        Kind::Integer => json!({"type": "integer"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Moment | Kind::Numeric | Kind::Text | Kind::Other => json!({"type": "string"}),
    };
    let name = &column.name;
    let text = format!(
        "gleich ({}); auch {name}[ne|lt|lte|gt|gte|in|zwischen|beginnt|leer]=wert",
        column.kind.expected()
    );
    query(name, &schema, false, &text)
}

fn list(entry: &Entry, filters: &[&Column]) -> Value {
    let rows = page(
        &reference(&row_name(entry)),
        &json!({"type": ["string", "null"], "description": "cursor der nächsten Seite"}),
        &json!({"gesamt": {"type": "integer", "description": "nur mit gesamt=true"}}),
    );
    reading(entry, "liste", format!("Liste: {}", entry.ressource))
        .takes(RESERVED)
        .with(filters.iter().map(|column| filter(column)))
        .answers("200", answer("Seite", &rows, &["X-Position"]))
        .refused(&["409", "422"])
        .done()
}

fn record(entry: &Entry) -> Value {
    let schema = json!({"allOf": [reference(entry.name), reference("Datensatz")]});
    reading(entry, "datensatz", format!("{} mit allen Unterdaten", entry.name))
        .takes(&["if_none_match"])
        .answers("200", answer("Datensatz", &schema, &["ETag", "X-Position"]))
        .answers(
            "304",
            json!({"description": "unverändert; ohne Inhalt", "headers": {
            "ETag": {"$ref": "#/components/headers/ETag"}, "X-Position": {"$ref": "#/components/headers/X-Position"}}}),
        )
        .done()
}

fn history(entry: &Entry) -> Value {
    let next = json!({"type": ["integer", "null"], "description": "ab_version der nächsten Seite"});
    let schema = page(&reference("Ereignis"), &next, &json!({}));
    reading(
        entry,
        "ereignisse",
        "Historie: was, wann, wer, warum, was sich änderte".to_owned(),
    )
    .takes(&["limit", "ab_version"])
    .answers("200", answer("Ereignisse in Reihenfolge", &schema, &["X-Position"]))
    .refused(&["422"])
    .done()
}

fn past(entry: &Entry) -> Value {
    let schema = json!({"type": "object", "required": ["id", "version", "position", "stand", "zustand"], "properties": {
        "id": {"type": "string", "format": "uuid"}, "version": {"type": "integer"}, "position": {"type": "integer"},
        "stand": {"type": "string", "format": "date-time", "description": "wann das letzte Ereignis erfasst wurde"},
        "zustand": reference(entry.name)}});
    reading(
        entry,
        "zustand",
        "Zustand zu einer Version, einem Zeitpunkt oder einer Position".to_owned(),
    )
    .takes(&["version", "zeitpunkt", "position"])
    .answers("200", answer("Zustand", &schema, &["X-Position"]))
    .refused(&["410", "422"])
    .done()
}

fn operation(entry: &Entry, command: &CommandInfo, mut schema: Value) -> Value {
    let create = command.name == entry.create;
    if create && let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "id".to_owned(),
            json!({"type": "string", "format": "uuid", "description": "eigene UUID v7"}),
        );
    }
    let required = schema["required"].as_array().is_some_and(|fields| !fields.is_empty());
    let stufe: &str = command.stufe.into();
    let operation = begin(entry, &command.segment, format!("{}.{}", entry.name, command.name))
        .about(&command.description)
        .right(entry.bereich.as_str(), entry.typ, stufe)
        .takes(&["idempotenz", "if_match", "korrelation", "grund", "probelauf"])
        .body(json!({"required": required, "content": {"application/json": {"schema": schema}}}))
        .refused(&["408", "409", "412", "413", "415", "422"]);
    let done = ["ETag", "X-Position", "Idempotent-Replayed"];
    if create {
        let headers = ["ETag", "X-Position", "Idempotent-Replayed", "Location"];
        operation
            .answers(
                "201",
                answer("ausgeführt und dauerhaft", &reference("Antwort"), &headers),
            )
            .answers(
                "200",
                answer(
                    "Probelauf: nichts geschrieben",
                    &reference("Probelauf"),
                    &["ETag", "X-Position"],
                ),
            )
            .done()
    } else {
        let either = json!({"anyOf": [reference("Antwort"), reference("Probelauf")]});
        operation
            .answers(
                "200",
                answer(
                    "ausgeführt und dauerhaft; beim Probelauf nichts geschrieben",
                    &either,
                    &done,
                ),
            )
            .done()
    }
}
