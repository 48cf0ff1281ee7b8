//! The dry run of many commands, each for itself: decided in order as they would be carried out, on a memory of its own and
//! without the head lock, so that no writer waits for it. It sees one moment of the log, and writes nothing.

use std::collections::{BTreeSet, HashMap};

use aggregates::{Lookup, Refusal};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    failure::refusal_of,
    is_transient,
    trial::ROUNDS,
    units::{preview_of, replay},
};
use crate::{
    commands::{
        BATCH_LIMIT, Bus, Caller, Order, Outcome, Shared,
        cache::Cache,
        decide::{Blocked, Desk, Fixed, business_date},
        internal,
        overlay::{Overlay, Stand, batch_time},
        overload, unavailable,
    },
    eventstore::{
        StoreError,
        append::{self, Befehl, Start},
    },
};

/// A command on trial, with its random bytes.
type Probe<'a> = (&'a Order, [u8; 32]);

impl Bus {
    /// Decides commands as if each were carried out for itself, in order, and writes nothing. One answer per command, with
    /// the events it would write; what one would have written the later ones see.
    pub async fn probelauf(
        &self,
        mandant_id: Uuid,
        caller: &Caller,
        orders: &[Order],
    ) -> Result<Vec<Outcome>, Refusal> {
        let room = u32::try_from(orders.len()).unwrap_or(u32::MAX);
        let _room = self.shared.trials.try_acquire_many(room).map_err(|_| overload())?;
        let mut probes = Vec::with_capacity(orders.len());
        for order in orders {
            let mut zufall = [0_u8; 32];
            getrandom::fill(&mut zufall).map_err(|_| internal("das Betriebssystem liefert keine Zufallszahlen"))?;
            probes.push((order, zufall));
        }
        self.shared
            .probelauf(mandant_id, caller, &probes)
            .await
            .map_err(|error| {
                tracing::error!(%error, %mandant_id, "a dry run was not finished");
                if is_transient(&error) {
                    unavailable()
                } else {
                    refusal_of(&error)
                }
            })
    }
}

impl Shared {
    async fn probelauf(
        &self,
        mandant_id: Uuid,
        caller: &Caller,
        probes: &[Probe<'_>],
    ) -> Result<Vec<Outcome>, StoreError> {
        // Never closed.
        let _turn = self.trials_at_once.acquire().await.ok();
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = self.store.pool().begin_with(begin).await?;
        let keyed = probes.iter().filter(|(order, _)| order.request_hash.is_some());
        let keyed: Vec<Uuid> = keyed.map(|(order, _)| order.befehl_id).collect();
        let start = append::read(&mut transaction, mandant_id, &keyed, &[]).await?;
        let mut cache = Cache::new(self.states.clone());
        self.catch_up(&mut transaction, &mut cache, mandant_id, start.mark)
            .await?;
        let desk = Desk {
            registry: &self.registry,
            mandant_id,
            recorded_at: batch_time(start.now, start.head.recorded_at),
            jetzt: start.now,
            heute: business_date(start.now),
        };
        let mut stand = Stand::new(start.head.clone());
        let mut outcomes = Vec::with_capacity(probes.len());
        'teile: for teil in probes.chunks(BATCH_LIMIT) {
            let streams: BTreeSet<Lookup> = teil
                .iter()
                .filter_map(|(order, _)| self.own_stream(&cache, order))
                .collect();
            self.load_trial(&mut transaction, &mut cache, mandant_id, &streams)
                .await?;
            let mut missed = BTreeSet::new();
            let mut round = 0;
            loop {
                let mut overlay = Overlay::resume(&cache, stand.clone());
                let (answers, missing) = decide(&desk, &mut overlay, caller, teil, &start);
                let after = overlay.pause();
                // What is missing although it was loaded cannot be had.
                if missing == missed {
                    stand = after;
                    outcomes.extend(answers);
                    break;
                }
                round += 1;
                if round > ROUNDS {
                    tracing::error!(?missing, "a dry run kept missing what it needs");
                    break 'teile;
                }
                self.load_trial(&mut transaction, &mut cache, mandant_id, &missing)
                    .await?;
                missed = missing;
            }
            cache.count();
            tokio::task::yield_now().await;
        }
        transaction.commit().await?;
        let open = probes.len() - outcomes.len();
        outcomes.extend((0..open).map(|_| Err(internal("dem Befehl fehlt, was er zur Entscheidung braucht"))));
        Ok(outcomes)
    }

