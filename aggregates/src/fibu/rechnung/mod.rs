//! Rechnung: the outgoing invoice (fibu 3). A draft may be changed and has no effect; booking gives it number, frozen
//! addresses, tax and due dates, and posts it in the same unit of work. Afterwards it is only corrected or cancelled by
//! further invoices. This file holds the state and what a command or event does to it; the rules are in `entwurf`,
//! `buchen`, `korrektur` and `anzahlung`.

mod anzahlung;
mod buchen;
mod command;
mod entwurf;
mod error;
mod event;
mod korrektur;
mod teile;
mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{buchungssatz::SkontoStufe, steuerrechnung::Steuerzeile};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Betrag},
};

pub use self::{
    command::{
        EntwerfenEingabe, KorrekturEingabe, LieferungEingabe, PositionEingabe, RechnungCommand, ZuAbschlagEingabe,
    },
    error::RechnungError,
    event::{Gegenausgleich, RechnungEvent, RechnungGebucht},
    teile::{Anrechnung, AnzahlungZahlung, Korrektur, Position, ZuAbschlag},
    types::{
        Anzahlungsverrechnung, Aufteilung, AuftragPosition, Bezug, Empfaenger, KorrekturPosition, RechnungArt,
        RechnungStatus, RechnungsPosition, Verkaeufer, Zahlungsziel, ZuAbschlagAnteil, ZuAbschlagArt,
        ZuAbschlagGebucht, ZuAbschlagWerte,
    },
};

/// Result of a step of a decision.
type Ergebnis<T> = Result<T, Refused<RechnungError>>;

/// Nummernkreis of every invoice, correction and Stornorechnung.
pub const BELEGKREIS: &str = "AR";

/// Most lines of one invoice, so that the event stays a readable document.
pub const MAX_POSITIONEN: usize = 500;

/// Folded state; serde gives the columns of `fibu.rechnung`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rechnung {
    /// Printed number; none as long as it is a draft.
    pub nummer: Option<String>,
    /// Year of the number.
    pub jahr: Option<i32>,
    /// Running number.
    pub lfd: Option<i64>,
    /// Kind.
    pub art: RechnungArt,
    /// Status.
    pub status: RechnungStatus,
    /// The Debitor.
    pub debitor_nr: String,
    /// The customer in crm.
    pub kunde_id: Option<Uuid>,
    /// The Auftrag that the whole invoice is for.
    pub auftrag_id: Option<Uuid>,
    /// Which Anzahlung of its Auftrag it is.
    pub anzahlung_nr: Option<i32>,
    /// Month whose deliveries it collects.
    pub sammel_monat: Option<String>,
    /// The invoice it corrects or cancels.
    pub bezug_id: Option<Uuid>,
    /// Number of that invoice.
    pub bezug_nummer: Option<String>,
    /// Kind of that invoice.
    pub bezug_art: Option<RechnungArt>,
    /// Why it corrects or cancels.
    pub grund: Option<String>,
    /// Date of the invoice.
    pub rechnungsdatum: Option<NaiveDate>,
    /// First day of the supply.
    pub leistung_von: Option<NaiveDate>,
    /// Last day of the supply.
    pub leistung_bis: Option<NaiveDate>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// By how many days later they count.
    pub valuta_tage: Option<u16>,
    /// Due date.
    pub faellig: Option<NaiveDate>,
    /// Currency.
    pub waehrung: String,
    /// Net.
    pub netto: Betrag,
    /// Tax.
    pub steuer: Betrag,
    /// Gross.
    pub brutto: Betrag,
    /// Gross less the advance payments.
    pub zahlbetrag: Betrag,
    /// Seller: registered name.
    pub verkaeufer_firma: Option<String>,
    /// Seller: street and number.
    pub verkaeufer_strasse: Option<String>,
    /// Seller: postcode.
    pub verkaeufer_plz: Option<String>,
    /// Seller: town.
    pub verkaeufer_ort: Option<String>,
    /// Seller: country.
    pub verkaeufer_land: Option<String>,
    /// Seller: VAT identification number.
    pub verkaeufer_ust_id: Option<String>,
    /// Seller: tax number.
    pub verkaeufer_steuernummer: Option<String>,
    /// Customer: name.
    pub empfaenger_name: Option<String>,
    /// Customer: street and number.
    pub empfaenger_strasse: Option<String>,
    /// Customer: postcode.
    pub empfaenger_plz: Option<String>,
    /// Customer: town.
    pub empfaenger_ort: Option<String>,
    /// Customer: country.
    pub empfaenger_land: Option<String>,
    /// Customer: VAT identification number.
    pub empfaenger_ust_id: Option<String>,
    /// Its Buchung.
    pub buchung_id: Option<Uuid>,
    /// The Stornorechnung.
    pub storniert_durch: Option<Uuid>,
    /// The last Schlussrechnung that deducts of this Anzahlung.
    pub angerechnet_in: Option<Uuid>,
    /// Day on which it went out last.
    pub versandt_am: Option<NaiveDate>,
    /// How.
    pub versandt_weg: Option<String>,
    /// Lines.
    pub positionen: Vec<Position>,
    /// What stands below them.
    pub zuabschlaege: Vec<ZuAbschlag>,
    /// Tax per key.
    pub steuerzeilen: Vec<Steuerzeile>,
    /// Advance payments that are deducted.
    pub verrechnungen: Vec<Anzahlungsverrechnung>,
    /// Discounts for early payment.
    pub skonto: Vec<SkontoStufe>,
    /// Corrections that hold.
    pub korrekturen: Vec<Korrektur>,
    /// Money on this Anzahlung.
    pub zahlungen: Vec<AnzahlungZahlung>,
    /// What Schlussrechnungen deduct of it.
    pub anrechnungen: Vec<Anrechnung>,
}

