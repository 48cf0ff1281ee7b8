#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! Eingangsrechnung: what is taken on record, who releases, what is posted; every refusal.

mod rechnung_welt;

use aggregates::{
    Aggregate, DomainError, Refused,
    fibu::{
        Eingangsrechnung,
        buchung::BuchungEvent,
        eingangsrechnung::{
            EingangsrechnungCommand, EingangsrechnungError, EingangsrechnungEvent, EingangsrechnungStatus,
        },
    },
    testing::World,
    types::{Akteur, Betrag},
};
use chrono::NaiveDate;
use rechnung_welt::{buchung, folgen, kurz, mische, tag, welt};
use serde_json::{Value, json};
use uuid::Uuid;

type Abgelehnt = Refused<EingangsrechnungError>;

fn position(netto: &str, schluessel: &str, mehr: Value) -> Value {
    mische(json!({"text": "Ware", "netto": netto, "schluessel": schluessel}), mehr)
}

/// `Erfassen` of Kreditor 70001; `mehr` adds or replaces fields.
fn erfassen(positionen: Vec<Value>, brutto: &str, mehr: Value) -> Value {
    let kopf = json!({
        "kreditor_nr": "70001", "lieferantennummer": "R 4711", "rechnungsdatum": "2026-03-02", "leistung_bis": "2026-02-27",
        "eingang_am": "2026-03-04", "brutto": brutto, "positionen": positionen,
    });
    json!({"Erfassen": mische(kopf, mehr)})
}

fn laufen(
    welt: &World,
    mut rechnung: Eingangsrechnung,
    commands: &[Value],
) -> Result<(Eingangsrechnung, Vec<EingangsrechnungEvent>), Abgelehnt> {
    let mut alle = Vec::new();
    for command in commands {
        let command: EingangsrechnungCommand = serde_json::from_value(command.clone()).unwrap();
        for event in welt.decide(&rechnung, command)? {
            rechnung.evolve(event.clone());
            alle.push(event);
        }
    }
    Ok((rechnung, alle))
}

fn neu(welt: &World, command: Value) -> Result<Eingangsrechnung, Abgelehnt> {
    laufen(welt, Eingangsrechnung::default(), &[command]).map(|(rechnung, _)| rechnung)
}

fn code(refused: &Abgelehnt) -> &'static str {
    match refused {
        Refused::Domain(error) => error.code(),
        Refused::Shared(error) => error.code(),
        Refused::Missing(_) => "-",
    }
}

fn bis_gebucht() -> [Value; 3] {
    [
        json!({"Pruefen": {}}),
        json!({"Freigeben": {}}),
        json!({"Buchen": {"buchungsdatum": "2026-03-05"}}),
    ]
}

/// The day for VAT of a voucher, which bears the document's number.
fn steuerdatum(event: &BuchungEvent) -> NaiveDate {
    let erfasst = match event {
        BuchungEvent::Erfasst {
            steuerdatum,
            belegnummer,
            ..
        } => Some((*steuerdatum, belegnummer.text.as_str())),
        _ => None,
    };
    let (steuerdatum, nummer) = erfasst.unwrap();
    assert_eq!(nummer, "ER-2026-000001");
    steuerdatum
}

/// The voucher of a document, and its day for VAT.
fn voucher(erfassung: Value) -> (Vec<String>, NaiveDate) {
    let welt = welt();
    let rechnung = neu(&welt, erfassung).unwrap();
    let (_, events) = laufen(&welt, rechnung, &bis_gebucht()).unwrap();
    let folge = folgen("eingangsrechnung", welt.id, events.last().unwrap(), &welt);
    let event = buchung(&welt, &folge[0]);
    (kurz(&event), steuerdatum(&event))
}

