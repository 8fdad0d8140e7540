//! Command line: arguments, dispatch and exit codes.

mod args;
mod backup;
mod check;
mod remote;
mod server_args;
mod token;
mod user;

use std::path::Path;

use clap::{CommandFactory as _, Parser, Subcommand};
use milepost::task::{Annotate, PauseTarget};
use milepost_cli::{
    CliError as CommandError, Exit, Format, Listed, RunAll, StartSettings,
    progress_test::{self, ProgressTestArgs},
};

use self::{
    args::{
        DeleteArgs, ListArgs, LogArgs, NoteArgs, PauseArgs, RerunArgs, ResultArgs, RunArgs,
        StatusArgs, TagArgs, TaskArgs, TaskOrBatchArgs, WaitArgs,
    },
    remote::connect,
    server_args::{BackupArgs, CheckArgs, JsonArgs, ServerArgs, WorkerArgs},
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
    /// Set the tags of a task
    Tag(TagArgs),
    /// Set the note of a task
    Note(NoteArgs),
    /// Start a task now that waits for its start time
    StartNow(TaskArgs),
    /// Delete a task with its input, log, result and files
    Delete(DeleteArgs),
    /// Let a kind or a worker take no more tasks; what runs goes on. For operators
    Pause(PauseArgs),
    /// End a pause. For operators
    Resume(PauseArgs),
    /// Download the result of a task, or one of its files
    Result(ResultArgs),
    /// List the files of a task
    Files(TaskArgs),
    /// Check what a start needs: database, files, clock, ports, commands, and one call of the
    /// language model
    Check(CheckArgs),
    /// Migrate the database to this version, and do nothing else; for roles that serve may not use
    Migrate(JsonArgs),
    /// Copy the SQLite database to a new file, also while the server runs
    Backup(BackupArgs),
    /// Make, list and remove the tokens by which programs are identified
    Token(token::TokenArgs),
    /// Add, list, disable and enable the users who sign in, with a password or at a provider
    User(user::UserArgs),
    /// Keep a token for a server in your configuration folder
    Login(remote::LoginArgs),
    /// Print the effective configuration with the source of each value
    Config(JsonArgs),
    /// Show what a preset or a pattern recognises in a command's output
    ProgressTest(ProgressTestArgs),
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
        Command::Check(CheckArgs { behind, json, server }) => {
            check::check(load(&server), behind.as_deref(), Format::of(json)).await
        }
        Command::Migrate(JsonArgs { json, server }) => {
            // What it makes is for its owner alone.
            process::protect().map_err(ServeError::Process)?;
            migrate(&load(&server)?, Format::of(json)).await
        }
        Command::Backup(BackupArgs { file, json, server }) => {
            backup::backup(&load(&server)?, &file, Format::of(json)).await
        }
        Command::Config(JsonArgs { json, server }) => {
            print_config(&load(&server)?, Format::of(json))
        }
        Command::Token(args) => {
            // What it makes is for its owner alone.
            process::protect().map_err(ServeError::Process)?;
            token::run(args).await
        }
        Command::User(args) => {
            // What it makes is for its owner alone.
            process::protect().map_err(ServeError::Process)?;
            user::run(args).await
        }
        Command::Login(args) => Ok(remote::login(args).await?),
        Command::ProgressTest(args) => {
            let out = &mut std::io::BufWriter::new(std::io::stdout());
            Ok(progress_test::run(&args, &mut std::io::stdin().lock(), out)?)
        }
        Command::Run(args) => Ok(run_task(args).await?),
        Command::Rerun(RerunArgs { id, inputs, follow, remote }) => {
            Ok(milepost_cli::rerun(&connect(&remote)?, id, inputs, follow, remote.format()).await?)
        }
        Command::Status(StatusArgs { id, follow, preview, remote }) => {
            let (api, format) = (connect(&remote)?, remote.format());
            Ok(milepost_cli::status(&api, id, follow, preview, format).await?)
        }
        Command::Wait(WaitArgs { ids, remote }) => {
            Ok(milepost_cli::wait(&connect(&remote)?, ids, remote.format()).await?)
        }
        Command::Log(LogArgs { id, follow, remote }) => {
            Ok(milepost_cli::log(&connect(&remote)?, id, follow, remote.format()).await?)
        }
        Command::Tag(TagArgs { id, tags, remote }) => {
            let change = Annotate::default().with(|change| change.tags = Some(tags));
            Ok(milepost_cli::annotate(&connect(&remote)?, id, &change, remote.format()).await?)
        }
        Command::Note(NoteArgs { id, note, remote }) => {
            let note = note.unwrap_or_default();
            let change = Annotate::default().with(|change| change.note = Some(note));
            Ok(milepost_cli::annotate(&connect(&remote)?, id, &change, remote.format()).await?)
        }
        Command::Pause(args) => pause(args, true).await,
        Command::Resume(args) => pause(args, false).await,
        Command::StartNow(TaskArgs { id, remote }) => {
            Ok(milepost_cli::start_now(&connect(&remote)?, id, remote.format()).await?)
        }
        Command::Ls(ListArgs { status, kind, search, tag, limit, remote }) => {
            let (status, kind) = (status.as_deref(), kind.as_deref());
            let (search, tag) = (search.as_deref(), tag.as_deref());
            let listed = Listed { status, kind, search, tag, limit };
            Ok(milepost_cli::list(&connect(&remote)?, listed, remote.format()).await?)
        }
        Command::Cancel(TaskOrBatchArgs { id, remote }) => {
            Ok(milepost_cli::cancel(&connect(&remote)?, id, remote.format()).await?)
        }
        Command::Keep(TaskArgs { id, remote }) => {
            Ok(milepost_cli::keep(&connect(&remote)?, id, remote.format()).await?)
        }
        Command::Delete(DeleteArgs { id, force, remote }) => {
            Ok(milepost_cli::delete(&connect(&remote)?, id, force).await?)
        }
        Command::Result(ResultArgs { id, file, output, remote }) => {
            let api = connect(&remote)?;
            let output = output.as_deref().filter(|output| *output != Path::new("-"));
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

async fn pause(args: PauseArgs, is_paused: bool) -> Result<Exit, CliError> {
    let PauseArgs { kind, worker, remote } = args;
    let target = PauseTarget::default().with(|target| {
        target.kind = kind;
        target.worker = worker;
    });
    Ok(milepost_cli::pause(&connect(&remote)?, &target, is_paused, remote.format()).await?)
}

async fn migrate(configuration: &Configuration, format: Format) -> Result<Exit, CliError> {
    let migrated = serve::migrate(&configuration.settings).await?;
    let version = migrated.version;
    let text = match migrated.applied {
        applied if format == Format::Json => {
            format!("{}\n", serde_json::json!({ "version": version, "applied": applied }))
        }
        0 => format!("nothing to migrate: the schema is version {version}\n"),
        1 => format!("migrated to version {version}: 1 migration applied\n"),
        applied => format!("migrated to version {version}: {applied} migrations applied\n"),
    };
    milepost_cli::print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

fn print_config(configuration: &Configuration, format: Format) -> Result<Exit, CliError> {
    let isolation = serve::isolation(&configuration.settings);
    let text = match format {
        Format::Json => config::json(configuration, &isolation) + "\n",
        Format::Text => {
            let text = config::print(configuration);
            format!("{text}\n# isolation of commands in force: {isolation}\n")
        }
    };
    milepost_cli::print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

/// Starts a task or a batch, or prints help about it.
async fn run_task(args: RunArgs) -> Result<Exit, CommandError> {
    let RunArgs {
        kind,
        help,
        inputs,
        file,
        idempotency_key,
        priority,
        follow,
        preview,
        remote,
        ..
    } = args;
    let settings =
        StartSettings { priority, tags: args.tags, run_at: args.run_at, delay_s: args.delay_s };
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
            let (key, common) = (idempotency_key.as_deref(), inputs);
            let run = RunAll { kind: &kind, file: &file, common, settings, key, follow };
            milepost_cli::run_all(&api, run, format).await
        }
        None => milepost_cli::run(&api, &kind, inputs, &settings, follow, preview, format).await,
    }
}

/// `cargo leptos serve` and `cargo leptos watch` start the binary without arguments.
fn under_cargo_leptos() -> Option<Command> {
    std::env::var_os("LEPTOS_OUTPUT_NAME").map(|_| Command::Serve(ServerArgs::default()))
}

fn load(args: &ServerArgs) -> Result<Configuration, ConfigError> {
    let args = args.clone();
    let ServerArgs {
        addr,
        data,
        database,
        database_file,
        site,
        output_dir,
        no_worker,
        open,
        config,
    } = args;
    let flags = Flags {
        addr,
        data_dir: data,
        database,
        database_file,
        site_dir: site,
        output_dir,
        concurrency: None,
        no_worker,
        open,
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
