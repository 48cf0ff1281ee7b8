//! Reader of the DATEV format (EXTF header version 700): header, raw rows, typed rows of the categories that are taken
//! over. A file that breaks the format as a whole is an error; a single wrong row is an error of that row only, so that
//! one bad row does not hide the good ones.

use std::{fmt, path::Path};

use aggregates::types::{Betrag, Dezimal};
use chrono::{Datelike, Days, Months, NaiveDate};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Largest file that is read: 100 MB. A full Buchungsstapel of 99.999 rows stays far below.
pub const MAX_DATEI_BYTES: u64 = 100 * 1024 * 1024;
/// Most data rows of a file; limit of the format itself.
pub const MAX_ZEILEN: usize = 99_999;
/// Longest row in characters; 254 columns of full width stay below. Keeps a file without line ends from being one row.
const MAX_ZEICHEN_JE_ZEILE: usize = 64 * 1024;
/// Fields of the header.
const KOPFFELDER: usize = 31;
/// First line with data: behind header and column names.
const ERSTE_DATENZEILE: usize = 3;

/// Kind of data in a file, header field 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kategorie {
    /// 16: Debitoren/Kreditoren.
    Personenkonten,
    /// 20: Kontenbeschriftungen.
    Kontenbeschriftungen,
    /// 21: Buchungsstapel.
    Buchungsstapel,
    /// Any other one; it is only reported.
    Andere(u32),
}

impl Kategorie {
    fn aus(nummer: u32) -> Self {
        match nummer {
            16 => Self::Personenkonten,
            20 => Self::Kontenbeschriftungen,
            21 => Self::Buchungsstapel,
            andere => Self::Andere(andere),
        }
    }

    /// The number in the header.
    pub const fn nummer(self) -> u32 {
        match self {
            Self::Personenkonten => 16,
            Self::Kontenbeschriftungen => 20,
            Self::Buchungsstapel => 21,
            Self::Andere(nummer) => nummer,
        }
    }

    /// Newest format version whose columns are known; columns are only ever added at the end.
    const fn hoechste_version(self) -> Option<u32> {
        match self {
            Self::Personenkonten => Some(5),
            Self::Kontenbeschriftungen => Some(3),
            Self::Buchungsstapel => Some(13),
            Self::Andere(_) => None,
        }
    }
}

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

impl fmt::Display for FeldFehler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spalte {} ({}): {}", self.spalte, self.name, self.text)
    }
}

/// A field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feld {
    /// Content without quotes.
    pub text: String,
    /// Written in quotes, i.e. a text field.
    pub in_anfuehrung: bool,
    /// First character within the line, from 1.
    pub zeichen: usize,
}

/// A row as it stands in the file. Its fields are split when they are used: a full file holds twelve million of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rohzeile {
    /// Line in the file, from 1.
    pub nr: usize,
    /// The line without its end.
    pub roh: String,
}

impl Rohzeile {
    /// Its fields. The reader has split every row once, so a row of a [`Datei`] never fails here.
    pub fn zerlegt(&self) -> Zeile {
        Zeile {
            felder: zerlegen(&self.roh).unwrap_or_default(),
        }
    }
}

/// A row split into its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zeile {
    /// Its fields.
    pub felder: Vec<Feld>,
}

impl Zeile {
    /// Content of a column of the format (from 1), trimmed; empty if the row is shorter.
    pub fn text(&self, spalte: usize) -> &str {
        spalte
            .checked_sub(1)
            .and_then(|i| self.felder.get(i))
            .map_or("", |f| f.text.trim())
    }
}

/// The header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kopf {
    /// Field 3.
    pub kategorie: Kategorie,
    /// Field 4, e.g. `Buchungsstapel`.
    pub formatname: String,
    /// Field 5.
    pub formatversion: u32,
    /// Field 11: number of the tax adviser.
    pub berater: String,
    /// Field 12: number of the client.
    pub mandant: String,
    /// Field 13.
    pub wj_beginn: NaiveDate,
    /// Field 14: digits of a Sachkonto; a Personenkonto has one more.
    pub sachkontenlaenge: u8,
    /// Field 15: first day of a Buchungsstapel.
    pub von: Option<NaiveDate>,
    /// Field 16: last day of a Buchungsstapel.
    pub bis: Option<NaiveDate>,
    /// Field 17: label of a Buchungsstapel.
    pub bezeichnung: String,
    /// Field 22; empty means EUR.
    pub waehrung: String,
    /// Field 27: `03`, `04`; often empty.
    pub rahmen: String,
}