    /// The stream of a command, unless it is in the cache.
    fn own_stream(&self, cache: &Cache, order: &Order) -> Option<Lookup> {
        let typ = self.registry.entry(order.typ)?.typ;
        let known = cache.states.contains(&(typ, order.id));
        (!known).then_some(Lookup::Stream { typ, id: order.id })
    }

    /// Loads as for a batch, but that a fact counts as one of the moment that the dry run sees, also if its ledger has
    /// seen a little more by now.
    async fn load_trial(
        &self,
        connection: &mut PgConnection,
        cache: &mut Cache,
        mandant_id: Uuid,
        lookups: &BTreeSet<Lookup>,
    ) -> Result<(), StoreError> {
        self.load(connection, cache, mandant_id, lookups).await?;
        let seen = cache.seen;
        cache.facts.values_mut().for_each(|(position, _)| *position = seen);
        Ok(())
    }
}

/// Decides some commands one after the other. One that misses something is taken for refused, until that is loaded.
fn decide(
    desk: &Desk<'_>,
    overlay: &mut Overlay<'_>,
    caller: &Caller,
    probes: &[Probe<'_>],
    start: &Start,
) -> (Vec<Outcome>, BTreeSet<Lookup>) {
    let mut missing = BTreeSet::new();
    let answer = |probe: &Probe<'_>| {
        let mark = overlay.mark();
        match decide_one(desk, overlay, caller, probe, &start.known) {
            Ok(answer) => Ok(answer),
            Err(blocked) => {
                overlay.undo(mark);
                Err(match blocked {
                    Blocked::Refused(refusal) => refusal,
                    Blocked::Missing(lookups) => {
                        let refusal = undecided(&lookups);
                        missing.extend(lookups);
                        refusal
                    }
                })
            }
        }
    };
    let answers = probes.iter().map(answer).collect();
    (answers, missing)
}

fn decide_one(
    desk: &Desk<'_>,
    overlay: &mut Overlay<'_>,
    caller: &Caller,
    (order, zufall): &Probe<'_>,
    known: &HashMap<Uuid, Befehl>,
) -> Result<crate::commands::Answer, Blocked> {
    if order.request_hash.is_some()
        && let Some(first) = known.get(&order.befehl_id)
    {
        return replay(order, first).map_err(Blocked::Refused);
    }
    let fixed = Fixed {
        zufall: *zufall,
        angenommen: desk.jetzt,
    };
    let mut answer = desk.decide(overlay, caller, order, fixed)?;
    answer.preview = overlay
        .events
        .iter()
        .map(|event| preview_of(desk.registry, event))
        .collect();
    answer.einmalig.clear();
    overlay.keep();
    // They are shown; what comes later asks for states only.
    overlay.events.clear();
    overlay.befehle.clear();
    Ok(answer)
}

/// A ledger knows what a command did only when that is in the log.
fn undecided(lookups: &[Lookup]) -> Refusal {
    if !lookups.iter().all(|lookup| matches!(lookup, Lookup::Fact { .. })) {
        return internal("dem Befehl fehlt, was er zur Entscheidung braucht");
    }
    Refusal::new(
        "PROBELAUF_OFFEN",
        422,
        "ob dieser Befehl durchginge, zeigt der Probelauf nicht: er fragt ein Kontobuch, und das kennt die Wirkung der Elemente \
         vor ihm erst, wenn sie ausgeführt sind; bitte danach für sich proben",
        json!({}),
    )
}
