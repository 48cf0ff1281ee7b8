//! Articles, prices and stock over HTTP: the worked examples A1, A4, C2.4, L2 and L3, the reports on both time axes,
//! and what happens when many want the same stock.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use common::{Reply, TestServer};
use serde_json::{Value, json};
use uuid::Uuid;

const WAWI: &str = "/api/v1/wawi";

/// A company with the article KAS in use and the Lager Emden.
struct Haus {
    server: TestServer,
    kas: String,
    lager: String,
    bestand: String,
}

fn heute() -> NaiveDate {
    aggregates::types::kalender::tag(neuroerp::uhr::jetzt())
}

fn vor(tage: u64) -> NaiveDate {
    heute() - Days::new(tage)
}

fn beleg() -> Value {
    json!({"typ": "test", "id": Uuid::from_u128(7), "nummer": "T-1"})
}

impl Haus {
    async fn neu() -> Self {
        let server = common::server().await;
        for (code, dimension, zaehler) in [("kg", "masse", 1), ("dt", "masse", 100), ("Sack", "stueck", 1)] {
            let einheit =
                json!({"code": code, "bezeichnung": code, "dimension": dimension, "zaehler": zaehler, "nenner": 1});
            server.post(&format!("{WAWI}/mengeneinheiten"), einheit).await.ok();
        }
        let gruppe = json!({"nr": "10", "name": "Dünger"});
        let gruppe = server.post(&format!("{WAWI}/artikelgruppen"), gruppe).await.ok()["id"].clone();
        let artikel = json!({"artikel_nr": "KAS", "bezeichnung": "Kalkammonsalpeter", "gruppe_id": gruppe, "typ": "ware",
            "basiseinheit": "kg", "stellen": 3, "steuerschluessel": "U19"});
        let kas = id(&server.post(&format!("{WAWI}/artikel"), artikel).await.ok());
        for einheit in [
            json!({"einheit": "Sack", "zaehler": 25, "ganzzahlig": true}),
            json!({"einheit": "dt"}),
        ] {
            server
                .post(&format!("{WAWI}/artikel/{kas}/einheit-hinzufuegen"), einheit)
                .await
                .ok();
        }
        server
            .post(&format!("{WAWI}/artikel/{kas}/aktivieren"), json!({}))
            .await
            .ok();
        let lager = json!({"nr": "1", "name": "Emden", "art": "eigen", "bewertungskreis": "1"});
        let lager = id(&server.post(&format!("{WAWI}/lager"), lager).await.ok());
        let zone = json!({"nr": "L", "art": "lager"});
        server
            .post(&format!("{WAWI}/lager/{lager}/zone-hinzufuegen"), zone)
            .await
            .ok();
        let plaetze = json!({"zone": "L", "muster": "A-{00}", "von": 1, "bis": 3, "typ": "regal"});
        server
            .post(&format!("{WAWI}/lager/{lager}/plaetze-generieren"), plaetze)
            .await
            .ok();
        let mandant = server.get("/api/v1/dienste/mandanten?kuerzel=TEST").await.ok()["daten"][0]["id"].clone();
        let mandant: Uuid = mandant.as_str().unwrap().parse().unwrap();
        let bestand = aggregates::wawi::Lagerbestand::stream_id(mandant, kas.parse().unwrap(), lager.parse().unwrap());
        let bestand = bestand.to_string();
        Self {
            server,
            kas,
            lager,
            bestand,
        }
    }

    async fn zugang(&self, menge: &str, mehr: Value) -> Value {
        let mut body = json!({"artikel_id": self.kas, "lager_id": self.lager, "menge": menge,
            "bewegungsart": "wareneingang", "beleg": beleg()});
        body.as_object_mut().unwrap().extend(mehr.as_object().unwrap().clone());
        self.server.post(&format!("{WAWI}/lagerbestaende"), body).await.ok()
    }

    async fn tun(&self, command: &str, body: Value) -> Reply {
        self.server
            .post(&format!("{WAWI}/lagerbestaende/{}/{command}", self.bestand), body)
            .await
    }

    async fn abgang(&self, menge: &str, mehr: Value) -> Reply {
        let mut body = json!({"menge": menge, "bewegungsart": "warenausgang", "beleg": beleg()});
        body.as_object_mut().unwrap().extend(mehr.as_object().unwrap().clone());
        self.tun("abgang-buchen", body).await
    }

