//! The house of the purchase tests: the company of the sales tests with a supplier, and the steps from the order to the
//! booked invoice over HTTP.
#![allow(dead_code, reason = "each test binary uses its part")]

use serde_json::{Value, json};

use crate::{
    common::{Door, Reply, stamm},
    verkauf_haus::{FIBU, Haus, WAWI, id},
};

/// The house with a supplier, who has a Kreditor, and a second and a third person.
pub struct Einkauf {
    pub haus: Haus,
    pub lieferant: String,
    pub kreditor_nr: String,
    pub zweite: Door,
    pub dritte: Door,
}

/// An order that was sent, with its positions.
pub struct Bestellt {
    pub id: String,
    pub positionen: Vec<String>,
}

impl Einkauf {
    pub async fn neu() -> Self {
        let haus = Haus::neu().await;
        let server = &haus.server;
        let bedingung = json!({"code": "30T", "bezeichnung": "30 Tage netto", "fassung": {"tage": 30}});
        let bedingung = id(&server
            .post(&format!("{FIBU}/zahlungsbedingungen"), bedingung)
            .await
            .ok());
        let (lieferant, kreditor_nr) = stamm::lieferant(server, "Düngerwerk Nord AG", &bedingung).await;
        let rechte = json!({"scopes": ["wawi:write", "fibu:write"]});
        let (_, zweite) = server.key("zweite", rechte.clone()).await;
        let (_, dritte) = server.key("dritte", rechte).await;
        Self {
            haus,
            lieferant,
            kreditor_nr,
            zweite,
            dritte,
        }
    }

    pub async fn bestellung_tun(&self, bestellung: &str, command: &str, body: Value) -> Reply {
        let pfad = format!("{WAWI}/bestellungen/{bestellung}/{command}");
        self.haus.server.post(&pfad, body).await
    }

    pub async fn bestellung(&self, bestellung: &str) -> Value {
        self.haus
            .server
            .get(&format!("{WAWI}/bestellungen/{bestellung}"))
            .await
            .ok()
    }

    /// A draft with positions in t: article, quantity, price, day.
    pub async fn entwurf(&self, positionen: &[(&str, &str, &str, &str)]) -> Bestellt {
        let kopf = json!({"lieferant_id": self.lieferant});
        let bestellung = id(&self.haus.server.post(&format!("{WAWI}/bestellungen"), kopf).await.ok());
        for (artikel, menge, preis, termin) in positionen {
            let position = json!({"artikel_id": artikel, "lager_id": self.haus.lager, "menge": menge, "einheit": "t",
                "preis": {"betrag": preis, "je": "1", "einheit": "t"}, "termin": termin});
            self.bestellung_tun(&bestellung, "position-hinzufuegen", position)
                .await
                .ok();
        }
        let stand = self.bestellung(&bestellung).await;
        let mut zeilen = stand["positionen"].as_array().unwrap().clone();
        zeilen.sort_by_key(|zeile| zeile["pos"].as_i64());
        let positionen = zeilen
            .iter()
            .map(|p| p["position_id"].as_str().unwrap().to_owned())
            .collect();
        Bestellt {
            id: bestellung,
            positionen,
        }
    }

    /// The same, approved up to 10,000.00 by a second person, and sent.
    pub async fn bestellt(&self, positionen: &[(&str, &str, &str, &str)]) -> Bestellt {
        let bestellt = self.entwurf(positionen).await;
        self.bestellung_tun(&bestellt.id, "zur-freigabe-geben", json!({}))
            .await
            .ok();
        if self.bestellung(&bestellt.id).await["status"] == "in_freigabe" {
            let pfad = format!("{WAWI}/bestellungen/{}/freigeben", bestellt.id);
            self.zweite.post(&pfad, json!({"stufe": 1})).await.ok();
        }
        self.bestellung_tun(&bestellt.id, "bestellen", json!({"kanal": "mail"}))
            .await
            .ok();
        bestellt
    }

    /// A receipt that is not booked yet, of one line in t.
    pub async fn eingang(&self, lieferschein: &str, bestellt: &Bestellt, menge: &str) -> String {
        let kopf =
            json!({"lieferant_id": self.lieferant, "lieferschein_nr": lieferschein, "lager_id": self.haus.lager});
        let eingang = id(&self
            .haus
            .server
            .post(&format!("{WAWI}/wareneingaenge"), kopf)
            .await
            .ok());
        let zeile = json!({"bestellung_id": bestellt.id, "position_id": bestellt.positionen[0], "menge": menge,
            "einheit": "t"});
        self.eingang_tun(&eingang, "position-erfassen", zeile).await.ok();
        eingang
    }

    pub async fn eingang_tun(&self, eingang: &str, command: &str, body: Value) -> Reply {
        let pfad = format!("{WAWI}/wareneingaenge/{eingang}/{command}");
        self.haus.server.post(&pfad, body).await
    }

    /// A booked receipt; its id and that of its line.
    pub async fn gebucht(&self, lieferschein: &str, bestellt: &Bestellt, menge: &str) -> (String, String) {
        let eingang = self.eingang(lieferschein, bestellt, menge).await;
        self.eingang_tun(&eingang, "buchen", json!({})).await.ok();
        let stand = self
            .haus
            .server
            .get(&format!("{WAWI}/wareneingaenge/{eingang}"))
            .await
            .ok();
        let zeile = stand["positionen"][0]["we_position_id"].as_str().unwrap().to_owned();
        (eingang, zeile)
    }

    /// An invoice over received lines: receipt and line, quantity in t, net.
    pub async fn rechnung(&self, nummer: &str, brutto: &str, zeilen: &[(&(String, String), &str, &str)]) -> String {
        let zeile = |(we, menge, netto): &(&(String, String), &str, &str)| {
            json!({"text": "Ware", "menge": menge, "einheit": "t", "netto": netto, "schluessel": "V19",
                "wareneingang": {"wareneingang_id": we.0, "we_position_id": we.1}})
        };
        let zeilen: Vec<Value> = zeilen.iter().map(zeile).collect();
        let heute = aggregates::types::kalender::tag(neuroerp::uhr::jetzt());
        let body = json!({"kreditor_nr": self.kreditor_nr, "lieferantennummer": nummer, "rechnungsdatum": heute,
            "brutto": brutto, "positionen": zeilen});
        id(&self
            .haus
            .server
            .post(&format!("{FIBU}/eingangsrechnungen"), body)
            .await
            .ok())
    }

    pub async fn rechnung_tun(&self, door: &Door, rechnung: &str, command: &str) -> Reply {
        let pfad = format!("{FIBU}/eingangsrechnungen/{rechnung}/{command}");
        door.post(&pfad, json!({})).await
    }
}
