//! What happens to a released order: goods go, invoices and credit notes come, small rests are given up.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Auftrag, AuftragError, AuftragEvent, AuftragStatus, Refusal,
    command::{FakturaEingabe, LieferungEingabe},
    kredit::unwert,
    types::{FakturaArt, Fakturaposition, Kreditfolge, Lieferposition},
};
use crate::{
    Aggregate, Context, Decision, Refused, Shared,
    crm::kunde::Rechnungsart,
    fibu::Rechnung,
    types::{Betrag, Menge, Text},
};

/// The document that reports what was delivered or invoiced.
pub(super) struct Beleg {
    pub id: Uuid,
    pub nummer: String,
}

impl Auftrag {
    pub(super) fn liefern(
        &self,
        versand: Beleg,
        buchungsdatum: NaiveDate,
        eingaben: &[LieferungEingabe],
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        self.lieferung_pruefen()?;
        let mut stand = self.clone();
        let mut positionen = Vec::with_capacity(eingaben.len());
        for eingabe in eingaben {
            let lieferposition = stand.lieferposition(eingabe)?;
            stand.lieferung_folgen(std::slice::from_ref(&lieferposition));
            positionen.push(lieferposition);
        }
        let brutto = stand.geliefert_brutto(ctx)? - self.geliefert_brutto(ctx)?;
        let mut events = vec![AuftragEvent::LieferungErfasst {
            versand_id: versand.id,
            kunde_id: self.kunde_id,
            kunden_nr: self.kunden_nr.clone(),
            zahlungsbedingung_id: self.zahlungsbedingung_id,
            valuta_tage: self.valuta_tage,
            rechnungsart: self.lieferung_rechnungsart(ctx)?,
            lieferschein_nr: versand.nummer,
            leistungsdatum: buchungsdatum,
            auftrag_nr: self.auftrag_nr.clone(),
            positionen,
            brutto,
            umwidmen: self.kredit_offen,
        }];
        for eingabe in eingaben {
            let stand = self.danach(&events);
            let position = stand.position(eingabe.position_id)?;
            if !position.offen().is_null() && (eingabe.endlieferung || position.genug()) {
                let grund = if eingabe.endlieferung {
                    "Endlieferung"
                } else {
                    "der Rest liegt in der Toleranz"
                };
                events.push(stand.verfallen(eingabe.position_id, grund, ctx)?);
            }
        }
        Ok(self.mit_abschluss(events))
    }

    /// An invoice that deducts advance payments belongs to one order, so its deliveries join no collective invoice.
    fn lieferung_rechnungsart(&self, ctx: &Context<'_>) -> Result<Rechnungsart, Refusal> {
        let erste = Rechnung::anzahlung_schluessel(ctx.id, 1);
        match ctx.holder(Rechnung::KEY_ANZAHLUNG, &erste)? {
            Some(_) => Ok(Rechnungsart::Einzel),
            None => Ok(self.rechnungsart),
        }
    }

    fn lieferposition(&self, eingabe: &LieferungEingabe) -> Result<Lieferposition, Refusal> {
        let position = self.position(eingabe.position_id)?;
        einheit_pruefen(position, &eingabe.einheit)?;
        let max = position.lieferbar();
        if eingabe.menge > max {
            return Err(AuftragError::Ueberlieferung { max }.into());
        }
        let bis = position.lieferwert_bis(position.geliefert + eingabe.menge);
        let bis = bis.ok_or_else(|| unwert("/positionen/menge"))?;
        Ok(Lieferposition {
            position_id: position.position_id,
            artikel_id: position.artikel_id,
            artikel_nr: position.artikel_nr.clone(),
            text: position.bezeichnung.clone(),
            menge: eingabe.menge,
            einheit: position.einheit.clone(),
            preis: position.preis.preis(),
            netto: bis - position.geliefert_netto,
            schluessel: position.schluessel.clone(),
        })
    }

