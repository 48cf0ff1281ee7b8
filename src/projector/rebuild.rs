//! Rebuilding read models beside the live ones, without downtime: shadow tables in schema `umbau`, filled from the log,
//! caught up, and swapped in by rename in one short transaction. What an aborted rebuild leaves is dropped by the next.

use std::{collections::BTreeMap, fmt, time::Instant};

use futures::TryStreamExt;
use projections::{
    Ledger, StateModel, Table,
    state::{Change, Columns, child_rows, head_row, upsert_sql},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use uuid::Uuid;

use super::page;
use crate::eventstore::{EventStore, Recorded, StoreError, read};

/// Rows written at once; bounds the memory whatever the length of the log.
const ROWS: usize = 2_000;

/// What a rebuild did.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(String, u64, u64)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24} {:>12} {:>12}", "Lesemodell", "Ereignisse", "ms")?;
        for (name, events, millis) in &self.lines {
            writeln!(f, "{name:<24} {events:>12} {millis:>12}")?;
        }
        write!(f, "Neu aufgebaut und eingewechselt.")
    }
}

/// The name of a shadow table.
fn shadow(table: &str) -> String {
    format!("umbau.{}", table.replace('.', "__"))
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
    let (models, ledgers) = chosen(names)?;
    let columns = Columns::load(&mut *store.pool().acquire().await?).await?;
    let mut report = Report::default();
    for model in models {
        progress(model.typ);
        let begin = Instant::now();
        let events = state_tables(store, model, &columns, workers.clamp(1, 16)).await?;
        report.lines.push((model.typ.to_owned(), events, millis(begin)));
    }
    for ledger in ledgers {
        progress(ledger.name());
        let begin = Instant::now();
        let events = one_ledger(store, &*ledger).await?;
        report.lines.push((ledger.name().to_owned(), events, millis(begin)));
    }
    Ok(report)
}

