//! Rechnungsausgangsbuch and Rechnungseingangsbuch: every booked document with its amounts per tax key, what is open of it
//! at a day, and what cancelled it (fibu 3).

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    Args, Art, Cell, OP_BEWEGUNG, Parameter, ParameterArt, RECHNUNGSBUCH, Report, Source, Spalte, Table,
    table::{betrag, felder},
};
use crate::api::problem::Problem;

const PARAMETER: &[Parameter] = &[
    Parameter::optional("von", ParameterArt::Datum, "erstes Buchungsdatum"),
    Parameter::optional("bis", ParameterArt::Datum, "letztes Buchungsdatum"),
    Parameter::optional("stichtag", ParameterArt::Datum, "Tag des offenen Betrags; sonst heute"),
];

const SPALTEN: &[Spalte] = &[
    Spalte::new("nummer", Art::Text, "Nummer"),
    Spalte::new("fremdnummer", Art::Text, "Nummer des Lieferanten"),
    Spalte::new("art", Art::Text, "Art"),
    Spalte::new("datum", Art::Datum, "Rechnungsdatum"),
    Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
    Spalte::new("leistung_bis", Art::Datum, "Leistung bis"),
    Spalte::new("personenkonto", Art::Text, "Konto"),
    Spalte::new("partner", Art::Text, "Partner"),
    Spalte::new("netto_je_schluessel", Art::Text, "Netto je Schlüssel"),
    Spalte::new("netto", Art::Betrag, "Netto"),
    Spalte::new("steuer", Art::Betrag, "Steuer"),
    Spalte::new("brutto", Art::Betrag, "Brutto"),
    Spalte::new("faellig", Art::Datum, "Fällig"),
    Spalte::new("offen", Art::Betrag, "Offen"),
    Spalte::new("storniert_durch", Art::Text, "Storniert durch"),
];

pub(super) const AUSGANG: Report = Report {
    name: "rechnungsausgangsbuch",
    typ: "rechnungsausgangsbuch",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Rechnungsausgangsbuch",
    beschreibung: "Alle gebuchten Rechnungen, Korrekturen und Stornorechnungen mit dem am Stichtag offenen Betrag; was eine \
                   Rechnung zurücknimmt, ist negativ.",
    parameter: PARAMETER,
    spalten: SPALTEN,
    ledgers: &[RECHNUNGSBUCH, OP_BEWEGUNG],
    run: |source, args| Box::pin(run("ausgang", source, args)),
};

