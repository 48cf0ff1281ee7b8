//! Loading what decisions need: outside the head lock where it can be, under it where it has to be.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use aggregates::Lookup;
use serde_json::Value;
use sqlx::{PgConnection, Row};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Shared, cache::Cache};
use crate::eventstore::{
    Slim, StoreError, StreamKey,
    append::{self, LogMark},
    read,
};

/// More foreign events than this are not folded one by one; the cache starts afresh instead.
const CATCH_UP_LIMIT: i64 = 5_000;
/// How long the commands of a company wait for a ledger that one of them asks. A ledger at work is a few events behind.
const FACT_TIME: Duration = Duration::from_secs(3);
/// A ledger that took longer is not asked again for so long.
const FACT_PAUSE: Duration = Duration::from_secs(5);

impl Shared {
    /// Loads look-ups into the cache. Facts bring their ledger up to the head first.
    pub(super) async fn load(
        &self,
        connection: &mut PgConnection,
        cache: &mut Cache,
        mandant_id: Uuid,
        lookups: &BTreeSet<Lookup>,
    ) -> Result<(), StoreError> {
        let mut streams: Vec<StreamKey> = Vec::new();
        let mut claims: Vec<(String, String)> = Vec::new();
        for lookup in lookups {
            match lookup {
                Lookup::Stream { typ, id } => streams.push((*typ, *id)),
                Lookup::Claim { scope, key } => claims.push((scope.clone(), key.clone())),
                Lookup::Counter { .. } => cache.counters = Some(append::counters(connection, mandant_id).await?),
                Lookup::Fact { name, key } => {
                    let fact = self.fact_in_time(cache, mandant_id, name, key).await?;
                    cache.facts.insert((*name, key.clone()), fact);
                }
            }
        }
        if !streams.is_empty() {
            for (key, loaded) in self.store.load(connection, mandant_id, &streams).await? {
                cache.states.put(key, loaded);
            }
        }
        if !claims.is_empty() {
            load_claims(connection, cache, mandant_id, &claims).await?;
        }
        Ok(())
    }

    /// A fact, unless its ledger has so far to go that all other commands of the company would wait for it too.
    async fn fact_in_time(
        &self,
        cache: &mut Cache,
        mandant_id: Uuid,
        name: &'static str,
        key: &str,
    ) -> Result<(i64, Value), StoreError> {
        if cache.late.get(name).is_some_and(|at| at.elapsed() < FACT_PAUSE) {
            return Err(StoreError::LedgerBehind { fact: name });
        }
        if let Ok(fact) = tokio::time::timeout(FACT_TIME, self.facts.fact(mandant_id, name, key)).await {
            cache.late.remove(name);
            return fact;
        }
        cache.late.insert(name, Instant::now());
        Err(StoreError::LedgerBehind { fact: name })
    }

    /// Brings the cache up to the log: folds what other processes appended since this one last saw it, and reads the
    /// counters anew. `claims_at` says where claims changed last; it is ahead of the head if a rebuild has mended claims
    /// or counters, which no event tells.
    pub(super) async fn catch_up(
        &self,
        connection: &mut PgConnection,
        cache: &mut Cache,
        mandant_id: Uuid,
        mark: LogMark,
    ) -> Result<(), StoreError> {
        let head = mark.position;
        // After a restore, or on another server that has not seen all: what is remembered may never have been.
        if head < cache.seen || cache.epoche.is_some_and(|epoche| epoche != mark.epoche) {
            cache.clear(head);
        }
        if head != cache.seen || mark.claims_at > cache.seen {
            self.fold_foreign(connection, cache, mandant_id, head).await?;
            if mark.claims_at > cache.seen {
                cache.claims.clear();
            }
            cache.counters = None;
            cache.facts.clear();
            cache.seen = head;
        }
        cache.epoche = Some(mark.epoche);
        if cache.counters.is_none() {
            cache.counters = Some(append::counters(connection, mandant_id).await?);
        }
        Ok(())
    }

    /// Folds the events between what the cache has seen and a head onto the states that it holds.
    async fn fold_foreign(
        &self,
        connection: &mut PgConnection,
        cache: &mut Cache,
        mandant_id: Uuid,
        head: i64,
    ) -> Result<(), StoreError> {
        if head - cache.seen > CATCH_UP_LIMIT {
            cache.clear(cache.seen);
        }
        if cache.states.is_empty() {
            return Ok(());
        }
        let range = read::Range {
            after: cache.seen,
            to: Some(head),
            types: None,
        };
        let events: Vec<Slim> = read::page(connection, mandant_id, range, CATCH_UP_LIMIT).await?;
        let mut streams: HashMap<StreamKey, Vec<&Slim>> = HashMap::new();
        for event in &events {
            let entry = self.registry.entry(&event.aggregate_type);
            let entry = entry.ok_or_else(|| StoreError::UnknownType(event.aggregate_type.clone()))?;
            streams.entry((entry.typ, event.aggregate_id)).or_default().push(event);
        }
        for (key, events) in streams {
            let Some(loaded) = cache.states.peek_mut(&key) else {
                continue;
            };
            // A state may have been loaded after the events that are seen only now.
            let new: Vec<&&Slim> = events.iter().filter(|e| e.version > loaded.version).collect();
            let Some(last) = new.last() else { continue };
            let Some(entry) = self.registry.entry(key.0) else {
                continue;
            };
            let stored: Vec<_> = new.iter().map(|e| e.stored()).collect();
            loaded.state = entry.fold(&loaded.state, &stored)?;
            loaded.version = last.version;
            loaded.position = last.position;
            loaded.began_at = loaded.began_at.or_else(|| new.first().map(|e| e.recorded_at));
        }
        Ok(())
    }
}

async fn load_claims(
    connection: &mut PgConnection,
    cache: &mut Cache,
    mandant_id: Uuid,
    claims: &[(String, String)],
) -> Result<(), StoreError> {
    let (scopes, keys): (Vec<&str>, Vec<&str>) = claims.iter().map(|(s, k)| (s.as_str(), k.as_str())).unzip();
    let rows = sqlx::query(
        "SELECT w.bereich, w.schluessel, a.aggregate_id FROM unnest($2::text[], $3::text[]) AS w(bereich, schluessel) \
         LEFT JOIN log.anspruch a ON a.mandant_id = $1 AND a.bereich = w.bereich AND a.schluessel = w.schluessel",
    )
    .bind(mandant_id)
    .bind(scopes)
    .bind(keys)
    .fetch_all(connection)
    .await?;
    for row in rows {
        cache.claims.put(
            (row.try_get("bereich")?, row.try_get("schluessel")?),
            row.try_get("aggregate_id")?,
        );
    }
    Ok(())
}
