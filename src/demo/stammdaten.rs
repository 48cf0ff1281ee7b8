//! Master data of the demo company: chart and years, terms, own accounts, units, articles, prices, Lager, partners with
//! their credit. More documents bring more customers and farmers.

use aggregates::{context::stream_id, crm::Kreditlinie};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Befehl, Beleganzahl, DemoPlan, Person, Stapel, befehl,
    beleg::euro,
    sortiment::{GRUPPEN, LAGER, SORTEN, Sorte, menge_text},
    tag, teilen,
};

/// One further customer for this many documents, up to [`MAX_KUNDEN`].
const BELEGE_JE_KUNDE: usize = 100;
/// One further farmer for this many documents, up to [`MAX_LANDWIRTE`].
const BELEGE_JE_LANDWIRT: usize = 500;
const MAX_KUNDEN: usize = 500;
const MAX_LANDWIRTE: usize = 200;

/// Customers with numbers from 10000 on: the account of all who have none of their own, then those of the specification.
pub(super) const KUNDEN: [&str; 6] = [
    "Diverse Kunden",
    "Landhof Petersen GmbH",
    "Hof Meyer GbR",
    "Agrarhandel Aurich eG",
    "Heinrich Janssen",
    "Onno Harms",
];
/// The first who has an account of his own.
pub(super) const LANDHOF: usize = 1;
/// Those of them whose deliveries are collected on one invoice a month.
pub(super) const SAMMEL: [usize; 2] = [2, 3];
/// The one of them who is a consumer.
pub(super) const VERBRAUCHER: usize = 4;
/// The one of them whose credit line is too small at first, and the one order that waits for a larger one.
pub(super) const KNAPP: usize = 5;

/// Credit limits in cents: of everybody, of the consumer, and of the one whose line is too small.
const LIMIT: i64 = 50_000_000;
const LIMIT_VERBRAUCHER: i64 = 5_000_000;
const LIMIT_KNAPP: i64 = 100_000;

/// Suppliers with numbers from 70000 on: name, kind, taxation.
const LIEFERANTEN: [(&str, &str, &str); 8] = [
    ("Diverse Lieferanten", "handel", "regel"),
    ("Düngerwerk Nord AG", "handel", "regel"),
    ("Mischfutterwerk Ems GmbH", "handel", "regel"),
    ("Onno Harms", "erzeuger", "pauschal24"),
    ("Spedition Friesen GmbH", "spedition", "regel"),
    ("Bürobedarf Krüger", "dienst", "regel"),
    ("Energie Ostfriesland GmbH", "dienst", "regel"),
    ("Tankhof Emden GmbH", "dienst", "regel"),
];
/// Those of them who send invoices without an order.
pub(super) const SPEDITION: usize = 4;
pub(super) const BUEROBEDARF: usize = 5;
pub(super) const ENERGIE: usize = 6;
pub(super) const TANKHOF: usize = 7;
/// The first farmer; further ones follow the suppliers of the specification.
const LANDWIRT: usize = 3;

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

const ORTE: [(&str, &str); 4] = [
    ("26721", "Emden"),
    ("26603", "Aurich"),
    ("26506", "Norden"),
    ("26789", "Leer"),
];

impl DemoPlan {
    pub(super) fn kunden(&self) -> usize {
        KUNDEN.len() + (self.belege / BELEGE_JE_KUNDE).min(MAX_KUNDEN)
    }

    fn weitere_landwirte(&self) -> usize {
        (self.belege / BELEGE_JE_LANDWIRT).min(MAX_LANDWIRTE)
    }

    /// Index of the supplier of a Fuhre: grain comes from one farmer after the other.
    pub(super) fn lieferant(&self, sorte: &Sorte, nr: usize) -> usize {
        if sorte.lieferant != LANDWIRT {
            return sorte.lieferant;
        }
        match nr % (1 + self.weitere_landwirte()) {
            0 => LANDWIRT,
            weiterer => LIEFERANTEN.len() + weiterer - 1,
        }
    }

    pub(super) fn kunde_id(&self, kunde: usize) -> Uuid {
        self.id(&format!("kunde/{kunde}"), tag(2025, 1, 1))
    }

