//! Steps of stock and sales: moves, promises, orders, deliveries.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    modell::menge,
    welt::{Welt, id},
};

const GRUND: &str = "Zufall";

/// Does a step of stock and sales.
pub async fn schritt(w: &mut Welt) {
    match w.wuerfel.unter(100) {
        0..20 => zugang(w).await,
        20..32 => abgang(w).await,
        32..40 => umbuchen(w).await,
        40..48 => reservieren(w).await,
        48..54 => bewegung_stornieren(w).await,
        54..57 => leermelden(w).await,
        57..70 => auftrag(w).await,
        70..80 => auftrag_aendern(w).await,
        80..88 => planen(w).await,
        _ => ausliefern(w).await,
    }
}

pub fn kilo(w: &mut Welt, bis: u64) -> String {
    match w.wuerfel.unter(3) {
        0 => format!("{}.{:03}", w.wuerfel.unter(bis), 1 + w.wuerfel.unter(999)),
        _ => (1 + w.wuerfel.unter(bis)).to_string(),
    }
}

pub fn platz(w: &mut Welt) -> Value {
    (*w.wuerfel.einer(&[json!(null), json!("A-01"), json!("A-02")])).clone()
}

/// An article in a Lager.
fn ort(w: &mut Welt) -> (String, String, String) {
    let artikel = w.wuerfel.einer(&w.artikel.clone()).clone();
    let lager = w.wuerfel.einer(&w.lager.clone()).clone();
    let bestand = w.bestand(&artikel, &lager);
    (artikel, lager, bestand)
}

fn beleg(w: &mut Welt) -> Value {
    let nr = w.nummer();
    json!({"typ": "test", "id": Uuid::from_u128(u128::from(nr)), "nummer": format!("T-{nr}")})
}

async fn zugang(w: &mut Welt) {
    let (artikel, lager, bestand) = ort(w);
    let body = json!({"artikel_id": artikel, "lager_id": lager, "platz": platz(w), "menge": kilo(w, 8_000),
        "bewegungsart": "wareneingang", "beleg": beleg(w), "buchungsdatum": w.tag_seit(20)});
    if w.tun("zugang", "wawi/lagerbestaende", body.clone()).await.is_some() {
        w.modell.bewegt(&bestand, &body["platz"], menge(&body["menge"]));
    }
}

async fn abgang(w: &mut Welt) {
    let (artikel, lager, bestand) = ort(w);
    let art = *w
        .wuerfel
        .einer(&["warenausgang", "eigenverbrauch", "verschrottung", "schwund"]);
    let body = json!({"artikel_id": artikel, "lager_id": lager, "platz": platz(w), "menge": kilo(w, 3_000),
        "bewegungsart": art, "beleg": beleg(w), "buchungsdatum": w.tag_seit(15)});
    let pfad = format!("wawi/lagerbestaende/{bestand}/abgang-buchen");
    if w.tun("abgang", &pfad, body.clone()).await.is_some() {
        w.modell.bewegt(&bestand, &body["platz"], -menge(&body["menge"]));
    }
}

async fn umbuchen(w: &mut Welt) {
    let (_, _, bestand) = ort(w);
    let body = json!({"von_platz": platz(w), "nach_platz": platz(w), "menge": kilo(w, 2_000), "buchungsdatum": w.tag_seit(15)});
    let pfad = format!("wawi/lagerbestaende/{bestand}/umbuchen");
    if w.tun("umbuchen", &pfad, body.clone()).await.is_some() {
        w.modell.bewegt(&bestand, &body["von_platz"], -menge(&body["menge"]));
        w.modell.bewegt(&bestand, &body["nach_platz"], menge(&body["menge"]));
    }
}

async fn reservieren(w: &mut Welt) {
    let (artikel, lager, bestand) = ort(w);
    let pfad = format!("wawi/lagerbestaende/{bestand}");
    let nr = Uuid::from_u128(1_000 + u128::from(w.wuerfel.unter(4)));
    match w.wuerfel.unter(3) {
        0 => {
            let body = json!({"artikel_id": artikel, "lager_id": lager, "id": nr, "beleg": beleg(w), "menge": kilo(w, 1_000),
                "teilweise": w.wuerfel.prozent(50)});
            w.tun("reservieren", &format!("{pfad}/reservieren"), body).await;
        }
        1 => {
            let body = json!({"id": nr, "menge": kilo(w, 1_000), "teilweise": w.wuerfel.prozent(50)});
            w.tun("reservierung aendern", &format!("{pfad}/reservierung-aendern"), body)
                .await;
        }
        _ => {
            w.tun(
                "reservierung aufheben",
                &format!("{pfad}/reservierung-aufheben"),
                json!({"id": nr}),
            )
            .await;
        }
    }
}

