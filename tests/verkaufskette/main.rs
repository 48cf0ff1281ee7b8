//! The chain from the order to the settled item over HTTP, with all policies between: the examples of crm C1 and C3 and of
//! fibu 3, the credit line after each step, and 64 customers' clients on one line.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod anzahlung;
#[path = "../common/mod.rs"]
mod common;
mod obligo;
#[path = "../verkauf_haus/mod.rs"]
mod verkauf_haus;

use std::sync::Arc;

use serde_json::{Value, json};
use verkauf_haus::{FIBU, Haus, bis, id};

/// The following policies that must not be refused anything. The plan of a delivery may come too late for its order.
pub const KETTE: [&str; 3] = ["kreditlinie_obligo", "auftrag_rechnung", "auftrag_hinweise"];

impl Haus {
    /// The credit line once the policies rest: obligo, orders, deliveries, open items, credit.
    #[track_caller]
    fn kredit_steht(&self, teile: [&str; 5]) -> impl Future<Output = ()> {
        let hier = std::panic::Location::caller();
        async move {
            self.ruhe().await;
            let kredit = self.kredit().await;
            let namen = ["obligo", "auftraege", "lieferungen", "offene_posten", "guthaben"];
            let ist = namen.map(|name| kredit[name].as_str().unwrap_or_default().to_owned());
            assert_eq!(ist, teile, "{namen:?} at {hier}");
            assert_eq!(self.abgelehnte_folgen(&KETTE).await, [] as [String; 0]);
        }
    }

