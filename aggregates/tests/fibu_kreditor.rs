//! Kreditor: its numbers, own fields, lock of payments, open items. What it shares stands in `fibu_partner.rs`.
#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code, unused_imports, reason = "most of that world is for postings")]
mod fibu_welt;

use aggregates::{
    Aggregate, Decision, DomainError, Refused, Shared,
    fibu::kreditor::{Kreditor, KreditorCommand, KreditorError, KreditorEvent},
    types::Betrag,
};
use fibu_welt::{tag, welt_ohne_jahr as welt};
use serde_json::{Value, from_value, json};
use uuid::Uuid;

const NR: &str = "70001";

fn befehl(json: Value) -> KreditorCommand {
    from_value(json).unwrap()
}

fn anlegen(weitere: Value) -> Value {
    let mut felder = json!({"nr": NR, "name": "Mühle Norden AG", "sammelkonto": "3300"});
    let weitere = weitere.as_object().unwrap().clone();
    felder.as_object_mut().unwrap().extend(weitere);
    json!({"Anlegen": felder})
}

fn neu(json: Value) -> Decision<Kreditor> {
    welt().decide(&Kreditor::default(), befehl(json))
}

fn angelegt() -> KreditorEvent {
    neu(anlegen(json!({}))).unwrap().remove(0)
}

fn falten(events: Vec<KreditorEvent>) -> Kreditor {
    let mut kreditor = Kreditor::default();
    for event in events {
        kreditor.evolve(event);
    }
    kreditor
}

fn erwarte(gegeben: Vec<KreditorEvent>, json: Value, events: Vec<KreditorEvent>) {
    let test = welt().test::<Kreditor>().given(gegeben);
    test.when(befehl(json)).then_expect_events(events);
}

fn erwarte_fehler(gegeben: Vec<KreditorEvent>, json: Value, fehler: impl Into<Refused<KreditorError>>) {
    let test = welt().test::<Kreditor>().given(gegeben);
    test.when(befehl(json)).then_expect_error(fehler.into());
}

#[test]
fn eine_nummer_ausserhalb_des_bereichs_wird_abgelehnt() {
    for nr in ["09999", "69999", "7000", "700000", "7000A", "٧٠٠٠٠"] {
        let fehler = KreditorError::NrBereich {
            nr: nr.to_owned(),
            von: "70000".to_owned(),
            bis: "99999".to_owned(),
        };
        assert_eq!(fehler.code(), "KREDITOR_NR_BEREICH");
        let json = anlegen(json!({"nr": nr}));
        assert_eq!(neu(json).unwrap_err(), Refused::Domain(fehler));
    }
    for nr in ["70000", "99999"] {
        assert!(neu(anlegen(json!({"nr": nr}))).is_ok());
    }
}

#[test]
fn ein_kreditor_hat_einen_lieferanten_und_die_selbstabrechnung_gilt_ab_ihrem_tag() {
    let lieferant = Uuid::from_u128(1);
    let json = anlegen(json!({"lieferant_id": lieferant, "selbstabrechnung_ab": "2026-07-01"}));
    let kreditor = falten(neu(json).unwrap());
    assert_eq!(kreditor.lieferant_id, Some(lieferant));
    assert_eq!(kreditor.selbstabrechnung_ab, Some(tag(2026, 7, 1)));
    assert_eq!(falten(vec![angelegt()]).selbstabrechnung_ab, None);
}

#[test]
fn eine_zahlsperre_wird_gesetzt_verlaengert_und_aufgehoben() {
    let setzen = |bis: &str| json!({"ZahlsperreSetzen": {"bis": bis, "grund": "Stundung"}});
    let gesetzt = |bis: &str| KreditorEvent::ZahlsperreGesetzt {
        bis: Some(bis.parse().unwrap()),
        grund: "Stundung".to_owned(),
    };
    erwarte(vec![angelegt()], setzen("2026-03-10"), vec![gesetzt("2026-03-10")]);
    let gegeben = vec![angelegt(), gesetzt("2026-03-10")];
    erwarte(gegeben.clone(), setzen("2026-05-01"), vec![gesetzt("2026-05-01")]);
    let aufheben = json!({"ZahlsperreAufheben": {}});
    erwarte(gegeben.clone(), aufheben, vec![KreditorEvent::ZahlsperreAufgehoben {}]);
    let kreditor = falten(gegeben.clone());
    assert!(kreditor.zahlsperre);
    assert_eq!(
        (kreditor.zahlsperre_bis, kreditor.zahlsperre_grund.as_deref()),
        (Some(tag(2026, 3, 10)), Some("Stundung"))
    );
    let kreditor = falten([gegeben, vec![KreditorEvent::ZahlsperreAufgehoben {}]].concat());
    assert!(!kreditor.zahlsperre && kreditor.zahlsperre_grund.is_none() && kreditor.zahlsperre_bis.is_none());
}

#[test]
fn eine_zahlsperre_endet_nicht_in_der_vergangenheit_und_wird_nur_aufgehoben_wenn_es_sie_gibt() {
    let setzen = json!({"ZahlsperreSetzen": {"bis": "2026-03-09", "grund": "Stundung"}});
    let fehler = Shared::feld("/bis", "der letzte Tag der Sperre liegt in der Vergangenheit");
    erwarte_fehler(vec![angelegt()], setzen, fehler);
    let fehler = KreditorError::ZahlsperreFehlt {};
    assert_eq!(fehler.code(), "KREDITOR_ZAHLSPERRE_FEHLT");
    erwarte_fehler(vec![angelegt()], json!({"ZahlsperreAufheben": {}}), fehler);
}

#[test]
fn ein_geschlossener_kreditor_bekommt_keine_zahlsperre() {
    let gegeben = vec![angelegt(), KreditorEvent::Geschlossen { grund: None }];
    let fehler = Shared::status("geschlossen", &["aktiv", "gesperrt"]);
    erwarte_fehler(gegeben, json!({"ZahlsperreSetzen": {"grund": "x"}}), fehler);
}

#[test]
fn ein_kreditor_mit_saldo_wird_nicht_geschlossen() {
    let fehler = KreditorError::OffenePosten {
        saldo: Betrag::cent(-1_000),
        posten: 0,
    };
    assert_eq!(
        (fehler.code(), fehler.data()),
        ("KREDITOR_OFFENE_POSTEN", json!({"saldo": "-10.00", "posten": 0}))
    );
    let welt = welt().fact("personenkonto_saldo", NR, json!("-10.00"));
    let test = welt.test::<Kreditor>().given(vec![angelegt()]);
    test.when(befehl(json!({"Schliessen": {}})))
        .then_expect_error(Refused::Domain(fehler));
}
