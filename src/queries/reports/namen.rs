//! Names of accounts, partners, articles and Lager, as of `bekannt_am` too.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::Source;
use crate::api::problem::Problem;

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

/// Articles.
pub(super) const ARTIKEL: Stamm = Stamm {
    typ: "artikel",
    table: "wawi.artikel",
    nr: "artikel_nr",
    name: "bezeichnung",
};

/// Groups of articles.
pub(super) const ARTIKELGRUPPE: Stamm = Stamm {
    typ: "artikelgruppe",
    table: "wawi.artikelgruppe",
    nr: "nr",
    name: "name",
};

/// Sites.
pub(super) const LAGER: Stamm = Stamm {
    typ: "lager",
    table: "wawi.lager",
    nr: "nr",
    name: "name",
};

/// A text field of a state, empty if it has none.
pub(super) fn feld(state: Option<&Value>, field: &str) -> String {
    let text = state.and_then(|state| state.get(field)).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

impl Stamm {
    /// The heads by id: the states without their children.
    pub(super) async fn heads(&self, source: &mut Source) -> Result<HashMap<Uuid, Value>, Problem> {
        if source.known.is_some() {
            return Ok(source.staende(self.typ).await?.into_iter().collect());
        }
        let sql = format!("SELECT id, to_jsonb(k) FROM {} AS k WHERE mandant_id = $1", self.table);
        let rows: Vec<(Uuid, Value)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(source.mandant_id)
            .fetch_all(&mut *source.transaction)
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Number and name of an id among the heads.
    pub(super) fn nr_und_name(&self, heads: &HashMap<Uuid, Value>, id: Uuid) -> (String, String) {
        let head = heads.get(&id);
        (feld(head, self.nr), feld(head, self.name))
    }

    fn pair(&self, state: &Value) -> Option<(String, String)> {
        let text = |field: &str| state.get(field).and_then(Value::as_str).map(str::to_owned);
        Some((text(self.nr)?, text(self.name)?))
    }

    /// Names by number.
    pub(super) async fn names(&self, source: &mut Source) -> Result<HashMap<String, String>, Problem> {
        if source.known.is_some() {
            let states = source.staende(self.typ).await?;
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
        let Some((id, _)) = row.as_ref().filter(|_| source.known.is_some()) else {
            return Ok(row.map(|(_, name)| name));
        };
        let states = source.staende_von(self.typ, &[*id]).await?;
        let pair = states.first().and_then(|(_, state)| self.pair(state));
        Ok(pair.map(|(_, name)| name))
    }
}
