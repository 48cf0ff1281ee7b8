//! `fibu.waehrung` with its rates.

use aggregates::fibu::Waehrung;

use crate::{StateReadModel, Table};

impl StateReadModel for Waehrung {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.waehrung"),
        Table::child("fibu.wechselkurs", &["kurse"], &[("datum", "datum")]),
    ];
    const SEARCH: &'static [&'static str] = &["iso"];
    const FILTER: &'static [&'static str] = &["iso", "jahr", "status"];
}
