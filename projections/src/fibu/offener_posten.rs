//! `fibu.offener_posten` with Skonto, tax split and the settlements that hold.

use aggregates::fibu::OffenerPosten;

use crate::{StateReadModel, Table};

impl StateReadModel for OffenerPosten {
    const TABLES: &'static [Table] = &[
        Table::head("fibu.offener_posten"),
        Table::child("fibu.offener_posten_skonto", &["skonto"], &[("bis", "bis")]),
        Table::child("fibu.offener_posten_steuer", &["steuer"], &[("nr", "nr")]),
        Table::child(
            "fibu.offener_posten_ausgleich",
            &["ausgleiche"],
            &[("ausgleich_id", "ausgleich_id")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["personenkonto", "belegnummer", "beleg", "text"];
    const FILTER: &'static [&'static str] = &[
        "personenkonto",
        "kunde_id",
        "art",
        "status",
        "belegnummer",
        "beleg",
        "buchung_id",
        "herkunft_id",
        "buchungsdatum",
        "faellig",
        "rest",
    ];
}
