//! The words of a tax key: rates, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Satz, Text};

/// Status of a tax key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SteuerSchluesselStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// May be used.
    Aktiv,
    /// No longer used.
    Stillgelegt,
}

/// Which tax a key brings about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Richtung {
    /// VAT owed.
    Umsatz,
    /// Input tax.
    Vorsteuer,
    /// Both from one base: igE, reverse charge.
    Beide,
    /// Not taxable.
    #[default]
    Ohne,
}

/// Kind in the EU sales list (ZM); printed L, S, D.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZmArt {
    /// L: supply of goods.
    Lieferung,
    /// S: service.
    Leistung,
    /// D: triangular.
    Dreieck,
}

/// A dated rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steuersatz {
    /// First day (steuerdatum).
    pub gueltig_ab: NaiveDate,
    /// Last day; open if absent.
    pub gueltig_bis: Option<NaiveDate>,
    /// Percent.
    pub satz: Satz,
}

/// Fields of the VAT return (UStVA) from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KennzahlZuordnung {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// Field of the base.
    pub kz_basis: Option<String>,
    /// Field of the tax.
    pub kz_steuer: Option<String>,
    /// Field of the input tax.
    pub kz_vorsteuer: Option<String>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum SteuerSchluesselCommand {
    /// Creates a tax key with its rates.
    Anlegen {
        /// Code: capitals and digits.
        code: Text<10>,
        /// Name.
        bezeichnung: Text<100>,
        /// Which tax it brings about.
        richtung: Richtung,
        /// Account of the VAT owed.
        konto_ust: Option<Text<8>>,
        /// Account of the input tax.
        konto_vst: Option<Text<8>>,
        /// The partner's VAT id is required.
        #[serde(default)]
        ust_id_pflicht: bool,
        /// Kind in the EU sales list.
        zm_art: Option<ZmArt>,
        /// BU key of the DATEV format.
        datev_bu: Option<Text<4>>,
        /// Text that stands on invoices.
        hinweistext: Option<Text<300>>,
        /// Dated rates.
        #[serde(default)]
        saetze: Vec<Steuersatz>,
        /// Fields of the VAT return.
        #[serde(default)]
        kennzahlen: Vec<KennzahlZuordnung>,
    },
    /// A new rate from a day on; an open rate before it ends the day before.
    SatzSetzen {
        /// First day.
        gueltig_ab: NaiveDate,
        /// Last day; open if absent.
        gueltig_bis: Option<NaiveDate>,
        /// Percent.
        satz: Satz,
    },
    /// New fields of the VAT return from a day on.
    KennzahlSetzen {
        /// The fields.
        kennzahl: KennzahlZuordnung,
    },
    /// Changes the accounts, as long as the key was never used.
    KontenSetzen {
        /// Account of the VAT owed.
        konto_ust: Option<Text<8>>,
        /// Account of the input tax.
        konto_vst: Option<Text<8>>,
    },
    /// Changes what invoices say of the key from now on (§ 14 Abs. 4 Nr. 8, § 14a UStG); booked ones keep their text.
    HinweistextSetzen {
        /// The text; none if absent.
        hinweistext: Option<Text<300>>,
    },
    /// No longer to be used. Accounts that have the key fixed need another rule then; the answer warns of them.
    Stilllegen {
        /// Why.
        grund: Text<500>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum SteuerSchluesselEvent {
    /// Exists.
    Angelegt {
        /// Code.
        code: String,
        /// Name.
        bezeichnung: String,
        /// Which tax it brings about.
        richtung: Richtung,
        /// Account of the VAT owed.
        konto_ust: Option<String>,
        /// Account of the input tax.
        konto_vst: Option<String>,
        /// The partner's VAT id is required.
        ust_id_pflicht: bool,
        /// Kind in the EU sales list.
        zm_art: Option<ZmArt>,
        /// BU key of the DATEV format.
        datev_bu: Option<String>,
        /// Text that stands on invoices.
        hinweistext: Option<String>,
        /// Dated rates, oldest first, without overlap.
        saetze: Vec<Steuersatz>,
        /// Fields of the VAT return.
        kennzahlen: Vec<KennzahlZuordnung>,
    },
    /// All rates as they are now.
    SatzGesetzt {
        /// Dated rates, oldest first.
        saetze: Vec<Steuersatz>,
    },
    /// All fields of the VAT return as they are now.
    KennzahlGesetzt {
        /// Dated fields, oldest first.
        kennzahlen: Vec<KennzahlZuordnung>,
    },
    /// New accounts.
    KontenGesetzt {
        /// Account of the VAT owed.
        konto_ust: Option<String>,
        /// Account of the input tax.
        konto_vst: Option<String>,
    },
    /// Another text on invoices.
    HinweistextGesetzt {
        /// The text.
        hinweistext: Option<String>,
    },
    /// No longer used.
    Stillgelegt {
        /// Why.
        grund: String,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum SteuerSchluesselError {
    /// Two rates on one day.
    #[error("am {gueltig_ab} gilt schon ein anderer Satz; Sätze eines Schlüssels überschneiden sich nicht")]
    #[strum(serialize = "STEUER_SCHLUESSEL_SATZ_UEBERLAPPUNG")]
    SatzUeberlappung {
        /// First day of the rate that overlaps.
        gueltig_ab: NaiveDate,
    },
    /// The rate would change what was booked.
    #[error(
        "der Schlüssel wurde zuletzt zum {letzte_buchung} benutzt; ein neuer Satz beginnt frühestens am Tag danach"
    )]
    #[strum(serialize = "STEUER_SCHLUESSEL_SATZ_RUECKWIRKEND_BENUTZT")]
    SatzRueckwirkendBenutzt {
        /// Latest tax date with this key.
        letzte_buchung: NaiveDate,
    },
    /// Account changes need a new key.
    #[error("der Schlüssel wurde schon benutzt; für andere Konten bitte einen neuen Schlüssel anlegen")]
    #[strum(serialize = "STEUER_SCHLUESSEL_KONTO_BENUTZT")]
    KontoBenutzt {},
}
