//! Kunde, Lieferant and their accounts over HTTP: one unit of work, or nothing.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::time::Duration;

use common::TestServer;
use serde_json::{Value, json};
use uuid::Uuid;

/// A server with a company and the Nummernkreise of partners.
async fn server() -> TestServer {
    let server = common::server().await;
    for (code, start) in [("KD", 10000), ("LF", 70000)] {
        let kreis =
            json!({"code": code, "muster": "{00000}", "start": start, "lueckenlos": false, "chronologisch": false});
        let reply = server.post("/api/v1/dienste/nummernkreise", kreis).await;
        assert!(matches!(reply.status, 201 | 409), "{}", reply.text);
    }
    server
}

fn adresse(art: &str, ort: &str) -> Value {
    json!({"adresse": {"art": art, "anschrift": {"strasse": "Deichweg 1", "plz": "26721", "ort": ort, "land": "DE"}}})
}

/// A customer as a draft, with an invoice address.
async fn entwurf(server: &TestServer, name: &str) -> String {
    let kunde = json!({"kunden_art": "firma", "name": name, "ust_status": "regel", "ust_id": "DE136695976"});
    let kunde = server.post("/api/v1/crm/kunden", kunde).await.ok();
    let pfad = format!("/api/v1/crm/kunden/{}", kunde["id"].as_str().unwrap());
    server
        .post(&format!("{pfad}/adresse-hinzufuegen"), adresse("rechnung", "Emden"))
        .await
        .ok();
    pfad
}

async fn debitoren(server: &TestServer) -> Vec<Value> {
    let liste = server.get("/api/v1/fibu/debitoren").await.ok();
    liste["daten"].as_array().unwrap().clone()
}

async fn einer(server: &TestServer, pfad: &str) -> Value {
    server.get(pfad).await.ok()
}

async fn zahl(server: &TestServer, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&server.db.pool).await.unwrap()
}