crate::wire!(Rechnung, RechnungCommand => RechnungEvent | RechnungError);

impl Rechnung {
    /// Scope of the claim of an open collective invoice: Debitor, month and terms of payment.
    pub const KEY_SAMMEL: &'static str = "rechnung.sammel";
    /// Scope of the claim of an Anzahlungsrechnung: Auftrag and running number.
    pub const KEY_ANZAHLUNG: &'static str = "rechnung.anzahlung";

    /// The part by which its voucher is named, and with it its open item.
    pub const TEIL_BUCHUNG: &'static str = "rechnung/buchung";

    /// The part by which its Stornorechnung is named.
    pub const TEIL_STORNO: &'static str = "rechnung/storno";

    /// The part by which a correction is named: by the version of the invoice before it, since there may be several.
    #[must_use]
    pub fn teil_gutschrift(version: i64) -> String {
        format!("rechnung/gutschrift/{version}")
    }

    /// The month of a day, as collective invoices are kept.
    #[must_use]
    pub fn monat(datum: NaiveDate) -> String {
        datum.format("%Y-%m").to_string()
    }

    /// The key of an Anzahlungsrechnung of an Auftrag, which counts them from 1.
    #[must_use]
    pub fn anzahlung_schluessel(auftrag_id: Uuid, nr: i32) -> String {
        format!("{auftrag_id}/{nr}")
    }

    /// The stream to which a delivery of a collective invoice is sent; if that invoice is final already, it passes the
    /// delivery on.
    #[must_use]
    pub fn sammel_id(mandant_id: Uuid, debitor_nr: &str, leistungsdatum: NaiveDate, ziel: Zahlungsziel) -> Uuid {
        let key = sammel_schluessel(debitor_nr, &Self::monat(leistungsdatum), ziel);
        let key = format!("sammel/{key}");
        crate::context::stream_id(mandant_id, Self::TYPE, &key)
    }

    /// Its terms of payment.
    fn ziel(&self) -> Zahlungsziel {
        Zahlungsziel {
            zahlungsbedingung_id: self.zahlungsbedingung_id,
            valuta_tage: self.valuta_tage,
        }
    }

    /// What was paid on this Anzahlung, per key.
    fn bezahlt(&self) -> impl Iterator<Item = &Steuerzeile> {
        self.zahlungen.iter().flat_map(|z| &z.steuerzeilen)
    }

    /// What Schlussrechnungen deduct of this Anzahlung, per key.
    fn angerechnet(&self) -> impl Iterator<Item = &Steuerzeile> {
        self.anrechnungen.iter().flat_map(|a| &a.steuerzeilen)
    }

