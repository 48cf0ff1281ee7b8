//! Why a voucher is refused.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::{fibu::geschaeftsjahr::GeschaeftsjahrStatus, types::Betrag};

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum BuchungError {
    /// Soll and Haben differ.
    #[error(
        "Soll und Haben gehen nicht auf: Soll − Haben = {differenz} EUR (Steuerzeilen eingerechnet); bitte die Beträge angleichen"
    )]
    #[strum(serialize = "BUCHUNG_NICHT_AUSGEGLICHEN")]
    NichtAusgeglichen {
        /// Soll − Haben.
        differenz: Betrag,
    },
    /// Fewer than two lines.
    #[error("eine Buchung braucht mindestens zwei Zeilen; es sind {anzahl}")]
    #[strum(serialize = "BUCHUNG_ZU_WENIG_ZEILEN")]
    ZuWenigZeilen {
        /// Lines given.
        anzahl: usize,
    },
    /// An amount that cannot be posted.
    #[error(
        "der Betrag in Zeile {zeile} ist nicht buchbar: nötig sind mehr als 0,00 (auch nach Abzug der Steuer), \
         höchstens zwei Nachkommastellen und höchstens 9999999999,99 EUR, auch als Summe der Seite; größere Beträge auf \
         mehrere Buchungen verteilen"
    )]
    #[strum(serialize = "BUCHUNG_BETRAG_UNGUELTIG")]
    BetragUngueltig {
        /// Number of the line, from 1.
        zeile: usize,
    },
    /// No document.
    #[error(
        "keine Buchung ohne Beleg: die Belegreferenz (beleg) oder ersatzweise ein Grund (grund oder Kopfzeile X-Grund) ist \
         nötig"
    )]
    #[strum(serialize = "BUCHUNG_BELEG_FEHLT")]
    BelegFehlt {},
    /// The stated tax is too far off.
    #[error(
        "die angegebene Steuer {ist} weicht um mehr als 0,05 EUR von der errechneten Steuer {soll} ab; bitte berichtigen oder weglassen"
    )]
    #[strum(serialize = "BUCHUNG_STEUERBETRAG_ABWEICHEND")]
    SteuerbetragAbweichend {
        /// Computed.
        soll: Betrag,
        /// Stated.
        ist: Betrag,
    },
    /// Reversed already.
    #[error("die Buchung ist bereits storniert, durch die Buchung {durch}; bei Bedarf neu erfassen")]
    #[strum(serialize = "BUCHUNG_BEREITS_STORNIERT")]
    BereitsStorniert {
        /// Stream of the Generalumkehr.
        durch: Uuid,
    },
    /// One of its items is settled.
    #[error("der offene Posten von {personenkonto} ist schon ausgeglichen; zuerst den Ausgleich aufheben")]
    #[strum(serialize = "BUCHUNG_OP_AUSGEGLICHEN")]
    OpAusgeglichen {
        /// Debitor or Kreditor.
        personenkonto: String,
        /// The settlements to cancel.
        ausgleiche: Vec<Uuid>,
    },
    /// A Generalumkehr is final.
    #[error("eine Generalumkehr wird nicht storniert; den Vorgang neu erfassen")]
    #[strum(serialize = "BUCHUNG_STORNO_VON_STORNO")]
    StornoVonStorno {},
    /// The origin must be reversed instead.
    #[error("die Buchung stammt aus {typ} {id}; dort stornieren")]
    #[strum(serialize = "BUCHUNG_HERKUNFT_GESPERRT")]
    HerkunftGesperrt {
        /// Aggregate type.
        typ: String,
        /// Its stream.
        id: Uuid,
    },
    /// No such account.
    #[error("das Konto {konto} gibt es nicht; bitte zuerst anlegen oder ein anderes angeben")]
    #[strum(serialize = "KONTO_UNBEKANNT")]
    KontoUnbekannt {
        /// The number.
        konto: String,
    },
    /// Locked or closed account.
    #[error("das Konto {konto} ist gesperrt oder stillgelegt; entsperren oder ein anderes wählen")]
    #[strum(serialize = "KONTO_GESPERRT")]
    KontoGesperrt {
        /// The number.
        konto: String,
    },
    /// Sammelkonto by hand.
    #[error(
        "das Sammelkonto {konto} wird nur über ein Personenkonto bebucht; bitte dessen Debitor oder Kreditor angeben"
    )]
    #[strum(serialize = "KONTO_SAMMELKONTO_DIREKT")]
    SammelkontoDirekt {
        /// The number.
        konto: String,
    },
    /// Tax account by hand.
    #[error(
        "das Steuerkonto {konto} bebucht die Steuerautomatik: den Betrag brutto mit Steuerschlüssel erfassen \
         (von Hand nur mit dem Recht fibu.steuer_manuell und einem Grund)"
    )]
    #[strum(serialize = "KONTO_STEUERKONTO_DIREKT")]
    SteuerkontoDirekt {
        /// The number.
        konto: String,
    },
    /// The account does not take this key.
    #[error("das Konto {konto} lässt den Steuerschlüssel {schluessel} nicht zu; {}", moegliche(.erlaubt))]
    #[strum(serialize = "KONTO_STEUERSCHLUESSEL_UNZULAESSIG")]
    SteuerschluesselUnzulaessig {
        /// The account.
        konto: String,
        /// The key.
        schluessel: String,
        /// The keys it takes.
        erlaubt: Vec<String>,
    },
    /// The account takes nothing without a key.
    #[error("das Konto {konto} verlangt einen Steuerschlüssel; {}", verlangte(.erlaubt, .ohne_steuer))]
    #[strum(serialize = "KONTO_STEUERSCHLUESSEL_FEHLT")]
    SteuerschluesselFehlt {
        /// The account.
        konto: String,
        /// The keys it takes; empty means every key.
        erlaubt: Vec<String>,
        /// Those of them that say that there is no tax.
        ohne_steuer: Vec<String>,
    },
    /// The tax account belongs to other keys.
    #[error(
        "das Steuerkonto {konto} lässt den Steuerschlüssel {schluessel} nicht zu: er bucht seine Steuer auf {}; bitte dieses Konto oder einen anderen Schlüssel angeben",
        .steuerkonten.join(" und ")
    )]
    #[strum(serialize = "KONTO_STEUERSCHLUESSEL_UNZULAESSIG")]
    FremdesSteuerkonto {
        /// The account.
        konto: String,
        /// The key.
        schluessel: String,
        /// The tax accounts of the key.
        steuerkonten: Vec<String>,
    },
    /// The key is no longer used.
    #[error(
        "der Steuerschlüssel {schluessel} ist stillgelegt; {}",
        ersatz(.konto, *.fest)
    )]
    #[strum(serialize = "STEUER_SCHLUESSEL_STILLGELEGT")]
    SchluesselStillgelegt {
        /// The key.
        schluessel: String,
        /// The account of the line.
        konto: String,
        /// True if it is the fixed key of the account.
        fest: bool,
    },
    /// A cost object is missing.
    #[error("das Konto {konto} verlangt eine Kostenstelle; bitte angeben")]
    #[strum(serialize = "KONTO_KOSTENSTELLE_FEHLT")]
    KostenstelleFehlt {
        /// The account.
        konto: String,
    },
    /// A cost object is not allowed.
    #[error("das Konto {konto} lässt keine Kostenstelle und keinen Kostenträger zu; bitte weglassen")]
    #[strum(serialize = "KONTO_KOSTENSTELLE_UNZULAESSIG")]
    KostenstelleUnzulaessig {
        /// The account.
        konto: String,
    },
    /// No account for what is to be posted.
    #[error("für {zweck} mit dem Steuerschlüssel {schluessel} ist kein Konto hinterlegt; bitte im Kontenplan zuordnen")]
    #[strum(serialize = "KONTENFINDUNG_FEHLT")]
    KontenfindungFehlt {
        /// The purpose.
        zweck: String,
        /// The key.
        schluessel: String,
    },
    /// No such key.
    #[error("den Steuerschlüssel {schluessel} gibt es nicht; die gültigen stehen in der Liste der Steuerschlüssel")]
    #[strum(serialize = "STEUER_SCHLUESSEL_UNBEKANNT")]
    SchluesselUnbekannt {
        /// The key.
        schluessel: String,
    },
    /// The key has no rate on that day.
    #[error(
        "der Steuerschlüssel {schluessel} hat am {steuerdatum} keinen Steuersatz; bitte dort einen ab diesem Tag eintragen oder einen anderen Schlüssel wählen"
    )]
    #[strum(serialize = "STEUER_SCHLUESSEL_SATZ_FEHLT")]
    SatzFehlt {
        /// The key.
        schluessel: String,
        /// The day.
        steuerdatum: NaiveDate,
    },
    /// No rate of exchange.
    #[error("für {waehrung} gibt es keinen Kurs; gebucht wird bisher nur in EUR")]
    #[strum(serialize = "WAEHRUNG_KURS_FEHLT")]
    KursFehlt {
        /// The currency.
        waehrung: String,
    },
    /// Locked or closed Debitor.
    #[error(
        "der Debitor {nr} ist gesperrt oder geschlossen; ein gesperrter lässt sich entsperren, ein geschlossener bleibt zu"
    )]
    #[strum(serialize = "DEBITOR_GESPERRT")]
    DebitorGesperrt {
        /// The number.
        nr: String,
    },
    /// Locked or closed Kreditor.
    #[error(
        "der Kreditor {nr} ist gesperrt oder geschlossen; ein gesperrter lässt sich entsperren, ein geschlossener bleibt zu"
    )]
    #[strum(serialize = "KREDITOR_GESPERRT")]
    KreditorGesperrt {
        /// The number.
        nr: String,
    },
    /// No Geschäftsjahr or period for the date.
    #[error("zum Buchungsdatum {buchungsdatum} gibt es keine Periode; zuerst das Geschäftsjahr anlegen")]
    #[strum(serialize = "PERIODE_UNBEKANNT")]
    PeriodeUnbekannt {
        /// The date.
        buchungsdatum: NaiveDate,
    },
    /// The period is locked.
    #[error(
        "die Periode {nr} ist gesperrt; sie öffnen, in einer offenen Periode oder mit dem Recht fibu.periode_gesperrt buchen"
    )]
    #[strum(serialize = "PERIODE_GESPERRT")]
    PeriodeGesperrt {
        /// The period.
        nr: u8,
    },
    /// The Geschäftsjahr of the period takes no vouchers.
    #[error("das Geschäftsjahr {geschaeftsjahr} ist {}", jahresrat(*.status))]
    #[strum(serialize = "PERIODE_GESPERRT")]
    JahrNichtEroeffnet {
        /// The period.
        nr: u8,
        /// Name of the Geschäftsjahr.
        geschaeftsjahr: String,
        /// Its status.
        status: GeschaeftsjahrStatus,
    },
    /// The period is sealed.
    #[error("die Periode {nr} ist festgeschrieben; in einer offenen Periode buchen")]
    #[strum(serialize = "PERIODE_FESTGESCHRIEBEN")]
    PeriodeFestgeschrieben {
        /// The period.
        nr: u8,
    },
}

