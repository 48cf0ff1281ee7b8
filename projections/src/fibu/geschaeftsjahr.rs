//! `fibu.geschaeftsjahr` with its periods.

use aggregates::fibu::Geschaeftsjahr;

use crate::{StateReadModel, Table};

impl StateReadModel for Geschaeftsjahr {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.geschaeftsjahr"),
        Table::child("fibu.periode", &["perioden"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["bezeichnung"];
    const FILTER: &'static [&'static str] = &["bezeichnung", "beginn", "ende", "status"];
}
