//! `dienste.mandant`.

use aggregates::dienste::Mandant;

use crate::{StateReadModel, Table};

impl StateReadModel for Mandant {
    const TABLES: &'static [Table] = &[Table::head("dienste.mandant")];
    const SEARCH: &'static [&'static str] = &["kuerzel", "firma", "ort"];
    const FILTER: &'static [&'static str] = &["kuerzel", "firma", "ort", "status"];
}
