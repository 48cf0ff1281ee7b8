//! Kontenplan: every account with its properties and its balance.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    Args, Art, Cell, JOURNAL, Parameter, ParameterArt, Report, Source, Spalte, Table, jahr::Jahr, namen::KONTO,
    table::felder,
};
use crate::api::problem::Problem;

/// Statements of the HGB; an account stands in one of them.
const HGB: [&str; 2] = ["hgb266", "hgb275"];

pub(super) const REPORT: Report = Report {
    name: "kontenplan",
    typ: "kontenplan",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Kontenplan",
    beschreibung: "Alle Konten mit Art, Automatik, HGB-Zeile bei Soll- und bei Habensaldo und dem Saldo (Soll − Haben) im \
                   Geschäftsjahr des Stichtags.",
    parameter: &[Parameter::optional(
        "stichtag",
        ParameterArt::Datum,
        "Tag des Saldos; sonst heute",
    )],
    spalten: &[
        Spalte::new("nr", Art::Text, "Konto"),
        Spalte::new("name", Art::Text, "Bezeichnung"),
        Spalte::new("art", Art::Text, "Art"),
        Spalte::new("automatik", Art::Text, "Automatik"),
        Spalte::new("schluessel", Art::Text, "Fester Steuerschlüssel"),
        Spalte::new("schluessel_pflicht", Art::Text, "Steuerschlüssel nötig"),
        Spalte::new("hgb_soll", Art::Text, "HGB Soll"),
        Spalte::new("hgb_haben", Art::Text, "HGB Haben"),
        Spalte::new("status", Art::Text, "Status"),
        Spalte::new("saldo", Art::Betrag, "Saldo"),
    ],
    ledgers: &[JOURNAL],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    // Children of the account are needed too, so the accounts are folded, as of now as well.
    let konten = source.staende(KONTO.typ).await?;
    let salden = balances(source, stichtag).await?;
    let mut zeilen: Vec<(String, Vec<Cell>)> = konten.iter().map(|(_, konto)| row(konto, stichtag, &salden)).collect();
    zeilen.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Table {
        parameter: felder(json!({ "stichtag": stichtag })),
        summen: json!({ "konten": zeilen.len() }),
        zeilen: zeilen.into_iter().map(|(_, cells)| cells).collect(),
        ..Table::default()
    })
}

async fn balances(source: &mut Source, stichtag: NaiveDate) -> Result<HashMap<String, Decimal>, Problem> {
    let Some(jahr) = Jahr::find(source, stichtag).await? else {
        return Ok(HashMap::new());
    };
    let rows: Vec<(String, Decimal)> = sqlx::query_as(
        "SELECT konto, coalesce(sum(soll - haben), 0) FROM fibu.journalzeile \
         WHERE mandant_id = $1 AND geschaeftsjahr_beginn = $2 AND buchungsdatum <= $3 AND log_position <= $4 \
         GROUP BY konto",
    )
    .bind(source.mandant_id)
    .bind(jahr.beginn)
    .bind(stichtag)
    .bind(source.upto)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows.into_iter().collect())
}

fn row(konto: &Value, stichtag: NaiveDate, salden: &HashMap<String, Decimal>) -> (String, Vec<Cell>) {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let list = |field: &str| konto.get(field).and_then(Value::as_array).into_iter().flatten();
    let nr = text(konto, "konto_nr").unwrap_or_default();
    let stichtag = stichtag.to_string();
    // Dates in JSON are yyyy-mm-dd: their text order is their order in time.
    let regel = list("steuerregeln")
        .filter(|regel| text(regel, "gueltig_ab").is_some_and(|ab| ab <= stichtag))
        .max_by_key(|regel| text(regel, "gueltig_ab"));
    // Rules of before the field demanded no key.
    let pflicht = regel.and_then(|regel| regel.get("schluessel_pflicht")) == Some(&Value::Bool(true));
    let zuordnung = list("zuordnungen").find(|z| text(z, "gliederung").is_some_and(|g| HGB.contains(&g.as_str())));
    let cells = vec![
        Cell::Text(nr.clone()),
        text(konto, "bezeichnung").into(),
        text(konto, "art").into(),
        regel.and_then(|regel| text(regel, "automatik")).into(),
        regel.and_then(|regel| text(regel, "fester_schluessel")).into(),
        Cell::Text(if pflicht { "ja" } else { "nein" }.to_owned()),
        zuordnung.and_then(|z| text(z, "zeile_soll")).into(),
        zuordnung.and_then(|z| text(z, "zeile_haben")).into(),
        text(konto, "status").into(),
        Cell::Betrag(salden.get(&nr).copied().unwrap_or_default()),
    ];
    (nr, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_shows_the_rule_of_the_day_and_its_lines_of_the_hgb() {
        let konto = json!({
            "konto_nr": "1800", "bezeichnung": "Bank", "art": "aktiv", "status": "aktiv",
            "steuerregeln": [
                {"gueltig_ab": "2020-01-01", "automatik": "keine"},
                {"gueltig_ab": "2026-03-01", "automatik": "av", "fester_schluessel": "V19", "schluessel_pflicht": false},
                {"gueltig_ab": "2026-04-01", "automatik": "keine", "schluessel_pflicht": true},
            ],
            "zuordnungen": [
                {"gliederung": "bwa", "zeile_soll": "1", "zeile_haben": "1"},
                {"gliederung": "hgb266", "zeile_soll": "A.B.IV", "zeile_haben": "P.C.2"},
            ],
        });
        let salden = HashMap::from([("1800".to_owned(), Decimal::new(250_000, 2))]);
        let cells = |tag: &str| row(&konto, tag.parse().unwrap(), &salden).1;
        let before = cells("2026-02-28");
        assert_eq!(before[3], Cell::Text("keine".to_owned()));
        assert_eq!(before[4], Cell::Leer);
        assert_eq!(before[5], Cell::Text("nein".to_owned()));
        assert_eq!(before[6], Cell::Text("A.B.IV".to_owned()));
        assert_eq!(before[7], Cell::Text("P.C.2".to_owned()));
        assert_eq!(before[9], Cell::Betrag(Decimal::new(250_000, 2)));
        assert_eq!(cells("2026-03-01")[4], Cell::Text("V19".to_owned()));
        assert_eq!(cells("2026-03-31")[5], Cell::Text("nein".to_owned()));
        assert_eq!(cells("2026-04-01")[5], Cell::Text("ja".to_owned()));
    }
}
