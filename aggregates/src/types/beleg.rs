//! Which document something came from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Text;

/// A document, or a position of it, of any aggregate (wawi 0.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BelegRef {
    /// Its aggregate_type, e.g. `auftrag`.
    pub typ: Text<40>,
    /// Its stream.
    pub id: Uuid,
    /// Its number, if it has one yet.
    pub nummer: Option<Text<60>>,
    /// The position in it.
    pub position: Option<Uuid>,
}
