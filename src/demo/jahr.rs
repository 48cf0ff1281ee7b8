//! The year of the demo company week by week: what falls due, what begins, and the Stapel that come of it.
//!
//! What follows by policy (the planned delivery of an order, the drafted invoice of a delivery) is used in a later week
//! than what it follows from, so that a week needs nothing of its own that is not there yet.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Befehl, DemoPlan, Person, Stapel, befehl,
    beleg::{euro, steuer_auf},
    buchungen::Regelmaessig,
    einkauf::{Einkauf, Einkaufsschritt, Rechnung},
    sortiment::SORTEN,
    tag, teilen,
    verkauf::{Sammelrechnung, Verkauf, Verkaufsschritt},
    zufall::Zufall,
};

/// Weeks of 2026 that are played; the first is that of 5 January, the last one ends before Christmas.
const WOCHEN: u32 = 51;
/// The last week in which a sale begins, so that most of them are paid within the year.
const LETZTER_VERKAUF: u32 = 48;
/// Fewest sales of a year: then each kind of them is there.
const VERKAEUFE_MINDESTENS: usize = 10;
/// Documents that ten sales bring: their own, and those of the purchase of their goods.
const BELEGE_JE_ZEHN: usize = 54;
/// Documents of a month that come without sales, and those of the first lorries of the year.
const BELEGE_JE_MONAT: usize = 15;
const BELEGE_GRUNDAUSSTATTUNG: usize = 60;
/// Below so many documents not every month has its regular vouchers, nor every week of the harvest its lorry.
const VOLLES_JAHR: usize = 1_000;
/// Weeks that goods take from the order to the Lager, with some reserve.
const WIEDERBESCHAFFUNG: i64 = 7;

/// How many documents of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beleganzahl {
    /// Aufträge.
    pub auftraege: usize,
    /// Deliveries.
    pub lieferungen: usize,
    /// Invoices and corrections.
    pub rechnungen: usize,
    /// Bestellungen.
    pub bestellungen: usize,
    /// Wareneingänge.
    pub wareneingaenge: usize,
    /// Eingangsrechnungen.
    pub eingangsrechnungen: usize,
    /// Payments in and out.
    pub zahlungen: usize,
    /// Other vouchers.
    pub buchungen: usize,
}

impl Beleganzahl {
    /// All of them with their names.
    #[must_use]
    pub const fn je_art(&self) -> [(&'static str, usize); 8] {
        [
            ("Aufträge", self.auftraege),
            ("Lieferungen", self.lieferungen),
            ("Rechnungen", self.rechnungen),
            ("Bestellungen", self.bestellungen),
            ("Wareneingänge", self.wareneingaenge),
            ("Eingangsrechnungen", self.eingangsrechnungen),
            ("Zahlungen", self.zahlungen),
            ("weitere Buchungen", self.buchungen),
        ]
    }

    /// How many there are together.
    #[must_use]
    pub fn summe(&self) -> usize {
        self.je_art().iter().map(|(_, anzahl)| anzahl).sum()
    }
}

impl std::ops::AddAssign for Beleganzahl {
    fn add_assign(&mut self, b: Self) {
        self.auftraege += b.auftraege;
        self.lieferungen += b.lieferungen;
        self.rechnungen += b.rechnungen;
        self.bestellungen += b.bestellungen;
        self.wareneingaenge += b.wareneingaenge;
        self.eingangsrechnungen += b.eingangsrechnungen;
        self.zahlungen += b.zahlungen;
        self.buchungen += b.buchungen;
    }
}

/// Something that falls due on a day.
#[derive(Debug)]
pub(super) enum Schritt {
    Verkauf(Box<Verkauf>, Verkaufsschritt),
    Sammelrechnung(Sammelrechnung),
    Einkauf(Box<Einkauf>, Einkaufsschritt),
    Zahlbar(Rechnung),
    Zahlung(Zahlung),
    Regelmaessig(Regelmaessig),
}

/// An open item that is paid.
#[derive(Debug)]
pub(super) struct Zahlung {
    /// What it is for; names the payment.
    pub zweck: String,
    pub eingang: bool,
    pub personenkonto: String,
    pub op_id: Uuid,
    pub cent: i64,
    /// Skonto that is taken, in cents.
    pub skonto: i64,
    /// The item of a credit that is deducted, and its amount.
    pub abzug: Option<(Uuid, i64)>,
}

/// The weeks of a plan, one after the other.
pub(super) struct Jahr {
    pub(super) plan: DemoPlan,
    pub(super) zufall: Zufall,
    pub(super) woche: u32,
    faellig: BTreeMap<u32, Vec<(NaiveDate, Schritt)>>,
    befehle: BTreeMap<Person, Vec<Befehl>>,
    pub(super) belege: Beleganzahl,
    verkaeufe: usize,
    /// Free stock of each article, in tenths of its unit, and what is on order.
    pub(super) frei: [i64; SORTEN.len()],
    pub(super) bestellt: [i64; SORTEN.len()],
    /// What came this week; it is free from the next one on.
    pub(super) eingetroffen: Vec<(usize, i64)>,
    pub(super) fuhren: usize,
    /// Invoices without goods, and other vouchers, so far.
    pub(super) belege_ohne_ware: usize,
    pub(super) buchungen: usize,
    /// Collective invoices that have begun.
    pub(super) sammel: BTreeMap<(usize, u32), Sammelrechnung>,
    /// VAT less input tax of each month, cents.
    pub(super) zahllast: [i64; 12],
    pub(super) kasse: i64,
}

impl Iterator for Jahr {
    type Item = Vec<Stapel>;

