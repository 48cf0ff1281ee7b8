//! Decides one command on the overlay: the aggregate's rules, unique keys, numbers, inline policies. Pure but for the
//! salt of the events, which is drawn here.

use std::{any::Any, sync::Arc};

pub use aggregates::types::kalender::tag as business_date;
use aggregates::{
    Key, Lookup, Refusal, Registry,
    context::{Context, Counter, Draw, Frame, derived_v7},
    policy::{Kind, PolicyContext},
    registry::{Decided, Emitted, Entry, NotDecided, ReadEvent, VERDECKT},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Answer, Caller, Order, POLICY_DEPTH_LIMIT, bedingung, internal, overlay::Overlay};
use crate::eventstore::{
    Loaded,
    append::{Befehl, NewEvent},
    byte_form,
};

/// Why a command is not decided.
pub(super) enum Blocked {
    /// Refused for good.
    Refused(Refusal),
    /// Look-ups that have to be loaded first: all that could be found out at once.
    Missing(Vec<Lookup>),
}

impl From<NotDecided> for Blocked {
    fn from(reason: NotDecided) -> Self {
        match reason {
            NotDecided::Refused(refusal) => Self::Refused(refusal),
            NotDecided::Missing(lookup) => Self::Missing(vec![lookup]),
        }
    }
}

impl From<Refusal> for Blocked {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Lookup> for Blocked {
    fn from(lookup: Lookup) -> Self {
        Self::Missing(vec![lookup])
    }
}

/// What is the same for all commands of a batch.
pub(super) struct Desk<'r> {
    pub registry: &'r Registry,
    pub mandant_id: Uuid,
    /// recorded_at of the batch: the clock, but never before the last event.
    pub recorded_at: DateTime<Utc>,
    /// The clock.
    pub jetzt: DateTime<Utc>,
    /// Business date of the clock in the company's zone.
    pub heute: NaiveDate,
}

/// What was fixed for a command when it was accepted: the same whenever it is decided again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixed {
    /// Random bytes.
    pub zufall: [u8; 32],
    /// When it was accepted; goes into the ids it makes.
    pub angenommen: DateTime<Utc>,
}

/// A command on its way through policies.
struct Step<'a> {
    order: &'a Order,
    caller: &'a Caller,
    /// Id from which event ids and derived ids of this step are made.
    id_basis: Uuid,
    fixed: Fixed,
    cause: Option<Uuid>,
    politik: Option<&'static str>,
    depth: usize,
}

/// What a whole command with its policies leaves for the answer.
#[derive(Default)]
struct Gathered {
    warnings: Vec<aggregates::context::Warnung>,
    reveals: Vec<(&'static str, String)>,
}

impl Desk<'_> {
    /// Decides a command with all that its inline policies add. On refusal the caller takes the unit back.
    pub(super) fn decide(
        &self,
        overlay: &mut Overlay<'_>,
        caller: &Caller,
        order: &Order,
        fixed: Fixed,
    ) -> Result<Answer, Blocked> {
        overlay.begin();
        let first = overlay.events.len();
        let before = overlay.head.position;
        let mut gathered = Gathered::default();
        let step = Step {
            order,
            caller,
            id_basis: order.befehl_id,
            fixed,
            cause: caller.cause,
            politik: None,
            depth: 0,
        };
        self.step(overlay, &step, &mut gathered)?;
        let entry = self.entry(order.typ)?;
        let loaded = overlay.loaded((entry.typ, order.id))?;
        let own = |e: &&NewEvent| e.aggregate_id == order.id && e.aggregate_type == entry.typ;
        let events = overlay.events.get(first..).unwrap_or_default();
        let answer = Answer {
            id: order.id,
            version: loaded.version,
            position: overlay.head.position,
            ereignisse: events.iter().filter(own).map(|e| e.event_type.to_owned()).collect(),
            nummer: entry.nummer(&loaded.state),
            warnungen: gathered.warnings,
            einmalig: gathered.reveals,
            replayed: false,
            preview: Vec::new(),
        };
        if overlay.head.position > before || order.request_hash.is_some() {
            overlay.befehle.push(Befehl {
                befehl_id: order.befehl_id,
                anfrage_hash: order.request_hash.clone(),
                status: if order.create { 201 } else { 200 },
                position_von: before + 1,
                position_bis: overlay.head.position,
                antwort: answer.body(),
            });
        }
        Ok(answer)
    }

    fn entry(&self, typ: &str) -> Result<&Entry, Blocked> {
        self.registry
            .entry(typ)
            .ok_or_else(|| Blocked::Refused(internal("unbekannter Aggregattyp")))
    }

