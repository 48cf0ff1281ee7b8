//! Geschaeftsjahr: every command, every refusal, and periods without gap.
#![allow(missing_docs, clippy::unwrap_used)]

use aggregates::{
    Aggregate, Decision, DomainError, Refused, Shared,
    fibu::geschaeftsjahr::{
        Geschaeftsjahr, GeschaeftsjahrArt, GeschaeftsjahrCommand, GeschaeftsjahrError, GeschaeftsjahrEvent,
        PeriodeStatus,
    },
    testing::World,
    types::{Betrag, Stufe},
};
use chrono::{Datelike, Months, NaiveDate};
use proptest::prelude::*;
use serde_json::{Value, from_value, json};
use uuid::Uuid;

fn tag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn befehl(json: Value) -> GeschaeftsjahrCommand {
    from_value(json).unwrap()
}

fn anlegen(beginn: &str, ende: &str) -> GeschaeftsjahrCommand {
    befehl(json!({"Anlegen": {"beginn": beginn, "ende": ende}}))
}

fn entscheiden(world: &World, beginn: &str, ende: &str) -> Decision<Geschaeftsjahr> {
    world.decide(&Geschaeftsjahr::default(), anlegen(beginn, ende))
}

fn jahr(events: Vec<GeschaeftsjahrEvent>) -> Geschaeftsjahr {
    let mut jahr = Geschaeftsjahr::default();
    for event in events {
        jahr.evolve(event);
    }
    jahr
}

/// A world with these years, in this order.
fn welt(jahre: &[(&str, &str)]) -> World {
    jahre.iter().zip(1..).fold(World::new(), |world, ((beginn, ende), nr)| {
        let events = entscheiden(&world, beginn, ende).unwrap();
        world.with::<Geschaeftsjahr>(Uuid::from_u128(nr), events)
    })
}

fn angelegt_2026() -> GeschaeftsjahrEvent {
    let events = entscheiden(&World::new(), "2026-01-01", "2026-12-31").unwrap();
    events.into_iter().next().unwrap()
}

fn eroeffnet() -> Vec<GeschaeftsjahrEvent> {
    vec![angelegt_2026(), GeschaeftsjahrEvent::Eroeffnet {}]
}

fn festgeschrieben(nr: u8) -> GeschaeftsjahrEvent {
    GeschaeftsjahrEvent::PeriodeFestgeschrieben {
        nr,
        bis_log_position: "41".to_owned(),
        baum_groesse: "41".to_owned(),
        wurzel: "ab".repeat(32),
        anzahl: Some(0),
        summe_soll: Some(Betrag::NULL),
        summe_haben: Some(Betrag::NULL),
    }
}

fn gesperrt(nr: u8) -> GeschaeftsjahrEvent {
    GeschaeftsjahrEvent::PeriodeGesperrt { nr, grund: None }
}

fn sperren(nr: u8) -> GeschaeftsjahrCommand {
    befehl(json!({"PeriodeSperren": {"nr": nr}}))
}

fn oeffnen(nr: u8) -> GeschaeftsjahrCommand {
    befehl(json!({"PeriodeOeffnen": {"nr": nr, "grund": "Nachbuchung"}}))
}

fn festschreiben(nr: u8) -> GeschaeftsjahrCommand {
    befehl(json!({"PeriodeFestschreiben": {"nr": nr}}))
}

fn erwarte_fehler(
    gegeben: Vec<GeschaeftsjahrEvent>,
    command: GeschaeftsjahrCommand,
    fehler: impl Into<Refused<GeschaeftsjahrError>>,
) {
    let test = World::new().test::<Geschaeftsjahr>().given(gegeben);
    test.when(command).then_expect_error(fehler.into());
}

#[test]
fn ein_kalenderjahr_hat_vierzehn_perioden() {
    let jahr = jahr(vec![angelegt_2026()]);
    assert_eq!(
        (jahr.bezeichnung.as_str(), jahr.art, jahr.erstes),
        ("2026", GeschaeftsjahrArt::Normal, true)
    );
    assert_eq!(
        jahr.perioden.iter().map(|p| p.nr).collect::<Vec<_>>(),
        (0..=13).collect::<Vec<u8>>()
    );
    let spanne = |nr| jahr.periode(nr).map(|p| (p.von, p.bis)).unwrap();
    assert_eq!(spanne(0), (tag("2026-01-01"), tag("2026-01-01")));
    assert_eq!(spanne(2), (tag("2026-02-01"), tag("2026-02-28")));
    assert_eq!(spanne(13), (tag("2026-12-31"), tag("2026-12-31")));
}

