//! Why the private server does not run, in words for whoever started the program.

use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use thiserror::Error;

use super::DATABASE;

/// Why the private server does not run. The messages are for whoever started the program.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// A file or folder cannot be used.
    #[error("{} ist nicht benutzbar: {source}", pfad.display())]
    Io {
        /// Which one.
        pfad: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No usable server programs on the machine.
    #[error(
        "kein Postgres-Server ab Version {mindestens} gefunden ({gesucht}). Abhilfe: `./run setup` oder `apt-get install \
         postgresql`; oder NEUROERP_PG_BIN auf den Ordner mit `postgres` und `initdb` setzen; oder mit DATABASE_URL eine \
         vorhandene Datenbank nennen"
    )]
    NoPrograms {
        /// The oldest version that would do.
        mindestens: u32,
        /// Where it was looked for and what was wrong there.
        gesucht: String,
    },
    /// Root needs another user for the server, and there is none.
    #[error(
        "Postgres läuft nicht als root, und keiner dieser Benutzer ist geeignet: {versucht}. Abhilfe: einen Benutzer \
         anlegen (`useradd --system neuroerp`) und mit NEUROERP_PG_USER nennen"
    )]
    UnknownUser {
        /// The names tried.
        versucht: String,
    },
    /// The server's user cannot reach the data folder.
    #[error(
        "der Benutzer {benutzer}, als der Postgres laufen soll, kommt nicht in den Datenordner {}: {} ist für ihn \
         gesperrt. Abhilfe: einen anderen Ort wählen, etwa `--data-dir /var/lib/neuroerp`; oder den Durchgang erlauben \
         (`chmod o+x {}`); oder das Programm nicht als root starten", ordner.display(), gesperrt.display(), gesperrt.display()
    )]
    Unreachable {
        /// The server's user.
        benutzer: String,
        /// The data folder.
        ordner: PathBuf,
        /// The ancestor that bars the way.
        gesperrt: PathBuf,
    },
    /// The cluster or the socket's folder belongs to somebody else.
    #[error(
        "{} gehört dem Benutzer mit der Nummer {besitzer}, der Server liefe aber als {benutzer}. Abhilfe: das Programm als \
         dieser Benutzer starten, als root ihn mit NEUROERP_PG_USER nennen, oder den Ordner übergeben (`chown -R`)",
        ordner.display()
    )]
    ForeignOwner {
        /// The folder.
        ordner: PathBuf,
        /// Whose it is.
        besitzer: u32,
        /// Who should own it.
        benutzer: String,
    },
    /// Another program holds the data folder.
    #[error(
        "der Datenordner {} wird schon von einem laufenden NeuroERP benutzt (Prozess {prozess}). Abhilfe: jenes beenden \
         oder mit --data-dir einen anderen Ordner wählen", ordner.display()
    )]
    InUse {
        /// The data folder.
        ordner: PathBuf,
        /// The process number the other one noted.
        prozess: String,
    },
    /// `pg` is not ours.
    #[error(
        "{} wurde nicht von NeuroERP angelegt oder ist unvollständig und wird deshalb nicht angerührt. Abhilfe: den Ordner \
         umbenennen oder mit --data-dir einen anderen wählen", ordner.display()
    )]
    ForeignCluster {
        /// The folder.
        ordner: PathBuf,
    },
    /// The cluster is of another major version than every server on the machine.
    #[error(
        "{} wurde mit Postgres {version} angelegt, vorhanden ist nur {gefunden}. Abhilfe: Postgres {version} installieren \
         (oder NEUROERP_PG_BIN darauf setzen), oder die Daten mit pg_upgrade übernehmen", ordner.display()
    )]
    WrongVersion {
        /// The cluster.
        ordner: PathBuf,
        /// Its major version.
        version: String,
        /// The programs there are.
        gefunden: String,
    },
    /// initdb failed.
    #[error("die Datenbank ließ sich nicht einrichten (initdb):\n{ausgabe}")]
    InitdbFailed {
        /// The end of what it said.
        ausgabe: String,
    },
    /// A killed program's server cannot be stopped.
    #[error("der zurückgelassene Postgres-Server (Prozess {pid}) in {} lässt sich nicht beenden", ordner.display())]
    LeftoverStays {
        /// The cluster.
        ordner: PathBuf,
        /// One of its processes.
        pid: i32,
    },
    /// It ended again and again.
    #[error(
        "der Postgres-Server in {} ist in kurzer Zeit {versuche}-mal ausgefallen und wird nicht noch einmal gestartet. Was \
         beantwortet war, ist gesichert. Zuletzt: {grund}. Abhilfe: die Ursache beheben (postgres.log im Datenordner; oft \
         fehlt Platz oder Speicher), dann das Programm neu starten", ordner.display()
    )]
    GivenUp {
        /// The data folder.
        ordner: PathBuf,
        /// Attempts to have it run again.
        versuche: u32,
        /// How the last one ended.
        grund: String,
    },
    /// A signal was refused.
    #[error("der Postgres-Prozess {pid} nimmt kein Signal an: {source}")]
    Signal {
        /// The process.
        pid: i32,
        /// What the system says.
        #[source]
        source: Errno,
    },
    /// The server ended right after its start.
    #[error("der Postgres-Server hat sich beendet ({status}). Zuletzt im Protokoll {}:\n{zuletzt}", protokoll.display())]
    Died {
        /// How it ended.
        status: String,
        /// The log.
        protokoll: PathBuf,
        /// Its last lines.
        zuletzt: String,
    },
    /// The server does not answer.
    #[error(
        "der Postgres-Server ist nach {sekunden} s nicht bereit ({grund}). Zuletzt im Protokoll {}:\n{zuletzt}",
        protokoll.display()
    )]
    NotReady {
        /// How long it was waited for.
        sekunden: u64,
        /// The last refusal.
        grund: String,
        /// The log.
        protokoll: PathBuf,
        /// Its last lines.
        zuletzt: String,
    },
    /// The server runs, but its database or the program's role cannot be made.
    #[error("die Datenbank {DATABASE} ließ sich nicht einrichten: {0}")]
    Database(#[source] sqlx::Error),
    /// The thread that starts the server was lost.
    #[error("der Start des Postgres-Servers wurde abgebrochen: {0}")]
    Aborted(#[source] tokio::task::JoinError),
}

impl EmbeddedError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            pfad: path.to_owned(),
            source,
        }
    }
}
