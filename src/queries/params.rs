//! Query parameters: each is known and given once, or the request is refused with what is possible.

use aggregates::Refusal;
use axum::{extract::Query, http::Uri};
use chrono::NaiveDate;
use serde_json::json;

use super::zeit;
use crate::api::problem::Problem;

/// Longest value of a parameter in bytes; a list of 200 UUIDs fits.
const MAX_VALUE_BYTES: usize = 8_000;

/// Largest page.
pub const MAX_LIMIT: i64 = 200;

/// Size of a page if none is asked for.
pub const DEFAULT_LIMIT: i64 = 50;

/// The parameters of a request, taken out one by one; what is left at the end is unknown.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of a URI.
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| wrong("", "die Parameter hinter dem Fragezeichen sind nicht lesbar"))?;
        Self::new(pairs)
    }

    /// From pairs of name and value.
    pub fn new(pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        for (i, (name, value)) in pairs.iter().enumerate() {
            if pairs.iter().take(i).any(|(earlier, _)| earlier == name) {
                return Err(wrong(
                    name,
                    "steht mehrfach da; mehrere Werte eines Felds gehen mit feld[in]=a,b",
                ));
            }
            if value.len() > MAX_VALUE_BYTES || value.contains('\0') {
                return Err(wrong(name, "der Wert ist zu lang oder enthält ein Nullzeichen"));
            }
        }
        Ok(Self(pairs))
    }

    /// True if a parameter is given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// Gives a parameter a value, in place of the one that it may have.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.take(name);
        self.0.push((name.to_owned(), value.into()));
    }

    /// Takes a parameter out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// Takes a page size out.
    pub fn limit(&mut self, default: i64, max: i64) -> Result<i64, Problem> {
        let Some(text) = self.take("limit") else {
            return Ok(default);
        };
        match text.parse::<i64>() {
            Ok(limit) if limit > max => Err(limit_exceeded(
                format!("eine Seite hat höchstens {max} Einträge; limit verkleinern und weiterblättern"),
                max,
            )),
            Ok(limit) if limit >= 1 => Ok(limit),
            _ => Err(wrong("limit", format!("eine ganze Zahl von 1 bis {max}"))),
        }
    }

    /// Takes a yes or no out; absent is no.
    pub fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(wrong(name, "true oder false")),
        }
    }

    /// Takes a date out.
    pub fn date(&mut self, name: &str) -> Result<Option<NaiveDate>, Problem> {
        self.take(name)
            .map(|text| zeit::datum(&text).ok_or_else(|| wrong(name, "ein Datum der Form 2026-01-31")))
            .transpose()
    }

    /// Takes a positive whole number out.
    pub fn positive(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        self.take(name)
            .map(|text| {
                text.parse::<i64>()
                    .ok()
                    .filter(|n| *n >= 1)
                    .ok_or_else(|| wrong(name, "eine ganze Zahl ab 1"))
            })
            .transpose()
    }

    /// What was not taken.
    pub fn rest(self) -> Vec<(String, String)> {
        self.0
    }

    /// Refuses what was not taken.
    pub fn finish(self, allowed: &[&str]) -> Result<(), Problem> {
        match self.0.first() {
            Some((name, _)) => Err(unknown(name, allowed)),
            None => Ok(()),
        }
    }
}

/// A parameter with a value that cannot be read.
pub fn wrong(name: &str, message: impl Into<String>) -> Problem {
    Refusal::input(400, name, "WERT_UNGUELTIG", message).into()
}

/// A parameter that is readable but does not fit.
pub fn unfit(name: &str, message: impl Into<String>) -> Problem {
    Refusal::input(422, name, "WERT_UNGUELTIG", message).into()
}

/// A parameter that does not exist here.
pub fn unknown(name: &str, allowed: &[&str]) -> Problem {
    let text = if allowed.is_empty() {
        "diesen Parameter gibt es hier nicht; es gibt keine".to_owned()
    } else {
        format!(
            "diesen Parameter gibt es hier nicht; erlaubt sind: {}",
            allowed.join(", ")
        )
    };
    Refusal::input(400, name, "PARAMETER_UNBEKANNT", text).into()
}

/// `API_LIMIT`.
pub fn limit_exceeded(detail: String, max: i64) -> Problem {
    Refusal::new("API_LIMIT", 422, detail, json!({ "max": max })).into()
}

/// `ABFRAGE_ZU_ALT`.
pub fn too_old(needed: i64) -> Problem {
    let text = format!(
        "diese Abfrage hat das Journal noch nicht bis Position {needed} gesehen; bitte gleich noch einmal abrufen"
    );
    Problem::new("ABFRAGE_ZU_ALT", 503, text).retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Result<Params, Problem> {
        Params::of(&format!("/x?{query}").parse().unwrap())
    }

    #[test]
    fn a_limit_over_200_is_refused_with_the_maximum() {
        let refused = params("limit=201").unwrap().limit(50, 200).unwrap_err();
        assert_eq!((refused.code(), refused.status()), ("API_LIMIT", 422));
        assert_eq!(refused.body()["daten"]["max"], 200);
        assert_eq!(params("").unwrap().limit(50, 200).unwrap(), 50);
        assert_eq!(params("limit=200").unwrap().limit(50, 200).unwrap(), 200);
        for wrong in ["0", "-1", "viele", "1.5"] {
            let refused = params(&format!("limit={wrong}")).unwrap().limit(50, 200).unwrap_err();
            assert_eq!(
                (refused.code(), refused.status()),
                ("EINGABE_UNGUELTIG", 400),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_its_name_and_what_is_allowed() {
        let refused = params("farbe=rot").unwrap().finish(&["limit", "cursor"]).unwrap_err();
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.body()["felder"][0]["feld"], "farbe");
        assert!(
            refused.body()["felder"][0]["meldung"]
                .as_str()
                .unwrap()
                .contains("limit, cursor")
        );
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        assert_eq!(params("a=1&a=2").unwrap_err().body()["felder"][0]["feld"], "a");
        let mut umlaut = params("suche=M%C3%BCller+GmbH").unwrap();
        assert_eq!(umlaut.take("suche").unwrap(), "Müller GmbH");
    }
}
