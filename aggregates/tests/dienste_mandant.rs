//! Mandant: every command and every refusal.
#![allow(missing_docs, clippy::unwrap_used)]

use aggregates::{
    Aggregate, Decision, Key, Refused, Shared,
    dienste::mandant::{Anschrift, Mandant, MandantCommand, MandantError, MandantEvent, Stammdaten},
    policy::{Kind, PolicyContext},
    testing::World,
    types::{Stufe, Text},
};
use serde_json::{Value, from_value, json};

type Abgelehnt = Refused<MandantError>;

fn befehl(json: Value) -> MandantCommand {
    from_value(json).unwrap()
}

fn stammdaten(firma: &str) -> Stammdaten {
    Stammdaten {
        firma: Text::cut(firma),
        ..Stammdaten::default()
    }
}

fn angelegt() -> MandantEvent {
    MandantEvent::Angelegt {
        kuerzel: "VALEO".to_owned(),
        stammdaten: stammdaten("Valeo Landhandel GmbH"),
        hauswaehrung: "EUR".to_owned(),
    }
}

fn stillgelegt() -> MandantEvent {
    MandantEvent::Stillgelegt {
        grund: "verkauft".to_owned(),
    }
}

fn anlegen(kuerzel: &str) -> Value {
    json!({"Anlegen": {"kuerzel": kuerzel, "stammdaten": {"firma": "Valeo Landhandel GmbH"}}})
}

fn entscheiden(json: Value) -> Decision<Mandant> {
    World::new().decide(&Mandant::default(), befehl(json))
}

#[test]
fn ein_mandant_wird_mit_grossem_kuerzel_in_euro_angelegt() {
    let test = World::new().test::<Mandant>().given_no_previous_events();
    test.when(befehl(anlegen("Valeo"))).then_expect_events(vec![angelegt()]);
}

#[test]
fn ein_kuerzel_besteht_nur_aus_buchstaben_und_ziffern() {
    for kuerzel in ["Va leo", "Välio", "V-1"] {
        let abgelehnt = entscheiden(anlegen(kuerzel)).unwrap_err();
        let erwartet = Shared::feld("/kuerzel", "nur Buchstaben und Ziffern ohne Umlaute");
        assert_eq!(abgelehnt, Abgelehnt::Shared(erwartet), "{kuerzel}");
    }
}

#[test]
fn eine_fremde_hauswaehrung_wird_abgelehnt() {
    let mut json = anlegen("Valeo");
    json["Anlegen"]["hauswaehrung"] = json!("CHF");
    let hauswaehrung = "CHF".to_owned();
    let erwartet = Refused::Domain(MandantError::Hauswaehrung { hauswaehrung });
    assert_eq!(entscheiden(json).unwrap_err(), erwartet);
}

#[test]
fn eine_falsche_ust_id_wird_abgelehnt_und_eine_richtige_ohne_leerzeichen_gefuehrt() {
    let mut json = anlegen("Valeo");
    json["Anlegen"]["stammdaten"]["ust_id"] = json!("DE136695977");
    let feld = "/stammdaten/ust_id".to_owned();
    let erwartet = Abgelehnt::Shared(Shared::UstIdUngueltig { feld });
    assert_eq!(entscheiden(json.clone()).unwrap_err(), erwartet);
    json["Anlegen"]["stammdaten"]["ust_id"] = json!("de 136 695 976");
    let mut mandant = Mandant::default();
    for event in entscheiden(json).unwrap() {
        mandant.evolve(event);
    }
    assert_eq!(mandant.ust_id.as_deref(), Some("DE136695976"));
}

#[test]
fn ein_land_das_kein_iso_code_ist_wird_abgelehnt() {
    let mut json = anlegen("Valeo");
    json["Anlegen"]["stammdaten"]["anschrift"] = json!({"plz": "26721", "ort": "Emden", "land": "de"});
    let meldung = "das Land ist ein ISO-Code aus zwei Großbuchstaben, z. B. DE";
    let erwartet = Abgelehnt::Shared(Shared::feld("/stammdaten/anschrift/land", meldung));
    assert_eq!(entscheiden(json).unwrap_err(), erwartet);
}

