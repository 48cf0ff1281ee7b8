//! Kreditor: the supplier's account in the ledger (fibu 9). Holds no balance; that is the ledgers' business.

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
};
use crate::{
    Aggregate, Context, Decision, Key, Shared,
    types::{Bereich, Betrag, Text},
};

/// Folded state; serde gives the columns of `fibu.kreditor`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kreditor {
    /// Number, name, address, tax status, bank accounts, status.
    #[serde(flatten)]
    pub konto: Personenkonto,
    /// The supplier in wawi.
    pub lieferant_id: Option<Uuid>,
    /// The agreement on self-billing holds from this day on.
    pub selbstabrechnung_ab: Option<NaiveDate>,
    /// Is not paid by payment runs.
    pub zahlsperre: bool,
    /// Last day of the lock.
    pub zahlsperre_bis: Option<NaiveDate>,
    /// Why it is locked.
    pub zahlsperre_grund: Option<String>,
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
    /// There is no Zahlsperre to lift.
    #[error("der Kreditor hat keine Zahlsperre; es gibt nichts aufzuheben")]
    #[strum(serialize = "KREDITOR_ZAHLSPERRE_FEHLT")]
    ZahlsperreFehlt {},
    /// The account has a balance.
    #[error("der Kreditor hat noch {posten} offene Posten, Saldo {saldo} EUR; zuerst ausgleichen")]
    #[strum(serialize = "KREDITOR_OFFENE_POSTEN")]
    OffenePosten {
        /// The balance, Soll − Haben.
        saldo: Betrag,
        /// Items that are not settled.
        posten: i64,
    },
}

crate::wire!(Kreditor, KreditorCommand => KreditorEvent | KreditorError);

/// States in which a command is possible.
fn erlaubt(command: &KreditorCommand) -> &'static [&'static str] {
    match command {
        KreditorCommand::Anlegen { .. } => &["neu"],
        KreditorCommand::Sperren { .. } => &["aktiv"],
        KreditorCommand::Entsperren { .. } => &["gesperrt"],
        _ => &["aktiv", "gesperrt"],
    }
}

