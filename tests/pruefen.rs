//! What stands beside the log and follows from it (claims, counters, commands on record): changed behind the program's
//! back it is found, and a rebuild sets it right. Attacks are made in the role that the program itself has.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use common::TestServer;
use neuroerp::{
    commands::{Answer, Caller, Order},
    projector::rebuild::{self, Report},
    server::Core,
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Executor as _};
use uuid::Uuid;

fn beleg(n: u32) -> Value {
    json!({
        "belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Bürobedarf", "beleg": n.to_string(),
        "zeilen": [
            {"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
            {"konto": "1600", "seite": "haben", "betrag": "119.00"}
        ]
    })
}

async fn buchen(server: &TestServer, from: u32, to: u32) -> String {
    let mut nummer = String::new();
    for n in from..to {
        let answer = server.post("/api/v1/fibu/buchungen", beleg(n)).await.ok();
        answer["nummer"].as_str().unwrap().clone_into(&mut nummer);
    }
    nummer
}

async fn found(server: &TestServer) -> Vec<String> {
    found_in(server, None).await
}

async fn found_in(server: &TestServer, what: Option<&[String]>) -> Vec<String> {
    let differences = rebuild::verify(&server.db.store, what).await.unwrap();
    differences.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn nothing(found: &[String]) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

async fn rebuilt(server: &TestServer, what: &[&str]) -> Report {
    let what: Vec<String> = what.iter().map(|name| (*name).to_owned()).collect();
    let what = (!what.is_empty()).then_some(what.as_slice());
    rebuild::rebuild(&server.db.store, what, 2, &mut |_| {}).await.unwrap()
}

/// In the role of the running program, which may change all this.
async fn as_program(server: &TestServer, sql: &'static str) {
    server.db.pool.execute(sql).await.unwrap();
}

async fn as_owner(server: &TestServer, sql: &'static str) {
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    owner.execute(sql).await.unwrap();
}

/// What is done behind the program's back, and what of it is told.
const ATTACKS: &[(&str, &[&str])] = &[
    (
        "DELETE FROM log.anspruch WHERE bereich = 'konto.konto_nr' AND schluessel = '6815'",
        &[
            "Anspruch konto.konto_nr „6815“ der Firma",
            "fehlt; nach dem Journal hält ihn konto ",
        ],
    ),
    (
        "WITH alt AS (DELETE FROM log.anspruch WHERE bereich = 'konto.konto_nr' AND schluessel = '1600' RETURNING *) \
         INSERT INTO log.anspruch SELECT mandant_id, bereich, schluessel, aggregate_type, \
             '0190a000-0000-7000-8000-000000000001' FROM alt",
        &[
            "Anspruch konto.konto_nr „1600“",
            "ist vergeben an konto 0190a000-0000-7000-8000-000000000001; nach dem Journal hält ihn konto ",
        ],
    ),
    (
        "WITH alt AS (DELETE FROM log.anspruch WHERE bereich = 'konto.konto_nr' AND schluessel = '1800' RETURNING *) \
         INSERT INTO log.anspruch SELECT mandant_id, bereich, schluessel, 'kunde', aggregate_id FROM alt",
        &["Anspruch konto.konto_nr „1800“", "ist vergeben an kunde "],
    ),
    (
        "INSERT INTO log.anspruch SELECT mandant_id, bereich, '4712', aggregate_type, aggregate_id FROM log.anspruch \
         WHERE bereich = 'konto.konto_nr' AND schluessel = '1200'",
        &["Anspruch konto.konto_nr „4712“", "nach dem Journal hält ihn niemand"],
    ),
    (
        "INSERT INTO log.anspruch VALUES ('0190a000-0000-7000-8000-000000000002', 'debitor.nr', '10001', 'debitor', \
             '0190a000-0000-7000-8000-000000000001')",
        &[
            "„10001“ der Firma 0190a000-0000-7000-8000-000000000002",
            "nach dem Journal hält ihn niemand",
        ],
    ),
    (
        "UPDATE log.zaehler SET stand = stand - 2 WHERE kreis = 'KA' AND jahr = 2026",
        &[
            "Zählerstand KA 2026 der Firma",
            "steht auf 3, vergeben ist nach dem Journal schon 5",
        ],
    ),
    (
        "UPDATE log.zaehler SET stand = 500 WHERE kreis = 'KA' AND jahr = 2026",
        &[
            "Zählerstand KA 2026",
            "steht auf 500, vergeben ist nach dem Journal erst 5",
        ],
    ),
    (
        "UPDATE log.zaehler SET letztes_datum = '2026-12-31' WHERE kreis = 'KA'",
        &["nennt als Datum der letzten Nummer 2026-12-31, nach dem Journal ist es 2026-02-02"],
    ),
    (
        "INSERT INTO log.zaehler SELECT mandant_id, 'AR', 2026, 7 FROM log.zaehler WHERE kreis = 'KA' \
         ON CONFLICT (mandant_id, kreis, jahr) DO UPDATE SET stand = 7",
        &[
            "Zählerstand AR 2026",
            "steht auf 7, vergeben ist nach dem Journal erst 0",
        ],
    ),
    (
        "INSERT INTO log.zaehler SELECT mandant_id, 'KD', 0, 10007 FROM log.zaehler WHERE kreis = 'KA' \
         ON CONFLICT (mandant_id, kreis, jahr) DO UPDATE SET stand = 10007",
        &["Zählerstand KD ohne Jahr"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn tampered_claims_and_counters_are_named_and_a_rebuild_sets_them_right() {
    let server = common::server().await;
    buchen(&server, 0, 5).await;
    nothing(&found(&server).await);
    nothing(&rebuilt(&server, &[]).await.mended);
    let what = ["konto", "debitor"].map(str::to_owned);
    for (attack, wanted) in ATTACKS {
        as_program(&server, attack).await;
        let told = found_in(&server, Some(&what)).await;
        assert_eq!(told.len(), 1, "{attack}: {told:#?}");
        for text in *wanted {
            assert!(told[0].contains(text), "{text}: {told:#?}");
        }
        let report = rebuilt(&server, &["konto", "debitor", "nummernkreis"]).await;
        assert_eq!(report.mended.len(), 1, "{attack}: {:?}", report.mended);
        assert!(report.to_string().contains("berichtigt"), "{report}");
    }
    nothing(&found(&server).await);
    // All at once.
    for (attack, _) in ATTACKS {
        as_program(&server, attack).await;
    }
    // Three of them go for the same counter.
    assert_eq!(found(&server).await.len(), ATTACKS.len() - 2);
    rebuilt(&server, &[]).await;
    nothing(&found(&server).await);
    assert_eq!(buchen(&server, 5, 6).await, "KA-2026-000006");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_some_read_models_is_asked_for_their_claims_only() {
    let server = common::server().await;
    as_program(&server, ATTACKS[0].0).await;
    for (what, number) in [("konto", 1), ("debitor", 0), ("journal", 0)] {
        let told = rebuild::verify(&server.db.store, Some(&[what.to_owned()]))
            .await
            .unwrap();
        assert_eq!(told.len(), number, "{what}: {told:?}");
    }
    nothing(&rebuilt(&server, &["debitor"]).await.mended);
    assert_eq!(found(&server).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_of_a_key_is_not_told() {
    let server = common::server().await;
    let hash: String =
        sqlx::query_scalar("SELECT schluessel FROM log.anspruch WHERE bereich = 'api_key.schluessel_hash'")
            .fetch_one(&server.db.pool)
            .await
            .unwrap();
    as_program(
        &server,
        "DELETE FROM log.anspruch WHERE bereich = 'api_key.schluessel_hash'",
    )
    .await;
    let told = found(&server).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("[geheim]") && !told[0].contains(&hash), "{told:?}");
    rebuilt(&server, &["api_key"]).await;
    nothing(&found(&server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_of_a_kind_that_nobody_knows_is_named_and_left_alone() {
    let server = common::server().await;
    as_program(
        &server,
        "INSERT INTO log.anspruch VALUES ('0190a000-0000-7000-8000-000000000002', 'x', 'y', 'aus_der_zukunft', \
             '0190a000-0000-7000-8000-000000000001')",
    )
    .await;
    for _ in 0..2 {
        let told = found(&server).await;
        assert!(told.len() == 1 && told[0].contains("nicht kennt"), "{told:?}");
        nothing(&rebuilt(&server, &[]).await.mended);
    }
}

async fn send(core: &Core, mandant: Uuid, typ: &'static str, command: Value) -> Result<Answer, String> {
    let mut order = Order::new(typ, Uuid::now_v7(), command);
    order.create = true;
    let sent = core.bus().send(mandant, Caller::service("test"), order).await;
    sent.map_err(|refusal| refusal.code.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_remembers_what_was_wrong_forgets_it_with_the_rebuild() {
    let server = common::server().await;
    buchen(&server, 0, 5).await;
    let mandant: Uuid = sqlx::query_scalar("SELECT mandant_id FROM log.zaehler WHERE kreis = 'KA'")
        .fetch_one(&server.db.pool)
        .await
        .unwrap();
    as_program(&server, "UPDATE log.zaehler SET stand = 500 WHERE kreis = 'KA'").await;
    as_program(
        &server,
        "INSERT INTO log.anspruch SELECT mandant_id, 'debitor.nr', '10001', 'debitor', gen_random_uuid() \
         FROM log.zaehler WHERE kreis = 'KA'",
    )
    .await;
    let other = Core::start(&server.db.owner).await.unwrap();
    let debitor = json!({"Anlegen": {"nr": "10001", "name": "Landhof Petersen GmbH"}});
    let refused = send(&other, mandant, "debitor", debitor.clone()).await.unwrap_err();
    assert_eq!(refused, "NUMMER_VERGEBEN");
    assert_eq!(rebuilt(&server, &[]).await.mended.len(), 2);
    send(&other, mandant, "debitor", debitor).await.unwrap();
    let answer = send(&other, mandant, "buchung", json!({"Erfassen": beleg(5)}))
        .await
        .unwrap();
    assert_eq!(answer.nummer.as_deref(), Some("KA-2026-000006"));
    assert_eq!(buchen(&server, 6, 7).await, "KA-2026-000007");
    other.stop().await;
    nothing(&found(&server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_rebuild_under_load_find_nothing_where_nothing_is_wrong() {
    let server = Arc::new(common::server().await);
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3_u32)
        .map(|writer| {
            let (server, done) = (server.clone(), done.clone());
            tokio::spawn(async move {
                let mut n = 0;
                while !done.load(Ordering::Acquire) {
                    let nr = format!("{}", 10_000 + writer * 10_000 + n);
                    server.debitor(&nr, "Landhof Petersen GmbH").await;
                    buchen(&server, n, n + 2).await;
                    n += 2;
                }
                n
            })
        })
        .collect();
    for _ in 0..3 {
        nothing(&found(&server).await);
        nothing(
            &rebuilt(&server, &["debitor", "buchung", "konto", "nummernkreis"])
                .await
                .mended,
        );
    }
    done.store(true, Ordering::Release);
    let mut written = 0;
    for writer in writers {
        written += writer.await.unwrap();
    }
    assert!(written > 20, "{written} vouchers are no load");
    nothing(&found(&server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_load_mends_what_is_wrong_and_gives_no_number_twice() {
    let server = Arc::new(common::server().await);
    buchen(&server, 0, 5).await;
    let writer = {
        let server = server.clone();
        tokio::spawn(async move {
            for n in 0..40 {
                server.debitor(&(10_000 + n).to_string(), "Landhof Petersen GmbH").await;
                buchen(&server, n, n + 1).await;
            }
        })
    };
    // Not on what the vouchers need: they would be refused.
    for (attack, _) in &ATTACKS[2..5] {
        as_program(&server, attack).await;
    }
    as_program(
        &server,
        "INSERT INTO log.zaehler SELECT mandant_id, 'AR', 2026, 7 FROM log.zaehler WHERE kreis = 'KA'",
    )
    .await;
    let report = rebuilt(&server, &[]).await;
    assert_eq!(report.mended.len(), 3, "{:?}", report.mended);
    writer.await.unwrap();
    nothing(&found(&server).await);
    assert_eq!(buchen(&server, 0, 1).await, "KA-2026-000046");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_is_documented_after_a_restore_counts_as_given() {
    let server = common::server().await;
    buchen(&server, 0, 5).await;
    // Numbers 6 to 9 are on paper; the log that was restored does not know them.
    as_program(&server, "UPDATE log.zaehler SET stand = 9 WHERE kreis = 'KA'").await;
    // A fresh process reads the counter.
    let core = Core::start(&server.db.owner).await.unwrap();
    let (mandant, kreis): (Uuid, Uuid) =
        sqlx::query_as("SELECT mandant_id, id FROM dienste.nummernkreis WHERE code = 'KA'")
            .fetch_one(&server.db.pool)
            .await
            .unwrap();
    let luecke =
        json!({"LueckeDokumentieren": {"jahr": 2026, "von": 6, "bis": 9, "grund": "Sicherung zurückgespielt"}});
    let order = Order::new("nummernkreis", kreis, luecke);
    core.bus().send(mandant, Caller::service("test"), order).await.unwrap();
    nothing(&found(&server).await);
    nothing(&rebuilt(&server, &["nummernkreis"]).await.mended);
    let answer = send(&core, mandant, "buchung", json!({"Erfassen": beleg(5)}))
        .await
        .unwrap();
    assert_eq!(answer.nummer.as_deref(), Some("KA-2026-000010"));
    core.stop().await;
    nothing(&found(&server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_drawn_before_events_listed_their_numbers_still_counts() {
    let server = common::server().await;
    buchen(&server, 0, 5).await;
    // As the migration found it: no event lists its numbers, the counters stand.
    as_owner(
        &server,
        "ALTER TABLE log.ereignis DISABLE TRIGGER ALL; \
         UPDATE log.ereignis SET meta = (meta::jsonb - 'nummern')::json WHERE meta::text LIKE '%\"nummern\"%'",
    )
    .await;
    let about = |told: Vec<String>| {
        told.into_iter()
            .filter(|t| t.contains("Zählerstand"))
            .collect::<Vec<_>>()
    };
    assert_eq!(about(found(&server).await).len(), 1);
    as_owner(&server, "INSERT INTO log.zaehler_anfang SELECT * FROM log.zaehler").await;
    nothing(&about(found(&server).await));
    nothing(&rebuilt(&server, &["nummernkreis"]).await.mended);
    assert_eq!(buchen(&server, 5, 6).await, "KA-2026-000006");
    nothing(&about(found(&server).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_on_record_that_the_log_does_not_bear_are_named() {
    let server = common::server().await;
    buchen(&server, 0, 5).await;
    let insert = "INSERT INTO log.befehl SELECT mandant_id, '0190a000-0000-7000-8000-000000000001', NULL, 201";
    for (attack, wanted) in [
        (
            format!("{insert}, position, position, '{{}}' FROM log.kopf"),
            "Befehl 0190a000-0000-7000-8000-000000000001: das Ereignis auf Position",
        ),
        (
            format!("{insert}, position, position, '{{}}' FROM log.kopf"),
            "schließen nicht an Position",
        ),
        (
            format!("{insert}, position + 1, position + 3, '{{}}' FROM log.kopf"),
            "die Befehle reichen bis Position",
        ),
        (format!("{insert}, 5, 1, '{{}}' FROM log.kopf"), "geht es nicht"),
        (
            "DELETE FROM log.befehl b WHERE position_bis = (SELECT max(position_bis) FROM log.befehl o WHERE \
                 o.mandant_id = b.mandant_id)"
                .to_owned(),
            "die Befehle reichen bis Position",
        ),
        (
            "DELETE FROM log.befehl WHERE position_von = 1".to_owned(),
            "schließen nicht an Position",
        ),
    ] {
        let mut owner = server.db.owner.clone().connect().await.unwrap();
        owner
            .execute(
                "ALTER TABLE log.befehl DISABLE TRIGGER ALL; CREATE TABLE IF NOT EXISTS vorher AS TABLE log.befehl",
            )
            .await
            .unwrap();
        owner.execute(sqlx::AssertSqlSafe(attack)).await.unwrap();
        let told = found(&server).await;
        assert!(told.iter().any(|text| text.contains(wanted)), "{wanted}: {told:#?}");
        owner
            .execute("DELETE FROM log.befehl; INSERT INTO log.befehl SELECT * FROM vorher")
            .await
            .unwrap();
        nothing(&found(&server).await);
    }
}
