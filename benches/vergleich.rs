//! Speed as ratios inside one run: pgbench against whole Buchungen over HTTP, single and in bulk, and the trial balance
//! against GROUP BY. `cargo bench --bench vergleich` (seconds per line: `-- 8`). Needs pgbench beside the server programs.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that fails has no result"
)]

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use neuroerp::{
    postgres::{
        self,
        embedded::{DATABASE, EmbeddedServer, EmbeddedSettings, SUPERUSER},
    },
    server::Core,
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "ein-geheimnis-fuer-die-messung";
/// Companies of the line of many companies, one connection each.
const COMPANIES: usize = 24;

fn pgbench_program() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin/pgbench"))
        .filter(|p| p.exists())
        .collect();
    found.sort();
    found.pop().expect("pgbench is in the package of the server")
}

/// Transactions per second of one event row a transaction.
fn pgbench(socket: &Path, seconds: u64, folder: &Path) -> u64 {
    let script = folder.join("zeile.sql");
    let payload = "x".repeat(280);
    std::fs::write(
        &script,
        format!("INSERT INTO messung (strom, version, daten) VALUES (gen_random_uuid(), 1, '{payload}');\n"),
    )
    .unwrap();
    let output = Command::new(pgbench_program())
        .args([
            "-n",
            "-M",
            "prepared",
            "-c",
            "32",
            "-j",
            "2",
            "-T",
            &seconds.to_string(),
            "-U",
            SUPERUSER,
            "-h",
        ])
        .arg(socket)
        .arg("-f")
        .arg(&script)
        .arg(DATABASE)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .find(|l| l.starts_with("tps = "))
        .unwrap_or_else(|| panic!("{text}"));
    line["tps = ".len()..]
        .split(['.', ' '])
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    async fn post(&self, mandant: &str, path: &str, body: &Value) -> reqwest::Response {
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth(TOKEN)
            .header("X-Mandant", mandant);
        let response = request.json(body).send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.text().await.unwrap()
        );
        response
    }
}

/// The short names of the companies that are measured; the first one carries all lines but that of many companies.
fn kuerzel(company: usize) -> String {
    format!("MESS{company}")
}

async fn prepare(client: &Client, mandant: &str) {
    client
        .post(
            mandant,
            "/api/v1/dienste/mandanten",
            &json!({"kuerzel": mandant, "stammdaten": {"firma": "Messung GmbH"}}),
        )
        .await;
    let plan: Value = client
        .post(mandant, "/api/v1/fibu/kontenplaene", &json!({"rahmen": "skr04"}))
        .await
        .json()
        .await
        .unwrap();
    let plan = plan["id"].as_str().unwrap();
    client
        .post(
            mandant,
            &format!("/api/v1/fibu/kontenplaene/{plan}/vorlage-uebernehmen"),
            &json!({}),
        )
        .await;
    let year = json!({"beginn": "2026-01-01", "ende": "2026-12-31"});
    let year: Value = client
        .post(mandant, "/api/v1/fibu/geschaeftsjahre", &year)
        .await
        .json()
        .await
        .unwrap();
    let year = year["id"].as_str().unwrap();
    client
        .post(
            mandant,
            &format!("/api/v1/fibu/geschaeftsjahre/{year}/eroeffnen"),
            &json!({}),
        )
        .await;
}

fn beleg() -> Value {
    json!({"belegkreis": "KA", "belegdatum": "2026-02-02", "buchungsdatum": "2026-02-02", "text": "Messung", "beleg": "M-1",
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]})
}

/// A way to load the server.
struct Load {
    name: &'static str,
    connections: usize,
    companies: usize,
    per_request: usize,
}

/// Commands per second over HTTP: `per_request` in each request, on so many connections, spread over the companies.
/// Also the median and the 99th percentile of a request in milliseconds.
async fn load(client: &Arc<Client>, load: &Load, seconds: u64) -> (u64, u128, u128) {
    let per_request = load.per_request;
    let (path, body) = if per_request == 1 {
        ("/api/v1/fibu/buchungen", beleg())
    } else {
        let element = json!({"bereich": "fibu", "ressource": "buchungen", "befehl": "erfassen", "daten": beleg()});
        ("/api/v1/stapel?modus=atomar", json!(vec![element; per_request]))
    };
    let body = Arc::new(body);
    let done = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for connection in 0..load.connections {
        let (client, body, done) = (client.clone(), body.clone(), done.clone());
        let mandant = kuerzel(connection % load.companies);
        tasks.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                client.post(&mandant, path, &body).await;
                times.push(start.elapsed().as_millis());
                done.fetch_add(per_request as u64, Ordering::Relaxed);
            }
            times
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_unstable();
    let millis = u64::try_from(begin.elapsed().as_millis()).unwrap().max(1);
    let rate = done.load(Ordering::Relaxed) * 1000 / millis;
    (rate, times[times.len() / 2], times[times.len() * 99 / 100])
}

