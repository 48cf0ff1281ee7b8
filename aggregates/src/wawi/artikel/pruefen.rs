//! What master data of an Artikel must fulfil.

use uuid::Uuid;

use super::{Artikel, ArtikelError, Refusal, types};
use crate::{
    Context, Shared,
    fibu::SteuerSchluessel,
    wawi::{
        Artikelgruppe, Mengeneinheit,
        artikelgruppe::ArtikelgruppeStatus,
        mengeneinheit::{MengeneinheitStatus, faktor_gueltig},
    },
};

use types::{ArtikelKennung, KennungArt, Stoffzulassung};

/// Finest Basiseinheit.
const MAX_STELLEN: u8 = 6;

/// Most substitutes in a row that are followed.
const MAX_ERSATZ: usize = 20;

/// The Artikelgruppe exists and takes articles.
pub(super) fn gruppe(gruppe_id: Uuid, ctx: &Context<'_>) -> Result<(), Refusal> {
    let gruppe = ctx.get::<Artikelgruppe>(gruppe_id)?;
    if gruppe.is_none_or(|g| g.status != ArtikelgruppeStatus::Aktiv) {
        let text = "diese Artikelgruppe gibt es nicht oder sie ist stillgelegt; eine andere wählen";
        return Err(Shared::feld("/gruppe_id", text).into());
    }
    Ok(())
}

/// A unit of the house that articles may get.
fn einheit(feld: &str, code: &str, ctx: &Context<'_>) -> Result<std::sync::Arc<Mengeneinheit>, Refusal> {
    let gefunden = ctx.find::<Mengeneinheit>(Mengeneinheit::KEY_CODE, code)?;
    gefunden
        .map(|(_, einheit)| einheit)
        .filter(|einheit| einheit.status == MengeneinheitStatus::Aktiv)
        .ok_or_else(|| {
            let text = format!("die Mengeneinheit {code} gibt es nicht oder sie ist stillgelegt; zuerst anlegen");
            Shared::feld(feld, text).into()
        })
}

/// Basiseinheit and decimals.
pub(super) fn basis(code: Option<&str>, stellen: u8, ctx: &Context<'_>) -> Result<(), Refusal> {
    if stellen > MAX_STELLEN {
        let text = format!("eine Menge hat höchstens {MAX_STELLEN} Nachkommastellen");
        return Err(Shared::feld("/stellen", text).into());
    }
    if let Some(code) = code {
        einheit("/basiseinheit", code, ctx)?;
    }
    Ok(())
}

/// The tax key exists.
pub(super) fn schluessel(feld: &str, code: Option<&str>, ctx: &Context<'_>) -> Result<(), Refusal> {
    let Some(code) = code else { return Ok(()) };
    if ctx.holder(SteuerSchluessel::KEY_CODE, code)?.is_none() {
        let text = format!("den Steuerschlüssel {code} gibt es nicht; zuerst anlegen");
        return Err(Shared::feld(feld, text).into());
    }
    Ok(())
}

/// The factor of a further unit, from the command or from the factors of the house.
pub(super) fn faktor(
    artikel: &Artikel,
    code: &str,
    zaehler: Option<i64>,
    nenner: Option<i64>,
    ctx: &Context<'_>,
) -> Result<(i64, i64), Refusal> {
    let ungueltig = || ArtikelError::EinheitUngueltig {
        einheit: code.to_owned(),
    };
    if code == artikel.basiseinheit {
        return Err(ungueltig().into());
    }
    let haus = einheit("/einheit", code, ctx)?;
    let (zaehler, nenner) = match (zaehler, nenner) {
        (Some(zaehler), nenner) => (zaehler, nenner.unwrap_or(1)),
        (None, Some(_)) => return Err(ungueltig().into()),
        (None, None) => {
            let basis = einheit("/basiseinheit", &artikel.basiseinheit, ctx)?;
            if basis.dimension != haus.dimension {
                let text = "diese Einheit misst anderes als die Basiseinheit; zaehler und nenner angeben";
                return Err(Shared::feld("/zaehler", text).into());
            }
            let zaehler = haus.zaehler.checked_mul(basis.nenner).ok_or_else(ungueltig)?;
            let nenner = haus.nenner.checked_mul(basis.zaehler).ok_or_else(ungueltig)?;
            gekuerzt(zaehler, nenner)
        }
    };
    if !faktor_gueltig(zaehler, nenner) {
        return Err(ungueltig().into());
    }
    if let Some(alt) = artikel.einheiten.iter().find(|e| e.einheit == code)
        && artikel.benutzt
        && gekuerzt(alt.zaehler, alt.nenner) != gekuerzt(zaehler, nenner)
    {
        let einheit = code.to_owned();
        return Err(ArtikelError::FaktorGesperrt { einheit }.into());
    }
    Ok((zaehler, nenner))
}

