//! Wareneingang: goods that came, from an order or without one (wawi 4). Booking it is one unit of work with the order
//! and the stock.

mod position;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use position::PositionEingabe;
pub use types::{WareneingangPosition, WareneingangStatus, Zugangsdaten};

use crate::{
    Aggregate, Context, Decision, Key, Shared,
    types::{Bereich, Menge, Text},
    wawi::{
        Lieferant,
        belegposition::{self, buchungstag},
    },
};

/// The Nummernkreis of goods receipts.
const KREIS: &str = "WE";

/// Folded state; serde gives the columns of `wawi.wareneingang`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wareneingang {
    /// Number, once booked.
    pub we_nr: Option<String>,
    /// Supplier.
    pub lieferant_id: Uuid,
    /// His number.
    pub lieferant_nr: String,
    /// His name.
    pub lieferant_name: String,
    /// Number of his Lieferschein.
    pub lieferschein_nr: String,
    /// Lager.
    pub lager_id: Uuid,
    /// Business date, once booked.
    pub buchungsdatum: Option<NaiveDate>,
    /// Status.
    pub status: WareneingangStatus,
    /// Lines.
    pub positionen: Vec<WareneingangPosition>,
}

/// A quantity of a received line. Negative takes back what was recorded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZugangsMenge {
    /// The line.
    pub we_position_id: Uuid,
    /// How much, in the unit of the line.
    pub menge: Menge,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum WareneingangCommand {
    /// Begins a receipt.
    Anlegen {
        /// Supplier.
        lieferant_id: Uuid,
        /// Number of his Lieferschein; once per supplier.
        lieferschein_nr: Text<60>,
        /// Lager.
        lager_id: Uuid,
    },
    /// Records a line.
    PositionErfassen(PositionEingabe),
    /// Takes a line out of a draft.
    PositionEntfernen {
        /// The line.
        we_position_id: Uuid,
    },
    /// Books the receipt: order and stock change with it.
    Buchen {
        /// Business date; today if absent.
        buchungsdatum: Option<NaiveDate>,
    },
    /// Reverses the receipt.
    Stornieren {
        /// Why.
        grund: Text<500>,
        /// Business date of the reversal; today if absent.
        buchungsdatum: Option<NaiveDate>,
    },
    /// Records an invoice; sent with the Rechnungspruefung, negative with its reversal.
    BerechnungErfassen {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Business date.
        buchungsdatum: NaiveDate,
        /// What was invoiced.
        positionen: Vec<ZugangsMenge>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every event of the aggregate is a large one"
)]
pub enum WareneingangEvent {
    /// Begun.
    Angelegt {
        /// Supplier.
        lieferant_id: Uuid,
        /// His number.
        lieferant_nr: String,
        /// His name.
        lieferant_name: String,
        /// Number of his Lieferschein.
        lieferschein_nr: String,
        /// Lager.
        lager_id: Uuid,
    },
    /// Has one line more.
    PositionErfasst {
        /// The line.
        position: Zugangsdaten,
    },
    /// A line is gone.
    PositionEntfernt {
        /// The line.
        we_position_id: Uuid,
    },
    /// Booked.
    Gebucht {
        /// Number.
        we_nr: String,
        /// Business date.
        buchungsdatum: NaiveDate,
        /// Supplier.
        lieferant_id: Uuid,
        /// Number of his Lieferschein.
        lieferschein_nr: String,
        /// Lager.
        lager_id: Uuid,
        /// Lines.
        positionen: Vec<Zugangsdaten>,
    },
    /// Reversed.
    Storniert {
        /// Why.
        grund: String,
        /// Number.
        we_nr: String,
        /// Business date of the reversal.
        buchungsdatum: NaiveDate,
        /// Lager.
        lager_id: Uuid,
        /// Lines.
        positionen: Vec<Zugangsdaten>,
    },
    /// An invoice was booked, or taken back.
    BerechnungErfasst {
        /// The Eingangsrechnung.
        eingangsrechnung_id: Uuid,
        /// Business date.
        buchungsdatum: Option<NaiveDate>,
        /// What was invoiced.
        positionen: Vec<ZugangsMenge>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum WareneingangError {
    /// The Lieferschein was recorded before.
    #[error("der Lieferschein {lieferschein_nr} dieses Lieferanten ist schon erfasst; bitte die Nummer prüfen")]
    #[strum(serialize = "WARENEINGANG_LIEFERSCHEIN_DOPPELT")]
    LieferscheinDoppelt {
        /// Its number.
        lieferschein_nr: String,
    },
    /// A line without order and without price.
    #[error("ohne Bestellung braucht die Position einen Preis; bitte einen angeben")]
    #[strum(serialize = "WARENEINGANG_PREIS_FEHLT")]
    PreisFehlt {},
    /// Invoiced already.
    #[error("der Wareneingang ist schon berechnet; bitte zuerst die Eingangsrechnung stornieren")]
    #[strum(serialize = "WARENEINGANG_BERECHNET")]
    Berechnet {},
}

crate::wire!(Wareneingang, WareneingangCommand => WareneingangEvent | WareneingangError);

impl Wareneingang {
    /// Scope of the Lieferschein's claim: once per supplier.
    pub const KEY_LIEFERSCHEIN: &'static str = "wareneingang.lieferschein";

    fn lieferschein(lieferant_id: Uuid, nr: &str) -> String {
        format!("{lieferant_id}/{nr}")
    }

    /// A line by its id.
    #[must_use]
    pub fn position(&self, we_position_id: Uuid) -> Option<&WareneingangPosition> {
        self.positionen.iter().find(|p| p.we_position_id == we_position_id)
    }

    /// What came of a line and was not invoiced yet.
    #[must_use]
    pub fn offen(&self, we_position_id: Uuid) -> Menge {
        self.position(we_position_id)
            .map_or(Menge::NULL, WareneingangPosition::offen)
    }

    fn anlegen(command: WareneingangCommand, ctx: &Context<'_>) -> Decision<Self> {
        let WareneingangCommand::Anlegen {
            lieferant_id,
            lieferschein_nr,
            lager_id,
        } = command
        else {
            return Err(Shared::status(WareneingangStatus::Neu, &["entwurf"]).into());
        };
        let unbekannt = || {
            Shared::feld(
                "/lieferant_id",
                "diesen Lieferanten gibt es nicht; bitte zuerst anlegen",
            )
        };
        let lieferant = ctx.get::<Lieferant>(lieferant_id)?.ok_or_else(unbekannt)?;
        belegposition::lager(lager_id, ctx)?;
        let lieferschein_nr = lieferschein_nr.to_string();
        let schluessel = Self::lieferschein(lieferant_id, &lieferschein_nr);
        if ctx.holder(Self::KEY_LIEFERSCHEIN, &schluessel)?.is_some() {
            return Err(WareneingangError::LieferscheinDoppelt { lieferschein_nr }.into());
        }
        Ok(vec![WareneingangEvent::Angelegt {
            lieferant_id,
            lieferant_nr: lieferant.lieferant_nr.clone(),
            lieferant_name: lieferant.name.clone(),
            lieferschein_nr,
            lager_id,
        }])
    }

    fn buchen(&self, buchungsdatum: Option<NaiveDate>, ctx: &Context<'_>) -> Decision<Self> {
        if self.positionen.is_empty() {
            return Err(Shared::feld(
                "/positionen",
                "der Wareneingang hat keine Position; bitte eine erfassen",
            )
            .into());
        }
        let buchungsdatum = buchungstag(buchungsdatum, ctx)?;
        Ok(vec![WareneingangEvent::Gebucht {
            we_nr: ctx.draw(KREIS, buchungsdatum)?.text,
            buchungsdatum,
            lieferant_id: self.lieferant_id,
            lieferschein_nr: self.lieferschein_nr.clone(),
            lager_id: self.lager_id,
            positionen: self.positionen.iter().map(WareneingangPosition::daten).collect(),
        }])
    }

    fn stornieren(&self, grund: &Text<500>, buchungsdatum: Option<NaiveDate>, ctx: &Context<'_>) -> Decision<Self> {
        if self.positionen.iter().any(|p| !p.berechnet.is_null()) {
            return Err(WareneingangError::Berechnet {}.into());
        }
        let buchungsdatum = buchungstag(buchungsdatum, ctx)?;
        if let Some(gebucht) = self.buchungsdatum.filter(|gebucht| buchungsdatum < *gebucht) {
            let text = format!("der Wareneingang ist vom {gebucht}; bitte diesen Tag oder einen späteren angeben");
            return Err(Shared::feld("/buchungsdatum", text).into());
        }
        Ok(vec![WareneingangEvent::Storniert {
            grund: grund.to_string(),
            we_nr: self.we_nr.clone().unwrap_or_default(),
            buchungsdatum,
            lager_id: self.lager_id,
            positionen: self.positionen.iter().map(WareneingangPosition::daten).collect(),
        }])
    }
}

impl Aggregate for Wareneingang {
    const NAME: &'static str = "Wareneingang";
    const TYPE: &'static str = "wareneingang";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "wareneingaenge";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["BerechnungErfassen"];
    type Command = WareneingangCommand;
    type Event = WareneingangEvent;
    type Error = WareneingangError;

    fn decide(&self, command: WareneingangCommand, ctx: &Context<'_>) -> Decision<Self> {
        use WareneingangCommand as Cmd;
        use WareneingangEvent as Ev;
        use WareneingangStatus::{Entwurf, Gebucht, Neu};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Entwurf, Cmd::PositionErfassen(eingabe)) => Ok(vec![Ev::PositionErfasst {
                position: self.erfassen(eingabe, ctx)?,
            }]),
            (Entwurf, Cmd::PositionEntfernen { we_position_id }) => {
                if self.position(we_position_id).is_none() {
                    return Err(Shared::feld("/we_position_id", "diese Position hat der Wareneingang nicht").into());
                }
                Ok(vec![Ev::PositionEntfernt { we_position_id }])
            }
            (Entwurf, Cmd::Buchen { buchungsdatum }) => self.buchen(buchungsdatum, ctx),
            (Gebucht, Cmd::Stornieren { grund, buchungsdatum }) => self.stornieren(&grund, buchungsdatum, ctx),
            (
                Gebucht,
                Cmd::BerechnungErfassen {
                    eingangsrechnung_id,
                    buchungsdatum,
                    positionen,
                },
            ) => Ok(vec![Ev::BerechnungErfasst {
                eingangsrechnung_id,
                buchungsdatum: Some(buchungsdatum),
                positionen,
            }]),
            (status, Cmd::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, Cmd::Stornieren { .. } | Cmd::BerechnungErfassen { .. }) => {
                Err(Shared::status(status, &["gebucht"]).into())
            }
            (status, _) => Err(Shared::status(status, &["entwurf"]).into()),
        }
    }

