//! What this machine gives: configuration, folders, clock, ports, programs.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::fs::Access;

use super::{Finding, behind};
use crate::{
    config::{Configuration, Settings},
    serve,
};

/// Difference of two clocks that is worth a warning. Leases compare the times of one clock only, and
/// links of pages the times of two.
const MAX_SKEW_MS: i64 = 5_000;
/// Time limit for asking another server for the time.
const PATIENCE: Duration = Duration::from_secs(3);
/// 2026-01-01, before this program was made.
const EARLIEST_MS: i64 = 1_767_225_600_000;

pub(super) fn configuration(configuration: &Configuration) -> Finding {
    let name = "configuration";
    let file = match &configuration.file {
        Some(file) => file.display().to_string(),
        None => "no file; defaults, variables and flags".to_owned(),
    };
    let wait = configuration.settings.long_poll.remark();
    let remarks = configuration.remarks.iter().chain(&configuration.exposed).cloned().chain(wait);
    let remarks: Vec<_> = remarks.collect();
    match remarks.is_empty() {
        true => Finding::ok(name, file),
        false => Finding::warning(name, format!("{file}: {}", remarks.join("; "))),
    }
}

/// Why the server would not start for those who can reach it; `None`: it would.
pub(super) fn access(settings: &Settings) -> Option<Finding> {
    let refusal = settings.auth.refusal(settings.http.addr)?;
    Some(Finding::error("access", refusal))
}

/// The data folder and where files are stored.
pub(super) async fn files(settings: &Settings) -> Finding {
    let (name, storage) = ("files", &settings.storage);
    if let Err(reason) = may_write(&storage.data_dir) {
        return Finding::error(name, format!("storage.data_dir: {reason}"));
    }
    let place = match &storage.artifacts {
        Some(place) if place.starts_with("s3://") => {
            return match serve::artifacts(storage).await {
                Ok(_) => Finding::ok(name, format!("{} and {place}", storage.data_dir.display())),
                Err(error) => Finding::error(name, error.to_string()),
            };
        }
        Some(place) => PathBuf::from(place),
        None => storage.data_dir.join("artifacts"),
    };
    if let Err(reason) = may_write(&place) {
        return Finding::error(name, format!("storage.artifacts: {reason}"));
    }
    let (place, free) = (place.display(), free_bytes(&place));
    match free {
        Some(free) if free < storage.min_free_bytes => Finding::error(
            name,
            format!(
                "{place}: {free} bytes are free, fewer than storage.min_free_bytes ({}): no task can be started",
                storage.min_free_bytes
            ),
        ),
        Some(free) => Finding::ok(name, format!("{place}, {free} bytes free")),
        None => Finding::ok(name, place.to_string()),
    }
}

/// The folder of research files.
pub(super) fn output(settings: &Settings) -> Finding {
    let (name, folder) = ("output", &settings.storage.output_dir);
    let shown = folder.display();
    if !folder.is_dir() {
        let what = "there is no such folder, so that there are no research files for stories";
        return Finding::warning(name, format!("{shown}: {what}; see --output-dir"));
    }
    match may_write(folder) {
        Ok(()) => Finding::ok(name, shown.to_string()),
        Err(reason) => Finding::error(name, format!("storage.output_dir: {reason}")),
    }
}

/// Whether a folder can be written, or made.
fn may_write(folder: &Path) -> Result<(), String> {
    let mut existing = folder;
    while !existing.exists() {
        existing = match existing.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
    }
    if !existing.is_dir() {
        return Err(format!("{} is not a folder", existing.display()));
    }
    let access = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::access(existing, access).map_err(|error| match existing == folder {
        true => format!("{} cannot be written: {error}", folder.display()),
        false => format!("{} cannot be made in {}: {error}", folder.display(), existing.display()),
    })
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|folder| folder.exists());
    let existing = existing.unwrap_or_else(|| Path::new("."));
    let disk = rustix::fs::statvfs(existing).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Compares this machine's clock with the database's.
pub(super) fn clock(_: &Settings, database_ms: i64) -> Finding {
    compared("the database", now_ms() - database_ms)
}

/// `ahead_ms`: how much this machine's clock is ahead of the other.
fn compared(other: &str, ahead_ms: i64) -> Finding {
    let seconds = ahead_ms.unsigned_abs() / 1_000;
    match ahead_ms {
        ms if ms > MAX_SKEW_MS => {
            Finding::warning("clock", format!("{seconds} s ahead of {other}; is NTP running?"))
        }
        ms if ms < -MAX_SKEW_MS => {
            Finding::warning("clock", format!("{seconds} s behind {other}; is NTP running?"))
        }
        _ => Finding::ok("clock", format!("as {other} has it")),
    }
}

