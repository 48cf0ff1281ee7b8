//! Following policies and timers: they read the log with a checkpoint and send commands whose id is derived from
//! (company, policy, position of the cause, number), so that each takes effect exactly once, also after a crash.
//!
//! No transaction is open while a command is sent. Several processes share the work by leases: who lets one run out
//! finds the work done twice, which the commands' ids make harmless. What fails is put off by itself, and what waits
//! does so in a task of its own: one company's trouble with one policy, or one timer's, holds up nothing else.

mod rounds;
mod tasks;
mod timers;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aggregates::{
    policy::{Consequence, Kind, Policy, PolicyContext},
    types::Akteur,
};
use tokio::{sync::Semaphore, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Bus, Caller, Order, decide::business_date};
use crate::eventstore::{EventStore, Slim, StoreError, read};

/// Events a policy reads at once.
const PAGE: i64 = 500;
/// Policies that read the log at once. Those that wait for a command to be carried out do not count.
const READERS: usize = 8;
/// Looks for itself after this time without a wake-up; also the resolution of timers.
const POLL: Duration = Duration::from_secs(1);
/// Pause between two rounds under load, at least as long as the round took: what comes meanwhile is read together.
const BREATH: Duration = Duration::from_millis(20);
/// A process that says nothing for so many seconds has lost its policy to the others.
const LEASE_S: i32 = 5;
/// A policy that fails is put off by so much, doubling each time up to a limit.
const PUT_OFF: Duration = Duration::from_secs(1);
/// Doublings of the above.
const PUT_OFF_DOUBLINGS: u32 = 6;

/// A policy at work for a company.
type Task = (&'static str, Uuid);

/// How often a task failed in a row, and when it is tried again.
#[derive(Clone, Copy)]
struct PutOff {
    failures: u32,
    until: Instant,
}

/// What became of a policy's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It stands here.
    At(i64),
    /// It stands here, and there is more to read.
    More(i64),
    /// Another process has it in hand.
    Elsewhere,
    /// A command could not be carried out; it has to be tried again.
    Interrupted,
}

/// Runs the following policies and timers of one process.
pub struct Following {
    bus: Bus,
    store: EventStore,
    /// Names this process in leases.
    me: Uuid,
    readers: Semaphore,
    put_off: Mutex<HashMap<Task, PutOff>>,
}

impl Following {
    /// Starts it; ends with the token.
    #[must_use]
    pub fn start(bus: Bus, store: EventStore, cancel: CancellationToken) -> JoinHandle<()> {
        let following = Arc::new(Self {
            bus,
            store,
            me: Uuid::new_v4(),
            readers: Semaphore::new(READERS),
            put_off: Mutex::default(),
        });
        tokio::spawn(async move {
            let work = async {
                tokio::join!(following.clone().rounds(), following.clone().timers());
            };
            tokio::select! { () = cancel.cancelled() => {}, () = work => {} }
        })
    }

    /// The following policies.
    fn policies(&self) -> impl Iterator<Item = &Policy> {
        let all = self.store.registry().all_policies().iter();
        all.filter(|policy| policy.kind == Kind::Following)
    }

