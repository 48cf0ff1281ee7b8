//! Decisions on positions of a Bestellung: what is ordered, from which article, at which value.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    BestellPosition, Bestellung, BestellungError, BestellungEvent, Liefereinteilung,
    command::{BestaetigungEingabe, EinteilungEingabe, PositionEingabe},
    einteilung,
    event::Bestaetigung,
    types::Positionsdaten,
};
use crate::{
    Context, Refused, Shared,
    types::{Dezimal, Menge, Preis, Satz},
    wawi::{
        Artikel, Artikelgruppe,
        belegposition::{self, Positionsstatus, STELLEN, fremd, wert},
    },
};

/// Most positions of an order.
const MAX_POSITIONEN: usize = 500;

/// What changes of a position; absent stays.
pub(super) struct Aenderung {
    pub(super) menge: Option<Dezimal>,
    pub(super) preis: Option<Preis>,
    pub(super) termin: Option<NaiveDate>,
    pub(super) einteilungen: Vec<EinteilungEingabe>,
}

type Refusal = Refused<BestellungError>;

/// The article of a position, if it may be bought.
fn artikel(artikel_id: Uuid, ctx: &Context<'_>) -> Result<std::sync::Arc<Artikel>, Refusal> {
    let artikel = belegposition::artikel(artikel_id, ctx)?;
    artikel.einkauf_pruefen(ctx.heute()).map_err(fremd)?;
    Ok(artikel)
}

/// By how much a delivery may differ if the order says nothing: as the Artikelgruppe says, else by the article.
fn toleranz(artikel: &Artikel, von: impl Fn(&Artikelgruppe) -> Satz, ctx: &Context<'_>) -> Result<Satz, Refusal> {
    let gruppe = ctx.get::<Artikelgruppe>(artikel.gruppe_id)?;
    let gruppe = gruppe
        .map(|gruppe| von(&gruppe))
        .filter(|satz| !satz.as_percent().is_zero());
    Ok(gruppe.unwrap_or_else(|| artikel.toleranz()))
}

fn preis_pruefen(preis: &Preis, pos: i32) -> Result<(), Refusal> {
    if preis.betrag.as_decimal().is_zero() {
        return Err(BestellungError::PreisFehlt { pos }.into());
    }
    belegposition::preis_pruefen(preis)
}

impl Bestellung {
    pub(super) fn hinzufuegen(&self, eingabe: PositionEingabe, ctx: &Context<'_>) -> Result<BestellungEvent, Refusal> {
        if self.positionen.len() >= MAX_POSITIONEN {
            let text = format!("eine Bestellung hat höchstens {MAX_POSITIONEN} Positionen; bitte eine weitere anlegen");
            return Err(Shared::feld("/artikel_id", text).into());
        }
        let pos = self.positionen.iter().map(|p| p.pos).max().unwrap_or(0) + 1;
        let artikel = artikel(eingabe.artikel_id, ctx)?;
        belegposition::lager(eingabe.lager_id, ctx)?;
        preis_pruefen(&eingabe.preis, pos)?;
        let menge = Menge::positiv(eingabe.menge, STELLEN, "/menge")?;
        let einheit = eingabe.einheit.to_string();
        let basismenge = artikel.in_basis(menge, &einheit).map_err(fremd)?;
        let netto = wert(&artikel, menge, &einheit, &eingabe.preis)?;
        let einteilungen = einteilung::einteilen(menge, eingabe.termin, &eingabe.einteilungen)?;
        let toleranz_ueber = match eingabe.toleranz_ueber {
            Some(satz) => satz,
            None => toleranz(&artikel, |gruppe| gruppe.toleranz_ueber, ctx)?,
        };
        let toleranz_unter = match eingabe.toleranz_unter {
            Some(satz) => satz,
            None => toleranz(&artikel, |gruppe| gruppe.toleranz_unter, ctx)?,
        };
        Ok(BestellungEvent::PositionHinzugefuegt {
            position_id: belegposition::position_id(ctx),
            pos,
            position: Positionsdaten {
                artikel_id: eingabe.artikel_id,
                artikel_nr: artikel.artikel_nr.clone(),
                bezeichnung: artikel.bezeichnung.clone(),
                lager_id: eingabe.lager_id,
                menge,
                basismenge,
                netto,
                einheit,
                preis: eingabe.preis,
                schluessel: artikel.steuerschluessel_ek.clone(),
                termin: einteilung::termin(&einteilungen),
                einteilungen,
                toleranz_ueber,
                toleranz_unter,
                konto: eingabe.konto.map(|k| k.to_string()),
                kst: eingabe.kst.map(|k| k.to_string()),
            },
        })
    }