impl Kopf {
    /// Last day of the Wirtschaftsjahr of twelve months.
    pub fn wj_ende(&self) -> NaiveDate {
        let naechstes = self.wj_beginn.checked_add_months(Months::new(12));
        naechstes
            .and_then(|n| n.checked_sub_days(Days::new(1)))
            .unwrap_or(self.wj_beginn)
    }

    /// Finds the year of a date TTMM: the one that falls into the period of the Stapel, else into the Wirtschaftsjahr.
    pub fn datum_ttmm(&self, text: &str) -> Result<NaiveDate, String> {
        let ziffern = text.len() <= 4 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let Some(zahl) = ziffern.then(|| text.parse::<u32>().ok()).flatten() else {
            return Err(format!("„{text}“ ist kein Datum der Form TTMM"));
        };
        let (tag, monat) = (zahl / 100, zahl % 100);
        let jahre = [self.wj_beginn.year(), self.wj_beginn.year().saturating_add(1)];
        let daten: Vec<NaiveDate> = jahre
            .into_iter()
            .filter_map(|jahr| NaiveDate::from_ymd_opt(jahr, monat, tag))
            .collect();
        let im_stapel =
            |d: &&NaiveDate| self.von.is_some_and(|von| **d >= von) && self.bis.is_some_and(|bis| **d <= bis);
        let im_wj = |d: &&NaiveDate| **d >= self.wj_beginn && **d <= self.wj_ende();
        let treffer = daten.iter().find(im_stapel).or_else(|| daten.iter().find(im_wj));
        treffer.copied().ok_or_else(|| {
            format!(
                "„{text}“ ist kein Tag (TTMM) des Wirtschaftsjahres {} bis {}",
                self.wj_beginn.format("%d.%m.%Y"),
                self.wj_ende().format("%d.%m.%Y")
            )
        })
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
    let (text, _, _) = zeichensatz.decode(inhalt);
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

/// Splits a line at `;`. Text stands in quotes, a quote inside is doubled.
fn zerlegen(zeile: &str) -> Result<Vec<Feld>, (usize, &'static str)> {
    if zeile.len() > MAX_ZEICHEN_JE_ZEILE {
        return Err((1, "die Zeile ist zu lang; ist das eine Datei im DATEV-Format?"));
    }
    let mut felder = Vec::new();
    let mut zeichen = zeile.chars().zip(1_usize..).peekable();
    let mut beginn = 1;
    loop {
        let mut text = String::new();
        let in_anfuehrung = zeichen.next_if(|(c, _)| *c == '"').is_some();
        if in_anfuehrung {
            loop {
                match zeichen.next() {
                    Some(('"', _)) if zeichen.next_if(|(c, _)| *c == '"').is_some() => text.push('"'),
                    Some(('"', _)) => break,
                    Some((c, _)) => text.push(c),
                    None => return Err((beginn, "das Anführungszeichen wird in dieser Zeile nicht geschlossen")),
                }
            }
        } else {
            while let Some((c, stelle)) = zeichen.next_if(|(c, _)| *c != ';') {
                if c == '"' {
                    return Err((stelle, "Anführungszeichen mitten in einem Feld ohne Anführungszeichen"));
                }
                text.push(c);
            }
        }
        felder.push(Feld {
            text,
            in_anfuehrung,
            zeichen: beginn,
        });
        match zeichen.next() {
            None => return Ok(felder),
            Some((';', stelle)) => beginn = stelle + 1,
            Some((_, stelle)) => return Err((stelle, "nach dem Anführungszeichen wird ein Semikolon erwartet")),
        }
    }
}

/// Reads the header; an error names the header field.
fn kopf_lesen(zeile: &Zeile) -> Result<Kopf, (usize, String)> {
    let kennung = zeile.text(1);
    if kennung != "EXTF" && kennung != "DTVF" {
        return Err((
            1,
            format!("„{kennung}“ statt „EXTF“; das ist keine Datei im DATEV-Format"),
        ));
    }
    let zahl = |feld: usize, was: &str| {
        let text = zeile.text(feld);
        text.parse::<u32>()
            .map_err(|_| (feld, format!("{was} „{text}“ ist keine Zahl")))
    };
    let version = zahl(2, "die Versionsnummer")?;
    if version != 700 {
        let text = format!("Kopfversion {version} wird nicht gelesen; mit der Version 700 neu exportieren");
        return Err((2, text));
    }
    if zeile.felder.len() != KOPFFELDER {
        let text = format!("der Kopf hat {} statt {KOPFFELDER} Felder", zeile.felder.len());
        return Err((zeile.felder.len().min(KOPFFELDER), text));
    }
    let kategorie = Kategorie::aus(zahl(3, "die Kategorie")?);
    let formatversion = zahl(5, "die Formatversion")?;
    if let Some(hoechste) = kategorie.hoechste_version()
        && !(1..=hoechste).contains(&formatversion)
    {
        let text = format!("Formatversion {formatversion} ist unbekannt; gelesen werden 1 bis {hoechste}");
        return Err((5, text));
    }
    let tag = |feld: usize| {
        let text = zeile.text(feld);
        NaiveDate::parse_from_str(text, "%Y%m%d").map_err(|_| (feld, format!("„{text}“ ist kein Datum JJJJMMTT")))
    };
    let tag_oder_leer = |feld: usize| match zeile.text(feld) {
        "" => Ok(None),
        _ => tag(feld).map(Some),
    };
    let laenge = zahl(14, "die Sachkontenlänge")?;
    let sachkontenlaenge = u8::try_from(laenge).ok().filter(|l| (4..=8).contains(l));
    let waehrung = zeile.text(22);
    if !(waehrung.is_empty() || waehrung == "EUR") {
        return Err((22, format!("die Hauswährung {waehrung} wird nicht übernommen, nur EUR")));
    }
    Ok(Kopf {
        kategorie,
        formatname: zeile.text(4).to_owned(),
        formatversion,
        berater: zeile.text(11).to_owned(),
        mandant: zeile.text(12).to_owned(),
        wj_beginn: tag(13)?,
        sachkontenlaenge: sachkontenlaenge
            .ok_or_else(|| (14, format!("die Sachkontenlänge {laenge} liegt nicht zwischen 4 und 8")))?,
        von: tag_oder_leer(15)?,
        bis: tag_oder_leer(16)?,
        bezeichnung: zeile.text(17).to_owned(),
        waehrung: waehrung.to_owned(),
        rahmen: zeile.text(27).to_owned(),
    })
}

/// An account of a row: a Sachkonto, or a Personenkonto with one digit more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kontobezug {
    /// Sachkonto, padded to the chart's length with leading zeros.
    Sachkonto(String),
    /// Debitor (first digit 1 to 6).
    Debitor(String),
    /// Kreditor (first digit 7 to 9).
    Kreditor(String),
}

impl Kontobezug {
    /// Reads the number of an account, for a chart of `laenge` digits.
    pub fn lesen(text: &str, laenge: u8) -> Result<Self, String> {
        if text.is_empty() {
            return Err("das Konto fehlt".to_owned());
        }
        let ziffern = text.trim_start_matches('0');
        if !text.bytes().all(|b| b.is_ascii_digit()) || ziffern.is_empty() {
            return Err(format!("„{text}“ ist keine Kontonummer"));
        }
        let laenge = usize::from(laenge);
        match ziffern.len() {
            n if n <= laenge => Ok(Self::Sachkonto(format!("{ziffern:0>laenge$}"))),
            n if n == laenge + 1 && ziffern.starts_with(['7', '8', '9']) => Ok(Self::Kreditor(ziffern.to_owned())),
            n if n == laenge + 1 => Ok(Self::Debitor(ziffern.to_owned())),
            n => Err(format!(
                "{ziffern} hat {n} Stellen; höchstens {} sind möglich",
                laenge + 1
            )),
        }
    }

