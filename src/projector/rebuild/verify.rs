//! Checking read models against a fresh build, and the log against itself. Changes nothing.

use std::fmt;

use futures::TryStreamExt;
use projections::{Table, state::Columns};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{
    Chosen, Exclusion, chosen, claims, commands,
    counters::{self, Count},
    state::{Part, fill},
};
use crate::{
    eventstore::{EventStore, Recorded, read::Form, tree::Frontier},
    projector::run::page,
};

/// Something that is not as it should be.
#[derive(Debug)]
pub struct Difference {
    /// Where.
    pub place: String,
    /// What.
    pub text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// The name of a comparison table.
fn fresh(table: &str) -> String {
    format!("pg_temp.{}", table.replace('.', "__"))
}

/// Compares read models and claims with a fresh build in one consistent snapshot, and checks the log itself: no gap,
/// every hash, the Merkle tree, the counters, the commands, Soll = Haben. Changes nothing.
pub async fn verify(store: &EventStore, names: Option<&[String]>) -> anyhow::Result<Vec<Difference>> {
    let chosen = chosen(names)?;
    // A swap in between would show the old rows to the snapshot, and nothing of the new table.
    let exclusion = Exclusion::of_checks(store).await?;
    let differences = compare_all(store, chosen).await;
    exclusion.end().await;
    differences
}

async fn compare_all(store: &EventStore, (models, ledgers): Chosen) -> anyhow::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut reader = store.unhurried().await?;
    let mut writer = store.unhurried().await?;
    let columns = Columns::load(&mut reader).await?;
    let mut reading = reader
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let snapshot: String = sqlx::query_scalar("SELECT pg_export_snapshot()")
        .fetch_one(&mut *reading)
        .await?;
    let mut writing = writer.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    sqlx::query(AssertSqlSafe(format!("SET TRANSACTION SNAPSHOT '{snapshot}'")))
        .execute(&mut *writing)
        .await?;
    check_log(store, &mut reading, &mut differences).await?;
    commands::check(&mut reading, &mut differences).await?;
    let whole = Part { worker: 0, workers: 1 };
    claims::create(&mut writing, &fresh, true).await?;
    let mut built = Vec::new();
    for model in models {
        for Table { name, .. } in model.tables {
            create_fresh(&mut writing, name).await?;
        }
        let filled = fill(store, &mut reading, &mut writing, model, &columns, whole, &fresh).await;
        if let Err(error) = filled {
            differences.push(unbuildable(model.typ, error)?);
            continue;
        }
        built.push(model.typ);
        for Table { name, .. } in model.tables {
            compare(&mut writing, &columns, name, &mut differences).await?;
        }
    }
    claims::compare(store.registry(), &mut writing, &fresh, &built, &mut differences).await?;
    for ledger in ledgers {
        for table in ledger.tables() {
            create_fresh(&mut writing, table).await?;
        }
        let standings: Vec<(Uuid, i64, Option<String>)> =
            sqlx::query_as("SELECT mandant_id, position, fehler FROM projektion.stand WHERE projektion = $1")
                .bind(ledger.name())
                .fetch_all(&mut *writing)
                .await?;
        let mut whole = true;
        for (mandant_id, position, fehler) in standings {
            if let Some(fehler) = fehler {
                differences.push(Difference {
                    place: ledger.name().to_owned(),
                    text: format!("angehalten: {fehler}"),
                });
            }
            let mut reached = 0;
            while reached < position {
                let next = page(
                    &mut writing,
                    store.registry(),
                    &*ledger,
                    mandant_id,
                    reached,
                    position,
                    &fresh,
                );
                match next.await {
                    Ok(page) => reached = page.reached,
                    Err(error) => {
                        differences.push(unbuildable(ledger.name(), error.into())?);
                        whole = false;
                        break;
                    }
                }
            }
        }
        for table in ledger.tables().iter().filter(|_| whole) {
            compare(&mut writing, &columns, table, &mut differences).await?;
        }
    }
    writing.rollback().await?;
    reading.rollback().await?;
    Ok(differences)
}

