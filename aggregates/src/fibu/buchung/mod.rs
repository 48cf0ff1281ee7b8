//! Buchung: one balanced voucher of the ledger (fibu 2). Final with its first event: no draft, no change, no delete;
//! it is corrected by a Generalumkehr on a stream of its own, written in the same unit of work.

mod erfassen;
mod periode;
mod steuer;
mod storno;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Refused, Shared,
    dienste::nummernkreis::Belegnummer,
    types::{Bereich, Betrag, Dezimal, Satz, Text},
};

/// Result of a step of a decision.
type Ergebnis<T> = Result<T, Refused<BuchungError>>;

/// Most lines of one voucher; larger ones are split, so that an event stays a readable document.
pub const MAX_ZEILEN: usize = 500;

/// Most parts of one line's cost split.
pub const MAX_VERTEILUNG: usize = 100;

/// Status of a Buchung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BuchungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// In the ledger.
    Erfasst,
    /// Reversed by a Generalumkehr.
    Storniert,
}

/// Side of a line.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Seite {
    /// Debit.
    #[default]
    Soll,
    /// Credit.
    Haben,
}

impl Seite {
    /// The other side.
    #[must_use]
    pub const fn gegenseite(self) -> Self {
        match self {
            Self::Soll => Self::Haben,
            Self::Haben => Self::Soll,
        }
    }

    /// The amount's part in `saldo = Soll − Haben`.
    #[must_use]
    pub fn signed(self, betrag: Betrag) -> Betrag {
        match self {
            Self::Soll => betrag,
            Self::Haben => -betrag,
        }
    }
}

/// Kind of a voucher.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Buchungsart {
    /// Entered by hand.
    #[default]
    Manuell,
    /// Outgoing invoice.
    Rechnung,
    /// Incoming invoice.
    Eingangsrechnung,
    /// Settlement to a supplier (Gutschriftsverfahren).
    Abrechnung,
    /// Advance payment.
    Anzahlung,
    /// Payment.
    Zahlung,
    /// What follows a settlement of open items.
    Ausgleich,
    /// Valued stock move.
    Warenbewegung,
    /// Currency valuation at a Stichtag.
    Kursbewertung,
    /// Transfer between accounts.
    Umbuchung,
    /// Closing entry; the only kind in period 13.
    Abschluss,
    /// Opening balances; the only kind in period 0.
    Saldenvortrag,
    /// Reversal with negated amounts.
    Generalumkehr,
}

/// How a line's amount is meant when its key has a tax rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Betragsart {
    /// Without tax.
    Netto,
    /// With tax.
    #[default]
    Brutto,
}

/// What a line is for the tax ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Steuerrolle {
    /// Assessment base of its key.
    Basis,
    /// Tax of its key.
    Steuer,
    /// Nothing.
    #[default]
    Keine,
}

/// What a line does to the open items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OpArt {
    /// Opens an item.
    Neu,
    /// None: carried-forward balances, the items live on untouched.
    Keiner,
}

/// A line as the user enters it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZeileEingabe {
    /// Account; exactly one of konto and personenkonto.
    pub konto: Option<Text<8>>,
    /// Debitor or Kreditor; its Sammelkonto is posted.
    pub personenkonto: Option<Text<9>>,
    /// Side.
    pub seite: Seite,
    /// Amount in EUR, positive, at most two decimals.
    pub betrag: Dezimal,
    /// Net or gross; gross if absent.
    pub betragsart: Option<Betragsart>,
    /// Tax key.
    pub schluessel: Option<Text<10>>,
    /// The tax as stated on the document; it is booked if it differs by at most 0.05 per key.
    pub steuerbetrag: Option<Dezimal>,
    /// Switches the fixed key of an automatic account off; the voucher then needs a grund.
    #[serde(default)]
    pub ohne_automatik: bool,
    /// Kostenstelle.
    pub kst: Option<Text<20>>,
    /// Kostenträger.
    pub ktr: Option<Text<20>>,
    /// Split over several cost objects, in the entered amount; instead of kst and ktr.
    #[serde(default)]
    pub verteilung: Vec<VerteilungEingabe>,
    /// Terms of the open item of a personenkonto.
    pub op: Option<OpEingabe>,
    /// Text of the line.
    pub text: Option<Text<200>>,
}

/// A part of a line's cost split.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerteilungEingabe {
    /// Kostenstelle.
    pub kst: Option<Text<20>>,
    /// Kostenträger.
    pub ktr: Option<Text<20>>,
    /// Its part of the line's entered amount.
    pub betrag: Dezimal,
}

