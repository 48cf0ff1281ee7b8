//! Zahlungsbedingung: when a claim is due and what Skonto an early payment earns (fibu 3). Terms are dated; a document
//! copies what holds on its date, so a change never touches what is on record.

use std::sync::Arc;

use chrono::{Datelike, Days, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Betrag, Satz, Text, Zeitlich, zeitlich},
};

/// Longest term in days: ten years, so that a due date is always a date.
const MAX_TAGE: u16 = 3650;

/// Most days by which terms count later (Valuta): a year.
pub const VALUTA_TAGE_MAX: u16 = 365;

/// Most steps of Skonto.
const MAX_SKONTO: usize = 2;

/// Status of terms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZahlungsbedingungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// May be used.
    Aktiv,
    /// No longer used in new documents.
    Stillgelegt,
}

/// What the days are counted from, and to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FaelligArt {
    /// So many days after the document.
    #[default]
    TageNetto,
    /// The end of the month in which that day lies.
    Monatsende,
    /// So many days after a fixed date, whatever the date of the document (Frühbezug).
    FixeValuta,
}

/// A step of Skonto: paid within so many days, so many percent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkontoTage {
    /// Days.
    pub tage: u16,
    /// Percent.
    pub prozent: Satz,
}

/// Terms as a client sends them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FassungEingabe {
    /// What the days are counted from; the document if absent.
    pub faellig: Option<FaelligArt>,
    /// Days; 0 if absent.
    pub tage: Option<u16>,
    /// The fixed date of `fixe_valuta`.
    pub valuta: Option<NaiveDate>,
    /// At most two steps, the second later and lower.
    #[serde(default)]
    pub skonto: Vec<SkontoTage>,
    /// Skonto only on what earns it: not on freight, small-quantity surcharges, deposits and lines that say so.
    #[serde(default)]
    pub nettoskontierfaehig: bool,
}

/// Terms from a day on, as decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bedingungsfassung {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// What the days are counted from.
    pub faellig: FaelligArt,
    /// Days.
    pub tage: u16,
    /// The fixed date of `fixe_valuta`.
    pub valuta: Option<NaiveDate>,
    /// Steps of Skonto.
    pub skonto: Vec<SkontoTage>,
    /// Skonto only on what earns it.
    #[serde(default)]
    pub nettoskontierfaehig: bool,
}

/// A step of Skonto in the state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkontoZeile {
    /// Number of the step.
    pub nr: i32,
    /// Days.
    pub tage: u16,
    /// Percent.
    pub prozent: Satz,
}

/// Terms from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZahlungsbedingungFassung {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// What the days are counted from.
    pub faellig: FaelligArt,
    /// Days.
    pub tage: u16,
    /// The fixed date of `fixe_valuta`.
    pub valuta: Option<NaiveDate>,
    /// Skonto only on what earns it.
    pub nettoskontierfaehig: bool,
    /// Steps of Skonto.
    pub skonto: Vec<SkontoZeile>,
}

impl Zeitlich for ZahlungsbedingungFassung {
    fn gueltig_ab(&self) -> NaiveDate {
        self.gueltig_ab
    }
}

/// A step of Skonto of a document: paid by that day, so many percent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skonto {
    /// Last day.
    pub bis: NaiveDate,
    /// Percent.
    pub prozent: Satz,
}

/// The part of a document under a tax key that earns no Skonto.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkontofreierTeil {
    /// Tax key.
    pub schluessel: String,
    /// Gross.
    pub brutto: Betrag,
}

/// Terms applied to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Konditionen {
    /// Due date.
    pub faellig: NaiveDate,
    /// Steps of Skonto.
    pub skonto: Vec<Skonto>,
    /// Skonto only on what earns it.
    pub nettoskontierfaehig: bool,
}