    /// What is open of a position is expected no more.
    fn verfallen(&self, position_id: Uuid, grund: &str, ctx: &Context<'_>) -> Result<AuftragEvent, Refusal> {
        let mut event = AuftragEvent::Verfallen {
            position_id,
            menge: self.offen(position_id)?,
            grund: grund.to_owned(),
            kredit: None,
            mengen: None,
        };
        let danach = self.danach(std::slice::from_ref(&event));
        let (wirkung, folge) = (danach.kreditwirkung(ctx)?, danach.mengenfolge(position_id, ctx)?);
        if let AuftragEvent::Verfallen { kredit, mengen, .. } = &mut event {
            *kredit = wirkung;
            *mengen = folge;
        }
        Ok(event)
    }

    pub(super) fn rest_streichen(&self, position_id: Uuid, grund: &Text<500>, ctx: &Context<'_>) -> Decision<Self> {
        Ok(self.mit_abschluss(vec![self.verfallen(position_id, grund, ctx)?]))
    }

    /// More is invoiced: by an invoice, or because the credit note that took it back was cancelled.
    pub(super) fn faktura(
        &self,
        rechnung: Beleg,
        (kunde_id, art): (Option<Uuid>, FakturaArt),
        eingaben: &[FakturaEingabe],
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        if kunde_id != Some(self.kunde_id) {
            let text = format!("der Auftrag {} ist von einem anderen Kunden", self.auftrag_nr);
            return Err(Shared::feld("/positionen/auftrag", text).into());
        }
        let mut stand = self.clone();
        let mut positionen = Vec::with_capacity(eingaben.len());
        for eingabe in eingaben {
            let position = stand.position(eingabe.position_id)?;
            einheit_pruefen(position, &eingabe.einheit)?;
            let max = position.geliefert - position.fakturiert();
            if eingabe.menge > max {
                return Err(AuftragError::Ueberberechnung { max }.into());
            }
            let berechnet = fakturaposition(eingabe, position.lieferwert_faktura(eingabe.menge))?;
            stand.faktura_folgen(std::slice::from_ref(&berechnet));
            positionen.push(berechnet);
        }
        Ok(self.mit_abschluss(vec![AuftragEvent::FakturaErfasst {
            rechnung_id: rechnung.id,
            nummer: rechnung.nummer,
            art,
            positionen,
            kredit: self.lieferkredit(&stand, ctx)?,
        }]))
    }

    /// Less is invoiced: by a credit note, or because an invoice was cancelled.
    pub(super) fn gutschrift(
        &self,
        rechnung: Beleg,
        (art, bezug_rechnung): (FakturaArt, Option<Uuid>),
        eingaben: &[FakturaEingabe],
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let mut stand = self.clone();
        let mut positionen = Vec::with_capacity(eingaben.len());
        for eingabe in eingaben {
            let position = stand.position(eingabe.position_id)?;
            einheit_pruefen(position, &eingabe.einheit)?;
            let max = position.fakturiert();
            if eingabe.menge > max {
                let text = format!("berechnet sind {max}; mehr lässt sich nicht gutschreiben");
                return Err(Shared::feld("/positionen/menge", text).into());
            }
            let gutgeschrieben = fakturaposition(eingabe, position.lieferwert_gutschrift(eingabe.menge))?;
            stand.gutschrift_folgen(std::slice::from_ref(&gutgeschrieben));
            positionen.push(gutgeschrieben);
        }
        Ok(self.mit_abschluss(vec![AuftragEvent::GutschriftErfasst {
            rechnung_id: rechnung.id,
            nummer: rechnung.nummer,
            art,
            bezug_rechnung,
            positionen,
            kredit: self.lieferkredit(&stand, ctx)?,
        }]))
    }

    /// The facts, and the end of the order if they leave nothing to wait for.
    pub(super) fn mit_abschluss(&self, mut events: Vec<AuftragEvent>) -> Vec<AuftragEvent> {
        events.extend(self.danach(&events).abschluss());
        events
    }

