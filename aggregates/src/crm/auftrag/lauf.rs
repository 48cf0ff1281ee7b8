//! The way of an Auftrag: begun, confirmed, locked, released, cancelled.

use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Auftrag, AuftragError, AuftragEvent, AuftragStatus, KREIS, Refusal,
    command::AuftragCommand,
    error::WEG_KREDIT,
    event::Stornoposition,
    position::basis,
    types::{
        AuftragHinweis, AuftragSperreArt, Bestandsposition, Freigabeposition, HinweisArt, Kreditfolge, Lieferadresse,
    },
};
use crate::{
    Aggregate, Context, Decision, Refused, Shared,
    crm::{
        Kunde,
        kunde::{KundeStatus, SperreArt},
    },
    types::{Betrag, Text},
    wawi::belegposition::{self, fremd},
};

/// Most open notes of an order.
const MAX_HINWEISE: usize = 200;

impl Auftrag {
    pub(super) fn anlegen(command: AuftragCommand, ctx: &Context<'_>) -> Decision<Self> {
        let AuftragCommand::Anlegen(eingabe) = command else {
            return Err(Shared::status(AuftragStatus::Neu, &["erfasst", "bestaetigt"]).into());
        };
        let kunde = kunde(eingabe.kunde_id, ctx)?;
        let auftragsdatum = belegposition::bis_heute(eingabe.auftragsdatum, "/auftragsdatum", ctx)?;
        if let Some(id) = eingabe.lieferadresse_id
            && kunde.lieferadresse(Some(id), ctx.heute()).is_none()
        {
            return Err(adresse_fehlt());
        }
        let kunden_bestellnr = eingabe.kunden_bestellnr.map(|nr| nr.to_string());
        let bestellnr_wiederholt = match &kunden_bestellnr {
            Some(nr) => {
                let schluessel = Self::bestellnr(eingabe.kunde_id, nr);
                ctx.holder(Self::KEY_BESTELLNR, &schluessel)?.is_some()
            }
            None => false,
        };
        if bestellnr_wiederholt && !eingabe.bestellnr_geprueft {
            let kunden_bestellnr = kunden_bestellnr.unwrap_or_default();
            return Err(AuftragError::BestellnrDoppelt { kunden_bestellnr }.into());
        }
        Ok(vec![AuftragEvent::Angelegt {
            auftrag_nr: ctx.draw(KREIS, auftragsdatum)?.text,
            art: eingabe.art.unwrap_or_default(),
            kunde_id: eingabe.kunde_id,
            kunden_nr: kunde.kunden_nr.clone(),
            kunde_name: kunde.name.clone(),
            auftragsdatum,
            lieferadresse_id: eingabe.lieferadresse_id,
            wunschtermin: eingabe.wunschtermin,
            kunden_bestellnr,
            bestellnr_wiederholt,
            zahlungsbedingung_id: kunde.konditionen.zahlungsbedingung_id,
            valuta_tage: kunde.konditionen.valuta_tage,
            lieferart: kunde.konditionen.lieferart,
            rechnungsart: kunde.konditionen.rechnungsart,
            waehrung: kunde.waehrung.clone(),
        }])
    }

    /// The customer, if he may order today.
    pub(super) fn kunde(&self, ctx: &Context<'_>) -> Result<Arc<Kunde>, Refusal> {
        kunde(self.kunde_id, ctx)
    }

    pub(super) fn bestaetigen(&self, am: Option<NaiveDate>, ctx: &Context<'_>) -> Decision<Self> {
        if self.positionen.iter().all(|p| p.offen().is_null()) {
            return Err(AuftragError::Leer {}.into());
        }
        let kunde = self.kunde(ctx)?;
        let adresse = kunde.lieferadresse(self.lieferadresse_id, ctx.heute());
        let adresse = adresse.ok_or_else(adresse_fehlt)?;
        self.artikel_pruefen(ctx)?;
        let bestaetigt_am = belegposition::bis_heute(am, "/am", ctx)?;
        let bestaetigt = Self {
            bestaetigt_am: Some(bestaetigt_am),
            ..self.clone()
        };
        let (netto, brutto) = bestaetigt.summe(super::AuftragPosition::gesamtwert, ctx)?;
        let mut events = vec![AuftragEvent::Bestaetigt {
            kunde_id: self.kunde_id,
            kunden_nr: self.kunden_nr.clone(),
            auftrag_nr: self.auftrag_nr.clone(),
            netto,
            brutto,
            lieferadresse_id: adresse.adresse_id,
            lieferadresse: Lieferadresse {
                strasse: adresse.strasse.clone(),
                plz: adresse.plz.clone(),
                ort: adresse.ort.clone(),
                land: adresse.land.clone(),
            },
            bestaetigt_am,
            positionen: self.bestand(),
        }];
        let bedarf = self.wirkung(Kreditfolge::Belegen(brutto));
        if brutto > Betrag::NULL {
            events.extend(self.kreditsperre(Some(&bedarf), ctx)?);
        }
        let danach = self.danach(&events);
        if danach.sperren.is_empty() {
            events.push(danach.freigabe(ctx)?);
        }
        Ok(events)
    }

