//! The group-committing writer of one company: takes what is queued without waiting, decides it under the head lock,
//! writes it in one transaction, answers after the commit. This file carries a batch from the queue to its answers.

mod failure;
mod probelauf;
mod trial;
mod units;
mod work;
mod write;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use aggregates::Lookup;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use self::{
    failure::{Failure, is_transient, refusal_of},
    trial::ROUNDS,
    units::decide_unit,
    work::{Fate, Work, conclude, put_back, reset},
};
use super::{
    BATCH_LIMIT, Envelope, Shared,
    cache::Cache,
    decide::{Desk, business_date},
    internal, open_outcome,
    overlay::{Finished, Overlay, batch_time},
    unavailable,
};
use crate::eventstore::{
    Loaded, StoreError,
    append::{self, Head, Start},
};

/// How often the first unit in line may miss something before it is given up. What it misses the second time is loaded
/// under the lock, so only what cannot be had is missing that often.
const MISS_LIMIT: u32 = 20;
/// Attempts at a batch while the database is not there.
const RETRIES: u32 = 5;
/// A committer with nothing to do for so long ends, and with it all it remembers.
const IDLE: Duration = Duration::from_mins(5);
/// So far may the log be ahead of the database's clock before somebody should look at the clock, in seconds.
const CLOCK_ALARM_S: i64 = 60;
/// The alarm sounds so often at most.
const CLOCK_ALARM_EVERY: Duration = Duration::from_mins(1);

