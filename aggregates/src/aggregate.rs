//! The shape of an aggregate, and its one line of wiring.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    context::Context,
    refusal::{DomainError, Refused},
    types::{Bereich, Stufe},
};

/// A unique key that a state holds. The engine compares the keys before and after a command and takes or releases the
/// claims in the same append; a taken key is refused with `NUMMER_VERGEBEN {feld, wert}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Scope of uniqueness, `<aggregate_type>.<field>` unless several aggregates share one.
    pub scope: &'static str,
    /// The field named in the refusal.
    pub feld: &'static str,
    /// The value.
    pub wert: String,
}

impl Key {
    /// A key of one field.
    pub fn new(scope: &'static str, feld: &'static str, wert: impl Into<String>) -> Self {
        Self {
            scope,
            feld,
            wert: wert.into(),
        }
    }
}

/// The natural key from which a stream's id follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKey {
    /// The field of the creating command that holds it; `None` if a company has one such stream only.
    pub feld: Option<&'static str>,
    /// The key as it goes into the id. Never changes.
    pub wert: String,
}

/// A name of an event variant, as stored.
pub trait EventName {
    /// The variant's name, e.g. `Erfasst`.
    fn event_name(&self) -> &'static str;
}

/// A command enum: its variants are the commands.
pub trait CommandName {
    /// The variant's name, e.g. `Erfassen`.
    fn command_name(&self) -> &'static str;
}

/// Result of a decision.
pub type Decision<T> = Result<Vec<<T as Aggregate>::Event>, Refused<<T as Aggregate>::Error>>;

/// A pure event-sourced aggregate. `decide` decides, `evolve` folds; both are synchronous, total and free of I/O,
/// clocks and randomness: all of that arrives in the [`Context`]. `Default` is "does not exist yet".
pub trait Aggregate:
    Default + Clone + std::fmt::Debug + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
    /// CamelCase name, used in hashes (`Buchung`). Never changes.
    const NAME: &'static str;
    /// snake_case name, the stored aggregate_type (`buchung`). Never changes.
    const TYPE: &'static str;
    /// Area.
    const BEREICH: Bereich;
    /// Path segment: the plural in kebab-case (`buchungen`).
    const RESSOURCE: &'static str;
    /// The command that `POST /{bereich}/{ressource}` runs.
    const CREATE: &'static str;
    /// True if the creating command also goes on with a stream that exists, e.g. the next receipt into a stock. Its id
    /// follows from a natural key then.
    const CREATE_CONTINUES: bool = false;
    /// True if its streams live in the system Mandant (nil UUID).
    const SYSTEM: bool = false;
    /// Commands that only policies and timers send; they have no route.
    const INTERNAL: &'static [&'static str] = &[];
    /// Members of the state and of the events that the log keeps and nobody is shown: no column, no answer bears them.
    const GEHEIM: &'static [&'static str] = &[];
    /// Level of right a command needs. `Write` unless it changes the rules of the house.
    fn stufe(_command: &str) -> Stufe {
        Stufe::Write
    }

    /// Commands; an enum of struct variants that refuses unknown fields.
    type Command: CommandName + Serialize + DeserializeOwned + JsonSchema + Clone + std::fmt::Debug + Send + Sync;
    /// Facts; own types, stored for ever. Adding variants and optional fields is allowed, changing is not.
    type Event: EventName
        + Serialize
        + DeserializeOwned
        + JsonSchema
        + Clone
        + PartialEq
        + std::fmt::Debug
        + Send
        + Sync
        + 'static;
    /// Refusals.
    type Error: DomainError;

    /// The rules: every combination of state and command is answered.
    fn decide(&self, command: Self::Command, ctx: &Context<'_>) -> Decision<Self>;

    /// Folds one fact. Never fails, never decides, never calculates.
    fn evolve(&mut self, event: Self::Event);

    /// The state after facts that are not written yet.
    #[must_use]
    fn danach(&self, events: &[Self::Event]) -> Self {
        let mut danach = self.clone();
        for event in events {
            danach.evolve(event.clone());
        }
        danach
    }

    /// For streams whose id follows from a natural key (spec/README section 2): the key in the creating command. The
    /// id is then UUIDv5(mandant, TYPE + "/" + key); a client need not know it.
    fn stream_key(_command: &Self::Command) -> Option<StreamKey> {
        None
    }

    /// Unique keys that this state holds.
    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }

    /// The document's number for answers and lists, once it has one.
    fn nummer(&self) -> Option<String> {
        None
    }

    /// Current version of an event's stored form. Raise it together with [`Aggregate::upcast`].
    fn event_version(_event: &str) -> u16 {
        1
    }

    /// Brings the stored form of an older version one version further. Called in a chain until the current version.
    fn upcast(_event: &str, _version: u16, payload: serde_json::Value) -> Option<serde_json::Value> {
        let _ = payload;
        None
    }
}

/// The wiring of an aggregate: names of its variants, its error's code, and the traits of `cqrs-es`, so that its
/// given/when/then framework can test it. Business rules are not in here.
#[macro_export]
macro_rules! wire {
    ($state:ty, $command:ty => $event:ty | $error:ty) => {
        impl $crate::EventName for $event {
            fn event_name(&self) -> &'static str {
                self.into()
            }
        }

        impl $crate::CommandName for $command {
            fn command_name(&self) -> &'static str {
                self.into()
            }
        }

        impl $crate::DomainError for $error {
            fn code(&self) -> &'static str {
                self.into()
            }
        }

        impl From<$error> for $crate::Refused<$error> {
            fn from(error: $error) -> Self {
                Self::Domain(error)
            }
        }

        impl $crate::testing::cqrs::DomainEvent for $event {
            fn event_type(&self) -> String {
                $crate::EventName::event_name(self).to_owned()
            }

            fn event_version(&self) -> String {
                <$state as $crate::Aggregate>::event_version($crate::EventName::event_name(self)).to_string()
            }
        }

        impl $crate::testing::cqrs::Aggregate for $state {
            const TYPE: &'static str = <Self as $crate::Aggregate>::TYPE;
            type Command = $command;
            type Event = $event;
            type Error = $crate::Refused<$error>;
            type Services = $crate::testing::World;

            async fn handle(
                &mut self,
                command: Self::Command,
                world: &Self::Services,
                sink: &$crate::testing::cqrs::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                let events = world.decide(self, command)?;
                for event in events {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                $crate::Aggregate::evolve(self, event);
            }
        }
    };
}
