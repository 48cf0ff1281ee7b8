//! What stands in the log: whole, in order, unchangeable, and what is remembered of it.

use neuroerp::{
    commands::{Caller, Mode, Order, Unit},
    eventstore::{Recorded, read},
};
use serde_json::json;
use sqlx::{ConnectOptions as _, Executor as _, Row as _};
use uuid::Uuid;

use super::{assert_log_is_whole, common, drawn, gap, kreis, muster_aendern, process};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_on_record_with_its_state_row_when_it_is_answered() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    let answer = bus
        .send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    assert_eq!((answer.version, answer.position), (1, 1));
    assert_eq!(answer.ereignisse, ["Angelegt"]);
    let row = sqlx::query("SELECT code, status, version, log_position FROM dienste.nummernkreis WHERE mandant_id = $1")
        .bind(mandant)
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(row.get::<String, _>("code"), "AR");
    assert_eq!(
        (row.get::<i64, _>("version"), row.get::<i64, _>("log_position")),
        (1, 1)
    );
    let children: i64 = sqlx::query_scalar("SELECT count(*) FROM dienste.nummernkreis_muster WHERE mandant_id = $1")
        .bind(mandant)
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(children, 1);
    assert_log_is_whole(&db, mandant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_writers_in_several_processes_leave_no_gap_and_lose_nothing() {
    let db = common::database().await;
    let mandant = Uuid::now_v7();
    drawn(&db, mandant).await;
    let mut buses = Vec::new();
    for _ in 0..3 {
        buses.push(process(&db).await);
    }
    buses[0]
        .send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for (p, bus) in buses.iter().enumerate() {
        for w in 0..8 {
            let bus = bus.clone();
            tasks.push(tokio::spawn(async move {
                for n in 0..20_i64 {
                    // All write the same stream, so every decision depends on the ones before it.
                    let number = i64::try_from(p * 1000 + w * 100).unwrap() + n + 1;
                    bus.send(mandant, Caller::service("test"), gap(mandant, "AR", number))
                        .await
                        .unwrap();
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(assert_log_is_whole(&db, mandant).await, 1 + 3 * 8 * 20);
    // The folded child rows carry running numbers 1..N: a stale decision would have given one twice.
    let numbers: Vec<i32> =
        sqlx::query_scalar("SELECT nr FROM dienste.nummernkreis_luecke WHERE mandant_id = $1 ORDER BY nr")
            .bind(mandant)
            .fetch_all(&db.pool)
            .await
            .unwrap();
    assert_eq!(numbers, (1..=480).collect::<Vec<i32>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_to_change_the_log() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    for attack in [
        "UPDATE log.ereignis SET actor = 'dienst:niemand'",
        "DELETE FROM log.ereignis",
        "TRUNCATE log.ereignis",
        "UPDATE log.befehl SET status = 500",
        "DELETE FROM log.befehl",
        "ALTER TABLE log.ereignis DISABLE TRIGGER ALL",
        "DROP TABLE log.ereignis",
    ] {
        assert!(db.pool.execute(attack).await.is_err(), "as the program: {attack}");
    }
    let mut owner = db.owner.clone().connect().await.unwrap();
    for attack in [
        "UPDATE log.ereignis SET actor = 'x'",
        "DELETE FROM log.ereignis",
        "TRUNCATE log.ereignis",
    ] {
        let error = owner.execute(attack).await.unwrap_err().to_string();
        assert!(error.contains("unveränderlich"), "as the owner: {attack}: {error}");
    }
    assert_log_is_whole(&db, mandant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_nothing_remembered_counts() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let refused = bus.send(mandant, Caller::service("test"), gap(mandant, "AR", 7)).await;
    assert_eq!(refused.unwrap_err().status, 422, "no number was drawn");
    // The restored database is the same up to here, but that numbers were drawn.
    drawn(&db, mandant).await;
    let mut owner = db.owner.clone().connect().await.unwrap();
    owner.execute("UPDATE log.kopf SET epoche = epoche + 1").await.unwrap();
    bus.send(mandant, Caller::service("test"), gap(mandant, "AR", 7))
        .await
        .unwrap();
    assert_eq!(assert_log_is_whole(&db, mandant).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_streams_are_folded_from_their_snapshot_to_the_same_state() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let orders = (1..=300).map(|n| muster_aendern(mandant, "AR", n)).collect();
    let unit = Unit {
        caller: Caller::service("test"),
        orders,
        mode: Mode::Each,
    };
    assert!(bus.submit(mandant, unit).await.unwrap().iter().all(Result::is_ok));
    let snapshots: i64 = sqlx::query_scalar("SELECT count(*) FROM log.schnappschuss")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(snapshots, 1);
    let key = (
        "nummernkreis",
        aggregates::dienste::Nummernkreis::stream_id(mandant, "AR"),
    );
    let mut connection = db.pool.acquire().await.unwrap();
    let entry = db.store.registry().entry("nummernkreis").unwrap();
    let loaded = db
        .store
        .load(&mut connection, mandant, &[key])
        .await
        .unwrap()
        .remove(&key)
        .unwrap();
    let events = read::stream::<Recorded>(&mut connection, mandant, key.0, key.1, None)
        .await
        .unwrap();
    let stored: Vec<_> = events.iter().map(Recorded::stored).collect();
    let folded = entry.fold(&entry.empty(), &stored).unwrap();
    assert_eq!(loaded.version, 301);
    // Of the past too: before the snapshot, with it and after it.
    for version in [1, 255, 256, 257, 301] {
        let then = db
            .store
            .load_until(&mut connection, mandant, key, version)
            .await
            .unwrap();
        let events = stored.get(..usize::try_from(version).unwrap()).unwrap();
        let folded = entry.fold(&entry.empty(), events).unwrap();
        assert_eq!(then.version, version);
        assert_eq!(entry.to_json(&then.state), entry.to_json(&folded), "{version}");
    }
    assert_eq!(entry.to_json(&loaded.state), entry.to_json(&folded));
}

#[tokio::test(flavor = "multi_thread")]
async fn business_dates_follow_the_clock_even_if_the_log_is_ahead_of_it() {
    let db = common::database().await;
    let bus = process(&db).await;
    let system = Uuid::nil();
    let key = |name: &str| {
        let ablauf = neuroerp::uhr::jetzt() + chrono::Duration::days(2);
        let command =
            json!({"Ausstellen": {"name": name, "scopes": ["fibu:read"], "sonderrechte": [], "ablauf": ablauf}});
        Order::new("api_key", Uuid::now_v7(), command)
    };
    bus.send(system, Caller::service("test"), key("vorher")).await.unwrap();
    let mut owner = db.owner.clone().connect().await.unwrap();
    owner
        .execute("UPDATE log.kopf SET recorded_at = now() + interval '10 days'")
        .await
        .unwrap();
    // By the time of the last event this key would have expired long ago.
    bus.send(system, Caller::service("test"), key("nachher")).await.unwrap();
    let ahead: bool = sqlx::query_scalar("SELECT max(recorded_at) > now() + interval '9 days' FROM log.ereignis")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert!(ahead, "recorded_at never falls");
}
