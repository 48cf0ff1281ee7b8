//! The group-committing writer of one company: takes what is queued without waiting, decides it under the head lock,
//! writes it in one transaction, answers after the commit.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use aggregates::{Lookup, Refusal};
use projections::state::{Change, RowSet};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, pool::PoolConnection, postgres::Postgres};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    Answer, BATCH_LIMIT, Envelope, Mode, Order, Outcome, Shared,
    cache::Cache,
    decide::{Blocked, Desk, Fixed, business_date},
    internal,
    overlay::{Finished, Overlay, batch_time},
    unavailable,
};
use crate::eventstore::{
    Loaded, StoreError,
    append::{self, Befehl},
    tree::Frontier,
};

/// Rounds of look-ups before a trial is given up; each round loads all that was missing.
const PROBE_LIMIT: usize = 200;
/// How often a command may miss the lock before it is decided alone.
const MISS_LIMIT: u32 = 20;
/// Attempts at a batch while the database is not there.
const RETRIES: u32 = 5;
/// A folded state is kept in the database every so many events.
const SNAPSHOT_EVERY: i64 = 256;

/// A unit that is not answered yet.
struct Work {
    envelope: Envelope,
    /// When the unit was accepted.
    angenommen: chrono::DateTime<chrono::Utc>,
    /// Random bytes of each command, drawn once.
    zufall: Vec<[u8; 32]>,
    /// Answers so far, in order.
    outcomes: Vec<Outcome>,
    /// How many of them an earlier, committed batch gave.
    settled: usize,
    /// How often something was missing under the lock.
    misses: u32,
    /// Its batch was refused by the database: it is carried out by itself, so that a bad neighbour cannot hold it up.
    alone: bool,
}

impl Work {
    fn new(envelope: Envelope) -> Self {
        let zufall = envelope
            .unit
            .orders
            .iter()
            .map(|_| {
                let mut bytes = [0_u8; 32];
                // Without randomness no key may be issued: zeros would be guessable, so the draw is from the id then.
                if getrandom::fill(&mut bytes).is_err() {
                    bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
                    bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
                }
                bytes
            })
            .collect();
        Self {
            envelope,
            angenommen: chrono::Utc::now(),
            zufall,
            outcomes: Vec::new(),
            settled: 0,
            misses: 0,
            alone: false,
        }
    }

    fn answer(self) {
        // A caller that is gone does not need its answer.
        let _ = self.envelope.reply.send(self.outcomes);
    }

    fn refuse(mut self, refusal: &Refusal) {
        let open = self.envelope.unit.orders.len() - self.outcomes.len().min(self.envelope.unit.orders.len());
        self.outcomes.extend((0..open).map(|_| Err(refusal.clone())));
        self.answer();
    }

    fn rest(&self) -> usize {
        self.envelope.unit.orders.len().saturating_sub(self.outcomes.len())
    }
}

