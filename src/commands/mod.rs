//! The command bus: prefetch → decide under the head with the batch overlay → inline policies → append and state rows
//! in one transaction → answer (design.md section 4). One committer per busy company.

mod bedingung;
mod cache;
mod clocks;
mod committer;
mod decide;
mod following;
mod overlay;
mod prefetch;

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicUsize},
};

use aggregates::{Refusal, Registry, context::Warnung, types::Akteur};
use projections::{
    StateModel,
    state::{Columns, Statements},
};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use uuid::Uuid;

use crate::eventstore::{EventStore, StoreError};
use clocks::Clocks;

pub use bedingung::IfMatch;
pub use decide::business_date;
pub use following::Following;

/// Commands that wait per company: two of the largest Stapel. One more is answered 503.
pub const QUEUE_LIMIT: usize = 20_000;
/// Commands on trial at the same time, each for itself, in the whole process: what they would change is kept meanwhile. One
/// more is answered 503.
const TRIAL_LIMIT: usize = 20_000;
/// Dry runs at the same time in the whole process. Each keeps a connection of the queries and may need a second one for a
/// fact, so they must never be all that there are.
const TRIALS_AT_ONCE: usize = 4;
/// Commands decided in one transaction at most.
pub const BATCH_LIMIT: usize = 512;
/// How deep inline policies may cause one another.
pub const POLICY_DEPTH_LIMIT: usize = 8;

/// On whose account a command is carried out; goes into the events' metadata.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who acts.
    pub akteur: Akteur,
    /// Rights, `bereich[.aggregate_type]:stufe`; the door has checked them for this command.
    pub scopes: Arc<[String]>,
    /// Special rights.
    pub sonderrechte: Arc<[String]>,
    /// Companies the caller is bound to; empty means all.
    pub mandanten: Arc<[Uuid]>,
    /// The API key used.
    pub schluessel_id: Option<Uuid>,
    /// Whom a policy or timer acts for.
    pub im_auftrag_von: Option<String>,
    /// Reason given with the request.
    pub grund: Option<String>,
    /// The request's vorgang_id.
    pub correlation: Uuid,
    /// Event that caused the command.
    pub cause: Option<Uuid>,
}

impl Caller {
    /// A service of the house, with all special rights.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self {
            akteur: Akteur::dienst(name),
            scopes: Arc::from(["*:admin".to_owned()]),
            sonderrechte: Arc::from(["*".to_owned()]),
            mandanten: Arc::from([]),
            schluessel_id: None,
            im_auftrag_von: None,
            grund: None,
            correlation: Uuid::now_v7(),
            cause: None,
        }
    }
}

/// One command.
#[derive(Debug, Clone)]
pub struct Order {
    /// Aggregate type.
    pub typ: &'static str,
    /// Stream.
    pub id: Uuid,
    /// The command, externally tagged: `{"Erfassen": {…}}`.
    pub command: Value,
    /// What the user has seen.
    pub if_match: Option<IfMatch>,
    /// Id of the command; the same id never acts twice.
    pub befehl_id: Uuid,
    /// Hash of the request if it came with an Idempotency-Key.
    pub request_hash: Option<Vec<u8>>,
    /// True if the command must begin the stream.
    pub create: bool,
}

impl Order {
    /// A command without Idempotency-Key.
    #[must_use]
    pub fn new(typ: &'static str, id: Uuid, command: Value) -> Self {
        Self {
            typ,
            id,
            command,
            if_match: None,
            befehl_id: Uuid::now_v7(),
            request_hash: None,
            create: false,
        }
    }

    /// Gives the command an id of its own, so that it never acts twice.
    #[must_use]
    pub fn once(mut self, befehl_id: Uuid) -> Self {
        self.befehl_id = befehl_id;
        self.request_hash = Some(Vec::new());
        self
    }
}

/// How a unit of work treats its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All or none; the first refusal ends it.
    Atomic,
    /// Each for itself, in order.
    Each,
    /// Decided like `Atomic`, nothing is written.
    DryRun,
}

/// Commands handed to the bus together.
#[derive(Debug)]
pub struct Unit {
    /// On whose account.
    pub caller: Caller,
    /// The commands, in order.
    pub orders: Vec<Order>,
    /// All or none, or each for itself.
    pub mode: Mode,
}

