//! Batches of tasks.

use std::path::Path;

use milepost::{
    client::{Client, Error},
    task::{Batch, BatchId, KindInfo, Snapshot, StartBatch, TaskId},
};
use serde_json::{Map, Value};

use super::{
    Format, Input, files, follow, follow::Interrupt, input, inputs::Inputs, kind_info, show,
};
use crate::{CliError, Exit, error::refused_with};

/// Starts a task for each input of a file, or none; prints the batch id. `common` provides fields
/// that an input does not contain. With `follow`, follows the tasks to their end.
///
/// # Errors
/// If an input is invalid, or the server rejects one or cannot be reached.
pub async fn run_all(
    api: &Client,
    kind: &str,
    file: &Path,
    common: Vec<Input>,
    priority: i32,
    follow: bool,
    format: Format,
) -> Result<Exit, CliError> {
    let inputs = Inputs::read(file)?;
    let KindInfo { kind, input_schema, .. } = kind_info(api, kind).await?;
    let common = files::uploaded(api, &input_schema, common).await?;
    let common = match input::typed(&input_schema, common)? {
        Value::Object(common) => common,
        _ => Map::new(),
    };
    let start = StartBatch { kind, inputs: inputs.with(&common), priority };
    let batch = api.start_batch(&start).await.map_err(|error| inputs.located(error.into()))?;
    started(api, batch, follow, format).await
}

/// Prints the id of a started batch; with `follow`, follows it to its end.
pub(super) async fn started(
    api: &Client,
    batch: Batch,
    follow: bool,
    format: Format,
) -> Result<Exit, CliError> {
    if !follow || format == Format::Text {
        format.show(&batch, |batch| format!("{}\n", batch.id))?;
    }
    if !follow {
        return Ok(Exit::Done);
    }
    let id = TaskId::from_uuid(*batch.id.as_uuid());
    let exit = follow::follow_all(api, batch, Interrupt::Cancels).await?;
    format.show_end(api, id, exit).await
}

/// What an id refers to.
pub(super) enum Found {
    /// A task.
    Task(Box<Snapshot>),
    /// A batch.
    Batch(Batch),
}

/// Finds the task or the batch with this id.
///
/// # Errors
/// If neither exists, or the server cannot be reached.
pub(super) async fn find(api: &Client, id: TaskId) -> Result<Found, Error> {
    let task = api.status(id).await.map(|task| Found::Task(Box::new(task)));
    or_batch(task, async |id| api.batch(id).await.map(Found::Batch), id).await
}

/// Falls back to the batch if no task has this id. If neither exists, returns the task's error.
pub(super) async fn or_batch<T>(
    task: Result<T, Error>,
    batch: impl AsyncFnOnce(BatchId) -> Result<T, Error>,
    id: TaskId,
) -> Result<T, Error> {
    let unknown = match refused_with(404, task)? {
        Ok(task) => return Ok(task),
        Err(problem) => problem,
    };
    let batch = batch(BatchId::from_uuid(*id.as_uuid())).await;
    refused_with(404, batch)?.map_err(|_| Error::Refused(unknown))
}

/// Prints the state of a batch; with `follow`, follows it to its end.
pub(super) async fn status(
    api: &Client,
    batch: Batch,
    follow: bool,
    format: Format,
) -> Result<Exit, CliError> {
    if follow {
        let id = TaskId::from_uuid(*batch.id.as_uuid());
        let exit = follow::follow_all(api, batch, Interrupt::Leaves).await?;
        return format.show_end(api, id, exit).await;
    }
    format.show(&batch, show::batch)?;
    Ok(Exit::of_all(batch.tasks.iter().map(|task| task.status)))
}
