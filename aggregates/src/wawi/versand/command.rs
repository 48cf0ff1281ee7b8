//! Commands of the Versand.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::{Dezimal, Menge, Text};

/// A line to be delivered. What the line of the order says may be left out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanPosition {
    /// The line of the order.
    pub position_id: Uuid,
    /// Article; that of the order.
    pub artikel_id: Option<Uuid>,
    /// Where the goods come from; as the order says.
    pub lager_id: Option<Uuid>,
    /// How much.
    pub menge: Dezimal,
    /// Unit; that of the order.
    pub einheit: Option<Text<10>>,
}

/// A new delivery.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanEingabe {
    /// The order.
    pub auftrag_id: Uuid,
    /// Its customer.
    pub kunde_id: Option<Uuid>,
    /// When; as the lines of the order say if absent.
    pub termin: Option<NaiveDate>,
    /// Lines.
    pub positionen: Vec<PlanPosition>,
}

/// What was picked of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KommissionierEingabe {
    /// The line.
    pub position_id: Uuid,
    /// How much; 0 if there was nothing.
    pub menge: Menge,
    /// Place it was picked from; the unnamed place if absent.
    pub platz: Option<Text<20>>,
    /// Nothing more will go.
    #[serde(default)]
    pub endlieferung: bool,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum VersandCommand {
    /// Plans a delivery of a released order.
    Planen(PlanEingabe),
    /// Plans what of these lines is still to go, and nothing if nothing is or the order is over; sent by the order.
    RestPlanen(PlanEingabe),
    /// Changes how much of a line shall go.
    PositionSetzen {
        /// The line.
        position_id: Uuid,
        /// How much.
        menge: Dezimal,
    },
    /// Hands the delivery over to be picked.
    Freigeben {},
    /// Reports what was picked.
    KommissionierungMelden {
        /// Line by line; the others stay as they are.
        positionen: Vec<KommissionierEingabe>,
    },
    /// The goods are on the vehicle.
    Verladen {},
    /// The goods go: stock and order change with it.
    WarenausgangBuchen {
        /// Business date; today if absent.
        buchungsdatum: Option<NaiveDate>,
    },
    /// The customer has the goods.
    ZustellungBestaetigen {
        /// Who took them.
        name: Text<100>,
        /// When; today if absent.
        am: Option<NaiveDate>,
        /// With what reservation.
        vorbehalt: Option<Text<500>>,
    },
    /// The order needs less: at most so much of a line shall go. What is on its way stays.
    MengeKuerzen {
        /// The line.
        position_id: Uuid,
        /// The most; 0 for nothing.
        menge: Menge,
    },
    /// Cancels a delivery whose goods are still here.
    Stornieren {
        /// Why.
        grund: Text<500>,
    },
}