    fn bestand(&self) -> Vec<Bestandsposition> {
        let offen = self.positionen.iter().filter(|p| !p.offen().is_null());
        offen
            .map(|p| Bestandsposition {
                position_id: p.position_id,
                pos: p.pos,
                artikel_id: p.artikel_id,
                artikel_nr: p.artikel_nr.clone(),
                menge: p.offen(),
                einheit: p.einheit.clone(),
                netto: p.anteil(p.offen()).unwrap_or(p.netto),
                termin: p.termin,
            })
            .collect()
    }

    /// The article gates of wawi 1 for all that is open.
    fn artikel_pruefen(&self, ctx: &Context<'_>) -> Result<(), Refusal> {
        for position in self.positionen.iter().filter(|p| !p.offen().is_null()) {
            let artikel = belegposition::artikel::<AuftragError>(position.artikel_id, ctx)?;
            artikel.verkauf_pruefen(ctx.heute()).map_err(fremd)?;
        }
        Ok(())
    }

    fn freigabe(&self, ctx: &Context<'_>) -> Result<AuftragEvent, Refusal> {
        self.artikel_pruefen(ctx)?;
        let mut positionen = Vec::with_capacity(self.positionen.len());
        for p in self.positionen.iter().filter(|p| !p.offen().is_null()) {
            positionen.push(Freigabeposition {
                position_id: p.position_id,
                artikel_id: p.artikel_id,
                lager_id: p.lager_id,
                menge: p.offen(),
                einheit: p.einheit.clone(),
                basismenge: basis(p, p.offen(), ctx)?,
                termin: p.termin,
                lagergefuehrt: p.lagergefuehrt,
            });
        }
        Ok(AuftragEvent::Freigegeben {
            kunde_id: self.kunde_id,
            auftrag_nr: self.auftrag_nr.clone(),
            lieferadresse: self.lieferadresse.clone(),
            lieferart: self.lieferart,
            versand_id: ctx.part_id(Self::TEIL_VERSAND),
            positionen,
        })
    }

    /// Refuses while a lock stands.
    pub(super) fn sperren_pruefen(&self) -> Result<(), AuftragError> {
        if self.sperren.is_empty() {
            return Ok(());
        }
        let sperren = self.sperren.iter().map(|s| s.art).collect();
        Err(AuftragError::Gesperrt { sperren })
    }

    pub(super) fn hat_sperre(&self, art: AuftragSperreArt) -> bool {
        self.sperren.iter().any(|s| s.art == art)
    }

    pub(super) fn freigeben(&self, ctx: &Context<'_>) -> Decision<Self> {
        self.sperren_pruefen()?;
        if self.freigegeben {
            return Err(Shared::status("freigegeben", &["bestaetigt"]).into());
        }
        Ok(vec![self.freigabe(ctx)?])
    }

    pub(super) fn sperre_setzen(&self, art: AuftragSperreArt, grund: &Text<500>, ctx: &Context<'_>) -> Decision<Self> {
        von_hand(art)?;
        if self.hat_sperre(art) {
            return Err(Shared::status("gesperrt", &["frei"]).into());
        }
        Ok(vec![AuftragEvent::SperreGesetzt {
            art,
            grund: grund.to_string(),
            seit: ctx.heute(),
        }])
    }

    pub(super) fn sperre_aufheben(
        &self,
        art: AuftragSperreArt,
        grund: &Text<500>,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        von_hand(art)?;
        if !self.hat_sperre(art) {
            return Err(Shared::status("frei", &["gesperrt"]).into());
        }
        let mut events = vec![AuftragEvent::SperreAufgehoben {
            art,
            grund: grund.to_string(),
        }];
        let danach = self.danach(&events);
        if danach.wartet_auf_freigabe() {
            events.push(danach.freigabe(ctx)?);
        }
        Ok(events)
    }