/// What came of an accepted command.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Stream.
    pub id: Uuid,
    /// Its version now.
    pub version: i64,
    /// Last position the command wrote, policies included; the head if it wrote nothing.
    pub position: i64,
    /// Names of the stream's new events.
    pub ereignisse: Vec<String>,
    /// Document number.
    pub nummer: Option<String>,
    /// What the user should know although it was carried out.
    pub warnungen: Vec<Warnung>,
    /// Texts shown this once.
    pub einmalig: Vec<(&'static str, String)>,
    /// The stored first answer was given again.
    pub replayed: bool,
    /// All events of a dry run, with what policies would add.
    pub preview: Vec<Value>,
}

impl Answer {
    /// What is kept for repetitions and sent as the body; texts shown once are added by the door.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({
            "id": self.id, "version": self.version, "position": self.position, "ereignisse": self.ereignisse,
        });
        if let Some(nummer) = &self.nummer {
            body["nummer"] = json!(nummer);
        }
        if !self.warnungen.is_empty() {
            body["warnungen"] = json!(self.warnungen);
        }
        body
    }

    /// The first answer again.
    fn replay(stored: &Value) -> Self {
        let text = |key: &str| stored.get(key).and_then(Value::as_str);
        let number = |key: &str| stored.get(key).and_then(Value::as_i64).unwrap_or_default();
        let list = |key: &str| stored.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        Self {
            id: text("id").and_then(|id| Uuid::parse_str(id).ok()).unwrap_or_default(),
            version: number("version"),
            position: number("position"),
            ereignisse: list("ereignisse")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            nummer: text("nummer").map(str::to_owned),
            warnungen: list("warnungen")
                .iter()
                .map(|w| Warnung {
                    code: w["code"].as_str().unwrap_or_default().to_owned(),
                    meldung: w["meldung"].as_str().unwrap_or_default().to_owned(),
                })
                .collect(),
            einmalig: Vec::new(),
            replayed: true,
            preview: Vec::new(),
        }
    }
}

/// Result of one command.
pub type Outcome = Result<Answer, Refusal>;

/// A fact on its way: the position at which it holds, and its value.
pub type FactAnswer<'a> = Pin<Box<dyn Future<Output = Result<(i64, Value), StoreError>> + Send + 'a>>;

/// Answers fact queries over ledgers: brings the ledger up to the head first. Gives the value and the position at
/// which it holds.
pub trait FactSource: Send + Sync {
    /// The value under a key, with the position at which it holds.
    fn fact<'a>(&'a self, mandant_id: Uuid, name: &'static str, key: &'a str) -> FactAnswer<'a>;
}

/// A unit of work on its way, with the wish for an answer.
struct Envelope {
    unit: Unit,
    reply: oneshot::Sender<Vec<Outcome>>,
    /// The unit's room in the queue, until it is answered.
    _room: Room,
}

/// Room in a queue; the metrics count what is taken in all of them.
#[derive(Debug)]
struct Room(OwnedSemaphorePermit);

impl Room {
    fn taken(permits: OwnedSemaphorePermit) -> Self {
        metrics::gauge!("neuroerp_warteschlange").increment(u32::try_from(permits.num_permits()).unwrap_or(u32::MAX));
        Self(permits)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        metrics::gauge!("neuroerp_warteschlange").decrement(u32::try_from(self.0.num_permits()).unwrap_or(u32::MAX));
    }
}

/// The way to a company's committer.
#[derive(Clone)]
struct Queue {
    sender: mpsc::UnboundedSender<Envelope>,
    /// Room for commands.
    room: Arc<Semaphore>,
}

/// What committers share.
struct Shared {
    store: EventStore,
    registry: Arc<Registry>,
    models: HashMap<&'static str, StateModel>,
    statements: Statements,
    facts: Arc<dyn FactSource>,
    /// Folded states that all committers remember together.
    states: Arc<AtomicUsize>,
    /// How far logs are ahead of the clock.
    clocks: Clocks,
    /// Room for commands on trial.
    trials: Semaphore,
    /// Dry runs that have their turn.
    trials_at_once: Semaphore,
}

/// The command bus of one process.
#[derive(Clone)]
pub struct Bus {
    shared: Arc<Shared>,
    queues: Arc<Mutex<HashMap<Uuid, Queue>>>,
}

