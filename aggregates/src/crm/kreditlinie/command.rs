//! Commands of the Kreditlinie.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::KreditBeleg;
use crate::types::{Dezimal, Text};

/// Commands. What documents do to the line is internal: the policies of orders, deliveries, invoices, payments and
/// open items send it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KreditlinieCommand {
    /// Opens the line of a customer, without a limit.
    Einrichten {
        /// The customer; its stream names the line's.
        kunde_id: Uuid,
    },
    /// Sets a limit; it counts once a second person has released it.
    LimitSetzen {
        /// The amount, 0.00 or more.
        betrag: Dezimal,
        /// First day.
        gueltig_ab: NaiveDate,
        /// Last day; until further notice if absent.
        gueltig_bis: Option<NaiveDate>,
        /// What secures it.
        sicherheit: Option<Text<200>>,
    },
    /// Releases a limit as a second person.
    LimitFreigeben {
        /// Its number.
        nr: i32,
    },
    /// A document asks for credit: the whole amount at first, the difference when it rises. An order that does not fit
    /// waits; what has happened (delivery, open item, returned payment) counts in any case.
    Belegen {
        /// The document.
        beleg: KreditBeleg,
        /// What it asks for.
        betrag: Dezimal,
    },
    /// A document becomes another one: order, delivery, open item; an open item is settled by a payment. What the old
    /// one has less than the amount is new use: more was delivered than ordered.
    Umwidmen {
        /// The old document.
        von: KreditBeleg,
        /// The new document.
        nach: KreditBeleg,
        /// The amount.
        betrag: Dezimal,
    },
    /// A document needs less credit; a payment or a credit note counts against the obligo.
    Entlasten {
        /// The document.
        beleg: KreditBeleg,
        /// The amount; all that is left of the document if absent.
        betrag: Option<Dezimal>,
    },
    /// Looks whether waiting documents fit today, the oldest first.
    NeuPruefen {},
}
