//! Rules about the pages themselves, and that the harness notices what is wrong with one.

use std::{collections::BTreeMap, fs};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{SEITEN, alle, codes, form, merker, ordner};
use crate::{merker::Merker, seite::Seite};

#[test]
fn jede_seite_mit_anfragen_wird_ausgefuehrt() {
    for datei in fs::read_dir(ordner()).unwrap().flatten() {
        let pfad = datei.path();
        if pfad.extension().is_none_or(|endung| endung != "md") {
            continue;
        }
        let name = pfad.file_stem().unwrap().to_str().unwrap().to_owned();
        let mit_anfragen = fs::read_to_string(&pfad).unwrap().contains("```http");
        let ausgefuehrt = SEITEN.iter().any(|(seite, _)| *seite == name);
        assert_eq!(mit_anfragen, ausgefuehrt, "docs/{name}.md");
    }
}

#[test]
fn jeder_platzhalter_wird_gebraucht() {
    let seiten = alle();
    let mut wie_oft: BTreeMap<&str, usize> = BTreeMap::new();
    for zeile in seiten.values().flat_map(|seite| &seite.zeilen) {
        for name in merker::platzhalter(zeile) {
            *wie_oft.entry(name).or_default() += 1;
        }
    }
    let einmal: Vec<&&str> = wie_oft
        .iter()
        .filter(|(_, anzahl)| **anzahl < 2)
        .map(|(name, _)| name)
        .collect();
    assert!(einmal.is_empty(), "stehen nur einmal da: {einmal:?}");
}

#[test]
fn jeder_genannte_code_und_jedes_genannte_konto_kommt_in_einer_antwort_vor() {
    for seite in alle().values() {
        let codes = codes(seite);
        let gezeigt = |konto: &str| {
            let mut antworten = seite.schritte.iter().flat_map(|s| &seite.zeilen[s.stelle.clone()]);
            antworten.any(|z| z.contains(&format!("\"{konto}\"")) || z.split(',').any(|zelle| zelle == konto))
        };
        for (zeile, text) in seite.prosa() {
            for wort in text.split('`').skip(1).step_by(2) {
                let wahr = match wort {
                    _ if ist_code(wort) => codes.iter().any(|code| code == wort),
                    _ if ist_konto(wort) => gezeigt(wort),
                    _ => true,
                };
                assert!(wahr, "docs/{}:{zeile}: {wort}", seite.name);
            }
        }
    }
}

fn ist_konto(wort: &str) -> bool {
    wort.len() == 4 && wort.chars().all(|c| c.is_ascii_digit())
}

fn ist_code(wort: &str) -> bool {
    wort.contains('_')
        && wort
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn was_keine_bekannte_form_hat_faellt_auf() {
    let fehler = |text: &str| Seite::lesen("x.md", text).err().unwrap_or_default();
    let anfrage = "```http\nGET /health/ready\n```\n";
    assert!(fehler("```sh\nls\n```\n").contains("unbekannt"));
    assert!(fehler("```\nls\n```\n").contains("unbekannt"));
    assert!(fehler(anfrage).contains("keine Antwort"));
    assert!(fehler(&format!("{anfrage}{anfrage}")).contains("keine Antwort"));
    assert!(fehler("```json\n{}\n```\n").contains("keine Anfrage"));
    assert!(fehler("```http\nPUT /x\n```\n").contains("GET oder POST"));
    assert!(fehler("```http\nPOST /x\n\n{\n```\n").contains("Inhalt"));
    assert!(fehler("```http\nGET /x\n\n{}\n```\n").contains("keinen Inhalt"));
    assert!(fehler("```http\nGET /x\n").contains("kein Ende"));
    assert!(fehler(" ```http\nGET /x\n```\n").contains("am Anfang"));
    let gut = Seite::lesen("x.md", &format!("{anfrage}Dann:\n```json\n{{}}\n```\n")).unwrap();
    assert_eq!((gut.schritte.len(), gut.schritte[0].zeile), (1, 2));
}

fn tag() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 30).unwrap()
}

#[test]
fn eine_andere_antwort_faellt_auf_und_ein_platzhalter_gilt_ab_seiner_ersten_nennung() {
    let mut merker = Merker::neu(tag());
    let da = json!({"id": "0190a000-0000-7000-8000-0000000000a1", "betrag": "1.00", "faellig": "2027-01-02",
        "nummer": "AU-2026-000001", "liste": [{"a": 1, "b": 2}]});
    let mut passt = |gezeigt: Value| merker.abgleichen(&gezeigt, &da);
    for falsch in [
        json!({"betrag": "1.01"}),
        json!({"betrag": 1}),
        json!({"steuer": "0.00"}),
        json!({}),
        json!({"liste": []}),
        json!({"liste": [{"a": 1}, {"a": 1}]}),
        json!({"liste": [{"a": 2}]}),
        json!({"liste": "{alles}"}),
        json!({"faellig": "{heute+4}"}),
        json!({"nummer": "AU-{jahr}-000002"}),
        json!({"nummer": "AU-{unbekannt}-000001"}),
        json!({"id": "{auftrag}", "nummer": "{auftrag}"}),
    ] {
        assert!(passt(falsch.clone()).is_err(), "{falsch}");
    }
    passt(json!({"id": "{auftrag}", "faellig": "{heute+3}", "nummer": "AU-{jahr}-000001", "liste": [{"b": 2}]}))
        .unwrap();
    assert!(
        passt(json!({"nummer": "{auftrag}"})).is_err(),
        "it is the order from now on"
    );
    assert_eq!(
        merker.einsetzen("/auftraege/{auftrag}/x?a={heute-30}").unwrap(),
        "/auftraege/0190a000-0000-7000-8000-0000000000a1/x?a=2026-11-30"
    );
    assert!(merker.einsetzen("{rechnung}").is_err());
    let koerper = merker
        .einsetzen_in(&json!({"von": ["{auftrag}"], "zone": "A-{00}"}))
        .unwrap();
    assert_eq!(
        koerper,
        json!({"von": ["0190a000-0000-7000-8000-0000000000a1"], "zone": "A-{00}"})
    );
}

#[test]
fn neu_geschrieben_wird_die_auswahl_der_seite() {
    let mut merker = Merker::neu(tag());
    let da = json!({"id": "0190a000-0000-7000-8000-0000000000a1", "betrag": "2.00", "tag": "2026-12-30",
        "zeilen": [{"a": 1, "b": 2}, {"a": 3, "b": 4}], "nummer": "AU-2026-000001"});
    let gezeigt =
        json!({"id": "{auftrag}", "betrag": "1.00", "tag": "", "zeilen": [{"a": 0}], "nummer": "", "fort": 1});
    let neu = merker.auffrischen(&gezeigt, &da);
    let erwartet = json!({"id": "{auftrag}", "betrag": "2.00", "tag": "{heute}", "zeilen": [{"a": 1}, {"a": 3}],
        "nummer": "AU-{jahr}-000001"});
    assert_eq!(neu, erwartet);
    merker.abgleichen(&neu, &da).unwrap();
    let zeilen = form::zeilen(&json!({"a": "x".repeat(60), "b": "y".repeat(60), "c": [1, 2]}));
    assert_eq!(zeilen.len(), 5, "{zeilen:?}");
    assert_eq!(form::zeilen(&neu).join("\n").parse::<Value>().unwrap(), neu);
}
