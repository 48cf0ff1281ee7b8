//! How a booked payment ends: taken back by the bank, which is a movement of money of its own, or reversed as a mistake.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Ergebnis, POSITION_PERSONENKONTO, Zahlung, ZahlungEvent,
    buchen::{geldbeleg, geldzeilen},
    erfassen::zahlbetrag,
};
use crate::{
    Context, Refused, Shared,
    fibu::{
        Geldkonto, OffenerPosten,
        ausgleich::{AusgleichZeile, Umkehr},
        buchung::{self, PostenArt, Seite},
        buchungssatz::Buchungszeile,
        kontenplan::{Kontenplan, Zweck},
        partner::ist_debitor,
    },
    types::Dezimal,
};

/// The settlements that hold on the item of the payment: all of them end with it.
fn ausgleiche(zahlung: &Zahlung, ctx: &Context<'_>) -> Ergebnis<Vec<Uuid>> {
    let Some(op_id) = zahlung.op_id(ctx) else {
        return Ok(Vec::new());
    };
    let op = ctx.get::<OffenerPosten>(op_id)?;
    Ok(op.map_or_else(Vec::new, |op| op.ausgleiche.iter().map(|a| a.ausgleich_id).collect()))
}

/// Decides a return: payment and return settle each other, the invoices are open again.
pub(super) fn zurueckgeben(
    zahlung: &Zahlung,
    grund_code: &str,
    buchungsdatum: Option<NaiveDate>,
    gebuehr: Option<Dezimal>,
    weiterbelasten: bool,
    ctx: &Context<'_>,
) -> Ergebnis<ZahlungEvent> {
    let buchungsdatum = buchungsdatum.unwrap_or_else(|| ctx.heute());
    if buchungsdatum < zahlung.buchungsdatum {
        let text = format!("die Zahlung ist vom {}; nicht davor zurückgeben", zahlung.buchungsdatum);
        return Err(Shared::feld("/buchungsdatum", text).into());
    }
    if weiterbelasten && (gebuehr.is_none() || !ist_debitor(&zahlung.personenkonto)) {
        let text = "weiterbelastet wird eine Gebühr, und nur einem Debitor";
        return Err(Shared::feld("/weiterbelasten", text).into());
    }
    let (Some(geldkonto), Some(op_id)) = (ctx.get::<Geldkonto>(zahlung.geldkonto_id)?, zahlung.op_id(ctx)) else {
        return Err(Shared::feld("/geldkonto_id", "dieses Geldkonto gibt es nicht").into());
    };
    let mut zeilen = geldzeilen(zahlung, zahlung.richtung.gegen(), &geldkonto, buchungsdatum, ctx)?.to_vec();
    if let Some(wert) = gebuehr {
        let betrag = zahlbetrag(wert, "gebuehr")?;
        zeilen.push(if weiterbelasten {
            Buchungszeile::partner(&zahlung.personenkonto, Seite::Soll, betrag).als(PostenArt::Nebenforderung)
        } else {
            let konto = Kontenplan::finden(ctx, Zweck::Bankgebuehr, None, buchungsdatum)?;
            Buchungszeile::ohne_steuer(&konto, Seite::Soll, betrag, buchungsdatum, ctx)?.brutto()
        });
        let geld = Buchungszeile::ohne_steuer(&geldkonto.konto_nr, Seite::Haben, betrag, buchungsdatum, ctx)?;
        zeilen.push(geld);
    }
    let text = format!("Rückgabe {grund_code} {}", zahlung.personenkonto);
    let buchung_id = ctx.new_id("rueckgabe");
    let zeile = |op_id: Uuid, betrag| AusgleichZeile {
        op_id,
        betrag,
        skonto: None,
    };
    let bezahlt = zahlung.richtung.signed(zahlung.betrag);
    let gegen = OffenerPosten::stream_id(ctx.frame.mandant_id, buchung_id, POSITION_PERSONENKONTO);
    Ok(ZahlungEvent::Zurueckgegeben {
        grund_code: grund_code.to_owned(),
        ausgleiche: ausgleiche(zahlung, ctx)?,
        beleg: geldbeleg(buchung_id, buchungsdatum, &geldkonto, &text, zeilen),
        ausgleich_id: ctx.new_id("ausgleich"),
        zeilen: vec![zeile(op_id, -bezahlt), zeile(gegen, bezahlt)],
    })
}

/// Decides the reversal of a mistake; a payment that was not booked just ends.
pub(super) fn stornieren(
    zahlung: &Zahlung,
    grund: &str,
    buchungsdatum: Option<NaiveDate>,
    ctx: &Context<'_>,
) -> Ergebnis<ZahlungEvent> {
    let buchungsdatum = buchungsdatum.unwrap_or_else(|| ctx.heute());
    if zahlung.buchung_id.is_some() {
        buchung::datum_pruefen(buchungsdatum, "/buchungsdatum", ctx).map_err(Refused::fremd)?;
    }
    Ok(ZahlungEvent::Storniert {
        grund: grund.to_owned(),
        buchungsdatum,
        ausgleiche: ausgleiche(zahlung, ctx)?,
        umkehr: zahlung.buchung_id.map(|original| Umkehr {
            original,
            durch: ctx.new_id("umkehr"),
        }),
    })
}
