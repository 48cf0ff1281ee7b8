//! The load: plain HTTP/1.1 on kept connections, bytes made beforehand as far as they can be, so that the client takes as
//! little of the machine as possible.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use uuid::Uuid;

use super::haus::TOKEN;

/// What each connection sends: a new request from its number.
pub type Anfragen = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// A POST with a fresh Idempotency-Key.
pub fn post(mandant: &str, path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer {TOKEN}\r\nX-Mandant: {mandant}\r\n\
         Idempotency-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        Uuid::now_v7(),
        body.len()
    )
    .into_bytes()
}

pub fn get(mandant: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer {TOKEN}\r\nX-Mandant: {mandant}\r\n\r\n")
        .into_bytes()
}

/// One connection.
pub struct Leitung {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Leitung {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
        }
    }

    /// Sends a request and reads its answer to the end; it must be a success.
    pub async fn send(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "closed");
        };
        let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
        let length: usize = text
            .lines()
            .find_map(|l| {
                l.to_ascii_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .expect("a length");
        let success = text.starts_with("HTTP/1.1 2");
        while self.buffer.len() < head + length {
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "closed");
        }
        assert!(success, "{}", String::from_utf8_lossy(&self.buffer));
        &self.buffer[head..]
    }
}

/// What a load came to.
pub struct Ergebnis {
    /// Requests a second.
    pub rate: f64,
    /// Of a request, in microseconds.
    pub p50_us: u64,
    /// Of a request, in microseconds.
    pub p99_us: u64,
}

/// As many requests as go, on so many connections.
pub async fn voll(address: SocketAddr, connections: usize, dauer: Duration, requests: &Anfragen) -> Ergebnis {
    treiben(address, connections, dauer, requests, None).await
}

/// At a given rate over all connections, whether or not the answers keep up.
pub async fn takt(
    address: SocketAddr,
    connections: usize,
    dauer: Duration,
    requests: &Anfragen,
    je_sekunde: f64,
) -> Ergebnis {
    let pause = Duration::from_secs_f64(connections as f64 / je_sekunde);
    treiben(address, connections, dauer, requests, Some(pause)).await
}

async fn treiben(
    address: SocketAddr,
    connections: usize,
    dauer: Duration,
    requests: &Anfragen,
    pause: Option<Duration>,
) -> Ergebnis {
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Leitung::open(address).await);
    }
    let begin = Instant::now();
    let end = begin + dauer;
    let tasks: Vec<_> = lines
        .into_iter()
        .enumerate()
        .map(|(line, mut leitung)| {
            let requests = requests.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                // Spread over the first pause, so that they do not all come at once.
                let mut due = begin + pause.unwrap_or_default() * line as u32 / connections as u32;
                while Instant::now() < end {
                    if let Some(pause) = pause {
                        tokio::time::sleep_until(due.into()).await;
                        due += pause;
                    }
                    let request = requests(line as u64);
                    let start = Instant::now();
                    leitung.send(&request).await;
                    times.push(start.elapsed().as_micros() as u64);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let took = begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(0);
    Ergebnis {
        rate: times.len() as f64 / took,
        p50_us: at(50),
        p99_us: at(99),
    }
}

/// One Buchung, so that a start counts only when a command is answered.
pub async fn post_einmal(haus: &super::haus::Haus) {
    let mut leitung = Leitung::open(haus.address()).await;
    let request = super::beleg::einzeln()(0);
    leitung.send(&request).await;
}
