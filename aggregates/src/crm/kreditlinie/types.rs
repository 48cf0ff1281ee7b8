//! The words of the Kreditlinie.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::{Akteur, Betrag, Text};

/// Status of a credit line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KreditStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Something is left and nothing waits.
    ImRahmen,
    /// Nothing is left, or a document waits.
    Ausgeschoepft,
    /// The last limit is over; it counts as 0.
    Abgelaufen,
}

/// Kind of a document on a credit line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KreditBelegTyp {
    /// Confirmed, not delivered. The only kind that is asked whether it fits; all others have happened.
    Auftrag,
    /// Delivered, not invoiced.
    Lieferung,
    /// An open item.
    Op,
    /// What the customer has to his credit: payments and credit notes that are not allocated; counts against the obligo.
    Zahlung,
}

impl KreditBelegTyp {
    /// True for what the customer has to his credit: its amount is never above zero.
    #[must_use]
    pub const fn guthaben(self) -> bool {
        matches!(self, Self::Zahlung)
    }
}

/// A document on a credit line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KreditBeleg {
    /// Its kind.
    pub typ: KreditBelegTyp,
    /// Its stream; of a delivery the stream of its Auftrag, of what the customer has to his credit the customer: no
    /// settlement says which credit pays which item.
    pub id: Uuid,
    /// Its number.
    pub nummer: Option<Text<60>>,
}

impl fmt::Display for KreditBeleg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typ: &str = self.typ.into();
        match &self.nummer {
            Some(nummer) => write!(f, "{typ} {nummer}"),
            None => write!(f, "{typ} {}", self.id),
        }
    }
}

/// An agreed limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kreditlimit {
    /// Running number.
    pub nr: i32,
    /// The amount.
    pub betrag: Betrag,
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// Last day.
    pub gueltig_bis: Option<NaiveDate>,
    /// What secures it.
    pub sicherheit: Option<String>,
    /// Who set it.
    pub gesetzt_von: Akteur,
    /// Who released it; it does not count before.
    pub freigegeben_von: Option<Akteur>,
}

impl Kreditlimit {
    /// True if it was released and holds on a day.
    #[must_use]
    pub fn gilt(&self, am: NaiveDate) -> bool {
        self.freigegeben_von.is_some() && self.gueltig_ab <= am && self.gueltig_bis.is_none_or(|bis| am <= bis)
    }
}

/// What a document uses of a credit line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KreditBelegung {
    /// Kind of the document.
    pub beleg_typ: KreditBelegTyp,
    /// Its stream.
    pub beleg_id: Uuid,
    /// Its number.
    pub beleg_nummer: Option<String>,
    /// What it uses; counts in the obligo.
    pub belegt: Betrag,
    /// What did not fit; does not count in the obligo.
    pub vorgemerkt: Betrag,
    /// Rank of the waiting amount; the lowest waits longest.
    pub vormerkung_nr: Option<i64>,
}

impl KreditBelegung {
    /// The document.
    #[must_use]
    pub fn beleg(&self) -> KreditBeleg {
        KreditBeleg {
            typ: self.beleg_typ,
            id: self.beleg_id,
            nummer: self.beleg_nummer.as_deref().map(Text::cut),
        }
    }
}

/// Why a document waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum KreditGrund {
    /// It would go over the limit.
    #[strum(serialize = "KREDITLINIE_UEBERSCHRITTEN")]
    Ueberschritten,
    /// The last limit is over and counts as 0.
    #[strum(serialize = "KREDITLINIE_ABGELAUFEN")]
    Abgelaufen,
}

/// The obligo by its parts, all gross.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Obligo {
    /// Open items.
    pub offene_posten: Betrag,
    /// Delivered, not invoiced.
    pub lieferungen: Betrag,
    /// Confirmed, not delivered.
    pub auftraege: Betrag,
    /// Payments and credit notes that are not allocated; not above zero.
    pub guthaben: Betrag,
}

impl Obligo {
    /// The sum.
    #[must_use]
    pub fn summe(&self) -> Betrag {
        self.offene_posten + self.lieferungen + self.auftraege + self.guthaben
    }
}
