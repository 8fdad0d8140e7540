//! Batches of tasks.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use milepost::{
    client::{Client, Error},
    task::{Batch, BatchId, KindInfo, Snapshot, StartBatch, TaskId},
};
use serde_json::{Map, Value};

use super::{
    Format, Input, StartSettings, files, follow,
    follow::Interrupt,
    input,
    inputs::{Inputs, Reader},
    kind_info, show,
};
use crate::{CliError, ClientError, Exit, error::refused_with, signals::Signals};

/// Which batches to start.
#[derive(Debug)]
pub struct RunAll<'r> {
    /// The kind of the tasks.
    pub kind: &'r str,
    /// The file with the inputs; `-`: standard input.
    pub file: &'r Path,
    /// Fields that an input does not contain.
    pub common: Vec<Input>,
    /// How each of them is started.
    pub settings: StartSettings,
    /// With the same key, file and limits of the server, a repeated call starts nothing twice.
    pub key: Option<&'r str>,
    /// Whether to follow the tasks to their end.
    pub follow: bool,
}

/// Starts a task for each input of a file, and prints the ids of the batches. A file with at most as
/// many inputs as the server takes in one batch is one batch: all of its tasks or none. A longer one
/// is read piece by piece and becomes several.
///
/// # Errors
/// If an input is invalid, or the server rejects one or cannot be reached; batches that were started
/// before go on.
pub async fn run_all(api: &Client, run: RunAll<'_>, format: Format) -> Result<Exit, CliError> {
    let mut reader = Reader::open(run.file)?;
    let KindInfo { kind, input_schema, max_batch, .. } = kind_info(api, run.kind).await?;
    let most = max_batch.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let mut inputs = reader.next(most.max(1))?;
    if inputs.len() == 0 {
        return Err(inputs.none().into());
    }
    let common = files::uploaded(api, &input_schema, run.common).await?;
    let common = match input::typed(&input_schema, common)? {
        Value::Object(common) => common,
        _ => Map::new(),
    };
    let mut starter = Starter {
        api,
        kind,
        common,
        settings: run.settings,
        key: run.key,
        is_printed: !run.follow || format == Format::Text,
        format,
        batches: Vec::new(),
        tasks: 0,
        last_line: 0,
    };
    // Whoever follows them and presses Ctrl-C cancels all of them.
    let mut signals = run.follow.then(Signals::new).transpose()?;
    while inputs.len() > 0 {
        let done = tokio::select! {
            done = starter.start(inputs) => done,
            () = interrupt(&mut signals) => return cancel_all(api, &starter.batches).await,
        };
        inputs = match done.and_then(|()| Ok(reader.next(most)?)) {
            Ok(inputs) => inputs,
            Err(error) => return Err(starter.so_far(error)),
        };
    }
    if starter.batches.len() > 1 {
        super::note(&format!("{} batches, {} tasks", starter.batches.len(), starter.tasks));
    }
    let mut exit = Exit::Done;
    for (index, batch) in starter.batches.iter().enumerate().filter(|_| run.follow) {
        let id = TaskId::from_uuid(*batch.id.as_uuid());
        let one = follow::follow_all(api, batch.clone(), Interrupt::Cancels).await?;
        exit = exit.and(format.show_end(api, id, one).await?);
        let is_interrupted = tokio::select! {
            biased;
            () = interrupt(&mut signals) => true,
            () = std::future::ready(()) => false,
        };
        if is_interrupted {
            return cancel_all(api, &starter.batches[index + 1..]).await;
        }
    }
    Ok(exit)
}

/// Waits for Ctrl-C; for ever without a handler.
async fn interrupt(signals: &mut Option<Signals>) {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

/// Cancels these batches.
async fn cancel_all(api: &Client, batches: &[Batch]) -> Result<Exit, CliError> {
    for batch in batches {
        let batch = api.cancel_batch(batch.id).await.map_err(ClientError::from)?;
        super::note(&format!("{}: cancelled", batch.id));
    }
    Ok(Exit::Cancelled)
}

/// Longest wait for room in the queue, for one batch.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Starts batches one after another.
struct Starter<'s> {
    api: &'s Client,
    kind: String,
    common: Map<String, Value>,
    settings: StartSettings,
    key: Option<&'s str>,
    /// Whether ids are printed as soon as they are known.
    is_printed: bool,
    format: Format,
    batches: Vec<Batch>,
    tasks: usize,
    last_line: usize,
}

impl Starter<'_> {
    /// Starts a batch; several, if its body is too large for the server.
    async fn start(&mut self, inputs: Inputs) -> Result<(), CliError> {
        let mut rest = vec![inputs];
        while let Some(inputs) = rest.pop() {
            match self.start_one(&inputs).await {
                Ok(batch) => {
                    if self.is_printed {
                        self.format.show(&batch, |batch| format!("{}\n", batch.id))?;
                    }
                    self.tasks += inputs.len();
                    self.last_line = inputs.lines().map_or(self.last_line, |(_, last)| last);
                    self.batches.push(batch);
                }
                Err(Error::Refused(problem)) if problem.status == 413 => match inputs.halves() {
                    Some((first, second)) => rest.extend([second, first]),
                    None => return Err(ClientError::from(Error::Refused(problem)).into()),
                },
                Err(error) => return Err(inputs.located(error.into()).into()),
            }
        }
        Ok(())
    }

    /// Starts a batch; one after the first waits until there is room in the queue.
    async fn start_one(&self, inputs: &Inputs) -> Result<Batch, Error> {
        let start = StartBatch::new(&self.kind, inputs.with(&self.common)).with(|start| {
            start.priority = self.settings.priority;
            start.tags.clone_from(&self.settings.tags);
            start.run_at.clone_from(&self.settings.run_at);
            start.delay_s = self.settings.delay_s;
        });
        let key = self.key.zip(inputs.lines());
        let key = key.map(|(key, (first, last))| format!("{key}/{first}-{last}"));
        let begun = Instant::now();
        let mut is_noted = false;
        loop {
            let answer = match &key {
                Some(key) => self.api.start_batch_once(&start, key).await,
                None => self.api.start_batch(&start).await,
            };
            let Err(Error::Refused(problem)) = &answer else { return answer };
            let is_full = matches!(problem.status, 429 | 503) && !self.batches.is_empty();
            let Some(pause) = problem.retry_after_ms.filter(|_| is_full) else { return answer };
            if begun.elapsed() > MAX_WAIT {
                return answer;
            }
            if !is_noted {
                super::note(&format!(
                    "waiting for room: {}",
                    super::show::printable(&problem.detail)
                ));
                is_noted = true;
            }
            let pause = u64::try_from(pause).unwrap_or(0).clamp(500, 60_000);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// The error, and what was started before it.
    fn so_far(&self, error: CliError) -> CliError {
        if self.batches.is_empty() {
            return error;
        }
        let (batches, tasks, line) = (self.batches.len(), self.tasks, self.last_line);
        let batches =
            if batches == 1 { "1 batch".to_owned() } else { format!("{batches} batches") };
        ClientError::Input(format!(
            "{error} ({batches} with {tasks} tasks, up to line {line}, had been started)"
        ))
        .into()
    }
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
    Ok(Exit::of_batch(&batch.counts))
}
