//! Waehrung: the rates of a currency, one stream per currency and year (fibu 1). A corrected rate never touches what was
//! posted with the old one.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Aggregate, Context, Decision, Refused, Shared, StreamKey,
    types::{Bereich, Dezimal, Kurs, Text, Zeitlich, zeitlich},
};

/// Decimals of a currency if none are named.
const NACHKOMMASTELLEN: u8 = 2;

/// Most decimals of a currency in ISO 4217.
const MAX_NACHKOMMASTELLEN: u8 = 4;

/// Status of a Waehrung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WaehrungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Takes rates.
    Aktiv,
}

/// A rate of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wechselkurs {
    /// The day.
    pub datum: NaiveDate,
    /// Foreign units per 1 EUR.
    pub kurs: Kurs,
    /// Where it was published.
    pub quelle: String,
    /// Why it was corrected.
    pub korrekturgrund: Option<String>,
}

impl Zeitlich for Wechselkurs {
    fn gueltig_ab(&self) -> NaiveDate {
        self.datum
    }
}

/// Folded state; serde gives the columns of `fibu.waehrung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waehrung {
    /// ISO 4217.
    pub iso: String,
    /// Year of its rates.
    pub jahr: i32,
    /// Decimals of an amount.
    pub nachkommastellen: u8,
    /// Status.
    pub status: WaehrungStatus,
    /// Rates, oldest first.
    pub kurse: Vec<Wechselkurs>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum WaehrungCommand {
    /// Begins a year of a currency.
    Anlegen {
        /// ISO 4217, three capitals; not EUR.
        iso: Text<3>,
        /// Year.
        jahr: i32,
        /// Decimals of an amount; 2 if absent.
        nachkommastellen: Option<u8>,
    },
    /// Records the rate of a day.
    KursErfassen {
        /// The day; in the year of the stream.
        datum: NaiveDate,
        /// Foreign units per 1 EUR, at most six decimals.
        kurs: Dezimal,
        /// Where it was published, e.g. `EZB`.
        quelle: Text<40>,
    },
    /// Corrects the rate of a day; what was posted stays.
    KursKorrigieren {
        /// The day.
        datum: NaiveDate,
        /// Foreign units per 1 EUR, at most six decimals.
        kurs: Dezimal,
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum WaehrungEvent {
    /// A year of a currency began.
    Angelegt {
        /// ISO 4217.
        iso: String,
        /// Year.
        jahr: i32,
        /// Decimals of an amount.
        nachkommastellen: u8,
    },
    /// A rate was recorded.
    KursErfasst {
        /// The rate.
        kurs: Wechselkurs,
    },
    /// A rate was corrected.
    KursKorrigiert {
        /// The rate.
        kurs: Wechselkurs,
        /// The rate before.
        vorher: Kurs,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum WaehrungError {
    /// The day has a rate.
    #[error("für {iso} gibt es am {datum} schon einen Kurs; korrigieren statt neu erfassen")]
    #[strum(serialize = "WAEHRUNG_KURS_VORHANDEN")]
    KursVorhanden {
        /// The currency.
        iso: String,
        /// The day.
        datum: NaiveDate,
    },
    /// The day has no rate.
    #[error("für {waehrung} gibt es am {datum} keinen Kurs; zuerst einen erfassen")]
    #[strum(serialize = "WAEHRUNG_KURS_FEHLT")]
    KursFehlt {
        /// The currency.
        waehrung: String,
        /// The day.
        datum: NaiveDate,
    },
}

crate::wire!(Waehrung, WaehrungCommand => WaehrungEvent | WaehrungError);

fn kurs(wert: Dezimal) -> Result<Kurs, Shared> {
    Kurs::positiv(wert).ok_or_else(|| {
        Shared::feld(
            "/kurs",
            "ein Kurs ist größer als 0 und hat höchstens sechs Nachkommastellen",
        )
    })
}

impl Waehrung {
    /// The newest rate of the year by a day; `WAEHRUNG_KURS_FEHLT` if there is none.
    pub fn kurs(&self, am: NaiveDate) -> Result<&Wechselkurs, WaehrungError> {
        zeitlich::am(&self.kurse, am).ok_or_else(|| WaehrungError::KursFehlt {
            waehrung: self.iso.clone(),
            datum: am,
        })
    }

    fn anlegen(iso: &str, jahr: i32, nachkommastellen: Option<u8>) -> Result<WaehrungEvent, Shared> {
        if iso.len() != 3 || !iso.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(Shared::feld(
                "/iso",
                "die Währung ist ein ISO-Code aus drei Großbuchstaben",
            ));
        }
        if iso == "EUR" {
            return Err(Shared::feld("/iso", "die Hauswährung EUR hat keinen Kurs"));
        }
        if !(1999..=2999).contains(&jahr) {
            return Err(Shared::feld("/jahr", "Kurse zum EUR gibt es seit 1999"));
        }
        let nachkommastellen = nachkommastellen.unwrap_or(NACHKOMMASTELLEN);
        if nachkommastellen > MAX_NACHKOMMASTELLEN {
            return Err(Shared::feld(
                "/nachkommastellen",
                "eine Währung hat höchstens 4 Nachkommastellen",
            ));
        }
        Ok(WaehrungEvent::Angelegt {
            iso: iso.to_owned(),
            jahr,
            nachkommastellen,
        })
    }

    fn kurs_erfassen(&self, neu: Wechselkurs, ctx: &Context<'_>) -> Decision<Self> {
        let datum = neu.datum;
        if datum.year() != self.jahr {
            return Err(Shared::feld("/datum", format!("das Datum liegt nicht im Jahr {}", self.jahr)).into());
        }
        if datum > ctx.heute() {
            return Err(Shared::DatumZukunft {
                feld: "/datum".to_owned(),
                spaetestens: ctx.heute(),
            }
            .into());
        }
        if self.kurse.iter().any(|k| k.datum == datum) {
            let iso = self.iso.clone();
            return Err(WaehrungError::KursVorhanden { iso, datum }.into());
        }
        Ok(vec![WaehrungEvent::KursErfasst { kurs: neu }])
    }

    fn kurs_korrigieren(&self, datum: NaiveDate, neu: Kurs, grund: &str) -> Decision<Self> {
        let Some(bisher) = self.kurse.iter().find(|k| k.datum == datum) else {
            let waehrung = self.iso.clone();
            return Err(Refused::Domain(WaehrungError::KursFehlt { waehrung, datum }));
        };
        Ok(vec![WaehrungEvent::KursKorrigiert {
            kurs: Wechselkurs {
                datum,
                kurs: neu,
                quelle: bisher.quelle.clone(),
                korrekturgrund: Some(grund.to_owned()),
            },
            vorher: bisher.kurs,
        }])
    }
}

impl Aggregate for Waehrung {
    const NAME: &'static str = "Waehrung";
    const TYPE: &'static str = "waehrung";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "waehrungen";
    const CREATE: &'static str = "Anlegen";
    type Command = WaehrungCommand;
    type Event = WaehrungEvent;
    type Error = WaehrungError;

    fn stream_key(command: &WaehrungCommand) -> Option<StreamKey> {
        match command {
            WaehrungCommand::Anlegen { iso, jahr, .. } => Some(StreamKey {
                feld: Some("iso"),
                wert: format!("{}/{jahr}", iso.as_str()),
            }),
            _ => None,
        }
    }

    fn decide(&self, command: WaehrungCommand, ctx: &Context<'_>) -> Decision<Self> {
        use WaehrungCommand as Cmd;
        match (self.status, command) {
            (
                WaehrungStatus::Neu,
                Cmd::Anlegen {
                    iso,
                    jahr,
                    nachkommastellen,
                },
            ) => Ok(vec![Self::anlegen(&iso, jahr, nachkommastellen)?]),
            (
                WaehrungStatus::Aktiv,
                Cmd::KursErfassen {
                    datum,
                    kurs: wert,
                    quelle,
                },
            ) => {
                let neu = Wechselkurs {
                    datum,
                    kurs: kurs(wert)?,
                    quelle: quelle.to_string(),
                    korrekturgrund: None,
                };
                self.kurs_erfassen(neu, ctx)
            }
            (
                WaehrungStatus::Aktiv,
                Cmd::KursKorrigieren {
                    datum,
                    kurs: wert,
                    grund,
                },
            ) => self.kurs_korrigieren(datum, kurs(wert)?, &grund),
            (status, Cmd::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: WaehrungEvent) {
        match event {
            WaehrungEvent::Angelegt {
                iso,
                jahr,
                nachkommastellen,
            } => {
                *self = Self {
                    iso,
                    jahr,
                    nachkommastellen,
                    status: WaehrungStatus::Aktiv,
                    kurse: Vec::new(),
                };
            }
            WaehrungEvent::KursErfasst { kurs } | WaehrungEvent::KursKorrigiert { kurs, .. } => {
                zeitlich::setzen(&mut self.kurse, kurs);
            }
        }
    }
}
