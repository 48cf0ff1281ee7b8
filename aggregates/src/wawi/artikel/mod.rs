//! Artikel: the thing bought, stored and sold (wawi 1), with its units, identifications and approvals.

mod command;
mod error;
mod event;
mod pruefen;
pub mod types;
mod umrechnung;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{AendernEingabe, AnlegenEingabe, ArtikelCommand};
pub use error::ArtikelError;
pub use event::ArtikelEvent;
pub use types::{
    AlternativeEinheit, ArtikelKennung, ArtikelStatus, ArtikelTyp, KennungArt, Sperrbereich, Stoffzulassung,
    Verwendung, ZulassungArt,
};

use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Menge, Satz},
};

/// By how much loose goods may differ from what was ordered, in percent.
const TOLERANZ_LOSE: u8 = 5;

/// The fact that tells how much of an article is in stock; answered by the ledger `lagerbewegung`.
pub const FACT_BESTAND: &str = "artikel_bestand";

/// The fact that tells how many positions of purchase orders an article is still expected of; answered by the ledger
/// `bestell_bewegung`.
pub const FACT_BESTELLT: &str = "artikel_bestellt";

/// The fact that tells how many positions of confirmed sales orders wait for an article; answered by the ledger
/// `auftrag_bewegung`.
pub const FACT_BEAUFTRAGT: &str = "artikel_beauftragt";

/// Folded state; serde gives the columns of `wawi.artikel`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artikel {
    /// Number.
    pub artikel_nr: String,
    /// Name.
    pub bezeichnung: String,
    /// Short name.
    pub matchcode: Option<String>,
    /// Artikelgruppe.
    pub gruppe_id: Uuid,
    /// Kind.
    pub typ: ArtikelTyp,
    /// Unit of stock.
    pub basiseinheit: String,
    /// Decimals of it.
    pub stellen: u8,
    /// Loose goods.
    pub lose: bool,
    /// Tax key of sales.
    pub steuerschluessel: String,
    /// Tax key of purchases.
    pub steuerschluessel_ek: Option<String>,
    /// Has had stock: Basiseinheit and decimals are frozen.
    pub bestandsgefuehrt: bool,
    /// Was in use once: factors of its units are fixed.
    pub benutzt: bool,
    /// What it is locked for.
    pub sperrbereich: Option<Sperrbereich>,
    /// Why it is locked.
    pub sperrgrund: Option<String>,
    /// The article that takes its place.
    pub ersatz_id: Option<Uuid>,
    /// Status.
    pub status: ArtikelStatus,
    /// Further units.
    pub einheiten: Vec<AlternativeEinheit>,
    /// Identifications.
    pub kennungen: Vec<ArtikelKennung>,
    /// Approvals.
    pub zulassungen: Vec<Stoffzulassung>,
}

crate::wire!(Artikel, ArtikelCommand => ArtikelEvent | ArtikelError);

type Refusal = Refused<ArtikelError>;

impl Artikel {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "artikel.artikel_nr";

    /// May it be sold on that day?
    pub fn verkauf_pruefen(&self, am: NaiveDate) -> Result<(), ArtikelError> {
        self.offen_fuer(Sperrbereich::Vk)?;
        match self.zulassungen.iter().find(|z| z.verkauf_bis() < am) {
            Some(zulassung) => Err(ArtikelError::ZulassungAbgelaufen {
                nummer: zulassung.nummer.clone(),
                abverkauf_bis: zulassung.verkauf_bis(),
            }),
            None => Ok(()),
        }
    }

    /// May it be bought on that day?
    pub fn einkauf_pruefen(&self, _am: NaiveDate) -> Result<(), ArtikelError> {
        self.offen_fuer(Sperrbereich::Ek)
    }

    /// May it be moved in stock? A locked one may: only drafts and ended articles have no stock.
    pub fn bestand_pruefen(&self) -> Result<(), ArtikelError> {
        match self.status {
            ArtikelStatus::Neu | ArtikelStatus::Entwurf | ArtikelStatus::Archiviert => Err(ArtikelError::Gesperrt {
                bereich: Sperrbereich::Gesamt,
            }),
            ArtikelStatus::Aktiv | ArtikelStatus::Gesperrt | ArtikelStatus::Auslaufend => Ok(()),
        }
    }

