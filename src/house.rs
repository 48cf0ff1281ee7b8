//! The bus as programs of the house see it (import, demo): the public command path for one company.

use std::sync::Arc;

use aggregates::Refusal;
use anyhow::Context as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    api::App,
    commands::{Caller, Mode, Order, Unit},
    eventstore::byte_form,
    portal::{Antwort, Auftrag, Portal},
};

/// A program of the house at work for a company.
pub struct House {
    app: Arc<App>,
    mandant_id: Uuid,
    name: String,
}

impl House {
    /// Works under the name of a service.
    #[must_use]
    pub fn new(app: Arc<App>, mandant_id: Uuid, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { app, mandant_id, name }
    }

    /// Sends commands in order that are accepted together or not at all; the answers, or why none was accepted.
    ///
    /// # Errors
    /// If a command does not exist or the company's queue is full.
    pub async fn gemeinsam(&self, auftraege: Vec<Auftrag>) -> anyhow::Result<Result<Vec<Antwort>, Refusal>> {
        let antworten = self.absenden(auftraege, Mode::Atomic).await?;
        let mut alle = Vec::with_capacity(antworten.len());
        let mut abgebrochen = None;
        for antwort in antworten {
            match antwort {
                Ok(antwort) => alle.push(antwort),
                // Those that only share the fate of the one that was refused.
                Err(refusal) if refusal.code == "STAPEL_ABGEBROCHEN" => abgebrochen = abgebrochen.or(Some(refusal)),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(match abgebrochen {
            Some(refusal) => Err(refusal),
            None => Ok(alle),
        })
    }

    fn order(&self, auftrag: Auftrag) -> anyhow::Result<Order> {
        let registry = self.app.store.registry();
        let entry = registry
            .route(auftrag.bereich, auftrag.ressource)
            .with_context(|| format!("/{}/{} gibt es nicht", auftrag.bereich, auftrag.ressource))?;
        let command = entry
            .command(auftrag.befehl)
            .with_context(|| format!("Befehl {}", auftrag.befehl))?;
        // The same key with other content is refused, as at the door.
        let inhalt = json!({"befehl": auftrag.befehl, "id": auftrag.id, "daten": auftrag.daten});
        let tagged = json!({ command.name.as_str(): auftrag.daten });
        let id = auftrag
            .id
            .or_else(|| entry.derived_id(&tagged, self.mandant_id))
            .unwrap_or_else(Uuid::now_v7);
        let mut order = Order::new(entry.typ, id, tagged);
        order.create = command.name == entry.create;
        if let Some(key) = auftrag.schluessel {
            let inhalt = byte_form::canonical(&inhalt).context("der Auftrag hat keine Byteform")?;
            order = order.once(Uuid::new_v5(
                &self.mandant_id,
                format!("{}/{key}", self.name).as_bytes(),
            ));
            order.request_hash = Some(Sha256::digest(inhalt).to_vec());
        }
        Ok(order)
    }
}

impl House {
    async fn absenden(&self, auftraege: Vec<Auftrag>, mode: Mode) -> anyhow::Result<Vec<Result<Antwort, Refusal>>> {
        let orders = auftraege
            .into_iter()
            .map(|a| self.order(a))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let unit = Unit {
            caller: Caller::service(&self.name),
            orders,
            mode,
        };
        let outcomes = self.app.bus.submit(self.mandant_id, unit).await?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| {
                outcome.map(|answer| Antwort {
                    id: answer.id,
                    position: answer.position,
                    nummer: answer.nummer,
                    wiederholt: answer.replayed,
                    warnungen: answer.warnungen.into_iter().map(|w| w.code).collect(),
                })
            })
            .collect())
    }
}

impl Portal for House {
    async fn senden(&self, auftraege: Vec<Auftrag>) -> anyhow::Result<Vec<Result<Antwort, Refusal>>> {
        self.absenden(auftraege, Mode::Each).await
    }

    async fn liste(&self, bereich: &str, ressource: &str, filter: Option<(&str, &str)>) -> anyhow::Result<Vec<Value>> {
        let entry = self.app.store.registry().route(bereich, ressource);
        let entry = entry.with_context(|| format!("/{bereich}/{ressource} gibt es nicht"))?;
        let model = self.app.models.by_type.get(entry.typ).context("ohne Lesemodell")?;
        let head = model.head().context("ohne Kopftabelle")?;
        if let Some((column, _)) = filter {
            anyhow::ensure!(
                model.filter.contains(&column),
                "{column} ist kein Filter von {ressource}"
            );
        }
        let condition = filter
            .map(|(column, _)| format!(" AND {column}::text = $2"))
            .unwrap_or_default();
        let sql = format!(
            "SELECT to_jsonb(t) AS zeile FROM {} t WHERE mandant_id = $1{condition} ORDER BY id",
            head.name
        );
        let query = sqlx::query_scalar::<_, Value>(sqlx::AssertSqlSafe(sql)).bind(self.mandant_id);
        let query = match filter {
            Some((_, value)) => query.bind(value.to_owned()),
            None => query,
        };
        Ok(query.fetch_all(self.app.store.pool()).await?)
    }
}