impl Bus {
    /// A bus over a log.
    #[must_use]
    pub fn new(store: EventStore, models: &[StateModel], columns: Columns, facts: Arc<dyn FactSource>) -> Self {
        let registry = store.registry().clone();
        let statements = Statements::new(models, &columns);
        let models = models.iter().map(|m| (m.typ, *m)).collect();
        Self {
            shared: Arc::new(Shared {
                store,
                registry,
                models,
                statements,
                facts,
                states: Arc::default(),
                clocks: Clocks::default(),
                trials: Semaphore::new(TRIAL_LIMIT),
                trials_at_once: Semaphore::new(TRIALS_AT_ONCE),
            }),
            queues: Arc::default(),
        }
    }

    /// The aggregates whose commands it takes.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// A fact of a ledger that has seen all that is committed now.
    pub async fn fact(&self, mandant_id: Uuid, name: &'static str, key: &str) -> Result<Value, StoreError> {
        let (_, value) = self.shared.facts.fact(mandant_id, name, key).await?;
        Ok(value)
    }

    /// Hands commands to the company's committer and waits for the answers, one per command in order.
    pub async fn submit(&self, mandant_id: Uuid, unit: Unit) -> Result<Vec<Outcome>, Refusal> {
        let (reply, answer) = oneshot::channel();
        // A program of the house may send more at once; it takes all the room there is.
        let orders = u32::try_from(unit.orders.len().min(QUEUE_LIMIT)).unwrap_or(u32::MAX);
        let mut queue = self.queue(mandant_id);
        let room = queue
            .room
            .clone()
            .try_acquire_many_owned(orders)
            .map_err(|_| overload())?;
        let mut envelope = Envelope {
            unit,
            reply,
            _room: Room::taken(room),
        };
        // A committer that has had nothing to do for long may end just now.
        while let Err(refused) = queue.sender.send(envelope) {
            envelope = refused.0;
            queue = self.queue(mandant_id);
        }
        answer.await.map_err(|_| {
            Refusal::new(
                "API_ABBRUCH",
                503,
                "der Server wird beendet, und ob der Befehl ausgeführt wurde, ist offen; eine Wiederholung mit demselben \
                 Idempotency-Key zeigt es und führt ihn sonst aus. Ohne Idempotency-Key bitte erst nachsehen, sonst wirkt er \
                 doppelt",
                json!({}),
            )
        })
    }

    /// One command for itself.
    pub async fn send(&self, mandant_id: Uuid, caller: Caller, order: Order) -> Outcome {
        let unit = Unit {
            caller,
            orders: vec![order],
            mode: Mode::Each,
        };
        let mut outcomes = self.submit(mandant_id, unit).await?;
        outcomes.pop().unwrap_or_else(|| Err(internal("keine Antwort")))
    }

    fn queue(&self, mandant_id: Uuid) -> Queue {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&mandant_id).filter(|q| !q.sender.is_closed()) {
            return queue.clone();
        }
        queues.retain(|_, queue| !queue.sender.is_closed());
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(committer::Committer::new(self.shared.clone(), mandant_id).run(receiver));
        let room = Arc::new(Semaphore::new(QUEUE_LIMIT));
        let queue = Queue { sender, room };
        queues.insert(mandant_id, queue.clone());
        queue
    }
}

fn overload() -> Refusal {
    Refusal::new(
        "API_UEBERLAST",
        503,
        "zu viele Befehle warten; bitte gleich noch einmal versuchen",
        json!({}),
    )
}

/// Nobody knows whether a command was carried out. Without its key it must not simply be sent again.
pub fn open_outcome() -> Refusal {
    Refusal::new(
        "API_AUSGANG_OFFEN",
        503,
        "ob der Befehl ausgeführt wurde, ist offen; eine Wiederholung mit demselben Idempotency-Key zeigt es und führt ihn \
         sonst aus. Ohne Idempotency-Key bitte erst nachsehen, sonst wirkt er doppelt",
        json!({}),
    )
}

/// An error of the program itself; its cause is in the server's log.
fn internal(detail: &str) -> Refusal {
    Refusal::new("INTERN", 500, format!("interner Fehler: {detail}"), json!({}))
}

fn unavailable() -> Refusal {
    Refusal::new(
        "DATENBANK_NICHT_ERREICHBAR",
        503,
        "die Datenbank antwortet nicht; bitte gleich noch einmal versuchen",
        json!({}),
    )
}
