//! Why the database could not be opened, in words for whoever started the program: once, and with what to do.

use std::{io, time::Duration};

use sqlx::{
    error::DatabaseError,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgDatabaseError},
};

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection. The reason is part of the text, so there is no source that would say it again.
    #[error("die Datenbank {ziel} ist nicht erreichbar: {grund}")]
    Connect {
        /// Where it was looked for.
        ziel: String,
        /// What is wrong and what to do.
        grund: String,
    },
    /// A migration failed.
    #[error("die Datenbank lässt sich nicht auf den Stand dieses Programms bringen: {0}")]
    Migrate(String),
    /// A running program of another version works with the database.
    #[error(
        "das laufende NeuroERP hat einen anderen Stand der Datenbank als dieses Programm ({0}). Abhilfe: das laufende \
         beenden und mit diesem Programm neu starten, oder das Programm von dessen Stand nehmen"
    )]
    OtherVersion(String),
    /// Queries would show what is not in the log.
    #[error(
        "DATABASE_READ_URL ({0}) ist keine Replik der Datenbank aus DATABASE_URL. Abhilfe: die Adresse berichtigen; erwartet \
         wird ein Server, der ihr mit Streaming Replication folgt"
    )]
    NoReplica(String),
    /// The role of the running program has no rights to migrate, and the database is of another version.
    #[error(
        "die Datenbank hat nicht den Stand dieses Programms ({grund}), und die Rolle {rolle} aus DATABASE_URL darf sie nicht \
         ändern. Abhilfe: „neuroerp migrate“ mit der Rolle des Eigners in NEUROERP_EIGNER_URL; ist die Datenbank neuer, das \
         neuere Programm starten"
    )]
    NotMigrated {
        /// The role.
        rolle: String,
        /// How the two differ.
        grund: String,
    },
    /// The program's role lacks something that the owner may not give it.
    #[error(
        "die Rolle {rolle} aus DATABASE_URL kann noch nicht für das Programm arbeiten, und die Rolle aus NEUROERP_EIGNER_URL darf \
         das nicht einrichten ({grund}). Abhilfe: als Superuser einmal: {sql}"
    )]
    Program {
        /// The program's role.
        rolle: String,
        /// What the server says.
        grund: String,
        /// What is missing.
        sql: String,
    },
    /// The two URLs do not lead to the same database.
    #[error(
        "NEUROERP_EIGNER_URL ({eigner}) und DATABASE_URL ({programm}) führen nicht in dieselbe Datenbank. Abhilfe: beide bis auf \
         Benutzer und Kennwort gleich angeben"
    )]
    TwoDatabases {
        /// Where the owner came to.
        eigner: String,
        /// Where the program came to.
        programm: String,
    },
}

impl OpenError {
    pub(super) fn other_server(replica: &PgConnectOptions) -> Self {
        Self::NoReplica(place(replica))
    }

    pub(super) fn connect(options: &PgConnectOptions, error: &sqlx::Error) -> Self {
        Self::Connect {
            ziel: place(options),
            grund: reason(options, error),
        }
    }

    /// The same with the name of the variable that it came of.
    #[must_use]
    pub fn of_owner(self) -> Self {
        match self {
            Self::Connect { ziel, grund } => Self::Connect {
                ziel,
                grund: grund.replace("DATABASE_URL", "NEUROERP_EIGNER_URL"),
            },
            other => other,
        }
    }

    pub(super) fn silent(options: &PgConnectOptions, waited: Duration) -> Self {
        Self::Connect {
            ziel: place(options),
            grund: format!(
                "in {} s kam keine Antwort. Stimmen Rechner und Port in DATABASE_URL, und lässt eine Firewall sie zu?",
                waited.as_secs()
            ),
        }
    }

    pub(super) fn migrate(options: &PgConnectOptions, error: &MigrateError) -> Self {
        let text = match error {
            MigrateError::VersionMissing(version) => format!(
                "sie ist neuer (die Migration {version} ist ihm unbekannt). Abhilfe: das neuere Programm starten"
            ),
            MigrateError::VersionMismatch(version) => format!(
                "die Migration {version} wurde in anderer Fassung angewandt. Abhilfe: das Programm starten, das die \
                 Datenbank angelegt hat"
            ),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => reason(options, error),
            other => other.to_string(),
        };
        Self::Migrate(text)
    }
}

/// True for errors of the database that have nothing to do with what was to be written.
#[must_use]
pub fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        // Class 08: connection, 57P: shutdown, 40: serialisation or deadlock, 53: out of resources. 55P03 and 57014: a
        // lock or an answer took too long, 25P03: the transaction was idle for too long, 25006: a standby that is not
        // promoted yet.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "57P", "40", "53", "55P03", "57014", "25P03", "25006"]
                .iter()
                .any(|begin| code.starts_with(begin))
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::PoolClosed => true,
        _ => false,
    }
}

/// The server and database that options name, without user and password.
#[must_use]
pub fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{database} am Socket {}", socket.display()),
        None => format!("{database} auf {}:{}", options.get_host(), options.get_port()),
    }
}

/// What an error of the connection or of a statement means for the operator.
fn reason(options: &PgConnectOptions, error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                "dort läuft kein Postgres. Abhilfe: den Server starten oder Rechner und Port in DATABASE_URL berichtigen"
                    .to_owned()
            }
            io::ErrorKind::NotFound => {
                "den Socket gibt es nicht. Abhilfe: den Server starten oder den Pfad berichtigen".to_owned()
            }
            _ => format!("{error}. Stimmen Rechner und Port in DATABASE_URL?"),
        },
        sqlx::Error::Tls(error) => {
            format!("die Verschlüsselung kam nicht zustande ({error}). Abhilfe: sslmode in DATABASE_URL prüfen")
        }
        sqlx::Error::Database(error) => refused(options, error.as_ref()),
        other => other.to_string(),
    }
}

fn refused(options: &PgConnectOptions, error: &dyn DatabaseError) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    let said = error.message();
    match error.code().as_deref() {
        Some("28P01") => format!("Benutzer {user} oder Kennwort sind falsch. Abhilfe: DATABASE_URL berichtigen"),
        Some("28000") => {
            format!("der Server lässt den Benutzer {user} nicht herein ({said}). Abhilfe: Rolle und pg_hba.conf prüfen")
        }
        Some("3D000") => {
            format!("die Datenbank {database} gibt es nicht. Abhilfe: CREATE DATABASE {database} OWNER {user}")
        }
        Some("53300") => "der Server hat keine freie Verbindung. Abhilfe: max_connections erhöhen".to_owned(),
        Some("57P03") => "der Server startet noch. Abhilfe: gleich noch einmal versuchen".to_owned(),
        code => {
            // What our own migrations raise has its advice in the hint.
            let hint = error
                .try_downcast_ref::<PgDatabaseError>()
                .and_then(PgDatabaseError::hint);
            match hint {
                Some(hint) => format!("{said}. Abhilfe: {hint}"),
                None if code == Some("42501") => format!(
                    "{said}. Abhilfe: für Migrationen NEUROERP_EIGNER_URL setzen, oder der Rolle {user} das Recht dazu geben"
                ),
                None => said.to_owned(),
            }
        }
    }
}
