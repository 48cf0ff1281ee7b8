//! ApiKey: every command, every refusal, the two deadlines, and what a key opens.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;

use aggregates::{
    Aggregate, Decision, DomainError, Refused, Shared,
    dienste::{
        Mandant,
        api_key::{
            ApiKey, ApiKeyCommand, ApiKeyError, ApiKeyEvent, ApiKeyMandant, ApiKeyNetz, ApiKeyScope, ApiKeySonderrecht,
            ApiKeyStatus, Kontingent, schluessel_hash, stufe_fuer,
        },
    },
    policy::{Consequence, Kind, PolicyContext},
    testing::World,
    types::{Bereich, Stufe},
};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, from_value, json};
use uuid::Uuid;

fn jetzt() -> DateTime<Utc> {
    World::new().frame.jetzt
}

fn nach(stunden: i64) -> DateTime<Utc> {
    jetzt() + TimeDelta::hours(stunden)
}

fn befehl(json: Value) -> ApiKeyCommand {
    from_value(json).unwrap()
}

fn ausstellen(weitere: Value) -> Value {
    let mut felder = json!({"name": "kasse-1", "scopes": ["fibu:write"], "ablauf": nach(24 * 90)});
    let weitere = weitere.as_object().unwrap().clone();
    felder.as_object_mut().unwrap().extend(weitere);
    json!({"Ausstellen": felder})
}

/// What these scopes allow.
fn erlaubt(rechte: &[ApiKeyScope], bereich: Bereich, typ: &str, stufe: Stufe) -> bool {
    let rechte: Vec<&str> = rechte.iter().map(|r| r.scope.as_str()).collect();
    stufe_fuer(&rechte, bereich.into(), Some(typ)).is_some_and(|eigene| eigene >= stufe)
}

fn scopes(werte: &[&str]) -> Vec<ApiKeyScope> {
    let scope = |wert: &&str| ApiKeyScope {
        scope: (*wert).to_owned(),
    };
    werte.iter().map(scope).collect()
}

fn ausgestellt() -> ApiKeyEvent {
    ApiKeyEvent::Ausgestellt {
        name: "kasse-1".to_owned(),
        praefix: Some("0123abcd".to_owned()),
        schluessel_hash: "aa".repeat(32),
        dienstbenutzer_id: None,
        scopes: scopes(&["fibu:write"]),
        sonderrechte: vec![],
        mandanten: vec![],
        ablauf: nach(24 * 90),
        ip_netze: vec![],
        kontingent: Kontingent::default(),
    }
}

fn rotiert() -> ApiKeyEvent {
    ApiKeyEvent::Rotiert {
        praefix: "4567cdef".to_owned(),
        schluessel_hash: "bb".repeat(32),
        alter_hash: "aa".repeat(32),
        alter_gueltig_bis: nach(72),
    }
}

fn widerrufen() -> ApiKeyEvent {
    let grund = "verloren".to_owned();
    ApiKeyEvent::Widerrufen { grund }
}

fn falten(events: Vec<ApiKeyEvent>) -> ApiKey {
    let mut key = ApiKey::default();
    for event in events {
        key.evolve(event);
    }
    key
}

/// An administrator with every special right that the tests grant, in a house with the company 3.
fn verwalter() -> World {
    let stammdaten = json!({"firma": "Drei GmbH"});
    let angelegt =
        json!({"Angelegt": {"kuerzel": "DREI", "ab": "2026-01-01", "stammdaten": stammdaten, "hauswaehrung": "EUR"}});
    World::new()
        .sonderrechte(&["*", "bericht.sql", "fibu.periode_gesperrt"])
        .with::<Mandant>(Uuid::from_u128(3), vec![from_value(angelegt).unwrap()])
}

#[test]
fn unter_dem_namen_des_programms_wird_kein_schluessel_ausgestellt() {
    for name in ["start", "politik-x", "datev-import", "demo-verkauf", "timer"] {
        let refused = verwalter().decide(&ApiKey::default(), befehl(ausstellen(json!({"name": name}))));
        assert!(refused.is_err(), "{name}");
    }
    let kein_haus = befehl(ausstellen(json!({"name": "politik"})));
    assert!(verwalter().decide(&ApiKey::default(), kein_haus).is_ok());
}

/// Somebody with few rights.
fn gehilfe() -> World {
    let mut world = verwalter();
    world.frame.scopes = ["fibu:read".to_owned(), "dienste:admin".to_owned()].into();
    world.frame.sonderrechte = [].into();
    world
}

fn ueber_recht(recht: &str) -> Refused<ApiKeyError> {
    Refused::Domain(ApiKeyError::ScopeUeberRecht {
        scope: recht.to_owned(),
    })
}

