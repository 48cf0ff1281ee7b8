//! `fibu.kontenplan` with ranges, statement lines and account finding.

use aggregates::fibu::Kontenplan;

use crate::{StateReadModel, Table};

impl StateReadModel for Kontenplan {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.kontenplan"),
        Table::child(
            "fibu.kontengruppe",
            &["gruppen"],
            &[("nr_von", "nr_von"), ("nr_bis", "nr_bis")],
        ),
        Table::child(
            "fibu.gliederungszeile",
            &["gliederungszeilen"],
            &[("gliederung", "gliederung"), ("schluessel", "schluessel")],
        ),
        Table::child("fibu.kontenfindungsregel", &["kontenfindung"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["rahmen"];
    const FILTER: &'static [&'static str] = &["rahmen", "status"];
}
