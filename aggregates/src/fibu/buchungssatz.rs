//! The posting that a document has decided: what crosses from it to the Buchung in the same unit of work (fibu 3).

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    buchung::{BuchungError, Buchungsart, Seite},
    kontenplan::{Kontenplan, Zweck},
};
use crate::{
    Context, Refused,
    types::{Betrag, Satz},
};

/// A posting as a document decided it. The Buchung checks it like any other and generates the tax lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Buchungssatz {
    /// Stream of the Buchung.
    pub buchung_id: Uuid,
    /// Kind.
    pub buchungsart: Buchungsart,
    /// Day that decides the VAT period.
    pub steuerdatum: NaiveDate,
    /// Text.
    pub text: String,
    /// Lines; that of the Personenkonto, if there is one, comes first.
    pub zeilen: Vec<Buchungszeile>,
}

/// A line of it. Amounts under a key are net.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Buchungszeile {
    /// Account.
    pub konto: Option<String>,
    /// Debitor or Kreditor, instead of an account.
    pub personenkonto: Option<String>,
    /// Side.
    pub seite: Seite,
    /// Amount.
    pub betrag: Betrag,
    /// Tax key.
    pub schluessel: Option<String>,
    /// Rate that the document states.
    pub satz: Option<Satz>,
    /// Tax of the key as the document states it, on one line of the key.
    pub steuer: Option<Betrag>,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
}

impl Buchungszeile {
    /// A line of a Personenkonto.
    #[must_use]
    pub fn partner(nr: &str, seite: Seite, betrag: Betrag) -> Self {
        Self {
            personenkonto: Some(nr.to_owned()),
            seite,
            betrag,
            ..Self::default()
        }
    }

    /// A line of an account without tax.
    #[must_use]
    pub fn konto(nr: &str, seite: Seite, betrag: Betrag) -> Self {
        Self {
            konto: Some(nr.to_owned()),
            seite,
            betrag,
            ..Self::default()
        }
    }

    /// The same under a key, with the rate and, where it is stated, the tax.
    #[must_use]
    pub fn mit_schluessel(self, schluessel: &str, satz: Option<Satz>, steuer: Option<Betrag>) -> Self {
        Self {
            schluessel: Some(schluessel.to_owned()),
            satz,
            steuer,
            ..self
        }
    }
}

/// The account of a purpose on a day, by the company's Kontenfindung.
pub fn konto_fuer<E>(
    zweck: Zweck,
    schluessel: Option<&str>,
    artikelgruppe: Option<&str>,
    am: NaiveDate,
    ctx: &Context<'_>,
) -> Result<String, Refused<E>> {
    let Some(plan) = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))? else {
        let zweck: &str = zweck.into();
        let fehlt = BuchungError::KontenfindungFehlt {
            zweck: zweck.to_owned(),
            schluessel: schluessel.unwrap_or_default().to_owned(),
        };
        return Err(Refused::Domain(fehlt).fremd());
    };
    match plan.konto_fuer(zweck, schluessel, artikelgruppe, None, am) {
        Ok(regel) => Ok(regel.konto_nr.clone()),
        Err(fehler) => Err(Refused::Domain(fehler).fremd()),
    }
}