    /// The number.
    pub fn nr(&self) -> &str {
        match self {
            Self::Sachkonto(nr) | Self::Debitor(nr) | Self::Kreditor(nr) => nr,
        }
    }

    /// A Debitor or Kreditor.
    pub const fn ist_person(&self) -> bool {
        matches!(self, Self::Debitor(_) | Self::Kreditor(_))
    }
}

/// A row of category 21.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buchungszeile {
    /// Column 1.
    pub umsatz: Betrag,
    /// The amount was written without decimals.
    pub umsatz_ganzzahlig: bool,
    /// Column 2: Konto is debited.
    pub soll: bool,
    /// Column 3; empty means EUR.
    pub wkz: String,
    /// Column 4 as written.
    pub kurs: String,
    /// Column 5.
    pub basis_umsatz: Option<Betrag>,
    /// Column 6.
    pub wkz_basis: String,
    /// Column 7.
    pub konto: Kontobezug,
    /// Column 8.
    pub gegenkonto: Kontobezug,
    /// Column 9 without leading zeros; empty means none.
    pub bu: String,
    /// Column 10 with its year.
    pub belegdatum: NaiveDate,
    /// Column 11.
    pub belegfeld1: String,
    /// Column 12.
    pub belegfeld2: String,
    /// Column 13.
    pub skonto: Option<Betrag>,
    /// Column 14.
    pub text: String,
    /// Column 37.
    pub kost1: String,
    /// Column 96: kind of a down payment row.
    pub buchungstyp: String,
    /// Column 103.
    pub guid: String,
    /// Column 115.
    pub leistungsdatum: Option<NaiveDate>,
    /// Column 117.
    pub faelligkeit: Option<NaiveDate>,
    /// Column 118.
    pub generalumkehr: bool,
    /// Column 125.
    pub skontokonto: Option<Kontobezug>,
    /// Filled columns that the house does not keep, e.g. `KOST2 889`; for the report.
    pub nicht_uebernommen: Vec<String>,
}

