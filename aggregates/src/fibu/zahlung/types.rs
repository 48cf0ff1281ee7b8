//! The words of a payment: status, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fibu::{
        ausgleich::{AusgleichZeile, Restbehandlung, Umkehr},
        buchungssatz::Buchungssatz,
    },
    types::{Betrag, Dezimal, Text},
};

/// Status of a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZahlungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Entered, without effect on the ledger.
    Erfasst,
    /// In the ledger.
    Gebucht,
    /// The bank took it back.
    Zurueckgegeben,
    /// Was a mistake.
    Storniert,
}

/// In or out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Richtung {
    /// The partner pays.
    #[default]
    Eingang,
    /// We pay.
    Ausgang,
}

/// An item that a payment is for, as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZahlungszuordnungEingabe {
    /// The item.
    pub op_id: Uuid,
    /// The part to settle with its Skonto. Positive for what the payment pays (invoices), negative for what it is
    /// reduced by (credit notes).
    pub betrag: Dezimal,
    /// The Skonto in it, with the sign of betrag.
    pub skonto: Option<Dezimal>,
}

/// A payment as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZahlungErfassen {
    /// In or out.
    pub richtung: Richtung,
    /// Own account.
    pub geldkonto_id: Uuid,
    /// Debitor or Kreditor.
    pub personenkonto: Text<9>,
    /// Amount, positive.
    pub betrag: Dezimal,
    /// Currency; EUR if absent, the only one so far.
    pub waehrung: Option<Text<3>>,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Day the money was there, which decides about Skonto; buchungsdatum if absent.
    pub wertstellung: Option<NaiveDate>,
    /// Purpose.
    pub zweck: Option<Text<140>>,
    /// The items it is for; what is not assigned stays as an open credit.
    #[serde(default)]
    pub zuordnungen: Vec<ZahlungszuordnungEingabe>,
    /// What happens to a difference between payment and items.
    pub restbehandlung: Option<Restbehandlung>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ZahlungCommand {
    /// Enters a payment, without effect on the ledger.
    Erfassen(ZahlungErfassen),
    /// Posts it and settles the items it is for. Skonto that comes too late is not taken; the item keeps that rest.
    Buchen {},
    /// The bank took it back: cancels its settlements and posts the reverse.
    Zurueckgeben {
        /// Reason code of the bank, e.g. `AC04`, `MD01`.
        grund_code: Text<10>,
        /// Date in the ledger; today if absent.
        buchungsdatum: Option<NaiveDate>,
        /// Fee of the bank.
        gebuehr: Option<Dezimal>,
        /// The partner bears the fee.
        #[serde(default)]
        weiterbelasten: bool,
    },
    /// Takes a mistaken payment back; a booked one by a Generalumkehr.
    Stornieren {
        /// Why.
        grund: Text<500>,
        /// Date of the reversal; today if absent.
        buchungsdatum: Option<NaiveDate>,
    },
}

/// An item that a payment is for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zahlungszuordnung {
    /// The item.
    pub op_id: Uuid,
    /// The part to settle with its Skonto; positive for what the payment pays.
    pub betrag: Betrag,
    /// The Skonto in it.
    pub skonto: Option<Betrag>,
}

/// The voucher of a movement of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geldbeleg {
    /// Its Nummernkreis, by the kind of the Geldkonto.
    pub belegkreis: String,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// The posting: Personenkonto, Geldkonto, then a fee.
    pub buchung: Buchungssatz,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ZahlungEvent {
    /// Entered.
    Erfasst {
        /// In or out.
        richtung: Richtung,
        /// Own account.
        geldkonto_id: Uuid,
        /// Debitor or Kreditor.
        personenkonto: String,
        /// Amount.
        betrag: Betrag,
        /// Currency.
        waehrung: String,
        /// Date in the ledger.
        buchungsdatum: NaiveDate,
        /// Day the money was there.
        wertstellung: NaiveDate,
        /// Purpose.
        zweck: Option<String>,
        /// What happens to a difference.
        restbehandlung: Restbehandlung,
        /// The items it is for.
        zuordnungen: Vec<Zahlungszuordnung>,
    },
    /// In the ledger.
    Gebucht {
        /// What is posted.
        beleg: Geldbeleg,
        /// In or out.
        richtung: Richtung,
        /// Customer of the Debitor.
        kunde_id: Option<Uuid>,
        /// Amount.
        betrag: Betrag,
        /// Currency.
        waehrung: String,
        /// Day the money was there.
        wertstellung: NaiveDate,
        /// Its settlement, if items are assigned.
        ausgleich_id: Option<Uuid>,
        /// The items settled, with that of the payment; signed as the items.
        zeilen: Vec<AusgleichZeile>,
        /// What happens to a difference.
        restbehandlung: Restbehandlung,
    },
    /// Taken back by the bank.
    Zurueckgegeben {
        /// Reason code of the bank.
        grund_code: String,
        /// The settlements that are cancelled.
        ausgleiche: Vec<Uuid>,
        /// What is posted.
        beleg: Geldbeleg,
        /// Settlement of payment and return.
        ausgleich_id: Uuid,
        /// The items of payment and return.
        zeilen: Vec<AusgleichZeile>,
    },
    /// Taken back as a mistake.
    Storniert {
        /// Why.
        grund: String,
        /// Date of the reversal.
        buchungsdatum: NaiveDate,
        /// The settlements that are cancelled.
        ausgleiche: Vec<Uuid>,
        /// The reversal of its voucher; absent if it was not booked.
        umkehr: Option<Umkehr>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum ZahlungError {
    /// Not an amount to pay.
    #[error("{feld} ist kein Zahlbetrag: nötig sind mehr als 0,00 und höchstens zwei Nachkommastellen")]
    #[strum(serialize = "ZAHLUNG_BETRAG")]
    Betrag {
        /// The field.
        feld: String,
    },
    /// More is assigned than paid.
    #[error("zugeordnet sind {summe} EUR, gezahlt {betrag} EUR; weniger zuordnen oder eine Restbehandlung wählen")]
    #[strum(serialize = "ZAHLUNG_ZUORDNUNG_UEBER_BETRAG")]
    ZuordnungUeberBetrag {
        /// Assigned without Skonto.
        summe: Betrag,
        /// Paid.
        betrag: Betrag,
    },
    /// A currency that is not kept.
    #[error("in {waehrung} wird noch nicht gezahlt; nur EUR ist möglich")]
    #[strum(serialize = "ZAHLUNG_WAEHRUNG")]
    Waehrung {
        /// The currency.
        waehrung: String,
    },
    /// The supplier is not to be paid.
    #[error("für {personenkonto} gilt eine Zahlsperre; zuerst aufheben")]
    #[strum(serialize = "OP_ZAHLSPERRE")]
    Zahlsperre {
        /// The Kreditor.
        personenkonto: String,
    },
}
