//! Finding the server's programs on this machine.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::EmbeddedError;
use super::identity::Identity;

/// The oldest major version the schema works with.
pub(super) const OLDEST_MAJOR: u32 = 15;

/// Where packages put the programs: parent folder, prefix of the versioned folder, folder of the programs within.
const PACKAGE_PLACES: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),                          // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                                   // PGDG on Red Hat and its kin
    ("/usr/libexec", "postgresql", ""),                          // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"),                  // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),                     // Homebrew on Intel
    ("/Library/PostgreSQL", "", "bin"),                          // EDB on macOS
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"), // Postgres.app
];

/// One folder with `postgres` and `initdb` that the server's user can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    /// The folder of the programs.
    pub(super) folder: PathBuf,
    /// The major version, such as 15.
    pub(super) major: u32,
}

impl Programs {
    /// The server.
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The program that makes a new cluster.
    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }
}

/// All usable programs in order of preference: `PATH` first, then the places of the packages, newest first.
///
/// A folder set by hand (`NEUROERP_PG_BIN`) is the only one looked at: whoever names one wants that one.
pub(super) fn find(fixed: Option<&Path>, identity: &Identity) -> Result<Vec<Programs>, EmbeddedError> {
    let folders = fixed.map_or_else(candidate_folders, |folder| vec![folder.to_owned()]);
    let mut rejected = Vec::new();
    let mut found = Vec::new();
    for folder in folders {
        match inspect(&folder, identity) {
            Ok(programs) => found.push(programs),
            Err(reason) => rejected.push(format!("{}: {reason}", folder.display())),
        }
    }
    if found.is_empty() {
        return Err(EmbeddedError::NoPrograms {
            mindestens: OLDEST_MAJOR,
            gesucht: if rejected.is_empty() {
                "nichts vorhanden".to_owned()
            } else {
                rejected.join("; ")
            },
        });
    }
    Ok(found)
}

fn candidate_folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    let mut packages: Vec<(u32, PathBuf)> = PACKAGE_PLACES
        .iter()
        .flat_map(|(parent, prefix, bin)| versioned_folders(parent, prefix, bin))
        .collect();
    packages.sort_by_key(|(version, _)| Reverse(*version));
    folders.extend(packages.into_iter().map(|(_, folder)| folder));
    folders.push(PathBuf::from("/usr/local/pgsql/bin"));
    folders.retain(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file());
    let mut seen = Vec::new();
    folders.retain(|folder| {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let new = !seen.contains(&real);
        seen.push(real);
        new
    });
    folders
}

/// The folders `parent/prefix<version>/bin` with the version their name promises (0 when it promises none).
fn versioned_folders(parent: &str, prefix: &str, bin: &str) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.trim_start_matches(['@', '-']);
            Some((leading_number(version).unwrap_or(0), entry.path().join(bin)))
        })
        .collect()
}

/// Asks the server for its version, as the user who will have to run it.
fn inspect(folder: &Path, identity: &Identity) -> Result<Programs, String> {
    let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
    if !folder.join("initdb").is_file() {
        return Err("initdb fehlt".to_owned());
    }
    let output = identity
        .command(folder.join("postgres"))
        .arg("--version")
        .output()
        .map_err(|error| format!("Benutzer {} kann postgres nicht ausführen ({error})", identity.name()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let major = major_of(&text).ok_or_else(|| format!("unverständliche Version „{}“", text.trim()))?;
    if major < OLDEST_MAJOR {
        return Err(format!("Postgres {major} ist zu alt"));
    }
    Ok(Programs { folder, major })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major_of(version_line: &str) -> Option<u32> {
    version_line
        .split_once("(PostgreSQL)")
        .and_then(|(_, rest)| leading_number(rest.trim_start()))
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{leading_number, major_of};

    #[test]
    fn the_major_version_is_read_from_every_spelling() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_of("postgres (PostgreSQL) 16.4 (Homebrew)\n"), Some(16));
        assert_eq!(major_of("mysqld 8"), None);
    }

    #[test]
    fn a_name_without_a_number_promises_no_version() {
        assert_eq!(leading_number(""), None);
        assert_eq!(leading_number("latest"), None);
        assert_eq!(leading_number("15"), Some(15));
    }
}
