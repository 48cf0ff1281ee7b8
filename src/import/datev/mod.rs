//! Taking over files in the DATEV format: Kontenbeschriftungen (20), Debitoren/Kreditoren (16), Buchungsstapel (21).
//!
//! The import is a client like any other: it sends commands through the [`Portal`] and writes nothing itself. Every
//! row ends up in the report, whatever becomes of it. Idempotency keys made of the Buchungs-GUID or the row itself
//! make a second run write nothing.

mod bericht;
mod format;
mod konten;
mod plan;
mod stammdaten;
mod stapel;
#[cfg(test)]
mod tests;
mod vorbereitung;

use std::path::PathBuf;

use aggregates::Refusal;
use anyhow::ensure;

pub use bericht::Importbericht;
pub use format::Datei;

use self::bericht::{Dateibericht, Ergebnis, Zeilenbericht};
use self::format::{FeldFehler, Kategorie, Rohzeile};

use crate::portal::{Antwort, Auftrag, Portal};

/// Commands sent at once; a batch is one round trip and must stay well below what the portal takes.
const MAX_STAPEL: usize = 200;
/// Code of a row that cannot be read.
const ZEILE_UNGUELTIG: &str = "DATEV_ZEILE_UNGUELTIG";

/// Reports progress: rows done, rows in all.
pub type Fortschritt<'a> = &'a mut (dyn FnMut(usize, usize) + Send);

/// Reads files from disk; one that breaks the format is an error.
pub fn lesen(pfade: &[PathBuf]) -> anyhow::Result<Vec<Datei>> {
    Ok(pfade.iter().map(|pfad| format::lesen(pfad)).collect::<Result<_, _>>()?)
}

/// What speaks against the files as a whole, before anything is written: charts and account lengths that differ, and for
/// a company that does not exist yet, what it could not be given.
pub fn pruefen(dateien: &[Datei], neue_firma: bool) -> anyhow::Result<()> {
    let bekannt: Vec<_> = dateien.iter().filter(|d| rang(d.kopf.kategorie) < 3).collect();
    ensure!(
        !neue_firma || !bekannt.is_empty(),
        "keine der Dateien enthält etwas, das übernommen wird; die Firma wird nicht angelegt"
    );
    if bekannt.is_empty() {
        return Ok(());
    }
    vorbereitung::pruefen(&bekannt, neue_firma)
}

/// Order of the categories; 3 is what is only reported.
const fn rang(kategorie: Kategorie) -> u8 {
    match kategorie {
        Kategorie::Kontenbeschriftungen => 0,
        Kategorie::Personenkonten => 1,
        Kategorie::Buchungsstapel => 2,
        Kategorie::Andere(_) => 3,
    }
}

/// Takes files over that were read, master data first whatever their order. Another chart than the company's or a fiscal
/// year that does not fit end the import before a row is written; all else is in the report.
pub async fn importieren<P: Portal>(
    portal: &P,
    mut dateien: Vec<Datei>,
    fortschritt: Fortschritt<'_>,
) -> anyhow::Result<Importbericht> {
    // Stapel in the order of their periods: a payment finds its invoice of the month before.
    dateien.sort_by_key(|d| (rang(d.kopf.kategorie), d.kopf.wj_beginn, d.kopf.von));
    let gesamt = dateien.iter().map(|d| d.zeilen.len()).sum();
    let mut lauf = Lauf {
        portal,
        fortschritt,
        gesamt,
        erledigt: 0,
        in_datei: 0,
        bericht: Importbericht::default(),
    };
    lauf.weiter(0);
    let (bekannt, andere): (Vec<_>, Vec<_>) = dateien.iter().partition(|d| rang(d.kopf.kategorie) < 3);
    if !bekannt.is_empty() {
        let mut bestand = lauf.vorbereiten(&bekannt).await?;
        let mut folge = stapel::Folge::default();
        for datei in bekannt {
            let zeilen = match datei.kopf.kategorie {
                Kategorie::Kontenbeschriftungen => lauf.beschriftungen(datei, &mut bestand).await?,
                Kategorie::Personenkonten => lauf.personen(datei, &mut bestand).await?,
                Kategorie::Buchungsstapel | Kategorie::Andere(_) => {
                    lauf.stapel(datei, &mut bestand, &mut folge).await?
                }
            };
            lauf.dazu(datei, zeilen);
        }
    }
    for datei in andere {
        lauf.weiter(datei.zeilen.len());
        lauf.dazu(datei, nicht_uebernommen(datei));
    }
    Ok(lauf.bericht)
}

