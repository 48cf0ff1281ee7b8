//! Bestellung: a purchase order with its approvals, and what came and was invoiced of it (wawi 4).

mod command;
mod einteilung;
mod error;
mod event;
mod freigabe;
mod lieferung;
mod nebenkosten;
mod position;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use crate::wawi::belegposition::PositionsMenge;
pub use command::{
    BestaetigungEingabe, BestellungCommand, EinteilungEingabe, PositionEingabe, TeilbestaetigungEingabe,
};
pub use error::BestellungError;
pub use event::{Bestaetigung, BestelltePosition, BestellungEvent};
pub use types::{
    BestellFreigabe, BestellNebenkosten, BestellPosition, BestellungStatus, Entscheidung, Liefereinteilung,
    Nebenkostenanteil, Positionsdaten, Verteilung,
};

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    fibu::{Zahlungsbedingung, partner::HAUSWAEHRUNG},
    types::{Akteur, Bereich, Betrag},
    wawi::{
        Lieferant,
        belegposition::{self, Positionsstatus},
    },
};
use position::Aenderung;

/// Folded state; serde gives the columns of `wawi.bestellung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bestellung {
    /// Number, once approved.
    pub bestell_nr: Option<String>,
    /// Supplier.
    pub lieferant_id: Uuid,
    /// His number.
    pub lieferant_nr: String,
    /// His name.
    pub lieferant_name: String,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// Parity.
    pub paritaet: Option<String>,
    /// Date of the order.
    pub bestelldatum: NaiveDate,
    /// On which day it was sent to the supplier last.
    pub bestellt_am: Option<NaiveDate>,
    /// Who ordered.
    pub besteller: Option<Akteur>,
    /// Who handed it over for approval, or made it dearer.
    pub vorgelegt_von: Option<Akteur>,
    /// Net total of what was ordered, without the costs of bringing it in.
    pub netto: Betrag,
    /// Net total that was approved last, with the costs of bringing the goods in.
    pub freigegeben_netto: Option<Betrag>,
    /// Levels of approval that the order needs.
    pub freigabe_stufen: u8,
    /// Status.
    pub status: BestellungStatus,
    /// Positions.
    pub positionen: Vec<BestellPosition>,
    /// What was decided on the present total.
    pub freigaben: Vec<BestellFreigabe>,
    /// Costs of bringing the goods in.
    pub nebenkosten: Vec<BestellNebenkosten>,
}

crate::wire!(Bestellung, BestellungCommand => BestellungEvent | BestellungError);

type Refusal = Refused<BestellungError>;

impl Bestellung {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "bestellung.bestell_nr";

    /// True while goods may come.
    #[must_use]
    pub fn erwartet_ware(&self) -> bool {
        use BestellungStatus::{Bestaetigt, Bestellt, Geliefert, TeilGeliefert};
        matches!(self.status, Bestellt | Bestaetigt | TeilGeliefert | Geliefert)
    }

    fn abgeschlossen(&self) -> bool {
        self.status == BestellungStatus::Abgeschlossen
    }

    fn summe(&self) -> Betrag {
        self.positionen.iter().map(|p| p.netto).sum()
    }

    fn anlegen(command: BestellungCommand, ctx: &Context<'_>) -> Decision<Self> {
        let BestellungCommand::Anlegen {
            lieferant_id,
            zahlungsbedingung_id,
            paritaet,
            bestelldatum,
        } = command
        else {
            return Err(Shared::status(BestellungStatus::Neu, &["entwurf"]).into());
        };
        let lieferant = lieferant(lieferant_id, ctx)?;
        let bestelldatum = belegposition::bis_heute(bestelldatum, "/bestelldatum", ctx)?;
        Zahlungsbedingung::pruefen(zahlungsbedingung_id, "/zahlungsbedingung_id", ctx)?;
        let kondition = lieferant.kondition(bestelldatum).map(|k| k.zahlungsbedingung_id);
        Ok(vec![BestellungEvent::Angelegt {
            lieferant_id,
            lieferant_nr: lieferant.lieferant_nr.clone(),
            lieferant_name: lieferant.name.clone(),
            zahlungsbedingung_id: zahlungsbedingung_id.or(kondition),
            waehrung: HAUSWAEHRUNG.to_owned(),
            paritaet: paritaet.map(|p| p.to_string()),
            bestelldatum,
            besteller: ctx.akteur(),
        }])
    }

    /// The confirmations, changes and costs that may make an order dearer, after which it may need approval again.
    fn aendern_und_folgen(&self, command: BestellungCommand, ctx: &Context<'_>) -> Decision<Self> {
        let event = match command {
            BestellungCommand::PositionHinzufuegen(eingabe) => self.hinzufuegen(eingabe, ctx)?,
            BestellungCommand::PositionAendern {
                position_id,
                menge,
                preis,
                termin,
                einteilungen,
            } => {
                let neu = Aenderung {
                    menge,
                    preis,
                    termin,
                    einteilungen,
                };
                self.aendern(position_id, neu, ctx)?
            }
            BestellungCommand::PositionEntfernen { position_id } => self.entfernen(position_id)?,
            BestellungCommand::NebenkostenSetzen {
                art,
                betrag,
                verteilung,
            } => self.nebenkosten_setzen(art, betrag, verteilung, ctx)?,
            BestellungCommand::NebenkostenEntfernen { art } => self.nebenkosten_entfernen(art)?,
            BestellungCommand::Bestaetigen { positionen } => BestellungEvent::Bestaetigt {
                positionen: self.bestaetigung(&positionen, ctx)?,
            },
            andere => return Err(Shared::status(self.status, erlaubt(&andere)).into()),
        };
        self.mit_folgen(event, ctx)
    }
}

