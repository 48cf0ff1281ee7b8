//! Rechnungspruefung: the three-way match of one Eingangsrechnung with what was ordered and received (wawi 4). It lives in
//! the units of work of its Eingangsrechnung; by hand a deviation is assigned, released, put off or refused.

mod command;
mod error;
mod event;
mod types;
mod vergleich;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{Anlage, RechnungspruefungCommand};
pub use error::RechnungspruefungError;
pub use event::RechnungspruefungEvent;
pub use types::{
    Berechnung, Bestellmenge, Ergebnis, Nebenkosten, Pruefzeile, RechnungspruefungStatus, Vergleich, Zeile,
};
pub use vergleich::{Bestellanteil, Gegenstand, Grenzen, vergleichen};

use crate::{
    Aggregate, Context, Decision, Shared, StreamKey,
    context::stream_id,
    types::{Akteur, Bereich, Betrag, Menge},
};

/// Special right that takes a deviation.
pub const RECHT: &str = "wawi.einkauf_leitung";

/// Folded state; serde gives the columns of `wawi.rechnungspruefung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rechnungspruefung {
    /// The Eingangsrechnung.
    pub eingangsrechnung_id: Uuid,
    /// The supplier.
    pub lieferant_id: Option<Uuid>,
    /// The supplier's number of the document.
    pub lieferantennummer: String,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// Status.
    pub status: RechnungspruefungStatus,
    /// Who released a deviation.
    pub freigegeben_von: Option<Akteur>,
    /// Reason of the last step by hand.
    pub begruendung: Option<String>,
    /// Lines.
    pub zeilen: Vec<Zeile>,
    /// Costs of bringing goods in.
    pub nebenkosten: Vec<Nebenkosten>,
}

crate::wire!(Rechnungspruefung, RechnungspruefungCommand => RechnungspruefungEvent | RechnungspruefungError);

impl Rechnungspruefung {
    /// The stream of an Eingangsrechnung.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid, eingangsrechnung_id: Uuid) -> Uuid {
        stream_id(mandant_id, Self::TYPE, &eingangsrechnung_id.to_string())
    }

    /// The first deviation that nobody has released, or the first line of what was put off: its number, the quantity above
    /// what was received, the value above what was agreed.
    #[must_use]
    pub fn offene_abweichung(&self) -> Option<(i32, Menge, Betrag)> {
        use RechnungspruefungStatus::{Freigegeben, Verbucht, Zurueckgestellt};
        if matches!(self.status, Freigegeben | Verbucht) {
            return None;
        }
        let wartet =
            |z: &&Zeile| self.status == Zurueckgestellt || matches!(z.ergebnis, Ergebnis::Abweichung | Ergebnis::Offen);
        let abweichung = self.zeilen.iter().find(wartet)?;
        let zu_viel = abweichung.delta_menge.unwrap_or_default().max(Menge::NULL);
        Some((abweichung.position, zu_viel, abweichung.delta_wert.unwrap_or_default()))
    }

    fn verglichen(&mut self, vergleiche: Vec<Vergleich>) {
        for v in vergleiche {
            if let Some(zeile) = self.zeilen.iter_mut().find(|z| z.position == v.position) {
                zeile.menge_offen = Some(v.menge_offen);
                zeile.preis_vereinbart = Some(v.preis_vereinbart.betrag);
                zeile.wert_vereinbart = Some(v.wert_vereinbart);
                zeile.delta_menge = Some(v.delta_menge);
                zeile.delta_wert = Some(v.delta_wert);
                zeile.delta_prozent = Some(v.delta_prozent);
                zeile.ergebnis = v.ergebnis;
            }
        }
        self.status = RechnungspruefungStatus::Geprueft;
    }
}

impl Aggregate for Rechnungspruefung {
    const NAME: &'static str = "Rechnungspruefung";
    const TYPE: &'static str = "rechnungspruefung";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "rechnungspruefungen";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["Anlegen", "Pruefen", "Verwerfen", "Verbuchen", "Ruecknehmen"];
    type Command = RechnungspruefungCommand;
    type Event = RechnungspruefungEvent;
    type Error = RechnungspruefungError;

    fn stream_key(command: &RechnungspruefungCommand) -> Option<StreamKey> {
        match command {
            RechnungspruefungCommand::Anlegen(anlage) => Some(StreamKey {
                feld: Some("eingangsrechnung_id"),
                wert: anlage.eingangsrechnung_id.to_string(),
            }),
            _ => None,
        }
    }

