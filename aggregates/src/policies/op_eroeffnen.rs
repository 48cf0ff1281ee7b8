//! Every line of a Personenkonto opens an item in the unit of work of its voucher (fibu 2), so that Σ rest of a
//! Personenkonto is its balance at any time.

use crate::{
    fibu::{
        Buchung, OffenerPosten,
        buchung::{BuchungEvent, BuchungsPosition, OpArt, Steuerrolle},
        offener_posten::{OffenerPostenCommand, OpEroeffnung, SteuerAnteil},
        zahlungsbedingung::SkontofreierTeil,
    },
    policy::{Consequence, PolicyContext},
    types::{Betrag, Satz},
};

/// Buchung.Erfasst → OffenerPosten.Eroeffnen for each position with `op_bezug` neu.
pub(super) fn react(event: &BuchungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let BuchungEvent::Erfasst {
        belegnummer,
        belegdatum,
        buchungsdatum,
        steuerdatum,
        text,
        waehrung,
        beleg,
        herkunft,
        positionen,
        ..
    } = event
    else {
        return Vec::new();
    };
    // With two partners in a voucher nobody knows whose tax a line is.
    let einziger = positionen.iter().filter(|p| p.personenkonto.is_some()).count() == 1;
    let steuer = if einziger {
        steueranteile(positionen)
    } else {
        Vec::new()
    };
    let eroeffnen = |position: &BuchungsPosition| {
        let op = position.op_bezug.as_ref().filter(|op| op.art == OpArt::Neu)?;
        let posten = OpEroeffnung {
            personenkonto: position.personenkonto.clone()?,
            konto: position.konto.clone(),
            art: op.posten.unwrap_or_default(),
            buchung_id: ctx.id,
            position_nr: position.nr,
            belegnummer: belegnummer.text.clone(),
            beleg: beleg.clone(),
            // The origin of a Generalumkehr is the reversed voucher, which is no document of its own.
            herkunft: herkunft
                .clone()
                .filter(|h| h.typ != <Buchung as crate::Aggregate>::TYPE),
            text: position.text.clone().unwrap_or_else(|| text.clone()),
            belegdatum: *belegdatum,
            buchungsdatum: *buchungsdatum,
            steuerdatum: *steuerdatum,
            waehrung: waehrung.clone(),
            betrag: position.seite.signed(position.betrag),
            faellig: op.faellig.unwrap_or(*belegdatum),
            skonto: op.skonto.clone(),
            steuer: steuer
                .iter()
                .map(|anteil| mit_skontofreiem(anteil, &op.skontofrei))
                .collect(),
        };
        let id = OffenerPosten::stream_id(ctx.mandant_id, ctx.id, position.nr);
        let command = OffenerPostenCommand::Eroeffnen(posten);
        Some(Consequence::command::<OffenerPosten>(id, &command))
    };
    positionen.iter().filter_map(eroeffnen).collect()
}

/// Gross per key and rate, signed as the line of the Personenkonto, which stands against them.
fn steueranteile(positionen: &[BuchungsPosition]) -> Vec<SteuerAnteil> {
    let mut anteile: Vec<(&str, Option<Satz>, Betrag)> = Vec::new();
    let steuerlich = positionen.iter().filter(|p| p.steuerrolle != Steuerrolle::Keine);
    for position in steuerlich {
        let Some(schluessel) = position.steuerschluessel.as_deref() else {
            continue;
        };
        let brutto = -position.seite.signed(position.betrag);
        let satz = position.steuersatz;
        match anteile.iter_mut().find(|(k, s, _)| *k == schluessel && *s == satz) {
            Some((_, _, summe)) => *summe += brutto,
            None => anteile.push((schluessel, satz, brutto)),
        }
    }
    let gefuellt = anteile.into_iter().filter(|(_, _, brutto)| !brutto.is_null());
    (1..)
        .zip(gefuellt)
        .map(|(nr, (schluessel, satz, brutto))| SteuerAnteil {
            nr,
            schluessel: schluessel.to_owned(),
            satz,
            brutto,
            skontofrei: None,
        })
        .collect()
}

/// A key's part with what of it earns no Skonto: at most all.
fn mit_skontofreiem(anteil: &SteuerAnteil, skontofrei: &[SkontofreierTeil]) -> SteuerAnteil {
    let teil = skontofrei.iter().find(|t| t.schluessel == anteil.schluessel);
    let frei = teil.map(|t| t.brutto.min(anteil.brutto.abs()));
    SteuerAnteil {
        skontofrei: frei.map(|frei| if anteil.brutto < Betrag::NULL { -frei } else { frei }),
        ..anteil.clone()
    }
}
