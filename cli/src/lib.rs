//! The commands of `milepost` that need no server in this process: those that talk to one over its
//! HTTP API, and `progress-test`.

mod batch;
mod error;
mod exit;
mod files;
mod follow;
mod format;
mod help;
mod input;
mod inputs;
mod labels;
mod log;
mod pause;
pub mod progress_test;
mod rerun;
mod screen;
pub mod secrets;
mod servers;
mod show;
pub mod signals;
mod wait;

use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
};

use milepost::{
    client::{Client, Error, ListTasks},
    poll::Config,
    task::{KindInfo, Snapshot, StartTask, StartedTask, Status, TaskId, TraceParent},
};

use self::{batch::Found, error::refused_with, follow::Interrupt};

pub use batch::{RunAll, run_all};
pub use error::{CliError, ClientError};
pub use exit::Exit;
pub use files::{file, files};
pub use format::Format;
pub use input::Input;
pub use labels::{annotate, start_now};
pub use log::log;
pub use pause::pause;
pub use rerun::rerun;
pub use servers::{StoredServer, login, stored_server};
pub use show::printable;
pub use wait::wait;

/// Maximum length of a line with a token, in bytes.
const MAX_TOKEN_LINE: u64 = 64 << 10;

/// Maximum size of a result, in bytes.
const MAX_RESULT_BYTES: usize = 1 << 30;

/// Variable with the trace that the tasks started by this process belong to, as `traceparent` has it.
const TRACE: &str = "TRACEPARENT";

/// Creates a client for a server URL such as `http://127.0.0.1:3000`. It follows tasks without a
/// time limit, because a person watches. Its requests belong to the trace that the variable `TRACEPARENT` names, if
/// that is valid.
///
/// # Errors
/// If the URL or the token is invalid.
pub fn connect(url: &str, token: Option<&str>) -> Result<Client, ClientError> {
    let trace = std::env::var(TRACE).ok().and_then(|text| text.parse::<TraceParent>().ok());
    let client = Client::builder(url).bearer(token.unwrap_or_default()).polling(Config::default());
    Ok(client.traceparent(trace).max_result_bytes(MAX_RESULT_BYTES).build()?)
}

/// Reads the token from a file.
///
/// # Errors
/// If the file cannot be read or does not contain exactly one line.
pub fn read_token(file: &Path) -> Result<String, ClientError> {
    let (token, remark) = secrets::read_file(file)
        .map_err(|what| ClientError::Input(format!("the token cannot be taken: {what}")))?;
    if let Some(remark) = remark {
        note(&remark);
    }
    Ok(token)
}

/// How tasks are started, besides their input.
#[derive(Clone, Debug, Default)]
pub struct StartSettings {
    /// Priority among the caller's queued tasks.
    pub priority: i32,
    /// Tags of each task.
    pub tags: Vec<String>,
    /// Earliest time of the start (RFC 3339).
    pub run_at: Option<String>,
    /// Seconds until the start.
    pub delay_s: Option<i64>,
}

/// Reads the token from a line of standard input.
///
/// # Errors
/// If there is none.
pub fn read_token_line() -> Result<String, ClientError> {
    if std::io::stdin().is_terminal() {
        note("paste the token, then press Enter:");
    }
    let mut line = String::new();
    let read = std::io::Read::take(std::io::stdin().lock(), MAX_TOKEN_LINE);
    std::io::BufRead::read_line(&mut std::io::BufReader::new(read), &mut line)
        .map_err(|error| ClientError::Input(format!("the token cannot be read: {error}")))?;
    let token = line.trim();
    match token.is_empty() {
        true => {
            Err(ClientError::Input("a token is needed: --token, or a line of input".to_owned()))
        }
        false => Ok(token.to_owned()),
    }
}

