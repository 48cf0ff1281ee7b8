//! The reports of the books on both time axes, with the examples of the specification (fibu 1 and 2). The tables are
//! filled here as the ledger fills them; the log is real, so that names of the past come from it.
#![expect(clippy::unwrap_used, reason = "in a test the panic is the report")]

#[path = "../common/mod.rs"]
mod common;
mod forms;
mod pages;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod susa;

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
