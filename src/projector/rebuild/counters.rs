//! Counters (`log.zaehler`) are a function of the log: every event lists in its meta the numbers that were drawn with it.
//! A counter stands at the highest number drawn or documented as a gap, with the date of the last one drawn: lower, and a
//! number would be given twice; higher, and one would be missing. What was drawn before events said so stands in
//! `log.zaehler_anfang`.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    fmt::Display,
};

use aggregates::{
    Aggregate as _, Registry,
    context::{Counter, Draw},
    dienste::{Nummernkreis, nummernkreis::NummernkreisEvent},
};
use chrono::NaiveDate;
use futures::TryStreamExt;
use serde::Deserialize as _;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{LITTLE, PASSES, claims, settle, shadow, verify::Difference};
use crate::eventstore::{EventStore, Recorded, read::Form};

/// Company, Nummernkreis and year.
type Name = (Uuid, String, i32);

/// The counters as the log has them. Grows with Nummernkreise and years, not with events.
#[derive(Default)]
pub(super) struct Count {
    counters: BTreeMap<Name, Counter>,
    /// Code of each Nummernkreis by its stream.
    codes: HashMap<(Uuid, Uuid), String>,
}

/// A counter that does not stand where the log has it.
pub(super) struct Wrong {
    name: Name,
    ist: Counter,
    soll: Counter,
}

async fn read(connection: &mut PgConnection, table: &str) -> Result<BTreeMap<Name, Counter>, sqlx::Error> {
    let sql = format!("SELECT mandant_id, kreis, jahr, stand, letztes_datum FROM {table}");
    let rows: Vec<(Uuid, String, i32, i64, Option<NaiveDate>)> =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_all(connection).await?;
    let counter = |(id, kreis, jahr, stand, letztes_datum)| ((id, kreis, jahr), Counter { stand, letztes_datum });
    Ok(rows.into_iter().map(counter).collect())
}

impl Count {
    /// Before the first event.
    pub(super) async fn begin(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        Ok(Self {
            counters: read(connection, "log.zaehler_anfang").await?,
            codes: HashMap::new(),
        })
    }

    /// Takes the next event of a company's log.
    pub(super) fn take(&mut self, registry: &Registry, event: &Recorded) -> Result<(), String> {
        if let Some(drawn) = event.meta.get(Draw::META) {
            let drawn = Vec::<Draw>::deserialize(drawn);
            for draw in drawn.map_err(|error| format!("die gezogenen Nummern sind nicht lesbar: {error}"))? {
                let counter = self
                    .counters
                    .entry((event.mandant_id, draw.kreis.clone(), draw.jahr))
                    .or_default();
                if draw.lfd >= counter.stand {
                    *counter = Counter::after(&draw);
                }
            }
        }
        if event.aggregate_type == Nummernkreis::TYPE {
            self.define(registry, event);
        }
        Ok(())
    }

    /// Takes what an event says of a Nummernkreis. One that is not readable is found where its stream is folded.
    fn define(&mut self, registry: &Registry, event: &Recorded) {
        let entry = registry.entry(Nummernkreis::TYPE);
        let read = entry.and_then(|entry| entry.read(event.stored()).ok());
        let stream = (event.mandant_id, event.aggregate_id);
        match read.as_deref().and_then(|read| read.downcast_ref()) {
            Some(NummernkreisEvent::Angelegt { code, .. }) => {
                self.codes.insert(stream, code.clone());
            }
            // After a restore from backup: numbers on paper that no event bears any more.
            Some(NummernkreisEvent::LueckeDokumentiert { jahr, bis, .. }) => {
                if let Some(code) = self.codes.get(&stream) {
                    let counter = self
                        .counters
                        .entry((event.mandant_id, code.clone(), *jahr))
                        .or_default();
                    counter.stand = counter.stand.max(*bis);
                }
            }
            _ => {}
        }
    }

    /// Takes what counts of the events of a company after a position, up to another one.
    async fn follow(
        &mut self,
        store: &EventStore,
        connection: &mut PgConnection,
        mandant_id: Uuid,
        (after, to): (i64, i64),
    ) -> anyhow::Result<()> {
        let sql = format!(
            "SELECT {} FROM log.ereignis WHERE mandant_id = $1 AND position > $2 AND position <= $3 \
             AND (aggregate_type = $4 OR strpos(meta::text, $5) > 0) ORDER BY position",
            Recorded::COLUMNS
        );
        let mut rows = sqlx::query(AssertSqlSafe(sql))
            .bind(mandant_id)
            .bind(after)
            .bind(to)
            .bind(Nummernkreis::TYPE)
            .bind(format!("\"{}\":", Draw::META))
            .fetch(connection);
        while let Some(row) = rows.try_next().await? {
            let event = Recorded::from_row(&row)?;
            let place = |text| anyhow::anyhow!("Journal {mandant_id}, Position {}: {text}", event.position);
            self.take(store.registry(), &event).map_err(place)?;
        }
        Ok(())
    }

