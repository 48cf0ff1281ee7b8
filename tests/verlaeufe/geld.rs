//! Steps of the books: vouchers, payments, settlements, periods.

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};

use crate::{
    common::wuerfel::{cent, euro},
    rechnungen,
    welt::{Siegel, Welt, id},
};

/// Accounts of vouchers with the tax keys they are tried with.
const SACHKONTEN: &[(&str, &[&str])] = &[
    ("6815", &["V19", "V7", ""]),
    ("6300", &["V19", "V0"]),
    ("4830", &["U19", "U7"]),
    ("4400", &[""]),
    ("4300", &[""]),
    ("5400", &[""]),
    ("5300", &[""]),
    ("5425", &[""]),
    ("5923", &[""]),
    ("1600", &[""]),
    ("1460", &[""]),
    ("1800", &[""]),
];

pub const GRUND: &str = "Zufall";

/// Does a step of the books.
pub async fn schritt(w: &mut Welt) {
    match w.wuerfel.unter(100) {
        0..10 => buchen(w).await,
        10..22 => partner_buchen(w).await,
        22..36 => rechnungen::rechnung(w).await,
        36..44 => rechnungen::eingangsrechnung(w).await,
        44..66 => zahlung(w).await,
        66..75 => ausgleich(w).await,
        75..80 => zuruecknehmen(w, "ausgleich", "ausgleich", "ausgleiche", "aufheben", "datum").await,
        80..84 => zuruecknehmen(w, "storno", "buchung", "buchungen", "stornieren", "buchungsdatum").await,
        84..88 => zahlung_zurueck(w).await,
        88..91 => zuruecknehmen(w, "rechnungsstorno", "rechnung", "rechnungen", "stornieren", "datum").await,
        91..94 => rechnungen::korrigieren(w).await,
        94..96 => {
            let pfad = "eingangsrechnungen";
            zuruecknehmen(w, "eingangsstorno", "eingangsrechnung", pfad, "stornieren", "datum").await;
        }
        96..97 => valuta(w).await,
        97..99 => umbenennen(w).await,
        _ => periode(w).await,
    }
}

/// Splits an amount into parts, each at least a cent.
fn teilen(w: &mut Welt, summe: i64) -> Vec<i64> {
    let mut rest = summe;
    let mut teile = Vec::new();
    while rest > 1 && teile.len() < 2 && w.wuerfel.prozent(40) {
        let teil = 1 + i64::try_from(w.wuerfel.unter(u64::try_from(rest - 1).unwrap())).unwrap();
        teile.push(teil);
        rest -= teil;
    }
    teile.push(rest);
    teile
}

fn sachzeilen(w: &mut Welt, summe: i64, seite: &str) -> Vec<Value> {
    let mut zeilen = Vec::new();
    for teil in teilen(w, summe) {
        let (konto, schluessel) = *w.wuerfel.einer(SACHKONTEN);
        let schluessel = *w.wuerfel.einer(schluessel);
        let mut zeile = json!({"konto": konto, "seite": seite, "betrag": euro(teil)});
        if !schluessel.is_empty() {
            zeile["schluessel"] = json!(schluessel);
        }
        zeilen.push(zeile);
    }
    zeilen
}

async fn erfassen(w: &mut Welt, schritt: &'static str, datum: NaiveDate, zeilen: Vec<Value>) {
    let kreis = *w.wuerfel.einer(&["MB", "BK", "KA"]);
    let body = json!({"belegkreis": kreis, "belegdatum": datum, "buchungsdatum": datum, "text": format!("Beleg {}", w.nummer()),
        "beleg": "B-1", "zeilen": &zeilen});
    if let Some(antwort) = w.tun(schritt, "fibu/buchungen", body).await {
        let buchung = w.merken("buchung", &antwort);
        w.modell.gebucht(&buchung, &zeilen);
    }
}

