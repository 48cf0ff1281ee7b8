//! The clock of this computer. It is read here and nowhere else, so that every instant has whole microseconds, as the
//! database keeps them (day-one rule).

use aggregates::types::kalender;
use chrono::{DateTime, Utc};

/// Now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn jetzt() -> DateTime<Utc> {
    kalender::gekuerzt(Utc::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_gives_whole_microseconds() {
        for _ in 0..1000 {
            assert_eq!(jetzt().timestamp_subsec_nanos() % 1000, 0);
        }
    }
}
