#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! Rechnungspruefung: example B2 of wawi 4, its limits, and what its steps allow.

use aggregates::{
    Aggregate, DomainError, Refused,
    fibu::eingangsrechnung::WePosition,
    testing::World,
    types::{Betrag, Menge, Preis, Satz},
    wawi::{
        Rechnungspruefung,
        rechnungspruefung::{
            Ergebnis, Gegenstand, Grenzen, Pruefzeile, RechnungspruefungCommand, RechnungspruefungError,
            RechnungspruefungEvent, RechnungspruefungStatus, Vergleich, vergleichen,
        },
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

fn menge(text: &str) -> Menge {
    text.parse().unwrap()
}

fn preis() -> Preis {
    serde_json::from_value(json!({"betrag": "312.00", "je": "1", "einheit": "t"})).unwrap()
}

/// 23.9 t were received at 312.00; `netto` is invoiced for `berechnet` tonnes.
fn vergleich(berechnet: &str, netto: &str, grenzen: Grenzen) -> Result<Vergleich, RechnungspruefungError> {
    let zeile = Pruefzeile {
        position: 1,
        wareneingang: WePosition {
            wareneingang_id: Uuid::from_u128(1),
            we_position_id: Uuid::from_u128(2),
        },
        menge: menge(berechnet),
        einheit: "t".into(),
        netto: netto.parse().unwrap(),
    };
    let gegenstand = Gegenstand {
        menge: menge(berechnet),
        in_preiseinheit: menge(berechnet),
        offen: menge("23.9"),
        preis: preis(),
        bestellung: None,
    };
    vergleichen(&zeile, &gegenstand, grenzen)
}

#[test]
fn b2_der_preis_muss_in_beiden_grenzen_liegen() {
    let v = vergleich("23.9", "7528.50", Grenzen::default()).unwrap();
    assert_eq!(
        (v.wert_vereinbart, v.delta_wert),
        (Betrag::cent(745_680), Betrag::cent(7_170))
    );
    assert_eq!((v.delta_prozent, v.ergebnis), (menge("0.96"), Ergebnis::Abweichung));
    let weiter = Grenzen {
        wert: Betrag::cent(10_000),
        ..Grenzen::default()
    };
    assert_eq!(vergleich("23.9", "7528.50", weiter).unwrap().ergebnis, Ergebnis::Ok);
    let enger = Grenzen {
        prozent: Satz::percent("0.5".parse().unwrap()),
        ..weiter
    };
    assert_eq!(
        vergleich("23.9", "7528.50", enger).unwrap().ergebnis,
        Ergebnis::Abweichung
    );
    // Exactly at the limit is within it.
    assert_eq!(
        vergleich("23.9", "7506.80", Grenzen::default()).unwrap().ergebnis,
        Ergebnis::Ok
    );
    assert_eq!(
        vergleich("23.9", "7506.81", Grenzen::default()).unwrap().ergebnis,
        Ergebnis::Abweichung
    );
}

#[test]
fn b2_mehr_als_geliefert_wird_nicht_berechnet() {
    let offen = RechnungspruefungError::MengeUeberWe { offen: menge("23.9") };
    assert_eq!(vergleich("24.0", "7488.00", Grenzen::default()).unwrap_err(), offen);
}

#[test]
fn billiger_geht_durch_und_ist_gekennzeichnet() {
    assert_eq!(
        vergleich("23.9", "5000.00", Grenzen::default()).unwrap().ergebnis,
        Ergebnis::Guenstiger
    );
    assert_eq!(
        vergleich("10", "3120.00", Grenzen::default()).unwrap().ergebnis,
        Ergebnis::Ok
    );
}

fn welt() -> World {
    World::new()
}

/// A comparison with one line of that result.
fn geprueft(netto: &str) -> Rechnungspruefung {
    let mut pruefung = Rechnungspruefung::default();
    let we = json!({"wareneingang_id": Uuid::from_u128(1), "we_position_id": Uuid::from_u128(2)});
    let angelegt = json!({"Angelegt": {
        "eingangsrechnung_id": Uuid::from_u128(3), "lieferantennummer": "R 1", "rechnungsdatum": "2026-03-02",
        "zeilen": [{"position": 1, "wareneingang": we, "menge": "23.9", "einheit": "t", "netto": netto}], "nebenkosten": [],
    }});
    pruefung.evolve(serde_json::from_value(angelegt).unwrap());
    let vergleiche = vec![vergleich("23.9", netto, Grenzen::default()).unwrap()];
    pruefung.evolve(RechnungspruefungEvent::Geprueft { vergleiche });
    pruefung
}

fn schritt(welt: &World, pruefung: &Rechnungspruefung, command: Value) -> Result<Rechnungspruefung, String> {
    let command: RechnungspruefungCommand = serde_json::from_value(command).unwrap();
    match welt.decide(pruefung, command) {
        Ok(events) => {
            let mut neu = pruefung.clone();
            for event in events {
                neu.evolve(event);
            }
            Ok(neu)
        }
        Err(Refused::Domain(error)) => Err(error.code().to_owned()),
        Err(Refused::Shared(error)) => Err(error.code().to_owned()),
        Err(Refused::Missing(_)) => Err("-".to_owned()),
    }
}

#[test]
fn eine_abweichung_wartet_auf_die_einkaufsleitung() {
    let pruefung = geprueft("7528.50");
    assert_eq!(
        pruefung.offene_abweichung(),
        Some((1, Menge::NULL, Betrag::cent(7_170)))
    );
    let freigeben = json!({"Freigeben": {"begruendung": "Tagespreis"}});
    assert_eq!(
        schritt(&welt(), &pruefung, freigeben.clone()),
        Err("BERECHTIGUNG_FEHLT".to_owned())
    );
    let leitung = welt().sonderrechte(&["wawi.einkauf_leitung"]);
    let frei = schritt(&leitung, &pruefung, freigeben).unwrap();
    assert_eq!(
        (frei.status, frei.offene_abweichung()),
        (RechnungspruefungStatus::Freigegeben, None)
    );
    assert_eq!(geprueft("7456.80").offene_abweichung(), None);
}

#[test]
fn zurueckgestellt_ist_nicht_entschieden() {
    let pruefung = schritt(
        &welt(),
        &geprueft("7528.50"),
        json!({"Zurueckstellen": {"grund": "Rückfrage"}}),
    )
    .unwrap();
    assert!(pruefung.offene_abweichung().is_some());
    let abgelehnt = schritt(&welt(), &pruefung, json!({"Ablehnen": {"grund": "zu teuer"}})).unwrap();
    assert_eq!(abgelehnt.status, RechnungspruefungStatus::Abgelehnt);
    let verbuchen = json!({"Verbuchen": {"buchungsdatum": "2026-03-05"}});
    for stand in [
        &abgelehnt,
        &pruefung,
        &geprueft("7528.50"),
        &Rechnungspruefung::default(),
    ] {
        assert_eq!(
            schritt(&welt(), stand, verbuchen.clone()),
            Err("STATUS_UNZULAESSIG".to_owned())
        );
    }
}
