//! Mandant, Nummernkreis, ApiKey: every command, every refusal.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod stamm_welt;

use aggregates::{
    Refused,
    context::Counter,
    dienste::{
        ApiKey, Mandant, Nummernkreis,
        api_key::{ApiKeyNetz, stufe_fuer},
        nummernkreis::{GeschlossenesJahr, NummernkreisError},
    },
    testing::World,
    types::Stufe,
};
use chrono::NaiveDate;
use serde_json::{Value, json};
use stamm_welt::{check, decide, grund, state};

fn mandant() -> Vec<Value> {
    vec![
        json!({"Angelegt": {"kuerzel": "DEMO", "stammdaten": {"firma": "Landhandel Demo GmbH"}, "hauswaehrung": "EUR"}}),
    ]
}

#[test]
fn ein_mandant_wird_angelegt_geaendert_und_stillgelegt() {
    let w = World::new();
    let anlegen = |kuerzel: &str, extra: Value| {
        let mut felder = json!({"kuerzel": kuerzel, "stammdaten": {"firma": "Demo"}});
        for (k, v) in extra.as_object().unwrap() {
            felder[k] = v.clone();
        }
        json!({"Anlegen": felder})
    };
    let events = decide::<Mandant>(&w, &[], anlegen("demo", json!({}))).unwrap();
    assert_eq!(events[0]["Angelegt"]["kuerzel"], "DEMO");
    check::<Mandant>(&w, &[], anlegen("DE MO", json!({})), Err("EINGABE_UNGUELTIG"));
    check::<Mandant>(
        &w,
        &[],
        anlegen("X", json!({"hauswaehrung": "CHF"})),
        Err("MANDANT_HAUSWAEHRUNG"),
    );
    let falsche = json!({"stammdaten": {"firma": "Demo", "ust_id": "DE123456789"}});
    check::<Mandant>(&w, &[], anlegen("X", falsche), Err("UST_ID_UNGUELTIG"));
    check::<Mandant>(&w, &mandant(), anlegen("X", json!({})), Err("STATUS_UNZULAESSIG"));
    let aendern =
        |ab: &str| json!({"StammdatenAendern": {"ab": ab, "stammdaten": {"firma": "Neu", "ust_id": "DE136695976"}}});
    check::<Mandant>(&w, &mandant(), aendern("2026-03-10"), Ok(&["StammdatenGeaendert"]));
    check::<Mandant>(&w, &mandant(), aendern("2026-03-09"), Err("EINGABE_UNGUELTIG"));
    check::<Mandant>(&w, &mandant(), json!({"Stilllegen": grund()}), Ok(&["Stillgelegt"]));
    let mut still = mandant();
    still.push(json!({"Stillgelegt": grund()}));
    check::<Mandant>(&w, &still, json!({"Stilllegen": grund()}), Err("STATUS_UNZULAESSIG"));
    check::<Mandant>(&w, &still, aendern("2026-03-10"), Err("STATUS_UNZULAESSIG"));
}

fn kreis() -> Vec<Value> {
    vec![
        json!({"Angelegt": {"code": "AU", "muster": "AU-{JJJJ}-{000}", "gueltig_ab": "2026-01-01", "start": 1, "lueckenlos": true, "chronologisch": false}}),
    ]
}

#[test]
fn ein_nummernkreis_hat_genau_einen_zaehler() {
    let mut w = World::new();
    w.id = Nummernkreis::stream_id(w.frame.mandant_id, "AU");
    let anlegen = |muster: &str, start: i64| json!({"Anlegen": {"code": "AU", "muster": muster, "start": start, "lueckenlos": true, "chronologisch": false}});
    check::<Nummernkreis>(&w, &[], anlegen("AU-{JJJJ}-{000000}", 1), Ok(&["Angelegt"]));
    for muster in [
        "AU-{JJJJ}",
        "AU-000",
        "AU-{000}-{000}",
        "AU-{JJJJ}-{JJJJ}-{000}",
        "AU-{TT}-{000}",
    ] {
        check::<Nummernkreis>(&w, &[], anlegen(muster, 1), Err("NUMMERNKREIS_MUSTER_OHNE_ZAEHLER"));
    }
    check::<Nummernkreis>(&w, &[], anlegen("{000}", 0), Err("EINGABE_UNGUELTIG"));
    check::<Nummernkreis>(&w, &kreis(), anlegen("{000}", 1), Err("STATUS_UNZULAESSIG"));
    let klein =
        json!({"Anlegen": {"code": "au", "muster": "{000}", "start": 1, "lueckenlos": true, "chronologisch": false}});
    check::<Nummernkreis>(&w, &[], klein, Err("EINGABE_UNGUELTIG"));
}

