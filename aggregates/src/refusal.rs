//! Refusals: why a command is not carried out. Domain codes per aggregate, shared codes of spec/README section 3.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::context::Lookup;

/// A domain error of one aggregate. Each variant states its stable code (`#[strum(serialize = "KONTO_UNBEKANNT")]`),
/// its German message (`#[error(…)]`, says what is wrong and what to do) and carries the code's data as its fields.
pub trait DomainError: std::error::Error + Serialize + Clone + PartialEq + Send + Sync + 'static {
    /// The stable code, e.g. `PERIODE_FESTGESCHRIEBEN`.
    fn code(&self) -> &'static str;

    /// HTTP status; by the rule of spec/README section 3 it follows from the code, see [`status_of`].
    fn status(&self) -> u16 {
        status_of(self.code())
    }

    /// The code's data: the fields of the variant.
    fn data(&self) -> Value {
        variant_fields(self)
    }
}

fn variant_fields(error: &impl Serialize) -> Value {
    match serde_json::to_value(error) {
        Ok(Value::Object(map)) => map.into_iter().next().map_or(Value::Null, |(_, fields)| fields),
        _ => Value::Null,
    }
}

/// Codes outside the naming rule that answer 409 (spec/README section 3).
const CONFLICT_CODES: &[&str] = &[
    "STATUS_UNZULAESSIG",
    "NUMMER_VERGEBEN",
    "VERSION_KONFLIKT",
    "IDEMPOTENZ_LAEUFT",
    "ABFRAGE_ALTE_EPOCHE",
    "AUSGLEICH_AUFGEHOBEN",
    "BUCHUNGSVORLAGE_BEENDET",
    "KASSENTAG_GESCHLOSSEN",
    "KONTOAUSZUG_UMSATZ_VERARBEITET",
    "UMLAGE_PERIODE_GEBUCHT",
    "GELDKONTO_KONTO_BELEGT",
    "ZAHLUNGSPLAN_OP_BELEGT",
    "LAGERBESTAND_SCHON_STORNIERT",
    "WIEGESCHEIN_VERWENDET",
    "BESTELLVORSCHLAGSLAUF_VORSCHLAG_VERBRAUCHT",
    "BONUSVEREINBARUNG_ABGERECHNET",
    "LIEFERANTENBEWERTUNG_FESTGESTELLT",
    "PRUEFPLAN_VERSION_FREIGEGEBEN",
    "ANNAHMESCHEMA_VERSION_FREIGEGEBEN",
    "INVENTUR_PLATZ_BELEGT",
    "NUMMERNKREIS_JAHR_GESCHLOSSEN",
    "ROLLE_SYSTEMROLLE",
    "BENUTZER_LETZTER_ADMINISTRATOR",
    "KUNDE_NICHT_AKTIV",
    "AUFTRAG_GESPERRT",
];

/// HTTP status of a code (spec/README section 3).
#[must_use]
pub fn status_of(code: &str) -> u16 {
    match code {
        "ANMELDUNG_ERFORDERLICH" | "BENUTZER_ANMELDUNG_ABGELEHNT" | "API_KEY_WIDERRUFEN" | "API_KEY_ABGELAUFEN" => 401,
        "BERECHTIGUNG_FEHLT" | "VIER_AUGEN" | "API_KEY_IP_VERBOTEN" | "WORKFLOW_ROLLE_FEHLT" => 403,
        "NICHT_GEFUNDEN" => 404,
        "ABFRAGE_ZU_ALT" => 503,
        "API_RATE" | "API_KONTINGENT" => 429,
        _ if CONFLICT_CODES.contains(&code)
            || code.ends_with("_DOPPELT")
            || code.ends_with("_VORHANDEN")
            || code.contains("_BEREITS_")
            || code.ends_with("_BEREITS") =>
        {
            409
        }
        _ => 422,
    }
}

/// One wrong field of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer into the command's body, e.g. `/zeilen/0/betrag`.
    pub feld: String,
    /// Stable code of the problem.
    pub code: String,
    /// German message.
    pub meldung: String,
}

