//! Words of the Bestellung: states, positions with their dates, approvals, costs of bringing goods in.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fibu::eingangsrechnung::NebenkostenArt,
    types::{Akteur, Betrag, Menge, Preis, Preisspalten, Satz},
    wawi::belegposition::{self, Positionsstatus},
};

/// Status of a purchase order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BestellungStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Being written.
    Entwurf,
    /// Waits for approvals.
    InFreigabe,
    /// Approved; has its number.
    Freigegeben,
    /// Sent to the supplier.
    Bestellt,
    /// Confirmed by the supplier.
    Bestaetigt,
    /// Goods came in part.
    TeilGeliefert,
    /// All goods came.
    Geliefert,
    /// All delivered or cancelled, and invoiced.
    Abgeschlossen,
    /// Cancelled.
    Storniert,
}

/// A part of a position with its own day. A position that comes at once has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Liefereinteilung {
    /// Number within the position, from 1, by day.
    pub nr: i32,
    /// When the part is wanted.
    pub termin: Option<NaiveDate>,
    /// How much, in the unit of the position.
    pub menge: Menge,
    /// When the supplier promised it.
    pub bestaetigt_termin: Option<NaiveDate>,
    /// How much the supplier promised.
    pub bestaetigt_menge: Option<Menge>,
}

/// A position as it was decided; part of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Positionsdaten {
    /// Article.
    pub artikel_id: Uuid,
    /// Its number.
    pub artikel_nr: String,
    /// Its name.
    pub bezeichnung: String,
    /// Where the goods go.
    pub lager_id: Uuid,
    /// How much.
    pub menge: Menge,
    /// Unit.
    pub einheit: String,
    /// The same in the article's Basiseinheit.
    pub basismenge: Menge,
    /// Price.
    pub preis: Preis,
    /// Value, rounded once.
    pub netto: Betrag,
    /// Tax key of purchases.
    pub schluessel: Option<String>,
    /// When all of it is wanted.
    pub termin: Option<NaiveDate>,
    /// Its parts, by day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub einteilungen: Vec<Liefereinteilung>,
    /// How much more may come.
    pub toleranz_ueber: Satz,
    /// How much less is enough.
    pub toleranz_unter: Satz,
    /// Account of the ledger, if the goods are expense.
    pub konto: Option<String>,
    /// Kostenstelle.
    pub kst: Option<String>,
}

/// A position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BestellPosition {
    /// Its id; other documents name it.
    pub position_id: Uuid,
    /// Number within the order, from 1.
    pub pos: i32,
    /// Article.
    pub artikel_id: Uuid,
    /// Its number.
    pub artikel_nr: String,
    /// Its name.
    pub bezeichnung: String,
    /// Where the goods go.
    pub lager_id: Uuid,
    /// How much was ordered.
    pub menge: Menge,
    /// Unit of all quantities of the position.
    pub einheit: String,
    /// What was ordered, in the article's Basiseinheit.
    pub basismenge: Menge,
    /// Price.
    #[serde(flatten)]
    pub preis: Preisspalten,
    /// Value of what was ordered.
    pub netto: Betrag,
    /// Tax key of purchases.
    pub schluessel: Option<String>,
    /// When all of it is wanted.
    pub termin: Option<NaiveDate>,
    /// When the supplier promised the last of it.
    pub bestaetigt_termin: Option<NaiveDate>,
    /// How much the supplier promised.
    pub bestaetigt_menge: Option<Menge>,
    /// Its parts, by day.
    pub einteilungen: Vec<Liefereinteilung>,
    /// How much more may come.
    pub toleranz_ueber: Satz,
    /// How much less is enough.
    pub toleranz_unter: Satz,
    /// Account of the ledger, if the goods are expense.
    pub konto: Option<String>,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// What came.
    pub geliefert: Menge,
    /// What was invoiced.
    pub berechnet: Menge,
    /// Status.
    pub status: Positionsstatus,
}

