//! `wawi.lager` with zones and places.

use aggregates::wawi::Lager;

use crate::{StateReadModel, Table};

impl StateReadModel for Lager {
    const TABLES: &'static [Table] = &[
        Table::head("wawi.lager"),
        Table::child("wawi.lagerzone", &["zonen"], &[("nr", "nr")]),
        Table::child("wawi.lagerplatz", &["plaetze"], &[("nr", "nr")]),
    ];
    const SEARCH: &'static [&'static str] = &["nr", "name", "ort"];
    const FILTER: &'static [&'static str] = &["nr", "art", "bewertungskreis", "status"];
}
