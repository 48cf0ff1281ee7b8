//! Steps of goods receipts: on orders and without one, too much and too little, on any place, and back.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    einkauf::preis,
    geld::GRUND,
    modell::{Zugang, kilo, menge},
    waren,
    welt::{Lieferant, Welt, id},
};

/// States of an order that takes goods.
const UNTERWEGS: [&str; 4] = ["bestellt", "bestaetigt", "teil_geliefert", "geliefert"];

/// A place of the Lager, the unnamed one, or one that does not exist.
fn platz(w: &mut Welt) -> Value {
    if w.wuerfel.prozent(4) {
        json!("X-99")
    } else {
        waren::platz(w)
    }
}

/// Positions of a supplier's orders that go to a Lager.
async fn erwartete(w: &mut Welt, lieferant: &str, lager: &str) -> Vec<(String, Value)> {
    let mut positionen = Vec::new();
    for status in UNTERWEGS {
        let liste = w
            .get(&format!(
                "wawi/bestellungen?lieferant_id={lieferant}&status={status}&limit=50"
            ))
            .await;
        for bestellung in liste["daten"].as_array().unwrap() {
            let bestellung = id(bestellung);
            let stand = w.get(&format!("wawi/bestellungen/{bestellung}")).await;
            let eigene = stand["positionen"].as_array().unwrap().iter().cloned();
            positionen.extend(
                eigene
                    .filter(|p| p["lager_id"] == lager)
                    .map(|p| (bestellung.clone(), p)),
            );
        }
    }
    positionen
}

/// How much comes of a position, in its unit: what is open, a part of it, as much as the tolerance allows, or too much.
fn gelieferte_menge(w: &mut Welt, position: &Value) -> Decimal {
    let offen = menge(&position["menge"]) - menge(&position["geliefert"]);
    let faktor = match w.wuerfel.unter(10) {
        0..4 => Decimal::ONE,
        4..8 => Decimal::new(i64::try_from(1 + w.wuerfel.unter(99)).unwrap(), 2),
        8 => Decimal::new(105, 2),
        _ => Decimal::TWO,
    };
    let faktor = if w.wuerfel.prozent(12) {
        Decimal::new(97, 2)
    } else {
        faktor
    };
    (offen * faktor).round_dp(3).max(Decimal::new(1, 3))
}

async fn zeile(w: &mut Welt, eingang: &str, erwartet: &[(String, Value)]) {
    let mut body = if erwartet.is_empty() || w.wuerfel.prozent(15) {
        let mut body =
            json!({"artikel_id": w.wuerfel.einer(&w.artikel), "menge": waren::kilo(w, 3_000), "einheit": "kg"});
        if w.wuerfel.prozent(85) {
            body["preis"] = preis(w);
        }
        body
    } else {
        let (bestellung, position) = w.wuerfel.einer(erwartet).clone();
        let menge = gelieferte_menge(w, &position);
        let in_kilo = menge * kilo(&position["einheit"]);
        // The scale weighs in kg or t what was ordered in other units.
        let (menge, einheit) = match w.wuerfel.unter(4) {
            0 if position["artikel_id"] != w.leistung => (in_kilo.round_dp(3), json!("kg")),
            1 => ((in_kilo / Decimal::ONE_THOUSAND).round_dp(3), json!("t")),
            _ => (menge, position["einheit"].clone()),
        };
        let menge = menge.max(Decimal::new(1, 3)).normalize().to_string();
        json!({"bestellung_id": bestellung, "position_id": position["position_id"], "menge": menge, "einheit": einheit})
    };
    body["platz"] = platz(w);
    let pfad = format!("wawi/wareneingaenge/{eingang}/position-erfassen");
    w.tun("zeile erfassen", &pfad, body).await;
}

/// A receipt with some lines, mostly booked at once.
pub async fn wareneingang(w: &mut Welt) {
    let lieferant: Lieferant = w.lieferant();
    let lager = w.wuerfel.einer(&w.lager).clone();
    let nummer = if w.wuerfel.prozent(5) { 1 } else { w.nummer() };
    let body = json!({"lieferant_id": lieferant.id, "lieferschein_nr": format!("L {nummer}"), "lager_id": lager});
    let Some(antwort) = w.tun("wareneingang", "wawi/wareneingaenge", body).await else {
        return;
    };
    let eingang = id(&antwort);
    let erwartet = erwartete(w, &lieferant.id, &lager).await;
    for _ in 0..=w.wuerfel.unter(3) {
        zeile(w, &eingang, &erwartet).await;
    }
    if w.wuerfel.prozent(90) {
        buchen(w, &eingang).await;
    }
}

/// Books a receipt that somebody left as a draft; its order may have changed meanwhile.
pub async fn liegengeblieben(w: &mut Welt) {
    let liste = w.get("wawi/wareneingaenge?status=entwurf&limit=50").await;
    let entwuerfe = liste["daten"].as_array().unwrap();
    if entwuerfe.is_empty() {
        return;
    }
    let eingang = id(w.wuerfel.einer(entwuerfe));
    let pfad = format!("wawi/wareneingaenge/{eingang}");
    let zeilen = w.get(&pfad).await["positionen"].clone();
    if let Some(zeile) = zeilen.as_array().unwrap().first().filter(|_| w.wuerfel.prozent(30)) {
        let body = json!({"we_position_id": zeile["we_position_id"]});
        w.tun("zeile entfernen", &format!("{pfad}/position-entfernen"), body)
            .await;
    }
    buchen(w, &eingang).await;
}

async fn buchen(w: &mut Welt, eingang: &str) {
    let mut body = json!({});
    if w.wuerfel.prozent(50) {
        body["buchungsdatum"] = json!(w.tag_seit(12));
    }
    // With the right and a reason more is taken than was ordered.
    let wer = w.jemand();
    let grund = w.wuerfel.prozent(20).then_some(GRUND);
    let pfad = format!("wawi/wareneingaenge/{eingang}");
    if w.tun_als(wer, grund, "eingang einbuchen", &format!("{pfad}/buchen"), body)
        .await
        .is_none()
    {
        return;
    }
    w.belege.entry("wareneingang").or_default().push(eingang.to_owned());
    let stand = w.get(&pfad).await;
    for zeile in stand["positionen"].as_array().unwrap() {
        let text = |feld: &str| zeile[feld].as_str().unwrap().to_owned();
        let gefuehrt = zeile["lagergefuehrt"] == true;
        let bestand = w.bestand(&text("artikel_id"), stand["lager_id"].as_str().unwrap());
        let zugang = Zugang {
            wareneingang: eingang.to_owned(),
            ort: gefuehrt.then(|| (bestand, zeile["platz"].clone())),
            position: zeile["position_id"].as_str().map(str::to_owned),
            kilo: menge(&zeile["menge"]) * kilo(&zeile["einheit"]),
            berechnet: Decimal::ZERO,
        };
        w.modell.gekommen(&text("we_position_id"), zugang);
    }
}

pub async fn stornieren(w: &mut Welt) {
    let Some(eingang) = w.beleg("wareneingang") else { return };
    let mut body = json!({"grund": GRUND});
    if w.wuerfel.prozent(50) {
        body["buchungsdatum"] = json!(w.tag_seit(8));
    }
    let pfad = format!("wawi/wareneingaenge/{eingang}/stornieren");
    if w.tun("eingangsruecknahme", &pfad, body).await.is_some() {
        w.modell.zurueckgegangen(&eingang);
    }
}
