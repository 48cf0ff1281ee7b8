//! Artikelgruppe: the tree of articles and the tolerances that orders inherit from it (wawi 1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Satz, Text},
};

/// Deepest tree that is walked; deeper ones are a mistake.
const MAX_TIEFE: usize = 20;

/// Status of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ArtikelgruppeStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Takes articles.
    Aktiv,
    /// Takes no more articles.
    Stillgelegt,
}

/// Folded state; serde gives the columns of `wawi.artikelgruppe`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artikelgruppe {
    /// Number.
    pub nr: String,
    /// Name.
    pub name: String,
    /// The group above.
    pub eltern_id: Option<Uuid>,
    /// How much more than ordered may come, in percent.
    pub toleranz_ueber: Satz,
    /// How much less than ordered counts as complete, in percent.
    pub toleranz_unter: Satz,
    /// Status.
    pub status: ArtikelgruppeStatus,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ArtikelgruppeCommand {
    /// Creates a group.
    Anlegen {
        /// Number, unique.
        nr: Text<20>,
        /// Name.
        name: Text<100>,
        /// The group above.
        eltern_id: Option<Uuid>,
        /// How much more than ordered may come, in percent; 0 if absent.
        toleranz_ueber: Option<Satz>,
        /// How much less than ordered counts as complete, in percent; 0 if absent.
        toleranz_unter: Option<Satz>,
    },
    /// Puts the group below another one, or at the top.
    Umhaengen {
        /// The group above; at the top if absent.
        eltern_id: Option<Uuid>,
    },
    /// Sets both tolerances.
    ToleranzSetzen {
        /// How much more than ordered may come, in percent.
        toleranz_ueber: Satz,
        /// How much less than ordered counts as complete, in percent.
        toleranz_unter: Satz,
    },
    /// Takes no more articles.
    Stilllegen {
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum ArtikelgruppeEvent {
    /// Exists.
    Angelegt {
        /// Number.
        nr: String,
        /// Name.
        name: String,
        /// The group above.
        eltern_id: Option<Uuid>,
        /// Tolerance upwards.
        toleranz_ueber: Satz,
        /// Tolerance downwards.
        toleranz_unter: Satz,
    },
    /// Below another group.
    Umgehaengt {
        /// The group above.
        eltern_id: Option<Uuid>,
    },
    /// Both tolerances as they are now.
    ToleranzGesetzt {
        /// Tolerance upwards.
        toleranz_ueber: Satz,
        /// Tolerance downwards.
        toleranz_unter: Satz,
    },
    /// Takes no more articles.
    Stillgelegt {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum ArtikelgruppeError {
    /// The group would be above itself.
    #[error("die Gruppe läge über sich selbst oder tiefer als {MAX_TIEFE} Ebenen; eine andere Obergruppe wählen")]
    #[strum(serialize = "ARTIKELGRUPPE_ZYKLUS")]
    Zyklus {
        /// The group above that was asked for.
        eltern_id: Uuid,
    },
}

crate::wire!(Artikelgruppe, ArtikelgruppeCommand => ArtikelgruppeEvent | ArtikelgruppeError);

impl Artikelgruppe {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "artikelgruppe.nr";

    /// Checks the group above: it exists, is in use, and this group is not above it.
    fn eltern_pruefen(eltern_id: Option<Uuid>, ctx: &Context<'_>) -> Result<(), Refused<ArtikelgruppeError>> {
        let Some(eltern_id) = eltern_id else { return Ok(()) };
        let mut naechste = Some(eltern_id);
        for ebene in 0..MAX_TIEFE {
            let Some(id) = naechste else { return Ok(()) };
            if id == ctx.id {
                return Err(ArtikelgruppeError::Zyklus { eltern_id }.into());
            }
            let gruppe = ctx.get::<Self>(id)?;
            if ebene == 0 && gruppe.as_ref().is_none_or(|g| g.status != ArtikelgruppeStatus::Aktiv) {
                let text = "diese Artikelgruppe gibt es nicht oder sie ist stillgelegt; eine andere wählen";
                return Err(Shared::feld("/eltern_id", text).into());
            }
            naechste = gruppe.and_then(|g| g.eltern_id);
        }
        Err(ArtikelgruppeError::Zyklus { eltern_id }.into())
    }
}

impl Aggregate for Artikelgruppe {
    const NAME: &'static str = "Artikelgruppe";
    const TYPE: &'static str = "artikelgruppe";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "artikelgruppen";
    const CREATE: &'static str = "Anlegen";
    type Command = ArtikelgruppeCommand;
    type Event = ArtikelgruppeEvent;
    type Error = ArtikelgruppeError;

    fn decide(&self, command: ArtikelgruppeCommand, ctx: &Context<'_>) -> Decision<Self> {
        match (self.status, command) {
            (
                ArtikelgruppeStatus::Neu,
                ArtikelgruppeCommand::Anlegen {
                    nr,
                    name,
                    eltern_id,
                    toleranz_ueber,
                    toleranz_unter,
                },
            ) => {
                Self::eltern_pruefen(eltern_id, ctx)?;
                Ok(vec![ArtikelgruppeEvent::Angelegt {
                    nr: nr.to_string(),
                    name: name.to_string(),
                    eltern_id,
                    toleranz_ueber: toleranz_ueber.unwrap_or_default(),
                    toleranz_unter: toleranz_unter.unwrap_or_default(),
                }])
            }
            (ArtikelgruppeStatus::Aktiv, ArtikelgruppeCommand::Umhaengen { eltern_id }) => {
                Self::eltern_pruefen(eltern_id, ctx)?;
                Ok(vec![ArtikelgruppeEvent::Umgehaengt { eltern_id }])
            }
            (
                ArtikelgruppeStatus::Aktiv,
                ArtikelgruppeCommand::ToleranzSetzen {
                    toleranz_ueber,
                    toleranz_unter,
                },
            ) => Ok(vec![ArtikelgruppeEvent::ToleranzGesetzt {
                toleranz_ueber,
                toleranz_unter,
            }]),
            (ArtikelgruppeStatus::Aktiv, ArtikelgruppeCommand::Stilllegen { grund }) => {
                Ok(vec![ArtikelgruppeEvent::Stillgelegt {
                    grund: grund.to_string(),
                }])
            }
            (status, ArtikelgruppeCommand::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: ArtikelgruppeEvent) {
        match event {
            ArtikelgruppeEvent::Angelegt {
                nr,
                name,
                eltern_id,
                toleranz_ueber,
                toleranz_unter,
            } => {
                *self = Self {
                    nr,
                    name,
                    eltern_id,
                    toleranz_ueber,
                    toleranz_unter,
                    status: ArtikelgruppeStatus::Aktiv,
                };
            }
            ArtikelgruppeEvent::Umgehaengt { eltern_id } => self.eltern_id = eltern_id,
            ArtikelgruppeEvent::ToleranzGesetzt {
                toleranz_ueber,
                toleranz_unter,
            } => {
                self.toleranz_ueber = toleranz_ueber;
                self.toleranz_unter = toleranz_unter;
            }
            ArtikelgruppeEvent::Stillgelegt { .. } => self.status = ArtikelgruppeStatus::Stillgelegt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            ArtikelgruppeStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_NR, "nr", &*self.nr)],
        }
    }
}
