//! The company of the histories: customers, suppliers, articles, stock, and what has happened so far.

use std::collections::BTreeMap;

use aggregates::{crm::Kreditlinie, wawi::Lagerbestand};
use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    common::{self, Door, Reply, TestServer, stamm, wuerfel::Wuerfel},
    modell::{self, Modell},
};

/// Who does a step: the administrator has all rights, the others have no special ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wer {
    Verwalter,
    Zweite,
    Dritte,
}

/// A supplier with the number of his Kreditor.
#[derive(Clone)]
pub struct Lieferant {
    pub id: String,
    pub kreditor_nr: String,
}

/// What a seal of a period covers.
pub struct Siegel {
    pub von: NaiveDate,
    pub bis: NaiveDate,
    pub position: i64,
}

/// The company, its dice, and the ids of its documents.
pub struct Welt {
    pub server: TestServer,
    zweite: Door,
    dritte: Door,
    pub mandant: Uuid,
    pub heute: NaiveDate,
    pub wuerfel: Wuerfel,
    pub bank: String,
    pub jahr: String,
    pub bedingung: String,
    pub kunden: Vec<String>,
    pub artikel: Vec<String>,
    /// An article that is bought and never in stock.
    pub leistung: String,
    pub lager: Vec<String>,
    pub lieferanten: Vec<Lieferant>,
    /// Numbers of customer and supplier accounts.
    pub debitoren: Vec<String>,
    pub kreditoren: Vec<String>,
    /// Ids of documents by kind.
    pub belege: BTreeMap<&'static str, Vec<String>>,
    /// The day of the latest invoice: the Nummernkreis is chronological.
    pub rechnungstag: NaiveDate,
    pub siegel: Vec<Siegel>,
    /// Sums beside the books.
    pub modell: Modell,
    /// How often each step was accepted, and each refusal came.
    pub angenommen: BTreeMap<&'static str, u32>,
    pub abgelehnt: BTreeMap<String, u32>,
    /// Running number for texts that must differ.
    pub lfd: u32,
}

pub fn id(antwort: &Value) -> String {
    antwort["id"].as_str().unwrap().to_owned()
}

async fn kunde(server: &TestServer, name: &str) -> (String, String) {
    let kunde = json!({"kunden_art": "firma", "name": name, "ust_status": "regel"});
    let kunde = id(&server.post("/api/v1/crm/kunden", kunde).await.ok());
    let pfad = format!("/api/v1/crm/kunden/{kunde}");
    let adresse = json!({"adresse": {"art": "rechnung", "anschrift": {"strasse": "Deichweg 1", "plz": "26721",
        "ort": "Emden", "land": "DE"}}});
    server.post(&format!("{pfad}/adresse-hinzufuegen"), adresse).await.ok();
    server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    let nr = server.get(&pfad).await.ok()["kunden_nr"].as_str().unwrap().to_owned();
    (kunde, nr)
}

/// A big bag of 600 kg: a unit in which the others have no finite decimals.
async fn grosssack(server: &TestServer, artikel: &str) {
    let einheit = json!({"code": "bb", "bezeichnung": "Big Bag", "dimension": "masse", "zaehler": 600, "nenner": 1});
    server.post("/api/v1/wawi/mengeneinheiten", einheit).await.ok();
    let pfad = format!("/api/v1/wawi/artikel/{artikel}/einheit-hinzufuegen");
    server.post(&pfad, json!({"einheit": "bb", "zaehler": 600})).await.ok();
}

/// Unloading, paid by weight.
async fn leistung(server: &TestServer, gruppe: &str) -> String {
    let felder = json!({"artikel_nr": "UMS", "bezeichnung": "Umschlag", "gruppe_id": gruppe, "typ": "leistung",
        "basiseinheit": "t", "stellen": 3, "steuerschluessel": "U19"});
    let artikel = id(&server.post("/api/v1/wawi/artikel", felder).await.ok());
    let pfad = format!("/api/v1/wawi/artikel/{artikel}/aktivieren");
    server.post(&pfad, json!({})).await.ok();
    artikel
}

