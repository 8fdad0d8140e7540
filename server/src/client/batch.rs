//! Several tasks that are started together.

use std::path::Path;

use milepost::task::{Batch, BatchId, KindInfo, Snapshot, StartBatch, TaskId};
use serde_json::{Map, Value};

use super::{
    Api, ClientError, Input, files, follow, follow::Interrupt, input, inputs::Inputs, kind_info,
    print, show,
};
use crate::cli::{CliError, Exit};

/// Starts a task for each input of a file, or none; prints the id of the batch. `common` fields count
/// where an input does not say otherwise. With `follow`, watches them to their end.
///
/// # Errors
/// When an input is wrong, the server refuses one or cannot be reached.
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

/// Says which batch was started; with `follow`, watches it to its end.
pub(super) async fn started(api: &Api, batch: Batch, follow: bool) -> Result<Exit, CliError> {
    print(&format!("{}\n", batch.id))?;
    if follow { follow::follow_all(api, batch, Interrupt::Cancels).await } else { Ok(Exit::Done) }
}

/// What an id leads to.
pub(super) enum Found {
    /// One task.
    Task(Box<Snapshot>),
    /// Several.
    Batch(Batch),
}

/// The task of this id, or the batch.
///
/// # Errors
/// When it names neither, or the server cannot be reached.
pub(super) async fn find(api: &Api, id: TaskId) -> Result<Found, ClientError> {
    let task = api.get(&format!("/api/v1/tasks/{id}")).await;
    let task = task.map(|task| Found::Task(Box::new(task)));
    let batch = async |id| api.get(&format!("/api/v1/batches/{id}")).await.map(Found::Batch);
    or_batch(task, batch, id).await
}

/// Where an id names no task, what becomes of the batch that it names. Where it names neither, the
/// answer is that of the task.
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

/// How a batch is doing; with `follow`, to its end.
pub(super) async fn status(api: &Api, batch: Batch, follow: bool) -> Result<Exit, CliError> {
    if follow {
        return follow::follow_all(api, batch, Interrupt::Leaves).await;
    }
    print(&show::batch(&batch))?;
    Ok(Exit::of_all(batch.tasks.iter().map(|task| task.status)))
}