    /// The end of a confirmed order that waits for nothing.
    pub(super) fn abschluss(&self) -> Option<AuftragEvent> {
        let fertig =
            self.status == AuftragStatus::Bestaetigt && self.positionen.iter().all(super::AuftragPosition::erledigt);
        fertig.then(|| AuftragEvent::Abgeschlossen {
            kredit: self.kredit_offen.then(|| self.wirkung(Kreditfolge::Erledigen)),
        })
    }

    pub(super) fn lieferung_folgen(&mut self, positionen: &[Lieferposition]) {
        for geliefert in positionen {
            self.mit_position(geliefert.position_id, |position| {
                position.geliefert += geliefert.menge;
                position.geliefert_netto += geliefert.netto;
            });
        }
    }

    pub(super) fn faktura_folgen(&mut self, positionen: &[Fakturaposition]) {
        for berechnet in positionen {
            self.mit_position(berechnet.position_id, |position| {
                let lieferwert = berechnet
                    .lieferwert
                    .or_else(|| position.lieferwert_faktura(berechnet.menge));
                position.fakturiert_lieferwert += lieferwert.unwrap_or_default();
                position.berechnet += berechnet.menge;
                position.berechnet_netto += berechnet.netto;
            });
        }
    }

    pub(super) fn gutschrift_folgen(&mut self, positionen: &[Fakturaposition]) {
        for gutgeschrieben in positionen {
            self.mit_position(gutgeschrieben.position_id, |position| {
                let menge = gutgeschrieben.menge;
                let lieferwert = gutgeschrieben
                    .lieferwert
                    .or_else(|| position.lieferwert_gutschrift(menge));
                position.fakturiert_lieferwert -= lieferwert.unwrap_or_default();
                position.gutgeschrieben += menge;
                position.gutgeschrieben_netto += gutgeschrieben.netto;
            });
        }
    }

    /// Refuses to plan deliveries of an order that is not released or over. A lock that came after the release does not
    /// hold up the plan, only the goods: the plan follows the release, and nobody would make it up once the lock is gone.
    pub fn planung_pruefen(&self) -> Result<(), Refused<AuftragError>> {
        if self.status != AuftragStatus::Bestaetigt {
            return Err(Shared::status(self.status, &["bestaetigt"]).into());
        }
        if !self.freigegeben {
            self.sperren_pruefen()?;
            return Err(Shared::status(self.status, &["freigegeben"]).into());
        }
        Ok(())
    }

    /// Refuses deliveries while the order is locked, not released or over.
    pub fn lieferung_pruefen(&self) -> Result<(), Refused<AuftragError>> {
        self.planung_pruefen()?;
        Ok(self.sperren_pruefen()?)
    }

    /// The most that may still go of a position, with its tolerance.
    #[must_use]
    pub fn lieferbar(&self, position_id: Uuid) -> Menge {
        let position = self.positionen.iter().find(|p| p.position_id == position_id);
        position.map_or(Menge::NULL, super::AuftragPosition::lieferbar)
    }

    /// A position with the share that a quantity has of the net decided for it; `None` if the order has no such
    /// position or the share is out of range.
    #[must_use]
    pub fn positionswert(&self, position_id: Uuid, menge: Menge) -> Option<(&super::AuftragPosition, Betrag)> {
        let position = self.positionen.iter().find(|p| p.position_id == position_id)?;
        Some((position, position.anteil(menge)?))
    }
}

/// An invoiced or credited part with the value with which it went.
fn fakturaposition(eingabe: &FakturaEingabe, lieferwert: Option<Betrag>) -> Result<Fakturaposition, Shared> {
    Ok(Fakturaposition {
        position_id: eingabe.position_id,
        menge: eingabe.menge,
        netto: eingabe.netto,
        lieferwert: Some(lieferwert.ok_or_else(|| unwert("/positionen/menge"))?),
    })
}

/// Quantities of other documents count in the unit of the position.
fn einheit_pruefen(position: &super::AuftragPosition, einheit: &Text<10>) -> Result<(), Shared> {
    if einheit.as_str() == position.einheit {
        return Ok(());
    }
    let text = format!("die Position zählt in {}", position.einheit);
    Err(Shared::feld("/positionen/einheit", text))
}
