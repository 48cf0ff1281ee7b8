//! Reading the log: whole, by stream, many streams at once.

use std::collections::HashMap;

use aggregates::{Entry, context::State, registry::Stored};
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{EventStore, Recorded, Slim, StoreError};

/// Events of a long stream that are in memory at once while it is folded.
const FOLDED_AT_ONCE: usize = 256;

/// A stream's name within a company.
pub type StreamKey = (&'static str, Uuid);

/// A folded stream.
#[derive(Clone)]
pub struct Loaded {
    /// Version; 0 for a stream without events.
    pub version: i64,
    /// Position of its last event.
    pub position: i64,
    /// When it began.
    pub began_at: Option<DateTime<Utc>>,
    /// Folded state.
    pub state: State,
}

/// A form in which events are read: as much of them as the reader needs.
pub trait Form: Sized {
    /// Columns of the log.
    const COLUMNS: &'static str;
    /// From a row with these columns.
    fn from_row(row: &PgRow) -> Result<Self, StoreError>;
}

impl Form for Recorded {
    const COLUMNS: &'static str = "mandant_id, position, event_id, aggregate_type, aggregate_id, version, event_type, \
         event_version, payload::text AS payload, meta::text AS meta, actor, cause, correlation, recorded_at, salt, \
         daten_hash, leaf_hash";

    fn from_row(row: &PgRow) -> Result<Self, StoreError> {
        Ok(Self {
            mandant_id: row.try_get("mandant_id")?,
            position: row.try_get("position")?,
            event_id: row.try_get("event_id")?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            version: row.try_get("version")?,
            event_type: row.try_get("event_type")?,
            event_version: event_version(row)?,
            payload: json(row, "payload")?,
            meta: json(row, "meta")?,
            actor: row.try_get("actor")?,
            cause: row.try_get("cause")?,
            correlation: row.try_get("correlation")?,
            recorded_at: row.try_get("recorded_at")?,
            salt: bytes(row, "salt")?,
            daten_hash: bytes(row, "daten_hash")?,
            leaf_hash: bytes(row, "leaf_hash")?,
        })
    }
}

impl Form for Slim {
    const COLUMNS: &'static str = "mandant_id, position, event_id, aggregate_type, aggregate_id, version, event_type, \
         event_version, payload::text AS payload, actor, correlation, recorded_at";

    fn from_row(row: &PgRow) -> Result<Self, StoreError> {
        Ok(Self {
            mandant_id: row.try_get("mandant_id")?,
            position: row.try_get("position")?,
            event_id: row.try_get("event_id")?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            version: row.try_get("version")?,
            event_type: row.try_get("event_type")?,
            event_version: event_version(row)?,
            payload: json(row, "payload")?,
            actor: row.try_get("actor")?,
            correlation: row.try_get("correlation")?,
            recorded_at: row.try_get("recorded_at")?,
        })
    }
}

fn bytes<const N: usize>(row: &PgRow, column: &str) -> Result<[u8; N], sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: "wrong length".into(),
    })
}

fn event_version(row: &PgRow) -> Result<u16, sqlx::Error> {
    Ok(u16::try_from(row.try_get::<i16, _>("event_version")?).unwrap_or_default())
}

/// A JSON column; null for what was removed.
fn json(row: &PgRow, column: &str) -> Result<Value, StoreError> {
    let Some(text) = row.try_get::<Option<&str>, _>(column)? else {
        return Ok(Value::Null);
    };
    let (mandant_id, position) = (row.try_get("mandant_id")?, row.try_get("position")?);
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt {
        mandant_id,
        position,
        reason: format!("{column}: {error}"),
    })
}

/// Which part of the log to read.
#[derive(Debug, Clone, Default)]
pub struct Range<'a> {
    /// Only positions after this one.
    pub after: i64,
    /// Only positions up to this one.
    pub to: Option<i64>,
    /// Only these aggregate types.
    pub types: Option<&'a [String]>,
}

impl EventStore {
    /// Position of the last event of a company; 0 if there is none.
    pub async fn head(&self, mandant_id: Uuid) -> Result<i64, StoreError> {
        let mut connection = self.pool().acquire().await?;
        Ok(log_end(&mut connection, mandant_id).await?.position)
    }