#[test]
fn stammdaten_werden_im_ganzen_ersetzt() {
    let anschrift = Anschrift {
        strasse: Some(Text::cut("Hafenstr. 1")),
        plz: Text::cut("26721"),
        ort: Text::cut("Emden"),
        land: Text::cut("DE"),
    };
    let neu = Stammdaten {
        anschrift: Some(anschrift),
        steuernummer: Some(Text::cut("58/200/12345")),
        ..stammdaten("Valeo AG")
    };
    let world = World::new();
    let ab = world.frame.heute;
    let geaendert = MandantEvent::StammdatenGeaendert {
        ab,
        stammdaten: neu.clone(),
    };
    let aendern = MandantCommand::StammdatenAendern { ab, stammdaten: neu };
    let test = world.test::<Mandant>().given(vec![angelegt()]);
    test.when(aendern).then_expect_events(vec![geaendert.clone()]);
    let mut mandant = Mandant::default();
    for event in [angelegt(), geaendert] {
        mandant.evolve(event);
    }
    assert_eq!(mandant.firma, "Valeo AG");
    assert_eq!(mandant.ort.as_deref(), Some("Emden"));
    assert_eq!(mandant.stammdaten_ab, Some(ab));
    mandant.evolve(MandantEvent::StammdatenGeaendert {
        ab,
        stammdaten: stammdaten("Valeo SE"),
    });
    assert_eq!((mandant.ort, mandant.steuernummer), (None, None));
}

#[test]
fn stammdaten_gelten_nicht_rueckwirkend() {
    let aendern = befehl(json!({"StammdatenAendern": {"ab": "2026-03-09", "stammdaten": {"firma": "Valeo AG"}}}));
    let meldung = "Stammdaten gelten frühestens ab heute";
    let test = World::new().test::<Mandant>().given(vec![angelegt()]);
    test.when(aendern)
        .then_expect_error(Refused::Shared(Shared::feld("/ab", meldung)));
}

#[test]
fn ein_stillgelegter_mandant_nimmt_keine_befehle_mehr_an() {
    let stilllegen = || befehl(json!({"Stilllegen": {"grund": "verkauft"}}));
    let test = World::new().test::<Mandant>().given(vec![angelegt()]);
    test.when(stilllegen()).then_expect_events(vec![stillgelegt()]);
    let test = World::new().test::<Mandant>().given(vec![angelegt(), stillgelegt()]);
    test.when(stilllegen())
        .then_expect_error(Refused::Shared(Shared::status("stillgelegt", &["aktiv"])));
}

#[test]
fn ein_mandant_wird_nicht_zweimal_angelegt_und_nicht_vor_dem_anlegen_geaendert() {
    let test = World::new().test::<Mandant>().given(vec![angelegt()]);
    test.when(befehl(anlegen("Valeo")))
        .then_expect_error(Refused::Shared(Shared::status("aktiv", &["neu"])));
    let test = World::new().test::<Mandant>().given_no_previous_events();
    test.when(befehl(json!({"Stilllegen": {"grund": "verkauft"}})))
        .then_expect_error(Refused::Shared(Shared::status("neu", &["aktiv"])));
}

#[test]
fn das_kuerzel_bleibt_auch_nach_der_stilllegung_vergeben() {
    let mut mandant = Mandant::default();
    assert_eq!(mandant.keys(), Vec::new());
    for event in [angelegt(), stillgelegt()] {
        mandant.evolve(event);
        assert_eq!(mandant.keys(), vec![Key::new(Mandant::KEY_KUERZEL, "kuerzel", "VALEO")]);
    }
}

#[test]
fn jeder_befehl_braucht_admin() {
    for befehl in ["Anlegen", "StammdatenAendern", "Stilllegen"] {
        assert_eq!(Mandant::stufe(befehl), Stufe::Admin);
    }
}

#[test]
fn ein_neuer_mandant_bekommt_seine_nummernkreise() {
    let registry = aggregates::registry();
    let world = World::new();
    let ctx = PolicyContext {
        mandant_id: uuid::Uuid::nil(),
        id: world.id,
        event_id: world.id,
        zeit: world.frame.jetzt,
        heute: world.frame.heute,
    };
    let policy = registry.policies(Kind::Following, Mandant::TYPE).next().unwrap();
    let folgen = policy.react(&angelegt(), &ctx);
    assert!(folgen.len() >= 10);
    assert!(
        folgen
            .iter()
            .all(|f| f.typ == "nummernkreis" && f.mandant_id == Some(world.id))
    );
    let kreis = registry.entry("nummernkreis").unwrap();
    for folge in &folgen {
        assert_eq!(kreis.derived_id(&folge.command, world.id), Some(folge.id));
    }
    assert!(policy.react(&stillgelegt(), &ctx).is_empty());
}
