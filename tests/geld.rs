//! Terms of payment, currencies, own accounts and what refuses them, over HTTP (fibu 1, 3, 4).
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use common::{Reply, TestServer};
use serde_json::{Value, json};

async fn post(server: &TestServer, path: &str, body: Value) -> Reply {
    server.post(&format!("/api/v1/fibu/{path}"), body).await
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

fn rechnung(datum: &str, op: Value) -> Value {
    json!({"belegkreis": "MB", "belegdatum": datum, "buchungsdatum": datum, "text": "Beispiel", "beleg": "B-1", "zeilen": [
        {"personenkonto": "10001", "seite": "soll", "betrag": "119.00", "op": op},
        {"konto": "4400", "seite": "haben", "betrag": "119.00"}]})
}

async fn termine(server: &TestServer, datum: &str, bedingung: &str) -> (Value, Value) {
    let body = rechnung(datum, json!({"zahlungsbedingung_id": bedingung}));
    let buchung = id(&post(server, "buchungen", body).await.ok());
    let path = format!("/api/v1/fibu/offene-posten?buchung_id={buchung}");
    let op = id(&server.get(&path).await.ok()["daten"][0]);
    let op = server.get(&format!("/api/v1/fibu/offene-posten/{op}")).await.ok();
    (op["faellig"].clone(), op["skonto"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn faelligkeit_und_skonto_folgen_aus_der_zahlungsbedingung_des_belegtags() {
    let server = common::server().await;
    server.debitor("10001", "Landhof Petersen GmbH").await;
    let anlegen = async |code: &str, fassung: Value| {
        let body = json!({"code": code, "bezeichnung": code, "fassung": fassung});
        post(&server, "zahlungsbedingungen", body).await
    };
    let netto = id(&anlegen(
        "30T",
        json!({"tage": 30, "skonto": [{"tage": 10, "prozent": "2"}, {"tage": 14, "prozent": "1"}]}),
    )
    .await
    .ok());
    let (faellig, skonto) = termine(&server, "2026-03-02", &netto).await;
    assert_eq!(faellig, "2026-04-01");
    assert_eq!(skonto[1]["bis"], "2026-03-16");
    let ultimo = id(&anlegen("ULT", json!({"faellig": "monatsende", "tage": 14})).await.ok());
    assert_eq!(termine(&server, "2026-01-20", &ultimo).await.0, "2026-02-28");
    let valuta = json!({"faellig": "fixe_valuta", "valuta": "2026-09-30"});
    let fruehbezug = id(&anlegen("FB", valuta).await.ok());
    assert_eq!(termine(&server, "2026-01-20", &fruehbezug).await.0, "2026-09-30");
    // Changed terms hold for documents from that day on.
    let aendern = json!({"ab": "2026-03-01", "fassung": {"tage": 7}});
    post(&server, &format!("zahlungsbedingungen/{ultimo}/aendern"), aendern)
        .await
        .ok();
    assert_eq!(termine(&server, "2026-02-28", &ultimo).await.0, "2026-03-31");
    assert_eq!(termine(&server, "2026-03-01", &ultimo).await.0, "2026-03-08");

    anlegen("30T", json!({})).await.refused(409, "NUMMER_VERGEBEN");
    for stufen in [
        json!([{"tage": 10, "prozent": "2"}, {"tage": 10, "prozent": "1"}]),
        json!([{"tage": 10, "prozent": "2"}, {"tage": 14, "prozent": "2"}]),
    ] {
        anlegen("X", json!({"tage": 30, "skonto": stufen}))
            .await
            .refused(422, "ZAHLUNGSBEDINGUNG_SKONTO_FOLGE");
    }
    anlegen("X", json!({"faellig": "fixe_valuta"}))
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    anlegen("X", json!({"tage": 5, "skonto": [{"tage": 6, "prozent": "2"}]}))
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    let stilllegen = format!("zahlungsbedingungen/{ultimo}/stilllegen");
    post(&server, &stilllegen, json!({})).await.ok();
    post(&server, &stilllegen, json!({}))
        .await
        .refused(422, "ZAHLUNGSBEDINGUNG_STILLGELEGT");
    let alt = rechnung("2026-03-02", json!({"zahlungsbedingung_id": ultimo}));
    post(&server, "buchungen", alt)
        .await
        .refused(422, "ZAHLUNGSBEDINGUNG_STILLGELEGT");
    let fremd = rechnung(
        "2026-03-02",
        json!({"zahlungsbedingung_id": "0190a000-0000-7000-8000-000000000001"}),
    );
    let refusal = post(&server, "buchungen", fremd)
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    assert_eq!(refusal["felder"][0]["feld"], "/zeilen/0/op/zahlungsbedingung_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_kurs_wird_je_tag_einmal_erfasst_und_dann_korrigiert() {
    let server = common::server().await;
    let usd = id(&post(&server, "waehrungen", json!({"iso": "USD", "jahr": 2026}))
        .await
        .ok());
    let kurs = |datum: &str, kurs: &str| json!({"datum": datum, "kurs": kurs, "quelle": "EZB"});
    let erfassen = format!("waehrungen/{usd}/kurs-erfassen");
    let korrigieren = format!("waehrungen/{usd}/kurs-korrigieren");
    post(&server, &erfassen, kurs("2026-03-02", "1.1000")).await.ok();
    let refusal = post(&server, &erfassen, kurs("2026-03-02", "1.2"))
        .await
        .refused(409, "WAEHRUNG_KURS_VORHANDEN");
    assert_eq!(refusal["daten"], json!({"iso": "USD", "datum": "2026-03-02"}));
    let neu = |datum: &str| json!({"datum": datum, "kurs": "1.1050", "grund": "Tippfehler"});
    post(&server, &korrigieren, neu("2026-03-02")).await.ok();
    post(&server, &korrigieren, neu("2026-03-03"))
        .await
        .refused(422, "WAEHRUNG_KURS_FEHLT");
    for falsch in [
        kurs("2025-12-31", "1"),
        kurs("2026-03-04", "0"),
        kurs("2026-03-04", "1.1234567"),
    ] {
        post(&server, &erfassen, falsch).await.refused(422, "EINGABE_UNGUELTIG");
    }
    let stand = server.get(&format!("/api/v1/fibu/waehrungen/{usd}")).await.ok();
    assert_eq!(
        (&stand["kurse"][0]["kurs"], &stand["kurse"][0]["korrekturgrund"]),
        (&json!("1.105000"), &json!("Tippfehler"))
    );
    for falsch in [json!({"iso": "EUR", "jahr": 2026}), json!({"iso": "usd", "jahr": 2026})] {
        post(&server, "waehrungen", falsch)
            .await
            .refused(422, "EINGABE_UNGUELTIG");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_geldkonto_hat_sein_konto_allein_und_schliesst_bei_saldo_null() {
    let server = common::server().await;
    let geld = |konto: &str, iban: Option<&str>| json!({"bezeichnung": "Bank", "art": "bank", "konto_nr": konto, "iban": iban});
    let iban = Some("DE89370400440532013000");
    let bank = id(&post(&server, "geldkonten", geld("1800", iban)).await.ok());
    post(&server, "geldkonten", geld("1800", None))
        .await
        .refused(409, "GELDKONTO_KONTO_BELEGT");
    post(&server, "geldkonten", geld("1600", iban))
        .await
        .refused(409, "NUMMER_VERGEBEN");
    post(&server, "geldkonten", geld("1600", Some("DE89370400440532013001")))
        .await
        .refused(422, "IBAN_UNGUELTIG");
    post(&server, "geldkonten", geld("4400", None))
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    post(&server, "geldkonten", geld("1899", None))
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    let body = json!({"belegkreis": "BK", "belegdatum": "2026-03-02", "buchungsdatum": "2026-03-02", "text": "Bar", "beleg": "1",
        "zeilen": [{"konto": "1800", "seite": "soll", "betrag": "1.00"}, {"konto": "1600", "seite": "haben", "betrag": "1.00"}]});
    let buchung = id(&post(&server, "buchungen", body).await.ok());
    let schliessen = format!("geldkonten/{bank}/schliessen");
    let refusal = post(&server, &schliessen, json!({}))
        .await
        .refused(422, "GELDKONTO_SALDO_NICHT_NULL");
    assert_eq!(refusal["daten"]["saldo"], "1.00");
    let storno = json!({"grund": "doppelt", "buchungsdatum": "2026-03-03"});
    post(&server, &format!("buchungen/{buchung}/stornieren"), storno)
        .await
        .ok();
    post(&server, &schliessen, json!({})).await.ok();
    post(&server, "geldkonten", geld("1800", None)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn zahlsperre_und_zahlungen_derselben_seite() {
    let server = common::server().await;
    server.debitor("10001", "Landhof Petersen GmbH").await;
    let kreditor = json!({"nr": "70001", "name": "Düngerwerk Nord AG"});
    let kreditor = id(&post(&server, "kreditoren", kreditor).await.ok());
    let bank = json!({"bezeichnung": "Hausbank", "art": "bank", "konto_nr": "1800"});
    let bank = id(&post(&server, "geldkonten", bank).await.ok());
    let zahlung = |richtung: &str, konto: &str| json!({"richtung": richtung, "geldkonto_id": bank, "personenkonto": konto, "betrag": "10.00", "buchungsdatum": "2026-03-02"});
    let sperre = format!("kreditoren/{kreditor}/zahlsperre-setzen");
    post(&server, &sperre, json!({"grund": "Reklamation"})).await.ok();
    let ausgang = id(&post(&server, "zahlungen", zahlung("ausgang", "70001")).await.ok());
    post(&server, &format!("zahlungen/{ausgang}/buchen"), json!({}))
        .await
        .refused(422, "OP_ZAHLSPERRE");
    post(&server, "zahlungen", zahlung("eingang", "10009"))
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    for _ in 0..2 {
        let eingang = id(&post(&server, "zahlungen", zahlung("eingang", "10001")).await.ok());
        let buchen = format!("zahlungen/{eingang}/buchen");
        post(&server, &buchen, json!({})).await.ok();
        post(&server, &buchen, json!({}))
            .await
            .refused(409, "STATUS_UNZULAESSIG");
    }
    let offen = server.get("/api/v1/fibu/offene-posten?personenkonto=10001").await.ok();
    let posten: Vec<String> = offen["daten"].as_array().unwrap().iter().map(id).collect();
    let zeilen: Vec<Value> = posten
        .iter()
        .map(|op| json!({"op_id": op, "betrag": "-10.00"}))
        .collect();
    let einseitig = json!({"datum": "2026-03-03", "zeilen": zeilen});
    post(&server, "ausgleiche", einseitig)
        .await
        .refused(422, "AUSGLEICH_ART");
    let pfad = |befehl: &str| format!("offene-posten/{}/{befehl}", posten[0]);
    post(
        &server,
        &pfad("faelligkeit-aendern"),
        json!({"faellig": "2026-05-01", "grund": "Stundung"}),
    )
    .await
    .ok();
    post(&server, &pfad("mahnsperre-aufheben"), json!({}))
        .await
        .refused(409, "STATUS_UNZULAESSIG");
    post(&server, &pfad("mahnsperre-setzen"), json!({"grund": "Kulanz"}))
        .await
        .ok();
    post(
        &server,
        &pfad("strittig-melden"),
        json!({"strittig": true, "grund": "Mangel"}),
    )
    .await
    .ok();
    let stand = server
        .get(&format!("/api/v1/fibu/offene-posten/{}", posten[0]))
        .await
        .ok();
    assert_eq!(stand["faellig"], "2026-05-01");
    assert_eq!((&stand["mahnsperre"], &stand["strittig"]), (&json!(true), &json!(true)));
}
