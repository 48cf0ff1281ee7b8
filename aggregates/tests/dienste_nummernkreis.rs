//! Nummernkreis: every command, every refusal, and the drawing of numbers.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use aggregates::{
    Aggregate, Context, Decision, DomainError, Refusal, Refused, Shared,
    context::Counter,
    dienste::nummernkreis::{Nummernkreis, NummernkreisCommand, NummernkreisError, NummernkreisEvent},
    testing::World,
};
use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::{Value, from_value, json};

type Abgelehnt = Refused<NummernkreisError>;

fn tag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn befehl(json: Value) -> NummernkreisCommand {
    from_value(json).unwrap()
}

fn angelegt(muster: &str, start: i64, chronologisch: bool) -> NummernkreisEvent {
    NummernkreisEvent::Angelegt {
        code: "AU".to_owned(),
        muster: muster.to_owned(),
        gueltig_ab: tag("2026-03-10"),
        start,
        lueckenlos: true,
        chronologisch,
    }
}

fn au() -> NummernkreisEvent {
    angelegt("AU-{JJJJ}-{000000}", 1, false)
}

fn gesperrt() -> NummernkreisEvent {
    NummernkreisEvent::Gesperrt {
        grund: "abgelöst".to_owned(),
    }
}

fn kreis(events: Vec<NummernkreisEvent>) -> Nummernkreis {
    let mut kreis = Nummernkreis::default();
    for event in events {
        kreis.evolve(event);
    }
    kreis
}

fn anlegen(code: &str, muster: &str, start: i64) -> Value {
    json!({"Anlegen": {"code": code, "muster": muster, "start": start, "lueckenlos": true, "chronologisch": false}})
}

fn entscheiden(json: Value) -> Decision<Nummernkreis> {
    World::new().decide(&Nummernkreis::default(), befehl(json))
}

fn stand(stand: i64, datum: &str) -> Counter {
    Counter {
        stand,
        letztes_datum: Some(tag(datum)),
    }
}

/// Draws from a world whose Nummernkreis has these events; `Shared` takes the part of another aggregate's error.
fn ziehen(events: Vec<NummernkreisEvent>, zaehler: &[(i32, Counter)], tage: &[&str]) -> Result<Vec<String>, Refusal> {
    let mut world = World::new();
    let id = Nummernkreis::stream_id(world.frame.mandant_id, "AU");
    world = world.with::<Nummernkreis>(id, events);
    for (jahr, zaehler) in zaehler {
        world = world.counter("AU", *jahr, *zaehler);
    }
    let ctx = Context::new(world.id, 1, &world.frame, &world);
    let ziehe = |t: &&str| ctx.draw::<Shared>("AU", tag(t)).map(|n| n.text);
    let texte: Result<Vec<String>, Refused<Shared>> = tage.iter().map(ziehe).collect();
    texte.map_err(|abgelehnt| match abgelehnt {
        Refused::Shared(error) => Refusal::of(&error),
        andere => panic!("{andere:?}"),
    })
}

#[test]
fn ein_nummernkreis_wird_angelegt() {
    let test = World::new().test::<Nummernkreis>().given_no_previous_events();
    test.when(befehl(anlegen("AU", "AU-{JJJJ}-{000000}", 1)))
        .then_expect_events(vec![au()]);
}

#[test]
fn ein_code_mit_kleinbuchstaben_wird_abgelehnt() {
    let abgelehnt = entscheiden(anlegen("au", "{000}", 1)).unwrap_err();
    let erwartet = Shared::feld("/code", "nur Großbuchstaben, Ziffern und _");
    assert_eq!(abgelehnt, Abgelehnt::Shared(erwartet));
}

#[test]
fn ein_start_unter_eins_wird_abgelehnt() {
    let abgelehnt = entscheiden(anlegen("AU", "{000}", 0)).unwrap_err();
    let erwartet = Shared::feld("/start", "die erste Nummer ist mindestens 1");
    assert_eq!(abgelehnt, Abgelehnt::Shared(erwartet));
}