    fn next(&mut self) -> Option<Vec<Stapel>> {
        if self.woche > WOCHEN || self.freitag() > self.plan.heute {
            return None;
        }
        let name = format!("woche-{:02}", self.woche);
        self.spielen();
        self.woche += 1;
        let mut belege = std::mem::take(&mut self.belege);
        let mut stapel = Vec::new();
        // Approvals first: they are of what was entered the week before.
        for person in [Person::Leitung, Person::Geschaeftsfuehrung, Person::Sachbearbeitung] {
            let befehle = self.befehle.remove(&person).unwrap_or_default();
            let nr = stapel.len() + 1;
            let anzahl = if befehle.is_empty() {
                Beleganzahl::default()
            } else {
                std::mem::take(&mut belege)
            };
            stapel.extend(teilen(&format!("{name}-{nr}"), person, befehle, anzahl));
        }
        Some(stapel)
    }
}

impl Jahr {
    pub(super) fn neu(plan: DemoPlan) -> Self {
        let mut jahr = Self {
            plan,
            zufall: Zufall(plan.seed),
            woche: 1,
            faellig: BTreeMap::new(),
            befehle: BTreeMap::new(),
            belege: Beleganzahl::default(),
            verkaeufe: 0,
            frei: SORTEN.each_ref().map(super::sortiment::Sorte::anfang),
            bestellt: [0; SORTEN.len()],
            eingetroffen: Vec::new(),
            fuhren: 0,
            belege_ohne_ware: 0,
            buchungen: 0,
            sammel: BTreeMap::new(),
            zahllast: [0; 12],
            kasse: super::eroeffnung::KASSE_ANFANG,
        };
        jahr.eroeffnen();
        jahr
    }

    /// The Monday of a week.
    fn montag(woche: u32) -> NaiveDate {
        let tage = u64::from(woche.saturating_sub(1)) * 7;
        let erster = tag(2026, 1, 5);
        erster.checked_add_days(Days::new(tage)).unwrap_or(erster)
    }

    fn freitag(&self) -> NaiveDate {
        let montag = Self::montag(self.woche);
        montag.checked_add_days(Days::new(4)).unwrap_or(montag)
    }

