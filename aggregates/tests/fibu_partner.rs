//! Geschaeftsjahr, Debitor, Kreditor: every command, every refusal.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod stamm_welt;

use aggregates::{
    fibu::{
        Debitor, Geschaeftsjahr, Kontenplan, Kreditor, geschaeftsjahr::GeschaeftsjahrEvent, kontenplan::Rahmen, vorlage,
    },
    testing::World,
    types::Akteur,
};
use serde_json::{Value, json};
use stamm_welt::{check, decide, grund, state};
use uuid::Uuid;

/// A world with the chart's account finding.
fn welt() -> World {
    let w = World::new();
    let plan = Kontenplan::stream_id(w.frame.mandant_id);
    let events = [
        json!({"Angelegt": {"rahmen": "skr04", "kontolaenge": 4, "personenkontolaenge": 5, "hauswaehrung": "EUR"}}),
        json!({"VorlageUebernommen": {"rahmen": "skr04", "stand": "x", "am": "2026-01-01", "gruppen": [], "gliederungszeilen": [],
            "kontenfindung": vorlage::kontenfindung(Rahmen::Skr04)}}),
    ];
    w.with::<Kontenplan>(
        plan,
        events.into_iter().map(|e| serde_json::from_value(e).unwrap()).collect(),
    )
}

fn jahr_anlegen(beginn: &str, ende: &str) -> Value {
    json!({"Anlegen": {"beginn": beginn, "ende": ende}})
}

fn jahr(w: &World, beginn: &str, ende: &str) -> Vec<Value> {
    decide::<Geschaeftsjahr>(w, &[], jahr_anlegen(beginn, ende)).unwrap()
}

fn typed(events: &[Value]) -> Vec<GeschaeftsjahrEvent> {
    events
        .iter()
        .map(|e| serde_json::from_value(e.clone()).unwrap())
        .collect()
}

#[test]
fn ein_geschaeftsjahr_darf_in_jedem_monat_beginnen_und_hat_14_perioden() {
    let w = World::new();
    let events = jahr(&w, "2026-07-01", "2027-06-30");
    let angelegt = &events[0]["Angelegt"];
    assert_eq!(
        (&angelegt["art"], &angelegt["erstes"]),
        (&json!("normal"), &json!(true))
    );
    let perioden = angelegt["perioden"].as_array().unwrap();
    assert_eq!(perioden.len(), 14);
    assert_eq!(perioden[0], json!({"nr": 0, "von": "2026-07-01", "bis": "2026-07-01"}));
    assert_eq!(perioden[8], json!({"nr": 8, "von": "2027-02-01", "bis": "2027-02-28"}));
    assert_eq!(
        perioden[13],
        json!({"nr": 13, "von": "2027-06-30", "bis": "2027-06-30"})
    );
    // The company's first year may begin inside a month.
    let rumpf = jahr(&w, "2026-03-15", "2026-12-31");
    assert_eq!(rumpf[0]["Angelegt"]["art"], "rumpf");
    let state: Geschaeftsjahr = state(&rumpf);
    assert_eq!(state.periode_am("2026-03-20".parse().unwrap()).unwrap().nr, 1);
    assert!(state.periode_am("2026-03-14".parse().unwrap()).is_none());
}

#[test]
fn geschaeftsjahre_folgen_ohne_luecke_und_ohne_ueberlappung() {
    let leer = World::new();
    let erstes = jahr(&leer, "2026-01-01", "2026-12-31");
    let w = World::new().with::<Geschaeftsjahr>(Uuid::from_u128(1), typed(&erstes));
    for (beginn, ende, code) in [
        ("2026-12-01", "2027-11-30", "GESCHAEFTSJAHR_UEBERLAPPUNG"),
        ("2027-02-01", "2028-01-31", "GESCHAEFTSJAHR_LUECKE"),
        ("2027-01-01", "2028-01-31", "GESCHAEFTSJAHR_LAENGE"),
        ("2027-01-01", "2027-12-30", "EINGABE_UNGUELTIG"),
        ("2027-01-02", "2027-12-31", "EINGABE_UNGUELTIG"),
        ("2027-12-31", "2027-01-01", "EINGABE_UNGUELTIG"),
    ] {
        check::<Geschaeftsjahr>(&w, &[], jahr_anlegen(beginn, ende), Err(code));
    }
    check::<Geschaeftsjahr>(&w, &[], jahr_anlegen("2027-01-01", "2027-12-31"), Ok(&["Angelegt"]));
    check::<Geschaeftsjahr>(&w, &[], jahr_anlegen("2025-01-01", "2025-12-31"), Ok(&["Angelegt"]));
}

