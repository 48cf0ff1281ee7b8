//! Booking a payment: what it posts and which items it settles, in the order Skonto, difference, credit.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Ergebnis, Geldbeleg, POSITION_PERSONENKONTO, Richtung, Zahlung, ZahlungError, ZahlungEvent, Zahlungszuordnung,
};
use crate::{
    Context, Refused, Shared,
    fibu::{
        Geldkonto, OffenerPosten,
        ausgleich::{AusgleichError, AusgleichZeile, KLEINDIFFERENZ, Restbehandlung, skonto},
        buchung::{Buchungsart, PostenArt, Seite},
        buchungssatz::{Buchungssatz, Buchungszeile},
        partner::personenkonto_finden,
    },
    types::{Betrag, Text},
};

/// Decides the booking.
pub(super) fn buchen(zahlung: &Zahlung, ctx: &Context<'_>) -> Ergebnis<ZahlungEvent> {
    let nr = &zahlung.personenkonto;
    let partner = personenkonto_finden(nr, ctx)?;
    if zahlung.richtung == Richtung::Ausgang && partner.as_ref().is_some_and(|p| p.zahlsperre_am(ctx.heute())) {
        let personenkonto = nr.clone();
        return Err(ZahlungError::Zahlsperre { personenkonto }.into());
    }
    let buchung_id = ctx.new_id("buchung");
    let zuordnungen = rechtzeitig(zahlung, ctx)?;
    let mut zeilen: Vec<AusgleichZeile> = zuordnungen.iter().map(|z| zeile(zahlung.richtung, z)).collect();
    if !zeilen.is_empty() {
        zeilen.push(AusgleichZeile {
            op_id: OffenerPosten::stream_id(ctx.frame.mandant_id, buchung_id, POSITION_PERSONENKONTO),
            betrag: -zahlung.richtung.signed(verwendet(zahlung, &zuordnungen)?),
            skonto: None,
        });
    }
    Ok(ZahlungEvent::Gebucht {
        beleg: beleg(zahlung, buchung_id, ctx)?,
        richtung: zahlung.richtung,
        kunde_id: partner.and_then(|p| p.kunde_id),
        betrag: zahlung.betrag,
        waehrung: zahlung.waehrung.clone(),
        wertstellung: zahlung.wertstellung,
        ausgleich_id: (!zeilen.is_empty()).then(|| ctx.new_id("ausgleich")),
        zeilen,
        restbehandlung: zahlung.restbehandlung,
    })
}

impl Richtung {
    /// The other direction.
    pub(super) fn gegen(self) -> Self {
        match self {
            Self::Eingang => Self::Ausgang,
            Self::Ausgang => Self::Eingang,
        }
    }

    /// What a payment of this direction settles, signed as the item: incoming money settles Soll.
    pub(super) fn signed(self, betrag: Betrag) -> Betrag {
        match self {
            Self::Eingang => betrag,
            Self::Ausgang => -betrag,
        }
    }
}

/// The voucher of the payment.
fn beleg(zahlung: &Zahlung, buchung_id: Uuid, ctx: &Context<'_>) -> Ergebnis<Geldbeleg> {
    let Some(geldkonto) = ctx.get::<Geldkonto>(zahlung.geldkonto_id)? else {
        return Err(Shared::feld("/geldkonto_id", "dieses Geldkonto gibt es nicht").into());
    };
    let wort = match zahlung.richtung {
        Richtung::Eingang => "Zahlungseingang",
        Richtung::Ausgang => "Zahlungsausgang",
    };
    let text = zahlung.zweck.clone();
    let text = text.unwrap_or_else(|| format!("{wort} {}", zahlung.personenkonto));
    let zeilen = geldzeilen(zahlung, zahlung.richtung, &geldkonto, zahlung.buchungsdatum, ctx)?;
    Ok(geldbeleg(
        buchung_id,
        zahlung.buchungsdatum,
        &geldkonto,
        &text,
        zeilen.into(),
    ))
}

