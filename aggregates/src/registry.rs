//! The registry: one line per aggregate. Everything generic (routes, schemas, history, lists, rights) loops over it.

mod befehle;

use std::{any::Any, borrow::Borrow, collections::HashMap, sync::Arc};

use serde::de::{
    DeserializeOwned,
    value::{MapAccessDeserializer, MapDeserializer},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::befehle::commands_of;
use crate::{
    Aggregate, CommandName, EventName, Key, StreamKey,
    context::{Context, Effects, State, stream_id},
    eingabe,
    policy::{Kind, Policy},
    refusal::{Refusal, Refused},
    types::{Bereich, Stufe},
};

/// One command of an aggregate.
#[derive(Debug, Clone)]
pub struct CommandInfo {
    /// CamelCase name, as in JSON.
    pub name: String,
    /// kebab-case path segment.
    pub segment: String,
    /// JSON Schema of its fields.
    pub schema: Value,
    /// Doc comment.
    pub description: String,
    /// True if only policies and timers send it.
    pub internal: bool,
    /// Level of right it needs.
    pub stufe: Stufe,
}

/// An event that was decided and not yet stored.
#[derive(Clone)]
pub struct Emitted {
    /// Stored name.
    pub event_type: &'static str,
    /// Stored version of its form.
    pub event_version: u16,
    /// Its fields; optional ones are absent, never null.
    pub payload: Value,
    /// The event itself, for policies.
    pub event: Arc<dyn Any + Send + Sync>,
}

/// Result of an accepted command.
pub struct Decided {
    /// The state after the events.
    pub state: State,
    /// The events, at least none (an accepted command may change nothing).
    pub events: Vec<Emitted>,
    /// Numbers, warnings, texts shown once.
    pub effects: Effects,
}

/// Why a command was not accepted.
#[derive(Debug)]
pub enum NotDecided {
    /// Refused for good.
    Refused(Refusal),
    /// Needs a look-up first.
    Missing(crate::context::Lookup),
}

/// An event on record could not be read: unknown type or version. The reader stops, it never skips.
#[derive(Debug, thiserror::Error)]
#[error("{aggregate}.{event_type} v{event_version} is not readable: {reason}")]
pub struct FoldError {
    aggregate: &'static str,
    event_type: String,
    event_version: u16,
    reason: String,
}

/// A stored event, as far as folding needs it.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// Stored name.
    pub event_type: &'a str,
    /// Stored version of its form.
    pub event_version: u16,
    /// Its fields.
    pub payload: &'a Value,
}

/// An event read back from the log, without its type.
pub type ReadEvent = Arc<dyn Any + Send + Sync>;

