//! Decisions on positions of an Auftrag: what is sold, at which price, and less or more of it later.

use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Auftrag, AuftragError, AuftragEvent, AuftragPosition, AuftragStatus, Refusal,
    command::PositionEingabe,
    event::{NeuerPreis, Zusatzlieferung},
    types::{Mengenfolge, Positionsdaten},
};
use crate::{
    Aggregate, Context, Decision, Shared,
    crm::{
        Kunde,
        preisfindung::{self, Anfrage, PreisSchritt, Preisquelle},
    },
    fibu::{
        Debitor,
        steuerfall::{Verkaufsfall, ist_ware},
    },
    types::{Dezimal, Menge, Preis, Text},
    wawi::{
        Artikel,
        belegposition::{self, STELLEN, fremd, wert},
    },
};

/// Most positions of an order.
const MAX_POSITIONEN: usize = 1_000;

/// What a price is wanted for.
struct Gesucht<'a> {
    artikel_id: Uuid,
    artikel: &'a Artikel,
    menge: Menge,
    einheit: &'a str,
    lager_id: Uuid,
}

impl Auftrag {
    fn finden(
        kunde: &Kunde,
        gesucht: &Gesucht<'_>,
        (am, manuell): (NaiveDate, Option<Preis>),
        ctx: &Context<'_>,
    ) -> Result<PreisSchritt, Refusal> {
        if let Some(preis) = &manuell {
            belegposition::preis_pruefen(preis)?;
        }
        let anfrage = Anfrage {
            kunde,
            artikel_id: gesucht.artikel_id,
            artikel: gesucht.artikel,
            menge: gesucht.menge,
            einheit: gesucht.einheit,
            am,
            lager_id: gesucht.lager_id,
            manuell,
        };
        let kein = || AuftragError::KeinPreis {
            artikel_nr: gesucht.artikel.artikel_nr.clone(),
        };
        Ok(preisfindung::preis(anfrage, ctx)?.ok_or_else(kein)?)
    }

    pub(super) fn hinzufuegen(&self, eingabe: PositionEingabe, ctx: &Context<'_>) -> Decision<Self> {
        if self.positionen.len() >= MAX_POSITIONEN {
            let text = format!("ein Auftrag hat höchstens {MAX_POSITIONEN} Positionen; bitte einen weiteren anlegen");
            return Err(Shared::feld("/artikel_id", text).into());
        }
        let artikel = belegposition::artikel(eingabe.artikel_id, ctx)?;
        artikel.verkauf_pruefen(ctx.heute()).map_err(fremd)?;
        belegposition::lager(eingabe.lager_id, ctx)?;
        let menge = Menge::positiv(eingabe.menge, STELLEN, "/menge")?;
        let einheit = eingabe.einheit.to_string();
        let basismenge = artikel.in_basis(menge, &einheit).map_err(fremd)?;
        let gesucht = Gesucht {
            artikel_id: eingabe.artikel_id,
            artikel: &artikel,
            menge,
            einheit: &einheit,
            lager_id: eingabe.lager_id,
        };
        let kunde = self.kunde(ctx)?;
        let preisdatum = eingabe.preisdatum.unwrap_or(ctx.heute());
        let schritt = Self::finden(&kunde, &gesucht, (preisdatum, eingabe.manueller_preis), ctx)?;
        let pos = self.positionen.iter().map(|p| p.pos).max().unwrap_or(0) + 1;
        Ok(vec![AuftragEvent::PositionHinzugefuegt {
            position_id: belegposition::position_id(ctx),
            pos,
            position: Positionsdaten {
                artikel_id: eingabe.artikel_id,
                artikel_nr: artikel.artikel_nr.clone(),
                bezeichnung: artikel.bezeichnung.clone(),
                lagergefuehrt: artikel.lagergefuehrt(),
                lager_id: eingabe.lager_id,
                menge,
                basismenge,
                netto: wert(&artikel, menge, &einheit, &schritt.preis)?,
                einheit,
                preis: schritt.preis.clone(),
                schluessel: self.steuerschluessel(&artikel, &kunde, ctx)?,
                termin: eingabe.termin.or(self.wunschtermin),
                toleranz_plus: artikel.toleranz(),
                toleranz_minus: artikel.toleranz(),
                herleitung: vec![schritt],
            },
        }])
    }

