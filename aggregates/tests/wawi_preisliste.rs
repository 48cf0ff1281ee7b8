//! Preisliste: scales and periods, every command and refusal.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod stamm_welt;
mod wawi_welt;

use aggregates::{
    Aggregate,
    types::{Betrag, Menge},
    wawi::{Artikel, Preisliste},
};
use chrono::NaiveDate;
use serde_json::{Value, json};
use stamm_welt::{check, decide, grund, state};
use uuid::Uuid;
use wawi_welt::{EMDEN, KAS, kas, welt};

const STATUS: Result<&[&str], &str> = Err("STATUS_UNZULAESSIG");
const EINGABE: Result<&[&str], &str> = Err("EINGABE_UNGUELTIG");

fn menge(text: &str) -> Menge {
    text.parse().unwrap()
}

fn tag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn liste(mehr: Value) -> Value {
    let mut felder = json!({"name": "Standard 2026", "waehrung": "EUR", "standard": true, "gueltig_von": "2026-01-01"});
    felder
        .as_object_mut()
        .unwrap()
        .extend(mehr.as_object().unwrap().clone());
    json!({"Angelegt": felder})
}

/// The KAS list of crm C2 number 4, with its scale in dt.
fn preis(nr: i32, von: &str, bis: Value) -> Value {
    json!({"PreisGesetzt": {"preis": {"nr": nr, "artikel_id": KAS, "einheit": "dt", "je_menge": "1", "gueltig_von": von,
        "gueltig_bis": bis, "staffeln": [{"ab_menge": "0", "preis": "34.50"}, {"ab_menge": "50", "preis": "33.20"},
        {"ab_menge": "250", "preis": "31.90"}]}}})
}

fn freigegeben() -> Vec<Value> {
    vec![
        liste(json!({})),
        preis(1, "2026-01-01", json!("2026-06-30")),
        json!({"Freigegeben": {}}),
    ]
}

#[test]
fn c2_4_die_staffel_gilt_fuer_die_ganze_menge() {
    let liste = state::<Preisliste>(&freigegeben());
    let kas = state::<Artikel>(&kas());
    let wert = |tonnen: &str, am: &str| {
        let in_einheit = |einheit: &str| kas.umrechnen(menge(tonnen), "t", einheit).ok();
        let (preis, ab) = liste.preis(KAS, tag(am), in_einheit)?;
        Some((preis.wert(in_einheit(&preis.einheit)?)?, ab))
    };
    let erwartet = |cent: i64, ab: &str| Some((Betrag::cent(cent), menge(ab)));
    assert_eq!(wert("7.5", "2026-03-01"), erwartet(249_000, "50"), "75 × 33.20");
    assert_eq!(wert("30", "2026-03-01"), erwartet(957_000, "250"), "300 × 31.90");
    assert_eq!(
        wert("4.999", "2026-03-01"),
        erwartet(172_466, "0"),
        "49.99 × 34.50 = 1724.655"
    );
    assert_eq!(
        wert("5", "2026-03-01"),
        erwartet(166_000, "50"),
        "a step begins with its quantity"
    );
    assert_eq!((wert("5", "2025-12-31"), wert("5", "2026-07-01")), (None, None));
    let keine = |_: &str| None;
    assert_eq!(
        liste.preis(KAS, tag("2026-03-01"), keine),
        None,
        "the unit cannot be converted"
    );
    assert_eq!(liste.preis(EMDEN, tag("2026-03-01"), |_| Some(menge("1"))), None);
}