impl BestellPosition {
    /// The position as it begins.
    pub(super) fn neu(position_id: Uuid, pos: i32, daten: Positionsdaten) -> Self {
        Self {
            position_id,
            pos,
            artikel_id: daten.artikel_id,
            artikel_nr: daten.artikel_nr,
            bezeichnung: daten.bezeichnung,
            lager_id: daten.lager_id,
            menge: daten.menge,
            einheit: daten.einheit,
            basismenge: daten.basismenge,
            preis: daten.preis.into(),
            netto: daten.netto,
            schluessel: daten.schluessel,
            termin: daten.termin,
            einteilungen: daten.einteilungen,
            toleranz_ueber: daten.toleranz_ueber,
            toleranz_unter: daten.toleranz_unter,
            konto: daten.konto,
            kst: daten.kst,
            ..Self::default()
        }
    }

    /// The price with its unit.
    #[must_use]
    pub fn preis(&self) -> Preis {
        self.preis.preis()
    }

    /// The most that may still come: ordered with tolerance, less what came; nothing for a cancelled rest.
    #[must_use]
    pub fn lieferbar(&self) -> Menge {
        match self.status {
            Positionsstatus::Storniert => Menge::NULL,
            _ => belegposition::hoechstens(self.menge, self.toleranz_ueber, self.geliefert),
        }
    }

    /// What is still expected.
    #[must_use]
    pub fn offen(&self) -> Menge {
        match self.status {
            Positionsstatus::Offen | Positionsstatus::TeilGeliefert => belegposition::offen(self.menge, self.geliefert),
            Positionsstatus::Geliefert | Positionsstatus::Storniert => Menge::NULL,
        }
    }

    /// What of the ordered quantity neither came nor is expected: a cancelled rest, or one the tolerance allows.
    pub(super) fn entfallen(&self) -> Menge {
        belegposition::offen(self.menge, self.geliefert) - self.offen()
    }

    /// Folds the parts in, with what the supplier promised of them.
    pub(super) fn einteilen(&mut self, einteilungen: Vec<Liefereinteilung>) {
        let zugesagt: Vec<Menge> = einteilungen.iter().filter_map(|e| e.bestaetigt_menge).collect();
        self.bestaetigt_termin = einteilungen.iter().filter_map(|e| e.bestaetigt_termin).max();
        self.bestaetigt_menge = (!zugesagt.is_empty()).then(|| zugesagt.into_iter().sum());
        self.einteilungen = einteilungen;
    }

    /// Folds that the rest is expected again.
    pub(super) fn wiederoeffnen(&mut self) {
        self.status = if self.geliefert.is_null() {
            Positionsstatus::Offen
        } else {
            Positionsstatus::TeilGeliefert
        };
    }

    /// True once nothing is expected any more and all that came is invoiced.
    pub(super) fn erledigt(&self) -> bool {
        self.offen().is_null() && self.berechnet == self.geliefert
    }

    /// The status that follows from what came; a cancelled rest stays cancelled.
    pub(super) fn nach_lieferung(&self, geliefert: Menge) -> Positionsstatus {
        match self.status {
            Positionsstatus::Storniert => Positionsstatus::Storniert,
            _ if geliefert.is_null() => Positionsstatus::Offen,
            _ if belegposition::genug(self.menge, self.toleranz_unter, geliefert) => Positionsstatus::Geliefert,
            _ => Positionsstatus::TeilGeliefert,
        }
    }
}

/// What was said to a level of approval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Entscheidung {
    /// Yes.
    #[default]
    Freigegeben,
    /// No; the order is back with its author.
    Abgelehnt,
}

/// A decision on the present total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BestellFreigabe {
    /// Level.
    pub stufe: u8,
    /// The level is needed above this net total.
    pub grenze: Option<Betrag>,
    /// Who decided.
    pub von: Akteur,
    /// What.
    pub entscheidung: Entscheidung,
    /// Why not.
    pub grund: Option<String>,
    /// When.
    pub am: DateTime<Utc>,
}

/// How costs of bringing goods in are shared among the positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verteilung {
    /// By quantity in the Basiseinheit, which all positions share.
    Menge,
    /// By net value.
    Wert,
    /// By weight in kg.
    Gewicht,
}

/// What a position bears of the costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nebenkostenanteil {
    /// The position.
    pub position_id: Uuid,
    /// Its share.
    pub betrag: Betrag,
}

/// Costs of bringing goods in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BestellNebenkosten {
    /// Kind; each stands once.
    pub art: NebenkostenArt,
    /// Net.
    pub betrag: Betrag,
    /// How they are shared.
    pub verteilung: Verteilung,
    /// The shares; they sum to the amount.
    pub anteile: Vec<Nebenkostenanteil>,
}
