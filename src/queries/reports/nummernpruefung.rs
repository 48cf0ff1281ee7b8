//! Nummernpruefung: are the numbers of outgoing and incoming documents gapless, and do they rise with their dates (fibu 3)?

use chrono::NaiveDate;
use serde_json::json;

use super::{Args, Art, Parameter, ParameterArt, RECHNUNGSBUCH, Report, Source, Spalte, Table, table::felder};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "nummernpruefung",
    typ: "nummernpruefung",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Nummernprüfung",
    beschreibung: "Je Nummernkreis der Rechnungen und Jahr die erste und letzte Nummer, die Anzahl, die Lücken, die doppelten \
                   Nummern und die Nummern, deren Datum vor dem der vorigen liegt. Lücken und Doppelte müssen leer sein; Daten \
                   müssen nur in einem chronologischen Kreis steigen.",
    parameter: &[Parameter::optional("jahr", ParameterArt::Zahl, "nur dieses Jahr")],
    spalten: &[
        Spalte::new("kreis", Art::Text, "Nummernkreis"),
        Spalte::new("jahr", Art::Zahl, "Jahr"),
        Spalte::new("erste", Art::Text, "Erste"),
        Spalte::new("letzte", Art::Text, "Letzte"),
        Spalte::new("anzahl", Art::Zahl, "Anzahl"),
        Spalte::new("luecken", Art::Text, "Lücken"),
        Spalte::new("doppelte", Art::Text, "Doppelte"),
        Spalte::new("rueckwaerts", Art::Text, "Datum vor der vorigen"),
    ],
    ledgers: &[RECHNUNGSBUCH],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    kreis: String,
    jahr: i32,
    lfd: i64,
    nummer: String,
    datum: NaiveDate,
    /// With what the Nummernkreis begins each year.
    start: i64,
}

/// What is found of one Nummernkreis and year.
#[derive(Debug, Default, PartialEq)]
struct Befund {
    erste: String,
    letzte: String,
    anzahl: i64,
    luecken: Vec<String>,
    doppelte: Vec<String>,
    rueckwaerts: Vec<String>,
}

impl Befund {
    /// Adds the next number; rows come in the order of their numbers.
    fn dazu(&mut self, vorige: Option<&Row>, row: &Row) {
        if self.anzahl == 0 {
            self.erste.clone_from(&row.nummer);
        }
        self.letzte.clone_from(&row.nummer);
        self.anzahl += 1;
        // Numbers that are missing before the first are missing too.
        let davor = vorige.map_or(row.start - 1, |v| v.lfd);
        match row.lfd - davor {
            0 => self.doppelte.push(row.nummer.clone()),
            2 => self.luecken.push((davor + 1).to_string()),
            3.. => self.luecken.push(format!("{}–{}", davor + 1, row.lfd - 1)),
            _ => {}
        }
        if vorige.is_some_and(|v| row.datum < v.datum) {
            self.rueckwaerts.push(row.nummer.clone());
        }
    }
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let jahr = args.number("jahr");
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT b.kreis, b.jahr, b.lfd, b.nummer, b.buchungsdatum AS datum, coalesce(k.start, 1) AS start \
         FROM fibu.rechnungsbuch b \
         LEFT JOIN dienste.nummernkreis k ON k.mandant_id = b.mandant_id AND k.code = b.kreis \
         WHERE b.mandant_id = $1 AND b.log_position <= $2 AND b.lfd IS NOT NULL AND b.jahr IS NOT NULL \
           AND ($3::bigint IS NULL OR b.jahr = $3) \
         ORDER BY b.kreis, b.jahr, b.lfd, b.log_position",
    )
    .bind(source.mandant_id)
    .bind(source.upto)
    .bind(jahr)
    .fetch_all(&mut *source.transaction)
    .await?;
    let befunde = befunde(&rows);
    let anzahl = |teil: fn(&Befund) -> usize| befunde.iter().map(|(_, _, b)| teil(b)).sum::<usize>();
    Ok(Table {
        parameter: felder(json!({ "jahr": jahr })),
        summen: json!({
            "belege": rows.len(),
            "luecken": anzahl(|b| b.luecken.len()),
            "doppelte": anzahl(|b| b.doppelte.len()),
        }),
        zeilen: befunde
            .into_iter()
            .map(|(kreis, jahr, b)| {
                vec![
                    kreis.into(),
                    i64::from(jahr).into(),
                    b.erste.into(),
                    b.letzte.into(),
                    b.anzahl.into(),
                    b.luecken.join(", ").into(),
                    b.doppelte.join(", ").into(),
                    b.rueckwaerts.join(", ").into(),
                ]
            })
            .collect(),
        ..Table::default()
    })
}

fn befunde(rows: &[Row]) -> Vec<(String, i32, Befund)> {
    let mut befunde: Vec<(String, i32, Befund)> = Vec::new();
    let mut vorige: Option<&Row> = None;
    for row in rows {
        let gleicher = |v: &&Row| v.kreis == row.kreis && v.jahr == row.jahr;
        vorige = vorige.filter(gleicher);
        if vorige.is_none() {
            befunde.push((row.kreis.clone(), row.jahr, Befund::default()));
        }
        if let Some((_, _, befund)) = befunde.last_mut() {
            befund.dazu(vorige, row);
        }
        vorige = Some(row);
    }
    befunde
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(lfd: i64, tag: u32) -> Row {
        Row {
            kreis: "AR".into(),
            jahr: 2026,
            lfd,
            nummer: format!("AR-{lfd}"),
            datum: NaiveDate::from_ymd_opt(2026, 3, tag).unwrap(),
            start: 1,
        }
    }

    #[test]
    fn gaps_duplicates_and_steps_back_in_time_are_found() {
        let rows = [row(1, 1), row(2, 2), row(4, 2), row(4, 3), row(8, 2)];
        let (_, _, befund) = befunde(&rows).remove(0);
        assert_eq!(
            (befund.erste.as_str(), befund.letzte.as_str(), befund.anzahl),
            ("AR-1", "AR-8", 5)
        );
        assert_eq!(befund.luecken, ["3", "5–7"]);
        assert_eq!(befund.doppelte, ["AR-4"]);
        assert_eq!(befund.rueckwaerts, ["AR-8"]);
    }

    #[test]
    fn numbers_missing_before_the_first_are_found() {
        let (_, _, befund) = befunde(&[row(3, 1), row(4, 1)]).remove(0);
        assert_eq!(befund.luecken, ["1–2"]);
    }

    #[test]
    fn another_kreis_or_year_begins_anew() {
        let mut andere = row(1, 1);
        andere.jahr = 2027;
        let befunde = befunde(&[row(1, 1), andere]);
        assert_eq!(befunde.len(), 2);
        assert!(befunde.iter().all(|(_, _, b)| b.luecken.is_empty() && b.anzahl == 1));
    }
}
