//! How far the logs of this process's companies are ahead of the clock, for the metrics.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

/// The companies whose log is ahead of the clock, with the seconds.
#[derive(Default)]
pub(super) struct Clocks(Mutex<HashMap<Uuid, i64>>);

impl Clocks {
    /// Tells the metrics the largest lead of all companies, now that one company's is known anew.
    pub(super) fn tell(&self, mandant_id: Uuid, ahead_s: i64) {
        metrics::gauge!("neuroerp_uhr_rueckstand_sekunden")
            .set(u32::try_from(self.largest(mandant_id, ahead_s)).unwrap_or(u32::MAX));
    }

    fn largest(&self, mandant_id: Uuid, ahead_s: i64) -> i64 {
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ahead_s > 0 {
            ahead.insert(mandant_id, ahead_s);
        } else {
            ahead.remove(&mandant_id);
        }
        ahead.values().copied().max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_whose_clock_is_right_hides_no_other() {
        let clocks = Clocks::default();
        let [one, other] = [1, 2].map(Uuid::from_u128);
        assert_eq!(clocks.largest(one, 90), 90);
        assert_eq!(clocks.largest(other, 0), 90);
        assert_eq!(clocks.largest(one, 0), 0);
    }
}
