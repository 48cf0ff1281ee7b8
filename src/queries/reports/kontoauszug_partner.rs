//! Kontoauszug Partner: the lines of a Personenkonto with its running balance, and what of each is still open.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{
    Args, Art, Cell, OP_BEWEGUNG, Parameter, ParameterArt, Report, Source, Spalte, Table,
    namen::{DEBITOR, KREDITOR},
    table::{betrag, felder},
};
use crate::{api::problem::Problem, queries::params::unfit};

pub(super) const REPORT: Report = Report {
    name: "kontoauszug-partner",
    typ: "kontoauszug_partner",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Kontoauszug Partner",
    beschreibung: "Die Buchungen eines Debitors oder Kreditors mit laufendem Saldo (Soll − Haben) und dem Rest, der am Ende \
                   des Zeitraums offen ist. Der Saldo zu Beginn steht im Kopf.",
    parameter: &[
        Parameter::required("personenkonto", ParameterArt::Konto, "Debitor oder Kreditor"),
        Parameter::optional("von", ParameterArt::Datum, "erstes Buchungsdatum"),
        Parameter::optional(
            "bis",
            ParameterArt::Datum,
            "letztes Buchungsdatum; heute, wenn es fehlt",
        ),
    ],
    spalten: &[
        Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
        Spalte::new("belegnummer", Art::Text, "Beleg"),
        Spalte::new("beleg", Art::Text, "Belegreferenz"),
        Spalte::new("art", Art::Text, "Art"),
        Spalte::new("text", Art::Text, "Text"),
        Spalte::new("faellig", Art::Datum, "Fällig"),
        Spalte::new("soll", Art::Betrag, "Soll"),
        Spalte::new("haben", Art::Betrag, "Haben"),
        Spalte::new("saldo", Art::Betrag, "Saldo"),
        Spalte::new("rest", Art::Betrag, "Offen"),
        Spalte::new("buchung_id", Art::Text, "Buchung"),
    ],
    ledgers: &[OP_BEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    datum: NaiveDate,
    belegnummer: String,
    beleg: Option<String>,
    posten: String,
    text: String,
    faellig: NaiveDate,
    betrag: Decimal,
    rest: Decimal,
    buchung_id: Uuid,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let konto = args.text("personenkonto").unwrap_or_default().to_owned();
    let (von, bis) = (args.date("von"), args.date("bis").unwrap_or(source.heute));
    if von.is_some_and(|von| von > bis) {
        return Err(unfit("von", format!("liegt nach bis ({bis})")));
    }
    let name = match DEBITOR.name_of(source, &konto).await? {
        Some(name) => Some(name),
        None => KREDITOR.name_of(source, &konto).await?,
    };
    let Some(name) = name else {
        return Err(unfit(
            "personenkonto",
            format!("das Personenkonto {konto} gibt es nicht"),
        ));
    };
    let rows = zeilen(source, &konto, bis).await?;
    let davor = |row: &&Row| von.is_some_and(|von| row.datum < von);
    let vortrag: Decimal = rows.iter().filter(davor).map(|row| row.betrag).sum();
    let (mut saldo, mut soll_summe, mut haben_summe, mut offen) =
        (vortrag, Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let mut zeilen = Vec::new();
    for row in &rows {
        offen += row.rest;
        if davor(&row) {
            continue;
        }
        // A reversal stands on the side of its original with a negative amount, which only the journal tells.
        let (soll, haben) = if row.betrag >= Decimal::ZERO {
            (row.betrag, Decimal::ZERO)
        } else {
            (Decimal::ZERO, -row.betrag)
        };
        saldo += row.betrag;
        soll_summe += soll;
        haben_summe += haben;
        zeilen.push(vec![
            Cell::Datum(row.datum),
            row.belegnummer.clone().into(),
            row.beleg.clone().into(),
            row.posten.clone().into(),
            row.text.clone().into(),
            Cell::Datum(row.faellig),
            Cell::Betrag(soll),
            Cell::Betrag(haben),
            Cell::Betrag(saldo),
            Cell::Betrag(row.rest),
            row.buchung_id.into(),
        ]);
    }
    Ok(Table {
        parameter: felder(json!({"personenkonto": konto, "von": von, "bis": bis})),
        kopf: Some(json!({"personenkonto": konto, "name": name, "saldo_vortrag": betrag(vortrag)})),
        zeilen,
        summen: json!({
            "soll": betrag(soll_summe), "haben": betrag(haben_summe), "saldo": betrag(saldo), "offen": betrag(offen),
        }),
        ..Table::default()
    })
}

async fn zeilen(source: &mut Source, konto: &str, bis: NaiveDate) -> Result<Vec<Row>, Problem> {
    let rows = sqlx::query_as(
        "SELECT e.datum, e.belegnummer, e.beleg, e.posten, e.text, b.faellig, e.betrag, b.rest, e.buchung_id \
         FROM fibu.op_bewegung e \
         JOIN LATERAL (SELECT sum(m.betrag) AS rest, \
                (array_agg(m.faellig ORDER BY m.log_position DESC) FILTER (WHERE m.faellig IS NOT NULL))[1] AS faellig \
            FROM fibu.op_bewegung m WHERE m.mandant_id = $1 AND m.op_id = e.op_id AND m.log_position <= $3 \
              AND (m.datum IS NULL OR m.datum <= $4)) b ON true \
         WHERE e.mandant_id = $1 AND e.personenkonto = $2 AND e.art = 'eroeffnung' AND e.log_position <= $3 \
           AND e.datum <= $4 \
         ORDER BY e.datum, e.log_position",
    )
    .bind(source.mandant_id)
    .bind(konto)
    .bind(source.upto)
    .bind(bis)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows)
}
