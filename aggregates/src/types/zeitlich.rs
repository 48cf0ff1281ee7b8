//! Dated masters: values that hold from a day on until the next one begins.

use chrono::NaiveDate;

/// A value with the first day on which it holds.
pub trait Zeitlich {
    /// The first day.
    fn gueltig_ab(&self) -> NaiveDate;
}

/// The value of a day: the newest that has begun by then.
pub fn am<T: Zeitlich>(werte: &[T], datum: NaiveDate) -> Option<&T> {
    let begonnen = werte.iter().filter(|w| w.gueltig_ab() <= datum);
    begonnen.max_by_key(|w| w.gueltig_ab())
}

/// Puts a value in its place, oldest first; one of the same day gives way.
pub fn setzen<T: Zeitlich>(werte: &mut Vec<T>, neu: T) {
    werte.retain(|w| w.gueltig_ab() != neu.gueltig_ab());
    werte.push(neu);
    werte.sort_by_key(Zeitlich::gueltig_ab);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Wert(NaiveDate, u8);

    impl Zeitlich for Wert {
        fn gueltig_ab(&self) -> NaiveDate {
            self.0
        }
    }

    #[test]
    fn the_newest_value_that_has_begun_holds_and_a_later_word_on_a_day_wins() {
        let tag = |tag: u32| NaiveDate::from_ymd_opt(2026, 3, tag).unwrap();
        let mut werte = Vec::new();
        for wert in [Wert(tag(9), 1), Wert(tag(2), 2), Wert(tag(9), 3)] {
            setzen(&mut werte, wert);
        }
        assert_eq!(werte, [Wert(tag(2), 2), Wert(tag(9), 3)]);
        let stand = |t: u32| am(&werte, tag(t)).map(|w| w.1);
        assert_eq!(
            (stand(1), stand(2), stand(8), stand(9)),
            (None, Some(2), Some(2), Some(3))
        );
    }
}
