//! Values of a field: accounts, amounts, dates with their year.

use aggregates::types::{Betrag, Dezimal};
use chrono::NaiveDate;

/// An account of a row: a Sachkonto, or a Personenkonto with one digit more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kontobezug {
    /// Sachkonto, padded to the chart's length with leading zeros.
    Sachkonto(String),
    /// Debitor (first digit 1 to 6).
    Debitor(String),
    /// Kreditor (first digit 7 to 9).
    Kreditor(String),
}

impl Kontobezug {
    /// Reads the number of an account, for a chart of `laenge` digits.
    pub fn lesen(text: &str, laenge: u8) -> Result<Self, String> {
        if text.is_empty() {
            return Err("das Konto fehlt".to_owned());
        }
        let ziffern = text.trim_start_matches('0');
        if !text.bytes().all(|b| b.is_ascii_digit()) || ziffern.is_empty() {
            return Err(format!("„{text}“ ist keine Kontonummer"));
        }
        let laenge = usize::from(laenge);
        match ziffern.len() {
            n if n <= laenge => Ok(Self::Sachkonto(format!("{ziffern:0>laenge$}"))),
            n if n == laenge + 1 && ziffern.starts_with(['7', '8', '9']) => Ok(Self::Kreditor(ziffern.to_owned())),
            n if n == laenge + 1 => Ok(Self::Debitor(ziffern.to_owned())),
            n => Err(format!(
                "{ziffern} hat {n} Stellen; höchstens {} sind möglich",
                laenge + 1
            )),
        }
    }

    /// The number.
    pub fn nr(&self) -> &str {
        match self {
            Self::Sachkonto(nr) | Self::Debitor(nr) | Self::Kreditor(nr) => nr,
        }
    }

    /// A Debitor or Kreditor.
    pub const fn ist_person(&self) -> bool {
        matches!(self, Self::Debitor(_) | Self::Kreditor(_))
    }
}

/// Reads an amount `1190,00`: up to ten digits, comma, two digits.
pub(super) fn betrag(text: &str) -> Option<Betrag> {
    let (ganze, cent) = text.split_once(',').unwrap_or((text, "00"));
    let ziffern = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if ganze.is_empty() || ganze.len() > 10 || !ziffern(ganze) || !(1..=2).contains(&cent.len()) || !ziffern(cent) {
        return None;
    }
    Betrag::exact(format!("{ganze}.{cent}").parse::<Dezimal>().ok()?)
}

/// Reads a date TTMMJJJJ or TTMMJJ (of this century).
pub(super) fn datum_ttmmjjjj(text: &str) -> Option<NaiveDate> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A number loses its leading zero.
    let (text, jahr_ab) = match text.len() {
        5 | 6 => (format!("{text:0>6}"), 2000),
        7 | 8 => (format!("{text:0>8}"), 0),
        _ => return None,
    };
    let teil = |von: usize, bis: usize| text.get(von..bis).and_then(|t| t.parse::<u32>().ok());
    let jahr = i32::try_from(teil(4, text.len())?).ok()?;
    NaiveDate::from_ymd_opt(jahr_ab + jahr, teil(2, 4)?, teil(0, 2)?)
}
