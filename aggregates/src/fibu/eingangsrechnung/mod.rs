//! Eingangsrechnung: the incoming document from its receipt to the ledger (fibu 3). Goods are compared with what was
//! ordered and received by the Rechnungspruefung, in the same units of work. This file holds the state and what a command
//! or event does to it; the rules are in `erfassen` and `buchen`.

mod buchen;
mod erfassen;
mod types;

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{buchungssatz::SkontoStufe, steuerrechnung::Steuerzeile};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Akteur, Bereich, Betrag, Menge, Preis, Preisbetrag},
};

pub use self::types::{
    EingangsPosition, EingangspositionEingabe, EingangsrechnungArt, EingangsrechnungCommand, EingangsrechnungErfasst,
    EingangsrechnungError, EingangsrechnungEvent, EingangsrechnungGebucht, EingangsrechnungStatus, ErfassenEingabe,
    NebenkostenArt, SteuerEingabe, WePosition,
};

/// Result of a step of a decision.
type Ergebnis<T> = Result<T, Refused<EingangsrechnungError>>;

/// Nummernkreis of incoming documents.
pub const BELEGKREIS: &str = "ER";

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Number within the document.
    pub nr: i32,
    /// What was supplied.
    pub text: String,
    /// Quantity.
    pub menge: Option<Menge>,
    /// Its unit.
    pub einheit: Option<String>,
    /// Price as stated.
    pub preis: Option<Preisbetrag>,
    /// For how much of the price's unit.
    pub preis_je: Option<Menge>,
    /// Unit of the price.
    pub preis_einheit: Option<String>,
    /// Net.
    pub netto: Betrag,
    /// Tax key.
    pub schluessel: String,
    /// Account, if one was named.
    pub konto: Option<String>,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// The Wareneingang.
    pub wareneingang_id: Option<Uuid>,
    /// Its line.
    pub we_position_id: Option<Uuid>,
    /// Costs of bringing goods in.
    pub nebenkosten_art: Option<NebenkostenArt>,
}

impl From<EingangsPosition> for Position {
    fn from(p: EingangsPosition) -> Self {
        let (preis, preis_je, preis_einheit) = match p.preis {
            Some(Preis { betrag, je, einheit }) => (Some(betrag), Some(je), Some(einheit)),
            None => (None, None, None),
        };
        Self {
            nr: p.nr,
            text: p.text,
            menge: p.menge,
            einheit: p.einheit,
            preis,
            preis_je,
            preis_einheit,
            netto: p.netto,
            schluessel: p.schluessel,
            konto: p.konto,
            kst: p.kst,
            ktr: p.ktr,
            wareneingang_id: p.wareneingang.map(|w| w.wareneingang_id),
            we_position_id: p.wareneingang.map(|w| w.we_position_id),
            nebenkosten_art: p.nebenkosten_art,
        }
    }
}

/// Folded state; serde gives the columns of `fibu.eingangsrechnung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Eingangsrechnung {
    /// Our number; none before it is booked.
    pub nummer: Option<String>,
    /// Year of the number.
    pub jahr: Option<i32>,
    /// Running number.
    pub lfd: Option<i64>,
    /// Kind.
    pub art: EingangsrechnungArt,
    /// Status.
    pub status: EingangsrechnungStatus,
    /// The Kreditor.
    pub kreditor_nr: String,
    /// Name of the supplier.
    pub kreditor_name: String,
    /// The supplier in wawi.
    pub lieferant_id: Option<Uuid>,
    /// The supplier's number of the document.
    pub lieferantennummer: String,
    /// Date of the document.
    pub rechnungsdatum: NaiveDate,
    /// First day of the supply.
    pub leistung_von: NaiveDate,
    /// Last day of the supply.
    pub leistung_bis: NaiveDate,
    /// Day on which it came in.
    pub eingang_am: NaiveDate,
    /// Date in the ledger.
    pub buchungsdatum: Option<NaiveDate>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Due date.
    pub faellig: Option<NaiveDate>,
    /// Net.
    pub netto: Betrag,
    /// Tax that is in the gross.
    pub steuer: Betrag,
    /// Gross.
    pub brutto: Betrag,
    /// A Rechnungspruefung belongs to it.
    pub mit_pruefung: bool,
    /// Who entered it.
    pub erfasst_von: Option<Akteur>,
    /// Who released it.
    pub freigegeben_von: Option<Akteur>,
    /// Why it was sent back or reversed.
    pub grund: Option<String>,
    /// Its Buchung.
    pub buchung_id: Option<Uuid>,
    /// The Generalumkehr of its Buchung.
    pub storniert_durch: Option<Uuid>,
    /// Lines.
    pub positionen: Vec<Position>,
    /// Tax per key.
    pub steuerzeilen: Vec<Steuerzeile>,
    /// Discounts for early payment.
    pub skonto: Vec<SkontoStufe>,
}

crate::wire!(Eingangsrechnung, EingangsrechnungCommand => EingangsrechnungEvent | EingangsrechnungError);

impl Eingangsrechnung {
    /// Scope of the claim of a supplier's document: Kreditor, year and the supplier's number.
    pub const KEY_BELEG: &'static str = "eingangsrechnung.beleg";

    /// The part by which its voucher is named, and with it its open item.
    pub const TEIL_BUCHUNG: &'static str = "eingangsrechnung/buchung";

