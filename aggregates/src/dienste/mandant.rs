//! Mandant: the company, unit of isolation and seller on every document (dienste D2). Lives in the system Mandant;
//! its stream id is the `mandant_id` of all its data.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Aggregate, Context, Decision, Key, Shared,
    types::{Bereich, Stufe, Text, UstId, ist_land},
};

/// Status of a Mandant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MandantStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Works.
    Aktiv,
    /// Closed for commands; reading stays possible.
    Stillgelegt,
}

/// Postal address of the company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anschrift {
    /// Street and number.
    pub strasse: Option<Text<100>>,
    /// Postcode.
    pub plz: Text<10>,
    /// Town.
    pub ort: Text<100>,
    /// Country, ISO 3166 alpha-2.
    pub land: Text<2>,
}

/// Master data that stand on documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stammdaten {
    /// Registered name.
    pub firma: Text<200>,
    /// Address; without it no invoice can be issued later.
    pub anschrift: Option<Anschrift>,
    /// VAT identification number.
    pub ust_id: Option<Text<20>>,
    /// Tax number of the Finanzamt.
    pub steuernummer: Option<Text<20>>,
}

/// Folded state; serde gives the columns of `dienste.mandant`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mandant {
    /// Short name in headers and lists.
    pub kuerzel: String,
    /// Registered name.
    pub firma: String,
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: Option<String>,
    /// Town.
    pub ort: Option<String>,
    /// Country.
    pub land: Option<String>,
    /// VAT identification number.
    pub ust_id: Option<String>,
    /// Tax number.
    pub steuernummer: Option<String>,
    /// Currency of the books, ISO 4217.
    pub hauswaehrung: String,
    /// First day of the latest master data; the fields show them from their recording on, also before that day.
    pub stammdaten_ab: Option<NaiveDate>,
    /// Status.
    pub status: MandantStatus,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum MandantCommand {
    /// Creates a company.
    Anlegen {
        /// Short name, unique: letters and digits.
        kuerzel: Text<12>,
        /// Master data.
        stammdaten: Stammdaten,
        /// Currency of the books; EUR if absent, the only one so far.
        hauswaehrung: Option<Text<3>>,
    },
    /// Replaces the master data from a day on.
    StammdatenAendern {
        /// First day of the new data.
        ab: NaiveDate,
        /// The new master data, complete.
        stammdaten: Stammdaten,
    },
    /// Closes the company for commands.
    Stilllegen {
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum MandantEvent {
    /// The company exists.
    Angelegt {
        /// Short name.
        kuerzel: String,
        /// Master data.
        stammdaten: Stammdaten,
        /// Currency of the books.
        hauswaehrung: String,
    },
    /// Master data changed.
    StammdatenGeaendert {
        /// First day.
        ab: NaiveDate,
        /// The new data.
        stammdaten: Stammdaten,
    },
    /// Closed.
    Stillgelegt {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum MandantError {
    /// Only EUR books so far.
    #[error("die Hauswährung {hauswaehrung} wird nicht geführt; möglich ist EUR")]
    #[strum(serialize = "MANDANT_HAUSWAEHRUNG")]
    Hauswaehrung {
        /// What was asked for.
        hauswaehrung: String,
    },
}

crate::wire!(Mandant, MandantCommand => MandantEvent | MandantError);

impl Mandant {
    /// Scope of the short name's claim.
    pub const KEY_KUERZEL: &'static str = "mandant.kuerzel";

    fn uebernehmen(&mut self, daten: Stammdaten) {
        self.firma = daten.firma.to_string();
        let anschrift = daten.anschrift;
        self.strasse = anschrift
            .as_ref()
            .and_then(|a| a.strasse.as_ref())
            .map(ToString::to_string);
        self.plz = anschrift.as_ref().map(|a| a.plz.to_string());
        self.ort = anschrift.as_ref().map(|a| a.ort.to_string());
        self.land = anschrift.as_ref().map(|a| a.land.to_string());
        self.ust_id = daten.ust_id.map(|t| t.to_string());
        self.steuernummer = daten.steuernummer.map(|t| t.to_string());
    }
}

/// Checks what the reader of the body cannot.
fn pruefen(mut daten: Stammdaten) -> Result<Stammdaten, Shared> {
    if let Some(ust_id) = &daten.ust_id {
        let ust_id = UstId::parse(ust_id).ok_or_else(|| Shared::UstIdUngueltig {
            feld: "/stammdaten/ust_id".to_owned(),
        })?;
        daten.ust_id = Some(Text::cut(ust_id.as_str()));
    }
    if daten.anschrift.as_ref().is_some_and(|a| !ist_land(&a.land)) {
        return Err(Shared::feld(
            "/stammdaten/anschrift/land",
            "das Land ist ein ISO-Code aus zwei Großbuchstaben, z. B. DE",
        ));
    }
    Ok(daten)
}

impl Aggregate for Mandant {
    const NAME: &'static str = "Mandant";
    const TYPE: &'static str = "mandant";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "mandanten";
    const CREATE: &'static str = "Anlegen";
    const SYSTEM: bool = true;
    type Command = MandantCommand;
    type Event = MandantEvent;
    type Error = MandantError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn decide(&self, command: MandantCommand, ctx: &Context<'_>) -> Decision<Self> {
        match (self.status, command) {
            (
                MandantStatus::Neu,
                MandantCommand::Anlegen {
                    kuerzel,
                    stammdaten,
                    hauswaehrung,
                },
            ) => {
                if !kuerzel.chars().all(|c| c.is_ascii_alphanumeric()) {
                    return Err(Shared::feld("/kuerzel", "nur Buchstaben und Ziffern ohne Umlaute").into());
                }
                let hauswaehrung = hauswaehrung.map_or_else(|| "EUR".to_owned(), |w| w.to_string());
                if hauswaehrung != "EUR" {
                    return Err(MandantError::Hauswaehrung { hauswaehrung }.into());
                }
                let kuerzel = kuerzel.to_ascii_uppercase();
                Ok(vec![MandantEvent::Angelegt {
                    kuerzel,
                    stammdaten: pruefen(stammdaten)?,
                    hauswaehrung,
                }])
            }
            (MandantStatus::Aktiv, MandantCommand::StammdatenAendern { ab, stammdaten }) => {
                if ab < ctx.heute() {
                    return Err(Shared::feld("/ab", "Stammdaten gelten frühestens ab heute").into());
                }
                Ok(vec![MandantEvent::StammdatenGeaendert {
                    ab,
                    stammdaten: pruefen(stammdaten)?,
                }])
            }
            (MandantStatus::Aktiv, MandantCommand::Stilllegen { grund }) => Ok(vec![MandantEvent::Stillgelegt {
                grund: grund.to_string(),
            }]),
            (status, MandantCommand::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: MandantEvent) {
        match event {
            MandantEvent::Angelegt {
                kuerzel,
                stammdaten,
                hauswaehrung,
            } => {
                self.kuerzel = kuerzel;
                self.hauswaehrung = hauswaehrung;
                self.uebernehmen(stammdaten);
                self.status = MandantStatus::Aktiv;
            }
            MandantEvent::StammdatenGeaendert { ab, stammdaten } => {
                self.uebernehmen(stammdaten);
                self.stammdaten_ab = Some(ab);
            }
            MandantEvent::Stillgelegt { .. } => self.status = MandantStatus::Stillgelegt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            MandantStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_KUERZEL, "kuerzel", &*self.kuerzel)],
        }
    }
}