#[test]
fn perioden_werden_gesperrt_geoeffnet_und_der_reihe_nach_festgeschrieben() {
    let w = World::new();
    let mut g = jahr(&w, "2026-01-01", "2026-12-31");
    let sperren = |nr: u8| json!({"PeriodeSperren": {"nr": nr}});
    let oeffnen = |nr: u8| json!({"PeriodeOeffnen": {"nr": nr, "grund": "Nachzügler"}});
    let seal = |nr: u8| json!({"PeriodeFestschreiben": {"nr": nr}});
    check::<Geschaeftsjahr>(&w, &g, seal(0), Err("STATUS_UNZULAESSIG"));
    check::<Geschaeftsjahr>(&w, &g, json!({"Eroeffnen": {}}), Ok(&["Eroeffnet"]));
    g.push(json!({"Eroeffnet": {}}));
    check::<Geschaeftsjahr>(&w, &g, json!({"Eroeffnen": {}}), Err("STATUS_UNZULAESSIG"));
    check::<Geschaeftsjahr>(&w, &g, sperren(1), Ok(&["PeriodeGesperrt"]));
    check::<Geschaeftsjahr>(&w, &g, sperren(14), Err("PERIODE_UNBEKANNT"));
    check::<Geschaeftsjahr>(&w, &g, oeffnen(14), Err("PERIODE_UNBEKANNT"));
    check::<Geschaeftsjahr>(&w, &g, seal(14), Err("PERIODE_UNBEKANNT"));
    check::<Geschaeftsjahr>(&w, &g, oeffnen(1), Err("STATUS_UNZULAESSIG"));
    g.push(json!({"PeriodeGesperrt": {"nr": 1}}));
    check::<Geschaeftsjahr>(&w, &g, oeffnen(1), Ok(&["PeriodeGeoeffnet"]));
    check::<Geschaeftsjahr>(&w, &g, seal(1), Err("PERIODE_REIHENFOLGE"));
    let events = decide::<Geschaeftsjahr>(&w, &g, seal(0)).unwrap();
    let sealed = &events[0]["PeriodeFestgeschrieben"];
    assert_eq!(
        (&sealed["baum_groesse"], &sealed["wurzel"]),
        (&json!("41"), &json!("ab".repeat(32)))
    );
    g.extend(events);
    for command in [seal(0), oeffnen(0), sperren(0)] {
        check::<Geschaeftsjahr>(&w, &g, command, Err("PERIODE_FESTGESCHRIEBEN"));
    }
    check::<Geschaeftsjahr>(&w, &g, seal(1), Ok(&["PeriodeFestgeschrieben"]));
    check::<Geschaeftsjahr>(
        &w,
        &g,
        jahr_anlegen("2027-01-01", "2027-12-31"),
        Err("STATUS_UNZULAESSIG"),
    );
}

fn debitor() -> Vec<Value> {
    vec![
        json!({"Angelegt": {"nr": "10001", "name": "Landhof Petersen GmbH", "sammelkonto": "1200", "waehrung": "EUR", "verbraucher": false}}),
    ]
}

fn kreditor() -> Vec<Value> {
    vec![json!({"Angelegt": {"nr": "70001", "name": "Düngerwerk Nord AG", "sammelkonto": "3300", "waehrung": "EUR"}})]
}

