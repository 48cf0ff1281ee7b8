//! `wawi.lagerbestand` with a line per place, promises and day balances.

use aggregates::wawi::Lagerbestand;

use crate::{StateReadModel, Table};

impl StateReadModel for Lagerbestand {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.lagerbestand"),
        Table::child("wawi.bestandszeile", &["zeilen"], &[("platz", "platz")]),
        Table::child("wawi.lagerreservierung", &["reservierungen"], &[("id", "id")]),
        Table::child("wawi.bestand_tagessaldo", &["tagessalden"], &[("tag", "tag")]),
    ];
    const SEARCH: &'static [&'static str] = &["einheit"];
    const FILTER: &'static [&'static str] = &["artikel_id", "lager_id", "bestand", "frei"];
}
