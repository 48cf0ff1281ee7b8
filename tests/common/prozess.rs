//! The real program, several times on one database.

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

/// Starts a program on a database; all that are started with the same token share it.
pub fn starten(options: &PgConnectOptions, token: &str) -> Prozess {
    let socket = options.get_socket().unwrap().display().to_string().replace('/', "%2F");
    let database = options.get_database().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_neuroerp"))
        .env("DATABASE_URL", format!("postgres://eigner@{socket}/{database}"))
        .env("NEUROERP_ADMIN_TOKEN", token)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let door = Door::new(horcht(&mut child), token.to_owned());
    Prozess { child, door }
}
