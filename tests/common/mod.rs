//! A Postgres of its own for the tests of one program: one cluster, a fresh migrated database for each test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test the panic is the report")]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use neuroerp::eventstore::EventStore;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;

const BINARIES: &str = "/usr/lib/postgresql/15/bin";
const TEMPLATE: &str = "vorlage";

/// A fresh database.
#[allow(dead_code, reason = "not every test program needs both")]
pub struct TestDb {
    pub pool: PgPool,
    pub store: EventStore,
}

/// Makes one; the cluster starts with the first call and stops when the test program ends.
pub async fn database() -> TestDb {
    static MIGRATED: OnceCell<()> = OnceCell::const_new();
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let socket = cluster();
    MIGRATED.get_or_init(|| migrate(socket)).await;
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = connect(socket, "postgres").await;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")))
        .execute(&mut connection)
        .await
        .unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(5)
        .connect_with(options(socket, &name))
        .await
        .unwrap();
    let store = EventStore::new(pool.clone(), Arc::new(aggregates::registry()));
    TestDb { pool, store }
}

fn options(socket: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new()
        .socket(socket)
        .username("postgres")
        .database(database)
        .disable_statement_logging()
}

async fn connect(socket: &Path, database: &str) -> PgConnection {
    for _ in 0..200 {
        if let Ok(connection) = PgConnection::connect_with(&options(socket, database)).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the test cluster does not answer");
}

async fn migrate(socket: &Path) {
    let mut connection = connect(socket, "postgres").await;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {TEMPLATE}")))
        .execute(&mut connection)
        .await
        .unwrap();
    let mut connection = connect(socket, TEMPLATE).await;
    sqlx::migrate!("./migrations").run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The folder of the cluster's socket.
fn cluster() -> &'static Path {
    static CLUSTER: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let start = || {
        let folder = tempfile::Builder::new()
            .prefix("neuroerp-test-")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        let root = nix::unistd::Uid::effective().is_root();
        if root {
            // Postgres does not run as root; its user must own the folder to remove it in the end.
            let user = nix::unistd::User::from_name("postgres").unwrap().unwrap();
            nix::unistd::chown(&folder, Some(user.uid), Some(user.gid)).unwrap();
        }
        // The shell ends the server when this program's end of the pipe closes, however the program ends.
        let script = format!(
            "set -e; cd /; d={folder}; {BINARIES}/initdb -D $d/daten -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null; \
             {BINARIES}/postgres -D $d/daten -k $d -c listen_addresses= -c fsync=off -c max_connections=200 2>$d/log & \
             pid=$!; cat >/dev/null; kill -QUIT $pid; wait $pid || true; rm -rf $d",
            folder = folder.display()
        );
        let mut command = if root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh", "-c", &script]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", &script]);
            command
        };
        let child = command.stdin(Stdio::piped()).spawn().unwrap();
        (folder, child)
    };
    &CLUSTER.get_or_init(start).0
}
