//! What happens to a Kunde that exists: data, locks, merging, what his Debitor takes over.

use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Kunde, KundeCommand, KundeError, KundeEvent, KundeStatus, KundenAdresse, KundenAdresseArt, KundenArt, KundenSperre,
    SperreArt,
    command::{KonditionenEingabe, StammdatenAendernEingabe},
};
use crate::{
    Context, Decision, Lookup, Refused, Shared, angaben,
    crm::Kreditlinie,
    fibu::{
        Debitor, Zahlungsbedingung,
        partner::{self, PartnerStatus},
        zahlungsbedingung::VALUTA_TAGE_MAX,
    },
    geschaeftspartner::{self, Adresse, Kontakt, platz_fuer},
    types::{Betrag, Text},
    wawi::Preisliste,
};

/// A chain of merged customers is followed this far; each customer is merged once, so it ends anyway.
const KETTE_MAX: usize = 1000;

/// Refuses a consumer that is a company or an authority.
pub(super) fn verbraucher_pruefen(verbraucher: bool, art: KundenArt) -> Result<(), Shared> {
    if verbraucher && art != KundenArt::Person {
        let meldung = "Verbraucher kann nur eine Person sein; die Kundenart „person“ wählen";
        return Err(Shared::feld("/kunden_art", meldung));
    }
    Ok(())
}

impl Kunde {
    /// Commands on the data of a draft or an active customer.
    pub(super) fn pflegen(&self, command: KundeCommand, ctx: &Context<'_>) -> Decision<Self> {
        let heute = ctx.heute();
        let event = match command {
            KundeCommand::StammdatenAendern(eingabe) => return self.stammdaten_aendern(eingabe),
            KundeCommand::AdresseHinzufuegen { adresse } => {
                platz_fuer(&self.adressen, "/adresse", "Adressen")?;
                let adresse = adresse.pruefen(ctx.new_id("adresse"), heute)?;
                KundeEvent::AdresseHinzugefuegt { adresse }
            }
            KundeCommand::AdresseAendern { adresse_id, adresse } => {
                Adresse::finden(&self.adressen, adresse_id)?;
                let adresse = adresse.pruefen(adresse_id, heute)?;
                self.rechnungsadresse_bleibt(&adresse, heute)?;
                KundeEvent::AdresseGeaendert { adresse }
            }
            KundeCommand::AdresseSchliessen { adresse_id, bis } => {
                let mut adresse = Adresse::finden(&self.adressen, adresse_id)?.clone();
                geschaeftspartner::zeitraum(adresse.gueltig_von, Some(bis), "/bis")?;
                adresse.gueltig_bis = Some(bis);
                self.rechnungsadresse_bleibt(&adresse, heute)?;
                KundeEvent::AdresseGeschlossen { adresse }
            }
            KundeCommand::KontaktHinzufuegen { kontakt } => {
                platz_fuer(&self.kontakte, "/kontakt", "Kontakte")?;
                let kontakt = kontakt.pruefen(ctx.new_id("kontakt"), None)?;
                KundeEvent::KontaktHinzugefuegt { kontakt }
            }
            KundeCommand::KontaktAendern { kontakt_id, kontakt } => {
                let bisher = Kontakt::finden(&self.kontakte, kontakt_id)?;
                let kontakt = kontakt.pruefen(kontakt_id, Some(bisher))?;
                KundeEvent::KontaktGeaendert { kontakt }
            }
            KundeCommand::KontaktDeaktivieren { kontakt_id } => {
                if !Kontakt::finden(&self.kontakte, kontakt_id)?.aktiv {
                    return Err(Shared::status("inaktiv", &["aktiv"]).into());
                }
                KundeEvent::KontaktDeaktiviert { kontakt_id }
            }
            KundeCommand::HauptkontaktSetzen { kontakt_id } => {
                if !Kontakt::finden(&self.kontakte, kontakt_id)?.aktiv {
                    return Err(KundeError::HauptkontaktInaktiv { kontakt_id }.into());
                }
                KundeEvent::HauptkontaktGesetzt { kontakt_id }
            }
            KundeCommand::KonditionenSetzen(eingabe) => self.konditionen_setzen(eingabe, ctx)?,
            KundeCommand::NachweisErfassen(eingabe) => {
                platz_fuer(&self.nachweise, "/nummer", "Nachweise")?;
                let nachweis = eingabe.pruefen(ctx.new_id("nachweis"))?;
                KundeEvent::NachweisErfasst { nachweis }
            }
            _ => return Err(Shared::status(self.status, &[]).into()),
        };
        Ok(vec![event])
    }

