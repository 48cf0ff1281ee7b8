//! Facts of the Kunde.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::{KundenAdresse, KundenArt, KundenNachweis, KundenSperre, Lieferart, Rechnungsart, SperreArt};
use crate::{
    fibu::partner::{PartnerAnschrift, UstArt},
    geschaeftspartner::Kontakt,
};

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KundeEvent {
    /// Entered as a draft.
    Angelegt {
        /// Number.
        kunden_nr: String,
        /// Kind.
        kunden_art: KundenArt,
        /// Name.
        name: String,
        /// A consumer.
        verbraucher: bool,
        /// How he is taxed at first.
        ust_status: UstArt,
        /// First day of that tax status.
        ust_status_ab: NaiveDate,
        /// VAT identification number.
        ust_id: Option<String>,
        /// Currency.
        waehrung: String,
    },
    /// May buy. All that the Debitor begins with.
    Freigegeben {
        /// Stream of the Debitor.
        debitor_id: Uuid,
        /// Number.
        kunden_nr: String,
        /// Name.
        name: String,
        /// Invoice address.
        anschrift: PartnerAnschrift,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// How he is taxed at first.
        ust_art: UstArt,
        /// First day of that tax status.
        ust_status_ab: NaiveDate,
        /// VAT identification number.
        ust_id: Option<String>,
        /// Currency.
        waehrung: String,
        /// A consumer.
        verbraucher: bool,
    },
    /// Master data changed; absent fields stay.
    StammdatenGeaendert {
        /// Kind.
        kunden_art: Option<KundenArt>,
        /// Name.
        name: Option<String>,
        /// VAT identification number.
        ust_id: Option<String>,
    },
    /// A new address.
    AdresseHinzugefuegt {
        /// The address.
        adresse: KundenAdresse,
    },
    /// An address changed.
    AdresseGeaendert {
        /// The whole address.
        adresse: KundenAdresse,
    },
    /// An address ends.
    AdresseGeschlossen {
        /// The whole address with its last day.
        adresse: KundenAdresse,
    },
    /// A new contact.
    KontaktHinzugefuegt {
        /// The contact.
        kontakt: Kontakt,
    },
    /// A contact changed.
    KontaktGeaendert {
        /// The whole contact.
        kontakt: Kontakt,
    },
    /// Talked to no more.
    KontaktDeaktiviert {
        /// Its id.
        kontakt_id: Uuid,
    },
    /// The main contact.
    HauptkontaktGesetzt {
        /// Its id.
        kontakt_id: Uuid,
    },
    /// New terms; absent ones ended.
    KonditionenGesetzt {
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// His own price list.
        preisliste_id: Option<Uuid>,
        /// How goods reach him.
        lieferart: Lieferart,
        /// How he is invoiced.
        rechnungsart: Rechnungsart,
        /// Days by which the due date is later.
        valuta_tage: Option<u16>,
    },
    /// A step is locked.
    SperreGesetzt {
        /// The lock.
        sperre: KundenSperre,
        /// The Debitor to be locked with it; absent if he is locked or closed already.
        debitor_id: Option<Uuid>,
    },
    /// A lock was lifted.
    SperreAufgehoben {
        /// The step.
        art: SperreArt,
        /// Why.
        grund: String,
        /// The Debitor to be unlocked with it; absent if he is not locked.
        debitor_id: Option<Uuid>,
    },
    /// A certificate.
    NachweisErfasst {
        /// The certificate.
        nachweis: KundenNachweis,
    },
    /// Became part of another customer.
    Zusammengefuehrt {
        /// The other one.
        ziel_id: Uuid,
    },
    /// Buys no more.
    Archiviert {
        /// Why.
        grund: Option<String>,
    },
    /// Out of the archive.
    Reaktiviert {
        /// Why.
        grund: Option<String>,
    },
    /// The Debitor takes over what differed there; absent fields are the same.
    StammdatenUebergeben {
        /// The Debitor.
        debitor_id: Uuid,
        /// Name.
        name: Option<String>,
        /// Invoice address.
        anschrift: Option<PartnerAnschrift>,
        /// VAT identification number.
        ust_id: Option<String>,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
    },
}
