//! The period gate: into which year and period a date falls, and whether it may be posted there (fibu 7, 10).

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use super::{Buchung, BuchungError, Ergebnis};
use crate::{
    Context, Shared,
    fibu::geschaeftsjahr::{
        Geschaeftsjahr, GeschaeftsjahrStatus, PERIODE_ABSCHLUSS, PERIODE_EROEFFNUNG, PeriodeStatus,
    },
};

/// How many days ahead of today a voucher may be dated.
const MAX_TAGE_VORAUS: u64 = 31;

/// Where a voucher is posted.
pub(super) struct Buchungsort {
    /// Stream of the Geschäftsjahr.
    pub geschaeftsjahr_id: Uuid,
    /// First day of the Geschäftsjahr.
    pub beginn: NaiveDate,
    /// Period 0 to 13.
    pub periode: u8,
}

/// Refuses dates too far ahead.
pub(super) fn nicht_zu_weit_voraus(datum: NaiveDate, feld: &str, ctx: &Context<'_>) -> Result<(), Shared> {
    let spaetestens = ctx
        .heute()
        .checked_add_days(Days::new(MAX_TAGE_VORAUS))
        .unwrap_or(NaiveDate::MAX);
    if datum > spaetestens {
        return Err(Shared::DatumZukunft {
            feld: feld.to_owned(),
            spaetestens,
        });
    }
    Ok(())
}

/// Whether a date takes what bears a date in the ledger without being a voucher: the reports of a sealed period stay.
pub(in crate::fibu) fn datum_pruefen(datum: NaiveDate, feld: &str, ctx: &Context<'_>) -> Ergebnis<()> {
    nicht_zu_weit_voraus(datum, feld, ctx)?;
    buchungsort(datum, None, ctx).map(|_| ())
}

/// Where a voucher is reversed: in the period of the date. An opening value is reversed as an opening value only, or the year
/// would begin with it all the same; a closing entry as one while its year takes closing entries and its last day is named.
pub(super) fn stornoort(buchung: &Buchung, buchungsdatum: NaiveDate, ctx: &Context<'_>) -> Ergebnis<Buchungsort> {
    let jahr = ctx.get::<Geschaeftsjahr>(buchung.geschaeftsjahr_id)?;
    let tag = |nr| {
        jahr.as_ref()
            .and_then(|jahr| jahr.periode(nr))
            .map(|periode| periode.von)
    };
    let nr = match buchung.periode {
        PERIODE_EROEFFNUNG => match tag(PERIODE_EROEFFNUNG) {
            Some(tag) if tag != buchungsdatum => {
                let text = format!(
                    "der Beleg ist ein EB-Wert (Periode {PERIODE_EROEFFNUNG}); sein Storno trägt das Buchungsdatum {tag}"
                );
                return Err(Shared::feld("/buchungsdatum", text).into());
            }
            _ => Some(PERIODE_EROEFFNUNG),
        },
        PERIODE_ABSCHLUSS if tag(PERIODE_ABSCHLUSS) == Some(buchungsdatum) => Some(PERIODE_ABSCHLUSS),
        _ => None,
    };
    buchungsort(buchungsdatum, nr, ctx)
}

/// Finds the period by date, or the named one (0 or 13), and passes its gate.
pub(super) fn buchungsort(buchungsdatum: NaiveDate, nr: Option<u8>, ctx: &Context<'_>) -> Ergebnis<Buchungsort> {
    let unbekannt = || BuchungError::PeriodeUnbekannt { buchungsdatum };
    let gefunden = ctx.find::<Geschaeftsjahr>(Geschaeftsjahr::KEY_MONAT, &Geschaeftsjahr::monat(buchungsdatum))?;
    let (geschaeftsjahr_id, jahr) = gefunden.ok_or_else(unbekannt)?;
    // A year may begin within a month that it claims; the date itself must lie in it.
    let nach_datum = jahr.periode_am(buchungsdatum).ok_or_else(unbekannt)?;
    let periode = match nr {
        Some(nr) => jahr.periode(nr).ok_or_else(unbekannt)?,
        None => nach_datum,
    };
    if nr.is_some() && !(periode.von..=periode.bis).contains(&buchungsdatum) {
        let text = format!(
            "die Periode {} reicht vom {} bis {}",
            periode.nr, periode.von, periode.bis
        );
        return Err(Shared::feld("/buchungsdatum", text).into());
    }
    let nr = periode.nr;
    match (periode.status, jahr.status) {
        (PeriodeStatus::Festgeschrieben, _) => return Err(BuchungError::PeriodeFestgeschrieben { nr }.into()),
        (_, GeschaeftsjahrStatus::Eroeffnet) => {}
        // The special right opens a locked period, never a year that is not open.
        (_, status) => {
            let geschaeftsjahr = jahr.bezeichnung.clone();
            return Err(BuchungError::JahrNichtEroeffnet {
                nr,
                geschaeftsjahr,
                status,
            }
            .into());
        }
    }
    if periode.status == PeriodeStatus::Gesperrt && !ctx.darf("fibu.periode_gesperrt") {
        return Err(BuchungError::PeriodeGesperrt { nr }.into());
    }
    Ok(Buchungsort {
        geschaeftsjahr_id,
        beginn: jahr.beginn,
        periode: periode.nr,
    })
}
