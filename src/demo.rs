//! The demo company: a deterministic year of Landhandel Demo GmbH (Kürzel DEMO, SKR04) with as many vouchers as asked
//! for. The same plan always gives the same commands, so a second run writes nothing. Integers only: cents, kilograms.

use std::collections::VecDeque;

use aggregates::context::{derived_v7, stream_id};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::portal::Auftrag;

/// One further customer for this many vouchers, up to [`MAX_KUNDEN`].
const BELEGE_JE_KUNDE: usize = 200;
/// One further farmer for this many vouchers, up to [`MAX_LANDWIRTE`].
const BELEGE_JE_LANDWIRT: usize = 500;
const MAX_KUNDEN: usize = 500;
const MAX_LANDWIRTE: usize = 200;
/// First numbers of the generated ones.
const KUNDEN_AB: usize = 10_006;
const LANDWIRTE_AB: usize = 70_010;
/// Open items kept in mind for payments; older ones stay open, as in life.
const MAX_POSTEN: usize = 10_000;
/// Cash above this goes to the bank: 5.000 EUR in cents.
const KASSE_HOECHSTENS: i64 = 500_000;
/// Bank balance below which no supplier is paid: 20.000 EUR in cents.
const BANK_MINDESTENS: i64 = 2_000_000;
/// Days after which a customer pays at the earliest.
const ZAHLT_NACH_TAGEN: u64 = 10;
/// Monthly vouchers come at most every n-th time, so that small plans show sales too.
const MONATLICHES_JEDES: usize = 3;

const KUNDEN: [(&str, &str, bool); 5] = [
    ("10001", "Landhof Petersen GmbH", false),
    ("10002", "Hof Meyer GbR", false),
    ("10003", "Agrarhandel Aurich eG", false),
    ("10004", "Heinrich Janssen", true),
    ("10005", "Onno Harms", false),
];

/// Number, name, kind of taxation, VAT id.
const LIEFERANTEN: [(&str, &str, &str, Option<&str>); 8] = [
    ("70001", "Düngerwerk Nord AG", "regel", None),
    ("70002", "Mischfutterwerk Ems GmbH", "regel", None),
    ("70003", "Onno Harms", "pauschal24", None),
    ("70004", "Spedition Friesen GmbH", "regel", None),
    ("70005", "Bürobedarf Krüger", "regel", None),
    ("70006", "Agrarsoftware Groningen B.V.", "eu", Some("NL001234567B01")),
    ("70007", "Landtechnik Groningen B.V.", "eu", Some("NL007654321B01")),
    ("70008", "Energie Ostfriesland GmbH", "regel", None),
];

const VORNAMEN: [&str; 12] = [
    "Harm", "Focko", "Weert", "Enno", "Habbo", "Tjark", "Antje", "Gesche", "Wiebke", "Frauke", "Talea", "Imke",
];
const NACHNAMEN: [&str; 14] = [
    "Müller",
    "Schröder",
    "Janßen",
    "Eilers",
    "Poppinga",
    "Ubben",
    "Saathoff",
    "de Vries",
    "Töpfer",
    "Wübbena",
    "Behrends",
    "Gerdes",
    "Heyen",
    "Kröger",
];

/// The plan of a demo company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPlan {
    /// The company; its id is part of all ids, so that two demo companies do not meet.
    pub mandant_id: Uuid,
    /// How many vouchers, the opening balance included.
    pub belege: usize,
    /// Seed of amounts and choices.
    pub seed: u64,
    /// No voucher is dated later.
    pub heute: NaiveDate,
}

fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap_or_default()
}

fn euro(cent: i64) -> String {
    aggregates::types::Betrag::cent(cent).to_string()
}

/// Tax on a net amount at `promille`, rounded commercially.
const fn steuer_auf(netto: i64, promille: i64) -> i64 {
    (netto * promille + 500) / 1000
}

/// Tax contained in a gross amount at `promille`, rounded commercially.
const fn steuer_in(brutto: i64, promille: i64) -> i64 {
    (2 * brutto * promille + 1000 + promille) / (2 * (1000 + promille))
}

/// SplitMix64: tiny, seeded, the same on every machine.
#[derive(Debug)]
struct Zufall(u64);

impl Zufall {
    fn naechste(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `von` to `bis`, both included.
    fn zwischen(&mut self, von: i64, bis: i64) -> i64 {
        let anzahl = u64::try_from(bis - von + 1).unwrap_or(1);
        von + i64::try_from(self.naechste() % anzahl).unwrap_or_default()
    }

    fn index(&mut self, anzahl: usize) -> usize {
        let grenze = i64::try_from(anzahl).unwrap_or(1) - 1;
        usize::try_from(self.zwischen(0, grenze.max(0))).unwrap_or_default()
    }
}

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

impl DemoPlan {
    fn id(&self, zweck: &str, datum: NaiveDate) -> Uuid {
        let zeit = DateTime::<Utc>::from_naive_utc_and_offset(datum.and_time(NaiveTime::MIN), Utc);
        derived_v7(self.mandant_id, &format!("demo/{zweck}"), zeit)
    }

