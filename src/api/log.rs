//! The log itself over HTTP: in pages, and as server-sent events that resume where they were cut off.

use std::{convert::Infallible, sync::Arc, time::Duration};

use aggregates::types::{Bereich, Stufe};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Uri},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, auth::Zugang, problem::Problem, read::seen};
use crate::{
    eventstore::{
        EventStore, Follower, Recorded, StoreError,
        read::{LogEnd, Range, log_end},
    },
    queries::{
        cursor::old_epoch,
        params::{DEFAULT_LIMIT, MAX_LIMIT, Params, unfit, wrong},
        zeit,
    },
};

/// The right that reading the log needs, in dienste.
pub(super) const RIGHT: &str = "ereignis";

/// Events that a stream reads at once.
const STREAM_PAGE: i64 = 200;

/// A comment on a quiet stream this often keeps proxies from cutting it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A stream ends after this time; the client comes back by itself with Last-Event-ID, and its rights are checked again.
const STREAM_LIFE: Duration = Duration::from_mins(15);

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/ereignisse", get(page))
        .route("/api/v1/ereignisse/stream", get(follow))
}

/// What both routes take.
struct Wanted {
    from: Option<i64>,
    types: Option<Vec<String>>,
    epoche: Option<i64>,
}

impl Wanted {
    fn take(app: &App, params: &mut Params) -> Result<Self, Problem> {
        Ok(Self {
            from: params.positive("ab")?,
            types: params.take("typ").map(|text| known_types(app, &text)).transpose()?,
            epoche: params.positive("epoche")?,
        })
    }

    /// Refuses positions that the client knows from before a restore.
    fn check(&self, head: LogEnd) -> Result<(), Problem> {
        match self.epoche {
            Some(epoche) if epoche < i64::from(head.epoche) => Err(old_epoch(head.epoche)),
            Some(epoche) if epoche > i64::from(head.epoche) => {
                Err(unfit("epoche", format!("das Journal ist in Epoche {}", head.epoche)))
            }
            _ => Ok(()),
        }
    }
}

fn known_types(app: &App, text: &str) -> Result<Vec<String>, Problem> {
    let types: Vec<String> = text.split(',').map(str::to_owned).collect();
    match types.iter().find(|typ| app.store.registry().entry(typ).is_none()) {
        Some(typ) => {
            let known: Vec<&str> = app.store.registry().entries().iter().map(|e| e.typ).collect();
            let message = format!("den Typ „{typ}“ gibt es nicht; es gibt: {}", known.join(", "));
            Err(wrong("typ", message))
        }
        None => Ok(types),
    }
}

async fn head(store: &EventStore, mandant_id: Uuid) -> Result<LogEnd, Problem> {
    let mut connection = store.pool().acquire().await?;
    Ok(log_end(&mut connection, mandant_id).await?)
}

async fn page(State(app): State<Arc<App>>, zugang: Zugang, uri: Uri) -> Result<Response, Problem> {
    zugang.pruefe(zugang.mandant_id, Bereich::Dienste, RIGHT, Stufe::Read)?;
    let mut params = Params::of(&uri)?;
    let limit = params.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let wanted = Wanted::take(&app, &mut params)?;
    params.finish(&["ab", "limit", "typ", "epoche"])?;
    let store = app.store.reading(zugang.mandant_id, 0).await;
    let head = head(&store, zugang.mandant_id).await?;
    wanted.check(head)?;
    let range = Range {
        after: wanted.from.unwrap_or(1) - 1,
        to: Some(head.position),
        types: wanted.types.as_deref(),
    };
    let mut events = store.page(zugang.mandant_id, range, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let weiter = events.get(limit).map(|next| next.position);
    events.truncate(limit);
    let daten: Vec<Value> = events.iter().map(|event| event_json(&app, event)).collect();
    let body = json!({ "daten": daten, "weiter": weiter, "epoche": head.epoche });
    Ok(seen(Json(body).into_response(), head.position))
}

/// An event as the log has it, but for what is secret.
fn event_json(app: &App, event: &Recorded) -> Value {
    let entry = app.store.registry().entry(&event.aggregate_type);
    json!({
        "position": event.position,
        "event_id": event.event_id,
        "typ": event.aggregate_type,
        "id": event.aggregate_id,
        "version": event.version,
        "ereignis": event.event_type,
        "event_version": event.event_version,
        "daten": entry.map(|entry| entry.gezeigt(&event.payload)),
        "meta": event.meta,
        "akteur": event.actor,
        "ursache": event.cause,
        "korrelation": event.correlation,
        "erfasst_am": zeit::rfc3339(event.recorded_at),
        "daten_hash": hex::encode(event.daten_hash),
        "blatt_hash": hex::encode(event.leaf_hash),
    })
}

async fn follow(
    State(app): State<Arc<App>>,
    zugang: Zugang,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    zugang.pruefe(zugang.mandant_id, Bereich::Dienste, RIGHT, Stufe::Read)?;
    let mut params = Params::of(&uri)?;
    let wanted = Wanted::take(&app, &mut params)?;
    params.finish(&["ab", "typ", "epoche"])?;
    let head = head(&app.store, zugang.mandant_id).await?;
    wanted.check(head)?;
    let after = match last_event_id(&headers)? {
        Some(position) => position,
        // Without a place to begin at: what happens from now on.
        None => wanted.from.map_or(head.position, |from| from - 1),
    };
    let follower = app.store.follow(zugang.mandant_id, after);
    let shutdown = app.shutdown.clone();
    let correlation = zugang.correlation;
    let end = async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(STREAM_LIFE) => {}
        }
        // Held until here, or until nobody listens any more: the stream counts as a call of its key.
        drop(zugang);
    };
    let events = events(app, follower, wanted.types, correlation).take_until(Box::pin(end));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let position = value.to_str().ok().and_then(|text| text.parse::<i64>().ok());
    position
        .filter(|position| *position >= 0)
        .map(Some)
        .ok_or_else(|| wrong("Last-Event-ID", "die Position des zuletzt empfangenen Ereignisses"))
}

/// The events of a follower as they come; ends with an `event: fehler` if the log cannot be read.
fn events(
    app: Arc<App>,
    follower: Follower,
    types: Option<Vec<String>>,
    correlation: Uuid,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(follower), |follower| async {
        let mut follower = follower?;
        match follower.next(STREAM_PAGE).await {
            Ok(events) => Some((events.into_iter().map(Ok).collect::<Vec<_>>(), Some(follower))),
            Err(error) => Some((vec![Err(error)], None)),
        }
    })
    .flat_map(stream::iter)
    .filter_map(move |event: Result<Recorded, StoreError>| {
        let event = match event {
            Ok(event)
                if types
                    .as_ref()
                    .is_some_and(|types| !types.contains(&event.aggregate_type)) =>
            {
                None
            }
            Ok(event) => {
                let message = Event::default().id(event.position.to_string());
                Some(message.data(event_json(&app, &event).to_string()))
            }
            Err(error) => {
                let problem = Problem::from(error).vorgang(correlation);
                Some(Event::default().event("fehler").data(problem.body().to_string()))
            }
        };
        std::future::ready(event.map(Ok))
    })
}
