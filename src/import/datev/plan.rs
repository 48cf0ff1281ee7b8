//! Rows of a Buchungsstapel → commands. Pure: knows the accounts of the company and the rows before, sends nothing.

mod buchung;
mod steuer;
mod vorpruefung;

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{context::derived_v7, types::Betrag};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::{buchung::bereinigt, vorpruefung::betrag_in_eur};
use super::{
    bericht::deutsch,
    format::{Buchungszeile, Kopf},
    konten::Bestand,
};
use crate::portal::Auftrag;

pub use self::vorpruefung::{Vorgeprueft, vorpruefen};

/// Longest label of a Stapel in a reason; the format allows 30.
const MAX_BEZEICHNUNG: usize = 30;

/// Why the import itself refuses a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absage {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub text: String,
}

fn absage<T>(code: &'static str, text: impl Into<String>) -> Result<T, Absage> {
    Err(Absage {
        code,
        text: text.into(),
    })
}

/// A command of a row.
#[derive(Debug)]
pub struct Geplant {
    /// The command.
    pub auftrag: Auftrag,
    /// For a Generalumkehr the row that it reverses.
    pub ursprung: Option<Ursprung>,
    /// What else to know.
    pub hinweise: Vec<String>,
}

/// The row that a Generalumkehr reverses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ursprung {
    /// Index of the file in the run.
    pub datei: usize,
    /// Line in the file.
    pub zeile: usize,
}

/// A row as a Generalumkehr finds it again: debited and credited account, amount, Belegfeld 1.
type Merkmal = (String, String, i64, String);

/// A row of this run that may be reversed.
#[derive(Debug)]
struct Gemerkt {
    id: Uuid,
    ursprung: Ursprung,
    umgekehrt: bool,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub struct Stelle<'a> {
    /// Index of the file in the run.
    pub datei: usize,
    /// Its header.
    pub kopf: &'a Kopf,
    /// Line in the file.
    pub zeile: usize,
    /// The row as written.
    pub roh: &'a str,
    /// How many identical rows stand before it in the file.
    pub lfd: usize,
}

impl Stelle<'_> {
    /// `DATEV-Stapel Maerz 2026, Zeile 5`.
    fn name(&self) -> String {
        let bezeichnung: String = self.kopf.bezeichnung.chars().take(MAX_BEZEICHNUNG).collect();
        format!("DATEV-Stapel {bezeichnung}, Zeile {}", self.zeile).replace(" ,", ",")
    }

    /// The Idempotency key: the Buchungs-GUID, else the row itself. The same row of a later export acts once.
    pub fn schluessel(&self, guid: &str) -> String {
        if !guid.is_empty() {
            return format!("datev:{}", guid.to_lowercase());
        }
        let mut hash = Sha256::new();
        let kopf = self.kopf;
        for teil in [
            kopf.berater.as_str(),
            &kopf.mandant,
            &kopf.wj_beginn.to_string(),
            self.roh,
            &self.lfd.to_string(),
        ] {
            hash.update(teil.as_bytes());
            hash.update([0]);
        }
        format!("datev:{}", hex::encode(hash.finalize()))
    }
}

/// Plans the rows of a run, in order.
#[derive(Debug, Default)]
pub struct Planer {
    /// Tax keys of the invoices by partner and Belegfeld 1; payments with discount look here.
    rechnungen: BTreeMap<(String, String), BTreeSet<String>>,
    gemerkt: BTreeMap<Merkmal, Vec<Gemerkt>>,
    /// Refused rows, so that a Generalumkehr can say why it has no original.
    abgesagt: BTreeMap<Merkmal, usize>,
}

impl Planer {
    /// Plans a row, or says why it cannot be posted.
    pub fn planen(
        &mut self,
        zeile: &Buchungszeile,
        geprueft: &Vorgeprueft,
        stelle: &Stelle<'_>,
        bestand: &Bestand,
    ) -> Result<Geplant, Absage> {
        let key = stelle.schluessel(&zeile.guid);
        let merkmal = merkmal(zeile, geprueft.betrag);
        let mut hinweise = hinweise(zeile, geprueft);
        if geprueft.umkehr {
            return self.umkehren(zeile, merkmal, stelle, key, hinweise);
        }
        let id = buchung_id(bestand.kontenplan_id, &key, zeile.belegdatum);
        let daten = self.buchung(zeile, geprueft, stelle, bestand, &mut hinweise)?;
        self.gemerkt.entry(merkmal).or_default().push(Gemerkt {
            id,
            ursprung: Ursprung {
                datei: stelle.datei,
                zeile: stelle.zeile,
            },
            umgekehrt: false,
        });
        Ok(Geplant {
            auftrag: Auftrag {
                bereich: "fibu",
                ressource: "buchungen",
                id: Some(id),
                befehl: "erfassen",
                daten,
                schluessel: Some(key),
            },
            ursprung: None,
            hinweise,
        })
    }

