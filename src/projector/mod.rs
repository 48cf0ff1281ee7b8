//! Runs the ledgers: catch-up, live, and to the head on demand. A ledger's rows and its checkpoint commit together, so
//! each event counts exactly once; the checkpoint's row lock lets several processes share the work.

pub mod rebuild;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aggregates::Registry;
use projections::{Ledger, LedgerError, LogEvent, ledger::Fact};
use serde_json::Value;
use sqlx::PgConnection;
use tokio::{sync::watch, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    commands::{FactAnswer, FactSource},
    eventstore::{EventStore, Recorded, StoreError, read},
};

/// Events a ledger reads at once.
pub const PAGE: i64 = 2_000;
/// Looks for itself after this time without a wake-up.
const POLL: Duration = Duration::from_secs(1);

/// Whose turn it is when another process has the ledger in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    /// Leave it to the other.
    Skip,
    /// Wait for the other.
    Wait,
}

/// The ledgers of one process.
pub struct Projector {
    store: EventStore,
    ledgers: Vec<Box<dyn Ledger>>,
    facts: HashMap<&'static str, Fact>,
    /// Checkpoints this process knows to be committed.
    reached: Mutex<HashMap<(&'static str, Uuid), i64>>,
    moved: watch::Sender<u64>,
}

/// State of a ledger for a company.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Standing {
    /// The ledger.
    pub projektion: String,
    /// Company.
    pub mandant_id: Uuid,
    /// Up to which position it has seen the log.
    pub position: i64,
    /// Why it stopped.
    pub fehler: Option<String>,
}

impl Projector {
    /// A projector that is not running yet.
    #[must_use]
    pub fn new(store: EventStore, ledgers: Vec<Box<dyn Ledger>>) -> Self {
        let facts = projections::facts().into_iter().map(|fact| (fact.name, fact)).collect();
        Self {
            store,
            ledgers,
            facts,
            reached: Mutex::default(),
            moved: watch::channel(0).0,
        }
    }

    /// Runs until the token is cancelled.
    #[must_use]
    pub fn start(self: Arc<Self>, cancel: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut wake = self.store.signals().any();
            loop {
                if let Err(error) = self.round(&cancel).await {
                    tracing::warn!(%error, "the ledgers pause");
                }
                tokio::select! {
                    () = cancel.cancelled() => return,
                    _ = wake.changed() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        })
    }

    async fn round(&self, cancel: &CancellationToken) -> Result<(), StoreError> {
        for (mandant_id, head) in self.store.heads().await? {
            for ledger in &self.ledgers {
                while !cancel.is_cancelled() && self.reached(ledger.name(), mandant_id) < head {
                    // Left alone: another process has it, or it stopped.
                    let Some(position) = self.step(&**ledger, mandant_id, head, Lock::Skip).await? else {
                        break;
                    };
                    let lag = u32::try_from((head - position).max(0)).unwrap_or(u32::MAX);
                    metrics::gauge!("neuroerp_projektion_rueckstand", "projektion" => ledger.name()).set(lag);
                }
            }
        }
        Ok(())
    }

    fn reached(&self, name: &'static str, mandant_id: Uuid) -> i64 {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.get(&(name, mandant_id)).copied().unwrap_or(-1)
    }

    /// Carries one page into a ledger. `None` if it is not this process's turn or the ledger stopped.
    async fn step(
        &self,
        ledger: &dyn Ledger,
        mandant_id: Uuid,
        head: i64,
        lock: Lock,
    ) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.store.pool().begin().await?;
        let Some(standing) = checkpoint(&mut transaction, ledger.name(), mandant_id, lock).await? else {
            return Ok(None);
        };
        if standing.fehler.is_some() {
            return Ok(None);
        }
        let mut position = standing.position;
        if position < head {
            match page(
                &mut transaction,
                self.store.registry(),
                ledger,
                mandant_id,
                position,
                head,
                &live,
            )
            .await
            {
                Ok(reached) => position = reached,
                Err(error) => {
                    drop(transaction);
                    return self.failed(ledger, mandant_id, error).await;
                }
            }
            sqlx::query("UPDATE projektion.stand SET position = $3, geaendert_am = now() WHERE projektion = $1 AND mandant_id = $2")
                .bind(ledger.name())
                .bind(mandant_id)
                .bind(position)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        self.reached
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((ledger.name(), mandant_id), position);
        self.moved.send_modify(|n| *n = n.wrapping_add(1));
        Ok(Some(position))
    }

    /// An unreadable event stops the ledger with a clear state; a database error only delays it.
    async fn failed(
        &self,
        ledger: &dyn Ledger,
        mandant_id: Uuid,
        error: LedgerError,
    ) -> Result<Option<i64>, StoreError> {
        if let LedgerError::Database(error) = error {
            return Err(error.into());
        }
        tracing::error!(%error, projektion = ledger.name(), %mandant_id, "a ledger stopped; it never skips");
        sqlx::query(
            "UPDATE projektion.stand SET fehler = $3, geaendert_am = now() WHERE projektion = $1 AND mandant_id = $2",
        )
        .bind(ledger.name())
        .bind(mandant_id)
        .bind(error.to_string())
        .execute(self.store.pool())
        .await?;
        Ok(None)
    }

