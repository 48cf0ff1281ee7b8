//! What happened, kept for ever: the voucher with all its lines as decided.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Buchungsart, OpArt, PostenArt, Seite, Steuerrolle};
use crate::{
    dienste::nummernkreis::Belegnummer,
    fibu::zahlungsbedingung::{Skonto, SkontofreierTeil},
    types::{Betrag, Satz},
};

/// Where a voucher comes from, if not from a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Herkunft {
    /// Aggregate type, e.g. `rechnung`.
    pub typ: String,
    /// Its stream.
    pub id: Uuid,
}

/// A cost part of a ledger line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kontierung {
    /// Running number within the line.
    pub lfd: i32,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// Its part; all parts of a line sum to the line.
    pub betrag: Betrag,
}

/// What a ledger line does to the open items, with the terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpBezug {
    /// Opens an item or none.
    pub art: OpArt,
    /// Due date.
    pub faellig: Option<NaiveDate>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Kind of the item.
    pub posten: Option<PostenArt>,
    /// Steps of Skonto.
    #[serde(default)]
    pub skonto: Vec<Skonto>,
    /// What earns no Skonto, per tax key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skontofrei: Vec<SkontofreierTeil>,
}

/// A ledger line as decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuchungsPosition {
    /// Number within the voucher, from 1.
    pub nr: i32,
    /// Account; for a personenkonto its Sammelkonto.
    pub konto: String,
    /// Debitor or Kreditor.
    pub personenkonto: Option<String>,
    /// Side.
    pub seite: Seite,
    /// Amount, negative only in a Generalumkehr.
    pub betrag: Betrag,
    /// Tax key.
    pub steuerschluessel: Option<String>,
    /// Rate that was applied.
    pub steuersatz: Option<Satz>,
    /// Role for the tax ledger.
    pub steuerrolle: Steuerrolle,
    /// Cost split; empty without a cost object, else it sums to the amount.
    pub kontierung: Vec<Kontierung>,
    /// Open item.
    pub op_bezug: Option<OpBezug>,
    /// Account of the single entered line on the other side, if there is just one.
    pub gegenkonto: Option<String>,
    /// Text of the line.
    pub text: Option<String>,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every event of the aggregate is the large one"
)]
pub enum BuchungEvent {
    /// The voucher is in the ledger, with all generated lines.
    Erfasst {
        /// Its number.
        belegnummer: Belegnummer,
        /// Date on the document.
        belegdatum: NaiveDate,
        /// Date in the ledger.
        buchungsdatum: NaiveDate,
        /// Geschäftsjahr.
        geschaeftsjahr_id: Uuid,
        /// First day of the Geschäftsjahr.
        geschaeftsjahr_beginn: NaiveDate,
        /// Period 0 to 13.
        periode: u8,
        /// Day that decides rate and VAT period.
        steuerdatum: NaiveDate,
        /// Kind.
        buchungsart: Buchungsart,
        /// Text.
        text: String,
        /// Currency.
        waehrung: String,
        /// Reference of the document.
        beleg: Option<String>,
        /// Reason.
        grund: Option<String>,
        /// Where it comes from.
        herkunft: Option<Herkunft>,
        /// All lines.
        positionen: Vec<BuchungsPosition>,
    },
    /// Reversed.
    Storniert {
        /// Stream of the Generalumkehr.
        durch: Uuid,
        /// Why.
        grund: String,
        /// Date of the reversal.
        buchungsdatum: NaiveDate,
    },
    /// A remark.
    VermerkHinzugefuegt {
        /// Number within the voucher, from 1.
        nr: i32,
        /// The remark.
        text: String,
        /// A document of the archive.
        dokument_id: Option<Uuid>,
    },
}
