//! Auftragsbestand: what of confirmed orders is still to be delivered on a day, with its value.

use aggregates::types::Bereich;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;

use super::{
    AUFTRAGSBEWEGUNG, Args, Art, Cell, Parameter, ParameterArt, Report, Source, Spalte, Table,
    table::{betrag, felder},
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "auftragsbestand",
    typ: "auftragsbestand",
    bereich: Bereich::Crm,
    titel: "Auftragsbestand",
    beschreibung: "Je Position bestätigter Aufträge, was am Stichtag noch zu liefern war, mit seinem Nettowert; \
                   überfällig ist, was vor dem Stichtag gewünscht war.",
    parameter: &[
        Parameter::optional("stichtag", ParameterArt::Datum, "letzter Tag; sonst heute"),
        Parameter::optional("kunde", ParameterArt::Konto, "nur dieser Kunde (Nummer)"),
        Parameter::optional("artikel", ParameterArt::Text, "nur dieser Artikel (Nummer)"),
    ],
    spalten: &[
        Spalte::new("auftrag_nr", Art::Text, "Auftrag"),
        Spalte::new("kunden_nr", Art::Text, "Kunde"),
        Spalte::new("kunde_name", Art::Text, "Kundenname"),
        Spalte::new("pos", Art::Zahl, "Position"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("termin", Art::Datum, "Termin"),
        Spalte::new("bestellt", Art::Menge, "Bestellt"),
        Spalte::new("geliefert", Art::Menge, "Geliefert"),
        Spalte::new("offen_menge", Art::Menge, "Offen"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("offen_wert", Art::Betrag, "Offener Wert netto"),
        Spalte::new("ueberfaellig", Art::Text, "Überfällig"),
        Spalte::new("gesperrt", Art::Text, "Gesperrt"),
    ],
    ledgers: &[AUFTRAGSBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    auftrag_nr: String,
    kunden_nr: String,
    kunde_name: String,
    pos: i32,
    artikel_nr: String,
    bezeichnung: String,
    termin: Option<NaiveDate>,
    bestellt: Decimal,
    geliefert: Decimal,
    offen: Decimal,
    einheit: String,
    wert: Decimal,
    gesperrt: bool,
}

/// Number, customer and article of a confirmed position never change, so the state tables may name them for any day.
const SQL: &str = "WITH bewegt AS ( \
        SELECT auftrag_id, position_id, \
            sum(menge) FILTER (WHERE art = 'bestellt') AS bestellt, \
            sum(netto) FILTER (WHERE art = 'bestellt') AS netto, \
            coalesce(sum(menge) FILTER (WHERE art = 'geliefert'), 0) AS geliefert, \
            coalesce(sum(menge) FILTER (WHERE art IN ('geliefert', 'storniert', 'verfallen')), 0) AS weg, \
            (array_agg(termin ORDER BY log_position DESC) FILTER (WHERE art = 'bestellt'))[1] AS termin \
        FROM crm.auftrag_bewegung \
        WHERE mandant_id = $1 AND tag <= $2 AND log_position <= $3 AND position_id IS NOT NULL GROUP BY 1, 2), \
    sperren AS ( \
        SELECT auftrag_id FROM crm.auftrag_bewegung \
        WHERE mandant_id = $1 AND tag <= $2 AND log_position <= $3 AND art = 'sperre' \
        GROUP BY 1 HAVING sum(menge) > 0) \
    SELECT a.auftrag_nr, a.kunden_nr, a.kunde_name, p.pos, p.artikel_nr, p.bezeichnung, b.termin, b.bestellt, \
        b.geliefert, b.bestellt - b.weg AS offen, p.einheit, \
        round(b.netto * (b.bestellt - b.weg) / b.bestellt, 2) AS wert, \
        EXISTS (SELECT FROM sperren s WHERE s.auftrag_id = b.auftrag_id) AS gesperrt \
    FROM bewegt b \
    JOIN crm.auftrag a ON a.mandant_id = $1 AND a.id = b.auftrag_id \
    JOIN crm.auftrag_position p \
        ON p.mandant_id = $1 AND p.auftrag_id = b.auftrag_id AND p.position_id = b.position_id \
    WHERE b.bestellt > b.weg AND ($4::text IS NULL OR a.kunden_nr = $4) AND ($5::text IS NULL OR p.artikel_nr = $5) \
    ORDER BY a.auftrag_nr, p.pos";

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let rows: Vec<Row> = sqlx::query_as(SQL)
        .bind(source.mandant_id)
        .bind(stichtag)
        .bind(source.upto)
        .bind(args.text("kunde"))
        .bind(args.text("artikel"))
        .fetch_all(&mut *source.transaction)
        .await?;
    let summe: Decimal = rows.iter().map(|r| r.wert).sum();
    let ja = |wahr: bool| Cell::Text(if wahr { "ja" } else { "nein" }.to_owned());
    let zeilen: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| {
            vec![
                row.auftrag_nr.into(),
                row.kunden_nr.into(),
                row.kunde_name.into(),
                row.pos.into(),
                row.artikel_nr.into(),
                row.bezeichnung.into(),
                row.termin.into(),
                Cell::Menge(row.bestellt),
                Cell::Menge(row.geliefert),
                Cell::Menge(row.offen),
                row.einheit.into(),
                row.wert.into(),
                ja(row.termin.is_some_and(|termin| termin < stichtag)),
                ja(row.gesperrt),
            ]
        })
        .collect();
    Ok(Table {
        parameter: felder(
            json!({ "stichtag": stichtag, "kunde": args.text("kunde"), "artikel": args.text("artikel") }),
        ),
        summen: json!({ "positionen": zeilen.len(), "offen_wert": betrag(summe) }),
        zeilen,
        ..Table::default()
    })
}
