//! State tables: filled from the log by several workers, each with a part of the streams; caught up and swapped.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use projections::{StateModel, state::Columns};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    LITTLE, PASSES, claims,
    rows::{Buffer, Stream},
    settle,
    shadow::{self, shadow},
};
use crate::eventstore::{
    EventStore, Slim,
    read::{self, Form},
};

/// Rows written at once; bounds the memory whatever the length of the log.
const ROWS: usize = 5_000;

pub(super) async fn state_tables(
    store: &EventStore,
    model: StateModel,
    columns: &Columns,
    workers: usize,
) -> anyhow::Result<Built> {
    let names = table_names(model);
    let mut connection = store.unhurried().await?;
    shadow::create(&mut connection, &names).await?;
    claims::create(&mut connection, &shadow, false).await?;
    let mut heads: BTreeMap<Uuid, i64> = store.heads().await?.into_iter().collect();
    // Dropped on an error, it stops the other workers.
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (store, columns) = (store.clone(), columns.clone());
        tasks.spawn(async move {
            let mut reader = store.unhurried().await?;
            let mut writer = store.unhurried().await?;
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
    claims::suspect(&mut connection, &shadow, model.typ).await?;
    let mut attempt = 0;
    loop {
        let mut transaction = connection.begin().await?;
        let done = last_steps_of_state(store, &mut transaction, model, columns, heads.clone()).await;
        if let Some(mended) = settle(transaction, done, model.typ, attempt).await? {
            return Ok(Built { events, mended });
        }
        attempt += 1;
    }
}

/// What came of a rebuild of state tables.
pub(super) struct Built {
    pub events: u64,
    /// Claims that were not as the log has them.
    pub mended: u64,
}

/// Locks the heads and the live tables, writes what moved since, mends the claims, and swaps.
async fn last_steps_of_state(
    store: &EventStore,
    connection: &mut PgConnection,
    model: StateModel,
    columns: &Columns,
    mut heads: BTreeMap<Uuid, i64>,
) -> anyhow::Result<u64> {
    let names = table_names(model);
    shadow::patience_for_heads(connection).await?;
    // The order of a writer: first the head, then its tables.
    sqlx::query("SELECT FROM log.kopf ORDER BY mandant_id FOR UPDATE")
        .execute(&mut *connection)
        .await?;
    // Before the last look, since a company that begins just now has no head to lock.
    shadow::lock(connection, &names).await?;
    moved(store, connection, model, columns, &mut heads).await?;
    let mended = claims::mend(connection, &shadow, model.typ).await?;
    shadow::swap(connection, &names).await?;
    Ok(mended)
}

/// The live tables of a model.
pub(super) fn table_names(model: StateModel) -> Vec<&'static str> {
    model.tables.iter().map(|t| t.name).collect()
}

/// A worker's part of the streams.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub worker: usize,
    pub workers: usize,
}

/// Folds the streams of a part and writes their rows.
pub(super) async fn fill(
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
        Slim::COLUMNS
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
        let event = Slim::from_row(&row)?;
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
            for event in read::stream::<Slim>(&mut *connection, mandant_id, model.typ, id, None).await? {
                stream
                    .get_or_insert_with(|| Stream::of(&event))
                    .push(store, model, event)?;
            }
            clear(connection, model, mandant_id, id).await?;
            claims::clear(connection, &shadow, mandant_id, id).await?;
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
