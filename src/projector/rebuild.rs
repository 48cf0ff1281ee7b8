//! Rebuilding read models beside the live ones, without downtime: shadow tables in schema `umbau`, filled from the log,
//! caught up, and swapped in by rename in one short transaction. A swap that does not get its locks at once comes back
//! later, so that neither commands nor reports wait for it. An aborted rebuild changes nothing live; what it leaves is
//! dropped by the next.

mod shadow;
mod verify;

use std::{collections::BTreeMap, fmt, time::Duration, time::Instant};

use aggregates::context::State;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use projections::{
    Ledger, LedgerError, StateModel,
    state::{Change, Columns, child_rows, head_row, upsert_sql},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, Transaction, pool::PoolConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use self::shadow::shadow;
use super::run::page;
use crate::eventstore::{EventStore, Recorded, StoreError, read};

pub use verify::{Difference, verify};

/// Rows written at once; bounds the memory whatever the length of the log.
const ROWS: usize = 5_000;
/// Events of one stream folded at once; bounds the memory whatever the length of a stream.
const FOLD: usize = 500;
/// Most workers; each holds two connections of the pool, which has some left for the work of others.
const WORKERS: usize = 8;
/// What may be left to do when the swap locks others out: events of the log.
const LITTLE: i64 = 200;
/// Passes that catch up without locks before the swap takes what is left; a log that grows faster than a pass never
/// gets there.
const PASSES: u32 = 20;
/// Key of the advisory lock that keeps rebuilds and checks apart.
const LOCK_KEY: i64 = 0x554d_4241_5500;

/// What a rebuild did.
#[derive(Debug, Default)]
pub struct Report {
    /// One line for each read model.
    pub lines: Vec<ReportLine>,
}

/// What was done to one read model.
#[derive(Debug)]
pub struct ReportLine {
    /// Aggregate type or name of the ledger.
    pub name: String,
    /// Events read.
    pub events: u64,
    /// Rows of the new tables, as analysed.
    pub rows: u64,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>12} {:>12} {:>12}",
            "Lesemodell", "Ereignisse", "Zeilen", "Sekunden"
        )?;
        for line in &self.lines {
            let seconds = format!("{}.{:03}", line.took.as_secs(), line.took.subsec_millis());
            writeln!(
                f,
                "{:<24} {:>12} {:>12} {seconds:>12}",
                line.name, line.events, line.rows
            )?;
        }
        write!(f, "Neu aufgebaut und eingewechselt.")
    }
}

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
        let mut connection = store.pool().acquire().await?;
        connection.close_on_drop();
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
            "das Lesemodell {name} gibt es nicht"
        );
    }
    Ok((models, ledgers))
}

/// Rebuilds read models. State tables are filled by `workers` connections, each with a part of the streams.
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
        let tables: Vec<&str> = model.tables.iter().map(|t| t.name).collect();
        let events = state_tables(store, model, &columns, workers.clamp(1, WORKERS)).await?;
        report.add(store, model.typ, events, &tables, begin).await?;
    }
    for ledger in ledgers {
        progress(ledger.name());
        let begin = Instant::now();
        let events = one_ledger(store, &*ledger).await?;
        report.add(store, ledger.name(), events, ledger.tables(), begin).await?;
    }
    Ok(report)
}

impl Report {
    async fn add(
        &mut self,
        store: &EventStore,
        name: &str,
        events: u64,
        tables: &[&str],
        begin: Instant,
    ) -> anyhow::Result<()> {
        let took = begin.elapsed();
        let rows: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class WHERE oid = ANY($1::text[]::regclass[])",
        )
        .bind(tables)
        .fetch_one(store.pool())
        .await?;
        self.lines.push(ReportLine {
            name: name.to_owned(),
            events,
            rows: u64::try_from(rows).unwrap_or_default(),
            took,
        });
        Ok(())
    }
}

/// Ends an attempt at a swap: true if it is done, false if it is to be tried again since others held its locks. The
/// rollback is explicit: a transaction that is merely dropped holds its locks until its connection is used again.
async fn settle(
    transaction: Transaction<'_, Postgres>,
    done: anyhow::Result<()>,
    name: &str,
    attempt: u32,
) -> anyhow::Result<bool> {
    let Err(error) = done else {
        transaction.commit().await?;
        return Ok(true);
    };
    transaction.rollback().await?;
    if !shadow::locked_out(&error) {
        return Err(error);
    }
    anyhow::ensure!(
        attempt < shadow::ATTEMPTS,
        "{name}: lange Abfragen halten die Tabellen fest; es ist nichts geändert, später noch einmal versuchen"
    );
    tracing::info!(name, attempt, "the swap waits for others; nobody waits for it");
    tokio::time::sleep(shadow::pause(attempt)).await;
    Ok(false)
}