fn neu(json: Value) -> Decision<ApiKey> {
    verwalter().decide(&ApiKey::default(), befehl(json))
}

fn erwarte(gegeben: Vec<ApiKeyEvent>, json: Value, events: Vec<ApiKeyEvent>) {
    let test = verwalter().test::<ApiKey>().given(gegeben);
    test.when(befehl(json)).then_expect_events(events);
}

fn erwarte_fehler(gegeben: Vec<ApiKeyEvent>, json: Value, fehler: impl Into<Refused<ApiKeyError>>) {
    let test = verwalter().test::<ApiKey>().given(gegeben);
    test.when(befehl(json)).then_expect_error(fehler.into());
}

/// The fields that a refused `Ausstellen` names.
fn falsche_felder(weitere: Value) -> Vec<String> {
    match neu(ausstellen(weitere)) {
        Err(Refused::Shared(Shared::EingabeUngueltig { felder })) => felder.into_iter().map(|f| f.feld).collect(),
        andere => panic!("{andere:?}"),
    }
}

#[test]
fn der_ablauf_hat_ganze_mikrosekunden() {
    let Ok(events) = neu(ausstellen(json!({"ablauf": "2026-04-01T08:00:00.123456789Z"}))) else {
        panic!("refused");
    };
    let payload = serde_json::to_value(&events[0]).unwrap();
    assert_eq!(payload["Ausgestellt"]["ablauf"], "2026-04-01T08:00:00.123456Z");
}

#[test]
fn der_klartext_wird_einmal_gezeigt_und_nur_sein_hash_gefuehrt() {
    let world = World::new();
    let events = world.decide(&ApiKey::default(), befehl(ausstellen(json!({})))).unwrap();
    let effects = world.effects();
    let [("schluessel", text)] = &effects.reveals[..] else {
        panic!("{:?}", effects.reveals);
    };
    let teile: Vec<&str> = text.splitn(4, '_').collect();
    assert_eq!(
        (teile[0], teile[1], teile[2].len(), teile[3].len()),
        ("vk", "live", 8, 43)
    );
    let key = falten(events.clone());
    assert_eq!(key.praefix.as_deref(), Some(teile[2]));
    assert_eq!(key.schluessel_hash, schluessel_hash(text));
    assert!(key.hash_gilt(&schluessel_hash(text), jetzt()));
    assert!(!json!(events).to_string().contains(teile[3]));
    assert!(!text.contains(&hex::encode(world.frame.zufall)[..8]));
}

#[test]
fn derselbe_befehl_gibt_denselben_schluessel_und_andere_zufallszahlen_einen_anderen() {
    let klartext = |zufall: u8| {
        let mut world = World::new();
        world.frame.zufall = [zufall; 32];
        world.decide(&ApiKey::default(), befehl(ausstellen(json!({})))).unwrap();
        world.effects().reveals[0].1.clone()
    };
    assert_eq!(klartext(1), klartext(1));
    assert_ne!(klartext(1), klartext(2));
}

#[test]
fn ein_selbst_gemachter_schluessel_kommt_als_hash_und_wird_nicht_gezeigt() {
    let world = World::new();
    let hash = schluessel_hash("mein eigener Text");
    let command = befehl(ausstellen(json!({"schluessel_hash": hash})));
    let key = falten(world.decide(&ApiKey::default(), command).unwrap());
    assert_eq!((key.schluessel_hash, key.praefix), (hash, None));
    assert!(world.effects().reveals.is_empty());
    let gross = schluessel_hash("x").to_uppercase();
    for hash in ["abc", &"g".repeat(64), gross.as_str()] {
        assert_eq!(falsche_felder(json!({"schluessel_hash": hash})), ["/schluessel_hash"]);
    }
}

#[test]
fn alle_felder_werden_gefuehrt_und_wiederholungen_fallen_weg() {
    let mandant = Uuid::from_u128(3);
    let key = falten(
        neu(ausstellen(json!({
            "dienstbenutzer_id": Uuid::from_u128(4),
            "scopes": ["fibu:write", "fibu:write", "fibu.konto:read", "*:read"],
            "sonderrechte": ["fibu.periode_gesperrt", "*", "*"],
            "mandanten": [mandant, mandant],
            "ip_netze": ["192.0.2.0/24", "2001:DB8::/32", "198.51.100.7", "192.0.2.0/24"],
            "kontingent": {"je_minute": 60, "gleichzeitig": 4},
        })))
        .unwrap(),
    );
    assert_eq!(key.scopes, scopes(&["fibu:write", "fibu.konto:read", "*:read"]));
    assert_eq!(key.sonderrechte.len(), 2);
    assert_eq!(key.mandanten, [ApiKeyMandant { mandant }]);
    let netze: Vec<&str> = key.ip_netze.iter().map(|n| n.netz.as_str()).collect();
    assert_eq!(netze, ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]);
    assert_eq!(
        (key.je_minute, key.je_monat, key.gleichzeitig),
        (Some(60), None, Some(4))
    );
    assert_eq!((key.status, key.ablauf), (ApiKeyStatus::Aktiv, nach(24 * 90)));
}

