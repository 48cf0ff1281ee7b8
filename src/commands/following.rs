//! Following policies and timers: they read the log with a checkpoint and send commands whose id is derived from
//! (company, policy, position of the cause, number), so that each takes effect exactly once, also after a crash.

use std::{collections::HashMap, time::Duration};

use aggregates::{
    policy::{Consequence, Kind, Policy, PolicyContext},
    types::Akteur,
};
use serde_json::Value;
use sqlx::{PgConnection, Row};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Bus, Caller, Order, decide::business_date};
use crate::eventstore::{EventStore, Recorded, StoreError, read};

/// Events a policy reads at once.
const PAGE: i64 = 500;
/// Timers claimed at once.
const TIMERS: i64 = 100;
/// Looks for itself after this time without a wake-up; also the resolution of timers.
const POLL: Duration = Duration::from_secs(1);

/// Runs the following policies and timers of one process. Several processes share the work by row locks.
pub struct Following {
    bus: Bus,
    store: EventStore,
    /// Checkpoints known to be reached, to leave idle companies alone.
    reached: HashMap<(Uuid, &'static str), i64>,
}

impl Following {
    /// Starts it; ends with the token.
    #[must_use]
    pub fn start(bus: Bus, store: EventStore, cancel: CancellationToken) -> JoinHandle<()> {
        let mut following = Self {
            bus,
            store,
            reached: HashMap::new(),
        };
        tokio::spawn(async move {
            let mut wake = following.store.signals().any();
            loop {
                tokio::select! {
                    () = cancel.cancelled() => return,
                    _ = wake.changed() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
                if let Err(error) = following.round().await {
                    tracing::warn!(%error, "following policies pause");
                    tokio::time::sleep(POLL).await;
                }
            }
        })
    }

    async fn round(&mut self) -> Result<(), StoreError> {
        for (mandant_id, head) in self.store.heads().await? {
            let registry = self.store.registry().clone();
            for policy in registry.all_policies().iter().filter(|p| p.kind == Kind::Following) {
                if self.reached.get(&(mandant_id, policy.name)) == Some(&head) {
                    continue;
                }
                if let Some(position) = self.follow(policy, mandant_id, head).await? {
                    self.reached.insert((mandant_id, policy.name), position);
                }
            }
        }
        self.timers().await
    }

    /// Moves one policy forward. `None` if another process has it in hand.
    async fn follow(&self, policy: &Policy, mandant_id: Uuid, head: i64) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.store.pool().begin().await?;
        sqlx::query("INSERT INTO log.politik_stand VALUES ($1, $2, 0) ON CONFLICT DO NOTHING")
            .bind(mandant_id)
            .bind(policy.name)
            .execute(&mut *transaction)
            .await?;
        let position: Option<i64> = sqlx::query_scalar(
            "SELECT position FROM log.politik_stand WHERE mandant_id = $1 AND politik = $2 FOR UPDATE SKIP LOCKED",
        )
        .bind(mandant_id)
        .bind(policy.name)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(mut position) = position else { return Ok(None) };
        let types = [policy.source.to_owned()];
        let range = read::Range {
            after: position,
            to: Some(head),
            types: Some(&types),
        };
        let events = self.store.page(mandant_id, range, PAGE).await?;
        let full = i64::try_from(events.len()).is_ok_and(|n| n == PAGE);
        let mut interrupted = false;
        for event in &events {
            if self.react(&mut transaction, policy, event).await? {
                position = event.position;
            } else {
                interrupted = true;
                break;
            }
        }
        if !full && !interrupted {
            position = head.max(position);
        }
        sqlx::query("UPDATE log.politik_stand SET position = $3 WHERE mandant_id = $1 AND politik = $2")
            .bind(mandant_id)
            .bind(policy.name)
            .bind(position)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(position))
    }

    /// Sends what follows from one event. False if it has to be tried again later.
    async fn react(
        &self,
        connection: &mut PgConnection,
        policy: &Policy,
        event: &Recorded,
    ) -> Result<bool, StoreError> {
        let entry = self.store.registry().entry(&event.aggregate_type);
        let entry = entry.ok_or_else(|| StoreError::UnknownType(event.aggregate_type.clone()))?;
        let read = entry.read(event.stored())?;
        let ctx = PolicyContext {
            mandant_id: event.mandant_id,
            id: event.aggregate_id,
            event_id: event.event_id,
            zeit: event.recorded_at,
            heute: business_date(event.recorded_at),
        };
        for (index, consequence) in policy.react(&*read, &ctx).into_iter().enumerate() {
            let key = format!("politik/{}/{}/{index}", policy.name, event.position);
            let befehl_id = Uuid::new_v5(&event.mandant_id, key.as_bytes());
            if let Some(due) = consequence.due {
                self.remember(connection, policy, event, &consequence, befehl_id, due)
                    .await?;
                continue;
            }
            let target = consequence.mandant_id.unwrap_or(event.mandant_id);
            let order = Order::new(consequence.typ, consequence.id, consequence.command).once(befehl_id);
            let caller = caller(policy.name, &event.actor, event.correlation, event.event_id);
            match self.bus.send(target, caller, order).await {
                Ok(_) => {}
                Err(refusal) if refusal.status >= 500 => return Ok(false),
                Err(refusal) => {
                    let nr = i32::try_from(index).unwrap_or(i32::MAX);
                    refused(connection, event.mandant_id, policy.name, event.position, nr, &refusal).await?;
                }
            }
        }
        Ok(true)
    }

