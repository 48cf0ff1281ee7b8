//! Bestellobligo: what is bound by orders on a day, per month of delivery and supplier.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::types::Bereich;
use rust_decimal::Decimal;
use serde_json::json;

use super::{
    Args, Art, BESTELLBEWEGUNG, Cell, Report, Source, Spalte, Table,
    offene_teile::{PARAMETER, offene_teile},
    table::{betrag, felder},
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "bestellobligo",
    typ: "bestellobligo",
    bereich: Bereich::Wawi,
    titel: "Bestellobligo",
    beschreibung: "Nettowert der am Stichtag offenen Bestellmengen je Liefermonat (bestätigter, sonst gewünschter Termin) \
                   und Lieferant; was keinen Termin hat, steht am Ende.",
    parameter: PARAMETER,
    spalten: &[
        Spalte::new("liefermonat", Art::Text, "Liefermonat"),
        Spalte::new("lieferant_nr", Art::Text, "Lieferant"),
        Spalte::new("lieferant_name", Art::Text, "Lieferantenname"),
        Spalte::new("bestellungen", Art::Zahl, "Bestellungen"),
        Spalte::new("positionen", Art::Zahl, "Positionen"),
        Spalte::new("netto", Art::Betrag, "Offener Wert netto"),
    ],
    ledgers: &[BESTELLBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

/// What is bound at a supplier in a month.
#[derive(Default)]
struct Obligo {
    lieferant_name: String,
    bestellungen: BTreeSet<String>,
    positionen: BTreeSet<(String, i32)>,
    netto: Decimal,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    // Parts without a date sort after every month.
    let mut je_monat: BTreeMap<(bool, Option<String>, String), Obligo> = BTreeMap::new();
    let mut summe = Decimal::ZERO;
    for teil in offene_teile(source, stichtag, args).await? {
        let monat = teil.erwartet().map(|tag| tag.format("%Y-%m").to_string());
        let obligo = je_monat.entry((monat.is_none(), monat, teil.lieferant_nr)).or_default();
        summe += teil.wert;
        obligo.netto += teil.wert;
        obligo.lieferant_name = teil.lieferant_name;
        obligo.positionen.insert((teil.bestell_nr.clone(), teil.pos));
        obligo.bestellungen.insert(teil.bestell_nr);
    }
    let anzahl = |zahl: usize| Cell::Zahl(i64::try_from(zahl).unwrap_or(i64::MAX));
    let zeile = |((_, monat, lieferant_nr), obligo): ((bool, Option<String>, String), Obligo)| {
        vec![
            monat.into(),
            lieferant_nr.into(),
            obligo.lieferant_name.into(),
            anzahl(obligo.bestellungen.len()),
            anzahl(obligo.positionen.len()),
            obligo.netto.into(),
        ]
    };
    Ok(Table {
        parameter: felder(
            json!({ "stichtag": stichtag, "lieferant": args.text("lieferant"), "artikel": args.text("artikel") }),
        ),
        zeilen: je_monat.into_iter().map(zeile).collect(),
        summen: json!({ "netto": betrag(summe) }),
        ..Table::default()
    })
}
