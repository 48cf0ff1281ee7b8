//! Auftrag: a confirmed sale with all its quantities (crm C3). What is delivered and invoiced flows back to it; it alone
//! answers how much may still go.

mod command;
mod erfuellung;
mod error;
mod event;
mod kredit;
mod lauf;
mod position;
mod types;
mod wert;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{AnlegenEingabe, AuftragCommand, FakturaEingabe, LieferungEingabe, PositionEingabe};
pub use error::AuftragError;
pub use event::{AuftragEvent, NeuerPreis, Stornoposition, Zusatzlieferung};
pub use types::{
    AuftragArt, AuftragHinweis, AuftragPosition, AuftragSperre, AuftragSperreArt, AuftragStatus, Bestandsposition,
    FakturaArt, Fakturaposition, Fakturastatus, Freigabeposition, HinweisArt, Kreditfolge, Kreditwirkung,
    Lieferadresse, Lieferposition, Lieferstatus, Mengenfolge, Positionsdaten,
};

use erfuellung::Beleg;

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    crm::kunde::{Lieferart, Rechnungsart},
    types::{Bereich, Betrag},
};

/// The fact that names the open positions of an article in confirmed orders; its key is the article.
pub const FACT_OFFEN: &str = "auftrag_offene_positionen";

/// The fact that names the open positions whose date a Bestellung endangers, with the date its supplier confirmed; its key
/// is the Bestellung.
pub const FACT_GEFAEHRDET: &str = "auftrag_gefaehrdete_termine";

/// The Nummernkreis of orders.
const KREIS: &str = "AU";

/// Folded state; serde gives the columns of `crm.auftrag`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Auftrag {
    /// Number.
    pub auftrag_nr: String,
    /// Kind.
    pub art: AuftragArt,
    /// Customer.
    pub kunde_id: Uuid,
    /// His number.
    pub kunden_nr: String,
    /// His name.
    pub kunde_name: String,
    /// Date of the order.
    pub auftragsdatum: NaiveDate,
    /// When the goods are wanted.
    pub wunschtermin: Option<NaiveDate>,
    /// The customer's number of his order.
    pub kunden_bestellnr: Option<String>,
    /// The customer used that number before.
    pub bestellnr_wiederholt: bool,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// By how many days later they count: the customer's Valuta when the order was made.
    pub valuta_tage: Option<u16>,
    /// How goods reach him.
    pub lieferart: Lieferart,
    /// How deliveries are invoiced.
    pub rechnungsart: Rechnungsart,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// The address of the delivery.
    pub lieferadresse_id: Option<Uuid>,
    /// The same, frozen with the confirmation.
    #[serde(flatten)]
    pub lieferadresse: Lieferadresse,
    /// Day of the confirmation and of its rates of tax.
    pub bestaetigt_am: Option<NaiveDate>,
    /// Net total of what was ordered.
    pub netto: Betrag,
    /// Gross total that was confirmed.
    pub brutto: Betrag,
    /// What the credit line holds for the order, as far as it is not delivered.
    pub kredit: Betrag,
    /// What the credit line holds for deliveries that are not invoiced.
    pub kredit_lieferung: Betrag,
    /// The order is known to the credit line.
    pub kredit_offen: bool,
    /// May be delivered.
    pub freigegeben: bool,
    /// How far it is delivered.
    pub lieferstatus: Lieferstatus,
    /// How far it is invoiced.
    pub fakturastatus: Fakturastatus,
    /// Status.
    pub status: AuftragStatus,
    /// Positions.
    pub positionen: Vec<AuftragPosition>,
    /// Locks.
    pub sperren: Vec<AuftragSperre>,
    /// Open notes.
    pub hinweise: Vec<AuftragHinweis>,
}

crate::wire!(Auftrag, AuftragCommand => AuftragEvent | AuftragError);

type Refusal = Refused<AuftragError>;

impl Auftrag {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "auftrag.auftrag_nr";
    /// Scope of the claim of the customer's own number.
    pub const KEY_BESTELLNR: &'static str = "auftrag.kunden_bestellnr";

    /// The part by which its first delivery is named.
    pub const TEIL_VERSAND: &'static str = "auftrag/versand";

    /// Net value of what went and of what is still to go; nothing once it is cancelled.
    #[must_use]
    pub fn wert(&self) -> Betrag {
        if self.status == AuftragStatus::Storniert {
            return Betrag::NULL;
        }
        let gesamtwert = |p: &AuftragPosition| p.gesamtwert().unwrap_or(p.netto);
        self.positionen.iter().map(gesamtwert).sum()
    }

    fn bestellnr(kunde_id: Uuid, nr: &str) -> String {
        format!("{kunde_id}/{nr}")
    }

