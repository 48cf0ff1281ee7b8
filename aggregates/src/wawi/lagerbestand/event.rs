//! Facts of Lagerbestand.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::Bewegung;
use crate::types::{BelegRef, Menge};

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum LagerbestandEvent {
    /// An article has stock in a Lager for the first time.
    Eroeffnet {
        /// Article.
        artikel_id: Uuid,
        /// Lager.
        lager_id: Uuid,
        /// Basiseinheit of the article, frozen from now on.
        einheit: String,
        /// Decimals of it, frozen from now on.
        stellen: u8,
    },
    /// Came in.
    Zugegangen(Bewegung),
    /// Went out.
    Abgegangen(Bewegung),
    /// Changed its place.
    Umgebucht(Bewegung),
    /// A place was found empty; the rest is shrinkage.
    Leergemeldet(Bewegung),
    /// More was there than the books said.
    MehrmengeGebucht(Bewegung),
    /// The mirror of a move.
    BewegungStorniert(Bewegung),
    /// Promised to a document.
    Reserviert {
        /// The reservation.
        id: Uuid,
        /// Article.
        artikel_id: Uuid,
        /// Lager.
        lager_id: Uuid,
        /// The document.
        beleg: BelegRef,
        /// How much was asked for.
        gewuenscht: Menge,
        /// How much is promised.
        menge: Menge,
        /// Last day.
        gueltig_bis: Option<NaiveDate>,
    },
    /// A promise is another one now.
    ReservierungGeaendert {
        /// The reservation.
        id: Uuid,
        /// Article.
        artikel_id: Uuid,
        /// Lager.
        lager_id: Uuid,
        /// How much it was.
        vorher: Menge,
        /// How much it is.
        menge: Menge,
    },
    /// A promise is over.
    ReservierungAufgehoben {
        /// The reservation.
        id: Uuid,
        /// Article.
        artikel_id: Uuid,
        /// Lager.
        lager_id: Uuid,
        /// The document it was for.
        beleg: BelegRef,
        /// How much it was.
        menge: Menge,
        /// Its last day was over.
        verfallen: bool,
    },
}