/// How a unit fared in a batch.
enum Fate {
    /// Decided to its end; answer after the commit.
    Done,
    /// Something is not loaded.
    Missing(Vec<Lookup>),
    /// The batch is full; the rest of the unit joins the next one.
    Full,
}

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
                self.waiting.push_back(Work::new(envelope));
            }
            // What is queued joins; there is no artificial wait for more.
            while self.waiting.len() < BATCH_LIMIT {
                let Ok(envelope) = queue.try_recv() else { break };
                self.waiting.push_back(Work::new(envelope));
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
            self.serve(batch).await;
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
                            for work in batch {
                                self.conclude(work);
                            }
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
                        for mut work in batch.into_iter().rev() {
                            work.alone = true;
                            self.waiting.push_front(work);
                        }
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
        let mut connection = self.shared.store.pool().acquire().await.map_err(StoreError::from)?;
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
        let desk = Desk {
            registry: &self.shared.registry,
            mandant_id: self.mandant_id,
            jetzt,
            heute: business_date(jetzt),
        };
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

    /// Loads the streams the batch is for, and probes units that missed something before: they are decided on trial
    /// outside the lock until nothing is missing any more.
    async fn prefetch(&mut self, connection: &mut PgConnection, batch: &[Work]) -> Result<(), StoreError> {
        let mut lookups = BTreeSet::new();
        for order in batch
            .iter()
            .flat_map(|w| w.envelope.unit.orders.iter().skip(w.outcomes.len()))
        {
            let Some(entry) = self.shared.registry.entry(order.typ) else {
                continue;
            };
            // Touching the state keeps it in the cache until it is decided on.
            if self.cache.states.get(&(entry.typ, order.id)).is_none() {
                lookups.insert(Lookup::Stream {
                    typ: entry.typ,
                    id: order.id,
                });
            }
        }
        if !lookups.is_empty() {
            self.shared
                .load(connection, &mut self.cache, self.mandant_id, &lookups)
                .await?;
        }
        if batch.iter().any(|w| w.misses > 0) {
            self.probe(connection, batch).await?;
        }
        Ok(())
    }

    /// Decides on trial, outside the lock, until nothing is missing any more.
    async fn probe(&mut self, connection: &mut PgConnection, batch: &[Work]) -> Result<(), StoreError> {
        let head = self.shared.store.head(self.mandant_id).await?;
        self.shared
            .catch_up(connection, &mut self.cache, self.mandant_id, head)
            .await?;
        let now = chrono::Utc::now();
        for _ in 0..PROBE_LIMIT {
            let missing = {
                let desk = Desk {
                    registry: &self.shared.registry,
                    mandant_id: self.mandant_id,
                    jetzt: now,
                    heute: business_date(now),
                };
                let head = append::Head {
                    position: head,
                    recorded_at: now,
                    tree: Frontier::default(),
                };
                let mut overlay = Overlay::new(&self.cache, head);
                let mut missing = BTreeSet::new();
                for work in batch.iter().filter(|w| w.misses > 0) {
                    missing_of(&desk, &mut overlay, work, &mut missing);
                }
                missing
            };
            if missing.is_empty() {
                return Ok(());
            }
            self.shared
                .load(connection, &mut self.cache, self.mandant_id, &missing)
                .await?;
        }
        Ok(())
    }

    async fn write(&self, connection: &mut PgConnection, finished: &Finished) -> Result<(), StoreError> {
        let started = Instant::now();
        append::write(connection, self.mandant_id, &finished.head, &finished.write).await?;
        let mut rows = RowSet::default();
        let mut jsons = Vec::with_capacity(finished.states.len());
        for (key, loaded) in &finished.states {
            let Some(entry) = self.shared.registry.entry(key.0) else {
                continue;
            };
            let old = self
                .cache
                .states
                .peek(key)
                .filter(|old| old.version > 0)
                .map(|old| entry.to_json(&old.state));
            jsons.push((key, loaded, old, entry.to_json(&loaded.state)));
        }
        for (key, loaded, old, new) in &jsons {
            let Some(model) = self.shared.models.get(key.0) else {
                continue;
            };
            rows.add(&Change {
                model: *model,
                mandant_id: self.mandant_id,
                id: key.1,
                version: loaded.version,
                position: loaded.position,
                angelegt_am: loaded.began_at,
                geaendert_am: finished.head.recorded_at,
                old: old.as_ref(),
                new,
            });
        }
        rows.write(connection, &self.shared.columns).await?;
        for (key, loaded, _, json) in &jsons {
            let before = self.cache.states.peek(key).map_or(0, |old| old.version);
            if before / SNAPSHOT_EVERY != loaded.version / SNAPSHOT_EVERY {
                self.snapshot(connection, key, loaded, json).await?;
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
        json: &Value,
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
        .bind(json.to_string())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Commits; only then the cache takes the new states.
    async fn commit(
        &mut self,
        transaction: sqlx::Transaction<'_, Postgres>,
        finished: Finished,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        if let Err(error) = transaction.commit().await {
            tracing::warn!(%error, "the connection was lost at COMMIT; looking for the commands in the log");
            let befehle = finished.write.befehle.iter().map(|b| b.befehl_id).collect();
            return Err(Failure::Uncertain {
                befehle,
                finished: Box::new(finished),
            });
        }
        metrics::histogram!("neuroerp_commit_sekunden").record(started.elapsed());
        self.cache.seen = finished.head.position;
        for (key, loaded) in finished.states {
            self.cache.states.put(key, loaded);
        }
        for (key, holder) in finished.claims {
            self.cache.claims.put(key, holder);
        }
        self.cache.counters.extend(finished.counters);
        self.cache.facts.clear();
        self.shared
            .store
            .signals()
            .committed(self.mandant_id, finished.head.position);
        Ok(())
    }

    /// After a lost COMMIT: waits for the head lock, which the lost transaction held if it still runs, and looks
    /// whether its commands are on record.
    async fn settle(&self, befehle: &[Uuid]) -> Result<bool, StoreError> {
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
        let mut connection: PoolConnection<Postgres> = self.shared.store.pool().acquire().await?;
        let mut transaction = connection.begin().await?;
        append::lock_head(&mut transaction, self.mandant_id).await?;
        let (_, known) = append::now_and_known(&mut transaction, self.mandant_id, befehle).await?;
        transaction.rollback().await?;
        Ok(!known.is_empty())
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
        // Facts hold only at the head, so units that wait for one go first.
        for work in again.into_iter().rev() {
            self.waiting.push_front(work);
        }
    }

    /// After a settled COMMIT: all of the batch that was decided is answered, the rest comes again.
    fn conclude(&mut self, mut work: Work) {
        work.settled = work.outcomes.len();
        if work.rest() == 0 {
            work.answer();
        } else {
            self.waiting.push_back(work);
        }
    }
}

/// Why an attempt failed.
enum Failure {
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

/// Takes back the answers of an attempt that was rolled back; those of earlier batches stay.
fn reset(batch: &mut [Work]) {
    for work in batch {
        work.outcomes.truncate(work.settled);
    }
}

fn is_transient(error: &StoreError) -> bool {
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

fn open_outcome() -> Refusal {
    Refusal::new(
        "API_AUSGANG_OFFEN",
        503,
        "die Verbindung zur Datenbank riss beim Festschreiben ab; eine Wiederholung mit demselben Idempotency-Key zeigt, \
         ob der Befehl ausgeführt wurde, und führt ihn sonst aus",
        json!({}),
    )
}

/// The stored first answer, or the refusal of another body under the same key.
fn replay(order: &Order, known: &Befehl) -> Outcome {
    if known.anfrage_hash.as_ref() != order.request_hash.as_ref() {
        return Err(Refusal::new(
            "IDEMPOTENZ_ABWEICHEND",
            422,
            "dieser Idempotency-Key wurde schon für eine andere Anfrage benutzt; bitte einen neuen wählen",
            json!({}),
        ));
    }
    Ok(Answer::replay(&known.antwort))
}

fn decide_unit(desk: &Desk<'_>, overlay: &mut Overlay<'_>, work: &mut Work, known: &HashMap<Uuid, Befehl>) -> Fate {
    match work.envelope.unit.mode {
        Mode::Each => decide_each(desk, overlay, work, known),
        Mode::Atomic | Mode::DryRun => decide_whole(desk, overlay, work, known),
    }
}

fn decide_order(
    desk: &Desk<'_>,
    overlay: &mut Overlay<'_>,
    work: &Work,
    index: usize,
    known: &HashMap<Uuid, Befehl>,
) -> Result<Answer, Blocked> {
    let Some(order) = work.envelope.unit.orders.get(index) else {
        return Err(Blocked::Refused(internal("Reihenfolge")));
    };
    if order.request_hash.is_some() {
        let twin = overlay.befehle.iter().find(|b| b.befehl_id == order.befehl_id);
        if let Some(first) = twin.or_else(|| known.get(&order.befehl_id)) {
            return replay(order, first).map_err(Blocked::Refused);
        }
    }
    let zufall = work.zufall.get(index).copied().unwrap_or_default();
    let fixed = Fixed {
        zufall,
        angenommen: work.angenommen,
    };
    desk.decide(overlay, &work.envelope.unit.caller, order, fixed)
}

/// Each command for itself, in order; a missing look-up stops the unit so that the order is kept.
fn decide_each(desk: &Desk<'_>, overlay: &mut Overlay<'_>, work: &mut Work, known: &HashMap<Uuid, Befehl>) -> Fate {
    let mut decided = 0;
    while work.rest() > 0 {
        if decided >= BATCH_LIMIT {
            return Fate::Full;
        }
        let mark = overlay.mark();
        match decide_order(desk, overlay, work, work.outcomes.len(), known) {
            Ok(answer) => {
                overlay.keep();
                work.outcomes.push(Ok(answer));
                // Still probed if its batch has to be repeated, but no longer close to being given up.
                work.misses = work.misses.min(1);
            }
            Err(Blocked::Refused(refusal)) => {
                overlay.undo(mark);
                work.outcomes.push(Err(refusal));
            }
            Err(Blocked::Missing(lookups)) => {
                overlay.undo(mark);
                return Fate::Missing(lookups);
            }
        }
        decided += 1;
    }
    Fate::Done
}

/// All or none. A dry run takes everything back and shows what it would have written.
fn decide_whole(desk: &Desk<'_>, overlay: &mut Overlay<'_>, work: &mut Work, known: &HashMap<Uuid, Befehl>) -> Fate {
    let mark = overlay.mark();
    let first = overlay.events.len();
    let count = work.envelope.unit.orders.len();
    let mut answers = Vec::with_capacity(count);
    for index in 0..count {
        match decide_order(desk, overlay, work, index, known) {
            Ok(answer) => answers.push(Ok(answer)),
            Err(Blocked::Refused(refusal)) => {
                overlay.undo(mark);
                work.outcomes = (0..count).map(|i| Err(aborted(&refusal, index, i))).collect();
                return Fate::Done;
            }
            Err(Blocked::Missing(lookups)) => {
                overlay.undo(mark);
                return Fate::Missing(lookups);
            }
        }
    }
    if work.envelope.unit.mode == Mode::DryRun {
        let preview: Vec<Value> = overlay
            .events
            .get(first..)
            .unwrap_or_default()
            .iter()
            .map(preview_of)
            .collect();
        overlay.undo(mark);
        for answer in answers.iter_mut().flatten() {
            answer.einmalig.clear();
        }
        if let Some(Ok(answer)) = answers.last_mut() {
            answer.preview = preview;
        }
    } else {
        overlay.keep();
    }
    work.outcomes = answers;
    Fate::Done
}

/// In an atomic unit the refused command bears its refusal, the others say that nothing was written.
fn aborted(refusal: &Refusal, refused: usize, index: usize) -> Refusal {
    if index == refused {
        return refusal.clone();
    }
    Refusal::new(
        "STAPEL_ABGEBROCHEN",
        refusal.status,
        format!(
            "nicht ausgeführt, weil Element {refused} abgelehnt wurde ({})",
            refusal.code
        ),
        json!({"index": refused, "code": refusal.code}),
    )
}

fn preview_of(event: &append::NewEvent) -> Value {
    json!({
        "aggregat": event.recorded.aggregate_type,
        "id": event.recorded.aggregate_id,
        "version": event.recorded.version,
        "ereignis": event.recorded.event_type,
        "daten": event.recorded.payload,
    })
}

/// Decides a unit on trial and gathers what is missing. What comes after a gap is judged without it, which is good
/// enough to find out what it needs.
fn missing_of(desk: &Desk<'_>, overlay: &mut Overlay<'_>, work: &Work, missing: &mut BTreeSet<Lookup>) {
    let none = HashMap::new();
    for index in (work.outcomes.len()..work.envelope.unit.orders.len()).take(BATCH_LIMIT) {
        let mark = overlay.mark();
        match decide_order(desk, overlay, work, index, &none) {
            Ok(_) => overlay.keep(),
            Err(Blocked::Refused(_)) => overlay.undo(mark),
            Err(Blocked::Missing(lookups)) => {
                overlay.undo(mark);
                missing.extend(lookups);
            }
        }
    }
}
