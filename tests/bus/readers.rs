//! Readers and followers of the log.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use neuroerp::commands::Caller;
use uuid::Uuid;

use super::{bus_over, common, kreis, muster_aendern, process, store};

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
