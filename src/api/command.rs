//! Single commands over HTTP, and what a Stapel shares with them.

use std::sync::Arc;

use aggregates::{
    Refusal,
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
    commands::{Answer, Mode, Order, Unit},
    eventstore::SYSTEM,
};

/// Largest body of one command, bytes.
const COMMAND_BYTES: usize = 1024 * 1024;

/// Routes of the command API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/api/v1/{bereich}/{ressource}",
            post(create).layer(DefaultBodyLimit::max(COMMAND_BYTES)),
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
        .filter(|c| !c.internal)
        .ok_or_else(|| Problem::not_found("das wird nicht von Hand angelegt; es entsteht aus anderen Vorgängen"))?;
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
    // A new record comes into being by the create route only, which checks its id.
    let command = command(entry, &befehl, |c| c.name != entry.create)?;
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

pub(super) fn entry<'a>(app: &'a App, bereich: &str, ressource: &str) -> Result<&'a Entry, Problem> {
    let found = app.store.registry().route(bereich, ressource);
    found.ok_or_else(|| {
        Problem::not_found(format!(
            "/{bereich}/{ressource} gibt es nicht; /openapi.json zeigt alle Wege"
        ))
    })
}

/// A command that a client may send this way.
pub(super) fn command<'a>(
    entry: &'a Entry,
    segment: &str,
    this_way: impl Fn(&CommandInfo) -> bool,
) -> Result<&'a CommandInfo, Problem> {
    let possible = || entry.commands.iter().filter(|c| !c.internal && this_way(c));
    possible().find(|c| c.segment == segment).ok_or_else(|| {
        let known: Vec<&str> = possible().map(|c| c.segment.as_str()).collect();
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
    let mandant_id = allowed(zugang, entry, command)?;
    let flags = input::flags(query, &["probelauf"])?;
    let dry_run = input::flag(&flags, "probelauf")?;
    input::content_type(headers, &["application/json"])?;
    let too_large = format!("ein Befehl hat höchstens {} KiB; bitte kürzen", COMMAND_BYTES / 1024);
    let mut fields = input::fields(&input::received(body, &too_large)?)?;
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
        Some(Err(refusal)) => return Err(refusal.into()),
        None => return Err(Problem::new("INTERN", 500, "keine Antwort")),
    };
    Ok(respond(entry, &answer, created && !dry_run, dry_run))
}

/// The company that a command of this caller goes to.
pub(super) fn allowed(zugang: &Zugang, entry: &Entry, command: &CommandInfo) -> Result<Uuid, Problem> {
    let mandant_id = zugang.zu(entry, command.stufe)?;
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
    Ok(mandant_id)
}

pub(super) fn order(
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
        replayed(headers);
    }
    response
}

/// Tells that the first answer is given again and nothing was carried out now.
pub(super) fn replayed(headers: &mut HeaderMap) {
    let name = header::HeaderName::from_static("idempotent-replayed");
    headers.insert(name, HeaderValue::from_static("true"));
}

/// The body of an accepted command.
pub(super) fn body(answer: &Answer, dry_run: bool) -> Value {
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
        // The key was used before: this is the answer of then, and nothing was tried.
        if answer.replayed {
            body["wiederholt"] = json!(true);
        }
    }
    body
}
