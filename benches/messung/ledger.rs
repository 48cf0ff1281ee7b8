//! `ledger`: how far the ledgers are behind under load, and how fast read models are built anew.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::Row as _;
use uuid::Uuid;

use super::{
    Plan, beleg,
    commands::kopf_position,
    haus::{self, Haus},
    last, massstab,
    tabelle::{kopf, median, zeile},
};

pub async fn run(plan: &Plan) {
    let mut haus = Haus::open().await;
    massstab::prepare(&haus).await;
    haus.serve();
    let mandant = haus.company(beleg::FIRMA).await;
    let most = last::voll(haus.address(), 256, plan.dauer * 2, &beleg::einzeln()).await;
    haus.settled().await;

    kopf("ledger: lag behind the log, the append included");
    let watch = tokio::spawn(lag(haus.sql().await, mandant, plan.dauer * 2));
    last::takt(haus.address(), 64, plan.dauer * 2, &beleg::einzeln(), most.rate / 2.0).await;
    lag_zeile(
        &format!("at {:.0}/s, half of the most", most.rate / 2.0),
        watch.await.unwrap(),
    );
    haus.settled().await;
    let watch = tokio::spawn(lag(haus.sql().await, mandant, plan.dauer * 2));
    let full = last::voll(haus.address(), 256, plan.dauer * 2, &beleg::einzeln()).await;
    lag_zeile(&format!("at {:.0}/s, the most", full.rate), watch.await.unwrap());

    haus.settled().await;
    haus.stop_serving();
    let events = kopf_position(&haus, mandant).await as f64;
    kopf(&format!("rebuild of {events:.0} events"));
    let mut reads = Vec::new();
    for _ in 0..plan.runden {
        reads.push(massstab::e(&haus, mandant).await);
    }
    let e = median(reads);
    zeile("E, a streamed read", format!("{e:.0}/s"), "");
    for (name, model) in [
        ("state of Buchung", Some("buchung")),
        ("ledger journal", Some("journal")),
        ("all", None),
    ] {
        let (took, memory) = rebuild(&haus, model);
        let rate = events / took.as_secs_f64();
        zeile(
            name,
            format!("{:.2} E", rate / e),
            format!(
                "{rate:.0} events/s, {:.1} s, memory {} MB",
                took.as_secs_f64(),
                memory / 1024
            ),
        );
    }
    haus.close().await;
}

fn lag_zeile(name: &str, mut lags: Vec<f64>) {
    lags.sort_by(f64::total_cmp);
    let at = |percent: usize| lags.get(lags.len() * percent / 100).copied().unwrap_or(0.0);
    zeile(
        name,
        format!("p99 {:.0} ms", at(99)),
        format!(
            "p50 {:.0} ms, most {:.0} ms, {} looks",
            at(50),
            at(100).max(lags.last().copied().unwrap_or(0.0)),
            lags.len()
        ),
    );
}

/// Every few milliseconds: the age of the oldest event that some ledger has not carried yet, in milliseconds.
async fn lag(mut sql: sqlx::PgConnection, mandant: Uuid, dauer: Duration) -> Vec<f64> {
    let mut seen = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < dauer {
        let row = sqlx::query(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.recorded_at)) * 1000, 0)::float8 AS alter \
             FROM projektion.stand s JOIN log.ereignis e ON e.mandant_id = s.mandant_id AND e.position = s.position + 1 \
             WHERE s.mandant_id = $1",
        )
        .bind(mandant)
        .fetch_one(&mut sql)
        .await
        .unwrap();
        seen.push(row.get("alter"));
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    seen
}

/// Runs the program's `rebuild`; gives the time it takes and the most memory it had, in kB.
fn rebuild(haus: &Haus, model: Option<&str>) -> (Duration, u64) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_neuroerp"))
        .env("DATABASE_URL", haus.database_url())
        .arg("rebuild")
        .args(model)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        most = most.max(haus::memory_kb(child.id()).1);
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "rebuild {model:?}");
    (begin.elapsed(), most)
}
