//! Writing the log: the head lock, and one set-based append of a batch inside the caller's transaction.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Recorded, StoreError, tree::Frontier};

/// The head of a company's log, locked until the transaction ends.
#[derive(Debug, Clone)]
pub struct Head {
    /// Position of the last event.
    pub position: i64,
    /// Its recorded_at.
    pub recorded_at: DateTime<Utc>,
    /// Merkle tree over all events.
    pub tree: Frontier,
}

/// Locks the head. Everything that decides must run in a later statement: this one's snapshot predates the lock.
pub async fn lock_head(connection: &mut PgConnection, mandant_id: Uuid) -> Result<Head, StoreError> {
    const LOCK: &str = "SELECT position, recorded_at, baum FROM log.kopf WHERE mandant_id = $1 FOR UPDATE";
    let mut row = sqlx::query(LOCK)
        .bind(mandant_id)
        .fetch_optional(&mut *connection)
        .await?;
    if row.is_none() {
        sqlx::query("INSERT INTO log.kopf (mandant_id) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(mandant_id)
            .execute(&mut *connection)
            .await?;
        row = sqlx::query(LOCK)
            .bind(mandant_id)
            .fetch_optional(&mut *connection)
            .await?;
    }
    let row = row.ok_or(sqlx::Error::RowNotFound)?;
    let position: i64 = row.try_get("position")?;
    let tree = u64::try_from(position)
        .ok()
        .and_then(|size| Frontier::from_bytes(size, row.try_get("baum").ok()?))
        .ok_or_else(|| StoreError::Corrupt {
            mandant_id,
            position,
            reason: "the Merkle frontier does not fit the position".to_owned(),
        })?;
    Ok(Head {
        position,
        recorded_at: row.try_get("recorded_at")?,
        tree,
    })
}

/// The position of the head without locking it; old as soon as it is read.
pub async fn peek_head(connection: &mut PgConnection, mandant_id: Uuid) -> Result<i64, StoreError> {
    let head = sqlx::query_scalar("SELECT position FROM log.kopf WHERE mandant_id = $1")
        .bind(mandant_id)
        .fetch_optional(connection)
        .await?;
    Ok(head.unwrap_or(0))
}

/// A command on record.
#[derive(Debug, Clone)]
pub struct Befehl {
    /// The command's id.
    pub befehl_id: Uuid,
    /// Hash of the request, for commands with an Idempotency-Key.
    pub anfrage_hash: Option<Vec<u8>>,
    /// HTTP status of the first answer.
    pub status: i16,
    /// First position it wrote.
    pub position_von: i64,
    /// Last position it wrote.
    pub position_bis: i64,
    /// The first answer.
    pub antwort: Value,
}

/// The moment of the batch by the database's clock, and which of the given commands are on record. A statement of its
/// own after the head lock.
pub async fn now_and_known(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    befehl_ids: &[Uuid],
) -> Result<(DateTime<Utc>, Vec<Befehl>), StoreError> {
    let rows = sqlx::query(
        "SELECT clock_timestamp() AS jetzt, b.befehl_id, b.anfrage_hash, b.status, b.position_von, b.position_bis, \
                b.antwort::text AS antwort \
         FROM (VALUES (1)) AS eins(n) LEFT JOIN log.befehl b ON b.mandant_id = $1 AND b.befehl_id = ANY($2)",
    )
    .bind(mandant_id)
    .bind(befehl_ids)
    .fetch_all(connection)
    .await?;
    let mut now = None;
    let mut known = Vec::new();
    for row in rows {
        now = Some(row.try_get::<DateTime<Utc>, _>("jetzt")?);
        let Some(befehl_id) = row.try_get::<Option<Uuid>, _>("befehl_id")? else {
            continue;
        };
        let antwort: String = row.try_get("antwort")?;
        known.push(Befehl {
            befehl_id,
            anfrage_hash: row.try_get("anfrage_hash")?,
            status: row.try_get("status")?,
            position_von: row.try_get("position_von")?,
            position_bis: row.try_get("position_bis")?,
            antwort: serde_json::from_str(&antwort).unwrap_or(Value::Null),
        });
    }
    let now = now.ok_or(sqlx::Error::RowNotFound)?;
    Ok((now, known))
}

/// An event ready to be written, with its canonical texts.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// As it will be on record.
    pub recorded: Recorded,
    /// Canonical payload.
    pub payload: String,
    /// Canonical meta.
    pub meta: String,
}

/// Everything a batch writes besides state rows.
#[derive(Debug, Default)]
pub struct Batch {
    /// Events in order.
    pub events: Vec<NewEvent>,
    /// Commands.
    pub befehle: Vec<Befehl>,
    /// Claims to take: scope, key, aggregate type, stream.
    pub claims: Vec<(String, String, String, Uuid)>,
    /// Claims to release: scope, key.
    pub released: Vec<(String, String)>,
    /// Counters after the batch: Nummernkreis, year, last number, date of it.
    pub counters: Vec<(String, i32, i64, Option<NaiveDate>)>,
}

