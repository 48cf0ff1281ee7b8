//! `wawi.lieferant` with addresses, contacts, the lock, certificates and terms.

use aggregates::wawi::Lieferant;

use crate::{StateReadModel, Table};

impl StateReadModel for Lieferant {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.lieferant"),
        Table::child("wawi.lieferant_adresse", &["adressen"], &[("adresse_id", "adresse_id")]),
        Table::child("wawi.lieferant_kontakt", &["kontakte"], &[("kontakt_id", "kontakt_id")]),
        Table::child("wawi.lieferant_sperre", &["sperren"], &[("art", "art")]),
        Table::child(
            "wawi.lieferant_zertifikat",
            &["zertifikate"],
            &[("nachweis_id", "nachweis_id")],
        ),
        Table::child(
            "wawi.lieferant_kondition",
            &["konditionen"],
            &[("gueltig_ab", "gueltig_ab")],
        ),
    ];
    const SEARCH: &'static [&'static str] = &["lieferant_nr", "name", "matchcode", "ust_id"];
    const FILTER: &'static [&'static str] = &["lieferant_nr", "name", "art", "status"];
}
