//! Lieferant: the supplier, farmer or carrier we buy from (wawi 5), with addresses, contacts, certificates and terms. His
//! account in the ledger is the Kreditor; it begins with his release.

mod command;
mod error;
mod event;
mod pflege;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{AnlegenEingabe, KonditionEingabe, LieferantCommand, StammdatenAendernEingabe};
pub use error::LieferantError;
pub use event::{Dublette, LieferantEvent};
pub use types::{
    LieferantAdresse, LieferantAdresseArt, LieferantAdresseEingabe, LieferantArt, LieferantKondition, LieferantSperre,
    LieferantStatus, LieferantZertifikat, LieferantZertifikatEingabe, SperrBereich, ZertifikatArt,
};

use crate::{
    Aggregate, Context, Decision, Key, Shared,
    fibu::partner::UstArt,
    geschaeftspartner::{Adresse, Kontakt, Nachweis, Sperre},
    types::{Bereich, zeitlich},
};

/// The fact that tells how many orders of a supplier are open; answered by the ledger `bestell_bewegung`.
pub const FACT_BESTELLUNGEN: &str = "lieferant_bestellungen";

/// The fact that tells how many receipts of a supplier are not invoiced in full; answered by the ledger
/// `wareneingang_bewegung`.
pub const FACT_WARENEINGAENGE: &str = "lieferant_wareneingaenge";

/// Folded state; serde gives the columns of `wawi.lieferant`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lieferant {
    /// Number.
    pub lieferant_nr: String,
    /// Name.
    pub name: String,
    /// Short name for searching.
    pub matchcode: Option<String>,
    /// Kind.
    pub art: LieferantArt,
    /// How he is taxed at first; the dated status is the Kreditor's.
    pub ust_status: UstArt,
    /// First day of that tax status.
    pub ust_status_ab: Option<NaiveDate>,
    /// VAT identification number.
    pub ust_id: Option<String>,
    /// Tax number.
    pub steuernummer: Option<String>,
    /// The same partner as a customer.
    pub kunde_id: Option<Uuid>,
    /// Another supplier with the same VAT id.
    pub dublette_von: Option<Uuid>,
    /// Why both are right.
    pub dublette_grund: Option<String>,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// His Kreditor, once released.
    pub kreditor_id: Option<Uuid>,
    /// Status.
    pub status: LieferantStatus,
    /// Addresses.
    pub adressen: Vec<LieferantAdresse>,
    /// Contacts.
    pub kontakte: Vec<Kontakt>,
    /// The lock, if there is one.
    pub sperren: Vec<LieferantSperre>,
    /// Certificates.
    pub zertifikate: Vec<LieferantZertifikat>,
    /// Terms by date, oldest first.
    pub konditionen: Vec<LieferantKondition>,
}

crate::wire!(Lieferant, LieferantCommand => LieferantEvent | LieferantError);

impl Lieferant {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "lieferant.lieferant_nr";

    /// Scope of the VAT id's claim: the first supplier with it holds it.
    pub const KEY_UST_ID: &'static str = "lieferant.ust_id";

    /// The main address on a day.
    pub fn hauptadresse(&self, am: NaiveDate) -> Option<&LieferantAdresse> {
        Adresse::am(&self.adressen, LieferantAdresseArt::Haupt, am)
    }

    /// The terms on a day.
    pub fn kondition(&self, am: NaiveDate) -> Option<&LieferantKondition> {
        zeitlich::am(&self.konditionen, am)
    }

    /// Refuses an order on a day.
    pub fn bestellung_pruefen(&self, am: NaiveDate) -> Result<(), LieferantError> {
        let gesperrt = [SperrBereich::Bestellung, SperrBereich::Gesamt]
            .into_iter()
            .any(|bereich| Sperre::am(&self.sperren, bereich, am));
        match self.status {
            LieferantStatus::Freigegeben | LieferantStatus::Gesperrt if !gesperrt => Ok(()),
            status => Err(LieferantError::KeineBestellung {
                lieferant_nr: self.lieferant_nr.clone(),
                status,
            }),
        }
    }

    /// Refuses goods that need a certificate on their day of delivery.
    pub fn zertifikat_pruefen(&self, art: ZertifikatArt, am: NaiveDate) -> Result<(), LieferantError> {
        if Nachweis::am(&self.zertifikate, art, am).is_some() {
            return Ok(());
        }
        let gleiche = self.zertifikate.iter().filter(|z| z.art == art);
        let gueltig_bis = gleiche.map(|z| z.gueltig_bis).max();
        Err(LieferantError::ZertifikatFehlt { art, am, gueltig_bis })
    }
}

impl Aggregate for Lieferant {
    const NAME: &'static str = "Lieferant";
    const TYPE: &'static str = "lieferant";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "lieferanten";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["StammdatenUebergeben"];
    type Command = LieferantCommand;
    type Event = LieferantEvent;
    type Error = LieferantError;

