//! Facts of the Rechnungspruefung.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    command::Anlage,
    types::{Berechnung, Pruefzeile, Vergleich},
};
use crate::types::Akteur;

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum RechnungspruefungEvent {
    /// Begun.
    Angelegt(Anlage),
    /// Compared.
    Geprueft {
        /// Each line's result.
        vergleiche: Vec<Vergleich>,
    },
    /// A line is compared with another received line; all are compared again.
    ZeileZugeordnet {
        /// The line.
        zeile: Pruefzeile,
        /// Each line's result.
        vergleiche: Vec<Vergleich>,
    },
    /// Released.
    Freigegeben {
        /// By whom.
        freigegeben_von: Akteur,
        /// Why.
        begruendung: Option<String>,
    },
    /// Put off.
    Zurueckgestellt {
        /// Why.
        grund: Option<String>,
    },
    /// Refused.
    Abgelehnt {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Why.
        grund: String,
    },
    /// Ended with its document, which was refused without it.
    Verworfen {
        /// Why.
        grund: String,
    },
    /// In the ledger.
    Verbucht {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Date in the ledger.
        buchungsdatum: NaiveDate,
        /// What the invoice takes from the received lines.
        berechnungen: Vec<Berechnung>,
    },
    /// Taken back.
    Zurueckgenommen {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Date.
        datum: NaiveDate,
        /// What is given back to the received lines.
        berechnungen: Vec<Berechnung>,
    },
}
