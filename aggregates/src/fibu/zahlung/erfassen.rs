//! What a payment must be to be entered.

use super::{Ergebnis, ZahlungErfassen, ZahlungError, ZahlungEvent, Zahlungszuordnung, ZahlungszuordnungEingabe};
use crate::{
    Context, Shared,
    fibu::{
        Geldkonto, OffenerPosten, ausgleich::verschieden, geldkonto::GeldkontoStatus, partner::personenkonto_finden,
    },
    types::{Betrag, Dezimal},
};

/// Most items of one payment.
const MAX_ZUORDNUNGEN: usize = 199;

/// Decides the entry of a payment.
pub(super) fn erfassen(eingabe: ZahlungErfassen, ctx: &Context<'_>) -> Ergebnis<ZahlungEvent> {
    if let Some(waehrung) = eingabe.waehrung.as_ref().filter(|w| w.as_str() != "EUR") {
        let waehrung = waehrung.to_string();
        return Err(ZahlungError::Waehrung { waehrung }.into());
    }
    let betrag = zahlbetrag(eingabe.betrag, "betrag")?;
    let geldkonto = ctx.get::<Geldkonto>(eingabe.geldkonto_id)?;
    if geldkonto.is_none_or(|konto| konto.status != GeldkontoStatus::Aktiv) {
        let text = "dieses Geldkonto gibt es nicht oder es ist geschlossen; ein anderes wählen";
        return Err(Shared::feld("/geldkonto_id", text).into());
    }
    let personenkonto = eingabe.personenkonto.to_string();
    if personenkonto_finden(&personenkonto, ctx)?.is_none() {
        let text = format!("das Personenkonto {personenkonto} gibt es nicht; zuerst anlegen");
        return Err(Shared::feld("/personenkonto", text).into());
    }
    Ok(ZahlungEvent::Erfasst {
        richtung: eingabe.richtung,
        geldkonto_id: eingabe.geldkonto_id,
        personenkonto,
        betrag,
        waehrung: "EUR".to_owned(),
        buchungsdatum: eingabe.buchungsdatum,
        wertstellung: eingabe.wertstellung.unwrap_or(eingabe.buchungsdatum),
        zweck: eingabe.zweck.map(|z| z.to_string()),
        restbehandlung: eingabe.restbehandlung.unwrap_or_default(),
        zuordnungen: zuordnungen(&eingabe.zuordnungen, ctx)?,
    })
}

/// An amount above zero with at most two decimals.
pub(super) fn zahlbetrag(wert: Dezimal, feld: &str) -> Result<Betrag, ZahlungError> {
    let betrag = Betrag::exact(wert).filter(|b| *b > Betrag::NULL);
    betrag.ok_or_else(|| ZahlungError::Betrag { feld: feld.to_owned() })
}

fn zuordnungen(eingaben: &[ZahlungszuordnungEingabe], ctx: &Context<'_>) -> Ergebnis<Vec<Zahlungszuordnung>> {
    if eingaben.len() > MAX_ZUORDNUNGEN {
        let text = format!("höchstens {MAX_ZUORDNUNGEN} Posten sind möglich; die Zahlung teilen");
        return Err(Shared::feld("/zuordnungen", text).into());
    }
    verschieden("zuordnungen", eingaben.iter().map(|z| z.op_id))?;
    let zeilen = eingaben.iter().enumerate();
    zeilen.map(|(index, zeile)| zuordnung(index, zeile, ctx)).collect()
}

fn zuordnung(index: usize, zeile: &ZahlungszuordnungEingabe, ctx: &Context<'_>) -> Ergebnis<Zahlungszuordnung> {
    let feld = |name: &str, text: &str| Shared::feld(format!("/zuordnungen/{index}/{name}"), text);
    let betrag = |name: &str, wert: Dezimal| {
        let betrag = Betrag::exact(wert).filter(|b| !b.is_null());
        betrag.ok_or_else(|| feld(name, "ein Betrag ungleich 0 mit höchstens zwei Nachkommastellen"))
    };
    if ctx.get::<OffenerPosten>(zeile.op_id)?.is_none() {
        return Err(feld("op_id", "diesen offenen Posten gibt es nicht; einen vorhandenen wählen").into());
    }
    let zuordnung = Zahlungszuordnung {
        op_id: zeile.op_id,
        betrag: betrag("betrag", zeile.betrag)?,
        skonto: zeile.skonto.map(|s| betrag("skonto", s)).transpose()?,
    };
    Ok(zuordnung)
}