    fn evolve(&mut self, event: WareneingangEvent) {
        match event {
            WareneingangEvent::Angelegt {
                lieferant_id,
                lieferant_nr,
                lieferant_name,
                lieferschein_nr,
                lager_id,
            } => {
                *self = Self {
                    lieferant_id,
                    lieferant_nr,
                    lieferant_name,
                    lieferschein_nr,
                    lager_id,
                    status: WareneingangStatus::Entwurf,
                    ..Self::default()
                };
            }
            WareneingangEvent::PositionErfasst { position } => self.positionen.push(position.into()),
            WareneingangEvent::PositionEntfernt { we_position_id } => {
                self.positionen.retain(|p| p.we_position_id != we_position_id);
            }
            WareneingangEvent::Gebucht {
                we_nr, buchungsdatum, ..
            } => {
                self.we_nr = Some(we_nr);
                self.buchungsdatum = Some(buchungsdatum);
                self.status = WareneingangStatus::Gebucht;
            }
            WareneingangEvent::Storniert { .. } => self.status = WareneingangStatus::Storniert,
            WareneingangEvent::BerechnungErfasst { positionen, .. } => {
                for ZugangsMenge { we_position_id, menge } in positionen {
                    if let Some(position) = self.positionen.iter_mut().find(|p| p.we_position_id == we_position_id) {
                        position.berechnet += menge;
                    }
                }
            }
        }
    }

    /// A reversed receipt gives its Lieferschein free: it may be recorded again, correctly.
    fn keys(&self) -> Vec<Key> {
        match self.status {
            WareneingangStatus::Entwurf | WareneingangStatus::Gebucht => {
                let schluessel = Self::lieferschein(self.lieferant_id, &self.lieferschein_nr);
                vec![Key::new(Self::KEY_LIEFERSCHEIN, "lieferschein_nr", schluessel)]
            }
            WareneingangStatus::Neu | WareneingangStatus::Storniert => Vec::new(),
        }
    }

    fn nummer(&self) -> Option<String> {
        self.we_nr.clone()
    }
}
