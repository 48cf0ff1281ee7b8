//! A replica for queries: they read there what this process knows to be committed, and where it is written while the
//! replica does not have it yet. So what was answered is read, whichever server is asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::PgPool;
use uuid::Uuid;

use super::{EventStore, read::log_end};

/// A query waits so long for the replica; then the primary answers it.
const PATIENCE: Duration = Duration::from_millis(250);
/// Pause between two looks at a replica that is behind.
const LOOK: Duration = Duration::from_millis(5);
/// A replica that did not answer or came too late is left alone for so long, lest every query waits for it.
const REST: Duration = Duration::from_secs(1);

/// A replica and since when it is left alone.
#[derive(Clone)]
pub(super) struct Replica {
    pool: PgPool,
    rests_since: Arc<Mutex<Option<Instant>>>,
}

impl Replica {
    fn rests(&self) -> bool {
        let since = self.rests_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < REST)
    }

    fn rest(&self) {
        *self.rests_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// True as soon as it has a company's log up to a position.
    async fn reaches(&self, mandant_id: Uuid, needed: i64) -> Result<(), sqlx::Error> {
        loop {
            let mut connection = self.pool.acquire().await?;
            if log_end(&mut connection, mandant_id).await?.position >= needed {
                return Ok(());
            }
            drop(connection);
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl EventStore {
    /// With a replica for queries.
    #[must_use]
    pub fn with_replica(mut self, pool: PgPool) -> Self {
        self.replica = Some(Replica {
            pool,
            rests_since: Arc::default(),
        });
        self
    }

    /// The log as a query of a company reads it: with all that this process knows to be committed, and up to `needed`
    /// if it can be had there.
    pub async fn reading(&self, mandant_id: Uuid, needed: i64) -> Self {
        let Some(replica) = self.replica.as_ref().filter(|replica| !replica.rests()) else {
            return self.clone();
        };
        let needed = needed.max(*self.signals.watch(mandant_id).borrow());
        let reached = tokio::time::timeout(PATIENCE, replica.reaches(mandant_id, needed)).await;
        let place = if matches!(reached, Ok(Ok(()))) {
            "replik"
        } else {
            "primaer"
        };
        metrics::counter!("neuroerp_gelesen", "wo" => place).increment(1);
        match reached {
            Ok(Ok(())) => {
                return Self {
                    pool: replica.pool.clone(),
                    door: replica.pool.clone(),
                    ..self.clone()
                };
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "DATABASE_READ_URL antwortet nicht; gelesen wird aus DATABASE_URL");
            }
            Err(_) => tracing::debug!(needed, "the replica is behind"),
        }
        replica.rest();
        self.clone()
    }

    /// Ends the connections to the replica.
    pub async fn close_replica(&self) {
        if let Some(replica) = &self.replica {
            replica.pool.close().await;
        }
    }
}
