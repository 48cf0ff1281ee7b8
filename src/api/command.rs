//! Commands over HTTP: one by one, or as a Stapel.

use std::sync::{Arc, LazyLock};

use aggregates::{
    Refusal, eingabe,
    registry::{CommandInfo, Entry},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, RawQuery, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{App, auth::Zugang, input, problem::Problem};
use crate::{
    commands::{Answer, Mode, Order, Outcome, Unit},
    eventstore::SYSTEM,
};

/// Largest body of one command, bytes.
const COMMAND_BYTES: usize = 1024 * 1024;
/// Largest body of a Stapel, bytes.
const STAPEL_BYTES: usize = 64 * 1024 * 1024;
/// Commands in an atomic Stapel.
const ATOMIC_LIMIT: usize = 500;
/// Commands in a Stapel of single ones.
const EACH_LIMIT: usize = 10_000;

/// Routes of the command API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/api/v1/{bereich}/{ressource}",
            post(create).layer(DefaultBodyLimit::max(COMMAND_BYTES)),
        )
        .route(
            "/api/v1/stapel",
            post(stapel).layer(DefaultBodyLimit::max(STAPEL_BYTES)),
        )
        .route(
            "/api/v1/{bereich}/{ressource}/{id}/{befehl}",
            post(befehl).layer(DefaultBodyLimit::max(COMMAND_BYTES)),
        )
}

/// `POST /api/v1/{bereich}/{ressource}`: the creating command that the registry names.
async fn create(
    State(app): State<Arc<App>>,
    Path((bereich, ressource)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    zugang: Zugang,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let entry = entry(&app, &bereich, &ressource)?;
    let command = entry
        .command(entry.create)
        .ok_or_else(|| Problem::not_found("diesen Befehl gibt es nicht"))?;
    one(&app, &zugang, &headers, query.as_deref(), entry, command, None, body).await
}

async fn befehl(
    State(app): State<Arc<App>>,
    Path((bereich, ressource, id, befehl)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    zugang: Zugang,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let entry = entry(&app, &bereich, &ressource)?;
    let command = command(entry, &befehl)?;
    let id = input::uuid(&id, "/id")?;
    one(
        &app,
        &zugang,
        &headers,
        query.as_deref(),
        entry,
        command,
        Some(id),
        body,
    )
    .await
}

fn entry<'a>(app: &'a App, bereich: &str, ressource: &str) -> Result<&'a Entry, Problem> {
    let found = app.store.registry().route(bereich, ressource);
    found.ok_or_else(|| {
        Problem::not_found(format!(
            "/{bereich}/{ressource} gibt es nicht; /openapi.json zeigt alle Wege"
        ))
    })
}

fn command<'a>(entry: &'a Entry, segment: &str) -> Result<&'a CommandInfo, Problem> {
    entry
        .commands
        .iter()
        .find(|c| c.segment == segment && !c.internal)
        .ok_or_else(|| {
            let known: Vec<&str> = entry
                .commands
                .iter()
                .filter(|c| !c.internal)
                .map(|c| c.segment.as_str())
                .collect();
            Problem::not_found(format!(
                "den Befehl „{segment}“ gibt es hier nicht; möglich: {}",
                known.join(", ")
            ))
        })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one HTTP request")]
async fn one(
    app: &App,
    zugang: &Zugang,
    headers: &HeaderMap,
    query: Option<&str>,
    entry: &Entry,
    command: &CommandInfo,
    id: Option<Uuid>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let mandant_id = zugang.mandant_fuer(entry);
    allowed(zugang, entry, command)?;
    let flags = input::flags(query, &["probelauf"])?;
    let dry_run = input::flag(&flags, "probelauf")?;
    input::content_type(headers, &["application/json"])?;
    let mut fields = input::fields(&input::received(body)?)?;
    let key = input::idempotency_key(headers)?;
    let path = format!(
        "/{}/{}/{}",
        entry.ressource,
        id.map(|i| i.to_string()).unwrap_or_default(),
        command.segment
    );
    let hash = key
        .as_ref()
        .map(|_| input::request_hash("POST", &path, &Value::Object(fields.clone())));
    let own_id = if id.is_none() {
        input::take_id(&mut fields)?
    } else {
        None
    };
    let mut order = order(mandant_id, entry, command, id.or(own_id), fields);
    order.if_match = input::if_match(headers)?;
    if let Some(key) = key {
        order.befehl_id = input::keyed_befehl_id(mandant_id, zugang.caller_id(), &key);
        order.request_hash = hash;
    }
    let mode = if dry_run { Mode::DryRun } else { Mode::Each };
    let created = order.create;
    let unit = Unit {
        caller: zugang.caller(),
        orders: vec![order],
        mode,
    };
    let outcome = app.bus.submit(mandant_id, unit).await?.pop();
    let answer = match outcome {
        Some(Ok(answer)) => answer,
        Some(Err(refusal)) => return Err(Problem::from(refusal).vorgang(zugang.correlation)),
        None => return Err(Problem::new("INTERN", 500, "keine Antwort")),
    };
    Ok(respond(entry, &answer, created && !dry_run, dry_run))
}

