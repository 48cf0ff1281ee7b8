//! Ledgers: a second copy of their tables is carried through the log page by page, and swapped with its checkpoints.

use std::collections::BTreeMap;

use projections::{Ledger, LedgerError};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{
    LITTLE, PASSES, settle,
    shadow::{self, shadow},
};
use crate::{eventstore::EventStore, projector::run::page};

/// The second copy of a ledger. Where it stands is kept here and not in a checkpoint row: it begins anew after an abort.
struct Copy<'a> {
    store: &'a EventStore,
    ledger: &'a dyn Ledger,
    positions: BTreeMap<Uuid, i64>,
    events: u64,
}

impl Copy<'_> {
    /// Carries one page of a company's log into the shadow tables.
    async fn page(&mut self, connection: &mut PgConnection, mandant_id: Uuid, head: i64) -> Result<(), LedgerError> {
        let reached = self.positions.entry(mandant_id).or_insert(0);
        let registry = self.store.registry();
        let done = page(connection, registry, self.ledger, mandant_id, *reached, head, &shadow).await?;
        *reached = done.reached;
        self.events += u64::try_from(done.events).unwrap_or_default();
        Ok(())
    }

    fn at(&self, mandant_id: Uuid) -> i64 {
        self.positions.get(&mandant_id).copied().unwrap_or(0)
    }
}

pub(super) async fn one_ledger(store: &EventStore, ledger: &dyn Ledger) -> anyhow::Result<u64> {
    let mut connection = store.unhurried().await?;
    shadow::create(&mut connection, ledger.tables()).await?;
    let mut copy = Copy {
        store,
        ledger,
        positions: BTreeMap::new(),
        events: 0,
    };
    // Without holding anybody up, page by page, each in a transaction of its own.
    for _ in 0..PASSES {
        let mut behind = 0;
        for (mandant_id, head) in store.heads().await? {
            behind += head - copy.at(mandant_id);
            while copy.at(mandant_id) < head {
                let mut transaction = connection.begin().await?;
                copy.page(&mut transaction, mandant_id, head).await?;
                transaction.commit().await?;
            }
        }
        if behind <= LITTLE {
            break;
        }
    }
    shadow::finish(&mut connection, ledger.tables()).await?;
    for attempt in 0.. {
        let mut transaction = connection.begin().await?;
        // An attempt that is rolled back begins again from here.
        let (positions, events) = (copy.positions.clone(), copy.events);
        let done = last_steps_of_ledger(&mut transaction, &mut copy).await;
        if settle(transaction, done, ledger.name(), attempt).await?.is_some() {
            break;
        }
        (copy.positions, copy.events) = (positions, events);
    }
    Ok(copy.events)
}

/// Locks the live ledger, carries the copy to the heads, moves the checkpoints and swaps.
async fn last_steps_of_ledger(connection: &mut PgConnection, copy: &mut Copy<'_>) -> anyhow::Result<()> {
    shadow::patience_for_heads(connection).await?;
    // The whole table: nobody moves a ledger until the swap is done, nor begins one for a new company.
    sqlx::query("LOCK TABLE projektion.stand IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *connection)
        .await?;
    shadow::lock(connection, copy.ledger.tables()).await?;
    let heads: Vec<(Uuid, i64)> = sqlx::query_as("SELECT mandant_id, position FROM log.kopf")
        .fetch_all(&mut *connection)
        .await?;
    for (mandant_id, head) in heads {
        while copy.at(mandant_id) < head {
            copy.page(connection, mandant_id, head).await?;
        }
        sqlx::query(
            "INSERT INTO projektion.stand (projektion, mandant_id, position) VALUES ($1, $2, $3) \
             ON CONFLICT (projektion, mandant_id) DO UPDATE SET position = EXCLUDED.position, fehler = NULL, geaendert_am = now()",
        )
        .bind(copy.ledger.name())
        .bind(mandant_id)
        .bind(copy.at(mandant_id))
        .execute(&mut *connection)
        .await?;
    }
    shadow::swap(connection, copy.ledger.tables()).await?;
    Ok(())
}
