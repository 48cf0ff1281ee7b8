//! Attacks on ledgers and rebuilds: unreadable events, refusing databases, several processes, long readers, aborts.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use neuroerp::{
    commands::FactSource,
    projector::{Projector, Standing, rebuild},
};
use projections::{Ledger, LedgerError, LogEvent, ledger::Applied};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A ledger that only remembers what it was given, and may ask the database for what it refuses.
#[derive(Clone)]
struct Probe {
    name: &'static str,
    seen: Arc<Mutex<Vec<i64>>>,
    /// Fails like a value that a column refuses.
    refuses: bool,
}

impl Probe {
    fn new(name: &'static str, refuses: bool) -> Self {
        Self {
            name,
            seen: Arc::default(),
            refuses,
        }
    }

    fn seen(&self) -> Vec<i64> {
        self.seen.lock().unwrap().clone()
    }
}

impl Ledger for Probe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn tables(&self) -> &'static [&'static str] {
        &[]
    }

    fn sources(&self) -> &'static [&'static str] {
        &["buchung"]
    }

    fn apply<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _mandant_id: Uuid,
        events: &'a [LogEvent],
        _target: &'a (dyn Fn(&str) -> String + Sync),
    ) -> Applied<'a> {
        Box::pin(async move {
            if self.refuses {
                sqlx::query("SELECT 1 / 0")
                    .execute(connection)
                    .await
                    .map_err(LedgerError::from)?;
            }
            self.seen.lock().unwrap().extend(events.iter().map(|e| e.position));
            Ok(())
        })
    }
}

