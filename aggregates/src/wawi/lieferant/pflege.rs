//! Decisions of the Lieferant: entering, data, release, locks, what his Kreditor takes over.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    Dublette, FACT_BESTELLUNGEN, FACT_WARENEINGAENGE, Lieferant, LieferantAdresseArt, LieferantCommand, LieferantError,
    LieferantEvent, LieferantKondition, LieferantSperre, LieferantStatus, SperrBereich,
    command::{AnlegenEingabe, KonditionEingabe, StammdatenAendernEingabe},
};
use crate::{
    Context, Decision, Lookup, Refused, Shared, angaben,
    crm::Kunde,
    fibu::{
        Kreditor, Zahlungsbedingung,
        partner::{HAUSWAEHRUNG, PartnerStatus},
    },
    geschaeftspartner::{Adresse, Kontakt, platz_fuer, unbekannt},
    types::{Betrag, Dezimal, Text},
};

/// The Nummernkreis of suppliers.
const KREIS: &str = "LF";

impl Lieferant {
    pub(super) fn anlegen(command: LieferantCommand, ctx: &Context<'_>) -> Decision<Self> {
        let LieferantCommand::Anlegen(eingabe) = command else {
            return Err(Shared::status(LieferantStatus::Neu, &["angelegt", "freigegeben"]).into());
        };
        let AnlegenEingabe {
            name,
            matchcode,
            art,
            ust_status,
            ust_status_ab,
            ust_id,
            steuernummer,
            kunde_id,
            dublette_grund,
        } = eingabe;
        kunde_pruefen(kunde_id, ctx)?;
        let (ust_id, dublette) = ust_id_pruefen(ust_id, None, dublette_grund, ctx)?;
        Ok(vec![LieferantEvent::Angelegt {
            lieferant_nr: ctx.draw(KREIS, ctx.heute())?.text,
            name: name.to_string(),
            matchcode: matchcode.map(|m| m.to_string()),
            art,
            ust_status,
            ust_status_ab: ust_status_ab.unwrap_or(ctx.heute()),
            ust_id,
            steuernummer: steuernummer.map(|s| s.to_string()),
            kunde_id,
            dublette,
            waehrung: HAUSWAEHRUNG.to_owned(),
        }])
    }

    /// Commands on the data of a supplier that is not inactive.
    pub(super) fn pflegen(&self, command: LieferantCommand, ctx: &Context<'_>) -> Decision<Self> {
        let heute = ctx.heute();
        let event = match command {
            LieferantCommand::StammdatenAendern(eingabe) => return self.stammdaten_aendern(eingabe, ctx),
            LieferantCommand::AdresseSetzen { adresse_id, adresse } => {
                let bisher = adresse_id.map(|id| Adresse::finden(&self.adressen, id)).transpose()?;
                if bisher.is_none() {
                    platz_fuer(&self.adressen, "/adresse", "Adressen")?;
                }
                let adresse_id = adresse_id.unwrap_or_else(|| ctx.new_id("adresse"));
                let adresse = adresse.pruefen(adresse_id, heute)?;
                let endet = Adresse::endet(&self.adressen, &adresse, LieferantAdresseArt::Haupt, heute);
                if self.status != LieferantStatus::Angelegt && endet {
                    let felder = vec!["hauptadresse"];
                    return Err(LieferantError::Unvollstaendig { felder }.into());
                }
                LieferantEvent::AdresseGesetzt { adresse }
            }
            LieferantCommand::KontaktSetzen {
                kontakt_id,
                kontakt,
                aktiv,
            } => {
                let bisher = kontakt_id.map(|id| Kontakt::finden(&self.kontakte, id)).transpose()?;
                if bisher.is_none() {
                    platz_fuer(&self.kontakte, "/kontakt", "Kontakte")?;
                }
                let id = kontakt_id.unwrap_or_else(|| ctx.new_id("kontakt"));
                let mut kontakt = kontakt.pruefen(id, bisher)?;
                kontakt.aktiv = aktiv.unwrap_or(kontakt.aktiv);
                LieferantEvent::KontaktGesetzt { kontakt }
            }
            LieferantCommand::ZertifikatErfassen(eingabe) => {
                platz_fuer(&self.zertifikate, "/nummer", "Zertifikate")?;
                let zertifikat = eingabe.pruefen(ctx.new_id("zertifikat"))?;
                LieferantEvent::ZertifikatErfasst { zertifikat }
            }
            LieferantCommand::ZertifikatWiderrufen {
                zertifikat_id,
                ab,
                grund,
            } => {
                let zertifikat = self.zertifikate.iter().find(|z| z.nachweis_id == zertifikat_id);
                let zertifikat =
                    zertifikat.ok_or_else(|| unbekannt("/zertifikat_id", "das Zertifikat", zertifikat_id))?;
                if zertifikat.widerrufen_ab.is_some() {
                    return Err(Shared::status("widerrufen", &["erfasst"]).into());
                }
                LieferantEvent::ZertifikatWiderrufen {
                    zertifikat_id,
                    ab: ab.unwrap_or(heute),
                    grund: grund.to_string(),
                }
            }
            LieferantCommand::KonditionSetzen(eingabe) => {
                platz_fuer(&self.konditionen, "/gueltig_ab", "Konditionen")?;
                let kondition = kondition(eingabe, ctx)?;
                LieferantEvent::KonditionGesetzt { kondition }
            }
            LieferantCommand::Inaktivieren { grund } => {
                self.abgeschlossen(ctx)?;
                LieferantEvent::Inaktiviert {
                    grund: grund.map(|g| g.to_string()),
                }
            }
            LieferantCommand::StammdatenUebergeben { ust_id } => return self.uebergeben(ust_id, ctx),
            LieferantCommand::Anlegen(_)
            | LieferantCommand::Freigeben {}
            | LieferantCommand::Sperren { .. }
            | LieferantCommand::Entsperren { .. } => return Err(Shared::status(self.status, &[]).into()),
        };
        Ok(vec![event])
    }