type DecideFn = fn(&[CommandInfo], &State, &Value, &Context<'_>) -> Result<(State, Vec<Emitted>), NotDecided>;

/// One aggregate without its types.
pub struct Entry {
    /// CamelCase name.
    pub name: &'static str,
    /// Stored aggregate_type.
    pub typ: &'static str,
    /// Area.
    pub bereich: Bereich,
    /// Path segment.
    pub ressource: &'static str,
    /// Lives in the system Mandant.
    pub system: bool,
    /// The command of `POST /{bereich}/{ressource}`.
    pub create: &'static str,
    /// That command also goes on with a stream that exists.
    pub create_continues: bool,
    /// All commands.
    pub commands: Vec<CommandInfo>,
    /// JSON Schema of the state.
    pub state_schema: Value,
    /// JSON Schema of the events.
    pub event_schema: Value,
    /// Fingerprint of the state's schema; key of snapshots.
    pub schema_hash: String,
    empty: fn() -> State,
    decide: DecideFn,
    fold: fn(&State, &[Stored<'_>]) -> Result<State, FoldError>,
    read: fn(Stored<'_>) -> Result<ReadEvent, FoldError>,
    to_json: fn(&State) -> Value,
    from_json: fn(Value) -> Option<State>,
    stream_key: fn(&Value) -> Option<StreamKey>,
    geheim: &'static [&'static str],
    keys: fn(&State) -> Vec<Key>,
    nummer: fn(&State) -> Option<String>,
    event_version: fn(&str) -> u16,
}

impl Entry {
    /// The registry line of an aggregate.
    pub fn of<T: Aggregate>() -> Self {
        let mut state_schema = schemars::schema_for!(T).to_value();
        let command_schema = schemars::schema_for!(T::Command).to_value();
        // Of the whole state, since a snapshot keeps the secret members too.
        let schema_hash = hex::encode(&Sha256::digest(state_schema.to_string().as_bytes())[..8]);
        hide(&mut state_schema, T::GEHEIM);
        Self {
            name: T::NAME,
            typ: T::TYPE,
            bereich: T::BEREICH,
            ressource: T::RESSOURCE,
            system: T::SYSTEM,
            create: T::CREATE,
            create_continues: T::CREATE_CONTINUES,
            commands: commands_of::<T>(&command_schema),
            event_schema: schemars::schema_for!(T::Event).to_value(),
            state_schema,
            schema_hash,
            empty: || Arc::new(T::default()),
            decide: decide::<T>,
            fold: fold::<T>,
            read: |stored| read::<T>(stored).map(|event| Arc::new(event) as ReadEvent),
            to_json: |state| {
                typed::<T>(state)
                    .and_then(|s| serde_json::to_value(s).ok())
                    .unwrap_or(Value::Null)
            },
            from_json: |value| {
                serde_json::from_value::<T>(value)
                    .ok()
                    .map(|state| Arc::new(state) as State)
            },
            stream_key: |command| T::stream_key(&serde_json::from_value(command.clone()).ok()?),
            geheim: T::GEHEIM,
            keys: |state| typed::<T>(state).map(Aggregate::keys).unwrap_or_default(),
            nummer: |state| typed::<T>(state).and_then(Aggregate::nummer),
            event_version: T::event_version,
        }
    }

    /// The state of a stream without events.
    pub fn empty(&self) -> State {
        (self.empty)()
    }

    /// Decides a command (externally tagged JSON) on a state.
    pub fn decide(&self, state: &State, command: impl Borrow<Value>, ctx: Context<'_>) -> Result<Decided, NotDecided> {
        let (state, events) = (self.decide)(&self.commands, state, command.borrow(), &ctx)?;
        Ok(Decided {
            state,
            events,
            effects: ctx.into_effects(),
        })
    }

    /// Folds stored events onto a state.
    pub fn fold(&self, state: &State, events: &[Stored<'_>]) -> Result<State, FoldError> {
        (self.fold)(state, events)
    }

    /// Reads one stored event back.
    pub fn read(&self, stored: Stored<'_>) -> Result<ReadEvent, FoldError> {
        (self.read)(stored)
    }

    /// The state as JSON without its secret members: the source of its rows and answers.
    pub fn to_json(&self, state: &State) -> Value {
        let mut json = (self.to_json)(state);
        if let Some(members) = json.as_object_mut() {
            members.retain(|name, _| !self.ist_geheim(name));
        }
        json
    }

    /// The whole state as JSON, for its snapshot.
    pub fn to_snapshot(&self, state: &State) -> Value {
        (self.to_json)(state)
    }

    /// True for a member of state and events that nobody is shown.
    pub fn ist_geheim(&self, name: &str) -> bool {
        self.geheim.contains(&name)
    }

    /// An event's fields as they may leave the program: a secret one keeps its name, so that one sees it was there.
    pub fn gezeigt(&self, payload: &Value) -> Value {
        let mut payload = payload.clone();
        if let Some(members) = payload.as_object_mut() {
            for (_, value) in members.iter_mut().filter(|(name, _)| self.ist_geheim(name)) {
                *value = Value::from(VERDECKT);
            }
        }
        payload
    }

    /// A state from its snapshot.
    pub fn from_json(&self, value: Value) -> Option<State> {
        (self.from_json)(value)
    }

    /// The stream id that follows from a creating command's natural key, if the aggregate has one.
    pub fn derived_id(&self, command: &Value, mandant_id: Uuid) -> Option<Uuid> {
        self.stream_key(command)
            .map(|key| stream_id(mandant_id, self.typ, &key.wert))
    }

    /// That natural key itself.
    pub fn stream_key(&self, command: &Value) -> Option<StreamKey> {
        (self.stream_key)(command)
    }

    /// Unique keys of a state.
    pub fn keys(&self, state: &State) -> Vec<Key> {
        (self.keys)(state)
    }

    /// Number of the document.
    pub fn nummer(&self, state: &State) -> Option<String> {
        (self.nummer)(state)
    }

    /// Current version of an event's stored form.
    pub fn event_version(&self, event: &str) -> u16 {
        (self.event_version)(event)
    }

    /// A command by its path segment (kebab-case) or by its name.
    pub fn command(&self, name: &str) -> Option<&CommandInfo> {
        self.commands.iter().find(|c| c.segment == name || c.name == name)
    }
}

/// What stands in the place of a secret member.
pub const VERDECKT: &str = "[geheim]";

/// The schema of a state as it is shown: without its secret members.
fn hide(schema: &mut Value, geheim: &[&str]) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !geheim.contains(&name.as_str()));
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name.as_str().is_none_or(|name| !geheim.contains(&name)));
    }
}

