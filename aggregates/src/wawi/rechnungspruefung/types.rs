//! Words of the Rechnungspruefung: states, results, lines as they are compared and kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fibu::eingangsrechnung::{NebenkostenArt, WePosition},
    types::{Betrag, Menge, Preis, Preisbetrag},
};

/// Status of a Rechnungspruefung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RechnungspruefungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Not compared yet.
    Offen,
    /// Compared; each line bears its result.
    Geprueft,
    /// A deviation was released.
    Freigegeben,
    /// Put off.
    Zurueckgestellt,
    /// Refused; the document goes back to the supplier.
    Abgelehnt,
    /// The document is in the ledger.
    Verbucht,
    /// The document was reversed.
    Zurueckgenommen,
}

/// Result of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Ergebnis {
    /// Not compared yet.
    #[default]
    Offen,
    /// Within the limits.
    Ok,
    /// Cheaper than agreed; passes.
    Guenstiger,
    /// Above a limit; waits for a release.
    Abweichung,
}
/// A line to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pruefzeile {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// The received line.
    pub wareneingang: WePosition,
    /// Quantity as invoiced.
    pub menge: Menge,
    /// Its unit.
    pub einheit: String,
    /// Net as invoiced.
    pub netto: Betrag,
}

/// A compared line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vergleich {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// Open quantity of the received line, before this invoice.
    pub menge_offen: Menge,
    /// Agreed price.
    pub preis_vereinbart: Preis,
    /// Value at the agreed price.
    pub wert_vereinbart: Betrag,
    /// Invoiced quantity less the open one.
    pub delta_menge: Menge,
    /// Invoiced net less the agreed value.
    pub delta_wert: Betrag,
    /// The same in percent of the agreed value, two decimals.
    pub delta_prozent: Menge,
    /// Result.
    pub ergebnis: Ergebnis,
}

/// Costs of bringing goods in, from the same document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nebenkosten {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// Kind.
    pub art: NebenkostenArt,
    /// Net.
    pub betrag: Betrag,
}

/// A quantity of an order's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bestellmenge {
    /// The order.
    pub bestellung_id: Uuid,
    /// Its position.
    pub position_id: Uuid,
    /// Quantity in the position's unit.
    pub menge: Menge,
}

/// What an invoice takes from a received line, or gives back to it: then the quantities are negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Berechnung {
    /// The received line.
    pub wareneingang: WePosition,
    /// Quantity in the received line's unit.
    pub menge: Menge,
    /// The same of the order it came from.
    pub bestellung: Option<Bestellmenge>,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Zeile {
    /// Line of the Eingangsrechnung.
    pub position: i32,
    /// The Wareneingang.
    pub wareneingang_id: Uuid,
    /// Its line.
    pub we_position_id: Uuid,
    /// Quantity as invoiced.
    pub menge: Menge,
    /// Its unit.
    pub einheit: String,
    /// Net as invoiced.
    pub netto: Betrag,
    /// Open quantity of the received line.
    pub menge_offen: Option<Menge>,
    /// Agreed price.
    pub preis_vereinbart: Option<Preisbetrag>,
    /// Value at the agreed price.
    pub wert_vereinbart: Option<Betrag>,
    /// Invoiced quantity less the open one.
    pub delta_menge: Option<Menge>,
    /// Invoiced net less the agreed value.
    pub delta_wert: Option<Betrag>,
    /// In percent of the agreed value.
    pub delta_prozent: Option<Menge>,
    /// Result.
    pub ergebnis: Ergebnis,
}

impl From<Pruefzeile> for Zeile {
    fn from(z: Pruefzeile) -> Self {
        Self {
            position: z.position,
            wareneingang_id: z.wareneingang.wareneingang_id,
            we_position_id: z.wareneingang.we_position_id,
            menge: z.menge,
            einheit: z.einheit,
            netto: z.netto,
            ..Self::default()
        }
    }
}
