//! The log: head, append, read, follow, claims, counters, snapshots, byte form (design.md section 4).

pub mod append;
pub mod byte_form;
mod follow;
pub mod read;
mod replik;
mod statistics;
pub mod tree;

use std::sync::Arc;

use aggregates::{Registry, registry::FoldError};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Executor, PgPool, Postgres, pool::PoolConnection};
use uuid::Uuid;

pub use follow::{Follower, Moved, Signals};
pub use read::{Loaded, StreamKey};
pub use statistics::Statistics;

/// The Mandant of the system's own aggregates.
pub const SYSTEM: Uuid = Uuid::nil();

/// An event on record.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Company.
    pub mandant_id: Uuid,
    /// 1-based, gapless, per Mandant.
    pub position: i64,
    /// UUID v7.
    pub event_id: Uuid,
    /// Aggregate type.
    pub aggregate_type: String,
    /// Stream.
    pub aggregate_id: Uuid,
    /// 1-based place in the stream.
    pub version: i64,
    /// Name of the variant.
    pub event_type: String,
    /// Version of its stored form.
    pub event_version: u16,
    /// Fields.
    pub payload: Value,
    /// Command id, key, reason, on whose behalf.
    pub meta: Value,
    /// `benutzer:<uuid>` or `dienst:<name>`.
    pub actor: String,
    /// Event that caused this one.
    pub cause: Option<Uuid>,
    /// The request's vorgang_id.
    pub correlation: Uuid,
    /// erfasst_am.
    pub recorded_at: DateTime<Utc>,
    /// Salt of the data hash.
    pub salt: [u8; 16],
    /// Hash of payload, meta and salt.
    pub daten_hash: [u8; 32],
    /// Leaf of the Merkle tree.
    pub leaf_hash: [u8; 32],
}

impl Recorded {
    /// As folding needs it.
    #[must_use]
    pub fn stored(&self) -> aggregates::registry::Stored<'_> {
        aggregates::registry::Stored {
            event_type: &self.event_type,
            event_version: self.event_version,
            payload: &self.payload,
        }
    }
}

/// An event on record without what only proofs and the history need.
#[derive(Debug, Clone)]
pub struct Slim {
    /// Company.
    pub mandant_id: Uuid,
    /// Position.
    pub position: i64,
    /// UUID v7.
    pub event_id: Uuid,
    /// Aggregate type.
    pub aggregate_type: String,
    /// Stream.
    pub aggregate_id: Uuid,
    /// 1-based place in the stream.
    pub version: i64,
    /// Name of the variant.
    pub event_type: String,
    /// Version of its stored form.
    pub event_version: u16,
    /// Fields.
    pub payload: Value,
    /// Who acted.
    pub actor: String,
    /// The request's vorgang_id.
    pub correlation: Uuid,
    /// erfasst_am.
    pub recorded_at: DateTime<Utc>,
}

impl Slim {
    /// As folding needs it.
    #[must_use]
    pub fn stored(&self) -> aggregates::registry::Stored<'_> {
        aggregates::registry::Stored {
            event_type: &self.event_type,
            event_version: self.event_version,
            payload: &self.payload,
        }
    }
}

impl Recorded {
    /// Recomputes the hashes of the event from its columns and says what does not fit.
    pub fn check(&self, registry: &Registry) -> Result<(), String> {
        let entry = registry.entry(&self.aggregate_type).ok_or("unbekannter Aggregattyp")?;
        let canonical = |value: &Value| byte_form::canonical(value).map_err(|e| e.to_string());
        let daten_hash = byte_form::daten_hash(&canonical(&self.payload)?, &canonical(&self.meta)?, &self.salt);
        if daten_hash != self.daten_hash {
            return Err("die Daten passen nicht zu ihrem Hashwert".to_owned());
        }
        let kopf = byte_form::Kopf {
            mandant_id: self.mandant_id,
            position: self.position,
            name: entry.name,
            aggregate_id: self.aggregate_id,
            version: self.version,
            event_type: &self.event_type,
            event_version: self.event_version,
            event_id: self.event_id,
            recorded_at: self.recorded_at,
            actor: &self.actor,
            cause: self.cause,
            correlation: self.correlation,
            daten_hash,
        };
        let leaf = kopf.leaf_hash().map_err(|e| e.to_string())?;
        if leaf == self.leaf_hash {
            Ok(())
        } else {
            Err("der Kopf passt nicht zu seinem Blatt-Hashwert".to_owned())
        }
    }
}

/// What can go wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or is gone.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// An event on record is not readable.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A row of the log does not have its form.
    #[error("log of {mandant_id} at {position}: {reason}")]
    Corrupt {
        /// Company.
        mandant_id: Uuid,
        /// Position.
        position: i64,
        /// What is wrong.
        reason: String,
    },
    /// A ledger that is asked for a fact has stopped.
    #[error("the ledger {ledger} of {mandant_id} has stopped")]
    LedgerStopped {
        /// The ledger.
        ledger: String,
        /// Company.
        mandant_id: Uuid,
    },
    /// A ledger that is asked for a fact is far behind; it goes on by itself.
    #[error("the ledger that answers {fact} is not there yet")]
    LedgerBehind {
        /// The fact.
        fact: &'static str,
    },
    /// An aggregate type on record that this program does not know.
    #[error("unknown aggregate type {0:?} on record")]
    UnknownType(String),
}

/// The log in one database.
#[derive(Clone)]
pub struct EventStore {
    pool: PgPool,
    engine: PgPool,
    replica: Option<replik::Replica>,
    door: PgPool,
    registry: Arc<Registry>,
    signals: Signals,
}

impl EventStore {
    /// The log behind a pool.
    #[must_use]
    pub fn new(pool: PgPool, registry: Arc<Registry>) -> Self {
        Self {
            engine: pool.clone(),
            door: pool.clone(),
            pool,
            replica: None,
            registry,
            signals: Signals::default(),
        }
    }

    /// With a pool of its own for the engine, whose plans always go by index (see [`crate::postgres::connect_engine`]).
    #[must_use]
    pub fn with_engine(mut self, engine: PgPool) -> Self {
        self.engine = engine;
        self
    }

    /// With a pool of its own for the door (see [`crate::postgres::connect_door`]).
    #[must_use]
    pub fn with_door(mut self, door: PgPool) -> Self {
        self.door = door;
        self
    }

    /// The pool of the door: who calls, for which company.
    #[must_use]
    pub fn door(&self) -> &PgPool {
        &self.door
    }

    /// The pool of the engine: appending, loading, following.
    #[must_use]
    pub fn engine(&self) -> &PgPool {
        &self.engine
    }

    /// The pool of queries.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A connection of its own for work that takes its time: the limit of queries does not hold for it.
    pub async fn unhurried(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        connection.close_on_drop();
        connection.execute("SET statement_timeout = 0").await?;
        Ok(connection)
    }

    /// The aggregates by whose rules events are read and folded.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Wake-ups on commit.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        &self.signals
    }
}
