//! One table, two forms: JSON objects and CSV.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{api::problem::Problem, queries::zeit};

/// Type of a column; for schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Art {
    /// Text.
    Text,
    /// EUR with two decimals, as a decimal string.
    Betrag,
    /// Quantity without trailing zeros, as a decimal string.
    Menge,
    /// EUR with two to six decimals, as a decimal string.
    Preis,
    /// Whole number.
    Zahl,
    /// yyyy-mm-dd.
    Datum,
    /// RFC 3339, UTC.
    Zeit,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Spalte {
    /// snake_case name: JSON member and CSV header.
    pub name: &'static str,
    /// Type.
    pub art: Art,
    /// German title.
    pub titel: &'static str,
}

impl Spalte {
    /// A column.
    #[must_use]
    pub const fn new(name: &'static str, art: Art, titel: &'static str) -> Self {
        Self { name, art, titel }
    }
}

/// A value of a row; its variant says how it is written in both forms.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Leer,
    /// Text.
    Text(String),
    /// Amount.
    Betrag(Decimal),
    /// Quantity.
    Menge(Decimal),
    /// Price.
    Preis(Decimal),
    /// Whole number.
    Zahl(i64),
    /// Date.
    Datum(NaiveDate),
    /// Instant.
    Zeit(DateTime<Utc>),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What is absent is an empty cell.
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(wert: Option<T>) -> Self {
        wert.map_or(Self::Leer, Into::into)
    }
}

impl From<Decimal> for Cell {
    fn from(betrag: Decimal) -> Self {
        Self::Betrag(betrag)
    }
}

impl From<i64> for Cell {
    fn from(zahl: i64) -> Self {
        Self::Zahl(zahl)
    }
}

impl From<i32> for Cell {
    fn from(zahl: i32) -> Self {
        Self::Zahl(zahl.into())
    }
}

