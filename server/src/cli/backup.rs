//! `milepost backup`: a copy of the database, and what else belongs to it.

use std::path::Path;

use milepost::engine::store::sqlite;
use milepost_cli::{Exit, Format};

use super::CliError;
use crate::{
    config::Configuration,
    serve::{self, ServeError},
};

/// Copies the SQLite database to a new file, and prints which files belong to it.
///
/// # Errors
/// If the database is PostgreSQL, there is none, or the file cannot be written.
pub(super) async fn backup(
    configuration: &Configuration,
    file: &Path,
    format: Format,
) -> Result<Exit, CliError> {
    let storage = &configuration.settings.storage;
    if storage.is_shared() {
        return Err(ServeError::BackupElsewhere.into());
    }
    let database = serve::database(&configuration.settings)?;
    let bytes = sqlite::backup(&database, file).await.map_err(ServeError::from)?;
    let artifacts = match &storage.artifacts {
        Some(place) => place.clone(),
        None => storage.data_dir.join("artifacts").display().to_string(),
    };
    let file = file.display().to_string();
    let text = match format {
        Format::Json => {
            let document =
                serde_json::json!({ "file": file, "bytes": bytes, "artifacts": artifacts });
            format!("{document}\n")
        }
        Format::Text => format!(
            "{file}: {bytes} bytes\nUploads and results that are files are in {artifacts}; copy it after the database.\n"
        ),
    };
    milepost_cli::print(&text).map_err(milepost_cli::CliError::Output)?;
    Ok(Exit::Done)
}
