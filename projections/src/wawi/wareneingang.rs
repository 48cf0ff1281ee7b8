//! `wawi.wareneingang` with its lines.

use aggregates::wawi::Wareneingang;

use crate::{StateReadModel, Table};

impl StateReadModel for Wareneingang {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.wareneingang"),
        Table::child(
            "wawi.wareneingang_position",
            &["positionen"],
            &[("we_position_id", "we_position_id")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["we_nr", "lieferant_nr", "lieferant_name", "lieferschein_nr"];
    const FILTER: &'static [&'static str] = &[
        "we_nr",
        "lieferant_id",
        "lieferant_nr",
        "lieferschein_nr",
        "buchungsdatum",
        "status",
    ];
}
