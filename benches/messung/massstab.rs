//! The yardsticks: P pgbench, T the textbook and I a plain insert a request over HTTP, C cqrs-es with postgres-es, E a
//! streamed read of the log. F is in `boden`.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures::TryStreamExt as _;
use neuroerp::postgres::embedded::{DATABASE, SUPERUSER};
use sqlx::{Executor as _, Row as _};
use uuid::Uuid;

use super::{haus::Haus, lehrbuch};

/// The tables of the yardsticks.
pub async fn prepare(haus: &Haus) {
    let mut sql = haus.sql().await;
    sql.execute(
        "CREATE TABLE public.messung (position bigserial PRIMARY KEY, strom uuid, version bigint, daten text, \
         UNIQUE (strom, version))",
    )
    .await
    .unwrap();
    sql.execute(lehrbuch::TABLES).await.unwrap();
}

fn pgbench_program() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin/pgbench"))
        .filter(|p| p.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from("pgbench"))
}

/// P: transactions a second of pgbench, 32 clients, one event row a transaction.
pub fn p(haus: &Haus, dauer: Duration) -> f64 {
    let script = haus.folder().join("zeile.sql");
    let payload = "x".repeat(280);
    let text =
        format!("INSERT INTO public.messung (strom, version, daten) VALUES (gen_random_uuid(), 1, '{payload}');\n");
    std::fs::write(&script, text).unwrap();
    let output = Command::new(pgbench_program())
        .args(["-n", "-M", "prepared", "-c", "32", "-j", "2", "-U", SUPERUSER, "-T"])
        .arg(dauer.as_secs().max(1).to_string())
        .arg("-h")
        .arg(haus.socket_dir())
        .arg("-f")
        .arg(&script)
        .arg(DATABASE)
        .output()
        .expect("pgbench is in the package of the server");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|l| l.starts_with("tps = "));
    let line = line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    line["tps = ".len()..].split(' ').next().unwrap().parse().unwrap()
}

/// T and I: the handlers of `lehrbuch` in a process of their own, which ends with this.
pub struct Lehrbuch {
    child: Child,
    pub address: SocketAddr,
}

impl Drop for Lehrbuch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn lehrbuch(haus: &Haus, pool: usize) -> Lehrbuch {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("lehrbuch")
        .arg(haus.database_url())
        .arg(pool.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.next().unwrap().unwrap().parse().unwrap();
    Lehrbuch { child, address }
}

/// C: commands a second of cqrs-es with postgres-es, 32 tasks in process; the package `benches/peers` is built on its own,
/// since it brings another sqlx. `None` if it cannot be built.
pub fn c(haus: &Haus, dauer: Duration) -> Option<f64> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/Cargo.toml");
    let output = Command::new(option_env!("CARGO").unwrap_or("cargo"))
        .args([
            "run",
            "--release",
            "--quiet",
            "--locked",
            "--manifest-path",
            manifest,
            "--target-dir",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers"))
        .arg("--")
        .arg(haus.database_url())
        .arg(dauer.as_secs().max(1).to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.trim().parse().ok();
    if rate.is_none() {
        println!("C is left out: {}", String::from_utf8_lossy(&output.stderr));
    }
    rate
}

/// E: events a second of a streamed read of a company's log.
pub async fn e(haus: &Haus, mandant: Uuid) -> f64 {
    let mut sql = haus.sql().await;
    let begin = Instant::now();
    let mut rows = sqlx::query(
        "SELECT position, event_id, aggregate_type, aggregate_id, version, event_type, event_version, payload::text, \
            recorded_at FROM log.ereignis WHERE mandant_id = $1 ORDER BY position",
    )
    .bind(mandant)
    .fetch(&mut sql);
    let (mut count, mut bytes) = (0_u64, 0);
    while let Some(row) = rows.try_next().await.unwrap() {
        count += 1;
        bytes += row.get::<&str, _>(7).len();
    }
    assert!(bytes > 0);
    count as f64 / begin.elapsed().as_secs_f64()
}
