//! Exact decimals: the raw number a client sends, and the tax rate.

use std::{borrow::Cow, fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::VALUE_MARK;

/// Rounds commercially (half away from zero) to `scale` decimals, as everywhere in the house (spec/README section 1).
#[must_use]
pub fn round_commercial(value: Decimal, scale: u32) -> Decimal {
    let mut rounded = value.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(scale);
    if rounded.is_zero() {
        Decimal::new(0, scale)
    } else {
        rounded
    }
}

/// Largest number of digits before and behind the point that is read; keeps every sum inside the exact range.
const MAX_INTEGER_DIGITS: usize = 13;
const MAX_SCALE: usize = 8;

/// Reads a plain decimal (`-12.50`): optional sign, digits, optional point with digits. No exponent, no separators.
pub(super) fn parse_plain(text: &str) -> Result<Decimal, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(format!(
            "{VALUE_MARK}{text:?} ist keine Dezimalzahl; erwartet wird z. B. \"119.00\""
        ));
    }
    if whole.trim_start_matches('0').len() > MAX_INTEGER_DIGITS || fraction.len() > MAX_SCALE {
        return Err(format!(
            "{VALUE_MARK}{text:?} hat zu viele Stellen (höchstens {MAX_INTEGER_DIGITS} vor, {MAX_SCALE} nach dem Punkt)"
        ));
    }
    Decimal::from_str_exact(text).map_err(|_| format!("{VALUE_MARK}{text:?} ist keine Dezimalzahl"))
}

/// Visitor that takes a decimal string or an integer and refuses JSON fractions, which may already be bent.
struct DecimalVisitor;

impl de::Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("eine Dezimalzahl als Zeichenkette (\"119.00\") oder eine ganze Zahl")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        parse_plain(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Decimal, E> {
        parse_plain(&value.to_string()).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
        parse_plain(&value.to_string()).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Decimal, E> {
        Err(E::custom(format!(
            "{VALUE_MARK}{value} ist ein JSON-Bruch und kann schon gerundet sein; als Zeichenkette senden, z. B. \"119.00\""
        )))
    }
}

/// Reads a decimal the strict way; shared by all decimal value types.
pub(super) fn deserialize_decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    deserializer.deserialize_any(DecimalVisitor)
}

/// A decimal number exactly as the client sent it. Commands use it where the domain itself judges the scale
/// (`BUCHUNG_BETRAG_UNGUELTIG`); events use types of fixed scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Dezimal(pub Decimal);

impl fmt::Display for Dezimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Dezimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_plain(text).map(Self)
    }
}

impl Serialize for Dezimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Dezimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_decimal(deserializer).map(Self)
    }
}

impl JsonSchema for Dezimal {
    fn schema_name() -> Cow<'static, str> {
        "Dezimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "pattern": r"^-?\d{1,13}(\.\d{1,8})?$", "examples": ["119.00"]})
    }
}

/// A rate in percent with up to six decimals, e.g. 19 or 7.8; stored without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Satz(Decimal);

impl Satz {
    /// From percent, e.g. `Satz::percent(dec)`; rounds to six decimals and drops trailing zeros.
    #[must_use]
    pub fn percent(value: Decimal) -> Self {
        Self(round_commercial(value, 6).normalize())
    }

    /// The rate in percent.
    #[must_use]
    pub fn as_percent(self) -> Decimal {
        self.0
    }

    /// The rate as a factor: 19 % is 0.19.
    #[must_use]
    pub fn factor(self) -> Decimal {
        self.0 / Decimal::ONE_HUNDRED
    }
}

impl fmt::Display for Satz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Satz {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Satz {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserialize_decimal(deserializer)?;
        if value.scale() > 6 || value.is_sign_negative() && !value.is_zero() || value > Decimal::ONE_HUNDRED {
            return Err(de::Error::custom(format!(
                "{VALUE_MARK}{value} ist kein Satz: Prozent von 0 bis 100 mit höchstens 6 Nachkommastellen"
            )));
        }
        Ok(Self::percent(value))
    }
}

impl JsonSchema for Satz {
    fn schema_name() -> Cow<'static, str> {
        "Satz".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "pattern": r"^\d{1,3}(\.\d{1,6})?$", "description": "Prozent", "examples": ["19", "7.8"]})
    }
}
