//! Worked examples of the specification on documents, partners and orders over HTTP, as far as no other test has them:
//! fibu 1, 8 and 9, wawi 1 and 7, crm C1, dienste D2. `docs/beispiele.md` says which test has which example.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;
mod verkauf_haus;

use common::TestServer;
use serde_json::{Value, json};
use verkauf_haus::{CRM, FIBU, Haus, WAWI, id};

/// A company with the customer 10001, who has a USt-IdNr or not.
async fn mit_debitor(ust_id: Option<&str>) -> TestServer {
    let server = common::server().await;
    let anschrift = json!({"strasse": "Deichweg 1", "plz": "26721", "ort": "Emden", "land": "DE"});
    let debitor = json!({"nr": "10001", "name": "Landhof Petersen GmbH", "anschrift": anschrift});
    let debitor = id(&server.post(&format!("{FIBU}/debitoren"), debitor).await.ok());
    if let Some(ust_id) = ust_id {
        let status = json!({"gueltig_ab": "2026-01-01", "art": "regel", "ust_id": ust_id});
        let pfad = format!("{FIBU}/debitoren/{debitor}/ust-status-setzen");
        server.post(&pfad, status).await.ok();
    }
    server
}

/// Drafts an invoice of one line over 100.00 and books it; gives the invoice's path with the answer.
async fn rechnung(server: &TestServer, leistung: &str, zeile: Value) -> (String, common::Reply) {
    let mut position = json!({"text": "Ware", "menge": "1", "einheit": "t",
        "preis": {"betrag": "100.00", "je": "1", "einheit": "t"}});
    for (name, wert) in zeile.as_object().unwrap() {
        position[name] = wert.clone();
    }
    let entwurf = json!({"debitor_nr": "10001", "leistung_bis": leistung, "positionen": [position]});
    let entwurf = id(&server.post(&format!("{FIBU}/rechnungen"), entwurf).await.ok());
    let pfad = format!("{FIBU}/rechnungen/{entwurf}");
    let datum = json!({"rechnungsdatum": "2026-03-02"});
    let antwort = server.post(&format!("{pfad}/buchen"), datum).await;
    (pfad, antwort)
}

