//! `reports`: what readers wait for when the books are full. The lines are written by SQL, beside the log's positions
//! that they stand for; commands would be refused afterwards, so only reading is measured.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Executor as _, PgConnection};
use uuid::Uuid;

use super::{
    Plan, beleg,
    commands::kopf_position,
    haus::{Haus, id},
    last::{self, Leitung},
    tabelle::{kopf, median, zeile},
};

/// Looks at each report.
const BLICKE: usize = 15;
/// Documents of the list at most.
const BELEGE: u64 = 1_000_000;
/// Events of the long stream.
const STROM: usize = 10_000;

pub async fn run(plan: &Plan) {
    let mut haus = Haus::open().await;
    haus.serve();
    let mandant = haus.company(beleg::FIRMA).await;
    let lang = langer_strom(&haus).await;
    haus.settled().await;
    let begin = Instant::now();
    let mut sql = haus.sql().await;
    fuellen(&mut sql, mandant, kopf_position(&haus, mandant).await, plan.zeilen).await;
    // The caches of the program are those of before.
    haus.stop_serving();
    haus.serve();
    kopf(&format!(
        "reports over {} journal lines (written in {} s)",
        plan.zeilen,
        begin.elapsed().as_secs()
    ));

    let susa = "/api/v1/berichte/summen-und-saldenliste?stichtag=2026-12-31";
    let (bericht, http) = lesen(&haus, susa).await;
    let grouped = gruppiert(&mut sql, mandant).await;
    let soll = bericht["summen"]["gesamt"]["saldo_soll"].as_str().unwrap().to_owned();
    let expected: String = sqlx::query_scalar(
        "SELECT sum(greatest(s, 0))::numeric(20,2)::text FROM (SELECT sum(soll - haben) AS s FROM fibu.journalzeile \
         WHERE mandant_id = $1 GROUP BY konto) k",
    )
    .bind(mandant)
    .fetch_one(&mut sql)
    .await
    .unwrap();
    assert_eq!(soll, expected, "equal to the cent");
    zeile(
        "Summen- und Saldenliste",
        format!("{:.0} × faster than GROUP BY", grouped / http),
        format!("{http:.1} ms over HTTP, GROUP BY {grouped:.0} ms; equal to the cent"),
    );
    let moment: String = sqlx::query_scalar(
        "SELECT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM log.ereignis \
         WHERE mandant_id = $1 AND position = (SELECT position / 2 FROM log.kopf WHERE mandant_id = $1)",
    )
    .bind(mandant)
    .fetch_one(&mut sql)
    .await
    .unwrap();
    for (name, path) in [
        (
            "Summen- und Saldenliste as known half-way",
            format!("{susa}&bekannt_am={moment}"),
        ),
        (
            "Kontenblatt, a page of 100",
            "/api/v1/berichte/kontenblatt?konto=6815&von=2026-06-01&bis=2026-12-31&limit=100".to_owned(),
        ),
        (
            "Journal, a page of 100",
            "/api/v1/berichte/journal?von=2026-06-01&bis=2026-06-30&limit=100".to_owned(),
        ),
        (
            "list of Buchungen, filter and search",
            "/api/v1/fibu/buchungen?suche=messung%20777&buchungsdatum%5Bgte%5D=2026-03-01&limit=50".to_owned(),
        ),
        (
            "list of Buchungen, filter and sort",
            "/api/v1/fibu/buchungen?buchungsdatum%5Bgte%5D=2026-06-01&sortierung=-buchungsdatum&limit=50".to_owned(),
        ),
        (
            "/zustand of a stream of 10,000 events",
            format!("/api/v1/fibu/buchungen/{lang}/zustand?version={}", STROM / 2),
        ),
    ] {
        let (_, ms) = lesen(&haus, &path).await;
        zeile(name, format!("{ms:.1} ms"), format!("`{path}`"));
    }
    haus.close().await;
}

