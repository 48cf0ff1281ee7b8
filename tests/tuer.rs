//! The door: headers, bodies and the Stapel, and that every refusal says what a stranger needs to know.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use serde_json::{Value, json};

const KONTEN: &str = "/api/v1/fibu/konten";

fn konto(nr: &str) -> Value {
    json!({"konto_nr": nr, "bezeichnung": "Probe", "art": "aufwand"})
}

/// A Konto of the test company, with its path.
async fn vorhandenes(server: &common::TestServer) -> String {
    let id = server.get("/api/v1/fibu/konten?konto_nr=6815").await.ok()["daten"][0]["id"].clone();
    format!("{KONTEN}/{}", id.as_str().unwrap())
}

fn umbenennen(name: &str) -> Value {
    json!({"bezeichnung": name})
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_begruendung_mit_umlaut_kommt_an_und_eine_unlesbare_nicht() {
    let server = common::server().await;
    let path = vorhandenes(&server).await;
    let umbenennen = format!("{path}/umbenennen");
    let grund = [("X-Grund", "Änderung für Müller")];
    server
        .post_with(&umbenennen, &grund, json!({"bezeichnung": "Büro"}))
        .await
        .ok();
    let history = server.get(&format!("{path}/ereignisse")).await.ok();
    let last = history["daten"].as_array().unwrap().last().unwrap();
    assert_eq!(last["grund"], "Änderung für Müller");
    let long = "ü".repeat(501);
    let reply = server
        .post_with(&umbenennen, &[("X-Grund", &long)], json!({"bezeichnung": "x"}))
        .await;
    reply.refused(400, "EINGABE_UNGUELTIG");
    // Latin-1 is no UTF-8.
    let latin = reqwest::header::HeaderValue::from_bytes(b"f\xfcr").unwrap();
    for (name, text) in [
        ("X-Grund", "X-Grund"),
        ("X-Mandant", "X-Mandant"),
        ("X-Correlation-Id", "X-Correlation-Id"),
    ] {
        let reply = reqwest::Client::new()
            .get(format!("{}{path}", server.url))
            .bearer_auth(&server.token)
            .header("X-Mandant", "TEST");
        let reply = reply.headers([(name.parse().unwrap(), latin.clone())].into_iter().collect());
        let reply = reply.send().await.unwrap();
        assert_eq!(reply.status(), 400, "{name}");
        let body: Value = reply.json().await.unwrap();
        assert!(body["detail"].as_str().unwrap().contains(text), "{body}");
        assert!(body["vorgang_id"].is_string());
    }
    let reply = server.request("GET", KONTEN, &[("X-Mandant", "MÜLLER")], None).await;
    let body = reply.refused(400, "EINGABE_UNGUELTIG");
    assert!(body["detail"].as_str().unwrap().contains("ohne Umlaute"), "{body}");
    let document = server.get("/openapi.json").await.ok();
    let parameters = document["paths"]["/api/v1/fibu/konten"]["post"]["parameters"].to_string();
    assert!(parameters.contains("#/components/parameters/grund"), "{parameters}");
    assert_eq!(document["components"]["parameters"]["grund"]["name"], "X-Grund");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_feld_das_zweimal_kommt_wird_abgelehnt() {
    let server = common::server().await;
    for (path, body, feld) in [
        (
            KONTEN,
            r#"{"konto_nr": "6999", "bezeichnung": "a", "bezeichnung": "b"}"#,
            "/bezeichnung",
        ),
        (
            "/api/v1/fibu/buchungen",
            r#"{"zeilen": [{"konto": "1"}, {"konto": "1", "konto": "2"}]}"#,
            "/zeilen/1/konto",
        ),
        (
            "/api/v1/stapel",
            r#"[{"daten": {"a": {"b": 1, "b": 1}}}]"#,
            "/0/daten/a/b",
        ),
    ] {
        let reply = server.request("POST", path, &[], Some(body.to_owned())).await;
        let body = reply.refused(400, "EINGABE_UNGUELTIG");
        assert_eq!(
            (&body["felder"][0]["feld"], &body["felder"][0]["code"]),
            (&json!(feld), &json!("FELD_DOPPELT"))
        );
    }
    // In one line of an NDJSON Stapel it concerns that element only.
    let good = json!({"bereich": "fibu", "ressource": "konten", "befehl": "umbenennen", "daten": umbenennen("x"),
        "id": vorhandenes(&server).await.rsplit('/').next().unwrap()});
    let lines = format!("{{\"befehl\": 1, \"befehl\": 2}}\n{good}\n");
    let reply = server
        .request("POST", "/api/v1/stapel?modus=einzeln", &[], Some(lines))
        .await;
    let answers = reply.ok();
    assert_eq!(
        (&answers[0]["status"], &answers[1]["status"]),
        (&json!(400), &json!(200)),
        "{answers}"
    );
    assert_eq!(answers[0]["felder"][0]["feld"], "/befehl");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_neuer_datensatz_entsteht_nur_ueber_seinen_eigenen_weg() {
    let server = common::server().await;
    let v4 = "6f1e4c0e-8d5c-4b5e-9f6a-0a1b2c3d4e5f";
    for id in [v4.to_owned(), uuid::Uuid::now_v7().to_string()] {
        let reply = server.post(&format!("{KONTEN}/{id}/anlegen"), konto("6998")).await;
        let body = reply.refused(404, "NICHT_GEFUNDEN");
        let detail = body["detail"].as_str().unwrap();
        let possible = detail.split_once("möglich:").unwrap().1;
        assert!(
            !possible.contains("anlegen") && possible.contains("umbenennen"),
            "{detail}"
        );
    }
    for element in [
        json!({"bereich": "fibu", "ressource": "konten", "befehl": "anlegen", "id": v4, "daten": konto("6998")}),
        json!({"bereich": "fibu", "ressource": "konten", "befehl": "anlegen",
            "daten": {"id": v4, "konto_nr": "6998", "bezeichnung": "x", "art": "aufwand"}}),
    ] {
        let body = server.post("/api/v1/stapel", json!([element])).await;
        let body = body.refused(422, "EINGABE_UNGUELTIG");
        assert_eq!(
            (&body["felder"][0]["feld"], &body["daten"]["index"]),
            (&json!("/id"), &json!(0))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_vergebener_schluessel_wird_mit_seinem_feld_genannt() {
    let server = common::server().await;
    let body = server
        .post("/api/v1/fibu/kontenplaene", json!({"rahmen": "skr04"}))
        .await;
    let body = body.refused(409, "NUMMER_VERGEBEN");
    assert_eq!(body["daten"]["feld"], "mandant");
    assert!(
        body["detail"].as_str().unwrap().contains("je Firma nur einmal"),
        "{body}"
    );
    let kreis = json!({"code": "AR", "muster": "AR-{00000}", "start": 1, "lueckenlos": true, "chronologisch": false});
    let body = server.post("/api/v1/dienste/nummernkreise", kreis).await;
    let body = body.refused(409, "NUMMER_VERGEBEN");
    assert_eq!(body["daten"], json!({"feld": "code", "wert": "AR"}));
    assert!(!body["detail"].as_str().unwrap().contains("neue id"), "{body}");
    let large = format!("{{\"text\": \"{}\"}}", "x".repeat(1_200_000));
    let reply = server.request("POST", KONTEN, &[], Some(large)).await;
    let body = reply.refused(413, "API_ZU_GROSS");
    assert!(!body["detail"].as_str().unwrap().contains("Stapel"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn if_match_kennt_den_stern_und_listen() {
    let server = common::server().await;
    let path = vorhandenes(&server).await;
    let umbenennen_path = format!("{path}/umbenennen");
    let send = async |tag: &str, name: &str| {
        server
            .post_with(&umbenennen_path, &[("If-Match", tag)], umbenennen(name))
            .await
    };
    assert_eq!(send("*", "a").await.ok()["version"], 2);
    assert_eq!(send("\"1\", \"2\"", "b").await.ok()["version"], 3);
    let body = send("\"1\", \"2\"", "c").await.refused(412, "VERSION_KONFLIKT");
    assert_eq!(body["daten"], json!({"erwartet": [1, 2], "ist": 3}));
    let body = send("\"7\"", "c").await.refused(412, "VERSION_KONFLIKT");
    assert_eq!(body["daten"], json!({"erwartet": 7, "ist": 3}));
    // A weak tag can never match; the refusal shows what would.
    send("W/\"3\"", "c").await.refused(400, "EINGABE_UNGUELTIG");
    send("drei", "c").await.refused(400, "EINGABE_UNGUELTIG");
    // The star wants a record that is there; a new one is not.
    let reply = server.post_with(KONTEN, &[("If-Match", "*")], konto("6997")).await;
    reply.refused(412, "VERSION_KONFLIKT");
}

#[tokio::test(flavor = "multi_thread")]
async fn jede_ablehnung_traegt_die_vorgang_id() {
    let server = common::server().await;
    let vorgang = uuid::Uuid::now_v7().to_string();
    let nobody = server.with_token("niemand");
    let (_, reader) = server.key("leser", json!({"scopes": ["fibu:read"]})).await;
    let with = [("X-Correlation-Id", vorgang.as_str())];
    let form = [with[0], ("content-type", "text/plain")];
    let large = Some("x".repeat(1_200_000));
    for (reply, status) in [
        (nobody.request("GET", KONTEN, &with, None).await, 401),
        (reader.request("POST", KONTEN, &with, Some("{}".to_owned())).await, 403),
        (server.request("GET", "/nichts", &with, None).await, 404),
        (server.request("GET", "/api/v1/fibu/nichts", &with, None).await, 404),
        (server.request("DELETE", KONTEN, &with, None).await, 405),
        (server.request("POST", KONTEN, &form, None).await, 415),
        (server.request("POST", KONTEN, &with, large).await, 413),
        (server.request("POST", KONTEN, &with, Some("{".to_owned())).await, 400),
        (server.request("GET", "/api/v1/fibu/%ff", &with, None).await, 400),
        (
            server
                .request("GET", "/api/v1/fibu/konten?farbe=rot", &with, None)
                .await,
            400,
        ),
        (server.request("GET", "/api/v1/ereignisse?ab=x", &with, None).await, 400),
        (server.request("GET", "/api/v1/berichte/nichts", &with, None).await, 404),
        (
            server
                .request("POST", KONTEN, &with, Some(konto("x").to_string()))
                .await,
            422,
        ),
    ] {
        assert_eq!(
            (reply.status, reply.body["vorgang_id"].as_str()),
            (status, Some(&*vorgang)),
            "{}",
            reply.text
        );
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.header("allow").is_empty(), status != 405, "{}", reply.text);
    }
    let reply = server
        .request("GET", KONTEN, &[("X-Correlation-Id", "keine UUID")], None)
        .await;
    reply.refused(400, "EINGABE_UNGUELTIG");
    // Each element of a Stapel too, whether it was refused at the door or by a rule.
    let elements = json!([
        {"bereich": "fibu", "ressource": "nichts", "befehl": "x"},
        {"bereich": "fibu", "ressource": "konten", "befehl": "anlegen", "daten": konto("x")},
    ]);
    let answers = server
        .post_with("/api/v1/stapel?modus=einzeln", &with, elements)
        .await
        .ok();
    for answer in answers.as_array().unwrap() {
        assert_eq!(answer["vorgang_id"].as_str(), Some(&*vorgang), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_stapel_sagt_bei_jedem_element_was_fehlt() {
    let server = common::server().await;
    let (_, reader) = server.key("leser", json!({"scopes": ["fibu:read"]})).await;
    let id = vorhandenes(&server).await.rsplit('/').next().unwrap().to_owned();
    let rename = |name: &str| json!({"bereich": "fibu", "ressource": "konten", "befehl": "umbenennen", "id": id, "daten": umbenennen(name)});
    let wrong = server
        .post("/api/v1/stapel?modus=quatsch&probelauf=true", json!([]))
        .await;
    wrong.refused(400, "EINGABE_UNGUELTIG");
    // A right that is missing.
    let refused = reader.post("/api/v1/stapel", json!([rename("x")])).await;
    let refused = refused.refused(403, "BERECHTIGUNG_FEHLT");
    assert_eq!(
        refused["daten"],
        json!({"bereich": "fibu", "ressource": "konto", "stufe": "write", "index": 0})
    );
    // An element that cannot be read names its field.
    let mut unknown = rename("x");
    unknown["farbe"] = json!("rot");
    let refused = server.post("/api/v1/stapel", json!([rename("x"), unknown])).await;
    let refused = refused.refused(400, "EINGABE_UNGUELTIG");
    assert_eq!(
        (&refused["felder"][0]["code"], &refused["daten"]["index"]),
        (&json!("FELD_UNBEKANNT"), &json!(1))
    );
    let mut wrong = rename("x");
    wrong["daten"]["bezeichnung"] = json!(7);
    let refused = server.post("/api/v1/stapel", json!([wrong])).await;
    let refused = refused.refused(400, "EINGABE_UNGUELTIG");
    assert_eq!(refused["felder"][0]["feld"], "/bezeichnung");
    // A broken line concerns its element only, and is named by its number.
    let lines = format!("{}\n\n{{kaputt\n{}\n", rename("a"), rename("b"));
    let reply = server
        .request("POST", "/api/v1/stapel?modus=einzeln", &[], Some(lines.clone()))
        .await;
    let answers = reply.ok();
    let statuses: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["status"].clone())
        .collect();
    assert_eq!(statuses, [200, 400, 200], "{answers}");
    assert!(answers[1]["detail"].as_str().unwrap().contains("Zeile 3"), "{answers}");
    let reply = server.request("POST", "/api/v1/stapel", &[], Some(lines)).await;
    let refused = reply.refused(400, "EINGABE_UNGUELTIG");
    assert!(refused["detail"].as_str().unwrap().contains("Zeile 3"), "{refused}");
    assert_eq!(refused["daten"]["index"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_probelauf_zeigt_bei_jedem_befehl_seine_eigenen_ereignisse() {
    let server = common::server().await;
    let id = vorhandenes(&server).await.rsplit('/').next().unwrap().to_owned();
    let rename = |name: &str| json!({"bereich": "fibu", "ressource": "konten", "befehl": "umbenennen", "id": id, "daten": umbenennen(name)});
    let stapel = json!([rename("a"), rename("b")]);
    let answers = server.post("/api/v1/stapel?probelauf=true", stapel.clone()).await.ok();
    for (answer, name) in answers.as_array().unwrap().iter().zip(["a", "b"]) {
        assert_eq!(answer["vorschau"].as_array().unwrap().len(), 1, "{answers}");
        assert_eq!(answer["vorschau"][0]["daten"]["bezeichnung"], name);
        assert!(answer.get("wiederholt").is_none());
    }
    // With a key that was used before it is the answer of then, and says so.
    let key = [("Idempotency-Key", "k1")];
    let path = format!("{KONTEN}/{id}/umbenennen");
    server.post_with(&path, &key, umbenennen("c")).await.ok();
    let reply = server
        .post_with(&format!("{path}?probelauf=true"), &key, umbenennen("c"))
        .await;
    assert_eq!(reply.header("idempotent-replayed"), "true");
    let body = reply.ok();
    assert_eq!(
        (&body["wiederholt"], &body["vorschau"]),
        (&json!(true), &json!([])),
        "{body}"
    );
    server.post_with("/api/v1/stapel", &key, stapel.clone()).await.ok();
    let answers = server
        .post_with("/api/v1/stapel?probelauf=true", &key, stapel)
        .await
        .ok();
    assert_eq!(answers[0]["wiederholt"], true, "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn der_schluessel_eines_stapels_steht_fuer_den_ganzen_stapel() {
    let server = common::server().await;
    let kreis = |code: &str| {
        json!({"bereich": "dienste", "ressource": "nummernkreise", "befehl": "anlegen", "daten": {
            "code": code, "muster": format!("{code}-{{JJJJ}}-{{000000}}"), "start": 1, "lueckenlos": true,
            "chronologisch": false}})
    };
    let key = [("Idempotency-Key", "stapel-1")];
    let path = "/api/v1/stapel";
    server.post_with(path, &key, json!([kreis("QA")])).await.ok();
    server.post_with(path, &key, json!([kreis("QA")])).await.ok();
    server
        .post_with(path, &key, json!([kreis("QA"), kreis("QB")]))
        .await
        .refused(422, "IDEMPOTENZ_ABWEICHEND");
    let liste = server.get("/api/v1/dienste/nummernkreise?code=QB").await.ok();
    assert_eq!(liste["daten"], json!([]));
    // A single command with a key that looks like that of an element is another command.
    let einzeln = [("Idempotency-Key", "stapel-1:0")];
    let daten = kreis("QC")["daten"].clone();
    server
        .post_with("/api/v1/dienste/nummernkreise", &einzeln, daten)
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_tag_den_keine_spalte_haelt_wird_mit_seinem_feld_abgelehnt() {
    let server = common::server().await;
    let buchung = json!({
        "belegkreis": "KA", "belegdatum": "+12345-01-01", "buchungsdatum": "2026-02-02", "text": "x", "beleg": "B",
        "zeilen": [
            {"konto": "6815", "seite": "soll", "betrag": "1.00"},
            {"konto": "1600", "seite": "haben", "betrag": "1.00"},
        ],
    });
    let refused = server.post("/api/v1/fibu/buchungen", buchung).await;
    let refused = refused.refused(422, "EINGABE_UNGUELTIG");
    assert_eq!(refused["felder"][0]["feld"], "/belegdatum", "{refused}");
    for filter in [
        "buchungsdatum=%2B12026-1-1",
        "buchungsdatum=-002-01-01",
        "angelegt_am[lt]=0000-01-01T00:00:00Z",
    ] {
        let answer = server.get(&format!("/api/v1/fibu/buchungen?{filter}")).await;
        assert_eq!(answer.status, 400, "{filter}: {}", answer.text);
    }
}
