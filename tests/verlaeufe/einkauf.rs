//! Steps of purchase: orders from the draft to the supplier, their approval, confirmation and change.

use chrono::Days;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    common::wuerfel::euro,
    einkaufsrechnungen,
    geld::GRUND,
    modell::menge,
    waren::kilo,
    wareneingaenge,
    welt::{Lieferant, Welt, Wer, id},
};

/// Does a step of purchase.
pub async fn schritt(w: &mut Welt) {
    match w.wuerfel.unter(100) {
        0..18 => bestellung(w).await,
        18..26 => weiter(w).await,
        26..32 => bestaetigen(w).await,
        32..44 => aendern(w).await,
        44..64 => wareneingaenge::wareneingang(w).await,
        64..67 => wareneingaenge::liegengeblieben(w).await,
        67..72 => wareneingaenge::stornieren(w).await,
        72..88 => einkaufsrechnungen::rechnung(w).await,
        88..92 => einkaufsrechnungen::weiter(w).await,
        92..96 => einkaufsrechnungen::stornieren(w).await,
        96..98 => sperren(w).await,
        _ => umbenennen(w).await,
    }
}

/// A price by tonne or, now and then, by another unit.
pub fn preis(w: &mut Welt) -> Value {
    let tonne = 10_000 + i64::try_from(w.wuerfel.unter(30_000)).unwrap();
    if w.wuerfel.prozent(75) {
        json!({"betrag": euro(tonne), "je": "1", "einheit": "t"})
    } else {
        json!({"betrag": euro(tonne / 10), "je": "1", "einheit": "dt"})
    }
}

/// Something to buy: goods, or unloading by weight.
fn ware(w: &mut Welt) -> (String, &'static str, String) {
    if w.wuerfel.prozent(12) {
        let menge = kilo(w, 20);
        return (w.leistung.clone(), "t", menge);
    }
    let artikel = w.wuerfel.index(w.artikel.len());
    let einheiten: &[&str] = if artikel == 0 {
        &["t", "dt", "kg", "bb"]
    } else {
        &["t", "dt", "kg"]
    };
    let einheit = *w.wuerfel.einer(einheiten);
    let bis = match einheit {
        "kg" => 20_000,
        "dt" => 200,
        _ => 20,
    };
    (w.artikel[artikel].clone(), einheit, kilo(w, bis))
}

async fn position(w: &mut Welt, bestellung: &str) {
    let (artikel, einheit, menge) = ware(w);
    let mut preis = preis(w);
    if artikel == w.leistung {
        preis["einheit"] = json!("t");
    }
    let mut body = json!({"artikel_id": artikel, "lager_id": w.wuerfel.einer(&w.lager), "menge": menge, "einheit": einheit,
        "preis": preis});
    match w.wuerfel.unter(4) {
        0 if menge.parse::<u32>().is_ok_and(|m| m > 1) => {
            let zweiter = menge.parse::<u32>().unwrap() / 2;
            let erster = menge.parse::<u32>().unwrap() - zweiter;
            body["einteilungen"] = json!([{"termin": w.heute + Days::new(40), "menge": zweiter.to_string()},
                {"termin": w.heute + Days::new(5), "menge": erster.to_string()}]);
        }
        1 => {}
        _ => body["termin"] = json!(w.heute + Days::new(w.wuerfel.unter(60))),
    }
    if w.wuerfel.prozent(15) {
        body["toleranz_ueber"] = json!("2.5");
        body["toleranz_unter"] = json!("10");
    }
    let pfad = format!("wawi/bestellungen/{bestellung}/position-hinzufuegen");
    w.tun("bestellposition", &pfad, body).await;
}

async fn nebenkosten(w: &mut Welt, bestellung: &str) {
    let art = *w.wuerfel.einer(&["fracht", "maut"]);
    let verteilung = *w.wuerfel.einer(&["menge", "wert", "gewicht"]);
    let body = json!({"art": art, "betrag": euro(w.wuerfel.betrag(150)), "verteilung": verteilung});
    let pfad = format!("wawi/bestellungen/{bestellung}");
    if w.wuerfel.prozent(80) {
        w.tun("nebenkosten", &format!("{pfad}/nebenkosten-setzen"), body).await;
    } else {
        let body = json!({"art": art});
        w.tun("nebenkosten entfernen", &format!("{pfad}/nebenkosten-entfernen"), body)
            .await;
    }
}