async fn buchen(w: &mut Welt) {
    let summe = w.wuerfel.betrag(2_000);
    let mut zeilen = sachzeilen(w, summe, "soll");
    zeilen.extend(sachzeilen(w, summe, "haben"));
    let datum = w.tag_bis(0);
    erfassen(w, "buchung", datum, zeilen).await;
}

/// A voucher on an account of a partner, on either side.
async fn partner_buchen(w: &mut Welt) {
    let summe = w.wuerfel.betrag(3_000);
    let alle: Vec<String> = w.debitoren.iter().chain(&w.kreditoren).cloned().collect();
    let konto = w.wuerfel.einer(&alle).clone();
    let soll = (konto.starts_with('1')) != w.wuerfel.prozent(15);
    let (seite, gegen) = if soll { ("soll", "haben") } else { ("haben", "soll") };
    let op = match w.wuerfel.unter(3) {
        0 => json!({"zahlungsbedingung_id": w.bedingung}),
        1 => json!({"skonto": [{"bis": w.heute, "prozent": "3"}]}),
        _ => json!({}),
    };
    let mut zeilen = vec![json!({"personenkonto": konto, "seite": seite, "betrag": euro(summe), "op": op})];
    zeilen.extend(sachzeilen(w, summe, gegen));
    let datum = w.tag_bis(20);
    erfassen(w, "partnerbuchung", datum, zeilen).await;
}

/// Some items of a partner, those with a rest mostly.
async fn posten(w: &mut Welt, konto: &str, hoechstens: u64) -> Vec<Value> {
    let liste = w
        .get(&format!("fibu/offene-posten?personenkonto={konto}&limit=200"))
        .await;
    let auch_erledigte = w.wuerfel.prozent(3);
    let mut offene: Vec<Value> = liste["daten"].as_array().unwrap().clone();
    offene.retain(|p| auch_erledigte || p["rest"] != "0.00");
    let mut gezogen = Vec::new();
    for _ in 0..w.wuerfel.unter(hoechstens + 1) {
        if offene.is_empty() {
            break;
        }
        let stelle = w.wuerfel.index(offene.len());
        gezogen.push(offene.swap_remove(stelle));
    }
    gezogen
}

/// What of an item shall be settled: all of its rest, a part, or rarely too much.
fn anteil(w: &mut Welt, op: &Value) -> i64 {
    let rest = cent(&op["rest"]);
    let betrag = rest.abs().max(1);
    let teil = match w.wuerfel.unter(20) {
        0 => betrag + w.wuerfel.betrag(50),
        1..8 => 1 + i64::try_from(w.wuerfel.unter(u64::try_from(betrag).unwrap())).unwrap(),
        _ => betrag,
    };
    if rest < 0 { -teil } else { teil }
}

async fn zahlung(w: &mut Welt) {
    let debitor = w.wuerfel.prozent(65);
    let konten = if debitor {
        w.debitoren.clone()
    } else {
        w.kreditoren.clone()
    };
    let konto = w.wuerfel.einer(&konten).clone();
    let richtung = if debitor { "eingang" } else { "ausgang" };
    let richtung = match w.wuerfel.unter(12) {
        0 if debitor => "ausgang",
        0 => "eingang",
        _ => richtung,
    };
    let zeichen = if richtung == "eingang" { 1 } else { -1 };
    let (mut summe, mut zuordnungen) = (0, Vec::new());
    for op in posten(w, &konto, 3).await {
        let betrag = zeichen * anteil(w, &op);
        let skonto = if w.wuerfel.prozent(30) {
            betrag.abs() * 2 / 100 * betrag.signum()
        } else {
            0
        };
        summe += betrag - skonto;
        let mut zuordnung = json!({"op_id": op["id"], "betrag": euro(betrag)});
        if skonto != 0 {
            zuordnung["skonto"] = json!(euro(skonto));
        }
        zuordnungen.push(zuordnung);
    }
    let betrag = match w.wuerfel.unter(4) {
        0 => summe + w.wuerfel.betrag(20),
        1 => summe - i64::try_from(w.wuerfel.unter(60)).unwrap(),
        _ => summe,
    };
    let betrag = if betrag <= 0 { w.wuerfel.betrag(500) } else { betrag };
    let rest = *w
        .wuerfel
        .einer(&["offen", "kleindifferenz", "kleindifferenz", "forderungsverlust"]);
    let datum = w.tag_seit(25);
    let body = json!({"richtung": richtung, "geldkonto_id": w.bank, "personenkonto": konto, "betrag": euro(betrag),
        "buchungsdatum": datum, "zuordnungen": zuordnungen, "restbehandlung": rest});
    let Some(antwort) = w.tun("zahlung erfassen", "fibu/zahlungen", body).await else {
        return;
    };
    let zahlung = w.merken("zahlung", &antwort);
    let pfad = format!("fibu/zahlungen/{zahlung}/buchen");
    if w.tun("zahlung buchen", &pfad, json!({})).await.is_some() {
        w.modell.gezahlt(&zahlung, richtung, betrag);
        let stand = w.get(&format!("fibu/zahlungen/{zahlung}")).await;
        if let Some(ausgleich) = stand["ausgleich_id"].as_str() {
            w.belege.entry("ausgleich").or_default().push(ausgleich.to_owned());
        }
    }
}

