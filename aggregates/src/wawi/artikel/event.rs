//! Facts of Artikel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{AlternativeEinheit, ArtikelKennung, ArtikelTyp, KennungArt, Sperrbereich, Stoffzulassung};

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ArtikelEvent {
    /// Exists as a draft.
    Angelegt {
        /// Number.
        artikel_nr: String,
        /// Name.
        bezeichnung: String,
        /// Short name.
        matchcode: Option<String>,
        /// Artikelgruppe.
        gruppe_id: Uuid,
        /// Kind.
        typ: ArtikelTyp,
        /// Unit of stock.
        basiseinheit: String,
        /// Decimals of it.
        stellen: u8,
        /// Loose goods.
        lose: bool,
        /// Tax key of sales.
        steuerschluessel: String,
        /// Tax key of purchases.
        steuerschluessel_ek: Option<String>,
    },
    /// The master data as they are now.
    StammdatenGeaendert {
        /// Name.
        bezeichnung: String,
        /// Short name.
        matchcode: Option<String>,
        /// Artikelgruppe.
        gruppe_id: Uuid,
        /// Unit of stock.
        basiseinheit: String,
        /// Decimals of it.
        stellen: u8,
        /// Loose goods.
        lose: bool,
        /// Tax key of sales.
        steuerschluessel: String,
        /// Tax key of purchases.
        steuerschluessel_ek: Option<String>,
    },
    /// A further unit.
    EinheitHinzugefuegt {
        /// The unit; one of the same code gives way.
        einheit: AlternativeEinheit,
    },
    /// A unit is not used any more.
    EinheitEntfernt {
        /// Code.
        einheit: String,
        /// Its code stays known, because the factor may have been used.
        bleibt: bool,
    },
    /// An identification of a kind and unit, or none any more.
    KennungGesetzt {
        /// Kind.
        art: KennungArt,
        /// The unit it stands on.
        einheit: Option<String>,
        /// The identification; absent if it is gone.
        kennung: Option<ArtikelKennung>,
    },
    /// The approval of a kind.
    ZulassungGesetzt {
        /// The approval.
        zulassung: Stoffzulassung,
    },
    /// In use.
    Aktiviert {},
    /// Locked.
    Gesperrt {
        /// What for.
        bereich: Sperrbereich,
        /// Why.
        grund: String,
    },
    /// The lock is over.
    Entsperrt {},
    /// No more purchase; sale until nothing is left.
    AuslaufGesetzt {
        /// The article that takes its place.
        ersatz_id: Option<Uuid>,
    },
    /// Ended.
    Archiviert {},
    /// Basiseinheit and decimals are frozen.
    BestandsfuehrungBegonnen {},
}
