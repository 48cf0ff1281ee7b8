//! Master data that tests of goods need, over HTTP.

use serde_json::{Value, json};

use super::Door;

fn id(antwort: &Value) -> String {
    antwort["id"].as_str().unwrap().to_owned()
}

/// Kilogram, Dezitonne and tonne; gives the id of a group of articles.
pub async fn masse(door: &Door) -> String {
    for (code, zaehler) in [("kg", 1), ("dt", 100), ("t", 1000)] {
        let einheit = json!({"code": code, "bezeichnung": code, "dimension": "masse", "zaehler": zaehler, "nenner": 1});
        door.post("/api/v1/wawi/mengeneinheiten", einheit).await.ok();
    }
    let gruppe = json!({"nr": "10", "name": "Dünger und Futter"});
    id(&door.post("/api/v1/wawi/artikelgruppen", gruppe).await.ok())
}

/// An article in use, counted in kg with three decimals and sold by dt and t too.
pub async fn artikel(door: &Door, gruppe: &str, nr: &str, schluessel: &str, lose: bool) -> String {
    let felder = json!({"artikel_nr": nr, "bezeichnung": nr, "gruppe_id": gruppe, "typ": "ware", "basiseinheit": "kg",
        "stellen": 3, "lose": lose, "steuerschluessel": schluessel});
    let artikel = id(&door.post("/api/v1/wawi/artikel", felder).await.ok());
    let pfad = format!("/api/v1/wawi/artikel/{artikel}");
    for (einheit, zaehler) in [("dt", 100), ("t", 1000)] {
        let einheit = json!({"einheit": einheit, "zaehler": zaehler});
        door.post(&format!("{pfad}/einheit-hinzufuegen"), einheit).await.ok();
    }
    door.post(&format!("{pfad}/aktivieren"), json!({})).await.ok();
    artikel
}

/// A released supplier with an address and these terms: his id and the number of his Kreditor.
pub async fn lieferant(door: &Door, name: &str, bedingung: &str) -> (String, String) {
    let lieferant = json!({"name": name, "art": "handel", "ust_status": "regel"});
    let lieferant = id(&door.post("/api/v1/wawi/lieferanten", lieferant).await.ok());
    let pfad = format!("/api/v1/wawi/lieferanten/{lieferant}");
    let adresse = json!({"adresse": {"art": "haupt", "anschrift": {"strasse": "Werkstr. 1", "plz": "26721",
        "ort": "Emden", "land": "DE"}}});
    door.post(&format!("{pfad}/adresse-setzen"), adresse).await.ok();
    let kondition = json!({"zahlungsbedingung_id": bedingung});
    door.post(&format!("{pfad}/kondition-setzen"), kondition).await.ok();
    door.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    let nr = door.get(&pfad).await.ok()["lieferant_nr"].as_str().unwrap().to_owned();
    (lieferant, nr)
}

/// A Lager of the company's own with the places.
pub async fn lager(door: &Door, nr: &str, ort: &str) -> String {
    let lager = json!({"nr": nr, "name": ort, "art": "eigen", "bewertungskreis": nr});
    let lager = id(&door.post("/api/v1/wawi/lager", lager).await.ok());
    let pfad = format!("/api/v1/wawi/lager/{lager}");
    let zone = json!({"nr": "L", "art": "lager"});
    door.post(&format!("{pfad}/zone-hinzufuegen"), zone).await.ok();
    let plaetze = json!({"zone": "L", "muster": "A-{00}", "von": 1, "bis": 3, "typ": "regal"});
    door.post(&format!("{pfad}/plaetze-generieren"), plaetze).await.ok();
    lager
}
