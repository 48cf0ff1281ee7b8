//! Debitor: the customer's account in the ledger (fibu 9). Holds no balance; that is the ledgers' business.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Zahlungsbedingung,
    kontenplan::Zweck,
    konto::KontoFunktion,
    partner::{
        self, BankEingabe, BankErfasst, BankFreigegeben, PartnerAnschrift, PartnerStatus, Personenkonto, Stammdaten,
        StammdatenEingabe, UmsatzsteuerStatus, UstStatusEingabe,
    },
    steuerfall::Verkaufsfall,
};
use crate::{
    Aggregate, Context, Decision, Key, Shared,
    types::{Bereich, Betrag, Text},
};

/// Folded state; serde gives the columns of `fibu.debitor`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Debitor {
    /// Number, name, address, tax status, bank accounts, status.
    #[serde(flatten)]
    pub konto: Personenkonto,
    /// The customer in crm.
    pub kunde_id: Option<Uuid>,
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
    StammdatenUebernehmen(StammdatenEingabe),
    /// Sets the terms of payment.
    BedingungSetzen {
        /// Terms of payment.
        zahlungsbedingung_id: Uuid,
    },
    /// Sets the tax status from a day on.
    UstStatusSetzen(UstStatusEingabe),
    /// Enters a bank account; a second person releases it.
    BankverbindungErfassen(BankEingabe),
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
    StammdatenUebernommen(Stammdaten),
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
    BankverbindungFreigegeben(BankFreigegeben),
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
    /// There is no Mahnsperre to lift.
    #[error("der Debitor hat keine Mahnsperre; es gibt nichts aufzuheben")]
    #[strum(serialize = "DEBITOR_MAHNSPERRE_FEHLT")]
    MahnsperreFehlt {},
    /// The account has a balance.
    #[error("der Debitor hat noch {posten} offene Posten, Saldo {saldo} EUR; zuerst ausgleichen")]
    #[strum(serialize = "DEBITOR_OFFENE_POSTEN")]
    OffenePosten {
        /// The balance, Soll − Haben.
        saldo: Betrag,
        /// Items that are not settled.
        posten: i64,
    },
}

crate::wire!(Debitor, DebitorCommand => DebitorEvent | DebitorError);

/// States in which a command is possible.
fn erlaubt(command: &DebitorCommand) -> &'static [&'static str] {
    match command {
        DebitorCommand::Anlegen { .. } => &["neu"],
        DebitorCommand::Sperren { .. } => &["aktiv"],
        DebitorCommand::Entsperren { .. } => &["gesperrt"],
        _ => &["aktiv", "gesperrt"],
    }
}

impl Debitor {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "debitor.nr";

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
            return Err(Shared::status(PartnerStatus::Neu, erlaubt(&command)).into());
        };
        let nr = nr.to_string();
        if let Some((von, bis)) = partner::ausserhalb(ctx, &nr, '1', '6')? {
            return Err(DebitorError::NrBereich { nr, von, bis }.into());
        }
        Zahlungsbedingung::pruefen(zahlungsbedingung_id, "/zahlungsbedingung_id", ctx)?;
        let ust_status = ust_status.map(|s| s.pruefen("/ust_status", ctx.heute())).transpose()?;
        let mut events = vec![DebitorEvent::Angelegt {
            nr,
            name: name.to_string(),
            anschrift: anschrift.map(|a| a.pruefen("/anschrift")).transpose()?,
            kunde_id,
            sammelkonto: partner::sammelkonto_oder(ctx, sammelkonto, Zweck::Forderung, KontoFunktion::SammelDebitor)?,
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
            DebitorCommand::StammdatenUebernehmen(eingabe) => {
                let (stammdaten, ust_status) = self.konto.uebernehmen(eingabe, heute)?;
                let stammdaten = stammdaten.map(DebitorEvent::StammdatenUebernommen);
                let ust_status = ust_status.map(|ust_status| DebitorEvent::UstStatusGesetzt { ust_status });
                return Ok(stammdaten.into_iter().chain(ust_status).collect());
            }
            DebitorCommand::BedingungSetzen { zahlungsbedingung_id } => {
                Zahlungsbedingung::pruefen(Some(zahlungsbedingung_id), "/zahlungsbedingung_id", ctx)?;
                DebitorEvent::BedingungGesetzt { zahlungsbedingung_id }
            }
            DebitorCommand::UstStatusSetzen(eingabe) => {
                let ust_status = self.konto.ust_status_pruefen(eingabe, heute)?;
                DebitorEvent::UstStatusGesetzt { ust_status }
            }
            DebitorCommand::BankverbindungErfassen(eingabe) => {
                let bankverbindung = self.konto.bank_erfassen(eingabe, ctx)?;
                DebitorEvent::BankverbindungErfasst { bankverbindung }
            }
            DebitorCommand::BankverbindungFreigeben { nr } => {
                DebitorEvent::BankverbindungFreigegeben(self.konto.bank_freigeben(nr, ctx)?)
            }
            DebitorCommand::MahnsperreSetzen { bis, grund } => {
                partner::sperre_bis(bis, heute)?;
                let grund = grund.to_string();
                DebitorEvent::MahnsperreGesetzt { bis, grund }
            }
            DebitorCommand::MahnsperreAufheben {} if self.mahnsperre => DebitorEvent::MahnsperreAufgehoben {},
            DebitorCommand::MahnsperreAufheben {} => {
                return Err(DebitorError::MahnsperreFehlt {}.into());
            }
            DebitorCommand::Schliessen { grund } => {
                let saldo = self.konto.saldo(ctx)?;
                let posten = self.konto.offene_posten(ctx)?;
                if posten != 0 || !saldo.is_null() {
                    return Err(DebitorError::OffenePosten { saldo, posten }.into());
                }
                let grund = grund.map(|g| g.to_string());
                DebitorEvent::Geschlossen { grund }
            }
            DebitorCommand::Anlegen { .. } | DebitorCommand::Sperren { .. } | DebitorCommand::Entsperren { .. } => {
                return Err(Shared::status(self.konto.status, erlaubt(&command)).into());
            }
        };
        Ok(vec![event])
    }
}

