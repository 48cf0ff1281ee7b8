//! What accompanies a request on its way: its vorgang_id, and what its answer has to tell besides the body.

use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use uuid::Uuid;

use super::{auth::Rate, input, problem::Problem};

/// One request; put into its extensions before anything else looks at it.
#[derive(Debug, Clone)]
pub struct Vorgang {
    id: Uuid,
    rate: Arc<OnceLock<Rate>>,
}

impl Default for Vorgang {
    fn default() -> Self {
        Self {
            id: Uuid::now_v7(),
            rate: Arc::default(),
        }
    }
}

impl Vorgang {
    /// With the id that the client chose (X-Correlation-Id), or a new one.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(text) = input::header(headers, "X-Correlation-Id")? else {
            return Ok(Self::default());
        };
        let id = Uuid::parse_str(&text)
            .map_err(|_| Problem::new("EINGABE_UNGUELTIG", 400, "X-Correlation-Id muss eine UUID sein"))?;
        Ok(Self { id, ..Self::default() })
    }

    /// The vorgang_id: in the events, and in every problem.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// How much of its minute the key has left.
    pub(super) fn set_rate(&self, rate: Option<Rate>) {
        if let Some(rate) = rate {
            let _ = self.rate.set(rate);
        }
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        self.rate.get().copied()
    }
}
