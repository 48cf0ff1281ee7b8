//! Summen- und Saldenliste: opening balance, movements of the month and of the year, balance, per account.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use sqlx::AssertSqlSafe;

use super::{
    Args, Art, Cell, JOURNAL, Parameter, ParameterArt, Report, SALDEN, Source, Spalte, Table,
    jahr::Jahr,
    namen::{DEBITOR, KONTO, KREDITOR},
    table::{betrag, felder},
};
use crate::{
    api::problem::Problem,
    queries::params::{unfit, wrong},
};

pub(super) const REPORT: Report = Report {
    name: "summen-und-saldenliste",
    typ: "summen_und_saldenliste",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Summen- und Saldenliste",
    beschreibung: "EB-Wert, Verkehrszahlen des Zeitraums und kumuliert seit Beginn des Geschäftsjahrs, Saldo je Konto; \
                   Summen je Kontenklasse und gesamt (Soll = Haben), in CSV als Zeilen der Art klasse, gesamt, debitoren und \
                   kreditoren. Kumuliert ist ohne EB-Wert; Saldo = EB-Wert + kumuliert.",
    parameter: &[
        Parameter::optional(
            "stichtag",
            ParameterArt::Datum,
            "letzter Tag; der Zeitraum ist dann sein Monat",
        ),
        Parameter::optional(
            "von",
            ParameterArt::Datum,
            "erster Tag des Zeitraums (mit bis, statt stichtag)",
        ),
        Parameter::optional("bis", ParameterArt::Datum, "letzter Tag des Zeitraums"),
        Parameter::optional(
            "jahr",
            ParameterArt::Zahl,
            "Kalenderjahr, in dem das Geschäftsjahr beginnt",
        ),
        Parameter::optional(
            "personenkonten",
            ParameterArt::Ja,
            "führt auch Debitoren und Kreditoren auf",
        ),
    ],
    spalten: &[
        Spalte::new("art", Art::Text, "Art"),
        Spalte::new("konto", Art::Text, "Konto"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("eb_soll", Art::Betrag, "EB-Wert Soll"),
        Spalte::new("eb_haben", Art::Betrag, "EB-Wert Haben"),
        Spalte::new("monat_soll", Art::Betrag, "Zeitraum Soll"),
        Spalte::new("monat_haben", Art::Betrag, "Zeitraum Haben"),
        Spalte::new("kumuliert_soll", Art::Betrag, "Kumuliert Soll"),
        Spalte::new("kumuliert_haben", Art::Betrag, "Kumuliert Haben"),
        Spalte::new("saldo_soll", Art::Betrag, "Saldo Soll"),
        Spalte::new("saldo_haben", Art::Betrag, "Saldo Haben"),
    ],
    ledgers: &[JOURNAL, SALDEN],
    run: |source, args| Box::pin(run(source, args)),
};

/// Names of the eight amounts, in the order of the columns.
const AMOUNTS: [&str; 8] = [
    "eb_soll",
    "eb_haben",
    "monat_soll",
    "monat_haben",
    "kumuliert_soll",
    "kumuliert_haben",
    "saldo_soll",
    "saldo_haben",
];

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Zeitraum {
    jahr: Jahr,
    von: NaiveDate,
    bis: NaiveDate,
}

/// The amounts of an account as a ledger table gives them.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Zeile {
    konto: String,
    eb: Decimal,
    monat_soll: Decimal,
    monat_haben: Decimal,
    kumuliert_soll: Decimal,
    kumuliert_haben: Decimal,
}

impl Zeile {
    fn amounts(&self) -> [Decimal; 8] {
        let saldo = self.eb + self.kumuliert_soll - self.kumuliert_haben;
        let [eb_soll, eb_haben] = sides(self.eb);
        let [saldo_soll, saldo_haben] = sides(saldo);
        [
            eb_soll,
            eb_haben,
            self.monat_soll,
            self.monat_haben,
            self.kumuliert_soll,
            self.kumuliert_haben,
            saldo_soll,
            saldo_haben,
        ]
    }
}

