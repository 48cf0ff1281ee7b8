//! Zahlung: a movement of money on a partner (fibu 4). Booking it posts Geldkonto and Personenkonto, opens the item of
//! the payment and settles the items it is assigned to; what is not assigned stays as an open credit. This file holds
//! the state and what a command or event does to it; the rules are in `erfassen`, `buchen` and `rueckgabe`.

mod buchen;
mod erfassen;
mod rueckgabe;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::types::{
    Geldbeleg, Richtung, ZahlungCommand, ZahlungErfassen, ZahlungError, ZahlungEvent, ZahlungStatus, Zahlungszuordnung,
    ZahlungszuordnungEingabe,
};
use super::{OffenerPosten, ausgleich::Restbehandlung};
use crate::{
    Aggregate, Context, Decision, Refused, Shared,
    types::{Bereich, Betrag},
};

/// Result of a step of a decision.
type Ergebnis<T> = Result<T, Refused<ZahlungError>>;

/// Position of the Personenkonto in the voucher of a payment.
const POSITION_PERSONENKONTO: i32 = 1;

/// Folded state; serde gives the columns of `fibu.zahlung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Zahlung {
    /// In or out.
    pub richtung: Richtung,
    /// Own account.
    pub geldkonto_id: Uuid,
    /// Debitor or Kreditor.
    pub personenkonto: String,
    /// Amount.
    pub betrag: Betrag,
    /// Currency.
    pub waehrung: String,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Day the money was there.
    pub wertstellung: NaiveDate,
    /// Purpose.
    pub zweck: Option<String>,
    /// What happens to a difference.
    pub restbehandlung: Restbehandlung,
    /// Its voucher, once booked.
    pub buchung_id: Option<Uuid>,
    /// Its first settlement.
    pub ausgleich_id: Option<Uuid>,
    /// The voucher of its return or reversal.
    pub gegenbuchung_id: Option<Uuid>,
    /// Reason code of its return, e.g. `AC04`.
    pub grund_code: Option<String>,
    /// Status.
    pub status: ZahlungStatus,
    /// The items it is for.
    pub zuordnungen: Vec<Zahlungszuordnung>,
}

crate::wire!(Zahlung, ZahlungCommand => ZahlungEvent | ZahlungError);

impl Zahlung {
    /// The item that a booked payment opened.
    fn op_id(&self, ctx: &Context<'_>) -> Option<Uuid> {
        self.buchung_id
            .map(|buchung| OffenerPosten::stream_id(ctx.frame.mandant_id, buchung, POSITION_PERSONENKONTO))
    }
}

impl Aggregate for Zahlung {
    const NAME: &'static str = "Zahlung";
    const TYPE: &'static str = "zahlung";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "zahlungen";
    const CREATE: &'static str = "Erfassen";
    type Command = ZahlungCommand;
    type Event = ZahlungEvent;
    type Error = ZahlungError;

    fn decide(&self, command: ZahlungCommand, ctx: &Context<'_>) -> Decision<Self> {
        use ZahlungCommand as Cmd;
        use ZahlungStatus::{Erfasst, Gebucht, Neu};
        let event = match (self.status, command) {
            (Neu, Cmd::Erfassen(eingabe)) => erfassen::erfassen(eingabe, ctx)?,
            (Erfasst, Cmd::Buchen {}) => buchen::buchen(self, ctx)?,
            (
                Gebucht,
                Cmd::Zurueckgeben {
                    grund_code,
                    buchungsdatum,
                    gebuehr,
                    weiterbelasten,
                },
            ) => rueckgabe::zurueckgeben(self, &grund_code, buchungsdatum, gebuehr, weiterbelasten, ctx)?,
            (Erfasst | Gebucht, Cmd::Stornieren { grund, buchungsdatum }) => {
                rueckgabe::stornieren(self, &grund, buchungsdatum, ctx)?
            }
            (status, Cmd::Erfassen(_)) => return Err(Shared::status(status, &["neu"]).into()),
            (status, Cmd::Buchen {}) => return Err(Shared::status(status, &["erfasst"]).into()),
            (status, Cmd::Zurueckgeben { .. }) => return Err(Shared::status(status, &["gebucht"]).into()),
            (status, Cmd::Stornieren { .. }) => return Err(Shared::status(status, &["erfasst", "gebucht"]).into()),
        };
        Ok(vec![event])
    }

    fn evolve(&mut self, event: ZahlungEvent) {
        match event {
            ZahlungEvent::Erfasst {
                richtung,
                geldkonto_id,
                personenkonto,
                betrag,
                waehrung,
                buchungsdatum,
                wertstellung,
                zweck,
                restbehandlung,
                zuordnungen,
            } => {
                *self = Self {
                    richtung,
                    geldkonto_id,
                    personenkonto,
                    betrag,
                    waehrung,
                    buchungsdatum,
                    wertstellung,
                    zweck,
                    restbehandlung,
                    buchung_id: None,
                    ausgleich_id: None,
                    gegenbuchung_id: None,
                    grund_code: None,
                    status: ZahlungStatus::Erfasst,
                    zuordnungen,
                };
            }
            ZahlungEvent::Gebucht {
                beleg, ausgleich_id, ..
            } => {
                self.buchung_id = Some(beleg.buchung.buchung_id);
                self.ausgleich_id = ausgleich_id;
                self.status = ZahlungStatus::Gebucht;
            }
            ZahlungEvent::Zurueckgegeben { grund_code, beleg, .. } => {
                self.gegenbuchung_id = Some(beleg.buchung.buchung_id);
                self.grund_code = Some(grund_code);
                self.status = ZahlungStatus::Zurueckgegeben;
            }
            ZahlungEvent::Storniert { umkehr, .. } => {
                self.gegenbuchung_id = umkehr.map(|u| u.durch);
                self.status = ZahlungStatus::Storniert;
            }
        }
    }
}
