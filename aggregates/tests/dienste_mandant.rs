//! Mandant: every command and every refusal.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

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
        ab: World::new().frame.heute,
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

fn falten(events: Vec<MandantEvent>) -> Mandant {
    let mut mandant = Mandant::default();
    for event in events {
        mandant.evolve(event);
    }
    mandant
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
fn kein_mandant_heisst_wie_das_system() {
    for kuerzel in ["SYSTEM", "system", "SyStem"] {
        let abgelehnt = entscheiden(anlegen(kuerzel)).unwrap_err();
        let erwartet = Shared::feld(
            "/kuerzel",
            "SYSTEM meint überall das System selbst; bitte ein anderes Kürzel wählen",
        );
        assert_eq!(abgelehnt, Abgelehnt::Shared(erwartet), "{kuerzel}");
    }
    assert!(entscheiden(anlegen("SYSTEM1")).is_ok());
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
    json["Anlegen"]["stammdaten"]["anschrift"] = json!({"plz": "26721", "ort": "Emden", "land": "XX"});
    let meldung = "das Land ist ein Code nach ISO 3166 (alpha-2) in Großbuchstaben, z. B. DE";
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
    let in_kraft = MandantEvent::StammdatenInKraftGesetzt { ab };
    let aendern = MandantCommand::StammdatenAendern { ab, stammdaten: neu };
    let test = world.test::<Mandant>().given(vec![angelegt()]);
    test.when(aendern)
        .then_expect_events(vec![geaendert.clone(), in_kraft.clone()]);
    let mut mandant = falten(vec![angelegt(), geaendert, in_kraft.clone()]);
    assert_eq!(mandant.firma, "Valeo AG");
    assert_eq!(mandant.ort.as_deref(), Some("Emden"));
    assert_eq!(mandant.stammdaten_ab, ab);
    let nochmals = MandantEvent::StammdatenGeaendert {
        ab,
        stammdaten: stammdaten("Valeo SE"),
    };
    mandant.evolve(nochmals);
    mandant.evolve(in_kraft);
    assert_eq!((mandant.ort, mandant.steuernummer), (None, None));
    assert_eq!(
        mandant.stammdaten.len(),
        1,
        "the data of one day give way to later ones"
    );
}

#[test]
fn geplante_stammdaten_gelten_erst_ab_ihrem_tag() {
    let world = World::new();
    let heute = world.frame.heute;
    let ab = heute + chrono::Days::new(30);
    let geplant = MandantEvent::StammdatenGeaendert {
        ab,
        stammdaten: stammdaten("Valeo AG"),
    };
    let aendern = MandantCommand::StammdatenAendern {
        ab,
        stammdaten: stammdaten("Valeo AG"),
    };
    let test = World::new().test::<Mandant>().given(vec![angelegt()]);
    test.when(aendern).then_expect_events(vec![geplant.clone()]);

    let mut mandant = falten(vec![angelegt(), geplant.clone()]);
    assert_eq!(
        (mandant.firma.as_str(), mandant.stammdaten_ab),
        ("Valeo Landhandel GmbH", heute)
    );
    let firma_am = |mandant: &Mandant, tag| mandant.stammdaten_am(tag).unwrap().firma.clone();
    assert_eq!(firma_am(&mandant, ab - chrono::Days::new(1)), "Valeo Landhandel GmbH");
    assert_eq!(firma_am(&mandant, ab), "Valeo AG");
    // Vouchers of earlier days bear the first data there are.
    assert_eq!(
        firma_am(&mandant, heute - chrono::Days::new(99)),
        "Valeo Landhandel GmbH"
    );

    let setzen = || MandantCommand::StammdatenInKraftSetzen { ab };
    let zu_frueh = World::new().test::<Mandant>().given(vec![angelegt(), geplant.clone()]);
    let meldung = "die Stammdaten gelten noch nicht";
    zu_frueh
        .when(setzen())
        .then_expect_error(Refused::Shared(Shared::feld("/ab", meldung)));
    let mut spaeter = World::new();
    spaeter.frame.heute = ab;
    let in_kraft = MandantEvent::StammdatenInKraftGesetzt { ab };
    let test = spaeter.test::<Mandant>().given(vec![angelegt(), geplant.clone()]);
    test.when(setzen()).then_expect_events(vec![in_kraft.clone()]);
    mandant.evolve(in_kraft.clone());
    assert_eq!((mandant.firma.as_str(), mandant.stammdaten_ab), ("Valeo AG", ab));
    let mut spaeter = World::new();
    spaeter.frame.heute = ab;
    let test = spaeter.test::<Mandant>().given(vec![angelegt(), geplant, in_kraft]);
    test.when(setzen()).then_expect_events(vec![]);
}

#[test]
fn die_erste_form_von_angelegt_gilt_seit_jeher() {
    let registry = aggregates::registry();
    let entry = registry.entry("mandant").unwrap();
    let payload = json!({"kuerzel": "ALT", "hauswaehrung": "EUR", "stammdaten": {"firma": "Alt GmbH"}});
    let stored = aggregates::registry::Stored {
        event_type: "Angelegt",
        event_version: 1,
        payload: &payload,
    };
    let state = entry.fold(&entry.empty(), &[stored]).unwrap();
    assert_eq!(entry.to_json(&state)["stammdaten"][0]["gueltig_ab"], "1900-01-01");
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

#[test]
fn geplante_stammdaten_treten_mit_dem_beginn_ihres_tages_in_kraft() {
    let registry = aggregates::registry();
    let world = World::new();
    let ctx = PolicyContext {
        mandant_id: uuid::Uuid::nil(),
        id: world.id,
        event_id: world.id,
        zeit: world.frame.jetzt,
        heute: world.frame.heute,
    };
    let policy = registry
        .policies(Kind::Following, Mandant::TYPE)
        .find(|p| p.name == "mandant_stammdaten")
        .unwrap();
    let geaendert = |ab| MandantEvent::StammdatenGeaendert {
        ab,
        stammdaten: stammdaten("Valeo AG"),
    };
    assert!(policy.react(&geaendert(ctx.heute), &ctx).is_empty());
    let ab = "2026-07-01".parse().unwrap();
    let [folge] = &policy.react(&geaendert(ab), &ctx)[..] else {
        panic!("one command follows");
    };
    assert_eq!(folge.due.unwrap().to_rfc3339(), "2026-06-30T22:00:00+00:00");
    assert_eq!(folge.command, json!({"StammdatenInKraftSetzen": {"ab": "2026-07-01"}}));
}
