//! Lager: a site with its zones and places (wawi 2). A place that is locked takes and gives nothing.

mod command;
mod event;
pub mod types;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use command::LagerCommand;
pub use event::{LagerError, LagerEvent};
pub use types::{LagerArt, LagerStatus, Lagerplatz, Lagerzone, PlatzTyp, ZonenArt};

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared, angaben,
    dienste::{mandant::Anschrift, nummernkreis::zerlegen},
    types::{Bereich, Menge, Text},
};

/// Most places of a Lager; a larger site is entered as several Lager.
const MAX_PLAETZE: usize = 5_000;

/// Longest name of a place.
const MAX_PLATZ: usize = 20;

/// Most zones of a Lager.
const MAX_ZONEN: usize = 200;

/// The fact that tells how many articles have stock in a Lager; answered by the ledger `lagerbewegung`.
pub const FACT_BELEGT: &str = "lager_belegt";

/// Folded state; serde gives the columns of `wawi.lager`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lager {
    /// Number.
    pub nr: String,
    /// Name.
    pub name: String,
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: Option<String>,
    /// Town.
    pub ort: Option<String>,
    /// Country.
    pub land: Option<String>,
    /// Kind.
    pub art: LagerArt,
    /// Stock of one Bewertungskreis has one value.
    pub bewertungskreis: String,
    /// Has had stock: the Bewertungskreis is fixed.
    pub bestandsgefuehrt: bool,
    /// Status.
    pub status: LagerStatus,
    /// Zones.
    pub zonen: Vec<Lagerzone>,
    /// Places.
    pub plaetze: Vec<Lagerplatz>,
}

crate::wire!(Lager, LagerCommand => LagerEvent | LagerError);

type Refusal = Refused<LagerError>;

fn anschrift_pruefen(anschrift: Option<&Anschrift>) -> Result<(), Shared> {
    match anschrift {
        Some(anschrift) => angaben::land(&anschrift.land, "/anschrift/land"),
        None => Ok(()),
    }
}

impl Lager {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "lager.nr";

    /// May something be moved to or from a place? `None` is the unnamed place of the Lager.
    pub fn platz_pruefen(&self, platz: Option<&str>) -> Result<(), LagerError> {
        if self.status != LagerStatus::Aktiv {
            return Err(LagerError::PlatzGesperrt { platz: None });
        }
        match platz {
            Some(nr) if !self.plaetze.iter().any(|p| p.nr == nr && !p.gesperrt) => Err(LagerError::PlatzGesperrt {
                platz: Some(nr.to_owned()),
            }),
            _ => Ok(()),
        }
    }

    fn platz(&self, nr: &str) -> Result<&Lagerplatz, Refusal> {
        let gefunden = self.plaetze.iter().find(|p| p.nr == nr);
        gefunden.ok_or_else(|| Shared::feld("/platz", "diesen Platz gibt es im Lager nicht").into())
    }

    fn plaetze_generieren(&self, vorlage: &Lagerplatz, muster: &str, (von, bis): (i64, i64)) -> Decision<Self> {
        if !self.zonen.iter().any(|z| z.nr == vorlage.zone) {
            return Err(Shared::feld("/zone", "diese Zone gibt es im Lager nicht; zuerst hinzufügen").into());
        }
        let teile =
            zerlegen(muster).filter(|teile| teile.mit(0).chars().count() <= MAX_PLATZ && !muster.contains("{J"));
        let Some(teile) = teile else {
            let text = format!("nötig ist ein Zähler, z. B. A-{{00}}; ein Name hat höchstens {MAX_PLATZ} Zeichen");
            return Err(Shared::feld("/muster", text).into());
        };
        let anzahl = bis
            .checked_sub(von)
            .and_then(|n| n.checked_add(1))
            .and_then(|n| usize::try_from(n).ok());
        let frei = MAX_PLAETZE.saturating_sub(self.plaetze.len());
        if von < 0 || anzahl.is_none_or(|n| n == 0 || n > frei) || !teile.fasst(bis) {
            let text = format!("von 0 an aufwärts, so weit der Zähler reicht; noch {frei} Plätze sind möglich");
            return Err(Shared::feld("/bis", text).into());
        }
        let vorhanden: BTreeSet<&str> = self.plaetze.iter().map(|p| p.nr.as_str()).collect();
        let mut plaetze = Vec::new();
        for lfd in von..=bis {
            let nr = teile.mit(lfd);
            if vorhanden.contains(nr.as_str()) {
                return Err(LagerError::PlatzDoppelt { platz: nr }.into());
            }
            plaetze.push(Lagerplatz { nr, ..vorlage.clone() });
        }
        Ok(vec![LagerEvent::PlaetzeGeneriert { plaetze }])
    }

    fn geaendert(
        &self,
        name: Option<Text<100>>,
        anschrift: Option<Anschrift>,
        bewertungskreis: Option<Text<10>>,
    ) -> Decision<Self> {
        anschrift_pruefen(anschrift.as_ref())?;
        let bewertungskreis = bewertungskreis.map_or_else(|| self.bewertungskreis.clone(), |b| b.to_string());
        if self.bestandsgefuehrt && bewertungskreis != self.bewertungskreis {
            let bewertungskreis = self.bewertungskreis.clone();
            return Err(LagerError::BewertungskreisFest { bewertungskreis }.into());
        }
        Ok(vec![LagerEvent::StammdatenGeaendert {
            name: name.map_or_else(|| self.name.clone(), |n| n.to_string()),
            anschrift,
            bewertungskreis,
        }])
    }

