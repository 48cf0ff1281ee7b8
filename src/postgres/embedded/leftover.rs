//! The server of a program that was killed.
//!
//! A server outlives its program when that is killed. Whoever holds the data folder's lock may stop it: its program is
//! gone. It is stopped rather than adopted, because it is not our child and may run with yesterday's settings.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::EmbeddedError;

/// A fast shutdown writes a checkpoint first.
const FAST_STOP_LIMIT: Duration = Duration::from_secs(30);

/// Processes whose server died notice it at their next wait.
const ORPHAN_LIMIT: Duration = Duration::from_secs(5);

/// An immediate shutdown writes nothing; recovery at the next start makes up for it.
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(10);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The server that runs on the cluster, if one does.
pub(super) fn running(cluster: &Path) -> Option<Pid> {
    noted(cluster).filter(|pid| is_server(cluster, *pid))
}

/// Whether a process is the server of the cluster, and not a stranger that was given its number.
pub(super) fn is_server(cluster: &Path, pid: Pid) -> bool {
    if Path::new("/proc/self/cwd").exists() {
        return works_in(&Path::new("/proc").join(pid.to_string()), cluster).unwrap_or(false);
    }
    names_cluster(cluster, pid)
}

fn noted(cluster: &Path) -> Option<Pid> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.trim().parse::<i32>().ok()?;
    (pid > 1).then(|| Pid::from_raw(pid))
}

/// Stops a server left running on the cluster. Returns whether it is certain that none runs now.
pub(super) fn stop(cluster: &Path) -> Result<bool, EmbeddedError> {
    let pid_file = cluster.join("postmaster.pid");
    let noted = noted(cluster);
    if !Path::new("/proc/self/cwd").exists() {
        return stop_by_command_line(cluster, noted);
    }
    stop_by_proc(cluster, noted)?;
    if noted.is_some_and(|pid| kill(pid, None) != Err(Errno::ESRCH)) && pid_file.exists() {
        // The number lives but belongs to another process or thread, as it does when a container starts anew and counts
        // from one again. Postgres would believe the file and refuse to start; no process works in the folder.
        tracing::warn!(datei = %pid_file.display(), "eine veraltete Prozessdatei wird entfernt");
        fs::remove_file(&pid_file).map_err(|source| EmbeddedError::io(&pid_file, source))?;
    }
    Ok(true)
}

fn stop_by_proc(cluster: &Path, noted: Option<Pid>) -> Result<(), EmbeddedError> {
    let running = processes_in(cluster);
    if running.is_empty() {
        return Ok(());
    }
    let limit = match noted.filter(|pid| running.contains(pid)) {
        Some(postmaster) => {
            tracing::warn!(
                pid = postmaster.as_raw(),
                "ein zurückgelassener Postgres-Server wird beendet"
            );
            signal(postmaster, Signal::SIGINT)?;
            FAST_STOP_LIMIT
        }
        None => ORPHAN_LIMIT,
    };
    if wait_until(limit, || processes_in(cluster).is_empty()) {
        return Ok(());
    }
    for pid in processes_in(cluster) {
        signal(pid, Signal::SIGQUIT)?;
    }
    if wait_until(IMMEDIATE_STOP_LIMIT, || processes_in(cluster).is_empty()) {
        return Ok(());
    }
    let pid = processes_in(cluster).first().map_or(0, |pid| pid.as_raw());
    Err(EmbeddedError::LeftoverStays {
        ordner: cluster.to_owned(),
        pid,
    })
}

/// The processes of a server on this cluster: every one of them works in the cluster's folder.
///
/// A finished process that nobody has collected has no folder and does not count.
fn processes_in(cluster: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse::<i32>().ok()?;
            works_in(&entry.path(), cluster)?.then(|| Pid::from_raw(pid))
        })
        .collect()
}

/// Whether the process of this entry of `/proc` is a server's that works in the folder.
fn works_in(process: &Path, cluster: &Path) -> Option<bool> {
    let folder = fs::read_link(process.join("cwd")).ok()?;
    let program = fs::read_link(process.join("exe")).ok()?;
    // After an update of the package the name reads `postgres (deleted)`.
    let is_server = program.file_name()?.to_str()?.starts_with("postgres");
    Some(is_server && folder == cluster)
}

/// For systems without `/proc`: the command line of a server names its cluster.
fn names_cluster(cluster: &Path, pid: Pid) -> bool {
    let output = Command::new("ps")
        .args(["-o", "args=", "-p", &pid.to_string()])
        .output();
    let line = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    line.contains("postgres") && line.contains(&*cluster.to_string_lossy())
}

/// For systems without `/proc`.
fn stop_by_command_line(cluster: &Path, noted: Option<Pid>) -> Result<bool, EmbeddedError> {
    let Some(pid) = noted else { return Ok(false) };
    if !names_cluster(cluster, pid) {
        return Ok(false);
    }
    tracing::warn!(pid = pid.as_raw(), "ein zurückgelassener Postgres-Server wird beendet");
    for (name, limit) in [
        (Signal::SIGINT, FAST_STOP_LIMIT),
        (Signal::SIGQUIT, IMMEDIATE_STOP_LIMIT),
    ] {
        signal(pid, name)?;
        if wait_until(limit, || kill(pid, None) == Err(Errno::ESRCH)) {
            return Ok(true);
        }
    }
    Err(EmbeddedError::LeftoverStays {
        ordner: cluster.to_owned(),
        pid: pid.as_raw(),
    })
}

fn signal(pid: Pid, name: Signal) -> Result<(), EmbeddedError> {
    match kill(pid, name) {
        // It may have ended in between, which is what is wanted.
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(source) => Err(EmbeddedError::Signal {
            pid: pid.as_raw(),
            source,
        }),
    }
}

fn wait_until(limit: Duration, done: impl Fn() -> bool) -> bool {
    let begin = Instant::now();
    while !done() {
        if begin.elapsed() > limit {
            return false;
        }
        sleep(POLL_INTERVAL);
    }
    true
}
