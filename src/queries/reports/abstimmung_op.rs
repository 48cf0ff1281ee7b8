//! Abstimmung Σ OP = Sammelkonto: the sum of the open items against the ledger, for each Sammelkonto.

use rust_decimal::Decimal;
use serde_json::json;

use super::{
    Args, Art, Cell, JOURNAL, OP_BEWEGUNG, Parameter, ParameterArt, Report, Source, Spalte, Table,
    namen::KONTO,
    table::{betrag, felder},
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "abstimmung-op-sammelkonto",
    typ: "abstimmung_op_sammelkonto",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Abstimmung offene Posten mit Sammelkonten",
    beschreibung: "Je Sammelkonto: Saldo aus dem Journal und Summe der offenen Posten zum Stichtag; die Differenz muss 0,00 \
                   sein. Saldenvorträge zählen nicht mit: sie wiederholen Salden, deren Posten weiterleben.",
    parameter: &[Parameter::optional(
        "stichtag",
        ParameterArt::Datum,
        "letztes Buchungsdatum; heute, wenn es fehlt",
    )],
    spalten: &[
        Spalte::new("konto", Art::Text, "Sammelkonto"),
        Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
        Spalte::new("saldo", Art::Betrag, "Saldo des Kontos"),
        Spalte::new("posten", Art::Zahl, "Offene Posten"),
        Spalte::new("summe_op", Art::Betrag, "Summe der Posten"),
        Spalte::new("differenz", Art::Betrag, "Differenz"),
    ],
    ledgers: &[JOURNAL, OP_BEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let stichtag = args.date("stichtag").unwrap_or(source.heute);
    let rows: Vec<(String, Decimal, i64, Decimal)> = sqlx::query_as(
        "WITH saldo AS ( \
            SELECT konto, sum(soll - haben) AS saldo FROM fibu.journalzeile \
            WHERE mandant_id = $1 AND personenkonto IS NOT NULL AND buchungsdatum <= $3 AND log_position <= $2 \
              AND buchungsart <> 'saldenvortrag' GROUP BY konto), \
         posten AS ( \
            SELECT op_id, sum(betrag) AS rest FROM fibu.op_bewegung \
            WHERE mandant_id = $1 AND log_position <= $2 AND (datum IS NULL OR datum <= $3) GROUP BY op_id), \
         offen AS ( \
            SELECT e.konto, count(*) FILTER (WHERE p.rest <> 0) AS anzahl, sum(p.rest) AS summe \
            FROM posten p JOIN fibu.op_bewegung e ON e.mandant_id = $1 AND e.op_id = p.op_id AND e.art = 'eroeffnung' \
            GROUP BY e.konto) \
         SELECT coalesce(s.konto, o.konto), coalesce(s.saldo, 0), coalesce(o.anzahl, 0), coalesce(o.summe, 0) \
         FROM saldo s FULL JOIN offen o USING (konto) ORDER BY 1",
    )
    .bind(source.mandant_id)
    .bind(source.upto)
    .bind(stichtag)
    .fetch_all(&mut *source.transaction)
    .await?;
    let namen = KONTO.names(source).await?;
    let differenz: Decimal = rows.iter().map(|(_, saldo, _, summe)| saldo - summe).sum();
    let abgestimmt = rows.iter().all(|(_, saldo, _, summe)| saldo == summe);
    let zeile = |(konto, saldo, anzahl, summe): (String, Decimal, i64, Decimal)| -> Vec<Cell> {
        let name = namen.get(&konto).cloned();
        vec![
            konto.into(),
            name.into(),
            saldo.into(),
            anzahl.into(),
            summe.into(),
            (saldo - summe).into(),
        ]
    };
    Ok(Table {
        parameter: felder(json!({"stichtag": stichtag})),
        zeilen: rows.into_iter().map(zeile).collect(),
        summen: json!({"differenz": betrag(differenz), "abgestimmt": abgestimmt}),
        ..Table::default()
    })
}