impl Welt {
    pub async fn neu(saat: u64) -> Self {
        let heute = aggregates::types::kalender::tag(neuroerp::uhr::jetzt());
        let server = common::server_with_year(heute.year()).await;
        let gruppe = stamm::masse(&server).await;
        let artikel = vec![
            stamm::artikel(&server, &gruppe, "KAS", "U19", false).await,
            stamm::artikel(&server, &gruppe, "MLF", "U7", true).await,
        ];
        grosssack(&server, &artikel[0]).await;
        let leistung = leistung(&server, &gruppe).await;
        let lager = vec![
            stamm::lager(&server, "1", "Emden").await,
            stamm::lager(&server, "2", "Aurich").await,
        ];
        let mandant = server.get("/api/v1/dienste/mandanten?kuerzel=TEST").await.ok()["daten"][0]["id"].clone();
        let mandant: Uuid = mandant.as_str().unwrap().parse().unwrap();
        let (mut kunden, mut debitoren) = (Vec::new(), Vec::new());
        let rechte = json!({"scopes": ["crm:write", "wawi:write", "fibu:write"]});
        let (_, zweite) = server.key("zweite", rechte.clone()).await;
        let (_, dritte) = server.key("dritte", rechte).await;
        for (name, limit) in [("Landhof Petersen GmbH", "250000.00"), ("Hof Meyer GbR", "3000.00")] {
            let (kunde, nr) = kunde(&server, name).await;
            let linie = Kreditlinie::stream_id(mandant, kunde.parse().unwrap());
            let linie = format!("/api/v1/crm/kreditlinien/{linie}");
            let limit = json!({"betrag": limit, "gueltig_ab": "2020-01-01"});
            server.post(&format!("{linie}/limit-setzen"), limit).await.ok();
            let pfad = format!("{linie}/limit-freigeben");
            zweite.post(&pfad, json!({"nr": 1})).await.ok();
            kunden.push(kunde);
            debitoren.push(nr);
        }
        let mut kreditoren = vec!["75001".to_owned(), "75002".to_owned()];
        for nr in &kreditoren {
            let kreditor = json!({"nr": nr, "name": format!("Lieferant {nr}")});
            server.post("/api/v1/fibu/kreditoren", kreditor).await.ok();
        }
        let bank = json!({"bezeichnung": "Hausbank", "art": "bank", "konto_nr": modell::BANK});
        let bank = id(&server.post("/api/v1/fibu/geldkonten", bank).await.ok());
        let bedingung = json!({"code": "S", "bezeichnung": "2 % in 14 Tagen, 30 Tage netto",
            "fassung": {"tage": 30, "skonto": [{"tage": 14, "prozent": "2"}]}});
        let bedingung = id(&server.post("/api/v1/fibu/zahlungsbedingungen", bedingung).await.ok());
        let mut lieferanten = Vec::new();
        for name in ["Düngerwerk Nord AG", "Mühle Aurich eG"] {
            let (id, kreditor_nr) = stamm::lieferant(&server, name, &bedingung).await;
            lieferanten.push(Lieferant { id, kreditor_nr });
        }
        kreditoren.extend(lieferanten.iter().map(|l| l.kreditor_nr.clone()));
        let jahr = id(&server.get("/api/v1/fibu/geschaeftsjahre").await.ok()["daten"][0]);
        Self {
            server,
            zweite,
            dritte,
            mandant,
            heute,
            wuerfel: Wuerfel::aus(saat),
            bank,
            jahr,
            bedingung,
            kunden,
            artikel,
            leistung,
            lager,
            lieferanten,
            debitoren,
            kreditoren,
            belege: BTreeMap::new(),
            rechnungstag: NaiveDate::from_ymd_opt(heute.year(), 1, 1).unwrap(),
            siegel: Vec::new(),
            modell: Modell::default(),
            angenommen: BTreeMap::new(),
            abgelehnt: BTreeMap::new(),
            lfd: 0,
        }
    }

