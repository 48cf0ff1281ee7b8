//! Plays a plan through the public command path, each person under a name of its own.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{DemoPlan, Person, Stapel};
use crate::{api::App, commands::Following, house::House};

/// How long what follows by policy may take.
const FOLGEN: Duration = Duration::from_mins(1);
/// Pause before a Stapel is tried again; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(160);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ende {
    /// All of it is played.
    Gespielt,
    /// The program was told to stop.
    Abgebrochen,
    /// The company has played another plan before.
    AndererPlan,
}

/// Plays what has not been played yet, and tells of each Stapel that is done. The company exists already.
///
/// # Errors
/// If a Stapel is refused for good: the demo's own commands must all be accepted.
pub async fn spielen(
    app: &Arc<App>,
    plan: &DemoPlan,
    stop: &CancellationToken,
    mut gespielt: impl FnMut(&Stapel),
) -> anyhow::Result<Ende> {
    let haus = |person: Person| House::new(app.clone(), plan.mandant_id, format!("demo-{}", person.name()));
    let haeuser = [Person::Sachbearbeitung, Person::Leitung, Person::Geschaeftsfuehrung].map(|p| (p, haus(p)));
    for stapel in plan.stapel() {
        let haus = haeuser.iter().find(|(person, _)| *person == stapel.person);
        let (_, haus) = haus.context("diese Person gibt es nicht")?;
        let (beginn, mut pause) = (Instant::now(), PAUSE);
        loop {
            if stop.is_cancelled() {
                return Ok(Ende::Abgebrochen);
            }
            match haus.gemeinsam(stapel.befehle.clone()).await? {
                Ok(_) => break,
                Err(refusal) if refusal.code == "IDEMPOTENZ_ABWEICHEND" => return Ok(Ende::AndererPlan),
                // What it needs may not have followed yet.
                Err(_) if beginn.elapsed() < FOLGEN => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(refusal) => {
                    return Err(refusal).with_context(|| format!("{} der Vorführung wurde abgelehnt", stapel.name));
                }
            }
        }
        gespielt(&stapel);
    }
    let beginn = Instant::now();
    while !Following::caught_up(&app.store, plan.mandant_id).await? {
        anyhow::ensure!(
            beginn.elapsed() < FOLGEN,
            "was aus den letzten Belegen folgt, ist nicht eingetreten; /metrics zeigt, was zurückliegt"
        );
        tokio::time::sleep(PAUSE_MAX).await;
    }
    Ok(Ende::Gespielt)
}