    /// Remembers a row that was not planned.
    pub fn absagen(&mut self, zeile: &Buchungszeile, nr: usize) {
        let betrag = betrag_in_eur(zeile).map_or(zeile.umsatz, |(betrag, _)| betrag);
        self.abgesagt.insert(merkmal(zeile, betrag), nr);
    }

    /// Reverses the row it belongs to. Some programs turn the side around, some repeat it.
    fn umkehren(
        &mut self,
        zeile: &Buchungszeile,
        merkmal: Merkmal,
        stelle: &Stelle<'_>,
        key: String,
        mut hinweise: Vec<String>,
    ) -> Result<Geplant, Absage> {
        let (soll, haben, cent, beleg) = merkmal.clone();
        let gedreht = (haben, soll, cent, beleg);
        for gesucht in [&gedreht, &merkmal] {
            let offen = self.gemerkt.get_mut(gesucht);
            let Some(original) = offen.and_then(|o| o.iter_mut().find(|g| !g.umgekehrt)) else {
                continue;
            };
            original.umgekehrt = true;
            hinweise.push(if original.ursprung.datei == stelle.datei {
                format!("Generalumkehr der Zeile {}", original.ursprung.zeile)
            } else {
                format!(
                    "Generalumkehr der Zeile {} einer früheren Datei",
                    original.ursprung.zeile
                )
            });
            let grund = format!("Generalumkehr aus {}: {}", stelle.name(), bereinigt(&zeile.text));
            let grund = grund.trim_end_matches(": ").to_owned();
            return Ok(Geplant {
                auftrag: Auftrag {
                    bereich: "fibu",
                    ressource: "buchungen",
                    id: Some(original.id),
                    befehl: "stornieren",
                    daten: json!({"grund": grund, "buchungsdatum": zeile.belegdatum}),
                    schluessel: Some(key),
                },
                ursprung: Some(original.ursprung.clone()),
                hinweise,
            });
        }
        let abgesagt = self.abgesagt.get(&gedreht).or_else(|| self.abgesagt.get(&merkmal));
        absage(OHNE_ORIGINAL, ohne_original(abgesagt.copied()))
    }
}

/// Code of a Generalumkehr that finds nothing to reverse.
pub const OHNE_ORIGINAL: &str = "DATEV_GENERALUMKEHR_OHNE_ORIGINAL";

/// Why there is nothing to reverse.
pub fn ohne_original(abgelehnte_zeile: Option<usize>) -> String {
    match abgelehnte_zeile {
        Some(nr) => format!("die Zeile {nr}, die umgekehrt werden soll, wurde nicht gebucht; es gibt nichts umzukehren"),
        None => "vorher in diesem Lauf steht keine offene Buchung mit denselben Konten, demselben Betrag und Belegfeld 1; die ursprüngliche Buchung von Hand stornieren".to_owned(),
    }
}

fn merkmal(zeile: &Buchungszeile, betrag: Betrag) -> Merkmal {
    let (konto, gegenkonto) = (zeile.konto.nr().to_owned(), zeile.gegenkonto.nr().to_owned());
    let (soll, haben) = if zeile.soll {
        (konto, gegenkonto)
    } else {
        (gegenkonto, konto)
    };
    (soll, haben, betrag.as_cent(), zeile.belegfeld1.clone())
}

/// Id of a Buchung: the same row of the same company always gets the same one, so that a Generalumkehr knows it.
fn buchung_id(kontenplan_id: Uuid, key: &str, belegdatum: NaiveDate) -> Uuid {
    let zeit = DateTime::<Utc>::from_naive_utc_and_offset(belegdatum.and_time(NaiveTime::MIN), Utc);
    derived_v7(kontenplan_id, key, zeit)
}

fn hinweise(zeile: &Buchungszeile, geprueft: &Vorgeprueft) -> Vec<String> {
    let mut hinweise = Vec::new();
    if let Some(original) = &geprueft.original {
        hinweise.push(format!("in EUR gebucht; Original {original}"));
    }
    if zeile.umsatz_ganzzahlig {
        hinweise.push(format!(
            "Betrag ohne Nachkommastellen gelesen als {}",
            deutsch(zeile.umsatz)
        ));
    }
    if !zeile.nicht_uebernommen.is_empty() {
        hinweise.push(format!("nicht übernommen: {}", zeile.nicht_uebernommen.join(", ")));
    }
    hinweise
}
