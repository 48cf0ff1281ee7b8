//! `dienste.nummernkreis` with its patterns, closed years and documented gaps.

use aggregates::dienste::Nummernkreis;

use crate::{StateReadModel, Table};

impl StateReadModel for Nummernkreis {
    const TABLES: &'static [Table] = &[
        Table::head("dienste.nummernkreis"),
        Table::child(
            "dienste.nummernkreis_muster",
            &["muster"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
        Table::child(
            "dienste.nummernkreis_jahr",
            &["geschlossene_jahre"],
            &[("jahr", "jahr")],
        ),
        Table::child("dienste.nummernkreis_luecke", &["luecken"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["code"];
    const FILTER: &'static [&'static str] = &["code", "status"];
}
