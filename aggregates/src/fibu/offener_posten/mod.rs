//! OffenerPosten: one line of a Personenkonto, and how much of it is not settled yet (fibu 9). One stream per item; the
//! money invariant `OP_UEBERAUSGEGLICHEN` lives here. Amounts are signed from the view of the Personenkonto: Soll is
//! positive, so that Σ rest of a Personenkonto is its balance.

mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::types::{
    OffenerPostenCommand, OffenerPostenError, OffenerPostenEvent, OpAusgleich, OpBewegung, OpEroeffnung, OpStatus,
    SteuerAnteil,
};
use super::{
    buchung::{Herkunft, PostenArt},
    zahlungsbedingung::Skonto,
};
use crate::{
    Aggregate, Context, Decision, Shared, StreamKey,
    context::stream_id,
    types::{Bereich, Betrag},
};

/// Folded state; serde gives the columns of `fibu.offener_posten`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OffenerPosten {
    /// Debitor or Kreditor.
    pub personenkonto: String,
    /// Its Sammelkonto.
    pub konto: String,
    /// Customer of the Debitor.
    pub kunde_id: Option<Uuid>,
    /// Kind.
    pub art: PostenArt,
    /// The voucher.
    pub buchung_id: Uuid,
    /// Its position.
    pub position_nr: i32,
    /// Number of the voucher.
    pub belegnummer: String,
    /// Reference of the document.
    pub beleg: Option<String>,
    /// Aggregate type of what the voucher came from.
    pub herkunft_typ: Option<String>,
    /// Its stream.
    pub herkunft_id: Option<Uuid>,
    /// Text.
    pub text: String,
    /// Date on the document.
    pub belegdatum: NaiveDate,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Day that decided the rates.
    pub steuerdatum: NaiveDate,
    /// Currency.
    pub waehrung: String,
    /// Soll − Haben.
    pub betrag: Betrag,
    /// What is not settled, signed as betrag.
    pub rest: Betrag,
    /// Due date.
    pub faellig: NaiveDate,
    /// Out of dunning.
    pub mahnsperre: bool,
    /// Last day of it.
    pub mahnsperre_bis: Option<NaiveDate>,
    /// The partner disputes it.
    pub strittig: bool,
    /// Status.
    pub status: OpStatus,
    /// Steps of Skonto.
    pub skonto: Vec<Skonto>,
    /// Tax split of the voucher.
    pub steuer: Vec<SteuerAnteil>,
    /// Settlements that hold.
    pub ausgleiche: Vec<OpAusgleich>,
}

crate::wire!(OffenerPosten, OffenerPostenCommand => OffenerPostenEvent | OffenerPostenError);

