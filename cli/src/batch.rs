//! Batches of tasks.

use std::path::Path;

use milepost::task::{Batch, BatchId, KindInfo, Snapshot, StartBatch, TaskId};
use serde_json::{Map, Value};

use super::{
    Api, ClientError, Input, files, follow, follow::Interrupt, input, inputs::Inputs, kind_info,
    print, show,
};
use crate::{CliError, Exit};

/// Starts a task for each input of a file, or none; prints the batch id. `common` provides fields
/// that an input does not contain. With `follow`, follows the tasks to their end.
///
/// # Errors
/// If an input is invalid, or the server rejects one or cannot be reached.
pub async fn run_all(
    api: &Api,
    kind: &str,
    file: &Path,
    common: Vec<Input>,
    priority: i32,
    follow: bool,
) -> Result<Exit, CliError> {
    let inputs = Inputs::read(file)?;
    let KindInfo { kind, input_schema, .. } = kind_info(api, kind).await?;
    let common = files::uploaded(api, &input_schema, common).await?;
    let common = match input::typed(&input_schema, common)? {
        Value::Object(common) => common,
        _ => Map::new(),
    };
    let start = StartBatch { kind, inputs: inputs.with(&common), priority };
    let batch = api.start_batch(&start).await.map_err(|error| inputs.located(error))?;
    started(api, batch, follow).await
}

/// Prints the id of a started batch; with `follow`, follows it to its end.
pub(super) async fn started(api: &Api, batch: Batch, follow: bool) -> Result<Exit, CliError> {
    print(&format!("{}\n", batch.id))?;
    if follow { follow::follow_all(api, batch, Interrupt::Cancels).await } else { Ok(Exit::Done) }
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
pub(super) async fn find(api: &Api, id: TaskId) -> Result<Found, ClientError> {
    let task = api.get(&format!("/api/v1/tasks/{id}")).await;
    let task = task.map(|task| Found::Task(Box::new(task)));
    let batch = async |id| api.get(&format!("/api/v1/batches/{id}")).await.map(Found::Batch);
    or_batch(task, batch, id).await
}

/// Falls back to the batch if no task has this id. If neither exists, returns the task's error.
pub(super) async fn or_batch<T>(
    task: Result<T, ClientError>,
    batch: impl AsyncFnOnce(BatchId) -> Result<T, ClientError>,
    id: TaskId,
) -> Result<T, ClientError> {
    let unknown = match task {
        Err(ClientError::Refused(problem)) if problem.status == 404 => problem,
        answer => return answer,
    };
    match batch(BatchId::from_uuid(*id.as_uuid())).await {
        Err(ClientError::Refused(problem)) if problem.status == 404 => {
            Err(ClientError::Refused(unknown))
        }
        answer => answer,
    }
}

/// Prints the state of a batch; with `follow`, follows it to its end.
pub(super) async fn status(api: &Api, batch: Batch, follow: bool) -> Result<Exit, CliError> {
    if follow {
        return follow::follow_all(api, batch, Interrupt::Leaves).await;
    }
    print(&show::batch(&batch))?;
    Ok(Exit::of_all(batch.tasks.iter().map(|task| task.status)))
}