#[test]
fn ein_jahr_darf_im_juli_beginnen() {
    let jahr = jahr(entscheiden(&World::new(), "2025-07-01", "2026-06-30").unwrap());
    assert_eq!(
        (jahr.bezeichnung.as_str(), jahr.art),
        ("2025/2026", GeschaeftsjahrArt::Normal)
    );
    assert_eq!(jahr.periode_am(tag("2025-07-31")).map(|p| p.nr), Some(1));
    assert_eq!(jahr.periode_am(tag("2026-06-30")).map(|p| p.nr), Some(12));
    assert_eq!(jahr.periode_am(tag("2026-07-01")), None);
    assert_eq!(jahr.periode(14), None);
}

#[test]
fn das_erste_jahr_darf_im_monat_beginnen_und_ist_dann_ein_rumpfjahr() {
    let jahr = jahr(entscheiden(&World::new(), "2026-03-15", "2026-12-31").unwrap());
    assert_eq!(jahr.art, GeschaeftsjahrArt::Rumpf);
    assert_eq!(jahr.perioden.len(), 12);
    assert_eq!(
        jahr.periode_am(tag("2026-03-15")).map(|p| (p.nr, p.von)),
        Some((1, tag("2026-03-15")))
    );
    assert_eq!(jahr.periode_am(tag("2026-03-14")), None);
    assert_eq!(jahr.periode(11), None);
    assert_eq!(jahr.periode(13).map(|p| p.von), Some(tag("2026-12-31")));
}

#[test]
fn eine_bezeichnung_kann_vorgegeben_werden() {
    let command = befehl(json!({"Anlegen": {"bezeichnung": "GJ 26", "beginn": "2026-01-01", "ende": "2026-12-31"}}));
    let events = World::new().decide(&Geschaeftsjahr::default(), command).unwrap();
    assert_eq!(jahr(events).bezeichnung, "GJ 26");
}

#[test]
fn jeder_monat_und_das_erste_jahr_sind_schluessel() {
    let erstes = jahr(vec![angelegt_2026()]);
    assert_eq!(erstes.keys().len(), 13);
    assert!(
        erstes
            .keys()
            .iter()
            .any(|k| k.scope == Geschaeftsjahr::KEY_MONAT && k.wert == "2026-03")
    );
    let world = welt(&[("2026-01-01", "2026-12-31")]);
    let zweites = jahr(entscheiden(&world, "2027-01-01", "2027-12-31").unwrap());
    assert!(!zweites.erstes);
    assert_eq!(zweites.keys().len(), 12);
    assert_eq!(Geschaeftsjahr::default().keys(), Vec::new());
}

#[test]
fn ein_ende_vor_dem_beginn_wird_abgelehnt() {
    let abgelehnt = entscheiden(&World::new(), "2026-01-31", "2025-12-31").unwrap_err();
    let erwartet = Shared::feld("/ende", "das Ende liegt vor dem Beginn");
    assert_eq!(abgelehnt, Refused::Shared(erwartet));
}

#[test]
fn ein_ende_im_monat_wird_abgelehnt() {
    let abgelehnt = entscheiden(&World::new(), "2026-01-01", "2026-12-30").unwrap_err();
    let erwartet = Shared::feld("/ende", "ein Geschäftsjahr endet mit dem letzten Tag eines Monats");
    assert_eq!(abgelehnt, Refused::Shared(erwartet));
}

#[test]
fn mehr_als_zwoelf_monate_sind_zu_lang() {
    for (beginn, ende) in [
        ("2026-01-01", "2027-01-31"),
        ("2026-01-15", "2027-01-31"),
        ("2026-01-01", "9999-12-31"),
    ] {
        let (b, e) = (tag(beginn), tag(ende));
        let erwartet = GeschaeftsjahrError::Laenge { beginn: b, ende: e };
        let abgelehnt = entscheiden(&World::new(), beginn, ende).unwrap_err();
        assert_eq!(abgelehnt, Refused::Domain(erwartet));
    }
}

