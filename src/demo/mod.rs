//! The demo company: a deterministic year of Landhandel Demo GmbH (Kürzel DEMO, SKR04) through both chains, from the
//! order to the payment, with about as many documents as asked for. The same plan gives the same commands on every
//! machine and day, so a second run writes nothing and the same year can be played into another installation as NDJSON.
//! Integers only: cents, tenths of a unit.

mod beleg;
mod buchungen;
mod einkauf;
mod eroeffnung;
mod jahr;
mod ndjson;
mod sortiment;
mod spielen;
mod stammdaten;
#[cfg(test)]
mod tests;
mod verkauf;
mod zufall;

use aggregates::context::derived_v7;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::{
    jahr::Beleganzahl,
    ndjson::schreiben,
    spielen::{Ende, spielen},
};
use crate::portal::Auftrag as Befehl;

/// Kürzel of the demo company.
pub const KUERZEL: &str = "DEMO";

/// Commands that are accepted together: as many as an atomic Stapel takes.
const STAPEL: usize = 500;

/// The plan of a demo company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPlan {
    /// The company; its id is part of all ids, so that two demo companies do not meet.
    pub mandant_id: Uuid,
    /// About how many documents the whole year has.
    pub belege: usize,
    /// Seed of amounts and choices.
    pub seed: u64,
    /// Weeks that end later are not played yet.
    pub heute: NaiveDate,
}

/// Who sends a Stapel: what one person entered another one approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// Enters and posts.
    Sachbearbeitung,
    /// Approves as the second person.
    Leitung,
    /// Approves what needs a third person.
    Geschaeftsfuehrung,
}

impl Person {
    /// Its name in file names and as an actor.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sachbearbeitung => "sachbearbeitung",
            Self::Leitung => "leitung",
            Self::Geschaeftsfuehrung => "geschaeftsfuehrung",
        }
    }
}

/// Commands of one person that are accepted together or not at all. What they need from the Stapel before them may
/// follow by policy only; until it has, they are refused as a whole.
#[derive(Debug, Clone)]
pub struct Stapel {
    /// Name, which is also the Idempotency-Key; names sort in the order of playing.
    pub name: String,
    /// Who sends it.
    pub person: Person,
    /// The commands.
    pub befehle: Vec<Befehl>,
    /// Documents that it begins, by kind.
    pub belege: Beleganzahl,
}

impl DemoPlan {
    /// The id of every demo company, so that a year written as NDJSON fits into each installation.
    #[must_use]
    pub fn firma() -> Uuid {
        let beginn = DateTime::<Utc>::from_naive_utc_and_offset(tag(2025, 1, 1).and_time(NaiveTime::MIN), Utc);
        derived_v7(Uuid::nil(), "demo/mandant", beginn)
    }

    /// Creates the company; the only command that goes to the system and not to the company.
    #[must_use]
    pub fn anlegen(&self) -> Befehl {
        let anschrift = json!({"strasse": "Am Hafen 1", "plz": "26721", "ort": "Emden", "land": "DE"});
        let stammdaten = json!({"firma": "Landhandel Demo GmbH", "anschrift": anschrift,
            "steuernummer": "58/201/12345"});
        let daten = json!({"kuerzel": KUERZEL, "stammdaten": stammdaten});
        befehl(("dienste", "mandanten"), self.mandant_id, "anlegen", daten)
    }

    /// The master data, then the year week by week up to today.
    pub fn stapel(&self) -> impl Iterator<Item = Stapel> + use<> {
        let stammdaten = stammdaten::stapel(self);
        let jahr = jahr::Jahr::neu(*self);
        stammdaten.into_iter().chain(jahr.flatten())
    }

    fn id(&self, zweck: &str, datum: NaiveDate) -> Uuid {
        let zeit = DateTime::<Utc>::from_naive_utc_and_offset(datum.and_time(NaiveTime::MIN), Utc);
        // Another plan has other ids, so that it never mixes with a year that was played before.
        let zweck = format!("demo/{}/{}/{zweck}", self.seed, self.belege);
        derived_v7(self.mandant_id, &zweck, zeit)
    }
}

/// Commands of a person in parts that fit into an atomic Stapel.
fn teilen(name: &str, person: Person, befehle: Vec<Befehl>, belege: Beleganzahl) -> Vec<Stapel> {
    let mut rest = befehle.into_iter().peekable();
    let mut teile = Vec::new();
    while rest.peek().is_some() {
        let name = format!("{name}-{:02}-{}", teile.len() + 1, person.name());
        let mit_schluessel = |(i, b): (usize, Befehl)| Befehl {
            schluessel: Some(format!("{name}/{i}")),
            ..b
        };
        let befehle = rest.by_ref().take(STAPEL).enumerate().map(mit_schluessel).collect();
        let belege = if teile.is_empty() {
            belege
        } else {
            Beleganzahl::default()
        };
        teile.push(Stapel {
            name,
            person,
            befehle,
            belege,
        });
    }
    teile
}

fn befehl((bereich, ressource): (&'static str, &'static str), id: Uuid, befehl: &'static str, daten: Value) -> Befehl {
    Befehl {
        bereich,
        ressource,
        id: Some(id),
        befehl,
        daten,
        schluessel: None,
    }
}

fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap_or_default()
}
