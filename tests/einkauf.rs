//! From the order to the paid invoice over HTTP: the examples B1 to B3 of wawi 4 to the cent, the reports of purchase on
//! both time axes, and what happens when many receive on one order.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;
mod einkauf_haus;
mod einkauf_kette;
mod verkauf_haus;

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use einkauf_haus::Einkauf;
use serde_json::{Value, json};
use verkauf_haus::{FIBU, WAWI, id};

fn heute() -> NaiveDate {
    aggregates::types::kalender::tag(neuroerp::uhr::jetzt())
}

/// Some cells of a report's lines.
fn zellen(bericht: &Value, spalten: &[&str]) -> Vec<Vec<String>> {
    let text = |wert: &Value| wert.as_str().map_or_else(|| wert.to_string(), str::to_owned);
    let zeilen = bericht["zeilen"].as_array().unwrap().iter();
    zeilen
        .map(|zeile| spalten.iter().map(|spalte| text(&zeile[*spalte])).collect())
        .collect()
}

async fn konten(einkauf: &Einkauf, buchung: &Value) -> Vec<String> {
    let pfad = format!("{FIBU}/buchungen/{}", buchung.as_str().unwrap());
    let buchung = einkauf.haus.server.get(&pfad).await.ok();
    let text = |p: &Value, feld: &str| p[feld].as_str().unwrap_or_default().to_owned();
    let zeile = |p: &Value| format!("{} {} {}", text(p, "konto"), text(p, "seite"), text(p, "betrag"));
    buchung["positionen"].as_array().unwrap().iter().map(zeile).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_von_der_bestellung_in_teilen_bis_zum_ausgleich() {
    let einkauf = Einkauf::neu().await;
    let haus = &einkauf.haus;
    let termin = (heute() - Days::new(3)).to_string();
    let bestellt = einkauf.bestellt(&[(&haus.futter, "25", "400.00", &termin)]).await;
    let spalten = ["bestellt", "geliefert", "offen_menge", "offen_wert", "tage_verspaetet"];
    let offen = haus.bericht("offene-bestellungen", "").await;
    assert_eq!(zellen(&offen, &spalten), [["25", "0", "25", "10000.00", "3"]]);
    let bestellt_bis = haus.server.db.store.head(haus.mandant).await.unwrap();
    let zugesagt = (heute() + Days::new(40)).to_string();
    let zeile = json!({"position_id": bestellt.positionen[0], "termin": zugesagt});
    einkauf
        .bestellung_tun(&bestellt.id, "bestaetigen", json!({"positionen": [zeile]}))
        .await
        .ok();
    let obligo = haus.bericht("bestellobligo", "").await;
    let monat = &zugesagt[..7];
    assert_eq!(
        zellen(&obligo, &["liefermonat", "positionen", "netto"]),
        [[monat, "1", "10000.00"]]
    );

    let erster = einkauf.gebucht("L-1", &bestellt, "20").await;
    assert_eq!(einkauf.bestellung(&bestellt.id).await["status"], "teil_geliefert");
    assert_eq!(haus.bestand(&haus.futter).await["bestand"], "20000.000000");
    let offen = haus.bericht("offene-bestellungen", "").await;
    assert_eq!(zellen(&offen, &spalten), [["25", "20", "5", "2000.00", "0"]]);
    assert_eq!(offen["zeilen"][0]["bestaetigt_termin"], json!(zugesagt));

    let zuviel = einkauf.eingang("L-2", &bestellt, "6.5").await;
    let abgelehnt = einkauf.eingang_tun(&zuviel, "buchen", json!({})).await;
    assert_eq!(
        abgelehnt.refused(422, "BESTELLUNG_UEBERLIEFERUNG")["daten"]["max"],
        "6.25"
    );
    assert_eq!(haus.bestand(&haus.futter).await["bestand"], "20000.000000");
    let zweiter = einkauf.gebucht("L-3", &bestellt, "4").await;
    let stand = einkauf.bestellung(&bestellt.id).await;
    assert_eq!(
        (&stand["status"], &stand["positionen"][0]["geliefert"]),
        (&json!("geliefert"), &json!("24.000000"))
    );
    assert_eq!(haus.bericht("bestellobligo", "").await["summen"]["netto"], "0.00");

    // What came is not invoiced yet; then it is, to the cent, and paid.
    let spalten = ["lieferschein_nr", "geliefert", "berechnet", "wert_offen", "tage"];
    let liste = haus.bericht("we-re-liste", "").await;
    assert_eq!(
        zellen(&liste, &spalten),
        [["L-1", "20", "0", "8000.00", "0"], ["L-3", "4", "0", "1600.00", "0"]]
    );
    let teil = einkauf.rechnung("R-1", "4760.00", &[(&erster, "10", "4000.00")]).await;
    buchen(&einkauf, &teil).await;
    let liste = haus.bericht("we-re-liste", "").await;
    assert_eq!(zellen(&liste, &spalten)[0], ["L-1", "20", "10", "4000.00", "0"]);
    assert_eq!(einkauf.bestellung(&bestellt.id).await["status"], "geliefert");
    let rest = [(&erster, "10", "4000.00"), (&zweiter, "4", "1600.00")];
    let rechnung = einkauf.rechnung("R-2", "6664.00", &rest).await;
    let buchung = buchen(&einkauf, &rechnung).await;
    let stand = einkauf.bestellung(&bestellt.id).await;
    assert_eq!(
        (&stand["status"], &stand["positionen"][0]["berechnet"]),
        (&json!("abgeschlossen"), &json!("24.000000"))
    );
    assert_eq!(haus.bericht("we-re-liste", "").await["zeilen"], json!([]));
    assert_eq!(
        konten(&einkauf, &buchung).await,
        [
            "3300 haben 6664.00",
            "5400 soll 4000.00",
            "5400 soll 1600.00",
            "1406 soll 1064.00"
        ]
    );
    zahlen(&einkauf, &buchung, "6664.00").await;
    einkauf
        .eingang_tun(&erster.0, "stornieren", json!({"grund": "falsch"}))
        .await
        .refused(422, "WARENEINGANG_BERECHNET");

    // As it was known before the confirmation, everything was open and late.
    let damals = haus
        .bericht("offene-bestellungen", &format!("bekannt_am={bestellt_bis}"))
        .await;
    assert_eq!(damals["summen"]["offen_wert"], "10000.00");
    assert_eq!(damals["zeilen"][0]["bestaetigt_termin"], json!(null));
    let gestern = heute() - Days::new(1);
    for bericht in ["offene-bestellungen", "bestellobligo", "we-re-liste"] {
        let leer = haus.bericht(bericht, &format!("stichtag={gestern}")).await;
        assert_eq!(leer["zeilen"], json!([]), "{bericht}");
        let fremd = haus.bericht(bericht, "lieferant=79999").await;
        assert_eq!(fremd["zeilen"], json!([]), "{bericht}");
    }
    let buch = haus
        .bericht("wareneingangsbuch", &format!("von={}&artikel=MLF", heute()))
        .await;
    assert_eq!(
        zellen(&buch, &["art", "menge", "netto"]),
        [["zugang", "20", "8000.00"], ["zugang", "4", "1600.00"]]
    );
    let csv = haus.server.get("/api/v1/berichte/wareneingangsbuch?format=csv").await;
    assert!(
        csv.text.starts_with("buchungsdatum,we_nr,art,lieferschein_nr,"),
        "{}",
        csv.text
    );
}

/// Checked, released by a second person and booked; its voucher.
async fn buchen(einkauf: &Einkauf, rechnung: &str) -> Value {
    let server = &einkauf.haus.server;
    einkauf.rechnung_tun(server, rechnung, "pruefen").await.ok();
    einkauf.rechnung_tun(&einkauf.zweite, rechnung, "freigeben").await.ok();
    einkauf.rechnung_tun(server, rechnung, "buchen").await.ok();
    let stand = server.get(&format!("{FIBU}/eingangsrechnungen/{rechnung}")).await.ok();
    stand["buchung_id"].clone()
}

/// Pays the open item of a voucher in full.
async fn zahlen(einkauf: &Einkauf, buchung: &Value, betrag: &str) {
    let server = &einkauf.haus.server;
    let posten = format!("{FIBU}/offene-posten?buchung_id={}", buchung.as_str().unwrap());
    let op = server.get(&posten).await.ok()["daten"][0].clone();
    assert_eq!(op["rest"], format!("-{betrag}"));
    let bank = json!({"art": "bank", "konto_nr": "1800", "bezeichnung": "Hausbank"});
    let bank = id(&server.post(&format!("{FIBU}/geldkonten"), bank).await.ok());
    let zahlung = json!({"richtung": "ausgang", "geldkonto_id": bank, "personenkonto": einkauf.kreditor_nr,
        "betrag": betrag, "buchungsdatum": heute(), "zuordnungen": [{"op_id": op["id"], "betrag": betrag}]});
    let zahlung = id(&server.post(&format!("{FIBU}/zahlungen"), zahlung).await.ok());
    server
        .post(&format!("{FIBU}/zahlungen/{zahlung}/buchen"), json!({}))
        .await
        .ok();
    let stand = server.get(&format!("{FIBU}/zahlungen/{zahlung}")).await.ok();
    let ausgleich = format!("{FIBU}/ausgleiche/{}", stand["ausgleich_id"].as_str().unwrap());
    assert_eq!(server.get(&ausgleich).await.ok()["status"], "ausgeglichen");
    let op = server.get(&posten).await.ok()["daten"][0].clone();
    assert_eq!((&op["rest"], &op["status"]), (&json!("0.00"), &json!("ausgeglichen")));
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_menge_und_preis_der_rechnung_gegen_bestellung_und_wareneingang() {
    let einkauf = Einkauf::neu().await;
    let haus = &einkauf.haus;
    let bestellt = einkauf.bestellt(&[(&haus.futter, "24", "312.00", "2026-12-01")]).await;
    let we = einkauf.gebucht("L-1", &bestellt, "23.9").await;
    assert_eq!(haus.bericht("we-re-liste", "").await["summen"]["wert_offen"], "7456.80");
    let zuviel = einkauf.rechnung("R-1", "8910.72", &[(&we, "24", "7488.00")]).await;
    let abgelehnt = einkauf.rechnung_tun(&haus.server, &zuviel, "pruefen").await;
    assert_eq!(
        abgelehnt.refused(422, "RECHNUNGSPRUEFUNG_MENGE_UEBER_WE")["daten"]["offen"],
        "23.9"
    );

    let rechnung = einkauf.rechnung("R-2", "8958.92", &[(&we, "23.9", "7528.50")]).await;
    einkauf.rechnung_tun(&haus.server, &rechnung, "pruefen").await.ok();
    let pruefungen = format!("{WAWI}/rechnungspruefungen?eingangsrechnung_id={rechnung}");
    let pruefung = id(&haus.server.get(&pruefungen).await.ok()["daten"][0]);
    let pruefung = format!("{WAWI}/rechnungspruefungen/{pruefung}");
    let zeile = haus.server.get(&pruefung).await.ok()["zeilen"][0].clone();
    assert_eq!(
        (&zeile["wert_vereinbart"], &zeile["delta_wert"], &zeile["ergebnis"]),
        (&json!("7456.80"), &json!("71.70"), &json!("abweichung"))
    );
    let wartet = einkauf.rechnung_tun(&einkauf.zweite, &rechnung, "freigeben").await;
    assert_eq!(
        wartet.refused(422, "EINGANGSRECHNUNG_BESTELLABGLEICH")["daten"]["preis"],
        "71.70"
    );
    let ohne_recht = einkauf.dritte.post(&format!("{pruefung}/freigeben"), json!({})).await;
    ohne_recht.refused(403, "BERECHTIGUNG_FEHLT");
    let begruendung = json!({"begruendung": "Preiserhöhung angekündigt"});
    haus.server
        .post(&format!("{pruefung}/freigeben"), begruendung)
        .await
        .ok();
    einkauf.rechnung_tun(&einkauf.zweite, &rechnung, "freigeben").await.ok();
    einkauf.rechnung_tun(&haus.server, &rechnung, "buchen").await.ok();
    assert_eq!(haus.bericht("we-re-liste", "").await["zeilen"], json!([]));
    // The invoice is taken back: the receipt waits for one again, and the order is open.
    let storno = format!("{FIBU}/eingangsrechnungen/{rechnung}/stornieren");
    haus.server.post(&storno, json!({"grund": "falscher Preis"})).await.ok();
    assert_eq!(haus.bericht("we-re-liste", "").await["summen"]["wert_offen"], "7456.80");
    assert_eq!(einkauf.bestellung(&bestellt.id).await["status"], "geliefert");
    einkauf
        .eingang_tun(&we.0, "stornieren", json!({"grund": "falsche Ware"}))
        .await
        .ok();
    assert_eq!(haus.bestand(&haus.futter).await["bestand"], "0.000000");
    assert_eq!(haus.bericht("bestellobligo", "").await["summen"]["netto"], "7488.00");
    let buch = haus.bericht("wareneingangsbuch", "").await;
    assert_eq!(
        zellen(&buch, &["art", "netto"]),
        [["zugang", "7456.80"], ["storno", "-7456.80"]]
    );
    let falsch = haus
        .server
        .get("/api/v1/berichte/wareneingangsbuch?von=2026-02-01&bis=2026-01-01")
        .await;
    falsch.refused(422, "EINGABE_UNGUELTIG");
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_fracht_nach_gewicht_und_zwei_stufen_von_zwei_personen() {
    let einkauf = Einkauf::neu().await;
    let haus = &einkauf.haus;
    let entwurf = einkauf
        .entwurf(&[
            (&haus.futter, "12", "400.00", "2026-12-01"),
            (&haus.kas, "18", "400.00", "2027-01-15"),
        ])
        .await;
    let fracht = json!({"art": "fracht", "betrag": "90.00", "verteilung": "gewicht"});
    einkauf
        .bestellung_tun(&entwurf.id, "nebenkosten-setzen", fracht)
        .await
        .ok();
    let stand = einkauf.bestellung(&entwurf.id).await;
    let anteile = stand["nebenkosten"][0]["anteile"].as_array().unwrap();
    let anteil = |nr: usize| {
        let gesucht = anteile
            .iter()
            .find(|a| a["position_id"] == json!(entwurf.positionen[nr]));
        gesucht.unwrap()["betrag"].clone()
    };
    assert_eq!(
        (anteil(0), anteil(1), &stand["netto"]),
        (json!("36.00"), json!("54.00"), &json!("12000.00"))
    );

    einkauf
        .bestellung_tun(&entwurf.id, "zur-freigabe-geben", json!({}))
        .await
        .ok();
    let freigeben = format!("{WAWI}/bestellungen/{}/freigeben", entwurf.id);
    let selbst = haus.server.post(&freigeben, json!({"stufe": 1})).await;
    assert_eq!(
        selbst.refused(403, "VIER_AUGEN")["daten"]["regel"],
        "selbst_genehmigung"
    );
    let vorgriff = einkauf.zweite.post(&freigeben, json!({"stufe": 2})).await;
    assert_eq!(
        vorgriff.refused(422, "BESTELLUNG_FREIGABE_ERFORDERLICH")["daten"]["stufe"],
        1
    );
    einkauf.zweite.post(&freigeben, json!({"stufe": 1})).await.ok();
    let doppelt = einkauf.zweite.post(&freigeben, json!({"stufe": 2})).await;
    assert_eq!(doppelt.refused(403, "VIER_AUGEN")["daten"]["regel"], "doppelte_person");
    einkauf.dritte.post(&freigeben, json!({"stufe": 2})).await.ok();
    einkauf.bestellung_tun(&entwurf.id, "bestellen", json!({})).await.ok();
    let obligo = haus.bericht("bestellobligo", "").await;
    assert_eq!(
        zellen(&obligo, &["liefermonat", "netto"]),
        [["2026-12", "4800.00"], ["2027-01", "7200.00"]]
    );

    // Parts of a position have their months; a cancelled rest binds nothing.
    let teile = json!([{"termin": "2027-01-10", "menge": "10.5"}, {"termin": "2027-02-10", "menge": "7.5"}]);
    let aendern = json!({"position_id": entwurf.positionen[1], "einteilungen": teile});
    einkauf
        .bestellung_tun(&entwurf.id, "position-aendern", aendern)
        .await
        .ok();
    let obligo = haus.bericht("bestellobligo", "artikel=KAS").await;
    assert_eq!(
        zellen(&obligo, &["liefermonat", "netto"]),
        [["2027-01", "4200.00"], ["2027-02", "3000.00"]]
    );
    let zweite = einkauf_haus::Bestellt {
        id: entwurf.id.clone(),
        positionen: vec![entwurf.positionen[1].clone()],
    };
    einkauf.gebucht("L-1", &zweite, "12").await;
    let obligo = haus.bericht("bestellobligo", "artikel=KAS").await;
    assert_eq!(zellen(&obligo, &["liefermonat", "netto"]), [["2027-02", "2400.00"]]);
    let offen = haus.bericht("offene-bestellungen", "artikel=KAS").await;
    assert_eq!(zellen(&offen, &["offen_menge", "termin"]), [["6", "2027-02-10"]]);
    let rest = json!({"position_id": entwurf.positionen[1], "grund": "kommt nicht mehr"});
    einkauf.bestellung_tun(&entwurf.id, "rest-stornieren", rest).await.ok();
    assert_eq!(haus.bericht("bestellobligo", "").await["summen"]["netto"], "4800.00");
    let wieder = json!({"position_id": entwurf.positionen[1]});
    einkauf
        .bestellung_tun(&entwurf.id, "position-wiederoeffnen", wieder)
        .await
        .ok();
    assert_eq!(haus.bericht("bestellobligo", "").await["summen"]["netto"], "7200.00");
    // What the supplier raises waits for approval and takes no goods meanwhile.
    let preis = json!({"betrag": "410.00", "je": "1", "einheit": "t"});
    let teurer = json!({"positionen": [{"position_id": entwurf.positionen[0], "preis": preis}]});
    let antwort = einkauf.bestellung_tun(&entwurf.id, "bestaetigen", teurer).await.ok();
    assert_eq!(antwort["ereignisse"], json!(["Bestaetigt", "ZurFreigabeGegeben"]));
    let eingang = json!({"lieferant_id": einkauf.lieferant, "lieferschein_nr": "L-9", "lager_id": haus.lager});
    let eingang = id(&haus.server.post(&format!("{WAWI}/wareneingaenge"), eingang).await.ok());
    let zeile =
        json!({"bestellung_id": entwurf.id, "position_id": entwurf.positionen[0], "menge": "1", "einheit": "t"});
    let abgelehnt = einkauf.eingang_tun(&eingang, "position-erfassen", zeile).await;
    abgelehnt.refused(409, "STATUS_UNZULAESSIG");
}

#[tokio::test(flavor = "multi_thread")]
async fn mit_offenen_vorgaengen_wird_ein_lieferant_nicht_inaktiv() {
    let einkauf = Einkauf::neu().await;
    let haus = &einkauf.haus;
    let inaktivieren = async || {
        let pfad = format!("{WAWI}/lieferanten/{}/inaktivieren", einkauf.lieferant);
        haus.server.post(&pfad, json!({})).await
    };
    let offen = async || {
        let daten = inaktivieren().await.refused(422, "LIEFERANT_OFFENE_VORGAENGE")["daten"].clone();
        ["bestellungen", "wareneingaenge", "saldo"].map(|feld| daten[feld].clone())
    };
    let bestellt = einkauf.bestellt(&[(&haus.futter, "10", "100.00", "2026-12-01")]).await;
    assert_eq!(offen().await, [json!(1), json!(0), json!("0.00")]);
    let artikel = format!("{WAWI}/artikel/{}", haus.futter);
    haus.server
        .post(&format!("{artikel}/auslaufen-lassen"), json!({}))
        .await
        .ok();
    let erwartet = haus.server.post(&format!("{artikel}/archivieren"), json!({})).await;
    assert_eq!(
        erwartet.refused(422, "ARTIKEL_NOCH_BESTAND")["daten"]["bestellungen"],
        1
    );
    let we = einkauf.gebucht("L-1", &bestellt, "10").await;
    assert_eq!(offen().await, [json!(1), json!(1), json!("0.00")]);
    let rechnung = einkauf.rechnung("R-1", "1190.00", &[(&we, "10", "1000.00")]).await;
    buchen(&einkauf, &rechnung).await;
    assert_eq!(offen().await, [json!(0), json!(0), json!("-1190.00")]);
    let storno = json!({"grund": "falsch"});
    let pfad = format!("{FIBU}/eingangsrechnungen/{rechnung}/stornieren");
    haus.server.post(&pfad, storno.clone()).await.ok();
    einkauf.eingang_tun(&we.0, "stornieren", storno.clone()).await.ok();
    assert_eq!(offen().await, [json!(1), json!(0), json!("0.00")]);
    einkauf.bestellung_tun(&bestellt.id, "stornieren", storno).await.ok();
    inaktivieren().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn vierundsechzig_eingaenge_auf_eine_position_kommen_nie_ueber_die_toleranz() {
    let einkauf = Arc::new(Einkauf::neu().await);
    let bestellt = einkauf
        .bestellt(&[(&einkauf.haus.futter, "25", "300.00", "2026-12-01")])
        .await;
    let mut eingaenge = Vec::new();
    for nr in 0..64 {
        eingaenge.push(einkauf.eingang(&format!("L-{nr}"), &bestellt, "1").await);
    }
    let mut tasks = Vec::new();
    for eingang in eingaenge {
        let einkauf = einkauf.clone();
        tasks.push(tokio::spawn(async move {
            let antwort = einkauf.eingang_tun(&eingang, "buchen", json!({})).await;
            if antwort.status < 300 {
                return true;
            }
            let max = antwort.refused(422, "BESTELLUNG_UEBERLIEFERUNG")["daten"]["max"].clone();
            assert_eq!(max, "0.25", "26 of 26.25 t came");
            false
        }));
    }
    let mut gebucht = 0;
    for task in tasks {
        gebucht += i32::from(task.await.unwrap());
    }
    assert_eq!(gebucht, 26, "25 t and 5 %");
    let stand = einkauf.bestellung(&bestellt.id).await;
    assert_eq!(stand["positionen"][0]["geliefert"], "26.000000");
    let haus = &einkauf.haus;
    assert_eq!(haus.bestand(&haus.futter).await["bestand"], "26000.000000");
    let buch = haus.bericht("wareneingangsbuch", "").await;
    assert_eq!(
        (&buch["summen"]["zeilen"], &buch["summen"]["netto"]),
        (&json!(26), &json!("7800.00"))
    );
    let nummern: std::collections::BTreeSet<String> = zellen(&buch, &["we_nr"]).concat().into_iter().collect();
    assert_eq!(nummern.len(), 26);
    assert_eq!(haus.bericht("bestellobligo", "").await["summen"]["netto"], "0.00");
}