    pub(super) fn aendern(
        &self,
        position_id: Uuid,
        neu: Aenderung,
        ctx: &Context<'_>,
    ) -> Result<BestellungEvent, Refusal> {
        let position = self.position(position_id)?;
        if position.status == Positionsstatus::Storniert {
            return Err(Shared::status(position.status, &["offen", "teil_geliefert", "geliefert"]).into());
        }
        let menge = match neu.menge {
            Some(menge) => Menge::positiv(menge, STELLEN, "/menge")?,
            None => position.menge,
        };
        let preis = neu.preis.unwrap_or_else(|| position.preis());
        preis_pruefen(&preis, position.pos)?;
        // Less of an article that is locked meanwhile can be ordered, more cannot.
        let artikel = if menge > position.menge {
            artikel(position.artikel_id, ctx)?
        } else {
            belegposition::artikel(position.artikel_id, ctx)?
        };
        if menge < position.geliefert {
            let geliefert = position.geliefert;
            return Err(BestellungError::AenderungUnterGeliefert { geliefert }.into());
        }
        let einteilungen = einteilungen_danach(position, menge, neu.termin, &neu.einteilungen)?;
        let mut danach = position.clone();
        danach.menge = menge;
        danach.status = danach.nach_lieferung(danach.geliefert);
        let entfallen = danach.entfallen() - position.entfallen();
        Ok(BestellungEvent::PositionGeaendert {
            position_id,
            menge,
            basismenge: artikel.in_basis(menge, &position.einheit).map_err(fremd)?,
            netto: wert(&artikel, menge, &position.einheit, &preis)?,
            preis,
            termin: einteilung::termin(&einteilungen),
            einteilungen,
            entfallen: (!entfallen.is_null()).then_some(entfallen),
        })
    }

    /// Takes a position out of a draft; what the supplier knows of is cancelled instead.
    pub(super) fn entfernen(&self, position_id: Uuid) -> Result<BestellungEvent, Refusal> {
        let position = self.position(position_id)?;
        if !position.geliefert.is_null() {
            let geliefert = position.geliefert;
            return Err(BestellungError::AenderungUnterGeliefert { geliefert }.into());
        }
        if self.bestellt_am.is_some() {
            let text = "die Position ist schon bestellt; bitte ihren Rest stornieren";
            return Err(Shared::feld("/position_id", text).into());
        }
        Ok(BestellungEvent::PositionEntfernt { position_id })
    }

    /// What the supplier confirmed, position by position.
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
            let artikel = belegposition::artikel(position.artikel_id, ctx)?;
            let einteilungen = einteilung::bestaetigen(position, eingabe)?;
            bestaetigt.push(Bestaetigung {
                position_id: position.position_id,
                termin: einteilungen.iter().filter_map(|e| e.bestaetigt_termin).max(),
                menge: einteilungen.iter().filter_map(|e| e.bestaetigt_menge).sum(),
                netto: wert(&artikel, position.menge, &position.einheit, &preis)?,
                preis,
                einteilungen,
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

/// The parts after a change. They stay with what was promised of them if neither quantity nor day changes.
fn einteilungen_danach(
    position: &BestellPosition,
    menge: Menge,
    termin: Option<NaiveDate>,
    eingaben: &[EinteilungEingabe],
) -> Result<Vec<Liefereinteilung>, Refusal> {
    if eingaben.is_empty() && termin.is_none() {
        if menge == position.menge && !position.einteilungen.is_empty() {
            return Ok(position.einteilungen.clone());
        }
        if position.einteilungen.len() > 1 {
            let text = "die Position kommt in Teilen; bitte die Einteilungen der neuen Menge angeben";
            return Err(Shared::feld("/einteilungen", text).into());
        }
        return einteilung::einteilen(menge, position.termin, eingaben);
    }
    einteilung::einteilen(menge, termin, eingaben)
}