#[test]
fn falsche_felder_werden_genannt() {
    for name in ["Kasse", "kasse 1", "käse", "a/b"] {
        assert_eq!(falsche_felder(json!({"name": name})), ["/name"]);
    }
    for scope in [
        "fibu",
        "fibu:all",
        "lager:read",
        "fibu.:read",
        ".buchung:read",
        "*.buchung:read",
        "fibu.Buchung:read",
        "fibu.a.b:read",
        "fibu.auto:read",
        "crm.konto:read",
        ":read",
        "fibu:read:write",
    ] {
        assert_eq!(
            falsche_felder(json!({"scopes": ["fibu:read", scope]})),
            ["/scopes/1"],
            "{scope}"
        );
    }
    assert_eq!(falsche_felder(json!({"scopes": []})), ["/scopes"]);
    assert_eq!(falsche_felder(json!({"scopes": vec!["fibu:read"; 101]})), ["/scopes"]);
    for recht in ["Fibu.x", "a b", "**"] {
        assert_eq!(falsche_felder(json!({"sonderrechte": [recht]})), ["/sonderrechte/0"]);
    }
    assert_eq!(falsche_felder(json!({"mandanten": []})), ["/mandanten"]);
    assert_eq!(
        falsche_felder(json!({"mandanten": vec![Uuid::nil(); 101]})),
        ["/mandanten"]
    );
    assert_eq!(falsche_felder(json!({"ip_netze": []})), ["/ip_netze"]);
    for netz in [
        "192.0.2.1/24",
        "192.0.2.0/33",
        "192.0.2/24",
        "192.0.2.0/",
        "192.0.2.0/+8",
        "2001:db8::/129",
        "::1/64",
        "netz",
    ] {
        assert_eq!(falsche_felder(json!({"ip_netze": [netz]})), ["/ip_netze/0"], "{netz}");
    }
    for feld in ["je_minute", "je_monat", "gleichzeitig"] {
        let kontingent = json!({"kontingent": {feld: 0}});
        assert_eq!(falsche_felder(kontingent), [format!("/kontingent/{feld}")]);
    }
    assert_eq!(falsche_felder(json!({"ablauf": jetzt()})), ["/ablauf"]);
}

#[test]
fn ein_schluessel_lebt_hoechstens_ein_jahr() {
    let spaetestens = jetzt() + TimeDelta::days(365);
    let ablauf = spaetestens + TimeDelta::seconds(1);
    let fehler = ApiKeyError::AblaufZuLang { ablauf, spaetestens };
    assert_eq!((fehler.code(), fehler.status()), ("API_KEY_ABLAUF_ZU_LANG", 422));
    erwarte_fehler(vec![], ausstellen(json!({"ablauf": ablauf})), fehler);
    assert!(neu(ausstellen(json!({"ablauf": spaetestens}))).is_ok());
}

#[test]
fn beim_rotieren_bleibt_der_alte_text_bis_zum_ende_der_ueberlappung_gueltig() {
    let world = World::new();
    let mut key = falten(vec![ausgestellt()]);
    let command = befehl(json!({"Rotieren": {"ueberlappung_std": 72}}));
    let events = world.decide(&key, command).unwrap();
    let neuer = schluessel_hash(&world.effects().reveals[0].1);
    for event in events {
        key.evolve(event);
    }
    let alter = "aa".repeat(32);
    assert_eq!(key.status, ApiKeyStatus::Rotierend);
    assert_eq!(key.alter_gueltig_bis, Some(nach(72)));
    assert!(key.hash_gilt(&alter, nach(71)) && key.hash_gilt(&neuer, nach(71)));
    assert!(!key.hash_gilt(&alter, nach(72)) && key.hash_gilt(&neuer, nach(72)));
    let werte: Vec<String> = key.keys().into_iter().map(|k| k.wert).collect();
    assert_eq!(werte, ["kasse-1".to_owned(), neuer.clone(), alter.clone()]);
    key.evolve(ApiKeyEvent::RotationBeendet {});
    assert_eq!(
        (key.status, key.alter_hash.as_ref(), key.keys().len()),
        (ApiKeyStatus::Aktiv, None, 2)
    );
    assert!(!key.hash_gilt(&alter, jetzt()) && key.hash_gilt(&neuer, jetzt()));
}

