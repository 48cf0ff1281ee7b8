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
pub enum Richtung {
    #[default]
    Umsatz,
    Vorsteuer,
    Beide,
    Ohne,
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
pub enum SteuerSchluesselStatus {
    #[default]
    Neu,
    Aktiv,
    Stillgelegt,
}
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Steuersatz {
    pub gueltig_ab: NaiveDate,
    pub gueltig_bis: Option<NaiveDate>,
    pub satz: Satz,
}
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct SteuerSchluessel {
    pub code: String,
    pub bezeichnung: String,
    pub richtung: Richtung,
    pub konto_ust: Option<String>,
    pub konto_vst: Option<String>,
    pub ust_id_pflicht: bool,
    pub status: SteuerSchluesselStatus,
    pub saetze: Vec<Steuersatz>,
}
impl SteuerSchluessel {
    pub const KEY_CODE: &str = "steuer_schluessel.code";
    pub fn satz(&self, am: NaiveDate) -> Option<Satz> {
        self.saetze
            .iter()
            .find(|s| s.gueltig_ab <= am && s.gueltig_bis.is_none_or(|b| am <= b))
            .map(|s| s.satz)
    }
}
crate::fibu::stub::stub!(
    SteuerSchluessel,
    SteuerSchluesselEvent,
    SteuerSchluesselCommand,
    SteuerSchluesselError,
    "SteuerSchluessel",
    "steuer_schluessel",
    "steuer-schluessel",
    |k| vec![Key::new(SteuerSchluessel::KEY_CODE, "code", &*k.code)]
);
