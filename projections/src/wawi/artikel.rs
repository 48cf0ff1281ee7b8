//! `wawi.artikel` with units, identifications and approvals.

use aggregates::wawi::Artikel;

use crate::{StateReadModel, Table};

impl StateReadModel for Artikel {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.artikel"),
        Table::child("wawi.artikel_einheit", &["einheiten"], &[("einheit", "einheit")]),
        Table::child(
            "wawi.artikel_kennung",
            &["kennungen"],
            &[("art", "art"), ("wert", "wert")],
        ),
        Table::child("wawi.artikel_zulassung", &["zulassungen"], &[("art", "art")]),
    ];
    const SEARCH: &'static [&'static str] = &["artikel_nr", "bezeichnung", "matchcode"];
    const FILTER: &'static [&'static str] = &["artikel_nr", "gruppe_id", "typ", "status"];
}
