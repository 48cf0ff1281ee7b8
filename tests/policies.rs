//! Following policies and timers: once in effect, with several processes, after crashes, and never silently lost.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;
mod verkauf_haus;

use std::time::Duration;

use serde_json::json;
use sqlx::{ConnectOptions, Executor};
use verkauf_haus::{Haus, WAWI};

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
async fn what_an_asking_policy_causes_happens_once_though_the_second_answer_is_another() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    let (cancelled, _) = haus.bestaetigt(&haus.kas, ("1", "t"), Some("300")).await;
    let (told, _) = haus.bestaetigt(&haus.kas, ("2", "t"), Some("300")).await;
    let article = async |befehl: &str, body: serde_json::Value| {
        let path = format!("{WAWI}/artikel/{}/{befehl}", haus.kas);
        haus.server.post(&path, body).await.ok();
        haus.ruhe().await;
    };
    article("sperren", json!({"bereich": "vk", "grund": "Rückruf"})).await;
    // Between the commands and the checkpoint the world goes on: the first of the answer is no longer among it, the note
    // of the second is dealt with, and another order is behind them.
    let note = haus.auftrag(&told).await["hinweise"][0]["hinweis_id"].clone();
    let done = json!({"hinweis_id": note});
    haus.auftrag_tun(&told, "hinweis-erledigen", done).await.ok();
    let grund = json!({"grund": "abgesagt"});
    haus.auftrag_tun(&cancelled, "stornieren", grund).await.ok();
    article("entsperren", json!({})).await;
    let (late, _) = haus.bestaetigt(&haus.kas, ("3", "t"), Some("300")).await;
    haus.ruhe().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut owner = haus.server.db.owner.clone().connect().await.unwrap();
    owner
        .execute("UPDATE log.politik_stand SET position = 0 WHERE politik = 'auftrag_hinweise'")
        .await
        .unwrap();
    haus.zugang(&haus.kas, "10").await;
    until("the second answer is heard too", async || {
        haus.auftrag(&late).await["hinweise"][0]["art"] == "artikel_gesperrt"
    })
    .await;
    haus.ruhe().await;
    assert_eq!(
        haus.auftrag(&told).await["hinweise"],
        json!([]),
        "what is dealt with does not come again"
    );
    let notes = "SELECT count(*) FROM log.ereignis WHERE event_type = 'HinweisGesetzt'";
    assert_eq!(count(&haus.server.db, notes).await, 3);
    assert_eq!(haus.abgelehnte_folgen(&["auftrag_hinweise"]).await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_once_and_a_repeated_firing_does_nothing() {
    let server = common::server().await;
    let second = neuroerp::server::Core::start(&server.db.owner).await.unwrap();
    let ablauf = (neuroerp::uhr::jetzt() + chrono::Duration::seconds(2)).to_rfc3339();
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
    let ablauf = (neuroerp::uhr::jetzt() + chrono::Duration::days(30)).to_rfc3339();
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

#[tokio::test(flavor = "multi_thread")]
async fn what_one_policy_cannot_read_stops_neither_other_policies_nor_timers() {
    let server = common::server().await;
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    // An event of a program that is newer than this one: the policies of Mandant cannot go past it.
    owner
        .execute(
            "INSERT INTO log.ereignis SELECT mandant_id, (SELECT position + 1 FROM log.kopf k WHERE k.mandant_id = e.mandant_id), \
                 gen_random_uuid(), aggregate_type, gen_random_uuid(), 1, event_type, 99, payload, meta, actor, cause, \
                 correlation, recorded_at, salt, daten_hash, leaf_hash \
             FROM log.ereignis e WHERE aggregate_type = 'mandant' LIMIT 1; \
             UPDATE log.kopf SET position = position + 1, \
                 baum = decode(repeat('00', 32 * bit_count((position + 1)::bit(64))::int), 'hex') \
             WHERE mandant_id = '00000000-0000-0000-0000-000000000000'",
        )
        .await
        .unwrap();
    let ablauf = (neuroerp::uhr::jetzt() + chrono::Duration::seconds(2)).to_rfc3339();
    let key = json!({"name": "kurz", "scopes": ["fibu:read"], "ablauf": ablauf});
    let key = server.post("/api/v1/dienste/api-keys", key).await.ok();
    let path = format!("/api/v1/dienste/api-keys/{}", key["id"].as_str().unwrap());
    until("the key expires by its timer", async || {
        server.get(&path).await.ok()["status"] == "abgelaufen"
    })
    .await;
    let metrics = server.get("/metrics").await.text;
    let line = "neuroerp_politik_fehler{politik=\"mandant_nummernkreise\"}";
    assert!(metrics.contains(line), "the trouble is counted: {metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_cannot_be_carried_out_is_put_off_and_holds_up_no_other() {
    let server = common::server().await;
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    owner
        .execute("ALTER TABLE dienste.api_key ADD CONSTRAINT gift CHECK (name <> 'gift' OR status <> 'abgelaufen')")
        .await
        .unwrap();
    let ablauf = |seconds| (neuroerp::uhr::jetzt() + chrono::Duration::seconds(seconds)).to_rfc3339();
    let key = |name: &str, ablauf: String| json!({"name": name, "scopes": ["fibu:read"], "ablauf": ablauf});
    server
        .post("/api/v1/dienste/api-keys", key("gift", ablauf(1)))
        .await
        .ok();
    let good = server
        .post("/api/v1/dienste/api-keys", key("gut", ablauf(4)))
        .await
        .ok();
    let path = format!("/api/v1/dienste/api-keys/{}", good["id"].as_str().unwrap());
    until("the other key expires by its timer", async || {
        server.get(&path).await.ok()["status"] == "abgelaufen"
    })
    .await;
    let tries = count(
        &server.db,
        "SELECT sum(versuche)::bigint FROM log.frist WHERE faellig < now() AND erledigt_am IS NULL",
    )
    .await;
    assert_eq!(tries, 1, "put off after the first try instead of every second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_whose_log_somebody_holds_stops_neither_policies_nor_timers_of_others() {
    let server = common::server().await;
    let ablauf = (neuroerp::uhr::jetzt() + chrono::Duration::seconds(3)).to_rfc3339();
    let key = json!({"name": "kurz", "scopes": ["fibu:read"], "ablauf": ablauf});
    let key = server.post("/api/v1/dienste/api-keys", key).await.ok();
    let path = format!("/api/v1/dienste/api-keys/{}", key["id"].as_str().unwrap());
    until("the timer is set", async || {
        count(
            &server.db,
            "SELECT count(*) FROM log.frist WHERE faellig < now() + interval '1 minute'",
        )
        .await
            == 1
    })
    .await;
    // Nobody can write into the new company's log: the policies of Mandant, which set it up, wait for it.
    let mandant = uuid::Uuid::now_v7();
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    owner.execute("BEGIN").await.unwrap();
    sqlx::query("INSERT INTO log.kopf (mandant_id) VALUES ($1)")
        .bind(mandant)
        .execute(&mut owner)
        .await
        .unwrap();
    let company = json!({"id": mandant, "kuerzel": "FEST", "stammdaten": {"firma": "Fest GmbH"}});
    server.post("/api/v1/dienste/mandanten", company).await.ok();
    // Only the owner sees what others wait for.
    let mut looker = server.db.owner.clone().connect().await.unwrap();
    until("the policies wait", async || {
        let sql =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting: i64 = sqlx::query_scalar(sql).fetch_one(&mut looker).await.unwrap();
        waiting > 0
    })
    .await;
    let kunde = json!({"kunden_art": "firma", "name": "Hinrichs", "ust_status": "regel"});
    let angelegt = server.post("/api/v1/crm/kunden", kunde).await.ok();
    let position = angelegt["position"].as_i64().unwrap();
    let begin = std::time::Instant::now();
    until("the policy of another company has read the customer", async || {
        count(
            &server.db,
            "SELECT coalesce(max(position), 0)::bigint FROM log.politik_stand WHERE politik = 'kunde_stammdaten'",
        )
        .await
            >= position
    })
    .await;
    until("the key expires by its timer", async || {
        server.get(&path).await.ok()["status"] == "abgelaufen"
            && count(
                &server.db,
                "SELECT count(*) FROM log.frist WHERE faellig < now() AND erledigt_am IS NULL",
            )
            .await
                == 0
    })
    .await;
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    owner.execute("ROLLBACK").await.unwrap();
    until("the new company is set up", async || {
        let mine = "SELECT count(*) FROM dienste.nummernkreis WHERE mandant_id = $1";
        let mine: i64 = sqlx::query_scalar(mine)
            .bind(mandant)
            .fetch_one(&server.db.pool)
            .await
            .unwrap();
        mine == common::NUMMERNKREISE
    })
    .await;
}
