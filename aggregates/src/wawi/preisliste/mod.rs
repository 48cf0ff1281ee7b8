//! Preisliste: base prices with their quantity scales (wawi 1). What a line costs in the end is decided by the
//! Preisfindung of sales.

mod command;
mod event;
pub mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{PreislisteCommand, StaffelEingabe};
pub use event::{PreislisteError, PreislisteEvent};
pub use types::{PreislisteStatus, Preisstaffel, VerkaufsPreis};

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Menge, Preis},
    wawi::{
        Artikel, Lager,
        artikel::{ArtikelError, ArtikelStatus},
    },
};
use types::zeitraum_enthaelt;

/// Most prices of a list; a longer one is split by Lager or period.
const MAX_PREISE: usize = 5_000;

/// Most steps of a scale.
const MAX_STAFFELN: usize = 20;

/// The only currency of price lists so far.
const WAEHRUNG: &str = "EUR";

/// Folded state; serde gives the columns of `wawi.preisliste`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preisliste {
    /// Name.
    pub name: String,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// The Lager it is for.
    pub lager_id: Option<Uuid>,
    /// The list that holds where no other does.
    pub standard: bool,
    /// First day.
    pub gueltig_von: NaiveDate,
    /// Last day; open if absent.
    pub gueltig_bis: Option<NaiveDate>,
    /// Number of the last price given.
    pub letzte_nr: i32,
    /// Status.
    pub status: PreislisteStatus,
    /// Prices.
    pub preise: Vec<VerkaufsPreis>,
}

crate::wire!(Preisliste, PreislisteCommand => PreislisteEvent | PreislisteError);

type Refusal = Refused<PreislisteError>;

/// Reads a scale: not empty, strictly rising from 0 or more.
fn staffeln(eingabe: &[StaffelEingabe]) -> Result<Vec<Preisstaffel>, Refusal> {
    let ungueltig = |staffel| Refusal::from(PreislisteError::StaffelUngueltig { staffel });
    if eingabe.is_empty() || eingabe.len() > MAX_STAFFELN {
        return Err(ungueltig(eingabe.len().clamp(1, MAX_STAFFELN + 1)));
    }
    let mut staffeln: Vec<Preisstaffel> = Vec::with_capacity(eingabe.len());
    for (i, stufe) in eingabe.iter().enumerate() {
        let ab_menge = if stufe.ab_menge.0.is_zero() {
            Menge::NULL
        } else {
            Menge::positiv(stufe.ab_menge, 6, &format!("/staffeln/{i}/ab_menge"))?
        };
        if staffeln.last().is_some_and(|vorige| vorige.ab_menge >= ab_menge) {
            return Err(ungueltig(i + 1));
        }
        staffeln.push(Preisstaffel {
            ab_menge,
            preis: stufe.preis,
        });
    }
    Ok(staffeln)
}

fn zeitraum_pruefen(von: NaiveDate, bis: Option<NaiveDate>) -> Result<(), Shared> {
    match bis {
        Some(bis) if bis < von => Err(Shared::feld("/gueltig_bis", "das Ende liegt vor dem Beginn")),
        _ => Ok(()),
    }
}

impl Preisliste {
    /// Scope of the name's claim.
    pub const KEY_NAME: &'static str = "preisliste.name";
    /// Scope of the claim of the standard list; the key is the currency.
    pub const KEY_STANDARD: &'static str = "preisliste.standard";
    /// Scope of the claim of the list of a Lager; the key is its id.
    pub const KEY_LAGER: &'static str = "preisliste.lager";

    /// True if the list gives prices on that day.
    #[must_use]
    pub fn gilt(&self, am: NaiveDate) -> bool {
        self.status == PreislisteStatus::Freigegeben && zeitraum_enthaelt(self.gueltig_von, self.gueltig_bis, am)
    }

    /// The price of an article on a day: the step of the scale that the whole quantity reaches, and where that step
    /// begins. `menge_in` gives the quantity in a unit. `None` if the list has no price for it.
    pub fn preis(
        &self,
        artikel_id: Uuid,
        am: NaiveDate,
        menge_in: impl Fn(&str) -> Option<Menge>,
    ) -> Option<(Preis, Menge)> {
        if !self.gilt(am) {
            return None;
        }
        let preis = self.preise.iter().find(|p| p.artikel_id == artikel_id && p.gilt(am))?;
        let menge = menge_in(&preis.einheit)?;
        let stufe = preis.staffeln.iter().rev().find(|s| s.ab_menge <= menge)?;
        let betrag = Preis {
            betrag: stufe.preis,
            je: preis.je_menge,
            einheit: preis.einheit.clone(),
        };
        Some((betrag, stufe.ab_menge))
    }

    fn preis_setzen(&self, mut preis: VerkaufsPreis, ctx: &Context<'_>) -> Decision<Self> {
        zeitraum_pruefen(preis.gueltig_von, preis.gueltig_bis)?;
        let artikel = ctx.get::<Artikel>(preis.artikel_id)?;
        let Some(artikel) = artikel.filter(|a| a.status != ArtikelStatus::Archiviert) else {
            return Err(Shared::feld("/artikel_id", "diesen Artikel gibt es nicht; einen anderen wählen").into());
        };
        if !artikel.kennt(&preis.einheit) {
            let fehlt = ArtikelError::UmrechnungFehlt {
                von: preis.einheit,
                nach: artikel.basiseinheit.clone(),
            };
            return Err(Refused::Domain(fehlt).fremd());
        }
        let anderer = self.preise.iter().find(|p| {
            p.artikel_id == preis.artikel_id
                && preis.gueltig_bis.is_none_or(|bis| p.gueltig_von <= bis)
                && p.gueltig_bis.is_none_or(|bis| preis.gueltig_von <= bis)
        });
        if let Some(VerkaufsPreis { nr, gueltig_von, .. }) = anderer {
            let (nr, gueltig_von) = (*nr, *gueltig_von);
            return Err(PreislisteError::PreisUeberlappt { nr, gueltig_von }.into());
        }
        if self.preise.len() >= MAX_PREISE {
            let text = format!("die Liste hat schon {MAX_PREISE} Preise; eine weitere Liste anlegen");
            return Err(Shared::feld("/artikel_id", text).into());
        }
        preis.nr = self.letzte_nr.saturating_add(1);
        Ok(vec![PreislisteEvent::PreisGesetzt { preis }])
    }

