//! What the command line does; each function gives back whether it was accepted (exit code 0 or 1).

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chrono::{NaiveDate, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    api::problem::Problem,
    commands::{Caller, Order, business_date},
    demo::DemoPlan,
    eventstore::SYSTEM,
    house::House,
    import::datev,
    portal::{Auftrag, Portal},
    projector::rebuild,
    queries::{params::Params, reports},
    server::{Core, Database, DatabaseSettings, shutdown_signal},
};

/// How long the ledgers may take to catch up after a run of the demo.
const CATCH_UP: Duration = Duration::from_mins(2);
/// The demo is the same every time.
const DEMO_SEED: u64 = 2026;
/// Commands sent together by the demo.
const DEMO_BATCH: usize = 250;

/// Writes a line to standard output. A reader that has gone (`neuroerp serve | head -1`) must not end the program.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// Runs something on an open database and closes it whatever comes of it.
async fn with_core<T>(
    settings: &DatabaseSettings,
    work: impl AsyncFnOnce(&Core) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut database = Database::open(settings).await?;
    let result = match Core::start(&database.options).await {
        Ok(core) => {
            let result = work(&core).await;
            core.stop().await;
            result
        }
        Err(error) => Err(error),
    };
    database.close().await;
    result
}

/// Serves until SIGTERM or Ctrl-C.
pub async fn serve(settings: &DatabaseSettings, listen: SocketAddr, token: Option<&str>) -> anyhow::Result<bool> {
    let shutdown = shutdown_signal()?;
    let listener = bind(listen).await?;
    with_core(settings, async |core| {
        if let Some(made) = core.administrator(token).await? {
            announce_token(&made);
        }
        announce_urls(listener.local_addr()?);
        core.serve(listener, shutdown).await
    })
    .await?;
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
    let mut database = Database::open(settings).await?;
    database.close().await;
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
    with_core(settings, async |core| {
        let what = (!names.is_empty()).then_some(names.as_slice());
        if check {
            let differences = rebuild::verify(&core.app.store, what).await?;
            for difference in &differences {
                say!("{difference}");
            }
            say!(
                "{}",
                if differences.is_empty() {
                    "Geprüft: Journal, Hashwerte und Lesemodelle stimmen mit einem frischen Aufbau überein."
                } else {
                    "Es gibt Abweichungen."
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

/// The company of a Kürzel; created if there is none and a name is given.
async fn company(core: &Core, kuerzel: &str, firma: Option<&str>, anschrift: Option<Value>) -> anyhow::Result<Uuid> {
    let find = || {
        sqlx::query_scalar::<_, Uuid>("SELECT id FROM dienste.mandant WHERE mandant_id = $1 AND kuerzel = upper($2)")
            .bind(SYSTEM)
            .bind(kuerzel)
            .fetch_optional(core.app.store.pool())
    };
    if let Some(id) = find().await? {
        return Ok(id);
    }
    let firma =
        firma.with_context(|| format!("die Firma {kuerzel} gibt es nicht; mit --firma \"Name\" wird sie angelegt"))?;
    let mut stammdaten = json!({"firma": firma});
    if let Some(anschrift) = anschrift {
        stammdaten["anschrift"] = anschrift;
    }
    let id = Uuid::now_v7();
    let mut order = Order::new(
        "mandant",
        id,
        json!({"Anlegen": {"kuerzel": kuerzel, "stammdaten": stammdaten}}),
    );
    order.create = true;
    core.bus().send(SYSTEM, Caller::service("start"), order).await?;
    // The Nummernkreise follow by policy; postings need them.
    let begin = Instant::now();
    loop {
        let kreise: i64 = sqlx::query_scalar("SELECT count(*) FROM dienste.nummernkreis WHERE mandant_id = $1")
            .bind(id)
            .fetch_one(core.app.store.pool())
            .await?;
        if usize::try_from(kreise).is_ok_and(|anzahl| anzahl >= aggregates::policies::NUMMERNKREISE) {
            return Ok(id);
        }
        anyhow::ensure!(
            begin.elapsed() < Duration::from_secs(30),
            "die Nummernkreise der neuen Firma entstehen nicht"
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

/// Takes over DATEV files.
pub async fn import_datev(
    settings: &DatabaseSettings,
    kuerzel: &str,
    firma: Option<&str>,
    as_json: bool,
    files: &[PathBuf],
) -> anyhow::Result<bool> {
    check_files(files)?;
    let files = files.to_vec();
    with_core(settings, async |core| {
        let mandant_id = company(core, kuerzel, firma, None).await?;
        let house = House::new(core.app.clone(), mandant_id, "datev-import");
        let bar = progress_bar(0, "DATEV");
        let report = datev::importieren(&house, &files, &mut |done, total| {
            bar.set_length(u64::try_from(total).unwrap_or_default());
            bar.set_position(u64::try_from(done).unwrap_or_default());
        })
        .await?;
        bar.finish_and_clear();
        if as_json {
            say!("{}", serde_json::to_string_pretty(&report.to_json())?);
        } else {
            say!("{report}");
        }
        Ok(true)
    })
    .await
}

fn check_files(files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        anyhow::ensure!(Path::new(file).is_file(), "die Datei {} gibt es nicht", file.display());
    }
    Ok(())
}

/// Creates the demo company, plays a year, shows the trial balance.
pub async fn demo(
    settings: &DatabaseSettings,
    listen: SocketAddr,
    token: Option<&str>,
    belege: usize,
    serve: bool,
) -> anyhow::Result<bool> {
    let shutdown = shutdown_signal()?;
    let listener = if serve { Some(bind(listen).await?) } else { None };
    with_core(settings, async |core| {
        let made = core.administrator(token).await?;
        play(core, belege, &shutdown).await?;
        if let Some(made) = made {
            announce_token(&made);
        } else {
            say!("Administrator-Schlüssel: der beim ersten Start gezeigte, oder NEUROERP_ADMIN_TOKEN.\n");
        }
        if let Some(listener) = listener {
            announce_urls(listener.local_addr()?);
            return core.serve(listener, shutdown).await;
        }
        say!("Ansehen: neuroerp serve, dann");
        say!("    Ausprobieren   http://{listen}/docs (Firma DEMO)");
        say!("    Bericht        http://{listen}/api/v1/berichte/summen-und-saldenliste (X-Mandant: DEMO)");
        Ok(())
    })
    .await?;
    Ok(true)
}

async fn play(core: &Core, belege: usize, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let anschrift = json!({"strasse": "Am Hafen 1", "plz": "26721", "ort": "Emden", "land": "DE"});
    let mandant_id = company(core, "DEMO", Some("Landhandel Demo GmbH"), Some(anschrift)).await?;
    let house = House::new(core.app.clone(), mandant_id, "demo");
    let heute = business_date(Utc::now());
    let plan = DemoPlan {
        mandant_id,
        belege,
        seed: DEMO_SEED,
        heute,
    };
    // Each batch may need what the one before it created.
    for auftrag in plan.stammdaten() {
        send(&house, vec![auftrag]).await?;
    }
    let bar = progress_bar(u64::try_from(belege).unwrap_or_default(), "Buchungen");
    let begin = Instant::now();
    let first = core.app.store.head(mandant_id).await?;
    let mut belege = plan.belege().peekable();
    while belege.peek().is_some() && !shutdown.is_cancelled() {
        let batch: Vec<Auftrag> = belege.by_ref().take(DEMO_BATCH).collect();
        let count = u64::try_from(batch.len()).unwrap_or_default();
        send(&house, batch).await?;
        bar.inc(count);
    }
    bar.finish_and_clear();
    let took = begin.elapsed();
    let head = core.app.store.head(mandant_id).await?;
    let ready = core
        .projector
        .wait_for(&["journal", "konto_saldo"], mandant_id, head, CATCH_UP)
        .await;
    anyhow::ensure!(
        ready,
        "die Kontobücher sind nicht nachgekommen; /health/ready zeigt den Grund"
    );
    print_trial_balance(core, mandant_id, plan.ende()).await?;
    let events = head - first;
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = u64::try_from(events).unwrap_or_default().saturating_mul(1000) / millis;
    say!("Journal der Firma: {head} Ereignisse; in diesem Lauf {events} in {took:.1?} ({rate} je Sekunde)\n");
    Ok(())
}

/// Prints the Summen- und Saldenliste as the report gives it, and refuses to call it a success if Soll ≠ Haben.
async fn print_trial_balance(core: &Core, mandant_id: Uuid, heute: NaiveDate) -> anyhow::Result<()> {
    let report = reports::find("summen-und-saldenliste").context("der Bericht fehlt")?;
    let params = Params::new(vec![("stichtag".to_owned(), heute.to_string())]).map_err(as_error)?;
    let answer = reports::run(&core.app.store, &core.app.waiter, report, mandant_id, params, None).await;
    let body = answer.map_err(as_error)?.json(report);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    say!("\nSumme und Salden zum {heute}\n");
    say!(
        "{:<6} {:<44} {:>16} {:>16}",
        "Konto",
        "Bezeichnung",
        "Saldo Soll",
        "Saldo Haben"
    );
    for zeile in body["zeilen"].as_array().into_iter().flatten() {
        let name: String = text(zeile, "bezeichnung").chars().take(44).collect();
        let (soll, haben) = (text(zeile, "saldo_soll"), text(zeile, "saldo_haben"));
        say!("{:<6} {name:<44} {soll:>16} {haben:>16}", text(zeile, "konto"));
    }
    let gesamt = &body["summen"]["gesamt"];
    let (soll, haben) = (text(gesamt, "saldo_soll"), text(gesamt, "saldo_haben"));
    say!("{:<6} {:<44} {soll:>16} {haben:>16}\n", "", "Summe");
    anyhow::ensure!(
        body["summen"]["ausgeglichen"] == true,
        "Soll und Haben sind nicht gleich"
    );
    say!("Soll = Haben, auf den Cent.");
    Ok(())
}

fn as_error(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.body()["detail"].as_str().unwrap_or("unbekannter Fehler"))
}

/// The demo's own vouchers must all be accepted; a refusal is a bug worth stopping for.
async fn send(house: &House, batch: Vec<Auftrag>) -> anyhow::Result<()> {
    for outcome in house.senden(batch).await? {
        match outcome {
            // Played on another day before: what is on the books stays as it is.
            Err(refusal) if refusal.code == "IDEMPOTENZ_ABWEICHEND" => {}
            outcome => {
                outcome.context("ein Befehl der Vorführung wurde abgelehnt")?;
            }
        }
    }
    Ok(())
}
