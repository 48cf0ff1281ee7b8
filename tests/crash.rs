//! The program killed in the middle of its work: whatever was answered is there, nothing is half done.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use common::Door;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};

const TOKEN: &str = "ein-geheimnis-fuer-den-absturztest";

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neuroerp"));
    command
        .env_remove("DATABASE_URL")
        .env("NEUROERP_DATA_DIR", folder)
        .env("NEUROERP_ADMIN_TOKEN", TOKEN)
        .stdin(Stdio::null());
    command
}

/// Starts the real program on a free port and waits until it says where.
fn start(folder: &Path) -> (Child, Door) {
    let mut child = program(folder)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = lines.next().expect("the program says where it listens").unwrap();
        if let Some(at) = line.find("http://") {
            break line[at..].trim_end_matches("/docs").to_owned();
        }
    };
    (child, Door::new(url, TOKEN.to_owned()))
}

fn beleg(n: usize) -> Value {
    json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Last", "beleg": n.to_string(),
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]})
}

fn postmaster(folder: &Path) -> Pid {
    let text = std::fs::read_to_string(folder.join("pg/postmaster.pid")).unwrap();
    Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap())
}

/// Load from eight clients; kills the program (and Postgres, if asked) in the middle of it. Gives back the keys that
/// were answered with 2xx.
async fn load_and_kill(folder: &Path, round: usize, postgres_too: bool) -> Vec<usize> {
    let (mut child, door) = start(folder);
    if round == 0 {
        door.company("TEST", "skr04").await;
    }
    let door = Arc::new(door);
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
        kill(postmaster(folder), Signal::SIGKILL).unwrap();
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    Arc::into_inner(answered).unwrap().into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_command_survives_kill_9_of_the_program_and_of_postgres() {
    let temp = tempfile::Builder::new()
        .prefix("neuroerp-absturz")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = temp.path().join("daten");
    let mut answered = Vec::new();
    for (round, postgres_too) in [false, true].into_iter().enumerate() {
        let keys = load_and_kill(&folder, round, postgres_too).await;
        assert!(keys.len() > 20, "the load was real: {}", keys.len());
        answered.extend(keys);
    }
    let (mut child, door) = start(&folder);
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
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success(), "stops cleanly");
    // Positions without a gap, hashes, tree, read models equal a rebuild.
    let check = program(&folder).args(["rebuild", "--pruefen"]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