/// A balance on its side: Soll if positive.
fn sides(saldo: Decimal) -> [Decimal; 2] {
    if saldo > Decimal::ZERO {
        [saldo, Decimal::ZERO]
    } else {
        [Decimal::ZERO, -saldo]
    }
}

/// Which accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ebene {
    Sach,
    Personen,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let zeitraum = zeitraum(source, args).await?;
    let konten = load(source, zeitraum, Ebene::Sach).await?;
    let namen = KONTO.names(source).await?;
    let mut zeilen = Vec::with_capacity(konten.len());
    let mut gesamt = [Decimal::ZERO; 8];
    let mut klassen: BTreeMap<String, [Decimal; 8]> = BTreeMap::new();
    for konto in &konten {
        let amounts = konto.amounts();
        let klasse: String = konto.konto.chars().take(1).collect();
        add(klassen.entry(klasse).or_default(), amounts);
        add(&mut gesamt, amounts);
        zeilen.push(row("sach", konto, namen.get(&konto.konto)));
    }
    let mut zwischenzeilen = Vec::with_capacity(klassen.len() + 3);
    for (klasse, amounts) in &klassen {
        let danach = konten.partition_point(|k| k.konto.chars().take(1).collect::<String>() <= *klasse);
        zwischenzeilen.push((
            danach,
            sum_row("klasse", klasse, &format!("Summe Klasse {klasse}"), *amounts),
        ));
    }
    zwischenzeilen.push((zeilen.len(), sum_row("gesamt", "", "Summe gesamt", gesamt)));
    let klassen: Vec<Value> = klassen
        .into_iter()
        .map(|(klasse, amounts)| {
            let mut summe = named(amounts);
            summe.insert("klasse".to_owned(), json!(klasse));
            Value::Object(summe)
        })
        .collect();
    let mut summen = json!({ "klassen": klassen, "gesamt": named(gesamt), "ausgeglichen": balanced(gesamt) });
    let personenkonten = args.flag("personenkonten");
    if personenkonten {
        for (name, summe) in add_partners(source, zeitraum, &mut zeilen).await? {
            summen[name] = Value::Object(named(summe.amounts));
            zwischenzeilen.push((summe.danach, sum_row(name, "", summe.titel, summe.amounts)));
        }
    }
    Ok(Table {
        parameter: felder(json!({
            "von": zeitraum.von,
            "bis": zeitraum.bis,
            "geschaeftsjahr_beginn": zeitraum.jahr.beginn,
            "geschaeftsjahr_ende": zeitraum.jahr.ende,
            "personenkonten": personenkonten,
        })),
        zeilen,
        summen,
        zwischenzeilen,
        ..Table::default()
    })
}

/// Debitoren and Kreditoren below the general ledger; their sums are those of the Sammelkonten and no part of the total.
async fn add_partners(
    source: &mut Source,
    zeitraum: Zeitraum,
    zeilen: &mut Vec<Vec<Cell>>,
) -> Result<Vec<(&'static str, Partnersumme)>, Problem> {
    let konten = load(source, zeitraum, Ebene::Personen).await?;
    let debitoren = DEBITOR.names(source).await?;
    let kreditoren = KREDITOR.names(source).await?;
    let (kreditor, debitor): (Vec<&Zeile>, Vec<&Zeile>) =
        konten.iter().partition(|k| kreditoren.contains_key(&k.konto));
    let mut summen = Vec::with_capacity(2);
    for (art, name, titel, konten, namen) in [
        ("debitor", "debitoren", "Summe Debitoren", debitor, debitoren),
        ("kreditor", "kreditoren", "Summe Kreditoren", kreditor, kreditoren),
    ] {
        let mut amounts = [Decimal::ZERO; 8];
        for konto in konten {
            add(&mut amounts, konto.amounts());
            zeilen.push(row(art, konto, namen.get(&konto.konto)));
        }
        let danach = zeilen.len();
        summen.push((name, Partnersumme { titel, amounts, danach }));
    }
    Ok(summen)
}

