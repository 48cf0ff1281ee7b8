//! Who does what with the server of a data folder: three lock files, which the system releases however a program ends.
//!
//! - `wechsel`: held while somebody starts, migrates, restarts or stops the server,
//! - `benutzer`: held, shared, by every program that uses the server: who gets it alone is the last,
//! - `schloss`: held by the one program that serves.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;

use super::{EmbeddedError, POLL_INTERVAL, Role};

/// A program that ends without order holds `benutzer` alone for a moment.
const ENTER_LIMIT: Duration = Duration::from_secs(10);

/// A wait for others shorter than this is not worth a message.
const SILENT: Duration = Duration::from_secs(2);

/// The right to start and stop the server, until dropped.
#[derive(Debug)]
pub struct Change {
    _lock: Lock,
}

impl Change {
    /// Waits for the right; refuses after the limit with the number of the process that has it.
    pub(super) async fn begin(data_dir: &Path, limit: Duration) -> Result<Self, EmbeddedError> {
        let mut lock = Lock::open(data_dir, "wechsel")?;
        let begin = Instant::now();
        let mut said = false;
        while !lock.try_alone()? {
            if begin.elapsed() > limit {
                return Err(lock.in_use());
            }
            if !said && begin.elapsed() > SILENT {
                tracing::info!(
                    "ein anderes NeuroERP startet oder beendet gerade den Postgres-Server; es wird gewartet"
                );
                said = true;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        lock.sign()?;
        Ok(Self { _lock: lock })
    }
}

/// That this program uses the server, until dropped.
#[derive(Debug)]
pub(super) struct Usage {
    users: Lock,
    /// Held by the program that serves.
    _service: Option<Lock>,
    /// Nobody used the server when this program came.
    pub(super) alone: bool,
}

impl Usage {
    /// To be called under [`Change`].
    pub(super) async fn enter(data_dir: &Path, role: Role) -> Result<Self, EmbeddedError> {
        let mut users = Lock::open(data_dir, "benutzer")?;
        let begin = Instant::now();
        let alone = loop {
            if users.try_alone()? {
                break true;
            }
            if users.try_shared()? {
                break false;
            }
            if begin.elapsed() > ENTER_LIMIT {
                return Err(users.in_use());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        };
        let mut service = Lock::open(data_dir, "schloss")?;
        // A program from before there were users holds only this one: its server is no leftover.
        let free = (role == Role::Task && !alone) || service.try_alone()?;
        if !free {
            return Err(service.in_use());
        }
        if role == Role::Service {
            service.sign()?;
        }
        Ok(Self {
            users,
            _service: (role == Role::Service).then_some(service),
            alone,
        })
    }

    /// Lets others use the server too.
    pub(super) fn share(&self) -> Result<(), EmbeddedError> {
        let shared = self.users.file.lock_shared();
        shared.map_err(|source| EmbeddedError::io(&self.users.path, source))
    }

    /// True if nobody else uses the server any more; then nobody else gets in before this is dropped. To be asked only on
    /// the way out, since whoever is told no has lost its own place.
    pub(super) fn is_last(&mut self) -> Result<bool, EmbeddedError> {
        self.users.try_alone()
    }
}

#[derive(Debug)]
struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    fn open(data_dir: &Path, name: &str) -> Result<Self, EmbeddedError> {
        let path = data_dir.join(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
            .map_err(|source| EmbeddedError::io(&path, source))?;
        Ok(Self { file, path })
    }

    fn try_alone(&mut self) -> Result<bool, EmbeddedError> {
        self.taken(self.file.try_lock())
    }

    fn try_shared(&mut self) -> Result<bool, EmbeddedError> {
        self.taken(self.file.try_lock_shared())
    }

    fn taken(&self, result: Result<(), TryLockError>) -> Result<bool, EmbeddedError> {
        match result {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(EmbeddedError::io(&self.path, source)),
        }
    }

    /// Notes this process for whoever is refused.
    fn sign(&mut self) -> Result<(), EmbeddedError> {
        let noted = self.file.set_len(0).and_then(|()| {
            self.file.rewind()?;
            writeln!(self.file, "{}", std::process::id())
        });
        noted.map_err(|source| EmbeddedError::io(&self.path, source))
    }

    fn in_use(mut self) -> EmbeddedError {
        let mut noted = String::new();
        let prozess = match self.file.read_to_string(&mut noted) {
            Ok(_) if !noted.trim().is_empty() => noted.trim().to_owned(),
            _ => "unbekannt".to_owned(),
        };
        EmbeddedError::InUse {
            ordner: self.path.parent().unwrap_or(&self.path).to_owned(),
            prozess,
        }
    }
}
