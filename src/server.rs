//! Putting the parts together: database, bus, projector, policies, HTTP.

use std::{
    collections::HashMap,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aggregates::{
    Aggregate as _,
    dienste::api_key::{ApiKey, ApiKeyCommand, ApiKeyStatus, schluessel_hash},
    types::Text,
};
use anyhow::{Context as _, bail};
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
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
        self, Standing,
        embedded::{EmbeddedServer, EmbeddedSettings, Guard, Health, Role},
    },
    projector::Projector,
    queries::catalog::Catalog,
};

/// How long a stop waits for requests that are on their way. With `WIND_DOWN` twice it leaves the private server 7 of the
/// 30 s that service managers grant at least.
const DRAIN: Duration = Duration::from_secs(15);
/// How long a stop waits for what runs in the background, and then for connections that are still in use.
const WIND_DOWN: Duration = Duration::from_secs(4);
/// How long a stop waits for anything while the private server is dead.
const DEAD_DRAIN: Duration = Duration::from_secs(3);
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

/// Where the database is.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// An existing server; otherwise a private one in `data_dir`.
    pub url: Option<String>,
    /// A streaming replica of that server, for queries.
    pub read_url: Option<String>,
    /// The same server for migrations only, as the owner of the log.
    pub owner_url: Option<String>,
    /// Folder of the private server.
    pub data_dir: PathBuf,
}

fn options_of(variable: &str, url: &str) -> anyhow::Result<PgConnectOptions> {
    PgConnectOptions::from_str(url).map_err(|error| {
        anyhow::anyhow!(
            "{variable} ist nicht lesbar ({error}); erwartet wird postgres://benutzer:kennwort@rechner:5432/datenbank"
        )
    })
}

/// An open database, with the private server if there is no other.
pub struct Database {
    /// How the running program connects.
    pub options: PgConnectOptions,
    /// How its queries connect, if there is a replica for them.
    pub reading: Option<PgConnectOptions>,
    guard: Option<Guard>,
}

impl Database {
    /// Opens the database for a program that others may depend on: starts the private server if needed, and migrates.
    pub async fn open(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        Self::open_as(settings, Role::Service).await
    }

    /// Opens the database for a task: as [`Database::open`], but beside whatever works with the data folder, as any
    /// second process on one database does.
    pub async fn open_or_join(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        Self::open_as(settings, Role::Task).await
    }

    async fn open_as(settings: &DatabaseSettings, role: Role) -> anyhow::Result<Self> {
        let Some(url) = &settings.url else {
            if settings.read_url.is_some() {
                bail!("DATABASE_READ_URL nennt die Replik eines eigenen Servers; dieser fehlt als DATABASE_URL");
            }
            if settings.owner_url.is_some() {
                bail!(
                    "NEUROERP_EIGNER_URL ist gesetzt, aber DATABASE_URL fehlt; nur „neuroerp migrate“ kommt ohne sie aus"
                );
            }
            return Self::private(&EmbeddedSettings::new(&settings.data_dir), role).await;
        };
        let options = options_of("DATABASE_URL", url)?;
        let read_url = settings.read_url.as_deref();
        let reading = read_url.map(|url| options_of("DATABASE_READ_URL", url)).transpose()?;
        tracing::info!(datenbank = %postgres::place(&options), "Verbindung zur Datenbank wird aufgebaut");
        if let Some(owner) = &settings.owner_url {
            postgres::migrate_for(&options_of("NEUROERP_EIGNER_URL", owner)?, &options).await?;
        } else if let Standing::Program = postgres::standing(&options).await? {
            postgres::check_migrated(&options).await?;
        } else {
            postgres::migrate(&options).await?;
        }
        postgres::standing(&options).await?.warn();
        if let Some(replica) = &reading {
            postgres::check_replica(&options, replica).await?;
        }
        Ok(Self {
            options,
            reading,
            guard: None,
        })
    }

    /// Brings a database up to date, which the owner alone can do too.
    pub async fn migrate(settings: &DatabaseSettings) -> anyhow::Result<()> {
        if let (None, Some(owner)) = (&settings.url, &settings.owner_url) {
            let owner = options_of("NEUROERP_EIGNER_URL", owner)?;
            return postgres::migrate(&owner).await.map_err(|error| error.of_owner().into());
        }
        Self::open_or_join(settings).await?.close().await;
        Ok(())
    }

