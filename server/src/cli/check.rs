//! `milepost check`: whether what the configuration names can be used.

use milepost_cli::Exit;

use super::CliError;
use crate::{config::Configuration, serve::ServeError};

/// Calls the language model once and prints the outcome.
///
/// # Errors
/// If the narrator's settings are invalid, or standard output is closed.
pub(super) async fn check(configuration: &Configuration) -> Result<Exit, CliError> {
    let check = milepost_story::check(&configuration.settings.narrator);
    let check = check.await.map_err(ServeError::from)?;
    milepost_cli::print(&format!("{}\n", check.lines.join("\n")))
        .map_err(milepost_cli::CliError::Output)?;
    Ok(if check.fine { Exit::Done } else { Exit::Misused })
}
