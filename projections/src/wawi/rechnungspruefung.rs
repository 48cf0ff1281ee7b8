//! `wawi.rechnungspruefung` with its comparisons.

use aggregates::wawi::Rechnungspruefung;

use crate::{StateReadModel, Table};

impl StateReadModel for Rechnungspruefung {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.rechnungspruefung"),
        Table::child("wawi.rechnungspruefung_zeile", &["zeilen"], &[("position", "position")]),
        Table::child(
            "wawi.rechnungspruefung_nebenkosten",
            &["nebenkosten"],
            &[("position", "position")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["lieferantennummer"];
    const FILTER: &'static [&'static str] = &[
        "eingangsrechnung_id",
        "lieferant_id",
        "lieferantennummer",
        "rechnungsdatum",
        "status",
    ];
}