    fn mit_position(&mut self, position_id: Uuid, aendern: impl FnOnce(&mut AuftragPosition)) {
        if let Some(position) = self.positionen.iter_mut().find(|p| p.position_id == position_id) {
            aendern(position);
        }
    }

    fn kredit_folgen(&mut self, kredit: Option<&Kreditwirkung>) {
        match kredit.map(|k| k.folge) {
            Some(Kreditfolge::Belegen(betrag)) => {
                self.kredit += betrag;
                self.kredit_offen = true;
            }
            Some(Kreditfolge::Entlasten(betrag)) => self.kredit -= betrag,
            Some(Kreditfolge::Erledigen) => {
                self.kredit = Betrag::NULL;
                self.kredit_offen = false;
            }
            None => {}
        }
    }

    fn lieferkredit_folgen(&mut self, kredit: Option<&Kreditwirkung>) {
        match kredit.map(|k| k.folge) {
            Some(Kreditfolge::Belegen(betrag)) => self.kredit_lieferung += betrag,
            Some(Kreditfolge::Entlasten(betrag)) => self.kredit_lieferung -= betrag,
            Some(Kreditfolge::Erledigen) | None => {}
        }
    }

    /// What follows from the quantities, never from money.
    fn ableiten(&mut self) {
        for position in &mut self.positionen {
            position.status = position.status_jetzt();
        }
        let positionen = &self.positionen;
        self.netto = positionen.iter().map(|p| p.netto).sum();
        self.lieferstatus = if !positionen.is_empty() && positionen.iter().all(|p| p.offen().is_null()) {
            Lieferstatus::Geliefert
        } else if positionen.iter().any(|p| !p.geliefert.is_null()) {
            Lieferstatus::TeilGeliefert
        } else {
            Lieferstatus::Offen
        };
        let etwas = positionen.iter().any(|p| !p.fakturiert().is_null());
        self.fakturastatus = if etwas && positionen.iter().all(|p| p.fakturiert() == p.geliefert) {
            Fakturastatus::Berechnet
        } else if etwas {
            Fakturastatus::TeilBerechnet
        } else {
            Fakturastatus::Offen
        };
    }
}

/// States in which a command is possible, for the refusal of all others.
fn erlaubt(command: &AuftragCommand) -> &'static [&'static str] {
    use AuftragCommand as Cmd;
    match command {
        Cmd::Anlegen(_) => &["neu"],
        Cmd::PositionHinzufuegen(_) | Cmd::PreiseNeuErmitteln { .. } | Cmd::Bestaetigen { .. } => &["erfasst"],
        Cmd::PositionAendern { .. }
        | Cmd::PositionStornieren { .. }
        | Cmd::SperreSetzen { .. }
        | Cmd::SperreAufheben { .. }
        | Cmd::Stornieren { .. } => &["erfasst", "bestaetigt"],
        Cmd::Freigeben {} | Cmd::LieferungErfassen { .. } | Cmd::RestStreichen { .. } => &["bestaetigt"],
        Cmd::FakturaErfassen { .. } | Cmd::GutschriftErfassen { .. } => &["bestaetigt", "abgeschlossen"],
        Cmd::HinweisSetzen { .. } | Cmd::HinweisErledigen { .. } | Cmd::KreditFreigeben {} => {
            &["erfasst", "bestaetigt", "abgeschlossen"]
        }
    }
}

