//! IBAN and VAT identification number: syntax checked when read.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An IBAN in paper-free form (no blanks, capitals), ISO 13616. Commands take plain text and call [`Iban::parse`], so
/// that a wrong one is answered with `IBAN_UNGUELTIG`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Iban(String);

impl Iban {
    /// Checks country, length (Germany 22, others 15–34) and the check digits (mod 97 = 1).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let iban: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .to_ascii_uppercase();
        if !iban.is_ascii() || !(15..=34).contains(&iban.len()) {
            return None;
        }
        let (country, rest) = iban.split_at(2);
        if !country.bytes().all(|b| b.is_ascii_uppercase()) || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        if !rest.bytes().take(2).all(|b| b.is_ascii_digit()) {
            return None;
        }
        if country == "DE" && (iban.len() != 22 || !rest.bytes().all(|b| b.is_ascii_digit())) {
            return None;
        }
        let rearranged = iban[4..].bytes().chain(iban[..4].bytes());
        let remainder = rearranged.fold(0_u32, |rest, byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        });
        (remainder == 1).then_some(Self(iban))
    }

    /// The IBAN without blanks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Iban {
    fn schema_name() -> Cow<'static, str> {
        "Iban".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"})
    }
}

/// A VAT identification number (USt-IdNr.) of an EU member state: country prefix and national part, pattern checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UstId(String);

/// Member states whose numbers we know, with the allowed lengths of the national part (EL = Greece, XI = Northern Ireland).
const EU_LENGTHS: &[(&str, usize, usize)] = &[
    ("AT", 9, 9),
    ("BE", 10, 10),
    ("BG", 9, 10),
    ("CY", 9, 9),
    ("CZ", 8, 10),
    ("DE", 9, 9),
    ("DK", 8, 8),
    ("EE", 9, 9),
    ("EL", 9, 9),
    ("ES", 9, 9),
    ("FI", 8, 8),
    ("FR", 11, 11),
    ("HR", 11, 11),
    ("HU", 8, 8),
    ("IE", 8, 9),
    ("IT", 11, 11),
    ("LT", 9, 12),
    ("LU", 8, 8),
    ("LV", 11, 11),
    ("MT", 8, 8),
    ("NL", 12, 12),
    ("PL", 10, 10),
    ("PT", 9, 9),
    ("RO", 2, 10),
    ("SE", 12, 12),
    ("SI", 8, 8),
    ("SK", 10, 10),
    ("XI", 9, 12),
];

impl UstId {
    /// Checks the pattern; German numbers also by their check digit (ISO 7064 MOD 11,10).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .to_ascii_uppercase();
        if !id.is_ascii() || id.len() < 4 {
            return None;
        }
        let (country, national) = id.split_at(2);
        let (_, min, max) = EU_LENGTHS.iter().find(|(code, _, _)| *code == country)?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || (country == "IE" && matches!(b, b'+' | b'*'));
        if !(*min..=*max).contains(&national.len()) || !national.bytes().all(allowed) {
            return None;
        }
        if country == "DE" && !german_check_digit(national) {
            return None;
        }
        Some(Self(id))
    }

    /// The number with its country prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country prefix.
    #[must_use]
    pub fn country(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }
}

fn german_check_digit(national: &str) -> bool {
    let digits: Vec<u32> = national.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != 9 || digits[0] == 0 {
        return false;
    }
    let product = digits[..8].iter().fold(10_u32, |product, digit| {
        let sum = match (digit + product) % 10 {
            0 => 10,
            sum => sum,
        };
        (2 * sum) % 11
    });
    (11 - product) % 10 == digits[8]
}

impl fmt::Display for UstId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for UstId {
    fn schema_name() -> Cow<'static, str> {
        "UstId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Z]{2}[A-Z0-9+*]{2,12}$"})
    }
}
