//! What the books must come to, added up beside them from what was accepted: the bank and every place of the stock.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::common::wuerfel::cent;

/// The account that the bank's Geldkonto posts to.
pub const BANK: &str = "1800";

/// Sums beside the books.
#[derive(Default)]
pub struct Modell {
    /// Balance of the bank, in cents.
    pub bank: i64,
    /// What each document did to the bank and may be taken back.
    wirkung: BTreeMap<String, i64>,
    /// Quantity of each stock and place, in its Basiseinheit; the unnamed place is the empty text.
    plaetze: BTreeMap<(String, String), Decimal>,
}

fn platz(wert: &Value) -> String {
    wert.as_str().unwrap_or_default().to_owned()
}

/// A quantity as it stands in a body or an answer.
pub fn menge(wert: &Value) -> Decimal {
    wert.as_str().unwrap().parse().unwrap()
}

impl Modell {
    /// The lines of a voucher that was accepted.
    pub fn gebucht(&mut self, beleg: &str, zeilen: &[Value]) {
        let bank = zeilen.iter().filter(|z| z["konto"] == BANK);
        let delta = bank.map(|z| {
            if z["seite"] == "soll" {
                cent(&z["betrag"])
            } else {
                -cent(&z["betrag"])
            }
        });
        self.wirkt(beleg, delta.sum());
    }

    /// A payment was booked.
    pub fn gezahlt(&mut self, zahlung: &str, richtung: &str, betrag: i64) {
        self.wirkt(zahlung, if richtung == "eingang" { betrag } else { -betrag });
    }

    /// A document was taken back; the bank may have asked for a fee.
    pub fn zurueckgenommen(&mut self, beleg: &str, gebuehr: i64) {
        self.bank -= self.wirkung.remove(beleg).unwrap_or_default() + gebuehr;
    }

    fn wirkt(&mut self, beleg: &str, delta: i64) {
        self.bank += delta;
        self.wirkung.insert(beleg.to_owned(), delta);
    }

    /// Something came to a place or, with a negative quantity, went from it.
    pub fn bewegt(&mut self, bestand: &str, ort: &Value, delta: Decimal) {
        *self.plaetze.entry((bestand.to_owned(), platz(ort))).or_default() += delta;
    }

    /// All of a place is gone.
    pub fn leer(&mut self, bestand: &str, ort: &Value) {
        self.plaetze.remove(&(bestand.to_owned(), platz(ort)));
    }

    /// The places that hold something.
    pub fn bestaende(&self) -> Vec<String> {
        let belegt = self.plaetze.iter().filter(|(_, menge)| !menge.is_zero());
        belegt
            .map(|((bestand, platz), menge)| format!("{bestand} {platz} {}", menge.normalize()))
            .collect()
    }
}
