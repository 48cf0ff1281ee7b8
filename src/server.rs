//! Putting the parts together: database, bus, projector, policies, HTTP.

use std::{
    collections::HashMap,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use aggregates::{
    Aggregate as _,
    dienste::api_key::{ApiKey, ApiKeyCommand, ApiKeyStatus, schluessel_hash},
    types::Text,
};
use anyhow::{Context as _, bail};
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use projections::state::Columns;
use sqlx::postgres::PgConnectOptions;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    api::{self, App, Models, auth},
    commands::{Bus, Caller, Following, Order},
    eventstore::{EventStore, SYSTEM},
    listener,
    postgres::{
        self,
        embedded::{self, EmbeddedError, EmbeddedServer, EmbeddedSettings},
    },
    projector::Projector,
    queries::{catalog::Catalog, reports::checkpoint_waiter},
};

/// How long a stop waits for requests that are on their way.
const DRAIN: Duration = Duration::from_secs(20);
/// How often recorded values are drained into their histograms.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// Longest life of a key (dienste D8), with an hour's distance to the limit.
const KEY_LIFE_DAYS: i64 = 364;
/// A life shorter than this is renewed at a start with the operator's own token, so that it does not end between two.
const RENEW_DAYS: i64 = KEY_LIFE_DAYS / 2;
/// Shortest token an operator may set himself: its hash is fast, so the text must be too long to be guessed.
const TOKEN_MIN: usize = 24;
/// Name of the administrator's key.
const ADMINISTRATOR: &str = "administrator";

/// How long a task waits for the server of another program that is just starting.
const JOIN_LIMIT: Duration = Duration::from_secs(15);
/// Pause between two attempts to join.
const JOIN_POLL: Duration = Duration::from_millis(250);

/// Where the database is.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// An existing server; otherwise a private one in `data_dir`.
    pub url: Option<String>,
    /// Folder of the private server.
    pub data_dir: PathBuf,
}

/// An open database, with the private server if this program runs it.
pub struct Database {
    /// How to connect as the owner.
    pub options: PgConnectOptions,
    embedded: Option<EmbeddedServer>,
}

impl Database {
    /// Opens the database for a program that others may depend on: starts the private server if needed, and migrates.
    pub async fn open(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        if let Some(url) = &settings.url {
            return Self::existing(url).await;
        }
        let server = EmbeddedServer::start(&EmbeddedSettings::new(&settings.data_dir)).await?;
        Self::private(server).await
    }

    /// Opens the database for a task: as [`Database::open`], but if another program runs the private server of this
    /// data folder, works beside it, as any second process on one database does.
    pub async fn open_or_join(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        if let Some(url) = &settings.url {
            return Self::existing(url).await;
        }
        let embedded = EmbeddedSettings::new(&settings.data_dir);
        let begin = Instant::now();
        loop {
            let in_use = match EmbeddedServer::start(&embedded).await {
                Ok(server) => return Self::private(server).await,
                Err(error @ EmbeddedError::InUse { .. }) => anyhow::Error::from(error),
                Err(error) => return Err(error.into()),
            };
            let refused = match embedded::join(&embedded).await? {
                // The other program may still be migrating.
                Some(options) => match postgres::check_migrations(&options).await {
                    Ok(()) => {
                        return Ok(Self {
                            options,
                            embedded: None,
                        });
                    }
                    Err(error) => error.into(),
                },
                None => in_use,
            };
            if begin.elapsed() > JOIN_LIMIT {
                return Err(refused);
            }
            tokio::time::sleep(JOIN_POLL).await;
        }
    }

    async fn existing(url: &str) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| anyhow::anyhow!("DATABASE_URL ist nicht lesbar ({error}); erwartet wird postgres://benutzer:kennwort@rechner:5432/datenbank"))?;
        tracing::info!(datenbank = %postgres::place(&options), "Verbindung zur Datenbank wird aufgebaut");
        postgres::migrate(&options).await?;
        Ok(Self {
            options,
            embedded: None,
        })
    }

    async fn private(server: EmbeddedServer) -> anyhow::Result<Self> {
        let mut database = Self {
            options: server.connect_options(),
            embedded: Some(server),
        };
        if let Err(error) = postgres::migrate(&database.options).await {
            database.close().await;
            return Err(error.into());
        }
        Ok(database)
    }

    /// Stops the private server.
    pub async fn close(&mut self) {
        if let Some(server) = &mut self.embedded
            && let Err(error) = server.stop().await
        {
            tracing::error!(%error, "the private database did not stop cleanly");
        }
    }
}