    async fn ausgleichen(&self, zeilen: Value) -> String {
        let heute = aggregates::types::kalender::tag(neuroerp::uhr::jetzt());
        let body = json!({"datum": heute, "zeilen": zeilen});
        id(&self.server.post(&format!("{FIBU}/ausgleiche"), body).await.ok())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_1_vom_auftrag_bis_zum_ausgleich_auf_den_cent() {
    let haus = Haus::neu().await;
    haus.sammel().await;
    haus.limit("10000.00").await;
    haus.zugang(&haus.futter, "30000").await;
    let bank = haus.bank().await;
    let (auftrag, position) = haus.bestaetigt(&haus.futter, ("25", "t"), Some("312.40")).await;
    haus.kredit_steht(["8356.70", "8356.70", "0.00", "0.00", "0.00"]).await;

    let versand = haus.geplant(&auftrag).await;
    haus.ausliefern(&versand, &position, "9.8").await;
    let zweiter = id(&haus.planen(&auftrag, &position, "10.1").await.ok());
    haus.ausliefern(&zweiter, &position, "10.1").await;
    haus.kredit_steht(["8356.70", "1704.77", "6651.93", "0.00", "0.00"])
        .await;
    let erste = haus.entwurf(2).await;
    haus.fakturieren(&erste, "6651.93").await;
    haus.kredit_steht(["8356.70", "1704.77", "0.00", "6651.93", "0.00"])
        .await;
    let buchung = haus.rechnung(&erste).await["buchung_id"].clone();
    assert_eq!(
        haus.zeilen(&buchung).await,
        ["1200 soll 6651.93", "4300 haben 6216.76", "3801 haben 435.17"]
    );

    // 25.1 t went, 0.1 t more than was ordered: 7,841.24 and 548.89 of tax, all told.
    let dritter = id(&haus.planen(&auftrag, &position, "5.2").await.ok());
    haus.ausliefern(&dritter, &position, "5.2").await;
    haus.kredit_steht(["8390.13", "0.00", "1738.20", "6651.93", "0.00"])
        .await;
    let zweite = haus.entwurf(1).await;
    haus.fakturieren(&zweite, "1738.19").await;
    haus.kredit_steht(["8390.12", "0.00", "0.00", "8390.12", "0.00"]).await;
    assert_eq!(haus.auftrag(&auftrag).await["status"], "abgeschlossen");

    // One payment for both: what it is too much stays to the customer's credit.
    let (op_1, op_2) = (haus.posten(&erste).await, haus.posten(&zweite).await);
    let zuordnungen = json!([{"op_id": op_1["id"], "betrag": "6651.93"}, {"op_id": op_2["id"], "betrag": "738.19"}]);
    let zahlung = json!({"zuordnungen": zuordnungen});
    let zahlung = haus.zahlung(&bank, "7500.00", zahlung).await;
    haus.kredit_steht(["890.12", "0.00", "0.00", "1000.00", "-109.88"])
        .await;
    let stand = haus.server.get(&format!("{FIBU}/zahlungen/{zahlung}")).await.ok();
    let ausgleich = stand["ausgleich_id"].as_str().unwrap().to_owned();
    let aufheben = json!({"grund": "falsch zugeordnet"});
    let pfad = format!("{FIBU}/ausgleiche/{ausgleich}/aufheben");
    haus.server.post(&pfad, aufheben).await.ok();
    haus.kredit_steht(["890.12", "0.00", "0.00", "8390.12", "-7500.00"])
        .await;
    let buchung = stand["buchung_id"].as_str().unwrap();
    let guthaben = format!("{FIBU}/offene-posten?buchung_id={buchung}");
    let guthaben = haus.server.get(&guthaben).await.ok()["daten"][0]["id"].clone();
    haus.ausgleichen(
        json!([{"op_id": op_2["id"], "betrag": "1738.19"}, {"op_id": op_1["id"], "betrag": "5761.81"},
        {"op_id": guthaben, "betrag": "-7500.00"}]),
    )
    .await;
    haus.kredit_steht(["890.12", "0.00", "0.00", "890.12", "0.00"]).await;

    let vor_der_gutschrift = haus.server.db.store.head(haus.mandant).await.unwrap().to_string();
    // 0.7 t are credited: 218.68 and 15.31 of tax. They went and are not invoiced any more.
    let gutschreiben = async |menge: &str| {
        let body = json!({"positionen": [{"position": 1, "menge": menge}], "grund": "Falschlieferung"});
        haus.rechnung_tun(&zweite, "korrigieren", body).await
    };
    gutschreiben("5.3")
        .await
        .refused(422, "RECHNUNG_KORREKTUR_UEBERSCHREITET");
    gutschreiben("0.7").await.ok();
    haus.kredit_steht(["890.12", "0.00", "233.99", "890.12", "-233.99"])
        .await;
    assert_eq!(haus.auftrag(&auftrag).await["status"], "bestaetigt");
    belegkette_von_allen_seiten(&haus, &zahlung, &vor_der_gutschrift).await;
}

/// Lines of the Belegkette of a document: what, from what, value.
async fn kette_von(haus: &Haus, beleg: &str, mehr: &str) -> Vec<String> {
    let kette = haus.bericht("belegkette", &format!("beleg={beleg}{mehr}")).await;
    let text = |zeile: &Value, feld: &str| zeile[feld].as_str().unwrap_or("-").to_owned();
    let felder = ["beleg_typ", "nummer", "vorgaenger_typ", "vorgaenger_nummer", "wert"];
    let zeile = |z: &Value| felder.map(|feld| text(z, feld)).join(" ");
    kette["zeilen"].as_array().unwrap().iter().map(zeile).collect()
}

/// The same chain from the invoice, the order, a delivery and the payment, with the knowledge of then, and who may see it.
async fn belegkette_von_allen_seiten(haus: &Haus, zahlung: &str, vor_der_gutschrift: &str) {
    let rechnung = kette_von(haus, "AR-2026-000002", "").await;
    let auf_der_zweiten = [
        "auftrag AU-2026-000001 - - -",
        "versand LS-2026-000003 auftrag AU-2026-000001 1624.48",
        "rechnung AR-2026-000002 versand LS-2026-000003 1624.48",
        "buchung AR-2026-000002 rechnung AR-2026-000002 1738.19",
        "offener_posten AR-2026-000002 buchung AR-2026-000002 1738.19",
        "zahlung - - - -",
        "ausgleich - offener_posten AR-2026-000002 0.00",
        "ausgleich - zahlung - 0.00",
        "ausgleich - offener_posten AR-2026-000002 1738.19",
        "ausgleich - zahlung - -7500.00",
        "rechnung AR-2026-000003 rechnung AR-2026-000002 233.99",
        "buchung AR-2026-000003 rechnung AR-2026-000003 233.99",
        "offener_posten AR-2026-000003 buchung AR-2026-000003 -233.99",
    ];
    assert_eq!(rechnung, auf_der_zweiten);
    let damals = kette_von(haus, "AR-2026-000002", &format!("&bekannt_am={vor_der_gutschrift}")).await;
    assert_eq!(damals, auf_der_zweiten[..10]);

    let nennt = |kette: &[String], beleg: &str| kette.iter().any(|zeile| zeile.starts_with(beleg));
    let alle = [
        "versand LS-2026-000001",
        "versand LS-2026-000002",
        "rechnung AR-2026-000001",
        "zahlung",
    ];
    let auftrag = kette_von(haus, "AU-2026-000001", "").await;
    let bezahlt = kette_von(haus, zahlung, "").await;
    for beleg in alle {
        assert!(nennt(&auftrag, beleg) && nennt(&bezahlt, beleg), "{beleg}");
    }
    assert!(nennt(&auftrag, "rechnung AR-2026-000003"));
    assert!(nennt(&bezahlt, "auftrag AU-2026-000001"));
    let lieferung = kette_von(haus, "LS-2026-000001", "").await;
    assert!(nennt(&lieferung, "rechnung AR-2026-000001") && !nennt(&lieferung, "rechnung AR-2026-000002"));

    let pfad = "/api/v1/berichte/belegkette?beleg=AR-2026-000002";
    let (_, darf) = haus
        .server
        .key("vertrieb", json!({"scopes": ["crm.belegkette:read"]}))
        .await;
    assert_eq!(darf.get(pfad).await.ok()["bericht"], "belegkette");
    let (_, fremd) = haus.server.key("lager", json!({"scopes": ["wawi:read"]})).await;
    fremd.get(pfad).await.refused(403, "BERECHTIGUNG_FEHLT");
    let unbekannt = haus.server.get("/api/v1/berichte/belegkette?beleg=AR-1").await;
    unbekannt.refused(422, "EINGABE_UNGUELTIG");
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_1_eine_zahlung_gibt_den_wartenden_auftrag_frei_und_seine_rechnung_aendert_nichts() {
    let haus = Haus::neu().await;
    haus.limit("25000.00").await;
    haus.zugang(&haus.kas, "60000").await;
    let bank = haus.bank().await;
    // Open items of 14,280.00: 12,000.00 and their tax.
    let zeile = json!({"text": "Vorjahr", "menge": "1", "einheit": "t", "schluessel": "U19",
        "preis": {"betrag": "12000.00", "je": "1", "einheit": "t"}});
    let alt = json!({"debitor_nr": haus.kunden_nr, "leistung_bis": "2026-01-05", "positionen": [zeile]});
    let alt = id(&haus.server.post(&format!("{FIBU}/rechnungen"), alt).await.ok());
    haus.fakturieren(&alt, "14280.00").await;
    haus.bestaetigt(&haus.kas, ("10", "t"), Some("450.00")).await;
    haus.kredit_steht(["19635.00", "5355.00", "0.00", "14280.00", "0.00"])
        .await;
    let (auftrag, position) = haus.erfasst(&haus.kas, ("10", "t"), Some("510.00")).await;
    let antwort = haus.auftrag_tun(&auftrag, "bestaetigen", json!({})).await.ok();
    assert_eq!(antwort["warnungen"][0]["code"], "KREDITLINIE_UEBERSCHRITTEN");
    let gesperrt = haus.auftrag_tun(&auftrag, "freigeben", json!({})).await;
    assert_eq!(
        gesperrt.refused(409, "AUFTRAG_GESPERRT")["daten"]["sperren"],
        json!(["kredit"])
    );
    assert_eq!(haus.kredit().await["vorgemerkt"], "6069.00");
    haus.kredit_steht(["19635.00", "5355.00", "0.00", "14280.00", "0.00"])
        .await;

    haus.zahlung(&bank, "1000.00", json!({})).await;
    haus.kredit_steht(["24704.00", "11424.00", "0.00", "14280.00", "-1000.00"])
        .await;
    assert_eq!(haus.kredit().await["frei"], "296.00");
    assert_eq!(haus.auftrag(&auftrag).await["freigegeben"], true);

    let versand = haus.geplant(&auftrag).await;
    haus.ausliefern(&versand, &position, "6").await;
    haus.kredit_steht(["24704.00", "7782.60", "3641.40", "14280.00", "-1000.00"])
        .await;
    let rechnung = haus.entwurf(1).await;
    haus.fakturieren(&rechnung, "3641.40").await;
    haus.kredit_steht(["24704.00", "7782.60", "0.00", "17921.40", "-1000.00"])
        .await;
    // Cancelled: the goods went and are to be invoiced again.
    haus.rechnung_tun(&rechnung, "stornieren", json!({"grund": "falsches Datum"}))
        .await
        .ok();
    haus.kredit_steht(["24704.00", "7782.60", "3641.40", "14280.00", "-1000.00"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fibu_3_3_anzahlung_lieferung_und_schlussrechnung() {
    let haus = Haus::neu().await;
    haus.limit("100000.00").await;
    haus.zugang(&haus.kas, "100000").await;
    let bank = haus.bank().await;
    let (auftrag, position) = haus.bestaetigt(&haus.kas, ("100", "t"), Some("500.00")).await;
    let anzahlung = async |netto: &str| {
        let zeile = json!({"text": "Anzahlung", "menge": "1", "einheit": "t", "schluessel": "U19",
            "preis": {"betrag": netto, "je": "1", "einheit": "t"}});
        let kopf = json!({"debitor_nr": haus.kunden_nr, "art": "anzahlung", "auftrag_id": auftrag,
            "positionen": [zeile]});
        id(&haus.server.post(&format!("{FIBU}/rechnungen"), kopf).await.ok())
    };
    let erste = anzahlung("10000.00").await;
    haus.fakturieren(&erste, "11900.00").await;
    let zuviel = anzahlung("40000.01").await;
    let zuviel = haus.rechnung_tun(&zuviel, "buchen", json!({})).await;
    assert_eq!(
        zuviel.refused(422, "RECHNUNG_ANZAHLUNG_UEBER_AUFTRAG")["daten"],
        json!({"auftragswert": "50000.00", "anzahlungen": "50000.01"})
    );
    let stand = haus.rechnung(&erste).await;
    assert_eq!(
        haus.zeilen(&stand["buchung_id"]).await,
        ["1200 soll 11900.00", "1495 haben 11900.00"]
    );
    haus.kredit_steht(["71400.00", "59500.00", "0.00", "11900.00", "0.00"])
        .await;
    let op = haus.posten(&erste).await;
    let zuordnungen = json!({"zuordnungen": [{"op_id": op["id"], "betrag": "11900.00"}]});
    haus.zahlung(&bank, "11900.00", zuordnungen).await;
    let stand = haus.rechnung(&erste).await;
    assert_eq!(
        haus.zeilen(&stand["zahlungen"][0]["buchung_id"]).await,
        ["1495 soll 11900.00", "3272 haben 10000.00", "3806 haben 1900.00"]
    );
    haus.kredit_steht(["59500.00", "59500.00", "0.00", "0.00", "0.00"])
        .await;

    // By hand it must be named.
    let zeile = json!({"text": "Dünger", "menge": "1", "einheit": "t", "schluessel": "U19",
        "preis": {"betrag": "1.00", "je": "1", "einheit": "t"}});
    let kopf = json!({"debitor_nr": haus.kunden_nr, "art": "schluss", "auftrag_id": auftrag,
        "leistung_bis": "2026-01-05", "positionen": [zeile]});
    let vergessen = id(&haus.server.post(&format!("{FIBU}/rechnungen"), kopf).await.ok());
    let buchen = haus.rechnung_tun(&vergessen, "buchen", json!({})).await;
    buchen.refused(422, "RECHNUNG_ANZAHLUNG_NICHT_VERRECHNET");
    haus.rechnung_tun(&vergessen, "verwerfen", json!({})).await.ok();

    // What is delivered is drafted as the Schlussrechnung that deducts it.
    let versand = haus.geplant(&auftrag).await;
    haus.ausliefern(&versand, &position, "100").await;
    haus.ruhe().await;
    let pfad = format!(
        "{FIBU}/rechnungen?debitor_nr={}&art=schluss&status=entwurf",
        haus.kunden_nr
    );
    let schluss = id(&haus.server.get(&pfad).await.ok()["daten"][0]);
    haus.rechnung_tun(&schluss, "buchen", json!({})).await.ok();
    let stand = haus.rechnung(&schluss).await;
    assert_eq!(
        (&stand["art"], &stand["brutto"], &stand["zahlbetrag"]),
        (&json!("schluss"), &json!("59500.00"), &json!("47600.00"))
    );
    assert_eq!(
        haus.zeilen(&stand["buchung_id"]).await,
        [
            "1200 soll 47600.00",
            "3272 soll 10000.00",
            "3806 soll 1900.00",
            "4400 haben 50000.00",
            "3806 haben 9500.00"
        ]
    );
    haus.kredit_steht(["47600.00", "0.00", "0.00", "47600.00", "0.00"])
        .await;
    let op = haus.posten(&schluss).await;
    let zuordnungen = json!({"zuordnungen": [{"op_id": op["id"], "betrag": "47600.00"}]});
    haus.zahlung(&bank, "47600.00", zuordnungen).await;
    haus.kredit_steht(["0.00", "0.00", "0.00", "0.00", "0.00"]).await;
    assert_eq!(haus.auftrag(&auftrag).await["status"], "abgeschlossen");
}

/// Confirms, delivers as soon as the credit line lets it, invoices and pays.
async fn kette(haus: &Haus, bank: &str, (auftrag, position): (String, String)) {
    haus.auftrag_tun(&auftrag, "bestaetigen", json!({})).await.ok();
    let versand = haus.geplant(&auftrag).await;
    haus.ausliefern(&versand, &position, "1").await;
    let pfad = format!("{FIBU}/rechnungen?auftrag_id={auftrag}");
    let mut rechnung = String::new();
    bis("die Rechnung ist entworfen", async || {
        let liste = haus.server.get(&pfad).await.ok();
        let erste = liste["daten"][0]["id"].as_str();
        erste.unwrap_or_default().clone_into(&mut rechnung);
        erste.is_some()
    })
    .await;
    haus.fakturieren(&rechnung, "119.00").await;
    let op = haus.posten(&rechnung).await;
    let zuordnungen = json!({"zuordnungen": [{"op_id": op["id"], "betrag": "119.00"}]});
    haus.zahlung(bank, "119.00", zuordnungen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vierundsechzig_ketten_auf_einer_kreditlinie_kommen_nie_ueber_das_limit() {
    let haus = Arc::new(Haus::neu().await);
    haus.limit("1190.00").await;
    haus.zugang(&haus.kas, "64000").await;
    let bank = haus.bank().await;
    let mut auftraege = Vec::new();
    for _ in 0..64 {
        auftraege.push(haus.erfasst(&haus.kas, ("1", "t"), Some("100")).await);
    }
    let clients = tokio::task::LocalSet::new();
    for auftrag in auftraege {
        let (haus, bank) = (haus.clone(), bank.clone());
        clients.spawn_local(async move { kette(&haus, &bank, auftrag).await });
    }
    clients.await;
    haus.kredit_steht(["0.00", "0.00", "0.00", "0.00", "0.00"]).await;
    // In the order of the log: an order counts from its release until its invoice is paid.
    let schritte: Vec<i32> = sqlx::query_scalar(
        "SELECT CASE WHEN event_type = 'Freigegeben' THEN 1 ELSE -1 END FROM log.ereignis \
         WHERE mandant_id = $1 AND (aggregate_type = 'auftrag' AND event_type = 'Freigegeben' \
             OR aggregate_type = 'offener_posten' AND event_type = 'AusgleichAngewandt' \
                 AND (payload ->> 'betrag')::numeric > 0) ORDER BY position",
    )
    .bind(haus.mandant)
    .fetch_all(&haus.server.db.pool)
    .await
    .unwrap();
    assert_eq!(schritte.len(), 128);
    let (mut zugleich, mut hoechstens) = (0, 0);
    for schritt in schritte {
        zugleich += schritt;
        hoechstens = hoechstens.max(zugleich);
    }
    assert_eq!((zugleich, hoechstens), (0, 10), "ten of 119.00 fit into 1,190.00");
}
