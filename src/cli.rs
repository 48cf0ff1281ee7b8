//! What the command line does; each function gives back whether it was accepted (exit code 0 or 1).

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use sqlx::{Postgres, pool::PoolConnection};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    commands::{Caller, Order},
    eventstore::SYSTEM,
    house::House,
    import::datev,
    projector::rebuild,
    server::{Core, Database, DatabaseSettings, check_token, shutdown_signal},
};

/// Writes a line to standard output. A reader that has gone (`neuroerp serve | head -1`) must not end the program.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod demo;

pub use demo::write_ndjson;

/// Runs something on an open database and closes it whatever comes of it. What is told to stop ends its work by itself,
/// unless the database is lost.
async fn with_core<T>(
    shutdown: &CancellationToken,
    mut database: Database,
    work: impl AsyncFnOnce(&Core) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let started = tokio::select! {
        core = Core::start_reading(&database.options, database.reading.as_ref()) => core,
        lost = database.lost(shutdown) => Err(lost),
    };
    let result = match started {
        Ok(core) => {
            let result = tokio::select! {
                result = work(&core) => result,
                lost = database.lost(shutdown) => Err(lost),
            };
            core.stop().await;
            result
        }
        Err(error) => Err(error),
    };
    database.close().await;
    result
}

/// Opens a database, unless the program is told to stop before.
async fn opened<T>(
    shutdown: &CancellationToken,
    opening: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        database = opening => database,
        () = shutdown.cancelled() => bail!("beendet, bevor die Datenbank bereit war"),
    }
}

/// Runs a task that may be interrupted anywhere.
async fn task<T>(settings: &DatabaseSettings, work: impl AsyncFnOnce(&Core) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let shutdown = shutdown_signal()?;
    let database = opened(&shutdown, Database::open_or_join(settings)).await?;
    with_core(&shutdown, database, async |core| {
        tokio::select! {
            result = work(core) => result,
            () = shutdown.cancelled() => bail!("abgebrochen; was gebucht ist, bleibt, und ein neuer Lauf setzt fort"),
        }
    })
    .await
}

/// Serves until SIGTERM or Ctrl-C.
pub async fn serve(settings: &DatabaseSettings, listen: SocketAddr, token: Option<&str>) -> anyhow::Result<bool> {
    token.map_or(Ok(()), check_token)?;
    let shutdown = shutdown_signal()?;
    let listener = bind(listen).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), adresse = %listener.local_addr()?, "NeuroERP startet");
    let database = opened(&shutdown, Database::open(settings)).await?;
    with_core(&shutdown, database, async |core| {
        if let Some(made) = core.administrator(token).await? {
            announce_token(&made);
        }
        announce_urls(listener.local_addr()?);
        tracing::info!("NeuroERP nimmt Anfragen an");
        core.serve(listener, shutdown.clone()).await
    })
    .await?;
    tracing::info!("NeuroERP ist geordnet beendet");
    Ok(true)
}

async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen)
        .await
        .with_context(|| format!("{listen} ist nicht frei; mit --listen eine andere Adresse wählen"))
}

fn announce_token(token: &str) {
    say!("Administrator-Schlüssel (wird nur dieses eine Mal gezeigt, bitte sicher aufbewahren):\n\n    {token}\n");
}

fn announce_urls(address: SocketAddr) {
    say!("NeuroERP läuft:\n");
    say!("    Ausprobieren   http://{address}/docs");
    say!("    OpenAPI        http://{address}/openapi.json");
    say!("    Bereitschaft   http://{address}/health/ready");
    say!("\nEnde mit Strg-C.");
}

/// Brings the database up to date.
pub async fn migrate(settings: &DatabaseSettings) -> anyhow::Result<bool> {
    let shutdown = shutdown_signal()?;
    opened(&shutdown, Database::migrate(settings)).await?;
    say!("Die Datenbank ist auf dem Stand dieses Programms.");
    Ok(true)
}

