//! Pages of the reports that list facts. All pages show the log as the first one did, whatever is booked meanwhile: joined
//! they are the whole.

use super::{Args, Parameter, ParameterArt, Source};
use crate::{
    api::problem::Problem,
    queries::{
        cursor::Cursor,
        params::{too_old, wrong},
    },
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

/// The page that was asked for. A row's place are the `N` numbers that the rows are sorted by: its position in the log,
/// with its number there if one position has several rows, with its day before them if the rows go by days.
pub(super) struct Seite<const N: usize> {
    /// The place of the last row before the page; zeros in front of the first.
    pub nach: [i64; N],
    /// True for the first page, which alone shows the totals.
    pub erste: bool,
    abfrage: String,
    /// Up to where in the log the first page showed it.
    stand: i64,
    epoche: i32,
    limit: i64,
}

impl<const N: usize> Seite<N> {
    /// Reads it, and takes a later page back to what the first one showed. `auswahl` is all that the rows depend on beside
    /// the moment of knowledge.
    pub fn lesen(source: &mut Source, args: &Args, auswahl: &str) -> Result<Self, Problem> {
        let mut seite = Self {
            nach: [0; N],
            erste: true,
            abfrage: format!("{auswahl}|{:?}", source.known),
            stand: source.upto,
            epoche: source.epoche,
            limit: args.number("limit").unwrap_or(DEFAULT_LIMIT),
        };
        if let Some(text) = args.text("cursor") {
            let cursor = Cursor::decode(text, &seite.abfrage)?;
            cursor.check_epoch(source.epoche)?;
            (seite.stand, seite.nach) = ort(&cursor)?;
            seite.erste = false;
            if seite.stand > source.upto {
                return Err(too_old(seite.stand));
            }
            source.upto = seite.stand;
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
            values: std::iter::once(self.stand)
                .chain(ort(letzte))
                .map(|n| Some(n.to_string()))
                .collect(),
            epoch: self.epoche,
        };
        Some(cursor.encode(&self.abfrage))
    }
}

/// What a cursor holds: the log as the first page showed it, and the place of the last row.
fn ort<const N: usize>(cursor: &Cursor) -> Result<(i64, [i64; N]), Problem> {
    let zahlen: Option<Vec<i64>> = cursor.values.iter().map(|v| v.as_ref()?.parse().ok()).collect();
    let gelesen = zahlen.as_deref().and_then(|zahlen| {
        let (stand, nach) = zahlen.split_first()?;
        Some((*stand, nach.try_into().ok()?))
    });
    gelesen.ok_or_else(|| wrong("cursor", "passt nicht zu dieser Abfrage; bitte von vorn lesen"))
}
