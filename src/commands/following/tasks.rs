//! One task per company, so that one that waits holds up none of the others.

use std::{collections::HashMap, future::Future};

use tokio::task::{Id, JoinError, JoinSet};
use uuid::Uuid;

/// The companies at work.
pub(super) struct Tasks<T> {
    at_work: HashMap<Uuid, Id>,
    tasks: JoinSet<(Uuid, T)>,
}

impl<T: Send + 'static> Tasks<T> {
    pub(super) fn new() -> Self {
        Self {
            at_work: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// The companies that have a task.
    pub(super) fn companies(&self) -> Vec<Uuid> {
        self.at_work.keys().copied().collect()
    }

    pub(super) fn has(&self, mandant_id: Uuid) -> bool {
        self.at_work.contains_key(&mandant_id)
    }

    /// Gives a company that has none a task.
    pub(super) fn begin(&mut self, mandant_id: Uuid, work: impl Future<Output = T> + Send + 'static) {
        let task = self.tasks.spawn(async move { (mandant_id, work.await) });
        self.at_work.insert(mandant_id, task.id());
    }

    /// The next company whose task ends, with what came of it; `None` if none has a task, or if one broke off.
    pub(super) async fn next(&mut self) -> Option<(Uuid, T)> {
        let ended = self.tasks.join_next_with_id().await?;
        self.ended(ended)
    }

    /// The companies whose tasks have ended by now.
    pub(super) fn all(&mut self) -> Vec<(Uuid, T)> {
        let mut done = Vec::new();
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            done.extend(self.ended(ended));
        }
        done
    }

    fn ended(&mut self, ended: Result<(Id, (Uuid, T)), JoinError>) -> Option<(Uuid, T)> {
        let (id, done) = match ended {
            Ok((id, done)) => (id, Some(done)),
            Err(error) => {
                tracing::error!(%error, "die Folgeregeln oder Fristen einer Firma sind abgebrochen");
                (error.id(), None)
            }
        };
        self.at_work.retain(|_, task| *task != id);
        done
    }
}
