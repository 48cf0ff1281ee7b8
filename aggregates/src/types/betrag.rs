//! Money in EUR.

use std::{
    borrow::Cow,
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub, SubAssign},
    str::FromStr,
};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    Dezimal, VALUE_MARK,
    dezimal::{deserialize_decimal, round_commercial},
};

/// An amount of EUR with exactly two decimals, kept in cents. Written as `"119.00"`, read from a decimal string or an
/// integer. Input is limited to 13 digits before the point, so sums of thousands of amounts cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Betrag(i64);

impl Betrag {
    /// Zero.
    pub const NULL: Self = Self(0);

    /// From cents.
    #[must_use]
    pub const fn cent(cents: i64) -> Self {
        Self(cents)
    }

    /// The amount in cents.
    #[must_use]
    pub const fn as_cent(self) -> i64 {
        self.0
    }

    /// The amount as a decimal with two places.
    #[must_use]
    pub fn as_decimal(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// Rounds a decimal commercially to cents. `None` if it is out of range.
    #[must_use]
    pub fn rounded(value: Decimal) -> Option<Self> {
        let cents = round_commercial(value, 2).checked_mul(Decimal::ONE_HUNDRED)?;
        cents.to_i64().map(Self)
    }

    /// Takes the decimal exactly. `None` if it has more than two decimals or is out of range.
    #[must_use]
    pub fn exact(value: Dezimal) -> Option<Self> {
        let value = value.0.normalize();
        if value.scale() > 2 {
            return None;
        }
        Self::rounded(value)
    }

    /// True for zero.
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// Splits the amount by weights with the largest-remainder method in cents; ties go to the lower position
    /// (spec/README section 1). The parts always sum to the amount. Weights must not be negative; with no positive
    /// weight all goes to the first part.
    #[must_use]
    pub fn split(self, weights: &[i64]) -> Vec<Self> {
        let total: i128 = weights.iter().map(|w| i128::from((*w).max(0))).sum();
        if weights.is_empty() {
            return Vec::new();
        }
        if total == 0 {
            let mut parts = vec![Self::NULL; weights.len()];
            parts[0] = self;
            return parts;
        }
        let sign = if self.0 < 0 { -1 } else { 1 };
        let amount = i128::from(self.0).abs();
        let mut parts: Vec<i128> = weights
            .iter()
            .map(|w| amount * i128::from((*w).max(0)) / total)
            .collect();
        let mut order: Vec<(i128, usize)> = weights
            .iter()
            .enumerate()
            .map(|(i, w)| (amount * i128::from((*w).max(0)) % total, i))
            .collect();
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut rest = amount - parts.iter().sum::<i128>();
        for (_, index) in order {
            if rest == 0 {
                break;
            }
            parts[index] += 1;
            rest -= 1;
        }
        parts
            .into_iter()
            .map(|p| Self(i64::try_from(p * sign).unwrap_or(i64::MAX)))
            .collect()
    }
}

impl fmt::Display for Betrag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_decimal().fmt(f)
    }
}

impl FromStr for Betrag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::exact(text.parse()?).ok_or_else(|| too_fine(text))
    }
}

fn too_fine(value: impl fmt::Display) -> String {
    format!("{VALUE_MARK}{value} ist kein Betrag in EUR: höchstens zwei Nachkommastellen")
}

impl Serialize for Betrag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Betrag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserialize_decimal(deserializer)?;
        Self::exact(Dezimal(value)).ok_or_else(|| de::Error::custom(too_fine(value)))
    }
}

impl JsonSchema for Betrag {
    fn schema_name() -> Cow<'static, str> {
        "Betrag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "pattern": r"^-?\d{1,13}(\.\d{1,2})?$", "description": "EUR", "examples": ["119.00"]})
    }
}

impl Add for Betrag {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Betrag {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Betrag {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Betrag {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Betrag {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Betrag {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::NULL, Add::add)
    }
}
