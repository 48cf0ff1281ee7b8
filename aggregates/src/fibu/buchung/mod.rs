//! Buchung: one balanced voucher of the ledger (fibu 2). Final with its first event: no draft, no change, no delete;
//! it is corrected by a Generalumkehr on a stream of its own, written in the same unit of work. This file holds the
//! state and what a command or event does to it; the rules are in `erfassen` and `storno`.

mod command;
mod erfassen;
mod error;
mod event;
mod op;
mod periode;
mod schluessel;
mod steuer;
mod storno;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Aggregate, Context, Decision, Refused, Shared,
    types::{Bereich, Betrag, Satz},
};

pub use self::{
    command::{BuchungCommand, OpEingabe, Uebernahme, VerteilungEingabe, ZeileEingabe},
    error::BuchungError,
    event::{BuchungEvent, BuchungsPosition, Herkunft, Kontierung, OpBezug},
    types::{Betragsart, BuchungStatus, Buchungsart, OpArt, PostenArt, Seite, Steuerrolle},
};
pub(in crate::fibu) use self::{periode::datum_pruefen, steuer::STEUER_TOLERANZ};

/// Result of a step of a decision.
type Ergebnis<T> = Result<T, Refused<BuchungError>>;

/// Most lines of one voucher; larger ones are split, so that an event stays a readable document.
pub const MAX_ZEILEN: usize = 500;

/// Largest amount of a line and largest sum of the entered lines of one side: 9,999,999,999.99 EUR, as much as a row of
/// the DATEV format holds. Tax that comes on top at most triples it, and a period takes 30,000 vouchers of this size on
/// one account before its columns (numeric(17,2)) are full.
pub const MAX_BETRAG: Betrag = Betrag::cent(999_999_999_999);

/// Most parts of one line's cost split.
pub const MAX_VERTEILUNG: usize = 100;

/// A line of the voucher.
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
    /// Kind of the item.
    pub op_posten: Option<PostenArt>,
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

/// A cost part of a line.
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

/// A remark.
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
            op_posten: op.as_ref().and_then(|op| op.posten),
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
    const INTERNAL: &'static [&'static str] = &["Uebernehmen", "StornoVermerken", "Umkehren"];
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
                    belegnummer: None,
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
                    herkunft: None,
                    zeilen,
                };
                Ok(vec![erfassen::erfassen(eingabe, ctx)?])
            }
            (BuchungStatus::Neu, BuchungCommand::Uebernehmen(uebernahme)) => {
                Ok(vec![erfassen::erfassen(uebernahme.into(), ctx)?])
            }
            // The mark of the Generalumkehr that this mark has asked for comes back.
            (BuchungStatus::Storniert, BuchungCommand::StornoVermerken { durch, .. })
                if self.storniert_durch == Some(durch) =>
            {
                Ok(Vec::new())
            }
            (
                BuchungStatus::Erfasst,
                BuchungCommand::StornoVermerken {
                    durch,
                    grund,
                    buchungsdatum,
                },
            ) => Ok(vec![BuchungEvent::Storniert {
                durch,
                grund: grund.to_string(),
                buchungsdatum,
            }]),
            // And so does the Generalumkehr that was posted first.
            (BuchungStatus::Erfasst, BuchungCommand::Umkehren { original, .. })
                if self.buchungsart == Buchungsart::Generalumkehr && self.herkunft_id == Some(original) =>
            {
                Ok(Vec::new())
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
            (
                status,
                BuchungCommand::Erfassen { .. } | BuchungCommand::Uebernehmen(_) | BuchungCommand::Umkehren { .. },
            ) => Err(Shared::status(status, &["neu"]).into()),
            (status, BuchungCommand::Stornieren { .. } | BuchungCommand::StornoVermerken { .. }) => {
                Err(Shared::status(status, &["erfasst"]).into())
            }
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
