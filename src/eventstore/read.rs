//! Reading the log: whole, by stream, many streams at once.

use std::collections::HashMap;

use aggregates::{context::State, registry::Stored};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{EventStore, Recorded, StoreError};

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

/// Columns of the log in the order that [`from_row`] reads them.
pub(crate) const COLUMNS: &str = "mandant_id, position, event_id, aggregate_type, aggregate_id, version, event_type, \
     event_version, payload::text AS payload, meta::text AS meta, actor, cause, correlation, recorded_at, salt, \
     daten_hash, leaf_hash";

fn bytes<const N: usize>(row: &PgRow, column: &str) -> Result<[u8; N], sqlx::Error> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: "wrong length".into(),
    })
}

pub(crate) fn from_row(row: &PgRow) -> Result<Recorded, StoreError> {
    let mandant_id: Uuid = row.try_get("mandant_id")?;
    let position: i64 = row.try_get("position")?;
    let corrupt = |reason: String| StoreError::Corrupt {
        mandant_id,
        position,
        reason,
    };
    let json = |column: &str| -> Result<serde_json::Value, StoreError> {
        let text: Option<String> = row.try_get(column)?;
        text.map_or(Ok(serde_json::Value::Null), |t| {
            serde_json::from_str(&t).map_err(|e| corrupt(format!("{column}: {e}")))
        })
    };
    Ok(Recorded {
        mandant_id,
        position,
        event_id: row.try_get("event_id")?,
        aggregate_type: row.try_get("aggregate_type")?,
        aggregate_id: row.try_get("aggregate_id")?,
        version: row.try_get("version")?,
        event_type: row.try_get("event_type")?,
        event_version: u16::try_from(row.try_get::<i16, _>("event_version")?).unwrap_or_default(),
        payload: json("payload")?,
        meta: json("meta")?,
        actor: row.try_get("actor")?,
        cause: row.try_get("cause")?,
        correlation: row.try_get("correlation")?,
        recorded_at: row.try_get("recorded_at")?,
        salt: bytes(row, "salt")?,
        daten_hash: bytes(row, "daten_hash")?,
        leaf_hash: bytes(row, "leaf_hash")?,
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
        let head = sqlx::query_scalar("SELECT position FROM log.kopf WHERE mandant_id = $1")
            .bind(mandant_id)
            .fetch_optional(self.pool())
            .await?;
        Ok(head.unwrap_or(0))
    }

    /// Heads of all companies.
    pub async fn heads(&self) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let rows = sqlx::query_as("SELECT mandant_id, position FROM log.kopf ORDER BY mandant_id")
            .fetch_all(self.pool())
            .await?;
        Ok(rows)
    }

    /// A page of a company's log in order.
    pub async fn page(&self, mandant_id: Uuid, range: Range<'_>, limit: i64) -> Result<Vec<Recorded>, StoreError> {
        let mut connection = self.pool().acquire().await?;
        page(&mut connection, mandant_id, range, limit).await
    }

    /// The events of one stream in order, up to a version.
    pub async fn stream(
        &self,
        mandant_id: Uuid,
        typ: &str,
        id: Uuid,
        to_version: Option<i64>,
    ) -> Result<Vec<Recorded>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM log.ereignis WHERE mandant_id = $1 AND aggregate_type = $2 AND aggregate_id = $3 \
             AND version <= $4 ORDER BY version"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(mandant_id)
            .bind(typ)
            .bind(id)
            .bind(to_version.unwrap_or(i64::MAX))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// All events of one stream on a given connection.
    pub async fn stream_on(
        &self,
        connection: &mut PgConnection,
        mandant_id: Uuid,
        typ: &str,
        id: Uuid,
    ) -> Result<Vec<Recorded>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM log.ereignis WHERE mandant_id = $1 AND aggregate_type = $2 AND aggregate_id = $3 \
             ORDER BY version"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(mandant_id)
            .bind(typ)
            .bind(id)
            .fetch_all(connection)
            .await?;
        rows.iter().map(from_row).collect()
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
        let mut loaded = HashMap::with_capacity(keys.len());
        for (typ, id) in keys {
            let entry = self
                .registry()
                .entry(typ)
                .ok_or_else(|| StoreError::UnknownType((*typ).to_owned()))?;
            loaded.insert(
                (*typ, *id),
                Loaded {
                    version: 0,
                    position: 0,
                    began_at: None,
                    state: entry.empty(),
                },
            );
        }
        let ids: Vec<Uuid> = keys.iter().map(|(_, id)| *id).collect();
        self.load_snapshots(connection, mandant_id, &ids, &mut loaded).await?;
        let from: Vec<i64> = keys
            .iter()
            .map(|key| loaded.get(key).map_or(0, |l| l.version))
            .collect();
        let types: Vec<&str> = keys.iter().map(|(typ, _)| *typ).collect();
        let rows = sqlx::query(
            "SELECT e.aggregate_type, e.aggregate_id, e.version, e.position, e.event_type, e.event_version, \
                    e.payload::text AS payload, e.recorded_at \
             FROM unnest($2::text[], $3::uuid[], $4::bigint[]) AS k(typ, id, ab) \
             JOIN log.ereignis e ON e.mandant_id = $1 AND e.aggregate_id = k.id AND e.aggregate_type = k.typ \
              AND e.version > k.ab \
             ORDER BY e.aggregate_id, e.aggregate_type, e.version",
        )
        .bind(mandant_id)
        .bind(&types)
        .bind(&ids)
        .bind(&from)
        .fetch_all(connection)
        .await?;
        let mut rest = rows.as_slice();
        while let Some(first) = rest.first() {
            let (typ, id): (String, Uuid) = (first.try_get("aggregate_type")?, first.try_get("aggregate_id")?);
            let mut count = 0;
            for row in rest {
                if row.try_get::<Uuid, _>("aggregate_id")? != id || row.try_get::<&str, _>("aggregate_type")? != typ {
                    break;
                }
                count += 1;
            }
            let (run, after) = rest.split_at(count);
            self.fold_run(mandant_id, &typ, id, run, &mut loaded)?;
            rest = after;
        }
        Ok(loaded)
    }

    /// Folds the rows of one stream onto what is loaded of it.
    fn fold_run(
        &self,
        mandant_id: Uuid,
        typ: &str,
        id: Uuid,
        rows: &[PgRow],
        loaded: &mut HashMap<StreamKey, Loaded>,
    ) -> Result<(), StoreError> {
        let entry = self
            .registry()
            .entry(typ)
            .ok_or_else(|| StoreError::UnknownType(typ.to_owned()))?;
        let Some(target) = loaded.get_mut(&(entry.typ, id)) else {
            return Ok(());
        };
        let mut parsed = Vec::with_capacity(rows.len());
        for row in rows {
            let position: i64 = row.try_get("position")?;
            let corrupt = |reason: String| StoreError::Corrupt {
                mandant_id,
                position,
                reason,
            };
            let text: Option<String> = row.try_get("payload")?;
            let text = text.ok_or_else(|| corrupt("payload was removed; this stream is closed".to_owned()))?;
            let payload = serde_json::from_str(&text).map_err(|e| corrupt(e.to_string()))?;
            let event_version = u16::try_from(row.try_get::<i16, _>("event_version")?).unwrap_or_default();
            parsed.push((row.try_get::<String, _>("event_type")?, event_version, payload));
            target.version = row.try_get("version")?;
            target.position = position;
            if target.began_at.is_none() {
                target.began_at = Some(row.try_get("recorded_at")?);
            }
        }
        let stored: Vec<Stored<'_>> = parsed
            .iter()
            .map(|(event_type, event_version, payload)| Stored {
                event_type,
                event_version: *event_version,
                payload,
            })
            .collect();
        target.state = entry.fold(&target.state, &stored)?;
        Ok(())
    }

    async fn load_snapshots(
        &self,
        connection: &mut PgConnection,
        mandant_id: Uuid,
        ids: &[Uuid],
        loaded: &mut HashMap<StreamKey, Loaded>,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query(
            "SELECT aggregate_type, aggregate_id, schema_hash, version, zustand::text AS zustand \
             FROM log.schnappschuss WHERE mandant_id = $1 AND aggregate_id = ANY($2)",
        )
        .bind(mandant_id)
        .bind(ids)
        .fetch_all(connection)
        .await?;
        for row in rows {
            let typ: String = row.try_get("aggregate_type")?;
            let Some(entry) = self.registry().entry(&typ) else {
                continue;
            };
            let Some(target) = loaded.get_mut(&(entry.typ, row.try_get("aggregate_id")?)) else {
                continue;
            };
            // A snapshot of another shape is as good as none.
            if row.try_get::<String, _>("schema_hash")? != entry.schema_hash {
                continue;
            }
            let state = serde_json::from_str(&row.try_get::<String, _>("zustand")?)
                .ok()
                .and_then(|v| entry.from_json(v));
            if let Some(state) = state {
                target.state = state;
                target.version = row.try_get("version")?;
            }
        }
        Ok(())
    }
}

/// A page of a company's log on a given connection.
pub async fn page(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    range: Range<'_>,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM log.ereignis WHERE mandant_id = $1 AND position > $2 AND position <= $3 \
         AND ($4::text[] IS NULL OR aggregate_type = ANY($4)) ORDER BY position LIMIT $5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(range.after)
        .bind(range.to.unwrap_or(i64::MAX))
        .bind(range.types)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(from_row).collect()
}