impl OffenerPosten {
    /// The stream of a line of a voucher.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid, buchung_id: Uuid, position_nr: i32) -> Uuid {
        stream_id(mandant_id, Self::TYPE, &schluessel(buchung_id, position_nr))
    }

    /// Whether a part may be settled: signed as the item and not more than is open.
    pub fn ausgleich_pruefen(&self, betrag: Betrag) -> Result<(), OffenerPostenError> {
        let passt = match self.rest.cmp(&Betrag::NULL) {
            std::cmp::Ordering::Greater => betrag > Betrag::NULL && betrag <= self.rest,
            std::cmp::Ordering::Less => betrag < Betrag::NULL && betrag >= self.rest,
            std::cmp::Ordering::Equal => false,
        };
        if passt {
            return Ok(());
        }
        Err(OffenerPostenError::Ueberausgeglichen {
            rest: self.rest,
            belegnummer: self.belegnummer.clone(),
        })
    }

    /// The move of a settlement on this item that leaves `rest` open.
    fn bewegung(&self, ausgleich: &OpAusgleich, datum: NaiveDate, rest: Betrag) -> OpBewegung {
        let beleg = match (&self.herkunft_typ, self.herkunft_id) {
            (Some(typ), Some(id)) => Herkunft { typ: typ.clone(), id },
            _ => Herkunft {
                typ: super::Buchung::TYPE.to_owned(),
                id: self.buchung_id,
            },
        };
        OpBewegung {
            ausgleich_id: ausgleich.ausgleich_id,
            beleg,
            belegnummer: Some(self.belegnummer.clone()),
            personenkonto: self.personenkonto.clone(),
            kunde_id: self.kunde_id,
            betrag: ausgleich.betrag,
            skonto: ausgleich.skonto,
            datum,
            rest,
            status: match rest {
                Betrag::NULL => OpStatus::Ausgeglichen,
                rest if rest == self.betrag => OpStatus::Offen,
                _ => OpStatus::TeilAusgeglichen,
            },
        }
    }

    fn zuruecknehmen(&self, ausgleich_id: Uuid, datum: NaiveDate) -> Decision<Self> {
        let Some(ausgleich) = self.ausgleiche.iter().find(|a| a.ausgleich_id == ausgleich_id) else {
            return Err(Shared::feld("/ausgleich_id", "dieser Ausgleich gilt für den Posten nicht").into());
        };
        let rest = self.rest + ausgleich.betrag;
        let bewegung = self.bewegung(ausgleich, datum, rest);
        Ok(vec![OffenerPostenEvent::AusgleichZurueckgenommen(bewegung)])
    }

    /// Commands on the terms of an item that is not settled in full.
    fn pflegen(&self, command: OffenerPostenCommand, ctx: &Context<'_>) -> Decision<Self> {
        use OffenerPostenCommand as Cmd;
        let event = match command {
            Cmd::FaelligkeitAendern { faellig, grund } => OffenerPostenEvent::FaelligkeitGeaendert {
                personenkonto: self.personenkonto.clone(),
                faellig,
                grund: grund.to_string(),
            },
            Cmd::MahnsperreSetzen { bis, grund } => {
                super::partner::sperre_bis(bis, ctx.heute())?;
                OffenerPostenEvent::MahnsperreGesetzt {
                    bis,
                    grund: grund.to_string(),
                }
            }
            Cmd::MahnsperreAufheben {} if self.mahnsperre => OffenerPostenEvent::MahnsperreAufgehoben {},
            Cmd::MahnsperreAufheben {} => return Err(Shared::status("ohne_mahnsperre", &["mahnsperre"]).into()),
            Cmd::StrittigMelden { strittig, grund } if strittig != self.strittig => {
                OffenerPostenEvent::StrittigGemeldet {
                    strittig,
                    grund: grund.to_string(),
                }
            }
            Cmd::StrittigMelden { .. } => {
                let (ist, erlaubt) = if self.strittig {
                    ("strittig", "unstrittig")
                } else {
                    ("unstrittig", "strittig")
                };
                return Err(Shared::status(ist, &[erlaubt]).into());
            }
            Cmd::Eroeffnen(_) | Cmd::AusgleichAnwenden { .. } | Cmd::AusgleichZuruecknehmen { .. } => {
                return Err(Shared::status(self.status, &["neu"]).into());
            }
        };
        Ok(vec![event])
    }
}

/// Natural key of an item.
fn schluessel(buchung_id: Uuid, position_nr: i32) -> String {
    format!("{buchung_id}/{position_nr}")
}

