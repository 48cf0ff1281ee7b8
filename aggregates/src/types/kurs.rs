//! Rate of exchange.

use std::{borrow::Cow, fmt};

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Dezimal, VALUE_MARK, dezimal::deserialize_decimal};

/// Decimals that a rate may have.
const STELLEN: u32 = 6;

/// Foreign units per 1 EUR: more than nothing, at most six decimals, stored without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Kurs(Decimal);

impl Kurs {
    /// Takes what a client sent. `None` unless it is above zero and has at most six decimals.
    #[must_use]
    pub fn positiv(wert: Dezimal) -> Option<Self> {
        let wert = wert.0.normalize();
        (wert > Decimal::ZERO && wert.scale() <= STELLEN).then_some(Self(wert))
    }

    /// The rate as a decimal.
    #[must_use]
    pub fn as_decimal(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Kurs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Kurs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Kurs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wert = deserialize_decimal(deserializer)?;
        Self::positiv(Dezimal(wert)).ok_or_else(|| {
            de::Error::custom(format!(
                "{VALUE_MARK}{wert} ist kein Kurs: mehr als 0, höchstens {STELLEN} Nachkommastellen"
            ))
        })
    }
}

impl JsonSchema for Kurs {
    fn schema_name() -> Cow<'static, str> {
        "Kurs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "pattern": r"^\d{1,13}(\.\d{1,6})?$", "description": "Fremdwährung je 1 EUR", "examples": ["1.0842"]})
    }
}
