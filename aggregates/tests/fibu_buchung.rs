#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! Buchung: worked examples of fibu 2 and 8, every refusal, and the invariants of the ledger.

mod fibu_welt;

use std::collections::BTreeMap;

use aggregates::{
    Aggregate, DomainError, Refused, Shared,
    dienste::nummernkreis::Belegnummer,
    fibu::{
        Buchung,
        buchung::{
            BuchungCommand, BuchungError, BuchungEvent, BuchungStatus, BuchungsPosition, Buchungsart, OpArt, Seite,
            Steuerrolle,
        },
    },
    policy::{Kind, PolicyContext},
    testing::World,
    types::{Betrag, Text},
};
use chrono::NaiveDate;
use fibu_welt::{JAHR, JahrStatus, PeriodenStatus, tag, welt, welt_mit, welt_ohne_jahr};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const ORIGINAL: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0b01);
const UMKEHR: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0b02);

/// A line; `mehr` adds or replaces fields.
fn zeile(konto: &str, seite: &str, betrag: &str, mehr: Value) -> Value {
    let feld = if konto.len() > 4 { "personenkonto" } else { "konto" };
    mische(json!({feld: konto, "seite": seite, "betrag": betrag}), mehr)
}

fn mische(mut basis: Value, mehr: Value) -> Value {
    let (Value::Object(felder), Value::Object(neu)) = (&mut basis, mehr) else {
        return basis;
    };
    felder.extend(neu);
    basis
}

/// `Erfassen` in Kreis KA on 2026-03-09; `mehr` adds or replaces fields of the head.
fn erfassen(zeilen: Vec<Value>, mehr: Value) -> BuchungCommand {
    let kopf = json!({
        "belegkreis": "KA", "belegdatum": "2026-03-09", "buchungsdatum": "2026-03-09",
        "text": "Büromaterial", "beleg": "Quittung 1", "zeilen": zeilen,
    });
    serde_json::from_value(json!({"Erfassen": mische(kopf, mehr)})).unwrap()
}

fn bueromaterial() -> BuchungCommand {
    erfassen(
        vec![
            zeile("6815", "soll", "119.00", json!({"schluessel": "V19"})),
            zeile("1600", "haben", "119.00", json!({})),
        ],
        json!({}),
    )
}

fn entscheide(welt: &World, command: BuchungCommand) -> Result<BuchungEvent, Refused<BuchungError>> {
    let events = welt.decide(&Buchung::default(), command)?;
    assert_eq!(events.len(), 1);
    Ok(events.into_iter().next().unwrap())
}

fn positionen_von(event: &BuchungEvent) -> Vec<BuchungsPosition> {
    match event {
        BuchungEvent::Erfasst { positionen, .. } => positionen.clone(),
        _ => Vec::new(),
    }
}

/// Konto, Seite, Betrag, Schlüssel, Rolle of each position.
fn kurz(positionen: &[BuchungsPosition]) -> Vec<String> {
    positionen
        .iter()
        .map(|p| {
            let seite = if p.seite == Seite::Soll { "S" } else { "H" };
            let konto = p.personenkonto.as_ref().unwrap_or(&p.konto);
            let rolle = match p.steuerrolle {
                Steuerrolle::Basis => " basis",
                Steuerrolle::Steuer => " steuer",
                Steuerrolle::Keine => "",
            };
            let schluessel = p.steuerschluessel.as_ref().map(|s| format!(" {s}")).unwrap_or_default();
            format!("{konto} {seite} {}{schluessel}{rolle}", p.betrag)
        })
        .collect()
}

fn gebucht(welt: &World, zeilen: Vec<Value>, mehr: Value) -> Vec<String> {
    kurz(&positionen_von(&entscheide(welt, erfassen(zeilen, mehr)).unwrap()))
}

fn abgelehnt(welt: &World, zeilen: Vec<Value>, mehr: Value) -> Refused<BuchungError> {
    entscheide(welt, erfassen(zeilen, mehr)).unwrap_err()
}

fn code(refused: &Refused<BuchungError>) -> &'static str {
    match refused {
        Refused::Domain(error) => error.code(),
        Refused::Shared(error) => error.code(),
        Refused::Missing(_) => "-",
    }
}

fn gefaltet(events: Vec<BuchungEvent>) -> Buchung {
    let mut buchung = Buchung::default();
    for event in events {
        buchung.evolve(event);
    }
    buchung
}

fn cent(cents: i64) -> Betrag {
    Betrag::cent(cents)
}

fn grund() -> Text<500> {
    Text::new("falsches Konto").unwrap()
}

/// Two plain lines on accounts without tax.
fn schlicht(soll: &str, haben: &str) -> Vec<Value> {
    vec![
        zeile("1800", "soll", soll, json!({})),
        zeile("1600", "haben", haben, json!({})),
    ]
}

// ---- worked examples of fibu 2 ----

#[test]
fn ein_bruttobetrag_wird_in_netto_und_vorsteuer_zerlegt() {
    let event = entscheide(&welt(), bueromaterial()).unwrap();
    assert_eq!(
        kurz(&positionen_von(&event)),
        ["6815 S 100.00 V19 basis", "1406 S 19.00 V19 steuer", "1600 H 119.00"]
    );
    let BuchungEvent::Erfasst {
        belegnummer,
        periode,
        steuerdatum,
        buchungsart,
        geschaeftsjahr_id,
        geschaeftsjahr_beginn,
        positionen,
        ..
    } = event
    else {
        panic!("kein Erfasst")
    };
    assert_eq!(
        belegnummer,
        Belegnummer {
            kreis: "KA".into(),
            jahr: 2026,
            lfd: 1,
            text: "KA-2026-000001".into()
        }
    );
    assert_eq!((periode, buchungsart), (3, Buchungsart::Manuell));
    assert_eq!(steuerdatum, tag(2026, 3, 9));
    assert_eq!((geschaeftsjahr_id, geschaeftsjahr_beginn), (JAHR, tag(2026, 1, 1)));
    let nummern: Vec<i32> = positionen.iter().map(|p| p.nr).collect();
    assert_eq!(nummern, [1, 2, 3]);
    let gegen: Vec<_> = positionen.iter().map(|p| p.gegenkonto.as_deref()).collect();
    assert_eq!(gegen, [Some("1600"), Some("1600"), Some("6815")]);
}

