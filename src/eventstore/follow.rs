//! Following the log: readers wake on commit. In this process by a signal, across processes by LISTEN/NOTIFY, and by
//! polling as a net.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::postgres::PgListener;
use tokio::sync::watch;
use uuid::Uuid;

use super::{EventStore, Recorded, StoreError, read::Range};

/// Channel of NOTIFY; its payload is `<mandant_id> <position>`.
pub const CHANNEL: &str = "neuroerp_log";

/// A follower that was not woken looks for itself after this time.
const POLL: Duration = Duration::from_secs(1);

/// Positions known to be committed, per company, and the wake-up of those who wait for them.
#[derive(Clone, Default)]
pub struct Signals {
    heads: Arc<Mutex<HashMap<Uuid, watch::Sender<i64>>>>,
    any: Arc<watch::Sender<u64>>,
}

impl Signals {
    /// Says that a company's log is committed up to a position.
    pub fn committed(&self, mandant_id: Uuid, position: i64) {
        let sender = self.sender(mandant_id);
        sender.send_if_modified(|known| {
            let newer = position > *known;
            if newer {
                *known = position;
            }
            newer
        });
        self.any.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// The position known to be committed, changing.
    #[must_use]
    pub fn watch(&self, mandant_id: Uuid) -> watch::Receiver<i64> {
        self.sender(mandant_id).subscribe()
    }

    /// Changes with any commit of any company.
    #[must_use]
    pub fn any(&self) -> watch::Receiver<u64> {
        self.any.subscribe()
    }

    fn sender(&self, mandant_id: Uuid) -> watch::Sender<i64> {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.entry(mandant_id).or_insert_with(|| watch::channel(0).0).clone()
    }
}

/// Follows a company's log from a position. Events come in order, each once.
pub struct Follower {
    store: EventStore,
    mandant_id: Uuid,
    position: i64,
    signal: watch::Receiver<i64>,
}

impl Follower {
    /// The next events, at most `limit`; waits until there are any.
    pub async fn next(&mut self, limit: i64) -> Result<Vec<Recorded>, StoreError> {
        loop {
            self.signal.mark_unchanged();
            let range = Range {
                after: self.position,
                ..Range::default()
            };
            let events = self.store.page(self.mandant_id, range, limit).await?;
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
        }
    }

    /// Carries commits of other processes into this one's signals, until cancelled. Reconnects by itself.
    pub async fn listen(&self) {
        loop {
            if let Err(error) = self.listen_once().await {
                tracing::warn!(%error, "LISTEN was interrupted; trying again");
                tokio::time::sleep(POLL).await;
            }
        }
    }

    async fn listen_once(&self) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(self.pool()).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let notification = listener.recv().await?;
            let parsed = notification
                .payload()
                .split_once(' ')
                .and_then(|(mandant, position)| Some((Uuid::parse_str(mandant).ok()?, position.parse::<i64>().ok()?)));
            if let Some((mandant_id, position)) = parsed {
                self.signals().committed(mandant_id, position);
            }
        }
    }
}
