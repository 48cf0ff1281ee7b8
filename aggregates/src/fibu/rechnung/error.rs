//! Why an invoice is refused.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::types::{Betrag, Satz};

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum RechnungError {
    /// No such Debitor.
    #[error("den Debitor {nr} gibt es nicht; zuerst anlegen")]
    #[strum(serialize = "DEBITOR_UNBEKANNT")]
    DebitorUnbekannt {
        /// The number.
        nr: String,
    },
    /// Locked or closed Debitor.
    #[error("der Debitor {nr} ist gesperrt oder geschlossen; er bekommt keine neue Rechnung")]
    #[strum(serialize = "DEBITOR_GESPERRT")]
    DebitorGesperrt {
        /// The number.
        nr: String,
    },
    /// Nothing to invoice.
    #[error("die Rechnung hat keine Position; zuerst eine hinzufügen")]
    #[strum(serialize = "RECHNUNG_OHNE_POSITION")]
    OhnePosition {},
    /// Something that the law wants on an invoice is missing.
    #[error("auf der Rechnung fehlt die Pflichtangabe {feld} (§ 14 Abs. 4 UStG); in den Stammdaten ergänzen")]
    #[strum(serialize = "RECHNUNG_PFLICHTANGABE_FEHLT")]
    PflichtangabeFehlt {
        /// What is missing.
        feld: String,
    },
    /// No day of the supply.
    #[error("das Leistungsdatum fehlt; mit LeistungSetzen oder an den Positionen angeben")]
    #[strum(serialize = "RECHNUNG_LEISTUNGSDATUM_FEHLT")]
    LeistungsdatumFehlt {},
    /// Nothing to pay, or less.
    #[error(
        "die Rechnung ergibt {summe} EUR; nötig ist mehr als 0,00, für einen Betrag zugunsten des Kunden korrigieren"
    )]
    #[strum(serialize = "RECHNUNG_SUMME_NEGATIV")]
    SummeNegativ {
        /// The sum that is not positive.
        summe: Betrag,
    },
    /// Not what the user saw.
    #[error("die Rechnung ergibt {ist} EUR statt der erwarteten {erwartet} EUR; bitte neu ansehen")]
    #[strum(serialize = "RECHNUNG_SUMME_ABWEICHEND")]
    SummeAbweichend {
        /// What the user saw.
        erwartet: String,
        /// What it is.
        ist: Betrag,
    },
    /// Numbers and dates must rise together.
    #[error("der {rechnungsdatum} liegt vor dem Datum der letzten Rechnung; Nummern und Daten steigen gemeinsam")]
    #[strum(serialize = "RECHNUNG_DATUM_VOR_LETZTER")]
    DatumVorLetzter {
        /// The date asked for.
        rechnungsdatum: NaiveDate,
    },
    /// Another rate holds on the day of the supply.
    #[error(
        "am Leistungsdatum gilt für {schluessel} der Satz {erwartet} %; die Rechnung entsprechend ändern oder teilen"
    )]
    #[strum(serialize = "RECHNUNG_STEUERSATZ_ZUM_LEISTUNGSDATUM")]
    SteuersatzZumLeistungsdatum {
        /// The key.
        schluessel: String,
        /// The rate that holds.
        erwartet: Satz,
    },
    /// The customer has no VAT id.
    #[error("der Schlüssel {schluessel} verlangt eine USt-IdNr. des Kunden am Leistungsdatum; im Debitor ergänzen")]
    #[strum(serialize = "RECHNUNG_UST_ID_FEHLT")]
    UstIdFehlt {
        /// The key.
        schluessel: String,
    },
    /// Only a business can owe the tax.
    #[error("der Schlüssel {schluessel} setzt einen Unternehmer voraus; der Debitor ist Verbraucher")]
    #[strum(serialize = "RECHNUNG_EMPFAENGER_KEIN_UNTERNEHMER")]
    EmpfaengerKeinUnternehmer {
        /// The key.
        schluessel: String,
    },
    /// Paid advance payments are not deducted.
    #[error(
        "bezahlte Anzahlungen des Auftrags sind nicht verrechnet: {}; in einer Rechnung des Auftrags mit AnzahlungenVerrechnen angeben",
        .nummern.join(", ")
    )]
    #[strum(serialize = "RECHNUNG_ANZAHLUNG_NICHT_VERRECHNET")]
    AnzahlungNichtVerrechnet {
        /// Their numbers.
        nummern: Vec<String>,
    },
    /// An advance payment is not paid in full.
    #[error("von der Anzahlungsrechnung {nummer} sind {rest} EUR offen; zuerst bezahlen, stornieren oder korrigieren")]
    #[strum(serialize = "RECHNUNG_ANZAHLUNG_OFFEN")]
    AnzahlungOffen {
        /// Its number.
        nummer: String,
        /// What is open.
        rest: Betrag,
    },
    /// More is asked for in advance than the order is worth.
    #[error(
        "mit dieser Rechnung wären {anzahlungen} EUR netto angezahlt, der Auftrag hat aber nur einen Wert von {auftragswert} EUR; bitte weniger anzahlen"
    )]
    #[strum(serialize = "RECHNUNG_ANZAHLUNG_UEBER_AUFTRAG")]
    AnzahlungUeberAuftrag {
        /// What the order is worth, net.
        auftragswert: Betrag,
        /// All its advance payments with this one, net.
        anzahlungen: Betrag,
    },
    /// Cancelled already.
    #[error("die Rechnung ist bereits storniert, durch die Stornorechnung {durch}")]
    #[strum(serialize = "RECHNUNG_BEREITS_STORNIERT")]
    BereitsStorniert {
        /// The Stornorechnung.
        durch: Uuid,
    },
    /// A Stornorechnung is final.
    #[error("eine Stornorechnung wird nicht storniert; die Rechnung neu stellen")]
    #[strum(serialize = "RECHNUNG_STORNO_VON_STORNO")]
    StornoVonStorno {},
    /// Money was moved on it.
    #[error("der offene Posten der Rechnung ist ganz oder teilweise ausgeglichen; zuerst den Ausgleich aufheben")]
    #[strum(serialize = "RECHNUNG_OP_AUSGEGLICHEN")]
    OpAusgeglichen {},
    /// It was corrected.
    #[error("zu der Rechnung gibt es eine Korrektur; zuerst diese stornieren")]
    #[strum(serialize = "RECHNUNG_HAT_KORREKTUR")]
    HatKorrektur {},
    /// More than there is.
    #[error("von {schluessel} kann höchstens {rest} EUR netto gutgeschrieben werden")]
    #[strum(serialize = "RECHNUNG_KORREKTUR_UEBERSCHREITET")]
    KorrekturUeberschreitet {
        /// The key.
        schluessel: String,
        /// What is left.
        rest: Betrag,
    },
}
