//! What the books must come to, added up beside them from what was accepted: the bank, every place of the stock, and what
//! came and was invoiced of purchases.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
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
    /// Lines of receipts that hold, by their id.
    pub zugaenge: BTreeMap<String, Zugang>,
    /// What each incoming invoice takes from which line of a receipt, in kg, booked or not.
    rechnungen: BTreeMap<String, BTreeMap<i64, (String, Decimal)>>,
}

/// A line of a receipt.
pub struct Zugang {
    /// The receipt.
    pub wareneingang: String,
    /// Stock and place it went to, if stock is kept.
    pub ort: Option<(String, Value)>,
    /// Position of the order.
    pub position: Option<String>,
    /// How much came.
    pub kilo: Decimal,
    /// How much of it is invoiced.
    pub berechnet: Decimal,
}

/// How many kg a unit has.
pub fn kilo(einheit: &Value) -> Decimal {
    Decimal::from(match einheit.as_str().unwrap() {
        "kg" => 1,
        "dt" => 100,
        "bb" => 600,
        "t" => 1_000,
        andere => panic!("a unit of these histories: {andere}"),
    })
}

/// Rounds to cents as merchants do.
pub fn kaufmaennisch(wert: Decimal) -> Decimal {
    wert.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
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

    /// A receipt was booked, line by line.
    pub fn gekommen(&mut self, we_position: &str, zugang: Zugang) {
        if let Some((bestand, platz)) = &zugang.ort {
            self.bewegt(bestand, platz, zugang.kilo);
        }
        self.zugaenge.insert(we_position.to_owned(), zugang);
    }

    /// A receipt was reversed.
    pub fn zurueckgegangen(&mut self, wareneingang: &str) {
        let weg: Vec<Zugang> = self
            .zugaenge
            .extract_if(.., |_, z| z.wareneingang == wareneingang)
            .map(|(_, z)| z)
            .collect();
        for zugang in weg {
            if let Some((bestand, platz)) = &zugang.ort {
                self.bewegt(bestand, platz, -zugang.kilo);
            }
        }
    }

    /// A line of an incoming invoice names a received line, for the first time or another one.
    pub fn zugeordnet(&mut self, rechnung: &str, position: i64, we_position: &str, kilo: Decimal) {
        let zeilen = self.rechnungen.entry(rechnung.to_owned()).or_default();
        zeilen.insert(position, (we_position.to_owned(), kilo));
    }

    /// An incoming invoice was booked or, with `zurueck`, reversed.
    pub fn berechnet(&mut self, rechnung: &str, zurueck: bool) {
        for (we_position, kilo) in self.rechnungen.get(rechnung).into_iter().flat_map(BTreeMap::values) {
            let zugang = self.zugaenge.get_mut(we_position).expect("only what came is invoiced");
            zugang.berechnet += if zurueck { -kilo } else { *kilo };
        }
    }

    /// The places that hold something.
    pub fn bestaende(&self) -> Vec<String> {
        let belegt = self.plaetze.iter().filter(|(_, menge)| !menge.is_zero());
        belegt
            .map(|((bestand, platz), menge)| format!("{bestand} {platz} {}", menge.normalize()))
            .collect()
    }
}
