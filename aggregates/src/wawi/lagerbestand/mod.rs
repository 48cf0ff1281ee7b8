//! Lagerbestand: the only truth about the quantity of an article in a Lager (wawi 2.1). One stream for both, so that
//! what is promised and what is there are decided together; it is long, and its state is small.

mod buchen;
mod command;
mod error;
mod event;
mod reservieren;
mod storno;
pub mod tage;
pub mod types;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use buchen::Zeitangabe;
pub use command::{AbgangEingabe, LagerbestandCommand, ReservierenEingabe, ZugangEingabe};
pub use error::LagerbestandError;
pub use event::LagerbestandEvent;
pub use storno::FACT_BEWEGUNG;
pub use tage::Tagessaldo;
pub use types::{Bestandszeile, Bewegung, Bewegungsart, Ort, Ortsart, Reservierung, Richtung, Verbrauch};

use crate::{
    Aggregate, Context, Decision, Refused, Shared, StreamKey,
    context::stream_id,
    types::{BelegRef, Bereich, Menge, Text},
};

/// Folded state; serde gives the columns of `wawi.lagerbestand`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lagerbestand {
    /// Article.
    pub artikel_id: Uuid,
    /// Lager.
    pub lager_id: Uuid,
    /// Basiseinheit.
    pub einheit: String,
    /// Decimals of it.
    pub stellen: u8,
    /// What is there.
    pub bestand: Menge,
    /// What of it is promised.
    pub reserviert: Menge,
    /// What of it is not.
    pub frei: Menge,
    /// One line per place with stock.
    pub zeilen: Vec<Bestandszeile>,
    /// Promises to documents, oldest first.
    pub reservierungen: Vec<Reservierung>,
    /// Balances of the days that a move may still be dated to.
    pub tagessalden: Vec<Tagessaldo>,
}

crate::wire!(Lagerbestand, LagerbestandCommand => LagerbestandEvent | LagerbestandError);

type Refusal = Refused<LagerbestandError>;

impl Lagerbestand {
    /// Stream of an article in a Lager.
    #[must_use]
    pub fn stream_id(mandant_id: Uuid, artikel_id: Uuid, lager_id: Uuid) -> Uuid {
        stream_id(mandant_id, Self::TYPE, &natural_key(artikel_id, lager_id))
    }

    /// True once anything came in.
    #[must_use]
    pub fn eroeffnet(&self) -> bool {
        !self.einheit.is_empty()
    }

    /// What lies on a place; the unnamed one is the empty text.
    #[must_use]
    pub fn auf_platz(&self, platz: &str) -> Menge {
        self.zeilen
            .iter()
            .find(|z| z.platz == platz)
            .map_or(Menge::NULL, |z| z.menge)
    }

    /// What is promised under an id.
    #[must_use]
    pub fn reserviert_fuer(&self, id: Uuid) -> Menge {
        self.reservierung(id).map_or(Menge::NULL, |r| r.menge)
    }

    fn reservierung(&self, id: Uuid) -> Option<&Reservierung> {
        self.reservierungen.iter().find(|r| r.id == id)
    }

    fn bewegt(&mut self, bewegung: &Bewegung) {
        if let Some(platz) = bewegung.von.im_lager() {
            self.zeile_aendern(platz, -bewegung.menge);
        }
        if let Some(platz) = bewegung.nach.im_lager() {
            self.zeile_aendern(platz, bewegung.menge);
        }
        let delta = bewegung.delta();
        if !delta.is_null() {
            self.bestand += delta;
            tage::buchen(&mut self.tagessalden, bewegung.buchungsdatum, delta);
        }
        if let Some(verbrauch) = &bewegung.reservierung {
            self.reservierung_setzen(verbrauch.id, verbrauch.rest);
        }
        self.frei = self.bestand - self.reserviert;
    }

    fn zeile_aendern(&mut self, platz: &str, delta: Menge) {
        match self.zeilen.iter_mut().find(|z| z.platz == platz) {
            Some(zeile) => zeile.menge += delta,
            None => self.zeilen.push(Bestandszeile {
                platz: platz.to_owned(),
                menge: delta,
            }),
        }
        self.zeilen.retain(|z| !z.menge.is_null());
    }

    fn reservierung_setzen(&mut self, id: Uuid, menge: Menge) {
        if let Some(reservierung) = self.reservierungen.iter_mut().find(|r| r.id == id) {
            reservierung.menge = menge;
        }
        self.reservierungen.retain(|r| !r.menge.is_null());
        self.reserviert = self.reservierungen.iter().map(|r| r.menge).sum();
        self.frei = self.bestand - self.reserviert;
    }
}

fn natural_key(artikel_id: Uuid, lager_id: Uuid) -> String {
    format!("{artikel_id}/{lager_id}")
}

/// The document of a reservation as it stood in its event.
fn beleg_von(reservierung: &Reservierung) -> BelegRef {
    BelegRef {
        typ: Text::cut(&reservierung.beleg_typ),
        id: reservierung.beleg_id,
        nummer: reservierung.beleg_nummer.as_deref().map(Text::cut),
        position: reservierung.beleg_position,
    }
}

