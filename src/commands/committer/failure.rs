//! Why a batch failed, and whether a COMMIT that was never answered took effect.

use std::time::Duration;

use aggregates::Refusal;
use serde_json::json;
use sqlx::{Connection, Postgres, pool::PoolConnection};
use uuid::Uuid;

use super::{Committer, RETRIES};
use crate::{
    commands::overlay::Finished,
    eventstore::{StoreError, append},
};

/// Why an attempt failed.
pub(super) enum Failure {
    /// Nothing was written.
    Store(StoreError),
    /// The connection was lost at COMMIT.
    Uncertain {
        befehle: Vec<Uuid>,
        finished: Box<Finished>,
    },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) fn is_transient(error: &StoreError) -> bool {
    match error {
        StoreError::Database(sqlx::Error::Database(db)) => {
            // Class 08: connection, 57P: shutdown, 40: serialisation or deadlock.
            db.code()
                .is_some_and(|c| c.starts_with("08") || c.starts_with("57P") || c.starts_with("40"))
        }
        StoreError::Database(
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::PoolClosed,
        ) => true,
        _ => false,
    }
}

pub(super) fn open_outcome() -> Refusal {
    Refusal::new(
        "API_AUSGANG_OFFEN",
        503,
        "die Verbindung zur Datenbank riss beim Festschreiben ab; eine Wiederholung mit demselben Idempotency-Key zeigt, \
         ob der Befehl ausgeführt wurde, und führt ihn sonst aus",
        json!({}),
    )
}

impl Committer {
    /// After a lost COMMIT: waits for the head lock, which the lost transaction held if it still runs, and looks
    /// whether its commands are on record.
    pub(super) async fn settle(&self, befehle: &[Uuid]) -> Result<bool, StoreError> {
        let mut last = None;
        for attempt in 0..RETRIES {
            match self.look_for(befehle).await {
                Ok(found) => return Ok(found),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        }
        Err(last.unwrap_or_else(|| sqlx::Error::PoolTimedOut.into()))
    }

    async fn look_for(&self, befehle: &[Uuid]) -> Result<bool, StoreError> {
        let mut connection: PoolConnection<Postgres> = self.shared.store.engine().acquire().await?;
        let mut transaction = connection.begin().await?;
        append::lock_head(&mut transaction, self.mandant_id).await?;
        let (_, known) = append::now_and_known(&mut transaction, self.mandant_id, befehle).await?;
        transaction.rollback().await?;
        Ok(!known.is_empty())
    }
}
