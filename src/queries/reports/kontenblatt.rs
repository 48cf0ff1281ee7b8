//! Kontenblatt: every movement of one account in a range of days, with its running balance.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Args, Art, Cell, JOURNAL, Parameter, ParameterArt, Report, Source, Spalte, Table,
    jahr::Jahr,
    namen::{DEBITOR, KONTO, KREDITOR},
    table::betrag,
};
use crate::{
    api::problem::Problem,
    queries::params::{limit_exceeded, unfit},
};

/// Most rows of one sheet; the running balance needs them in one piece.
const MAX_ROWS: i64 = 10_000;

pub(super) const REPORT: Report = Report {
    name: "kontenblatt",
    typ: "kontenblatt",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Kontenblatt",
    beschreibung: "Bewegungen eines Sach- oder Personenkontos mit laufendem Saldo (Soll − Haben), EB-Wert und Vortrag im \
                   Kopf, Verkehrszahlen und Saldo im Fuß (in CSV als Zeilen mit diesen Texten); höchstens 10 000 Zeilen innerhalb eines Geschäftsjahrs.",
    parameter: &[
        Parameter::required("konto", ParameterArt::Konto, "Nummer eines Sach- oder Personenkontos"),
        Parameter::optional(
            "von",
            ParameterArt::Datum,
            "erster Tag; sonst Beginn des Geschäftsjahrs",
        ),
        Parameter::optional("bis", ParameterArt::Datum, "letzter Tag; sonst heute"),
    ],
    spalten: &[
        Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
        Spalte::new("erfasst_am", Art::Zeit, "Erfasst am"),
        Spalte::new("journal_nr", Art::Zahl, "Journal-Nr."),
        Spalte::new("belegnummer", Art::Text, "Beleg"),
        Spalte::new("text", Art::Text, "Text"),
        Spalte::new("gegenkonto", Art::Text, "Gegenkonto"),
        Spalte::new("soll", Art::Betrag, "Soll"),
        Spalte::new("haben", Art::Betrag, "Haben"),
        Spalte::new("saldo", Art::Betrag, "Saldo"),
        Spalte::new("schluessel", Art::Text, "Steuerschlüssel"),
        Spalte::new("kst", Art::Text, "Kostenstelle"),
        Spalte::new("buchung_id", Art::Text, "Buchung"),
    ],
    ledgers: &[JOURNAL],
    run: |source, args| Box::pin(run(source, args)),
};

/// The account, and the journal's column that names it.
struct Konto {
    art: &'static str,
    column: &'static str,
    name: String,
}

#[derive(sqlx::FromRow)]
struct Zeile {
    buchungsdatum: NaiveDate,
    erfasst_am: DateTime<Utc>,
    journal_nr: i64,
    belegnummer: Option<String>,
    text: Option<String>,
    gegenkonto: Option<String>,
    soll: Decimal,
    haben: Decimal,
    schluessel: Option<String>,
    kst: Option<String>,
    buchung_id: Uuid,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let nr = args.text("konto").unwrap_or_default().to_owned();
    let konto = find(source, &nr).await?;
    let (jahr, von, bis) = range(source, args).await?;
    let (eb_wert, vortrag) = carried(source, &konto, &nr, (jahr, von, bis)).await?;
    let rows = movements(source, &konto, &nr, (jahr, von, bis)).await?;
    let (mut saldo, mut soll, mut haben) = (vortrag, Decimal::ZERO, Decimal::ZERO);
    let mut zeilen = Vec::with_capacity(rows.len());
    for row in rows {
        saldo += row.soll - row.haben;
        soll += row.soll;
        haben += row.haben;
        zeilen.push(vec![
            row.buchungsdatum.into(),
            row.erfasst_am.into(),
            row.journal_nr.into(),
            row.belegnummer.into(),
            row.text.into(),
            row.gegenkonto.into(),
            row.soll.into(),
            row.haben.into(),
            Cell::Betrag(saldo),
            row.schluessel.into(),
            row.kst.into(),
            row.buchung_id.into(),
        ]);
    }
    let parameter = json!({ "konto": nr, "von": von, "bis": bis });
    Ok(Table {
        parameter: parameter.as_object().cloned().unwrap_or_default(),
        kopf: Some(json!({
            "konto": nr,
            "bezeichnung": konto.name,
            "art": konto.art,
            "geschaeftsjahr_beginn": jahr.beginn,
            "eb_wert": betrag(eb_wert),
            "vortrag": betrag(vortrag),
        })),
        summen: json!({
            "anzahl": zeilen.len(),
            "soll": betrag(soll),
            "haben": betrag(haben),
            "saldo": betrag(saldo),
        }),
        zwischenzeilen: vec![
            (0, rand("EB-Wert", None, eb_wert)),
            (0, rand("Vortrag", None, vortrag)),
            (
                zeilen.len(),
                rand("Verkehrszahlen und Saldo", Some((soll, haben)), saldo),
            ),
        ],
        zeilen,
        ..Table::default()
    })
}

