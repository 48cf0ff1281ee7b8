//! `fibu.steuer_schluessel` with dated rates and fields of the VAT return.

use aggregates::fibu::SteuerSchluessel;

use crate::{StateReadModel, Table};

impl StateReadModel for SteuerSchluessel {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.steuer_schluessel"),
        Table::child("fibu.steuersatz", &["saetze"], &[("gueltig_ab", "gueltig_ab")]),
        Table::child(
            "fibu.kennzahl_zuordnung",
            &["kennzahlen"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["code", "bezeichnung"];
    const FILTER: &'static [&'static str] = &["code", "richtung", "datev_bu", "status"];
}
