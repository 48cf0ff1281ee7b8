//! Promises: stock that a document may count on.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Lagerbestand, LagerbestandError, LagerbestandEvent, Refusal, ReservierenEingabe, beleg_von, unbekannt};
use crate::{
    Aggregate, Context, Decision, Shared,
    crm::Auftrag,
    types::{BelegRef, Dezimal, Menge},
    wawi::belegposition::{self, fremd},
};

/// Most open promises on an article in a Lager.
const MAX_RESERVIERUNGEN: usize = 5_000;

/// Decimals of a quantity before the article is known.
const STELLEN_UNBEKANNT: u32 = 6;

impl Lagerbestand {
    pub(super) fn reservieren(&self, eingabe: ReservierenEingabe, ctx: &Context<'_>) -> Decision<Self> {
        let stellen = if self.eroeffnet() {
            self.stellen.into()
        } else {
            STELLEN_UNBEKANNT
        };
        let gewuenscht = Menge::positiv(eingabe.menge, stellen, "/menge")?;
        if self.reservierung(eingabe.id).is_some() {
            return Err(Shared::NummerVergeben {
                feld: "id".to_owned(),
                wert: eingabe.id.to_string(),
            }
            .into());
        }
        if eingabe.gueltig_bis.is_some_and(|bis| bis < ctx.heute()) {
            let text = "eine Reservierung gilt mindestens bis heute";
            return Err(Shared::feld("/gueltig_bis", text).into());
        }
        if self.reservierungen.len() >= MAX_RESERVIERUNGEN {
            let text = format!("auf diesem Bestand liegen schon {MAX_RESERVIERUNGEN} Reservierungen; alte aufheben");
            return Err(Shared::feld("/id", text).into());
        }
        let hoechstens = if eingabe.teilweise {
            gewuenscht.min(wartet_noch(&eingabe.beleg, ctx)?.unwrap_or(gewuenscht))
        } else {
            gewuenscht
        };
        let menge = self.zusagen(hoechstens, self.frei, eingabe.teilweise)?;
        if menge.is_null() {
            ctx.warn("LAGERBESTAND_FEHLT", "es ist nichts frei; reserviert wurde nichts");
            return Ok(Vec::new());
        }
        Ok(vec![LagerbestandEvent::Reserviert {
            id: eingabe.id,
            artikel_id: self.artikel_id,
            lager_id: self.lager_id,
            beleg: eingabe.beleg,
            gewuenscht,
            menge,
            gueltig_bis: eingabe.gueltig_bis,
        }])
    }

    pub(super) fn reservierung_aendern(
        &self,
        id: Uuid,
        menge: Dezimal,
        teilweise: bool,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let Some(alt) = self.reservierung(id) else {
            return if teilweise {
                Ok(Vec::new())
            } else {
                Err(unbekannt("/id", "diese Reservierung"))
            };
        };
        let gewuenscht = Menge::positiv(menge, self.stellen.into(), "/menge")?;
        let hoechstens = if teilweise {
            gewuenscht.min(wartet_noch(&beleg_von(alt), ctx)?.unwrap_or(gewuenscht))
        } else {
            gewuenscht
        };
        let menge = self.zusagen(hoechstens, self.frei + alt.menge, teilweise)?;
        if menge.is_null() {
            return Ok(self.reservierung_beenden(id, false));
        }
        if menge == alt.menge {
            return Ok(Vec::new());
        }
        Ok(vec![LagerbestandEvent::ReservierungGeaendert {
            id,
            artikel_id: self.artikel_id,
            lager_id: self.lager_id,
            vorher: alt.menge,
            menge,
        }])
    }

    /// How much of what is asked for can be promised.
    fn zusagen(&self, gewuenscht: Menge, frei: Menge, teilweise: bool) -> Result<Menge, LagerbestandError> {
        if gewuenscht <= frei {
            Ok(gewuenscht)
        } else if teilweise {
            Ok(frei.max(Menge::NULL))
        } else if gewuenscht > self.bestand {
            let verfuegbar = self.bestand;
            Err(LagerbestandError::Fehlt { verfuegbar })
        } else {
            let frei = frei.max(Menge::NULL);
            Err(LagerbestandError::Reserviert { frei })
        }
    }

    pub(super) fn reservierung_beenden(&self, id: Uuid, verfallen: bool) -> Vec<LagerbestandEvent> {
        let Some(reservierung) = self.reservierung(id) else {
            return Vec::new();
        };
        vec![LagerbestandEvent::ReservierungAufgehoben {
            id,
            artikel_id: self.artikel_id,
            lager_id: self.lager_id,
            beleg: beleg_von(reservierung),
            menge: reservierung.menge,
            verfallen,
        }]
    }

    /// A promise of the same id that was made anew has another last day.
    pub(super) fn verfallen_lassen(&self, id: Uuid, heute: NaiveDate) -> Vec<LagerbestandEvent> {
        let vorbei = self
            .reservierung(id)
            .and_then(|r| r.gueltig_bis)
            .is_some_and(|bis| bis < heute);
        if vorbei {
            self.reservierung_beenden(id, true)
        } else {
            Vec::new()
        }
    }
}

/// What an order's position still waits for, in the Basiseinheit; `None` if the document is no order. Who asks for as
/// much as can be had may have written it down before a part of it went.
fn wartet_noch(beleg: &BelegRef, ctx: &Context<'_>) -> Result<Option<Menge>, Refusal> {
    let Some(position_id) = beleg.position.filter(|_| beleg.typ.as_str() == Auftrag::TYPE) else {
        return Ok(None);
    };
    let auftrag = ctx.get::<Auftrag>(beleg.id)?;
    let position = auftrag
        .as_ref()
        .and_then(|a| a.positionen.iter().find(|p| p.position_id == position_id));
    let Some(position) = position else {
        return Ok(None);
    };
    let artikel = belegposition::artikel(position.artikel_id, ctx)?;
    let offen = artikel.in_basis(position.offen(), &position.einheit).map_err(fremd)?;
    Ok(Some(offen))
}
