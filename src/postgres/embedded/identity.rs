//! As whom the server runs.
//!
//! Postgres refuses to run as root. Started by root, the program therefore gives the server another user and hands over
//! exactly the folders the server must write; the data folder itself stays with root, so that a server gone astray
//! cannot swap what root opens next.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{User, geteuid};

use super::EmbeddedError;

/// Users tried in this order when root names none.
const FALLBACK_USERS: [&str; 2] = ["postgres", "nobody"];

/// The environment the server's programs keep; everything else, above all `PG*`, would change what they do.
const KEPT_VARIABLES: [&str; 4] = ["PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// Folders of the server may be entered by the server's user only.
const PRIVATE_MODE: u32 = 0o700;

/// The user of the server's processes.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// Set when the program is root and has to step down.
    step_down_to: Option<User>,
}

impl Identity {
    /// Decides by the user of this process; `wanted` (`NEUROERP_PG_USER`) only counts for root.
    pub(super) fn choose(wanted: Option<&str>) -> Result<Self, EmbeddedError> {
        if !geteuid().is_root() {
            if let Some(name) = wanted {
                tracing::warn!(
                    benutzer = name,
                    "NEUROERP_PG_USER wirkt nur, wenn das Programm als root läuft"
                );
            }
            return Ok(Self { step_down_to: None });
        }
        let names = wanted.map_or_else(|| FALLBACK_USERS.to_vec(), |name| vec![name]);
        for name in &names {
            // A lookup that fails is a user that cannot be used; the error below says which names were tried.
            if let Ok(Some(user)) = User::from_name(name)
                && !user.uid.is_root()
            {
                return Ok(Self {
                    step_down_to: Some(user),
                });
            }
        }
        Err(EmbeddedError::UnknownUser {
            versucht: names.join(", "),
        })
    }

    /// The numeric user id of the server's processes.
    pub(super) fn uid(&self) -> u32 {
        self.step_down_to
            .as_ref()
            .map_or_else(|| geteuid().as_raw(), |user| user.uid.as_raw())
    }

    /// Whether the program is root and the server is not.
    pub(super) fn steps_down(&self) -> bool {
        self.step_down_to.is_some()
    }

    /// The name of the server's user for messages.
    pub(super) fn name(&self) -> String {
        self.step_down_to
            .as_ref()
            .map_or_else(|| format!("uid {}", geteuid()), |user| user.name.clone())
    }

    /// A command that runs as the server's user, with a quiet environment and in a folder everybody can enter.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for name in KEPT_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
        if let Some(user) = &self.step_down_to {
            // The standard library also drops root's supplementary groups when it changes the user.
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Gives a folder to the server's user and to nobody else.
    pub(super) fn hand_over(&self, folder: &Path) -> Result<(), EmbeddedError> {
        if let Some(user) = &self.step_down_to {
            lchown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .map_err(|source| EmbeddedError::io(folder, source))?;
        }
        fs::set_permissions(folder, Permissions::from_mode(PRIVATE_MODE))
            .map_err(|source| EmbeddedError::io(folder, source))
    }

    /// Refuses a folder that belongs to somebody else than the server's user.
    pub(super) fn check_owner(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let owner = fs::symlink_metadata(folder)
            .map_err(|source| EmbeddedError::io(folder, source))?
            .uid();
        if owner == self.uid() {
            return Ok(());
        }
        Err(EmbeddedError::ForeignOwner {
            ordner: folder.to_owned(),
            besitzer: owner,
            benutzer: self.name(),
        })
    }

    /// Creates the data folder with its missing parents and returns it as an absolute path without symbolic links.
    ///
    /// Whether the server's user can reach the place is judged before anything is created, so that a refusal leaves
    /// nothing behind.
    pub(super) fn create_data_folder(&self, folder: &Path, probe: &Path) -> Result<PathBuf, EmbeddedError> {
        let folder = std::path::absolute(folder).map_err(|source| EmbeddedError::io(folder, source))?;
        let missing: Vec<&Path> = folder.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
        if let Some(existing) = folder.ancestors().nth(missing.len()) {
            let existing = existing
                .canonicalize()
                .map_err(|source| EmbeddedError::io(existing, source))?;
            self.check_reach(&existing, &folder, probe)?;
        }
        // Root's folder lets the server pass through to its own folders, but neither list nor write.
        let mode = if self.steps_down() { 0o711 } else { PRIVATE_MODE };
        for ancestor in missing.into_iter().rev() {
            let is_data_folder = ancestor == folder;
            let mode = if is_data_folder { mode } else { 0o755 };
            DirBuilder::new()
                .mode(mode)
                .create(ancestor)
                .or_else(|error| if ancestor.is_dir() { Ok(()) } else { Err(error) })
                .and_then(|()| {
                    // A strict umask of root would lock the server out of the folders made for it.
                    if self.steps_down() {
                        fs::set_permissions(ancestor, Permissions::from_mode(mode))
                    } else {
                        Ok(())
                    }
                })
                .map_err(|source| EmbeddedError::io(ancestor, source))?;
        }
        folder
            .canonicalize()
            .map_err(|source| EmbeddedError::io(&folder, source))
    }

    /// Checks that the server's user can enter `existing`, and otherwise names the first ancestor that bars the way.
    ///
    /// A process of that user tries it: unlike the mode bits, this also knows access lists and read-only mounts.
    fn check_reach(&self, existing: &Path, wanted: &Path, probe: &Path) -> Result<(), EmbeddedError> {
        if !self.steps_down() || self.can_enter(existing, probe).is_ok() {
            return Ok(());
        }
        let mut way: Vec<&Path> = existing.ancestors().collect();
        way.reverse();
        let barrier = way
            .into_iter()
            .find(|ancestor| self.can_enter(ancestor, probe).is_err())
            .unwrap_or(existing);
        Err(EmbeddedError::Unreachable {
            benutzer: self.name(),
            ordner: wanted.to_owned(),
            gesperrt: barrier.to_owned(),
        })
    }

    /// Runs the harmless `postgres --version` inside the folder.
    fn can_enter(&self, folder: &Path, probe: &Path) -> io::Result<()> {
        self.command(probe)
            .arg("--version")
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map(drop)
    }
}
