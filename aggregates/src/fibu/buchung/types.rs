//! The words of a voucher: status, Soll and Haben, its kind, and what a line is for tax and open items.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::Betrag;

/// Status of a Buchung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BuchungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// In the ledger.
    Erfasst,
    /// Reversed by a Generalumkehr.
    Storniert,
}

/// Side of a line.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Seite {
    /// Debit.
    #[default]
    Soll,
    /// Credit.
    Haben,
}

impl Seite {
    /// The other side.
    #[must_use]
    pub const fn gegenseite(self) -> Self {
        match self {
            Self::Soll => Self::Haben,
            Self::Haben => Self::Soll,
        }
    }

    /// The amount's part in `saldo = Soll − Haben`.
    #[must_use]
    pub fn signed(self, betrag: Betrag) -> Betrag {
        match self {
            Self::Soll => betrag,
            Self::Haben => -betrag,
        }
    }
}

/// Kind of a voucher.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Buchungsart {
    /// Entered by hand.
    #[default]
    Manuell,
    /// Outgoing invoice.
    Rechnung,
    /// Incoming invoice.
    Eingangsrechnung,
    /// Settlement to a supplier (Gutschriftsverfahren).
    Abrechnung,
    /// Advance payment.
    Anzahlung,
    /// Payment.
    Zahlung,
    /// What follows a settlement of open items.
    Ausgleich,
    /// Valued stock move.
    Warenbewegung,
    /// Currency valuation at a Stichtag.
    Kursbewertung,
    /// Transfer between accounts.
    Umbuchung,
    /// Closing entry; the only kind in period 13.
    Abschluss,
    /// Opening balances; the only kind in period 0.
    Saldenvortrag,
    /// Reversal with negated amounts.
    Generalumkehr,
}

/// How a line's amount is meant when its key has a tax rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Betragsart {
    /// Without tax.
    Netto,
    /// With tax.
    #[default]
    Brutto,
}

/// What a line is for the tax ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Steuerrolle {
    /// Assessment base of its key.
    Basis,
    /// Tax of its key.
    Steuer,
    /// Nothing.
    #[default]
    Keine,
}

/// Kind of an open item (fibu 9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PostenArt {
    /// Invoice.
    #[default]
    Rechnung,
    /// Credit note.
    Gutschrift,
    /// Payment, and what stands in its place: Skonto, written-off differences, transfers.
    Zahlung,
    /// Advance payment that was invoiced.
    Anzahlung,
    /// Fee or interest.
    Nebenforderung,
    /// Carried over from another system.
    Vortrag,
}

impl PostenArt {
    /// The kind of a line's item if none is named: what raises the partner's debt is an invoice.
    #[must_use]
    pub fn von(buchungsart: Buchungsart, erhoeht: bool) -> Self {
        match buchungsart {
            Buchungsart::Anzahlung => Self::Anzahlung,
            Buchungsart::Zahlung | Buchungsart::Ausgleich => Self::Zahlung,
            _ if erhoeht => Self::Rechnung,
            Buchungsart::Rechnung | Buchungsart::Eingangsrechnung | Buchungsart::Abrechnung => Self::Gutschrift,
            _ => Self::Zahlung,
        }
    }
}

/// What a line does to the open items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OpArt {
    /// Opens an item.
    Neu,
    /// None: carried-forward balances, the items live on untouched.
    Keiner,
}
