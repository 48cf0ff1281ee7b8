//! The private Postgres, with real servers in folders of their own.
#![expect(clippy::unwrap_used, reason = "in a test the panic is the report")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use neuroerp::postgres::embedded::{EmbeddedError, EmbeddedServer, EmbeddedSettings, Guard, Health, Role};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tempfile::TempDir;

/// Tells `owner_process` its data folder.
const OWNER_FOLDER: &str = "NEUROERP_TEST_OWNER_FOLDER";

/// A folder that the server's user can pass through.
fn place() -> TempDir {
    let place = tempfile::Builder::new()
        .prefix("neuroerp-test-")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    place
}

fn settings(data_dir: impl Into<PathBuf>) -> EmbeddedSettings {
    EmbeddedSettings {
        max_connections: 20,
        ..EmbeddedSettings::new(data_dir)
    }
}

async fn start(data_dir: &Path) -> EmbeddedServer {
    EmbeddedServer::start(&settings(data_dir)).await.unwrap()
}

async fn refusal(data_dir: &Path) -> EmbeddedError {
    EmbeddedServer::start(&settings(data_dir)).await.err().unwrap()
}

async fn connect(server: &EmbeddedServer) -> PgConnection {
    server.connect_options().connect().await.unwrap()
}

async fn show(connection: &mut PgConnection, statement: &'static str) -> String {
    sqlx::query_scalar(statement).fetch_one(connection).await.unwrap()
}

