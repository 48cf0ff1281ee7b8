//! The quota of a key (dienste D8): calls a minute, a month and at the same time. Counted in this process and since its
//! start: of several processes on one database each grants the quota for itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aggregates::{
    dienste::ApiKey,
    types::kalender::{beginn, tag},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use uuid::Uuid;

use crate::api::problem::Problem;

const MINUTE: Duration = Duration::from_mins(1);

/// What keys have used up.
#[derive(Default)]
pub(super) struct Kontingente(Mutex<HashMap<Uuid, Verbrauch>>);

/// Only keys with a quota have an entry, so there are never more than keys on record.
#[derive(Default)]
struct Verbrauch {
    /// Moment at which the bucket of the minute is full again.
    voll_ab: Option<Instant>,
    /// First day of the month that is counted.
    monat: NaiveDate,
    im_monat: i32,
    /// One more reference for each call on its way.
    laufend: Arc<()>,
}

/// A call on its way; gives its place back when it is dropped.
#[derive(Debug)]
pub(super) struct Platz {
    _laufend: Arc<()>,
}

/// How much of the minute is left, for the headers of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    limit: u32,
    rest: u32,
    /// Seconds until the bucket is full.
    voll_in_s: u32,
}

impl Rate {
    /// Adds `RateLimit-Limit`, `-Remaining`, `-Reset`.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("ratelimit-limit", self.limit),
            ("ratelimit-remaining", self.rest),
            ("ratelimit-reset", self.voll_in_s),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// A call that may go on, or why it may not; the rate is told either way.
pub(super) struct Einlass {
    pub(super) rate: Option<Rate>,
    pub(super) ergebnis: Result<Option<Platz>, Problem>,
}

impl Kontingente {
    /// Lets a call in and counts it; a refused one is not counted.
    pub(super) fn einlassen(&self, id: Uuid, key: &ApiKey, jetzt: Instant, uhr: DateTime<Utc>) -> Einlass {
        if key.je_minute.is_none() && key.je_monat.is_none() && key.gleichzeitig.is_none() {
            return Einlass {
                rate: None,
                ergebnis: Ok(None),
            };
        }
        let mut alle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verbrauch = alle.entry(id).or_default();
        let eimer = key
            .je_minute
            .map(|je_minute| Eimer::new(je_minute, verbrauch.voll_ab, jetzt));
        if let Err(problem) = verbrauch.frei(key, eimer.as_ref(), uhr) {
            return Einlass {
                rate: eimer.map(|eimer| eimer.rate(eimer.voraus)),
                ergebnis: Err(problem),
            };
        }
        verbrauch.im_monat = verbrauch.im_monat.saturating_add(1);
        let rate = eimer.map(|eimer| {
            let voraus = eimer.voraus + eimer.takt;
            verbrauch.voll_ab = Some(jetzt + voraus);
            eimer.rate(voraus)
        });
        Einlass {
            rate,
            ergebnis: Ok(Some(Platz {
                _laufend: verbrauch.laufend.clone(),
            })),
        }
    }
}

impl Verbrauch {
    fn frei(&mut self, key: &ApiKey, eimer: Option<&Eimer>, uhr: DateTime<Utc>) -> Result<(), Problem> {
        let laufend = i32::try_from(Arc::strong_count(&self.laufend) - 1).unwrap_or(i32::MAX);
        if let Some(hoechstens) = key.gleichzeitig.filter(|hoechstens| laufend >= *hoechstens) {
            let detail =
                format!("höchstens {hoechstens} Anfragen zugleich mit diesem Schlüssel; bitte Antworten abwarten");
            return Err(Problem::new("API_RATE", 429, detail).retry_after(1));
        }
        if let Some(wartezeit) = eimer.and_then(Eimer::wartezeit) {
            let detail = format!(
                "höchstens {} Anfragen in der Minute mit diesem Schlüssel; bitte langsamer senden",
                eimer.map_or(0, |eimer| eimer.limit)
            );
            return Err(Problem::new("API_RATE", 429, detail).retry_after(sekunden(wartezeit)));
        }
        let monat = tag(uhr).with_day(1).unwrap_or_default();
        if monat != self.monat {
            self.monat = monat;
            self.im_monat = 0;
        }
        if let Some(hoechstens) = key.je_monat.filter(|hoechstens| self.im_monat >= *hoechstens) {
            let naechster = monat.checked_add_months(Months::new(1)).unwrap_or(monat);
            let bis = (beginn(naechster) - uhr).to_std().unwrap_or_default();
            let detail = format!(
                "das Monatskontingent dieses Schlüssels ({hoechstens} Anfragen) ist verbraucht; es beginnt am {naechster} neu"
            );
            return Err(Problem::new("API_KONTINGENT", 429, detail).retry_after(sekunden(bis)));
        }
        Ok(())
    }
}

/// The bucket of a minute: it holds the calls of one minute and fills steadily.
struct Eimer {
    limit: u32,
    /// Time in which one call flows back.
    takt: Duration,
    /// Time until the bucket is full.
    voraus: Duration,
}

impl Eimer {
    fn new(je_minute: i32, voll_ab: Option<Instant>, jetzt: Instant) -> Self {
        let limit = u32::try_from(je_minute).unwrap_or(1).max(1);
        Self {
            limit,
            takt: MINUTE / limit,
            voraus: voll_ab.map_or(Duration::ZERO, |voll_ab| voll_ab.saturating_duration_since(jetzt)),
        }
    }

