//! The demo company's year: played by `demo` into one installation and as NDJSON over `POST /stapel` into another, both
//! show the same reports, balanced to the cent.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use aggregates::types::kalender;
use chrono::NaiveDate;
use common::{Door, TestServer};
use neuroerp::{
    commands::Following,
    demo::{self, Beleganzahl, DemoPlan, Ende, Person},
    projector::rebuild,
    server::Core,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const DEMO: [(&str, &str); 1] = [("X-Mandant", demo::KUERZEL)];

/// Small enough for a test; still it has one of everything.
fn plan() -> DemoPlan {
    DemoPlan {
        mandant_id: DemoPlan::firma(),
        belege: 150,
        seed: 2026,
        heute: kalender::tag(neuroerp::uhr::jetzt()),
    }
}

/// Lets the program itself play the year into an installation; a second run changes nothing.
async fn vorfuehren(server: &TestServer) -> Beleganzahl {
    let mut firma = plan().anlegen().daten;
    firma["id"] = json!(DemoPlan::firma());
    server.post("/api/v1/dienste/mandanten", firma).await.ok();
    let core = Core::start(&server.db.owner).await.unwrap();
    let mut belege = Beleganzahl::default();
    let nie = CancellationToken::new();
    let ende = demo::spielen(&core.app, &plan(), &nie, |stapel| belege += stapel.belege).await;
    assert_eq!(ende.unwrap(), Ende::Gespielt);
    let kopf = server.db.store.head(DemoPlan::firma()).await.unwrap();
    let nochmal = demo::spielen(&core.app, &plan(), &nie, |_| {}).await;
    assert_eq!(nochmal.unwrap(), Ende::Gespielt);
    let danach = server.db.store.head(DemoPlan::firma()).await.unwrap();
    assert_eq!(danach, kopf, "a second run writes nothing");
    let anderer = DemoPlan { belege: 160, ..plan() };
    let ende = demo::spielen(&core.app, &anderer, &nie, |_| {}).await;
    assert_eq!(ende.unwrap(), Ende::AndererPlan);
    let danach = server.db.store.head(DemoPlan::firma()).await.unwrap();
    assert_eq!(danach, kopf, "another year writes nothing either");
    core.stop().await;
    belege
}

/// The files of a folder, by name.
fn dateien(ordner: &Path) -> BTreeMap<String, String> {
    let lesen = |eintrag: std::io::Result<fs::DirEntry>| {
        let pfad = eintrag.unwrap().path();
        let name = pfad.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(pfad).unwrap())
    };
    fs::read_dir(ordner).unwrap().map(lesen).collect()
}

fn geschrieben() -> BTreeMap<String, String> {
    let ordner = tempfile::tempdir().unwrap();
    let ziel = ordner.path().join("jahr");
    let (anzahl, _) = demo::schreiben(&plan(), &ziel).unwrap();
    let dateien = dateien(&ziel);
    assert_eq!(dateien.len(), anzahl);
    assert!(demo::schreiben(&plan(), &ziel).is_err(), "nothing is overwritten");
    dateien
}