impl Aggregate for OffenerPosten {
    const NAME: &'static str = "OffenerPosten";
    const TYPE: &'static str = "offener_posten";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "offene-posten";
    const CREATE: &'static str = "Eroeffnen";
    const INTERNAL: &'static [&'static str] = &["Eroeffnen", "AusgleichAnwenden", "AusgleichZuruecknehmen"];
    type Command = OffenerPostenCommand;
    type Event = OffenerPostenEvent;
    type Error = OffenerPostenError;

    fn stream_key(command: &OffenerPostenCommand) -> Option<StreamKey> {
        match command {
            OffenerPostenCommand::Eroeffnen(posten) => Some(StreamKey {
                feld: Some("buchung_id"),
                wert: schluessel(posten.buchung_id, posten.position_nr),
            }),
            _ => None,
        }
    }

    fn decide(&self, command: OffenerPostenCommand, ctx: &Context<'_>) -> Decision<Self> {
        use OffenerPostenCommand as Cmd;
        match (self.status, command) {
            (OpStatus::Neu, Cmd::Eroeffnen(posten)) => {
                let debitor = ctx.find::<super::Debitor>(super::Debitor::KEY_NR, &posten.personenkonto)?;
                let kunde_id = debitor.and_then(|(_, debitor)| debitor.kunde_id);
                Ok(vec![OffenerPostenEvent::Eroeffnet { posten, kunde_id }])
            }
            (OpStatus::Neu, _) => Err(Shared::status(OpStatus::Neu, &["offen", "teil_ausgeglichen"]).into()),
            (
                _,
                Cmd::AusgleichAnwenden {
                    ausgleich_id,
                    betrag,
                    skonto,
                    datum,
                },
            ) => {
                self.ausgleich_pruefen(betrag)?;
                let ausgleich = OpAusgleich {
                    ausgleich_id,
                    betrag,
                    skonto,
                    datum,
                };
                let bewegung = self.bewegung(&ausgleich, datum, self.rest - betrag);
                Ok(vec![OffenerPostenEvent::AusgleichAngewandt(bewegung)])
            }
            (_, Cmd::AusgleichZuruecknehmen { ausgleich_id, datum }) => self.zuruecknehmen(ausgleich_id, datum),
            (OpStatus::Offen | OpStatus::TeilAusgeglichen, command) => self.pflegen(command, ctx),
            (OpStatus::Ausgeglichen, _) => {
                Err(Shared::status(OpStatus::Ausgeglichen, &["offen", "teil_ausgeglichen"]).into())
            }
        }
    }

    fn evolve(&mut self, event: OffenerPostenEvent) {
        match event {
            OffenerPostenEvent::Eroeffnet { posten, kunde_id } => {
                *self = Self {
                    personenkonto: posten.personenkonto,
                    konto: posten.konto,
                    kunde_id,
                    art: posten.art,
                    buchung_id: posten.buchung_id,
                    position_nr: posten.position_nr,
                    belegnummer: posten.belegnummer,
                    beleg: posten.beleg,
                    herkunft_typ: posten.herkunft.as_ref().map(|h| h.typ.clone()),
                    herkunft_id: posten.herkunft.map(|h| h.id),
                    text: posten.text,
                    belegdatum: posten.belegdatum,
                    buchungsdatum: posten.buchungsdatum,
                    steuerdatum: posten.steuerdatum,
                    waehrung: posten.waehrung,
                    betrag: posten.betrag,
                    rest: posten.betrag,
                    faellig: posten.faellig,
                    mahnsperre: false,
                    mahnsperre_bis: None,
                    strittig: false,
                    status: OpStatus::Offen,
                    skonto: posten.skonto,
                    steuer: posten.steuer,
                    ausgleiche: Vec::new(),
                };
            }
            OffenerPostenEvent::AusgleichAngewandt(bewegung) => {
                self.rest = bewegung.rest;
                self.status = bewegung.status;
                self.ausgleiche.push(OpAusgleich {
                    ausgleich_id: bewegung.ausgleich_id,
                    betrag: bewegung.betrag,
                    skonto: bewegung.skonto,
                    datum: bewegung.datum,
                });
            }
            OffenerPostenEvent::AusgleichZurueckgenommen(bewegung) => {
                self.rest = bewegung.rest;
                self.status = bewegung.status;
                self.ausgleiche.retain(|a| a.ausgleich_id != bewegung.ausgleich_id);
            }
            OffenerPostenEvent::FaelligkeitGeaendert { faellig, .. } => self.faellig = faellig,
            OffenerPostenEvent::MahnsperreGesetzt { bis, .. } => {
                self.mahnsperre = true;
                self.mahnsperre_bis = bis;
            }
            OffenerPostenEvent::MahnsperreAufgehoben {} => {
                self.mahnsperre = false;
                self.mahnsperre_bis = None;
            }
            OffenerPostenEvent::StrittigGemeldet { strittig, .. } => self.strittig = strittig,
        }
    }

    fn nummer(&self) -> Option<String> {
        (self.status != OpStatus::Neu).then(|| self.belegnummer.clone())
    }
}
