//! Moves: what comes in, goes out, changes its place. The first failing check wins, in the order of wawi 0.6: master
//! data, date, quantity, reservation, backdating.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    AbgangEingabe, Lagerbestand, LagerbestandError, LagerbestandEvent, Refusal, ZugangEingabe, tage,
    types::{Bewegung, Bewegungsart, Ort, Richtung, Verbrauch},
};
use crate::{
    Context, Decision, Refused, Shared,
    types::{BelegRef, Dezimal, Menge, Text},
    wawi::{Artikel, Lager},
};

/// The right to date back beyond the limit of days; who may reopen closed months has it.
const RECHT_ZURUECK: &str = "wawi.fibu";

/// When a move counts and when it happened, as given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Zeitangabe {
    pub buchungsdatum: Option<NaiveDate>,
    pub bewegt_um: Option<DateTime<Utc>>,
}

/// When a move counts and when it happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zeit {
    pub buchungsdatum: NaiveDate,
    pub bewegt_um: DateTime<Utc>,
}

/// A place as it stands in events.
fn ort(platz: Option<Text<20>>) -> Ort {
    Ort::platz(platz.map(|p| p.to_string()))
}

impl Lagerbestand {
    pub(super) fn zugang(&self, eingabe: ZugangEingabe, ctx: &Context<'_>) -> Decision<Self> {
        if !matches!(
            eingabe.bewegungsart,
            Bewegungsart::Wareneingang | Bewegungsart::Eroeffnung
        ) {
            let text = "ein Zugang ist wareneingang oder eroeffnung; eine Mehrmenge wird als solche gebucht";
            return Err(Shared::feld("/bewegungsart", text).into());
        }
        let artikel = ctx.get::<Artikel>(eingabe.artikel_id)?;
        let Some(artikel) = artikel.filter(|a| a.lagergefuehrt()) else {
            let text = "diesen Artikel gibt es nicht oder er wird nicht im Lager geführt; einen anderen wählen";
            return Err(Shared::feld("/artikel_id", text).into());
        };
        artikel.bestand_pruefen().map_err(|e| Refused::Domain(e).fremd())?;
        let mut neu = Self::default();
        let mut events = Vec::new();
        let bestand = if self.eroeffnet() {
            self
        } else {
            neu.artikel_id = eingabe.artikel_id;
            neu.lager_id = eingabe.lager_id;
            neu.einheit.clone_from(&artikel.basiseinheit);
            neu.stellen = artikel.stellen;
            events.push(LagerbestandEvent::Eroeffnet {
                artikel_id: eingabe.artikel_id,
                lager_id: eingabe.lager_id,
                einheit: artikel.basiseinheit.clone(),
                stellen: artikel.stellen,
            });
            &neu
        };
        let nach = ort(eingabe.platz);
        bestand.orte_pruefen(&[&nach], ctx)?;
        let angabe = Zeitangabe {
            buchungsdatum: eingabe.buchungsdatum,
            bewegt_um: eingabe.bewegt_um,
        };
        let zeit = bestand.zeit(angabe, ctx)?;
        let menge = bestand.menge(eingabe.menge)?;
        let mut bewegung = bestand.bewegung(eingabe.bewegungsart, menge, zeit, ctx);
        bewegung.nach = nach;
        bewegung.beleg = Some(eingabe.beleg);
        events.push(LagerbestandEvent::Zugegangen(bewegung));
        Ok(events)
    }

