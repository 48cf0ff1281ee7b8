//! WE/RE-Liste: receipts that are not invoiced, or not in full, on a day.

use aggregates::types::Bereich;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;

use super::{
    Args, Art, Cell, Parameter, ParameterArt, Report, Source, Spalte, Table, WARENEINGANGSBEWEGUNG, table::betrag,
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "we-re-liste",
    typ: "we_re_liste",
    bereich: Bereich::Wawi,
    titel: "WE/RE-Liste",
    beschreibung: "Je gelieferter Position, was am Stichtag noch nicht berechnet war. Der Wert ist der des Wareneingangs; was \
                   die Rechnung davon abweicht, ist Preisdifferenz.",
    parameter: &[
        Parameter::optional("stichtag", ParameterArt::Datum, "letzter Tag; sonst heute"),
        Parameter::optional("lieferant", ParameterArt::Konto, "nur dieser Lieferant (Nummer)"),
    ],
    spalten: &[
        Spalte::new("we_nr", Art::Text, "Wareneingang"),
        Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
        Spalte::new("lieferschein_nr", Art::Text, "Lieferschein"),
        Spalte::new("lieferant_nr", Art::Text, "Lieferant"),
        Spalte::new("lieferant_name", Art::Text, "Lieferantenname"),
        Spalte::new("bestell_nr", Art::Text, "Bestellung"),
        Spalte::new("pos", Art::Zahl, "Position"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("geliefert", Art::Menge, "Geliefert"),
        Spalte::new("berechnet", Art::Menge, "Berechnet"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("wert_geliefert", Art::Betrag, "Wert geliefert"),
        Spalte::new("wert_berechnet", Art::Betrag, "Wert berechnet"),
        Spalte::new("wert_offen", Art::Betrag, "Wert offen"),
        Spalte::new("tage", Art::Zahl, "Tage"),
    ],
    ledgers: &[WARENEINGANGSBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    we_nr: String,
    tag: NaiveDate,
    lieferschein_nr: String,
    lieferant_nr: String,
    lieferant_name: String,
    bestell_nr: Option<String>,
    pos: i32,
    artikel_nr: String,
    bezeichnung: String,
    menge: Decimal,
    berechnet: Decimal,
    einheit: String,
    netto: Decimal,
    wert_berechnet: Decimal,
}

/// Numbers, supplier and article of a booked line never change, so the state tables may name them for any day.
const SQL: &str = "WITH bewegt AS ( \
        SELECT wareneingang_id, we_position_id, min(tag) FILTER (WHERE art = 'zugang') AS tag, sum(netto) AS netto, \
            sum(menge) FILTER (WHERE art IN ('zugang', 'storno')) AS menge, \
            coalesce(sum(menge) FILTER (WHERE art = 'berechnet'), 0) AS berechnet \
        FROM wawi.wareneingang_bewegung \
        WHERE mandant_id = $1 AND tag <= $2 AND log_position <= $3 GROUP BY 1, 2) \
    SELECT w.we_nr, b.tag, w.lieferschein_nr, w.lieferant_nr, w.lieferant_name, e.bestell_nr, p.pos, p.artikel_nr, \
        p.bezeichnung, b.menge, b.berechnet, p.einheit, b.netto, round(b.netto * b.berechnet / b.menge, 2) AS wert_berechnet \
    FROM bewegt b \
    JOIN wawi.wareneingang w ON w.mandant_id = $1 AND w.id = b.wareneingang_id \
    JOIN wawi.wareneingang_position p \
        ON p.mandant_id = $1 AND p.wareneingang_id = b.wareneingang_id AND p.we_position_id = b.we_position_id \
    LEFT JOIN wawi.bestellung e ON e.mandant_id = $1 AND e.id = p.bestellung_id \
    WHERE b.menge > b.berechnet AND ($4::text IS NULL OR w.lieferant_nr = $4) \
    ORDER BY w.we_nr, p.pos";

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let rows: Vec<Row> = sqlx::query_as(SQL)
        .bind(source.mandant_id)
        .bind(stichtag)
        .bind(source.upto)
        .bind(args.text("lieferant"))
        .fetch_all(&mut *source.transaction)
        .await?;
    let offen: Decimal = rows.iter().map(|row| row.netto - row.wert_berechnet).sum();
    let zeile = |row: Row| {
        vec![
            row.we_nr.into(),
            row.tag.into(),
            row.lieferschein_nr.into(),
            row.lieferant_nr.into(),
            row.lieferant_name.into(),
            row.bestell_nr.into(),
            i64::from(row.pos).into(),
            row.artikel_nr.into(),
            row.bezeichnung.into(),
            Cell::Menge(row.menge),
            Cell::Menge(row.berechnet),
            row.einheit.into(),
            row.netto.into(),
            row.wert_berechnet.into(),
            (row.netto - row.wert_berechnet).into(),
            Cell::Zahl((stichtag - row.tag).num_days()),
        ]
    };
    let zeilen: Vec<Vec<Cell>> = rows.into_iter().map(zeile).collect();
    let parameter = json!({ "stichtag": stichtag, "lieferant": args.text("lieferant") });
    Ok(Table {
        parameter: parameter.as_object().cloned().unwrap_or_default(),
        summen: json!({ "positionen": zeilen.len(), "wert_offen": betrag(offen) }),
        zeilen,
        ..Table::default()
    })
}
