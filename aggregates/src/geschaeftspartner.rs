//! What Kunde (crm) and Lieferant (wawi) share: addresses valid in time, contacts, locks and certificates. Each function
//! here checks or folds one of them; the two aggregates name commands and events.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Shared, fibu::partner::PartnerAnschrift, types::Text};

/// Entries a partner may have of each kind; a state stays small enough to be folded with every command.
const HOECHSTZAHL: usize = 500;

/// An address of a partner, valid in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adresse<A> {
    /// Its id.
    pub adresse_id: Uuid,
    /// What it is for.
    pub art: A,
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: String,
    /// Town.
    pub ort: String,
    /// Country, ISO 3166 alpha-2.
    pub land: String,
    /// Where and how to load and unload.
    pub lade_hinweis: Option<String>,
    /// Registration number of the farm or plant.
    pub betriebsnummer: Option<String>,
    /// First day.
    pub gueltig_von: NaiveDate,
    /// Last day.
    pub gueltig_bis: Option<NaiveDate>,
}

/// An address as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdresseEingabe<A> {
    /// What it is for.
    pub art: A,
    /// Postal address.
    pub anschrift: PartnerAnschrift,
    /// Where and how to load and unload.
    pub lade_hinweis: Option<Text<500>>,
    /// Registration number of the farm or plant.
    pub betriebsnummer: Option<Text<20>>,
    /// First day; today if absent.
    pub gueltig_von: Option<NaiveDate>,
    /// Last day; until further notice if absent.
    pub gueltig_bis: Option<NaiveDate>,
}

impl<A> AdresseEingabe<A> {
    /// Checks what the reader of the body cannot; the body names it `adresse`.
    pub(crate) fn pruefen(self, adresse_id: Uuid, heute: NaiveDate) -> Result<Adresse<A>, Shared> {
        let anschrift = self.anschrift.pruefen("/adresse/anschrift")?;
        let gueltig_von = self.gueltig_von.unwrap_or(heute);
        zeitraum(gueltig_von, self.gueltig_bis, "/adresse/gueltig_bis")?;
        Ok(Adresse {
            adresse_id,
            art: self.art,
            strasse: anschrift.strasse.map(|s| s.to_string()),
            plz: anschrift.plz.to_string(),
            ort: anschrift.ort.to_string(),
            land: anschrift.land.to_string(),
            lade_hinweis: self.lade_hinweis.map(|h| h.to_string()),
            betriebsnummer: self.betriebsnummer.map(|b| b.to_string()),
            gueltig_von,
            gueltig_bis: self.gueltig_bis,
        })
    }
}

impl<A: Copy + PartialEq> Adresse<A> {
    /// True if it holds on a day.
    pub fn gilt(&self, am: NaiveDate) -> bool {
        self.gueltig_von <= am && self.gueltig_bis.is_none_or(|bis| am <= bis)
    }

    /// The postal address.
    pub fn anschrift(&self) -> PartnerAnschrift {
        PartnerAnschrift {
            strasse: self.strasse.as_deref().map(Text::cut),
            plz: Text::cut(&self.plz),
            ort: Text::cut(&self.ort),
            land: Text::cut(&self.land),
        }
    }

    /// The addresses of a kind on a day.
    pub fn alle_am(adressen: &[Self], art: A, am: NaiveDate) -> impl Iterator<Item = &Self> {
        adressen.iter().filter(move |a| a.art == art && a.gilt(am))
    }

    /// The address of a kind on a day: of several the one that began last.
    pub fn am(adressen: &[Self], art: A, am: NaiveDate) -> Option<&Self> {
        Self::alle_am(adressen, art, am).max_by_key(|a| a.gueltig_von)
    }

    /// True if a changed address would leave a day without one of a kind that it has now.
    pub(crate) fn endet(adressen: &[Self], neu: &Self, art: A, am: NaiveDate) -> bool {
        let bleibt = |a: &&Self| a.adresse_id != neu.adresse_id;
        let danach = adressen.iter().filter(bleibt).chain([neu]);
        Self::am(adressen, art, am).is_some() && !danach.into_iter().any(|a| a.art == art && a.gilt(am))
    }

