//! Steps with invoices: of customers, with Anzahlungen and corrections, and of suppliers.

use chrono::Days;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    common::wuerfel::{cent, euro},
    geld::GRUND,
    welt::{Welt, id},
};

fn position(w: &mut Welt) -> Value {
    let menge = format!("{}.{:03}", w.wuerfel.unter(20), 1 + w.wuerfel.unter(999));
    let mut position = json!({"text": "Ware", "menge": menge, "einheit": "t",
        "schluessel": *w.wuerfel.einer(&["U19", "U7"]),
        "preis": {"betrag": euro(w.wuerfel.betrag(400)), "je": "1", "einheit": "t"}});
    if w.wuerfel.prozent(20) {
        position["rabatt"] = json!("3");
    }
    position
}

/// Drafts an invoice and books it, or books what waits as a draft.
pub async fn rechnung(w: &mut Welt) {
    let entwuerfe = w.get("fibu/rechnungen?status=entwurf&limit=20").await["daten"].clone();
    let entwuerfe = entwuerfe.as_array().unwrap();
    let entwurf = if entwuerfe.len() > 3 {
        id(w.wuerfel.einer(entwuerfe))
    } else {
        let leistung = w.tag_bis(5);
        let mut body = json!({"debitor_nr": w.wuerfel.einer(&w.debitoren.clone()), "leistung_bis": leistung});
        let positionen: Vec<Value> = (0..=w.wuerfel.unter(4)).map(|_| position(w)).collect();
        body["positionen"] = json!(positionen);
        match w.wuerfel.unter(10) {
            0 => {
                body["art"] = json!("anzahlung");
                body["auftrag_id"] = json!(Uuid::from_u128(u128::from(w.wuerfel.unter(3))));
            }
            1 => {
                body["art"] = json!("schluss");
                body["auftrag_id"] = json!(Uuid::from_u128(u128::from(w.wuerfel.unter(3))));
            }
            _ => {}
        }
        if w.wuerfel.prozent(40) {
            body["zahlungsbedingung_id"] = json!(w.bedingung);
        }
        let Some(antwort) = w.tun("rechnung entwerfen", "fibu/rechnungen", body).await else {
            return;
        };
        id(&antwort)
    };
    let pfad = format!("fibu/rechnungen/{entwurf}");
    if w.wuerfel.prozent(30) {
        let art = *w.wuerfel.einer(&["fracht", "rabatt", "mindermenge"]);
        let body = json!({"art": art, "betrag": euro(w.wuerfel.betrag(30))});
        w.tun("zu-abschlag", &format!("{pfad}/zu-abschlag-setzen"), body).await;
    }
    let stand = w.get(&pfad).await;
    if stand["art"] == "schluss" {
        anzahlungen_verrechnen(w, &pfad, &stand["auftrag_id"]).await;
    }
    if w.wuerfel.prozent(10) {
        return;
    }
    let datum = if w.wuerfel.prozent(8) {
        w.tag_bis(10)
    } else {
        w.rechnungstag
    };
    let body = json!({"rechnungsdatum": datum});
    if w.tun("rechnung buchen", &format!("{pfad}/buchen"), body)
        .await
        .is_some()
    {
        w.belege.entry("rechnung").or_default().push(entwurf);
        w.rechnungstag = datum;
    }
    let weiter = w.rechnungstag + Days::new(w.wuerfel.unter(6));
    w.rechnungstag = weiter.min(w.heute - Days::new(3)).max(w.rechnungstag);
}

async fn anzahlungen_verrechnen(w: &mut Welt, pfad: &str, auftrag: &Value) {
    let gebucht = w.get("fibu/rechnungen?art=anzahlung&status=gebucht&limit=50").await;
    let mut ids = Vec::new();
    for anzahlung in gebucht["daten"].as_array().unwrap() {
        let anzahlung = w.get(&format!("fibu/rechnungen/{}", id(anzahlung))).await;
        if anzahlung["auftrag_id"] == *auftrag && anzahlung["angerechnet_in"].is_null() {
            ids.push(anzahlung["id"].clone());
        }
    }
    let body = json!({"anzahlung_ids": ids});
    w.tun(
        "anzahlungen verrechnen",
        &format!("{pfad}/anzahlungen-verrechnen"),
        body,
    )
    .await;
}

