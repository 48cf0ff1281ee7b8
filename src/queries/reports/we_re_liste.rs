//! WE/RE-Liste: receipts that are not invoiced, or not in full, on a day.

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
    spalten: &spalten::<16>(&[
        &[
            Spalte::new("we_nr", Art::Text, "Wareneingang"),
            Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
        ],
        SPALTEN,
        &[
            Spalte::new("geliefert", Art::Menge, "Geliefert"),
            Spalte::new("berechnet", Art::Menge, "Berechnet"),
            Spalte::new("einheit", Art::Text, "Einheit"),
            Spalte::new("wert_geliefert", Art::Betrag, "Wert geliefert"),
            Spalte::new("wert_berechnet", Art::Betrag, "Wert berechnet"),
            Spalte::new("wert_offen", Art::Betrag, "Wert offen"),
            Spalte::new("tage", Art::Zahl, "Tage"),
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
    berechnet: Decimal,
    wert_berechnet: Decimal,
}

impl Row {
    fn wert_offen(&self) -> Decimal {
        self.position.netto - self.wert_berechnet
    }
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let sql = format!(
        "WITH bewegt AS ( \
            SELECT wareneingang_id, we_position_id, min(tag) FILTER (WHERE art = 'zugang') AS tag, sum(netto) AS netto, \
                sum(menge) FILTER (WHERE art IN ('zugang', 'storno')) AS menge, \
                coalesce(sum(menge) FILTER (WHERE art = 'berechnet'), 0) AS berechnet \
            FROM wawi.wareneingang_bewegung \
            WHERE mandant_id = $1 AND tag <= $2 AND log_position <= $3 GROUP BY 1, 2) \
         SELECT {FELDER}, b.tag, b.berechnet, round(b.netto * b.berechnet / b.menge, 2) AS wert_berechnet \
         FROM bewegt b {BELEGE} \
         WHERE b.menge > b.berechnet AND ($4::text IS NULL OR w.lieferant_nr = $4) \
         ORDER BY w.we_nr, p.pos"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(source.mandant_id)
        .bind(stichtag)
        .bind(source.upto)
        .bind(args.text("lieferant"))
        .fetch_all(&mut *source.transaction)
        .await?;
    let offen: Decimal = rows.iter().map(Row::wert_offen).sum();
    let zeile = |row: Row| {
        let offen = row.wert_offen();
        let position = row.position;
        let mut zellen: Vec<Cell> = vec![position.we_nr.clone().into(), row.tag.into()];
        zellen.extend(position.zellen());
        zellen.extend([
            Cell::Menge(position.menge),
            Cell::Menge(row.berechnet),
            position.einheit.into(),
            position.netto.into(),
            row.wert_berechnet.into(),
            offen.into(),
            (stichtag - row.tag).num_days().into(),
        ]);
        zellen
    };
    let zeilen: Vec<Vec<Cell>> = rows.into_iter().map(zeile).collect();
    Ok(Table {
        parameter: felder(json!({ "stichtag": stichtag, "lieferant": args.text("lieferant") })),
        summen: json!({ "positionen": zeilen.len(), "wert_offen": betrag(offen) }),
        zeilen,
        ..Table::default()
    })
}
