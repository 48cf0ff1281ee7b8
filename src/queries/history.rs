//! The past of a record: its events with what each changed, its state at any point, and the states of a whole type as
//! of a position. Everything is folded from the log; the read models are not asked.

mod diff;

use aggregates::{Entry, Registry};
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use projections::StateModel;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

pub use diff::{Change, changes};

use super::{
    params::{DEFAULT_LIMIT, MAX_LIMIT, Params, unfit, wrong},
    zeit,
};
use crate::{
    api::problem::Problem,
    eventstore::{
        EventStore, Loaded, Recorded, StoreError, StreamKey,
        read::{fold_run, same_stream, stream_page},
    },
};

/// A page of a record's history.
#[derive(Debug, Clone)]
pub struct History {
    /// The events, oldest first.
    pub daten: Vec<Value>,
    /// `ab_version` of the next page.
    pub weiter: Option<i64>,
}

/// Reads `limit` and `ab_version`.
pub fn page_params(mut params: Params) -> Result<(i64, i64), Problem> {
    let limit = params.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let from = params.positive("ab_version")?.unwrap_or(1);
    params.finish(&["limit", "ab_version"])?;
    Ok((limit, from))
}

/// The events of a stream from a version on, each with what it changed. `None` if the stream has no events.
pub async fn history(
    store: &EventStore,
    entry: &Entry,
    model: Option<&StateModel>,
    stream: (Uuid, Uuid),
    (limit, from): (i64, i64),
) -> Result<Option<History>, StoreError> {
    let (mandant_id, id) = stream;
    let key = (entry.typ, id);
    let mut connection = store.pool().acquire().await?;
    let page = stream_page(&mut connection, mandant_id, key, from, limit.saturating_add(1)).await?;
    let before = match from {
        ..=1 => None,
        _ => last_event(&mut connection, mandant_id, key, Point::Version(from - 1)).await?,
    };
    if page.is_empty() && before.is_none() {
        return Ok(None);
    }
    let list_keys = model.map(diff::list_keys).unwrap_or_default();
    let page_len = page.len().min(usize::try_from(limit).unwrap_or_default());
    let mut state = match before {
        None => Some(entry.empty()),
        Some(last) if last.geloescht => None,
        Some(last) => {
            let loaded = store.load_until(&mut connection, mandant_id, key, last.version).await?;
            Some(loaded.state)
        }
    };
    drop(connection);
    let mut old = state.as_ref().map(|s| entry.to_json(s));
    let mut daten = Vec::with_capacity(page_len);
    for event in page.iter().take(page_len) {
        state = match state {
            // A payload that was removed by law ends what can be folded; the event itself stays visible.
            Some(state) if !event.payload.is_null() => Some(entry.fold(&state, &[event.stored()])?),
            _ => None,
        };
        let new = state.as_ref().map(|s| entry.to_json(s));
        let changed = match (&old, &new) {
            (Some(_), Some(new)) if event.version == 1 => Some(changes(&json!({}), new, &list_keys)),
            (Some(old), Some(new)) => Some(changes(old, new, &list_keys)),
            _ => None,
        };
        daten.push(event_json(entry, event, changed));
        old = new;
    }
    let weiter = (page.len() > page_len).then(|| from.saturating_add(limit));
    Ok(Some(History { daten, weiter }))
}

fn event_json(entry: &Entry, event: &Recorded, changed: Option<Vec<Change>>) -> Value {
    json!({
        "position": event.position,
        "version": event.version,
        "ereignis": event.event_type,
        "event_version": event.event_version,
        "daten": entry.gezeigt(&event.payload),
        "erfasst_am": zeit::rfc3339(event.recorded_at),
        "akteur": event.actor,
        "grund": grund(event),
        "befehl_id": event.meta.get("befehl_id"),
        "korrelation": event.correlation,
        "ursache": event.cause,
        "aenderungen": changed,
    })
}

/// The reason: stated with the command, or a field of the event.
fn grund(event: &Recorded) -> Option<&Value> {
    event.meta.get("grund").or_else(|| event.payload.get("grund"))
}

/// A point in a stream's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Now.
    Now,
    /// After this event of the stream.
    Version(i64),
    /// As recorded before this instant.
    Before(DateTime<Utc>),
    /// As recorded up to and with this instant.
    At(DateTime<Utc>),
    /// After this position of the log.
    Position(i64),
}

