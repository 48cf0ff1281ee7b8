//! Black box over HTTP: what a stranger with the OpenAPI document and curl can do, and how he is refused.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use futures::StreamExt as _;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Executor as _, Row as _};

fn kasse(betrag: &str, datum: &str) -> Value {
    json!({
        "belegkreis": "KA", "belegdatum": datum, "buchungsdatum": datum, "text": "Bürobedarf", "beleg": "Q-1",
        "zeilen": [
            {"konto": "6815", "seite": "soll", "betrag": betrag, "schluessel": "V19"},
            {"konto": "1600", "seite": "haben", "betrag": betrag}
        ]
    })
}

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
async fn datensatz_und_zustand_zeigen_dieselben_werte() {
    let server = common::server().await;
    let id = server
        .post("/api/v1/fibu/buchungen", kasse("119.00", "2026-02-02"))
        .await
        .ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let schluessel = server.get("/api/v1/fibu/steuer-schluessel?code=V19").await.ok()["daten"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        format!("/api/v1/fibu/buchungen/{id}"),
        format!("/api/v1/fibu/steuer-schluessel/{schluessel}"),
    ] {
        let mut record = server.get(&path).await.ok();
        let state = server.get(&format!("{path}/zustand")).await.ok()["zustand"].clone();
        for technical in ["id", "version", "log_position", "angelegt_am", "geaendert_am"] {
            record.as_object_mut().unwrap().remove(technical);
        }
        assert_eq!(record, state, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn die_erste_aenderung_zeigt_auch_werte_die_der_vorgabe_gleichen() {
    let server = common::server().await;
    let mut body = kasse("119.00", "2026-02-02");
    body["buchungsart"] = json!("manuell");
    let id = server.post("/api/v1/fibu/buchungen", body).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let history = server
        .get(&format!("/api/v1/fibu/buchungen/{id}/ereignisse"))
        .await
        .ok();
    let changes = history["daten"][0]["aenderungen"].as_array().unwrap();
    let of = |feld: &str| changes.iter().find(|c| c["feld"] == feld).map(|c| &c["neu"]);
    assert_eq!(of("/buchungsart"), Some(&json!("manuell")));
    assert_eq!(of("/grund"), None, "what stayed empty is no change");
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
async fn ohne_schluessel_und_ohne_recht_geht_nichts() {
    let server = common::server().await;
    let client = reqwest::Client::new();
    let none = client
        .get(format!("{}/api/v1/fibu/konten", server.url))
        .send()
        .await
        .unwrap();
    assert_eq!(none.status(), 401);
    assert_eq!(none.json::<Value>().await.unwrap()["code"], "ANMELDUNG_ERFORDERLICH");
    let ablauf = (neuroerp::uhr::jetzt() + chrono::Duration::days(30)).to_rfc3339();
    let key = json!({"name": "leser", "scopes": ["fibu:read", "fibu.konto:write"], "ablauf": ablauf});
    let reply = server.post("/api/v1/dienste/api-keys", key).await.ok();
    let token = reply["einmalig"]["schluessel"].as_str().unwrap().to_owned();
    assert!(token.starts_with("vk_live_"));
    let ask = |method: reqwest::Method, path: String, body: Value| {
        let request = client
            .request(method, format!("{}{path}", server.url))
            .bearer_auth(&token)
            .header("X-Mandant", "TEST");
        async move {
            let response = request.json(&body).send().await.unwrap();
            (
                response.status().as_u16(),
                response.json::<Value>().await.unwrap_or_default(),
            )
        }
    };
    assert_eq!(
        ask(reqwest::Method::GET, "/api/v1/fibu/buchungen".into(), json!({}))
            .await
            .0,
        200
    );
    let (status, body) = ask(
        reqwest::Method::POST,
        "/api/v1/fibu/buchungen".into(),
        kasse("119.00", "2026-02-02"),
    )
    .await;
    assert_eq!((status, body["code"].as_str()), (403, Some("BERECHTIGUNG_FEHLT")));
    assert_eq!(
        body["daten"],
        json!({"bereich": "fibu", "ressource": "buchung", "stufe": "write"})
    );
    assert_eq!(
        ask(reqwest::Method::GET, "/api/v1/dienste/mandanten".into(), json!({}))
            .await
            .0,
        403
    );
    // Nobody grants more than he has, and a key of one company sees nothing of the system.
    let verwalter = json!({"name": "verwalter", "scopes": ["dienste:admin", "fibu:read"], "ablauf": (neuroerp::uhr::jetzt() + chrono::Duration::days(3)).to_rfc3339()});
    let verwalter = server.post("/api/v1/dienste/api-keys", verwalter).await.ok()["einmalig"]["schluessel"]
        .as_str()
        .unwrap()
        .to_owned();
    for (name, scope) in [("zu-viel", "fibu:write"), ("alles", "*:read")] {
        let more = json!({"name": name, "scopes": [scope], "ablauf": (neuroerp::uhr::jetzt() + chrono::Duration::days(3)).to_rfc3339()});
        let answer = client
            .post(format!("{}/api/v1/dienste/api-keys", server.url))
            .bearer_auth(&verwalter)
            .json(&more)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (
                answer.status().as_u16(),
                answer.json::<Value>().await.unwrap()["code"].as_str()
            ),
            (422, Some("API_KEY_SCOPE_UEBER_RECHT"))
        );
    }
    let eine = server.get("/api/v1/dienste/mandanten").await.ok()["daten"][0]["id"].clone();
    let gebunden = json!({"name": "gebunden", "scopes": ["*:read"], "mandanten": [eine], "ablauf": (neuroerp::uhr::jetzt() + chrono::Duration::days(3)).to_rfc3339()});
    let gebunden = server.post("/api/v1/dienste/api-keys", gebunden).await.ok()["einmalig"]["schluessel"]
        .as_str()
        .unwrap()
        .to_owned();
    for (path, status) in [
        ("/api/v1/fibu/konten", 200),
        ("/api/v1/dienste/api-keys", 403),
        ("/api/v1/dienste/mandanten", 403),
    ] {
        let answer = client
            .get(format!("{}{path}", server.url))
            .bearer_auth(&gebunden)
            .header("X-Mandant", "TEST")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    // A revoked key is refused at once.
    let id = reply["id"].as_str().unwrap();
    server
        .post(
            &format!("/api/v1/dienste/api-keys/{id}/widerrufen"),
            json!({"grund": "verloren"}),
        )
        .await
        .ok();
    let (status, body) = ask(reqwest::Method::GET, "/api/v1/fibu/buchungen".into(), json!({})).await;
    assert_eq!((status, body["code"].as_str()), (401, Some("API_KEY_WIDERRUFEN")));
    // Neither the key nor the administrator's token is stored in clear.
    let leaks: i64 =
        sqlx::query_scalar("SELECT count(*) FROM log.ereignis WHERE payload::text LIKE $1 OR payload::text LIKE $2")
            .bind(format!("%{token}%"))
            .bind(format!("%{}%", server.token))
            .fetch_one(&server.db.pool)
            .await
            .unwrap();
    assert_eq!(leaks, 0);
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

#[tokio::test(flavor = "multi_thread")]
async fn beide_zeitachsen_zeigen_was_damals_bekannt_war() {
    let server = common::server().await;
    let first = server
        .post("/api/v1/fibu/buchungen", kasse("119.00", "2026-01-31"))
        .await
        .ok();
    let known = first["position"].as_i64().unwrap();
    let second = server
        .post("/api/v1/fibu/buchungen", kasse("238.00", "2026-01-31"))
        .await
        .ok()["position"]
        .as_i64()
        .unwrap();
    // fibu.md section 2, example 4, with positions for moments.
    let now = susa(&server, &format!("stichtag=2026-01-31&ab_position={second}"), "6815").await;
    assert_eq!(now["saldo_soll"], "300.00", "{now}");
    let then = susa(&server, &format!("stichtag=2026-01-31&bekannt_am={known}"), "6815").await;
    assert_eq!(then["saldo_soll"], "100.00", "{then}");
    let before = susa(
        &server,
        &format!("stichtag=2026-01-31&bekannt_am={}", known - 1),
        "6815",
    )
    .await;
    assert!(before.is_null() || before["saldo_soll"] == "0.00");
    // fibu.md section 1, example 4: names as of bekannt_am.
    let konto = server.get("/api/v1/fibu/konten?konto_nr=6815").await.ok()["daten"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let renamed = server
        .post(
            &format!("/api/v1/fibu/konten/{konto}/umbenennen"),
            json!({"bezeichnung": "Büromaterial"}),
        )
        .await
        .ok();
    assert_eq!(
        susa(&server, "stichtag=2026-01-31", "6815").await["bezeichnung"],
        "Büromaterial"
    );
    let old = renamed["position"].as_i64().unwrap() - 1;
    assert_eq!(
        susa(&server, &format!("stichtag=2026-01-31&bekannt_am={old}"), "6815").await["bezeichnung"],
        "Bürobedarf"
    );
    // History and time travel of the account itself.
    let history = server
        .get(&format!("/api/v1/fibu/konten/{konto}/ereignisse"))
        .await
        .ok();
    let changes = &history["daten"].as_array().unwrap().last().unwrap()["aenderungen"];
    assert!(
        changes
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["feld"] == "/bezeichnung" && c["neu"] == "Büromaterial"),
        "{changes}"
    );
    let then = server
        .get(&format!("/api/v1/fibu/konten/{konto}/zustand?version=1"))
        .await
        .ok();
    assert_eq!(then["zustand"]["bezeichnung"], "Bürobedarf", "{then}");
    let yesterday = (neuroerp::uhr::jetzt() - chrono::Duration::days(1))
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    server
        .get(&format!("/api/v1/fibu/konten/{konto}/zustand?zeitpunkt={yesterday}"))
        .await
        .refused(404, "NICHT_GEFUNDEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_filtern_sortieren_blaettern_suchen() {
    let server = common::server().await;
    let page = server
        .get("/api/v1/fibu/konten?limit=3&sortierung=konto_nr&gesamt=true&felder=konto_nr,bezeichnung")
        .await
        .ok();
    assert_eq!(page["daten"].as_array().unwrap().len(), 3);
    assert!(page["gesamt"].as_i64().unwrap() > 150);
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server
            .get(&format!("/api/v1/fibu/konten?limit=50&sortierung=-konto_nr{cursor}"))
            .await
            .ok();
        all.extend(
            page["daten"]
                .as_array()
                .unwrap()
                .iter()
                .map(|k| k["konto_nr"].as_str().unwrap().to_owned()),
        );
        match page["weiter"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(all.len(), usize::try_from(page["gesamt"].as_i64().unwrap()).unwrap());
    assert!(all.windows(2).all(|w| w[0] > w[1]), "sorted, none twice");
    let found = server.get("/api/v1/fibu/konten?suche=buerobedarf").await.ok();
    assert_eq!(found["daten"][0]["konto_nr"], "6815");
    let range = server
        .get("/api/v1/fibu/konten?konto_nr[gte]=4400&konto_nr[lt]=4500")
        .await
        .ok();
    assert_eq!(range["daten"][0]["konto_nr"], "4400");
    server
        .get("/api/v1/fibu/konten?farbe=rot")
        .await
        .refused(400, "EINGABE_UNGUELTIG");
    server
        .get("/api/v1/fibu/konten?limit=201")
        .await
        .refused(422, "API_LIMIT");
}

#[tokio::test(flavor = "multi_thread")]
async fn das_journal_der_ereignisse_ist_lueckenlos_und_stroemt() {
    let server = common::server().await;
    let mut after = 0;
    let mut positions = Vec::new();
    loop {
        let page = server
            .get(&format!("/api/v1/ereignisse?ab={}&limit=100", after + 1))
            .await
            .ok();
        let rows = page["daten"].as_array().unwrap();
        if rows.is_empty() {
            break;
        }
        positions.extend(rows.iter().map(|e| e["position"].as_i64().unwrap()));
        after = *positions.last().unwrap();
    }
    assert_eq!(positions, (1..=after).collect::<Vec<_>>());
    let mut stream = reqwest::Client::new()
        .get(format!("{}/api/v1/ereignisse/stream?ab={}", server.url, after + 1))
        .bearer_auth(&server.token)
        .header("X-Mandant", "TEST")
        .send()
        .await
        .unwrap()
        .bytes_stream();
    server
        .post("/api/v1/fibu/buchungen", kasse("119.00", "2026-02-02"))
        .await
        .ok();
    let mut text = String::new();
    while !text.contains("Erfasst") {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(
        text.contains(&format!("id: {}", after + 1)) || text.contains(&format!("id:{}", after + 1)),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_beschreibt_jeden_befehl_und_gesundheit_ist_offen() {
    let server = common::server().await;
    let document = server.get("/openapi.json").await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    for entry in aggregates::registry().entries() {
        for command in entry.commands.iter().filter(|c| !c.internal) {
            let base = format!("/api/v1/{}/{}", entry.bereich.as_str(), entry.ressource);
            let path = if command.name == entry.create {
                base
            } else {
                format!("{base}/{{id}}/{}", command.segment)
            };
            assert!(document["paths"][&path]["post"].is_object(), "{path}");
        }
    }
    let text = document.to_string();
    assert!(!text.contains("#/$defs/"), "all references point into the document");
    let page = server.get("/docs").await;
    assert!(page.status == 200 && !page.text.contains("https://"), "works offline");
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let open = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(open.status(), 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_bi_benutzer_sieht_nur_seine_firma() {
    let server = common::server().await;
    server.company("ZWEI", "skr03").await;
    let rows = sqlx::query("SELECT kuerzel, id FROM dienste.mandant")
        .fetch_all(&server.db.pool)
        .await
        .unwrap();
    let id = |k: &str| {
        rows.iter()
            .find(|r| r.get::<String, _>("kuerzel") == k)
            .unwrap()
            .get::<uuid::Uuid, _>("id")
    };
    let role = format!("bi_{}", uuid::Uuid::now_v7().simple());
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    owner
        .execute(sqlx::AssertSqlSafe(format!(
            "CREATE ROLE {role} LOGIN IN ROLE neuroerp_leser"
        )))
        .await
        .unwrap();
    sqlx::query("INSERT INTO log.leser VALUES ($1, $2)")
        .bind(&role)
        .bind(id("ZWEI"))
        .execute(&mut owner)
        .await
        .unwrap();
    let mut reader = server.db.owner.clone().username(&role).connect().await.unwrap();
    let mandanten: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT DISTINCT mandant_id FROM fibu.konto")
        .fetch_all(&mut reader)
        .await
        .unwrap();
    assert_eq!(mandanten, [id("ZWEI")]);
    for attack in [
        "UPDATE fibu.konto SET bezeichnung = 'x'",
        "SELECT * FROM log.ereignis",
        "DELETE FROM fibu.konto",
    ] {
        assert!(reader.execute(attack).await.is_err(), "{attack}");
    }
}

/// Reads what the server says to a client that sends these bytes and then waits.
async fn raw(server: &common::TestServer, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = server.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut text = Vec::new();
    tokio::time::timeout(std::time::Duration::from_secs(30), stream.read_to_end(&mut text))
        .await
        .expect("the server ends the connection")
        .ok();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_unfertige_anfrage_haelt_keine_verbindung_fest() {
    let server = common::bare_server().await;
    let answer = raw(&server, b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Halb: ").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    server.get("/health/live").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn erfundene_methoden_machen_keine_eigenen_messreihen() {
    let server = common::bare_server().await;
    for n in 0..3 {
        server.request(&format!("FOO{n}"), "/health/live", &[], None).await;
    }
    let metrics = server.get("/metrics").await.text;
    assert!(
        metrics.contains("methode=\"andere\"") && !metrics.contains("FOO"),
        "{metrics}"
    );
}