#[test]
fn der_alte_text_ueberlebt_den_schluessel_nicht() {
    let world = World::new().heute("2026-06-07".parse().unwrap());
    let key = falten(vec![ausgestellt()]);
    let events = world.decide(&key, befehl(json!({"Rotieren": {"ueberlappung_std": 72}})));
    let ApiKeyEvent::Rotiert { alter_gueltig_bis, .. } = &events.unwrap()[0] else {
        panic!("kein Rotiert");
    };
    assert_eq!(*alter_gueltig_bis, key.ablauf);
}

#[test]
fn laenger_als_zweiundsiebzig_stunden_ueberlappt_nichts() {
    let rotieren = json!({"Rotieren": {"ueberlappung_std": 73}});
    let fehler = Shared::feld("/ueberlappung_std", "höchstens 72 Stunden");
    erwarte_fehler(vec![ausgestellt()], rotieren, fehler);
    assert!(
        World::new()
            .decide(
                &falten(vec![ausgestellt()]),
                befehl(json!({"Rotieren": {"ueberlappung_std": 0}}))
            )
            .is_ok()
    );
}

#[test]
fn waehrend_einer_rotation_wird_nicht_rotiert() {
    let rotieren = json!({"Rotieren": {"ueberlappung_std": 1}});
    let fehler = Shared::status("rotierend", &["aktiv"]);
    erwarte_fehler(vec![ausgestellt(), rotiert()], rotieren, fehler);
}

#[test]
fn eine_rotation_wird_nur_von_ihrem_eigenen_wecker_beendet() {
    let beenden = |hash: String| json!({"RotationBeenden": {"alter_hash": hash}});
    let gegeben = vec![ausgestellt(), rotiert()];
    let beendet = ApiKeyEvent::RotationBeendet {};
    erwarte(gegeben.clone(), beenden("aa".repeat(32)), vec![beendet.clone()]);
    erwarte(gegeben.clone(), beenden("cc".repeat(32)), vec![]);
    erwarte(
        [gegeben.clone(), vec![beendet]].concat(),
        beenden("aa".repeat(32)),
        vec![],
    );
    erwarte([gegeben, vec![widerrufen()]].concat(), beenden("aa".repeat(32)), vec![]);
}

#[test]
fn ein_schluessel_laeuft_ab_und_ein_widerrufener_bleibt_widerrufen() {
    let ablaufen = json!({"Ablaufen": {"ablauf": nach(24 * 90)}});
    let abgelaufen = ApiKeyEvent::Abgelaufen {};
    erwarte(vec![ausgestellt()], ablaufen.clone(), vec![abgelaufen.clone()]);
    erwarte(
        vec![ausgestellt(), rotiert()],
        ablaufen.clone(),
        vec![abgelaufen.clone()],
    );
    erwarte(vec![ausgestellt(), widerrufen()], ablaufen.clone(), vec![]);
    erwarte(vec![ausgestellt(), abgelaufen.clone()], ablaufen, vec![]);
    let key = falten(vec![ausgestellt(), abgelaufen]);
    assert_eq!(key.status, ApiKeyStatus::Abgelaufen);
    assert!(!key.hash_gilt(&"aa".repeat(32), jetzt()));
    assert_eq!(key.keys().len(), 2);
}

#[test]
fn ein_abgelaufener_schluessel_gilt_auch_vor_seinem_wecker_nicht_mehr() {
    let key = falten(vec![ausgestellt()]);
    assert!(key.hash_gilt(&"aa".repeat(32), nach(24 * 90 - 1)));
    assert!(!key.hash_gilt(&"aa".repeat(32), nach(24 * 90)));
    let world = World::new().heute("2027-01-01".parse().unwrap());
    let abgelehnt = world
        .decide(&key, befehl(json!({"Rotieren": {"ueberlappung_std": 1}})))
        .unwrap_err();
    assert_eq!(abgelehnt, Refused::Shared(Shared::status("abgelaufen", &["aktiv"])));
}