/// A row of the head or the foot: text, movements and balance under the columns of the sheet.
fn rand(text: &str, verkehr: Option<(Decimal, Decimal)>, saldo: Decimal) -> Vec<Cell> {
    let (soll, haben) = verkehr.map_or((Cell::Leer, Cell::Leer), |(soll, haben)| (soll.into(), haben.into()));
    let cell = |spalte: &Spalte| match spalte.name {
        "text" => Cell::Text(text.to_owned()),
        "soll" => soll.clone(),
        "haben" => haben.clone(),
        "saldo" => Cell::Betrag(saldo),
        _ => Cell::Leer,
    };
    REPORT.spalten.iter().map(cell).collect()
}

async fn find(source: &mut Source, nr: &str) -> Result<Konto, Problem> {
    for (stamm, art, column) in [
        (KONTO, "sach", "konto"),
        (DEBITOR, "debitor", "personenkonto"),
        (KREDITOR, "kreditor", "personenkonto"),
    ] {
        if let Some(name) = stamm.name_of(source, nr).await? {
            return Ok(Konto { art, column, name });
        }
    }
    let text = match source.known {
        None => format!("das Konto {nr} gibt es nicht"),
        Some(_) => format!("das Konto {nr} gibt es nicht oder gab es zum Stand bekannt_am noch nicht"),
    };
    Err(unfit("konto", text))
}

async fn range(source: &mut Source, args: &Args) -> Result<(Jahr, NaiveDate, NaiveDate), Problem> {
    let bis = args.date("bis").unwrap_or(source.heute);
    let jahr = Jahr::of(source, "bis", bis).await?;
    let von = args.date("von").unwrap_or(jahr.beginn);
    if von > bis || !jahr.contains(von) {
        // The balance carried forward would count twice across the beginning of a year.
        let text = format!(
            "liegt nicht zwischen dem Beginn des Geschäftsjahrs ({}) und bis ({bis}); ein Kontenblatt reicht über ein Geschäftsjahr",
            jahr.beginn
        );
        return Err(unfit("von", text));
    }
    Ok((jahr, von, bis))
}

/// Opening balance of the year, and balance before the first row.
async fn carried(
    source: &mut Source,
    konto: &Konto,
    nr: &str,
    (jahr, von, bis): (Jahr, NaiveDate, NaiveDate),
) -> Result<(Decimal, Decimal), Problem> {
    let sql = format!(
        "SELECT coalesce(sum(soll - haben) FILTER (WHERE periode = 0), 0), \
                coalesce(sum(soll - haben) FILTER (WHERE periode = 0 OR buchungsdatum < $4), 0) \
         FROM fibu.journalzeile \
         WHERE mandant_id = $1 AND {column} = $2 AND geschaeftsjahr_beginn = $3 AND buchungsdatum <= $5 \
           AND log_position <= $6",
        column = konto.column,
    );
    let row = sqlx::query_as(AssertSqlSafe(sql))
        .bind(source.mandant_id)
        .bind(nr)
        .bind(jahr.beginn)
        .bind(von)
        .bind(bis)
        .bind(source.upto)
        .fetch_one(&mut *source.transaction)
        .await?;
    Ok(row)
}

/// The rows in order of their day; those of one day in the order of the journal. Opening balances stand in the head.
async fn movements(
    source: &mut Source,
    konto: &Konto,
    nr: &str,
    (jahr, von, bis): (Jahr, NaiveDate, NaiveDate),
) -> Result<Vec<Zeile>, Problem> {
    let sql = format!(
        "SELECT buchungsdatum, erfasst_am, journal_nr::bigint AS journal_nr, belegnummer, text, gegenkonto, soll, haben, \
                schluessel, kst, buchung_id \
         FROM fibu.journalzeile z \
         WHERE mandant_id = $1 AND {column} = $2 AND geschaeftsjahr_beginn = $3 AND periode > 0 \
           AND buchungsdatum BETWEEN $4 AND $5 AND log_position <= $6 \
         ORDER BY buchungsdatum, log_position, zeile LIMIT $7",
        column = konto.column,
    );
    let rows: Vec<Zeile> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(source.mandant_id)
        .bind(nr)
        .bind(jahr.beginn)
        .bind(von)
        .bind(bis)
        .bind(source.upto)
        .bind(MAX_ROWS + 1)
        .fetch_all(&mut *source.transaction)
        .await?;
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) > MAX_ROWS {
        let text = format!("das Kontenblatt hätte mehr als {MAX_ROWS} Zeilen; bitte den Zeitraum verkleinern");
        return Err(limit_exceeded(text, MAX_ROWS));
    }
    Ok(rows)
}
