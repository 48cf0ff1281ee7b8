//! Areas of the business and levels of rights.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Area of the business; also the database schema of its read models and the first path segment of its routes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Bereich {
    /// Warenwirtschaft.
    Wawi,
    /// Finanzbuchhaltung.
    Fibu,
    /// Customers and sales.
    Crm,
    /// Services for all areas.
    Dienste,
}

impl Bereich {
    /// The area as it stands in paths, schemas and rights.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Level of a right (dienste D1). Higher levels include the lower ones.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stufe {
    /// May read.
    Read,
    /// May send commands.
    Write,
    /// May send commands that change the rules of the house.
    Admin,
}
