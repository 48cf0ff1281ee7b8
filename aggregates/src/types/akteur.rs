//! Who acts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// The actor of an event, stored as `benutzer:<uuid>` or `dienst:<name>` (compliance 6.1, member `akteur`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Akteur {
    /// A person.
    Benutzer(Uuid),
    /// A program: an API key, a policy, a timer, the start of the system.
    Dienst(String),
}

impl Akteur {
    /// A service actor.
    pub fn dienst(name: impl Into<String>) -> Self {
        Self::Dienst(name.into())
    }
}

impl fmt::Display for Akteur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Benutzer(id) => write!(f, "benutzer:{id}"),
            Self::Dienst(name) => write!(f, "dienst:{name}"),
        }
    }
}

impl FromStr for Akteur {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("benutzer", id)) => Uuid::parse_str(id).map(Self::Benutzer).map_err(|e| e.to_string()),
            Some(("dienst", name)) if !name.is_empty() => Ok(Self::Dienst(name.to_owned())),
            _ => Err(format!("{text:?} ist kein Akteur (benutzer:<uuid> oder dienst:<name>)")),
        }
    }
}

impl Serialize for Akteur {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Akteur {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Akteur {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Akteur".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^(benutzer:[0-9a-f-]{36}|dienst:.+)$"})
    }
}
