//! `fibu.konto` with dated tax rules and statement lines.

use aggregates::fibu::Konto;

use crate::{StateReadModel, Table};

impl StateReadModel for Konto {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.konto"),
        Table::child(
            "fibu.konto_steuerregel",
            &["steuerregeln"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
        Table::child(
            "fibu.gliederungszuordnung",
            &["zuordnungen"],
            &[("gliederung", "gliederung")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["konto_nr", "bezeichnung"];
    const FILTER: &'static [&'static str] = &["konto_nr", "bezeichnung", "art", "funktion", "status"];
}
