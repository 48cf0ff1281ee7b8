//! Words of the Versand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::Menge;

/// Status of a delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum VersandStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Proposed.
    Geplant,
    /// To be picked; has its number.
    Freigegeben,
    /// Picked.
    Kommissioniert,
    /// Loaded.
    Verladen,
    /// The goods went.
    Unterwegs,
    /// The customer has them.
    Zugestellt,
    /// Cancelled.
    Storniert,
}

impl VersandStatus {
    /// True while the goods are still here.
    #[must_use]
    pub fn im_haus(self) -> bool {
        matches!(
            self,
            Self::Geplant | Self::Freigegeben | Self::Kommissioniert | Self::Verladen
        )
    }
}

/// A line, and part of events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersandPosition {
    /// The line of the order.
    pub position_id: Uuid,
    /// Its number.
    pub pos: i32,
    /// Article.
    pub artikel_id: Uuid,
    /// Its number.
    pub artikel_nr: String,
    /// Its name.
    pub bezeichnung: String,
    /// Where the goods come from.
    pub lager_id: Uuid,
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
    /// Unit of all quantities of the line.
    pub einheit: String,
    /// How much shall go.
    pub soll: Menge,
    /// How much was picked.
    pub ist: Menge,
    /// Place it was picked from; the unnamed place if absent.
    pub platz: Option<String>,
    /// Nothing more will go.
    pub endlieferung: bool,
}

/// A line of goods that went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warenausgangsposition {
    /// The line of the order.
    pub position_id: Uuid,
    /// Article.
    pub artikel_id: Uuid,
    /// Where the goods came from.
    pub lager_id: Uuid,
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
    /// Place it was picked from.
    pub platz: Option<String>,
    /// How much.
    pub menge: Menge,
    /// Unit.
    pub einheit: String,
    /// The same in the article's Basiseinheit.
    pub basismenge: Menge,
    /// Nothing more will go.
    pub endlieferung: bool,
}
