//! Debitor: its numbers, own fields, dunning, open items. What it shares stands in `fibu_partner.rs`.
#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code, unused_imports, reason = "most of that world is for postings")]
mod fibu_welt;

use aggregates::{
    Aggregate, Decision, DomainError, Refused, Shared,
    fibu::debitor::{Debitor, DebitorCommand, DebitorError, DebitorEvent},
    types::Betrag,
};
use fibu_welt::{tag, welt_ohne_jahr as welt};
use serde_json::{Value, from_value, json};
use uuid::Uuid;

const NR: &str = "10001";

fn befehl(json: Value) -> DebitorCommand {
    from_value(json).unwrap()
}

fn anlegen(weitere: Value) -> Value {
    let mut felder = json!({"nr": NR, "name": "Landhof Petersen GmbH", "sammelkonto": "1200"});
    let weitere = weitere.as_object().unwrap().clone();
    felder.as_object_mut().unwrap().extend(weitere);
    json!({"Anlegen": felder})
}

fn neu(json: Value) -> Decision<Debitor> {
    welt().decide(&Debitor::default(), befehl(json))
}

fn angelegt() -> DebitorEvent {
    neu(anlegen(json!({}))).unwrap().remove(0)
}

fn falten(events: Vec<DebitorEvent>) -> Debitor {
    let mut debitor = Debitor::default();
    for event in events {
        debitor.evolve(event);
    }
    debitor
}

fn erwarte(gegeben: Vec<DebitorEvent>, json: Value, events: Vec<DebitorEvent>) {
    let test = welt().test::<Debitor>().given(gegeben);
    test.when(befehl(json)).then_expect_events(events);
}

fn erwarte_fehler(gegeben: Vec<DebitorEvent>, json: Value, fehler: impl Into<Refused<DebitorError>>) {
    let test = welt().test::<Debitor>().given(gegeben);
    test.when(befehl(json)).then_expect_error(fehler.into());
}

#[test]
fn eine_nummer_ausserhalb_des_bereichs_wird_abgelehnt() {
    for nr in ["09999", "70000", "1000", "100000", "1000A", "٣٠٠٠٠"] {
        let fehler = DebitorError::NrBereich {
            nr: nr.to_owned(),
            von: "10000".to_owned(),
            bis: "69999".to_owned(),
        };
        assert_eq!(fehler.code(), "DEBITOR_NR_BEREICH");
        let json = anlegen(json!({"nr": nr}));
        assert_eq!(neu(json).unwrap_err(), Refused::Domain(fehler));
    }
    for nr in ["10000", "69999"] {
        assert!(neu(anlegen(json!({"nr": nr}))).is_ok());
    }
}

#[test]
fn ein_debitor_hat_kunde_mahnverfahren_und_zinsgruppe_und_ist_nur_auf_wunsch_verbraucher() {
    let (kunde, mahnverfahren) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let json = anlegen(json!({
        "kunde_id": kunde, "verbraucher": true, "mahnverfahren_id": mahnverfahren, "zinsgruppe": "B2C",
    }));
    let debitor = falten(neu(json).unwrap());
    assert!(debitor.verbraucher);
    assert_eq!(
        (debitor.kunde_id, debitor.mahnverfahren_id),
        (Some(kunde), Some(mahnverfahren))
    );
    assert_eq!(debitor.zinsgruppe.as_deref(), Some("B2C"));
    assert!(!falten(vec![angelegt()]).verbraucher);
}

#[test]
fn eine_mahnsperre_wird_gesetzt_verlaengert_und_aufgehoben() {
    let setzen = |bis: &str| json!({"MahnsperreSetzen": {"bis": bis, "grund": "Stundung"}});
    let gesetzt = |bis: &str| DebitorEvent::MahnsperreGesetzt {
        bis: Some(bis.parse().unwrap()),
        grund: "Stundung".to_owned(),
    };
    erwarte(vec![angelegt()], setzen("2026-03-10"), vec![gesetzt("2026-03-10")]);
    let gegeben = vec![angelegt(), gesetzt("2026-03-10")];
    erwarte(gegeben.clone(), setzen("2026-05-01"), vec![gesetzt("2026-05-01")]);
    let aufheben = json!({"MahnsperreAufheben": {}});
    erwarte(gegeben.clone(), aufheben, vec![DebitorEvent::MahnsperreAufgehoben {}]);
    let debitor = falten(gegeben.clone());
    assert!(debitor.mahnsperre);
    assert_eq!(
        (debitor.mahnsperre_bis, debitor.mahnsperre_grund.as_deref()),
        (Some(tag(2026, 3, 10)), Some("Stundung"))
    );
    let debitor = falten([gegeben, vec![DebitorEvent::MahnsperreAufgehoben {}]].concat());
    assert!(!debitor.mahnsperre && debitor.mahnsperre_grund.is_none() && debitor.mahnsperre_bis.is_none());
}

#[test]
fn eine_mahnsperre_endet_nicht_in_der_vergangenheit_und_wird_nur_aufgehoben_wenn_es_sie_gibt() {
    let setzen = json!({"MahnsperreSetzen": {"bis": "2026-03-09", "grund": "Stundung"}});
    let fehler = Shared::feld("/bis", "der letzte Tag der Sperre liegt in der Vergangenheit");
    erwarte_fehler(vec![angelegt()], setzen, fehler);
    let fehler = DebitorError::MahnsperreFehlt {};
    assert_eq!(fehler.code(), "DEBITOR_MAHNSPERRE_FEHLT");
    erwarte_fehler(vec![angelegt()], json!({"MahnsperreAufheben": {}}), fehler);
}

#[test]
fn ein_geschlossener_debitor_bekommt_keine_mahnsperre() {
    let gegeben = vec![angelegt(), DebitorEvent::Geschlossen { grund: None }];
    let fehler = Shared::status("geschlossen", &["aktiv", "gesperrt"]);
    erwarte_fehler(gegeben, json!({"MahnsperreSetzen": {"grund": "x"}}), fehler);
}

#[test]
fn ein_debitor_mit_saldo_wird_nicht_geschlossen() {
    let fehler = DebitorError::OffenePosten {
        saldo: Betrag::cent(-1_000),
        posten: 0,
    };
    assert_eq!(
        (fehler.code(), fehler.data()),
        ("DEBITOR_OFFENE_POSTEN", json!({"saldo": "-10.00", "posten": 0}))
    );
    let welt = welt().fact("personenkonto_saldo", NR, json!("-10.00"));
    let test = welt.test::<Debitor>().given(vec![angelegt()]);
    test.when(befehl(json!({"Schliessen": {}})))
        .then_expect_error(Refused::Domain(fehler));
}