// ---- state tables -------------------------------------------------------------------------------------------------

async fn state_tables(store: &EventStore, model: StateModel, columns: &Columns, workers: usize) -> anyhow::Result<u64> {
    let names: Vec<&str> = model.tables.iter().map(|t| t.name).collect();
    let mut connection = store.pool().acquire().await?;
    shadow::create(&mut connection, &names).await?;
    let mut heads: BTreeMap<Uuid, i64> = store.heads().await?.into_iter().collect();
    // Dropped on an error, it stops the other workers.
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (store, columns) = (store.clone(), columns.clone());
        tasks.spawn(async move {
            let mut reader = store.pool().acquire().await?;
            let mut writer = store.pool().acquire().await?;
            let part = Part { worker, workers };
            fill(&store, &mut reader, &mut writer, model, &columns, part, &shadow).await
        });
    }
    let mut events = 0;
    while let Some(done) = tasks.join_next().await {
        events += done??;
    }
    shadow::finish(&mut connection, &names).await?;
    // Most of what moved meanwhile is caught up without holding anybody up.
    for _ in 0..PASSES {
        let mut transaction = connection.begin().await?;
        let done = moved(store, &mut transaction, model, columns, &mut heads).await?;
        transaction.commit().await?;
        events += u64::try_from(done).unwrap_or_default();
        if done <= LITTLE {
            break;
        }
    }
    for attempt in 0.. {
        let mut transaction = connection.begin().await?;
        let done = last_steps_of_state(store, &mut transaction, model, columns, heads.clone()).await;
        if settle(transaction, done, model.typ, attempt).await? {
            break;
        }
    }
    Ok(events)
}

/// Locks the heads and the live tables, writes what moved since, and swaps.
async fn last_steps_of_state(
    store: &EventStore,
    connection: &mut PgConnection,
    model: StateModel,
    columns: &Columns,
    mut heads: BTreeMap<Uuid, i64>,
) -> anyhow::Result<()> {
    let names: Vec<&str> = model.tables.iter().map(|t| t.name).collect();
    shadow::patience_for_heads(connection).await?;
    // The order of a writer: first the head, then its tables.
    sqlx::query("SELECT FROM log.kopf ORDER BY mandant_id FOR UPDATE")
        .execute(&mut *connection)
        .await?;
    // Before the last look, since a company that begins just now has no head to lock.
    shadow::lock(connection, &names).await?;
    moved(store, connection, model, columns, &mut heads).await?;
    shadow::swap(connection, &names).await?;
    Ok(())
}

/// A worker's part of the streams.
#[derive(Clone, Copy)]
struct Part {
    worker: usize,
    workers: usize,
}

/// Folds the streams of a part and writes their rows.
async fn fill(
    store: &EventStore,
    reader: &mut PgConnection,
    writer: &mut PgConnection,
    model: StateModel,
    columns: &Columns,
    part: Part,
    target: &(dyn Fn(&str) -> String + Sync),
) -> anyhow::Result<u64> {
    let sql = format!(
        "SELECT {} FROM log.ereignis WHERE aggregate_type = $1 AND abs(hashtext(aggregate_id::text) % $2) = $3 \
         ORDER BY mandant_id, aggregate_id, aggregate_type, version",
        read::COLUMNS
    );
    let mut rows = sqlx::query(AssertSqlSafe(sql))
        .bind(model.typ)
        .bind(i32::try_from(part.workers)?)
        .bind(i32::try_from(part.worker)?)
        .fetch(reader);
    let mut buffer = Buffer::new(model);
    let mut stream: Option<Stream> = None;
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let event = read::from_row(&row)?;
        count += 1;
        if let Some(other) = stream.take_if(|s| s.mandant_id != event.mandant_id || s.id != event.aggregate_id) {
            buffer.add(store, other)?;
            if buffer.len() >= ROWS {
                buffer.flush(writer, columns, target).await?;
            }
        }
        stream
            .get_or_insert_with(|| Stream::of(&event))
            .push(store, model, event)?;
    }
    if let Some(last) = stream {
        buffer.add(store, last)?;
    }
    buffer.flush(writer, columns, target).await?;
    Ok(count)
}

/// A stream while it is folded.
struct Stream {
    mandant_id: Uuid,
    id: Uuid,
    began_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    version: i64,
    position: i64,
    state: Option<State>,
    pending: Vec<Recorded>,
}