    /// How long the next call has to wait, if it has to.
    fn wartezeit(&self) -> Option<Duration> {
        (self.voraus + self.takt)
            .checked_sub(MINUTE)
            .filter(|wartezeit| !wartezeit.is_zero())
    }

    fn rate(&self, voraus: Duration) -> Rate {
        let rest = MINUTE.saturating_sub(voraus).as_nanos() / self.takt.as_nanos().max(1);
        Rate {
            limit: self.limit,
            rest: u32::try_from(rest).unwrap_or(u32::MAX).min(self.limit),
            voll_in_s: sekunden(voraus),
        }
    }
}

/// Whole seconds, rounded up, for `Retry-After`.
fn sekunden(dauer: Duration) -> u32 {
    let angefangen = u64::from(dauer.subsec_nanos() > 0);
    u32::try_from(dauer.as_secs().saturating_add(angefangen)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(je_minute: Option<i32>, je_monat: Option<i32>, gleichzeitig: Option<i32>) -> ApiKey {
        ApiKey {
            je_minute,
            je_monat,
            gleichzeitig,
            ..ApiKey::default()
        }
    }

    fn uhr(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn sixty_a_minute_pass_at_once_the_next_waits_a_second_and_then_one_passes() {
        let (kontingente, key, id) = (Kontingente::default(), key(Some(60), None, None), Uuid::nil());
        let (t0, uhr) = (Instant::now(), uhr("2026-03-10T09:00:00Z"));
        for rest in (0..60).rev() {
            let einlass = kontingente.einlassen(id, &key, t0, uhr);
            assert!(einlass.ergebnis.is_ok());
            assert_eq!(einlass.rate.map(|r| (r.limit, r.rest)), Some((60, rest)));
        }
        let einlass = kontingente.einlassen(id, &key, t0, uhr);
        assert_eq!(einlass.rate.map(|r| (r.rest, r.voll_in_s)), Some((0, 60)));
        let problem = einlass.ergebnis.unwrap_err();
        assert_eq!((problem.code(), problem.status()), ("API_RATE", 429));
        assert_eq!(problem.seconds(), Some(1));
        let later = t0 + Duration::from_secs(1);
        assert!(kontingente.einlassen(id, &key, later, uhr).ergebnis.is_ok());
        assert!(kontingente.einlassen(id, &key, later, uhr).ergebnis.is_err());
        // Another key has its own bucket.
        assert!(kontingente.einlassen(Uuid::max(), &key, later, uhr).ergebnis.is_ok());
    }

    #[test]
    fn the_month_is_used_up_until_the_first_at_midnight_in_berlin() {
        let (kontingente, key, id) = (Kontingente::default(), key(None, Some(2), None), Uuid::nil());
        let t0 = Instant::now();
        let march = uhr("2026-03-31T21:00:00Z");
        for _ in 0..2 {
            assert!(kontingente.einlassen(id, &key, t0, march).ergebnis.is_ok());
        }
        let problem = kontingente.einlassen(id, &key, t0, march).ergebnis.unwrap_err();
        assert_eq!((problem.code(), problem.status()), ("API_KONTINGENT", 429));
        assert_eq!(problem.seconds(), Some(3600), "summer time: midnight is 22:00 UTC");
        let april = uhr("2026-03-31T22:00:00Z");
        assert!(kontingente.einlassen(id, &key, t0, april).ergebnis.is_ok());
    }

    #[test]
    fn a_place_is_given_back_when_the_call_ends() {
        let (kontingente, key, id) = (Kontingente::default(), key(None, None, Some(1)), Uuid::nil());
        let (t0, uhr) = (Instant::now(), uhr("2026-03-10T09:00:00Z"));
        let platz = kontingente.einlassen(id, &key, t0, uhr).ergebnis.unwrap();
        let refused = kontingente.einlassen(id, &key, t0, uhr).ergebnis.unwrap_err();
        assert_eq!(refused.code(), "API_RATE");
        drop(platz);
        assert!(kontingente.einlassen(id, &key, t0, uhr).ergebnis.is_ok());
    }
}
