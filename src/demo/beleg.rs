//! A voucher of the demo company, its lines, and the tax in their amounts.

use chrono::NaiveDate;
use serde_json::{Value, json};

/// A voucher before it gets its number.
pub(super) struct Beleg {
    pub kreis: &'static str,
    pub art: &'static str,
    pub text: String,
    /// Reference of the document.
    pub referenz: String,
    pub zeilen: Vec<Zeile>,
}

impl Beleg {
    pub(super) fn neu(
        kreis: &'static str,
        art: &'static str,
        text: impl Into<String>,
        referenz: String,
        zeilen: Vec<Zeile>,
    ) -> Self {
        Self {
            kreis,
            art,
            text: text.into(),
            referenz,
            zeilen,
        }
    }

    /// The fields of the command that posts it on a day.
    pub(super) fn json(&self, datum: NaiveDate) -> Value {
        let zeilen: Value = self.zeilen.iter().map(Zeile::json).collect();
        json!({"belegkreis": self.kreis, "belegdatum": datum, "buchungsdatum": datum, "buchungsart": self.art,
            "text": self.text, "beleg": self.referenz, "zeilen": zeilen})
    }
}

/// A line of a voucher.
pub(super) struct Zeile {
    pub konto: String,
    pub soll: bool,
    pub cent: i64,
    pub schluessel: Option<&'static str>,
}

pub(super) fn soll(konto: impl Into<String>, cent: i64) -> Zeile {
    Zeile {
        konto: konto.into(),
        soll: true,
        cent,
        schluessel: None,
    }
}

pub(super) fn haben(konto: impl Into<String>, cent: i64) -> Zeile {
    Zeile {
        soll: false,
        ..soll(konto, cent)
    }
}

impl Zeile {
    pub(super) fn mit(mut self, schluessel: &'static str) -> Self {
        self.schluessel = Some(schluessel);
        self
    }

    fn json(&self) -> Value {
        let seite = if self.soll { "soll" } else { "haben" };
        let mut zeile = json!({"konto": self.konto, "seite": seite, "betrag": euro(self.cent)});
        if let Some(schluessel) = self.schluessel {
            zeile["schluessel"] = json!(schluessel);
        }
        zeile
    }
}

/// An amount in cents, as documents write it.
pub(super) fn euro(cent: i64) -> String {
    aggregates::types::Betrag::cent(cent).to_string()
}

/// Tax on a net amount at `promille`, rounded commercially.
pub(super) const fn steuer_auf(netto: i64, promille: i64) -> i64 {
    (netto * promille + 500) / 1000
}

/// Tax contained in a gross amount at `promille`, rounded commercially.
pub(super) const fn steuer_in(brutto: i64, promille: i64) -> i64 {
    (2 * brutto * promille + 1000 + promille) / (2 * (1000 + promille))
}