fn beleg(n: u32) -> Value {
    json!({
        "belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Bürobedarf", "beleg": n.to_string(),
        "zeilen": [
            {"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
            {"konto": "1600", "seite": "haben", "betrag": "119.00"}
        ]
    })
}

async fn buchen(server: &common::TestServer, from: u32, to: u32) -> i64 {
    let stapel: Vec<Value> = (from..to)
        .map(|n| json!({"bereich": "fibu", "ressource": "buchungen", "befehl": "erfassen", "daten": beleg(n)}))
        .collect();
    let answers = server.post("/api/v1/stapel?modus=einzeln", json!(stapel)).await.ok();
    answers.as_array().unwrap().last().unwrap()["position"]
        .as_i64()
        .unwrap()
}

async fn caught_up(server: &common::TestServer, position: i64) {
    let path = format!("/api/v1/berichte/summen-und-saldenliste?ab_position={position}");
    server.get(&path).await.ok();
}

async fn company(server: &common::TestServer) -> Uuid {
    sqlx::query_scalar("SELECT id FROM dienste.mandant WHERE kuerzel = 'TEST'")
        .fetch_one(&server.db.pool)
        .await
        .unwrap()
}

async fn as_owner(db: &common::TestDb, sql: &'static str) {
    let mut owner = db.owner.clone().connect().await.unwrap();
    owner.execute(sql).await.unwrap();
}

/// A form from the future, as an older program would meet it, at the head of every log that has a Buchung.
const FROM_THE_FUTURE: &str = "INSERT INTO log.ereignis SELECT DISTINCT ON (mandant_id) mandant_id, \
         (SELECT k.position + 1 FROM log.kopf k WHERE k.mandant_id = e.mandant_id), gen_random_uuid(), aggregate_type, \
         gen_random_uuid(), 1, event_type, 9, payload, meta, actor, cause, correlation, recorded_at, salt, daten_hash, leaf_hash \
     FROM log.ereignis e WHERE aggregate_type = 'buchung' ORDER BY mandant_id, position DESC; \
     UPDATE log.kopf k SET position = k.position + 1 WHERE EXISTS (SELECT FROM log.ereignis e WHERE \
         e.mandant_id = k.mandant_id AND e.position = k.position + 1)";

async fn standing(projector: &Projector, mandant_id: Uuid, name: &str, wanted: impl Fn(&Standing) -> bool) -> Standing {
    let mut last = None;
    for _ in 0..200 {
        last = projector
            .standings(mandant_id)
            .await
            .unwrap()
            .into_iter()
            .find(|s| s.projektion == name);
        if let Some(standing) = last.take_if(|s| wanted(s)) {
            return standing;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{name} did not get there: {last:?}");
}

fn run(store: &neuroerp::eventstore::EventStore, ledgers: &[&Probe]) -> (Arc<Projector>, CancellationToken) {
    let ledgers = ledgers.iter().map(|l| Box::new((*l).clone()) as Box<dyn Ledger>);
    let projector = Arc::new(Projector::new(store.clone(), ledgers.collect()));
    let cancel = CancellationToken::new();
    drop(projector.clone().start(cancel.clone()));
    (projector, cancel)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_read_the_first_event_of_a_company_says_so() {
    let db = common::database().await;
    as_owner(
        &db,
        "INSERT INTO log.kopf (mandant_id, position) VALUES ('0190a000-0000-7000-8000-000000000001', 1); \
         INSERT INTO log.ereignis VALUES ('0190a000-0000-7000-8000-000000000001', 1, gen_random_uuid(), 'buchung', \
             gen_random_uuid(), 1, 'Erfasst', 1, '{}', '{}', 'dienst:test', NULL, gen_random_uuid(), now(), \
             decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'))",
    )
    .await;
    let mandant_id = Uuid::parse_str("0190a000-0000-7000-8000-000000000001").unwrap();
    let (projector, cancel) = run(&db.store, &[&Probe::new("probe", false)]);
    let stopped = standing(&projector, mandant_id, "probe", |s| s.fehler.is_some()).await;
    assert_eq!(stopped.position, 0);
    assert!(stopped.fehler.unwrap().contains("position 1"));
    cancel.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_ledger_stands_right_before_the_event_and_goes_on_when_told_to() {
    let server = common::server().await;
    let position = buchen(&server, 0, 5).await;
    let mandant_id = company(&server).await;
    as_owner(&server.db, FROM_THE_FUTURE).await;
    let probe = Probe::new("probe", false);
    let (projector, cancel) = run(&server.db.store, &[&probe]);
    let stopped = standing(&projector, mandant_id, "probe", |s| s.fehler.is_some()).await;
    assert_eq!((stopped.position, probe.seen().len()), (position, 5));
    assert!(stopped.fehler.unwrap().contains(&format!("position {}", position + 1)));
    as_owner(
        &server.db,
        "ALTER TABLE log.ereignis DISABLE TRIGGER ALL; UPDATE log.ereignis SET event_version = 1 WHERE event_version = 9; \
         UPDATE projektion.stand SET fehler = NULL",
    )
    .await;
    standing(&projector, mandant_id, "probe", |s| s.position == position + 1).await;
    assert_eq!(probe.seen().len(), 6);
    cancel.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_ledger_is_tried_again_by_the_next_start() {
    let server = common::server().await;
    let position = buchen(&server, 0, 2).await;
    let mandant_id = company(&server).await;
    as_owner(&server.db, FROM_THE_FUTURE).await;
    let (old, cancel) = run(&server.db.store, &[&Probe::new("probe", false)]);
    standing(&old, mandant_id, "probe", |s| s.fehler.is_some()).await;
    cancel.cancel();
    as_owner(
        &server.db,
        "ALTER TABLE log.ereignis DISABLE TRIGGER ALL; UPDATE log.ereignis SET event_version = 1 WHERE event_version = 9",
    )
    .await;
    let (newer, cancel) = run(&server.db.store, &[&Probe::new("probe", false)]);
    let going = standing(&newer, mandant_id, "probe", |s| s.position == position + 1).await;
    assert_eq!(going.fehler, None);
    cancel.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_the_database_refuses_stops_alone() {
    let server = common::server().await;
    let position = buchen(&server, 0, 5).await;
    let mandant_id = company(&server).await;
    let (bad, good) = (Probe::new("bad", true), Probe::new("good", false));
    let (projector, cancel) = run(&server.db.store, &[&bad, &good]);
    standing(&projector, mandant_id, "good", |s| s.position >= position).await;
    let stopped = standing(&projector, mandant_id, "bad", |s| s.fehler.is_some()).await;
    assert!(stopped.fehler.unwrap().contains("division"));
    cancel.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_the_ledgers_and_count_each_event_once() {
    let server = common::server().await;
    let mandant_id = company(&server).await;
    let others: Vec<_> = (0..2)
        .map(|_| {
            let store = neuroerp::eventstore::EventStore::new(server.db.pool.clone(), Arc::new(aggregates::registry()));
            let projector = Arc::new(Projector::new(store, projections::ledgers()));
            let cancel = CancellationToken::new();
            let task = projector.clone().start(cancel.clone());
            (projector, cancel, task)
        })
        .collect();
    let mut position = 0;
    for round in 0..15 {
        position = buchen(&server, round * 20, round * 20 + 20).await;
        if round == 7 {
            // One dies in the middle of its work.
            others[0].2.abort();
        }
    }
    assert!(
        others[1]
            .0
            .wait_for(
                &["journal", "konto_saldo"],
                mandant_id,
                position,
                Duration::from_secs(10)
            )
            .await
    );
    assert_equal(&server.db).await;
    others[1].1.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_postgres_loses_of_a_ledger_when_it_is_killed_is_carried_again_without_a_new_event() {
    let server = common::server().await;
    let position = buchen(&server, 1, 3).await;
    caught_up(&server, position).await;
    let lines = "SELECT count(*) FROM fibu.journalzeile";
    let before: i64 = sqlx::query_scalar(lines).fetch_one(&server.db.pool).await.unwrap();
    assert!(before > 0);
    // As after a crash: the last commits of the ledger never reached the disk, its first one neither in this case.
    as_owner(
        &server.db,
        "BEGIN; DELETE FROM fibu.journalzeile; DELETE FROM projektion.stand WHERE projektion = 'journal'; COMMIT",
    )
    .await;
    let mut now = 0;
    for _ in 0..250 {
        now = sqlx::query_scalar(lines).fetch_one(&server.db.pool).await.unwrap();
        if now == before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(now, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_reports_do_not_keep_the_ledgers_waiting() {
    let db = common::database().await;
    let core = neuroerp::server::Core::start(&db.owner).await.unwrap();
    let pool = core.app.store.pool();
    let mut held = Vec::new();
    // All that there are, but the one that listens.
    while let Ok(Ok(connection)) = tokio::time::timeout(Duration::from_millis(500), pool.acquire()).await {
        held.push(connection);
    }
    assert!(held.len() > 10);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let mandant = Uuid::now_v7();
    let command = json!({"Anlegen": {"code": "AR", "muster": "AR-{00000}", "start": 1, "lueckenlos": true,
        "chronologisch": false}});
    let kreis = aggregates::dienste::Nummernkreis::stream_id(mandant, "AR");
    let order = neuroerp::commands::Order::new("nummernkreis", kreis, command);
    let caller = neuroerp::commands::Caller::service("test");
    core.bus().send(mandant, caller, order).await.unwrap();
    let begin = std::time::Instant::now();
    let mut reached = 0;
    while reached < projections::ledgers().len() && begin.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let sql = "SELECT count(*) FROM projektion.stand WHERE mandant_id = $1 AND position >= 1";
        let count: i64 = sqlx::query_scalar(sql).bind(mandant).fetch_one(&db.pool).await.unwrap();
        reached = usize::try_from(count).unwrap();
    }
    assert_eq!(reached, projections::ledgers().len());
    drop(held);
    core.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_position_ends_when_it_is_seen_or_the_time_is_up() {
    let server = common::server().await;
    let position = buchen(&server, 0, 3).await;
    let mandant_id = company(&server).await;
    let probe = Probe::new("probe", false);
    let (projector, cancel) = run(&server.db.store, &[&probe]);
    let limit = Duration::from_secs(5);
    assert!(projector.wait_for(&["probe"], mandant_id, position, limit).await);
    assert!(projector.wait_for(&["probe"], Uuid::now_v7(), 0, limit).await);
    let short = Duration::from_millis(150);
    assert!(!projector.wait_for(&["probe"], mandant_id, position + 1, short).await);
    assert_eq!(projector.catch_up("probe", mandant_id).await.unwrap(), position);
    assert!(projector.catch_up("gibtsnicht", mandant_id).await.is_err());
    cancel.cancel();
}

async fn assert_equal(db: &common::TestDb) {
    let differences = rebuild::verify(&db.store, None).await.unwrap();
    let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{}", list.join("\n"));
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|n| (*n).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_report_delays_a_rebuild_but_stops_no_command_and_a_second_rebuild_is_refused() {
    let server = common::server().await;
    let position = buchen(&server, 0, 20).await;
    caught_up(&server, position).await;
    let mut report = server.db.owner.clone().connect().await.unwrap();
    report
        .execute("BEGIN; SELECT count(*) FROM fibu.buchungs_position; SELECT count(*) FROM fibu.journalzeile")
        .await
        .unwrap();
    let store = server.db.store.clone();
    let rebuilding =
        tokio::spawn(
            async move { rebuild::rebuild(&store, Some(&names(&["buchung", "journal"])), 2, &mut |_| {}).await },
        );
    tokio::time::sleep(Duration::from_millis(700)).await;
    for n in 0..10 {
        let answer = tokio::time::timeout(Duration::from_secs(2), buchen(&server, 100 + n, 101 + n)).await;
        assert!(answer.is_ok(), "a command waited for a report");
    }
    assert!(!rebuilding.is_finished());
    let second = rebuild::rebuild(&server.db.store, Some(&names(&["konto"])), 1, &mut |_| {}).await;
    assert!(second.unwrap_err().to_string().contains("läuft schon"));
    let check = rebuild::verify(&server.db.store, None).await;
    assert!(check.unwrap_err().to_string().contains("läuft schon"));
    report.execute("COMMIT").await.unwrap();
    rebuilding.await.unwrap().unwrap();
    let position = buchen(&server, 200, 201).await;
    caught_up(&server, position).await;
    assert_equal(&server.db).await;
}

const SHAPE: &str = "SELECT c.relname || ' ' || x.text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, \
     LATERAL (SELECT 'index ' || pg_get_indexdef(i.indexrelid) AS text FROM pg_index i WHERE i.indrelid = c.oid \
         UNION ALL SELECT 'constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid \
         UNION ALL SELECT 'comment ' || d.objsubid || ' ' || d.description FROM pg_description d WHERE d.objoid = c.oid \
         UNION ALL SELECT 'policy ' || p.polname FROM pg_policy p WHERE p.polrelid = c.oid \
         UNION ALL SELECT 'rights ' || a::text FROM unnest(c.relacl) a \
         UNION ALL SELECT 'option ' || o FROM unnest(c.reloptions) o \
         UNION ALL SELECT 'column ' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull \
             || ' ' || a.attgenerated::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 \
         UNION ALL SELECT 'owner ' || c.relowner::regrole::text) x \
     WHERE n.nspname IN ('fibu', 'dienste') AND c.relkind = 'r' ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_table_has_the_same_shape_and_is_analysed() {
    let server = common::server().await;
    let position = buchen(&server, 0, 50).await;
    caught_up(&server, position).await;
    let shape = async || {
        sqlx::query_scalar::<_, String>(SHAPE)
            .fetch_all(&server.db.pool)
            .await
            .unwrap()
    };
    let before = shape().await;
    for _ in 0..2 {
        rebuild::rebuild(&server.db.store, None, 2, &mut |_| {}).await.unwrap();
    }
    let after = shape().await;
    let gone: Vec<_> = before.iter().filter(|l| !after.contains(l)).collect();
    let new: Vec<_> = after.iter().filter(|l| !before.contains(l)).collect();
    assert!(gone.is_empty() && new.is_empty(), "gone: {gone:#?}\nnew: {new:#?}");
    let rows: f32 = sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE oid = 'fibu.buchung'::regclass")
        .fetch_one(&server.db.pool)
        .await
        .unwrap();
    assert!((rows - 50.0).abs() < 0.5, "the planner thinks of {rows} rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_rebuild_changes_nothing_live_and_the_next_one_cleans_up() {
    let server = common::server().await;
    let position = buchen(&server, 0, 5).await;
    caught_up(&server, position).await;
    as_owner(&server.db, FROM_THE_FUTURE).await;
    let oids = async || {
        sqlx::query_scalar::<_, String>(
            "SELECT string_agg(t::regclass::oid::text, ' ') FROM unnest(ARRAY['fibu.buchung', 'fibu.journalzeile']) t",
        )
        .fetch_one(&server.db.pool)
        .await
        .unwrap()
    };
    let before = oids().await;
    for what in ["buchung", "journal"] {
        rebuild::rebuild(&server.db.store, Some(&names(&[what])), 2, &mut |_| {})
            .await
            .unwrap_err();
    }
    assert_eq!(oids().await, before);
    rebuild::rebuild(&server.db.store, Some(&names(&["konto"])), 2, &mut |_| {})
        .await
        .unwrap();
    let left: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'umbau'")
        .fetch_all(&server.db.pool)
        .await
        .unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_dies_in_the_middle_leaves_the_way_free_for_the_next() {
    let server = common::server().await;
    let position = buchen(&server, 0, 20).await;
    caught_up(&server, position).await;
    let mut report = server.db.owner.clone().connect().await.unwrap();
    report
        .execute("BEGIN; SELECT count(*) FROM fibu.buchung")
        .await
        .unwrap();
    let store = server.db.store.clone();
    let dying = tokio::spawn(async move {
        rebuild::rebuild(&store, Some(&names(&["buchung"])), 2, &mut |_| {})
            .await
            .map(|_| ())
    });
    tokio::time::sleep(Duration::from_millis(600)).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    report.execute("COMMIT").await.unwrap();
    let mut done = false;
    for _ in 0..100 {
        done = rebuild::rebuild(&server.db.store, None, 2, &mut |_| {}).await.is_ok();
        if done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(done, "the dead rebuild still holds its lock");
    let position = buchen(&server, 100, 101).await;
    caught_up(&server, position).await;
    assert_equal(&server.db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn companies_that_begin_during_a_rebuild_lose_no_row() {
    let server = Arc::new(common::server().await);
    let rebuilt = Arc::new(AtomicBool::new(false));
    let (founder, stop) = (server.clone(), rebuilt.clone());
    let founding = tokio::spawn(async move {
        let mut companies = 0;
        while companies < 4 || !stop.load(Ordering::Acquire) {
            founder.company(&format!("NEU{companies}"), "skr04").await;
            companies += 1;
        }
    });
    let what = names(&["konto", "nummernkreis", "mandant", "geschaeftsjahr", "konto_saldo"]);
    for _ in 0..3 {
        rebuild::rebuild(&server.db.store, Some(&what), 2, &mut |_| {})
            .await
            .unwrap();
    }
    rebuilt.store(true, Ordering::Release);
    founding.await.unwrap();
    assert_equal(&server.db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_puts_a_stopped_ledger_to_work_again() {
    let server = common::server().await;
    let position = buchen(&server, 0, 3).await;
    caught_up(&server, position).await;
    let mandant_id = company(&server).await;
    as_owner(&server.db, FROM_THE_FUTURE).await;
    let projector = Projector::new(server.db.store.clone(), projections::ledgers());
    standing(&projector, mandant_id, "journal", |s| s.fehler.is_some()).await;
    as_owner(
        &server.db,
        "ALTER TABLE log.ereignis DISABLE TRIGGER ALL; UPDATE log.ereignis SET event_version = 1 WHERE event_version = 9",
    )
    .await;
    let what = names(&["journal"]);
    rebuild::rebuild(&server.db.store, Some(&what), 1, &mut |_| {})
        .await
        .unwrap();
    let there = standing(&projector, mandant_id, "journal", |s| s.fehler.is_none()).await;
    assert_eq!(there.position, position + 1);
    let rows: i64 = sqlx::query_scalar("SELECT count(DISTINCT log_position) FROM fibu.journalzeile")
        .fetch_one(&server.db.pool)
        .await
        .unwrap();
    assert_eq!(rows, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_and_the_stop_of_a_ledger_are_in_the_metrics() {
    let server = common::server().await;
    let position = buchen(&server, 0, 3).await;
    caught_up(&server, position).await;
    let mut text = String::new();
    for _ in 0..200 {
        text = server.get("/metrics").await.text;
        let shown = |name: &str| text.contains(&format!("{name}{{projektion=\"journal\"}}"));
        if shown("neuroerp_projektion_rueckstand") && shown("neuroerp_projektion_angehalten") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn journal_and_balances_hold_every_line_once_and_a_reversal_undoes_its_sums() {
    let server = common::server().await;
    server.debitor("10001", "Landhof Petersen GmbH").await;
    buchen(&server, 0, 3).await;
    let list = server
        .get("/api/v1/fibu/buchungen?limit=1&sortierung=belegnummer")
        .await
        .ok();
    let path = format!(
        "/api/v1/fibu/buchungen/{}/stornieren",
        list["daten"][0]["id"].as_str().unwrap()
    );
    server
        .post(
            &path,
            json!({"grund": "doppelt erfasst", "buchungsdatum": "2026-03-01"}),
        )
        .await
        .ok();
    let rechnung = json!({
        "belegkreis": "MB", "belegdatum": "2026-04-01", "buchungsdatum": "2026-04-02", "text": "Weizen", "beleg": "A-1",
        "zeilen": [
            {"personenkonto": "10001", "seite": "soll", "betrag": "119.00"},
            {"konto": "4400", "seite": "haben", "betrag": "119.00", "schluessel": "U19"}
        ]
    });
    let answer = server.post("/api/v1/fibu/buchungen", rechnung).await.ok();
    caught_up(&server, answer["position"].as_i64().unwrap()).await;
    let numbers: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT journal_nr FROM fibu.journalzeile ORDER BY journal_nr")
        .fetch_all(&server.db.pool)
        .await
        .unwrap();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let rows: Vec<(String, String, i16, String, String, String)> = sqlx::query_as(
        "SELECT art, konto, periode, soll::text, haben::text, letztes_steuerdatum::text FROM fibu.konto_saldo \
         WHERE konto IN ('6815', '10001') ORDER BY 1, 2, 3",
    )
    .fetch_all(&server.db.pool)
    .await
    .unwrap();
    let row = |art: &str, konto: &str, periode, soll: &str, haben: &str, am: &str| {
        (
            art.to_owned(),
            konto.to_owned(),
            periode,
            soll.to_owned(),
            haben.to_owned(),
            am.to_owned(),
        )
    };
    assert_eq!(
        rows,
        [
            row("personen", "10001", 4, "119.00", "0.00", "2026-04-01"),
            row("sach", "6815", 2, "300.00", "0.00", "2026-02-02"),
            row("sach", "6815", 3, "-100.00", "0.00", "2026-03-01"),
        ]
    );
    let unequal: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT konto, geschaeftsjahr_beginn, periode, sum(soll) AS s, sum(haben) AS h \
             FROM fibu.journalzeile GROUP BY 1, 2, 3) j \
         FULL JOIN (SELECT * FROM fibu.konto_saldo WHERE art = 'sach') k USING (konto, geschaeftsjahr_beginn, periode) \
         WHERE (j.s, j.h) IS DISTINCT FROM (k.soll, k.haben)",
    )
    .fetch_one(&server.db.pool)
    .await
    .unwrap();
    assert_eq!(unequal, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_answered_at_the_head_without_a_running_projector() {
    let server = common::server().await;
    let mandant_id = company(&server).await;
    let position = buchen(&server, 0, 5).await;
    let projector = Projector::new(server.db.store.clone(), projections::ledgers());
    for (name, key, wanted) in [
        ("konto_saldo", "6815", json!("500.00")),
        ("konto_saldo", "1600", json!("-595.00")),
        ("konto_saldo", "4711", json!("0.00")),
        ("konto_letzte_buchung", "6815", json!("2026-02-02")),
        ("konto_letzte_buchung", "4711", Value::Null),
        ("schluessel_letzte_buchung", "V19", json!("2026-02-02")),
        ("schluessel_letzte_buchung", "U7", Value::Null),
        ("personenkonto_saldo", "10001", json!("0.00")),
        (
            "periode_umfang",
            "2026-01-01/2",
            json!({"anzahl": 5, "soll": "595.00", "haben": "595.00"}),
        ),
        (
            "periode_umfang",
            "2026-01-01/3",
            json!({"anzahl": 0, "soll": "0.00", "haben": "0.00"}),
        ),
        (
            "schluessel_automatikkonten",
            "2026-03-10/V7",
            json!(["5300", "5710", "5731"]),
        ),
        ("schluessel_automatikkonten", "2026-03-10/VX", Value::Null),
    ] {
        let (at, value) = projector.fact(mandant_id, name, key).await.unwrap();
        assert_eq!((at, value), (position, wanted), "{name} {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_asks_a_stopped_ledger_says_what_to_do() {
    let server = common::server().await;
    let mandant_id = company(&server).await;
    buchen(&server, 0, 1).await;
    as_owner(&server.db, FROM_THE_FUTURE).await;
    as_owner(
        &server.db,
        "UPDATE log.kopf SET baum = decode(repeat('00', 32 * bit_count(position::bit(64))::int), 'hex')",
    )
    .await;
    let projector = Projector::new(server.db.store.clone(), projections::ledgers());
    standing(&projector, mandant_id, "konto_saldo", |s| s.fehler.is_some()).await;
    let konto = server.get("/api/v1/fibu/konten?konto_nr=6825").await.ok();
    let id = konto["daten"][0]["id"].as_str().unwrap().to_owned();
    let refused = server
        .post(&format!("/api/v1/fibu/konten/{id}/stilllegen"), json!({}))
        .await
        .refused(503, "KONTOBUCH_ANGEHALTEN");
    assert_eq!(refused["daten"], json!({"projektion": "konto_saldo"}));
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.contains("/health/ready") && detail.contains("rebuild konto_saldo"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_names_each_way_to_tamper_with_the_log() {
    let server = common::server().await;
    let position = buchen(&server, 0, 10).await;
    caught_up(&server, position).await;
    as_owner(&server.db, "ALTER TABLE log.ereignis DISABLE TRIGGER ALL").await;
    for (attack, wanted) in [
        (
            "UPDATE log.ereignis SET actor = 'dienst:niemand' WHERE event_type = 'Erfasst' AND position % 2 = 0",
            "der Kopf passt nicht zu seinem Blatt-Hashwert",
        ),
        (
            "UPDATE log.ereignis SET meta = '{\"befehl_id\":\"x\"}' WHERE event_type = 'Erfasst'",
            "die Daten passen nicht zu ihrem Hashwert",
        ),
        (
            "UPDATE log.kopf SET baum = set_byte(baum, 0, (get_byte(baum, 0) + 1) % 256)",
            "der Merkle-Baum",
        ),
        (
            "UPDATE fibu.journalzeile SET soll = soll + 1 WHERE zeile = 1",
            "Soll ist nicht gleich Haben",
        ),
        (
            "UPDATE projektion.stand SET fehler = 'angehalten von Hand' WHERE projektion = 'journal'",
            "angehalten von Hand",
        ),
        (
            "UPDATE log.ereignis SET event_type = 'Vergoldet' WHERE event_type = 'Erfasst'",
            "lässt sich nicht neu aufbauen",
        ),
        ("DELETE FROM log.ereignis WHERE position = 3", "Lücke"),
        (
            "DELETE FROM log.ereignis e WHERE position = (SELECT max(position) FROM log.ereignis f WHERE f.mandant_id = e.mandant_id)",
            "der Kopf nennt Position",
        ),
    ] {
        as_owner(&server.db, attack).await;
        let differences = rebuild::verify(&server.db.store, Some(&names(&["journal", "buchung"])))
            .await
            .unwrap();
        let found: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|f| f.contains(wanted)), "{wanted}: {found:#?}");
    }
}
