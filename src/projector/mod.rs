//! Runs the ledgers: catch-up, live, and to the head on demand. A ledger's rows and its checkpoint commit together, so
//! each event counts exactly once; the checkpoint's row lock lets several processes share the work.

pub mod rebuild;
mod run;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use projections::{Ledger, ledger::Fact};
use serde_json::Value;
use sqlx::PgPool;
use tokio::{sync::watch, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    commands::{FactAnswer, FactSource},
    eventstore::{EventStore, Statistics, StoreError},
};

pub use run::PAGE;
use run::{Care, Lock, carry, checkpoint, save};

/// Looks for itself after this time without a wake-up.
const POLL: Duration = Duration::from_secs(1);
/// Pause between two rounds under load: commits that come meanwhile are read together. Part of the lag that readers see.
/// A round that took longer is followed by a pause as long, so that many busy companies cost less a commit.
const BREATH: Duration = Duration::from_millis(10);

/// What a step came to.
enum Step {
    /// The ledger stands here now.
    At(i64),
    /// Another process has it in hand.
    Elsewhere,
    /// It stopped, for the reason in its checkpoint.
    Stopped,
}

/// The ledgers of one process.
pub struct Projector {
    store: EventStore,
    ledgers: Vec<Box<dyn Ledger>>,
    facts: HashMap<&'static str, Fact>,
    /// Checkpoints this process has committed or seen; Postgres may lose the last of them when it is killed.
    reached: Mutex<HashMap<(&'static str, Uuid), i64>>,
    /// Stopped ledgers that this process has tried for itself; a restart tries each once more.
    tried: Mutex<HashSet<(&'static str, Uuid)>>,
    /// Stopped ledgers, not looked at again before the next look at all companies.
    stopped: Mutex<HashSet<(&'static str, Uuid)>>,
    moved: watch::Sender<u64>,
}

/// State of a ledger for a company.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Standing {
    /// The ledger.
    pub projektion: String,
    /// Company.
    pub mandant_id: Uuid,
    /// Up to which position it has seen the log.
    pub position: i64,
    /// Why it stopped.
    pub fehler: Option<String>,
}

impl Projector {
    /// A projector that is not running yet.
    #[must_use]
    pub fn new(store: EventStore, ledgers: Vec<Box<dyn Ledger>>) -> Self {
        let facts = projections::facts().into_iter().map(|fact| (fact.name, fact)).collect();
        Self {
            store,
            ledgers,
            facts,
            reached: Mutex::default(),
            tried: Mutex::default(),
            stopped: Mutex::default(),
            moved: watch::channel(0).0,
        }
    }

    /// Runs until the token is cancelled.
    #[must_use]
    pub fn start(self: Arc<Self>, cancel: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            // What is only told waits for the connections of queries, the ledgers do not.
            tokio::join!(self.work(&cancel), self.tell(&cancel));
        })
    }

    async fn work(&self, cancel: &CancellationToken) {
        let moved = self.store.signals().moved();
        let mut look_at = Instant::now();
        let mut heads = BTreeMap::new();
        loop {
            if Instant::now() >= look_at {
                look_at = Instant::now() + POLL;
                match self.look().await {
                    Ok(all) => heads.extend(all),
                    Err(error) => tracing::warn!(%error, "die Kontobücher pausieren"),
                }
            }
            let begin = Instant::now();
            if let Err(error) = self.round(&std::mem::take(&mut heads), cancel).await {
                tracing::warn!(%error, "die Kontobücher pausieren");
            }
            tokio::time::sleep(BREATH.max(begin.elapsed()).min(POLL)).await;
            tokio::select! {
                () = cancel.cancelled() => return,
                new = moved.next() => heads = new,
                () = tokio::time::sleep_until(look_at) => {}
            }
        }
    }