    fn weitere_kunden(&self) -> usize {
        (self.belege / BELEGE_JE_KUNDE).min(MAX_KUNDEN)
    }

    fn weitere_landwirte(&self) -> usize {
        (self.belege / BELEGE_JE_LANDWIRT).min(MAX_LANDWIRTE)
    }

    /// Chart, fiscal years 2025 and 2026, customers and suppliers.
    #[must_use]
    pub fn stammdaten(&self) -> Vec<Auftrag> {
        let anfang = tag(2025, 1, 1);
        let mut auftraege = Vec::new();
        let mut dazu = |ressource: &'static str, id: Uuid, befehl: &'static str, daten: Value| {
            let schluessel = format!("demo:stammdaten:{ressource}:{id}:{befehl}");
            auftraege.push(Auftrag {
                bereich: "fibu",
                ressource,
                id: Some(id),
                befehl,
                daten,
                schluessel: Some(schluessel),
            });
        };
        let plan = stream_id(self.mandant_id, "kontenplan", "kontenplan");
        dazu("kontenplaene", plan, "anlegen", json!({"rahmen": "skr04"}));
        dazu("kontenplaene", plan, "vorlage-uebernehmen", json!({}));
        for jahr in [2025, 2026] {
            let id = self.id(&format!("geschaeftsjahr/{jahr}"), tag(jahr, 1, 1));
            let daten = json!({"beginn": tag(jahr, 1, 1), "ende": tag(jahr, 12, 31)});
            dazu("geschaeftsjahre", id, "anlegen", daten);
            dazu("geschaeftsjahre", id, "eroeffnen", json!({}));
        }
        for (nr, name, verbraucher) in KUNDEN {
            let daten = json!({"nr": nr, "name": name, "verbraucher": verbraucher});
            dazu("debitoren", self.id(&format!("debitor/{nr}"), anfang), "anlegen", daten);
        }
        for index in 0..self.weitere_kunden() {
            let nr = (KUNDEN_AB + index).to_string();
            let daten = json!({"nr": nr, "name": format!("Hof {}", name(index))});
            dazu("debitoren", self.id(&format!("debitor/{nr}"), anfang), "anlegen", daten);
        }
        for (nr, name, art, ust_id) in LIEFERANTEN {
            let mut status = json!({"gueltig_ab": anfang, "art": art});
            if let Some(ust_id) = ust_id {
                status["ust_id"] = json!(ust_id);
            }
            let daten = json!({"nr": nr, "name": name, "ust_status": status});
            dazu(
                "kreditoren",
                self.id(&format!("kreditor/{nr}"), anfang),
                "anlegen",
                daten,
            );
        }
        for index in 0..self.weitere_landwirte() {
            let nr = (LANDWIRTE_AB + index).to_string();
            let status = json!({"gueltig_ab": anfang, "art": "pauschal24"});
            let daten = json!({"nr": nr, "name": name(index), "ust_status": status});
            dazu(
                "kreditoren",
                self.id(&format!("kreditor/{nr}"), anfang),
                "anlegen",
                daten,
            );
        }
        auftraege
    }