/// Starts a task and prints its id. With `follow`, follows it to its end, and with `preview` shows what is
/// finished as it grows.
///
/// # Errors
/// If the input does not match the kind, or the server rejects it or cannot be reached.
pub async fn run(
    api: &Client,
    kind: &str,
    inputs: Vec<Input>,
    settings: &StartSettings,
    follow: bool,
    preview: bool,
    format: Format,
) -> Result<Exit, CliError> {
    let info = kind_info(api, kind).await?;
    let inputs = files::uploaded(api, &info.input_schema, inputs).await?;
    let input = input::typed(&info.input_schema, inputs)?;
    let start = StartTask::new(kind, input).with(|start| {
        start.priority = settings.priority;
        start.tags.clone_from(&settings.tags);
        start.run_at.clone_from(&settings.run_at);
        start.delay_s = settings.delay_s;
    });
    let started = api.start(&start).await?;
    if !follow || format == Format::Text {
        format.show(&started, |started| format!("{}\n", started.snapshot.id))?;
    }
    let StartedTask { existing, snapshot: started, .. } = started;
    let id = started.id;
    if existing {
        note("this work was already under way; nothing new was started");
    }
    if !follow {
        return Ok(Exit::Done);
    }
    let exit = follow::follow(api, started, Interrupt::Cancels, preview).await?;
    format.show_end(api, id, exit).await
}

/// Prints the inputs of a kind.
///
/// # Errors
/// If the kind does not exist or the server cannot be reached.
pub async fn help(api: &Client, kind: &str) -> Result<Exit, CliError> {
    print(&help::help(&kind_info(api, kind).await?))?;
    Ok(Exit::Done)
}

/// Fetches a kind; if it is unknown, the error lists the existing kinds.
async fn kind_info(api: &Client, kind: &str) -> Result<KindInfo, ClientError> {
    if let Ok(info) = refused_with(404, api.kind(kind).await)? {
        return Ok(info);
    }
    let kinds: Vec<_> = api.kinds().await?.into_iter().map(|info| info.kind).collect();
    let kinds = show::printable(&kinds.join(", "));
    Err(ClientError::Input(format!("there is no kind {kind}; there are: {kinds}")))
}

/// Prints the state of a task or a batch; with `follow`, follows it to its end, and with `preview` shows
/// what is finished of a task as it grows.
///
/// # Errors
/// If the task or batch does not exist, or the server cannot be reached.
pub async fn status(
    api: &Client,
    id: TaskId,
    follow: bool,
    preview: bool,
    format: Format,
) -> Result<Exit, CliError> {
    let snapshot = match batch::find(api, id).await? {
        Found::Task(snapshot) => *snapshot,
        Found::Batch(batch) => return batch::status(api, batch, follow, format).await,
    };
    if follow {
        let exit = follow::follow(api, snapshot, Interrupt::Leaves, preview).await?;
        return format.show_end(api, id, exit).await;
    }
    format.show(&snapshot, show::details)?;
    Ok(Exit::of(snapshot.status))
}

/// Which tasks to list.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'t> {
    /// Only tasks with this status.
    pub status: Option<&'t str>,
    /// Only tasks of this kind.
    pub kind: Option<&'t str>,
    /// Only tasks whose title contains this text.
    pub search: Option<&'t str>,
    /// Only tasks with this tag.
    pub tag: Option<&'t str>,
    /// Maximum number of tasks.
    pub limit: u32,
}

/// Maximum number of further pages of a search that are read for one list.
const MAX_SEARCHES: u32 = 100;

/// Lists tasks, newest first.
///
/// # Errors
/// If the server refuses the request or cannot be reached.
pub async fn list(api: &Client, listed: Listed<'_>, format: Format) -> Result<Exit, CliError> {
    let Listed { status, kind, search, tag, limit } = listed;
    let mut query = ListTasks::default().limit(limit);
    if let Some(status) = status {
        query = query.status_name(status);
    }
    if let Some(kind) = kind {
        query = query.kind(kind);
    }
    if let Some(search) = search {
        query = query.search(search);
    }
    if let Some(tag) = tag {
        query = query.tag(tag);
    }
    let mut list = api.list(&query).await?;
    // A page of a search may have few tasks; the next one goes on.
    for _ in 0..MAX_SEARCHES {
        let found = u32::try_from(list.tasks.len()).unwrap_or(u32::MAX);
        let (true, Some(cursor)) = (list.searched.is_some() && found < limit, &list.next_cursor)
        else {
            break;
        };
        let more = api.list(&query.clone().limit(limit - found).cursor(cursor)).await?;
        list.tasks.extend(more.tasks);
        (list.next_cursor, list.searched) = (more.next_cursor, more.searched);
    }
    format.show(&list, |list| show::table(&list.tasks))?;
    if list.tasks.is_empty() && !api.has_token() {
        note(&no_list(api.url()));
    }
    Ok(Exit::Done)
}