#[test]
fn personenkonten_haben_ihren_bereich_und_ihr_sammelkonto() {
    let w = welt();
    let anlegen = |nr: &str| json!({"Anlegen": {"nr": nr, "name": "X"}});
    let events = decide::<Debitor>(&w, &[], anlegen("10001")).unwrap();
    assert_eq!(events[0]["Angelegt"]["sammelkonto"], "1200");
    let events = decide::<Kreditor>(&w, &[], anlegen("70001")).unwrap();
    assert_eq!(events[0]["Angelegt"]["sammelkonto"], "3300");
    for nr in ["70000", "1000", "100000", "1000a", "00001"] {
        check::<Debitor>(&w, &[], anlegen(nr), Err("DEBITOR_NR_BEREICH"));
    }
    for nr in ["69999", "7000", "700000"] {
        check::<Kreditor>(&w, &[], anlegen(nr), Err("KREDITOR_NR_BEREICH"));
    }
    // Without a Kontenplan nobody knows the Sammelkonto.
    check::<Debitor>(&World::new(), &[], anlegen("10001"), Err("EINGABE_UNGUELTIG"));
    let genannt = json!({"Anlegen": {"nr": "10001", "name": "X", "sammelkonto": "1201"}});
    check::<Debitor>(&World::new(), &[], genannt, Ok(&["Angelegt"]));
    check::<Debitor>(&w, &debitor(), anlegen("10001"), Err("STATUS_UNZULAESSIG"));
    check::<Kreditor>(&w, &kreditor(), anlegen("70001"), Err("STATUS_UNZULAESSIG"));
    let eu = json!({"Anlegen": {"nr": "10001", "name": "X", "ust_status": {"gueltig_ab": "2026-01-01", "art": "eu", "ust_id": "NL123456789B01"}}});
    check::<Debitor>(&w, &[], eu, Ok(&["Angelegt", "UstStatusGesetzt"]));
}

#[test]
fn der_umsatzsteuerstatus_ist_datiert_und_geprueft() {
    let w = welt();
    let setzen = |ab: &str, ust_id: &str| json!({"UstStatusSetzen": {"gueltig_ab": ab, "art": "eu", "ust_id": ust_id}});
    let mut d = debitor();
    check::<Debitor>(
        &w,
        &d,
        setzen("2026-01-01", "NL123456789B01"),
        Ok(&["UstStatusGesetzt"]),
    );
    check::<Debitor>(&w, &d, setzen("2026-01-01", "DE123456789"), Err("UST_ID_UNGUELTIG"));
    d.push(json!({"UstStatusGesetzt": {"ust_status": {"gueltig_ab": "2026-01-01", "art": "eu", "ust_id": "NL123456789B01"}}}));
    check::<Debitor>(
        &w,
        &d,
        setzen("2026-01-01", "NL123456789B01"),
        Err("UST_STATUS_UEBERLAPPUNG"),
    );
    let state: Debitor = state(&d);
    assert_eq!(state.ust_id_am("2026-02-01".parse().unwrap()), Some("NL123456789B01"));
    assert_eq!(state.ust_id_am("2025-12-31".parse().unwrap()), None);
    let mut k = kreditor();
    k.push(json!({"UstStatusGesetzt": {"ust_status": {"gueltig_ab": "2026-01-01", "art": "regel"}}}));
    let regel = json!({"UstStatusSetzen": {"gueltig_ab": "2026-01-01", "art": "regel"}});
    check::<Kreditor>(&w, &k, regel, Err("UST_STATUS_UEBERLAPPUNG"));
}

#[test]
fn eine_bankverbindung_gibt_eine_zweite_person_frei() {
    // fibu.md section 9, example 5.
    let u1 = welt();
    let u2 = welt().akteur(Akteur::Benutzer(Uuid::from_u128(2)));
    let erfassen = |iban: &str| json!({"BankverbindungErfassen": {"iban": iban}});
    let (gut, schlecht) = ("DE89 3704 0044 0532 0130 00", "DE89370400440532013001");
    check::<Kreditor>(&u1, &kreditor(), erfassen(gut), Ok(&["BankverbindungErfasst"]));
    check::<Kreditor>(&u1, &kreditor(), erfassen(schlecht), Err("IBAN_UNGUELTIG"));
    check::<Debitor>(&u1, &debitor(), erfassen(schlecht), Err("IBAN_UNGUELTIG"));
    let mut k = kreditor();
    k.extend(decide::<Kreditor>(&u1, &k, erfassen("DE89370400440532013000")).unwrap());
    let freigeben = |nr: i32| json!({"BankverbindungFreigeben": {"nr": nr}});
    check::<Kreditor>(&u1, &k, freigeben(1), Err("VIER_AUGEN"));
    check::<Kreditor>(&u2, &k, freigeben(7), Err("EINGABE_UNGUELTIG"));
    k.extend(decide::<Kreditor>(&u2, &k, freigeben(1)).unwrap());
    // A second one supersedes the first.
    k.extend(decide::<Kreditor>(&u1, &k, erfassen("GB82WEST12345698765432")).unwrap());
    let events = decide::<Kreditor>(&u2, &k, freigeben(2)).unwrap();
    assert_eq!(events[0]["BankverbindungFreigegeben"]["abgeloest"], 1);
    k.extend(events);
    assert_eq!(state::<Kreditor>(&k).bank().unwrap().nr, 2);
    check::<Kreditor>(&u2, &k, freigeben(2), Err("STATUS_UNZULAESSIG"));
}

