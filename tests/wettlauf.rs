//! Races over HTTP: 64 clients on two processes want the same stock, number, period, open item and invoice at once. The
//! credit line and a single process on one article are raced in `verkauf`.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aggregates::wawi::Lagerbestand;
use common::{Door, Reply, TestDb, prozess, stamm};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

const TOKEN: &str = "ein-geheimnis-fuer-zwei-prozesse";
const CLIENTS: usize = 64;

/// A company on two processes.
struct Haus {
    db: TestDb,
    prozesse: [prozess::Prozess; 2],
    mandant: Uuid,
}

fn id(antwort: &Value) -> String {
    antwort["id"].as_str().unwrap().to_owned()
}

/// A cash voucher.
fn beleg(kreis: &str, datum: &str, haben: &str) -> Value {
    json!({"belegkreis": kreis, "belegdatum": datum, "buchungsdatum": datum, "text": "Wettlauf", "beleg": "1",
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "1.19", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": haben}]})
}

impl Haus {
    async fn neu() -> Arc<Self> {
        let db = common::database().await;
        let prozesse = [(); 2].map(|()| prozess::starten(&db.owner, TOKEN));
        prozesse[0].door.company("TEST", "skr04").await;
        let mandant = prozesse[0]
            .door
            .get("/api/v1/dienste/mandanten?kuerzel=TEST")
            .await
            .ok();
        let mandant = mandant["daten"][0]["id"].as_str().unwrap().parse().unwrap();
        Arc::new(Self { db, prozesse, mandant })
    }

    /// The door of a client: every other one goes to the other process.
    fn door(&self, client: usize) -> &Door {
        &self.prozesse[client % self.prozesse.len()].door
    }

    async fn post(&self, pfad: &str, body: Value) -> Value {
        self.door(0).post(&format!("/api/v1/{pfad}"), body).await.ok()
    }

    async fn get(&self, pfad: &str) -> Value {
        self.door(1).get(&format!("/api/v1/{pfad}")).await.ok()
    }

    /// A report that has seen everything so far.
    async fn bericht(&self, frage: &str) -> Value {
        let kopf = self.db.store.head(self.mandant).await.unwrap();
        self.get(&format!("berichte/{frage}&ab_position={kopf}")).await
    }

    /// Sends a command from every client at once; says how often which answer came: `ok`, or the code of a refusal.
    async fn alle(self: &Arc<Self>, pfad: &str, body: impl Fn(usize) -> Value) -> BTreeMap<String, usize> {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (haus, pfad, body) = (self.clone(), format!("/api/v1/{pfad}"), body(client));
                tokio::spawn(async move { haus.door(client).post(&pfad, body).await })
            })
            .collect();
        let mut antworten = BTreeMap::new();
        for client in clients {
            *antworten.entry(ausgang(&client.await.unwrap())).or_default() += 1;
        }
        antworten
    }
}

/// `ok`, or the code of a refusal; an error of the program fails the test.
fn ausgang(antwort: &Reply) -> String {
    assert!(antwort.status < 500, "{}", antwort.text);
    if antwort.status < 300 {
        return "ok".to_owned();
    }
    antwort.body["code"].as_str().unwrap().to_owned()
}

