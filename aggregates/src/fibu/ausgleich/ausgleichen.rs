//! The rules of a settlement: items → Skonto → difference → partners → Folgebuchung.

use std::{collections::HashSet, sync::Arc};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    AusgleichError, AusgleichEvent, AusgleichZeile, AusgleichZeileEingabe, AusgleichenEingabe, Ergebnis,
    Restbehandlung, folgebuchung, skonto,
};
use crate::{
    Context, Refused, Shared,
    fibu::{
        OffenerPosten,
        buchung::{self, PostenArt},
    },
    types::{Betrag, Dezimal},
};

/// Up to here a difference is written off without asking.
pub const KLEINDIFFERENZ: Betrag = Betrag::cent(50);

/// Most items of one settlement, so that its unit of work stays short.
const MAX_ZEILEN: usize = 200;

/// Special right to settle items of different partners.
const SONDERRECHT_PARTNER: &str = "fibu.ausgleich_partner";

/// An item with what is to be settled of it.
pub(super) struct Posten {
    pub op_id: Uuid,
    pub op: Arc<OffenerPosten>,
    pub betrag: Betrag,
    pub skonto: Option<Betrag>,
    /// Its part in the difference that is written off or lost.
    pub rest: Betrag,
}

impl Posten {
    /// What must be met by other items.
    fn netto(&self) -> Betrag {
        self.betrag - self.skonto.unwrap_or_default()
    }
}

/// Decides a settlement.
pub(super) fn ausgleichen(eingabe: AusgleichenEingabe, ctx: &Context<'_>) -> Ergebnis<AusgleichEvent> {
    let (datum, wert) = (eingabe.datum, eingabe.wert.unwrap_or(eingabe.datum));
    anzahl_pruefen(eingabe.zeilen.len())?;
    let mut posten = eingabe
        .zeilen
        .iter()
        .enumerate()
        .map(|(index, zeile)| lesen(index, zeile, wert, ctx))
        .collect::<Ergebnis<Vec<_>>>()?;
    verschieden("zeilen", posten.iter().map(|p| p.op_id))?;
    nicht_vor_den_posten(&posten, datum)?;
    arten_pruefen(&posten)?;
    let restbehandlung = eingabe.restbehandlung.unwrap_or_default();
    rest_verteilen(&mut posten, restbehandlung)?;
    let grund = ctx.grund(eingabe.grund.clone()).as_ref().map(ToString::to_string);
    partner_pruefen(&posten, grund.is_some(), ctx)?;
    buchung::datum_pruefen(datum, "/datum", ctx).map_err(Refused::fremd)?;
    Ok(AusgleichEvent::Ausgeglichen {
        datum,
        wert,
        restbehandlung,
        grund,
        storno: false,
        folgebuchung: folgebuchung::bilden(&posten, restbehandlung, datum, ctx)?,
        zeilen: posten
            .into_iter()
            .map(|p| AusgleichZeile {
                op_id: p.op_id,
                betrag: p.betrag,
                skonto: p.skonto,
            })
            .collect(),
    })
}

/// Settles a reversed voucher with its reversal. The items check themselves when it is applied.
pub(super) fn storno(
    umkehr: NaiveDate,
    zeilen: Vec<AusgleichZeile>,
    grund: &str,
    ctx: &Context<'_>,
) -> Ergebnis<AusgleichEvent> {
    // A reversal may be dated before its voucher; both settle each other when both are there.
    let mut datum = umkehr;
    for zeile in &zeilen {
        let op = ctx.get::<OffenerPosten>(zeile.op_id)?;
        datum = op.map_or(datum, |op| datum.max(op.buchungsdatum));
    }
    let summe: Betrag = zeilen.iter().map(|z| z.betrag).sum();
    if !summe.is_null() {
        return Err(AusgleichError::NichtNull { summe }.into());
    }
    Ok(AusgleichEvent::Ausgeglichen {
        datum,
        wert: datum,
        restbehandlung: Restbehandlung::Offen,
        grund: Some(grund.to_owned()),
        storno: true,
        zeilen,
        folgebuchung: None,
    })
}

fn anzahl_pruefen(anzahl: usize) -> Result<(), Shared> {
    match anzahl {
        0 => Err(Shared::feld("/zeilen", "mindestens ein offener Posten ist nötig")),
        anzahl if anzahl > MAX_ZEILEN => {
            let text = format!("{anzahl} Posten; höchstens {MAX_ZEILEN} sind erlaubt, den Ausgleich teilen");
            Err(Shared::feld("/zeilen", text))
        }
        _ => Ok(()),
    }
}

/// Each item stands in a list once; `liste` is the list's field.
pub(in crate::fibu) fn verschieden(liste: &str, ids: impl Iterator<Item = Uuid>) -> Result<(), Shared> {
    let mut gesehen = HashSet::new();
    for (index, id) in ids.enumerate() {
        if !gesehen.insert(id) {
            return Err(Shared::feld(
                format!("/{liste}/{index}/op_id"),
                "dieser Posten steht schon in einer anderen Zeile",
            ));
        }
    }
    Ok(())
}

