//! Several server processes on one database: the real program, three times.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::sync::Arc;

use common::prozess;
use serde_json::json;

const TOKEN: &str = "ein-geheimnis-fuer-drei-prozesse";

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_share_one_log_without_gap_double_or_stale_decision() {
    let db = common::database().await;
    let processes = Arc::new([(); 3].map(|()| prozess::starten(&db.owner, TOKEN)));
    processes[0].door.company("TEST", "skr04").await;
    let mut tasks = Vec::new();
    for task in 0..12_usize {
        let processes = processes.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..15_usize {
                let door = &processes[(task + n) % 3].door;
                let beleg = json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "x", "beleg": "1",
                    "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "1.19", "schluessel": "V19"},
                               {"konto": "1600", "seite": "haben", "betrag": "1.19"}]});
                // Each key is sent to two processes; one of them acts.
                let key = format!("{task}-{n}");
                let other = &processes[(task + n + 1) % 3].door;
                let headers = [("Idempotency-Key", key.as_str())];
                let (one, two) = tokio::join!(
                    door.post_with("/api/v1/fibu/buchungen", &headers, beleg.clone()),
                    other.post_with("/api/v1/fibu/buchungen", &headers, beleg.clone())
                );
                let (one, two) = (one.ok(), two.ok());
                assert_eq!(one["nummer"], two["nummer"]);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let last = processes[1]
        .door
        .get("/api/v1/fibu/buchungen?limit=1&sortierung=-belegnummer&gesamt=true")
        .await
        .ok();
    assert_eq!(last["gesamt"], 180);
    assert_eq!(last["daten"][0]["belegnummer"], "KA-2026-000180");
    let gaps: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM log.kopf k WHERE k.position <> (SELECT count(*) FROM log.ereignis e WHERE e.mandant_id = k.mandant_id) \
         OR k.position <> (SELECT coalesce(max(position), 0) FROM log.ereignis e WHERE e.mandant_id = k.mandant_id)",
    )
    .fetch_one(&db.pool)
    .await
    .unwrap();
    assert_eq!(gaps, 0);
    // What one process committed, a report of another sees when asked to wait for it.
    let position = processes[0].door.get("/api/v1/fibu/buchungen?limit=1").await;
    let position = position.header("x-position").to_owned();
    let susa = format!("/api/v1/berichte/summen-und-saldenliste?stichtag=2026-02-28&ab_position={position}");
    for process in processes.iter() {
        let report = process.door.get(&susa).await.ok();
        let kasse = report["zeilen"]
            .as_array()
            .unwrap()
            .iter()
            .find(|z| z["konto"] == "1600")
            .unwrap()
            .clone();
        assert_eq!(kasse["saldo_haben"], "214.20");
    }
    let differences = neuroerp::projector::rebuild::verify(&db.store, None).await.unwrap();
    assert!(differences.is_empty(), "{differences:?}");
}
