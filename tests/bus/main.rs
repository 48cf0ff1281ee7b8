//! The command bus against a real Postgres: every guarantee of the log is attacked.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

#[path = "../common/mod.rs"]
mod common;
mod facts;
#[path = "../stand_in/frage.rs"]
mod frage;
mod log;
mod once;
mod readers;
mod units;
mod waiting;

use std::{pin::Pin, sync::Arc};

use neuroerp::{
    commands::{Bus, FactSource, Order},
    eventstore::{EventStore, StoreError, tree::Frontier},
};
use projections::state::Columns;
use serde_json::{Value, json};
use sqlx::Row as _;
use uuid::Uuid;

struct NoFacts;

impl FactSource for NoFacts {
    fn fact<'a>(
        &'a self,
        _: Uuid,
        _: &'static str,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(i64, Value), StoreError>> + Send + 'a>> {
        Box::pin(async { Ok((0, Value::Null)) })
    }
}

/// A log as a process of its own would have it: own pool, own signals.
async fn store(db: &common::TestDb) -> EventStore {
    let pool = neuroerp::postgres::connect(&db.owner).await.unwrap();
    EventStore::new(pool, Arc::new(aggregates::registry()))
}

async fn bus_over(store: &EventStore) -> Bus {
    let columns = Columns::load(&mut store.pool().acquire().await.unwrap()).await.unwrap();
    Bus::new(store.clone(), &projections::state_models(), columns, Arc::new(NoFacts))
}

/// A bus as a process of its own would have it: own pool, own cache.
async fn process(db: &common::TestDb) -> Bus {
    bus_over(&store(db).await).await
}

fn kreis(mandant: Uuid, code: &str) -> Order {
    let command = json!({"Anlegen": {
        "code": code, "muster": format!("{code}-{{JJJJ}}-{{000000}}"), "start": 1, "lueckenlos": true, "chronologisch": false
    }});
    let mut order = Order::new(
        "nummernkreis",
        aggregates::dienste::Nummernkreis::stream_id(mandant, code),
        command,
    );
    order.create = true;
    order
}

/// Numbers that were drawn, so that [`gap`] may document them.
async fn drawn(db: &common::TestDb, mandant: Uuid) {
    sqlx::query("INSERT INTO log.zaehler (mandant_id, kreis, jahr, stand) VALUES ($1, 'AR', 2026, 100000)")
        .bind(mandant)
        .execute(&db.pool)
        .await
        .unwrap();
}

/// A command whose event has a running number, so that a stale decision would show.
fn gap(mandant: Uuid, code: &str, n: i64) -> Order {
    let command = json!({"LueckeDokumentieren": {"jahr": 2026, "von": n, "bis": n, "grund": "Test"}});
    Order::new(
        "nummernkreis",
        aggregates::dienste::Nummernkreis::stream_id(mandant, code),
        command,
    )
}

/// A command that every open Nummernkreis takes, any number of times: the pattern of another day far ahead.
fn muster_aendern(mandant: Uuid, code: &str, n: i64) -> Order {
    let tag = chrono::NaiveDate::from_ymd_opt(2100, 1, 1).unwrap() + chrono::Duration::days(n);
    let command = json!({"MusterAendern": {"muster": format!("{code}-{{JJJJ}}-{{000000}}"), "gueltig_ab": tag}});
    Order::new(
        "nummernkreis",
        aggregates::dienste::Nummernkreis::stream_id(mandant, code),
        command,
    )
}

async fn assert_log_is_whole(db: &common::TestDb, mandant: Uuid) -> i64 {
    let rows = sqlx::query("SELECT position, leaf_hash FROM log.ereignis WHERE mandant_id = $1 ORDER BY position")
        .bind(mandant)
        .fetch_all(&db.pool)
        .await
        .unwrap();
    let mut frontier = Frontier::default();
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(
            row.get::<i64, _>("position"),
            i64::try_from(index).unwrap() + 1,
            "no gap"
        );
        frontier.push(row.get::<Vec<u8>, _>("leaf_hash").try_into().unwrap());
    }
    let head = sqlx::query("SELECT position, baum FROM log.kopf WHERE mandant_id = $1")
        .bind(mandant)
        .fetch_optional(&db.pool)
        .await
        .unwrap();
    if let Some(head) = head {
        assert_eq!(head.get::<i64, _>("position"), i64::try_from(rows.len()).unwrap());
        assert_eq!(
            head.get::<Vec<u8>, _>("baum"),
            frontier.to_bytes(),
            "the frontier is that of the leaves"
        );
    }
    i64::try_from(rows.len()).unwrap()
}
