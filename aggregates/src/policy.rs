//! Policies connect aggregates: a pure function from an event to further commands.

use std::any::Any;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{Aggregate, context::derived_v7};

/// When a policy's commands run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Inside the unit of work of its event: one cannot exist without the other.
    Inline,
    /// After the commit, reading the log with a checkpoint; exactly once in effect.
    Following,
}

/// What a policy knows besides the event.
#[derive(Debug, Clone, Copy)]
pub struct PolicyContext {
    /// The company of the event.
    pub mandant_id: Uuid,
    /// Stream of the event.
    pub id: Uuid,
    /// The event's id.
    pub event_id: Uuid,
    /// When the event was recorded (inline: the moment of the decision).
    pub zeit: DateTime<Utc>,
    /// Business date of that moment.
    pub heute: NaiveDate,
}

impl PolicyContext {
    /// A new id for what the event causes, the same whenever the policy runs again: UUID v7 with the event's own time.
    #[must_use]
    pub fn new_id(&self, purpose: &str) -> Uuid {
        let seconds = self.event_id.get_timestamp().map(|t| t.to_unix());
        let at = seconds.and_then(|(s, nanos)| DateTime::from_timestamp(i64::try_from(s).ok()?, nanos));
        derived_v7(self.event_id, purpose, at.unwrap_or(self.zeit))
    }
}

/// A command that a policy wants, now or at a due time.
#[derive(Debug, Clone, PartialEq)]
pub struct Consequence {
    /// The company; `None` means the event's. Only following policies may name another.
    pub mandant_id: Option<Uuid>,
    /// Aggregate type of the target.
    pub typ: &'static str,
    /// Stream of the target.
    pub id: Uuid,
    /// The command, externally tagged.
    pub command: Value,
    /// When it is due; `None` means now. Due commands belong to following policies.
    pub due: Option<DateTime<Utc>>,
}

impl Consequence {
    /// A command for a stream of the same company, now.
    pub fn command<T: Aggregate>(id: Uuid, command: &T::Command) -> Self {
        Self {
            mandant_id: None,
            typ: T::TYPE,
            id,
            command: serde_json::to_value(command).unwrap_or(Value::Null),
            due: None,
        }
    }

    /// The same at a due time.
    #[must_use]
    pub fn due(mut self, at: DateTime<Utc>) -> Self {
        self.due = Some(at);
        self
    }

    /// The same in another company.
    #[must_use]
    pub fn in_mandant(mut self, mandant_id: Uuid) -> Self {
        self.mandant_id = Some(mandant_id);
        self
    }
}

type React = Box<dyn Fn(&(dyn Any + Send + Sync), &PolicyContext) -> Vec<Consequence> + Send + Sync>;

/// What a policy makes of the events of one aggregate.
struct Reaction {
    source: &'static str,
    react: React,
}

/// A registered policy.
pub struct Policy {
    /// Stable name; part of the once-only key of what it causes.
    pub name: &'static str,
    /// When it runs.
    pub kind: Kind,
    reactions: Vec<Reaction>,
}

impl Policy {
    /// An inline policy on the events of `T`.
    pub fn inline<T: Aggregate>(name: &'static str, react: fn(&T::Event, &PolicyContext) -> Vec<Consequence>) -> Self {
        Self::new(name, Kind::Inline).and::<T>(react)
    }

    /// A following policy on the events of `T`.
    pub fn following<T: Aggregate>(
        name: &'static str,
        react: fn(&T::Event, &PolicyContext) -> Vec<Consequence>,
    ) -> Self {
        Self::new(name, Kind::Following).and::<T>(react)
    }

    fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            reactions: Vec::new(),
        }
    }

    /// The same policy on the events of `T` too. Following, it reads the events of all its aggregates in the order of
    /// the log, which two policies would not.
    #[must_use]
    pub fn and<T: Aggregate>(mut self, react: fn(&T::Event, &PolicyContext) -> Vec<Consequence>) -> Self {
        self.reactions.push(Reaction {
            source: T::TYPE,
            react: Box::new(move |event, ctx| {
                event
                    .downcast_ref::<T::Event>()
                    .map_or_else(Vec::new, |e| react(e, ctx))
            }),
        });
        self
    }

    /// The aggregate types whose events it reads.
    pub fn sources(&self) -> impl Iterator<Item = &'static str> {
        self.reactions.iter().map(|r| r.source)
    }

    /// The commands that follow from an event of one of its sources.
    pub fn react(&self, event: &(dyn Any + Send + Sync), ctx: &PolicyContext) -> Vec<Consequence> {
        self.reactions.iter().flat_map(|r| (r.react)(event, ctx)).collect()
    }
}
