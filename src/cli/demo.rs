//! The demo on the command line: plays the year, shows what came of it, or writes it as NDJSON.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{find_company, found, progress_bar};
use crate::{
    api::problem::Problem,
    commands::business_date,
    demo::{self, Beleganzahl, DemoPlan, Ende},
    queries::{params::Params, reports},
    server::Core,
};

/// How long the ledgers may take to catch up after a run of the demo.
const CATCH_UP: Duration = Duration::from_mins(2);
/// The demo is the same every time.
const SEED: u64 = 2026;

fn plan(mandant_id: Uuid, belege: usize) -> DemoPlan {
    DemoPlan {
        mandant_id,
        belege,
        seed: SEED,
        heute: business_date(crate::uhr::jetzt()),
    }
}

/// Writes the year up to today as files for `POST /api/v1/stapel`; needs no database.
///
/// # Errors
/// If the folder is not empty or cannot be written.
pub fn write_ndjson(folder: &Path, belege: usize) -> anyhow::Result<bool> {
    let (files, counts) = demo::schreiben(&plan(DemoPlan::firma(), belege), folder)?;
    say!(
        "{files} Dateien in {}, in der Reihenfolge ihrer Namen an POST /api/v1/stapel zu senden.\n",
        folder.display()
    );
    print_counts(counts);
    Ok(true)
}

/// Plays the year and shows what came of it.
pub(super) async fn play(core: &Core, belege: usize, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let mandant_id = if let Some(id) = find_company(core, demo::KUERZEL).await? {
        id
    } else {
        let plan = plan(DemoPlan::firma(), belege);
        found(core, plan.mandant_id, plan.anlegen().daten).await?;
        plan.mandant_id
    };
    let plan = plan(mandant_id, belege);
    let total: usize = plan.stapel().map(|s| s.befehle.len()).sum();
    let bar = progress_bar(u64::try_from(total).unwrap_or_default(), "Befehle");
    let begin = Instant::now();
    let first = core.app.store.head(mandant_id).await?;
    let mut counts = Beleganzahl::default();
    let ende = demo::spielen(&core.app, &plan, shutdown, |stapel| {
        bar.inc(u64::try_from(stapel.befehle.len()).unwrap_or_default());
        counts += stapel.belege;
    })
    .await?;
    let played = bar.position();
    bar.finish_and_clear();
    match ende {
        Ende::Gespielt => {}
        Ende::Abgebrochen => {
            anyhow::bail!("unterbrochen nach {played} von {total} Befehlen; ein weiterer Aufruf spielt weiter")
        }
        Ende::AndererPlan => anyhow::bail!(
            "in dieser Installation ist die Vorführung schon mit einer anderen Zahl von Belegen gespielt; es wurde \
             nichts geändert. Bitte dieselbe Zahl nennen, oder mit --data-dir einen neuen Datenordner"
        ),
    }
    let took = begin.elapsed();
    let head = core.app.store.head(mandant_id).await?;
    let ledgers = projections::ledgers();
    let names: Vec<&str> = ledgers.iter().map(|l| l.name()).collect();
    let ready = core.projector.wait_for(&names, mandant_id, head, CATCH_UP).await;
    anyhow::ensure!(
        ready,
        "die Kontobücher sind nicht nachgekommen; /health/ready zeigt den Grund"
    );
    print_results(core, mandant_id, plan.heute).await?;
    print_counts(counts);
    let events = head - first;
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = u64::try_from(events).unwrap_or_default().saturating_mul(1000) / millis;
    say!("Journal der Firma: {head} Ereignisse; in diesem Lauf {events} in {took:.1?} ({rate} je Sekunde)\n");
    Ok(())
}

fn print_counts(counts: Beleganzahl) {
    let kinds: Vec<String> = counts
        .je_art()
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    say!("{} Belege: {}\n", counts.summe(), kinds.join(", "));
}

/// The rows and sums of a report of a day.
async fn report(core: &Core, mandant_id: Uuid, name: &str, heute: NaiveDate) -> anyhow::Result<Value> {
    let report = reports::find(name).with_context(|| format!("der Bericht {name} fehlt"))?;
    let params = Params::new(vec![("stichtag".to_owned(), heute.to_string())]).map_err(as_error)?;
    let answer = reports::run(&core.app.store, report, mandant_id, params, None).await;
    Ok(answer.map_err(as_error)?.json(report))
}

/// Prints what the reports give, and refuses to call it a success if the books do not agree.
async fn print_results(core: &Core, mandant_id: Uuid, heute: NaiveDate) -> anyhow::Result<()> {
    let salden = report(core, mandant_id, "summen-und-saldenliste", heute).await?;
    print_trial_balance(&salden, heute);
    anyhow::ensure!(
        salden["summen"]["ausgeglichen"] == true,
        "Soll und Haben sind nicht gleich"
    );
    say!("Soll = Haben, auf den Cent.");
    let abstimmung = report(core, mandant_id, "abstimmung-op-sammelkonto", heute).await?;
    anyhow::ensure!(
        abstimmung["summen"]["abgestimmt"] == true,
        "die offenen Posten weichen von den Sammelkonten ab: {}",
        abstimmung["summen"]
    );
    for zeile in rows(&abstimmung) {
        let (konto, summe) = (text(zeile, "konto"), text(zeile, "summe_op"));
        say!(
            "Offene Posten auf {konto}: {} mit zusammen {summe} = Saldo des Sammelkontos.",
            zeile["posten"]
        );
    }
    let bestand = report(core, mandant_id, "bestandsliste", heute).await?;
    say!("Bestand: {}.\n", stock(&bestand).join(", "));
    Ok(())
}

/// Quantity of each article over all places.
fn stock(bestand: &Value) -> Vec<String> {
    let mut je_artikel: std::collections::BTreeMap<(String, String), Decimal> = std::collections::BTreeMap::new();
    for zeile in rows(bestand) {
        let menge: Decimal = text(zeile, "menge").parse().unwrap_or_default();
        *je_artikel
            .entry((text(zeile, "artikel_nr"), text(zeile, "einheit")))
            .or_default() += menge;
    }
    let zeile =
        |((artikel, einheit), menge): ((String, String), Decimal)| format!("{artikel} {} {einheit}", menge.normalize());
    je_artikel.into_iter().map(zeile).collect()
}

fn rows(report: &Value) -> &[Value] {
    report["zeilen"].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn print_trial_balance(salden: &Value, heute: NaiveDate) {
    say!("\nSumme und Salden zum {heute}\n");
    say!(
        "{:<6} {:<44} {:>16} {:>16}",
        "Konto",
        "Bezeichnung",
        "Saldo Soll",
        "Saldo Haben"
    );
    for zeile in rows(salden) {
        let name: String = text(zeile, "bezeichnung").chars().take(44).collect();
        let (soll, haben) = (text(zeile, "saldo_soll"), text(zeile, "saldo_haben"));
        say!("{:<6} {name:<44} {soll:>16} {haben:>16}", text(zeile, "konto"));
    }
    let gesamt = &salden["summen"]["gesamt"];
    let (soll, haben) = (text(gesamt, "saldo_soll"), text(gesamt, "saldo_haben"));
    say!("{:<6} {:<44} {soll:>16} {haben:>16}\n", "", "Summe");
}

fn as_error(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.body()["detail"].as_str().unwrap_or("unbekannter Fehler"))
}