/// The supplier, if he takes orders today.
fn lieferant(lieferant_id: Uuid, ctx: &Context<'_>) -> Result<std::sync::Arc<Lieferant>, Refusal> {
    let unbekannt = || {
        Shared::feld(
            "/lieferant_id",
            "diesen Lieferanten gibt es nicht; bitte zuerst anlegen",
        )
    };
    let lieferant = ctx.get::<Lieferant>(lieferant_id)?.ok_or_else(unbekannt)?;
    if lieferant.bestellung_pruefen(ctx.heute()).is_err() {
        let lieferant_nr = lieferant.lieferant_nr.clone();
        return Err(BestellungError::LieferantGesperrt { lieferant_nr }.into());
    }
    Ok(lieferant)
}

impl Aggregate for Bestellung {
    const NAME: &'static str = "Bestellung";
    const TYPE: &'static str = "bestellung";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "bestellungen";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["WareneingangErfassen", "BerechnungErfassen"];
    type Command = BestellungCommand;
    type Event = BestellungEvent;
    type Error = BestellungError;

    fn decide(&self, command: BestellungCommand, ctx: &Context<'_>) -> Decision<Self> {
        use BestellungCommand as Cmd;
        use BestellungStatus::{Entwurf, Freigegeben, InFreigabe, Neu};
        let unterwegs = self.erwartet_ware();
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Entwurf, command @ (Cmd::PositionHinzufuegen(_) | Cmd::PositionEntfernen { .. })) => {
                self.aendern_und_folgen(command, ctx)
            }
            (
                status,
                command @ (Cmd::PositionAendern { .. }
                | Cmd::NebenkostenSetzen { .. }
                | Cmd::NebenkostenEntfernen { .. }),
            ) if unterwegs || matches!(status, Entwurf | Freigegeben) => self.aendern_und_folgen(command, ctx),
            (_, command @ Cmd::Bestaetigen { .. }) if unterwegs => self.aendern_und_folgen(command, ctx),
            (Entwurf, Cmd::ZurFreigabeGeben {}) => self.zur_freigabe(ctx),
            (InFreigabe, Cmd::Freigeben { stufe }) => self.freigeben(stufe, ctx),
            (InFreigabe, Cmd::Ablehnen { grund }) => Ok(vec![self.ablehnen(&grund, ctx)]),
            (Freigegeben, Cmd::Bestellen { kanal, bestellt_am }) => self.bestellen(kanal, bestellt_am, ctx),
            (_, Cmd::RestStornieren { position_id, grund }) if unterwegs => self.rest_stornieren(position_id, &grund),
            (_, Cmd::PositionWiederoeffnen { position_id }) if unterwegs || self.abgeschlossen() => {
                self.wiederoeffnen(position_id)
            }
            (status, Cmd::Stornieren { grund })
                if unterwegs || matches!(status, Entwurf | InFreigabe | Freigegeben) =>
            {
                self.stornieren(&grund)
            }
            (
                _,
                Cmd::WareneingangErfassen {
                    wareneingang_id,
                    buchungsdatum,
                    positionen,
                },
            ) if self.nimmt(&positionen) => self.ware(wareneingang_id, buchungsdatum, positionen, ctx),
            (
                _,
                Cmd::BerechnungErfassen {
                    eingangsrechnung_id,
                    buchungsdatum,
                    positionen,
                },
            ) if self.bestellt_am.is_some() => self.berechnet(eingangsrechnung_id, buchungsdatum, positionen),
            (status, command) => Err(Shared::status(status, erlaubt(&command)).into()),
        }
    }

    fn evolve(&mut self, event: BestellungEvent) {
        match event {
            BestellungEvent::Angelegt {
                lieferant_id,
                lieferant_nr,
                lieferant_name,
                zahlungsbedingung_id,
                waehrung,
                paritaet,
                bestelldatum,
                besteller,
            } => {
                *self = Self {
                    lieferant_id,
                    lieferant_nr,
                    lieferant_name,
                    zahlungsbedingung_id,
                    waehrung,
                    paritaet,
                    bestelldatum,
                    besteller: Some(besteller),
                    status: BestellungStatus::Entwurf,
                    ..Self::default()
                };
            }
            BestellungEvent::PositionHinzugefuegt {
                position_id,
                pos,
                position,
            } => self.positionen.push(BestellPosition::neu(position_id, pos, position)),
            BestellungEvent::PositionGeaendert {
                position_id,
                menge,
                basismenge,
                preis,
                netto,
                termin,
                einteilungen,
                entfallen: _,
            } => {
                self.mit_position(position_id, |position| {
                    position.menge = menge;
                    position.basismenge = basismenge;
                    position.preis = preis.into();
                    position.netto = netto;
                    position.termin = termin;
                    position.einteilen(einteilungen);
                    position.status = position.nach_lieferung(position.geliefert);
                });
                self.fortschreiben();
            }
            BestellungEvent::PositionEntfernt { position_id } => {
                self.positionen.retain(|p| p.position_id != position_id);
            }
            BestellungEvent::NebenkostenGesetzt { nebenkosten } => {
                match self.nebenkosten.iter_mut().find(|n| n.art == nebenkosten.art) {
                    Some(bisher) => *bisher = nebenkosten,
                    None => self.nebenkosten.push(nebenkosten),
                }
            }
            BestellungEvent::NebenkostenEntfernt { art } => self.nebenkosten.retain(|n| n.art != art),
            BestellungEvent::ZurFreigabeGegeben { .. }
            | BestellungEvent::StufeFreigegeben { .. }
            | BestellungEvent::Freigegeben { .. }
            | BestellungEvent::Abgelehnt { .. } => self.entscheidung_falten(event),
            BestellungEvent::Bestellt { bestellt_am, .. } => {
                self.bestellt_am = bestellt_am.or(Some(self.bestelldatum));
                self.status = self.lieferstatus();
            }
            BestellungEvent::Bestaetigt { positionen } => {
                for neu in positionen {
                    self.mit_position(neu.position_id, |position| {
                        position.einteilungen = neu.einteilungen;
                        position.bestaetigt_termin = neu.termin;
                        position.bestaetigt_menge = Some(neu.menge);
                        position.preis = neu.preis.into();
                        position.netto = neu.netto;
                    });
                }
                self.fortschreiben();
            }
            BestellungEvent::RestStorniert { position_id, .. } => {
                self.mit_position(position_id, |p| p.status = Positionsstatus::Storniert);
                self.fortschreiben();
            }
            BestellungEvent::PositionWiedergeoeffnet { position_id, .. } => {
                self.mit_position(position_id, BestellPosition::wiederoeffnen);
                self.fortschreiben();
            }
            BestellungEvent::Storniert { .. } => self.status = BestellungStatus::Storniert,
            BestellungEvent::WareneingangErfasst { positionen, .. } => {
                for PositionsMenge { position_id, menge } in positionen {
                    self.mit_position(position_id, |position| {
                        position.geliefert += menge;
                        position.status = position.nach_lieferung(position.geliefert);
                    });
                }
                self.fortschreiben();
            }
            BestellungEvent::BerechnungErfasst { positionen, .. } => {
                for PositionsMenge { position_id, menge } in positionen {
                    self.mit_position(position_id, |position| position.berechnet += menge);
                }
                self.fortschreiben();
            }
            BestellungEvent::Abgeschlossen {} => self.status = BestellungStatus::Abgeschlossen,
        }
        self.netto = self.summe();
    }

    fn keys(&self) -> Vec<Key> {
        let nr = self.bestell_nr.as_deref();
        nr.map(|nr| Key::new(Self::KEY_NR, "bestell_nr", nr))
            .into_iter()
            .collect()
    }

    fn nummer(&self) -> Option<String> {
        self.bestell_nr.clone()
    }
}

