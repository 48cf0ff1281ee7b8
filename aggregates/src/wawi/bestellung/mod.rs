//! Bestellung: a purchase order with its approvals, and what came and was invoiced of it (wawi 4).

mod command;
mod error;
mod event;
mod position;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use crate::wawi::belegposition::PositionsMenge;
pub use command::{BestaetigungEingabe, BestellungCommand, PositionEingabe};
pub use error::BestellungError;
pub use event::{Bestaetigung, BestellungEvent};
pub use types::{BestellFreigabe, BestellPosition, BestellungStatus, Positionsdaten};

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    fibu::partner::HAUSWAEHRUNG,
    types::{Akteur, Bereich, Betrag, Menge, Text},
    wawi::{
        Lieferant,
        belegposition::{self, Positionsstatus},
    },
};

/// The Nummernkreis of purchase orders.
const KREIS: &str = "BE";

/// Right to take more than was ordered and tolerated (wawi 4).
const EINKAUF_LEITUNG: &str = "wawi.einkauf_leitung";

/// Up to this net total each level of approval is not needed yet (wawi 4).
const FREIGABE_GRENZEN: [Betrag; 2] = [Betrag::cent(100_000), Betrag::cent(1_000_000)];

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
    /// Who ordered.
    pub besteller: Option<Akteur>,
    /// Net total of what was ordered.
    pub netto: Betrag,
    /// Net total that was approved last.
    pub freigegeben_netto: Option<Betrag>,
    /// Levels of approval that the order needs.
    pub freigabe_stufen: u8,
    /// Status.
    pub status: BestellungStatus,
    /// Positions.
    pub positionen: Vec<BestellPosition>,
    /// Approvals of the present total.
    pub freigaben: Vec<BestellFreigabe>,
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

    /// Levels of approval for a net total.
    fn stufen(netto: Betrag) -> u8 {
        FREIGABE_GRENZEN.iter().map(|grenze| u8::from(netto > *grenze)).sum()
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

    fn zur_freigabe(&self, ctx: &Context<'_>) -> Decision<Self> {
        if self.positionen.is_empty() {
            return Err(BestellungError::PositionFehlt {}.into());
        }
        lieferant(self.lieferant_id, ctx)?;
        let netto = self.summe();
        let stufen = Self::stufen(netto);
        let mut events = vec![BestellungEvent::ZurFreigabeGegeben { netto, stufen }];
        if stufen == 0 {
            events.push(self.freigegeben(netto, ctx)?);
        }
        Ok(events)
    }

    fn freigeben(&self, stufe: u8, ctx: &Context<'_>) -> Decision<Self> {
        let gegeben = self.freigaben.iter().map(|f| f.stufe).max().unwrap_or(0);
        let naechste = gegeben.saturating_add(1);
        if stufe != naechste {
            return Err(BestellungError::FreigabeErforderlich { stufe: naechste }.into());
        }
        let von = ctx.akteur();
        if self.besteller.as_ref() == Some(&von) || self.freigaben.iter().any(|f| f.von == von) {
            return Err(Shared::VierAugen {
                regel: Some("bestellfreigabe".to_owned()),
            }
            .into());
        }
        lieferant(self.lieferant_id, ctx)?;
        let am = ctx.frame.jetzt;
        let mut events = vec![BestellungEvent::StufeFreigegeben { stufe, von, am }];
        if stufe >= self.freigabe_stufen {
            events.push(self.freigegeben(self.summe(), ctx)?);
        }
        Ok(events)
    }

    fn freigegeben(&self, netto: Betrag, ctx: &Context<'_>) -> Result<BestellungEvent, Refusal> {
        let bestell_nr = match &self.bestell_nr {
            Some(nr) => nr.clone(),
            None => ctx.draw(KREIS, self.bestelldatum)?.text,
        };
        Ok(BestellungEvent::Freigegeben { bestell_nr, netto })
    }

    /// A change of an approved order needs approval again once it costs more than what was approved.
    fn nach_aenderung(&self, event: BestellungEvent) -> Vec<BestellungEvent> {
        let mut danach = self.clone();
        danach.evolve(event.clone());
        let netto = danach.summe();
        let mut events = vec![event];
        if self.freigegeben_netto.is_some_and(|bisher| netto > bisher) && Self::stufen(netto) > 0 {
            let stufen = Self::stufen(netto);
            events.push(BestellungEvent::ZurFreigabeGegeben { netto, stufen });
        }
        events
    }

    fn ware(&self, wareneingang_id: Uuid, positionen: Vec<PositionsMenge>, ctx: &Context<'_>) -> Decision<Self> {
        for zugang in &positionen {
            let position = self.position(zugang.position_id)?;
            let max = position.lieferbar();
            let darf_mehr = ctx.darf(EINKAUF_LEITUNG) && ctx.frame.grund.is_some();
            if zugang.menge > max && !darf_mehr {
                return Err(BestellungError::Ueberlieferung { max }.into());
            }
        }
        Ok(self.mit_abschluss(BestellungEvent::WareneingangErfasst {
            wareneingang_id,
            positionen,
        }))
    }

    /// The event, and the end of the order if it leaves nothing to wait for.
    fn mit_abschluss(&self, event: BestellungEvent) -> Vec<BestellungEvent> {
        let mut danach = self.clone();
        danach.evolve(event.clone());
        let mut events = vec![event];
        if danach.status != BestellungStatus::Abgeschlossen && danach.positionen.iter().all(BestellPosition::erledigt) {
            events.push(BestellungEvent::Abgeschlossen {});
        }
        events
    }

    fn rest_stornieren(&self, position_id: Uuid, grund: &Text<500>) -> Decision<Self> {
        let position = self.position(position_id)?;
        let rest = position.offen();
        if rest.is_null() {
            return Err(Shared::status(position.status, &["offen", "teil_geliefert"]).into());
        }
        Ok(self.mit_abschluss(BestellungEvent::RestStorniert {
            position_id,
            rest,
            grund: grund.to_string(),
        }))
    }

    fn wiederoeffnen(&self, position_id: Uuid) -> Decision<Self> {
        let position = self.position(position_id)?;
        let geschlossen = matches!(position.status, Positionsstatus::Storniert | Positionsstatus::Geliefert);
        if !geschlossen || position.geliefert >= position.menge {
            return Err(Shared::status(position.status, &["storniert", "geliefert"]).into());
        }
        Ok(vec![BestellungEvent::PositionWiedergeoeffnet { position_id }])
    }

    /// The status of an order after goods: what came decides, never money.
    fn lieferstatus(&self) -> BestellungStatus {
        if self.positionen.iter().all(|p| p.offen().is_null()) {
            BestellungStatus::Geliefert
        } else if self.positionen.iter().any(|p| !p.geliefert.is_null()) {
            BestellungStatus::TeilGeliefert
        } else {
            BestellungStatus::Bestellt
        }
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
        use BestellungEvent as Ev;
        use BestellungStatus::{Abgeschlossen, Bestaetigt, Bestellt, Entwurf, Freigegeben, InFreigabe, Neu};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Entwurf, Cmd::PositionHinzufuegen(eingabe)) => Ok(vec![self.hinzufuegen(eingabe, ctx)?]),
            (Entwurf, Cmd::PositionEntfernen { position_id }) => {
                self.position(position_id)?;
                Ok(vec![Ev::PositionEntfernt { position_id }])
            }
            (
                Entwurf | Freigegeben | Bestellt | Bestaetigt | BestellungStatus::TeilGeliefert,
                Cmd::PositionAendern {
                    position_id,
                    menge,
                    preis,
                    termin,
                },
            ) => Ok(self.nach_aenderung(self.aendern(position_id, (menge, preis, termin), ctx)?)),
            (Entwurf, Cmd::ZurFreigabeGeben {}) => self.zur_freigabe(ctx),
            (InFreigabe, Cmd::Freigeben { stufe }) => self.freigeben(stufe, ctx),
            (InFreigabe, Cmd::Ablehnen { grund }) => Ok(vec![Ev::Abgelehnt {
                grund: grund.to_string(),
            }]),
            (Freigegeben, Cmd::Bestellen { kanal }) => {
                lieferant(self.lieferant_id, ctx)?;
                Ok(vec![Ev::Bestellt {
                    kanal: kanal.map(|k| k.to_string()),
                }])
            }
            (Bestellt | Bestaetigt, Cmd::Bestaetigen { positionen }) => {
                let positionen = self.bestaetigung(&positionen, ctx)?;
                Ok(self.nach_aenderung(Ev::Bestaetigt { positionen }))
            }
            (_, Cmd::RestStornieren { position_id, grund }) if self.erwartet_ware() => {
                self.rest_stornieren(position_id, &grund)
            }
            (_, Cmd::PositionWiederoeffnen { position_id }) if self.erwartet_ware() => self.wiederoeffnen(position_id),
            (Entwurf | InFreigabe | Freigegeben | Bestellt | Bestaetigt, Cmd::Stornieren { grund }) => {
                Ok(vec![Ev::Storniert {
                    grund: grund.to_string(),
                }])
            }
            (BestellungStatus::TeilGeliefert | BestellungStatus::Geliefert, Cmd::Stornieren { .. }) => {
                Err(BestellungError::StornoMitLieferung {}.into())
            }
            (
                _,
                Cmd::WareneingangErfassen {
                    wareneingang_id,
                    positionen,
                },
            ) if self.erwartet_ware() || self.status == Abgeschlossen => self.ware(wareneingang_id, positionen, ctx),
            (
                _,
                Cmd::BerechnungErfassen {
                    eingangsrechnung_id,
                    positionen,
                },
            ) if self.erwartet_ware() || self.status == Abgeschlossen => {
                for berechnet in &positionen {
                    self.position(berechnet.position_id)?;
                }
                Ok(self.mit_abschluss(Ev::BerechnungErfasst {
                    eingangsrechnung_id,
                    positionen,
                }))
            }
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
            } => self.mit_position(position_id, |position| {
                position.menge = menge;
                position.basismenge = basismenge;
                position.preis = preis.into();
                position.netto = netto;
                position.termin = termin;
                position.status = position.nach_lieferung(position.geliefert);
            }),
            BestellungEvent::PositionEntfernt { position_id } => {
                self.positionen.retain(|p| p.position_id != position_id);
            }
            BestellungEvent::ZurFreigabeGegeben { stufen, .. } => {
                self.freigabe_stufen = stufen;
                self.freigaben.clear();
                self.status = BestellungStatus::InFreigabe;
            }
            BestellungEvent::StufeFreigegeben { stufe, von, am } => {
                self.freigaben.push(BestellFreigabe { stufe, von, am });
            }
            BestellungEvent::Freigegeben { bestell_nr, netto } => {
                self.bestell_nr = Some(bestell_nr);
                self.freigegeben_netto = Some(netto);
                self.status = BestellungStatus::Freigegeben;
            }
            BestellungEvent::Abgelehnt { .. } => {
                self.freigaben.clear();
                self.status = BestellungStatus::Entwurf;
            }
            BestellungEvent::Bestellt { .. } => self.status = BestellungStatus::Bestellt,
            BestellungEvent::Bestaetigt { positionen } => {
                for neu in positionen {
                    self.mit_position(neu.position_id, |position| {
                        position.bestaetigt_termin = neu.termin;
                        position.bestaetigt_menge = Some(neu.menge);
                        position.preis = neu.preis.into();
                        position.netto = neu.netto;
                    });
                }
                self.status = BestellungStatus::Bestaetigt;
            }
            BestellungEvent::RestStorniert { position_id, .. } => {
                self.mit_position(position_id, |p| p.status = Positionsstatus::Storniert);
                self.status = self.lieferstatus();
            }
            BestellungEvent::PositionWiedergeoeffnet { position_id } => {
                self.mit_position(position_id, |position| {
                    position.status = if position.geliefert.is_null() {
                        Positionsstatus::Offen
                    } else {
                        Positionsstatus::TeilGeliefert
                    };
                });
                self.status = self.lieferstatus();
            }
            BestellungEvent::Storniert { .. } => self.status = BestellungStatus::Storniert,
            BestellungEvent::WareneingangErfasst { positionen, .. } => {
                for PositionsMenge { position_id, menge } in positionen {
                    self.mit_position(position_id, |position| {
                        position.geliefert += menge;
                        position.status = position.nach_lieferung(position.geliefert);
                    });
                }
                self.status = self.lieferstatus();
            }
            BestellungEvent::BerechnungErfasst { positionen, .. } => {
                for PositionsMenge { position_id, menge } in positionen {
                    self.mit_position(position_id, |position| position.berechnet += menge);
                }
                if self.status == BestellungStatus::Abgeschlossen {
                    self.status = self.lieferstatus();
                }
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

    /// The most that may still come of a position, with its tolerance.
    #[must_use]
    pub fn lieferbar(&self, position_id: Uuid) -> Menge {
        let position = self.positionen.iter().find(|p| p.position_id == position_id);
        position.map_or(Menge::NULL, BestellPosition::lieferbar)
    }
}

