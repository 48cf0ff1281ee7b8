//! The words of a Nummernkreis: patterns, gaps, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Text, Zeitlich};

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
        /// The year, from 1900 to the present one.
        jahr: i32,
    },
    /// Documents a gap: numbers below the counter that no document bears, which only a restore from backup can leave.
    /// That the numbers were drawn is checked; that no document bears them is the word of who documents it.
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
