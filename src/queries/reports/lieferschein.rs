//! Lieferschein: the paper of a delivery, as it was or as it is known.

use aggregates::{Aggregate, types::Bereich, wawi::Versand};
use serde_json::json;
use uuid::Uuid;

use super::{AUFTRAGSBEWEGUNG, Args, Art, Cell, Parameter, ParameterArt, Report, Source, Spalte, Table, table::felder};
use crate::{api::problem::Problem, queries::params::unfit};

pub(super) const REPORT: Report = Report {
    name: "lieferschein",
    typ: "lieferschein",
    bereich: Bereich::Wawi,
    titel: "Lieferschein",
    beschreibung: "Was mit einem Lieferschein ging: Empfänger, Artikel, Mengen, der Auftrag dazu und die Zustellung.",
    parameter: &[Parameter::required(
        "nummer",
        ParameterArt::Text,
        "Nummer des Lieferscheins, z. B. LS-2026-000001",
    )],
    spalten: &[
        Spalte::new("pos", Art::Zahl, "Position"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("menge", Art::Menge, "Menge"),
        Spalte::new("einheit", Art::Text, "Einheit"),
    ],
    ledgers: &[AUFTRAGSBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let nummer = args.text("nummer").unwrap_or_default();
    let unbekannt = || unfit("nummer", format!("den Lieferschein {nummer} gibt es nicht"));
    let id: Option<Uuid> =
        sqlx::query_scalar("SELECT id FROM wawi.versand WHERE mandant_id = $1 AND lieferschein_nr = $2")
            .bind(source.mandant_id)
            .bind(nummer)
            .fetch_optional(&mut *source.transaction)
            .await?;
    let id = id.ok_or_else(unbekannt)?;
    let staende = source.staende_von(Versand::TYPE, &[id]).await?;
    let versand = staende
        .into_iter()
        .find_map(|(_, stand)| serde_json::from_value::<Versand>(stand).ok())
        .filter(|v| v.lieferschein_nr.as_deref() == Some(nummer))
        .ok_or_else(unbekannt)?;
    let gegangen = versand.positionen.iter().filter(|p| !p.ist.is_null());
    let zeilen: Vec<Vec<Cell>> = gegangen
        .map(|p| {
            vec![
                p.pos.into(),
                p.artikel_nr.clone().into(),
                p.bezeichnung.clone().into(),
                Cell::Menge(p.ist.as_decimal()),
                p.einheit.clone().into(),
            ]
        })
        .collect();
    let kopf = json!({
        "lieferschein_nr": nummer,
        "versand_nr": versand.versand_nr,
        "auftrag_nr": versand.auftrag_nr,
        "kunden_nr": versand.kunden_nr,
        "kunde_name": versand.kunde_name,
        "strasse": versand.lieferadresse.strasse,
        "plz": versand.lieferadresse.plz,
        "ort": versand.lieferadresse.ort,
        "land": versand.lieferadresse.land,
        "buchungsdatum": versand.buchungsdatum,
        "zugestellt_an": versand.zugestellt_an,
        "zugestellt_am": versand.zugestellt_am,
        "vorbehalt": versand.vorbehalt,
    });
    Ok(Table {
        parameter: felder(json!({ "nummer": nummer })),
        kopf: Some(kopf),
        summen: json!({ "positionen": zeilen.len() }),
        zeilen,
        ..Table::default()
    })
}