async fn zahlung_zurueck(w: &mut Welt) {
    let Some(zahlung) = w.beleg("zahlung") else { return };
    let datum = w.tag_seit(10);
    if w.wuerfel.prozent(50) {
        let mut body = json!({"grund_code": "AC04", "buchungsdatum": datum});
        let gebuehr = if w.wuerfel.prozent(60) { 450 } else { 0 };
        if gebuehr > 0 {
            body["gebuehr"] = json!(euro(gebuehr));
            body["weiterbelasten"] = json!(w.wuerfel.prozent(50));
        }
        let pfad = format!("fibu/zahlungen/{zahlung}/zurueckgeben");
        if w.tun("rueckgabe", &pfad, body).await.is_some() {
            w.modell.zurueckgenommen(&zahlung, gebuehr);
        }
    } else {
        let body = json!({"grund": GRUND, "buchungsdatum": datum});
        let pfad = format!("fibu/zahlungen/{zahlung}/stornieren");
        if w.tun("zahlungsstorno", &pfad, body).await.is_some() {
            w.modell.zurueckgenommen(&zahlung, 0);
        }
    }
}

/// Settles items with each other: of one partner, now and then of two.
async fn ausgleich(w: &mut Welt) {
    let alle: Vec<String> = w.debitoren.iter().chain(&w.kreditoren).cloned().collect();
    let konto = w.wuerfel.einer(&alle).clone();
    let mut gezogen = posten(w, &konto, 4).await;
    if w.wuerfel.prozent(30) {
        let anderes = w.wuerfel.einer(&alle).clone();
        if anderes != konto {
            gezogen.extend(posten(w, &anderes, 2).await);
        }
    }
    let mut betraege: Vec<i64> = gezogen.iter().map(|op| anteil(w, op)).collect();
    // Mostly the larger side is cut so that both sides meet.
    if w.wuerfel.prozent(80) {
        let mut zuviel: i64 = betraege.iter().sum();
        for betrag in &mut betraege {
            if *betrag != 0 && zuviel.signum() == betrag.signum() {
                let ab = zuviel.abs().min(betrag.abs() - 1).max(0) * zuviel.signum();
                *betrag -= ab;
                zuviel -= ab;
            }
        }
    }
    let zeilen: Vec<Value> = gezogen
        .iter()
        .zip(&betraege)
        .map(|(op, betrag)| json!({"op_id": op["id"], "betrag": euro(*betrag)}))
        .collect();
    let mut body = json!({"datum": w.tag_seit(25), "zeilen": zeilen});
    let rest = *w
        .wuerfel
        .einer(&["offen", "offen", "kleindifferenz", "forderungsverlust"]);
    body["restbehandlung"] = json!(rest);
    if w.wuerfel.prozent(70) {
        body["grund"] = json!(GRUND);
    }
    if let Some(antwort) = w.tun("ausgleich", "fibu/ausgleiche", body).await {
        w.merken("ausgleich", &antwort);
    }
}

