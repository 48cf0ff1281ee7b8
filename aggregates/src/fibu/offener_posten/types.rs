//! The words of an open item: status, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fibu::{
        buchung::{Herkunft, PostenArt},
        zahlungsbedingung::Skonto,
    },
    types::{Betrag, Satz, Text},
};

/// Status of an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OpStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Nothing is settled.
    Offen,
    /// A part is settled.
    TeilAusgeglichen,
    /// All is settled.
    Ausgeglichen,
}

/// The part of a voucher that one tax key has in an item: what Skonto and losses of it are split by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SteuerAnteil {
    /// Running number.
    pub nr: i32,
    /// Tax key.
    pub schluessel: String,
    /// Rate of the voucher.
    pub satz: Option<Satz>,
    /// Gross, signed as the item.
    pub brutto: Betrag,
    /// The part of it that earns no Skonto, signed as the item.
    pub skontofrei: Option<Betrag>,
}

/// A settlement that holds on an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpAusgleich {
    /// The settlement.
    pub ausgleich_id: Uuid,
    /// The part of the item it settles, signed as the item.
    pub betrag: Betrag,
    /// The Skonto in it, signed as the item.
    pub skonto: Option<Betrag>,
    /// Its date.
    pub datum: NaiveDate,
}

/// An item as its voucher opens it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpEroeffnung {
    /// Debitor or Kreditor.
    pub personenkonto: String,
    /// Its Sammelkonto.
    pub konto: String,
    /// Kind.
    pub art: PostenArt,
    /// The voucher.
    pub buchung_id: Uuid,
    /// Its position.
    pub position_nr: i32,
    /// Number of the voucher.
    pub belegnummer: String,
    /// Reference of the document.
    pub beleg: Option<String>,
    /// What the voucher came from.
    pub herkunft: Option<Herkunft>,
    /// Text.
    pub text: String,
    /// Date on the document.
    pub belegdatum: NaiveDate,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Day that decided the rates.
    pub steuerdatum: NaiveDate,
    /// Currency.
    pub waehrung: String,
    /// Soll − Haben.
    pub betrag: Betrag,
    /// Due date.
    pub faellig: NaiveDate,
    /// Steps of Skonto.
    pub skonto: Vec<Skonto>,
    /// Tax split of the voucher; empty if it has several lines of Personenkonten.
    pub steuer: Vec<SteuerAnteil>,
}

/// A settlement applied to an item or taken back, with what other areas want to know of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpBewegung {
    /// The settlement.
    pub ausgleich_id: Uuid,
    /// The document of the item: what its voucher came from, else the voucher itself.
    pub beleg: Herkunft,
    /// Number of its voucher.
    pub belegnummer: Option<String>,
    /// Debitor or Kreditor.
    pub personenkonto: String,
    /// Customer of the Debitor.
    pub kunde_id: Option<Uuid>,
    /// The part settled, signed as the item.
    pub betrag: Betrag,
    /// The Skonto in it, signed as the item.
    pub skonto: Option<Betrag>,
    /// Date of the settlement, or of its cancellation.
    pub datum: NaiveDate,
    /// What is open then.
    pub rest: Betrag,
    /// Status then.
    pub status: OpStatus,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "every item begins with the large one, boxing it would save nothing"
)]
pub enum OffenerPostenCommand {
    /// Opens the item of a line that was posted in the same unit of work.
    Eroeffnen(OpEroeffnung),
    /// Settles a part of it; the Ausgleich that asks was decided in the same unit of work.
    AusgleichAnwenden {
        /// The settlement.
        ausgleich_id: Uuid,
        /// The part it settles, signed as the item.
        betrag: Betrag,
        /// The Skonto in it, signed as the item.
        skonto: Option<Betrag>,
        /// Its date.
        datum: NaiveDate,
    },
    /// Takes a settlement back.
    AusgleichZuruecknehmen {
        /// The settlement.
        ausgleich_id: Uuid,
        /// Date of the cancellation.
        datum: NaiveDate,
    },
    /// Moves the due date (Valuta, Stundung).
    FaelligkeitAendern {
        /// Due date.
        faellig: NaiveDate,
        /// Why.
        grund: Text<500>,
    },
    /// Takes the item out of dunning.
    MahnsperreSetzen {
        /// Last day.
        bis: Option<NaiveDate>,
        /// Why.
        grund: Text<500>,
    },
    /// Puts the item back into dunning.
    MahnsperreAufheben {},
    /// Marks the item as disputed by the partner, or no longer so.
    StrittigMelden {
        /// False once the dispute is over.
        strittig: bool,
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum OffenerPostenEvent {
    /// The item is open.
    Eroeffnet {
        /// The item.
        posten: OpEroeffnung,
        /// Customer of the Debitor.
        kunde_id: Option<Uuid>,
    },
    /// A part is settled.
    AusgleichAngewandt(OpBewegung),
    /// A settlement was taken back; betrag is what is open again.
    AusgleichZurueckgenommen(OpBewegung),
    /// New due date.
    FaelligkeitGeaendert {
        /// Debitor or Kreditor.
        personenkonto: String,
        /// Due date.
        faellig: NaiveDate,
        /// Why.
        grund: String,
    },
    /// Out of dunning.
    MahnsperreGesetzt {
        /// Last day.
        bis: Option<NaiveDate>,
        /// Why.
        grund: String,
    },
    /// In dunning again.
    MahnsperreAufgehoben {},
    /// Disputed, or no longer so.
    StrittigGemeldet {
        /// False once the dispute is over.
        strittig: bool,
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum OffenerPostenError {
    /// More than is open.
    #[error("der Posten {belegnummer} ist nur noch mit {rest} EUR offen; höchstens so viel ausgleichen")]
    #[strum(serialize = "OP_UEBERAUSGEGLICHEN")]
    Ueberausgeglichen {
        /// What is open.
        rest: Betrag,
        /// Number of its voucher.
        belegnummer: String,
    },
}
