//! Opening the database: as a role that is no superuser, with errors that say what to do; and what a BI tool finds.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use neuroerp::{
    postgres::{self, Standing},
    server::{Database, DatabaseSettings},
};
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

/// A URL as the program is given it.
fn url(options: &PgConnectOptions, user: &str, password: &str) -> String {
    let socket = options.get_socket().unwrap().display().to_string().replace('/', "%2F");
    let database = options.get_database().unwrap();
    format!("postgres://{user}:{password}@{socket}/{database}")
}

/// What the program says when it is called with these two URLs.
fn program(arguments: &[&str], url: Option<&str>, owner: Option<&str>) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neuroerp"));
    command.env_remove("DATABASE_URL").env_remove("NEUROERP_EIGNER_URL");
    command.envs(url.map(|url| ("DATABASE_URL", url)));
    command.envs(owner.map(|url| ("NEUROERP_EIGNER_URL", url)));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

const COULD_BECOME_OWNER: &str = "das laufende Programm könnte Eigner des Journals werden";

#[tokio::test(flavor = "multi_thread")]
async fn with_an_url_for_the_owner_the_running_program_cannot_become_the_owner_of_the_log() {
    let db = common::database().await;
    let mut admin = db.owner.clone().connect().await.unwrap();
    let (eigner, owner) = owned_database(&mut admin, &db.owner).await;
    run(&mut admin, format!("GRANT neuroerp_app TO {eigner}")).await;
    run(
        &mut admin,
        format!("REVOKE CONNECT, TEMPORARY ON DATABASE {eigner} FROM PUBLIC"),
    )
    .await;
    let rolle = format!("programm_{}", Uuid::now_v7().simple());
    let (as_owner, as_program) = (url(&owner, &eigner, ""), url(&owner, &rolle, "geheim"));

    // The owner alone migrates; what it may not set up is told to the letter, but for the password.
    let (done, said) = program(&["migrate"], None, Some(&as_owner));
    assert!(done && !said.contains(COULD_BECOME_OWNER), "{said}");
    let (done, said) = program(&["migrate"], Some(&as_program), Some(&as_owner));
    assert!(!done && !said.contains("geheim"), "{said}");
    let (_, sql) = said.trim().split_once("als Superuser einmal: ").unwrap();
    assert!(sql.contains("CREATE ROLE") && sql.contains("GRANT CONNECT"), "{sql}");
    let mut in_place = owner.clone().username(db.owner.get_username()).connect().await.unwrap();
    run(&mut in_place, sql.replace('…', "geheim")).await;
    for owner in [Some(as_owner.as_str()), None] {
        let (done, said) = program(&["migrate"], Some(&as_program), owner);
        assert!(done && !said.contains(COULD_BECOME_OWNER), "{said}");
    }

    // It works as ever: a command, ledgers, a rebuild, the check.
    let settings = DatabaseSettings {
        url: Some(as_program.clone()),
        read_url: None,
        owner_url: None,
        data_dir: "unbenutzt".into(),
    };
    let mut database = Database::open(&settings).await.unwrap();
    assert!(matches!(
        postgres::standing(&database.options).await.unwrap(),
        Standing::Program
    ));
    let server = common::server_on(&database.options).await;
    server.company("TEST", "skr04").await;
    let beleg = json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "x", "beleg": "1",
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]});
    let answer = server.post("/api/v1/fibu/buchungen", beleg).await.ok();
    assert_eq!(answer["nummer"], "KA-2026-000001");
    for arguments in [&["rebuild"][..], &["rebuild", "--pruefen"]] {
        let (done, said) = program(arguments, Some(&as_program), None);
        assert!(done && !said.contains(COULD_BECOME_OWNER), "{said}");
    }

    let mut session = database.options.clone().connect().await.unwrap();
    for role in ["SET ROLE neuroerp_app", "RESET ROLE"] {
        session.execute(role).await.unwrap();
        for statement in [
            format!("SET ROLE {eigner}"),
            format!("SET SESSION AUTHORIZATION {eigner}"),
            format!("GRANT {eigner} TO {rolle}"),
            "SET session_replication_role = replica".to_owned(),
            "ALTER TABLE log.ereignis DISABLE TRIGGER ALL".to_owned(),
            "DROP TRIGGER unveraenderlich ON log.ereignis".to_owned(),
            "DROP FUNCTION log.unveraenderlich() CASCADE".to_owned(),
            "DROP SCHEMA log CASCADE".to_owned(),
            "UPDATE log.ereignis SET actor = 'dienst:fremd'".to_owned(),
            "DELETE FROM log.befehl".to_owned(),
            "TRUNCATE log.ereignis".to_owned(),
            "UPDATE log.zaehler_anfang SET stand = 0".to_owned(),
            "DELETE FROM log.migration".to_owned(),
        ] {
            let error = session
                .execute(AssertSqlSafe(statement.clone()))
                .await
                .expect_err(&statement);
            let error = error.to_string();
            let refusals = ["permission denied", "must be owner", "must have admin option"];
            assert!(refusals.iter().any(|text| error.contains(text)), "{statement}: {error}");
        }
    }

    // Of another version, and nobody to migrate.
    run(&mut in_place, "DELETE FROM log.migration WHERE version = 30".to_owned()).await;
    let refused = Database::open(&settings).await.err().unwrap().to_string();
    assert!(
        refused.contains("NEUROERP_EIGNER_URL") && refused.contains(&rolle),
        "{refused}"
    );
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_may_sets_up_the_programs_role_with_its_password() {
    let db = common::database().await;
    let rolle = format!("programm_{}", Uuid::now_v7().simple());
    let (as_owner, as_program) = (
        url(&db.owner, db.owner.get_username(), ""),
        url(&db.owner, &rolle, "a%27b%40c"),
    );
    for _ in 0..2 {
        let (done, said) = program(&["migrate"], Some(&as_program), Some(&as_owner));
        assert!(done && !said.contains("a'b"), "{said}");
    }
    let mut admin = db.owner.clone().connect().await.unwrap();
    let set_up: (bool, bool, bool, bool) = sqlx::query_as(
        "SELECT rolcanlogin, rolinherit, rolsuper, rolpassword IS NOT NULL FROM pg_authid WHERE rolname = $1",
    )
    .bind(&rolle)
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!(set_up, (true, false, false, true));
    // The same as owner and program works, and says what it means.
    for owner in [Some(as_owner.as_str()), None] {
        let (done, said) = program(&["migrate"], Some(&as_owner), owner);
        assert!(done && said.contains(COULD_BECOME_OWNER), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_that_do_not_belong_together_are_refused() {
    let (one, two) = (common::database().await, common::database().await);
    let of = |db: &common::TestDb| url(&db.owner, db.owner.get_username(), "");
    let (done, said) = program(&["migrate"], Some(&of(&two)), Some(&of(&one)));
    assert!(!done && said.contains("nicht in dieselbe Datenbank"), "{said}");
    let (done, said) = program(&["rebuild", "konto"], None, Some(&of(&one)));
    assert!(!done && said.contains("DATABASE_URL fehlt"), "{said}");
    let (done, said) = program(&["migrate"], Some(&of(&one)), Some("postgres://wir@127.0.0.1:1/erp"));
    assert!(!done && said.contains("Port in NEUROERP_EIGNER_URL"), "{said}");
}
