//! `fibu.ausgleich` with the settled items.

use aggregates::fibu::Ausgleich;

use crate::{StateReadModel, Table};

impl StateReadModel for Ausgleich {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.ausgleich"),
        Table::child("fibu.ausgleich_zeile", &["zeilen"], &[("op_id", "op_id")]),
    ];
    const SEARCH: &'static [&'static str] = &["grund"];
    const FILTER: &'static [&'static str] = &["datum", "status", "restbehandlung", "storno", "folgebuchung_id"];
}