    pub(super) fn lieferant_id(&self, lieferant: usize) -> Uuid {
        self.id(&format!("lieferant/{lieferant}"), tag(2025, 1, 1))
    }

    pub(super) fn bank_id(&self) -> Uuid {
        self.id("geldkonto/bank", tag(2025, 1, 1))
    }

    pub(super) fn bedingung_id(&self, code: &str) -> Uuid {
        self.id(&format!("zahlungsbedingung/{code}"), tag(2025, 1, 1))
    }

    pub(super) fn kreditlinie_id(&self, kunde: usize) -> Uuid {
        Kreditlinie::stream_id(self.mandant_id, self.kunde_id(kunde))
    }
}

/// Personenkonten: numbers are drawn in the order in which partners are entered.
pub(super) fn debitor_nr(kunde: usize) -> String {
    (10_000 + kunde).to_string()
}

pub(super) fn kreditor_nr(lieferant: usize) -> String {
    (70_000 + lieferant).to_string()
}

/// Master data as Stapel: what is entered, then what a second person approves.
pub(super) fn stapel(plan: &DemoPlan) -> Vec<Stapel> {
    let mut befehle = buchhaltung(plan);
    befehle.extend(ware(plan));
    befehle.extend(preise(plan));
    befehle.extend((0..plan.kunden()).flat_map(|k| kunde(plan, k)));
    let lieferanten = LIEFERANTEN.len() + plan.weitere_landwirte();
    befehle.extend((0..lieferanten).flat_map(|l| lieferant(plan, l)));
    let freigaben = (0..plan.kunden()).map(|k| limit_freigeben(plan, k, 1)).collect();
    let mut stapel = teilen(
        "00-stammdaten-1",
        Person::Sachbearbeitung,
        befehle,
        Beleganzahl::default(),
    );
    stapel.extend(teilen(
        "00-stammdaten-2",
        Person::Leitung,
        freigaben,
        Beleganzahl::default(),
    ));
    stapel
}

fn buchhaltung(plan: &DemoPlan) -> Vec<Befehl> {
    let kontenplan = stream_id(plan.mandant_id, "kontenplan", "kontenplan");
    let anlegen = |ressource: &'static str, id: Uuid, daten: Value| befehl(("fibu", ressource), id, "anlegen", daten);
    let mut befehle = vec![
        anlegen("kontenplaene", kontenplan, json!({"rahmen": "skr04"})),
        befehl(("fibu", "kontenplaene"), kontenplan, "vorlage-uebernehmen", json!({})),
    ];
    for jahr in [2025, 2026] {
        let id = plan.id(&format!("geschaeftsjahr/{jahr}"), tag(jahr, 1, 1));
        let daten = json!({"beginn": tag(jahr, 1, 1), "ende": tag(jahr, 12, 31)});
        befehle.push(anlegen("geschaeftsjahre", id, daten));
        befehle.push(befehl(("fibu", "geschaeftsjahre"), id, "eroeffnen", json!({})));
    }
    let skonto = json!([{"tage": 10, "prozent": "2"}]);
    for (code, name, fassung) in [
        (
            "30S",
            "10 Tage 2 % Skonto, 30 Tage netto",
            json!({"tage": 30, "skonto": skonto}),
        ),
        ("14N", "14 Tage netto", json!({"tage": 14})),
        ("SOFORT", "sofort ohne Abzug", json!({"tage": 0})),
    ] {
        let daten = json!({"code": code, "bezeichnung": name, "fassung": fassung});
        befehle.push(anlegen("zahlungsbedingungen", plan.bedingung_id(code), daten));
    }
    let bank = json!({"bezeichnung": "Sparkasse Emden", "art": "bank", "konto_nr": "1800"});
    befehle.push(anlegen("geldkonten", plan.bank_id(), bank));
    befehle
}

