//! The private Postgres: a server of the program's own, in its data folder, for as long as the program runs.
//!
//! Without `DATABASE_URL` nobody has to set up a database. The data folder holds
//!
//! - `pg`: the cluster, with data checksums, made by initdb at the first start,
//! - `postgres.conf`: the settings fitted to the machine, rewritten at every start,
//! - `socket`: the Unix socket, the only way to the server (the module `socket` says why nobody else gets in),
//! - `postgres.log`: what the server says,
//! - `schloss`: the lock; one program at a time owns the server. Others may join it ([`join`]) while it runs.
//!
//! A killed program leaves its server running; the next start stops it and starts a fresh one (module `leftover`).
//!
//! Started by root, the server runs as another user (module `identity`).

mod cluster;
mod conf;
mod identity;
mod leftover;
mod programs;
mod socket;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use thiserror::Error;

use self::identity::Identity;
use self::programs::Programs;
use super::is_starting;

/// The superuser of the private cluster. A name of its own, so that nobody mistakes the cluster for the machine's.
pub const SUPERUSER: &str = "neuroerp_eigner";

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

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The log is put aside at a start when it has grown beyond this.
const MAX_LOG_BYTES: u64 = 16 * 1024 * 1024;

/// What an error shows of the log.
const SHOWN_LOG_BYTES: u64 = 8 * 1024;
const SHOWN_LOG_LINES: usize = 15;

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
            max_connections: 100,
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

/// Why the private server does not run. The messages are for whoever started the program.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// A file or folder cannot be used.
    #[error("{} ist nicht benutzbar: {source}", pfad.display())]
    Io {
        /// Which one.
        pfad: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No usable server programs on the machine.
    #[error(
        "kein Postgres-Server ab Version {mindestens} gefunden ({gesucht}). Abhilfe: `./run setup` oder `apt-get install \
         postgresql`; oder NEUROERP_PG_BIN auf den Ordner mit `postgres` und `initdb` setzen; oder mit DATABASE_URL eine \
         vorhandene Datenbank nennen"
    )]
    NoPrograms {
        /// The oldest version that would do.
        mindestens: u32,
        /// Where it was looked for and what was wrong there.
        gesucht: String,
    },
    /// Root needs another user for the server, and there is none.
    #[error(
        "Postgres läuft nicht als root, und keiner dieser Benutzer ist geeignet: {versucht}. Abhilfe: einen Benutzer \
         anlegen (`useradd --system neuroerp`) und mit NEUROERP_PG_USER nennen"
    )]
    UnknownUser {
        /// The names tried.
        versucht: String,
    },
    /// The server's user cannot reach the data folder.
    #[error(
        "der Benutzer {benutzer}, als der Postgres laufen soll, kommt nicht in den Datenordner {}: {} ist für ihn \
         gesperrt. Abhilfe: einen anderen Ort wählen, etwa `--data-dir /var/lib/neuroerp`; oder den Durchgang erlauben \
         (`chmod o+x {}`); oder das Programm nicht als root starten", ordner.display(), gesperrt.display(), gesperrt.display()
    )]
    Unreachable {
        /// The server's user.
        benutzer: String,
        /// The data folder.
        ordner: PathBuf,
        /// The ancestor that bars the way.
        gesperrt: PathBuf,
    },
    /// The cluster or the socket's folder belongs to somebody else.
    #[error(
        "{} gehört dem Benutzer mit der Nummer {besitzer}, der Server liefe aber als {benutzer}. Abhilfe: das Programm als \
         dieser Benutzer starten, als root ihn mit NEUROERP_PG_USER nennen, oder den Ordner übergeben (`chown -R`)",
        ordner.display()
    )]
    ForeignOwner {
        /// The folder.
        ordner: PathBuf,
        /// Whose it is.
        besitzer: u32,
        /// Who should own it.
        benutzer: String,
    },
    /// Another program holds the data folder.
    #[error(
        "der Datenordner {} wird schon von einem laufenden NeuroERP benutzt (Prozess {prozess}). Abhilfe: jenes beenden \
         oder mit --data-dir einen anderen Ordner wählen", ordner.display()
    )]
    InUse {
        /// The data folder.
        ordner: PathBuf,
        /// The process number the other one noted.
        prozess: String,
    },
    /// `pg` is not ours.
    #[error(
        "{} wurde nicht von NeuroERP angelegt oder ist unvollständig und wird deshalb nicht angerührt. Abhilfe: den Ordner \
         umbenennen oder mit --data-dir einen anderen wählen", ordner.display()
    )]
    ForeignCluster {
        /// The folder.
        ordner: PathBuf,
    },
    /// The cluster is of another major version than every server on the machine.
    #[error(
        "{} wurde mit Postgres {version} angelegt, vorhanden ist nur {gefunden}. Abhilfe: Postgres {version} installieren \
         (oder NEUROERP_PG_BIN darauf setzen), oder die Daten mit pg_upgrade übernehmen", ordner.display()
    )]
    WrongVersion {
        /// The cluster.
        ordner: PathBuf,
        /// Its major version.
        version: String,
        /// The programs there are.
        gefunden: String,
    },
    /// initdb failed.
    #[error("die Datenbank ließ sich nicht einrichten (initdb):\n{ausgabe}")]
    InitdbFailed {
        /// The end of what it said.
        ausgabe: String,
    },
    /// A killed program's server cannot be stopped.
    #[error("der zurückgelassene Postgres-Server (Prozess {pid}) in {} lässt sich nicht beenden", ordner.display())]
    LeftoverStays {
        /// The cluster.
        ordner: PathBuf,
        /// One of its processes.
        pid: i32,
    },
    /// A signal was refused.
    #[error("der Postgres-Prozess {pid} nimmt kein Signal an: {source}")]
    Signal {
        /// The process.
        pid: i32,
        /// What the system says.
        #[source]
        source: Errno,
    },
    /// The server ended right after its start.
    #[error("der Postgres-Server hat sich beendet ({status}). Zuletzt im Protokoll {}:\n{zuletzt}", protokoll.display())]
    Died {
        /// How it ended.
        status: ExitStatus,
        /// The log.
        protokoll: PathBuf,
        /// Its last lines.
        zuletzt: String,
    },
    /// The server does not answer.
    #[error(
        "der Postgres-Server ist nach {sekunden} s nicht bereit ({grund}). Zuletzt im Protokoll {}:\n{zuletzt}",
        protokoll.display()
    )]
    NotReady {
        /// How long it was waited for.
        sekunden: u64,
        /// The last refusal.
        grund: String,
        /// The log.
        protokoll: PathBuf,
        /// Its last lines.
        zuletzt: String,
    },
    /// The server runs, but its database cannot be made.
    #[error("die Datenbank {DATABASE} ließ sich nicht anlegen: {0}")]
    Database(#[source] sqlx::Error),
    /// The thread that starts the server was lost.
    #[error("der Start des Postgres-Servers wurde abgebrochen: {0}")]
    Aborted(#[source] tokio::task::JoinError),
}

impl EmbeddedError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            pfad: path.to_owned(),
            source,
        }
    }
}

