//! The plan by itself, and carried out against a company in memory.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    fibu::{kontenplan::Rahmen, vorlage},
    types::{Betrag, Dezimal},
};

use serde_json::Value;

use super::{
    beleg::{steuer_auf, steuer_in},
    *,
};
use crate::{import::testhaus::Testhaus, portal::Portal};

fn plan(belege: usize) -> DemoPlan {
    DemoPlan {
        mandant_id: Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001),
        belege,
        seed: 42,
        heute: tag(2026, 11, 24),
    }
}

fn text(auftraege: impl IntoIterator<Item = Auftrag>) -> Vec<String> {
    auftraege.into_iter().map(|a| format!("{a:?}")).collect()
}

fn cent(zeile: &Value) -> i64 {
    let betrag: Dezimal = zeile["betrag"].as_str().unwrap().parse().unwrap();
    Betrag::exact(betrag).unwrap().as_cent()
}

#[test]
fn derselbe_plan_gibt_dieselben_befehle() {
    assert_eq!(text(plan(1_000).belege()), text(plan(1_000).belege()));
    assert_eq!(text(plan(1_000).stammdaten()), text(plan(1_000).stammdaten()));
    let anderer = DemoPlan {
        seed: 43,
        ..plan(1_000)
    };
    assert_ne!(text(plan(1_000).belege()), text(anderer.belege()));
}

#[test]
fn n_belege_sind_n_mit_eigenen_ids_und_steigendem_datum() {
    for n in [0, 1, 2, 3, 100, 5_000] {
        let belege: Vec<Auftrag> = plan(n).belege().collect();
        assert_eq!(belege.len(), n);
        let ids: BTreeSet<Uuid> = belege.iter().filter_map(|a| a.id).collect();
        assert_eq!(ids.len(), n);
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        let daten: Vec<&str> = belege
            .iter()
            .map(|a| a.daten["buchungsdatum"].as_str().unwrap())
            .collect();
        assert!(daten.is_sorted());
        assert!(daten.iter().all(|d| *d <= "2026-11-24"));
    }
    let letzter = plan(100).belege().last().unwrap();
    assert_eq!(letzter.daten["buchungsdatum"], "2026-11-24");
}

#[test]
fn nach_dem_ende_des_jahres_endet_die_vorfuehrung_mit_ihm() {
    let spaeter = DemoPlan {
        heute: tag(2028, 2, 29),
        ..plan(50)
    };
    assert_eq!(spaeter.ende(), tag(2026, 12, 31));
    assert_eq!(plan(50).ende(), tag(2026, 11, 24));
    let letzter = spaeter.belege().last().unwrap();
    assert_eq!(letzter.daten["buchungsdatum"], "2026-12-31");
}

#[test]
fn jeder_beleg_ist_ausgeglichen_und_positiv() {
    for auftrag in plan(5_000).belege() {
        let zeilen = auftrag.daten["zeilen"].as_array().unwrap();
        let saldo: i64 = zeilen
            .iter()
            .map(|z| if z["seite"] == "soll" { cent(z) } else { -cent(z) })
            .sum();
        assert_eq!(saldo, 0, "{auftrag:?}");
        assert!(zeilen.iter().all(|z| cent(z) > 0), "{auftrag:?}");
    }
}

#[test]
fn konten_und_schluessel_kommen_aus_dem_kontenplan() {
    let konten: BTreeSet<String> = vorlage::konten(Rahmen::Skr04).into_iter().map(|k| k.konto_nr).collect();
    let schluessel: BTreeSet<String> = vorlage::schluessel(Rahmen::Skr04).into_iter().map(|s| s.code).collect();
    let stammdaten = plan(5_000).stammdaten();
    let partner: BTreeSet<&str> = stammdaten.iter().filter_map(|a| a.daten["nr"].as_str()).collect();
    let mut kreise: BTreeMap<String, usize> = BTreeMap::new();
    for auftrag in plan(5_000).belege() {
        *kreise.entry(auftrag.daten["belegkreis"].to_string()).or_default() += 1;
        for zeile in auftrag.daten["zeilen"].as_array().unwrap() {
            if let Some(konto) = zeile["konto"].as_str() {
                assert!(konten.contains(konto), "{konto}");
            }
            if let Some(nr) = zeile["personenkonto"].as_str() {
                assert!(partner.contains(nr), "{nr}");
            }
            if let Some(code) = zeile["schluessel"].as_str() {
                assert!(schluessel.contains(code), "{code}");
            }
        }
    }
    assert_eq!(kreise.len(), 7, "AG, AR, BK, EB, ER, KA, MB: {kreise:?}");
}

#[test]
fn bank_und_kasse_bleiben_im_plus() {
    for n in [500, 20_000] {
        let mut salden: BTreeMap<String, i64> = BTreeMap::new();
        for auftrag in plan(n).belege() {
            for zeile in auftrag.daten["zeilen"].as_array().unwrap() {
                let betrag = if zeile["seite"] == "soll" {
                    cent(zeile)
                } else {
                    -cent(zeile)
                };
                if let Some(konto) = zeile["konto"].as_str() {
                    *salden.entry(konto.to_owned()).or_default() += betrag;
                }
            }
            assert!(salden["1800"] > 0 && salden["1600"] > 0, "{auftrag:?}");
        }
        assert_eq!(salden["9000"], 0);
    }
}

#[test]
fn steuer_wird_kaufmaennisch_gerundet() {
    assert_eq!(steuer_auf(10_000, 190), 1_900);
    assert_eq!(steuer_auf(50, 70), 4);
    assert_eq!(steuer_in(11_900, 190), 1_900);
    assert_eq!(steuer_in(10_000, 70), 654);
    assert_eq!(steuer_in(10_000, 0), 0);
}

#[tokio::test]
async fn das_haus_nimmt_alle_befehle_an_und_ein_zweiter_lauf_schreibt_nichts() {
    let haus = Testhaus::neu(tag(2026, 11, 24));
    let plan = DemoPlan {
        mandant_id: haus.mandant_id(),
        ..plan(1_200)
    };
    let mut auftraege = plan.stammdaten();
    auftraege.extend(plan.belege());
    for lauf in 0..2 {
        for stapel in auftraege.chunks(200) {
            for (auftrag, antwort) in stapel.iter().zip(haus.senden(stapel.to_vec()).await.unwrap()) {
                let antwort = antwort.unwrap_or_else(|refusal| panic!("{refusal}: {auftrag:?}"));
                assert_eq!(antwort.wiederholt, lauf == 1);
            }
        }
    }
    assert_eq!(haus.belege().len(), 1_200);
}
