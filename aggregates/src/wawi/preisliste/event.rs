//! Facts and refusals of Preisliste.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{MAX_STAFFELN, types::VerkaufsPreis};

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum PreislisteEvent {
    /// Exists as a draft.
    Angelegt {
        /// Name.
        name: String,
        /// Currency.
        waehrung: String,
        /// The Lager it is for.
        lager_id: Option<Uuid>,
        /// The list that holds where no other does.
        standard: bool,
        /// First day.
        gueltig_von: NaiveDate,
        /// Last day.
        gueltig_bis: Option<NaiveDate>,
    },
    /// A new price.
    PreisGesetzt {
        /// The price.
        preis: VerkaufsPreis,
    },
    /// A price ends.
    PreisBeendet {
        /// Number of the price.
        nr: i32,
        /// Its last day.
        gueltig_bis: NaiveDate,
    },
    /// Gives prices.
    Freigegeben {},
    /// Gives no prices any more.
    Gesperrt {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum PreislisteError {
    /// Two prices of an article on one day.
    #[error("der Preis Nr. {nr} gilt in diesem Zeitraum schon (ab {gueltig_von}); ihn zuerst beenden")]
    #[strum(serialize = "PREISLISTE_PREIS_UEBERLAPPT")]
    PreisUeberlappt {
        /// Number of the other price.
        nr: i32,
        /// Its first day.
        gueltig_von: NaiveDate,
    },
    /// A scale that does not rise.
    #[error(
        "die Staffel Nr. {staffel} geht so nicht: nötig sind 1 bis {MAX_STAFFELN} Stufen mit steigender Menge ab 0"
    )]
    #[strum(serialize = "PREISLISTE_STAFFEL_UNGUELTIG")]
    StaffelUngueltig {
        /// Which step, from 1.
        staffel: usize,
    },
}
