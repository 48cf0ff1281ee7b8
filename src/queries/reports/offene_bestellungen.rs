//! Offene Bestellungen: what of orders is still to come on a day, with its value and how late it is.

use aggregates::types::Bereich;
use rust_decimal::Decimal;
use serde_json::json;

use super::{
    Args, Art, BESTELLBEWEGUNG, Cell, Report, Source, Spalte, Table,
    offene_teile::{PARAMETER, Teil, offene_teile},
    table::{betrag, felder},
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "offene-bestellungen",
    typ: "offene_bestellungen",
    bereich: Bereich::Wawi,
    titel: "Offene Bestellungen",
    beschreibung: "Je Position bestellter Ware, was am Stichtag noch zu liefern war, mit seinem Nettowert; Termin und \
                   Verspätung sind die der nächsten offenen Einteilung.",
    parameter: PARAMETER,
    spalten: &[
        Spalte::new("bestell_nr", Art::Text, "Bestellung"),
        Spalte::new("bestellt_am", Art::Datum, "Bestellt am"),
        Spalte::new("lieferant_nr", Art::Text, "Lieferant"),
        Spalte::new("lieferant_name", Art::Text, "Lieferantenname"),
        Spalte::new("pos", Art::Zahl, "Position"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("bestellt", Art::Menge, "Bestellt"),
        Spalte::new("geliefert", Art::Menge, "Geliefert"),
        Spalte::new("offen_menge", Art::Menge, "Offen"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("offen_wert", Art::Betrag, "Offener Wert netto"),
        Spalte::new("termin", Art::Datum, "Termin"),
        Spalte::new("bestaetigt_termin", Art::Datum, "Bestätigter Termin"),
        Spalte::new("tage_verspaetet", Art::Zahl, "Tage verspätet"),
    ],
    ledgers: &[BESTELLBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let teile = offene_teile(source, stichtag, args).await?;
    let summe: Decimal = teile.iter().map(|teil| teil.wert).sum();
    let gleiche = |a: &Teil, b: &Teil| (&a.bestell_nr, a.pos) == (&b.bestell_nr, b.pos);
    let zeile = |position: &[Teil]| {
        let naechster = position.first()?;
        let offen: Decimal = position.iter().map(|teil| teil.offen).sum();
        let wert: Decimal = position.iter().map(|teil| teil.wert).sum();
        let verspaetet = naechster.erwartet().map(|tag| (stichtag - tag).num_days().max(0));
        Some(vec![
            naechster.bestell_nr.clone().into(),
            naechster.bestellt_am.into(),
            naechster.lieferant_nr.clone().into(),
            naechster.lieferant_name.clone().into(),
            naechster.pos.into(),
            naechster.artikel_nr.clone().into(),
            naechster.bezeichnung.clone().into(),
            Cell::Menge(naechster.bestellt),
            Cell::Menge(naechster.geliefert),
            Cell::Menge(offen),
            naechster.einheit.clone().into(),
            wert.into(),
            naechster.termin.into(),
            naechster.bestaetigt_termin.into(),
            verspaetet.into(),
        ])
    };
    let zeilen: Vec<Vec<Cell>> = teile.chunk_by(gleiche).filter_map(zeile).collect();
    Ok(Table {
        parameter: felder(
            json!({ "stichtag": stichtag, "lieferant": args.text("lieferant"), "artikel": args.text("artikel") }),
        ),
        summen: json!({ "positionen": zeilen.len(), "offen_wert": betrag(summe) }),
        zeilen,
        ..Table::default()
    })
}