pub async fn korrigieren(w: &mut Welt) {
    let Some(rechnung) = w.beleg("rechnung") else { return };
    let pfad = format!("fibu/rechnungen/{rechnung}");
    let stand = w.get(&pfad).await;
    let positionen = stand["positionen"].as_array().unwrap();
    let position = w.wuerfel.einer(positionen);
    let netto = cent(&position["netto"]).max(1);
    let teil = 1 + i64::try_from(w.wuerfel.unter(u64::try_from(netto).unwrap())).unwrap();
    let datum = w.rechnungstag;
    let body =
        json!({"grund": GRUND, "datum": datum, "positionen": [{"position": position["nr"], "netto": euro(teil)}]});
    if w.tun("korrektur", &format!("{pfad}/korrigieren"), body).await.is_none() {
        return;
    }
    let bekannt = stand["korrekturen"].as_array().unwrap().len();
    let korrekturen = w.get(&pfad).await["korrekturen"].clone();
    let korrekturen = korrekturen.as_array().unwrap();
    assert!(korrekturen.len() > bekannt, "{pfad}: {korrekturen:?}");
    let gutschriften = w.belege.entry("rechnung").or_default();
    for korrektur in korrekturen {
        let gutschrift = korrektur["gutschrift_id"].as_str().unwrap().to_owned();
        if !gutschriften.contains(&gutschrift) {
            gutschriften.push(gutschrift);
        }
    }
}

pub async fn eingangsrechnung(w: &mut Welt) {
    let datum = w.tag_bis(20);
    let netto = [w.wuerfel.betrag(1_500), w.wuerfel.betrag(1_500)];
    let schluessel = [*w.wuerfel.einer(&["V19", "V7"]), *w.wuerfel.einer(&["V19", "V7"])];
    let satz = |schluessel: &str| if schluessel == "V19" { 19 } else { 7 };
    let runden = |wert: i64| (wert + 50) / 100;
    let steuer = if schluessel[0] == schluessel[1] {
        runden((netto[0] + netto[1]) * satz(schluessel[0]))
    } else {
        runden(netto[0] * satz(schluessel[0])) + runden(netto[1] * satz(schluessel[1]))
    };
    // Now and then the sum on the paper is wrong.
    let falsch = i64::from(w.wuerfel.prozent(5)) * 100;
    let brutto = netto[0] + netto[1] + steuer + falsch;
    let art = if w.wuerfel.prozent(15) {
        "gutschrift"
    } else {
        "rechnung"
    };
    let zeile =
        |i: usize| json!({"text": "Bedarf", "netto": euro(netto[i]), "schluessel": schluessel[i], "konto": "6300"});
    let body = json!({"art": art, "kreditor_nr": w.wuerfel.einer(&w.kreditoren.clone()), "lieferantennummer": format!("R {}", w.nummer()),
        "rechnungsdatum": datum, "eingang_am": datum, "brutto": euro(brutto), "positionen": [zeile(0), zeile(1)]});
    let Some(antwort) = w.tun("eingang erfassen", "fibu/eingangsrechnungen", body).await else {
        return;
    };
    let pfad = format!("fibu/eingangsrechnungen/{}", id(&antwort));
    w.tun("eingang pruefen", &format!("{pfad}/pruefen"), json!({})).await;
    w.tun("eingang freigeben", &format!("{pfad}/freigeben"), json!({}))
        .await;
    let body = json!({"buchungsdatum": datum});
    if w.tun("eingang buchen", &format!("{pfad}/buchen"), body).await.is_some() {
        w.merken("eingangsrechnung", &antwort);
    }
}
