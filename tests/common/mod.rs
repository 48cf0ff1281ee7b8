//! What the black-box tests share: one Postgres cluster for the whole run, a fresh migrated database per test.
//!
//! The first test process starts the cluster, a watchdog stops it when no test process is left. Test processes hold a
//! shared lock on `in_use` while they live.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]
#![allow(
    clippy::zombie_processes,
    reason = "server and watchdog outlive the test process on purpose"
)]

pub mod prozess;
pub mod stamm;
pub mod wuerfel;

use std::{
    fs::{self, File},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    str::FromStr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use neuroerp::eventstore::EventStore;
use sqlx::{ConnectOptions, Executor, PgConnection, PgPool, postgres::PgConnectOptions};
use uuid::Uuid;

/// How many Nummernkreise a new company gets.
pub const NUMMERNKREISE: i64 = 17;

/// A database of a test's own.
pub struct TestDb {
    /// As the program connects: in the role that cannot change the log.
    pub pool: PgPool,
    /// The log.
    pub store: EventStore,
    /// How to connect as the owner, for tests that attack.
    pub owner: PgConnectOptions,
}

struct Cluster {
    folder: PathBuf,
    _in_use: File,
}

/// Where the programs of Postgres are.
pub fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|dir| {
            dir.flatten()
                .map(|e| e.path().join("bin"))
                .filter(|p| p.join("initdb").exists())
                .collect()
        })
        .unwrap_or_default();
    found.sort();
    if let Some(newest) = found.pop() {
        return newest;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|dir| dir.join("initdb").exists())
        .expect("no Postgres server binaries; ./run setup installs them")
}

/// As root the server runs as another user.
pub fn server_user() -> Option<(u32, u32)> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let user = ["postgres", "nobody"]
        .iter()
        .find_map(|name| nix::unistd::User::from_name(name).ok().flatten());
    user.map(|u| (u.uid.as_raw(), u.gid.as_raw()))
}

/// A program as the user who runs Postgres.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/tmp").stdin(Stdio::null());
    if let Some((uid, gid)) = server_user() {
        command.uid(uid).gid(gid);
    }
    command
}

/// Runs a program that must succeed.
pub fn run(command: &mut Command) {
    let output = command.output().expect("the command starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let place = env!("CARGO_MANIFEST_DIR")
            .bytes()
            .fold(5381_u64, |h, b| h.wrapping_mul(33) ^ u64::from(b));
        let folder = PathBuf::from(format!("/tmp/neuroerp-test-{place:x}"));
        fs::create_dir_all(&folder).expect("folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).ok();
        let start = File::create(folder.join("start")).expect("lock file");
        start.lock().expect("start lock");
        let in_use = File::create(folder.join("in_use")).expect("lock file");
        in_use.lock_shared().expect("shared lock");
        if !running(&folder) {
            launch(&folder);
        }
        start.unlock().ok();
        Cluster {
            folder,
            _in_use: in_use,
        }
    })
}

fn running(folder: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(folder.join(".s.PGSQL.5432")).is_ok()
}

/// Makes an empty cluster of the owner `eigner`.
pub fn initdb(data: &Path) {
    run(command(&binaries().join("initdb"))
        .args([
            "-U",
            "eigner",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ])
        .arg(data));
}

