//! Arguments of the commands that talk to a server.

use std::path::PathBuf;

use clap::Args;
use milepost::task::{PRIORITIES, TaskId};
use milepost_cli::{Format, Input};

#[derive(Args, Debug)]
pub(super) struct Remote {
    /// URL of the server
    #[arg(long, env = "MILEPOST_URL", default_value = "http://127.0.0.1:3000", value_name = "URL")]
    pub(super) url: String,
    /// Bearer token; prefer the variable, because other users of this machine can read the command
    /// line
    #[arg(long, env = "MILEPOST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    /// File that contains the token as its only line; ignored if --token is given
    #[arg(long, env = "MILEPOST_TOKEN_FILE", value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Print the JSON of the HTTP API, one document on one line (result prints the result itself)
    #[arg(long)]
    pub(super) json: bool,
}

impl Remote {
    pub(super) const fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }
}

const LEAST: i64 = *PRIORITIES.start() as i64;
const MOST: i64 = *PRIORITIES.end() as i64;

#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(super) struct RunArgs {
    /// Kind of task, such as story or dataset
    #[arg(required_unless_present = "help")]
    pub(super) kind: Option<String>,
    /// Print help; with a KIND, describe its inputs
    #[arg(long, short)]
    pub(super) help: bool,
    /// Input field. KEY=@FILE reads a file (and uploads it for file fields), KEY=@- reads standard
    /// input, KEY=@@... is a text that begins with @
    #[arg(long = "input", short, value_name = "KEY=VALUE")]
    pub(super) inputs: Vec<Input>,
    /// Start a batch: one task for each input in this file, given as one JSON object per line or as
    /// a JSON list; - reads standard input. Fields missing in an input are taken from --input
    #[arg(long = "inputs", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Priority among your own queued tasks, -100 to 100; higher runs first
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(i32).range(LEAST..=MOST))]
    pub(super) priority: i32,
    /// Follow it to its end; Ctrl-C cancels it
    #[arg(long, short)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct RerunArgs {
    /// ID of the task or the batch
    pub(super) id: TaskId,
    /// Input field to change; see `milepost run --help`
    #[arg(long = "input", short, value_name = "KEY=VALUE")]
    pub(super) inputs: Vec<Input>,
    /// Follow it to its end; Ctrl-C cancels it
    #[arg(long, short)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    /// ID of the task or the batch
    pub(super) id: TaskId,
    /// Follow it to its end; Ctrl-C stops following, the task continues
    #[arg(long, short)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct WaitArgs {
    /// IDs of the tasks or batches
    #[arg(required = true)]
    pub(super) ids: Vec<TaskId>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct LogArgs {
    /// ID of the task
    pub(super) id: TaskId,
    /// Print new lines until the task has ended
    #[arg(long, short)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Only tasks with this status
    #[arg(long)]
    pub(super) status: Option<String>,
    /// Only tasks of this kind
    #[arg(long)]
    pub(super) kind: Option<String>,
    /// Only tasks whose title contains this text, in any case
    #[arg(long, short, value_name = "TEXT")]
    pub(super) search: Option<String>,
    /// Maximum number of tasks
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(super) limit: u32,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct TaskOrBatchArgs {
    /// ID of the task or the batch
    pub(super) id: TaskId,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct TaskArgs {
    /// ID of the task
    pub(super) id: TaskId,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct ResultArgs {
    /// ID of the task
    pub(super) id: TaskId,
    /// Download this file instead of the result; `milepost files` lists the names
    #[arg(long, value_name = "NAME")]
    pub(super) file: Option<String>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) remote: Remote,
}
