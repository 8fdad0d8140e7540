//! Pausing and resuming a kind or a worker.

use milepost::{
    client::Client,
    task::{PauseTarget, Paused},
};

use super::{CliError, Exit, Format, show};

/// Pauses a kind or a worker, or ends a pause, and prints all that is paused.
///
/// # Errors
/// If there is no such kind or worker, the caller is no operator, or the server cannot be reached.
pub async fn pause(
    api: &Client,
    target: &PauseTarget,
    is_paused: bool,
    format: Format,
) -> Result<Exit, CliError> {
    let paused = if is_paused { api.pause(target).await? } else { api.resume(target).await? };
    format.show(&paused, text)?;
    Ok(Exit::Done)
}

fn text(paused: &Paused) -> String {
    let kinds = paused.kinds.iter().map(|kind| format!("kind {kind}\n"));
    let workers = paused.workers.iter().map(|worker| format!("worker {worker}\n"));
    let names: Vec<_> = kinds.chain(workers).collect();
    if names.is_empty() {
        return "nothing is paused\n".to_owned();
    }
    let lines = names.iter().map(|name| format!("paused: {}\n", show::printable(name.trim_end())));
    lines.collect()
}
