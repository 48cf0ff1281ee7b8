//! Ausgleich: a settlement of open items as a reversible fact of its own (fibu 9). It matches items whose signed sum is
//! zero; what is missing to zero (Skonto, a small difference, a loss, the transfer between two Personenkonten) is posted
//! by its Folgebuchung, whose items it settles too. This file holds the state and what a command or event does to it.

mod ausgleichen;
mod folgebuchung;
pub mod skonto;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::ausgleichen::KLEINDIFFERENZ;
pub(in crate::fibu) use self::ausgleichen::verschieden;
pub use self::types::{
    AusgleichCommand, AusgleichError, AusgleichEvent, AusgleichStatus, AusgleichZeile, AusgleichZeileEingabe,
    AusgleichenEingabe, Folgebuchung, OpPosition, Restbehandlung, Umkehr,
};
use super::buchung;
use crate::{
    Aggregate, Context, Decision, Refused, Shared,
    types::{Bereich, Betrag},
};

/// A settled item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AusgleichPosten {
    /// The item.
    pub op_id: Uuid,
    /// The part settled, signed as the item.
    pub betrag: Betrag,
    /// The Skonto in it, signed as the item.
    pub skonto: Option<Betrag>,
    /// True for an item that the Folgebuchung opened.
    pub folge: bool,
}

/// Folded state; serde gives the columns of `fibu.ausgleich`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ausgleich {
    /// Date; the Folgebuchung bears it.
    pub datum: NaiveDate,
    /// Day that decides about Skonto.
    pub wert: NaiveDate,
    /// What happens to the difference.
    pub restbehandlung: Restbehandlung,
    /// Reason.
    pub grund: Option<String>,
    /// True if it only settles a reversed voucher with its reversal, or a correction with its Anzahlung; nobody takes such
    /// a one back by hand.
    pub storno: bool,
    /// What it posted.
    pub folgebuchung_id: Option<Uuid>,
    /// Status.
    pub status: AusgleichStatus,
    /// Date of its cancellation.
    pub aufgehoben_am: Option<NaiveDate>,
    /// Reason of its cancellation.
    pub aufhebungsgrund: Option<String>,
    /// Settled items.
    pub zeilen: Vec<AusgleichPosten>,
}

crate::wire!(Ausgleich, AusgleichCommand => AusgleichEvent | AusgleichError);

/// Result of a step of a decision.
type Ergebnis<T> = Result<T, Refused<AusgleichError>>;

impl Ausgleich {
    fn aufheben(&self, grund: &str, datum: Option<NaiveDate>, ctx: &Context<'_>) -> Decision<Self> {
        let datum = datum.unwrap_or_else(|| ctx.heute());
        if datum < self.datum {
            let text = format!("der Ausgleich ist vom {}; nicht davor aufheben", self.datum);
            return Err(Shared::feld("/datum", text).into());
        }
        buchung::datum_pruefen(datum, "/datum", ctx).map_err(Refused::fremd)?;
        Ok(vec![AusgleichEvent::Aufgehoben {
            grund: grund.to_owned(),
            datum,
            op_ids: self.zeilen.iter().map(|z| z.op_id).collect(),
            umkehr: self.folgebuchung_id.map(|original| Umkehr {
                original,
                durch: ctx.new_id("umkehr"),
            }),
        }])
    }
}

impl Aggregate for Ausgleich {
    const NAME: &'static str = "Ausgleich";
    const TYPE: &'static str = "ausgleich";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "ausgleiche";
    const CREATE: &'static str = "Ausgleichen";
    const INTERNAL: &'static [&'static str] = &["StornoAusgleichen", "StornoAufheben"];
    type Command = AusgleichCommand;
    type Event = AusgleichEvent;
    type Error = AusgleichError;

    fn decide(&self, command: AusgleichCommand, ctx: &Context<'_>) -> Decision<Self> {
        use AusgleichCommand as Cmd;
        use AusgleichStatus::{Aufgehoben, Ausgeglichen, Neu};
        match (self.status, command) {
            (Neu, Cmd::Ausgleichen(eingabe)) => Ok(vec![ausgleichen::ausgleichen(eingabe, ctx)?]),
            (Neu, Cmd::StornoAusgleichen { datum, zeilen, grund }) => {
                Ok(vec![ausgleichen::storno(datum, zeilen, &grund, ctx)?])
            }
            (Ausgeglichen, Cmd::Aufheben { .. }) if self.storno => {
                Err(Shared::status("storno", &["ausgeglichen"]).into())
            }
            (Ausgeglichen, Cmd::Aufheben { grund, datum }) => self.aufheben(&grund, datum, ctx),
            (Ausgeglichen, Cmd::StornoAufheben { grund, datum }) if self.storno => {
                self.aufheben(&grund, Some(datum), ctx)
            }
            (Aufgehoben, Cmd::Aufheben { .. }) => Err(AusgleichError::Aufgehoben {}.into()),
            (Neu, Cmd::Aufheben { .. }) => Err(Shared::status(Neu, &["ausgeglichen"]).into()),
            (status, _) => Err(Shared::status(status, &["neu"]).into()),
        }
    }

    fn evolve(&mut self, event: AusgleichEvent) {
        match event {
            AusgleichEvent::Ausgeglichen {
                datum,
                wert,
                restbehandlung,
                grund,
                storno,
                zeilen,
                folgebuchung,
            } => {
                let folgebuchung_id = folgebuchung.as_ref().map(|f| f.buchung.buchung_id);
                let eigene = folgebuchung.into_iter().flat_map(|f| f.op_positionen);
                let eigene = eigene.map(|p| AusgleichPosten {
                    op_id: p.op_id,
                    betrag: p.betrag,
                    skonto: None,
                    folge: true,
                });
                let gegeben = zeilen.into_iter().map(|z| AusgleichPosten {
                    op_id: z.op_id,
                    betrag: z.betrag,
                    skonto: z.skonto,
                    folge: false,
                });
                *self = Self {
                    datum,
                    wert,
                    restbehandlung,
                    grund,
                    storno,
                    folgebuchung_id,
                    status: AusgleichStatus::Ausgeglichen,
                    aufgehoben_am: None,
                    aufhebungsgrund: None,
                    zeilen: gegeben.chain(eigene).collect(),
                };
            }
            AusgleichEvent::Aufgehoben { grund, datum, .. } => {
                self.status = AusgleichStatus::Aufgehoben;
                self.aufgehoben_am = Some(datum);
                self.aufhebungsgrund = Some(grund);
            }
        }
    }
}
