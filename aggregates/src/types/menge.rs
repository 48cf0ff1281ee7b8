//! Quantities and prices per quantity.

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
    Betrag, Dezimal, Satz, VALUE_MARK,
    dezimal::{deserialize_decimal, parse_plain, round_commercial},
};
use crate::Shared;

/// Decimals that a quantity or a price may have.
const STELLEN: u32 = 6;

/// A quantity in a unit that stands beside it, exact, with at most six decimals. Written as `"25.5"`, without trailing
/// zeros, and read from a decimal string or an integer. May be negative: moves of stock and differences are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Menge(Decimal);

impl Menge {
    /// Nothing.
    pub const NULL: Self = Self(Decimal::ZERO);

    /// One.
    pub const EINS: Self = Self(Decimal::ONE);

    /// Rounds commercially to `stellen` decimals, at most six.
    #[must_use]
    pub fn rounded(wert: Decimal, stellen: u32) -> Self {
        Self(round_commercial(wert, stellen.min(STELLEN)).normalize())
    }

    /// Takes what a client sent; `MENGE_UNGUELTIG` unless it is above zero and has at most `stellen` decimals.
    pub fn positiv(wert: Dezimal, stellen: u32, feld: &str) -> Result<Self, Shared> {
        let wert = wert.0.normalize();
        if wert <= Decimal::ZERO || wert.scale() > stellen.min(STELLEN) {
            return Err(Shared::MengeUngueltig { feld: feld.to_owned() });
        }
        Ok(Self(wert))
    }

    /// The quantity as a decimal.
    #[must_use]
    pub fn as_decimal(self) -> Decimal {
        self.0
    }

    /// True for nothing.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0.is_zero()
    }

    /// The quantity and a percentage of it, exact to six decimals: a tolerance of 5 % of 25 gives 26.25.
    #[must_use]
    pub fn zuzueglich(self, satz: Satz) -> Self {
        Self::rounded(self.0 * (Decimal::ONE + satz.factor()), STELLEN)
    }

    /// The quantity less a percentage of it.
    #[must_use]
    pub fn abzueglich(self, satz: Satz) -> Self {
        Self::rounded(self.0 * (Decimal::ONE - satz.factor()), STELLEN)
    }
}

impl fmt::Display for Menge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Menge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        exact(parse_plain(text)?).map(Self)
    }
}

impl Add for Menge {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self((self.0 + other.0).normalize())
    }
}

impl Sub for Menge {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self((self.0 - other.0).normalize())
    }
}

impl Neg for Menge {
    type Output = Self;

    fn neg(self) -> Self {
        Self::NULL - self
    }
}

impl AddAssign for Menge {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Menge {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Menge {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::NULL, Add::add)
    }
}

impl Serialize for Menge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Menge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        exact(deserialize_decimal(deserializer)?)
            .map(Self)
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for Menge {
    fn schema_name() -> Cow<'static, str> {
        "Menge".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "pattern": r"^-?\d{1,13}(\.\d{1,6})?$", "examples": ["25.5"]})
    }
}

/// Below this, quantities keep all their decimals as weights of a split.
const GEWICHT_MAX: i64 = 9_000_000_000_000;

impl Betrag {
    /// Splits the amount by quantities, with the largest remainders: the parts sum to it.
    #[must_use]
    pub fn nach_mengen(self, mengen: &[Menge]) -> Vec<Self> {
        let fein = mengen.iter().all(|menge| menge.0.abs() < Decimal::from(GEWICHT_MAX));
        let faktor = Decimal::from(if fein { 1_000_000 } else { 1 });
        let gewicht = |menge: &Menge| menge.0.checked_mul(faktor).and_then(|g| g.to_i64()).unwrap_or(i64::MAX);
        self.split(&mengen.iter().map(gewicht).collect::<Vec<_>>())
    }
}

/// A price per quantity: `34.50` for 1 dt, `12.90` for 100 pieces (wawi 0.1). Never negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preis {
    /// EUR, at most six decimals.
    pub betrag: Preisbetrag,
    /// For how much of the unit.
    pub je: Menge,
    /// Unit of the price.
    pub einheit: String,
}

impl Preis {
    /// Value of a quantity that is already in the price's unit, rounded once to cents (wawi 0.2). `None` if it is out of
    /// range or the price is for no quantity.
    #[must_use]
    pub fn wert(&self, menge: Menge) -> Option<Betrag> {
        let produkt = self.betrag.as_decimal().checked_mul(menge.as_decimal())?;
        Betrag::rounded(produkt.checked_div(self.je.as_decimal())?)
    }
}

