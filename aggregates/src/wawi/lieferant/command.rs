//! Commands of the Lieferant.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{LieferantAdresseEingabe, LieferantArt, LieferantZertifikatEingabe, SperrBereich};
use crate::{
    fibu::partner::UstArt,
    geschaeftspartner::KontaktEingabe,
    types::{Dezimal, Text},
};

/// A new supplier.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnlegenEingabe {
    /// Name.
    pub name: Text<200>,
    /// Short name for searching.
    pub matchcode: Option<Text<60>>,
    /// Kind.
    pub art: LieferantArt,
    /// How he is taxed; the first tax status of his Kreditor.
    pub ust_status: UstArt,
    /// First day of that tax status; today if absent.
    pub ust_status_ab: Option<NaiveDate>,
    /// VAT identification number.
    pub ust_id: Option<Text<20>>,
    /// Tax number.
    pub steuernummer: Option<Text<20>>,
    /// The same partner as a customer.
    pub kunde_id: Option<Uuid>,
    /// Why a supplier with the VAT id of another one is entered all the same.
    pub dublette_grund: Option<Text<500>>,
}

/// Changed master data; absent fields stay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StammdatenAendernEingabe {
    /// Name.
    pub name: Option<Text<200>>,
    /// Short name for searching.
    pub matchcode: Option<Text<60>>,
    /// Kind.
    pub art: Option<LieferantArt>,
    /// VAT identification number.
    pub ust_id: Option<Text<20>>,
    /// Tax number.
    pub steuernummer: Option<Text<20>>,
    /// The same partner as a customer.
    pub kunde_id: Option<Uuid>,
    /// Why the VAT id of another supplier is right all the same.
    pub dublette_grund: Option<Text<500>>,
}

/// Terms of purchase as a client sends them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KonditionEingabe {
    /// First day; today if absent.
    pub gueltig_ab: Option<NaiveDate>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Uuid,
    /// Least net value of an order.
    pub mindestbestellwert: Option<Dezimal>,
    /// Net value from which on delivery is free.
    pub frachtfrei_ab: Option<Dezimal>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum LieferantCommand {
    /// Enters a supplier; he gets his number.
    Anlegen(AnlegenEingabe),
    /// Changes master data; absent fields stay.
    StammdatenAendern(StammdatenAendernEingabe),
    /// Adds an address, or changes the one named.
    AdresseSetzen {
        /// The address to change.
        adresse_id: Option<Uuid>,
        /// The whole address.
        adresse: LieferantAdresseEingabe,
    },
    /// Adds a contact, or changes the one named.
    KontaktSetzen {
        /// The contact to change.
        kontakt_id: Option<Uuid>,
        /// The whole contact.
        kontakt: KontaktEingabe,
        /// Still to be talked to; as before if absent.
        aktiv: Option<bool>,
    },
    /// Records a certificate.
    ZertifikatErfassen(LieferantZertifikatEingabe),
    /// Withdraws a certificate.
    ZertifikatWiderrufen {
        /// Its id.
        zertifikat_id: Uuid,
        /// First day without it; today if absent.
        ab: Option<NaiveDate>,
        /// Why.
        grund: Text<500>,
    },
    /// Sets the terms of purchase from a day on.
    KonditionSetzen(KonditionEingabe),
    /// Releases the supplier: he gets his Kreditor.
    Freigeben {},
    /// Locks the supplier; zahlung and gesamt set the Zahlsperre of the Kreditor.
    Sperren {
        /// What is locked.
        bereich: SperrBereich,
        /// Why.
        grund: Text<500>,
    },
    /// Lifts the lock.
    Entsperren {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Ends the business with the supplier.
    Inaktivieren {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Hands over to the Kreditor what differs there today.
    StammdatenUebergeben {
        /// The VAT identification number too.
        ust_id: bool,
    },
}
