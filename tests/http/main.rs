//! Black box over HTTP: what a stranger with the OpenAPI document and curl can do, and how he is refused.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod befehle;
#[path = "../common/mod.rs"]
mod common;
mod dienst;
mod lesen;
mod zugang;

use serde_json::{Value, json};

fn kasse(betrag: &str, datum: &str) -> Value {
    json!({
        "belegkreis": "KA", "belegdatum": datum, "buchungsdatum": datum, "text": "Bürobedarf", "beleg": "Q-1",
        "zeilen": [
            {"konto": "6815", "seite": "soll", "betrag": betrag, "schluessel": "V19"},
            {"konto": "1600", "seite": "haben", "betrag": betrag}
        ]
    })
}

/// Zeile of the Summen- und Saldenliste of an account.
async fn susa(server: &common::TestServer, query: &str, konto: &str) -> Value {
    let report = server
        .get(&format!("/api/v1/berichte/summen-und-saldenliste?{query}"))
        .await
        .ok();
    report["zeilen"]
        .as_array()
        .expect("rows")
        .iter()
        .find(|z| z["konto"] == konto)
        .cloned()
        .unwrap_or_default()
}