    /// The vouchers, in order of their dates: the opening balance of 2026, then the year up to today.
    pub fn belege(&self) -> impl Iterator<Item = Auftrag> + use<> {
        Belegfolge {
            plan: *self,
            zufall: Zufall(self.seed),
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
}

/// A name of a person; all of the first 168 differ, then they repeat with a number.
fn name(index: usize) -> String {
    let (vorname, nachname) = (
        VORNAMEN[index % VORNAMEN.len()],
        NACHNAMEN[index / VORNAMEN.len() % NACHNAMEN.len()],
    );
    match index / (VORNAMEN.len() * NACHNAMEN.len()) {
        0 => format!("{vorname} {nachname}"),
        runde => format!("{vorname} {nachname} {}", runde + 1),
    }
}

/// Bank and cash on 1 January 2026, in cents.
const BANK_ANFANG: i64 = 41_235_020;
const KASSE_ANFANG: i64 = 185_000;

/// Opening balance: account, cents; assets first.
const AKTIVA: [(&str, i64); 6] = [
    ("0240", 62_000_000),
    ("0440", 18_500_000),
    ("0540", 9_800_000),
    ("1140", 54_000_000),
    ("1600", KASSE_ANFANG),
    ("1800", BANK_ANFANG),
];
const PASSIVA: [(&str, i64); 4] = [
    ("2900", 50_000_000),
    ("2960", 35_000_000),
    ("3070", 1_450_000),
    ("3150", 48_000_000),
];
/// Takes what is left of the assets.
const GEWINNVORTRAG: &str = "2970";

/// The vouchers of a plan, one after the other.
struct Belegfolge {
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

/// A line of a voucher.
struct Zeile {
    konto: String,
    soll: bool,
    cent: i64,
    schluessel: Option<&'static str>,
    faellig: Option<NaiveDate>,
}

fn soll(konto: impl Into<String>, cent: i64) -> Zeile {
    Zeile {
        konto: konto.into(),
        soll: true,
        cent,
        schluessel: None,
        faellig: None,
    }
}

fn haben(konto: impl Into<String>, cent: i64) -> Zeile {
    Zeile {
        soll: false,
        ..soll(konto, cent)
    }
}

impl Zeile {
    fn mit(mut self, schluessel: &'static str) -> Self {
        self.schluessel = Some(schluessel);
        self
    }

    fn faellig(mut self, datum: NaiveDate, tage: u64) -> Self {
        self.faellig = datum.checked_add_days(Days::new(tage));
        self
    }

    fn json(&self) -> Value {
        let feld = if self.konto.len() > 4 { "personenkonto" } else { "konto" };
        let seite = if self.soll { "soll" } else { "haben" };
        let mut zeile = json!({feld: self.konto, "seite": seite, "betrag": euro(self.cent)});
        if let Some(schluessel) = self.schluessel {
            zeile["schluessel"] = json!(schluessel);
        }
        if let Some(faellig) = self.faellig {
            zeile["op"] = json!({"faellig": faellig});
        }
        zeile
    }
}

/// A voucher before it gets its number.
struct Beleg {
    kreis: &'static str,
    art: &'static str,
    text: String,
    /// Reference of the document.
    referenz: String,
    zeilen: Vec<Zeile>,
}

impl Beleg {
    fn neu(
        kreis: &'static str,
        art: &'static str,
        text: impl Into<String>,
        referenz: String,
        zeilen: Vec<Zeile>,
    ) -> Self {
        Self {
            kreis,
            art,
            text: text.into(),
            referenz,
            zeilen,
        }
    }
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

/// The opening balance of 2026.
fn eroeffnung() -> Beleg {
    let aktiva: i64 = AKTIVA.iter().map(|(_, cent)| cent).sum();
    let passiva: i64 = PASSIVA.iter().map(|(_, cent)| cent).sum();
    let mut zeilen: Vec<Zeile> = AKTIVA.iter().map(|(konto, cent)| soll(*konto, *cent)).collect();
    zeilen.push(haben("9000", aktiva));
    zeilen.push(soll("9000", aktiva));
    zeilen.extend(PASSIVA.iter().map(|(konto, cent)| haben(*konto, *cent)));
    zeilen.push(haben(GEWINNVORTRAG, aktiva - passiva));
    let text = "Eröffnungsbilanz zum 01.01.2026";
    Beleg::neu("EB", "saldenvortrag", text, "Bilanz 31.12.2025".to_owned(), zeilen)
}

impl Belegfolge {
    /// Spreads the vouchers evenly from 2 January to the end of the year or today.
    fn datum(&self, nr: usize) -> NaiveDate {
        let beginn = tag(2026, 1, 2);
        let ende = tag(2026, 12, 31).min(self.plan.heute).max(beginn);
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

    fn ausfuehren(&mut self, vorgang: Vorgang, datum: NaiveDate) -> Beleg {
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use aggregates::{
        fibu::{kontenplan::Rahmen, vorlage},
        types::{Betrag, Dezimal},
    };

    use super::*;
    use crate::{import::testhaus::Testhaus, portal::Portal};

    fn plan(belege: usize) -> DemoPlan {
        DemoPlan {
            mandant_id: Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001),
            belege,
            seed: 42,
            heute: tag(2026, 11, 24),
        }
    }

    fn text(auftraege: impl IntoIterator<Item = Auftrag>) -> Vec<String> {
        auftraege.into_iter().map(|a| format!("{a:?}")).collect()
    }

    fn cent(zeile: &Value) -> i64 {
        let betrag: Dezimal = zeile["betrag"].as_str().unwrap().parse().unwrap();
        Betrag::exact(betrag).unwrap().as_cent()
    }

    #[test]
    fn derselbe_plan_gibt_dieselben_befehle() {
        assert_eq!(text(plan(1_000).belege()), text(plan(1_000).belege()));
        assert_eq!(text(plan(1_000).stammdaten()), text(plan(1_000).stammdaten()));
        let anderer = DemoPlan {
            seed: 43,
            ..plan(1_000)
        };
        assert_ne!(text(plan(1_000).belege()), text(anderer.belege()));
    }

    #[test]
    fn n_belege_sind_n_mit_eigenen_ids_und_steigendem_datum() {
        for n in [0, 1, 2, 3, 100, 5_000] {
            let belege: Vec<Auftrag> = plan(n).belege().collect();
            assert_eq!(belege.len(), n);
            let ids: BTreeSet<Uuid> = belege.iter().filter_map(|a| a.id).collect();
            assert_eq!(ids.len(), n);
            assert!(ids.iter().all(|id| id.get_version_num() == 7));
            let daten: Vec<&str> = belege
                .iter()
                .map(|a| a.daten["buchungsdatum"].as_str().unwrap())
                .collect();
            assert!(daten.is_sorted());
            assert!(daten.iter().all(|d| *d <= "2026-11-24"));
        }
        let letzter = plan(100).belege().last().unwrap();
        assert_eq!(letzter.daten["buchungsdatum"], "2026-11-24");
    }

    #[test]
    fn jeder_beleg_ist_ausgeglichen_und_positiv() {
        for auftrag in plan(5_000).belege() {
            let zeilen = auftrag.daten["zeilen"].as_array().unwrap();
            let saldo: i64 = zeilen
                .iter()
                .map(|z| if z["seite"] == "soll" { cent(z) } else { -cent(z) })
                .sum();
            assert_eq!(saldo, 0, "{auftrag:?}");
            assert!(zeilen.iter().all(|z| cent(z) > 0), "{auftrag:?}");
        }
    }

    #[test]
    fn konten_und_schluessel_kommen_aus_dem_kontenplan() {
        let konten: BTreeSet<String> = vorlage::konten(Rahmen::Skr04).into_iter().map(|k| k.konto_nr).collect();
        let schluessel: BTreeSet<String> = vorlage::schluessel(Rahmen::Skr04).into_iter().map(|s| s.code).collect();
        let stammdaten = plan(5_000).stammdaten();
        let partner: BTreeSet<&str> = stammdaten.iter().filter_map(|a| a.daten["nr"].as_str()).collect();
        let mut kreise: BTreeMap<String, usize> = BTreeMap::new();
        for auftrag in plan(5_000).belege() {
            *kreise.entry(auftrag.daten["belegkreis"].to_string()).or_default() += 1;
            for zeile in auftrag.daten["zeilen"].as_array().unwrap() {
                if let Some(konto) = zeile["konto"].as_str() {
                    assert!(konten.contains(konto), "{konto}");
                }
                if let Some(nr) = zeile["personenkonto"].as_str() {
                    assert!(partner.contains(nr), "{nr}");
                }
                if let Some(code) = zeile["schluessel"].as_str() {
                    assert!(schluessel.contains(code), "{code}");
                }
            }
        }
        assert_eq!(kreise.len(), 7, "AG, AR, BK, EB, ER, KA, MB: {kreise:?}");
    }

    #[test]
    fn bank_und_kasse_bleiben_im_plus() {
        for n in [500, 20_000] {
            let mut salden: BTreeMap<String, i64> = BTreeMap::new();
            for auftrag in plan(n).belege() {
                for zeile in auftrag.daten["zeilen"].as_array().unwrap() {
                    let betrag = if zeile["seite"] == "soll" {
                        cent(zeile)
                    } else {
                        -cent(zeile)
                    };
                    if let Some(konto) = zeile["konto"].as_str() {
                        *salden.entry(konto.to_owned()).or_default() += betrag;
                    }
                }
                assert!(salden["1800"] > 0 && salden["1600"] > 0, "{auftrag:?}");
            }
            assert_eq!(salden["9000"], 0);
        }
    }

    #[test]
    fn steuer_wird_kaufmaennisch_gerundet() {
        assert_eq!(steuer_auf(10_000, 190), 1_900);
        assert_eq!(steuer_auf(50, 70), 4);
        assert_eq!(steuer_in(11_900, 190), 1_900);
        assert_eq!(steuer_in(10_000, 70), 654);
        assert_eq!(steuer_in(10_000, 0), 0);
    }

    #[tokio::test]
    async fn das_haus_nimmt_alle_befehle_an_und_ein_zweiter_lauf_schreibt_nichts() {
        let haus = Testhaus::neu(tag(2026, 11, 24));
        let plan = DemoPlan {
            mandant_id: haus.mandant_id(),
            ..plan(1_200)
        };
        let mut auftraege = plan.stammdaten();
        auftraege.extend(plan.belege());
        for lauf in 0..2 {
            for stapel in auftraege.chunks(200) {
                for (auftrag, antwort) in stapel.iter().zip(haus.senden(stapel.to_vec()).await.unwrap()) {
                    let antwort = antwort.unwrap_or_else(|refusal| panic!("{refusal}: {auftrag:?}"));
                    assert_eq!(antwort.wiederholt, lauf == 1);
                }
            }
        }
        assert_eq!(haus.belege().len(), 1_200);
    }
}
