//! Reading through the public doors: lists, records, history, time travel, reports, the log over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test the panic is the report")]

mod common;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use chrono::{DateTime, Utc};
use common::TestDb;
use neuroerp::{
    api::{self, App, auth::Zugang, problem::Problem},
    queries::{
        catalog::Catalog,
        history,
        list::{ListQuery, Page},
        params::Params,
    },
};
use projections::{StateModel, Table};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

const FIRMA: Uuid = Uuid::from_u128(1);

// ---- lists ----------------------------------------------------------------------------------------------------------

const PROBE_TABLES: &[Table] = &[Table::head("crm.probe")];
const PROBE: StateModel = StateModel {
    typ: "probe",
    tables: PROBE_TABLES,
    search: &["name"],
    filter: &["name", "summe", "datum", "aktiv", "anzahl", "partner_id", "bemerkt_am"],
};

/// A table with a column of every type; nr 1 to `n`.
async fn probe(pool: &PgPool, n: i32) -> Catalog {
    sqlx::raw_sql(
        "CREATE TABLE crm.probe (mandant_id uuid NOT NULL, id uuid NOT NULL, version bigint NOT NULL, \
             log_position bigint NOT NULL, angelegt_am timestamptz NOT NULL, geaendert_am timestamptz NOT NULL, \
             name text NOT NULL, summe numeric(15,2), datum date, aktiv boolean NOT NULL, anzahl integer NOT NULL, \
             partner_id uuid, bemerkt_am timestamptz, \
             suche text GENERATED ALWAYS AS (log.falten(name)) STORED, PRIMARY KEY (mandant_id, id)); \
         INSERT INTO log.kopf (mandant_id, position, epoche) VALUES ('00000000-0000-0000-0000-000000000001', 7, 1)",
    )
    .execute(pool)
    .await
    .unwrap();
    for nr in 1..=n {
        insert(pool, FIRMA, nr, &format!("Kunde {nr:03}")).await;
    }
    Catalog::load(&mut pool.acquire().await.unwrap()).await.unwrap()
}

/// Every third row has no sum, every second is active.
async fn insert(pool: &PgPool, mandant_id: Uuid, nr: i32, name: &str) {
    sqlx::query(
        "INSERT INTO crm.probe VALUES ($1, $2, 1, $3, '2026-01-01', '2026-01-01', $4, \
             CASE WHEN $3 % 3 = 0 THEN NULL ELSE ($3 / 2)::numeric + 0.10 END, \
             date '2026-01-01' + $3, $3 % 2 = 0, $3, \
             ('00000000-0000-0000-0000-' || lpad(($3 % 5)::text, 12, '0'))::uuid, \
             timestamptz '2026-01-31 22:30:00Z' + $3 * interval '1 hour')",
    )
    .bind(mandant_id)
    .bind(Uuid::from_u128(1000 + u128::try_from(nr).unwrap()))
    .bind(nr)
    .bind(name)
    .execute(pool)
    .await
    .unwrap();
}

async fn list(pool: &PgPool, catalog: &Catalog, query: &str) -> Result<Page, Problem> {
    let params = Params::of(&format!("/p?{query}").parse().unwrap())?;
    ListQuery::parse(&PROBE, catalog, &Value::Null, params)?
        .fetch(pool, FIRMA)
        .await
}

