//! Nummernkreis: the definition of document numbers (dienste D2, fibu 10). The counter is a row of the log's schema,
//! raised in the append; a refused or crashed command leaves no gap. Stream id: UUIDv5 of the code.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Key, Shared,
    context::{Counter, stream_id},
    refusal::Refused,
    types::{Bereich, Stufe, Text, Zeitlich, zeitlich},
};

/// A number as it stands in a document's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Belegnummer {
    /// Code of the Nummernkreis.
    pub kreis: String,
    /// Year of the count; 0 for patterns without a year.
    pub jahr: i32,
    /// Running number.
    pub lfd: i64,
    /// The printed number, e.g. `KA-2026-000001`.
    pub text: String,
}

/// Status of a Nummernkreis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NummernkreisStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Gives numbers.
    Aktiv,
    /// Gives no more numbers.
    Gesperrt,
}

/// A pattern and the day it starts to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Muster {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// The pattern, e.g. `AU-{JJJJ}-{000000}`.
    pub muster: String,
}

impl Zeitlich for Muster {
    fn gueltig_ab(&self) -> NaiveDate {
        self.gueltig_ab
    }
}

/// A year that is closed for new numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GeschlossenesJahr {
    /// The year.
    pub jahr: i32,
}

/// A gap with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Luecke {
    /// Running number within this list.
    pub nr: i32,
    /// Year of the count.
    pub jahr: i32,
    /// First missing number.
    pub von: i64,
    /// Last missing number.
    pub bis: i64,
    /// Why.
    pub grund: String,
}

/// Folded state; serde gives the columns of `dienste.nummernkreis`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Nummernkreis {
    /// Code, e.g. `AR`.
    pub code: String,
    /// First number of a year.
    pub start: i64,
    /// A gap is an error that is shown.
    pub lueckenlos: bool,
    /// Dates must follow the numbers.
    pub chronologisch: bool,
    /// Status.
    pub status: NummernkreisStatus,
    /// Patterns, oldest first.
    pub muster: Vec<Muster>,
    /// Closed years.
    pub geschlossene_jahre: Vec<GeschlossenesJahr>,
    /// Documented gaps.
    pub luecken: Vec<Luecke>,
}

/// Commands. Numbers are drawn inline by the document's own command.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum NummernkreisCommand {
    /// Creates a Nummernkreis.
    Anlegen {
        /// Code: capitals, digits, `_`.
        code: Text<12>,
        /// Pattern with one counter `{000…}` and optionally `{JJJJ}`.
        muster: Text<40>,
        /// First number, usually 1.
        start: i64,
        /// A gap is an error.
        lueckenlos: bool,
        /// Dates must follow the numbers.
        chronologisch: bool,
    },
    /// Changes the pattern from a day on.
    MusterAendern {
        /// New pattern.
        muster: Text<40>,
        /// First day, not before today.
        gueltig_ab: NaiveDate,
    },
    /// Closes a year: no more numbers for documents of that year.
    JahrSchliessen {
        /// The year.
        jahr: i32,
    },
    /// Documents a gap, only after a restore from backup.
    LueckeDokumentieren {
        /// Year of the count.
        jahr: i32,
        /// First missing number.
        von: i64,
        /// Last missing number.
        bis: i64,
        /// Why.
        grund: Text<500>,
    },
    /// Ends the giving of numbers.
    Sperren {
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum NummernkreisEvent {
    /// Exists.
    Angelegt {
        /// Code.
        code: String,
        /// Pattern.
        muster: String,
        /// Day from which the pattern holds.
        gueltig_ab: NaiveDate,
        /// First number.
        start: i64,
        /// Gapless.
        lueckenlos: bool,
        /// Chronological.
        chronologisch: bool,
    },
    /// The pattern changes.
    MusterGeaendert {
        /// New pattern.
        muster: String,
        /// First day.
        gueltig_ab: NaiveDate,
    },
    /// A year is closed.
    JahrGeschlossen {
        /// The year.
        jahr: i32,
    },
    /// A gap is documented.
    LueckeDokumentiert {
        /// Year of the count.
        jahr: i32,
        /// First missing number.
        von: i64,
        /// Last missing number.
        bis: i64,
        /// Why.
        grund: String,
    },
    /// Gives no more numbers.
    Gesperrt {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum NummernkreisError {
    /// No counter in the pattern.
    #[error("das Muster „{muster}“ hat keinen Zähler; genau ein {{000…}} ist nötig, dazu höchstens ein {{JJJJ}}")]
    #[strum(serialize = "NUMMERNKREIS_MUSTER_OHNE_ZAEHLER")]
    MusterOhneZaehler {
        /// The pattern.
        muster: String,
    },
    /// The year is closed.
    #[error("das Jahr {jahr} des Nummernkreises {kreis} ist geschlossen; es nimmt keine Belege mehr auf")]
    #[strum(serialize = "NUMMERNKREIS_JAHR_GESCHLOSSEN")]
    JahrGeschlossen {
        /// Code of the Nummernkreis.
        kreis: String,
        /// The year.
        jahr: i32,
    },
    /// The counter does not fit into the pattern any more.
    #[error(
        "der Nummernkreis {kreis} ist erschöpft: {lfd} passt nicht in das Muster „{muster}“; Muster mit mehr Stellen setzen"
    )]
    #[strum(serialize = "NUMMERNKREIS_ERSCHOEPFT")]
    Erschoepft {
        /// Code of the Nummernkreis.
        kreis: String,
        /// The pattern.
        muster: String,
        /// The number that does not fit.
        lfd: i64,
    },
    /// Backwards in time or numbers.
    #[error("rückwärts geht es nicht: {grund}")]
    #[strum(serialize = "NUMMERNKREIS_RUECKWAERTS")]
    Rueckwaerts {
        /// What would go backwards.
        grund: String,
    },
}

crate::wire!(Nummernkreis, NummernkreisCommand => NummernkreisEvent | NummernkreisError);

/// The parts of a pattern.
pub(crate) struct Zerlegt<'a> {
    vor: &'a str,
    stellen: usize,
    nach: &'a str,
}

