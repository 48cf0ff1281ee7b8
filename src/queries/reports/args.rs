//! Parameters of reports: declared once, read and checked by their declaration.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{COMMON, Report};
use crate::{
    api::problem::Problem,
    queries::params::{Params, limit_exceeded, unfit, wrong},
};

/// Type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterArt {
    /// yyyy-mm-dd.
    Datum,
    /// Digits of an account.
    Konto,
    /// Whole number from 1 on.
    Zahl,
    /// true or false.
    Ja,
    /// Page size with its maximum.
    Limit(i64),
    /// Free text.
    Text,
}

/// What a report may be asked with, as it is declared: read, checked and described in OpenAPI by it.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Name in the query.
    pub name: &'static str,
    /// Type.
    pub art: ParameterArt,
    /// Must be given.
    pub pflicht: bool,
    /// German description.
    pub beschreibung: &'static str,
}

impl Parameter {
    /// May be absent.
    #[must_use]
    pub const fn optional(name: &'static str, art: ParameterArt, beschreibung: &'static str) -> Self {
        Self {
            name,
            art,
            pflicht: false,
            beschreibung,
        }
    }

    /// Must be given.
    #[must_use]
    pub const fn required(name: &'static str, art: ParameterArt, beschreibung: &'static str) -> Self {
        Self {
            name,
            art,
            pflicht: true,
            beschreibung,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wert {
    Datum(NaiveDate),
    Zahl(i64),
    Ja(bool),
    Text(String),
}

/// The parameters of a report as given, each of its declared type.
#[derive(Debug, Clone, Default)]
pub struct Args(BTreeMap<&'static str, Wert>);

impl Args {
    /// Reads a report's own parameters.
    pub fn parse(report: &Report, mut params: Params) -> Result<Self, Problem> {
        let mut args = BTreeMap::new();
        for parameter in report.parameter {
            let name = parameter.name;
            let wert = match parameter.art {
                ParameterArt::Datum => params.date(name)?.map(Wert::Datum),
                ParameterArt::Zahl => params.positive(name)?.map(Wert::Zahl),
                ParameterArt::Limit(max) => match params.positive(name)? {
                    Some(limit) if limit > max => {
                        return Err(limit_exceeded(format!("eine Seite hat höchstens {max} Zeilen"), max));
                    }
                    limit => limit.map(Wert::Zahl),
                },
                ParameterArt::Ja => Some(Wert::Ja(params.flag(name)?)),
                ParameterArt::Text => params.take(name).map(Wert::Text),
                ParameterArt::Konto => match params.take(name) {
                    Some(text) if text.is_empty() || text.len() > 9 || !text.bytes().all(|b| b.is_ascii_digit()) => {
                        return Err(wrong(name, "eine Kontonummer aus Ziffern"));
                    }
                    text => text.map(Wert::Text),
                },
            };
            match wert {
                Some(wert) => {
                    args.insert(name, wert);
                }
                None if parameter.pflicht => {
                    return Err(wrong(name, format!("fehlt: {}", parameter.beschreibung)));
                }
                None => {}
            }
        }
        let allowed: Vec<&str> = report.parameter.iter().chain(COMMON).map(|p| p.name).collect();
        params.finish(&allowed)?;
        Ok(Self(args))
    }

    /// The date under a name; `None` if it was not given, or is of another type.
    #[must_use]
    pub fn date(&self, name: &str) -> Option<NaiveDate> {
        match self.0.get(name) {
            Some(Wert::Datum(date)) => Some(*date),
            _ => None,
        }
    }

    /// The days `von` and `bis`, each of which may be open.
    pub fn zeitraum(&self) -> Result<(Option<NaiveDate>, Option<NaiveDate>), Problem> {
        let (von, bis) = (self.date("von"), self.date("bis"));
        match (von, bis) {
            (Some(von), Some(bis)) if von > bis => Err(unfit("von", format!("liegt nach bis ({bis})"))),
            zeitraum => Ok(zeitraum),
        }
    }

    /// A whole number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Wert::Zahl(number)) => Some(*number),
            _ => None,
        }
    }

    /// A yes or no.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Wert::Ja(true))
    }

    /// The text or number of an account under a name; `None` if it was not given, or is of another type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Wert::Text(text)) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::reports::find;

    fn parse(report: &str, query: &str) -> Result<Args, Problem> {
        let params = Params::of(&format!("/r?{query}").parse().unwrap()).unwrap();
        Args::parse(find(report).unwrap(), params)
    }

    #[test]
    fn parameters_are_read_by_their_declaration() {
        let args = parse("kontenblatt", "konto=6815&von=2026-01-01").unwrap();
        assert_eq!(args.text("konto"), Some("6815"));
        assert_eq!(args.date("von"), NaiveDate::from_ymd_opt(2026, 1, 1));
        assert_eq!(args.date("bis"), None);
        let missing = parse("kontenblatt", "").unwrap_err();
        assert_eq!(
            (missing.status(), missing.body()["felder"][0]["feld"].as_str()),
            (400, Some("konto"))
        );
        assert_eq!(parse("kontenblatt", "konto=68a").unwrap_err().status(), 400);
        let unknown = parse("kontenblatt", "konto=1&kosten=1").unwrap_err().body();
        assert!(
            unknown["felder"][0]["meldung"]
                .as_str()
                .unwrap()
                .contains("konto, von, bis, limit, cursor, bekannt_am")
        );
        assert_eq!(parse("journal", "limit=10001").unwrap_err().code(), "API_LIMIT");
    }
}
