//! The log over HTTP: pages, types, the stream.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    FIRMA, KREIS, app,
    common::{self, TestDb},
    get, record,
};

/// Five events of the company itself.
async fn company_log(db: &TestDb) {
    for position in 1..=5 {
        let typ = if position % 2 == 0 { "nummernkreis" } else { "mandant" };
        let id = Uuid::from_u128(u128::try_from(position).unwrap());
        record(
            &db.pool,
            FIRMA,
            position,
            typ,
            id,
            1,
            ("Probe", json!({"nr": position})),
            "2026-02-01T10:00:00Z",
        )
        .await;
    }
}

#[tokio::test]
async fn the_log_comes_in_pages_and_by_type() {
    let db = common::database().await;
    company_log(&db).await;
    record(
        &db.pool,
        Uuid::from_u128(2),
        1,
        "mandant",
        FIRMA,
        1,
        ("Fremd", json!({})),
        "2026-02-01T10:00:00Z",
    )
    .await;
    let app = app(&db).await;
    let positions = |body: &Value| -> Vec<i64> {
        body["daten"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["position"].as_i64().unwrap())
            .collect()
    };
    let first = get(&app, "/api/v1/ereignisse?limit=2", &[]).await;
    assert_eq!(first.headers["x-position"], "5");
    assert_eq!(
        (positions(&first.json()), &first.json()["weiter"]),
        (vec![1, 2], &json!(3))
    );
    let rest = get(&app, "/api/v1/ereignisse?ab=3", &[]).await.json();
    assert_eq!((positions(&rest), &rest["weiter"]), (vec![3, 4, 5], &Value::Null));
    assert_eq!(rest["daten"][0]["daten"], json!({"nr": 3}));
    assert_eq!(
        positions(&get(&app, "/api/v1/ereignisse?typ=nummernkreis", &[]).await.json()),
        [2, 4]
    );
    for (query, status) in [
        ("limit=201", 422),
        ("typ=unsinn", 400),
        ("ab=0", 400),
        ("farbe=rot", 400),
        ("epoche=2", 422),
    ] {
        assert_eq!(
            get(&app, &format!("/api/v1/ereignisse?{query}"), &[]).await.status,
            status,
            "{query}"
        );
    }
    sqlx::query("UPDATE log.kopf SET epoche = 2")
        .execute(&db.pool)
        .await
        .unwrap();
    assert_eq!(get(&app, "/api/v1/ereignisse?ab=3&epoche=1", &[]).await.status, 409);
}

#[tokio::test]
async fn the_stream_resumes_behind_the_last_event_and_ends_with_the_server() {
    let db = common::database().await;
    company_log(&db).await;
    let app = app(&db).await;
    let stop = app.shutdown.clone();
    let (pool, signals) = (db.pool.clone(), db.store.signals().clone());
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        record(
            &pool,
            FIRMA,
            6,
            "mandant",
            KREIS,
            1,
            ("Spaeter", json!({})),
            "2026-02-01T10:00:00Z",
        )
        .await;
        signals.committed(FIRMA, 6);
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.cancel();
    });
    let wait = get(
        &app,
        "/api/v1/ereignisse/stream?ab=1&typ=mandant",
        &[("last-event-id", "3")],
    );
    let answer = tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap();
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let ids: Vec<&str> = answer.text.lines().filter_map(|l| l.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["5", "6"], "{}", answer.text);
    assert!(answer.text.contains("\"ereignis\":\"Spaeter\""));
}