/// States in which a command is possible, for the refusal of all others.
fn erlaubt(command: &BestellungCommand) -> &'static [&'static str] {
    use BestellungCommand as Cmd;
    const ERWARTET: &[&str] = &["bestellt", "bestaetigt", "teil_geliefert", "geliefert"];
    match command {
        Cmd::Anlegen { .. } => &["neu"],
        Cmd::PositionHinzufuegen(_) | Cmd::PositionEntfernen { .. } | Cmd::ZurFreigabeGeben {} => &["entwurf"],
        Cmd::PositionAendern { .. } => &["entwurf", "freigegeben", "bestellt", "bestaetigt", "teil_geliefert"],
        Cmd::Freigeben { .. } | Cmd::Ablehnen { .. } => &["in_freigabe"],
        Cmd::Bestellen { .. } => &["freigegeben"],
        Cmd::Bestaetigen { .. } => &["bestellt", "bestaetigt"],
        Cmd::Stornieren { .. } => &["entwurf", "in_freigabe", "freigegeben", "bestellt", "bestaetigt"],
        Cmd::RestStornieren { .. }
        | Cmd::PositionWiederoeffnen { .. }
        | Cmd::WareneingangErfassen { .. }
        | Cmd::BerechnungErfassen { .. } => ERWARTET,
    }
}
