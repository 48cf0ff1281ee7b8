//! What a user may ask for, and a line as he enters it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Betragsart, Buchungsart, Herkunft, PostenArt, Seite};
use crate::{
    dienste::nummernkreis::Belegnummer,
    fibu::zahlungsbedingung::{Skonto, SkontofreierTeil},
    types::{Betrag, Dezimal, Text},
};

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
    /// Amount in EUR: positive, at most two decimals, at most 9999999999.99; so much at most is also the sum of all lines
    /// of a side.
    pub betrag: Dezimal,
    /// Net or gross; gross if absent.
    pub betragsart: Option<Betragsart>,
    /// Tax key.
    pub schluessel: Option<Text<10>>,
    /// Day whose rate of the key holds, for corrections of an earlier supply; steuerdatum if absent.
    pub satzdatum: Option<NaiveDate>,
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
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpEingabe {
    /// Kind; follows from the kind of the voucher and the side if absent.
    pub art: Option<PostenArt>,
    /// Due date; by the terms of payment if absent, else the date of the document.
    pub faellig: Option<NaiveDate>,
    /// Terms of payment; due date and Skonto are computed from them if neither is named.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Steps of Skonto, at most two, the second later and lower.
    #[serde(default)]
    pub skonto: Vec<Skonto>,
    /// What earns no Skonto, per tax key of the voucher.
    #[serde(default)]
    pub skontofrei: Vec<SkontofreierTeil>,
}

impl ZeileEingabe {
    /// A line of an account, gross and without a key of its own.
    #[must_use]
    pub fn konto(nr: &str, seite: Seite, betrag: Betrag) -> Self {
        Self {
            konto: Some(Text::cut(nr)),
            ..Self::leer(seite, betrag)
        }
    }

    /// A line of a Debitor or Kreditor.
    #[must_use]
    pub fn personenkonto(nr: &str, seite: Seite, betrag: Betrag) -> Self {
        Self {
            personenkonto: Some(Text::cut(nr)),
            ..Self::leer(seite, betrag)
        }
    }

    fn leer(seite: Seite, betrag: Betrag) -> Self {
        Self {
            konto: None,
            personenkonto: None,
            seite,
            betrag: Dezimal(betrag.as_decimal()),
            betragsart: None,
            schluessel: None,
            satzdatum: None,
            steuerbetrag: None,
            ohne_automatik: false,
            kst: None,
            ktr: None,
            verteilung: Vec::new(),
            op: None,
            text: None,
        }
    }
}

/// A voucher that another aggregate posts in its own unit of work; the fields are those of `Erfassen`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uebernahme {
    /// Where it comes from; it is reversed there.
    pub herkunft: Herkunft,
    /// The number that the origin has drawn for its document; the voucher bears it too.
    pub belegnummer: Option<Belegnummer>,
    /// Nummernkreis; a number of it is drawn if none is given.
    pub belegkreis: Text<12>,
    /// Date on the document.
    pub belegdatum: NaiveDate,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Day that decides rate and VAT period; belegdatum if absent.
    pub steuerdatum: Option<NaiveDate>,
    /// Only 0 and 13 are named.
    pub periode: Option<u8>,
    /// Kind.
    pub buchungsart: Option<Buchungsart>,
    /// Text.
    pub text: Text<200>,
    /// Currency; EUR if absent.
    pub waehrung: Option<Text<3>>,
    /// Reference of the document; the origin is document enough.
    pub beleg: Option<Text<36>>,
    /// Reason.
    pub grund: Option<Text<500>>,
    /// Lines.
    pub zeilen: Vec<ZeileEingabe>,
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
    /// Posts the voucher of another aggregate in that one's unit of work.
    Uebernehmen(Uebernahme),
    /// Marks a voucher as reversed by the Generalumkehr that its origin asked for.
    StornoVermerken {
        /// Stream of the Generalumkehr.
        durch: Uuid,
        /// Why.
        grund: Text<500>,
        /// Date of the reversal.
        buchungsdatum: NaiveDate,
    },
    /// Posts the Generalumkehr of a voucher: one that was reversed in the same unit of work, or one whose origin asks.
    Umkehren {
        /// The reversed voucher.
        original: Uuid,
        /// Why.
        grund: Text<500>,
        /// Date of the reversal.
        buchungsdatum: NaiveDate,
    },
}