/// An event that no longer folds is a finding like others; only a database that fails ends the check.
fn unbuildable(place: &str, error: anyhow::Error) -> anyhow::Result<Difference> {
    if error.chain().any(<dyn std::error::Error>::is::<sqlx::Error>) {
        return Err(error);
    }
    Ok(Difference {
        place: place.to_owned(),
        text: format!("lässt sich nicht neu aufbauen: {error:#}"),
    })
}

async fn create_fresh(connection: &mut PgConnection, table: &str) -> Result<(), sqlx::Error> {
    let name = fresh(table);
    let sql = format!(
        "CREATE TEMPORARY TABLE {} (LIKE {table} INCLUDING GENERATED INCLUDING INDEXES) ON COMMIT DROP",
        name.trim_start_matches("pg_temp.")
    );
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Rows that only one side has, at most ten of each.
async fn compare(
    connection: &mut PgConnection,
    columns: &Columns,
    table: &str,
    differences: &mut Vec<Difference>,
) -> Result<(), sqlx::Error> {
    let list = columns.of(table).join(", ");
    let fresh = fresh(table);
    for (one, other, text) in [
        (table, fresh.as_str(), "steht nur im laufenden Lesemodell"),
        (fresh.as_str(), table, "fehlt im laufenden Lesemodell"),
    ] {
        let sql = format!(
            "SELECT to_jsonb(d)::text FROM (SELECT {list} FROM {one} EXCEPT SELECT {list} FROM {other} LIMIT 10) AS d"
        );
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut *connection)
            .await?;
        differences.extend(rows.into_iter().map(|row| Difference {
            place: table.to_owned(),
            text: format!("{text}: {row}"),
        }));
    }
    Ok(())
}

/// Walks the whole log of every company.
async fn check_log(
    store: &EventStore,
    connection: &mut PgConnection,
    differences: &mut Vec<Difference>,
) -> anyhow::Result<()> {
    let mut count = Count::begin(connection).await?;
    let heads: Vec<(Uuid, i64, Vec<u8>)> =
        sqlx::query_as("SELECT mandant_id, position, baum FROM log.kopf ORDER BY mandant_id")
            .fetch_all(&mut *connection)
            .await?;
    for (mandant_id, head, baum) in heads {
        let place = format!("Journal {mandant_id}");
        let mut found = |text: String| {
            differences.push(Difference {
                place: place.clone(),
                text,
            });
        };
        let mut tree = Frontier::default();
        let mut position = 0;
        let sql = format!(
            "SELECT {} FROM log.ereignis WHERE mandant_id = $1 ORDER BY position",
            Recorded::COLUMNS
        );
        let mut rows = sqlx::query(AssertSqlSafe(sql)).bind(mandant_id).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let event = Recorded::from_row(&row)?;
            position += 1;
            if event.position != position {
                found(format!("Lücke: auf Position {} folgt {}", position - 1, event.position));
                position = event.position;
            }
            if let Err(text) = event.check(store.registry()) {
                found(format!("Position {}: {text}", event.position));
            }
            if let Err(text) = count.take(store.registry(), &event) {
                found(format!("Position {}: {text}", event.position));
            }
            tree.push(event.leaf_hash);
        }
        drop(rows);
        if position != head {
            found(format!(
                "der Kopf nennt Position {head}, das letzte Ereignis hat {position}"
            ));
        }
        if tree.to_bytes() != baum {
            found("der Merkle-Baum des Kopfs ist nicht der der Ereignisse".to_owned());
        }
    }
    let wrong = count.wrong(connection).await?;
    differences.extend(wrong.iter().map(counters::Wrong::difference));
    let unequal: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT mandant_id, log_position FROM fibu.journalzeile GROUP BY 1, 2 HAVING sum(soll) <> sum(haben) LIMIT 10",
    )
    .fetch_all(connection)
    .await?;
    differences.extend(unequal.into_iter().map(|(mandant_id, position)| Difference {
        place: format!("Journal {mandant_id}"),
        text: format!("Position {position}: Soll ist nicht gleich Haben"),
    }));
    Ok(())
}
