//! The settings of the private server.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::EmbeddedSettings;

/// Assumed when the machine does not tell its memory.
const UNKNOWN_MEMORY_MB: u64 = 2048;

/// More does not help a server that shares the machine with the program: the kernel's cache does the rest.
const MAX_SHARED_BUFFERS_MB: u64 = 2048;

/// The memory this process may use, in MB: the machine's, or less when a container is limited.
pub(super) fn memory_mb() -> u64 {
    let machine = meminfo_mb().or_else(sysctl_mb).unwrap_or(UNKNOWN_MEMORY_MB);
    let container = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok())
    .map(|bytes| bytes / 1024 / 1024)
    .min();
    container.map_or(machine, |limit| limit.min(machine))
}

fn meminfo_mb() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb / 1024)
}

fn sysctl_mb() -> Option<u64> {
    let output = Command::new("sysctl").args(["-n", "hw.memsize"]).output().ok()?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse::<u64>()
        .ok()
        .map(|bytes| bytes / 1024 / 1024)
}

/// The text of the settings file. `lz4` says whether the server was built with it.
pub(super) fn text(settings: &EmbeddedSettings, memory_mb: u64, lz4: bool) -> String {
    let shared_buffers = (memory_mb / 4).clamp(32, MAX_SHARED_BUFFERS_MB);
    let cache = (memory_mb / 2).max(64);
    let maintenance = (memory_mb / 20).clamp(32, 512);
    // Every connection may need it several times over; an eighth of the memory for all of them together.
    let work = (memory_mb / 8 / u64::from(settings.max_connections.max(1))).clamp(4, 32);
    let mut text = String::from(
        "# Von NeuroERP bei jedem Start neu geschrieben; Änderungen hier gehen verloren.\n\
         # Eigene Einstellungen: ALTER SYSTEM SET … (gilt vor dieser Datei).\n",
    );
    let mut put = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = {value}");
    };
    put("max_connections", &settings.max_connections.to_string());
    put("shared_buffers", &format!("{shared_buffers}MB"));
    put("effective_cache_size", &format!("{cache}MB"));
    put("maintenance_work_mem", &format!("{maintenance}MB"));
    put("work_mem", &format!("{work}MB"));
    // An acknowledged command is on the disk: the promise of the log rests on these three.
    put("fsync", "on");
    put("full_page_writes", "on");
    put("synchronous_commit", "on");
    put("max_wal_size", "2GB");
    put("min_wal_size", "256MB");
    if lz4 {
        put("wal_compression", "lz4");
        put("default_toast_compression", "lz4");
    } else {
        put("wal_compression", "on");
        put("default_toast_compression", "pglz");
    }
    put("autovacuum", "on");
    put("random_page_cost", "1.1");
    // The statements are short; compiling them costs more than it saves.
    put("jit", "off");
    put("timezone", "'UTC'");
    put("lc_messages", "'C'");
    put("log_destination", "'stderr'");
    put("logging_collector", "off");
    put("log_line_prefix", "'%m [%p] %q%a '");
    text
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::postgres::embedded::EmbeddedSettings;

    fn conf(memory_mb: u64, lz4: bool) -> String {
        text(&EmbeddedSettings::new("/daten"), memory_mb, lz4)
    }

    #[test]
    fn the_server_takes_a_quarter_of_a_small_machine() {
        assert!(conf(4096, true).contains("shared_buffers = 1024MB\n"));
    }

    #[test]
    fn the_server_takes_at_most_two_gigabytes_of_a_large_one() {
        assert!(conf(65_536, true).contains("shared_buffers = 2048MB\n"));
    }

    #[test]
    fn a_server_without_lz4_gets_no_lz4() {
        assert!(conf(4096, true).contains("wal_compression = lz4\n"));
        assert!(!conf(4096, false).contains("lz4"));
    }
}
