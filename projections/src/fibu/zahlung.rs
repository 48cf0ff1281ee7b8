//! `fibu.zahlung` with the items it is for.

use aggregates::fibu::Zahlung;

use crate::{StateReadModel, Table};

impl StateReadModel for Zahlung {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.zahlung"),
        Table::child("fibu.zahlungszuordnung", &["zuordnungen"], &[("op_id", "op_id")]),
    ];
    const SEARCH: &'static [&'static str] = &["personenkonto", "zweck"];
    const FILTER: &'static [&'static str] = &[
        "richtung",
        "personenkonto",
        "geldkonto_id",
        "betrag",
        "buchungsdatum",
        "status",
        "buchung_id",
    ];
}
