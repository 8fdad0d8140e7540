//! Registers the configured commands as kinds of the engine, at start and on SIGHUP.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use milepost::engine::{Engine, Registry};
use milepost_cli::signals::Hangups;
use milepost_command::{self as command, CommandDeps, CommandTasks, Commands, SecretKey};

use super::ServeError;
use crate::{
    config::{self, Settings},
    process,
};

/// Describes the isolation that the server would use, in one line.
#[cfg(target_os = "linux")]
pub(super) fn describe(settings: &Settings) -> String {
    let isolation = command::launch::Isolation::probe(&settings.isolation, Path::new(PROGRAM));
    isolation.map_or_else(|error| format!("none; {error}"), |isolation| isolation.describe())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn describe(_: &Settings) -> String {
    "none; commands run on Linux only".to_owned()
}

/// Path of the running program, valid even after its file was replaced by another version.
const PROGRAM: &str = "/proc/self/exe";

/// Determines the isolation of commands on this machine.
#[cfg(target_os = "linux")]
fn isolation(
    settings: &Settings,
    commands: &Commands,
    program: &Path,
) -> Result<command::launch::Isolation, ServeError> {
    let isolation = command::launch::Isolation::probe(&settings.isolation, program)?;
    if settings.engine.worker && !commands.definitions.is_empty() {
        tracing::info!("isolation of commands: {}", isolation.describe());
        let limited = |limits: &command::Limits| limits.total_memory_bytes.is_some();
        let mut limited = commands.definitions.iter().filter(|one| limited(&one.limits));
        if let Some(command) = limited.next().filter(|_| !isolation.limits_memory()) {
            let command = &command.name;
            tracing::warn!(
                command,
                "max_total_memory_mb is not enforced: it needs a control group with the memory \
                 controller; see [isolation]"
            );
        }
    }
    Ok(isolation)
}

/// See the module.
pub(super) struct CommandKinds {
    tasks: Arc<CommandTasks>,
    commands: Commands,
    file: Option<PathBuf>,
    runs: PathBuf,
}

impl CommandKinds {
    /// Creates the kinds of these commands. Runs get folders below the data folder; `file` is the
    /// configuration file to reload.
    ///
    /// # Errors
    /// If the key of their secrets cannot be read or created, or this machine does not support the
    /// configured isolation.
    pub(super) fn new(
        settings: &Settings,
        commands: Commands,
        file: Option<PathBuf>,
    ) -> Result<Self, ServeError> {
        let storage = &settings.storage;
        let data = &storage.data_dir;
        let runs = data.join("runs");
        let program = PathBuf::from(PROGRAM);
        #[cfg(target_os = "linux")]
        let isolation = isolation(settings, &commands, &program)?;
        // Last, so that a start that fails leaves no key behind.
        let key = match &storage.secret_key {
            Some(key) => SecretKey::parse(key.expose(), "storage.secret_key")?,
            None => SecretKey::of_folder(data)?,
        };
        let deps = CommandDeps {
            runs: runs.clone(),
            program,
            umask: process::umask_at_start(),
            key,
            #[cfg(target_os = "linux")]
            isolation,
        };
        let tasks = Arc::new(CommandTasks::new(deps));
        Ok(Self { tasks, commands, file, runs })
    }

    /// Number of commands.
    pub(super) fn number(&self) -> usize {
        self.commands.definitions.len()
    }

    pub(super) fn add_to(&self, registry: Registry) -> Registry {
        let kinds = self.tasks.kinds(&self.commands.definitions);
        kinds.into_iter().fold(registry, Registry::with_dynamic)
    }

    /// Kills and removes what an earlier process left behind.
    pub(super) async fn clean(&self) {
        let runs = self.runs.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || command::clean(&runs)).await {
            tracing::warn!(%error, "the folders of earlier runs were not looked through");
        }
    }

    /// Reloads the commands on SIGHUP. Running commands are not affected; if the file is invalid,
    /// nothing changes.
    pub(super) fn reload_on_hangup(&self, engine: Engine) -> io::Result<()> {
        let mut hangups = Hangups::new()?;
        let (tasks, file) = (Arc::clone(&self.tasks), self.file.clone());
        tokio::spawn(async move {
            while hangups.next().await {
                reload(&tasks, file.as_deref(), &engine).await;
            }
        });
        Ok(())
    }
}

async fn reload(tasks: &CommandTasks, file: Option<&Path>, engine: &Engine) {
    let commands = match config::reload_commands(file) {
        Ok(commands) => commands,
        Err(error) => {
            tracing::error!("commands not reloaded, the earlier ones stay: {error}");
            return;
        }
    };
    let kinds = tasks.kinds(&commands.definitions);
    engine.service().record_reload().await;
    let number = kinds.len();
    match engine.replace_dynamic_kinds(kinds).await {
        Ok(()) => tracing::info!(commands = number, "commands reloaded"),
        Err(error) => tracing::warn!(%error, "commands reloaded, but not those of queued tasks"),
    }
}