#[test]
fn rechte_werden_ersetzt_und_fehlende_listen_bleiben() {
    let mandant = Uuid::from_u128(3);
    let geaendert = ApiKeyEvent::ScopesGeaendert {
        scopes: scopes(&["crm:read"]),
        sonderrechte: vec![ApiKeySonderrecht {
            sonderrecht: "bericht.sql".to_owned(),
        }],
        mandanten: vec![ApiKeyMandant { mandant }],
    };
    let aendern = json!({"ScopesAendern": {
        "scopes": ["crm:read"], "sonderrechte": ["bericht.sql"], "mandanten": [mandant],
    }});
    erwarte(vec![ausgestellt()], aendern, vec![geaendert.clone()]);
    let nur_scopes = json!({"ScopesAendern": {"scopes": ["crm:read"]}});
    erwarte(
        vec![ausgestellt(), geaendert.clone()],
        nur_scopes,
        vec![geaendert.clone()],
    );
    let key = falten(vec![ausgestellt(), geaendert]);
    assert!(erlaubt(&key.scopes, Bereich::Crm, "kunde", Stufe::Read));
    assert!(!erlaubt(&key.scopes, Bereich::Fibu, "buchung", Stufe::Write));
    let leer = json!({"ScopesAendern": {"scopes": []}});
    let fehler = Shared::feld("/scopes", "ein Schlüssel braucht mindestens ein Recht");
    erwarte_fehler(vec![ausgestellt()], leer, fehler);
}

#[test]
fn das_kontingent_wird_ersetzt() {
    let aendern = json!({"KontingentAendern": {"kontingent": {"je_monat": 10000}}});
    let kontingent = Kontingent {
        je_monat: Some(10_000),
        ..Kontingent::default()
    };
    let geaendert = ApiKeyEvent::KontingentGeaendert { kontingent };
    erwarte(vec![ausgestellt(), rotiert()], aendern, vec![geaendert.clone()]);
    assert_eq!(falten(vec![ausgestellt(), geaendert]).je_monat, Some(10_000));
    let fehler = Shared::feld("/kontingent/je_monat", "mindestens 1; ohne das Feld unbegrenzt");
    let aendern = json!({"KontingentAendern": {"kontingent": {"je_monat": -1}}});
    erwarte_fehler(vec![ausgestellt()], aendern, fehler);
}

#[test]
fn ein_widerrufener_schluessel_nimmt_nichts_mehr_an_und_behaelt_seine_schluessel() {
    let widerruf = json!({"Widerrufen": {"grund": "verloren"}});
    erwarte(vec![ausgestellt()], widerruf.clone(), vec![widerrufen()]);
    erwarte(vec![ausgestellt(), rotiert()], widerruf.clone(), vec![widerrufen()]);
    let key = falten(vec![ausgestellt(), rotiert(), widerrufen()]);
    assert_eq!(key.keys().len(), 3);
    assert!(!key.hash_gilt(&"bb".repeat(32), jetzt()));
    for json in [
        widerruf,
        json!({"ScopesAendern": {"scopes": ["crm:read"]}}),
        json!({"KontingentAendern": {"kontingent": {}}}),
    ] {
        let fehler = Shared::status("widerrufen", &["aktiv", "rotierend"]);
        erwarte_fehler(vec![ausgestellt(), widerrufen()], json, fehler);
    }
}

#[test]
fn ein_schluessel_wird_nicht_zweimal_ausgestellt_und_vorher_nicht_widerrufen() {
    let fehler = Shared::status("aktiv", &["neu"]);
    erwarte_fehler(vec![ausgestellt()], ausstellen(json!({})), fehler);
    for json in [
        json!({"Widerrufen": {"grund": "x"}}),
        json!({"Ablaufen": {"ablauf": jetzt()}}),
        json!({"Erneuern": {"ablauf": nach(24)}}),
        json!({"RotationBeenden": {"alter_hash": "x"}}),
    ] {
        erwarte_fehler(vec![], json, Shared::status("neu", &["aktiv", "rotierend"]));
    }
}

#[test]
fn hoehere_stufen_schliessen_die_niedrigeren_ein() {
    let rechte = scopes(&["fibu:write", "crm.kunde:read", "dienste.api_key:admin"]);
    let darf = |bereich, typ, stufe| erlaubt(&rechte, bereich, typ, stufe);
    assert!(darf(Bereich::Fibu, "buchung", Stufe::Read));
    assert!(darf(Bereich::Fibu, "buchung", Stufe::Write));
    assert!(!darf(Bereich::Fibu, "buchung", Stufe::Admin));
    assert!(darf(Bereich::Crm, "kunde", Stufe::Read));
    assert!(!darf(Bereich::Crm, "kunde", Stufe::Write));
    assert!(!darf(Bereich::Crm, "angebot", Stufe::Read));
    assert!(darf(Bereich::Dienste, "api_key", Stufe::Write));
    assert!(!darf(Bereich::Wawi, "artikel", Stufe::Read));
    assert!(erlaubt(&scopes(&["*:admin"]), Bereich::Wawi, "artikel", Stufe::Admin));
    for kaputt in ["", "fibu", "fibu:", "*"] {
        assert!(!erlaubt(&scopes(&[kaputt]), Bereich::Fibu, "buchung", Stufe::Read));
    }
}

