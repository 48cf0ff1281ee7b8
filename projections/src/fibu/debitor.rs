//! `fibu.debitor` with VAT status and bank accounts.

use aggregates::fibu::Debitor;

use crate::{StateReadModel, Table};

impl StateReadModel for Debitor {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.debitor"),
        Table::child(
            "fibu.debitor_ust_status",
            &["ust_status"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
        Table::child("fibu.debitor_bankverbindung", &["bankverbindungen"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["nr", "name", "ort"];
    const FILTER: &'static [&'static str] = &["nr", "name", "ort", "status", "kunde_id"];
}
