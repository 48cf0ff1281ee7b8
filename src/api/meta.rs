//! Health and metrics; open without a token, since they tell nothing about the business.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use super::App;

/// Routes of the machinery.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/health/live", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
}

/// Ready if the database answers; ledgers that stopped are shown, since reports would be old.
async fn ready(State(app): State<Arc<App>>) -> Response {
    let stopped = sqlx::query_as::<_, (String, String)>(
        "SELECT projektion, mandant_id::text FROM projektion.stand WHERE fehler IS NOT NULL ORDER BY 1, 2",
    )
    .fetch_all(app.store.pool())
    .await;
    match stopped {
        Ok(stopped) if stopped.is_empty() => Json(json!({"status": "ok", "datenbank": "ok"})).into_response(),
        Ok(stopped) => {
            let list: Vec<_> = stopped
                .iter()
                .map(|(name, mandant)| json!({"projektion": name, "mandant_id": mandant}))
                .collect();
            Json(json!({"status": "eingeschraenkt", "datenbank": "ok", "angehalten": list})).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "nicht bereit");
            let body = json!({"status": "nicht_bereit", "datenbank": "antwortet nicht"});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        app.metrics.render(),
    )
        .into_response()
}
