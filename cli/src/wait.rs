//! Waits for the end of tasks.

use milepost::{
    client::{Client, Error},
    task::{Snapshot, TaskId},
};

use super::{
    Format,
    batch::{self, Found},
    is_over, show,
};
use crate::{CliError, Exit};

/// Waits until all these tasks and batches have ended, and prints how each of them did.
///
/// # Errors
/// If one does not exist, or the server cannot be reached.
pub async fn wait(api: &Client, ids: Vec<TaskId>, format: Format) -> Result<Exit, CliError> {
    let mut statuses = Vec::with_capacity(ids.len());
    for id in ids {
        match batch::find(api, id).await? {
            Found::Task(task) => {
                let task = to_end(api, *task).await?;
                format.show(&task, |task| format!("{} {}\n", task.id, show::end(task)))?;
                statuses.push(task.status);
            }
            Found::Batch(batch) => {
                for task in batch.tasks {
                    to_end(api, task).await?;
                }
                let batch = api.batch(batch.id).await?;
                format.show(&batch, show::batch)?;
                statuses.extend(batch.tasks.iter().map(|task| task.status));
            }
        }
    }
    Ok(Exit::of_all(statuses.into_iter()))
}

async fn to_end(api: &Client, task: Snapshot) -> Result<Snapshot, Error> {
    if is_over(&task) { Ok(task) } else { api.wait(task.id).await }
}