#[test]
fn ein_muster_ohne_genau_einen_zaehler_wird_abgelehnt() {
    for muster in [
        "AU",
        "{JJJJ}",
        "{}",
        "{01}",
        "{000",
        "{000}{000}",
        "{JJJJ}{JJJJ}{0}",
        "{MM}-{000}",
        "{0000000000000}",
        "A\nU{000}",
    ] {
        let abgelehnt = entscheiden(anlegen("AU", muster, 1)).unwrap_err();
        let muster = muster.to_owned();
        assert_eq!(
            abgelehnt,
            Refused::Domain(NummernkreisError::MusterOhneZaehler { muster })
        );
    }
}

#[test]
fn ein_start_der_nicht_in_das_muster_passt_ist_schon_erschoepft() {
    let erwartet = NummernkreisError::Erschoepft {
        kreis: "AU".to_owned(),
        muster: "{000}".to_owned(),
        lfd: 1000,
    };
    assert_eq!(
        entscheiden(anlegen("AU", "{000}", 1000)).unwrap_err(),
        Refused::Domain(erwartet)
    );
    assert!(entscheiden(anlegen("AU", "{000}", 999)).is_ok());
}

#[test]
fn die_id_folgt_aus_dem_code() {
    let key = Nummernkreis::stream_key(&befehl(anlegen("AU", "{000}", 1)));
    let key = key.unwrap();
    assert_eq!((key.feld, key.wert.as_str()), (Some("code"), "AU"));
    assert_eq!(
        Nummernkreis::stream_key(&befehl(json!({"Sperren": {"grund": "x"}}))),
        None
    );
}

#[test]
fn ein_muster_aendert_sich_ab_einem_tag() {
    let geaendert = |muster: &str, ab: &str| NummernkreisEvent::MusterGeaendert {
        muster: muster.to_owned(),
        gueltig_ab: tag(ab),
    };
    let test = World::new().test::<Nummernkreis>().given(vec![au()]);
    test.when(befehl(
        json!({"MusterAendern": {"muster": "A{JJJJ}{0000}", "gueltig_ab": "2026-07-01"}}),
    ))
    .then_expect_events(vec![geaendert("A{JJJJ}{0000}", "2026-07-01")]);
    let events = vec![
        au(),
        geaendert("B{JJJJ}{0000}", "2026-07-01"),
        geaendert("C{JJJJ}{0000}", "2026-03-10"),
    ];
    let tage = ["2026-01-05", "2026-06-30", "2026-07-01"];
    assert_eq!(
        ziehen(events, &[], &tage).unwrap(),
        ["C20260001", "C20260002", "B20260003"]
    );
}

#[test]
fn ein_muster_gilt_nicht_rueckwirkend() {
    let aendern = befehl(json!({"MusterAendern": {"muster": "{000}", "gueltig_ab": "2026-03-09"}}));
    let grund = "ein Muster gilt frühestens ab heute".to_owned();
    let test = World::new().test::<Nummernkreis>().given(vec![au()]);
    test.when(aendern)
        .then_expect_error(Refused::Domain(NummernkreisError::Rueckwaerts { grund }));
}

#[test]
fn auch_ein_geaendertes_muster_braucht_einen_zaehler() {
    let aendern = befehl(json!({"MusterAendern": {"muster": "AU", "gueltig_ab": "2026-07-01"}}));
    let muster = "AU".to_owned();
    let test = World::new().test::<Nummernkreis>().given(vec![au()]);
    test.when(aendern)
        .then_expect_error(Refused::Domain(NummernkreisError::MusterOhneZaehler { muster }));
}

#[test]
fn ein_jahr_wird_einmal_geschlossen() {
    let schliessen = || befehl(json!({"JahrSchliessen": {"jahr": 2025}}));
    let geschlossen = NummernkreisEvent::JahrGeschlossen { jahr: 2025 };
    let test = World::new().test::<Nummernkreis>().given(vec![au()]);
    test.when(schliessen()).then_expect_events(vec![geschlossen.clone()]);
    let fehler = NummernkreisError::JahrGeschlossen {
        kreis: "AU".to_owned(),
        jahr: 2025,
    };
    assert_eq!((fehler.code(), fehler.status()), ("NUMMERNKREIS_JAHR_GESCHLOSSEN", 409));
    let test = World::new().test::<Nummernkreis>().given(vec![au(), geschlossen]);
    test.when(schliessen()).then_expect_error(Refused::Domain(fehler));
}

