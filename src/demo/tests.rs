//! The plan by itself; that a company accepts it, and what comes of it, shows `tests/jahr.rs`.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::fibu::{kontenplan::Rahmen, vorlage};

use super::{
    beleg::{steuer_auf, steuer_in},
    jahr::{mit_steuer, skonto},
    sortiment::{SORTEN, menge_text, wert},
    *,
};

fn plan(belege: usize) -> DemoPlan {
    DemoPlan {
        mandant_id: DemoPlan::firma(),
        belege,
        seed: 42,
        heute: tag(2027, 2, 1),
    }
}

fn text(plan: DemoPlan) -> Vec<String> {
    plan.stapel().map(|s| format!("{s:?}")).collect()
}

#[test]
fn derselbe_plan_gibt_dieselben_befehle() {
    assert_eq!(text(plan(1_000)), text(plan(1_000)));
    let anderer = DemoPlan {
        seed: 43,
        ..plan(1_000)
    };
    assert_ne!(text(plan(1_000)), text(anderer));
}

#[test]
fn die_belegzahl_ist_ungefaehr_die_verlangte() {
    for n in [300, 500, 1_000, 2_000, 10_000, 50_000] {
        let mut belege = Beleganzahl::default();
        for stapel in plan(n).stapel() {
            belege += stapel.belege;
        }
        let summe = belege.summe();
        assert!(summe.abs_diff(n) < n / 4, "{n}: {belege:?}");
        assert!(belege.je_art().iter().all(|(_, anzahl)| *anzahl > 0), "{belege:?}");
    }
}

#[test]
fn ein_stapel_passt_in_einen_atomaren_und_namen_steigen() {
    let stapel: Vec<Stapel> = plan(20_000).stapel().collect();
    assert!(stapel.iter().all(|s| (1..=STAPEL).contains(&s.befehle.len())));
    let namen: Vec<&str> = stapel.iter().map(|s| s.name.as_str()).collect();
    assert!(namen.is_sorted(), "{namen:?}");
    let schluessel: BTreeSet<&str> = stapel
        .iter()
        .flat_map(|s| &s.befehle)
        .filter_map(|b| b.schluessel.as_deref())
        .collect();
    let befehle: usize = stapel.iter().map(|s| s.befehle.len()).sum();
    assert_eq!(schluessel.len(), befehle);
    let personen: BTreeSet<Person> = stapel.iter().map(|s| s.person).collect();
    assert_eq!(personen.len(), 3);
}

#[test]
fn kein_datum_liegt_nach_heute_und_rechnungen_steigen() {
    let heute = tag(2026, 5, 20);
    let plan = DemoPlan { heute, ..plan(3_000) };
    let mut letzte = tag(2026, 1, 1);
    let mut rechnungen = 0;
    for befehl in plan.stapel().flat_map(|s| s.befehle) {
        for feld in [
            "buchungsdatum",
            "rechnungsdatum",
            "auftragsdatum",
            "bestelldatum",
            "am",
            "datum",
        ] {
            if let Some(datum) = befehl.daten[feld].as_str() {
                let datum: NaiveDate = datum.parse().unwrap();
                assert!(datum <= heute, "{befehl:?}");
                if befehl.ressource == "rechnungen" {
                    assert!(datum >= letzte, "{befehl:?}");
                    letzte = datum;
                    rechnungen += 1;
                }
            }
        }
    }
    assert!(rechnungen > 100);
}

#[test]
fn buchungen_gehen_auf_und_ihre_konten_gibt_es() {
    let konten: BTreeSet<String> = vorlage::konten(Rahmen::Skr04).into_iter().map(|k| k.konto_nr).collect();
    let schluessel: BTreeSet<String> = vorlage::schluessel(Rahmen::Skr04).into_iter().map(|s| s.code).collect();
    let mut kreise: BTreeMap<String, usize> = BTreeMap::new();
    let befehle = plan(3_000).stapel().flat_map(|s| s.befehle);
    for buchung in befehle.filter(|b| b.ressource == "buchungen") {
        *kreise.entry(buchung.daten["belegkreis"].to_string()).or_default() += 1;
        let mut saldo = 0;
        for zeile in buchung.daten["zeilen"].as_array().unwrap() {
            assert!(konten.contains(zeile["konto"].as_str().unwrap()), "{zeile}");
            if let Some(code) = zeile["schluessel"].as_str() {
                assert!(schluessel.contains(code), "{code}");
            }
            let cent: i64 = zeile["betrag"].as_str().unwrap().replace('.', "").parse().unwrap();
            assert!(cent > 0, "{buchung:?}");
            saldo += if zeile["seite"] == "soll" { cent } else { -cent };
        }
        assert_eq!(saldo, 0, "{buchung:?}");
    }
    assert_eq!(kreise.len(), 4, "BK, EB, KA, MB: {kreise:?}");
    for sorte in &SORTEN {
        assert!(schluessel.contains(sorte.schluessel) && schluessel.contains(sorte.schluessel_ek));
    }
}

#[test]
fn werte_sind_auf_den_cent_genau_und_steuer_wird_kaufmaennisch_gerundet() {
    for sorte in &SORTEN {
        for preis in [sorte.einkauf, sorte.verkauf[0], sorte.verkauf[1]] {
            assert_eq!(preis % 10, 0, "{}", sorte.nr);
        }
    }
    assert_eq!(wert(125, 34_500), 431_250);
    assert_eq!((menge_text(125), menge_text(120)), ("12.5".to_owned(), "12".to_owned()));
    assert_eq!(steuer_auf(10_000, 190), 1_900);
    assert_eq!(steuer_auf(50, 70), 4);
    assert_eq!(steuer_in(11_900, 190), 1_900);
    assert_eq!(steuer_in(10_000, 70), 654);
    assert_eq!(mit_steuer(10_000, 78), (780, 10_780));
    assert_eq!((skonto(10_000), skonto(10_025), skonto(10_024)), (200, 201, 200));
}