/// The running core of a process, without HTTP.
pub struct Core {
    /// What handlers share.
    pub app: Arc<App>,
    /// Runs the ledgers.
    pub projector: Arc<Projector>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// Drains the histograms: without it every recorded value would stay in memory until somebody reads the metrics.
async fn keep_metrics(handle: PrometheusHandle, shutdown: CancellationToken) {
    while tokio::time::timeout(METRICS_UPKEEP, shutdown.cancelled())
        .await
        .is_err()
    {
        handle.run_upkeep();
    }
}

/// The one recorder of the process.
fn metrics_handle() -> anyhow::Result<PrometheusHandle> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    HANDLE
        .get_or_init(|| PrometheusBuilder::new().install_recorder().map_err(|e| e.to_string()))
        .clone()
        .map_err(anyhow::Error::msg)
}

/// The parts that handlers share, over an open log; nothing runs yet.
pub async fn assemble(store: EventStore, shutdown: CancellationToken) -> anyhow::Result<Arc<App>> {
    let mut connection = store.pool().acquire().await?;
    let columns = Columns::load(&mut connection).await?;
    let catalog = Catalog::load(&mut connection).await?;
    drop(connection);
    let state_models = projections::state_models();
    let projector = Arc::new(Projector::new(store.clone(), projections::ledgers()));
    let bus = Bus::new(store.clone(), &state_models, columns.clone(), projector.clone());
    let by_type: HashMap<_, _> = state_models.iter().map(|m| (m.typ, *m)).collect();
    Ok(Arc::new(App {
        waiter: checkpoint_waiter(&store),
        store,
        bus,
        models: Arc::new(Models {
            by_type,
            columns,
            catalog,
        }),
        projector,
        tokens: auth::TokenCache::default(),
        metrics: metrics_handle()?,
        shutdown,
    }))
}

impl Core {
    /// Starts bus, projector, policies and timers on a migrated database.
    pub async fn start(options: &PgConnectOptions) -> anyhow::Result<Self> {
        let pool = postgres::connect(options).await?;
        let engine = postgres::connect_engine(options).await?;
        let store = EventStore::new(pool, Arc::new(aggregates::registry())).with_engine(engine);
        let stop = CancellationToken::new();
        let app = assemble(store.clone(), stop.clone()).await?;
        let (projector, bus) = (app.projector.clone(), app.bus.clone());
        let listener = store.clone();
        let listening = stop.clone();
        let tasks = vec![
            Projector::start(projector.clone(), stop.clone()),
            Following::start(bus, store, stop.clone()),
            tokio::spawn(async move {
                tokio::select! { () = listening.cancelled() => {}, () = listener.listen() => {} }
            }),
            tokio::spawn(keep_metrics(app.metrics.clone(), stop.clone())),
        ];
        Ok(Self {
            app,
            projector,
            stop,
            tasks,
        })
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.app.bus
    }

