//! The words of a business year: periods, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{Betrag, Text};

/// Status of a year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GeschaeftsjahrStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Planned: has periods, takes no vouchers yet.
    Geplant,
    /// Takes vouchers.
    Eroeffnet,
    /// Closed for good with the annual accounts.
    Abgeschlossen,
}

/// Length of a year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GeschaeftsjahrArt {
    /// Twelve full months.
    #[default]
    Normal,
    /// Shorter (Rumpfgeschäftsjahr).
    Rumpf,
}

/// Status of a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PeriodeStatus {
    /// Takes vouchers.
    #[default]
    Offen,
    /// Takes vouchers only of those who hold `fibu.periode_gesperrt`.
    Gesperrt,
    /// Sealed for ever.
    Festgeschrieben,
}

/// A period of a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Periode {
    /// 0 opening, 1 to 12 months, 13 closing.
    pub nr: u8,
    /// First day.
    pub von: NaiveDate,
    /// Last day.
    pub bis: NaiveDate,
    /// Status.
    pub status: PeriodeStatus,
    /// Size of the Merkle tree when it was sealed.
    pub baum_groesse: Option<String>,
    /// Root of the Merkle tree when it was sealed, hex.
    pub wurzel: Option<String>,
    /// Vouchers in it when it was sealed.
    pub anzahl: Option<i64>,
    /// Sum of their Soll side.
    pub summe_soll: Option<Betrag>,
    /// Sum of their Haben side.
    pub summe_haben: Option<Betrag>,
}

/// A period as it is laid down with its year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodeAngelegt {
    /// 0 opening, 1 to 12 months, 13 closing.
    pub nr: u8,
    /// First day.
    pub von: NaiveDate,
    /// Last day.
    pub bis: NaiveDate,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum GeschaeftsjahrCommand {
    /// Creates a year with all its periods.
    Anlegen {
        /// Name; made of the calendar years if absent.
        bezeichnung: Option<Text<40>>,
        /// First day: the first of a month; any day in the company's first year.
        beginn: NaiveDate,
        /// Last day: the last of a month.
        ende: NaiveDate,
    },
    /// Opens the year for vouchers.
    Eroeffnen {},
    /// Locks a period for all but the holders of `fibu.periode_gesperrt`.
    PeriodeSperren {
        /// Period.
        nr: u8,
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Unlocks a period.
    PeriodeOeffnen {
        /// Period.
        nr: u8,
        /// Why.
        grund: Text<500>,
    },
    /// Seals a period for ever; all earlier ones of the year must be sealed.
    PeriodeFestschreiben {
        /// Period.
        nr: u8,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum GeschaeftsjahrEvent {
    /// The year exists.
    Angelegt {
        /// Name.
        bezeichnung: String,
        /// First day.
        beginn: NaiveDate,
        /// Last day.
        ende: NaiveDate,
        /// Full or short.
        art: GeschaeftsjahrArt,
        /// The first year that was created.
        erstes: bool,
        /// All periods.
        perioden: Vec<PeriodeAngelegt>,
    },
    /// Open for vouchers.
    Eroeffnet {},
    /// A period is locked.
    PeriodeGesperrt {
        /// Period.
        nr: u8,
        /// Why.
        grund: Option<String>,
    },
    /// A period is unlocked.
    PeriodeGeoeffnet {
        /// Period.
        nr: u8,
        /// Why.
        grund: String,
    },
    /// A period is sealed (compliance 6.2: the tree is the checksum).
    PeriodeFestgeschrieben {
        /// Period.
        nr: u8,
        /// Last log position before the seal; a string, as 64-bit numbers are in hashed JSON.
        bis_log_position: String,
        /// Size of the Merkle tree.
        baum_groesse: String,
        /// Root of the Merkle tree, hex.
        wurzel: String,
        /// Vouchers of the period in the journal; absent in seals from before it was counted.
        anzahl: Option<i64>,
        /// Sum of their Soll side; a Generalumkehr counts negative.
        summe_soll: Option<Betrag>,
        /// Sum of their Haben side.
        summe_haben: Option<Betrag>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum GeschaeftsjahrError {
    /// A month is taken.
    #[error("der Monat {monat} gehört schon zum Geschäftsjahr {bezeichnung}; beginn oder ende ändern")]
    #[strum(serialize = "GESCHAEFTSJAHR_UEBERLAPPUNG")]
    Ueberlappung {
        /// The month, `2026-03`.
        monat: String,
        /// Name of the year that has it.
        bezeichnung: String,
    },
    /// Does not touch an existing year.
    #[error("{beginn} bis {ende} schließt an kein Geschäftsjahr an; Geschäftsjahre folgen ohne Lücke aufeinander")]
    #[strum(serialize = "GESCHAEFTSJAHR_LUECKE")]
    Luecke {
        /// First day.
        beginn: NaiveDate,
        /// Last day.
        ende: NaiveDate,
    },
    /// Too long.
    #[error("{beginn} bis {ende} ist länger als 12 Monate; ende früher wählen")]
    #[strum(serialize = "GESCHAEFTSJAHR_LAENGE")]
    Laenge {
        /// First day.
        beginn: NaiveDate,
        /// Last day.
        ende: NaiveDate,
    },
    /// No such period.
    #[error("die Periode {nr} gibt es in diesem Geschäftsjahr nicht")]
    #[strum(serialize = "PERIODE_UNBEKANNT")]
    PeriodeUnbekannt {
        /// Period.
        nr: u8,
    },
    /// Sealed.
    #[error("die Periode {nr} ist festgeschrieben und bleibt es; in eine spätere Periode buchen")]
    #[strum(serialize = "PERIODE_FESTGESCHRIEBEN")]
    PeriodeFestgeschrieben {
        /// Period.
        nr: u8,
    },
    /// An earlier period is not sealed.
    #[error("die Periode {nr} kann erst nach der Periode {offen} festgeschrieben werden")]
    #[strum(serialize = "PERIODE_REIHENFOLGE")]
    PeriodeReihenfolge {
        /// Period to be sealed.
        nr: u8,
        /// First earlier period that is not sealed.
        offen: u8,
    },
    /// The open items of a Personenkonto are not its balance (GoBD Rz. 88: Abstimmung der Neben- mit den Hauptbüchern).
    #[error(
        "die Periode {nr} lässt sich nicht festschreiben: auf dem Personenkonto {konto} ist der Saldo {saldo}, die Summe der \
         offenen Posten {posten}; der Bericht abstimmung-op-sammelkonto zeigt die Konten, eine Buchung mit oder ohne Posten \
         gleicht aus"
    )]
    #[strum(serialize = "PERIODE_OP_ABWEICHUNG")]
    PeriodeOpAbweichung {
        /// Period to be sealed.
        nr: u8,
        /// Number of the first Personenkonto that differs.
        konto: String,
        /// Its balance, EUR, Soll − Haben.
        saldo: Betrag,
        /// Sum of its open items, EUR, Soll − Haben.
        posten: Betrag,
    },
}