/// Why a caller without an identity has no list, and how to have one.
fn no_list(url: &str) -> String {
    let url = milepost::client::hide_secrets_in_urls(url);
    format!(
        "nothing is listed for a caller without an identity: what it starts belongs to nobody, and \
         only the id leads there (`milepost status ID`). A browser has an identity: {url}/tasks \
         lists what was started there. For a list here, use a token (`milepost token add`, \
         `milepost login`), or give one with --token or MILEPOST_TOKEN_FILE; see \"Callers\" in \
         docs/http.md"
    )
}

/// Deletes a task with all its data. One that has not ended is deleted only if `is_forced`.
///
/// # Errors
/// If the task does not exist or has not ended, or the server refuses or cannot be reached.
pub async fn delete(api: &Client, id: TaskId, is_forced: bool) -> Result<Exit, CliError> {
    if !is_forced {
        let status = api.status(id).await?.status;
        if !status.is_terminal() {
            let detail = format!("the task is `{status}`; --force stops and deletes it");
            return Err(ClientError::Input(detail).into());
        }
    }
    api.delete(id).await?;
    Ok(Exit::Done)
}

/// Cancels a task or all tasks of a batch, and prints the receipt so far.
///
/// # Errors
/// If the task or batch does not exist, or the server cannot be reached.
pub async fn cancel(api: &Client, id: TaskId, format: Format) -> Result<Exit, CliError> {
    let said =
        |snapshot: &Snapshot| format!("{id} {}\n{}", snapshot.status, show::receipt(snapshot));
    let task = api.cancel(id).await.map(|task| Found::Task(Box::new(task)));
    let of_batch = async |id| api.cancel_batch(id).await.map(Found::Batch);
    match batch::or_batch(task, of_batch, id).await? {
        Found::Task(task) => format.show(&*task, said)?,
        Found::Batch(batch) => format.show(&batch, show::batch)?,
    }
    Ok(Exit::Done)
}

/// Extends the retention of an ended task and prints the new expiry.
///
/// # Errors
/// If the task does not exist or has not ended, or the server cannot be reached.
pub async fn keep(api: &Client, id: TaskId, format: Format) -> Result<Exit, CliError> {
    let snapshot = api.keep(id).await?;
    format.show(&snapshot, |snapshot| format!("{id} {}\n", show::kept(snapshot)))?;
    Ok(Exit::Done)
}

/// Downloads a result to a file or to standard output.
///
/// # Errors
/// If there is no result (yet), it cannot be written, or the server cannot be reached.
pub async fn result(api: &Client, id: TaskId, output: Option<&Path>) -> Result<Exit, CliError> {
    let bytes = match refused_with(409, api.result(id).await)? {
        Ok(bytes) => bytes,
        Err(problem) => {
            let snapshot = api.status(id).await?;
            note(&show::end(&snapshot));
            return match Exit::of(snapshot.status) {
                Exit::Done => Err(Error::Refused(problem).into()),
                exit => Ok(exit),
            };
        }
    };
    match output {
        Some(path) => std::fs::write(path, &bytes)
            .map_err(|error| ClientError::File { path: path.to_owned(), error })?,
        None if std::io::stdout().is_terminal() => {
            let text = String::from_utf8(bytes).map_err(|_| ClientError::Binary)?;
            print(&show::printable_text(&text))?;
        }
        None => std::io::stdout().write_all(&bytes)?,
    }
    Ok(Exit::Done)
}

/// Writes to standard output.
///
/// # Errors
/// If it is closed or full.
pub fn print(text: &str) -> Result<(), std::io::Error> {
    let mut stdout = std::io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes a note or an error to standard error, without what a terminal obeys; ignores write errors.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "milepost: {}", show::printable_text(text));
}

/// Whether the task has ended.
const fn is_over(snapshot: &Snapshot) -> bool {
    matches!(snapshot.status, Status::Completed | Status::Error | Status::Cancelled)
}