#[test]
fn nur_das_erste_jahr_beginnt_im_monat() {
    let world = welt(&[("2026-01-01", "2026-12-31")]);
    let abgelehnt = entscheiden(&world, "2027-01-02", "2027-12-31").unwrap_err();
    let meldung = "nur das erste Geschäftsjahr beginnt innerhalb eines Monats";
    assert_eq!(abgelehnt, Refused::Shared(Shared::feld("/beginn", meldung)));
}

#[test]
fn jahre_ueberlappen_nicht() {
    let world = welt(&[("2026-01-01", "2026-12-31")]);
    let abgelehnt = entscheiden(&world, "2026-12-01", "2027-11-30").unwrap_err();
    let erwartet = GeschaeftsjahrError::Ueberlappung {
        monat: "2026-12".to_owned(),
        bezeichnung: "2026".to_owned(),
    };
    assert_eq!(erwartet.code(), "GESCHAEFTSJAHR_UEBERLAPPUNG");
    assert_eq!(abgelehnt, Refused::Domain(erwartet));
}

#[test]
fn zwischen_jahren_ist_keine_luecke() {
    let world = welt(&[("2026-01-01", "2026-12-31")]);
    let erwartet = GeschaeftsjahrError::Luecke {
        beginn: tag("2027-02-01"),
        ende: tag("2027-12-31"),
    };
    let abgelehnt = entscheiden(&world, "2027-02-01", "2027-12-31").unwrap_err();
    assert_eq!(abgelehnt, Refused::Domain(erwartet));
    assert!(entscheiden(&world, "2027-01-01", "2027-06-30").is_ok());
    assert!(entscheiden(&world, "2025-01-01", "2025-12-31").is_ok());
}

#[test]
fn vor_einem_ersten_jahr_das_im_monat_beginnt_liegt_keines() {
    let world = welt(&[("2026-03-15", "2026-12-31")]);
    let abgelehnt = entscheiden(&world, "2026-01-01", "2026-02-28").unwrap_err();
    assert!(matches!(abgelehnt, Refused::Domain(GeschaeftsjahrError::Luecke { .. })));
}

#[test]
fn ein_jahr_am_rand_des_kalenders_ist_kein_absturz() {
    let letztes = NaiveDate::MAX.with_day(31).unwrap();
    let command = GeschaeftsjahrCommand::Anlegen {
        bezeichnung: None,
        beginn: letztes.with_day(1).unwrap(),
        ende: letztes,
    };
    let world = welt(&[("2026-01-01", "2026-12-31")]);
    assert!(world.decide(&Geschaeftsjahr::default(), command).is_err());
}

#[test]
fn ein_geplantes_jahr_wird_einmal_eroeffnet() {
    let test = World::new().test::<Geschaeftsjahr>().given(vec![angelegt_2026()]);
    test.when(GeschaeftsjahrCommand::Eroeffnen {})
        .then_expect_events(vec![GeschaeftsjahrEvent::Eroeffnet {}]);
    let fehler = Shared::status("eroeffnet", &["geplant"]);
    erwarte_fehler(eroeffnet(), GeschaeftsjahrCommand::Eroeffnen {}, fehler);
}

#[test]
fn ein_jahr_wird_nicht_zweimal_angelegt_und_vorher_nicht_gesperrt() {
    let fehler = Shared::status("geplant", &["neu"]);
    erwarte_fehler(vec![angelegt_2026()], anlegen("2026-01-01", "2026-12-31"), fehler);
    erwarte_fehler(vec![], sperren(1), Shared::status("neu", &["geplant", "eroeffnet"]));
    erwarte_fehler(vec![], oeffnen(1), Shared::status("neu", &["geplant", "eroeffnet"]));
}

