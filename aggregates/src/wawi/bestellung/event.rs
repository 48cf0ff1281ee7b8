//! Facts of the Bestellung.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::Positionsdaten;
use crate::{
    types::{Akteur, Betrag, Menge, Preis},
    wawi::belegposition::PositionsMenge,
};

/// What the supplier confirmed for a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bestaetigung {
    /// The position.
    pub position_id: Uuid,
    /// When.
    pub termin: Option<NaiveDate>,
    /// How much.
    pub menge: Menge,
    /// Price.
    pub preis: Preis,
    /// Value of what was ordered at that price.
    pub netto: Betrag,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum BestellungEvent {
    /// Begun.
    Angelegt {
        /// Supplier.
        lieferant_id: Uuid,
        /// His number.
        lieferant_nr: String,
        /// His name.
        lieferant_name: String,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// Currency.
        waehrung: String,
        /// Parity.
        paritaet: Option<String>,
        /// Date of the order.
        bestelldatum: NaiveDate,
        /// Who orders; he does not approve.
        besteller: Akteur,
    },
    /// Has one position more.
    PositionHinzugefuegt {
        /// Its id.
        position_id: Uuid,
        /// Its number.
        pos: i32,
        /// The position.
        position: Positionsdaten,
    },
    /// A position changed.
    PositionGeaendert {
        /// The position.
        position_id: Uuid,
        /// How much.
        menge: Menge,
        /// In the Basiseinheit.
        basismenge: Menge,
        /// Price.
        preis: Preis,
        /// Value.
        netto: Betrag,
        /// When the goods are wanted.
        termin: Option<NaiveDate>,
    },
    /// A position is gone.
    PositionEntfernt {
        /// The position.
        position_id: Uuid,
    },
    /// Waits for approvals.
    ZurFreigabeGegeben {
        /// Net total.
        netto: Betrag,
        /// Levels needed.
        stufen: u8,
    },
    /// A level is approved.
    StufeFreigegeben {
        /// Level.
        stufe: u8,
        /// By whom.
        von: Akteur,
        /// When.
        am: DateTime<Utc>,
    },
    /// Approved, with its number.
    Freigegeben {
        /// Number, the same if it was approved before.
        bestell_nr: String,
        /// Approved net total.
        netto: Betrag,
    },
    /// Back with its author.
    Abgelehnt {
        /// Why.
        grund: String,
    },
    /// Sent.
    Bestellt {
        /// How.
        kanal: Option<String>,
    },
    /// Confirmed by the supplier.
    Bestaetigt {
        /// Position by position.
        positionen: Vec<Bestaetigung>,
    },
    /// The rest of a position is cancelled.
    RestStorniert {
        /// The position.
        position_id: Uuid,
        /// What is no longer expected.
        rest: Menge,
        /// Why.
        grund: String,
    },
    /// The rest of a position is expected again.
    PositionWiedergeoeffnet {
        /// The position.
        position_id: Uuid,
    },
    /// Cancelled.
    Storniert {
        /// Why.
        grund: String,
    },
    /// Goods came, or a receipt was taken back.
    WareneingangErfasst {
        /// The Wareneingang.
        wareneingang_id: Uuid,
        /// What came.
        positionen: Vec<PositionsMenge>,
    },
    /// An invoice was booked, or taken back.
    BerechnungErfasst {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// What was invoiced.
        positionen: Vec<PositionsMenge>,
    },
    /// All delivered or cancelled, and invoiced.
    Abgeschlossen {},
}
