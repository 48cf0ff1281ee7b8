//! Bad input: the OpenAPI document says what may be sent and what comes back; made-up and spoiled requests to every
//! operation are answered as it says, never with an error of the program, and the server lives and keeps its memory.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

#[path = "../common/mod.rs"]
mod common;
mod erzeuger;
mod vertrag;
mod vorrat;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use common::{Door, TestDb, prozess, wuerfel::Wuerfel};
use erzeuger::{Anfrage, Erzeuger};
use futures::{StreamExt as _, stream};
use vertrag::{Operation, Vertrag};
use vorrat::Vorrat;

const TOKEN: &str = "ein-geheimnis-fuer-boese-eingaben";
/// The company of the demo.
const FIRMA: &str = "DEMO";
/// How often every operation is asked; `NEUROERP_RUNDEN` replaces it.
const RUNDEN: u64 = 8;
/// Requests at the same time.
const ZUGLEICH: usize = 8;
/// More memory no bad input may cost, in MiB.
const SPEICHER_MIB: u64 = 400;

/// A program with the demo's company: something of everything is there.
async fn demo() -> (TestDb, prozess::Prozess) {
    let db = common::database().await;
    let demo = prozess::programm(&db.owner, TOKEN)
        .args(["demo", "--belege", "150"])
        .output()
        .unwrap();
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let prozess = prozess::starten(&db.owner, TOKEN);
    (db, prozess)
}

fn runden() -> u64 {
    std::env::var("NEUROERP_RUNDEN").map_or(RUNDEN, |text| text.parse().expect("NEUROERP_RUNDEN is a number"))
}

/// How often which status came, so that nobody takes a wall of refusals for a proof.
type Ausgaenge = Mutex<BTreeMap<(&'static str, u16), usize>>;

/// Sends a request; why its answer is wrong.
async fn fragen(
    door: &Door,
    vertrag: &Vertrag,
    operation: &Operation,
    anfrage: Anfrage,
    ausgaenge: &Ausgaenge,
) -> Option<String> {
    let kopf: Vec<(&str, &str)> = anfrage.kopf.iter().map(|(n, w)| (n.as_str(), w.as_str())).collect();
    let antwort = door
        .raw(anfrage.methode, &anfrage.pfad, &kopf, anfrage.body.clone())
        .await;
    let status = antwort.as_ref().map_or(0, |antwort| antwort.status);
    *ausgaenge.lock().unwrap().entry((anfrage.methode, status)).or_default() += 1;
    let (bruch, text) = match &antwort {
        Some(antwort) => (vertrag.bruch(operation, antwort)?, antwort.text.as_str()),
        None => ("die Verbindung brach ab".to_owned(), ""),
    };
    let body = anfrage.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let kurz = |text: &str| text.chars().take(1_500).collect::<String>();
    Some(format!(
        "{}: {bruch}\n  {} {}\n  {:?}\n  {}\n  -> {}",
        operation.name(),
        anfrage.methode,
        kurz(&anfrage.pfad),
        kopf,
        kurz(&body),
        kurz(text)
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn jede_antwort_auf_erfundene_und_verdorbene_anfragen_steht_im_dokument() {
    let (db, mut prozess) = demo().await;
    let door = &prozess.door;
    let vertrag = Arc::new(Vertrag::neu(door.get("/openapi.json").await.ok()));
    let operationen = vertrag.operationen();
    let ausgaenge = Ausgaenge::default();
    let wuerfel = Wuerfel::aus(20_261_124);
    for runde in 0..runden() {
        let vorrat = Vorrat::sammeln(door, &operationen, FIRMA).await;
        let anfragen = operationen.iter().zip(0_u64..).map(|(operation, nummer)| {
            let mut erzeuger = Erzeuger {
                vertrag: &vertrag,
                vorrat: &vorrat,
                wuerfel: wuerfel.abzweig(runde * 100_000 + nummer),
                firma: FIRMA,
            };
            (operation, erzeuger.anfrage(operation))
        });
        let anfragen: Vec<_> = anfragen.collect();
        let brueche: Vec<String> = stream::iter(anfragen)
            .map(|(operation, anfrage)| fragen(door, &vertrag, operation, anfrage, &ausgaenge))
            .buffer_unordered(ZUGLEICH)
            .filter_map(std::future::ready)
            .collect()
            .await;
        assert!(brueche.is_empty(), "Runde {runde}:\n{}", brueche.join("\n"));
    }
    let ausgaenge = ausgaenge.into_inner().unwrap();
    let angenommen: usize = [200, 201]
        .iter()
        .filter_map(|status| ausgaenge.get(&("POST", *status)))
        .sum();
    assert!(angenommen > 5 * usize::try_from(runden()).unwrap(), "{ausgaenge:?}");
    // What was accepted is whole: no ledger stands, and everything is as a fresh build would have it.
    let bereit = door.get("/health/ready").await.ok();
    assert_eq!(bereit["status"], "ok", "{bereit}");
    let abweichungen = neuroerp::projector::rebuild::verify(&db.store, None).await.unwrap();
    assert!(abweichungen.is_empty(), "{abweichungen:?}");
    let speicher = prozess.speicher_mib();
    assert!(speicher < SPEICHER_MIB, "{speicher} MiB");
    assert!(prozess.lebt());
}