#[test]
fn nur_ein_vergangenes_oder_das_laufende_jahr_wird_geschlossen() {
    for jahr in [-1, 0, 1899, 2027, 99999] {
        let text = format!("{jahr} lässt sich nicht schließen; möglich ist 1900 bis 2026");
        let test = World::new().test::<Nummernkreis>().given(vec![au()]);
        test.when(befehl(json!({"JahrSchliessen": {"jahr": jahr}})))
            .then_expect_error(Refused::Shared(Shared::feld("/jahr", text)));
    }
    let test = World::new().test::<Nummernkreis>().given(vec![au()]);
    test.when(befehl(json!({"JahrSchliessen": {"jahr": 2026}})))
        .then_expect_events(vec![NummernkreisEvent::JahrGeschlossen { jahr: 2026 }]);
}

#[test]
fn eine_luecke_wird_mit_grund_dokumentiert() {
    let luecke = |von: i64, bis: i64| {
        befehl(json!({"LueckeDokumentieren": {"jahr": 2026, "von": von, "bis": bis, "grund": "Rückspielung"}}))
    };
    let dokumentiert = NummernkreisEvent::LueckeDokumentiert {
        jahr: 2026,
        von: 4,
        bis: 6,
        grund: "Rückspielung".to_owned(),
    };
    let welt = || World::new().counter("AU", 2026, stand(9, "2026-03-01"));
    let test = welt().test::<Nummernkreis>().given(vec![au()]);
    test.when(luecke(4, 6)).then_expect_events(vec![dokumentiert.clone()]);
    let test = welt().test::<Nummernkreis>().given(vec![au(), dokumentiert.clone()]);
    let schon = Shared::feld("/von", "4 bis 6 ist schon als Lücke dokumentiert");
    test.when(luecke(6, 7)).then_expect_error(Refused::Shared(schon));
    let test = welt().test::<Nummernkreis>().given(vec![au()]);
    let grund = "10 wurde in AU für das Jahr 2026 noch nicht vergeben (Zählerstand 9) und kann keine Lücke sein";
    let nie_vergeben = NummernkreisError::Rueckwaerts {
        grund: grund.to_owned(),
    };
    test.when(luecke(9, 10))
        .then_expect_error(Refused::Domain(nie_vergeben));
    let nummern: Vec<i32> = kreis(vec![au(), dokumentiert.clone(), dokumentiert])
        .luecken
        .iter()
        .map(|l| l.nr)
        .collect();
    assert_eq!(nummern, [1, 2]);
    for (von, bis) in [(0, 1), (5, 4)] {
        let erwartet = Shared::feld("/bis", "von und bis sind Nummern mit 1 ≤ von ≤ bis");
        let test = World::new().test::<Nummernkreis>().given(vec![au()]);
        test.when(luecke(von, bis)).then_expect_error(Refused::Shared(erwartet));
    }
}

#[test]
fn ein_gesperrter_nummernkreis_nimmt_nichts_mehr_an() {
    let sperren = || befehl(json!({"Sperren": {"grund": "abgelöst"}}));
    let test = World::new().test::<Nummernkreis>().given(vec![au()]);
    test.when(sperren()).then_expect_events(vec![gesperrt()]);
    let test = World::new().test::<Nummernkreis>().given(vec![au(), gesperrt()]);
    test.when(sperren())
        .then_expect_error(Refused::Shared(Shared::status("gesperrt", &["aktiv"])));
    let abgelehnt = ziehen(vec![au(), gesperrt()], &[], &["2026-03-10"]).unwrap_err();
    assert_eq!((abgelehnt.code.as_str(), abgelehnt.status), ("STATUS_UNZULAESSIG", 409));
}

#[test]
fn ein_nummernkreis_wird_nicht_zweimal_angelegt_und_nicht_vor_dem_anlegen_gesperrt() {
    let test = World::new().test::<Nummernkreis>().given(vec![au()]);
    test.when(befehl(anlegen("AU", "{000}", 1)))
        .then_expect_error(Refused::Shared(Shared::status("aktiv", &["neu"])));
    let test = World::new().test::<Nummernkreis>().given_no_previous_events();
    test.when(befehl(json!({"Sperren": {"grund": "x"}})))
        .then_expect_error(Refused::Shared(Shared::status("neu", &["aktiv"])));
}