    fn offen_fuer(&self, wofuer: Sperrbereich) -> Result<(), ArtikelError> {
        let gesperrt = match self.status {
            ArtikelStatus::Aktiv => None,
            ArtikelStatus::Gesperrt => self.sperrbereich.filter(|b| *b == wofuer || *b == Sperrbereich::Gesamt),
            ArtikelStatus::Auslaufend => (wofuer == Sperrbereich::Ek).then_some(Sperrbereich::Ek),
            ArtikelStatus::Neu | ArtikelStatus::Entwurf | ArtikelStatus::Archiviert => Some(Sperrbereich::Gesamt),
        };
        gesperrt.map_or(Ok(()), |bereich| Err(ArtikelError::Gesperrt { bereich }))
    }

    /// By how much a delivery may differ from the order.
    #[must_use]
    pub fn toleranz(&self) -> Satz {
        let prozent = if self.lose { TOLERANZ_LOSE } else { 0 };
        Satz::percent(prozent.into())
    }

    /// True if stock of it is kept.
    #[must_use]
    pub fn lagergefuehrt(&self) -> bool {
        matches!(self.typ, ArtikelTyp::Ware | ArtikelTyp::Gebinde)
    }

    fn archivieren(&self, ctx: &Context<'_>) -> Decision<Self> {
        let key = ctx.id.to_string();
        let bestand = if self.bestandsgefuehrt {
            let fact = ctx.fact(FACT_BESTAND, &key)?;
            let bestand = fact.as_str().and_then(|b| b.parse::<Menge>().ok());
            bestand.unwrap_or(Menge::NULL)
        } else {
            Menge::NULL
        };
        let bestellungen = ctx.anzahl(FACT_BESTELLT, &key)?;
        let auftraege = ctx.anzahl(FACT_BEAUFTRAGT, &key)?;
        if bestand.is_null() && bestellungen == 0 && auftraege == 0 {
            return Ok(vec![ArtikelEvent::Archiviert {}]);
        }
        Err(ArtikelError::NochBestand {
            bestand,
            bestellungen,
            auftraege,
        }
        .into())
    }

    fn geaendert(&self, eingabe: AendernEingabe, ctx: &Context<'_>) -> Decision<Self> {
        let basiseinheit = eingabe
            .basiseinheit
            .as_ref()
            .map_or(&*self.basiseinheit, |e| e.as_str());
        let stellen = eingabe.stellen.unwrap_or(self.stellen);
        if self.bestandsgefuehrt {
            for (feld, anders) in [
                ("basiseinheit", basiseinheit != self.basiseinheit),
                ("stellen", stellen != self.stellen),
            ] {
                if anders {
                    let feld = feld.to_owned();
                    return Err(ArtikelError::BasisGesperrt { feld }.into());
                }
            }
        }
        if basiseinheit != self.basiseinheit && !self.einheiten.is_empty() {
            let text = "die weiteren Einheiten rechnen in die Basiseinheit um; erst diese Einheiten entfernen";
            return Err(Shared::feld("/basiseinheit", text).into());
        }
        if let Some(gruppe_id) = eingabe.gruppe_id {
            pruefen::gruppe(gruppe_id, ctx)?;
        }
        pruefen::basis(eingabe.basiseinheit.as_deref(), stellen, ctx)?;
        pruefen::schluessel("/steuerschluessel", eingabe.steuerschluessel.as_deref(), ctx)?;
        pruefen::schluessel("/steuerschluessel_ek", eingabe.steuerschluessel_ek.as_deref(), ctx)?;
        let text = |neu: Option<&str>, alt: &str| neu.unwrap_or(alt).to_owned();
        let wahl = |neu: Option<&str>, alt: &Option<String>| neu.map(str::to_owned).or_else(|| alt.clone());
        Ok(vec![ArtikelEvent::StammdatenGeaendert {
            bezeichnung: text(eingabe.bezeichnung.as_deref(), &self.bezeichnung),
            matchcode: wahl(eingabe.matchcode.as_deref(), &self.matchcode),
            gruppe_id: eingabe.gruppe_id.unwrap_or(self.gruppe_id),
            basiseinheit: basiseinheit.to_owned(),
            stellen,
            lose: eingabe.lose.unwrap_or(self.lose),
            steuerschluessel: text(eingabe.steuerschluessel.as_deref(), &self.steuerschluessel),
            steuerschluessel_ek: wahl(eingabe.steuerschluessel_ek.as_deref(), &self.steuerschluessel_ek),
        }])
    }
}