/// Mean number of events in a transaction since the last look; `counted` holds sum and count of then.
async fn batch_size(client: &Client, counted: &mut (u64, u64)) -> u64 {
    let text = client
        .http
        .get(format!("{}/metrics", client.url))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let value = |name: &str| {
        let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_default();
        line.rsplit(' ')
            .next()
            .and_then(|v| v.split('.').next()?.parse::<u64>().ok())
            .unwrap_or_default()
    };
    let (sum, count) = (
        value("neuroerp_stapel_ereignisse_sum"),
        value("neuroerp_stapel_ereignisse_count"),
    );
    let mean = (sum - counted.0) / (count - counted.1).max(1);
    *counted = (sum, count);
    mean
}

/// Median of some runs, in microseconds.
async fn median(mut run: impl AsyncFnMut()) -> u128 {
    let mut times = Vec::new();
    for _ in 0..15 {
        let start = Instant::now();
        run().await;
        times.push(start.elapsed().as_micros());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn ratio(a: u64, b: u64) -> String {
    let hundredths = a * 100 / b.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(6);
    let temp = tempfile::Builder::new()
        .prefix("neuroerp-messung")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut server = EmbeddedServer::start(&EmbeddedSettings::new(temp.path().join("daten")))
        .await
        .unwrap();
    let options = server.connect_options();
    postgres::migrate(&options).await.unwrap();
    let core = Core::start(&options).await.unwrap();
    core.administrator(Some(TOKEN)).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let shutdown = stop.clone();
    let serving = tokio::spawn(async move {
        core.serve(listener, shutdown).await.unwrap();
        core.stop().await;
    });
    let client = Arc::new(Client {
        http: reqwest::Client::new(),
        url,
    });
    for company in 0..COMPANIES {
        prepare(&client, &kuerzel(company)).await;
    }
    // The Nummernkreise follow by policy.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut database = options.clone().disable_statement_logging().connect().await.unwrap();
    database
        .execute(
            "CREATE TABLE messung (position bigserial PRIMARY KEY, strom uuid, version bigint, daten text, UNIQUE (strom, version)); \
             GRANT ALL ON messung TO neuroerp_app",
        )
        .await
        .unwrap();

    println!(
        "{:<34} {:>10} {:>8} {:>8} {:>8} {:>8}",
        "", "je s", "zu P", "p50 ms", "p99 ms", "je Satz"
    );
    let mut yardsticks = Vec::new();
    let mut counted = (0, 0);
    let line = |name, connections, companies, per_request| Load {
        name,
        connections,
        companies,
        per_request,
    };
    for line in [
        line("Buchung einzeln, 1 Verbindung", 1, 1, 1),
        line("Buchung einzeln, 64 Verbindungen", 64, 1, 1),
        line("Buchung einzeln, 256 Verbindungen", 256, 1, 1),
        line("Buchung einzeln, 24 Firmen", COMPANIES, COMPANIES, 1),
        line("Stapel zu 100, 4 Verbindungen", 4, 1, 100),
    ] {
        let name = line.name;
        let p = pgbench(&server.socket_dir(), seconds, temp.path());
        yardsticks.push(p);
        let (rate, p50, p99) = load(&client, &line, seconds).await;
        let batch = batch_size(&client, &mut counted).await;
        println!(
            "{name:<34} {rate:>10} {:>8} {p50:>8} {p99:>8} {batch:>8}",
            ratio(rate, p)
        );
    }
    println!("P: pgbench, 32 Clients, eine Zeile je Transaktion: {yardsticks:?} je s");

    let report = format!(
        "{}/api/v1/berichte/summen-und-saldenliste?stichtag=2026-12-31",
        client.url
    );
    // Let the ledgers come to the head, so that the balances serve.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let lines: i64 = sqlx::query_scalar("SELECT count(*) FROM fibu.journalzeile")
        .fetch_one(&mut database)
        .await
        .unwrap();
    let http = median(async || {
        let answer = client
            .http
            .get(&report)
            .bearer_auth(TOKEN)
            .header("X-Mandant", kuerzel(0))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
        answer.bytes().await.unwrap();
    })
    .await;
    let grouped = median(async || {
        sqlx::query("SELECT konto, sum(soll), sum(haben) FROM fibu.journalzeile GROUP BY konto")
            .fetch_all(&mut database)
            .await
            .unwrap();
    })
    .await;
    println!("Summen- und Saldenliste über {lines} Zeilen: HTTP {http} µs, GROUP BY {grouped} µs");
    database.close().await.unwrap();
    stop.cancel();
    serving.await.unwrap();
    server.stop().await.unwrap();
}
