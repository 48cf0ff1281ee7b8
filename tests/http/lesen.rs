//! Reading over HTTP: records, their past, lists, reports on both time axes, the stream of events.

use futures::StreamExt as _;
use serde_json::json;

use super::{common, kasse, susa};

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
