//! Wareneingangsbuch: every received line and every reversal, by business date.

use aggregates::types::Bereich;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{
    Args, Art, Cell, Parameter, ParameterArt, Report, Source, Spalte, Table, WARENEINGANGSBEWEGUNG,
    gelieferte_position::{BELEGE, FELDER, GeliefertePosition, SPALTEN},
    table::{betrag, felder, spalten},
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
    spalten: &spalten::<14>(&[
        &[
            Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
            Spalte::new("we_nr", Art::Text, "Wareneingang"),
            Spalte::new("art", Art::Text, "Art"),
        ],
        SPALTEN,
        &[
            Spalte::new("menge", Art::Menge, "Menge"),
            Spalte::new("einheit", Art::Text, "Einheit"),
            Spalte::new("netto", Art::Betrag, "Wert netto"),
            Spalte::new("log_position", Art::Zahl, "Position im Journal"),
        ],
    ]),
    ledgers: &[WARENEINGANGSBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    position: GeliefertePosition,
    tag: NaiveDate,
    art: String,
    log_position: i64,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let (von, bis) = args.zeitraum()?;
    let sql = format!(
        "SELECT {FELDER}, b.tag, b.art, b.log_position FROM wawi.wareneingang_bewegung b {BELEGE} \
         WHERE b.mandant_id = $1 AND b.log_position <= $2 AND b.art IN ('zugang', 'storno') \
           AND ($3::date IS NULL OR b.tag >= $3) AND ($4::date IS NULL OR b.tag <= $4) \
           AND ($5::text IS NULL OR w.lieferant_nr = $5) AND ($6::text IS NULL OR p.artikel_nr = $6) \
         ORDER BY b.tag, b.log_position, b.lfd"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(source.mandant_id)
        .bind(source.upto)
        .bind(von)
        .bind(bis)
        .bind(args.text("lieferant"))
        .bind(args.text("artikel"))
        .fetch_all(&mut *source.transaction)
        .await?;
    let summe: Decimal = rows.iter().map(|row| row.position.netto).sum();
    let zeile = |row: Row| {
        let position = row.position;
        let mut zellen: Vec<Cell> = vec![row.tag.into(), position.we_nr.clone().into(), row.art.into()];
        zellen.extend(position.zellen());
        zellen.extend([
            Cell::Menge(position.menge),
            position.einheit.into(),
            position.netto.into(),
            row.log_position.into(),
        ]);
        zellen
    };
    let zeilen: Vec<Vec<Cell>> = rows.into_iter().map(zeile).collect();
    Ok(Table {
        parameter: felder(
            json!({ "von": von, "bis": bis, "lieferant": args.text("lieferant"), "artikel": args.text("artikel") }),
        ),
        summen: json!({ "zeilen": zeilen.len(), "netto": betrag(summe) }),
        zeilen,
        ..Table::default()
    })
}
