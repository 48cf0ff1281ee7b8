//! Following the log: readers wake on commit. In this process by a signal, across processes by LISTEN/NOTIFY, and by
//! polling as a net.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use sqlx::postgres::PgListener;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{EventStore, Recorded, StoreError, read::Range};

/// Channel of NOTIFY; its payload is `<mandant_id> <position>`.
pub const CHANNEL: &str = "neuroerp_log";

/// A follower that was not woken looks for itself after this time.
const POLL: Duration = Duration::from_secs(1);

/// Commits of this long are announced to other processes together.
const COALESCE: Duration = Duration::from_millis(10);

/// Companies that moved since somebody last looked, with their positions.
#[derive(Default)]
struct Inbox {
    heads: Mutex<BTreeMap<Uuid, i64>>,
    wake: Notify,
}

impl Inbox {
    fn put(&self, mandant_id: Uuid, position: i64) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.entry(mandant_id).or_insert(position);
        *known = position.max(*known);
        drop(heads);
        self.wake.notify_one();
    }

    async fn next(&self) -> BTreeMap<Uuid, i64> {
        loop {
            let moved = std::mem::take(&mut *self.heads.lock().unwrap_or_else(PoisonError::into_inner));
            if !moved.is_empty() {
                return moved;
            }
            self.wake.notified().await;
        }
    }
}

/// The companies that moved, for one reader of all logs.
pub struct Moved(Arc<Inbox>);

impl Moved {
    /// Waits until a company has moved; gives back all that did since the last time. Nothing is lost if the future is
    /// dropped while it waits.
    pub async fn next(&self) -> BTreeMap<Uuid, i64> {
        self.0.next().await
    }
}

/// Positions known to be committed, per company, and the wake-up of those who wait for them.
#[derive(Clone, Default)]
pub struct Signals(Arc<Shared>);

#[derive(Default)]
struct Shared {
    heads: Mutex<HashMap<Uuid, watch::Sender<i64>>>,
    readers: Mutex<Vec<Weak<Inbox>>>,
    tails: Mutex<HashMap<Uuid, Weak<Tail>>>,
    /// What this process committed and others have not been told yet.
    unannounced: Inbox,
}

impl Signals {
    /// Says that this process committed a company's log up to a position. Readers in this process are woken at once,
    /// other processes are told by [`EventStore::listen`].
    pub fn committed(&self, mandant_id: Uuid, position: i64) {
        self.seen(mandant_id, position);
        self.0.unannounced.put(mandant_id, position);
    }

    /// Says that a company's log is known to be committed up to a position, by whomever.
    pub fn seen(&self, mandant_id: Uuid, position: i64) {
        let moved = self.sender(mandant_id).send_if_modified(|known| {
            let newer = position > *known;
            if newer {
                *known = position;
            }
            newer
        });
        if !moved {
            return;
        }
        let mut readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| {
            let reader = reader.upgrade();
            reader.inspect(|inbox| inbox.put(mandant_id, position)).is_some()
        });
    }

    /// The position known to be committed, changing.
    #[must_use]
    pub fn watch(&self, mandant_id: Uuid) -> watch::Receiver<i64> {
        self.sender(mandant_id).subscribe()
    }

    /// The companies that move from now on.
    #[must_use]
    pub fn moved(&self) -> Moved {
        let inbox = Arc::new(Inbox::default());
        let mut readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.push(Arc::downgrade(&inbox));
        Moved(inbox)
    }

    /// The tail that all followers of a company share; it ends with the last of them.
    fn tail(&self, mandant_id: Uuid) -> Arc<Tail> {
        let mut tails = self.0.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.retain(|_, tail| tail.strong_count() > 0);
        if let Some(tail) = tails.get(&mandant_id).and_then(Weak::upgrade) {
            return tail;
        }
        let tail = Arc::new(Tail::default());
        tails.insert(mandant_id, Arc::downgrade(&tail));
        tail
    }

    fn sender(&self, mandant_id: Uuid) -> watch::Sender<i64> {
        let mut heads = self.0.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.entry(mandant_id).or_insert_with(|| watch::channel(0).0).clone()
    }
}

/// Follows a company's log from a position. Events come in order, each once.
pub struct Follower {
    store: EventStore,
    mandant_id: Uuid,
    position: i64,
    signal: watch::Receiver<i64>,
    tail: Arc<Tail>,
}

/// The last page of a company's log: of all that follow the log at its end, one reads and the others find it here.
#[derive(Default)]
struct Tail(tokio::sync::Mutex<Page>);

