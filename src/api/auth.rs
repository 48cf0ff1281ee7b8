//! Who asks, and what they may see.

use std::sync::Arc;

use aggregates::{
    Entry,
    types::{Akteur, Bereich, Stufe},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use uuid::Uuid;

use super::{App, problem::Problem};
use crate::eventstore::SYSTEM;

/// An authenticated request: the company it is about and who sent it. A layer in front puts it into the request; without
/// one every request is refused.
#[derive(Debug, Clone)]
pub struct Zugang {
    /// Company.
    pub mandant_id: Uuid,
    /// Who asks.
    pub akteur: Akteur,
}

impl Zugang {
    /// Refuses what the actor may not do.
    pub fn pruefe(&self, _bereich: Bereich, _typ: &str, _stufe: Stufe) -> Result<(), Problem> {
        Ok(())
    }

    /// The Mandant in which an aggregate's streams live.
    pub fn mandant_fuer(&self, entry: &Entry) -> Uuid {
        if entry.system { SYSTEM } else { self.mandant_id }
    }
}

impl FromRequestParts<Arc<App>> for Zugang {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Problem::new("ANMELDUNG_ERFORDERLICH", 401, "bitte anmelden: Authorization: Bearer …"))
    }
}
