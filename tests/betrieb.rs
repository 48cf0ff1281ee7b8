//! The program in operation: its private server dies, programs come and go beside each other, the log resists.
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
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use common::Door;
use neuroerp::postgres::embedded::{EmbeddedServer, EmbeddedSettings, Role};
use nix::sys::signal::{Signal, kill};
use programm::{Serve, place, postmaster, program};
use serde_json::json;
use sqlx::{ConnectOptions as _, Executor as _, PgConnection, postgres::PgConnectOptions};

/// What a service manager grants before it kills.
const GRACE: Duration = Duration::from_secs(30);

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

#[track_caller]
fn ok(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", error(output));
    text
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A session of somebody who has a shell on the machine.
async fn psql(folder: &Path, user: &str) -> PgConnection {
    PgConnectOptions::new_without_pgpass()
        .socket(folder.join("socket"))
        .username(user)
        .database("neuroerp")
        .connect()
        .await
        .unwrap()
}

async fn refused(connection: &mut PgConnection, statement: &'static str) -> String {
    connection.execute(statement).await.expect_err(statement).to_string()
}

async fn post(door: &Door, key: &str) -> u16 {
    let body = json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Last", "beleg": key,
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]});
    let headers = [("Idempotency-Key", key)];
    door.request("POST", "/api/v1/fibu/buchungen", &headers, Some(body.to_string()))
        .await
        .status
}