#[test]
fn der_kreditor_steht_zuerst_und_die_ausgewiesene_steuer_wird_gebucht() {
    let zeilen = vec![
        position("100.00", "V19", json!({})),
        position("50.00", "V19", json!({"konto": "6815", "kst": "100"})),
    ];
    let erfassung = erfassen(
        zeilen,
        "178.52",
        json!({"steuern": [{"schluessel": "V19", "steuer": "28.52"}]}),
    );
    let (zeilen, steuerdatum) = voucher(erfassung);
    assert_eq!(
        zeilen,
        ["70001 H 178.52", "5400 S 100.00", "6815 S 50.00", "1406 S 28.52"]
    );
    assert_eq!(
        steuerdatum,
        tag(2026, 3, 4),
        "Vorsteuer erst, wenn Leistung und Rechnung da sind"
    );
}

#[test]
fn eine_gutschrift_steht_auf_der_anderen_seite() {
    let erfassung = erfassen(
        vec![position("100.00", "V7", json!({}))],
        "107.00",
        json!({"art": "gutschrift"}),
    );
    assert_eq!(voucher(erfassung).0, ["70001 S 107.00", "5300 H 100.00", "1401 H 7.00"]);
}

#[test]
fn ein_erwerb_enthaelt_keine_steuer_und_hat_seinen_eigenen_tag() {
    let zeile = || vec![position("4000.00", "IGE19", json!({}))];
    let kreditor = json!({"kreditor_nr": "70004"});
    let (zeilen, steuerdatum) = voucher_von_zweien(erfassen(zeile(), "4000.00", kreditor.clone()));
    assert_eq!(
        zeilen,
        ["70004 H 4000.00", "5425 S 4000.00", "3804 H 760.00", "1404 S 760.00"]
    );
    assert_eq!(steuerdatum, tag(2026, 3, 2));
    let spaet = mische(kreditor, json!({"leistung_bis": "2025-12-15"}));
    assert_eq!(
        voucher_von_zweien(erfassen(zeile(), "4000.00", spaet)).1,
        tag(2026, 1, 31)
    );
}

/// Above the limit a second person releases.
fn voucher_von_zweien(erfassung: Value) -> (Vec<String>, NaiveDate) {
    let welt = welt();
    let rechnung = neu(&welt, erfassung).unwrap();
    let andere = welt.clone().akteur(Akteur::Benutzer(Uuid::from_u128(0xb)));
    let [pruefen, freigeben, buchen] = bis_gebucht();
    let (geprueft, _) = laufen(&welt, rechnung, &[pruefen]).unwrap();
    assert_eq!(
        code(&laufen(&welt, geprueft.clone(), std::slice::from_ref(&freigeben)).unwrap_err()),
        "VIER_AUGEN"
    );
    let (_, events) = laufen(&andere, geprueft, &[freigeben, buchen]).unwrap();
    let folge = folgen("eingangsrechnung", welt.id, events.last().unwrap(), &welt);
    let event = buchung(&welt, &folge[0]);
    (kurz(&event), steuerdatum(&event))
}

#[test]
fn dieselbe_rechnung_wird_nur_einmal_erfasst() {
    let erfassung = || erfassen(vec![position("100.00", "V19", json!({}))], "119.00", json!({}));
    let welt = welt();
    let (rechnung, events) = laufen(&welt, Eingangsrechnung::default(), &[erfassung()]).unwrap();
    let welt = welt.with::<Eingangsrechnung>(Uuid::from_u128(1), events);
    let anders_geschrieben = mische(erfassung()["Erfassen"].clone(), json!({"lieferantennummer": "r4711"}));
    let refused = neu(&welt, json!({"Erfassen": anders_geschrieben})).unwrap_err();
    assert!(
        matches!(
            refused,
            Refused::Domain(EingangsrechnungError::Doppelt { jahr: 2026, .. })
        ),
        "{refused}"
    );
    let vorjahr = mische(erfassung()["Erfassen"].clone(), json!({"rechnungsdatum": "2025-03-02"}));
    assert!(neu(&welt, json!({"Erfassen": vorjahr})).is_ok());
    // What was sent back may come again.
    let (abgelehnt, _) = laufen(&welt, rechnung, &[json!({"Ablehnen": {"grund": "falscher Preis"}})]).unwrap();
    assert_eq!(
        (abgelehnt.status, abgelehnt.keys().len()),
        (EingangsrechnungStatus::Abgelehnt, 0)
    );
}

