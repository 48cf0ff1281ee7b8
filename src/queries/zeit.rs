//! Days and moments: a business day is a day in Europe/Berlin, an instant is UTC.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, Utc};
use chrono_tz::Europe::Berlin;

/// The business day of an instant.
#[must_use]
pub fn tag(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&Berlin).date_naive()
}

/// The first instant of a business day.
#[must_use]
pub fn beginn(tag: NaiveDate) -> DateTime<Utc> {
    let midnight = tag.and_time(NaiveTime::MIN);
    // The clock in Berlin never skips midnight; the fallback is only there to be total.
    midnight
        .and_local_timezone(Berlin)
        .earliest()
        .map_or_else(|| midnight.and_utc(), |t| t.with_timezone(&Utc))
}

/// The first instant after a business day.
#[must_use]
pub fn ende(tag: NaiveDate) -> DateTime<Utc> {
    beginn(tag.checked_add_days(Days::new(1)).unwrap_or(tag))
}

/// RFC 3339, also where a `+` of the offset arrived as a blank because the client did not escape it.
#[must_use]
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc3339(&text.replace(' ', "+")))
        .ok()
        .map(|t| t.with_timezone(&Utc))
}

/// yyyy-mm-dd.
#[must_use]
pub fn datum(text: &str) -> Option<NaiveDate> {
    // chrono also takes "2026-1-1"; one spelling only.
    (text.len() == 10)
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
    fn a_day_ends_at_midnight_in_berlin_in_summer_and_winter() {
        assert_eq!(
            rfc3339(ende(datum("2026-02-04").unwrap())),
            "2026-02-04T23:00:00.000000Z"
        );
        assert_eq!(
            rfc3339(ende(datum("2026-07-01").unwrap())),
            "2026-07-01T22:00:00.000000Z"
        );
        assert_eq!(
            tag(moment("2026-07-01T22:30:00Z").unwrap()),
            datum("2026-07-02").unwrap()
        );
    }

    #[test]
    fn the_plus_of_an_offset_may_arrive_as_a_blank() {
        assert_eq!(moment("2026-01-01T01:00:00 01:00"), moment("2026-01-01T00:00:00Z"));
        assert_eq!(moment("gestern"), None);
        assert_eq!(datum("2026-1-1"), None);
    }
}
