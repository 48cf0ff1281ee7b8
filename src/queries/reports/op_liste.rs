//! OP-Liste: every item that is open on a day, with its age.

use rust_decimal::Decimal;

use super::{
    Args, Art, Cell, OP_BEWEGUNG, Parameter, ParameterArt, Report, Source, Spalte, Table,
    namen::{DEBITOR, KREDITOR},
    op::{Auswahl, add, summen},
};
use crate::api::problem::Problem;

/// Parameters that the lists of open items share.
pub(super) const PARAMETER: &[Parameter] = &[
    Parameter::optional(
        "stichtag",
        ParameterArt::Datum,
        "Tag, zu dem die Posten offen sind; heute, wenn er fehlt",
    ),
    Parameter::optional("personenkonto", ParameterArt::Konto, "nur dieser Debitor oder Kreditor"),
    Parameter::optional(
        "art",
        ParameterArt::Text,
        "debitoren oder kreditoren; beide, wenn es fehlt",
    ),
];

pub(super) const REPORT: Report = Report {
    name: "op-liste",
    typ: "op_liste",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "OP-Liste",
    beschreibung: "Jeder zum Stichtag offene Posten mit Betrag, Gezahltem, Rest und Altersklasse. Beträge sind Soll − Haben: \
                   Forderungen positiv, Verbindlichkeiten negativ. Mit bekannt_am wie sie damals bekannt war.",
    parameter: PARAMETER,
    spalten: &[
        Spalte::new("personenkonto", Art::Text, "Personenkonto"),
        Spalte::new("name", Art::Text, "Name"),
        Spalte::new("belegnummer", Art::Text, "Beleg"),
        Spalte::new("beleg", Art::Text, "Belegreferenz"),
        Spalte::new("art", Art::Text, "Art"),
        Spalte::new("text", Art::Text, "Text"),
        Spalte::new("datum", Art::Datum, "Belegdatum"),
        Spalte::new("faellig", Art::Datum, "Fällig"),
        Spalte::new("betrag", Art::Betrag, "Betrag"),
        Spalte::new("gezahlt", Art::Betrag, "Gezahlt"),
        Spalte::new("rest", Art::Betrag, "Rest"),
        Spalte::new("tage", Art::Zahl, "Tage überfällig"),
        Spalte::new("nicht_faellig", Art::Betrag, "Nicht fällig"),
        Spalte::new("tage_1_30", Art::Betrag, "1–30 Tage"),
        Spalte::new("tage_31_60", Art::Betrag, "31–60 Tage"),
        Spalte::new("tage_61_90", Art::Betrag, "61–90 Tage"),
        Spalte::new("ueber_90", Art::Betrag, "Über 90 Tage"),
        Spalte::new("op_id", Art::Text, "Posten"),
    ],
    ledgers: &[OP_BEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let auswahl = Auswahl::lesen(source, args)?;
    let stichtag = auswahl.stichtag;
    let posten = auswahl.posten(source).await?;
    let mut namen = DEBITOR.names(source).await?;
    namen.extend(KREDITOR.names(source).await?);
    let mut gesamt = [Decimal::ZERO; 5];
    let mut zeilen = Vec::with_capacity(posten.len());
    for posten in posten {
        let klassen = posten.klassen(stichtag);
        add(&mut gesamt, klassen);
        let mut zeile: Vec<Cell> = vec![
            posten.personenkonto.clone().into(),
            namen.get(&posten.personenkonto).cloned().into(),
            posten.belegnummer.clone().into(),
            posten.beleg.clone().into(),
            posten.art.clone().into(),
            posten.text.clone().into(),
            posten.belegdatum.into(),
            posten.faellig.into(),
            posten.betrag.into(),
            (posten.betrag - posten.rest).into(),
            posten.rest.into(),
            posten.tage(stichtag).max(0).into(),
        ];
        zeile.extend(klassen.map(Cell::Betrag));
        zeile.push(posten.op_id.into());
        zeilen.push(zeile);
    }
    Ok(Table {
        parameter: auswahl.parameter(),
        zeilen,
        summen: summen(gesamt),
        ..Table::default()
    })
}
