//! What a line of a Personenkonto does to the open items: kind, due date and Skonto of the item it opens.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Buchung, BuchungError, Buchungsart, Ergebnis, OpArt, OpBezug, OpEingabe, PostenArt, Seite};
use crate::{
    Context, Refused, Shared,
    fibu::{
        OffenerPosten, Zahlungsbedingung,
        partner::ist_debitor,
        zahlungsbedingung::{Konditionen, Skonto},
    },
};

/// Most steps of Skonto of an item.
const MAX_SKONTO: usize = 2;

/// Every line of a Personenkonto opens an item (fibu 9), except carried-forward balances.
pub(super) fn bezug(
    index: usize,
    personenkonto: &str,
    seite: Seite,
    op: Option<&OpEingabe>,
    belegdatum: NaiveDate,
    buchungsart: Buchungsart,
    ctx: &Context<'_>,
) -> Ergebnis<OpBezug> {
    if buchungsart == Buchungsart::Saldenvortrag {
        return Ok(OpBezug {
            art: OpArt::Keiner,
            faellig: None,
            zahlungsbedingung_id: None,
            posten: None,
            skonto: Vec::new(),
            skontofrei: Vec::new(),
        });
    }
    let vorgabe = OpEingabe::default();
    let op = op.unwrap_or(&vorgabe);
    skonto_pruefen(index, &op.skonto)?;
    let bedingung = match op.zahlungsbedingung_id {
        Some(id) => Some(konditionen(index, id, belegdatum, ctx)?),
        None => None,
    };
    // Terms that are named hold as they are: who writes the document has computed them.
    let genannt = op.faellig.is_some() || !op.skonto.is_empty();
    let aus_bedingung = bedingung.filter(|_| !genannt);
    let erhoeht = ist_debitor(personenkonto) == (seite == Seite::Soll);
    Ok(OpBezug {
        art: OpArt::Neu,
        faellig: op.faellig.or_else(|| aus_bedingung.as_ref().map(|b| b.faellig)),
        zahlungsbedingung_id: op.zahlungsbedingung_id,
        posten: Some(op.art.unwrap_or_else(|| PostenArt::von(buchungsart, erhoeht))),
        skonto: aus_bedingung.map_or_else(|| op.skonto.clone(), |b| b.skonto),
        skontofrei: op.skontofrei.clone(),
    })
}

fn skonto_pruefen(index: usize, skonto: &[Skonto]) -> Result<(), Shared> {
    let feld = |text: &str| Err(Shared::feld(format!("/zeilen/{index}/op/skonto"), text));
    if skonto.len() > MAX_SKONTO {
        return feld("höchstens zwei Skontostufen sind möglich");
    }
    match skonto {
        [erste, zweite] if zweite.bis <= erste.bis || zweite.prozent >= erste.prozent => {
            feld("die zweite Skontostufe muss später enden und weniger Prozent geben als die erste")
        }
        _ => Ok(()),
    }
}

fn konditionen(index: usize, id: Uuid, belegdatum: NaiveDate, ctx: &Context<'_>) -> Ergebnis<Konditionen> {
    let bedingung = Zahlungsbedingung::laden(id, format!("/zeilen/{index}/op/zahlungsbedingung_id"), ctx)?;
    bedingung
        .konditionen(belegdatum, None)
        .map_err(|e| Refused::Domain(e).fremd())
}

/// A voucher is reversed only while all its items are open in full: a settlement would lose its other side.
pub(super) fn alle_offen(id: Uuid, buchung: &Buchung, ctx: &Context<'_>) -> Ergebnis<()> {
    for position in &buchung.positionen {
        let Some(personenkonto) = &position.personenkonto else {
            continue;
        };
        let posten = OffenerPosten::stream_id(ctx.frame.mandant_id, id, position.nr);
        if let Some(posten) = ctx.get::<OffenerPosten>(posten)?
            && posten.rest != posten.betrag
        {
            return Err(BuchungError::OpAusgeglichen {
                personenkonto: personenkonto.clone(),
                ausgleiche: posten.ausgleiche.iter().map(|a| a.ausgleich_id).collect(),
            }
            .into());
        }
    }
    Ok(())
}
