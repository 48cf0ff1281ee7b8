//! The year of the demo company: which day each voucher is dated and what happens in it. What it posts: `vorgaenge`.

mod vorgaenge;

use std::collections::VecDeque;

use chrono::{Datelike, Days, NaiveDate};
use serde_json::json;

use super::{
    DemoPlan,
    beleg::Zeile,
    eroeffnung::{BANK_ANFANG, KASSE_ANFANG, eroeffnung},
    tag,
    zufall::Zufall,
};
use crate::portal::Auftrag;

/// Bank balance below which no supplier is paid: 20.000 EUR in cents.
const BANK_MINDESTENS: i64 = 2_000_000;
/// Days after which a customer pays at the earliest.
const ZAHLT_NACH_TAGEN: u64 = 10;
/// Monthly vouchers come at most every n-th time, so that small plans show sales too.
const MONATLICHES_JEDES: usize = 3;

/// What happens in a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vorgang {
    Getreideverkauf,
    Futterverkauf,
    Duengerverkauf,
    Pflanzenschutzverkauf,
    Barverkauf,
    Futtereinkauf,
    Duengereinkauf,
    Ernteankauf,
    Fracht,
    Buerobedarf,
    Kraftstoff,
    EuLeistung,
    EuErwerb,
    Zahlungseingang,
    Zahlungsausgang,
    // Due once a month.
    Miete,
    Versicherung,
    Strom,
    Bankgebuehr,
    Lohn,
    Lohnzahlung { cent: i64 },
    Lohnsteuer { cent: i64 },
    Sozialversicherung { cent: i64 },
    Umsatzsteuer { cent: i64 },
    // Follows another voucher.
    KasseZurBank { cent: i64 },
    EingangAusKasse { cent: i64 },
}

/// How often what happens, by month from January on.
const SAISON: [(Vorgang, [u16; 12]); 15] = [
    (Vorgang::Getreideverkauf, [9, 9, 8, 5, 4, 3, 4, 9, 12, 12, 10, 9]),
    (Vorgang::Futterverkauf, [14, 14, 13, 11, 9, 8, 8, 8, 9, 11, 13, 14]),
    (Vorgang::Duengerverkauf, [4, 10, 16, 15, 10, 5, 3, 4, 6, 4, 3, 3]),
    (Vorgang::Pflanzenschutzverkauf, [1, 2, 6, 12, 13, 9, 4, 3, 6, 5, 2, 1]),
    (Vorgang::Barverkauf, [6, 6, 8, 9, 9, 8, 7, 7, 8, 7, 6, 7]),
    (Vorgang::Futtereinkauf, [5, 5, 5, 4, 4, 3, 3, 3, 4, 5, 5, 5]),
    (Vorgang::Duengereinkauf, [4, 5, 5, 4, 3, 2, 2, 2, 2, 2, 2, 3]),
    (Vorgang::Ernteankauf, [2, 2, 2, 1, 1, 3, 14, 18, 9, 5, 4, 3]),
    (Vorgang::Fracht, [3, 3, 4, 4, 3, 3, 5, 5, 4, 4, 3, 3]),
    (Vorgang::Buerobedarf, [1; 12]),
    (Vorgang::Kraftstoff, [3, 3, 4, 4, 4, 4, 6, 6, 5, 4, 3, 3]),
    (Vorgang::EuLeistung, [1; 12]),
    (Vorgang::EuErwerb, [1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]),
    (Vorgang::Zahlungseingang, [26; 12]),
    (Vorgang::Zahlungsausgang, [16; 12]),
];

/// An open item.
#[derive(Debug)]
struct Posten {
    partner: String,
    beleg: String,
    cent: i64,
    datum: NaiveDate,
    /// VAT rate; 0 where a discount would not be taxed.
    promille: i64,
}

/// The vouchers of a plan, one after the other.
pub(super) struct Belegfolge {
    plan: DemoPlan,
    zufall: Zufall,
    /// Number of the next voucher, from 0.
    nr: usize,
    /// Month of the last voucher.
    monat: u32,
    bank: i64,
    kasse: i64,
    /// VAT less input tax of the month.
    zahllast: i64,
    rechnungen: usize,
    forderungen: VecDeque<Posten>,
    verbindlichkeiten: VecDeque<Posten>,
    monatliches: VecDeque<Vorgang>,
    folge: VecDeque<Vorgang>,
}

impl Iterator for Belegfolge {
    type Item = Auftrag;

