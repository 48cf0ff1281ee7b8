//! `commands` and `stapel`: what is durable a second over HTTP, beside the yardsticks of the same run.

use super::{
    Plan, beleg,
    boden::{self, Boden},
    haus::Haus,
    last::{self, Anfragen, Ergebnis},
    massstab,
    tabelle::{kopf, median, zeile},
};

/// Events of which the floor is taken.
const BODEN: i64 = 20_000;

/// A load beside its yardsticks.
struct Last<'a> {
    name: &'a str,
    connections: usize,
    /// Commands in a request.
    je_anfrage: f64,
    requests: Anfragen,
}

/// What a load came to in all its rounds.
struct Gemessen {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    boden: Boden,
    /// Microseconds of CPU a command: the program's and its Postgres'.
    cpu_us: (f64, f64),
    /// Events that the slowest ledger was behind at the end.
    rueckstand: i64,
}

pub async fn run(plan: &Plan) {
    let mut haus = Haus::open().await;
    massstab::prepare(&haus).await;
    haus.serve();
    let mandant = haus.company(beleg::FIRMA).await;
    aufwaermen(&haus, plan).await;

    kopf("commands: Buchung erfassen, two lines, a request each");
    let c = massstab::c(&haus, plan.dauer);
    for connections in [1, 8, 64, 256] {
        let p = massstab::p(&haus, plan.dauer);
        let lehrbuch = massstab::lehrbuch(&haus, connections.min(32));
        let body = beleg::buchung().to_string();
        let to = |path: &'static str| -> Anfragen {
            let body = body.clone();
            std::sync::Arc::new(move |_| last::post(beleg::FIRMA, path, &body))
        };
        let i = last::voll(lehrbuch.address, connections, plan.dauer, &to("/insert")).await;
        let t = last::voll(lehrbuch.address, connections, plan.dauer, &to("/lehrbuch")).await;
        drop(lehrbuch);
        let load = Last {
            name: "",
            connections,
            je_anfrage: 1.0,
            requests: beleg::einzeln(),
        };
        let g = messen(&mut haus, mandant, &load, plan).await;
        let name = format!("{connections} connections");
        let of = |yardstick: f64| g.rate / yardstick;
        let c = c.map_or_else(|| "?".to_owned(), |c| format!("{:.2} C", of(c)));
        zeile(
            &name,
            format!(
                "{:.0}/s: {:.2} F, {:.2} T, {c}, {:.2} P",
                g.rate,
                of(g.boden.rate),
                of(t.rate),
                of(p)
            ),
            format!(
                "F {:.0} ({:.0} a batch), T {:.0}, I {:.0}, P {p:.0}; p50 {:.1} ms = {:.2} of I's, p99 {:.1} ms; CPU {:.0} µs a command and {:.0} of Postgres; \
                 ledgers {} events behind",
                g.boden.rate,
                g.boden.je_schub,
                t.rate,
                i.rate,
                g.p50_ms,
                g.p50_ms * 1000.0 / i.p50_us as f64,
                g.p99_ms,
                g.cpu_us.0,
                g.cpu_us.1,
                g.rueckstand,
            ),
        );
    }
    let load = Last {
        name: "whole invoices, 64 connections",
        connections: 64,
        je_anfrage: 1.0,
        requests: beleg::rechnung(),
    };
    let g = messen(&mut haus, mandant, &load, plan).await;
    // Of each invoice there are two commands in the log.
    drucken(&load, &g, g.boden.rate / 2.0, massstab::p(&haus, plan.dauer));
    haus.close().await;
}

pub async fn stapel(plan: &Plan) {
    let mut haus = Haus::open().await;
    massstab::prepare(&haus).await;
    haus.serve();
    let mandant = haus.company(beleg::FIRMA).await;
    aufwaermen(&haus, plan).await;
    kopf("stapel: 100 Buchungen a request, all or none");
    for connections in [1, 4] {
        let load = Last {
            name: &format!("{connections} connections"),
            connections,
            je_anfrage: 100.0,
            requests: beleg::hundert(),
        };
        let g = messen(&mut haus, mandant, &load, plan).await;
        drucken(&load, &g, g.boden.rate, massstab::p(&haus, plan.dauer));
    }
    haus.close().await;
}

fn drucken(load: &Last<'_>, g: &Gemessen, boden: f64, p: f64) {
    zeile(
        load.name,
        format!("{:.0}/s: {:.2} F, {:.2} P", g.rate, g.rate / boden, g.rate / p),
        format!(
            "F {boden:.0} ({:.0} commands a batch), P {p:.0}; p50 {:.1} ms, p99 {:.1} ms; CPU {:.0} µs each and {:.0} of Postgres; \
             ledgers {} events behind",
            g.boden.je_schub, g.p50_ms, g.p99_ms, g.cpu_us.0, g.cpu_us.1, g.rueckstand,
        ),
    );
}

/// Until plans, caches and statistics are as in use.
async fn aufwaermen(haus: &Haus, plan: &Plan) {
    last::voll(haus.address(), 64, plan.dauer, &beleg::einzeln()).await;
    haus.settled().await;
}

async fn messen(haus: &mut Haus, mandant: uuid::Uuid, load: &Last<'_>, plan: &Plan) -> Gemessen {
    let mut rounds: Vec<Ergebnis> = Vec::new();
    let mut cpu_us = (Vec::new(), Vec::new());
    let mut after = 0;
    let mut rueckstand = 0;
    for _ in 0..plan.runden {
        haus.settled().await;
        after = kopf_position(haus, mandant).await;
        let before = haus.cpu();
        let result = last::voll(haus.address(), load.connections, plan.dauer, &load.requests).await;
        rueckstand = rueckstand.max(behind(haus, mandant).await);
        let now = haus.cpu();
        let commands = result.rate * plan.dauer.as_secs_f64() * load.je_anfrage;
        cpu_us.0.push((now.0 - before.0) * 1e6 / commands);
        cpu_us.1.push((now.1 - before.1) * 1e6 / commands);
        rounds.push(result);
    }
    haus.settled().await;
    haus.stop_serving();
    let boden = boden::messen(haus, mandant, after, BODEN, plan.runden).await;
    haus.serve();
    let of = |value: &dyn Fn(&Ergebnis) -> f64| median(rounds.iter().map(value).collect());
    Gemessen {
        rate: of(&|r| r.rate) * load.je_anfrage,
        p50_ms: of(&|r| r.p50_us as f64 / 1000.0),
        p99_ms: of(&|r| r.p99_us as f64 / 1000.0),
        boden,
        cpu_us: (median(cpu_us.0), median(cpu_us.1)),
        rueckstand,
    }
}

pub async fn kopf_position(haus: &Haus, mandant: uuid::Uuid) -> i64 {
    let mut sql = haus.sql().await;
    sqlx::query_scalar("SELECT position FROM log.kopf WHERE mandant_id = $1")
        .bind(mandant)
        .fetch_one(&mut sql)
        .await
        .unwrap()
}

/// Events that the slowest ledger has not seen.
async fn behind(haus: &Haus, mandant: uuid::Uuid) -> i64 {
    let mut sql = haus.sql().await;
    sqlx::query_scalar(
        "SELECT max(k.position - s.position) FROM projektion.stand s JOIN log.kopf k USING (mandant_id) WHERE mandant_id = $1",
    )
    .bind(mandant)
    .fetch_one(&mut sql)
    .await
    .unwrap()
}
