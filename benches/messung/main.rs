//! Speed as ratios inside one run: what the program does a second against what the same Postgres does for a bare client,
//! a textbook handler and pgbench. `cargo bench --bench messung -- commands` (or `stapel`, `ledger`, `reports`,
//! `start`); `-- help` lists what can be set. See `benches/README.md`.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::many_single_char_names,
    reason = "a measurement that fails has no result, and its results are ratios"
)]

mod beleg;
mod boden;
mod commands;
mod haus;
mod last;
mod ledger;
mod lehrbuch;
mod massstab;
mod reports;
mod start;
mod tabelle;

use std::time::Duration;

const HELP: &str = "\
commands  durable single commands over HTTP at 1, 8, 64 and 256 connections, and whole invoices
stapel    100 commands a request
ledger    lag of the ledgers, rebuilds and their memory
reports   reports over many journal lines (Zeilen=10000000)
start     cold start on many events (Ereignisse=1000000), and memory
all       one after the other

Sekunden=6   of each measured line
Runden=3     repetitions of each line; the median counts";

/// What can be set on the command line, as `Name=value`.
pub struct Plan {
    pub dauer: Duration,
    pub runden: usize,
    pub zeilen: u64,
    pub ereignisse: i64,
}

impl Plan {
    fn from_args() -> Self {
        let set = |name: &str| {
            let prefix = format!("{name}=");
            std::env::args().find_map(|a| a.strip_prefix(&prefix)?.parse::<u64>().ok())
        };
        Self {
            dauer: Duration::from_secs(set("Sekunden").unwrap_or(6)),
            runden: set("Runden").unwrap_or(3) as usize,
            zeilen: set("Zeilen").unwrap_or(10_000_000),
            ereignisse: set("Ereignisse").unwrap_or(1_000_000) as i64,
        }
    }
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let plan = Plan::from_args();
    match args.first().map(String::as_str) {
        Some("commands") => commands::run(&plan).await,
        Some("stapel") => commands::stapel(&plan).await,
        Some("ledger") => ledger::run(&plan).await,
        Some("reports") => reports::run(&plan).await,
        Some("start") => start::run(&plan).await,
        Some("all") => {
            commands::run(&plan).await;
            commands::stapel(&plan).await;
            ledger::run(&plan).await;
            reports::run(&plan).await;
            start::run(&plan).await;
        }
        // A process of its own for the textbook handler, so that it shares nothing with the load.
        Some("lehrbuch") => lehrbuch::serve(&args[1], &args[2]).await,
        _ => println!("{HELP}"),
    }
}