async fn bis(was: &str, mut wahr: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if wahr().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nie eingetreten: {was}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mit_der_freigabe_entstehen_debitor_und_kreditlinie_in_einer_einheit() {
    let server = server().await;
    let pfad = entwurf(&server, "Landhof Petersen GmbH").await;
    assert!(debitoren(&server).await.is_empty());
    server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();

    let kunde = einer(&server, &pfad).await;
    let debitor = &debitoren(&server).await[0];
    assert_eq!(
        (&debitor["nr"], &debitor["name"]),
        (&kunde["kunden_nr"], &kunde["name"])
    );
    assert_eq!(
        (&debitor["kunde_id"], &debitor["id"]),
        (&kunde["id"], &kunde["debitor_id"])
    );
    let debitor = einer(
        &server,
        &format!("/api/v1/fibu/debitoren/{}", debitor["id"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (&debitor["ort"], &debitor["ust_status"][0]["ust_id"]),
        (&json!("Emden"), &json!("DE136695976"))
    );
    let linien = server.get("/api/v1/crm/kreditlinien").await.ok();
    assert_eq!(linien["daten"][0]["kunde_id"], kunde["id"]);
    // One unit of work: one correlation, and neighbours in the log.
    let vorgaenge = zahl(
        &server,
        "SELECT count(DISTINCT correlation) FROM log.ereignis
         WHERE aggregate_type IN ('debitor', 'kreditlinie') OR (aggregate_type = 'kunde' AND event_type = 'Freigegeben')",
    )
    .await;
    assert_eq!(vorgaenge, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_abgelehnter_debitor_lehnt_die_freigabe_im_ganzen_ab() {
    let server = server().await;
    let pfad = entwurf(&server, "Landhof Petersen GmbH").await;
    let nr = einer(&server, &pfad).await["kunden_nr"].as_str().unwrap().to_owned();
    server.debitor(&nr, "War schon da").await;
    let vorher = zahl(&server, "SELECT count(*) FROM log.ereignis").await;
    server
        .post(&format!("{pfad}/freigeben"), json!({}))
        .await
        .refused(409, "NUMMER_VERGEBEN");
    assert_eq!(einer(&server, &pfad).await["status"], "entwurf");
    assert_eq!(zahl(&server, "SELECT count(*) FROM crm.kreditlinie").await, 0);
    assert_eq!(zahl(&server, "SELECT count(*) FROM log.ereignis").await, vorher);
}

#[tokio::test(flavor = "multi_thread")]
async fn die_fakturasperre_sperrt_den_debitor_und_gibt_ihn_wieder_frei() {
    let server = server().await;
    let pfad = entwurf(&server, "Landhof Petersen GmbH").await;
    server
        .post(
            &format!("{pfad}/sperre-setzen"),
            json!({"art": "faktura", "grund": "Verzug"}),
        )
        .await
        .refused(409, "KUNDE_NICHT_AKTIV");
    server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    for (art, status) in [("liefer", "aktiv"), ("faktura", "gesperrt")] {
        let sperre = json!({"art": art, "grund": "Zahlungsverzug"});
        server.post(&format!("{pfad}/sperre-setzen"), sperre.clone()).await.ok();
        assert_eq!(debitoren(&server).await[0]["status"], status);
        server
            .post(&format!("{pfad}/sperre-setzen"), sperre)
            .await
            .refused(409, "KUNDE_SPERRE_DOPPELT");
    }
    let aufheben = json!({"art": "faktura", "grund": "bezahlt"});
    server.post(&format!("{pfad}/sperre-aufheben"), aufheben).await.ok();
    assert_eq!(debitoren(&server).await[0]["status"], "aktiv");
}

#[tokio::test(flavor = "multi_thread")]
async fn geaenderte_stammdaten_folgen_zum_debitor() {
    let server = server().await;
    let pfad = entwurf(&server, "Landhof Petersen GmbH").await;
    server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    let adresse_id = einer(&server, &pfad).await["adressen"][0]["adresse_id"].clone();
    let mut neu = adresse("rechnung", "Aurich");
    neu["adresse_id"] = adresse_id;
    server.post(&format!("{pfad}/adresse-aendern"), neu).await.ok();
    let name = json!({"name": "Landhof Petersen KG", "ust_id": "DE811907980"});
    server.post(&format!("{pfad}/stammdaten-aendern"), name).await.ok();
    bis("der Debitor hat Name, Ort und USt-IdNr.", async || {
        let kopf = debitoren(&server).await[0].clone();
        let debitor = einer(
            &server,
            &format!("/api/v1/fibu/debitoren/{}", kopf["id"].as_str().unwrap()),
        )
        .await;
        let ust_ids = debitor["ust_status"].as_array().unwrap();
        debitor["name"] == "Landhof Petersen KG"
            && debitor["ort"] == "Aurich"
            && ust_ids.last().is_some_and(|s| s["ust_id"] == "DE811907980")
    })
    .await;
    assert_eq!(zahl(&server, "SELECT count(*) FROM log.politik_abgelehnt").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_lieferant_bekommt_seinen_kreditor_und_seine_zahlsperre() {
    let server = server().await;
    let lieferant =
        json!({"name": "Düngerwerk Nord AG", "art": "handel", "ust_status": "regel", "ust_id": "DE136695976"});
    let angelegt = server.post("/api/v1/wawi/lieferanten", lieferant.clone()).await.ok();
    let pfad = format!("/api/v1/wawi/lieferanten/{}", angelegt["id"].as_str().unwrap());
    let dublette = server
        .post("/api/v1/wawi/lieferanten", lieferant)
        .await
        .refused(422, "LIEFERANT_DUBLETTE");
    assert_eq!(dublette["daten"]["id"], angelegt["id"]);
    server
        .post(&format!("{pfad}/freigeben"), json!({}))
        .await
        .refused(422, "LIEFERANT_UNVOLLSTAENDIG");
    server
        .post(&format!("{pfad}/adresse-setzen"), adresse("haupt", "Emden"))
        .await
        .ok();
    let kondition_setzen = format!("{pfad}/kondition-setzen");
    let unbekannt = server
        .post(&kondition_setzen, json!({"zahlungsbedingung_id": Uuid::nil()}))
        .await;
    assert_eq!(
        unbekannt.refused(422, "EINGABE_UNGUELTIG")["felder"][0]["feld"],
        "/zahlungsbedingung_id"
    );
    let bedingung = json!({"code": "30T", "bezeichnung": "30 Tage netto", "fassung": {"tage": 30}});
    let bedingung = server.post("/api/v1/fibu/zahlungsbedingungen", bedingung).await.ok()["id"].clone();
    let kondition = json!({"zahlungsbedingung_id": bedingung, "mindestbestellwert": "250.00"});
    server.post(&kondition_setzen, kondition).await.ok();
    server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    let kreditor = async || server.get("/api/v1/fibu/kreditoren").await.ok()["daten"][0].clone();
    let lieferant = einer(&server, &pfad).await;
    let konto = kreditor().await;
    assert_eq!(
        (&konto["nr"], &konto["lieferant_id"]),
        (&lieferant["lieferant_nr"], &lieferant["id"])
    );
    assert_eq!(konto["zahlungsbedingung_id"], bedingung);
    let sperren = json!({"bereich": "gesamt", "grund": "Mängel"});
    server.post(&format!("{pfad}/sperren"), sperren).await.ok();
    assert_eq!(
        (&kreditor().await["zahlsperre"], &einer(&server, &pfad).await["status"]),
        (&json!(true), &json!("gesperrt"))
    );
    server.post(&format!("{pfad}/entsperren"), json!({})).await.ok();
    assert_eq!(kreditor().await["zahlsperre"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn die_kreditauskunft_zeigt_das_limit_das_eine_zweite_person_freigab() {
    let server = server().await;
    let pfad = entwurf(&server, "Landhof Petersen GmbH").await;
    server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    let nr = einer(&server, &pfad).await["kunden_nr"].as_str().unwrap().to_owned();
    let linie = server.get("/api/v1/crm/kreditlinien").await.ok()["daten"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let linie = format!("/api/v1/crm/kreditlinien/{linie}");
    let limit = json!({"betrag": "25000.00", "gueltig_ab": "2026-01-01", "gueltig_bis": "2099-12-31"});
    server.post(&format!("{linie}/limit-setzen"), limit).await.ok();
    server
        .post(&format!("{linie}/limit-freigeben"), json!({"nr": 1}))
        .await
        .refused(403, "VIER_AUGEN");
    let zeile = async |query: String| {
        let bericht = server
            .get(&format!("/api/v1/berichte/kreditauskunft?{query}"))
            .await
            .ok();
        bericht["zeilen"][0].clone()
    };
    assert_eq!(zeile(format!("kunde={nr}")).await["limit"], "0.00");
    let ablauf = (neuroerp::uhr::jetzt() + chrono::Duration::days(30)).to_rfc3339();
    let schluessel = json!({"name": "zweite", "scopes": ["crm:write"], "ablauf": ablauf});
    let schluessel = server.post("/api/v1/dienste/api-keys", schluessel).await.ok();
    let zweite = common::Door::new(
        server.url.clone(),
        schluessel["einmalig"]["schluessel"].as_str().unwrap().to_owned(),
    );
    let freigabe = zweite
        .post(&format!("{linie}/limit-freigeben"), json!({"nr": 1}))
        .await
        .ok();
    let ist = zeile(format!("kunde={nr}")).await;
    for (spalte, soll) in [
        ("kunden_nr", nr.as_str()),
        ("name", "Landhof Petersen GmbH"),
        ("status", "im_rahmen"),
        ("limit", "25000.00"),
        ("limit_bis", "2099-12-31"),
        ("obligo", "0.00"),
        ("frei", "25000.00"),
        ("vorgemerkt", "0.00"),
    ] {
        assert_eq!(ist[spalte], soll, "{spalte}: {ist}");
    }
    let vorher = freigabe["position"].as_i64().unwrap() - 2;
    assert_eq!(zeile(format!("bekannt_am={vorher}")).await["limit"], "0.00");
    assert_eq!(zeile("stichtag=2100-01-01".to_owned()).await["status"], "abgelaufen");
    server
        .get("/api/v1/berichte/kreditauskunft?kunde=99999")
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    // What documents do to the line has no door.
    assert_eq!(
        server.post(&format!("{linie}/neu-pruefen"), json!({})).await.status,
        404
    );
}
