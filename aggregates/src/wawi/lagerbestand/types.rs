//! Words and children of a Lagerbestand.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::{BelegRef, Menge};

/// Kind of a move (wawi 0.5); decides its other end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Bewegungsart {
    /// Opening stock.
    Eroeffnung,
    /// From a supplier.
    Wareneingang,
    /// To a customer.
    Warenausgang,
    /// Used by the house.
    Eigenverbrauch,
    /// Scrapped.
    Verschrottung,
    /// Lost by handling, drying, dust.
    Schwund,
    /// Found.
    InventurPlus,
    /// From place to place.
    Umbuchung,
}

/// Kind of a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Ortsart {
    /// A place of the Lager.
    Platz,
    /// Suppliers.
    Lieferant,
    /// Customers.
    Kunde,
    /// Own use.
    Verbrauch,
    /// Scrap.
    Verlust,
    /// Shrinkage.
    Schwund,
    /// Counting.
    Inventur,
    /// Opening.
    Eroeffnung,
}

/// Which way a move goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Richtung {
    /// Into the Lager.
    Zugang,
    /// Out of it.
    Abgang,
    /// Inside.
    Innen,
}

impl Bewegungsart {
    /// Which way it goes.
    #[must_use]
    pub fn richtung(self) -> Richtung {
        match self {
            Self::Eroeffnung | Self::Wareneingang | Self::InventurPlus => Richtung::Zugang,
            Self::Warenausgang | Self::Eigenverbrauch | Self::Verschrottung | Self::Schwund => Richtung::Abgang,
            Self::Umbuchung => Richtung::Innen,
        }
    }

    /// Its other end.
    #[must_use]
    pub fn gegenort(self) -> Ortsart {
        match self {
            Self::Eroeffnung => Ortsart::Eroeffnung,
            Self::Wareneingang => Ortsart::Lieferant,
            Self::Warenausgang => Ortsart::Kunde,
            Self::Eigenverbrauch => Ortsart::Verbrauch,
            Self::Verschrottung => Ortsart::Verlust,
            Self::Schwund => Ortsart::Schwund,
            Self::InventurPlus => Ortsart::Inventur,
            Self::Umbuchung => Ortsart::Platz,
        }
    }
}

/// One end of a move. Over all locations the moves of an article sum to 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ort {
    /// Kind.
    pub art: Ortsart,
    /// Name of the place; absent for the unnamed place of the Lager and for what is outside.
    pub platz: Option<String>,
}

impl Ort {
    /// A place of the Lager.
    #[must_use]
    pub fn platz(platz: Option<String>) -> Self {
        let art = Ortsart::Platz;
        Self { art, platz }
    }

    /// The other end of a kind of move.
    #[must_use]
    pub fn ausserhalb(art: Bewegungsart) -> Self {
        Self {
            art: art.gegenort(),
            platz: None,
        }
    }

    /// The place, if it is in the Lager; the unnamed one is the empty text.
    #[must_use]
    pub fn im_lager(&self) -> Option<&str> {
        (self.art == Ortsart::Platz).then(|| self.platz.as_deref().unwrap_or_default())
    }
}

/// A reservation that a move has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verbrauch {
    /// The reservation.
    pub id: Uuid,
    /// How much of it was used.
    pub menge: Menge,
    /// What is left of it; at 0 it is over.
    pub rest: Menge,
}

/// A move, complete: what the ledger needs stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bewegung {
    /// Its id.
    pub bewegung_id: Uuid,
    /// Article.
    pub artikel_id: Uuid,
    /// Lager.
    pub lager_id: Uuid,
    /// From.
    pub von: Ort,
    /// To.
    pub nach: Ort,
    /// How much, in the Basiseinheit; above 0.
    pub menge: Menge,
    /// The Basiseinheit.
    pub einheit: String,
    /// Kind.
    pub bewegungsart: Bewegungsart,
    /// The document it came from.
    pub beleg: Option<BelegRef>,
    /// Business date.
    pub buchungsdatum: NaiveDate,
    /// When it physically happened.
    pub bewegt_um: DateTime<Utc>,
    /// The reservation it used.
    pub reservierung: Option<Verbrauch>,
    /// Why, where a reason is asked for.
    pub grund: Option<String>,
    /// The move that this one reverses.
    pub storno_von: Option<Uuid>,
}

impl Bewegung {
    /// By how much the stock of the Lager changes.
    #[must_use]
    pub fn delta(&self) -> Menge {
        match (self.von.im_lager(), self.nach.im_lager()) {
            (None, Some(_)) => self.menge,
            (Some(_), None) => -self.menge,
            _ => Menge::NULL,
        }
    }
}

/// One pile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bestandszeile {
    /// Name of the place; empty for the unnamed place of the Lager.
    pub platz: String,
    /// How much; a line without stock drops out.
    pub menge: Menge,
}

/// A promise to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reservierung {
    /// Given by the document; for a sales line the id of the position.
    pub id: Uuid,
    /// Kind of the document.
    pub beleg_typ: String,
    /// The document.
    pub beleg_id: Uuid,
    /// Its number.
    pub beleg_nummer: Option<String>,
    /// Its position.
    pub beleg_position: Option<Uuid>,
    /// What is left of it.
    pub menge: Menge,
    /// Last day.
    pub gueltig_bis: Option<NaiveDate>,
}