/// The report of a file of a category that is not taken over.
fn nicht_uebernommen(datei: &Datei) -> Vec<Zeilenbericht> {
    let was = match datei.kopf.kategorie.nummer() {
        46 => {
            "Zahlungsbedingungen werden aus DATEV nicht übernommen; von Hand anlegen (POST /fibu/zahlungsbedingungen)"
                .to_owned()
        }
        48 => "abweichende Anschriften werden nicht geführt".to_owned(),
        65 => "wiederkehrende Buchungen werden nicht geführt".to_owned(),
        nummer => format!("die Kategorie {nummer} ({}) wird nicht geführt", datei.kopf.formatname),
    };
    let bericht = |zeile: &Rohzeile| Zeilenbericht {
        zeile: zeile.nr,
        konto: String::new(),
        gegenkonto: String::new(),
        betrag: None,
        ergebnis: Ergebnis::NichtUebernommen { grund: was.clone() },
        hinweise: Vec::new(),
    };
    datei.zeilen.iter().map(bericht).collect()
}

/// An import at work.
struct Lauf<'a, P> {
    portal: &'a P,
    fortschritt: Fortschritt<'a>,
    gesamt: usize,
    erledigt: usize,
    /// Rows of the present Stapel that are done.
    in_datei: usize,
    bericht: Importbericht,
}

impl<P: Portal> Lauf<'_, P> {
    /// More rows are done.
    fn weiter(&mut self, zeilen: usize) {
        self.erledigt += zeilen;
        (self.fortschritt)(self.erledigt, self.gesamt);
    }

    /// The report of a file is complete.
    fn dazu(&mut self, datei: &Datei, zeilen: Vec<Zeilenbericht>) {
        self.bericht.dateien.push(Dateibericht {
            datei: datei.name.clone(),
            kategorie: datei.kopf.kategorie.nummer(),
            format: datei.kopf.formatname.clone(),
            zeilen,
        });
    }

    /// Sends commands in batches; one answer per command, in order.
    async fn senden(&mut self, auftraege: Vec<Auftrag>) -> anyhow::Result<Vec<Result<Antwort, Refusal>>> {
        let mut antworten = Vec::with_capacity(auftraege.len());
        let mut rest = auftraege.into_iter();
        loop {
            let stapel: Vec<Auftrag> = rest.by_ref().take(MAX_STAPEL).collect();
            if stapel.is_empty() {
                return Ok(antworten);
            }
            let erwartet = stapel.len();
            let erhalten = self.portal.senden(stapel).await?;
            ensure!(
                erhalten.len() == erwartet,
                "{erwartet} Befehle gesendet, {} Antworten erhalten; der Stand der Übernahme ist ungewiss, bitte erneut einlesen",
                erhalten.len()
            );
            antworten.extend(erhalten);
        }
    }
}

/// A command of Finanzbuchhaltung without an Idempotency key: what it creates has a natural key.
fn auftrag(ressource: &'static str, id: Option<uuid::Uuid>, befehl: &'static str, daten: serde_json::Value) -> Auftrag {
    Auftrag {
        bereich: "fibu",
        ressource,
        id,
        befehl,
        daten,
        schluessel: None,
    }
}

/// A refusal as a result of a row.
fn abgelehnt(refusal: &Refusal) -> Ergebnis {
    Ergebnis::Abgelehnt {
        code: refusal.code.clone(),
        text: refusal.detail.clone(),
    }
}

/// An unreadable row.
fn unlesbar(fehler: &FeldFehler) -> Ergebnis {
    Ergebnis::Abgelehnt {
        code: ZEILE_UNGUELTIG.to_owned(),
        text: fehler.to_string(),
    }
}