#[test]
fn nummern_folgen_einander_und_beginnen_im_neuen_jahr_von_vorn() {
    let zaehler = [(2026, stand(416, "2026-03-01"))];
    let tage = ["2026-03-10", "2026-03-10", "2027-01-02"];
    assert_eq!(
        ziehen(vec![au()], &zaehler, &tage).unwrap(),
        ["AU-2026-000417", "AU-2026-000418", "AU-2027-000001"]
    );
}

#[test]
fn ohne_jahr_im_muster_zaehlt_der_kreis_durch_und_beginnt_beim_start() {
    let events = vec![angelegt("{00000}", 10_000, false)];
    assert_eq!(
        ziehen(events, &[], &["2026-03-10", "2027-01-02"]).unwrap(),
        ["10000", "10001"]
    );
}

#[test]
fn ein_unbekannter_nummernkreis_wird_genannt() {
    let world = World::new();
    let ctx = Context::new(world.id, 1, &world.frame, &world);
    let abgelehnt = ctx.draw::<NummernkreisError>("XX", tag("2026-03-10")).unwrap_err();
    let meldung = "den Nummernkreis \"XX\" gibt es nicht; zuerst anlegen";
    assert_eq!(abgelehnt, Refused::Shared(Shared::feld("/belegkreis", meldung)));
}

#[test]
fn ein_erschoepfter_kreis_lehnt_mit_eigenem_code_ab() {
    let zaehler = [(2026, stand(99, "2026-03-01"))];
    let abgelehnt = ziehen(vec![angelegt("A{JJJJ}{00}", 1, false)], &zaehler, &["2026-03-10"]).unwrap_err();
    assert_eq!(
        (abgelehnt.code.as_str(), abgelehnt.status),
        ("NUMMERNKREIS_ERSCHOEPFT", 422)
    );
    assert_eq!(
        abgelehnt.daten,
        json!({"kreis": "AU", "muster": "A{JJJJ}{00}", "lfd": 100})
    );
    assert!(abgelehnt.detail.contains("erschöpft"));
}

#[test]
fn ein_geschlossenes_jahr_gibt_keine_nummern_mehr() {
    let events = vec![au(), NummernkreisEvent::JahrGeschlossen { jahr: 2025 }];
    let abgelehnt = ziehen(events.clone(), &[], &["2025-12-31"]).unwrap_err();
    assert_eq!(
        (abgelehnt.code.as_str(), abgelehnt.status),
        ("NUMMERNKREIS_JAHR_GESCHLOSSEN", 409)
    );
    assert_eq!(abgelehnt.daten, json!({"kreis": "AU", "jahr": 2025}));
    assert!(ziehen(events, &[], &["2026-01-01"]).is_ok());
}

#[test]
fn in_einem_chronologischen_kreis_geht_das_datum_nicht_zurueck() {
    let events = vec![angelegt("AU-{JJJJ}-{000000}", 1, true)];
    let zaehler = [(2026, stand(3, "2026-03-05"))];
    let abgelehnt = ziehen(events.clone(), &zaehler, &["2026-03-04"]).unwrap_err();
    assert_eq!(
        (abgelehnt.code.as_str(), abgelehnt.status),
        ("NUMMERNKREIS_RUECKWAERTS", 422)
    );
    let abgelehnt = ziehen(events.clone(), &zaehler, &["2026-03-06", "2026-03-05"]).unwrap_err();
    assert_eq!(abgelehnt.code, "NUMMERNKREIS_RUECKWAERTS");
    assert!(ziehen(events, &zaehler, &["2026-03-05", "2026-03-05"]).is_ok());
}

proptest! {
    #[test]
    fn gezogene_nummern_sind_verschieden_und_lueckenlos(anzahl in 1_usize..40, start in 1_i64..50) {
        let tage = vec!["2026-03-10"; anzahl];
        let texte = ziehen(vec![angelegt("{JJJJ}{00}", start, true)], &[], &tage).unwrap();
        let ende = start + i64::try_from(anzahl).unwrap();
        let erwartet: Vec<String> = (start..ende).map(|n| format!("2026{n:02}")).collect();
        prop_assert_eq!(texte, erwartet);
    }

    #[test]
    fn kein_muster_bringt_das_anlegen_zum_absturz(muster in "[{}0J\\-Aä]{1,20}") {
        let _ = entscheiden(anlegen("AU", &muster, 1));
    }
}