    fn stammdaten_aendern(&self, eingabe: StammdatenAendernEingabe) -> Decision<Self> {
        verbraucher_pruefen(self.verbraucher, eingabe.kunden_art.unwrap_or(self.kunden_art))?;
        Ok(vec![KundeEvent::StammdatenGeaendert {
            kunden_art: eingabe.kunden_art,
            name: eingabe.name.map(|n| n.to_string()),
            ust_id: eingabe.ust_id.map(|id| angaben::ust_id(&id, "/ust_id")).transpose()?,
        }])
    }

    /// An active customer keeps an invoice address for today: invoices of today would have none.
    fn rechnungsadresse_bleibt(&self, neu: &KundenAdresse, heute: NaiveDate) -> Result<(), KundeError> {
        let endet = Adresse::endet(&self.adressen, neu, KundenAdresseArt::Rechnung, heute);
        if self.status == KundeStatus::Aktiv && endet {
            return Err(KundeError::RechnungsadresseFehlt { anzahl: 0 });
        }
        Ok(())
    }

    /// The Debitor with his stream, once released and while he is not closed.
    fn debitor(&self, ctx: &Context<'_>) -> Result<Option<(Uuid, Arc<Debitor>)>, Lookup> {
        let Some(id) = self.debitor_id else { return Ok(None) };
        let debitor = ctx.get::<Debitor>(id)?;
        let offen = debitor.filter(|d| d.konto.status != PartnerStatus::Geschlossen);
        Ok(offen.map(|debitor| (id, debitor)))
    }

    /// The Debitor that a change of the lock faktura must lock or unlock: one that is in the status before.
    fn debitor_im_status(
        &self,
        art: SperreArt,
        status: PartnerStatus,
        ctx: &Context<'_>,
    ) -> Result<Option<Uuid>, Lookup> {
        if art != SperreArt::Faktura {
            return Ok(None);
        }
        let debitor = self.debitor(ctx)?;
        Ok(debitor.filter(|(_, d)| d.konto.status == status).map(|(id, _)| id))
    }

    pub(super) fn sperre_setzen(
        &self,
        art: SperreArt,
        grund: &str,
        bis: Option<NaiveDate>,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        if self.sperren.iter().any(|s| s.art == art) {
            return Err(KundeError::SperreDoppelt { art }.into());
        }
        partner::sperre_bis(bis, ctx.heute())?;
        Ok(vec![KundeEvent::SperreGesetzt {
            sperre: KundenSperre {
                art,
                grund: grund.to_owned(),
                von: ctx.heute(),
                bis,
            },
            debitor_id: self.debitor_im_status(art, PartnerStatus::Aktiv, ctx)?,
        }])
    }

    pub(super) fn sperre_aufheben(&self, art: SperreArt, grund: &str, ctx: &Context<'_>) -> Decision<Self> {
        if !self.sperren.iter().any(|s| s.art == art) {
            return Err(Shared::status("ohne_sperre", &["gesperrt"]).into());
        }
        Ok(vec![KundeEvent::SperreAufgehoben {
            art,
            grund: grund.to_owned(),
            debitor_id: self.debitor_im_status(art, PartnerStatus::Gesperrt, ctx)?,
        }])
    }

    /// The last day of a lock is over. One that was lifted or set anew meanwhile has its own end.
    pub(super) fn sperre_ablaufen(&self, art: SperreArt, bis: NaiveDate, ctx: &Context<'_>) -> Decision<Self> {
        let steht = self.sperren.iter().any(|s| s.art == art && s.bis == Some(bis));
        if !steht || ctx.heute() <= bis {
            return Ok(Vec::new());
        }
        self.sperre_aufheben(art, &format!("Frist {} abgelaufen", bis.format("%d.%m.%Y")), ctx)
    }

    /// Refuses while business is open: use of the Kreditlinie, waiting orders, balance of the Debitor.
    fn abgeschlossen(&self, ctx: &Context<'_>) -> Result<(), Refused<KundeError>> {
        let linie = ctx.get::<Kreditlinie>(Kreditlinie::stream_id(ctx.frame.mandant_id, ctx.id))?;
        let (obligo, vorgemerkt, belegt) = linie.map_or((Betrag::NULL, Betrag::NULL, false), |l| {
            (l.obligo(), l.vorgemerkt, !l.belegungen.is_empty())
        });
        let saldo = match self.debitor(ctx)? {
            Some((_, debitor)) => debitor.konto.saldo(ctx)?,
            None => Betrag::NULL,
        };
        if belegt || !saldo.is_null() {
            return Err(KundeError::OffeneVorgaenge {
                obligo,
                vorgemerkt,
                saldo,
            }
            .into());
        }
        Ok(())
    }

