//! What is sent.

use serde_json::{Value, json};

use super::last::{self, Anfragen};

/// The short name of the company that is measured.
pub const FIRMA: &str = "MESS";

/// A Buchung with two lines, the second one of its tax made by the key.
pub fn buchung() -> Value {
    json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Messung", "beleg": "M-1",
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]})
}

/// One Buchung a request.
pub fn einzeln() -> Anfragen {
    let body = buchung().to_string();
    std::sync::Arc::new(move |_| last::post(FIRMA, "/api/v1/fibu/buchungen", &body))
}

/// A hundred Buchungen a request, all or none.
pub fn hundert() -> Anfragen {
    let element = json!({"bereich": "fibu", "ressource": "buchungen", "befehl": "erfassen", "daten": buchung()});
    let body = json!(vec![element; 100]).to_string();
    std::sync::Arc::new(move |_| last::post(FIRMA, "/api/v1/stapel?modus=atomar", &body))
}

/// A whole invoice: three lines, drafted and booked in one unit, with its voucher and its open item.
pub fn rechnung() -> Anfragen {
    let position = |menge: &str, betrag: &str, schluessel: &str| {
        json!({"text": "Ware", "menge": menge, "einheit": "t", "schluessel": schluessel,
            "preis": {"betrag": betrag, "je": "1", "einheit": "t"}})
    };
    let entwurf = json!({"debitor_nr": "10001", "leistung_bis": "2026-02-02", "positionen": [
        position("25", "389.50", "U7"), position("12", "148.33", "U19"), position("3", "20.00", "U19")]});
    std::sync::Arc::new(move |_| {
        let id = uuid::Uuid::now_v7();
        let mut entwurf = entwurf.clone();
        entwurf["id"] = json!(id);
        let anlegen = json!({"bereich": "fibu", "ressource": "rechnungen", "befehl": "entwerfen", "daten": entwurf});
        let buchen = json!({"bereich": "fibu", "ressource": "rechnungen", "befehl": "buchen", "id": id,
            "daten": {"rechnungsdatum": "2026-02-03"}});
        last::post(
            FIRMA,
            "/api/v1/stapel?modus=atomar",
            &json!([anlegen, buchen]).to_string(),
        )
    })
}