fn ware(plan: &DemoPlan) -> Vec<Befehl> {
    let anfang = tag(2025, 1, 1);
    let wawi = |ressource: &'static str, id: Uuid, wie: &'static str, daten: Value| {
        befehl(("wawi", ressource), id, wie, daten)
    };
    let einheiten = [
        ("kg", "Kilogramm", "masse", 1),
        ("dt", "Dezitonne", "masse", 100),
        ("t", "Tonne", "masse", 1_000),
        ("l", "Liter", "volumen", 1),
    ];
    let einheit = |(code, name, dimension, zaehler): (&str, &str, &str, i64)| {
        let daten = json!({"code": code, "bezeichnung": name, "dimension": dimension, "zaehler": zaehler, "nenner": 1});
        wawi(
            "mengeneinheiten",
            plan.id(&format!("einheit/{code}"), anfang),
            "anlegen",
            daten,
        )
    };
    let gruppe_id = |nr: &str| plan.id(&format!("gruppe/{nr}"), anfang);
    let gruppe = |(nr, name): (&str, &str)| {
        wawi(
            "artikelgruppen",
            gruppe_id(nr),
            "anlegen",
            json!({"nr": nr, "name": name}),
        )
    };
    let lager = |(i, (nr, name, plz, ort)): (usize, (&str, &str, &str, &str))| {
        let anschrift = json!({"strasse": "Am Hafen 1", "plz": plz, "ort": ort, "land": "DE"});
        let daten = json!({"nr": nr, "name": name, "anschrift": anschrift, "art": "eigen", "bewertungskreis": nr});
        wawi("lager", plan.lager_id(i), "anlegen", daten)
    };
    let mut befehle: Vec<Befehl> = einheiten.into_iter().map(einheit).collect();
    befehle.extend(GRUPPEN.into_iter().map(gruppe));
    befehle.extend(LAGER.into_iter().enumerate().map(lager));
    for (i, sorte) in SORTEN.iter().enumerate() {
        let id = plan.artikel_id(i);
        let daten = json!({"artikel_nr": sorte.nr, "bezeichnung": sorte.name, "typ": "ware",
            "gruppe_id": gruppe_id(GRUPPEN[sorte.gruppe].0), "basiseinheit": sorte.basis, "stellen": 3,
            "lose": sorte.lose, "steuerschluessel": sorte.schluessel, "steuerschluessel_ek": sorte.schluessel_ek});
        befehle.push(wawi("artikel", id, "anlegen", daten));
        if sorte.basis == "kg" {
            for (code, zaehler) in [("dt", 100), ("t", 1_000)] {
                let daten = json!({"einheit": code, "zaehler": zaehler});
                befehle.push(wawi("artikel", id, "einheit-hinzufuegen", daten));
            }
        }
        befehle.push(wawi("artikel", id, "aktivieren", json!({})));
    }
    befehle
}

/// The standard price list, the stock with which the year begins.
fn preise(plan: &DemoPlan) -> Vec<Befehl> {
    let liste = plan.id("preisliste/standard", tag(2025, 1, 1));
    let wawi = |wie: &'static str, daten: Value| befehl(("wawi", "preislisten"), liste, wie, daten);
    let anlegen = json!({"name": "Standard 2026", "standard": true, "gueltig_von": tag(2026, 1, 1)});
    let mut befehle = vec![wawi("anlegen", anlegen)];
    for (i, sorte) in SORTEN.iter().enumerate() {
        let halbjahre = [
            (tag(2026, 1, 1), tag(2026, 6, 30)),
            (tag(2026, 7, 1), tag(2026, 12, 31)),
        ];
        for ((von, bis), preis) in halbjahre.into_iter().zip(sorte.verkauf) {
            let daten = json!({"artikel_id": plan.artikel_id(i), "einheit": sorte.einheit, "je_menge": "1",
                "gueltig_von": von, "gueltig_bis": bis, "staffeln": [{"ab_menge": "0", "preis": euro(preis)}]});
            befehle.push(wawi("preis-setzen", daten));
        }
    }
    befehle.push(wawi("freigeben", json!({})));
    for (i, sorte) in SORTEN.iter().enumerate() {
        let je = if sorte.basis == "kg" { 1_000 } else { 1 };
        let beleg = json!({"typ": "inventur", "id": plan.id("inventur", tag(2025, 12, 31))});
        let daten = json!({"artikel_id": plan.artikel_id(i), "lager_id": plan.lager_id(sorte.lager),
            "menge": menge_text(sorte.anfang() * je), "bewegungsart": "eroeffnung", "beleg": beleg,
            "buchungsdatum": tag(2026, 1, 1)});
        befehle.push(Befehl {
            id: None,
            ..befehl(("wawi", "lagerbestaende"), Uuid::nil(), "zugang-buchen", daten)
        });
    }
    befehle
}

