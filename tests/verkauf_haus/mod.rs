//! The house of the sales tests: a company with a customer on credit, two articles and a Lager, and the steps from the
//! order to the invoice and its payment over HTTP.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::time::Duration;

use aggregates::{crm::Kreditlinie, policy::Kind, wawi::Lagerbestand};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::common::{self, Door, Reply, TestServer, stamm};

pub const WAWI: &str = "/api/v1/wawi";
pub const CRM: &str = "/api/v1/crm";
pub const FIBU: &str = "/api/v1/fibu";

/// A company with a customer, two articles and a Lager.
pub struct Haus {
    pub server: TestServer,
    pub mandant: Uuid,
    pub kunde: String,
    pub kunden_nr: String,
    pub kas: String,
    pub futter: String,
    pub lager: String,
}

pub fn id(antwort: &Value) -> String {
    antwort["id"].as_str().unwrap().to_owned()
}

pub async fn bis(was: &str, mut wahr: impl AsyncFnMut() -> bool) {
    for _ in 0..800 {
        if wahr().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nie eingetreten: {was}");
}

impl Haus {
    pub async fn neu() -> Self {
        let server = common::server().await;
        let gruppe = stamm::masse(&server).await;
        let kas = stamm::artikel(&server, &gruppe, "KAS", "U19", false).await;
        let futter = stamm::artikel(&server, &gruppe, "MLF", "U7", true).await;
        let lager = json!({"nr": "1", "name": "Emden", "art": "eigen", "bewertungskreis": "1"});
        let lager = id(&server.post(&format!("{WAWI}/lager"), lager).await.ok());
        let kunde = json!({"kunden_art": "firma", "name": "Landhof Petersen GmbH", "ust_status": "regel"});
        let kunde = id(&server.post(&format!("{CRM}/kunden"), kunde).await.ok());
        let adresse = json!({"adresse": {"art": "rechnung", "anschrift": {"strasse": "Deichweg 1", "plz": "26721",
            "ort": "Emden", "land": "DE"}}});
        let pfad = format!("{CRM}/kunden/{kunde}");
        server.post(&format!("{pfad}/adresse-hinzufuegen"), adresse).await.ok();
        server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
        let kunden_nr = server.get(&pfad).await.ok()["kunden_nr"].as_str().unwrap().to_owned();
        let mandant = server.get("/api/v1/dienste/mandanten?kuerzel=TEST").await.ok()["daten"][0]["id"].clone();
        let mandant = mandant.as_str().unwrap().parse().unwrap();
        Self {
            server,
            mandant,
            kunde,
            kunden_nr,
            kas,
            futter,
            lager,
        }
    }

    pub fn linie(&self) -> Uuid {
        Kreditlinie::stream_id(self.mandant, self.kunde.parse().unwrap())
    }

    /// A limit, released by a second person.
    pub async fn limit(&self, betrag: &str) {
        let linie = format!("{CRM}/kreditlinien/{}", self.linie());
        let limit = json!({"betrag": betrag, "gueltig_ab": "2026-01-01"});
        self.server.post(&format!("{linie}/limit-setzen"), limit).await.ok();
        let ablauf = (neuroerp::uhr::jetzt() + chrono::Duration::days(30)).to_rfc3339();
        let schluessel = json!({"name": "zweite", "scopes": ["crm:write"], "ablauf": ablauf});
        let schluessel = self.server.post("/api/v1/dienste/api-keys", schluessel).await.ok();
        let token = schluessel["einmalig"]["schluessel"].as_str().unwrap().to_owned();
        let zweite = Door::new(self.server.url.clone(), token);
        let pfad = format!("{linie}/limit-freigeben");
        zweite.post(&pfad, json!({"nr": 1})).await.ok();
    }

    pub async fn zugang(&self, artikel: &str, kg: &str) {
        let body = json!({"artikel_id": artikel, "lager_id": self.lager, "menge": kg, "bewegungsart": "wareneingang",
            "beleg": {"typ": "test", "id": Uuid::from_u128(7)}});
        self.server.post(&format!("{WAWI}/lagerbestaende"), body).await.ok();
    }

    pub fn bestand_id(&self, artikel: &str) -> Uuid {
        Lagerbestand::stream_id(self.mandant, artikel.parse().unwrap(), self.lager.parse().unwrap())
    }

    pub async fn bestand(&self, artikel: &str) -> Value {
        let pfad = format!("{WAWI}/lagerbestaende/{}", self.bestand_id(artikel));
        self.server.get(&pfad).await.ok()
    }

    /// An order with one position, not confirmed; its id and that of the position.
    pub async fn erfasst(
        &self,
        artikel: &str,
        (menge, einheit): (&str, &str),
        preis: Option<&str>,
    ) -> (String, String) {
        let anlegen = json!({"kunde_id": self.kunde});
        let auftrag = id(&self.server.post(&format!("{CRM}/auftraege"), anlegen).await.ok());
        let preis = preis.map(|p| json!({"betrag": p, "je": "1", "einheit": "t"}));
        let position = json!({"artikel_id": artikel, "lager_id": self.lager, "menge": menge, "einheit": einheit,
            "manueller_preis": preis});
        self.auftrag_tun(&auftrag, "position-hinzufuegen", position).await.ok();
        let stand = self.auftrag(&auftrag).await;
        let position = stand["positionen"][0]["position_id"].as_str().unwrap().to_owned();
        (auftrag, position)
    }

    pub async fn bestaetigt(&self, artikel: &str, menge: (&str, &str), preis: Option<&str>) -> (String, String) {
        let (auftrag, position) = self.erfasst(artikel, menge, preis).await;
        self.auftrag_tun(&auftrag, "bestaetigen", json!({})).await.ok();
        (auftrag, position)
    }

    pub async fn auftrag_tun(&self, auftrag: &str, command: &str, body: Value) -> Reply {
        self.server
            .post(&format!("{CRM}/auftraege/{auftrag}/{command}"), body)
            .await
    }

    pub async fn auftrag(&self, auftrag: &str) -> Value {
        self.server.get(&format!("{CRM}/auftraege/{auftrag}")).await.ok()
    }

    pub async fn versand_tun(&self, versand: &str, command: &str, body: Value) -> Reply {
        self.server
            .post(&format!("{WAWI}/versande/{versand}/{command}"), body)
            .await
    }

    /// The delivery that the release planned.
    pub async fn geplant(&self, auftrag: &str) -> String {
        let pfad = format!("{WAWI}/versande?auftrag_id={auftrag}");
        let mut gefunden = String::new();
        bis("der Versand ist geplant", async || {
            let liste = self.server.get(&pfad).await.ok();
            let erster = liste["daten"][0]["id"].as_str();
            erster.unwrap_or_default().clone_into(&mut gefunden);
            erster.is_some()
        })
        .await;
        gefunden
    }

    pub async fn planen(&self, auftrag: &str, position: &str, menge: &str) -> Reply {
        let body = json!({"auftrag_id": auftrag, "positionen": [{"position_id": position, "menge": menge}]});
        self.server.post(&format!("{WAWI}/versande"), body).await
    }

    /// Picks a quantity of a delivery that is only planned.
    pub async fn kommissionieren(&self, versand: &str, position: &str, menge: &str) {
        self.versand_tun(versand, "freigeben", json!({})).await.ok();
        let gepickt = json!({"positionen": [{"position_id": position, "menge": menge}]});
        self.versand_tun(versand, "kommissionierung-melden", gepickt).await.ok();
    }

    pub async fn ausliefern(&self, versand: &str, position: &str, menge: &str) {
        self.kommissionieren(versand, position, menge).await;
        self.versand_tun(versand, "warenausgang-buchen", json!({})).await.ok();
    }

    /// A report that has seen everything so far.
    pub async fn bericht(&self, name: &str, query: &str) -> Value {
        let kopf = self.server.db.store.head(self.mandant).await.unwrap();
        let pfad = format!("/api/v1/berichte/{name}?ab_position={kopf}&{query}");
        self.server.get(&pfad).await.ok()
    }

    pub async fn kredit(&self) -> Value {
        let nr = &self.kunden_nr;
        self.bericht("kreditauskunft", &format!("kunde={nr}")).await["zeilen"][0].clone()
    }

    /// From now on deliveries are collected on one invoice a month.
    pub async fn sammel(&self) {
        let pfad = format!("{CRM}/kunden/{}/konditionen-setzen", self.kunde);
        self.server.post(&pfad, json!({"rechnungsart": "sammel"})).await.ok();
    }

    pub async fn rechnung(&self, rechnung: &str) -> Value {
        self.server.get(&format!("{FIBU}/rechnungen/{rechnung}")).await.ok()
    }

    pub async fn rechnung_tun(&self, rechnung: &str, command: &str, body: Value) -> Reply {
        self.server
            .post(&format!("{FIBU}/rechnungen/{rechnung}/{command}"), body)
            .await
    }

    /// The customer's only draft, once it has so many lines.
    pub async fn entwurf(&self, zeilen: usize) -> String {
        let pfad = format!("{FIBU}/rechnungen?debitor_nr={}&status=entwurf", self.kunden_nr);
        let mut gefunden = String::new();
        bis("die Rechnung ist entworfen", async || {
            let liste = self.server.get(&pfad).await.ok();
            let [entwurf] = liste["daten"].as_array().unwrap().as_slice() else {
                return false;
            };
            gefunden = id(entwurf);
            self.rechnung(&gefunden).await["positionen"].as_array().unwrap().len() == zeilen
        })
        .await;
        gefunden
    }

    /// Books a draft that comes to a sum.
    pub async fn fakturieren(&self, entwurf: &str, summe: &str) {
        let buchen = json!({"erwartete_summe": summe});
        self.rechnung_tun(entwurf, "buchen", buchen).await.ok();
    }

    /// The house's bank account.
    pub async fn bank(&self) -> String {
        let bank = json!({"art": "bank", "konto_nr": "1800", "bezeichnung": "Hausbank"});
        id(&self.server.post(&format!("{FIBU}/geldkonten"), bank).await.ok())
    }

    /// Enters and books a payment of the customer; `mehr` adds or replaces fields.
    pub async fn zahlung(&self, bank: &str, betrag: &str, mehr: Value) -> String {
        let heute = aggregates::types::kalender::tag(neuroerp::uhr::jetzt());
        let mut zahlung = json!({"richtung": "eingang", "geldkonto_id": bank, "personenkonto": self.kunden_nr,
            "betrag": betrag, "buchungsdatum": heute});
        zahlung
            .as_object_mut()
            .unwrap()
            .extend(mehr.as_object().unwrap().clone());
        let zahlung = id(&self.server.post(&format!("{FIBU}/zahlungen"), zahlung).await.ok());
        let pfad = format!("{FIBU}/zahlungen/{zahlung}/buchen");
        self.server.post(&pfad, json!({})).await.ok();
        zahlung
    }

    /// The item of a booked invoice.
    pub async fn posten(&self, rechnung: &str) -> Value {
        let buchung = self.rechnung(rechnung).await["buchung_id"].clone();
        let pfad = format!("{FIBU}/offene-posten?buchung_id={}", buchung.as_str().unwrap());
        self.server.get(&pfad).await.ok()["daten"][0].clone()
    }

    /// The lines of a voucher: account, side, amount.
    pub async fn zeilen(&self, buchung: &Value) -> Vec<String> {
        let pfad = format!("{FIBU}/buchungen/{}", buchung.as_str().unwrap());
        let buchung = self.server.get(&pfad).await.ok();
        let text = |p: &Value, feld: &str| p[feld].as_str().unwrap_or_default().to_owned();
        let zeile = |p: &Value| format!("{} {} {}", text(p, "konto"), text(p, "seite"), text(p, "betrag"));
        buchung["positionen"].as_array().unwrap().iter().map(zeile).collect()
    }

    /// Waits until no following policy has an event before it.
    pub async fn ruhe(&self) {
        let registry = aggregates::registry();
        let following = registry.all_policies().iter().filter(|p| p.kind == Kind::Following);
        let (mut namen, mut typen) = (Vec::new(), Vec::new());
        for policy in following {
            for typ in policy.sources() {
                namen.push(policy.name);
                typen.push(typ);
            }
        }
        let offen = "SELECT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS p(name, typ) \
            JOIN log.ereignis e ON e.mandant_id = $1 AND e.aggregate_type = p.typ \
            WHERE e.position > coalesce((SELECT s.position FROM log.politik_stand s \
                WHERE s.mandant_id = $1 AND s.politik = p.name), 0))";
        bis("die Politiken ruhen", async || {
            let offen: bool = sqlx::query_scalar(offen)
                .bind(self.mandant)
                .bind(&namen)
                .bind(&typen)
                .fetch_one(&self.server.db.pool)
                .await
                .unwrap();
            !offen
        })
        .await;
    }

    /// What some following policies were refused.
    pub async fn abgelehnte_folgen(&self, politiken: &[&str]) -> Vec<String> {
        let sql = "SELECT politik || ': ' || code || ' ' || detail FROM log.politik_abgelehnt \
            WHERE politik = ANY($1) ORDER BY 1";
        let abgelehnt = sqlx::query_scalar(sql).bind(politiken);
        abgelehnt.fetch_all(&self.server.db.pool).await.unwrap()
    }
}
