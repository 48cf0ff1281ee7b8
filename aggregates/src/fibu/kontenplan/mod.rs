//! Kontenplan: the frame for all accounts of a company, one per Mandant (fibu 1): ranges, statement lines and account
//! finding as data.

mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::types::{
    Gliederung, Gliederungszeile, Kontenfindungsregel, Kontengruppe, KontenplanCommand, KontenplanError,
    KontenplanEvent, KontenplanStatus, Rahmen, Zweck,
};
use super::{Konto, SteuerSchluessel, vorlage};
use crate::{
    Aggregate, Context, Decision, Refused, Shared, StreamKey,
    context::stream_id,
    types::{Bereich, Stufe, Text, VALUE_MARK},
    wawi::{Artikel, Artikelgruppe},
};

/// Folded state; serde gives the columns of `fibu.kontenplan`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kontenplan {
    /// Chart.
    pub rahmen: Rahmen,
    /// Digits of an account, 4 to 8.
    pub kontolaenge: u8,
    /// Digits of a Personenkonto: one more.
    pub personenkontolaenge: u8,
    /// Currency of the books.
    pub hauswaehrung: String,
    /// Day on which the template was taken over.
    pub vorlage_uebernommen_am: Option<NaiveDate>,
    /// Status.
    pub status: KontenplanStatus,
    /// Ranges.
    pub gruppen: Vec<Kontengruppe>,
    /// Statement lines.
    pub gliederungszeilen: Vec<Gliederungszeile>,
    /// Account finding.
    pub kontenfindung: Vec<Kontenfindungsregel>,
}

crate::wire!(Kontenplan, KontenplanCommand => KontenplanEvent | KontenplanError);

/// Shortest and longest account number.
const LAENGEN: std::ops::RangeInclusive<u8> = 4..=8;

type Refusal = Refused<KontenplanError>;

impl Kontenfindungsregel {
    /// Two rules for the same case, apart from their first day.
    fn gleicher_fall(&self, andere: &Self) -> bool {
        self.zweck == andere.zweck
            && self.schluessel == andere.schluessel
            && self.artikelgruppe == andere.artikelgruppe
            && self.partnergruppe == andere.partnergruppe
    }
}

/// Refuses a text of a child that is empty where it must not be, or longer than `MAX`.
fn text_pruefen<const MAX: usize>(feld: &str, text: &str) -> Result<(), Shared> {
    Text::<MAX>::new(text)
        .map(|_| ())
        .map_err(|meldung| Shared::feld(feld, meldung.trim_start_matches(VALUE_MARK)))
}

fn schluessel_pruefen(schluessel: Option<&str>, ctx: &Context<'_>) -> Result<(), Refusal> {
    match schluessel {
        Some(code) if ctx.holder(SteuerSchluessel::KEY_CODE, code)?.is_none() => {
            let schluessel = code.to_owned();
            Err(KontenplanError::SchluesselUnbekannt { schluessel }.into())
        }
        _ => Ok(()),
    }
}