/// The sum of a kind of partner, and behind which row it stands.
struct Partnersumme {
    titel: &'static str,
    amounts: [Decimal; 8],
    danach: usize,
}

/// A sum as a row.
fn sum_row(art: &str, konto: &str, titel: &str, amounts: [Decimal; 8]) -> Vec<Cell> {
    let mut row = vec![art, konto, titel]
        .into_iter()
        .map(|text| Cell::Text(text.to_owned()))
        .collect::<Vec<_>>();
    row.extend(amounts.map(Cell::Betrag));
    row
}

fn row(art: &str, konto: &Zeile, name: Option<&String>) -> Vec<Cell> {
    let mut row = vec![
        Cell::Text(art.to_owned()),
        Cell::Text(konto.konto.clone()),
        name.cloned().into(),
    ];
    row.extend(konto.amounts().map(Cell::Betrag));
    row
}

fn add(sum: &mut [Decimal; 8], amounts: [Decimal; 8]) {
    for (total, amount) in sum.iter_mut().zip(amounts) {
        *total += amount;
    }
}

fn named(amounts: [Decimal; 8]) -> Map<String, Value> {
    let pairs = AMOUNTS.iter().zip(amounts);
    pairs
        .map(|(name, amount)| ((*name).to_owned(), json!(betrag(amount))))
        .collect()
}

/// Soll = Haben in every pair of columns.
fn balanced(amounts: [Decimal; 8]) -> bool {
    amounts.as_chunks::<2>().0.iter().all(|[soll, haben]| soll == haben)
}

async fn zeitraum(source: &mut Source, args: &Args) -> Result<Zeitraum, Problem> {
    let jahr = match args.number("jahr") {
        Some(jahr) => Some(Jahr::beginning_in(source, jahr).await?),
        None => None,
    };
    let (name, von, bis) = match (args.date("stichtag"), args.date("von"), args.date("bis")) {
        (Some(stichtag), None, None) => ("stichtag", None, stichtag),
        (None, Some(von), Some(bis)) => ("bis", Some(von), bis),
        (None, None, None) => ("stichtag", None, jahr.map_or(source.heute, |jahr| jahr.ende)),
        _ => return Err(wrong("stichtag", "entweder stichtag oder von und bis angeben")),
    };
    let jahr = match jahr {
        Some(jahr) if !jahr.contains(bis) => {
            let text = format!("liegt nicht im Geschäftsjahr {} bis {}", jahr.beginn, jahr.ende);
            return Err(unfit(name, text));
        }
        Some(jahr) => jahr,
        None => Jahr::of(source, name, bis).await?,
    };
    // Without von: the month of the last day, as far as it lies in the year.
    let von = von.unwrap_or_else(|| bis.with_day(1).unwrap_or(bis).max(jahr.beginn));
    if von > bis || !jahr.contains(von) {
        let text = format!(
            "liegt nicht zwischen dem Beginn des Geschäftsjahrs ({}) und bis ({bis})",
            jahr.beginn
        );
        return Err(unfit("von", text));
    }
    Ok(Zeitraum { jahr, von, bis })
}

async fn load(source: &mut Source, zeitraum: Zeitraum, ebene: Ebene) -> Result<Vec<Zeile>, Problem> {
    let periods = zeitraum
        .jahr
        .period_beginning(zeitraum.von)
        .zip(zeitraum.jahr.period_ending(zeitraum.bis));
    match (source.known, periods) {
        (None, Some(periods)) if balances_are_current(source).await? => {
            from_balances(source, zeitraum, periods, ebene).await
        }
        _ => from_journal(source, zeitraum, ebene).await,
    }
}

/// The balances are a sum without history: they serve only while they stand exactly where the report stands.
async fn balances_are_current(source: &mut Source) -> Result<bool, Problem> {
    let position: Option<i64> =
        sqlx::query_scalar("SELECT position FROM projektion.stand WHERE projektion = $1 AND mandant_id = $2")
            .bind(SALDEN)
            .bind(source.mandant_id)
            .fetch_optional(&mut *source.transaction)
            .await?;
    Ok(position == Some(source.upto))
}

