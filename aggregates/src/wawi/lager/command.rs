//! Commands of Lager.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{LagerArt, PlatzTyp, ZonenArt};
use crate::{
    dienste::mandant::Anschrift,
    types::{Dezimal, Text},
};

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum LagerCommand {
    /// Creates a Lager.
    Anlegen {
        /// Number, unique.
        nr: Text<10>,
        /// Name.
        name: Text<100>,
        /// Address.
        anschrift: Option<Anschrift>,
        /// Kind.
        art: LagerArt,
        /// Stock of one Bewertungskreis has one value; several Lager may share it.
        bewertungskreis: Text<10>,
    },
    /// Changes master data; absent fields stay.
    StammdatenAendern {
        /// Name.
        name: Option<Text<100>>,
        /// Address.
        anschrift: Option<Anschrift>,
        /// Bewertungskreis; fixed once there was stock.
        bewertungskreis: Option<Text<10>>,
    },
    /// Adds a zone.
    ZoneHinzufuegen {
        /// The zone.
        nr: Text<20>,
        /// Kind.
        art: ZonenArt,
    },
    /// Adds places with running numbers.
    PlaetzeGenerieren {
        /// Zone of the places.
        zone: Text<20>,
        /// Their names: a counter `{000…}` between other characters, e.g. `A-{00}`.
        muster: Text<30>,
        /// First number.
        von: i64,
        /// Last number.
        bis: i64,
        /// Kind.
        typ: PlatzTyp,
        /// How many kg each of them holds.
        kapazitaet_kg: Option<Dezimal>,
    },
    /// A place takes and gives nothing any more.
    PlatzSperren {
        /// Name of the place.
        platz: Text<20>,
        /// Why.
        grund: Text<500>,
    },
    /// A locked place takes and gives again.
    PlatzEntsperren {
        /// Name of the place.
        platz: Text<20>,
    },
    /// Ends the Lager; nothing may be in it.
    Stilllegen {
        /// Why.
        grund: Text<500>,
    },
    /// Freezes the Bewertungskreis: the first stock has come.
    BestandsfuehrungBeginnen {},
}
