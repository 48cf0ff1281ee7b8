//! Facts of the Kreditlinie.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{KreditBeleg, KreditGrund, KreditStatus};
use crate::types::{Akteur, Betrag};

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KreditlinieEvent {
    /// The line exists.
    Eingerichtet {
        /// The customer.
        kunde_id: Uuid,
        /// Currency.
        waehrung: String,
    },
    /// A limit waits for its release.
    LimitGesetzt {
        /// Running number.
        nr: i32,
        /// The amount.
        betrag: Betrag,
        /// First day.
        gueltig_ab: NaiveDate,
        /// Last day.
        gueltig_bis: Option<NaiveDate>,
        /// What secures it.
        sicherheit: Option<String>,
        /// Who set it.
        gesetzt_von: Akteur,
    },
    /// A limit counts.
    LimitFreigegeben {
        /// Its number.
        nr: i32,
        /// Who released it.
        freigegeben_von: Akteur,
        /// First day.
        gueltig_ab: NaiveDate,
        /// Last day.
        gueltig_bis: Option<NaiveDate>,
    },
    /// A document uses more of the line.
    Belegt {
        /// The document.
        beleg: KreditBeleg,
        /// The amount. 0.00 if an order needs less, so that nothing of it waits any more.
        betrag: Betrag,
        /// It waited before, and nothing of the document waits any more.
        war_vorgemerkt: bool,
        /// The obligo after it.
        obligo: Betrag,
    },
    /// A document does not fit and waits.
    Vorgemerkt {
        /// The document.
        beleg: KreditBeleg,
        /// The amount.
        betrag: Betrag,
        /// Its rank among those that wait.
        nr: i64,
        /// Why it waits.
        grund: KreditGrund,
        /// The limit of the day.
        limit: Betrag,
        /// The obligo, without it.
        obligo: Betrag,
    },
    /// A document became another one.
    Umgewidmet {
        /// The old document.
        von: KreditBeleg,
        /// The new document.
        nach: KreditBeleg,
        /// What the new one uses more.
        betrag: Betrag,
        /// What the old one uses less.
        aus_belegt: Betrag,
        /// What of the old one waits no more.
        aus_vorgemerkt: Betrag,
        /// The obligo after it.
        obligo: Betrag,
    },
    /// A document uses less of the line.
    Entlastet {
        /// The document.
        beleg: KreditBeleg,
        /// What it uses less.
        betrag: Betrag,
        /// What of it waits no more.
        aus_vorgemerkt: Betrag,
        /// The document needs no credit any more.
        erledigt: bool,
        /// The obligo after it.
        obligo: Betrag,
    },
    /// The status of the line changed.
    StatusGewechselt {
        /// The new one.
        status: KreditStatus,
    },
}
