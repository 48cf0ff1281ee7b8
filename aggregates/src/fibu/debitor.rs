//! Debitor: the customer's account in the ledger (fibu 9). Holds no balance; that is the ledgers' business.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::partner::{
    self, BankErfasst, Bankverbindung, PartnerAnschrift, PartnerStatus, UmsatzsteuerStatus, UstStatusEingabe,
};
use crate::{
    Aggregate, Context, Decision, Key, Shared,
    types::{Akteur, Bereich, Betrag, Text},
};

/// Folded state; serde gives the columns of `fibu.debitor`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Debitor {
    /// Number of the Personenkonto.
    pub nr: String,
    /// Name.
    pub name: String,
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: Option<String>,
    /// Town.
    pub ort: Option<String>,
    /// Country.
    pub land: Option<String>,
    /// The customer in crm.
    pub kunde_id: Option<Uuid>,
    /// Account of the ledger that carries the sum.
    pub sammelkonto: String,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// A consumer, not a business.
    pub verbraucher: bool,
    /// Rules of dunning.
    pub mahnverfahren_id: Option<Uuid>,
    /// Group of interest rates.
    pub zinsgruppe: Option<String>,
    /// Is not dunned.
    pub mahnsperre: bool,
    /// Last day of the lock.
    pub mahnsperre_bis: Option<NaiveDate>,
    /// Why it is locked.
    pub mahnsperre_grund: Option<String>,
    /// Status.
    pub status: PartnerStatus,
    /// Tax status by date, oldest first.
    pub ust_status: Vec<UmsatzsteuerStatus>,
    /// Bank accounts.
    pub bankverbindungen: Vec<Bankverbindung>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum DebitorCommand {
    /// Creates the account.
    Anlegen {
        /// Number, unique, beginning with 1 to 6.
        nr: Text<9>,
        /// Name.
        name: Text<200>,
        /// Address.
        anschrift: Option<PartnerAnschrift>,
        /// The customer in crm.
        kunde_id: Option<Uuid>,
        /// Account of the ledger; by the Kontenfindung if absent.
        sammelkonto: Option<Text<8>>,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// Currency; EUR if absent.
        waehrung: Option<Text<3>>,
        /// A consumer; a business if absent.
        verbraucher: Option<bool>,
        /// Rules of dunning.
        mahnverfahren_id: Option<Uuid>,
        /// Group of interest rates.
        zinsgruppe: Option<Text<20>>,
        /// First tax status.
        ust_status: Option<UstStatusEingabe>,
    },
    /// Takes over changed master data of the customer; absent fields stay.
    StammdatenUebernehmen {
        /// Name.
        name: Option<Text<200>>,
        /// Address.
        anschrift: Option<PartnerAnschrift>,
        /// VAT identification number; a new one starts a tax status of today.
        ust_id: Option<Text<20>>,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
    },
    /// Sets the terms of payment.
    BedingungSetzen {
        /// Terms of payment.
        zahlungsbedingung_id: Uuid,
    },
    /// Sets the tax status from a day on.
    UstStatusSetzen {
        /// First day.
        gueltig_ab: NaiveDate,
        /// How the customer is taxed.
        art: partner::UstArt,
        /// VAT identification number.
        ust_id: Option<Text<20>>,
        /// Day of the qualified confirmation by the authority.
        geprueft_am: Option<NaiveDate>,
        /// Result of the confirmation.
        ergebnis: Option<Text<200>>,
    },
    /// Enters a bank account; a second person releases it.
    BankverbindungErfassen {
        /// IBAN.
        iban: Text<42>,
        /// BIC.
        bic: Option<Text<11>>,
        /// Holder, if not the customer.
        inhaber: Option<Text<140>>,
    },
    /// Releases a bank account and supersedes the present one.
    BankverbindungFreigeben {
        /// Its number.
        nr: i32,
    },
    /// Takes the customer out of dunning.
    MahnsperreSetzen {
        /// Last day; until further notice if absent.
        bis: Option<NaiveDate>,
        /// Why.
        grund: Text<500>,
    },
    /// Ends the lock of dunning.
    MahnsperreAufheben {},
    /// Locks the account for new invoices.
    Sperren {
        /// Why.
        grund: Text<500>,
    },
    /// Unlocks the account.
    Entsperren {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Closes the account for good.
    Schliessen {
        /// Why.
        grund: Option<Text<500>>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum DebitorEvent {
    /// The account exists.
    Angelegt {
        /// Number.
        nr: String,
        /// Name.
        name: String,
        /// Address.
        anschrift: Option<PartnerAnschrift>,
        /// The customer in crm.
        kunde_id: Option<Uuid>,
        /// Account of the ledger.
        sammelkonto: String,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// Currency.
        waehrung: String,
        /// A consumer.
        verbraucher: bool,
        /// Rules of dunning.
        mahnverfahren_id: Option<Uuid>,
        /// Group of interest rates.
        zinsgruppe: Option<String>,
    },
    /// Master data were taken over; absent fields stay.
    StammdatenUebernommen {
        /// Name.
        name: Option<String>,
        /// Address.
        anschrift: Option<PartnerAnschrift>,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
    },
    /// New terms of payment.
    BedingungGesetzt {
        /// Terms of payment.
        zahlungsbedingung_id: Uuid,
    },
    /// New tax status; one of the same day gives way.
    UstStatusGesetzt {
        /// The status.
        ust_status: UmsatzsteuerStatus,
    },
    /// A bank account was entered.
    BankverbindungErfasst {
        /// The account.
        bankverbindung: BankErfasst,
    },
    /// A bank account was released.
    BankverbindungFreigegeben {
        /// Its number.
        nr: i32,
        /// Who released it.
        geprueft_von: Akteur,
        /// The account it supersedes.
        abgeloest: Option<i32>,
    },
    /// Out of dunning.
    MahnsperreGesetzt {
        /// Last day.
        bis: Option<NaiveDate>,
        /// Why.
        grund: String,
    },
    /// In dunning again.
    MahnsperreAufgehoben {},
    /// Locked for new invoices.
    Gesperrt {
        /// Why.
        grund: String,
    },
    /// Unlocked.
    Entsperrt {
        /// Why.
        grund: Option<String>,
    },
    /// Closed.
    Geschlossen {
        /// Why.
        grund: Option<String>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum DebitorError {
    /// The number is outside the range of customers.
    #[error("{nr} ist keine Debitorennummer; möglich ist {von} bis {bis}")]
    #[strum(serialize = "DEBITOR_NR_BEREICH")]
    NrBereich {
        /// The number.
        nr: String,
        /// First possible number.
        von: String,
        /// Last possible number.
        bis: String,
    },
    /// The account has a balance.
    #[error("der Debitor hat noch einen Saldo von {saldo} EUR; zuerst ausgleichen")]
    #[strum(serialize = "DEBITOR_OFFENE_POSTEN")]
    OffenePosten {
        /// The balance, Soll − Haben.
        saldo: Betrag,
    },
    /// A tax status of the same day exists.
    #[error("ab {gueltig_ab} gilt schon ein Umsatzsteuerstatus; einen anderen Tag wählen")]
    #[strum(serialize = "UST_STATUS_UEBERLAPPUNG")]
    UstStatusUeberlappung {
        /// The day.
        gueltig_ab: NaiveDate,
    },
}

crate::wire!(Debitor, DebitorCommand => DebitorEvent | DebitorError);

impl Debitor {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "debitor.nr";

    /// The tax status on a day.
    pub fn ust_status_am(&self, datum: NaiveDate) -> Option<&UmsatzsteuerStatus> {
        partner::ust_status_am(&self.ust_status, datum)
    }

    /// The VAT identification number on a day.
    pub fn ust_id_am(&self, datum: NaiveDate) -> Option<&str> {
        self.ust_status_am(datum)?.ust_id.as_deref()
    }

    /// The released bank account.
    pub fn bank(&self) -> Option<&Bankverbindung> {
        partner::bank(&self.bankverbindungen)
    }

    fn anschrift_setzen(&mut self, anschrift: PartnerAnschrift) {
        self.strasse = anschrift.strasse.map(|s| s.to_string());
        self.plz = Some(anschrift.plz.to_string());
        self.ort = Some(anschrift.ort.to_string());
        self.land = Some(anschrift.land.to_string());
    }

    fn anlegen(command: DebitorCommand, ctx: &Context<'_>) -> Decision<Self> {
        let DebitorCommand::Anlegen {
            nr,
            name,
            anschrift,
            kunde_id,
            sammelkonto,
            zahlungsbedingung_id,
            waehrung,
            verbraucher,
            mahnverfahren_id,
            zinsgruppe,
            ust_status,
        } = command
        else {
            return Err(Shared::status(PartnerStatus::Neu, &["aktiv", "gesperrt"]).into());
        };
        let nr = nr.to_string();
        if let Some((von, bis)) = partner::ausserhalb(ctx, &nr, '1', '6')? {
            return Err(DebitorError::NrBereich { nr, von, bis }.into());
        }
        let ust_status = ust_status.map(|s| s.pruefen("/ust_status", ctx.heute())).transpose()?;
        let mut events = vec![DebitorEvent::Angelegt {
            nr,
            name: name.to_string(),
            anschrift: anschrift.map(PartnerAnschrift::pruefen).transpose()?,
            kunde_id,
            sammelkonto: partner::sammelkonto_oder(ctx, sammelkonto, super::kontenplan::Zweck::Forderung)?,
            zahlungsbedingung_id,
            waehrung: partner::waehrung(waehrung)?,
            verbraucher: verbraucher.unwrap_or_default(),
            mahnverfahren_id,
            zinsgruppe: zinsgruppe.map(|z| z.to_string()),
        }];
        events.extend(ust_status.map(|ust_status| DebitorEvent::UstStatusGesetzt { ust_status }));
        Ok(events)
    }

    /// Commands on the data of an account that is not closed.
    fn pflegen(&self, command: DebitorCommand, ctx: &Context<'_>) -> Decision<Self> {
        let heute = ctx.heute();
        let event = match command {
            DebitorCommand::StammdatenUebernehmen {
                name,
                anschrift,
                ust_id,
                zahlungsbedingung_id,
            } => return self.uebernehmen(name, anschrift, ust_id, zahlungsbedingung_id, heute),
            DebitorCommand::BedingungSetzen { zahlungsbedingung_id } => {
                DebitorEvent::BedingungGesetzt { zahlungsbedingung_id }
            }
            DebitorCommand::UstStatusSetzen {
                gueltig_ab,
                art,
                ust_id,
                geprueft_am,
                ergebnis,
            } => {
                if partner::ueberlappt(&self.ust_status, gueltig_ab) {
                    return Err(DebitorError::UstStatusUeberlappung { gueltig_ab }.into());
                }
                let eingabe = UstStatusEingabe {
                    gueltig_ab,
                    art,
                    ust_id,
                    geprueft_am,
                    ergebnis,
                };
                DebitorEvent::UstStatusGesetzt {
                    ust_status: eingabe.pruefen("", heute)?,
                }
            }
            DebitorCommand::BankverbindungErfassen { iban, bic, inhaber } => DebitorEvent::BankverbindungErfasst {
                bankverbindung: partner::bank_erfassen(&self.bankverbindungen, &iban, bic, inhaber, ctx.akteur())?,
            },
            DebitorCommand::BankverbindungFreigeben { nr } => DebitorEvent::BankverbindungFreigegeben {
                nr,
                geprueft_von: ctx.akteur(),
                abgeloest: partner::bank_freigeben(&self.bankverbindungen, nr, &ctx.frame.akteur)?,
            },
            DebitorCommand::MahnsperreSetzen { bis, grund } => {
                partner::sperre_bis(bis, heute)?;
                let grund = grund.to_string();
                DebitorEvent::MahnsperreGesetzt { bis, grund }
            }
            DebitorCommand::MahnsperreAufheben {} if self.mahnsperre => DebitorEvent::MahnsperreAufgehoben {},
            DebitorCommand::MahnsperreAufheben {} => {
                return Err(Shared::status("ohne_mahnsperre", &["mahnsperre"]).into());
            }
            DebitorCommand::Schliessen { grund } => {
                let saldo = partner::saldo(ctx, &self.nr)?;
                if !saldo.is_null() {
                    return Err(DebitorError::OffenePosten { saldo }.into());
                }
                let grund = grund.map(|g| g.to_string());
                DebitorEvent::Geschlossen { grund }
            }
            DebitorCommand::Anlegen { .. } => return Err(Shared::status(self.status, &["neu"]).into()),
            DebitorCommand::Sperren { .. } => return Err(Shared::status(self.status, &["aktiv"]).into()),
            DebitorCommand::Entsperren { .. } => return Err(Shared::status(self.status, &["gesperrt"]).into()),
        };
        Ok(vec![event])
    }

    fn uebernehmen(
        &self,
        name: Option<Text<200>>,
        anschrift: Option<PartnerAnschrift>,
        ust_id: Option<Text<20>>,
        zahlungsbedingung_id: Option<Uuid>,
        heute: NaiveDate,
    ) -> Decision<Self> {
        let anschrift = anschrift.map(PartnerAnschrift::pruefen).transpose()?;
        let mut events = Vec::new();
        if name.is_some() || anschrift.is_some() || zahlungsbedingung_id.is_some() {
            events.push(DebitorEvent::StammdatenUebernommen {
                name: name.map(|n| n.to_string()),
                anschrift,
                zahlungsbedingung_id,
            });
        }
        if let Some(ust_id) = ust_id {
            let neu = partner::ust_id_uebernehmen(&self.ust_status, &ust_id, heute)?;
            events.extend(neu.map(|ust_status| DebitorEvent::UstStatusGesetzt { ust_status }));
        }
        Ok(events)
    }
}

impl Aggregate for Debitor {
    const NAME: &'static str = "Debitor";
    const TYPE: &'static str = "debitor";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "debitoren";
    const CREATE: &'static str = "Anlegen";
    type Command = DebitorCommand;
    type Event = DebitorEvent;
    type Error = DebitorError;

    fn decide(&self, command: DebitorCommand, ctx: &Context<'_>) -> Decision<Self> {
        use PartnerStatus::{Aktiv, Geschlossen, Gesperrt, Neu};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Aktiv, DebitorCommand::Sperren { grund }) => Ok(vec![DebitorEvent::Gesperrt {
                grund: grund.to_string(),
            }]),
            (Gesperrt, DebitorCommand::Entsperren { grund }) => Ok(vec![DebitorEvent::Entsperrt {
                grund: grund.map(|g| g.to_string()),
            }]),
            (Aktiv | Gesperrt, command) => self.pflegen(command, ctx),
            (Geschlossen, DebitorCommand::Anlegen { .. }) => Err(Shared::status(Geschlossen, &["neu"]).into()),
            (Geschlossen, _) => Err(Shared::status(Geschlossen, &["aktiv", "gesperrt"]).into()),
        }
    }

    fn evolve(&mut self, event: DebitorEvent) {
        match event {
            DebitorEvent::Angelegt {
                nr,
                name,
                anschrift,
                kunde_id,
                sammelkonto,
                zahlungsbedingung_id,
                waehrung,
                verbraucher,
                mahnverfahren_id,
                zinsgruppe,
            } => {
                self.nr = nr;
                self.name = name;
                self.kunde_id = kunde_id;
                self.sammelkonto = sammelkonto;
                self.zahlungsbedingung_id = zahlungsbedingung_id;
                self.waehrung = waehrung;
                self.verbraucher = verbraucher;
                self.mahnverfahren_id = mahnverfahren_id;
                self.zinsgruppe = zinsgruppe;
                self.status = PartnerStatus::Aktiv;
                if let Some(anschrift) = anschrift {
                    self.anschrift_setzen(anschrift);
                }
            }
            DebitorEvent::StammdatenUebernommen {
                name,
                anschrift,
                zahlungsbedingung_id,
            } => {
                self.zahlungsbedingung_id = zahlungsbedingung_id.or(self.zahlungsbedingung_id);
                if let Some(name) = name {
                    self.name = name;
                }
                if let Some(anschrift) = anschrift {
                    self.anschrift_setzen(anschrift);
                }
            }
            DebitorEvent::BedingungGesetzt { zahlungsbedingung_id } => {
                self.zahlungsbedingung_id = Some(zahlungsbedingung_id);
            }
            DebitorEvent::UstStatusGesetzt { ust_status } => {
                partner::ust_status_setzen(&mut self.ust_status, ust_status);
            }
            DebitorEvent::BankverbindungErfasst { bankverbindung } => self.bankverbindungen.push(bankverbindung.into()),
            DebitorEvent::BankverbindungFreigegeben {
                nr,
                geprueft_von,
                abgeloest,
            } => partner::bank_freigegeben(&mut self.bankverbindungen, nr, geprueft_von, abgeloest),
            DebitorEvent::MahnsperreGesetzt { bis, grund } => {
                self.mahnsperre = true;
                self.mahnsperre_bis = bis;
                self.mahnsperre_grund = Some(grund);
            }
            DebitorEvent::MahnsperreAufgehoben {} => {
                self.mahnsperre = false;
                self.mahnsperre_bis = None;
                self.mahnsperre_grund = None;
            }
            DebitorEvent::Gesperrt { .. } => self.status = PartnerStatus::Gesperrt,
            DebitorEvent::Entsperrt { .. } => self.status = PartnerStatus::Aktiv,
            DebitorEvent::Geschlossen { .. } => self.status = PartnerStatus::Geschlossen,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            PartnerStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_NR, "nr", &*self.nr)],
        }
    }

    fn nummer(&self) -> Option<String> {
        (self.status != PartnerStatus::Neu).then(|| self.nr.clone())
    }
}
