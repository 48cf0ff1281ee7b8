//! `dienste.api_key` with its rights and limits.

use aggregates::dienste::ApiKey;

use crate::{StateReadModel, Table};

impl StateReadModel for ApiKey {
    const TABLES: &'static [Table] = &[
        Table::head("dienste.api_key"),
        Table::child("dienste.api_key_scope", &["scopes"], &[("scope", "scope")]),
        Table::child(
            "dienste.api_key_sonderrecht",
            &["sonderrechte"],
            &[("sonderrecht", "sonderrecht")],
        ),
        Table::child("dienste.api_key_mandant", &["mandanten"], &[("mandant", "mandant")]),
        Table::child("dienste.api_key_netz", &["ip_netze"], &[("netz", "netz")]),
    ];
    const SEARCH: &'static [&'static str] = &["name", "praefix"];
    const FILTER: &'static [&'static str] = &["name", "praefix", "status", "ablauf"];
}
