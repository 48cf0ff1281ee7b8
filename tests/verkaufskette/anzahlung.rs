//! Advance payments when it does not go straight on: deliveries in parts, money that the bank takes back, a correction
//! that was a mistake (fibu 3 and 4).

use serde_json::{Value, json};

use super::verkauf_haus::{FIBU, Haus, id};

/// An order over 100 t at 500.00 with an Anzahlung of so much net, booked; ids of order, position and Anzahlung.
async fn angezahlt(haus: &Haus, netto: &str, brutto: &str) -> (String, String, String) {
    haus.limit("200000.00").await;
    haus.zugang(&haus.kas, "100000").await;
    let (auftrag, position) = haus.bestaetigt(&haus.kas, ("100", "t"), Some("500.00")).await;
    let zeile = json!({"text": "Anzahlung", "menge": "1", "einheit": "t", "schluessel": "U19",
        "preis": {"betrag": netto, "je": "1", "einheit": "t"}});
    let kopf = json!({"debitor_nr": haus.kunden_nr, "art": "anzahlung", "auftrag_id": auftrag, "positionen": [zeile]});
    let anzahlung = id(&haus.server.post(&format!("{FIBU}/rechnungen"), kopf).await.ok());
    haus.fakturieren(&anzahlung, brutto).await;
    (auftrag, position, anzahlung)
}

/// Pays an invoice in full; the payment.
async fn bezahlen(haus: &Haus, bank: &str, rechnung: &str, betrag: &str) -> String {
    let op = haus.posten(rechnung).await;
    let zuordnungen = json!({"zuordnungen": [{"op_id": op["id"], "betrag": betrag}]});
    haus.zahlung(bank, betrag, zuordnungen).await
}

/// Delivers a part of the order; the draft that comes of it.
async fn lieferung(haus: &Haus, auftrag: &str, position: &str, menge: &str) -> String {
    let versand = id(&haus.planen(auftrag, position, menge).await.ok());
    haus.ausliefern(&versand, position, menge).await;
    haus.ruhe().await;
    haus.entwurf(1).await
}

async fn saldo(haus: &Haus, konto: &str) -> Value {
    let sql = "SELECT coalesce(sum(soll - haben), 0)::text FROM fibu.journalzeile WHERE mandant_id = $1 AND konto = $2";
    let saldo: String = sqlx::query_scalar(sql)
        .bind(haus.mandant)
        .bind(konto)
        .fetch_one(&haus.server.db.pool)
        .await
        .unwrap();
    json!(saldo)
}

#[tokio::test(flavor = "multi_thread")]
async fn teillieferungen_ziehen_ab_was_passt_und_eine_rueckgabe_der_bank_wird_gebucht() {
    let haus = Haus::neu().await;
    let bank = haus.bank().await;
    let (auftrag, position, anzahlung) = angezahlt(&haus, "10000.00", "11900.00").await;
    let zahlung = bezahlen(&haus, &bank, &anzahlung, "11900.00").await;
    let geplant = haus.geplant(&auftrag).await;
    haus.versand_tun(&geplant, "stornieren", json!({"grund": "in Teilen"}))
        .await
        .ok();
    let erste = lieferung(&haus, &auftrag, &position, "10").await;
    haus.fakturieren(&erste, "0.00").await;
    let zweite = lieferung(&haus, &auftrag, &position, "90").await;
    haus.fakturieren(&zweite, "47600.00").await;
    assert_eq!(
        haus.zeilen(&haus.rechnung(&zweite).await["buchung_id"]).await,
        [
            "1200 soll 47600.00",
            "3272 soll 5000.00",
            "3806 soll 950.00",
            "4400 haben 45000.00",
            "3806 haben 8550.00"
        ]
    );
    // The bank takes the advance payment back: the movement is booked, the claim stands, no tax moves.
    let zurueck = json!({"grund_code": "MS03"});
    haus.server
        .post(&format!("{FIBU}/zahlungen/{zahlung}/zurueckgeben"), zurueck)
        .await
        .ok();
    assert_eq!(haus.posten(&anzahlung).await["rest"], "11900.00");
    haus.ruhe().await;
    for (konto, erwartet) in [
        ("1200", "59500.00"),
        ("1495", "0.00"),
        ("3272", "0.00"),
        ("3806", "-9500.00"),
    ] {
        assert_eq!(saldo(&haus, konto).await, erwartet, "{konto}");
    }
    // What was deducted of it is not, once its Schlussrechnung is cancelled.
    let grund = json!({"grund": "falsch"});
    haus.rechnung_tun(&zweite, "stornieren", grund.clone()).await.ok();
    haus.ruhe().await;
    for (konto, erwartet) in [
        ("1200", "11900.00"),
        ("1495", "-5950.00"),
        ("3272", "0.00"),
        ("3806", "-950.00"),
    ] {
        assert_eq!(saldo(&haus, konto).await, erwartet, "{konto}");
    }
    haus.rechnung_tun(&erste, "stornieren", grund).await.ok();
    haus.ruhe().await;
    for (konto, erwartet) in [
        ("1200", "11900.00"),
        ("1495", "-11900.00"),
        ("3272", "0.00"),
        ("3806", "0.00"),
    ] {
        assert_eq!(saldo(&haus, konto).await, erwartet, "{konto}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn die_korrektur_einer_anzahlung_laesst_sich_stornieren() {
    let haus = Haus::neu().await;
    let (_, _, anzahlung) = angezahlt(&haus, "10000.00", "11900.00").await;
    let korrektur = json!({"positionen": [{"position": 1, "netto": "1000.00"}], "grund": "weniger"});
    haus.rechnung_tun(&anzahlung, "korrigieren", korrektur).await.ok();
    assert_eq!(haus.posten(&anzahlung).await["rest"], "10710.00");
    let stand = haus.rechnung(&anzahlung).await;
    let gutschrift = stand["korrekturen"][0]["gutschrift_id"].as_str().unwrap().to_owned();
    haus.rechnung_tun(&gutschrift, "stornieren", json!({"grund": "doch nicht"}))
        .await
        .ok();
    assert_eq!(haus.posten(&anzahlung).await["rest"], "11900.00");
    assert_eq!(haus.posten(&gutschrift).await["rest"], "0.00");
    assert_eq!(haus.rechnung(&anzahlung).await["korrekturen"], json!([]));
    haus.rechnung_tun(&anzahlung, "stornieren", json!({"grund": "doch nicht"}))
        .await
        .ok();
    assert_eq!(haus.posten(&anzahlung).await["rest"], "0.00");
}
