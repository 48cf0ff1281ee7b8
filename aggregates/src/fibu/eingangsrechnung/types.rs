//! The words of an incoming invoice, its commands, facts and refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    dienste::nummernkreis::Belegnummer,
    fibu::{
        ausgleich::Umkehr,
        buchungssatz::{Bedingung, Buchungssatz},
        steuerrechnung::Steuerzeile,
    },
    types::{Akteur, Betrag, Dezimal, Menge, Preis, Text},
};

/// Status of an Eingangsrechnung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EingangsrechnungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// On record.
    Erfasst,
    /// Compared with what was ordered and received.
    Geprueft,
    /// Released for payment.
    Freigegeben,
    /// In the ledger.
    Gebucht,
    /// Reversed.
    Storniert,
    /// Sent back to the supplier.
    Abgelehnt,
}

/// Kind of an Eingangsrechnung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EingangsrechnungArt {
    /// Invoice.
    #[default]
    Rechnung,
    /// Credit note of the supplier.
    Gutschrift,
}

/// Costs of bringing goods in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NebenkostenArt {
    /// Carriage.
    Fracht,
    /// Road toll.
    Maut,
    /// Customs duty.
    Zoll,
    /// Packaging.
    Verpackung,
}

/// A received line that is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WePosition {
    /// The Wareneingang.
    pub wareneingang_id: Uuid,
    /// Its line.
    pub we_position_id: Uuid,
}

/// A line as it is entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EingangspositionEingabe {
    /// What was supplied.
    pub text: Text<200>,
    /// Quantity; needed for goods.
    pub menge: Option<Dezimal>,
    /// Its unit.
    pub einheit: Option<Text<10>>,
    /// Price as stated.
    pub preis: Option<Preis>,
    /// Net as stated.
    pub netto: Dezimal,
    /// Tax key.
    pub schluessel: Text<10>,
    /// Account; by the Kontenfindung (wareneingang) if absent.
    pub konto: Option<Text<8>>,
    /// Kostenstelle.
    pub kst: Option<Text<20>>,
    /// Kostenträger.
    pub ktr: Option<Text<20>>,
    /// The received line it invoices.
    pub wareneingang: Option<WePosition>,
    /// Costs of bringing goods in.
    pub nebenkosten_art: Option<NebenkostenArt>,
}

/// Tax of a key as the document states it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SteuerEingabe {
    /// Tax key.
    pub schluessel: Text<10>,
    /// Tax.
    pub steuer: Dezimal,
}

/// A document as it is entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErfassenEingabe {
    /// Kind; an invoice if absent.
    pub art: Option<EingangsrechnungArt>,
    /// The Kreditor.
    pub kreditor_nr: Text<9>,
    /// The supplier's number of the document.
    pub lieferantennummer: Text<36>,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// First day of the supply.
    pub leistung_von: Option<NaiveDate>,
    /// Last day of the supply; date of the document if absent.
    pub leistung_bis: Option<NaiveDate>,
    /// Day on which it came in; today if absent.
    pub eingang_am: Option<NaiveDate>,
    /// Terms of payment; those of the Kreditor if absent.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Gross as stated.
    pub brutto: Dezimal,
    /// Tax per key as stated; computed if absent.
    #[serde(default)]
    pub steuern: Vec<SteuerEingabe>,
    /// Lines.
    pub positionen: Vec<EingangspositionEingabe>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum EingangsrechnungCommand {
    /// Puts a document on record.
    Erfassen(ErfassenEingabe),
    /// Compares it with what was ordered and received.
    Pruefen {},
    /// Releases it for booking and payment.
    Freigeben {},
    /// Sends it back to the supplier.
    Ablehnen {
        /// Why.
        grund: Text<500>,
    },
    /// Posts it.
    Buchen {
        /// Date in the ledger; today if absent.
        buchungsdatum: Option<NaiveDate>,
    },
    /// Reverses it.
    Stornieren {
        /// Why.
        grund: Text<500>,
        /// Date of the reversal; today if absent.
        datum: Option<NaiveDate>,
    },
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EingangsPosition {
    /// Number within the document.
    pub nr: i32,
    /// What was supplied.
    pub text: String,
    /// Quantity.
    pub menge: Option<Menge>,
    /// Its unit.
    pub einheit: Option<String>,
    /// Price as stated.
    pub preis: Option<Preis>,
    /// Net.
    pub netto: Betrag,
    /// Tax key.
    pub schluessel: String,
    /// Account, if one was named.
    pub konto: Option<String>,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// The received line.
    pub wareneingang: Option<WePosition>,
    /// Costs of bringing goods in.
    pub nebenkosten_art: Option<NebenkostenArt>,
}

/// A document on record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EingangsrechnungErfasst {
    /// Kind.
    pub art: EingangsrechnungArt,
    /// The Kreditor.
    pub kreditor_nr: String,
    /// The supplier in wawi.
    pub lieferant_id: Option<Uuid>,
    /// Name of the supplier.
    pub kreditor_name: String,
    /// The supplier's number of the document.
    pub lieferantennummer: String,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// First day of the supply.
    pub leistung_von: NaiveDate,
    /// Last day of the supply.
    pub leistung_bis: NaiveDate,
    /// Day on which it came in.
    pub eingang_am: NaiveDate,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Lines.
    pub positionen: Vec<EingangsPosition>,
    /// Tax per key, as stated.
    pub steuerzeilen: Vec<Steuerzeile>,
    /// Net.
    pub netto: Betrag,
    /// Tax that is in the gross.
    pub steuer: Betrag,
    /// Gross.
    pub brutto: Betrag,
    /// Who entered it.
    pub erfasst_von: Akteur,
    /// True if a Rechnungspruefung belongs to it: goods, or costs of bringing them in.
    pub mit_pruefung: bool,
}

