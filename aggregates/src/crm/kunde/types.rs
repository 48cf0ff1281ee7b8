//! The words of the Kunde.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::geschaeftspartner::{Adresse, AdresseEingabe, Nachweis, NachweisEingabe, Sperre};

/// Status of a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KundeStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Entered, without account in the ledger.
    Entwurf,
    /// May buy.
    Aktiv,
    /// Kept, buys no more.
    Archiviert,
    /// Became part of another customer.
    Zusammengefuehrt,
}

/// Kind of a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KundenArt {
    /// A company.
    #[default]
    Firma,
    /// A natural person.
    Person,
    /// An authority.
    Behoerde,
}

/// What an address of a customer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KundenAdresseArt {
    /// Invoices.
    Rechnung,
    /// Deliveries.
    Lieferung,
    /// The farm.
    Hof,
    /// A silo.
    Silo,
}

/// The step of the document chain that a lock blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SperreArt {
    /// Orders.
    Auftrag,
    /// Deliveries.
    Liefer,
    /// Invoices; locks the Debitor.
    Faktura,
    /// Advertising.
    Werbung,
}

/// What a certificate of a customer allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NachweisArt {
    /// Expert knowledge of plant protection.
    SachkundePsm,
    /// Organic farming.
    Bio,
    /// Quality scheme QS.
    Qs,
    /// Without genetic engineering.
    Vlog,
}

/// How goods reach the customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Lieferart {
    /// We deliver.
    #[default]
    Lieferung,
    /// The customer collects.
    Selbstabholung,
}

/// How deliveries are invoiced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rechnungsart {
    /// One invoice per delivery.
    #[default]
    Einzel,
    /// Deliveries are collected on one invoice.
    Sammel,
}

/// Terms given to the customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Konditionen {
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// His own price list.
    pub preisliste_id: Option<Uuid>,
    /// How goods reach him.
    pub lieferart: Lieferart,
    /// How he is invoiced.
    pub rechnungsart: Rechnungsart,
    /// Days by which the due date is later than the terms say.
    pub valuta_tage: Option<u16>,
}

/// An address of a customer.
pub type KundenAdresse = Adresse<KundenAdresseArt>;
/// An address as a client sends it.
pub type KundenAdresseEingabe = AdresseEingabe<KundenAdresseArt>;
/// A lock of a customer.
pub type KundenSperre = Sperre<SperreArt>;
/// A certificate of a customer.
pub type KundenNachweis = Nachweis<NachweisArt>;
/// A certificate as a client sends it.
pub type KundenNachweisEingabe = NachweisEingabe<NachweisArt>;
