//! From the order to the goods issue over HTTP: the examples of crm C2 and C3 and of wawi T4 and L2, the reports on
//! both time axes, and what happens when many want the same credit and the same stock.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;
mod verkauf_haus;

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;
use verkauf_haus::{CRM, FIBU, Haus, WAWI, bis, id};

#[tokio::test(flavor = "multi_thread")]
async fn c3_1_drei_lieferungen_zwei_rechnungen_ein_abgeschlossener_auftrag() {
    let haus = Haus::neu().await;
    haus.sammel().await;
    haus.limit("10000.00").await;
    haus.zugang(&haus.futter, "30000").await;
    let (auftrag, position) = haus.bestaetigt(&haus.futter, ("25", "t"), Some("312.40")).await;
    let versand = haus.geplant(&auftrag).await;
    bis("die Ware ist reserviert", async || {
        haus.bestand(&haus.futter).await["reserviert"] == "25000.000000"
    })
    .await;
    let vorher = haus.server.db.store.head(haus.mandant).await.unwrap();
    haus.ausliefern(&versand, &position, "9.8").await;
    let zweiter = id(&haus.planen(&auftrag, &position, "10.1").await.ok());
    haus.ausliefern(&zweiter, &position, "10.1").await;
    let offen = haus.bericht("auftragsbestand", "").await;
    let zeile = &offen["zeilen"][0];
    assert_eq!(
        (&zeile["offen_menge"], &zeile["offen_wert"]),
        (&json!("5.1"), &json!("1593.24")),
        "{offen}"
    );
    let entwurf = haus.entwurf(2).await;
    haus.fakturieren(&entwurf, "6651.93").await;
    let rechnung = haus.rechnung(&entwurf).await;
    assert_eq!(
        (&rechnung["netto"], &rechnung["steuer"]),
        (&json!("6216.76"), &json!("435.17"))
    );
    let dritter = id(&haus.planen(&auftrag, &position, "5.2").await.ok());
    haus.ausliefern(&dritter, &position, "5.2").await;
    let zuviel = haus.planen(&auftrag, &position, "1.2").await;
    assert_eq!(zuviel.refused(422, "AUFTRAG_UEBERLIEFERUNG")["daten"]["max"], "1.15");

    let stand = haus.auftrag(&auftrag).await;
    let geliefert = &stand["positionen"][0];
    assert_eq!(
        (&geliefert["geliefert"], &geliefert["geliefert_netto"]),
        (&json!("25.100000"), &json!("7841.24"))
    );
    let bestand = haus.bestand(&haus.futter).await;
    assert_eq!(
        (&bestand["bestand"], &bestand["reserviert"]),
        (&json!("4900.000000"), &json!("0.000000"))
    );
    assert_eq!(stand["fakturastatus"], "teil_berechnet");
    let zweite = haus.entwurf(1).await;
    assert_ne!(
        zweite, entwurf,
        "what comes after the booking goes on a draft of its own"
    );
    let von_hand = async |menge: &str, einheit: &str| {
        let zeile = json!({"text": "von Hand", "menge": menge, "einheit": einheit, "schluessel": "U7",
            "preis": {"betrag": "312.40", "je": "1", "einheit": "t"},
            "auftrag": {"auftrag_id": auftrag, "position_id": position}});
        let kopf = json!({"debitor_nr": haus.kunden_nr, "leistung_bis": "2026-01-05", "positionen": [zeile]});
        haus.server.post(&format!("{FIBU}/rechnungen"), kopf).await
    };
    von_hand("52", "dt").await.refused(422, "EINGABE_UNGUELTIG");
    let zu_viel = async |menge: &str| {
        let rechnung = id(&von_hand(menge, "t").await.ok());
        let buchen = haus.rechnung_tun(&rechnung, "buchen", json!({})).await;
        buchen.refused(422, "AUFTRAG_UEBERBERECHNUNG");
        haus.rechnung_tun(&rechnung, "verwerfen", json!({})).await.ok();
    };
    zu_viel("5.3").await;
    haus.fakturieren(&zweite, "1738.19").await;
    let nummer = haus.rechnung(&zweite).await["nummer"].clone();
    assert_eq!(nummer, "AR-2026-000002", "what the order refused used up no number");
    let stand = haus.auftrag(&auftrag).await;
    assert_eq!(
        (&stand["status"], &stand["fakturastatus"]),
        (&json!("abgeschlossen"), &json!("berechnet"))
    );
    assert_eq!(stand["positionen"][0]["berechnet_netto"], "7841.24");
    zu_viel("0.1").await;

    // Both time axes: nothing is open today, and all of it was before the first delivery was known.
    assert_eq!(haus.bericht("auftragsbestand", "").await["zeilen"], json!([]));
    let damals = haus.bericht("auftragsbestand", &format!("bekannt_am={vorher}")).await;
    assert_eq!(damals["summen"]["offen_wert"], "7810.00");
    let gestern = aggregates::types::kalender::tag(neuroerp::uhr::jetzt()) - chrono::Days::new(1);
    let gestern = haus.bericht("auftragsbestand", &format!("stichtag={gestern}")).await;
    assert_eq!(gestern["zeilen"], json!([]));
    let nummer = haus.server.get(&format!("{WAWI}/versande/{zweiter}")).await.ok()["lieferschein_nr"].clone();
    let schein = haus
        .bericht("lieferschein", &format!("nummer={}", nummer.as_str().unwrap()))
        .await;
    assert_eq!(
        (&schein["kopf"]["ort"], &schein["zeilen"][0]["menge"]),
        (&json!("Emden"), &json!("10.1"))
    );
    let unbekannt = haus.server.get("/api/v1/berichte/lieferschein?nummer=LS-1").await;
    unbekannt.refused(422, "EINGABE_UNGUELTIG");
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_4_der_preis_kommt_aus_der_liste_mit_seiner_staffel() {
    let haus = Haus::neu().await;
    let liste = json!({"name": "Standard", "standard": true, "gueltig_von": "2026-01-01"});
    let liste = id(&haus.server.post(&format!("{WAWI}/preislisten"), liste).await.ok());
    let preis = json!({"artikel_id": haus.kas, "einheit": "dt", "je_menge": "1", "gueltig_von": "2026-01-01",
        "staffeln": [{"ab_menge": "0", "preis": "34.50"}, {"ab_menge": "50", "preis": "33.20"},
            {"ab_menge": "250", "preis": "31.90"}]});
    let pfad = format!("{WAWI}/preislisten/{liste}");
    haus.server.post(&format!("{pfad}/preis-setzen"), preis).await.ok();
    haus.server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    for (tonnen, netto) in [("7.5", "2490.00"), ("5", "1660.00"), ("30", "9570.00")] {
        let (auftrag, _) = haus.erfasst(&haus.kas, (tonnen, "t"), None).await;
        let stand = haus.auftrag(&auftrag).await;
        assert_eq!(
            (&stand["netto"], &stand["positionen"][0]["preis_quelle"]),
            (&json!(netto), &json!("standard_liste"))
        );
    }
    let verlauf = haus.server.get(&format!("{CRM}/auftraege?gesamt=true")).await.ok();
    assert_eq!(verlauf["gesamt"], 3);
    let anlegen = json!({"kunde_id": haus.kunde});
    let auftrag = id(&haus.server.post(&format!("{CRM}/auftraege"), anlegen).await.ok());
    let ohne = json!({"artikel_id": haus.futter, "lager_id": haus.lager, "menge": "1", "einheit": "t"});
    let ohne = haus.auftrag_tun(&auftrag, "position-hinzufuegen", ohne).await;
    ohne.refused(422, "ARTIKEL_KEIN_PREIS");
}

#[tokio::test(flavor = "multi_thread")]
async fn l2_reserviertes_geht_mit_seinem_auftrag_und_der_rest_frei() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    haus.zugang(&haus.kas, "100").await;
    let (auftrag, position) = haus.bestaetigt(&haus.kas, ("70", "kg"), Some("300")).await;
    let versand = haus.geplant(&auftrag).await;
    bis("reserviert", async || {
        haus.bestand(&haus.kas).await["reserviert"] == "70.000000"
    })
    .await;
    let abgang = async |menge: &str| {
        let body = json!({"menge": menge, "bewegungsart": "eigenverbrauch",
            "beleg": {"typ": "test", "id": Uuid::from_u128(8)}});
        let pfad = format!("{WAWI}/lagerbestaende/{}/abgang-buchen", haus.bestand_id(&haus.kas));
        haus.server.post(&pfad, body).await
    };
    let zuviel = abgang("40").await.refused(422, "LAGERBESTAND_RESERVIERT");
    assert_eq!(zuviel["daten"]["frei"], "30");
    haus.ausliefern(&versand, &position, "70").await;
    abgang("30").await.ok();
    assert_eq!(haus.bestand(&haus.kas).await["bestand"], "0.000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn was_schon_ging_wird_nicht_mehr_reserviert() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    // Nothing is there to be reserved when the order is released; a part goes as soon as something comes.
    let (auftrag, position) = haus.bestaetigt(&haus.kas, ("100", "kg"), Some("300")).await;
    let versand = haus.geplant(&auftrag).await;
    haus.zugang(&haus.kas, "200").await;
    haus.ausliefern(&versand, &position, "40").await;
    let pfad = format!("{WAWI}/lagerbestaende/{}", haus.bestand_id(&haus.kas));
    let reservieren = json!({"artikel_id": haus.kas, "lager_id": haus.lager, "id": position, "menge": "100",
        "teilweise": true, "beleg": {"typ": "auftrag", "id": auftrag, "position": position}});
    haus.server.post(&format!("{pfad}/reservieren"), reservieren).await.ok();
    assert_eq!(haus.bestand(&haus.kas).await["reserviert"], "60.000000");
    let aendern = json!({"id": position, "menge": "100", "teilweise": true});
    haus.server
        .post(&format!("{pfad}/reservierung-aendern"), aendern)
        .await
        .ok();
    assert_eq!(haus.bestand(&haus.kas).await["reserviert"], "60.000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_storno_gibt_bestand_kredit_und_versand_zurueck() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    haus.zugang(&haus.kas, "10000").await;
    let (auftrag, position) = haus.bestaetigt(&haus.kas, ("10", "t"), Some("300")).await;
    let versand = haus.geplant(&auftrag).await;
    bis("reserviert", async || {
        haus.bestand(&haus.kas).await["reserviert"] == "10000.000000"
    })
    .await;
    let teil = json!({"position_id": position, "menge": "4", "grund": "braucht weniger"});
    haus.auftrag_tun(&auftrag, "position-stornieren", teil).await.ok();
    let soll = async || haus.server.get(&format!("{WAWI}/versande/{versand}")).await.ok();
    bis("gekürzt", async || soll().await["positionen"][0]["soll"] == "6.000000").await;
    bis("weniger reserviert", async || {
        haus.bestand(&haus.kas).await["reserviert"] == "6000.000000"
    })
    .await;
    assert_eq!(haus.kredit().await["auftraege"], "2142.00");
    let mehr = json!({"position_id": position, "menge": "12"});
    haus.auftrag_tun(&auftrag, "position-aendern", mehr).await.ok();
    bis("die Mehrmenge ist geplant", async || {
        let liste = haus
            .server
            .get(&format!("{WAWI}/versande?auftrag_id={auftrag}&gesamt=true"))
            .await
            .ok();
        liste["gesamt"] == 2
    })
    .await;
    haus.auftrag_tun(&auftrag, "stornieren", json!({"grund": "abgesagt"}))
        .await
        .ok();
    bis("nichts mehr reserviert", async || {
        haus.bestand(&haus.kas).await["reserviert"] == "0.000000"
    })
    .await;
    assert_eq!(haus.kredit().await["obligo"], "0.00");
    let kopf = haus.versand_tun(&versand, "freigeben", json!({})).await;
    kopf.refused(409, "STATUS_UNZULAESSIG");
    assert_eq!(
        haus.auftrag(&auftrag).await["hinweise"],
        json!([]),
        "it gave the promise back itself"
    );
}

/// Status and quantity of each delivery of an order, once the policies rest.
async fn lieferungen(haus: &Haus, auftrag: &str) -> Vec<(String, String)> {
    haus.ruhe().await;
    let liste = haus.server.get(&format!("{WAWI}/versande?auftrag_id={auftrag}")).await;
    let mut lieferungen = Vec::new();
    for versand in liste.ok()["daten"].as_array().unwrap() {
        let versand = haus.server.get(&format!("{WAWI}/versande/{}", id(versand))).await.ok();
        let text = |wert: &Value| wert.as_str().unwrap().to_owned();
        lieferungen.push((text(&versand["status"]), text(&versand["positionen"][0]["soll"])));
    }
    lieferungen.sort();
    lieferungen
}

fn je(status: &str, soll: &str) -> (String, String) {
    (status.to_owned(), soll.to_owned())
}

/// An order over 10 t that is confirmed and of which a part is planned by hand in one unit of work, and goes if `geht`.
async fn von_hand(haus: &Haus, menge: &str, geht: bool) -> String {
    let (auftrag, position) = haus.erfasst(&haus.kas, ("10", "t"), Some("30")).await;
    let versand = Uuid::now_v7();
    let element = |ressource: &str, befehl: &str, id: &str, daten: Value| {
        let bereich = if ressource == "auftraege" { "crm" } else { "wawi" };
        json!({"bereich": bereich, "ressource": ressource, "befehl": befehl, "id": id, "daten": daten})
    };
    let versand = |befehl: &str, daten: Value| element("versande", befehl, &versand.to_string(), daten);
    let positionen = json!([{"position_id": position, "menge": menge}]);
    let mut stapel = vec![
        element("auftraege", "bestaetigen", &auftrag, json!({})),
        versand("planen", json!({"auftrag_id": auftrag, "positionen": positionen})),
    ];
    if geht {
        stapel.push(versand("freigeben", json!({})));
        stapel.push(versand("kommissionierung-melden", json!({"positionen": positionen})));
        stapel.push(versand("warenausgang-buchen", json!({})));
    }
    haus.server.post("/api/v1/stapel", Value::Array(stapel)).await.ok();
    auftrag
}

#[tokio::test(flavor = "multi_thread")]
async fn die_freigabe_plant_was_von_hand_noch_nicht_geplant_ist() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    haus.zugang(&haus.kas, "40000").await;
    let zum_teil = von_hand(&haus, "6", false).await;
    let beide = [je("geplant", "4.000000"), je("geplant", "6.000000")];
    assert_eq!(lieferungen(&haus, &zum_teil).await, beide);
    let ganz = von_hand(&haus, "10", false).await;
    assert_eq!(lieferungen(&haus, &ganz).await, [je("geplant", "10.000000")]);
    let unterwegs = von_hand(&haus, "6", true).await;
    let beide = [je("geplant", "4.000000"), je("unterwegs", "6.000000")];
    assert_eq!(lieferungen(&haus, &unterwegs).await, beide);
    let weg = von_hand(&haus, "10", true).await;
    assert_eq!(lieferungen(&haus, &weg).await, [je("unterwegs", "10.000000")]);
    // More of a position that was planned for less: what is missing, not what came on top.
    let position = haus.auftrag(&zum_teil).await["positionen"][0]["position_id"].clone();
    haus.planen(&zum_teil, position.as_str().unwrap(), "1").await.ok();
    let mehr = json!({"position_id": position, "menge": "13"});
    haus.auftrag_tun(&zum_teil, "position-aendern", mehr).await.ok();
    let alle = ["1", "2", "4", "6"].map(|soll| je("geplant", &format!("{soll}.000000")));
    assert_eq!(lieferungen(&haus, &zum_teil).await, alle);
    assert_eq!(haus.abgelehnte_folgen(&["auftrag_bestand"]).await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mit_dem_auftrag_entfallen_auch_die_von_hand_geplanten_lieferungen() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    let auftrag = von_hand(&haus, "6", false).await;
    lieferungen(&haus, &auftrag).await;
    let weniger = json!({"position_id": haus.auftrag(&auftrag).await["positionen"][0]["position_id"], "menge": "5",
        "grund": "braucht weniger"});
    haus.auftrag_tun(&auftrag, "position-stornieren", weniger).await.ok();
    let gekuerzt = [je("geplant", "4.000000"), je("geplant", "5.000000")];
    assert_eq!(lieferungen(&haus, &auftrag).await, gekuerzt);
    let absage = json!({"grund": "abgesagt"});
    haus.auftrag_tun(&auftrag, "stornieren", absage).await.ok();
    let storniert = [je("storniert", "0.000000"), je("storniert", "0.000000")];
    assert_eq!(lieferungen(&haus, &auftrag).await, storniert);
    // There never was stock of the article, and that is no refusal.
    assert_eq!(haus.abgelehnte_folgen(&["auftrag_bestand"]).await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wer_die_reservierung_nimmt_hinterlaesst_beim_auftrag_einen_hinweis() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    haus.zugang(&haus.kas, "10000").await;
    let (auftrag, position) = haus.bestaetigt(&haus.kas, ("10", "t"), Some("300")).await;
    bis("reserviert", async || {
        haus.bestand(&haus.kas).await["reserviert"] == "10000.000000"
    })
    .await;
    let pfad = format!(
        "{WAWI}/lagerbestaende/{}/reservierung-aufheben",
        haus.bestand_id(&haus.kas)
    );
    haus.server.post(&pfad, json!({"id": position})).await.ok();
    bis("der Hinweis steht", async || {
        haus.auftrag(&auftrag).await["hinweise"][0]["art"] == "reservierung_aufgehoben"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wer_einen_artikel_sperrt_sagt_es_jedem_offenen_auftrag_einmal() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    let (einer, position) = haus.bestaetigt(&haus.kas, ("1", "t"), Some("300")).await;
    let (anderer, _) = haus.bestaetigt(&haus.kas, ("2", "t"), Some("300")).await;
    let (unbestaetigt, _) = haus.erfasst(&haus.kas, ("1", "t"), Some("300")).await;
    let (fremd, _) = haus.bestaetigt(&haus.futter, ("1", "t"), Some("300")).await;
    let artikel = async |befehl: &str, body: Value| {
        let pfad = format!("{WAWI}/artikel/{}/{befehl}", haus.kas);
        haus.server.post(&pfad, body).await.ok();
        haus.ruhe().await;
    };
    artikel("sperren", json!({"bereich": "ek", "grund": "Preis unklar"})).await;
    assert_eq!(haus.auftrag(&einer).await["hinweise"], json!([]), "sale goes on");
    for _ in 0..2 {
        artikel("entsperren", json!({})).await;
        artikel("sperren", json!({"bereich": "vk", "grund": "Rückruf"})).await;
    }
    for auftrag in [&einer, &anderer] {
        let hinweise = haus.auftrag(auftrag).await["hinweise"].clone();
        let [hinweis] = hinweise.as_array().unwrap().as_slice() else {
            panic!("{hinweise}")
        };
        assert_eq!(
            (&hinweis["art"], &hinweis["text"]),
            (&json!("artikel_gesperrt"), &json!("der Artikel ist gesperrt: Rückruf"))
        );
    }
    assert_eq!(haus.auftrag(&einer).await["hinweise"][0]["position_id"], position);
    for auftrag in [&unbestaetigt, &fremd] {
        assert_eq!(haus.auftrag(auftrag).await["hinweise"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_spaete_bestaetigung_sagt_es_den_auftraegen_die_auf_die_ware_warten() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    let heute = aggregates::types::kalender::tag(neuroerp::uhr::jetzt());
    let in_tagen = |tage: u64| (heute + chrono::Days::new(tage)).to_string();
    let auftrag = async |artikel: &str, tage: u64| {
        let (auftrag, position) = haus.erfasst(artikel, ("1", "t"), Some("300")).await;
        let termin = json!({"position_id": position, "termin": in_tagen(tage)});
        haus.auftrag_tun(&auftrag, "position-aendern", termin).await.ok();
        haus.auftrag_tun(&auftrag, "bestaetigen", json!({})).await.ok();
        haus.ruhe().await;
        auftrag
    };
    haus.zugang(&haus.futter, "1000").await;
    let aus_dem_bestand = auftrag(&haus.futter, 10).await;
    let wartet = auftrag(&haus.futter, 10).await;
    let hat_zeit = auftrag(&haus.futter, 30).await;
    let schon_zu_spaet = auftrag(&haus.futter, 5).await;
    let anderer_artikel = auftrag(&haus.kas, 10).await;

    let lieferant = json!({"name": "Mischfutter Nord AG", "art": "handel", "ust_status": "regel"});
    let lieferant = id(&haus.server.post(&format!("{WAWI}/lieferanten"), lieferant).await.ok());
    let pfad = format!("{WAWI}/lieferanten/{lieferant}");
    let adresse = json!({"adresse": {"art": "haupt", "anschrift": {"strasse": "Hafenstraße 7", "plz": "26789",
        "ort": "Leer", "land": "DE"}}});
    haus.server.post(&format!("{pfad}/adresse-setzen"), adresse).await.ok();
    let bedingung = json!({"code": "30", "bezeichnung": "30 Tage", "fassung": {"tage": 30}});
    let bedingung = haus
        .server
        .post(&format!("{FIBU}/zahlungsbedingungen"), bedingung)
        .await
        .ok()["id"]
        .clone();
    let kondition = json!({"zahlungsbedingung_id": bedingung});
    haus.server
        .post(&format!("{pfad}/kondition-setzen"), kondition)
        .await
        .ok();
    haus.server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    let bestellung = json!({"lieferant_id": lieferant});
    let bestellung = id(&haus.server.post(&format!("{WAWI}/bestellungen"), bestellung).await.ok());
    let pfad = format!("{WAWI}/bestellungen/{bestellung}");
    let position = json!({"artikel_id": haus.futter, "lager_id": haus.lager, "menge": "2", "einheit": "t",
        "preis": {"betrag": "280", "je": "1", "einheit": "t"}, "termin": in_tagen(7)});
    haus.server
        .post(&format!("{pfad}/position-hinzufuegen"), position)
        .await
        .ok();
    for befehl in ["zur-freigabe-geben", "bestellen"] {
        haus.server.post(&format!("{pfad}/{befehl}"), json!({})).await.ok();
    }
    let stand = haus.server.get(&pfad).await.ok();
    let position = &stand["positionen"][0]["position_id"];
    let bestaetigt = json!({"positionen": [{"position_id": position, "termin": in_tagen(20)}]});
    haus.server.post(&format!("{pfad}/bestaetigen"), bestaetigt).await.ok();
    haus.ruhe().await;
    let hinweis = haus.auftrag(&wartet).await["hinweise"][0].clone();
    let text = format!(
        "die Ware ist erst für den {} bestätigt (Bestellung {})",
        in_tagen(20),
        stand["bestell_nr"].as_str().unwrap()
    );
    assert_eq!(
        (&hinweis["art"], &hinweis["text"]),
        (&json!("termin_gefaehrdet"), &json!(text))
    );
    for auftrag in [aus_dem_bestand, hat_zeit, schon_zu_spaet, anderer_artikel] {
        assert_eq!(haus.auftrag(&auftrag).await["hinweise"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vierundsechzig_auf_eine_kreditlinie_kommen_nie_ueber_das_limit() {
    let haus = Arc::new(Haus::neu().await);
    haus.limit("1190.00").await;
    let mut auftraege = Vec::new();
    for _ in 0..64 {
        auftraege.push(haus.erfasst(&haus.kas, ("1", "t"), Some("100")).await.0);
    }
    let mut tasks = Vec::new();
    for auftrag in auftraege.clone() {
        let haus = haus.clone();
        tasks.push(tokio::spawn(async move {
            haus.auftrag_tun(&auftrag, "bestaetigen", json!({})).await.ok();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let mut frei = 0;
    for auftrag in &auftraege {
        frei += i32::from(haus.auftrag(auftrag).await["freigegeben"] == true);
    }
    assert_eq!(frei, 10, "ten orders of 119.00 fit");
    let kredit = haus.kredit().await;
    assert_eq!(
        (&kredit["obligo"], &kredit["vorgemerkt"]),
        (&json!("1190.00"), &json!("6426.00"))
    );
    // One is cancelled: the order that waits longest takes its place.
    let mut offen = Vec::new();
    for auftrag in &auftraege {
        if haus.auftrag(auftrag).await["freigegeben"] == true {
            offen.push(auftrag.clone());
        }
    }
    let grund = json!({"grund": "abgesagt"});
    haus.auftrag_tun(&offen[0], "stornieren", grund).await.ok();
    let kredit = haus.kredit().await;
    assert_eq!(
        (&kredit["obligo"], &kredit["vorgemerkt"]),
        (&json!("1190.00"), &json!("6307.00"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn vierundsechzig_auf_einen_artikel_kommen_nie_unter_null() {
    let haus = Arc::new(Haus::neu().await);
    haus.limit("10000.00").await;
    haus.zugang(&haus.kas, "100").await;
    let mut versande = Vec::new();
    for _ in 0..64 {
        let (auftrag, position) = haus.bestaetigt(&haus.kas, ("3", "kg"), Some("300")).await;
        let versand = haus.geplant(&auftrag).await;
        haus.kommissionieren(&versand, &position, "3").await;
        versande.push(versand);
    }
    let mut tasks = Vec::new();
    for versand in versande {
        let haus = haus.clone();
        tasks.push(tokio::spawn(async move {
            haus.versand_tun(&versand, "warenausgang-buchen", json!({})).await
        }));
    }
    let (mut gegangen, mut gefehlt) = (0, 0);
    for task in tasks {
        let reply = task.await.unwrap();
        if reply.status < 300 {
            gegangen += 1;
        } else {
            let code = reply.body["code"].as_str().unwrap().to_owned();
            assert!(
                ["LAGERBESTAND_FEHLT", "LAGERBESTAND_RESERVIERT"].contains(&code.as_str()),
                "{}",
                reply.text
            );
            gefehlt += 1;
        }
    }
    assert_eq!((gegangen, gefehlt), (33, 31));
    assert_eq!(haus.bestand(&haus.kas).await["bestand"], "1.000000");
    let nummern: i64 = sqlx::query_scalar("SELECT count(DISTINCT lieferschein_nr) FROM wawi.versand")
        .fetch_one(&haus.server.db.pool)
        .await
        .unwrap();
    assert_eq!(nummern, 33, "a refused issue uses up no number");
    let letzte: String = sqlx::query_scalar("SELECT max(lieferschein_nr) FROM wawi.versand")
        .fetch_one(&haus.server.db.pool)
        .await
        .unwrap();
    assert!(letzte.ends_with("-000033"), "gapless: {letzte}");
}
