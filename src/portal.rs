//! The way in for programs of the house (import, demo): the same bus and rules as over HTTP. They act with all rights of a
//! service; nobody asks them for a key.

use aggregates::Refusal;
use serde_json::Value;
use uuid::Uuid;

/// One command as a Stapel element has it.
#[derive(Debug, Clone)]
pub struct Auftrag {
    /// Area, e.g. `fibu`.
    pub bereich: &'static str,
    /// Resource, e.g. `buchungen`.
    pub ressource: &'static str,
    /// Stream; `None` lets the command's id decide.
    pub id: Option<Uuid>,
    /// Command in kebab-case, e.g. `erfassen`.
    pub befehl: &'static str,
    /// Its fields.
    pub daten: Value,
    /// Idempotency key: the same key never acts twice.
    pub schluessel: Option<String>,
}

/// Answer to an accepted command.
#[derive(Debug, Clone)]
pub struct Antwort {
    /// Stream.
    pub id: Uuid,
    /// Position of its last event in the log.
    pub position: i64,
    /// Document number, if any.
    pub nummer: Option<String>,
    /// True if the answer is a repetition: the key was used before and nothing was written.
    pub wiederholt: bool,
    /// Codes of warnings.
    pub warnungen: Vec<String>,
}

/// Sends commands and reads lists, for one Mandant.
pub trait Portal: Sync {
    /// Sends commands in order, each for itself; one answer per command, in order. At most 500 at once.
    fn senden(
        &self,
        auftraege: Vec<Auftrag>,
    ) -> impl Future<Output = anyhow::Result<Vec<Result<Antwort, Refusal>>>> + Send;
    /// All rows of a list whose column equals the value (`None`: all rows), as JSON objects with the columns of the read model plus `id`.
    fn liste(
        &self,
        bereich: &str,
        ressource: &str,
        filter: Option<(&str, &str)>,
    ) -> impl Future<Output = anyhow::Result<Vec<Value>>> + Send;
}
