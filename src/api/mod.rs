//! HTTP: routes over the registry, problem details, authentication (design.md sections 5, 6, 8).

pub mod auth;
mod command;
mod input;
mod json;
mod koerper;
pub mod log;
mod meta;
mod openapi;
pub mod problem;
pub mod read;
pub mod reports;
mod stapel;
mod vorgang;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{ALLOW, CONNECTION, CONTENT_TYPE},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::{StateModel, state::Columns};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use crate::{
    commands::{Bus, open_outcome},
    eventstore::EventStore,
    projector::Projector,
    queries::catalog::Catalog,
};
use koerper::{Koerper, SPEICHER_KIB};
use problem::Problem;
pub use vorgang::Vorgang;

/// A request that takes longer is answered 503; streams of server-sent events are not bound by it.
const REQUEST_TIME: Duration = Duration::from_mins(1);

/// What requests may take.
#[derive(Clone)]
struct Grenzen {
    zeit: Duration,
    /// Room for the bodies of all of them, a permit for each KiB.
    speicher: Arc<Semaphore>,
}

impl Grenzen {
    fn new(zeit: Duration, kib: usize) -> Self {
        Self {
            zeit,
            speicher: Arc::new(Semaphore::new(kib)),
        }
    }
}

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
    /// Keys looked up lately.
    pub tokens: auth::TokenCache,
    /// The OpenAPI document, once it was asked for.
    pub openapi: OnceLock<Bytes>,
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
        .layer(middleware::from_fn_with_state(
            Grenzen::new(REQUEST_TIME, SPEICHER_KIB),
            accompany,
        ))
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

/// What a request is answered that took too long. A command that was read goes on without its request: sent again without
/// its key, it would act twice. One that never came in full is not carried out.
fn too_late(method: &Method, zeit: Duration, koerper: &mut Koerper) -> Problem {
    if koerper.fehlt() {
        let detail = format!(
            "der Inhalt der Anfrage kam innerhalb von {} Sekunden nicht vollständig an; es wurde nichts ausgeführt, bitte \
             noch einmal senden",
            zeit.as_secs()
        );
        return Problem::new("API_INHALT_FEHLT", 408, detail);
    }
    if *method == Method::POST && koerper.gelesen() {
        return open_outcome().into();
    }
    let detail = "die Anfrage hat zu lange gedauert; bitte noch einmal versuchen";
    Problem::new("API_ZEIT", 503, detail).retry_after(5)
}

fn no_room() -> Problem {
    let detail = "gerade kommen zu viele große Anfragen zugleich an; es wurde nichts ausgeführt, bitte gleich noch einmal \
                  versuchen";
    Problem::new("API_UEBERLAST", 503, detail).retry_after(2)
}

/// Vorgang, time limit, metrics and headers of every request and its answer; and what becomes of its body.
async fn accompany(State(grenzen): State<Grenzen>, request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let (request, mut koerper) = Koerper::begleiten(request, grenzen.speicher);
    let (vorgang, unreadable) = match Vorgang::of(request.headers()) {
        Ok(vorgang) => (vorgang, None),
        Err(problem) => (Vorgang::default(), Some(problem)),
    };
    let response = match unreadable {
        Some(problem) => {
            drop(request);
            problem.into_response()
        }
        None => match tokio::time::timeout(grenzen.zeit, run(request, next, vorgang.clone())).await {
            Ok(_) if koerper.zu_viel() => no_room().into_response(),
            Ok(response) => response,
            Err(_) => too_late(&method, grenzen.zeit, &mut koerper).into_response(),
        },
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
    if !koerper.leeren().await {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn run(mut request: Request, next: Next, vorgang: Vorgang) -> Response {
    request.extensions_mut().insert(vorgang);
    let response = next.run(request).await;
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
    use axum::{body::Body, routing::post};
    use futures::stream;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    /// Asks a door behind which nobody ever gets done.
    async fn asked(method: Method, body: Body) -> Value {
        answer(method, body).await.1
    }

    /// Its `Retry-After` and its body.
    async fn answer(method: Method, body: Body) -> (Option<HeaderValue>, Value) {
        let slow = post(|_: axum::body::Bytes| std::future::pending::<()>()).get(std::future::pending::<()>);
        let door = Router::new().route("/", slow).layer(middleware::from_fn_with_state(
            Grenzen::new(Duration::from_millis(50), 4),
            accompany,
        ));
        let request = Request::builder().method(method).uri("/").body(body).unwrap();
        let response = door.oneshot(request).await.unwrap();
        let retry = response.headers().get("retry-after").cloned();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (retry, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_command_that_took_too_long_is_not_asked_for_again_without_its_key() {
        let (retry, command) = answer(Method::POST, Body::from("{}")).await;
        assert_eq!(retry, None);
        assert_eq!(
            (&command["code"], &command["status"]),
            (&"API_AUSGANG_OFFEN".into(), &503.into())
        );
        let detail = command["detail"].as_str().unwrap();
        assert!(
            detail.contains("Idempotency-Key") && !detail.contains("noch einmal versuchen"),
            "{detail}"
        );
        assert_eq!(asked(Method::GET, Body::empty()).await["code"], "API_ZEIT");
    }

    #[tokio::test]
    async fn a_command_that_never_came_in_full_was_not_carried_out() {
        let begun = stream::once(async { Ok::<_, std::io::Error>("{") });
        let rest = stream::pending::<Result<&str, std::io::Error>>();
        let half = Body::from_stream(stream::StreamExt::chain(begun, rest));
        let refused = asked(Method::POST, half).await;
        assert_eq!(
            (&refused["code"], &refused["status"]),
            (&"API_INHALT_FEHLT".into(), &408.into())
        );
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("nichts ausgeführt"), "{detail}");
    }

    #[tokio::test]
    async fn bodies_for_which_there_is_no_room_are_refused_and_give_back_what_they_took() {
        let door = Router::new()
            .route(
                "/",
                post(|body: axum::body::Bytes| async move { body.len().to_string() }),
            )
            .layer(middleware::from_fn_with_state(
                Grenzen::new(Duration::from_secs(5), 4),
                accompany,
            ));
        let send = async |bytes: usize| {
            let request = Request::builder().method(Method::POST).uri("/");
            let request = request.body(Body::from(vec![b' '; bytes])).unwrap();
            door.clone().oneshot(request).await.unwrap()
        };
        for _ in 0..3 {
            assert_eq!(send(4_096).await.status(), StatusCode::OK);
            let refused = send(4_097).await;
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(refused.headers().contains_key("retry-after"));
        }
    }
}
