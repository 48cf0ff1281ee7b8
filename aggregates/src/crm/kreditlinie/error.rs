//! Refusals of the Kreditlinie.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use super::types::KreditBelegTyp;
use crate::types::{Betrag, Dezimal};

fn text(wert: KreditBelegTyp) -> &'static str {
    wert.into()
}

/// Refusals of its own. A document over the limit is not refused but waits: `KREDITLINIE_UEBERSCHRITTEN` is then the
/// code of a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum KreditlinieError {
    /// A limit below zero.
    #[error("das Limit {betrag} EUR ist negativ; ohne Kredit ist es 0.00")]
    #[strum(serialize = "KREDITLINIE_LIMIT_NEGATIV")]
    LimitNegativ {
        /// The amount.
        betrag: Dezimal,
    },
    /// The document is not on the line.
    #[error("der Beleg {} {beleg_id} belegt diese Kreditlinie nicht; die Belege stehen in ihrer Kreditauskunft", text(*.beleg_typ))]
    #[strum(serialize = "KREDITLINIE_BELEG_UNBEKANNT")]
    BelegUnbekannt {
        /// Kind of the document.
        beleg_typ: KreditBelegTyp,
        /// Its stream.
        beleg_id: Uuid,
    },
    /// More relief than use.
    #[error("{betrag} EUR sind mehr, als der Beleg {} {beleg_id} belegt; höchstens {belegt} EUR angeben", text(*.beleg_typ))]
    #[strum(serialize = "KREDITLINIE_UEBERENTLASTUNG")]
    Ueberentlastung {
        /// Kind of the document.
        beleg_typ: KreditBelegTyp,
        /// Its stream.
        beleg_id: Uuid,
        /// The relief.
        betrag: Betrag,
        /// What there is to relieve.
        belegt: Betrag,
    },
    /// A limit that ended before it counted.
    #[error("das Limit endete schon am {gueltig_bis}; ein neues mit späterem Ende setzen")]
    #[strum(serialize = "KREDITLINIE_ABGELAUFEN")]
    Abgelaufen {
        /// Its last day.
        gueltig_bis: NaiveDate,
    },
}
