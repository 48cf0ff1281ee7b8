//! What a user may ask of an invoice, and what policies send.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Aufteilung, AuftragPosition, KorrekturPosition, RechnungArt, RechnungsPosition, ZuAbschlagArt};
use crate::{
    fibu::steuerrechnung::Steuerzeile,
    types::{Betrag, Dezimal, Preis, Satz, Text},
};

/// A new draft.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntwerfenEingabe {
    /// The Debitor.
    pub debitor_nr: Text<9>,
    /// Kind: `rechnung` (if absent), `anzahlung` or `schluss`; the others arise from an invoice.
    pub art: Option<RechnungArt>,
    /// First day of the supply.
    pub leistung_von: Option<NaiveDate>,
    /// Last day of the supply; decides rate and VAT period.
    pub leistung_bis: Option<NaiveDate>,
    /// Terms of payment; those of the Debitor, with his customer's Valuta, if absent.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// By how many days later the terms count (Valuta).
    pub valuta_tage: Option<u16>,
    /// The Auftrag of this customer that the whole invoice is for; an Anzahlung and a Schlussrechnung need one.
    pub auftrag_id: Option<Uuid>,
    /// Lines.
    #[serde(default)]
    pub positionen: Vec<PositionEingabe>,
}

/// A line as it is entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionEingabe {
    /// The article; gives number, text, unit and tax key.
    pub artikel_id: Option<Uuid>,
    /// What was supplied; the article's name if absent.
    pub text: Option<Text<200>>,
    /// Quantity, at most four decimals; of a line of an Auftrag six, as there.
    pub menge: Dezimal,
    /// Its unit.
    pub einheit: Text<10>,
    /// Price.
    pub preis: Preis,
    /// Discount of the line.
    pub rabatt: Option<Satz>,
    /// Net as decided by the Auftrag, which is its share in the quantity; only together with `auftrag`.
    pub netto: Option<Dezimal>,
    /// Tax key; if absent the one that the customer's tax status decides, else the article's.
    pub schluessel: Option<Text<10>>,
    /// Rate that the document is to state; checked against the day of the supply.
    pub satz: Option<Satz>,
    /// Revenue account; by the Kontenfindung if absent.
    pub konto: Option<Text<8>>,
    /// Kostenstelle.
    pub kst: Option<Text<20>>,
    /// Kostenträger.
    pub ktr: Option<Text<20>>,
    /// Delivery note.
    pub lieferschein: Option<Text<40>>,
    /// Day of the supply, if not the one of the whole invoice.
    pub leistungsdatum: Option<NaiveDate>,
    /// The line of an Auftrag; unit and price are those of the Auftrag.
    pub auftrag: Option<AuftragPosition>,
    /// Whether it earns Skonto where the terms look at it; if absent all but deposits do.
    pub skontierfaehig: Option<bool>,
}

impl From<RechnungsPosition> for PositionEingabe {
    fn from(p: RechnungsPosition) -> Self {
        Self {
            artikel_id: p.artikel_id,
            text: Some(Text::cut(&p.text)),
            menge: Dezimal(p.menge.as_decimal()),
            einheit: Text::cut(&p.einheit),
            preis: p.preis,
            rabatt: Some(p.rabatt),
            netto: p.auftrag.map(|_| Dezimal(p.netto.as_decimal())),
            schluessel: Some(Text::cut(&p.schluessel)),
            satz: p.satz,
            konto: p.konto.as_deref().map(Text::cut),
            kst: p.kst.as_deref().map(Text::cut),
            ktr: p.ktr.as_deref().map(Text::cut),
            lieferschein: p.lieferschein.as_deref().map(Text::cut),
            leistungsdatum: p.leistungsdatum,
            auftrag: p.auftrag,
            skontierfaehig: p.skontierfaehig,
        }
    }
}

/// A delivery that is to be invoiced.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LieferungEingabe {
    /// The Debitor.
    pub debitor_nr: Text<9>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// By how many days later they count.
    pub valuta_tage: Option<u16>,
    /// The Auftrag, if its deliveries are invoiced one by one; else the delivery joins the month's collective invoice with
    /// the same terms.
    pub auftrag_id: Option<Uuid>,
    /// Day of the delivery.
    pub leistungsdatum: NaiveDate,
    /// Lines.
    pub positionen: Vec<PositionEingabe>,
}

/// A surcharge or discount as it is entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZuAbschlagEingabe {
    /// Number of the one to replace; a new one if absent.
    pub nr: Option<i32>,
    /// What it is.
    pub art: ZuAbschlagArt,
    /// Text.
    pub text: Option<Text<200>>,
    /// Amount; exactly one of betrag and prozent.
    pub betrag: Option<Dezimal>,
    /// Percentage of the lines' net.
    pub prozent: Option<Satz>,
    /// How it is taxed; `nach_netto` if absent.
    pub aufteilung: Option<Aufteilung>,
    /// The key, with `fester_schluessel`.
    pub schluessel: Option<Text<10>>,
}

