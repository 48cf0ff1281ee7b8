//! The private Postgres: a server of the house's own, in its data folder, for as long as a program uses it.
//!
//! Without `DATABASE_URL` nobody has to set up a database. The data folder holds
//!
//! - `pg`: the cluster, with data checksums, made by initdb at the first start,
//! - `postgres.conf`: the settings fitted to the machine, rewritten at every start,
//! - `socket`: the Unix socket, the only way to the server (the module `socket` says why nobody else gets in),
//! - `postgres.log`: what the server says,
//! - `wechsel`, `benutzer`, `schloss`: the locks (module `locks`). Any number of programs use one server, one of them
//!   serves; the first starts it, the last stops it, whichever these are.
//!
//! A server that dies is started again by whoever notices first (module `guard`). Programs that were killed leave it
//! running; if nobody uses it, the next start stops it and starts a fresh one (module `leftover`).
//!
//! Started by root, the server runs as another user (module `identity`).

mod cluster;
mod conf;
mod error;
mod guard;
mod identity;
mod leftover;
mod locks;
mod log;
mod programs;
mod socket;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use self::identity::Identity;
use self::locks::Usage;
use self::log::Log;
use self::programs::Programs;
use super::is_starting;

pub use self::error::EmbeddedError;
pub use self::guard::{Guard, Health};
pub use self::locks::Change;

/// The superuser of the private cluster. A name of its own, so that nobody mistakes the cluster for the machine's.
pub const SUPERUSER: &str = "neuroerp_eigner";

/// As whom the running program logs in: no superuser, owner of nothing, and in the program's role only.
pub const PROGRAM: &str = "neuroerp_programm";

/// The database of the program in the private cluster.
pub const DATABASE: &str = "neuroerp";

/// How long the server may be silent after its start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How long the server may say that it is recovering. With `max_wal_size` 2 GB minutes are usual on a slow disk; to stop
/// it earlier would only make it begin again.
const RECOVERY_LIMIT: Duration = Duration::from_mins(30);

/// A fast shutdown ends the sessions and writes a checkpoint.
const FAST_STOP_LIMIT: Duration = Duration::from_secs(30);

/// An immediate shutdown writes nothing.
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(5);

/// What dropping may block for; the next start waits for the rest.
const DROP_LIMIT: Duration = Duration::from_secs(3);

/// How long a program waits for another one that is starting or stopping the server.
const OPEN_WAIT: Duration = Duration::from_mins(5);

/// The same on the way out; then the others have the server.
const STOP_WAIT: Duration = Duration::from_secs(5);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Room for five programs that need all their connections at once; one that finds no room waits in vain for it.
const MAX_CONNECTIONS: u32 = 200;

/// What the private server needs to know.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// The data folder; made if missing.
    pub data_dir: PathBuf,
    /// How many connections the server accepts.
    pub max_connections: u32,
    /// The folder with `postgres` and `initdb`. Default: `NEUROERP_PG_BIN`, else searched for.
    pub pg_bin: Option<PathBuf>,
    /// The user the server runs as when root starts it. Default: `NEUROERP_PG_USER`, else `postgres`, else `nobody`.
    pub pg_user: Option<String>,
    /// How long the server may be silent after its start.
    pub start_limit: Duration,
}

impl EmbeddedSettings {
    /// The usual settings for a data folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            max_connections: MAX_CONNECTIONS,
            pg_bin: None,
            pg_user: None,
            start_limit: START_LIMIT,
        }
    }

    fn effective_pg_bin(&self) -> Option<PathBuf> {
        let from_env = || {
            std::env::var_os("NEUROERP_PG_BIN")
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        self.pg_bin.clone().or_else(from_env)
    }

    fn effective_pg_user(&self) -> Option<String> {
        let from_env = || std::env::var("NEUROERP_PG_USER").ok().filter(|value| !value.is_empty());
        self.pg_user.clone().or_else(from_env)
    }
}

/// What a program wants of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Others depend on it; one at a time.
    Service,
    /// It does its work and ends; any number beside each other and beside a service.
    Task,
}

/// A data folder, and what starting a server on it takes.
#[derive(Debug)]
struct Home {
    settings: EmbeddedSettings,
    identity: Identity,
    found: Vec<Programs>,
    data_dir: PathBuf,
}