#[test]
fn nur_eine_freigegebene_liste_gibt_in_ihrem_zeitraum_preise() {
    let frage = |given: &[Value], am: &str| {
        state::<Preisliste>(given)
            .preis(KAS, tag(am), |_| Some(menge("1")))
            .is_some()
    };
    let entwurf = vec![liste(json!({})), preis(1, "2026-01-01", json!(null))];
    let frei = [entwurf.clone(), vec![json!({"Freigegeben": {}})]].concat();
    let gesperrt = [frei.clone(), vec![json!({"Gesperrt": grund()})]].concat();
    assert_eq!(
        [&entwurf, &frei, &gesperrt].map(|given| frage(given, "2026-03-01")),
        [false, true, false]
    );
    let kurz = [vec![liste(json!({"gueltig_bis": "2026-03-31"}))], frei[1..].to_vec()].concat();
    assert!(frage(&kurz, "2026-03-31") && !frage(&kurz, "2026-04-01"));
    // A scale that begins above the quantity has no price for it.
    let mut hoch = preis(1, "2026-01-01", json!(null));
    hoch["PreisGesetzt"]["preis"]["staffeln"] = json!([{"ab_menge": "50", "preis": "1"}]);
    assert!(!frage(
        &[liste(json!({})), hoch, json!({"Freigegeben": {}})],
        "2026-03-01"
    ));
}

#[test]
fn die_standardliste_und_die_eines_lagers_gibt_es_einmal() {
    let keys = |given: &[Value]| -> Vec<(&'static str, String)> {
        state::<Preisliste>(given)
            .keys()
            .into_iter()
            .map(|k| (k.scope, k.wert))
            .collect()
    };
    let name = ("preisliste.name", "Standard 2026".to_owned());
    assert_eq!(
        keys(&[liste(json!({}))]),
        std::slice::from_ref(&name),
        "a draft claims its name only"
    );
    assert_eq!(
        keys(&freigegeben()),
        [name.clone(), ("preisliste.standard", "EUR".to_owned())]
    );
    let lager = liste(json!({"standard": false, "lager_id": EMDEN}));
    let frei = [lager, json!({"Freigegeben": {}})];
    assert_eq!(keys(&frei), [name.clone(), ("preisliste.lager", EMDEN.to_string())]);
    let gesperrt = [freigegeben(), vec![json!({"Gesperrt": grund()})]].concat();
    assert_eq!(keys(&gesperrt), [name]);
}

#[test]
fn anlegen_und_lebenslauf() {
    let anlegen = |mehr: Value| {
        let mut felder = json!({"name": "Liste", "gueltig_von": "2026-01-01"});
        felder
            .as_object_mut()
            .unwrap()
            .extend(mehr.as_object().unwrap().clone());
        json!({"Anlegen": felder})
    };
    let entwurf = [liste(json!({}))];
    let gesperrt = [freigegeben(), vec![json!({"Gesperrt": grund()})]].concat();
    for (given, command, wanted) in [
        (&[][..], anlegen(json!({"lager_id": EMDEN})), Ok(&["Angelegt"][..])),
        (&[], anlegen(json!({"lager_id": Uuid::from_u128(1)})), EINGABE),
        (&[], anlegen(json!({"lager_id": EMDEN, "standard": true})), EINGABE),
        (&[], anlegen(json!({"gueltig_bis": "2025-12-31"})), EINGABE),
        (&entwurf, anlegen(json!({})), STATUS),
        (&entwurf, json!({"Freigeben": {}}), Ok(&["Freigegeben"])),
        (&entwurf, json!({"Sperren": grund()}), STATUS),
        (&freigegeben(), json!({"Freigeben": {}}), STATUS),
        (&freigegeben(), json!({"Sperren": grund()}), Ok(&["Gesperrt"])),
        (
            &gesperrt,
            json!({"PreisBeenden": {"nr": 1, "gueltig_bis": "2026-02-01"}}),
            STATUS,
        ),
    ] {
        check::<Preisliste>(&welt(), given, command, wanted);
    }
}

