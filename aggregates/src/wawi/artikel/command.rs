//! Commands of Artikel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{ArtikelTyp, KennungArt, Sperrbereich, Stoffzulassung, Verwendung};
use crate::types::Text;

/// What a new article is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnlegenEingabe {
    /// Number, given by hand, unique.
    pub artikel_nr: Text<30>,
    /// Name.
    pub bezeichnung: Text<200>,
    /// Short name to find it by.
    pub matchcode: Option<Text<60>>,
    /// Artikelgruppe.
    pub gruppe_id: Uuid,
    /// Kind.
    pub typ: ArtikelTyp,
    /// Code of the Mengeneinheit in which stock is kept.
    pub basiseinheit: Text<10>,
    /// Decimals of the Basiseinheit, 0 to 6.
    pub stellen: u8,
    /// Loose goods: delivered quantities differ by up to 5 %.
    #[serde(default)]
    pub lose: bool,
    /// Tax key of sales.
    pub steuerschluessel: Text<10>,
    /// Tax key of purchases.
    pub steuerschluessel_ek: Option<Text<10>>,
}

/// What changes; absent fields stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AendernEingabe {
    /// Name.
    pub bezeichnung: Option<Text<200>>,
    /// Short name.
    pub matchcode: Option<Text<60>>,
    /// Artikelgruppe.
    pub gruppe_id: Option<Uuid>,
    /// Code of the Mengeneinheit in which stock is kept; fixed once there was stock.
    pub basiseinheit: Option<Text<10>>,
    /// Decimals of the Basiseinheit; fixed once there was stock.
    pub stellen: Option<u8>,
    /// Loose goods.
    pub lose: Option<bool>,
    /// Tax key of sales.
    pub steuerschluessel: Option<Text<10>>,
    /// Tax key of purchases.
    pub steuerschluessel_ek: Option<Text<10>>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ArtikelCommand {
    /// Creates an article as a draft.
    Anlegen(AnlegenEingabe),
    /// Changes master data.
    StammdatenAendern(AendernEingabe),
    /// Adds a further unit.
    EinheitHinzufuegen {
        /// Code of a Mengeneinheit.
        einheit: Text<10>,
        /// 1 of it = zaehler ÷ nenner of the Basiseinheit. May be left out together with `nenner` if both measure the
        /// same: then the house's own factors give it.
        zaehler: Option<i64>,
        /// See `zaehler`; 1 if only `zaehler` is given.
        nenner: Option<i64>,
        /// Whole numbers only.
        #[serde(default)]
        ganzzahlig: bool,
        /// Where it is offered; everywhere if empty.
        #[serde(default)]
        verwendung: Vec<Verwendung>,
    },
    /// Removes a further unit.
    EinheitEntfernen {
        /// Code.
        einheit: Text<10>,
    },
    /// Sets or removes the identification of a kind and unit.
    KennungSetzen {
        /// Kind.
        art: KennungArt,
        /// Value; removed if absent.
        wert: Option<Text<60>>,
        /// The unit it stands on.
        einheit: Option<Text<10>>,
    },
    /// Sets the approval of a kind.
    ZulassungSetzen {
        /// The approval.
        zulassung: Stoffzulassung,
    },
    /// Takes the article into use.
    Aktivieren {},
    /// Locks it.
    Sperren {
        /// What for.
        bereich: Sperrbereich,
        /// Why.
        grund: Text<500>,
    },
    /// Ends the lock.
    Entsperren {},
    /// No more purchase; sale until nothing is left.
    AuslaufenLassen {
        /// The article that takes its place.
        ersatz_id: Option<Uuid>,
    },
    /// Ends it; nothing may be in stock.
    Archivieren {},
    /// Freezes Basiseinheit and decimals: the first stock has come.
    BestandsfuehrungBeginnen {},
}
