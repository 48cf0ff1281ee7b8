//! `fibu.eingangsrechnung` with lines, tax and terms.

use aggregates::fibu::Eingangsrechnung;

use crate::{StateReadModel, Table};

impl StateReadModel for Eingangsrechnung {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.eingangsrechnung"),
        Table::child("fibu.eingangsrechnung_position", &["positionen"], &[("nr", "nr")]),
        Table::child(
            "fibu.eingangsrechnung_steuerzeile",
            &["steuerzeilen"],
            &[("schluessel", "schluessel")],
        ),
        Table::child("fibu.eingangsrechnung_skonto", &["skonto"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["nummer", "lieferantennummer", "kreditor_nr", "kreditor_name"];
    const FILTER: &'static [&'static str] = &[
        "nummer",
        "lieferantennummer",
        "art",
        "status",
        "kreditor_nr",
        "lieferant_id",
        "rechnungsdatum",
        "eingang_am",
        "buchungsdatum",
        "faellig",
        "brutto",
    ];
}
