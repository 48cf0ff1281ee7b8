//! Timers: commands of policies that are due at a time.

use std::{collections::HashMap, sync::Arc};

use futures::{StreamExt, stream};
use serde_json::Value;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{Following, POLL, caller, tasks::Tasks};
use crate::{commands::Order, eventstore::StoreError};

/// Timers claimed at once.
const TIMERS: i64 = 100;
/// Timers sent to one company at once.
const AT_ONCE: usize = 16;

/// Claims what is due, but for companies that have not done with what they were sent. The claim is the put-off at once: should the command not come to an end, the timer comes again
/// after a while that doubles each time, from five seconds to about an hour and a half.
const CLAIM: &str = "UPDATE log.frist SET versuche = versuche + 1, \
        versuch_ab = now() + interval '5 seconds' * (1 << least(versuche, 10)) \
     WHERE (mandant_id, schluessel) IN ( \
        SELECT mandant_id, schluessel FROM log.frist WHERE erledigt_am IS NULL AND versuch_ab <= now() \
            AND ziel_mandant <> ALL($2) \
        ORDER BY versuch_ab LIMIT $1 FOR UPDATE SKIP LOCKED) \
     RETURNING mandant_id, schluessel, ziel_mandant, aggregate_type, aggregate_id, befehl::text AS befehl, politik, \
        ursache, korrelation, position";

impl Following {
    /// Sends the commands that are due, for ever. A crash between the command and the mark repeats the command with the
    /// same id, which then does nothing.
    pub(super) async fn timers(self: Arc<Self>) {
        let mut tasks = Tasks::new();
        loop {
            tasks.all();
            match self.claim(&tasks.companies()).await {
                Ok(due) => {
                    for (mandant_id, timers) in due {
                        tasks.begin(mandant_id, self.clone().fire_all(timers));
                    }
                }
                Err(error) => tracing::warn!(%error, "die Fristen pausieren"),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What is due, by the company it goes to.
    async fn claim(&self, at_work: &[Uuid]) -> Result<HashMap<Uuid, Vec<PgRow>>, StoreError> {
        let rows = sqlx::query(CLAIM)
            .bind(TIMERS)
            .bind(at_work)
            .fetch_all(self.store.engine())
            .await?;
        let mut due: HashMap<Uuid, Vec<PgRow>> = HashMap::new();
        for row in rows {
            due.entry(row.try_get("ziel_mandant")?).or_default().push(row);
        }
        Ok(due)
    }

    async fn fire_all(self: Arc<Self>, rows: Vec<PgRow>) {
        let fired = rows.into_iter().map(|row| self.fire(row));
        let mut fired = stream::iter(fired).buffer_unordered(AT_ONCE);
        while let Some(fired) = fired.next().await {
            if let Err(error) = fired {
                metrics::counter!("neuroerp_frist_fehler").increment(1);
                tracing::error!(%error, "eine Frist kann nicht auslösen");
            }
        }
    }

    async fn fire(&self, row: PgRow) -> Result<(), StoreError> {
        let (mandant_id, schluessel): (Uuid, Uuid) = (row.try_get("mandant_id")?, row.try_get("schluessel")?);
        let position: i64 = row.try_get("position")?;
        let typ: String = row.try_get("aggregate_type")?;
        let entry = self.store.registry().entry(&typ).ok_or(StoreError::UnknownType(typ))?;
        let command: Value = serde_json::from_str(row.try_get("befehl")?).map_err(|error| StoreError::Corrupt {
            mandant_id,
            position,
            reason: format!("the command of a timer: {error}"),
        })?;
        let politik: String = row.try_get("politik")?;
        let order = Order::new(entry.typ, row.try_get("aggregate_id")?, command).once(schluessel);
        let caller = caller(&politik, "timer", row.try_get("korrelation")?, row.try_get("ursache")?);
        match self.bus.send(row.try_get("ziel_mandant")?, caller, order).await {
            Err(refusal) if refusal.status >= 500 => {
                metrics::counter!("neuroerp_frist_fehler").increment(1);
                tracing::warn!(%refusal, politik, position, "eine Frist ist verschoben");
                return Ok(());
            }
            Err(refusal) => {
                let cause = (mandant_id, position, number(schluessel));
                self.refused(&politik, cause, &refusal).await?;
            }
            Ok(_) => {}
        }
        sqlx::query("UPDATE log.frist SET erledigt_am = now() WHERE mandant_id = $1 AND schluessel = $2")
            .bind(mandant_id)
            .bind(schluessel)
            .execute(self.store.engine())
            .await?;
        Ok(())
    }
}

/// The number of a refused timer among what its event caused: negative, and the same whenever it is refused.
fn number(schluessel: Uuid) -> i32 {
    let [a, b, c, d, ..] = *schluessel.as_bytes();
    i32::from_be_bytes([a, b, c, d]) | i32::MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_of_one_event_have_numbers_of_their_own() {
        let [one, other] = [b"one", b"two"].map(|name| Uuid::new_v5(&Uuid::nil(), name));
        assert!(number(one) < 0 && number(other) < 0);
        assert_ne!(number(one), number(other));
    }
}
