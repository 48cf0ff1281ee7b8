//! Comments on the columns of the read models, for whoever meets them in a BI tool. They come from the doc comments of
//! the states (see `projections::comments`) and are brought up to date after the migrations.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Key of the advisory lock under which comments are written: two programs that start at once would else change the
/// same entry of the catalogue.
const LOCK_KEY: i64 = 0x4b4f_4d4d_454e;

/// Every column of a read model with its comment.
const COLUMNS: &str = "SELECT n.nspname || '.' || c.relname, a.attname::text, col_description(c.oid, a.attnum) \
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname IN ('wawi', 'fibu', 'crm', 'dienste') AND c.relkind IN ('r', 'p') \
       AND a.attnum > 0 AND NOT a.attisdropped";

/// Writes the comments that are missing or say something else; usually that is one query and nothing to write.
pub(super) async fn write(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    if outdated(connection).await?.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK_KEY)
        .execute(&mut *transaction)
        .await?;
    // The tables belong to the program's role; another program may have been faster.
    let mut sql = String::from("SET LOCAL ROLE neuroerp_app;");
    for (table, column, comment) in outdated(&mut transaction).await? {
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            "COMMENT ON COLUMN {table}.\"{column}\" IS '{}';",
            comment.replace('\'', "''")
        );
    }
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Table, column and wanted comment where the database has another or none.
async fn outdated(connection: &mut PgConnection) -> Result<Vec<(String, String, String)>, sqlx::Error> {
    let mut wanted = projections::comments::columns(&aggregates::registry());
    let found: Vec<(String, String, Option<String>)> = sqlx::query_as(COLUMNS).fetch_all(connection).await?;
    let changed = found.into_iter().filter_map(|(table, column, has)| {
        let comment = wanted.remove(&(table.clone(), column.clone()))?;
        (has.as_ref() != Some(&comment)).then_some((table, column, comment))
    });
    Ok(changed.collect())
}
