//! Words and children of an Artikel.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Status of an article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ArtikelStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Being entered; not to be used yet.
    Entwurf,
    /// In use.
    Aktiv,
    /// Locked for purchase, sale or both.
    Gesperrt,
    /// No purchase, sale until nothing is left.
    Auslaufend,
    /// Ended.
    Archiviert,
}

/// Kind of an article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ArtikelTyp {
    /// Goods, kept in stock.
    #[default]
    Ware,
    /// Service.
    Leistung,
    /// Container, kept in stock.
    Gebinde,
    /// Deposit.
    Pfand,
}

/// What a lock holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Sperrbereich {
    /// Purchase.
    Ek,
    /// Sale.
    Vk,
    /// Both.
    Gesamt,
}

/// Where a unit is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verwendung {
    /// Purchase.
    Ek,
    /// Sale.
    Vk,
    /// Stock.
    Lager,
    /// Prices.
    Preis,
}

/// A further unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlternativeEinheit {
    /// Code of a Mengeneinheit.
    pub einheit: String,
    /// 1 of it = zaehler ÷ nenner of the Basiseinheit.
    pub zaehler: i64,
    /// See `zaehler`.
    pub nenner: i64,
    /// Whole numbers only: sacks, pallets.
    pub ganzzahlig: bool,
    /// Where it is offered; everywhere if empty.
    pub verwendung: Vec<Verwendung>,
    /// Removed. Its code stays, so that it cannot come back with another factor.
    pub entfallen: bool,
}

/// Kind of an identification.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KennungArt {
    /// GTIN with its check digit.
    Gtin,
    /// Of the house.
    Intern,
    /// Of the manufacturer.
    Hersteller,
    /// Approval number of the BVL; several pack sizes share it.
    BvlNr,
    /// Commodity code of the customs tariff; many articles share it.
    Warennummer,
}

/// An identification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtikelKennung {
    /// Kind.
    pub art: KennungArt,
    /// Value.
    pub wert: String,
    /// The unit it stands on, if it is that of a pack.
    pub einheit: Option<String>,
}

/// Kind of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZulassungArt {
    /// Plant protection product.
    Psm,
    /// Fertiliser.
    Duenger,
    /// Seed.
    Saatgut,
    /// Biocide.
    Biozid,
}

/// An approval without which the article may not be sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stoffzulassung {
    /// Kind.
    pub art: ZulassungArt,
    /// Number of the approval.
    pub nummer: String,
    /// Its last day.
    pub gueltig_bis: NaiveDate,
    /// Last day of selling off; `gueltig_bis` if absent.
    pub abverkauf_bis: Option<NaiveDate>,
}

impl Stoffzulassung {
    /// The last day on which the article may be sold under it.
    #[must_use]
    pub fn verkauf_bis(&self) -> NaiveDate {
        self.abverkauf_bis.unwrap_or(self.gueltig_bis)
    }
}
