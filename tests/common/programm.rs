//! The real program on a private database in a folder of its own.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    fs::{File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::common::{Door, prozess::horcht};

/// The administrator's token of every start.
pub const TOKEN: &str = "ein-geheimnis-fuer-programmtests";

/// A place for data folders. As root the database runs as another user, who must be able to come in.
pub fn place() -> tempfile::TempDir {
    let temp = tempfile::Builder::new()
        .prefix("neuroerp-programm")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).unwrap();
    temp
}

/// The program on a data folder.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neuroerp"));
    command
        .env_remove("DATABASE_URL")
        .env_remove("NEUROERP_EIGNER_URL")
        .env("NEUROERP_DATA_DIR", folder)
        .env("NEUROERP_ADMIN_TOKEN", TOKEN)
        .stdin(Stdio::null());
    command
}

/// The server that runs on a data folder.
pub fn postmaster(folder: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(folder.join("pg/postmaster.pid")).ok()?;
    Some(Pid::from_raw(text.lines().next()?.trim().parse().ok()?))
}

/// A running `serve`; killed with the test.
pub struct Serve {
    pub child: Child,
    pub door: Arc<Door>,
    log: PathBuf,
}

impl Serve {
    /// Starts it on a free port and waits until it says where.
    pub fn start(folder: &Path) -> Self {
        let log = folder.with_extension("log");
        let mut child = program(folder)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let door = Arc::new(Door::new(horcht(&mut child), TOKEN.to_owned()));
        Self { child, door, log }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// How it ends by itself.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < limit, "does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGTERM, and how it ends.
    pub fn terminate(&mut self, limit: Duration) -> ExitStatus {
        kill(self.pid(), Signal::SIGTERM).unwrap();
        self.wait(limit)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
