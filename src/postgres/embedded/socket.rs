//! The folder of the Unix socket.
//!
//! The server trusts everybody who reaches its socket (`trust`), so that no password has to be made, kept and lost. That
//! is safe because nobody else reaches it: the server listens on no network, and the socket's folder has mode 0700 and
//! belongs to the server's user. `peer` would be no safer, and it would refuse root, who is allowed to start us.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::EmbeddedError;
use super::identity::Identity;

/// The port only names the socket; nothing listens on it.
pub(super) const PORT: u16 = 5432;

/// Bytes of a socket's path without the closing zero; the kernel's structure holds no more.
const MAX_SOCKET_PATH_BYTES: usize = if cfg!(target_os = "macos") { 103 } else { 107 };

/// The socket's folder: inside the data folder, or in a short place when the path would be too long.
pub(super) fn place(data_dir: &Path, identity: &Identity) -> PathBuf {
    let runtime_dir = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    choose(data_dir, identity.steps_down(), runtime_dir)
}

/// Makes the socket's folder.
pub(super) fn prepare(data_dir: &Path, identity: &Identity) -> Result<PathBuf, EmbeddedError> {
    let folder = place(data_dir, identity);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => identity.hand_over(&folder)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // In /tmp somebody else could have made it first, or a link in its place.
            let metadata = fs::symlink_metadata(&folder).map_err(|source| EmbeddedError::io(&folder, source))?;
            if !metadata.is_dir() {
                return Err(EmbeddedError::io(
                    &folder,
                    io::Error::from(io::ErrorKind::NotADirectory),
                ));
            }
            identity.check_owner(&folder)?;
            identity.hand_over(&folder)?;
        }
        Err(error) => return Err(EmbeddedError::io(&folder, error)),
    }
    Ok(folder)
}

/// Removes what a killed server left. Only for when it is certain that none runs: with process numbers starting anew in
/// a container, Postgres may take a stranger for the owner of the socket and refuse to start.
pub(super) fn clear(folder: &Path) {
    for name in [format!(".s.PGSQL.{PORT}"), format!(".s.PGSQL.{PORT}.lock")] {
        // Usually there is nothing to remove; what cannot be removed Postgres will report.
        let _ = fs::remove_file(folder.join(name));
    }
}

/// Removes the folder of a stopped server if it lies outside of the data folder, where nobody would look for it.
pub(super) fn remove(folder: &Path, data_dir: &Path) {
    if !folder.starts_with(data_dir) {
        // If somebody put something into it, it stays.
        let _ = fs::remove_dir(folder);
    }
}

/// The value of `unix_socket_directories`, a list with commas: the name in quotes is one folder whatever it contains.
pub(super) fn directories_value(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}

fn choose(data_dir: &Path, root: bool, runtime_dir: Option<PathBuf>) -> PathBuf {
    let near = data_dir.join("socket");
    if fits(&near) {
        return near;
    }
    let name = short_name(data_dir);
    // Root's own runtime folder is closed to the server's user.
    if let Some(runtime) = runtime_dir.filter(|folder| !root && folder.is_absolute() && folder.is_dir()) {
        let folder = runtime.join(&name);
        if fits(&folder) {
            return folder;
        }
    }
    Path::new("/tmp").join(name)
}

fn fits(folder: &Path) -> bool {
    folder.join(format!(".s.PGSQL.{PORT}")).as_os_str().len() <= MAX_SOCKET_PATH_BYTES
}

fn short_name(data_dir: &Path) -> String {
    let digest = Sha256::digest(data_dir.as_os_str().as_bytes());
    digest.iter().take(8).fold(String::from("neuroerp-"), |mut name, byte| {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{choose, directories_value, fits};

    #[test]
    fn a_short_data_folder_holds_its_own_socket() {
        assert_eq!(
            choose(Path::new("/var/lib/neuroerp"), true, None),
            PathBuf::from("/var/lib/neuroerp/socket")
        );
    }

    #[test]
    fn a_long_data_folder_gets_a_short_socket_folder_of_its_own() {
        let long = PathBuf::from(format!("/{}", "lang/".repeat(30)));
        let folder = choose(&long, true, None);
        assert!(fits(&folder));
        assert!(folder.starts_with("/tmp"));
        assert_eq!(folder, choose(&long, true, None));
        assert_ne!(folder, choose(&long.join("anders"), true, None));
    }

    #[test]
    fn a_comma_or_a_quote_does_not_split_the_folder() {
        assert_eq!(directories_value(Path::new("/a,b\"c")), "\"/a,b\"\"c\"");
    }
}
