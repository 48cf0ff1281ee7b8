//! `wawi.versand` with its lines.

use aggregates::wawi::Versand;

use crate::{StateReadModel, Table};

impl StateReadModel for Versand {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.versand"),
        Table::child(
            "wawi.versand_position",
            &["positionen"],
            &[("position_id", "position_id")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["versand_nr", "lieferschein_nr", "auftrag_nr", "kunden_nr", "kunde_name"];
    const FILTER: &'static [&'static str] = &[
        "versand_nr",
        "lieferschein_nr",
        "auftrag_id",
        "kunde_id",
        "kunden_nr",
        "termin",
        "buchungsdatum",
        "status",
    ];
}