impl Aggregate for Auftrag {
    const NAME: &'static str = "Auftrag";
    const TYPE: &'static str = "auftrag";
    const BEREICH: Bereich = Bereich::Crm;
    const RESSOURCE: &'static str = "auftraege";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &[
        "KreditFreigeben",
        "LieferungErfassen",
        "FakturaErfassen",
        "GutschriftErfassen",
    ];
    type Command = AuftragCommand;
    type Event = AuftragEvent;
    type Error = AuftragError;

    fn decide(&self, command: AuftragCommand, ctx: &Context<'_>) -> Decision<Self> {
        use AuftragCommand as Cmd;
        use AuftragStatus::{Abgeschlossen, Bestaetigt, Erfasst, Neu};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Erfasst, Cmd::PositionHinzufuegen(eingabe)) => self.hinzufuegen(eingabe, ctx),
            (Erfasst, Cmd::PreiseNeuErmitteln { preisdatum }) => self.preise(preisdatum, ctx),
            (Erfasst, Cmd::Bestaetigen { am }) => self.bestaetigen(am, ctx),
            (
                Erfasst | Bestaetigt,
                Cmd::PositionAendern {
                    position_id,
                    menge,
                    termin,
                    manueller_preis,
                },
            ) => self.aendern(position_id, (menge, termin, manueller_preis), ctx),
            (
                Erfasst | Bestaetigt,
                Cmd::PositionStornieren {
                    position_id,
                    menge,
                    grund,
                },
            ) => self.stornieren_position(position_id, menge, &grund, ctx),
            (Erfasst | Bestaetigt, Cmd::SperreSetzen { art, grund }) => self.sperre_setzen(art, &grund, ctx),
            (Erfasst | Bestaetigt, Cmd::SperreAufheben { art, grund }) => self.sperre_aufheben(art, &grund, ctx),
            (Bestaetigt, Cmd::Freigeben {}) => self.freigeben(ctx),
            (Erfasst | Bestaetigt | Abgeschlossen, Cmd::KreditFreigeben {}) => self.kredit_freigeben(ctx),
            (
                Bestaetigt,
                Cmd::LieferungErfassen {
                    versand_id: id,
                    lieferschein_nr,
                    buchungsdatum,
                    positionen,
                },
            ) => {
                let nummer = lieferschein_nr.to_string();
                self.liefern(Beleg { id, nummer }, buchungsdatum, &positionen, ctx)
            }
            (
                Bestaetigt,
                Cmd::FakturaErfassen {
                    kunde_id,
                    rechnung_id: id,
                    nummer,
                    art,
                    positionen,
                },
            ) => {
                let nummer = nummer.to_string();
                self.faktura(Beleg { id, nummer }, (kunde_id, art), &positionen, ctx)
            }
            (
                Bestaetigt | Abgeschlossen,
                Cmd::GutschriftErfassen {
                    rechnung_id: id,
                    nummer,
                    art,
                    bezug_rechnung,
                    positionen,
                },
            ) => {
                let nummer = nummer.to_string();
                self.gutschrift(Beleg { id, nummer }, (art, bezug_rechnung), &positionen, ctx)
            }
            (Abgeschlossen, Cmd::FakturaErfassen { positionen, .. }) => {
                for berechnet in &positionen {
                    self.position(berechnet.position_id)?;
                }
                let max = crate::types::Menge::NULL;
                Err(AuftragError::Ueberberechnung { max }.into())
            }
            (Erfasst | Bestaetigt | Abgeschlossen, Cmd::HinweisSetzen { position_id, art, text }) => {
                self.hinweis_setzen((position_id, art), &text, ctx)
            }
            // Nothing of the position is open any more; whoever tells does not know yet.
            (
                AuftragStatus::Storniert,
                Cmd::HinweisSetzen {
                    position_id: Some(id), ..
                },
            ) => {
                self.position(id)?;
                Ok(Vec::new())
            }
            (Erfasst | Bestaetigt | Abgeschlossen, Cmd::HinweisErledigen { hinweis_id }) => {
                if self.hinweise.iter().any(|h| h.hinweis_id == hinweis_id) {
                    Ok(vec![AuftragEvent::HinweisErledigt { hinweis_id }])
                } else {
                    Err(Shared::feld("/hinweis_id", "diesen Hinweis hat der Auftrag nicht").into())
                }
            }
            (Bestaetigt, Cmd::RestStreichen { position_id, grund }) => self.rest_streichen(position_id, &grund, ctx),
            (Erfasst | Bestaetigt, Cmd::Stornieren { grund }) => self.stornieren(&grund, ctx),
            (status, command) => Err(Shared::status(status, erlaubt(&command)).into()),
        }
    }

    fn evolve(&mut self, event: AuftragEvent) {
        self.folgen(event);
        self.ableiten();
    }

    /// A cancelled order gives the customer's number free, and a repeated one never held it.
    fn keys(&self) -> Vec<Key> {
        if self.status == AuftragStatus::Neu {
            return Vec::new();
        }
        let mut keys = vec![Key::new(Self::KEY_NR, "auftrag_nr", &*self.auftrag_nr)];
        if let Some(nr) = &self.kunden_bestellnr
            && self.status != AuftragStatus::Storniert
            && !self.bestellnr_wiederholt
        {
            let schluessel = Self::bestellnr(self.kunde_id, nr);
            keys.push(Key::new(Self::KEY_BESTELLNR, "kunden_bestellnr", schluessel));
        }
        keys
    }

    fn nummer(&self) -> Option<String> {
        (self.status != AuftragStatus::Neu).then(|| self.auftrag_nr.clone())
    }
}