impl From<NaiveDate> for Cell {
    fn from(datum: NaiveDate) -> Self {
        Self::Datum(datum)
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(zeit: DateTime<Utc>) -> Self {
        Self::Zeit(zeit)
    }
}

impl From<Uuid> for Cell {
    fn from(id: Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

/// The members of an object written with `json!`.
pub(super) fn felder(objekt: Value) -> Map<String, Value> {
    match objekt {
        Value::Object(felder) => felder,
        _ => Map::new(),
    }
}

/// Columns that stand together in several reports, joined with others; their number is checked when it is compiled.
pub(super) const fn spalten<const N: usize>(gruppen: &[&[Spalte]]) -> [Spalte; N] {
    let mut alle = [Spalte::new("", Art::Text, ""); N];
    let (mut n, mut g) = (0, 0);
    while g < gruppen.len() {
        let mut s = 0;
        while s < gruppen[g].len() {
            alle[n] = gruppen[g][s];
            (n, s) = (n + 1, s + 1);
        }
        g += 1;
    }
    assert!(n == N, "so many columns as are named");
    alle
}

/// An amount with two decimals; zero has no sign.
#[must_use]
pub fn betrag(amount: Decimal) -> String {
    let amount = if amount.is_zero() { Decimal::ZERO } else { amount };
    format!("{amount:.2}")
}

/// A quantity as it is written everywhere: without trailing zeros and without a sign at zero.
#[must_use]
pub fn menge(quantity: Decimal) -> String {
    let quantity = if quantity.is_zero() {
        Decimal::ZERO
    } else {
        quantity.normalize()
    };
    quantity.to_string()
}

/// A price: two decimals, and more where it has more.
fn preis(price: Decimal) -> String {
    let price = price.normalize();
    if price.scale() < 2 {
        betrag(price)
    } else {
        price.to_string()
    }
}

impl Cell {
    fn json(&self) -> Value {
        match self {
            Self::Leer => Value::Null,
            Self::Zahl(zahl) => json!(zahl),
            other => Value::String(other.text()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Leer => String::new(),
            Self::Text(text) => text.clone(),
            Self::Betrag(amount) => betrag(*amount),
            Self::Menge(quantity) => menge(*quantity),
            Self::Preis(price) => preis(*price),
            Self::Zahl(zahl) => zahl.to_string(),
            Self::Datum(datum) => datum.to_string(),
            Self::Zeit(moment) => zeit::rfc3339(*moment),
        }
    }
}

/// The content of a report.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Parameters as they took effect.
    pub parameter: Map<String, Value>,
    /// What stands above the rows.
    pub kopf: Option<Value>,
    /// Rows; each has a cell for every column.
    pub zeilen: Vec<Vec<Cell>>,
    /// What stands below the rows.
    pub summen: Value,
    /// Head and sums as rows of the CSV, which has no other place for them: each with the index of the row before which
    /// it stands, in order.
    pub zwischenzeilen: Vec<(usize, Vec<Cell>)>,
    /// True if the report comes in pages.
    pub seiten: bool,
    /// Cursor of the next page.
    pub weiter: Option<String>,
}

impl Table {
    /// The rows as JSON objects.
    #[must_use]
    pub fn rows(&self, spalten: &[Spalte]) -> Vec<Value> {
        let row = |cells: &Vec<Cell>| {
            let members = spalten
                .iter()
                .zip(cells)
                .map(|(s, cell)| (s.name.to_owned(), cell.json()));
            Value::Object(members.collect())
        };
        self.zeilen.iter().map(row).collect()
    }

    /// The rows as CSV (RFC 4180): comma, decimal point, UTF-8; with the rows of head and sums, and with the header line
    /// unless they go on where an earlier page ended.
    pub fn csv(&self, spalten: &[Spalte], kopfzeile: bool) -> Result<Vec<u8>, Problem> {
        let broken = |error: csv::Error| {
            tracing::error!(%error, "ein Bericht ließ sich nicht als CSV schreiben");
            Problem::new("INTERN", 500, "der Bericht ließ sich nicht als CSV schreiben")
        };
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        if kopfzeile {
            writer.write_record(spalten.iter().map(|s| s.name)).map_err(broken)?;
        }
        let mut zwischen = self.zwischenzeilen.iter().peekable();
        for index in 0..=self.zeilen.len() {
            let davor = std::iter::from_fn(|| zwischen.next_if(|(vor, _)| *vor <= index));
            for cells in davor.map(|(_, cells)| cells).chain(self.zeilen.get(index)) {
                writer.write_record(cells.iter().map(Cell::text)).map_err(broken)?;
            }
        }
        writer.into_inner().map_err(|error| broken(error.into_error().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPALTEN: &[Spalte] = &[
        Spalte::new("konto", Art::Text, "Konto"),
        Spalte::new("saldo", Art::Betrag, "Saldo"),
        Spalte::new("nr", Art::Zahl, "Nr."),
    ];

    fn table() -> Table {
        Table {
            zeilen: vec![
                vec!["6815".to_owned().into(), Decimal::new(-1195, 1).into(), 7.into()],
                vec!["Büro, \"gut\"".to_owned().into(), Decimal::ZERO.into(), Cell::Leer],
            ],
            ..Table::default()
        }
    }

    #[test]
    fn amounts_are_decimal_strings_and_numbers_are_numbers() {
        assert_eq!(
            table().rows(SPALTEN),
            vec![
                json!({"konto": "6815", "saldo": "-119.50", "nr": 7}),
                json!({"konto": "Büro, \"gut\"", "saldo": "0.00", "nr": null}),
            ]
        );
    }

    #[test]
    fn head_and_sums_stand_between_the_rows_of_the_csv_only() {
        let row = |text: &str| vec![text.to_owned().into(), Cell::Leer, Cell::Leer];
        let table = Table {
            zwischenzeilen: vec![(0, row("Kopf")), (1, row("Klasse")), (2, row("Fuß"))],
            ..table()
        };
        let csv = String::from_utf8(table.csv(SPALTEN, true).unwrap()).unwrap();
        let first: Vec<&str> = csv.lines().filter_map(|l| l.split(',').next()).collect();
        assert_eq!(first, ["konto", "Kopf", "6815", "Klasse", "\"Büro", "Fuß"]);
        assert_eq!(table.rows(SPALTEN).len(), 2);
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(betrag(-Decimal::ZERO), "0.00");
        assert_eq!(betrag(Decimal::new(-5, 2)), "-0.05");
    }

    #[test]
    fn a_quantity_has_no_trailing_zeros_and_a_price_at_least_two_decimals() {
        let text = |cell: Cell| cell.text();
        assert_eq!(text(Cell::Menge(Decimal::new(25_500_000, 6))), "25.5");
        assert_eq!(text(Cell::Menge(-Decimal::ZERO)), "0");
        assert_eq!(text(Cell::Preis(Decimal::new(34_500_000, 6))), "34.50");
        assert_eq!(text(Cell::Preis(Decimal::new(1234, 4))), "0.1234");
    }

    #[test]
    fn csv_quotes_as_rfc_4180_wants_it() {
        let csv = String::from_utf8(table().csv(SPALTEN, true).unwrap()).unwrap();
        assert_eq!(
            csv,
            "konto,saldo,nr\r\n6815,-119.50,7\r\n\"Büro, \"\"gut\"\"\",0.00,\r\n"
        );
        let rest = String::from_utf8(table().csv(SPALTEN, false).unwrap()).unwrap();
        assert_eq!(csv.strip_prefix("konto,saldo,nr\r\n"), Some(&*rest));
    }
}