/// The answer, and the median time of an answer in milliseconds.
async fn lesen(haus: &Haus, path: &str) -> (Value, f64) {
    let request = last::get(beleg::FIRMA, path);
    let mut leitung = Leitung::open(haus.address()).await;
    let body = serde_json::from_slice(leitung.send(&request).await).unwrap();
    let mut times = Vec::new();
    for _ in 0..BLICKE {
        let begin = Instant::now();
        leitung.send(&request).await;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (body, median(times))
}

/// Milliseconds of the same sums by GROUP BY.
async fn gruppiert(sql: &mut PgConnection, mandant: Uuid) -> f64 {
    let mut times = Vec::new();
    for _ in 0..3 {
        let begin = Instant::now();
        sqlx::query("SELECT konto, sum(soll), sum(haben) FROM fibu.journalzeile WHERE mandant_id = $1 GROUP BY konto")
            .bind(mandant)
            .fetch_all(&mut *sql)
            .await
            .unwrap();
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    median(times)
}

/// A Buchung with so many notes.
async fn langer_strom(haus: &Haus) -> Uuid {
    let buchung = id(&haus.post(beleg::FIRMA, "fibu/buchungen", &beleg::buchung()).await);
    let vermerk = json!({"bereich": "fibu", "ressource": "buchungen", "befehl": "vermerk-hinzufuegen", "id": buchung,
        "daten": {"text": "Vermerk"}});
    for _ in 0..STROM / 500 {
        let body = json!(vec![vermerk.clone(); 500]);
        haus.post(beleg::FIRMA, "stapel?modus=atomar", &body).await;
    }
    buchung
}

/// Journal lines, two a voucher, spread over accounts and the year; with them their places in the log, their balances and
/// the list of vouchers.
async fn fuellen(sql: &mut PgConnection, mandant: Uuid, head: i64, zeilen: u64) {
    let belege = zeilen / 2;
    let liste = belege.min(BELEGE);
    let text = format!(
        "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'; \
         CREATE TEMP TABLE k AS SELECT row_number() OVER (ORDER BY konto_nr) - 1 AS nr, konto_nr FROM fibu.konto \
            WHERE mandant_id = '{mandant}'; \
         CREATE TEMP TABLE v AS SELECT * FROM fibu.journalzeile WHERE mandant_id = '{mandant}' LIMIT 1; \
         CREATE TEMP TABLE b AS SELECT * FROM fibu.buchung WHERE mandant_id = '{mandant}' LIMIT 1; \
         INSERT INTO log.ereignis (mandant_id, position, event_id, aggregate_type, aggregate_id, version, event_type, \
            event_version, actor, correlation, recorded_at, salt, daten_hash, leaf_hash) \
         SELECT '{mandant}', {head} + i, md5('e' || i)::uuid, 'buchung', md5('b' || i)::uuid, 1, 'Erfasst', 1, 'dienst:messung', \
            '{mandant}', now() + i * interval '1 second', decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), \
            decode(repeat('00', 32), 'hex') FROM generate_series(1, {belege}) i; \
         INSERT INTO fibu.journalzeile SELECT v.mandant_id, {head} + i, s, {head} + i, v.geschaeftsjahr_id, \
            v.geschaeftsjahr_beginn, extract(month FROM d)::smallint, md5('b' || i)::uuid, 'KA-2026-' || lpad(i::text, 8, '0'), \
            'KA', 'M-' || i, d, d, d, now() + i * interval '1 second', v.erfasser, v.buchungsart, 'Messung ' || i, k.konto_nr, \
            NULL, NULL, CASE s WHEN 1 THEN 'soll' ELSE 'haben' END, x, CASE s WHEN 1 THEN x ELSE 0 END, \
            CASE s WHEN 2 THEN x ELSE 0 END, NULL, NULL, 'keine', NULL, NULL \
         FROM v, generate_series(1, {belege}) i, generate_series(1, 2) s, \
            LATERAL (SELECT date '2026-01-01' + (i % 365)::int AS d, ((i * 7919) % 1000000 + 1)::numeric / 100 AS x) w, \
            k WHERE k.nr = (i * 31 + s * 17) % (SELECT count(*) FROM k); \
         INSERT INTO fibu.konto_saldo AS z (mandant_id, art, konto, geschaeftsjahr_beginn, periode, soll, haben, \
            letztes_steuerdatum) SELECT mandant_id, 'sach', konto, geschaeftsjahr_beginn, periode, sum(soll), sum(haben), \
            max(steuerdatum) FROM fibu.journalzeile WHERE mandant_id = '{mandant}' AND log_position > {head} \
            GROUP BY 1, 3, 4, 5 ON CONFLICT (mandant_id, art, konto, geschaeftsjahr_beginn, periode) \
            DO UPDATE SET soll = z.soll + EXCLUDED.soll, haben = z.haben + EXCLUDED.haben; \
         INSERT INTO fibu.buchung (mandant_id, id, version, log_position, angelegt_am, geaendert_am, belegnummer, belegkreis, \
            jahr, lfd, belegdatum, buchungsdatum, geschaeftsjahr_id, periode, steuerdatum, buchungsart, text, waehrung, beleg, \
            status, summe) SELECT b.mandant_id, md5('b' || i)::uuid, 1, {head} + i, now(), now(), \
            'KA-2026-' || lpad(i::text, 8, '0'), 'KA', 2026, i, d, d, b.geschaeftsjahr_id, extract(month FROM d)::smallint, d, \
            b.buchungsart, 'Messung ' || i, b.waehrung, 'M-' || i, b.status, b.summe \
         FROM b, generate_series(1, {liste}) i, LATERAL (SELECT date '2026-01-01' + (i % 365)::int AS d) w; \
         UPDATE log.kopf SET position = {head} + {belege} WHERE mandant_id = '{mandant}'; \
         UPDATE projektion.stand SET position = {head} + {belege} WHERE mandant_id = '{mandant}'; \
         UPDATE log.politik_stand SET position = {head} + {belege} WHERE mandant_id = '{mandant}'"
    );
    sql.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
    sql.execute("VACUUM ANALYZE").await.unwrap();
    sql.execute("RESET ALL").await.unwrap();
}
