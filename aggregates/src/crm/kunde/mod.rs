//! Kunde: the customer everything hangs on (crm C1), with addresses, contacts, locks and terms. His account in the ledger
//! is the Debitor, what he may owe is his Kreditlinie; both begin with his release.

mod command;
mod error;
mod event;
mod pflege;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{AnlegenEingabe, KonditionenEingabe, KundeCommand, StammdatenAendernEingabe};
pub use error::KundeError;
pub use event::KundeEvent;
pub use types::{
    Konditionen, KundeStatus, KundenAdresse, KundenAdresseArt, KundenAdresseEingabe, KundenArt, KundenNachweis,
    KundenNachweisEingabe, KundenSperre, Lieferart, NachweisArt, Rechnungsart, SperreArt,
};

use crate::{
    Aggregate, Context, Decision, Key, Shared, angaben,
    fibu::partner::{HAUSWAEHRUNG, UstArt},
    geschaeftspartner::{Adresse, Kontakt, Nachweis, Sperre},
    types::Bereich,
};

/// The Nummernkreis of customers.
const KREIS: &str = "KD";

/// Folded state; serde gives the columns of `crm.kunde`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kunde {
    /// Number.
    pub kunden_nr: String,
    /// Kind.
    pub kunden_art: KundenArt,
    /// Name.
    pub name: String,
    /// A consumer, not a business.
    pub verbraucher: bool,
    /// How he is taxed at first; the dated status is the Debitor's.
    pub ust_status: UstArt,
    /// First day of that tax status.
    pub ust_status_ab: Option<NaiveDate>,
    /// VAT identification number.
    pub ust_id: Option<String>,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// Terms.
    #[serde(flatten)]
    pub konditionen: Konditionen,
    /// The main contact.
    pub hauptkontakt_id: Option<Uuid>,
    /// His Debitor, once released.
    pub debitor_id: Option<Uuid>,
    /// The customer he became a part of.
    pub zusammengefuehrt_in: Option<Uuid>,
    /// Status.
    pub status: KundeStatus,
    /// Addresses.
    pub adressen: Vec<KundenAdresse>,
    /// Contacts.
    pub kontakte: Vec<Kontakt>,
    /// Locks.
    pub sperren: Vec<KundenSperre>,
    /// Certificates.
    pub nachweise: Vec<KundenNachweis>,
}

crate::wire!(Kunde, KundeCommand => KundeEvent | KundeError);

impl Kunde {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "kunde.kunden_nr";

    /// The address of deliveries on a day: the one named if it holds then, else the first of the kinds lieferung, hof
    /// and rechnung.
    pub fn lieferadresse(&self, adresse_id: Option<Uuid>, am: NaiveDate) -> Option<&KundenAdresse> {
        use KundenAdresseArt::{Hof, Lieferung, Rechnung};
        match adresse_id {
            Some(id) => self.adressen.iter().find(|a| a.adresse_id == id && a.gilt(am)),
            None => [Lieferung, Hof, Rechnung]
                .into_iter()
                .find_map(|art| Adresse::am(&self.adressen, art, am)),
        }
    }

    /// The address of invoices on a day.
    pub fn rechnungsadresse(&self, am: NaiveDate) -> Option<&KundenAdresse> {
        Adresse::am(&self.adressen, KundenAdresseArt::Rechnung, am)
    }

    /// True if a step of the document chain is locked on a day.
    pub fn gesperrt(&self, art: SperreArt, am: NaiveDate) -> bool {
        Sperre::am(&self.sperren, art, am)
    }

    /// The certificate of a kind that holds on a day.
    pub fn nachweis(&self, art: NachweisArt, am: NaiveDate) -> Option<&KundenNachweis> {
        Nachweis::am(&self.nachweise, art, am)
    }