/// A document in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EingangsrechnungGebucht {
    /// Its number.
    pub nummer: Belegnummer,
    /// The supplier's number of the document.
    pub lieferantennummer: String,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Kind.
    pub art: EingangsrechnungArt,
    /// The Kreditor.
    pub kreditor_nr: String,
    /// Name of the supplier.
    pub kreditor_name: String,
    /// Last day of the supply.
    pub leistung_bis: NaiveDate,
    /// Tax per key.
    pub steuerzeilen: Vec<Steuerzeile>,
    /// Net.
    pub netto: Betrag,
    /// Tax that is in the gross.
    pub steuer: Betrag,
    /// Gross.
    pub brutto: Betrag,
    /// Terms of payment.
    pub bedingung: Bedingung,
    /// What is posted.
    pub buchung: Buchungssatz,
    /// True if a Rechnungspruefung belongs to it.
    pub mit_pruefung: bool,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum EingangsrechnungEvent {
    /// On record.
    Erfasst(Box<EingangsrechnungErfasst>),
    /// Compared.
    Geprueft {
        /// True if a Rechnungspruefung belongs to it.
        mit_pruefung: bool,
    },
    /// Released.
    Freigegeben {
        /// By whom.
        freigegeben_von: Akteur,
    },
    /// Sent back.
    Abgelehnt {
        /// Why.
        grund: String,
    },
    /// In the ledger.
    Gebucht(Box<EingangsrechnungGebucht>),
    /// Reversed.
    Storniert {
        /// Why.
        grund: String,
        /// Date of the reversal.
        datum: NaiveDate,
        /// The Buchung that is reversed.
        umkehr: Umkehr,
        /// True if a Rechnungspruefung belongs to it.
        mit_pruefung: bool,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum EingangsrechnungError {
    /// The same document is there already.
    #[error("die Rechnung {lieferantennummer} von {kreditor} aus {jahr} ist schon erfasst; doppelt bezahlen vermeiden")]
    #[strum(serialize = "EINGANGSRECHNUNG_DOPPELT")]
    Doppelt {
        /// The Kreditor.
        kreditor: String,
        /// The supplier's number.
        lieferantennummer: String,
        /// Year of the document.
        jahr: i32,
    },
    /// The document does not add up.
    #[error("Positionen und Steuer ergeben nicht den Rechnungsbetrag: Differenz {differenz} EUR; die Eingabe prüfen")]
    #[strum(serialize = "EINGANGSRECHNUNG_SUMME_ABWEICHEND")]
    SummeAbweichend {
        /// Stated gross less what the lines give.
        differenz: Betrag,
    },
    /// A key that this document must not have.
    #[error("{schluessel} ist hier nicht zulässig: {grund}")]
    #[strum(serialize = "EINGANGSRECHNUNG_STEUER_UNZULAESSIG")]
    SteuerUnzulaessig {
        /// The key.
        schluessel: String,
        /// Why.
        grund: String,
    },
    /// Differs from what was ordered and received, and nobody released that.
    #[error("Position {position} weicht von Bestellung und Wareneingang ab; erst die Rechnungsprüfung freigeben")]
    #[strum(serialize = "EINGANGSRECHNUNG_BESTELLABGLEICH")]
    Bestellabgleich {
        /// The line.
        position: i32,
        /// Quantity above what was received.
        menge: Menge,
        /// Value above what was agreed.
        preis: Betrag,
    },
}