impl Point {
    /// Reads `version`, `zeitpunkt` or `position`; one of them at most.
    pub fn parse(mut params: Params) -> Result<Self, Problem> {
        let version = params.positive("version")?.map(Self::Version);
        let position = params.positive("position")?.map(Self::Position);
        let moment = params.take("zeitpunkt").map(|text| {
            let day = zeit::datum(&text).map(|day| Self::Before(zeit::ende(day)));
            day.or_else(|| zeit::moment(&text).map(Self::At)).ok_or_else(|| {
                wrong(
                    "zeitpunkt",
                    "ein Zeitpunkt nach RFC 3339 oder ein Datum (bis Ende dieses Tages)",
                )
            })
        });
        params.finish(&["version", "zeitpunkt", "position"])?;
        let given: Vec<Self> = [version, moment.transpose()?, position].into_iter().flatten().collect();
        match given.as_slice() {
            [] => Ok(Self::Now),
            [one] => Ok(*one),
            _ => Err(wrong(
                "version",
                "nur eines von version, zeitpunkt und position angeben",
            )),
        }
    }

    /// The events up to the point, as a condition with its value as `$4`.
    fn condition(self) -> &'static str {
        match self {
            Self::Now => "TRUE",
            Self::Version(_) => "version <= $4",
            Self::Before(_) => "recorded_at < $4",
            Self::At(_) => "recorded_at <= $4",
            Self::Position(_) => "position <= $4",
        }
    }
}

/// A state of the past.
#[derive(Debug, Clone)]
pub struct Past {
    /// The folded state.
    pub zustand: Value,
    /// Version of its last event.
    pub version: i64,
    /// Position of its last event.
    pub position: i64,
    /// When that was recorded.
    pub stand: DateTime<Utc>,
}

/// The state of a stream at a point; `None` if it did not exist then.
pub async fn state_at(
    store: &EventStore,
    entry: &Entry,
    mandant_id: Uuid,
    id: Uuid,
    point: Point,
) -> Result<Option<Past>, Problem> {
    let key = (entry.typ, id);
    let mut connection = store.pool().acquire().await?;
    let Some(last) = last_event(&mut connection, mandant_id, key, point).await? else {
        return Ok(None);
    };
    if let Point::Version(version) = point
        && last.version < version
    {
        let text = format!(
            "die Version {version} von {} {id} gibt es noch nicht; die letzte Version ist {}",
            entry.name, last.version
        );
        return Err(Problem::not_found(text));
    }
    if last.geloescht {
        return Err(Problem::new(
            "ABFRAGE_GELOESCHT",
            410,
            "Inhalte dieses Datensatzes wurden nach gesetzlicher Frist gelöscht; sein Zustand lässt sich nicht mehr zeigen",
        ));
    }
    let loaded = store.load_until(&mut connection, mandant_id, key, last.version).await?;
    Ok(Some(Past {
        zustand: entry.to_json(&loaded.state),
        version: last.version,
        position: last.position,
        stand: last.recorded_at,
    }))
}

/// The last event of a stream up to a point.
#[derive(sqlx::FromRow)]
struct Last {
    version: i64,
    position: i64,
    recorded_at: DateTime<Utc>,
    /// The content of one of the events up to here was removed.
    geloescht: bool,
}