    /// Heads of all companies.
    pub async fn heads(&self) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let rows = sqlx::query_as("SELECT mandant_id, position FROM log.kopf ORDER BY mandant_id")
            .fetch_all(self.engine())
            .await?;
        Ok(rows)
    }

    /// A page of a company's log in order, for readers outside the engine: they take no connection from the writers.
    pub async fn page(&self, mandant_id: Uuid, range: Range<'_>, limit: i64) -> Result<Vec<Recorded>, StoreError> {
        let mut connection = self.pool().acquire().await?;
        page(&mut connection, mandant_id, range, limit).await
    }

    /// Position of the last event recorded at or before a moment.
    pub async fn position_at(&self, mandant_id: Uuid, moment: DateTime<Utc>) -> Result<i64, StoreError> {
        // recorded_at never falls within a log, so the last row by time is the last by position.
        let position = sqlx::query_scalar(
            "SELECT max(position) FROM log.ereignis WHERE mandant_id = $1 AND recorded_at = \
             (SELECT max(recorded_at) FROM log.ereignis WHERE mandant_id = $1 AND recorded_at <= $2)",
        )
        .bind(mandant_id)
        .bind(moment)
        .fetch_one(self.pool())
        .await?;
        Ok(Option::unwrap_or(position, 0))
    }

    /// Folds many streams of a company at once, from snapshots where there are any. Streams without events come back
    /// with version 0.
    pub async fn load(
        &self,
        connection: &mut PgConnection,
        mandant_id: Uuid,
        keys: &[StreamKey],
    ) -> Result<HashMap<StreamKey, Loaded>, StoreError> {
        match self.load_from(connection, mandant_id, keys, true).await? {
            Some(loaded) => Ok(loaded),
            // A snapshot that cannot be read is as good as none.
            None => Ok(self
                .load_from(connection, mandant_id, keys, false)
                .await?
                .unwrap_or_default()),
        }
    }

    /// `None` if a snapshot is not readable.
    async fn load_from(
        &self,
        connection: &mut PgConnection,
        mandant_id: Uuid,
        keys: &[StreamKey],
        snapshots: bool,
    ) -> Result<Option<HashMap<StreamKey, Loaded>>, StoreError> {
        let mut loaded = HashMap::with_capacity(keys.len());
        let mut shapes = Vec::with_capacity(keys.len());
        for (typ, id) in keys {
            let entry = self.entry(typ)?;
            loaded.insert((*typ, *id), Loaded::empty(entry));
            shapes.push(entry.schema_hash.as_str());
        }
        let rows = sqlx::query(LOAD)
            .bind(mandant_id)
            .bind(keys.iter().map(|(typ, _)| *typ).collect::<Vec<_>>())
            .bind(keys.iter().map(|(_, id)| *id).collect::<Vec<_>>())
            .bind(shapes)
            .bind(snapshots)
            .fetch_all(connection)
            .await?;
        for run in rows.chunk_by(same_stream) {
            let Some(first) = run.first() else { continue };
            let entry = self.entry(first.try_get("aggregate_type")?)?;
            let key = (entry.typ, first.try_get("aggregate_id")?);
            let Some(target) = loaded.get_mut(&key) else { continue };
            if let Some(zustand) = first.try_get::<Option<&str>, _>("zustand")? {
                let state = serde_json::from_str(zustand).ok().and_then(|v| entry.from_json(v));
                let Some(state) = state else { return Ok(None) };
                target.state = state;
                target.version = first.try_get("schnappschuss")?;
            }
            fold_run(entry, run, target)?;
        }
        Ok(Some(loaded))
    }

    /// A stream as it was with this version: from its snapshot if that is no newer, event by event as they come. Refused
    /// if the content of one was removed.
    pub async fn load_until(
        &self,
        connection: &mut PgConnection,
        mandant_id: Uuid,
        (typ, id): StreamKey,
        version: i64,
    ) -> Result<Loaded, StoreError> {
        let entry = self.entry(typ)?;
        let snapshot: Option<(i64, String)> = sqlx::query_as(
            "SELECT version, zustand::text FROM log.schnappschuss WHERE mandant_id = $1 AND aggregate_type = $2 \
             AND aggregate_id = $3 AND schema_hash = $4 AND version <= $5",
        )
        .bind(mandant_id)
        .bind(typ)
        .bind(id)
        .bind(&entry.schema_hash)
        .bind(version)
        .fetch_optional(&mut *connection)
        .await?;
        let mut loaded = Loaded::empty(entry);
        // A snapshot that cannot be read is as good as none.
        if let Some((at, zustand)) = snapshot
            && let Some(state) = serde_json::from_str(&zustand).ok().and_then(|v| entry.from_json(v))
        {
            (loaded.version, loaded.state) = (at, state);
        }
        let mut rows = sqlx::query(
            "SELECT mandant_id, version, position, event_type, event_version, payload::text AS payload, recorded_at \
             FROM log.ereignis WHERE mandant_id = $1 AND aggregate_type = $2 AND aggregate_id = $3 \
             AND version > $4 AND version <= $5 ORDER BY version",
        )
        .bind(mandant_id)
        .bind(typ)
        .bind(id)
        .bind(loaded.version)
        .bind(version)
        .fetch(connection)
        .try_chunks(FOLDED_AT_ONCE);
        while let Some(chunk) = rows.try_next().await.map_err(|error| error.1)? {
            fold_run(entry, &chunk, &mut loaded)?;
        }
        Ok(loaded)
    }

    fn entry(&self, typ: &str) -> Result<&Entry, StoreError> {
        let entry = self.registry().entry(typ);
        entry.ok_or_else(|| StoreError::UnknownType(typ.to_owned()))
    }
}

impl Loaded {
    /// A stream without events.
    pub(crate) fn empty(entry: &Entry) -> Self {
        Self {
            version: 0,
            position: 0,
            began_at: None,
            state: entry.empty(),
        }
    }
}

