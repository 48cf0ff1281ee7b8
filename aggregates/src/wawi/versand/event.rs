//! Facts and refusals of the Versand.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{KommissionierEingabe, VersandPosition, Warenausgangsposition};
use crate::{crm::auftrag::Lieferadresse, types::Menge};

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum VersandEvent {
    /// Planned.
    Geplant {
        /// The order.
        auftrag_id: Uuid,
        /// Its number.
        auftrag_nr: String,
        /// Customer.
        kunde_id: Uuid,
        /// His number.
        kunden_nr: String,
        /// His name.
        kunde_name: String,
        /// Where the goods go.
        lieferadresse: Lieferadresse,
        /// When.
        termin: Option<NaiveDate>,
        /// Lines.
        positionen: Vec<VersandPosition>,
    },
    /// Another quantity shall go.
    PositionGesetzt {
        /// The line.
        position_id: Uuid,
        /// How much.
        menge: Menge,
    },
    /// To be picked.
    Freigegeben {
        /// Number.
        versand_nr: String,
    },
    /// Picked.
    KommissionierungGemeldet {
        /// Line by line.
        positionen: Vec<KommissionierEingabe>,
    },
    /// Loaded.
    Verladen {},
    /// The goods went.
    WarenausgangGebucht {
        /// The order.
        auftrag_id: Uuid,
        /// Customer.
        kunde_id: Uuid,
        /// Number of the Lieferschein.
        lieferschein_nr: String,
        /// Business date.
        buchungsdatum: NaiveDate,
        /// What went.
        positionen: Vec<Warenausgangsposition>,
    },
    /// The customer has the goods.
    ZustellungBestaetigt {
        /// Who took them.
        name: String,
        /// When.
        am: NaiveDate,
        /// With what reservation.
        vorbehalt: Option<String>,
    },
    /// Less shall go.
    MengeGekuerzt {
        /// The line.
        position_id: Uuid,
        /// How much shall go.
        soll: Menge,
        /// How much was picked of it.
        ist: Menge,
    },
    /// Cancelled.
    Storniert {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum VersandError {
    /// Nothing was picked.
    #[error("die Position {pos} ist nicht kommissioniert; bitte zuerst die Kommissionierung melden")]
    #[strum(serialize = "VERSAND_NICHT_KOMMISSIONIERT")]
    NichtKommissioniert {
        /// Number of the line.
        pos: i32,
    },
    /// The customer gets no deliveries.
    #[error("der Kunde {kunden_nr} ist für Lieferungen gesperrt; erst dort mit SperreAufheben (liefer) aufheben")]
    #[strum(serialize = "VERSAND_LIEFERSPERRE")]
    Liefersperre {
        /// His number.
        kunden_nr: String,
    },
}
