//! Reading through the public doors: lists, records, history, time travel, reports, the log over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test the panic is the report")]

#[path = "../common/mod.rs"]
mod common;
mod lists;
mod log;
mod records;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use chrono::{DateTime, Utc};
use common::TestDb;
use neuroerp::api::{self, App, auth::Zugang};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

const FIRMA: Uuid = Uuid::from_u128(1);

const KREIS: Uuid = Uuid::from_u128(77);

async fn app(db: &TestDb) -> Arc<App> {
    neuroerp::server::assemble(db.store.clone(), CancellationToken::new())
        .await
        .unwrap()
}

fn router(app: &Arc<App>) -> Router {
    let zugang = Zugang::house(FIRMA, "test");
    api::read::routes()
        .merge(api::log::routes())
        .merge(api::reports::routes())
        .layer(Extension(zugang))
        .with_state(app.clone())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

async fn get(app: &Arc<App>, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(app).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// Puts an event on record.
#[expect(clippy::too_many_arguments, reason = "an event has these parts")]
async fn record(
    pool: &PgPool,
    mandant_id: Uuid,
    position: i64,
    typ: &str,
    id: Uuid,
    version: i64,
    (event_type, payload): (&str, Value),
    am: &str,
) {
    sqlx::query(
        "INSERT INTO log.ereignis VALUES ($1, $2, gen_random_uuid(), $3, $4, $5, $6, 1, $7::json, $8::json, \
             'dienst:test', NULL, $1, $9, decode(repeat('00', 16), 'hex'), decode(repeat('01', 32), 'hex'), \
             decode(repeat('02', 32), 'hex'))",
    )
    .bind(mandant_id)
    .bind(position)
    .bind(typ)
    .bind(id)
    .bind(version)
    .bind(event_type)
    .bind(payload.to_string())
    .bind(json!({"befehl_id": Uuid::from_u128(9), "grund": "Test"}).to_string())
    .bind(am.parse::<DateTime<Utc>>().unwrap())
    .execute(pool)
    .await
    .unwrap();
    sqlx::query("INSERT INTO log.kopf (mandant_id, position) VALUES ($1, $2) ON CONFLICT (mandant_id) DO UPDATE SET position = $2")
        .bind(mandant_id)
        .bind(position)
        .execute(pool)
        .await
        .unwrap();
}
