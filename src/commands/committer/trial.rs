//! Before the lock: loads the streams a batch is for, and decides on trial what missed something before, so that as
//! little as possible is missing under the lock.

use std::collections::{BTreeSet, HashMap};

use aggregates::Lookup;
use sqlx::PgConnection;

use super::{Committer, units::decide_order, work::Work};
use crate::{
    commands::{
        BATCH_LIMIT,
        decide::{Blocked, Desk},
        overlay::Overlay,
    },
    eventstore::{
        StoreError,
        append::{self, Head},
        tree::Frontier,
    },
};

/// Rounds of look-ups before a trial is given up; each round loads all that was missing.
const PROBE_LIMIT: usize = 200;

impl Committer {
    /// Loads the streams the batch is for, and probes units that missed something before: they are decided on trial
    /// outside the lock until nothing is missing any more.
    pub(super) async fn prefetch(&mut self, connection: &mut PgConnection, batch: &[Work]) -> Result<(), StoreError> {
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
        // On the connection in hand: a second one could be waited for by all committers at once.
        let head = append::peek_head(connection, self.mandant_id).await?;
        self.shared
            .catch_up(connection, &mut self.cache, self.mandant_id, head)
            .await?;
        let now = crate::uhr::jetzt();
        for _ in 0..PROBE_LIMIT {
            let missing = {
                let desk = self.desk(now);
                let head = Head {
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
