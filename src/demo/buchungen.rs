//! What is posted without goods: the opening balance, sales at the counter, rent, wages, VAT, and the invoices of those
//! who supply services.

use chrono::{Datelike, NaiveDate};

use super::{
    beleg::{Beleg, Zeile, haben, soll, steuer_in},
    eroeffnung::{KASSE_ANFANG, eroeffnung},
    jahr::{Jahr, Schritt},
    sortiment::{SORTEN, wert},
    stammdaten::{BUEROBEDARF, ENERGIE, SPEDITION, TANKHOF},
    tag,
};

/// Cash above this goes to the bank: 5.000 EUR in cents.
const KASSE_HOECHSTENS: i64 = 500_000;
/// A month has one more sale at the counter, or freight invoice, for so many documents.
const BELEGE_JE_BARVERKAUF: usize = 300;
const BELEGE_JE_FRACHT: usize = 1_000;

/// What comes back month by month.
#[derive(Debug, Clone, Copy)]
pub(super) enum Regelmaessig {
    Miete,
    Versicherung,
    Bankgebuehr,
    Lohn,
    Lohnzahlung { cent: i64 },
    Lohnsteuer { cent: i64 },
    Sozialversicherung { cent: i64 },
    Umsatzsteuer { monat0: usize },
    Barverkauf,
    EingangAusKasse { cent: i64 },
    Strom,
    Buerobedarf,
    Kraftstoff,
    Fracht,
}

impl Jahr {
    /// The opening balance, before all others.
    pub(super) fn eroeffnen(&mut self) {
        let ware = SORTEN.iter().map(|s| wert(s.anfang(), s.einkauf)).sum();
        let beleg = eroeffnung(ware);
        let mut daten = beleg.json(tag(2026, 1, 1));
        daten["periode"] = 0.into();
        let id = self.plan.id("eroeffnung", tag(2026, 1, 1));
        self.befehl(("fibu", "buchungen"), id, "erfassen", daten);
        self.belege.buchungen += 1;
    }

    /// Plans what a month brings.
    pub(super) fn monat_beginnt(&mut self, montag: NaiveDate) {
        use Regelmaessig as R;
        let monat0 = usize::try_from(montag.month0()).unwrap_or_default();
        if !monat0.is_multiple_of(self.jeder()) {
            return;
        }
        for was in [R::Miete, R::Versicherung, R::Bankgebuehr, R::Lohn] {
            self.spaeter(0, Schritt::Regelmaessig(was));
        }
        for (wochen, was) in [(1, R::Strom), (2, R::Buerobedarf), (2, R::Kraftstoff)] {
            self.spaeter(wochen, Schritt::Regelmaessig(was));
        }
        if let Some(monat0) = monat0.checked_sub(1) {
            self.spaeter(1, Schritt::Regelmaessig(R::Umsatzsteuer { monat0 }));
        }
        for _ in 0..=self.plan.belege / BELEGE_JE_BARVERKAUF {
            self.irgendwann(R::Barverkauf);
        }
        for _ in 0..self.plan.belege / BELEGE_JE_FRACHT {
            self.irgendwann(R::Fracht);
        }
    }

    /// In one of the next four weeks.
    fn irgendwann(&mut self, was: Regelmaessig) {
        let wochen = u32::try_from(self.zufall.zwischen(0, 3)).unwrap_or_default();
        self.spaeter(wochen, Schritt::Regelmaessig(was));
    }

    pub(super) fn regelmaessig(&mut self, datum: NaiveDate, was: Regelmaessig) {
        use Regelmaessig as R;
        match was {
            R::Lohn => self.lohn(datum),
            R::Barverkauf => self.barverkauf(datum),
            R::EingangAusKasse { cent } => {
                let zeilen = vec![soll("1800", cent), haben("1460", cent)];
                self.buchung(
                    datum,
                    &Beleg::neu("BK", "manuell", "Bareinzahlung", kontoauszug(datum), zeilen),
                );
            }
            R::Strom => self.dienstleistung(datum, ENERGIE, ("Strom und Gas", "6325"), (38_000, 92_000)),
            R::Buerobedarf => self.dienstleistung(datum, BUEROBEDARF, ("Bürobedarf", "6815"), (2_500, 32_000)),
            R::Kraftstoff => self.dienstleistung(datum, TANKHOF, ("Diesel für den Fuhrpark", "6530"), (9_000, 48_000)),
            R::Fracht => self.dienstleistung(datum, SPEDITION, ("Ausgangsfracht", "6740"), (15_000, 90_000)),
            R::Miete
            | R::Versicherung
            | R::Bankgebuehr
            | R::Lohnzahlung { .. }
            | R::Lohnsteuer { .. }
            | R::Sozialversicherung { .. }
            | R::Umsatzsteuer { .. } => self.abbuchung(datum, was),
        }
    }