    /// A working day of a week, by chance.
    pub(super) fn werktag(&mut self, woche: u32) -> NaiveDate {
        let tage = u64::try_from(self.zufall.zwischen(0, 4)).unwrap_or_default();
        let montag = Self::montag(woche);
        montag.checked_add_days(Days::new(tage)).unwrap_or(montag)
    }

    /// Something falls due so many weeks from now.
    pub(super) fn spaeter(&mut self, wochen: u32, schritt: Schritt) {
        let woche = self.woche + wochen;
        let datum = self.werktag(woche);
        self.am(woche, datum, schritt);
    }

    pub(super) fn am(&mut self, woche: u32, datum: NaiveDate, schritt: Schritt) {
        self.faellig.entry(woche).or_default().push((datum, schritt));
    }

    /// The first week that lies in a later month than `monat0`.
    pub(super) fn nach_monat(monat0: u32) -> u32 {
        (1..=WOCHEN)
            .find(|w| Self::montag(*w).month0() > monat0)
            .unwrap_or(WOCHEN + 1)
    }

    pub(super) fn befehl(
        &mut self,
        ressource: (&'static str, &'static str),
        id: Uuid,
        wie: &'static str,
        daten: Value,
    ) {
        self.von(Person::Sachbearbeitung, befehl(ressource, id, wie, daten));
    }

    pub(super) fn von(&mut self, person: Person, befehl: Befehl) {
        self.befehle.entry(person).or_default().push(befehl);
    }

    fn spielen(&mut self) {
        self.beginnen();
        let mut schritte = self.faellig.remove(&self.woche).unwrap_or_default();
        // Numbers of invoices rise with their dates; the order of planning decides within a day.
        schritte.sort_by_key(|(datum, _)| *datum);
        for (datum, schritt) in schritte {
            match schritt {
                Schritt::Verkauf(verkauf, schritt) => self.verkauf(datum, *verkauf, schritt),
                Schritt::Sammelrechnung(rechnung) => self.sammelrechnung(datum, &rechnung),
                Schritt::Einkauf(einkauf, schritt) => self.einkauf(datum, *einkauf, schritt),
                Schritt::Zahlbar(rechnung) => self.zahlbar(datum, &rechnung),
                Schritt::Zahlung(zahlung) => self.zahlung(datum, &zahlung),
                Schritt::Regelmaessig(was) => self.regelmaessig(datum, was),
            }
        }
    }

    /// What begins this week.
    fn beginnen(&mut self) {
        for (sorte, menge) in std::mem::take(&mut self.eingetroffen) {
            self.frei[sorte] += menge;
        }
        let montag = Self::montag(self.woche);
        let vorige = Self::montag(self.woche.saturating_sub(1));
        if self.woche == 1 || montag.month() != vorige.month() {
            self.monat_beginnt(montag);
        }
        let monat0 = usize::try_from(montag.month0()).unwrap_or_default();
        for _ in 0..self.verkaeufe_bis(self.woche).saturating_sub(self.verkaeufe) {
            if self.verkauf_beginnen(monat0, self.verkaeufe) {
                self.verkaeufe += 1;
            }
        }
        self.disponieren(monat0);
    }

    /// Sales of the whole year.
    fn verkaeufe(&self) -> usize {
        let ohne = BELEGE_JE_MONAT * 12 / self.jeder() + BELEGE_GRUNDAUSSTATTUNG;
        (self.plan.belege.saturating_sub(ohne) * 10 / BELEGE_JE_ZEHN).max(VERKAEUFE_MINDESTENS)
    }

    /// What comes back regularly comes every so many times.
    pub(super) fn jeder(&self) -> usize {
        (VOLLES_JAHR / self.plan.belege.max(1)).clamp(1, 12)
    }

    /// How many of them have begun by the end of a week, by the weight of its months.
    fn verkaeufe_bis(&self, woche: u32) -> usize {
        let gewicht = |w: u32| -> usize {
            let monat0 = usize::try_from(Self::montag(w).month0()).unwrap_or_default();
            SORTEN.iter().map(|s| usize::from(s.saison[monat0])).sum()
        };
        let bis: usize = (1..=woche.min(LETZTER_VERKAUF)).map(gewicht).sum();
        let alle: usize = (1..=LETZTER_VERKAUF).map(gewicht).sum();
        (self.verkaeufe() * bis).div_ceil(alle.max(1))
    }

