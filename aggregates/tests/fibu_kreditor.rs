//! Kreditor: every command and every refusal; what is shared with the Debitor is tested in both.
#![allow(missing_docs, clippy::unwrap_used)]

use aggregates::{
    Aggregate, Context, Decision, DomainError, Key, Refused, Shared,
    fibu::{
        kontenplan::Zweck,
        kreditor::{Kreditor, KreditorCommand, KreditorError, KreditorEvent},
        partner::{
            BankErfasst, BankStatus, PartnerStatus, UmsatzsteuerStatus, UstArt, personenkontolaenge, sammelkonto,
        },
    },
    testing::World,
    types::{Akteur, Betrag, Iban},
};
use chrono::NaiveDate;
use serde_json::{Value, from_value, json};
use uuid::Uuid;

const IBAN: &str = "DE89370400440532013000";
const SAMMELKONTO: &str = "3300";
const NR: &str = "70001";

fn tag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn befehl(json: Value) -> KreditorCommand {
    from_value(json).unwrap()
}

fn angelegt() -> KreditorEvent {
    KreditorEvent::Angelegt {
        nr: NR.to_owned(),
        name: "Mühle Norden AG".to_owned(),
        anschrift: None,
        lieferant_id: None,
        sammelkonto: SAMMELKONTO.to_owned(),
        zahlungsbedingung_id: None,
        waehrung: "EUR".to_owned(),
        selbstabrechnung_ab: None,
    }
}

fn anlegen(weitere: Value) -> Value {
    let mut felder = json!({"nr": NR, "name": "Mühle Norden AG", "sammelkonto": SAMMELKONTO});
    let weitere = weitere.as_object().unwrap().clone();
    felder.as_object_mut().unwrap().extend(weitere);
    json!({"Anlegen": felder})
}

fn gesperrt() -> KreditorEvent {
    let grund = "zahlt nicht".to_owned();
    KreditorEvent::Gesperrt { grund }
}

fn geschlossen() -> KreditorEvent {
    KreditorEvent::Geschlossen { grund: None }
}

fn ust(ab: &str, art: UstArt, ust_id: Option<&str>) -> UmsatzsteuerStatus {
    UmsatzsteuerStatus {
        gueltig_ab: tag(ab),
        art,
        ust_id: ust_id.map(str::to_owned),
        geprueft_am: None,
        ergebnis: None,
    }
}

fn ust_gesetzt(ab: &str, art: UstArt, ust_id: Option<&str>) -> KreditorEvent {
    KreditorEvent::UstStatusGesetzt {
        ust_status: ust(ab, art, ust_id),
    }
}

fn erfasser() -> Akteur {
    World::new().frame.akteur
}

fn pruefer() -> Akteur {
    Akteur::Benutzer(Uuid::from_u128(0xb))
}

fn bank(nr: i32, iban: &str) -> KreditorEvent {
    KreditorEvent::BankverbindungErfasst {
        bankverbindung: BankErfasst {
            nr,
            iban: Iban::parse(iban).unwrap(),
            bic: None,
            inhaber: None,
            erfasst_von: erfasser(),
        },
    }
}

fn freigegeben(nr: i32, abgeloest: Option<i32>) -> KreditorEvent {
    KreditorEvent::BankverbindungFreigegeben {
        nr,
        geprueft_von: pruefer(),
        abgeloest,
    }
}

fn falten(events: Vec<KreditorEvent>) -> Kreditor {
    let mut kreditor = Kreditor::default();
    for event in events {
        kreditor.evolve(event);
    }
    kreditor
}

fn neu(json: Value) -> Decision<Kreditor> {
    World::new().decide(&Kreditor::default(), befehl(json))
}

fn erwarte(gegeben: Vec<KreditorEvent>, json: Value, events: Vec<KreditorEvent>) {
    let test = World::new().test::<Kreditor>().given(gegeben);
    test.when(befehl(json)).then_expect_events(events);
}

fn erwarte_fehler(gegeben: Vec<KreditorEvent>, json: Value, fehler: impl Into<Refused<KreditorError>>) {
    let test = World::new().test::<Kreditor>().given(gegeben);
    test.when(befehl(json)).then_expect_error(fehler.into());
}

