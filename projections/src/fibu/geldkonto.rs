//! `fibu.geldkonto`.

use aggregates::fibu::Geldkonto;

use crate::{StateReadModel, Table};

impl StateReadModel for Geldkonto {
    const TABLES: &'static [Table] = &[Table::head("fibu.geldkonto")];
    const SEARCH: &'static [&'static str] = &["bezeichnung", "konto_nr", "iban"];
    const FILTER: &'static [&'static str] = &["bezeichnung", "art", "konto_nr", "iban", "status"];
}