#[test]
fn niemand_vergibt_mehr_als_er_hat() {
    let wenig = gehilfe();
    let aendern = |scopes: &[&str]| json!({"ScopesAendern": {"scopes": scopes}});
    let key = ApiKey {
        scopes: scopes(&["fibu:read"]),
        ..falten(vec![ausgestellt()])
    };
    for (state, json, recht) in [
        (ApiKey::default(), ausstellen(json!({})), "fibu:write"),
        (key.clone(), aendern(&["*:read"]), "*:read"),
        (key.clone(), aendern(&["crm:read"]), "crm:read"),
        (
            ApiKey::default(),
            ausstellen(json!({"scopes": ["fibu:read"], "sonderrechte": ["fibu.steuer_manuell"]})),
            "fibu.steuer_manuell",
        ),
    ] {
        let fehler = ApiKeyError::ScopeUeberRecht {
            scope: recht.to_owned(),
        };
        assert_eq!(fehler.code(), "API_KEY_SCOPE_UEBER_RECHT");
        assert_eq!(wenig.decide(&state, befehl(json)).unwrap_err(), Refused::Domain(fehler));
    }
    assert!(
        wenig
            .decide(&key, befehl(aendern(&["fibu.konto:read", "dienste:write"])))
            .is_ok()
    );
}

#[test]
fn ein_engeres_recht_des_vergebenden_gilt_auch_fuer_das_was_er_vergibt() {
    let mut world = verwalter();
    world.frame.scopes = ["*:admin".to_owned(), "fibu:read".to_owned()].into();
    let vergeben = |scopes: &[&str]| {
        let command = befehl(ausstellen(json!({"scopes": scopes})));
        world.decide(&ApiKey::default(), command)
    };
    assert_eq!(vergeben(&["*:admin"]).unwrap_err(), ueber_recht("fibu:admin"));
    assert_eq!(
        vergeben(&["fibu.konto:write"]).unwrap_err(),
        ueber_recht("fibu.konto:write")
    );
    assert!(vergeben(&["*:admin", "fibu:read"]).is_ok());
    assert!(vergeben(&["*:read"]).is_ok());
}

#[test]
fn wer_weniger_darf_fasst_einen_staerkeren_schluessel_nicht_an() {
    let befehle = [
        json!({"Rotieren": {"ueberlappung_std": 0}}),
        json!({"ScopesAendern": {"scopes": ["fibu:read"], "sonderrechte": []}}),
        json!({"KontingentAendern": {"kontingent": {}}}),
        json!({"Widerrufen": {"grund": "x"}}),
    ];
    let sonderrecht = "fibu.steuer_manuell".to_owned();
    let mit = |key: ApiKey| move |recht: &'static str| (key.clone(), recht);
    let basis = ApiKey {
        scopes: scopes(&["fibu:read"]),
        ..falten(vec![ausgestellt()])
    };
    let mut gebunden = gehilfe();
    gebunden.frame.mandanten = [Uuid::from_u128(3)].into();
    for (world, (key, recht)) in [
        (gehilfe(), mit(falten(vec![ausgestellt()]))("fibu:write")),
        (
            gehilfe(),
            mit(ApiKey {
                sonderrechte: vec![ApiKeySonderrecht { sonderrecht }],
                ..basis.clone()
            })("fibu.steuer_manuell"),
        ),
        (gebunden, mit(basis.clone())("der Zugriff auf alle Firmen")),
    ] {
        for json in &befehle {
            let abgelehnt = world.decide(&key, befehl(json.clone())).unwrap_err();
            assert_eq!(abgelehnt, ueber_recht(recht), "{json}");
        }
    }
    for json in befehle {
        assert!(gehilfe().decide(&basis, befehl(json)).is_ok());
    }
    // A timer is nobody's wish: it is not measured by rights.
    let ablaufen = befehl(json!({"Ablaufen": {"ablauf": nach(24 * 90)}}));
    assert!(gehilfe().decide(&falten(vec![ausgestellt()]), ablaufen).is_ok());
}

