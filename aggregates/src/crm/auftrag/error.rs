//! Refusals of the Auftrag.

use serde::Serialize;

use super::types::AuftragSperreArt;
use crate::types::Menge;

fn aufzaehlen(sperren: &[AuftragSperreArt]) -> String {
    sperren
        .iter()
        .map(|s| <&'static str>::from(*s))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What lifts an order's lock `kredit`.
pub(super) const WEG_KREDIT: &str = "kredit geht von selbst, sobald die Kreditlinie reicht: eine Zahlung buchen, oder dort \
    LimitSetzen und von einer zweiten Person LimitFreigeben";

/// What to do about each of the locks.
fn wege(sperren: &[AuftragSperreArt]) -> String {
    let weg = |sperre: &AuftragSperreArt| match sperre {
        AuftragSperreArt::Kredit => WEG_KREDIT.to_owned(),
        andere => format!("{} mit SperreAufheben aufheben", <&'static str>::from(*andere)),
    };
    sperren.iter().map(weg).collect::<Vec<_>>().join("; ")
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum AuftragError {
    /// The customer may not order.
    #[error(
        "für den Kunden {kunden_nr} wird kein Auftrag angenommen: er ist gesperrt oder nicht aktiv; erst den Kunden mit Freigeben oder SperreAufheben (auftrag) zulassen"
    )]
    #[strum(serialize = "AUFTRAG_KUNDE_GESPERRT")]
    KundeGesperrt {
        /// His number.
        kunden_nr: String,
    },
    /// Nothing is ordered.
    #[error("der Auftrag hat keine offene Position; bitte eine hinzufügen")]
    #[strum(serialize = "AUFTRAG_LEER")]
    Leer {},
    /// Locks stand.
    #[error("der Auftrag ist gesperrt ({}); {}", aufzaehlen(.sperren), wege(.sperren))]
    #[strum(serialize = "AUFTRAG_GESPERRT")]
    Gesperrt {
        /// Which.
        sperren: Vec<AuftragSperreArt>,
    },
    /// More than ordered and tolerated.
    #[error(
        "es dürfen höchstens noch {max} geliefert werden; bitte die Menge senken oder den Auftrag mit PositionAendern erhöhen"
    )]
    #[strum(serialize = "AUFTRAG_UEBERLIEFERUNG")]
    Ueberlieferung {
        /// The most that may go, in the unit of the position.
        max: Menge,
    },
    /// More than was delivered.
    #[error("es dürfen höchstens noch {max} berechnet werden; mehr ist nicht geliefert")]
    #[strum(serialize = "AUFTRAG_UEBERBERECHNUNG")]
    Ueberberechnung {
        /// The most that may be invoiced, in the unit of the position.
        max: Menge,
    },
    /// Less than what went already.
    #[error(
        "es sind schon {geliefert} geliefert; darunter geht die Menge nicht, nur der Rest entfällt mit PositionStornieren"
    )]
    #[strum(serialize = "AUFTRAG_MENGE_UNTER_GELIEFERT")]
    MengeUnterGeliefert {
        /// What went.
        geliefert: Menge,
    },
    /// Something went already.
    #[error("von dem Auftrag ist schon geliefert; bitte je Position den Rest mit PositionStornieren stornieren")]
    #[strum(serialize = "AUFTRAG_BEREITS_GELIEFERT")]
    BereitsGeliefert {},
    /// The customer's number was used before.
    #[error(
        "die Bestellnummer {kunden_bestellnr} hat dieser Kunde schon einmal genannt; wenn es ein neuer Auftrag ist, mit bestellnr_geprueft bestätigen"
    )]
    #[strum(serialize = "AUFTRAG_BESTELLNR_DOPPELT")]
    BestellnrDoppelt {
        /// The number.
        kunden_bestellnr: String,
    },
    /// No list has a price.
    #[error("für den Artikel {artikel_nr} gibt es keinen Preis; eine Preisliste ergänzen oder manueller_preis angeben")]
    #[strum(serialize = "ARTIKEL_KEIN_PREIS")]
    KeinPreis {
        /// Number of the article.
        artikel_nr: String,
    },
}
