//! Following policies and timers: once in effect, with several processes, after crashes, and never silently lost.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::time::Duration;

use serde_json::json;
use sqlx::{ConnectOptions, Executor};

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never came true: {what}");
}

async fn count(db: &common::TestDb, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&db.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_causes_happens_once_even_if_its_checkpoint_is_lost() {
    let server = common::server().await;
    // A second process follows the same log.
    let second = neuroerp::server::Core::start(&server.db.owner).await.unwrap();
    let before = count(
        &server.db,
        "SELECT count(*) FROM log.ereignis WHERE aggregate_type = 'nummernkreis'",
    )
    .await;
    assert_eq!(before, common::NUMMERNKREISE);
    // As after a crash between the commands and the checkpoint.
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    owner
        .execute("UPDATE log.politik_stand SET position = 0 WHERE politik = 'mandant_nummernkreise'")
        .await
        .unwrap();
    server.company("ZWEI", "skr03").await;
    until("the policy has read the second company", async || {
        count(&server.db, "SELECT min(position)::bigint FROM log.politik_stand WHERE politik = 'mandant_nummernkreise' AND mandant_id = '00000000-0000-0000-0000-000000000000'").await > 0
    })
    .await;
    assert_eq!(
        count(
            &server.db,
            "SELECT count(*) FROM log.ereignis WHERE aggregate_type = 'nummernkreis'"
        )
        .await,
        2 * common::NUMMERNKREISE
    );
    assert_eq!(count(&server.db, "SELECT count(*) FROM log.politik_abgelehnt").await, 0);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_once_and_a_repeated_firing_does_nothing() {
    let server = common::server().await;
    let second = neuroerp::server::Core::start(&server.db.owner).await.unwrap();
    let ablauf = (chrono::Utc::now() + chrono::Duration::seconds(2)).to_rfc3339();
    let key = json!({"name": "kurz", "scopes": ["fibu:read"], "ablauf": ablauf});
    let key = server.post("/api/v1/dienste/api-keys", key).await.ok();
    let id = key["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/dienste/api-keys/{id}");
    until("the key expires by its timer", async || {
        server.get(&path).await.ok()["status"] == "abgelaufen"
    })
    .await;
    let history = server.get(&format!("{path}/ereignisse")).await.ok();
    let names: Vec<&str> = history["daten"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["ereignis"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Ausgestellt", "Abgelaufen"]);
    let last = &history["daten"][1];
    assert!(
        last["akteur"].as_str().unwrap().starts_with("dienst:politik-"),
        "{last}"
    );
    // As after a crash between the command and its mark.
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    owner
        .execute("UPDATE log.frist SET erledigt_am = NULL WHERE faellig < now()")
        .await
        .unwrap();
    until("the timer is marked again", async || {
        count(
            &server.db,
            "SELECT count(*) FROM log.frist WHERE faellig < now() AND erledigt_am IS NULL",
        )
        .await
            == 0
    })
    .await;
    assert_eq!(server.get(&path).await.ok()["version"], 2);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_claim_of_a_rotated_key_is_given_back_when_the_overlap_ends() {
    let server = common::bare_server().await;
    let ablauf = (chrono::Utc::now() + chrono::Duration::days(30)).to_rfc3339();
    let key = json!({"name": "dreht", "scopes": ["fibu:read"], "ablauf": ablauf});
    let id = server.post("/api/v1/dienste/api-keys", key).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let claims =
        "SELECT count(*) FROM log.anspruch a JOIN dienste.api_key k ON k.id = a.aggregate_id WHERE k.name = 'dreht'";
    assert_eq!(count(&server.db, claims).await, 2, "name and hash");
    let path = format!("/api/v1/dienste/api-keys/{id}");
    // Another process ends the rotation: it has never looked the old hash up.
    server
        .post(&format!("{path}/rotieren"), json!({"ueberlappung_std": 0}))
        .await
        .ok();
    until("the rotation ends by its timer", async || {
        server.get(&path).await.ok()["status"] == "aktiv"
    })
    .await;
    assert_eq!(count(&server.db, claims).await, 2, "name and new hash");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_consequence_is_kept_visible_and_the_policy_goes_on() {
    let server = common::bare_server().await;
    // The code AR is taken in the new company's log before the policy comes to it: by hand, under the id of the company.
    let mandant = uuid::Uuid::now_v7();
    let core = neuroerp::server::Core::start(&server.db.owner).await.unwrap();
    let kreis = aggregates::dienste::Nummernkreis::stream_id(mandant, "AR");
    let command = json!({"Anlegen": {"code": "AR", "muster": "AR-{00000}", "start": 1, "lueckenlos": true, "chronologisch": false}});
    let order = neuroerp::commands::Order::new("nummernkreis", kreis, command);
    core.bus()
        .send(mandant, neuroerp::commands::Caller::service("test"), order)
        .await
        .unwrap();
    let company = json!({"id": mandant, "kuerzel": "DREI", "stammdaten": {"firma": "Drei GmbH"}});
    server.post("/api/v1/dienste/mandanten", company).await.ok();
    until("the others are there", async || {
        count(&server.db, "SELECT count(*) FROM dienste.nummernkreis").await == common::NUMMERNKREISE
    })
    .await;
    until("the refusal is on record", async || {
        count(
            &server.db,
            "SELECT count(*) FROM log.politik_abgelehnt WHERE code = 'STATUS_UNZULAESSIG'",
        )
        .await
            == 1
    })
    .await;
    core.stop().await;
}