/// Terms of an open item.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpEingabe {
    /// Due date.
    pub faellig: Option<NaiveDate>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum BuchungCommand {
    /// Posts a balanced voucher. Tax lines are generated from the keys.
    Erfassen {
        /// Nummernkreis, e.g. `KA`, `BK`, `MB`.
        belegkreis: Text<12>,
        /// Date on the document.
        belegdatum: NaiveDate,
        /// Date in the ledger; decides year, period and number.
        buchungsdatum: NaiveDate,
        /// Day that decides rate and VAT period; belegdatum if absent.
        steuerdatum: Option<NaiveDate>,
        /// Only 0 (opening) and 13 (closing) are named; 1 to 12 follow from the date.
        periode: Option<u8>,
        /// Kind; manuell, or what period 0 and 13 prescribe, if absent.
        buchungsart: Option<Buchungsart>,
        /// Text.
        text: Text<200>,
        /// Currency; EUR if absent, the only one so far.
        waehrung: Option<Text<3>>,
        /// Reference of the document, e.g. the supplier's invoice number.
        beleg: Option<Text<36>>,
        /// Reason, where there is no document or a rule is set aside.
        grund: Option<Text<500>>,
        /// Lines.
        zeilen: Vec<ZeileEingabe>,
    },
    /// Reverses the voucher by a Generalumkehr.
    Stornieren {
        /// Why.
        grund: Text<500>,
        /// Date of the reversal; today if absent.
        buchungsdatum: Option<NaiveDate>,
    },
    /// Adds a remark; the only way to "change a text".
    VermerkHinzufuegen {
        /// The remark.
        text: Text<1000>,
        /// A document of the archive.
        dokument_id: Option<Uuid>,
    },
    /// Posts the Generalumkehr of a voucher that was reversed in the same unit of work.
    Umkehren {
        /// The reversed voucher.
        original: Uuid,
        /// Why.
        grund: Text<500>,
        /// Date of the reversal.
        buchungsdatum: NaiveDate,
    },
}

/// Where a voucher comes from, if not from a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Herkunft {
    /// Aggregate type, e.g. `rechnung`.
    pub typ: String,
    /// Its stream.
    pub id: Uuid,
}

/// A cost part of a ledger line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kontierung {
    /// Running number within the line.
    pub lfd: i32,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// Its part; all parts of a line sum to the line.
    pub betrag: Betrag,
}

/// What a ledger line does to the open items, with the terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpBezug {
    /// Opens an item or none.
    pub art: OpArt,
    /// Due date.
    pub faellig: Option<NaiveDate>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
}

