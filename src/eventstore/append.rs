//! Writing the log: the head lock, and one set-based append of a batch inside the caller's transaction.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use aggregates::context::Counter;
use chrono::{DateTime, NaiveDate, Utc};
use projections::state::{Write, with_parts};
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, Connection, FromRow as _, PgConnection, Postgres, Row, Transaction,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use super::{StoreError, tree::Frontier};

/// The head of a company's log, locked until the transaction ends.
#[derive(Debug, Clone)]
pub struct Head {
    /// Position of the last event.
    pub position: i64,
    /// When the last event was recorded; the next batch is not recorded earlier.
    pub recorded_at: DateTime<Utc>,
    /// Merkle tree over all events.
    pub tree: Frontier,
}

/// Begins a transaction that holds the head, in one round trip. A company without a head is given one first: were it
/// begun by somebody else after the lock was asked for, the lock would hold nothing. Everything that decides must run in
/// a later statement: the snapshot of this one predates the lock. After an error the connection may be in a broken
/// transaction and has to be closed.
pub async fn begin(connection: &mut PgConnection, mandant_id: Uuid) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let sql = format!(
        "BEGIN; INSERT INTO log.kopf (mandant_id) VALUES ('{mandant_id}') ON CONFLICT DO NOTHING; \
         SELECT FROM log.kopf WHERE mandant_id = '{mandant_id}' FOR UPDATE"
    );
    connection.begin_with(AssertSqlSafe(sql)).await
}

/// Where a company's log stands: whoever remembers something of it compares this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct LogMark {
    /// Position of the last event.
    pub position: i64,
    /// Position at which claims were taken or released last.
    #[sqlx(rename = "anspruch_position")]
    pub claims_at: i64,
    /// Counts restores: positions of another epoch mean other events. 0 if nothing is known.
    pub epoche: i32,
}

/// What decisions start from.
#[derive(Debug)]
pub struct Start {
    /// The end of the log under the lock: what is decided comes right behind it.
    pub head: Head,
    /// Where the log stands, as a cache compares it.
    pub mark: LogMark,
    /// The database's clock.
    pub now: DateTime<Utc>,
    /// Commands on record, of those asked for.
    pub known: HashMap<Uuid, Befehl>,
    /// Ids that have events, of those asked for.
    pub begun: HashSet<Uuid>,
}

/// Reads under the lock of [`begin`] what decisions start from: the head, the clock, which of the given commands are on
/// record and which of the given ids have events already. Without the lock, a company may have no head yet.
pub async fn read(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    befehl_ids: &[Uuid],
    stream_ids: &[Uuid],
) -> Result<Start, StoreError> {
    let rows = sqlx::query(
        "SELECT coalesce(k.position, 0) AS position, coalesce(k.recorded_at, 'epoch') AS recorded_at, \
                coalesce(k.baum, '') AS baum, coalesce(k.anspruch_position, 0) AS anspruch_position, \
                coalesce(k.epoche, 1) AS epoche, clock_timestamp() AS jetzt, \
                ARRAY(SELECT s.id FROM unnest($3::uuid[]) AS s(id) WHERE EXISTS ( \
                    SELECT FROM log.ereignis e WHERE e.mandant_id = $1 AND e.aggregate_id = s.id)) AS begonnen, \
                b.befehl_id, b.anfrage_hash, b.status, b.position_von, b.position_bis, b.antwort::text AS antwort \
         FROM (SELECT $1::uuid AS id) m LEFT JOIN log.kopf k ON k.mandant_id = m.id \
             LEFT JOIN log.befehl b ON b.mandant_id = m.id AND b.befehl_id = ANY($2)",
    )
    .bind(mandant_id)
    .bind(befehl_ids)
    .bind(stream_ids)
    .fetch_all(connection)
    .await?;
    let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let position: i64 = first.try_get("position")?;
    let tree = u64::try_from(position)
        .ok()
        .and_then(|size| Frontier::from_bytes(size, first.try_get("baum").ok()?))
        .ok_or_else(|| StoreError::Corrupt {
            mandant_id,
            position,
            reason: "the Merkle frontier does not fit the position".to_owned(),
        })?;
    let mut known = HashMap::new();
    for row in &rows {
        if let Some(befehl_id) = row.try_get::<Option<Uuid>, _>("befehl_id")? {
            known.insert(befehl_id, befehl(row, befehl_id)?);
        }
    }
    Ok(Start {
        head: Head {
            position,
            recorded_at: first.try_get("recorded_at")?,
            tree,
        },
        mark: LogMark::from_row(first)?,
        now: first.try_get("jetzt")?,
        known,
        begun: first.try_get::<Vec<Uuid>, _>("begonnen")?.into_iter().collect(),
    })
}

