//! Tags and note of a task, and starting it before its time.

use milepost::{
    client::Client,
    task::{Annotate, TaskId},
};

use super::{CliError, Exit, Format, show};

/// Changes the tags or the note of a task and prints both.
///
/// # Errors
/// If the task does not exist, a value is invalid, or the server cannot be reached.
pub async fn annotate(
    api: &Client,
    id: TaskId,
    annotate: &Annotate,
    format: Format,
) -> Result<Exit, CliError> {
    let snapshot = api.annotate(id, annotate).await?;
    format.show(&snapshot, |snapshot| format!("{id}\n{}", show::labels(snapshot)))?;
    Ok(Exit::Done)
}

/// Lets a task start now that waits for its start time, and prints its status.
///
/// # Errors
/// If the task does not exist or has ended, or the server cannot be reached.
pub async fn start_now(api: &Client, id: TaskId, format: Format) -> Result<Exit, CliError> {
    let snapshot = api.start_now(id).await?;
    format.show(&snapshot, |snapshot| format!("{id} {}\n", snapshot.status))?;
    Ok(Exit::Done)
}