/// A ledger line as decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuchungsPosition {
    /// Number within the voucher, from 1.
    pub nr: i32,
    /// Account; for a personenkonto its Sammelkonto.
    pub konto: String,
    /// Debitor or Kreditor.
    pub personenkonto: Option<String>,
    /// Side.
    pub seite: Seite,
    /// Amount, negative only in a Generalumkehr.
    pub betrag: Betrag,
    /// Tax key.
    pub steuerschluessel: Option<String>,
    /// Rate that was applied.
    pub steuersatz: Option<Satz>,
    /// Role for the tax ledger.
    pub steuerrolle: Steuerrolle,
    /// Cost split; empty without a cost object, else it sums to the amount.
    pub kontierung: Vec<Kontierung>,
    /// Open item.
    pub op_bezug: Option<OpBezug>,
    /// Account of the single entered line on the other side, if there is just one.
    pub gegenkonto: Option<String>,
    /// Text of the line.
    pub text: Option<String>,
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every event of the aggregate is the large one"
)]
pub enum BuchungEvent {
    /// The voucher is in the ledger, with all generated lines.
    Erfasst {
        /// Its number.
        belegnummer: Belegnummer,
        /// Date on the document.
        belegdatum: NaiveDate,
        /// Date in the ledger.
        buchungsdatum: NaiveDate,
        /// Geschäftsjahr.
        geschaeftsjahr_id: Uuid,
        /// First day of the Geschäftsjahr.
        geschaeftsjahr_beginn: NaiveDate,
        /// Period 0 to 13.
        periode: u8,
        /// Day that decides rate and VAT period.
        steuerdatum: NaiveDate,
        /// Kind.
        buchungsart: Buchungsart,
        /// Text.
        text: String,
        /// Currency.
        waehrung: String,
        /// Reference of the document.
        beleg: Option<String>,
        /// Reason.
        grund: Option<String>,
        /// Where it comes from.
        herkunft: Option<Herkunft>,
        /// All lines.
        positionen: Vec<BuchungsPosition>,
    },
    /// Reversed.
    Storniert {
        /// Stream of the Generalumkehr.
        durch: Uuid,
        /// Why.
        grund: String,
        /// Date of the reversal.
        buchungsdatum: NaiveDate,
    },
    /// A remark.
    VermerkHinzugefuegt {
        /// Number within the voucher, from 1.
        nr: i32,
        /// The remark.
        text: String,
        /// A document of the archive.
        dokument_id: Option<Uuid>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum BuchungError {
    /// Soll and Haben differ.
    #[error("Soll und Haben gehen nicht auf: Soll − Haben = {differenz} EUR (Steuerzeilen eingerechnet)")]
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
        "der Betrag in Zeile {zeile} ist nicht buchbar: nötig sind mehr als 0,00 (auch nach Abzug der Steuer) und \
         höchstens zwei Nachkommastellen"
    )]
    #[strum(serialize = "BUCHUNG_BETRAG_UNGUELTIG")]
    BetragUngueltig {
        /// Number of the line, from 1.
        zeile: usize,
    },
    /// No document.
    #[error("keine Buchung ohne Beleg: die Belegreferenz (beleg) oder ersatzweise ein Grund (grund) ist nötig")]
    #[strum(serialize = "BUCHUNG_BELEG_FEHLT")]
    BelegFehlt {},
    /// The stated tax is too far off.
    #[error("die angegebene Steuer {ist} weicht um mehr als 0,05 EUR von der errechneten Steuer {soll} ab")]
    #[strum(serialize = "BUCHUNG_STEUERBETRAG_ABWEICHEND")]
    SteuerbetragAbweichend {
        /// Computed.
        soll: Betrag,
        /// Stated.
        ist: Betrag,
    },
    /// Reversed already.
    #[error("die Buchung ist bereits storniert, durch die Buchung {durch}")]
    #[strum(serialize = "BUCHUNG_BEREITS_STORNIERT")]
    BereitsStorniert {
        /// Stream of the Generalumkehr.
        durch: Uuid,
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
    #[error("das Konto {konto} gibt es nicht")]
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
    #[error("das Sammelkonto {konto} wird nur über ein Personenkonto bebucht")]
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
    #[error("das Konto {konto} lässt den Steuerschlüssel {schluessel} nicht zu")]
    #[strum(serialize = "KONTO_STEUERSCHLUESSEL_UNZULAESSIG")]
    SteuerschluesselUnzulaessig {
        /// The account.
        konto: String,
        /// The key.
        schluessel: String,
    },
    /// A cost object is missing.
    #[error("das Konto {konto} verlangt eine Kostenstelle")]
    #[strum(serialize = "KONTO_KOSTENSTELLE_FEHLT")]
    KostenstelleFehlt {
        /// The account.
        konto: String,
    },
    /// A cost object is not allowed.
    #[error("das Konto {konto} lässt keine Kostenstelle und keinen Kostenträger zu")]
    #[strum(serialize = "KONTO_KOSTENSTELLE_UNZULAESSIG")]
    KostenstelleUnzulaessig {
        /// The account.
        konto: String,
    },
    /// No account for what is to be posted.
    #[error("für {zweck} mit dem Steuerschlüssel {schluessel} ist kein Konto hinterlegt")]
    #[strum(serialize = "KONTENFINDUNG_FEHLT")]
    KontenfindungFehlt {
        /// The purpose.
        zweck: String,
        /// The key.
        schluessel: String,
    },
    /// No such key.
    #[error("den Steuerschlüssel {schluessel} gibt es nicht")]
    #[strum(serialize = "STEUER_SCHLUESSEL_UNBEKANNT")]
    SchluesselUnbekannt {
        /// The key.
        schluessel: String,
    },
    /// The key has no rate on that day.
    #[error("der Steuerschlüssel {schluessel} hat am {steuerdatum} keinen Steuersatz")]
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
    #[error("der Debitor {nr} ist gesperrt oder geschlossen")]
    #[strum(serialize = "DEBITOR_GESPERRT")]
    DebitorGesperrt {
        /// The number.
        nr: String,
    },
    /// Locked or closed Kreditor.
    #[error("der Kreditor {nr} ist gesperrt oder geschlossen")]
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
    #[error("die Periode {periode} ist gesperrt oder ihr Geschäftsjahr ist nicht eröffnet")]
    #[strum(serialize = "PERIODE_GESPERRT")]
    PeriodeGesperrt {
        /// The period.
        periode: u8,
    },
    /// The period is sealed.
    #[error("die Periode {periode} ist festgeschrieben; in einer offenen Periode buchen")]
    #[strum(serialize = "PERIODE_FESTGESCHRIEBEN")]
    PeriodeFestgeschrieben {
        /// The period.
        periode: u8,
    },
}

/// A line of the voucher: row of `fibu.buchung_position`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Number within the voucher.
    pub nr: i32,
    /// Account.
    pub konto: String,
    /// Debitor or Kreditor.
    pub personenkonto: Option<String>,
    /// Side.
    pub seite: Seite,
    /// Amount.
    pub betrag: Betrag,
    /// Tax key.
    pub steuerschluessel: Option<String>,
    /// Rate.
    pub steuersatz: Option<Satz>,
    /// Role for the tax ledger.
    pub steuerrolle: Steuerrolle,
    /// Opens an item or none; absent without a personenkonto.
    pub op_art: Option<OpArt>,
    /// Due date of the item.
    pub op_faellig: Option<NaiveDate>,
    /// Terms of payment of the item.
    pub op_zahlungsbedingung_id: Option<Uuid>,
    /// Account on the other side, if there is just one.
    pub gegenkonto: Option<String>,
    /// Text of the line.
    pub text: Option<String>,
    /// Cost split.
    pub kontierung: Vec<KontierungsZeile>,
}