    /// Ends the background work.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
        // A request that was cut off may still hold a connection.
        let closed = async { tokio::join!(self.app.store.engine().close(), self.app.store.pool().close()) };
        if tokio::time::timeout(DRAIN, closed).await.is_err() {
            tracing::warn!("connections to the database were left open");
        }
    }

    /// Makes sure that an administrator can come in, and that with the operator's own token, if there is one, it is the
    /// only text of the administrator's key: another one on record ends at once, an expired one lives again. Without, the
    /// first start makes a text (and a later one if that is expired) and gives it back, once.
    pub async fn administrator(&self, own: Option<&str>) -> anyhow::Result<Option<String>> {
        if let Some(token) = own {
            check_token(token)?;
        }
        let hash = own.map(schluessel_hash);
        let (id, command) = match auth::find(&self.app.store, ApiKey::KEY_NAME, ADMINISTRATOR).await? {
            None => (Uuid::now_v7(), issue(hash.as_deref())),
            Some((id, key)) => match renewal(&key, hash.as_deref()) {
                Some(command) => (id, command),
                None => return Ok(None),
            },
        };
        let create = matches!(command, ApiKeyCommand::Ausstellen { .. });
        let mut order = Order::new(ApiKey::TYPE, id, serde_json::to_value(command)?);
        if create {
            // Several processes may begin at once on an empty database: the first one issues the key.
            let name = format!("erststart/{}", hash.as_deref().unwrap_or_default());
            order = order.once(Uuid::new_v5(&SYSTEM, name.as_bytes()));
            order.create = true;
        }
        let answer = self.bus().send(SYSTEM, Caller::service("start"), order).await?;
        Ok(answer.einmalig.into_iter().next().map(|(_, token)| token))
    }

    /// The routes.
    pub fn router(&self) -> Router {
        api::router(self.app.clone())
    }

    /// Serves HTTP until the token is cancelled; requests that are on their way are finished.
    pub async fn serve(&self, socket: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut server = tokio::spawn(listener::serve(socket, self.router(), shutdown.clone()));
        tokio::select! {
            ended = &mut server => return ended.context("der Empfang von Verbindungen ist abgebrochen"),
            () = shutdown.cancelled() => {}
        }
        // Streams of server-sent events would never end by themselves.
        self.stop.cancel();
        if tokio::time::timeout(DRAIN, &mut server).await.is_err() {
            tracing::warn!("requests that took too long were cut off");
            server.abort();
        }
        Ok(())
    }
}

/// A token goes through a header and must not be guessed.
fn check_token(token: &str) -> anyhow::Result<()> {
    if token.len() < TOKEN_MIN {
        bail!(
            "NEUROERP_ADMIN_TOKEN ist zu kurz: mindestens {TOKEN_MIN} Zeichen, am besten 43 zufällige \
             (z. B. openssl rand -base64 32)"
        );
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        bail!("NEUROERP_ADMIN_TOKEN darf nur druckbare ASCII-Zeichen ohne Leerzeichen haben");
    }
    Ok(())
}

fn end_of_life() -> DateTime<Utc> {
    crate::uhr::jetzt() + TimeDelta::days(KEY_LIFE_DAYS)
}

/// Issues the administrator's key.
fn issue(hash: Option<&str>) -> ApiKeyCommand {
    ApiKeyCommand::Ausstellen {
        name: Text::cut(ADMINISTRATOR),
        dienstbenutzer_id: None,
        scopes: vec![Text::cut("*:admin")],
        sonderrechte: Some(
            [
                "fibu.periode_gesperrt",
                "fibu.steuer_manuell",
                "fibu.ausgleich_partner",
                "wawi.fibu",
                "wawi.einkauf_leitung",
            ]
            .map(Text::cut)
            .to_vec(),
        ),
        mandanten: None,
        ablauf: end_of_life(),
        ip_netze: None,
        kontingent: None,
        schluessel_hash: hash.map(Text::cut),
    }
}

/// What the administrator's key needs at a start, if it needs something.
fn renewal(key: &ApiKey, hash: Option<&str>) -> Option<ApiKeyCommand> {
    let status = key.status_um(crate::uhr::jetzt());
    let known = hash.is_none_or(|hash| key.schluessel_hash == hash);
    let needed = match status {
        // What was revoked by hand stays so until the operator gives another text.
        ApiKeyStatus::Widerrufen if known => {
            tracing::warn!("the administrator's key was revoked; set another NEUROERP_ADMIN_TOKEN to have one again");
            false
        }
        ApiKeyStatus::Widerrufen | ApiKeyStatus::Abgelaufen => true,
        _ => !known || (hash.is_some() && key.ablauf < crate::uhr::jetzt() + TimeDelta::days(RENEW_DAYS)),
    };
    needed.then(|| ApiKeyCommand::Erneuern {
        ablauf: end_of_life(),
        schluessel_hash: hash.map(Text::cut),
    })
}

/// Cancelled by SIGTERM or Ctrl-C.
pub fn shutdown_signal() -> anyhow::Result<CancellationToken> {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        cancelled.cancel();
    });
    Ok(token)
}
