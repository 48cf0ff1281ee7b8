//! Receipt of a document: is it new, does it add up, and may it state that tax?

use chrono::{Datelike, NaiveDate};

use super::{
    EingangsPosition, EingangspositionEingabe, Eingangsrechnung, EingangsrechnungArt, EingangsrechnungErfasst,
    EingangsrechnungError, EingangsrechnungEvent, ErfassenEingabe, Ergebnis, SteuerEingabe,
};
use crate::{
    Context, Refused, Shared,
    fibu::{
        Kreditor, Zahlungsbedingung,
        buchung::{BuchungError, STEUER_TOLERANZ},
        partner::{Personenkonto, UstArt},
        steuer_schluessel::Richtung,
        steuerrechnung::{Steuerzeile, Teil, je_schluessel, steuerzeile, tarif},
    },
    types::{Betrag, Menge},
};

/// Most lines of one document.
const MAX_POSITIONEN: usize = 500;

/// Decimals of a quantity (fibu 0).
const MENGE_STELLEN: u32 = 4;

/// Input tax at the flat rates of farmers and foresters, § 24 UStG.
const PAUSCHAL: [&str; 2] = ["V24", "V55"];

pub(super) fn erfassen(e: ErfassenEingabe, ctx: &Context<'_>) -> Ergebnis<EingangsrechnungEvent> {
    let kreditor_nr = e.kreditor_nr.to_string();
    let Some((_, kreditor)) = ctx.find::<Kreditor>(Kreditor::KEY_NR, &kreditor_nr)? else {
        let text = format!("den Kreditor {kreditor_nr} gibt es nicht; zuerst anlegen");
        return Err(Shared::feld("/kreditor_nr", text).into());
    };
    let lieferantennummer = e.lieferantennummer.to_string();
    nicht_doppelt(&kreditor_nr, e.rechnungsdatum, &lieferantennummer, ctx)?;
    let heute = ctx.heute();
    let eingang_am = e.eingang_am.unwrap_or(heute);
    for (feld, tag) in [("/rechnungsdatum", e.rechnungsdatum), ("/eingang_am", eingang_am)] {
        if tag > heute {
            let (feld, spaetestens) = (feld.to_owned(), heute);
            return Err(Shared::DatumZukunft { feld, spaetestens }.into());
        }
    }
    Zahlungsbedingung::pruefen(e.zahlungsbedingung_id, "/zahlungsbedingung_id", ctx)?;
    let leistung_bis = e.leistung_bis.or(e.leistung_von).unwrap_or(e.rechnungsdatum);
    let leistung_von = e.leistung_von.unwrap_or(leistung_bis);
    if leistung_von > leistung_bis {
        return Err(Shared::feld("/leistung_von", format!("liegt nach dem letzten Tag ({leistung_bis})")).into());
    }
    let anzahl = e.positionen.len();
    if anzahl == 0 || anzahl > MAX_POSITIONEN {
        return Err(Shared::feld("/positionen", format!("nötig sind 1 bis {MAX_POSITIONEN} Positionen")).into());
    }
    let lesen = |(index, (nr, p))| position_lesen(nr, p, &format!("/positionen/{index}"));
    let positionen = (1..)
        .zip(e.positionen)
        .enumerate()
        .map(lesen)
        .collect::<Ergebnis<Vec<_>>>()?;
    let steuerzeilen = steuerzeilen(&positionen, &e.steuern, leistung_bis, &kreditor.konto, ctx)?;
    let netto: Betrag = positionen.iter().map(|p| p.netto).sum();
    let steuer: Betrag = steuerzeilen.iter().map(|z| z.brutto - z.basis).sum();
    let brutto = Betrag::exact(e.brutto).filter(|b| *b > Betrag::NULL);
    let brutto = brutto.ok_or_else(|| Shared::feld("/brutto", "mehr als 0,00 mit höchstens zwei Nachkommastellen"))?;
    let differenz = brutto - netto - steuer;
    if !differenz.is_null() {
        return Err(EingangsrechnungError::SummeAbweichend { differenz }.into());
    }
    let art = e.art.unwrap_or_default();
    let ist_gutschrift = art == EingangsrechnungArt::Gutschrift;
    if ist_gutschrift && positionen.iter().any(|p| p.wareneingang.is_some()) {
        // What goes back to the supplier is the Lieferantenrueckgabe's business; a credit takes nothing from a receipt.
        let text = "eine Gutschrift berechnet keinen Wareneingang; die Position ohne ihn erfassen";
        return Err(Shared::feld("/positionen", text).into());
    }
    let zu_pruefen = positionen
        .iter()
        .any(|p| p.wareneingang.is_some() || p.nebenkosten_art.is_some());
    let mit_pruefung = zu_pruefen && !ist_gutschrift;
    Ok(EingangsrechnungEvent::Erfasst(Box::new(EingangsrechnungErfasst {
        art,
        lieferant_id: kreditor.lieferant_id,
        kreditor_name: kreditor.konto.name.clone(),
        kreditor_nr,
        lieferantennummer,
        rechnungsdatum: e.rechnungsdatum,
        leistung_von,
        leistung_bis,
        eingang_am,
        zahlungsbedingung_id: e.zahlungsbedingung_id.or(kreditor.konto.zahlungsbedingung_id),
        positionen,
        steuerzeilen,
        netto,
        steuer,
        brutto,
        erfasst_von: ctx.akteur(),
        mit_pruefung,
    })))
}

fn nicht_doppelt(kreditor: &str, datum: NaiveDate, nummer: &str, ctx: &Context<'_>) -> Ergebnis<()> {
    let key = Eingangsrechnung::beleg_schluessel(kreditor, datum, nummer);
    match ctx.holder(Eingangsrechnung::KEY_BELEG, &key)? {
        None => Ok(()),
        Some(_) => Err(EingangsrechnungError::Doppelt {
            kreditor: kreditor.to_owned(),
            lieferantennummer: nummer.to_owned(),
            jahr: datum.year(),
        }
        .into()),
    }
}

