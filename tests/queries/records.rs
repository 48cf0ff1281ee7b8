//! Records over HTTP: their children, their history, any past state.

use neuroerp::queries::history;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    FIRMA, KREIS, app,
    common::{self, TestDb},
    get, record,
};

/// A Mandant of the system with four events at four moments.
async fn mandant_with_history(db: &TestDb) {
    let stammdaten = |firma: &str| json!({"firma": firma});
    let events = [
        (
            "Angelegt",
            json!({"kuerzel": "TEST", "hauswaehrung": "EUR", "stammdaten": stammdaten("Alt GmbH")}),
            "2026-02-01T10:00:00Z",
        ),
        (
            "StammdatenGeaendert",
            json!({"ab": "2026-03-10", "stammdaten": stammdaten("Neu GmbH")}),
            "2026-03-10T07:00:00Z",
        ),
        (
            "StammdatenInKraftGesetzt",
            json!({"ab": "2026-03-10"}),
            "2026-03-10T08:00:00Z",
        ),
        ("Stillgelegt", json!({"grund": "Verkauf"}), "2026-04-01T08:00:00Z"),
    ];
    for (i, (name, payload, am)) in (1..).zip(events) {
        record(&db.pool, Uuid::nil(), i, "mandant", FIRMA, i, (name, payload), am).await;
    }
    sqlx::query(
        "INSERT INTO dienste.mandant (mandant_id, id, version, log_position, angelegt_am, geaendert_am, kuerzel, firma, hauswaehrung, stammdaten_ab, status) \
         VALUES ($1, $2, 4, 4, '2026-02-01', '2026-04-01', 'TEST', 'Neu GmbH', 'EUR', '2026-03-10', 'stillgelegt')",
    )
    .bind(Uuid::nil())
    .bind(FIRMA)
    .execute(&db.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_record_has_its_children_its_etag_and_the_position() {
    let db = common::database().await;
    sqlx::raw_sql(
        "INSERT INTO dienste.nummernkreis (mandant_id, id, version, log_position, angelegt_am, geaendert_am, code, start, lueckenlos, chronologisch, status) \
         VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000004d', 4, 9, '2026-01-01', '2026-01-01', 'AR', 1, true, true, 'aktiv'); \
         INSERT INTO dienste.nummernkreis_muster VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000004d', '2026-01-01', 'AR-{jahr}-{lfd:6}'), \
             ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000004d', '2025-01-01', 'R{lfd}'); \
         INSERT INTO log.kopf (mandant_id, position) VALUES ('00000000-0000-0000-0000-000000000001', 9)",
    )
    .execute(&db.pool)
    .await
    .unwrap();
    let app = app(&db).await;
    let path = format!("/api/v1/dienste/nummernkreise/{KREIS}");
    let answer = get(&app, &path, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["etag"], "\"4\"");
    assert_eq!(answer.headers["x-position"], "9");
    let body = answer.json();
    assert_eq!(body["code"], "AR");
    assert_eq!(
        body["muster"],
        json!([{"gueltig_ab": "2025-01-01", "muster": "R{lfd}"}, {"gueltig_ab": "2026-01-01", "muster": "AR-{jahr}-{lfd:6}"}])
    );
    assert_eq!(body["luecken"], json!([]));
    assert_eq!(get(&app, &path, &[("if-none-match", "\"4\"")]).await.status, 304);
    assert_eq!(get(&app, &path, &[("if-none-match", "\"3\"")]).await.status, 200);
    let list = get(&app, "/api/v1/dienste/nummernkreise?code=AR&felder=code", &[]).await;
    assert_eq!(
        list.json(),
        json!({"daten": [{"id": KREIS, "code": "AR"}], "weiter": null})
    );
    assert_eq!(list.headers["x-position"], "9");
    for (path, status) in [
        (format!("{path}?x=1"), 400),
        ("/api/v1/dienste/nummernkreise/abc".to_owned(), 400),
        (format!("/api/v1/dienste/nummernkreise/{FIRMA}"), 404),
        ("/api/v1/dienste/unbekannt".to_owned(), 404),
    ] {
        let answer = get(&app, &path, &[]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn the_history_says_what_changed_and_any_past_state_can_be_seen() {
    let db = common::database().await;
    mandant_with_history(&db).await;
    let app = app(&db).await;
    let base = format!("/api/v1/dienste/mandanten/{FIRMA}");
    let history = get(&app, &format!("{base}/ereignisse"), &[]).await.json();
    let events = history["daten"].as_array().unwrap();
    assert_eq!(events.len(), 4);
    assert_eq!(history["weiter"], Value::Null);
    let changed = |i: usize| -> Vec<(String, Value, Value)> {
        let list = events[i]["aenderungen"].as_array().unwrap().iter();
        list.map(|c| {
            (
                c["feld"].as_str().unwrap().to_owned(),
                c["alt"].clone(),
                c["neu"].clone(),
            )
        })
        .collect()
    };
    assert!(changed(0).contains(&("/firma".to_owned(), Value::Null, json!("Alt GmbH"))));
    assert!(
        changed(0).iter().all(|(feld, ..)| feld != "/plz"),
        "what stayed empty is no change"
    );
    assert_eq!(
        changed(2),
        vec![
            ("/firma".to_owned(), json!("Alt GmbH"), json!("Neu GmbH")),
            ("/stammdaten_ab".to_owned(), json!("1900-01-01"), json!("2026-03-10")),
        ]
    );
    assert_eq!(
        changed(3),
        vec![("/status".to_owned(), json!("aktiv"), json!("stillgelegt"))]
    );
    assert_eq!(events[3]["ereignis"], "Stillgelegt");
    assert_eq!(events[3]["grund"], "Test");
    assert_eq!(events[3]["akteur"], "dienst:test");
    assert_eq!(events[3]["erfasst_am"], "2026-04-01T08:00:00.000000Z");

    let page = get(&app, &format!("{base}/ereignisse?limit=1&ab_version=2"), &[])
        .await
        .json();
    assert_eq!(
        page["daten"][0]["aenderungen"], events[1]["aenderungen"],
        "a page folds what is before it"
    );
    assert_eq!(page["weiter"], 3);

    for (query, expected) in [
        ("", Some((4, "Neu GmbH"))),
        ("?version=1", Some((1, "Alt GmbH"))),
        ("?position=2", Some((2, "Alt GmbH"))),
        ("?position=3", Some((3, "Neu GmbH"))),
        ("?zeitpunkt=2026-03-09", Some((1, "Alt GmbH"))),
        ("?zeitpunkt=2026-03-10", Some((3, "Neu GmbH"))),
        ("?zeitpunkt=2026-03-10T07:59:59Z", Some((2, "Alt GmbH"))),
        ("?zeitpunkt=2026-03-10T08:00:00Z", Some((3, "Neu GmbH"))),
        ("?zeitpunkt=2026-01-01", None),
    ] {
        let answer = get(&app, &format!("{base}/zustand{query}"), &[]).await;
        let Some((version, firma)) = expected else {
            assert_eq!(answer.status, 404, "{query}");
            continue;
        };
        let body = answer.json();
        assert_eq!(
            (&body["version"], &body["zustand"]["firma"]),
            (&json!(version), &json!(firma)),
            "{query}"
        );
    }
    let later = get(&app, &format!("{base}/zustand?version=99"), &[]).await;
    assert_eq!(later.status, 404);
    let detail = later.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("die letzte Version ist 4"), "{detail}");
    for (query, status) in [
        ("?version=1&position=1", 400),
        ("?position=99", 422),
        ("?wann=heute", 400),
    ] {
        assert_eq!(
            get(&app, &format!("{base}/zustand{query}"), &[]).await.status,
            status,
            "{query}"
        );
    }
    let mut connection = db.pool.acquire().await.unwrap();
    let registry = db.store.registry();
    let states = history::states_at(&mut connection, registry, Uuid::nil(), "mandant", 1)
        .await
        .unwrap();
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].1["firma"], "Alt GmbH");
    assert!(
        history::states_at(&mut connection, registry, Uuid::nil(), "mandant", 0)
            .await
            .unwrap()
            .is_empty()
    );
}
