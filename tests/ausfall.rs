//! The machine of the database is lost: a synchronous standby takes over under load, and queries go on meanwhile.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use common::{Door, prozess, prozess::Prozess};
use neuroerp::eventstore::EventStore;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection, postgres::PgConnectOptions};

const TOKEN: &str = "ein-geheimnis-fuer-den-ausfall";
const BUCHUNGEN: &str = "/api/v1/fibu/buchungen";
/// Clients that post.
const SCHREIBER: usize = 6;
/// Longer than anything here may take.
const GEDULD: Duration = Duration::from_secs(30);

/// A Postgres server of this test.
struct Server {
    child: Child,
    folder: PathBuf,
}

impl Server {
    fn starten(folder: PathBuf) -> Self {
        let log = File::create(folder.join("log")).unwrap();
        let child = common::command(&common::binaries().join("postgres"))
            .arg("-D")
            .arg(folder.join("pg"))
            .arg("-k")
            .arg(&folder)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=200",
            ])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        options(&self.folder, database)
    }

    async fn verbunden(&self, database: &str) -> PgConnection {
        let begin = Instant::now();
        loop {
            match self.options(database).connect().await {
                Ok(connection) => return connection,
                Err(error) => assert!(begin.elapsed() < GEDULD, "{}: {error}", self.folder.display()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// As if the machine lost its power: the server and all its sessions, at once.
    fn verlieren(&mut self) {
        let server = self.child.id();
        let sitzungen: Vec<i32> = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| eltern(*pid) == Some(server))
            .collect();
        kill(Pid::from_raw(server.try_into().unwrap()), Signal::SIGKILL).unwrap();
        for pid in sitzungen {
            // It may have noticed by itself.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        self.child.wait().unwrap();
    }
}

/// The parent of a process.
fn eltern(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let zeile = status.lines().find_map(|zeile| zeile.strip_prefix("PPid:"))?;
    zeile.trim().parse().ok()
}

fn options(socket: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::from_str("postgres://eigner@localhost/postgres")
        .unwrap()
        .socket(socket)
        .database(database)
        .disable_statement_logging()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGQUIT);
        let _ = self.child.wait();
    }
}

/// A server, its synchronous standby, and a program that writes to the one and reads from the other.
struct Verbund {
    haupt: Server,
    zweiter: Server,
    prozess: Arc<Prozess>,
    temp: tempfile::TempDir,
}

/// A folder that the user who runs Postgres may use.
fn ordner(temp: &Path, name: &str) -> PathBuf {
    let folder = temp.join(name);
    fs::create_dir(&folder).unwrap();
    if let Some((uid, gid)) = common::server_user() {
        chown(&folder, Some(uid), Some(gid)).unwrap();
    }
    folder
}

/// Where the program finds its database; whoever is responsible turns it to another server.
fn wegweiser(temp: &Path, ziel: &Server) {
    let neu = temp.join("neu");
    symlink(&ziel.folder, &neu).unwrap();
    fs::rename(neu, temp.join("jetzt")).unwrap();
}

fn mit_replik(temp: &Path, zweiter: &Server) -> Command {
    let mut programm = prozess::programm(&options(&temp.join("jetzt"), "erp"), TOKEN);
    programm.env("DATABASE_READ_URL", prozess::url(&zweiter.options("erp")));
    programm
}

impl Verbund {
    async fn neu() -> Self {
        let temp = tempfile::Builder::new()
            .prefix("neuroerp-ausfall")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).unwrap();
        let bin = common::binaries();
        let folder = ordner(temp.path(), "a");
        common::initdb(&folder.join("pg"));
        let haupt = Server::starten(folder);
        let mut sitzung = haupt.verbunden("postgres").await;
        sitzung.execute("CREATE DATABASE erp").await.unwrap();
        let folder = ordner(temp.path(), "b");
        common::run(
            common::command(&bin.join("pg_basebackup"))
                .args(["-U", "eigner", "--checkpoint=fast", "--no-sync", "-R", "-h"])
                .arg(&haupt.folder)
                .arg("-D")
                .arg(folder.join("pg")),
        );
        let zweiter = Server::starten(folder);
        zweiter.verbunden("postgres").await;
        // From now on nothing is committed that the standby does not have.
        sitzung
            .execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            .await
            .unwrap();
        sitzung.execute("SELECT pg_reload_conf()").await.unwrap();
        bis("die Replik folgt synchron", async || {
            let synchron = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            let zahl: i64 = sqlx::query_scalar(synchron).fetch_one(&mut sitzung).await.unwrap();
            zahl == 1
        })
        .await;
        wegweiser(temp.path(), &haupt);
        let prozess = Arc::new(prozess::bereit(mit_replik(temp.path(), &zweiter), TOKEN));
        prozess.door.company("TEST", "skr04").await;
        Self {
            haupt,
            zweiter,
            prozess,
            temp,
        }
    }

    fn door(&self) -> &Door {
        &self.prozess.door
    }

    /// How many queries were answered by the replica.
    async fn aus_der_replik(&self) -> u64 {
        let text = self.door().get("/metrics").await.text;
        let zeile = text
            .lines()
            .find_map(|zeile| zeile.strip_prefix("neuroerp_gelesen{wo=\"replik\"} "));
        zeile.map_or(0, |zahl| zahl.parse().unwrap())
    }
}