impl Zerlegt<'_> {
    pub(crate) fn fasst(&self, lfd: i64) -> bool {
        lfd.to_string().len() <= self.stellen
    }

    /// The pattern with a number in place of its counter.
    pub(crate) fn mit(&self, lfd: i64) -> String {
        format!("{}{lfd:0breite$}{}", self.vor, self.nach, breite = self.stellen)
    }
}

/// Splits a pattern at its counter `{000…}`; `{JJJJ}` stays in the text parts.
pub(crate) fn zerlegen(muster: &str) -> Option<Zerlegt<'_>> {
    let von = muster.find("{0")?;
    let bis = von + muster[von..].find('}')?;
    let zaehler = &muster[von + 1..bis];
    let (vor, nach) = (&muster[..von], &muster[bis + 1..]);
    // A line break is allowed in texts, but not in a printed number.
    let einzeilig = !muster.contains(char::is_control);
    let nur_nullen = zaehler.bytes().all(|b| b == b'0') && (1..=12).contains(&zaehler.len());
    let jahre = muster.matches("{JJJJ}").count();
    let rest = muster
        .replacen("{JJJJ}", "", 1)
        .replacen(&format!("{{{zaehler}}}"), "", 1);
    (nur_nullen && einzeilig && jahre <= 1 && !rest.contains(['{', '}'])).then_some(Zerlegt {
        vor,
        stellen: zaehler.len(),
        nach,
    })
}

/// A pattern must have a counter, and the counter must hold at least the first number.
fn muster_pruefen(kreis: &str, muster: &str, start: i64) -> Result<String, NummernkreisError> {
    let muster = muster.to_owned();
    match zerlegen(&muster) {
        None => Err(NummernkreisError::MusterOhneZaehler { muster }),
        Some(teile) if !teile.fasst(start) => Err(NummernkreisError::Erschoepft {
            kreis: kreis.to_owned(),
            muster,
            lfd: start,
        }),
        Some(_) => Ok(muster),
    }
}

impl Nummernkreis {
    /// Scope of the code's claim.
    pub const KEY_CODE: &'static str = "nummernkreis.code";

    /// Stream of a code.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid, code: &str) -> Uuid {
        stream_id(mandant_id, Self::TYPE, code)
    }

    fn muster_am(&self, datum: NaiveDate) -> Option<&str> {
        // Dates before the first pattern take the first one.
        let gueltig = zeitlich::am(&self.muster, datum).or_else(|| self.muster.first());
        gueltig.map(|m| m.muster.as_str())
    }

    /// The year a document of `datum` counts in: its calendar year, or 0 if the pattern has no year.
    #[must_use]
    pub fn zaehljahr(&self, datum: NaiveDate) -> i32 {
        match self.muster_am(datum) {
            Some(muster) if muster.contains("{JJJJ}") => datum.year(),
            _ => 0,
        }
    }

    /// The number after `counter` for a document of `datum`.
    pub fn naechste(&self, datum: NaiveDate, counter: Counter) -> Result<Belegnummer, Refused<NummernkreisError>> {
        if self.status != NummernkreisStatus::Aktiv {
            return Err(Shared::status(self.status, &["aktiv"]).into());
        }
        let kreis = self.code.clone();
        let jahr = self.zaehljahr(datum);
        if self.geschlossene_jahre.iter().any(|g| g.jahr == jahr) {
            return Err(NummernkreisError::JahrGeschlossen { kreis, jahr }.into());
        }
        if let Some(letztes) = counter.letztes_datum.filter(|l| self.chronologisch && datum < *l) {
            let grund =
                format!("{kreis} ist chronologisch, die letzte Nummer trägt das Datum {letztes}, nicht {datum}");
            return Err(NummernkreisError::Rueckwaerts { grund }.into());
        }
        let lfd = counter.stand.saturating_add(1).max(self.start);
        let muster = self.muster_am(datum).unwrap_or_default();
        let ohne_zaehler = || NummernkreisError::MusterOhneZaehler {
            muster: muster.to_owned(),
        };
        let teile = zerlegen(muster).ok_or_else(ohne_zaehler)?;
        if !teile.fasst(lfd) {
            let muster = muster.to_owned();
            return Err(NummernkreisError::Erschoepft { kreis, muster, lfd }.into());
        }
        let text = teile.mit(lfd);
        Ok(Belegnummer {
            kreis,
            jahr,
            lfd,
            text: text.replace("{JJJJ}", &format!("{jahr:04}")),
        })
    }
}

