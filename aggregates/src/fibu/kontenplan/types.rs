//! The words of the chart of accounts: purposes, rules of account finding, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fibu::konto::KontoArt;
use crate::types::Text;

/// Chart of accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rahmen {
    /// Process order.
    Skr03,
    /// Order of the annual accounts.
    #[default]
    Skr04,
    /// The company's own.
    Eigen,
}

/// Statement.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Gliederung {
    /// Bilanz, § 266 HGB.
    Hgb266,
    /// GuV, § 275 Abs. 2 HGB.
    Hgb275,
    /// Betriebswirtschaftliche Auswertung.
    Bwa,
}

/// Purpose for which policies look for an account (fibu 1, wawi 10).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the field's own words, listed in fibu 1 and wawi 10"
)]
pub enum Zweck {
    Forderung,
    Verbindlichkeit,
    Erloes,
    Erloesschmaelerung,
    SkontoGewaehrt,
    Wareneingang,
    SkontoErhalten,
    AnzahlungErhalten,
    AnzahlungErhaltenVerrechnung,
    AnzahlungGeleistet,
    AnzahlungGeleistetVerrechnung,
    Geldtransit,
    Kursgewinn,
    Kursverlust,
    Kursbewertung,
    Kleindifferenz,
    Mahngebuehr,
    Verzugszins,
    Bankgebuehr,
    Forderungsverlust,
    VortragSach,
    VortragDebitor,
    VortragKreditor,
    Gewinnvortrag,
    Verlustvortrag,
    UstLaufend,
    UstVorjahr,
    Bestand,
    WeRe,
    Wareneinsatz,
    Preisdifferenz,
    Inventurdifferenz,
    Schwund,
    Bestandsverlust,
    Abwertung,
    Zuschreibung,
    Bestandsveraenderung,
    Eigenverbrauch,
    Eroeffnungswerte,
    Bonusforderung,
    Bonusertrag,
    Ausgangsfracht,
    Frachtrueckstellung,
}

/// A range of accounts: subtotals, and the properties of new accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kontengruppe {
    /// First number.
    pub nr_von: String,
    /// Last number.
    pub nr_bis: String,
    /// Name.
    pub bezeichnung: String,
    /// First number of the range above.
    pub eltern: Option<String>,
    /// Kind of new accounts.
    pub art: Option<KontoArt>,
    /// New accounts are automatic accounts of this key.
    pub fester_schluessel: Option<String>,
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gliederungszeile {
    /// Statement.
    pub gliederung: Gliederung,
    /// Key, e.g. `A.B.IV`.
    pub schluessel: String,
    /// Line above.
    pub eltern: Option<String>,
    /// Name.
    pub bezeichnung: String,
    /// Order.
    pub reihenfolge: i32,
    /// Sum of lines, or ranges of accounts (BWA).
    pub formel: Option<String>,
}

/// Which account a policy posts to. The most specific match wins, then the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kontenfindungsregel {
    /// Running number of the rule.
    pub nr: i32,
    /// Purpose.
    pub zweck: Zweck,
    /// Tax key.
    pub schluessel: Option<String>,
    /// Group of articles.
    pub artikelgruppe: Option<String>,
    /// Group of partners.
    pub partnergruppe: Option<String>,
    /// The account.
    pub konto_nr: String,
    /// First day.
    pub gueltig_ab: NaiveDate,
}

/// Status of a Kontenplan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KontenplanStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// In use.
    Aktiv,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KontenplanCommand {
    /// Creates the company's Kontenplan.
    Anlegen {
        /// Chart.
        rahmen: Rahmen,
        /// Digits of an account, 4 to 8; 4 if absent.
        kontolaenge: Option<u8>,
    },
    /// Takes the template over: accounts, tax keys, ranges, statement lines, account finding.
    VorlageUebernehmen {},
    /// Sets a range.
    GruppeSetzen {
        /// The range.
        gruppe: Kontengruppe,
    },
    /// Sets a statement line.
    GliederungSetzen {
        /// The line.
        zeile: Gliederungszeile,
    },
    /// Sets a rule of account finding; one with the same condition and first day is replaced, an earlier one ends.
    KontenfindungSetzen {
        /// Purpose.
        zweck: Zweck,
        /// Tax key.
        schluessel: Option<Text<10>>,
        /// Group of articles.
        artikelgruppe: Option<Text<40>>,
        /// Group of partners.
        partnergruppe: Option<Text<40>>,
        /// The account.
        konto_nr: Text<8>,
        /// First day.
        gueltig_ab: NaiveDate,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KontenplanEvent {
    /// Exists.
    Angelegt {
        /// Chart.
        rahmen: Rahmen,
        /// Digits of an account.
        kontolaenge: u8,
        /// Digits of a Personenkonto.
        personenkontolaenge: u8,
        /// Currency of the books.
        hauswaehrung: String,
    },
    /// The template was taken over; its accounts and keys follow in the same unit of work.
    VorlageUebernommen {
        /// Chart.
        rahmen: Rahmen,
        /// State of the template.
        stand: String,
        /// Day.
        am: NaiveDate,
        /// Ranges.
        gruppen: Vec<Kontengruppe>,
        /// Statement lines.
        gliederungszeilen: Vec<Gliederungszeile>,
        /// Account finding.
        kontenfindung: Vec<Kontenfindungsregel>,
    },
    /// A range is set.
    GruppeGesetzt {
        /// The range.
        gruppe: Kontengruppe,
    },
    /// A statement line is set.
    GliederungGesetzt {
        /// The line.
        zeile: Gliederungszeile,
    },
    /// A rule of account finding is set.
    KontenfindungGesetzt {
        /// The rule.
        regel: Kontenfindungsregel,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum KontenplanError {
    /// No rule.
    #[error(
        "für den Zweck {zweck} mit dem Schlüssel {schluessel} gibt es keine Regel der Kontenfindung; bitte eine setzen"
    )]
    #[strum(serialize = "KONTENFINDUNG_FEHLT")]
    KontenfindungFehlt {
        /// Purpose.
        zweck: String,
        /// Tax key, empty for none.
        schluessel: String,
    },
    /// Two equal rules; an error, not a guess.
    #[error("für den Zweck {zweck} mit dem Schlüssel {schluessel} passen mehrere Regeln gleich gut; eine davon ändern")]
    #[strum(serialize = "KONTENFINDUNG_MEHRDEUTIG")]
    KontenfindungMehrdeutig {
        /// Purpose.
        zweck: String,
        /// Tax key, empty for none.
        schluessel: String,
    },
    /// The line above does not exist.
    #[error("die Zeile {zeile} gibt es in der Gliederung {gliederung} nicht; zuerst die obere Zeile setzen")]
    #[strum(serialize = "KONTENPLAN_GLIEDERUNGSZEILE_UNBEKANNT")]
    GliederungszeileUnbekannt {
        /// The statement.
        gliederung: String,
        /// The line.
        zeile: String,
    },
    /// The template was taken over before.
    #[error("die Vorlage wurde schon am {am} übernommen; Konten und Regeln einzeln ergänzen")]
    #[strum(serialize = "KONTENPLAN_VORLAGE_BEREITS_UEBERNOMMEN")]
    VorlageBereitsUebernommen {
        /// The day.
        am: NaiveDate,
    },
    /// A tax key that does not exist.
    #[error("den Steuerschlüssel {schluessel} gibt es nicht; bitte einen angelegten angeben")]
    #[strum(serialize = "STEUER_SCHLUESSEL_UNBEKANNT")]
    SchluesselUnbekannt {
        /// The key.
        schluessel: String,
    },
}
