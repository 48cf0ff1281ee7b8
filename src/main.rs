//! The command line: serve, demo, import, migrate, rebuild.

mod usage;

use std::{
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use neuroerp::{cli, projector::rebuild, server::DatabaseSettings};

/// VALEO NeuroERP core: ereignisbasiertes ERP für den Handel.
///
/// Ohne DATABASE_URL startet das Programm eine eigene private Postgres-Datenbank in seinem Datenordner (nur über einen
/// Unix-Socket erreichbar). Läuft auf demselben Datenordner schon ein Programm, arbeiten import, rebuild, migrate und demo
/// neben ihm auf derselben Datenbank; das letzte beendet sie.
///
/// Rückgabewerte: 0 erledigt, 1 abgelehnt oder gescheitert (import: auch, wenn einzelne Zeilen abgelehnt wurden;
/// rebuild --pruefen: auch bei Abweichungen), 2 falscher Aufruf.
#[derive(Parser)]
#[command(
    name = "neuroerp",
    version,
    max_term_width = 110,
    after_long_help = ENVIRONMENT,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What can be set in the environment only.
const ENVIRONMENT: &str = "Umgebung:
  Wo oben [Umgebung: NAME] steht, gilt die Variable, wenn die Angabe fehlt. Nur als Variable gibt es:
  NEUROERP_LOG      was protokolliert wird, z. B. debug oder info,sqlx=warn [sonst: info,sqlx=warn,sqlx::query=error]
  NEUROERP_PG_BIN   Ordner mit postgres und initdb für die private Datenbank [sonst: wird gesucht]
  NEUROERP_PG_USER  Benutzer, als der sie läuft, wenn root das Programm startet [sonst: postgres, dann nobody]";

#[derive(Args)]
struct Common {
    /// Vorhandene Datenbank, z. B. postgres://benutzer:kennwort@host/neuroerp; sonst eine private im Datenordner
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    database_url: Option<String>,
    /// Dieselbe Datenbank als Eigner des Journals, nur für Migrationen. In DATABASE_URL genügt dann eine Rolle, die nichts
    /// darf, als neuroerp_app anzunehmen; fehlt sie, wird sie eingerichtet. migrate kommt ohne DATABASE_URL aus
    #[arg(long, env = "NEUROERP_EIGNER_URL", global = true, hide_env_values = true)]
    eigner_url: Option<String>,
    /// Datenordner der privaten Datenbank
    #[arg(long, env = "NEUROERP_DATA_DIR", default_value = "data", global = true)]
    data_dir: PathBuf,
    /// Form der Protokollzeilen auf der Fehlerausgabe: text (lesbar) oder json (eine Zeile je Meldung)
    #[arg(
        long,
        env = "NEUROERP_LOG_FORMAT",
        value_enum,
        default_value = "text",
        global = true,
        hide_possible_values = true
    )]
    log_format: LogFormat,
    /// Hilfe zeigen; mit -h kurz
    #[arg(short, long, action = ArgAction::Help, global = true)]
    help: Option<bool>,
    /// Version zeigen
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let error = "erwartet wird Adresse und Port, z. B. 127.0.0.1:8080 oder [::1]:8080";
    text.parse().map_err(|_| error.to_owned())
}

fn vouchers(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "erwartet wird eine ganze Zahl".to_owned())
}

fn read_model(text: &str) -> Result<String, String> {
    let known = rebuild::names_of_all();
    if known.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("das Lesemodell gibt es nicht; es gibt: {}", known.join(", ")))
}

fn workers(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=rebuild::WORKERS).contains(n));
    number.ok_or_else(|| format!("erwartet wird eine ganze Zahl von 1 bis {}", rebuild::WORKERS))
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// Lesbar
    Text,
    /// Eine JSON-Zeile je Meldung
    Json,
}