/// Whole periods as known now: one row per account and period.
async fn from_balances(
    source: &mut Source,
    zeitraum: Zeitraum,
    (von, bis): (i32, i32),
    ebene: Ebene,
) -> Result<Vec<Zeile>, Problem> {
    // Period 13 is dated in the last month of the year: it belongs to its end and to nothing before.
    let rows = sqlx::query_as(
        "SELECT konto, \
                coalesce(sum(soll - haben) FILTER (WHERE periode = 0), 0) AS eb, \
                coalesce(sum(soll) FILTER (WHERE periode >= $4), 0) AS monat_soll, \
                coalesce(sum(haben) FILTER (WHERE periode >= $4), 0) AS monat_haben, \
                coalesce(sum(soll) FILTER (WHERE periode > 0), 0) AS kumuliert_soll, \
                coalesce(sum(haben) FILTER (WHERE periode > 0), 0) AS kumuliert_haben \
         FROM fibu.konto_saldo \
         WHERE mandant_id = $1 AND geschaeftsjahr_beginn = $2 AND art = $3 \
           AND (periode <= $5 OR (periode = 13 AND $6)) \
         GROUP BY konto ORDER BY konto",
    )
    .bind(source.mandant_id)
    .bind(zeitraum.jahr.beginn)
    .bind(match ebene {
        Ebene::Sach => "sach",
        Ebene::Personen => "personen",
    })
    .bind(von)
    .bind(bis)
    .bind(zeitraum.bis == zeitraum.jahr.ende)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows)
}

/// Any dates, any state of knowledge: the journal itself.
async fn from_journal(source: &mut Source, zeitraum: Zeitraum, ebene: Ebene) -> Result<Vec<Zeile>, Problem> {
    let konto = match ebene {
        Ebene::Sach => "konto",
        Ebene::Personen => "personenkonto",
    };
    let sql = format!(
        "SELECT {konto} AS konto, \
                coalesce(sum(soll - haben) FILTER (WHERE periode = 0), 0) AS eb, \
                coalesce(sum(soll) FILTER (WHERE periode > 0 AND buchungsdatum >= $3), 0) AS monat_soll, \
                coalesce(sum(haben) FILTER (WHERE periode > 0 AND buchungsdatum >= $3), 0) AS monat_haben, \
                coalesce(sum(soll) FILTER (WHERE periode > 0), 0) AS kumuliert_soll, \
                coalesce(sum(haben) FILTER (WHERE periode > 0), 0) AS kumuliert_haben \
         FROM fibu.journalzeile \
         WHERE mandant_id = $1 AND geschaeftsjahr_beginn = $2 AND buchungsdatum <= $4 AND log_position <= $5 \
           AND {konto} IS NOT NULL \
         GROUP BY {konto} ORDER BY {konto}"
    );
    let rows = sqlx::query_as(AssertSqlSafe(sql))
        .bind(source.mandant_id)
        .bind(zeitraum.jahr.beginn)
        .bind(zeitraum.von)
        .bind(zeitraum.bis)
        .bind(source.upto)
        .fetch_all(&mut *source.transaction)
        .await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_balance_is_the_opening_balance_and_all_movements_on_one_side() {
        let euro = |cents: i64| Decimal::new(cents, 2);
        let konto = Zeile {
            konto: "1600".to_owned(),
            eb: euro(5000),
            monat_soll: euro(0),
            monat_haben: euro(11_900),
            kumuliert_soll: euro(1000),
            kumuliert_haben: euro(11_900),
        };
        let amounts = named(konto.amounts());
        assert_eq!(amounts["eb_soll"], "50.00");
        assert_eq!(amounts["eb_haben"], "0.00");
        assert_eq!(amounts["saldo_soll"], "0.00");
        assert_eq!(amounts["saldo_haben"], "59.00");
        assert!(!balanced(konto.amounts()));
        assert!(balanced([euro(1); 8]));
    }
}
