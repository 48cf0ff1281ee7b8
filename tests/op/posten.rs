//! The items themselves: lists as of any day, reversals, the account that closes, any course of events.

use serde_json::json;

use super::{Haus, id};

#[tokio::test(flavor = "multi_thread")]
async fn beispiel_9_1_op_liste_auf_beiden_zeitachsen() {
    let haus = Haus::neu().await;
    let mut posten = Vec::new();
    for (datum, betrag, faellig) in [
        ("2026-01-05", "5000.00", "2026-04-15"),
        ("2026-01-05", "2000.00", "2026-03-20"),
        ("2026-01-05", "1500.50", "2026-02-10"),
        ("2026-01-05", "800.00", "2025-12-15"),
    ] {
        posten.push(haus.rechnung("10002", datum, betrag, json!({"faellig": faellig})).await);
    }
    let vorher = haus.post("waehrungen", json!({"iso": "CHF", "jahr": 2026})).await.ok()["position"]
        .as_i64()
        .unwrap();
    let zuordnung = json!([{"op_id": posten[2], "betrag": "500.50"}]);
    let (_, answer) = haus
        .zahlung("10002", "2026-03-05", "500.50", zuordnung, json!({}))
        .await;
    let nachher = answer["position"].as_i64().unwrap();
    let liste = async |bekannt: i64| {
        haus.get(&format!(
            "berichte/op-liste?stichtag=2026-03-31&bekannt_am={bekannt}&ab_position={nachher}"
        ))
        .await["summen"]
            .clone()
    };
    assert_eq!(
        liste(vorher).await,
        json!({"nicht_faellig": "5000.00", "tage_1_30": "2000.00", "tage_31_60": "1500.50", "tage_61_90": "0.00",
            "ueber_90": "800.00", "rest": "9300.50"})
    );
    let danach = liste(nachher).await;
    assert_eq!(
        (&danach["tage_31_60"], &danach["rest"]),
        (&json!("1000.00"), &json!("8800.00"))
    );
    let struktur = haus
        .get(&format!(
            "berichte/altersstruktur?stichtag=2026-03-31&ab_position={nachher}"
        ))
        .await;
    assert_eq!(struktur["zeilen"][0]["rest"], "8800.00");
    assert_eq!(struktur["zeilen"][0]["name"], "Hof Meyer GbR");
    let auszug = haus
        .get(&format!(
            "berichte/kontoauszug-partner?personenkonto=10002&von=2026-02-01&bis=2026-03-31&ab_position={nachher}"
        ))
        .await;
    assert_eq!(auszug["kopf"]["saldo_vortrag"], "9300.50");
    assert_eq!(
        auszug["summen"],
        json!({"soll": "0.00", "haben": "500.50", "saldo": "8800.00", "offen": "8800.00"})
    );
    let csv = haus
        .server
        .get("/api/v1/berichte/op-liste?stichtag=2026-03-31&format=csv")
        .await;
    assert!(csv.text.starts_with("personenkonto,name,belegnummer,"), "{}", csv.text);
    haus.abgestimmt("2026-03-31").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_storno_gleicht_original_und_umkehr_aus_und_geht_nur_bei_offenen_posten() {
    let haus = Haus::neu().await;
    let buchung = haus
        .buchen(
            "2026-03-02",
            &[
                ("10001", "soll", "119.00", json!({})),
                ("4400", "haben", "119.00", json!({})),
            ],
        )
        .await;
    let op = id(&haus.posten(&buchung).await);
    let (zahlung, _) = haus
        .zahlung(
            "10001",
            "2026-03-10",
            "19.00",
            json!([{"op_id": op, "betrag": "19.00"}]),
            json!({}),
        )
        .await;
    let storno = json!({"grund": "doppelt", "buchungsdatum": "2026-03-12"});
    let path = format!("buchungen/{buchung}/stornieren");
    haus.post(&path, storno.clone())
        .await
        .refused(422, "BUCHUNG_OP_AUSGEGLICHEN");
    let zahlung_stand = haus.get(&format!("fibu/zahlungen/{zahlung}")).await;
    let zahlbuchung = zahlung_stand["buchung_id"].as_str().unwrap().to_owned();
    haus.post(&format!("buchungen/{zahlbuchung}/stornieren"), storno.clone())
        .await
        .refused(422, "BUCHUNG_HERKUNFT_GESPERRT");
    haus.post(&format!("zahlungen/{zahlung}/stornieren"), storno.clone())
        .await
        .ok();
    assert_eq!(haus.rest(&op).await, "119.00");
    let zahlbuchung = haus.get(&format!("fibu/buchungen/{zahlbuchung}")).await;
    assert_eq!(zahlbuchung["status"], "storniert", "the origin reverses its voucher");
    haus.post(&path, storno).await.ok();
    assert_eq!(haus.rest(&op).await, "0.00");
    let ausgleich = haus.op(&op).await["ausgleiche"][0]["ausgleich_id"].clone();
    haus.post(
        &format!("ausgleiche/{}/aufheben", ausgleich.as_str().unwrap()),
        json!({"grund": "Test", "datum": "2026-03-13"}),
    )
    .await
    .refused(409, "STATUS_UNZULAESSIG");
    haus.abgestimmt("2026-03-31").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_storno_vor_seinem_beleg_gleicht_erst_mit_ihm_aus() {
    let haus = Haus::neu().await;
    let op = haus.rechnung("10001", "2026-03-10", "119.00", json!({})).await;
    let buchung = haus.op(&op).await["buchung_id"].as_str().unwrap().to_owned();
    let storno = json!({"grund": "falscher Tag", "buchungsdatum": "2026-03-05"});
    let storno = haus.post(&format!("buchungen/{buchung}/stornieren"), storno).await.ok();
    let liste = async |stichtag: &str| {
        let frage = format!(
            "berichte/op-liste?stichtag={stichtag}&ab_position={}",
            storno["position"]
        );
        let zeilen = haus.get(&frage).await["zeilen"].clone();
        let reste = zeilen.as_array().unwrap().iter();
        reste
            .map(|z| z["rest"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(liste("2026-03-07").await, ["-119.00"], "the reversal alone");
    assert!(liste("2026-03-10").await.is_empty());
    for stichtag in ["2026-03-07", "2026-03-10"] {
        haus.abgestimmt(stichtag).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_personenkonto_mit_offenen_posten_schliesst_nicht_auch_bei_saldo_null() {
    let haus = Haus::neu().await;
    haus.rechnung("10001", "2026-03-02", "100.00", json!({})).await;
    haus.zahlung("10001", "2026-03-10", "100.00", json!([]), json!({}))
        .await;
    let debitor = haus.get("fibu/debitoren?nr=10001").await["daten"][0].clone();
    let refusal = haus
        .post(&format!("debitoren/{}/schliessen", id(&debitor)), json!({}))
        .await
        .refused(422, "DEBITOR_OFFENE_POSTEN");
    assert_eq!(refusal["daten"], json!({"saldo": "0.00", "posten": 2}));
}

#[tokio::test(flavor = "multi_thread")]
async fn offene_posten_entstehen_nie_von_hand() {
    let haus = Haus::neu().await;
    haus.post("offene-posten", json!({}))
        .await
        .refused(404, "NICHT_GEFUNDEN");
}

/// Whatever is posted, paid, settled, taken back and reversed: Σ rest = saldo of every Personenkonto.
#[tokio::test(flavor = "multi_thread")]
async fn ueber_beliebige_verlaeufe_ist_die_summe_der_reste_der_saldo() {
    let haus = Haus::neu().await;
    let mut zustand = 0x9e37_79b9_7f4a_7c15_u64;
    let mut wuerfel = move |seiten: u64| {
        zustand ^= zustand << 13;
        zustand ^= zustand >> 7;
        zustand ^= zustand << 17;
        zustand % seiten
    };
    let mut accepted = 0;
    for _ in 0..120 {
        let konto = ["10001", "10002", "70001"][usize::try_from(wuerfel(3)).unwrap()];
        let offene = haus
            .get(&format!("fibu/offene-posten?personenkonto={konto}&limit=50"))
            .await;
        let offene = offene["daten"].as_array().unwrap().clone();
        let einer =
            (!offene.is_empty()).then(|| offene[usize::try_from(wuerfel(offene.len() as u64)).unwrap()].clone());
        let betrag = format!("{}.{:02}", 1 + wuerfel(900), wuerfel(100));
        let reply = match (wuerfel(6), einer) {
            (0 | 1, _) | (_, None) => {
                haus.rechnung(
                    konto,
                    "2026-03-02",
                    &betrag,
                    json!({"skonto": [{"bis": "2026-12-31", "prozent": "3"}]}),
                )
                .await;
                accepted += 1;
                continue;
            }
            (2, Some(op)) => {
                let rest = op["rest"].as_str().unwrap().trim_start_matches('-').to_owned();
                let richtung = if konto == "70001" { "ausgang" } else { "eingang" };
                let body = json!({"richtung": richtung, "geldkonto_id": haus.bank, "personenkonto": konto, "betrag": betrag,
                    "buchungsdatum": "2026-03-10", "restbehandlung": "kleindifferenz",
                    "zuordnungen": [{"op_id": op["id"], "betrag": if wuerfel(2) == 0 { rest } else { betrag.clone() }}]});
                let reply = haus.post("zahlungen", body).await;
                if reply.status != 201 {
                    continue;
                }
                haus.post(&format!("zahlungen/{}/buchen", id(&reply.body)), json!({}))
                    .await
            }
            (3, Some(op)) => {
                let buchung = op["buchung_id"].as_str().unwrap();
                haus.post(
                    &format!("buchungen/{buchung}/stornieren"),
                    json!({"grund": "Zufall", "buchungsdatum": "2026-03-20"}),
                )
                .await
            }
            (4, Some(op)) => {
                let stand = haus.op(op["id"].as_str().unwrap()).await;
                let Some(ausgleich) = stand["ausgleiche"][0]["ausgleich_id"].as_str() else {
                    continue;
                };
                haus.post(
                    &format!("ausgleiche/{ausgleich}/aufheben"),
                    json!({"grund": "Zufall", "datum": "2026-03-20"}),
                )
                .await
            }
            (_, Some(op)) => {
                let body = json!({"datum": "2026-03-15", "grund": "Zufall", "restbehandlung": "forderungsverlust",
                    "zeilen": [{"op_id": op["id"], "betrag": op["rest"]}]});
                haus.post("ausgleiche", body).await
            }
        };
        assert!(reply.status < 500, "{}", reply.text);
        accepted += u32::from(reply.status < 300);
    }
    assert!(accepted > 60, "{accepted}");
    haus.abgestimmt("2026-03-31").await;
    let alle = haus.get("fibu/offene-posten?limit=200").await;
    assert!(
        alle["daten"]
            .as_array()
            .unwrap()
            .iter()
            .any(|p| p["status"] == "ausgeglichen")
    );
}
