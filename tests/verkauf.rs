//! From the order to the goods issue over HTTP: the examples of crm C1, C2 and C3 and of wawi T4 and L2, the reports on
//! both time axes, and what happens when many want the same credit and the same stock.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aggregates::{
    Aggregate,
    crm::{Auftrag, Kreditlinie},
    wawi::Lagerbestand,
};
use common::{Door, Reply, TestServer};
use neuroerp::commands::{Bus, Envelope};
use serde_json::{Value, json};
use uuid::Uuid;

const WAWI: &str = "/api/v1/wawi";
const CRM: &str = "/api/v1/crm";

/// A company with a customer, two articles and a Lager.
struct Haus {
    server: TestServer,
    mandant: Uuid,
    kunde: String,
    kas: String,
    futter: String,
    lager: String,
}

fn id(antwort: &Value) -> String {
    antwort["id"].as_str().unwrap().to_owned()
}