/// Sends a file until it is accepted: what it needs may have to follow by policy first.
async fn senden(door: &Door, name: &str, inhalt: &str) {
    let firma = if name.starts_with("00-firma") {
        "system"
    } else {
        demo::KUERZEL
    };
    let kopf = [
        ("X-Mandant", firma),
        ("Content-Type", "application/x-ndjson"),
        ("Idempotency-Key", name),
    ];
    let mut letzte = String::new();
    for _ in 0..600 {
        let antwort = door
            .request("POST", "/api/v1/stapel", &kopf, Some(inhalt.to_owned()))
            .await;
        if antwort.status == 200 {
            return;
        }
        letzte = antwort.text;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{name} wird nicht angenommen: {letzte}");
}

/// Sends the files into an installation, by three people.
async fn einspielen(server: &TestServer, dateien: &BTreeMap<String, String>) {
    let rechte = json!({"scopes": ["*:write"]});
    let (_, leitung) = server.key("leitung", rechte.clone()).await;
    let (_, geschaeftsfuehrung) = server.key("geschaeftsfuehrung", rechte).await;
    for (name, inhalt) in dateien {
        let door: &Door = if name.ends_with(Person::Leitung.name()) {
            &leitung
        } else if name.ends_with(Person::Geschaeftsfuehrung.name()) {
            &geschaeftsfuehrung
        } else {
            server
        };
        senden(door, name, inhalt).await;
    }
}

async fn bericht(server: &TestServer, name: &str, query: &str, format: &str) -> common::Reply {
    let kopf = server.db.store.head(DemoPlan::firma()).await.unwrap();
    let pfad = format!("/api/v1/berichte/{name}?ab_position={kopf}&format={format}&{query}");
    let antwort = server.request("GET", &pfad, &DEMO, None).await;
    assert_eq!(antwort.status, 200, "{name}: {}", antwort.text);
    antwort
}

/// A report that both installations show byte for byte alike; how many rows it has.
async fn verglichen(server: &[&TestServer; 2], name: &str, query: &str) -> usize {
    let [eines, anderes] = server.map(|server| bericht(server, name, query, "csv"));
    let (eines, anderes) = tokio::join!(eines, anderes);
    assert!(
        eines.text == anderes.text,
        "{name}?{query}\n{}\n{}",
        eines.text,
        anderes.text
    );
    eines.text.lines().count().saturating_sub(1)
}

/// All of the journal but who recorded it when, and where in the log it stands.
async fn journal(server: &TestServer) -> Vec<Value> {
    let antwort = bericht(server, "journal", "limit=10000", "json").await;
    assert!(antwort.body["weiter"].is_null(), "all of it is on one page");
    let mut zeilen = antwort.body["zeilen"].as_array().unwrap().clone();
    for zeile in &mut zeilen {
        for fremd in ["erfasst_am", "erfasser", "buchung_id", "log_position"] {
            assert!(zeile.as_object_mut().unwrap().remove(fremd).is_some(), "{fremd}");
        }
    }
    zeilen
}

/// Everything that follows by policy has followed.
async fn gefolgt(server: &TestServer) {
    for _ in 0..600 {
        if Following::caught_up(&server.db.store, DemoPlan::firma()).await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the policies do not catch up");
}

#[tokio::test(flavor = "multi_thread")]
async fn vorfuehrung_und_ndjson_zeigen_dieselben_berichte() {
    let dateien = geschrieben();
    let (vorgefuehrt, eingespielt) = (common::bare_server().await, common::bare_server().await);
    let (belege, ()) = tokio::join!(vorfuehren(&vorgefuehrt), einspielen(&eingespielt, &dateien));
    for (art, anzahl) in belege.je_art() {
        assert!(anzahl > 2, "{anzahl} {art}");
    }
    gefolgt(&eingespielt).await;
    let server = [&vorgefuehrt, &eingespielt];
    let stichtag = plan().heute;
    let mut stichtage: Vec<NaiveDate> = (1..=10)
        .filter_map(|monat| NaiveDate::from_ymd_opt(2026, monat, 28))
        .filter(|tag| *tag < stichtag)
        .collect();
    stichtage.push(stichtag);
    for (name, weiter) in [
        ("summen-und-saldenliste", "&personenkonten=true"),
        ("op-liste", ""),
        ("altersstruktur", ""),
        ("abstimmung-op-sammelkonto", ""),
        ("bestandsliste", ""),
        ("auftragsbestand", ""),
    ] {
        let mut zeilen = 0;
        for tag in &stichtage {
            zeilen += verglichen(&server, name, &format!("stichtag={tag}{weiter}")).await;
        }
        assert!(zeilen > 0, "{name} is empty on all days");
    }
    for name in ["rechnungsausgangsbuch", "rechnungseingangsbuch"] {
        let zeilen = verglichen(&server, name, "von=2026-01-01&bis=2026-12-31").await;
        assert!(zeilen > 0, "{name} is empty");
    }
    let (eines, anderes) = tokio::join!(journal(&vorgefuehrt), journal(&eingespielt));
    assert!(eines.len() > 150, "{}", eines.len());
    assert_eq!(eines, anderes);
    for server in server {
        let query = format!("stichtag={stichtag}");
        let salden = bericht(server, "summen-und-saldenliste", &query, "json").await.body;
        assert_eq!(salden["summen"]["ausgeglichen"], true, "{}", salden["summen"]);
        let abstimmung = bericht(server, "abstimmung-op-sammelkonto", &query, "json").await.body;
        assert_eq!(abstimmung["summen"]["abgestimmt"], true, "{abstimmung}");
        let luecken = bericht(server, "nummernpruefung", "jahr=2026", "json").await.body;
        let summen = &luecken["summen"];
        assert_eq!(
            (&summen["luecken"], &summen["doppelte"]),
            (&json!(0), &json!(0)),
            "{luecken}"
        );
        let unterschiede = rebuild::verify(&server.db.store, None).await.unwrap();
        assert!(unterschiede.is_empty(), "{unterschiede:?}");
    }
}

#[test]
fn zweimal_geschrieben_ist_byte_fuer_byte_dasselbe_und_an_jedem_tag_beginnt_das_jahr_gleich() {
    let dateien = geschrieben();
    assert_eq!(dateien, geschrieben());
    let ordner = tempfile::tempdir().unwrap();
    let frueher = DemoPlan {
        heute: "2026-04-17".parse().unwrap(),
        ..plan()
    };
    demo::schreiben(&frueher, ordner.path()).unwrap();
    let halb = self::dateien(ordner.path());
    assert!(halb.len() > 10);
    for (name, inhalt) in halb {
        assert_eq!(dateien.get(&name), Some(&inhalt), "{name}");
    }
}