/// Folded state; serde gives the columns of `fibu.zahlungsbedingung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Zahlungsbedingung {
    /// Code, e.g. `30T2S10`.
    pub code: String,
    /// Name.
    pub bezeichnung: String,
    /// Status.
    pub status: ZahlungsbedingungStatus,
    /// Terms by date, oldest first.
    pub fassungen: Vec<ZahlungsbedingungFassung>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ZahlungsbedingungCommand {
    /// Creates terms that hold for documents of every date.
    Anlegen {
        /// Code.
        code: Text<20>,
        /// Name.
        bezeichnung: Text<100>,
        /// The terms.
        fassung: FassungEingabe,
    },
    /// Changes the terms for documents from a day on.
    Aendern {
        /// First day.
        ab: NaiveDate,
        /// The terms.
        fassung: FassungEingabe,
    },
    /// Takes the terms out of use.
    Stilllegen {
        /// Why.
        grund: Option<Text<500>>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ZahlungsbedingungEvent {
    /// The terms exist.
    Angelegt {
        /// Code.
        code: String,
        /// Name.
        bezeichnung: String,
        /// The terms.
        fassung: Bedingungsfassung,
    },
    /// The terms change from a day on.
    Geaendert {
        /// The terms.
        fassung: Bedingungsfassung,
    },
    /// Out of use.
    Stillgelegt {
        /// Why.
        grund: Option<String>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum ZahlungsbedingungError {
    /// The second step must be later and lower.
    #[error("die zweite Skontostufe muss später enden und weniger Prozent geben als die erste")]
    #[strum(serialize = "ZAHLUNGSBEDINGUNG_SKONTO_FOLGE")]
    SkontoFolge {},
    /// Out of use.
    #[error("die Zahlungsbedingung {code} ist stillgelegt; eine andere wählen")]
    #[strum(serialize = "ZAHLUNGSBEDINGUNG_STILLGELEGT")]
    Stillgelegt {
        /// Its code.
        code: String,
    },
}

crate::wire!(Zahlungsbedingung, ZahlungsbedingungCommand => ZahlungsbedingungEvent | ZahlungsbedingungError);

impl FassungEingabe {
    fn pruefen(self, gueltig_ab: NaiveDate) -> Result<Bedingungsfassung, Refused<ZahlungsbedingungError>> {
        let feld = |name: &str, text: &str| Shared::feld(format!("/fassung/{name}"), text);
        let (faellig, tage) = (self.faellig.unwrap_or_default(), self.tage.unwrap_or_default());
        if tage > MAX_TAGE {
            return Err(feld("tage", &format!("höchstens {MAX_TAGE} Tage sind möglich")).into());
        }
        if self.valuta.is_some() != (faellig == FaelligArt::FixeValuta) {
            return Err(feld("valuta", "genau bei fixe_valuta ist der feste Tag (valuta) nötig").into());
        }
        if self.skonto.len() > MAX_SKONTO {
            return Err(feld("skonto", "höchstens zwei Skontostufen sind möglich").into());
        }
        for (index, stufe) in self.skonto.iter().enumerate() {
            if stufe.prozent.as_percent().is_zero() {
                return Err(feld(&format!("skonto/{index}/prozent"), "Skonto gibt mehr als 0 Prozent").into());
            }
            // The end of a month may lie anywhere behind the days, so only fixed terms can be compared.
            if faellig != FaelligArt::Monatsende && stufe.tage > tage || stufe.tage > MAX_TAGE {
                return Err(feld(
                    &format!("skonto/{index}/tage"),
                    "Skonto endet spätestens mit der Fälligkeit",
                )
                .into());
            }
        }
        if let [erste, zweite] = self.skonto.as_slice()
            && (zweite.tage <= erste.tage || zweite.prozent >= erste.prozent)
        {
            return Err(ZahlungsbedingungError::SkontoFolge {}.into());
        }
        Ok(Bedingungsfassung {
            gueltig_ab,
            faellig,
            tage,
            valuta: self.valuta,
            skonto: self.skonto,
            nettoskontierfaehig: self.nettoskontierfaehig,
        })
    }
}

impl From<Bedingungsfassung> for ZahlungsbedingungFassung {
    fn from(fassung: Bedingungsfassung) -> Self {
        Self {
            gueltig_ab: fassung.gueltig_ab,
            faellig: fassung.faellig,
            tage: fassung.tage,
            valuta: fassung.valuta,
            nettoskontierfaehig: fassung.nettoskontierfaehig,
            skonto: (1..)
                .zip(fassung.skonto)
                .map(|(nr, stufe)| SkontoZeile {
                    nr,
                    tage: stufe.tage,
                    prozent: stufe.prozent,
                })
                .collect(),
        }
    }
}

/// So many days later.
pub(super) fn nach_tagen(datum: NaiveDate, tage: u16) -> NaiveDate {
    datum.checked_add_days(Days::new(tage.into())).unwrap_or(NaiveDate::MAX)
}

fn monatsende(datum: NaiveDate) -> NaiveDate {
    let erster = datum.with_day(1).unwrap_or(datum);
    let naechster = erster.checked_add_months(Months::new(1));
    naechster.and_then(|tag| tag.pred_opt()).unwrap_or(datum)
}

impl Zahlungsbedingung {
    /// Scope of the code's claim.
    pub const KEY_CODE: &'static str = "zahlungsbedingung.code";

    /// The terms named in the member `feld` of a command.
    pub(crate) fn laden<E>(id: Uuid, feld: impl Into<String>, ctx: &Context<'_>) -> Result<Arc<Self>, Refused<E>> {
        let text = "diese Zahlungsbedingung gibt es nicht; eine angelegte angeben";
        Ok(ctx.get::<Self>(id)?.ok_or_else(|| Shared::feld(feld, text))?)
    }

    /// Refuses terms, if any are named, that do not exist or are out of use.
    pub(crate) fn pruefen<E>(id: Option<Uuid>, feld: &str, ctx: &Context<'_>) -> Result<(), Refused<E>> {
        match id {
            Some(id) => Self::laden(id, feld, ctx)?
                .verwendbar()
                .map_err(|fehler| Refused::Domain(fehler).fremd()),
            None => Ok(()),
        }
    }

    fn verwendbar(&self) -> Result<(), ZahlungsbedingungError> {
        if self.status == ZahlungsbedingungStatus::Aktiv {
            return Ok(());
        }
        let code = self.code.clone();
        Err(ZahlungsbedingungError::Stillgelegt { code })
    }

    /// Due date and Skonto of a document of that date, counted from so many days later (a customer's Valuta); terms with
    /// a fixed date count from that one. `ZAHLUNGSBEDINGUNG_STILLGELEGT` if the terms are out of use.
    pub fn konditionen(
        &self,
        belegdatum: NaiveDate,
        valuta_tage: Option<u16>,
    ) -> Result<Konditionen, ZahlungsbedingungError> {
        self.verwendbar()?;
        // The first terms hold for older documents too; there is always one.
        let fassung = zeitlich::am(&self.fassungen, belegdatum).or(self.fassungen.first());
        let spaeter = nach_tagen(belegdatum, valuta_tage.unwrap_or_default());
        let Some(fassung) = fassung else {
            return Ok(Konditionen {
                faellig: spaeter,
                skonto: Vec::new(),
                nettoskontierfaehig: false,
            });
        };
        let beginn = fassung.valuta.unwrap_or(spaeter);
        let netto = nach_tagen(beginn, fassung.tage);
        Ok(Konditionen {
            nettoskontierfaehig: fassung.nettoskontierfaehig,
            faellig: match fassung.faellig {
                FaelligArt::TageNetto | FaelligArt::FixeValuta => netto,
                FaelligArt::Monatsende => monatsende(netto),
            },
            skonto: fassung
                .skonto
                .iter()
                .map(|stufe| Skonto {
                    bis: nach_tagen(beginn, stufe.tage),
                    prozent: stufe.prozent,
                })
                .collect(),
        })
    }
}

impl Aggregate for Zahlungsbedingung {
    const NAME: &'static str = "Zahlungsbedingung";
    const TYPE: &'static str = "zahlungsbedingung";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "zahlungsbedingungen";
    const CREATE: &'static str = "Anlegen";
    type Command = ZahlungsbedingungCommand;
    type Event = ZahlungsbedingungEvent;
    type Error = ZahlungsbedingungError;

    fn decide(&self, command: ZahlungsbedingungCommand, _ctx: &Context<'_>) -> Decision<Self> {
        use ZahlungsbedingungCommand as Cmd;
        use ZahlungsbedingungStatus::{Aktiv, Neu, Stillgelegt};
        let event = match (self.status, command) {
            (
                Neu,
                Cmd::Anlegen {
                    code,
                    bezeichnung,
                    fassung,
                },
            ) => ZahlungsbedingungEvent::Angelegt {
                code: code.to_string(),
                bezeichnung: bezeichnung.to_string(),
                fassung: fassung.pruefen(NaiveDate::default())?,
            },
            (Aktiv, Cmd::Aendern { ab, fassung }) => ZahlungsbedingungEvent::Geaendert {
                fassung: fassung.pruefen(ab)?,
            },
            (Aktiv, Cmd::Stilllegen { grund }) => ZahlungsbedingungEvent::Stillgelegt {
                grund: grund.map(|g| g.to_string()),
            },
            (Stillgelegt, Cmd::Aendern { .. } | Cmd::Stilllegen { .. }) => {
                let code = self.code.clone();
                return Err(ZahlungsbedingungError::Stillgelegt { code }.into());
            }
            (status, Cmd::Anlegen { .. }) => return Err(Shared::status(status, &["neu"]).into()),
            (Neu, _) => return Err(Shared::status(Neu, &["aktiv"]).into()),
        };
        Ok(vec![event])
    }

    fn evolve(&mut self, event: ZahlungsbedingungEvent) {
        match event {
            ZahlungsbedingungEvent::Angelegt {
                code,
                bezeichnung,
                fassung,
            } => {
                *self = Self {
                    code,
                    bezeichnung,
                    status: ZahlungsbedingungStatus::Aktiv,
                    fassungen: vec![fassung.into()],
                };
            }
            ZahlungsbedingungEvent::Geaendert { fassung } => zeitlich::setzen(&mut self.fassungen, fassung.into()),
            ZahlungsbedingungEvent::Stillgelegt { .. } => self.status = ZahlungsbedingungStatus::Stillgelegt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            ZahlungsbedingungStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_CODE, "code", &*self.code)],
        }
    }

    fn nummer(&self) -> Option<String> {
        (self.status != ZahlungsbedingungStatus::Neu).then(|| self.code.clone())
    }
}
