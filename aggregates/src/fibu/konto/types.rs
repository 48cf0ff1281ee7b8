//! The words of an account: kinds, commands, facts, refusals.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fibu::kontenplan::Gliederung;
use crate::types::{Text, Zeitlich};

/// Kind of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KontoArt {
    /// Assets.
    #[default]
    Aktiv,
    /// Liabilities.
    Passiv,
    /// Equity.
    Eigenkapital,
    /// Income.
    Ertrag,
    /// Expense.
    Aufwand,
    /// Statistic and carry-forward accounts.
    Statistik,
}

impl KontoArt {
    /// True for accounts of the profit and loss statement.
    #[must_use]
    pub fn ist_erfolg(self) -> bool {
        matches!(self, Self::Ertrag | Self::Aufwand)
    }
}

/// What an account is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KontoFunktion {
    /// Plain.
    #[default]
    Sach,
    /// Collects the Debitoren; posted to through them only.
    SammelDebitor,
    /// Collects the Kreditoren.
    SammelKreditor,
    /// Tax; posted to by the tax automation only.
    Steuer,
    /// Money.
    Geld,
    /// Carry-forward.
    Vortrag,
}

/// Whether lines need a cost centre.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KstRegel {
    /// None allowed.
    #[default]
    Keine,
    /// Allowed.
    Erlaubt,
    /// Required.
    Pflicht,
}

/// Status of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KontoStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// May be posted to.
    Aktiv,
    /// Locked for a while.
    Gesperrt,
    /// Out of use for good.
    Stillgelegt,
}

/// Automatic tax of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Automatik {
    /// Automatic VAT (Mehrwertsteuer).
    Am,
    /// Automatic input tax (Vorsteuer).
    Av,
    /// No automation: the key is given.
    #[default]
    Keine,
    /// No tax possible (keine Umsatzsteuer).
    Ku,
}

/// The tax rule of an account from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KontoSteuerregel {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// Automatic tax.
    pub automatik: Automatik,
    /// The key of an automatic account; no other is allowed.
    pub fester_schluessel: Option<String>,
    /// Allowed keys; empty means every key.
    pub erlaubte_schluessel: Vec<String>,
    /// Proposed to people at entry; postings never apply it by themselves.
    pub vorschlag_schluessel: Option<String>,
    /// A key must be given with every line, also where there is no tax: then the one that says so. Opening balances
    /// need none.
    #[serde(default)]
    pub schluessel_pflicht: bool,
}

impl Zeitlich for KontoSteuerregel {
    fn gueltig_ab(&self) -> NaiveDate {
        self.gueltig_ab
    }
}

/// A tax rule as a command brings it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SteuerregelEingabe {
    /// Automatic tax.
    #[serde(default)]
    pub automatik: Automatik,
    /// The key of an automatic account.
    pub fester_schluessel: Option<String>,
    /// Allowed keys; empty means every key.
    #[serde(default)]
    pub erlaubte_schluessel: Vec<String>,
    /// Proposed at entry.
    pub vorschlag_schluessel: Option<String>,
    /// A key must be given with every line, also where there is no tax; only for a plain account without automation.
    #[serde(default)]
    pub schluessel_pflicht: bool,
}

impl SteuerregelEingabe {
    pub(super) fn ab(self, gueltig_ab: NaiveDate) -> KontoSteuerregel {
        KontoSteuerregel {
            gueltig_ab,
            automatik: self.automatik,
            fester_schluessel: self.fester_schluessel,
            erlaubte_schluessel: self.erlaubte_schluessel,
            vorschlag_schluessel: self.vorschlag_schluessel,
            schluessel_pflicht: self.schluessel_pflicht,
        }
    }

    pub(super) fn alle_schluessel(&self) -> impl Iterator<Item = &String> {
        self.fester_schluessel
            .iter()
            .chain(&self.erlaubte_schluessel)
            .chain(&self.vorschlag_schluessel)
    }
}

