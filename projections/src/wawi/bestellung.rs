//! `wawi.bestellung` with positions and approvals.

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
        Table::child("wawi.bestell_freigabe", &["freigaben"], &[("stufe", "stufe")]),
    ];
    const SEARCH: &'static [&'static str] = &["bestell_nr", "lieferant_nr", "lieferant_name"];
    const FILTER: &'static [&'static str] = &["bestell_nr", "lieferant_id", "lieferant_nr", "bestelldatum", "status"];
}
