//! Kontenblatt: every movement of one account in a range of days, with its running balance, which goes on over the pages.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Args, Art, Cell, JOURNAL, Parameter, ParameterArt, Report, Source, Spalte, Table,
    jahr::Jahr,
    namen::{DEBITOR, KONTO, KREDITOR},
    seite::{self, Seite},
    table::{betrag, felder},
};
use crate::{api::problem::Problem, queries::params::unfit};

pub(super) const REPORT: Report = Report {
    name: "kontenblatt",
    typ: "kontenblatt",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Kontenblatt",
    beschreibung: "Bewegungen eines Sach- oder Personenkontos innerhalb eines Geschäftsjahrs nach Buchungsdatum, mit \
                   laufendem Saldo (Soll − Haben), EB-Wert und Vortrag im Kopf, Verkehrszahlen und Saldo im Fuß (in CSV \
                   als Zeilen mit diesen Texten). Kopf und Summen gelten für die ganze Auswahl und stehen auf jeder \
                   Seite; uebertrag im Kopf ist der Saldo vor der ersten Zeile der Seite.",
    parameter: &[
        Parameter::required("konto", ParameterArt::Konto, "Nummer eines Sach- oder Personenkontos"),
        Parameter::optional(
            "von",
            ParameterArt::Datum,
            "erster Tag; sonst Beginn des Geschäftsjahrs",
        ),
        Parameter::optional("bis", ParameterArt::Datum, "letzter Tag; sonst heute"),
        seite::LIMIT,
        seite::CURSOR,
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
struct Row {
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
    log_position: i64,
    zeile: i64,
}

impl Row {
    /// Where it stands in the sheet: by its day, those of one day in the order of the journal.
    fn ort(&self) -> [i64; 3] {
        [
            self.buchungsdatum.num_days_from_ce().into(),
            self.log_position,
            self.zeile,
        ]
    }
}

/// A range of days within a Geschäftsjahr.
#[derive(Clone, Copy)]
struct Zeitraum {
    jahr: Jahr,
    von: NaiveDate,
    bis: NaiveDate,
}

/// Which account, which days, and after which row the page begins.
struct Auswahl<'a> {
    konto: &'a Konto,
    nr: &'a str,
    zeitraum: Zeitraum,
    nach: (NaiveDate, i64, i64),
}

/// Balances and movements of the whole selection, and the balance at the beginning of the page.
#[derive(sqlx::FromRow)]
struct Summen {
    /// Opening balance of the year.
    eb_wert: Decimal,
    /// Balance before the first row of the sheet.
    vortrag: Decimal,
    /// Balance before the first row of the page.
    uebertrag: Decimal,
    anzahl: i64,
    soll: Decimal,
    haben: Decimal,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let nr = args.text("konto").unwrap_or_default().to_owned();
    let konto = find(source, &nr).await?;
    let zeitraum = range(source, args).await?;
    let Zeitraum { jahr, von, bis } = zeitraum;
    let seite = Seite::lesen(source, args, &format!("kontenblatt|{nr}|{von}|{bis}"))?;
    let auswahl = Auswahl {
        konto: &konto,
        nr: &nr,
        zeitraum,
        nach: nach(seite.nach),
    };
    let summen = summen(source, &auswahl).await?;
    let mut rows = movements(source, &auswahl, seite.zu_lesen()).await?;
    let weiter = seite.schneiden(&mut rows, Row::ort);
    let zeilen = mit_saldo(rows, summen.uebertrag);
    let saldo = summen.vortrag + summen.soll - summen.haben;
    let mut zwischenzeilen = Vec::new();
    if seite.erste {
        zwischenzeilen.push((0, rand("EB-Wert", None, summen.eb_wert)));
        zwischenzeilen.push((0, rand("Vortrag", None, summen.vortrag)));
    }
    if weiter.is_none() {
        let verkehr = Some((summen.soll, summen.haben));
        zwischenzeilen.push((zeilen.len(), rand("Verkehrszahlen und Saldo", verkehr, saldo)));
    }
    Ok(Table {
        parameter: felder(json!({ "konto": nr, "von": von, "bis": bis })),
        kopf: Some(json!({
            "konto": nr,
            "bezeichnung": konto.name,
            "art": konto.art,
            "geschaeftsjahr_beginn": jahr.beginn,
            "eb_wert": betrag(summen.eb_wert),
            "vortrag": betrag(summen.vortrag),
            "uebertrag": betrag(summen.uebertrag),
        })),
        summen: json!({
            "anzahl": summen.anzahl,
            "soll": betrag(summen.soll),
            "haben": betrag(summen.haben),
            "saldo": betrag(saldo),
        }),
        zwischenzeilen,
        zeilen,
        seiten: true,
        weiter,
    })
}

/// The row that a page follows, as the database compares it.
fn nach([tag, position, zeile]: [i64; 3]) -> (NaiveDate, i64, i64) {
    let tag = i32::try_from(tag).ok().and_then(NaiveDate::from_num_days_from_ce_opt);
    (tag.unwrap_or_default(), position, zeile)
}

/// The rows of a page, each with the balance after it.
fn mit_saldo(rows: Vec<Row>, uebertrag: Decimal) -> Vec<Vec<Cell>> {
    let mut saldo = uebertrag;
    let zeile = |row: Row| {
        saldo += row.soll - row.haben;
        vec![
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
        ]
    };
    rows.into_iter().map(zeile).collect()
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

async fn range(source: &mut Source, args: &Args) -> Result<Zeitraum, Problem> {
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
    Ok(Zeitraum { jahr, von, bis })
}

/// Adds up what stands around the rows. The opening balance stands in the head and is no movement.
async fn summen(source: &mut Source, auswahl: &Auswahl<'_>) -> Result<Summen, Problem> {
    let sql = format!(
        "SELECT coalesce(sum(soll - haben) FILTER (WHERE periode = 0), 0) AS eb_wert, \
                coalesce(sum(soll - haben) FILTER (WHERE periode = 0 OR buchungsdatum < $4), 0) AS vortrag, \
                coalesce(sum(soll - haben) FILTER (WHERE periode = 0 OR buchungsdatum < $4 \
                    OR (buchungsdatum, log_position, zeile::bigint) <= ($7, $8, $9)), 0) AS uebertrag, \
                count(*) FILTER (WHERE periode > 0 AND buchungsdatum >= $4) AS anzahl, \
                coalesce(sum(soll) FILTER (WHERE periode > 0 AND buchungsdatum >= $4), 0) AS soll, \
                coalesce(sum(haben) FILTER (WHERE periode > 0 AND buchungsdatum >= $4), 0) AS haben \
         FROM fibu.journalzeile \
         WHERE mandant_id = $1 AND {column} = $2 AND geschaeftsjahr_beginn = $3 AND buchungsdatum <= $5 \
           AND log_position <= $6",
        column = auswahl.konto.column,
    );
    let (tag, position, zeile) = auswahl.nach;
    let summen = sqlx::query_as(AssertSqlSafe(sql))
        .bind(source.mandant_id)
        .bind(auswahl.nr)
        .bind(auswahl.zeitraum.jahr.beginn)
        .bind(auswahl.zeitraum.von)
        .bind(auswahl.zeitraum.bis)
        .bind(source.upto)
        .bind(tag)
        .bind(position)
        .bind(zeile)
        .fetch_one(&mut *source.transaction)
        .await?;
    Ok(summen)
}

/// The rows in order of their day; those of one day in the order of the journal.
async fn movements(source: &mut Source, auswahl: &Auswahl<'_>, limit: i64) -> Result<Vec<Row>, Problem> {
    let sql = format!(
        "SELECT buchungsdatum, erfasst_am, journal_nr::bigint AS journal_nr, belegnummer, text, gegenkonto, soll, haben, \
                schluessel, kst, buchung_id, log_position, zeile::bigint AS zeile \
         FROM fibu.journalzeile z \
         WHERE mandant_id = $1 AND {column} = $2 AND geschaeftsjahr_beginn = $3 AND periode > 0 \
           AND buchungsdatum BETWEEN $4 AND $5 AND log_position <= $6 \
           AND (buchungsdatum, log_position, z.zeile::bigint) > ($7, $8, $9) \
         ORDER BY buchungsdatum, log_position, z.zeile LIMIT $10",
        column = auswahl.konto.column,
    );
    let (tag, position, zeile) = auswahl.nach;
    let rows = sqlx::query_as(AssertSqlSafe(sql))
        .bind(source.mandant_id)
        .bind(auswahl.nr)
        .bind(auswahl.zeitraum.jahr.beginn)
        .bind(auswahl.zeitraum.von)
        .bind(auswahl.zeitraum.bis)
        .bind(source.upto)
        .bind(tag)
        .bind(position)
        .bind(zeile)
        .bind(limit)
        .fetch_all(&mut *source.transaction)
        .await?;
    Ok(rows)
}
