//! Kreditlinie: the only place that decides whether a customer has credit left (crm C1). Limits are valid in time and
//! released by a second person; documents use the line without being counted twice on their way from order over
//! delivery to open item.

mod belegung;
mod command;
mod error;
mod event;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::KreditlinieCommand;
pub use error::KreditlinieError;
pub use event::KreditlinieEvent;
pub use types::{KreditBeleg, KreditBelegTyp, KreditBelegung, KreditGrund, KreditStatus, Kreditlimit, Obligo};

use crate::{
    Aggregate, Context, Decision, Shared,
    context::stream_id,
    fibu::partner::HAUSWAEHRUNG,
    geschaeftspartner::{self, platz_fuer},
    types::{Bereich, Betrag, Dezimal},
};

/// Folded state; serde gives the columns of `crm.kreditlinie`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kreditlinie {
    /// The customer.
    pub kunde_id: Uuid,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// What the documents use.
    pub obligo: Betrag,
    /// What waits.
    pub vorgemerkt: Betrag,
    /// Status.
    pub status: KreditStatus,
    /// Limits.
    pub limits: Vec<Kreditlimit>,
    /// Documents.
    pub belegungen: Vec<KreditBelegung>,
}

crate::wire!(Kreditlinie, KreditlinieCommand => KreditlinieEvent | KreditlinieError);

impl Kreditlinie {
    /// The stream of a customer's line.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid, kunde_id: Uuid) -> Uuid {
        stream_id(mandant_id, Self::TYPE, &kunde_id.to_string())
    }

    /// The limit on a day: of those released that hold then, the one that began last; 0 without one.
    pub fn limit(&self, am: NaiveDate) -> Betrag {
        self.limit_am(am).map_or(Betrag::NULL, |l| l.betrag)
    }

    /// The limit that holds on a day.
    pub fn limit_am(&self, am: NaiveDate) -> Option<&Kreditlimit> {
        self.limits.iter().filter(|l| l.gilt(am)).max_by_key(|l| l.gueltig_ab)
    }

    /// What the documents use.
    pub fn obligo(&self) -> Betrag {
        self.obligo
    }

    /// The obligo by its parts.
    pub fn teile(&self) -> Obligo {
        let teil = |typ: &dyn Fn(KreditBelegTyp) -> bool| {
            let zeilen = self.belegungen.iter().filter(|b| typ(b.beleg_typ));
            zeilen.map(|b| b.belegt).sum()
        };
        Obligo {
            offene_posten: teil(&|t| t == KreditBelegTyp::Op),
            lieferungen: teil(&|t| t == KreditBelegTyp::Lieferung),
            auftraege: teil(&|t| t == KreditBelegTyp::Auftrag),
            guthaben: teil(&KreditBelegTyp::guthaben),
        }
    }

    /// What is left on a day; below zero if more is used than the limit allows.
    pub fn frei(&self, am: NaiveDate) -> Betrag {
        self.limit(am) - self.obligo
    }

    /// True if an order over an amount would fit.
    pub fn passt(&self, betrag: Betrag, am: NaiveDate) -> bool {
        betrag <= self.frei(am)
    }

    /// The status by the limit of a day.
    pub fn status_am(&self, am: NaiveDate) -> KreditStatus {
        if self.abgelaufen(am) {
            KreditStatus::Abgelaufen
        } else if self.frei(am) <= Betrag::NULL || !self.vorgemerkt.is_null() {
            KreditStatus::Ausgeschoepft
        } else {
            KreditStatus::ImRahmen
        }
    }

    /// True if no limit holds on a day, but one did before.
    fn abgelaufen(&self, am: NaiveDate) -> bool {
        let vorbei = |l: &Kreditlimit| l.freigegeben_von.is_some() && l.gueltig_bis.is_some_and(|bis| bis < am);
        self.limit_am(am).is_none() && self.limits.iter().any(vorbei)
    }

    fn limit_setzen(&self, command: KreditlinieCommand, ctx: &Context<'_>) -> Decision<Self> {
        let KreditlinieCommand::LimitSetzen {
            betrag,
            gueltig_ab,
            gueltig_bis,
            sicherheit,
        } = command
        else {
            return Err(Shared::status(self.status, &["neu"]).into());
        };
        if betrag < Dezimal::default() {
            return Err(KreditlinieError::LimitNegativ { betrag }.into());
        }
        geschaeftspartner::zeitraum(gueltig_ab, gueltig_bis, "/gueltig_bis")?;
        nicht_abgelaufen(gueltig_bis, ctx)?;
        platz_fuer(&self.limits, "/betrag", "Limits")?;
        Ok(vec![KreditlinieEvent::LimitGesetzt {
            nr: self.limits.iter().map(|l| l.nr).max().unwrap_or(0) + 1,
            betrag: belegung::betrag(betrag)?,
            gueltig_ab,
            gueltig_bis,
            sicherheit: sicherheit.map(|s| s.to_string()),
            gesetzt_von: ctx.akteur(),
        }])
    }

    fn limit_freigeben(&self, nr: i32, ctx: &Context<'_>) -> Decision<Self> {
        let limit = self.limits.iter().find(|l| l.nr == nr);
        let limit = limit.ok_or_else(|| Shared::feld("/nr", format!("das Limit {nr} gibt es nicht; zuerst setzen")))?;
        if limit.freigegeben_von.is_some() {
            return Err(Shared::status("freigegeben", &["gesetzt"]).into());
        }
        if limit.gesetzt_von == ctx.frame.akteur {
            let regel = Some("kreditlimit".to_owned());
            return Err(Shared::VierAugen { regel }.into());
        }
        nicht_abgelaufen(limit.gueltig_bis, ctx)?;
        Ok(vec![KreditlinieEvent::LimitFreigegeben {
            nr,
            freigegeben_von: ctx.akteur(),
            gueltig_ab: limit.gueltig_ab,
            gueltig_bis: limit.gueltig_bis,
        }])
    }

    /// The first facts of a command, before waiting documents are looked at again.
    fn entscheiden(&self, command: KreditlinieCommand, ctx: &Context<'_>) -> Decision<Self> {
        match command {
            KreditlinieCommand::LimitSetzen { .. } => self.limit_setzen(command, ctx),
            KreditlinieCommand::LimitFreigeben { nr } => self.limit_freigeben(nr, ctx),
            KreditlinieCommand::Belegen { beleg, betrag } => self.belegen(beleg, betrag, ctx),
            KreditlinieCommand::Umwidmen { von, nach, betrag } => self.umwidmen(von, nach, betrag),
            KreditlinieCommand::Entlasten { beleg, betrag } => self.entlasten(beleg, betrag),
            KreditlinieCommand::NeuPruefen {} => Ok(Vec::new()),
            KreditlinieCommand::Einrichten { .. } => Err(Shared::status(self.status, &["neu"]).into()),
        }
    }
}

