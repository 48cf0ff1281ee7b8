//! Shadow tables in schema `umbau`: made in the shape of the live ones, and put in their place.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection, Row};

/// How long a swap waits for one lock on a read model. Behind a waiting swap new readers queue, and commands wait for it:
/// rather come back than wait for a long report. Below the time after which Postgres looks for deadlocks.
const LOCK_MS: u32 = 150;
/// How long a swap waits for a head or a checkpoint, which a busy writer holds for a batch.
const HEAD_MS: u32 = 1_000;
/// Attempts at a swap; with the pauses between them about ten minutes.
pub(super) const ATTEMPTS: u32 = 64;

/// The name of a shadow table.
pub(super) fn shadow(table: &str) -> String {
    format!("umbau.{}", table.replace('.', "__"))
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Drops what an aborted rebuild left.
pub(super) async fn drop_leftovers(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let left: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'umbau'::regnamespace AND c.relkind = 'r'",
    )
    .fetch_all(&mut *connection)
    .await?;
    for table in left {
        run(connection, format!("DROP TABLE {table} CASCADE")).await?;
    }
    Ok(())
}

/// Creates empty shadow tables with all that `LIKE` copies, and the rights, row-level security and comments, which it
/// does not. Indexes get the names of the live ones, so that later migrations find them.
pub(super) async fn create(connection: &mut PgConnection, tables: &[&str]) -> Result<(), sqlx::Error> {
    for table in tables {
        let name = shadow(table);
        run(connection, format!("CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")).await?;
        run(connection, format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")).await?;
        // Most tables show a reader the rows of its company; what shows more says so in its live policy.
        let seen: String = sqlx::query_scalar(
            "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = $1::regclass AND polname = 'leser'",
        )
        .bind(*table)
        .fetch_one(&mut *connection)
        .await?;
        let policy = format!("CREATE POLICY leser ON {name} FOR SELECT TO neuroerp_leser USING ({seen})");
        run(connection, policy).await?;
        run(connection, format!("GRANT SELECT ON {name} TO neuroerp_leser")).await?;
        let comment: Option<String> =
            sqlx::query_scalar("SELECT quote_literal(obj_description($1::regclass, 'pg_class'))")
                .bind(*table)
                .fetch_one(&mut *connection)
                .await?;
        if let Some(comment) = comment {
            run(connection, format!("COMMENT ON TABLE {name} IS {comment}")).await?;
        }
        name_indexes(connection, table).await?;
    }
    Ok(())
}

/// Gives the indexes of a shadow table, and the constraints behind them, the names that the live ones have.
async fn name_indexes(connection: &mut PgConnection, table: &str) -> Result<(), sqlx::Error> {
    let pairs = sqlx::query(
        "WITH i AS (SELECT x.indrelid, c.relname::text AS name, x.indisprimary, x.indisunique, \
                    substring(pg_get_indexdef(x.indexrelid) FROM ' USING .*') AS art \
                    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid) \
         SELECT alt.name AS alt, quote_ident(neu.name) AS neu FROM i alt JOIN i neu USING (indisprimary, indisunique, art) \
         WHERE alt.indrelid = $1::regclass AND neu.indrelid = $2::regclass AND alt.name <> neu.name",
    )
    .bind(table)
    .bind(shadow(table))
    .fetch_all(&mut *connection)
    .await?;
    for pair in pairs {
        let (old, new): (String, String) = (pair.try_get("alt")?, pair.try_get("neu")?);
        run(connection, format!("ALTER INDEX umbau.{new} RENAME TO {old}")).await?;
    }
    Ok(())
}

/// Adds the foreign keys of the live tables to the filled shadows, each to the shadow of what it names, and analyses
/// them. Checking them here keeps the swap short.
pub(super) async fn finish(connection: &mut PgConnection, tables: &[&str]) -> Result<(), sqlx::Error> {
    for table in tables {
        let keys = sqlx::query(
            "SELECT quote_ident(conname) AS name, pg_get_constraintdef(oid) AS text, confrelid::regclass::text AS ziel \
             FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'",
        )
        .bind(*table)
        .fetch_all(&mut *connection)
        .await?;
        for key in keys {
            let (name, text): (String, String) = (key.try_get("name")?, key.try_get("text")?);
            let target: String = key.try_get("ziel")?;
            let text = if tables.contains(&target.as_str()) {
                text.replace(
                    &format!("REFERENCES {target}("),
                    &format!("REFERENCES {}(", shadow(&target)),
                )
            } else {
                text
            };
            run(
                connection,
                format!("ALTER TABLE {} ADD CONSTRAINT {name} {text}", shadow(table)),
            )
            .await?;
        }
        run(connection, format!("ANALYZE {}", shadow(table))).await?;
    }
    Ok(())
}

/// How long the transaction waits for heads and checkpoints.
pub(super) async fn patience_for_heads(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    run(connection, format!("SET LOCAL lock_timeout = {HEAD_MS}")).await
}

/// Keeps everybody off the live tables until the transaction ends; gives up soon.
pub(super) async fn lock(connection: &mut PgConnection, tables: &[&str]) -> Result<(), sqlx::Error> {
    run(connection, format!("SET LOCAL lock_timeout = {LOCK_MS}")).await?;
    run(
        connection,
        format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", tables.join(", ")),
    )
    .await
}

/// Puts the shadow tables in the place of the live ones.
pub(super) async fn swap(connection: &mut PgConnection, tables: &[&str]) -> Result<(), sqlx::Error> {
    // In one statement, since their foreign keys name each other.
    run(connection, format!("DROP TABLE {}", tables.join(", "))).await?;
    for table in tables {
        let (schema, name) = table.split_once('.').unwrap_or(("public", table));
        let shadow = shadow(table);
        let bare = shadow.trim_start_matches("umbau.");
        run(connection, format!("ALTER TABLE {shadow} SET SCHEMA {schema}")).await?;
        run(connection, format!("ALTER TABLE {schema}.{bare} RENAME TO {name}")).await?;
    }
    Ok(())
}

/// True if a lock was not to be had in time.
pub(super) fn locked_out(error: &anyhow::Error) -> bool {
    let mut sources = error.chain().filter_map(|e| e.downcast_ref::<sqlx::Error>());
    let database = sources.find_map(sqlx::Error::as_database_error);
    // lock_not_available, deadlock_detected
    database
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == "55P03" || code == "40P01")
}

/// Pause before the next attempt: short at first, at most ten seconds.
pub(super) fn pause(attempt: u32) -> Duration {
    Duration::from_millis(250 << attempt.min(6)).min(Duration::from_secs(10))
}