    fn dienstleistung(&mut self, datum: NaiveDate, lieferant: usize, was: (&str, &str), netto: (i64, i64)) {
        let netto = self.zufall.zwischen(netto.0, netto.1);
        self.aufwand(datum, lieferant, was, netto);
    }

    fn buchung(&mut self, datum: NaiveDate, beleg: &Beleg) {
        let id = self.plan.id(&format!("buchung/{}", self.buchungen), datum);
        self.buchungen += 1;
        self.belege.buchungen += 1;
        self.befehl(("fibu", "buchungen"), id, "erfassen", beleg.json(datum));
    }

    fn barverkauf(&mut self, datum: NaiveDate) {
        let (konto, promille) = if self.zufall.zwischen(0, 1) == 0 {
            ("4300", 70)
        } else {
            ("4400", 190)
        };
        let cent = self.zufall.zwischen(4_500, 98_000);
        self.steuer(datum, steuer_in(cent, promille));
        self.kasse += cent;
        let bon = format!("Bon {:06}", self.buchungen + 1);
        let zeilen = vec![soll("1600", cent), haben(konto, cent)];
        self.buchung(datum, &Beleg::neu("KA", "manuell", "Barverkauf am Tresen", bon, zeilen));
        if self.kasse > KASSE_HOECHSTENS {
            // Whole hundreds stay together; the rest is change.
            let cent = (self.kasse - KASSE_ANFANG) / 10_000 * 10_000;
            self.kasse -= cent;
            let zeilen = vec![soll("1460", cent), haben("1600", cent)];
            let text = format!("Einzahlung {}", datum.format("%d.%m.%Y"));
            self.buchung(
                datum,
                &Beleg::neu("KA", "manuell", "Einzahlung bei der Bank", text, zeilen),
            );
            self.spaeter(1, Schritt::Regelmaessig(Regelmaessig::EingangAusKasse { cent }));
        }
    }

    fn lohn(&mut self, datum: NaiveDate) {
        let gehaelter = 412_000 + self.zufall.zwischen(0, 18_000);
        let arbeitgeber = gehaelter * 21 / 100;
        let lohnsteuer = gehaelter * 14 / 100;
        let arbeitnehmer = gehaelter * 20 / 100;
        let netto = gehaelter - lohnsteuer - arbeitnehmer;
        let sozial = arbeitgeber + arbeitnehmer;
        for was in [
            Regelmaessig::Lohnzahlung { cent: netto },
            Regelmaessig::Lohnsteuer { cent: lohnsteuer },
            Regelmaessig::Sozialversicherung { cent: sozial },
        ] {
            self.spaeter(1, Schritt::Regelmaessig(was));
        }
        let zeilen = vec![
            soll("6020", gehaelter),
            soll("6110", arbeitgeber),
            haben("3720", netto),
            haben("3730", lohnsteuer),
            haben("3740", sozial),
        ];
        let beleg = format!("Lohnjournal {}", datum.format("%m/%Y"));
        self.buchung(datum, &Beleg::neu("MB", "manuell", "Gehälter", beleg, zeilen));
    }

    /// What leaves the bank account without an invoice in the house.
    fn abbuchung(&mut self, datum: NaiveDate, was: Regelmaessig) {
        use Regelmaessig as R;
        let (text, zeile): (&str, Zeile) = match was {
            R::Miete => ("Miete Lagerhalle Aurich", soll("6310", 119_000).mit("V19")),
            R::Versicherung => ("Betriebshaftpflicht", soll("6400", 28_650).mit("V0")),
            R::Lohnzahlung { cent } => ("Gehälter, Auszahlung", soll("3720", cent)),
            R::Lohnsteuer { cent } => ("Lohnsteuer an das Finanzamt", soll("3730", cent)),
            R::Sozialversicherung { cent } => ("Beiträge zur Sozialversicherung", soll("3740", cent)),
            R::Umsatzsteuer { monat0 } => match self.zahllast[monat0] {
                0 => return,
                cent if cent > 0 => ("Umsatzsteuer-Vorauszahlung", soll("3820", cent)),
                cent => ("Erstattung Umsatzsteuer", haben("3820", -cent)),
            },
            _ => {
                let cent = self.zufall.zwischen(1_290, 6_900);
                ("Kontoführungsentgelt", soll("6855", cent).mit("V0"))
            }
        };
        if zeile.schluessel == Some("V19") {
            self.steuer(datum, -steuer_in(zeile.cent, 190));
        }
        let cent = zeile.cent;
        let bank = if zeile.soll {
            haben("1800", cent)
        } else {
            soll("1800", cent)
        };
        self.buchung(
            datum,
            &Beleg::neu("BK", "manuell", text, kontoauszug(datum), vec![zeile, bank]),
        );
    }
}

fn kontoauszug(datum: NaiveDate) -> String {
    format!("Kontoauszug {}", datum.format("%d.%m.%Y"))
}
