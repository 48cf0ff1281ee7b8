//! Words of the Wareneingang.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::{Betrag, Menge, Preis, Preisspalten};

/// Status of a goods receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WareneingangStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Being written.
    Entwurf,
    /// The goods are in stock.
    Gebucht,
    /// Reversed.
    Storniert,
}

/// A received line as it was decided; part of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zugangsdaten {
    /// Its id; the Rechnungspruefung names it.
    pub we_position_id: Uuid,
    /// Number within the receipt, from 1.
    pub pos: i32,
    /// The order.
    pub bestellung_id: Option<Uuid>,
    /// The position of the order.
    pub position_id: Option<Uuid>,
    /// What came in the unit of the order.
    pub bestellmenge: Option<Menge>,
    /// Article.
    pub artikel_id: Uuid,
    /// Its number.
    pub artikel_nr: String,
    /// Its name.
    pub bezeichnung: String,
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
    /// How much came.
    pub menge: Menge,
    /// Unit.
    pub einheit: String,
    /// The same in the article's Basiseinheit.
    pub basismenge: Menge,
    /// Place in the Lager.
    pub platz: Option<String>,
    /// Price of the order, or as given.
    pub preis: Preis,
    /// Value at that price.
    pub netto: Betrag,
    /// Tax key of purchases.
    pub schluessel: Option<String>,
}

/// A received line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WareneingangPosition {
    /// Its id.
    pub we_position_id: Uuid,
    /// Number within the receipt, from 1.
    pub pos: i32,
    /// The order.
    pub bestellung_id: Option<Uuid>,
    /// The position of the order.
    pub position_id: Option<Uuid>,
    /// What came in the unit of the order.
    pub bestellmenge: Option<Menge>,
    /// Article.
    pub artikel_id: Uuid,
    /// Its number.
    pub artikel_nr: String,
    /// Its name.
    pub bezeichnung: String,
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
    /// How much came.
    pub menge: Menge,
    /// Unit of all quantities of the line.
    pub einheit: String,
    /// The same in the article's Basiseinheit.
    pub basismenge: Menge,
    /// Place in the Lager.
    pub platz: Option<String>,
    /// Price.
    #[serde(flatten)]
    pub preis: Preisspalten,
    /// Value at that price.
    pub netto: Betrag,
    /// Tax key of purchases.
    pub schluessel: Option<String>,
    /// What was invoiced.
    pub berechnet: Menge,
}

impl WareneingangPosition {
    /// What came and was not invoiced yet.
    #[must_use]
    pub fn offen(&self) -> Menge {
        self.menge - self.berechnet
    }

    /// The price with its unit.
    #[must_use]
    pub fn preis(&self) -> Preis {
        self.preis.preis()
    }

    /// The line as events hold it.
    pub(super) fn daten(&self) -> Zugangsdaten {
        Zugangsdaten {
            we_position_id: self.we_position_id,
            pos: self.pos,
            bestellung_id: self.bestellung_id,
            position_id: self.position_id,
            bestellmenge: self.bestellmenge,
            artikel_id: self.artikel_id,
            artikel_nr: self.artikel_nr.clone(),
            bezeichnung: self.bezeichnung.clone(),
            lagergefuehrt: self.lagergefuehrt,
            menge: self.menge,
            einheit: self.einheit.clone(),
            basismenge: self.basismenge,
            platz: self.platz.clone(),
            preis: self.preis(),
            netto: self.netto,
            schluessel: self.schluessel.clone(),
        }
    }
}

impl From<Zugangsdaten> for WareneingangPosition {
    fn from(daten: Zugangsdaten) -> Self {
        Self {
            we_position_id: daten.we_position_id,
            pos: daten.pos,
            bestellung_id: daten.bestellung_id,
            position_id: daten.position_id,
            bestellmenge: daten.bestellmenge,
            artikel_id: daten.artikel_id,
            artikel_nr: daten.artikel_nr,
            bezeichnung: daten.bezeichnung,
            lagergefuehrt: daten.lagergefuehrt,
            menge: daten.menge,
            einheit: daten.einheit,
            basismenge: daten.basismenge,
            platz: daten.platz,
            preis: daten.preis.into(),
            netto: daten.netto,
            schluessel: daten.schluessel,
            berechnet: Menge::NULL,
        }
    }
}