    pub(super) fn abgang(&self, eingabe: AbgangEingabe, ctx: &Context<'_>) -> Decision<Self> {
        if eingabe.bewegungsart.richtung() != Richtung::Abgang {
            let text = "ein Abgang ist warenausgang, eigenverbrauch, verschrottung oder schwund";
            return Err(Shared::feld("/bewegungsart", text).into());
        }
        if !self.eroeffnet() {
            return Err(LagerbestandError::Fehlt {
                verfuegbar: Menge::NULL,
            }
            .into());
        }
        let von = ort(eingabe.platz);
        self.orte_pruefen(&[&von], ctx)?;
        let angabe = Zeitangabe {
            buchungsdatum: eingabe.buchungsdatum,
            bewegt_um: eingabe.bewegt_um,
        };
        let zeit = self.zeit(angabe, ctx)?;
        let menge = self.menge(eingabe.menge)?;
        let mut bewegung = self.bewegung(eingabe.bewegungsart, menge, zeit, ctx);
        bewegung.von = von;
        bewegung.beleg = Some(eingabe.beleg);
        bewegung.reservierung = eingabe.reservierung_id.and_then(|id| {
            let reserviert = self.reservierung(id)?.menge;
            let verbraucht = reserviert.min(menge);
            Some(Verbrauch {
                id,
                menge: verbraucht,
                rest: reserviert - verbraucht,
            })
        });
        self.pruefen(&bewegung)?;
        Ok(vec![LagerbestandEvent::Abgegangen(bewegung)])
    }

    pub(super) fn umbuchen(
        &self,
        (von, nach): (Option<Text<20>>, Option<Text<20>>),
        menge: Dezimal,
        beleg: Option<BelegRef>,
        angabe: Zeitangabe,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        if von == nach {
            return Err(Shared::feld("/nach_platz", "die Ware liegt dort schon; einen anderen Platz wählen").into());
        }
        let (von, nach) = (ort(von), ort(nach));
        self.orte_pruefen(&[&von, &nach], ctx)?;
        let zeit = self.zeit(angabe, ctx)?;
        let menge = self.menge(menge)?;
        let mut bewegung = self.bewegung(Bewegungsart::Umbuchung, menge, zeit, ctx);
        bewegung.von = von;
        bewegung.nach = nach;
        bewegung.beleg = beleg;
        self.pruefen(&bewegung)?;
        Ok(vec![LagerbestandEvent::Umgebucht(bewegung)])
    }

    pub(super) fn leermelden(&self, platz: Option<Text<20>>, angabe: Zeitangabe, ctx: &Context<'_>) -> Decision<Self> {
        let von = ort(platz);
        self.orte_pruefen(&[&von], ctx)?;
        let zeit = self.zeit(angabe, ctx)?;
        let rest = self.auf_platz(von.im_lager().unwrap_or_default());
        if rest.is_null() {
            return Err(LagerbestandError::Fehlt { verfuegbar: rest }.into());
        }
        let mut bewegung = self.bewegung(Bewegungsart::Schwund, rest, zeit, ctx);
        bewegung.von = von;
        self.pruefen(&bewegung)?;
        Ok(vec![LagerbestandEvent::Leergemeldet(bewegung)])
    }

    pub(super) fn mehrmenge(
        &self,
        platz: Option<Text<20>>,
        menge: Dezimal,
        grund: &Text<500>,
        angabe: Zeitangabe,
        ctx: &Context<'_>,
    ) -> Decision<Self> {
        let nach = ort(platz);
        self.orte_pruefen(&[&nach], ctx)?;
        let zeit = self.zeit(angabe, ctx)?;
        let menge = self.menge(menge)?;
        let mut bewegung = self.bewegung(Bewegungsart::InventurPlus, menge, zeit, ctx);
        bewegung.nach = nach;
        bewegung.grund = Some(grund.to_string());
        Ok(vec![LagerbestandEvent::MehrmengeGebucht(bewegung)])
    }

