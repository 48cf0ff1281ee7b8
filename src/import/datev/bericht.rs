//! The report of an import: every row of every file with what became of it.

use std::fmt::{self, Write as _};

use aggregates::types::Betrag;
use serde::Serialize;
use serde_json::{Value, json};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "art", rename_all = "snake_case")]
pub enum Ergebnis {
    /// A Buchung was posted.
    Gebucht {
        /// Its document number.
        nummer: Option<String>,
        /// Position in the log.
        position: i64,
    },
    /// A Buchung was reversed; its Generalumkehr has a number of its own.
    Umgekehrt {
        /// Document number of the reversed Buchung.
        original: Option<String>,
        /// Position of the Generalumkehr in the log.
        position: i64,
    },
    /// Master data were written.
    Uebernommen {
        /// What was done, e.g. `angelegt`.
        was: String,
    },
    /// Was there before; nothing was written.
    BereitsVorhanden,
    /// Refused.
    Abgelehnt {
        /// Stable code.
        code: String,
        /// What is wrong and what to do.
        text: String,
    },
    /// Of a kind that is not taken over.
    NichtUebernommen {
        /// Why.
        grund: String,
    },
}

impl fmt::Display for Ergebnis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gebucht { nummer, position } => match nummer {
                Some(nummer) => write!(f, "gebucht {nummer}, Position {position}"),
                None => write!(f, "gebucht, Position {position}"),
            },
            Self::Umgekehrt { original, position } => match original {
                Some(original) => write!(f, "gebucht als Generalumkehr von {original}, Position {position}"),
                None => write!(f, "gebucht als Generalumkehr, Position {position}"),
            },
            Self::Uebernommen { was } => f.write_str(was),
            Self::BereitsVorhanden => f.write_str("bereits vorhanden"),
            Self::Abgelehnt { code, text } => write!(f, "abgelehnt {code}: {text}"),
            Self::NichtUebernommen { grund } => write!(f, "nicht übernommen: {grund}"),
        }
    }
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Zeilenbericht {
    /// Line in the file.
    pub zeile: usize,
    /// Konto as written in the file.
    pub konto: String,
    /// Gegenkonto as written in the file; empty for master data.
    pub gegenkonto: String,
    /// Amount in EUR, if the row has one that could be read.
    pub betrag: Option<Betrag>,
    /// What became of it.
    pub ergebnis: Ergebnis,
    /// What else to know.
    pub hinweise: Vec<String>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dateibericht {
    /// File name.
    pub datei: String,
    /// Category of the header.
    pub kategorie: u32,
    /// Name of the format, e.g. `Buchungsstapel`.
    pub format: String,
    /// Its rows, in order.
    pub zeilen: Vec<Zeilenbericht>,
}

/// Counts of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summen {
    /// All rows.
    pub zeilen: usize,
    /// Posted.
    pub gebucht: usize,
    /// Master data written.
    pub uebernommen: usize,
    /// There before.
    pub bereits_vorhanden: usize,
    /// Refused.
    pub abgelehnt: usize,
    /// Of a kind that is not taken over.
    pub nicht_uebernommen: usize,
    /// Amount of the posted rows.
    pub betrag_gebucht: Betrag,
    /// Amount of the refused rows, as far as it could be read.
    pub betrag_abgelehnt: Betrag,
}

impl Summen {
    fn zaehlen(&mut self, zeile: &Zeilenbericht) {
        let betrag = zeile.betrag.unwrap_or_default();
        self.zeilen += 1;
        match zeile.ergebnis {
            Ergebnis::Gebucht { .. } | Ergebnis::Umgekehrt { .. } => {
                self.gebucht += 1;
                self.betrag_gebucht += betrag;
            }
            Ergebnis::Uebernommen { .. } => self.uebernommen += 1,
            Ergebnis::BereitsVorhanden => self.bereits_vorhanden += 1,
            Ergebnis::Abgelehnt { .. } => {
                self.abgelehnt += 1;
                self.betrag_abgelehnt += betrag;
            }
            Ergebnis::NichtUebernommen { .. } => self.nicht_uebernommen += 1,
        }
    }
}

/// The report of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Importbericht {
    /// What was created beside the rows, because they need it: Kontenplan, Geschäftsjahre, accounts.
    pub vorbereitung: Vec<String>,
    /// The files, in the order in which they were taken over.
    pub dateien: Vec<Dateibericht>,
}

impl Importbericht {
    /// Counts over all files.
    #[must_use]
    pub fn summen(&self) -> Summen {
        let mut summen = Summen::default();
        for zeile in self.dateien.iter().flat_map(|d| &d.zeilen) {
            summen.zaehlen(zeile);
        }
        summen
    }

    /// The report as JSON, with the totals.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"vorbereitung": self.vorbereitung, "dateien": self.dateien, "summen": self.summen()})
    }
}

/// An amount the German way: `1.234,56`.
#[must_use]
pub fn deutsch(betrag: Betrag) -> String {
    let text = betrag.abs().to_string();
    let (ganze, cent) = text.split_once('.').unwrap_or((&text, "00"));
    let mut mit_punkten = String::new();
    for (stelle, ziffer) in ganze.chars().enumerate() {
        if stelle > 0 && (ganze.len() - stelle).is_multiple_of(3) {
            mit_punkten.push('.');
        }
        mit_punkten.push(ziffer);
    }
    let vorzeichen = if betrag < Betrag::NULL { "-" } else { "" };
    format!("{vorzeichen}{mit_punkten},{cent}")
}

