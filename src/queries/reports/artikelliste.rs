//! Artikelliste: every article with its stock and its base price of a day.

use std::collections::HashMap;

use aggregates::{types::Bereich, wawi::Preisliste};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{
    Args, Art, Cell, LAGERBEWEGUNG, Parameter, ParameterArt, Report, Source, Spalte, Table,
    namen::{ARTIKEL, ARTIKELGRUPPE, feld},
    preislistenuebersicht::listen,
    table::felder,
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "artikelliste",
    typ: "artikelliste",
    bereich: Bereich::Wawi,
    titel: "Artikelliste",
    beschreibung: "Alle Artikel mit Gruppe, Status, Bestand aller Lager und dem Preis der Standardliste (kleinste Menge).",
    parameter: &[Parameter::optional(
        "stichtag",
        ParameterArt::Datum,
        "Tag von Bestand und Preis; sonst heute",
    )],
    spalten: &[
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("gruppe", Art::Text, "Gruppe"),
        Spalte::new("gruppe_name", Art::Text, "Gruppenname"),
        Spalte::new("status", Art::Text, "Status"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("bestand", Art::Menge, "Bestand"),
        Spalte::new("vk_preis", Art::Preis, "VK Standard"),
        Spalte::new("vk_je", Art::Menge, "Je"),
        Spalte::new("vk_einheit", Art::Text, "Preiseinheit"),
    ],
    ledgers: &[LAGERBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let artikel = ARTIKEL.heads(source).await?;
    let gruppen = ARTIKELGRUPPE.heads(source).await?;
    let bestand = bestand(source, stichtag).await?;
    let listen = listen(source).await?;
    let standard = listen.iter().map(|(_, l)| l).find(|l| l.standard && l.gilt(stichtag));
    let mut zeilen: Vec<(String, Vec<Cell>)> = artikel
        .iter()
        .map(|(id, kopf)| {
            let text = |name: &str| feld(Some(kopf), name);
            let gruppe_id = text("gruppe_id").parse().unwrap_or_default();
            let (gruppe, gruppe_name) = ARTIKELGRUPPE.nr_und_name(&gruppen, gruppe_id);
            let mut cells: Vec<Cell> = vec![
                text("artikel_nr").into(),
                text("bezeichnung").into(),
                gruppe.into(),
                gruppe_name.into(),
                text("status").into(),
                text("basiseinheit").into(),
                Cell::Menge(bestand.get(id).copied().unwrap_or_default()),
            ];
            cells.extend(preis(standard, *id, stichtag));
            (text("artikel_nr"), cells)
        })
        .collect();
    zeilen.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Table {
        parameter: felder(json!({ "stichtag": stichtag })),
        summen: json!({ "artikel": zeilen.len() }),
        zeilen: zeilen.into_iter().map(|(_, cells)| cells).collect(),
        ..Table::default()
    })
}

/// Price, quantity and unit of the first step.
fn preis(liste: Option<&Preisliste>, artikel_id: Uuid, am: NaiveDate) -> [Cell; 3] {
    let preis = liste.and_then(|l| l.preise.iter().find(|p| p.artikel_id == artikel_id && p.gilt(am)));
    match preis.and_then(|p| Some((p, p.staffeln.first()?))) {
        Some((preis, stufe)) => [
            Cell::Preis(stufe.preis.as_decimal()),
            Cell::Menge(preis.je_menge.as_decimal()),
            preis.einheit.clone().into(),
        ],
        None => [Cell::Leer, Cell::Leer, Cell::Leer],
    }
}

/// Stock over all Lager: what came from outside less what went there.
async fn bestand(source: &mut Source, stichtag: NaiveDate) -> Result<HashMap<Uuid, Decimal>, Problem> {
    let rows: Vec<(Uuid, Decimal)> = sqlx::query_as(
        "SELECT artikel_id, sum(CASE WHEN nach_art = 'platz' THEN menge ELSE 0 END \
                - CASE WHEN von_art = 'platz' THEN menge ELSE 0 END) \
         FROM wawi.lagerbewegung WHERE mandant_id = $1 AND buchungsdatum <= $2 AND log_position <= $3 GROUP BY 1",
    )
    .bind(source.mandant_id)
    .bind(stichtag)
    .bind(source.upto)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows.into_iter().collect())
}
