//! The database: connecting, migrating, and the private embedded server.

pub mod embedded;

use std::time::Duration;

use sqlx::{
    Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Connections of each of the two pools of a process.
const CONNECTIONS: u32 = 16;

/// Prepared statements kept per connection: the writing ones differ by the tables they touch.
const STATEMENTS: usize = 400;

/// Migrations, forward only.
static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection.
    #[error("die Datenbank ist nicht erreichbar: {0}")]
    Connect(#[source] sqlx::Error),
    /// A migration failed.
    #[error("die Migration ist gescheitert: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Applies what is missing. Runs as the role that connects (the owner of the log), never as the program's role.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), OpenError> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .map_err(OpenError::Connect)?;
    MIGRATOR.run(&pool).await?;
    pool.close().await;
    Ok(())
}

/// The program's pool. Every connection takes the role that cannot change the log.
/// A query ends before the request that asked for it does.
pub async fn connect(options: &PgConnectOptions) -> Result<PgPool, OpenError> {
    pool(options, "SET statement_timeout = '55s'").await
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
    )
    .await
}

async fn pool(options: &PgConnectOptions, more: &'static str) -> Result<PgPool, OpenError> {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
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
        .connect_with(options.clone().statement_cache_capacity(STATEMENTS))
        .await
        .map_err(OpenError::Connect)
}
