//! `wawi.preisliste` with prices and their scales.

use aggregates::wawi::Preisliste;

use crate::{StateReadModel, Table};

impl StateReadModel for Preisliste {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.preisliste"),
        Table::child("wawi.verkaufspreis", &["preise"], &[("nr", "nr")]),
        Table::child(
            "wawi.preisstaffel",
            &["preise", "staffeln"],
            &[("nr", "preis_nr"), ("ab_menge", "ab_menge")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["name"];
    const FILTER: &'static [&'static str] = &["name", "lager_id", "standard", "status"];
}