#[test]
fn muster_jahr_luecke_und_sperre() {
    let w = World::new();
    let k = kreis();
    let muster = |ab: &str| json!({"MusterAendern": {"muster": "A{JJJJ}{00000}", "gueltig_ab": ab}});
    check::<Nummernkreis>(&w, &k, muster("2026-03-10"), Ok(&["MusterGeaendert"]));
    check::<Nummernkreis>(&w, &k, muster("2026-03-09"), Err("NUMMERNKREIS_RUECKWAERTS"));
    let ohne = json!({"MusterAendern": {"muster": "A", "gueltig_ab": "2026-03-10"}});
    check::<Nummernkreis>(&w, &k, ohne, Err("NUMMERNKREIS_MUSTER_OHNE_ZAEHLER"));
    check::<Nummernkreis>(
        &w,
        &k,
        json!({"JahrSchliessen": {"jahr": 2025}}),
        Ok(&["JahrGeschlossen"]),
    );
    let mut zu = kreis();
    zu.push(json!({"JahrGeschlossen": {"jahr": 2025}}));
    check::<Nummernkreis>(
        &w,
        &zu,
        json!({"JahrSchliessen": {"jahr": 2025}}),
        Err("NUMMERNKREIS_JAHR_GESCHLOSSEN"),
    );
    let luecke = |von: i64, bis: i64| json!({"LueckeDokumentieren": {"jahr": 2026, "von": von, "bis": bis, "grund": "Wiederherstellung"}});
    check::<Nummernkreis>(&w, &k, luecke(3, 4), Ok(&["LueckeDokumentiert"]));
    check::<Nummernkreis>(&w, &k, luecke(4, 3), Err("EINGABE_UNGUELTIG"));
    check::<Nummernkreis>(&w, &k, json!({"Sperren": grund()}), Ok(&["Gesperrt"]));
    let mut gesperrt = kreis();
    gesperrt.push(json!({"Gesperrt": grund()}));
    check::<Nummernkreis>(&w, &gesperrt, json!({"Sperren": grund()}), Err("STATUS_UNZULAESSIG"));
}

#[test]
fn die_naechste_nummer_zaehlt_je_jahr_und_wird_nie_zu_lang() {
    let kreis: Nummernkreis = state(&kreis());
    let tag = |jahr| NaiveDate::from_ymd_opt(jahr, 3, 10).unwrap();
    let nach = |stand, letztes_datum| Counter { stand, letztes_datum };
    let text = |datum, counter| kreis.naechste(datum, counter).map(|n| n.text);
    assert_eq!(text(tag(2026), nach(416, None)), Ok("AU-2026-417".into()));
    assert_eq!(text(tag(2027), Counter::default()), Ok("AU-2027-001".into()));
    assert_eq!(text(tag(2026), nach(998, None)), Ok("AU-2026-999".into()));
    let erschoepft = NummernkreisError::Erschoepft {
        kreis: "AU".into(),
        muster: "AU-{JJJJ}-{000}".into(),
        lfd: 1000,
    };
    assert_eq!(text(tag(2026), nach(999, None)), Err(Refused::Domain(erschoepft)));
    let mut folge = kreis.clone();
    folge.chronologisch = true;
    let spaeter = NaiveDate::from_ymd_opt(2026, 3, 11);
    assert!(matches!(
        folge.naechste(tag(2026), nach(1, spaeter)),
        Err(Refused::Domain(NummernkreisError::Rueckwaerts { .. }))
    ));
    let mut zu = kreis.clone();
    zu.geschlossene_jahre.push(GeschlossenesJahr { jahr: 2026 });
    assert!(matches!(
        zu.naechste(tag(2026), Counter::default()),
        Err(Refused::Domain(NummernkreisError::JahrGeschlossen { jahr: 2026, .. }))
    ));
}

