//! What happens in the year, as postings: sales, purchases, payments, wages and what leaves the bank by itself.

use std::collections::VecDeque;

use chrono::NaiveDate;

use super::{
    super::{
        beleg::{Beleg, Zeile, haben, soll, steuer_auf, steuer_in},
        eroeffnung::KASSE_ANFANG,
        stammdaten::{KUNDEN, KUNDEN_AB, LANDWIRTE_AB},
    },
    Belegfolge, Posten, Vorgang,
};

/// Open items kept in mind for payments; older ones stay open, as in life.
const MAX_POSTEN: usize = 10_000;
/// Cash above this goes to the bank: 5.000 EUR in cents.
const KASSE_HOECHSTENS: i64 = 500_000;

impl Belegfolge {
    /// Carries out what happens.
    pub(super) fn ausfuehren(&mut self, vorgang: Vorgang, datum: NaiveDate) -> Beleg {
        use Vorgang as V;
        match vorgang {
            V::Getreideverkauf => {
                let netto = self.zufall.zwischen(8, 27) * self.zufall.zwischen(19_000, 22_500);
                self.verkauf(datum, "Weizen, lose", "4300", 70, netto)
            }
            V::Futterverkauf => {
                let netto = self.zufall.zwischen(15, 120) * self.zufall.zwischen(2_700, 3_400);
                self.verkauf(datum, "Milchleistungsfutter", "4300", 70, netto)
            }
            V::Duengerverkauf => {
                let netto = self.zufall.zwischen(20, 250) * self.zufall.zwischen(2_900, 3_600);
                self.verkauf(datum, "Kalkammonsalpeter", "4400", 190, netto)
            }
            V::Pflanzenschutzverkauf => {
                let netto = self.zufall.zwischen(5, 60) * self.zufall.zwischen(1_800, 6_500);
                self.verkauf(datum, "Pflanzenschutzmittel", "4400", 190, netto)
            }
            V::Barverkauf => self.barverkauf(),
            V::Futtereinkauf => {
                let netto = self.zufall.zwischen(10, 25) * self.zufall.zwischen(24_500, 29_000);
                self.einkauf(
                    datum,
                    "70002",
                    "Mischfutter",
                    soll("5300", netto + steuer_auf(netto, 70)),
                    70,
                )
            }
            V::Duengereinkauf => {
                let netto = self.zufall.zwischen(10, 27) * self.zufall.zwischen(25_500, 30_500);
                self.einkauf(
                    datum,
                    "70001",
                    "Kalkammonsalpeter",
                    soll("5400", netto + steuer_auf(netto, 190)),
                    190,
                )
            }
            V::Ernteankauf => self.ernteankauf(datum),
            V::Fracht => self.aufwand(datum, "70004", "Ausgangsfracht", "6740", (15_000, 90_000)),
            V::Buerobedarf => self.aufwand(datum, "70005", "Bürobedarf", "6815", (2_500, 32_000)),
            V::Kraftstoff => self.aufwand(datum, "70008", "Diesel für den Fuhrpark", "6530", (12_000, 140_000)),
            V::EuLeistung => {
                let netto = self.zufall.zwischen(9_000, 160_000);
                self.einkauf(datum, "70006", "Softwarewartung (§ 13b UStG)", soll("5923", netto), 0)
            }
            V::EuErwerb => {
                let netto = self.zufall.zwischen(40_000, 900_000);
                self.einkauf(
                    datum,
                    "70007",
                    "Ersatzteile, innergemeinschaftlicher Erwerb",
                    soll("5425", netto),
                    0,
                )
            }
            V::Zahlungseingang => self.zahlungseingang(datum),
            V::Zahlungsausgang => self.zahlungsausgang(datum),
            V::Strom => self.aufwand(datum, "70008", "Strom und Gas", "6325", (180_000, 420_000)),
            V::KasseZurBank { cent } => {
                self.kasse -= cent;
                let zeilen = vec![soll("1460", cent), haben("1600", cent)];
                Beleg::neu(
                    "KA",
                    "manuell",
                    "Einzahlung bei der Bank",
                    format!("Einzahlung {datum}"),
                    zeilen,
                )
            }
            V::EingangAusKasse { cent } => {
                self.bank += cent;
                let zeilen = vec![soll("1800", cent), haben("1460", cent)];
                Beleg::neu("BK", "manuell", "Bareinzahlung", kontoauszug(datum), zeilen)
            }
            V::Lohn => self.lohn(datum),
            V::Miete
            | V::Versicherung
            | V::Bankgebuehr
            | V::Lohnzahlung { .. }
            | V::Lohnsteuer { .. }
            | V::Sozialversicherung { .. }
            | V::Umsatzsteuer { .. } => self.abbuchung(vorgang, datum),
        }
    }