    /// Brings the metrics and the planner's statistics up to date.
    async fn tell(&self, cancel: &CancellationToken) {
        let mut statistics = Statistics::default();
        loop {
            if let Err(error) = self.measure().await {
                tracing::warn!(%error, "der Rückstand der Kontobücher ist nicht bekannt");
            }
            if let Err(error) = statistics.keep(&self.store).await {
                tracing::warn!(%error, "der Planer hat keine neuen Statistiken");
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// The net under the wake-ups: the heads of all companies, which readers in this process learn of too; stopped
    /// ledgers are looked at again.
    async fn look(&self) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let heads = self.store.heads().await?;
        for (mandant_id, head) in &heads {
            self.store.signals().seen(*mandant_id, *head);
        }
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.look_back().await?;
        Ok(heads)
    }

    /// Finds what was taken back of the ledgers: their commits do not wait for the disk, so Postgres may lose the last of
    /// them when it is killed. They are carried again from where the database says they are.
    async fn look_back(&self) -> Result<(), StoreError> {
        let names: Vec<&str> = self.ledgers.iter().map(|ledger| ledger.name()).collect();
        let behind: Vec<(String, Uuid, Option<i64>)> = sqlx::query_as(
            "SELECT l.name, k.mandant_id, s.position FROM log.kopf k CROSS JOIN unnest($1::text[]) AS l(name) \
             LEFT JOIN projektion.stand s ON s.projektion = l.name AND s.mandant_id = k.mandant_id \
             WHERE s.position IS NULL OR s.position < k.position",
        )
        .bind(names)
        .fetch_all(self.store.engine())
        .await?;
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, mandant_id, position) in behind {
            let Some(ledger) = self.ledgers.iter().find(|ledger| ledger.name() == name) else {
                continue;
            };
            if let Some(known) = reached.get_mut(&(ledger.name(), mandant_id)) {
                *known = (*known).min(position.unwrap_or(-1));
            }
        }
        Ok(())
    }

    async fn round(&self, heads: &BTreeMap<Uuid, i64>, cancel: &CancellationToken) -> Result<(), StoreError> {
        let ledgers = self.ledgers.iter().map(|l| self.round_of(&**l, heads, cancel));
        join_all(ledgers).await.into_iter().collect()
    }

    /// Brings a ledger to the heads: one page per company and pass, so that a company with a long way to go does not
    /// hold up the others.
    async fn round_of(
        &self,
        ledger: &dyn Ledger,
        heads: &BTreeMap<Uuid, i64>,
        cancel: &CancellationToken,
    ) -> Result<(), StoreError> {
        let behind = |(mandant_id, head): &(Uuid, i64)| {
            self.reached(ledger.name(), *mandant_id) < *head && !self.stopped(ledger.name(), *mandant_id)
        };
        let heads = heads.iter().map(|(mandant_id, head)| (*mandant_id, *head));
        let mut open: Vec<(Uuid, i64)> = heads.filter(behind).collect();
        while !open.is_empty() {
            let mut next = Vec::new();
            for (mandant_id, head) in open {
                if cancel.is_cancelled() {
                    return Ok(());
                }
                match self
                    .step(self.store.engine(), ledger, mandant_id, head, Lock::Skip)
                    .await
                {
                    Ok(Step::At(position)) if position < head => next.push((mandant_id, head)),
                    Ok(_) => {}
                    // The database answers: the error is this company's alone, and the next round tries again.
                    Err(StoreError::Database(error @ sqlx::Error::Database(_))) => {
                        tracing::warn!(%error, projektion = ledger.name(), %mandant_id, "ein Kontobuch pausiert");
                    }
                    Err(error) => return Err(error),
                }
            }
            open = next;
        }
        Ok(())
    }

    /// Tells the metrics how far behind each ledger is, over all companies.
    async fn measure(&self) -> Result<(), sqlx::Error> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT s.projektion, sum(greatest(k.position - s.position, 0))::bigint, count(s.fehler) \
             FROM projektion.stand s JOIN log.kopf k USING (mandant_id) GROUP BY 1",
        )
        .fetch_all(self.store.pool())
        .await?;
        for (name, lag, stopped) in rows {
            let value = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
            metrics::gauge!("neuroerp_projektion_rueckstand", "projektion" => name.clone()).set(value(lag));
            metrics::gauge!("neuroerp_projektion_angehalten", "projektion" => name).set(value(stopped));
        }
        Ok(())
    }

    fn stopped(&self, name: &'static str, mandant_id: Uuid) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.contains(&(name, mandant_id))
    }

    fn reached(&self, name: &'static str, mandant_id: Uuid) -> i64 {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.get(&(name, mandant_id)).copied().unwrap_or(-1)
    }

    /// Carries one page into a ledger, on a connection of a pool.
    async fn step(
        &self,
        pool: &PgPool,
        ledger: &dyn Ledger,
        mandant_id: Uuid,
        head: i64,
        lock: Lock,
    ) -> Result<Step, StoreError> {
        let key = (ledger.name(), mandant_id);
        // Rows and checkpoint stay together: what a crash takes of them is carried again (`look_back`).
        let begin = "BEGIN; SET LOCAL synchronous_commit = off";
        let mut care = Care::None;
        let (standing, before) = loop {
            let mut transaction = pool.begin_with(begin).await?;
            let Some(mut standing) = checkpoint(&mut transaction, ledger.name(), mandant_id, lock).await? else {
                return Ok(Step::Elsewhere);
            };
            if standing.fehler.is_some() && care == Care::None && !self.first_try(key) {
                self.stopped.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
                return Ok(Step::Stopped);
            }
            let before = standing.position;
            let registry = self.store.registry();
            if carry(&mut transaction, registry, ledger, &mut standing, head, care).await? {
                save(&mut transaction, &standing).await?;
                transaction.commit().await?;
                break (standing, before);
            }
            transaction.rollback().await?;
            care = Care::Savepoints;
        };
        if standing.position > before {
            self.moved.send_modify(|n| *n = n.wrapping_add(1));
        }
        if let Some(reason) = standing.fehler {
            self.first_try(key);
            tracing::error!(reason, projektion = ledger.name(), %mandant_id, "ein Kontobuch ist angehalten; es überspringt nichts");
            return Ok(Step::Stopped);
        }
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.insert(key, standing.position);
        Ok(Step::At(standing.position))
    }

    /// True if this process has not tried the stopped ledger yet.
    fn first_try(&self, key: (&'static str, Uuid)) -> bool {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.insert(key)
    }

    /// Brings one ledger to the head now and says where that is. Takes no connection of the engine: who asks may hold
    /// one already, and all of them at once could wait for one another.
    pub async fn catch_up(&self, name: &str, mandant_id: Uuid) -> Result<i64, StoreError> {
        let head = self.store.head(mandant_id).await?;
        let ledger = self.ledgers.iter().find(|l| l.name() == name);
        let ledger = ledger.ok_or_else(|| StoreError::UnknownType(format!("ledger {name}")))?;
        loop {
            match self
                .step(self.store.pool(), &**ledger, mandant_id, head, Lock::Wait)
                .await?
            {
                Step::At(position) if position >= head => return Ok(position),
                Step::At(_) | Step::Elsewhere => {}
                Step::Stopped => {
                    return Err(StoreError::LedgerStopped {
                        ledger: name.to_owned(),
                        mandant_id,
                    });
                }
            }
        }
    }

    /// Waits until ledgers have seen a position; false if the time is up first.
    pub async fn wait_for(&self, names: &[&str], mandant_id: Uuid, position: i64, limit: Duration) -> bool {
        // What this process carried itself needs no look into the database.
        let known = |name: &&str| {
            let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
            let mut ledgers = reached.iter();
            ledgers.any(|((ledger, mandant), at)| ledger == name && *mandant == mandant_id && *at >= position)
        };
        if position <= 0 || names.iter().all(known) {
            return true;
        }
        let deadline = Instant::now() + limit;
        let mut moved = self.moved.subscribe();
        loop {
            moved.mark_unchanged();
            match self.standings(mandant_id).await {
                Ok(standings) => {
                    let seen = |name: &&str| {
                        standings
                            .iter()
                            .any(|s| s.projektion == **name && s.position >= position)
                    };
                    if names.iter().all(seen) {
                        return true;
                    }
                }
                Err(error) => tracing::warn!(%error, "die Stände der Kontobücher sind nicht lesbar"),
            }
            if Instant::now() >= deadline {
                return false;
            }
            // Another process may do the work, so the wake-up alone is not enough.
            let pause = Duration::from_millis(50).min(deadline.saturating_duration_since(Instant::now()));
            let _ = tokio::time::timeout(pause, moved.changed()).await;
        }
    }

    /// Where the ledgers of a company stand.
    pub async fn standings(&self, mandant_id: Uuid) -> Result<Vec<Standing>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT projektion, mandant_id, position, fehler FROM projektion.stand \
             WHERE mandant_id = $1 AND projektion NOT LIKE 'umbau:%' ORDER BY projektion",
        )
        .bind(mandant_id)
        .fetch_all(self.store.pool())
        .await?;
        Ok(rows)
    }
}

impl FactSource for Projector {
    fn fact<'a>(&'a self, mandant_id: Uuid, name: &'static str, key: &'a str) -> FactAnswer<'a> {
        Box::pin(async move {
            let Some(fact) = self.facts.get(name) else {
                return Err(StoreError::UnknownType(format!("fact {name}")));
            };
            loop {
                let position = self.catch_up(fact.ledger, mandant_id).await?;
                // The value must hold at one known position: the checkpoint read by the same snapshot.
                let sql = format!(
                    "SELECT s.position, ({}) FROM projektion.stand s WHERE s.projektion = $3 AND s.mandant_id = $1",
                    fact.sql
                );
                let (seen, value): (i64, Option<Value>) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
                    .bind(mandant_id)
                    .bind(key)
                    .bind(fact.ledger)
                    .fetch_one(self.store.pool())
                    .await?;
                if seen >= position {
                    return Ok((seen, value.unwrap_or(Value::Null)));
                }
            }
        })
    }
}
