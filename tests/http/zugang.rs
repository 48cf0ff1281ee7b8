//! Who gets in, and what he sees then: keys, scopes, readers of the database.

use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Executor as _, Row as _};

use super::{common, kasse};

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
