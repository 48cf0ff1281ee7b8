//! Mandant: the company, unit of isolation and seller on every document (dienste D2). Lives in the system Mandant;
//! its stream id is the `mandant_id` of all its data.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Aggregate, Context, Decision, Key, Shared, angaben,
    types::{Bereich, Stufe, Text, Zeitlich, zeitlich},
};

/// The day from which master data hold that were recorded without one.
const SEIT_JEHER: &str = "1900-01-01";

/// The short name by which a request means the system itself: a company of that name could not be reached.
pub const VORBEHALTEN: &str = "SYSTEM";

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

/// Master data with the day they begin to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stammdatenstand {
    /// First day.
    pub gueltig_ab: NaiveDate,
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
}

impl Zeitlich for Stammdatenstand {
    fn gueltig_ab(&self) -> NaiveDate {
        self.gueltig_ab
    }
}

impl Stammdatenstand {
    pub(super) fn neu(gueltig_ab: NaiveDate, daten: Stammdaten) -> Self {
        let (strasse, ort) = daten.anschrift.map(|a| (a.strasse.clone(), a)).unzip();
        Self {
            gueltig_ab,
            firma: daten.firma.to_string(),
            strasse: strasse.flatten().map(|s| s.to_string()),
            plz: ort.as_ref().map(|a| a.plz.to_string()),
            ort: ort.as_ref().map(|a| a.ort.to_string()),
            land: ort.as_ref().map(|a| a.land.to_string()),
            ust_id: daten.ust_id.map(|t| t.to_string()),
            steuernummer: daten.steuernummer.map(|t| t.to_string()),
        }
    }
}

/// Folded state; serde gives the columns of `dienste.mandant`. The master data of the head are those in force.
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
    /// First day of the master data in force.
    pub stammdaten_ab: NaiveDate,
    /// Status.
    pub status: MandantStatus,
    /// All master data, past, present and planned, oldest first.
    pub stammdaten: Vec<Stammdatenstand>,
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
    /// Replaces the master data from a day on; data planned for the same day give way.
    StammdatenAendern {
        /// First day of the new data, not before today.
        ab: NaiveDate,
        /// The new master data, complete.
        stammdaten: Stammdaten,
    },
    /// Puts planned master data in force; sent on their first day.
    StammdatenInKraftSetzen {
        /// Their first day.
        ab: NaiveDate,
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
        /// First day of the master data.
        ab: NaiveDate,
        /// Master data.
        stammdaten: Stammdaten,
        /// Currency of the books.
        hauswaehrung: String,
    },
    /// New master data from a day on.
    StammdatenGeaendert {
        /// First day.
        ab: NaiveDate,
        /// The new data.
        stammdaten: Stammdaten,
    },
    /// The master data of that day are in force.
    StammdatenInKraftGesetzt {
        /// Their first day.
        ab: NaiveDate,
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

    /// The master data of a day: the newest that hold by then, for days before the company's first ones those.
    pub fn stammdaten_am(&self, datum: NaiveDate) -> Option<&Stammdatenstand> {
        zeitlich::am(&self.stammdaten, datum).or_else(|| self.stammdaten.first())
    }

    fn in_kraft_setzen(&mut self, ab: NaiveDate) {
        let Some(stand) = self.stammdaten.iter().find(|s| s.gueltig_ab == ab).cloned() else {
            return;
        };
        self.stammdaten_ab = ab;
        self.firma = stand.firma;
        self.strasse = stand.strasse;
        self.plz = stand.plz;
        self.ort = stand.ort;
        self.land = stand.land;
        self.ust_id = stand.ust_id;
        self.steuernummer = stand.steuernummer;
    }
}

/// Checks what the reader of the body cannot.
fn pruefen(mut daten: Stammdaten) -> Result<Stammdaten, Shared> {
    if let Some(ust_id) = &daten.ust_id {
        daten.ust_id = Some(Text::cut(&angaben::ust_id(ust_id, "/stammdaten/ust_id")?));
    }
    if let Some(anschrift) = &daten.anschrift {
        angaben::land(&anschrift.land, "/stammdaten/anschrift/land")?;
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
    const INTERNAL: &'static [&'static str] = &["StammdatenInKraftSetzen"];
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
                if kuerzel.eq_ignore_ascii_case(VORBEHALTEN) {
                    let meldung = "SYSTEM meint überall das System selbst; bitte ein anderes Kürzel wählen";
                    return Err(Shared::feld("/kuerzel", meldung).into());
                }
                let hauswaehrung = hauswaehrung.map_or_else(|| "EUR".to_owned(), |w| w.to_string());
                if hauswaehrung != "EUR" {
                    return Err(MandantError::Hauswaehrung { hauswaehrung }.into());
                }
                let kuerzel = kuerzel.to_ascii_uppercase();
                Ok(vec![MandantEvent::Angelegt {
                    kuerzel,
                    ab: ctx.heute(),
                    stammdaten: pruefen(stammdaten)?,
                    hauswaehrung,
                }])
            }
            (MandantStatus::Aktiv, MandantCommand::StammdatenAendern { ab, stammdaten }) => {
                if ab < ctx.heute() {
                    return Err(Shared::feld("/ab", "Stammdaten gelten frühestens ab heute").into());
                }
                let stammdaten = pruefen(stammdaten)?;
                let mut events = vec![MandantEvent::StammdatenGeaendert { ab, stammdaten }];
                if ab == ctx.heute() {
                    events.push(MandantEvent::StammdatenInKraftGesetzt { ab });
                }
                Ok(events)
            }
            // Already in force or overtaken: nothing is left to do.
            (MandantStatus::Aktiv, MandantCommand::StammdatenInKraftSetzen { ab }) if ab <= self.stammdaten_ab => {
                Ok(Vec::new())
            }
            (MandantStatus::Aktiv, MandantCommand::StammdatenInKraftSetzen { ab }) => {
                if ab > ctx.heute() {
                    return Err(Shared::feld("/ab", "die Stammdaten gelten noch nicht").into());
                }
                Ok(vec![MandantEvent::StammdatenInKraftGesetzt { ab }])
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
                ab,
                stammdaten,
                hauswaehrung,
            } => {
                self.kuerzel = kuerzel;
                self.hauswaehrung = hauswaehrung;
                zeitlich::setzen(&mut self.stammdaten, Stammdatenstand::neu(ab, stammdaten));
                self.in_kraft_setzen(ab);
                self.status = MandantStatus::Aktiv;
            }
            MandantEvent::StammdatenGeaendert { ab, stammdaten } => {
                zeitlich::setzen(&mut self.stammdaten, Stammdatenstand::neu(ab, stammdaten));
            }
            MandantEvent::StammdatenInKraftGesetzt { ab } => self.in_kraft_setzen(ab),
            MandantEvent::Stillgelegt { .. } => self.status = MandantStatus::Stillgelegt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            MandantStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_KUERZEL, "kuerzel", &*self.kuerzel)],
        }
    }

    fn event_version(event: &str) -> u16 {
        match event {
            "Angelegt" => 2,
            _ => 1,
        }
    }

    /// The first form of `Angelegt` named no day: its master data held from ever on.
    fn upcast(event: &str, version: u16, mut payload: Value) -> Option<Value> {
        match (event, version) {
            ("Angelegt", 1) => payload.as_object_mut()?.insert("ab".to_owned(), json!(SEIT_JEHER)),
            _ => return None,
        };
        Some(payload)
    }
}