#[test]
fn ein_kreditor_wird_angelegt() {
    erwarte(vec![], anlegen(json!({})), vec![angelegt()]);
}

#[test]
fn ein_kreditor_wird_mit_adresse_und_steuerstatus_angelegt() {
    let json = anlegen(json!({
        "anschrift": {"strasse": "Hafenstr. 1", "plz": "26721", "ort": "Emden", "land": "DE"},
        "waehrung": "USD",
        "ust_status": {"gueltig_ab": "2026-01-01", "art": "regel", "ust_id": "DE136695976"},
    }));
    let kreditor = falten(neu(json).unwrap());
    assert_eq!(
        (kreditor.ort.as_deref(), kreditor.land.as_deref()),
        (Some("Emden"), Some("DE"))
    );
    assert_eq!(kreditor.waehrung, "USD");
    assert_eq!(kreditor.ust_id_am(tag("2026-03-01")), Some("DE136695976"));
    assert_eq!(kreditor.ust_id_am(tag("2025-12-31")), None);
    assert_eq!(kreditor.nummer().as_deref(), Some(NR));
    assert_eq!(kreditor.keys(), vec![Key::new(Kreditor::KEY_NR, "nr", NR)]);
    assert_eq!(
        (Kreditor::default().nummer(), Kreditor::default().keys()),
        (None, Vec::new())
    );
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
fn ohne_kontenplan_hat_ein_personenkonto_fuenf_stellen_und_kein_sammelkonto() {
    let world = World::new();
    let ctx = Context::new(world.id, 0, &world.frame, &world);
    assert_eq!(personenkontolaenge(&ctx), Ok(5));
    let fehler = sammelkonto::<KreditorError>(&ctx, Zweck::Verbindlichkeit).unwrap_err();
    let mut json = anlegen(json!({}));
    json["Anlegen"].as_object_mut().unwrap().remove("sammelkonto");
    assert_eq!(neu(json).unwrap_err(), fehler);
    assert!(fehler.to_string().contains("/sammelkonto"));
}

#[test]
fn falsche_felder_beim_anlegen_werden_genannt() {
    let falsch = [
        (json!({"sammelkonto": "12A0"}), "/sammelkonto"),
        (json!({"waehrung": "eur"}), "/waehrung"),
        (
            json!({"anschrift": {"plz": "1", "ort": "Emden", "land": "de"}}),
            "/anschrift/land",
        ),
    ];
    for (json, feld) in falsch {
        let abgelehnt = neu(anlegen(json)).unwrap_err();
        let Refused::Shared(Shared::EingabeUngueltig { felder }) = abgelehnt else {
            panic!("{abgelehnt:?}");
        };
        assert_eq!(felder[0].feld, feld);
    }
}

#[test]
fn eine_falsche_ust_id_wird_abgelehnt() {
    let status = json!({"gueltig_ab": "2026-01-01", "art": "regel", "ust_id": "DE136695977"});
    let fehler = |feld: &str| Shared::UstIdUngueltig { feld: feld.to_owned() };
    erwarte_fehler(
        vec![],
        anlegen(json!({"ust_status": status})),
        fehler("/ust_status/ust_id"),
    );
    erwarte_fehler(vec![angelegt()], json!({"UstStatusSetzen": status}), fehler("/ust_id"));
    let uebernehmen = json!({"StammdatenUebernehmen": {"ust_id": "DE1"}});
    erwarte_fehler(vec![angelegt()], uebernehmen, fehler("/ust_id"));
}

#[test]
fn der_steuerstatus_gilt_ab_seinem_tag() {
    let setzen = json!({"UstStatusSetzen": {
        "gueltig_ab": "2026-04-01", "art": "eu", "ust_id": "ATU12345678",
        "geprueft_am": "2026-03-10", "ergebnis": "gültig",
    }});
    let status = UmsatzsteuerStatus {
        geprueft_am: Some(tag("2026-03-10")),
        ergebnis: Some("gültig".to_owned()),
        ..ust("2026-04-01", UstArt::Eu, Some("ATU12345678"))
    };
    let gesetzt = KreditorEvent::UstStatusGesetzt { ust_status: status };
    erwarte(vec![angelegt()], setzen, vec![gesetzt.clone()]);
    let kreditor = falten(vec![
        angelegt(),
        gesetzt,
        ust_gesetzt("2026-01-01", UstArt::Regel, None),
    ]);
    assert_eq!(
        kreditor.ust_status_am(tag("2026-03-31")).map(|s| s.art),
        Some(UstArt::Regel)
    );
    assert_eq!(
        kreditor.ust_status_am(tag("2026-04-01")).map(|s| s.art),
        Some(UstArt::Eu)
    );
    assert_eq!(kreditor.ust_status[0].gueltig_ab, tag("2026-01-01"));
}

#[test]
fn zwei_steuerstatus_desselben_tages_ueberlappen() {
    let gegeben = vec![angelegt(), ust_gesetzt("2026-04-01", UstArt::Regel, None)];
    let gueltig_ab = tag("2026-04-01");
    let fehler = KreditorError::UstStatusUeberlappung { gueltig_ab };
    assert_eq!(fehler.code(), "UST_STATUS_UEBERLAPPUNG");
    let setzen = json!({"UstStatusSetzen": {"gueltig_ab": "2026-04-01", "art": "klein19"}});
    erwarte_fehler(gegeben, setzen, fehler);
}

#[test]
fn eine_pruefung_der_ust_id_liegt_nicht_in_der_zukunft() {
    let setzen = json!({"UstStatusSetzen": {"gueltig_ab": "2026-04-01", "art": "regel", "geprueft_am": "2026-03-11"}});
    let fehler = Shared::DatumZukunft {
        feld: "/geprueft_am".to_owned(),
        spaetestens: tag("2026-03-10"),
    };
    erwarte_fehler(vec![angelegt()], setzen, fehler);
}

#[test]
fn stammdaten_werden_uebernommen_und_fehlende_bleiben() {
    let bedingung = Uuid::from_u128(7);
    let uebernehmen = json!({"StammdatenUebernehmen": {
        "anschrift": {"plz": "26603", "ort": "Aurich", "land": "DE"}, "zahlungsbedingung_id": bedingung,
    }});
    let world = World::new();
    let mut kreditor = falten(vec![angelegt()]);
    let events = world.decide(&kreditor, befehl(uebernehmen)).unwrap();
    assert_eq!(events.len(), 1);
    for event in events {
        kreditor.evolve(event);
    }
    assert_eq!(
        (kreditor.name.as_str(), kreditor.ort.as_deref()),
        ("Mühle Norden AG", Some("Aurich"))
    );
    let umbenannt = KreditorEvent::StammdatenUebernommen {
        name: Some("Petersen AG".to_owned()),
        anschrift: None,
        zahlungsbedingung_id: None,
    };
    let umbenennen = json!({"StammdatenUebernehmen": {"name": "Petersen AG"}});
    erwarte(vec![angelegt()], umbenennen, vec![umbenannt.clone()]);
    kreditor.evolve(umbenannt);
    assert_eq!(
        (kreditor.name.as_str(), kreditor.ort.as_deref()),
        ("Petersen AG", Some("Aurich"))
    );
    assert_eq!(kreditor.zahlungsbedingung_id, Some(bedingung));
    erwarte(vec![angelegt()], json!({"StammdatenUebernehmen": {}}), vec![]);
}

#[test]
fn eine_neue_ust_id_beginnt_heute_und_behaelt_die_besteuerung() {
    let uebernehmen = |id: &str| json!({"StammdatenUebernehmen": {"ust_id": id}});
    let heute = "2026-03-10";
    let inland = ust_gesetzt(heute, UstArt::Regel, Some("DE136695976"));
    erwarte(vec![angelegt()], uebernehmen("DE136695976"), vec![inland.clone()]);
    erwarte(vec![angelegt(), inland], uebernehmen("de136695976"), vec![]);
    let ausland = ust_gesetzt(heute, UstArt::Eu, Some("ATU12345678"));
    erwarte(vec![angelegt()], uebernehmen("ATU12345678"), vec![ausland]);
    let landwirt = ust_gesetzt("2026-01-01", UstArt::Pauschal24, None);
    let neu = ust_gesetzt(heute, UstArt::Pauschal24, Some("DE136695976"));
    erwarte(vec![angelegt(), landwirt], uebernehmen("DE136695976"), vec![neu]);
}

#[test]
fn ein_steuerstatus_desselben_tages_weicht_dem_uebernommenen() {
    let erster = ust_gesetzt("2026-03-10", UstArt::Eu, Some("ATU12345678"));
    let zweiter = ust_gesetzt("2026-03-10", UstArt::Eu, Some("NL123456789B01"));
    let kreditor = falten(vec![angelegt(), erster, zweiter]);
    assert_eq!(kreditor.ust_status.len(), 1);
    assert_eq!(kreditor.ust_id_am(tag("2026-03-10")), Some("NL123456789B01"));
}

#[test]
fn eine_zahlungsbedingung_wird_auch_bei_sperre_gesetzt() {
    let zahlungsbedingung_id = Uuid::from_u128(7);
    let gesetzt = KreditorEvent::BedingungGesetzt { zahlungsbedingung_id };
    let setzen = json!({"BedingungSetzen": {"zahlungsbedingung_id": zahlungsbedingung_id}});
    erwarte(vec![angelegt(), gesperrt()], setzen, vec![gesetzt.clone()]);
    let kreditor = falten(vec![angelegt(), gesetzt]);
    assert_eq!(kreditor.zahlungsbedingung_id, Some(zahlungsbedingung_id));
}

#[test]
fn eine_bankverbindung_wird_erfasst() {
    let erfassen = json!({"BankverbindungErfassen": {"iban": "DE89 3704 0044 0532 0130 00", "bic": "cobadeffxxx"}});
    let erfasst = KreditorEvent::BankverbindungErfasst {
        bankverbindung: BankErfasst {
            nr: 1,
            iban: Iban::parse(IBAN).unwrap(),
            bic: Some("COBADEFFXXX".to_owned()),
            inhaber: None,
            erfasst_von: erfasser(),
        },
    };
    erwarte(vec![angelegt()], erfassen, vec![erfasst.clone()]);
    let kreditor = falten(vec![angelegt(), erfasst]);
    assert_eq!(kreditor.bankverbindungen[0].status, BankStatus::Neu);
    assert_eq!(kreditor.bank(), None);
}

#[test]
fn eine_falsche_iban_wird_abgelehnt() {
    let erfassen = json!({"BankverbindungErfassen": {"iban": "DE89370400440532013001"}});
    let feld = "/iban".to_owned();
    erwarte_fehler(vec![angelegt()], erfassen, Shared::IbanUngueltig { feld });
}

#[test]
fn eine_falsche_bic_und_eine_schon_erfasste_iban_werden_abgelehnt() {
    for bic in ["COBADEFF1", "1OBADEFF", "COBADEÄX"] {
        let erfassen = json!({"BankverbindungErfassen": {"iban": IBAN, "bic": bic}});
        let fehler = Shared::feld("/bic", "eine BIC hat 8 oder 11 Stellen, z. B. COBADEFFXXX");
        erwarte_fehler(vec![angelegt()], erfassen, fehler);
    }
    let erfassen = json!({"BankverbindungErfassen": {"iban": IBAN}});
    let fehler = Shared::feld("/iban", "diese IBAN ist schon als Bankverbindung 1 erfasst");
    erwarte_fehler(vec![angelegt(), bank(1, IBAN)], erfassen, fehler);
}

#[test]
fn eine_abgeloeste_iban_darf_wieder_erfasst_werden() {
    let zweite = "NL91ABNA0417164300";
    let gegeben = vec![
        angelegt(),
        bank(1, IBAN),
        freigegeben(1, None),
        bank(2, zweite),
        freigegeben(2, Some(1)),
    ];
    let erfassen = json!({"BankverbindungErfassen": {"iban": IBAN}});
    erwarte(gegeben, erfassen, vec![bank(3, IBAN)]);
}

#[test]
fn wer_eine_bankverbindung_erfasst_hat_gibt_sie_nicht_frei() {
    let freigeben = json!({"BankverbindungFreigeben": {"nr": 1}});
    let regel = Some("bankverbindung".to_owned());
    erwarte_fehler(vec![angelegt(), bank(1, IBAN)], freigeben, Shared::VierAugen { regel });
}

#[test]
fn eine_freigabe_loest_die_bisherige_bankverbindung_ab() {
    let freigeben = |nr: i32| befehl(json!({"BankverbindungFreigeben": {"nr": nr}}));
    let mut gegeben = vec![angelegt(), bank(1, IBAN)];
    let test = World::new().akteur(pruefer()).test::<Kreditor>().given(gegeben.clone());
    test.when(freigeben(1)).then_expect_events(vec![freigegeben(1, None)]);
    gegeben.extend([freigegeben(1, None), bank(2, "NL91ABNA0417164300")]);
    let test = World::new().akteur(pruefer()).test::<Kreditor>().given(gegeben.clone());
    test.when(freigeben(2))
        .then_expect_events(vec![freigegeben(2, Some(1))]);
    gegeben.push(freigegeben(2, Some(1)));
    let kreditor = falten(gegeben);
    let status: Vec<BankStatus> = kreditor.bankverbindungen.iter().map(|b| b.status).collect();
    assert_eq!(status, [BankStatus::Abgeloest, BankStatus::Bestaetigt]);
    assert_eq!(kreditor.bank().map(|b| b.geprueft_von.clone()), Some(Some(pruefer())));
}

#[test]
fn nur_eine_neue_bankverbindung_wird_freigegeben() {
    let freigeben = |nr: i32| json!({"BankverbindungFreigeben": {"nr": nr}});
    let fehler = Shared::feld("/nr", "die Bankverbindung 9 gibt es nicht");
    erwarte_fehler(vec![angelegt(), bank(1, IBAN)], freigeben(9), fehler);
    let gegeben = vec![angelegt(), bank(1, IBAN), freigegeben(1, None)];
    erwarte_fehler(gegeben, freigeben(1), Shared::status("bestaetigt", &["neu"]));
}

#[test]
fn eine_zahlsperre_wird_gesetzt_verlaengert_und_aufgehoben() {
    let setzen = |bis: &str| json!({"ZahlsperreSetzen": {"bis": bis, "grund": "Stundung"}});
    let gesetzt = |bis: &str| KreditorEvent::ZahlsperreGesetzt {
        bis: Some(tag(bis)),
        grund: "Stundung".to_owned(),
    };
    erwarte(vec![angelegt()], setzen("2026-03-10"), vec![gesetzt("2026-03-10")]);
    let gegeben = vec![angelegt(), gesetzt("2026-03-10")];
    erwarte(gegeben.clone(), setzen("2026-05-01"), vec![gesetzt("2026-05-01")]);
    let aufheben = json!({"ZahlsperreAufheben": {}});
    erwarte(gegeben.clone(), aufheben, vec![KreditorEvent::ZahlsperreAufgehoben {}]);
    let kreditor = falten(gegeben.clone());
    assert!(kreditor.zahlsperre && kreditor.zahlsperre_grund.is_some() && kreditor.zahlsperre_bis.is_some());
    let kreditor = falten([gegeben, vec![KreditorEvent::ZahlsperreAufgehoben {}]].concat());
    assert!(!kreditor.zahlsperre && kreditor.zahlsperre_grund.is_none() && kreditor.zahlsperre_bis.is_none());
}

#[test]
fn eine_zahlsperre_endet_nicht_in_der_vergangenheit_und_wird_nur_aufgehoben_wenn_es_sie_gibt() {
    let setzen = json!({"ZahlsperreSetzen": {"bis": "2026-03-09", "grund": "Stundung"}});
    let fehler = Shared::feld("/bis", "der letzte Tag der Sperre liegt in der Vergangenheit");
    erwarte_fehler(vec![angelegt()], setzen, fehler);
    let fehler = Shared::status("ohne_zahlsperre", &["zahlsperre"]);
    erwarte_fehler(vec![angelegt()], json!({"ZahlsperreAufheben": {}}), fehler);
}

#[test]
fn ein_kreditor_wird_gesperrt_und_entsperrt() {
    let sperren = json!({"Sperren": {"grund": "zahlt nicht"}});
    let entsperren = json!({"Entsperren": {}});
    let entsperrt = KreditorEvent::Entsperrt { grund: None };
    erwarte(vec![angelegt()], sperren.clone(), vec![gesperrt()]);
    erwarte(
        vec![angelegt(), gesperrt()],
        entsperren.clone(),
        vec![entsperrt.clone()],
    );
    assert_eq!(falten(vec![angelegt(), gesperrt()]).status, PartnerStatus::Gesperrt);
    assert_eq!(
        falten(vec![angelegt(), gesperrt(), entsperrt]).status,
        PartnerStatus::Aktiv
    );
    let fehler = Shared::status("gesperrt", &["aktiv"]);
    erwarte_fehler(vec![angelegt(), gesperrt()], sperren, fehler);
    erwarte_fehler(vec![angelegt()], entsperren, Shared::status("aktiv", &["gesperrt"]));
}

#[test]
fn ein_ausgeglichener_kreditor_wird_geschlossen() {
    let schliessen = json!({"Schliessen": {}});
    erwarte(vec![angelegt()], schliessen.clone(), vec![geschlossen()]);
    let world = World::new().fact("personenkonto_saldo", NR, json!("0.00"));
    let test = world.test::<Kreditor>().given(vec![angelegt(), gesperrt()]);
    test.when(befehl(schliessen)).then_expect_events(vec![geschlossen()]);
}

#[test]
fn ein_kreditor_mit_saldo_wird_nicht_geschlossen() {
    let fehler = KreditorError::OffenePosten {
        saldo: Betrag::cent(-1_000),
    };
    assert_eq!(
        (fehler.code(), fehler.data()),
        ("KREDITOR_OFFENE_POSTEN", json!({"saldo": "-10.00"}))
    );
    let world = World::new().fact("personenkonto_saldo", NR, json!("-10.00"));
    let test = world.test::<Kreditor>().given(vec![angelegt()]);
    test.when(befehl(json!({"Schliessen": {}})))
        .then_expect_error(Refused::Domain(fehler));
}

#[test]
fn ein_unlesbarer_saldo_gilt_nicht_als_null() {
    for wert in [json!("zehn"), json!({"saldo": 0})] {
        let world = World::new().fact("personenkonto_saldo", NR, wert);
        let meldung = format!("der Saldo von {NR} ist nicht lesbar; nicht geschlossen");
        let test = world.test::<Kreditor>().given(vec![angelegt()]);
        test.when(befehl(json!({"Schliessen": {}})))
            .then_expect_error(Refused::Shared(Shared::feld("/nr", meldung)));
    }
}

#[test]
fn ein_geschlossener_kreditor_nimmt_nichts_mehr_an() {
    let gegeben = vec![angelegt(), geschlossen()];
    for json in [
        json!({"Schliessen": {}}),
        json!({"Sperren": {"grund": "x"}}),
        json!({"Entsperren": {}}),
        json!({"ZahlsperreSetzen": {"grund": "x"}}),
        json!({"BankverbindungErfassen": {"iban": IBAN}}),
    ] {
        let fehler = Shared::status("geschlossen", &["aktiv", "gesperrt"]);
        erwarte_fehler(gegeben.clone(), json, fehler);
    }
    erwarte_fehler(gegeben, anlegen(json!({})), Shared::status("geschlossen", &["neu"]));
}

#[test]
fn ein_kreditor_wird_nicht_zweimal_angelegt_und_vorher_nicht_gesperrt() {
    erwarte_fehler(vec![angelegt()], anlegen(json!({})), Shared::status("aktiv", &["neu"]));
    let fehler = Shared::status("neu", &["aktiv", "gesperrt"]);
    erwarte_fehler(vec![], json!({"Sperren": {"grund": "x"}}), fehler);
}

#[test]
fn die_selbstabrechnung_gilt_ab_ihrem_tag() {
    let kreditor = falten(neu(anlegen(json!({"selbstabrechnung_ab": "2026-07-01"}))).unwrap());
    assert_eq!(kreditor.selbstabrechnung_ab, Some(tag("2026-07-01")));
}

#[test]
fn unbekannte_felder_werden_auch_in_der_tiefe_abgelehnt() {
    for weitere in [
        json!({"farbe": "rot"}),
        json!({"anschrift": {"plz": "1", "ort": "Emden", "land": "DE", "farbe": "rot"}}),
        json!({"ust_status": {"gueltig_ab": "2026-01-01", "art": "regel", "farbe": "rot"}}),
    ] {
        assert!(from_value::<KreditorCommand>(anlegen(weitere)).is_err());
    }
}
