//! Open items, settlements and payments over HTTP, with the worked examples of the specification (fibu 4 and 9), cent by
//! cent.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use common::{Reply, TestServer};
use serde_json::{Value, json};

/// A company with two customers, a supplier and a bank account.
struct Haus {
    server: TestServer,
    bank: String,
}

impl Haus {
    async fn neu() -> Self {
        let server = common::server().await;
        server.debitor("10001", "Landhof Petersen GmbH").await;
        server.debitor("10002", "Hof Meyer GbR").await;
        let kreditor = json!({"nr": "70001", "name": "Düngerwerk Nord AG"});
        server.post("/api/v1/fibu/kreditoren", kreditor).await.ok();
        let bank =
            json!({"bezeichnung": "Hausbank", "art": "bank", "konto_nr": "1800", "iban": "DE89370400440532013000"});
        let bank = server.post("/api/v1/fibu/geldkonten", bank).await.ok()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { server, bank }
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.server.post(&format!("/api/v1/fibu/{path}"), body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.server.get(&format!("/api/v1/{path}")).await.ok()
    }

    /// Posts a voucher; gives its id. A line is account, side, amount, terms of the item.
    async fn buchen(&self, datum: &str, zeilen: &[(&str, &str, &str, Value)]) -> String {
        let zeilen: Vec<Value> = zeilen
            .iter()
            .map(|(konto, seite, betrag, extra)| {
                let art = if konto.len() == 5 { "personenkonto" } else { "konto" };
                let mut zeile = json!({art: konto, "seite": seite, "betrag": betrag});
                for (name, wert) in extra.as_object().into_iter().flatten() {
                    zeile[name] = wert.clone();
                }
                zeile
            })
            .collect();
        let body = json!({"belegkreis": "MB", "belegdatum": datum, "buchungsdatum": datum, "buchungsart": "rechnung",
            "text": "Beispiel", "beleg": "B-1", "zeilen": zeilen});
        id(&self.post("buchungen", body).await.ok())
    }

    /// An invoice of 19 % goods; gives the id of its item.
    async fn rechnung(&self, konto: &str, datum: &str, betrag: &str, op: Value) -> String {
        let op = json!({"op": op});
        let (partner, waren, gegen) = if konto.starts_with('7') {
            ("haben", "5400", "soll")
        } else {
            ("soll", "4400", "haben")
        };
        let zeilen = [(konto, partner, betrag, op), (waren, gegen, betrag, json!({}))];
        let buchung = self.buchen(datum, &zeilen).await;
        self.posten(&buchung).await["id"].as_str().unwrap().to_owned()
    }

    async fn posten(&self, buchung: &str) -> Value {
        self.get(&format!("fibu/offene-posten?buchung_id={buchung}")).await["daten"][0].clone()
    }

    async fn op(&self, id: &str) -> Value {
        self.get(&format!("fibu/offene-posten/{id}")).await
    }

    async fn rest(&self, id: &str) -> String {
        self.op(id).await["rest"].as_str().unwrap().to_owned()
    }

    /// Enters and books a payment; gives its id and the answer of the booking.
    async fn zahlung(
        &self,
        konto: &str,
        datum: &str,
        betrag: &str,
        zuordnungen: Value,
        mehr: Value,
    ) -> (String, Value) {
        let richtung = if konto.starts_with('7') { "ausgang" } else { "eingang" };
        let mut body = json!({"richtung": richtung, "geldkonto_id": self.bank, "personenkonto": konto, "betrag": betrag,
            "buchungsdatum": datum, "zuordnungen": zuordnungen});
        for (name, wert) in mehr.as_object().into_iter().flatten() {
            body[name] = wert.clone();
        }
        let zahlung = id(&self.post("zahlungen", body).await.ok());
        let answer = self.post(&format!("zahlungen/{zahlung}/buchen"), json!({})).await.ok();
        (zahlung, answer)
    }

    /// Lines of a voucher as `konto seite betrag`.
    async fn zeilen(&self, buchung: &str) -> Vec<String> {
        let buchung = self.get(&format!("fibu/buchungen/{buchung}")).await;
        let zeilen = buchung["positionen"].as_array().unwrap();
        let text = |p: &Value, key: &str| p[key].as_str().unwrap_or_default().to_owned();
        zeilen
            .iter()
            .map(|p| format!("{} {} {}", text(p, "konto"), text(p, "seite"), text(p, "betrag")))
            .collect()
    }

    /// Lines of what a settlement posted.
    async fn folgebuchung(&self, zahlung: &str) -> Vec<String> {
        let zahlung = self.get(&format!("fibu/zahlungen/{zahlung}")).await;
        let ausgleich = zahlung["ausgleich_id"].as_str().unwrap();
        let ausgleich = self.get(&format!("fibu/ausgleiche/{ausgleich}")).await;
        self.zeilen(ausgleich["folgebuchung_id"].as_str().unwrap()).await
    }

    /// Σ OP = Sammelkonto, and Σ rest = saldo of every Personenkonto.
    async fn abgestimmt(&self, stichtag: &str) {
        let position = self
            .post("waehrungen?probelauf=true", json!({"iso": "USD", "jahr": 2026}))
            .await
            .ok()["position"]
            .as_i64()
            .unwrap()
            - 1;
        let bericht = self
            .get(&format!(
                "berichte/abstimmung-op-sammelkonto?stichtag={stichtag}&ab_position={position}"
            ))
            .await;
        assert_eq!(bericht["summen"]["abgestimmt"], true, "{bericht}");
        let susa = self
            .get(&format!(
                "berichte/summen-und-saldenliste?stichtag={stichtag}&personenkonten=true&ab_position={position}"
            ))
            .await;
        let alter = self
            .get(&format!(
                "berichte/altersstruktur?stichtag={stichtag}&ab_position={position}"
            ))
            .await;
        for zeile in susa["zeilen"].as_array().unwrap().iter().filter(|z| z["art"] != "sach") {
            let cent = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
            let saldo = cent(&zeile["saldo_soll"]) - cent(&zeile["saldo_haben"]);
            let partner = alter["zeilen"]
                .as_array()
                .unwrap()
                .iter()
                .find(|z| z["personenkonto"] == zeile["konto"]);
            assert_eq!(partner.map_or(0, |p| cent(&p["rest"])), saldo, "{zeile}");
        }
    }
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

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