impl Home {
    fn prepare(settings: EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let identity = Identity::choose(settings.effective_pg_user().as_deref())?;
        let found = programs::find(settings.effective_pg_bin().as_deref(), &identity)?;
        let probe = found.first().map(Programs::postgres).unwrap_or_default();
        let data_dir = identity.create_data_folder(&settings.data_dir, &probe)?;
        Ok(Self {
            settings,
            identity,
            found,
            data_dir,
        })
    }

    fn cluster(&self) -> PathBuf {
        self.data_dir.join(cluster::CLUSTER)
    }

    fn socket_dir(&self) -> PathBuf {
        socket::place(&self.data_dir, &self.identity)
    }

    /// Everything up to the running process, under [`Change`]; blocks.
    fn launch(&self) -> Result<Launched, EmbeddedError> {
        let programs = cluster::ensure(&self.data_dir, &self.found, &self.identity)?;
        let cluster = self.cluster();
        let socket_dir = socket::prepare(&self.data_dir, &self.identity)?;
        if leftover::stop(&cluster)? {
            socket::clear(&socket_dir);
        }
        let lz4 = cluster::knows_lz4(&cluster, &programs, &self.identity);
        cluster::write_conf(&self.data_dir, &conf::text(&self.settings, conf::memory_mb(), lz4))?;

        let log = Log::open(&self.data_dir)?;
        let child = self
            .identity
            .command(programs.postgres())
            .arg("-D")
            .arg(&cluster)
            // On the command line, where not even ALTER SYSTEM opens the server to the network.
            .args(["-c", "listen_addresses="])
            .args(["-c", &format!("port={}", socket::PORT)])
            .args(["-c", "unix_socket_permissions=0700"])
            .arg("-c")
            .arg(format!(
                "unix_socket_directories={}",
                socket::directories_value(&socket_dir)
            ))
            .stdout(log.writer()?)
            .stderr(log.writer()?)
            // Ctrl-C in a terminal reaches the whole process group; the server has to outlast the program's last writes.
            .process_group(0)
            .spawn()
            .map_err(|source| EmbeddedError::io(&programs.postgres(), source))?;
        tracing::info!(pid = child.id(), postgres = programs.major, ordner = %self.data_dir.display(), socket = %socket_dir.display(), "Postgres-Server gestartet");
        Ok(Launched(Some((child, log))))
    }
}

/// A server just started. If nobody waits for it any more, it is told to end.
struct Launched(Option<(Child, Log)>);

impl Drop for Launched {
    fn drop(&mut self) {
        if let Some((child, _)) = &self.0 {
            signal(pid_of(child), Signal::SIGINT);
        }
    }
}

/// A private server that this program uses. Leave it with [`EmbeddedServer::stop`]; dropping it is the net beneath.
#[derive(Debug)]
pub struct EmbeddedServer {
    home: Arc<Home>,
    /// The server, if this program started it and has not collected it yet.
    child: Option<Child>,
    /// The running server, whoever started it.
    pid: Option<Pid>,
    log: Log,
    /// None once left.
    usage: Option<Usage>,
}

impl EmbeddedServer {
    /// Starts the server as a service and returns when its database answers.
    pub async fn start(settings: &EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let (server, _) = Self::open(settings, Role::Service).await?;
        Ok(server)
    }

    /// Starts the server, or uses the one that others use already; returns when its database answers. Until the right
    /// to change the server is dropped, nobody else starts, uses or stops it: time for migrations.
    pub async fn open(settings: &EmbeddedSettings, role: Role) -> Result<(Self, Change), EmbeddedError> {
        let settings = settings.clone();
        let home = Arc::new(blocking(move || Home::prepare(settings)).await?);
        let change = Change::begin(&home.data_dir, OPEN_WAIT).await?;
        let usage = Usage::enter(&home.data_dir, role).await?;
        let alone = usage.alone;
        let mut server = Self {
            child: None,
            pid: None,
            log: Log::open(&home.data_dir)?,
            usage: Some(usage),
            home,
        };
        if alone || !server.adopt() {
            server.launch().await?;
        }
        if let Some(usage) = &server.usage {
            usage.share()?;
        }
        server.wait_until_ready().await?;
        server.ensure_database().await?;
        Ok((server, change))
    }

