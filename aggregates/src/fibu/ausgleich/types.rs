//! The words of a settlement: status, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fibu::buchungssatz::Buchungssatz,
    types::{Betrag, Dezimal, Text},
};

/// Status of a settlement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AusgleichStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Holds.
    Ausgeglichen,
    /// Taken back.
    Aufgehoben,
}

/// What happens to the difference between the items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Restbehandlung {
    /// There is none: the items sum to zero.
    #[default]
    Offen,
    /// Up to the tolerance it is written off with its tax.
    Kleindifferenz,
    /// It is lost, with the correction of its VAT (§ 17 Abs. 2 Nr. 1 UStG).
    Forderungsverlust,
}

/// An item to settle as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AusgleichZeileEingabe {
    /// The item.
    pub op_id: Uuid,
    /// The part to settle with its Skonto, signed as the item: Soll positive, Haben negative.
    pub betrag: Dezimal,
    /// The Skonto in it, signed as the item.
    pub skonto: Option<Dezimal>,
}

/// A settlement as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AusgleichenEingabe {
    /// Date; the Folgebuchung bears it.
    pub datum: NaiveDate,
    /// Day the money was there, which decides about Skonto; datum if absent.
    pub wert: Option<NaiveDate>,
    /// The items.
    pub zeilen: Vec<AusgleichZeileEingabe>,
    /// What happens to the difference; it must be zero if absent.
    pub restbehandlung: Option<Restbehandlung>,
    /// Reason; needed to settle items of different partners.
    pub grund: Option<Text<500>>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum AusgleichCommand {
    /// Settles items.
    Ausgleichen(AusgleichenEingabe),
    /// Takes the settlement back and reverses what it posted, and nothing else.
    Aufheben {
        /// Why.
        grund: Text<500>,
        /// Date; today if absent.
        datum: Option<NaiveDate>,
    },
    /// Settles the items of a reversed voucher with those of its reversal, posted in the same unit of work.
    StornoAusgleichen {
        /// Date of the reversal.
        datum: NaiveDate,
        /// The items.
        zeilen: Vec<AusgleichZeile>,
        /// Reason of the reversal.
        grund: Text<500>,
    },
    /// Takes such a settlement back because the document that brought it falls.
    StornoAufheben {
        /// Why.
        grund: Text<500>,
        /// Date.
        datum: NaiveDate,
    },
}

/// A settled item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AusgleichZeile {
    /// The item.
    pub op_id: Uuid,
    /// The part settled, signed as the item.
    pub betrag: Betrag,
    /// The Skonto in it, signed as the item.
    pub skonto: Option<Betrag>,
}

/// An item that the Folgebuchung opens and the settlement closes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpPosition {
    /// Number of the line in the voucher.
    pub nr: i32,
    /// The item.
    pub op_id: Uuid,
    /// Its amount, Soll − Haben.
    pub betrag: Betrag,
}

/// What a settlement posts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Folgebuchung {
    /// The posting, of the date of the settlement; the lines of Personenkonten come first.
    pub buchung: Buchungssatz,
    /// The items they open.
    pub op_positionen: Vec<OpPosition>,
}

/// The reversal of a Folgebuchung.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Umkehr {
    /// The voucher.
    pub original: Uuid,
    /// Stream of its Generalumkehr.
    pub durch: Uuid,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum AusgleichEvent {
    /// Items are settled.
    Ausgeglichen {
        /// Date.
        datum: NaiveDate,
        /// Day that decided about Skonto.
        wert: NaiveDate,
        /// What happened to the difference.
        restbehandlung: Restbehandlung,
        /// Reason.
        grund: Option<String>,
        /// True for a reversed voucher and its reversal.
        storno: bool,
        /// The items.
        zeilen: Vec<AusgleichZeile>,
        /// What it posted.
        folgebuchung: Option<Folgebuchung>,
    },
    /// Taken back.
    Aufgehoben {
        /// Why.
        grund: String,
        /// Date.
        datum: NaiveDate,
        /// The items that are open again, with those of the Folgebuchung.
        op_ids: Vec<Uuid>,
        /// The reversal of the Folgebuchung.
        umkehr: Option<Umkehr>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum AusgleichError {
    /// The items do not sum to zero.
    #[error("die Posten gehen nicht auf: es bleiben {summe} EUR; Beträge ändern oder eine Restbehandlung wählen")]
    #[strum(serialize = "AUSGLEICH_NICHT_NULL")]
    NichtNull {
        /// The signed sum.
        summe: Betrag,
    },
    /// Items of different partners.
    #[error(
        "die Posten gehören zu verschiedenen Personenkonten ({}); das verlangt einen Grund und das Recht fibu.ausgleich_partner",
        .personenkonten.join(", ")
    )]
    #[strum(serialize = "AUSGLEICH_PARTNER")]
    Partner {
        /// The accounts.
        personenkonten: Vec<String>,
    },
    /// Too late for Skonto.
    #[error("Skonto galt mit Toleranz bis {bis}; das Geld ist vom {wert}")]
    #[strum(serialize = "AUSGLEICH_SKONTO_FRIST")]
    SkontoFrist {
        /// Last day with tolerance.
        bis: NaiveDate,
        /// Day of the money.
        wert: NaiveDate,
    },
    /// More Skonto than granted.
    #[error("so viel Skonto ist nicht gewährt; höchstens {max} EUR")]
    #[strum(serialize = "AUSGLEICH_SKONTO_BETRAG")]
    SkontoBetrag {
        /// Granted with tolerance.
        max: Betrag,
    },
    /// More than a small difference.
    #[error("als Kleindifferenz werden höchstens {max} EUR ausgebucht")]
    #[strum(serialize = "AUSGLEICH_TOLERANZ")]
    Toleranz {
        /// The tolerance.
        max: Betrag,
    },
    /// Payments of one side.
    #[error("Zahlungen derselben Seite gleichen einander nicht aus; Rechnung und Zahlung wählen")]
    #[strum(serialize = "AUSGLEICH_ART")]
    Art {},
    /// Taken back already.
    #[error("der Ausgleich ist schon aufgehoben; die Posten lassen sich neu ausgleichen")]
    #[strum(serialize = "AUSGLEICH_AUFGEHOBEN")]
    Aufgehoben {},
}