    fn next(&mut self) -> Option<Auftrag> {
        if self.nr == self.plan.belege {
            return None;
        }
        let nr = self.nr;
        self.nr += 1;
        let (datum, mut daten, beleg) = if nr == 0 {
            let datum = tag(2026, 1, 1);
            (datum, json!({"periode": 0}), eroeffnung())
        } else {
            let datum = self.datum(nr);
            self.monatswechsel(datum);
            let vorgang = self.waehlen(datum);
            (datum, json!({}), self.ausfuehren(vorgang, datum))
        };
        daten["belegkreis"] = json!(beleg.kreis);
        daten["belegdatum"] = json!(datum);
        daten["buchungsdatum"] = json!(datum);
        daten["buchungsart"] = json!(beleg.art);
        daten["text"] = json!(beleg.text);
        daten["beleg"] = json!(beleg.referenz);
        daten["zeilen"] = beleg.zeilen.iter().map(Zeile::json).collect();
        Some(Auftrag {
            bereich: "fibu",
            ressource: "buchungen",
            id: Some(self.plan.id(&format!("beleg/{nr}"), datum)),
            befehl: "erfassen",
            daten,
            schluessel: Some(format!("demo:{nr}")),
        })
    }
}

impl Belegfolge {
    /// The year before its first voucher, with what the opening balance has in bank and cash.
    pub(super) fn neu(plan: DemoPlan) -> Self {
        Self {
            plan,
            zufall: Zufall(plan.seed),
            nr: 0,
            monat: 0,
            bank: BANK_ANFANG,
            kasse: KASSE_ANFANG,
            zahllast: 0,
            rechnungen: 0,
            forderungen: VecDeque::new(),
            verbindlichkeiten: VecDeque::new(),
            monatliches: VecDeque::new(),
            folge: VecDeque::new(),
        }
    }

    /// Spreads the vouchers evenly from 2 January to the end of the year or today.
    fn datum(&self, nr: usize) -> NaiveDate {
        let beginn = tag(2026, 1, 2);
        let ende = self.plan.ende().max(beginn);
        let tage = u64::try_from((ende - beginn).num_days()).unwrap_or_default();
        let (schritt, schritte) = (nr.saturating_sub(1), self.plan.belege.saturating_sub(2).max(1));
        let anteil = |zahl: usize| u64::try_from(zahl).unwrap_or(u64::MAX);
        let versatz = tage.saturating_mul(anteil(schritt)) / anteil(schritte);
        beginn.checked_add_days(Days::new(versatz.min(tage))).unwrap_or(ende)
    }

    /// A new month brings its regular vouchers and the VAT of the last one.
    fn monatswechsel(&mut self, datum: NaiveDate) {
        if datum.month() == self.monat {
            return;
        }
        let erster = self.monat == 0;
        self.monat = datum.month();
        self.monatliches.extend([
            Vorgang::Miete,
            Vorgang::Versicherung,
            Vorgang::Strom,
            Vorgang::Bankgebuehr,
            Vorgang::Lohn,
        ]);
        let cent = std::mem::take(&mut self.zahllast);
        if !erster && cent != 0 {
            self.monatliches.push_back(Vorgang::Umsatzsteuer { cent });
        }
    }

    fn waehlen(&mut self, datum: NaiveDate) -> Vorgang {
        if let Some(vorgang) = self.folge.pop_front() {
            return vorgang;
        }
        if self.nr.is_multiple_of(MONATLICHES_JEDES)
            && let Some(vorgang) = self.monatliches.pop_front()
        {
            return vorgang;
        }
        let monat = usize::try_from(datum.month0()).unwrap_or_default();
        let summe: i64 = SAISON.iter().map(|(_, gewichte)| i64::from(gewichte[monat])).sum();
        let mut rest = self.zufall.zwischen(0, summe - 1);
        let gezogen = SAISON.iter().find(|(_, gewichte)| {
            rest -= i64::from(gewichte[monat]);
            rest < 0
        });
        let vorgang = gezogen.map_or(Vorgang::Futterverkauf, |(vorgang, _)| *vorgang);
        // Where there is nothing to pay, something is sold.
        match vorgang {
            Vorgang::Zahlungseingang if !self.zahlt_jemand(datum) => Vorgang::Futterverkauf,
            Vorgang::Zahlungsausgang if !self.kann_zahlen() => Vorgang::Getreideverkauf,
            vorgang => vorgang,
        }
    }

    fn zahlt_jemand(&self, datum: NaiveDate) -> bool {
        let faellig = |p: &Posten| p.datum.checked_add_days(Days::new(ZAHLT_NACH_TAGEN));
        self.forderungen.front().and_then(faellig).is_some_and(|ab| ab <= datum)
    }

    fn kann_zahlen(&self) -> bool {
        let naechste = self.verbindlichkeiten.front();
        naechste.is_some_and(|p| self.bank - p.cent >= BANK_MINDESTENS)
    }
}
