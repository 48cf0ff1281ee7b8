//! Words and children of a Lager.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::Menge;

/// Status of a Lager.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LagerStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// In use.
    Aktiv,
    /// Ended.
    Stillgelegt,
}

/// Kind of a Lager.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LagerArt {
    /// Of the house.
    #[default]
    Eigen,
    /// Outside.
    Aussen,
    /// Of a third party that stores for us.
    Lohn,
}

/// Kind of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZonenArt {
    /// Goods receipt.
    We,
    /// Storage.
    Lager,
    /// Picking.
    Kommi,
    /// Goods issue.
    Wa,
    /// Locked goods.
    Sperr,
    /// Hazardous goods.
    Gefahrstoff,
    /// Silos.
    Silo,
}

/// Kind of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PlatzTyp {
    /// Shelf.
    Regal,
    /// Block on the floor.
    Block,
    /// Silo cell.
    Silo,
    /// Tank.
    Tank,
    /// Box.
    Box,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lagerzone {
    /// Number, unique in the Lager.
    pub nr: String,
    /// Kind.
    pub art: ZonenArt,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lagerplatz {
    /// Name, unique in the Lager.
    pub nr: String,
    /// Number of its zone.
    pub zone: String,
    /// Kind.
    pub typ: PlatzTyp,
    /// How many kg it holds.
    pub kapazitaet_kg: Option<Menge>,
    /// Takes and gives nothing.
    pub gesperrt: bool,
}