#[derive(Args)]
struct Door {
    /// Adresse und Port von HTTP; von außen erreichbar erst mit 0.0.0.0
    #[arg(long, env = "NEUROERP_LISTEN", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: SocketAddr,
    /// Administrator-Schlüssel vorgeben (mindestens 24 Zeichen), statt ihn beim ersten Start erzeugen und einmal ausgeben zu
    /// lassen. Er gilt dann allein: ein anderer Wert bei einem späteren Start ersetzt den bisherigen sofort, auch einen
    /// selbst erzeugten, und jeder Start verlängert ihn rechtzeitig (er gilt 364 Tage)
    #[arg(long, env = "NEUROERP_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Replik (Streaming Replication) der Datenbank aus DATABASE_URL: Abfragen, Listen, Historie und Berichte lesen dort.
    /// Was sie noch nicht hat oder wenn sie nicht antwortet, liest der Server aus DATABASE_URL; fällt diese aus, wird weiter
    /// aus der Replik gelesen
    #[arg(long, env = "DATABASE_READ_URL", hide_env_values = true)]
    database_read_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Server starten: Befehle, Listen, Historie, Berichte über HTTP
    Serve {
        #[command(flatten)]
        door: Door,
    },
    /// „Landhandel Demo GmbH“ anlegen, ein Jahr Einkauf und Verkauf spielen, Summen- und Saldenliste zeigen
    Demo {
        #[command(flatten)]
        door: Door,
        /// Ungefähre Zahl der Belege des ganzen Jahres
        #[arg(long, default_value_t = 2_000, value_parser = vouchers)]
        belege: usize,
        /// Danach als Server weiterlaufen
        #[arg(long)]
        serve: bool,
        /// Nichts spielen, sondern das Jahr als NDJSON in diesen Ordner schreiben, eine Datei je Stapel
        #[arg(long, value_name = "ORDNER", conflicts_with = "serve")]
        ndjson: Option<PathBuf>,
    },
    /// Daten übernehmen
    Import {
        #[command(subcommand)]
        art: Import,
    },
    /// Datenbank auf den Stand dieses Programms bringen
    Migrate,
    /// Lesemodelle neu aufbauen, neben den laufenden und ohne Unterbrechung; Ansprüche und Zählerstände nach dem Journal berichtigen
    Rebuild {
        /// Nur diese Lesemodelle (Aggregattyp oder Name des Kontobuchs, z. B. konto, journal); sonst alle
        #[arg(value_parser = read_model)]
        lesemodelle: Vec<String>,
        /// Nichts ersetzen, sondern mit einem frischen Aufbau vergleichen: Lesemodelle, Ansprüche, Zählerstände, das Journal selbst
        #[arg(long)]
        pruefen: bool,
        /// Gleichzeitige Verbindungen, 1 bis 5
        #[arg(long, default_value_t = 2, value_parser = workers)]
        arbeiter: usize,
    },
}

#[derive(Subcommand)]
enum Import {
    /// DATEV-Dateien (EXTF): Sachkontenbeschriftungen, Debitoren/Kreditoren, Buchungsstapel; zweimal übernehmen bucht nichts doppelt
    Datev {
        /// Kürzel der Firma; wird angelegt, wenn es sie nicht gibt
        #[arg(long)]
        mandant: String,
        /// Name der Firma, wenn sie angelegt wird
        #[arg(long)]
        firma: Option<String>,
        /// Bericht als JSON statt als Tabelle
        #[arg(long)]
        json: bool,
        /// Die Dateien
        #[arg(required = true)]
        dateien: Vec<PathBuf>,
    },
}

fn logging(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("NEUROERP_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn,sqlx::query=error"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => builder.compact().with_target(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// How long what still runs on threads of its own may hold up the end of the program.
const LEFTOVERS: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "Fehler: das Programm kann keine Threads starten: {error}"
            );
            return ExitCode::from(1);
        }
    };
    let code = runtime.block_on(run());
    runtime.shutdown_timeout(LEFTOVERS);
    code
}

async fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(usage::answer(&error)),
    };
    logging(arguments.common.log_format);
    let mut database = DatabaseSettings {
        url: arguments.common.database_url,
        read_url: None,
        owner_url: arguments.common.eigner_url.filter(|url| !url.is_empty()),
        data_dir: arguments.common.data_dir,
    };
    let result = match arguments.command {
        Command::Serve { door } => {
            database.read_url = door.database_read_url;
            cli::serve(&database, door.listen, door.admin_token.as_deref()).await
        }
        Command::Demo {
            ndjson: Some(ordner),
            belege,
            ..
        } => cli::write_ndjson(&ordner, belege),
        Command::Demo {
            door, belege, serve, ..
        } => {
            database.read_url = door.database_read_url;
            cli::demo(&database, door.listen, door.admin_token.as_deref(), belege, serve).await
        }
        Command::Import {
            art:
                Import::Datev {
                    mandant,
                    firma,
                    json,
                    dateien,
                },
        } => cli::import_datev(&database, &mandant, firma.as_deref(), json, &dateien).await,
        Command::Migrate => cli::migrate(&database).await,
        Command::Rebuild {
            lesemodelle,
            pruefen,
            arbeiter,
        } => cli::rebuild(&database, &lesemodelle, pruefen, arbeiter).await,
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "Fehler: {error:#}");
            ExitCode::from(1)
        }
    }
}
