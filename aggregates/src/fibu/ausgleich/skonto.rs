//! How much Skonto a payment of a day may take (fibu 9).

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

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
    let gewaehrt = betrag.abs().as_decimal() * prozent.factor() * faehig(posten);
    let gewaehrt = Betrag::rounded(gewaehrt).unwrap_or_default();
    let max = gewaehrt + TOLERANZ_BETRAG;
    if skonto.abs() > max {
        return Err(AusgleichError::SkontoBetrag { max });
    }
    Ok(())
}

/// The share of the item that earns Skonto: all of it, unless the terms leave something out.
fn faehig(posten: &OffenerPosten) -> Decimal {
    let frei: Betrag = posten.steuer.iter().filter_map(|s| s.skontofrei).sum();
    let bleibt = (posten.betrag - frei)
        .as_decimal()
        .checked_div(posten.betrag.as_decimal());
    bleibt.unwrap_or(Decimal::ONE)
}

fn letzter_tag(stufe: &Skonto) -> NaiveDate {
    stufe
        .bis
        .checked_add_days(Days::new(TOLERANZ_TAGE))
        .unwrap_or(stufe.bis)
}
