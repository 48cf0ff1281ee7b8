//! A Stapel: many commands in one request, all or none or each for itself.

use std::sync::{Arc, LazyLock};

use aggregates::{Refusal, eingabe};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, RawQuery, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{App, auth::Zugang, command, input, problem::Problem};
use crate::commands::{Mode, Order, Outcome, Unit};

/// Largest body of a Stapel, bytes.
const STAPEL_BYTES: usize = 64 * 1024 * 1024;
/// A larger body is read beside the threads that serve requests.
const AT_ONCE_BYTES: usize = 256 * 1024;
/// Commands in an atomic Stapel.
const ATOMIC_LIMIT: usize = 500;
/// Commands in a Stapel of single ones.
const EACH_LIMIT: usize = 10_000;

/// The route of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route(
        "/api/v1/stapel",
        post(stapel).layer(DefaultBodyLimit::max(STAPEL_BYTES)),
    )
}

/// What the commands of a Stapel are to one another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Art {
    /// All or none.
    Atomar,
    /// Each for itself, in order.
    Einzeln,
}

impl Art {
    /// Commands at most, also on trial.
    fn limit(self) -> usize {
        match self {
            Self::Atomar => ATOMIC_LIMIT,
            Self::Einzeln => EACH_LIMIT,
        }
    }

    /// Of an answer with one result per command.
    fn status(self) -> StatusCode {
        match self {
            Self::Atomar => StatusCode::OK,
            Self::Einzeln => StatusCode::MULTI_STATUS,
        }
    }
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

/// The commands of a Stapel as they were read.
struct Gelesen {
    /// One place for each element, in order.
    slots: Vec<Result<Order, Problem>>,
    /// The company that all are for.
    company: Option<Uuid>,
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
    let modus = flags.get("modus").and_then(Value::as_str).unwrap_or("atomar");
    let art = match modus {
        "atomar" => Art::Atomar,
        "einzeln" => Art::Einzeln,
        other => {
            let detail = format!("modus={other} ist nicht erlaubt; atomar oder einzeln");
            return Err(Problem::new("EINGABE_UNGUELTIG", 400, detail));
        }
    };
    input::content_type(
        &headers,
        &["application/json", "application/x-ndjson", "application/jsonl"],
    )?;
    let too_large = "die Anfrage ist zu groß; bitte in kleinere Stapel teilen";
    let body = input::received(body, too_large)?;
    let key = input::idempotency_key(&headers)?;
    let gross = body.len() > AT_ONCE_BYTES;
    let (app_, zugang_, modus) = (app.clone(), zugang.clone(), modus.to_owned());
    let lesen = move || lesen(&app_, &zugang_, (art, &modus), key.as_deref(), &body);
    let Gelesen { slots, company } = if gross {
        let gelesen = tokio::task::spawn_blocking(lesen).await;
        gelesen.map_err(|_| Problem::new("INTERN", 500, "interner Fehler beim Lesen des Stapels"))??
    } else {
        lesen()?
    };
    let mut orders = Vec::with_capacity(slots.len());
    // What stays here of a command is whether it creates.
    let slots: Vec<Result<bool, Problem>> = slots
        .into_iter()
        .map(|slot| {
            slot.map(|order| {
                let create = order.create;
                orders.push(order);
                create
            })
        })
        .collect();
    let outcomes = run(
        &app,
        &zugang,
        (art, dry_run),
        company.unwrap_or(zugang.mandant_id),
        orders,
    )
    .await?;
    if art == Art::Atomar
        && let Some((index, Err(refusal))) = outcomes
            .iter()
            .enumerate()
            .find(|(_, o)| o.as_ref().is_err_and(|r| r.code != "STAPEL_ABGEBROCHEN"))
    {
        return Err(Problem::from(refusal.clone()).element(index));
    }
    let wiederholt = wiederholt(&outcomes);
    let mut outcomes = outcomes.into_iter();
    let answers: Vec<Value> = slots
        .into_iter()
        .map(|slot| {
            let answer = slot.and_then(|create| match outcomes.next() {
                Some(outcome) => answer_of(outcome, create, dry_run),
                None => Err(Problem::new("INTERN", 500, "keine Antwort")),
            });
            answer.unwrap_or_else(|problem| problem.vorgang(zugang.correlation).body())
        })
        .collect();
    let mut response = (art.status(), Json(answers)).into_response();
    if wiederholt {
        command::replayed(response.headers_mut());
    }
    Ok(response)
}

/// Reads the elements: a JSON array, or one JSON object per line; of the lines each is readable or not for itself. An
/// atomic Stapel ends with the first one that is not good: all or none.
fn lesen(
    app: &App,
    zugang: &Zugang,
    (art, modus): (Art, &str),
    key: Option<&str>,
    bytes: &[u8],
) -> Result<Gelesen, Problem> {
    let mut stand = Leser {
        app,
        zugang,
        art,
        key,
        // The key stands for the whole Stapel: with another element more or less it is another request. A dry run asks
        // about the very request that it tries.
        hash: Sha256::new_with_prefix(modus),
        gelesen: Gelesen {
            slots: Vec::new(),
            company: None,
        },
    };
    let limit = art.limit();
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if first == Some(&b'[') {
        for raw in input::list(bytes, limit)?.ok_or_else(|| too_many(limit))? {
            stand.nimm(Ok(raw), &[])?;
        }
    } else {
        let lines = || {
            let lines = bytes.split(|b| *b == b'\n').zip(1..);
            lines.filter(|(line, _)| !line.iter().all(u8::is_ascii_whitespace))
        };
        // Counted before any is read: what is read takes far more room than what was sent.
        if lines().nth(limit).is_some() {
            return Err(too_many(limit));
        }
        for (line, number) in lines() {
            stand.nimm(input::json(line, number), line)?;
        }
    }
    Ok(stand.fertig())
}

fn too_many(limit: usize) -> Problem {
    let detail = format!("ein Stapel dieser Art fasst {limit} Befehle; bitte teilen");
    Refusal::new("STAPEL_ZU_GROSS", 422, detail, json!({"max": limit})).into()
}

/// Takes the elements of a Stapel one after the other.
struct Leser<'a> {
    app: &'a App,
    zugang: &'a Zugang,
    art: Art,
    key: Option<&'a str>,
    hash: Sha256,
    gelesen: Gelesen,
}

