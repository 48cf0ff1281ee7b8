//! Words and children of a Preisliste.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::{Menge, Preisbetrag};

/// Status of a price list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PreislisteStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Being entered; gives no prices yet.
    Entwurf,
    /// Gives prices.
    Freigegeben,
    /// Gives no prices any more.
    Gesperrt,
}

/// A step of a scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preisstaffel {
    /// From this quantity on, in the price's unit.
    pub ab_menge: Menge,
    /// EUR per `je_menge`.
    pub preis: Preisbetrag,
}

/// The price of an article in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerkaufsPreis {
    /// Running number within the list.
    pub nr: i32,
    /// Article.
    pub artikel_id: Uuid,
    /// Unit of the price and of its scale.
    pub einheit: String,
    /// For how much of the unit.
    pub je_menge: Menge,
    /// First day.
    pub gueltig_von: NaiveDate,
    /// Last day; open if absent.
    pub gueltig_bis: Option<NaiveDate>,
    /// The scale, rising.
    pub staffeln: Vec<Preisstaffel>,
}

impl VerkaufsPreis {
    /// True if it holds on that day.
    #[must_use]
    pub fn gilt(&self, am: NaiveDate) -> bool {
        zeitraum_enthaelt(self.gueltig_von, self.gueltig_bis, am)
    }
}

/// True for a day of a period; without an end it is open.
pub(super) fn zeitraum_enthaelt(von: NaiveDate, bis: Option<NaiveDate>, am: NaiveDate) -> bool {
    von <= am && bis.is_none_or(|bis| am <= bis)
}