#[test]
fn eine_offene_periode_wird_gesperrt_und_wieder_geoeffnet() {
    let test = World::new().test::<Geschaeftsjahr>().given(eroeffnet());
    test.when(befehl(json!({"PeriodeSperren": {"nr": 3, "grund": "UStVA abgegeben"}})))
        .then_expect_events(vec![GeschaeftsjahrEvent::PeriodeGesperrt {
            nr: 3,
            grund: Some("UStVA abgegeben".to_owned()),
        }]);
    let mut gegeben = eroeffnet();
    gegeben.push(gesperrt(3));
    assert_eq!(
        jahr(gegeben.clone()).periode(3).unwrap().status,
        PeriodeStatus::Gesperrt
    );
    let geoeffnet = GeschaeftsjahrEvent::PeriodeGeoeffnet {
        nr: 3,
        grund: "Nachbuchung".to_owned(),
    };
    let test = World::new().test::<Geschaeftsjahr>().given(gegeben.clone());
    test.when(oeffnen(3)).then_expect_events(vec![geoeffnet.clone()]);
    gegeben.push(geoeffnet);
    assert_eq!(jahr(gegeben).periode(3).unwrap().status, PeriodeStatus::Offen);
}

#[test]
fn eine_gesperrte_periode_wird_nicht_noch_einmal_gesperrt() {
    let mut gegeben = eroeffnet();
    gegeben.push(gesperrt(3));
    erwarte_fehler(gegeben, sperren(3), Shared::status("gesperrt", &["offen"]));
    erwarte_fehler(eroeffnet(), oeffnen(3), Shared::status("offen", &["gesperrt"]));
}

#[test]
fn eine_unbekannte_periode_wird_genannt() {
    for command in [sperren(14), oeffnen(14), festschreiben(14)] {
        erwarte_fehler(eroeffnet(), command, GeschaeftsjahrError::PeriodeUnbekannt { nr: 14 });
    }
}

#[test]
fn perioden_werden_der_reihe_nach_mit_baum_und_wurzel_festgeschrieben() {
    let test = World::new().test::<Geschaeftsjahr>().given(eroeffnet());
    test.when(festschreiben(0)).then_expect_events(vec![festgeschrieben(0)]);
    let mut gegeben = eroeffnet();
    gegeben.extend([festgeschrieben(0), gesperrt(1)]);
    let test = World::new().test::<Geschaeftsjahr>().given(gegeben.clone());
    test.when(festschreiben(1)).then_expect_events(vec![festgeschrieben(1)]);
    gegeben.push(festgeschrieben(1));
    let jahr = jahr(gegeben);
    let periode = jahr.periode(1).unwrap();
    assert_eq!(periode.status, PeriodeStatus::Festgeschrieben);
    assert_eq!(periode.baum_groesse.as_deref(), Some("41"));
    assert_eq!(periode.wurzel.as_deref(), Some("ab".repeat(32).as_str()));
}

#[test]
fn das_siegel_nennt_zahl_und_summen_der_buchungen_aus_dem_journal() {
    let umfang = |wert: Value| World::new().fact("periode_umfang", "2026-01-01/1", wert);
    let mut gegeben = eroeffnet();
    gegeben.push(festgeschrieben(0));
    // Two vouchers of 119.00 gross, one of them reversed.
    let welt = umfang(json!({"anzahl": 3, "soll": "119.00", "haben": "119.00"}));
    let events = welt.decide(&jahr(gegeben.clone()), festschreiben(1)).unwrap();
    let mit = jahr([gegeben.clone(), events].concat());
    let periode = mit.periode(1).unwrap();
    let summe = Some(Betrag::cent(11_900));
    assert_eq!(
        (periode.anzahl, periode.summe_soll, periode.summe_haben),
        (Some(3), summe, summe)
    );
    let unlesbar = umfang(json!({"anzahl": 1, "soll": "viel", "haben": "0.00"}));
    assert!(unlesbar.decide(&jahr(gegeben), festschreiben(1)).is_err());
}

#[test]
fn was_auf_einem_personenkonto_nicht_abgestimmt_ist_wird_nicht_festgeschrieben() {
    let abweichung = json!({"konto": "10001", "saldo": "119.00", "posten": "100.00"});
    let welt = World::new().fact("op_abweichung", "personen", abweichung);
    let fehler = welt.decide(&jahr(eroeffnet()), festschreiben(1)).unwrap_err();
    let erwartet = GeschaeftsjahrError::PeriodeOpAbweichung {
        nr: 1,
        konto: "10001".into(),
        saldo: Betrag::cent(11_900),
        posten: Betrag::cent(10_000),
    };
    assert_eq!(erwartet.code(), "PERIODE_OP_ABWEICHUNG");
    assert_eq!(fehler, erwartet.into());
    let unlesbar = World::new().fact("op_abweichung", "personen", json!("viel"));
    assert!(unlesbar.decide(&jahr(eroeffnet()), festschreiben(1)).is_err());
}

