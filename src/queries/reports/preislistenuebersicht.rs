//! Preislistenübersicht: the base prices of a day with their scales.

use aggregates::{Aggregate, types::Bereich, wawi::Preisliste};
use serde_json::json;
use uuid::Uuid;

use super::{
    Args, Art, Cell, LAGERBEWEGUNG, Parameter, ParameterArt, Report, Source, Spalte, Table,
    namen::{ARTIKEL, LAGER},
    table::felder,
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "preislistenuebersicht",
    typ: "preislistenuebersicht",
    bereich: Bereich::Wawi,
    titel: "Preislistenübersicht",
    beschreibung: "Die Grundpreise eines Tages: eine Zeile je Stufe der freigegebenen Listen.",
    parameter: &[
        Parameter::optional("stichtag", ParameterArt::Datum, "Tag der Preise; sonst heute"),
        Parameter::optional("artikel", ParameterArt::Text, "nur dieser Artikel (Nummer)"),
    ],
    spalten: &[
        Spalte::new("liste", Art::Text, "Liste"),
        Spalte::new("lager", Art::Text, "Lager"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("ab_menge", Art::Menge, "Ab Menge"),
        Spalte::new("preis", Art::Preis, "Preis"),
        Spalte::new("je_menge", Art::Menge, "Je"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("gueltig_von", Art::Datum, "Gültig von"),
        Spalte::new("gueltig_bis", Art::Datum, "Gültig bis"),
    ],
    ledgers: &[LAGERBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

/// All price lists as they are, or were at `bekannt_am`. Their prices are needed, so they are folded.
pub(super) async fn listen(source: &mut Source) -> Result<Vec<(Uuid, Preisliste)>, Problem> {
    let states = source.staende(Preisliste::TYPE).await?;
    let liste = |(id, state)| Some((id, serde_json::from_value(state).ok()?));
    Ok(states.into_iter().filter_map(liste).collect())
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let artikel = ARTIKEL.heads(source).await?;
    let lager = LAGER.heads(source).await?;
    let mut zeilen = Vec::new();
    for (_, liste) in listen(source).await?.iter().filter(|(_, liste)| liste.gilt(stichtag)) {
        let lager_nr = liste.lager_id.map(|id| LAGER.nr_und_name(&lager, id).0);
        for preis in liste.preise.iter().filter(|p| p.gilt(stichtag)) {
            let (artikel_nr, bezeichnung) = ARTIKEL.nr_und_name(&artikel, preis.artikel_id);
            if args.text("artikel").is_some_and(|wanted| wanted != artikel_nr) {
                continue;
            }
            for stufe in &preis.staffeln {
                let cells: Vec<Cell> = vec![
                    liste.name.clone().into(),
                    lager_nr.clone().into(),
                    artikel_nr.clone().into(),
                    bezeichnung.clone().into(),
                    Cell::Menge(stufe.ab_menge.as_decimal()),
                    Cell::Preis(stufe.preis.as_decimal()),
                    Cell::Menge(preis.je_menge.as_decimal()),
                    preis.einheit.clone().into(),
                    preis.gueltig_von.into(),
                    preis.gueltig_bis.into(),
                ];
                zeilen.push(((liste.name.clone(), artikel_nr.clone(), stufe.ab_menge), cells));
            }
        }
    }
    zeilen.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Table {
        parameter: felder(json!({ "stichtag": stichtag, "artikel": args.text("artikel") })),
        summen: json!({ "zeilen": zeilen.len() }),
        zeilen: zeilen.into_iter().map(|(_, cells)| cells).collect(),
        ..Table::default()
    })
}
