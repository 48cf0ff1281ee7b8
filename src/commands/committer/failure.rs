//! Why a batch failed, and whether a COMMIT that was never answered took effect.

use std::time::Duration;

use aggregates::Refusal;
use serde_json::json;
use sqlx::{Postgres, pool::PoolConnection};
use uuid::Uuid;

use super::{Committer, RETRIES};
use crate::{
    commands::{internal, overlay::Finished},
    eventstore::{
        StoreError,
        append::{self, Batch},
    },
    postgres::may_pass,
};

/// Why an attempt failed.
pub(super) enum Failure {
    /// Nothing was written.
    Store(StoreError),
    /// The connection was lost at COMMIT of this.
    Uncertain(Box<Finished>),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) fn is_transient(error: &StoreError) -> bool {
    match error {
        StoreError::Database(error) => may_pass(error),
        _ => false,
    }
}

/// True if the database itself said that it did not commit.
pub(super) fn is_refused(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(_)) && !may_pass(error)
}

/// What the caller of a command learns that was not carried out.
pub(super) fn refusal_of(error: &StoreError) -> Refusal {
    match error {
        StoreError::LedgerStopped { ledger, .. } => Refusal::new(
            "KONTOBUCH_ANGEHALTEN",
            503,
            format!(
                "der Befehl fragt das Kontobuch {ledger}, und dieses steht; den Grund zeigt /health/ready, \
                 „neuroerp rebuild {ledger}“ bringt es wieder in Gang"
            ),
            json!({"projektion": ledger}),
        ),
        StoreError::LedgerBehind { fact } => Refusal::new(
            "KONTOBUCH_HOLT_AUF",
            503,
            "der Befehl fragt ein Kontobuch, das noch nicht alles gelesen hat; es wurde nichts geschrieben, bitte in einer \
             Minute noch einmal versuchen (wie weit es ist, zeigt /metrics unter neuroerp_projektion_rueckstand)",
            json!({"frage": fact}),
        ),
        _ => internal("der Befehl lässt sich nicht ablegen; es wurde nichts geschrieben"),
    }
}

impl Committer {
    /// After a lost COMMIT: waits for the head lock, which the lost transaction held if it still runs, and looks
    /// whether what it wrote is on record.
    pub(super) async fn settle(&self, batch: &Batch) -> Result<bool, StoreError> {
        let mut last = None;
        for attempt in 0..RETRIES {
            match self.look_for(batch).await {
                Ok(found) => return Ok(found),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        }
        Err(last.unwrap_or_else(|| sqlx::Error::PoolTimedOut.into()))
    }

    /// True if this very batch is on record: another process may have carried out some of its commands meanwhile, under
    /// the same Idempotency-Keys.
    async fn look_for(&self, batch: &Batch) -> Result<bool, StoreError> {
        let mut connection: PoolConnection<Postgres> = self.shared.store.engine().acquire().await?;
        connection.close_on_drop();
        let mut transaction = append::begin(&mut connection, self.mandant_id).await?;
        let found = if let Some(last) = batch.events.last() {
            // The salt goes into the leaf, so no other batch has written it.
            append::has_leaf(&mut transaction, self.mandant_id, last).await?
        } else {
            let ids: Vec<Uuid> = batch.befehle.iter().map(|b| b.befehl_id).collect();
            let start = append::read(&mut transaction, self.mandant_id, &ids, &[]).await?;
            ids.iter().all(|id| start.known.contains_key(id))
        };
        transaction.rollback().await?;
        Ok(found)
    }
}
