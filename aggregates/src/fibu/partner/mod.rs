//! What Debitor and Kreditor share (fibu 9): the Personenkonto with its address, dated tax status and bank accounts that
//! a second person releases. Each decision here gives the content of one event; the two aggregates name it.

mod bank;
mod finden;
mod stammdaten;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(super) use self::finden::{ausserhalb, sammelkonto_oder, waehrung};
pub use self::{
    bank::{BankEingabe, BankErfasst, BankFreigegeben, BankStatus, Bankverbindung},
    finden::{Zahlungspartner, ist_debitor, personenkonto_finden, personenkontolaenge, sammelkonto},
    stammdaten::{PartnerAnschrift, Stammdaten, StammdatenEingabe, UmsatzsteuerStatus, UstArt, UstStatusEingabe},
};
use crate::{
    Context, Key, Shared,
    refusal::Refused,
    types::{Betrag, zeitlich},
};

/// Currency of an account if none is named.
pub(crate) const HAUSWAEHRUNG: &str = "EUR";

/// Status of a Personenkonto.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PartnerStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Works.
    Aktiv,
    /// Takes no new invoice.
    Gesperrt,
    /// Closed for good, without open items.
    Geschlossen,
}

/// The account of a partner on either side of the ledger; part of the states of Debitor and Kreditor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Personenkonto {
    /// Number.
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
    /// Account of the ledger that carries the sum.
    pub sammelkonto: String,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// Status.
    pub status: PartnerStatus,
    /// Tax status by date, oldest first.
    pub ust_status: Vec<UmsatzsteuerStatus>,
    /// Bank accounts.
    pub bankverbindungen: Vec<Bankverbindung>,
}

impl Personenkonto {
    /// The tax status on a day: the newest that holds.
    pub fn ust_status_am(&self, datum: NaiveDate) -> Option<&UmsatzsteuerStatus> {
        zeitlich::am(&self.ust_status, datum)
    }

    /// The VAT identification number on a day.
    pub fn ust_id_am(&self, datum: NaiveDate) -> Option<&str> {
        self.ust_status_am(datum)?.ust_id.as_deref()
    }

    /// The number as a unique key, once the account exists.
    pub(super) fn schluessel(&self, scope: &'static str) -> Vec<Key> {
        let nr = (self.status != PartnerStatus::Neu).then_some(&*self.nr);
        nr.map(|nr| Key::new(scope, "nr", nr)).into_iter().collect()
    }

    /// The number, once the account exists.
    pub(super) fn nummer(&self) -> Option<String> {
        (self.status != PartnerStatus::Neu).then(|| self.nr.clone())
    }

    /// The account's balance (Soll − Haben) at the head of the log.
    pub(crate) fn saldo<E>(&self, ctx: &Context<'_>) -> Result<Betrag, Refused<E>> {
        let unlesbar = || {
            let meldung = format!("der Saldo von {} ist nicht lesbar; nicht geschlossen", self.nr);
            Shared::feld("/nr", meldung)
        };
        match ctx.fact("personenkonto_saldo", &self.nr)? {
            Value::Null => Ok(Betrag::NULL),
            Value::String(text) => Ok(text.parse().map_err(|_| unlesbar())?),
            _ => Err(unlesbar().into()),
        }
    }

    /// How many items of the account are open at the head of the log: a balance of zero may hide a claim and a credit.
    pub(super) fn offene_posten<E>(&self, ctx: &Context<'_>) -> Result<i64, Refused<E>> {
        match ctx.fact("personenkonto_offene_posten", &self.nr)? {
            Value::Null => Ok(0),
            wert => wert.as_i64().ok_or_else(|| {
                let meldung = format!(
                    "die offenen Posten von {} sind nicht lesbar; nicht geschlossen",
                    self.nr
                );
                Shared::feld("/nr", meldung).into()
            }),
        }
    }

    /// Folds a tax status in; one of the same day gives way (master data may change twice a day).
    pub(super) fn ust_status_setzen(&mut self, neu: UmsatzsteuerStatus) {
        zeitlich::setzen(&mut self.ust_status, neu);
    }
}

/// Checks the last day of a lock.
pub(crate) fn sperre_bis(bis: Option<NaiveDate>, heute: NaiveDate) -> Result<(), Shared> {
    match bis {
        Some(bis) if bis < heute => Err(Shared::feld(
            "/bis",
            "der letzte Tag der Sperre liegt in der Vergangenheit",
        )),
        _ => Ok(()),
    }
}