/// A price as columns of a row; flattened into it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preisspalten {
    /// EUR.
    pub preis: Preisbetrag,
    /// For how much of the price's unit.
    pub preis_je: Menge,
    /// Unit of the price.
    pub preis_einheit: String,
}

impl Preisspalten {
    /// The price with its unit.
    #[must_use]
    pub fn preis(&self) -> Preis {
        Preis {
            betrag: self.preis,
            je: self.preis_je,
            einheit: self.preis_einheit.clone(),
        }
    }
}

impl From<Preis> for Preisspalten {
    fn from(preis: Preis) -> Self {
        Self {
            preis: preis.betrag,
            preis_je: preis.je,
            preis_einheit: preis.einheit,
        }
    }
}

/// The EUR of a price: not negative, at most six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Preisbetrag(Decimal);

impl Preisbetrag {
    /// The EUR as a decimal.
    #[must_use]
    pub fn as_decimal(self) -> Decimal {
        self.0
    }

    /// Rounds commercially to six decimals; negative becomes zero.
    #[must_use]
    pub fn rounded(wert: Decimal) -> Self {
        Self(round_commercial(wert.max(Decimal::ZERO), STELLEN).normalize())
    }
}

impl fmt::Display for Preisbetrag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Preisbetrag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Preisbetrag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wert = exact(deserialize_decimal(deserializer)?).map_err(de::Error::custom)?;
        if wert < Decimal::ZERO {
            return Err(de::Error::custom(format!("{VALUE_MARK}ein Preis ist nicht negativ")));
        }
        Ok(Self(wert))
    }
}

impl JsonSchema for Preisbetrag {
    fn schema_name() -> Cow<'static, str> {
        "Preisbetrag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "pattern": r"^\d{1,13}(\.\d{1,6})?$", "description": "EUR", "examples": ["389.50"]})
    }
}

fn exact(wert: Decimal) -> Result<Decimal, String> {
    let wert = wert.normalize();
    if wert.scale() > STELLEN {
        return Err(format!("{VALUE_MARK}{wert} hat mehr als {STELLEN} Nachkommastellen"));
    }
    Ok(wert)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menge(text: &str) -> Menge {
        text.parse().unwrap()
    }

    #[test]
    fn an_amount_is_split_by_quantities_to_the_cent() {
        let teile = Betrag::cent(9_000).nach_mengen(&[menge("12"), menge("18")]);
        assert_eq!(teile, [Betrag::cent(3_600), Betrag::cent(5_400)]);
        let teile = Betrag::cent(100).nach_mengen(&[menge("0.000001"), menge("0.000002")]);
        assert_eq!(teile, [Betrag::cent(33), Betrag::cent(67)]);
        let teile = Betrag::cent(100).nach_mengen(&[menge("9999999999999"), menge("9999999999999")]);
        assert_eq!(teile, [Betrag::cent(50), Betrag::cent(50)]);
    }

    #[test]
    fn a_tolerance_is_taken_of_the_quantity() {
        let satz = Satz::percent(Decimal::from(5));
        assert_eq!(menge("25").zuzueglich(satz), menge("26.25"));
        assert_eq!(menge("25").abzueglich(satz), menge("23.75"));
    }

    #[test]
    fn a_quantity_is_written_without_trailing_zeros_and_read_exactly() {
        assert_eq!(
            serde_json::to_string(&(menge("9.8") + menge("10.20"))).unwrap(),
            "\"20\""
        );
        assert_eq!(serde_json::to_string(&-menge("0.50")).unwrap(), "\"-0.5\"");
        assert!("1.1234567".parse::<Menge>().is_err());
        assert!(
            serde_json::from_str::<Menge>("1.5").is_err(),
            "a fraction may be bent already"
        );
        for falsch in ["0", "-1", "1.2345"] {
            let fehler = Menge::positiv(falsch.parse().unwrap(), 3, "/menge").unwrap_err();
            assert_eq!(
                fehler,
                Shared::MengeUngueltig {
                    feld: "/menge".to_owned()
                }
            );
        }
    }

    #[test]
    fn a_value_is_rounded_once_commercially() {
        let preis = |betrag: &str, je: &str| Preis {
            betrag: serde_json::from_value(serde_json::json!(betrag)).unwrap(),
            je: menge(je),
            einheit: "t".to_owned(),
        };
        assert_eq!(preis("389.50", "1").wert(menge("25")), Some(Betrag::cent(973_750)));
        assert_eq!(preis("12.90", "100").wert(menge("7")), Some(Betrag::cent(90)));
        assert_eq!(preis("0.005", "1").wert(menge("1")), Some(Betrag::cent(1)));
        assert_eq!(preis("1", "0").wert(menge("1")), None);
    }
}