/// Takes a document back, on a day that may be too early.
async fn zuruecknehmen(
    w: &mut Welt,
    schritt: &'static str,
    art: &'static str,
    ressource: &str,
    befehl: &str,
    feld: &str,
) {
    let Some(beleg) = w.beleg(art) else { return };
    let datum = if art == "rechnung" {
        w.rechnungstag
    } else {
        w.tag_seit(15)
    };
    let mut body = json!({"grund": GRUND});
    body[feld] = json!(datum);
    let schritt = if schritt == "ausgleich" { "aufhebung" } else { schritt };
    let pfad = format!("fibu/{ressource}/{beleg}/{befehl}");
    if w.tun(schritt, &pfad, body).await.is_some() {
        w.modell.zurueckgenommen(&beleg, 0);
    }
}

async fn valuta(w: &mut Welt) {
    let konto = w.wuerfel.einer(&w.debitoren.clone()).clone();
    for op in posten(w, &konto, 1).await {
        let pfad = format!("fibu/offene-posten/{}/faelligkeit-aendern", id(&op));
        let body = json!({"faellig": w.tag_bis(0), "grund": GRUND});
        w.tun("valuta", &pfad, body).await;
    }
}

/// Names change; reports of the past keep those of then.
async fn umbenennen(w: &mut Welt) {
    let neu = format!("Name {}", w.nummer());
    match w.wuerfel.unter(3) {
        0 => {
            let nr = w.wuerfel.einer(SACHKONTEN).0;
            let konto = id(&w.get(&format!("fibu/konten?konto_nr={nr}")).await["daten"][0]);
            let body = json!({"bezeichnung": neu});
            w.tun("umbenennen", &format!("fibu/konten/{konto}/umbenennen"), body)
                .await;
        }
        1 => {
            let kunde = w.wuerfel.einer(&w.kunden.clone()).clone();
            let body = json!({"name": neu});
            w.tun("umbenennen", &format!("crm/kunden/{kunde}/stammdaten-aendern"), body)
                .await;
        }
        _ => {
            let artikel = w.wuerfel.einer(&w.artikel.clone()).clone();
            let body = json!({"bezeichnung": neu});
            w.tun(
                "umbenennen",
                &format!("wawi/artikel/{artikel}/stammdaten-aendern"),
                body,
            )
            .await;
        }
    }
}

/// Locks, opens or seals a period. Seals go on from the first one, so that most of the year stays open.
async fn periode(w: &mut Welt) {
    if w.wuerfel.prozent(60) && w.siegel.len() < 3 {
        return festschreiben(w).await;
    }
    let pfad = format!("fibu/geschaeftsjahre/{}", w.jahr);
    let body = json!({"nr": 1 + w.wuerfel.unter(12), "grund": GRUND});
    let befehl = *w.wuerfel.einer(&["periode-sperren", "periode-oeffnen"]);
    w.tun("periode", &format!("{pfad}/{befehl}"), body).await;
}

/// Seals the first period that is not yet.
pub async fn festschreiben(w: &mut Welt) {
    let pfad = format!("fibu/geschaeftsjahre/{}/periode-festschreiben", w.jahr);
    // The opening period 0 belongs to the first month.
    let nr = u32::try_from(w.siegel.len()).unwrap() + 1;
    if nr == 1 {
        w.tun("eroeffnung festschreiben", &pfad, json!({"nr": 0})).await;
    }
    if let Some(antwort) = w.tun("festschreiben", &pfad, json!({"nr": nr})).await {
        let von = NaiveDate::from_ymd_opt(w.heute.year(), nr, 1).unwrap();
        w.siegel.push(Siegel {
            von,
            bis: von + chrono::Months::new(1) - Days::new(1),
            position: antwort["position"].as_i64().unwrap(),
        });
    }
}