    /// The key that the customer's tax status of today decides, for where the goods go; else that of the article.
    fn steuerschluessel(&self, artikel: &Artikel, kunde: &Kunde, ctx: &Context<'_>) -> Result<String, Refusal> {
        let debitor = ctx.find::<Debitor>(Debitor::KEY_NR, &self.kunden_nr)?;
        let adresse = kunde.lieferadresse(self.lieferadresse_id, ctx.heute());
        let (Some((_, debitor)), Some(adresse)) = (debitor, adresse) else {
            return Ok(artikel.steuerschluessel.clone());
        };
        let fall = Verkaufsfall {
            status: debitor.konto.ust_status_am(ctx.heute()),
            verbraucher: debitor.verbraucher,
            land: &adresse.land,
            ware: ist_ware(artikel),
        };
        let schluessel = fall.schluessel().unwrap_or(&artikel.steuerschluessel);
        Ok(schluessel.to_owned())
    }

    pub(super) fn aendern(
        &self,
        position_id: Uuid,
        (menge, termin, manuell): (Option<Dezimal>, Option<NaiveDate>, Option<Preis>),
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let position = self.position(position_id)?;
        let bestaetigt = self.status == AuftragStatus::Bestaetigt;
        if manuell.is_some() && bestaetigt {
            return Err(Shared::status(self.status, &["erfasst"]).into());
        }
        let artikel = belegposition::artikel(position.artikel_id, ctx)?;
        let menge = match menge {
            Some(menge) => Menge::positiv(menge, STELLEN, "/menge")?,
            None => position.menge,
        };
        let vergeben = position.storniert + position.verfallen;
        if menge < position.geliefert + vergeben {
            let geliefert = position.geliefert;
            return Err(AuftragError::MengeUnterGeliefert { geliefert }.into());
        }
        if menge > position.menge {
            artikel.verkauf_pruefen(ctx.heute()).map_err(fremd)?;
        }
        let mut herleitung = Vec::new();
        let mut preis = position.preis.preis();
        if let Some(manuell) = manuell {
            belegposition::preis_pruefen(&manuell)?;
            preis = manuell.clone();
            herleitung.push(PreisSchritt {
                quelle: Preisquelle::Manuell,
                quelle_id: None,
                ab_menge: None,
                preis: manuell,
            });
        }
        let netto = position.netto_neu(menge, wert(&artikel, menge, &position.einheit, &preis)?);
        let mut event = AuftragEvent::PositionGeaendert {
            position_id,
            menge,
            basismenge: artikel.in_basis(menge, &position.einheit).map_err(fremd)?,
            preis,
            netto,
            termin: termin.or(position.termin),
            herleitung,
            mehr_menge: menge - position.menge,
            mehr_netto: netto - position.netto,
            bestaetigt,
            kredit: None,
            mengen: None,
            zusatz: None,
        };
        let danach = self.danach(std::slice::from_ref(&event));
        let wirkung = danach.kreditwirkung(ctx)?;
        let mut sperre = None;
        if let AuftragEvent::PositionGeaendert {
            kredit, mengen, zusatz, ..
        } = &mut event
        {
            sperre = self.kreditsperre(wirkung.as_ref(), ctx)?;
            *kredit = wirkung;
            *mengen = danach.mengenfolge(position_id, ctx)?;
            let mehr = menge - position.menge;
            if self.freigegeben && mehr > Menge::NULL {
                *zusatz = Some(Zusatzlieferung {
                    versand_id: ctx.new_id("versand"),
                    menge: mehr,
                });
            }
        }
        let mut events: Vec<AuftragEvent> = [event].into_iter().chain(sperre).collect();
        events.extend(self.danach(&events).abschluss());
        Ok(events)
    }

