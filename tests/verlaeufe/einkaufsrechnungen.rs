//! Steps with invoices of goods: over one and several receipts, right and wrong in quantity and price, assigned anew,
//! released, put off, refused, booked and reversed.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    geld::GRUND,
    modell::{kaufmaennisch, kilo, menge},
    welt::{Lieferant, Welt, Wer, id},
};

/// Lines of a supplier's booked receipts with their receipt; mostly those that are not invoiced in full.
async fn gelieferte(w: &mut Welt, lieferant: &str) -> Vec<(String, Value)> {
    let pfad = format!("wawi/wareneingaenge?lieferant_id={lieferant}&status=gebucht&limit=200");
    let liste = w.get(&pfad).await;
    let auch_berechnete = w.wuerfel.prozent(6);
    let mut zeilen = Vec::new();
    for eingang in liste["daten"].as_array().unwrap() {
        let eingang = id(eingang);
        let stand = w.get(&format!("wawi/wareneingaenge/{eingang}")).await;
        let eigene = stand["positionen"].as_array().unwrap().iter();
        let offene = eigene.filter(|z| auch_berechnete || menge(&z["menge"]) > menge(&z["berechnet"]));
        zeilen.extend(offene.map(|z| (eingang.clone(), z.clone())));
    }
    zeilen
}

/// A quantity of a received line and its unit: what is open, a part, or too much; as received or in t.
fn berechnete_menge(w: &mut Welt, zeile: &Value) -> (Decimal, Value) {
    let offen = (menge(&zeile["menge"]) - menge(&zeile["berechnet"])).max(Decimal::new(1, 3));
    let faktor = match w.wuerfel.unter(12) {
        0..7 => Decimal::ONE,
        7..11 => Decimal::new(i64::try_from(5 + w.wuerfel.unter(90)).unwrap(), 2),
        _ => Decimal::new(12, 1),
    };
    let anteil = (offen * faktor).round_dp(3).max(Decimal::new(1, 3));
    let in_tonnen = anteil * kilo(&zeile["einheit"]) / Decimal::ONE_THOUSAND;
    if w.wuerfel.prozent(20) && in_tonnen.round_dp(4) == in_tonnen {
        (in_tonnen.normalize(), json!("t"))
    } else {
        (anteil.normalize(), zeile["einheit"].clone())
    }
}

/// What the supplier asks for: as agreed, cheaper, a little or much too dear.
fn netto(w: &mut Welt, zeile: &Value, in_kilo: Decimal) -> Decimal {
    let preis = menge(&zeile["preis"]) / menge(&zeile["preis_je"]);
    let vereinbart = kaufmaennisch(in_kilo / kilo(&zeile["preis_einheit"]) * preis);
    let faktor = match w.wuerfel.unter(10) {
        0 => Decimal::new(97, 2),
        1 => Decimal::new(101, 2),
        2 => Decimal::new(108, 2),
        _ => Decimal::ONE,
    };
    kaufmaennisch(vereinbart * faktor).max(Decimal::new(1, 2))
}

/// Gross of lines with key and net: tax once per key.
fn brutto(zeilen: &[Value]) -> Decimal {
    let je_satz = |schluessel: &str, satz: i64| {
        let eigene = zeilen.iter().filter(|z| z["schluessel"] == schluessel);
        let summe: Decimal = eigene.map(|z| menge(&z["netto"])).sum();
        summe + kaufmaennisch(summe * Decimal::new(satz, 2))
    };
    je_satz("V19", 19) + je_satz("V7", 7)
}

/// An invoice over received lines, mostly brought as far as it goes.
pub async fn rechnung(w: &mut Welt) {
    let lieferant: Lieferant = w.lieferant();
    let gelieferte = gelieferte(w, &lieferant.id).await;
    if gelieferte.is_empty() {
        return;
    }
    let mut zeilen = Vec::new();
    let mut zugeordnet = Vec::new();
    for nr in 1..=i64::try_from(1 + w.wuerfel.unter(3)).unwrap() {
        let (eingang, zeile) = w.wuerfel.einer(&gelieferte).clone();
        let (menge, einheit) = berechnete_menge(w, &zeile);
        let in_kilo = menge * kilo(&einheit);
        let netto = netto(w, &zeile, in_kilo);
        let schluessel = *w.wuerfel.einer(&["V19", "V7"]);
        zeilen.push(
            json!({"text": "Ware", "menge": menge.to_string(), "einheit": einheit, "netto": netto.to_string(),
            "schluessel": schluessel,
            "wareneingang": {"wareneingang_id": eingang, "we_position_id": zeile["we_position_id"]}}),
        );
        zugeordnet.push((nr, zeile["we_position_id"].as_str().unwrap().to_owned(), in_kilo));
    }
    if w.wuerfel.prozent(20) {
        let fracht = Decimal::new(w.wuerfel.betrag(90), 2);
        zeilen.push(
            json!({"text": "Fracht", "netto": fracht.to_string(), "schluessel": "V19", "konto": "5800",
            "nebenkosten_art": "fracht"}),
        );
    }
    let datum = w.tag_seit(15);
    let body = json!({"kreditor_nr": lieferant.kreditor_nr, "lieferantennummer": format!("W {}", w.nummer()),
        "rechnungsdatum": datum, "eingang_am": datum, "brutto": brutto(&zeilen).to_string(), "positionen": zeilen});
    let wer = w.jemand();
    let Some(antwort) = w
        .tun_als(wer, None, "warenrechnung", "fibu/eingangsrechnungen", body)
        .await
    else {
        return;
    };
    let rechnung = id(&antwort);
    for (nr, we_position, in_kilo) in zugeordnet {
        w.modell.zugeordnet(&rechnung, nr, &we_position, in_kilo);
    }
    for _ in 0..4 {
        // What the comparison refuses waits for goods or is refused.
        if w.wuerfel.prozent(92) && !voran(w, &rechnung).await {
            return;
        }
    }
}

