//! Commands of Preisliste.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::{Dezimal, Preisbetrag, Text};

/// A step of a scale as entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffelEingabe {
    /// From this quantity on, in the price's unit; 0 for the first step if every quantity has a price.
    pub ab_menge: Dezimal,
    /// EUR per `je_menge`.
    pub preis: Preisbetrag,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum PreislisteCommand {
    /// Creates a list as a draft.
    Anlegen {
        /// Name, unique.
        name: Text<100>,
        /// The Lager it is for.
        lager_id: Option<Uuid>,
        /// The list that holds where no other does; one at a time.
        #[serde(default)]
        standard: bool,
        /// First day.
        gueltig_von: NaiveDate,
        /// Last day; open if absent.
        gueltig_bis: Option<NaiveDate>,
    },
    /// Sets the price of an article for a period.
    PreisSetzen {
        /// Article.
        artikel_id: Uuid,
        /// Unit of the price and of its scale.
        einheit: Text<10>,
        /// For how much of the unit, usually 1.
        je_menge: Dezimal,
        /// First day.
        gueltig_von: NaiveDate,
        /// Last day; open if absent.
        gueltig_bis: Option<NaiveDate>,
        /// The scale, rising.
        staffeln: Vec<StaffelEingabe>,
    },
    /// Ends a price with a day.
    PreisBeenden {
        /// Number of the price within the list.
        nr: i32,
        /// Its last day.
        gueltig_bis: NaiveDate,
    },
    /// The list gives prices from now on.
    Freigeben {},
    /// The list gives no prices any more.
    Sperren {
        /// Why.
        grund: Text<500>,
    },
}
