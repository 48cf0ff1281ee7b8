//! Days and moments: a business day is a day in Europe/Berlin, an instant is UTC. All companies of the house keep
//! German time.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SubsecRound, Utc};
use chrono_tz::Europe::Berlin;
use serde::{Deserialize, Deserializer};

/// An instant as it is kept: whole microseconds (day-one rule). What is finer is cut off, never rounded up.
#[must_use]
pub fn gekuerzt(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.trunc_subsecs(6)
}

/// Reads an instant of a command.
pub(crate) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    DateTime::deserialize(deserializer).map(gekuerzt)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_berlin_in_summer_and_winter() {
        let utc = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(ende(day("2026-02-04")), utc("2026-02-04T23:00:00Z"));
        assert_eq!(ende(day("2026-07-01")), utc("2026-07-01T22:00:00Z"));
        assert_eq!(tag(utc("2026-07-01T22:30:00Z")), day("2026-07-02"));
        assert_eq!(beginn(day("2026-07-02")), utc("2026-07-01T22:00:00Z"));
    }
}