/// Takes an invoice that waits its next step.
pub async fn weiter(w: &mut Welt) {
    let mut offene = Vec::new();
    for status in ["erfasst", "geprueft", "freigegeben"] {
        let liste = w
            .get(&format!("fibu/eingangsrechnungen?status={status}&limit=50"))
            .await;
        let alle = liste["daten"].as_array().unwrap().iter();
        offene.extend(alle.filter(|r| r["mit_pruefung"] == true).map(id));
    }
    if !offene.is_empty() {
        let rechnung = w.wuerfel.einer(&offene).clone();
        voran(w, &rechnung).await;
    }
}

/// Takes an invoice its next step; false if it was not even compared.
async fn voran(w: &mut Welt, rechnung: &str) -> bool {
    let pfad = format!("fibu/eingangsrechnungen/{rechnung}");
    let wer = *w.wuerfel.einer(&[Wer::Verwalter, Wer::Zweite, Wer::Dritte]);
    if w.wuerfel.prozent(3) {
        let body = json!({"grund": GRUND});
        w.tun_als(wer, None, "rechnung ablehnen", &format!("{pfad}/ablehnen"), body)
            .await;
        return true;
    }
    match w.get(&pfad).await["status"].as_str().unwrap() {
        "erfasst" => {
            let pfad = format!("{pfad}/pruefen");
            let geprueft = w.tun_als(wer, None, "warenrechnung pruefen", &pfad, json!({})).await;
            return geprueft.is_some();
        }
        "geprueft" => {
            entscheiden(w, rechnung).await;
            let pfad = format!("{pfad}/freigeben");
            w.tun_als(wer, None, "warenrechnung freigeben", &pfad, json!({})).await;
        }
        "freigegeben" => {
            let mut body = json!({});
            if w.wuerfel.prozent(60) {
                body["buchungsdatum"] = json!(w.tag_seit(12));
            }
            let pfad = format!("{pfad}/buchen");
            if w.tun_als(wer, None, "warenrechnung buchen", &pfad, body)
                .await
                .is_some()
            {
                w.belege.entry("warenrechnung").or_default().push(rechnung.to_owned());
                w.modell.berechnet(rechnung, false);
            }
        }
        _ => {}
    }
    true
}

/// What is decided by hand about a comparison; most need nothing.
async fn entscheiden(w: &mut Welt, rechnung: &str) {
    let liste = w
        .get(&format!("wawi/rechnungspruefungen?eingangsrechnung_id={rechnung}"))
        .await;
    let pruefung = id(&liste["daten"][0]);
    let pfad = format!("wawi/rechnungspruefungen/{pruefung}");
    let stand = w.get(&pfad).await;
    let zeilen = stand["zeilen"].as_array().unwrap();
    let abweichend = zeilen.iter().any(|z| z["ergebnis"] == "abweichung");
    if !abweichend && w.wuerfel.prozent(90) {
        return;
    }
    let wer = w.jemand();
    match w.wuerfel.unter(12) {
        0 => {
            let body = json!({"grund": GRUND});
            w.tun_als(wer, None, "pruefung ablehnen", &format!("{pfad}/ablehnen"), body)
                .await;
        }
        1 => {
            let body = json!({"grund": GRUND});
            w.tun_als(
                wer,
                None,
                "pruefung zurueckstellen",
                &format!("{pfad}/zurueckstellen"),
                body,
            )
            .await;
        }
        2..5 if !zeilen.is_empty() => {
            let zeile = w.wuerfel.einer(zeilen).clone();
            zuordnen(w, rechnung, &pfad, &stand["lieferant_id"], &zeile).await;
        }
        _ => {
            let body = json!({"begruendung": GRUND});
            w.tun_als(wer, None, "pruefung freigeben", &format!("{pfad}/freigeben"), body)
                .await;
        }
    }
}

/// Compares a line with another receipt, or with another quantity.
async fn zuordnen(w: &mut Welt, rechnung: &str, pfad: &str, lieferant: &Value, zeile: &Value) {
    let gelieferte = gelieferte(w, lieferant.as_str().unwrap()).await;
    if gelieferte.is_empty() {
        return;
    }
    let (eingang, andere) = w.wuerfel.einer(&gelieferte).clone();
    let neu = menge(&zeile["menge"]) * Decimal::new(i64::try_from(80 + w.wuerfel.unter(41)).unwrap(), 2);
    let neu = neu.round_dp(3).max(Decimal::new(1, 3)).normalize();
    let body = json!({"position": zeile["position"], "menge": neu.to_string(),
        "wareneingang": {"wareneingang_id": eingang, "we_position_id": andere["we_position_id"]}});
    if w.tun("zeile zuordnen", &format!("{pfad}/zeile-zuordnen"), body)
        .await
        .is_some()
    {
        let we_position = andere["we_position_id"].as_str().unwrap();
        let in_kilo = neu * kilo(&zeile["einheit"]);
        w.modell
            .zugeordnet(rechnung, zeile["position"].as_i64().unwrap(), we_position, in_kilo);
    }
}

pub async fn stornieren(w: &mut Welt) {
    let Some(rechnung) = w.beleg("warenrechnung") else {
        return;
    };
    let body = json!({"grund": GRUND, "datum": w.tag_seit(8)});
    let pfad = format!("fibu/eingangsrechnungen/{rechnung}/stornieren");
    if w.tun("warenrechnungsstorno", &pfad, body).await.is_some() {
        w.modell.berechnet(&rechnung, true);
    }
}