/// A fraction in lowest terms.
fn gekuerzt(zaehler: i64, nenner: i64) -> (i64, i64) {
    let (mut a, mut b) = (zaehler, nenner);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 {
        (zaehler, nenner)
    } else {
        (zaehler / a, nenner / a)
    }
}

/// Scope of an identification's claim. Numbers of authorities stand on many articles and are not claimed.
pub(super) fn scope(art: KennungArt) -> Option<&'static str> {
    match art {
        KennungArt::Gtin => Some("artikel.kennung_gtin"),
        KennungArt::Intern => Some("artikel.kennung_intern"),
        KennungArt::Hersteller => Some("artikel.kennung_hersteller"),
        KennungArt::BvlNr | KennungArt::Warennummer => None,
    }
}

/// An identification.
pub(super) fn kennung(
    artikel: &Artikel,
    art: KennungArt,
    wert: Option<&str>,
    einheit: Option<String>,
) -> Result<Option<ArtikelKennung>, Refusal> {
    let Some(wert) = wert.map(str::to_owned) else {
        return Ok(None);
    };
    let gut = match art {
        KennungArt::Gtin => ist_gtin(&wert),
        KennungArt::Warennummer => wert.len() == 8 && ist_ziffern(&wert),
        KennungArt::Intern | KennungArt::Hersteller | KennungArt::BvlNr => !wert.contains('\n'),
    };
    if !gut {
        return Err(ArtikelError::KennungUngueltig { art, wert }.into());
    }
    if einheit.as_deref().is_some_and(|e| !artikel.kennt(e)) {
        return Err(Shared::feld("/einheit", "diese Einheit hat der Artikel nicht; zuerst hinzufügen").into());
    }
    let belegt = |k: &&ArtikelKennung| k.art == art && k.wert == wert && k.einheit != einheit;
    if artikel.kennungen.iter().any(|k| belegt(&k)) {
        let (feld, wert) = ("wert".to_owned(), wert);
        return Err(Shared::NummerVergeben { feld, wert }.into());
    }
    Ok(Some(ArtikelKennung { art, wert, einheit }))
}

fn ist_ziffern(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// GTIN-8, -12, -13 or -14 with its check digit: from the right, weights 3 and 1 in turn.
fn ist_gtin(text: &str) -> bool {
    if !matches!(text.len(), 8 | 12 | 13 | 14) || !ist_ziffern(text) {
        return false;
    }
    let gewichtet = text.bytes().rev().zip([1_u32, 3].into_iter().cycle());
    let summe: u32 = gewichtet
        .map(|(ziffer, gewicht)| u32::from(ziffer - b'0') * gewicht)
        .sum();
    summe.is_multiple_of(10)
}

/// An approval's days follow one another.
pub(super) fn zulassung(zulassung: &Stoffzulassung) -> Result<(), Refusal> {
    if zulassung.nummer.trim().is_empty() || zulassung.nummer.chars().count() > 60 {
        let text = "die Nummer der Zulassung hat 1 bis 60 Zeichen";
        return Err(Shared::feld("/zulassung/nummer", text).into());
    }
    if zulassung.abverkauf_bis.is_some_and(|bis| bis < zulassung.gueltig_bis) {
        let text = "der Abverkauf endet frühestens mit der Zulassung";
        return Err(Shared::feld("/zulassung/abverkauf_bis", text).into());
    }
    Ok(())
}

/// The substitute exists and does not lead back here.
pub(super) fn ersatz(ersatz_id: Option<Uuid>, ctx: &Context<'_>) -> Result<(), Refusal> {
    let Some(ersatz_id) = ersatz_id else { return Ok(()) };
    let mut naechster = Some(ersatz_id);
    for _ in 0..MAX_ERSATZ {
        let Some(id) = naechster else { return Ok(()) };
        if id == ctx.id {
            return Err(ArtikelError::VerknuepfungZyklus { ersatz_id }.into());
        }
        let Some(artikel) = ctx.get::<Artikel>(id)? else {
            return Err(Shared::feld("/ersatz_id", "diesen Artikel gibt es nicht; einen anderen wählen").into());
        };
        naechster = artikel.ersatz_id;
    }
    Err(ArtikelError::VerknuepfungZyklus { ersatz_id }.into())
}