impl Bestellung {
    fn mit_position(&mut self, position_id: Uuid, aendern: impl FnOnce(&mut BestellPosition)) {
        if let Some(position) = self.positionen.iter_mut().find(|p| p.position_id == position_id) {
            aendern(position);
        }
    }
}

/// States in which a command is possible, for the refusal of all others.
fn erlaubt(command: &BestellungCommand) -> &'static [&'static str] {
    use BestellungCommand as Cmd;
    const UNTERWEGS: &[&str] = &["bestellt", "bestaetigt", "teil_geliefert", "geliefert"];
    match command {
        Cmd::Anlegen { .. } => &["neu"],
        Cmd::PositionHinzufuegen(_) | Cmd::PositionEntfernen { .. } | Cmd::ZurFreigabeGeben {} => &["entwurf"],
        Cmd::PositionAendern { .. } | Cmd::NebenkostenSetzen { .. } | Cmd::NebenkostenEntfernen { .. } => &[
            "entwurf",
            "freigegeben",
            "bestellt",
            "bestaetigt",
            "teil_geliefert",
            "geliefert",
        ],
        Cmd::Freigeben { .. } | Cmd::Ablehnen { .. } => &["in_freigabe"],
        Cmd::Bestellen { .. } => &["freigegeben"],
        Cmd::Stornieren { .. } => &["entwurf", "in_freigabe", "freigegeben", "bestellt", "bestaetigt"],
        Cmd::PositionWiederoeffnen { .. } => {
            &["bestellt", "bestaetigt", "teil_geliefert", "geliefert", "abgeschlossen"]
        }
        Cmd::Bestaetigen { .. }
        | Cmd::RestStornieren { .. }
        | Cmd::WareneingangErfassen { .. }
        | Cmd::BerechnungErfassen { .. } => UNTERWEGS,
    }
}