fn key() -> Vec<Value> {
    vec![
        json!({"Ausgestellt": {"name": "kasse", "praefix": "abcdefgh", "schluessel_hash": "00", "scopes": [{"scope": "fibu:write"}],
        "sonderrechte": [], "mandanten": [], "ablauf": "2026-09-01T00:00:00Z", "ip_netze": [], "kontingent": {}}}),
    ]
}

fn ausstellen(extra: Value) -> Value {
    let mut felder = json!({"name": "kasse", "scopes": ["fibu:write"], "ablauf": "2026-09-01T00:00:00Z"});
    for (k, v) in extra.as_object().unwrap() {
        felder[k] = v.clone();
    }
    json!({"Ausstellen": felder})
}

#[test]
fn ein_schluessel_wird_einmal_gezeigt_und_nur_als_hash_behalten() {
    let w = World::new().sonderrechte(&["*"]);
    let events = decide::<ApiKey>(&w, &[], ausstellen(json!({}))).unwrap();
    let effects = w.effects();
    let (name, text) = &effects.reveals[0];
    assert_eq!(
        (*name, text.len()),
        ("schluessel", "vk_live_".len() + 8 + 1 + 43),
        "{text}"
    );
    assert_eq!(
        events[0]["Ausgestellt"]["schluessel_hash"],
        aggregates::dienste::api_key::schluessel_hash(text)
    );
    assert!(!events[0].to_string().contains(text.rsplit('_').next().unwrap()));
    // A hash of the operator's own: nothing is revealed.
    let eigener = json!({"schluessel_hash": "ab".repeat(32)});
    let events = decide::<ApiKey>(&w, &[], ausstellen(eigener)).unwrap();
    assert!(w.effects().reveals.is_empty());
    assert_eq!(events[0]["Ausgestellt"]["schluessel_hash"], "ab".repeat(32));
}

#[test]
fn was_an_einem_schluessel_nicht_stimmt_wird_abgelehnt() {
    let w = World::new();
    for (extra, code) in [
        (json!({"name": "Kasse 1"}), "EINGABE_UNGUELTIG"),
        (json!({"ablauf": "2026-03-10T08:59:59Z"}), "EINGABE_UNGUELTIG"),
        (json!({"ablauf": "2027-03-11T09:00:01Z"}), "API_KEY_ABLAUF_ZU_LANG"),
        (json!({"scopes": []}), "EINGABE_UNGUELTIG"),
        (json!({"scopes": ["fibu"]}), "EINGABE_UNGUELTIG"),
        (json!({"scopes": ["garten:read"]}), "EINGABE_UNGUELTIG"),
        (json!({"ip_netze": ["10.0.0.1/8"]}), "EINGABE_UNGUELTIG"),
        (json!({"ip_netze": ["10.0.0.0/33"]}), "EINGABE_UNGUELTIG"),
        (json!({"schluessel_hash": "kurz"}), "EINGABE_UNGUELTIG"),
        (
            json!({"sonderrechte": ["fibu.steuer_manuell"]}),
            "API_KEY_SCOPE_UEBER_RECHT",
        ),
    ] {
        check::<ApiKey>(&w, &[], ausstellen(extra), Err(code));
    }
    let mut wenig = World::new();
    wenig.frame.scopes = ["fibu:read".to_owned(), "dienste:admin".to_owned()].into();
    check::<ApiKey>(&wenig, &[], ausstellen(json!({})), Err("API_KEY_SCOPE_UEBER_RECHT"));
    check::<ApiKey>(
        &wenig,
        &[],
        ausstellen(json!({"scopes": ["fibu.konto:read"]})),
        Ok(&["Ausgestellt"]),
    );
    check::<ApiKey>(
        &wenig,
        &key(),
        json!({"ScopesAendern": {"scopes": ["*:read"]}}),
        Err("API_KEY_SCOPE_UEBER_RECHT"),
    );
    check::<ApiKey>(
        &wenig,
        &key(),
        json!({"ScopesAendern": {"scopes": ["fibu:read"]}}),
        Ok(&["ScopesGeaendert"]),
    );
}