fn allowed(zugang: &Zugang, entry: &Entry, command: &CommandInfo) -> Result<(), Problem> {
    zugang.pruefe(entry.bereich, entry.typ, command.stufe)?;
    if !entry.system && zugang.mandant_id == SYSTEM {
        return Err(Problem::new(
            "MANDANT_FEHLT",
            400,
            "dieser Befehl gilt einer Firma; bitte X-Mandant angeben",
        ));
    }
    if !entry.system && zugang.nur_lesen {
        let meldung = "die Firma ist stillgelegt und wird nur noch gelesen; Befehle nimmt sie nicht mehr an";
        let refusal = aggregates::Shared::fremder_status(meldung, "stillgelegt", &["aktiv"]);
        return Err(Refusal::of(&refusal).into());
    }
    Ok(())
}

fn order(
    mandant_id: Uuid,
    entry: &Entry,
    command: &CommandInfo,
    id: Option<Uuid>,
    fields: Map<String, Value>,
) -> Order {
    let create = command.name == entry.create;
    let tagged = json!({ command.name.as_str(): fields });
    let id = id
        .or_else(|| entry.derived_id(&tagged, mandant_id))
        .unwrap_or_else(Uuid::now_v7);
    let mut order = Order::new(entry.typ, id, tagged);
    order.create = create;
    order
}

fn respond(entry: &Entry, answer: &Answer, created: bool, dry_run: bool) -> Response {
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(body(answer, dry_run))).into_response();
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set(header::ETAG, format!("\"{}\"", answer.version));
    set(
        header::HeaderName::from_static("x-position"),
        answer.position.to_string(),
    );
    if created {
        set(
            header::LOCATION,
            format!("/api/v1/{}/{}/{}", entry.bereich.as_str(), entry.ressource, answer.id),
        );
    }
    if answer.replayed {
        set(
            header::HeaderName::from_static("idempotent-replayed"),
            "true".to_owned(),
        );
    }
    response
}

fn body(answer: &Answer, dry_run: bool) -> Value {
    let mut body = answer.body();
    if !answer.einmalig.is_empty() {
        body["einmalig"] = answer
            .einmalig
            .iter()
            .map(|(name, text)| ((*name).to_owned(), json!(text)))
            .collect();
    }
    if dry_run {
        body["probelauf"] = json!(true);
        body["vorschau"] = json!(answer.preview);
    }
    body
}

static ELEMENT_SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!(Element).to_value());

/// An element of a Stapel.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Element {
    bereich: String,
    ressource: String,
    id: Option<String>,
    befehl: String,
    #[serde(default)]
    daten: Map<String, Value>,
    if_match: Option<i64>,
}

async fn stapel(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    zugang: Zugang,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let flags = input::flags(query.as_deref(), &["modus", "probelauf"])?;
    let dry_run = input::flag(&flags, "probelauf")?;
    let mode = match flags.get("modus").and_then(Value::as_str) {
        _ if dry_run => Mode::DryRun,
        None | Some("atomar") => Mode::Atomic,
        Some("einzeln") => Mode::Each,
        Some(other) => {
            let detail = format!("modus={other} ist nicht erlaubt; atomar oder einzeln");
            return Err(Problem::new("EINGABE_UNGUELTIG", 400, detail));
        }
    };
    input::content_type(
        &headers,
        &["application/json", "application/x-ndjson", "application/jsonl"],
    )?;
    let elements = elements(&input::received(body)?)?;
    let limit = if mode == Mode::Each { EACH_LIMIT } else { ATOMIC_LIMIT };
    if elements.len() > limit {
        let detail = format!("ein Stapel dieser Art fasst {limit} Befehle; bitte teilen");
        return Err(Refusal::new("STAPEL_ZU_GROSS", 422, detail, json!({"max": limit})).into());
    }
    let key = input::idempotency_key(&headers)?;
    let mut slots = Vec::with_capacity(elements.len());
    let mut company = None;
    for (index, raw) in elements.into_iter().enumerate() {
        slots.push(element(&app, &zugang, key.as_deref(), index, &raw, &mut company));
    }
    if mode != Mode::Each {
        // All or none: an element that cannot even be read refuses the whole.
        if let Some(index) = slots.iter().position(Result::is_err)
            && let Err(problem) = slots.swap_remove(index)
        {
            return Err(problem.im_stapel(index));
        }
    }
    run(&app, &zugang, mode, company.unwrap_or(zugang.mandant_id), slots).await
}

