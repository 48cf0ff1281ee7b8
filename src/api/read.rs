//! Reading what the state tables and the log know of one resource: list, record, history, state of the past.

use std::sync::Arc;

use aggregates::{Entry, types::Stufe};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use projections::StateModel;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, auth::Zugang, problem::Problem};
use crate::queries::{
    history::{self, Point},
    list::ListQuery,
    one,
    params::{Params, wrong},
    zeit,
};

/// Up to where an answer has seen the log.
pub const X_POSITION: HeaderName = HeaderName::from_static("x-position");

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/{bereich}/{ressource}", get(list))
        .route("/api/v1/{bereich}/{ressource}/{id}", get(record))
        .route("/api/v1/{bereich}/{ressource}/{id}/ereignisse", get(events))
        .route("/api/v1/{bereich}/{ressource}/{id}/zustand", get(state))
}

/// A resource that exists and that the caller may read, and the company whose log holds it.
fn resource<'a>(app: &'a App, zugang: &Zugang, bereich: &str, ressource: &str) -> Result<(&'a Entry, Uuid), Problem> {
    let entry = app
        .store
        .registry()
        .route(bereich, ressource)
        .ok_or_else(|| Problem::not_found(format!("die Ressource {bereich}/{ressource} gibt es nicht")))?;
    let mandant_id = zugang.zu(entry, Stufe::Read)?;
    Ok((entry, mandant_id))
}

fn model<'a>(app: &'a App, entry: &Entry) -> Result<&'a StateModel, Problem> {
    let missing = || Problem::not_found(format!("zu {} gibt es keine Lesesicht", entry.name));
    app.models.by_type.get(entry.typ).ok_or_else(missing)
}

fn record_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| wrong("id", format!("„{text}“ ist keine UUID")))
}

fn missing(entry: &Entry, id: Uuid) -> Problem {
    Problem::not_found(format!("{} {id} gibt es nicht", entry.name))
}

/// Adds `X-Position`.
pub(super) fn seen(mut response: Response, position: i64) -> Response {
    response.headers_mut().insert(X_POSITION, HeaderValue::from(position));
    response
}

async fn list(
    State(app): State<Arc<App>>,
    zugang: Zugang,
    Path((bereich, ressource)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (entry, mandant_id) = resource(&app, &zugang, &bereich, &ressource)?;
    let params = Params::of(&uri)?;
    let query = ListQuery::parse(model(&app, entry)?, &app.models.catalog, &entry.state_schema, params)?;
    let store = app.store.reading(mandant_id, query.needs()).await;
    let page = query.fetch(store.pool(), mandant_id).await?;
    let mut body = json!({ "daten": page.daten, "weiter": page.weiter });
    if let Some(gesamt) = page.gesamt {
        body["gesamt"] = json!(gesamt);
    }
    Ok(seen(Json(body).into_response(), page.position))
}

async fn record(
    State(app): State<Arc<App>>,
    zugang: Zugang,
    Path((bereich, ressource, id)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (entry, mandant_id) = resource(&app, &zugang, &bereich, &ressource)?;
    Params::of(&uri)?.finish(&[])?;
    let (model, id) = (model(&app, entry)?, record_id(&id)?);
    let store = app.store.reading(mandant_id, 0).await;
    let record = one::fetch(store.pool(), &app.models.catalog, model, mandant_id, id).await?;
    let record = record.ok_or_else(|| missing(entry, id))?;
    let etag = format!("\"{}\"", record.version);
    let mut response = if unchanged(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(record.daten).into_response()
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(seen(response, record.position))
}

/// True if the client has this version already (RFC 9110 section 13.1.2, weak comparison).
fn unchanged(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

async fn events(
    State(app): State<Arc<App>>,
    zugang: Zugang,
    Path((bereich, ressource, id)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (entry, mandant_id) = resource(&app, &zugang, &bereich, &ressource)?;
    let page = history::page_params(Params::of(&uri)?)?;
    let id = record_id(&id)?;
    let store = app.store.reading(mandant_id, 0).await;
    // The head before the rows: the answer has seen at least this much.
    let head = store.head(mandant_id).await?;
    let model = app.models.by_type.get(entry.typ);
    let history = history::history(&store, entry, model, (mandant_id, id), page).await?;
    let history = history.ok_or_else(|| missing(entry, id))?;
    let body = json!({ "daten": history.daten, "weiter": history.weiter });
    Ok(seen(Json(body).into_response(), head))
}

async fn state(
    State(app): State<Arc<App>>,
    zugang: Zugang,
    Path((bereich, ressource, id)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (entry, mandant_id) = resource(&app, &zugang, &bereich, &ressource)?;
    let point = Point::parse(Params::of(&uri)?)?;
    let id = record_id(&id)?;
    let store = app.store.reading(mandant_id, 0).await;
    let head = store.head(mandant_id).await?;
    if let Point::Position(position) = point
        && position > head
    {
        let message = format!("das Journal reicht bis Position {head}; {position} gibt es noch nicht");
        return Err(crate::queries::params::unfit("position", message));
    }
    let past = history::state_at(&store, entry, mandant_id, id, point).await?;
    let past = past.ok_or_else(|| match point {
        Point::Now => missing(entry, id),
        _ => Problem::not_found(format!("{} {id} gab es zu diesem Stand noch nicht", entry.name)),
    })?;
    let body: Value = json!({
        "id": id,
        "version": past.version,
        "position": past.position,
        "stand": zeit::rfc3339(past.stand),
        "zustand": past.zustand,
    });
    Ok(seen(Json(body).into_response(), head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_compares_weakly_and_knows_lists_and_the_star() {
        let matches = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]);
            unchanged(&headers, "\"7\"")
        };
        for same in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
            assert!(matches(same), "{same}");
        }
        for other in ["\"6\"", "7", ""] {
            assert!(!matches(other), "{other}");
        }
    }
}
