//! Policies connect aggregates: a pure function from an event to further commands. A following one may ask a ledger who is
//! concerned, and is then pure in the event and the answer.

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

/// A question to a ledger that a policy has about an event: a declared fact query. It is for what no event can name, such
/// as all open orders of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frage {
    /// Name of the declared query.
    pub name: &'static str,
    /// Its parameter.
    pub key: String,
}

type AnyEvent = dyn Any + Send + Sync;
type React = Box<dyn Fn(&AnyEvent, &PolicyContext) -> Vec<Consequence> + Send + Sync>;
type Ask = Box<dyn Fn(&AnyEvent, &PolicyContext) -> Option<Frage> + Send + Sync>;
type ReactTo = Box<dyn Fn(&AnyEvent, &PolicyContext, &Value) -> Vec<Consequence> + Send + Sync>;

/// What a policy makes of the events of one aggregate.
struct Reaction {
    source: &'static str,
    how: How,
}

/// How it comes to its consequences.
enum How {
    /// From the event alone.
    Alone(React),
    /// From the event and the answer to a question about it.
    Asking(Ask, ReactTo),
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
        let react: React = Box::new(move |event, ctx| {
            let event = event.downcast_ref::<T::Event>();
            event.map_or_else(Vec::new, |e| react(e, ctx))
        });
        let how = How::Alone(react);
        self.reactions.push(Reaction { source: T::TYPE, how });
        self
    }

    /// The same policy on the events of `T` too, some of which raise a question. It follows: a ledger knows an event only
    /// after its commit. The answer may be another one when the policy runs again after a crash, so every consequence is
    /// known by its target and command, not by its place in the list.
    #[must_use]
    pub fn asking<T: Aggregate>(
        mut self,
        ask: fn(&T::Event, &PolicyContext) -> Option<Frage>,
        react: fn(&T::Event, &PolicyContext, &Value) -> Vec<Consequence>,
    ) -> Self {
        self.kind = Kind::Following;
        let ask: Ask = Box::new(move |event, ctx| ask(event.downcast_ref::<T::Event>()?, ctx));
        let react: ReactTo = Box::new(move |event, ctx, answer| {
            let event = event.downcast_ref::<T::Event>();
            event.map_or_else(Vec::new, |e| react(e, ctx, answer))
        });
        let how = How::Asking(ask, react);
        self.reactions.push(Reaction { source: T::TYPE, how });
        self
    }

    /// The aggregate types whose events it reads.
    pub fn sources(&self) -> impl Iterator<Item = &'static str> {
        self.reactions.iter().map(|r| r.source)
    }

    /// The commands that follow from an event of one of its sources alone.
    pub fn react(&self, event: &AnyEvent, ctx: &PolicyContext) -> Vec<Consequence> {
        let folgen = self.reactions.iter().map(|r| match &r.how {
            How::Alone(react) => react(event, ctx),
            How::Asking(..) => Vec::new(),
        });
        folgen.flatten().collect()
    }

    /// What it must know about an event.
    pub fn ask(&self, event: &AnyEvent, ctx: &PolicyContext) -> Option<Frage> {
        self.reactions.iter().find_map(|r| match &r.how {
            How::Alone(_) => None,
            How::Asking(ask, _) => ask(event, ctx),
        })
    }

    /// The commands that follow from an event and the answer to its question.
    pub fn react_to(&self, event: &AnyEvent, ctx: &PolicyContext, answer: &Value) -> Vec<Consequence> {
        let folgen = self.reactions.iter().map(|r| match &r.how {
            How::Alone(_) => Vec::new(),
            How::Asking(_, react) => react(event, ctx, answer),
        });
        folgen.flatten().collect()
    }
}
