//! What a request may ask for, and what it may say about itself: the dry run of a Stapel, repetitions, headers.
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
use uuid::Uuid;

const STAPEL: &str = "/api/v1/stapel";
const BUCHUNGEN: &str = "/api/v1/fibu/buchungen";

fn kasse(betrag: &str) -> Value {
    json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Papier", "beleg": "1",
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": betrag},
                   {"konto": "1600", "seite": "haben", "betrag": betrag}]})
}

fn buchung(betrag: &str) -> Value {
    json!({"bereich": "fibu", "ressource": "buchungen", "befehl": "erfassen", "daten": kasse(betrag)})
}

fn of_konto(befehl: &str, id: &str, daten: Value) -> Value {
    json!({"bereich": "fibu", "ressource": "konten", "befehl": befehl, "id": id, "daten": daten})
}

async fn konto_id(server: &TestServer, nr: &str) -> String {
    let list = server.get(&format!("/api/v1/fibu/konten?konto_nr={nr}")).await.ok();
    list["daten"][0]["id"].as_str().unwrap().to_owned()
}

/// All that a client learns of an element of a Stapel but positions and ids, which no dry run can know.
fn kern(answer: &Value) -> Value {
    let status = answer["status"]
        .as_i64()
        .map(|status| if status == 201 { 200 } else { status });
    let mut daten = answer["daten"].clone();
    if let Some(daten) = daten.as_object_mut() {
        daten.remove("durch");
    }
    json!([
        status,
        answer["code"],
        answer["version"],
        answer["ereignisse"],
        answer["nummer"],
        daten
    ])
}

