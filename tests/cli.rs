//! The command line as a user meets it: demo and import on a private database, each twice.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn folder() -> tempfile::TempDir {
    let temp = tempfile::Builder::new()
        .prefix("neuroerp-cli")
        .tempdir_in("/tmp")
        .unwrap();
    // As root the database runs as another user, who must be able to come in.
    std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    temp
}

fn run(folder: &Path, arguments: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_neuroerp"))
        .env_remove("DATABASE_URL")
        .env_remove("NEUROERP_ADMIN_TOKEN")
        .env("NEUROERP_DATA_DIR", folder.join("daten"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
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
    let first = ok(temp.path(), &arguments);
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
    let second = ok(temp.path(), &arguments);
    assert!(second.contains("davon 0 gebucht"), "{second}");
    assert!(second.contains("10 abgelehnt"), "{second}");
    assert!(ok(temp.path(), &["rebuild", "--pruefen"]).contains("stimmen"));
}

#[test]
fn wrong_calls_say_what_to_do() {
    let temp = folder();
    let (output, _) = run(temp.path(), &["tanzen"]);
    assert_eq!(output.status.code(), Some(2));
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
        "NEUROERP_DATA_DIR",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
