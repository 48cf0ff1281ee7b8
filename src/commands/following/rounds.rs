//! Who has something to do: finds the policies that have events to read, and gives each company a task of its own.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use aggregates::policy::Policy;
use tokio::time::Instant;
use uuid::Uuid;

use super::{BREATH, Following, POLL, Turn, tasks::Tasks};
use crate::eventstore::StoreError;

/// A checkpoint that only passes over events of no interest is written every so many positions.
const IDLE_STRIDE: i64 = 5_000;

/// Up to where each policy is known to be done with a company's log.
type Reached = HashMap<&'static str, i64>;

/// What became of the policies of a company, with the head they went to.
type Done = (i64, Vec<(&'static str, Turn)>);

/// The companies at work and those that wait for it.
struct Board {
    /// Companies that moved, with their heads.
    moved: BTreeMap<Uuid, i64>,
    reached: HashMap<Uuid, Reached>,
    tasks: Tasks<Done>,
}

impl Board {
    fn reached(&self, mandant_id: Uuid, policy: &str) -> i64 {
        let reached = self.reached.get(&mandant_id);
        reached.and_then(|reached| reached.get(policy)).copied().unwrap_or(-1)
    }

    /// Takes down what a task came to.
    fn done(&mut self, mandant_id: Uuid, (head, turns): Done) {
        for (policy, turn) in turns {
            match turn {
                Turn::At(position) => {
                    self.reached.entry(mandant_id).or_default().insert(policy, position);
                }
                Turn::More(position) => {
                    self.reached.entry(mandant_id).or_default().insert(policy, position);
                    let waiting = self.moved.entry(mandant_id).or_insert(head);
                    *waiting = head.max(*waiting);
                }
                // The next look at all companies comes back to it.
                Turn::Elsewhere | Turn::Interrupted => {}
            }
        }
    }

    /// The companies to look at now: those that moved and have no task.
    fn take(&mut self) -> Vec<(Uuid, i64)> {
        let moved = std::mem::take(&mut self.moved);
        let (later, now): (BTreeMap<_, _>, BTreeMap<_, _>) = moved.into_iter().partition(|(m, _)| self.tasks.has(*m));
        self.moved = later;
        now.into_iter().collect()
    }
}

impl Following {
    /// Gives every company that moves its turn, for ever.
    pub(super) async fn rounds(self: Arc<Self>) {
        let moved = self.store.signals().moved();
        let mut board = Board {
            moved: BTreeMap::new(),
            reached: HashMap::new(),
            tasks: Tasks::new(),
        };
        let mut look_at = Instant::now();
        loop {
            tokio::select! {
                new = moved.next() => board.moved.extend(new),
                Some((mandant_id, done)) = board.tasks.next() => board.done(mandant_id, done),
                () = tokio::time::sleep_until(look_at) => {
                    look_at = Instant::now() + POLL;
                    match self.store.heads().await {
                        Ok(heads) => board.moved.extend(heads),
                        Err(error) => tracing::warn!(%error, "die Folgeregeln pausieren"),
                    }
                }
            }
            for (mandant_id, done) in board.tasks.all() {
                board.done(mandant_id, done);
            }
            let begin = Instant::now();
            if let Err(error) = self.round(&mut board).await {
                tracing::warn!(%error, "die Folgeregeln pausieren");
            }
            tokio::time::sleep(BREATH.max(begin.elapsed()).min(POLL)).await;
        }
    }

    /// Begins what there is to do for the companies that moved.
    async fn round(self: &Arc<Self>, board: &mut Board) -> Result<(), StoreError> {
        let behind = board.take();
        let due = self.due(board, &behind).await?;
        for (mandant_id, head) in behind {
            let (due, idle): (Vec<&Policy>, Vec<&Policy>) = self
                .policies()
                .partition(|policy| due.contains(&(mandant_id, policy.name)));
            let reached = board.reached.entry(mandant_id).or_default();
            for policy in idle {
                let at = reached.entry(policy.name).or_insert(head);
                *at = head.max(*at);
            }
            let due: Vec<&'static str> = due.into_iter().map(|policy| policy.name).collect();
            if !due.is_empty() {
                board
                    .tasks
                    .begin(mandant_id, self.clone().company(mandant_id, head, due));
            }
        }
        Ok(())
    }

    /// The policies that have something to do. Most events concern no policy; passing over them costs one look for all
    /// companies and, now and then, a checkpoint.
    async fn due(&self, board: &Board, behind: &[(Uuid, i64)]) -> Result<HashSet<(Uuid, &'static str)>, StoreError> {
        let mut due = HashSet::new();
        let mut asked: Vec<(Uuid, i64, i64)> = Vec::new();
        for (mandant_id, head) in behind {
            let mut from = *head;
            for policy in self.policies() {
                let reached = board.reached(*mandant_id, policy.name);
                if reached >= *head {
                    continue;
                }
                if reached < 0 || head / IDLE_STRIDE != reached / IDLE_STRIDE {
                    due.insert((*mandant_id, policy.name));
                } else {
                    from = from.min(reached);
                }
            }
            if from < *head {
                asked.push((*mandant_id, from, *head));
            }
        }
        if asked.is_empty() {
            return Ok(due);
        }
        let found: Vec<(Uuid, String, i64)> = sqlx::query_as(
            "SELECT m.id, e.aggregate_type, max(e.position) FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS m(id, ab, bis) \
             JOIN log.ereignis e ON e.mandant_id = m.id AND e.position > m.ab AND e.position <= m.bis GROUP BY 1, 2",
        )
        .bind(asked.iter().map(|(mandant_id, ..)| *mandant_id).collect::<Vec<_>>())
        .bind(asked.iter().map(|(_, from, _)| *from).collect::<Vec<_>>())
        .bind(asked.iter().map(|(.., head)| *head).collect::<Vec<_>>())
        .fetch_all(self.store.engine())
        .await?;
        for (mandant_id, typ, last) in found {
            let concerned = self
                .policies()
                .filter(|policy| policy.sources().any(|source| source == typ));
            let unread = concerned.filter(|policy| board.reached(mandant_id, policy.name) < last);
            due.extend(unread.map(|policy| (mandant_id, policy.name)));
        }
        Ok(due)
    }

    /// Gives policies of one company their turn; each fails for itself. What comes meanwhile is read together.
    async fn company(self: Arc<Self>, mandant_id: Uuid, head: i64, due: Vec<&'static str>) -> Done {
        let begin = Instant::now();
        let mut turns = Vec::with_capacity(due.len());
        for policy in self.policies().filter(|policy| due.contains(&policy.name)) {
            turns.push((policy.name, self.turn(policy, mandant_id, head).await));
        }
        tokio::time::sleep(BREATH.max(begin.elapsed()).min(POLL)).await;
        (head, turns)
    }
}
