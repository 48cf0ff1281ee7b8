//! Mengeneinheit: a unit of the house (wawi 1). Its factor never changes; a wrong one is replaced by a new code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Aggregate, Context, Decision, Key, Shared,
    types::{Bereich, Stufe, Text},
};

/// Largest part of a factor; two of them and a quantity stay exact in one product.
pub const MAX_FAKTOR: i64 = 1_000_000;

/// Status of a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MengeneinheitStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// May be used.
    Aktiv,
    /// No longer given to articles.
    Stillgelegt,
}

/// What a unit measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Dimension {
    /// Mass, in kg.
    Masse,
    /// Volume, in l.
    Volumen,
    /// Pieces.
    #[default]
    Stueck,
    /// Area, in m².
    Flaeche,
    /// Length, in m.
    Laenge,
    /// Time, in h.
    Zeit,
}

/// Folded state; serde gives the columns of `wawi.mengeneinheit`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mengeneinheit {
    /// Code, e.g. `dt`.
    pub code: String,
    /// Name.
    pub bezeichnung: String,
    /// What it measures.
    pub dimension: Dimension,
    /// 1 unit = zaehler ÷ nenner of the dimension's own unit.
    pub zaehler: i64,
    /// See `zaehler`.
    pub nenner: i64,
    /// Code of UN/ECE recommendation 20, e.g. DTN.
    pub un_ece: Option<String>,
    /// Status.
    pub status: MengeneinheitStatus,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum MengeneinheitCommand {
    /// Creates a unit.
    Anlegen {
        /// Code as it stands on documents, e.g. `dt`.
        code: Text<10>,
        /// Name.
        bezeichnung: Text<60>,
        /// What it measures.
        dimension: Dimension,
        /// 1 unit = zaehler ÷ nenner of the dimension's own unit (kg, l, piece, m², m, h).
        zaehler: i64,
        /// See `zaehler`.
        nenner: i64,
        /// Code of UN/ECE recommendation 20, e.g. DTN.
        un_ece: Option<Text<3>>,
    },
    /// No longer given to articles; those that have it keep it.
    Stilllegen {
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum MengeneinheitEvent {
    /// Exists.
    Angelegt {
        /// Code.
        code: String,
        /// Name.
        bezeichnung: String,
        /// What it measures.
        dimension: Dimension,
        /// Numerator of its factor.
        zaehler: i64,
        /// Denominator of its factor.
        nenner: i64,
        /// Code of UN/ECE recommendation 20.
        un_ece: Option<String>,
    },
    /// No longer given to articles.
    Stillgelegt {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own: none, the shared ones are enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum MengeneinheitError {}

crate::wire!(Mengeneinheit, MengeneinheitCommand => MengeneinheitEvent | MengeneinheitError);

impl Mengeneinheit {
    /// Scope of the code's claim.
    pub const KEY_CODE: &'static str = "mengeneinheit.code";
}

/// True for a factor that can be calculated with.
#[must_use]
pub fn faktor_gueltig(zaehler: i64, nenner: i64) -> bool {
    (1..=MAX_FAKTOR).contains(&zaehler) && (1..=MAX_FAKTOR).contains(&nenner)
}

impl Aggregate for Mengeneinheit {
    const NAME: &'static str = "Mengeneinheit";
    const TYPE: &'static str = "mengeneinheit";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "mengeneinheiten";
    const CREATE: &'static str = "Anlegen";
    type Command = MengeneinheitCommand;
    type Event = MengeneinheitEvent;
    type Error = MengeneinheitError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn decide(&self, command: MengeneinheitCommand, _ctx: &Context<'_>) -> Decision<Self> {
        match (self.status, command) {
            (
                MengeneinheitStatus::Neu,
                MengeneinheitCommand::Anlegen {
                    code,
                    bezeichnung,
                    dimension,
                    zaehler,
                    nenner,
                    un_ece,
                },
            ) => {
                if code.chars().any(char::is_whitespace) {
                    return Err(Shared::feld("/code", "ein Code enthält keine Leerzeichen, z. B. dt").into());
                }
                if !faktor_gueltig(zaehler, nenner) {
                    let text = format!("Zähler und Nenner liegen zwischen 1 und {MAX_FAKTOR}");
                    return Err(Shared::feld("/zaehler", text).into());
                }
                let gut = |c: &str| c.len() >= 2 && c.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                if un_ece.as_ref().is_some_and(|c| !gut(c)) {
                    let text = "ein Code nach UN/ECE hat zwei oder drei Großbuchstaben oder Ziffern, z. B. KGM";
                    return Err(Shared::feld("/un_ece", text).into());
                }
                Ok(vec![MengeneinheitEvent::Angelegt {
                    code: code.to_string(),
                    bezeichnung: bezeichnung.to_string(),
                    dimension,
                    zaehler,
                    nenner,
                    un_ece: un_ece.map(|c| c.to_string()),
                }])
            }
            (MengeneinheitStatus::Aktiv, MengeneinheitCommand::Stilllegen { grund }) => {
                Ok(vec![MengeneinheitEvent::Stillgelegt {
                    grund: grund.to_string(),
                }])
            }
            (status, MengeneinheitCommand::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, MengeneinheitCommand::Stilllegen { .. }) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: MengeneinheitEvent) {
        match event {
            MengeneinheitEvent::Angelegt {
                code,
                bezeichnung,
                dimension,
                zaehler,
                nenner,
                un_ece,
            } => {
                *self = Self {
                    code,
                    bezeichnung,
                    dimension,
                    zaehler,
                    nenner,
                    un_ece,
                    status: MengeneinheitStatus::Aktiv,
                };
            }
            MengeneinheitEvent::Stillgelegt { .. } => self.status = MengeneinheitStatus::Stillgelegt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            MengeneinheitStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_CODE, "code", &*self.code)],
        }
    }
}