/// Writes events, commands and the new head in one statement, then claims and counters.
pub async fn write(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    head: &Head,
    batch: &Batch,
) -> Result<(), sqlx::Error> {
    write_events(connection, mandant_id, head, batch).await?;
    if !batch.released.is_empty() {
        let (scopes, keys): (Vec<&str>, Vec<&str>) = batch
            .released
            .iter()
            .map(|(scope, key)| (scope.as_str(), key.as_str()))
            .unzip();
        sqlx::query(
            "DELETE FROM log.anspruch a USING unnest($2::text[], $3::text[]) AS w(bereich, schluessel) \
             WHERE a.mandant_id = $1 AND a.bereich = w.bereich AND a.schluessel = w.schluessel",
        )
        .bind(mandant_id)
        .bind(scopes)
        .bind(keys)
        .execute(&mut *connection)
        .await?;
    }
    if !batch.claims.is_empty() {
        sqlx::query(
            "INSERT INTO log.anspruch (mandant_id, bereich, schluessel, aggregate_type, aggregate_id) \
             SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[])",
        )
        .bind(mandant_id)
        .bind(batch.claims.iter().map(|c| c.0.as_str()).collect::<Vec<_>>())
        .bind(batch.claims.iter().map(|c| c.1.as_str()).collect::<Vec<_>>())
        .bind(batch.claims.iter().map(|c| c.2.as_str()).collect::<Vec<_>>())
        .bind(batch.claims.iter().map(|c| c.3).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    }
    if !batch.counters.is_empty() {
        sqlx::query(
            "INSERT INTO log.zaehler (mandant_id, kreis, jahr, stand, letztes_datum) \
             SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::date[]) \
             ON CONFLICT (mandant_id, kreis, jahr) DO UPDATE SET stand = EXCLUDED.stand, letztes_datum = EXCLUDED.letztes_datum",
        )
        .bind(mandant_id)
        .bind(batch.counters.iter().map(|c| c.0.as_str()).collect::<Vec<_>>())
        .bind(batch.counters.iter().map(|c| c.1).collect::<Vec<_>>())
        .bind(batch.counters.iter().map(|c| c.2).collect::<Vec<_>>())
        .bind(batch.counters.iter().map(|c| c.3).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn write_events(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    head: &Head,
    batch: &Batch,
) -> Result<(), sqlx::Error> {
    let events = &batch.events;
    let befehle = &batch.befehle;
    sqlx::query(
        "WITH neu AS ( \
            INSERT INTO log.ereignis (mandant_id, position, event_id, aggregate_type, aggregate_id, version, event_type, \
                event_version, payload, meta, actor, cause, correlation, recorded_at, salt, daten_hash, leaf_hash) \
            SELECT $1, e.position, e.event_id, e.typ, e.id, e.version, e.event_type, e.event_version, e.payload::json, \
                e.meta::json, e.actor, e.cause, e.correlation, $2, e.salt, e.daten_hash, e.leaf_hash \
            FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::uuid[], $7::bigint[], $8::text[], $9::smallint[], \
                $10::text[], $11::text[], $12::text[], $13::uuid[], $14::uuid[], $15::bytea[], $16::bytea[], $17::bytea[]) \
                AS e(position, event_id, typ, id, version, event_type, event_version, payload, meta, actor, cause, \
                     correlation, salt, daten_hash, leaf_hash)), \
         befehle AS ( \
            INSERT INTO log.befehl (mandant_id, befehl_id, anfrage_hash, status, position_von, position_bis, antwort) \
            SELECT $1, b.befehl_id, b.hash, b.status, b.von, b.bis, b.antwort::json \
            FROM unnest($18::uuid[], $19::bytea[], $20::smallint[], $21::bigint[], $22::bigint[], $23::text[]) \
                AS b(befehl_id, hash, status, von, bis, antwort)) \
         UPDATE log.kopf SET position = $24, recorded_at = $2, baum = $25 WHERE mandant_id = $1",
    )
    .bind(mandant_id)
    .bind(head.recorded_at)
    .bind(events.iter().map(|e| e.recorded.position).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.event_id).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.aggregate_type.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.aggregate_id).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.version).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.event_type.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|e| i16::try_from(e.recorded.event_version).unwrap_or(i16::MAX)).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.payload.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.meta.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.actor.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.cause).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.correlation).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.salt.as_slice()).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.daten_hash.as_slice()).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.recorded.leaf_hash.as_slice()).collect::<Vec<_>>())
    .bind(befehle.iter().map(|b| b.befehl_id).collect::<Vec<_>>())
    .bind(befehle.iter().map(|b| b.anfrage_hash.as_deref()).collect::<Vec<_>>())
    .bind(befehle.iter().map(|b| b.status).collect::<Vec<_>>())
    .bind(befehle.iter().map(|b| b.position_von).collect::<Vec<_>>())
    .bind(befehle.iter().map(|b| b.position_bis).collect::<Vec<_>>())
    .bind(befehle.iter().map(|b| b.antwort.to_string()).collect::<Vec<_>>())
    .bind(head.position)
    .bind(head.tree.to_bytes())
    .execute(connection)
    .await?;
    Ok(())
}
