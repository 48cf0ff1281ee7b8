//! `fibu.zahlungsbedingung` with its dated terms and their Skonto.

use aggregates::fibu::Zahlungsbedingung;

use crate::{StateReadModel, Table};

impl StateReadModel for Zahlungsbedingung {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.zahlungsbedingung"),
        Table::child(
            "fibu.zahlungsbedingung_fassung",
            &["fassungen"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
        Table::child(
            "fibu.zahlungsbedingung_skonto",
            &["fassungen", "skonto"],
            &[("gueltig_ab", "gueltig_ab"), ("nr", "nr")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["code", "bezeichnung"];
    const FILTER: &'static [&'static str] = &["code", "bezeichnung", "status"];
}