    /// Brings one ledger to the head now and says where that is.
    pub async fn catch_up(&self, name: &str, mandant_id: Uuid) -> Result<i64, StoreError> {
        let head = self.store.head(mandant_id).await?;
        let Some(ledger) = self.ledgers.iter().find(|l| l.name() == name) else {
            return Ok(head);
        };
        loop {
            match self.step(&**ledger, mandant_id, head, Lock::Wait).await? {
                Some(position) if position >= head => return Ok(position),
                Some(_) => {}
                None => {
                    return Err(StoreError::Corrupt {
                        mandant_id,
                        position: head,
                        reason: format!("the ledger {name} has stopped; /health/ready shows why"),
                    });
                }
            }
        }
    }

    /// Waits until ledgers have seen a position; false if the time is up first.
    pub async fn wait_for(&self, names: &[&str], mandant_id: Uuid, position: i64, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut moved = self.moved.subscribe();
        loop {
            moved.mark_unchanged();
            match self.standings(mandant_id).await {
                Ok(standings) => {
                    let seen = |name: &&str| {
                        standings
                            .iter()
                            .any(|s| s.projektion == **name && s.position >= position)
                    };
                    if names.iter().all(seen) {
                        return true;
                    }
                }
                Err(error) => tracing::warn!(%error, "the checkpoints could not be read"),
            }
            if Instant::now() >= deadline {
                return false;
            }
            // Another process may do the work, so the wake-up alone is not enough.
            let pause = Duration::from_millis(50).min(deadline.saturating_duration_since(Instant::now()));
            let _ = tokio::time::timeout(pause, moved.changed()).await;
        }
    }

    /// Where the ledgers of a company stand.
    pub async fn standings(&self, mandant_id: Uuid) -> Result<Vec<Standing>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT projektion, mandant_id, position, fehler FROM projektion.stand \
             WHERE mandant_id = $1 AND projektion NOT LIKE 'umbau:%' ORDER BY projektion",
        )
        .bind(mandant_id)
        .fetch_all(self.store.pool())
        .await?;
        Ok(rows)
    }
}

/// Live tables are written under their own name.
fn live(table: &str) -> String {
    table.to_owned()
}

async fn checkpoint(
    connection: &mut PgConnection,
    name: &str,
    mandant_id: Uuid,
    lock: Lock,
) -> Result<Option<Standing>, sqlx::Error> {
    const READ: &str = "SELECT projektion, mandant_id, position, fehler FROM projektion.stand \
         WHERE projektion = $1 AND mandant_id = $2 FOR UPDATE";
    sqlx::query("INSERT INTO projektion.stand (projektion, mandant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(name)
        .bind(mandant_id)
        .execute(&mut *connection)
        .await?;
    let sql = if lock == Lock::Skip {
        format!("{READ} SKIP LOCKED")
    } else {
        READ.to_owned()
    };
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(name)
        .bind(mandant_id)
        .fetch_optional(connection)
        .await
}

/// Applies the next page to a ledger and gives back the position reached: the head, if nothing of interest is left.
pub(crate) async fn page(
    connection: &mut PgConnection,
    registry: &Registry,
    ledger: &dyn Ledger,
    mandant_id: Uuid,
    after: i64,
    head: i64,
    target: &(dyn Fn(&str) -> String + Sync),
) -> Result<i64, LedgerError> {
    let types: Vec<String> = ledger.sources().iter().map(|t| (*t).to_owned()).collect();
    let range = read::Range {
        after,
        to: Some(head),
        types: Some(&types),
    };
    let events = read::page(connection, mandant_id, range, PAGE)
        .await
        .map_err(|error| match error {
            StoreError::Database(error) => LedgerError::Database(error),
            other => LedgerError::Unprocessable {
                position: after,
                reason: other.to_string(),
            },
        })?;
    let full = i64::try_from(events.len()).is_ok_and(|n| n == PAGE);
    let reached = events.last().filter(|_| full).map_or(head, |last| last.position);
    let events = events
        .into_iter()
        .map(|event| log_event(registry, event))
        .collect::<Result<Vec<_>, _>>()?;
    if !events.is_empty() {
        ledger.apply(connection, mandant_id, &events, target).await?;
    }
    Ok(reached)
}

fn log_event(registry: &Registry, event: Recorded) -> Result<LogEvent, LedgerError> {
    let entry = registry
        .entry(&event.aggregate_type)
        .ok_or_else(|| LedgerError::Unprocessable {
            position: event.position,
            reason: format!("unknown aggregate type {}", event.aggregate_type),
        })?;
    let read = entry.read(event.stored())?;
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

impl FactSource for Projector {
    fn fact<'a>(&'a self, mandant_id: Uuid, name: &'static str, key: &'a str) -> FactAnswer<'a> {
        Box::pin(async move {
            let Some(fact) = self.facts.get(name) else {
                return Err(StoreError::UnknownType(format!("fact {name}")));
            };
            loop {
                let position = self.catch_up(fact.ledger, mandant_id).await?;
                // The value must hold at one known position: the checkpoint read by the same snapshot.
                let sql = format!(
                    "SELECT s.position, ({}) FROM projektion.stand s WHERE s.projektion = $3 AND s.mandant_id = $1",
                    fact.sql
                );
                let (seen, value): (i64, Option<Value>) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
                    .bind(mandant_id)
                    .bind(key)
                    .bind(fact.ledger)
                    .fetch_one(self.store.pool())
                    .await?;
                if seen >= position {
                    return Ok((seen, value.unwrap_or(Value::Null)));
                }
            }
        })
    }
}