#[derive(Default)]
struct Page {
    events: Vec<Recorded>,
    /// Where the log ended when somebody looked last, and when that was.
    end: Option<(i64, Instant)>,
}

impl Page {
    /// True if somebody has just seen that nothing stands behind this position.
    fn ends_at(&self, position: i64) -> bool {
        self.end
            .is_some_and(|(end, seen)| position >= end && seen.elapsed() < POLL)
    }
}

impl Tail {
    async fn read(
        &self,
        store: &EventStore,
        mandant_id: Uuid,
        after: i64,
        known: i64,
        limit: i64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let range = Range {
            after,
            ..Range::default()
        };
        let mut tail = self.0.lock().await;
        let (first, last) = (
            tail.events.first().map_or(0, |e| e.position),
            tail.events.last().map_or(0, |e| e.position),
        );
        if after >= last {
            if known <= after && tail.ends_at(after) {
                return Ok(Vec::new());
            }
            let seen = Instant::now();
            let events = store.page(mandant_id, range, limit).await?;
            let full = i64::try_from(events.len()).is_ok_and(|n| n >= limit);
            let end = events.last().map_or(after, |e| e.position);
            tail.end = (!full).then_some((end, seen));
            if !events.is_empty() {
                tail.events.clone_from(&events);
                drop(tail);
                // Nobody else looks for himself as long as this look counts.
                store.signals().seen(mandant_id, end);
            }
            return Ok(events);
        }
        if after + 1 >= first {
            let new = tail.events.iter().skip_while(|e| e.position <= after);
            return Ok(new.take(usize::try_from(limit).unwrap_or_default()).cloned().collect());
        }
        // Far behind, and alone there.
        drop(tail);
        store.page(mandant_id, range, limit).await
    }
}

impl Follower {
    /// The next events, at most `limit`; waits until there are any.
    pub async fn next(&mut self, limit: i64) -> Result<Vec<Recorded>, StoreError> {
        loop {
            let known = *self.signal.borrow_and_update();
            let events = self
                .tail
                .read(&self.store, self.mandant_id, self.position, known, limit)
                .await?;
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(events);
            }
            // A lost signal only costs the poll interval.
            let _ = tokio::time::timeout(POLL, self.signal.changed()).await;
        }
    }

    /// Position of the last event given out.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }
}

impl EventStore {
    /// Follows a company's log after a position.
    #[must_use]
    pub fn follow(&self, mandant_id: Uuid, after: i64) -> Follower {
        let signal = self.signals().watch(mandant_id);
        Follower {
            store: self.clone(),
            mandant_id,
            position: after,
            signal,
            tail: self.signals().tail(mandant_id),
        }
    }

    /// Tells other processes of this one's commits and carries theirs into this one's signals, until cancelled.
    /// Reconnects by itself.
    pub async fn listen(&self) {
        tokio::join!(self.announce(), self.hear());
    }

    /// NOTIFY after the commit, never inside it: a transaction that notifies holds a lock of the whole database over
    /// its flush, so that all companies would commit one after the other. What is lost in a crash is found by polling.
    async fn announce(&self) {
        loop {
            let (mandants, positions): (Vec<Uuid>, Vec<i64>) =
                self.signals().0.unannounced.next().await.into_iter().unzip();
            // Nobody waits for this commit to reach the disk: it has nothing to lose.
            let sent = sqlx::query(
                "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, m.id::text || ' ' || m.position::text) \
                 FROM unnest($2::uuid[], $3::bigint[]) AS m(id, position)",
            )
            .bind(CHANNEL)
            .bind(mandants)
            .bind(positions)
            .execute(self.pool())
            .await;
            if let Err(error) = sent {
                tracing::warn!(%error, "andere Prozesse erfahren von Neuem nur durch Nachsehen");
            }
            tokio::time::sleep(COALESCE).await;
        }
    }

    async fn hear(&self) {
        loop {
            if let Err(error) = self.hear_once().await {
                tracing::warn!(%error, "LISTEN wurde unterbrochen; neuer Versuch");
                tokio::time::sleep(POLL).await;
            }
        }
    }

    async fn hear_once(&self) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(self.pool()).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let notification = listener.recv().await?;
            let parsed = notification
                .payload()
                .split_once(' ')
                .and_then(|(mandant, position)| Some((Uuid::parse_str(mandant).ok()?, position.parse::<i64>().ok()?)));
            if let Some((mandant_id, position)) = parsed {
                self.signals().seen(mandant_id, position);
            }
        }
    }
}