impl Kreditor {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "kreditor.nr";

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
            return Err(Shared::status(PartnerStatus::Neu, erlaubt(&command)).into());
        };
        let nr = nr.to_string();
        if let Some((von, bis)) = partner::ausserhalb(ctx, &nr, '7', '9')? {
            return Err(KreditorError::NrBereich { nr, von, bis }.into());
        }
        Zahlungsbedingung::pruefen(zahlungsbedingung_id, "/zahlungsbedingung_id", ctx)?;
        let ust_status = ust_status.map(|s| s.pruefen("/ust_status", ctx.heute())).transpose()?;
        let mut events = vec![KreditorEvent::Angelegt {
            nr,
            name: name.to_string(),
            anschrift: anschrift.map(|a| a.pruefen("/anschrift")).transpose()?,
            lieferant_id,
            sammelkonto: partner::sammelkonto_oder(
                ctx,
                sammelkonto,
                Zweck::Verbindlichkeit,
                KontoFunktion::SammelKreditor,
            )?,
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
            KreditorCommand::StammdatenUebernehmen(eingabe) => {
                let (stammdaten, ust_status) = self.konto.uebernehmen(eingabe, heute)?;
                let stammdaten = stammdaten.map(KreditorEvent::StammdatenUebernommen);
                let ust_status = ust_status.map(|ust_status| KreditorEvent::UstStatusGesetzt { ust_status });
                return Ok(stammdaten.into_iter().chain(ust_status).collect());
            }
            KreditorCommand::BedingungSetzen { zahlungsbedingung_id } => {
                Zahlungsbedingung::pruefen(Some(zahlungsbedingung_id), "/zahlungsbedingung_id", ctx)?;
                KreditorEvent::BedingungGesetzt { zahlungsbedingung_id }
            }
            KreditorCommand::UstStatusSetzen(eingabe) => {
                let ust_status = self.konto.ust_status_pruefen(eingabe, heute)?;
                KreditorEvent::UstStatusGesetzt { ust_status }
            }
            KreditorCommand::BankverbindungErfassen(eingabe) => {
                let bankverbindung = self.konto.bank_erfassen(eingabe, ctx)?;
                KreditorEvent::BankverbindungErfasst { bankverbindung }
            }
            KreditorCommand::BankverbindungFreigeben { nr } => {
                KreditorEvent::BankverbindungFreigegeben(self.konto.bank_freigeben(nr, ctx)?)
            }
            KreditorCommand::ZahlsperreSetzen { bis, grund } => {
                partner::sperre_bis(bis, heute)?;
                let grund = grund.to_string();
                KreditorEvent::ZahlsperreGesetzt { bis, grund }
            }
            KreditorCommand::ZahlsperreAufheben {} if self.zahlsperre => KreditorEvent::ZahlsperreAufgehoben {},
            KreditorCommand::ZahlsperreAufheben {} => {
                return Err(KreditorError::ZahlsperreFehlt {}.into());
            }
            KreditorCommand::Schliessen { grund } => {
                let saldo = self.konto.saldo(ctx)?;
                let posten = self.konto.offene_posten(ctx)?;
                if posten != 0 || !saldo.is_null() {
                    return Err(KreditorError::OffenePosten { saldo, posten }.into());
                }
                let grund = grund.map(|g| g.to_string());
                KreditorEvent::Geschlossen { grund }
            }
            KreditorCommand::Anlegen { .. } | KreditorCommand::Sperren { .. } | KreditorCommand::Entsperren { .. } => {
                return Err(Shared::status(self.konto.status, erlaubt(&command)).into());
            }
        };
        Ok(vec![event])
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
        match (self.konto.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Aktiv, KreditorCommand::Sperren { grund }) => Ok(vec![KreditorEvent::Gesperrt {
                grund: grund.to_string(),
            }]),
            (Gesperrt, KreditorCommand::Entsperren { grund }) => Ok(vec![KreditorEvent::Entsperrt {
                grund: grund.map(|g| g.to_string()),
            }]),
            (Aktiv | Gesperrt, command) => self.pflegen(command, ctx),
            (Geschlossen, command) => Err(Shared::status(Geschlossen, erlaubt(&command)).into()),
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
                self.konto.nr = nr;
                self.konto.name = name;
                self.lieferant_id = lieferant_id;
                self.konto.sammelkonto = sammelkonto;
                self.konto.zahlungsbedingung_id = zahlungsbedingung_id;
                self.konto.waehrung = waehrung;
                self.selbstabrechnung_ab = selbstabrechnung_ab;
                self.konto.status = PartnerStatus::Aktiv;
                if let Some(anschrift) = anschrift {
                    self.konto.anschrift_setzen(anschrift);
                }
            }
            KreditorEvent::StammdatenUebernommen(neu) => self.konto.uebernommen(neu),
            KreditorEvent::BedingungGesetzt { zahlungsbedingung_id } => {
                self.konto.zahlungsbedingung_id = Some(zahlungsbedingung_id);
            }
            KreditorEvent::UstStatusGesetzt { ust_status } => self.konto.ust_status_setzen(ust_status),
            KreditorEvent::BankverbindungErfasst { bankverbindung } => {
                self.konto.bankverbindungen.push(bankverbindung.into());
            }
            KreditorEvent::BankverbindungFreigegeben(freigabe) => self.konto.bank_freigegeben(freigabe),
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
            KreditorEvent::Gesperrt { .. } => self.konto.status = PartnerStatus::Gesperrt,
            KreditorEvent::Entsperrt { .. } => self.konto.status = PartnerStatus::Aktiv,
            KreditorEvent::Geschlossen { .. } => self.konto.status = PartnerStatus::Geschlossen,
        }
    }

    fn keys(&self) -> Vec<Key> {
        self.konto.schluessel(Self::KEY_NR)
    }

    fn nummer(&self) -> Option<String> {
        self.konto.nummer()
    }
}