/// An order with some positions, mostly sent at once.
async fn bestellung(w: &mut Welt) {
    let lieferant: Lieferant = w.lieferant();
    let body = json!({"lieferant_id": lieferant.id, "bestelldatum": w.tag_seit(15)});
    let wer = w.jemand();
    let Some(antwort) = w.tun_als(wer, None, "bestellung", "wawi/bestellungen", body).await else {
        return;
    };
    let bestellung = w.merken("bestellung", &antwort);
    // Now and then somebody forgets what he wanted.
    let positionen = if w.wuerfel.prozent(4) {
        0
    } else {
        1 + w.wuerfel.unter(4)
    };
    for _ in 0..positionen {
        position(w, &bestellung).await;
    }
    if w.wuerfel.prozent(30) {
        nebenkosten(w, &bestellung).await;
    }
    let pfad = format!("wawi/bestellungen/{bestellung}");
    if w.wuerfel.prozent(8) {
        let stand = w.get(&pfad).await;
        if let Some(position) = stand["positionen"].as_array().unwrap().first() {
            let body = json!({"position_id": position["position_id"]});
            w.tun("bestellposition entfernen", &format!("{pfad}/position-entfernen"), body)
                .await;
        }
    }
    for _ in 0..3 {
        if w.wuerfel.prozent(94) {
            voran(w, &bestellung).await;
        }
    }
}

/// Takes an order its next step on the way to the supplier.
async fn voran(w: &mut Welt, bestellung: &str) {
    let pfad = format!("wawi/bestellungen/{bestellung}");
    match w.get(&pfad).await["status"].as_str().unwrap() {
        "entwurf" => {
            let wer = w.jemand();
            w.tun_als(wer, None, "vorlegen", &format!("{pfad}/zur-freigabe-geben"), json!({}))
                .await;
        }
        "in_freigabe" => genehmigen(w, &pfad).await,
        "freigegeben" => {
            let mut body = json!({});
            if w.wuerfel.prozent(60) {
                body["bestellt_am"] = json!(w.tag_seit(10));
            }
            w.tun("bestellen", &format!("{pfad}/bestellen"), body).await;
        }
        _ => {}
    }
}

/// Tries persons and levels until the order is approved, or sends it back.
async fn genehmigen(w: &mut Welt, pfad: &str) {
    if w.wuerfel.prozent(8) {
        w.tun("ablehnen", &format!("{pfad}/ablehnen"), json!({"grund": GRUND}))
            .await;
        return;
    }
    for _ in 0..4 {
        let stand = w.get(pfad).await;
        if stand["status"] != "in_freigabe" {
            return;
        }
        let naechste = stand["freigaben"].as_array().unwrap().len() + 1;
        let stufe = if w.wuerfel.prozent(90) { naechste } else { 2 };
        let wer = *w.wuerfel.einer(&[Wer::Verwalter, Wer::Zweite, Wer::Dritte]);
        let body = json!({"stufe": stufe});
        w.tun_als(wer, None, "genehmigen", &format!("{pfad}/freigeben"), body)
            .await;
    }
}

async fn weiter(w: &mut Welt) {
    let mut offene = Vec::new();
    for status in ["entwurf", "in_freigabe", "freigegeben"] {
        let liste = w.get(&format!("wawi/bestellungen?status={status}&limit=50")).await;
        offene.extend(liste["daten"].as_array().unwrap().iter().map(id));
    }
    if !offene.is_empty() {
        let bestellung = w.wuerfel.einer(&offene).clone();
        voran(w, &bestellung).await;
    }
}

