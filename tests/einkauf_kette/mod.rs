//! The report `belegkette` of purchases: from any document of a chain, after partial receipts and two invoices, after a
//! receipt that was assigned by hand, and after reversals.

use serde_json::{Value, json};

use crate::{
    buchen,
    einkauf_haus::Einkauf,
    verkauf_haus::{FIBU, WAWI, id},
    zahlen,
};

/// Lines of the chain of a document: what, from what, quantity, value.
async fn kette(einkauf: &Einkauf, beleg: &str, mehr: &str) -> Vec<String> {
    let kette = einkauf
        .haus
        .bericht("belegkette", &format!("beleg={beleg}{mehr}"))
        .await;
    let text = |zeile: &Value, feld: &str| zeile[feld].as_str().unwrap_or("-").to_owned();
    let felder = [
        "beleg_typ",
        "nummer",
        "vorgaenger_typ",
        "vorgaenger_nummer",
        "menge",
        "wert",
    ];
    let zeile = |z: &Value| felder.map(|feld| text(z, feld)).join(" ");
    kette["zeilen"].as_array().unwrap().iter().map(zeile).collect()
}

/// The only record of a list.
async fn einziger(einkauf: &Einkauf, pfad: &str) -> Value {
    let liste = einkauf.haus.server.get(pfad).await.ok()["daten"].clone();
    assert_eq!(liste.as_array().unwrap().len(), 1, "{pfad}");
    liste[0].clone()
}

