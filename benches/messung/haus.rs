//! A throw-away Postgres and the real program on it, as processes of their own.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use neuroerp::postgres::embedded::{DATABASE, EmbeddedServer, EmbeddedSettings, SUPERUSER};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

/// The administrator's token.
pub const TOKEN: &str = "ein-geheimnis-fuer-die-messung";

/// The house that is measured.
pub struct Haus {
    temp: tempfile::TempDir,
    postgres: EmbeddedServer,
    programm: Option<Programm>,
    http: reqwest::Client,
}

/// The running program.
struct Programm {
    child: Child,
    address: SocketAddr,
}

impl Drop for Programm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Haus {
    /// Postgres alone, with the settings of the private server (fsync and synchronous_commit on), migrated.
    pub async fn open() -> Self {
        let temp = tempfile::Builder::new()
            .prefix("neuroerp-messung")
            .tempdir_in("/tmp")
            .unwrap();
        std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut settings = EmbeddedSettings::new(temp.path().join("daten"));
        settings.max_connections = 200;
        let postgres = EmbeddedServer::start(&settings).await.unwrap();
        neuroerp::postgres::migrate(&postgres.connect_options()).await.unwrap();
        Self {
            temp,
            postgres,
            programm: None,
            http: reqwest::Client::new(),
        }
    }

    /// Starts the program; gives the time until it says that it listens.
    pub fn serve(&mut self) -> Duration {
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_neuroerp"))
            .env("DATABASE_URL", self.database_url())
            .env("NEUROERP_ADMIN_TOKEN", TOKEN)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the program says where it listens").unwrap();
            if let Some(at) = line.find("http://") {
                let rest = &line[at + "http://".len()..];
                break rest.split('/').next().unwrap().parse().unwrap();
            }
        };
        let took = begin.elapsed();
        self.programm = Some(Programm { child, address });
        took
    }

    /// Stops the program as an operator does.
    pub fn stop_serving(&mut self) {
        if let Some(mut programm) = self.programm.take() {
            kill(pid(&programm.child), Signal::SIGTERM).unwrap();
            programm.child.wait().unwrap();
        }
    }

    pub async fn close(mut self) {
        self.stop_serving();
        self.postgres.stop().await.unwrap();
    }

    pub fn database_url(&self) -> String {
        let socket = self.postgres.socket_dir().display().to_string().replace('/', "%2F");
        format!("postgres://{SUPERUSER}@{socket}/{DATABASE}")
    }

    pub fn socket_dir(&self) -> PathBuf {
        self.postgres.socket_dir()
    }

    /// A place for files.
    pub fn folder(&self) -> &std::path::Path {
        self.temp.path()
    }

    /// How to connect as the owner.
    pub fn options(&self) -> PgConnectOptions {
        self.postgres.connect_options().disable_statement_logging()
    }

    /// A connection as the owner.
    pub async fn sql(&self) -> PgConnection {
        self.options().connect().await.unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.programm.as_ref().unwrap().address
    }

    /// Seconds of CPU that the program and its Postgres have used.
    pub fn cpu(&self) -> (f64, f64) {
        let postmaster = self.postgres.pid().unwrap();
        let programm = self.programm.as_ref().map_or(0, |p| p.child.id());
        let mut sum = (0.0, 0.0);
        for (pid, parent, seconds) in processes() {
            if pid == programm {
                sum.0 += seconds;
            } else if parent == postmaster || pid == postmaster {
                sum.1 += seconds;
            }
        }
        sum
    }

    /// Resident memory of the program in kB: now and the most so far.
    pub fn memory_kb(&self) -> (u64, u64) {
        memory_kb(self.programm.as_ref().unwrap().child.id())
    }

    pub async fn post(&self, mandant: &str, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("http://{}/api/v1/{path}", self.address()));
        let request = request.bearer_auth(TOKEN).header("X-Mandant", mandant);
        let response = request.json(body).send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    /// A company with a chart of accounts, an open year and a customer; gives its id.
    pub async fn company(&self, kuerzel: &str) -> Uuid {
        let body = json!({"kuerzel": kuerzel, "stammdaten": {"firma": "Messung GmbH", "steuernummer": "12/345/67890",
            "anschrift": {"strasse": "Hafenstr. 1", "plz": "26721", "ort": "Emden", "land": "DE"}}});
        let mandant = id(&self.post(kuerzel, "dienste/mandanten", &body).await);
        let plan = self
            .post(kuerzel, "fibu/kontenplaene", &json!({"rahmen": "skr04"}))
            .await;
        let path = format!("fibu/kontenplaene/{}/vorlage-uebernehmen", id(&plan));
        self.post(kuerzel, &path, &json!({})).await;
        let year = json!({"beginn": "2026-01-01", "ende": "2026-12-31"});
        let year = id(&self.post(kuerzel, "fibu/geschaeftsjahre", &year).await);
        let path = format!("fibu/geschaeftsjahre/{year}/eroeffnen");
        self.post(kuerzel, &path, &json!({})).await;
        let anschrift = json!({"strasse": "Deichstr. 2", "plz": "26721", "ort": "Emden", "land": "DE"});
        let customer = json!({"nr": "10001", "name": "Landhof Petersen GmbH", "anschrift": anschrift});
        self.post(kuerzel, "fibu/debitoren", &customer).await;
        // The Nummernkreise follow by policy.
        let mut sql = self.sql().await;
        loop {
            let there: bool = sqlx::query_scalar(
                "SELECT count(*) = 2 FROM dienste.nummernkreis WHERE mandant_id = $1 AND code IN ('AR', 'KA')",
            )
            .bind(mandant)
            .fetch_one(&mut sql)
            .await
            .unwrap();
            if there {
                return mandant;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Until the ledgers of all companies are at the head.
    pub async fn settled(&self) {
        let mut sql = self.sql().await;
        let begin = Instant::now();
        loop {
            let open: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM projektion.stand s JOIN log.kopf k USING (mandant_id) WHERE s.position < k.position",
            )
            .fetch_one(&mut sql)
            .await
            .unwrap();
            if open == 0 {
                return;
            }
            assert!(
                begin.elapsed() < Duration::from_mins(10),
                "the ledgers do not come to the head"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

pub fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

pub fn id(answer: &Value) -> Uuid {
    answer["id"].as_str().unwrap().parse().unwrap()
}

/// Resident memory of a process in kB: now and the most so far.
pub fn memory_kb(pid: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|v| v.parse().ok()).unwrap_or(0)
    };
    (value("VmRSS:"), value("VmHWM:"))
}

/// All processes: their number, their parent's, and the seconds of CPU that they have used.
fn processes() -> Vec<(u32, u32, f64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name in brackets may hold blanks.
        let Some((_, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        let fields: Vec<u64> = rest.split(' ').map(|f| f.parse().unwrap_or(0)).collect();
        if let (Some(parent), Some(user), Some(system)) = (fields.get(1), fields.get(11), fields.get(12)) {
            // The kernel counts in hundredths.
            found.push((pid, *parent as u32, (user + system) as f64 / 100.0));
        }
    }
    found
}