    /// The line has room again. It must not fail for reasons of the order: a locked article becomes a note.
    pub(super) fn kredit_freigeben(&self, ctx: &Context<'_>) -> Decision<Self> {
        if !self.hat_sperre(AuftragSperreArt::Kredit) {
            return Ok(Vec::new());
        }
        let mut events = vec![AuftragEvent::SperreAufgehoben {
            art: AuftragSperreArt::Kredit,
            grund: "das Kreditlimit reicht wieder".to_owned(),
        }];
        let danach = self.danach(&events);
        if danach.wartet_auf_freigabe() {
            match danach.freigabe(ctx) {
                Ok(freigegeben) => events.push(freigegeben),
                Err(Refused::Missing(fehlt)) => return Err(fehlt.into()),
                Err(grund) => events.push(hinweis(
                    (None, HinweisArt::ArtikelGesperrt),
                    format!("die Kreditsperre ist weg, freigegeben ist er nicht: {grund}"),
                    ctx,
                )),
            }
        }
        Ok(events)
    }

    fn wartet_auf_freigabe(&self) -> bool {
        self.status == AuftragStatus::Bestaetigt && self.sperren.is_empty() && !self.freigegeben
    }

    /// A note that stands already, or about what is not open any more, is not set again.
    pub(super) fn hinweis_setzen(
        &self,
        (position_id, art): (Option<Uuid>, HinweisArt),
        text: &Text<500>,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        if let Some(id) = position_id
            && self.position(id)?.offen().is_null()
        {
            return Ok(Vec::new());
        }
        let steht = |h: &AuftragHinweis| h.art == art && h.position_id == position_id;
        if self.hinweise.iter().any(steht) {
            return Ok(Vec::new());
        }
        if self.hinweise.len() >= MAX_HINWEISE {
            let text = format!("der Auftrag hat schon {MAX_HINWEISE} Hinweise; bitte erst welche erledigen");
            return Err(Shared::feld("/text", text).into());
        }
        Ok(vec![hinweis((position_id, art), text.to_string(), ctx)])
    }

    pub(super) fn stornieren(&self, grund: &Text<500>, ctx: &Context<'_>) -> Decision<Self> {
        if self.positionen.iter().any(|p| !p.geliefert.is_null()) {
            return Err(AuftragError::BereitsGeliefert {}.into());
        }
        let bestaetigt = self.status == AuftragStatus::Bestaetigt;
        let offen = self.positionen.iter().filter(|p| bestaetigt && !p.offen().is_null());
        let positionen: Vec<Stornoposition> = offen
            .map(|p| Stornoposition {
                position_id: p.position_id,
                menge: p.offen(),
            })
            .collect();
        let mut mengen = Vec::new();
        for p in &positionen {
            let folge = self.mengenfolge(p.position_id, ctx)?;
            mengen.extend(folge.map(super::types::Mengenfolge::ohne));
        }
        Ok(vec![AuftragEvent::Storniert {
            grund: grund.to_string(),
            positionen,
            kredit: self.kredit_offen.then(|| self.wirkung(Kreditfolge::Erledigen)),
            mengen,
        }])
    }
}

fn hinweis((position_id, art): (Option<Uuid>, HinweisArt), text: String, ctx: &Context<'_>) -> AuftragEvent {
    AuftragEvent::HinweisGesetzt {
        hinweis: AuftragHinweis {
            hinweis_id: ctx.new_id("hinweis"),
            position_id,
            art,
            text,
            seit: ctx.heute(),
        },
    }
}

fn adresse_fehlt() -> Refusal {
    let text = "diese Lieferadresse hat der Kunde heute nicht; bitte beim Kunden anlegen oder eine andere wählen";
    Shared::feld("/lieferadresse_id", text).into()
}

/// The credit line alone sets and lifts its lock.
fn von_hand(art: AuftragSperreArt) -> Result<(), Shared> {
    match art {
        AuftragSperreArt::Kredit => {
            let text = format!("diese Sperre setzt und hebt nur die Kreditlinie auf; {WEG_KREDIT}");
            Err(Shared::feld("/art", text))
        }
        AuftragSperreArt::Preis | AuftragSperreArt::Nachweis | AuftragSperreArt::Manuell => Ok(()),
    }
}

fn kunde(kunde_id: Uuid, ctx: &Context<'_>) -> Result<Arc<Kunde>, Refusal> {
    let unbekannt = || Shared::feld("/kunde_id", "diesen Kunden gibt es nicht; bitte zuerst anlegen");
    let kunde = ctx.get::<Kunde>(kunde_id)?.ok_or_else(unbekannt)?;
    if kunde.status != KundeStatus::Aktiv || kunde.gesperrt(SperreArt::Auftrag, ctx.heute()) {
        let kunden_nr = kunde.kunden_nr.clone();
        return Err(AuftragError::KundeGesperrt { kunden_nr }.into());
    }
    Ok(kunde)
}
