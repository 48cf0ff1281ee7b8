//! Refusals of Lagerbestand.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::types::Menge;

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum LagerbestandError {
    /// Less is there than asked for.
    #[error("so viel ist nicht da; verfügbar sind {verfuegbar}")]
    #[strum(serialize = "LAGERBESTAND_FEHLT")]
    Fehlt {
        /// On that place, in the Basiseinheit.
        verfuegbar: Menge,
    },
    /// What is there is promised.
    #[error("der Bestand ist für andere Belege reserviert; frei sind {frei}")]
    #[strum(serialize = "LAGERBESTAND_RESERVIERT")]
    Reserviert {
        /// Not promised to others, in the Basiseinheit.
        frei: Menge,
    },
    /// The stock of a day would have been negative.
    #[error("mit diesem Datum wäre der Bestand am {datum} {saldo}; ein späteres Datum wählen")]
    #[strum(serialize = "LAGERBESTAND_RUECKDATIERUNG_NEGATIV")]
    RueckdatierungNegativ {
        /// The first such day.
        datum: NaiveDate,
        /// Its balance.
        saldo: Menge,
    },
    /// Dated back too far.
    #[error("so weit lässt sich nicht zurückbuchen; frühestens {fruehestens}")]
    #[strum(serialize = "LAGERBESTAND_RUECKDATIERUNG_ZU_WEIT")]
    RueckdatierungZuWeit {
        /// The first day that is possible.
        fruehestens: NaiveDate,
    },
    /// Reversed already.
    #[error("die Bewegung {bewegung_id} ist schon storniert; hier ist nichts mehr zu tun")]
    #[strum(serialize = "LAGERBESTAND_SCHON_STORNIERT")]
    SchonStorniert {
        /// The move.
        bewegung_id: Uuid,
    },
    /// The move belongs to a document that holds.
    #[error("die Bewegung gehört zum Wareneingang {nummer}; bitte diesen stornieren, die Bewegung geht mit ihm zurück")]
    #[strum(serialize = "LAGERBESTAND_BEWEGUNG_VON_BELEG")]
    BewegungVonBeleg {
        /// Number of the Wareneingang.
        nummer: String,
    },
}