fn gruppe_pruefen(gruppe: &Kontengruppe, ctx: &Context<'_>) -> Result<(), Refusal> {
    let nummer = |text: &str| {
        (1..=usize::from(*LAENGEN.end())).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let Kontengruppe { nr_von, nr_bis, .. } = gruppe;
    if !nummer(nr_von) || !nummer(nr_bis) || nr_von.len() != nr_bis.len() || nr_von > nr_bis {
        return Err(Shared::feld("/gruppe/nr_bis", "von und bis sind gleich lange Nummern, von ≤ bis").into());
    }
    text_pruefen::<100>("/gruppe/bezeichnung", &gruppe.bezeichnung)?;
    if gruppe.eltern.as_deref().is_some_and(|eltern| !nummer(eltern)) {
        return Err(Shared::feld("/gruppe/eltern", "die erste Nummer der oberen Gruppe angeben").into());
    }
    schluessel_pruefen(gruppe.fester_schluessel.as_deref(), ctx)
}

impl Kontenplan {
    /// The one stream of a company.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid) -> Uuid {
        stream_id(mandant_id, Self::TYPE, "kontenplan")
    }

    /// The narrowest range a number falls into.
    #[must_use]
    pub fn gruppe_fuer(&self, konto_nr: &str) -> Option<&Kontengruppe> {
        // Ranges are written with four digits; longer numbers are compared by their first ones.
        let kopf = |laenge: usize| konto_nr.get(..laenge).unwrap_or(konto_nr);
        let passt = |g: &&Kontengruppe| {
            let nr = kopf(g.nr_von.len());
            g.nr_von.as_str() <= nr && nr <= g.nr_bis.as_str()
        };
        let breite = |g: &&Kontengruppe| {
            let zahl = |text: &str| text.parse::<i64>().unwrap_or_default();
            zahl(&g.nr_bis) - zahl(&g.nr_von)
        };
        self.gruppen.iter().filter(passt).min_by_key(breite)
    }

    /// The rule that wins: artikelgruppe and partnergruppe before artikelgruppe before partnergruppe before general,
    /// then the newest that holds on the day. Two equal ones are an error.
    pub fn konto_fuer(
        &self,
        zweck: Zweck,
        schluessel: Option<&str>,
        artikelgruppe: Option<&str>,
        partnergruppe: Option<&str>,
        am: NaiveDate,
    ) -> Result<&Kontenfindungsregel, KontenplanError> {
        let passt = |regel: &&Kontenfindungsregel| {
            regel.zweck == zweck
                && regel.gueltig_ab <= am
                && regel.schluessel.as_deref() == schluessel
                && regel.artikelgruppe.as_deref().is_none_or(|g| Some(g) == artikelgruppe)
                && regel.partnergruppe.as_deref().is_none_or(|g| Some(g) == partnergruppe)
        };
        let rang = |regel: &Kontenfindungsregel| {
            let genau = 2 * u8::from(regel.artikelgruppe.is_some()) + u8::from(regel.partnergruppe.is_some());
            (genau, regel.gueltig_ab)
        };
        let name: &str = zweck.into();
        let (zweck, schluessel) = (name.to_owned(), schluessel.unwrap_or_default().to_owned());
        let Some(beste) = self.kontenfindung.iter().filter(passt).max_by_key(|r| rang(r)) else {
            return Err(KontenplanError::KontenfindungFehlt { zweck, schluessel });
        };
        let gleiche = self
            .kontenfindung
            .iter()
            .filter(passt)
            .filter(|r| rang(r) == rang(beste))
            .count();
        if gleiche > 1 {
            return Err(KontenplanError::KontenfindungMehrdeutig { zweck, schluessel });
        }
        Ok(beste)
    }

    /// The account of a purpose by the rules of the company, for documents of a day.
    pub fn finden<E>(
        ctx: &Context<'_>,
        zweck: Zweck,
        schluessel: Option<&str>,
        am: NaiveDate,
    ) -> Result<String, Refused<E>> {
        Self::finden_fuer(ctx, zweck, schluessel, None, am)
    }

    /// The same for an article, whose Artikelgruppe may have a rule of its own.
    pub fn finden_fuer<E>(
        ctx: &Context<'_>,
        zweck: Zweck,
        schluessel: Option<&str>,
        artikel_id: Option<Uuid>,
        am: NaiveDate,
    ) -> Result<String, Refused<E>> {
        let plan = ctx
            .get::<Self>(Self::stream_id(ctx.frame.mandant_id))?
            .unwrap_or_default();
        let artikel = match artikel_id {
            Some(id) => ctx.get::<Artikel>(id)?,
            None => None,
        };
        let gruppe = match artikel {
            Some(artikel) => ctx.get::<Artikelgruppe>(artikel.gruppe_id)?,
            None => None,
        };
        let gruppe = gruppe.as_ref().map(|g| g.nr.as_str());
        let regel = plan.konto_fuer(zweck, schluessel, gruppe, None, am);
        regel
            .map(|r| r.konto_nr.clone())
            .map_err(|e| Refused::Domain(e).fremd())
    }

    /// A rule that posts to an account on this day or later. A rule that a newer one has replaced does not count: it
    /// stays for documents of its time, but new ones no longer meet it.
    pub(super) fn regel_auf(&self, konto_nr: &str, heute: NaiveDate) -> Option<&Kontenfindungsregel> {
        let abgeloest = |alt: &Kontenfindungsregel| {
            self.kontenfindung
                .iter()
                .any(|r| r.gleicher_fall(alt) && r.gueltig_ab > alt.gueltig_ab && r.gueltig_ab <= heute)
        };
        self.kontenfindung
            .iter()
            .find(|r| r.konto_nr == konto_nr && !abgeloest(r))
    }

    fn gliederung_setzen(&self, zeile: Gliederungszeile) -> Decision<Self> {
        text_pruefen::<20>("/zeile/schluessel", &zeile.schluessel)?;
        text_pruefen::<150>("/zeile/bezeichnung", &zeile.bezeichnung)?;
        if let Some(formel) = &zeile.formel {
            text_pruefen::<300>("/zeile/formel", formel)?;
        }
        if let Some(eltern) = &zeile.eltern {
            if *eltern == zeile.schluessel {
                return Err(Shared::feld("/zeile/eltern", "eine Zeile steht nicht unter sich selbst").into());
            }
            let bekannt = |z: &Gliederungszeile| z.gliederung == zeile.gliederung && z.schluessel == *eltern;
            if !self.gliederungszeilen.iter().any(bekannt) {
                let gliederung: &str = zeile.gliederung.into();
                return Err(KontenplanError::GliederungszeileUnbekannt {
                    gliederung: gliederung.to_owned(),
                    zeile: eltern.clone(),
                }
                .into());
            }
        }
        Ok(vec![KontenplanEvent::GliederungGesetzt { zeile }])
    }

    /// Numbers a new rule, or gives it the number of the one it replaces.
    fn kontenfindung_setzen(&self, regel: Kontenfindungsregel, ctx: &Context<'_>) -> Decision<Self> {
        if ctx.holder(Konto::KEY_NR, &regel.konto_nr)?.is_none() {
            return Err(Shared::feld("/konto_nr", format!("das Konto {} gibt es nicht", regel.konto_nr)).into());
        }
        schluessel_pruefen(regel.schluessel.as_deref(), ctx)?;
        let gleiche = |r: &&Kontenfindungsregel| r.gleicher_fall(&regel) && r.gueltig_ab == regel.gueltig_ab;
        let letzte = self.kontenfindung.iter().map(|r| r.nr).max().unwrap_or(0);
        let nr = self
            .kontenfindung
            .iter()
            .find(gleiche)
            .map_or(letzte.saturating_add(1), |r| r.nr);
        Ok(vec![KontenplanEvent::KontenfindungGesetzt {
            regel: Kontenfindungsregel { nr, ..regel },
        }])
    }

    fn vorlage_uebernehmen(&self, ctx: &Context<'_>) -> Decision<Self> {
        if self.rahmen == Rahmen::Eigen {
            return Err(Shared::feld("", "für einen eigenen Kontenrahmen gibt es keine Vorlage").into());
        }
        if let Some(am) = self.vorlage_uebernommen_am {
            return Err(KontenplanError::VorlageBereitsUebernommen { am }.into());
        }
        if self.kontolaenge != 4 {
            return Err(Shared::feld("", "die Vorlage hat vierstellige Konten; der Kontenplan hat längere").into());
        }
        Ok(vec![KontenplanEvent::VorlageUebernommen {
            rahmen: self.rahmen,
            stand: vorlage::STAND.to_owned(),
            am: ctx.heute(),
            gruppen: vorlage::gruppen(self.rahmen),
            gliederungszeilen: vorlage::gliederung(),
            kontenfindung: vorlage::kontenfindung(self.rahmen),
        }])
    }
}

