//! HTTP: routes over the registry, problem details, authentication (design.md sections 5, 6, 8).

pub mod problem;

use std::{collections::HashMap, sync::Arc};

use projections::{StateModel, state::Columns};

use crate::eventstore::EventStore;

/// The declared read models and their columns, read once at start.
pub struct Models {
    /// By aggregate type.
    pub by_type: HashMap<&'static str, StateModel>,
    /// Columns of every table.
    pub columns: Columns,
}

/// What the handlers share.
pub struct App {
    /// The log.
    pub store: EventStore,
    /// Read models.
    pub models: Arc<Models>,
}
