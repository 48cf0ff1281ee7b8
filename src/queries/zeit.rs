//! Days and moments as they come in and go out.

use aggregates::types::kalender;
pub use aggregates::types::kalender::{ende, tag};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, SecondsFormat, Utc};

/// True for moments of the years that RFC 3339 can write and the database counts as we do.
fn darstellbar(moment: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&moment.year())
}

/// The first instant of a business day; of the first day of all, whose first hour in Berlin lies before the year 1, that
/// of the year.
#[must_use]
pub fn beginn(tag: NaiveDate) -> DateTime<Utc> {
    let beginn = Some(kalender::beginn(tag)).filter(darstellbar);
    beginn.unwrap_or_else(|| tag.and_time(NaiveTime::MIN).and_utc())
}

/// RFC 3339, also where a `+` of the offset arrived as a blank because the client did not escape it.
#[must_use]
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc3339(&text.replace(' ', "+")))
        .ok()
        .map(|t| t.with_timezone(&Utc))
        .filter(darstellbar)
}

/// yyyy-mm-dd.
#[must_use]
pub fn datum(text: &str) -> Option<NaiveDate> {
    // chrono also takes "2026-1-1" and "+12026-1-1"; one spelling only. The year 0 is none of the database.
    let form = text.bytes().enumerate().all(|(i, b)| {
        if matches!(i, 4 | 7) {
            b == b'-'
        } else {
            b.is_ascii_digit()
        }
    });
    (text.len() == 10 && form && !text.starts_with("0000"))
        .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten()
}

/// An instant as it goes out: RFC 3339, UTC, microseconds.
#[must_use]
pub fn rfc3339(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plus_of_an_offset_may_arrive_as_a_blank() {
        assert_eq!(moment("2026-01-01T01:00:00 01:00"), moment("2026-01-01T00:00:00Z"));
        assert_eq!(moment("gestern"), None);
        for falsch in ["2026-1-1", "+12026-1-1", "-002-01-01", "0000-01-01"] {
            assert_eq!(datum(falsch), None, "{falsch}");
        }
        for falsch in [
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:30:00-01:00",
        ] {
            assert_eq!(moment(falsch), None, "{falsch}");
        }
        let erster = datum("0001-01-01").unwrap();
        assert_eq!(rfc3339(beginn(erster)), "0001-01-01T00:00:00.000000Z");
    }
}
