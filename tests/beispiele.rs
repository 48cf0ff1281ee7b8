//! The worked examples of the specification (fibu.md sections 1, 2 and 8) over HTTP, cent by cent, as far as the present
//! aggregates allow.
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

type Zeile = (&'static str, &'static str, &'static str, Option<&'static str>);

fn beleg(datum: &str, zeilen: &[Zeile]) -> Value {
    let zeilen: Vec<Value> = zeilen
        .iter()
        .map(|(konto, seite, betrag, schluessel)| {
            let art = if konto.len() == 5 { "personenkonto" } else { "konto" };
            let mut zeile = json!({art: konto, "seite": seite, "betrag": betrag});
            if let Some(schluessel) = schluessel {
                zeile["schluessel"] = json!(schluessel);
            }
            zeile
        })
        .collect();
    json!({"belegkreis": "MB", "belegdatum": datum, "buchungsdatum": datum, "text": "Beispiel", "beleg": "B-1", "zeilen": zeilen})
}

async fn positionen(server: &TestServer, body: Value) -> Vec<String> {
    let id = server.post("/api/v1/fibu/buchungen", body).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let buchung = server.get(&format!("/api/v1/fibu/buchungen/{id}")).await.ok();
    let text = |p: &Value, key: &str| p[key].as_str().unwrap_or_default().to_owned();
    buchung["positionen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| format!("{} {} {}", text(p, "konto"), text(p, "seite"), text(p, "betrag")))
        .collect()
}

async fn konto(server: &TestServer, nr: &str) -> String {
    server.get(&format!("/api/v1/fibu/konten?konto_nr={nr}")).await.ok()["daten"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_1_sammelkonto_und_steuerkonto_werden_nicht_direkt_bebucht() {
    let server = common::server().await;
    let sammel = beleg(
        "2026-02-02",
        &[("1200", "soll", "100.00", None), ("4400", "haben", "100.00", None)],
    );
    server
        .post("/api/v1/fibu/buchungen", sammel)
        .await
        .refused(422, "KONTO_SAMMELKONTO_DIREKT");
    let steuer = beleg(
        "2026-02-02",
        &[
            ("6815", "soll", "100.00", None),
            ("1406", "soll", "19.00", None),
            ("1600", "haben", "119.00", None),
        ],
    );
    server
        .post("/api/v1/fibu/buchungen", steuer)
        .await
        .refused(422, "KONTO_STEUERKONTO_DIREKT");
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_1_stilllegen_erst_bei_saldo_null() {
    let server = common::server().await;
    let cent = beleg(
        "2026-02-02",
        &[("6815", "soll", "0.01", None), ("1600", "haben", "0.01", None)],
    );
    let id = server.post("/api/v1/fibu/buchungen", cent).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/fibu/konten/{}/stilllegen", konto(&server, "6815").await);
    let refusal = server
        .post(&path, json!({}))
        .await
        .refused(422, "KONTO_SALDO_NICHT_NULL");
    assert_eq!(refusal["daten"]["saldo"], "0.01");
    let storno = json!({"grund": "Rundung", "buchungsdatum": "2026-02-02"});
    server
        .post(&format!("/api/v1/fibu/buchungen/{id}/stornieren"), storno)
        .await
        .ok();
    server.post(&path, json!({})).await.ok();
    let wieder = beleg(
        "2026-02-02",
        &[("6815", "soll", "1.00", None), ("1600", "haben", "1.00", None)],
    );
    server
        .post("/api/v1/fibu/buchungen", wieder)
        .await
        .refused(422, "KONTO_GESPERRT");
    // Account finding posts to 4400, so it stays.
    let path = format!("/api/v1/fibu/konten/{}/stilllegen", konto(&server, "4400").await);
    server
        .post(&path, json!({}))
        .await
        .refused(422, "KONTO_IN_KONTENFINDUNG");
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_1_eine_steuerregel_gilt_nicht_rueckwirkend() {
    let server = common::server().await;
    let gebucht = beleg(
        "2026-02-02",
        &[("6815", "soll", "11.90", Some("V19")), ("1600", "haben", "11.90", None)],
    );
    server.post("/api/v1/fibu/buchungen", gebucht).await.ok();
    let path = format!(
        "/api/v1/fibu/konten/{}/steuerregel-setzen",
        konto(&server, "6815").await
    );
    let fest = |ab: &str| json!({"ab": ab, "steuerregel": {"automatik": "av", "fester_schluessel": "V19"}});
    let refusal = server
        .post(&path, fest("2026-02-02"))
        .await
        .refused(422, "KONTO_STEUERREGEL_RUECKWIRKEND");
    assert_eq!(refusal["daten"]["letzte_buchung"], "2026-02-02");
    server.post(&path, fest("2026-02-03")).await.ok();
    let automatisch = beleg(
        "2026-02-03",
        &[("6815", "soll", "119.00", None), ("1600", "haben", "119.00", None)],
    );
    let found = positionen(&server, automatisch).await;
    assert!(found.contains(&"1406 soll 19.00".to_owned()), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_11_ein_freies_konto_verlangt_einen_steuerschluessel() {
    let server = common::server().await;
    let erloese = |schluessel| {
        beleg(
            "2026-02-02",
            &[
                ("1600", "soll", "119.00", None),
                ("4200", "haben", "119.00", schluessel),
            ],
        )
    };
    let refusal = server
        .post("/api/v1/fibu/buchungen", erloese(None))
        .await
        .refused(422, "KONTO_STEUERSCHLUESSEL_FEHLT");
    let daten = json!({"konto": "4200", "erlaubt": [], "ohne_steuer": ["UFREI", "UNST", "V0"]});
    assert_eq!(refusal["daten"], daten);
    assert_eq!(
        positionen(&server, erloese(Some("U19"))).await,
        ["1600 soll 119.00", "4200 haben 100.00", "3806 haben 19.00"]
    );
    assert_eq!(
        positionen(&server, erloese(Some("UNST"))).await,
        ["1600 soll 119.00", "4200 haben 119.00"]
    );

    // A company says the same of an account of its own, from a day on.
    let buero = format!("/api/v1/fibu/konten/{}", konto(&server, "6815").await);
    let regel =
        json!({"ab": "2026-02-03", "steuerregel": {"erlaubte_schluessel": ["V19"], "schluessel_pflicht": true}});
    let position = server.post(&format!("{buero}/steuerregel-setzen"), regel).await.ok()["position"].clone();
    let bueromaterial = |datum| {
        beleg(
            datum,
            &[("6815", "soll", "119.00", None), ("1600", "haben", "119.00", None)],
        )
    };
    let ohne = positionen(&server, bueromaterial("2026-02-02")).await;
    assert_eq!(ohne, ["6815 soll 119.00", "1600 haben 119.00"]);
    let refusal = server
        .post("/api/v1/fibu/buchungen", bueromaterial("2026-02-03"))
        .await
        .refused(422, "KONTO_STEUERSCHLUESSEL_FEHLT");
    assert!(
        refusal["detail"].as_str().unwrap().ends_with("erlaubt ist V19"),
        "{refusal}"
    );

    let stand = server.get(&buero).await.ok();
    let pflichten = stand["steuerregeln"].as_array().unwrap().iter();
    let pflichten: Vec<&Value> = pflichten.map(|r| &r["schluessel_pflicht"]).collect();
    assert_eq!(pflichten, [false, true]);
    let plan = format!("/api/v1/berichte/kontenplan?stichtag=2026-02-03&ab_position={position}");
    let plan = server.get(&plan).await.ok();
    let pflicht = |nr: &str| {
        let zeile = plan["zeilen"]
            .as_array()
            .unwrap()
            .iter()
            .find(|z| z["nr"] == nr)
            .unwrap();
        zeile["schluessel_pflicht"].as_str().unwrap().to_owned()
    };
    assert_eq!(["4200", "6815", "4400"].map(pflicht), ["ja", "ja", "nein"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_2_brutto_wird_in_netto_und_steuer_zerlegt() {
    let server = common::server().await;
    let v7 = beleg(
        "2026-02-02",
        &[
            ("6815", "soll", "100.00", Some("V7")),
            ("1600", "haben", "100.00", None),
        ],
    );
    let mut found = positionen(&server, v7).await;
    found.sort();
    assert_eq!(found, ["1401 soll 6.54", "1600 haben 100.00", "6815 soll 93.46"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_3_die_steuer_entsteht_einmal_je_schluessel_und_beleg() {
    let server = common::server().await;
    server.debitor("10001", "Landhof Petersen GmbH").await;
    let mut body = beleg(
        "2026-02-02",
        &[
            ("10001", "soll", "35.81", None),
            ("4400", "haben", "10.03", None),
            ("4400", "haben", "10.03", None),
            ("4400", "haben", "10.03", None),
        ],
    );
    for zeile in 1..4 {
        body["zeilen"][zeile]["betragsart"] = json!("netto");
    }
    // Three lines of 10.03 at 19 %: 5.72, not 3 × 1.91 = 5.73.
    let found = positionen(&server, body).await;
    assert!(found.contains(&"3806 haben 5.72".to_owned()), "{found:?}");
    assert!(
        found.contains(&"1200 soll 35.81".to_owned()),
        "the Personenkonto is posted through its Sammelkonto: {found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_8_rc19eu_erzeugt_zwei_steuerzeilen_und_die_umkehr_hebt_alles_auf() {
    let server = common::server().await;
    let body = beleg(
        "2026-02-02",
        &[("5923", "soll", "128.38", None), ("1800", "haben", "128.38", None)],
    );
    let answer = server.post("/api/v1/fibu/buchungen", body).await.ok();
    let id = answer["id"].as_str().unwrap();
    let buchung = server.get(&format!("/api/v1/fibu/buchungen/{id}")).await.ok();
    let tax: Vec<String> = buchung["positionen"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["steuerrolle"] == "steuer")
        .map(|p| {
            format!(
                "{} {} {}",
                p["konto"].as_str().unwrap(),
                p["seite"].as_str().unwrap(),
                p["betrag"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(tax.len(), 2, "{tax:?}");
    assert!(
        tax.contains(&"3837 haben 24.39".to_owned()) && tax.contains(&"1407 soll 24.39".to_owned()),
        "{tax:?}"
    );
    let storno = json!({"grund": "doppelt", "buchungsdatum": "2026-02-03"});
    let position = server
        .post(&format!("/api/v1/fibu/buchungen/{id}/stornieren"), storno)
        .await
        .ok()["position"]
        .as_i64()
        .unwrap();
    let susa = server
        .get(&format!(
            "/api/v1/berichte/summen-und-saldenliste?stichtag=2026-02-28&ab_position={position}"
        ))
        .await
        .ok();
    for zeile in susa["zeilen"].as_array().unwrap() {
        for column in ["kumuliert_soll", "kumuliert_haben", "saldo_soll", "saldo_haben"] {
            assert_eq!(zeile[column], "0.00", "{zeile}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_8_der_satz_folgt_dem_steuerdatum() {
    let server = common::server().await;
    let mut body = beleg(
        "2026-02-02",
        &[("1800", "soll", "116.00", None), ("4400", "haben", "116.00", None)],
    );
    body["steuerdatum"] = json!("2020-09-15");
    let found = positionen(&server, body.clone()).await;
    assert!(found.contains(&"3806 haben 16.00".to_owned()), "{found:?}");
    // A key that has no rate on the day.
    body["zeilen"][1] = json!({"konto": "4290", "seite": "haben", "betrag": "116.00"});
    let refusal = server
        .post("/api/v1/fibu/buchungen", body)
        .await
        .refused(422, "STEUER_SCHLUESSEL_SATZ_FEHLT");
    assert_eq!(
        refusal["daten"],
        json!({"schluessel": "U0", "steuerdatum": "2020-09-15"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_7_ein_wirtschaftsjahr_beginnt_auch_im_juli() {
    let server = common::bare_server().await;
    server.company("JULI", "skr04").await;
    let juli = [("X-Mandant", "JULI")];
    let year = json!({"beginn": "2027-01-01", "ende": "2027-06-30"});
    let rumpf = server.post_with("/api/v1/fibu/geschaeftsjahre", &juli, year).await.ok();
    let year = json!({"beginn": "2027-07-01", "ende": "2028-06-30"});
    let answer = server.post_with("/api/v1/fibu/geschaeftsjahre", &juli, year).await.ok();
    let path = format!("/api/v1/fibu/geschaeftsjahre/{}", answer["id"].as_str().unwrap());
    let state = server.request("GET", &path, &juli, None).await.ok();
    let perioden = state["perioden"].as_array().unwrap();
    assert_eq!(perioden.len(), 14);
    let erste = perioden.iter().find(|p| p["nr"] == 1).unwrap();
    assert_eq!(
        (&erste["von"], &erste["bis"]),
        (&json!("2027-07-01"), &json!("2027-07-31"))
    );
    let path = format!("/api/v1/fibu/geschaeftsjahre/{}", rumpf["id"].as_str().unwrap());
    assert_eq!(server.request("GET", &path, &juli, None).await.ok()["art"], "rumpf");
    let overlap = json!({"beginn": "2028-06-01", "ende": "2029-05-31"});
    server
        .post_with("/api/v1/fibu/geschaeftsjahre", &juli, overlap)
        .await
        .refused(422, "GESCHAEFTSJAHR_UEBERLAPPUNG");
    let gap = json!({"beginn": "2029-01-01", "ende": "2029-12-31"});
    server
        .post_with("/api/v1/fibu/geschaeftsjahre", &juli, gap)
        .await
        .refused(422, "GESCHAEFTSJAHR_LUECKE");
    let long = json!({"beginn": "2028-07-01", "ende": "2029-07-31"});
    server
        .post_with("/api/v1/fibu/geschaeftsjahre", &juli, long)
        .await
        .refused(422, "GESCHAEFTSJAHR_LAENGE");
}

/// A fiscal year beside the one of the test house.
async fn jahr(server: &TestServer, jahr: i32) {
    let jahr = json!({"beginn": format!("{jahr}-01-01"), "ende": format!("{jahr}-12-31")});
    let id = server.post("/api/v1/fibu/geschaeftsjahre", jahr).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    server
        .post(&format!("/api/v1/fibu/geschaeftsjahre/{id}/eroeffnen"), json!({}))
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_1_ein_eroeffneter_saldo_zaehlt_nur_einmal() {
    let server = common::server_with_year(2025).await;
    jahr(&server, 2026).await;
    let buchen = |datum: &str, art: Value, soll: &str, haben: &str| {
        let mut body = beleg(datum, &[]);
        body["zeilen"] = json!([
            {"konto": soll, "seite": "soll", "betrag": "100.00"},
            {"konto": haben, "seite": "haben", "betrag": "100.00"},
        ]);
        body["periode"] = art;
        if body["periode"] == 0 {
            body["belegkreis"] = json!("EB");
        }
        body
    };
    for body in [
        buchen("2025-06-02", Value::Null, "1460", "1600"),
        buchen("2026-01-01", json!(0), "1460", "9000"),
        buchen("2026-02-02", Value::Null, "1600", "1460"),
    ] {
        server.post("/api/v1/fibu/buchungen", body).await.ok();
    }
    let path = format!("/api/v1/fibu/konten/{}/stilllegen", konto(&server, "1460").await);
    let answer = server.post(&path, json!({})).await;
    assert_ne!(answer.body["code"], "KONTO_SALDO_NICHT_NULL", "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn abschnitt_1_eine_steuerregel_sieht_auf_das_steuerdatum() {
    let server = common::server().await;
    let mut spaet = beleg(
        "2026-02-02",
        &[("6815", "soll", "11.90", Some("V19")), ("1600", "haben", "11.90", None)],
    );
    spaet["steuerdatum"] = json!("2026-06-30");
    server.post("/api/v1/fibu/buchungen", spaet).await.ok();
    let path = format!(
        "/api/v1/fibu/konten/{}/steuerregel-setzen",
        konto(&server, "6815").await
    );
    let refusal = server
        .post(
            &path,
            json!({"ab": "2026-02-15", "steuerregel": {"automatik": "keine"}}),
        )
        .await
        .refused(422, "KONTO_STEUERREGEL_RUECKWIRKEND");
    assert_eq!(refusal["daten"]["letzte_buchung"], "2026-06-30");
}

#[tokio::test(flavor = "multi_thread")]
async fn das_kontenblatt_nennt_die_kostenstelle_und_der_mandant_seine_stammdaten() {
    let server = common::server().await;
    let mut body = beleg(
        "2026-02-02",
        &[("6815", "soll", "100.00", None), ("1600", "haben", "100.00", None)],
    );
    body["zeilen"][0]["kst"] = json!("100");
    let position = server.post("/api/v1/fibu/buchungen", body).await.ok()["position"].clone();
    let blatt = format!("/api/v1/berichte/kontenblatt?konto=6815&ab_position={position}");
    let blatt = server.get(&blatt).await.ok();
    assert_eq!(blatt["zeilen"][0]["kst"], "100", "{blatt}");
    let liste = server.get("/api/v1/dienste/mandanten").await.ok();
    let id = liste["daten"][0]["id"].as_str().unwrap();
    let mandant = server.get(&format!("/api/v1/dienste/mandanten/{id}")).await.ok();
    assert_eq!(mandant["stammdaten"][0]["firma"], mandant["firma"], "{mandant}");
}

#[tokio::test(flavor = "multi_thread")]
async fn viele_kontenplaene_zugleich_warten_nicht_aufeinander() {
    let server = std::sync::Arc::new(common::server().await);
    let readers: Vec<_> = (0..48)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.get("/api/v1/berichte/kontenplan").await.status })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }
}
