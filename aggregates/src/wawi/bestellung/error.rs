//! Refusals of the Bestellung.

use serde::Serialize;

use crate::{fibu::eingangsrechnung::NebenkostenArt, types::Menge};

fn text(wert: impl Into<&'static str>) -> &'static str {
    wert.into()
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum BestellungError {
    /// The supplier takes no orders.
    #[error(
        "beim Lieferanten {lieferant_nr} wird nicht bestellt: er ist gesperrt oder nicht freigegeben; erst freigeben oder entsperren"
    )]
    #[strum(serialize = "BESTELLUNG_LIEFERANT_GESPERRT")]
    LieferantGesperrt {
        /// His number.
        lieferant_nr: String,
    },
    /// Nothing is ordered.
    #[error("die Bestellung hat keine Position; bitte eine hinzufügen")]
    #[strum(serialize = "BESTELLUNG_POSITION_FEHLT")]
    PositionFehlt {},
    /// A position without a value.
    #[error("die Position {pos} hat keinen Preis; bitte einen angeben")]
    #[strum(serialize = "BESTELLUNG_PREIS_FEHLT")]
    PreisFehlt {
        /// Number of the position.
        pos: i32,
    },
    /// Another level comes first, or none is open.
    #[error("als Nächstes ist die Freigabe der Stufe {stufe} nötig; bitte diese geben")]
    #[strum(serialize = "BESTELLUNG_FREIGABE_ERFORDERLICH")]
    FreigabeErforderlich {
        /// The level.
        stufe: u8,
    },
    /// Less than what came already.
    #[error("es sind schon {geliefert} geliefert; weniger lässt sich nicht bestellen")]
    #[strum(serialize = "BESTELLUNG_AENDERUNG_UNTER_GELIEFERT")]
    AenderungUnterGeliefert {
        /// What came.
        geliefert: Menge,
    },
    /// The costs cannot be shared that way.
    #[error("die Nebenkosten {} lassen sich nicht nach Menge verteilen: die Positionen zählen in {}; nach Wert oder Gewicht verteilen", text(*.art), .einheiten.join(", "))]
    #[strum(serialize = "BESTELLUNG_NEBENKOSTEN_EINHEITEN")]
    NebenkostenEinheiten {
        /// Kind.
        art: NebenkostenArt,
        /// The units in which the positions count.
        einheiten: Vec<String>,
    },
    /// Something came already.
    #[error("zu der Bestellung ist schon Ware gekommen; bitte je Position den Rest stornieren")]
    #[strum(serialize = "BESTELLUNG_STORNO_MIT_LIEFERUNG")]
    StornoMitLieferung {},
    /// More than ordered and tolerated.
    #[error(
        "es dürfen höchstens noch {max} kommen; mehr nimmt nur an, wer wawi.einkauf_leitung hat und einen Grund nennt (Kopfzeile X-Grund)"
    )]
    #[strum(serialize = "BESTELLUNG_UEBERLIEFERUNG")]
    Ueberlieferung {
        /// The most that may come, in the unit of the position.
        max: Menge,
    },
}
