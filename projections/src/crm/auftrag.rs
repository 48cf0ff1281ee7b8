//! `crm.auftrag` with positions, locks and notes.

use aggregates::crm::Auftrag;

use crate::{StateReadModel, Table};

impl StateReadModel for Auftrag {
    const TABLES: &'static [Table] = &[
        Table::head("crm.auftrag"),
        Table::child(
            "crm.auftrag_position",
            &["positionen"],
            &[("position_id", "position_id")],
        ),
        Table::child("crm.auftrag_sperre", &["sperren"], &[("art", "art")]),
        Table::child("crm.auftrag_hinweis", &["hinweise"], &[("hinweis_id", "hinweis_id")]),
    ];
    const SEARCH: &'static [&'static str] = &["auftrag_nr", "kunden_nr", "kunde_name", "kunden_bestellnr"];
    const FILTER: &'static [&'static str] = &[
        "auftrag_nr",
        "kunde_id",
        "kunden_nr",
        "auftragsdatum",
        "status",
        "lieferstatus",
        "fakturastatus",
        "freigegeben",
    ];
}
