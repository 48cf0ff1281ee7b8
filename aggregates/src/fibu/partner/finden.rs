//! What a Personenkonto needs of the house, and how others find one by its number.

use chrono::NaiveDate;
use uuid::Uuid;

use super::HAUSWAEHRUNG;
use crate::{
    Context, Lookup, Shared,
    fibu::{
        Debitor, Kreditor,
        kontenplan::{Kontenplan, KontenplanError, Zweck},
        konto::{Konto, KontoFunktion, KontoStatus},
    },
    refusal::Refused,
    types::Text,
};

/// Digits of a Personenkonto without a Kontenplan: one more than the shortest account.
const PERSONENKONTOLAENGE: u8 = 5;

/// The number of digits of a Personenkonto in this company.
pub fn personenkontolaenge(ctx: &Context<'_>) -> Result<u8, Lookup> {
    let plan = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))?;
    Ok(plan.map_or(PERSONENKONTOLAENGE, |plan| plan.personenkontolaenge))
}

/// The Sammelkonto of a purpose by the company's Kontenfindung.
pub fn sammelkonto<E>(ctx: &Context<'_>, zweck: Zweck) -> Result<String, Refused<E>> {
    let plan = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))?;
    match plan.map(|plan| plan.konto_fuer(zweck, None, None, None, ctx.heute()).cloned()) {
        Some(Ok(regel)) => Ok(regel.konto_nr),
        None | Some(Err(KontenplanError::KontenfindungFehlt { .. })) => {
            let zweck: &str = zweck.into();
            let meldung = format!("das Sammelkonto fehlt, und die Kontenfindung nennt keines für den Zweck {zweck}");
            Err(Shared::feld("/sammelkonto", meldung).into())
        }
        Some(Err(mehrdeutig)) => Err(Refused::Domain(mehrdeutig).fremd()),
    }
}

/// The Sammelkonto named, else the one of the Kontenfindung; either must exist and collect this side's partners.
pub(in crate::fibu) fn sammelkonto_oder<E>(
    ctx: &Context<'_>,
    genannt: Option<Text<8>>,
    zweck: Zweck,
    funktion: KontoFunktion,
) -> Result<String, Refused<E>> {
    let nr = match genannt {
        Some(nr) => nr.to_string(),
        None => sammelkonto(ctx, zweck)?,
    };
    let falsch = |meldung: String| Err(Shared::feld("/sammelkonto", meldung).into());
    match ctx.find::<Konto>(Konto::KEY_NR, &nr)? {
        None => falsch(format!("das Konto {nr} gibt es nicht; zuerst anlegen")),
        Some((_, konto)) if konto.funktion != funktion => {
            let funktion: &str = funktion.into();
            falsch(format!("das Konto {nr} hat nicht die Funktion {funktion}"))
        }
        Some((_, konto)) if konto.status != KontoStatus::Aktiv => {
            let status: &str = konto.status.into();
            falsch(format!("das Konto {nr} ist {status}; ein anderes wählen"))
        }
        Some(_) => Ok(nr),
    }
}

fn ziffern(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// The range of numbers whose first digit lies in `von..=bis`, if `nr` is outside of it.
pub(in crate::fibu) fn ausserhalb(
    ctx: &Context<'_>,
    nr: &str,
    von: char,
    bis: char,
) -> Result<Option<(String, String)>, Lookup> {
    let stellen = usize::from(personenkontolaenge(ctx)?);
    let innen = nr.len() == stellen && ziffern(nr) && nr.starts_with(|c| (von..=bis).contains(&c));
    let rest = stellen.saturating_sub(1);
    let grenze = |erste: char, fuellung: &str| format!("{erste}{}", fuellung.repeat(rest));
    Ok((!innen).then(|| (grenze(von, "0"), grenze(bis, "9"))))
}

/// The currency named, else EUR.
pub(in crate::fibu) fn waehrung(genannt: Option<Text<3>>) -> Result<String, Shared> {
    match genannt {
        None => Ok(HAUSWAEHRUNG.to_owned()),
        Some(iso) if iso.len() == 3 && iso.bytes().all(|b| b.is_ascii_uppercase()) => Ok(iso.to_string()),
        Some(_) => Err(Shared::feld(
            "/waehrung",
            "die Währung ist ein ISO-Code aus drei Großbuchstaben",
        )),
    }
}

/// True for the number of a Debitor: 1 to 6; 7 to 9 are Kreditoren.
#[must_use]
pub fn ist_debitor(nr: &str) -> bool {
    nr.starts_with(|c| ('1'..='6').contains(&c))
}

/// What a payment wants to know of a Personenkonto.
#[derive(Debug, Clone, PartialEq)]
pub struct Zahlungspartner {
    /// Customer of a Debitor.
    pub kunde_id: Option<Uuid>,
    /// A Kreditor is not to be paid.
    zahlsperre: bool,
    /// Last day of it.
    zahlsperre_bis: Option<NaiveDate>,
}

impl Zahlungspartner {
    /// True if the partner is not to be paid on a day.
    #[must_use]
    pub fn zahlsperre_am(&self, tag: NaiveDate) -> bool {
        self.zahlsperre && self.zahlsperre_bis.is_none_or(|bis| tag <= bis)
    }
}

/// The Personenkonto of a number.
pub fn personenkonto_finden(nr: &str, ctx: &Context<'_>) -> Result<Option<Zahlungspartner>, Lookup> {
    if ist_debitor(nr) {
        let debitor = ctx.find::<Debitor>(Debitor::KEY_NR, nr)?;
        return Ok(debitor.map(|(_, debitor)| Zahlungspartner {
            kunde_id: debitor.kunde_id,
            zahlsperre: false,
            zahlsperre_bis: None,
        }));
    }
    let kreditor = ctx.find::<Kreditor>(Kreditor::KEY_NR, nr)?;
    Ok(kreditor.map(|(_, kreditor)| Zahlungspartner {
        kunde_id: None,
        zahlsperre: kreditor.zahlsperre,
        zahlsperre_bis: kreditor.zahlsperre_bis,
    }))
}
