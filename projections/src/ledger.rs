//! Ledgers: read models over the whole log of a company. A ledger gets a page of events in order, reduces it in
//! memory and writes set-based; the program commits its rows and its checkpoint together.

use std::{future::Future, pin::Pin};

use aggregates::{
    Aggregate,
    registry::{FoldError, ReadEvent},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection, types::Json};
use uuid::Uuid;

/// An event as a ledger sees it: already read (and brought to its current version) by the registry.
#[derive(Clone)]
pub struct LogEvent {
    /// Position in the company's log.
    pub position: i64,
    /// Aggregate type.
    pub aggregate_type: String,
    /// Stream.
    pub aggregate_id: Uuid,
    /// Place in the stream.
    pub version: i64,
    /// When it was recorded (erfasst_am).
    pub recorded_at: DateTime<Utc>,
    /// Who acted.
    pub actor: String,
    /// The event itself; downcast to the aggregate's event type.
    pub event: ReadEvent,
}

impl LogEvent {
    /// The event of an aggregate, for ledgers that read no other.
    pub(crate) fn von<T: Aggregate>(&self) -> Result<&T::Event, LedgerError> {
        let event = self.event.downcast_ref::<T::Event>();
        event.ok_or_else(|| LedgerError::Unprocessable {
            position: self.position,
            reason: format!("{} is no event of {}", self.aggregate_type, T::NAME),
        })
    }
}

/// Why a ledger stopped.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database refused.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// An event on record is not readable.
    #[error(transparent)]
    Event(#[from] FoldError),
    /// An event that this ledger cannot process.
    #[error("position {position}: {reason}")]
    Unprocessable {
        /// Where.
        position: i64,
        /// Why.
        reason: String,
    },
}

/// The future of a page's writing.
pub type Applied<'a> = Pin<Box<dyn Future<Output = Result<(), LedgerError>> + Send + 'a>>;

/// What a ledger's file in this crate declares; the program sees it as a [`Ledger`].
pub trait EventLedger: Send + Sync + 'static {
    /// Stable name, also in `projektion.stand`.
    const NAME: &'static str;
    /// Its live tables, `schema.table`; each has `mandant_id` first in its primary key.
    const TABLES: &'static [&'static str];
    /// The aggregate types it reads; others are not given to it.
    const SOURCES: &'static [&'static str];

    /// Writes the rows of a page of events, in order, inside the caller's transaction; `target` maps a live table name
    /// to the name to write to.
    fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;
}

impl<T: EventLedger> Ledger for T {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn tables(&self) -> &'static [&'static str] {
        T::TABLES
    }

    fn sources(&self) -> &'static [&'static str] {
        T::SOURCES
    }

    fn apply<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        mandant_id: Uuid,
        events: &'a [LogEvent],
        target: &'a (dyn Fn(&str) -> String + Sync),
    ) -> Applied<'a> {
        Box::pin(T::write(connection, mandant_id, events, target))
    }
}

/// Appends rows given as structs whose fields are the columns of a live table; `target` is the table to write to.
pub async fn append<R: Serialize>(
    connection: &mut PgConnection,
    live: &str,
    target: &str,
    rows: &[R],
) -> Result<(), LedgerError> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!("INSERT INTO {target} SELECT * FROM jsonb_populate_recordset(NULL::{live}, $1)");
    sqlx::query(AssertSqlSafe(sql))
        .bind(Json(rows))
        .execute(connection)
        .await?;
    Ok(())
}

/// A ledger. It writes only tables named `{schema}.<its tables>`, where `schema` is its own live schema or the schema
/// of a rebuild beside it.
pub trait Ledger: Send + Sync {
    /// Stable name, also in `projektion.stand`.
    fn name(&self) -> &'static str;
    /// Its live tables, `schema.table`; each has `mandant_id` first in its primary key.
    fn tables(&self) -> &'static [&'static str];
    /// The aggregate types it reads; others are not given to it.
    fn sources(&self) -> &'static [&'static str];
    /// Writes the rows of a page of events, in order, inside the caller's transaction. `target` maps a live table name
    /// to the name to write to (the same, or its shadow during a rebuild).
    fn apply<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        mandant_id: Uuid,
        events: &'a [LogEvent],
        target: &'a (dyn Fn(&str) -> String + Sync),
    ) -> Applied<'a>;
}

/// A declared fact query over a ledger, for rare decisions (design.md section 4). The program brings the ledger up to
/// the head of the log first. The SQL takes `$1` mandant_id and `$2` key text and returns one JSON value.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    /// Name asked for by `ctx.fact(name, key)`.
    pub name: &'static str,
    /// The ledger that must be at the head.
    pub ledger: &'static str,
    /// The query.
    pub sql: &'static str,
}