/// Headings of the table.
const UEBERSCHRIFTEN: [&str; 5] = ["Zeile", "Konto", "Gegenkonto", "Betrag", "Ergebnis"];
/// Columns whose numbers stand at the right.
const RECHTSBUENDIG: [bool; 5] = [true, true, true, true, false];

/// Writes rows as an aligned table; the last column has no padding.
fn tabelle(f: &mut fmt::Formatter<'_>, zeilen: &[[String; 5]]) -> fmt::Result {
    let mut breiten = UEBERSCHRIFTEN.map(|u| u.chars().count());
    for zeile in zeilen {
        for (breite, feld) in breiten.iter_mut().zip(zeile) {
            *breite = (*breite).max(feld.chars().count());
        }
    }
    let ueberschriften = [UEBERSCHRIFTEN.map(str::to_owned)];
    for zeile in ueberschriften.iter().chain(zeilen) {
        let mut text = String::new();
        for ((feld, breite), rechts) in zeile.iter().zip(breiten).zip(RECHTSBUENDIG) {
            if rechts {
                write!(text, "{feld:>breite$}  ")?;
            } else {
                text.push_str(feld);
            }
        }
        writeln!(f, "{}", text.trim_end())?;
    }
    Ok(())
}

impl fmt::Display for Importbericht {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.vorbereitung.is_empty() {
            writeln!(f, "Vorbereitung")?;
            for schritt in &self.vorbereitung {
                writeln!(f, "  {schritt}")?;
            }
            writeln!(f)?;
        }
        for datei in &self.dateien {
            writeln!(f, "{} (Kategorie {}, {})", datei.datei, datei.kategorie, datei.format)?;
            let zeilen: Vec<[String; 5]> = datei.zeilen.iter().map(felder).collect();
            tabelle(f, &zeilen)?;
            writeln!(f)?;
        }
        let summen = self.summen();
        writeln!(
            f,
            "Summe: {} Zeilen, davon {} gebucht ({} EUR), {} Stammdaten übernommen, {} bereits vorhanden, {} abgelehnt ({} EUR), {} nicht übernommen",
            summen.zeilen,
            summen.gebucht,
            deutsch(summen.betrag_gebucht),
            summen.uebernommen,
            summen.bereits_vorhanden,
            summen.abgelehnt,
            deutsch(summen.betrag_abgelehnt),
            summen.nicht_uebernommen,
        )
    }
}

fn felder(zeile: &Zeilenbericht) -> [String; 5] {
    let mut ergebnis = zeile.ergebnis.to_string();
    for hinweis in &zeile.hinweise {
        ergebnis.push_str("; ");
        ergebnis.push_str(hinweis);
    }
    [
        zeile.zeile.to_string(),
        zeile.konto.clone(),
        zeile.gegenkonto.clone(),
        zeile.betrag.map(deutsch).unwrap_or_default(),
        ergebnis,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn betraege_stehen_deutsch_da() {
        assert_eq!(deutsch(Betrag::cent(123_456_789)), "1.234.567,89");
        assert_eq!(deutsch(Betrag::cent(-100_000)), "-1.000,00");
        assert_eq!(deutsch(Betrag::cent(5)), "0,05");
    }

    #[test]
    fn die_tabelle_ist_ausgerichtet_und_summiert() {
        let zeile = |zeile, betrag, ergebnis| Zeilenbericht {
            zeile,
            konto: "10000".to_owned(),
            gegenkonto: "8400".to_owned(),
            betrag: Some(Betrag::cent(betrag)),
            ergebnis,
            hinweise: Vec::new(),
        };
        let bericht = Importbericht {
            vorbereitung: vec!["Kontenplan SKR03 angelegt".to_owned()],
            dateien: vec![Dateibericht {
                datei: "a.csv".to_owned(),
                kategorie: 21,
                format: "Buchungsstapel".to_owned(),
                zeilen: vec![
                    zeile(
                        3,
                        119_000,
                        Ergebnis::Gebucht {
                            nummer: Some("MB-2026-000001".to_owned()),
                            position: 7,
                        },
                    ),
                    zeile(
                        4,
                        500,
                        Ergebnis::Abgelehnt {
                            code: "DATEV_BU_UNBEKANNT".to_owned(),
                            text: "…".to_owned(),
                        },
                    ),
                ],
            }],
        };
        let umgekehrt = Ergebnis::Umgekehrt {
            original: Some("MB-2024-000023".to_owned()),
            position: 318,
        };
        let text = "gebucht als Generalumkehr von MB-2024-000023, Position 318";
        assert_eq!(umgekehrt.to_string(), text, "the position is not that of the original");
        let text = bericht.to_string();
        assert!(
            text.contains("Zeile  Konto  Gegenkonto    Betrag  Ergebnis\n"),
            "{text}"
        );
        assert!(
            text.contains("    3  10000        8400  1.190,00  gebucht MB-2026-000001, Position 7\n"),
            "{text}"
        );
        assert!(
            text.contains("    4  10000        8400      5,00  abgelehnt DATEV_BU_UNBEKANNT: …\n"),
            "{text}"
        );
        assert!(text.contains("2 Zeilen, davon 1 gebucht (1.190,00 EUR)"), "{text}");
        let json = bericht.to_json();
        assert_eq!(json["summen"]["abgelehnt"], 1);
        assert_eq!(json["dateien"][0]["zeilen"][0]["ergebnis"]["art"], "gebucht");
    }
}
