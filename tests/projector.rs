//! Ledgers and rebuilds on a running core: exactly once, equal to a fresh build, without downtime.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use neuroerp::projector::rebuild;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor};

fn beleg(n: u32) -> Value {
    let betrag = format!("{}.{:02}", 100 + n % 900, n % 100);
    json!({
        "belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Bürobedarf", "beleg": n.to_string(),
        "zeilen": [
            {"konto": "6815", "seite": "soll", "betrag": betrag, "schluessel": "V19"},
            {"konto": "1600", "seite": "haben", "betrag": betrag}
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
    server
        .get(&format!(
            "/api/v1/berichte/summen-und-saldenliste?ab_position={position}"
        ))
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_read_models_equal_a_fresh_build() {
    let server = common::server().await;
    server.debitor("10001", "Landhof Petersen GmbH").await;
    let position = buchen(&server, 0, 300).await;
    caught_up(&server, position).await;
    let differences = rebuild::verify(&server.db.store, None).await.unwrap();
    assert!(
        differences.is_empty(),
        "{}",
        differences
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_finds_what_was_changed_behind_the_programs_back() {
    let server = common::server().await;
    let position = buchen(&server, 0, 5).await;
    caught_up(&server, position).await;
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    for attack in [
        "UPDATE fibu.konto SET bezeichnung = 'Schwarzgeld' WHERE konto_nr = '6815'",
        "UPDATE fibu.konto_saldo SET soll = soll + 1 WHERE konto = '6815'",
        "ALTER TABLE log.ereignis DISABLE TRIGGER ALL",
        "UPDATE log.ereignis SET payload = replace(payload::text, 'Bürobedarf', 'Bewirtung')::json WHERE event_type = 'Erfasst'",
    ] {
        owner.execute(attack).await.unwrap();
    }
    let found: Vec<String> = rebuild::verify(&server.db.store, None)
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    for wanted in ["fibu.konto:", "fibu.konto_saldo:", "die Daten passen nicht"] {
        assert!(found.iter().any(|f| f.contains(wanted)), "{wanted}: {found:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_load_loses_nothing_and_stops_nobody() {
    let server = std::sync::Arc::new(common::server().await);
    buchen(&server, 0, 200).await;
    let busy = server.clone();
    let load = tokio::spawn(async move {
        let mut position = 0;
        for round in 0..20 {
            position = buchen(&busy, 1000 + round * 20, 1020 + round * 20).await;
            busy.get("/api/v1/fibu/buchungen?limit=5&suche=Buerobedarf").await.ok();
        }
        position
    });
    for _ in 0..2 {
        rebuild::rebuild(&server.db.store, None, 2, &mut |_| {}).await.unwrap();
    }
    let position = load.await.unwrap();
    caught_up(&server, position).await;
    let differences = rebuild::verify(&server.db.store, None).await.unwrap();
    assert!(
        differences.is_empty(),
        "{}",
        differences
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert_eq!(
        server.get("/api/v1/fibu/buchungen?gesamt=true&limit=1").await.ok()["gesamt"],
        600
    );
    // What LIKE does not copy is there again: row-level security, rights, foreign keys, comments.
    let protected: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname IN ('fibu', 'dienste') AND c.relkind = 'r' AND NOT (c.relrowsecurity \
           AND has_table_privilege('neuroerp_leser', c.oid, 'SELECT') AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))",
    )
    .fetch_one(&server.db.pool)
    .await
    .unwrap();
    assert_eq!(protected, 0);
    let keys: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'fibu.kontierung'::regclass",
    )
    .fetch_one(&server.db.pool)
    .await
    .unwrap();
    assert_eq!(keys, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_a_ledger_cannot_read_stops_it_with_a_clear_state() {
    let server = common::server().await;
    let position = buchen(&server, 0, 3).await;
    caught_up(&server, position).await;
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    // A form from the future, as an older program would meet it.
    owner
        .execute(
            "INSERT INTO log.ereignis SELECT mandant_id, position + 1, gen_random_uuid(), aggregate_type, gen_random_uuid(), 1, \
                 event_type, 9, payload, meta, actor, cause, correlation, recorded_at, salt, daten_hash, leaf_hash \
             FROM log.ereignis WHERE aggregate_type = 'buchung' ORDER BY position DESC LIMIT 1; \
             UPDATE log.kopf k SET position = k.position + 1 WHERE EXISTS (SELECT FROM log.ereignis e WHERE \
                 e.mandant_id = k.mandant_id AND e.position = k.position + 1)",
        )
        .await
        .unwrap();
    let ledgers = projections::ledgers();
    let reading = ledgers.iter().filter(|ledger| ledger.sources().contains(&"buchung"));
    let reading = reading.count();
    for _ in 0..100 {
        let ready = server.get("/health/ready").await;
        // Each ledger stops by itself, one a moment after the other.
        if ready.body["angehalten"]
            .as_array()
            .is_some_and(|stopped| stopped.len() == reading)
        {
            assert_eq!(ready.body["status"], "eingeschraenkt", "{}", ready.text);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the ledgers did not stop");
}

/// The keys of every sample row are the columns of its table: a forgotten column would be dropped in silence.
#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_every_state_are_the_columns_of_its_tables() {
    let db = common::database().await;
    let columns = projections::state::Columns::load(&mut db.pool.acquire().await.unwrap())
        .await
        .unwrap();
    let registry = aggregates::registry();
    for model in projections::state_models() {
        let entry = registry.entry(model.typ).unwrap();
        for table in model.tables {
            let mut schema = &entry.state_schema;
            for field in table.path {
                schema = &schema["properties"][*field]["items"];
                if let Some(target) = schema["$ref"].as_str() {
                    schema = &entry.state_schema["$defs"][target.rsplit('/').next().unwrap()];
                }
            }
            let children: Vec<&str> = model
                .tables
                .iter()
                .filter(|t| t.path.len() == table.path.len() + 1 && t.path.starts_with(table.path))
                .filter_map(|t| t.path.last().copied())
                .collect();
            let mut wanted: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
            wanted.retain(|field| !children.contains(&field.as_str()));
            wanted.push("mandant_id".to_owned());
            if table.is_head() {
                wanted.extend(["id", "version", "log_position", "angelegt_am", "geaendert_am"].map(str::to_owned));
            } else {
                wanted.push(model.owner());
                let own = &table.keys[table.path.len() - 1..];
                wanted.retain(|field| !own.iter().any(|(key, _)| key == field));
                wanted.extend(table.keys.iter().map(|(_, column)| (*column).to_owned()));
            }
            let mut found = columns.of(table.name).to_vec();
            wanted.sort();
            found.sort();
            assert_eq!(found, wanted, "{}", table.name);
        }
        for column in model.filter.iter().chain(model.search) {
            let head = model.head().unwrap();
            assert!(
                columns.of(head.name).iter().any(|c| c == column),
                "{} {column}",
                head.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_young_log_gets_statistics_so_that_keys_are_looked_up_by_their_key() {
    let server = common::server().await;
    buchen(&server, 0, 400).await;
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    let analysed = async {
        loop {
            let rows: f32 = sqlx::query_scalar(
                "SELECT min(reltuples) FROM pg_class \
                 WHERE oid IN ('log.ereignis'::regclass, 'log.befehl'::regclass, 'fibu.buchung'::regclass)",
            )
            .fetch_one(&mut owner)
            .await
            .unwrap();
            if rows >= 400.0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), analysed)
        .await
        .expect("the tables are analysed long before autovacuum comes by");
    // As the foreign keys ask, and as the door asks for commands it knows.
    for (sql, index) in [
        (
            "SELECT 1 FROM ONLY fibu.buchung x WHERE mandant_id = $1 AND id = $2 FOR KEY SHARE",
            "buchung_pkey",
        ),
        (
            "SELECT 1 FROM log.befehl WHERE mandant_id = $1 AND befehl_id = ANY(ARRAY[$2])",
            "befehl_pkey",
        ),
    ] {
        let script = format!(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; \
             PREPARE frage(uuid, uuid) AS {sql}"
        );
        owner.execute(sqlx::AssertSqlSafe(script)).await.unwrap();
        let id = uuid::Uuid::nil();
        let explain = format!("EXPLAIN EXECUTE frage('{id}', '{id}')");
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
            .fetch_all(&mut owner)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index) && !plan.contains("Filter"), "{plan}");
        owner.execute("DEALLOCATE frage").await.unwrap();
    }
}
