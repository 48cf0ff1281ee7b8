//! Settlements by hand: cancelled, late, lost, between partners.

use serde_json::json;

use super::{Haus, id};

#[tokio::test(flavor = "multi_thread")]
async fn beispiel_9_2_aufheben_oeffnet_nur_diesen_ausgleich() {
    let haus = Haus::neu().await;
    let op = haus.rechnung("10001", "2026-03-02", "1000.00", json!({})).await;
    let teil = |betrag: &str| json!([{"op_id": op, "betrag": betrag}]);
    haus.zahlung("10001", "2026-03-10", "600.00", teil("600.00"), json!({}))
        .await;
    let (zweite, _) = haus
        .zahlung("10001", "2026-03-11", "400.00", teil("400.00"), json!({}))
        .await;
    assert_eq!(haus.rest(&op).await, "0.00");
    let ausgleich = haus.get(&format!("fibu/zahlungen/{zweite}")).await["ausgleich_id"].clone();
    let path = format!("ausgleiche/{}/aufheben", ausgleich.as_str().unwrap());
    let aufheben = json!({"grund": "falscher Beleg", "datum": "2026-03-12"});
    haus.post(&path, aufheben.clone()).await.ok();
    let stand = haus.op(&op).await;
    assert_eq!(
        (&stand["rest"], &stand["status"]),
        (&json!("400.00"), &json!("teil_ausgeglichen"))
    );
    haus.post(&path, aufheben).await.refused(409, "AUSGLEICH_AUFGEHOBEN");
    let buchung = haus.get(&format!("fibu/zahlungen/{zweite}")).await["buchung_id"].clone();
    let gutschrift = id(&haus.posten(buchung.as_str().unwrap()).await);
    let zu_viel = json!({"datum": "2026-03-12", "zeilen": [
        {"op_id": op, "betrag": "401.00"}, {"op_id": gutschrift, "betrag": "-400.00"}]});
    let refusal = haus
        .post("ausgleiche", zu_viel)
        .await
        .refused(422, "OP_UEBERAUSGEGLICHEN");
    assert_eq!(refusal["daten"]["rest"], "400.00");
    let schief = json!({"datum": "2026-03-12", "zeilen": [
        {"op_id": op, "betrag": "400.00"}, {"op_id": gutschrift, "betrag": "-399.00"}]});
    let refusal = haus
        .post("ausgleiche", schief)
        .await
        .refused(422, "AUSGLEICH_NICHT_NULL");
    assert_eq!(refusal["daten"]["summe"], "1.00");
    haus.abgestimmt("2026-03-31").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beispiel_9_4_skonto_nach_der_frist_und_forderungsverlust() {
    let haus = Haus::neu().await;
    let op = json!({"faellig": "2026-03-30", "skonto": [{"bis": "2026-03-10", "prozent": "2"}]});
    let op = haus.rechnung("10001", "2026-02-28", "1000.00", op).await;
    let mit_skonto = json!({"datum": "2026-03-15", "zeilen": [{"op_id": op, "betrag": "1000.00", "skonto": "20.00"}]});
    let refusal = haus
        .post("ausgleiche", mit_skonto)
        .await
        .refused(422, "AUSGLEICH_SKONTO_FRIST");
    assert_eq!(refusal["daten"], json!({"bis": "2026-03-13", "wert": "2026-03-15"}));
    // The payment is booked all the same, the item keeps the rest.
    let zuordnung = json!([{"op_id": op, "betrag": "1000.00", "skonto": "20.00"}]);
    let (_, answer) = haus
        .zahlung("10001", "2026-03-15", "980.00", zuordnung, json!({}))
        .await;
    assert_eq!(answer["warnungen"][0]["code"], "AUSGLEICH_SKONTO_FRIST", "{answer}");
    assert_eq!(haus.rest(&op).await, "20.00");
    // In time, but more than granted.
    let zu_viel = json!({"datum": "2026-03-13", "zeilen": [{"op_id": op, "betrag": "20.00", "skonto": "1.00"}]});
    let refusal = haus
        .post("ausgleiche", zu_viel)
        .await
        .refused(422, "AUSGLEICH_SKONTO_BETRAG");
    assert_eq!(refusal["daten"]["max"], "0.90");

    let op = haus.rechnung("10002", "2026-03-02", "1190.00", json!({})).await;
    let verlust = json!({"datum": "2026-03-20", "restbehandlung": "forderungsverlust", "grund": "Insolvenz",
        "zeilen": [{"op_id": op, "betrag": "1190.00"}]});
    let ausgleich = id(&haus.post("ausgleiche", verlust).await.ok());
    let ausgleich = haus.get(&format!("fibu/ausgleiche/{ausgleich}")).await;
    assert_eq!(
        haus.zeilen(ausgleich["folgebuchung_id"].as_str().unwrap()).await,
        ["1200 haben 1190.00", "6936 soll 1000.00", "3806 soll 190.00"]
    );
    assert_eq!(haus.rest(&op).await, "0.00");
    haus.abgestimmt("2026-03-31").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verrechnet_wird_nur_mit_grund_und_recht_und_die_folgebuchung_haelt_die_salden() {
    let haus = Haus::neu().await;
    let forderung = haus.rechnung("10001", "2026-03-02", "318.84", json!({})).await;
    let schuld = haus.rechnung("70001", "2026-03-02", "5761.88", json!({})).await;
    let verrechnen = |grund: Option<&str>| {
        json!({"datum": "2026-03-20", "grund": grund, "zeilen": [
            {"op_id": forderung, "betrag": "318.84"}, {"op_id": schuld, "betrag": "-318.84"}]})
    };
    let refusal = haus
        .post("ausgleiche", verrechnen(None))
        .await
        .refused(422, "AUSGLEICH_PARTNER");
    assert_eq!(refusal["daten"]["personenkonten"], json!(["10001", "70001"]));
    let ausgleich = id(&haus.post("ausgleiche", verrechnen(Some("Verrechnung"))).await.ok());
    let ausgleich = haus.get(&format!("fibu/ausgleiche/{ausgleich}")).await;
    assert_eq!(
        haus.zeilen(ausgleich["folgebuchung_id"].as_str().unwrap()).await,
        ["1200 haben 318.84", "3300 soll 318.84"]
    );
    assert_eq!(
        (haus.rest(&forderung).await, haus.rest(&schuld).await),
        ("0.00".to_owned(), "-5443.04".to_owned())
    );
    haus.zahlung(
        "70001",
        "2026-03-25",
        "5443.04",
        json!([{"op_id": schuld, "betrag": "5443.04"}]),
        json!({}),
    )
    .await;
    assert_eq!(haus.rest(&schuld).await, "0.00");
    haus.abgestimmt("2026-03-31").await;
}