    fn kunde(&mut self) -> String {
        let index = self.zufall.index(KUNDEN.len() + self.plan.weitere_kunden());
        let generiert = || (KUNDEN_AB + index - KUNDEN.len()).to_string();
        KUNDEN.get(index).map_or_else(generiert, |(nr, ..)| (*nr).to_owned())
    }

    fn merken(liste: &mut VecDeque<Posten>, posten: Posten) {
        if liste.len() < MAX_POSTEN {
            liste.push_back(posten);
        }
    }

    fn verkauf(&mut self, datum: NaiveDate, was: &str, konto: &str, promille: i64, netto: i64) -> Beleg {
        let steuer = steuer_auf(netto, promille);
        let cent = netto + steuer;
        self.zahllast += steuer;
        self.rechnungen += 1;
        let (partner, beleg) = (self.kunde(), format!("RE-2026-{:06}", self.rechnungen));
        let zeilen = vec![soll(partner.clone(), cent).faellig(datum, 14), haben(konto, cent)];
        let posten = Posten {
            partner,
            beleg: beleg.clone(),
            cent,
            datum,
            promille,
        };
        Self::merken(&mut self.forderungen, posten);
        Beleg::neu("AR", "rechnung", format!("Verkauf {was}"), beleg, zeilen)
    }

    fn barverkauf(&mut self) -> Beleg {
        let (konto, promille) = if self.zufall.zwischen(0, 1) == 0 {
            ("4300", 70)
        } else {
            ("4400", 190)
        };
        let cent = self.zufall.zwischen(450, 38_000);
        self.zahllast += steuer_in(cent, promille);
        self.kasse += cent;
        if self.kasse > KASSE_HOECHSTENS {
            // Whole hundreds stay together; the rest is change.
            let cent = (self.kasse - KASSE_ANFANG) / 10_000 * 10_000;
            self.folge
                .extend([Vorgang::KasseZurBank { cent }, Vorgang::EingangAusKasse { cent }]);
        }
        let zeilen = vec![soll("1600", cent), haben(konto, cent)];
        Beleg::neu(
            "KA",
            "manuell",
            "Barverkauf am Tresen",
            format!("Bon {:06}", self.nr),
            zeilen,
        )
    }

    /// An invoice of a supplier; `promille` of 0 where the recipient owes the tax.
    fn einkauf(&mut self, datum: NaiveDate, partner: &str, was: &str, zeile: Zeile, promille: i64) -> Beleg {
        let cent = zeile.cent;
        self.zahllast -= steuer_in(cent, promille);
        let beleg = format!("{}-{:05}", &partner[3..], self.nr);
        let zeilen = vec![zeile, haben(partner, cent).faellig(datum, 30)];
        let posten = Posten {
            partner: partner.to_owned(),
            beleg: beleg.clone(),
            cent,
            datum,
            promille,
        };
        Self::merken(&mut self.verbindlichkeiten, posten);
        Beleg::neu("ER", "eingangsrechnung", was, beleg, zeilen)
    }

    /// Expense at 19 %, amounts net.
    fn aufwand(&mut self, datum: NaiveDate, partner: &str, was: &str, konto: &str, netto: (i64, i64)) -> Beleg {
        let netto = self.zufall.zwischen(netto.0, netto.1);
        let zeile = soll(konto, netto + steuer_auf(netto, 190)).mit("V19");
        self.einkauf(datum, partner, was, zeile, 190)
    }

    /// Grain from a farmer taxed at the flat rate of § 24 UStG, settled by the house.
    fn ernteankauf(&mut self, datum: NaiveDate) -> Beleg {
        let index = self.zufall.index(1 + self.plan.weitere_landwirte());
        let partner = if index == 0 {
            "70003".to_owned()
        } else {
            (LANDWIRTE_AB + index - 1).to_string()
        };
        let netto = self.zufall.zwischen(6, 24) * self.zufall.zwischen(16_500, 19_500);
        let cent = netto + steuer_auf(netto, 78);
        let zeile = soll("5540", cent);
        let mut beleg = self.einkauf(datum, &partner, "Abrechnung Weizen", zeile, 78);
        (beleg.kreis, beleg.art) = ("AG", "abrechnung");
        beleg
    }

