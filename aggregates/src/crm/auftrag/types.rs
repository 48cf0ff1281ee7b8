//! Words of the Auftrag: states, positions, locks, notes, prices and what it means for the credit line.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    crm::preisfindung::{PreisSchritt, Preisquelle},
    types::{Betrag, Menge, Preis, Preisspalten, Satz},
    wawi::belegposition::{self, Positionsstatus},
};

/// Status of an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuftragStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Being written.
    Erfasst,
    /// Confirmed to the customer.
    Bestaetigt,
    /// All delivered or cancelled, and invoiced.
    Abgeschlossen,
    /// Cancelled.
    Storniert,
}

/// Kind of an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuftragArt {
    /// From stock.
    #[default]
    Lager,
}

/// How far an order is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Lieferstatus {
    /// Nothing went yet.
    #[default]
    Offen,
    /// A part went.
    TeilGeliefert,
    /// Nothing is open any more.
    Geliefert,
}

/// How far an order is invoiced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Fakturastatus {
    /// Nothing is invoiced yet.
    #[default]
    Offen,
    /// A part is invoiced.
    TeilBerechnet,
    /// As much is invoiced as was delivered.
    Berechnet,
}

/// Why an order stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuftragSperreArt {
    /// The credit line does not suffice; set and lifted by the line only.
    Kredit,
    /// The price is to be looked at.
    Preis,
    /// A certificate of the customer is missing.
    Nachweis,
    /// By hand.
    Manuell,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuftragSperre {
    /// Kind; at most one of each.
    pub art: AuftragSperreArt,
    /// Why.
    pub grund: String,
    /// Since when.
    pub seit: NaiveDate,
}

/// What a note on an order is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HinweisArt {
    /// The stock is no longer promised to it.
    ReservierungAufgehoben,
    /// The article is locked.
    ArtikelGesperrt,
    /// The date is in danger.
    TerminGefaehrdet,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuftragHinweis {
    /// Its id.
    pub hinweis_id: Uuid,
    /// The position, if it is about one.
    pub position_id: Option<Uuid>,
    /// What it is about.
    pub art: HinweisArt,
    /// Text.
    pub text: String,
    /// Since when.
    pub seit: NaiveDate,
}

/// Kind of an invoice that counts for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FakturaArt {
    /// Invoice.
    Rechnung,
    /// Final invoice after payments in advance.
    Schluss,
    /// Credit note.
    Gutschrift,
    /// Cancelled invoice.
    Storno,
}

/// Where the goods go, frozen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lieferadresse {
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: String,
    /// Town.
    pub ort: String,
    /// Country, ISO 3166 alpha-2.
    pub land: String,
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
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
    /// Where the goods come from.
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
    /// Tax key of sales.
    pub schluessel: String,
    /// When the goods are wanted.
    pub termin: Option<NaiveDate>,
    /// How much more may go.
    pub toleranz_plus: Satz,
    /// How much less is enough.
    pub toleranz_minus: Satz,
    /// How the price came about.
    pub herleitung: Vec<PreisSchritt>,
}

/// A position of a confirmed order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bestandsposition {
    /// The position.
    pub position_id: Uuid,
    /// Its number.
    pub pos: i32,
    /// Article.
    pub artikel_id: Uuid,
    /// Its number.
    pub artikel_nr: String,
    /// What is owed.
    pub menge: Menge,
    /// Unit.
    pub einheit: String,
    /// Its value.
    pub netto: Betrag,
    /// When the goods are wanted.
    pub termin: Option<NaiveDate>,
}

/// A position that may be delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freigabeposition {
    /// The position.
    pub position_id: Uuid,
    /// Article.
    pub artikel_id: Uuid,
    /// Where the goods come from.
    pub lager_id: Uuid,
    /// What is open.
    pub menge: Menge,
    /// Unit.
    pub einheit: String,
    /// The same in the article's Basiseinheit.
    pub basismenge: Menge,
    /// When the goods are wanted.
    pub termin: Option<NaiveDate>,
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
}

/// A delivered position, ready to be invoiced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lieferposition {
    /// The position.
    pub position_id: Uuid,
    /// Article.
    pub artikel_id: Uuid,
    /// Its number.
    pub artikel_nr: String,
    /// Its name.
    pub text: String,
    /// What went.
    pub menge: Menge,
    /// Unit.
    pub einheit: String,
    /// Price.
    pub preis: Preis,
    /// Its share of the decided net: all so far less what was taken before.
    pub netto: Betrag,
    /// Tax key.
    pub schluessel: String,
}

/// An invoiced part of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fakturaposition {
    /// The position.
    pub position_id: Uuid,
    /// How much, in its unit.
    pub menge: Menge,
    /// Net.
    pub netto: Betrag,
    /// With which value it went, whatever it was invoiced at; absent in facts of before it was decided.
    pub lieferwert: Option<Betrag>,
}

