//! `fibu.kreditor` with VAT status and bank accounts.

use aggregates::fibu::Kreditor;

use crate::{StateReadModel, Table};

impl StateReadModel for Kreditor {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.kreditor"),
        Table::child(
            "fibu.kreditor_ust_status",
            &["ust_status"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
        Table::child("fibu.kreditor_bankverbindung", &["bankverbindungen"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["nr", "name", "ort"];
    const FILTER: &'static [&'static str] = &["nr", "name", "ort", "status", "lieferant_id"];
}