/// Reads an amount `1190,00`: up to ten digits, comma, two digits.
fn betrag(text: &str) -> Option<Betrag> {
    let (ganze, cent) = text.split_once(',').unwrap_or((text, "00"));
    let ziffern = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if ganze.is_empty() || ganze.len() > 10 || !ziffern(ganze) || !(1..=2).contains(&cent.len()) || !ziffern(cent) {
        return None;
    }
    Betrag::exact(format!("{ganze}.{cent}").parse::<Dezimal>().ok()?)
}

/// Reads a date TTMMJJJJ or TTMMJJ (of this century).
pub fn datum_ttmmjjjj(text: &str) -> Option<NaiveDate> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A number loses its leading zero.
    let (text, jahr_ab) = match text.len() {
        5 | 6 => (format!("{text:0>6}"), 2000),
        7 | 8 => (format!("{text:0>8}"), 0),
        _ => return None,
    };
    let teil = |von: usize, bis: usize| text.get(von..bis).and_then(|t| t.parse::<u32>().ok());
    let jahr = i32::try_from(teil(4, text.len())?).ok()?;
    NaiveDate::from_ymd_opt(jahr_ab + jahr, teil(2, 4)?, teil(0, 2)?)
}

impl Buchungszeile {
    /// Reads a row of a Buchungsstapel.
    pub fn lesen(zeile: &Zeile, kopf: &Kopf) -> Result<Self, FeldFehler> {
        let fehler = |spalte: usize, name: &'static str, text: String| FeldFehler { spalte, name, text };
        let umsatz_text = zeile.text(1);
        let umsatz = betrag(umsatz_text)
            .filter(|b| !b.is_null())
            .ok_or_else(|| fehler(1, "Umsatz", format!("„{umsatz_text}“ ist kein Betrag größer 0,00")))?;
        let soll = match zeile.text(2) {
            "S" => true,
            "H" => false,
            anders => {
                return Err(fehler(
                    2,
                    "Soll/Haben-Kennzeichen",
                    format!("„{anders}“ statt S oder H"),
                ));
            }
        };
        let konto = |spalte: usize, name: &'static str| {
            Kontobezug::lesen(zeile.text(spalte), kopf.sachkontenlaenge).map_err(|text| fehler(spalte, name, text))
        };
        let betrag_oder_leer = |spalte: usize, name: &'static str| match zeile.text(spalte) {
            "" => Ok(None),
            text => betrag(text)
                .map(|b| Some(b).filter(|b| !b.is_null()))
                .ok_or_else(|| fehler(spalte, name, format!("„{text}“ ist kein Betrag"))),
        };
        let tag_oder_leer = |spalte: usize, name: &'static str| match zeile.text(spalte) {
            "" | "0" => Ok(None),
            text => datum_ttmmjjjj(text)
                .map(Some)
                .ok_or_else(|| fehler(spalte, name, format!("„{text}“ ist kein Datum TTMMJJJJ"))),
        };
        let skontokonto = match zeile.text(125) {
            "" | "0" => None,
            _ => Some(konto(125, "Abw. Skontokonto")?),
        };
        Ok(Self {
            umsatz,
            umsatz_ganzzahlig: !umsatz_text.contains(','),
            soll,
            wkz: zeile.text(3).to_owned(),
            kurs: zeile.text(4).to_owned(),
            basis_umsatz: betrag_oder_leer(5, "Basis-Umsatz")?,
            wkz_basis: zeile.text(6).to_owned(),
            konto: konto(7, "Konto")?,
            gegenkonto: konto(8, "Gegenkonto")?,
            bu: zeile.text(9).trim_start_matches('0').to_owned(),
            belegdatum: kopf
                .datum_ttmm(zeile.text(10))
                .map_err(|text| fehler(10, "Belegdatum", text))?,
            belegfeld1: zeile.text(11).to_owned(),
            belegfeld2: zeile.text(12).to_owned(),
            skonto: betrag_oder_leer(13, "Skonto")?,
            text: zeile.text(14).to_owned(),
            kost1: zeile.text(37).to_owned(),
            buchungstyp: zeile.text(96).to_owned(),
            guid: zeile.text(103).to_owned(),
            leistungsdatum: tag_oder_leer(115, "Leistungsdatum")?,
            faelligkeit: tag_oder_leer(117, "Fälligkeit")?,
            generalumkehr: zeile.text(118) == "1",
            skontokonto,
            nicht_uebernommen: Self::rest(zeile),
        })
    }

    /// What would be lost in silence otherwise.
    fn rest(zeile: &Zeile) -> Vec<String> {
        const EINZELN: &[(usize, &str)] = &[
            (18, "Sachverhalt"),
            (20, "Beleglink"),
            (38, "KOST2"),
            (40, "EU-Land u. UStID"),
            (43, "Sachverhalt L+L"),
            (95, "Auftragsnummer"),
            (105, "SEPA-Mandatsreferenz"),
            (121, "Abrechnungsreferenz"),
        ];
        let gefuellt = |spalte: usize| !matches!(zeile.text(spalte), "" | "0");
        let einzeln = EINZELN.iter().filter(|(spalte, _)| gefuellt(*spalte));
        let mut rest: Vec<String> = einzeln
            .map(|(spalte, name)| format!("{name} {}", zeile.text(*spalte)))
            .collect();
        for (bereich, name) in [(21..=36, "Beleginfo"), (48..=87, "Zusatzinformation")] {
            if bereich.into_iter().any(gefuellt) {
                rest.push(name.to_owned());
            }
        }
        rest
    }

    /// Due date: column 117, else Belegfeld 2 if it is a date.
    pub fn faellig(&self) -> Option<NaiveDate> {
        self.faelligkeit.or_else(|| {
            let belegfeld2 = Some(self.belegfeld2.as_str()).filter(|b| matches!(b.len(), 6 | 8))?;
            datum_ttmmjjjj(belegfeld2)
        })
    }
}

