//! Who waits for whom, and for how long.

use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use neuroerp::{commands::Caller, eventstore::EventStore};
use sqlx::{ConnectOptions as _, Executor as _};
use uuid::Uuid;

use super::{assert_log_is_whole, bus_over, common, kreis, muster_aendern, process, store};

/// The other process takes claims all the time, so that what this one remembers of them is always old.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_saturates_a_company_makes_no_other_miss_for_ever() {
    let db = common::database().await;
    let (busy, other) = (process(&db).await, process(&db).await);
    let mandant = Uuid::now_v7();
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for task in 0..12 {
        let (busy, stop) = (busy.clone(), stop.clone());
        tasks.push(tokio::spawn(async move {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                let order = kreis(mandant, &format!("B{task}X{n}"));
                busy.send(mandant, Caller::service("busy"), order).await.unwrap();
                n += 1;
            }
            n
        }));
    }
    for n in 0..40 {
        let order = kreis(mandant, &format!("A{n}"));
        let answer = other.send(mandant, Caller::service("other"), order).await;
        assert!(answer.is_ok(), "command {n}: {}", answer.unwrap_err());
    }
    stop.store(true, Ordering::Relaxed);
    let mut written = 40;
    for task in tasks {
        written += task.await.unwrap();
    }
    assert_eq!(assert_log_is_whole(&db, mandant).await, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pools_wait_neither_for_ever_for_a_lock_nor_for_a_forgotten_transaction_nor_for_a_query() {
    let db = common::database().await;
    let engine = neuroerp::postgres::connect_engine(&db.owner).await.unwrap();
    let queries = neuroerp::postgres::connect(&db.owner).await.unwrap();
    let shown = async |pool: &sqlx::PgPool, name: &str| -> String {
        let sql = format!("SELECT current_setting('{name}')");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .unwrap()
    };
    assert_eq!(shown(&engine, "lock_timeout").await, "15s");
    assert_eq!(shown(&engine, "idle_in_transaction_session_timeout").await, "30s");
    assert_eq!(shown(&queries, "statement_timeout").await, "55s");
    // A rebuild takes as long as it takes.
    let store = EventStore::new(queries, Arc::new(aggregates::registry()));
    let own: String = sqlx::query_scalar("SELECT current_setting('statement_timeout')")
        .fetch_one(&mut *store.unhurried().await.unwrap())
        .await
        .unwrap();
    assert_eq!(own, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_somebody_holds_for_too_long_is_tried_again() {
    let db = common::database().await;
    let impatient = sqlx::postgres::PgPoolOptions::new()
        .max_connections(2)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("SET ROLE neuroerp_app; SET lock_timeout = '150ms'")
                    .await?;
                Ok(())
            })
        })
        .connect_with(db.owner.clone())
        .await
        .unwrap();
    let bus = bus_over(&store(&db).await.with_engine(impatient)).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let mut owner = db.owner.clone().connect().await.unwrap();
    owner.execute("BEGIN; SELECT FROM log.kopf FOR UPDATE").await.unwrap();
    let sent = tokio::spawn(async move {
        bus.send(mandant, Caller::service("test"), muster_aendern(mandant, "AR", 1))
            .await
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!sent.is_finished());
    owner.execute("ROLLBACK").await.unwrap();
    assert_eq!(sent.await.unwrap().unwrap().position, 2);
    assert_log_is_whole(&db, mandant).await;
}
