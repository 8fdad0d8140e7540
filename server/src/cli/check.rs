//! `milepost check`: whether what the configuration names can be used. One line each.

mod behind;
mod database;
mod machine;
mod provider;

use std::fmt;

use milepost_cli::{CliError as CommandError, Exit, Format};
use serde::Serialize;

use super::CliError;
use crate::{
    config::{ConfigError, Configuration},
    serve::ServeError,
};

/// How much something is in the way of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// It works, and may not be what is meant.
    Warning,
    /// It does not work.
    Error,
}

/// What was checked, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    name: &'static str,
    status: Status,
    detail: String,
}

impl Finding {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, detail)
    }

    fn warning(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Warning, detail)
    }

    fn error(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Error, detail)
    }

    /// The detail is one line.
    fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        let lines: Vec<_> = detail.lines().map(str::trim).collect();
        Self { name, status, detail: lines.join("; ") }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Error => "error",
        };
        writeln!(f, "{status:<8} {:<14} {}", self.name, self.detail)
    }
}

/// All findings; fine without an error among them.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Finding>,
}

/// Checks everything that a start needs, or with `behind` what a proxy passes on, and prints it.
///
/// # Errors
/// If standard output is closed.
pub(super) async fn check(
    configuration: Result<Configuration, ConfigError>,
    behind: Option<&str>,
    format: Format,
) -> Result<Exit, CliError> {
    let mut checks = Vec::new();
    match (&configuration, behind) {
        (Err(error), _) => {
            let error = error.to_string();
            let error = error.strip_prefix("configuration: ").unwrap_or(&error);
            checks.push(Finding::error("configuration", error));
        }
        (Ok(configuration), Some(url)) => checks = behind::check(configuration, url).await,
        (Ok(configuration), None) => checks = all(configuration).await,
    }
    let ok = checks.iter().all(|finding| finding.status != Status::Error);
    let report = Report { ok, checks };
    let text = match format {
        Format::Text => report.checks.iter().map(Finding::to_string).collect(),
        Format::Json => serde_json::to_string(&report).unwrap_or_default() + "\n",
    };
    milepost_cli::print(&text).map_err(CommandError::Output)?;
    Ok(if ok { Exit::Done } else { Exit::Misused })
}

async fn all(configuration: &Configuration) -> Vec<Finding> {
    let settings = &configuration.settings;
    let mut checks = vec![machine::configuration(configuration)];
    checks.extend(machine::access(settings));
    let (database, clock) = database::check(settings).await;
    checks.extend(database);
    checks.extend(provider::check(settings).await);
    checks.push(machine::files(settings).await);
    checks.push(machine::output(settings));
    checks.push(match clock {
        Some(ms) => machine::clock(settings, ms),
        None => machine::own_clock(settings).await,
    });
    checks.extend(machine::ports(settings).await);
    checks.extend(machine::commands(configuration));
    checks.push(match milepost_story::check(&settings.narrator).await {
        Ok(check) => {
            let status = if check.fine { Status::Ok } else { Status::Error };
            Finding::new("narrator", status, check.lines.join(" "))
        }
        Err(error) => Finding::error("narrator", ServeError::from(error).to_string()),
    });
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let finding = Finding::error("database", "first\n  second\n");
        assert_eq!(finding.to_string(), "error    database       first; second\n");
    }
}
