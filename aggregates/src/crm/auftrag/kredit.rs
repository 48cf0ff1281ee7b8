//! What the order needs of the customer's credit line: gross, with the rates of the day of its confirmation.

use super::{
    Auftrag, AuftragEvent, AuftragPosition, AuftragStatus, Refusal,
    types::{AuftragSperreArt, Kreditfolge, Kreditwirkung},
};
use crate::{
    Context, Shared,
    crm::Kreditlinie,
    fibu::steuerrechnung::{self, Teil},
    types::Betrag,
};

/// Why the credit line locks an order.
const GRUND: &str = "das Kreditlimit reicht nicht";

impl Auftrag {
    /// Net and gross of a part of each position, by its value: tax once per key.
    pub(super) fn summe(
        &self,
        wert: impl Fn(&AuftragPosition) -> Option<Betrag>,
        ctx: &Context<'_>,
    ) -> Result<(Betrag, Betrag), Refusal> {
        let unwert = || Refusal::from(unwert("/positionen"));
        let mut teile = Vec::with_capacity(self.positionen.len());
        for position in &self.positionen {
            let netto = wert(position).ok_or_else(unwert)?;
            teile.push((position.schluessel.as_str(), netto));
        }
        let teile = teile.into_iter().map(|(schluessel, netto)| Teil { schluessel, netto });
        let am = self.bestaetigt_am.unwrap_or(ctx.heute());
        let (mut netto, mut brutto) = (Betrag::NULL, Betrag::NULL);
        for (schluessel, summe) in steuerrechnung::je_schluessel(teile) {
            let tarif = steuerrechnung::tarif(&schluessel, am, ctx)?;
            let steuer = steuerrechnung::steuer(summe, tarif.satz).ok_or_else(unwert)?;
            netto += summe;
            brutto += summe + steuer;
        }
        Ok((netto, brutto))
    }

    /// Gross of all that went so far.
    pub(super) fn geliefert_brutto(&self, ctx: &Context<'_>) -> Result<Betrag, Refusal> {
        Ok(self.summe(|p| Some(p.geliefert_netto), ctx)?.1)
    }

    /// What the line must be told, so that it holds exactly what is still to be delivered.
    pub(super) fn kreditwirkung(&self, ctx: &Context<'_>) -> Result<Option<Kreditwirkung>, Refusal> {
        if self.status != AuftragStatus::Bestaetigt {
            return Ok(None);
        }
        let (_, zusammen) = self.summe(AuftragPosition::gesamtwert, ctx)?;
        let bedarf = zusammen - self.geliefert_brutto(ctx)?;
        let folge = if bedarf > self.kredit {
            Kreditfolge::Belegen(bedarf - self.kredit)
        } else if bedarf == self.kredit {
            return Ok(None);
        } else if bedarf > Betrag::NULL {
            Kreditfolge::Entlasten(self.kredit - bedarf)
        } else {
            Kreditfolge::Erledigen
        };
        Ok(Some(self.wirkung(folge)))
    }

    /// What the line must be told, so that it holds exactly what is delivered and not invoiced `danach`, at the value with
    /// which it went: nothing once all that went is invoiced.
    pub(super) fn lieferkredit(&self, danach: &Self, ctx: &Context<'_>) -> Result<Option<Kreditwirkung>, Refusal> {
        let (_, fakturiert) = danach.summe(|p| Some(p.fakturiert_lieferwert), ctx)?;
        let bedarf = danach.geliefert_brutto(ctx)? - fakturiert;
        let folge = match bedarf.cmp(&self.kredit_lieferung) {
            std::cmp::Ordering::Greater => Kreditfolge::Belegen(bedarf - self.kredit_lieferung),
            std::cmp::Ordering::Less => Kreditfolge::Entlasten(self.kredit_lieferung - bedarf),
            std::cmp::Ordering::Equal => return Ok(None),
        };
        Ok(Some(self.wirkung(folge)))
    }

    pub(super) fn wirkung(&self, folge: Kreditfolge) -> Kreditwirkung {
        Kreditwirkung {
            kunde_id: self.kunde_id,
            auftrag_nr: self.auftrag_nr.clone(),
            folge,
        }
    }

    /// The lock of an order that asks for more than is left. The line itself decides the same in the same unit of work.
    pub(super) fn kreditsperre(
        &self,
        wirkung: Option<&Kreditwirkung>,
        ctx: &Context<'_>,
    ) -> Result<Option<AuftragEvent>, Refusal> {
        let Some(Kreditfolge::Belegen(betrag)) = wirkung.map(|w| w.folge) else {
            return Ok(None);
        };
        let linie = ctx.get::<Kreditlinie>(Kreditlinie::stream_id(ctx.frame.mandant_id, self.kunde_id))?;
        if linie.is_some_and(|linie| linie.passt(betrag, ctx.heute())) || self.hat_sperre(AuftragSperreArt::Kredit) {
            return Ok(None);
        }
        Ok(Some(AuftragEvent::SperreGesetzt {
            art: AuftragSperreArt::Kredit,
            grund: GRUND.to_owned(),
            seit: ctx.heute(),
        }))
    }
}

/// A value that no amount can hold.
pub(super) fn unwert(feld: &str) -> Shared {
    Shared::feld(feld, "der Wert des Auftrags ist nicht darstellbar")
}
