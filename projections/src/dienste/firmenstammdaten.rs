//! `dienste.firmenstammdaten` with its dated data.

use aggregates::dienste::Firmenstammdaten;

use crate::{StateReadModel, Table};

impl StateReadModel for Firmenstammdaten {
    const TABLES: &'static [Table] = &[
        Table::head("dienste.firmenstammdaten"),
        Table::child(
            "dienste.firmenstammdaten_stand",
            &["stammdaten"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["firma"];
    const FILTER: &'static [&'static str] = &["firma", "gueltig_ab"];
}
