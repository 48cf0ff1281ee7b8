//! Reports: a name, parameters, the ledgers they read, and a function that makes one table. Routes, OpenAPI and rights
//! loop over [`ALL`].
//!
//! Every report of the books has two time axes: the business date (`stichtag` or `von`/`bis`) and `bekannt_am`, what the
//! system knew then. It is exactly the sum of the rows with a buchungsdatum in range and
//! `log_position <= position(bekannt_am)` (fibu 0).

mod abstimmung_op;
mod altersstruktur;
mod args;
mod artikelliste;
mod auftragsbestand;
mod belegkette;
mod bestandsliste;
mod bestellobligo;
mod gelieferte_position;
mod jahr;
mod journal;
mod kontenblatt;
mod kontenplan;
mod kontoauszug_partner;
mod kreditauskunft;
mod lagerbewegungsjournal;
mod lieferschein;
mod namen;
mod nummernpruefung;
mod offene_bestellungen;
mod offene_teile;
mod op;
mod op_liste;
mod preislistenuebersicht;
mod rechnungsbuch;
mod seite;
mod susa;
mod table;
mod wareneingangsbuch;
mod we_re_liste;

use std::{future::Future, pin::Pin, time::Duration};

use aggregates::types::Bereich;
use chrono::NaiveDate;
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use tokio::time::Instant;
use uuid::Uuid;

pub use args::{Args, Parameter, ParameterArt};
pub use table::{Art, Cell, Spalte, Table};

use super::{
    history,
    params::{Params, too_old},
    zeit,
};
use crate::{
    api::problem::Problem,
    eventstore::{
        EventStore, StoreError,
        read::{LogEnd, log_end},
    },
};

/// The ledger that writes `fibu.journalzeile`.
pub const JOURNAL: &str = "journal";

/// The ledger that writes `fibu.konto_saldo`.
pub const SALDEN: &str = "konto_saldo";

/// The ledger that writes `wawi.lagerbewegung`.
pub const LAGERBEWEGUNG: &str = "lagerbewegung";

/// The ledger that writes `fibu.rechnungsbuch`.
pub const RECHNUNGSBUCH: &str = "rechnungsbuch";
/// The ledger that writes `fibu.op_bewegung`.
pub const OP_BEWEGUNG: &str = "op_bewegung";
/// The ledger that writes `crm.auftrag_bewegung`.
pub const AUFTRAGSBEWEGUNG: &str = "auftrag_bewegung";
/// The ledger that writes `wawi.bestell_bewegung`.
pub const BESTELLBEWEGUNG: &str = "bestell_bewegung";
/// The ledger that writes `wawi.wareneingang_bewegung`.
pub const WARENEINGANGSBEWEGUNG: &str = "wareneingang_bewegung";
/// The ledger that writes `crm.belegkette`.
pub const BELEGKETTE: &str = "belegkette";

/// How long a report waits for its ledgers to reach `ab_position`.
pub const WAIT: Duration = Duration::from_secs(5);

/// A waiting report looks at the checkpoints this often.
const POLL: Duration = Duration::from_millis(25);

/// The future of a report.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Table, Problem>> + Send + 'a>>;

/// A report as its file declares it; route, right, OpenAPI and both forms of its answer follow from it.
#[derive(Clone, Copy)]
pub struct Report {
    /// kebab-case name, the path segment.
    pub name: &'static str,
    /// snake_case name, the resource of its right.
    pub typ: &'static str,
    /// Area of its right.
    pub bereich: Bereich,
    /// German title.
    pub titel: &'static str,
    /// What it shows.
    pub beschreibung: &'static str,
    /// Its own parameters; [`COMMON`] come on top.
    pub parameter: &'static [Parameter],
    /// Columns of its table.
    pub spalten: &'static [Spalte],
    /// Ledgers it reads.
    pub ledgers: &'static [&'static str],
    /// Makes the table.
    pub run: for<'a> fn(&'a mut Source, &'a Args) -> Running<'a>,
}

/// Parameters of every report.
pub const COMMON: &[Parameter] = &[
    Parameter::optional(
        "bekannt_am",
        ParameterArt::Text,
        "Stand des Wissens: Zeitpunkt (RFC 3339), Datum (bis Ende dieses Tages) oder Position im Journal",
    ),
    Parameter::optional(
        "ab_position",
        ParameterArt::Zahl,
        "wartet, bis der Bericht das Journal bis zu dieser Position gesehen hat",
    ),
    Parameter::optional(
        "format",
        ParameterArt::Text,
        "json oder csv; geht dem Header Accept vor",
    ),
];

/// All reports, one line each.
pub const ALL: &[Report] = &[
    susa::REPORT,
    kontenblatt::REPORT,
    journal::REPORT,
    kontenplan::REPORT,
    artikelliste::REPORT,
    preislistenuebersicht::REPORT,
    bestandsliste::REPORT,
    lagerbewegungsjournal::REPORT,
    rechnungsbuch::AUSGANG,
    rechnungsbuch::EINGANG,
    nummernpruefung::REPORT,
    op_liste::REPORT,
    altersstruktur::REPORT,
    kontoauszug_partner::REPORT,
    abstimmung_op::REPORT,
    kreditauskunft::REPORT,
    auftragsbestand::REPORT,
    lieferschein::REPORT,
    offene_bestellungen::REPORT,
    bestellobligo::REPORT,
    we_re_liste::REPORT,
    wareneingangsbuch::REPORT,
    belegkette::REPORT,
];

impl Report {
    /// Rows of its largest page; `None` if it comes in one piece.
    #[must_use]
    pub fn seite(&self) -> Option<i64> {
        self.parameter.iter().find_map(|parameter| match parameter.art {
            ParameterArt::Limit(max) => Some(max),
            _ => None,
        })
    }
}

