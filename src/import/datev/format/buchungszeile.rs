//! Rows of a Buchungsstapel (category 21).

use aggregates::types::Betrag;
use chrono::NaiveDate;

use super::{
    FeldFehler, Kontobezug, Kopf, Zeile,
    werte::{betrag, datum_ttmmjjjj},
};

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

impl Buchungszeile {
    /// Reads a row of a Buchungsstapel.
    pub fn lesen(zeile: &Zeile, kopf: &Kopf) -> Result<Self, FeldFehler> {
        let umsatz_text = zeile.text(1);
        let umsatz = betrag(umsatz_text)
            .filter(|b| !b.is_null())
            .ok_or_else(|| FeldFehler::neu(1, "Umsatz", format!("„{umsatz_text}“ ist kein Betrag größer 0,00")))?;
        let soll = match zeile.text(2) {
            "S" => true,
            "H" => false,
            anders => {
                return Err(FeldFehler::neu(
                    2,
                    "Soll/Haben-Kennzeichen",
                    format!("„{anders}“ statt S oder H"),
                ));
            }
        };
        let konto = |spalte: usize, name: &'static str| {
            Kontobezug::lesen(zeile.text(spalte), kopf.sachkontenlaenge)
                .map_err(|text| FeldFehler::neu(spalte, name, text))
        };
        let betrag_oder_leer = |spalte: usize, name: &'static str| match zeile.text(spalte) {
            "" => Ok(None),
            text => betrag(text)
                .map(|b| Some(b).filter(|b| !b.is_null()))
                .ok_or_else(|| FeldFehler::neu(spalte, name, format!("„{text}“ ist kein Betrag"))),
        };
        let tag_oder_leer = |spalte: usize, name: &'static str| match zeile.text(spalte) {
            "" | "0" => Ok(None),
            text => datum_ttmmjjjj(text)
                .map(Some)
                .ok_or_else(|| FeldFehler::neu(spalte, name, format!("„{text}“ ist kein Datum TTMMJJJJ"))),
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
                .map_err(|text| FeldFehler::neu(10, "Belegdatum", text))?,
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
