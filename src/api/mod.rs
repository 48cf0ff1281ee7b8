//! HTTP: routes over the registry, problem details, authentication (design.md sections 5, 6, 8).

pub mod auth;
mod command;
mod input;
mod json;
pub mod log;
mod meta;
mod openapi;
pub mod problem;
pub mod read;
pub mod reports;
mod stapel;
mod vorgang;

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{ALLOW, CONTENT_TYPE},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::{StateModel, state::Columns};
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use crate::{
    commands::{Bus, open_outcome},
    eventstore::EventStore,
    projector::Projector,
    queries::{catalog::Catalog, reports::Waiter},
};
use problem::Problem;
pub use vorgang::Vorgang;

/// A request that takes longer is answered 503; streams of server-sent events are not bound by it.
const REQUEST_TIME: Duration = Duration::from_mins(1);

/// The declared read models and their columns, read once at start.
pub struct Models {
    /// By aggregate type.
    pub by_type: HashMap<&'static str, StateModel>,
    /// Columns of every table.
    pub columns: Columns,
    /// Types of these columns, for reading.
    pub catalog: Catalog,
}

/// What the handlers share.
pub struct App {
    /// The log.
    pub store: EventStore,
    /// The command bus.
    pub bus: Bus,
    /// Read models.
    pub models: Arc<Models>,
    /// The ledgers.
    pub projector: Arc<Projector>,
    /// Waits for ledgers to reach a position.
    pub waiter: Waiter,
    /// Keys looked up lately.
    pub tokens: auth::TokenCache,
    /// Metrics of the process.
    pub metrics: PrometheusHandle,
    /// Cancelled when the server stops; ends what would wait for ever.
    pub shutdown: CancellationToken,
}

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(command::routes())
        .merge(stapel::routes())
        .merge(read::routes())
        .merge(reports::routes())
        .merge(log::routes())
        .merge(openapi::routes())
        .merge(meta::routes())
        .fallback(|| async {
            Problem::not_found("diesen Weg gibt es nicht; /openapi.json zeigt alle, /docs zum Ausprobieren")
        })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                "API_METHODE",
                405,
                "diese Methode gibt es hier nicht; /openapi.json zeigt die möglichen",
            )
        })
        .layer(middleware::from_fn(accompany))
        .layer(CompressionLayer::new().compress_when(compressible))
        .with_state(app)
}

/// Compresses all but the streams, which must not be held back.
fn compressible(
    _status: StatusCode,
    _version: axum::http::Version,
    headers: &axum::http::HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    let kind = headers
        .get("content-type")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    !kind.starts_with("text/event-stream")
}

/// Errors of the machinery below (unreadable URLs and the like) come as bare text; they go out as problems too.
fn plain_error(response: &Response) -> Option<Problem> {
    let status = response.status();
    let kind = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if !(status.is_client_error() || status.is_server_error()) || kind.starts_with("application/") {
        return None;
    }
    let (code, detail) = match status.as_u16() {
        413 => ("API_ZU_GROSS", "die Anfrage ist zu groß"),
        s if s >= 500 => (
            "INTERN",
            "interner Fehler; er steht mit Ursache im Protokoll des Servers",
        ),
        _ => (
            "EINGABE_UNGUELTIG",
            "die Adresse oder eine Kopfzeile der Anfrage ist nicht lesbar",
        ),
    };
    Some(Problem::new(code, status.as_u16(), detail))
}

/// A label of few values: a client may send any word as its method.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "andere",
    }
}

/// What a request is answered that took too long. A command goes on without its request: sent again without its key,
/// it would act twice.
fn too_late(method: &Method) -> Problem {
    if *method == Method::POST {
        return open_outcome().into();
    }
    let detail = "die Anfrage hat zu lange gedauert; bitte noch einmal versuchen";
    Problem::new("API_ZEIT", 503, detail).retry_after(5)
}

/// Vorgang, time limit, metrics and headers of every request and its answer.
async fn accompany(request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let (vorgang, unreadable) = match Vorgang::of(request.headers()) {
        Ok(vorgang) => (vorgang, None),
        Err(problem) => (Vorgang::default(), Some(problem)),
    };
    let response = match unreadable {
        Some(problem) => problem.into_response(),
        None => run(request, next, vorgang.clone()).await,
    };
    let mut response = signed(response, &vorgang);
    let status = response.status().as_u16().to_string();
    metrics::counter!("neuroerp_http_anfragen", "methode" => method_label(&method), "status" => status).increment(1);
    metrics::histogram!("neuroerp_http_sekunden").record(started.elapsed());
    response.headers_mut().insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    if let Some(rate) = vorgang.rate() {
        rate.write(response.headers_mut());
    }
    response
}

async fn run(mut request: Request, next: Next, vorgang: Vorgang) -> Response {
    request.extensions_mut().insert(vorgang);
    let method = request.method().clone();
    let Ok(response) = tokio::time::timeout(REQUEST_TIME, next.run(request)).await else {
        return too_late(&method).into_response();
    };
    match plain_error(&response) {
        Some(problem) => problem.into_response(),
        None => response,
    }
}

/// Puts the vorgang_id into a problem, wherever it was made.
fn signed(mut response: Response, vorgang: &Vorgang) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let mut new = problem.vorgang(vorgang.id()).into_response();
    if let Some(methods) = response.headers_mut().remove(ALLOW) {
        new.headers_mut().insert(ALLOW, methods);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_took_too_long_is_not_asked_for_again_without_its_key() {
        let command = too_late(&Method::POST);
        assert_eq!((command.code(), command.status()), ("API_AUSGANG_OFFEN", 503));
        let body = command.body();
        let detail = body["detail"].as_str().unwrap();
        assert!(
            detail.contains("Idempotency-Key") && !detail.contains("noch einmal versuchen"),
            "{detail}"
        );
        assert_eq!(too_late(&Method::GET).code(), "API_ZEIT");
    }
}
