//! Command line: arguments, dispatch and exit codes.

mod backup;
mod check;

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use milepost::{
    client::Client,
    task::{PRIORITIES, TaskId},
};
use milepost_cli::{
    CliError as CommandError, Exit, Input,
    progress_test::{self, ProgressTestArgs},
};

use crate::{
    config::{self, ConfigError, Configuration, Flags},
    process,
    serve::{self, ServeError},
};

/// Version and commit, as `scripts/build` names them.
const VERSION: &str = match option_env!("MILEPOST_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Any long job gets a page: start it, watch it honestly, cancel it for real, collect its result.
#[derive(Debug, Parser)]
#[command(name = "milepost", version = VERSION, arg_required_else_help = false)]
#[command(
    after_help = "Exit codes: 0 done, 1 the task (or one of a batch) failed, 2 bad usage or configuration (or \
                        the server cannot be reached), 130 cancelled."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; prints its URL when ready
    Serve(ServerArgs),
    /// Run tasks from a PostgreSQL queue without serving HTTP
    Worker(WorkerArgs),
    /// Start a task
    Run(RunArgs),
    /// Start an ended task, or the failed tasks of a batch, once more
    Rerun(RerunArgs),
    /// Show the state of a task or a batch
    Status(StatusArgs),
    /// List tasks, newest first
    Ls(ListArgs),
    /// Cancel a task, or all tasks of a batch
    Cancel(TaskOrBatchArgs),
    /// Keep an ended task and its result longer
    Keep(TaskArgs),
    /// Download the result of a task, or one of its files
    Result(ResultArgs),
    /// List the files of a task
    Files(TaskArgs),
    /// Call the language model once, and print what it costs and what is wrong
    Check(ServerArgs),
    /// Copy the SQLite database to a new file, also while the server runs
    Backup(BackupArgs),
    /// Print the effective configuration with the source of each value
    Config(ServerArgs),
    /// Show what a preset or a pattern recognises in a command's output
    ProgressTest(ProgressTestArgs),
}

#[derive(Args, Clone, Debug, Default)]
struct ServerArgs {
    /// Address and port to listen on; port 0 picks a free port [default: 127.0.0.1:3000]
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<String>,
    /// Folder for the database [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Database URL, such as sqlite:///path/to/file [default: milepost.db in the data folder]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// File that contains the database URL, including its password, as its only line; make it
    /// readable by its owner only
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    database_file: Option<PathBuf>,
    /// Folder of the built pages, instead of those inside this program
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Folder of {subject}/research.md, and of the stories written [default: output]
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Serve requests only; leave queued tasks to other processes
    #[arg(long)]
    no_worker: bool,
    /// Configuration file [default: milepost.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "MILEPOST_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
struct WorkerArgs {
    /// Database URL of the servers, such as postgres://user:password@host:5432/database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// File that contains the database URL, including its password, as its only line; make it
    /// readable by its owner only
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    database_file: Option<PathBuf>,
    /// Maximum number of tasks that run at once [default: 8]
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
    /// Folder of {subject}/research.md, and of the stories written [default: output]
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Configuration file [default: milepost.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "MILEPOST_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct Remote {
    /// URL of the server
    #[arg(long, env = "MILEPOST_URL", default_value = "http://127.0.0.1:3000", value_name = "URL")]
    url: String,
    /// Bearer token; prefer the variable, because other users of this machine can read the command
    /// line
    #[arg(long, env = "MILEPOST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// File that contains the token as its only line; ignored if --token is given
    #[arg(long, env = "MILEPOST_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

const LEAST: i64 = *PRIORITIES.start() as i64;
const MOST: i64 = *PRIORITIES.end() as i64;

#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
struct RunArgs {
    /// Kind of task, such as story or dataset
    #[arg(required_unless_present = "help")]
    kind: Option<String>,
    /// Print help; with a KIND, describe its inputs
    #[arg(long, short)]
    help: bool,
    /// Input field. KEY=@FILE reads a file (and uploads it for file fields), KEY=@- reads standard
    /// input, KEY=@@... is a text that begins with @
    #[arg(long = "input", short, value_name = "KEY=VALUE")]
    inputs: Vec<Input>,
    /// Start a batch: one task for each input in this file, given as one JSON object per line or as
    /// a JSON list; - reads standard input. Fields missing in an input are taken from --input
    #[arg(long = "inputs", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Priority among your own queued tasks, -100 to 100; higher runs first
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(i32).range(LEAST..=MOST))]
    priority: i32,
    /// Follow it to its end; Ctrl-C cancels it
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Args, Debug)]
struct RerunArgs {
    /// ID of the task or the batch
    id: TaskId,
    /// Input field to change; see `milepost run --help`
    #[arg(long = "input", short, value_name = "KEY=VALUE")]
    inputs: Vec<Input>,
    /// Follow it to its end; Ctrl-C cancels it
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Args, Debug)]
struct StatusArgs {
    /// ID of the task or the batch
    id: TaskId,
    /// Follow it to its end; Ctrl-C stops following, the task continues
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Args, Debug)]
struct BackupArgs {
    /// File to write; it must not exist
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// Only tasks with this status
    #[arg(long)]
    status: Option<String>,
    /// Only tasks of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Maximum number of tasks
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Args, Debug)]
struct TaskOrBatchArgs {
    /// ID of the task or the batch
    id: TaskId,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Args, Debug)]
