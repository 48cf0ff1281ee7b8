//! HTTP: routes over the registry, problem details, authentication (design.md sections 5, 6, 8).

pub mod auth;
pub mod log;
pub mod problem;
pub mod read;
pub mod reports;

use std::{collections::HashMap, sync::Arc};

use projections::{StateModel, state::Columns};

use tokio_util::sync::CancellationToken;

use crate::{
    eventstore::EventStore,
    queries::{catalog::Catalog, reports::Waiter},
};

/// The declared read models and their columns, read once at start.
pub struct Models {
    /// By aggregate type.
    pub by_type: HashMap<&'static str, StateModel>,
    /// Columns of every table.
    pub columns: Columns,
    /// Types of these columns, for reading.
    pub catalog: Catalog,
}

/// What the handlers share.
pub struct App {
    /// The log.
    pub store: EventStore,
    /// Read models.
    pub models: Arc<Models>,
    /// Waits for ledgers to reach a position.
    pub waiter: Waiter,
    /// Cancelled when the server stops; ends what would wait for ever.
    pub shutdown: CancellationToken,
}