/// A credit as it is entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KorrekturEingabe {
    /// Line of the invoice; exactly one of position and schluessel.
    pub position: Option<i32>,
    /// Quantity that is credited.
    pub menge: Option<Dezimal>,
    /// Net that is credited; the line's share of the quantity if absent.
    pub netto: Option<Dezimal>,
    /// Tax key of a credit on the whole.
    pub schluessel: Option<Text<10>>,
    /// Text; the line's if absent.
    pub text: Option<Text<200>>,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum RechnungCommand {
    /// Begins a draft.
    Entwerfen(EntwerfenEingabe),
    /// Adds a line to a draft.
    PositionHinzufuegen(PositionEingabe),
    /// Replaces a line of a draft.
    PositionAendern {
        /// Its number.
        nr: i32,
        /// The line, complete.
        position: PositionEingabe,
    },
    /// Takes a line out of a draft.
    PositionEntfernen {
        /// Its number.
        nr: i32,
    },
    /// Sets a surcharge or discount below the lines.
    ZuAbschlagSetzen(ZuAbschlagEingabe),
    /// Takes a surcharge or discount out.
    ZuAbschlagEntfernen {
        /// Its number.
        nr: i32,
    },
    /// Sets the terms of payment. A collective invoice whose terms become others collects no more deliveries.
    BedingungSetzen {
        /// The terms.
        zahlungsbedingung_id: Uuid,
        /// By how many days later they count (Valuta).
        valuta_tage: Option<u16>,
    },
    /// Sets the days of the supply.
    LeistungSetzen {
        /// First day; the last one if absent.
        von: Option<NaiveDate>,
        /// Last day.
        bis: NaiveDate,
    },
    /// Names the Anzahlungsrechnungen that an invoice of their Auftrag deducts, which makes it a Schlussrechnung.
    AnzahlungenVerrechnen {
        /// Their ids; replaces what was named before.
        anzahlung_ids: Vec<Uuid>,
    },
    /// Makes the invoice final: number, ledger, open item.
    Buchen {
        /// Date of the invoice; today if absent.
        rechnungsdatum: Option<NaiveDate>,
        /// What the user saw as the amount to pay; refused if it is another one.
        erwartete_summe: Option<Dezimal>,
    },
    /// Cancels the invoice in full by a Stornorechnung.
    Stornieren {
        /// Why.
        grund: Text<500>,
        /// Date of the Stornorechnung; today if absent.
        datum: Option<NaiveDate>,
    },
    /// Credits a part by a correction of art gutschrift.
    Korrigieren {
        /// What is credited.
        positionen: Vec<KorrekturEingabe>,
        /// Why.
        grund: Text<500>,
        /// Date of the correction; today if absent.
        datum: Option<NaiveDate>,
    },
    /// Records that the document went out.
    VersandVermerken {
        /// Day; today if absent.
        am: Option<NaiveDate>,
        /// How, e.g. Post or E-Mail.
        weg: Text<40>,
    },
    /// Gives a draft up.
    Verwerfen {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Drafts the invoice of a delivery, or takes it into the collective invoice of its month.
    LieferungUebernehmen(LieferungEingabe),
    /// Books the Stornorechnung of an invoice that was cancelled in the same unit of work.
    StornoBuchen {
        /// The cancelled invoice.
        original: Uuid,
        /// Why.
        grund: Text<500>,
        /// Date.
        datum: NaiveDate,
    },
    /// Books the correction of an invoice that was corrected in the same unit of work.
    GutschriftBuchen {
        /// The corrected invoice.
        original: Uuid,
        /// Why.
        grund: Text<500>,
        /// Date.
        datum: NaiveDate,
        /// What is credited.
        positionen: Vec<KorrekturPosition>,
        /// The same per key, with its tax.
        steuerzeilen: Vec<Steuerzeile>,
        /// Stream of its Buchung.
        buchung_id: Uuid,
    },
    /// The correction of this invoice was cancelled.
    KorrekturAufheben {
        /// The correction.
        gutschrift_id: Uuid,
    },
    /// A Schlussrechnung deducts this Anzahlung, or a part of it.
    AnzahlungAnrechnen {
        /// The Schlussrechnung.
        schlussrechnung_id: Uuid,
        /// What it deducts per key.
        steuerzeilen: Vec<Steuerzeile>,
    },
    /// The Schlussrechnung that deducted this Anzahlung was cancelled.
    AnrechnungAufheben {
        /// The Schlussrechnung.
        schlussrechnung_id: Uuid,
        /// Date of its Stornorechnung.
        datum: NaiveDate,
    },
    /// The open item of this Anzahlung was settled in part or in full.
    AusgleichErfassen {
        /// The Ausgleich.
        ausgleich_id: Uuid,
        /// What was settled, gross.
        betrag: Betrag,
        /// Day.
        datum: NaiveDate,
    },
    /// A settlement of this Anzahlung's open item was taken back.
    AusgleichZuruecknehmen {
        /// The Ausgleich.
        ausgleich_id: Uuid,
        /// Day.
        datum: NaiveDate,
    },
}
