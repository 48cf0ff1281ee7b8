//! Watches over the server that a program uses: one that dies is started again on the same folder, where Postgres
//! recovers what was committed. Several programs watch one server; whoever comes first restarts it, the others go on with
//! what they find.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{EmbeddedError, EmbeddedServer};

/// How often it is looked whether the server still runs; a look costs next to nothing.
const WATCH: Duration = Duration::from_millis(250);

/// Attempts to have it run again, counted until it has run for `CALM`.
const ATTEMPTS: u32 = 6;

/// Pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(500);

/// A server that ran so long again is sound.
const CALM: Duration = Duration::from_mins(1);

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It runs.
    Running,
    /// It died and is being started again.
    Down,
    /// It is not started again; why.
    GivenUp(String),
}

/// A server under watch. Ends with [`Guard::stop`].
#[derive(Debug)]
pub struct Guard {
    stop: CancellationToken,
    health: watch::Receiver<Health>,
    task: Option<JoinHandle<Result<(), EmbeddedError>>>,
}

impl Guard {
    /// Begins to watch.
    #[must_use]
    pub fn over(server: EmbeddedServer) -> Self {
        let stop = CancellationToken::new();
        let (tell, health) = watch::channel(Health::Running);
        let task = tokio::spawn(watch(server, stop.clone(), tell));
        Self {
            stop,
            health,
            task: Some(task),
        }
    }

    /// How the server is, changing.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Leaves the server, see [`EmbeddedServer::stop`].
    pub async fn stop(&mut self) -> Result<(), EmbeddedError> {
        self.stop.cancel();
        match self.task.take() {
            Some(task) => task.await.map_err(EmbeddedError::Aborted)?,
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn watch(
    mut server: EmbeddedServer,
    stop: CancellationToken,
    tell: watch::Sender<Health>,
) -> Result<(), EmbeddedError> {
    let mut attempts = 0;
    let mut since = Instant::now();
    while pause(WATCH, &stop).await {
        let Some(how) = server.ended()? else { continue };
        if since.elapsed() > CALM {
            attempts = 0;
        }
        tell.send_replace(Health::Down);
        tracing::error!(
            ende = how,
            "der Postgres-Server ist unerwartet beendet; er wird neu gestartet und stellt seine Daten wieder her"
        );
        if !restart(&mut server, &mut attempts, &how, &stop, &tell).await {
            break;
        }
        since = Instant::now();
        tell.send_replace(Health::Running);
    }
    stop.cancelled().await;
    server.stop().await
}

/// Tries to have the server run again. False if that is over: given up, or told to stop.
async fn restart(
    server: &mut EmbeddedServer,
    attempts: &mut u32,
    how: &str,
    stop: &CancellationToken,
    tell: &watch::Sender<Health>,
) -> bool {
    let mut last = how.to_owned();
    while *attempts < ATTEMPTS {
        let wait = if *attempts == 0 {
            Duration::ZERO
        } else {
            PAUSE * 2_u32.pow(*attempts - 1)
        };
        *attempts += 1;
        if !pause(wait, stop).await {
            return false;
        }
        match server.revive(stop).await {
            Ok(true) => {
                tracing::info!(
                    versuch = *attempts,
                    pid = server.pid(),
                    "der Postgres-Server läuft wieder"
                );
                return true;
            }
            Ok(false) => return false,
            Err(error) => {
                tracing::error!(versuch = *attempts, von = ATTEMPTS, %error, "der Postgres-Server startet nicht");
                last = error.to_string();
            }
        }
    }
    let error = EmbeddedError::GivenUp {
        ordner: server.home.data_dir.clone(),
        versuche: *attempts,
        grund: last,
    };
    tell.send_replace(Health::GivenUp(error.to_string()));
    false
}

/// Waits; false if told to stop.
async fn pause(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}