    /// True if every following policy has seen all that a company's log has for it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn caught_up(store: &EventStore, mandant_id: Uuid) -> Result<bool, StoreError> {
        let policies = store.registry().all_policies().iter();
        let (names, sources): (Vec<String>, Vec<String>) = policies
            .filter(|p| p.kind == Kind::Following)
            .flat_map(|p| p.sources().map(|source| (p.name.to_owned(), source.to_owned())))
            .unzip();
        let caught_up = sqlx::query_scalar(
            "SELECT NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS p(name, quelle) \
                LEFT JOIN log.politik_stand s ON s.mandant_id = $1 AND s.politik = p.name \
                WHERE EXISTS (SELECT FROM log.ereignis e WHERE e.mandant_id = $1 \
                    AND e.position > coalesce(s.position, 0) AND e.aggregate_type = p.quelle))",
        )
        .bind(mandant_id)
        .bind(names)
        .bind(sources)
        .fetch_one(store.engine())
        .await?;
        Ok(caught_up)
    }

    /// One page of a policy for a company, unless it is put off.
    async fn turn(&self, policy: &Policy, mandant_id: Uuid, head: i64) -> Turn {
        let task = (policy.name, mandant_id);
        if self.is_put_off(task) {
            return Turn::Interrupted;
        }
        match self.follow(policy, mandant_id, head).await {
            Ok(Turn::Interrupted) => {
                self.put_off(task);
                Turn::Interrupted
            }
            Ok(turn) => {
                self.put_off
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&task);
                turn
            }
            Err(error) => {
                tracing::error!(%error, politik = policy.name, %mandant_id, "eine Folgeregel kommt nicht weiter");
                self.put_off(task);
                Turn::Interrupted
            }
        }
    }

    fn is_put_off(&self, task: Task) -> bool {
        let put_off = self.put_off.lock().unwrap_or_else(PoisonError::into_inner);
        put_off.get(&task).is_some_and(|entry| Instant::now() < entry.until)
    }

    fn put_off(&self, task: Task) {
        metrics::counter!("neuroerp_politik_fehler", "politik" => task.0).increment(1);
        let mut put_off = self.put_off.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = put_off.get(&task).map_or(0, |entry| entry.failures);
        let until = Instant::now() + PUT_OFF * 2_u32.pow(failures.min(PUT_OFF_DOUBLINGS));
        let failures = failures.saturating_add(1);
        put_off.insert(task, PutOff { failures, until });
    }

    /// Moves one policy forward by a page.
    async fn follow(&self, policy: &Policy, mandant_id: Uuid, head: i64) -> Result<Turn, StoreError> {
        // Never closed.
        let reading = self.readers.acquire().await.ok();
        let Some(after) = self.lease(policy, mandant_id).await? else {
            return Ok(Turn::Elsewhere);
        };
        let types: Vec<String> = policy.sources().map(str::to_owned).collect();
        let range = read::Range {
            after,
            to: Some(head),
            types: Some(&types),
        };
        let mut connection = self.store.engine().acquire().await?;
        let events: Vec<Slim> = read::page(&mut connection, mandant_id, range, PAGE).await?;
        drop((connection, reading));
        let full = i64::try_from(events.len()).is_ok_and(|n| n == PAGE);
        let mut position = after;
        for event in &events {
            match self.react(policy, event).await? {
                Reaction::None => position = event.position,
                Reaction::Done => {
                    position = event.position;
                    if !self.advance(policy, mandant_id, position, LEASE_S).await? {
                        return Ok(Turn::Elsewhere);
                    }
                }
                Reaction::Again => {
                    self.advance(policy, mandant_id, position, 0).await?;
                    return Ok(Turn::Interrupted);
                }
            }
        }
        if !full {
            position = head.max(position);
        }
        if !self.advance(policy, mandant_id, position, 0).await? {
            return Ok(Turn::Elsewhere);
        }
        Ok(if full { Turn::More(position) } else { Turn::At(position) })
    }

    /// Takes a policy in hand for a while. Gives back its checkpoint; `None` if another process has it.
    async fn lease(&self, policy: &Policy, mandant_id: Uuid) -> Result<Option<i64>, StoreError> {
        let position = sqlx::query_scalar(
            "INSERT INTO log.politik_stand AS s (mandant_id, politik, position, pacht_von, pacht_bis) \
             VALUES ($1, $2, 0, $3, now() + $4 * interval '1 second') \
             ON CONFLICT (mandant_id, politik) DO UPDATE SET pacht_von = EXCLUDED.pacht_von, pacht_bis = EXCLUDED.pacht_bis \
             WHERE s.pacht_von = EXCLUDED.pacht_von OR s.pacht_bis <= now() RETURNING position",
        )
        .bind(mandant_id)
        .bind(policy.name)
        .bind(self.me)
        .bind(LEASE_S)
        .fetch_optional(self.store.engine())
        .await?;
        Ok(position)
    }

    /// Moves the checkpoint and the lease along; false if another process has taken the policy meanwhile.
    async fn advance(
        &self,
        policy: &Policy,
        mandant_id: Uuid,
        position: i64,
        lease_s: i32,
    ) -> Result<bool, StoreError> {
        let moved = sqlx::query(
            "UPDATE log.politik_stand SET position = $3, pacht_bis = now() + $5 * interval '1 second' \
             WHERE mandant_id = $1 AND politik = $2 AND pacht_von = $4",
        )
        .bind(mandant_id)
        .bind(policy.name)
        .bind(position)
        .bind(self.me)
        .bind(lease_s)
        .execute(self.store.engine())
        .await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Sends what follows from one event.
    async fn react(&self, policy: &Policy, event: &Slim) -> Result<Reaction, StoreError> {
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
        let consequences = policy.react(&*read, &ctx).into_iter().enumerate();
        let mut consequences: Vec<_> = consequences.map(|(nr, c)| (nr.to_string(), c)).collect();
        if let Some(frage) = policy.ask(&*read, &ctx) {
            let answer = self.bus.fact(event.mandant_id, frage.name, &frage.key).await?;
            let asked = policy.react_to(&*read, &ctx, &answer).into_iter();
            consequences.extend(asked.map(|c| (format!("{}/{}/{}", c.typ, c.id, c.command), c)));
        }
        if consequences.is_empty() {
            return Ok(Reaction::None);
        }
        for (index, (which, consequence)) in consequences.into_iter().enumerate() {
            let key = format!("politik/{}/{}/{which}", policy.name, event.position);
            let befehl_id = Uuid::new_v5(&event.mandant_id, key.as_bytes());
            if let Some(due) = consequence.due {
                self.remember(policy, event, &consequence, befehl_id, due).await?;
                continue;
            }
            let target = consequence.mandant_id.unwrap_or(event.mandant_id);
            let order = Order::new(consequence.typ, consequence.id, consequence.command).once(befehl_id);
            let caller = caller(policy.name, &event.actor, event.correlation, event.event_id);
            match self.bus.send(target, caller, order).await {
                Ok(_) => {}
                Err(refusal) if refusal.status >= 500 => {
                    tracing::warn!(%refusal, politik = policy.name, position = event.position, "eine Folgeregel wartet");
                    return Ok(Reaction::Again);
                }
                Err(refusal) => {
                    let nr = i32::try_from(index).unwrap_or(i32::MAX);
                    let cause = (event.mandant_id, event.position, nr);
                    self.refused(policy.name, cause, &refusal).await?;
                }
            }
        }
        Ok(Reaction::Done)
    }

    async fn remember(
        &self,
        policy: &Policy,
        event: &Slim,
        consequence: &Consequence,
        befehl_id: Uuid,
        due: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO log.frist (mandant_id, schluessel, faellig, versuch_ab, ziel_mandant, aggregate_type, aggregate_id, \
                 befehl, politik, ursache, korrelation, position) \
             VALUES ($1, $2, $3, $3, $4, $5, $6, $7::json, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
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
        .execute(self.store.engine())
        .await?;
        Ok(())
    }

    /// Keeps a refusal visible; the policy goes on, since repeating would not change a rule.
    async fn refused(
        &self,
        politik: &str,
        (mandant_id, position, nr): (Uuid, i64, i32),
        refusal: &aggregates::Refusal,
    ) -> Result<(), StoreError> {
        tracing::warn!(%refusal, politik, position, "ein Befehl einer Folgeregel wurde abgelehnt");
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
        .execute(self.store.engine())
        .await?;
        Ok(())
    }
}

/// What a policy made of an event.
enum Reaction {
    /// It is of no concern.
    None,
    /// What follows is done.
    Done,
    /// It has to be tried again later.
    Again,
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