    fn gebucht(&mut self, daten: RechnungGebucht) {
        let (v, e) = (daten.verkaeufer, daten.empfaenger);
        self.nummer = Some(daten.nummer.text);
        self.jahr = Some(daten.nummer.jahr);
        self.lfd = Some(daten.nummer.lfd);
        self.art = daten.art;
        self.status = RechnungStatus::Gebucht;
        self.debitor_nr = e.debitor_nr;
        self.kunde_id = e.kunde_id;
        self.auftrag_id = daten.auftrag_id;
        self.anzahlung_nr = daten.anzahlung_nr;
        self.bezug_id = daten.bezug.as_ref().map(|b| b.rechnung_id);
        self.bezug_art = daten.bezug.as_ref().map(|b| b.art);
        self.bezug_nummer = daten.bezug.map(|b| b.nummer);
        self.grund = daten.grund;
        self.rechnungsdatum = Some(daten.rechnungsdatum);
        self.leistung_von = daten.leistung_von;
        self.leistung_bis = daten.leistung_bis;
        self.zahlungsbedingung_id = daten.bedingung.zahlungsbedingung_id;
        self.faellig = Some(daten.bedingung.faellig);
        self.waehrung = daten.waehrung;
        self.netto = daten.netto;
        self.steuer = daten.steuer;
        self.brutto = daten.brutto;
        self.zahlbetrag = daten.zahlbetrag;
        self.verkaeufer_firma = Some(v.firma);
        self.verkaeufer_strasse = v.strasse;
        self.verkaeufer_plz = Some(v.plz);
        self.verkaeufer_ort = Some(v.ort);
        self.verkaeufer_land = Some(v.land);
        self.verkaeufer_ust_id = v.ust_id;
        self.verkaeufer_steuernummer = v.steuernummer;
        self.empfaenger_name = Some(e.name);
        self.empfaenger_strasse = e.strasse;
        self.empfaenger_plz = Some(e.plz);
        self.empfaenger_ort = Some(e.ort);
        self.empfaenger_land = Some(e.land);
        self.empfaenger_ust_id = e.ust_id;
        self.buchung_id = Some(daten.buchung_id);
        self.positionen = daten.positionen.into_iter().map(Position::from).collect();
        self.zuabschlaege = daten.zuabschlaege.into_iter().map(ZuAbschlag::from).collect();
        self.steuerzeilen = daten.steuerzeilen;
        self.verrechnungen = daten.verrechnungen;
        self.skonto = SkontoStufe::von(daten.bedingung.skonto);
    }
}

/// The key of a collective invoice.
fn sammel_schluessel(debitor_nr: &str, monat: &str, ziel: Zahlungsziel) -> String {
    let bedingung = ziel.zahlungsbedingung_id.map(|id| format!("/{id}")).unwrap_or_default();
    let valuta = ziel.valuta_tage.map(|tage| format!("/+{tage}")).unwrap_or_default();
    format!("{debitor_nr}/{monat}{bedingung}{valuta}")
}

