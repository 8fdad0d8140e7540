//! Waits for the end of tasks.

use milepost::{
    client::{Client, Error},
    task::{Batch, Snapshot, Status, StatusCounts, TaskId},
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
                let batch = batch_to_end(api, batch).await?;
                format.show(&batch, show::batch)?;
                let StatusCounts { error, cancelled, .. } = batch.counts;
                statuses.extend((error > 0).then_some(Status::Error));
                statuses.extend((cancelled > 0).then_some(Status::Cancelled));
            }
        }
    }
    Ok(Exit::of_all(statuses.into_iter()))
}

/// Waits for the tasks of a page, then for those of the next, until all have ended.
async fn batch_to_end(api: &Client, mut batch: Batch) -> Result<Batch, Error> {
    loop {
        for task in std::mem::take(&mut batch.tasks) {
            to_end(api, task).await?;
        }
        batch = match batch.next_cursor {
            Some(cursor) => api.batch_page(batch.id, &cursor).await?,
            None => return api.batch(batch.id).await,
        };
    }
}

async fn to_end(api: &Client, task: Snapshot) -> Result<Snapshot, Error> {
    if is_over(&task) { Ok(task) } else { api.wait(task.id).await }
}
