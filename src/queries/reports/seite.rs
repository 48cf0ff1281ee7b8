//! Pages of the reports that list facts in the order of the log.

use super::{Args, Parameter, ParameterArt, Source};
use crate::{
    api::problem::Problem,
    queries::{cursor::Cursor, params::wrong},
};

/// Largest page; an export of a year takes few of them.
const MAX_LIMIT: i64 = 10_000;

/// Rows of a page if none are asked for.
const DEFAULT_LIMIT: i64 = 1_000;

/// How many rows.
pub(super) const LIMIT: Parameter = Parameter::optional("limit", ParameterArt::Limit(MAX_LIMIT), "Zeilen je Seite");

/// From where.
pub(super) const CURSOR: Parameter =
    Parameter::optional("cursor", ParameterArt::Text, "Wert aus „weiter“ der vorigen Seite");

/// The page that was asked for. A row's place is its position in the log, with its number there if it has `N` = 2.
pub(super) struct Seite<const N: usize> {
    /// The place of the last row before the page; zeros in front of the first.
    pub nach: [i64; N],
    /// True for the first page, which alone shows the totals.
    pub erste: bool,
    abfrage: String,
    epoche: i32,
    limit: i64,
}

impl<const N: usize> Seite<N> {
    /// Reads it. `auswahl` is all that the rows depend on beside the moment of knowledge.
    pub fn lesen(source: &Source, args: &Args, auswahl: &str) -> Result<Self, Problem> {
        let mut seite = Self {
            nach: [0; N],
            erste: true,
            abfrage: format!("{auswahl}|{:?}", source.known),
            epoche: source.epoche,
            limit: args.number("limit").unwrap_or(DEFAULT_LIMIT),
        };
        if let Some(text) = args.text("cursor") {
            let cursor = Cursor::decode(text, &seite.abfrage)?;
            cursor.check_epoch(source.epoche)?;
            seite.nach = ort(&cursor)?;
            seite.erste = false;
        }
        Ok(seite)
    }

    /// How many rows to read: one more than the page holds tells whether another follows.
    pub fn zu_lesen(&self) -> i64 {
        self.limit + 1
    }

    /// Cuts what was read to the page; the answer is the cursor of the next one.
    pub fn schneiden<R>(&self, rows: &mut Vec<R>, ort: impl Fn(&R) -> [i64; N]) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let weiter = rows.len() > limit;
        rows.truncate(limit);
        let letzte = rows.last().filter(|_| weiter)?;
        let cursor = Cursor {
            values: ort(letzte).iter().map(|n| Some(n.to_string())).collect(),
            epoch: self.epoche,
        };
        Some(cursor.encode(&self.abfrage))
    }
}

fn ort<const N: usize>(cursor: &Cursor) -> Result<[i64; N], Problem> {
    let zahlen: Option<Vec<i64>> = cursor.values.iter().map(|v| v.as_ref()?.parse().ok()).collect();
    zahlen
        .and_then(|zahlen| zahlen.try_into().ok())
        .ok_or_else(|| wrong("cursor", "passt nicht zu dieser Abfrage; bitte von vorn lesen"))
}
