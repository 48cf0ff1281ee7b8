//! Before the lock: loads the streams a batch is for, and decides on trial what missed something before, so that as
//! little as possible is missing under the lock.

use std::collections::{BTreeSet, HashMap};

use aggregates::Lookup;
use sqlx::PgConnection;

use super::{Committer, units::decide_order, work::Work};
use crate::{
    commands::{
        decide::{Blocked, Desk},
        overlay::Overlay,
    },
    eventstore::{
        StoreError, StreamKey,
        append::{self, Head},
        tree::Frontier,
    },
};

/// Rounds of look-ups before a batch is left as it is; each round loads all that was missing.
pub(super) const ROUNDS: usize = 200;

impl Committer {
    /// Loads the streams the batch is for, and probes units that missed something before: they are decided on trial
    /// outside the lock until nothing is missing any more. Gives back the streams that the batch is to begin: they are
    /// not loaded, since there is nothing to load of nearly all of them.
    pub(super) async fn prefetch(
        &mut self,
        connection: &mut PgConnection,
        batch: &[Work],
    ) -> Result<Vec<StreamKey>, StoreError> {
        let mut lookups = BTreeSet::new();
        let mut begin = BTreeSet::new();
        for work in batch {
            for order in work.at_hand() {
                let Some(entry) = self.shared.registry.entry(order.typ) else {
                    continue;
                };
                let key = (entry.typ, order.id);
                // Touching the state keeps it in the cache until it is decided on.
                if self.cache.states.get(&key).is_some() {
                    continue;
                }
                // One that missed something has been found to exist.
                if order.create && work.misses == 0 {
                    begin.insert(key);
                } else {
                    lookups.insert(Lookup::Stream {
                        typ: entry.typ,
                        id: order.id,
                    });
                }
            }
        }
        if !lookups.is_empty() {
            // Else all of the log would count as foreign, and what is loaded now be thrown away at once.
            if self.cache.epoche.is_none() {
                let mark = append::peek(connection, self.mandant_id).await?;
                (self.cache.seen, self.cache.epoche) = (mark.position, Some(mark.epoche));
            }
            self.shared
                .load(connection, &mut self.cache, self.mandant_id, &lookups)
                .await?;
        }
        if batch.iter().any(|w| w.misses > 0) {
            self.probe(connection, batch).await?;
        }
        Ok(begin.into_iter().collect())
    }

    /// Decides on trial, outside the lock, until nothing is missing any more.
    async fn probe(&mut self, connection: &mut PgConnection, batch: &[Work]) -> Result<(), StoreError> {
        // On the connection in hand: a second one of the engine could be waited for by all committers at once.
        let mark = append::peek(connection, self.mandant_id).await?;
        self.shared
            .catch_up(connection, &mut self.cache, self.mandant_id, mark)
            .await?;
        let now = crate::uhr::jetzt();
        for _ in 0..ROUNDS {
            let missing = {
                let desk = self.desk(now, now);
                let head = Head {
                    position: mark.position,
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
}

/// Decides a unit on trial and gathers what is missing. What comes after a gap is judged without it, which is good
/// enough to find out what it needs.
fn missing_of(desk: &Desk<'_>, overlay: &mut Overlay<'_>, work: &Work, missing: &mut BTreeSet<Lookup>) {
    let none = HashMap::new();
    for index in work.outcomes.len()..work.outcomes.len() + work.at_hand().len() {
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