#[test]
fn drehen_widerrufen_ablaufen() {
    let w = World::new();
    let k = key();
    check::<ApiKey>(&w, &k, json!({"Rotieren": {"ueberlappung_std": 72}}), Ok(&["Rotiert"]));
    check::<ApiKey>(
        &w,
        &k,
        json!({"Rotieren": {"ueberlappung_std": 73}}),
        Err("EINGABE_UNGUELTIG"),
    );
    let mut dreht = key();
    dreht.push(json!({"Rotiert": {"praefix": "ijklmnop", "schluessel_hash": "11", "alter_hash": "00", "alter_gueltig_bis": "2026-03-11T09:00:00Z"}}));
    check::<ApiKey>(
        &w,
        &dreht,
        json!({"Rotieren": {"ueberlappung_std": 1}}),
        Err("STATUS_UNZULAESSIG"),
    );
    check::<ApiKey>(
        &w,
        &dreht,
        json!({"RotationBeenden": {"alter_hash": "00"}}),
        Ok(&["RotationBeendet"]),
    );
    check::<ApiKey>(&w, &dreht, json!({"RotationBeenden": {"alter_hash": "99"}}), Ok(&[]));
    check::<ApiKey>(&w, &k, json!({"Widerrufen": grund()}), Ok(&["Widerrufen"]));
    let mut widerrufen = key();
    widerrufen.push(json!({"Widerrufen": grund()}));
    check::<ApiKey>(
        &w,
        &widerrufen,
        json!({"Widerrufen": grund()}),
        Err("STATUS_UNZULAESSIG"),
    );
    check::<ApiKey>(&w, &widerrufen, json!({"Ablaufen": {}}), Ok(&[]));
    check::<ApiKey>(&w, &k, json!({"Ablaufen": {}}), Ok(&["Abgelaufen"]));
    check::<ApiKey>(
        &w,
        &k,
        json!({"KontingentAendern": {"kontingent": {"je_minute": 60}}}),
        Ok(&["KontingentGeaendert"]),
    );
    // Past its end a key takes no command, even before its timer has fired.
    let spaet = World::new().heute(NaiveDate::from_ymd_opt(2026, 9, 2).unwrap());
    check::<ApiKey>(
        &spaet,
        &k,
        json!({"Rotieren": {"ueberlappung_std": 1}}),
        Err("STATUS_UNZULAESSIG"),
    );
}

#[test]
fn das_genaueste_recht_gewinnt() {
    let scopes = ["*:read", "fibu:admin", "fibu.buchung:write"];
    let stufe = |bereich: &str, typ| stufe_fuer(&scopes, bereich, typ);
    assert_eq!(stufe("fibu", Some("buchung")), Some(Stufe::Write));
    assert_eq!(stufe("fibu", Some("konto")), Some(Stufe::Admin));
    assert_eq!(stufe("crm", Some("kunde")), Some(Stufe::Read));
    assert_eq!(stufe_fuer(&["fibu:read"], "crm", None), None);
}

#[test]
fn ein_netz_enthaelt_seine_adressen() {
    let netz = |text: &str| ApiKeyNetz { netz: text.to_owned() };
    assert!(netz("10.1.0.0/16").enthaelt("10.1.255.1".parse().unwrap()));
    assert!(!netz("10.1.0.0/16").enthaelt("10.2.0.1".parse().unwrap()));
    assert!(netz("10.1.0.0/16").enthaelt("::ffff:10.1.0.9".parse().unwrap()));
    assert!(netz("fd00::/8").enthaelt("fd12::1".parse().unwrap()));
    assert!(!netz("fd00::/8").enthaelt("10.1.0.1".parse().unwrap()));
}
