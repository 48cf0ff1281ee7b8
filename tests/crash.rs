//! The program killed in the middle of its work: whatever was answered is there, nothing is half done.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;
#[path = "common/programm.rs"]
mod programm;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use nix::sys::signal::{Signal, kill};
use programm::{Serve, place, postmaster, program};
use serde_json::{Value, json};

fn beleg(n: usize) -> Value {
    json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Last", "beleg": n.to_string(),
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]})
}

/// Load from eight clients; kills the program (and Postgres, if asked) in the middle of it. Gives back the keys that
/// were answered with 2xx.
async fn load_and_kill(folder: &Path, round: usize, postgres_too: bool) -> Vec<usize> {
    let mut serve = Serve::start(folder);
    let door = serve.door.clone();
    if round == 0 {
        door.company("TEST", "skr04").await;
    }
    let answered: Arc<Mutex<Vec<usize>>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for client in 0..8_usize {
        let (door, answered, stop) = (door.clone(), answered.clone(), stop.clone());
        clients.push(tokio::spawn(async move {
            for n in 0..10_000 {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let key = round * 1_000_000 + client * 10_000 + n;
                let name = format!("last-{key}");
                let body = Some(beleg(key).to_string());
                match door
                    .try_request("POST", "/api/v1/fibu/buchungen", &[("Idempotency-Key", &name)], body)
                    .await
                {
                    Some(reply) if reply.status == 201 => answered.lock().unwrap().push(key),
                    Some(reply) => assert!(reply.status == 503, "{}", reply.text),
                    None => return,
                }
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(1200)).await;
    if postgres_too {
        kill(postmaster(folder).unwrap(), Signal::SIGKILL).unwrap();
    }
    kill(serve.pid(), Signal::SIGKILL).unwrap();
    serve.child.wait().unwrap();
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    Arc::into_inner(answered).unwrap().into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_command_survives_kill_9_of_the_program_and_of_postgres() {
    let temp = place();
    let folder = temp.path().join("daten");
    let mut answered = Vec::new();
    for (round, postgres_too) in [false, true].into_iter().enumerate() {
        let keys = load_and_kill(&folder, round, postgres_too).await;
        assert!(keys.len() > 20, "the load was real: {}", keys.len());
        answered.extend(keys);
    }
    let mut serve = Serve::start(&folder);
    let door = serve.door.clone();
    for key in &answered {
        let name = format!("last-{key}");
        let reply = door
            .post_with("/api/v1/fibu/buchungen", &[("Idempotency-Key", &name)], beleg(*key))
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        assert_eq!(
            reply.header("idempotent-replayed"),
            "true",
            "key {key} was answered and is gone"
        );
    }
    let total = door.get("/api/v1/fibu/buchungen?gesamt=true&limit=1").await.ok()["gesamt"]
        .as_u64()
        .unwrap();
    // What was not answered may have been carried out, but never twice: numbers are without gap or double.
    let numbers = door
        .get("/api/v1/fibu/buchungen?limit=1&sortierung=-belegnummer")
        .await
        .ok();
    assert_eq!(numbers["daten"][0]["belegnummer"], format!("KA-2026-{total:06}"));
    assert!(serve.terminate(Duration::from_secs(30)).success(), "stops cleanly");
    // Positions without a gap, hashes, tree, read models equal a rebuild.
    let check = program(&folder).args(["rebuild", "--pruefen"]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