    async fn reservieren(&self, nr: u128, menge: &str) -> Reply {
        self.tun(
            "reservieren",
            json!({"id": Uuid::from_u128(nr), "menge": menge, "beleg": beleg()}),
        )
        .await
    }

    async fn stand(&self) -> Value {
        self.server
            .get(&format!("{WAWI}/lagerbestaende/{}", self.bestand))
            .await
            .ok()
    }

    /// A report that has seen everything so far.
    async fn bericht(&self, name: &str, query: &str) -> Value {
        let kopf = self.server.db.store.head(self.mandant().await).await.unwrap();
        let path = format!("/api/v1/berichte/{name}?ab_position={kopf}&{query}");
        self.server.get(&path).await.ok()
    }

    async fn mandant(&self) -> Uuid {
        let mandanten = self.server.get("/api/v1/dienste/mandanten?kuerzel=TEST").await.ok();
        mandanten["daten"][0]["id"].as_str().unwrap().parse().unwrap()
    }

    async fn spalten(&self, name: &str, query: &str, spalten: &[&str]) -> Vec<String> {
        let bericht = self.bericht(name, query).await;
        let zeile = |z: &Value| {
            let felder: Vec<String> = spalten
                .iter()
                .map(|s| z[*s].as_str().map_or_else(|| z[*s].to_string(), str::to_owned))
                .collect();
            felder.join(" ")
        };
        bericht["zeilen"].as_array().unwrap().iter().map(zeile).collect()
    }
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_firma_bekommt_die_nummernkreise_beider_ketten() {
    let server = common::server().await;
    let kreise = server.get("/api/v1/dienste/nummernkreise?limit=100").await.ok();
    let mut gefunden: Vec<String> = Vec::new();
    for kreis in kreise["daten"].as_array().unwrap() {
        let ganz = server
            .get(&format!("/api/v1/dienste/nummernkreise/{}", id(kreis)))
            .await
            .ok();
        gefunden.push(format!(
            "{} {} {} {} {}",
            ganz["code"].as_str().unwrap(),
            ganz["muster"][0]["muster"].as_str().unwrap(),
            ganz["start"],
            ganz["lueckenlos"],
            ganz["chronologisch"]
        ));
    }
    gefunden.sort();
    let jahr = |code: &str, lueckenlos: bool, chronologisch: bool| {
        format!("{code} {code}-{{JJJJ}}-{{000000}} 1 {lueckenlos} {chronologisch}")
    };
    let mut erwartet: Vec<String> = ["AB", "AG", "AU", "BK", "EB", "ER", "KA", "LS", "MB", "UM", "WB"]
        .iter()
        .map(|code| jahr(code, true, false))
        .collect();
    erwartet.extend(["BE", "VS", "WE"].iter().map(|code| jahr(code, false, false)));
    erwartet.push(jahr("AR", true, true));
    erwartet.push("KD {00000} 10000 false false".to_owned());
    erwartet.push("LF {00000} 70000 false false".to_owned());
    erwartet.sort();
    assert_eq!(gefunden, erwartet);
}

#[tokio::test(flavor = "multi_thread")]
async fn l2_aus_hundert_gehen_genau_dreiunddreissig_mal_drei() {
    let haus = Arc::new(Haus::neu().await);
    haus.zugang("100", json!({})).await;
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let haus = haus.clone();
        tasks.push(tokio::spawn(async move { haus.abgang("3", json!({})).await }));
    }
    let (mut gegangen, mut gefehlt) = (0, 0);
    for task in tasks {
        let reply = task.await.unwrap();
        if reply.status < 300 {
            gegangen += 1;
        } else {
            let body = reply.refused(422, "LAGERBESTAND_FEHLT");
            assert_eq!(body["daten"]["verfuegbar"], "1");
            gefehlt += 1;
        }
    }
    assert_eq!((gegangen, gefehlt), (33, 17));
    assert_eq!(haus.stand().await["bestand"], "1.000000");
    let nummern = haus.spalten("lagerbewegungsjournal", "", &["journal_nr"]).await;
    let erwartet: Vec<String> = (1..=34).map(|n| n.to_string()).collect();
    assert_eq!(nummern, erwartet, "gapless in log order");
}

