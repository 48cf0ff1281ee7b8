//! The parts of an invoice's state: lines, surcharges, corrections, payments of an Anzahlung.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Aufteilung, AuftragPosition, RechnungsPosition, ZuAbschlagAnteil, ZuAbschlagArt, ZuAbschlagGebucht, ZuAbschlagWerte,
};
use crate::{
    fibu::steuerrechnung::Steuerzeile,
    types::{Betrag, Menge, Preis, Preisbetrag, Satz},
};

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Number within the invoice.
    pub nr: i32,
    /// The article.
    pub artikel_id: Option<Uuid>,
    /// Its number.
    pub artikel_nr: Option<String>,
    /// What was supplied.
    pub text: String,
    /// Quantity.
    pub menge: Menge,
    /// Its unit.
    pub einheit: String,
    /// Price.
    pub preis: Preisbetrag,
    /// For how much of the price's unit.
    pub preis_je: Menge,
    /// Unit of the price.
    pub preis_einheit: String,
    /// Discount of the line.
    pub rabatt: Satz,
    /// Net.
    pub netto: Betrag,
    /// Tax key.
    pub schluessel: String,
    /// Rate: stated in a draft, applied once booked.
    pub satz: Option<Satz>,
    /// Revenue account: named in a draft, posted once booked.
    pub konto: Option<String>,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// Delivery note.
    pub lieferschein: Option<String>,
    /// Day of the supply, if not the one of the whole invoice.
    pub leistungsdatum: Option<NaiveDate>,
    /// The Auftrag.
    pub auftrag_id: Option<Uuid>,
    /// Its line.
    pub auftrag_position_id: Option<Uuid>,
    /// Whether it earns Skonto where the terms look at it; it does if absent.
    pub skontierfaehig: Option<bool>,
}

impl From<RechnungsPosition> for Position {
    fn from(p: RechnungsPosition) -> Self {
        Self {
            nr: p.nr,
            artikel_id: p.artikel_id,
            artikel_nr: p.artikel_nr,
            text: p.text,
            menge: p.menge,
            einheit: p.einheit,
            preis: p.preis.betrag,
            preis_je: p.preis.je,
            preis_einheit: p.preis.einheit,
            rabatt: p.rabatt,
            netto: p.netto,
            schluessel: p.schluessel,
            satz: p.satz,
            konto: p.konto,
            kst: p.kst,
            ktr: p.ktr,
            lieferschein: p.lieferschein,
            leistungsdatum: p.leistungsdatum,
            auftrag_id: p.auftrag.map(|a| a.auftrag_id),
            auftrag_position_id: p.auftrag.map(|a| a.position_id),
            skontierfaehig: p.skontierfaehig,
        }
    }
}

impl From<&Position> for RechnungsPosition {
    fn from(p: &Position) -> Self {
        let auftrag = p.auftrag_id.zip(p.auftrag_position_id);
        Self {
            nr: p.nr,
            artikel_id: p.artikel_id,
            artikel_nr: p.artikel_nr.clone(),
            text: p.text.clone(),
            menge: p.menge,
            einheit: p.einheit.clone(),
            preis: Preis {
                betrag: p.preis,
                je: p.preis_je,
                einheit: p.preis_einheit.clone(),
            },
            rabatt: p.rabatt,
            netto: p.netto,
            schluessel: p.schluessel.clone(),
            satz: p.satz,
            konto: p.konto.clone(),
            kst: p.kst.clone(),
            ktr: p.ktr.clone(),
            lieferschein: p.lieferschein.clone(),
            leistungsdatum: p.leistungsdatum,
            auftrag: auftrag.map(|(auftrag_id, position_id)| AuftragPosition {
                auftrag_id,
                position_id,
            }),
            skontierfaehig: p.skontierfaehig,
        }
    }
}

/// A surcharge or discount.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZuAbschlag {
    /// Number within the invoice.
    pub nr: i32,
    /// What it is.
    pub art: ZuAbschlagArt,
    /// Text.
    pub text: Option<String>,
    /// Amount as entered.
    pub betrag: Option<Betrag>,
    /// Percentage as entered.
    pub prozent: Option<Satz>,
    /// How it is taxed.
    pub aufteilung: Aufteilung,
    /// The key, if it is fixed.
    pub schluessel: Option<String>,
    /// What it comes to once booked, negative for a discount.
    pub wert: Option<Betrag>,
    /// Its shares once booked.
    pub anteile: Vec<ZuAbschlagAnteil>,
}

impl From<ZuAbschlagWerte> for ZuAbschlag {
    fn from(z: ZuAbschlagWerte) -> Self {
        Self {
            nr: z.nr,
            art: z.art,
            text: z.text,
            betrag: z.betrag,
            prozent: z.prozent,
            aufteilung: z.aufteilung,
            schluessel: z.schluessel,
            wert: None,
            anteile: Vec::new(),
        }
    }
}

impl From<ZuAbschlagGebucht> for ZuAbschlag {
    fn from(gebucht: ZuAbschlagGebucht) -> Self {
        Self {
            wert: Some(gebucht.wert),
            anteile: gebucht.anteile,
            ..gebucht.zuabschlag.into()
        }
    }
}

impl ZuAbschlag {
    /// It on the document with what it came to.
    pub(super) fn gebucht(&self, wert: Betrag, anteile: Vec<ZuAbschlagAnteil>) -> ZuAbschlagGebucht {
        ZuAbschlagGebucht {
            zuabschlag: ZuAbschlagWerte {
                nr: self.nr,
                art: self.art,
                text: self.text.clone(),
                betrag: self.betrag,
                prozent: self.prozent,
                aufteilung: self.aufteilung,
                schluessel: self.schluessel.clone(),
            },
            wert,
            anteile,
        }
    }
}

/// What a correction took from a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Korrektur {
    /// The correction.
    pub gutschrift_id: Uuid,
    /// Tax key.
    pub schluessel: String,
    /// Its open item.
    pub op_id: Uuid,
    /// Its Buchung.
    pub buchung_id: Uuid,
    /// Net.
    pub netto: Betrag,
    /// Tax.
    pub steuer: Betrag,
}

/// Money on an Anzahlung whose tax is due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnzahlungZahlung {
    /// The Ausgleich.
    pub ausgleich_id: Uuid,
    /// Day.
    pub datum: NaiveDate,
    /// Amount.
    pub brutto: Betrag,
    /// Buchung of its tax.
    pub buchung_id: Uuid,
    /// Net and tax of it per key.
    pub steuerzeilen: Vec<Steuerzeile>,
}

/// What a Schlussrechnung deducts of this Anzahlung.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Anrechnung {
    /// The Schlussrechnung.
    pub schlussrechnung_id: Uuid,
    /// Amount.
    pub brutto: Betrag,
    /// Net and tax of it per key.
    pub steuerzeilen: Vec<Steuerzeile>,
}