async fn last_event(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    (typ, id): StreamKey,
    point: Point,
) -> Result<Option<Last>, sqlx::Error> {
    let sql = format!(
        "SELECT l.*, EXISTS (SELECT FROM log.ereignis g WHERE g.mandant_id = $1 AND g.aggregate_id = $3 \
            AND g.aggregate_type = $2 AND g.version <= l.version AND g.payload IS NULL) AS geloescht \
         FROM (SELECT version, position, recorded_at FROM log.ereignis WHERE mandant_id = $1 AND aggregate_type = $2 \
            AND aggregate_id = $3 AND {} ORDER BY version DESC LIMIT 1) l",
        point.condition()
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(mandant_id).bind(typ).bind(id);
    let query = match point {
        Point::Now => query,
        Point::Version(number) | Point::Position(number) => query.bind(number),
        Point::Before(moment) | Point::At(moment) => query.bind(moment),
    };
    query.fetch_optional(connection).await
}

/// The position that a moment, a day (its end in Europe/Berlin) or a position means; for `bekannt_am`.
pub async fn known_position(store: &EventStore, mandant_id: Uuid, text: &str) -> Result<i64, Problem> {
    if let Ok(position) = text.parse::<i64>() {
        let head = store.head(mandant_id).await?;
        if !(0..=head).contains(&position) {
            let message = format!("das Journal reicht bis Position {head}; {position} gibt es noch nicht");
            return Err(unfit("bekannt_am", message));
        }
        return Ok(position);
    }
    let moment = match zeit::datum(text) {
        // recorded_at has microseconds: the last one of the day.
        Some(day) => zeit::ende(day) - chrono::TimeDelta::microseconds(1),
        None => zeit::moment(text).ok_or_else(|| {
            wrong(
                "bekannt_am",
                "ein Zeitpunkt nach RFC 3339, ein Datum (bis Ende dieses Tages) oder eine Position im Journal",
            )
        })?,
    };
    Ok(store.position_at(mandant_id, moment).await?)
}

/// All streams of a type, folded up to a position. The stream ids come from the type's head table, which keeps a row of
/// every stream, so that the log is read by its index of streams.
pub async fn states_at(
    connection: &mut PgConnection,
    registry: &Registry,
    mandant_id: Uuid,
    typ: &str,
    position: i64,
) -> Result<Vec<(Uuid, Value)>, StoreError> {
    folded(connection, registry, mandant_id, typ, position, None).await
}

/// Some streams of a type, folded up to a position; those without events until then are left out.
pub async fn states_of(
    connection: &mut PgConnection,
    registry: &Registry,
    mandant_id: Uuid,
    typ: &str,
    position: i64,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Value)>, StoreError> {
    folded(connection, registry, mandant_id, typ, position, Some(ids)).await
}

/// Folds stream by stream as the rows come, so that no more than one stream's events are in memory.
async fn folded(
    connection: &mut PgConnection,
    registry: &Registry,
    mandant_id: Uuid,
    typ: &str,
    position: i64,
    ids: Option<&[Uuid]>,
) -> Result<Vec<(Uuid, Value)>, StoreError> {
    let entry = registry
        .entry(typ)
        .ok_or_else(|| StoreError::UnknownType(typ.to_owned()))?;
    let sql = folded_sql(typ, ids.is_some());
    let mut rows = sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(typ)
        .bind(position)
        .bind(ids)
        .fetch(connection);
    let mut states = Vec::new();
    let mut stream: Vec<PgRow> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if stream.first().is_some_and(|first| !same_stream(first, &row)) {
            states.extend(state_of(entry, &std::mem::take(&mut stream))?);
        }
        stream.push(row);
    }
    states.extend(state_of(entry, &stream)?);
    Ok(states)
}

fn folded_sql(typ: &str, some: bool) -> String {
    let model = projections::state_models().into_iter().find(|m| m.typ == typ);
    let streams = match (model.as_ref().and_then(StateModel::head), some) {
        (_, true) => "SELECT unnest($4::uuid[]) AS id".to_owned(),
        (Some(head), false) => format!(
            "SELECT id FROM {} WHERE mandant_id = $1 AND $4::uuid[] IS NULL",
            head.name
        ),
        // An aggregate without a head table: its streams are those that the log has.
        (None, false) => "SELECT DISTINCT aggregate_id AS id FROM log.ereignis \
                         WHERE mandant_id = $1 AND aggregate_type = $2 AND $4::uuid[] IS NULL"
            .to_owned(),
    };
    format!(
        "SELECT e.mandant_id, e.aggregate_type, e.aggregate_id, e.version, e.position, e.event_type, e.event_version, \
                e.payload::text AS payload, e.recorded_at \
         FROM ({streams}) s JOIN log.ereignis e ON e.mandant_id = $1 AND e.aggregate_id = s.id \
          AND e.aggregate_type = $2 \
         WHERE e.position <= $3 ORDER BY e.aggregate_id, e.version"
    )
}

/// The state of a stream; none for a stream without events.
fn state_of(entry: &Entry, rows: &[PgRow]) -> Result<Option<(Uuid, Value)>, StoreError> {
    let Some(first) = rows.first() else { return Ok(None) };
    let mut loaded = Loaded::empty(entry);
    fold_run(entry, rows, &mut loaded)?;
    Ok(Some((first.try_get("aggregate_id")?, entry.to_json(&loaded.state))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(query: &str) -> Result<Point, Problem> {
        Point::parse(Params::of(&format!("/x?{query}").parse().unwrap()).unwrap())
    }

    #[test]
    fn one_point_is_asked_for_at_a_time() {
        assert_eq!(point("").unwrap(), Point::Now);
        assert_eq!(point("version=7").unwrap(), Point::Version(7));
        assert_eq!(point("position=12").unwrap(), Point::Position(12));
        let day_end = zeit::moment("2026-02-04T23:00:00Z").unwrap();
        assert_eq!(point("zeitpunkt=2026-02-04").unwrap(), Point::Before(day_end));
        assert_eq!(point("version=7&position=12").unwrap_err().status(), 400);
        assert_eq!(point("version=0").unwrap_err().status(), 400);
        assert_eq!(
            point("zeitpunkt=gestern").unwrap_err().body()["felder"][0]["feld"],
            "zeitpunkt"
        );
        assert_eq!(
            point("stand=1").unwrap_err().body()["felder"][0]["code"],
            "PARAMETER_UNBEKANNT"
        );
    }
}
