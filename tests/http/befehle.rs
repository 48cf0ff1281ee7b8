//! Commands over HTTP: vouchers, refusals, idempotency, batches.

use serde_json::{Value, json};

use super::{common, kasse, susa};

fn positionen(buchung: &Value) -> Vec<(String, String, String)> {
    buchung["positionen"]
        .as_array()
        .expect("positions")
        .iter()
        .map(|p| {
            let text = |k: &str| p[k].as_str().expect("text").to_owned();
            (text("konto"), text("seite"), text("betrag"))
        })
        .collect()
}

fn line(konto: &str, seite: &str, betrag: &str) -> (String, String, String) {
    (konto.to_owned(), seite.to_owned(), betrag.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn buchen_stornieren_und_nachlesen_wie_im_beispiel_der_spezifikation() {
    let server = common::server().await;
    // fibu.md section 2, example 1.
    let reply = server
        .post("/api/v1/fibu/buchungen", kasse("119.00", "2026-02-02"))
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("etag"), "\"1\"");
    let id = reply.body["id"].as_str().unwrap().to_owned();
    assert!(reply.header("location").ends_with(&id));
    assert_eq!(reply.body["nummer"], "KA-2026-000001");
    let buchung = server.get(&format!("/api/v1/fibu/buchungen/{id}")).await.ok();
    let mut found = positionen(&buchung);
    found.sort();
    assert_eq!(
        found,
        [
            line("1406", "soll", "19.00"),
            line("1600", "haben", "119.00"),
            line("6815", "soll", "100.00")
        ]
    );

    // Example 2: Generalumkehr.
    let storno = json!({"grund": "falscher Lieferant", "buchungsdatum": "2026-02-03"});
    let answer = server
        .post(&format!("/api/v1/fibu/buchungen/{id}/stornieren"), storno.clone())
        .await
        .ok();
    let position = answer["position"].as_i64().unwrap();
    let list = server
        .get("/api/v1/fibu/buchungen?buchungsart=generalumkehr")
        .await
        .ok();
    let umkehr = list["daten"][0]["id"].as_str().unwrap().to_owned();
    let mut found = positionen(&server.get(&format!("/api/v1/fibu/buchungen/{umkehr}")).await.ok());
    found.sort();
    assert_eq!(
        found,
        [
            line("1406", "soll", "-19.00"),
            line("1600", "haben", "-119.00"),
            line("6815", "soll", "-100.00")
        ]
    );
    let row = susa(&server, &format!("stichtag=2026-12-31&ab_position={position}"), "6815").await;
    for column in ["kumuliert_soll", "kumuliert_haben", "saldo_soll", "saldo_haben"] {
        assert!(row.is_null() || row[column] == "0.00", "{column}: {row}");
    }
    server
        .post(&format!("/api/v1/fibu/buchungen/{id}/stornieren"), storno.clone())
        .await
        .refused(409, "BUCHUNG_BEREITS_STORNIERT");
    server
        .post(&format!("/api/v1/fibu/buchungen/{umkehr}/stornieren"), storno)
        .await
        .refused(422, "BUCHUNG_STORNO_VON_STORNO");
}

#[tokio::test(flavor = "multi_thread")]
async fn jede_ablehnung_hat_ihren_code_und_schreibt_nichts() {
    let server = common::server().await;
    let before: i64 = sqlx::query_scalar("SELECT sum(position)::bigint FROM log.kopf")
        .fetch_one(&server.db.pool)
        .await
        .unwrap();
    let mut body = kasse("119.00", "2026-02-02");
    body["zeilen"][0]["konto"] = json!("5999");
    let refusal = server
        .post("/api/v1/fibu/buchungen", body)
        .await
        .refused(422, "KONTO_UNBEKANNT");
    assert_eq!(refusal["daten"]["konto"], "5999");
    let unequal = json!({"belegkreis": "MB", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "x", "beleg": "1",
        "zeilen": [{"konto": "1800", "seite": "soll", "betrag": "100.00"}, {"konto": "1600", "seite": "haben", "betrag": "99.99"}]});
    let refusal = server
        .post("/api/v1/fibu/buchungen", unequal)
        .await
        .refused(422, "BUCHUNG_NICHT_AUSGEGLICHEN");
    assert_eq!(refusal["daten"]["differenz"], "0.01");
    // fibu.md section 1, example 3.
    let sammel = json!({"belegkreis": "MB", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "x", "beleg": "1",
        "zeilen": [{"konto": "1200", "seite": "soll", "betrag": "100.00"}, {"konto": "4400", "seite": "haben", "betrag": "100.00"}]});
    server
        .post("/api/v1/fibu/buchungen", sammel)
        .await
        .refused(422, "KONTO_SAMMELKONTO_DIREKT");
    // JSON fractions may already be bent; unknown fields are refused; unreadable JSON too.
    let mut body = kasse("119.00", "2026-02-02");
    body["zeilen"][0]["betrag"] = json!(119.5);
    let refusal = server
        .post("/api/v1/fibu/buchungen", body)
        .await
        .refused(422, "EINGABE_UNGUELTIG");
    assert_eq!(refusal["felder"][0]["feld"], "/zeilen/0/betrag");
    let mut body = kasse("119.00", "2026-02-02");
    body["zeilen"][1]["bemerkung"] = json!("x");
    let refusal = server
        .post("/api/v1/fibu/buchungen", body)
        .await
        .refused(400, "EINGABE_UNGUELTIG");
    assert!(refusal["detail"].as_str().unwrap().contains("bemerkung"));
    server
        .request("POST", "/api/v1/fibu/buchungen", &[], Some("{".into()))
        .await
        .refused(400, "EINGABE_UNGUELTIG");
    server
        .request(
            "POST",
            "/api/v1/fibu/buchungen",
            &[("X-Mandant", "NIX")],
            Some("{}".into()),
        )
        .await
        .refused(404, "MANDANT_UNBEKANNT");
    server
        .post("/api/v1/fibu/gibtsnicht", json!({}))
        .await
        .refused(404, "NICHT_GEFUNDEN");
    server.get("/gibtsnicht").await.refused(404, "NICHT_GEFUNDEN");
    server
        .request("DELETE", "/api/v1/fibu/buchungen", &[], None)
        .await
        .refused(405, "API_METHODE");
    server.get("/api/v1/fibu/%ff").await.refused(400, "EINGABE_UNGUELTIG");
    let large = format!("{{\"text\": \"{}\"}}", "x".repeat(1_200_000));
    server
        .request("POST", "/api/v1/fibu/buchungen", &[], Some(large))
        .await
        .refused(413, "API_ZU_GROSS");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    server
        .request("POST", "/api/v1/fibu/buchungen", &form, None)
        .await
        .refused(415, "API_FORMAT");
    let missing = uuid::Uuid::now_v7();
    server
        .post(
            &format!("/api/v1/fibu/buchungen/{missing}/stornieren"),
            json!({"grund": "x"}),
        )
        .await
        .refused(404, "NICHT_GEFUNDEN");
    server
        .post(&format!("/api/v1/fibu/buchungen/{missing}/umkehren"), json!({}))
        .await
        .refused(404, "NICHT_GEFUNDEN");
    let after: i64 = sqlx::query_scalar("SELECT sum(position)::bigint FROM log.kopf")
        .fetch_one(&server.db.pool)
        .await
        .unwrap();
    assert_eq!(before, after, "nothing was written");
    // No number was used up.
    assert_eq!(
        server
            .post("/api/v1/fibu/buchungen", kasse("1.19", "2026-02-02"))
            .await
            .ok()["nummer"],
        "KA-2026-000001"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_falsches_element_eines_stapels_nennt_seine_felder_auf_deutsch() {
    let server = common::server().await;
    let elements = json!([{"ressource": "buchungen", "befehl": 7, "wann": "jetzt"}]);
    let refusal = server
        .post("/api/v1/stapel", elements)
        .await
        .refused(400, "EINGABE_UNGUELTIG");
    assert_eq!(refusal["daten"]["index"], 0);
    let felder: Vec<&str> = refusal["felder"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["feld"].as_str().unwrap())
        .collect();
    assert_eq!(felder, ["/bereich", "/befehl", "/wann"]);
    let refusal = server
        .post("/api/v1/stapel", json!(["Anlegen"]))
        .await
        .refused(400, "EINGABE_UNGUELTIG");
    let detail = refusal["detail"].as_str().unwrap();
    assert!(detail.contains("erwartet wird ein Objekt"), "{detail}");
    server
        .get("/api/v1/fibu/buchungen?status=quatsch")
        .await
        .refused(400, "EINGABE_UNGUELTIG");
    server
        .get("/api/v1/fibu/konten?konto_nr[in]=")
        .await
        .refused(400, "EINGABE_UNGUELTIG");
}

#[tokio::test(flavor = "multi_thread")]
async fn der_groesste_betrag_passt_in_jede_spalte_und_ein_groesserer_wird_abgelehnt() {
    let server = common::server().await;
    let buchung = |betrag: &str| {
        let zeile =
            |konto: &str, seite: &str| json!({"konto": konto, "seite": seite, "betrag": betrag, "betragsart": "netto"});
        let mut body = kasse("1.00", "2026-02-02");
        body["zeilen"] = json!([zeile("1800", "soll"), zeile("1600", "haben")]);
        body
    };
    server
        .post("/api/v1/fibu/buchungen", buchung("9999999999999.99"))
        .await
        .refused(422, "BUCHUNG_BETRAG_UNGUELTIG");
    let ok = server
        .post("/api/v1/fibu/buchungen", buchung("9999999999.99"))
        .await
        .ok();
    let row = susa(
        &server,
        &format!("stichtag=2026-12-31&ab_position={}", ok["position"]),
        "1800",
    )
    .await;
    assert_eq!(row["kumuliert_soll"], "9999999999.99");
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_festgeschriebene_periode_bleibt_zu() {
    let server = common::server().await;
    let year = server.get("/api/v1/fibu/geschaeftsjahre").await.ok()["daten"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let seal = |nr: i32| {
        (
            format!("/api/v1/fibu/geschaeftsjahre/{year}/periode-festschreiben"),
            json!({"nr": nr}),
        )
    };
    let (path, body) = seal(3);
    server.post(&path, body).await.refused(422, "PERIODE_REIHENFOLGE");
    for betrag in ["119.00", "59.50"] {
        server
            .post("/api/v1/fibu/buchungen", kasse(betrag, "2026-01-30"))
            .await
            .ok();
    }
    for nr in [0, 1] {
        let (path, body) = seal(nr);
        server.post(&path, body).await.ok();
    }
    server
        .post("/api/v1/fibu/buchungen", kasse("119.00", "2026-01-31"))
        .await
        .refused(422, "PERIODE_FESTGESCHRIEBEN");
    let open = format!("/api/v1/fibu/geschaeftsjahre/{year}/periode-oeffnen");
    server
        .post(&open, json!({"nr": 1, "grund": "doch noch"}))
        .await
        .refused(422, "PERIODE_FESTGESCHRIEBEN");
    let perioden = server.get(&format!("/api/v1/fibu/geschaeftsjahre/{year}")).await.ok();
    let sealed = perioden["perioden"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["nr"] == 1)
        .unwrap()
        .clone();
    assert_eq!(sealed["status"], "festgeschrieben");
    assert_eq!(sealed["wurzel"].as_str().unwrap().len(), 64);
    assert_eq!(
        (&sealed["anzahl"], &sealed["summe_soll"], &sealed["summe_haben"]),
        (&json!(2), &json!("178.50"), &json!("178.50")),
        "119.00 and 59.50 gross"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn derselbe_schluessel_fuenfzigmal_zugleich_bucht_einmal() {
    let server = std::sync::Arc::new(common::server().await);
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let server = server.clone();
        tasks.push(tokio::spawn(async move {
            server
                .post_with(
                    "/api/v1/fibu/buchungen",
                    &[("Idempotency-Key", "a1")],
                    kasse("119.00", "2026-02-02"),
                )
                .await
        }));
    }
    let mut ids = std::collections::BTreeSet::new();
    let mut replayed = 0;
    for task in tasks {
        let reply = task.await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.text);
        replayed += i32::from(reply.header("idempotent-replayed") == "true");
        ids.insert(reply.body["id"].as_str().unwrap().to_owned());
    }
    assert_eq!((ids.len(), replayed), (1, 49));
    let other = kasse("238.00", "2026-02-02");
    let path = "/api/v1/fibu/buchungen";
    server
        .post_with(path, &[("Idempotency-Key", "a1")], other)
        .await
        .refused(422, "IDEMPOTENZ_ABWEICHEND");
    assert_eq!(server.get("/api/v1/fibu/buchungen?gesamt=true").await.ok()["gesamt"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_stapel_ist_atomar_oder_einzeln_und_der_probelauf_schreibt_nichts() {
    let server = common::server().await;
    let element = |betrag: &str| json!({"bereich": "fibu", "ressource": "buchungen", "befehl": "erfassen", "daten": kasse(betrag, "2026-02-02")});
    let mut bad = element("1.00");
    bad["daten"]["zeilen"][0]["konto"] = json!("5999");
    let stapel = json!([element("119.00"), bad, element("238.00")]);
    let refusal = server
        .post("/api/v1/stapel?modus=atomar", stapel.clone())
        .await
        .refused(422, "KONTO_UNBEKANNT");
    assert_eq!(refusal["daten"]["index"], 1);
    assert_eq!(server.get("/api/v1/fibu/buchungen?gesamt=true").await.ok()["gesamt"], 0);
    let reply = server.post("/api/v1/stapel?modus=einzeln", stapel).await;
    assert_eq!(reply.status, 207);
    let statuses: Vec<_> = reply
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 422, 201]);
    assert_eq!(reply.body[2]["nummer"], "KA-2026-000002");
    let preview = server
        .post("/api/v1/fibu/buchungen?probelauf=true", kasse("11.90", "2026-02-02"))
        .await
        .ok();
    assert_eq!(preview["vorschau"][0]["ereignis"], "Erfasst");
    assert_eq!(server.get("/api/v1/fibu/buchungen?gesamt=true").await.ok()["gesamt"], 2);
    // NDJSON, and elements that refer to ids the client chose.
    let id = uuid::Uuid::now_v7();
    let mut first = element("119.00");
    first["id"] = json!(id);
    let second = json!({"bereich": "fibu", "ressource": "buchungen", "id": id, "befehl": "stornieren", "daten": {"grund": "Probe", "buchungsdatum": "2026-02-03"}});
    let lines = format!("{first}\n{second}\n");
    let reply = server.request("POST", "/api/v1/stapel", &[], Some(lines)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.body[1]["ereignisse"], json!(["Storniert"]));
}
