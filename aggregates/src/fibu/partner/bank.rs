//! Bank accounts of a partner: entered by one person, released by another, superseded by the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Personenkonto;
use crate::{
    Context, Shared, angaben,
    types::{Akteur, Iban, Text},
};

/// Status of a bank account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BankStatus {
    /// Entered, waits for a second person.
    Neu,
    /// Released; payments go here.
    Bestaetigt,
    /// Another one took its place.
    Abgeloest,
}

/// A bank account as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankEingabe {
    /// IBAN.
    pub iban: Text<42>,
    /// BIC.
    pub bic: Option<Text<11>>,
    /// Holder, if not the partner.
    pub inhaber: Option<Text<140>>,
}

/// The release of a bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankFreigegeben {
    /// Its number.
    pub nr: i32,
    /// Who released it.
    pub geprueft_von: Akteur,
    /// The account it supersedes.
    pub abgeloest: Option<i32>,
}

/// A bank account of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bankverbindung {
    /// Running number.
    pub nr: i32,
    /// IBAN.
    pub iban: Iban,
    /// BIC.
    pub bic: Option<String>,
    /// Holder, if not the partner.
    pub inhaber: Option<String>,
    /// Status.
    pub status: BankStatus,
    /// Who entered it.
    pub erfasst_von: Akteur,
    /// Who released it.
    pub geprueft_von: Option<Akteur>,
}

/// A bank account as it was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankErfasst {
    /// Running number.
    pub nr: i32,
    /// IBAN.
    pub iban: Iban,
    /// BIC.
    pub bic: Option<String>,
    /// Holder, if not the partner.
    pub inhaber: Option<String>,
    /// Who entered it.
    pub erfasst_von: Akteur,
}

impl From<BankErfasst> for Bankverbindung {
    fn from(bank: BankErfasst) -> Self {
        Self {
            nr: bank.nr,
            iban: bank.iban,
            bic: bank.bic,
            inhaber: bank.inhaber,
            status: BankStatus::Neu,
            erfasst_von: bank.erfasst_von,
            geprueft_von: None,
        }
    }
}

impl Personenkonto {
    /// The released bank account.
    pub fn bank(&self) -> Option<&Bankverbindung> {
        self.bankverbindungen
            .iter()
            .find(|b| b.status == BankStatus::Bestaetigt)
    }

    /// Checks a bank account and gives it its number.
    pub(in crate::fibu) fn bank_erfassen(
        &self,
        eingabe: BankEingabe,
        ctx: &Context<'_>,
    ) -> Result<BankErfasst, Shared> {
        let iban = angaben::iban(&eingabe.iban)?;
        let lebt = |b: &&Bankverbindung| b.status != BankStatus::Abgeloest && b.iban == iban;
        if let Some(bank) = self.bankverbindungen.iter().find(lebt) {
            let meldung = format!("diese IBAN ist schon als Bankverbindung {} erfasst", bank.nr);
            return Err(Shared::feld("/iban", meldung));
        }
        let bic = eingabe.bic.map(|text| angaben::bic(&text)).transpose()?;
        Ok(BankErfasst {
            nr: self.bankverbindungen.iter().map(|b| b.nr).max().unwrap_or(0) + 1,
            iban,
            bic,
            inhaber: eingabe.inhaber.map(|i| i.to_string()),
            erfasst_von: ctx.akteur(),
        })
    }

    /// A release by a second person; it supersedes the present bank account.
    pub(in crate::fibu) fn bank_freigeben(&self, nr: i32, ctx: &Context<'_>) -> Result<BankFreigegeben, Shared> {
        let bank = self
            .bankverbindungen
            .iter()
            .find(|b| b.nr == nr)
            .ok_or_else(|| Shared::feld("/nr", format!("die Bankverbindung {nr} gibt es nicht")))?;
        if bank.status != BankStatus::Neu {
            return Err(Shared::status(bank.status, &["neu"]));
        }
        if bank.erfasst_von == ctx.frame.akteur {
            return Err(Shared::VierAugen {
                regel: Some("bankverbindung".to_owned()),
            });
        }
        Ok(BankFreigegeben {
            nr,
            geprueft_von: ctx.akteur(),
            abgeloest: self.bank().map(|b| b.nr),
        })
    }

    /// Folds a release in.
    pub(in crate::fibu) fn bank_freigegeben(&mut self, freigabe: BankFreigegeben) {
        for bank in &mut self.bankverbindungen {
            if Some(bank.nr) == freigabe.abgeloest {
                bank.status = BankStatus::Abgeloest;
            }
            if bank.nr == freigabe.nr {
                bank.status = BankStatus::Bestaetigt;
                bank.geprueft_von = Some(freigabe.geprueft_von.clone());
            }
        }
    }
}