    /// Sends a step. A refusal is fine, an error of the program is not.
    pub async fn tun(&mut self, schritt: &'static str, pfad: &str, body: Value) -> Option<Value> {
        self.tun_als(Wer::Verwalter, None, schritt, pfad, body).await
    }

    /// The same by somebody, with a reason or without.
    pub async fn tun_als(
        &mut self,
        wer: Wer,
        grund: Option<&str>,
        schritt: &'static str,
        pfad: &str,
        body: Value,
    ) -> Option<Value> {
        let tuer = match wer {
            Wer::Verwalter => &*self.server,
            Wer::Zweite => &self.zweite,
            Wer::Dritte => &self.dritte,
        };
        let kopfzeilen: Vec<(&str, &str)> = grund.map(|grund| ("X-Grund", grund)).into_iter().collect();
        let text = body.to_string();
        let pfad = format!("/api/v1/{pfad}");
        let antwort = tuer.request("POST", &pfad, &kopfzeilen, Some(text.clone())).await;
        self.zaehlen(schritt, &format!("{pfad} {text}"), antwort)
    }

    fn zaehlen(&mut self, schritt: &'static str, anfrage: &str, antwort: Reply) -> Option<Value> {
        assert!(antwort.status < 500, "{anfrage}: {}", antwort.text);
        if antwort.status < 300 {
            *self.angenommen.entry(schritt).or_default() += 1;
            return Some(antwort.body);
        }
        let code = antwort.body["code"].as_str().unwrap_or_default();
        // What the dice send is well formed; else they would test the door only.
        assert!(antwort.status != 400, "{anfrage}: {}", antwort.text);
        *self.abgelehnt.entry(format!("{schritt} {code}")).or_default() += 1;
        None
    }

    pub async fn get(&self, pfad: &str) -> Value {
        let antwort = self.server.get(&format!("/api/v1/{pfad}")).await;
        assert!(antwort.status < 300, "{pfad}: {}", antwort.text);
        antwort.body
    }

    pub fn merken(&mut self, art: &'static str, beleg: &Value) -> String {
        let beleg = id(beleg);
        self.belege.entry(art).or_default().push(beleg.clone());
        beleg
    }

    /// A document of a kind, if there is one.
    pub fn beleg(&mut self, art: &'static str) -> Option<String> {
        let liste = self.belege.get(art).filter(|l| !l.is_empty())?;
        Some(self.wuerfel.einer(liste).clone())
    }

    /// A supplier.
    pub fn lieferant(&mut self) -> Lieferant {
        self.wuerfel.einer(&self.lieferanten).clone()
    }

    /// Somebody, mostly the administrator.
    pub fn jemand(&mut self) -> Wer {
        *self
            .wuerfel
            .einer(&[Wer::Verwalter, Wer::Verwalter, Wer::Zweite, Wer::Dritte])
    }

    pub fn nummer(&mut self) -> u32 {
        self.lfd += 1;
        self.lfd
    }

    /// A day of the year that is not later than so many days ago.
    pub fn tag_bis(&mut self, vor: u64) -> NaiveDate {
        let erster = NaiveDate::from_ymd_opt(self.heute.year(), 1, 1).unwrap();
        let letzter = (self.heute - Days::new(vor)).max(erster);
        let tage = u64::try_from((letzter - erster).num_days()).unwrap();
        erster + Days::new(self.wuerfel.unter(tage + 1))
    }

    /// One of the last days of this year.
    pub fn tag_seit(&mut self, vor: u64) -> NaiveDate {
        let erster = NaiveDate::from_ymd_opt(self.heute.year(), 1, 1).unwrap();
        (self.heute - Days::new(self.wuerfel.unter(vor + 1))).max(erster)
    }

    pub fn bestand(&self, artikel: &str, lager: &str) -> String {
        Lagerbestand::stream_id(self.mandant, artikel.parse().unwrap(), lager.parse().unwrap()).to_string()
    }
}