impl Stream {
    fn of(first: &Recorded) -> Self {
        Self {
            mandant_id: first.mandant_id,
            id: first.aggregate_id,
            began_at: first.recorded_at,
            changed_at: first.recorded_at,
            version: 0,
            position: 0,
            state: None,
            pending: Vec::new(),
        }
    }

    fn push(&mut self, store: &EventStore, model: StateModel, event: Recorded) -> anyhow::Result<()> {
        self.changed_at = event.recorded_at;
        self.version = event.version;
        self.position = event.position;
        self.pending.push(event);
        if self.pending.len() >= FOLD {
            self.fold(store, model)?;
        }
        Ok(())
    }

    /// Folds what is pending and gives back the state.
    fn fold(&mut self, store: &EventStore, model: StateModel) -> anyhow::Result<State> {
        let entry = store.registry().entry(model.typ);
        let entry = entry.ok_or_else(|| StoreError::UnknownType(model.typ.to_owned()))?;
        let stored: Vec<_> = self.pending.iter().map(Recorded::stored).collect();
        let before = self.state.take().unwrap_or_else(|| entry.empty());
        let state = entry
            .fold(&before, &stored)
            .with_context(|| format!("Strom {} der Firma {}", self.id, self.mandant_id))?;
        self.pending.clear();
        self.state = Some(state.clone());
        Ok(state)
    }
}

/// Rows on their way to the shadow tables.
struct Buffer {
    model: StateModel,
    rows: BTreeMap<usize, Vec<Value>>,
}

impl Buffer {
    fn new(model: StateModel) -> Self {
        Self {
            model,
            rows: BTreeMap::new(),
        }
    }

    fn len(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }

    /// Folds a stream and cuts its rows.
    fn add(&mut self, store: &EventStore, mut stream: Stream) -> anyhow::Result<()> {
        let state = stream.fold(store, self.model)?;
        let entry = store.registry().entry(self.model.typ);
        let state = entry.map(|e| e.to_json(&state)).unwrap_or_default();
        let change = Change {
            model: self.model,
            mandant_id: stream.mandant_id,
            id: stream.id,
            version: stream.version,
            position: stream.position,
            angelegt_am: Some(stream.began_at),
            geaendert_am: stream.changed_at,
            old: None,
            new: &state,
        };
        let owner = self.model.owner();
        for (index, table) in self.model.tables.iter().enumerate() {
            let rows = self.rows.entry(index).or_default();
            if table.is_head() {
                rows.push(head_row(&change));
            } else {
                rows.extend(child_rows(table, &owner, stream.mandant_id, stream.id, &state).into_values());
            }
        }
        Ok(())
    }

    async fn flush(
        &mut self,
        writer: &mut PgConnection,
        columns: &Columns,
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), sqlx::Error> {
        let owner = self.model.owner();
        for (index, rows) in std::mem::take(&mut self.rows) {
            let Some(table) = self.model.tables.get(index).filter(|_| !rows.is_empty()) else {
                continue;
            };
            let sql = upsert_sql(table, &owner, columns.of(table.name), &target(table.name));
            sqlx::query(AssertSqlSafe(sql))
                .bind(Value::Array(rows))
                .execute(&mut *writer)
                .await?;
        }
        Ok(())
    }
}

/// Writes the streams that moved since `heads` anew, and moves `heads` along. Gives back how far the logs had moved.
async fn moved(
    store: &EventStore,
    connection: &mut PgConnection,
    model: StateModel,
    columns: &Columns,
    heads: &mut BTreeMap<Uuid, i64>,
) -> anyhow::Result<i64> {
    let now: Vec<(Uuid, i64)> = sqlx::query_as("SELECT mandant_id, position FROM log.kopf")
        .fetch_all(&mut *connection)
        .await?;
    let mut events = 0;
    for (mandant_id, head) in now {
        let known = heads.insert(mandant_id, head).unwrap_or(0);
        events += head - known;
        if head == known {
            continue;
        }
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT DISTINCT aggregate_id FROM log.ereignis WHERE mandant_id = $1 AND position > $2 AND position <= $3 \
             AND aggregate_type = $4",
        )
        .bind(mandant_id)
        .bind(known)
        .bind(head)
        .bind(model.typ)
        .fetch_all(&mut *connection)
        .await?;
        let mut buffer = Buffer::new(model);
        for id in ids {
            let mut stream: Option<Stream> = None;
            // What is newer than `head` comes with the next pass; taking it here already is right too.
            for event in store.stream_on(&mut *connection, mandant_id, model.typ, id).await? {
                stream
                    .get_or_insert_with(|| Stream::of(&event))
                    .push(store, model, event)?;
            }
            clear(connection, model, mandant_id, id).await?;
            if let Some(stream) = stream {
                buffer.add(store, stream)?;
            }
            if buffer.len() >= ROWS {
                buffer.flush(connection, columns, &shadow).await?;
            }
        }
        buffer.flush(connection, columns, &shadow).await?;
    }
    Ok(events)
}