fn erwartet(antworten: &[(&str, usize)]) -> BTreeMap<String, usize> {
    antworten
        .iter()
        .map(|(name, zahl)| ((*name).to_owned(), *zahl))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn aus_einem_bestand_geht_ueber_zwei_prozesse_nie_mehr_als_da_ist() {
    let haus = Haus::neu().await;
    let gruppe = stamm::masse(haus.door(0)).await;
    let artikel = stamm::artikel(haus.door(0), &gruppe, "KAS", "U19", false).await;
    let lager = stamm::lager(haus.door(0), "1", "Emden").await;
    let beleg = |nr: usize| json!({"typ": "test", "id": Uuid::from_u128(nr as u128)});
    let zugang = json!({"artikel_id": artikel, "lager_id": lager, "menge": "1000", "bewegungsart": "wareneingang",
        "beleg": beleg(1_000)});
    haus.post("wawi/lagerbestaende", zugang).await;
    let bestand = Lagerbestand::stream_id(haus.mandant, artikel.parse().unwrap(), lager.parse().unwrap());
    let pfad = format!("wawi/lagerbestaende/{bestand}");
    let abgang = |client| json!({"menge": "31", "bewegungsart": "warenausgang", "beleg": beleg(client)});
    let antworten = haus.alle(&format!("{pfad}/abgang-buchen"), abgang).await;
    assert_eq!(antworten, erwartet(&[("LAGERBESTAND_FEHLT", 32), ("ok", 32)]));
    let stand = haus.get(&pfad).await;
    assert_eq!(
        (&stand["bestand"], &stand["frei"]),
        (&json!("8.000000"), &json!("8.000000"))
    );
    let journal = haus.bericht("lagerbewegungsjournal?limit=100").await;
    assert_eq!(journal["summen"]["zeilen"], 33, "the receipt and what went");
    let bewegt: Decimal = sqlx::query_scalar(
        "SELECT sum(CASE WHEN nach_art = 'platz' THEN menge ELSE -menge END) FROM wawi.lagerbewegung WHERE mandant_id = $1",
    )
    .bind(haus.mandant)
    .fetch_one(&haus.db.pool)
    .await
    .unwrap();
    assert_eq!(bewegt, Decimal::from(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_nummernkreis_bleibt_auch_mit_ablehnungen_lueckenlos() {
    const JE_CLIENT: usize = 4;
    let haus = Haus::neu().await;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let haus = haus.clone();
            tokio::spawn(async move {
                let mut gebucht = 0;
                for n in 0..JE_CLIENT {
                    // Every third does not balance: it must not take a number with it.
                    let falsch = (client + n) % 3 == 0;
                    let body = beleg("KA", "2026-02-02", if falsch { "1.18" } else { "1.19" });
                    let antwort = ausgang(&haus.door(client + n).post("/api/v1/fibu/buchungen", body).await);
                    assert_eq!(antwort, if falsch { "BUCHUNG_NICHT_AUSGEGLICHEN" } else { "ok" });
                    gebucht += i32::from(!falsch);
                }
                gebucht
            })
        })
        .collect();
    let mut gebucht = 0;
    for client in clients {
        gebucht += client.await.unwrap();
    }
    let nummern: Vec<String> = sqlx::query_scalar(
        "SELECT belegnummer FROM fibu.buchung WHERE mandant_id = $1 AND belegkreis = 'KA' ORDER BY log_position",
    )
    .bind(haus.mandant)
    .fetch_all(&haus.db.pool)
    .await
    .unwrap();
    let lueckenlos: Vec<String> = (1..=gebucht).map(|n| format!("KA-2026-{n:06}")).collect();
    assert_eq!(nummern, lueckenlos, "numbers follow the order of decision");
}

#[tokio::test(flavor = "multi_thread")]
async fn hinter_einer_festschreibung_bucht_niemand_mehr() {
    const HOECHSTENS: usize = 100;
    let haus = Haus::neu().await;
    let jahr = id(&haus.get("fibu/geschaeftsjahre").await["daten"][0]);
    let festschreiben = format!("fibu/geschaeftsjahre/{jahr}/periode-festschreiben");
    haus.post(&festschreiben, json!({"nr": 0})).await;
    let gebucht = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (haus, gebucht) = (haus.clone(), gebucht.clone());
            tokio::spawn(async move {
                for _ in 0..HOECHSTENS {
                    let body = beleg("KA", "2026-01-31", "1.19");
                    match ausgang(&haus.door(client).post("/api/v1/fibu/buchungen", body).await).as_str() {
                        "ok" => gebucht.fetch_add(1, Ordering::Relaxed),
                        code => return code.to_owned(),
                    };
                }
                panic!("the period is never sealed");
            })
        })
        .collect();
    while gebucht.load(Ordering::Relaxed) < 2 * CLIENTS {
        tokio::task::yield_now().await;
    }
    let siegel = haus.post(&festschreiben, json!({"nr": 1})).await;
    for client in clients {
        assert_eq!(client.await.unwrap(), "PERIODE_FESTGESCHRIEBEN");
    }
    let gebucht = i64::try_from(gebucht.load(Ordering::Relaxed)).unwrap();
    let position = siegel["position"].as_i64().unwrap();
    let belege: (i64, i64) = sqlx::query_as(
        "SELECT count(*), max(log_position) FROM fibu.buchung WHERE mandant_id = $1 AND belegkreis = 'KA'",
    )
    .bind(haus.mandant)
    .fetch_one(&haus.db.pool)
    .await
    .unwrap();
    assert_eq!(belege.0, gebucht, "what was answered is there, and nothing else");
    assert!(belege.1 < position, "{} stands behind the seal {position}", belege.1);
    // The seal says what it covers.
    let siegel: Value = sqlx::query_scalar(
        "SELECT payload FROM log.ereignis WHERE mandant_id = $1 AND event_type = 'PeriodeFestgeschrieben' AND position = $2",
    )
    .bind(haus.mandant)
    .bind(position)
    .fetch_one(&haus.db.pool)
    .await
    .unwrap();
    let summe = Decimal::new(119, 2) * Decimal::from(gebucht);
    assert_eq!(siegel["anzahl"], gebucht, "{siegel}");
    assert_eq!(
        (&siegel["summe_soll"], &siegel["summe_haben"]),
        (&json!(summe.to_string()), &json!(summe.to_string()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ein_offener_posten_wird_nie_ueber_seinen_rest_ausgeglichen() {
    let haus = Haus::neu().await;
    haus.door(0).debitor("10001", "Landhof Petersen GmbH").await;
    let bank = json!({"bezeichnung": "Hausbank", "art": "bank", "konto_nr": "1800"});
    let bank = id(&haus.post("fibu/geldkonten", bank).await);
    let rechnung = json!({"belegkreis": "MB", "belegdatum": "2026-03-02", "buchungsdatum": "2026-03-02", "text": "Ware",
        "beleg": "1", "zeilen": [{"personenkonto": "10001", "seite": "soll", "betrag": "1000.00"},
                                 {"konto": "4400", "seite": "haben", "betrag": "1000.00"}]});
    haus.post("fibu/buchungen", rechnung).await;
    let op = haus.get("fibu/offene-posten?personenkonto=10001").await["daten"][0].clone();
    let mut zahlungen = Vec::new();
    for _ in 0..CLIENTS {
        let zahlung = json!({"richtung": "eingang", "geldkonto_id": bank, "personenkonto": "10001", "betrag": "30.00",
            "buchungsdatum": "2026-03-10", "zuordnungen": [{"op_id": op["id"], "betrag": "30.00"}]});
        zahlungen.push(id(&haus.post("fibu/zahlungen", zahlung).await));
    }
    let buchen = zahlungen.into_iter().enumerate().map(|(client, zahlung)| {
        let haus = haus.clone();
        tokio::spawn(async move {
            let pfad = format!("/api/v1/fibu/zahlungen/{zahlung}/buchen");
            ausgang(&haus.door(client).post(&pfad, json!({})).await)
        })
    });
    let mut antworten = BTreeMap::new();
    for client in buchen.collect::<Vec<_>>() {
        *antworten.entry(client.await.unwrap()).or_default() += 1;
    }
    assert_eq!(antworten, erwartet(&[("OP_UEBERAUSGEGLICHEN", 31), ("ok", 33)]));
    let stand = haus.get(&format!("fibu/offene-posten/{}", id(&op))).await;
    assert_eq!(
        (&stand["rest"], &stand["status"]),
        (&json!("10.00"), &json!("teil_ausgeglichen"))
    );
    let susa = haus
        .bericht("summen-und-saldenliste?stichtag=2026-03-31&personenkonten=true")
        .await;
    let saldo = |konto: &str| {
        let zeilen = susa["zeilen"].as_array().unwrap();
        zeilen.iter().find(|z| z["konto"] == konto).unwrap()["saldo_soll"].clone()
    };
    assert_eq!((saldo("1800"), saldo("10001")), (json!("990.00"), json!("10.00")));
    let abstimmung = haus.bericht("abstimmung-op-sammelkonto?stichtag=2026-03-31").await;
    assert_eq!(abstimmung["summen"]["abgestimmt"], true, "{abstimmung}");
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_rechnung_wird_einmal_gebucht_und_einmal_storniert() {
    let haus = Haus::neu().await;
    let anschrift = json!({"strasse": "Deichweg 1", "plz": "26721", "ort": "Emden", "land": "DE"});
    let debitor = json!({"nr": "10001", "name": "Landhof Petersen GmbH", "anschrift": anschrift});
    haus.post("fibu/debitoren", debitor).await;
    let entwurf = json!({"debitor_nr": "10001", "leistung_bis": "2026-03-02", "positionen": [{"text": "Ware", "menge": "1",
        "einheit": "t", "schluessel": "U19", "preis": {"betrag": "100.00", "je": "1", "einheit": "t"}}]});
    let rechnung = id(&haus.post("fibu/rechnungen", entwurf).await);
    let pfad = format!("fibu/rechnungen/{rechnung}");
    let datum = json!({"rechnungsdatum": "2026-03-02"});
    let antworten = haus.alle(&format!("{pfad}/buchen"), |_| datum.clone()).await;
    assert_eq!(antworten, erwartet(&[("STATUS_UNZULAESSIG", 63), ("ok", 1)]));
    assert_eq!(haus.get(&pfad).await["nummer"], "AR-2026-000001");
    let storno = json!({"grund": "doppelt", "datum": "2026-03-03"});
    let antworten = haus.alle(&format!("{pfad}/stornieren"), |_| storno.clone()).await;
    assert_eq!(antworten, erwartet(&[("RECHNUNG_BEREITS_STORNIERT", 63), ("ok", 1)]));
    let belege: i64 = sqlx::query_scalar("SELECT count(*) FROM fibu.buchung WHERE mandant_id = $1")
        .bind(haus.mandant)
        .fetch_one(&haus.db.pool)
        .await
        .unwrap();
    assert_eq!(belege, 2, "the invoice and its reversal");
    let posten = haus.get("fibu/offene-posten?personenkonto=10001").await["daten"].clone();
    let reste: Vec<&Value> = posten.as_array().unwrap().iter().map(|p| &p["rest"]).collect();
    assert_eq!(reste, ["0.00", "0.00"]);
}