/// A bank account of a row of category 16.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bankzeile {
    /// IBAN as written.
    pub iban: String,
    /// BIC.
    pub bic: String,
    /// Holder.
    pub inhaber: String,
}

/// A row of category 16.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personenzeile {
    /// Column 1.
    pub konto: Kontobezug,
    /// Company, "Nachname, Vorname" or the name without kind; empty if there is none.
    pub name: String,
    /// Columns 9 and 10: VAT id with its country; empty if there is none.
    pub ust_id: String,
    /// Column 16, or the Postfach of column 17.
    pub strasse: String,
    /// Column 18.
    pub plz: String,
    /// Column 19.
    pub ort: String,
    /// Column 20.
    pub land: String,
    /// Bank accounts, each IBAN once.
    pub banken: Vec<Bankzeile>,
}

impl Personenzeile {
    /// First columns of the ten bank accounts.
    const BANKEN: [usize; 10] = [41, 52, 63, 74, 85, 165, 176, 187, 198, 209];

    /// Reads a row of Debitoren/Kreditoren.
    pub fn lesen(zeile: &Zeile, kopf: &Kopf) -> Result<Self, FeldFehler> {
        let fehler = |text: String| FeldFehler {
            spalte: 1,
            name: "Konto",
            text,
        };
        let konto = Kontobezug::lesen(zeile.text(1), kopf.sachkontenlaenge).map_err(fehler)?;
        if !konto.ist_person() {
            let text = format!("{} ist ein Sachkonto, kein Debitor oder Kreditor", konto.nr());
            return Err(fehler(text));
        }
        let natuerlich = match (zeile.text(4), zeile.text(5)) {
            (nachname, "") => nachname.to_owned(),
            ("", vorname) => vorname.to_owned(),
            (nachname, vorname) => format!("{nachname}, {vorname}"),
        };
        let namen = [zeile.text(2), natuerlich.as_str(), zeile.text(6)];
        let mut banken: Vec<Bankzeile> = Vec::new();
        for spalte in Self::BANKEN {
            let iban = zeile.text(spalte + 4);
            if !iban.is_empty() && banken.iter().all(|b| b.iban != iban) {
                banken.push(Bankzeile {
                    iban: iban.to_owned(),
                    bic: zeile.text(spalte + 6).to_owned(),
                    inhaber: zeile.text(spalte + 7).to_owned(),
                });
            }
        }
        let ust_id = match (zeile.text(9), zeile.text(10)) {
            (_, "") => String::new(),
            ("GR", nummer) => format!("EL{nummer}"),
            (land, nummer) if nummer.starts_with(land) => nummer.to_owned(),
            (land, nummer) => format!("{land}{nummer}"),
        };
        Ok(Self {
            name: namen.into_iter().find(|n| !n.is_empty()).unwrap_or_default().to_owned(),
            ust_id,
            strasse: match (zeile.text(16), zeile.text(17)) {
                ("", "") => String::new(),
                ("", postfach) => format!("Postfach {postfach}"),
                (strasse, _) => strasse.to_owned(),
            },
            plz: zeile.text(18).to_owned(),
            ort: zeile.text(19).to_owned(),
            land: zeile.text(20).to_owned(),
            banken,
            konto,
        })
    }
}

