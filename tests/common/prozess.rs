//! The real program, several times on one database.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use sqlx::postgres::PgConnectOptions;

use super::Door;

/// A running program; it ends with its handle.
pub struct Prozess {
    child: Child,
    /// The way in, as administrator.
    pub door: Door,
}

impl Drop for Prozess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a program with a piped output says where it listens: its URL.
pub fn horcht(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next().expect("the program says where it listens").unwrap();
        if let Some(at) = line.find("http://") {
            return line[at..].trim_end_matches("/docs").to_owned();
        }
    }
}

impl Prozess {
    /// The most memory that it ever held, in MiB.
    pub fn speicher_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let zeile = status.lines().find_map(|zeile| zeile.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = zeile.trim().trim_end_matches("kB").trim().parse().unwrap();
        kib / 1024
    }

    /// True if it has not ended.
    pub fn lebt(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// The URL of a database of the test cluster.
pub fn url(options: &PgConnectOptions) -> String {
    let socket = options.get_socket().unwrap().display().to_string().replace('/', "%2F");
    format!("postgres://eigner@{socket}/{}", options.get_database().unwrap())
}

/// The program on a database.
pub fn programm(options: &PgConnectOptions, token: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neuroerp"));
    command
        .env_remove("NEUROERP_EIGNER_URL")
        .env("DATABASE_URL", url(options))
        .env("NEUROERP_ADMIN_TOKEN", token)
        .stdin(Stdio::null());
    command
}

/// Starts a program on a database; all that are started with the same token share it.
pub fn starten(options: &PgConnectOptions, token: &str) -> Prozess {
    bereit(programm(options, token), token)
}

/// Starts this program and waits until it says where it listens.
pub fn bereit(mut programm: Command, token: &str) -> Prozess {
    let mut child = programm
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let door = Door::new(horcht(&mut child), token.to_owned());
    Prozess { child, door }
}