/// Lines of an invoice's voucher as `konto seite betrag`.
async fn buchung(server: &TestServer, rechnung: &str) -> Vec<String> {
    let rechnung = server.get(rechnung).await.ok();
    let pfad = format!("{FIBU}/buchungen/{}", rechnung["buchung_id"].as_str().unwrap());
    let buchung = server.get(&pfad).await.ok();
    let zeilen = buchung["positionen"].as_array().unwrap().iter();
    zeilen
        .map(|z| {
            ["konto", "seite", "betrag"]
                .map(|feld| z[feld].as_str().unwrap())
                .join(" ")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fibu_1_1_die_juengste_regel_gilt_und_ohne_regel_wird_nichts_gebucht() {
    let server = mit_debitor(Some("NL123456789B01")).await;
    let konto = json!({"konto_nr": "4301", "bezeichnung": "Erlöse Saatgut 7 %", "art": "ertrag"});
    server.post(&format!("{FIBU}/konten"), konto).await.ok();
    let plan = id(&server.get(&format!("{FIBU}/kontenplaene")).await.ok()["daten"][0]);
    let regel = json!({"zweck": "erloes", "schluessel": "U7", "konto_nr": "4301", "gueltig_ab": "2026-03-01"});
    server
        .post(&format!("{FIBU}/kontenplaene/{plan}/kontenfindung-setzen"), regel)
        .await
        .ok();
    for (leistung, konto) in [("2026-02-28", "4300"), ("2026-03-01", "4301")] {
        let (pfad, antwort) = rechnung(&server, leistung, json!({"schluessel": "U7"})).await;
        antwort.ok();
        let zeilen = buchung(&server, &pfad).await;
        assert!(
            zeilen.contains(&format!("{konto} haben 100.00")),
            "{leistung}: {zeilen:?}"
        );
    }
    let (pfad, antwort) = rechnung(&server, "2026-03-01", json!({"schluessel": "UIGL"})).await;
    let ablehnung = antwort.refused(422, "KONTENFINDUNG_FEHLT");
    assert_eq!(ablehnung["daten"], json!({"zweck": "erloes", "schluessel": "UIGL"}));
    assert_eq!(server.get(&pfad).await.ok()["status"], "entwurf", "nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn fibu_8_4_der_satz_folgt_der_leistung_und_igl_braucht_eine_ust_id() {
    let server = mit_debitor(None).await;
    let (pfad, antwort) = rechnung(&server, "2020-09-15", json!({"schluessel": "U19"})).await;
    antwort.ok();
    let zeilen = buchung(&server, &pfad).await;
    assert_eq!(zeilen, ["1200 soll 116.00", "4400 haben 100.00", "3806 haben 16.00"]);
    let (_, antwort) = rechnung(&server, "2020-09-15", json!({"schluessel": "U19", "satz": "19"})).await;
    let ablehnung = antwort.refused(422, "RECHNUNG_STEUERSATZ_ZUM_LEISTUNGSDATUM");
    assert_eq!(ablehnung["daten"]["erwartet"], "16");
    let (_, antwort) = rechnung(&server, "2026-03-01", json!({"schluessel": "UIGL"})).await;
    antwort.refused(422, "RECHNUNG_UST_ID_FEHLT");
}

#[tokio::test(flavor = "multi_thread")]
async fn fibu_9_5_eine_bankverbindung_hat_eine_pruefziffer_und_zwei_personen() {
    let server = common::server().await;
    let kreditor = json!({"nr": "70001", "name": "Düngerwerk Nord AG"});
    let kreditor = id(&server.post(&format!("{FIBU}/kreditoren"), kreditor).await.ok());
    let pfad = format!("{FIBU}/kreditoren/{kreditor}");
    let erfassen = format!("{pfad}/bankverbindung-erfassen");
    server
        .post(&erfassen, json!({"iban": "DE89370400440532013001"}))
        .await
        .refused(422, "IBAN_UNGUELTIG");
    server
        .post(&erfassen, json!({"iban": "DE89370400440532013000"}))
        .await
        .ok();
    let freigeben = format!("{pfad}/bankverbindung-freigeben");
    server
        .post(&freigeben, json!({"nr": 1}))
        .await
        .refused(403, "VIER_AUGEN");
    let (_, zweite) = server.key("zweite", json!({"scopes": ["fibu:write"]})).await;
    zweite.post(&freigeben, json!({"nr": 1})).await.ok();
    let bank = server.get(&pfad).await.ok()["bankverbindungen"][0].clone();
    assert_eq!(bank["status"], "bestaetigt", "{bank}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wawi_a1_einheiten_rechnen_genau_um() {
    let haus = Haus::neu().await;
    let einheiten = [
        ("Sack", "stueck", 25, 1, true),
        ("Palette", "stueck", 1_000, 1, true),
        ("BigBag", "stueck", 600, 1, true),
        ("l", "volumen", 32, 25, false),
    ];
    for (code, dimension, zaehler, nenner, ganzzahlig) in einheiten {
        let einheit = json!({"code": code, "bezeichnung": code, "dimension": dimension, "zaehler": 1, "nenner": 1});
        haus.server.post(&format!("{WAWI}/mengeneinheiten"), einheit).await.ok();
        let einheit = json!({"einheit": code, "zaehler": zaehler, "nenner": nenner, "ganzzahlig": ganzzahlig});
        let pfad = format!("{WAWI}/artikel/{}/einheit-hinzufuegen", haus.kas);
        haus.server.post(&pfad, einheit).await.ok();
    }
    let auftrag = json!({"kunde_id": haus.kunde});
    let auftrag = id(&haus.server.post(&format!("{CRM}/auftraege"), auftrag).await.ok());
    let position = async |menge: &str, einheit: &str| {
        let position = json!({"artikel_id": haus.kas, "lager_id": haus.lager, "menge": menge, "einheit": einheit,
            "manueller_preis": {"betrag": "300", "je": "1", "einheit": "t"}});
        haus.auftrag_tun(&auftrag, "position-hinzufuegen", position).await
    };
    // 3 Palette + 7 Sack = 3,175 kg = 31.75 dt = 3.175 t; 19,531.25 l are exactly 25,000 kg.
    let mengen = [
        ("3", "Palette", "3000.000000"),
        ("7", "Sack", "175.000000"),
        ("31.75", "dt", "3175.000000"),
        ("3.175", "t", "3175.000000"),
        ("19531.25", "l", "25000.000000"),
    ];
    for (menge, einheit, _) in mengen {
        position(menge, einheit).await.ok();
    }
    position("5.291667", "BigBag")
        .await
        .refused(422, "ARTIKEL_MENGE_NICHT_GANZZAHLIG");
    let auftrag = haus.auftrag(&auftrag).await;
    let positionen = auftrag["positionen"].as_array().unwrap();
    let basis: Vec<&Value> = positionen.iter().map(|p| &p["basismenge"]).collect();
    assert_eq!(basis, mengen.map(|(_, _, kg)| kg));
    // 31.75 dt and 3.175 t cost the same.
    assert_eq!(
        (&positionen[2]["netto"], &positionen[3]["netto"]),
        (&json!("952.50"), &json!("952.50"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wawi_t4_mehr_als_die_toleranz_geht_nicht_hinaus() {
    let haus = Haus::neu().await;
    haus.limit("10000.00").await;
    haus.zugang(&haus.futter, "12000").await;
    let (auftrag, position) = haus.bestaetigt(&haus.futter, ("10", "t"), Some("300")).await;
    let versand = haus.geplant(&auftrag).await;
    haus.ausliefern(&versand, &position, "6").await;
    let zuviel = haus.planen(&auftrag, &position, "4.6").await;
    assert_eq!(zuviel.refused(422, "AUFTRAG_UEBERLIEFERUNG")["daten"]["max"], "4.5");
    let zweiter = id(&haus.planen(&auftrag, &position, "4.4").await.ok());
    haus.ausliefern(&zweiter, &position, "4.4").await;
    let stand = haus.auftrag(&auftrag).await["positionen"][0].clone();
    assert_eq!(
        (&stand["geliefert"], &stand["status"]),
        (&json!("10.400000"), &json!("geliefert"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn crm_c1_3_eine_ust_id_hat_eine_pruefziffer() {
    let server = common::server().await;
    let kunde = |ust_id: &str| json!({"kunden_art": "firma", "name": "Landhof Petersen GmbH", "ust_status": "regel", "ust_id": ust_id});
    let pfad = format!("{CRM}/kunden");
    server
        .post(&pfad, kunde("DE136695975"))
        .await
        .refused(422, "UST_ID_UNGUELTIG");
    server.post(&pfad, kunde("DE136695976")).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn dienste_d2_1_eine_ablehnung_verbraucht_keine_nummer() {
    const VORHER: usize = 416;
    let haus = Haus::neu().await;
    let gesperrt = json!({"kunden_art": "firma", "name": "Hof Meyer GbR", "ust_status": "regel"});
    let gesperrt = id(&haus.server.post(&format!("{CRM}/kunden"), gesperrt).await.ok());
    let pfad = format!("{CRM}/kunden/{gesperrt}");
    let adresse = json!({"adresse": {"art": "rechnung", "anschrift": {"strasse": "Deichweg 2", "plz": "26721",
        "ort": "Emden", "land": "DE"}}});
    haus.server
        .post(&format!("{pfad}/adresse-hinzufuegen"), adresse)
        .await
        .ok();
    haus.server.post(&format!("{pfad}/freigeben"), json!({})).await.ok();
    let sperre = json!({"art": "auftrag", "grund": "zahlt nicht"});
    haus.server.post(&format!("{pfad}/sperre-setzen"), sperre).await.ok();
    let anlegen = |kunde: &str| json!({"kunde_id": kunde});
    let element =
        json!({"bereich": "crm", "ressource": "auftraege", "befehl": "anlegen", "daten": anlegen(&haus.kunde)});
    let stapel = haus
        .server
        .post("/api/v1/stapel?modus=atomar", json!(vec![element; VORHER]))
        .await;
    let letzter = stapel.ok()[VORHER - 1]["nummer"].as_str().unwrap().to_owned();
    let jahr = &letzter[3..7];
    assert_eq!(letzter, format!("AU-{jahr}-000416"));
    let auftraege = format!("{CRM}/auftraege");
    let (eins, nein, zwei) = tokio::join!(
        haus.server.post(&auftraege, anlegen(&haus.kunde)),
        haus.server.post(&auftraege, anlegen(&gesperrt)),
        haus.server.post(&auftraege, anlegen(&haus.kunde)),
    );
    nein.refused(422, "AUFTRAG_KUNDE_GESPERRT");
    let mut nummern =
        [eins.ok()["nummer"].clone(), zwei.ok()["nummer"].clone()].map(|n| n.as_str().unwrap().to_owned());
    nummern.sort();
    assert_eq!(nummern, ["417", "418"].map(|n| format!("AU-{jahr}-000{n}")));
}