    async fn remember(
        &self,
        connection: &mut PgConnection,
        policy: &Policy,
        event: &Recorded,
        consequence: &Consequence,
        befehl_id: Uuid,
        due: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO log.frist (mandant_id, schluessel, faellig, ziel_mandant, aggregate_type, aggregate_id, befehl, \
                 politik, ursache, korrelation, position) \
             VALUES ($1, $2, $3, $4, $5, $6, $7::json, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
        )
        .bind(event.mandant_id)
        .bind(befehl_id)
        .bind(due)
        .bind(consequence.mandant_id.unwrap_or(event.mandant_id))
        .bind(consequence.typ)
        .bind(consequence.id)
        .bind(consequence.command.to_string())
        .bind(policy.name)
        .bind(event.event_id)
        .bind(event.correlation)
        .bind(event.position)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Sends the commands that are due. A crash between the command and the mark repeats the command with the same id,
    /// which then does nothing.
    async fn timers(&self) -> Result<(), StoreError> {
        let mut transaction = self.store.pool().begin().await?;
        let rows = sqlx::query(
            "SELECT mandant_id, schluessel, ziel_mandant, aggregate_type, aggregate_id, befehl::text AS befehl, politik, \
                    ursache, korrelation, position \
             FROM log.frist WHERE erledigt_am IS NULL AND faellig <= now() ORDER BY faellig LIMIT $1 \
             FOR UPDATE SKIP LOCKED",
        )
        .bind(TIMERS)
        .fetch_all(&mut *transaction)
        .await?;
        for row in rows {
            let (mandant_id, schluessel): (Uuid, Uuid) = (row.try_get("mandant_id")?, row.try_get("schluessel")?);
            let typ: String = row.try_get("aggregate_type")?;
            let entry = self.store.registry().entry(&typ).ok_or(StoreError::UnknownType(typ))?;
            let command: Value = serde_json::from_str(row.try_get("befehl")?).unwrap_or(Value::Null);
            let politik: String = row.try_get("politik")?;
            let order = Order::new(entry.typ, row.try_get("aggregate_id")?, command).once(schluessel);
            let caller = caller(&politik, "timer", row.try_get("korrelation")?, row.try_get("ursache")?);
            match self.bus.send(row.try_get("ziel_mandant")?, caller, order).await {
                Err(refusal) if refusal.status >= 500 => continue,
                Err(refusal) => {
                    refused(
                        &mut transaction,
                        mandant_id,
                        &politik,
                        row.try_get("position")?,
                        -1,
                        &refusal,
                    )
                    .await?;
                }
                Ok(_) => {}
            }
            sqlx::query("UPDATE log.frist SET erledigt_am = now() WHERE mandant_id = $1 AND schluessel = $2")
                .bind(mandant_id)
                .bind(schluessel)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn caller(politik: &str, on_behalf: &str, correlation: Uuid, cause: Uuid) -> Caller {
    Caller {
        akteur: Akteur::dienst(format!("politik-{politik}")),
        im_auftrag_von: Some(on_behalf.to_owned()),
        correlation,
        cause: Some(cause),
        ..Caller::service("")
    }
}

/// Keeps a refusal visible; the policy goes on, since repeating would not change a rule.
async fn refused(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    politik: &str,
    position: i64,
    nr: i32,
    refusal: &aggregates::Refusal,
) -> Result<(), sqlx::Error> {
    tracing::warn!(%refusal, politik, position, "a command of a policy was refused");
    metrics::counter!("neuroerp_politik_abgelehnt", "politik" => politik.to_owned()).increment(1);
    sqlx::query(
        "INSERT INTO log.politik_abgelehnt (mandant_id, politik, position, nr, code, detail) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(mandant_id)
    .bind(politik)
    .bind(position)
    .bind(nr)
    .bind(&refusal.code)
    .bind(&refusal.detail)
    .execute(connection)
    .await?;
    Ok(())
}
