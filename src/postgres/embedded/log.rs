//! What the server says.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::fcntl::OFlag;

use super::EmbeddedError;

/// The log is put aside at a start when it has grown beyond this.
const MAX_LOG_BYTES: u64 = 16 * 1024 * 1024;

/// What an error shows of the log.
const SHOWN_LOG_BYTES: u64 = 8 * 1024;
const SHOWN_LOG_LINES: usize = 15;

/// The server's log, and where in it this start begins.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    begin: u64,
}

impl Log {
    pub(super) fn open(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("postgres.log");
        let mut begin = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if begin > MAX_LOG_BYTES {
            fs::rename(&path, data_dir.join("postgres.log.1")).map_err(|source| EmbeddedError::io(&path, source))?;
            begin = 0;
        }
        Ok(Self { path, begin })
    }

    pub(super) fn writer(&self) -> Result<Stdio, EmbeddedError> {
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
    pub(super) fn last_lines(&self) -> String {
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

pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(SHOWN_LOG_LINES)..)
        .unwrap_or_default()
        .join("\n")
}
