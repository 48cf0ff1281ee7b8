//! The command bus against a real Postgres: every guarantee of the log is attacked.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;
#[path = "stand_in/frage.rs"]
mod frage;

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use neuroerp::{
    commands::{Bus, Caller, FactSource, Mode, Order, Unit},
    eventstore::{EventStore, Recorded, StoreError, read, tree::Frontier},
};
use projections::state::Columns;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor, Row};
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
async fn a_claim_is_given_once_even_to_racing_processes() {
    let db = common::database().await;
    let (one, two) = (process(&db).await, process(&db).await);
    let create = |id: Uuid| {
        let mut order = Order::new(
            "mandant",
            id,
            json!({"Anlegen": {"kuerzel": "DEMO", "stammdaten": {"firma": "Demo"}}}),
        );
        order.create = true;
        order
    };
    let mut tasks = Vec::new();
    for n in 0..20 {
        let bus = if n % 2 == 0 { one.clone() } else { two.clone() };
        tasks.push(tokio::spawn(async move {
            bus.send(Uuid::nil(), Caller::service("test"), create(Uuid::now_v7()))
                .await
        }));
    }
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(refusal) => {
                assert_eq!((refusal.code.as_str(), refusal.status), ("NUMMER_VERGEBEN", 409));
                assert_eq!(refusal.daten, json!({"feld": "kuerzel", "wert": "DEMO"}));
            }
        }
    }
    assert_eq!(won, 1);
    assert_eq!(assert_log_is_whole(&db, Uuid::nil()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_id_fifty_times_at_once_acts_once() {
    let db = common::database().await;
    let (one, two) = (process(&db).await, process(&db).await);
    let mandant = Uuid::now_v7();
    one.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let befehl_id = Uuid::now_v7();
    let mut tasks = Vec::new();
    for n in 0..50 {
        let bus = if n % 2 == 0 { one.clone() } else { two.clone() };
        let order = muster_aendern(mandant, "AR", 1).once(befehl_id);
        tasks.push(tokio::spawn(async move {
            bus.send(mandant, Caller::service("test"), order).await.unwrap()
        }));
    }
    let mut first = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        assert_eq!((answer.version, answer.position), (2, 2));
        first += i32::from(!answer.replayed);
    }
    assert_eq!(first, 1);
    assert_eq!(assert_log_is_whole(&db, mandant).await, 2);
    // Another body under the same key is refused.
    let mut other = muster_aendern(mandant, "AR", 9).once(befehl_id);
    other.request_hash = Some(vec![1]);
    let refusal = one.send(mandant, Caller::service("test"), other).await.unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.status), ("IDEMPOTENZ_ABWEICHEND", 422));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_command_fails_alone_and_the_rest_of_its_batch_is_written() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    // A row the database refuses: stands for any unexpected SQL error.
    let mut owner = db.owner.clone().connect().await.unwrap();
    owner
        .execute("ALTER TABLE dienste.nummernkreis ADD CONSTRAINT gift CHECK (code <> 'GIFT')")
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for n in 0..40 {
        let bus = bus.clone();
        let code = if n == 17 { "GIFT".to_owned() } else { format!("K{n}") };
        tasks.push(tokio::spawn(async move {
            bus.send(mandant, Caller::service("test"), kreis(mandant, &code)).await
        }));
    }
    let mut refused = 0;
    for task in tasks {
        if let Err(refusal) = task.await.unwrap() {
            assert_eq!((refusal.code.as_str(), refusal.status), ("INTERN", 500));
            refused += 1;
        }
    }
    assert_eq!(refused, 1);
    assert_eq!(assert_log_is_whole(&db, mandant).await, 39);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_command_of_a_stapel_of_single_ones_fails_alone() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    let mut owner = db.owner.clone().connect().await.unwrap();
    owner
        .execute("ALTER TABLE dienste.nummernkreis ADD CONSTRAINT gift CHECK (code NOT LIKE 'GIFT%')")
        .await
        .unwrap();
    // More than one batch, with a poisoned command in each.
    let code = |n: usize| {
        if n % 400 == 17 {
            format!("GIFT{n}")
        } else {
            format!("K{n}")
        }
    };
    let unit = Unit {
        caller: Caller::service("test"),
        orders: (0..600).map(|n| kreis(mandant, &code(n))).collect(),
        mode: Mode::Each,
    };
    let outcomes = bus.submit(mandant, unit).await.unwrap();
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(_) => assert_ne!(n % 400, 17),
            Err(refusal) => assert_eq!((n % 400, refusal.code.as_str()), (17, "INTERN")),
        }
    }
    assert_eq!(assert_log_is_whole(&db, mandant).await, 598);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_unit_writes_all_or_nothing_and_a_dry_run_writes_nothing() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    let unit = |orders: Vec<Order>, mode: Mode| Unit {
        caller: Caller::service("test"),
        orders,
        mode,
    };
    let orders = vec![kreis(mandant, "AA"), kreis(mandant, "BB"), kreis(mandant, "AA")];
    let outcomes = bus.submit(mandant, unit(orders, Mode::Atomic)).await.unwrap();
    assert_eq!(outcomes[2].as_ref().unwrap_err().code, "NUMMER_VERGEBEN");
    assert_eq!(outcomes[0].as_ref().unwrap_err().code, "STAPEL_ABGEBROCHEN");
    assert_eq!(assert_log_is_whole(&db, mandant).await, 0);

    let orders = vec![kreis(mandant, "AA"), muster_aendern(mandant, "AA", 1)];
    let outcomes = bus.submit(mandant, unit(orders.clone(), Mode::DryRun)).await.unwrap();
    // Each command shows its own events.
    assert!(outcomes.iter().all(|o| o.as_ref().unwrap().preview.len() == 1));
    assert_eq!(assert_log_is_whole(&db, mandant).await, 0);

    let outcomes = bus.submit(mandant, unit(orders, Mode::Atomic)).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(assert_log_is_whole(&db, mandant).await, 2);

    let orders = vec![
        muster_aendern(mandant, "AA", 2),
        kreis(mandant, "AA"),
        muster_aendern(mandant, "AA", 3),
    ];
    let outcomes = bus.submit(mandant, unit(orders, Mode::Each)).await.unwrap();
    assert!(outcomes[0].is_ok() && outcomes[1].is_err() && outcomes[2].is_ok());
    assert_eq!(assert_log_is_whole(&db, mandant).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_of_a_company_can_be_tried() {
    let db = common::database().await;
    let mandant = Uuid::now_v7();
    let orders = [kreis(mandant, "AR"), kreis(mandant, "AR")];
    let bus = process(&db).await;
    let outcomes = bus.probelauf(mandant, &Caller::service("test"), &orders).await.unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().preview.len(), 1);
    assert_eq!(outcomes[1].as_ref().unwrap_err().code, "NUMMER_VERGEBEN");
    assert_eq!(assert_log_is_whole(&db, mandant).await, 0);
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
async fn a_connection_lost_at_commit_neither_loses_nor_doubles_a_command() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    drawn(&db, mandant).await;
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    // Another session keeps killing the program's connections, at whatever point of their transaction they are.
    let killer_options = db.owner.clone();
    let killer = tokio::spawn(async move {
        let mut owner = killer_options.connect().await.unwrap();
        for _ in 0..60 {
            owner
                .execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                     AND pid <> pg_backend_pid() AND xact_start IS NOT NULL",
                )
                .await
                .unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(7)).await;
        }
    });
    let mut accepted = 0;
    let mut open = Vec::new();
    for n in 1..=120_i64 {
        let order = gap(mandant, "AR", n).once(Uuid::new_v5(&mandant, &n.to_be_bytes()));
        match bus.send(mandant, Caller::service("test"), order).await {
            Ok(_) => accepted += 1,
            Err(refusal) => {
                assert_eq!(refusal.status, 503, "{refusal}");
                open.push(n);
            }
        }
    }
    killer.await.unwrap();
    for n in open {
        let order = gap(mandant, "AR", n).once(Uuid::new_v5(&mandant, &n.to_be_bytes()));
        bus.send(mandant, Caller::service("test"), order).await.unwrap();
        accepted += 1;
    }
    assert_eq!(accepted, 120);
    assert_eq!(assert_log_is_whole(&db, mandant).await, 121);
    let numbers: Vec<i64> =
        sqlx::query_scalar("SELECT von FROM dienste.nummernkreis_luecke WHERE mandant_id = $1 ORDER BY von")
            .bind(mandant)
            .fetch_all(&db.pool)
            .await
            .unwrap();
    assert_eq!(numbers, (1..=120).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_given_back_and_taken_again_in_one_batch_is_held() {
    let db = common::database().await;
    let id = Uuid::now_v7();
    let [first, second] = ["a", "b"].map(|c| c.repeat(64));
    let ablauf = neuroerp::uhr::jetzt() + chrono::TimeDelta::days(30);
    let issue = json!({"Ausstellen": {"name": "kasse", "scopes": ["*:admin"], "ablauf": ablauf,
        "schluessel_hash": first}});
    let order = Order::new("api_key", id, issue);
    process(&db)
        .await
        .send(Uuid::nil(), Caller::service("test"), order)
        .await
        .unwrap();
    // A process that has never looked the first key up.
    let renew = |hash: &str| {
        let command = json!({"Erneuern": {"ablauf": ablauf, "schluessel_hash": hash}});
        Order::new("api_key", id, command)
    };
    let unit = Unit {
        caller: Caller::service("test"),
        orders: vec![renew(&second), renew(&first)],
        mode: Mode::Each,
    };
    let outcomes = process(&db).await.submit(Uuid::nil(), unit).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let held: Vec<String> =
        sqlx::query_scalar("SELECT schluessel FROM log.anspruch WHERE bereich = 'api_key.schluessel_hash'")
            .fetch_all(&db.pool)
            .await
            .unwrap();
    assert_eq!(held, [first]);
}

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

/// Waits until a session of the database waits for something of this kind; its backend's pid.
async fn waiting(owner: &mut sqlx::PgConnection, what: &str) -> i32 {
    for _ in 0..500 {
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND $1 IN (wait_event, wait_event_type)";
        let found: Option<i32> = sqlx::query_scalar(sql)
            .bind(what)
            .fetch_optional(&mut *owner)
            .await
            .unwrap();
        if let Some(pid) = found {
            return pid;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody waits for {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_commit_a_command_that_another_process_carried_out_says_nothing_of_the_others() {
    let db = common::database().await;
    let (one, two) = (process(&db).await, process(&db).await);
    let mandant = Uuid::now_v7();
    one.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let keys = [Uuid::now_v7(), Uuid::now_v7()];
    let orders: Vec<Order> = keys
        .iter()
        .zip(1..)
        .map(|(key, nr)| muster_aendern(mandant, "AR", nr).once(*key))
        .collect();
    // The COMMIT of the second command takes its time, once.
    let mut owner = db.owner.clone().connect().await.unwrap();
    let halt = format!(
        "CREATE TABLE public.halt (); INSERT INTO public.halt DEFAULT VALUES; \
         CREATE FUNCTION public.halt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN \
            IF NEW.befehl_id = '{}' AND EXISTS (SELECT FROM public.halt) THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER halt AFTER INSERT ON log.befehl DEFERRABLE INITIALLY DEFERRED \
            FOR EACH ROW EXECUTE FUNCTION public.halt()",
        keys[1]
    );
    owner.execute(sqlx::AssertSqlSafe(halt)).await.unwrap();
    let unit = Unit {
        caller: Caller::service("test"),
        orders: orders.clone(),
        mode: Mode::Each,
    };
    let both = tokio::spawn(async move { one.submit(mandant, unit).await });
    let pid = waiting(&mut owner, "PgSleep").await;
    let first = orders[0].clone();
    let again = tokio::spawn(async move { two.send(mandant, Caller::service("test"), first).await });
    waiting(&mut owner, "Lock").await;
    owner.execute("DELETE FROM public.halt").await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)")
        .bind(pid)
        .execute(&mut owner)
        .await
        .unwrap();
    assert!(!again.await.unwrap().unwrap().replayed);
    let outcomes = both.await.unwrap().unwrap();
    let [first, second] = outcomes.as_slice() else {
        panic!("{outcomes:?}")
    };
    assert!(first.as_ref().unwrap().replayed);
    assert_eq!(second.as_ref().unwrap().position, 3);
    assert_eq!(assert_log_is_whole(&db, mandant).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_races_writers_sees_every_position_once_in_order() {
    let db = common::database().await;
    let (one, two) = (process(&db).await, process(&db).await);
    let mandant = Uuid::now_v7();
    one.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let mut follower = db.store.follow(mandant, 0);
    let reader = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.len() < 401 {
            seen.extend(follower.next(7).await.unwrap().into_iter().map(|e| e.position));
        }
        seen
    });
    let mut tasks = Vec::new();
    for w in 0..10_i64 {
        let bus = if w % 2 == 0 { one.clone() } else { two.clone() };
        tasks.push(tokio::spawn(async move {
            for n in 0..40_i64 {
                bus.send(
                    mandant,
                    Caller::service("test"),
                    muster_aendern(mandant, "AR", w * 100 + n + 1),
                )
                .await
                .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(reader.await.unwrap(), (1..=401).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn if_match_refuses_what_the_user_did_not_see() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let mut order = muster_aendern(mandant, "AR", 1);
    order.if_match = Some(7.into());
    let refusal = bus.send(mandant, Caller::service("test"), order).await.unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.status), ("VERSION_KONFLIKT", 412));
    assert_eq!(refusal.daten, json!({"erwartet": 7, "ist": 1}));
    let mut order = muster_aendern(mandant, "AR", 1);
    order.if_match = Some(1.into());
    bus.send(mandant, Caller::service("test"), order).await.unwrap();
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

/// NOTIFY inside the transaction would make all companies of a database commit one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn commits_are_announced_after_they_are_done_and_many_at_once() {
    let db = common::database().await;
    let store = store(&db).await;
    let bus = bus_over(&store).await;
    let mut heard = sqlx::postgres::PgListener::connect_with(&db.pool).await.unwrap();
    heard.listen("neuroerp_log").await.unwrap();
    let companies: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    for mandant in &companies {
        bus.send(*mandant, Caller::service("test"), kreis(*mandant, "AR"))
            .await
            .unwrap();
    }
    // Nobody announces in this process yet: the transactions themselves said nothing.
    let silence = tokio::time::timeout(Duration::from_millis(200), heard.recv()).await;
    assert!(silence.is_err(), "a transaction notified: {silence:?}");
    let announcer = tokio::spawn(async move { store.listen().await });
    let mut tasks = Vec::new();
    for mandant in companies.clone() {
        for n in 1..=40_i64 {
            let bus = bus.clone();
            tasks.push(tokio::spawn(async move {
                bus.send(mandant, Caller::service("test"), muster_aendern(mandant, "AR", n))
                    .await
            }));
        }
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mut last: HashMap<Uuid, i64> = HashMap::new();
    let mut count = 0;
    while companies.iter().any(|mandant| last.get(mandant) != Some(&41)) {
        let notification = tokio::time::timeout(Duration::from_secs(5), heard.recv()).await;
        let notification = notification.expect("every head is announced").unwrap();
        let (mandant, position) = notification.payload().split_once(' ').unwrap();
        last.insert(mandant.parse().unwrap(), position.parse().unwrap());
        count += 1;
    }
    assert!(count <= 60, "{count} notifications for 123 commands");
    announcer.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_in_this_process_and_in_others_are_woken_without_waiting_for_the_poll() {
    let db = common::database().await;
    let (one, two) = (store(&db).await, store(&db).await);
    let bus = bus_over(&one).await;
    let mandant = Uuid::now_v7();
    let tasks: Vec<_> = [one.clone(), two.clone()]
        .into_iter()
        .map(|store| tokio::spawn(async move { store.listen().await }))
        .collect();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let (mut here, mut there) = (one.follow(mandant, 1), two.follow(mandant, 1));
    let mut times = Vec::new();
    for n in 1..=5 {
        let begin = Instant::now();
        let woken = async {
            let (here, there) = tokio::join!(here.next(10), there.next(10));
            (here.unwrap().len(), there.unwrap().len())
        };
        let order = muster_aendern(mandant, "AR", n);
        let (events, answer) = tokio::join!(woken, async {
            // Both wait already.
            tokio::time::sleep(Duration::from_millis(50)).await;
            bus.send(mandant, Caller::service("test"), order).await
        });
        answer.unwrap();
        assert_eq!(events, (1, 1));
        times.push(begin.elapsed());
    }
    times.sort();
    // The poll of one second would be the median else; one of five may fall into a busy moment of the machine.
    assert!(times[2] < Duration::from_millis(600), "{times:?}");
    for task in tasks {
        task.abort();
    }
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_large_stapel_lets_others_go_first_but_keeps_its_clients_order() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    let orders: Vec<Order> = (0..6_000)
        .map(|n| kreis(mandant, &format!("S{n}")).once(Uuid::now_v7()))
        .collect();
    let unit = |name: &str, orders: Vec<Order>| Unit {
        caller: Caller::service(name),
        orders,
        mode: Mode::Each,
    };
    let done = Arc::new(std::sync::Mutex::new(Vec::new()));
    let submit = |name: &'static str, unit: Unit| {
        let (bus, done) = (bus.clone(), done.clone());
        tokio::spawn(async move {
            let outcomes = bus.submit(mandant, unit).await.unwrap();
            done.lock().unwrap().push(name);
            let positions: Vec<i64> = outcomes.into_iter().map(|o| o.unwrap().position).collect();
            (positions[0], *positions.last().unwrap())
        })
    };
    let large = submit("large", unit("import", orders));
    // The others come once the Stapel is on its way, and long before it is through.
    while db.store.head(mandant).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let later = submit("later", unit("import", vec![kreis(mandant, "X1")]));
    let other = submit("other", unit("clerk", vec![kreis(mandant, "X2")]));
    let (large, later, other) = (large.await.unwrap(), later.await.unwrap(), other.await.unwrap());
    assert_eq!(
        done.lock().unwrap()[0],
        "other",
        "the clerk has the answer before the Stapel is through"
    );
    assert!(other.0 < large.1, "{other:?} {large:?}");
    assert!(large.1 < later.0, "{large:?} {later:?}");
    assert_eq!(assert_log_is_whole(&db, mandant).await, 6_002);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_of_a_company_counts_commands_and_not_requests() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let mut owner = db.owner.clone().connect().await.unwrap();
    owner.execute("BEGIN; SELECT FROM log.kopf FOR UPDATE").await.unwrap();
    let unit = |orders: usize| Unit {
        caller: Caller::service("test"),
        orders: vec![muster_aendern(mandant, "AR", 1); orders],
        mode: Mode::Atomic,
    };
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let (bus, unit) = (bus.clone(), unit(500));
            tokio::spawn(async move { bus.submit(mandant, unit).await.map(|_| ()) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refusal = bus.submit(mandant, unit(500)).await.unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.status), ("API_UEBERLAST", 503));
    for task in waiting {
        task.abort();
    }
    owner.execute("ROLLBACK").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_the_log_need_no_connection_of_the_engine() {
    let db = common::database().await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let engine = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_with(db.owner.clone())
        .await
        .unwrap();
    let _all_of_it = engine.acquire().await.unwrap();
    let store = store(&db).await.with_engine(engine.clone());
    let limit = Duration::from_secs(5);
    let mut follower = store.follow(mandant, 0);
    let events = tokio::time::timeout(limit, follower.next(10)).await;
    assert_eq!(events.expect("a stream waits for no writer").unwrap().len(), 1);
    let head = tokio::time::timeout(limit, store.head(mandant)).await;
    assert_eq!(head.expect("a reader waits for no writer").unwrap(), 1);
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

#[tokio::test(flavor = "multi_thread")]
async fn many_followers_of_a_company_share_one_reader_and_each_sees_everything() {
    let db = common::database().await;
    let store = store(&db).await;
    let bus = bus_over(&store).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let readers: Vec<_> = (0..30)
        .map(|n| {
            // Some begin at the beginning, some at the end, and they take pages of their own size.
            let mut follower = store.follow(mandant, n % 2);
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while seen.last() != Some(&101) {
                    seen.extend(follower.next(3 + n).await.unwrap().into_iter().map(|e| e.position));
                }
                (n, seen)
            })
        })
        .collect();
    let before = reads(&db).await;
    for n in 1..=100 {
        bus.send(mandant, Caller::service("test"), muster_aendern(mandant, "AR", n))
            .await
            .unwrap();
    }
    for reader in readers {
        let (n, seen) = reader.await.unwrap();
        assert_eq!(seen, (1 + n % 2..=101).collect::<Vec<i64>>());
    }
    // Thirty readers of a hundred commits would have fetched three thousand rows each for itself.
    let fetched = reads(&db).await - before;
    assert!(fetched < 1_500, "{fetched} rows of the log were fetched");
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_with_nothing_to_read_look_once_for_all_of_them() {
    let db = common::database().await;
    let store = store(&db).await;
    let bus = process(&db).await;
    let mandant = Uuid::now_v7();
    bus.send(mandant, Caller::service("test"), kreis(mandant, "AR"))
        .await
        .unwrap();
    let readers: Vec<_> = (0..30)
        .map(|_| {
            let mut follower = store.follow(mandant, 1);
            tokio::spawn(async move { follower.next(10).await.unwrap()[0].position })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let scans = async || -> i64 {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        sqlx::query_scalar("SELECT coalesce(idx_scan, 0) + seq_scan FROM pg_stat_all_tables WHERE relname = 'ereignis'")
            .fetch_one(&db.pool)
            .await
            .unwrap()
    };
    let before = scans().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let looks = scans().await - before;
    assert!((1..20).contains(&looks), "{looks} looks");
    // What another process writes, of which nobody tells this one, all of them still find.
    bus.send(mandant, Caller::service("test"), muster_aendern(mandant, "AR", 1))
        .await
        .unwrap();
    for reader in readers {
        let found = tokio::time::timeout(Duration::from_secs(4), reader).await;
        assert_eq!(found.unwrap().unwrap(), 2);
    }
}

/// Rows of the log fetched by index, as the statistics have it.
async fn reads(db: &common::TestDb) -> i64 {
    // The sessions that read tell the statistics within a second.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    sqlx::query_scalar(
        "SELECT coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_all_tables WHERE relname = 'ereignis'",
    )
    .fetch_one(&db.pool)
    .await
    .unwrap()
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