/// The snapshot of each stream, if it has one of the right shape, and the events after it. The snapshot comes with the
/// first of its rows only.
const LOAD: &str = "SELECT k.typ AS aggregate_type, k.id AS aggregate_id, s.version AS schnappschuss, \
        CASE WHEN e.version IS NULL OR e.version = s.version + 1 THEN s.zustand::text END AS zustand, \
        e.mandant_id, e.version, e.position, e.event_type, e.event_version, e.payload::text AS payload, e.recorded_at \
     FROM unnest($2::text[], $3::uuid[], $4::text[]) AS k(typ, id, form) \
     LEFT JOIN log.schnappschuss s ON $5 AND s.mandant_id = $1 AND s.aggregate_type = k.typ AND s.aggregate_id = k.id \
        AND s.schema_hash = k.form \
     LEFT JOIN log.ereignis e ON e.mandant_id = $1 AND e.aggregate_id = k.id AND e.aggregate_type = k.typ \
        AND e.version > coalesce(s.version, 0) \
     ORDER BY k.id, k.typ, e.version";

/// True for rows of the same stream; they bear `aggregate_id` and `aggregate_type`.
pub(crate) fn same_stream(one: &PgRow, other: &PgRow) -> bool {
    let key = |row: &PgRow| -> Result<(Uuid, String), sqlx::Error> {
        Ok((row.try_get("aggregate_id")?, row.try_get("aggregate_type")?))
    };
    matches!((key(one), key(other)), (Ok(one), Ok(other)) if one == other)
}

/// Folds the rows of one stream onto what is loaded of it.
pub(crate) fn fold_run(entry: &Entry, rows: &[PgRow], target: &mut Loaded) -> Result<(), StoreError> {
    let mut parsed = Vec::with_capacity(rows.len());
    for row in rows {
        // A stream without events after its snapshot has one row of nothing.
        let Some(version) = row.try_get::<Option<i64>, _>("version")? else {
            continue;
        };
        let payload = json(row, "payload")?;
        target.version = version;
        target.position = row.try_get("position")?;
        if payload.is_null() {
            return Err(StoreError::Corrupt {
                mandant_id: row.try_get("mandant_id")?,
                position: target.position,
                reason: "payload was removed; this stream is closed".to_owned(),
            });
        }
        if version == 1 {
            target.began_at = Some(row.try_get("recorded_at")?);
        }
        parsed.push((row.try_get::<&str, _>("event_type")?, event_version(row)?, payload));
    }
    let stored: Vec<Stored<'_>> = parsed
        .iter()
        .map(|(event_type, event_version, payload)| Stored {
            event_type,
            event_version: *event_version,
            payload,
        })
        .collect();
    if !stored.is_empty() {
        target.state = entry.fold(&target.state, &stored)?;
    }
    Ok(())
}

/// Where a company's log ends.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct LogEnd {
    /// Position of the last event; 0 if there is none.
    pub position: i64,
    /// Counts restores: positions of another epoch mean other events.
    pub epoche: i32,
}

/// The end of a company's log, without locking it.
pub async fn log_end(connection: &mut PgConnection, mandant_id: Uuid) -> Result<LogEnd, sqlx::Error> {
    let end = sqlx::query_as("SELECT position, epoche FROM log.kopf WHERE mandant_id = $1")
        .bind(mandant_id)
        .fetch_optional(connection)
        .await?;
    Ok(end.unwrap_or(LogEnd { position: 0, epoche: 1 }))
}

/// A page of a company's log on a given connection.
pub async fn page<E: Form>(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    range: Range<'_>,
    limit: i64,
) -> Result<Vec<E>, StoreError> {
    let sql = format!(
        "SELECT {} FROM log.ereignis WHERE mandant_id = $1 AND position > $2 AND position <= $3 \
         AND ($4::text[] IS NULL OR aggregate_type = ANY($4)) ORDER BY position LIMIT $5",
        E::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(range.after)
        .bind(range.to.unwrap_or(i64::MAX))
        .bind(range.types)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(E::from_row).collect()
}

/// The events of one stream in order, up to a version, on a given connection.
pub async fn stream<E: Form>(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    typ: &str,
    id: Uuid,
    to_version: Option<i64>,
) -> Result<Vec<E>, StoreError> {
    let sql = format!(
        "SELECT {} FROM log.ereignis WHERE mandant_id = $1 AND aggregate_type = $2 AND aggregate_id = $3 \
         AND version <= $4 ORDER BY version",
        E::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(typ)
        .bind(id)
        .bind(to_version.unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    rows.iter().map(E::from_row).collect()
}

/// A page of the events of one stream in order, from a version on.
pub async fn stream_page(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    (typ, id): StreamKey,
    from: i64,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let sql = format!(
        "SELECT {} FROM log.ereignis WHERE mandant_id = $1 AND aggregate_type = $2 AND aggregate_id = $3 \
         AND version >= $4 ORDER BY version LIMIT $5",
        Recorded::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(typ)
        .bind(id)
        .bind(from)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(Recorded::from_row).collect()
}
