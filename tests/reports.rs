//! The reports of the books on both time axes, with the examples of the specification (fibu 1 and 2). The tables are
//! filled here as the ledger fills them; the log is real, so that names of the past come from it.
#![expect(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod common;
mod stand_in;

use std::sync::Arc;

use aggregates::{Entry, Registry};
use axum::{
    Extension,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use chrono::{DateTime, Utc};
use neuroerp::{
    api::{self, App, auth::Zugang},
    eventstore::EventStore,
    queries::reports,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

const FIRMA: Uuid = Uuid::from_u128(1);

/// The migrated tables, but only the columns that a report reads have to be filled.
const TABLES: &str = "
    DO $$
    DECLARE spalte record;
    BEGIN
        FOR spalte IN SELECT a.attrelid::regclass AS tabelle, a.attname AS name FROM pg_attribute a
            WHERE a.attrelid IN ('fibu.journalzeile'::regclass, 'fibu.konto_saldo'::regclass, 'fibu.konto'::regclass,
                                 'fibu.debitor'::regclass, 'fibu.kreditor'::regclass, 'fibu.geschaeftsjahr'::regclass)
              AND a.attnum > 0 AND a.attnotnull AND NOT a.attnum = ANY (
                  SELECT unnest(k.conkey) FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'p')
        LOOP
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', spalte.tabelle, spalte.name);
        END LOOP;
    END $$;
    INSERT INTO fibu.geschaeftsjahr (mandant_id, id, beginn, ende) VALUES
        ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), '2026-01-01', '2026-12-31'),
        ('00000000-0000-0000-0000-000000000002', gen_random_uuid(), '2026-01-01', '2026-12-31');";

/// A company with the examples on its books.
struct Books {
    pool: PgPool,
    app: Arc<App>,
    position: i64,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

/// One line of a voucher: account, partner, side, amount.
type Line = (&'static str, Option<&'static str>, &'static str, &'static str);

impl Books {
    async fn new() -> Self {
        let db = common::database().await;
        sqlx::raw_sql(TABLES).execute(&db.pool).await.unwrap();
        let registry = Registry::new(
            vec![
                Entry::of::<stand_in::Konto>(),
                Entry::of::<stand_in::Debitor>(),
                Entry::of::<stand_in::Kreditor>(),
            ],
            vec![],
        );
        let store = EventStore::new(db.pool.clone(), Arc::new(registry));
        let app = neuroerp::server::assemble(store, CancellationToken::new())
            .await
            .unwrap();
        Self {
            pool: db.pool,
            app,
            position: 0,
        }
    }

    /// The examples of fibu 1 and 2 and some neighbours.
    async fn with_examples() -> Self {
        let mut books = Self::new().await;
        for (nr, name) in [
            ("1200", "Forderungen"),
            ("1406", "Vorsteuer 19 %"),
            ("1600", "Kasse"),
            ("4400", "Erlöse"),
            ("6815", "Bürobedarf"),
            ("9000", "Saldenvorträge"),
        ] {
            books.master("konto", nr, name).await;
        }
        books.master("debitor", "10001", "Müller, Söhne").await;
        assert_eq!(books.position, 7);
        let eb: &[Line] = &[("1600", None, "soll", "500.00"), ("9000", None, "haben", "500.00")];
        books.book(0, "2026-01-01", "2026-01-02T09:00:00Z", eb).await;
        let kauf: &[Line] = &[
            ("6815", None, "soll", "100.00"),
            ("1406", None, "soll", "19.00"),
            ("1600", None, "haben", "119.00"),
        ];
        books.book(1, "2026-01-15", "2026-01-15T09:00:00Z", kauf).await;
        let storno: &[Line] = &[
            ("6815", None, "soll", "-100.00"),
            ("1406", None, "soll", "-19.00"),
            ("1600", None, "haben", "-119.00"),
        ];
        books.book(2, "2026-02-03", "2026-02-03T09:00:00Z", storno).await;
        // Dated in January, recorded in February (fibu 2, example 4).
        let spaet: &[Line] = &[("6815", None, "soll", "100.00"), ("1600", None, "haben", "100.00")];
        books.book(1, "2026-01-31", "2026-02-05T10:00:00Z", spaet).await;
        let verkauf: &[Line] = &[
            ("1200", Some("10001"), "soll", "238.00"),
            ("4400", None, "haben", "238.00"),
        ];
        books.book(2, "2026-02-10", "2026-02-10T09:00:00Z", verkauf).await;
        books.rename("6815", "Büromaterial", "2026-03-10T08:00:00Z").await;
        let abschluss: &[Line] = &[("6815", None, "soll", "1.00"), ("1600", None, "haben", "1.00")];
        books.book(13, "2026-12-31", "2027-01-10T09:00:00Z", abschluss).await;
        assert_eq!(books.position, 14);
        books
    }