/// Posts until it is accepted, as a client does that is told to try again.
async fn posted(door: &Door, key: &str) {
    let begin = Instant::now();
    loop {
        let status = post(door, key).await;
        if status == 201 {
            return;
        }
        assert_eq!(status, 503, "{key}");
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "{key}: the program does not recover"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_postgres_is_started_again_and_everything_goes_on() {
    let temp = place();
    let folder = temp.path().join("daten");
    let mut serve = Serve::start(&folder);
    serve.door.company("TEST", "skr04").await;
    posted(&serve.door, "vorher").await;
    for round in 0..2 {
        let dead = postmaster(&folder).unwrap();
        kill(dead, Signal::SIGKILL).unwrap();
        // A session may outlive its server by a moment; what it still writes counts too.
        posted(&serve.door, &format!("runde-{round}")).await;
        let begin = Instant::now();
        while postmaster(&folder).is_none_or(|pid| pid == dead) {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "no new server: {}",
                serve.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        posted(&serve.door, &format!("danach-{round}")).await;
    }
    assert!(serve.child.try_wait().unwrap().is_none(), "the same program");
    // What was answered before is there, once.
    assert_eq!(post(&serve.door, "vorher").await, 201);
    let list = serve.door.get("/api/v1/fibu/buchungen?gesamt=true&limit=1").await;
    assert_eq!(list.ok()["gesamt"], 5);
    // The ledgers follow: the report waits for the head and has all five.
    let report = "/api/v1/berichte/summen-und-saldenliste?stichtag=2026-02-28&format=csv";
    let begin = Instant::now();
    while !serve.door.get(report).await.text.contains("500.00") {
        assert!(begin.elapsed() < Duration::from_secs(10), "the ledgers stand still");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The following policies too: a new company gets its Nummernkreise from them.
    serve.door.company("ZWEI", "skr03").await;
    // And commits of other processes are heard of again, by the next look at the latest.
    let mut owner = psql(&folder, "neuroerp_eigner").await;
    let begin = Instant::now();
    loop {
        let listening: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'neuroerp_programm' AND query LIKE 'LISTEN%'",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        if listening > 0 {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "nobody listens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(owner);
    let log = serve.log();
    assert!(log.contains("der Postgres-Server ist unerwartet beendet"), "{log}");
    assert!(log.contains("der Postgres-Server läuft wieder"), "{log}");
    assert!(serve.terminate(GRACE).success(), "stops cleanly");
    assert_eq!(
        postmaster(&folder),
        None,
        "the server that was started again is stopped too"
    );
    ok(&run(program(&folder).args(["rebuild", "--pruefen"])));
}

/// Kills the server of a folder so that it cannot start again.
fn break_server(folder: &Path) {
    let conf = folder.join("pg/postgresql.conf");
    let mut file = OpenOptions::new().append(true).open(conf).unwrap();
    writeln!(file, "unsinn_einstellung = 1").unwrap();
    kill(postmaster(folder).unwrap(), Signal::SIGKILL).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_cannot_start_any_more_ends_the_program_with_the_reason() {
    let temp = place();
    let folder = temp.path().join("daten");
    let mut serve = Serve::start(&folder);
    break_server(&folder);
    let status = serve.wait(Duration::from_mins(1));
    let log = serve.log();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("Fehler: der Postgres-Server in"), "{log}");
    assert!(log.contains("unsinn_einstellung") && log.contains("Abhilfe"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_the_program_in_time_also_while_its_postgres_is_dead() {
    let temp = place();
    let folder = temp.path().join("daten");
    let mut serve = Serve::start(&folder);
    serve.door.company("TEST", "skr04").await;
    break_server(&folder);
    tokio::time::sleep(Duration::from_millis(700)).await;
    // Requests that wait for the database.
    for n in 0..4 {
        let door = Door::new(serve.door.url.clone(), programm::TOKEN.to_owned());
        tokio::spawn(async move {
            let path = format!("/api/v1/fibu/buchungen/{}", uuid::Uuid::from_u128(n));
            door.try_request("GET", &path, &[], None).await
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begin = Instant::now();
    let status = serve.terminate(GRACE);
    assert!(begin.elapsed() < GRACE);
    // In order if nothing was on its way, else with a word about what was cut off.
    let log = serve.log();
    let in_order = log.contains("NeuroERP ist geordnet beendet");
    let cut_off = log.contains("während der Postgres-Server nicht lief");
    assert_eq!((status.success(), true), (in_order, in_order != cut_off), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_is_no_superuser_and_the_log_refuses_changes_in_every_session() {
    let temp = place();
    let folder = temp.path().join("daten");
    let serve = Serve::start(&folder);
    serve.door.company("TEST", "skr04").await;
    let mut owner = psql(&folder, "neuroerp_eigner").await;
    let logins: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE application_name = 'neuroerp' AND datname = 'neuroerp'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(logins, ["neuroerp_programm"]);

    let mut program = psql(&folder, "neuroerp_programm").await;
    for role in ["SET ROLE neuroerp_app", "RESET ROLE"] {
        program.execute(role).await.unwrap();
        for statement in [
            "SET session_replication_role = replica",
            "SET ROLE neuroerp_eigner",
            "SET SESSION AUTHORIZATION neuroerp_eigner",
            "ALTER TABLE log.ereignis DISABLE TRIGGER ALL",
            "ALTER TABLE log.ereignis OWNER TO neuroerp_app",
            "DROP TRIGGER unveraenderlich ON log.ereignis",
            "CREATE OR REPLACE FUNCTION log.unveraenderlich() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "UPDATE log.ereignis SET actor = 'dienst:fremd'",
            "DELETE FROM log.befehl",
            "TRUNCATE log.ereignis",
        ] {
            let error = refused(&mut program, statement).await;
            assert!(
                error.contains("permission denied") || error.contains("must be owner"),
                "{statement}: {error}"
            );
        }
    }
    // Not even the owner, in a session in which ordinary triggers do not fire.
    owner.execute("SET session_replication_role = replica").await.unwrap();
    for statement in [
        "UPDATE log.ereignis SET actor = 'dienst:fremd'",
        "DELETE FROM log.ereignis",
        "TRUNCATE log.ereignis",
        "UPDATE log.befehl SET status = 500",
        "DELETE FROM log.befehl",
        "TRUNCATE log.befehl",
    ] {
        let error = refused(&mut owner, statement).await;
        assert!(error.contains("unveränderlich"), "{statement}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_outlasts_the_task_that_started_it_and_ends_with_the_last() {
    let temp = place();
    let folder = temp.path().join("daten");
    ok(&run(program(&folder).arg("migrate")));
    let settings = EmbeddedSettings::new(&folder);
    let (mut task, change) = EmbeddedServer::open(&settings, Role::Task).await.unwrap();
    drop(change);
    let mut serve = Serve::start(&folder);
    serve.door.company("TEST", "skr04").await;
    task.stop().await.unwrap();
    posted(&serve.door, "danach").await;
    // The other way round: the service goes, the task stays.
    let (mut task, change) = EmbeddedServer::open(&settings, Role::Task).await.unwrap();
    drop(change);
    assert!(serve.terminate(GRACE).success());
    let mut owner = task.connect_options().connect().await.unwrap();
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM log.ereignis")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!(events > 0);
    drop(owner);
    task.stop().await.unwrap();
    assert_eq!(postmaster(&folder), None);
}

/// A DATEV file with the name of one account.
const KONTENBESCHRIFTUNGEN: &str = "\"EXTF\";700;20;\"Kontenbeschriftungen\";3;20260402120000000;;\"RE\";\"T\";\"\";29098;55003;20260101;4;;;\"\";\"\";1;0;0;\"EUR\";;\"\";;;\"04\";;;\"\";\"T\"\r\n\
         Konto;Kontobeschriftung;SprachId;Kontenbeschriftung lang\r\n1610;\"Kasse Werkstatt\";\"de-DE\";\"Kasse Werkstatt\"\r\n";

#[test]
fn tasks_at_once_on_a_fresh_folder_all_do_their_work() {
    let temp = place();
    let folder = temp.path().join("daten");
    let datei = temp.path().join("EXTF_Sachkonten.csv");
    fs::write(&datei, KONTENBESCHRIFTUNGEN).unwrap();
    let datei = datei.to_str().unwrap();
    let import = ["import", "datev", "--mandant", "NEU", "--firma", "Neu GmbH", datei];
    let calls: [&[&str]; 7] = [
        &["migrate"],
        &["rebuild"],
        &["migrate"],
        &import,
        &import,
        &["demo", "--belege", "100"],
        &["demo", "--belege", "100"],
    ];
    let running: Vec<_> = calls
        .iter()
        .map(|call| {
            let mut command = program(&folder);
            command.args(*call).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for (call, child) in calls.iter().zip(running) {
        let output = child.wait_with_output().unwrap();
        let text = ok(&output);
        assert!(!error(&output).contains("slow statement"), "{call:?}");
        assert!(call[0] != "demo" || text.contains("Soll = Haben"), "{text}");
    }
    assert_eq!(postmaster(&folder), None, "the last one stopped the server");
    ok(&run(program(&folder).args(["rebuild", "--pruefen"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_into_a_closed_company_is_refused() {
    let temp = place();
    let folder = temp.path().join("daten");
    let mut serve = Serve::start(&folder);
    serve.door.company("TEST", "skr04").await;
    let firma = serve.door.get("/api/v1/dienste/mandanten").await.ok()["daten"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/dienste/mandanten/{firma}/stilllegen");
    serve.door.post(&path, json!({"grund": "aufgegeben"})).await.ok();
    let datei = temp.path().join("EXTF_Sachkonten.csv");
    fs::write(&datei, KONTENBESCHRIFTUNGEN).unwrap();
    let mut import = program(&folder);
    let import = import.args(["import", "datev", "--mandant", "TEST", datei.to_str().unwrap()]);
    let output = run(import);
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).contains("stillgelegt"), "{}", error(&output));
    assert!(serve.terminate(GRACE).success());
}

#[test]
fn an_import_of_something_else_leaves_no_company_behind() {
    let temp = place();
    let folder = temp.path().join("daten");
    let import = |arguments: &[&str]| {
        let mut command = program(&folder);
        run(command.args(["import", "datev", "--mandant", "X"]).args(arguments))
    };
    let output = import(&["--firma", "X", "/etc/passwd"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).contains("passwd, Zeile 1"), "{}", error(&output));
    assert!(!folder.exists(), "not even a database is made");
    // Readable, but without a chart the company could not be given.
    let datei = temp.path().join("EXTF.csv");
    let kopf = "\"EXTF\";700;20;\"Kontenbeschriftungen\";3;20260402120000000;;\"RE\";\"T\";\"\";29098;55003;20260101;4;;;\"\";\"\";1;0;0;\"EUR\";;\"\";;;\"\";;;\"\";\"T\"";
    fs::write(
        &datei,
        format!("{kopf}\r\nKonto\r\n1610;\"Kasse\";\"de-DE\";\"Kasse\"\r\n"),
    )
    .unwrap();
    let output = import(&["--firma", "X", datei.to_str().unwrap()]);
    assert!(error(&output).contains("Kopffeld 27"), "{}", error(&output));
    fs::write(
        &datei,
        format!(
            "{}\r\nKonto\r\n",
            kopf.replace(";\"\";;;\"\";\"T\"", ";\"04\";;;\"\";\"T\"")
        ),
    )
    .unwrap();
    let output = import(&[datei.to_str().unwrap()]);
    assert!(
        error(&output).contains("die Firma X gibt es nicht"),
        "{}",
        error(&output)
    );
}

#[test]
fn a_token_that_will_not_do_is_refused_before_anything_is_made() {
    let temp = place();
    let folder = temp.path().join("daten");
    for command in ["serve", "demo"] {
        let output = run(program(&folder).args([command, "--admin-token", "kurz", "--listen", "127.0.0.1:0"]));
        assert_eq!(output.status.code(), Some(1));
        assert!(error(&output).contains("zu kurz"), "{}", error(&output));
        assert!(!folder.exists(), "{command}");
    }
}

#[test]
fn start_and_stop_are_in_the_log_and_the_log_is_german() {
    let temp = place();
    let folder = temp.path().join("daten");
    let mut serve = Serve::start(&folder);
    assert!(serve.terminate(GRACE).success());
    let log = serve.log();
    for line in [
        "NeuroERP startet",
        "NeuroERP nimmt Anfragen an",
        "NeuroERP wird beendet",
        "NeuroERP ist geordnet beendet",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
    for english in [" the ", " of ", " is "] {
        assert!(!log.contains(english), "{english}: {log}");
    }
}