/// Which keys an account takes.
fn moegliche(erlaubt: &[String]) -> String {
    match erlaubt {
        [] => "es wird ohne Steuerschlüssel bebucht".to_owned(),
        [einer] => format!("erlaubt ist {einer}"),
        mehrere => format!("erlaubt sind {}", mehrere.join(", ")),
    }
}

/// Which key to give, and which where there is no tax.
fn verlangte(erlaubt: &[String], ohne_steuer: &[String]) -> String {
    let welche = match erlaubt {
        [] => "bitte einen aus der Liste der Steuerschlüssel angeben".to_owned(),
        erlaubt => moegliche(erlaubt),
    };
    let benannt = |schluessel: &String| match schluessel.as_str() {
        "UFREI" => "UFREI (steuerfreier Umsatz)".to_owned(),
        "UNST" => "UNST (nicht steuerbarer Umsatz)".to_owned(),
        _ => schluessel.clone(),
    };
    let ohne: Vec<String> = ohne_steuer.iter().map(benannt).collect();
    match ohne.as_slice() {
        [] => welche,
        ohne => format!("{welche}; ohne Steuer: {}", ohne.join(", ")),
    }
}

/// What to do about a key that is no longer used.
fn ersatz(konto: &str, fest: bool) -> String {
    if fest {
        format!("er ist der feste Schlüssel des Kontos {konto}: dem Konto eine neue Steuerregel geben")
    } else {
        "einen anderen wählen".to_owned()
    }
}

/// What is to be done about a Geschäftsjahr that takes no vouchers.
fn jahresrat(status: GeschaeftsjahrStatus) -> &'static str {
    match status {
        GeschaeftsjahrStatus::Abgeschlossen => "abgeschlossen; im laufenden Geschäftsjahr buchen",
        _ => "noch nicht eröffnet; zuerst eröffnen",
    }
}