    fn decide(&self, command: RechnungspruefungCommand, ctx: &Context<'_>) -> Decision<Self> {
        use RechnungspruefungCommand as Cmd;
        use RechnungspruefungEvent as Ev;
        use RechnungspruefungStatus::{Abgelehnt, Freigegeben, Geprueft, Neu, Offen, Verbucht, Zurueckgestellt};
        let event = match (self.status, command) {
            (Neu, Cmd::Anlegen(anlage)) => Ev::Angelegt(anlage),
            (Offen, Cmd::Pruefen {}) => Ev::Geprueft {
                vergleiche: self.vergleiche(self.pruefzeilen(), ctx)?,
            },
            (
                Geprueft | Zurueckgestellt,
                Cmd::ZeileZuordnen {
                    position,
                    wareneingang,
                    menge,
                },
            ) => return self.zuordnen(position, wareneingang, menge, ctx),
            (Geprueft | Zurueckgestellt, Cmd::Freigeben { begruendung }) => {
                if !ctx.darf(RECHT) {
                    let sonderrecht = RECHT.to_owned();
                    return Err(Shared::BerechtigungFehlt { sonderrecht }.into());
                }
                Ev::Freigegeben {
                    freigegeben_von: ctx.akteur(),
                    begruendung: begruendung.map(|b| b.to_string()),
                }
            }
            (Geprueft, Cmd::Zurueckstellen { grund }) => Ev::Zurueckgestellt {
                grund: grund.map(|g| g.to_string()),
            },
            (Geprueft | Zurueckgestellt, Cmd::Ablehnen { grund }) => Ev::Abgelehnt {
                eingangsrechnung_id: self.eingangsrechnung_id,
                grund: grund.to_string(),
            },
            // Of a document without comparison, or one that is refused because its comparison was.
            (Neu | Abgelehnt, Cmd::Verwerfen { .. }) => return Ok(Vec::new()),
            (Offen | Geprueft | Freigegeben | Zurueckgestellt, Cmd::Verwerfen { grund }) => Ev::Verworfen {
                grund: grund.to_string(),
            },
            (Geprueft | Freigegeben, Cmd::Verbuchen { buchungsdatum }) if self.offene_abweichung().is_none() => {
                Ev::Verbucht {
                    eingangsrechnung_id: self.eingangsrechnung_id,
                    buchungsdatum,
                    berechnungen: self.berechnungen(false, ctx)?,
                }
            }
            (Verbucht, Cmd::Ruecknehmen { datum }) => Ev::Zurueckgenommen {
                eingangsrechnung_id: self.eingangsrechnung_id,
                datum,
                berechnungen: self.berechnungen(true, ctx)?,
            },
            (status, Cmd::Anlegen(_)) => return Err(Shared::status(status, &["neu"]).into()),
            (status, Cmd::Pruefen {}) => return Err(Shared::status(status, &["offen"]).into()),
            (status, Cmd::Verwerfen { .. }) => {
                return Err(Shared::status(status, &["offen", "geprueft", "freigegeben", "zurueckgestellt"]).into());
            }
            (status, Cmd::Zurueckstellen { .. }) => return Err(Shared::status(status, &["geprueft"]).into()),
            (status, Cmd::Verbuchen { .. }) => return Err(Shared::status(status, &["geprueft", "freigegeben"]).into()),
            (status, Cmd::Ruecknehmen { .. }) => return Err(Shared::status(status, &["verbucht"]).into()),
            (status, Cmd::ZeileZuordnen { .. } | Cmd::Freigeben { .. } | Cmd::Ablehnen { .. }) => {
                return Err(Shared::status(status, &["geprueft", "zurueckgestellt"]).into());
            }
        };
        Ok(vec![event])
    }

    fn evolve(&mut self, event: RechnungspruefungEvent) {
        match event {
            RechnungspruefungEvent::Angelegt(a) => {
                *self = Self {
                    eingangsrechnung_id: a.eingangsrechnung_id,
                    lieferant_id: a.lieferant_id,
                    lieferantennummer: a.lieferantennummer,
                    rechnungsdatum: a.rechnungsdatum,
                    status: RechnungspruefungStatus::Offen,
                    zeilen: a.zeilen.into_iter().map(Zeile::from).collect(),
                    nebenkosten: a.nebenkosten,
                    ..Self::default()
                };
            }
            RechnungspruefungEvent::Geprueft { vergleiche } => self.verglichen(vergleiche),
            RechnungspruefungEvent::ZeileZugeordnet { zeile, vergleiche } => {
                if let Some(alt) = self.zeilen.iter_mut().find(|z| z.position == zeile.position) {
                    *alt = zeile.into();
                }
                self.verglichen(vergleiche);
            }
            RechnungspruefungEvent::Freigegeben {
                freigegeben_von,
                begruendung,
            } => {
                self.freigegeben_von = Some(freigegeben_von);
                self.begruendung = begruendung;
                self.status = RechnungspruefungStatus::Freigegeben;
            }
            RechnungspruefungEvent::Zurueckgestellt { grund } => {
                self.begruendung = grund;
                self.status = RechnungspruefungStatus::Zurueckgestellt;
            }
            RechnungspruefungEvent::Abgelehnt { grund, .. } | RechnungspruefungEvent::Verworfen { grund } => {
                self.begruendung = Some(grund);
                self.status = RechnungspruefungStatus::Abgelehnt;
            }
            RechnungspruefungEvent::Verbucht { .. } => self.status = RechnungspruefungStatus::Verbucht,
            RechnungspruefungEvent::Zurueckgenommen { .. } => self.status = RechnungspruefungStatus::Zurueckgenommen,
        }
    }
}