impl Aggregate for Lagerbestand {
    const NAME: &'static str = "Lagerbestand";
    const TYPE: &'static str = "lagerbestand";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "lagerbestaende";
    const CREATE: &'static str = "ZugangBuchen";
    const CREATE_CONTINUES: bool = true;
    const INTERNAL: &'static [&'static str] = &["ReservierungVerfallenLassen"];
    type Command = LagerbestandCommand;
    type Event = LagerbestandEvent;
    type Error = LagerbestandError;

    fn decide(&self, command: LagerbestandCommand, ctx: &Context<'_>) -> Decision<Self> {
        use LagerbestandCommand as C;
        match command {
            C::ZugangBuchen(eingabe) => self.zugang(eingabe, ctx),
            C::AbgangBuchen(eingabe) => self.abgang(eingabe, ctx),
            C::Reservieren(eingabe) => self.reservieren(eingabe, ctx),
            C::ReservierungAendern {
                id, menge, teilweise, ..
            } => self.reservierung_aendern(id, menge, teilweise, ctx),
            C::ReservierungAufheben { id, .. } => Ok(self.reservierung_beenden(id, false)),
            C::ReservierungVerfallenLassen { id } => Ok(self.verfallen_lassen(id, ctx.heute())),
            // The rest is about stock that is there.
            _ if !self.eroeffnet() => Err(LagerbestandError::Fehlt {
                verfuegbar: Menge::NULL,
            }
            .into()),
            C::Umbuchen {
                von_platz,
                nach_platz,
                menge,
                beleg,
                buchungsdatum,
                bewegt_um,
            } => {
                let angabe = Zeitangabe {
                    buchungsdatum,
                    bewegt_um,
                };
                self.umbuchen((von_platz, nach_platz), menge, beleg, angabe, ctx)
            }
            C::Leermelden {
                platz,
                buchungsdatum,
                bewegt_um,
            } => {
                let angabe = Zeitangabe {
                    buchungsdatum,
                    bewegt_um,
                };
                self.leermelden(platz, angabe, ctx)
            }
            C::MehrmengeBuchen {
                platz,
                menge,
                grund,
                buchungsdatum,
                bewegt_um,
            } => {
                let angabe = Zeitangabe {
                    buchungsdatum,
                    bewegt_um,
                };
                self.mehrmenge(platz, menge, &grund, angabe, ctx)
            }
            C::BewegungStornieren {
                bewegung_id,
                grund,
                buchungsdatum,
            } => {
                let angabe = Zeitangabe {
                    buchungsdatum,
                    bewegt_um: None,
                };
                self.stornieren(bewegung_id, &grund, angabe, ctx)
            }
        }
    }

    fn evolve(&mut self, event: LagerbestandEvent) {
        use LagerbestandEvent as E;
        match event {
            E::Eroeffnet {
                artikel_id,
                lager_id,
                einheit,
                stellen,
            } => {
                self.artikel_id = artikel_id;
                self.lager_id = lager_id;
                self.einheit = einheit;
                self.stellen = stellen;
            }
            E::Zugegangen(bewegung)
            | E::Abgegangen(bewegung)
            | E::Umgebucht(bewegung)
            | E::Leergemeldet(bewegung)
            | E::MehrmengeGebucht(bewegung)
            | E::BewegungStorniert(bewegung) => self.bewegt(&bewegung),
            E::Reserviert {
                id,
                beleg,
                menge,
                gueltig_bis,
                ..
            } => {
                self.reservierungen.push(Reservierung {
                    id,
                    beleg_typ: beleg.typ.to_string(),
                    beleg_id: beleg.id,
                    beleg_nummer: beleg.nummer.map(|n| n.to_string()),
                    beleg_position: beleg.position,
                    menge,
                    gueltig_bis,
                });
                self.reservierung_setzen(id, menge);
            }
            E::ReservierungGeaendert { id, menge, .. } => self.reservierung_setzen(id, menge),
            E::ReservierungAufgehoben { id, .. } => self.reservierung_setzen(id, Menge::NULL),
        }
    }

    fn stream_key(command: &LagerbestandCommand) -> Option<StreamKey> {
        let (artikel_id, lager_id) = match command {
            LagerbestandCommand::ZugangBuchen(e) => (Some(e.artikel_id), Some(e.lager_id)),
            LagerbestandCommand::AbgangBuchen(e) => (e.artikel_id, e.lager_id),
            LagerbestandCommand::Reservieren(e) => (e.artikel_id, e.lager_id),
            LagerbestandCommand::ReservierungAendern {
                artikel_id, lager_id, ..
            }
            | LagerbestandCommand::ReservierungAufheben {
                artikel_id, lager_id, ..
            } => (*artikel_id, *lager_id),
            _ => (None, None),
        };
        Some(StreamKey {
            feld: Some("artikel_id"),
            wert: natural_key(artikel_id?, lager_id?),
        })
    }
}

/// Refuses what the stream does not know.
fn unbekannt(feld: &str, was: &str) -> Refusal {
    Shared::feld(feld, format!("{was} gibt es hier nicht")).into()
}
