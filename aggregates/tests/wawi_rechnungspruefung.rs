#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! Rechnungspruefung: example B2 of wawi 4, its limits, and what its steps allow.

use aggregates::{
    Aggregate, DomainError, Refused,
    fibu::{
        Eingangsrechnung,
        eingangsrechnung::{EingangsrechnungCommand, EingangsrechnungError, EingangsrechnungStatus, WePosition},
    },
    policy::{Kind, PolicyContext},
    testing::World,
    types::{Betrag, Menge, Preis, Satz},
    wawi::{
        Artikel, Rechnungspruefung, Wareneingang,
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
    // Put off, an invoice waits whatever the comparison found.
    let ohne_befund = schritt(&welt(), &geprueft("7456.80"), json!({"Zurueckstellen": {}})).unwrap();
    assert_eq!(ohne_befund.offene_abweichung(), Some((1, Menge::NULL, Betrag::NULL)));
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

#[test]
fn mit_der_rechnung_endet_ihre_pruefung_und_ohne_sie_geschieht_nichts() {
    let verwerfen = || json!({"Verwerfen": {"grund": "falsch adressiert"}});
    let offen = angelegt(&[("23.9", "7456.80")]);
    let zurueckgestellt = schritt(&welt(), &geprueft("7528.50"), json!({"Zurueckstellen": {}})).unwrap();
    for stand in [&offen, &geprueft("7456.80"), &zurueckgestellt] {
        let danach = schritt(&welt(), stand, verwerfen()).unwrap();
        assert_eq!(danach.status, RechnungspruefungStatus::Abgelehnt);
        assert_eq!(danach.begruendung.as_deref(), Some("falsch adressiert"));
        // What the comparison itself refused comes back from its invoice and changes nothing.
        assert_eq!(schritt(&welt(), &danach, verwerfen()).unwrap(), danach);
    }
    let ohne = Rechnungspruefung::default();
    assert_eq!(schritt(&welt(), &ohne, verwerfen()).unwrap(), ohne);
    let verbucht = Rechnungspruefung {
        status: RechnungspruefungStatus::Verbucht,
        ..offen
    };
    assert_eq!(
        schritt(&welt(), &verbucht, verwerfen()),
        Err("STATUS_UNZULAESSIG".to_owned())
    );
}

// ---- against a booked receipt ----

const WE: Uuid = Uuid::from_u128(0x21);
const ZEILE: Uuid = Uuid::from_u128(0x22);
const BESTELLUNG: Uuid = Uuid::from_u128(0x23);
const BESTELLPOSITION: Uuid = Uuid::from_u128(0x24);
const ARTIKEL: Uuid = Uuid::from_u128(0x25);
const RECHNUNG: Uuid = Uuid::from_u128(0x26);

/// 23.9 t of an order in kg were received at 312.00 per t; `berechnet` of it is invoiced already.
fn mit_wareneingang(berechnet: &str) -> World {
    mit_zugang(berechnet, "23900")
}

/// The same as so much of an order in another unit.
fn mit_zugang(berechnet: &str, bestellmenge: &str) -> World {
    let artikel = json!({"Angelegt": {"artikel_nr": "KAS", "bezeichnung": "Kalkammonsalpeter", "gruppe_id": WE, "typ": "ware",
        "basiseinheit": "kg", "stellen": 3, "lose": true, "steuerschluessel": "U19"}});
    let tonne = json!({"EinheitHinzugefuegt": {"einheit": {"einheit": "t", "zaehler": 1000, "nenner": 1,
        "ganzzahlig": false, "verwendung": [], "entfallen": false}}});
    let position = json!({
        "we_position_id": ZEILE, "pos": 1, "bestellung_id": BESTELLUNG, "position_id": BESTELLPOSITION,
        "bestellmenge": bestellmenge, "artikel_id": ARTIKEL, "artikel_nr": "KAS", "bezeichnung": "Kalkammonsalpeter",
        "lagergefuehrt": true, "menge": "23.9", "einheit": "t", "basismenge": "23900",
        "preis": {"betrag": "312.00", "je": "1", "einheit": "t"}, "netto": "7456.80", "schluessel": "V19",
    });
    let kopf = json!({"lieferant_id": RECHNUNG, "lieferschein_nr": "L 1", "lager_id": ARTIKEL});
    let mische = |basis: &Value, mehr: Value| {
        let mut basis = basis.as_object().unwrap().clone();
        basis.extend(mehr.as_object().unwrap().clone());
        Value::Object(basis)
    };
    let angelegt = mische(
        &kopf,
        json!({"lieferant_nr": "70001", "lieferant_name": "Düngerwerk Nord AG"}),
    );
    let gebucht = mische(
        &kopf,
        json!({"we_nr": "WE-2026-000001", "buchungsdatum": "2026-03-02", "positionen": [position]}),
    );
    let mut events = vec![
        json!({"Angelegt": angelegt}),
        json!({"PositionErfasst": {"position": position}}),
        json!({"Gebucht": gebucht}),
    ];
    if berechnet != "0" {
        let positionen = json!([{"we_position_id": ZEILE, "menge": berechnet}]);
        events.push(json!({"BerechnungErfasst": {"eingangsrechnung_id": RECHNUNG, "positionen": positionen}}));
    }
    let lesen = |e: Value| serde_json::from_value(e).unwrap();
    World::new()
        .with::<Artikel>(
            ARTIKEL,
            [artikel, tonne].map(|e| serde_json::from_value(e).unwrap()).into(),
        )
        .with::<Wareneingang>(WE, events.into_iter().map(lesen).collect())
}

/// A comparison of lines {quantity in t, net}.
fn angelegt(zeilen: &[(&str, &str)]) -> Rechnungspruefung {
    let we = json!({"wareneingang_id": WE, "we_position_id": ZEILE});
    let zeilen: Vec<Value> = (1..)
        .zip(zeilen)
        .map(|(nr, (menge, netto))| json!({"position": nr, "wareneingang": we, "menge": menge, "einheit": "t", "netto": netto}))
        .collect();
    let event = json!({"Angelegt": {"eingangsrechnung_id": RECHNUNG, "lieferant_id": RECHNUNG, "lieferantennummer": "R 1",
        "rechnungsdatum": "2026-03-02", "zeilen": zeilen, "nebenkosten": []}});
    let mut pruefung = Rechnungspruefung::default();
    pruefung.evolve(serde_json::from_value(event).unwrap());
    pruefung
}

#[test]
fn mehrere_zeilen_und_rechnungen_teilen_sich_was_offen_ist() {
    let pruefen = || json!({"Pruefen": {}});
    let halb = [("12", "3744.00"), ("11.9", "3712.80")];
    let geprueft = schritt(&mit_wareneingang("0"), &angelegt(&halb), pruefen()).unwrap();
    assert!(geprueft.zeilen.iter().all(|z| z.ergebnis == Ergebnis::Ok));
    assert_eq!(geprueft.zeilen[1].menge_offen, Some(menge("11.9")));
    let zu_viel = Err("RECHNUNGSPRUEFUNG_MENGE_UEBER_WE".to_owned());
    let ein_kilo = [("12", "3744.00"), ("11.901", "3713.11")];
    assert_eq!(
        schritt(&mit_wareneingang("0"), &angelegt(&ein_kilo), pruefen()),
        zu_viel
    );
    // Another invoice came first: at the comparison, and between comparison and posting.
    assert_eq!(schritt(&mit_wareneingang("0.1"), &angelegt(&halb), pruefen()), zu_viel);
    let verbuchen = json!({"Verbuchen": {"buchungsdatum": "2026-03-05"}});
    assert_eq!(schritt(&mit_wareneingang("0.1"), &geprueft, verbuchen), zu_viel);
    let unbekannt = schritt(&World::new(), &angelegt(&halb), pruefen());
    assert_eq!(unbekannt, Err("EINGABE_UNGUELTIG".to_owned()));
}

#[test]
fn verbucht_gehen_die_mengen_an_wareneingang_und_bestellung_und_zurueck() {
    let welt = mit_wareneingang("0");
    let geprueft = schritt(&welt, &angelegt(&[("11.95", "3728.40")]), json!({"Pruefen": {}})).unwrap();
    let decide = |stand: &Rechnungspruefung, command: Value| {
        let command: RechnungspruefungCommand = serde_json::from_value(command).unwrap();
        welt.decide(stand, command).unwrap().remove(0)
    };
    let gesendet = |event: &RechnungspruefungEvent| -> Vec<(&'static str, Uuid, Value)> {
        let ctx = PolicyContext {
            mandant_id: welt.frame.mandant_id,
            id: welt.id,
            event_id: RECHNUNG,
            zeit: welt.frame.jetzt,
            heute: welt.frame.heute,
        };
        let registry = aggregates::registry();
        let policies = registry.policies(Kind::Inline, "rechnungspruefung");
        let folgen = policies.flat_map(|p| p.react(event, &ctx));
        folgen
            .map(|f| {
                (
                    f.typ,
                    f.id,
                    f.command["BerechnungErfassen"]["positionen"][0]["menge"].clone(),
                )
            })
            .collect()
    };
    let verbucht = decide(&geprueft, json!({"Verbuchen": {"buchungsdatum": "2026-03-05"}}));
    assert_eq!(
        gesendet(&verbucht),
        [
            ("wareneingang", WE, json!("11.95")),
            ("bestellung", BESTELLUNG, json!("11950"))
        ]
    );
    let mut stand = geprueft;
    stand.evolve(verbucht);
    let zurueck = decide(&stand, json!({"Ruecknehmen": {"datum": "2026-03-06"}}));
    assert_eq!(
        gesendet(&zurueck),
        [
            ("wareneingang", WE, json!("-11.95")),
            ("bestellung", BESTELLUNG, json!("-11950"))
        ]
    );
    stand.evolve(zurueck);
    assert_eq!(stand.status, RechnungspruefungStatus::Zurueckgenommen);
}

/// 23.9 t are 39.833333 big bags of 600 kg. However it is cut, the order counts all of them, and none when all is back.
#[test]
fn teile_in_einer_einheit_ohne_rest_ergeben_die_ganze_bestellung() {
    let (mut berechnet, mut bestellt) = (Menge::NULL, Menge::NULL);
    let mut buchungen = Vec::new();
    let schritt = |berechnet: Menge, stand: &Rechnungspruefung, command: Value| {
        let command: RechnungspruefungCommand = serde_json::from_value(command).unwrap();
        let welt = mit_zugang(&berechnet.to_string(), "39.833333");
        welt.decide(stand, command).unwrap().remove(0)
    };
    for teil in [
        [("0.1", "31.20"), ("0.2", "62.40")],
        [("7", "2184.00"), ("16.6", "5179.20")],
    ] {
        let mut pruefung = angelegt(&teil);
        pruefung.evolve(schritt(berechnet, &pruefung, json!({"Pruefen": {}})));
        let verbucht = schritt(
            berechnet,
            &pruefung,
            json!({"Verbuchen": {"buchungsdatum": "2026-03-05"}}),
        );
        let RechnungspruefungEvent::Verbucht { berechnungen, .. } = &verbucht else {
            panic!("{verbucht:?}")
        };
        berechnet += berechnungen.iter().map(|b| b.menge).sum();
        bestellt += berechnungen.iter().map(|b| b.bestellung.as_ref().unwrap().menge).sum();
        pruefung.evolve(verbucht);
        buchungen.push(pruefung);
    }
    assert_eq!((berechnet, bestellt), (menge("23.9"), menge("39.833333")));
    for pruefung in buchungen {
        let zurueck = schritt(berechnet, &pruefung, json!({"Ruecknehmen": {"datum": "2026-03-06"}}));
        let RechnungspruefungEvent::Zurueckgenommen { berechnungen, .. } = &zurueck else {
            panic!("{zurueck:?}")
        };
        berechnet += berechnungen.iter().map(|b| b.menge).sum();
        bestellt += berechnungen.iter().map(|b| b.bestellung.as_ref().unwrap().menge).sum();
    }
    assert_eq!((berechnet, bestellt), (Menge::NULL, Menge::NULL));
}

#[test]
fn eine_zeile_wird_neu_zugeordnet_und_alles_neu_verglichen() {
    let welt = mit_wareneingang("0");
    let geprueft = schritt(&welt, &angelegt(&[("20", "7456.80")]), json!({"Pruefen": {}})).unwrap();
    assert_eq!(geprueft.zeilen[0].ergebnis, Ergebnis::Abweichung);
    let zuordnen = |position: i32| {
        json!({"ZeileZuordnen": {"position": position, "menge": "23.9",
            "wareneingang": {"wareneingang_id": WE, "we_position_id": ZEILE}}})
    };
    let neu = schritt(&welt, &geprueft, zuordnen(1)).unwrap();
    assert_eq!(
        (neu.zeilen[0].ergebnis, neu.zeilen[0].menge),
        (Ergebnis::Ok, menge("23.9"))
    );
    assert_eq!(
        schritt(&welt, &geprueft, zuordnen(2)),
        Err("EINGABE_UNGUELTIG".to_owned())
    );
}

#[test]
fn wer_berechnet_muss_geliefert_haben() {
    let welt = mit_wareneingang("0");
    for lieferant in [Some(WE), None] {
        let mut fremd = angelegt(&[("23.9", "7456.80")]);
        fremd.lieferant_id = lieferant;
        let geprueft = schritt(&welt, &fremd, json!({"Pruefen": {}}));
        assert_eq!(geprueft, Err("EINGABE_UNGUELTIG".to_owned()));
    }
}

#[test]
fn die_eingangsrechnung_wartet_auf_die_freigabe_der_abweichung() {
    let welt = mit_wareneingang("0");
    let pruefung = schritt(&welt, &angelegt(&[("23.9", "7528.50")]), json!({"Pruefen": {}})).unwrap();
    let vergleiche = vec![vergleich("23.9", "7528.50", Grenzen::default()).unwrap()];
    let mut welt = welt;
    welt.id = RECHNUNG;
    let id = Rechnungspruefung::stream_id(welt.frame.mandant_id, RECHNUNG);
    let anlage = json!({"Angelegt": {"eingangsrechnung_id": RECHNUNG, "lieferantennummer": "R 1",
        "rechnungsdatum": "2026-03-02", "nebenkosten": [], "zeilen": [{"position": 1, "menge": "23.9", "einheit": "t",
        "netto": "7528.50", "wareneingang": {"wareneingang_id": WE, "we_position_id": ZEILE}}]}});
    let mut events = vec![
        serde_json::from_value(anlage).unwrap(),
        RechnungspruefungEvent::Geprueft { vergleiche },
    ];
    let rechnung = Eingangsrechnung {
        status: EingangsrechnungStatus::Geprueft,
        mit_pruefung: true,
        brutto: Betrag::cent(895_892),
        ..Eingangsrechnung::default()
    };
    let freigeben = |welt: &World| welt.decide(&rechnung, EingangsrechnungCommand::Freigeben {});
    let wartend = welt.clone().with::<Rechnungspruefung>(id, events.clone());
    let erwartet = EingangsrechnungError::Bestellabgleich {
        position: 1,
        menge: Menge::NULL,
        preis: Betrag::cent(7_170),
    };
    assert_eq!(freigeben(&wartend).unwrap_err(), erwartet.into());
    let leitung = welt.clone().sonderrechte(&["wawi.einkauf_leitung"]);
    let freigabe = RechnungspruefungCommand::Freigeben { begruendung: None };
    events.extend(leitung.decide(&pruefung, freigabe).unwrap());
    assert!(freigeben(&welt.with::<Rechnungspruefung>(id, events)).is_ok());
}