/// True if this event is on record, and no other in its place.
pub async fn has_leaf(connection: &mut PgConnection, mandant_id: Uuid, event: &NewEvent) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM log.ereignis WHERE mandant_id = $1 AND position = $2 AND leaf_hash = $3)",
    )
    .bind(mandant_id)
    .bind(event.position)
    .bind(event.leaf_hash.as_slice())
    .fetch_one(connection)
    .await
}

/// Where the log stands, without locking it; old as soon as it is read.
pub async fn peek(connection: &mut PgConnection, mandant_id: Uuid) -> Result<LogMark, sqlx::Error> {
    let mark = sqlx::query_as("SELECT position, anspruch_position, epoche FROM log.kopf WHERE mandant_id = $1")
        .bind(mandant_id)
        .fetch_optional(connection)
        .await?;
    Ok(mark.unwrap_or(LogMark {
        epoche: 1,
        ..LogMark::default()
    }))
}

/// All counters of a company.
pub async fn counters(
    connection: &mut PgConnection,
    mandant_id: Uuid,
) -> Result<HashMap<(String, i32), Counter>, sqlx::Error> {
    let rows: Vec<(String, i32, i64, Option<NaiveDate>)> =
        sqlx::query_as("SELECT kreis, jahr, stand, letztes_datum FROM log.zaehler WHERE mandant_id = $1")
            .bind(mandant_id)
            .fetch_all(connection)
            .await?;
    let counter = |(kreis, jahr, stand, letztes_datum)| ((kreis, jahr), Counter { stand, letztes_datum });
    Ok(rows.into_iter().map(counter).collect())
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

fn befehl(row: &PgRow, befehl_id: Uuid) -> Result<Befehl, sqlx::Error> {
    Ok(Befehl {
        befehl_id,
        anfrage_hash: row.try_get("anfrage_hash")?,
        status: row.try_get("status")?,
        position_von: row.try_get("position_von")?,
        position_bis: row.try_get("position_bis")?,
        antwort: serde_json::from_str(row.try_get("antwort")?).unwrap_or(Value::Null),
    })
}

/// An event ready to be written; what it shares with the whole batch stands in the head.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Position.
    pub position: i64,
    /// UUID v7.
    pub event_id: Uuid,
    /// Aggregate type.
    pub aggregate_type: &'static str,
    /// Stream.
    pub aggregate_id: Uuid,
    /// Place in the stream.
    pub version: i64,
    /// Name of the variant.
    pub event_type: &'static str,
    /// Version of its stored form.
    pub event_version: u16,
    /// Fields.
    pub payload: Value,
    /// The fields, canonical.
    pub payload_text: String,
    /// Canonical meta.
    pub meta: Arc<str>,
    /// Who acts.
    pub actor: Arc<str>,
    /// Event that caused this one.
    pub cause: Option<Uuid>,
    /// The request's vorgang_id.
    pub correlation: Uuid,
    /// Salt of the data hash.
    pub salt: [u8; 16],
    /// Hash of payload, meta and salt.
    pub daten_hash: [u8; 32],
    /// Leaf of the Merkle tree.
    pub leaf_hash: [u8; 32],
}