    fn stammdaten_aendern(&self, eingabe: StammdatenAendernEingabe, ctx: &Context<'_>) -> Decision<Self> {
        kunde_pruefen(eingabe.kunde_id, ctx)?;
        let bisher = self.ust_id.as_deref();
        let (ust_id, dublette) = ust_id_pruefen(eingabe.ust_id, bisher, eingabe.dublette_grund, ctx)?;
        Ok(vec![LieferantEvent::StammdatenGeaendert {
            name: eingabe.name.map(|n| n.to_string()),
            matchcode: eingabe.matchcode.map(|m| m.to_string()),
            art: eingabe.art,
            ust_id,
            steuernummer: eingabe.steuernummer.map(|s| s.to_string()),
            kunde_id: eingabe.kunde_id,
            dublette,
        }])
    }

    pub(super) fn freigeben(&self, ctx: &Context<'_>) -> Decision<Self> {
        let heute = ctx.heute();
        let (Some(adresse), Some(kondition)) = (self.hauptadresse(heute), self.kondition(heute)) else {
            let fehlt = [
                ("hauptadresse", self.hauptadresse(heute).is_none()),
                ("kondition", self.kondition(heute).is_none()),
            ];
            let felder = fehlt.into_iter().filter(|(_, fehlt)| *fehlt).map(|(feld, _)| feld);
            let felder = felder.collect();
            return Err(LieferantError::Unvollstaendig { felder }.into());
        };
        Ok(vec![LieferantEvent::Freigegeben {
            kreditor_id: ctx.new_id("kreditor"),
            lieferant_nr: self.lieferant_nr.clone(),
            name: self.name.clone(),
            anschrift: adresse.anschrift(),
            zahlungsbedingung_id: kondition.zahlungsbedingung_id,
            ust_art: self.ust_status,
            ust_status_ab: self.ust_status_ab.unwrap_or(heute),
            ust_id: self.ust_id.clone(),
            waehrung: self.waehrung.clone(),
        }])
    }

    /// The Kreditor with his stream, once released and while he is not closed.
    fn kreditor(&self, ctx: &Context<'_>) -> Result<Option<(Uuid, Arc<Kreditor>)>, Lookup> {
        let Some(id) = self.kreditor_id else { return Ok(None) };
        let kreditor = ctx.get::<Kreditor>(id)?;
        let offen = kreditor.filter(|k| k.konto.status != PartnerStatus::Geschlossen);
        Ok(offen.map(|kreditor| (id, kreditor)))
    }

    pub(super) fn sperren(&self, bereich: SperrBereich, grund: &str, ctx: &Context<'_>) -> Decision<Self> {
        let kreditor = self.kreditor(ctx)?.filter(|_| bereich.zahlung());
        Ok(vec![LieferantEvent::Gesperrt {
            sperre: LieferantSperre {
                art: bereich,
                grund: grund.to_owned(),
                von: ctx.heute(),
                bis: None,
            },
            kreditor_id: kreditor.map(|(id, _)| id),
        }])
    }

    /// One lock stands at a time: gesamt covers both.
    pub(super) fn entsperren(&self, grund: Option<Text<500>>, ctx: &Context<'_>) -> Decision<Self> {
        let Some(sperre) = self.sperren.first() else {
            return Err(Shared::status("ohne_sperre", &["gesperrt"]).into());
        };
        let kreditor = self
            .kreditor(ctx)?
            .filter(|(_, k)| sperre.art.zahlung() && k.zahlsperre);
        Ok(vec![LieferantEvent::Entsperrt {
            bereich: sperre.art,
            grund: grund.map(|g| g.to_string()),
            kreditor_id: kreditor.map(|(id, _)| id),
        }])
    }

