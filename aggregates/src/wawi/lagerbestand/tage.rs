//! Day-end balances of the days that a move may still be dated back to. Exact and compact: one line per day with moves,
//! and one that carries what came before.

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::Menge;

/// How many days a move may be dated back (setting `rueckdatierung_max_tage`, its default).
pub const RUECKDATIERUNG_MAX_TAGE: u64 = 31;

/// The balance at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tagessaldo {
    /// The day. The balance holds until the next line.
    pub tag: NaiveDate,
    /// Stock of the Lager at its end.
    pub saldo: Menge,
}

/// The first day that a move may be dated to, seen from `tag`.
#[must_use]
pub fn fruehestens(tag: NaiveDate) -> NaiveDate {
    tag.checked_sub_days(Days::new(RUECKDATIERUNG_MAX_TAGE))
        .unwrap_or(NaiveDate::MIN)
}

/// The last day before or on `tag` tells its balance.
fn saldo_am(tage: &[Tagessaldo], tag: NaiveDate) -> Menge {
    tage.iter()
        .rev()
        .find(|t| t.tag <= tag)
        .map_or(Menge::NULL, |t| t.saldo)
}

/// The first day from `tag` on whose end would be negative with `delta`, and its balance.
#[must_use]
pub fn erster_negativer(tage: &[Tagessaldo], tag: NaiveDate, delta: Menge) -> Option<Tagessaldo> {
    let beginn = Tagessaldo {
        tag,
        saldo: saldo_am(tage, tag),
    };
    let spaeter = tage.iter().filter(|t| t.tag > tag).copied();
    std::iter::once(beginn)
        .chain(spaeter)
        .map(|t| Tagessaldo {
            saldo: t.saldo + delta,
            ..t
        })
        .find(|t| t.saldo < Menge::NULL)
}

/// Adds a move of a day. Lines too old to be dated back to are carried over into one.
pub fn buchen(tage: &mut Vec<Tagessaldo>, tag: NaiveDate, delta: Menge) {
    if !tage.iter().any(|t| t.tag == tag) {
        let saldo = saldo_am(tage, tag);
        let platz = tage.partition_point(|t| t.tag < tag);
        tage.insert(platz, Tagessaldo { tag, saldo });
    }
    for t in tage.iter_mut().filter(|t| t.tag >= tag) {
        t.saldo += delta;
    }
    if let Some(grenze) = tage.last().map(|t| fruehestens(t.tag)) {
        // The last line on or before the limit is the balance that the days behind it begin with.
        let alt = tage.iter().filter(|t| t.tag <= grenze).count();
        tage.drain(..alt.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(tag: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 3, tag).unwrap()
    }

    fn menge(text: &str) -> Menge {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_negative_day_from_a_day_on_is_found() {
        let mut tage = Vec::new();
        for (t, delta) in [(1, "50"), (10, "-40"), (15, "30")] {
            buchen(&mut tage, tag(t), menge(delta));
        }
        let negativ = erster_negativer(&tage, tag(12), menge("-20"));
        assert_eq!(negativ.map(|t| (t.tag, t.saldo)), Some((tag(12), menge("-10"))));
        assert_eq!(erster_negativer(&tage, tag(12), menge("-10")), None);
        let spaeter = erster_negativer(&tage, tag(2), menge("-11"));
        assert_eq!(spaeter.map(|t| (t.tag, t.saldo)), Some((tag(10), menge("-1"))));
        let davor = erster_negativer(&tage, "2025-02-28".parse().unwrap(), menge("-1"));
        assert_eq!(davor.map(|t| t.saldo), Some(menge("-1")));
    }

    #[test]
    fn old_days_are_carried_over_and_the_balance_stays_exact() {
        let mut tage = Vec::new();
        let beginn = tag(1);
        for i in 0..400 {
            buchen(&mut tage, beginn + Days::new(i), menge("1"));
        }
        assert_eq!(tage.len(), 32);
        let letzter = beginn + Days::new(399);
        assert_eq!(
            tage.first().map(|t| (t.tag, t.saldo)),
            Some((fruehestens(letzter), menge("369")))
        );
        let zurueck = erster_negativer(&tage, fruehestens(letzter), menge("-369.5"));
        assert_eq!(zurueck.map(|t| t.saldo), Some(menge("-0.5")));
    }
}