impl Aggregate for Nummernkreis {
    const NAME: &'static str = "Nummernkreis";
    const TYPE: &'static str = "nummernkreis";
    const BEREICH: Bereich = Bereich::Dienste;
    const RESSOURCE: &'static str = "nummernkreise";
    const CREATE: &'static str = "Anlegen";
    type Command = NummernkreisCommand;
    type Event = NummernkreisEvent;
    type Error = NummernkreisError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn stream_key(command: &NummernkreisCommand) -> Option<String> {
        match command {
            NummernkreisCommand::Anlegen { code, .. } => Some(code.to_string()),
            _ => None,
        }
    }

    fn decide(&self, command: NummernkreisCommand, ctx: &Context<'_>) -> Decision<Self> {
        match (self.status, command) {
            (
                NummernkreisStatus::Neu,
                NummernkreisCommand::Anlegen {
                    code,
                    muster,
                    start,
                    lueckenlos,
                    chronologisch,
                },
            ) => {
                if !code
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
                {
                    return Err(Shared::feld("/code", "nur Großbuchstaben, Ziffern und _").into());
                }
                if start < 1 {
                    return Err(Shared::feld("/start", "die erste Nummer ist mindestens 1").into());
                }
                let code = code.to_string();
                let muster = muster_pruefen(&code, &muster, start)?;
                let gueltig_ab = ctx.heute();
                Ok(vec![NummernkreisEvent::Angelegt {
                    code,
                    muster,
                    gueltig_ab,
                    start,
                    lueckenlos,
                    chronologisch,
                }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::MusterAendern { muster, gueltig_ab }) => {
                if gueltig_ab < ctx.heute() {
                    let grund = "ein Muster gilt frühestens ab heute".to_owned();
                    return Err(NummernkreisError::Rueckwaerts { grund }.into());
                }
                Ok(vec![NummernkreisEvent::MusterGeaendert {
                    muster: muster_pruefen(&self.code, &muster, self.start)?,
                    gueltig_ab,
                }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::JahrSchliessen { jahr }) => {
                if self.geschlossene_jahre.iter().any(|g| g.jahr == jahr) {
                    return Err(NummernkreisError::JahrGeschlossen {
                        kreis: self.code.clone(),
                        jahr,
                    }
                    .into());
                }
                Ok(vec![NummernkreisEvent::JahrGeschlossen { jahr }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::LueckeDokumentieren { jahr, von, bis, grund }) => {
                if von < 1 || bis < von {
                    return Err(Shared::feld("/bis", "von und bis sind Nummern mit 1 ≤ von ≤ bis").into());
                }
                Ok(vec![NummernkreisEvent::LueckeDokumentiert {
                    jahr,
                    von,
                    bis,
                    grund: grund.to_string(),
                }])
            }
            (NummernkreisStatus::Aktiv, NummernkreisCommand::Sperren { grund }) => {
                Ok(vec![NummernkreisEvent::Gesperrt {
                    grund: grund.to_string(),
                }])
            }
            (status, NummernkreisCommand::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: NummernkreisEvent) {
        match event {
            NummernkreisEvent::Angelegt {
                code,
                muster,
                gueltig_ab,
                start,
                lueckenlos,
                chronologisch,
            } => {
                self.code = code;
                self.start = start;
                self.lueckenlos = lueckenlos;
                self.chronologisch = chronologisch;
                self.muster.push(Muster { gueltig_ab, muster });
                self.status = NummernkreisStatus::Aktiv;
            }
            NummernkreisEvent::MusterGeaendert { muster, gueltig_ab } => {
                zeitlich::setzen(&mut self.muster, Muster { gueltig_ab, muster });
            }
            NummernkreisEvent::JahrGeschlossen { jahr } => self.geschlossene_jahre.push(GeschlossenesJahr { jahr }),
            NummernkreisEvent::LueckeDokumentiert { jahr, von, bis, grund } => {
                let nr = i32::try_from(self.luecken.len()).unwrap_or(i32::MAX) + 1;
                self.luecken.push(Luecke {
                    nr,
                    jahr,
                    von,
                    bis,
                    grund,
                });
            }
            NummernkreisEvent::Gesperrt { .. } => self.status = NummernkreisStatus::Gesperrt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            NummernkreisStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_CODE, "code", &*self.code)],
        }
    }
}