fn position_lesen(nr: i32, p: EingangspositionEingabe, pfad: &str) -> Ergebnis<EingangsPosition> {
    let feld = |name: &str, text: &str| Shared::feld(format!("{pfad}/{name}"), text);
    let menge = match p.menge {
        Some(menge) => Some(Menge::positiv(menge, MENGE_STELLEN, &format!("{pfad}/menge"))?),
        None => None,
    };
    if menge.is_some() != p.einheit.is_some() {
        return Err(feld("einheit", "Menge und Einheit gehören zusammen").into());
    }
    if p.wareneingang.is_some() && menge.is_none() {
        return Err(feld("menge", "fehlt; Ware wird mit ihrer Menge berechnet").into());
    }
    if p.preis.as_ref().is_some_and(|preis| preis.je <= Menge::NULL) {
        return Err(feld("preis", "der Preis gilt für mehr als 0 seiner Einheit").into());
    }
    let netto = Betrag::exact(p.netto).filter(|n| *n > Betrag::NULL);
    Ok(EingangsPosition {
        nr,
        text: p.text.to_string(),
        menge,
        einheit: p.einheit.map(|e| e.to_string()),
        preis: p.preis,
        netto: netto.ok_or_else(|| feld("netto", "mehr als 0,00 mit höchstens zwei Nachkommastellen"))?,
        schluessel: p.schluessel.to_string(),
        konto: p.konto.map(|k| k.to_string()),
        kst: p.kst.map(|k| k.to_string()),
        ktr: p.ktr.map(|k| k.to_string()),
        wareneingang: p.wareneingang,
        nebenkosten_art: p.nebenkosten_art,
    })
}

/// Tax per key: as stated, if that is close enough to what it should be. What the recipient owes himself is not in the
/// gross.
fn steuerzeilen(
    positionen: &[EingangsPosition],
    angaben: &[SteuerEingabe],
    leistung: NaiveDate,
    kreditor: &Personenkonto,
    ctx: &Context<'_>,
) -> Ergebnis<Vec<Steuerzeile>> {
    let summen = je_schluessel(positionen.iter().map(|p| Teil {
        schluessel: &p.schluessel,
        netto: p.netto,
    }));
    if let Some(fremd) = angaben
        .iter()
        .find(|a| !summen.iter().any(|(s, _)| *s == *a.schluessel))
    {
        let text = format!("unter {} steht keine Position", fremd.schluessel);
        return Err(Shared::feld("/steuern", text).into());
    }
    let mut zeilen = Vec::with_capacity(summen.len());
    for (schluessel, netto) in summen {
        let tarif = tarif(&schluessel, leistung, ctx)?;
        let angabe = match angaben.iter().find(|a| *a.schluessel == *schluessel) {
            Some(a) => {
                let steuer = Betrag::exact(a.steuer).filter(|s| *s >= Betrag::NULL);
                Some(steuer.ok_or_else(|| Shared::feld("/steuern", "eine Steuer ist ein Betrag ab 0,00"))?)
            }
            None => None,
        };
        let richtung = tarif.schluessel.richtung;
        zulaessig(&schluessel, richtung, angabe, leistung, kreditor)?;
        let errechnet = steuerzeile(schluessel, tarif.satz, netto, tarif.schluessel.hinweistext.clone());
        let zeile = errechnet.ok_or_else(|| Shared::feld("/positionen", "der Betrag ist zu groß"))?;
        zeilen.push(match (richtung, angabe) {
            (Richtung::Beide, _) => Steuerzeile {
                brutto: zeile.basis,
                ..zeile
            },
            (_, Some(ist)) => mit_angabe(zeile, ist)?,
            (_, None) => zeile,
        });
    }
    Ok(zeilen)
}

fn mit_angabe(zeile: Steuerzeile, ist: Betrag) -> Ergebnis<Steuerzeile> {
    let soll = zeile.steuer;
    if (ist - soll).abs() > STEUER_TOLERANZ || (soll.is_null() && !ist.is_null()) {
        return Err(Refused::Domain(BuchungError::SteuerbetragAbweichend { soll, ist }).fremd());
    }
    Ok(Steuerzeile {
        steuer: ist,
        brutto: zeile.basis + ist,
        ..zeile
    })
}

fn zulaessig(
    schluessel: &str,
    richtung: Richtung,
    angabe: Option<Betrag>,
    leistung: NaiveDate,
    kreditor: &Personenkonto,
) -> Result<(), EingangsrechnungError> {
    let unzulaessig = |grund: &str| {
        Err(EingangsrechnungError::SteuerUnzulaessig {
            schluessel: schluessel.to_owned(),
            grund: grund.to_owned(),
        })
    };
    let pauschal = kreditor
        .ust_status_am(leistung)
        .is_some_and(|s| s.art == UstArt::Pauschal24);
    match richtung {
        Richtung::Umsatz => unzulaessig("ein Schlüssel für Umsätze; eine Eingangsrechnung hat Vorsteuer"),
        Richtung::Beide if angabe.is_some_and(|steuer| !steuer.is_null()) => {
            unzulaessig("die Steuer schuldet der Empfänger; die Rechnung darf keine ausweisen")
        }
        Richtung::Vorsteuer if PAUSCHAL.contains(&schluessel) && !pauschal => {
            unzulaessig("der Lieferant ist am Leistungsdatum nicht pauschalierend; seinen Umsatzsteuerstatus prüfen")
        }
        Richtung::Beide | Richtung::Vorsteuer | Richtung::Ohne => Ok(()),
    }
}