    async fn event(&mut self, typ: &str, id: Uuid, version: i64, (name, payload): (&str, Value), am: &str) {
        self.position += 1;
        sqlx::query(
            "INSERT INTO log.ereignis VALUES ($1, $2, gen_random_uuid(), $3, $4, $5, $6, 1, $7::json, '{}', 'dienst:test', \
                 NULL, $1, $8, decode(repeat('00', 16), 'hex'), decode(repeat('01', 32), 'hex'), decode(repeat('02', 32), 'hex'))",
        )
        .bind(FIRMA)
        .bind(self.position)
        .bind(typ)
        .bind(id)
        .bind(version)
        .bind(name)
        .bind(payload.to_string())
        .bind(am.parse::<DateTime<Utc>>().unwrap())
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query("INSERT INTO log.kopf (mandant_id, position) VALUES ($1, $2) ON CONFLICT (mandant_id) DO UPDATE SET position = $2")
            .bind(FIRMA)
            .bind(self.position)
            .execute(&self.pool)
            .await
            .unwrap();
        self.ledger_at(self.position).await;
    }

    async fn ledger_at(&self, position: i64) {
        for ledger in [reports::JOURNAL, reports::SALDEN] {
            sqlx::query(
                "INSERT INTO projektion.stand (projektion, mandant_id, position) VALUES ($1, $2, $3) \
                 ON CONFLICT (projektion, mandant_id) DO UPDATE SET position = $3",
            )
            .bind(ledger)
            .bind(FIRMA)
            .bind(position)
            .execute(&self.pool)
            .await
            .unwrap();
        }
    }

    fn id(nr: &str) -> Uuid {
        Uuid::from_u128(nr.parse().unwrap())
    }

