//! Keys over HTTP: what they open and what not, that their hashes are nowhere to be seen, quotas, the administrator's.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::time::Duration;

use aggregates::{
    Aggregate as _,
    dienste::api_key::{ApiKey, ApiKeyStatus, WEITERE_RESSOURCEN, schluessel_hash},
};
use axum::{
    body::Body,
    http::{Request, header::AUTHORIZATION},
};
use chrono::TimeDelta;
use futures::StreamExt as _;
use neuroerp::{
    api::auth,
    commands::{Caller, Order},
    eventstore::SYSTEM,
    server::Core,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use tower::ServiceExt as _;

const KEYS: &str = "/api/v1/dienste/api-keys";

async fn company_id(server: &common::TestServer) -> String {
    server.get("/api/v1/dienste/mandanten").await.ok()["daten"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn element(ressource: &str, befehl: &str, daten: Value) -> Value {
    json!({"bereich": "dienste", "ressource": ressource, "befehl": befehl, "daten": daten})
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_gebundener_schluessel_kommt_durch_keine_tuer_an_das_system() {
    let server = common::server().await;
    let firma = company_id(&server).await;
    let (_, bound) = server
        .key("gebunden", json!({"scopes": ["*:admin"], "mandanten": [firma]}))
        .await;
    let (opfer, _) = server.key("opfer", json!({"scopes": ["fibu:read"]})).await;
    bound.get("/api/v1/fibu/konten").await.ok();
    let ausstellen =
        json!({"name": "beute", "scopes": ["*:admin"], "ablauf": neuroerp::uhr::jetzt() + TimeDelta::days(3)});
    let stilllegen = json!({"bereich": "dienste", "ressource": "mandanten", "befehl": "stilllegen", "id": firma,
        "daten": {"grund": "x"}});
    let widerrufen = json!({"bereich": "dienste", "ressource": "api-keys", "befehl": "widerrufen", "id": opfer,
        "daten": {"grund": "x"}});
    let elements = [
        element("api-keys", "ausstellen", ausstellen.clone()),
        stilllegen,
        widerrufen,
    ];
    // The Stapel, with and without a company, whole and each for itself, tried and meant.
    for header in [&[][..], &[("X-Mandant", "system")][..], &[("X-Mandant", "")][..]] {
        for element in &elements {
            for query in ["", "?probelauf=true"] {
                server_refuses(
                    bound
                        .post_with(&format!("/api/v1/stapel{query}"), header, json!([element]))
                        .await,
                );
            }
            let answers = bound
                .post_with("/api/v1/stapel?modus=einzeln", header, json!([element]))
                .await
                .ok();
            assert_eq!(answers[0]["code"], "BERECHTIGUNG_FEHLT", "{answers}");
            assert_eq!(answers[0]["status"], 403);
        }
    }
    // The routes.
    server_refuses(bound.post(KEYS, ausstellen).await);
    for path in [
        KEYS.to_owned(),
        format!("{KEYS}/{opfer}"),
        format!("{KEYS}/{opfer}/zustand"),
        format!("{KEYS}/{opfer}/ereignisse"),
        "/api/v1/dienste/mandanten".to_owned(),
    ] {
        server_refuses(bound.get(&path).await);
    }
    let system = [("X-Mandant", "SYSTEM")];
    for path in [
        "/api/v1/ereignisse",
        "/api/v1/ereignisse/stream",
        "/api/v1/fibu/konten",
        "/api/v1/berichte/journal",
    ] {
        server_refuses(bound.request("GET", path, &system, None).await);
    }
    assert_eq!(server.get(&format!("{KEYS}/{opfer}")).await.ok()["status"], "aktiv");
}

#[track_caller]
fn server_refuses(reply: common::Reply) {
    let body = reply.refused(403, "BERECHTIGUNG_FEHLT");
    assert!(body["detail"].as_str().unwrap().contains("nichts vom System"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wer_wenig_darf_bekommt_keinen_starken_schluessel_in_die_hand() {
    let server = common::bare_server().await;
    let (stark, holder) = server.key("stark", json!({"scopes": ["fibu:admin"]})).await;
    let (_, helper) = server.key("gehilfe", json!({"scopes": ["dienste:admin"]})).await;
    for (befehl, body) in [
        ("rotieren", json!({"ueberlappung_std": 0})),
        ("scopes-aendern", json!({"scopes": ["dienste:read"]})),
        ("kontingent-aendern", json!({"kontingent": {"je_minute": 1}})),
        ("widerrufen", json!({"grund": "x"})),
    ] {
        let refused = helper.post(&format!("{KEYS}/{stark}/{befehl}"), body).await;
        let refused = refused.refused(422, "API_KEY_SCOPE_UEBER_RECHT");
        assert_eq!(refused["daten"]["scope"], "fibu:admin");
    }
    holder
        .request("GET", "/api/v1/fibu/konten", &[("X-Mandant", "system")], None)
        .await
        .ok();
    let (schwach, _) = helper
        .key("schwach", json!({"scopes": ["dienste.ereignis:read"]}))
        .await;
    helper
        .post(&format!("{KEYS}/{schwach}/widerrufen"), json!({"grund": "x"}))
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn rechte_und_firmen_eines_schluessels_gibt_es() {
    let server = common::bare_server().await;
    let mut body =
        json!({"name": "falsch", "ablauf": neuroerp::uhr::jetzt() + TimeDelta::days(3), "scopes": ["fibu.auto:read"]});
    let refused = server.post(KEYS, body.clone()).await.refused(422, "EINGABE_UNGUELTIG");
    assert_eq!(refused["felder"][0]["feld"], "/scopes/0");
    body["scopes"] = json!(["fibu:read"]);
    body["mandanten"] = json!([uuid::Uuid::now_v7()]);
    let refused = server.post(KEYS, body).await.refused(422, "EINGABE_UNGUELTIG");
    assert_eq!(refused["felder"][0]["feld"], "/mandanten/0");
    // What reports and the log ask for can be granted, and nothing else beside the aggregates.
    let mut asked: Vec<String> = neuroerp::queries::reports::ALL
        .iter()
        .map(|r| format!("{}.{}", r.bereich.as_str(), r.typ))
        .collect();
    asked.push("dienste.ereignis".to_owned());
    asked.sort();
    assert_eq!(asked, WEITERE_RESSOURCEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn die_hashwerte_der_schluessel_sieht_niemand() {
    let server = common::bare_server().await;
    let own = "ein-eigener-text-mit-genug-zeichen";
    let eigener = json!({"name": "eigen", "scopes": ["fibu:read"], "schluessel_hash": schluessel_hash(own),
        "ablauf": neuroerp::uhr::jetzt() + TimeDelta::days(3)});
    let preview = server.post(&format!("{KEYS}?probelauf=true"), eigener.clone()).await;
    assert!(preview.text.contains("[geheim]"), "{}", preview.text);
    let first = server.post(KEYS, eigener).await;
    let id = first.body["id"].as_str().unwrap().to_owned();
    let path = format!("{KEYS}/{id}");
    let rotieren = json!({"ueberlappung_std": 1});
    let tried = server
        .post(&format!("{path}/rotieren?probelauf=true"), rotieren.clone())
        .await;
    let rotated = server.post(&format!("{path}/rotieren"), rotieren).await;
    let new = rotated.body["einmalig"]["schluessel"].as_str().unwrap().to_owned();
    let twin = json!({"name": "zwilling", "scopes": ["fibu:read"], "schluessel_hash": schluessel_hash(own),
        "ablauf": neuroerp::uhr::jetzt() + TimeDelta::days(3)});
    let taken = server.post(KEYS, twin).await;
    assert_eq!(taken.body["code"], "NUMMER_VERGEBEN");
    let secret = [own, &new, &server.token].map(schluessel_hash);
    let mut shown = vec![preview.text, first.text, tried.text, rotated.text, taken.text];
    let system = [("X-Mandant", "system")];
    for exit in [
        format!("{KEYS}?gesamt=true"),
        path.clone(),
        format!("{path}/ereignisse"),
        format!("{path}/zustand"),
        format!("{path}/zustand?version=1"),
        "/api/v1/ereignisse?limit=200".to_owned(),
        "/openapi.json".to_owned(),
        "/health/ready".to_owned(),
        "/metrics".to_owned(),
    ] {
        let reply = server.request("GET", &exit, &system, None).await;
        assert_eq!(reply.status, 200, "{exit}: {}", reply.text);
        shown.push(reply.text);
    }
    for column in ["schluessel_hash", "alter_hash"] {
        for query in [
            format!("{column}={}", secret[0]),
            format!("felder={column}"),
            format!("sortierung={column}"),
        ] {
            server
                .get(&format!("{KEYS}?{query}"))
                .await
                .refused(400, "EINGABE_UNGUELTIG");
        }
    }
    let mut stream = reqwest::Client::new()
        .get(format!("{}/api/v1/ereignisse/stream?ab=1", server.url))
        .bearer_auth(&server.token)
        .header("X-Mandant", "system")
        .send()
        .await
        .unwrap()
        .bytes_stream();
    let mut streamed = String::new();
    while !streamed.contains("Rotiert") {
        let chunk = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
        streamed.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap().unwrap()));
    }
    shown.push(streamed);
    for (text, hash) in shown
        .iter()
        .flat_map(|text| secret.iter().map(move |hash| (text, hash)))
    {
        assert!(!text.contains(hash.as_str()), "{hash} in {text}");
    }
    no_reading_role_sees(&server, &secret).await;
    // A rebuild needs what only the log has: both texts still open the door.
    neuroerp::projector::rebuild::rebuild(&server.db.store, None, 1, &mut |_| {})
        .await
        .unwrap();
    for token in [own, new.as_str()] {
        let door = server.with_token(token);
        door.request("GET", "/api/v1/fibu/konten", &system, None).await.ok();
    }
}

/// Looks into every table and view that a reading role may select from.
async fn no_reading_role_sees(server: &common::TestServer, secret: &[String]) {
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
           AND has_schema_privilege('neuroerp_leser', n.oid, 'USAGE') \
           AND has_any_column_privilege('neuroerp_leser', c.oid, 'SELECT')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(tables.iter().any(|t| t == "dienste.api_key"), "{tables:?}");
    for table in tables {
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT to_jsonb(t)::text FROM {table} t")))
            .fetch_all(&mut owner)
            .await
            .unwrap();
        for hash in secret {
            assert!(!rows.iter().any(|row| row.contains(hash.as_str())), "{table}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn das_kontingent_eines_schluessels_gilt() {
    let server = common::server().await;
    let path = "/api/v1/fibu/konten?limit=1";
    let with = |kontingent: Value| json!({"scopes": ["*:read"], "kontingent": kontingent});
    let (id, minute) = server.key("minute", with(json!({"je_minute": 2}))).await;
    for left in ["1", "0"] {
        let reply = minute.get(path).await;
        assert_eq!(reply.status, 200);
        assert_eq!(
            (reply.header("ratelimit-limit"), reply.header("ratelimit-remaining")),
            ("2", left)
        );
    }
    let reply = minute.get(path).await;
    assert_eq!(reply.header("ratelimit-remaining"), "0");
    let wait: u32 = reply.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    reply.refused(429, "API_RATE");
    // Every door asks: the log, a report, a command, a Stapel.
    for path in ["/api/v1/ereignisse", "/api/v1/berichte/journal"] {
        minute.get(path).await.refused(429, "API_RATE");
    }
    minute
        .post("/api/v1/fibu/konten", json!({}))
        .await
        .refused(429, "API_RATE");
    minute.post("/api/v1/stapel", json!([])).await.refused(429, "API_RATE");
    // A wider quota counts at once.
    let wider = json!({"kontingent": {"je_minute": 600_000}});
    server
        .post(&format!("{KEYS}/{id}/kontingent-aendern"), wider)
        .await
        .ok();
    minute.get(path).await.ok();

    let (_, month) = server.key("monat", with(json!({"je_monat": 1}))).await;
    month.get(path).await.ok();
    let reply = month.get(path).await;
    assert!(reply.header("retry-after").parse::<u32>().unwrap() <= 31 * 24 * 3600);
    reply.refused(429, "API_KONTINGENT");

    let (_, one) = server.key("einer", with(json!({"gleichzeitig": 1}))).await;
    let stream = reqwest::Client::new()
        .get(format!("{}/api/v1/ereignisse/stream", server.url))
        .bearer_auth(&one.token)
        .header("X-Mandant", "TEST")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.status(), 200);
    let reply = one.get(path).await;
    assert_eq!(reply.header("retry-after"), "1");
    reply.refused(429, "API_RATE");
    drop(stream);
    let mut free = false;
    for _ in 0..200 {
        free = one.get(path).await.status == 200;
        if free {
            break;
        }
        // Something on the stream tells the server that nobody is there any more.
        let mandant = json!({"kuerzel": format!("M{}", uuid::Uuid::now_v7().simple()).split_at(12).0,
            "stammdaten": {"firma": "x"}});
        server.post("/api/v1/dienste/mandanten", mandant).await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(free, "the place is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_abgewiesener_schluessel_sagt_was_zu_tun_ist() {
    let server = common::bare_server().await;
    let (id, revoked) = server.key("weg", json!({"scopes": ["fibu:read"]})).await;
    server
        .post(&format!("{KEYS}/{id}/widerrufen"), json!({"grund": "x"}))
        .await
        .ok();
    let body = revoked
        .get("/api/v1/fibu/konten")
        .await
        .refused(401, "API_KEY_WIDERRUFEN");
    assert!(body["detail"].as_str().unwrap().contains("neuen ausstellen"), "{body}");
    let (_, far) = server
        .key("fern", json!({"scopes": ["fibu:read"], "ip_netze": ["192.0.2.0/24"]}))
        .await;
    let body = far.get("/api/v1/fibu/konten").await.refused(403, "API_KEY_IP_VERBOTEN");
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains("127.0.0.1") && detail.contains("ip_netze"), "{body}");
}

/// Status of a request with a token.
async fn status(core: &Core, token: &str) -> u16 {
    let request = Request::get(KEYS)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    core.router().oneshot(request).await.unwrap().status().as_u16()
}

async fn administrator(core: &Core) -> (uuid::Uuid, std::sync::Arc<ApiKey>) {
    let found = auth::find(&core.app.store, ApiKey::KEY_NAME, "administrator").await;
    found.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn der_vorgegebene_administratorschluessel_gilt_allein() {
    let (first, second) = ("der-erste-wert-des-betreibers", "der-zweite-wert-des-betreibers");
    let db = common::database().await;
    let core = Core::start(&db.owner).await.unwrap();
    let made = core.administrator(None).await.unwrap().unwrap();
    assert_eq!(core.administrator(None).await.unwrap(), None, "shown once");
    assert_eq!(status(&core, &made).await, 200);
    for _ in 0..2 {
        assert_eq!(core.administrator(Some(first)).await.unwrap(), None);
        assert_eq!((status(&core, &made).await, status(&core, first).await), (401, 200));
    }
    core.administrator(Some(second)).await.unwrap();
    assert_eq!((status(&core, first).await, status(&core, second).await), (401, 200));
    // A start without one leaves the key as it is.
    assert_eq!(core.administrator(None).await.unwrap(), None);
    assert_eq!(status(&core, second).await, 200);
    let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM dienste.api_key")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(keys, 1);
    // Revoked by hand: the same value does not bring it back, another one does.
    let (id, _) = administrator(&core).await;
    let revoke = Order::new(ApiKey::TYPE, id, json!({"Widerrufen": {"grund": "verloren"}}));
    core.bus().send(SYSTEM, Caller::service("test"), revoke).await.unwrap();
    core.administrator(Some(second)).await.unwrap();
    core.administrator(None).await.unwrap();
    assert_eq!(status(&core, second).await, 401);
    core.administrator(Some(first)).await.unwrap();
    assert_eq!((status(&core, first).await, status(&core, second).await), (200, 401));
    core.stop().await;
}

/// Issues the administrator's key as an earlier start did.
async fn issued(core: &Core, token: &str, life: TimeDelta) {
    let fields = json!({"name": "administrator", "scopes": ["*:admin"], "schluessel_hash": schluessel_hash(token),
        "ablauf": neuroerp::uhr::jetzt() + life});
    let mut order = Order::new(ApiKey::TYPE, uuid::Uuid::now_v7(), json!({"Ausstellen": fields}));
    order.create = true;
    core.bus().send(SYSTEM, Caller::service("test"), order).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_abgelaufener_administratorschluessel_lebt_beim_start_wieder() {
    let token = "der-wert-des-betreibers-bleibt";
    let db = common::database().await;
    let core = Core::start(&db.owner).await.unwrap();
    issued(&core, token, TimeDelta::milliseconds(300)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(status(&core, token).await, 401);
    core.administrator(Some(token)).await.unwrap();
    assert_eq!(status(&core, token).await, 200);
    // The timer of the first life comes late and changes nothing.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let (_, key) = administrator(&core).await;
    assert_eq!(key.status, ApiKeyStatus::Aktiv);
    assert!(key.ablauf > neuroerp::uhr::jetzt() + TimeDelta::days(360));
    assert_eq!(status(&core, token).await, 200);
    core.stop().await;

    let db = common::database().await;
    let core = Core::start(&db.owner).await.unwrap();
    issued(&core, token, TimeDelta::days(10)).await;
    core.administrator(Some(token)).await.unwrap();
    assert!(administrator(&core).await.1.ablauf > neuroerp::uhr::jetzt() + TimeDelta::days(360));
    let version = |core: &Core| {
        let store = core.app.store.clone();
        async move { store.head(SYSTEM).await.unwrap() }
    };
    let head = version(&core).await;
    core.administrator(Some(token)).await.unwrap();
    assert_eq!(version(&core).await, head, "a start writes only what is needed");
    core.stop().await;

    // Without a value of the operator's an expired key is replaced by a new one, shown once.
    let db = common::database().await;
    let core = Core::start(&db.owner).await.unwrap();
    issued(&core, token, TimeDelta::milliseconds(300)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let made = core.administrator(None).await.unwrap().unwrap();
    assert_eq!((status(&core, token).await, status(&core, &made).await), (401, 200));
    core.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_kurzer_administratorschluessel_wird_nicht_angenommen() {
    let db = common::database().await;
    let core = Core::start(&db.owner).await.unwrap();
    for (token, why) in [
        ("nur-dreiundzwanzig-zei.", "mindestens 24 Zeichen"),
        ("vierundzwanzig und länger", "druckbare ASCII-Zeichen"),
    ] {
        let error = core.administrator(Some(token)).await.unwrap_err().to_string();
        assert!(error.contains("NEUROERP_ADMIN_TOKEN") && error.contains(why), "{error}");
    }
    assert!(core.administrator(Some("genau-vierundzwanzig-ze.")).await.is_ok());
    core.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lange_berichte_halten_niemanden_an_der_tuer_auf() {
    let server = common::server().await;
    // All connections of queries are at work, and what the door remembers is too old.
    let core = Core::start(&server.db.owner).await.unwrap();
    let mut held = Vec::new();
    let pool = core.app.store.pool();
    while let Ok(Ok(connection)) = tokio::time::timeout(Duration::from_millis(500), pool.acquire()).await {
        held.push(connection);
    }
    assert!(held.len() > 10);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let konto = json!({"konto_nr": "6999", "bezeichnung": "Porto", "art": "aufwand"});
    let request = Request::post("/api/v1/fibu/konten")
        .header("authorization", format!("Bearer {}", server.token))
        .header("x-mandant", "TEST")
        .header("content-type", "application/json")
        .body(Body::from(konto.to_string()))
        .unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), core.router().oneshot(request)).await;
    assert_eq!(answer.unwrap().unwrap().status(), 201);
    drop(held);
    core.stop().await;
}