    /// Whether nobody used the server when this program came, so that it may change the database.
    pub fn came_alone(&self) -> bool {
        self.usage.as_ref().is_some_and(|usage| usage.alone)
    }

    /// How to connect to the program's database as its owner, who may do everything.
    pub fn connect_options(&self) -> PgConnectOptions {
        options(&self.socket_dir(), DATABASE, SUPERUSER)
    }

    /// How the running program connects. The role exists after [`EmbeddedServer::ensure_program`].
    pub fn program_options(&self) -> PgConnectOptions {
        options(&self.socket_dir(), DATABASE, PROGRAM)
    }

    /// The folder of the Unix socket, for `psql -h`.
    pub fn socket_dir(&self) -> PathBuf {
        self.home.socket_dir()
    }

    /// The server's process number, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.pid.and_then(|pid| u32::try_from(pid.as_raw()).ok())
    }

    /// Leaves the server. If nobody else uses it, it is stopped: open sessions are ended, everything is on the disk
    /// afterwards. Does nothing the second time.
    pub async fn stop(&mut self) -> Result<(), EmbeddedError> {
        let Some(mut usage) = self.usage.take() else {
            return Ok(());
        };
        // Whoever comes meanwhile waits. If others change the server for so long, they have it.
        let change = Change::begin(&self.home.data_dir, STOP_WAIT).await;
        if change.is_ok() && usage.is_last()? {
            self.end().await?;
            socket::remove(&self.socket_dir(), &self.home.data_dir);
        } else {
            tracing::info!("der Postgres-Server läuft weiter, andere Programme benutzen ihn");
            self.child = None;
            self.pid = None;
        }
        Ok(())
    }

    /// Ends the server, ever more firmly.
    async fn end(&mut self) -> Result<(), EmbeddedError> {
        let steps = [
            (Signal::SIGINT, FAST_STOP_LIMIT),
            (Signal::SIGQUIT, IMMEDIATE_STOP_LIMIT),
            (Signal::SIGKILL, IMMEDIATE_STOP_LIMIT),
        ];
        for (name, limit) in steps {
            if !self.is_running()? {
                break;
            }
            if name != Signal::SIGINT {
                tracing::warn!(signal = %name, "der Postgres-Server endet nicht rechtzeitig");
            }
            if let Some(pid) = self.pid {
                signal(pid, name);
            }
            let begin = Instant::now();
            while self.is_running()? && begin.elapsed() < limit {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        Ok(())
    }

    /// Takes the server that runs already. False if none does.
    fn adopt(&mut self) -> bool {
        self.pid = leftover::running(&self.home.cluster());
        self.pid.is_some()
    }

    async fn launch(&mut self) -> Result<(), EmbeddedError> {
        let home = self.home.clone();
        let mut launched = blocking(move || home.launch()).await?;
        if let Some((child, log)) = launched.0.take() {
            self.pid = Some(pid_of(&child));
            self.child = Some(child);
            self.log = log;
        }
        Ok(())
    }

    /// After the server's end: has it run again, by whomever. False if `stop` came first.
    async fn revive(&mut self, stop: &CancellationToken) -> Result<bool, EmbeddedError> {
        let home = self.home.clone();
        let _change = tokio::select! {
            change = Change::begin(&home.data_dir, OPEN_WAIT) => change?,
            () = stop.cancelled() => return Ok(false),
        };
        if !self.adopt() {
            self.launch().await?;
        }
        tokio::select! {
            ready = self.wait_until_ready() => ready.map(|()| true),
            () = stop.cancelled() => Ok(false),
        }
    }

    async fn wait_until_ready(&mut self) -> Result<(), EmbeddedError> {
        let start_limit = self.home.settings.start_limit;
        let options = options(&self.socket_dir(), "postgres", SUPERUSER);
        let begin = Instant::now();
        let mut said_recovering = false;
        loop {
            let error = match options.connect().await {
                Ok(connection) => {
                    // It answered; that closing fails says nothing.
                    let _ = connection.close().await;
                    return Ok(());
                }
                Err(error) => error,
            };
            if let Some(status) = self.ended()? {
                return Err(EmbeddedError::Died {
                    status,
                    protokoll: self.log.path.clone(),
                    zuletzt: self.log.last_lines(),
                });
            }
            let recovering = is_starting(&error);
            let limit = if recovering {
                start_limit.max(RECOVERY_LIMIT)
            } else {
                start_limit
            };
            if begin.elapsed() > limit {
                return Err(EmbeddedError::NotReady {
                    sekunden: begin.elapsed().as_secs(),
                    grund: error.to_string(),
                    protokoll: self.log.path.clone(),
                    zuletzt: self.log.last_lines(),
                });
            }
            if recovering && !said_recovering && begin.elapsed() > Duration::from_secs(2) {
                tracing::info!("der Postgres-Server stellt nach einem Abbruch seine Daten wieder her");
                said_recovering = true;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn ensure_database(&self) -> Result<(), EmbeddedError> {
        let mut connection = self.owner("postgres").await?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await
            .map_err(EmbeddedError::Database)?;
        if !exists {
            sqlx::query("CREATE DATABASE neuroerp")
                .execute(&mut connection)
                .await
                .map_err(EmbeddedError::Database)?;
        }
        connection.close().await.map_err(EmbeddedError::Database)
    }

    /// Makes the role of the running program, once the migrations have made the one that it works in. It may take that
    /// role and nothing else: whatever a session does, it cannot come by the rights of the log's owner.
    pub async fn ensure_program(&self) -> Result<(), EmbeddedError> {
        let mut connection = self.owner(DATABASE).await?;
        sqlx::raw_sql(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neuroerp_programm') THEN \
                 CREATE ROLE neuroerp_programm; END IF; END $$; \
             ALTER ROLE neuroerp_programm LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS; \
             GRANT neuroerp_app TO neuroerp_programm",
        )
        .execute(&mut connection)
        .await
        .map_err(EmbeddedError::Database)?;
        connection.close().await.map_err(EmbeddedError::Database)
    }

    async fn owner(&self, database: &str) -> Result<PgConnection, EmbeddedError> {
        let options = options(&self.socket_dir(), database, SUPERUSER);
        options.connect().await.map_err(EmbeddedError::Database)
    }

    fn is_running(&mut self) -> Result<bool, EmbeddedError> {
        Ok(self.ended()?.is_none())
    }

    /// How the server ended, if it did.
    fn ended(&mut self) -> Result<Option<String>, EmbeddedError> {
        if let Some(child) = &mut self.child {
            let status = child.try_wait();
            let status = status.map_err(|source| EmbeddedError::io(&self.log.path, source))?;
            if status.is_some() {
                self.child = None;
                self.pid = None;
            }
            return Ok(status.map(in_words));
        }
        let cluster = self.home.cluster();
        self.pid = self.pid.filter(|pid| leftover::is_server(&cluster, *pid));
        Ok(self.pid.is_none().then(|| "ohne ein Wort".to_owned()))
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        let last = self
            .usage
            .as_mut()
            .is_some_and(|usage| usage.is_last().unwrap_or(false));
        let Some(pid) = self.pid.filter(|_| last) else { return };
        if matches!(self.is_running(), Ok(true)) {
            signal(pid, Signal::SIGINT);
        }
        let begin = Instant::now();
        while matches!(self.is_running(), Ok(true)) && begin.elapsed() < DROP_LIMIT {
            std::thread::sleep(POLL_INTERVAL);
        }
        if self.pid.is_none() {
            socket::remove(&self.socket_dir(), &self.home.data_dir);
        }
    }
}

/// How a process ended, for the operator.
fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("Code {code}"),
        (None, Some(signal)) => format!("Signal {signal}"),
        (None, None) => "unbekannt".to_owned(),
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX))
}

/// Sends a signal to a server that is known to run.
fn signal(pid: Pid, name: Signal) {
    // If it has ended meanwhile, the signal is not needed.
    let _ = kill(pid, name);
}

/// Runs what blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedError> + Send + 'static,
) -> Result<T, EmbeddedError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(EmbeddedError::Aborted)?
}

fn options(socket_dir: &Path, database: &str, user: &str) -> PgConnectOptions {
    // Everything is set here, so that no PG* variable of the user leads to another server.
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(socket::PORT)
        .username(user)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("neuroerp")
}
