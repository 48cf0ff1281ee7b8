//! Units of work: all or nothing, each for itself, in turn, and none that the queue has no room for.

use std::{sync::Arc, time::Duration};

use neuroerp::commands::{Caller, Mode, Order, Unit};
use serde_json::json;
use sqlx::{ConnectOptions as _, Executor as _};
use uuid::Uuid;

use super::{assert_log_is_whole, common, kreis, muster_aendern, process};

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