impl Leser<'_> {
    /// The next element as it was read; `line` is its text if it could not be.
    fn nimm(&mut self, raw: Result<Value, Problem>, line: &[u8]) -> Result<(), Problem> {
        let index = self.gelesen.slots.len();
        if self.key.is_some() {
            let bytes = raw.as_ref().map_or_else(|_| line.to_vec(), input::canonical);
            self.hash
                .update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            self.hash.update(bytes);
        }
        let company = &mut self.gelesen.company;
        let slot = raw.and_then(|raw| element(self.app, self.zugang, self.key, index, &raw, company));
        match slot {
            Err(problem) if self.art == Art::Atomar => return Err(problem.element(index)),
            slot => self.gelesen.slots.push(slot),
        }
        Ok(())
    }

    fn fertig(mut self) -> Gelesen {
        if self.key.is_some() {
            let hash = self.hash.finalize().to_vec();
            for order in self.gelesen.slots.iter_mut().flatten() {
                order.request_hash = Some(hash.clone());
            }
        }
        self.gelesen
    }
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
    let entry = command::entry(app, &element.bereich, &element.ressource)?;
    let command = command::command(entry, &element.befehl, |_| true)?;
    let mandant_id = command::allowed(zugang, entry, command)?;
    if *company.get_or_insert(mandant_id) != mandant_id {
        let detail = "ein Stapel gilt einer Firma; Befehle des Systems (Mandanten, Schlüssel) bitte getrennt senden";
        return Err(Problem::new("EINGABE_UNGUELTIG", 422, detail));
    }
    let id = match (&element.id, command.name == entry.create) {
        (Some(text), true) => Some(input::own_id(text)?),
        (None, true) => input::take_id(&mut element.daten)?,
        (Some(text), false) => Some(input::uuid(text, "/id")?),
        (None, false) => {
            let text = "dieser Befehl braucht die id seines Datensatzes";
            return Err(Refusal::input(400, "/id", "FELD_FEHLT", text).into());
        }
    };
    let mut order = command::order(mandant_id, entry, command, id, element.daten);
    order.if_match = element.if_match.map(Into::into);
    if let Some(key) = key {
        order.befehl_id = input::keyed_element_id(mandant_id, zugang.caller_id(), key, index);
    }
    Ok(order)
}

/// Hands the commands to the bus; one outcome for each.
async fn run(
    app: &App,
    zugang: &Zugang,
    (art, dry_run): (Art, bool),
    mandant_id: Uuid,
    orders: Vec<Order>,
) -> Result<Vec<Outcome>, Refusal> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let caller = zugang.caller();
    let mode = match (art, dry_run) {
        (Art::Einzeln, true) => return app.bus.probelauf(mandant_id, &caller, &orders).await,
        (Art::Einzeln, false) => Mode::Each,
        (Art::Atomar, true) => Mode::DryRun,
        (Art::Atomar, false) => Mode::Atomic,
    };
    app.bus.submit(mandant_id, Unit { caller, orders, mode }).await
}

/// True if the Stapel only gave first answers again: some of its commands are on record, and none was carried out now.
fn wiederholt(outcomes: &[Outcome]) -> bool {
    let mut accepted = outcomes.iter().flatten().peekable();
    accepted.peek().is_some() && accepted.all(|answer| answer.replayed)
}

fn answer_of(outcome: Outcome, create: bool, dry_run: bool) -> Result<Value, Problem> {
    let answer = outcome?;
    let mut body = command::body(&answer, dry_run);
    body["status"] = json!(if create && !dry_run { 201 } else { 200 });
    if answer.replayed {
        body["wiederholt"] = json!(true);
    }
    Ok(body)
}