    /// What should be free or on order of an article: the sales of the weeks until more can come, and a lorry.
    pub(super) fn ziel(&self, sorte: usize, monat0: usize) -> i64 {
        let (s, naechster) = (&SORTEN[sorte], (monat0 + 1) % 12);
        let gewicht = i64::from(s.saison[monat0].max(s.saison[naechster]));
        let alle: i64 = SORTEN.iter().map(|s| i64::from(s.saison[monat0])).sum();
        let verkaeufe = i64::try_from(self.verkaeufe()).unwrap_or(i64::MAX / 1_000_000);
        let mittel = i64::midpoint(s.menge.0, s.menge.1);
        let bedarf = verkaeufe * gewicht * mittel * WIEDERBESCHAFFUNG / (i64::from(LETZTER_VERKAUF) * alle.max(1));
        if gewicht == 0 { 0 } else { bedarf + s.fuhre }
    }

    /// An article by the season, of which so much is free.
    pub(super) fn sorte(&mut self, monat0: usize) -> Option<(usize, i64)> {
        let summe: i64 = SORTEN.iter().map(|s| i64::from(s.saison[monat0])).sum();
        let mut rest = self.zufall.zwischen(0, summe - 1);
        let gezogen = SORTEN.iter().position(|s| {
            rest -= i64::from(s.saison[monat0]);
            rest < 0
        })?;
        // Where nothing is left of it, the next one is sold that is in season.
        (0..SORTEN.len())
            .map(|i| (gezogen + i) % SORTEN.len())
            .find_map(|sorte| {
                let s = &SORTEN[sorte];
                let menge = self.zufall.zwischen(s.menge.0 / 10, s.menge.1 / 10) * 10;
                (s.saison[monat0] > 0 && self.frei[sorte] >= menge).then_some((sorte, menge))
            })
    }

    /// Tax of a month's sales (positive) or purchases (negative).
    pub(super) fn steuer(&mut self, datum: NaiveDate, cent: i64) {
        let monat0 = usize::try_from(datum.month0()).unwrap_or_default();
        self.zahllast[monat0] += cent;
    }

    pub(super) fn zahlung(&mut self, datum: NaiveDate, z: &Zahlung) {
        let id = self.plan.id(&format!("zahlung/{}", z.zweck), datum);
        let mut zuordnungen = vec![json!({"op_id": z.op_id, "betrag": euro(z.cent)})];
        if z.skonto > 0 {
            zuordnungen[0]["skonto"] = euro(z.skonto).into();
        }
        let mut betrag = z.cent - z.skonto;
        if let Some((op_id, cent)) = z.abzug {
            zuordnungen.push(json!({"op_id": op_id, "betrag": euro(-cent)}));
            betrag -= cent;
        }
        let richtung = if z.eingang { "eingang" } else { "ausgang" };
        let daten = json!({"richtung": richtung, "geldkonto_id": self.plan.bank_id(),
            "personenkonto": z.personenkonto, "betrag": euro(betrag), "buchungsdatum": datum, "zweck": z.zweck,
            "zuordnungen": zuordnungen});
        self.befehl(("fibu", "zahlungen"), id, "erfassen", daten);
        self.befehl(("fibu", "zahlungen"), id, "buchen", json!({}));
        self.belege.zahlungen += 1;
    }
}

/// Net, tax and gross of amounts that are taxed together.
pub(super) const fn mit_steuer(netto: i64, promille: i64) -> (i64, i64) {
    let steuer = steuer_auf(netto, promille);
    (steuer, netto + steuer)
}

/// Two per cent Skonto of an amount, rounded commercially.
pub(super) const fn skonto(cent: i64) -> i64 {
    (cent + 25) / 50
}
