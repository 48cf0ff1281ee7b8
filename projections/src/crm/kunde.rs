//! `crm.kunde` with addresses, contacts, locks and certificates.

use aggregates::crm::Kunde;

use crate::{StateReadModel, Table};

impl StateReadModel for Kunde {
    const TABLES: &'static [Table] = &[
        Table::head("crm.kunde"),
        Table::child("crm.kunden_adresse", &["adressen"], &[("adresse_id", "adresse_id")]),
        Table::child("crm.kontakt", &["kontakte"], &[("kontakt_id", "kontakt_id")]),
        Table::child("crm.kunden_sperre", &["sperren"], &[("art", "art")]),
        Table::child("crm.kunden_nachweis", &["nachweise"], &[("nachweis_id", "nachweis_id")]),
    ];
    const SEARCH: &'static [&'static str] = &["kunden_nr", "name", "ust_id"];
    const FILTER: &'static [&'static str] = &["kunden_nr", "name", "kunden_art", "status"];
}
