//! The group-committing writer of one company: takes what is queued without waiting, decides it under the head lock,
//! writes it in one transaction, answers after the commit. This file carries a batch from the queue to its answers.

mod failure;
mod trial;
mod units;
mod work;
mod write;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use sqlx::Connection;
use tokio::sync::mpsc;
use uuid::Uuid;

use self::{
    failure::{Failure, is_transient, open_outcome},
    units::decide_unit,
    work::{Fate, Work, conclude, put_back, reset},
};
use super::{
    BATCH_LIMIT, Envelope, Shared,
    cache::Cache,
    decide::{Desk, business_date},
    internal,
    overlay::{Overlay, batch_time},
    unavailable,
};
use crate::eventstore::{
    StoreError,
    append::{self, Befehl},
};

/// How often a command may miss the lock before it is decided alone.
const MISS_LIMIT: u32 = 20;
/// Attempts at a batch while the database is not there.
const RETRIES: u32 = 5;

/// The committer of one company.
pub(super) struct Committer {
    shared: Arc<Shared>,
    mandant_id: Uuid,
    cache: Cache,
    waiting: VecDeque<Work>,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, mandant_id: Uuid) -> Self {
        Self {
            shared,
            mandant_id,
            cache: Cache::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Envelope>) {
        loop {
            if self.waiting.is_empty() {
                let Some(envelope) = queue.recv().await else { return };
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
        }
    }

    /// Carries a batch through; a batch that the database refuses is taken apart and its units run one by one.
    async fn serve(&mut self, batch: Vec<Work>) {
        let alone = batch.len() == 1;
        let mut batch = batch;
        for attempt in 0..RETRIES {
            match self.attempt(&mut batch).await {
                Ok(()) => return,
                Err(Failure::Uncertain { befehle, finished }) => {
                    match self.settle(&befehle).await {
                        Ok(true) => {
                            self.cache.clear(finished.head.position);
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
                            tracing::error!(%error, "whether a batch was committed cannot be found out");
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
                        tracing::warn!(%error, attempt, "the database is not there; trying again");
                    } else if alone {
                        tracing::error!(%error, "a command cannot be written");
                        for work in batch {
                            work.refuse(&internal(
                                "der Befehl lässt sich nicht ablegen; es wurde nichts geschrieben",
                            ));
                        }
                        return;
                    } else {
                        tracing::error!(%error, "a batch cannot be written; its units run one by one");
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

    /// One transaction: prefetch, lock, decide, write, commit, answer. On success the batch is emptied.
    async fn attempt(&mut self, batch: &mut Vec<Work>) -> Result<(), Failure> {
        let mut connection = self.shared.store.engine().acquire().await.map_err(StoreError::from)?;
        self.prefetch(&mut connection, batch).await?;
        let mut transaction = connection.begin().await.map_err(StoreError::from)?;
        let head = append::lock_head(&mut transaction, self.mandant_id).await?;
        let keyed: Vec<Uuid> = batch
            .iter()
            .flat_map(|w| &w.envelope.unit.orders)
            .filter(|o| o.request_hash.is_some())
            .map(|o| o.befehl_id)
            .collect();
        let (now, known) = append::now_and_known(&mut transaction, self.mandant_id, &keyed).await?;
        let known: HashMap<Uuid, Befehl> = known.into_iter().map(|b| (b.befehl_id, b)).collect();
        self.shared
            .catch_up(&mut transaction, &mut self.cache, self.mandant_id, head.position)
            .await?;

        let jetzt = batch_time(now, head.recorded_at);
        let desk = self.desk(jetzt);
        let mut overlay = Overlay::new(
            &self.cache,
            append::Head {
                recorded_at: jetzt,
                ..head.clone()
            },
        );
        let mut fates = Vec::with_capacity(batch.len());
        for work in batch.iter_mut() {
            fates.push(decide_unit(&desk, &mut overlay, work, &known));
        }
        let finished = overlay.finish();
        if finished.write.events.is_empty() && finished.write.befehle.is_empty() {
            transaction.rollback().await.map_err(StoreError::from)?;
            self.cache.seen = head.position;
        } else {
            self.write(&mut transaction, &finished).await?;
            self.commit(transaction, finished).await?;
        }
        drop(connection);
        self.distribute(batch, fates);
        Ok(())
    }

    /// Where commands are decided at a moment.
    fn desk(&self, jetzt: DateTime<Utc>) -> Desk<'_> {
        Desk {
            registry: &self.shared.registry,
            mandant_id: self.mandant_id,
            jetzt,
            heute: business_date(jetzt),
        }
    }

    /// Answers what is decided and puts back what has to come again.
    fn distribute(&mut self, batch: &mut Vec<Work>, fates: Vec<Fate>) {
        let mut again = Vec::new();
        for (index, (mut work, fate)) in batch.drain(..).zip(fates).enumerate() {
            work.settled = work.outcomes.len();
            match fate {
                Fate::Done => work.answer(),
                Fate::Full => again.push(work),
                Fate::Missing(lookups) => {
                    // A fact is stale behind other commands of the batch; only the first in line counts as a miss.
                    work.misses = if index == 0 {
                        work.misses + 1
                    } else {
                        work.misses.max(1)
                    };
                    if work.misses > MISS_LIMIT {
                        tracing::error!(?lookups, "a command kept missing what it needs");
                        work.refuse(&unavailable());
                    } else {
                        again.push(work);
                    }
                }
            }
        }
        put_back(&mut self.waiting, again);
    }
}