fn anlegen(eingabe: AnlegenEingabe, ctx: &Context<'_>) -> Decision<Artikel> {
    pruefen::gruppe(eingabe.gruppe_id, ctx)?;
    pruefen::basis(Some(eingabe.basiseinheit.as_str()), eingabe.stellen, ctx)?;
    pruefen::schluessel("/steuerschluessel", Some(eingabe.steuerschluessel.as_str()), ctx)?;
    pruefen::schluessel("/steuerschluessel_ek", eingabe.steuerschluessel_ek.as_deref(), ctx)?;
    Ok(vec![ArtikelEvent::Angelegt {
        artikel_nr: eingabe.artikel_nr.to_string(),
        bezeichnung: eingabe.bezeichnung.to_string(),
        matchcode: eingabe.matchcode.map(|m| m.to_string()),
        gruppe_id: eingabe.gruppe_id,
        typ: eingabe.typ,
        basiseinheit: eingabe.basiseinheit.to_string(),
        stellen: eingabe.stellen,
        lose: eingabe.lose,
        steuerschluessel: eingabe.steuerschluessel.to_string(),
        steuerschluessel_ek: eingabe.steuerschluessel_ek.map(|s| s.to_string()),
    }])
}

impl Aggregate for Artikel {
    const NAME: &'static str = "Artikel";
    const TYPE: &'static str = "artikel";
    const BEREICH: Bereich = Bereich::Wawi;
    const RESSOURCE: &'static str = "artikel";
    const CREATE: &'static str = "Anlegen";
    const INTERNAL: &'static [&'static str] = &["BestandsfuehrungBeginnen"];
    type Command = ArtikelCommand;
    type Event = ArtikelEvent;
    type Error = ArtikelError;

    fn decide(&self, command: ArtikelCommand, ctx: &Context<'_>) -> Decision<Self> {
        use ArtikelCommand as C;
        use ArtikelStatus as S;
        const BEARBEITBAR: &[&str] = &["entwurf", "aktiv", "gesperrt", "auslaufend"];
        match (self.status, command) {
            (S::Neu, C::Anlegen(eingabe)) => anlegen(eingabe, ctx),
            (status, C::Anlegen(_)) => Err(Shared::status(status, &["neu"]).into()),
            (status @ (S::Neu | S::Archiviert), _) => Err(Shared::status(status, BEARBEITBAR).into()),
            (_, C::StammdatenAendern(eingabe)) => self.geaendert(eingabe, ctx),
            (
                _,
                C::EinheitHinzufuegen {
                    einheit,
                    zaehler,
                    nenner,
                    ganzzahlig,
                    verwendung,
                },
            ) => {
                let (zaehler, nenner) = pruefen::faktor(self, &einheit, zaehler, nenner, ctx)?;
                let einheit = AlternativeEinheit {
                    einheit: einheit.to_string(),
                    zaehler,
                    nenner,
                    ganzzahlig,
                    verwendung,
                    entfallen: false,
                };
                Ok(vec![ArtikelEvent::EinheitHinzugefuegt { einheit }])
            }
            (_, C::EinheitEntfernen { einheit }) => {
                let einheit = einheit.to_string();
                if !self.einheiten.iter().any(|e| e.einheit == einheit && !e.entfallen) {
                    return Err(Shared::feld("/einheit", "diese Einheit hat der Artikel nicht").into());
                }
                let bleibt = self.benutzt;
                Ok(vec![ArtikelEvent::EinheitEntfernt { einheit, bleibt }])
            }
            (_, C::KennungSetzen { art, wert, einheit }) => {
                let einheit = einheit.map(|e| e.to_string());
                let kennung = pruefen::kennung(self, art, wert.as_deref(), einheit.clone())?;
                Ok(vec![ArtikelEvent::KennungGesetzt { art, einheit, kennung }])
            }
            (_, C::ZulassungSetzen { zulassung }) => {
                pruefen::zulassung(&zulassung)?;
                Ok(vec![ArtikelEvent::ZulassungGesetzt { zulassung }])
            }
            (S::Entwurf, C::Aktivieren {}) => Ok(vec![ArtikelEvent::Aktiviert {}]),
            (status, C::Aktivieren {}) => Err(Shared::status(status, &["entwurf"]).into()),
            (S::Aktiv, C::Sperren { bereich, grund }) => Ok(vec![ArtikelEvent::Gesperrt {
                bereich,
                grund: grund.to_string(),
            }]),
            (status, C::Sperren { .. }) => Err(Shared::status(status, &["aktiv"]).into()),
            (S::Gesperrt, C::Entsperren {}) => Ok(vec![ArtikelEvent::Entsperrt {}]),
            (status, C::Entsperren {}) => Err(Shared::status(status, &["gesperrt"]).into()),
            (S::Aktiv | S::Gesperrt, C::AuslaufenLassen { ersatz_id }) => {
                pruefen::ersatz(ersatz_id, ctx)?;
                Ok(vec![ArtikelEvent::AuslaufGesetzt { ersatz_id }])
            }
            (status, C::AuslaufenLassen { .. }) => Err(Shared::status(status, &["aktiv", "gesperrt"]).into()),
            (S::Auslaufend, C::Archivieren {}) => self.archivieren(ctx),
            (status, C::Archivieren {}) => Err(Shared::status(status, &["auslaufend"]).into()),
            (_, C::BestandsfuehrungBeginnen {}) if self.bestandsgefuehrt => Ok(Vec::new()),
            (_, C::BestandsfuehrungBeginnen {}) => Ok(vec![ArtikelEvent::BestandsfuehrungBegonnen {}]),
        }
    }

    fn evolve(&mut self, event: ArtikelEvent) {
        match event {
            ArtikelEvent::Angelegt {
                artikel_nr,
                bezeichnung,
                matchcode,
                gruppe_id,
                typ,
                basiseinheit,
                stellen,
                lose,
                steuerschluessel,
                steuerschluessel_ek,
            } => {
                *self = Self {
                    artikel_nr,
                    bezeichnung,
                    matchcode,
                    gruppe_id,
                    typ,
                    basiseinheit,
                    stellen,
                    lose,
                    steuerschluessel,
                    steuerschluessel_ek,
                    status: ArtikelStatus::Entwurf,
                    ..Self::default()
                };
            }
            ArtikelEvent::StammdatenGeaendert {
                bezeichnung,
                matchcode,
                gruppe_id,
                basiseinheit,
                stellen,
                lose,
                steuerschluessel,
                steuerschluessel_ek,
            } => {
                self.bezeichnung = bezeichnung;
                self.matchcode = matchcode;
                self.gruppe_id = gruppe_id;
                self.basiseinheit = basiseinheit;
                self.stellen = stellen;
                self.lose = lose;
                self.steuerschluessel = steuerschluessel;
                self.steuerschluessel_ek = steuerschluessel_ek;
            }
            ArtikelEvent::EinheitHinzugefuegt { einheit } => {
                self.einheiten.retain(|e| e.einheit != einheit.einheit);
                self.einheiten.push(einheit);
            }
            ArtikelEvent::EinheitEntfernt { einheit, bleibt } => {
                self.einheiten.retain(|e| bleibt || e.einheit != einheit);
                if let Some(einheit) = self.einheiten.iter_mut().find(|e| e.einheit == einheit) {
                    einheit.entfallen = true;
                }
            }
            ArtikelEvent::KennungGesetzt { art, einheit, kennung } => {
                self.kennungen.retain(|k| k.art != art || k.einheit != einheit);
                self.kennungen.extend(kennung);
            }
            ArtikelEvent::ZulassungGesetzt { zulassung } => {
                self.zulassungen.retain(|z| z.art != zulassung.art);
                self.zulassungen.push(zulassung);
            }
            ArtikelEvent::Aktiviert {} => {
                self.status = ArtikelStatus::Aktiv;
                self.benutzt = true;
            }
            ArtikelEvent::Gesperrt { bereich, grund } => {
                self.status = ArtikelStatus::Gesperrt;
                self.sperrbereich = Some(bereich);
                self.sperrgrund = Some(grund);
            }
            ArtikelEvent::Entsperrt {} => {
                self.status = ArtikelStatus::Aktiv;
                self.sperrbereich = None;
                self.sperrgrund = None;
            }
            ArtikelEvent::AuslaufGesetzt { ersatz_id } => {
                self.status = ArtikelStatus::Auslaufend;
                self.ersatz_id = ersatz_id;
                self.sperrbereich = None;
                self.sperrgrund = None;
            }
            ArtikelEvent::Archiviert {} => self.status = ArtikelStatus::Archiviert,
            ArtikelEvent::BestandsfuehrungBegonnen {} => self.bestandsgefuehrt = true,
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.status == ArtikelStatus::Neu {
            return Vec::new();
        }
        let kennungen = self.kennungen.iter().filter_map(|k| {
            let scope = pruefen::scope(k.art)?;
            Some(Key::new(scope, "wert", &*k.wert))
        });
        let mut keys = vec![Key::new(Self::KEY_NR, "artikel_nr", &*self.artikel_nr)];
        keys.extend(kennungen);
        keys
    }
}