    /// The live counters that stand elsewhere, in a snapshot of the log that was taken whole.
    pub(super) async fn wrong(&self, connection: &mut PgConnection) -> Result<Vec<Wrong>, sqlx::Error> {
        let live = read(connection, "log.zaehler").await?;
        let names = live
            .keys()
            .chain(self.counters.keys().filter(|name| !live.contains_key(*name)));
        let wrong = names.filter_map(|name| {
            let of = |counters: &BTreeMap<Name, Counter>| counters.get(name).copied().unwrap_or_default();
            let (ist, soll) = (of(&live), of(&self.counters));
            let name = name.clone();
            (ist != soll).then_some(Wrong { name, ist, soll })
        });
        Ok(wrong.collect())
    }
}

impl Wrong {
    pub(super) fn difference(&self) -> Difference {
        let (mandant_id, kreis, jahr) = &self.name;
        let (ist, soll) = (self.ist.stand, self.soll.stand);
        let text = match ist.cmp(&soll) {
            Ordering::Less => {
                format!(
                    "steht auf {ist}, vergeben ist nach dem Journal schon {soll}; die nächste Nummer gäbe es zweimal"
                )
            }
            Ordering::Greater => {
                format!("steht auf {ist}, vergeben ist nach dem Journal erst {soll}; dazwischen bliebe eine Lücke")
            }
            Ordering::Equal => {
                let tag = |counter: Counter| {
                    counter
                        .letztes_datum
                        .map_or_else(|| "kein Datum".to_owned(), |d| d.to_string())
                };
                let (ist, soll) = (tag(self.ist), tag(self.soll));
                format!("nennt als Datum der letzten Nummer {ist}, nach dem Journal ist es {soll}")
            }
        };
        let jahr: &dyn Display = if *jahr == 0 { &"ohne Jahr" } else { jahr };
        Difference {
            place: format!("Zählerstand {kreis} {jahr} der Firma {mandant_id}"),
            text,
        }
    }
}

/// Sets the counters where the log has them. Gives back what was wrong.
pub(super) async fn mend(store: &EventStore) -> anyhow::Result<Vec<Wrong>> {
    let mut connection = store.unhurried().await?;
    let mut count = Count::begin(&mut connection).await?;
    let mut at: BTreeMap<Uuid, i64> = BTreeMap::new();
    // Without holding anybody up.
    for _ in 0..PASSES {
        let mut behind = 0;
        for (mandant_id, head) in store.heads().await? {
            let after = at.insert(mandant_id, head).unwrap_or(0);
            behind += head - after;
            count.follow(store, &mut connection, mandant_id, (after, head)).await?;
        }
        if behind <= LITTLE {
            break;
        }
    }
    let mut attempt = 0;
    loop {
        let mut transaction = connection.begin().await?;
        let done = last_steps(store, &mut transaction, &mut count, &mut at).await;
        if let Some(wrong) = settle(transaction, done, "Zählerstände", attempt).await? {
            return Ok(wrong);
        }
        attempt += 1;
    }
}

/// Locks the heads, counts what came since, and sets what is wrong.
async fn last_steps(
    store: &EventStore,
    connection: &mut PgConnection,
    count: &mut Count,
    at: &mut BTreeMap<Uuid, i64>,
) -> anyhow::Result<Vec<Wrong>> {
    shadow::patience_for_heads(connection).await?;
    let heads: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT mandant_id, position FROM log.kopf ORDER BY mandant_id FOR UPDATE")
            .fetch_all(&mut *connection)
            .await?;
    let mut locked = Vec::with_capacity(heads.len());
    for (mandant_id, head) in heads {
        let after = at.insert(mandant_id, head).unwrap_or(0);
        count.follow(store, connection, mandant_id, (after, head)).await?;
        locked.push(mandant_id);
    }
    let mut wrong = count.wrong(connection).await?;
    // A company that begins just now has no head to lock, and its counters are right.
    wrong.retain(|wrong| locked.contains(&wrong.name.0));
    for Wrong { name, soll, .. } in &wrong {
        sqlx::query(
            "INSERT INTO log.zaehler (mandant_id, kreis, jahr, stand, letztes_datum) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (mandant_id, kreis, jahr) DO UPDATE SET stand = EXCLUDED.stand, letztes_datum = EXCLUDED.letztes_datum",
        )
        .bind(name.0)
        .bind(&name.1)
        .bind(name.2)
        .bind(soll.stand)
        .bind(soll.letztes_datum)
        .execute(&mut *connection)
        .await?;
    }
    let companies: Vec<Uuid> = wrong.iter().map(|wrong| wrong.name.0).collect();
    claims::forget(connection, &companies).await?;
    Ok(wrong)
}
