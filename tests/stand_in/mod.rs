//! Small aggregates with the names and state fields of the real master data, so that the reports' look into the past can
//! be tested without their rules.

macro_rules! master {
    ($module:ident, $name:ident, $typ:literal, $path:literal, $nr:ident, $text:ident) => {
        pub use $module::$name;

        mod $module {
            use aggregates::{Aggregate, Context, Decision, types::Bereich};
            use schemars::JsonSchema;
            use serde::{Deserialize, Serialize};

            #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
            pub struct $name {
                pub $nr: String,
                pub $text: String,
            }
            #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
            pub enum Command {
                Anlegen {},
            }
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
            pub enum Event {
                Angelegt { nr: String, name: String },
                Umbenannt { name: String },
            }
            #[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error, strum::IntoStaticStr)]
            pub enum Error {}
            aggregates::wire!($name, Command => Event | Error);

            impl Aggregate for $name {
                const NAME: &'static str = stringify!($name);
                const TYPE: &'static str = $typ;
                const BEREICH: Bereich = Bereich::Fibu;
                const RESSOURCE: &'static str = $path;
                const CREATE: &'static str = "Anlegen";
                type Command = Command;
                type Event = Event;
                type Error = Error;

                fn decide(&self, _: Command, _: &Context<'_>) -> Decision<Self> {
                    Ok(vec![])
                }

                fn evolve(&mut self, event: Event) {
                    match event {
                        Event::Angelegt { nr, name } => (self.$nr, self.$text) = (nr, name),
                        Event::Umbenannt { name } => self.$text = name,
                    }
                }
            }
        }
    };
}

master!(konto, Konto, "konto", "konten", konto_nr, bezeichnung);
master!(debitor, Debitor, "debitor", "debitoren", nr, name);
master!(kreditor, Kreditor, "kreditor", "kreditoren", nr, name);
