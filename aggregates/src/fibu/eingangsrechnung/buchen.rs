//! Release, posting and reversal of a document.

use chrono::{Datelike, Months, NaiveDate};

use super::{
    BELEGKREIS, Eingangsrechnung, EingangsrechnungArt, EingangsrechnungError, EingangsrechnungEvent,
    EingangsrechnungGebucht, Ergebnis, Position,
};
use crate::{
    Context, Shared,
    fibu::{
        Kontenplan,
        ausgleich::Umkehr,
        buchung::{Buchungsart, Seite},
        buchungssatz::{Bedingung, Buchungssatz, Buchungszeile},
        kontenplan::Zweck,
        steuer_schluessel::Richtung,
        steuerrechnung::tarif,
    },
    types::Betrag,
    wawi::{Rechnungspruefung, Wareneingang},
};

/// From this gross on a second person releases: above 1,000.00 EUR, as orders do (wawi 4).
const VIER_AUGEN_AB: Betrag = Betrag::cent(100_000);

/// Intra-community acquisitions have a day of their own for the VAT period.
const ERWERB: &str = "IGE";

/// Releases a document whose comparison found nothing, or nothing that was not released.
pub(super) fn freigeben(r: &Eingangsrechnung, ctx: &Context<'_>) -> Ergebnis<EingangsrechnungEvent> {
    if r.mit_pruefung {
        let id = Rechnungspruefung::stream_id(ctx.frame.mandant_id, ctx.id);
        let pruefung = ctx.get::<Rechnungspruefung>(id)?;
        if let Some((position, menge, preis)) = pruefung.and_then(|p| p.offene_abweichung()) {
            return Err(EingangsrechnungError::Bestellabgleich { position, menge, preis }.into());
        }
    }
    let freigegeben_von = ctx.akteur();
    if r.brutto > VIER_AUGEN_AB && r.erfasst_von.as_ref() == Some(&freigegeben_von) {
        return Err(Shared::VierAugen {
            regel: Some("eingangsrechnung".to_owned()),
        }
        .into());
    }
    Ok(EingangsrechnungEvent::Freigegeben { freigegeben_von })
}

/// Posts a document: the Kreditor first, then each line; the number is drawn last.
pub(super) fn buchen(
    r: &Eingangsrechnung,
    buchungsdatum: Option<NaiveDate>,
    ctx: &Context<'_>,
) -> Ergebnis<EingangsrechnungEvent> {
    let buchungsdatum = buchungsdatum.unwrap_or_else(|| ctx.heute());
    let (seite_kreditor, seite_aufwand) = match r.art {
        EingangsrechnungArt::Rechnung => (Seite::Haben, Seite::Soll),
        EingangsrechnungArt::Gutschrift => (Seite::Soll, Seite::Haben),
    };
    let mut zeilen = vec![Buchungszeile::partner(&r.kreditor_nr, seite_kreditor, r.brutto)];
    let mut offen: Vec<(&str, Betrag)> = Vec::with_capacity(r.steuerzeilen.len());
    for zeile in &r.steuerzeilen {
        if tarif(&zeile.schluessel, r.leistung_bis, ctx)?.schluessel.richtung != Richtung::Beide {
            offen.push((&zeile.schluessel, zeile.steuer));
        }
    }
    for position in &r.positionen {
        let konto = aufwandskonto(position, r.leistung_bis, ctx)?;
        let zeile = Buchungszeile {
            kst: position.kst.clone(),
            ktr: position.ktr.clone(),
            satzdatum: Some(r.leistung_bis),
            ..Buchungszeile::konto(&konto, seite_aufwand, position.netto).mit_schluessel(&position.schluessel)
        };
        // The stated tax of a key stands once, on the first of its lines.
        let angabe = offen
            .iter()
            .position(|(schluessel, _)| *schluessel == position.schluessel);
        zeilen.push(Buchungszeile {
            steuer: angabe.map(|index| offen.swap_remove(index).1),
            ..zeile
        });
    }
    let bedingung = Bedingung::am(r.zahlungsbedingung_id, r.rechnungsdatum, None, Vec::new(), ctx)?;
    Ok(EingangsrechnungEvent::Gebucht(Box::new(EingangsrechnungGebucht {
        lieferantennummer: r.lieferantennummer.clone(),
        rechnungsdatum: r.rechnungsdatum,
        buchungsdatum,
        art: r.art,
        kreditor_nr: r.kreditor_nr.clone(),
        kreditor_name: r.kreditor_name.clone(),
        leistung_bis: r.leistung_bis,
        steuerzeilen: r.steuerzeilen.clone(),
        netto: r.netto,
        steuer: r.steuer,
        brutto: r.brutto,
        bedingung,
        buchung: Buchungssatz {
            buchung_id: ctx.part_id(Eingangsrechnung::TEIL_BUCHUNG),
            buchungsart: Buchungsart::Eingangsrechnung,
            steuerdatum: steuerdatum(r),
            text: r.kreditor_name.clone(),
            zeilen,
        },
        mit_pruefung: r.mit_pruefung,
        nummer: ctx.draw(BELEGKREIS, buchungsdatum)?,
    })))
}

/// The account that a line names, else that of its key and, if it names goods that came, of their Artikelgruppe.
fn aufwandskonto(position: &Position, am: NaiveDate, ctx: &Context<'_>) -> Ergebnis<String> {
    if let Some(konto) = &position.konto {
        return Ok(konto.clone());
    }
    let wareneingang = match position.wareneingang_id {
        Some(id) => ctx.get::<Wareneingang>(id)?,
        None => None,
    };
    let artikel_id = wareneingang.as_ref().and_then(|w| {
        let zeile = w
            .positionen
            .iter()
            .find(|p| Some(p.we_position_id) == position.we_position_id);
        zeile.map(|p| p.artikel_id)
    });
    Kontenplan::finden_fuer(ctx, Zweck::Wareneingang, Some(&position.schluessel), artikel_id, am)
}

/// The day that decides the VAT period (fibu 0): input tax when both the supply and the document are there; an
/// acquisition with its document, at the latest at the end of the month after the supply.
fn steuerdatum(r: &Eingangsrechnung) -> NaiveDate {
    if r.steuerzeilen.iter().all(|z| z.schluessel.starts_with(ERWERB)) {
        let ende = r
            .leistung_bis
            .with_day(1)
            .and_then(|erster| erster.checked_add_months(Months::new(2)));
        let ende = ende.and_then(|tag| tag.pred_opt()).unwrap_or(r.rechnungsdatum);
        return r.rechnungsdatum.min(ende);
    }
    r.leistung_bis.max(r.eingang_am)
}

/// Reverses a posted document whose item nobody has settled.
pub(super) fn stornieren(
    r: &Eingangsrechnung,
    grund: &str,
    datum: Option<NaiveDate>,
    ctx: &Context<'_>,
) -> Ergebnis<EingangsrechnungEvent> {
    let Some(buchung_id) = r.buchung_id else {
        return Err(Shared::status(r.status, &["gebucht"]).into());
    };
    // The Buchung refuses if its item is settled: BUCHUNG_OP_AUSGEGLICHEN.
    Ok(EingangsrechnungEvent::Storniert {
        grund: grund.to_owned(),
        datum: datum.unwrap_or_else(|| ctx.heute()),
        umkehr: Umkehr {
            original: buchung_id,
            durch: ctx.new_id("umkehr"),
        },
        mit_pruefung: r.mit_pruefung,
    })
}