/// Rebuilds read models, or compares them with a fresh rebuild.
pub async fn rebuild(
    settings: &DatabaseSettings,
    names: &[String],
    check: bool,
    workers: usize,
) -> anyhow::Result<bool> {
    let names = names.to_vec();
    task(settings, async |core| {
        let what = (!names.is_empty()).then_some(names.as_slice());
        if check {
            let differences = rebuild::verify(&core.app.store, what).await?;
            for difference in &differences {
                say!("{difference}");
            }
            say!(
                "{}",
                if differences.is_empty() {
                    "Geprüft: Journal, Hashwerte, Ansprüche, Zählerstände und Lesemodelle stimmen mit einem frischen Aufbau überein."
                } else {
                    "Es gibt Abweichungen. Lesemodelle, Ansprüche und Zählerstände setzt „rebuild“ nach dem Journal neu; wo \
                     das Journal selbst verändert ist, hilft nur eine Sicherung."
                }
            );
            return Ok(differences.is_empty());
        }
        let bar = ProgressBar::new_spinner();
        let report = rebuild::rebuild(&core.app.store, what, workers, &mut |text: &str| {
            bar.set_message(text.to_owned());
        })
        .await?;
        bar.finish_and_clear();
        say!("{report}");
        Ok(true)
    })
    .await
}

/// The company of a Kürzel, if there is one.
async fn find_company(core: &Core, kuerzel: &str) -> anyhow::Result<Option<Uuid>> {
    let id = sqlx::query_scalar("SELECT id FROM dienste.mandant WHERE mandant_id = $1 AND kuerzel = upper($2)")
        .bind(SYSTEM)
        .bind(kuerzel)
        .fetch_optional(core.app.store.pool())
        .await?;
    Ok(id)
}

/// The company of a Kürzel, ready for postings; created if there is none and a name is given.
async fn company(core: &Core, kuerzel: &str, firma: Option<&str>) -> anyhow::Result<Uuid> {
    let id = if let Some(id) = find_company(core, kuerzel).await? {
        let status: String = sqlx::query_scalar("SELECT status FROM dienste.mandant WHERE mandant_id = $1 AND id = $2")
            .bind(SYSTEM)
            .bind(id)
            .fetch_one(core.app.store.pool())
            .await?;
        anyhow::ensure!(
            status == "aktiv",
            "die Firma {kuerzel} ist stillgelegt und wird nur noch gelesen; Buchungen nimmt sie nicht mehr an"
        );
        id
    } else {
        let firma = firma
            .with_context(|| format!("die Firma {kuerzel} gibt es nicht; mit --firma \"Name\" wird sie angelegt"))?;
        let daten = json!({"kuerzel": kuerzel, "stammdaten": {"firma": firma}});
        found(core, Uuid::now_v7(), daten).await?;
        let new = find_company(core, kuerzel).await?;
        new.context("die neue Firma erscheint nicht in der Liste der Firmen")?
    };
    numbered(core, id).await?;
    Ok(id)
}

/// Creates a company, unless another program was faster.
async fn found(core: &Core, id: Uuid, daten: Value) -> anyhow::Result<()> {
    let mut order = Order::new("mandant", id, json!({ "Anlegen": daten }));
    order.create = true;
    match core.bus().send(SYSTEM, Caller::service("start"), order).await {
        Err(refusal) if refusal.code != "NUMMER_VERGEBEN" => Err(refusal.into()),
        _ => Ok(()),
    }
}

/// Waits for the Nummernkreise of a company, which follow it by policy; postings need them. Whoever else created it may
/// have done so a moment ago.
async fn numbered(core: &Core, id: Uuid) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let kreise: i64 = sqlx::query_scalar("SELECT count(*) FROM dienste.nummernkreis WHERE mandant_id = $1")
            .bind(id)
            .fetch_one(core.app.store.pool())
            .await?;
        if usize::try_from(kreise).is_ok_and(|anzahl| anzahl >= aggregates::policies::NUMMERNKREISE) {
            return Ok(());
        }
        anyhow::ensure!(
            begin.elapsed() < Duration::from_secs(30),
            "die Nummernkreise der Firma entstehen nicht"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn progress_bar(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {human_pos}/{human_len} {per_sec} {eta}") {
        bar.set_style(style.progress_chars("█▉ "));
    }
    bar.set_message(what);
    bar
}

