//! The words of the Lieferant.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    geschaeftspartner::{Adresse, AdresseEingabe, Nachweis, NachweisEingabe, Sperre},
    types::{Betrag, Zeitlich},
};

/// Status of a supplier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LieferantStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Entered, without account in the ledger.
    Angelegt,
    /// Delivers.
    Freigegeben,
    /// Locked for orders, payments or both.
    Gesperrt,
    /// Delivers no more.
    Inaktiv,
}

/// Kind of a supplier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LieferantArt {
    /// Sells goods.
    #[default]
    Handel,
    /// A farmer.
    Erzeuger,
    /// A carrier.
    Spedition,
    /// Services.
    Dienst,
}

/// What an address of a supplier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LieferantAdresseArt {
    /// The seat.
    Haupt,
    /// Invoices.
    Rechnung,
    /// Collection of goods.
    Abholung,
    /// The farm.
    Hof,
}

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SperrBereich {
    /// New orders.
    Bestellung,
    /// Payments; sets the Zahlsperre of the Kreditor.
    Zahlung,
    /// Both.
    Gesamt,
}

impl SperrBereich {
    /// True if payments are locked.
    #[must_use]
    pub const fn zahlung(self) -> bool {
        matches!(self, Self::Zahlung | Self::Gesamt)
    }
}

/// What a certificate of a supplier says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZertifikatArt {
    /// Quality scheme QS.
    Qs,
    /// Good manufacturing practice.
    Gmp,
    /// Organic farming.
    Bio,
    /// Without genetic engineering.
    Vlog,
    /// Sustainability by ISCC.
    Iscc,
    /// Sustainability by `REDcert`.
    Redcert,
}

/// Terms of purchase from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LieferantKondition {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// Terms of payment.
    pub zahlungsbedingung_id: Uuid,
    /// Least net value of an order.
    pub mindestbestellwert: Option<Betrag>,
    /// Net value from which on delivery is free.
    pub frachtfrei_ab: Option<Betrag>,
}

impl Zeitlich for LieferantKondition {
    fn gueltig_ab(&self) -> NaiveDate {
        self.gueltig_ab
    }
}

/// An address of a supplier.
pub type LieferantAdresse = Adresse<LieferantAdresseArt>;
/// An address as a client sends it.
pub type LieferantAdresseEingabe = AdresseEingabe<LieferantAdresseArt>;
/// A lock of a supplier.
pub type LieferantSperre = Sperre<SperrBereich>;
/// A certificate of a supplier.
pub type LieferantZertifikat = Nachweis<ZertifikatArt>;
/// A certificate as a client sends it.
pub type LieferantZertifikatEingabe = NachweisEingabe<ZertifikatArt>;