/// A price a little above or below another.
fn anderer_preis(w: &mut Welt, position: &Value) -> Value {
    let faktor = Decimal::new(i64::try_from(90 + w.wuerfel.unter(21)).unwrap(), 2);
    let preis = (menge(&position["preis"]) * faktor).round_dp(2).max(Decimal::new(1, 2));
    json!({"betrag": preis.to_string(), "je": position["preis_je"], "einheit": position["preis_einheit"]})
}

/// What the supplier promises: days, quantities, prices.
async fn bestaetigen(w: &mut Welt) {
    let Some(bestellung) = w.beleg("bestellung") else {
        return;
    };
    let pfad = format!("wawi/bestellungen/{bestellung}");
    let stand = w.get(&pfad).await;
    let mut zeilen = Vec::new();
    for position in stand["positionen"].as_array().unwrap() {
        let mut zeile = json!({"position_id": position["position_id"]});
        match w.wuerfel.unter(4) {
            0 => continue,
            1 => zeile["termin"] = json!(w.heute + Days::new(w.wuerfel.unter(90))),
            2 => zeile["menge"] = position["menge"].clone(),
            _ => zeile["preis"] = anderer_preis(w, position),
        }
        zeilen.push(zeile);
    }
    let body = json!({"positionen": zeilen});
    w.tun("bestaetigung", &format!("{pfad}/bestaetigen"), body).await;
}

async fn aendern(w: &mut Welt) {
    let Some(bestellung) = w.beleg("bestellung") else {
        return;
    };
    let pfad = format!("wawi/bestellungen/{bestellung}");
    let stand = w.get(&pfad).await;
    let positionen = stand["positionen"].as_array().unwrap();
    if positionen.is_empty() {
        return;
    }
    let position = w.wuerfel.einer(positionen).clone();
    let mut body = json!({"position_id": position["position_id"]});
    let (schritt, befehl) = match w.wuerfel.unter(12) {
        0..3 => {
            let faktor = Decimal::new(*w.wuerfel.einer(&[5, 9, 11, 20]), 1);
            let neu = (menge(&position["menge"]) * faktor).round_dp(3);
            body["menge"] = json!(neu.max(Decimal::new(1, 3)).normalize().to_string());
            ("bestellposition aendern", "position-aendern")
        }
        3 => {
            body["preis"] = anderer_preis(w, &position);
            ("bestellposition aendern", "position-aendern")
        }
        4 => {
            body["termin"] = json!(w.heute + Days::new(w.wuerfel.unter(90)));
            ("bestellposition aendern", "position-aendern")
        }
        5..7 => {
            body["grund"] = json!(GRUND);
            ("bestellrest stornieren", "rest-stornieren")
        }
        7..9 => ("wiederoeffnen", "position-wiederoeffnen"),
        9..11 => return nebenkosten(w, &bestellung).await,
        _ => {
            body = json!({"grund": GRUND});
            ("bestellstorno", "stornieren")
        }
    };
    let wer = w.jemand();
    w.tun_als(wer, None, schritt, &format!("{pfad}/{befehl}"), body).await;
}

/// Locks a supplier or an article for orders, or lifts the lock.
async fn sperren(w: &mut Welt) {
    let lieferant = w.wuerfel.prozent(50);
    let pfad = if lieferant {
        format!("wawi/lieferanten/{}", w.lieferant().id)
    } else {
        format!("wawi/artikel/{}", w.wuerfel.einer(&w.artikel))
    };
    if w.wuerfel.prozent(25) {
        let bereich = match (lieferant, w.wuerfel.prozent(60)) {
            (true, true) => "bestellung",
            (true, false) => "zahlung",
            (false, _) => "ek",
        };
        let body = json!({"bereich": bereich, "grund": GRUND});
        w.tun("einkaufssperre", &format!("{pfad}/sperren"), body).await;
    } else {
        w.tun("einkaufssperre aufheben", &format!("{pfad}/entsperren"), json!({}))
            .await;
    }
}

async fn umbenennen(w: &mut Welt) {
    let lieferant = w.lieferant().id;
    let body = json!({"name": format!("Lieferant {}", w.nummer())});
    let pfad = format!("wawi/lieferanten/{lieferant}/stammdaten-aendern");
    w.tun("umbenennen", &pfad, body).await;
}