async fn bis(was: &str, mut wahr: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !wahr().await {
        assert!(begin.elapsed() < GEDULD, "nie eingetreten: {was}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn beleg() -> Value {
    json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Last", "beleg": "1",
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]})
}

#[derive(Default)]
struct Last {
    ende: AtomicBool,
    gebucht: AtomicUsize,
    gelesen: AtomicUsize,
}

/// Posts until told to stop, each voucher under its key until it is answered; reads what it was answered. Gives the keys.
async fn schreiben(prozess: Arc<Prozess>, last: Arc<Last>, client: usize) -> BTreeSet<String> {
    let mut beantwortet = BTreeSet::new();
    for n in 0.. {
        let key = format!("ausfall-{client}-{n}");
        let antwort = loop {
            if last.ende.load(Ordering::Relaxed) {
                return beantwortet;
            }
            let kopf = [("Idempotency-Key", key.as_str())];
            let antwort = prozess.door.post_with(BUCHUNGEN, &kopf, beleg()).await;
            if antwort.status == 201 {
                break antwort;
            }
            assert_eq!(antwort.status, 503, "{}", antwort.text);
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        last.gebucht.fetch_add(1, Ordering::Relaxed);
        // What was answered is read, whichever server answers; while the one that has it is gone, it may take a moment.
        let gelesen = prozess.door.get(antwort.header("location")).await;
        assert!(
            matches!(gelesen.status, 200 | 503),
            "{}: {}",
            gelesen.status,
            gelesen.text
        );
        beantwortet.insert(key);
    }
    beantwortet
}

/// Reads until told to stop; every query is answered.
async fn lesen(prozess: Arc<Prozess>, last: Arc<Last>) {
    while !last.ende.load(Ordering::Relaxed) {
        for pfad in [
            "/api/v1/fibu/buchungen?limit=5",
            "/api/v1/berichte/kontenplan",
            "/api/v1/ereignisse?limit=5",
        ] {
            let antwort = prozess.door.get(pfad).await;
            assert_eq!(antwort.status, 200, "{pfad}: {}", antwort.text);
            last.gelesen.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_synchrone_replik_uebernimmt_unter_last_und_nichts_beantwortetes_geht_verloren() {
    let mut verbund = Verbund::neu().await;
    let last = Arc::new(Last::default());
    let schreiber: Vec<_> = (0..SCHREIBER)
        .map(|client| tokio::spawn(schreiben(verbund.prozess.clone(), last.clone(), client)))
        .collect();
    let leser = tokio::spawn(lesen(verbund.prozess.clone(), last.clone()));
    let gebucht = || last.gebucht.load(Ordering::Relaxed);
    let gelesen = || last.gelesen.load(Ordering::Relaxed);
    bis("die Last läuft", async || gebucht() > 100).await;
    verbund.haupt.verlieren();
    // Nobody writes; queries go on.
    let vorher = gelesen();
    bis("ohne Hauptserver wird weiter gelesen", async || gelesen() > vorher + 60).await;
    let ohne = gebucht();
    let mut sitzung = verbund.zweiter.verbunden("postgres").await;
    sitzung.execute("SELECT pg_promote()").await.unwrap();
    wegweiser(verbund.temp.path(), &verbund.zweiter);
    bis("dasselbe Programm bucht auf dem neuen Server", async || {
        gebucht() > ohne + 100
    })
    .await;
    last.ende.store(true, Ordering::Relaxed);
    leser.await.unwrap();
    let mut beantwortet = BTreeSet::new();
    for client in schreiber {
        beantwortet.extend(client.await.unwrap());
    }
    for key in &beantwortet {
        let antwort = verbund
            .door()
            .post_with(BUCHUNGEN, &[("Idempotency-Key", key)], beleg())
            .await;
        assert_eq!(antwort.status, 201, "{}", antwort.text);
        assert_eq!(
            antwort.header("idempotent-replayed"),
            "true",
            "{key} war beantwortet und ist weg"
        );
    }
    let pool = neuroerp::postgres::connect(&verbund.zweiter.options("erp"))
        .await
        .unwrap();
    let store = EventStore::new(pool.clone(), Arc::new(aggregates::registry()));
    let nummern: Vec<String> =
        sqlx::query_scalar("SELECT belegnummer FROM fibu.buchung WHERE belegkreis = 'KA' ORDER BY log_position")
            .fetch_all(&pool)
            .await
            .unwrap();
    let lueckenlos: Vec<String> = (1..=nummern.len()).map(|n| format!("KA-2026-{n:06}")).collect();
    assert_eq!(nummern, lueckenlos);
    // Whoever was interrupted at the end may have one voucher more than he knows of.
    assert!((0..=SCHREIBER).contains(&(nummern.len() - beantwortet.len())));
    let abweichungen = neuroerp::projector::rebuild::verify(&store, None).await.unwrap();
    assert!(abweichungen.is_empty(), "{abweichungen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gelesen_wird_aus_der_replik_und_was_ihr_fehlt_aus_der_datenbank() {
    let verbund = Verbund::neu().await;
    let door = verbund.door();
    let vorher = verbund.aus_der_replik().await;
    for _ in 0..10 {
        let neu = door.post(BUCHUNGEN, beleg()).await;
        assert_eq!(door.get(neu.header("location")).await.ok()["id"], neu.ok()["id"]);
    }
    let dort = verbund.aus_der_replik().await;
    assert!(dort >= vorher + 10, "{vorher} -> {dort}");
    // The replica has the log, but does not show what is new.
    let mut sitzung = verbund.zweiter.verbunden("erp").await;
    sitzung.execute("SELECT pg_wal_replay_pause()").await.unwrap();
    for _ in 0..5 {
        let neu = door.post(BUCHUNGEN, beleg()).await;
        let (ort, position) = (neu.header("location").to_owned(), neu.header("x-position").to_owned());
        let gelesen = door.get(&ort).await;
        assert!(gelesen.header("x-position").parse::<i64>().unwrap() >= position.parse().unwrap());
        assert_eq!(gelesen.ok()["id"], neu.ok()["id"]);
        let liste = door
            .get(&format!(
                "{BUCHUNGEN}?limit=1&sortierung=-log_position&ab_position={position}"
            ))
            .await;
        assert_eq!(liste.ok()["daten"][0]["log_position"].to_string(), position);
        assert_eq!(door.get(&format!("{ort}/ereignisse")).await.status, 200);
    }
    sitzung.execute("SELECT pg_wal_replay_resume()").await.unwrap();
    let stand = verbund.aus_der_replik().await;
    bis("die Replik antwortet wieder", async || {
        door.get(&format!("{BUCHUNGEN}?limit=1")).await.ok();
        verbund.aus_der_replik().await > stand
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_fremde_datenbank_wird_nicht_als_replik_genommen() {
    let (eine, andere) = (common::database().await, common::database().await);
    let mut programm = prozess::programm(&eine.owner, TOKEN);
    programm.args(["serve", "--listen", "127.0.0.1:0"]);
    let url = prozess::url(&andere.owner);
    let antwort = programm.env("DATABASE_READ_URL", &url).output().unwrap();
    let text = String::from_utf8_lossy(&antwort.stderr);
    assert_eq!(antwort.status.code(), Some(1), "{text}");
    assert!(
        text.contains("ist keine Replik der Datenbank aus DATABASE_URL"),
        "{text}"
    );
    let antwort = programm.env_remove("DATABASE_URL").output().unwrap();
    let text = String::from_utf8_lossy(&antwort.stderr);
    assert_eq!(antwort.status.code(), Some(1), "{text}");
    assert!(text.contains("dieser fehlt als DATABASE_URL"), "{text}");
}
