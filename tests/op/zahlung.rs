//! Payments: what they settle, Skonto, small differences, returns.

use serde_json::{Value, json};

use super::{Haus, id};

#[tokio::test(flavor = "multi_thread")]
async fn beispiel_4_1_skonto_wird_je_steuerschluessel_geteilt() {
    let haus = Haus::neu().await;
    let bedingung = json!({"code": "S10", "bezeichnung": "10 Tage 2 %, 30 Tage netto",
        "fassung": {"tage": 30, "skonto": [{"tage": 10, "prozent": "2"}]}});
    let bedingung = id(&haus.post("zahlungsbedingungen", bedingung).await.ok());
    let netto = json!({"betragsart": "netto"});
    let buchung = haus
        .buchen(
            "2026-03-02",
            &[
                (
                    "10001",
                    "soll",
                    "12629.81",
                    json!({"op": {"zahlungsbedingung_id": bedingung}}),
                ),
                ("4300", "haben", "9809.36", netto.clone()),
                ("4400", "haben", "1793.10", netto),
            ],
        )
        .await;
    let posten = haus.posten(&buchung).await;
    let op = id(&posten);
    let stand = haus.op(&op).await;
    assert_eq!(
        (&stand["faellig"], &stand["skonto"][0]["bis"]),
        (&json!("2026-04-01"), &json!("2026-03-12"))
    );
    let zuordnung = json!([{"op_id": op, "betrag": "12629.81", "skonto": "252.60"}]);
    let (zahlung, _) = haus
        .zahlung("10001", "2026-03-10", "12377.21", zuordnung, json!({}))
        .await;
    let stand = haus.op(&op).await;
    assert_eq!(
        (&stand["rest"], &stand["status"]),
        (&json!("0.00"), &json!("ausgeglichen"))
    );
    let zahlung_stand = haus.get(&format!("fibu/zahlungen/{zahlung}")).await;
    assert_eq!(
        haus.zeilen(zahlung_stand["buchung_id"].as_str().unwrap()).await,
        ["1200 haben 12377.21", "1800 soll 12377.21"]
    );
    assert_eq!(
        haus.folgebuchung(&zahlung).await,
        [
            "1200 haben 252.60",
            "4731 soll 196.19",
            "3801 soll 13.73",
            "4736 soll 35.87",
            "3806 soll 6.81"
        ]
    );
    haus.abgestimmt("2026-03-31").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beispiel_4_2_ueberzahlung_bleibt_stehen_und_kleindifferenz_wird_ausgebucht() {
    let haus = Haus::neu().await;
    let op = haus.rechnung("10001", "2026-03-02", "500.00", json!({})).await;
    let zuordnung = json!([{"op_id": op, "betrag": "500.00"}]);
    let klein = json!({"restbehandlung": "kleindifferenz"});
    let (zahlung, _) = haus
        .zahlung("10001", "2026-03-10", "505.00", zuordnung, klein.clone())
        .await;
    assert_eq!(haus.rest(&op).await, "0.00");
    let buchung = haus.get(&format!("fibu/zahlungen/{zahlung}")).await["buchung_id"].clone();
    assert_eq!(haus.posten(buchung.as_str().unwrap()).await["rest"], "-5.00");

    let op = haus.rechnung("10001", "2026-03-02", "1190.00", json!({})).await;
    let zuordnung = json!([{"op_id": op, "betrag": "1190.00"}]);
    let (zahlung, _) = haus.zahlung("10001", "2026-03-10", "1189.60", zuordnung, klein).await;
    assert_eq!(haus.rest(&op).await, "0.00");
    assert_eq!(
        haus.folgebuchung(&zahlung).await,
        ["1200 haben 0.40", "4720 soll 0.34", "3806 soll 0.06"]
    );
    haus.abgestimmt("2026-03-31").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn was_ohne_steuer_ausgebucht_wird_nennt_den_schluessel_den_das_konto_verlangt() {
    let haus = Haus::neu().await;
    let klein = json!({"restbehandlung": "kleindifferenz"});
    // The surplus is of the payment, which bears no tax.
    let op = haus.rechnung("10001", "2026-03-02", "500.00", json!({})).await;
    let zuordnung = json!([{"op_id": op, "betrag": "500.00"}]);
    let (zahlung, _) = haus
        .zahlung("10001", "2026-03-10", "500.40", zuordnung, klein.clone())
        .await;
    assert_eq!(haus.folgebuchung(&zahlung).await, ["1200 soll 0.40", "6300 haben 0.40"]);
    // The item is of a supply without tax.
    let miete = [
        ("70001", "haben", "800.00", json!({})),
        ("6310", "soll", "800.00", json!({"schluessel": "V0"})),
    ];
    let op = haus.posten(&haus.buchen("2026-03-02", &miete).await).await["id"].clone();
    let zuordnung = json!([{"op_id": op, "betrag": "800.00"}]);
    let (zahlung, _) = haus.zahlung("70001", "2026-03-10", "799.80", zuordnung, klein).await;
    assert_eq!(haus.folgebuchung(&zahlung).await, ["3300 soll 0.20", "6300 haben 0.20"]);

    // An account that the company itself lets demand one.
    let konto = haus.get("fibu/konten?konto_nr=6855").await["daten"][0]["id"].clone();
    let regel = json!({"ab": "2026-03-01", "steuerregel": {"schluessel_pflicht": true}});
    let pfad = format!("konten/{}/steuerregel-setzen", konto.as_str().unwrap());
    haus.post(&pfad, regel).await.ok();
    let rueckgabe = json!({"grund_code": "AC04", "buchungsdatum": "2026-03-16", "gebuehr": "4.50"});
    haus.post(&format!("zahlungen/{zahlung}/zurueckgeben"), rueckgabe)
        .await
        .ok();
    let stand = haus.get(&format!("fibu/zahlungen/{zahlung}")).await;
    let buchung = stand["gegenbuchung_id"].as_str().unwrap();
    let buchung = haus.get(&format!("fibu/buchungen/{buchung}")).await;
    let positionen = buchung["positionen"].as_array().unwrap();
    let gebuehr = positionen.iter().find(|p| p["konto"] == "6855").unwrap();
    assert_eq!(
        (&gebuehr["betrag"], &gebuehr["steuerschluessel"]),
        (&json!("4.50"), &json!("V0"))
    );
    haus.abgestimmt("2026-03-31").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zuordnungen_ueber_dem_betrag_und_grosse_differenzen_werden_abgelehnt() {
    let haus = Haus::neu().await;
    let op = haus.rechnung("10001", "2026-03-02", "100.00", json!({})).await;
    let zahlung = |mehr: Value| {
        let mut body = json!({"richtung": "eingang", "geldkonto_id": haus.bank, "personenkonto": "10001", "betrag": "99.00",
            "buchungsdatum": "2026-03-10", "zuordnungen": [{"op_id": op, "betrag": "100.00"}]});
        for (name, wert) in mehr.as_object().unwrap() {
            body[name] = wert.clone();
        }
        body
    };
    let buchen = async |mehr| {
        let id = id(&haus.post("zahlungen", zahlung(mehr)).await.ok());
        haus.post(&format!("zahlungen/{id}/buchen"), json!({})).await
    };
    let refusal = buchen(json!({})).await.refused(422, "ZAHLUNG_ZUORDNUNG_UEBER_BETRAG");
    assert_eq!(refusal["daten"], json!({"summe": "100.00", "betrag": "99.00"}));
    let refusal = buchen(json!({"restbehandlung": "kleindifferenz"}))
        .await
        .refused(422, "AUSGLEICH_TOLERANZ");
    assert_eq!(refusal["daten"]["max"], "0.50");
    haus.post("zahlungen", zahlung(json!({"betrag": "0.00"})))
        .await
        .refused(422, "ZAHLUNG_BETRAG");
    haus.post("zahlungen", zahlung(json!({"waehrung": "USD"})))
        .await
        .refused(422, "ZAHLUNG_WAEHRUNG");
    assert_eq!(haus.rest(&op).await, "100.00", "a refusal writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_rueckgabe_oeffnet_die_rechnung_und_belastet_die_gebuehr_weiter() {
    let haus = Haus::neu().await;
    let op = json!({"skonto": [{"bis": "2026-03-20", "prozent": "2"}]});
    let op = haus.rechnung("10001", "2026-03-02", "119.00", op).await;
    let zuordnung = json!([{"op_id": op, "betrag": "119.00", "skonto": "2.38"}]);
    let (zahlung, _) = haus
        .zahlung("10001", "2026-03-10", "116.62", zuordnung, json!({}))
        .await;
    assert_eq!(haus.rest(&op).await, "0.00");
    let rueckgabe =
        json!({"grund_code": "AC04", "buchungsdatum": "2026-03-16", "gebuehr": "4.50", "weiterbelasten": true});
    haus.post(&format!("zahlungen/{zahlung}/zurueckgeben"), rueckgabe)
        .await
        .ok();
    assert_eq!(haus.rest(&op).await, "119.00", "with its Skonto taken back");
    let stand = haus.get(&format!("fibu/zahlungen/{zahlung}")).await;
    assert_eq!(stand["status"], "zurueckgegeben");
    assert_eq!(
        haus.zeilen(stand["gegenbuchung_id"].as_str().unwrap()).await,
        [
            "1200 soll 116.62",
            "1800 haben 116.62",
            "1200 soll 4.50",
            "1800 haben 4.50"
        ]
    );
    let offen = haus.get("fibu/offene-posten?personenkonto=10001&status=offen").await;
    let mut reste: Vec<&str> = offen["daten"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["rest"].as_str().unwrap())
        .collect();
    reste.sort_unstable();
    assert_eq!(reste, ["119.00", "4.50"]);
    haus.abgestimmt("2026-03-31").await;
}