async fn numbers(pool: &PgPool, catalog: &Catalog, query: &str) -> Vec<i64> {
    let page = list(pool, catalog, &format!("limit=200&{query}")).await;
    let page = page.unwrap_or_else(|p| panic!("{query}: {}", p.body()));
    page.daten.iter().map(|row| row["anzahl"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn every_operator_selects_what_it_says_and_only_of_this_company() {
    let db = common::database().await;
    let catalog = probe(&db.pool, 12).await;
    insert(&db.pool, Uuid::from_u128(2), 1, "Kunde 001").await;
    let all: Vec<i64> = (1..=12).collect();
    let cases: &[(&str, &[i64])] = &[
        ("name=Kunde+003", &[3]),
        ("name[eq]=Kunde+003", &[3]),
        ("name[ne]=Kunde+003", &[1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        // Rows without a value differ too.
        ("summe[ne]=0.10", &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("summe=1.1", &[2]),
        ("summe[lt]=2.10", &[1, 2]),
        ("summe[lte]=2.10", &[1, 2, 4, 5]),
        ("summe[gt]=3.5", &[8, 10, 11]),
        ("summe[gte]=5.10", &[10, 11]),
        ("summe[zwischen]=1.10,2.10", &[2, 4, 5]),
        ("summe[leer]=true", &[3, 6, 9, 12]),
        ("summe[leer]=false&anzahl[lt]=5", &[1, 2, 4]),
        ("anzahl[in]=2,4,99", &[2, 4]),
        ("datum=2026-01-05", &[4]),
        ("datum[zwischen]=2026-01-02,2026-01-04", &[1, 2, 3]),
        ("aktiv=true&anzahl[lte]=4", &[2, 4]),
        ("partner_id=00000000-0000-0000-0000-000000000003", &[3, 8]),
        ("name[beginnt]=Kunde+01", &[10, 11, 12]),
        ("name[beginnt]=%25", &[]),
        // A day is a day in Europe/Berlin: the 31st ends at 23:00 UTC, 01:30 Berlin time is the next day.
        ("bemerkt_am[lte]=2026-01-31", &[]),
        ("bemerkt_am=2026-02-01", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (
            "bemerkt_am[gte]=2026-02-01T00:30:00Z",
            &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        ),
        ("log_position[gte]=11", &[11, 12]),
        ("version=1&anzahl[lte]=2", &[1, 2]),
    ];
    for (query, expected) in cases {
        assert_eq!(&numbers(&db.pool, &catalog, query).await, expected, "{query}");
    }
    assert_eq!(numbers(&db.pool, &catalog, "").await, all);
    let page = list(&db.pool, &catalog, "gesamt=true&limit=5&aktiv=true")
        .await
        .unwrap();
    assert_eq!((page.gesamt, page.daten.len(), page.position), (Some(6), 5, 7));
    let none = list(&db.pool, &catalog, "gesamt=true&anzahl=99").await.unwrap();
    assert_eq!(
        (none.gesamt, none.daten.len(), none.weiter, none.position),
        (Some(0), 0, None, 7)
    );
}

#[tokio::test]
async fn rows_go_out_with_decimal_strings_and_utc_moments() {
    let db = common::database().await;
    let catalog = probe(&db.pool, 1).await;
    let page = list(&db.pool, &catalog, "felder=summe,bemerkt_am,anzahl,datum,aktiv")
        .await
        .unwrap();
    assert_eq!(
        page.daten,
        vec![json!({
            "id": "00000000-0000-0000-0000-0000000003e9",
            "summe": "0.10",
            "bemerkt_am": "2026-01-31T23:30:00.000000Z",
            "anzahl": 1,
            "datum": "2026-01-02",
            "aktiv": false,
        })]
    );
    let whole = list(&db.pool, &catalog, "").await.unwrap();
    let row = whole.daten[0].as_object().unwrap();
    assert!(!row.contains_key("suche") && !row.contains_key("mandant_id") && row.contains_key("version"));
}

/// Reads all pages; between them `change` may alter rows.
async fn pages(db: &TestDb, catalog: &Catalog, query: &str, limit: usize) -> Vec<i64> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = list(&db.pool, catalog, &format!("{query}&limit={limit}{cursor}"))
            .await
            .unwrap();
        assert!(page.daten.len() <= limit);
        found.extend(page.daten.iter().map(|row| row["anzahl"].as_i64().unwrap()));
        match page.weiter {
            Some(weiter) => cursor = format!("&cursor={weiter}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_are_the_whole_list_in_every_order_and_size() {
    let db = common::database().await;
    let catalog = probe(&db.pool, 23).await;
    for sort in [
        "sortierung=",
        "sortierung=summe",
        "sortierung=-summe",
        "sortierung=summe,-datum",
        "sortierung=-summe,anzahl",
        "sortierung=aktiv,-summe",
        "sortierung=-aktiv,name",
        "sortierung=partner_id,-bemerkt_am",
        "sortierung=-id",
        "suche=kunde",
        "suche=kunde&sortierung=-summe",
    ] {
        let whole = numbers(&db.pool, &catalog, sort).await;
        assert_eq!(whole.len(), 23, "{sort}");
        for limit in [1, 2, 5, 22, 23] {
            assert_eq!(pages(&db, &catalog, sort, limit).await, whole, "{sort} by {limit}");
        }
    }
    // NULL is last upwards and first downwards, the same in the order and behind a cursor.
    assert_eq!(
        numbers(&db.pool, &catalog, "sortierung=summe").await.last().unwrap() % 3,
        0
    );
    assert_eq!(
        numbers(&db.pool, &catalog, "sortierung=-summe").await.first().unwrap() % 3,
        0
    );
}

#[tokio::test]
async fn rows_that_come_and_go_while_paging_do_not_double_or_skip_others() {
    let db = common::database().await;
    let catalog = probe(&db.pool, 20).await;
    let first = list(&db.pool, &catalog, "sortierung=anzahl&limit=5").await.unwrap();
    // Before the cursor: one row goes, three come. Behind it: one goes, one comes.
    sqlx::query("DELETE FROM crm.probe WHERE anzahl IN (2, 12)")
        .execute(&db.pool)
        .await
        .unwrap();
    for nr in [-3, -2, -1] {
        sqlx::query("INSERT INTO crm.probe SELECT mandant_id, gen_random_uuid(), 1, 1, angelegt_am, geaendert_am, 'neu', 0, datum, true, $1, NULL, NULL FROM crm.probe WHERE anzahl = 1")
            .bind(nr)
            .execute(&db.pool)
            .await
            .unwrap();
    }
    insert(&db.pool, FIRMA, 21, "Kunde 021").await;
    let mut rest = Vec::new();
    let mut weiter = first.weiter;
    while let Some(cursor) = weiter {
        let page = list(
            &db.pool,
            &catalog,
            &format!("sortierung=anzahl&limit=5&cursor={cursor}"),
        )
        .await
        .unwrap();
        rest.extend(page.daten.iter().map(|row| row["anzahl"].as_i64().unwrap()));
        weiter = page.weiter;
    }
    let expected: Vec<i64> = (6..=21).filter(|n| *n != 12).collect();
    assert_eq!(rest, expected);
}

#[tokio::test]
async fn a_cursor_from_before_a_restore_is_refused() {
    let db = common::database().await;
    let catalog = probe(&db.pool, 3).await;
    let cursor = list(&db.pool, &catalog, "limit=1").await.unwrap().weiter.unwrap();
    sqlx::query("UPDATE log.kopf SET epoche = 2")
        .execute(&db.pool)
        .await
        .unwrap();
    let refused = list(&db.pool, &catalog, &format!("limit=1&cursor={cursor}"))
        .await
        .unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("ABFRAGE_ALTE_EPOCHE", 409));
}

#[tokio::test]
async fn the_search_folds_umlauts_forgives_typos_and_ranks() {
    let db = common::database().await;
    let catalog = probe(&db.pool, 0).await;
    let names = [
        "Müller Landhandel",
        "Mueller KG",
        "Muller und Söhne",
        "Obermüller",
        "Schulze 100%",
        "Maier",
    ];
    for (nr, name) in (1..).zip(names) {
        insert(&db.pool, FIRMA, nr, name).await;
    }
    for spelling in ["M%C3%BCller", "Mueller", "MULLER"] {
        let mut found = numbers(&db.pool, &catalog, &format!("suche={spelling}")).await;
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 4], "{spelling}");
    }
    assert_eq!(
        numbers(&db.pool, &catalog, "suche=Landhandle").await,
        [1],
        "two letters are swapped"
    );
    assert_eq!(numbers(&db.pool, &catalog, "suche=S%C3%B6hne").await, [3]);
    assert_eq!(
        numbers(&db.pool, &catalog, "suche=100%25").await,
        [5],
        "% is no wildcard"
    );
    assert!(numbers(&db.pool, &catalog, "suche=%25").await.len() <= 1);
    let ranked = numbers(&db.pool, &catalog, "suche=m%C3%BCller").await;
    assert_eq!(
        ranked.last(),
        Some(&4),
        "a part of a word ranks behind whole words: {ranked:?}"
    );
    assert_eq!(
        numbers(&db.pool, &catalog, "suche=m%C3%BCller&name[beginnt]=Mue").await,
        [2]
    );
}

#[tokio::test]
async fn wrong_questions_are_refused_before_the_database_sees_them() {
    let db = common::database().await;
    let catalog = probe(&db.pool, 1).await;
    for (query, status, code, feld) in [
        ("limit=201", 422, "API_LIMIT", None),
        ("limit=x", 400, "EINGABE_UNGUELTIG", Some("limit")),
        ("farbe=rot", 400, "EINGABE_UNGUELTIG", Some("farbe")),
        ("summe=viel", 400, "EINGABE_UNGUELTIG", Some("summe")),
        ("sortierung=suche", 400, "EINGABE_UNGUELTIG", Some("sortierung")),
        (
            "mandant_id=00000000-0000-0000-0000-000000000002",
            400,
            "EINGABE_UNGUELTIG",
            Some("mandant_id"),
        ),
        ("cursor=AAAAAAAAAAAAAAAA", 400, "EINGABE_UNGUELTIG", Some("cursor")),
        ("felder=mandant_id", 400, "EINGABE_UNGUELTIG", Some("felder")),
        ("gesamt=ja", 400, "EINGABE_UNGUELTIG", Some("gesamt")),
    ] {
        let refused = list(&db.pool, &catalog, query).await.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (status, code), "{query}");
        let body = refused.body();
        assert_eq!(body["felder"][0]["feld"].as_str(), feld, "{query}");
    }
}

// ---- HTTP: records, history, time travel, the log -------------------------------------------------------------------

async fn app(db: &TestDb) -> Arc<App> {
    neuroerp::server::assemble(db.store.clone(), CancellationToken::new())
        .await
        .unwrap()
}

fn router(app: &Arc<App>) -> Router {
    let zugang = Zugang::house(FIRMA, "test");
    api::read::routes()
        .merge(api::log::routes())
        .merge(api::reports::routes())
        .layer(Extension(zugang))
        .with_state(app.clone())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

async fn get(app: &Arc<App>, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(app).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// Puts an event on record.
#[expect(clippy::too_many_arguments, reason = "an event has these parts")]
async fn record(
    pool: &PgPool,
    mandant_id: Uuid,
    position: i64,
    typ: &str,
    id: Uuid,
    version: i64,
    (event_type, payload): (&str, Value),
    am: &str,
) {
    sqlx::query(
        "INSERT INTO log.ereignis VALUES ($1, $2, gen_random_uuid(), $3, $4, $5, $6, 1, $7::json, $8::json, \
             'dienst:test', NULL, $1, $9, decode(repeat('00', 16), 'hex'), decode(repeat('01', 32), 'hex'), \
             decode(repeat('02', 32), 'hex'))",
    )
    .bind(mandant_id)
    .bind(position)
    .bind(typ)
    .bind(id)
    .bind(version)
    .bind(event_type)
    .bind(payload.to_string())
    .bind(json!({"befehl_id": Uuid::from_u128(9), "grund": "Test"}).to_string())
    .bind(am.parse::<DateTime<Utc>>().unwrap())
    .execute(pool)
    .await
    .unwrap();
    sqlx::query("INSERT INTO log.kopf (mandant_id, position) VALUES ($1, $2) ON CONFLICT (mandant_id) DO UPDATE SET position = $2")
        .bind(mandant_id)
        .bind(position)
        .execute(pool)
        .await
        .unwrap();
}

const KREIS: Uuid = Uuid::from_u128(77);

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