    fn stilllegen(&self, grund: &Text<500>, ctx: &Context<'_>) -> Decision<Self> {
        if self.bestandsgefuehrt {
            let artikel = ctx.anzahl(FACT_BELEGT, &ctx.id.to_string())?;
            if artikel > 0 {
                return Err(LagerError::NichtLeer { artikel }.into());
            }
        }
        Ok(vec![LagerEvent::Stillgelegt {
            grund: grund.to_string(),
        }])
    }

    fn anschrift_setzen(&mut self, anschrift: Option<Anschrift>) {
        if let Some(anschrift) = anschrift {
            self.strasse = anschrift.strasse.map(|s| s.to_string());
            self.plz = Some(anschrift.plz.to_string());
            self.ort = Some(anschrift.ort.to_string());
            self.land = Some(anschrift.land.to_string());
        }
    }

    fn sperre_setzen(&mut self, nr: &str, gesperrt: bool) {
        if let Some(platz) = self.plaetze.iter_mut().find(|p| p.nr == nr) {
            platz.gesperrt = gesperrt;
        }
    }
}

impl Aggregate for Lager {
    const NAME: &'static str = "Lager";
    const TYPE: &'static str = "lager";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "lager";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["BestandsfuehrungBeginnen"];
    type Command = LagerCommand;
    type Event = LagerEvent;
    type Error = LagerError;

    fn decide(&self, command: LagerCommand, ctx: &Context<'_>) -> Decision<Self> {
        use LagerCommand as C;
        use LagerStatus as S;
        match (self.status, command) {
            (
                S::Neu,
                C::Anlegen {
                    nr,
                    name,
                    anschrift,
                    art,
                    bewertungskreis,
                },
            ) => {
                anschrift_pruefen(anschrift.as_ref())?;
                Ok(vec![LagerEvent::Angelegt {
                    nr: nr.to_string(),
                    name: name.to_string(),
                    anschrift,
                    art,
                    bewertungskreis: bewertungskreis.to_string(),
                }])
            }
            (status, C::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (S::Aktiv, command) => self.decide_aktiv(command, ctx),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: LagerEvent) {
        match event {
            LagerEvent::Angelegt {
                nr,
                name,
                anschrift,
                art,
                bewertungskreis,
            } => {
                self.nr = nr;
                self.name = name;
                self.art = art;
                self.bewertungskreis = bewertungskreis;
                self.status = LagerStatus::Aktiv;
                self.anschrift_setzen(anschrift);
            }
            LagerEvent::StammdatenGeaendert {
                name,
                anschrift,
                bewertungskreis,
            } => {
                self.name = name;
                self.bewertungskreis = bewertungskreis;
                self.anschrift_setzen(anschrift);
            }
            LagerEvent::ZoneHinzugefuegt { zone } => self.zonen.push(zone),
            LagerEvent::PlaetzeGeneriert { plaetze } => self.plaetze.extend(plaetze),
            LagerEvent::PlatzGesperrt { platz, .. } => self.sperre_setzen(&platz, true),
            LagerEvent::PlatzEntsperrt { platz } => self.sperre_setzen(&platz, false),
            LagerEvent::Stillgelegt { .. } => self.status = LagerStatus::Stillgelegt,
            LagerEvent::BestandsfuehrungBegonnen {} => self.bestandsgefuehrt = true,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            LagerStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_NR, "nr", &*self.nr)],
        }
    }
}

impl Lager {
    fn decide_aktiv(&self, command: LagerCommand, ctx: &Context<'_>) -> Decision<Self> {
        use LagerCommand as C;
        match command {
            C::Anlegen { .. } => Err(Shared::status(self.status, &["neu"]).into()),
            C::StammdatenAendern {
                name,
                anschrift,
                bewertungskreis,
            } => self.geaendert(name, anschrift, bewertungskreis),
            C::ZoneHinzufuegen { nr, art } => {
                let nr = nr.to_string();
                if self.zonen.iter().any(|z| z.nr == nr) {
                    return Err(LagerError::PlatzDoppelt { platz: nr }.into());
                }
                if self.zonen.len() >= MAX_ZONEN {
                    return Err(Shared::feld("/nr", format!("ein Lager hat höchstens {MAX_ZONEN} Zonen")).into());
                }
                let zone = Lagerzone { nr, art };
                Ok(vec![LagerEvent::ZoneHinzugefuegt { zone }])
            }
            C::PlaetzeGenerieren {
                zone,
                muster,
                von,
                bis,
                typ,
                kapazitaet_kg,
            } => {
                let kapazitaet_kg = kapazitaet_kg
                    .map(|k| Menge::positiv(k, 3, "/kapazitaet_kg"))
                    .transpose()?;
                let vorlage = Lagerplatz {
                    nr: String::new(),
                    zone: zone.to_string(),
                    typ,
                    kapazitaet_kg,
                    gesperrt: false,
                };
                self.plaetze_generieren(&vorlage, &muster, (von, bis))
            }
            C::PlatzSperren { platz, grund } => {
                let gesperrt = self.platz(&platz)?.gesperrt;
                let platz = platz.to_string();
                if gesperrt {
                    return Err(LagerError::PlatzGesperrt { platz: Some(platz) }.into());
                }
                let grund = grund.to_string();
                Ok(vec![LagerEvent::PlatzGesperrt { platz, grund }])
            }
            C::PlatzEntsperren { platz } => {
                if !self.platz(&platz)?.gesperrt {
                    return Err(Shared::feld("/platz", "dieser Platz ist nicht gesperrt").into());
                }
                let platz = platz.to_string();
                Ok(vec![LagerEvent::PlatzEntsperrt { platz }])
            }
            C::Stilllegen { grund } => self.stilllegen(&grund, ctx),
            C::BestandsfuehrungBeginnen {} if self.bestandsgefuehrt => Ok(Vec::new()),
            C::BestandsfuehrungBeginnen {} => Ok(vec![LagerEvent::BestandsfuehrungBegonnen {}]),
        }
    }
}
