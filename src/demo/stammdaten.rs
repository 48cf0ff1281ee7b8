//! Master data of the demo company: chart, Geschäftsjahre, Debitoren and Kreditoren. More vouchers bring more partners.

use aggregates::context::stream_id;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DemoPlan, tag};
use crate::portal::Auftrag;

/// One further customer for this many vouchers, up to [`MAX_KUNDEN`].
const BELEGE_JE_KUNDE: usize = 200;
/// One further farmer for this many vouchers, up to [`MAX_LANDWIRTE`].
const BELEGE_JE_LANDWIRT: usize = 500;
const MAX_KUNDEN: usize = 500;
const MAX_LANDWIRTE: usize = 200;
/// First numbers of the generated ones.
pub(super) const KUNDEN_AB: usize = 10_006;
pub(super) const LANDWIRTE_AB: usize = 70_010;

pub(super) const KUNDEN: [(&str, &str, bool); 5] = [
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

impl DemoPlan {
    pub(super) fn weitere_kunden(&self) -> usize {
        (self.belege / BELEGE_JE_KUNDE).min(MAX_KUNDEN)
    }

    pub(super) fn weitere_landwirte(&self) -> usize {
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
