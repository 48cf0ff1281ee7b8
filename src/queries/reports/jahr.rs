//! The Geschäftsjahr of a date. A year need not begin in January, nor on the first of a month, nor have twelve months.

use chrono::{Datelike, Days, NaiveDate};

use super::Source;
use crate::{api::problem::Problem, queries::params::unfit};

/// A Geschäftsjahr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Jahr {
    /// First day.
    pub beginn: NaiveDate,
    /// Last day.
    pub ende: NaiveDate,
}

impl Jahr {
    /// The year that a date lies in.
    pub(super) async fn find(source: &mut Source, tag: NaiveDate) -> Result<Option<Self>, Problem> {
        let row: Option<(NaiveDate, NaiveDate)> = sqlx::query_as(
            "SELECT beginn, ende FROM fibu.geschaeftsjahr WHERE mandant_id = $1 AND beginn <= $2 AND ende >= $2",
        )
        .bind(source.mandant_id)
        .bind(tag)
        .fetch_optional(&mut *source.transaction)
        .await?;
        Ok(row.map(|(beginn, ende)| Self { beginn, ende }))
    }

    /// The year that a date lies in; refused with the parameter's name if there is none.
    pub(super) async fn of(source: &mut Source, parameter: &str, tag: NaiveDate) -> Result<Self, Problem> {
        let found = Self::find(source, tag).await?;
        found.ok_or_else(|| unfit(parameter, format!("der {tag} liegt in keinem Geschäftsjahr")))
    }

    /// The year that begins in a calendar year.
    pub(super) async fn beginning_in(source: &mut Source, jahr: i64) -> Result<Self, Problem> {
        let row: Option<(NaiveDate, NaiveDate)> = sqlx::query_as(
            "SELECT beginn, ende FROM fibu.geschaeftsjahr \
             WHERE mandant_id = $1 AND extract(year FROM beginn) = $2 ORDER BY beginn LIMIT 1",
        )
        .bind(source.mandant_id)
        .bind(jahr)
        .fetch_optional(&mut *source.transaction)
        .await?;
        row.map(|(beginn, ende)| Self { beginn, ende })
            .ok_or_else(|| unfit("jahr", format!("es gibt kein Geschäftsjahr, das {jahr} beginnt")))
    }

    /// True if the date lies in it.
    pub(super) fn contains(self, tag: NaiveDate) -> bool {
        (self.beginn..=self.ende).contains(&tag)
    }

    /// The period that begins on a day, if periods are calendar months.
    pub(super) fn period_beginning(self, tag: NaiveDate) -> Option<i32> {
        (self.beginn.day() == 1 && tag.day() == 1).then(|| self.month(tag))
    }

    /// The period that ends on a day, if periods are calendar months.
    pub(super) fn period_ending(self, tag: NaiveDate) -> Option<i32> {
        let last_of_month = tag.checked_add_days(Days::new(1)).is_some_and(|next| next.day() == 1);
        (self.beginn.day() == 1 && last_of_month).then(|| self.month(tag))
    }

    fn month(self, tag: NaiveDate) -> i32 {
        let months = |d: NaiveDate| d.year() * 12 + i32::try_from(d.month0()).unwrap_or_default();
        months(tag) - months(self.beginn) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn periods_are_counted_from_the_beginning_of_the_year() {
        let landhandel = Jahr {
            beginn: tag("2026-07-01"),
            ende: tag("2027-06-30"),
        };
        assert_eq!(landhandel.period_ending(tag("2026-07-31")), Some(1));
        assert_eq!(landhandel.period_ending(tag("2027-02-28")), Some(8));
        assert_eq!(landhandel.period_ending(tag("2027-06-30")), Some(12));
        assert_eq!(landhandel.period_ending(tag("2027-02-27")), None);
        assert_eq!(landhandel.period_beginning(tag("2027-01-01")), Some(7));
        let gruendung = Jahr {
            beginn: tag("2026-03-15"),
            ende: tag("2026-12-31"),
        };
        assert_eq!(
            gruendung.period_ending(tag("2026-12-31")),
            None,
            "its periods are no calendar months"
        );
        assert!(gruendung.contains(tag("2026-03-15")) && !gruendung.contains(tag("2026-03-14")));
    }
}