/// The two lines of a movement of money: the partner, and the own account on the other side.
pub(super) fn geldzeilen(
    zahlung: &Zahlung,
    richtung: Richtung,
    geldkonto: &Geldkonto,
    buchungsdatum: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<[Buchungszeile; 2]> {
    let (geld, partner) = match richtung {
        Richtung::Eingang => (Seite::Soll, Seite::Haben),
        Richtung::Ausgang => (Seite::Haben, Seite::Soll),
    };
    Ok([
        Buchungszeile::partner(&zahlung.personenkonto, partner, zahlung.betrag).als(PostenArt::Zahlung),
        Buchungszeile::ohne_steuer(&geldkonto.konto_nr, geld, zahlung.betrag, buchungsdatum, ctx)?,
    ])
}

/// The voucher of a movement of money on a Geldkonto.
pub(super) fn geldbeleg(
    buchung_id: Uuid,
    buchungsdatum: NaiveDate,
    geldkonto: &Geldkonto,
    text: &str,
    zeilen: Vec<Buchungszeile>,
) -> Geldbeleg {
    Geldbeleg {
        belegkreis: geldkonto.art.belegkreis().to_owned(),
        buchungsdatum,
        buchung: Buchungssatz {
            buchung_id,
            buchungsart: Buchungsart::Zahlung,
            steuerdatum: buchungsdatum,
            text: Text::<200>::cut(text).to_string(),
            zeilen,
        },
    }
}

/// The assignments without Skonto that comes too late: the money is booked all the same, the item keeps that rest.
fn rechtzeitig(zahlung: &Zahlung, ctx: &Context<'_>) -> Ergebnis<Vec<Zahlungszuordnung>> {
    let mut bleiben = Vec::with_capacity(zahlung.zuordnungen.len());
    for zuordnung in &zahlung.zuordnungen {
        let mut zuordnung = zuordnung.clone();
        if let (Some(nachlass), Some(op)) = (zuordnung.skonto, ctx.get::<OffenerPosten>(zuordnung.op_id)?) {
            match skonto::pruefen(&op, zuordnung.betrag, nachlass, zahlung.wertstellung) {
                Ok(()) => {}
                Err(zu_spaet @ AusgleichError::SkontoFrist { .. }) => {
                    let text = format!("Posten {}: {zu_spaet}; der Skonto bleibt offen", op.belegnummer);
                    ctx.warn("AUSGLEICH_SKONTO_FRIST", text);
                    zuordnung.skonto = None;
                    zuordnung.betrag -= nachlass;
                }
                Err(anderer) => return Err(Refused::Domain(anderer).fremd()),
            }
        }
        if !zuordnung.betrag.is_null() {
            bleiben.push(zuordnung);
        }
    }
    Ok(bleiben)
}

fn zeile(richtung: Richtung, zuordnung: &Zahlungszuordnung) -> AusgleichZeile {
    AusgleichZeile {
        op_id: zuordnung.op_id,
        betrag: richtung.signed(zuordnung.betrag),
        skonto: zuordnung.skonto.map(|s| richtung.signed(s)),
    }
}

/// How much of the payment the assigned items use up. A surplus stays as credit, unless it is small and written off.
fn verwendet(zahlung: &Zahlung, zuordnungen: &[Zahlungszuordnung]) -> Ergebnis<Betrag> {
    let summe: Betrag = zuordnungen
        .iter()
        .map(|z| z.betrag - z.skonto.unwrap_or_default())
        .sum();
    let betrag = zahlung.betrag;
    if summe <= Betrag::NULL {
        let text = "die Zuordnungen ergeben keinen Betrag, den die Zahlung bezahlt; was sie bezahlt, positiv angeben (auch \
                    bei Ausgang), anderes ohne Zahlung ausgleichen";
        return Err(Shared::feld("/zuordnungen", text).into());
    }
    if summe > betrag && zahlung.restbehandlung == Restbehandlung::Offen {
        return Err(ZahlungError::ZuordnungUeberBetrag { summe, betrag }.into());
    }
    let klein = zahlung.restbehandlung == Restbehandlung::Kleindifferenz && betrag - summe <= KLEINDIFFERENZ;
    Ok(if klein { betrag } else { betrag.min(summe) })
}
