//! What the import knows about the accounts and tax keys of the company. The chart's template says what an account is
//! for tax; the lists say what exists.

use std::collections::BTreeMap;

use aggregates::{
    Refusal,
    fibu::{
        kontenplan::{Kontengruppe, Rahmen},
        konto::{Automatik, KontoArt},
        vorlage::{self, VorlageKonto},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::format::Kontobezug;

/// A Sachkonto that exists, or whose creation was refused.
#[derive(Debug, Clone)]
pub struct Sachkonto {
    /// Stream; `None` if it was not told.
    pub id: Option<Uuid>,
    /// Name.
    pub bezeichnung: String,
    /// Kind.
    pub art: KontoArt,
    /// Function `geld`.
    pub geld: bool,
    /// Lines may name a Kostenstelle.
    pub kst: bool,
}

/// A Debitor or Kreditor that exists.
#[derive(Debug, Clone)]
pub struct Person {
    /// Stream; `None` if it was not told.
    pub id: Option<Uuid>,
    /// Name.
    pub name: String,
}

/// Accounts and keys of the company.
#[derive(Debug)]
pub struct Bestand {
    /// Stream of the Kontenplan; one per company, so it also tells companies apart.
    pub kontenplan_id: Uuid,
    /// Chart.
    pub rahmen: Rahmen,
    /// Digits of a Sachkonto.
    pub kontolaenge: u8,
    /// By number.
    pub sachkonten: BTreeMap<String, Sachkonto>,
    /// Debitoren and Kreditoren by number.
    pub personen: BTreeMap<String, Person>,
    /// Accounts that could not be created, with the reason.
    pub abgelehnt: BTreeMap<String, Refusal>,
    /// Tax keys: code and DATEV key.
    pub schluessel: Vec<(String, String)>,
    vorlage: BTreeMap<String, VorlageKonto>,
    gruppen: Vec<Kontengruppe>,
}

/// Text of a column.
pub fn spalte<'a>(zeile: &'a Value, name: &str) -> &'a str {
    zeile.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Stream of a row.
pub fn id(zeile: &Value) -> Option<Uuid> {
    spalte(zeile, "id").parse().ok()
}

/// The value of an enum column; `None` for an unknown one.
pub fn wert<T: serde::de::DeserializeOwned>(zeile: &Value, name: &str) -> Option<T> {
    serde_json::from_value(zeile.get(name)?.clone()).ok()
}

impl Bestand {
    /// An empty company with a chart.
    pub fn neu(kontenplan_id: Uuid, rahmen: Rahmen, kontolaenge: u8) -> Self {
        let (konten, gruppen) = match rahmen {
            Rahmen::Eigen => (Vec::new(), Vec::new()),
            Rahmen::Skr03 | Rahmen::Skr04 => (vorlage::konten(rahmen), vorlage::gruppen(rahmen)),
        };
        Self {
            kontenplan_id,
            rahmen,
            kontolaenge,
            sachkonten: BTreeMap::new(),
            personen: BTreeMap::new(),
            abgelehnt: BTreeMap::new(),
            schluessel: Vec::new(),
            vorlage: konten.into_iter().map(|k| (k.konto_nr.clone(), k)).collect(),
            gruppen,
        }
    }

    /// Takes the rows of the lists in.
    pub fn einlesen(&mut self, konten: &[Value], personen: &[Value], schluessel: &[Value]) {
        for zeile in konten {
            let konto = Sachkonto {
                id: id(zeile),
                bezeichnung: spalte(zeile, "bezeichnung").to_owned(),
                art: wert(zeile, "art").unwrap_or_else(|| self.art(spalte(zeile, "konto_nr"))),
                geld: spalte(zeile, "funktion") == "geld",
                kst: spalte(zeile, "kst_regel") != "keine",
            };
            self.sachkonten.insert(spalte(zeile, "konto_nr").to_owned(), konto);
        }
        for zeile in personen {
            let person = Person {
                id: id(zeile),
                name: spalte(zeile, "name").to_owned(),
            };
            self.personen.insert(spalte(zeile, "nr").to_owned(), person);
        }
        let bu = |zeile: &Value| spalte(zeile, "datev_bu").trim_start_matches('0').to_owned();
        let aktiv = schluessel.iter().filter(|z| spalte(z, "status") != "stillgelegt");
        self.schluessel
            .extend(aktiv.map(|z| (spalte(z, "code").to_owned(), bu(z))));
    }

    /// The account exists.
    pub fn gibt_es(&self, konto: &Kontobezug) -> bool {
        match konto {
            Kontobezug::Sachkonto(nr) => self.sachkonten.contains_key(nr),
            Kontobezug::Debitor(nr) | Kontobezug::Kreditor(nr) => self.personen.contains_key(nr),
        }
    }

    /// The narrowest range of the chart around a number.
    fn gruppe(&self, nr: &str) -> Option<&Kontengruppe> {
        let vierstellig = nr.get(..4)?;
        let innen = |g: &&Kontengruppe| (g.nr_von.as_str()..=g.nr_bis.as_str()).contains(&vierstellig);
        let breite = |g: &&Kontengruppe| {
            let zahl = |t: &str| t.parse::<u32>().unwrap_or_default();
            zahl(&g.nr_bis).saturating_sub(zahl(&g.nr_von))
        };
        self.gruppen.iter().filter(innen).min_by_key(breite)
    }

    /// Kind of an account by the chart. Outside all ranges: an expense, which is what the free classes are used for.
    pub fn art(&self, nr: &str) -> KontoArt {
        if let Some(konto) = self.sachkonten.get(nr) {
            return konto.art;
        }
        self.vorlage
            .get(nr)
            .map(|k| k.art)
            .or_else(|| self.gruppe(nr).and_then(|g| g.art))
            .unwrap_or(KontoArt::Aufwand)
    }

    /// The fixed key of an automatic account. The lists do not tell tax rules, so the template does.
    pub fn fester_schluessel(&self, nr: &str) -> Option<&str> {
        match self.vorlage.get(nr) {
            Some(konto) => konto.steuerregel.fester_schluessel.as_deref(),
            None => self.gruppe(nr)?.fester_schluessel.as_deref(),
        }
    }

    /// An account that takes nothing without a tax key, by the template.
    pub fn verlangt_schluessel(&self, nr: &str) -> bool {
        self.vorlage
            .get(nr)
            .is_some_and(|konto| konto.steuerregel.schluessel_pflicht)
    }

    /// A Sachkonto that may bear a tax key at all: no bank, no cash, none that the template keeps free of tax.
    pub fn steuerfaehig(&self, nr: &str) -> bool {
        let ku = self
            .vorlage
            .get(nr)
            .is_some_and(|k| k.steuerregel.automatik == Automatik::Ku);
        !ku && !self.ist_kasse(nr) && !self.ist_bank(nr) && !self.ist_geldtransit(nr)
    }

    /// Income or expense.
    pub fn ist_erfolg(&self, nr: &str) -> bool {
        self.art(nr).ist_erfolg()
    }

    fn bezeichnung(&self, nr: &str) -> &str {
        self.sachkonten.get(nr).map_or("", |k| k.bezeichnung.as_str())
    }

    /// A cash account.
    pub fn ist_kasse(&self, nr: &str) -> bool {
        let nach_rahmen = match self.rahmen {
            Rahmen::Skr03 => nr == "1000",
            Rahmen::Skr04 => nr == "1600",
            Rahmen::Eigen => false,
        };
        nach_rahmen || (!self.ist_erfolg(nr) && self.bezeichnung(nr).starts_with("Kasse"))
    }

    /// A bank account: it has the function money and is no cash account, or its name says so.
    pub fn ist_bank(&self, nr: &str) -> bool {
        let geld = self.sachkonten.get(nr).is_some_and(|k| k.geld);
        let name = || self.bezeichnung(nr).to_lowercase().contains("bank");
        !self.ist_kasse(nr) && !self.ist_erfolg(nr) && !self.ist_geldtransit(nr) && (geld || name())
    }

    /// Money on its way: has the function money, but is no place of its own.
    fn ist_geldtransit(&self, nr: &str) -> bool {
        self.bezeichnung(nr).to_lowercase().contains("geldtransit")
    }

    /// The discount account for a tax key.
    pub fn skontokonto(&self, schluessel: &str) -> Option<&'static str> {
        Some(match (self.rahmen, schluessel) {
            (Rahmen::Skr03, "U19") => "8736",
            (Rahmen::Skr03, "U7") => "8731",
            (Rahmen::Skr03, "V19") => "3736",
            (Rahmen::Skr03, "V7") => "3731",
            (Rahmen::Skr04, "U19") => "4736",
            (Rahmen::Skr04, "U7") => "4731",
            (Rahmen::Skr04, "V19") => "5736",
            (Rahmen::Skr04, "V7") => "5731",
            _ => return None,
        })
    }

    /// The codes of a DATEV key.
    pub fn schluessel_zu_bu(&self, bu: &str) -> Vec<&str> {
        let passend = self.schluessel.iter().filter(|(_, datev_bu)| datev_bu == bu);
        passend.map(|(code, _)| code.as_str()).collect()
    }
}