impl Aggregate for Rechnung {
    const NAME: &'static str = "Rechnung";
    const TYPE: &'static str = "rechnung";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "rechnungen";
    const CREATE: &'static str = "Entwerfen";
    const INTERNAL: &'static [&'static str] = &[
        "LieferungUebernehmen",
        "StornoBuchen",
        "GutschriftBuchen",
        "KorrekturAufheben",
        "AnzahlungAnrechnen",
        "AnrechnungAufheben",
        "AusgleichErfassen",
        "AusgleichZuruecknehmen",
    ];
    type Command = RechnungCommand;
    type Event = RechnungEvent;
    type Error = RechnungError;

    fn decide(&self, command: RechnungCommand, ctx: &Context<'_>) -> Decision<Self> {
        use RechnungCommand as Cmd;
        use RechnungStatus::{Entwurf, Gebucht, Neu, Storniert, Verworfen};
        match (self.status, command) {
            (Neu, Cmd::Entwerfen(eingabe)) => entwurf::entwerfen(eingabe, ctx),
            (_, Cmd::LieferungUebernehmen(lieferung)) => entwurf::lieferung(self, lieferung, ctx),
            (Neu, Cmd::StornoBuchen { original, grund, datum }) => {
                korrektur::storno_buchen(original, &grund, datum, ctx)
            }
            (
                Neu,
                Cmd::GutschriftBuchen {
                    original,
                    grund,
                    datum,
                    positionen,
                    steuerzeilen,
                    buchung_id,
                },
            ) => {
                let gutschrift = korrektur::Gutschrift {
                    grund: grund.to_string(),
                    datum,
                    positionen,
                    steuerzeilen,
                    buchung_id,
                };
                korrektur::gutschrift_buchen(original, gutschrift, ctx)
            }
            (
                Entwurf,
                Cmd::Buchen {
                    rechnungsdatum,
                    erwartete_summe,
                },
            ) => buchen::buchen(self, rechnungsdatum, erwartete_summe, ctx),
            (Entwurf, Cmd::Verwerfen { grund }) => Ok(vec![RechnungEvent::Verworfen {
                grund: grund.map(|g| g.to_string()),
            }]),
            (Entwurf, command) => entwurf::aendern(self, command, ctx),
            (Gebucht | Storniert, Cmd::Stornieren { grund, datum }) => korrektur::stornieren(self, &grund, datum, ctx),
            (
                Gebucht,
                Cmd::Korrigieren {
                    positionen,
                    grund,
                    datum,
                },
            ) => korrektur::korrigieren(self, positionen, &grund, datum, ctx),
            (Gebucht | Storniert, Cmd::VersandVermerken { am, weg }) => Ok(vec![RechnungEvent::Versandt {
                am: am.unwrap_or_else(|| ctx.heute()),
                weg: weg.to_string(),
            }]),
            (Gebucht, Cmd::KorrekturAufheben { gutschrift_id }) => {
                Ok(vec![RechnungEvent::KorrekturAufgehoben { gutschrift_id }])
            }
            (
                Gebucht,
                Cmd::AnzahlungAnrechnen {
                    schlussrechnung_id,
                    steuerzeilen,
                },
            ) => anzahlung::anrechnen(self, schlussrechnung_id, steuerzeilen),
            (
                Gebucht,
                Cmd::AnrechnungAufheben {
                    schlussrechnung_id,
                    datum,
                },
            ) => anzahlung::anrechnung_aufheben(self, schlussrechnung_id, datum, ctx),
            (
                Gebucht | Storniert,
                Cmd::AusgleichErfassen {
                    ausgleich_id,
                    betrag,
                    datum,
                },
            ) => anzahlung::ausgleich_erfassen(self, ausgleich_id, betrag, datum, ctx),
            (Gebucht | Storniert, Cmd::AusgleichZuruecknehmen { ausgleich_id, datum }) => {
                anzahlung::ausgleich_zuruecknehmen(self, ausgleich_id, datum, ctx)
            }
            (status, Cmd::Entwerfen(_) | Cmd::StornoBuchen { .. } | Cmd::GutschriftBuchen { .. }) => {
                Err(Shared::status(status, &["neu"]).into())
            }
            (status @ (Neu | Verworfen), _) => Err(Shared::status(status, &["entwurf", "gebucht"]).into()),
            (
                status,
                Cmd::PositionHinzufuegen(_)
                | Cmd::PositionAendern { .. }
                | Cmd::PositionEntfernen { .. }
                | Cmd::ZuAbschlagSetzen(_)
                | Cmd::ZuAbschlagEntfernen { .. }
                | Cmd::BedingungSetzen { .. }
                | Cmd::LeistungSetzen { .. }
                | Cmd::AnzahlungenVerrechnen { .. }
                | Cmd::Buchen { .. }
                | Cmd::Verwerfen { .. },
            ) => Err(Shared::status(status, &["entwurf"]).into()),
            (status, _) => Err(Shared::status(status, &["gebucht"]).into()),
        }
    }

    fn evolve(&mut self, event: RechnungEvent) {
        match event {
            RechnungEvent::Entworfen {
                debitor_nr,
                art,
                leistung_von,
                leistung_bis,
                zahlungsbedingung_id,
                valuta_tage,
                auftrag_id,
                sammel_monat,
            } => {
                self.status = RechnungStatus::Entwurf;
                "EUR".clone_into(&mut self.waehrung);
                self.debitor_nr = debitor_nr;
                self.art = art;
                self.leistung_von = leistung_von;
                self.leistung_bis = leistung_bis;
                self.zahlungsbedingung_id = zahlungsbedingung_id;
                self.valuta_tage = valuta_tage;
                self.auftrag_id = auftrag_id;
                self.sammel_monat = sammel_monat;
            }
            RechnungEvent::PositionHinzugefuegt { position } => self.positionen.push(position.into()),
            RechnungEvent::PositionGeaendert { position } => {
                if let Some(alt) = self.positionen.iter_mut().find(|p| p.nr == position.nr) {
                    *alt = position.into();
                }
            }
            RechnungEvent::PositionEntfernt { nr } => self.positionen.retain(|p| p.nr != nr),
            RechnungEvent::ZuAbschlagGesetzt { zuabschlag: z } => {
                self.zuabschlaege.retain(|alt| alt.nr != z.nr);
                self.zuabschlaege.push(z.into());
                self.zuabschlaege.sort_by_key(|z| z.nr);
            }
            RechnungEvent::ZuAbschlagEntfernt { nr } => self.zuabschlaege.retain(|z| z.nr != nr),
            RechnungEvent::BedingungGesetzt {
                zahlungsbedingung_id,
                valuta_tage,
            } => {
                let bisher = self.ziel();
                self.zahlungsbedingung_id = Some(zahlungsbedingung_id);
                self.valuta_tage = valuta_tage;
                if self.ziel() != bisher {
                    self.sammel_monat = None;
                }
            }
            RechnungEvent::LeistungGesetzt { von, bis } => {
                self.leistung_von = Some(von);
                self.leistung_bis = Some(bis);
            }
            RechnungEvent::AnzahlungenVerrechnet { anzahlungen } => {
                // An invoice that deducts is a Schlussrechnung, whatever it was begun as.
                if !anzahlungen.is_empty() {
                    self.art = RechnungArt::Schluss;
                }
                self.verrechnungen = anzahlungen;
            }
            RechnungEvent::Gebucht(daten) => self.gebucht(*daten),
            RechnungEvent::Storniert { durch, .. } => {
                self.status = RechnungStatus::Storniert;
                self.storniert_durch = Some(durch);
            }
            RechnungEvent::Korrigiert {
                gutschrift_id,
                gutschrift_op_id,
                gutschrift_buchung_id,
                steuerzeilen,
                ..
            } => {
                self.korrekturen.extend(steuerzeilen.into_iter().map(|z| Korrektur {
                    gutschrift_id,
                    schluessel: z.schluessel,
                    op_id: gutschrift_op_id,
                    buchung_id: gutschrift_buchung_id,
                    netto: z.basis,
                    steuer: z.steuer,
                }));
            }
            RechnungEvent::KorrekturAufgehoben { gutschrift_id } => {
                self.korrekturen.retain(|k| k.gutschrift_id != gutschrift_id);
            }
            RechnungEvent::Versandt { am, weg } => {
                self.versandt_am = Some(am);
                self.versandt_weg = Some(weg);
            }
            RechnungEvent::Verworfen { .. } => self.status = RechnungStatus::Verworfen,
            RechnungEvent::LieferungWeitergereicht { .. } => {}
            RechnungEvent::AnzahlungVereinnahmt {
                ausgleich_id,
                datum,
                brutto,
                steuerzeilen,
                buchung,
            } => self.zahlungen.push(AnzahlungZahlung {
                ausgleich_id,
                datum,
                brutto,
                buchung_id: buchung.buchung_id,
                steuerzeilen,
            }),
            RechnungEvent::AnzahlungZurueckgenommen { ausgleich_id, .. } => {
                self.zahlungen.retain(|z| z.ausgleich_id != ausgleich_id);
            }
            RechnungEvent::AnzahlungAngerechnet {
                schlussrechnung_id,
                steuerzeilen,
            } => {
                let steuerzeilen = steuerzeilen.unwrap_or_else(|| self.frei());
                self.angerechnet_in = Some(schlussrechnung_id);
                self.anrechnungen.push(Anrechnung {
                    schlussrechnung_id,
                    brutto: steuerzeilen.iter().map(|z| z.brutto).sum(),
                    steuerzeilen,
                });
            }
            RechnungEvent::AnrechnungAufgehoben { schlussrechnung_id } => {
                self.anrechnungen.retain(|a| a.schlussrechnung_id != schlussrechnung_id);
                self.angerechnet_in = self.anrechnungen.last().map(|a| a.schlussrechnung_id);
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        let sammel = self
            .sammel_monat
            .as_ref()
            .filter(|_| self.status == RechnungStatus::Entwurf);
        let sammel = sammel.map(|monat| {
            Key::new(
                Self::KEY_SAMMEL,
                "debitor_nr",
                sammel_schluessel(&self.debitor_nr, monat, self.ziel()),
            )
        });
        // A cancelled Anzahlung keeps its place, so that the row of an Auftrag's Anzahlungen has no gap.
        let anzahlung = self.auftrag_id.zip(self.anzahlung_nr);
        let anzahlung = anzahlung.map(|(auftrag, nr)| {
            let schluessel = Self::anzahlung_schluessel(auftrag, nr);
            Key::new(Self::KEY_ANZAHLUNG, "auftrag_id", schluessel)
        });
        sammel.into_iter().chain(anzahlung).collect()
    }

    fn nummer(&self) -> Option<String> {
        self.nummer.clone()
    }
}
