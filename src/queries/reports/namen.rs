//! Names of accounts and partners, as of `bekannt_am` too.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::Source;
use crate::{
    api::problem::Problem,
    queries::history::{states_at, states_of},
};

/// A type of master data that gives names to numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamm {
    /// Aggregate type.
    pub typ: &'static str,
    /// Its head table.
    table: &'static str,
    /// Field of the number.
    nr: &'static str,
    /// Field of the name.
    name: &'static str,
}

/// General ledger accounts.
pub(super) const KONTO: Stamm = Stamm {
    typ: "konto",
    table: "fibu.konto",
    nr: "konto_nr",
    name: "bezeichnung",
};

/// Customers.
pub(super) const DEBITOR: Stamm = Stamm {
    typ: "debitor",
    table: "fibu.debitor",
    nr: "nr",
    name: "name",
};

/// Suppliers.
pub(super) const KREDITOR: Stamm = Stamm {
    typ: "kreditor",
    table: "fibu.kreditor",
    nr: "nr",
    name: "name",
};

impl Stamm {
    fn pair(&self, state: &Value) -> Option<(String, String)> {
        let text = |field: &str| state.get(field).and_then(Value::as_str).map(str::to_owned);
        Some((text(self.nr)?, text(self.name)?))
    }

    /// Names by number.
    pub(super) async fn names(&self, source: &mut Source) -> Result<HashMap<String, String>, Problem> {
        if let Some(position) = source.known {
            let states = states_at(
                &mut source.transaction,
                source.store.registry(),
                source.mandant_id,
                self.typ,
                position,
            )
            .await?;
            return Ok(states.iter().filter_map(|(_, state)| self.pair(state)).collect());
        }
        let sql = format!(
            "SELECT {}, {} FROM {} WHERE mandant_id = $1",
            self.nr, self.name, self.table
        );
        let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(source.mandant_id)
            .fetch_all(&mut *source.transaction)
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// The name of one number; `None` if it does not exist, or did not then.
    pub(super) async fn name_of(&self, source: &mut Source, nr: &str) -> Result<Option<String>, Problem> {
        let sql = format!(
            "SELECT id, {} FROM {} WHERE mandant_id = $1 AND {} = $2",
            self.name, self.table, self.nr
        );
        let row: Option<(Uuid, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(source.mandant_id)
            .bind(nr)
            .fetch_optional(&mut *source.transaction)
            .await?;
        match (row, source.known) {
            (Some((id, _)), Some(position)) => {
                let states = states_of(
                    &mut source.transaction,
                    source.store.registry(),
                    source.mandant_id,
                    self.typ,
                    position,
                    &[id],
                )
                .await?;
                Ok(states
                    .first()
                    .and_then(|(_, state)| self.pair(state))
                    .map(|(_, name)| name))
            }
            (row, _) => Ok(row.map(|(_, name)| name)),
        }
    }
}
