//! What a settlement posts: Skonto, small differences and losses split by the tax keys of the items, and the transfer
//! between Personenkonten. Every Personenkonto gets one line that brings its part of the settlement to zero.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Ergebnis, FolgeZeile, Folgebuchung, OpPosition, Restbehandlung, ausgleichen::Posten};
use crate::{
    Context,
    fibu::{
        OffenerPosten,
        buchung::{PostenArt, Seite},
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
        buchung_id,
        buchungsdatum: datum,
        text: format!("Ausgleich {}", nummern.join(", ")),
        zeilen,
        op_positionen,
    }))
}

/// One line for each Personenkonto whose items do not sum to zero, and the item it opens.
fn personenkonten(posten: &[Posten], buchung_id: Uuid, mandant_id: Uuid) -> (Vec<FolgeZeile>, Vec<OpPosition>) {
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
            let zeile = zeile(-summe);
            let position = OpPosition {
                nr,
                op_id: OffenerPosten::stream_id(mandant_id, buchung_id, nr),
                betrag: -summe,
            };
            let zeile = FolgeZeile {
                personenkonto: Some(konto.to_owned()),
                art: Some(PostenArt::Zahlung),
                ..zeile
            };
            (zeile, position)
        })
        .unzip()
}

/// A line of a signed amount, still without its account.
fn zeile(betrag: Betrag) -> FolgeZeile {
    FolgeZeile {
        konto: None,
        personenkonto: None,
        seite: if betrag > Betrag::NULL {
            Seite::Soll
        } else {
            Seite::Haben
        },
        betrag: betrag.abs(),
        schluessel: None,
        satzdatum: None,
        art: None,
    }
}

/// The lines against a part of an item, gross per tax key of its voucher (largest remainder). An item without a tax
/// split takes the account without a key.
fn gegenzeilen(
    op: &OffenerPosten,
    betrag: Betrag,
    zweck: Zweck,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<Vec<FolgeZeile>> {
    let konto = |schluessel: Option<&str>| Kontenplan::finden(ctx, zweck, schluessel, datum);
    if op.steuer.is_empty() {
        return Ok(vec![FolgeZeile {
            konto: Some(konto(None)?),
            ..zeile(betrag)
        }]);
    }
    let gewichte: Vec<i64> = op
        .steuer
        .iter()
        .map(|s| s.brutto.as_cent() * op.betrag.as_cent().signum())
        .collect();
    let teile = betrag.split(&gewichte);
    op.steuer
        .iter()
        .zip(teile)
        .filter(|(_, teil)| !teil.is_null())
        .map(|(anteil, teil)| {
            Ok(FolgeZeile {
                konto: Some(konto(Some(&anteil.schluessel))?),
                schluessel: Some(anteil.schluessel.clone()),
                satzdatum: Some(op.steuerdatum),
                ..zeile(teil)
            })
        })
        .collect()
}