fn lesen(index: usize, zeile: &AusgleichZeileEingabe, wert: NaiveDate, ctx: &Context<'_>) -> Ergebnis<Posten> {
    let feld = |name: &str, text: &str| Shared::feld(format!("/zeilen/{index}/{name}"), text);
    let betrag = |name: &str, wert: Dezimal| {
        let betrag = Betrag::exact(wert).filter(|b| !b.is_null());
        betrag.ok_or_else(|| feld(name, "ein Betrag ungleich 0 mit höchstens zwei Nachkommastellen"))
    };
    let op = ctx.get::<OffenerPosten>(zeile.op_id)?;
    let op = op.ok_or_else(|| feld("op_id", "diesen offenen Posten gibt es nicht; einen vorhandenen wählen"))?;
    let (settled, nachlass) = (
        betrag("betrag", zeile.betrag)?,
        zeile.skonto.map(|s| betrag("skonto", s)).transpose()?,
    );
    op.ausgleich_pruefen(settled).map_err(|e| Refused::Domain(e).fremd())?;
    if let Some(nachlass) = nachlass {
        if (nachlass < Betrag::NULL) != (settled < Betrag::NULL) || nachlass.abs() > settled.abs() {
            return Err(feld("skonto", "Skonto hat das Vorzeichen des Betrags und ist nicht größer").into());
        }
        skonto::pruefen(&op, settled, nachlass, wert)?;
    }
    Ok(Posten {
        op_id: zeile.op_id,
        op,
        betrag: settled,
        skonto: nachlass,
        rest: Betrag::NULL,
    })
}

/// An item cannot be settled before it was there.
fn nicht_vor_den_posten(posten: &[Posten], datum: NaiveDate) -> Result<(), Shared> {
    match posten.iter().map(|p| p.op.buchungsdatum).max() {
        Some(letztes) if letztes > datum => Err(Shared::feld(
            "/datum",
            format!("ein Posten ist erst vom {letztes}; nicht davor ausgleichen"),
        )),
        _ => Ok(()),
    }
}

fn arten_pruefen(posten: &[Posten]) -> Result<(), AusgleichError> {
    let zahlungen = posten.iter().all(|p| p.op.art == PostenArt::Zahlung);
    let einseitig = posten.iter().all(|p| p.betrag > Betrag::NULL) || posten.iter().all(|p| p.betrag < Betrag::NULL);
    if zahlungen && einseitig {
        return Err(AusgleichError::Art {});
    }
    Ok(())
}

/// Gives the difference to the items of its side, from the last one on: the older claims are met first.
fn rest_verteilen(posten: &mut [Posten], restbehandlung: Restbehandlung) -> Result<(), AusgleichError> {
    let summe: Betrag = posten.iter().map(Posten::netto).sum();
    match restbehandlung {
        _ if summe.is_null() => return Ok(()),
        Restbehandlung::Offen => return Err(AusgleichError::NichtNull { summe }),
        Restbehandlung::Kleindifferenz if summe.abs() > KLEINDIFFERENZ => {
            return Err(AusgleichError::Toleranz { max: KLEINDIFFERENZ });
        }
        // Only a claim can be lost.
        Restbehandlung::Forderungsverlust if summe < Betrag::NULL => {
            return Err(AusgleichError::NichtNull { summe });
        }
        Restbehandlung::Kleindifferenz | Restbehandlung::Forderungsverlust => {}
    }
    let positiv = summe > Betrag::NULL;
    let mut bleibt = summe.abs();
    for p in posten.iter_mut().rev().filter(|p| (p.betrag > Betrag::NULL) == positiv) {
        let teil = bleibt.min(p.netto().abs());
        p.rest = if positiv { teil } else { -teil };
        bleibt -= teil;
    }
    Ok(())
}

/// What is settled within each Personenkonto needs no right; what crosses over does.
fn partner_pruefen(posten: &[Posten], mit_grund: bool, ctx: &Context<'_>) -> Result<(), AusgleichError> {
    let mut personenkonten: Vec<String> = Vec::new();
    for p in posten {
        if !personenkonten.contains(&p.op.personenkonto) {
            personenkonten.push(p.op.personenkonto.clone());
        }
    }
    let offen = |konto: &String| -> Betrag {
        let eigene = posten.iter().filter(|p| p.op.personenkonto == *konto);
        eigene.map(|p| p.netto() - p.rest).sum()
    };
    if personenkonten.iter().all(|konto| offen(konto).is_null()) || mit_grund && ctx.darf(SONDERRECHT_PARTNER) {
        return Ok(());
    }
    Err(AusgleichError::Partner { personenkonten })
}
