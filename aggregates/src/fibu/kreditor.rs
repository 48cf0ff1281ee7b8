#![allow(missing_docs)]
use super::partner::{PartnerStatus, UmsatzsteuerStatus};
#[allow(unused_imports)]
use crate::{Key, types::Satz};
use chrono::NaiveDate;
#[allow(unused_imports)]
use uuid::Uuid;
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Kreditor {
    pub nr: String,
    pub name: String,
    pub sammelkonto: String,
    pub status: PartnerStatus,
    pub ust_status: Vec<UmsatzsteuerStatus>,
}
impl Kreditor {
    pub const KEY_NR: &str = "kreditor.nr";
    pub fn ust_id_am(&self, am: NaiveDate) -> Option<&str> {
        self.ust_status
            .iter()
            .filter(|u| u.gueltig_ab <= am)
            .max_by_key(|u| u.gueltig_ab)
            .and_then(|u| u.ust_id.as_deref())
    }
}
crate::fibu::stub::stub!(
    Kreditor,
    KreditorEvent,
    KreditorCommand,
    KreditorError,
    "Kreditor",
    "kreditor",
    "kreditoren",
    |k| vec![Key::new(Kreditor::KEY_NR, "nr", &*k.nr)]
);
