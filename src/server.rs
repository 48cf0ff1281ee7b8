//! Putting the parts together: database, bus, projector, policies, HTTP.

use std::{
    collections::HashMap,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aggregates::dienste::ApiKey;
use anyhow::{Context as _, bail};
use axum::Router;
use chrono::Utc;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use projections::state::Columns;
use serde_json::json;
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
        embedded::{EmbeddedServer, EmbeddedSettings},
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
/// Shortest token an operator may set himself.
const TOKEN_MIN: usize = 16;

/// Where the database is.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// An existing server; otherwise a private one in `data_dir`.
    pub url: Option<String>,
    /// Folder of the private server.
    pub data_dir: PathBuf,
}

/// An open database, with the private server if there is one.
pub struct Database {
    /// How to connect as the owner.
    pub options: PgConnectOptions,
    embedded: Option<EmbeddedServer>,
}

impl Database {
    /// Starts the private server if needed, and migrates.
    pub async fn open(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let (options, embedded) = if let Some(url) = &settings.url {
            (
                PgConnectOptions::from_str(url).context("DATABASE_URL ist nicht lesbar")?,
                None,
            )
        } else {
            let server = EmbeddedServer::start(&EmbeddedSettings::new(&settings.data_dir)).await?;
            (server.connect_options(), Some(server))
        };
        let mut database = Self { options, embedded };
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

    /// Makes sure that an administrator can come in. With a token of the operator's own its hash is stored; otherwise
    /// the first start makes one and gives it back, once.
    pub async fn administrator(&self, own: Option<&str>) -> anyhow::Result<Option<String>> {
        match own {
            Some(token) if token.len() < TOKEN_MIN => {
                bail!("NEUROERP_ADMIN_TOKEN ist zu kurz: mindestens {TOKEN_MIN} Zeichen, am besten 43 zufällige")
            }
            Some(token) => {
                let hash = hex::encode(auth::token_hash(token));
                if self.key_exists("schluessel_hash", &hash).await? {
                    return Ok(None);
                }
                let name = format!("administrator-{}", &hash[..8]);
                self.issue(&name, Some(hash)).await.map(|_| None)
            }
            None if self.key_exists("name", "administrator").await? => Ok(None),
            None => self.issue("administrator", None).await,
        }
    }

    async fn key_exists(&self, column: &str, value: &str) -> anyhow::Result<bool> {
        let sql = match column {
            "name" => "SELECT EXISTS (SELECT FROM dienste.api_key WHERE mandant_id = $1 AND name = $2)",
            _ => "SELECT EXISTS (SELECT FROM dienste.api_key WHERE mandant_id = $1 AND schluessel_hash = $2)",
        };
        Ok(sqlx::query_scalar(sql)
            .bind(SYSTEM)
            .bind(value)
            .fetch_one(self.app.store.pool())
            .await?)
    }

    async fn issue(&self, name: &str, hash: Option<String>) -> anyhow::Result<Option<String>> {
        let mut fields = json!({
            "name": name,
            "scopes": ["*:admin"],
            "sonderrechte": ["fibu.periode_gesperrt", "fibu.steuer_manuell", "wawi.fibu"],
            "ablauf": Utc::now() + chrono::Duration::days(KEY_LIFE_DAYS),
        });
        if let Some(hash) = hash {
            fields["schluessel_hash"] = json!(hash);
        }
        let mut order = Order::new(
            <ApiKey as aggregates::Aggregate>::TYPE,
            Uuid::now_v7(),
            json!({"Ausstellen": fields}),
        );
        order.create = true;
        let answer = self.bus().send(SYSTEM, Caller::service("erststart"), order).await?;
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
