//! Lists: filters, order, pages, search, over a table with a column of every type.

use neuroerp::{
    api::problem::Problem,
    queries::{
        catalog::Catalog,
        list::{ListQuery, Page},
        params::Params,
    },
};
use projections::{StateModel, Table};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    FIRMA,
    common::{self, TestDb},
};

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
