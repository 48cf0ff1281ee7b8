//! Facts of the Bestellung.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{BestellNebenkosten, Liefereinteilung, Positionsdaten};
use crate::{
    fibu::eingangsrechnung::NebenkostenArt,
    types::{Akteur, Betrag, Menge, Preis},
    wawi::belegposition::PositionsMenge,
};

/// What the supplier confirmed for a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bestaetigung {
    /// The position.
    pub position_id: Uuid,
    /// When the last of it comes.
    pub termin: Option<NaiveDate>,
    /// How much.
    pub menge: Menge,
    /// Price.
    pub preis: Preis,
    /// Value of what was ordered at that price.
    pub netto: Betrag,
    /// The parts with what was promised of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub einteilungen: Vec<Liefereinteilung>,
}

/// A position as it was sent to the supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BestelltePosition {
    /// The position.
    pub position_id: Uuid,
    /// How much.
    pub menge: Menge,
    /// Value.
    pub netto: Betrag,
    /// Its parts, by day.
    pub einteilungen: Vec<Liefereinteilung>,
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
        /// When all of it is wanted.
        termin: Option<NaiveDate>,
        /// Its parts, by day.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        einteilungen: Vec<Liefereinteilung>,
        /// By how much what is no longer expected grows; negative if it is expected again.
        entfallen: Option<Menge>,
    },
    /// A position is gone.
    PositionEntfernt {
        /// The position.
        position_id: Uuid,
    },
    /// Bears costs of bringing the goods in, or shares them anew.
    NebenkostenGesetzt {
        /// The costs with their shares.
        nebenkosten: BestellNebenkosten,
    },
    /// Bears the costs of a kind no longer.
    NebenkostenEntfernt {
        /// Kind.
        art: NebenkostenArt,
    },
    /// Waits for approvals.
    ZurFreigabeGegeben {
        /// Net total with the costs of bringing the goods in.
        netto: Betrag,
        /// Levels needed.
        stufen: u8,
        /// Who handed it over, or made it dearer; he does not approve.
        von: Option<Akteur>,
    },
    /// A level is approved.
    StufeFreigegeben {
        /// Level.
        stufe: u8,
        /// The level is needed above this net total.
        grenze: Option<Betrag>,
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
        /// The level that was refused.
        stufe: Option<u8>,
        /// By whom.
        von: Option<Akteur>,
        /// When.
        am: Option<DateTime<Utc>>,
    },
    /// Sent.
    Bestellt {
        /// How.
        kanal: Option<String>,
        /// On which day.
        bestellt_am: Option<NaiveDate>,
        /// What.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        positionen: Vec<BestelltePosition>,
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
        /// What is expected again.
        rest: Option<Menge>,
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
        /// Business date.
        buchungsdatum: Option<NaiveDate>,
        /// What came.
        positionen: Vec<PositionsMenge>,
        /// By how much what is no longer expected grows; negative if it is expected again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entfallen: Vec<PositionsMenge>,
    },
    /// An invoice was booked, or taken back.
    BerechnungErfasst {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Business date.
        buchungsdatum: Option<NaiveDate>,
        /// What was invoiced.
        positionen: Vec<PositionsMenge>,
    },
    /// All delivered or cancelled, and invoiced.
    Abgeschlossen {},
}
