//! The pages of the handbook are tests: each request in them is sent to a running server, in order, and must be answered
//! as shown. `NEUROERP_HANDBUCH_SCHREIBEN=1` writes the answers of the run into the pages instead.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

#[path = "../common/mod.rs"]
mod common;
mod form;
mod merker;
mod regeln;
mod seite;

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::PathBuf,
    time::{Duration, Instant},
};

use common::{Reply, TestServer};
use merker::Merker;
use seite::{Antwort, Schritt, Seite};
use serde_json::Value;

/// The pages, each with those that it goes on from.
const SEITEN: [(&str, &[&str]); 4] = [
    ("stammdaten", &[]),
    ("einkauf", &["stammdaten"]),
    ("verkauf", &["stammdaten"]),
    ("buchhaltung", &["stammdaten"]),
];

/// The company of the pages.
const MANDANT: &str = "DEMO";

/// How long a following policy or a report may take until a reader sees what the page shows.
const GEDULD: Duration = Duration::from_secs(20);

/// The same while answers are written anew: then the page may be what is wrong.
const GEDULD_BEIM_SCHREIBEN: Duration = Duration::from_secs(2);

fn ordner() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn laden(name: &str) -> Seite {
    let datei = format!("{name}.md");
    let text = fs::read_to_string(ordner().join(&datei)).expect(&datei);
    Seite::lesen(&datei, &text).unwrap_or_else(|fehler| panic!("{fehler}"))
}

/// One run through a page and those before it.
struct Lauf {
    server: TestServer,
    merker: Merker,
    schreiben: bool,
}

impl Lauf {
    async fn neu() -> Self {
        Self {
            server: common::bare_server().await,
            merker: Merker::neu(aggregates::types::kalender::tag(neuroerp::uhr::jetzt())),
            schreiben: std::env::var_os("NEUROERP_HANDBUCH_SCHREIBEN").is_some(),
        }
    }

    /// Sends a request as the page shows it.
    async fn senden(&self, schritt: &Schritt) -> Result<Reply, String> {
        let mut tuer = None;
        let mut kopfzeilen = vec![("X-Mandant".to_owned(), MANDANT.to_owned())];
        for (name, wert) in &schritt.kopfzeilen {
            let wert = self.merker.einsetzen(wert)?;
            match (name.as_str(), wert.strip_prefix("Bearer ")) {
                ("Authorization", Some(token)) => tuer = Some(self.server.with_token(token)),
                _ => kopfzeilen.push((name.clone(), wert)),
            }
        }
        let kopfzeilen: Vec<(&str, &str)> = kopfzeilen.iter().map(|(n, w)| (n.as_str(), w.as_str())).collect();
        let pfad = self.merker.einsetzen(&schritt.pfad)?;
        let koerper = schritt
            .koerper
            .as_ref()
            .map(|k| self.merker.einsetzen_in(k))
            .transpose()?;
        let tuer = tuer.as_ref().unwrap_or(&self.server);
        let koerper = koerper.map(|k| k.to_string());
        Ok(tuer.request(&schritt.methode, &pfad, &kopfzeilen, koerper).await)
    }