/// A cost part of a line: row of `fibu.buchung_kontierung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KontierungsZeile {
    /// Running number within the line.
    pub lfd: i32,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// Its part.
    pub betrag: Betrag,
}

/// A remark: row of `fibu.buchung_vermerk`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vermerk {
    /// Number within the voucher.
    pub nr: i32,
    /// The remark.
    pub text: String,
    /// A document of the archive.
    pub dokument_id: Option<Uuid>,
}

/// Folded state; serde gives the columns of `fibu.buchung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Buchung {
    /// Printed number.
    pub belegnummer: String,
    /// Nummernkreis.
    pub belegkreis: String,
    /// Year of the number.
    pub jahr: i32,
    /// Running number.
    pub lfd: i64,
    /// Date on the document.
    pub belegdatum: NaiveDate,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Geschäftsjahr.
    pub geschaeftsjahr_id: Uuid,
    /// Period 0 to 13.
    pub periode: u8,
    /// Day that decides rate and VAT period.
    pub steuerdatum: NaiveDate,
    /// Kind.
    pub buchungsart: Buchungsart,
    /// Text.
    pub text: String,
    /// Currency.
    pub waehrung: String,
    /// Reference of the document.
    pub beleg: Option<String>,
    /// Reason.
    pub grund: Option<String>,
    /// Aggregate type it comes from.
    pub herkunft_typ: Option<String>,
    /// Stream it comes from.
    pub herkunft_id: Option<Uuid>,
    /// Stream of its Generalumkehr.
    pub storniert_durch: Option<Uuid>,
    /// Status.
    pub status: BuchungStatus,
    /// Sum of the Soll side.
    pub summe: Betrag,
    /// Lines.
    pub positionen: Vec<Position>,
    /// Remarks.
    pub vermerke: Vec<Vermerk>,
}

crate::wire!(Buchung, BuchungCommand => BuchungEvent | BuchungError);

impl From<BuchungsPosition> for Position {
    fn from(position: BuchungsPosition) -> Self {
        let op = position.op_bezug;
        Self {
            nr: position.nr,
            konto: position.konto,
            personenkonto: position.personenkonto,
            seite: position.seite,
            betrag: position.betrag,
            steuerschluessel: position.steuerschluessel,
            steuersatz: position.steuersatz,
            steuerrolle: position.steuerrolle,
            op_art: op.as_ref().map(|op| op.art),
            op_faellig: op.as_ref().and_then(|op| op.faellig),
            op_zahlungsbedingung_id: op.and_then(|op| op.zahlungsbedingung_id),
            gegenkonto: position.gegenkonto,
            text: position.text,
            kontierung: position
                .kontierung
                .into_iter()
                .map(|k| KontierungsZeile {
                    lfd: k.lfd,
                    kst: k.kst,
                    ktr: k.ktr,
                    betrag: k.betrag,
                })
                .collect(),
        }
    }
}

