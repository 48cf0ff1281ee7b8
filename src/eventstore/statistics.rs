//! Planner statistics of a young log.
//!
//! Without statistics the planner takes the company for a selective condition: any index that begins with `mandant_id`
//! looks as good as the primary key, and the foreign keys' checks and the lookups of the engine then read all rows of
//! the company. Autovacuum mends that, but only minutes after an import has begun.

use sqlx::{AssertSqlSafe, PgConnection};

use super::EventStore;

/// Events on record when the tables are analysed first.
const FIRST: i64 = 50;
/// A log of this size is left to autovacuum.
const GROWN: i64 = 500_000;

/// Analyses the tables each time a young log has doubled.
#[derive(Debug, Default)]
pub struct Statistics {
    events: i64,
}

impl Statistics {
    /// To be called now and then.
    pub async fn keep(&mut self, store: &EventStore) -> Result<(), sqlx::Error> {
        if self.events >= GROWN {
            return Ok(());
        }
        let events: i64 = sqlx::query_scalar("SELECT coalesce(sum(position), 0)::bigint FROM log.kopf")
            .fetch_one(store.pool())
            .await?;
        if events < FIRST.max(self.events.saturating_mul(2)) {
            return Ok(());
        }
        self.events = events;
        if events < GROWN {
            let mut connection = store.pool().acquire().await?;
            analyse(&mut connection).await?;
        }
        Ok(())
    }
}

async fn analyse(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    // The log is not this role's own.
    sqlx::query("SELECT log.analysieren()")
        .execute(&mut *connection)
        .await?;
    let tables: Option<String> = sqlx::query_scalar(
        "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ' ORDER BY schemaname, tablename) \
         FROM pg_tables WHERE tableowner = current_user AND schemaname NOT IN ('pg_catalog', 'umbau')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if let Some(tables) = tables {
        sqlx::query(AssertSqlSafe(format!("ANALYZE {tables}")))
            .execute(connection)
            .await?;
    }
    Ok(())
}