async fn bewegung_stornieren(w: &mut Welt) {
    let zeilen = w.get("berichte/lagerbewegungsjournal?limit=500").await["zeilen"].clone();
    let zeilen = zeilen.as_array().unwrap();
    if zeilen.is_empty() {
        return;
    }
    let bewegung = w.wuerfel.einer(zeilen).clone();
    let (bestand, von, nach) = strom(w, &bewegung).await;
    let mut body = json!({"bewegung_id": bewegung["bewegung_id"], "grund": GRUND});
    if w.wuerfel.prozent(50) {
        body["buchungsdatum"] = json!(w.tag_seit(10));
    }
    let pfad = format!("wawi/lagerbestaende/{bestand}/bewegung-stornieren");
    if w.tun("bewegung stornieren", &pfad, body).await.is_some() {
        let menge = menge(&bewegung["menge"]);
        for (platz, delta) in [(von, menge), (nach, -menge)] {
            if let Some(platz) = platz {
                w.modell.bewegt(&bestand, &json!(platz), delta);
            }
        }
    }
}

/// The stream of a move of the journal and its ends in the Lager; the unnamed place is the empty text.
async fn strom(w: &Welt, bewegung: &Value) -> (String, Option<String>, Option<String>) {
    let bewegung: Uuid = bewegung["bewegung_id"].as_str().unwrap().parse().unwrap();
    sqlx::query_as(
        "SELECT s.id::text, CASE WHEN von_art = 'platz' THEN coalesce(von_platz, '') END, \
            CASE WHEN nach_art = 'platz' THEN coalesce(nach_platz, '') END \
         FROM wawi.lagerbestand s JOIN wawi.lagerbewegung b USING (mandant_id, artikel_id, lager_id) \
         WHERE b.bewegung_id = $1",
    )
    .bind(bewegung)
    .fetch_one(&w.server.db.pool)
    .await
    .unwrap()
}

async fn leermelden(w: &mut Welt) {
    let (_, _, bestand) = ort(w);
    let pfad = format!("wawi/lagerbestaende/{bestand}");
    if w.wuerfel.prozent(50) {
        let body = json!({"platz": platz(w), "buchungsdatum": w.tag_seit(5)});
        if w.tun("leermelden", &format!("{pfad}/leermelden"), body.clone())
            .await
            .is_some()
        {
            w.modell.leer(&bestand, &body["platz"]);
        }
    } else {
        let body = json!({"platz": platz(w), "menge": kilo(w, 500), "grund": GRUND, "buchungsdatum": w.tag_seit(10)});
        if w.tun("mehrmenge", &format!("{pfad}/mehrmenge-buchen"), body.clone())
            .await
            .is_some()
        {
            w.modell.bewegt(&bestand, &body["platz"], menge(&body["menge"]));
        }
    }
}

/// An order with one to three lines, mostly confirmed at once.
async fn auftrag(w: &mut Welt) {
    let kunde = w.wuerfel.einer(&w.kunden.clone()).clone();
    let body = json!({"kunde_id": kunde, "wunschtermin": w.heute});
    let Some(antwort) = w.tun("auftrag", "crm/auftraege", body).await else {
        return;
    };
    let auftrag = w.merken("auftrag", &antwort);
    for _ in 0..=w.wuerfel.unter(3) {
        let (artikel, lager, _) = ort(w);
        let einheit = *w.wuerfel.einer(&["kg", "dt"]);
        let menge = if einheit == "kg" { kilo(w, 2_000) } else { kilo(w, 20) };
        let preis = format!("{}.{:02}", 100 + w.wuerfel.unter(400), w.wuerfel.unter(100));
        let body = json!({"artikel_id": artikel, "lager_id": lager, "menge": menge, "einheit": einheit,
            "manueller_preis": {"betrag": preis, "je": "1", "einheit": "t"}});
        w.tun(
            "position",
            &format!("crm/auftraege/{auftrag}/position-hinzufuegen"),
            body,
        )
        .await;
    }
    if w.wuerfel.prozent(85) {
        w.tun(
            "bestaetigen",
            &format!("crm/auftraege/{auftrag}/bestaetigen"),
            json!({}),
        )
        .await;
    }
}