    pub(super) fn stornieren_position(
        &self,
        position_id: Uuid,
        menge: Option<Dezimal>,
        grund: &Text<500>,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let offen = self.offen(position_id)?;
        let menge = match menge {
            Some(menge) => Menge::positiv(menge, STELLEN, "/menge")?,
            None => offen,
        };
        if menge > offen {
            let text = format!("offen sind noch {offen}; mehr lässt sich nicht stornieren");
            return Err(Shared::feld("/menge", text).into());
        }
        let mut event = AuftragEvent::PositionStorniert {
            position_id,
            menge,
            grund: grund.to_string(),
            bestaetigt: self.status == AuftragStatus::Bestaetigt,
            kredit: None,
            mengen: None,
        };
        let danach = self.danach(std::slice::from_ref(&event));
        let (wirkung, folge) = (danach.kreditwirkung(ctx)?, danach.mengenfolge(position_id, ctx)?);
        if let AuftragEvent::PositionStorniert { kredit, mengen, .. } = &mut event {
            *kredit = wirkung;
            *mengen = folge;
        }
        Ok(self.mit_abschluss(vec![event]))
    }

    pub(super) fn preise(&self, preisdatum: Option<NaiveDate>, ctx: &Context<'_>) -> Decision<Self> {
        let preisdatum = preisdatum.unwrap_or(ctx.heute());
        let kunde = self.kunde(ctx)?;
        let mut positionen = Vec::new();
        for position in self
            .positionen
            .iter()
            .filter(|p| p.preis_quelle != Preisquelle::Manuell)
        {
            let artikel: Arc<Artikel> = belegposition::artikel(position.artikel_id, ctx)?;
            let gesucht = Gesucht {
                artikel_id: position.artikel_id,
                artikel: &artikel,
                menge: position.menge,
                einheit: &position.einheit,
                lager_id: position.lager_id,
            };
            let schritt = Self::finden(&kunde, &gesucht, (preisdatum, None), ctx)?;
            if schritt.preis != position.preis.preis() || schritt.quelle != position.preis_quelle {
                positionen.push(NeuerPreis {
                    position_id: position.position_id,
                    netto: wert(&artikel, position.menge, &position.einheit, &schritt.preis)?,
                    herleitung: vec![schritt],
                });
            }
        }
        Ok(vec![AuftragEvent::PreiseErmittelt { preisdatum, positionen }])
    }

    /// What stock and deliveries must be told about a position of a released order.
    pub(super) fn mengenfolge(&self, position_id: Uuid, ctx: &Context<'_>) -> Result<Option<Mengenfolge>, Refusal> {
        let position = self.position(position_id)?;
        let Some(versand_id) = position.versand_id.filter(|_| self.freigegeben) else {
            return Ok(None);
        };
        let offen = position.offen();
        Ok(Some(Mengenfolge {
            position_id,
            artikel_id: position.artikel_id,
            lager_id: position.lager_id,
            lagergefuehrt: position.lagergefuehrt,
            offen,
            offen_basis: basis(position, offen, ctx)?,
            versand_id,
        }))
    }

    /// A position by its id.
    pub(super) fn position(&self, position_id: Uuid) -> Result<&AuftragPosition, Shared> {
        let gesucht = self.positionen.iter().find(|p| p.position_id == position_id);
        gesucht.ok_or_else(|| Shared::feld("/position_id", "diese Position hat der Auftrag nicht"))
    }

    /// What is open of a position; refused if nothing is.
    pub(super) fn offen(&self, position_id: Uuid) -> Result<Menge, Shared> {
        let position = self.position(position_id)?;
        let offen = position.offen();
        if offen.is_null() {
            return Err(Shared::status(position.status, &["offen", "teil_geliefert"]));
        }
        Ok(offen)
    }
}

/// A quantity of a position in the Basiseinheit.
pub(super) fn basis(position: &AuftragPosition, menge: Menge, ctx: &Context<'_>) -> Result<Menge, Refusal> {
    if menge == position.menge {
        return Ok(position.basismenge);
    }
    let artikel = belegposition::artikel(position.artikel_id, ctx)?;
    artikel.in_basis(menge, &position.einheit).map_err(fremd)
}