    /// Only the migrations are the owner's work; the program itself logs in as somebody who cannot become the owner.
    async fn private(settings: &EmbeddedSettings, role: Role) -> anyhow::Result<Self> {
        let (mut server, change) = EmbeddedServer::open(settings, role).await?;
        let owner = server.connect_options();
        let ready = async {
            if server.came_alone() {
                postgres::migrate(&owner).await?;
                server.ensure_program().await?;
            } else {
                postgres::check_migrations(&owner).await?;
            }
            anyhow::Ok(())
        };
        let ready = ready.await;
        drop(change);
        if let Err(error) = ready {
            // Why it could not be opened is what counts.
            if let Err(stop) = server.stop().await {
                tracing::warn!(error = %stop, "der Postgres-Server ist nicht sauber beendet");
            }
            return Err(error);
        }
        Ok(Self {
            options: server.program_options(),
            reading: None,
            guard: Some(Guard::over(server)),
        })
    }

    /// Ends when nothing can come of the program's work any more, with the reason: the private server has been given up,
    /// or the program is told to stop while that server is dead.
    pub async fn lost(&self, shutdown: &CancellationToken) -> anyhow::Error {
        let Some(guard) = &self.guard else {
            return std::future::pending().await;
        };
        let mut health = guard.health();
        let given_up = async {
            let found = health.wait_for(|health| matches!(health, Health::GivenUp(_))).await;
            match found.as_deref() {
                Ok(Health::GivenUp(why)) => anyhow::anyhow!("{why}"),
                _ => anyhow::anyhow!("der Postgres-Server wird nicht mehr überwacht"),
            }
        };
        let stopped_dead = async {
            let health = guard.health();
            shutdown.cancelled().await;
            tokio::time::sleep(DEAD_DRAIN).await;
            while *health.borrow() == Health::Running {
                tokio::time::sleep(DEAD_DRAIN).await;
            }
            anyhow::anyhow!("beendet, während der Postgres-Server nicht lief; was beantwortet war, ist gesichert")
        };
        tokio::select! { error = given_up => error, error = stopped_dead => error }
    }

    /// Leaves the private server; the last one stops it.
    pub async fn close(&mut self) {
        if let Some(guard) = &mut self.guard
            && let Err(error) = guard.stop().await
        {
            tracing::error!(%error, "der Postgres-Server ist nicht sauber beendet");
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
        store,
        bus,
        models: Arc::new(Models {
            by_type,
            columns,
            catalog,
        }),
        projector,
        tokens: auth::TokenCache::default(),
        openapi: OnceLock::new(),
        metrics: metrics_handle()?,
        shutdown,
    }))
}

impl Core {
    /// Starts bus, projector, policies and timers on a migrated database.
    pub async fn start(options: &PgConnectOptions) -> anyhow::Result<Self> {
        Self::start_reading(options, None).await
    }

    /// The same, with a replica for queries.
    pub async fn start_reading(options: &PgConnectOptions, replica: Option<&PgConnectOptions>) -> anyhow::Result<Self> {
        let pool = postgres::connect(options).await?;
        let engine = postgres::connect_engine(options).await?;
        let mut store = EventStore::new(pool, Arc::new(aggregates::registry()))
            .with_engine(engine)
            .with_door(postgres::connect_door(options).await?);
        if let Some(replica) = replica {
            store = store.with_replica(postgres::connect_reading(replica));
        }
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

    /// Where commands go in for what runs in this process and needs no HTTP: tasks of the command line, tests.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.app.bus
    }

    /// Ends the background work.
    pub async fn stop(self) {
        self.stop.cancel();
        // What waits for a database that is not there would wait for long; what is cut off is rolled back.
        let ends: Vec<_> = self.tasks.iter().map(JoinHandle::abort_handle).collect();
        if tokio::time::timeout(WIND_DOWN, join_all(self.tasks)).await.is_err() {
            for end in ends {
                end.abort();
            }
        }
        // A request that was cut off may still hold a connection.
        let store = &self.app.store;
        let closed = async {
            tokio::join!(
                store.engine().close(),
                store.pool().close(),
                store.door().close(),
                store.close_replica()
            )
        };
        if tokio::time::timeout(WIND_DOWN, closed).await.is_err() {
            tracing::warn!("Verbindungen zur Datenbank blieben offen");
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

    /// Everything this server answers, as [`Server::serve`] serves it; for tests that need no socket.
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
            tracing::warn!("Anfragen, die zu lange brauchten, wurden abgebrochen");
            server.abort();
        }
        Ok(())
    }
}

/// A token goes through a header and must not be guessed. Asked before anything is made.
pub fn check_token(token: &str) -> anyhow::Result<()> {
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
            tracing::warn!(
                "der Administrator-Schlüssel ist widerrufen; mit einem anderen NEUROERP_ADMIN_TOKEN gilt wieder einer"
            );
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
        tracing::info!("NeuroERP wird beendet");
        cancelled.cancel();
    });
    Ok(token)
}