fn nicht_abgelaufen(gueltig_bis: Option<NaiveDate>, ctx: &Context<'_>) -> Result<(), KreditlinieError> {
    match gueltig_bis {
        Some(gueltig_bis) if gueltig_bis < ctx.heute() => Err(KreditlinieError::Abgelaufen { gueltig_bis }),
        _ => Ok(()),
    }
}

impl Aggregate for Kreditlinie {
    const NAME: &'static str = "Kreditlinie";
    const TYPE: &'static str = "kreditlinie";
    const BEREICH: Bereich = Bereich::Crm;
    const RESSOURCE: &'static str = "kreditlinien";
    const CREATE: &'static str = "Einrichten";
    const INTERNAL: &'static [&'static str] = &["Einrichten", "Belegen", "Umwidmen", "Entlasten", "NeuPruefen"];
    type Command = KreditlinieCommand;
    type Event = KreditlinieEvent;
    type Error = KreditlinieError;

    fn decide(&self, command: KreditlinieCommand, ctx: &Context<'_>) -> Decision<Self> {
        let mut events = match (self.status, command) {
            (KreditStatus::Neu, KreditlinieCommand::Einrichten { kunde_id }) => vec![KreditlinieEvent::Eingerichtet {
                kunde_id,
                waehrung: HAUSWAEHRUNG.to_owned(),
            }],
            (KreditStatus::Neu, _) => {
                let erlaubt = &["im_rahmen", "ausgeschoepft", "abgelaufen"];
                return Err(Shared::status(KreditStatus::Neu, erlaubt).into());
            }
            // A new order does not push those that wait: what did not fit before it does not fit now.
            (_, command @ KreditlinieCommand::Belegen { .. }) => self.entscheiden(command, ctx)?,
            (_, command) => {
                let mut events = self.entscheiden(command, ctx)?;
                events.extend(self.danach(&events).freigaben(ctx.heute()));
                events
            }
        };
        let danach = self.danach(&events);
        let status = danach.status_am(ctx.heute());
        if status != danach.status {
            events.push(KreditlinieEvent::StatusGewechselt { status });
        }
        Ok(events)
    }

    fn evolve(&mut self, event: KreditlinieEvent) {
        match event {
            KreditlinieEvent::Eingerichtet { kunde_id, waehrung } => {
                self.kunde_id = kunde_id;
                self.waehrung = waehrung;
                // Without a limit nothing is left.
                self.status = KreditStatus::Ausgeschoepft;
            }
            KreditlinieEvent::LimitGesetzt {
                nr,
                betrag,
                gueltig_ab,
                gueltig_bis,
                sicherheit,
                gesetzt_von,
            } => self.limits.push(Kreditlimit {
                nr,
                betrag,
                gueltig_ab,
                gueltig_bis,
                sicherheit,
                gesetzt_von,
                freigegeben_von: None,
            }),
            KreditlinieEvent::LimitFreigegeben {
                nr, freigegeben_von, ..
            } => {
                for limit in self.limits.iter_mut().filter(|l| l.nr == nr) {
                    limit.freigegeben_von = Some(freigegeben_von.clone());
                }
            }
            KreditlinieEvent::Belegt {
                beleg,
                betrag,
                war_vorgemerkt,
                obligo,
            } => self.belegt(beleg, betrag, war_vorgemerkt, obligo),
            KreditlinieEvent::Vorgemerkt { beleg, betrag, nr, .. } => self.vorgemerkt(beleg, betrag, nr),
            KreditlinieEvent::Umgewidmet {
                von,
                nach,
                betrag,
                aus_belegt,
                aus_vorgemerkt,
                obligo,
            } => {
                // An order stays known until it is relieved of all: its last deliveries may come.
                let erledigt = von.typ != KreditBelegTyp::Auftrag;
                self.weniger(&von, aus_belegt, aus_vorgemerkt, erledigt, obligo);
                self.belegt(nach, betrag, false, obligo);
            }
            KreditlinieEvent::Entlastet {
                beleg,
                betrag,
                aus_vorgemerkt,
                erledigt,
                obligo,
            } => {
                if beleg.typ.guthaben() {
                    self.belegt(beleg, -betrag, false, obligo);
                } else {
                    self.weniger(&beleg, betrag, aus_vorgemerkt, erledigt, obligo);
                }
            }
            KreditlinieEvent::StatusGewechselt { status } => self.status = status,
        }
    }

    fn stream_key(command: &KreditlinieCommand) -> Option<String> {
        match command {
            KreditlinieCommand::Einrichten { kunde_id } => Some(kunde_id.to_string()),
            _ => None,
        }
    }
}