fn typed<T: Aggregate>(state: &State) -> Option<&T> {
    state.downcast_ref::<T>()
}

fn decide<T: Aggregate>(
    commands: &[CommandInfo],
    state: &State,
    command: &Value,
    ctx: &Context<'_>,
) -> Result<(State, Vec<Emitted>), NotDecided> {
    let command = parse::<T>(commands, command).map_err(NotDecided::Refused)?;
    let nothing = T::default();
    let before = typed::<T>(state).unwrap_or(&nothing);
    // An unknown id answers 404, not a domain error: only creating and internal commands may start a stream. A command
    // that names its stream by the natural key means that stream, empty or not, and gets the aggregate's own answer.
    let name = command.command_name();
    if ctx.version == 0 && name != T::CREATE && !T::INTERNAL.contains(&name) && T::stream_key(&command).is_none() {
        let error = crate::Shared::NichtGefunden {
            was: T::NAME.to_owned(),
            id: ctx.id.to_string(),
        };
        return Err(NotDecided::Refused(Refusal::of(&error)));
    }
    if let Some(StreamKey { wert: key, .. }) = T::stream_key(&command) {
        let id = stream_id(ctx.frame.mandant_id, T::TYPE, &key);
        if ctx.id != id {
            let text = format!("die id folgt aus dem Schlüssel „{key}“ und ist {id}; das Feld weglassen");
            return Err(NotDecided::Refused(Refusal::input(422, "/id", "WERT_UNGUELTIG", text)));
        }
    }
    let events = before.decide(command, ctx).map_err(|refused| match refused {
        Refused::Domain(error) => NotDecided::Refused(Refusal::of(&error)),
        Refused::Shared(error) => NotDecided::Refused(Refusal::of(&error)),
        Refused::Missing(lookup) => NotDecided::Missing(lookup),
    })?;
    if events.is_empty() {
        return Ok((state.clone(), Vec::new()));
    }
    let mut new = before.clone();
    let mut emitted = Vec::with_capacity(events.len());
    for event in events {
        emitted.push(emit::<T>(&event).map_err(NotDecided::Refused)?);
        new.evolve(event);
    }
    Ok((Arc::new(new), emitted))
}

fn emit<T: Aggregate>(event: &T::Event) -> Result<Emitted, Refusal> {
    let event_type = event.event_name();
    let payload = match serde_json::to_value(event) {
        Ok(Value::Object(map)) => map.into_iter().next().map(|(_, payload)| payload),
        _ => None,
    };
    let mut payload = payload.ok_or_else(|| {
        Refusal::new(
            "INTERN",
            500,
            format!("{}.{event_type} lässt sich nicht ablegen", T::NAME),
            Value::Null,
        )
    })?;
    strip_nulls(&mut payload);
    Ok(Emitted {
        event_type,
        event_version: T::event_version(event_type),
        payload,
        event: Arc::new(event.clone()),
    })
}