    /// The address with an id.
    pub(crate) fn finden(adressen: &[Self], adresse_id: Uuid) -> Result<&Self, Shared> {
        let gefunden = adressen.iter().find(|a| a.adresse_id == adresse_id);
        gefunden.ok_or_else(|| unbekannt("/adresse_id", "die Adresse", adresse_id))
    }

    /// Folds an address in, in the place of the one with its id.
    pub(crate) fn setzen(adressen: &mut Vec<Self>, neu: Self) {
        match adressen.iter_mut().find(|a| a.adresse_id == neu.adresse_id) {
            Some(alt) => *alt = neu,
            None => adressen.push(neu),
        }
    }
}

/// What a contact receives by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Empfang {
    /// Invoices.
    Rechnung,
    /// Reminders.
    Mahnung,
    /// Notices of delivery.
    Avis,
}

/// A person to talk to, with own rights in the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kontakt {
    /// Its id.
    pub kontakt_id: Uuid,
    /// The natural person.
    pub betroffener_id: Uuid,
    /// Name.
    pub name: String,
    /// Function.
    pub funktion: Option<String>,
    /// Telephone.
    pub telefon: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Decides.
    pub entscheider: bool,
    /// What the person receives.
    pub empfang: Vec<Empfang>,
    /// Still to be talked to.
    pub aktiv: bool,
}

/// A contact as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KontaktEingabe {
    /// The natural person, if known from elsewhere.
    pub betroffener_id: Option<Uuid>,
    /// Name.
    pub name: Text<200>,
    /// Function.
    pub funktion: Option<Text<100>>,
    /// Telephone.
    pub telefon: Option<Text<40>>,
    /// E-mail.
    pub email: Option<Text<254>>,
    /// Decides; no if absent.
    pub entscheider: Option<bool>,
    /// What the person receives; nothing if absent.
    pub empfang: Option<Vec<Empfang>>,
}

impl KontaktEingabe {
    /// Checks what the reader of the body cannot; the body names it `kontakt`. A person that nobody named before gets
    /// the id of its contact.
    pub(crate) fn pruefen(self, kontakt_id: Uuid, bisher: Option<&Kontakt>) -> Result<Kontakt, Shared> {
        if self.email.as_ref().is_some_and(|e| !ist_email(e)) {
            let meldung = "das ist keine E-Mail-Adresse; erwartet wird z. B. info@landhof.de";
            return Err(Shared::feld("/kontakt/email", meldung));
        }
        let mut empfang = Vec::new();
        for art in self.empfang.unwrap_or_default() {
            if !empfang.contains(&art) {
                empfang.push(art);
            }
        }
        let betroffener_id = self.betroffener_id.or(bisher.map(|b| b.betroffener_id));
        Ok(Kontakt {
            kontakt_id,
            betroffener_id: betroffener_id.unwrap_or(kontakt_id),
            name: self.name.to_string(),
            funktion: self.funktion.map(|f| f.to_string()),
            telefon: self.telefon.map(|t| t.to_string()),
            email: self.email.map(|e| e.to_string()),
            entscheider: self.entscheider.unwrap_or_default(),
            empfang,
            aktiv: bisher.is_none_or(|b| b.aktiv),
        })
    }
}

impl Kontakt {
    /// The contact with an id.
    pub(crate) fn finden(kontakte: &[Self], kontakt_id: Uuid) -> Result<&Self, Shared> {
        let gefunden = kontakte.iter().find(|k| k.kontakt_id == kontakt_id);
        gefunden.ok_or_else(|| unbekannt("/kontakt_id", "den Kontakt", kontakt_id))
    }

    /// Folds a contact in, in the place of the one with its id.
    pub(crate) fn setzen(kontakte: &mut Vec<Self>, neu: Self) {
        match kontakte.iter_mut().find(|k| k.kontakt_id == neu.kontakt_id) {
            Some(alt) => *alt = neu,
            None => kontakte.push(neu),
        }
    }
}