/// A report by its path segment.
#[must_use]
pub fn find(name: &str) -> Option<&'static Report> {
    ALL.iter().find(|r| r.name == name)
}

/// Waits until ledgers of a company have reached a position: true if they have, false after [`WAIT`].
async fn reached(
    store: &EventStore,
    mandant_id: Uuid,
    ledgers: &'static [&'static str],
    position: i64,
) -> Result<bool, sqlx::Error> {
    let deadline = Instant::now() + WAIT;
    loop {
        let mut connection = store.pool().acquire().await?;
        if ledger_position(&mut connection, mandant_id, ledgers).await? >= position {
            return Ok(true);
        }
        drop(connection);
        if Instant::now() + POLL > deadline {
            return Ok(false);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Up to where all of these ledgers have seen the log of a company.
async fn ledger_position(
    connection: &mut sqlx::PgConnection,
    mandant_id: Uuid,
    ledgers: &[&str],
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT coalesce(min(coalesce(s.position, 0)), 0) FROM unnest($2::text[]) AS l(name) \
         LEFT JOIN projektion.stand s ON s.mandant_id = $1 AND s.projektion = l.name",
    )
    .bind(mandant_id)
    .bind(ledgers)
    .fetch_one(connection)
    .await
}

/// What a report reads from. All its statements see one snapshot.
pub struct Source {
    transaction: Transaction<'static, Postgres>,
    store: EventStore,
    mandant_id: Uuid,
    /// The position of `bekannt_am`, if given.
    known: Option<i64>,
    /// Rows up to this position belong to the report.
    upto: i64,
    /// The head of the log.
    head: i64,
    epoche: i32,
    heute: NaiveDate,
}

/// Streams with their folded states.
type Staende = Vec<(Uuid, Value)>;

impl Source {
    /// Up to where states are folded: as of `bekannt_am`, otherwise of now.
    fn position(&self) -> i64 {
        self.known.unwrap_or(self.head)
    }

    /// All streams of a type as the report knows them.
    async fn staende(&mut self, typ: &str) -> Result<Staende, StoreError> {
        let position = self.position();
        history::states_at(
            &mut self.transaction,
            self.store.registry(),
            self.mandant_id,
            typ,
            position,
        )
        .await
    }

    /// Some streams of a type as the report knows them; what did not exist by then is left out.
    async fn staende_von(&mut self, typ: &str, ids: &[Uuid]) -> Result<Staende, StoreError> {
        let position = self.position();
        history::states_of(
            &mut self.transaction,
            self.store.registry(),
            self.mandant_id,
            typ,
            position,
            ids,
        )
        .await
    }
}

/// A finished report.
#[derive(Debug)]
pub struct Answer {
    /// What it shows, without form.
    pub table: Table,
    /// The position that it shows.
    pub stand: i64,
    /// Up to where its ledgers have seen the log.
    pub position: i64,
}

impl Answer {
    /// The answer in JSON: the rows as objects, and what of head, sums and next page there is.
    #[must_use]
    pub fn json(&self, report: &Report) -> Value {
        let mut body = json!({
            "bericht": report.name,
            "titel": report.titel,
            "parameter": self.table.parameter,
            "stand": self.stand,
            "zeilen": self.table.rows(report.spalten),
            "summen": self.table.summen,
        });
        if let Some(kopf) = &self.table.kopf {
            body["kopf"] = kopf.clone();
        }
        if self.table.seiten {
            body["weiter"] = json!(self.table.weiter);
        }
        body
    }
}

/// Runs a report. `min_position` is what the header `X-Min-Position` asks for.
pub async fn run(
    store: &EventStore,
    report: &Report,
    mandant_id: Uuid,
    mut params: Params,
    min_position: Option<i64>,
) -> Result<Answer, Problem> {
    let bekannt_am = params.take("bekannt_am");
    let ab_position = params.positive("ab_position")?;
    let args = Args::parse(report, params)?;
    let known = match &bekannt_am {
        Some(text) => Some(history::known_position(store, mandant_id, text).await?),
        None => None,
    };
    let needed = [ab_position, min_position, known]
        .into_iter()
        .flatten()
        .max()
        .unwrap_or(0);
    if needed > 0 && !reached(store, mandant_id, report.ledgers, needed).await? {
        return Err(too_old(needed));
    }
    let mut transaction = store
        .pool()
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let position = ledger_position(&mut transaction, mandant_id, report.ledgers).await?;
    if position < needed {
        return Err(too_old(needed));
    }
    let LogEnd { position: head, epoche } = log_end(&mut transaction, mandant_id).await?;
    let stand = known.unwrap_or(position);
    let mut source = Source {
        transaction,
        store: store.clone(),
        mandant_id,
        known,
        upto: stand,
        head,
        epoche,
        heute: zeit::tag(crate::uhr::jetzt()),
    };
    let mut table = (report.run)(&mut source, &args).await?;
    if let Some(text) = bekannt_am {
        table.parameter.insert("bekannt_am".to_owned(), json!(text));
    }
    // A later page shows what the first one did.
    let stand = source.upto;
    source.transaction.commit().await?;
    Ok(Answer { table, stand, position })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_right_is_the_name_in_snake_case() {
        for (i, report) in ALL.iter().enumerate() {
            assert_eq!(report.typ, report.name.replace('-', "_"));
            assert!(ALL.iter().skip(i + 1).all(|other| other.name != report.name));
            assert!(!report.ledgers.is_empty());
            for own in report.parameter {
                assert!(COMMON.iter().all(|common| common.name != own.name), "{}", own.name);
            }
        }
    }
}