/// A row of category 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beschriftungszeile {
    /// Column 1.
    pub konto: Kontobezug,
    /// Column 2; column 4 if it is empty.
    pub bezeichnung: String,
    /// Column 3, e.g. `de-DE`.
    pub sprache: String,
}

impl Beschriftungszeile {
    /// Reads a row of Kontenbeschriftungen.
    pub fn lesen(zeile: &Zeile, kopf: &Kopf) -> Result<Self, FeldFehler> {
        let fehler = |spalte: usize, name: &'static str, text: String| FeldFehler { spalte, name, text };
        let konto = Kontobezug::lesen(zeile.text(1), kopf.sachkontenlaenge).map_err(|text| fehler(1, "Konto", text))?;
        let bezeichnung = [zeile.text(2), zeile.text(4)].into_iter().find(|b| !b.is_empty());
        let bezeichnung = bezeichnung
            .ok_or_else(|| fehler(2, "Kontenbeschriftung", "die Beschriftung fehlt".to_owned()))?
            .to_owned();
        Ok(Self {
            konto,
            bezeichnung,
            sprache: zeile.text(3).to_owned(),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A header of category 21 for tests.
    pub(in super::super) const KOPF: &str = "\"EXTF\";700;21;\"Buchungsstapel\";13;20260402120000000;;\"RE\";\"T\";\"\";29098;55003;20260101;4;20260301;20260331;\"Maerz 2026\";\"\";1;0;0;\"EUR\";;\"\";;;\"03\";;;\"\";\"T\"";

    fn datei(kopf: &str, zeilen: &str) -> Result<Datei, DateiFehler> {
        aus_bytes("test.csv", format!("{kopf}\r\nUmsatz;…\r\n{zeilen}").as_bytes())
    }

    #[test]
    fn liest_kopf_und_umlaute_in_windows_1252() {
        let mut bytes = format!("{KOPF}\r\nUmsatz\r\n").into_bytes();
        bytes.extend_from_slice(b"1190,00;\"S\";\"Verkauf \"\"Weizen\"\" M\xfcller\"\r\n");
        let datei = aus_bytes("test.csv", &bytes).unwrap();
        assert_eq!(datei.kopf.kategorie, Kategorie::Buchungsstapel);
        assert_eq!(datei.kopf.rahmen, "03");
        assert_eq!(datei.zeilen.len(), 1);
        assert_eq!(datei.zeilen[0].nr, 3);
        let zeile = datei.zeilen[0].zerlegt();
        assert_eq!(zeile.text(3), "Verkauf \"Weizen\" Müller");
        assert!(zeile.felder[1].in_anfuehrung);
        assert!(!zeile.felder[0].in_anfuehrung);
    }

    #[test]
    fn ein_offenes_anfuehrungszeichen_nennt_zeile_und_spalte() {
        let fehler = datei(KOPF, "10,00;\"S\r\n").unwrap_err();
        assert!(
            matches!(
                &fehler,
                DateiFehler::Form {
                    zeile: 3,
                    spalte: 7,
                    ..
                }
            ),
            "{fehler}"
        );
        assert!(
            fehler.to_string().starts_with("test.csv, Zeile 3, Spalte 7: "),
            "{fehler}"
        );
    }

    #[test]
    fn fremde_dateien_und_kopfversionen_werden_abgelehnt() {
        let fehler = datei("Konto;Name", "").unwrap_err().to_string();
        assert!(fehler.contains("keine Datei im DATEV-Format"), "{fehler}");
        let fehler = datei(&KOPF.replace(";700;", ";510;"), "").unwrap_err().to_string();
        assert!(
            fehler.contains("Zeile 1, Spalte 8: Kopffeld 2: Kopfversion 510"),
            "{fehler}"
        );
        let fehler = datei(&KOPF.replace("20260101", "20261301"), "")
            .unwrap_err()
            .to_string();
        assert!(fehler.contains("Kopffeld 13"), "{fehler}");
    }

    #[test]
    fn zu_viele_zeilen_werden_abgelehnt() {
        let fehler = datei(KOPF, &"1,00;\"S\"\r\n".repeat(MAX_ZEILEN + 1)).unwrap_err();
        assert!(matches!(fehler, DateiFehler::Form { zeile: 100_002, .. }), "{fehler}");
    }

    #[test]
    fn das_jahr_folgt_aus_dem_zeitraum_auch_bei_abweichendem_wirtschaftsjahr() {
        let kopf = KOPF.replace(";20260101;4;20260301;20260331;", ";20250701;4;20260301;20260331;");
        let kopf = datei(&kopf, "").unwrap().kopf;
        let tag = |j, m, t| NaiveDate::from_ymd_opt(j, m, t).unwrap();
        assert_eq!(kopf.datum_ttmm("1503").unwrap(), tag(2026, 3, 15));
        assert_eq!(kopf.datum_ttmm("103").unwrap(), tag(2026, 3, 1));
        assert_eq!(kopf.datum_ttmm("3112").unwrap(), tag(2025, 12, 31));
        assert!(kopf.datum_ttmm("3002").is_err());
        assert!(kopf.datum_ttmm("").is_err());
    }

    #[test]
    fn konten_werden_nach_ihrer_laenge_unterschieden() {
        assert_eq!(Kontobezug::lesen("85", 4), Ok(Kontobezug::Sachkonto("0085".to_owned())));
        assert_eq!(
            Kontobezug::lesen("08400", 4),
            Ok(Kontobezug::Sachkonto("8400".to_owned()))
        );
        assert_eq!(
            Kontobezug::lesen("10100", 4),
            Ok(Kontobezug::Debitor("10100".to_owned()))
        );
        assert_eq!(
            Kontobezug::lesen("70010", 4),
            Ok(Kontobezug::Kreditor("70010".to_owned()))
        );
        assert!(Kontobezug::lesen("100100", 4).is_err());
        assert!(Kontobezug::lesen("", 4).is_err());
        assert!(Kontobezug::lesen("0", 4).is_err());
    }

    #[test]
    fn betraege_haben_ein_komma() {
        assert_eq!(betrag("1190,00"), Some(Betrag::cent(119_000)));
        assert_eq!(betrag("64083"), Some(Betrag::cent(6_408_300)));
        for falsch in ["1.190,00", "1190.00", "-1,00", "12345678901,00", "1,000", ",50", ""] {
            assert_eq!(betrag(falsch), None, "{falsch}");
        }
    }
}
