//! Commands of the Rechnungspruefung.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{Nebenkosten, Pruefzeile};
use crate::{
    fibu::eingangsrechnung::{EingangsPosition, WePosition},
    types::{Dezimal, Text},
};

/// A comparison as its Eingangsrechnung begins it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anlage {
    /// The Eingangsrechnung.
    pub eingangsrechnung_id: Uuid,
    /// The supplier.
    pub lieferant_id: Option<Uuid>,
    /// The supplier's number of the document.
    pub lieferantennummer: String,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// Lines with goods.
    pub zeilen: Vec<Pruefzeile>,
    /// Costs of bringing goods in.
    pub nebenkosten: Vec<Nebenkosten>,
}

impl Anlage {
    /// The lines of a document that concern a comparison.
    #[must_use]
    pub fn teile(positionen: &[EingangsPosition]) -> (Vec<Pruefzeile>, Vec<Nebenkosten>) {
        let zeile = |p: &EingangsPosition| {
            Some(Pruefzeile {
                position: p.nr,
                wareneingang: p.wareneingang?,
                menge: p.menge?,
                einheit: p.einheit.clone()?,
                netto: p.netto,
            })
        };
        let nebenkosten = |p: &EingangsPosition| {
            Some(Nebenkosten {
                position: p.nr,
                art: p.nebenkosten_art?,
                betrag: p.netto,
            })
        };
        (
            positionen.iter().filter_map(zeile).collect(),
            positionen.iter().filter_map(nebenkosten).collect(),
        )
    }
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum RechnungspruefungCommand {
    /// Begins the comparison of a document that was put on record in the same unit of work.
    Anlegen(Anlage),
    /// Compares.
    Pruefen {},
    /// Assigns a line to another received line, or changes what is compared.
    ZeileZuordnen {
        /// Line of the Eingangsrechnung.
        position: i32,
        /// The received line.
        wareneingang: WePosition,
        /// Quantity in the line's unit.
        menge: Dezimal,
    },
    /// Releases a deviation.
    Freigeben {
        /// Why.
        begruendung: Option<Text<500>>,
    },
    /// Puts the decision off.
    Zurueckstellen {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Refuses the document; it goes back to the supplier.
    Ablehnen {
        /// Why.
        grund: Text<500>,
    },
    /// The document was refused in the same unit of work; nothing is left to compare.
    Verwerfen {
        /// Why.
        grund: Text<500>,
    },
    /// The document was posted in the same unit of work.
    Verbuchen {
        /// Date in the ledger.
        buchungsdatum: NaiveDate,
    },
    /// The posting was reversed in the same unit of work.
    Ruecknehmen {
        /// Date of the reversal.
        datum: NaiveDate,
    },
}
