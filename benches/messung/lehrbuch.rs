//! T, the textbook: an axum handler that begins, loads the stream, inserts the event and the read model's row, commits.
//! I, less than that: one plain INSERT a request.

use std::{str::FromStr as _, sync::Arc};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use sqlx::{
    ConnectOptions as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

/// Its tables, beside those of the house.
pub const TABLES: &str = "CREATE TABLE IF NOT EXISTS public.lehrbuch_ereignis (position bigserial PRIMARY KEY, strom uuid NOT NULL, \
        version bigint NOT NULL, typ text NOT NULL, daten jsonb NOT NULL, erfasst_am timestamptz NOT NULL DEFAULT now(), \
        UNIQUE (strom, version)); \
     CREATE TABLE IF NOT EXISTS public.lehrbuch_beleg (id uuid PRIMARY KEY, version bigint NOT NULL, text text NOT NULL, \
        belegdatum date NOT NULL, summe numeric(15,2) NOT NULL)";

/// Serves until the parent ends it; prints the address.
pub async fn serve(url: &str, connections: &str) {
    let options = PgConnectOptions::from_str(url).unwrap().disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(connections.parse().unwrap())
        .connect_with(options)
        .await
        .unwrap();
    let app = Router::new()
        .route("/lehrbuch", post(erfassen))
        .route("/insert", post(insert))
        .with_state(Arc::new(pool));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}

async fn erfassen(State(pool): State<Arc<PgPool>>, Json(body): Json<Value>) -> Json<Value> {
    let id = Uuid::now_v7();
    let mut transaction = pool.begin().await.unwrap();
    let events: Vec<(i64, Value)> =
        sqlx::query_as("SELECT version, daten FROM public.lehrbuch_ereignis WHERE strom = $1 ORDER BY version")
            .bind(id)
            .fetch_all(&mut *transaction)
            .await
            .unwrap();
    let version = events.last().map_or(1, |(version, _)| version + 1);
    let position: i64 = sqlx::query_scalar(
        "INSERT INTO public.lehrbuch_ereignis (strom, version, typ, daten) VALUES ($1, $2, 'Erfasst', $3) RETURNING position",
    )
    .bind(id)
    .bind(version)
    .bind(&body)
    .fetch_one(&mut *transaction)
    .await
    .unwrap();
    sqlx::query("INSERT INTO public.lehrbuch_beleg VALUES ($1, $2, $3, $4::date, $5::numeric)")
        .bind(id)
        .bind(version)
        .bind(body["text"].as_str())
        .bind(body["belegdatum"].as_str())
        .bind(body["zeilen"][0]["betrag"].as_str())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    Json(json!({"id": id, "version": version, "position": position}))
}

async fn insert(State(pool): State<Arc<PgPool>>, Json(body): Json<Value>) -> Json<Value> {
    let id = Uuid::now_v7();
    let position: i64 = sqlx::query_scalar(
        "INSERT INTO public.lehrbuch_ereignis (strom, version, typ, daten) VALUES ($1, 1, 'Erfasst', $2) RETURNING position",
    )
    .bind(id)
    .bind(&body)
    .fetch_one(&*pool)
    .await
    .unwrap();
    Json(json!({"id": id, "version": 1, "position": position}))
}
