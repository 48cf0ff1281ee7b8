//! Facts of the Auftrag.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{
    AuftragArt, AuftragHinweis, AuftragSperreArt, Bestandsposition, FakturaArt, Fakturaposition, Freigabeposition,
    Kreditwirkung, Lieferadresse, Lieferposition, Mengenfolge, Positionsdaten,
};
use crate::{
    crm::{
        kunde::{Lieferart, Rechnungsart},
        preisfindung::PreisSchritt,
    },
    types::{Betrag, Menge, Preis},
};

/// A found price of a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeuerPreis {
    /// The position.
    pub position_id: Uuid,
    /// Its value.
    pub netto: Betrag,
    /// How the price came about.
    pub herleitung: Vec<PreisSchritt>,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum AuftragEvent {
    /// Begun.
    Angelegt {
        /// Number.
        auftrag_nr: String,
        /// Kind.
        art: AuftragArt,
        /// Customer.
        kunde_id: Uuid,
        /// His number.
        kunden_nr: String,
        /// His name.
        kunde_name: String,
        /// Date of the order.
        auftragsdatum: NaiveDate,
        /// The address that was named.
        lieferadresse_id: Option<Uuid>,
        /// When the goods are wanted.
        wunschtermin: Option<NaiveDate>,
        /// The customer's number of his order.
        kunden_bestellnr: Option<String>,
        /// The customer used this number before.
        bestellnr_wiederholt: bool,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// By how many days later they count, from the customer's Valuta.
        valuta_tage: Option<u16>,
        /// How goods reach him.
        lieferart: Lieferart,
        /// How deliveries are invoiced.
        rechnungsart: Rechnungsart,
        /// Currency.
        waehrung: String,
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
        /// How a new price came about.
        herleitung: Vec<PreisSchritt>,
        /// More or less than before.
        mehr_menge: Menge,
        /// Its value.
        mehr_netto: Betrag,
        /// The order was confirmed already.
        bestaetigt: bool,
        /// What it means for the credit line.
        kredit: Option<Kreditwirkung>,
        /// What it means for stock and delivery.
        mengen: Option<Mengenfolge>,
        /// A further delivery for what is more.
        zusatz: Option<Zusatzlieferung>,
    },
    /// Open goods of a position are cancelled.
    PositionStorniert {
        /// The position.
        position_id: Uuid,
        /// How much.
        menge: Menge,
        /// Why.
        grund: String,
        /// The order was confirmed already.
        bestaetigt: bool,
        /// What it means for the credit line.
        kredit: Option<Kreditwirkung>,
        /// What it means for stock and delivery.
        mengen: Option<Mengenfolge>,
    },
    /// Prices were found anew.
    PreiseErmittelt {
        /// Day of the prices.
        preisdatum: NaiveDate,
        /// Those that changed.
        positionen: Vec<NeuerPreis>,
    },
    /// Confirmed.
    Bestaetigt {
        /// Customer.
        kunde_id: Uuid,
        /// His number.
        kunden_nr: String,
        /// Number.
        auftrag_nr: String,
        /// Net total.
        netto: Betrag,
        /// With tax; what the credit line is asked for.
        brutto: Betrag,
        /// Where the goods go.
        lieferadresse_id: Uuid,
        /// The same, frozen.
        lieferadresse: Lieferadresse,
        /// Day of the rates of tax.
        bestaetigt_am: NaiveDate,
        /// What is owed.
        positionen: Vec<Bestandsposition>,
    },
    /// Stands still.
    SperreGesetzt {
        /// Kind.
        art: AuftragSperreArt,
        /// Why.
        grund: String,
        /// Since when.
        seit: NaiveDate,
    },
    /// A lock is lifted.
    SperreAufgehoben {
        /// Kind.
        art: AuftragSperreArt,
        /// Why.
        grund: String,
    },
    /// May be delivered.
    Freigegeben {
        /// Customer.
        kunde_id: Uuid,
        /// Number.
        auftrag_nr: String,
        /// Where the goods go.
        lieferadresse: Lieferadresse,
        /// How they get there.
        lieferart: Lieferart,
        /// The delivery to be planned.
        versand_id: Uuid,
        /// What is open.
        positionen: Vec<Freigabeposition>,
    },
    /// Goods went.
    LieferungErfasst {
        /// The Versand.
        versand_id: Uuid,
        /// Customer.
        kunde_id: Uuid,
        /// His number, that of his Debitor too.
        kunden_nr: String,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// By how many days later they count, from the customer's Valuta.
        valuta_tage: Option<u16>,
        /// How it is invoiced; by itself if the order has advance payments.
        rechnungsart: Rechnungsart,
        /// Number of the Lieferschein.
        lieferschein_nr: String,
        /// Day of the delivery.
        leistungsdatum: NaiveDate,
        /// Number of the order.
        auftrag_nr: String,
        /// What went.
        positionen: Vec<Lieferposition>,
        /// With tax, cumulative: what moves from order to delivery on the credit line.
        brutto: Betrag,
        /// The order still is on the credit line, so that its share moves; else the delivery is new use.
        umwidmen: bool,
    },
    /// A rest is expected no more.
    Verfallen {
        /// The position.
        position_id: Uuid,
        /// How much.
        menge: Menge,
        /// Why.
        grund: String,
        /// What it means for the credit line.
        kredit: Option<Kreditwirkung>,
        /// What it means for stock and delivery.
        mengen: Option<Mengenfolge>,
    },
    /// Invoiced.
    FakturaErfasst {
        /// The Rechnung.
        rechnung_id: Uuid,
        /// Its number.
        nummer: String,
        /// Kind.
        art: FakturaArt,
        /// What was invoiced.
        positionen: Vec<Fakturaposition>,
        /// What the credit line holds less for deliveries that are not invoiced.
        kredit: Option<Kreditwirkung>,
    },
    /// Credited.
    GutschriftErfasst {
        /// The Rechnung.
        rechnung_id: Uuid,
        /// Its number.
        nummer: String,
        /// Kind.
        art: FakturaArt,
        /// The invoice it belongs to.
        bezug_rechnung: Option<Uuid>,
        /// What was credited.
        positionen: Vec<Fakturaposition>,
        /// What the credit line holds more for deliveries that are not invoiced.
        kredit: Option<Kreditwirkung>,
    },
    /// Has a note.
    HinweisGesetzt {
        /// The note.
        hinweis: AuftragHinweis,
    },
    /// A note is dealt with.
    HinweisErledigt {
        /// The note.
        hinweis_id: Uuid,
    },
    /// Cancelled.
    Storniert {
        /// Why.
        grund: String,
        /// What was open, if the order was confirmed.
        positionen: Vec<Stornoposition>,
        /// What it means for the credit line.
        kredit: Option<Kreditwirkung>,
        /// What it means for stock and delivery, if the order was released.
        mengen: Vec<Mengenfolge>,
    },
    /// All delivered or cancelled, and invoiced.
    Abgeschlossen {
        /// What it means for the credit line.
        kredit: Option<Kreditwirkung>,
    },
}

/// What was open of a cancelled position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stornoposition {
    /// The position.
    pub position_id: Uuid,
    /// How much.
    pub menge: Menge,
}

/// A delivery for what a position is more than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zusatzlieferung {
    /// The delivery to be planned.
    pub versand_id: Uuid,
    /// How much.
    pub menge: Menge,
}
