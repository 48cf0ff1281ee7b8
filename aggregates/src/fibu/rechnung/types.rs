//! The words of an invoice: its status and kind, what stands below its lines, and who sells to whom.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fibu::steuerrechnung::Steuerzeile,
    types::{Betrag, Menge, Preis, Satz},
};

/// Status of a Rechnung. Whether it is paid is read from its open item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RechnungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// May be changed, has no number and no effect.
    Entwurf,
    /// Final, in the ledger.
    Gebucht,
    /// Cancelled in full by a Stornorechnung.
    Storniert,
    /// A draft that was given up.
    Verworfen,
}

/// Kind of a Rechnung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RechnungArt {
    /// Invoice of a supply.
    #[default]
    Rechnung,
    /// Invoice of an advance payment.
    Anzahlung,
    /// Invoice of a supply that deducts advance payments.
    Schluss,
    /// Correction to the customer's credit.
    Gutschrift,
    /// Cancels another one in full.
    Storno,
}

/// What a surcharge or discount below the lines is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZuAbschlagArt {
    /// Carriage; added.
    #[default]
    Fracht,
    /// Discount on the whole; deducted.
    Rabatt,
    /// Surcharge for a small quantity; added.
    Mindermenge,
}

/// How a surcharge or discount is taxed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Aufteilung {
    /// Shares the tax of the main supply: split over the keys by their nets.
    #[default]
    NachNetto,
    /// All under one key.
    FesterSchluessel,
}

/// Terms of payment and by how many days later they count: deliveries that differ in them share no invoice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zahlungsziel {
    /// The terms.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Days of Valuta.
    pub valuta_tage: Option<u16>,
}

/// A line of an Auftrag that is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuftragPosition {
    /// The Auftrag.
    pub auftrag_id: Uuid,
    /// Its line.
    pub position_id: Uuid,
}

/// A line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RechnungsPosition {
    /// Number within the invoice.
    pub nr: i32,
    /// The article.
    pub artikel_id: Option<Uuid>,
    /// Its number.
    pub artikel_nr: Option<String>,
    /// What was supplied.
    pub text: String,
    /// Quantity.
    pub menge: Menge,
    /// Its unit.
    pub einheit: String,
    /// Price.
    pub preis: Preis,
    /// Discount of the line.
    pub rabatt: Satz,
    /// Net; a line of an Auftrag keeps the net decided there.
    pub netto: Betrag,
    /// Tax key.
    pub schluessel: String,
    /// Rate: as stated in a draft, as applied once booked.
    pub satz: Option<Satz>,
    /// Revenue account: as named in a draft, as posted once booked.
    pub konto: Option<String>,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// Delivery note.
    pub lieferschein: Option<String>,
    /// Day of the supply, if not the one of the whole invoice.
    pub leistungsdatum: Option<NaiveDate>,
    /// The line of an Auftrag that it invoices.
    pub auftrag: Option<AuftragPosition>,
    /// Whether it earns Skonto where the terms look at it; it does if absent.
    pub skontierfaehig: Option<bool>,
}

/// A surcharge or discount as entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZuAbschlagWerte {
    /// Number within the invoice.
    pub nr: i32,
    /// What it is.
    pub art: ZuAbschlagArt,
    /// Text.
    pub text: Option<String>,
    /// Amount, always positive.
    pub betrag: Option<Betrag>,
    /// Percentage of the lines' net, instead of an amount.
    pub prozent: Option<Satz>,
    /// How it is taxed.
    pub aufteilung: Aufteilung,
    /// The key, if it is fixed.
    pub schluessel: Option<String>,
}

/// A share of a surcharge or discount as it is posted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZuAbschlagAnteil {
    /// Number within the surcharge.
    pub lfd: i32,
    /// Tax key.
    pub schluessel: String,
    /// Revenue account.
    pub konto: String,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// Its part, negative for a discount.
    pub netto: Betrag,
}

/// A surcharge or discount as booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZuAbschlagGebucht {
    /// As it was entered.
    pub zuabschlag: ZuAbschlagWerte,
    /// What it comes to, negative for a discount.
    pub wert: Betrag,
    /// Its shares.
    pub anteile: Vec<ZuAbschlagAnteil>,
}

/// An advance payment that a Schlussrechnung deducts (§ 14 Abs. 5 UStG).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anzahlungsverrechnung {
    /// The Anzahlungsrechnung.
    pub anzahlung_id: Uuid,
    /// Its number.
    pub nummer: String,
    /// Its date, whose rate it states.
    pub rechnungsdatum: NaiveDate,
    /// What was paid on it.
    pub brutto: Betrag,
    /// Net and tax of that per key.
    pub steuer: Vec<Steuerzeile>,
}

/// The seller as he was on the day of the invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verkaeufer {
    /// Registered name.
    pub firma: String,
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: String,
    /// Town.
    pub ort: String,
    /// Country.
    pub land: String,
    /// VAT identification number.
    pub ust_id: Option<String>,
    /// Tax number; one of the two is there.
    pub steuernummer: Option<String>,
}

/// The customer as he was on the day of the invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empfaenger {
    /// Number of the Debitor.
    pub debitor_nr: String,
    /// The customer in crm.
    pub kunde_id: Option<Uuid>,
    /// Name.
    pub name: String,
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: String,
    /// Town.
    pub ort: String,
    /// Country.
    pub land: String,
    /// VAT identification number on the day of the supply.
    pub ust_id: Option<String>,
}

/// The invoice that a correction or a Storno refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bezug {
    /// The invoice.
    pub rechnung_id: Uuid,
    /// Its number.
    pub nummer: String,
    /// Its kind.
    pub art: RechnungArt,
}

/// A credit on a line of the original, or under one of its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KorrekturPosition {
    /// The line of the original; without one the credit is for the whole, e.g. a bonus.
    pub position: Option<i32>,
    /// Quantity that is credited; nothing for a mere reduction of the price.
    pub menge: Option<Menge>,
    /// Net that is credited.
    pub netto: Betrag,
    /// Tax key.
    pub schluessel: String,
    /// Text.
    pub text: String,
}
