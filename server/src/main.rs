//! The binary `milepost`.

use std::process::ExitCode;

use clap::Parser as _;
use milepost_cli::{CliError as CommandError, Exit};
use milepost_server::cli::{self, Cli, CliError};

/// musl's own allocator has one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(code) =
        milepost_command::launch::run_supervisor_if_asked(std::env::args_os().skip(1))
    {
        return ExitCode::from(code);
    }
    // Closed pipes, as in `milepost ls | head`, cause a write error rather than a signal.
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}")),
    };
    let end = runtime.block_on(cli::run(cli));
    // A pending read of standard input cannot be interrupted, so do not wait for it.
    runtime.shutdown_background();
    match end {
        Ok(exit) => exit.into(),
        Err(CliError::Command(CommandError::Output(error)))
            if error.kind() == std::io::ErrorKind::BrokenPipe =>
        {
            Exit::Done.into()
        }
        Err(error) => complain(&error.to_string()),
    }
}

fn complain(message: &str) -> ExitCode {
    milepost_cli::note(message);
    Exit::Misused.into()
}
