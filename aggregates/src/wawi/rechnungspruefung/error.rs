//! Refusals of the Rechnungspruefung.

use serde::Serialize;

use crate::types::Menge;

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum RechnungspruefungError {
    /// More than was received.
    #[error("berechnet ist mehr als geliefert: offen sind noch {offen}; Menge prüfen oder die Rechnung ablehnen")]
    #[strum(serialize = "RECHNUNGSPRUEFUNG_MENGE_UEBER_WE")]
    MengeUeberWe {
        /// What is open.
        offen: Menge,
    },
}