    /// A move of a kind, both ends outside until the caller says where in the Lager.
    pub(super) fn bewegung(&self, art: Bewegungsart, menge: Menge, zeit: Zeit, ctx: &Context<'_>) -> Bewegung {
        Bewegung {
            // One unit of work may move several articles, and one article several times.
            bewegung_id: ctx.new_id(&format!("bewegung/{}/{}", ctx.id, ctx.version)),
            artikel_id: self.artikel_id,
            lager_id: self.lager_id,
            von: Ort::ausserhalb(art),
            nach: Ort::ausserhalb(art),
            menge,
            einheit: self.einheit.clone(),
            bewegungsart: art,
            beleg: None,
            buchungsdatum: zeit.buchungsdatum,
            bewegt_um: zeit.bewegt_um,
            reservierung: None,
            grund: None,
            storno_von: None,
        }
    }

    /// The Lager and its places are in use.
    pub(super) fn orte_pruefen(&self, orte: &[&Ort], ctx: &Context<'_>) -> Result<(), Refusal> {
        let Some(lager) = ctx.get::<Lager>(self.lager_id)? else {
            return Err(Shared::feld("/lager_id", "dieses Lager gibt es nicht; ein anderes wählen").into());
        };
        for ort in orte.iter().filter(|ort| ort.im_lager().is_some()) {
            lager
                .platz_pruefen(ort.platz.as_deref())
                .map_err(|e| Refused::Domain(e).fremd())?;
        }
        Ok(())
    }

    /// The times of a move: now if absent, never in the future, not dated back further than the limit and never further
    /// than the day balances reach.
    pub(super) fn zeit(&self, angabe: Zeitangabe, ctx: &Context<'_>) -> Result<Zeit, Refusal> {
        let zeit = Zeit {
            buchungsdatum: angabe.buchungsdatum.unwrap_or_else(|| ctx.heute()),
            bewegt_um: angabe.bewegt_um.unwrap_or(ctx.frame.jetzt),
        };
        let zukunft = |feld: &str| Shared::DatumZukunft {
            feld: feld.to_owned(),
            spaetestens: ctx.heute(),
        };
        if zeit.buchungsdatum > ctx.heute() {
            return Err(zukunft("/buchungsdatum").into());
        }
        if zeit.bewegt_um > ctx.frame.jetzt {
            return Err(zukunft("/bewegt_um").into());
        }
        let bekannt = self.tagessalden.last().map(|t| tage::fruehestens(t.tag));
        let erlaubt = (!ctx.darf(RECHT_ZURUECK)).then(|| tage::fruehestens(ctx.heute()));
        match bekannt.into_iter().chain(erlaubt).max() {
            Some(fruehestens) if zeit.buchungsdatum < fruehestens => {
                Err(LagerbestandError::RueckdatierungZuWeit { fruehestens }.into())
            }
            _ => Ok(zeit),
        }
    }

    /// A quantity of the article.
    fn menge(&self, menge: Dezimal) -> Result<Menge, Shared> {
        Menge::positiv(menge, self.stellen.into(), "/menge")
    }

    /// Quantity, reservations and backdating of a move.
    pub(super) fn pruefen(&self, bewegung: &Bewegung) -> Result<(), LagerbestandError> {
        if let Some(platz) = bewegung.von.im_lager() {
            let verfuegbar = self.auf_platz(platz);
            if verfuegbar < bewegung.menge {
                return Err(LagerbestandError::Fehlt { verfuegbar });
            }
        }
        let delta = bewegung.delta();
        if delta >= Menge::NULL {
            return Ok(());
        }
        let eigene = bewegung.reservierung.as_ref();
        let verbraucht = eigene.map_or(Menge::NULL, |v| v.menge);
        if self.bestand + delta < self.reserviert - verbraucht {
            let andere = self.reserviert - eigene.map_or(Menge::NULL, |v| v.menge + v.rest);
            let frei = (self.bestand - andere).max(Menge::NULL);
            return Err(LagerbestandError::Reserviert { frei });
        }
        match tage::erster_negativer(&self.tagessalden, bewegung.buchungsdatum, delta) {
            Some(tag) => Err(LagerbestandError::RueckdatierungNegativ {
                datum: tag.tag,
                saldo: tag.saldo,
            }),
            None => Ok(()),
        }
    }
}
