//! Bestandsliste: what lay where on a day, what of it was promised and what was free.

use std::collections::HashMap;

use aggregates::types::Bereich;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{
    Args, Art, Cell, LAGERBEWEGUNG, Parameter, ParameterArt, Report, Source, Spalte, Table,
    namen::{ARTIKEL, LAGER},
    table::felder,
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "bestandsliste",
    typ: "bestandsliste",
    bereich: Bereich::Wawi,
    titel: "Bestandsliste",
    beschreibung: "Der Bestand eines Stichtags je Lager, Artikel und Platz. Reserviert wird im Lager, nicht auf einem \
                   Platz: Bestand, reserviert und frei des Lagers stehen in jeder seiner Zeilen des Artikels.",
    parameter: &[
        Parameter::optional("stichtag", ParameterArt::Datum, "letztes Buchungsdatum; sonst heute"),
        Parameter::optional("lager", ParameterArt::Text, "nur dieses Lager (Nummer)"),
        Parameter::optional("artikel", ParameterArt::Text, "nur dieser Artikel (Nummer)"),
    ],
    spalten: &[
        Spalte::new("lager", Art::Text, "Lager"),
        Spalte::new("lager_name", Art::Text, "Lagername"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("platz", Art::Text, "Platz"),
        Spalte::new("menge", Art::Menge, "Menge"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("lager_bestand", Art::Menge, "Bestand im Lager"),
        Spalte::new("lager_reserviert", Art::Menge, "Reserviert im Lager"),
        Spalte::new("lager_frei", Art::Menge, "Frei im Lager"),
    ],
    ledgers: &[LAGERBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

/// An article in a Lager.
type Ort = (Uuid, Uuid);

#[derive(sqlx::FromRow)]
struct Row {
    artikel_id: Uuid,
    lager_id: Uuid,
    platz: String,
    einheit: String,
    menge: Decimal,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let rows = bestand(source, stichtag).await?;
    let reserviert = reserviert(source, stichtag).await?;
    let artikel = ARTIKEL.heads(source).await?;
    let lager = LAGER.heads(source).await?;
    let mut summen: HashMap<Ort, Decimal> = HashMap::new();
    for row in &rows {
        *summen.entry((row.artikel_id, row.lager_id)).or_default() += row.menge;
    }
    let passt = |name: &str, nr: &str| args.text(name).is_none_or(|wanted| wanted == nr);
    let mut zeilen = Vec::new();
    for row in rows {
        let (artikel_nr, bezeichnung) = ARTIKEL.nr_und_name(&artikel, row.artikel_id);
        let (lager_nr, lager_name) = LAGER.nr_und_name(&lager, row.lager_id);
        if !passt("artikel", &artikel_nr) || !passt("lager", &lager_nr) {
            continue;
        }
        let ort = (row.artikel_id, row.lager_id);
        let bestand = summen.get(&ort).copied().unwrap_or_default();
        let zugesagt = reserviert.get(&ort).copied().unwrap_or_default();
        let schluessel = (lager_nr.clone(), artikel_nr.clone(), row.platz.clone());
        let cells: Vec<Cell> = vec![
            lager_nr.into(),
            lager_name.into(),
            artikel_nr.into(),
            bezeichnung.into(),
            Some(row.platz).filter(|platz| !platz.is_empty()).into(),
            Cell::Menge(row.menge),
            row.einheit.into(),
            Cell::Menge(bestand),
            Cell::Menge(zugesagt),
            Cell::Menge((bestand - zugesagt).max(Decimal::ZERO)),
        ];
        zeilen.push((schluessel, cells));
    }
    zeilen.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Table {
        parameter: felder(
            json!({ "stichtag": stichtag, "lager": args.text("lager"), "artikel": args.text("artikel") }),
        ),
        summen: json!({ "zeilen": zeilen.len() }),
        zeilen: zeilen.into_iter().map(|(_, cells)| cells).collect(),
        ..Table::default()
    })
}

/// What each place has: both ends of every move, those in the Lager.
async fn bestand(source: &mut Source, stichtag: NaiveDate) -> Result<Vec<Row>, Problem> {
    let rows = sqlx::query_as(
        "SELECT b.artikel_id, b.lager_id, e.platz, min(b.einheit) AS einheit, sum(e.menge) AS menge \
         FROM wawi.lagerbewegung b, \
            LATERAL (VALUES (b.nach_art, coalesce(b.nach_platz, ''), b.menge), \
                            (b.von_art, coalesce(b.von_platz, ''), -b.menge)) AS e(art, platz, menge) \
         WHERE b.mandant_id = $1 AND b.buchungsdatum <= $2 AND b.log_position <= $3 AND e.art = 'platz' \
         GROUP BY 1, 2, 3 HAVING sum(e.menge) <> 0",
    )
    .bind(source.mandant_id)
    .bind(stichtag)
    .bind(source.upto)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows)
}

/// What of an article in a Lager was promised on that day.
async fn reserviert(source: &mut Source, stichtag: NaiveDate) -> Result<HashMap<Ort, Decimal>, Problem> {
    let rows: Vec<(Uuid, Uuid, Decimal)> = sqlx::query_as(
        "SELECT artikel_id, lager_id, sum(delta) FROM wawi.reservierung_bewegung \
         WHERE mandant_id = $1 AND tag <= $2 AND log_position <= $3 GROUP BY 1, 2",
    )
    .bind(source.mandant_id)
    .bind(stichtag)
    .bind(source.upto)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(artikel, lager, menge)| ((artikel, lager), menge))
        .collect())
}