#[test]
fn hundert_euro_brutto_mit_sieben_prozent_sind_93_46_und_6_54() {
    let zeilen = vec![
        zeile("6815", "soll", "100.00", json!({"schluessel": "V7"})),
        zeile("1600", "haben", "100.00", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        ["6815 S 93.46 V7 basis", "1401 S 6.54 V7 steuer", "1600 H 100.00"]
    );
}

#[test]
fn die_generalumkehr_bucht_dieselben_zeilen_mit_negativen_betraegen() {
    let original = entscheide(&welt(), bueromaterial()).unwrap();
    let storniert = BuchungEvent::Storniert {
        durch: UMKEHR,
        grund: "falsches Konto".into(),
        buchungsdatum: tag(2026, 3, 10),
    };
    let mut welt = welt().with::<Buchung>(ORIGINAL, vec![original, storniert]);
    welt.id = UMKEHR;
    let command = BuchungCommand::Umkehren {
        original: ORIGINAL,
        grund: grund(),
        buchungsdatum: tag(2026, 3, 10),
    };
    let event = entscheide(&welt, command).unwrap();
    assert_eq!(
        kurz(&positionen_von(&event)),
        ["6815 S -100.00 V19 basis", "1406 S -19.00 V19 steuer", "1600 H -119.00"]
    );
    let umkehr = gefaltet(vec![event]);
    assert_eq!(umkehr.belegnummer, "UM-2026-000001");
    assert_eq!(umkehr.buchungsart, Buchungsart::Generalumkehr);
    assert_eq!(
        (umkehr.steuerdatum, umkehr.belegdatum),
        (tag(2026, 3, 10), tag(2026, 3, 10))
    );
    assert_eq!(umkehr.herkunft_typ.as_deref(), Some("buchung"));
    assert_eq!(umkehr.herkunft_id, Some(ORIGINAL));
    assert_eq!(umkehr.beleg.as_deref(), Some("KA-2026-000001"));
    assert_eq!(umkehr.summe, cent(-11_900));
}

#[test]
fn ein_unbekanntes_konto_wird_abgelehnt() {
    let zeilen = vec![
        zeile("5999", "soll", "10.00", json!({})),
        zeile("1600", "haben", "10.00", json!({})),
    ];
    let fehler = abgelehnt(&welt(), zeilen, json!({}));
    assert_eq!(fehler, BuchungError::KontoUnbekannt { konto: "5999".into() }.into());
}

#[test]
fn soll_und_haben_muessen_aufgehen() {
    let fehler = abgelehnt(&welt(), schlicht("100.00", "99.99"), json!({}));
    assert_eq!(fehler, BuchungError::NichtAusgeglichen { differenz: cent(1) }.into());
    let Refused::Domain(fehler) = fehler else { panic!() };
    assert_eq!(fehler.data(), json!({"differenz": "0.01"}));
}

#[test]
fn in_eine_festgeschriebene_periode_wird_nicht_gebucht_und_keine_nummer_verbraucht() {
    let welt = welt_mit(PeriodenStatus::Festgeschrieben, 1, JahrStatus::Eroeffnet);
    let fehler = abgelehnt(&welt, schlicht("1.00", "1.00"), json!({"buchungsdatum": "2026-01-31"}));
    assert_eq!(fehler, BuchungError::PeriodeFestgeschrieben { nr: 1 }.into());
    assert!(welt.effects().draws.is_empty());
    // Not even with the special right.
    let welt = welt.sonderrechte(&["fibu.periode_gesperrt"]);
    let fehler = abgelehnt(&welt, schlicht("1.00", "1.00"), json!({"buchungsdatum": "2026-01-31"}));
    assert_eq!(code(&fehler), "PERIODE_FESTGESCHRIEBEN");
}

// ---- tax (fibu 8) ----

#[test]
fn die_steuer_wird_einmal_je_schluessel_auf_die_nettosumme_gerechnet() {
    let netto = || zeile("4400", "haben", "10.03", json!({"betragsart": "netto"}));
    let zeilen = vec![zeile("1800", "soll", "35.81", json!({})), netto(), netto(), netto()];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        [
            "1800 S 35.81",
            "4400 H 10.03 U19 basis",
            "4400 H 10.03 U19 basis",
            "4400 H 10.03 U19 basis",
            "3806 H 5.72 U19 steuer"
        ]
    );
}

#[test]
fn mehrere_bruttozeilen_werden_auf_ihre_summe_besteuert_und_nach_groesstem_rest_verteilt() {
    let brutto = |betrag: &str| zeile("6815", "soll", betrag, json!({"schluessel": "V19"}));
    let zeilen = vec![
        brutto("10.00"),
        brutto("10.00"),
        brutto("10.01"),
        zeile("1600", "haben", "30.01", json!({})),
    ];
    // 30.01 ÷ 1.19 = 25.218… → 25.22; shares 8.4039, 8.4039, 8.4123: the missing cent goes to line 1.
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        [
            "6815 S 8.41 V19 basis",
            "6815 S 8.40 V19 basis",
            "6815 S 8.41 V19 basis",
            "1406 S 4.79 V19 steuer",
            "1600 H 30.01"
        ]
    );
}

