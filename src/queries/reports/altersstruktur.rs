//! Altersstruktur: the open items of each partner by age.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    Args, Art, Cell, OP_BEWEGUNG, Report, Source, Spalte, Table,
    namen::{DEBITOR, KREDITOR},
    op::{Auswahl, add, summen},
    op_liste::PARAMETER,
};
use crate::api::problem::Problem;

pub(super) const REPORT: Report = Report {
    name: "altersstruktur",
    typ: "altersstruktur",
    bereich: aggregates::types::Bereich::Fibu,
    titel: "Altersstruktur",
    beschreibung: "Die zum Stichtag offenen Posten je Personenkonto nach Tagen seit der Fälligkeit. Beträge sind Soll − Haben.",
    parameter: PARAMETER,
    spalten: &[
        Spalte::new("personenkonto", Art::Text, "Personenkonto"),
        Spalte::new("name", Art::Text, "Name"),
        Spalte::new("posten", Art::Zahl, "Posten"),
        Spalte::new("nicht_faellig", Art::Betrag, "Nicht fällig"),
        Spalte::new("tage_1_30", Art::Betrag, "1–30 Tage"),
        Spalte::new("tage_31_60", Art::Betrag, "31–60 Tage"),
        Spalte::new("tage_61_90", Art::Betrag, "61–90 Tage"),
        Spalte::new("ueber_90", Art::Betrag, "Über 90 Tage"),
        Spalte::new("rest", Art::Betrag, "Summe"),
    ],
    ledgers: &[OP_BEWEGUNG],
    run: |source, args| Box::pin(run(source, args)),
};

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let auswahl = Auswahl::lesen(source, args)?;
    let posten = auswahl.posten(source).await?;
    let mut namen = DEBITOR.names(source).await?;
    namen.extend(KREDITOR.names(source).await?);
    let mut partner: BTreeMap<String, (i64, [Decimal; 5])> = BTreeMap::new();
    let mut gesamt = [Decimal::ZERO; 5];
    for posten in &posten {
        let klassen = posten.klassen(auswahl.stichtag);
        let (anzahl, summe) = partner.entry(posten.personenkonto.clone()).or_default();
        *anzahl += 1;
        add(summe, klassen);
        add(&mut gesamt, klassen);
    }
    let zeile = |(konto, (anzahl, klassen)): (String, (i64, [Decimal; 5]))| {
        let mut zeile: Vec<Cell> = vec![konto.clone().into(), namen.get(&konto).cloned().into(), anzahl.into()];
        zeile.extend(klassen.map(Cell::Betrag));
        zeile.push(klassen.iter().sum::<Decimal>().into());
        zeile
    };
    Ok(Table {
        parameter: auswahl.parameter(),
        zeilen: partner.into_iter().map(zeile).collect(),
        summen: summen(gesamt),
        ..Table::default()
    })
}
