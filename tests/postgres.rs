//! Opening the database: as a role that is no superuser, with errors that say what to do; and what a BI tool finds.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::time::{Duration, Instant};

use neuroerp::postgres;
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// An empty database with an owner of its own, who is no superuser.
async fn owned_database(admin: &mut PgConnection, owner: &PgConnectOptions) -> (String, PgConnectOptions) {
    let name = format!("fremd_{}", Uuid::now_v7().simple());
    run(admin, format!("CREATE ROLE {name} LOGIN")).await;
    run(admin, format!("CREATE DATABASE {name} OWNER {name}")).await;
    (name.clone(), owner.clone().username(&name).database(&name))
}

#[tokio::test]
async fn a_role_that_is_no_superuser_owns_its_database_once_the_programs_role_is_granted_to_it() {
    let db = common::database().await;
    let mut admin = db.owner.clone().connect().await.unwrap();
    let (role, options) = owned_database(&mut admin, &db.owner).await;
    let error = postgres::migrate(&options).await.unwrap_err().to_string();
    assert!(error.contains(&format!("GRANT neuroerp_app TO {role}")), "{error}");
    assert_eq!(error.matches("neuroerp_app nicht anlegen").count(), 1, "{error}");
    run(&mut admin, format!("GRANT neuroerp_app TO {role}")).await;
    postgres::migrate(&options).await.unwrap();
    postgres::migrate(&options).await.unwrap();
    postgres::check_migrations(&options).await.unwrap();
    let pool = postgres::connect(&options).await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM log.ereignis")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_database_of_another_version_is_not_joined() {
    let db = common::database().await;
    postgres::check_migrations(&db.owner).await.unwrap();
    let mut owner = db.owner.clone().connect().await.unwrap();
    run(&mut owner, "DELETE FROM log.migration WHERE version = 30".to_owned()).await;
    let error = postgres::check_migrations(&db.owner).await.unwrap_err().to_string();
    assert!(error.contains("anderen Stand der Datenbank"), "{error}");
}

#[tokio::test]
async fn an_unreachable_database_is_given_up_soon_with_the_reason() {
    // Takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgres://wir:geheim@127.0.0.1:{port}/erp");
    let begin = Instant::now();
    let error = postgres::migrate(&url.parse().unwrap()).await.unwrap_err().to_string();
    assert!(begin.elapsed() < Duration::from_secs(15));
    assert!(
        error.contains(&format!("erp auf 127.0.0.1:{port} ist nicht erreichbar")),
        "{error}"
    );
    assert!(error.contains("keine Antwort") && !error.contains("geheim"), "{error}");

    drop(silent);
    let error = postgres::migrate(&url.parse().unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("dort läuft kein Postgres"), "{error}");

    let db = common::database().await;
    let missing = db.owner.clone().database("gibt_es_nicht");
    let error = postgres::migrate(&missing).await.unwrap_err().to_string();
    assert!(error.contains("CREATE DATABASE gibt_es_nicht"), "{error}");
}

#[tokio::test]
async fn every_table_and_column_that_a_reader_sees_says_what_it_is() {
    let db = common::database().await;
    let silent: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text || coalesce('.' || a.attname, '') \
         FROM pg_class c LEFT JOIN LATERAL ( \
            SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped \
            UNION ALL SELECT NULL, 0) a ON true \
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege('neuroerp_leser', c.oid, 'SELECT') \
           AND c.relnamespace IN ('fibu'::regnamespace, 'dienste'::regnamespace, 'wawi'::regnamespace, 'crm'::regnamespace) \
           AND coalesce(CASE a.attnum WHEN 0 THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, a.attnum) END, '') = ''",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();
    assert!(silent.is_empty(), "no comment: {silent:?}");
}

#[tokio::test]
async fn a_reader_sees_the_master_data_of_its_own_company_only_also_after_a_rebuild() {
    let server = common::server().await;
    server.company("ZWEI", "skr03").await;
    let id: Uuid = sqlx::query_scalar("SELECT id FROM dienste.mandant WHERE kuerzel = 'ZWEI'")
        .fetch_one(&server.db.pool)
        .await
        .unwrap();
    let role = format!("bi_{}", Uuid::now_v7().simple());
    let mut owner = server.db.owner.clone().connect().await.unwrap();
    run(&mut owner, format!("CREATE ROLE {role} LOGIN IN ROLE neuroerp_leser")).await;
    run(&mut owner, format!("INSERT INTO log.leser VALUES ('{role}', '{id}')")).await;
    let mut reader = server.db.owner.clone().username(&role).connect().await.unwrap();
    for turn in ["live", "rebuilt"] {
        let seen: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT m.id, s.firma FROM dienste.mandant m JOIN dienste.mandant_stammdaten s ON s.mandant = m.id",
        )
        .fetch_all(&mut reader)
        .await
        .unwrap();
        assert_eq!(seen, [(id, "ZWEI GmbH".to_owned())], "{turn}");
        let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM dienste.api_key")
            .fetch_one(&mut reader)
            .await
            .unwrap();
        assert_eq!(keys, 0, "{turn}: nothing else of the system");
        let all = ["mandant".to_owned()];
        neuroerp::projector::rebuild::rebuild(&server.db.store, Some(&all), 1, &mut |_| {})
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_record_of_a_company_has_its_master_data_of_all_days() {
    let server = common::server().await;
    let list = server.get("/api/v1/dienste/mandanten").await.ok();
    let path = format!("/api/v1/dienste/mandanten/{}", list["daten"][0]["id"].as_str().unwrap());
    let record = server.get(&path).await.ok();
    assert_eq!(record["stammdaten"][0]["firma"], json!("TEST GmbH"), "{record}");
}
