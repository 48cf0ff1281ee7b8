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
pub enum KontoArt {
    #[default]
    Aktiv,
    Passiv,
    Eigenkapital,
    Ertrag,
    Aufwand,
    Statistik,
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
pub enum KontoFunktion {
    #[default]
    Sach,
    SammelDebitor,
    SammelKreditor,
    Steuer,
    Geld,
    Vortrag,
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
pub enum KstRegel {
    #[default]
    Keine,
    Erlaubt,
    Pflicht,
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
pub enum KontoStatus {
    #[default]
    Neu,
    Aktiv,
    Gesperrt,
    Stillgelegt,
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
pub enum Automatik {
    Am,
    Av,
    #[default]
    Keine,
    Ku,
}
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct KontoSteuerregel {
    pub gueltig_ab: NaiveDate,
    pub automatik: Automatik,
    pub fester_schluessel: Option<String>,
    pub erlaubte_schluessel: Vec<String>,
    pub vorschlag_schluessel: Option<String>,
}
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Konto {
    pub konto_nr: String,
    pub bezeichnung: String,
    pub art: KontoArt,
    pub funktion: KontoFunktion,
    pub kst_regel: KstRegel,
    pub status: KontoStatus,
    pub steuerregeln: Vec<KontoSteuerregel>,
}
impl Konto {
    pub const KEY_NR: &str = "konto.konto_nr";
    pub fn steuerregel(&self, am: NaiveDate) -> Option<&KontoSteuerregel> {
        self.steuerregeln
            .iter()
            .filter(|r| r.gueltig_ab <= am)
            .max_by_key(|r| r.gueltig_ab)
    }
}
crate::fibu::stub::stub!(
    Konto,
    KontoEvent,
    KontoCommand,
    KontoError,
    "Konto",
    "konto",
    "konten",
    |k| vec![Key::new(Konto::KEY_NR, "konto_nr", &*k.konto_nr)]
);
