//! Facts and refusals of Lager.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{LagerArt, Lagerplatz, Lagerzone};
use crate::dienste::mandant::Anschrift;

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum LagerEvent {
    /// Exists.
    Angelegt {
        /// Number.
        nr: String,
        /// Name.
        name: String,
        /// Address.
        anschrift: Option<Anschrift>,
        /// Kind.
        art: LagerArt,
        /// Bewertungskreis.
        bewertungskreis: String,
    },
    /// What changed.
    StammdatenGeaendert {
        /// Name.
        name: String,
        /// The new address, if it changed.
        anschrift: Option<Anschrift>,
        /// Bewertungskreis.
        bewertungskreis: String,
    },
    /// A new zone.
    ZoneHinzugefuegt {
        /// The zone.
        zone: Lagerzone,
    },
    /// New places.
    PlaetzeGeneriert {
        /// The places.
        plaetze: Vec<Lagerplatz>,
    },
    /// A place is locked.
    PlatzGesperrt {
        /// Name of the place.
        platz: String,
        /// Why.
        grund: String,
    },
    /// A place is in use again.
    PlatzEntsperrt {
        /// Name of the place.
        platz: String,
    },
    /// Ended.
    Stillgelegt {
        /// Why.
        grund: String,
    },
    /// The Bewertungskreis is frozen.
    BestandsfuehrungBegonnen {},
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum LagerError {
    /// The Lager is ended, or the place locked or unknown.
    #[error("{} geht nicht: gesperrt, stillgelegt oder nicht vorhanden; einen anderen Platz wählen",
        .platz.as_ref().map_or_else(|| "dieses Lager".to_owned(), |p| format!("der Platz {p}")))]
    #[strum(serialize = "LAGER_PLATZ_GESPERRT")]
    PlatzGesperrt {
        /// The place; absent if it is the Lager itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        platz: Option<String>,
    },
    /// A zone or place of that name is there.
    #[error("{platz} gibt es in diesem Lager schon; einen anderen Namen wählen")]
    #[strum(serialize = "LAGER_PLATZ_DOPPELT")]
    PlatzDoppelt {
        /// The first name that is taken.
        platz: String,
    },
    /// There is still stock.
    #[error("im Lager liegen noch {artikel} Artikel; erst umlagern oder ausbuchen")]
    #[strum(serialize = "LAGER_NICHT_LEER")]
    NichtLeer {
        /// How many articles.
        artikel: i64,
    },
    /// There was stock.
    #[error(
        "der Bewertungskreis {bewertungskreis} steht seit dem ersten Bestand fest; für einen anderen ein neues Lager anlegen"
    )]
    #[strum(serialize = "LAGER_BEWERTUNGSKREIS_FEST")]
    BewertungskreisFest {
        /// The present one.
        bewertungskreis: String,
    },
}
