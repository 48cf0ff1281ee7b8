//! `wawi.mengeneinheit`.

use aggregates::wawi::Mengeneinheit;

use crate::{StateReadModel, Table};

impl StateReadModel for Mengeneinheit {
    const TABLES: &'static [Table] = &[Table::head("wawi.mengeneinheit")];
    const SEARCH: &'static [&'static str] = &["code", "bezeichnung"];
    const FILTER: &'static [&'static str] = &["code", "dimension", "status"];
}
