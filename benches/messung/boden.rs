//! F, the floor: the very batches that the program has just written, issued once more for another company by a client
//! that has nothing else to do. Its statements are the engine's own, its parameters are made beforehand; what is left out
//! is all that a program adds: HTTP, rules, hashes, the cache, the ledgers.

use std::{collections::HashMap, sync::Arc, time::Instant};

use neuroerp::eventstore::{
    EventStore, StreamKey,
    append::{self, Batch, Befehl, Head, NewEvent},
    tree::Frontier,
};
use projections::state::{Change, Columns, RowSet, StateModel, Statements};
use serde_json::Value;
use sqlx::{PgConnection, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::haus::Haus;

/// A batch ready to be issued.
struct Schub {
    head: Head,
    batch: Batch,
    rows: RowSet,
    keyed: Vec<Uuid>,
    begun: Vec<Uuid>,
}

/// The program's last batches, to be issued for a new company.
struct Vorrat {
    firma: Uuid,
    schuebe: Vec<Schub>,
}

/// What the floor came to.
pub struct Boden {
    /// Commands a second.
    pub rate: f64,
    /// Commands in a batch, on average.
    pub je_schub: f64,
}

/// The floor of what stands in the company's log after a position, at most so many events of it; as many times as asked,
/// each time for a new company.
pub async fn messen(haus: &Haus, mandant: Uuid, after: i64, most: i64, mal: usize) -> Boden {
    let pool = neuroerp::postgres::connect_engine(&haus.options()).await.unwrap();
    let store = EventStore::new(pool.clone(), Arc::new(aggregates::registry()));
    let models = projections::state_models();
    let mut connection = pool.acquire().await.unwrap();
    let columns = Columns::load(&mut connection).await.unwrap();
    let statements = Statements::new(&models, &columns);
    let mut rates = Vec::new();
    let mut je_schub = 0.0;
    for _ in 0..mal {
        let vorrat = vorbereiten(&store, &models, &mut connection, mandant, after, most).await;
        let befehle: usize = vorrat.schuebe.iter().map(|s| s.batch.befehle.len()).sum();
        je_schub = befehle as f64 / vorrat.schuebe.len().max(1) as f64;
        rates.push(befehle as f64 / ausfuehren(&mut connection, vorrat, &statements).await);
    }
    drop(connection);
    pool.close().await;
    Boden {
        rate: super::tabelle::median(rates),
        je_schub,
    }
}

/// Seconds that it takes to issue the batches.
async fn ausfuehren(connection: &mut PgConnection, vorrat: Vorrat, statements: &Statements) -> f64 {
    let firma = vorrat.firma;
    let prepared: Vec<_> = vorrat
        .schuebe
        .into_iter()
        .map(|s| (s.head, s.batch, s.rows.writes(statements), s.keyed, s.begun))
        .collect();
    let begin = Instant::now();
    for (head, batch, writes, keyed, begun) in prepared {
        let mut transaction = append::begin(connection, firma).await.unwrap();
        append::read(&mut transaction, firma, &keyed, &begun).await.unwrap();
        let mut writes = writes.into_iter();
        let first = writes.next().unwrap_or_default();
        append::write(&mut transaction, firma, &head, &batch, first)
            .await
            .unwrap();
        for more in writes {
            append::write_rows(&mut transaction, more).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }
    begin.elapsed().as_secs_f64()
}

/// Reads the batches back: the events of one batch are those of one recorded_at. Of each stream the state of now is
/// written with its first batch.
async fn vorbereiten(
    store: &EventStore,
    models: &[StateModel],
    connection: &mut PgConnection,
    mandant: Uuid,
    after: i64,
    most: i64,
) -> Vorrat {
    let firma = Uuid::now_v7();
    let registry = store.registry();
    let events = sqlx::query(
        "SELECT event_id, aggregate_type, aggregate_id, version, event_type, event_version, payload::text AS payload, \
            meta::text AS meta, actor, cause, correlation, recorded_at, salt, daten_hash, leaf_hash, position \
         FROM log.ereignis WHERE mandant_id = $1 AND position > $2 AND position <= $2 + $3 ORDER BY position",
    )
    .bind(mandant)
    .bind(after)
    .bind(most)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let key = |row: &PgRow| -> StreamKey {
        let typ: &str = row.get("aggregate_type");
        (registry.entry(typ).unwrap().typ, row.get("aggregate_id"))
    };
    let mut keys: Vec<StreamKey> = events.iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut states = store.load(connection, mandant, &keys).await.unwrap();
    let mut befehle = befehle(connection, mandant, after).await;
    let mut claims = claims(connection, mandant, &keys).await;
    let counters = counters(connection, mandant).await;

    let mut position = 0;
    let mut tree = Frontier::default();
    let mut schuebe = Vec::new();
    for run in events.chunk_by(|a, b| recorded_at(a) == recorded_at(b)) {
        let (mut batch, mut rows) = (Batch::default(), RowSet::default());
        let mut begun = Vec::new();
        for row in run {
            position += 1;
            let event = event(row, position, registry.entry(row.get("aggregate_type")).unwrap().typ);
            tree.push(event.leaf_hash);
            if event.version == 1 {
                begun.push(event.aggregate_id);
            }
            let key = (event.aggregate_type, event.aggregate_id);
            let model = models.iter().find(|m| m.typ == key.0);
            if let (Some(model), Some(loaded)) = (model, states.remove(&key)) {
                rows.add(&Change {
                    model: *model,
                    mandant_id: firma,
                    id: key.1,
                    version: loaded.version,
                    position,
                    angelegt_am: loaded.began_at,
                    geaendert_am: recorded_at(row),
                    begins: true,
                    old: None,
                    new: &registry.entry(key.0).unwrap().to_json(&loaded.state),
                });
                batch.claims.extend(claims.remove(&key).unwrap_or_default());
            }
            batch.events.push(event);
            batch.befehle.extend(befehle.remove(&row.get::<i64, _>("position")));
        }
        batch.counters.clone_from(&counters);
        let head = Head {
            position,
            recorded_at: run.first().map(recorded_at).unwrap(),
            tree: tree.clone(),
        };
        let keyed = batch.befehle.iter().map(|b| b.befehl_id).collect();
        schuebe.push(Schub {
            head,
            batch,
            rows,
            keyed,
            begun,
        });
    }
    Vorrat { firma, schuebe }
}

fn recorded_at(row: &PgRow) -> chrono::DateTime<chrono::Utc> {
    row.get("recorded_at")
}

fn event(row: &PgRow, position: i64, aggregate_type: &'static str) -> NewEvent {
    let text = |name: &str| row.get::<String, _>(name);
    let bytes = |name: &str| row.get::<Vec<u8>, _>(name);
    NewEvent {
        position,
        event_id: row.get("event_id"),
        aggregate_type,
        aggregate_id: row.get("aggregate_id"),
        version: row.get("version"),
        // The names of events are few; the engine has them as constants.
        event_type: text("event_type").leak(),
        event_version: row.get::<i16, _>("event_version").try_into().unwrap(),
        payload: Value::Null,
        payload_text: text("payload"),
        meta: text("meta").into(),
        actor: text("actor").into(),
        cause: row.get("cause"),
        correlation: row.get("correlation"),
        salt: bytes("salt").try_into().unwrap(),
        daten_hash: bytes("daten_hash").try_into().unwrap(),
        leaf_hash: bytes("leaf_hash").try_into().unwrap(),
    }
}

/// Commands by their first position.
async fn befehle(connection: &mut PgConnection, mandant: Uuid, after: i64) -> HashMap<i64, Befehl> {
    let rows = sqlx::query(
        "SELECT befehl_id, anfrage_hash, status, position_von, position_bis, antwort FROM log.befehl \
         WHERE mandant_id = $1 AND position_von > $2",
    )
    .bind(mandant)
    .bind(after)
    .fetch_all(connection)
    .await
    .unwrap();
    let befehl = |row: &PgRow| Befehl {
        befehl_id: row.get("befehl_id"),
        anfrage_hash: row.get("anfrage_hash"),
        status: row.get("status"),
        position_von: row.get("position_von"),
        position_bis: row.get("position_bis"),
        antwort: row.get("antwort"),
    };
    rows.iter().map(|row| (row.get("position_von"), befehl(row))).collect()
}

type Claims = Vec<(String, String, &'static str, Uuid)>;

async fn claims(connection: &mut PgConnection, mandant: Uuid, keys: &[StreamKey]) -> HashMap<StreamKey, Claims> {
    let rows: Vec<(String, String, Uuid)> = sqlx::query_as(
        "SELECT bereich, schluessel, aggregate_id FROM log.anspruch WHERE mandant_id = $1 AND aggregate_id = ANY($2)",
    )
    .bind(mandant)
    .bind(keys.iter().map(|(_, id)| *id).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
    .unwrap();
    let by_id: HashMap<Uuid, StreamKey> = keys.iter().map(|key| (key.1, *key)).collect();
    let mut found: HashMap<StreamKey, Claims> = HashMap::new();
    for (scope, key, id) in rows {
        let stream = by_id[&id];
        found.entry(stream).or_default().push((scope, key, stream.0, id));
    }
    found
}

/// The counters that the load moves.
async fn counters(connection: &mut PgConnection, mandant: Uuid) -> Vec<(String, i32, i64, Option<chrono::NaiveDate>)> {
    sqlx::query_as("SELECT kreis, jahr, stand, letztes_datum FROM log.zaehler WHERE mandant_id = $1 AND stand > 20")
        .bind(mandant)
        .fetch_all(connection)
        .await
        .unwrap()
}
