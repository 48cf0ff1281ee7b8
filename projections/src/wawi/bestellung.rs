//! `wawi.bestellung` with positions and their parts, approvals, costs of bringing the goods in.

use aggregates::wawi::Bestellung;

use crate::{StateReadModel, Table};

impl StateReadModel for Bestellung {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.bestellung"),
        Table::child(
            "wawi.bestell_position",
            &["positionen"],
            &[("position_id", "position_id")],
        ),
        Table::child(
            "wawi.bestell_einteilung",
            &["positionen", "einteilungen"],
            &[("position_id", "position_id"), ("nr", "nr")],
        ),
        Table::child("wawi.bestell_freigabe", &["freigaben"], &[("stufe", "stufe")]),
        Table::child("wawi.bestell_nebenkosten", &["nebenkosten"], &[("art", "art")]),
        Table::child(
            "wawi.bestell_nebenkosten_anteil",
            &["nebenkosten", "anteile"],
            &[("art", "art"), ("position_id", "position_id")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["bestell_nr", "lieferant_nr", "lieferant_name"];
    const FILTER: &'static [&'static str] = &["bestell_nr", "lieferant_id", "lieferant_nr", "bestelldatum", "status"];
}
