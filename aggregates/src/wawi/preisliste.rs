//! Preisliste: base prices with their quantity scales (wawi 1). What a line costs in the end is decided by the
//! Preisfindung of sales.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Dezimal, Menge, Preis, Preisbetrag, Text},
    wawi::{
        Artikel, Lager,
        artikel::{ArtikelError, ArtikelStatus},
    },
};

/// Most prices of a list; a longer one is split by Lager or period.
const MAX_PREISE: usize = 5_000;

/// Most steps of a scale.
const MAX_STAFFELN: usize = 20;

/// The only currency of price lists so far.
const WAEHRUNG: &str = "EUR";

/// Status of a price list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PreislisteStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Being entered; gives no prices yet.
    Entwurf,
    /// Gives prices.
    Freigegeben,
    /// Gives no prices any more.
    Gesperrt,
}

/// A step of a scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preisstaffel {
    /// From this quantity on, in the price's unit.
    pub ab_menge: Menge,
    /// EUR per `je_menge`.
    pub preis: Preisbetrag,
}

/// The price of an article in a period; a row of `wawi.verkaufspreis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerkaufsPreis {
    /// Running number within the list.
    pub nr: i32,
    /// Article.
    pub artikel_id: Uuid,
    /// Unit of the price and of its scale.
    pub einheit: String,
    /// For how much of the unit.
    pub je_menge: Menge,
    /// First day.
    pub gueltig_von: NaiveDate,
    /// Last day; open if absent.
    pub gueltig_bis: Option<NaiveDate>,
    /// The scale, rising.
    pub staffeln: Vec<Preisstaffel>,
}

impl VerkaufsPreis {
    /// True if it holds on that day.
    #[must_use]
    pub fn gilt(&self, am: NaiveDate) -> bool {
        zeitraum_enthaelt(self.gueltig_von, self.gueltig_bis, am)
    }
}

fn zeitraum_enthaelt(von: NaiveDate, bis: Option<NaiveDate>, am: NaiveDate) -> bool {
    von <= am && bis.is_none_or(|bis| am <= bis)
}

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

/// A step of a scale as entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffelEingabe {
    /// From this quantity on, in the price's unit; 0 for the first step if every quantity has a price.
    pub ab_menge: Dezimal,
    /// EUR per `je_menge`.
    pub preis: Preisbetrag,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum PreislisteCommand {
    /// Creates a list as a draft.
    Anlegen {
        /// Name, unique.
        name: Text<100>,
        /// The Lager it is for.
        lager_id: Option<Uuid>,
        /// The list that holds where no other does; one at a time.
        #[serde(default)]
        standard: bool,
        /// First day.
        gueltig_von: NaiveDate,
        /// Last day; open if absent.
        gueltig_bis: Option<NaiveDate>,
    },
    /// Sets the price of an article for a period.
    PreisSetzen {
        /// Article.
        artikel_id: Uuid,
        /// Unit of the price and of its scale.
        einheit: Text<10>,
        /// For how much of the unit, usually 1.
        je_menge: Dezimal,
        /// First day.
        gueltig_von: NaiveDate,
        /// Last day; open if absent.
        gueltig_bis: Option<NaiveDate>,
        /// The scale, rising.
        staffeln: Vec<StaffelEingabe>,
    },
    /// Ends a price with a day.
    PreisBeenden {
        /// Number of the price within the list.
        nr: i32,
        /// Its last day.
        gueltig_bis: NaiveDate,
    },
    /// The list gives prices from now on.
    Freigeben {},
    /// The list gives no prices any more.
    Sperren {
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum PreislisteEvent {
    /// Exists as a draft.
    Angelegt {
        /// Name.
        name: String,
        /// Currency.
        waehrung: String,
        /// The Lager it is for.
        lager_id: Option<Uuid>,
        /// The list that holds where no other does.
        standard: bool,
        /// First day.
        gueltig_von: NaiveDate,
        /// Last day.
        gueltig_bis: Option<NaiveDate>,
    },
    /// A new price.
    PreisGesetzt {
        /// The price.
        preis: VerkaufsPreis,
    },
    /// A price ends.
    PreisBeendet {
        /// Number of the price.
        nr: i32,
        /// Its last day.
        gueltig_bis: NaiveDate,
    },
    /// Gives prices.
    Freigegeben {},
    /// Gives no prices any more.
    Gesperrt {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum PreislisteError {
    /// Two prices of an article on one day.
    #[error("der Preis Nr. {nr} gilt in diesem Zeitraum schon (ab {gueltig_von}); ihn zuerst beenden")]
    #[strum(serialize = "PREISLISTE_PREIS_UEBERLAPPT")]
    PreisUeberlappt {
        /// Number of the other price.
        nr: i32,
        /// Its first day.
        gueltig_von: NaiveDate,
    },
    /// A scale that does not rise.
    #[error(
        "die Staffel Nr. {staffel} geht so nicht: nötig sind 1 bis {MAX_STAFFELN} Stufen mit steigender Menge ab 0"
    )]
    #[strum(serialize = "PREISLISTE_STAFFEL_UNGUELTIG")]
    StaffelUngueltig {
        /// Which step, from 1.
        staffel: usize,
    },
}

crate::wire!(Preisliste, PreislisteCommand => PreislisteEvent | PreislisteError);

type Refusal = Refused<PreislisteError>;

/// Reads a scale: not empty, strictly rising from 0 or more.
fn staffeln(eingabe: &[StaffelEingabe]) -> Result<Vec<Preisstaffel>, Refusal> {
    let ungueltig = |staffel| Refusal::from(PreislisteError::StaffelUngueltig { staffel });
    if eingabe.is_empty() || eingabe.len() > MAX_STAFFELN {
        return Err(ungueltig(eingabe.len().min(MAX_STAFFELN + 1).max(1)));
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
