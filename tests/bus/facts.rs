//! What commands ask the ledgers for.

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use neuroerp::{
    commands::{Bus, Caller, FactSource, Order},
    eventstore::{EventStore, StoreError},
};
use projections::state::Columns;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{common, frage, kreis, store};

/// A ledger with a long way to go.
struct FarBehind;

impl FactSource for FarBehind {
    fn fact<'a>(
        &'a self,
        _: Uuid,
        _: &'static str,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(i64, Value), StoreError>> + Send + 'a>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_far_behind_holds_up_no_command_but_those_that_ask_it() {
    let server = common::server().await;
    let store = store(&server.db).await;
    let columns = Columns::load(&mut store.pool().acquire().await.unwrap()).await.unwrap();
    let bus = Bus::new(store, &projections::state_models(), columns, Arc::new(FarBehind));
    let (mandant, konto): (Uuid, Uuid) =
        sqlx::query_as("SELECT mandant_id, id FROM fibu.konto WHERE konto_nr = '6815'")
            .fetch_one(&server.db.pool)
            .await
            .unwrap();
    let begin = Instant::now();
    let asking = (0..10).map(|_| {
        let stilllegen = Order::new("konto", konto, json!({"Stilllegen": {}}));
        bus.send(mandant, Caller::service("test"), stilllegen)
    });
    let (asked, other) = tokio::join!(
        futures::future::join_all(asking),
        bus.send(mandant, Caller::service("test"), kreis(mandant, "XX"))
    );
    other.unwrap();
    for outcome in asked {
        let refusal = outcome.unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.status), ("KONTOBUCH_HOLT_AUF", 503));
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

/// A ledger that has seen all that is committed, and tells how far that is.
struct Stand(EventStore);

impl FactSource for Stand {
    fn fact<'a>(
        &'a self,
        mandant: Uuid,
        _: &'static str,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(i64, Value), StoreError>> + Send + 'a>> {
        Box::pin(async move {
            let head = self.0.head(mandant).await?;
            Ok((head, json!(head)))
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_inline_policies_ask_for_is_told_as_of_the_beginning_of_their_command() {
    let db = common::database().await;
    let pool = neuroerp::postgres::connect(&db.owner).await.unwrap();
    let store = EventStore::new(pool, Arc::new(frage::registry()));
    let columns = Columns::load(&mut store.pool().acquire().await.unwrap()).await.unwrap();
    let bus = Bus::new(store.clone(), &[], columns, Arc::new(Stand(store.clone())));
    let mandant = Uuid::now_v7();
    let anlass = || {
        Order::new(
            "anlass",
            Uuid::now_v7(),
            json!({"Geschehen": {"frage": Uuid::now_v7()}}),
        )
    };
    // One for itself, and many at once, which share batches.
    bus.send(mandant, Caller::service("test"), anlass()).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let (bus, order) = (bus.clone(), anlass());
        tasks.push(tokio::spawn(async move {
            bus.send(mandant, Caller::service("test"), order).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let asked = "SELECT position, (payload->>'antwort')::bigint FROM log.ereignis \
        WHERE mandant_id = $1 AND aggregate_type = 'frage' ORDER BY position";
    let asked: Vec<(i64, i64)> = sqlx::query_as(asked).bind(mandant).fetch_all(&db.pool).await.unwrap();
    // Each command wrote what happened and then the answer: before both there was what the answer says.
    let expected: Vec<(i64, i64)> = (0..21).map(|n| (2 * n + 2, 2 * n)).collect();
    assert_eq!(asked, expected);
}
