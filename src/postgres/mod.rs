//! The database: connecting, migrating, and the private embedded server.

pub mod embedded;

use std::time::Duration;

use sqlx::{
    Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Connections of one process.
const CONNECTIONS: u32 = 24;

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
pub async fn connect(options: &PgConnectOptions) -> Result<PgPool, OpenError> {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("SET ROLE neuroerp_app; SET synchronous_commit = on; SET TIME ZONE 'UTC'; SET jit = off")
                    .await?;
                Ok(())
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(OpenError::Connect)
}