pub(super) const EINGANG: Report = Report {
    name: "rechnungseingangsbuch",
    typ: "rechnungseingangsbuch",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Rechnungseingangsbuch",
    beschreibung: "Alle gebuchten Eingangsrechnungen und Gutschriften der Lieferanten mit dem am Stichtag offenen Betrag; was \
                   eine Rechnung zurücknimmt, ist negativ.",
    parameter: PARAMETER,
    spalten: SPALTEN,
    ledgers: &[RECHNUNGSBUCH, OP_BEWEGUNG],
    run: |source, args| Box::pin(run("eingang", source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    log_position: i64,
    nummer: String,
    fremdnummer: Option<String>,
    art: String,
    datum: NaiveDate,
    buchungsdatum: NaiveDate,
    leistung_bis: Option<NaiveDate>,
    personenkonto: String,
    partner: String,
    netto: Decimal,
    steuer: Decimal,
    brutto: Decimal,
    faellig: NaiveDate,
    offen: Decimal,
    storniert_durch: Option<String>,
}

async fn run(richtung: &'static str, source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let (von, bis) = args.zeitraum()?;
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let rows = rows(richtung, source, (von, bis), stichtag).await?;
    let je_schluessel = je_schluessel(richtung, source, (von, bis)).await?;
    let summe = |teil: fn(&Row) -> Decimal| betrag(rows.iter().map(teil).sum());
    let summen = json!({
        "belege": rows.len(),
        "netto": summe(|r| r.netto),
        "steuer": summe(|r| r.steuer),
        "brutto": summe(|r| r.brutto),
        "offen": summe(|r| r.offen),
        "netto_je_schluessel": gesamt(&je_schluessel),
    });
    Ok(Table {
        parameter: felder(json!({ "von": von, "bis": bis, "stichtag": stichtag })),
        zeilen: rows.into_iter().map(|row| cells(row, &je_schluessel)).collect(),
        summen,
        ..Table::default()
    })
}

type JeSchluessel = HashMap<i64, Vec<(String, Decimal)>>;

fn gesamt(je_schluessel: &JeSchluessel) -> Value {
    let mut summen: BTreeMap<&str, Decimal> = BTreeMap::new();
    for (schluessel, netto) in je_schluessel.values().flatten() {
        *summen.entry(schluessel).or_default() += *netto;
    }
    summen
        .into_iter()
        .map(|(schluessel, netto)| (schluessel.to_owned(), json!(betrag(netto))))
        .collect()
}

fn cells(row: Row, je_schluessel: &JeSchluessel) -> Vec<Cell> {
    let teile = je_schluessel
        .get(&row.log_position)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let teile: Vec<String> = teile
        .iter()
        .map(|(schluessel, netto)| format!("{schluessel} {}", betrag(*netto)))
        .collect();
    vec![
        row.nummer.into(),
        row.fremdnummer.into(),
        row.art.into(),
        row.datum.into(),
        row.buchungsdatum.into(),
        row.leistung_bis.into(),
        row.personenkonto.into(),
        row.partner.into(),
        teile.join("; ").into(),
        row.netto.into(),
        row.steuer.into(),
        row.brutto.into(),
        row.faellig.into(),
        row.offen.into(),
        row.storniert_durch.into(),
    ]
}

/// Open is what the moves of the item leave, signed like the document: a claim as well as a debt is positive.
async fn rows(
    richtung: &str,
    source: &mut Source,
    (von, bis): (Option<NaiveDate>, Option<NaiveDate>),
    stichtag: NaiveDate,
) -> Result<Vec<Row>, Problem> {
    let rows = sqlx::query_as(
        "SELECT b.log_position, b.nummer, b.fremdnummer, b.art, b.datum, b.buchungsdatum, b.leistung_bis, b.personenkonto, \
                b.partner, b.netto, b.steuer, b.brutto, b.faellig, \
                coalesce((SELECT sum(o.betrag) FROM fibu.op_bewegung o WHERE o.mandant_id = b.mandant_id \
                    AND o.op_id = b.op_id AND o.datum <= $6 AND o.log_position <= $3), 0) \
                    * CASE WHEN b.richtung = 'eingang' THEN -1 ELSE 1 END AS offen, \
                (SELECT min(s.nummer) FROM fibu.rechnungsbuch s WHERE s.mandant_id = b.mandant_id \
                    AND s.bezug_id = b.beleg_id AND s.art = 'storno' AND b.art <> 'storno' AND s.log_position <= $3) \
                    AS storniert_durch \
         FROM fibu.rechnungsbuch b \
         WHERE b.mandant_id = $1 AND b.richtung = $2 AND b.log_position <= $3 \
           AND ($4::date IS NULL OR b.buchungsdatum >= $4) AND ($5::date IS NULL OR b.buchungsdatum <= $5) \
         ORDER BY b.log_position",
    )
    .bind(source.mandant_id)
    .bind(richtung)
    .bind(source.upto)
    .bind(von)
    .bind(bis)
    .bind(stichtag)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows)
}

async fn je_schluessel(
    richtung: &str,
    source: &mut Source,
    (von, bis): (Option<NaiveDate>, Option<NaiveDate>),
) -> Result<JeSchluessel, Problem> {
    let rows: Vec<(i64, String, Decimal)> = sqlx::query_as(
        "SELECT s.log_position, s.schluessel, s.netto FROM fibu.rechnungsbuch_steuer s \
         JOIN fibu.rechnungsbuch b USING (mandant_id, log_position) \
         WHERE s.mandant_id = $1 AND b.richtung = $2 AND s.log_position <= $3 \
           AND ($4::date IS NULL OR b.buchungsdatum >= $4) AND ($5::date IS NULL OR b.buchungsdatum <= $5) \
         ORDER BY s.log_position, s.schluessel",
    )
    .bind(source.mandant_id)
    .bind(richtung)
    .bind(source.upto)
    .bind(von)
    .bind(bis)
    .fetch_all(&mut *source.transaction)
    .await?;
    let mut je_schluessel = JeSchluessel::new();
    for (position, schluessel, netto) in rows {
        je_schluessel.entry(position).or_default().push((schluessel, netto));
    }
    Ok(je_schluessel)
}