async fn clear(
    connection: &mut PgConnection,
    model: StateModel,
    mandant_id: Uuid,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    for table in model.tables {
        let key = if table.is_head() {
            "id".to_owned()
        } else {
            model.owner()
        };
        let sql = format!(
            "DELETE FROM {} WHERE mandant_id = $1 AND {key} = $2",
            shadow(table.name)
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(mandant_id)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

// ---- ledgers ------------------------------------------------------------------------------------------------------

/// The second copy of a ledger. Where it stands is kept here and not in a checkpoint row: it begins anew after an abort.
struct Copy<'a> {
    store: &'a EventStore,
    ledger: &'a dyn Ledger,
    positions: BTreeMap<Uuid, i64>,
    events: u64,
}

impl Copy<'_> {
    /// Carries one page of a company's log into the shadow tables.
    async fn page(&mut self, connection: &mut PgConnection, mandant_id: Uuid, head: i64) -> Result<(), LedgerError> {
        let reached = self.positions.entry(mandant_id).or_insert(0);
        let registry = self.store.registry();
        let done = page(connection, registry, self.ledger, mandant_id, *reached, head, &shadow).await?;
        *reached = done.reached;
        self.events += u64::try_from(done.events).unwrap_or_default();
        Ok(())
    }

    fn at(&self, mandant_id: Uuid) -> i64 {
        self.positions.get(&mandant_id).copied().unwrap_or(0)
    }
}

async fn one_ledger(store: &EventStore, ledger: &dyn Ledger) -> anyhow::Result<u64> {
    let mut connection = store.pool().acquire().await?;
    shadow::create(&mut connection, ledger.tables()).await?;
    let mut copy = Copy {
        store,
        ledger,
        positions: BTreeMap::new(),
        events: 0,
    };
    // Without holding anybody up, page by page, each in a transaction of its own.
    for _ in 0..PASSES {
        let mut behind = 0;
        for (mandant_id, head) in store.heads().await? {
            behind += head - copy.at(mandant_id);
            while copy.at(mandant_id) < head {
                let mut transaction = connection.begin().await?;
                copy.page(&mut transaction, mandant_id, head).await?;
                transaction.commit().await?;
            }
        }
        if behind <= LITTLE {
            break;
        }
    }
    shadow::finish(&mut connection, ledger.tables()).await?;
    for attempt in 0.. {
        let mut transaction = connection.begin().await?;
        // An attempt that is rolled back begins again from here.
        let (positions, events) = (copy.positions.clone(), copy.events);
        let done = last_steps_of_ledger(&mut transaction, &mut copy).await;
        if settle(transaction, done, ledger.name(), attempt).await? {
            break;
        }
        (copy.positions, copy.events) = (positions, events);
    }
    Ok(copy.events)
}

/// Locks the live ledger, carries the copy to the heads, moves the checkpoints and swaps.
async fn last_steps_of_ledger(connection: &mut PgConnection, copy: &mut Copy<'_>) -> anyhow::Result<()> {
    shadow::patience_for_heads(connection).await?;
    // The whole table: nobody moves a ledger until the swap is done, nor begins one for a new company.
    sqlx::query("LOCK TABLE projektion.stand IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *connection)
        .await?;
    shadow::lock(connection, copy.ledger.tables()).await?;
    let heads: Vec<(Uuid, i64)> = sqlx::query_as("SELECT mandant_id, position FROM log.kopf")
        .fetch_all(&mut *connection)
        .await?;
    for (mandant_id, head) in heads {
        while copy.at(mandant_id) < head {
            copy.page(connection, mandant_id, head).await?;
        }
        sqlx::query(
            "INSERT INTO projektion.stand (projektion, mandant_id, position) VALUES ($1, $2, $3) \
             ON CONFLICT (projektion, mandant_id) DO UPDATE SET position = EXCLUDED.position, fehler = NULL, geaendert_am = now()",
        )
        .bind(copy.ledger.name())
        .bind(mandant_id)
        .bind(copy.at(mandant_id))
        .execute(&mut *connection)
        .await?;
    }
    shadow::swap(connection, copy.ledger.tables()).await?;
    Ok(())
}
