//! Connections as clients use them who send the next request on the same one: what was refused early must not break it.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

/// A command that the tests send, with its place.
const KONTEN: &str = "/api/v1/fibu/konten";
/// Longer than any answer here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A bare connection.
struct Leitung(TcpStream);

/// What came back.
struct Antwort {
    status: u16,
    /// Header lines in lower case.
    kopf: String,
    body: Value,
}

impl Antwort {
    fn schliesst(&self) -> bool {
        self.kopf.contains("\r\nconnection: close")
    }

    #[track_caller]
    fn abgelehnt(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, &self.body["code"]),
            (status, &json!(code)),
            "{}",
            self.body
        );
        self
    }
}

impl Leitung {
    async fn zu(server: &common::Door) -> Self {
        let address = server.url.strip_prefix("http://").unwrap();
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn senden(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.0.write_all(bytes)).await.unwrap().unwrap();
    }

    /// The head of a request with so many bytes of body to come.
    async fn kopf(&mut self, method: &str, path: &str, token: Option<&str>, length: usize) {
        let key = token
            .map(|t| format!("Authorization: Bearer {t}\r\n"))
            .unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nX-Mandant: TEST\r\nContent-Type: application/json\r\n{key}\
             Content-Length: {length}\r\n\r\n"
        );
        self.senden(head.as_bytes()).await;
    }

    async fn antwort(&mut self) -> Antwort {
        timeout(PATIENCE, self.lesen()).await.expect("an answer in time")
    }

    async fn lesen(&mut self) -> Antwort {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(
                self.0
                    .read_u8()
                    .await
                    .expect("the connection lives until the answer is there"),
            );
        }
        let kopf = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = kopf.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("length").parse().unwrap()];
        self.0.read_exact(&mut body).await.expect("the whole answer");
        Antwort {
            status: kopf[9..12].parse().unwrap(),
            body: serde_json::from_slice(&body).unwrap(),
            kopf,
        }
    }

    /// The connection takes another request.
    async fn geht_weiter(&mut self, what: &str) {
        self.senden(b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n").await;
        let next = self.antwort().await;
        assert_eq!(next.status, 200, "the request after {what}");
    }

    /// The other side ends the connection in order, with no byte more.
    async fn ist_zu_ende(&mut self) {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.unwrap().unwrap();
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nach_einer_fruehen_ablehnung_geht_es_auf_derselben_verbindung_weiter() {
    let server = common::server().await;
    let token = Some(server.token.as_str());
    let mut leitung = Leitung::zu(&server).await;
    let small = json!({"konto_nr": "6999"}).to_string();
    let large = format!("{{\"bezeichnung\": \"{}\"}}", "x".repeat(100_000));
    for (method, path, token, body, status, code) in [
        ("POST", KONTEN, None, &small, 401, "ANMELDUNG_ERFORDERLICH"),
        ("POST", KONTEN, None, &large, 401, "ANMELDUNG_ERFORDERLICH"),
        ("PUT", KONTEN, token, &small, 405, "API_METHODE"),
        ("POST", "/gibtsnicht", token, &small, 404, "NICHT_GEFUNDEN"),
        ("POST", "/api/v1/fibu/gibtsnicht", token, &large, 404, "NICHT_GEFUNDEN"),
    ] {
        leitung.kopf(method, path, token, body.len()).await;
        // In a packet of its own: by now the refusal is made.
        sleep(Duration::from_millis(100)).await;
        leitung.senden(body.as_bytes()).await;
        let answer = leitung.antwort().await.abgelehnt(status, code);
        assert!(!answer.schliesst(), "{}", answer.kopf);
        leitung
            .geht_weiter(&format!("{status} with {} bytes", body.len()))
            .await;
    }
    // The same without a length, in chunks.
    let head = "POST /gibtsnicht HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a";
    leitung.senden(head.as_bytes()).await;
    sleep(Duration::from_millis(100)).await;
    leitung.senden(b"\r\n4\r\n\": 1\r\n0\r\n\r\n").await;
    assert!(!leitung.antwort().await.abgelehnt(404, "NICHT_GEFUNDEN").schliesst());
    leitung.geht_weiter("chunks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn was_zu_gross_ist_wird_abgelehnt_und_die_antwort_kommt_an_und_sagt_dass_schluss_ist() {
    let server = common::server().await;
    let body = vec![b' '; 3 * 1024 * 1024];
    for (token, status, code) in [
        (Some(server.token.as_str()), 413, "API_ZU_GROSS"),
        (None, 401, "ANMELDUNG_ERFORDERLICH"),
    ] {
        let mut leitung = Leitung::zu(&server).await;
        leitung.kopf("POST", KONTEN, token, body.len()).await;
        // Slower than the refusal: what is sent after the answer must not cost the client his answer.
        for part in body.chunks(512 * 1024) {
            leitung.senden(part).await;
            sleep(Duration::from_millis(50)).await;
        }
        let answer = leitung.antwort().await.abgelehnt(status, code);
        assert!(answer.schliesst(), "{}", answer.kopf);
        leitung.ist_zu_ende().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auf_einen_inhalt_der_nicht_kommt_wird_nicht_lange_gewartet() {
    let server = common::server().await;
    let mut leitung = Leitung::zu(&server).await;
    leitung.kopf("POST", KONTEN, None, 10).await;
    let answer = leitung.antwort().await.abgelehnt(401, "ANMELDUNG_ERFORDERLICH");
    assert!(answer.schliesst(), "{}", answer.kopf);
    leitung.ist_zu_ende().await;
    // Who asks first whether to send is told so at once and sends nothing.
    let mut leitung = Leitung::zu(&server).await;
    let head = format!("POST {KONTEN} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
    leitung.senden(head.as_bytes()).await;
    let begin = std::time::Instant::now();
    let answer = leitung.antwort().await.abgelehnt(401, "ANMELDUNG_ERFORDERLICH");
    assert!(
        answer.schliesst() && begin.elapsed() < Duration::from_secs(1),
        "{}",
        answer.kopf
    );
    leitung.ist_zu_ende().await;
}
