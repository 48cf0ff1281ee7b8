//! How much Skonto a payment of a day may take (fibu 9).

use chrono::{Days, NaiveDate};

use super::AusgleichError;
use crate::{
    fibu::{OffenerPosten, zahlungsbedingung::Skonto},
    types::Betrag,
};

/// Days that a payment may be late and still take Skonto.
const TOLERANZ_TAGE: u64 = 3;

/// How much more than granted is accepted.
const TOLERANZ_BETRAG: Betrag = Betrag::cent(50);

/// Refuses Skonto after its term, and more of it than the part `betrag` of the item earns. Both amounts are signed as
/// the item.
pub fn pruefen(posten: &OffenerPosten, betrag: Betrag, skonto: Betrag, wert: NaiveDate) -> Result<(), AusgleichError> {
    let Some(letzte) = posten.skonto.iter().map(letzter_tag).max() else {
        return Err(AusgleichError::SkontoBetrag { max: Betrag::NULL });
    };
    let stufe = posten.skonto.iter().filter(|stufe| wert <= letzter_tag(stufe));
    let Some(prozent) = stufe.map(|stufe| stufe.prozent).max() else {
        return Err(AusgleichError::SkontoFrist { bis: letzte, wert });
    };
    let gewaehrt = Betrag::rounded(betrag.abs().as_decimal() * prozent.factor()).unwrap_or_default();
    let max = gewaehrt + TOLERANZ_BETRAG;
    if skonto.abs() > max {
        return Err(AusgleichError::SkontoBetrag { max });
    }
    Ok(())
}

fn letzter_tag(stufe: &Skonto) -> NaiveDate {
    stufe
        .bis
        .checked_add_days(Days::new(TOLERANZ_TAGE))
        .unwrap_or(stufe.bis)
}