/// A running private server. Stop it with [`EmbeddedServer::stop`]; dropping it is the net beneath.
#[derive(Debug)]
pub struct EmbeddedServer {
    /// None once it has been stopped and collected.
    child: Option<Child>,
    socket_dir: PathBuf,
    log: Log,
    /// None once stopped. Declared after `child`: nobody gets the folder before the server was told to stop.
    lock: Option<File>,
}

impl EmbeddedServer {
    /// Starts the server and returns when its database answers.
    pub async fn start(settings: &EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let start_limit = settings.start_limit;
        let settings = settings.clone();
        let mut server = tokio::task::spawn_blocking(move || launch(&settings))
            .await
            .map_err(EmbeddedError::Aborted)??;
        server.wait_until_ready(start_limit).await?;
        server.ensure_database().await?;
        Ok(server)
    }

    /// How to connect to the program's database.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.options(DATABASE)
    }

    /// The folder of the Unix socket, for `psql -h`.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The server's process number, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Stops the server: open sessions are ended, everything is on the disk afterwards. Does nothing the second time.
    pub async fn stop(&mut self) -> Result<(), EmbeddedError> {
        let steps = [
            (Signal::SIGINT, FAST_STOP_LIMIT),
            (Signal::SIGQUIT, IMMEDIATE_STOP_LIMIT),
            (Signal::SIGKILL, IMMEDIATE_STOP_LIMIT),
        ];
        for (name, limit) in steps {
            if self.child.is_none() {
                break;
            }
            if name != Signal::SIGINT {
                tracing::warn!(signal = %name, "der Postgres-Server endet nicht rechtzeitig");
            }
            self.signal(name);
            let begin = Instant::now();
            while !self.collect()? && begin.elapsed() < limit {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        self.lock = None;
        Ok(())
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        options(&self.socket_dir, database)
    }

    async fn wait_until_ready(&mut self, start_limit: Duration) -> Result<(), EmbeddedError> {
        let options = self.options("postgres");
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
            if let Some(status) = self.exit_status()? {
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
        let mut connection = self
            .options("postgres")
            .connect()
            .await
            .map_err(EmbeddedError::Database)?;
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

    fn signal(&self, name: Signal) {
        if let Some(pid) = self.pid().and_then(|pid| i32::try_from(pid).ok()) {
            // Not collected yet, so the number is still its own; if it has ended, the signal is not needed.
            let _ = kill(Pid::from_raw(pid), name);
        }
    }

    fn exit_status(&mut self) -> Result<Option<ExitStatus>, EmbeddedError> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let status = child
            .try_wait()
            .map_err(|source| EmbeddedError::io(&self.log.path, source))?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    /// Whether the server has ended.
    fn collect(&mut self) -> Result<bool, EmbeddedError> {
        self.exit_status()?;
        Ok(self.child.is_none())
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        self.signal(Signal::SIGINT);
        let begin = Instant::now();
        while matches!(self.collect(), Ok(false)) && begin.elapsed() < DROP_LIMIT {
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

/// How to connect to the database of the server that another program runs in this data folder. It works as long as that
/// program lives. `None` if that server does not answer, which it does not yet while it starts.
pub async fn join(settings: &EmbeddedSettings) -> Result<Option<PgConnectOptions>, EmbeddedError> {
    let identity = Identity::choose(settings.effective_pg_user().as_deref())?;
    let data_dir = settings.data_dir.canonicalize();
    let data_dir = data_dir.map_err(|source| EmbeddedError::io(&settings.data_dir, source))?;
    let options = options(&socket::place(&data_dir, &identity), DATABASE);
    match options.connect().await {
        Ok(connection) => {
            // It answered; that closing fails says nothing.
            let _ = connection.close().await;
            Ok(Some(options))
        }
        Err(error) => {
            tracing::debug!(%error, "the running server does not answer yet");
            Ok(None)
        }
    }
}

fn options(socket_dir: &Path, database: &str) -> PgConnectOptions {
    // Everything is set here, so that no PG* variable of the user leads to another server.
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(socket::PORT)
        .username(SUPERUSER)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("neuroerp")
}

/// Everything up to the running process; blocks.
fn launch(settings: &EmbeddedSettings) -> Result<EmbeddedServer, EmbeddedError> {
    let identity = Identity::choose(settings.effective_pg_user().as_deref())?;
    let found = programs::find(settings.effective_pg_bin().as_deref(), &identity)?;
    let probe = found.first().map(Programs::postgres).unwrap_or_default();
    let data_dir = identity.create_data_folder(&settings.data_dir, &probe)?;
    let lock = acquire_lock(&data_dir)?;

    let programs = cluster::ensure(&data_dir, &found, &identity)?;
    let cluster = data_dir.join(cluster::CLUSTER);
    let socket_dir = socket::prepare(&data_dir, &identity)?;
    if leftover::stop(&cluster)? {
        socket::clear(&socket_dir);
    }
    let lz4 = cluster::knows_lz4(&cluster, &programs, &identity);
    cluster::write_conf(&data_dir, &conf::text(settings, conf::memory_mb(), lz4))?;

    let log = Log::open(&data_dir)?;
    let child = identity
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
    tracing::info!(pid = child.id(), postgres = programs.major, ordner = %data_dir.display(), socket = %socket_dir.display(), "Postgres-Server gestartet");
    Ok(EmbeddedServer {
        child: Some(child),
        socket_dir,
        log,
        lock: Some(lock),
    })
}

/// Takes the data folder's lock, which the system releases however the program ends.
fn acquire_lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("schloss");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
        .map_err(|source| EmbeddedError::io(&path, source))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut noted = String::new();
            let prozess = match file.read_to_string(&mut noted) {
                Ok(_) if !noted.trim().is_empty() => noted.trim().to_owned(),
                _ => "unbekannt".to_owned(),
            };
            return Err(EmbeddedError::InUse {
                ordner: data_dir.to_owned(),
                prozess,
            });
        }
        Err(TryLockError::Error(source)) => return Err(EmbeddedError::io(&path, source)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|source| EmbeddedError::io(&path, source))?;
    Ok(file)
}

/// The server's log, and where in it this start begins.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    begin: u64,
}

impl Log {
    fn open(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("postgres.log");
        let mut begin = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if begin > MAX_LOG_BYTES {
            fs::rename(&path, data_dir.join("postgres.log.1")).map_err(|source| EmbeddedError::io(&path, source))?;
            begin = 0;
        }
        Ok(Self { path, begin })
    }

    fn writer(&self) -> Result<Stdio, EmbeddedError> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&self.path)
            .map(Stdio::from)
            .map_err(|source| EmbeddedError::io(&self.path, source))
    }

    /// The last lines since this start. An unreadable log must not hide the error it is read for.
    fn last_lines(&self) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            let end = file.metadata()?.len();
            file.seek(SeekFrom::Start(self.begin.max(end.saturating_sub(SHOWN_LOG_BYTES))))?;
            let mut bytes = Vec::new();
            file.take(SHOWN_LOG_BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_or_else(
            |error| error.to_string(),
            |bytes| last_lines(&String::from_utf8_lossy(&bytes)),
        )
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(SHOWN_LOG_LINES)..)
        .unwrap_or_default()
        .join("\n")
}