impl Debitor {
    /// A sale to him on a day, to his own address; `None` if he has none.
    #[must_use]
    pub fn verkaufsfall(&self, am: NaiveDate, ware: bool) -> Option<Verkaufsfall<'_>> {
        Some(Verkaufsfall {
            status: self.konto.ust_status_am(am),
            verbraucher: self.verbraucher,
            land: self.konto.land.as_deref()?,
            ware,
        })
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
        match (self.konto.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Aktiv, DebitorCommand::Sperren { grund }) => Ok(vec![DebitorEvent::Gesperrt {
                grund: grund.to_string(),
            }]),
            (Gesperrt, DebitorCommand::Entsperren { grund }) => Ok(vec![DebitorEvent::Entsperrt {
                grund: grund.map(|g| g.to_string()),
            }]),
            (Aktiv | Gesperrt, command) => self.pflegen(command, ctx),
            (Geschlossen, command) => Err(Shared::status(Geschlossen, erlaubt(&command)).into()),
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
                self.konto.nr = nr;
                self.konto.name = name;
                self.kunde_id = kunde_id;
                self.konto.sammelkonto = sammelkonto;
                self.konto.zahlungsbedingung_id = zahlungsbedingung_id;
                self.konto.waehrung = waehrung;
                self.verbraucher = verbraucher;
                self.mahnverfahren_id = mahnverfahren_id;
                self.zinsgruppe = zinsgruppe;
                self.konto.status = PartnerStatus::Aktiv;
                if let Some(anschrift) = anschrift {
                    self.konto.anschrift_setzen(anschrift);
                }
            }
            DebitorEvent::StammdatenUebernommen(neu) => self.konto.uebernommen(neu),
            DebitorEvent::BedingungGesetzt { zahlungsbedingung_id } => {
                self.konto.zahlungsbedingung_id = Some(zahlungsbedingung_id);
            }
            DebitorEvent::UstStatusGesetzt { ust_status } => self.konto.ust_status_setzen(ust_status),
            DebitorEvent::BankverbindungErfasst { bankverbindung } => {
                self.konto.bankverbindungen.push(bankverbindung.into());
            }
            DebitorEvent::BankverbindungFreigegeben(freigabe) => self.konto.bank_freigegeben(freigabe),
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
            DebitorEvent::Gesperrt { .. } => self.konto.status = PartnerStatus::Gesperrt,
            DebitorEvent::Entsperrt { .. } => self.konto.status = PartnerStatus::Aktiv,
            DebitorEvent::Geschlossen { .. } => self.konto.status = PartnerStatus::Geschlossen,
        }
    }

    fn keys(&self) -> Vec<Key> {
        self.konto.schluessel(Self::KEY_NR)
    }

    fn nummer(&self) -> Option<String> {
        self.konto.nummer()
    }
}