    fn preis_beenden(&self, nr: i32, gueltig_bis: NaiveDate) -> Decision<Self> {
        let Some(preis) = self.preise.iter().find(|p| p.nr == nr) else {
            return Err(Shared::feld("/nr", "diesen Preis gibt es in der Liste nicht").into());
        };
        if gueltig_bis < preis.gueltig_von || preis.gueltig_bis.is_some_and(|bis| gueltig_bis > bis) {
            let text = "ein Preis endet an einem Tag, an dem er gilt";
            return Err(Shared::feld("/gueltig_bis", text).into());
        }
        Ok(vec![PreislisteEvent::PreisBeendet { nr, gueltig_bis }])
    }
}

impl Aggregate for Preisliste {
    const NAME: &'static str = "Preisliste";
    const TYPE: &'static str = "preisliste";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "preislisten";
    const CREATE: &'static str = "Anlegen";
    type Command = PreislisteCommand;
    type Event = PreislisteEvent;
    type Error = PreislisteError;

    fn decide(&self, command: PreislisteCommand, ctx: &Context<'_>) -> Decision<Self> {
        use PreislisteCommand as C;
        use PreislisteStatus as S;
        match (self.status, command) {
            (
                S::Neu,
                C::Anlegen {
                    name,
                    lager_id,
                    standard,
                    gueltig_von,
                    gueltig_bis,
                },
            ) => {
                zeitraum_pruefen(gueltig_von, gueltig_bis)?;
                if let Some(lager_id) = lager_id {
                    if standard {
                        let text = "die Standardliste gilt überall; eine Liste für ein Lager ist keine";
                        return Err(Shared::feld("/standard", text).into());
                    }
                    if ctx.get::<Lager>(lager_id)?.is_none() {
                        return Err(Shared::feld("/lager_id", "dieses Lager gibt es nicht; ein anderes wählen").into());
                    }
                }
                Ok(vec![PreislisteEvent::Angelegt {
                    name: name.to_string(),
                    waehrung: WAEHRUNG.to_owned(),
                    lager_id,
                    standard,
                    gueltig_von,
                    gueltig_bis,
                }])
            }
            (status, C::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (
                S::Entwurf | S::Freigegeben,
                C::PreisSetzen {
                    artikel_id,
                    einheit,
                    je_menge,
                    gueltig_von,
                    gueltig_bis,
                    staffeln: stufen,
                },
            ) => {
                let preis = VerkaufsPreis {
                    nr: 0,
                    artikel_id,
                    einheit: einheit.to_string(),
                    je_menge: Menge::positiv(je_menge, 6, "/je_menge")?,
                    gueltig_von,
                    gueltig_bis,
                    staffeln: staffeln(&stufen)?,
                };
                self.preis_setzen(preis, ctx)
            }
            (S::Entwurf | S::Freigegeben, C::PreisBeenden { nr, gueltig_bis }) => self.preis_beenden(nr, gueltig_bis),
            (S::Entwurf, C::Freigeben {}) => Ok(vec![PreislisteEvent::Freigegeben {}]),
            (S::Freigegeben, C::Sperren { grund }) => Ok(vec![PreislisteEvent::Gesperrt {
                grund: grund.to_string(),
            }]),
            (status, C::Freigeben {}) => Err(Shared::status(status, &["entwurf"]).into()),
            (status, C::Sperren { .. }) => Err(Shared::status(status, &["freigegeben"]).into()),
            (status, _) => Err(Shared::status(status, &["entwurf", "freigegeben"]).into()),
        }
    }

    fn evolve(&mut self, event: PreislisteEvent) {
        match event {
            PreislisteEvent::Angelegt {
                name,
                waehrung,
                lager_id,
                standard,
                gueltig_von,
                gueltig_bis,
            } => {
                *self = Self {
                    name,
                    waehrung,
                    lager_id,
                    standard,
                    gueltig_von,
                    gueltig_bis,
                    status: PreislisteStatus::Entwurf,
                    ..Self::default()
                };
            }
            PreislisteEvent::PreisGesetzt { preis } => {
                self.letzte_nr = preis.nr;
                self.preise.push(preis);
            }
            PreislisteEvent::PreisBeendet { nr, gueltig_bis } => {
                if let Some(preis) = self.preise.iter_mut().find(|p| p.nr == nr) {
                    preis.gueltig_bis = Some(gueltig_bis);
                }
            }
            PreislisteEvent::Freigegeben {} => self.status = PreislisteStatus::Freigegeben,
            PreislisteEvent::Gesperrt { .. } => self.status = PreislisteStatus::Gesperrt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.status == PreislisteStatus::Neu {
            return Vec::new();
        }
        let mut keys = vec![Key::new(Self::KEY_NAME, "name", &*self.name)];
        if self.status == PreislisteStatus::Freigegeben {
            if self.standard {
                keys.push(Key::new(Self::KEY_STANDARD, "standard", &*self.waehrung));
            }
            if let Some(lager_id) = self.lager_id {
                keys.push(Key::new(Self::KEY_LAGER, "lager_id", lager_id.to_string()));
            }
        }
        keys
    }
}
