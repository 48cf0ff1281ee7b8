//! The demo company: a deterministic year of Landhandel Demo GmbH (Kürzel DEMO, SKR04) with as many vouchers as asked
//! for. The same plan always gives the same commands, so a second run writes nothing. Integers only: cents, kilograms.

mod beleg;
mod eroeffnung;
mod jahr;
mod stammdaten;
#[cfg(test)]
mod tests;
mod zufall;

use aggregates::context::derived_v7;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use self::jahr::Belegfolge;
use crate::portal::Auftrag;

/// The plan of a demo company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPlan {
    /// The company; its id is part of all ids, so that two demo companies do not meet.
    pub mandant_id: Uuid,
    /// How many vouchers, the opening balance included.
    pub belege: usize,
    /// Seed of amounts and choices.
    pub seed: u64,
    /// No voucher is dated later.
    pub heute: NaiveDate,
}

impl DemoPlan {
    /// The last day that is played: the end of 2026, or today as long as the year runs.
    #[must_use]
    pub fn ende(&self) -> NaiveDate {
        tag(2026, 12, 31).min(self.heute)
    }

    /// The vouchers, in order of their dates: the opening balance of 2026, then the year up to today.
    pub fn belege(&self) -> impl Iterator<Item = Auftrag> + use<> {
        Belegfolge::neu(*self)
    }

    fn id(&self, zweck: &str, datum: NaiveDate) -> Uuid {
        let zeit = DateTime::<Utc>::from_naive_utc_and_offset(datum.and_time(NaiveTime::MIN), Utc);
        derived_v7(self.mandant_id, &format!("demo/{zweck}"), zeit)
    }
}

fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap_or_default()
}
