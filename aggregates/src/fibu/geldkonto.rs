//! Geldkonto: an own bank account, cash box, card or transit account, and the account of the ledger it moves (fibu 4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::konto::{Konto, KontoFunktion, KontoStatus};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared, angaben,
    types::{Bereich, Betrag, Iban, Stufe, Text},
};

/// Status of a Geldkonto.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GeldkontoStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Works.
    Aktiv,
    /// Closed for good.
    Geschlossen,
}

/// Kind of a Geldkonto.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GeldkontoArt {
    /// At a bank.
    #[default]
    Bank,
    /// Cash.
    Kasse,
    /// Card.
    Karte,
    /// Money on its way.
    Transit,
}

impl GeldkontoArt {
    /// The Nummernkreis of vouchers on it.
    #[must_use]
    pub const fn belegkreis(self) -> &'static str {
        match self {
            Self::Kasse => "KA",
            Self::Bank | Self::Karte | Self::Transit => "BK",
        }
    }
}

/// Folded state; serde gives the columns of `fibu.geldkonto`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Geldkonto {
    /// Name.
    pub bezeichnung: String,
    /// Kind.
    pub art: GeldkontoArt,
    /// Account of the ledger.
    pub konto_nr: String,
    /// IBAN.
    pub iban: Option<Iban>,
    /// BIC.
    pub bic: Option<String>,
    /// Currency.
    pub waehrung: String,
    /// Status.
    pub status: GeldkontoStatus,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum GeldkontoCommand {
    /// Opens a Geldkonto on an account of the ledger that no other uses.
    Anlegen {
        /// Name.
        bezeichnung: Text<100>,
        /// Kind.
        art: GeldkontoArt,
        /// Account of the ledger.
        konto_nr: Text<8>,
        /// IBAN; of a bank account only.
        iban: Option<Text<42>>,
        /// BIC.
        bic: Option<Text<11>>,
        /// Currency; EUR if absent, the only one so far.
        waehrung: Option<Text<3>>,
    },
    /// Closes it; the account's balance must be zero.
    Schliessen {
        /// Why.
        grund: Option<Text<500>>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum GeldkontoEvent {
    /// It exists.
    Angelegt {
        /// Name.
        bezeichnung: String,
        /// Kind.
        art: GeldkontoArt,
        /// Account of the ledger.
        konto_nr: String,
        /// IBAN.
        iban: Option<Iban>,
        /// BIC.
        bic: Option<String>,
        /// Currency.
        waehrung: String,
    },
    /// Closed.
    Geschlossen {
        /// Why.
        grund: Option<String>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum GeldkontoError {
    /// Another Geldkonto uses the account.
    #[error("das Konto {konto_nr} gehört schon zu einem anderen Geldkonto; ein anderes wählen")]
    #[strum(serialize = "GELDKONTO_KONTO_BELEGT")]
    KontoBelegt {
        /// The account.
        konto_nr: String,
    },
    /// The account has a balance.
    #[error("das Geldkonto hat noch einen Saldo von {saldo} EUR; zuerst ausbuchen")]
    #[strum(serialize = "GELDKONTO_SALDO_NICHT_NULL")]
    SaldoNichtNull {
        /// Soll − Haben.
        saldo: Betrag,
    },
}

crate::wire!(Geldkonto, GeldkontoCommand => GeldkontoEvent | GeldkontoError);

type Ergebnis<T> = Result<T, Refused<GeldkontoError>>;

impl Geldkonto {
    /// Scope of the IBAN's claim.
    pub const KEY_IBAN: &'static str = "geldkonto.iban";
    /// Scope of the account's claim.
    pub const KEY_KONTO: &'static str = "geldkonto.konto_nr";

    /// The account must exist, hold money and be free.
    fn konto_pruefen(konto_nr: &str, art: GeldkontoArt, ctx: &Context<'_>) -> Ergebnis<()> {
        let feld = |text: String| Shared::feld("/konto_nr", text);
        let Some((_, konto)) = ctx.find::<Konto>(Konto::KEY_NR, konto_nr)? else {
            return Err(feld(format!("das Konto {konto_nr} gibt es nicht; zuerst anlegen")).into());
        };
        let passt = match art {
            // Money on its way is a clearing account, not money.
            GeldkontoArt::Transit => matches!(konto.funktion, KontoFunktion::Geld | KontoFunktion::Sach),
            GeldkontoArt::Bank | GeldkontoArt::Kasse | GeldkontoArt::Karte => konto.funktion == KontoFunktion::Geld,
        };
        if !passt {
            return Err(feld(format!(
                "das Konto {konto_nr} hat nicht die Funktion geld; ein anderes wählen"
            ))
            .into());
        }
        if konto.status != KontoStatus::Aktiv {
            return Err(feld(format!(
                "das Konto {konto_nr} ist gesperrt oder stillgelegt; ein anderes wählen"
            ))
            .into());
        }
        if ctx.holder(Self::KEY_KONTO, konto_nr)?.is_some() {
            let konto_nr = konto_nr.to_owned();
            return Err(GeldkontoError::KontoBelegt { konto_nr }.into());
        }
        Ok(())
    }

    fn anlegen(command: GeldkontoCommand, ctx: &Context<'_>) -> Decision<Self> {
        let GeldkontoCommand::Anlegen {
            bezeichnung,
            art,
            konto_nr,
            iban,
            bic,
            waehrung,
        } = command
        else {
            return Err(Shared::status(GeldkontoStatus::Neu, &["aktiv"]).into());
        };
        if waehrung.as_deref().is_some_and(|w| w != "EUR") {
            return Err(Shared::feld("/waehrung", "geführt wird bisher nur EUR").into());
        }
        let iban = iban.map(|text| angaben::iban(&text)).transpose()?;
        if iban.is_some() && art == GeldkontoArt::Kasse {
            return Err(Shared::feld("/iban", "eine Kasse hat keine IBAN").into());
        }
        let bic = bic.map(|text| angaben::bic(&text)).transpose()?;
        Self::konto_pruefen(&konto_nr, art, ctx)?;
        Ok(vec![GeldkontoEvent::Angelegt {
            bezeichnung: bezeichnung.to_string(),
            art,
            konto_nr: konto_nr.to_string(),
            iban,
            bic,
            waehrung: "EUR".to_owned(),
        }])
    }

    fn schliessen(&self, grund: Option<Text<500>>, ctx: &Context<'_>) -> Decision<Self> {
        let unlesbar = || Shared::feld("", "der Saldo ist nicht lesbar; nicht geschlossen");
        let saldo: Betrag = match ctx.fact("konto_saldo", &self.konto_nr)? {
            Value::Null => Betrag::NULL,
            Value::String(text) => text.parse().map_err(|_| unlesbar())?,
            _ => return Err(unlesbar().into()),
        };
        if !saldo.is_null() {
            return Err(GeldkontoError::SaldoNichtNull { saldo }.into());
        }
        Ok(vec![GeldkontoEvent::Geschlossen {
            grund: grund.map(|g| g.to_string()),
        }])
    }
}

impl Aggregate for Geldkonto {
    const NAME: &'static str = "Geldkonto";
    const TYPE: &'static str = "geldkonto";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "geldkonten";
    const CREATE: &'static str = "Anlegen";
    type Command = GeldkontoCommand;
    type Event = GeldkontoEvent;
    type Error = GeldkontoError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn decide(&self, command: GeldkontoCommand, ctx: &Context<'_>) -> Decision<Self> {
        match (self.status, command) {
            (GeldkontoStatus::Neu, command) => Self::anlegen(command, ctx),
            (GeldkontoStatus::Aktiv, GeldkontoCommand::Schliessen { grund }) => self.schliessen(grund, ctx),
            (status, GeldkontoCommand::Schliessen { .. }) => Err(Shared::status(status, &["aktiv"]).into()),
            (status, GeldkontoCommand::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
        }
    }

    fn evolve(&mut self, event: GeldkontoEvent) {
        match event {
            GeldkontoEvent::Angelegt {
                bezeichnung,
                art,
                konto_nr,
                iban,
                bic,
                waehrung,
            } => {
                *self = Self {
                    bezeichnung,
                    art,
                    konto_nr,
                    iban,
                    bic,
                    waehrung,
                    status: GeldkontoStatus::Aktiv,
                };
            }
            GeldkontoEvent::Geschlossen { .. } => self.status = GeldkontoStatus::Geschlossen,
        }
    }

    /// A closed Geldkonto gives its account free; its IBAN stays known.
    fn keys(&self) -> Vec<Key> {
        let iban = (self.status != GeldkontoStatus::Neu)
            .then_some(self.iban.as_ref())
            .flatten();
        let iban = iban.map(|iban| Key::new(Self::KEY_IBAN, "iban", iban.as_str()));
        let konto =
            (self.status == GeldkontoStatus::Aktiv).then(|| Key::new(Self::KEY_KONTO, "konto_nr", &*self.konto_nr));
        iban.into_iter().chain(konto).collect()
    }
}