    fn decide(&self, command: LieferantCommand, ctx: &Context<'_>) -> Decision<Self> {
        use LieferantStatus::{Angelegt, Freigegeben, Gesperrt, Inaktiv, Neu};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (status, LieferantCommand::Anlegen(_)) => Err(Shared::status(status, &["neu"]).into()),
            (Angelegt, LieferantCommand::Freigeben {}) => self.freigeben(ctx),
            (status, LieferantCommand::Freigeben {}) => Err(Shared::status(status, &["angelegt"]).into()),
            (Freigegeben, LieferantCommand::Sperren { bereich, grund }) => self.sperren(bereich, &grund, ctx),
            (status, LieferantCommand::Sperren { .. }) => Err(Shared::status(status, &["freigegeben"]).into()),
            (Gesperrt, LieferantCommand::Entsperren { grund }) => self.entsperren(grund, ctx),
            (status, LieferantCommand::Entsperren { .. }) => Err(Shared::status(status, &["gesperrt"]).into()),
            (Angelegt | Inaktiv, LieferantCommand::StammdatenUebergeben { .. }) => Ok(Vec::new()),
            (Inaktiv, _) => Err(Shared::status(Inaktiv, &["angelegt", "freigegeben", "gesperrt"]).into()),
            (Angelegt | Freigegeben | Gesperrt, command) => self.pflegen(command, ctx),
        }
    }

    fn evolve(&mut self, event: LieferantEvent) {
        match event {
            LieferantEvent::Angelegt {
                lieferant_nr,
                name,
                matchcode,
                art,
                ust_status,
                ust_status_ab,
                ust_id,
                steuernummer,
                kunde_id,
                dublette,
                waehrung,
            } => {
                self.lieferant_nr = lieferant_nr;
                self.name = name;
                self.matchcode = matchcode;
                self.art = art;
                self.ust_status = ust_status;
                self.ust_status_ab = Some(ust_status_ab);
                self.steuernummer = steuernummer;
                self.kunde_id = kunde_id;
                self.waehrung = waehrung;
                self.status = LieferantStatus::Angelegt;
                self.ust_id_setzen(ust_id, dublette);
            }
            LieferantEvent::StammdatenGeaendert {
                name,
                matchcode,
                art,
                ust_id,
                steuernummer,
                kunde_id,
                dublette,
            } => {
                self.name = name.unwrap_or_else(|| std::mem::take(&mut self.name));
                self.matchcode = matchcode.or_else(|| self.matchcode.take());
                self.art = art.unwrap_or(self.art);
                self.steuernummer = steuernummer.or_else(|| self.steuernummer.take());
                self.kunde_id = kunde_id.or(self.kunde_id);
                self.ust_id_setzen(ust_id, dublette);
            }
            LieferantEvent::AdresseGesetzt { adresse } => Adresse::setzen(&mut self.adressen, adresse),
            LieferantEvent::KontaktGesetzt { kontakt } => Kontakt::setzen(&mut self.kontakte, kontakt),
            LieferantEvent::ZertifikatErfasst { zertifikat } => self.zertifikate.push(zertifikat),
            LieferantEvent::ZertifikatWiderrufen { zertifikat_id, ab, .. } => {
                for zertifikat in self.zertifikate.iter_mut().filter(|z| z.nachweis_id == zertifikat_id) {
                    zertifikat.widerrufen_ab = Some(ab);
                }
            }
            LieferantEvent::KonditionGesetzt { kondition } => zeitlich::setzen(&mut self.konditionen, kondition),
            LieferantEvent::Freigegeben { kreditor_id, .. } => {
                self.kreditor_id = Some(kreditor_id);
                self.status = LieferantStatus::Freigegeben;
            }
            LieferantEvent::Gesperrt { sperre, .. } => {
                self.sperren = vec![sperre];
                self.status = LieferantStatus::Gesperrt;
            }
            LieferantEvent::Entsperrt { .. } => {
                self.sperren.clear();
                self.status = LieferantStatus::Freigegeben;
            }
            LieferantEvent::Inaktiviert { .. } => self.status = LieferantStatus::Inaktiv,
            // The Kreditor's business.
            LieferantEvent::StammdatenUebergeben { .. } => {}
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.status == LieferantStatus::Neu {
            return Vec::new();
        }
        let nr = Key::new(Self::KEY_NR, "lieferant_nr", &*self.lieferant_nr);
        let eigene = self.ust_id.as_deref().filter(|_| self.dublette_von.is_none());
        let ust_id = eigene.map(|id| Key::new(Self::KEY_UST_ID, "ust_id", id));
        [nr].into_iter().chain(ust_id).collect()
    }

    fn nummer(&self) -> Option<String> {
        (self.status != LieferantStatus::Neu).then(|| self.lieferant_nr.clone())
    }
}
