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
pub enum GeschaeftsjahrStatus {
    #[default]
    Neu,
    Geplant,
    Eroeffnet,
    Abgeschlossen,
}
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
pub enum PeriodeStatus {
    #[default]
    Offen,
    Gesperrt,
    Festgeschrieben,
}
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Periode {
    pub nr: u8,
    pub von: NaiveDate,
    pub bis: NaiveDate,
    pub status: PeriodeStatus,
}
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Geschaeftsjahr {
    pub bezeichnung: String,
    pub beginn: NaiveDate,
    pub ende: NaiveDate,
    pub status: GeschaeftsjahrStatus,
    pub perioden: Vec<Periode>,
}
pub fn monat(datum: NaiveDate) -> String {
    datum.format("%Y-%m").to_string()
}
impl Geschaeftsjahr {
    pub const KEY_MONAT: &str = "geschaeftsjahr.monat";
    pub fn periode_am(&self, datum: NaiveDate) -> Option<&Periode> {
        self.perioden
            .iter()
            .find(|p| (1..=12).contains(&p.nr) && p.von <= datum && datum <= p.bis)
    }
    pub fn periode(&self, nr: u8) -> Option<&Periode> {
        self.perioden.iter().find(|p| p.nr == nr)
    }
}
crate::fibu::stub::stub!(
    Geschaeftsjahr,
    GeschaeftsjahrEvent,
    GeschaeftsjahrCommand,
    GeschaeftsjahrError,
    "Geschaeftsjahr",
    "geschaeftsjahr",
    "geschaeftsjahre",
    |k| k
        .perioden
        .iter()
        .filter(|p| (1..=12).contains(&p.nr))
        .map(|p| Key::new(Geschaeftsjahr::KEY_MONAT, "beginn", monat(p.von)))
        .collect()
);