    pub(super) fn archivieren(&self, grund: Option<Text<500>>, ctx: &Context<'_>) -> Decision<Self> {
        self.abgeschlossen(ctx)?;
        Ok(vec![KundeEvent::Archiviert {
            grund: grund.map(|g| g.to_string()),
        }])
    }

    pub(super) fn zusammenfuehren(&self, ziel_id: Uuid, ctx: &Context<'_>) -> Decision<Self> {
        let mut naechster = Some(ziel_id);
        let mut ziel_status = None;
        for _ in 0..KETTE_MAX {
            let Some(id) = naechster else { break };
            if id == ctx.id {
                return Err(KundeError::ZyklischeZusammenfuehrung { ziel_id }.into());
            }
            let kunde = ctx.get::<Self>(id)?;
            let kunde = kunde.ok_or_else(|| geschaeftspartner::unbekannt("/ziel_id", "den Kunden", id))?;
            ziel_status = ziel_status.or(Some(kunde.status));
            naechster = kunde.zusammengefuehrt_in;
        }
        match ziel_status {
            Some(KundeStatus::Aktiv) => {}
            Some(ist) => return Err(KundeError::NichtAktiv { ist }.into()),
            None => return Err(geschaeftspartner::unbekannt("/ziel_id", "den Kunden", ziel_id).into()),
        }
        self.abgeschlossen(ctx)?;
        Ok(vec![KundeEvent::Zusammengefuehrt { ziel_id }])
    }

    /// The terms as a whole; those that do not change may be out of use meanwhile.
    fn konditionen_setzen(
        &self,
        eingabe: KonditionenEingabe,
        ctx: &Context<'_>,
    ) -> Result<KundeEvent, Refused<KundeError>> {
        if eingabe.valuta_tage.is_some_and(|tage| tage > VALUTA_TAGE_MAX) {
            let meldung = format!("höchstens {VALUTA_TAGE_MAX} Tage Valuta sind möglich");
            return Err(Shared::feld("/valuta_tage", meldung).into());
        }
        let andere = eingabe
            .zahlungsbedingung_id
            .filter(|id| self.konditionen.zahlungsbedingung_id != Some(*id));
        Zahlungsbedingung::pruefen(andere, "/zahlungsbedingung_id", ctx)?;
        if let Some(id) = eingabe.preisliste_id
            && ctx.get::<Preisliste>(id)?.is_none()
        {
            let text = "diese Preisliste gibt es nicht; eine angelegte angeben";
            return Err(Shared::feld("/preisliste_id", text).into());
        }
        Ok(KundeEvent::KonditionenGesetzt {
            zahlungsbedingung_id: eingabe.zahlungsbedingung_id,
            preisliste_id: eingabe.preisliste_id,
            lieferart: eingabe.lieferart.unwrap_or_default(),
            rechnungsart: eingabe.rechnungsart.unwrap_or_default(),
            valuta_tage: eingabe.valuta_tage,
        })
    }

    /// What differs at the Debitor today. The VAT id only after it changed here: its dated status is the Debitor's.
    pub(super) fn uebergeben(&self, mit_ust_id: bool, ctx: &Context<'_>) -> Decision<Self> {
        let Some((debitor_id, debitor)) = self.debitor(ctx)? else {
            return Ok(Vec::new());
        };
        let adresse = self.rechnungsadresse(ctx.heute()).map(Adresse::anschrift);
        let abweichend = debitor.konto.abweichend(
            &self.name,
            adresse,
            self.ust_id.as_deref().filter(|_| mit_ust_id),
            self.konditionen.zahlungsbedingung_id,
            ctx.heute(),
        );
        let event = abweichend.map(|neu| KundeEvent::StammdatenUebergeben {
            debitor_id,
            name: neu.name.map(|n| n.to_string()),
            anschrift: neu.anschrift,
            ust_id: neu.ust_id.map(|id| id.to_string()),
            zahlungsbedingung_id: neu.zahlungsbedingung_id,
        });
        Ok(event.into_iter().collect())
    }
}