fn millis(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

// ---- state tables -------------------------------------------------------------------------------------------------

async fn state_tables(store: &EventStore, model: StateModel, columns: &Columns, workers: usize) -> anyhow::Result<u64> {
    let names: Vec<&str> = model.tables.iter().map(|t| t.name).collect();
    let mut connection = store.pool().acquire().await?;
    create_shadows(&mut connection, &names).await?;
    let mut heads: BTreeMap<Uuid, i64> = store.heads().await?.into_iter().collect();
    let mut tasks = Vec::new();
    for worker in 0..workers {
        let (store, columns) = (store.clone(), columns.clone());
        tasks.push(tokio::spawn(async move {
            let mut reader = store.pool().acquire().await?;
            let mut writer = store.pool().acquire().await?;
            let part = Part { worker, workers };
            fill(&store, &mut reader, &mut writer, model, &columns, part, &shadow).await
        }));
    }
    let mut events = 0;
    for task in tasks {
        events += task.await??;
    }
    // Most of what moved meanwhile is caught up without holding anybody up.
    moved(store, &mut connection, model, columns, &mut heads).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT FROM log.kopf ORDER BY mandant_id FOR UPDATE")
        .execute(&mut *transaction)
        .await?;
    moved(store, &mut transaction, model, columns, &mut heads).await?;
    swap(&mut transaction, &names).await?;
    transaction.commit().await?;
    Ok(events)
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
    let mut stream: Vec<Recorded> = Vec::new();
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let event = read::from_row(&row)?;
        count += 1;
        let same = |last: &Recorded| last.mandant_id == event.mandant_id && last.aggregate_id == event.aggregate_id;
        if !stream.last().is_none_or(same) {
            buffer.add(store, &std::mem::take(&mut stream))?;
            if buffer.len() >= ROWS {
                buffer.flush(writer, columns, target).await?;
            }
        }
        stream.push(event);
    }
    buffer.add(store, &stream)?;
    buffer.flush(writer, columns, target).await?;
    Ok(count)
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
    fn add(&mut self, store: &EventStore, stream: &[Recorded]) -> anyhow::Result<()> {
        let (Some(first), Some(last)) = (stream.first(), stream.last()) else {
            return Ok(());
        };
        let entry = store
            .registry()
            .entry(self.model.typ)
            .ok_or_else(|| StoreError::UnknownType(self.model.typ.to_owned()))?;
        let stored: Vec<_> = stream.iter().map(Recorded::stored).collect();
        let state = entry.to_json(&entry.fold(&entry.empty(), &stored)?);
        let change = Change {
            model: self.model,
            mandant_id: last.mandant_id,
            id: last.aggregate_id,
            version: last.version,
            position: last.position,
            angelegt_am: Some(first.recorded_at),
            geaendert_am: last.recorded_at,
            old: None,
            new: &state,
        };
        let owner = format!("{}_id", self.model.typ);
        for (index, table) in self.model.tables.iter().enumerate() {
            let rows = self.rows.entry(index).or_default();
            if table.is_head() {
                rows.push(head_row(&change));
            } else {
                rows.extend(child_rows(table, &owner, last.mandant_id, last.aggregate_id, &state).into_values());
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
        let owner = format!("{}_id", self.model.typ);
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

/// Writes the streams that moved since `heads` anew, and moves `heads` along.
async fn moved(
    store: &EventStore,
    connection: &mut PgConnection,
    model: StateModel,
    columns: &Columns,
    heads: &mut BTreeMap<Uuid, i64>,
) -> anyhow::Result<()> {
    let now: Vec<(Uuid, i64)> = sqlx::query_as("SELECT mandant_id, position FROM log.kopf")
        .fetch_all(&mut *connection)
        .await?;
    for (mandant_id, head) in now {
        let known = heads.insert(mandant_id, head).unwrap_or(0);
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
        for id in ids {
            let stream = store.stream_on(&mut *connection, mandant_id, model.typ, id).await?;
            clear(connection, model, mandant_id, id).await?;
            let mut buffer = Buffer::new(model);
            buffer.add(store, &stream)?;
            buffer.flush(connection, columns, &shadow).await?;
        }
    }
    Ok(())
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
            format!("{}_id", model.typ)
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

async fn one_ledger(store: &EventStore, ledger: &dyn Ledger) -> anyhow::Result<u64> {
    let mut connection = store.pool().acquire().await?;
    create_shadows(&mut connection, ledger.tables()).await?;
    let mut positions: BTreeMap<Uuid, i64> = BTreeMap::new();
    // Without holding anybody up, page by page, each in a transaction of its own.
    for (mandant_id, head) in store.heads().await? {
        let reached = positions.entry(mandant_id).or_insert(0);
        while *reached < head {
            let mut transaction = connection.begin().await?;
            *reached = page(
                &mut transaction,
                store.registry(),
                ledger,
                mandant_id,
                *reached,
                head,
                &shadow,
            )
            .await?;
            transaction.commit().await?;
        }
    }
    let mut transaction = connection.begin().await?;
    // Nobody moves a ledger until the swap is done.
    sqlx::query("LOCK TABLE projektion.stand IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    let heads: Vec<(Uuid, i64)> = sqlx::query_as("SELECT mandant_id, position FROM log.kopf")
        .fetch_all(&mut *transaction)
        .await?;
    for (mandant_id, head) in heads {
        let reached = positions.entry(mandant_id).or_insert(0);
        while *reached < head {
            *reached = page(
                &mut transaction,
                store.registry(),
                ledger,
                mandant_id,
                *reached,
                head,
                &shadow,
            )
            .await?;
        }
        sqlx::query(
            "INSERT INTO projektion.stand (projektion, mandant_id, position) VALUES ($1, $2, $3) \
             ON CONFLICT (projektion, mandant_id) DO UPDATE SET position = EXCLUDED.position, fehler = NULL, geaendert_am = now()",
        )
        .bind(ledger.name())
        .bind(mandant_id)
        .bind(*reached)
        .execute(&mut *transaction)
        .await?;
    }
    swap(&mut transaction, ledger.tables()).await?;
    transaction.commit().await?;
    Ok(positions.values().map(|p| u64::try_from(*p).unwrap_or_default()).sum())
}

// ---- shadow tables ------------------------------------------------------------------------------------------------

async fn create_shadows(connection: &mut PgConnection, tables: &[&str]) -> Result<(), sqlx::Error> {
    for table in tables {
        let name = shadow(table);
        for sql in [
            format!("DROP TABLE IF EXISTS {name} CASCADE"),
            format!("CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"),
        ] {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Puts the shadow tables in the place of the live ones, with their foreign keys, row-level security and rights, which
/// `LIKE` does not copy.
async fn swap(connection: &mut PgConnection, tables: &[&str]) -> Result<(), sqlx::Error> {
    let mut after = Vec::new();
    for table in tables {
        let keys = sqlx::query(
            "SELECT conname::text AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint \
             WHERE conrelid = $1::regclass AND contype = 'f'",
        )
        .bind(*table)
        .fetch_all(&mut *connection)
        .await?;
        for key in keys {
            let (name, text): (String, String) = (key.try_get("name")?, key.try_get("text")?);
            after.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {text}"));
        }
        let comment: Option<String> = sqlx::query_scalar("SELECT obj_description($1::regclass, 'pg_class')")
            .bind(*table)
            .fetch_one(&mut *connection)
            .await?;
        if let Some(comment) = comment {
            let quoted: String = sqlx::query_scalar("SELECT quote_literal($1)")
                .bind(comment)
                .fetch_one(&mut *connection)
                .await?;
            after.push(format!("COMMENT ON TABLE {table} IS {quoted}"));
        }
        after.push(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
        after.push(format!(
            "CREATE POLICY leser ON {table} FOR SELECT TO neuroerp_leser USING (mandant_id = (SELECT log.leser_mandant()))"
        ));
        after.push(format!("GRANT SELECT ON {table} TO neuroerp_leser"));
    }
    let mut statements = Vec::new();
    // Children first, since their foreign keys name the heads.
    statements.extend(tables.iter().rev().map(|table| format!("DROP TABLE {table}")));
    for table in tables {
        let (schema, name) = table.split_once('.').unwrap_or(("public", table));
        let shadow = shadow(table);
        let bare = shadow.trim_start_matches("umbau.");
        statements.push(format!("ALTER TABLE {shadow} SET SCHEMA {schema}"));
        statements.push(format!("ALTER TABLE {schema}.{bare} RENAME TO {name}"));
    }
    statements.extend(after);
    for sql in statements {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    Ok(())
}

// ---- checking -----------------------------------------------------------------------------------------------------

/// Something that is not as it should be.
#[derive(Debug)]
pub struct Difference {
    /// Where.
    pub place: String,
    /// What.
    pub text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// The name of a comparison table.
fn fresh(table: &str) -> String {
    format!("pg_temp.{}", table.replace('.', "__"))
}

/// Compares read models with a fresh build in one consistent snapshot, and checks the log itself: no gap, every hash,
/// the Merkle tree, Soll = Haben. Changes nothing.
pub async fn verify(store: &EventStore, names: Option<&[String]>) -> anyhow::Result<Vec<Difference>> {
    let (models, ledgers) = chosen(names)?;
    let mut differences = Vec::new();
    let mut reader = store.pool().acquire().await?;
    let mut writer = store.pool().acquire().await?;
    let columns = Columns::load(&mut reader).await?;
    let mut reading = reader
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let snapshot: String = sqlx::query_scalar("SELECT pg_export_snapshot()")
        .fetch_one(&mut *reading)
        .await?;
    let mut writing = writer.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    sqlx::query(AssertSqlSafe(format!("SET TRANSACTION SNAPSHOT '{snapshot}'")))
        .execute(&mut *writing)
        .await?;
    check_log(store, &mut reading, &mut differences).await?;
    let whole = Part { worker: 0, workers: 1 };
    for model in models {
        for Table { name, .. } in model.tables {
            create_fresh(&mut writing, name).await?;
        }
        fill(store, &mut reading, &mut writing, model, &columns, whole, &fresh).await?;
        for Table { name, .. } in model.tables {
            compare(&mut writing, &columns, name, &mut differences).await?;
        }
    }
    for ledger in ledgers {
        for table in ledger.tables() {
            create_fresh(&mut writing, table).await?;
        }
        let standings: Vec<(Uuid, i64, Option<String>)> =
            sqlx::query_as("SELECT mandant_id, position, fehler FROM projektion.stand WHERE projektion = $1")
                .bind(ledger.name())
                .fetch_all(&mut *writing)
                .await?;
        for (mandant_id, position, fehler) in standings {
            if let Some(fehler) = fehler {
                differences.push(Difference {
                    place: ledger.name().to_owned(),
                    text: format!("angehalten: {fehler}"),
                });
            }
            let mut reached = 0;
            while reached < position {
                reached = page(
                    &mut writing,
                    store.registry(),
                    &*ledger,
                    mandant_id,
                    reached,
                    position,
                    &fresh,
                )
                .await?;
            }
        }
        for table in ledger.tables() {
            compare(&mut writing, &columns, table, &mut differences).await?;
        }
    }
    writing.rollback().await?;
    reading.rollback().await?;
    Ok(differences)
}

async fn create_fresh(connection: &mut PgConnection, table: &str) -> Result<(), sqlx::Error> {
    let name = fresh(table);
    let sql = format!(
        "CREATE TEMPORARY TABLE {} (LIKE {table} INCLUDING GENERATED INCLUDING INDEXES) ON COMMIT DROP",
        name.trim_start_matches("pg_temp.")
    );
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Rows that only one side has, at most ten of each.
async fn compare(
    connection: &mut PgConnection,
    columns: &Columns,
    table: &str,
    differences: &mut Vec<Difference>,
) -> Result<(), sqlx::Error> {
    let list = columns.of(table).join(", ");
    let fresh = fresh(table);
    for (one, other, text) in [
        (table, fresh.as_str(), "steht nur im laufenden Lesemodell"),
        (fresh.as_str(), table, "fehlt im laufenden Lesemodell"),
    ] {
        let sql = format!(
            "SELECT to_jsonb(d)::text FROM (SELECT {list} FROM {one} EXCEPT SELECT {list} FROM {other} LIMIT 10) AS d"
        );
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut *connection)
            .await?;
        differences.extend(rows.into_iter().map(|row| Difference {
            place: table.to_owned(),
            text: format!("{text}: {row}"),
        }));
    }
    Ok(())
}

/// Walks the whole log of every company.
async fn check_log(
    store: &EventStore,
    connection: &mut PgConnection,
    differences: &mut Vec<Difference>,
) -> anyhow::Result<()> {
    let heads: Vec<(Uuid, i64, Vec<u8>)> =
        sqlx::query_as("SELECT mandant_id, position, baum FROM log.kopf ORDER BY mandant_id")
            .fetch_all(&mut *connection)
            .await?;
    for (mandant_id, head, baum) in heads {
        let place = format!("Journal {mandant_id}");
        let mut found = |text: String| {
            differences.push(Difference {
                place: place.clone(),
                text,
            });
        };
        let mut tree = crate::eventstore::tree::Frontier::default();
        let mut position = 0;
        let sql = format!(
            "SELECT {} FROM log.ereignis WHERE mandant_id = $1 ORDER BY position",
            read::COLUMNS
        );
        let mut rows = sqlx::query(AssertSqlSafe(sql)).bind(mandant_id).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let event = read::from_row(&row)?;
            position += 1;
            if event.position != position {
                found(format!("Lücke: auf Position {} folgt {}", position - 1, event.position));
                position = event.position;
            }
            if let Err(text) = event.check(store.registry()) {
                found(format!("Position {}: {text}", event.position));
            }
            tree.push(event.leaf_hash);
        }
        drop(rows);
        if position != head {
            found(format!(
                "der Kopf nennt Position {head}, das letzte Ereignis hat {position}"
            ));
        }
        if tree.to_bytes() != baum {
            found("der Merkle-Baum des Kopfs ist nicht der der Ereignisse".to_owned());
        }
    }
    let unequal: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT mandant_id, log_position FROM fibu.journalzeile GROUP BY 1, 2 HAVING sum(soll) <> sum(haben) LIMIT 10",
    )
    .fetch_all(connection)
    .await?;
    differences.extend(unequal.into_iter().map(|(mandant_id, position)| Difference {
        place: format!("Journal {mandant_id}"),
        text: format!("Position {position}: Soll ist nicht gleich Haben"),
    }));
    Ok(())
}