    fn zahlungseingang(&mut self, datum: NaiveDate) -> Beleg {
        let Some(posten) = self.forderungen.pop_front() else {
            return self.barverkauf();
        };
        let konto = if posten.promille == 190 { "4736" } else { "4731" };
        let abzug = if self.zufall.zwischen(1, 5) == 1 {
            posten.cent / 50
        } else {
            0
        };
        self.bank += posten.cent - abzug;
        let mut zeilen = vec![soll("1800", posten.cent - abzug)];
        let mut text = format!("Zahlung {}", posten.beleg);
        if abzug > 0 {
            self.zahllast -= steuer_in(abzug, posten.promille);
            zeilen.push(soll(konto, abzug));
            text.push_str(" abzüglich 2 % Skonto");
        }
        zeilen.push(haben(posten.partner, posten.cent));
        Beleg::neu("BK", "zahlung", text, kontoauszug(datum), zeilen)
    }

    fn zahlungsausgang(&mut self, datum: NaiveDate) -> Beleg {
        let Some(posten) = self.verbindlichkeiten.pop_front() else {
            return self.barverkauf();
        };
        self.bank -= posten.cent;
        let zeilen = vec![soll(posten.partner, posten.cent), haben("1800", posten.cent)];
        let text = format!("Überweisung zu {}", posten.beleg);
        Beleg::neu("BK", "zahlung", text, kontoauszug(datum), zeilen)
    }

    fn lohn(&mut self, datum: NaiveDate) -> Beleg {
        let gehaelter = 2_180_000 + self.zufall.zwischen(0, 90_000);
        let arbeitgeber = gehaelter * 21 / 100;
        let lohnsteuer = gehaelter * 14 / 100;
        let arbeitnehmer = gehaelter * 20 / 100;
        let netto = gehaelter - lohnsteuer - arbeitnehmer;
        let sozial = arbeitgeber + arbeitnehmer;
        self.monatliches.extend([
            Vorgang::Lohnzahlung { cent: netto },
            Vorgang::Lohnsteuer { cent: lohnsteuer },
            Vorgang::Sozialversicherung { cent: sozial },
        ]);
        let zeilen = vec![
            soll("6020", gehaelter),
            soll("6110", arbeitgeber),
            haben("3720", netto),
            haben("3730", lohnsteuer),
            haben("3740", sozial),
        ];
        let beleg = format!("Lohnjournal {}", datum.format("%m/%Y"));
        Beleg::neu("MB", "manuell", "Gehälter", beleg, zeilen)
    }

    /// What leaves the bank account without an invoice in the house.
    fn abbuchung(&mut self, vorgang: Vorgang, datum: NaiveDate) -> Beleg {
        let (text, zeile) = match vorgang {
            Vorgang::Miete => ("Miete Lagerhalle Aurich", soll("6310", 357_000).mit("V19")),
            Vorgang::Versicherung => ("Betriebshaftpflicht", soll("6400", 86_450).mit("V0")),
            Vorgang::Lohnzahlung { cent } => ("Gehälter, Auszahlung", soll("3720", cent)),
            Vorgang::Lohnsteuer { cent } => ("Lohnsteuer an das Finanzamt", soll("3730", cent)),
            Vorgang::Sozialversicherung { cent } => ("Beiträge zur Sozialversicherung", soll("3740", cent)),
            Vorgang::Umsatzsteuer { cent } if cent > 0 => ("Umsatzsteuer-Vorauszahlung", soll("3820", cent)),
            Vorgang::Umsatzsteuer { cent } => ("Erstattung Umsatzsteuer", haben("3820", -cent)),
            _ => {
                let cent = self.zufall.zwischen(1_290, 6_900);
                ("Kontoführungsentgelt", soll("6855", cent).mit("V0"))
            }
        };
        if zeile.schluessel == Some("V19") {
            self.zahllast -= steuer_in(zeile.cent, 190);
        }
        let cent = zeile.cent;
        self.bank += if zeile.soll { -cent } else { cent };
        let bank = if zeile.soll {
            haben("1800", cent)
        } else {
            soll("1800", cent)
        };
        Beleg::neu("BK", "manuell", text, kontoauszug(datum), vec![zeile, bank])
    }
}

fn kontoauszug(datum: NaiveDate) -> String {
    format!("Kontoauszug {}", datum.format("%d.%m.%Y"))
}