/// Refusals that every area shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum Shared {
    /// No such transition from the present state.
    #[error("im Status {ist} nicht möglich; erlaubt in: {}", .erlaubt.join(", "))]
    #[strum(serialize = "STATUS_UNZULAESSIG")]
    StatusUnzulaessig {
        /// Present state.
        ist: String,
        /// States in which the command is possible.
        erlaubt: Vec<String>,
    },
    /// A key of a new record is taken.
    #[error("{feld} „{wert}“ ist schon vergeben; bitte einen anderen Wert wählen")]
    #[strum(serialize = "NUMMER_VERGEBEN")]
    NummerVergeben {
        /// The field.
        feld: String,
        /// The value that is taken.
        wert: String,
    },
    /// Readable, but values are wrong.
    #[error("Eingabe ungültig: {}", .felder.iter().map(|f| format!("{}: {}", f.feld, f.meldung)).collect::<Vec<_>>().join("; "))]
    #[strum(serialize = "EINGABE_UNGUELTIG")]
    EingabeUngueltig {
        /// The wrong fields.
        felder: Vec<FieldError>,
    },
    /// A special right is missing.
    #[error("dazu ist das Sonderrecht {sonderrecht} nötig; wer die Schlüssel verwaltet, kann es erteilen")]
    #[strum(serialize = "BERECHTIGUNG_FEHLT")]
    BerechtigungFehlt {
        /// The special right.
        sonderrecht: String,
    },
    /// A second person is required.
    #[error("hier ist eine zweite Person nötig: wer erfasst hat, gibt nicht selbst frei")]
    #[strum(serialize = "VIER_AUGEN")]
    VierAugen {
        /// The rule that was broken.
        #[serde(skip_serializing_if = "Option::is_none")]
        regel: Option<String>,
    },
    /// The step needs a reason.
    #[error("dieser Schritt braucht eine Begründung (Feld grund)")]
    #[strum(serialize = "GRUND_FEHLT")]
    GrundFehlt {},
    /// A quantity that is not above zero or too finely given.
    #[error(
        "{feld} ist keine gültige Menge: nötig sind mehr als 0 und nicht mehr Nachkommastellen, als die Einheit hat"
    )]
    #[strum(serialize = "MENGE_UNGUELTIG")]
    MengeUngueltig {
        /// The field.
        feld: String,
    },
    /// A date too far in the future.
    #[error("{feld} liegt zu weit in der Zukunft; spätestens {spaetestens}")]
    #[strum(serialize = "DATUM_ZUKUNFT")]
    DatumZukunft {
        /// The field.
        feld: String,
        /// The latest allowed date.
        spaetestens: chrono::NaiveDate,
    },
    /// An IBAN with wrong check digits or pattern.
    #[error("{feld} ist keine gültige IBAN (Prüfziffer oder Länge stimmt nicht); bitte prüfen")]
    #[strum(serialize = "IBAN_UNGUELTIG")]
    IbanUngueltig {
        /// The field.
        feld: String,
    },
    /// A VAT id with a wrong pattern.
    #[error("{feld} ist keine gültige USt-IdNr. (Muster oder Prüfziffer stimmt nicht); bitte prüfen")]
    #[strum(serialize = "UST_ID_UNGUELTIG")]
    UstIdUngueltig {
        /// The field.
        feld: String,
    },
    /// A tax status of the partner begins on the same day.
    #[error("ab {gueltig_ab} gilt schon ein Umsatzsteuerstatus; einen anderen Tag wählen")]
    #[strum(serialize = "UST_STATUS_UEBERLAPPUNG")]
    UstStatusUeberlappung {
        /// The day.
        gueltig_ab: chrono::NaiveDate,
    },
    /// The record named by the path does not exist.
    #[error("{was} {id} gibt es nicht")]
    #[strum(serialize = "NICHT_GEFUNDEN")]
    NichtGefunden {
        /// What was looked for.
        was: String,
        /// The id.
        id: String,
    },
    /// A rule of another aggregate that takes part in the decision, with that aggregate's own code.
    #[error("{meldung}")]
    Fremd {
        /// The other aggregate's code.
        code: &'static str,
        /// HTTP status of the code.
        status: u16,
        /// German text.
        meldung: String,
        /// The code's data.
        daten: Value,
    },
}

impl DomainError for Shared {
    fn code(&self) -> &'static str {
        match self {
            Self::Fremd { code, .. } => code,
            own => own.into(),
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::Fremd { status, .. } => *status,
            own => status_of(own.code()),
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Fremd { daten, .. } => daten.clone(),
            own => variant_fields(own),
        }
    }
}

impl Shared {
    /// Refuses the present state.
    pub fn status(ist: impl Into<&'static str>, erlaubt: &[&str]) -> Self {
        Self::StatusUnzulaessig {
            ist: ist.into().to_owned(),
            erlaubt: erlaubt.iter().map(|s| (*s).to_owned()).collect(),
        }
    }