impl Aggregate for Kontenplan {
    const NAME: &'static str = "Kontenplan";
    const TYPE: &'static str = "kontenplan";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "kontenplaene";
    const CREATE: &'static str = "Anlegen";
    type Command = KontenplanCommand;
    type Event = KontenplanEvent;
    type Error = KontenplanError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn stream_key(command: &KontenplanCommand) -> Option<StreamKey> {
        matches!(command, KontenplanCommand::Anlegen { .. }).then(|| StreamKey {
            feld: None,
            wert: "kontenplan".to_owned(),
        })
    }

    fn decide(&self, command: KontenplanCommand, ctx: &Context<'_>) -> Decision<Self> {
        use KontenplanCommand as Cmd;
        match (self.status, command) {
            (KontenplanStatus::Neu, Cmd::Anlegen { rahmen, kontolaenge }) => {
                let kontolaenge = kontolaenge.unwrap_or(*LAENGEN.start());
                if !LAENGEN.contains(&kontolaenge) {
                    return Err(Shared::feld("/kontolaenge", "die Kontolänge ist 4 bis 8").into());
                }
                let personenkontolaenge = kontolaenge + 1;
                let hauswaehrung = "EUR".to_owned();
                Ok(vec![KontenplanEvent::Angelegt {
                    rahmen,
                    kontolaenge,
                    personenkontolaenge,
                    hauswaehrung,
                }])
            }
            (KontenplanStatus::Aktiv, Cmd::VorlageUebernehmen {}) => self.vorlage_uebernehmen(ctx),
            (KontenplanStatus::Aktiv, Cmd::GruppeSetzen { gruppe }) => {
                gruppe_pruefen(&gruppe, ctx)?;
                Ok(vec![KontenplanEvent::GruppeGesetzt { gruppe }])
            }
            (KontenplanStatus::Aktiv, Cmd::GliederungSetzen { zeile }) => self.gliederung_setzen(zeile),
            (
                KontenplanStatus::Aktiv,
                Cmd::KontenfindungSetzen {
                    zweck,
                    schluessel,
                    artikelgruppe,
                    partnergruppe,
                    konto_nr,
                    gueltig_ab,
                },
            ) => {
                let regel = Kontenfindungsregel {
                    nr: 0,
                    zweck,
                    schluessel: schluessel.map(|t| t.to_string()),
                    artikelgruppe: artikelgruppe.map(|t| t.to_string()),
                    partnergruppe: partnergruppe.map(|t| t.to_string()),
                    konto_nr: konto_nr.to_string(),
                    gueltig_ab,
                };
                self.kontenfindung_setzen(regel, ctx)
            }
            (status, Cmd::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: KontenplanEvent) {
        match event {
            KontenplanEvent::Angelegt {
                rahmen,
                kontolaenge,
                personenkontolaenge,
                hauswaehrung,
            } => {
                self.rahmen = rahmen;
                self.kontolaenge = kontolaenge;
                self.personenkontolaenge = personenkontolaenge;
                self.hauswaehrung = hauswaehrung;
                self.status = KontenplanStatus::Aktiv;
            }
            KontenplanEvent::VorlageUebernommen {
                am,
                gruppen,
                gliederungszeilen,
                kontenfindung,
                ..
            } => {
                self.vorlage_uebernommen_am = Some(am);
                self.gruppen = gruppen;
                self.gliederungszeilen = gliederungszeilen;
                self.kontenfindung = kontenfindung;
            }
            KontenplanEvent::GruppeGesetzt { gruppe } => {
                self.gruppen
                    .retain(|g| g.nr_von != gruppe.nr_von || g.nr_bis != gruppe.nr_bis);
                self.gruppen.push(gruppe);
            }
            KontenplanEvent::GliederungGesetzt { zeile } => {
                self.gliederungszeilen
                    .retain(|z| z.gliederung != zeile.gliederung || z.schluessel != zeile.schluessel);
                self.gliederungszeilen.push(zeile);
            }
            KontenplanEvent::KontenfindungGesetzt { regel } => {
                self.kontenfindung.retain(|r| r.nr != regel.nr);
                self.kontenfindung.push(regel);
            }
        }
    }
}
