//! Commands of the Auftrag.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{AuftragArt, AuftragSperreArt, FakturaArt, HinweisArt};
use crate::types::{Betrag, Dezimal, Menge, Preis, Text};

/// A new order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnlegenEingabe {
    /// Customer.
    pub kunde_id: Uuid,
    /// Kind; from stock if absent.
    pub art: Option<AuftragArt>,
    /// One of the customer's addresses; his first for deliveries if absent.
    pub lieferadresse_id: Option<Uuid>,
    /// Date of the order; today if absent.
    pub auftragsdatum: Option<NaiveDate>,
    /// When the goods are wanted.
    pub wunschtermin: Option<NaiveDate>,
    /// The customer's number of his order.
    pub kunden_bestellnr: Option<Text<60>>,
    /// The user has seen that the customer's number was used before.
    #[serde(default)]
    pub bestellnr_geprueft: bool,
}

/// A new position.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionEingabe {
    /// Article.
    pub artikel_id: Uuid,
    /// Where the goods come from.
    pub lager_id: Uuid,
    /// How much.
    pub menge: Dezimal,
    /// Unit; one that the article knows.
    pub einheit: Text<10>,
    /// When the goods are wanted; as the order says if absent.
    pub termin: Option<NaiveDate>,
    /// A price by hand; by the price lists if absent.
    pub manueller_preis: Option<Preis>,
    /// Day of the price; today if absent.
    pub preisdatum: Option<NaiveDate>,
}

/// A delivered position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LieferungEingabe {
    /// The position.
    pub position_id: Uuid,
    /// How much went.
    pub menge: Menge,
    /// Its unit; that of the position.
    pub einheit: Text<10>,
    /// Nothing more will go.
    pub endlieferung: bool,
}

/// A part of a position that an invoice or a credit note names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FakturaEingabe {
    /// The position.
    pub position_id: Uuid,
    /// How much.
    pub menge: Menge,
    /// Its unit; that of the position.
    pub einheit: Text<10>,
    /// Net.
    pub netto: Betrag,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum AuftragCommand {
    /// Begins an order.
    Anlegen(AnlegenEingabe),
    /// Adds a position.
    PositionHinzufuegen(PositionEingabe),
    /// Changes a position; absent fields stay. A price changes before the confirmation only.
    PositionAendern {
        /// The position.
        position_id: Uuid,
        /// How much; the price stays.
        menge: Option<Dezimal>,
        /// When the goods are wanted.
        termin: Option<NaiveDate>,
        /// A price by hand.
        manueller_preis: Option<Preis>,
    },
    /// Cancels what is open of a position, or a part of it.
    PositionStornieren {
        /// The position.
        position_id: Uuid,
        /// How much; all that is open if absent.
        menge: Option<Dezimal>,
        /// Why.
        grund: Text<500>,
    },
    /// Asks the price lists again for every position without a price by hand.
    PreiseNeuErmitteln {
        /// Day of the prices; today if absent.
        preisdatum: Option<NaiveDate>,
    },
    /// Confirms the order to the customer. It is released at once unless a lock stands.
    Bestaetigen {
        /// Day of the confirmation and of its rates of tax; today if absent.
        am: Option<NaiveDate>,
    },
    /// Sets a lock.
    SperreSetzen {
        /// Kind; `kredit` is the credit line's.
        art: AuftragSperreArt,
        /// Why.
        grund: Text<500>,
    },
    /// Lifts a lock; the last one releases the order.
    SperreAufheben {
        /// Kind; `kredit` is the credit line's.
        art: AuftragSperreArt,
        /// Why.
        grund: Text<500>,
    },
    /// Releases the order for delivery.
    Freigeben {},
    /// Lifts the lock `kredit`; sent by the credit line.
    KreditFreigeben {},
    /// Records goods that went; sent with the Versand.
    LieferungErfassen {
        /// The Versand.
        versand_id: Uuid,
        /// Its number.
        lieferschein_nr: Text<60>,
        /// Business date.
        buchungsdatum: NaiveDate,
        /// What went.
        positionen: Vec<LieferungEingabe>,
    },
    /// Records an invoice, or that a credit note was cancelled; sent with it.
    FakturaErfassen {
        /// The customer of the document.
        kunde_id: Option<Uuid>,
        /// The Rechnung.
        rechnung_id: Uuid,
        /// Its number.
        nummer: Text<60>,
        /// Kind.
        art: FakturaArt,
        /// What was invoiced.
        positionen: Vec<FakturaEingabe>,
    },
    /// Records a credit note or a cancelled invoice; sent with it.
    GutschriftErfassen {
        /// The Rechnung.
        rechnung_id: Uuid,
        /// Its number.
        nummer: Text<60>,
        /// Kind.
        art: FakturaArt,
        /// The invoice it belongs to.
        bezug_rechnung: Option<Uuid>,
        /// What was credited.
        positionen: Vec<FakturaEingabe>,
    },
    /// Notes something about the order or a position.
    HinweisSetzen {
        /// The position, if it is about one.
        position_id: Option<Uuid>,
        /// What it is about.
        art: HinweisArt,
        /// Text.
        text: Text<500>,
    },
    /// Takes a note away.
    HinweisErledigen {
        /// The note.
        hinweis_id: Uuid,
    },
    /// Gives up what is open of a position: the customer waits for it no more.
    RestStreichen {
        /// The position.
        position_id: Uuid,
        /// Why.
        grund: Text<500>,
    },
    /// Cancels an order of which nothing went.
    Stornieren {
        /// Why.
        grund: Text<500>,
    },
}