/// Optional fields are absent, never null (day-one rule).
fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

fn fold<T: Aggregate>(state: &State, events: &[Stored<'_>]) -> Result<State, FoldError> {
    let mut new = typed::<T>(state).cloned().unwrap_or_default();
    for stored in events {
        new.evolve(read::<T>(*stored)?);
    }
    Ok(Arc::new(new))
}

fn read<T: Aggregate>(stored: Stored<'_>) -> Result<T::Event, FoldError> {
    let error = |reason: String| FoldError {
        aggregate: T::NAME,
        event_type: stored.event_type.to_owned(),
        event_version: stored.event_version,
        reason,
    };
    let current = T::event_version(stored.event_type);
    if stored.event_version > current {
        return Err(error(format!("this program knows it up to version {current}")));
    }
    if stored.event_version == current {
        return tagged(stored.event_type, stored.payload).map_err(|e| error(e.to_string()));
    }
    let mut payload = stored.payload.clone();
    for version in stored.event_version..current {
        payload = T::upcast(stored.event_type, version, payload)
            .ok_or_else(|| error(format!("no upcaster from version {version}")))?;
    }
    tagged(stored.event_type, &payload).map_err(|e| error(e.to_string()))
}

/// Reads `{event_type: payload}` without making it.
fn tagged<E: DeserializeOwned>(event_type: &str, payload: &Value) -> Result<E, serde_json::Error> {
    let member = std::iter::once((event_type, payload));
    E::deserialize(MapAccessDeserializer::new(MapDeserializer::new(member)))
}

/// Reads a command; a refusal names every wrong field and says in German what is wrong.
fn parse<T: Aggregate>(commands: &[CommandInfo], command: &Value) -> Result<T::Command, Refusal> {
    for (_, fields) in command.as_object().into_iter().flatten() {
        eingabe::tage_pruefen(fields, "")?;
    }
    serde_path_to_error::deserialize(command).map_err(|error| {
        // The first segment is the command's own name; the pointer is into its fields.
        let stelle = eingabe::pointer(error.path(), 1);
        let tagged = command.as_object().and_then(|tagged| tagged.iter().next());
        let (name, fields) = tagged.map_or(("", &Value::Null), |(name, fields)| (name.as_str(), fields));
        let schema = commands
            .iter()
            .find(|c| c.name == name)
            .map_or(&Value::Null, |c| &c.schema);
        eingabe::ablehnung(schema, fields, &stelle, &error.inner().to_string())
    })
}

/// All aggregates and policies.
pub struct Registry {
    entries: Vec<Entry>,
    by_type: HashMap<&'static str, usize>,
    policies: Vec<Policy>,
}

impl Registry {
    /// Builds a registry.
    pub fn new(entries: Vec<Entry>, policies: Vec<Policy>) -> Self {
        let by_type = entries.iter().enumerate().map(|(i, e)| (e.typ, i)).collect();
        Self {
            entries,
            by_type,
            policies,
        }
    }

    /// All aggregates.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// One aggregate by its stored type.
    pub fn entry(&self, typ: &str) -> Option<&Entry> {
        self.by_type.get(typ).and_then(|i| self.entries.get(*i))
    }

    /// One aggregate by its route.
    pub fn route(&self, bereich: &str, ressource: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|e| e.bereich.as_str() == bereich && e.ressource == ressource)
    }

    /// Policies of a kind that read the events of an aggregate.
    pub fn policies<'a>(&'a self, kind: Kind, source: &'a str) -> impl Iterator<Item = &'a Policy> {
        self.policies
            .iter()
            .filter(move |p| p.kind == kind && p.sources().any(|s| s == source))
    }

    /// All policies.
    pub fn all_policies(&self) -> &[Policy] {
        &self.policies
    }
}
