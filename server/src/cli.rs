//! Command line: arguments, dispatch and exit codes.

mod args;
mod backup;
mod check;

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use milepost::client::Client;
use milepost_cli::{
    CliError as CommandError, Exit, Listed,
    progress_test::{self, ProgressTestArgs},
};

use self::args::{
    ListArgs, LogArgs, Remote, RerunArgs, ResultArgs, RunArgs, StatusArgs, TaskArgs,
    TaskOrBatchArgs, WaitArgs,
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
    /// Wait until tasks or batches have ended
    Wait(WaitArgs),
    /// Print the log of a task
    Log(LogArgs),
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
struct BackupArgs {
    /// File to write; it must not exist
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
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
            Ok(milepost_cli::rerun(&connect(&remote)?, id, inputs, follow, remote.format()).await?)
        }
        Command::Status(StatusArgs { id, follow, remote }) => {
            Ok(milepost_cli::status(&connect(&remote)?, id, follow, remote.format()).await?)
        }
        Command::Wait(WaitArgs { ids, remote }) => {
            Ok(milepost_cli::wait(&connect(&remote)?, ids, remote.format()).await?)
        }
        Command::Log(LogArgs { id, follow, remote }) => {
            Ok(milepost_cli::log(&connect(&remote)?, id, follow, remote.format()).await?)
        }
        Command::Ls(ListArgs { status, kind, search, limit, remote }) => {
            let (status, kind) = (status.as_deref(), kind.as_deref());
            let listed = Listed { status, kind, search: search.as_deref(), limit };
            Ok(milepost_cli::list(&connect(&remote)?, listed, remote.format()).await?)
        }
        Command::Cancel(TaskOrBatchArgs { id, remote }) => {
            Ok(milepost_cli::cancel(&connect(&remote)?, id, remote.format()).await?)
        }
        Command::Keep(TaskArgs { id, remote }) => {
            Ok(milepost_cli::keep(&connect(&remote)?, id, remote.format()).await?)
        }
        Command::Result(ResultArgs { id, file, output, remote }) => {
            let (api, output) = (connect(&remote)?, output.as_deref());
            Ok(match file {
                Some(name) => milepost_cli::file(&api, id, &name, output).await?,
                None => milepost_cli::result(&api, id, output).await?,
            })
        }
        Command::Files(TaskArgs { id, remote }) => {
            Ok(milepost_cli::files(&connect(&remote)?, id, remote.format()).await?)
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
    let (api, format) = (connect(&remote)?, remote.format());
    match file {
        _ if help => milepost_cli::help(&api, &kind).await,
        Some(file) => {
            milepost_cli::run_all(&api, &kind, &file, inputs, priority, follow, format).await
        }
        None => milepost_cli::run(&api, &kind, inputs, priority, follow, format).await,
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
