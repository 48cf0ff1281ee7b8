//! Commands of the Bestellung.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::Verteilung;
use crate::{
    fibu::eingangsrechnung::NebenkostenArt,
    types::{Dezimal, Preis, Satz, Text},
    wawi::belegposition::PositionsMenge,
};

/// A part of a position with its own day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EinteilungEingabe {
    /// When it is wanted.
    pub termin: NaiveDate,
    /// How much, in the unit of the position; the parts sum to its quantity.
    pub menge: Dezimal,
}

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
    /// When the goods are wanted, if all at once.
    pub termin: Option<NaiveDate>,
    /// When they are wanted, if in parts.
    #[serde(default)]
    pub einteilungen: Vec<EinteilungEingabe>,
    /// How much more may come, in percent; if absent of the Artikelgruppe, else 5 for loose goods and 0 for others.
    pub toleranz_ueber: Option<Satz>,
    /// How much less is enough, in percent; if absent as `toleranz_ueber`.
    pub toleranz_unter: Option<Satz>,
    /// Account of the ledger, if the goods are expense.
    pub konto: Option<Text<8>>,
    /// Kostenstelle.
    pub kst: Option<Text<20>>,
}

/// What the supplier promises for a part of a position; absent means as promised before, else as ordered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeilbestaetigungEingabe {
    /// Number of the part.
    pub nr: i32,
    /// When.
    pub termin: Option<NaiveDate>,
    /// How much.
    pub menge: Option<Dezimal>,
}

/// What the supplier promises for a position; absent means as promised before, else as ordered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BestaetigungEingabe {
    /// The position.
    pub position_id: Uuid,
    /// When all of its parts come.
    pub termin: Option<NaiveDate>,
    /// How much, if it comes at once.
    pub menge: Option<Dezimal>,
    /// At what price, in the unit of the order.
    pub preis: Option<Preis>,
    /// Part by part, if it comes in several.
    #[serde(default)]
    pub einteilungen: Vec<TeilbestaetigungEingabe>,
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
        /// When the goods are wanted, if all at once.
        termin: Option<NaiveDate>,
        /// When they are wanted, if in parts.
        #[serde(default)]
        einteilungen: Vec<EinteilungEingabe>,
    },
    /// Takes a position out of a draft.
    PositionEntfernen {
        /// The position.
        position_id: Uuid,
    },
    /// Sets the costs of a kind for bringing the goods in, and shares them among the positions.
    NebenkostenSetzen {
        /// Kind.
        art: NebenkostenArt,
        /// Net.
        betrag: Dezimal,
        /// How they are shared.
        verteilung: Verteilung,
    },
    /// Takes the costs of a kind away.
    NebenkostenEntfernen {
        /// Kind.
        art: NebenkostenArt,
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
        /// On which day; today if absent.
        bestellt_am: Option<NaiveDate>,
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
        /// Business date.
        buchungsdatum: NaiveDate,
        /// What came.
        positionen: Vec<PositionsMenge>,
    },
    /// Records an invoice; sent with the Rechnungspruefung, negative with its reversal.
    BerechnungErfassen {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Business date.
        buchungsdatum: NaiveDate,
        /// What was invoiced.
        positionen: Vec<PositionsMenge>,
    },
}
