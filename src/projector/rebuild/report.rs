//! What a rebuild did, for the operator.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::counters::Wrong;
use crate::eventstore::EventStore;

/// What a rebuild did.
#[derive(Debug, Default)]
pub struct Report {
    /// One line for each read model.
    pub lines: Vec<ReportLine>,
    /// What beside the read models was not as the log has it and is now.
    pub mended: Vec<String>,
}

/// What was done to one read model.
#[derive(Debug)]
pub struct ReportLine {
    /// Aggregate type or name of the ledger.
    pub name: String,
    /// Events read.
    pub events: u64,
    /// Rows of the new tables, as analysed.
    pub rows: u64,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    pub(super) fn claims(&mut self, name: &str, mended: u64) {
        if mended > 0 {
            self.mended
                .push(format!("Ansprüche von {name}: {mended} nach dem Journal berichtigt"));
        }
    }

    pub(super) fn counters(&mut self, wrong: &[Wrong]) {
        let mended = wrong.iter().map(|wrong| format!("{}; berichtigt", wrong.difference()));
        self.mended.extend(mended);
    }

    pub(super) async fn add(
        &mut self,
        store: &EventStore,
        name: &str,
        events: u64,
        tables: &[&str],
        begin: Instant,
    ) -> anyhow::Result<()> {
        let took = begin.elapsed();
        let rows: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class WHERE oid = ANY($1::text[]::regclass[])",
        )
        .bind(tables)
        .fetch_one(store.pool())
        .await?;
        self.lines.push(ReportLine {
            name: name.to_owned(),
            events,
            rows: u64::try_from(rows).unwrap_or_default(),
            took,
        });
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>12} {:>12} {:>12}",
            "Lesemodell", "Ereignisse", "Zeilen", "Sekunden"
        )?;
        for line in &self.lines {
            let seconds = format!("{}.{:03}", line.took.as_secs(), line.took.subsec_millis());
            writeln!(
                f,
                "{:<24} {:>12} {:>12} {seconds:>12}",
                line.name, line.events, line.rows
            )?;
        }
        for text in &self.mended {
            writeln!(f, "{text}")?;
        }
        write!(f, "Neu aufgebaut und eingewechselt.")
    }
}