    fn step(&self, overlay: &mut Overlay<'_>, step: &Step<'_>, gathered: &mut Gathered) -> Result<(), Blocked> {
        let entry = self.entry(step.order.typ)?;
        let id = step.order.id;
        let loaded = overlay.loaded((entry.typ, id))?;
        bedingung::pruefen(entry, step.order, loaded.version, self.mandant_id)?;
        let frame = self.frame(step);
        let ctx = Context::new(id, loaded.version, &frame, &*overlay);
        let decided = entry.decide(&loaded.state, &step.order.command, ctx)?;
        claim(overlay, entry, id, &loaded, &decided)?;
        gathered.warnings.extend(decided.effects.warnings);
        gathered.reveals.extend(decided.effects.reveals);
        if decided.events.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(decided.events.len()).unwrap_or_default();
        let new = Loaded {
            version: loaded.version + count,
            position: overlay.head.position + count,
            began_at: loaded.began_at.or(Some(self.recorded_at)),
            state: decided.state,
        };
        overlay.set_state((entry.typ, id), new);
        // Only now: without an event no number is used up.
        for draw in &decided.effects.draws {
            overlay.set_counter((draw.kreis.clone(), draw.jahr), Counter::after(draw));
        }
        let origin = Origin::of(step, &decided.effects.draws)?;
        let mut emitted = Vec::with_capacity(decided.events.len());
        for (index, event) in decided.events.into_iter().enumerate() {
            let version = loaded.version + 1 + i64::try_from(index).unwrap_or_default();
            emitted.push(self.record(overlay, step, &origin, entry, version, event)?);
        }
        for (event_id, event) in emitted {
            self.react(overlay, step, entry, event_id, &*event, gathered)?;
        }
        Ok(())
    }

    /// Runs the inline policies of an event inside the same unit of work.
    fn react(
        &self,
        overlay: &mut Overlay<'_>,
        step: &Step<'_>,
        entry: &Entry,
        event_id: Uuid,
        event: &(dyn Any + Send + Sync),
        gathered: &mut Gathered,
    ) -> Result<(), Blocked> {
        let ctx = PolicyContext {
            mandant_id: self.mandant_id,
            id: step.order.id,
            event_id,
            zeit: self.jetzt,
            heute: self.heute,
        };
        // What one consequence misses does not keep the others from saying what they miss: one round loads it all.
        let mut missing = Vec::new();
        for policy in self.registry.policies(Kind::Inline, entry.typ) {
            for (index, consequence) in policy.react(event, &ctx).into_iter().enumerate() {
                if step.depth >= POLICY_DEPTH_LIMIT {
                    return Err(Blocked::Refused(internal("Folgeregeln rufen einander zu tief auf")));
                }
                let purpose = format!("{}/{event_id}/{index}", policy.name);
                let order = Order::new(consequence.typ, consequence.id, consequence.command);
                let follow = Step {
                    order: &order,
                    caller: step.caller,
                    id_basis: Uuid::new_v5(&step.id_basis, purpose.as_bytes()),
                    fixed: Fixed {
                        zufall: Sha256::new()
                            .chain_update(step.fixed.zufall)
                            .chain_update(purpose.as_bytes())
                            .finalize()
                            .into(),
                        ..step.fixed
                    },
                    cause: Some(event_id),
                    politik: Some(policy.name),
                    depth: step.depth + 1,
                };
                match self.step(overlay, &follow, gathered) {
                    Ok(()) => {}
                    Err(Blocked::Missing(lookups)) => missing.extend(lookups),
                    // A refusal may only come from what is missing.
                    Err(Blocked::Refused(_)) if !missing.is_empty() => {}
                    Err(refused) => return Err(refused),
                }
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Blocked::Missing(missing))
        }
    }

    fn frame(&self, step: &Step<'_>) -> Frame {
        Frame {
            mandant_id: self.mandant_id,
            befehl_id: step.id_basis,
            akteur: step.caller.akteur.clone(),
            scopes: step.caller.scopes.clone(),
            sonderrechte: step.caller.sonderrechte.clone(),
            mandanten: step.caller.mandanten.clone(),
            grund: step.caller.grund.clone(),
            angenommen: step.fixed.angenommen,
            jetzt: self.jetzt,
            heute: self.heute,
            zufall: step.fixed.zufall,
        }
    }

