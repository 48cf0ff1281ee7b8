//! The database: connecting, migrating, and the private embedded server.

mod documentation;
pub mod embedded;
mod error;
mod login;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection, PgPool,
    error::DatabaseError,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use error::{OpenError, may_pass, place};
pub use login::{Standing, standing};

/// Connections of each of the two pools of a process.
const CONNECTIONS: u32 = 16;

/// Connections of the door: each look is one key or one company.
const DOOR_CONNECTIONS: u32 = 4;

/// How long the first connection may take; whoever waits for a server that is not there wants to know soon.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A query ends before the request that asked for it does.
const QUERIES: &str = "SET statement_timeout = '55s'";

/// Prepared statements kept per connection: the writing ones differ by the tables they touch.
const STATEMENTS: usize = 400;

/// SQLSTATE `cannot_connect_now`: the server is there, but starting up.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// Pause between two attempts at a server that is starting.
const STARTING_PAUSE: Duration = Duration::from_millis(200);

/// Where the migrations that were applied are noted; in our schema, since no role may write to `public` by default.
const APPLIED: &str = "log.migration";

/// Migrations, forward only.
static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.create_schema("log");
    migrator.dangerous_set_table_name(APPLIED);
    migrator
});

/// The first connection to a database: gives up after a while and says why.
async fn first_connection(options: &PgConnectOptions) -> Result<PgConnection, OpenError> {
    let begin = Instant::now();
    loop {
        let left = CONNECT_LIMIT.saturating_sub(begin.elapsed());
        let Ok(result) = tokio::time::timeout(left, options.connect()).await else {
            return Err(OpenError::silent(options, CONNECT_LIMIT));
        };
        let error = match result {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        if !is_starting(&error) || begin.elapsed() + STARTING_PAUSE > CONNECT_LIMIT {
            return Err(OpenError::connect(options, &error));
        }
        tokio::time::sleep(STARTING_PAUSE).await;
    }
}

/// True if the server is there but starting up or recovering.
pub(crate) fn is_starting(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| code == CANNOT_CONNECT_NOW)
}

/// Applies what is missing. Runs as the role that connects (the owner of the log), never as the program's role.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = first_connection(options).await?;
    let result = MIGRATOR.run(&mut connection).await;
    result.map_err(|error| OpenError::migrate(options, &error))?;
    documentation::write(&mut connection)
        .await
        .map_err(|error| OpenError::migrate(options, &error.into()))?;
    // It did what it was for; that closing fails says nothing.
    let _ = connection.close().await;
    Ok(())
}

/// Checks that a replica follows the server it is to be the replica of, if it answers: one that does not is waited for
/// while the program runs.
pub async fn check_replica(options: &PgConnectOptions, replica: &PgConnectOptions) -> Result<(), OpenError> {
    let Ok(identity) = server_identity(replica).await else {
        tracing::warn!(replik = %place(replica), "DATABASE_READ_URL antwortet nicht; gelesen wird aus DATABASE_URL, bis sie es tut");
        return Ok(());
    };
    let own = server_identity(options).await?;
    if own == identity && options.get_database() == replica.get_database() {
        return Ok(());
    }
    Err(OpenError::other_server(replica))
}

/// What a server and its replicas have in common, and no others.
async fn server_identity(options: &PgConnectOptions) -> Result<i64, OpenError> {
    let mut connection = first_connection(options).await?;
    let identity = sqlx::query_scalar("SELECT system_identifier FROM pg_control_system()")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| OpenError::connect(options, &error))?;
    let _ = connection.close().await;
    Ok(identity)
}

/// Applies what is missing as the owner, and gives the role that the program logs in with what it needs.
pub async fn migrate_for(owner: &PgConnectOptions, program: &PgConnectOptions) -> Result<(), OpenError> {
    migrate(owner).await.map_err(OpenError::of_owner)?;
    login::prepare(owner, program).await
}

