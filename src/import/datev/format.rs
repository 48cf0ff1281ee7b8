//! Reader of the DATEV format (EXTF header version 700): header, raw rows, typed rows of the categories that are taken
//! over. A file that breaks the format as a whole is an error; a single wrong row is an error of that row only, so that
//! one bad row does not hide the good ones.

mod buchungszeile;
mod kopf;
mod stammdatenzeilen;
#[cfg(test)]
pub(super) mod tests;
mod werte;
mod zeile;

use std::{fmt, path::Path};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use self::{kopf::kopf_lesen, zeile::zerlegen};

pub use self::{
    buchungszeile::Buchungszeile,
    kopf::{Kategorie, Kopf},
    stammdatenzeilen::{Beschriftungszeile, Personenzeile},
    werte::Kontobezug,
    zeile::{Rohzeile, Zeile},
};

/// Largest file that is read: 100 MB. A full Buchungsstapel of 99.999 rows stays far below.
pub const MAX_DATEI_BYTES: u64 = 100 * 1024 * 1024;
/// Most data rows of a file; limit of the format itself.
pub const MAX_ZEILEN: usize = 99_999;
/// First line with data: behind header and column names.
const ERSTE_DATENZEILE: usize = 3;

/// Why a file is not readable as a whole. `zeile` and `spalte` (a character, both from 1) point at the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateiFehler {
    /// Cannot be opened or read.
    #[error("{datei}: nicht lesbar: {ursache}")]
    NichtLesbar {
        /// File name.
        datei: String,
        /// Answer of the operating system.
        ursache: String,
    },
    /// Larger than [`MAX_DATEI_BYTES`].
    #[error("{datei}: {bytes} Bytes; höchstens {MAX_DATEI_BYTES} Bytes (100 MB) werden gelesen")]
    ZuGross {
        /// File name.
        datei: String,
        /// Its size.
        bytes: u64,
    },
    /// Breaks the format.
    #[error("{datei}, Zeile {zeile}, Spalte {spalte}: {text}")]
    Form {
        /// File name.
        datei: String,
        /// Line, from 1.
        zeile: usize,
        /// Character within the line, from 1.
        spalte: usize,
        /// What is wrong and what to do.
        text: String,
    },
}

/// Why a single row is not readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeldFehler {
    /// Column of the format, from 1.
    pub spalte: usize,
    /// Published name of the column.
    pub name: &'static str,
    /// What is wrong.
    pub text: String,
}

impl FeldFehler {
    fn neu(spalte: usize, name: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { spalte, name, text }
    }
}

impl fmt::Display for FeldFehler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spalte {} ({}): {}", self.spalte, self.name, self.text)
    }
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Datei {
    /// File name without its folder.
    pub name: String,
    /// Header.
    pub kopf: Kopf,
    /// Data rows.
    pub zeilen: Vec<Rohzeile>,
}

/// Reads a file from disk.
pub fn lesen(pfad: &Path) -> Result<Datei, DateiFehler> {
    let datei = pfad
        .file_name()
        .map_or_else(|| pfad.display().to_string(), |n| n.to_string_lossy().into_owned());
    let nicht_lesbar = |e: std::io::Error| DateiFehler::NichtLesbar {
        datei: datei.clone(),
        ursache: e.to_string(),
    };
    let bytes = std::fs::metadata(pfad).map_err(nicht_lesbar)?.len();
    if bytes > MAX_DATEI_BYTES {
        return Err(DateiFehler::ZuGross { datei, bytes });
    }
    let inhalt = std::fs::read(pfad).map_err(nicht_lesbar)?;
    aus_bytes(&datei, &inhalt)
}

/// Reads the content of a file: windows-1252, or UTF-8 if it says so by a byte order mark.
pub fn aus_bytes(datei: &str, inhalt: &[u8]) -> Result<Datei, DateiFehler> {
    let zeichensatz = match Encoding::for_bom(inhalt) {
        Some((zeichensatz, _)) if zeichensatz == UTF_8 => UTF_8,
        _ => WINDOWS_1252,
    };
    let (text, _, kaputt) = zeichensatz.decode(inhalt);
    // Every byte means something in windows-1252.
    if kaputt {
        let zeile = text
            .split('\n')
            .position(|zeile| zeile.contains('\u{fffd}'))
            .map_or(1, |nr| nr + 1);
        return Err(DateiFehler::Form {
            datei: datei.to_owned(),
            zeile,
            spalte: 1,
            text: "die Datei nennt sich UTF-8, aber hier stehen andere Zeichen; bitte neu exportieren".to_owned(),
        });
    }
    let mut zeilen = text.split('\n').map(|z| z.strip_suffix('\r').unwrap_or(z));
    let form = |zeile: usize, spalte: usize, text: String| DateiFehler::Form {
        datei: datei.to_owned(),
        zeile,
        spalte,
        text,
    };
    let zerlegt = |nr: usize, roh: &str| match zerlegen(roh) {
        Ok(felder) => Ok(Zeile { felder }),
        Err((spalte, text)) => Err(form(nr, spalte, text.to_owned())),
    };
    let kopfzeile = zerlegt(1, zeilen.next().unwrap_or_default())?;
    let kopf = kopf_lesen(&kopfzeile).map_err(|(feld, text)| {
        let spalte = kopfzeile.felder.get(feld.saturating_sub(1)).map_or(1, |f| f.zeichen);
        form(1, spalte, format!("Kopffeld {feld}: {text}"))
    })?;
    if zeilen.next().is_none_or(|z| z.trim().is_empty()) {
        return Err(form(2, 1, "hier müssen die Spaltenüberschriften stehen".to_owned()));
    }
    let mut daten = Vec::new();
    for (nr, roh) in (ERSTE_DATENZEILE..).zip(zeilen) {
        if roh.trim().is_empty() {
            continue;
        }
        if daten.len() == MAX_ZEILEN {
            let text = format!("mehr als {MAX_ZEILEN} Datenzeilen; den Export in mehrere Dateien teilen");
            return Err(form(nr, 1, text));
        }
        zerlegt(nr, roh)?;
        daten.push(Rohzeile {
            nr,
            roh: roh.to_owned(),
        });
    }
    Ok(Datei {
        name: datei.to_owned(),
        kopf,
        zeilen: daten,
    })
}