fn anschrift(i: usize) -> Value {
    let (plz, ort) = ORTE[i % ORTE.len()];
    json!({"strasse": format!("Deichweg {}", i + 1), "plz": plz, "ort": ort, "land": "DE"})
}

/// The terms of payment of a customer.
pub(super) fn kundenbedingung(kunde: usize) -> &'static str {
    match kunde {
        VERBRAUCHER => "SOFORT",
        KNAPP => "14N",
        _ if kunde.is_multiple_of(3) => "14N",
        _ => "30S",
    }
}

fn kunde(plan: &DemoPlan, kunde: usize) -> Vec<Befehl> {
    let id = plan.kunde_id(kunde);
    let anfang = tag(2025, 1, 1);
    let crm = |wie: &'static str, daten: Value| befehl(("crm", "kunden"), id, wie, daten);
    let weiterer = || format!("Hof {}", name(kunde - KUNDEN.len()));
    let verbraucher = kunde == VERBRAUCHER;
    let name = KUNDEN.get(kunde).map_or_else(weiterer, |name| (*name).to_owned());
    let art = if verbraucher { "person" } else { "firma" };
    let adresse = json!({"art": "rechnung", "anschrift": anschrift(kunde), "gueltig_von": anfang});
    let sammel = if SAMMEL.contains(&kunde) { "sammel" } else { "einzel" };
    let limit = match kunde {
        VERBRAUCHER => LIMIT_VERBRAUCHER,
        KNAPP => LIMIT_KNAPP,
        _ => LIMIT,
    };
    let konditionen =
        json!({"zahlungsbedingung_id": plan.bedingung_id(kundenbedingung(kunde)), "rechnungsart": sammel});
    vec![
        crm(
            "anlegen",
            json!({"kunden_art": art, "name": name, "verbraucher": verbraucher, "ust_status": "regel",
                "ust_status_ab": anfang}),
        ),
        crm("adresse-hinzufuegen", json!({"adresse": adresse})),
        crm("konditionen-setzen", konditionen),
        crm("freigeben", json!({})),
        limit_setzen(plan, kunde, limit),
    ]
}

pub(super) fn limit_setzen(plan: &DemoPlan, kunde: usize, limit: i64) -> Befehl {
    let daten = json!({"betrag": euro(limit), "gueltig_ab": tag(2026, 1, 1)});
    befehl(
        ("crm", "kreditlinien"),
        plan.kreditlinie_id(kunde),
        "limit-setzen",
        daten,
    )
}

pub(super) fn limit_freigeben(plan: &DemoPlan, kunde: usize, nr: i32) -> Befehl {
    befehl(
        ("crm", "kreditlinien"),
        plan.kreditlinie_id(kunde),
        "limit-freigeben",
        json!({"nr": nr}),
    )
}

fn lieferant(plan: &DemoPlan, lieferant: usize) -> Vec<Befehl> {
    let id = plan.lieferant_id(lieferant);
    let anfang = tag(2025, 1, 1);
    let wawi = |wie: &'static str, daten: Value| befehl(("wawi", "lieferanten"), id, wie, daten);
    let landwirt = || (name(lieferant + 60 - LIEFERANTEN.len()), "erzeuger", "pauschal24");
    let (name, art, ust) = LIEFERANTEN
        .get(lieferant)
        .map_or_else(landwirt, |(name, art, ust)| ((*name).to_owned(), *art, *ust));
    let bedingung = if ust == "pauschal24" { "14N" } else { "30S" };
    let adresse = json!({"art": "haupt", "anschrift": anschrift(lieferant), "gueltig_von": anfang});
    vec![
        wawi(
            "anlegen",
            json!({"name": name, "art": art, "ust_status": ust, "ust_status_ab": anfang}),
        ),
        wawi("adresse-setzen", json!({"adresse": adresse})),
        wawi(
            "kondition-setzen",
            json!({"gueltig_ab": anfang, "zahlungsbedingung_id": plan.bedingung_id(bedingung)}),
        ),
        wawi("freigeben", json!({})),
    ]
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
