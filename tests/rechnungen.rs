//! Invoices over HTTP: the examples of fibu 3 and 4 from the draft to the open item and the books, and the way of an
//! incoming document with its refusals.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use common::TestServer;
use serde_json::{Value, json};

async fn debitor(server: &TestServer) {
    let anschrift = json!({"strasse": "Deichstr. 2", "plz": "26721", "ort": "Emden", "land": "DE"});
    let body = json!({"nr": "10001", "name": "Landhof Petersen GmbH", "anschrift": anschrift});
    server.post("/api/v1/fibu/debitoren", body).await.ok();
}

fn position(menge: &str, betrag: &str, schluessel: &str) -> Value {
    json!({"text": "Ware", "menge": menge, "einheit": "t", "schluessel": schluessel,
        "preis": {"betrag": betrag, "je": "1", "einheit": "t"}})
}

async fn id(server: &TestServer, path: &str, body: Value) -> String {
    server.post(path, body).await.ok()["id"].as_str().unwrap().to_owned()
}

/// Drafts and books the invoice of fibu 3, example 1; gives its id.
async fn beispiel_1(server: &TestServer) -> String {
    let body = json!({"debitor_nr": "10001", "leistung_bis": "2026-02-02",
        "positionen": [position("25", "389.50", "U7"), position("12", "148.33", "U19")]});
    let id = id(server, "/api/v1/fibu/rechnungen", body).await;
    let path = format!("/api/v1/fibu/rechnungen/{id}");
    let fracht = json!({"art": "fracht", "betrag": "85.00"});
    server.post(&format!("{path}/zu-abschlag-setzen"), fracht).await.ok();
    let buchen = json!({"rechnungsdatum": "2026-02-03", "erwartete_summe": "12629.81"});
    let answer = server.post(&format!("{path}/buchen"), buchen).await.ok();
    assert!(answer["nummer"].as_str().unwrap().starts_with("AR-2026-"), "{answer}");
    id
}

async fn zeilen(server: &TestServer, buchung_id: &Value) -> Vec<String> {
    let path = format!("/api/v1/fibu/buchungen/{}", buchung_id.as_str().unwrap());
    let buchung = server.get(&path).await.ok();
    let text = |p: &Value, key: &str| p[key].as_str().unwrap_or_default().to_owned();
    let zeilen = buchung["positionen"].as_array().unwrap().iter();
    zeilen
        .map(|p| format!("{} {} {}", text(p, "konto"), text(p, "seite"), text(p, "betrag")))
        .collect()
}

async fn posten(server: &TestServer, buchung_id: &Value) -> Value {
    let path = format!("/api/v1/fibu/offene-posten?buchung_id={}", buchung_id.as_str().unwrap());
    server.get(&path).await.ok()["daten"][0].clone()
}

async fn bericht(server: &TestServer, name: &str, position: &Value) -> Value {
    let path = format!("/api/v1/berichte/{name}?stichtag=2026-12-31&ab_position={position}");
    server.get(&path).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_3_rechnung_buchung_posten_und_storno() {
    let server = common::server().await;
    debitor(&server).await;
    let rechnung = beispiel_1(&server).await;
    let path = format!("/api/v1/fibu/rechnungen/{rechnung}");
    let state = server.get(&path).await.ok();
    assert_eq!(
        (&state["brutto"], &state["verkaeufer_ort"]),
        (&json!("12629.81"), &json!("Emden"))
    );
    assert_eq!(
        zeilen(&server, &state["buchung_id"]).await,
        [
            "1200 soll 12629.81",
            "4300 haben 9809.36",
            "3801 haben 686.66",
            "4400 haben 1793.10",
            "3806 haben 340.69"
        ]
    );
    let op = posten(&server, &state["buchung_id"]).await;
    assert_eq!(
        (&op["rest"], &op["belegnummer"]),
        (&json!("12629.81"), &state["nummer"])
    );
    let storno = json!({"grund": "falscher Kunde", "datum": "2026-02-04"});
    let position = server.post(&format!("{path}/stornieren"), storno.clone()).await.ok()["position"].clone();
    let state = server.get(&path).await.ok();
    assert_eq!(state["status"], "storniert");
    assert_eq!(posten(&server, &state["buchung_id"]).await["rest"], "0.00");
    server
        .post(&format!("{path}/stornieren"), storno)
        .await
        .refused(409, "RECHNUNG_BEREITS_STORNIERT");
    let buch = bericht(&server, "rechnungsausgangsbuch", &position).await;
    assert_eq!(
        (&buch["summen"]["brutto"], &buch["summen"]["belege"]),
        (&json!("0.00"), &json!(2))
    );
    assert_eq!(buch["zeilen"][0]["storniert_durch"], "AR-2026-000002");
    assert_eq!(buch["zeilen"][0]["netto_je_schluessel"], "U19 1793.10; U7 9809.36");
    let csv = server.get("/api/v1/berichte/rechnungsausgangsbuch?format=csv").await;
    assert!(csv.text.starts_with("nummer,fremdnummer,art,"), "{}", csv.text);
    let pruefung = server
        .get(&format!("/api/v1/berichte/nummernpruefung?ab_position={position}"))
        .await
        .ok();
    assert_eq!(
        (&pruefung["zeilen"][0]["letzte"], &pruefung["zeilen"][0]["luecken"]),
        (&json!("AR-2026-000002"), &json!(""))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_3_eine_eingangsrechnung_bis_zum_offenen_posten_und_zurueck() {
    let server = common::server().await;
    server
        .post(
            "/api/v1/fibu/kreditoren",
            json!({"nr": "70005", "name": "Bürobedarf Krüger"}),
        )
        .await
        .ok();
    let body = json!({"kreditor_nr": "70005", "lieferantennummer": "R 4711", "rechnungsdatum": "2026-02-02",
        "eingang_am": "2026-02-04", "brutto": "119.00",
        "positionen": [{"text": "Papier", "netto": "100.00", "schluessel": "V19", "konto": "6815"}]});
    let rechnung = id(&server, "/api/v1/fibu/eingangsrechnungen", body.clone()).await;
    server
        .post("/api/v1/fibu/eingangsrechnungen", body)
        .await
        .refused(409, "EINGANGSRECHNUNG_DOPPELT");
    let path = format!("/api/v1/fibu/eingangsrechnungen/{rechnung}");
    for schritt in ["pruefen", "freigeben"] {
        server.post(&format!("{path}/{schritt}"), json!({})).await.ok();
    }
    server
        .post(&format!("{path}/buchen"), json!({"buchungsdatum": "2026-02-05"}))
        .await
        .ok();
    let state = server.get(&path).await.ok();
    assert_eq!(
        zeilen(&server, &state["buchung_id"]).await,
        ["3300 haben 119.00", "6815 soll 100.00", "1406 soll 19.00"]
    );
    assert_eq!(posten(&server, &state["buchung_id"]).await["rest"], "-119.00");
    let storno = json!({"grund": "falsch berechnet", "datum": "2026-02-06"});
    let position = server.post(&format!("{path}/stornieren"), storno).await.ok()["position"].clone();
    assert_eq!(posten(&server, &state["buchung_id"]).await["rest"], "0.00");
    let buch = bericht(&server, "rechnungseingangsbuch", &position).await;
    assert_eq!(
        (&buch["summen"]["brutto"], &buch["summen"]["offen"]),
        (&json!("0.00"), &json!("0.00"))
    );
    assert_eq!(buch["zeilen"][0]["storniert_durch"], "ER-2026-000001");
}