    /// Refuses while business is open: orders, receipts that are not invoiced, balance of the Kreditor.
    fn abgeschlossen(&self, ctx: &Context<'_>) -> Result<(), Refused<LieferantError>> {
        let saldo = match self.kreditor(ctx)? {
            Some((_, kreditor)) => kreditor.konto.saldo(ctx)?,
            None => Betrag::NULL,
        };
        let key = ctx.id.to_string();
        let bestellungen = ctx.anzahl(FACT_BESTELLUNGEN, &key)?;
        let wareneingaenge = ctx.anzahl(FACT_WARENEINGAENGE, &key)?;
        if saldo.is_null() && bestellungen == 0 && wareneingaenge == 0 {
            return Ok(());
        }
        Err(LieferantError::OffeneVorgaenge {
            saldo,
            bestellungen,
            wareneingaenge,
        }
        .into())
    }

    /// What differs at the Kreditor today. The VAT id only after it changed here: its dated status is the Kreditor's.
    fn uebergeben(&self, mit_ust_id: bool, ctx: &Context<'_>) -> Decision<Self> {
        let heute = ctx.heute();
        let Some((kreditor_id, kreditor)) = self.kreditor(ctx)? else {
            return Ok(Vec::new());
        };
        let abweichend = kreditor.konto.abweichend(
            &self.name,
            self.hauptadresse(heute).map(Adresse::anschrift),
            self.ust_id.as_deref().filter(|_| mit_ust_id),
            self.kondition(heute).map(|k| k.zahlungsbedingung_id),
            heute,
        );
        let event = abweichend.map(|neu| LieferantEvent::StammdatenUebergeben {
            kreditor_id,
            name: neu.name.map(|n| n.to_string()),
            anschrift: neu.anschrift,
            ust_id: neu.ust_id.map(|id| id.to_string()),
            zahlungsbedingung_id: neu.zahlungsbedingung_id,
        });
        Ok(event.into_iter().collect())
    }

    /// Folds a VAT id in; a new one decides anew who else has it.
    pub(super) fn ust_id_setzen(&mut self, ust_id: Option<String>, dublette: Option<Dublette>) {
        if let Some(ust_id) = ust_id {
            self.ust_id = Some(ust_id);
            (self.dublette_von, self.dublette_grund) = dublette.map(|d| (d.lieferant_id, d.grund)).unzip();
        }
    }
}

/// A VAT id that no other supplier has, or one that is shared for a reason. `None` if it is the present one.
fn ust_id_pruefen(
    ust_id: Option<Text<20>>,
    bisher: Option<&str>,
    grund: Option<Text<500>>,
    ctx: &Context<'_>,
) -> Result<(Option<String>, Option<Dublette>), Refused<LieferantError>> {
    let ust_id = ust_id.map(|id| angaben::ust_id(&id, "/ust_id")).transpose()?;
    let Some(ust_id) = ust_id.filter(|id| Some(id.as_str()) != bisher) else {
        return Ok((None, None));
    };
    let halter = ctx.holder(Lieferant::KEY_UST_ID, &ust_id)?.filter(|id| *id != ctx.id);
    match (halter, grund) {
        (None, _) => Ok((Some(ust_id), None)),
        (Some(id), None) => Err(LieferantError::Dublette { id }.into()),
        (Some(lieferant_id), Some(grund)) => {
            let grund = grund.to_string();
            Ok((Some(ust_id), Some(Dublette { lieferant_id, grund })))
        }
    }
}

fn kunde_pruefen(kunde_id: Option<Uuid>, ctx: &Context<'_>) -> Result<(), Refused<LieferantError>> {
    match kunde_id {
        Some(id) if ctx.get::<Kunde>(id)?.is_none() => {
            let meldung = format!("den Kunden {id} gibt es nicht; zuerst anlegen");
            Err(Shared::feld("/kunde_id", meldung).into())
        }
        _ => Ok(()),
    }
}

fn kondition(eingabe: KonditionEingabe, ctx: &Context<'_>) -> Result<LieferantKondition, Refused<LieferantError>> {
    Zahlungsbedingung::pruefen(Some(eingabe.zahlungsbedingung_id), "/zahlungsbedingung_id", ctx)?;
    let betrag = |wert: Option<Dezimal>, feld: &str| {
        let exakt = |wert| Betrag::exact(wert).filter(|b| *b >= Betrag::NULL);
        let meldung = "erwartet wird ein Betrag in EUR ab 0 mit höchstens zwei Nachkommastellen";
        wert.map(|wert| exakt(wert).ok_or_else(|| Shared::feld(feld, meldung)))
            .transpose()
    };
    Ok(LieferantKondition {
        gueltig_ab: eingabe.gueltig_ab.unwrap_or(ctx.heute()),
        zahlungsbedingung_id: eingabe.zahlungsbedingung_id,
        mindestbestellwert: betrag(eingabe.mindestbestellwert, "/mindestbestellwert")?,
        frachtfrei_ab: betrag(eingabe.frachtfrei_ab, "/frachtfrei_ab")?,
    })
}
