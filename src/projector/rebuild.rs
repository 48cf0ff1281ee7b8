//! Rebuilding read models beside the live ones, without downtime: shadow tables in schema `umbau`, filled from the log,
//! caught up, and swapped in by rename in one short transaction. A swap that does not get its locks at once comes back
//! later, so that neither commands nor reports wait for it. An aborted rebuild changes nothing live; what it leaves is
//! dropped by the next. What stands beside the log and follows from it, claims and counters, is mended in place.

mod claims;
mod commands;
mod counters;
mod ledger;
mod report;
mod rows;
mod shadow;
mod state;
mod verify;

use std::time::Instant;

use aggregates::{Aggregate as _, dienste::Nummernkreis};
use projections::{Ledger, StateModel, state::Columns};
use sqlx::{PgConnection, Postgres, Transaction, pool::PoolConnection};

use self::{
    ledger::one_ledger,
    state::{state_tables, table_names},
};
use crate::eventstore::EventStore;

pub use self::{
    report::{Report, ReportLine},
    verify::{Difference, verify},
};

/// Most workers: each holds two connections of the pool of 16, the rebuild itself two more, and others need some.
pub const WORKERS: usize = 5;
/// What may be left to do when the swap locks others out: events of the log.
const LITTLE: i64 = 200;
/// Passes that catch up without locks before the swap takes what is left; a log that grows faster than a pass never
/// gets there.
const PASSES: u32 = 20;
/// Key of the advisory lock that keeps rebuilds and checks apart.
const LOCK_KEY: i64 = 0x554d_4241_5500;

/// Keeps two rebuilds apart, and rebuilds from checks. Ends with its connection, so that a crash leaves nothing locked.
struct Exclusion(PoolConnection<Postgres>);

impl Exclusion {
    async fn of_rebuilds(store: &EventStore) -> anyhow::Result<Self> {
        Self::take(store, "SELECT pg_try_advisory_lock($1)").await
    }

    async fn of_checks(store: &EventStore) -> anyhow::Result<Self> {
        Self::take(store, "SELECT pg_try_advisory_lock_shared($1)").await
    }

    async fn take(store: &EventStore, sql: &'static str) -> anyhow::Result<Self> {
        let mut connection = store.unhurried().await?;
        let free: bool = sqlx::query_scalar(sql)
            .bind(LOCK_KEY)
            .fetch_one(&mut *connection)
            .await?;
        anyhow::ensure!(
            free,
            "ein Neuaufbau oder eine Prüfung läuft schon; danach noch einmal versuchen"
        );
        Ok(Self(connection))
    }

    /// Lets go now: after a mere close the server may hold the lock a moment longer, and refuse whoever comes next.
    async fn end(mut self) {
        let freed = sqlx::query("SELECT pg_advisory_unlock_all()")
            .execute(&mut *self.0)
            .await;
        if let Err(error) = freed {
            tracing::debug!(%error, "the lock of the rebuild ends with its connection");
        }
    }
}

/// The names of all read models: the aggregate types, then the ledgers.
pub fn names_of_all() -> Vec<&'static str> {
    let models = projections::state_models().into_iter().map(|m| m.typ);
    models.chain(projections::ledgers().iter().map(|l| l.name())).collect()
}

type Chosen = (Vec<StateModel>, Vec<Box<dyn Ledger>>);

/// Which read models are meant: those named, or all.
fn chosen(names: Option<&[String]>) -> anyhow::Result<Chosen> {
    let wanted = |name: &str| names.is_none_or(|names| names.iter().any(|n| n == name));
    let models: Vec<_> = projections::state_models()
        .into_iter()
        .filter(|m| wanted(m.typ))
        .collect();
    let ledgers: Vec<_> = projections::ledgers()
        .into_iter()
        .filter(|l| wanted(l.name()))
        .collect();
    for name in names.unwrap_or_default() {
        anyhow::ensure!(
            models.iter().any(|m| m.typ == name) || ledgers.iter().any(|l| l.name() == name),
            "das Lesemodell „{name}“ gibt es nicht; es gibt: {}",
            names_of_all().join(", ")
        );
    }
    Ok((models, ledgers))
}

/// Rebuilds read models, and mends the claims of their streams; with the Nummernkreise also the counters. State tables are filled by `workers` connections, each with a part of the streams.
pub async fn rebuild(
    store: &EventStore,
    names: Option<&[String]>,
    workers: usize,
    progress: &mut (dyn FnMut(&str) + Send),
) -> anyhow::Result<Report> {
    let chosen = chosen(names)?;
    let mut exclusion = Exclusion::of_rebuilds(store).await?;
    let report = rebuild_alone(store, &mut exclusion.0, chosen, workers, progress).await;
    exclusion.end().await;
    report
}

async fn rebuild_alone(
    store: &EventStore,
    connection: &mut PgConnection,
    (models, ledgers): Chosen,
    workers: usize,
    progress: &mut (dyn FnMut(&str) + Send),
) -> anyhow::Result<Report> {
    shadow::drop_leftovers(connection).await?;
    let columns = Columns::load(connection).await?;
    let mut report = Report::default();
    for model in models {
        progress(model.typ);
        let begin = Instant::now();
        let tables = table_names(model);
        let built = state_tables(store, model, &columns, workers.clamp(1, WORKERS)).await?;
        report.add(store, model.typ, built.events, &tables, begin).await?;
        report.claims(model.typ, built.mended);
        if model.typ == Nummernkreis::TYPE {
            report.counters(&counters::mend(store).await?);
        }
    }
    for ledger in ledgers {
        progress(ledger.name());
        let begin = Instant::now();
        let events = one_ledger(store, &*ledger).await?;
        report.add(store, ledger.name(), events, ledger.tables(), begin).await?;
    }
    Ok(report)
}

/// Ends an attempt at a swap: what came of it, or `None` if it is to be tried again since others held its locks. The
/// rollback is explicit: a transaction that is merely dropped holds its locks until its connection is used again.
async fn settle<T>(
    transaction: Transaction<'_, Postgres>,
    done: anyhow::Result<T>,
    name: &str,
    attempt: u32,
) -> anyhow::Result<Option<T>> {
    let error = match done {
        Ok(result) => {
            transaction.commit().await?;
            return Ok(Some(result));
        }
        Err(error) => error,
    };
    transaction.rollback().await?;
    if !shadow::locked_out(&error) {
        return Err(error);
    }
    anyhow::ensure!(
        attempt < shadow::ATTEMPTS,
        "{name}: lange Abfragen halten die Tabellen fest; es ist nichts geändert, später noch einmal versuchen"
    );
    tracing::info!(name, attempt, "der Tausch wartet auf andere; niemand wartet auf ihn");
    tokio::time::sleep(shadow::pause(attempt)).await;
    Ok(None)
}
