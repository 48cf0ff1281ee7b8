//! Journal (Grundbuch): every position of every Buchung in the order of the log.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Args, Art, Cell, JOURNAL, Parameter, ParameterArt, Report, Source, Spalte, Table,
    seite::{self, Seite},
    table::{betrag, felder},
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "journal",
    typ: "journal",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Journal",
    beschreibung: "Eine Zeile je Buchungsposition in der Reihenfolge des Journals; das Konto steht auf der Seite, auf der \
                   gebucht ist. Die Summen gelten für die ganze Auswahl und stehen auf der ersten Seite.",
    parameter: &[
        Parameter::optional("von", ParameterArt::Datum, "erstes Buchungsdatum"),
        Parameter::optional("bis", ParameterArt::Datum, "letztes Buchungsdatum"),
        seite::LIMIT,
        seite::CURSOR,
    ],
    spalten: &[
        Spalte::new("journal_nr", Art::Zahl, "Journal-Nr."),
        Spalte::new("zeile", Art::Zahl, "Zeile"),
        Spalte::new("erfasst_am", Art::Zeit, "Erfasst am"),
        Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
        Spalte::new("belegnummer", Art::Text, "Beleg"),
        Spalte::new("text", Art::Text, "Text"),
        Spalte::new("konto_soll", Art::Text, "Konto Soll"),
        Spalte::new("konto_haben", Art::Text, "Konto Haben"),
        Spalte::new("personenkonto", Art::Text, "Personenkonto"),
        Spalte::new("gegenkonto", Art::Text, "Gegenkonto"),
        Spalte::new("betrag", Art::Betrag, "Betrag"),
        Spalte::new("schluessel", Art::Text, "Steuerschlüssel"),
        Spalte::new("erfasser", Art::Text, "Erfasser"),
        Spalte::new("buchung_id", Art::Text, "Buchung"),
        Spalte::new("log_position", Art::Zahl, "Position"),
    ],
    ledgers: &[JOURNAL],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    journal_nr: i64,
    zeile: i64,
    erfasst_am: DateTime<Utc>,
    buchungsdatum: NaiveDate,
    belegnummer: Option<String>,
    text: Option<String>,
    seite: String,
    konto: String,
    personenkonto: Option<String>,
    gegenkonto: Option<String>,
    betrag: Decimal,
    schluessel: Option<String>,
    erfasser: String,
    buchung_id: Uuid,
    log_position: i64,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let (von, bis) = args.zeitraum()?;
    let seite = Seite::lesen(source, args, &format!("journal|{von:?}|{bis:?}"))?;
    let summen = if seite.erste {
        totals(source, von, bis).await?
    } else {
        Value::Null
    };
    let mut rows = page(source, (von, bis), seite.nach, seite.zu_lesen()).await?;
    let weiter = seite.schneiden(&mut rows, |row| [row.log_position, row.zeile]);
    Ok(Table {
        parameter: felder(json!({ "von": von, "bis": bis })),
        zeilen: rows.into_iter().map(cells).collect(),
        summen,
        seiten: true,
        weiter,
        ..Table::default()
    })
}

fn cells(row: Row) -> Vec<Cell> {
    let (soll, haben) = if row.seite == "soll" {
        (Cell::Text(row.konto), Cell::Leer)
    } else {
        (Cell::Leer, Cell::Text(row.konto))
    };
    vec![
        row.journal_nr.into(),
        row.zeile.into(),
        row.erfasst_am.into(),
        row.buchungsdatum.into(),
        row.belegnummer.into(),
        row.text.into(),
        soll,
        haben,
        row.personenkonto.into(),
        row.gegenkonto.into(),
        row.betrag.into(),
        row.schluessel.into(),
        row.erfasser.into(),
        row.buchung_id.into(),
        row.log_position.into(),
    ]
}

async fn page(
    source: &mut Source,
    (von, bis): (Option<NaiveDate>, Option<NaiveDate>),
    [position, zeile]: [i64; 2],
    limit: i64,
) -> Result<Vec<Row>, Problem> {
    let rows = sqlx::query_as(
        "SELECT journal_nr::bigint AS journal_nr, zeile::bigint AS zeile, erfasst_am, buchungsdatum, belegnummer, text, \
                seite, konto, personenkonto, gegenkonto, betrag, schluessel, erfasser, buchung_id, log_position \
         FROM fibu.journalzeile \
         WHERE mandant_id = $1 AND log_position <= $2 AND (log_position, zeile) > ($3, $4) \
           AND ($5::date IS NULL OR buchungsdatum >= $5) AND ($6::date IS NULL OR buchungsdatum <= $6) \
         ORDER BY log_position, zeile LIMIT $7",
    )
    .bind(source.mandant_id)
    .bind(source.upto)
    .bind(position)
    .bind(zeile)
    .bind(von)
    .bind(bis)
    .bind(limit)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows)
}

async fn totals(source: &mut Source, von: Option<NaiveDate>, bis: Option<NaiveDate>) -> Result<Value, Problem> {
    let (zeilen, buchungen, soll, haben): (i64, i64, Decimal, Decimal) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT log_position), coalesce(sum(soll), 0), coalesce(sum(haben), 0) \
         FROM fibu.journalzeile WHERE mandant_id = $1 AND log_position <= $2 \
           AND ($3::date IS NULL OR buchungsdatum >= $3) AND ($4::date IS NULL OR buchungsdatum <= $4)",
    )
    .bind(source.mandant_id)
    .bind(source.upto)
    .bind(von)
    .bind(bis)
    .fetch_one(&mut *source.transaction)
    .await?;
    Ok(json!({
        "zeilen": zeilen,
        "buchungen": buchungen,
        "soll": betrag(soll),
        "haben": betrag(haben),
    }))
}