/// Side-dependent line of a statement (Wechselkonto).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GliederungsZuordnung {
    /// Statement.
    pub gliederung: Gliederung,
    /// Line for a Soll balance.
    pub zeile_soll: Option<String>,
    /// Line for a Haben balance.
    pub zeile_haben: Option<String>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KontoCommand {
    /// Creates an account. What is absent comes from the chart's range for the number.
    Anlegen {
        /// Number, as long as the chart says, with leading zeros.
        konto_nr: Text<8>,
        /// Name.
        bezeichnung: Text<100>,
        /// Kind; absent: of the range.
        art: Option<KontoArt>,
        /// What it is for; absent: plain.
        funktion: Option<KontoFunktion>,
        /// Cost centre rule; absent: allowed on income and expense.
        kst_regel: Option<KstRegel>,
        /// Tax rule; absent: of the range.
        steuerregel: Option<SteuerregelEingabe>,
        /// Statement lines.
        #[serde(default)]
        zuordnungen: Vec<GliederungsZuordnung>,
    },
    /// Changes the name; reports show the name as of `bekannt_am`.
    Umbenennen {
        /// New name.
        bezeichnung: Text<100>,
        /// From this day on (for people; the log knows when it was recorded).
        ab: Option<NaiveDate>,
    },
    /// A new tax rule from a day after the last posting.
    SteuerregelSetzen {
        /// First day.
        ab: NaiveDate,
        /// The rule.
        steuerregel: SteuerregelEingabe,
    },
    /// Sets the line of a statement.
    GliederungZuordnen {
        /// The lines.
        zuordnung: GliederungsZuordnung,
    },
    /// Sets the cost centre rule.
    KostenstellenRegelSetzen {
        /// The rule.
        kst_regel: KstRegel,
    },
    /// Locks the account.
    Sperren {
        /// Why.
        grund: Text<500>,
    },
    /// Unlocks the account.
    Entsperren {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Takes the account out of use; its balance must be zero.
    Stilllegen {
        /// Why.
        grund: Option<Text<500>>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KontoEvent {
    /// Exists.
    Angelegt {
        /// Number.
        konto_nr: String,
        /// Name.
        bezeichnung: String,
        /// Kind.
        art: KontoArt,
        /// What it is for.
        funktion: KontoFunktion,
        /// Cost centre rule.
        kst_regel: KstRegel,
        /// First tax rule.
        steuerregel: KontoSteuerregel,
        /// Statement lines.
        zuordnungen: Vec<GliederungsZuordnung>,
    },
    /// Has another name.
    Umbenannt {
        /// New name.
        bezeichnung: String,
        /// From this day on.
        ab: NaiveDate,
    },
    /// Has a new tax rule.
    SteuerregelGesetzt {
        /// The rule.
        steuerregel: KontoSteuerregel,
    },
    /// Stands on another line.
    GliederungZugeordnet {
        /// The lines.
        zuordnung: GliederungsZuordnung,
    },
    /// Has another cost centre rule.
    KostenstellenRegelGesetzt {
        /// The rule.
        kst_regel: KstRegel,
    },
    /// Locked.
    Gesperrt {
        /// Why.
        grund: String,
    },
    /// Unlocked.
    Entsperrt {
        /// Why.
        grund: Option<String>,
    },
    /// Out of use.
    Stillgelegt {
        /// Why.
        grund: Option<String>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum KontoError {
    /// Wrong length.
    #[error("die Kontonummer braucht {laenge} Ziffern (Kontolänge des Kontenplans), mit führenden Nullen")]
    #[strum(serialize = "KONTO_NR_LAENGE")]
    NrLaenge {
        /// Length of the chart.
        laenge: u8,
    },
    /// A statement line that does not exist.
    #[error("die Zeile {zeile} gibt es in der Gliederung {gliederung} nicht; die Zeilen stehen im Kontenplan")]
    #[strum(serialize = "KONTENPLAN_GLIEDERUNGSZEILE_UNBEKANNT")]
    GliederungszeileUnbekannt {
        /// The statement.
        gliederung: String,
        /// The line.
        zeile: String,
    },
    /// A tax key that does not exist.
    #[error("den Steuerschlüssel {schluessel} gibt es nicht; die gültigen stehen in der Liste der Steuerschlüssel")]
    #[strum(serialize = "STEUER_SCHLUESSEL_UNBEKANNT")]
    SchluesselUnbekannt {
        /// The key.
        schluessel: String,
    },
    /// The rule would change what was booked.
    #[error(
        "das Konto wurde zuletzt zum {letzte_buchung} bebucht; eine neue Steuerregel gilt frühestens ab dem Tag danach"
    )]
    #[strum(serialize = "KONTO_STEUERREGEL_RUECKWIRKEND")]
    SteuerregelRueckwirkend {
        /// Date of the last posting.
        letzte_buchung: NaiveDate,
    },
    /// Balance account on a GuV line or the other way round.
    #[error("ein Konto der Art {art} gehört nicht in die Gliederung {gliederung}; bitte die andere angeben")]
    #[strum(serialize = "KONTO_ART_WIDERSPRUCH")]
    ArtWiderspruch {
        /// Kind.
        art: String,
        /// The statement.
        gliederung: String,
    },
    /// Not empty.
    #[error("das Konto hat noch einen Saldo von {saldo} EUR; zuerst ausbuchen")]
    #[strum(serialize = "KONTO_SALDO_NICHT_NULL")]
    SaldoNichtNull {
        /// Soll − Haben.
        saldo: String,
    },
    /// Policies post to it.
    #[error("die Kontenfindung bucht auf dieses Konto (Zweck {zweck}); zuerst die Regel ändern")]
    #[strum(serialize = "KONTO_IN_KONTENFINDUNG")]
    InKontenfindung {
        /// The purpose.
        zweck: String,
    },
}
