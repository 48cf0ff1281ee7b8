//! Carries pages of the log into ledgers. Rows and checkpoint commit together; what a ledger cannot process is found
//! to the event, so that its checkpoint stands right before it.

use aggregates::Registry;
use projections::{Ledger, LedgerError, LogEvent};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::Standing;
use crate::eventstore::{Slim, StoreError, read};

/// Events a ledger reads at once.
pub const PAGE: i64 = 2_000;

/// Whose turn it is when another process has the ledger in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Leave it to the other.
    Skip,
    /// Wait for the other.
    Wait,
}

/// What a page came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// Position reached: the end of the range, if nothing of interest is left before it.
    pub(crate) reached: i64,
    /// Events that the ledger was given.
    pub(crate) events: usize,
}

/// Live tables are written under their own name.
pub(super) fn live(table: &str) -> String {
    table.to_owned()
}

/// Locks a ledger's checkpoint for a company. `None` if another process has it.
pub(super) async fn checkpoint(
    connection: &mut PgConnection,
    name: &str,
    mandant_id: Uuid,
    lock: Lock,
) -> Result<Option<Standing>, sqlx::Error> {
    const READ: &str = "SELECT projektion, mandant_id, position, fehler FROM projektion.stand \
         WHERE projektion = $1 AND mandant_id = $2 FOR UPDATE";
    const READ_SKIP: &str = "SELECT projektion, mandant_id, position, fehler FROM projektion.stand \
         WHERE projektion = $1 AND mandant_id = $2 FOR UPDATE SKIP LOCKED";
    let sql = if lock == Lock::Skip { READ_SKIP } else { READ };
    if let Some(found) = sqlx::query_as(sql)
        .bind(name)
        .bind(mandant_id)
        .fetch_optional(&mut *connection)
        .await?
    {
        return Ok(Some(found));
    }
    // Nobody has begun this ledger for the company yet, or another process has it in hand right now.
    sqlx::query("INSERT INTO projektion.stand (projektion, mandant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(name)
        .bind(mandant_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query_as(sql)
        .bind(name)
        .bind(mandant_id)
        .fetch_optional(connection)
        .await
}

/// Moves a checkpoint, in the transaction of the rows.
pub(super) async fn save(connection: &mut PgConnection, standing: &Standing) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE projektion.stand SET position = $3, fehler = $4, geaendert_am = now() \
         WHERE projektion = $1 AND mandant_id = $2",
    )
    .bind(&standing.projektion)
    .bind(standing.mandant_id)
    .bind(standing.position)
    .bind(&standing.fehler)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a page is expected to hold an event that the ledger cannot process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// It is not, as nearly always.
    None,
    /// It is: savepoints let the event be found.
    Savepoints,
}

/// Carries the next page into a ledger's live tables and moves `standing` along: to a new position, or to the reason
/// why the ledger stops. False if there is an event to be found first: then all has to be rolled back and done again
/// with more care. An error is one of the database that may pass; then nothing of the transaction counts.
pub(super) async fn carry(
    connection: &mut PgConnection,
    registry: &Registry,
    ledger: &dyn Ledger,
    standing: &mut Standing,
    head: i64,
    care: Care,
) -> Result<bool, sqlx::Error> {
    let (mandant_id, after) = (standing.mandant_id, standing.position);
    if care == Care::None && after < head {
        let done = page(connection, registry, ledger, mandant_id, after, head, &live).await;
        return match done {
            Ok(done) => {
                standing.position = done.reached;
                standing.fehler = None;
                Ok(true)
            }
            Err(error) => culprit(error).map(|_| false),
        };
    }
    let mut to = head;
    while after < to {
        let mut savepoint = connection.begin().await?;
        match page(&mut savepoint, registry, ledger, mandant_id, after, to, &live).await {
            Ok(done) => {
                savepoint.commit().await?;
                standing.position = done.reached;
                standing.fehler = None;
                return Ok(true);
            }
            Err(error) => {
                let culprit = culprit(error)?;
                savepoint.rollback().await?;
                // What stands before the event is kept. Where the error does not name the event, halving finds it.
                to = match culprit.position {
                    Some(position) if (after + 1..=to).contains(&position) => position - 1,
                    _ => after + (to - after) / 2,
                };
                standing.fehler = Some(match culprit.position {
                    Some(_) => culprit.reason,
                    None => format!("position {}: {}", after + 1, culprit.reason),
                });
            }
        }
    }
    Ok(true)
}

/// An error that will come again with the same events.
struct Culprit {
    /// The event, if the error names it.
    position: Option<i64>,
    reason: String,
}

/// Tells what an event causes from what passes by itself (a lost connection, a deadlock, a shutdown).
fn culprit(error: LedgerError) -> Result<Culprit, sqlx::Error> {
    match error {
        LedgerError::Database(error) if passes(&error) => Err(error),
        LedgerError::Unprocessable { position, .. } => Ok(Culprit {
            position: Some(position),
            reason: error.to_string(),
        }),
        other => Ok(Culprit {
            position: None,
            reason: other.to_string(),
        }),
    }
}

/// True for errors of the database that have nothing to do with the rows.
pub(super) fn passes(error: &sqlx::Error) -> bool {
    match error {
        // 21-23: values and constraints, 42: names and rights. All others are about connection, locks or resources.
        sqlx::Error::Database(error) => !error
            .code()
            .is_some_and(|code| ["21", "22", "23", "42"].iter().any(|class| code.starts_with(class))),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => false,
        _ => true,
    }
}

/// Applies the next page of the log up to `to`.
pub(crate) async fn page(
    connection: &mut PgConnection,
    registry: &Registry,
    ledger: &dyn Ledger,
    mandant_id: Uuid,
    after: i64,
    to: i64,
    target: &(dyn Fn(&str) -> String + Sync),
) -> Result<Page, LedgerError> {
    let types: Vec<String> = ledger.sources().iter().map(|t| (*t).to_owned()).collect();
    let range = read::Range {
        after,
        to: Some(to),
        types: Some(&types),
    };
    let events = read::page::<Slim>(connection, mandant_id, range, PAGE)
        .await
        .map_err(|error| match error {
            StoreError::Database(error) => LedgerError::Database(error),
            StoreError::Corrupt { position, reason, .. } => LedgerError::Unprocessable { position, reason },
            other => LedgerError::Unprocessable {
                position: after + 1,
                reason: other.to_string(),
            },
        })?;
    let full = i64::try_from(events.len()).is_ok_and(|n| n == PAGE);
    let reached = events.last().filter(|_| full).map_or(to, |last| last.position);
    let events = events
        .into_iter()
        .map(|event| log_event(registry, event))
        .collect::<Result<Vec<_>, _>>()?;
    if !events.is_empty() {
        ledger.apply(connection, mandant_id, &events, target).await?;
    }
    Ok(Page {
        reached,
        events: events.len(),
    })
}

fn log_event(registry: &Registry, event: Slim) -> Result<LogEvent, LedgerError> {
    let unreadable = |reason: String| LedgerError::Unprocessable {
        position: event.position,
        reason,
    };
    let entry = registry
        .entry(&event.aggregate_type)
        .ok_or_else(|| unreadable(format!("unknown aggregate type {}", event.aggregate_type)))?;
    let read = entry.read(event.stored()).map_err(|e| unreadable(e.to_string()))?;
    Ok(LogEvent {
        position: event.position,
        aggregate_type: event.aggregate_type,
        aggregate_id: event.aggregate_id,
        version: event.version,
        recorded_at: event.recorded_at,
        actor: event.actor,
        event: read,
    })
}