fn ids(wert: &Value) -> String {
    wert.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn die_belegkette_ist_von_jedem_beleg_des_einkaufs_dieselbe() {
    let einkauf = Einkauf::neu().await;
    let haus = &einkauf.haus;
    let bestellt = einkauf.bestellt(&[(&haus.futter, "25", "400.00", "2026-12-01")]).await;
    let erster = einkauf.gebucht("L-1", &bestellt, "20").await;
    let zweiter = einkauf.gebucht("L-2", &bestellt, "5").await;
    let teil = einkauf.rechnung("R-1", "4760.00", &[(&erster, "10", "4000.00")]).await;
    buchen(&einkauf, &teil).await;
    let rest = [(&erster, "10", "4000.00"), (&zweiter, "5", "2000.00")];
    let rest = einkauf.rechnung("R-2", "7140.00", &rest).await;
    let buchung = buchen(&einkauf, &rest).await;
    zahlen(&einkauf, &buchung, "7140.00").await;

    let vom_ersten = [
        "bestellung BE-2026-000001 - - - 10000.00",
        "wareneingang WE-2026-000001 bestellung BE-2026-000001 20 8000.00",
    ];
    let vom_zweiten = ["wareneingang WE-2026-000002 bestellung BE-2026-000001 5 2000.00"];
    let erste_rechnung = [
        "eingangsrechnung ER-2026-000001 wareneingang WE-2026-000001 10 4000.00",
        "buchung ER-2026-000001 eingangsrechnung ER-2026-000001 - 4760.00",
        "offener_posten ER-2026-000001 buchung ER-2026-000001 - -4760.00",
    ];
    let aus_beiden = [
        "eingangsrechnung ER-2026-000002 wareneingang WE-2026-000001 10 4000.00",
        "eingangsrechnung ER-2026-000002 wareneingang WE-2026-000002 5 2000.00",
    ];
    let zweite_rechnung = [
        "buchung ER-2026-000002 eingangsrechnung ER-2026-000002 - 7140.00",
        "offener_posten ER-2026-000002 buchung ER-2026-000002 - -7140.00",
        "zahlung - - - - -",
        "ausgleich - offener_posten ER-2026-000002 - -7140.00",
        "ausgleich - zahlung - - 7140.00",
    ];
    let alles = [
        &vom_ersten[..],
        &vom_zweiten,
        &erste_rechnung,
        &aus_beiden,
        &zweite_rechnung,
    ]
    .concat();
    let sortiert = |mut zeilen: Vec<String>| {
        zeilen.sort();
        zeilen
    };
    let erwartet = |teile: &[&[&str]]| sortiert(teile.concat().into_iter().map(str::to_owned).collect());
    assert_eq!(
        kette(&einkauf, "BE-2026-000001", "").await,
        alles,
        "in the order in which it came to be"
    );

    // Down from a receipt, and up and down from an invoice: never to the other receipt or invoice.
    let aus_dem_zweiten = [&vom_ersten[..1], &vom_zweiten, &aus_beiden[1..], &zweite_rechnung];
    assert_eq!(
        sortiert(kette(&einkauf, "WE-2026-000002", "").await),
        erwartet(&aus_dem_zweiten)
    );
    assert_eq!(
        sortiert(kette(&einkauf, &teil, "").await),
        erwartet(&[&vom_ersten, &erste_rechnung])
    );
    let der_rest = erwartet(&[&vom_ersten, &vom_zweiten, &aus_beiden, &zweite_rechnung]);
    let pruefung = format!("{WAWI}/rechnungspruefungen?eingangsrechnung_id={rest}");
    let posten = format!("{FIBU}/offene-posten?buchung_id={}", ids(&buchung));
    for beleg in [
        "ER-2026-000002".to_owned(),
        "R-2".to_owned(),
        rest,
        id(&einziger(&einkauf, &pruefung).await),
        ids(&buchung),
        id(&einziger(&einkauf, &posten).await),
    ] {
        assert_eq!(sortiert(kette(&einkauf, &beleg, "").await), der_rest, "{beleg}");
    }
    // A payment and its settlement know the order too, and the payment its own voucher.
    let zahlung = einziger(&einkauf, &format!("{FIBU}/zahlungen")).await;
    let zahlung = einkauf
        .haus
        .server
        .get(&format!("{FIBU}/zahlungen/{}", id(&zahlung)))
        .await
        .ok();
    for beleg in [&zahlung["id"], &zahlung["ausgleich_id"]] {
        let gezeigt = kette(&einkauf, &ids(beleg), "").await;
        assert!(der_rest.iter().all(|zeile| gezeigt.contains(zeile)), "{gezeigt:#?}");
        assert!(
            !gezeigt.iter().any(|zeile| zeile.contains("ER-2026-000001")),
            "{gezeigt:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn die_belegkette_zeigt_was_zurueckgenommen_und_was_neu_zugeordnet_ist() {
    let einkauf = Einkauf::neu().await;
    let haus = &einkauf.haus;
    let bestellt = einkauf.bestellt(&[(&haus.futter, "20", "400.00", "2026-12-01")]).await;
    let falscher = einkauf.gebucht("L-1", &bestellt, "10").await;
    let richtiger = einkauf.gebucht("L-2", &bestellt, "10").await;
    let rechnung = einkauf
        .rechnung("R-1", "4760.00", &[(&falscher, "10", "4000.00")])
        .await;
    einkauf.rechnung_tun(&haus.server, &rechnung, "pruefen").await.ok();
    let pruefung = format!("{WAWI}/rechnungspruefungen?eingangsrechnung_id={rechnung}");
    let pruefung = id(&einziger(&einkauf, &pruefung).await);
    let zuordnen = json!({"position": 1, "menge": "10",
        "wareneingang": {"wareneingang_id": richtiger.0, "we_position_id": richtiger.1}});
    let pfad = format!("{WAWI}/rechnungspruefungen/{pruefung}/zeile-zuordnen");
    haus.server.post(&pfad, zuordnen).await.ok();
    einkauf.rechnung_tun(&einkauf.zweite, &rechnung, "freigeben").await.ok();
    einkauf.rechnung_tun(&haus.server, &rechnung, "buchen").await.ok();
    // The document names one receipt, the goods came with the other.
    let gebucht = [
        "bestellung BE-2026-000001 - - - 8000.00",
        "wareneingang WE-2026-000001 bestellung BE-2026-000001 10 4000.00",
        "wareneingang WE-2026-000002 bestellung BE-2026-000001 10 4000.00",
        "eingangsrechnung ER-2026-000001 wareneingang WE-2026-000001 10 4000.00",
        "buchung ER-2026-000001 eingangsrechnung ER-2026-000001 - 4760.00",
        "offener_posten ER-2026-000001 buchung ER-2026-000001 - -4760.00",
        "eingangsrechnung ER-2026-000001 wareneingang WE-2026-000002 - -",
    ];
    assert_eq!(kette(&einkauf, "ER-2026-000001", "").await, gebucht);
    let vor_dem_storno = haus.server.db.store.head(haus.mandant).await.unwrap();

    let grund = json!({"grund": "falsche Ware"});
    let pfad = format!("{FIBU}/eingangsrechnungen/{rechnung}/stornieren");
    haus.server.post(&pfad, grund.clone()).await.ok();
    einkauf.eingang_tun(&richtiger.0, "stornieren", grund).await.ok();
    let storniert = kette(&einkauf, "BE-2026-000001", "").await;
    let zurueck = "wareneingang WE-2026-000002 bestellung BE-2026-000001 0 0.00";
    let umkehr = [
        "buchung UM-2026-000001 buchung ER-2026-000001 - -4760.00",
        "offener_posten UM-2026-000001 buchung UM-2026-000001 - 4760.00",
        "ausgleich - offener_posten ER-2026-000001 - -4760.00",
        "ausgleich - offener_posten UM-2026-000001 - 4760.00",
    ];
    let erwartet: Vec<&str> = gebucht[..2]
        .iter()
        .chain([&zurueck])
        .chain(&gebucht[3..])
        .chain(&umkehr)
        .copied()
        .collect();
    assert_eq!(storniert, erwartet);
    // What was known before the reversal, and what its voucher says of it.
    let damals = kette(&einkauf, "BE-2026-000001", &format!("&bekannt_am={vor_dem_storno}")).await;
    assert_eq!(damals, gebucht);
    // The item of the invoice is beside its way.
    let vom_umkehrbeleg = kette(&einkauf, "UM-2026-000001", "").await;
    for zeile in [gebucht[0], zurueck, gebucht[4], umkehr[0], umkehr[1], umkehr[3]] {
        assert!(
            vom_umkehrbeleg.iter().any(|z| z == zeile),
            "{zeile}: {vom_umkehrbeleg:#?}"
        );
    }
}
