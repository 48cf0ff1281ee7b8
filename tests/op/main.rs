//! Open items, settlements and payments over HTTP, with the worked examples of the specification (fibu 4 and 9), cent by
//! cent.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod ausgleich;
#[path = "../common/mod.rs"]
mod common;
mod posten;
mod zahlung;

use common::{Reply, TestServer};
use serde_json::{Value, json};

/// A company with two customers, a supplier and a bank account.
struct Haus {
    server: TestServer,
    bank: String,
}

impl Haus {
    async fn neu() -> Self {
        let server = common::server().await;
        server.debitor("10001", "Landhof Petersen GmbH").await;
        server.debitor("10002", "Hof Meyer GbR").await;
        let kreditor = json!({"nr": "70001", "name": "Düngerwerk Nord AG"});
        server.post("/api/v1/fibu/kreditoren", kreditor).await.ok();
        let bank =
            json!({"bezeichnung": "Hausbank", "art": "bank", "konto_nr": "1800", "iban": "DE89370400440532013000"});
        let bank = server.post("/api/v1/fibu/geldkonten", bank).await.ok()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { server, bank }
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.server.post(&format!("/api/v1/fibu/{path}"), body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.server.get(&format!("/api/v1/{path}")).await.ok()
    }

    /// Posts a voucher; gives its id. A line is account, side, amount, terms of the item.
    async fn buchen(&self, datum: &str, zeilen: &[(&str, &str, &str, Value)]) -> String {
        let zeilen: Vec<Value> = zeilen
            .iter()
            .map(|(konto, seite, betrag, extra)| {
                let art = if konto.len() == 5 { "personenkonto" } else { "konto" };
                let mut zeile = json!({art: konto, "seite": seite, "betrag": betrag});
                for (name, wert) in extra.as_object().into_iter().flatten() {
                    zeile[name] = wert.clone();
                }
                zeile
            })
            .collect();
        let body = json!({"belegkreis": "MB", "belegdatum": datum, "buchungsdatum": datum, "buchungsart": "rechnung",
            "text": "Beispiel", "beleg": "B-1", "zeilen": zeilen});
        id(&self.post("buchungen", body).await.ok())
    }

    /// An invoice of 19 % goods; gives the id of its item.
    async fn rechnung(&self, konto: &str, datum: &str, betrag: &str, op: Value) -> String {
        let op = json!({"op": op});
        let (partner, waren, gegen) = if konto.starts_with('7') {
            ("haben", "5400", "soll")
        } else {
            ("soll", "4400", "haben")
        };
        let zeilen = [(konto, partner, betrag, op), (waren, gegen, betrag, json!({}))];
        let buchung = self.buchen(datum, &zeilen).await;
        self.posten(&buchung).await["id"].as_str().unwrap().to_owned()
    }

    async fn posten(&self, buchung: &str) -> Value {
        self.get(&format!("fibu/offene-posten?buchung_id={buchung}")).await["daten"][0].clone()
    }

    async fn op(&self, id: &str) -> Value {
        self.get(&format!("fibu/offene-posten/{id}")).await
    }

    async fn rest(&self, id: &str) -> String {
        self.op(id).await["rest"].as_str().unwrap().to_owned()
    }

    /// Enters and books a payment; gives its id and the answer of the booking.
    async fn zahlung(
        &self,
        konto: &str,
        datum: &str,
        betrag: &str,
        zuordnungen: Value,
        mehr: Value,
    ) -> (String, Value) {
        let richtung = if konto.starts_with('7') { "ausgang" } else { "eingang" };
        let mut body = json!({"richtung": richtung, "geldkonto_id": self.bank, "personenkonto": konto, "betrag": betrag,
            "buchungsdatum": datum, "zuordnungen": zuordnungen});
        for (name, wert) in mehr.as_object().into_iter().flatten() {
            body[name] = wert.clone();
        }
        let zahlung = id(&self.post("zahlungen", body).await.ok());
        let answer = self.post(&format!("zahlungen/{zahlung}/buchen"), json!({})).await.ok();
        (zahlung, answer)
    }

    /// Lines of a voucher as `konto seite betrag`.
    async fn zeilen(&self, buchung: &str) -> Vec<String> {
        let buchung = self.get(&format!("fibu/buchungen/{buchung}")).await;
        let zeilen = buchung["positionen"].as_array().unwrap();
        let text = |p: &Value, key: &str| p[key].as_str().unwrap_or_default().to_owned();
        zeilen
            .iter()
            .map(|p| format!("{} {} {}", text(p, "konto"), text(p, "seite"), text(p, "betrag")))
            .collect()
    }

    /// Lines of what a settlement posted.
    async fn folgebuchung(&self, zahlung: &str) -> Vec<String> {
        let zahlung = self.get(&format!("fibu/zahlungen/{zahlung}")).await;
        let ausgleich = zahlung["ausgleich_id"].as_str().unwrap();
        let ausgleich = self.get(&format!("fibu/ausgleiche/{ausgleich}")).await;
        self.zeilen(ausgleich["folgebuchung_id"].as_str().unwrap()).await
    }

    /// Σ OP = Sammelkonto, and Σ rest = saldo of every Personenkonto.
    async fn abgestimmt(&self, stichtag: &str) {
        let position = self
            .post("waehrungen?probelauf=true", json!({"iso": "USD", "jahr": 2026}))
            .await
            .ok()["position"]
            .as_i64()
            .unwrap()
            - 1;
        let bericht = self
            .get(&format!(
                "berichte/abstimmung-op-sammelkonto?stichtag={stichtag}&ab_position={position}"
            ))
            .await;
        assert_eq!(bericht["summen"]["abgestimmt"], true, "{bericht}");
        let susa = self
            .get(&format!(
                "berichte/summen-und-saldenliste?stichtag={stichtag}&personenkonten=true&ab_position={position}"
            ))
            .await;
        let alter = self
            .get(&format!(
                "berichte/altersstruktur?stichtag={stichtag}&ab_position={position}"
            ))
            .await;
        for zeile in susa["zeilen"].as_array().unwrap().iter().filter(|z| z["art"] != "sach") {
            let cent = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
            let saldo = cent(&zeile["saldo_soll"]) - cent(&zeile["saldo_haben"]);
            let partner = alter["zeilen"]
                .as_array()
                .unwrap()
                .iter()
                .find(|z| z["personenkonto"] == zeile["konto"]);
            assert_eq!(partner.map_or(0, |p| cent(&p["rest"])), saldo, "{zeile}");
        }
    }
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}