    /// Refuses the present state of a record that the command is not for; the text says which one and what it means.
    pub fn fremder_status(meldung: impl Into<String>, ist: impl Into<&'static str>, erlaubt: &[&str]) -> Self {
        let status = Self::status(ist, erlaubt);
        Self::Fremd {
            code: "STATUS_UNZULAESSIG",
            status: DomainError::status(&status),
            daten: status.data(),
            meldung: meldung.into(),
        }
    }

    /// Refuses one field's value with `EINGABE_UNGUELTIG`.
    pub fn feld(feld: impl Into<String>, meldung: impl Into<String>) -> Self {
        Self::EingabeUngueltig {
            felder: vec![FieldError {
                feld: feld.into(),
                code: "WERT_UNGUELTIG".to_owned(),
                meldung: meldung.into(),
            }],
        }
    }
}

/// Why a decision did not yield events.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused<E> {
    /// A rule of the aggregate.
    Domain(E),
    /// A shared rule.
    Shared(Shared),
    /// Something the decision needs is not loaded yet; the bus loads it and decides again. Never seen by users.
    Missing(Lookup),
}

impl<E: DomainError> Refused<E> {
    /// The same refusal inside a decision of another aggregate; the code stays.
    pub fn fremd<F>(self) -> Refused<F> {
        match self {
            Self::Domain(error) => Refused::Shared(Shared::Fremd {
                code: error.code(),
                status: error.status(),
                meldung: error.to_string(),
                daten: error.data(),
            }),
            Self::Shared(error) => Refused::Shared(error),
            Self::Missing(lookup) => Refused::Missing(lookup),
        }
    }
}

impl<E> From<Shared> for Refused<E> {
    fn from(refusal: Shared) -> Self {
        Self::Shared(refusal)
    }
}

impl<E> From<Lookup> for Refused<E> {
    fn from(lookup: Lookup) -> Self {
        Self::Missing(lookup)
    }
}

impl<E: fmt::Display> fmt::Display for Refused<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(e) => e.fmt(f),
            Self::Shared(e) => e.fmt(f),
            Self::Missing(lookup) => write!(f, "nicht geladen: {lookup:?}"),
        }
    }
}

impl<E: std::error::Error> std::error::Error for Refused<E> {}

/// A refusal without its type: what the bus hands to the API and to the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Stable code.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// German text: what is wrong and what to do.
    pub detail: String,
    /// The code's data.
    pub daten: Value,
    /// Wrong fields, for `EINGABE_UNGUELTIG`.
    pub felder: Vec<FieldError>,
}

impl Refusal {
    /// From any domain error.
    pub fn of<E: DomainError>(error: &E) -> Self {
        let mut daten = error.data();
        let mut felder = Vec::new();
        if error.code() == "EINGABE_UNGUELTIG" {
            felder = fields_of(&daten);
            daten = json!({});
        }
        Self {
            code: error.code().to_owned(),
            status: error.status(),
            detail: error.to_string(),
            daten,
            felder,
        }
    }

    /// A refusal of the machinery.
    pub fn new(code: &str, status: u16, detail: impl Into<String>, daten: Value) -> Self {
        Self {
            code: code.to_owned(),
            status,
            detail: detail.into(),
            daten,
            felder: Vec::new(),
        }
    }

    /// `EINGABE_UNGUELTIG` for one field.
    pub fn input(status: u16, feld: impl Into<String>, code: &str, meldung: impl Into<String>) -> Self {
        let field = FieldError {
            feld: feld.into(),
            code: code.to_owned(),
            meldung: meldung.into(),
        };
        Self::inputs(status, vec![field])
    }

    /// `EINGABE_UNGUELTIG` for several fields.
    pub fn inputs(status: u16, felder: Vec<FieldError>) -> Self {
        let text = |field: &FieldError| {
            let feld = if field.feld.is_empty() { "Eingabe" } else { &field.feld };
            format!("{feld}: {}", field.meldung)
        };
        Self {
            code: "EINGABE_UNGUELTIG".to_owned(),
            status,
            detail: felder.iter().map(text).collect::<Vec<_>>().join("; "),
            daten: json!({}),
            felder,
        }
    }

    /// The same refusal of an element of a Stapel.
    #[must_use]
    pub fn im_stapel(mut self, index: usize) -> Self {
        self.detail = format!("Element {index}: {}", self.detail);
        if !self.daten.is_object() {
            self.daten = json!({});
        }
        self.daten["index"] = json!(index);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Refusal {}

fn fields_of(data: &Value) -> Vec<FieldError> {
    let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    data.get("felder")
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |fields| {
            fields
                .iter()
                .map(|f| FieldError {
                    feld: text(f, "feld"),
                    code: text(f, "code"),
                    meldung: text(f, "meldung"),
                })
                .collect()
        })
}
