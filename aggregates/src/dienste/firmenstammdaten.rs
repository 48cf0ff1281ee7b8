//! Firmenstammdaten: the company's own master data in its own log, as the seller on its documents. The Mandant lives in
//! the system Mandant, which a company's decision cannot see; policy `firmenstammdaten` brings over what holds from
//! which day, so that a document is decided on what stands in the same log (docs/adr/0007).

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::mandant::{Stammdaten, Stammdatenstand};
use crate::{
    Aggregate, Context, Decision, StreamKey,
    context::stream_id,
    types::{Bereich, zeitlich},
};

/// Folded state; serde gives the columns of `dienste.firmenstammdaten`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Firmenstammdaten {
    /// Registered name that was taken over last.
    pub firma: String,
    /// First day of the data that were taken over last.
    pub gueltig_ab: NaiveDate,
    /// All master data, past, present and planned, oldest first.
    pub stammdaten: Vec<Stammdatenstand>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum FirmenstammdatenCommand {
    /// Takes over master data of the Mandant; those of the same day give way.
    Uebernehmen {
        /// Their first day.
        ab: NaiveDate,
        /// The data, complete.
        stammdaten: Stammdaten,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum FirmenstammdatenEvent {
    /// Master data from a day on.
    Uebernommen {
        /// Their first day.
        ab: NaiveDate,
        /// The data, complete.
        stammdaten: Stammdaten,
    },
}

/// Nothing is refused: the Mandant has checked its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum FirmenstammdatenError {}

crate::wire!(Firmenstammdaten, FirmenstammdatenCommand => FirmenstammdatenEvent | FirmenstammdatenError);

impl Firmenstammdaten {
    /// The key of the one stream of a company.
    const SCHLUESSEL: &'static str = "firma";

    /// The one stream of a company.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid) -> Uuid {
        stream_id(mandant_id, Self::TYPE, Self::SCHLUESSEL)
    }

    /// The master data of a day: the newest that hold by then, for days before the company's first ones those.
    #[must_use]
    pub fn am(&self, datum: NaiveDate) -> Option<&Stammdatenstand> {
        zeitlich::am(&self.stammdaten, datum).or_else(|| self.stammdaten.first())
    }
}

impl Aggregate for Firmenstammdaten {
    const NAME: &'static str = "Firmenstammdaten";
    const TYPE: &'static str = "firmenstammdaten";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "firmenstammdaten";
    const CREATE: &'static str = "Uebernehmen";
    const INTERNAL: &'static [&'static str] = &["Uebernehmen"];
    type Command = FirmenstammdatenCommand;
    type Event = FirmenstammdatenEvent;
    type Error = FirmenstammdatenError;

    fn stream_key(_command: &FirmenstammdatenCommand) -> Option<StreamKey> {
        Some(StreamKey {
            feld: None,
            wert: Self::SCHLUESSEL.to_owned(),
        })
    }

    fn decide(&self, command: FirmenstammdatenCommand, _ctx: &Context<'_>) -> Decision<Self> {
        let FirmenstammdatenCommand::Uebernehmen { ab, stammdaten } = command;
        Ok(vec![FirmenstammdatenEvent::Uebernommen { ab, stammdaten }])
    }

    fn evolve(&mut self, event: FirmenstammdatenEvent) {
        let FirmenstammdatenEvent::Uebernommen { ab, stammdaten } = event;
        self.firma = stammdaten.firma.to_string();
        self.gueltig_ab = ab;
        zeitlich::setzen(&mut self.stammdaten, Stammdatenstand::neu(ab, stammdaten));
    }
}