impl Aggregate for Buchung {
    const NAME: &'static str = "Buchung";
    const TYPE: &'static str = "buchung";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "buchungen";
    const CREATE: &'static str = "Erfassen";
    const INTERNAL: &'static [&'static str] = &["Umkehren"];
    type Command = BuchungCommand;
    type Event = BuchungEvent;
    type Error = BuchungError;

    fn decide(&self, command: BuchungCommand, ctx: &Context<'_>) -> Decision<Self> {
        match (self.status, command) {
            (
                BuchungStatus::Neu,
                BuchungCommand::Erfassen {
                    belegkreis,
                    belegdatum,
                    buchungsdatum,
                    steuerdatum,
                    periode,
                    buchungsart,
                    text,
                    waehrung,
                    beleg,
                    grund,
                    zeilen,
                },
            ) => {
                let eingabe = erfassen::Eingabe {
                    belegkreis,
                    belegdatum,
                    buchungsdatum,
                    steuerdatum: steuerdatum.unwrap_or(belegdatum),
                    periode,
                    buchungsart,
                    text,
                    waehrung,
                    beleg,
                    grund,
                    zeilen,
                };
                Ok(vec![erfassen::erfassen(eingabe, ctx)?])
            }
            (
                BuchungStatus::Neu,
                BuchungCommand::Umkehren {
                    original,
                    grund,
                    buchungsdatum,
                },
            ) => Ok(vec![storno::umkehren(original, &grund, buchungsdatum, ctx)?]),
            (
                BuchungStatus::Erfasst | BuchungStatus::Storniert,
                BuchungCommand::Stornieren { grund, buchungsdatum },
            ) => Ok(vec![storno::stornieren(self, &grund, buchungsdatum, ctx)?]),
            (
                BuchungStatus::Erfasst | BuchungStatus::Storniert,
                BuchungCommand::VermerkHinzufuegen { text, dokument_id },
            ) => Ok(vec![BuchungEvent::VermerkHinzugefuegt {
                nr: i32::try_from(self.vermerke.len()).unwrap_or(i32::MAX).saturating_add(1),
                text: text.to_string(),
                dokument_id,
            }]),
            (status, BuchungCommand::Erfassen { .. } | BuchungCommand::Umkehren { .. }) => {
                Err(Shared::status(status, &["neu"]).into())
            }
            (status, BuchungCommand::Stornieren { .. }) => Err(Shared::status(status, &["erfasst"]).into()),
            (status, BuchungCommand::VermerkHinzufuegen { .. }) => {
                Err(Shared::status(status, &["erfasst", "storniert"]).into())
            }
        }
    }

    fn evolve(&mut self, event: BuchungEvent) {
        match event {
            BuchungEvent::Erfasst {
                belegnummer,
                belegdatum,
                buchungsdatum,
                geschaeftsjahr_id,
                geschaeftsjahr_beginn: _,
                periode,
                steuerdatum,
                buchungsart,
                text,
                waehrung,
                beleg,
                grund,
                herkunft,
                positionen,
            } => {
                let soll = positionen.iter().filter(|p| p.seite == Seite::Soll);
                *self = Self {
                    belegnummer: belegnummer.text,
                    belegkreis: belegnummer.kreis,
                    jahr: belegnummer.jahr,
                    lfd: belegnummer.lfd,
                    belegdatum,
                    buchungsdatum,
                    geschaeftsjahr_id,
                    periode,
                    steuerdatum,
                    buchungsart,
                    text,
                    waehrung,
                    beleg,
                    grund,
                    herkunft_typ: herkunft.as_ref().map(|h| h.typ.clone()),
                    herkunft_id: herkunft.map(|h| h.id),
                    storniert_durch: None,
                    status: BuchungStatus::Erfasst,
                    summe: soll.map(|p| p.betrag).sum(),
                    positionen: positionen.into_iter().map(Position::from).collect(),
                    vermerke: Vec::new(),
                };
            }
            BuchungEvent::Storniert { durch, .. } => {
                self.storniert_durch = Some(durch);
                self.status = BuchungStatus::Storniert;
            }
            BuchungEvent::VermerkHinzugefuegt { nr, text, dokument_id } => {
                self.vermerke.push(Vermerk { nr, text, dokument_id });
            }
        }
    }

    fn nummer(&self) -> Option<String> {
        match self.status {
            BuchungStatus::Neu => None,
            _ => Some(self.belegnummer.clone()),
        }
    }
}
