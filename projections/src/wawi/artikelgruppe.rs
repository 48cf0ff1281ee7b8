//! `wawi.artikelgruppe`.

use aggregates::wawi::Artikelgruppe;

use crate::{StateReadModel, Table};

impl StateReadModel for Artikelgruppe {
    const TABLES: &'static [Table] = &[Table::head("wawi.artikelgruppe")];
    const SEARCH: &'static [&'static str] = &["nr", "name"];
    const FILTER: &'static [&'static str] = &["nr", "eltern_id", "status"];
}
