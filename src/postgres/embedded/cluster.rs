//! The cluster: the folder `pg` that initdb makes and the server owns.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::fcntl::OFlag;

use super::identity::Identity;
use super::programs::Programs;
use super::{EmbeddedError, SUPERUSER};

/// The cluster within the data folder.
pub(super) const CLUSTER: &str = "pg";

/// A cluster in the making. What bears this name at the next start was interrupted and is thrown away.
const UNFINISHED: &str = "pg.neu";

/// In the cluster: says that it is ours and complete.
const MARKER: &str = "neuroerp_cluster";

/// The settings file beside the cluster, where the server can read but not write it when root started us.
const CONF: &str = "postgres.conf";

/// Chooses the programs for the folder and makes the cluster if there is none.
pub(super) fn ensure(data_dir: &Path, found: &[Programs], identity: &Identity) -> Result<Programs, EmbeddedError> {
    discard_unfinished(data_dir)?;
    let cluster = data_dir.join(CLUSTER);
    if !is_empty_or_missing(&cluster)? {
        return choose_for(&cluster, found, identity);
    }
    let programs = found.first().cloned().ok_or_else(|| EmbeddedError::NoPrograms {
        mindestens: super::programs::OLDEST_MAJOR,
        gesucht: String::new(),
    })?;
    create(data_dir, &cluster, &programs, identity)?;
    Ok(programs)
}

/// The programs for an existing cluster: the first of exactly its major version.
fn choose_for(cluster: &Path, found: &[Programs], identity: &Identity) -> Result<Programs, EmbeddedError> {
    if !cluster.join(MARKER).is_file() {
        // Ours are complete before they get their name, so this is somebody's, and it may hold data.
        return Err(EmbeddedError::ForeignCluster {
            ordner: cluster.to_owned(),
        });
    }
    identity.check_owner(cluster)?;
    let file = cluster.join("PG_VERSION");
    let version = fs::read_to_string(&file).map_err(|source| EmbeddedError::io(&file, source))?;
    let version = version.trim();
    found
        .iter()
        .find(|programs| programs.major.to_string() == version)
        .cloned()
        .ok_or_else(|| {
            let found: Vec<String> = found
                .iter()
                .map(|programs| format!("Postgres {} in {}", programs.major, programs.folder.display()))
                .collect();
            EmbeddedError::WrongVersion {
                ordner: cluster.to_owned(),
                version: version.to_owned(),
                gefunden: found.join(", "),
            }
        })
}

fn is_empty_or_missing(folder: &Path) -> Result<bool, EmbeddedError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(EmbeddedError::io(folder, error)),
    }
}

/// Removes what an interrupted initdb left. No cluster with data ever had this name.
fn discard_unfinished(data_dir: &Path) -> Result<(), EmbeddedError> {
    let entries = fs::read_dir(data_dir).map_err(|source| EmbeddedError::io(data_dir, source))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            tracing::warn!(ordner = %entry.path().display(), "eine unterbrochene Einrichtung wird verworfen");
            fs::remove_dir_all(entry.path()).map_err(|source| EmbeddedError::io(&entry.path(), source))?;
        }
    }
    Ok(())
}

/// Makes the cluster under another name and renames it when it is complete.
fn create(data_dir: &Path, cluster: &Path, programs: &Programs, identity: &Identity) -> Result<(), EmbeddedError> {
    // The name is new each time: an initdb whose program was killed may still be writing into the old one.
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_nanos());
    let unfinished = data_dir.join(format!("{UNFINISHED}.{nanos}"));
    tracing::info!(ordner = %data_dir.display(), postgres = programs.major, "die Datenbank wird eingerichtet");
    run_initdb(&unfinished, programs, identity)?;

    let main = unfinished.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&main)
        .and_then(|mut file| {
            // Relative to the cluster: the data folder may be moved. Optional: the first question to the server, whether
            // it knows lz4, comes before the file exists.
            writeln!(file, "\n# NeuroERP\ninclude_if_exists = '../{CONF}'")?;
            file.sync_all()
        })
        .map_err(|source| EmbeddedError::io(&main, source))?;
    let marker = unfinished.join(MARKER);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&marker)
        .and_then(|mut file| {
            writeln!(
                file,
                "vollständig angelegt von NeuroERP mit Postgres {}",
                programs.major
            )?;
            file.sync_all()
        })
        .and_then(|()| File::open(&unfinished)?.sync_all())
        .map_err(|source| EmbeddedError::io(&marker, source))?;
    fs::rename(&unfinished, cluster)
        .and_then(|()| File::open(data_dir)?.sync_all())
        .map_err(|source| EmbeddedError::io(cluster, source))
}

/// Runs initdb; when the machine lacks a locale, with the next plainer one.
///
/// All sort by code point, so no index depends on the version of a system library. They differ in whether `lower()` knows
/// umlauts: `C` alone does not, and only serves where nothing better exists.
fn run_initdb(target: &Path, programs: &Programs, identity: &Identity) -> Result<(), EmbeddedError> {
    let builtin: &[&str] = &["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
    let libc: &[&str] = &["--locale=C", "--lc-ctype=C.UTF-8"];
    let plain: &[&str] = &["--locale=C"];
    let choices: &[&[&str]] = if programs.major >= 17 {
        &[builtin, libc, plain]
    } else {
        &[libc, plain]
    };
    let mut said = String::new();
    for locale in choices {
        DirBuilder::new()
            .mode(0o700)
            .create(target)
            .map_err(|source| EmbeddedError::io(target, source))?;
        identity.hand_over(target)?;
        let output = identity
            .command(programs.initdb())
            .args([
                "--encoding=UTF8",
                "--data-checksums",
                "--auth-local=trust",
                "--auth-host=reject",
            ])
            .args(["--no-instructions", "--username", SUPERUSER])
            .args(*locale)
            .arg("--pgdata")
            .arg(target)
            .output()
            .map_err(|source| EmbeddedError::io(&programs.initdb(), source))?;
        if output.status.success() {
            return Ok(());
        }
        said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        // initdb empties a folder it failed to fill, but does not remove it.
        fs::remove_dir_all(target).map_err(|source| EmbeddedError::io(target, source))?;
        if !said.contains("locale") {
            break;
        }
    }
    Err(EmbeddedError::InitdbFailed {
        ausgabe: super::log::last_lines(&said),
    })
}

/// Whether the server was built with lz4: it is asked whether it would take the setting.
pub(super) fn knows_lz4(cluster: &Path, programs: &Programs, identity: &Identity) -> bool {
    identity
        .command(programs.postgres())
        .arg("-D")
        .arg(cluster)
        .args([
            "-c",
            "wal_compression=lz4",
            "-c",
            "default_toast_compression=lz4",
            "-C",
            "wal_compression",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Rewrites the settings file; a reader sees the old one or the new one, never half of it.
pub(super) fn write_conf(data_dir: &Path, text: &str) -> Result<(), EmbeddedError> {
    let path = data_dir.join(CONF);
    let draft: PathBuf = data_dir.join(format!("{CONF}.neu"));
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&draft, &path))
        .map_err(|source| EmbeddedError::io(&path, source))
}