/// Takes over DATEV files; accepted only if no row was refused.
pub async fn import_datev(
    settings: &DatabaseSettings,
    kuerzel: &str,
    firma: Option<&str>,
    as_json: bool,
    files: &[PathBuf],
) -> anyhow::Result<bool> {
    check_files(files)?;
    let files = datev::lesen(files)?;
    task(settings, async |core| {
        let alone = Alone::with(core, kuerzel).await?;
        datev::pruefen(&files, find_company(core, kuerzel).await?.is_none())?;
        let mandant_id = company(core, kuerzel, firma).await?;
        let house = House::new(core.app.clone(), mandant_id, "datev-import");
        let bar = progress_bar(0, "DATEV");
        let report = datev::importieren(&house, files, &mut |done, total| {
            bar.set_length(u64::try_from(total).unwrap_or_default());
            bar.set_position(u64::try_from(done).unwrap_or_default());
        })
        .await?;
        alone.end().await;
        bar.finish_and_clear();
        if as_json {
            say!("{}", serde_json::to_string_pretty(&report.to_json())?);
        } else {
            say!("{report}");
        }
        Ok(report.summen().abgelehnt == 0)
    })
    .await
}

fn check_files(files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        anyhow::ensure!(Path::new(file).is_file(), "die Datei {} gibt es nicht", file.display());
    }
    Ok(())
}

/// Whoever works on a company as a whole does so alone: two imports would each create what the other one needs.
/// Ends with its connection.
struct Alone(PoolConnection<Postgres>);

impl Alone {
    async fn with(core: &Core, kuerzel: &str) -> anyhow::Result<Self> {
        const TRY: &str = "SELECT pg_try_advisory_lock(hashtextextended('import/' || upper($1), 0))";
        const WAIT: &str = "SELECT pg_advisory_lock(hashtextextended('import/' || upper($1), 0))";
        let mut connection = core.app.store.unhurried().await?;
        let free: bool = sqlx::query_scalar(TRY)
            .bind(kuerzel)
            .fetch_one(&mut *connection)
            .await?;
        if !free {
            tracing::info!(
                firma = kuerzel,
                "eine andere Übernahme in diese Firma läuft; es wird gewartet"
            );
            sqlx::query(WAIT).bind(kuerzel).execute(&mut *connection).await?;
        }
        Ok(Self(connection))
    }

    /// Lets the next one begin.
    async fn end(mut self) {
        // Else it ends with the connection, a moment later.
        let _ = sqlx::query("SELECT pg_advisory_unlock_all()")
            .execute(&mut *self.0)
            .await;
    }
}

/// Creates the demo company, plays a year, shows the trial balance.
pub async fn demo(
    settings: &DatabaseSettings,
    listen: SocketAddr,
    token: Option<&str>,
    belege: usize,
    serve: bool,
) -> anyhow::Result<bool> {
    token.map_or(Ok(()), check_token)?;
    let shutdown = shutdown_signal()?;
    // Whoever serves owns its server; a demo alone may run beside one.
    let (listener, database) = if serve {
        let listener = bind(listen).await?;
        (Some(listener), opened(&shutdown, Database::open(settings)).await?)
    } else {
        (None, opened(&shutdown, Database::open_or_join(settings)).await?)
    };
    with_core(&shutdown, database, async |core| {
        let made = core.administrator(token).await?;
        let alone = Alone::with(core, crate::demo::KUERZEL).await?;
        demo::play(core, belege, &shutdown).await?;
        alone.end().await;
        if let Some(made) = made {
            announce_token(&made);
        } else {
            say!("Administrator-Schlüssel: NEUROERP_ADMIN_TOKEN, sonst der beim ersten Start gezeigte.\n");
        }
        if let Some(listener) = listener {
            announce_urls(listener.local_addr()?);
            return core.serve(listener, shutdown.clone()).await;
        }
        say!("Ansehen: neuroerp serve, dann");
        say!("    Ausprobieren   http://{listen}/docs (Firma DEMO)");
        say!("    Bericht        http://{listen}/api/v1/berichte/summen-und-saldenliste (X-Mandant: DEMO)");
        Ok(())
    })
    .await?;
    Ok(true)
}
