//! Kreditauskunft: what each customer may owe, owes by its parts, and has left.

use std::collections::HashMap;

use aggregates::{
    Aggregate,
    crm::{Kreditlinie, Kunde},
};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Args, Art, Cell, JOURNAL, Parameter, ParameterArt, Report, Source, Spalte, Staende, Table, table::felder};
use crate::{api::problem::Problem, queries::params::unfit};

pub(super) const REPORT: Report = Report {
    name: "kreditauskunft",
    typ: "kreditauskunft",
    bereich: aggregates::types::Bereich::Crm,
    titel: "Kreditauskunft",
    beschreibung: "Je Kunde das Limit am Stichtag, das Obligo nach seinen Teilen (offene Posten, Lieferungen ohne Rechnung, \
                   bestätigte Aufträge, nicht zugeordnete Zahlungen und Gutschriften), was frei ist und was vorgemerkt ist.",
    parameter: &[
        Parameter::optional("kunde", ParameterArt::Konto, "Kundennummer; sonst alle Kunden"),
        Parameter::optional("stichtag", ParameterArt::Datum, "Tag des Limits; sonst heute"),
    ],
    spalten: &[
        Spalte::new("kunden_nr", Art::Text, "Kunde"),
        Spalte::new("name", Art::Text, "Name"),
        Spalte::new("status", Art::Text, "Status"),
        Spalte::new("limit", Art::Betrag, "Limit"),
        Spalte::new("limit_bis", Art::Datum, "Limit gültig bis"),
        Spalte::new("offene_posten", Art::Betrag, "Offene Posten"),
        Spalte::new("lieferungen", Art::Betrag, "Geliefert, nicht berechnet"),
        Spalte::new("auftraege", Art::Betrag, "Bestätigt, nicht geliefert"),
        Spalte::new("guthaben", Art::Betrag, "Nicht zugeordnete Guthaben"),
        Spalte::new("obligo", Art::Betrag, "Obligo"),
        Spalte::new("frei", Art::Betrag, "Frei"),
        Spalte::new("vorgemerkt", Art::Betrag, "Vorgemerkt"),
    ],
    ledgers: &[JOURNAL],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    // The lines are folded from the log, as of now as well: their state has no dates of its own.
    let (kunden, linien) = match args.text("kunde") {
        Some(nr) => einer(source, nr).await?,
        None => (
            source.staende(Kunde::TYPE).await?,
            source.staende(Kreditlinie::TYPE).await?,
        ),
    };
    let linien: HashMap<Uuid, Kreditlinie> = linien
        .into_iter()
        .filter_map(|(_, linie)| serde_json::from_value(linie).ok())
        .map(|linie: Kreditlinie| (linie.kunde_id, linie))
        .collect();
    let mut zeilen: Vec<(String, Vec<Cell>)> = kunden
        .iter()
        .filter_map(|(id, kunde)| {
            let linie = linien.get(id)?;
            let text = |feld: &str| kunde.get(feld).and_then(Value::as_str).unwrap_or_default().to_owned();
            let nr = text("kunden_nr");
            Some((nr.clone(), zeile(nr, text("name"), linie, stichtag)))
        })
        .collect();
    zeilen.sort_by(|a, b| a.0.cmp(&b.0));
    let mut parameter = json!({ "stichtag": stichtag });
    if let Some(nr) = args.text("kunde") {
        parameter["kunde"] = json!(nr);
    }
    Ok(Table {
        parameter: felder(parameter),
        summen: json!({ "kunden": zeilen.len() }),
        zeilen: zeilen.into_iter().map(|(_, cells)| cells).collect(),
        ..Table::default()
    })
}

/// One customer and his line.
async fn einer(source: &mut Source, nr: &str) -> Result<(Staende, Staende), Problem> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT id FROM crm.kunde WHERE mandant_id = $1 AND kunden_nr = $2")
        .bind(source.mandant_id)
        .bind(nr)
        .fetch_optional(&mut *source.transaction)
        .await?;
    let Some(id) = id else {
        return Err(unfit("kunde", format!("den Kunden {nr} gibt es nicht")));
    };
    let linie = Kreditlinie::stream_id(source.mandant_id, id);
    Ok((
        source.staende_von(Kunde::TYPE, &[id]).await?,
        source.staende_von(Kreditlinie::TYPE, &[linie]).await?,
    ))
}

fn zeile(nr: String, name: String, linie: &Kreditlinie, stichtag: NaiveDate) -> Vec<Cell> {
    let teile = linie.teile();
    let limit_bis = linie.limit_am(stichtag).and_then(|l| l.gueltig_bis);
    let status: &str = linie.status_am(stichtag).into();
    let betrag = |wert: aggregates::types::Betrag| Cell::Betrag(wert.as_decimal());
    vec![
        Cell::Text(nr),
        Cell::Text(name),
        Cell::Text(status.to_owned()),
        betrag(linie.limit(stichtag)),
        limit_bis.into(),
        betrag(teile.offene_posten),
        betrag(teile.lieferungen),
        betrag(teile.auftraege),
        betrag(teile.guthaben),
        betrag(linie.obligo()),
        betrag(linie.frei(stichtag)),
        betrag(linie.vorgemerkt),
    ]
}