    /// Gives an event its place, its hashes and its leaf. Gives back its id and the event itself.
    fn record(
        &self,
        overlay: &mut Overlay<'_>,
        step: &Step<'_>,
        origin: &Origin,
        entry: &Entry,
        version: i64,
        event: Emitted,
    ) -> Result<(Uuid, ReadEvent), Blocked> {
        let payload_text = byte_form::canonical(&event.payload).map_err(|e| no_byte_form(&e))?;
        let mut salt = [0_u8; 16];
        getrandom::fill(&mut salt).map_err(|e| no_byte_form(&e))?;
        let position = overlay.head.position + 1;
        let event_id = derived_v7(
            step.id_basis,
            &format!("{}/{version}/{}", entry.typ, step.order.id),
            step.fixed.angenommen,
        );
        let daten_hash = byte_form::daten_hash(&payload_text, &origin.meta, &salt);
        let kopf = byte_form::Kopf {
            mandant_id: self.mandant_id,
            position,
            name: entry.name,
            aggregate_id: step.order.id,
            version,
            event_type: event.event_type,
            event_version: event.event_version,
            event_id,
            recorded_at: self.recorded_at,
            actor: &origin.actor,
            cause: step.cause,
            correlation: step.caller.correlation,
            daten_hash,
        };
        let leaf_hash = kopf.leaf_hash().map_err(|e| no_byte_form(&e))?;
        overlay.head.position = position;
        overlay.head.tree.push(leaf_hash);
        overlay.events.push(NewEvent {
            position,
            event_id,
            aggregate_type: entry.typ,
            aggregate_id: step.order.id,
            version,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            payload_text,
            meta: origin.meta.clone(),
            actor: origin.actor.clone(),
            cause: step.cause,
            correlation: step.caller.correlation,
            salt,
            daten_hash,
            leaf_hash,
        });
        Ok((event_id, event.event))
    }
}

fn no_byte_form(error: &dyn std::fmt::Display) -> Blocked {
    tracing::error!(%error, "ein Ereignis ließ sich nicht in seine Byteform bringen");
    Blocked::Refused(internal("Byteform"))
}

/// What the events of one step have in common.
struct Origin {
    /// Canonical meta.
    meta: Arc<str>,
    actor: Arc<str>,
}

impl Origin {
    fn of(step: &Step<'_>, draws: &[Draw]) -> Result<Self, Blocked> {
        let meta = byte_form::canonical(&meta(step, draws)).map_err(|e| no_byte_form(&e))?;
        Ok(Self {
            meta: Arc::from(meta),
            actor: Arc::from(step.caller.akteur.to_string()),
        })
    }
}

/// Who and why beside the typed columns, and the numbers that were drawn, from which the counters follow; under the
/// hash too.
fn meta(step: &Step<'_>, draws: &[Draw]) -> Value {
    let mut meta = Map::new();
    meta.insert("befehl_id".to_owned(), json!(step.id_basis));
    if let Some(key) = step.caller.schluessel_id {
        meta.insert("schluessel_id".to_owned(), json!(key));
    }
    if let Some(grund) = &step.caller.grund {
        meta.insert("grund".to_owned(), json!(grund));
    }
    if let Some(person) = &step.caller.im_auftrag_von {
        meta.insert("im_auftrag_von".to_owned(), json!(person));
    }
    if let Some(politik) = step.politik {
        meta.insert("politik".to_owned(), json!(politik));
    }
    if !draws.is_empty() {
        meta.insert(Draw::META.to_owned(), json!(draws));
    }
    Value::Object(meta)
}

/// Takes and releases the unique keys that the state before and after differ in.
fn claim(
    overlay: &mut Overlay<'_>,
    entry: &Entry,
    id: Uuid,
    before: &Loaded,
    decided: &Decided,
) -> Result<(), Blocked> {
    if decided.events.is_empty() {
        return Ok(());
    }
    let old = if before.version > 0 {
        entry.keys(&before.state)
    } else {
        Vec::new()
    };
    let new = entry.keys(&decided.state);
    for Key { scope, wert, .. } in old.iter().filter(|key| !new.contains(key)) {
        overlay.set_claim(((*scope).to_owned(), wert.clone()), None);
    }
    let mut missing = Vec::new();
    for Key { scope, feld, wert } in new.into_iter().filter(|key| !old.contains(key)) {
        let key = (scope.to_owned(), wert);
        let holder = match overlay.holder(&key) {
            Ok(holder) => holder,
            Err(lookup) => {
                missing.push(lookup);
                continue;
            }
        };
        match holder {
            Some(holder) if holder != id => {
                let wert = if entry.ist_geheim(feld) {
                    VERDECKT.to_owned()
                } else {
                    key.1
                };
                return Err(Blocked::Refused(Refusal::of(&aggregates::Shared::NummerVergeben {
                    feld: feld.to_owned(),
                    wert,
                })));
            }
            _ => overlay.set_claim(key, Some((entry.typ, id))),
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Blocked::Missing(missing))
    }
}
