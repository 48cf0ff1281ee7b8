//! What the documents say about tests is true: every test that the table of invariants and the list of worked examples
//! name exists, and nothing waits for an aggregate that is there.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn wurzel() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn quellen(ordner: &Path, modul: &str, namen: &mut BTreeSet<String>) {
    for eintrag in fs::read_dir(ordner).unwrap().flatten() {
        let pfad = eintrag.path();
        let stamm = pfad.file_stem().unwrap().to_str().unwrap().to_owned();
        let hier = match (modul, stamm.as_str()) {
            (_, "main" | "mod" | "lib") => modul.to_owned(),
            ("", _) => stamm,
            _ => format!("{modul}::{stamm}"),
        };
        if pfad.is_dir() {
            quellen(&pfad, &hier, namen);
        } else if pfad.extension().is_some_and(|e| e == "rs") {
            tests(&fs::read_to_string(&pfad).unwrap(), &hier, namen);
        }
    }
}

/// The tests of a source: functions behind an attribute that ends with `test]`, `test(…)]`. Tests in the module `tests`
/// of a file go by `file::tests::name`.
fn tests(text: &str, modul: &str, namen: &mut BTreeSet<String>) {
    let (mut modul, mut ist_test) = (modul.to_owned(), false);
    for zeile in text.lines().map(str::trim_start) {
        if zeile.starts_with("mod tests {") {
            modul.push_str("::tests");
        } else if zeile.starts_with("#[test]") || zeile.starts_with("#[tokio::test") {
            ist_test = true;
        } else if let Some(rest) = zeile.trim_start_matches("async ").strip_prefix("fn ") {
            if ist_test {
                let name = rest.split(['(', '<']).next().unwrap();
                namen.insert(format!("{modul}::{name}"));
            }
            ist_test = false;
        }
    }
}

/// Every test of the workspace, by binary and name, or by module of the crate.
fn alle_tests() -> BTreeSet<String> {
    let mut namen = BTreeSet::new();
    for ordner in [
        "tests",
        "aggregates/tests",
        "projections/tests",
        "src",
        "aggregates/src",
        "projections/src",
    ] {
        let ordner = wurzel().join(ordner);
        if ordner.exists() {
            quellen(&ordner, "", &mut namen);
        }
    }
    namen
}

/// A name as documents write it: `binary::test`, a whole binary or module, `*` for any part of a name.
fn gibt_es(name: &str, namen: &BTreeSet<String>) -> bool {
    let teile: Vec<&str> = name.split('*').collect();
    namen.iter().any(|test| match teile.as_slice() {
        [ganz] => test == ganz || test.starts_with(&format!("{ganz}::")),
        [anfang, ende] => test.len() >= name.len() - 1 && test.starts_with(anfang) && test.ends_with(ende),
        _ => false,
    })
}

/// What stands between backticks and looks like a test.
fn genannte(zelle: &str) -> Vec<String> {
    let worte = zelle.split('`').skip(1).step_by(2);
    let test = |w: &&str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || "0123456789_:*".contains(c));
    worte.filter(test).map(str::to_owned).collect()
}

/// Rows of a document's tables, by their cells.
fn zeilen(datei: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(wurzel().join(datei)).unwrap();
    let zellen = |zeile: &str| {
        zeile
            .trim_matches('|')
            .split('|')
            .map(|z| z.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let zeilen = text.lines().filter(|z| z.starts_with('|') && !z.starts_with("|--"));
    zeilen.map(zellen).collect()
}

#[test]
fn jede_invariante_nennt_tests_die_es_gibt() {
    let namen = alle_tests();
    let zeilen = zeilen("docs/architecture.md");
    let invarianten = zeilen.iter().filter(|z| z.len() == 3 && z[0].parse::<u32>().is_ok());
    let mut anzahl = 0;
    for (n, zeile) in invarianten.enumerate() {
        assert_eq!(zeile[0], (n + 1).to_string(), "numbers are stable and without a gap");
        let tests = genannte(&zeile[2]);
        assert!(!tests.is_empty(), "invariant {} names no test: {}", zeile[0], zeile[2]);
        for test in tests {
            assert!(
                gibt_es(&test, &namen),
                "invariant {} names {test}, which does not exist",
                zeile[0]
            );
        }
        anzahl += 1;
    }
    assert!(anzahl > 40, "the table of invariants was not read: {anzahl}");
}

#[test]
fn jedes_beispiel_nennt_tests_die_es_gibt_oder_worauf_es_wartet() {
    let namen = alle_tests();
    let zeilen = zeilen("docs/beispiele.md");
    let beispiele: Vec<_> = zeilen.iter().filter(|z| z.len() == 3 && z[0] != "example").collect();
    assert!(
        beispiele.len() > 40,
        "the list of examples was not read: {}",
        beispiele.len()
    );
    for zeile in beispiele {
        let (tests, wartet) = (genannte(&zeile[1]), &zeile[2]);
        assert!(
            !tests.is_empty() || !wartet.is_empty(),
            "{}: no test, and nothing to wait for",
            zeile[0]
        );
        for test in tests {
            assert!(
                gibt_es(&test, &namen),
                "{} names {test}, which does not exist",
                zeile[0]
            );
        }
        for aggregat in wartet.split(", ").filter(|w| !w.is_empty() && !w.contains(' ')) {
            let da = aggregates::registry().entries().iter().any(|e| e.name == aggregat);
            assert!(!da, "{} waits for {aggregat}, which exists", zeile[0]);
        }
    }
}