#[test]
fn wer_an_firmen_gebunden_ist_vergibt_nur_diese() {
    let (drei, vier) = (Uuid::from_u128(3), Uuid::from_u128(4));
    let mut world = verwalter();
    world.frame.mandanten = [drei].into();
    let angelegt = json!({"Angelegt": {"kuerzel": "VIER", "ab": "2026-01-01", "stammdaten": {"firma": "Vier GmbH"}, "hauswaehrung": "EUR"}});
    let world = world.with::<Mandant>(vier, vec![from_value(angelegt).unwrap()]);
    let vergeben = |weitere: Value| world.decide(&ApiKey::default(), befehl(ausstellen(weitere)));
    assert!(vergeben(json!({"mandanten": [drei]})).is_ok());
    assert_eq!(
        vergeben(json!({"mandanten": [drei, vier]})).unwrap_err(),
        ueber_recht(&format!("die Firma {vier}"))
    );
    assert_eq!(
        vergeben(json!({})).unwrap_err(),
        ueber_recht("der Zugriff auf alle Firmen")
    );
}

#[test]
fn eine_firma_die_es_nicht_gibt_wird_genannt() {
    let (drei, fremd) = (Uuid::from_u128(3), Uuid::from_u128(99));
    assert_eq!(falsche_felder(json!({"mandanten": [drei, fremd]})), ["/mandanten/1"]);
    let aendern = json!({"ScopesAendern": {"scopes": ["fibu:read"], "mandanten": [fremd]}});
    let abgelehnt = verwalter()
        .decide(&falten(vec![ausgestellt()]), befehl(aendern))
        .unwrap_err();
    assert!(matches!(abgelehnt, Refused::Shared(Shared::EingabeUngueltig { .. })));
}

#[test]
fn ein_erneuerter_schluessel_lebt_wieder_und_nur_mit_seinem_neuen_text() {
    let hash = "cc".repeat(32);
    let erneuern = json!({"Erneuern": {"ablauf": nach(24 * 300), "schluessel_hash": hash}});
    let erneuert = ApiKeyEvent::Erneuert {
        praefix: None,
        schluessel_hash: hash.clone(),
        ablauf: nach(24 * 300),
    };
    let abgelaufen = ApiKeyEvent::Abgelaufen {};
    for gegeben in [
        vec![ausgestellt()],
        vec![ausgestellt(), rotiert()],
        vec![ausgestellt(), abgelaufen],
        vec![ausgestellt(), widerrufen()],
    ] {
        erwarte(gegeben.clone(), erneuern.clone(), vec![erneuert.clone()]);
        let key = falten([gegeben, vec![erneuert.clone()]].concat());
        assert_eq!((key.status, key.alter_hash.as_ref()), (ApiKeyStatus::Aktiv, None));
        assert!(key.hash_gilt(&hash, nach(24 * 200)));
        assert!(!key.hash_gilt(&"aa".repeat(32), jetzt()) && !key.hash_gilt(&"bb".repeat(32), jetzt()));
    }
    // The timer of the life before does not end the new one.
    let alter_wecker = json!({"Ablaufen": {"ablauf": nach(24 * 90)}});
    erwarte(vec![ausgestellt(), erneuert], alter_wecker, vec![]);
    let world = verwalter();
    let ohne_hash = befehl(json!({"Erneuern": {"ablauf": nach(24)}}));
    world.decide(&falten(vec![ausgestellt()]), ohne_hash).unwrap();
    assert_eq!(world.effects().reveals.len(), 1, "a text of its own is shown once");
    let zu_lang = json!({"Erneuern": {"ablauf": nach(24 * 366)}});
    let fehler = ApiKeyError::AblaufZuLang {
        ablauf: nach(24 * 366),
        spaetestens: nach(24 * 365),
    };
    erwarte_fehler(vec![ausgestellt()], zu_lang, fehler);
}

#[test]
fn was_geheim_ist_steht_in_keinem_gezeigten_zustand_und_ereignis() {
    let registry = aggregates::registry();
    let entry = registry.entry("api_key").unwrap();
    let state: aggregates::context::State = std::sync::Arc::new(falten(vec![ausgestellt(), rotiert()]));
    let (gezeigt, ganz) = (entry.to_json(&state), entry.to_snapshot(&state));
    for geheim in ["schluessel_hash", "alter_hash"] {
        assert!(gezeigt.get(geheim).is_none() && ganz[geheim].is_string());
        assert!(entry.state_schema["properties"].get(geheim).is_none());
    }
    let events = json!([ausgestellt(), rotiert()]);
    for payload in [&events[0]["Ausgestellt"], &events[1]["Rotiert"]] {
        let gezeigt = entry.gezeigt(payload);
        assert_eq!(gezeigt["schluessel_hash"], "[geheim]");
        assert_eq!(gezeigt["praefix"], payload["praefix"]);
        let text = gezeigt.to_string();
        assert!(
            !text.contains(&"aa".repeat(32)) && !text.contains(&"bb".repeat(32)),
            "{text}"
        );
    }
}

