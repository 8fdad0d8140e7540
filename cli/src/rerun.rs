//! Reruns an ended task, optionally with changed input, or the failed tasks of a batch.

use milepost::{
    client::Client,
    task::{Batch, Snapshot, StartTask, TaskId},
};
use serde_json::{Map, Value};

use super::{
    ClientError, Format, Input, batch, files, follow, follow::Interrupt, input, kind_info,
};
use crate::{CliError, Exit, error::refused_with};

enum Started {
    Task(Box<Snapshot>),
    Batch(Batch),
}

/// Reruns a task or a batch and prints the new id; `inputs` are changes to the task's input. With
/// `follow`, follows it to its end.
///
/// # Errors
/// If the task or batch does not exist, an input is invalid, or the server rejects it or cannot be
/// reached.
pub async fn rerun(
    api: &Client,
    id: TaskId,
    inputs: Vec<Input>,
    follow: bool,
    format: Format,
) -> Result<Exit, CliError> {
    let started = if inputs.is_empty() {
        let task = api.rerun(id).await.map(|task| Started::Task(Box::new(task)));
        let of_batch = async |id| api.rerun_batch(id).await.map(Started::Batch);
        batch::or_batch(task, of_batch, id).await?
    } else {
        Started::Task(Box::new(changed(api, id, inputs).await?))
    };
    match started {
        Started::Batch(batch) => batch::started(api, batch, follow, format).await,
        Started::Task(task) => {
            if !follow || format == Format::Text {
                format.show(&*task, |task| format!("{}\n", task.id))?;
            }
            if !follow {
                return Ok(Exit::Done);
            }
            let id = task.id;
            let exit = follow::follow(api, *task, Interrupt::Cancels, false).await?;
            format.show_end(api, id, exit).await
        }
    }
}

/// Starts a task with the input of another, changed by `inputs`.
async fn changed(api: &Client, id: TaskId, inputs: Vec<Input>) -> Result<Snapshot, ClientError> {
    let Ok(before) = refused_with(404, api.input(id).await)? else {
        // Check whether the id names a batch.
        batch::find(api, id).await?;
        let right = "this is a batch, which is run again as it was; name one of its tasks, or \
                     leave out --input";
        return Err(ClientError::Input(right.to_owned()));
    };
    let info = kind_info(api, &before.kind).await?;
    let inputs = files::uploaded(api, &info.input_schema, inputs).await?;
    let changes = input::typed(&info.input_schema, inputs)?;
    let (Value::Object(mut input), Value::Object(changes)) = (before.input, changes) else {
        return Err(ClientError::Input(format!("the input of {id} has no fields to change")));
    };
    input.extend(changes);
    tell_secrets(&info.input_schema, &input);
    let tags = before.tags;
    let start = StartTask::new(before.kind, Value::Object(input)).with(|start| start.tags = tags);
    Ok(api.start(&start).await?.snapshot)
}

/// Warns that secrets must be given again: the server never returns them.
fn tell_secrets(schema: &Value, input: &Map<String, Value>) {
    let fields = schema["properties"].as_object().into_iter().flatten();
    let secret = fields
        .filter(|(name, field)| field["writeOnly"] == true && !input.contains_key(name.as_str()));
    let names: Vec<_> = secret.map(|(name, _)| super::show::printable(name)).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        super::note(&format!("secrets are not taken over; --input gives them anew: {names}"));
    }
}
