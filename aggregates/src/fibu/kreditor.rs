//! Kreditor: the supplier's account in the ledger (fibu 9). Holds no balance; that is the ledgers' business.

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

/// Folded state; serde gives the columns of `fibu.kreditor`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kreditor {
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
    /// The supplier in wawi.
    pub lieferant_id: Option<Uuid>,
    /// Account of the ledger that carries the sum.
    pub sammelkonto: String,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// The agreement on self-billing holds from this day on.
    pub selbstabrechnung_ab: Option<NaiveDate>,
    /// Is not paid by payment runs.
    pub zahlsperre: bool,
    /// Last day of the lock.
    pub zahlsperre_bis: Option<NaiveDate>,
    /// Why it is locked.
    pub zahlsperre_grund: Option<String>,
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
pub enum KreditorCommand {
    /// Creates the account.
    Anlegen {
        /// Number, unique, beginning with 7 to 9.
        nr: Text<9>,
        /// Name.
        name: Text<200>,
        /// Address.
        anschrift: Option<PartnerAnschrift>,
        /// The supplier in wawi.
        lieferant_id: Option<Uuid>,
        /// Account of the ledger; by the Kontenfindung if absent.
        sammelkonto: Option<Text<8>>,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// Currency; EUR if absent.
        waehrung: Option<Text<3>>,
        /// The agreement on self-billing holds from this day on.
        selbstabrechnung_ab: Option<NaiveDate>,
        /// First tax status.
        ust_status: Option<UstStatusEingabe>,
    },
    /// Takes over changed master data of the supplier; absent fields stay.
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
        /// How the supplier is taxed.
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
        /// Holder, if not the supplier.
        inhaber: Option<Text<140>>,
    },
    /// Releases a bank account and supersedes the present one.
    BankverbindungFreigeben {
        /// Its number.
        nr: i32,
    },
    /// Takes the supplier out of payment runs.
    ZahlsperreSetzen {
        /// Last day; until further notice if absent.
        bis: Option<NaiveDate>,
        /// Why.
        grund: Text<500>,
    },
    /// Ends the lock of payments.
    ZahlsperreAufheben {},
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
pub enum KreditorEvent {
    /// The account exists.
    Angelegt {
        /// Number.
        nr: String,
        /// Name.
        name: String,
        /// Address.
        anschrift: Option<PartnerAnschrift>,
        /// The supplier in wawi.
        lieferant_id: Option<Uuid>,
        /// Account of the ledger.
        sammelkonto: String,
        /// Terms of payment.
        zahlungsbedingung_id: Option<Uuid>,
        /// Currency.
        waehrung: String,
        /// The agreement on self-billing holds from this day on.
        selbstabrechnung_ab: Option<NaiveDate>,
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
    /// Out of payment runs.
    ZahlsperreGesetzt {
        /// Last day.
        bis: Option<NaiveDate>,
        /// Why.
        grund: String,
    },
    /// In payment runs again.
    ZahlsperreAufgehoben {},
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
pub enum KreditorError {
    /// The number is outside the range of suppliers.
    #[error("{nr} ist keine Kreditorennummer; möglich ist {von} bis {bis}")]
    #[strum(serialize = "KREDITOR_NR_BEREICH")]
    NrBereich {
        /// The number.
        nr: String,
        /// First possible number.
        von: String,
        /// Last possible number.
        bis: String,
    },
    /// The account has a balance.
    #[error("der Kreditor hat noch einen Saldo von {saldo} EUR; zuerst ausgleichen")]
    #[strum(serialize = "KREDITOR_OFFENE_POSTEN")]
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

crate::wire!(Kreditor, KreditorCommand => KreditorEvent | KreditorError);

impl Kreditor {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "kreditor.nr";

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

    fn anlegen(command: KreditorCommand, ctx: &Context<'_>) -> Decision<Self> {
        let KreditorCommand::Anlegen {
            nr,
            name,
            anschrift,
            lieferant_id,
            sammelkonto,
            zahlungsbedingung_id,
            waehrung,
            selbstabrechnung_ab,
            ust_status,
        } = command
        else {
            return Err(Shared::status(PartnerStatus::Neu, &["aktiv", "gesperrt"]).into());
        };
        let nr = nr.to_string();
        if let Some((von, bis)) = partner::ausserhalb(ctx, &nr, '7', '9')? {
            return Err(KreditorError::NrBereich { nr, von, bis }.into());
        }
        let ust_status = ust_status.map(|s| s.pruefen("/ust_status", ctx.heute())).transpose()?;
        let mut events = vec![KreditorEvent::Angelegt {
            nr,
            name: name.to_string(),
            anschrift: anschrift.map(PartnerAnschrift::pruefen).transpose()?,
            lieferant_id,
            sammelkonto: partner::sammelkonto_oder(ctx, sammelkonto, super::kontenplan::Zweck::Verbindlichkeit)?,
            zahlungsbedingung_id,
            waehrung: partner::waehrung(waehrung)?,
            selbstabrechnung_ab,
        }];
        events.extend(ust_status.map(|ust_status| KreditorEvent::UstStatusGesetzt { ust_status }));
        Ok(events)
    }

    /// Commands on the data of an account that is not closed.
    fn pflegen(&self, command: KreditorCommand, ctx: &Context<'_>) -> Decision<Self> {
        let heute = ctx.heute();
        let event = match command {
            KreditorCommand::StammdatenUebernehmen {
                name,
                anschrift,
                ust_id,
                zahlungsbedingung_id,
            } => return self.uebernehmen(name, anschrift, ust_id, zahlungsbedingung_id, heute),
            KreditorCommand::BedingungSetzen { zahlungsbedingung_id } => {
                KreditorEvent::BedingungGesetzt { zahlungsbedingung_id }
            }
            KreditorCommand::UstStatusSetzen {
                gueltig_ab,
                art,
                ust_id,
                geprueft_am,
                ergebnis,
            } => {
                if partner::ueberlappt(&self.ust_status, gueltig_ab) {
                    return Err(KreditorError::UstStatusUeberlappung { gueltig_ab }.into());
                }
                let eingabe = UstStatusEingabe {
                    gueltig_ab,
                    art,
                    ust_id,
                    geprueft_am,
                    ergebnis,
                };
                KreditorEvent::UstStatusGesetzt {
                    ust_status: eingabe.pruefen("", heute)?,
                }
            }
            KreditorCommand::BankverbindungErfassen { iban, bic, inhaber } => KreditorEvent::BankverbindungErfasst {
                bankverbindung: partner::bank_erfassen(&self.bankverbindungen, &iban, bic, inhaber, ctx.akteur())?,
            },
            KreditorCommand::BankverbindungFreigeben { nr } => KreditorEvent::BankverbindungFreigegeben {
                nr,
                geprueft_von: ctx.akteur(),
                abgeloest: partner::bank_freigeben(&self.bankverbindungen, nr, &ctx.frame.akteur)?,
            },
            KreditorCommand::ZahlsperreSetzen { bis, grund } => {
                partner::sperre_bis(bis, heute)?;
                let grund = grund.to_string();
                KreditorEvent::ZahlsperreGesetzt { bis, grund }
            }
            KreditorCommand::ZahlsperreAufheben {} if self.zahlsperre => KreditorEvent::ZahlsperreAufgehoben {},
            KreditorCommand::ZahlsperreAufheben {} => {
                return Err(Shared::status("ohne_zahlsperre", &["zahlsperre"]).into());
            }
            KreditorCommand::Schliessen { grund } => {
                let saldo = partner::saldo(ctx, &self.nr)?;
                if !saldo.is_null() {
                    return Err(KreditorError::OffenePosten { saldo }.into());
                }
                let grund = grund.map(|g| g.to_string());
                KreditorEvent::Geschlossen { grund }
            }
            KreditorCommand::Anlegen { .. } => return Err(Shared::status(self.status, &["neu"]).into()),
            KreditorCommand::Sperren { .. } => return Err(Shared::status(self.status, &["aktiv"]).into()),
            KreditorCommand::Entsperren { .. } => return Err(Shared::status(self.status, &["gesperrt"]).into()),
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
            events.push(KreditorEvent::StammdatenUebernommen {
                name: name.map(|n| n.to_string()),
                anschrift,
                zahlungsbedingung_id,
            });
        }
        if let Some(ust_id) = ust_id {
            let neu = partner::ust_id_uebernehmen(&self.ust_status, &ust_id, heute)?;
            events.extend(neu.map(|ust_status| KreditorEvent::UstStatusGesetzt { ust_status }));
        }
        Ok(events)
    }
}

impl Aggregate for Kreditor {
    const NAME: &'static str = "Kreditor";
    const TYPE: &'static str = "kreditor";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "kreditoren";
    const CREATE: &'static str = "Anlegen";
    type Command = KreditorCommand;
    type Event = KreditorEvent;
    type Error = KreditorError;

    fn decide(&self, command: KreditorCommand, ctx: &Context<'_>) -> Decision<Self> {
        use PartnerStatus::{Aktiv, Geschlossen, Gesperrt, Neu};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Aktiv, KreditorCommand::Sperren { grund }) => Ok(vec![KreditorEvent::Gesperrt {
                grund: grund.to_string(),
            }]),
            (Gesperrt, KreditorCommand::Entsperren { grund }) => Ok(vec![KreditorEvent::Entsperrt {
                grund: grund.map(|g| g.to_string()),
            }]),
            (Aktiv | Gesperrt, command) => self.pflegen(command, ctx),
            (Geschlossen, KreditorCommand::Anlegen { .. }) => Err(Shared::status(Geschlossen, &["neu"]).into()),
            (Geschlossen, _) => Err(Shared::status(Geschlossen, &["aktiv", "gesperrt"]).into()),
        }
    }

    fn evolve(&mut self, event: KreditorEvent) {
        match event {
            KreditorEvent::Angelegt {
                nr,
                name,
                anschrift,
                lieferant_id,
                sammelkonto,
                zahlungsbedingung_id,
                waehrung,
                selbstabrechnung_ab,
            } => {
                self.nr = nr;
                self.name = name;
                self.lieferant_id = lieferant_id;
                self.sammelkonto = sammelkonto;
                self.zahlungsbedingung_id = zahlungsbedingung_id;
                self.waehrung = waehrung;
                self.selbstabrechnung_ab = selbstabrechnung_ab;
                self.status = PartnerStatus::Aktiv;
                if let Some(anschrift) = anschrift {
                    self.anschrift_setzen(anschrift);
                }
            }
            KreditorEvent::StammdatenUebernommen {
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
            KreditorEvent::BedingungGesetzt { zahlungsbedingung_id } => {
                self.zahlungsbedingung_id = Some(zahlungsbedingung_id);
            }
            KreditorEvent::UstStatusGesetzt { ust_status } => {
                partner::ust_status_setzen(&mut self.ust_status, ust_status);
            }
            KreditorEvent::BankverbindungErfasst { bankverbindung } => {
                self.bankverbindungen.push(bankverbindung.into());
            }
            KreditorEvent::BankverbindungFreigegeben {
                nr,
                geprueft_von,
                abgeloest,
            } => partner::bank_freigegeben(&mut self.bankverbindungen, nr, geprueft_von, abgeloest),
            KreditorEvent::ZahlsperreGesetzt { bis, grund } => {
                self.zahlsperre = true;
                self.zahlsperre_bis = bis;
                self.zahlsperre_grund = Some(grund);
            }
            KreditorEvent::ZahlsperreAufgehoben {} => {
                self.zahlsperre = false;
                self.zahlsperre_bis = None;
                self.zahlsperre_grund = None;
            }
            KreditorEvent::Gesperrt { .. } => self.status = PartnerStatus::Gesperrt,
            KreditorEvent::Entsperrt { .. } => self.status = PartnerStatus::Aktiv,
            KreditorEvent::Geschlossen { .. } => self.status = PartnerStatus::Geschlossen,
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