impl Auftrag {
    fn folgen(&mut self, event: AuftragEvent) {
        use AuftragEvent as Ev;
        match event {
            Ev::Angelegt {
                auftrag_nr,
                art,
                kunde_id,
                kunden_nr,
                kunde_name,
                auftragsdatum,
                lieferadresse_id,
                wunschtermin,
                kunden_bestellnr,
                bestellnr_wiederholt,
                zahlungsbedingung_id,
                valuta_tage,
                lieferart,
                rechnungsart,
                waehrung,
            } => {
                *self = Self {
                    auftrag_nr,
                    art,
                    kunde_id,
                    kunden_nr,
                    kunde_name,
                    auftragsdatum,
                    lieferadresse_id,
                    wunschtermin,
                    kunden_bestellnr,
                    bestellnr_wiederholt,
                    zahlungsbedingung_id,
                    valuta_tage,
                    lieferart,
                    rechnungsart,
                    waehrung,
                    status: AuftragStatus::Erfasst,
                    ..Self::default()
                };
            }
            Ev::PositionHinzugefuegt {
                position_id,
                pos,
                position,
            } => self.positionen.push(AuftragPosition::neu(position_id, pos, position)),
            Ev::PositionGeaendert {
                position_id,
                menge,
                basismenge,
                preis,
                netto,
                termin,
                herleitung,
                kredit,
                zusatz,
                ..
            } => {
                self.kredit_folgen(kredit.as_ref());
                self.mit_position(position_id, |position| {
                    position.menge = menge;
                    position.basismenge = basismenge;
                    position.preis = preis.into();
                    position.netto = netto;
                    position.termin = termin;
                    if let Some(schritt) = herleitung.first() {
                        position.preis_quelle = schritt.quelle;
                    }
                    if let Some(zusatz) = zusatz {
                        position.versand_id = Some(zusatz.versand_id);
                    }
                });
            }
            Ev::PositionStorniert {
                position_id,
                menge,
                kredit,
                ..
            } => {
                self.kredit_folgen(kredit.as_ref());
                self.mit_position(position_id, |position| position.storniert += menge);
            }
            Ev::PreiseErmittelt { positionen, .. } => {
                for neu in positionen {
                    self.mit_position(neu.position_id, |position| {
                        position.netto = neu.netto;
                        if let Some(schritt) = neu.herleitung.into_iter().next() {
                            position.preis_quelle = schritt.quelle;
                            position.preis = schritt.preis.into();
                        }
                    });
                }
            }
            Ev::Bestaetigt {
                brutto,
                lieferadresse_id,
                lieferadresse,
                bestaetigt_am,
                ..
            } => {
                self.brutto = brutto;
                self.kredit = brutto;
                self.kredit_offen = !brutto.is_null();
                self.lieferadresse_id = Some(lieferadresse_id);
                self.lieferadresse = lieferadresse;
                self.bestaetigt_am = Some(bestaetigt_am);
                self.status = AuftragStatus::Bestaetigt;
            }
            Ev::SperreGesetzt { art, grund, seit } => self.sperren.push(AuftragSperre { art, grund, seit }),
            Ev::SperreAufgehoben { art, .. } => self.sperren.retain(|s| s.art != art),
            Ev::Freigegeben {
                versand_id, positionen, ..
            } => {
                self.freigegeben = true;
                for frei in positionen {
                    self.mit_position(frei.position_id, |position| position.versand_id = Some(versand_id));
                }
            }
            Ev::LieferungErfasst {
                positionen,
                brutto,
                umwidmen,
                ..
            } => {
                self.lieferung_folgen(&positionen);
                self.kredit_lieferung += brutto.max(Betrag::NULL);
                if umwidmen {
                    self.kredit -= self.kredit.min(brutto);
                }
            }
            Ev::Verfallen {
                position_id,
                menge,
                kredit,
                ..
            } => {
                self.kredit_folgen(kredit.as_ref());
                self.mit_position(position_id, |position| position.verfallen += menge);
            }
            Ev::FakturaErfasst { positionen, kredit, .. } => {
                self.faktura_folgen(&positionen);
                self.lieferkredit_folgen(kredit.as_ref());
            }
            Ev::GutschriftErfasst { positionen, kredit, .. } => {
                self.gutschrift_folgen(&positionen);
                self.lieferkredit_folgen(kredit.as_ref());
                // What was delivered and is no longer invoiced is to be invoiced again.
                if self.positionen.iter().any(|p| !p.erledigt()) {
                    self.status = AuftragStatus::Bestaetigt;
                }
            }
            Ev::HinweisGesetzt { hinweis } => self.hinweise.push(hinweis),
            Ev::HinweisErledigt { hinweis_id } => self.hinweise.retain(|h| h.hinweis_id != hinweis_id),
            Ev::Storniert { kredit, .. } => {
                self.kredit_folgen(kredit.as_ref());
                self.status = AuftragStatus::Storniert;
            }
            Ev::Abgeschlossen { kredit } => {
                self.kredit_folgen(kredit.as_ref());
                self.status = AuftragStatus::Abgeschlossen;
            }
        }
    }
}
