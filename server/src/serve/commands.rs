//! The commands of the configuration as kinds of the engine: at the start, and again on SIGHUP.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use milepost::engine::{Engine, Registry};

use crate::{
    config::Commands,
    signals::Hangups,
    tasks::command::{self, CommandDeps, CommandTasks},
};

/// See the module.
pub(super) struct CommandKinds {
    tasks: Arc<CommandTasks>,
    commands: Commands,
    file: Option<PathBuf>,
    runs: PathBuf,
}

impl CommandKinds {
    /// These commands, whose runs have their folders below `data`; `file` is where they come from.
    pub(super) fn new(data: &Path, commands: Commands, file: Option<PathBuf>) -> Self {
        let runs = data.join("runs");
        // By this name the same program is found also after its file was replaced by another version.
        let program = PathBuf::from("/proc/self/exe");
        let tasks = Arc::new(CommandTasks::new(CommandDeps { runs: runs.clone(), program }));
        Self { tasks, commands, file, runs }
    }

    /// How many there are.
    pub(super) fn number(&self) -> usize {
        self.commands.definitions.len()
    }

    pub(super) fn add_to(&self, registry: Registry) -> Registry {
        let kinds = self.tasks.kinds(&self.commands.definitions);
        kinds.into_iter().fold(registry, Registry::with_dynamic)
    }

    /// Ends and removes what an earlier process left behind.
    pub(super) async fn clean(&self) {
        let runs = self.runs.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || command::clean(&runs)).await {
            tracing::warn!(%error, "the folders of earlier runs were not looked through");
        }
    }

    /// From now on the commands are read again on SIGHUP. Those that run are not touched; where the
    /// file is wrong, everything stays as it is.
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
    let commands = match Commands::again(file) {
        Ok(commands) => commands,
        Err(error) => {
            tracing::error!("not taken over, everything stays as it is: {error}");
            return;
        }
    };
    let kinds = tasks.kinds(&commands.definitions);
    let number = kinds.len();
    match engine.replace_dynamic_kinds(kinds).await {
        Ok(()) => tracing::info!(commands = number, "the commands were read again"),
        Err(error) => tracing::warn!(%error, "the commands were read again, the queue was not"),
    }
}
