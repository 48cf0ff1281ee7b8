//! Facts of the Lieferant.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{
    LieferantAdresse, LieferantArt, LieferantKondition, LieferantSperre, LieferantZertifikat, SperrBereich,
};
use crate::{
    fibu::partner::{PartnerAnschrift, UstArt},
    geschaeftspartner::Kontakt,
};

/// Another supplier with the same VAT id, known and accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dublette {
    /// The other one.
    pub lieferant_id: Uuid,
    /// Why both are right.
    pub grund: String,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum LieferantEvent {
    /// Entered.
    Angelegt {
        /// Number.
        lieferant_nr: String,
        /// Name.
        name: String,
        /// Short name for searching.
        matchcode: Option<String>,
        /// Kind.
        art: LieferantArt,
        /// How he is taxed at first.
        ust_status: UstArt,
        /// First day of that tax status.
        ust_status_ab: NaiveDate,
        /// VAT identification number.
        ust_id: Option<String>,
        /// Tax number.
        steuernummer: Option<String>,
        /// The same partner as a customer.
        kunde_id: Option<Uuid>,
        /// The other supplier with that VAT id.
        dublette: Option<Dublette>,
        /// Currency.
        waehrung: String,
    },
    /// Master data changed; absent fields stay.
    StammdatenGeaendert {
        /// Name.
        name: Option<String>,
        /// Short name for searching.
        matchcode: Option<String>,
        /// Kind.
        art: Option<LieferantArt>,
        /// VAT identification number.
        ust_id: Option<String>,
        /// Tax number.
        steuernummer: Option<String>,
        /// The same partner as a customer.
        kunde_id: Option<Uuid>,
        /// The other supplier with that VAT id.
        dublette: Option<Dublette>,
    },
    /// An address, new or in the place of the one with its id.
    AdresseGesetzt {
        /// The whole address.
        adresse: LieferantAdresse,
    },
    /// A contact, new or in the place of the one with its id.
    KontaktGesetzt {
        /// The whole contact.
        kontakt: Kontakt,
    },
    /// A certificate.
    ZertifikatErfasst {
        /// The certificate.
        zertifikat: LieferantZertifikat,
    },
    /// A certificate was withdrawn.
    ZertifikatWiderrufen {
        /// Its id.
        zertifikat_id: Uuid,
        /// First day without it.
        ab: NaiveDate,
        /// Why.
        grund: String,
    },
    /// Terms of purchase; those of the same day give way.
    KonditionGesetzt {
        /// The terms.
        kondition: LieferantKondition,
    },
    /// Delivers. All that the Kreditor begins with.
    Freigegeben {
        /// Stream of the Kreditor.
        kreditor_id: Uuid,
        /// Number.
        lieferant_nr: String,
        /// Name.
        name: String,
        /// Main address.
        anschrift: PartnerAnschrift,
        /// Terms of payment.
        zahlungsbedingung_id: Uuid,
        /// How he is taxed at first.
        ust_art: UstArt,
        /// First day of that tax status.
        ust_status_ab: NaiveDate,
        /// VAT identification number.
        ust_id: Option<String>,
        /// Currency.
        waehrung: String,
    },
    /// Locked.
    Gesperrt {
        /// The lock.
        sperre: LieferantSperre,
        /// The Kreditor whose payments are locked with it.
        kreditor_id: Option<Uuid>,
    },
    /// Unlocked.
    Entsperrt {
        /// What was locked.
        bereich: SperrBereich,
        /// Why.
        grund: Option<String>,
        /// The Kreditor whose payments are free with it.
        kreditor_id: Option<Uuid>,
    },
    /// The business ended.
    Inaktiviert {
        /// Why.
        grund: Option<String>,
    },
    /// The Kreditor takes over what differed there; absent fields are the same.
    StammdatenUebergeben {
        /// The Kreditor.
        kreditor_id: Uuid,
        /// Name.
        name: Option<String>,
        /// Main address.
        anschrift: Option<PartnerAnschrift>,
        /// VAT identification number.
        ust_id: Option<String>,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
    },
}