#[test]
fn brutto_und_nettozeilen_eines_schluessels_ergeben_eine_steuerzeile() {
    let zeilen = vec![
        zeile("6815", "soll", "119.00", json!({"schluessel": "V19"})),
        zeile(
            "6815",
            "soll",
            "50.00",
            json!({"schluessel": "V19", "betragsart": "netto"}),
        ),
        zeile("1600", "haben", "178.50", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        [
            "6815 S 100.00 V19 basis",
            "6815 S 50.00 V19 basis",
            "1406 S 28.50 V19 steuer",
            "1600 H 178.50"
        ]
    );
}

#[test]
fn reverse_charge_erzeugt_umsatzsteuer_und_vorsteuer_aus_einer_basis() {
    let zeilen = vec![
        zeile("6300", "soll", "128.38", json!({"schluessel": "RC19EU"})),
        zeile("70001", "haben", "128.38", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        [
            "6300 S 128.38 RC19EU basis",
            "3837 H 24.39 RC19EU steuer",
            "1407 S 24.39 RC19EU steuer",
            "70001 H 128.38"
        ]
    );
}

#[test]
fn bei_einer_haben_basis_tauschen_die_beiden_steuerzeilen_die_seite() {
    let zeilen = vec![
        zeile("70001", "soll", "100.00", json!({})),
        zeile(
            "6300",
            "haben",
            "100.00",
            json!({"schluessel": "IGE19", "betragsart": "netto"}),
        ),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        [
            "70001 S 100.00",
            "6300 H 100.00 IGE19 basis",
            "3804 S 19.00 IGE19 steuer",
            "1404 H 19.00 IGE19 steuer"
        ]
    );
}

#[test]
fn reverse_charge_und_umkehr_in_einem_monat_heben_sich_je_schluessel_und_rolle_auf() {
    let zeilen = vec![
        zeile("6300", "soll", "128.38", json!({"schluessel": "RC19EU"})),
        zeile("70001", "haben", "128.38", json!({})),
    ];
    let original = entscheide(&welt(), erfassen(zeilen, json!({}))).unwrap();
    let umkehr = umgekehrt(&original);
    let mut steuer: BTreeMap<(String, Option<String>), Betrag> = BTreeMap::new();
    for p in positionen_von(&original).iter().chain(&positionen_von(&umkehr)) {
        *steuer.entry((p.konto.clone(), p.steuerschluessel.clone())).or_default() += p.betrag;
    }
    assert!(steuer.values().all(|b| b.is_null()), "{steuer:?}");
}

#[test]
fn der_satz_folgt_dem_steuerdatum() {
    let zeilen = vec![
        zeile("1800", "soll", "116.00", json!({})),
        zeile("4400", "haben", "116.00", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({"steuerdatum": "2020-09-15"})),
        ["1800 S 116.00", "4400 H 100.00 U19 basis", "3806 H 16.00 U19 steuer"]
    );
}

#[test]
fn ein_schluessel_mit_null_prozent_erzeugt_keine_steuerzeile() {
    let zeilen = vec![
        zeile("6815", "soll", "50.00", json!({"schluessel": "V0"})),
        zeile("1600", "haben", "50.00", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        ["6815 S 50.00 V0 basis", "1600 H 50.00"]
    );
}

#[test]
fn nicht_steuerbar_ist_eine_basis_ohne_satz() {
    let zeilen = vec![
        zeile("1800", "soll", "50.00", json!({})),
        zeile("4200", "haben", "50.00", json!({"schluessel": "UNST"})),
    ];
    let event = entscheide(&welt(), erfassen(zeilen, json!({}))).unwrap();
    let positionen = positionen_von(&event);
    assert_eq!(kurz(&positionen), ["1800 S 50.00", "4200 H 50.00 UNST basis"]);
    assert_eq!(positionen[1].steuersatz, None);
}

#[test]
fn ein_cent_brutto_hat_keine_steuerzeile() {
    let zeilen = vec![
        zeile("6815", "soll", "0.01", json!({"schluessel": "V19"})),
        zeile("1600", "haben", "0.01", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        ["6815 S 0.01 V19 basis", "1600 H 0.01"]
    );
}

#[test]
fn eine_zeile_ohne_netto_wird_abgelehnt() {
    let mut zeilen: Vec<Value> = (0..10)
        .map(|_| zeile("6815", "soll", "0.01", json!({"schluessel": "V19"})))
        .collect();
    zeilen.push(zeile("1600", "haben", "0.10", json!({})));
    let fehler = abgelehnt(&welt(), zeilen, json!({}));
    assert_eq!(fehler, BuchungError::BetragUngueltig { zeile: 9 }.into());
}

#[test]
fn die_einfuhrumsatzsteuer_wird_auf_ihrem_konto_direkt_erfasst() {
    let zeilen = vec![
        zeile("1433", "soll", "380.00", json!({"schluessel": "EUST"})),
        zeile("1800", "haben", "380.00", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        ["1433 S 380.00 EUST steuer", "1800 H 380.00"]
    );
}

#[test]
fn unrichtig_ausgewiesene_steuer_wird_auf_ihrem_konto_direkt_erfasst() {
    let zeilen = vec![
        zeile("1800", "soll", "19.00", json!({})),
        zeile("3851", "haben", "19.00", json!({"schluessel": "U14C"})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        ["1800 S 19.00", "3851 H 19.00 U14C steuer"]
    );
}

#[test]
fn ein_betragsschluessel_auf_einem_anderen_konto_hat_keinen_satz() {
    let zeilen = vec![
        zeile("6815", "soll", "380.00", json!({"schluessel": "EUST"})),
        zeile("1800", "haben", "380.00", json!({})),
    ];
    assert_eq!(
        code(&abgelehnt(&welt(), zeilen, json!({}))),
        "STEUER_SCHLUESSEL_SATZ_FEHLT"
    );
    let zeilen = vec![
        zeile("1406", "soll", "380.00", json!({"schluessel": "EUST"})),
        zeile("1800", "haben", "380.00", json!({})),
    ];
    assert_eq!(code(&abgelehnt(&welt(), zeilen, json!({}))), "KONTO_STEUERKONTO_DIREKT");
}

#[test]
fn ohne_satz_am_steuerdatum_wird_abgelehnt() {
    let zeilen = vec![
        zeile("6815", "soll", "119.00", json!({"schluessel": "V19"})),
        zeile("1600", "haben", "119.00", json!({})),
    ];
    let fehler = abgelehnt(&welt(), zeilen, json!({"steuerdatum": "2006-12-31"}));
    let erwartet = BuchungError::SatzFehlt {
        schluessel: "V19".into(),
        steuerdatum: tag(2006, 12, 31),
    };
    assert_eq!(fehler, erwartet.into());
}

#[test]
fn eine_angegebene_steuer_bis_fuenf_cent_daneben_wird_gebucht() {
    let zeilen = vec![
        zeile(
            "6815",
            "soll",
            "119.00",
            json!({"schluessel": "V19", "steuerbetrag": "19.05"}),
        ),
        zeile("1600", "haben", "119.00", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        ["6815 S 99.95 V19 basis", "1406 S 19.05 V19 steuer", "1600 H 119.00"]
    );
    let zeilen = vec![
        zeile(
            "6815",
            "soll",
            "60.00",
            json!({"schluessel": "V19", "betragsart": "netto", "steuerbetrag": "18.98"}),
        ),
        zeile(
            "6815",
            "soll",
            "40.00",
            json!({"schluessel": "V19", "betragsart": "netto"}),
        ),
        zeile("1600", "haben", "118.98", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        [
            "6815 S 60.00 V19 basis",
            "6815 S 40.00 V19 basis",
            "1406 S 18.98 V19 steuer",
            "1600 H 118.98"
        ]
    );
}

#[test]
fn eine_angegebene_steuer_weiter_daneben_wird_abgelehnt() {
    let zeilen = vec![
        zeile(
            "6815",
            "soll",
            "119.00",
            json!({"schluessel": "V19", "steuerbetrag": "19.06"}),
        ),
        zeile("1600", "haben", "119.00", json!({})),
    ];
    let erwartet = BuchungError::SteuerbetragAbweichend {
        soll: cent(1900),
        ist: cent(1906),
    };
    assert_eq!(abgelehnt(&welt(), zeilen, json!({})), erwartet.into());
}

#[test]
fn eine_angegebene_steuer_ohne_steuerpflicht_wird_abgelehnt() {
    for mehr in [
        json!({"steuerbetrag": "0.01"}),
        json!({"steuerbetrag": "0.01", "schluessel": "V0"}),
    ] {
        let zeilen = vec![
            zeile("6815", "soll", "10.00", mehr),
            zeile("1600", "haben", "10.00", json!({})),
        ];
        let erwartet = BuchungError::SteuerbetragAbweichend {
            soll: Betrag::NULL,
            ist: cent(1),
        };
        assert_eq!(abgelehnt(&welt(), zeilen, json!({})), erwartet.into());
    }
}

#[test]
fn ein_automatikkonto_bucht_seinen_festen_schluessel_ungefragt() {
    let zeilen = vec![
        zeile("10001", "soll", "107.00", json!({})),
        zeile("4300", "haben", "107.00", json!({})),
    ];
    assert_eq!(
        gebucht(&welt(), zeilen, json!({})),
        ["10001 S 107.00", "4300 H 100.00 U7 basis", "3801 H 7.00 U7 steuer"]
    );
}

#[test]
fn ein_automatikkonto_laesst_keinen_anderen_schluessel_zu() {
    let zeilen = vec![
        zeile("1800", "soll", "119.00", json!({})),
        zeile("4300", "haben", "119.00", json!({"schluessel": "U19"})),
    ];
    let erwartet = BuchungError::SteuerschluesselUnzulaessig {
        konto: "4300".into(),
        schluessel: "U19".into(),
        erlaubt: vec!["U7".into()],
    };
    let text = "das Konto 4300 lässt den Steuerschlüssel U19 nicht zu; erlaubt ist U7";
    assert_eq!(erwartet.to_string(), text);
    assert_eq!(abgelehnt(&welt(), zeilen, json!({})), erwartet.into());
}

#[test]
fn ein_konto_ohne_steuer_und_ein_personenkonto_lassen_keinen_schluessel_zu() {
    for konto in ["1800", "10001"] {
        let zeilen = vec![
            zeile(konto, "soll", "119.00", json!({"schluessel": "U19"})),
            zeile("1600", "haben", "119.00", json!({})),
        ];
        let erwartet = BuchungError::SteuerschluesselUnzulaessig {
            konto: konto.into(),
            schluessel: "U19".into(),
            erlaubt: Vec::new(),
        };
        assert_eq!(abgelehnt(&welt(), zeilen, json!({})), erwartet.into());
    }
}

#[test]
fn nur_erlaubte_und_aktive_schluessel_werden_gebucht() {
    let mit = |schluessel: &str| {
        let zeilen = vec![
            zeile("6300", "soll", "10.00", json!({"schluessel": schluessel})),
            zeile("1600", "haben", "10.00", json!({})),
        ];
        abgelehnt(&welt(), zeilen, json!({}))
    };
    let unzulaessig = mit("V7");
    assert_eq!(code(&unzulaessig), "KONTO_STEUERSCHLUESSEL_UNZULAESSIG");
    assert!(unzulaessig.to_string().contains("; erlaubt "), "{unzulaessig}");
    let zeilen = |schluessel: &str| {
        vec![
            zeile("6815", "soll", "10.00", json!({"schluessel": schluessel})),
            zeile("1600", "haben", "10.00", json!({})),
        ]
    };
    let stillgelegt = abgelehnt(&welt(), zeilen("VALT"), json!({}));
    let erwartet = BuchungError::SchluesselStillgelegt {
        schluessel: "VALT".into(),
        konto: "6815".into(),
        fest: false,
    };
    assert_eq!(
        (erwartet.code(), erwartet.to_string().as_str()),
        (
            "STEUER_SCHLUESSEL_STILLGELEGT",
            "der Steuerschlüssel VALT ist stillgelegt; einen anderen wählen"
        )
    );
    assert_eq!(stillgelegt, erwartet.into());
    let unbekannt = abgelehnt(&welt(), zeilen("V99"), json!({}));
    assert_eq!(
        unbekannt,
        BuchungError::SchluesselUnbekannt {
            schluessel: "V99".into()
        }
        .into()
    );
}

#[test]
fn die_automatik_laesst_sich_mit_grund_abschalten() {
    let zeilen = || {
        vec![
            zeile("1800", "soll", "100.00", json!({})),
            zeile("4400", "haben", "100.00", json!({"ohne_automatik": true})),
        ]
    };
    assert_eq!(
        abgelehnt(&welt(), zeilen(), json!({})),
        Refused::Shared(Shared::GrundFehlt {})
    );
    let mit_grund = gebucht(&welt(), zeilen(), json!({"grund": "Altfall vor 2010"}));
    assert_eq!(mit_grund, ["1800 S 100.00", "4400 H 100.00"]);
}

#[test]
fn ohne_automatik_passt_nur_zu_einem_automatikkonto_ohne_schluessel() {
    for (konto, mehr) in [
        ("6815", json!({"ohne_automatik": true})),
        ("4400", json!({"ohne_automatik": true, "schluessel": "U19"})),
        ("10001", json!({"ohne_automatik": true})),
    ] {
        let zeilen = vec![
            zeile(konto, "soll", "1.00", mehr),
            zeile("1600", "haben", "1.00", json!({})),
        ];
        let fehler = abgelehnt(&welt(), zeilen, json!({"grund": "Test"}));
        assert_eq!(code(&fehler), "EINGABE_UNGUELTIG");
    }
}

#[test]
fn ein_steuerkonto_wird_nicht_von_hand_bebucht() {
    let zeilen = || {
        vec![
            zeile("6815", "soll", "100.00", json!({})),
            zeile("1406", "soll", "19.00", json!({})),
            zeile("1600", "haben", "119.00", json!({})),
        ]
    };
    let erwartet = || BuchungError::SteuerkontoDirekt { konto: "1406".into() };
    assert_eq!(
        abgelehnt(&welt(), zeilen(), json!({"grund": "Korrektur"})),
        erwartet().into()
    );
    let berechtigt = welt().sonderrechte(&["fibu.steuer_manuell"]);
    assert_eq!(abgelehnt(&berechtigt, zeilen(), json!({})), erwartet().into());
    let gebucht = gebucht(&berechtigt, zeilen(), json!({"grund": "Korrektur"}));
    assert_eq!(gebucht, ["6815 S 100.00", "1406 S 19.00", "1600 H 119.00"]);
}

#[test]
fn von_hand_traegt_ein_steuerkonto_nur_seinen_eigenen_schluessel() {
    let mit = |schluessel: &str| {
        let zeilen = vec![
            zeile("1406", "soll", "19.00", json!({"schluessel": schluessel})),
            zeile("1600", "haben", "19.00", json!({})),
        ];
        let welt = welt().sonderrechte(&["fibu.steuer_manuell"]);
        entscheide(&welt, erfassen(zeilen, json!({"grund": "Korrektur"})))
    };
    let positionen = positionen_von(&mit("V19").unwrap());
    assert_eq!(kurz(&positionen), ["1406 S 19.00 V19 steuer", "1600 H 19.00"]);
    let fremd = mit("V7").unwrap_err();
    assert_eq!(code(&fremd), "KONTO_STEUERSCHLUESSEL_UNZULAESSIG");
    assert!(fremd.to_string().contains("bucht seine Steuer auf 1401"), "{fremd}");
}

#[test]
fn ein_schluessel_ohne_steuerkonto_kann_nicht_gebucht_werden() {
    let zeilen = |schluessel: &str| {
        vec![
            zeile("6815", "soll", "119.00", json!({"schluessel": schluessel})),
            zeile("1600", "haben", "119.00", json!({})),
        ]
    };
    let fehler = abgelehnt(&welt(), zeilen("VLEER"), json!({}));
    let erwartet = BuchungError::KontenfindungFehlt {
        zweck: "vorsteuer".into(),
        schluessel: "VLEER".into(),
    };
    assert_eq!(fehler, erwartet.into());
    // The key's account is not in the chart.
    let fehler = abgelehnt(&welt(), zeilen("VOHNE"), json!({}));
    assert_eq!(fehler, BuchungError::KontoUnbekannt { konto: "1499".into() }.into());
}

#[test]
fn eine_fehlende_ust_id_ist_eine_warnung() {
    let zeilen = |partner: &str| {
        vec![
            zeile(partner, "soll", "100.00", json!({})),
            zeile("4125", "haben", "100.00", json!({})),
        ]
    };
    let warnungen = |partner: &str| {
        let welt = welt();
        entscheide(&welt, erfassen(zeilen(partner), json!({}))).unwrap();
        welt.effects().warnings.into_iter().map(|w| w.code).collect::<Vec<_>>()
    };
    assert_eq!(warnungen("10001"), ["UST_ID_FEHLT"]);
    assert!(warnungen("10003").is_empty());
}

// ---- accounts and cost objects ----

#[test]
fn gesperrte_und_stillgelegte_konten_nehmen_keine_buchung_auf() {
    for konto in ["6998", "6999"] {
        let zeilen = vec![
            zeile(konto, "soll", "10.00", json!({})),
            zeile("1600", "haben", "10.00", json!({})),
        ];
        let erwartet = BuchungError::KontoGesperrt { konto: konto.into() };
        assert_eq!(abgelehnt(&welt(), zeilen, json!({})), erwartet.into());
    }
}

#[test]
fn ein_sammelkonto_wird_nur_ueber_das_personenkonto_bebucht() {
    let zeilen = vec![
        zeile("1200", "soll", "100.00", json!({})),
        zeile("4400", "haben", "100.00", json!({})),
    ];
    let erwartet = BuchungError::SammelkontoDirekt { konto: "1200".into() };
    assert_eq!(abgelehnt(&welt(), zeilen, json!({})), erwartet.into());
}

#[test]
fn ein_personenkonto_bucht_sein_sammelkonto_und_eroeffnet_einen_posten() {
    let zeilen = vec![
        zeile("10001", "soll", "119.00", json!({"op": {"faellig": "2026-04-08"}})),
        zeile("4400", "haben", "119.00", json!({})),
    ];
    let event = entscheide(&welt(), erfassen(zeilen, json!({}))).unwrap();
    let position = &positionen_von(&event)[0];
    assert_eq!(position.konto, "1200");
    assert_eq!(position.personenkonto.as_deref(), Some("10001"));
    let op = position.op_bezug.as_ref().unwrap();
    assert_eq!((op.art, op.faellig), (OpArt::Neu, Some(tag(2026, 4, 8))));
    let buchung = gefaltet(vec![event]);
    assert_eq!(buchung.positionen[0].op_art, Some(OpArt::Neu));
    assert_eq!(buchung.positionen[0].op_faellig, Some(tag(2026, 4, 8)));
    assert_eq!(buchung.positionen[1].gegenkonto.as_deref(), Some("10001"));
}

#[test]
fn ein_unbekanntes_personenkonto_wird_abgelehnt() {
    for nr in ["19999", "79999", "09999"] {
        let zeilen = vec![
            zeile(nr, "soll", "10.00", json!({})),
            zeile("1600", "haben", "10.00", json!({})),
        ];
        let erwartet = BuchungError::KontoUnbekannt { konto: nr.into() };
        assert_eq!(abgelehnt(&welt(), zeilen, json!({})), erwartet.into());
    }
}

#[test]
fn ein_gesperrter_partner_bekommt_keine_neue_rechnung_aber_zahlungen() {
    let zeilen = |soll: &str, haben: &str| {
        vec![
            zeile(soll, "soll", "10.00", json!({})),
            zeile(haben, "haben", "10.00", json!({})),
        ]
    };
    let (ausgang, eingang) = (
        json!({"buchungsart": "rechnung"}),
        json!({"buchungsart": "eingangsrechnung"}),
    );
    let debitor = abgelehnt(&welt(), zeilen("10008", "1800"), ausgang.clone());
    assert_eq!(debitor, BuchungError::DebitorGesperrt { nr: "10008".into() }.into());
    let kreditor = abgelehnt(&welt(), zeilen("1800", "70008"), eingang.clone());
    assert_eq!(kreditor, BuchungError::KreditorGesperrt { nr: "70008".into() }.into());
    let zahlung = gebucht(&welt(), zeilen("10008", "1800"), json!({"buchungsart": "zahlung"}));
    assert_eq!(zahlung, ["10008 S 10.00", "1800 H 10.00"]);
    // What takes an invoice back goes on too.
    let gutschrift = gebucht(&welt(), zeilen("1800", "10008"), ausgang);
    assert_eq!(gutschrift, ["1800 S 10.00", "10008 H 10.00"]);
    let gutschrift = gebucht(&welt(), zeilen("70008", "1800"), eingang);
    assert_eq!(gutschrift, ["70008 S 10.00", "1800 H 10.00"]);
}

#[test]
fn ein_geschlossener_partner_wird_nie_bebucht() {
    let zeilen = |nr: &str| {
        vec![
            zeile(nr, "soll", "10.00", json!({})),
            zeile("1800", "haben", "10.00", json!({})),
        ]
    };
    let debitor = abgelehnt(&welt(), zeilen("10009"), json!({}));
    assert_eq!(debitor, BuchungError::DebitorGesperrt { nr: "10009".into() }.into());
    let kreditor = abgelehnt(&welt(), zeilen("70009"), json!({}));
    assert_eq!(kreditor, BuchungError::KreditorGesperrt { nr: "70009".into() }.into());
}

#[test]
fn die_kostenstellenregel_des_kontos_wird_eingehalten() {
    let mit = |konto: &str, mehr: Value| {
        let zeilen = vec![
            zeile(konto, "soll", "10.00", mehr),
            zeile("1600", "haben", "10.00", json!({})),
        ];
        entscheide(&welt(), erfassen(zeilen, json!({})))
    };
    let fehlt = || Refused::from(BuchungError::KostenstelleFehlt { konto: "6020".into() });
    assert_eq!(mit("6020", json!({})).unwrap_err(), fehlt());
    assert_eq!(mit("6020", json!({"ktr": "K1"})).unwrap_err(), fehlt());
    assert!(mit("6020", json!({"kst": "100"})).is_ok());
    let unzulaessig = BuchungError::KostenstelleUnzulaessig { konto: "1800".into() };
    assert_eq!(mit("1800", json!({"kst": "100"})).unwrap_err(), unzulaessig.into());
}

#[test]
fn eine_verteilung_wird_auf_den_nettobetrag_umgelegt() {
    let verteilung = json!({"schluessel": "V19", "verteilung": [
        {"kst": "100", "betrag": "59.50"}, {"kst": "200", "ktr": "K1", "betrag": "59.50"}
    ]});
    let zeilen = vec![
        zeile("6815", "soll", "119.00", verteilung),
        zeile("1600", "haben", "119.00", json!({})),
    ];
    let event = entscheide(&welt(), erfassen(zeilen, json!({}))).unwrap();
    let kontierung = &positionen_von(&event)[0].kontierung;
    let teile: Vec<_> = kontierung.iter().map(|k| (k.lfd, k.kst.as_deref(), k.betrag)).collect();
    assert_eq!(teile, [(1, Some("100"), cent(5000)), (2, Some("200"), cent(5000))]);
    assert!(positionen_von(&event)[1].kontierung.is_empty());
    assert_eq!(gefaltet(vec![event]).positionen[0].kontierung.len(), 2);
}

#[test]
fn eine_verteilung_muss_die_zeile_ergeben_und_vollstaendig_sein() {
    let mit = |mehr: Value| {
        let zeilen = vec![
            zeile("6815", "soll", "10.00", mehr),
            zeile("1600", "haben", "10.00", json!({})),
        ];
        abgelehnt(&welt(), zeilen, json!({}))
    };
    for mehr in [
        json!({"verteilung": [{"kst": "100", "betrag": "9.99"}]}),
        json!({"verteilung": [{"betrag": "10.00"}]}),
        json!({"kst": "100", "verteilung": [{"kst": "100", "betrag": "10.00"}]}),
        json!({"verteilung": vec![json!({"kst": "100", "betrag": "0.01"}); 101]}),
    ] {
        assert_eq!(code(&mit(mehr)), "EINGABE_UNGUELTIG");
    }
    let null = mit(json!({"verteilung": [{"kst": "100", "betrag": "0.00"}]}));
    assert_eq!(null, BuchungError::BetragUngueltig { zeile: 1 }.into());
}

// ---- input ----

#[test]
fn eine_buchung_braucht_zwei_zeilen() {
    let fehler = abgelehnt(&welt(), vec![zeile("1800", "soll", "1.00", json!({}))], json!({}));
    assert_eq!(fehler, BuchungError::ZuWenigZeilen { anzahl: 1 }.into());
}

#[test]
fn mehr_als_500_zeilen_werden_abgelehnt() {
    let zeilen = |n: usize| {
        let mut zeilen: Vec<Value> = (1..n).map(|_| zeile("1800", "soll", "1.00", json!({}))).collect();
        zeilen.push(zeile("1600", "haben", &format!("{}.00", n - 1), json!({})));
        zeilen
    };
    assert_eq!(gebucht(&welt(), zeilen(500), json!({})).len(), 500);
    assert_eq!(code(&abgelehnt(&welt(), zeilen(501), json!({}))), "EINGABE_UNGUELTIG");
}

#[test]
fn betraege_sind_positiv_und_haben_hoechstens_zwei_nachkommastellen() {
    for betrag in ["0.00", "-1.00", "1.001"] {
        let fehler = abgelehnt(&welt(), schlicht("1.00", betrag), json!({}));
        assert_eq!(fehler, BuchungError::BetragUngueltig { zeile: 2 }.into());
    }
    for steuer in ["-0.01", "0.001"] {
        let zeilen = vec![
            zeile(
                "6815",
                "soll",
                "1.00",
                json!({"schluessel": "V19", "steuerbetrag": steuer}),
            ),
            zeile("1600", "haben", "1.00", json!({})),
        ];
        let fehler = abgelehnt(&welt(), zeilen, json!({}));
        assert_eq!(fehler, BuchungError::BetragUngueltig { zeile: 1 }.into());
    }
}

#[test]
fn eine_zeile_und_die_summe_einer_seite_sind_auf_zehn_stellen_begrenzt() {
    let groesste = "9999999999.99";
    gebucht(&welt(), schlicht(groesste, groesste), json!({}));
    let fehler = abgelehnt(&welt(), schlicht(groesste, "10000000000.00"), json!({}));
    assert_eq!(fehler, BuchungError::BetragUngueltig { zeile: 2 }.into());
    let zeilen = vec![
        zeile("1800", "soll", groesste, json!({})),
        zeile("1600", "haben", groesste, json!({})),
        zeile("1600", "haben", "0.01", json!({})),
        zeile("1800", "soll", "0.01", json!({})),
    ];
    let fehler = abgelehnt(&welt(), zeilen, json!({}));
    assert_eq!(fehler, BuchungError::BetragUngueltig { zeile: 3 }.into());
    let zu_hohe_steuer = json!({"schluessel": "V19", "steuerbetrag": "10000000000.00"});
    let zeilen = vec![
        zeile("6815", "soll", "1.00", zu_hohe_steuer),
        zeile("1600", "haben", "1.00", json!({})),
    ];
    let fehler = abgelehnt(&welt(), zeilen, json!({}));
    assert_eq!(fehler, BuchungError::BetragUngueltig { zeile: 1 }.into());
}

#[test]
fn keine_buchung_ohne_beleg_oder_grund() {
    let ohne = |mehr: Value| {
        let kopf = json!({
            "belegkreis": "MB", "belegdatum": "2026-03-09", "buchungsdatum": "2026-03-09",
            "text": "Eigenbeleg", "zeilen": schlicht("1.00", "1.00"),
        });
        serde_json::from_value(json!({"Erfassen": mische(kopf, mehr)})).unwrap()
    };
    let fehler = entscheide(&welt(), ohne(json!({}))).unwrap_err();
    assert_eq!(fehler, BuchungError::BelegFehlt {}.into());
    assert!(entscheide(&welt(), ohne(json!({"grund": "Beleg verloren"}))).is_ok());
}

#[test]
fn genau_eines_von_konto_und_personenkonto_ist_noetig() {
    for falsch in [
        json!({"seite": "soll", "betrag": "1.00"}),
        json!({"konto": "1800", "personenkonto": "10001", "seite": "soll", "betrag": "1.00"}),
    ] {
        let zeilen = vec![falsch, zeile("1600", "haben", "1.00", json!({}))];
        assert_eq!(code(&abgelehnt(&welt(), zeilen, json!({}))), "EINGABE_UNGUELTIG");
    }
}

#[test]
fn ein_offener_posten_gehoert_zu_einem_personenkonto() {
    let zeilen = vec![
        zeile("1800", "soll", "1.00", json!({"op": {}})),
        zeile("1600", "haben", "1.00", json!({})),
    ];
    assert_eq!(code(&abgelehnt(&welt(), zeilen, json!({}))), "EINGABE_UNGUELTIG");
}

#[test]
fn fremdwaehrung_wird_noch_nicht_gefuehrt() {
    let fehler = abgelehnt(&welt(), schlicht("1.00", "1.00"), json!({"waehrung": "USD"}));
    assert_eq!(fehler, BuchungError::KursFehlt { waehrung: "USD".into() }.into());
    assert_eq!(
        gebucht(&welt(), schlicht("1.00", "1.00"), json!({"waehrung": "EUR"})).len(),
        2
    );
}

#[test]
fn ein_unbekannter_belegkreis_wird_abgelehnt() {
    let fehler = abgelehnt(&welt(), schlicht("1.00", "1.00"), json!({"belegkreis": "XX"}));
    assert_eq!(code(&fehler), "EINGABE_UNGUELTIG");
}

#[test]
fn unbekannte_felder_werden_abgelehnt() {
    let zeilen = vec![zeile("1800", "soll", "1.00", json!({"herkunft": "x"}))];
    let kopf = json!({
        "belegkreis": "KA", "belegdatum": "2026-03-09", "buchungsdatum": "2026-03-09",
        "text": "T", "beleg": "1", "zeilen": zeilen,
    });
    assert!(serde_json::from_value::<BuchungCommand>(json!({"Erfassen": kopf})).is_err());
}

// ---- dates and periods ----

#[test]
fn mehr_als_31_tage_im_voraus_wird_nicht_gebucht() {
    let am = |datum: &str| {
        entscheide(
            &welt(),
            erfassen(schlicht("1.00", "1.00"), json!({"buchungsdatum": datum})),
        )
    };
    assert!(am("2026-04-10").is_ok());
    let erwartet = Shared::DatumZukunft {
        feld: "/buchungsdatum".into(),
        spaetestens: tag(2026, 4, 10),
    };
    assert_eq!(am("2026-04-11").unwrap_err(), Refused::Shared(erwartet));
}

#[test]
fn ohne_geschaeftsjahr_gibt_es_keine_periode() {
    let fehler = abgelehnt(&welt_ohne_jahr(), schlicht("1.00", "1.00"), json!({}));
    let erwartet = BuchungError::PeriodeUnbekannt {
        buchungsdatum: tag(2026, 3, 9),
    };
    assert_eq!(fehler, erwartet.into());
}

#[test]
fn eine_gesperrte_periode_braucht_das_sonderrecht() {
    let welt = welt_mit(PeriodenStatus::Gesperrt, 3, JahrStatus::Eroeffnet);
    let fehler = abgelehnt(&welt, schlicht("1.00", "1.00"), json!({}));
    assert_eq!(fehler, BuchungError::PeriodeGesperrt { nr: 3 }.into());
    let welt = welt.sonderrechte(&["fibu.periode_gesperrt"]);
    assert_eq!(gebucht(&welt, schlicht("1.00", "1.00"), json!({})).len(), 2);
}

#[test]
fn ein_nicht_eroeffnetes_jahr_ist_gesperrt() {
    let welt = welt_mit(PeriodenStatus::Offen, 0, JahrStatus::Geplant).sonderrechte(&["fibu.periode_gesperrt"]);
    let fehler = abgelehnt(&welt, schlicht("1.00", "1.00"), json!({}));
    let erwartet = BuchungError::JahrNichtEroeffnet {
        nr: 3,
        geschaeftsjahr: "2026".into(),
        status: JahrStatus::Geplant,
    };
    assert_eq!(erwartet.code(), "PERIODE_GESPERRT");
    let text = "das Geschäftsjahr 2026 ist noch nicht eröffnet; zuerst eröffnen";
    assert_eq!(erwartet.to_string(), text);
    assert_eq!(fehler, erwartet.into());
}

#[test]
fn periode_0_nimmt_nur_den_saldenvortrag_auf() {
    let zeilen = || {
        vec![
            zeile("10001", "soll", "5.00", json!({})),
            zeile("9000", "haben", "5.00", json!({})),
        ]
    };
    let kopf = |mehr: Value| {
        mische(
            json!({"belegkreis": "EB", "periode": 0, "buchungsdatum": "2026-01-01"}),
            mehr,
        )
    };
    let event = entscheide(&welt(), erfassen(zeilen(), kopf(json!({})))).unwrap();
    let op = positionen_von(&event)[0].op_bezug.clone().unwrap();
    assert_eq!(op.art, OpArt::Keiner);
    let buchung = gefaltet(vec![event]);
    assert_eq!((buchung.periode, buchung.buchungsart), (0, Buchungsart::Saldenvortrag));
    let fehler = abgelehnt(&welt(), zeilen(), kopf(json!({"buchungsart": "manuell"})));
    assert_eq!(code(&fehler), "EINGABE_UNGUELTIG");
    let fehler = abgelehnt(&welt(), zeilen(), json!({"buchungsart": "saldenvortrag"}));
    assert_eq!(code(&fehler), "EINGABE_UNGUELTIG");
    let fehler = abgelehnt(&welt(), zeilen(), kopf(json!({"buchungsdatum": "2026-02-01"})));
    assert_eq!(code(&fehler), "EINGABE_UNGUELTIG");
    let mit_op = vec![
        zeile("10001", "soll", "5.00", json!({"op": {}})),
        zeile("9000", "haben", "5.00", json!({})),
    ];
    assert_eq!(code(&abgelehnt(&welt(), mit_op, kopf(json!({})))), "EINGABE_UNGUELTIG");
}

#[test]
fn periode_13_nimmt_nur_abschlussbuchungen_auf() {
    let welt = welt().heute(tag(2026, 12, 31));
    let kopf = |mehr: Value| {
        mische(
            json!({"belegkreis": "AB", "periode": 13, "buchungsdatum": "2026-12-31"}),
            mehr,
        )
    };
    let event = entscheide(&welt, erfassen(schlicht("5.00", "5.00"), kopf(json!({})))).unwrap();
    let buchung = gefaltet(vec![event]);
    assert_eq!((buchung.periode, buchung.buchungsart), (13, Buchungsart::Abschluss));
    let fehler = abgelehnt(&welt, schlicht("5.00", "5.00"), kopf(json!({"buchungsart": "manuell"})));
    assert_eq!(code(&fehler), "EINGABE_UNGUELTIG");
}

#[test]
fn die_perioden_1_bis_12_werden_nicht_genannt_und_die_generalumkehr_nicht_erfasst() {
    for mehr in [
        json!({"periode": 3}),
        json!({"periode": 14}),
        json!({"buchungsart": "generalumkehr"}),
    ] {
        assert_eq!(
            code(&abgelehnt(&welt(), schlicht("1.00", "1.00"), mehr)),
            "EINGABE_UNGUELTIG"
        );
    }
}

#[test]
fn eine_spaete_erfassung_ist_eine_warnung() {
    let warnungen = |datum: &str| {
        let welt = welt();
        entscheide(
            &welt,
            erfassen(schlicht("1.00", "1.00"), json!({"buchungsdatum": datum})),
        )
        .unwrap();
        welt.effects().warnings.into_iter().map(|w| w.code).collect::<Vec<_>>()
    };
    assert!(warnungen("2026-02-28").is_empty());
    assert_eq!(warnungen("2026-02-27"), ["BUCHUNG_SPAET"]);
}

// ---- life of a voucher ----

fn erfasst() -> BuchungEvent {
    entscheide(&welt(), bueromaterial()).unwrap()
}

fn storniert() -> BuchungEvent {
    BuchungEvent::Storniert {
        durch: UMKEHR,
        grund: "falsches Konto".into(),
        buchungsdatum: tag(2026, 3, 10),
    }
}

fn stornieren(buchungsdatum: Option<NaiveDate>) -> BuchungCommand {
    BuchungCommand::Stornieren {
        grund: grund(),
        buchungsdatum,
    }
}

/// The Generalumkehr of a voucher.
fn umgekehrt(original: &BuchungEvent) -> BuchungEvent {
    let mut welt = welt().with::<Buchung>(ORIGINAL, vec![original.clone(), storniert()]);
    welt.id = UMKEHR;
    entscheide(&welt, umkehren(tag(2026, 3, 10))).unwrap()
}

fn umkehren(buchungsdatum: NaiveDate) -> BuchungCommand {
    BuchungCommand::Umkehren {
        original: ORIGINAL,
        grund: grund(),
        buchungsdatum,
    }
}

#[test]
fn eine_erfasste_buchung_wird_kein_zweites_mal_erfasst() {
    welt()
        .test::<Buchung>()
        .given(vec![erfasst()])
        .when(bueromaterial())
        .then_expect_error(Refused::Shared(Shared::status(BuchungStatus::Erfasst, &["neu"])));
    welt()
        .test::<Buchung>()
        .given(vec![erfasst()])
        .when(umkehren(tag(2026, 3, 10)))
        .then_expect_error(Refused::Shared(Shared::status(BuchungStatus::Erfasst, &["neu"])));
}

#[test]
fn stornieren_nennt_die_neue_buchung_und_gilt_ohne_datum_heute() {
    let welt = welt();
    let events = welt.decide(&gefaltet(vec![erfasst()]), stornieren(None)).unwrap();
    let [
        BuchungEvent::Storniert {
            durch, buchungsdatum, ..
        },
    ] = &events[..]
    else {
        panic!("kein Storniert")
    };
    assert_eq!(*buchungsdatum, tag(2026, 3, 10));
    let buchung = gefaltet(vec![erfasst(), events[0].clone()]);
    assert_eq!(
        (buchung.status, buchung.storniert_durch),
        (BuchungStatus::Storniert, Some(*durch))
    );
}

#[test]
fn ein_storno_loest_in_derselben_einheit_die_generalumkehr_aus() {
    let registry = aggregates::registry();
    let policy = registry
        .policies(Kind::Inline, "buchung")
        .find(|p| p.name == "generalumkehr");
    let ctx = PolicyContext {
        mandant_id: welt().frame.mandant_id,
        id: ORIGINAL,
        event_id: Uuid::nil(),
        zeit: welt().frame.jetzt,
        heute: welt().frame.heute,
    };
    let folgen = policy.unwrap().react(&storniert(), &ctx);
    assert_eq!(folgen.len(), 1);
    assert_eq!((folgen[0].typ, folgen[0].id), ("buchung", UMKEHR));
    let erwartet = json!({"Umkehren": {
        "original": ORIGINAL, "grund": "falsches Konto", "buchungsdatum": "2026-03-10"
    }});
    assert_eq!(folgen[0].command, erwartet);
    assert!(policy.is_some_and(|p| p.react(&erfasst(), &ctx).is_empty()));
}

#[test]
fn eine_stornierte_buchung_wird_nicht_noch_einmal_storniert() {
    welt()
        .test::<Buchung>()
        .given(vec![erfasst(), storniert()])
        .when(stornieren(None))
        .then_expect_error(BuchungError::BereitsStorniert { durch: UMKEHR }.into());
}

#[test]
fn eine_generalumkehr_wird_nicht_storniert() {
    welt()
        .test::<Buchung>()
        .given(vec![umgekehrt(&erfasst())])
        .when(stornieren(None))
        .then_expect_error(BuchungError::StornoVonStorno {}.into());
}

#[test]
fn eine_buchung_aus_einem_anderen_vorgang_wird_dort_storniert() {
    let mut buchung = gefaltet(vec![erfasst()]);
    buchung.herkunft_typ = Some("rechnung".into());
    buchung.herkunft_id = Some(ORIGINAL);
    let fehler = welt().decide(&buchung, stornieren(None)).unwrap_err();
    let erwartet = BuchungError::HerkunftGesperrt {
        typ: "rechnung".into(),
        id: ORIGINAL,
    };
    assert_eq!(fehler, erwartet.into());
}

#[test]
fn auch_ein_storno_beachtet_periode_und_zukunft() {
    let buchung = gefaltet(vec![erfasst()]);
    let zu = welt_mit(PeriodenStatus::Festgeschrieben, 1, JahrStatus::Eroeffnet);
    let fehler = zu.decide(&buchung, stornieren(Some(tag(2026, 1, 31)))).unwrap_err();
    assert_eq!(fehler, BuchungError::PeriodeFestgeschrieben { nr: 1 }.into());
    let gesperrt = welt_mit(PeriodenStatus::Gesperrt, 3, JahrStatus::Eroeffnet);
    let fehler = gesperrt.decide(&buchung, stornieren(None)).unwrap_err();
    assert_eq!(fehler, BuchungError::PeriodeGesperrt { nr: 3 }.into());
    let fehler = welt_ohne_jahr().decide(&buchung, stornieren(None)).unwrap_err();
    assert_eq!(code(&fehler), "PERIODE_UNBEKANNT");
    let fehler = welt().decide(&buchung, stornieren(Some(tag(2026, 4, 11)))).unwrap_err();
    assert_eq!(code(&fehler), "DATUM_ZUKUNFT");
}

#[test]
fn ein_eb_wert_wird_nur_als_eb_wert_storniert_und_ein_abschluss_auf_wunsch_als_abschluss() {
    let in_periode = |nr| {
        let mut buchung = gefaltet(vec![erfasst()]);
        buchung.periode = nr;
        buchung
    };
    let fehler = welt().decide(&in_periode(0), stornieren(None)).unwrap_err();
    assert!(
        code(&fehler) == "EINGABE_UNGUELTIG" && fehler.to_string().contains("2026-01-01"),
        "{fehler}"
    );
    assert!(welt().decide(&in_periode(0), stornieren(Some(tag(2026, 1, 1)))).is_ok());

    let umkehr = |nr: u8, heute: &str, datum| {
        let mut original = erfasst();
        if let BuchungEvent::Erfasst { periode, .. } = &mut original {
            *periode = nr;
        }
        let mut welt = welt()
            .heute(heute.parse().unwrap())
            .with::<Buchung>(ORIGINAL, vec![original, storniert()]);
        welt.id = UMKEHR;
        let BuchungEvent::Erfasst { periode, .. } = entscheide(&welt, umkehren(datum)).unwrap() else {
            panic!("kein Erfasst")
        };
        periode
    };
    assert_eq!(umkehr(0, "2026-03-10", tag(2026, 1, 1)), 0);
    assert_eq!(umkehr(13, "2026-12-31", tag(2026, 12, 31)), 13);
    assert_eq!(
        umkehr(13, "2026-12-31", tag(2026, 12, 30)),
        12,
        "any other date is one of its month"
    );
    assert_eq!(umkehr(1, "2026-03-10", tag(2026, 1, 1)), 1);
}

#[test]
fn umkehren_gilt_nur_fuer_die_beim_storno_genannte_buchung() {
    let ohne = entscheide(&welt(), umkehren(tag(2026, 3, 10))).unwrap_err();
    assert_eq!(code(&ohne), "NICHT_GEFUNDEN");
    let offen = welt().with::<Buchung>(ORIGINAL, vec![erfasst()]);
    assert_eq!(
        code(&entscheide(&offen, umkehren(tag(2026, 3, 10))).unwrap_err()),
        "STATUS_UNZULAESSIG"
    );
    // Reversed, but by another voucher than the one under test.
    let fremd = welt().with::<Buchung>(ORIGINAL, vec![erfasst(), storniert()]);
    assert_eq!(
        code(&entscheide(&fremd, umkehren(tag(2026, 3, 10))).unwrap_err()),
        "STATUS_UNZULAESSIG"
    );
}

#[test]
fn ein_seither_gesperrtes_konto_laesst_sich_noch_umkehren() {
    // The reversal reads no accounts at all: a world without them is enough.
    let mut welt = fibu_welt::welt_ohne_konten().with::<Buchung>(ORIGINAL, vec![erfasst(), storniert()]);
    welt.id = UMKEHR;
    assert_eq!(
        positionen_von(&entscheide(&welt, umkehren(tag(2026, 3, 10))).unwrap()).len(),
        3
    );
}

#[test]
fn ein_vermerk_wird_gezaehlt_auch_nach_dem_storno() {
    let vermerk = |text: &str| BuchungCommand::VermerkHinzufuegen {
        text: Text::new(text).unwrap(),
        dokument_id: None,
    };
    let erwartet = |nr: i32, text: &str| BuchungEvent::VermerkHinzugefuegt {
        nr,
        text: text.into(),
        dokument_id: None,
    };
    welt()
        .test::<Buchung>()
        .given(vec![erfasst()])
        .when(vermerk("gehört zu Projekt A"))
        .then_expect_events(vec![erwartet(1, "gehört zu Projekt A")]);
    welt()
        .test::<Buchung>()
        .given(vec![erfasst(), erwartet(1, "gehört zu Projekt A"), storniert()])
        .when(vermerk("doch nicht"))
        .then_expect_events(vec![erwartet(2, "doch nicht")]);
    assert_eq!(gefaltet(vec![erfasst(), erwartet(1, "x")]).vermerke.len(), 1);
}

#[test]
fn was_es_nicht_gibt_laesst_sich_weder_stornieren_noch_vermerken() {
    let fehler = entscheide(&welt(), stornieren(None)).unwrap_err();
    assert_eq!(
        fehler,
        Refused::Shared(Shared::status(BuchungStatus::Neu, &["erfasst"]))
    );
    let command = BuchungCommand::VermerkHinzufuegen {
        text: Text::new("x").unwrap(),
        dokument_id: None,
    };
    let fehler = entscheide(&welt(), command).unwrap_err();
    assert_eq!(
        fehler,
        Refused::Shared(Shared::status(BuchungStatus::Neu, &["erfasst", "storniert"]))
    );
}

#[test]
fn der_zustand_traegt_kopf_nummer_und_summe() {
    assert_eq!(Buchung::default().nummer(), None);
    let buchung = gefaltet(vec![erfasst()]);
    assert_eq!(buchung.nummer().as_deref(), Some("KA-2026-000001"));
    assert_eq!(
        (buchung.belegkreis.as_str(), buchung.jahr, buchung.lfd),
        ("KA", 2026, 1)
    );
    assert_eq!((buchung.status, buchung.summe), (BuchungStatus::Erfasst, cent(11_900)));
    let zurueck: Buchung = serde_json::from_value(serde_json::to_value(&buchung).unwrap()).unwrap();
    assert_eq!(zurueck, buchung);
}

#[test]
fn jedes_ereignis_uebersteht_das_speichern() {
    for event in [erfasst(), storniert(), umgekehrt(&erfasst())] {
        let wert = serde_json::to_value(&event).unwrap();
        assert_eq!(serde_json::from_value::<BuchungEvent>(wert).unwrap(), event);
    }
}

// ---- invariants ----

/// A base line: account with its possible keys, side, cents, net or gross, and whether it is split over two cost objects.
fn basiszeile() -> impl Strategy<Value = Value> {
    let konten = prop_oneof![
        Just(("6815", None)),
        Just(("6815", Some("V19"))),
        Just(("6815", Some("V7"))),
        Just(("6815", Some("RC19EU"))),
        Just(("6815", Some("V0"))),
        Just(("4400", None)),
        Just(("4300", None)),
        Just(("10001", None)),
    ];
    let seite = prop_oneof![Just("soll"), Just("haben")];
    let art = prop_oneof![Just("netto"), Just("brutto")];
    let teil = prop_oneof![Just(None), (1_i64..=99).prop_map(Some)];
    (konten, seite, 100_i64..50_000_000, art, teil).prop_map(|((konto, schluessel), seite, cents, art, teil)| {
        let mut mehr = json!({"betragsart": art});
        if let Some(schluessel) = schluessel {
            mehr["schluessel"] = json!(schluessel);
        }
        if konto == "6815"
            && let Some(prozent) = teil
        {
            let erster = (cents * prozent / 100).clamp(1, cents - 1);
            mehr["verteilung"] = json!([
                {"kst": "100", "betrag": cent(erster)}, {"kst": "200", "betrag": cent(cents - erster)}
            ]);
        }
        zeile(konto, seite, &cent(cents).to_string(), mehr)
    })
}

/// Adds the line on 1800 that balances the voucher: the refusal of a first attempt names the difference.
fn ausgeglichen(mut zeilen: Vec<Value>) -> Vec<Value> {
    zeilen.push(zeile("1600", "soll", "0.01", json!({})));
    if let Err(Refused::Domain(BuchungError::NichtAusgeglichen { differenz })) =
        entscheide(&welt(), erfassen(zeilen.clone(), json!({})))
    {
        let seite = if differenz > Betrag::NULL { "haben" } else { "soll" };
        zeilen.push(zeile("1800", seite, &differenz.abs().to_string(), json!({})));
    }
    zeilen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn jede_angenommene_buchung_geht_auf_und_ihre_umkehr_hebt_sie_auf(
        zeilen in prop::collection::vec(basiszeile(), 1..12)
    ) {
        let zeilen = ausgeglichen(zeilen);
        let event = entscheide(&welt(), erfassen(zeilen.clone(), json!({}))).unwrap();
        let positionen = positionen_von(&event);

        let summe = |seite: Seite| -> i64 {
            positionen.iter().filter(|p| p.seite == seite).map(|p| p.betrag.as_cent()).sum()
        };
        prop_assert_eq!(summe(Seite::Soll), summe(Seite::Haben));
        for position in &positionen {
            prop_assert!(position.betrag > Betrag::NULL);
            if !position.kontierung.is_empty() {
                prop_assert_eq!(position.kontierung.iter().map(|k| k.betrag).sum::<Betrag>(), position.betrag);
            }
        }
        let geteilt = zeilen.iter().filter(|z| z.get("verteilung").is_some()).count();
        prop_assert_eq!(positionen.iter().filter(|p| !p.kontierung.is_empty()).count(), geteilt);

        // One tax line per key, side and account.
        let mut steuer = std::collections::HashSet::new();
        for p in positionen.iter().filter(|p| p.steuerrolle == Steuerrolle::Steuer) {
            prop_assert!(steuer.insert((p.konto.clone(), p.steuerschluessel.clone(), p.seite)), "doppelt: {:?}", p);
        }

        let mut verkehr: BTreeMap<(String, Seite, Option<String>), Betrag> = BTreeMap::new();
        for p in positionen.iter().chain(&positionen_von(&umgekehrt(&event))) {
            *verkehr.entry((p.konto.clone(), p.seite, p.steuerschluessel.clone())).or_default() += p.betrag;
        }
        prop_assert!(verkehr.values().all(|b| b.is_null()), "bleibt stehen: {:?}", verkehr);
    }

    #[test]
    fn netto_und_steuer_ergeben_immer_den_bruttobetrag(cents in 10_i64..100_000_000, sieben in any::<bool>()) {
        let betrag = cent(cents).to_string();
        let schluessel = if sieben { "V7" } else { "V19" };
        let zeilen = vec![
            zeile("6815", "soll", &betrag, json!({"schluessel": schluessel})),
            zeile("1600", "haben", &betrag, json!({})),
        ];
        let event = entscheide(&welt(), erfassen(zeilen, json!({}))).unwrap();
        let soll = positionen_von(&event).into_iter().filter(|p| p.seite == Seite::Soll);
        prop_assert_eq!(soll.map(|p| p.betrag.as_cent()).sum::<i64>(), cents);
    }
}

#[test]
fn von_hand_gebucht_wird_nur_in_kreisen_von_buchungen() {
    let zeilen = || {
        vec![
            zeile("6815", "soll", "10.00", json!({})),
            zeile("1600", "haben", "10.00", json!({})),
        ]
    };
    for kreis in ["AR", "AG", "ER", "AU", "LS", "BE", "WE", "VS", "KD", "LF"] {
        let refused = abgelehnt(&welt(), zeilen(), json!({"belegkreis": kreis}));
        assert_eq!(code(&refused), "EINGABE_UNGUELTIG", "{kreis}");
        let text = format!("{refused:?}");
        assert!(
            text.contains("/belegkreis") && text.contains("vergeben nur die Belege"),
            "{text}"
        );
    }
    // A Kreis that the company made itself would do; this one only does not exist.
    let refused = abgelehnt(&welt(), zeilen(), json!({"belegkreis": "KA2"}));
    assert!(
        !format!("{refused:?}").contains("vergeben nur die Belege"),
        "{refused:?}"
    );
}

#[test]
fn was_nur_ein_vorgang_bucht_bucht_niemand_von_hand() {
    for art in ["abrechnung", "ausgleich", "warenbewegung", "kursbewertung"] {
        let zeilen = vec![
            zeile("6815", "soll", "10.00", json!({})),
            zeile("1600", "haben", "10.00", json!({})),
        ];
        let refused = abgelehnt(&welt(), zeilen, json!({"buchungsart": art}));
        assert_eq!(code(&refused), "EINGABE_UNGUELTIG", "{art}");
        assert!(format!("{refused:?}").contains("/buchungsart"), "{art}: {refused:?}");
    }
}
