//! Wareneingangsbuch: every received line and every reversal, by business date.

use aggregates::types::Bereich;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;

use super::{
    Args, Art, Cell, Parameter, ParameterArt, Report, Source, Spalte, Table, WARENEINGANGSBEWEGUNG, table::betrag,
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "wareneingangsbuch",
    typ: "wareneingangsbuch",
    bereich: Bereich::Wawi,
    titel: "Wareneingangsbuch",
    beschreibung: "Eine Zeile je gelieferter Position, in der Reihenfolge des Buchungsdatums; ein Storno steht an seinem Tag \
                   und ist negativ.",
    parameter: &[
        Parameter::optional("von", ParameterArt::Datum, "erstes Buchungsdatum"),
        Parameter::optional("bis", ParameterArt::Datum, "letztes Buchungsdatum"),
        Parameter::optional("lieferant", ParameterArt::Konto, "nur dieser Lieferant (Nummer)"),
        Parameter::optional("artikel", ParameterArt::Text, "nur dieser Artikel (Nummer)"),
    ],
    spalten: &[
        Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
        Spalte::new("we_nr", Art::Text, "Wareneingang"),
        Spalte::new("art", Art::Text, "Art"),
        Spalte::new("lieferschein_nr", Art::Text, "Lieferschein"),
        Spalte::new("lieferant_nr", Art::Text, "Lieferant"),
        Spalte::new("lieferant_name", Art::Text, "Lieferantenname"),
        Spalte::new("bestell_nr", Art::Text, "Bestellung"),
        Spalte::new("pos", Art::Zahl, "Position"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("menge", Art::Menge, "Menge"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("netto", Art::Betrag, "Wert netto"),
        Spalte::new("log_position", Art::Zahl, "Position im Journal"),
    ],
    ledgers: &[WARENEINGANGSBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    tag: NaiveDate,
    we_nr: String,
    art: String,
    lieferschein_nr: String,
    lieferant_nr: String,
    lieferant_name: String,
    bestell_nr: Option<String>,
    pos: i32,
    artikel_nr: String,
    bezeichnung: String,
    menge: Decimal,
    einheit: String,
    netto: Decimal,
    log_position: i64,
}

/// Numbers, supplier and article of a booked line never change, so the state tables may name them for any day.
const SQL: &str = "SELECT b.tag, w.we_nr, b.art, w.lieferschein_nr, w.lieferant_nr, w.lieferant_name, e.bestell_nr, p.pos, \
        p.artikel_nr, p.bezeichnung, b.menge, p.einheit, b.netto, b.log_position \
    FROM wawi.wareneingang_bewegung b \
    JOIN wawi.wareneingang w ON w.mandant_id = $1 AND w.id = b.wareneingang_id \
    JOIN wawi.wareneingang_position p \
        ON p.mandant_id = $1 AND p.wareneingang_id = b.wareneingang_id AND p.we_position_id = b.we_position_id \
    LEFT JOIN wawi.bestellung e ON e.mandant_id = $1 AND e.id = p.bestellung_id \
    WHERE b.mandant_id = $1 AND b.log_position <= $2 AND b.art IN ('zugang', 'storno') \
      AND ($3::date IS NULL OR b.tag >= $3) AND ($4::date IS NULL OR b.tag <= $4) \
      AND ($5::text IS NULL OR w.lieferant_nr = $5) AND ($6::text IS NULL OR p.artikel_nr = $6) \
    ORDER BY b.tag, b.log_position, b.lfd";

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let (von, bis) = args.zeitraum()?;
    let rows: Vec<Row> = sqlx::query_as(SQL)
        .bind(source.mandant_id)
        .bind(source.upto)
        .bind(von)
        .bind(bis)
        .bind(args.text("lieferant"))
        .bind(args.text("artikel"))
        .fetch_all(&mut *source.transaction)
        .await?;
    let summe: Decimal = rows.iter().map(|row| row.netto).sum();
    let zeile = |row: Row| {
        vec![
            row.tag.into(),
            row.we_nr.into(),
            row.art.into(),
            row.lieferschein_nr.into(),
            row.lieferant_nr.into(),
            row.lieferant_name.into(),
            row.bestell_nr.into(),
            i64::from(row.pos).into(),
            row.artikel_nr.into(),
            row.bezeichnung.into(),
            Cell::Menge(row.menge),
            row.einheit.into(),
            row.netto.into(),
            row.log_position.into(),
        ]
    };
    let zeilen: Vec<Vec<Cell>> = rows.into_iter().map(zeile).collect();
    let parameter =
        json!({ "von": von, "bis": bis, "lieferant": args.text("lieferant"), "artikel": args.text("artikel") });
    Ok(Table {
        parameter: parameter.as_object().cloned().unwrap_or_default(),
        summen: json!({ "zeilen": zeilen.len(), "netto": betrag(summe) }),
        zeilen,
        ..Table::default()
    })
}