async fn head(server: &TestServer) -> i64 {
    let query = "SELECT sum(position)::bigint FROM log.kopf";
    sqlx::query_scalar(query).fetch_one(&server.db.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn der_probelauf_von_einzeln_antwortet_element_fuer_element_wie_die_ausfuehrung() {
    let server = common::server().await;
    let konto = konto_id(&server, "6815").await;
    let (eigene, neues) = (Uuid::now_v7(), Uuid::now_v7());
    let mut erste = buchung("119.00");
    erste["id"] = json!(eigene);
    let mut unbekannt = buchung("1.00");
    unbekannt["daten"]["zeilen"][0]["konto"] = json!("5999");
    let mut neues_bebucht = buchung("7.00");
    neues_bebucht["daten"]["zeilen"][0]["konto"] = json!("6999");
    let storno = json!({"bereich": "fibu", "ressource": "buchungen", "id": eigene, "befehl": "stornieren",
        "daten": {"grund": "Probe", "buchungsdatum": "2026-02-03"}});
    let anlegen = json!({"bereich": "fibu", "ressource": "konten", "befehl": "anlegen", "id": neues,
        "daten": {"konto_nr": "6999", "bezeichnung": "Probe", "art": "aufwand"}});
    let mut nochmal = anlegen.clone();
    nochmal["id"] = json!(Uuid::now_v7());
    let mut veraltet = of_konto("umbenennen", &konto, json!({"bezeichnung": "b"}));
    veraltet["if_match"] = json!(1);
    let stapel = json!([
        erste,
        unbekannt,
        {"bereich": "fibu", "ressource": "nichts", "befehl": "x"},
        storno,
        storno,                 // a second time: the first one is seen
        anlegen,
        nochmal,                // its number is taken by the one before
        neues_bebucht,          // an account that only the Stapel opens
        of_konto("umbenennen", &konto, json!({"bezeichnung": "a"})),
        veraltet,
        buchung("238.00"),      // the number goes on behind those before, without a gap for the refused
    ]);
    let before = head(&server).await;
    let trial = server
        .post(&format!("{STAPEL}?modus=einzeln&probelauf=true"), stapel.clone())
        .await;
    assert_eq!(trial.status, 207, "{}", trial.text);
    assert_eq!(head(&server).await, before, "nothing is written");
    let real = server.post(&format!("{STAPEL}?modus=einzeln"), stapel).await;
    let (trial, real) = (trial.body.as_array().unwrap(), real.body.as_array().unwrap());
    let kerne = |answers: &[Value]| answers.iter().map(kern).collect::<Vec<_>>();
    assert_eq!(kerne(trial), kerne(real));
    let codes: Vec<&str> = trial.iter().map(|a| a["code"].as_str().unwrap_or("")).collect();
    assert_eq!(
        codes,
        [
            "",
            "KONTO_UNBEKANNT",
            "NICHT_GEFUNDEN",
            "",
            "BUCHUNG_BEREITS_STORNIERT",
            "",
            "NUMMER_VERGEBEN",
            "",
            "",
            "VERSION_KONFLIKT",
            ""
        ]
    );
    // Each shows its own events, with those that follow from them.
    let events = |answer: &Value| -> Vec<String> {
        let preview = answer["vorschau"].as_array().unwrap();
        preview
            .iter()
            .map(|e| e["ereignis"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(events(&trial[0]), ["Erfasst"]);
    assert!(
        events(&trial[3]).contains(&"Storniert".to_owned()) && events(&trial[3]).len() > 1,
        "{}",
        trial[3]
    );
    assert_eq!(trial[7]["probelauf"], true);
    for refused in [1, 2, 4] {
        assert!(trial[refused]["vorgang_id"].is_string() && trial[refused].get("vorschau").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn der_probelauf_fasst_so_viel_wie_die_ausfuehrung() {
    let server = common::server().await;
    let konto = konto_id(&server, "6815").await;
    let elements = |count: usize| -> Vec<Value> {
        let names = (0..count).map(|i| json!({"bezeichnung": format!("Name {i}")}));
        names.map(|daten| of_konto("umbenennen", &konto, daten)).collect()
    };
    let path = format!("{STAPEL}?modus=einzeln&probelauf=true");
    let before = head(&server).await;
    // More than a batch, all of one record: each sees the one before it, also over the border of a batch.
    let answers = server.post(&path, json!(elements(1_100))).await.ok();
    let answers = answers.as_array().unwrap();
    let versions: Vec<i64> = answers.iter().map(|a| a["version"].as_i64().unwrap()).collect();
    assert!(versions.windows(2).all(|pair| pair[1] == pair[0] + 1), "{versions:?}");
    assert!(answers.iter().all(|a| a["vorschau"].as_array().unwrap().len() == 1));
    assert_eq!(head(&server).await, before);
    let refused = server.post(&path, json!(elements(10_001))).await;
    assert_eq!(refused.refused(422, "STAPEL_ZU_GROSS")["daten"]["max"], 10_000);
    let refused = server
        .post(&format!("{STAPEL}?probelauf=true"), json!(elements(501)))
        .await;
    assert_eq!(refused.refused(422, "STAPEL_ZU_GROSS")["daten"]["max"], 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn was_ein_probelauf_nicht_wissen_kann_laesst_er_offen() {
    let server = common::server().await;
    let konto = konto_id(&server, "6815").await;
    let stilllegen = of_konto("stilllegen", &konto, json!({}));
    let path = format!("{STAPEL}?modus=einzeln&probelauf=true");
    // Nothing before it wrote anything: the ledger tells all there is.
    let mut unbekannt = buchung("1.00");
    unbekannt["daten"]["zeilen"][0]["konto"] = json!("5999");
    let answers = server.post(&path, json!([unbekannt, stilllegen])).await.ok();
    assert_eq!(answers[1]["status"], 200, "{answers}");
    // What the first one would post is in no ledger.
    let answers = server
        .post(&path, json!([buchung("1.00"), stilllegen, buchung("2.00")]))
        .await
        .ok();
    let found: Vec<Value> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["status"].clone())
        .collect();
    assert_eq!(found, [200, 422, 200], "{answers}");
    assert_eq!(answers[1]["code"], "PROBELAUF_OFFEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_stapel_mit_millionen_zeilen_wird_gezaehlt_und_nicht_gelesen() {
    let server = common::server().await;
    for (body, grenze) in [
        ("x\n".repeat(2_000_000), 10_000),
        (format!("[{}0]", "0,".repeat(2_000_000)), 10_000),
    ] {
        let reply = server
            .request("POST", &format!("{STAPEL}?modus=einzeln"), &[], Some(body))
            .await;
        assert_eq!(reply.refused(422, "STAPEL_ZU_GROSS")["daten"]["max"], grenze);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_anders_geschriebener_stapel_ist_derselbe() {
    let server = common::server().await;
    let key = [("Idempotency-Key", "stapel-form")];
    let elemente = [buchung("3.00"), buchung("4.00")];
    let erst = server.post_with(STAPEL, &key, json!(elemente)).await.ok();
    let zeilen = format!("  {}\n\n  {}\n\n", elemente[0], elemente[1]);
    let wieder = server.request("POST", STAPEL, &key, Some(zeilen)).await;
    assert_eq!(wieder.header("idempotent-replayed"), "true", "{}", wieder.text);
    assert_eq!(wieder.ok()[1]["position"], erst[1]["position"]);
    let anders = server.post_with(STAPEL, &key, json!([buchung("3.00")])).await;
    anders.refused(422, "IDEMPOTENZ_ABWEICHEND");
}

#[tokio::test(flavor = "multi_thread")]
async fn viele_probelaeufe_die_kontobuecher_fragen_warten_nicht_aufeinander() {
    let server = common::server().await;
    let stilllegen = json!([of_konto("stilllegen", &konto_id(&server, "6815").await, json!({}))]);
    let path = format!("{STAPEL}?modus=einzeln&probelauf=true");
    // More than the database has connections for.
    let alle = (0..60).map(|_| server.post(&path, stilllegen.clone()));
    for antwort in futures::future::join_all(alle).await {
        assert_eq!(antwort.ok()[0]["status"], 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hinter_befehlen_des_eigenen_atomaren_stapels_ist_kein_kontobuch_zu_fragen() {
    let server = common::server().await;
    let konto = konto_id(&server, "6825").await;
    let stilllegen = of_konto("stilllegen", &konto, json!({}));
    let stapel = json!([buchung("1.00"), stilllegen, buchung("2.00")]);
    let vorher = head(&server).await;
    for path in [STAPEL.to_owned(), format!("{STAPEL}?probelauf=true")] {
        let problem = server
            .post(&path, stapel.clone())
            .await
            .refused(422, "STAPEL_KONTOBUCH_OFFEN");
        assert_eq!(problem["daten"]["index"], 1, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("teilen") && detail.contains("modus=einzeln"),
            "{detail}"
        );
    }
    assert_eq!(head(&server).await, vorher, "nothing is written");
    // The ways that the refusal names, and asking first.
    let zuerst = json!([of_konto("stilllegen", &konto, json!({})), buchung("1.00")]);
    server.post(&format!("{STAPEL}?probelauf=true"), zuerst).await.ok();
    let answers = server.post(&format!("{STAPEL}?modus=einzeln"), stapel).await.ok();
    let status: Vec<&Value> = answers.as_array().unwrap().iter().map(|a| &a["status"]).collect();
    assert_eq!(status, [&json!(201), &json!(200), &json!(201)], "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_wiederholter_stapel_sagt_dass_er_wiederholt_ist() {
    let server = common::server().await;
    let mut unbekannt = buchung("1.00");
    unbekannt["daten"]["zeilen"][0]["konto"] = json!("5999");
    for (path, stapel) in [
        (STAPEL.to_owned(), json!([buchung("1.00"), buchung("2.00")])),
        (format!("{STAPEL}?modus=einzeln"), json!([buchung("1.00"), unbekannt])),
    ] {
        let key = [("Idempotency-Key", path.as_str())];
        let first = server.post_with(&path, &key, stapel.clone()).await;
        assert_eq!(first.header("idempotent-replayed"), "", "{}", first.text);
        let before = head(&server).await;
        let again = server.post_with(&path, &key, stapel.clone()).await;
        assert_eq!(again.header("idempotent-replayed"), "true", "{}", again.text);
        assert_eq!(again.body[0]["wiederholt"], true);
        assert_eq!(head(&server).await, before);
        // A dry run of it tells that it was carried out.
        let query = if path.contains('?') {
            "&probelauf=true"
        } else {
            "?probelauf=true"
        };
        let trial = server.post_with(&format!("{path}{query}"), &key, stapel).await;
        assert_eq!(trial.header("idempotent-replayed"), "true", "{}", trial.text);
        assert_eq!(
            (&trial.body[0]["wiederholt"], &trial.body[0]["vorschau"]),
            (&json!(true), &json!([]))
        );
    }
    // All refused: nothing is on record.
    let key = [("Idempotency-Key", "nichts")];
    let path = format!("{STAPEL}?modus=einzeln");
    for _ in 0..2 {
        let reply = server.post_with(&path, &key, json!([unbekannt])).await;
        assert_eq!(reply.header("idempotent-replayed"), "", "{}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kopfzeilen_die_nicht_gelten_werden_abgelehnt_und_erklaert() {
    let server = common::server().await;
    let path = format!("/api/v1/fibu/konten/{}/umbenennen", konto_id(&server, "6815").await);
    let name = json!({"bezeichnung": "x"});
    for to in [&*path, STAPEL] {
        let packed = server
            .post_with(to, &[("Content-Encoding", "gzip")], name.clone())
            .await;
        let body = packed.refused(415, "API_FORMAT");
        assert!(body["detail"].as_str().unwrap().contains("gzip"), "{body}");
    }
    server
        .post_with(&path, &[("Content-Encoding", "identity")], name.clone())
        .await
        .ok();
    for unreadable in ["\"abc\"", "W/\"1\"", "abc"] {
        let reply = server.post_with(&path, &[("If-Match", unreadable)], name.clone()).await;
        let body = reply.refused(400, "EINGABE_UNGUELTIG");
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains("ETag") && detail.contains("\"7\""), "{detail}");
    }
    let stale = server.post_with(&path, &[("If-Match", "\"1\"")], name).await;
    assert_eq!(stale.refused(412, "VERSION_KONFLIKT")["daten"]["erwartet"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn die_begruendung_der_anfrage_ersetzt_den_beleg_wie_die_der_buchung() {
    let server = common::server().await;
    let mut ohne = kasse("1.00");
    ohne.as_object_mut().unwrap().remove("beleg");
    let refused = server.post(BUCHUNGEN, ohne.clone()).await;
    let body = refused.refused(422, "BUCHUNG_BELEG_FEHLT");
    assert!(body["detail"].as_str().unwrap().contains("X-Grund"), "{body}");
    let with = [("X-Grund", "Quittung verloren")];
    let id = server.post_with(BUCHUNGEN, &with, ohne.clone()).await.ok()["id"].clone();
    let path = format!("{BUCHUNGEN}/{}", id.as_str().unwrap());
    assert_eq!(server.get(&path).await.ok()["grund"], "Quittung verloren");
    // The command's own reason is the nearer one.
    ohne["grund"] = json!("Eigenbeleg");
    let id = server.post_with(BUCHUNGEN, &with, ohne).await.ok()["id"].clone();
    let path = format!("{BUCHUNGEN}/{}", id.as_str().unwrap());
    assert_eq!(server.get(&path).await.ok()["grund"], "Eigenbeleg");
    let history = server.get(&format!("{path}/ereignisse")).await.ok();
    assert_eq!(history["daten"][0]["grund"], "Quittung verloren");
}
