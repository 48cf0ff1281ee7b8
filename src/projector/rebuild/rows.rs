//! From events to rows: folds streams, cuts their states into rows and writes them to shadow tables.

use std::collections::BTreeMap;

use aggregates::context::State;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use projections::{
    StateModel,
    state::{Change, Columns, child_rows, head_row, upsert_sql},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::claims;
use crate::eventstore::{EventStore, Slim, StoreError};

/// Events of one stream folded at once; bounds the memory whatever the length of a stream.
const FOLD: usize = 500;

/// A stream while it is folded.
pub(super) struct Stream {
    pub mandant_id: Uuid,
    pub id: Uuid,
    began_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    version: i64,
    position: i64,
    state: Option<State>,
    pending: Vec<Slim>,
}

impl Stream {
    pub(super) fn of(first: &Slim) -> Self {
        Self {
            mandant_id: first.mandant_id,
            id: first.aggregate_id,
            began_at: first.recorded_at,
            changed_at: first.recorded_at,
            version: 0,
            position: 0,
            state: None,
            pending: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, store: &EventStore, model: StateModel, event: Slim) -> anyhow::Result<()> {
        self.changed_at = event.recorded_at;
        self.version = event.version;
        self.position = event.position;
        self.pending.push(event);
        if self.pending.len() >= FOLD {
            self.fold(store, model)?;
        }
        Ok(())
    }

    /// Folds what is pending and gives back the state.
    fn fold(&mut self, store: &EventStore, model: StateModel) -> anyhow::Result<State> {
        let entry = store.registry().entry(model.typ);
        let entry = entry.ok_or_else(|| StoreError::UnknownType(model.typ.to_owned()))?;
        let stored: Vec<_> = self.pending.iter().map(Slim::stored).collect();
        let before = self.state.take().unwrap_or_else(|| entry.empty());
        let state = entry
            .fold(&before, &stored)
            .with_context(|| format!("Strom {} der Firma {}", self.id, self.mandant_id))?;
        self.pending.clear();
        self.state = Some(state.clone());
        Ok(state)
    }
}

/// Rows and claims on their way to the shadow tables.
pub(super) struct Buffer {
    model: StateModel,
    rows: BTreeMap<usize, Vec<Value>>,
    claims: Vec<claims::Claim>,
}

impl Buffer {
    pub(super) fn new(model: StateModel) -> Self {
        Self {
            model,
            rows: BTreeMap::new(),
            claims: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.values().map(Vec::len).sum::<usize>() + self.claims.len()
    }

    /// Folds a stream, cuts its rows and names its claims.
    pub(super) fn add(&mut self, store: &EventStore, mut stream: Stream) -> anyhow::Result<()> {
        let state = stream.fold(store, self.model)?;
        let entry = store.registry().entry(self.model.typ);
        let keys = entry.map(|e| e.keys(&state)).unwrap_or_default();
        let claim = |key| claims::Claim::of(stream.mandant_id, stream.id, key);
        self.claims.extend(keys.into_iter().map(claim));
        let state = entry.map(|e| e.to_json(&state)).unwrap_or_default();
        let change = Change {
            model: self.model,
            mandant_id: stream.mandant_id,
            id: stream.id,
            version: stream.version,
            position: stream.position,
            angelegt_am: Some(stream.began_at),
            geaendert_am: stream.changed_at,
            begins: true,
            old: None,
            new: &state,
        };
        let owner = self.model.owner();
        for (index, table) in self.model.tables.iter().enumerate() {
            let rows = self.rows.entry(index).or_default();
            if table.is_head() {
                rows.push(head_row(&change));
            } else {
                rows.extend(child_rows(table, &owner, stream.mandant_id, stream.id, &state).into_values());
            }
        }
        Ok(())
    }

    pub(super) async fn flush(
        &mut self,
        writer: &mut PgConnection,
        columns: &Columns,
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), sqlx::Error> {
        let owner = self.model.owner();
        for (index, rows) in std::mem::take(&mut self.rows) {
            let Some(table) = self.model.tables.get(index).filter(|_| !rows.is_empty()) else {
                continue;
            };
            let sql = upsert_sql(table, &owner, columns.of(table.name), &target(table.name));
            sqlx::query(AssertSqlSafe(sql))
                .bind(Value::Array(rows))
                .execute(&mut *writer)
                .await?;
        }
        claims::write(writer, target, self.model.typ, std::mem::take(&mut self.claims)).await
    }
}