/// Checks that a database in use by another program has exactly the migrations of this one, and applies none: the
/// running program would meet tables it does not know.
pub async fn check_migrations(options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = first_connection(options).await?;
    let differs = differs(&mut connection).await;
    let _ = connection.close().await;
    differs.map_or(Ok(()), |how| Err(OpenError::OtherVersion(how)))
}

/// Checks in the program's role that a database has exactly the migrations of this program; the role cannot apply any.
pub async fn check_migrated(options: &PgConnectOptions) -> Result<(), OpenError> {
    let rolle = || options.get_username().to_owned();
    let mut connection = first_connection(options).await?;
    let taken = connection.execute("SET ROLE neuroerp_app").await;
    taken.map_err(|error| OpenError::NotMigrated {
        rolle: rolle(),
        grund: error.to_string(),
    })?;
    let differs = differs(&mut connection).await;
    let _ = connection.close().await;
    differs.map_or(Ok(()), |grund| Err(OpenError::NotMigrated { rolle: rolle(), grund }))
}

/// How the migrations that were applied differ from those of this program, if they do.
async fn differs(connection: &mut PgConnection) -> Option<String> {
    let applied: Result<Vec<(i64, Vec<u8>)>, _> =
        sqlx::query_as("SELECT version, checksum FROM log.migration WHERE success ORDER BY version")
            .fetch_all(connection)
            .await;
    let applied = match applied {
        Ok(applied) => applied,
        Err(error) => return Some(error.to_string()),
    };
    let ours = MIGRATOR.iter().map(|m| (m.version, m.checksum.as_ref()));
    if applied.iter().map(|(version, sum)| (*version, sum.as_slice())).eq(ours) {
        return None;
    }
    Some(format!(
        "angewandt bis Migration {}, hier bis {}",
        applied.last().map_or(0, |(version, _)| *version),
        MIGRATOR.iter().last().map_or(0, |m| m.version)
    ))
}

/// The program's pool. Every connection takes the role that cannot change the log.
pub async fn connect(options: &PgConnectOptions) -> Result<PgPool, OpenError> {
    pool(options, QUERIES, CONNECTIONS).await
}

/// The pool of queries on a replica, which need not answer yet.
#[must_use]
pub fn connect_reading(options: &PgConnectOptions) -> PgPool {
    pool_options(QUERIES, CONNECTIONS).connect_lazy_with(with_statements(options))
}

/// The door's pool: who calls, and for which company, is found although all other connections have long work to do.
pub async fn connect_door(options: &PgConnectOptions) -> Result<PgPool, OpenError> {
    pool(options, "SET statement_timeout = '5s'", DOOR_CONNECTIONS).await
}

/// The engine's pool. Its statements fetch by key from tables that grow while their plans are kept: a plan made when a
/// table was empty would scan it for ever. So plans go by index from the start, and since all values go by the same
/// index, none is planned twice. Nobody waits for ever for a lock, and
/// a transaction that this process has forgotten does not keep a company's head.
pub async fn connect_engine(options: &PgConnectOptions) -> Result<PgPool, OpenError> {
    pool(
        options,
        "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; \
         SET plan_cache_mode = force_generic_plan; \
         SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '30s'",
        CONNECTIONS,
    )
    .await
}

async fn pool(options: &PgConnectOptions, more: &'static str, connections: u32) -> Result<PgPool, OpenError> {
    pool_options(more, connections)
        .connect_with(with_statements(options))
        .await
        .map_err(|error| OpenError::connect(options, &error))
}

fn with_statements(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().statement_cache_capacity(STATEMENTS)
}

fn pool_options(more: &'static str, connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection
                    .execute("SET ROLE neuroerp_app; SET synchronous_commit = on; SET TIME ZONE 'UTC'; SET jit = off")
                    .await?;
                connection.execute(more).await?;
                Ok(())
            })
        })
}

#[cfg(test)]
mod tests {
    use super::MIGRATOR;

    #[test]
    fn no_two_migrations_have_the_same_number() {
        let numbers: Vec<i64> = MIGRATOR.iter().map(|m| m.version).collect();
        let rising = numbers.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        assert!(rising, "{numbers:?}");
    }
}