/// A JSON array, or one JSON object per line.
fn elements(bytes: &[u8]) -> Result<Vec<Value>, Problem> {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if first == Some(&b'[') {
        return match input::json(bytes)? {
            Value::Array(elements) => Ok(elements),
            _ => Ok(Vec::new()),
        };
    }
    bytes
        .split(|b| *b == b'\n')
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        .map(input::json)
        .collect()
}

fn element(
    app: &App,
    zugang: &Zugang,
    key: Option<&str>,
    index: usize,
    raw: &Value,
    company: &mut Option<Uuid>,
) -> Result<Order, Problem> {
    let mut element: Element = eingabe::lesen(&ELEMENT_SCHEMA, raw)?;
    let entry = entry(app, &element.bereich, &element.ressource)?;
    let command = command(entry, &element.befehl)?;
    allowed(zugang, entry, command)?;
    let mandant_id = zugang.mandant_fuer(entry);
    if *company.get_or_insert(mandant_id) != mandant_id {
        let detail = "ein Stapel gilt einer Firma; Befehle des Systems (Mandanten, Schlüssel) bitte getrennt senden";
        return Err(Problem::new("EINGABE_UNGUELTIG", 422, detail));
    }
    let create = command.name == entry.create;
    let own_id = input::take_id(&mut element.daten)?;
    let id = match element.id {
        Some(text) => Some(input::uuid(&text, "/id")?),
        None if create => own_id,
        None => {
            return Err(Problem::new(
                "EINGABE_UNGUELTIG",
                400,
                "dieser Befehl braucht die id seines Datensatzes",
            ));
        }
    };
    let mut order = order(mandant_id, entry, command, id, element.daten);
    order.if_match = element.if_match;
    if let Some(key) = key {
        order.befehl_id = input::keyed_befehl_id(mandant_id, zugang.caller_id(), &format!("{key}:{index}"));
        order.request_hash = Some(input::request_hash("POST", "/stapel", raw));
    }
    Ok(order)
}

async fn run(
    app: &App,
    zugang: &Zugang,
    mode: Mode,
    mandant_id: Uuid,
    slots: Vec<Result<Order, Problem>>,
) -> Result<Response, Problem> {
    let orders: Vec<Order> = slots.iter().filter_map(|s| s.as_ref().ok().cloned()).collect();
    let creates: Vec<bool> = orders.iter().map(|o| o.create).collect();
    let outcomes = if orders.is_empty() {
        Vec::new()
    } else {
        app.bus
            .submit(
                mandant_id,
                Unit {
                    caller: zugang.caller(),
                    orders,
                    mode,
                },
            )
            .await?
    };
    if mode != Mode::Each
        && let Some((index, Err(refusal))) = outcomes
            .iter()
            .enumerate()
            .find(|(_, o)| o.as_ref().is_err_and(|r| r.code != "STAPEL_ABGEBROCHEN"))
    {
        let refusal = refusal.clone().im_stapel(index);
        return Err(Problem::from(refusal).vorgang(zugang.correlation));
    }
    let mut outcomes = outcomes.into_iter().zip(creates);
    let dry_run = mode == Mode::DryRun;
    let answers: Vec<Value> = slots
        .into_iter()
        .map(|slot| match slot {
            Err(problem) => problem.body(),
            Ok(_) => outcomes
                .next()
                .map_or(Value::Null, |(outcome, create)| answer_of(outcome, create, dry_run)),
        })
        .collect();
    let status = if mode == Mode::Each {
        StatusCode::MULTI_STATUS
    } else {
        StatusCode::OK
    };
    Ok((status, Json(answers)).into_response())
}

fn answer_of(outcome: Outcome, create: bool, dry_run: bool) -> Value {
    match outcome {
        Ok(answer) => {
            let mut body = body(&answer, dry_run);
            body["status"] = json!(if create && !dry_run { 201 } else { 200 });
            if answer.replayed {
                body["wiederholt"] = json!(true);
            }
            body
        }
        Err(refusal) => Problem::from(refusal).body(),
    }
}
