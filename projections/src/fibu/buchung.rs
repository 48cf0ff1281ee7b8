//! `fibu.buchung` with positions, cost splits and notes.

use aggregates::fibu::Buchung;

use crate::{StateReadModel, Table};

impl StateReadModel for Buchung {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.buchung"),
        Table::child("fibu.buchungs_position", &["positionen"], &[("nr", "nr")]),
        Table::child(
            "fibu.kontierung",
            &["positionen", "kontierung"],
            &[("nr", "position_nr"), ("lfd", "lfd")],
        ),
        Table::child("fibu.buchung_vermerk", &["vermerke"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["belegnummer", "beleg", "text"];
    const FILTER: &'static [&'static str] = &[
        "belegnummer",
        "belegkreis",
        "belegdatum",
        "buchungsdatum",
        "steuerdatum",
        "periode",
        "buchungsart",
        "beleg",
        "status",
        "summe",
        "herkunft_id",
        "geschaeftsjahr_id",
    ];
}