#[test]
fn sperren_und_schliessen() {
    let w = welt();
    let gesperrt = |mut events: Vec<Value>| {
        events.push(json!({"Gesperrt": grund()}));
        events
    };
    check::<Debitor>(&w, &debitor(), json!({"Sperren": grund()}), Ok(&["Gesperrt"]));
    check::<Debitor>(
        &w,
        &gesperrt(debitor()),
        json!({"Sperren": grund()}),
        Err("STATUS_UNZULAESSIG"),
    );
    check::<Debitor>(&w, &gesperrt(debitor()), json!({"Entsperren": {}}), Ok(&["Entsperrt"]));
    check::<Debitor>(&w, &debitor(), json!({"Entsperren": {}}), Err("STATUS_UNZULAESSIG"));
    check::<Kreditor>(&w, &gesperrt(kreditor()), json!({"Entsperren": {}}), Ok(&["Entsperrt"]));
    check::<Kreditor>(&w, &kreditor(), json!({"Entsperren": {}}), Err("STATUS_UNZULAESSIG"));
    check::<Debitor>(&w, &debitor(), json!({"Schliessen": {}}), Ok(&["Geschlossen"]));
    let offen =
        welt()
            .fact("personenkonto_saldo", "10001", json!("0.01"))
            .fact("personenkonto_saldo", "70001", json!("-5.00"));
    check::<Debitor>(
        &offen,
        &debitor(),
        json!({"Schliessen": {}}),
        Err("DEBITOR_OFFENE_POSTEN"),
    );
    check::<Kreditor>(
        &offen,
        &kreditor(),
        json!({"Schliessen": {}}),
        Err("KREDITOR_OFFENE_POSTEN"),
    );
    let mut zu = debitor();
    zu.push(json!({"Geschlossen": {}}));
    check::<Debitor>(&w, &zu, json!({"Sperren": grund()}), Err("STATUS_UNZULAESSIG"));
    check::<Debitor>(
        &w,
        &debitor(),
        json!({"MahnsperreSetzen": {"grund": "strittig"}}),
        Ok(&["MahnsperreGesetzt"]),
    );
    check::<Debitor>(
        &w,
        &debitor(),
        json!({"MahnsperreAufheben": {}}),
        Err("STATUS_UNZULAESSIG"),
    );
    check::<Kreditor>(
        &w,
        &kreditor(),
        json!({"ZahlsperreSetzen": {"grund": "Reklamation"}}),
        Ok(&["ZahlsperreGesetzt"]),
    );
    check::<Kreditor>(
        &w,
        &kreditor(),
        json!({"ZahlsperreAufheben": {}}),
        Err("STATUS_UNZULAESSIG"),
    );
    let id = Uuid::from_u128(9);
    check::<Debitor>(
        &w,
        &debitor(),
        json!({"BedingungSetzen": {"zahlungsbedingung_id": id}}),
        Ok(&["BedingungGesetzt"]),
    );
    check::<Kreditor>(
        &w,
        &kreditor(),
        json!({"StammdatenUebernehmen": {"name": "Neu"}}),
        Ok(&["StammdatenUebernommen"]),
    );
    check::<Kreditor>(&w, &kreditor(), json!({"StammdatenUebernehmen": {}}), Ok(&[]));
}
