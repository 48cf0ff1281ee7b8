//! Commands of the Kunde.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{KundenAdresseEingabe, KundenArt, KundenNachweisEingabe, Lieferart, Rechnungsart, SperreArt};
use crate::{fibu::partner::UstArt, geschaeftspartner::KontaktEingabe, types::Text};

/// A new customer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnlegenEingabe {
    /// Kind.
    pub kunden_art: KundenArt,
    /// Name.
    pub name: Text<200>,
    /// A consumer; a business if absent.
    pub verbraucher: Option<bool>,
    /// How he is taxed; the first tax status of his Debitor.
    pub ust_status: UstArt,
    /// First day of that tax status; today if absent.
    pub ust_status_ab: Option<NaiveDate>,
    /// VAT identification number.
    pub ust_id: Option<Text<20>>,
}

/// Changed master data; absent fields stay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StammdatenAendernEingabe {
    /// Kind.
    pub kunden_art: Option<KundenArt>,
    /// Name.
    pub name: Option<Text<200>>,
    /// VAT identification number.
    pub ust_id: Option<Text<20>>,
}

/// Terms; absent ones end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KonditionenEingabe {
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// His own price list.
    pub preisliste_id: Option<Uuid>,
    /// How goods reach him; lieferung if absent.
    pub lieferart: Option<Lieferart>,
    /// How he is invoiced; einzel if absent.
    pub rechnungsart: Option<Rechnungsart>,
    /// Days by which the due date is later than the terms say, at most 365.
    pub valuta_tage: Option<u16>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KundeCommand {
    /// Enters a customer as a draft; he gets his number.
    Anlegen(AnlegenEingabe),
    /// Releases the customer: he gets his Debitor and his Kreditlinie.
    Freigeben {},
    /// Changes master data; absent fields stay.
    StammdatenAendern(StammdatenAendernEingabe),
    /// Adds an address.
    AdresseHinzufuegen {
        /// The address.
        adresse: KundenAdresseEingabe,
    },
    /// Changes an address.
    AdresseAendern {
        /// Its id.
        adresse_id: Uuid,
        /// The whole address.
        adresse: KundenAdresseEingabe,
    },
    /// Ends an address.
    AdresseSchliessen {
        /// Its id.
        adresse_id: Uuid,
        /// Last day.
        bis: NaiveDate,
    },
    /// Adds a contact.
    KontaktHinzufuegen {
        /// The contact.
        kontakt: KontaktEingabe,
    },
    /// Changes a contact.
    KontaktAendern {
        /// Its id.
        kontakt_id: Uuid,
        /// The whole contact.
        kontakt: KontaktEingabe,
    },
    /// Talks to the contact no more; the main contact is free again.
    KontaktDeaktivieren {
        /// Its id.
        kontakt_id: Uuid,
    },
    /// Names the main contact.
    HauptkontaktSetzen {
        /// Its id.
        kontakt_id: Uuid,
    },
    /// Sets the terms of the customer.
    KonditionenSetzen(KonditionenEingabe),
    /// Locks one step of the document chain; faktura locks the Debitor.
    SperreSetzen {
        /// The step.
        art: SperreArt,
        /// Why.
        grund: Text<500>,
        /// Last day; until further notice if absent.
        bis: Option<NaiveDate>,
    },
    /// Lifts a lock.
    SperreAufheben {
        /// The step.
        art: SperreArt,
        /// Why.
        grund: Text<500>,
    },
    /// Lifts a lock whose last day is over.
    SperreAblaufen {
        /// The step.
        art: SperreArt,
        /// Its last day.
        bis: NaiveDate,
    },
    /// Records a certificate.
    NachweisErfassen(KundenNachweisEingabe),
    /// Makes this customer part of another one.
    ZusammenfuehrenIn {
        /// The other one.
        ziel_id: Uuid,
    },
    /// Keeps the customer, who buys no more.
    Archivieren {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Takes him out of the archive.
    Reaktivieren {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Hands over to the Debitor what differs there today.
    StammdatenUebergeben {
        /// The VAT identification number too.
        ust_id: bool,
    },
}