/// Compares this machine's clock with that of the language model's endpoint, if there is one.
pub(super) async fn own_clock(settings: &Settings) -> Finding {
    if now_ms() < EARLIEST_MS {
        return Finding::error("clock", "before the time at which this program was made");
    }
    let date = match &settings.narrator.url {
        Some(url) => behind::date(url, PATIENCE).await,
        None => None,
    };
    match date {
        // `Date` has whole seconds.
        Some(date_ms) => compared("the language model's server", now_ms() - date_ms - 500),
        None => Finding::ok(
            "clock",
            "the database has none of its own, and nothing else to compare with answered",
        ),
    }
}

/// Whether the addresses are free to listen on.
pub(super) async fn ports(settings: &Settings) -> Vec<Finding> {
    let addresses = [
        ("http.addr", Some(settings.http.addr)),
        ("http.metrics_addr", settings.http.metrics_addr),
    ];
    let mut findings = Vec::new();
    // Held, so that the second of two equal addresses is not free.
    let mut listeners = Vec::new();
    for (key, address) in addresses {
        let Some(address) = address else { continue };
        let first = listeners.iter().find(|(_, taken, _)| *taken == address && address.port() != 0);
        findings.push(match first {
            Some((first, ..)) => Finding::error(
                "port",
                format!("{key} {address}: {first} has the same address; choose another port for one of them"),
            ),
            None => match tokio::net::TcpListener::bind(address).await {
                Ok(listener) => {
                    listeners.push((key, address, listener));
                    Finding::ok("port", format!("{key} {address} is free"))
                }
                Err(error) => not_free(key, address, &error).await,
            },
        });
    }
    findings
}

async fn not_free(key: &str, address: SocketAddr, error: &std::io::Error) -> Finding {
    let at = format!("{key} {address}");
    let reason = match error.kind() {
        std::io::ErrorKind::AddrInUse if behind::is_milepost(address, PATIENCE).await => {
            return Finding::warning("port", format!("{at}: a Milepost runs there already"));
        }
        std::io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
        _ => error.to_string(),
    };
    Finding::error("port", format!("{at}: {reason}; choose another address ({})", variable(key)))
}

/// The variable of a setting.
fn variable(key: &str) -> String {
    format!("MILEPOST_{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Whether the programs of the commands are there.
pub(super) fn commands(configuration: &Configuration) -> Vec<Finding> {
    let definitions = &configuration.commands.definitions;
    let mut findings = Vec::new();
    for definition in definitions {
        let (name, program) = (&definition.name, definition.argv.program());
        findings.push(match found(program) {
            Some(path) => Finding::ok("command", format!("{name}: {}", path.display())),
            None if program.contains('/') => Finding::error(
                "command",
                format!("{name}: {program} is not a program that can be run"),
            ),
            None => Finding::error("command", format!("{name}: {program} is not on PATH")),
        });
        let folder = definition.folder.as_ref().filter(|folder| !folder.is_dir());
        findings.extend(folder.map(|folder| {
            Finding::error("command", format!("{name}: {} is not a folder", folder.display()))
        }));
    }
    findings
}

/// The program: an absolute path, or a name that is looked for in PATH.
fn found(program: &str) -> Option<PathBuf> {
    let runs = |path: &PathBuf| {
        path.is_file() && rustix::fs::access(path.as_path(), Access::EXEC_OK).is_ok()
    };
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(runs);
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_are_told_in_seconds() {
        assert_eq!(compared("the database", 4_000), Finding::ok("clock", "as the database has it"));
        let ahead = compared("the database", 61_500);
        assert_eq!(ahead.detail, "61 s ahead of the database; is NTP running?");
        let behind = compared("the database", -7_200_000);
        assert_eq!(behind.detail, "7200 s behind the database; is NTP running?");
    }

    #[test]
    fn a_folder_may_be_made_below_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(may_write(folder.path()), Ok(()));
        assert_eq!(may_write(&folder.path().join("a/b/c")), Ok(()));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap_or_else(|error| panic!("{error}"));
        assert!(
            may_write(&file.join("data")).is_err_and(|reason| reason.ends_with("is not a folder"))
        );
        assert_eq!(found("sh").map(|path| path.ends_with("sh")), Some(true));
        assert_eq!(found("no-such-program-here"), None);
        assert_eq!(found("/no/such/program"), None);
    }
}