    fn anlegen(command: KundeCommand, ctx: &Context<'_>) -> Decision<Self> {
        let KundeCommand::Anlegen(eingabe) = command else {
            return Err(Shared::status(KundeStatus::Neu, &["entwurf", "aktiv"]).into());
        };
        let verbraucher = eingabe.verbraucher.unwrap_or_default();
        pflege::verbraucher_pruefen(verbraucher, eingabe.kunden_art)?;
        Ok(vec![KundeEvent::Angelegt {
            kunden_nr: ctx.draw(KREIS, ctx.heute())?.text,
            kunden_art: eingabe.kunden_art,
            name: eingabe.name.to_string(),
            verbraucher,
            ust_status: eingabe.ust_status,
            ust_status_ab: eingabe.ust_status_ab.unwrap_or(ctx.heute()),
            ust_id: eingabe.ust_id.map(|id| angaben::ust_id(&id, "/ust_id")).transpose()?,
            waehrung: HAUSWAEHRUNG.to_owned(),
        }])
    }

    fn freigeben(&self, ctx: &Context<'_>) -> Decision<Self> {
        let heute = ctx.heute();
        let mut adressen = Adresse::alle_am(&self.adressen, KundenAdresseArt::Rechnung, heute);
        let (Some(adresse), None) = (adressen.next(), adressen.next()) else {
            let anzahl = Adresse::alle_am(&self.adressen, KundenAdresseArt::Rechnung, heute).count();
            return Err(KundeError::RechnungsadresseFehlt { anzahl }.into());
        };
        Ok(vec![KundeEvent::Freigegeben {
            debitor_id: ctx.new_id("debitor"),
            kunden_nr: self.kunden_nr.clone(),
            name: self.name.clone(),
            anschrift: adresse.anschrift(),
            zahlungsbedingung_id: self.konditionen.zahlungsbedingung_id,
            ust_art: self.ust_status,
            ust_status_ab: self.ust_status_ab.unwrap_or(heute),
            ust_id: self.ust_id.clone(),
            waehrung: self.waehrung.clone(),
            verbraucher: self.verbraucher,
        }])
    }
}

impl Aggregate for Kunde {
    const NAME: &'static str = "Kunde";
    const TYPE: &'static str = "kunde";
    const BEREICH: Bereich = Bereich::Crm;
    const RESSOURCE: &'static str = "kunden";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["SperreAblaufen", "StammdatenUebergeben"];
    type Command = KundeCommand;
    type Event = KundeEvent;
    type Error = KundeError;