#[test]
fn was_nicht_aufgeht_oder_nicht_sein_darf_wird_abgelehnt() {
    let welt = welt();
    let mit = |netto: &str, schluessel: &str, brutto: &str, mehr: Value| {
        neu(
            &welt,
            erfassen(vec![position(netto, schluessel, json!({}))], brutto, mehr),
        )
        .map(|r| r.status)
    };
    let differenz = EingangsrechnungError::SummeAbweichend {
        differenz: Betrag::cent(1),
    };
    assert_eq!(mit("100.00", "V19", "119.01", json!({})).unwrap_err(), differenz.into());
    let steuer = |schluessel: &str, steuer: &str| json!({"steuern": [{"schluessel": schluessel, "steuer": steuer}]});
    assert!(mit("100.00", "V19", "119.05", steuer("V19", "19.05")).is_ok());
    for (ergebnis, erwartet) in [
        (
            mit("100.00", "V19", "119.06", steuer("V19", "19.06")),
            "BUCHUNG_STEUERBETRAG_ABWEICHEND",
        ),
        (
            mit("100.00", "RC19", "119.00", steuer("RC19", "19.00")),
            "EINGANGSRECHNUNG_STEUER_UNZULAESSIG",
        ),
        (
            mit("100.00", "V24", "107.80", json!({})),
            "EINGANGSRECHNUNG_STEUER_UNZULAESSIG",
        ),
        (
            mit("100.00", "U19", "119.00", json!({})),
            "EINGANGSRECHNUNG_STEUER_UNZULAESSIG",
        ),
        (mit("100.00", "V99", "119.00", json!({})), "STEUER_SCHLUESSEL_UNBEKANNT"),
        (
            mit("100.00", "V19", "119.00", json!({"kreditor_nr": "79999"})),
            "EINGABE_UNGUELTIG",
        ),
        (
            mit("100.00", "V19", "119.00", json!({"eingang_am": "2026-03-11"})),
            "DATUM_ZUKUNFT",
        ),
        (mit("0.00", "V19", "0.00", json!({})), "EINGABE_UNGUELTIG"),
        (
            mit("100.00", "V19", "119.00", json!({"positionen": []})),
            "EINGABE_UNGUELTIG",
        ),
    ] {
        assert_eq!(code(&ergebnis.unwrap_err()), erwartet);
    }
    assert!(
        mit("100.00", "V24", "107.80", json!({"kreditor_nr": "70003"})).is_ok(),
        "ein pauschalierender Landwirt"
    );
}

#[test]
fn die_schritte_folgen_aufeinander() {
    let welt = welt();
    let rechnung = neu(
        &welt,
        erfassen(vec![position("100.00", "V19", json!({}))], "119.00", json!({})),
    )
    .unwrap();
    let [pruefen, freigeben, buchen] = bis_gebucht();
    let schritte = [pruefen, freigeben, buchen, json!({"Stornieren": {"grund": "doppelt"}})];
    let mut stand = rechnung;
    for (nr, schritt) in schritte.iter().enumerate() {
        for anderer in schritte.iter().enumerate().filter(|(n, _)| *n != nr).map(|(_, s)| s) {
            let refused = laufen(&welt, stand.clone(), std::slice::from_ref(anderer)).unwrap_err();
            assert_eq!(code(&refused), "STATUS_UNZULAESSIG", "{anderer} nach Schritt {nr}");
        }
        stand = laufen(&welt, stand, std::slice::from_ref(schritt)).unwrap().0;
    }
    assert_eq!(
        (stand.status, stand.keys().len()),
        (EingangsrechnungStatus::Storniert, 0)
    );
}