#[test]
fn vor_dem_festschreiben_einer_periode_die_noch_laeuft_wird_gewarnt() {
    let mut gegeben = eroeffnet();
    gegeben.extend([festgeschrieben(0), festgeschrieben(1)]);
    let jahr = jahr(gegeben);
    let warnungen = |heute: &str| {
        let welt = World::new().heute(tag(heute));
        welt.decide(&jahr, festschreiben(2)).unwrap();
        let warnungen = welt.effects().warnings;
        warnungen.into_iter().map(|w| w.code).collect::<Vec<_>>()
    };
    assert_eq!(
        warnungen("2026-02-28"),
        ["PERIODE_NICHT_BEENDET"],
        "its last day is not over"
    );
    assert!(warnungen("2026-03-01").is_empty());
}

#[test]
fn keine_periode_wird_vor_einer_frueheren_festgeschrieben() {
    let mut gegeben = eroeffnet();
    // The opening stays open for opening balances: it neither waits nor is waited for.
    gegeben.extend([festgeschrieben(1), gesperrt(2)]);
    for nr in [3, 13] {
        let fehler = GeschaeftsjahrError::PeriodeReihenfolge { nr, offen: 2 };
        assert_eq!(
            (fehler.code(), fehler.data()),
            ("PERIODE_REIHENFOLGE", json!({"nr": nr, "offen": 2}))
        );
        erwarte_fehler(gegeben.clone(), festschreiben(nr), fehler);
    }
}

#[test]
fn was_festgeschrieben_ist_bleibt_es() {
    let mut gegeben = eroeffnet();
    gegeben.push(festgeschrieben(0));
    for command in [sperren(0), oeffnen(0), festschreiben(0)] {
        erwarte_fehler(
            gegeben.clone(),
            command,
            GeschaeftsjahrError::PeriodeFestgeschrieben { nr: 0 },
        );
    }
}

#[test]
fn vor_dem_eroeffnen_wird_nichts_festgeschrieben() {
    let fehler = Shared::status("geplant", &["eroeffnet"]);
    erwarte_fehler(vec![angelegt_2026()], festschreiben(0), fehler);
}

#[test]
fn oeffnen_und_festschreiben_brauchen_admin() {
    assert_eq!(Geschaeftsjahr::stufe("PeriodeSperren"), Stufe::Write);
    assert_eq!(Geschaeftsjahr::stufe("PeriodeOeffnen"), Stufe::Admin);
    assert_eq!(Geschaeftsjahr::stufe("PeriodeFestschreiben"), Stufe::Admin);
}

proptest! {
    #[test]
    fn jeder_tag_eines_jahres_liegt_in_genau_einer_monatsperiode(
        versatz in 0_u32..1200, monate in 1_u32..=12, tag_im_monat in 1_u32..=28,
    ) {
        let erster = tag("1990-01-01") + Months::new(versatz);
        let beginn = erster.with_day(tag_im_monat).unwrap();
        let ende = (erster + Months::new(monate)).pred_opt().unwrap();
        let command = GeschaeftsjahrCommand::Anlegen { bezeichnung: None, beginn, ende };
        let jahr = jahr(World::new().decide(&Geschaeftsjahr::default(), command).unwrap());
        for tag in beginn.iter_days().take_while(|t| *t <= ende) {
            let treffer = jahr.perioden.iter().filter(|p| (1..=12).contains(&p.nr) && (p.von..=p.bis).contains(&tag));
            prop_assert_eq!(treffer.count(), 1);
            let periode = jahr.periode_am(tag).unwrap();
            prop_assert_eq!(periode.von.month(), tag.month());
            let schluessel = Geschaeftsjahr::monat(tag);
            prop_assert!(jahr.keys().iter().any(|k| k.wert == schluessel));
        }
    }
}