    /// Sends a request until the answer is as shown. What changes something is sent once; what only reads may have to
    /// wait for a policy or a ledger.
    async fn ausfuehren(&mut self, schritt: &Schritt) -> Result<Reply, (Option<Reply>, String)> {
        let geduld = if self.schreiben { GEDULD_BEIM_SCHREIBEN } else { GEDULD };
        let beginn = Instant::now();
        loop {
            let antwort = self.senden(schritt).await.map_err(|fehler| (None, fehler))?;
            let Err(fehler) = pruefen(&mut self.merker, schritt, &antwort) else {
                return Ok(antwort);
            };
            if schritt.methode != "GET" || beginn.elapsed() > geduld {
                return Err((Some(antwort), fehler));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Goes through a page until a step is not as shown. Gives the answers to be written anew, and what stopped it.
    async fn durchgehen(&mut self, seite: &Seite) -> (Vec<(Range<usize>, Vec<String>)>, Result<(), String>) {
        let mut neue = Vec::new();
        for schritt in &seite.schritte {
            let Err((antwort, fehler)) = self.ausfuehren(schritt).await else {
                continue;
            };
            let ort = format!(
                "docs/{}:{}: {} {}",
                seite.name, schritt.zeile, schritt.methode, schritt.pfad
            );
            let Some(antwort) = antwort else {
                return (neue, Err(format!("{ort}: {fehler}")));
            };
            let erwartet = schritt.antwort.ist_ablehnung() == (antwort.status >= 400);
            if self.schreiben && erwartet {
                eprintln!("{ort}: {fehler}; neu geschrieben");
                neue.push((
                    schritt.stelle.clone(),
                    neu_schreiben(&mut self.merker, schritt, &antwort),
                ));
            }
            // What follows depends on it.
            if !self.schreiben || !erwartet {
                return (
                    neue,
                    Err(format!("{ort}: {fehler}\n{} {}", antwort.status, antwort.text)),
                );
            }
        }
        (neue, Ok(()))
    }
}

fn pruefen(merker: &mut Merker, schritt: &Schritt, antwort: &Reply) -> Result<(), String> {
    match &schritt.antwort {
        Antwort::Json(gezeigt) => {
            if schritt.antwort.ist_ablehnung() != (antwort.status >= 400) {
                return Err(format!("der Status ist {}", antwort.status));
            }
            merker.abgleichen(gezeigt, &antwort.body)
        }
        Antwort::Csv(gezeigt) => {
            if antwort.status != 200 {
                return Err(format!("der Status ist {}", antwort.status));
            }
            let gezeigt = gezeigt
                .iter()
                .map(|z| merker.einsetzen(z))
                .collect::<Result<Vec<_>, _>>()?;
            let da: Vec<&str> = antwort.text.lines().collect();
            if gezeigt == da {
                Ok(())
            } else {
                Err(format!("statt\n{}", gezeigt.join("\n")))
            }
        }
    }
}

fn neu_schreiben(merker: &mut Merker, schritt: &Schritt, antwort: &Reply) -> Vec<String> {
    match &schritt.antwort {
        // A refusal is shown with what a reader needs.
        Antwort::Json(gezeigt) if antwort.status >= 400 && gezeigt.get("code").is_none() => {
            let kurz = serde_json::json!({"code": "", "status": 0, "detail": ""});
            form::zeilen(&merker.auffrischen(&kurz, &antwort.body))
        }
        Antwort::Json(gezeigt) => form::zeilen(&merker.auffrischen(gezeigt, &antwort.body)),
        Antwort::Csv(_) => antwort.text.lines().map(|z| csv_zeile(merker, z)).collect(),
    }
}

fn csv_zeile(merker: &Merker, zeile: &str) -> String {
    zeile
        .split(',')
        .map(|zelle| merker.zeigen_text(zelle))
        .collect::<Vec<_>>()
        .join(",")
}

async fn seite(name: &str) {
    let vorher = SEITEN
        .iter()
        .find(|(seite, _)| *seite == name)
        .map(|(_, vorher)| *vorher);
    let mut lauf = Lauf::neu().await;
    let schreiben = std::mem::take(&mut lauf.schreiben);
    for vorher in vorher.expect("eine Seite des Handbuchs") {
        let (_, ergebnis) = lauf.durchgehen(&laden(vorher)).await;
        ergebnis.unwrap_or_else(|fehler| panic!("{fehler}"));
    }
    lauf.schreiben = schreiben;
    let seite = laden(name);
    assert!(!seite.schritte.is_empty(), "{name} zeigt keine Anfrage");
    let (neue, ergebnis) = lauf.durchgehen(&seite).await;
    if schreiben {
        fs::write(ordner().join(&seite.name), seite.mit_antworten(neue)).expect("die Seite");
    }
    ergebnis.unwrap_or_else(|fehler| panic!("{fehler}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stammdaten_wie_im_handbuch() {
    seite("stammdaten").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn einkauf_wie_im_handbuch() {
    seite("einkauf").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verkauf_wie_im_handbuch() {
    seite("verkauf").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buchhaltung_wie_im_handbuch() {
    seite("buchhaltung").await;
}

/// Texts of all pages by name, read once for the rules about them.
fn alle() -> BTreeMap<&'static str, Seite> {
    SEITEN.iter().map(|(name, _)| (*name, laden(name))).collect()
}

/// All codes that the shown answers of a page bear.
fn codes(seite: &Seite) -> Vec<String> {
    let mut gefunden = Vec::new();
    for schritt in &seite.schritte {
        if let Antwort::Json(wert) = &schritt.antwort {
            sammeln(wert, &mut gefunden);
        }
    }
    gefunden
}

fn sammeln(wert: &Value, gefunden: &mut Vec<String>) {
    match wert {
        Value::Object(felder) => {
            gefunden.extend(felder.get("code").and_then(Value::as_str).map(str::to_owned));
            felder.values().for_each(|wert| sammeln(wert, gefunden));
        }
        Value::Array(liste) => liste.iter().for_each(|wert| sammeln(wert, gefunden)),
        _ => {}
    }
}
