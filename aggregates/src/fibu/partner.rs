#![allow(missing_docs)]
#[allow(unused_imports)]
use crate::{Key, types::Satz};
use chrono::NaiveDate;
#[allow(unused_imports)]
use uuid::Uuid;
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
pub enum PartnerStatus {
    #[default]
    Neu,
    Aktiv,
    Gesperrt,
    Geschlossen,
}
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct UmsatzsteuerStatus {
    pub gueltig_ab: NaiveDate,
    pub ust_id: Option<String>,
}
