//! The service itself: its document, its health, its connections, its metrics.

use super::common;

#[tokio::test(flavor = "multi_thread")]
async fn openapi_beschreibt_jeden_befehl_und_gesundheit_ist_offen() {
    let server = common::server().await;
    let document = server.get("/openapi.json").await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    for entry in aggregates::registry().entries() {
        for command in entry.commands.iter().filter(|c| !c.internal) {
            let base = format!("/api/v1/{}/{}", entry.bereich.as_str(), entry.ressource);
            let path = if command.name == entry.create {
                base
            } else {
                format!("{base}/{{id}}/{}", command.segment)
            };
            assert!(document["paths"][&path]["post"].is_object(), "{path}");
        }
    }
    let text = document.to_string();
    assert!(!text.contains("#/$defs/"), "all references point into the document");
    let page = server.get("/docs").await;
    assert!(page.status == 200 && !page.text.contains("https://"), "works offline");
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let open = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(open.status(), 200, "{path}");
    }
}

/// Reads what the server says to a client that sends these bytes and then waits.
async fn raw(server: &common::TestServer, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = server.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut text = Vec::new();
    tokio::time::timeout(std::time::Duration::from_secs(30), stream.read_to_end(&mut text))
        .await
        .expect("the server ends the connection")
        .ok();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn eine_unfertige_anfrage_haelt_keine_verbindung_fest() {
    let server = common::bare_server().await;
    let answer = raw(&server, b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Halb: ").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    server.get("/health/live").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn erfundene_methoden_machen_keine_eigenen_messreihen() {
    let server = common::bare_server().await;
    for n in 0..3 {
        server.request(&format!("FOO{n}"), "/health/live", &[], None).await;
    }
    let metrics = server.get("/metrics").await.text;
    assert!(
        metrics.contains("methode=\"andere\"") && !metrics.contains("FOO"),
        "{metrics}"
    );
}
