//! `crm.kreditlinie` with limits and the documents that use it.

use aggregates::crm::Kreditlinie;

use crate::{StateReadModel, Table};

impl StateReadModel for Kreditlinie {
    const TABLES: &'static [Table] = &[
        Table::head("crm.kreditlinie"),
        Table::child("crm.kreditlimit", &["limits"], &[("nr", "nr")]),
        Table::child(
            "crm.kredit_belegung",
            &["belegungen"],
            &[("beleg_typ", "beleg_typ"), ("beleg_id", "beleg_id")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["status"];
    const FILTER: &'static [&'static str] = &["kunde_id", "status"];
}
