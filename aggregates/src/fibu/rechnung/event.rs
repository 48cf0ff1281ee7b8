//! What happened to an invoice, kept for ever: the booked document with everything that was decided.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Anzahlungsverrechnung, Bezug, Empfaenger, KorrekturPosition, RechnungArt, RechnungsPosition, Verkaeufer,
    ZuAbschlagGebucht, ZuAbschlagWerte,
};
use crate::{
    dienste::nummernkreis::Belegnummer,
    fibu::{
        ausgleich::Umkehr,
        buchungssatz::{Bedingung, Buchungssatz},
        steuerrechnung::Steuerzeile,
    },
    types::Betrag,
};

/// The item of a correction that is settled with that of its invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gegenausgleich {
    /// Stream of the Ausgleich.
    pub ausgleich_id: Uuid,
    /// Item of the original.
    pub op_id: Uuid,
    /// Item of the document that takes it back.
    pub gegen_op_id: Uuid,
    /// What is settled of the original's item, signed as the item is.
    pub betrag: Betrag,
}

/// An invoice as booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RechnungGebucht {
    /// Its number.
    pub nummer: Belegnummer,
    /// Kind.
    pub art: RechnungArt,
    /// The invoice it corrects or cancels.
    pub bezug: Option<Bezug>,
    /// Why it corrects or cancels.
    pub grund: Option<String>,
    /// The Auftrag that the whole invoice is for.
    pub auftrag_id: Option<Uuid>,
    /// Which Anzahlung of its Auftrag it is, from 1.
    pub anzahlung_nr: Option<i32>,
    /// Date of the invoice.
    pub rechnungsdatum: NaiveDate,
    /// First day of the supply.
    pub leistung_von: Option<NaiveDate>,
    /// Last day of the supply.
    pub leistung_bis: Option<NaiveDate>,
    /// Seller.
    pub verkaeufer: Verkaeufer,
    /// Customer.
    pub empfaenger: Empfaenger,
    /// Currency.
    pub waehrung: String,
    /// Lines, with rate and account.
    pub positionen: Vec<RechnungsPosition>,
    /// What stands below them, with its shares.
    pub zuabschlaege: Vec<ZuAbschlagGebucht>,
    /// Tax per key.
    pub steuerzeilen: Vec<Steuerzeile>,
    /// Net.
    pub netto: Betrag,
    /// Tax.
    pub steuer: Betrag,
    /// Gross.
    pub brutto: Betrag,
    /// Advance payments that are deducted.
    pub verrechnungen: Vec<Anzahlungsverrechnung>,
    /// Gross less the advance payments: what the customer's account is posted with.
    pub zahlbetrag: Betrag,
    /// Terms of payment.
    pub bedingung: Bedingung,
    /// Its Buchung in the ledger.
    pub buchung_id: Uuid,
    /// What is posted; nothing if a Buchung is reversed instead.
    pub buchung: Option<Buchungssatz>,
    /// The Buchung that is reversed.
    pub umkehr: Option<Umkehr>,
    /// The items that cancel each other.
    pub ausgleich: Option<Gegenausgleich>,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum RechnungEvent {
    /// A draft exists.
    Entworfen {
        /// The Debitor.
        debitor_nr: String,
        /// Kind.
        art: RechnungArt,
        /// First day of the supply.
        leistung_von: Option<NaiveDate>,
        /// Last day of the supply.
        leistung_bis: Option<NaiveDate>,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// By how many days later they count.
        valuta_tage: Option<u16>,
        /// The Auftrag.
        auftrag_id: Option<Uuid>,
        /// Month whose deliveries it collects, `JJJJ-MM`.
        sammel_monat: Option<String>,
    },
    /// A line more.
    PositionHinzugefuegt {
        /// The line.
        position: RechnungsPosition,
    },
    /// A line is another one.
    PositionGeaendert {
        /// The line.
        position: RechnungsPosition,
    },
    /// A line less.
    PositionEntfernt {
        /// Its number.
        nr: i32,
    },
    /// A surcharge or discount.
    ZuAbschlagGesetzt {
        /// It.
        zuabschlag: ZuAbschlagWerte,
    },
    /// No more.
    ZuAbschlagEntfernt {
        /// Its number.
        nr: i32,
    },
    /// Terms of payment.
    BedingungGesetzt {
        /// The terms.
        zahlungsbedingung_id: Uuid,
        /// By how many days later they count.
        valuta_tage: Option<u16>,
    },
    /// Days of the supply.
    LeistungGesetzt {
        /// First day.
        von: NaiveDate,
        /// Last day.
        bis: NaiveDate,
    },
    /// The Anzahlungsrechnungen that are deducted.
    AnzahlungenVerrechnet {
        /// Their ids and numbers; amounts are decided at booking.
        anzahlungen: Vec<Anzahlungsverrechnung>,
    },
    /// Final.
    Gebucht(Box<RechnungGebucht>),
    /// Cancelled in full.
    Storniert {
        /// Stream of the Stornorechnung.
        durch: Uuid,
        /// Why.
        grund: String,
        /// Date of the Stornorechnung.
        datum: NaiveDate,
        /// The invoice whose correction falls away with this one.
        korrektur_von: Option<Uuid>,
        /// The Anzahlungsrechnungen that are free again.
        anzahlungen: Vec<Uuid>,
        /// The settlement of a correction with its Anzahlung, which falls with the correction.
        gegenausgleich: Option<Uuid>,
    },
    /// Corrected in part.
    Korrigiert {
        /// Stream of the correction.
        gutschrift_id: Uuid,
        /// Open item of the correction.
        gutschrift_op_id: Uuid,
        /// Buchung of the correction.
        gutschrift_buchung_id: Uuid,
        /// Why.
        grund: String,
        /// Date of the correction.
        datum: NaiveDate,
        /// What is credited.
        positionen: Vec<KorrekturPosition>,
        /// The same per key, with its tax.
        steuerzeilen: Vec<Steuerzeile>,
    },
    /// A correction was cancelled.
    KorrekturAufgehoben {
        /// The correction.
        gutschrift_id: Uuid,
    },
    /// Went out.
    Versandt {
        /// Day.
        am: NaiveDate,
        /// How.
        weg: String,
    },
    /// Given up.
    Verworfen {
        /// Why.
        grund: Option<String>,
    },
    /// A delivery of its month came after the collective invoice was final, and goes to another draft.
    LieferungWeitergereicht {
        /// The draft.
        an: Uuid,
        /// The Debitor.
        debitor_nr: String,
        /// Day of the delivery.
        leistungsdatum: NaiveDate,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// By how many days later they count.
        valuta_tage: Option<u16>,
        /// Lines.
        positionen: Vec<RechnungsPosition>,
    },
    /// Money came in on an Anzahlung; its tax is due.
    AnzahlungVereinnahmt {
        /// The Ausgleich.
        ausgleich_id: Uuid,
        /// Day.
        datum: NaiveDate,
        /// Amount.
        brutto: Betrag,
        /// Net and tax of it per key.
        steuerzeilen: Vec<Steuerzeile>,
        /// What is posted.
        buchung: Buchungssatz,
    },
    /// Money on an Anzahlung went back; its tax is not due any more.
    AnzahlungZurueckgenommen {
        /// The Ausgleich.
        ausgleich_id: Uuid,
        /// Day.
        datum: NaiveDate,
        /// The Buchung that is reversed.
        umkehr: Umkehr,
    },
    /// A Schlussrechnung deducts it, or a part of it.
    AnzahlungAngerechnet {
        /// The Schlussrechnung.
        schlussrechnung_id: Uuid,
        /// What it deducts per key; all that was paid if absent.
        steuerzeilen: Option<Vec<Steuerzeile>>,
    },
    /// No Schlussrechnung deducts it any more.
    AnrechnungAufgehoben {
        /// The Schlussrechnung.
        schlussrechnung_id: Uuid,
    },
}
