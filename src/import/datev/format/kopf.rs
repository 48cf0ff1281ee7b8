//! The header: kind of data, versions, the Wirtschaftsjahr and period that the rows belong to.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::zeile::Zeile;

/// Fields of the header.
const KOPFFELDER: usize = 31;

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

/// Reads the header; an error names the header field.
pub(super) fn kopf_lesen(zeile: &Zeile) -> Result<Kopf, (usize, String)> {
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