/// What a fact means for the customer's credit line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kreditfolge {
    /// The order asks for more.
    Belegen(Betrag),
    /// The order needs less.
    Entlasten(Betrag),
    /// The order needs nothing any more.
    Erledigen,
}

/// The same with what the line must know to find itself and the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kreditwirkung {
    /// Customer.
    pub kunde_id: Uuid,
    /// Number of the order.
    pub auftrag_nr: String,
    /// What it means.
    pub folge: Kreditfolge,
}

/// What the stock and the deliveries of a released order must be told about a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mengenfolge {
    /// The position.
    pub position_id: Uuid,
    /// Article.
    pub artikel_id: Uuid,
    /// Where the goods come from.
    pub lager_id: Uuid,
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
    /// What is open now.
    pub offen: Menge,
    /// The same in the Basiseinheit.
    pub offen_basis: Menge,
    /// The delivery that was planned for it.
    pub versand_id: Uuid,
}

impl Mengenfolge {
    /// The same with nothing open any more.
    pub(super) fn ohne(mut self) -> Self {
        self.offen = Menge::NULL;
        self.offen_basis = Menge::NULL;
        self
    }
}

/// A position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuftragPosition {
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
    /// True if stock of it is kept.
    pub lagergefuehrt: bool,
    /// Where the goods come from.
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
    /// Where the price came from.
    pub preis_quelle: Preisquelle,
    /// Value of what was ordered.
    pub netto: Betrag,
    /// Tax key of sales.
    pub schluessel: String,
    /// When the goods are wanted.
    pub termin: Option<NaiveDate>,
    /// How much more may go.
    pub toleranz_plus: Satz,
    /// How much less is enough.
    pub toleranz_minus: Satz,
    /// What was cancelled.
    pub storniert: Menge,
    /// What is no longer expected, because the rest was small or was given up.
    pub verfallen: Menge,
    /// What went.
    pub geliefert: Menge,
    /// Its value.
    pub geliefert_netto: Betrag,
    /// What was invoiced.
    pub berechnet: Menge,
    /// Its value.
    pub berechnet_netto: Betrag,
    /// What was credited.
    pub gutgeschrieben: Menge,
    /// Its value.
    pub gutgeschrieben_netto: Betrag,
    /// With which value what is invoiced and not credited went, whatever it was invoiced at.
    pub fakturiert_lieferwert: Betrag,
    /// The delivery that was planned for it.
    pub versand_id: Option<Uuid>,
    /// Status.
    pub status: Positionsstatus,
}

impl AuftragPosition {
    /// The position as it begins.
    pub(super) fn neu(position_id: Uuid, pos: i32, daten: Positionsdaten) -> Self {
        Self {
            position_id,
            pos,
            artikel_id: daten.artikel_id,
            artikel_nr: daten.artikel_nr,
            bezeichnung: daten.bezeichnung,
            lagergefuehrt: daten.lagergefuehrt,
            lager_id: daten.lager_id,
            menge: daten.menge,
            einheit: daten.einheit,
            basismenge: daten.basismenge,
            preis: daten.preis.into(),
            preis_quelle: daten.herleitung.first().map(|s| s.quelle).unwrap_or_default(),
            netto: daten.netto,
            schluessel: daten.schluessel,
            termin: daten.termin,
            toleranz_plus: daten.toleranz_plus,
            toleranz_minus: daten.toleranz_minus,
            ..Self::default()
        }
    }

    /// What is owed: ordered less cancelled.
    #[must_use]
    pub fn soll(&self) -> Menge {
        self.menge - self.storniert
    }

    /// What is still to be delivered.
    #[must_use]
    pub fn offen(&self) -> Menge {
        belegposition::offen(self.soll() - self.verfallen, self.geliefert)
    }

    /// The most that may still go, with its tolerance.
    #[must_use]
    pub fn lieferbar(&self) -> Menge {
        belegposition::hoechstens(self.soll(), self.toleranz_plus, self.geliefert)
    }

    /// True if a rest is so small that nobody waits for it.
    pub(super) fn genug(&self) -> bool {
        belegposition::genug(self.soll(), self.toleranz_minus, self.geliefert)
    }

    /// What is invoiced and not credited.
    #[must_use]
    pub fn fakturiert(&self) -> Menge {
        self.berechnet - self.gutgeschrieben
    }

    /// True once nothing is open and all that went is invoiced.
    pub(super) fn erledigt(&self) -> bool {
        self.offen().is_null() && self.fakturiert() == self.geliefert
    }

    /// The status that follows from the quantities.
    pub(super) fn status_jetzt(&self) -> Positionsstatus {
        if !self.offen().is_null() {
            return if self.geliefert.is_null() {
                Positionsstatus::Offen
            } else {
                Positionsstatus::TeilGeliefert
            };
        }
        if self.geliefert.is_null() {
            Positionsstatus::Storniert
        } else {
            Positionsstatus::Geliefert
        }
    }
}
