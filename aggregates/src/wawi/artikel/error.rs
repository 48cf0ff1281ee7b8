//! Refusals of Artikel.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use super::types::{KennungArt, Sperrbereich};
use crate::types::Menge;

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum ArtikelError {
    /// An identification that cannot be one.
    #[error("„{wert}“ ist keine gültige Kennung ({art}); bitte Ziffern und Prüfziffer vergleichen")]
    #[strum(serialize = "ARTIKEL_KENNUNG_UNGUELTIG")]
    KennungUngueltig {
        /// Kind.
        art: KennungArt,
        /// What was given.
        wert: String,
    },
    /// A unit that cannot be converted.
    #[error("die Einheit {einheit} geht so nicht: sie ist nicht die Basiseinheit und ihr Faktor liegt über 0")]
    #[strum(serialize = "ARTIKEL_EINHEIT_UNGUELTIG")]
    EinheitUngueltig {
        /// Code.
        einheit: String,
    },
    /// The article has had stock.
    #[error("der Artikel führt Bestand; {feld} bleibt, wie es ist. Für anderes bitte einen neuen Artikel anlegen")]
    #[strum(serialize = "ARTIKEL_BASIS_GESPERRT")]
    BasisGesperrt {
        /// The field.
        feld: String,
    },
    /// The factor may have been used.
    #[error("der Faktor der Einheit {einheit} steht fest; für einen anderen bitte einen neuen Code nehmen")]
    #[strum(serialize = "ARTIKEL_FAKTOR_GESPERRT")]
    FaktorGesperrt {
        /// Code.
        einheit: String,
    },
    /// There is still stock, or orders wait for it.
    #[error(
        "es liegen noch {bestand} im Lager, {bestellungen} Positionen von Bestellungen und {auftraege} von Aufträgen sind \
         offen; erst verkaufen oder ausbuchen, liefern oder stornieren"
    )]
    #[strum(serialize = "ARTIKEL_NOCH_BESTAND")]
    NochBestand {
        /// In the Basiseinheit, over all places.
        bestand: Menge,
        /// Open positions of purchase orders.
        bestellungen: i64,
        /// Open positions of confirmed sales orders.
        auftraege: i64,
    },
    /// A fraction of a unit that comes whole only.
    #[error("{menge} {einheit} geht nicht: diese Einheit gibt es nur ganz")]
    #[strum(serialize = "ARTIKEL_MENGE_NICHT_GANZZAHLIG")]
    MengeNichtGanzzahlig {
        /// The quantity in that unit.
        menge: Menge,
        /// Code.
        einheit: String,
    },
    /// No path between two units.
    #[error("{von} lässt sich bei diesem Artikel nicht in {nach} umrechnen; die Einheit beim Artikel hinzufügen")]
    #[strum(serialize = "ARTIKEL_UMRECHNUNG_FEHLT")]
    UmrechnungFehlt {
        /// From.
        von: String,
        /// To.
        nach: String,
    },
    /// Locked, or not in use.
    #[error("der Artikel ist gesperrt ({}); erst entsperren oder einen anderen nehmen", <&'static str>::from(.bereich))]
    #[strum(serialize = "ARTIKEL_GESPERRT")]
    Gesperrt {
        /// What for.
        bereich: Sperrbereich,
    },
    /// The approval has ended.
    #[error("die Zulassung {nummer} ist abgelaufen; verkauft werden durfte bis {abverkauf_bis}")]
    #[strum(serialize = "ARTIKEL_ZULASSUNG_ABGELAUFEN")]
    ZulassungAbgelaufen {
        /// Number of the approval.
        nummer: String,
        /// Last day of selling.
        abverkauf_bis: NaiveDate,
    },
    /// A substitute leads back.
    #[error("dieser Ersatz führt zum Artikel zurück; einen anderen wählen")]
    #[strum(serialize = "ARTIKEL_VERKNUEPFUNG_ZYKLUS")]
    VerknuepfungZyklus {
        /// The substitute that was asked for.
        ersatz_id: Uuid,
    },
}
