//! Writes what a batch came to: events, state rows, snapshots; and commits it.

use std::time::Instant;

use projections::state::{Change, RowSet};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::{
    Committer,
    failure::{Failure, is_refused},
};
use crate::{
    commands::overlay::Finished,
    eventstore::{Loaded, StoreError, append},
};

/// A folded state is kept in the database every so many events.
const SNAPSHOT_EVERY: i64 = 256;

impl Committer {
    pub(super) async fn write(&self, connection: &mut PgConnection, finished: &Finished) -> Result<(), StoreError> {
        let started = Instant::now();
        let mut set = RowSet::default();
        for (key, loaded) in &finished.states {
            let Some(entry) = self.shared.registry.entry(key.0) else {
                continue;
            };
            let before = self.cache.states.peek(key).filter(|old| old.version > 0);
            if let Some(model) = self.shared.models.get(key.0) {
                // Only children are compared.
                let old = before.filter(|_| model.tables.len() > 1);
                let old = old.map(|old| entry.to_json(&old.state));
                set.add(&Change {
                    model: *model,
                    mandant_id: self.mandant_id,
                    id: key.1,
                    version: loaded.version,
                    position: loaded.position,
                    angelegt_am: loaded.began_at,
                    geaendert_am: finished.head.recorded_at,
                    begins: before.is_none(),
                    old: old.as_ref(),
                    new: &entry.to_json(&loaded.state),
                });
            }
        }
        let mut models = set.writes(&self.shared.statements).into_iter();
        let first = models.next().unwrap_or_default();
        append::write(connection, self.mandant_id, &finished.head, &finished.write, first).await?;
        for writes in models {
            append::write_rows(connection, writes).await?;
        }
        for (key, loaded) in &finished.states {
            let before = self.cache.states.peek(key).map_or(0, |old| old.version);
            if before / SNAPSHOT_EVERY != loaded.version / SNAPSHOT_EVERY {
                self.snapshot(connection, key, loaded).await?;
            }
        }
        metrics::histogram!("neuroerp_stapel_ereignisse")
            .record(u32::try_from(finished.write.events.len()).unwrap_or(u32::MAX));
        metrics::histogram!("neuroerp_schreiben_sekunden").record(started.elapsed());
        Ok(())
    }

    async fn snapshot(
        &self,
        connection: &mut PgConnection,
        key: &(&'static str, Uuid),
        loaded: &Loaded,
    ) -> Result<(), StoreError> {
        let Some(entry) = self.shared.registry.entry(key.0) else {
            return Ok(());
        };
        sqlx::query(
            "INSERT INTO log.schnappschuss (mandant_id, aggregate_type, aggregate_id, schema_hash, version, zustand) \
             VALUES ($1, $2, $3, $4, $5, $6::json) ON CONFLICT (mandant_id, aggregate_type, aggregate_id) \
             DO UPDATE SET schema_hash = EXCLUDED.schema_hash, version = EXCLUDED.version, zustand = EXCLUDED.zustand",
        )
        .bind(self.mandant_id)
        .bind(key.0)
        .bind(key.1)
        .bind(&entry.schema_hash)
        .bind(loaded.version)
        .bind(entry.to_snapshot(&loaded.state).to_string())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Commits; only then the cache takes the new states.
    pub(super) async fn commit(
        &mut self,
        transaction: Transaction<'_, Postgres>,
        finished: Finished,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        if let Err(error) = transaction.commit().await {
            if is_refused(&error) {
                return Err(StoreError::from(error).into());
            }
            tracing::warn!(%error, "die Verbindung riss beim COMMIT; die Befehle werden im Journal gesucht");
            return Err(Failure::Uncertain(Box::new(finished)));
        }
        metrics::histogram!("neuroerp_commit_sekunden").record(started.elapsed());
        self.cache.seen = finished.head.position;
        for (key, loaded) in finished.states {
            self.cache.states.put(key, loaded);
        }
        for (key, holder) in finished.claims {
            self.cache.claims.put(key, holder);
        }
        if let Some(counters) = &mut self.cache.counters {
            counters.extend(finished.counters);
        }
        self.cache.facts.clear();
        self.shared
            .store
            .signals()
            .committed(self.mandant_id, finished.head.position);
        Ok(())
    }
}