struct TaskArgs {
    /// ID of the task
    id: TaskId,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Args, Debug)]
struct ResultArgs {
    /// ID of the task
    id: TaskId,
    /// Download this file instead of the result; `milepost files` lists the names
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

/// Why a command failed. Every variant exits with [`Exit::Misused`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Invalid configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server could not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A command that needs no server in this process failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// No command was given.
    #[error("a command is missing; `milepost --help` lists them")]
    NoCommand,
}

/// Runs the command.
///
/// # Errors
/// If the command fails. A failed task is not an error but [`Exit::TaskFailed`].
pub async fn run(cli: Cli) -> Result<Exit, CliError> {
    let Some(command) = cli.command.or_else(under_cargo_leptos) else {
        return Err(CliError::NoCommand);
    };
    match command {
        Command::Serve(args) => {
            process::protect().map_err(ServeError::Process)?;
            serve::serve(load(&args)?).await?;
            Ok(Exit::Done)
        }
        Command::Worker(args) => {
            process::protect().map_err(ServeError::Process)?;
            let WorkerArgs { database, database_file, concurrency, output_dir, config } = args;
            let flags =
                Flags { database, database_file, concurrency, output_dir, ..Flags::default() };
            serve::work(read(config.as_deref(), &flags)?).await?;
            Ok(Exit::Done)
        }
        Command::Check(args) => check::check(&load(&args)?).await,
        Command::Backup(BackupArgs { file, server }) => {
            backup::backup(&load(&server)?, &file).await
        }
        Command::Config(args) => print_config(&load(&args)?),
        Command::ProgressTest(args) => {
            let out = &mut std::io::BufWriter::new(std::io::stdout());
            Ok(progress_test::run(&args, &mut std::io::stdin().lock(), out)?)
        }
        Command::Run(args) => Ok(run_task(args).await?),
        Command::Rerun(RerunArgs { id, inputs, follow, remote }) => {
            Ok(milepost_cli::rerun(&connect(&remote)?, id, inputs, follow).await?)
        }
        Command::Status(StatusArgs { id, follow, remote }) => {
            Ok(milepost_cli::status(&connect(&remote)?, id, follow).await?)
        }
        Command::Ls(ListArgs { status, kind, limit, remote }) => {
            let (status, kind) = (status.as_deref(), kind.as_deref());
            Ok(milepost_cli::list(&connect(&remote)?, status, kind, limit).await?)
        }
        Command::Cancel(TaskOrBatchArgs { id, remote }) => {
            Ok(milepost_cli::cancel(&connect(&remote)?, id).await?)
        }
        Command::Keep(TaskArgs { id, remote }) => {
            Ok(milepost_cli::keep(&connect(&remote)?, id).await?)
        }
        Command::Result(ResultArgs { id, file, output, remote }) => {
            let (api, output) = (connect(&remote)?, output.as_deref());
            Ok(match file {
                Some(name) => milepost_cli::file(&api, id, &name, output).await?,
                None => milepost_cli::result(&api, id, output).await?,
            })
        }
        Command::Files(TaskArgs { id, remote }) => {
            Ok(milepost_cli::files(&connect(&remote)?, id).await?)
        }
    }
}

fn print_config(configuration: &Configuration) -> Result<Exit, CliError> {
    let text = config::print(configuration);
    let isolation = serve::isolation(&configuration.settings);
    milepost_cli::print(&format!("{text}\n# isolation of commands in force: {isolation}\n"))
        .map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

/// Starts a task or a batch, or prints help about it.
async fn run_task(args: RunArgs) -> Result<Exit, CommandError> {
    let RunArgs { kind, help, inputs, file, priority, follow, remote } = args;
    let Some(kind) = kind else {
        let mut cli = Cli::command();
        cli.build();
        let run = cli.find_subcommand_mut("run").map(clap::Command::render_long_help);
        milepost_cli::print(&run.unwrap_or_default().to_string())?;
        return Ok(Exit::Done);
    };
    let api = connect(&remote)?;
    match file {
        _ if help => milepost_cli::help(&api, &kind).await,
        Some(file) => milepost_cli::run_all(&api, &kind, &file, inputs, priority, follow).await,
        None => milepost_cli::run(&api, &kind, inputs, priority, follow).await,
    }
}

/// `cargo leptos serve` and `cargo leptos watch` start the binary without arguments.
fn under_cargo_leptos() -> Option<Command> {
    std::env::var_os("LEPTOS_OUTPUT_NAME").map(|_| Command::Serve(ServerArgs::default()))
}

fn connect(remote: &Remote) -> Result<Client, CommandError> {
    let token = match (&remote.token, &remote.token_file) {
        (None, Some(file)) => Some(milepost_cli::read_token(file)?),
        (token, _) => token.clone(),
    };
    Ok(milepost_cli::connect(&remote.url, token.as_deref())?)
}

fn load(args: &ServerArgs) -> Result<Configuration, ConfigError> {
    let args = args.clone();
    let ServerArgs { addr, data, database, database_file, site, output_dir, no_worker, config } =
        args;
    let flags = Flags {
        addr,
        data_dir: data,
        database,
        database_file,
        site_dir: site,
        output_dir,
        concurrency: None,
        no_worker,
    };
    read(config.as_deref(), &flags)
}

fn read(config: Option<&Path>, flags: &Flags) -> Result<Configuration, ConfigError> {
    // Variables that are not valid Unicode are never ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Configuration::load(config, flags, variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
