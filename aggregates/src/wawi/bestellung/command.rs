//! Commands of the Bestellung.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    types::{Dezimal, Preis, Satz, Text},
    wawi::belegposition::PositionsMenge,
};

/// A new position.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionEingabe {
    /// Article.
    pub artikel_id: Uuid,
    /// Where the goods go.
    pub lager_id: Uuid,
    /// How much.
    pub menge: Dezimal,
    /// Unit; one that the article knows.
    pub einheit: Text<10>,
    /// Price; its unit is one that the article knows.
    pub preis: Preis,
    /// When the goods are wanted.
    pub termin: Option<NaiveDate>,
    /// How much more may come, in percent; of the article if absent (5 for loose goods, else 0).
    pub toleranz_ueber: Option<Satz>,
    /// How much less is enough, in percent; of the article if absent.
    pub toleranz_unter: Option<Satz>,
    /// Account of the ledger, if the goods are expense.
    pub konto: Option<Text<8>>,
    /// Kostenstelle.
    pub kst: Option<Text<20>>,
}

/// What the supplier promises for a position; absent means as ordered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BestaetigungEingabe {
    /// The position.
    pub position_id: Uuid,
    /// When.
    pub termin: Option<NaiveDate>,
    /// How much.
    pub menge: Option<Dezimal>,
    /// At what price, in the unit of the order.
    pub preis: Option<Preis>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum BestellungCommand {
    /// Begins an order.
    Anlegen {
        /// Supplier.
        lieferant_id: Uuid,
        /// Terms of payment; of the supplier if absent.
        zahlungsbedingung_id: Option<Uuid>,
        /// Parity, e.g. `frei Hof`.
        paritaet: Option<Text<40>>,
        /// Date of the order; today if absent.
        bestelldatum: Option<NaiveDate>,
    },
    /// Adds a position.
    PositionHinzufuegen(PositionEingabe),
    /// Changes a position; absent fields stay.
    PositionAendern {
        /// The position.
        position_id: Uuid,
        /// How much.
        menge: Option<Dezimal>,
        /// Price.
        preis: Option<Preis>,
        /// When the goods are wanted.
        termin: Option<NaiveDate>,
    },
    /// Takes a position out of a draft.
    PositionEntfernen {
        /// The position.
        position_id: Uuid,
    },
    /// Hands the order over for approval; up to 1,000.00 net none is needed and it is approved at once.
    ZurFreigabeGeben {},
    /// Approves a level.
    Freigeben {
        /// Level, in order from 1.
        stufe: u8,
    },
    /// Sends the order back to its author.
    Ablehnen {
        /// Why.
        grund: Text<500>,
    },
    /// Notes that the order was sent.
    Bestellen {
        /// How, e.g. `mail`.
        kanal: Option<Text<40>>,
    },
    /// Notes what the supplier confirmed.
    Bestaetigen {
        /// What differs from the order.
        #[serde(default)]
        positionen: Vec<BestaetigungEingabe>,
    },
    /// Cancels what is still open of a position.
    RestStornieren {
        /// The position.
        position_id: Uuid,
        /// Why.
        grund: Text<500>,
    },
    /// Expects the rest of a position again.
    PositionWiederoeffnen {
        /// The position.
        position_id: Uuid,
    },
    /// Cancels an order of which nothing came.
    Stornieren {
        /// Why.
        grund: Text<500>,
    },
    /// Records goods; sent with the Wareneingang, negative with its reversal.
    WareneingangErfassen {
        /// The Wareneingang.
        wareneingang_id: Uuid,
        /// What came.
        positionen: Vec<PositionsMenge>,
    },
    /// Records an invoice; sent with the Rechnungspruefung, negative with its reversal.
    BerechnungErfassen {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// What was invoiced.
        positionen: Vec<PositionsMenge>,
    },
}