/// The committer of one company.
pub(super) struct Committer {
    shared: Arc<Shared>,
    mandant_id: Uuid,
    cache: Cache,
    waiting: VecDeque<Work>,
    clock_alarm: Option<Instant>,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, mandant_id: Uuid) -> Self {
        let cache = Cache::new(shared.states.clone());
        Self {
            shared,
            mandant_id,
            cache,
            waiting: VecDeque::new(),
            clock_alarm: None,
        }
    }

    pub(super) async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Envelope>) {
        loop {
            if self.waiting.is_empty() {
                let Ok(next) = tokio::time::timeout(IDLE, queue.recv()).await else {
                    // What comes from now on goes to a new committer; what came before is still carried out.
                    queue.close();
                    continue;
                };
                let Some(envelope) = next else { return };
                self.waiting.extend(Work::accept(envelope, getrandom::fill));
            }
            // What is queued joins; there is no artificial wait for more.
            while self.waiting.len() < BATCH_LIMIT {
                let Ok(envelope) = queue.try_recv() else { break };
                self.waiting.extend(Work::accept(envelope, getrandom::fill));
            }
            let mut batch = Vec::new();
            let mut orders = 0;
            while let Some(work) = self.waiting.front() {
                if !batch.is_empty() && (work.alone || orders + work.rest() > BATCH_LIMIT) {
                    break;
                }
                orders += work.rest();
                let alone = work.alone;
                batch.extend(self.waiting.pop_front());
                if alone {
                    break;
                }
            }
            if !batch.is_empty() {
                self.serve(batch).await;
            }
            self.cache.trim();
        }
    }

    /// Carries a batch through; a batch that the database refuses is taken apart and its units run one by one.
    async fn serve(&mut self, batch: Vec<Work>) {
        let alone = batch.len() == 1;
        let mut batch = batch;
        for attempt in 0..RETRIES {
            match self.attempt(&mut batch).await {
                Ok(()) => return,
                Err(Failure::Uncertain(finished)) => {
                    match self.settle(&finished.write).await {
                        Ok(true) => {
                            self.cache.clear(0);
                            self.shared
                                .store
                                .signals()
                                .committed(self.mandant_id, finished.head.position);
                            conclude(&mut self.waiting, batch);
                            return;
                        }
                        Ok(false) => {
                            reset(&mut batch);
                            self.cache.clear(0);
                        }
                        Err(error) => {
                            tracing::error!(%error, "ob ein Schub geschrieben ist, lässt sich nicht feststellen");
                            self.cache.clear(0);
                            reset(&mut batch);
                            // Never carried out twice: the callers learn that the outcome is open.
                            for work in batch {
                                work.refuse(&open_outcome());
                            }
                            return;
                        }
                    }
                }
                Err(Failure::Store(error)) => {
                    self.cache.clear(0);
                    reset(&mut batch);
                    if is_transient(&error) {
                        tracing::warn!(%error, attempt, "die Datenbank ist nicht da; neuer Versuch");
                    } else if alone {
                        tracing::error!(%error, "ein Befehl lässt sich nicht ablegen");
                        let refusal = refusal_of(&error);
                        let left = batch.into_iter().filter_map(|work| work.refused_by_database(&refusal));
                        let left = left.map(|work| Work { alone: true, ..work }).collect();
                        put_back(&mut self.waiting, left);
                        return;
                    } else {
                        tracing::error!(%error, "ein Schub lässt sich nicht ablegen; seine Einheiten laufen einzeln");
                        for work in &mut batch {
                            work.alone = true;
                        }
                        put_back(&mut self.waiting, batch);
                        return;
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
        }
        for work in batch {
            work.refuse(&unavailable());
        }
    }

    /// One attempt at a batch. On success the batch is emptied.
    async fn attempt(&mut self, batch: &mut Vec<Work>) -> Result<(), Failure> {
        let mut connection = self.shared.store.engine().acquire().await.map_err(StoreError::from)?;
        match self.transact(&mut connection, batch).await {
            Ok(fates) => {
                drop(connection);
                self.distribute(batch, fates);
                Ok(())
            }
            Err(failure) => {
                // It may be in a broken transaction.
                connection.close_on_drop();
                Err(failure)
            }
        }
    }

    /// One transaction: prefetch, lock, decide, write, commit.
    async fn transact(&mut self, connection: &mut PgConnection, batch: &mut [Work]) -> Result<Vec<Fate>, Failure> {
        let begin = self.prefetch(connection, batch).await?;
        let mut transaction = append::begin(connection, self.mandant_id)
            .await
            .map_err(StoreError::from)?;
        let keyed: Vec<Uuid> = batch
            .iter()
            .flat_map(Work::at_hand)
            .filter(|o| o.request_hash.is_some())
            .map(|o| o.befehl_id)
            .collect();
        let ids: Vec<Uuid> = begin.iter().map(|(_, id)| *id).collect();
        let start = append::read(&mut transaction, self.mandant_id, &keyed, &ids).await?;
        self.shared
            .catch_up(&mut transaction, &mut self.cache, self.mandant_id, start.mark)
            .await?;
        for key in begin.into_iter().filter(|(_, id)| !start.begun.contains(id)) {
            if let Some(entry) = self.shared.registry.entry(key.0) {
                self.cache.states.put(key, Loaded::empty(entry));
            }
        }
        self.watch_clock(&start);
        let (finished, fates) = self.decide(&mut transaction, batch, &start).await?;
        if finished.write.events.is_empty() && finished.write.befehle.is_empty() {
            transaction.rollback().await.map_err(StoreError::from)?;
        } else {
            self.write(&mut transaction, &finished).await?;
            self.commit(transaction, finished).await?;
        }
        Ok(fates)
    }

    /// Decides the units of a batch one after the other. What a unit misses that has missed something before is loaded
    /// right here, under the lock, and all is decided again: other processes cannot make it miss for ever.
    async fn decide(
        &mut self,
        connection: &mut PgConnection,
        batch: &mut [Work],
        start: &Start,
    ) -> Result<(Finished, Vec<Fate>), StoreError> {
        let mut round = 0;
        loop {
            let recorded_at = batch_time(start.now, start.head.recorded_at);
            let desk = self.desk(start.now, recorded_at);
            let head = Head {
                recorded_at,
                ..start.head.clone()
            };
            let mut overlay = Overlay::new(&self.cache, head);
            let fates: Vec<Fate> = batch
                .iter_mut()
                .map(|work| decide_unit(&desk, &mut overlay, work, &start.known))
                .collect();
            let missing = self.missed_again(batch, &fates, start.head.position);
            if missing.is_empty() || round >= ROUNDS {
                return Ok((overlay.finish(), fates));
            }
            drop(overlay);
            round += 1;
            reset(batch);
            self.shared
                .load(connection, &mut self.cache, self.mandant_id, &missing)
                .await?;
        }
    }

    /// What units miss that have missed something before. A fact holds at the head only, so it helps none but a unit
    /// that nothing was decided before.
    fn missed_again(&self, batch: &[Work], fates: &[Fate], head: i64) -> BTreeSet<Lookup> {
        let mut missing = BTreeSet::new();
        for (index, (work, fate)) in batch.iter().zip(fates).enumerate() {
            let Fate::Missing(lookups) = fate else { continue };
            if work.misses == 0 {
                continue;
            }
            let first = index == 0 && work.outcomes.len() == work.settled;
            let helps = |lookup: &&Lookup| match lookup {
                Lookup::Fact { name, key } => {
                    let known = self.cache.facts.get(&(*name, key.clone()));
                    first && known.is_none_or(|(position, _)| *position != head)
                }
                _ => true,
            };
            missing.extend(lookups.iter().filter(helps).cloned());
        }
        missing
    }

    /// Where commands are decided at a moment of the clock.
    fn desk(&self, jetzt: DateTime<Utc>, recorded_at: DateTime<Utc>) -> Desk<'_> {
        Desk {
            registry: &self.shared.registry,
            mandant_id: self.mandant_id,
            recorded_at,
            jetzt,
            heute: business_date(jetzt),
        }
    }

    /// recorded_at never falls, so a clock that once ran ahead leaves the log ahead of it. Business dates follow the
    /// clock; that the two differ is for somebody to look into.
    fn watch_clock(&mut self, start: &Start) {
        let ahead = (start.head.recorded_at - start.now)
            .max(TimeDelta::zero())
            .num_seconds();
        self.shared.clocks.tell(self.mandant_id, ahead);
        let quiet = self.clock_alarm.is_some_and(|at| at.elapsed() < CLOCK_ALARM_EVERY);
        if ahead > CLOCK_ALARM_S && !quiet {
            self.clock_alarm = Some(Instant::now());
            tracing::error!(voraus_s = ahead, mandant_id = %self.mandant_id, "das Journal ist der Uhr der Datenbank voraus");
        }
    }

    /// Answers what is decided and puts back what has to come again.
    fn distribute(&mut self, batch: &mut Vec<Work>, fates: Vec<Fate>) {
        let mut again = Vec::new();
        for (index, (mut work, fate)) in batch.drain(..).zip(fates).enumerate() {
            work.settle();
            match fate {
                Fate::Done => work.answer(),
                Fate::Full => self.queue_behind(work),
                Fate::Missing(lookups) => {
                    // A fact is stale behind other commands of the batch; only the first in line counts as a miss.
                    work.misses = if index == 0 {
                        work.misses + 1
                    } else {
                        work.misses.max(1)
                    };
                    if work.misses > MISS_LIMIT {
                        tracing::error!(?lookups, "einem Befehl fehlte immer wieder, was er braucht");
                        work.refuse(&internal("dem Befehl fehlt, was er zur Entscheidung braucht"));
                    } else {
                        again.push(work);
                    }
                }
            }
        }
        put_back(&mut self.waiting, again);
    }

    /// A unit that filled its batch lets those who wait go first, but for later units of the same client.
    fn queue_behind(&mut self, work: Work) {
        let waiting = std::mem::take(&mut self.waiting);
        let (own, others): (Vec<Work>, Vec<Work>) =
            waiting.into_iter().partition(|other| other.client() == work.client());
        self.waiting.extend(others);
        self.waiting.push_back(work);
        self.waiting.extend(own);
    }
}
