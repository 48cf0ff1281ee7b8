//! The programs of the house (import, demo) on the real command path.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod common;

use neuroerp::{
    house::House,
    portal::{Auftrag, Portal as _},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn kreis(code: &str, schluessel: &str) -> Auftrag {
    Auftrag {
        bereich: "dienste",
        ressource: "nummernkreise",
        id: None,
        befehl: "anlegen",
        daten: json!({
            "code": code, "muster": format!("{code}-{{JJJJ}}-{{000000}}"), "start": 1, "lueckenlos": true,
            "chronologisch": false,
        }),
        schluessel: Some(schluessel.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn derselbe_schluessel_wirkt_einmal_und_mit_anderem_inhalt_nie() {
    let db = common::database().await;
    let stop = CancellationToken::new();
    let app = neuroerp::server::assemble(db.store.clone(), stop.clone())
        .await
        .unwrap();
    let haus = House::new(app, Uuid::now_v7(), "test");
    let ein = async |auftrag| haus.senden(vec![auftrag]).await.unwrap().pop().unwrap();
    assert!(!ein(kreis("QA", "zeile-1")).await.unwrap().wiederholt);
    assert!(ein(kreis("QA", "zeile-1")).await.unwrap().wiederholt);
    assert_eq!(
        ein(kreis("QB", "zeile-1")).await.unwrap_err().code,
        "IDEMPOTENZ_ABWEICHEND"
    );
    assert!(!ein(kreis("QB", "zeile-2")).await.unwrap().wiederholt);
    stop.cancel();
}