#[tokio::test(flavor = "multi_thread")]
async fn l2_reserviertes_geht_nur_auf_seine_reservierung_hinaus() {
    let haus = Haus::neu().await;
    haus.zugang("100", json!({})).await;
    haus.reservieren(1, "70").await.ok();
    let body = haus
        .abgang("40", json!({}))
        .await
        .refused(422, "LAGERBESTAND_RESERVIERT");
    assert_eq!(body["daten"]["frei"], "30");
    haus.abgang("70", json!({"reservierung_id": Uuid::from_u128(1)}))
        .await
        .ok();
    haus.abgang("30", json!({})).await.ok();
    let stand = haus.stand().await;
    assert_eq!(
        (&stand["bestand"], &stand["reserviert"]),
        (&json!("0.000000"), &json!("0.000000"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn l3_eine_rueckdatierung_macht_keinen_tag_negativ() {
    let haus = Haus::neu().await;
    haus.zugang("50", json!({"buchungsdatum": vor(19)})).await;
    haus.abgang("40", json!({"buchungsdatum": vor(10)})).await.ok();
    haus.zugang("30", json!({"buchungsdatum": vor(5)})).await;
    let body = haus
        .abgang("20", json!({"buchungsdatum": vor(8)}))
        .await
        .refused(422, "LAGERBESTAND_RUECKDATIERUNG_NEGATIV");
    assert_eq!(body["daten"], json!({"datum": vor(8), "saldo": "-10"}));
    haus.abgang("10", json!({"buchungsdatum": vor(8)})).await.ok();
    assert_eq!(haus.stand().await["bestand"], "30.000000");
    // As of every day, and as it was known before the backdated issue.
    let am = async |tage: u64, mehr: &str| {
        haus.spalten("bestandsliste", &format!("stichtag={}{mehr}", vor(tage)), &["menge"])
            .await
    };
    assert_eq!(am(20, "").await, Vec::<String>::new());
    assert_eq!(am(19, "").await, ["50"]);
    assert_eq!(am(9, "").await, ["10"]);
    assert_eq!(am(8, "").await, Vec::<String>::new());
    assert_eq!(am(0, "").await, ["30"]);
    let kopf = haus.server.db.store.head(haus.mandant().await).await.unwrap();
    assert_eq!(am(8, &format!("&bekannt_am={}", kopf - 1)).await, ["10"]);
    let body = haus
        .abgang("1", json!({"buchungsdatum": vor(32)}))
        .await
        .refused(422, "LAGERBESTAND_RUECKDATIERUNG_NEGATIV");
    assert_eq!(
        body["daten"]["saldo"], "-1",
        "the administrator may date back as far as the day balances reach"
    );
    let body = haus
        .abgang("1", json!({"buchungsdatum": vor(37)}))
        .await
        .refused(422, "LAGERBESTAND_RUECKDATIERUNG_ZU_WEIT");
    assert_eq!(body["daten"]["fruehestens"], json!(vor(36)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_mit_bestand_bleibt_die_basiseinheit_und_die_version() {
    let haus = Haus::neu().await;
    haus.zugang("100", json!({})).await;
    let path = format!("{WAWI}/artikel/{}", haus.kas);
    let vorher = haus.server.get(&path).await.ok();
    assert_eq!(vorher["bestandsgefuehrt"], true);
    let t = json!({"code": "t", "bezeichnung": "Tonne", "dimension": "masse", "zaehler": 1000, "nenner": 1});
    haus.server.post(&format!("{WAWI}/mengeneinheiten"), t).await.ok();
    haus.server
        .post(&format!("{path}/stammdaten-aendern"), json!({"basiseinheit": "t"}))
        .await
        .refused(422, "ARTIKEL_BASIS_GESPERRT");
    assert_eq!(haus.server.get(&path).await.ok()["version"], vorher["version"]);
    let kreis = json!({"bewertungskreis": "2"});
    haus.server
        .post(&format!("{WAWI}/lager/{}/stammdaten-aendern", haus.lager), kreis)
        .await
        .refused(422, "LAGER_BEWERTUNGSKREIS_FEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_bestand_der_nie_war_antwortet_wie_ein_leerer() {
    let haus = Haus::neu().await;
    haus.abgang("1", json!({})).await.refused(404, "NICHT_GEFUNDEN");
    let benannt = json!({"artikel_id": haus.kas, "lager_id": haus.lager});
    let body = haus.abgang("1", benannt).await.refused(422, "LAGERBESTAND_FEHLT");
    assert_eq!(body["daten"]["verfuegbar"], "0");
    let anderer = json!({"artikel_id": haus.kas, "lager_id": haus.kas});
    haus.abgang("1", anderer).await.refused(422, "EINGABE_UNGUELTIG");
}

#[tokio::test(flavor = "multi_thread")]
async fn storno_journal_und_ende_von_artikel_und_lager() {
    let haus = Haus::neu().await;
    haus.zugang("100", json!({"platz": "A-01"})).await;
    haus.tun(
        "umbuchen",
        json!({"von_platz": "A-01", "nach_platz": "A-02", "menge": "40"}),
    )
    .await
    .ok();
    haus.abgang("10.5", json!({"platz": "A-02"})).await.ok();
    let ids = haus.spalten("lagerbewegungsjournal", "", &["bewegung_id"]).await;
    let storno = |id: &str| json!({"bewegung_id": id, "grund": "falsch gezählt"});
    haus.tun("bewegung-stornieren", storno(&ids[0]))
        .await
        .refused(422, "LAGERBESTAND_FEHLT");
    haus.tun("bewegung-stornieren", storno(&ids[2])).await.ok();
    haus.tun("bewegung-stornieren", storno(&ids[2]))
        .await
        .refused(409, "LAGERBESTAND_SCHON_STORNIERT");
    let zeilen = haus
        .spalten(
            "lagerbewegungsjournal",
            "artikel=KAS",
            &["journal_nr", "bewegungsart", "von", "nach", "menge", "beleg"],
        )
        .await;
    assert_eq!(
        zeilen,
        [
            "1 wareneingang lieferant 1/A-01 100 T-1",
            "2 umbuchung 1/A-01 1/A-02 40 null",
            "3 warenausgang 1/A-02 kunde 10.5 T-1",
            "4 warenausgang kunde 1/A-02 10.5 T-1",
        ]
    );
    let seite = haus.bericht("lagerbewegungsjournal", "limit=3").await;
    assert_eq!(seite["summen"]["zeilen"], 4);
    let weiter = seite["weiter"].as_str().unwrap();
    let rest = haus
        .bericht("lagerbewegungsjournal", &format!("limit=3&cursor={weiter}"))
        .await;
    assert_eq!(
        (&rest["zeilen"][0]["journal_nr"], &rest["zeilen"][0]["storno_von"]),
        (&json!(4), &json!(ids[2]))
    );

    let artikel = format!("{WAWI}/artikel/{}", haus.kas);
    haus.server
        .post(&format!("{artikel}/auslaufen-lassen"), json!({}))
        .await
        .ok();
    let body = haus
        .server
        .post(&format!("{artikel}/archivieren"), json!({}))
        .await
        .refused(422, "ARTIKEL_NOCH_BESTAND");
    assert_eq!(body["daten"]["bestand"], "100");
    let lager = format!("{WAWI}/lager/{}/stilllegen", haus.lager);
    haus.server
        .post(&lager, json!({"grund": "verkauft"}))
        .await
        .refused(422, "LAGER_NICHT_LEER");
    for platz in ["A-01", "A-02"] {
        haus.tun("leermelden", json!({"platz": platz})).await.ok();
    }
    haus.server
        .post(&format!("{artikel}/archivieren"), json!({}))
        .await
        .ok();
    haus.server.post(&lager, json!({"grund": "verkauft"})).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn bestandsliste_preise_und_artikelliste() {
    let haus = Haus::neu().await;
    haus.zugang("7500", json!({"platz": "A-02"})).await;
    haus.zugang("2500", json!({})).await;
    haus.reservieren(1, "4000").await.ok();
    let liste = [
        "lager",
        "artikel_nr",
        "platz",
        "menge",
        "lager_bestand",
        "lager_reserviert",
        "lager_frei",
    ];
    assert_eq!(
        haus.spalten("bestandsliste", "lager=1&artikel=KAS", &liste).await,
        ["1 KAS null 2500 10000 4000 6000", "1 KAS A-02 7500 10000 4000 6000"]
    );
    haus.tun(
        "reservierung-aendern",
        json!({"id": Uuid::from_u128(1), "menge": "5000"}),
    )
    .await
    .ok();
    haus.abgang("1000", json!({"reservierung_id": Uuid::from_u128(1)}))
        .await
        .ok();
    assert_eq!(
        haus.spalten("bestandsliste", "", &liste[4..]).await[0],
        "9000 4000 5000"
    );
    haus.tun("reservierung-aufheben", json!({"id": Uuid::from_u128(1)}))
        .await
        .ok();
    assert_eq!(haus.spalten("bestandsliste", "", &liste[4..]).await[0], "9000 0 9000");
    assert_eq!(
        haus.spalten("bestandsliste", "lager=2", &liste).await,
        Vec::<String>::new()
    );

    let preisliste = json!({"name": "Standard", "standard": true, "gueltig_von": "2026-01-01"});
    let preisliste = id(&haus.server.post(&format!("{WAWI}/preislisten"), preisliste).await.ok());
    let preis = json!({"artikel_id": haus.kas, "einheit": "dt", "je_menge": "1", "gueltig_von": "2026-01-01", "staffeln": [
        {"ab_menge": "0", "preis": "34.50"}, {"ab_menge": "50", "preis": "33.20"}, {"ab_menge": "250", "preis": "31.90"}]});
    let path = format!("{WAWI}/preislisten/{preisliste}");
    haus.server
        .post(&format!("{path}/preis-setzen"), preis.clone())
        .await
        .ok();
    haus.server
        .post(&format!("{path}/preis-setzen"), preis)
        .await
        .refused(422, "PREISLISTE_PREIS_UEBERLAPPT");
    let stufen = ["liste", "artikel_nr", "ab_menge", "preis", "je_menge", "einheit"];
    assert_eq!(
        haus.spalten("preislistenuebersicht", "", &stufen).await,
        Vec::<String>::new(),
        "a draft has no prices"
    );
    haus.server.post(&format!("{path}/freigeben"), json!({})).await.ok();
    assert_eq!(
        haus.spalten("preislistenuebersicht", "", &stufen).await,
        [
            "Standard KAS 0 34.50 1 dt",
            "Standard KAS 50 33.20 1 dt",
            "Standard KAS 250 31.90 1 dt"
        ]
    );
    assert_eq!(
        haus.spalten("preislistenuebersicht", "stichtag=2025-12-31", &stufen)
            .await,
        Vec::<String>::new()
    );
    let zweite = json!({"name": "Zweite", "standard": true, "gueltig_von": "2026-01-01"});
    let zweite = id(&haus.server.post(&format!("{WAWI}/preislisten"), zweite).await.ok());
    haus.server
        .post(&format!("{WAWI}/preislisten/{zweite}/freigeben"), json!({}))
        .await
        .refused(409, "NUMMER_VERGEBEN");

    let spalten = [
        "artikel_nr",
        "gruppe_name",
        "status",
        "bestand",
        "vk_preis",
        "vk_je",
        "vk_einheit",
    ];
    assert_eq!(
        haus.spalten("artikelliste", "", &spalten).await,
        ["KAS Dünger aktiv 9000 34.50 1 dt"]
    );
    let csv = haus.server.get("/api/v1/berichte/bestandsliste?format=csv").await;
    assert_eq!(
        csv.text,
        "lager,lager_name,artikel_nr,bezeichnung,platz,menge,einheit,lager_bestand,lager_reserviert,lager_frei\r\n\
         1,Emden,KAS,Kalkammonsalpeter,,1500,kg,9000,0,9000\r\n1,Emden,KAS,Kalkammonsalpeter,A-02,7500,kg,9000,0,9000\r\n"
    );
    // Both ends of every move: over all locations they sum to 0. And what was built live is what the log says.
    let verkehr = haus.bericht("lagerbewegungsjournal", "").await;
    assert_eq!(verkehr["zeilen"].as_array().unwrap().len(), 3);
    let draussen: rust_decimal::Decimal = sqlx::query_scalar(
        "SELECT sum(e.menge) FROM wawi.lagerbewegung b, \
            LATERAL (VALUES (b.nach_art, b.menge), (b.von_art, -b.menge)) AS e(art, menge) WHERE e.art <> 'platz'",
    )
    .fetch_one(&haus.server.db.pool)
    .await
    .unwrap();
    let drinnen: rust_decimal::Decimal = sqlx::query_scalar("SELECT sum(menge) FROM wawi.bestandszeile")
        .fetch_one(&haus.server.db.pool)
        .await
        .unwrap();
    assert_eq!((draussen + drinnen, drinnen), (0.into(), 9_000.into()));
    let unterschiede = neuroerp::projector::rebuild::verify(&haus.server.db.store, None)
        .await
        .unwrap();
    assert!(
        unterschiede.is_empty(),
        "{:?}",
        unterschiede.iter().map(ToString::to_string).collect::<Vec<_>>()
    );
}
