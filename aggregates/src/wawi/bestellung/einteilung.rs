//! The parts of a position: which quantity is wanted, and which promised, on which day.

use chrono::NaiveDate;

use super::{
    BestellPosition, BestellungError, Liefereinteilung,
    command::{BestaetigungEingabe, EinteilungEingabe},
};
use crate::{Refused, Shared, types::Menge, wawi::belegposition::STELLEN};

/// Most parts of a position; a delivery every week of a year.
const HOECHSTENS: usize = 53;

type Ergebnis<T> = Result<T, Refused<BestellungError>>;

/// The parts of a quantity: those named, else all of it on one day.
pub(super) fn einteilen(
    menge: Menge,
    termin: Option<NaiveDate>,
    eingaben: &[EinteilungEingabe],
) -> Ergebnis<Vec<Liefereinteilung>> {
    let teil = |(nr, termin, menge)| Liefereinteilung {
        nr,
        termin,
        menge,
        bestaetigt_termin: None,
        bestaetigt_menge: None,
    };
    if eingaben.is_empty() {
        return Ok(vec![teil((1, termin, menge))]);
    }
    if termin.is_some() {
        let text = "ein Termin gilt für die ganze Position; entweder termin oder einteilungen angeben";
        return Err(Shared::feld("/termin", text).into());
    }
    if eingaben.len() > HOECHSTENS {
        let text = format!("eine Position hat höchstens {HOECHSTENS} Einteilungen; bitte weitere Positionen anlegen");
        return Err(Shared::feld("/einteilungen", text).into());
    }
    let lesen = |(index, eingabe): (usize, &EinteilungEingabe)| {
        let feld = format!("/einteilungen/{index}/menge");
        Ok((eingabe.termin, Menge::positiv(eingabe.menge, STELLEN, &feld)?))
    };
    let mut teile = eingaben.iter().enumerate().map(lesen).collect::<Ergebnis<Vec<_>>>()?;
    teile.sort_by_key(|(termin, _)| *termin);
    let summe: Menge = teile.iter().map(|(_, menge)| *menge).sum();
    if summe != menge {
        let text = format!("die Einteilungen ergeben {summe}, die Position hat {menge}; bitte angleichen");
        return Err(Shared::feld("/einteilungen", text).into());
    }
    let nummeriert = (1..).zip(teile).map(|(nr, (termin, menge))| (nr, Some(termin), menge));
    Ok(nummeriert.map(teil).collect())
}

/// The day on which all of it is wanted.
pub(super) fn termin(einteilungen: &[Liefereinteilung]) -> Option<NaiveDate> {
    einteilungen.iter().filter_map(|e| e.termin).max()
}

/// The parts of a position with what the supplier promised: what he does not name stays as he promised it before, else
/// as it was ordered.
pub(super) fn bestaetigen(
    position: &BestellPosition,
    eingabe: Option<&BestaetigungEingabe>,
) -> Ergebnis<Vec<Liefereinteilung>> {
    let falsch = |feld: &str, text: &str| Err(Shared::feld(format!("/positionen/{feld}"), text).into());
    let genannt = eingabe.map_or(&[][..], |e| &e.einteilungen);
    if genannt
        .iter()
        .any(|g| !position.einteilungen.iter().any(|e| e.nr == g.nr))
    {
        return falsch("einteilungen", "diese Einteilung hat die Position nicht");
    }
    if eingabe.is_some_and(|e| e.menge.is_some()) && position.einteilungen.len() > 1 {
        return falsch(
            "menge",
            "die Position kommt in Teilen; bitte die Mengen je Einteilung angeben",
        );
    }
    let mut einteilungen = position.einteilungen.clone();
    for teil in &mut einteilungen {
        let eigene = genannt.iter().find(|g| g.nr == teil.nr);
        let termin = eigene.and_then(|g| g.termin).or(eingabe.and_then(|e| e.termin));
        teil.bestaetigt_termin = termin.or(teil.bestaetigt_termin).or(teil.termin);
        teil.bestaetigt_menge = match eigene.and_then(|g| g.menge).or(eingabe.and_then(|e| e.menge)) {
            Some(menge) => Some(Menge::positiv(menge, STELLEN, "/positionen/menge")?),
            None => teil.bestaetigt_menge.or(Some(teil.menge)),
        };
    }
    Ok(einteilungen)
}
