//! Lagerbewegungsjournal: every move of stock in the order of the log.

use aggregates::types::Bereich;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Args, Art, Cell, LAGERBEWEGUNG, Parameter, ParameterArt, Report, Source, Spalte, Table,
    namen::{ARTIKEL, LAGER},
    seite::{self, Seite},
    table::felder,
};
use crate::{api::problem::Problem, queries::params::unfit};

pub(super) const REPORT: Report = Report {
    name: "lagerbewegungsjournal",
    typ: "lagerbewegungsjournal",
    bereich: Bereich::Wawi,
    titel: "Lagerbewegungsjournal",
    beschreibung: "Eine Zeile je Bewegung in der Reihenfolge des Journals, mit beiden Enden. Die Nummer zählt je Jahr des \
                   Buchungsdatums.",
    parameter: &[
        Parameter::optional("von", ParameterArt::Datum, "erstes Buchungsdatum"),
        Parameter::optional("bis", ParameterArt::Datum, "letztes Buchungsdatum"),
        Parameter::optional("artikel", ParameterArt::Text, "nur dieser Artikel (Nummer)"),
        seite::LIMIT,
        seite::CURSOR,
    ],
    spalten: &[
        Spalte::new("jahr", Art::Zahl, "Jahr"),
        Spalte::new("journal_nr", Art::Zahl, "Journal-Nr."),
        Spalte::new("erfasst_am", Art::Zeit, "Erfasst am"),
        Spalte::new("buchungsdatum", Art::Datum, "Buchungsdatum"),
        Spalte::new("bewegt_um", Art::Zeit, "Bewegt um"),
        Spalte::new("bewegungsart", Art::Text, "Bewegungsart"),
        Spalte::new("von", Art::Text, "Von"),
        Spalte::new("nach", Art::Text, "Nach"),
        Spalte::new("artikel_nr", Art::Text, "Artikel"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("menge", Art::Menge, "Menge"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("beleg_typ", Art::Text, "Belegart"),
        Spalte::new("beleg", Art::Text, "Beleg"),
        Spalte::new("grund", Art::Text, "Grund"),
        Spalte::new("erfasser", Art::Text, "Erfasser"),
        Spalte::new("bewegung_id", Art::Text, "Bewegung"),
        Spalte::new("storno_von", Art::Text, "Storno von"),
        Spalte::new("log_position", Art::Zahl, "Position"),
    ],
    ledgers: &[LAGERBEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    jahr: i32,
    journal_nr: i64,
    erfasst_am: DateTime<Utc>,
    buchungsdatum: NaiveDate,
    bewegt_um: DateTime<Utc>,
    bewegungsart: String,
    von_art: String,
    von_platz: Option<String>,
    nach_art: String,
    nach_platz: Option<String>,
    artikel_id: Uuid,
    lager_id: Uuid,
    menge: Decimal,
    einheit: String,
    beleg_typ: Option<String>,
    beleg_nummer: Option<String>,
    grund: Option<String>,
    erfasser: String,
    bewegung_id: Uuid,
    storno_von: Option<Uuid>,
    log_position: i64,
}

/// Which moves are shown.
struct Auswahl {
    von: Option<NaiveDate>,
    bis: Option<NaiveDate>,
    artikel_id: Option<Uuid>,
}

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let (von, bis) = args.zeitraum()?;
    let artikel_id = match args.text("artikel") {
        Some(nr) => Some(artikel_id(source, nr).await?),
        None => None,
    };
    let seite = Seite::lesen(
        source,
        args,
        &format!("lagerbewegungsjournal|{von:?}|{bis:?}|{artikel_id:?}"),
    )?;
    let auswahl = Auswahl { von, bis, artikel_id };
    let summen = if seite.erste {
        json!({ "zeilen": anzahl(source, &auswahl).await? })
    } else {
        Value::Null
    };
    let mut rows = page(source, &auswahl, seite.nach, seite.zu_lesen()).await?;
    let weiter = seite.schneiden(&mut rows, |row| [row.log_position]);
    Ok(Table {
        parameter: felder(json!({ "von": von, "bis": bis, "artikel": args.text("artikel") })),
        zeilen: cells(source, rows).await?,
        summen,
        seiten: true,
        weiter,
        ..Table::default()
    })
}

async fn artikel_id(source: &mut Source, nr: &str) -> Result<Uuid, Problem> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT id FROM wawi.artikel WHERE mandant_id = $1 AND artikel_nr = $2")
        .bind(source.mandant_id)
        .bind(nr)
        .fetch_optional(&mut *source.transaction)
        .await?;
    id.ok_or_else(|| unfit("artikel", format!("den Artikel {nr} gibt es nicht")))
}

/// One end of a move as a user reads it: Lager and place, or what is outside.
fn ende(lager: &str, art: String, platz: Option<String>) -> String {
    match (art.as_str(), platz) {
        ("platz", Some(platz)) => format!("{lager}/{platz}"),
        ("platz", None) => lager.to_owned(),
        _ => art,
    }
}

async fn cells(source: &mut Source, rows: Vec<Row>) -> Result<Vec<Vec<Cell>>, Problem> {
    let artikel = ARTIKEL.heads(source).await?;
    let lager = LAGER.heads(source).await?;
    let zeile = |row: Row| {
        let (artikel_nr, bezeichnung) = ARTIKEL.nr_und_name(&artikel, row.artikel_id);
        let (lager_nr, _) = LAGER.nr_und_name(&lager, row.lager_id);
        vec![
            i64::from(row.jahr).into(),
            row.journal_nr.into(),
            row.erfasst_am.into(),
            row.buchungsdatum.into(),
            row.bewegt_um.into(),
            row.bewegungsart.into(),
            ende(&lager_nr, row.von_art, row.von_platz).into(),
            ende(&lager_nr, row.nach_art, row.nach_platz).into(),
            artikel_nr.into(),
            bezeichnung.into(),
            Cell::Menge(row.menge),
            row.einheit.into(),
            row.beleg_typ.into(),
            row.beleg_nummer.into(),
            row.grund.into(),
            row.erfasser.into(),
            row.bewegung_id.into(),
            row.storno_von.map(|id| id.to_string()).into(),
            row.log_position.into(),
        ]
    };
    Ok(rows.into_iter().map(zeile).collect())
}

async fn page(source: &mut Source, auswahl: &Auswahl, [after]: [i64; 1], limit: i64) -> Result<Vec<Row>, Problem> {
    let rows = sqlx::query_as(
        "SELECT jahr, journal_nr, erfasst_am, buchungsdatum, bewegt_um, bewegungsart, von_art, von_platz, nach_art, \
                nach_platz, artikel_id, lager_id, menge, einheit, beleg_typ, beleg_nummer, grund, erfasser, \
                bewegung_id, storno_von, log_position \
         FROM wawi.lagerbewegung \
         WHERE mandant_id = $1 AND log_position <= $2 AND log_position > $3 \
           AND ($4::date IS NULL OR buchungsdatum >= $4) AND ($5::date IS NULL OR buchungsdatum <= $5) \
           AND ($6::uuid IS NULL OR artikel_id = $6) \
         ORDER BY log_position LIMIT $7",
    )
    .bind(source.mandant_id)
    .bind(source.upto)
    .bind(after)
    .bind(auswahl.von)
    .bind(auswahl.bis)
    .bind(auswahl.artikel_id)
    .bind(limit)
    .fetch_all(&mut *source.transaction)
    .await?;
    Ok(rows)
}

async fn anzahl(source: &mut Source, auswahl: &Auswahl) -> Result<i64, Problem> {
    let anzahl = sqlx::query_scalar(
        "SELECT count(*) FROM wawi.lagerbewegung WHERE mandant_id = $1 AND log_position <= $2 \
           AND ($3::date IS NULL OR buchungsdatum >= $3) AND ($4::date IS NULL OR buchungsdatum <= $4) \
           AND ($5::uuid IS NULL OR artikel_id = $5)",
    )
    .bind(source.mandant_id)
    .bind(source.upto)
    .bind(auswahl.von)
    .bind(auswahl.bis)
    .bind(auswahl.artikel_id)
    .fetch_one(&mut *source.transaction)
    .await?;
    Ok(anzahl)
}