/// A lock of one step of the business with a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sperre<A> {
    /// What is locked.
    pub art: A,
    /// Why.
    pub grund: String,
    /// First day.
    pub von: NaiveDate,
    /// Last day; until further notice if absent.
    pub bis: Option<NaiveDate>,
}

impl<A: Copy + PartialEq> Sperre<A> {
    /// True if a step is locked on a day.
    pub fn am(sperren: &[Self], art: A, am: NaiveDate) -> bool {
        let gilt = |s: &Self| s.art == art && s.von <= am && s.bis.is_none_or(|bis| am <= bis);
        sperren.iter().any(gilt)
    }
}

/// A certificate of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nachweis<A> {
    /// Its id.
    pub nachweis_id: Uuid,
    /// What it certifies.
    pub art: A,
    /// Its number.
    pub nummer: String,
    /// First day.
    pub gueltig_von: Option<NaiveDate>,
    /// Last day.
    pub gueltig_bis: NaiveDate,
    /// The filed paper.
    pub dokument_id: Option<Uuid>,
    /// Withdrawn from this day on.
    pub widerrufen_ab: Option<NaiveDate>,
}

/// A certificate as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NachweisEingabe<A> {
    /// What it certifies.
    pub art: A,
    /// Its number.
    pub nummer: Text<60>,
    /// First day; from ever on if absent.
    pub gueltig_von: Option<NaiveDate>,
    /// Last day.
    pub gueltig_bis: NaiveDate,
    /// The filed paper.
    pub dokument_id: Option<Uuid>,
}

impl<A> NachweisEingabe<A> {
    /// Checks what the reader of the body cannot.
    pub(crate) fn pruefen(self, nachweis_id: Uuid) -> Result<Nachweis<A>, Shared> {
        if let Some(von) = self.gueltig_von {
            zeitraum(von, Some(self.gueltig_bis), "/gueltig_bis")?;
        }
        Ok(Nachweis {
            nachweis_id,
            art: self.art,
            nummer: self.nummer.to_string(),
            gueltig_von: self.gueltig_von,
            gueltig_bis: self.gueltig_bis,
            dokument_id: self.dokument_id,
            widerrufen_ab: None,
        })
    }
}

impl<A: Copy + PartialEq> Nachweis<A> {
    /// True if it holds on a day.
    pub fn gilt(&self, am: NaiveDate) -> bool {
        let begonnen = self.gueltig_von.is_none_or(|von| von <= am);
        begonnen && am <= self.gueltig_bis && self.widerrufen_ab.is_none_or(|ab| am < ab)
    }

    /// The certificate of a kind that holds on a day.
    pub fn am(nachweise: &[Self], art: A, am: NaiveDate) -> Option<&Self> {
        nachweise.iter().find(|n| n.art == art && n.gilt(am))
    }
}

/// Refuses one more entry than a partner may have.
pub(crate) fn platz_fuer<T>(liste: &[T], feld: &str, was: &str) -> Result<(), Shared> {
    if liste.len() < HOECHSTZAHL {
        return Ok(());
    }
    let meldung = format!("mehr als {HOECHSTZAHL} {was} sind nicht möglich; zuerst vorhandene ändern");
    Err(Shared::feld(feld, meldung))
}

/// Refuses a time that ends before it begins.
pub(crate) fn zeitraum(von: NaiveDate, bis: Option<NaiveDate>, feld: &str) -> Result<(), Shared> {
    match bis {
        Some(bis) if bis < von => Err(Shared::feld(
            feld,
            format!("der letzte Tag liegt vor dem ersten ({von}); einen späteren wählen"),
        )),
        _ => Ok(()),
    }
}

/// Refuses an id that the partner does not have.
pub(crate) fn unbekannt(feld: &str, was: &str, id: Uuid) -> Shared {
    Shared::feld(feld, format!("{was} {id} gibt es hier nicht; zuerst anlegen"))
}

fn ist_email(text: &str) -> bool {
    match text.rsplit_once('@') {
        Some((vor, nach)) => {
            !vor.is_empty()
                && nach.contains('.')
                && !nach.starts_with('.')
                && !nach.ends_with('.')
                && !text.contains(char::is_whitespace)
        }
        None => false,
    }
}
