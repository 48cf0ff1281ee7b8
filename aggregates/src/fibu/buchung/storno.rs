//! Generalumkehr: a voucher is reversed by a new one with the same lines and negated amounts (fibu 2). The mark
//! `Storniert` and the new voucher come from one unit of work; policy `generalumkehr` connects them.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Buchung, BuchungError, BuchungEvent, BuchungsPosition, Buchungsart, Ergebnis, Herkunft, Kontierung, OpBezug,
    Position, op,
    periode::{nicht_zu_weit_voraus, stornoort},
};
use crate::{Aggregate, Context, Shared, types::Text};

/// Nummernkreis of every Generalumkehr.
const BELEGKREIS: &str = "UM";

/// Marks a voucher as reversed. The period is judged here already, so that the refusal answers the user's command.
pub(super) fn stornieren(
    buchung: &Buchung,
    grund: &str,
    buchungsdatum: Option<NaiveDate>,
    ctx: &Context<'_>,
) -> Ergebnis<BuchungEvent> {
    if let Some(durch) = buchung.storniert_durch {
        return Err(BuchungError::BereitsStorniert { durch }.into());
    }
    if buchung.buchungsart == Buchungsart::Generalumkehr {
        return Err(BuchungError::StornoVonStorno {}.into());
    }
    if let (Some(typ), Some(id)) = (&buchung.herkunft_typ, buchung.herkunft_id)
        && typ != Buchung::TYPE
    {
        return Err(BuchungError::HerkunftGesperrt { typ: typ.clone(), id }.into());
    }
    let buchungsdatum = buchungsdatum.unwrap_or_else(|| ctx.heute());
    nicht_zu_weit_voraus(buchungsdatum, "/buchungsdatum", ctx)?;
    stornoort(buchung, buchungsdatum, ctx)?;
    op::alle_offen(ctx.id, buchung, ctx)?;
    Ok(BuchungEvent::Storniert {
        durch: ctx.new_id("storno"),
        grund: grund.to_owned(),
        buchungsdatum,
    })
}

/// Posts the reversal. Accounts and keys are taken as they were posted: what was locked since may still be reversed.
pub(super) fn umkehren(
    original: Uuid,
    grund: &str,
    buchungsdatum: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<BuchungEvent> {
    let Some(buchung) = ctx.get::<Buchung>(original)? else {
        return Err(Shared::NichtGefunden {
            was: Buchung::NAME.to_owned(),
            id: original.to_string(),
        }
        .into());
    };
    match buchung.storniert_durch {
        Some(durch) if durch != ctx.id => return Err(Shared::status(buchung.status, &["storniert"]).into()),
        // Only its origin reverses a voucher that is not marked yet; the mark follows in the same unit of work.
        None if buchung.herkunft_typ.as_deref().is_none_or(|typ| typ == Buchung::TYPE) => {
            return Err(Shared::status(buchung.status, &["storniert"]).into());
        }
        None => op::alle_offen(original, &buchung, ctx)?,
        Some(_) => {}
    }
    nicht_zu_weit_voraus(buchungsdatum, "/buchungsdatum", ctx)?;
    let ort = stornoort(&buchung, buchungsdatum, ctx)?;
    Ok(BuchungEvent::Erfasst {
        belegnummer: ctx.draw(BELEGKREIS, buchungsdatum)?,
        belegdatum: buchungsdatum,
        buchungsdatum,
        geschaeftsjahr_id: ort.geschaeftsjahr_id,
        geschaeftsjahr_beginn: ort.beginn,
        periode: ort.periode,
        steuerdatum: buchungsdatum,
        buchungsart: Buchungsart::Generalumkehr,
        text: Text::<200>::cut(&format!("Storno {}: {}", buchung.belegnummer, buchung.text)).to_string(),
        waehrung: buchung.waehrung.clone(),
        beleg: Some(buchung.belegnummer.clone()),
        grund: Some(grund.to_owned()),
        herkunft: Some(Herkunft {
            typ: Buchung::TYPE.to_owned(),
            id: original,
        }),
        positionen: buchung.positionen.iter().map(negiert).collect(),
    })
}

/// The same line with a negated amount.
fn negiert(position: &Position) -> BuchungsPosition {
    BuchungsPosition {
        nr: position.nr,
        konto: position.konto.clone(),
        personenkonto: position.personenkonto.clone(),
        seite: position.seite,
        betrag: -position.betrag,
        steuerschluessel: position.steuerschluessel.clone(),
        steuersatz: position.steuersatz,
        steuerrolle: position.steuerrolle,
        kontierung: position
            .kontierung
            .iter()
            .map(|k| Kontierung {
                lfd: k.lfd,
                kst: k.kst.clone(),
                ktr: k.ktr.clone(),
                betrag: -k.betrag,
            })
            .collect(),
        op_bezug: position.op_art.map(|art| OpBezug {
            art,
            faellig: position.op_faellig,
            zahlungsbedingung_id: position.op_zahlungsbedingung_id,
            posten: position.op_posten,
            // It is settled with the original in the same unit of work.
            skonto: Vec::new(),
            skontofrei: Vec::new(),
        }),
        gegenkonto: position.gegenkonto.clone(),
        text: position.text.clone(),
    }
}