async fn auftrag_aendern(w: &mut Welt) {
    let Some(auftrag) = w.beleg("auftrag") else { return };
    let pfad = format!("crm/auftraege/{auftrag}");
    let stand = w.get(&pfad).await;
    let positionen = stand["positionen"].as_array().unwrap();
    if positionen.is_empty() {
        return;
    }
    let position = w.wuerfel.einer(positionen)["position_id"].clone();
    let (schritt, befehl, body) = match w.wuerfel.unter(8) {
        0 | 1 => {
            let body = json!({"position_id": position, "menge": kilo(w, 3_000)});
            ("position aendern", "position-aendern", body)
        }
        2 => {
            let body = json!({"position_id": position, "termin": w.heute});
            ("position aendern", "position-aendern", body)
        }
        3 => {
            let body = json!({"position_id": position, "menge": kilo(w, 300), "grund": GRUND});
            ("position stornieren", "position-stornieren", body)
        }
        4 => {
            let body = json!({"position_id": position, "grund": GRUND});
            ("position stornieren", "position-stornieren", body)
        }
        5 => (
            "rest streichen",
            "rest-streichen",
            json!({"position_id": position, "grund": GRUND}),
        ),
        6 => {
            let befehl = *w.wuerfel.einer(&["sperre-setzen", "sperre-aufheben"]);
            ("auftragssperre", befehl, json!({"art": "manuell", "grund": GRUND}))
        }
        _ => ("auftragsstorno", "stornieren", json!({"grund": GRUND})),
    };
    w.tun(schritt, &format!("{pfad}/{befehl}"), body).await;
}

async fn planen(w: &mut Welt) {
    let Some(auftrag) = w.beleg("auftrag") else { return };
    let stand = w.get(&format!("crm/auftraege/{auftrag}")).await;
    let positionen = stand["positionen"].as_array().unwrap();
    if positionen.is_empty() {
        return;
    }
    let position = w.wuerfel.einer(positionen).clone();
    let menge = kilo(w, if position["einheit"] == "kg" { 1_500 } else { 15 });
    let body = json!({"auftrag_id": auftrag, "positionen": [{"position_id": position["position_id"], "menge": menge}]});
    w.tun("planen", "wawi/versande", body).await;
}

/// Takes a delivery the next steps, often out of the gate.
async fn ausliefern(w: &mut Welt) {
    let mut offene = Vec::new();
    for status in ["geplant", "freigegeben", "kommissioniert"] {
        let liste = w.get(&format!("wawi/versande?status={status}&limit=50")).await;
        offene.extend(liste["daten"].as_array().unwrap().iter().map(id));
    }
    if offene.is_empty() {
        return;
    }
    let versand = w.wuerfel.einer(&offene).clone();
    let pfad = format!("wawi/versande/{versand}");
    if w.wuerfel.prozent(8) {
        w.tun("versandstorno", &format!("{pfad}/stornieren"), json!({"grund": GRUND}))
            .await;
        return;
    }
    let stand = w.get(&pfad).await;
    if stand["status"] == "geplant" {
        w.tun("versand freigeben", &format!("{pfad}/freigeben"), json!({}))
            .await;
    }
    if stand["status"] != "kommissioniert" {
        let mut gepickt = Vec::new();
        for position in stand["positionen"].as_array().unwrap() {
            let soll = position["soll"].clone();
            let menge = if w.wuerfel.prozent(70) {
                soll
            } else {
                json!(kilo(w, 800))
            };
            gepickt.push(
                json!({"position_id": position["position_id"], "menge": menge, "platz": platz(w),
                "endlieferung": w.wuerfel.prozent(15)}),
            );
        }
        w.tun(
            "kommissionieren",
            &format!("{pfad}/kommissionierung-melden"),
            json!({"positionen": gepickt}),
        )
        .await;
    }
    if w.wuerfel.prozent(85) {
        let mut body = json!({});
        if w.wuerfel.prozent(40) {
            body["buchungsdatum"] = json!(w.tag_seit(5));
        }
        if w.tun("warenausgang", &format!("{pfad}/warenausgang-buchen"), body)
            .await
            .is_some()
        {
            ausgegangen(w, &pfad).await;
        }
    }
}

/// What a delivery took with it.
async fn ausgegangen(w: &mut Welt, pfad: &str) {
    let versand = w.get(pfad).await;
    for position in versand["positionen"].as_array().unwrap() {
        let text = |feld: &str| position[feld].as_str().unwrap();
        let bestand = w.bestand(text("artikel_id"), text("lager_id"));
        let kilo = if position["einheit"] == "kg" { 1 } else { 100 };
        w.modell.bewegt(
            &bestand,
            &position["platz"],
            -menge(&position["ist"]) * Decimal::from(kilo),
        );
    }
}