    /// The key of a supplier's document. Suppliers write their numbers now with, now without blanks and in either case.
    #[must_use]
    pub fn beleg_schluessel(kreditor_nr: &str, rechnungsdatum: NaiveDate, lieferantennummer: &str) -> String {
        let nummer: String = lieferantennummer.split_whitespace().collect();
        format!("{kreditor_nr}/{}/{}", rechnungsdatum.year(), nummer.to_uppercase())
    }
}

impl Aggregate for Eingangsrechnung {
    const NAME: &'static str = "Eingangsrechnung";
    const TYPE: &'static str = "eingangsrechnung";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "eingangsrechnungen";
    const CREATE: &'static str = "Erfassen";
    type Command = EingangsrechnungCommand;
    type Event = EingangsrechnungEvent;
    type Error = EingangsrechnungError;

    fn decide(&self, command: EingangsrechnungCommand, ctx: &Context<'_>) -> Decision<Self> {
        use EingangsrechnungCommand as Cmd;
        use EingangsrechnungStatus::{Erfasst, Freigegeben, Gebucht, Geprueft, Neu};
        let event = match (self.status, command) {
            (Neu, Cmd::Erfassen(eingabe)) => erfassen::erfassen(eingabe, ctx)?,
            (Erfasst, Cmd::Pruefen {}) => EingangsrechnungEvent::Geprueft {
                mit_pruefung: self.mit_pruefung,
            },
            (Geprueft, Cmd::Freigeben {}) => buchen::freigeben(self, ctx)?,
            (Erfasst | Geprueft, Cmd::Ablehnen { grund }) => EingangsrechnungEvent::Abgelehnt {
                grund: grund.to_string(),
            },
            (Freigegeben, Cmd::Buchen { buchungsdatum }) => buchen::buchen(self, buchungsdatum, ctx)?,
            (Gebucht, Cmd::Stornieren { grund, datum }) => buchen::stornieren(self, &grund, datum, ctx)?,
            (status, Cmd::Erfassen(_)) => return Err(Shared::status(status, &["neu"]).into()),
            (status, Cmd::Pruefen {}) => return Err(Shared::status(status, &["erfasst"]).into()),
            (status, Cmd::Freigeben {}) => return Err(Shared::status(status, &["geprueft"]).into()),
            (status, Cmd::Ablehnen { .. }) => return Err(Shared::status(status, &["erfasst", "geprueft"]).into()),
            (status, Cmd::Buchen { .. }) => return Err(Shared::status(status, &["freigegeben"]).into()),
            (status, Cmd::Stornieren { .. }) => return Err(Shared::status(status, &["gebucht"]).into()),
        };
        Ok(vec![event])
    }

    fn evolve(&mut self, event: EingangsrechnungEvent) {
        match event {
            EingangsrechnungEvent::Erfasst(e) => {
                *self = Self {
                    art: e.art,
                    status: EingangsrechnungStatus::Erfasst,
                    kreditor_nr: e.kreditor_nr,
                    kreditor_name: e.kreditor_name,
                    lieferant_id: e.lieferant_id,
                    lieferantennummer: e.lieferantennummer,
                    rechnungsdatum: e.rechnungsdatum,
                    leistung_von: e.leistung_von,
                    leistung_bis: e.leistung_bis,
                    eingang_am: e.eingang_am,
                    zahlungsbedingung_id: e.zahlungsbedingung_id,
                    netto: e.netto,
                    steuer: e.steuer,
                    brutto: e.brutto,
                    mit_pruefung: e.mit_pruefung,
                    erfasst_von: Some(e.erfasst_von),
                    positionen: e.positionen.into_iter().map(Position::from).collect(),
                    steuerzeilen: e.steuerzeilen,
                    ..Self::default()
                };
            }
            EingangsrechnungEvent::Geprueft { .. } => self.status = EingangsrechnungStatus::Geprueft,
            EingangsrechnungEvent::Freigegeben { freigegeben_von } => {
                self.freigegeben_von = Some(freigegeben_von);
                self.status = EingangsrechnungStatus::Freigegeben;
            }
            EingangsrechnungEvent::Abgelehnt { grund } => {
                self.grund = Some(grund);
                self.status = EingangsrechnungStatus::Abgelehnt;
            }
            EingangsrechnungEvent::Gebucht(g) => {
                self.nummer = Some(g.nummer.text);
                self.jahr = Some(g.nummer.jahr);
                self.lfd = Some(g.nummer.lfd);
                self.buchungsdatum = Some(g.buchungsdatum);
                self.zahlungsbedingung_id = g.bedingung.zahlungsbedingung_id;
                self.faellig = Some(g.bedingung.faellig);
                self.skonto = SkontoStufe::von(g.bedingung.skonto);
                self.buchung_id = Some(g.buchung.buchung_id);
                self.status = EingangsrechnungStatus::Gebucht;
            }
            EingangsrechnungEvent::Storniert { grund, umkehr, .. } => {
                self.grund = Some(grund);
                self.storniert_durch = Some(umkehr.durch);
                self.status = EingangsrechnungStatus::Storniert;
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        use EingangsrechnungStatus::{Abgelehnt, Neu, Storniert};
        match self.status {
            // What was sent back or reversed may come again under the same number.
            Neu | Abgelehnt | Storniert => Vec::new(),
            _ => {
                let wert = Self::beleg_schluessel(&self.kreditor_nr, self.rechnungsdatum, &self.lieferantennummer);
                vec![Key::new(Self::KEY_BELEG, "lieferantennummer", wert)]
            }
        }
    }

    fn nummer(&self) -> Option<String> {
        self.nummer.clone()
    }
}
