//! The command line as a user meets it: demo and import on a private database, each twice.
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
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use common::prozess::horcht;
use programm::place as folder;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neuroerp"));
    command
        .env_remove("DATABASE_URL")
        .env_remove("NEUROERP_EIGNER_URL")
        .env_remove("NEUROERP_ADMIN_TOKEN")
        .env("NEUROERP_DATA_DIR", folder.join("daten"))
        .args(arguments)
        .stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> (Output, String) {
    let output = command(folder, arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

fn ok(folder: &Path, arguments: &[&str]) -> String {
    let (output, text) = run(folder, arguments);
    assert!(
        output.status.success(),
        "{arguments:?}\n{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn the_demo_balances_to_the_cent_and_a_second_run_writes_nothing() {
    let temp = folder();
    let first = ok(temp.path(), &["demo", "--belege", "300"]);
    assert!(first.contains("Soll = Haben, auf den Cent."), "{first}");
    assert!(first.contains("vk_live_"), "the token is shown");
    // Every voucher and the items it opens.
    let events = first
        .split_once("in diesem Lauf ")
        .and_then(|(_, rest)| rest.split_once(' '));
    let events: u32 = events.expect("the count of events").0.parse().expect("a number");
    assert!(events > 300, "{first}");
    let second = ok(temp.path(), &["demo", "--belege", "300"]);
    assert!(!second.contains("vk_live_"), "the token is shown once");
    assert!(second.contains("in diesem Lauf 0 in"), "{second}");
    assert!(ok(temp.path(), &["rebuild"]).contains("buchung"));
    assert!(ok(temp.path(), &["rebuild", "--pruefen"]).contains("stimmen"));
}

#[test]
fn the_publishers_datev_files_are_taken_over_row_by_row_and_never_twice() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/datev");
    let files: Vec<PathBuf> = [
        "EXTF_Buchungsstapel",
        "EXTF_DebKred_Stamm",
        "EXTF_Sachkontobeschriftungen",
    ]
    .iter()
    .map(|name| data.join(format!("{name}.csv")))
    .collect();
    if !files.iter().all(|f| f.exists()) {
        eprintln!("SKIPPED: no DATEV files in {}", data.display());
        return;
    }
    let temp = folder();
    let mut arguments = vec!["import", "datev", "--mandant", "MUSTER", "--firma", "Muster GmbH"];
    arguments.extend(files.iter().map(|f| f.to_str().unwrap()));
    let (output, first) = run(temp.path(), &arguments);
    assert_eq!(output.status.code(), Some(1), "some rows were refused");
    // 54 postings: 44 posted (one of them a Generalumkehr), 10 refused with their reason.
    assert!(first.contains("davon 44 gebucht"), "{first}");
    assert!(first.contains("10 abgelehnt"), "{first}");
    for code in [
        "DATEV_ANZAHLUNG",
        "DATEV_BU_UNBEKANNT",
        "DATEV_GENERALUMKEHR_OHNE_ORIGINAL",
    ] {
        assert!(first.contains(code), "{code}: {first}");
    }
    let (_, second) = run(temp.path(), &arguments);
    assert!(second.contains("davon 0 gebucht"), "{second}");
    assert!(second.contains("10 abgelehnt"), "{second}");
    assert!(ok(temp.path(), &["rebuild", "--pruefen"]).contains("stimmen"));
}

/// A running server; ended with the test.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut child = command(folder, &["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = horcht(&mut child);
        Self { child, url }
    }

    fn end(mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn tasks_work_beside_a_running_server_of_the_same_folder_and_a_second_server_is_refused() {
    let temp = folder();
    let server = Server::start(temp.path());
    let demo = ok(temp.path(), &["demo", "--belege", "20"]);
    assert!(demo.contains("Soll = Haben"), "{demo}");
    assert!(ok(temp.path(), &["migrate"]).contains("auf dem Stand"));
    assert!(ok(temp.path(), &["rebuild", "konto", "journal"]).contains("journal"));
    assert!(ok(temp.path(), &["rebuild", "--pruefen"]).contains("stimmen"));
    let (output, _) = run(temp.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("von einem laufenden NeuroERP benutzt"), "{error}");
    assert!(server.url.starts_with("http://127.0.0.1:"));
    server.end();
    // Nobody holds the folder any more.
    assert!(ok(temp.path(), &["rebuild", "--pruefen"]).contains("stimmen"));
}

#[test]
fn help_and_wrong_calls_speak_german_and_say_what_is_possible() {
    let temp = folder();
    for command in [
        &[][..],
        &["serve"],
        &["demo"],
        &["import"],
        &["import", "datev"],
        &["migrate"],
        &["rebuild"],
    ] {
        for flag in ["-h", "--help"] {
            let help = ok(temp.path(), &[command, &[flag]].concat());
            for english in [
                "Usage",
                "Options",
                "Commands",
                "Arguments",
                "Print",
                "default:",
                "env:",
                "possible",
                "Possible",
                "COMMAND",
            ] {
                assert!(!help.contains(english), "{english} in {command:?} {flag}: {help}");
            }
        }
    }
    let cases: [(&[&str], &str); 8] = [
        (&["tanzen"], "den Befehl „tanzen“ gibt es nicht"),
        (&["serv"], "gemeint vielleicht: serve"),
        (&["rebuild", "--quatsch"], "die Angabe „--quatsch“ gibt es hier nicht"),
        (&["rebuild", "quatsch"], "es gibt: mandant, "),
        (&["rebuild", "--arbeiter", "0"], "eine ganze Zahl von 1 bis 5"),
        (&["serve", "--listen", "8080"], "Adresse und Port"),
        (&["serve", "--log-format", "xml"], "möglich: text, json"),
        (&["import", "datev"], "es fehlt: "),
    ];
    for (arguments, expected) in cases {
        let (output, _) = run(temp.path(), arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(!error.contains("Usage") && !error.contains("error"), "{error}");
    }
}

#[test]
fn wrong_calls_say_what_to_do() {
    let temp = folder();
    let (output, _) = run(temp.path(), &["import", "datev", "--mandant", "X", "gibtsnicht.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("gibt es nicht"));
    let help = ok(temp.path(), &["--help"]);
    for word in [
        "serve",
        "demo",
        "import",
        "migrate",
        "rebuild",
        "DATABASE_URL",
        "NEUROERP_EIGNER_URL",
        "NEUROERP_DATA_DIR",
        "NEUROERP_LOG",
        "NEUROERP_PG_BIN",
        "NEUROERP_PG_USER",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
