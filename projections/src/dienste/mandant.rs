//! `dienste.mandant` with its dated master data.

use aggregates::dienste::Mandant;

use crate::{StateReadModel, Table};

impl StateReadModel for Mandant {
    const TABLES: &'static [Table] = &[
        Table::head("dienste.mandant"),
        Table::child(
            "dienste.mandant_stammdaten",
            &["stammdaten"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["kuerzel", "firma", "ort"];
    const FILTER: &'static [&'static str] = &["kuerzel", "firma", "ort", "status"];
}