    fn decide(&self, command: KundeCommand, ctx: &Context<'_>) -> Decision<Self> {
        use KundeStatus::{Aktiv, Archiviert, Entwurf, Neu, Zusammengefuehrt};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (status, KundeCommand::Anlegen(_)) => Err(Shared::status(status, &["neu"]).into()),
            (Entwurf, KundeCommand::Freigeben {}) => self.freigeben(ctx),
            (status, KundeCommand::Freigeben {}) => Err(Shared::status(status, &["entwurf"]).into()),
            (status, KundeCommand::StammdatenUebergeben { ust_id }) => match status {
                Aktiv => self.uebergeben(ust_id, ctx),
                _ => Ok(Vec::new()),
            },
            (_, KundeCommand::SperreAblaufen { art, bis }) => self.sperre_ablaufen(art, bis, ctx),
            (Archiviert, KundeCommand::Reaktivieren { grund }) => Ok(vec![KundeEvent::Reaktiviert {
                grund: grund.map(|g| g.to_string()),
            }]),
            (status, KundeCommand::Reaktivieren { .. }) => Err(Shared::status(status, &["archiviert"]).into()),
            (Entwurf | Aktiv, KundeCommand::Archivieren { grund }) => self.archivieren(grund, ctx),
            (Aktiv, KundeCommand::ZusammenfuehrenIn { ziel_id }) => self.zusammenfuehren(ziel_id, ctx),
            (Aktiv, KundeCommand::SperreSetzen { art, grund, bis }) => self.sperre_setzen(art, &grund, bis, ctx),
            (Aktiv, KundeCommand::SperreAufheben { art, grund }) => self.sperre_aufheben(art, &grund, ctx),
            (
                ist,
                KundeCommand::ZusammenfuehrenIn { .. }
                | KundeCommand::SperreSetzen { .. }
                | KundeCommand::SperreAufheben { .. },
            )
            | (ist @ (Archiviert | Zusammengefuehrt), _) => Err(KundeError::NichtAktiv { ist }.into()),
            (Entwurf | Aktiv, command) => self.pflegen(command, ctx),
        }
    }

    fn evolve(&mut self, event: KundeEvent) {
        match event {
            KundeEvent::Angelegt {
                kunden_nr,
                kunden_art,
                name,
                verbraucher,
                ust_status,
                ust_status_ab,
                ust_id,
                waehrung,
            } => {
                self.kunden_nr = kunden_nr;
                self.kunden_art = kunden_art;
                self.name = name;
                self.verbraucher = verbraucher;
                self.ust_status = ust_status;
                self.ust_status_ab = Some(ust_status_ab);
                self.ust_id = ust_id;
                self.waehrung = waehrung;
                self.status = KundeStatus::Entwurf;
            }
            KundeEvent::Freigegeben { debitor_id, .. } => {
                self.debitor_id = Some(debitor_id);
                self.status = KundeStatus::Aktiv;
            }
            KundeEvent::StammdatenGeaendert {
                kunden_art,
                name,
                ust_id,
            } => {
                self.kunden_art = kunden_art.unwrap_or(self.kunden_art);
                self.name = name.unwrap_or_else(|| std::mem::take(&mut self.name));
                self.ust_id = ust_id.or_else(|| self.ust_id.take());
            }
            KundeEvent::AdresseHinzugefuegt { adresse }
            | KundeEvent::AdresseGeaendert { adresse }
            | KundeEvent::AdresseGeschlossen { adresse } => Adresse::setzen(&mut self.adressen, adresse),
            KundeEvent::KontaktHinzugefuegt { kontakt } | KundeEvent::KontaktGeaendert { kontakt } => {
                Kontakt::setzen(&mut self.kontakte, kontakt);
            }
            KundeEvent::KontaktDeaktiviert { kontakt_id } => {
                for kontakt in self.kontakte.iter_mut().filter(|k| k.kontakt_id == kontakt_id) {
                    kontakt.aktiv = false;
                }
                self.hauptkontakt_id = self.hauptkontakt_id.filter(|id| *id != kontakt_id);
            }
            KundeEvent::HauptkontaktGesetzt { kontakt_id } => self.hauptkontakt_id = Some(kontakt_id),
            KundeEvent::KonditionenGesetzt {
                zahlungsbedingung_id,
                preisliste_id,
                lieferart,
                rechnungsart,
                valuta_tage,
            } => {
                self.konditionen = Konditionen {
                    zahlungsbedingung_id,
                    preisliste_id,
                    lieferart,
                    rechnungsart,
                    valuta_tage,
                };
            }
            KundeEvent::SperreGesetzt { sperre, .. } => {
                self.sperren.retain(|s| s.art != sperre.art);
                self.sperren.push(sperre);
            }
            KundeEvent::SperreAufgehoben { art, .. } => self.sperren.retain(|s| s.art != art),
            KundeEvent::NachweisErfasst { nachweis } => self.nachweise.push(nachweis),
            KundeEvent::Zusammengefuehrt { ziel_id } => {
                self.zusammengefuehrt_in = Some(ziel_id);
                self.status = KundeStatus::Zusammengefuehrt;
            }
            KundeEvent::Archiviert { .. } => self.status = KundeStatus::Archiviert,
            // A draft that was archived has no Debitor yet and becomes a draft again.
            KundeEvent::Reaktiviert { .. } => {
                self.status = match self.debitor_id {
                    Some(_) => KundeStatus::Aktiv,
                    None => KundeStatus::Entwurf,
                };
            }
            // The Debitor's business.
            KundeEvent::StammdatenUebergeben { .. } => {}
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            KundeStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_NR, "kunden_nr", &*self.kunden_nr)],
        }
    }

    fn nummer(&self) -> Option<String> {
        (self.status != KundeStatus::Neu).then(|| self.kunden_nr.clone())
    }
}