/// Everything a batch writes besides state rows.
#[derive(Debug, Default)]
pub struct Batch {
    /// Events in order.
    pub events: Vec<NewEvent>,
    /// Commands.
    pub befehle: Vec<Befehl>,
    /// Claims to take: scope, key, aggregate type, stream.
    pub claims: Vec<(String, String, &'static str, Uuid)>,
    /// Claims to release: scope, key.
    pub released: Vec<(String, String)>,
    /// Counters after the batch: Nummernkreis, year, last number, date of it.
    pub counters: Vec<(String, i32, i64, Option<NaiveDate>)>,
}

/// Number of parameters of [`WRITE`].
const WRITE_PARAMETERS: usize = 34;

/// Events, commands, claims, counters and the head in one statement; state rows join it before `UPDATE`.
const WRITE: [&str; 2] = [
    "WITH ereignisse AS ( \
        INSERT INTO log.ereignis (mandant_id, position, event_id, aggregate_type, aggregate_id, version, event_type, \
            event_version, payload, meta, actor, cause, correlation, recorded_at, salt, daten_hash, leaf_hash) \
        SELECT $1, e.position, e.event_id, e.typ, e.id, e.version, e.event_type, e.event_version, e.payload::json, \
            e.meta::json, e.actor, e.cause, e.correlation, $2, e.salt, e.daten_hash, e.leaf_hash \
        FROM unnest($6::bigint[], $7::uuid[], $8::text[], $9::uuid[], $10::bigint[], $11::text[], $12::smallint[], \
            $13::text[], $14::text[], $15::text[], $16::uuid[], $17::uuid[], $18::bytea[], $19::bytea[], $20::bytea[]) \
            AS e(position, event_id, typ, id, version, event_type, event_version, payload, meta, actor, cause, \
                 correlation, salt, daten_hash, leaf_hash)), \
     befehle AS ( \
        INSERT INTO log.befehl (mandant_id, befehl_id, anfrage_hash, status, position_von, position_bis, antwort) \
        SELECT $1, b.befehl_id, b.hash, b.status, b.von, b.bis, b.antwort::json \
        FROM unnest($21::uuid[], $22::bytea[], $23::smallint[], $24::bigint[], $25::bigint[], $26::text[]) \
            AS b(befehl_id, hash, status, von, bis, antwort)), \
     ansprueche AS ( \
        INSERT INTO log.anspruch (mandant_id, bereich, schluessel, aggregate_type, aggregate_id) \
        SELECT $1, * FROM unnest($27::text[], $28::text[], $29::text[], $30::uuid[])), \
     zaehler AS ( \
        INSERT INTO log.zaehler (mandant_id, kreis, jahr, stand, letztes_datum) \
        SELECT $1, * FROM unnest($31::text[], $32::int[], $33::bigint[], $34::date[]) \
        ON CONFLICT (mandant_id, kreis, jahr) DO UPDATE SET stand = EXCLUDED.stand, letztes_datum = EXCLUDED.letztes_datum)",
    " UPDATE log.kopf SET position = $3, recorded_at = $2, baum = $4, \
         anspruch_position = CASE WHEN $5 THEN $3 ELSE anspruch_position END WHERE mandant_id = $1",
];

/// Writes a batch with the rows of one state model, if there are any.
pub async fn write(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    head: &Head,
    batch: &Batch,
    rows: Vec<Write<'_>>,
) -> Result<(), sqlx::Error> {
    // Before the statement that takes claims, since a key may go from one stream to another.
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
    let Batch {
        events,
        befehle,
        claims,
        released,
        counters,
    } = batch;
    let [begin, end] = WRITE;
    let sql = format!("{begin}{}{end}", with_parts(&rows, WRITE_PARAMETERS + 1));
    let query = sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(head.recorded_at)
        .bind(head.position)
        .bind(head.tree.to_bytes())
        .bind(!claims.is_empty() || !released.is_empty())
        .bind(column(events, |e| e.position))
        .bind(column(events, |e| e.event_id))
        .bind(column(events, |e| e.aggregate_type))
        .bind(column(events, |e| e.aggregate_id))
        .bind(column(events, |e| e.version))
        .bind(column(events, |e| e.event_type))
        .bind(column(events, |e| i16::try_from(e.event_version).unwrap_or(i16::MAX)))
        .bind(column(events, |e| e.payload_text.as_str()))
        .bind(column(events, |e| &*e.meta))
        .bind(column(events, |e| &*e.actor))
        .bind(column(events, |e| e.cause))
        .bind(column(events, |e| e.correlation))
        .bind(column(events, |e| e.salt.as_slice()))
        .bind(column(events, |e| e.daten_hash.as_slice()))
        .bind(column(events, |e| e.leaf_hash.as_slice()))
        .bind(column(befehle, |b| b.befehl_id))
        .bind(column(befehle, |b| b.anfrage_hash.as_deref()))
        .bind(column(befehle, |b| b.status))
        .bind(column(befehle, |b| b.position_von))
        .bind(column(befehle, |b| b.position_bis))
        .bind(column(befehle, |b| b.antwort.to_string()))
        .bind(column(claims, |c| c.0.as_str()))
        .bind(column(claims, |c| c.1.as_str()))
        .bind(column(claims, |c| c.2))
        .bind(column(claims, |c| c.3))
        .bind(column(counters, |c| c.0.as_str()))
        .bind(column(counters, |c| c.1))
        .bind(column(counters, |c| c.2))
        .bind(column(counters, |c| c.3));
    bind_rows(query, rows).execute(connection).await?;
    Ok(())
}

/// Writes the rows of one state model.
pub async fn write_rows(connection: &mut PgConnection, rows: Vec<Write<'_>>) -> Result<(), sqlx::Error> {
    let parts = with_parts(&rows, 1);
    let sql = format!("WITH {} SELECT", parts.trim_start_matches(", "));
    bind_rows(sqlx::query(AssertSqlSafe(sql)), rows)
        .execute(connection)
        .await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

fn bind_rows<'q>(query: Query<'q>, rows: Vec<Write<'_>>) -> Query<'q> {
    rows.into_iter()
        .fold(query, |query, write| query.bind(write.into_rows()))
}

/// One column of rows that are sent as arrays.
fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