    async fn master(&mut self, typ: &str, nr: &str, name: &str) {
        let event = ("Angelegt", json!({ "nr": nr, "name": name }));
        self.event(typ, Self::id(nr), 1, event, "2026-01-01T08:00:00Z").await;
        let sql = match typ {
            "konto" => "INSERT INTO fibu.konto (mandant_id, id, konto_nr, bezeichnung) VALUES ($1, $2, $3, $4)",
            "debitor" => "INSERT INTO fibu.debitor (mandant_id, id, nr, name) VALUES ($1, $2, $3, $4)",
            _ => "INSERT INTO fibu.kreditor (mandant_id, id, nr, name) VALUES ($1, $2, $3, $4)",
        };
        sqlx::query(sql)
            .bind(FIRMA)
            .bind(Self::id(nr))
            .bind(nr)
            .bind(name)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    async fn rename(&mut self, nr: &str, name: &str, am: &str) {
        self.event("konto", Self::id(nr), 2, ("Umbenannt", json!({ "name": name })), am)
            .await;
        sqlx::query("UPDATE fibu.konto SET bezeichnung = $2 WHERE konto_nr = $1")
            .bind(nr)
            .bind(name)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Books a voucher into log, journal and balances.
    async fn book(&mut self, periode: i16, datum: &str, am: &str, lines: &[Line]) {
        let id = Uuid::from_u128(u128::try_from(self.position + 1_000_000).unwrap());
        self.event("buchung", id, 1, ("Erfasst", json!({})), am).await;
        for (zeile, (konto, personenkonto, seite, betrag)) in (1_i16..).zip(lines) {
            sqlx::query(
                "INSERT INTO fibu.journalzeile (mandant_id, log_position, zeile, journal_nr, geschaeftsjahr_beginn, periode, \
                     buchung_id, belegnummer, belegdatum, buchungsdatum, steuerdatum, erfasst_am, erfasser, buchungsart, text, \
                     konto, personenkonto, seite, betrag, soll, haben) \
                 VALUES ($1, $2, $3, $2 - 7, '2026-01-01', $4, $5, 'KA-' || $2, $6::date, $6::date, $6::date, $7, 'dienst:test', \
                     'manuell', 'Beleg ' || $2, $8, $9, $10, $11::numeric, \
                     CASE WHEN $10 = 'soll' THEN $11::numeric ELSE 0 END, CASE WHEN $10 = 'haben' THEN $11::numeric ELSE 0 END)",
            )
            .bind(FIRMA)
            .bind(self.position)
            .bind(zeile)
            .bind(periode)
            .bind(id)
            .bind(datum)
            .bind(am.parse::<DateTime<Utc>>().unwrap())
            .bind(konto)
            .bind(personenkonto)
            .bind(seite)
            .bind(betrag)
            .execute(&self.pool)
            .await
            .unwrap();
        }
        sqlx::raw_sql(
            "TRUNCATE fibu.konto_saldo; \
             INSERT INTO fibu.konto_saldo (mandant_id, konto, art, geschaeftsjahr_beginn, periode, soll, haben) \
             SELECT mandant_id, k, art, geschaeftsjahr_beginn, periode, sum(soll), sum(haben) FROM fibu.journalzeile, \
             LATERAL (VALUES (konto, 'sach'), (personenkonto, 'personen')) AS a(k, art) WHERE k IS NOT NULL GROUP BY 1, 2, 3, 4, 5",
        )
        .execute(&self.pool)
        .await
        .unwrap();
    }

    async fn get(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        let zugang = Zugang::house(FIRMA, "test");
        let router = api::reports::routes()
            .layer(Extension(zugang))
            .with_state(self.app.clone());
        let mut request = Request::get(format!("/api/v1/berichte/{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn report(&self, query: &str) -> Value {
        let answer = self.get(query, &[]).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    }
}

fn account<'a>(report: &'a Value, konto: &str) -> &'a Value {
    let rows = report["zeilen"].as_array().unwrap();
    rows.iter().find(|row| row["konto"] == konto).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn the_susa_adds_up_and_its_total_line_is_balanced() {
    let books = Books::with_examples().await;
    let january = books.report("summen-und-saldenliste?stichtag=2026-01-31").await;
    assert_eq!(january["titel"], "Summen- und Saldenliste");
    assert_eq!(january["stand"], 14);
    assert_eq!(
        account(&january, "1600"),
        &json!({"art": "sach", "konto": "1600", "bezeichnung": "Kasse", "eb_soll": "500.00", "eb_haben": "0.00",
            "monat_soll": "0.00", "monat_haben": "219.00", "kumuliert_soll": "0.00", "kumuliert_haben": "219.00",
            "saldo_soll": "281.00", "saldo_haben": "0.00"})
    );
    let february = books
        .report("summen-und-saldenliste?stichtag=2026-02-28&personenkonten=true")
        .await;
    let buero = account(&february, "6815");
    assert_eq!(
        (&buero["kumuliert_soll"], &buero["monat_soll"]),
        (&json!("100.00"), &json!("-100.00"))
    );
    // After the Generalumkehr the movements of 1406 are back at zero, not at 19/19, and it is still in the list.
    assert_eq!(account(&february, "1406")["kumuliert_soll"], "0.00");
    assert_eq!(account(&february, "1406")["kumuliert_haben"], "0.00");
    let gesamt = &february["summen"]["gesamt"];
    assert_eq!(gesamt["saldo_soll"], "738.00");
    assert_eq!(gesamt["saldo_haben"], "738.00");
    assert_eq!(february["summen"]["ausgeglichen"], true);
    let klassen: Vec<&str> = february["summen"]["klassen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|k| k["klasse"].as_str().unwrap())
        .collect();
    assert_eq!(klassen, ["1", "4", "6", "9"]);
    let debitor = account(&february, "10001");
    assert_eq!(
        (&debitor["art"], &debitor["bezeichnung"]),
        (&json!("debitor"), &json!("Müller, Söhne"))
    );
    assert_eq!(
        february["summen"]["debitoren"]["saldo_soll"],
        account(&february, "1200")["saldo_soll"]
    );
}

#[tokio::test]
async fn what_was_not_known_then_is_not_shown() {
    let books = Books::with_examples().await;
    // Example 4: recorded on 5 February 10:00 for 31 January.
    let saldo = async |bekannt: &str| {
        let report = books
            .report(&format!(
                "summen-und-saldenliste?stichtag=2026-01-31&bekannt_am={bekannt}"
            ))
            .await;
        assert_eq!(report["summen"]["ausgeglichen"], true);
        account(&report, "6815")["saldo_soll"].clone()
    };
    assert_eq!(saldo("2026-01-10").await, Value::Null, "nothing was booked yet");
    assert_eq!(saldo("2026-02-04").await, "100.00", "only the voucher of 15 January");
    assert_eq!(saldo("2026-02-06").await, "200.00");
    assert_eq!(saldo("2026-02-05T09:59:59Z").await, "100.00");
    assert_eq!(saldo("2026-02-05T11:00:00%2B01:00").await, "200.00");
    assert_eq!(saldo("10").await, "100.00", "a position");
    assert_eq!(saldo("11").await, "200.00");
    let journal = books.report("journal?bis=2026-01-31&bekannt_am=2026-02-04").await;
    assert_eq!(
        journal["summen"],
        json!({"zeilen": 5, "buchungen": 2, "soll": "619.00", "haben": "619.00"})
    );
    assert_eq!(journal["stand"], 10);
    let future = books.get("journal?bekannt_am=15", &[]).await;
    assert_eq!(future.status, 422);
}

#[tokio::test]
async fn names_are_those_of_then() {
    let books = Books::with_examples().await;
    for (bekannt, name) in [
        ("", "Büromaterial"),
        ("&bekannt_am=2026-03-09", "Bürobedarf"),
        ("&bekannt_am=2026-03-10", "Büromaterial"),
    ] {
        let sheet = books
            .report(&format!("kontenblatt?konto=6815&bis=2026-02-28{bekannt}"))
            .await;
        assert_eq!(sheet["kopf"]["bezeichnung"], name);
        let susa = books
            .report(&format!("summen-und-saldenliste?stichtag=2026-02-28{bekannt}"))
            .await;
        assert_eq!(account(&susa, "6815")["bezeichnung"], name);
        let plan = books.report(&format!("kontenplan?stichtag=2026-02-28{bekannt}")).await;
        let row = plan["zeilen"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["nr"] == "6815")
            .unwrap();
        assert_eq!((&row["name"], &row["saldo"]), (&json!(name), &json!("100.00")));
    }
    let before = books
        .get("kontenblatt?konto=6815&bis=2026-02-28&bekannt_am=1", &[])
        .await;
    assert_eq!(before.status, 422, "the account did not exist at position 1");
}

#[tokio::test]
async fn the_fast_and_the_exact_path_agree_to_the_cent() {
    let books = Books::with_examples().await;
    // A range from 2 January on is no whole period, so the journal is read; on 1 January only period 0 is booked.
    for bis in ["2026-01-31", "2026-02-28", "2026-11-30", "2026-12-31"] {
        let list = async |von: &str| {
            let mut report = books
                .report(&format!(
                    "summen-und-saldenliste?von={von}&bis={bis}&personenkonten=true"
                ))
                .await;
            report["parameter"] = Value::Null;
            report
        };
        let (fast, exact) = (list("2026-01-01").await, list("2026-01-02").await);
        assert_eq!(fast, exact, "{bis}");
        assert!(!fast["zeilen"].as_array().unwrap().is_empty());
    }
    // And they are two paths: without balances the fast one is empty.
    sqlx::query("TRUNCATE fibu.konto_saldo")
        .execute(&books.pool)
        .await
        .unwrap();
    let fast = books
        .report("summen-und-saldenliste?von=2026-01-01&bis=2026-01-31")
        .await;
    assert_eq!(fast["zeilen"], json!([]));
    let exact = books.report("summen-und-saldenliste?stichtag=2026-01-30").await;
    assert_eq!(account(&exact, "6815")["saldo_soll"], "100.00");
}

#[tokio::test]
async fn the_closing_period_belongs_to_the_end_of_the_year() {
    let books = Books::with_examples().await;
    let november = books.report("summen-und-saldenliste?stichtag=2026-11-30").await;
    assert_eq!(account(&november, "6815")["saldo_soll"], "100.00");
    for query in ["jahr=2026", "stichtag=2026-12-31"] {
        let december = books.report(&format!("summen-und-saldenliste?{query}")).await;
        let row = account(&december, "6815");
        assert_eq!(
            (&row["saldo_soll"], &row["monat_soll"]),
            (&json!("101.00"), &json!("1.00")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_kontenblatt_carries_forward_and_runs_its_balance() {
    let books = Books::with_examples().await;
    let year = books
        .report("kontenblatt?konto=1600&von=2026-01-01&bis=2026-12-31")
        .await;
    assert_eq!(
        (&year["kopf"]["eb_wert"], &year["kopf"]["vortrag"]),
        (&json!("500.00"), &json!("500.00"))
    );
    let running: Vec<&str> = year["zeilen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["saldo"].as_str().unwrap())
        .collect();
    // By day: 15 January, 31 January (recorded later), 3 February, 31 December.
    assert_eq!(running, ["381.00", "281.00", "400.00", "399.00"]);
    assert_eq!(
        year["summen"],
        json!({"anzahl": 4, "soll": "0.00", "haben": "101.00", "saldo": "399.00"})
    );
    let february = books
        .report("kontenblatt?konto=1600&von=2026-02-01&bis=2026-02-28")
        .await;
    assert_eq!(
        (&february["kopf"]["eb_wert"], &february["kopf"]["vortrag"]),
        (&json!("500.00"), &json!("281.00"))
    );
    assert_eq!(february["summen"]["saldo"], "400.00");
    let row = &february["zeilen"][0];
    assert_eq!(
        (&row["haben"], &row["erfasst_am"], &row["buchungsdatum"]),
        (
            &json!("-119.00"),
            &json!("2026-02-03T09:00:00.000000Z"),
            &json!("2026-02-03")
        )
    );
    let debitor = books.report("kontenblatt?konto=10001&bis=2026-02-28").await;
    assert_eq!(
        (&debitor["kopf"]["art"], &debitor["kopf"]["bezeichnung"]),
        (&json!("debitor"), &json!("Müller, Söhne"))
    );
    assert_eq!(debitor["summen"]["saldo"], "238.00");
    for (query, status) in [
        ("kontenblatt", 400),
        ("kontenblatt?konto=5999&bis=2026-02-28", 422),
        ("kontenblatt?konto=1600&bis=2025-12-31", 422),
        ("kontenblatt?konto=1600&von=2025-12-01&bis=2026-01-31", 422),
        ("kontenblatt?konto=1600&von=2026-02-01&bis=2026-01-31", 422),
        ("unbekannt", 404),
        ("journal?farbe=rot", 400),
        ("summen-und-saldenliste?stichtag=2026-01-31&von=2026-01-01", 400),
        ("summen-und-saldenliste?jahr=2026&stichtag=2027-01-31", 422),
        ("summen-und-saldenliste?jahr=2020", 422),
    ] {
        let answer = books.get(query, &[]).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_pages_of_a_kontenblatt_joined_are_the_whole_whatever_is_booked_meanwhile() {
    let mut books = Books::with_examples().await;
    // The second day falls upon the sheet that was read before; one row a page splits a day with two vouchers too.
    let twin: &[Line] = &[("6815", None, "soll", "0.01"), ("1600", None, "haben", "0.01")];
    books.book(1, "2026-01-15", "2027-01-11T09:00:00Z", twin).await;
    let mut booked = 0;
    for range in [
        "bis=2026-12-31",
        "von=2026-01-15&bis=2026-01-31",
        "bis=2026-12-31&bekannt_am=10",
        "bis=2026-12-31&bekannt_am=2026-02-04",
    ] {
        let query = format!("kontenblatt?konto=1600&{range}");
        let whole = books.report(&query).await;
        let rows = whole["zeilen"].as_array().unwrap();
        assert!(rows.len() > 1, "{range}: {whole}");
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = books.report(&format!("{query}&limit=1{cursor}")).await;
            let before = found
                .last()
                .map_or(&whole["kopf"]["vortrag"], |row: &Value| &row["saldo"]);
            assert_eq!(&page["kopf"]["uebertrag"], before, "{range}");
            for member in ["summen", "stand"] {
                assert_eq!(page[member], whole[member], "{range}: {member}");
            }
            found.extend(page["zeilen"].as_array().unwrap().clone());
            let Some(weiter) = page["weiter"].as_str() else { break };
            cursor = format!("&cursor={weiter}");
            // Before, within and behind what was read.
            for datum in ["2026-01-02", "2026-01-15", "2026-12-30"] {
                books.book(1, datum, "2027-01-12T09:00:00Z", twin).await;
                booked += 1;
            }
        }
        assert_eq!(&found, rows, "{range}");
        assert_eq!(found.last().unwrap()["saldo"], whole["summen"]["saldo"], "{range}");
    }
    assert!(booked > 3);
    let now = books.report("kontenblatt?konto=1600&bis=2026-12-31").await;
    assert_eq!(now["summen"]["anzahl"], 5 + booked);
}

#[tokio::test]
async fn a_report_of_any_length_is_read_in_pages_or_as_one_file() {
    let books = Books::with_examples().await;
    sqlx::query(
        "INSERT INTO fibu.journalzeile (mandant_id, log_position, zeile, journal_nr, geschaeftsjahr_beginn, periode, \
         buchung_id, belegnummer, belegdatum, buchungsdatum, steuerdatum, erfasst_am, erfasser, buchungsart, text, konto, \
         personenkonto, gegenkonto, seite, betrag, soll, haben, schluessel) SELECT mandant_id, log_position, zeile + n, journal_nr, geschaeftsjahr_beginn, periode, \
         buchung_id, belegnummer, belegdatum, buchungsdatum, steuerdatum, erfasst_am, erfasser, buchungsart, text, konto, \
         personenkonto, gegenkonto, seite, betrag, soll, haben, schluessel \
         FROM fibu.journalzeile, generate_series(10, 10008) n WHERE log_position = 9 AND zeile = 1",
    )
    .execute(&books.pool)
    .await
    .unwrap();
    // All but the last of the rows are of one day and one voucher.
    let first = books.report("kontenblatt?konto=6815&bis=2026-01-31&limit=10000").await;
    assert_eq!(first["zeilen"].as_array().unwrap().len(), 10_000);
    assert_eq!(first["zeilen"][9_999]["saldo"], "1000000.00");
    let sums = json!({"anzahl": 10_001, "soll": "1000100.00", "haben": "0.00", "saldo": "1000100.00"});
    assert_eq!(first["summen"], sums);
    let weiter = first["weiter"].as_str().unwrap();
    let last = books
        .report(&format!(
            "kontenblatt?konto=6815&bis=2026-01-31&limit=10000&cursor={weiter}"
        ))
        .await;
    assert_eq!(
        (&last["kopf"]["uebertrag"], &last["zeilen"][0]["saldo"], &last["weiter"]),
        (&json!("1000000.00"), &json!("1000100.00"), &Value::Null)
    );
    let sheet = books.get("kontenblatt?konto=6815&bis=2026-01-31&format=csv", &[]).await;
    let lines: Vec<&str> = sheet.text.split("\r\n").collect();
    // Header, opening balance and balance carried forward, the rows, the foot, and nothing behind the last line end.
    assert_eq!(lines.len(), 1 + 2 + 10_001 + 1 + 1);
    assert!(lines[0].starts_with("buchungsdatum,") && lines[1].contains(",EB-Wert,") && lines[2].contains(",Vortrag,"));
    assert!(
        lines[3..10_004].iter().all(|line| line.starts_with("2026-01-")),
        "only rows"
    );
    assert!(lines[10_004].contains(",Verkehrszahlen und Saldo,") && lines[10_004].contains(",1000100.00,"));
    assert!(!sheet.headers.contains_key("x-weiter"));
    let journal = books.get("journal?format=csv", &[]).await;
    assert_eq!(journal.text.split("\r\n").count(), 1 + 14 + 9_999 + 1);
    let page = books
        .get("kontenblatt?konto=6815&bis=2026-01-31&format=csv&limit=5", &[])
        .await;
    assert!(
        page.headers.contains_key("x-weiter") && !page.text.contains("Verkehrszahlen"),
        "{}",
        page.text
    );
    assert_eq!(page.text.lines().count(), 1 + 2 + 5);
}

#[tokio::test]
async fn the_journal_is_complete_over_its_pages() {
    let books = Books::with_examples().await;
    let whole = books.report("journal").await;
    let all = whole["zeilen"].as_array().unwrap();
    assert_eq!(all.len(), 14);
    assert_eq!(whole["summen"]["soll"], whole["summen"]["haben"]);
    assert_eq!(all[0]["konto_soll"], "1600");
    assert_eq!(
        (&all[1]["konto_soll"], &all[1]["konto_haben"]),
        (&Value::Null, &json!("9000"))
    );
    let (mut found, mut query) = (Vec::new(), "journal?limit=4".to_owned());
    loop {
        let page = books.report(&query).await;
        found.extend(page["zeilen"].as_array().unwrap().clone());
        match page["weiter"].as_str() {
            Some(weiter) => query = format!("journal?limit=4&cursor={weiter}"),
            None => break,
        }
    }
    assert_eq!(&found, all);
    let foreign = query.replace("limit=4", "limit=4&von=2026-01-01");
    assert_eq!(books.get(&foreign, &[]).await.status, 400);
}

#[tokio::test]
async fn csv_is_the_same_table_and_other_forms_are_406() {
    let books = Books::with_examples().await;
    let csv = books
        .get(
            "summen-und-saldenliste?stichtag=2026-02-28&personenkonten=true",
            &[("accept", "text/csv")],
        )
        .await;
    assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert_eq!(csv.headers["x-position"], "14");
    let mut lines = csv.text.split("\r\n");
    assert_eq!(
        lines.next(),
        Some(
            "art,konto,bezeichnung,eb_soll,eb_haben,monat_soll,monat_haben,kumuliert_soll,kumuliert_haben,saldo_soll,saldo_haben"
        )
    );
    assert!(
        csv.text
            .contains("debitor,10001,\"Müller, Söhne\",0.00,0.00,238.00,0.00,238.00,0.00,238.00,0.00\r\n")
    );
    let arten: Vec<&str> = csv.text.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    for art in ["klasse", "gesamt", "debitoren", "kreditoren"] {
        assert!(arten.contains(&art), "{art}: {arten:?}");
    }
    let klassen: Vec<Vec<&str>> = csv
        .text
        .lines()
        .filter(|l| l.starts_with("sach,") || l.starts_with("klasse,"))
        .map(|l| l.split(',').take(2).collect())
        .collect();
    for pair in klassen.windows(2) {
        let same_class = pair[1][1].chars().next() == pair[0][1].chars().next();
        assert_eq!(
            pair[0][0] == "klasse",
            !same_class,
            "a subtotal ends its class: {pair:?}"
        );
    }
    let total = csv.text.lines().find(|l| l.starts_with("gesamt,")).unwrap();
    let amounts: Vec<&str> = total.split(',').skip(3).collect();
    for pair in amounts.chunks(2) {
        assert_eq!(pair[0], pair[1], "the total line shows S = H: {total}");
    }
    let sheet = books
        .get("kontenblatt?konto=1600&von=2026-02-01&bis=2026-02-28&format=csv", &[])
        .await;
    let lines: Vec<&str> = sheet.text.lines().collect();
    assert_eq!(lines[1], ",,,,EB-Wert,,,,500.00,,,");
    assert_eq!(lines[2], ",,,,Vortrag,,,,281.00,,,");
    assert!(
        lines.last().unwrap().starts_with(",,,,Verkehrszahlen und Saldo,,"),
        "{lines:?}"
    );
    assert!(lines.last().unwrap().ends_with(",400.00,,,"), "{lines:?}");
    let page = books.get("journal?format=csv&limit=4", &[]).await;
    assert_eq!(page.text.lines().count(), 5);
    assert!(page.headers.contains_key("x-weiter"));
    assert_eq!(books.get("journal", &[("accept", "application/pdf")]).await.status, 406);
}

#[tokio::test]
async fn a_report_waits_for_its_ledger_and_says_how_far_it_has_seen() {
    let books = Books::with_examples().await;
    books.ledger_at(10).await;
    let stale = books.report("summen-und-saldenliste?stichtag=2026-01-31").await;
    assert_eq!(stale["stand"], 10);
    // The ledger arrives while the report waits.
    let (waiting, ()) = tokio::join!(books.get("journal", &[("x-min-position", "14")]), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        books.ledger_at(14).await;
    });
    assert_eq!(waiting.status, 200);
    assert_eq!(waiting.headers["x-position"], "14");
    // It does not arrive.
    let late = books.get("journal?ab_position=15", &[]).await;
    assert_eq!(late.status, 503);
    assert!(late.text.contains("ABFRAGE_ZU_ALT") && late.headers.contains_key("retry-after"));
}