#[test]
fn preise_eines_artikels_ueberlappen_sich_nicht() {
    let setzen = |von: &str, bis: Value| {
        json!({"PreisSetzen": {"artikel_id": KAS, "einheit": "dt", "je_menge": "1", "gueltig_von": von, "gueltig_bis": bis,
            "staffeln": [{"ab_menge": 0, "preis": "30"}]}})
    };
    let ueberlappt: Result<&[&str], &str> = Err("PREISLISTE_PREIS_UEBERLAPPT");
    let ok: Result<&[&str], &str> = Ok(&["PreisGesetzt"]);
    for (von, bis, wanted) in [
        ("2026-06-30", json!(null), ueberlappt),
        ("2025-01-01", json!("2026-01-01"), ueberlappt),
        ("2025-01-01", json!(null), ueberlappt),
        ("2026-02-01", json!("2026-02-28"), ueberlappt),
        ("2026-07-01", json!(null), ok),
        ("2025-01-01", json!("2025-12-31"), ok),
        ("2026-08-01", json!("2026-07-31"), EINGABE),
    ] {
        check::<Preisliste>(&welt(), &freigegeben(), setzen(von, bis), wanted);
    }
    let found = decide::<Preisliste>(&welt(), &freigegeben(), setzen("2026-07-01", json!(null))).unwrap();
    assert_eq!(found[0]["PreisGesetzt"]["preis"]["nr"], 2);
    let beenden = |nr: i32, bis: &str| json!({"PreisBeenden": {"nr": nr, "gueltig_bis": bis}});
    for (command, wanted) in [
        (beenden(1, "2026-03-31"), Ok(&["PreisBeendet"][..])),
        (beenden(1, "2025-12-31"), EINGABE),
        (beenden(1, "2026-07-01"), EINGABE),
        (beenden(7, "2026-03-31"), EINGABE),
    ] {
        check::<Preisliste>(&welt(), &freigegeben(), command, wanted);
    }
    let beendet = [
        freigegeben(),
        vec![json!({"PreisBeendet": {"nr": 1, "gueltig_bis": "2026-03-31"}})],
    ]
    .concat();
    check::<Preisliste>(&welt(), &beendet, setzen("2026-04-01", json!(null)), ok);
}

#[test]
fn eine_staffel_steigt_und_der_artikel_kennt_die_einheit() {
    let setzen = |mehr: Value| {
        let mut felder = json!({"artikel_id": KAS, "einheit": "dt", "je_menge": "1", "gueltig_von": "2026-07-01",
            "staffeln": [{"ab_menge": "0", "preis": "30"}]});
        felder
            .as_object_mut()
            .unwrap()
            .extend(mehr.as_object().unwrap().clone());
        json!({"PreisSetzen": felder})
    };
    let stufen = |mengen: &[&str]| json!({"staffeln": mengen.iter().map(|m| json!({"ab_menge": m, "preis": "1"})).collect::<Vec<_>>()});
    let viele: Vec<String> = (0..21).map(|i| i.to_string()).collect();
    let viele: Vec<&str> = viele.iter().map(String::as_str).collect();
    let ungueltig: Result<&[&str], &str> = Err("PREISLISTE_STAFFEL_UNGUELTIG");
    for (mehr, wanted) in [
        (stufen(&["0", "5", "25"]), Ok(&["PreisGesetzt"][..])),
        (stufen(&["5"]), Ok(&["PreisGesetzt"])),
        (stufen(&[]), ungueltig),
        (stufen(&["0", "0"]), ungueltig),
        (stufen(&["0", "5", "4"]), ungueltig),
        (stufen(&viele), ungueltig),
        (stufen(&["-1"]), Err("MENGE_UNGUELTIG")),
        (json!({"je_menge": "0"}), Err("MENGE_UNGUELTIG")),
        (json!({"einheit": "Fass"}), Err("ARTIKEL_UMRECHNUNG_FEHLT")),
        (json!({"artikel_id": EMDEN}), EINGABE),
    ] {
        check::<Preisliste>(&welt(), &freigegeben(), setzen(mehr), wanted);
    }
}