#[test]
fn das_genaueste_recht_gewinnt() {
    let rechte = scopes(&["*:read", "fibu:admin", "fibu.buchung:write"]);
    assert!(!erlaubt(&rechte, Bereich::Fibu, "buchung", Stufe::Admin));
    assert!(erlaubt(&rechte, Bereich::Fibu, "buchung", Stufe::Write));
    assert!(erlaubt(&rechte, Bereich::Fibu, "konto", Stufe::Admin));
    assert!(!erlaubt(&rechte, Bereich::Crm, "kunde", Stufe::Write));
}

#[test]
fn ein_netz_enthaelt_seine_adressen() {
    let enthaelt = |netz: &str, ip: &str| {
        let netz = netz.to_owned();
        ApiKeyNetz { netz }.enthaelt(ip.parse().unwrap())
    };
    assert!(enthaelt("192.0.2.0/24", "192.0.2.255"));
    assert!(enthaelt("192.0.2.0/24", "::ffff:192.0.2.1"));
    assert!(!enthaelt("192.0.2.0/24", "192.0.3.0"));
    assert!(enthaelt("0.0.0.0/0", "203.0.113.9"));
    assert!(!enthaelt("0.0.0.0/0", "2001:db8::1"));
    assert!(enthaelt("::/0", "2001:db8::1"));
    assert!(enthaelt("2001:db8::/32", "2001:db8:ffff::1"));
    assert!(!enthaelt("2001:db8::/32", "2001:db9::1"));
    assert!(!enthaelt("kaputt", "192.0.2.1"));
}

#[test]
fn beide_fristen_werden_zu_ihrer_zeit_gestellt() {
    let registry = aggregates::registry();
    let world = World::new();
    let ctx = PolicyContext {
        mandant_id: Uuid::nil(),
        id: world.id,
        event_id: world.id,
        zeit: world.frame.jetzt,
        heute: world.frame.heute,
    };
    let policies: Vec<_> = registry.policies(Kind::Following, ApiKey::TYPE).collect();
    let [policy] = &policies[..] else {
        panic!("{} Policies", policies.len());
    };
    let alter_hash = "aa".repeat(32);
    assert_eq!(
        policy.react(&ausgestellt(), &ctx),
        [
            Consequence::command::<ApiKey>(world.id, &ApiKeyCommand::Ablaufen { ablauf: nach(24 * 90) })
                .due(nach(24 * 90))
        ]
    );
    assert_eq!(
        policy.react(&rotiert(), &ctx),
        [Consequence::command::<ApiKey>(world.id, &ApiKeyCommand::RotationBeenden { alter_hash }).due(nach(72))]
    );
    let erneuert = ApiKeyEvent::Erneuert {
        praefix: None,
        schluessel_hash: "cc".repeat(32),
        ablauf: nach(24 * 300),
    };
    let ablauf = nach(24 * 300);
    assert_eq!(
        policy.react(&erneuert, &ctx),
        [Consequence::command::<ApiKey>(world.id, &ApiKeyCommand::Ablaufen { ablauf }).due(ablauf)]
    );
    assert!(policy.react(&widerrufen(), &ctx).is_empty());
    let entry = registry.entry("api_key").unwrap();
    let intern: HashSet<&str> = entry
        .commands
        .iter()
        .filter(|c| c.internal)
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(intern, HashSet::from(["Ablaufen", "Erneuern", "RotationBeenden"]));
    assert!(entry.system && entry.commands.iter().all(|c| c.stufe == Stufe::Admin));
}

proptest! {
    #[test]
    fn eine_hoehere_stufe_darf_nie_weniger(
        ziel in "(\\*|fibu|crm|fibu\\.buchung|crm\\.kunde)", recht in "(read|write|admin)", typ in "(buchung|kunde)",
    ) {
        let rechte = scopes(&[&format!("{ziel}:{recht}")]);
        for bereich in [Bereich::Fibu, Bereich::Crm, Bereich::Wawi] {
            let darf = |stufe| erlaubt(&rechte, bereich, &typ, stufe);
            prop_assert!(!darf(Stufe::Admin) || darf(Stufe::Write));
            prop_assert!(!darf(Stufe::Write) || darf(Stufe::Read));
        }
    }

    #[test]
    fn kein_netz_bringt_das_ausstellen_zum_absturz(netz in "[0-9a-f:./]{1,30}") {
        let _ = neu(ausstellen(json!({"ip_netze": [netz]})));
    }
}
