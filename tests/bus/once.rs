//! What takes effect once: commands, keys, and a COMMIT whose answer was lost.

use std::time::Duration;

use neuroerp::commands::{Caller, Mode, Order, Unit};
use serde_json::json;
use sqlx::{ConnectOptions as _, Executor as _};
use uuid::Uuid;

use super::{assert_log_is_whole, common, drawn, gap, kreis, muster_aendern, process};

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