fn launch(folder: &Path) {
    let bin = binaries();
    let data = folder.join("pg");
    fs::remove_dir_all(&data).ok();
    fs::remove_file(folder.join("vorlage")).ok();
    initdb(&data);
    let settings = [
        "listen_addresses=",
        "fsync=off",
        "full_page_writes=off",
        "shared_buffers=128MB",
        "max_connections=600",
        "autovacuum=on",
        "log_min_messages=warning",
    ];
    let log = File::create(folder.join("postgres.log")).expect("log file");
    let mut server = command(&bin.join("postgres"));
    server.arg("-D").arg(&data).arg("-k").arg(folder);
    for setting in settings {
        server.arg("-c").arg(setting);
    }
    let child = server
        .stdout(log.try_clone().expect("log"))
        .stderr(log)
        .process_group(0)
        .spawn()
        .expect("postgres starts");
    // Stops the server once no test process holds the lock any more. It keeps the lock until the server is gone: a test
    // that begins meanwhile would else find a server that is about to go.
    let watchdog = format!(
        "while sleep 10; do flock -n -x {lock} sh -c 'kill -INT {pid}; \
         for i in $(seq 100); do [ -e {data}/postmaster.pid ] || break; sleep 0.1; done' && break; done",
        lock = folder.join("in_use").display(),
        data = data.display(),
        pid = child.id()
    );
    Command::new("sh")
        .args(["-c", &watchdog])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("watchdog starts");
    let begin = Instant::now();
    while !running(folder) {
        assert!(
            begin.elapsed() < Duration::from_mins(1),
            "the test cluster does not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn options(database: &str) -> PgConnectOptions {
    PgConnectOptions::from_str("postgres://eigner@localhost/postgres")
        .expect("options")
        .socket(&cluster().folder)
        .database(database)
        .disable_statement_logging()
}

/// The server takes connections a moment before it is ready to serve them.
async fn first_connection() -> PgConnection {
    let begin = Instant::now();
    loop {
        match options("postgres").connect().await {
            Ok(connection) => return connection,
            Err(error) => assert!(begin.elapsed() < Duration::from_mins(1), "admin connection: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The migrated template all test databases are cloned from; made once per set of migrations.
async fn template() -> String {
    let folder = &cluster().folder;
    let lock = File::create(folder.join("vorlage.lock")).expect("lock file");
    lock.lock().expect("template lock");
    let marker = folder.join("vorlage");
    if let Ok(name) = fs::read_to_string(&marker) {
        return name;
    }
    let name = format!("vorlage_{}", Uuid::now_v7().simple());
    let mut admin = first_connection().await;
    admin
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .expect("template");
    neuroerp::postgres::migrate(&options(&name)).await.expect("migrations");
    fs::write(&marker, &name).expect("marker");
    name
}

/// A fresh migrated database.
pub async fn database() -> TestDb {
    let template = template().await;
    let name = format!("test_{}", Uuid::now_v7().simple());
    let mut admin = options("postgres").connect().await.expect("admin connection");
    // Two tests may copy the template at once; Postgres refuses only while somebody is connected to it.
    for attempt in 0.. {
        let result = admin
            .execute(sqlx::AssertSqlSafe(format!(
                "CREATE DATABASE {name} TEMPLATE {template}"
            )))
            .await;
        match result {
            Ok(_) => break,
            Err(error) if attempt < 50 => {
                eprintln!("waiting for the template: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("no test database: {error}"),
        }
    }
    let owner = options(&name);
    let pool = neuroerp::postgres::connect(&owner).await.expect("pool");
    let store = EventStore::new(pool.clone(), Arc::new(aggregates::registry()));
    TestDb { pool, store, owner }
}

/// A way in to a running server, wherever it runs.
pub struct Door {
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// Administrator's token.
    pub token: String,
    client: reqwest::Client,
}

/// A server on a fresh database inside the test process, with an administrator's token.
pub struct TestServer {
    door: Door,
    /// The database.
    pub db: TestDb,
    stop: tokio_util::sync::CancellationToken,
}

impl std::ops::Deref for TestServer {
    type Target = Door;
    fn deref(&self) -> &Door {
        &self.door
    }
}

/// An answer: status, headers, body.
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: serde_json::Value,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The body of an accepted request.
    #[track_caller]
    pub fn ok(self) -> serde_json::Value {
        assert!(self.status < 300, "{}: {}", self.status, self.text);
        self.body
    }

    /// Checks a refusal and gives back its body.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> serde_json::Value {
        assert_eq!(
            (self.status, self.body["code"].as_str().unwrap_or_default()),
            (status, code),
            "{}",
            self.text
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(
                self.body[member].as_str().is_some_and(|t| !t.is_empty()),
                "{member}: {}",
                self.text
            );
        }
        let vorgang = self.body["vorgang_id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        assert!(vorgang.is_some(), "vorgang_id: {}", self.text);
        self.body
    }
}

/// Starts a server without a company.
pub async fn bare_server() -> TestServer {
    let db = database().await;
    let (door, stop) = serve(&db.owner).await;
    TestServer { door, db, stop }
}

/// Starts a server on a database and in the role that options name; it ends with the test's process.
pub async fn server_on(options: &PgConnectOptions) -> Door {
    serve(options).await.0
}

async fn serve(options: &PgConnectOptions) -> (Door, tokio_util::sync::CancellationToken) {
    let core = neuroerp::server::Core::start(options).await.expect("core");
    let token = core
        .administrator(None)
        .await
        .expect("key")
        .expect("first start gives a token");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let stop = tokio_util::sync::CancellationToken::new();
    let shutdown = stop.clone();
    tokio::spawn(async move {
        core.serve(listener, shutdown).await.expect("serves");
        core.stop().await;
    });
    (Door::new(url, token), stop)
}

/// Starts a server with a company on SKR04 and the fiscal year 2026.
pub async fn server() -> TestServer {
    server_with_year(2026).await
}

/// Starts a server with a company on SKR04 whose first fiscal year is another.
pub async fn server_with_year(jahr: i32) -> TestServer {
    let server = bare_server().await;
    server.company_from("TEST", "skr04", jahr).await;
    server
}

impl Door {
    pub fn new(url: String, token: String) -> Self {
        Self {
            url,
            token,
            client: reqwest::Client::new(),
        }
    }

    /// The same server with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self::new(self.url.clone(), token.to_owned())
    }

    /// Issues a key for some days and gives back its id and a way in with it.
    pub async fn key(&self, name: &str, fields: serde_json::Value) -> (String, Self) {
        let mut body = serde_json::json!({"name": name, "ablauf": neuroerp::uhr::jetzt() + chrono::Duration::days(30)});
        let fields = fields.as_object().expect("fields").clone();
        body.as_object_mut().expect("object").extend(fields);
        let answer = self.post("/api/v1/dienste/api-keys", body).await.ok();
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let door = self.with_token(&text(&answer["einmalig"]["schluessel"]));
        (text(&answer["id"]), door)
    }

    /// Any request; `None` if the connection broke.
    pub async fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Option<Reply> {
        let mut headers = headers.to_vec();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-mandant")) {
            headers.push(("X-Mandant", "TEST"));
        }
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        self.raw(method, path, &headers, body.map(String::into_bytes)).await
    }

    /// A request with its key and just these headers and bytes. Of a stream only the head is read.
    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Option<Reply> {
        let mut request = self
            .client
            .request(method.parse().expect("method"), format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        for (name, value) in headers {
            // Bytes beyond ASCII are allowed in a header.
            let value = reqwest::header::HeaderValue::from_bytes(value.as_bytes()).expect("header");
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let stream = headers
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let text = if stream {
            String::new()
        } else {
            response.text().await.ok()?
        };
        Some(Reply {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        })
    }

    /// Any request.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Reply {
        self.try_request(method, path, headers, body).await.expect("answer")
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: serde_json::Value) -> Reply {
        self.request("POST", path, &[], Some(body.to_string())).await
    }

    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: serde_json::Value) -> Reply {
        self.request("POST", path, headers, Some(body.to_string())).await
    }

    /// Creates a company with chart, tax keys and the fiscal year 2026.
    pub async fn company(&self, kuerzel: &str, rahmen: &str) {
        self.company_from(kuerzel, rahmen, 2026).await;
    }

    /// Creates a company with chart, tax keys and its first fiscal year.
    async fn company_from(&self, kuerzel: &str, rahmen: &str, jahr: i32) {
        use serde_json::json;
        let header = [("X-Mandant", kuerzel)];
        let company = json!({"kuerzel": kuerzel, "stammdaten": {
            "firma": format!("{kuerzel} GmbH"), "steuernummer": "58/201/12345",
            "anschrift": {"strasse": "Am Delft 1", "plz": "26721", "ort": "Emden", "land": "DE"},
        }});
        self.post("/api/v1/dienste/mandanten", company).await.ok();
        let plan = self
            .post_with("/api/v1/fibu/kontenplaene", &header, json!({"rahmen": rahmen}))
            .await
            .ok();
        let plan = plan["id"].as_str().expect("id").to_owned();
        let path = format!("/api/v1/fibu/kontenplaene/{plan}/vorlage-uebernehmen");
        self.post_with(&path, &header, json!({})).await.ok();
        let year = json!({"beginn": format!("{jahr}-01-01"), "ende": format!("{jahr}-12-31")});
        let year = self.post_with("/api/v1/fibu/geschaeftsjahre", &header, year).await.ok();
        let path = format!(
            "/api/v1/fibu/geschaeftsjahre/{}/eroeffnen",
            year["id"].as_str().expect("id")
        );
        self.post_with(&path, &header, json!({})).await.ok();
        // The Nummernkreise and the seller's data follow the Mandant by policy.
        for _ in 0..200 {
            let path = "/api/v1/dienste/nummernkreise?gesamt=true";
            let seller = "/api/v1/dienste/firmenstammdaten?gesamt=true";
            if self.request("GET", path, &header, None).await.ok()["gesamt"] == NUMMERNKREISE
                && self.request("GET", seller, &header, None).await.ok()["gesamt"] == 1
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the Nummernkreise or the seller's data did not follow");
    }

    /// Opens a customer account.
    pub async fn debitor(&self, nr: &str, name: &str) {
        self.post("/api/v1/fibu/debitoren", serde_json::json!({"nr": nr, "name": name}))
            .await
            .ok();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
