//! Decisions on positions of a Bestellung: what is ordered, from which article, at which value.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    BestellPosition, Bestellung, BestellungError, BestellungEvent,
    command::{BestaetigungEingabe, PositionEingabe},
    event::Bestaetigung,
    types::Positionsdaten,
};
use crate::{
    Context, Refused, Shared,
    types::{Dezimal, Menge, Preis},
    wawi::{
        Artikel,
        belegposition::{self, STELLEN, fremd, wert},
    },
};

type Refusal = Refused<BestellungError>;

/// The article of a position, if it may be bought.
fn artikel(artikel_id: Uuid, ctx: &Context<'_>) -> Result<std::sync::Arc<Artikel>, Refusal> {
    let artikel = belegposition::artikel(artikel_id, ctx)?;
    artikel.einkauf_pruefen(ctx.heute()).map_err(fremd)?;
    Ok(artikel)
}

fn preis_pruefen(preis: &Preis, pos: i32) -> Result<(), Refusal> {
    if preis.betrag.as_decimal().is_zero() {
        return Err(BestellungError::PreisFehlt { pos }.into());
    }
    belegposition::preis_pruefen(preis)
}

impl Bestellung {
    pub(super) fn hinzufuegen(&self, eingabe: PositionEingabe, ctx: &Context<'_>) -> Result<BestellungEvent, Refusal> {
        let pos = self.positionen.iter().map(|p| p.pos).max().unwrap_or(0) + 1;
        let artikel = artikel(eingabe.artikel_id, ctx)?;
        belegposition::lager(eingabe.lager_id, ctx)?;
        preis_pruefen(&eingabe.preis, pos)?;
        let menge = Menge::positiv(eingabe.menge, STELLEN, "/menge")?;
        let einheit = eingabe.einheit.to_string();
        Ok(BestellungEvent::PositionHinzugefuegt {
            position_id: belegposition::position_id(ctx),
            pos,
            position: Positionsdaten {
                artikel_id: eingabe.artikel_id,
                artikel_nr: artikel.artikel_nr.clone(),
                bezeichnung: artikel.bezeichnung.clone(),
                lager_id: eingabe.lager_id,
                menge,
                basismenge: artikel.in_basis(menge, &einheit).map_err(fremd)?,
                netto: wert(&artikel, menge, &einheit, &eingabe.preis)?,
                einheit,
                preis: eingabe.preis,
                schluessel: artikel.steuerschluessel_ek.clone(),
                termin: eingabe.termin,
                toleranz_ueber: eingabe.toleranz_ueber.unwrap_or_else(|| artikel.toleranz()),
                toleranz_unter: eingabe.toleranz_unter.unwrap_or_else(|| artikel.toleranz()),
                konto: eingabe.konto.map(|k| k.to_string()),
                kst: eingabe.kst.map(|k| k.to_string()),
            },
        })
    }

    pub(super) fn aendern(
        &self,
        position_id: Uuid,
        (menge, preis, termin): (Option<Dezimal>, Option<Preis>, Option<NaiveDate>),
        ctx: &Context<'_>,
    ) -> Result<BestellungEvent, Refusal> {
        let position = self.position(position_id)?;
        let artikel = artikel(position.artikel_id, ctx)?;
        let preis = preis.unwrap_or_else(|| position.preis());
        preis_pruefen(&preis, position.pos)?;
        let menge = match menge {
            Some(menge) => Menge::positiv(menge, STELLEN, "/menge")?,
            None => position.menge,
        };
        if menge < position.geliefert {
            let geliefert = position.geliefert;
            return Err(BestellungError::AenderungUnterGeliefert { geliefert }.into());
        }
        Ok(BestellungEvent::PositionGeaendert {
            position_id,
            menge,
            basismenge: artikel.in_basis(menge, &position.einheit).map_err(fremd)?,
            netto: wert(&artikel, menge, &position.einheit, &preis)?,
            preis,
            termin: termin.or(position.termin),
        })
    }

    /// What the supplier confirmed, position by position; what he does not name is as ordered.
    pub(super) fn bestaetigung(
        &self,
        eingaben: &[BestaetigungEingabe],
        ctx: &Context<'_>,
    ) -> Result<Vec<Bestaetigung>, Refusal> {
        for eingabe in eingaben {
            self.position(eingabe.position_id)?;
        }
        let mut bestaetigt = Vec::with_capacity(self.positionen.len());
        for position in &self.positionen {
            let eingabe = eingaben.iter().find(|e| e.position_id == position.position_id);
            let preis = eingabe
                .and_then(|e| e.preis.clone())
                .unwrap_or_else(|| position.preis());
            preis_pruefen(&preis, position.pos)?;
            let menge = match eingabe.and_then(|e| e.menge) {
                Some(menge) => Menge::positiv(menge, STELLEN, "/positionen/menge")?,
                None => position.menge,
            };
            let artikel = artikel(position.artikel_id, ctx)?;
            bestaetigt.push(Bestaetigung {
                position_id: position.position_id,
                termin: eingabe.and_then(|e| e.termin).or(position.termin),
                menge,
                netto: wert(&artikel, position.menge, &position.einheit, &preis)?,
                preis,
            });
        }
        Ok(bestaetigt)
    }

    /// A position by its id.
    pub(super) fn position(&self, position_id: Uuid) -> Result<&BestellPosition, Shared> {
        let gesucht = self.positionen.iter().find(|p| p.position_id == position_id);
        gesucht.ok_or_else(|| Shared::feld("/position_id", "diese Position hat die Bestellung nicht"))
    }
}