async fn write_value(server: &EmbeddedServer, value: i32) {
    let mut connection = connect(server).await;
    sqlx::query("CREATE TABLE IF NOT EXISTS wert (wert INT NOT NULL)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO wert VALUES ($1)")
        .bind(value)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn read_values(server: &EmbeddedServer) -> Vec<i32> {
    let mut connection = connect(server).await;
    sqlx::query_scalar("SELECT wert FROM wert ORDER BY wert")
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

/// The postmasters that run on a data folder; unlike their children they show how they were called.
fn servers_on(data_dir: &Path) -> Vec<u32> {
    let cluster = data_dir.join("pg");
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == cluster))
        .filter(|entry| {
            let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            arguments.windows(4).any(|window| window == b"\0-D\0")
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[tokio::test]
async fn the_first_start_makes_a_database_and_stop_ends_the_server() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut server = start(&data_dir).await;
    write_value(&server, 1).await;
    assert_eq!(read_values(&server).await, [1]);
    assert_eq!(servers_on(&data_dir), [server.pid().unwrap()]);
    server.stop().await.unwrap();
    assert_eq!(server.pid(), None);
    assert!(servers_on(&data_dir).is_empty());
    assert!(!data_dir.join("pg/postmaster.pid").exists());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_is_private_durable_and_knows_umlauts() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut server = start(&data_dir).await;
    let mut connection = connect(&server).await;
    for (statement, value) in [
        ("SHOW listen_addresses", ""),
        ("SHOW data_checksums", "on"),
        ("SHOW fsync", "on"),
        ("SHOW synchronous_commit", "on"),
        ("SHOW max_wal_size", "2GB"),
        ("SHOW server_encoding", "UTF8"),
        ("SHOW TimeZone", "UTC"),
        ("SHOW max_connections", "20"),
        ("SELECT current_user::TEXT", "neuroerp_eigner"),
        ("SELECT current_database()::TEXT", "neuroerp"),
        ("SELECT lower('ÄÖÜ')", "äöü"),
        (
            "SELECT CASE WHEN 'Z' < 'a' THEN 'Codepunkte' ELSE 'Sprache' END",
            "Codepunkte",
        ),
    ] {
        assert_eq!(show(&mut connection, statement).await, value, "{statement}");
    }
    let socket_dir = fs::metadata(server.socket_dir()).unwrap();
    assert_eq!(socket_dir.mode() & 0o777, 0o700);
    if is_root() {
        assert_ne!(socket_dir.uid(), 0);
        assert_ne!(
            fs::metadata(format!("/proc/{}", server.pid().unwrap())).unwrap().uid(),
            0
        );
    }
    connection.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_stays_out_of_the_terminals_process_group() {
    let place = place();
    let mut server = start(&place.path().join("daten")).await;
    let pid = nix::unistd::Pid::from_raw(server.pid().unwrap().try_into().unwrap());
    let group = nix::unistd::getpgid(Some(pid)).unwrap();
    assert_eq!(group, pid);
    assert_ne!(group, nix::unistd::getpgrp());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_restart_keeps_the_data() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut server = start(&data_dir).await;
    write_value(&server, 7).await;
    server.stop().await.unwrap();
    let mut server = start(&data_dir).await;
    assert_eq!(read_values(&server).await, [7]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_the_server_stops_it_too() {
    let place = place();
    let data_dir = place.path().join("daten");
    let server = start(&data_dir).await;
    write_value(&server, 7).await;
    drop(server);
    assert!(servers_on(&data_dir).is_empty());
    let mut server = start(&data_dir).await;
    assert_eq!(read_values(&server).await, [7]);
    server.stop().await.unwrap();
}

#[tokio::test]
#[ignore = "is the program that the next test starts and kills"]
async fn owner_process() {
    let Some(data_dir) = std::env::var_os(OWNER_FOLDER) else {
        return;
    };
    let server = start(Path::new(&data_dir)).await;
    write_value(&server, 42).await;
    println!("\nbereit");
    std::future::pending::<()>().await;
}

/// Starts the program above, kills it without a chance to clean up, and returns the server it leaves.
fn kill_an_owner(data_dir: &Path) -> u32 {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner_process", "--ignored", "--nocapture"])
        .env(OWNER_FOLDER, data_dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let ready = BufReader::new(owner.stdout.take().unwrap())
        .lines()
        .any(|line| line.unwrap() == "bereit");
    assert!(ready, "the owner did not start");
    owner.kill().unwrap();
    owner.wait().unwrap();
    let servers = servers_on(data_dir);
    assert_eq!(servers.len(), 1, "the killed owner leaves its server");
    servers[0]
}

#[tokio::test]
async fn after_kill_9_of_the_program_a_start_replaces_its_server_and_keeps_the_data() {
    let place = place();
    let data_dir = place.path().join("daten");
    let left = kill_an_owner(&data_dir);
    let mut server = start(&data_dir).await;
    assert_ne!(server.pid(), Some(left));
    assert_eq!(servers_on(&data_dir), [server.pid().unwrap()]);
    assert_eq!(read_values(&server).await, [42]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn after_kill_9_of_program_and_server_a_start_recovers_the_data() {
    let place = place();
    let data_dir = place.path().join("daten");
    let left = kill_an_owner(&data_dir);
    let pid = nix::unistd::Pid::from_raw(left.try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    let mut server = start(&data_dir).await;
    assert_eq!(read_values(&server).await, [42]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_process_file_that_names_a_stranger_does_not_stop_the_start() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut server = start(&data_dir).await;
    server.stop().await.unwrap();
    // As after the restart of a container: the number lives, but it is this test.
    let stale = format!(
        "{}\n{}\n0\n5432\n\n\n0 0\n",
        std::process::id(),
        data_dir.join("pg").display()
    );
    fs::write(data_dir.join("pg/postmaster.pid"), &stale).unwrap();
    fs::write(data_dir.join("socket/.s.PGSQL.5432.lock"), &stale).unwrap();
    let mut server = start(&data_dir).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_program_on_the_same_folder_is_refused() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut server = start(&data_dir).await;
    let error = refusal(&data_dir).await;
    assert!(matches!(error, EmbeddedError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    write_value(&server, 1).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused_with_both_versions() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut server = start(&data_dir).await;
    server.stop().await.unwrap();
    let file = data_dir.join("pg/PG_VERSION");
    let version = fs::read_to_string(&file).unwrap();
    fs::write(&file, "9\n").unwrap();
    let error = refusal(&data_dir).await.to_string();
    assert!(error.contains("mit Postgres 9 angelegt"), "{error}");
    assert!(error.contains(&format!("Postgres {} in ", version.trim())), "{error}");
    // The refusal changes nothing and holds nothing.
    fs::write(&file, version).unwrap();
    let mut server = start(&data_dir).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_initdb_is_done_again() {
    let place = place();
    let data_dir = place.path().join("daten");
    fs::create_dir_all(data_dir.join("pg.neu.1/base")).unwrap();
    fs::write(data_dir.join("pg.neu.1/PG_VERSION"), "15\n").unwrap();
    let mut server = start(&data_dir).await;
    write_value(&server, 1).await;
    assert!(!data_dir.join("pg.neu.1").exists());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_not_ours_is_left_alone() {
    let place = place();
    let data_dir = place.path().join("daten");
    fs::create_dir_all(data_dir.join("pg")).unwrap();
    fs::write(data_dir.join("pg/PG_VERSION"), "15\n").unwrap();
    let error = refusal(&data_dir).await;
    assert!(matches!(error, EmbeddedError::ForeignCluster { .. }), "{error}");
    assert!(data_dir.join("pg/PG_VERSION").exists());
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut server = start(&data_dir).await;
    server.stop().await.unwrap();
    let conf = data_dir.join("pg/postgresql.conf");
    let text = fs::read_to_string(&conf).unwrap();
    fs::write(&conf, format!("{text}\nunsinn_einstellung = 1\n")).unwrap();
    let error = refusal(&data_dir).await;
    assert!(matches!(error, EmbeddedError::Died { .. }), "{error}");
    assert!(error.to_string().contains("unsinn_einstellung"), "{error}");
}

#[tokio::test]
async fn a_folder_with_a_long_name_gets_its_socket_elsewhere() {
    let place = place();
    let data_dir = place
        .path()
        .join("ein-langer-name".repeat(10))
        .join("daten, mit 'Zeichen'");
    let mut server = start(&data_dir).await;
    assert!(!server.socket_dir().starts_with(&data_dir));
    assert_eq!(fs::metadata(server.socket_dir()).unwrap().mode() & 0o777, 0o700);
    write_value(&server, 1).await;
    server.stop().await.unwrap();
    let mut server = start(&data_dir).await;
    assert_eq!(read_values(&server).await, [1]);
    assert!(server.socket_dir().exists());
    server.stop().await.unwrap();
    assert!(
        !server.socket_dir().exists(),
        "nothing is left outside of the data folder"
    );
}

/// Starts or joins as a task.
async fn join(data_dir: &Path) -> EmbeddedServer {
    let (server, _) = EmbeddedServer::open(&settings(data_dir), Role::Task).await.unwrap();
    server
}

#[tokio::test]
async fn the_last_one_stops_the_server_whoever_started_it() {
    let place = place();
    let data_dir = place.path().join("daten");
    let mut first = join(&data_dir).await;
    let mut service = start(&data_dir).await;
    let third = join(&data_dir).await;
    assert!(first.came_alone() && !service.came_alone() && !third.came_alone());
    assert_eq!([service.pid(), third.pid()], [first.pid(); 2]);
    write_value(&first, 1).await;
    first.stop().await.unwrap();
    assert_eq!(read_values(&service).await, [1]);
    service.stop().await.unwrap();
    assert_eq!(read_values(&third).await, [1]);
    // The service has gone: another one may come, beside the task.
    let mut service = start(&data_dir).await;
    assert_eq!(service.pid(), third.pid());
    service.stop().await.unwrap();
    drop(third);
    assert!(servers_on(&data_dir).is_empty());
}

#[tokio::test]
async fn whoever_comes_while_the_server_starts_or_stops_waits() {
    let place = place();
    let data_dir = place.path().join("daten");
    for _ in 0..3 {
        let tasks = (0..4).map(|n| {
            let data_dir = data_dir.clone();
            tokio::spawn(async move {
                let mut server = join(&data_dir).await;
                write_value(&server, n).await;
                server.stop().await.unwrap();
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert!(servers_on(&data_dir).is_empty());
    }
    let mut server = start(&data_dir).await;
    assert_eq!(read_values(&server).await.len(), 12);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_dead_server_is_started_again_by_one_of_those_who_watch_it() {
    let place = place();
    let data_dir = place.path().join("daten");
    let (first, second) = (start(&data_dir).await, join(&data_dir).await);
    write_value(&first, 1).await;
    let options = first.connect_options();
    let dead = first.pid().unwrap();
    let (mut first, mut second) = (Guard::over(first), Guard::over(second));
    let kill = |pid: u32| {
        let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    };
    kill(dead);
    for guard in [&first, &second] {
        let mut health = guard.health();
        let limit = std::time::Duration::from_secs(1);
        let down = tokio::time::timeout(limit, health.wait_for(|health| *health == Health::Down)).await;
        drop(down.expect("noticed within a second").unwrap());
        let limit = std::time::Duration::from_secs(30);
        let up = tokio::time::timeout(limit, health.wait_for(|health| *health == Health::Running)).await;
        drop(up.expect("it runs again").unwrap());
    }
    assert_eq!(servers_on(&data_dir).len(), 1);
    assert_ne!(servers_on(&data_dir), [dead]);
    let mut connection = options.connect().await.unwrap();
    assert_eq!(show(&mut connection, "SELECT wert::TEXT FROM wert").await, "1");
    first.stop().await.unwrap();
    assert_eq!(show(&mut connection, "SELECT wert::TEXT FROM wert").await, "1");
    drop(connection);
    second.stop().await.unwrap();
    assert!(servers_on(&data_dir).is_empty());
}

#[tokio::test]
async fn roots_closed_folder_is_named_before_anything_is_made() {
    if !is_root() {
        eprintln!("SKIPPED: only root starts the server as another user; this check needs root");
        return;
    }
    let place = place();
    let closed = place.path().join("geschlossen");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let data_dir = closed.join("unten/daten");
    let error = refusal(&data_dir).await;
    assert!(
        matches!(&error, EmbeddedError::Unreachable { gesperrt, .. } if *gesperrt == closed),
        "{error}"
    );
    assert!(error.to_string().contains("chmod o+x"), "{error}");
    assert!(!closed.join("unten").exists());
}

#[tokio::test]
async fn a_named_folder_without_programs_is_refused_with_what_to_do() {
    let place = place();
    let settings = EmbeddedSettings {
        pg_bin: Some(place.path().to_owned()),
        ..EmbeddedSettings::new(place.path().join("daten"))
    };
    let error = EmbeddedServer::start(&settings).await.err().unwrap().to_string();
    assert!(error.contains("kein Postgres-Server ab Version 15"), "{error}");
    assert!(error.contains("DATABASE_URL"), "{error}");
}
