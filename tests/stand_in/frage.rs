//! Two small aggregates: what happens to one makes the other ask a ledger, in the same unit of work.

use aggregates::{
    Aggregate, Context, Decision, Entry, Registry,
    policy::{Consequence, Policy, PolicyContext},
    types::Bereich,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The fact that is asked for.
pub const FACT: &str = "stand";

/// What happens.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Anlass {}
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
pub enum AnlassCommand {
    Geschehen { frage: Uuid },
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
pub enum AnlassEvent {
    Geschehen { frage: Uuid },
}

/// What asks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Frage {}
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
pub enum FrageCommand {
    Fragen {},
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
pub enum FrageEvent {
    Gefragt { antwort: Value },
}

#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum AnlassError {}
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum FrageError {}

aggregates::wire!(Anlass, AnlassCommand => AnlassEvent | AnlassError);
aggregates::wire!(Frage, FrageCommand => FrageEvent | FrageError);

impl Aggregate for Anlass {
    const NAME: &'static str = "Anlass";
    const TYPE: &'static str = "anlass";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "anlaesse";
    const CREATE: &'static str = "Geschehen";
    type Command = AnlassCommand;
    type Event = AnlassEvent;
    type Error = AnlassError;

    fn decide(&self, AnlassCommand::Geschehen { frage }: AnlassCommand, _: &Context<'_>) -> Decision<Self> {
        Ok(vec![AnlassEvent::Geschehen { frage }])
    }

    fn evolve(&mut self, _: AnlassEvent) {}
}

impl Aggregate for Frage {
    const NAME: &'static str = "Frage";
    const TYPE: &'static str = "frage";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "fragen";
    const CREATE: &'static str = "Fragen";
    type Command = FrageCommand;
    type Event = FrageEvent;
    type Error = FrageError;

    fn decide(&self, FrageCommand::Fragen {}: FrageCommand, ctx: &Context<'_>) -> Decision<Self> {
        let antwort = ctx.fact(FACT, "")?;
        Ok(vec![FrageEvent::Gefragt { antwort }])
    }

    fn evolve(&mut self, _: FrageEvent) {}
}

fn fragen(AnlassEvent::Geschehen { frage }: &AnlassEvent, _: &PolicyContext) -> Vec<Consequence> {
    vec![Consequence::command::<Frage>(*frage, &FrageCommand::Fragen {})]
}

/// Both with the policy between them.
pub fn registry() -> Registry {
    let policy = Policy::inline::<Anlass>("anlass_fragt", fragen);
    Registry::new(vec![Entry::of::<Anlass>(), Entry::of::<Frage>()], vec![policy])
}
