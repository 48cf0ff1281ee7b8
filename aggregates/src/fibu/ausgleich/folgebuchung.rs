//! What a settlement posts: Skonto, small differences and losses split by the tax keys of the items, and the transfer
//! between Personenkonten. Every Personenkonto gets one line that brings its part of the settlement to zero.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Ergebnis, Folgebuchung, OpPosition, Restbehandlung, ausgleichen::Posten};
use crate::{
    Context,
    fibu::{
        OffenerPosten,
        buchung::{Buchungsart, PostenArt, Seite},
        buchungssatz::{Buchungssatz, Buchungszeile},
        kontenplan::{Kontenplan, Zweck},
        partner::ist_debitor,
    },
    types::Betrag,
};

/// Makes the Folgebuchung; `None` if the items of each Personenkonto sum to zero.
pub(super) fn bilden(
    posten: &[Posten],
    restbehandlung: Restbehandlung,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<Option<Folgebuchung>> {
    let buchung_id = ctx.new_id("folgebuchung");
    let (mut zeilen, op_positionen) = personenkonten(posten, buchung_id, ctx.frame.mandant_id);
    for p in posten {
        if let Some(skonto) = p.skonto {
            let zweck = if ist_debitor(&p.op.personenkonto) {
                Zweck::SkontoGewaehrt
            } else {
                Zweck::SkontoErhalten
            };
            zeilen.extend(gegenzeilen(&p.op, skonto, zweck, datum, ctx)?);
        }
        if !p.rest.is_null() {
            let zweck = match restbehandlung {
                Restbehandlung::Forderungsverlust => Zweck::Forderungsverlust,
                Restbehandlung::Offen | Restbehandlung::Kleindifferenz => Zweck::Kleindifferenz,
            };
            zeilen.extend(gegenzeilen(&p.op, p.rest, zweck, datum, ctx)?);
        }
    }
    if zeilen.is_empty() {
        return Ok(None);
    }
    let nummern: Vec<&str> = posten.iter().map(|p| p.op.belegnummer.as_str()).take(3).collect();
    Ok(Some(Folgebuchung {
        buchung: Buchungssatz {
            buchung_id,
            buchungsart: Buchungsart::Ausgleich,
            steuerdatum: datum,
            text: format!("Ausgleich {}", nummern.join(", ")),
            zeilen,
        },
        op_positionen,
    }))
}

/// One line for each Personenkonto whose items do not sum to zero, and the item it opens.
fn personenkonten(posten: &[Posten], buchung_id: Uuid, mandant_id: Uuid) -> (Vec<Buchungszeile>, Vec<OpPosition>) {
    let mut summen: Vec<(&str, Betrag)> = Vec::new();
    for p in posten {
        match summen.iter_mut().find(|(konto, _)| *konto == p.op.personenkonto) {
            Some((_, summe)) => *summe += p.betrag,
            None => summen.push((&p.op.personenkonto, p.betrag)),
        }
    }
    let offen = summen.into_iter().filter(|(_, summe)| !summe.is_null());
    (1..)
        .zip(offen)
        .map(|(nr, (konto, summe))| {
            let (seite, betrag) = seite(-summe);
            let zeile = Buchungszeile::partner(konto, seite, betrag).als(PostenArt::Zahlung);
            let position = OpPosition {
                nr,
                op_id: OffenerPosten::stream_id(mandant_id, buchung_id, nr),
                betrag: -summe,
            };
            (zeile, position)
        })
        .unzip()
}

/// Side and amount of a signed amount.
fn seite(betrag: Betrag) -> (Seite, Betrag) {
    let seite = if betrag > Betrag::NULL {
        Seite::Soll
    } else {
        Seite::Haben
    };
    (seite, betrag.abs())
}

/// The lines against a part of an item, gross per tax key of its voucher (largest remainder). An item without a tax
/// split takes the account without tax.
fn gegenzeilen(
    op: &OffenerPosten,
    betrag: Betrag,
    zweck: Zweck,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<Vec<Buchungszeile>> {
    if op.steuer.is_empty() {
        let konto = Kontenplan::finden(ctx, zweck, None, datum)?;
        let (seite, betrag) = seite(betrag);
        let zeile = Buchungszeile::ohne_steuer(&konto, seite, betrag, datum, ctx)?;
        return Ok(vec![zeile.brutto()]);
    }
    let zeile = |schluessel: &str, teil| -> Ergebnis<Buchungszeile> {
        let (seite, betrag) = seite(teil);
        let konto = Kontenplan::finden(ctx, zweck, Some(schluessel), datum)?;
        Ok(Buchungszeile {
            satzdatum: Some(op.steuerdatum),
            ..Buchungszeile::konto(&konto, seite, betrag)
                .brutto()
                .mit_schluessel(schluessel)
        })
    };
    let ist_skonto = matches!(zweck, Zweck::SkontoGewaehrt | Zweck::SkontoErhalten);
    let gewichte: Vec<i64> = op
        .steuer
        .iter()
        .map(|s| {
            // What earns no Skonto bears none of its correction of tax (§ 17 UStG).
            let frei = s.skontofrei.filter(|_| ist_skonto).unwrap_or_default();
            (s.brutto - frei).as_cent() * op.betrag.as_cent().signum()
        })
        .collect();
    let teile = betrag.split(&gewichte);
    op.steuer
        .iter()
        .zip(teile)
        .filter(|(_, teil)| !teil.is_null())
        .map(|(anteil, teil)| zeile(&anteil.schluessel, teil))
        .collect()
}
