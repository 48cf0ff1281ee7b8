//! What documents with positions share, bought or sold: the article and the value of a position, and what its quantities
//! say about it.

use std::sync::Arc;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Artikel, Lager, artikel::ArtikelError};
use crate::{
    Context, DomainError, Refused, Shared,
    types::{Betrag, Menge, Preis, Satz},
};

/// Decimals of a quantity; how many a unit really has the article says.
pub(crate) const STELLEN: u32 = 6;

/// Status of a position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Positionsstatus {
    /// Nothing came or went yet.
    #[default]
    Offen,
    /// A part did.
    TeilGeliefert,
    /// As much as the tolerance asks for; the rest is no longer expected.
    Geliefert,
    /// The rest was cancelled.
    Storniert,
}

/// A quantity of a position. Negative takes back what was recorded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionsMenge {
    /// The position.
    pub position_id: Uuid,
    /// How much, in the unit of the position.
    pub menge: Menge,
}

/// The refusal of another aggregate with its own code.
pub(crate) fn fremd<A: DomainError, E: DomainError>(error: A) -> Refused<E> {
    Refused::Domain(error).fremd()
}

/// The id of a new position: UUIDv5 of the document's id and `position/` with the version of the document before it. A
/// version never comes again, so neither does the id of a position that was taken out.
#[must_use]
pub fn position_id(ctx: &Context<'_>) -> Uuid {
    ctx.part_id(&format!("position/{}", ctx.version))
}

/// The article of a position.
pub(crate) fn artikel<E>(artikel_id: Uuid, ctx: &Context<'_>) -> Result<Arc<Artikel>, Refused<E>> {
    let unbekannt = || Shared::feld("/artikel_id", "diesen Artikel gibt es nicht; bitte zuerst anlegen");
    Ok(ctx.get::<Artikel>(artikel_id)?.ok_or_else(unbekannt)?)
}

/// Refuses a Lager that does not exist.
pub(crate) fn lager<E>(lager_id: Uuid, ctx: &Context<'_>) -> Result<Arc<Lager>, Refused<E>> {
    let unbekannt = || Shared::feld("/lager_id", "dieses Lager gibt es nicht; bitte zuerst anlegen");
    Ok(ctx.get::<Lager>(lager_id)?.ok_or_else(unbekannt)?)
}

/// Refuses a price for no quantity.
pub(crate) fn preis_pruefen<E>(preis: &Preis) -> Result<(), Refused<E>> {
    if preis.je > Menge::NULL {
        return Ok(());
    }
    let feld = "/preis/je".to_owned();
    Err(Shared::MengeUngueltig { feld }.into())
}

/// Value of a quantity, the price's unit being any of the article's.
pub(crate) fn wert<E: DomainError>(
    artikel: &Artikel,
    menge: Menge,
    einheit: &str,
    preis: &Preis,
) -> Result<Betrag, Refused<E>> {
    let umgerechnet: Result<Menge, ArtikelError> = artikel.umrechnen(menge, einheit, &preis.einheit);
    let text = "der Wert der Position ist nicht darstellbar; bitte Preis und Menge prüfen";
    let unwert = || Shared::feld("/preis", text).into();
    preis.wert(umgerechnet.map_err(fremd)?).ok_or_else(unwert)
}

/// The most that may still come or go: what is due with its tolerance, less what did.
#[must_use]
pub(crate) fn hoechstens(soll: Menge, toleranz: Satz, bisher: Menge) -> Menge {
    (soll.zuzueglich(toleranz) - bisher).max(Menge::NULL)
}

/// What is still due.
#[must_use]
pub(crate) fn offen(soll: Menge, bisher: Menge) -> Menge {
    (soll - bisher).max(Menge::NULL)
}

/// True if as much came or went as the tolerance asks for.
#[must_use]
pub(crate) fn genug(soll: Menge, toleranz: Satz, bisher: Menge) -> bool {
    bisher >= soll.abzueglich(toleranz)
}

/// The business date named, else today; never in the future (wawi 0.3).
pub(crate) fn buchungstag<E>(datum: Option<NaiveDate>, ctx: &Context<'_>) -> Result<NaiveDate, Refused<E>> {
    bis_heute(datum, "/buchungsdatum", ctx)
}

/// The day named in a field, else today; never in the future.
pub(crate) fn bis_heute<E>(datum: Option<NaiveDate>, feld: &str, ctx: &Context<'_>) -> Result<NaiveDate, Refused<E>> {
    let datum = datum.unwrap_or(ctx.heute());
    if datum > ctx.heute() {
        return Err(Shared::DatumZukunft {
            feld: feld.to_owned(),
            spaetestens: ctx.heute(),
        }
        .into());
    }
    Ok(datum)
}
