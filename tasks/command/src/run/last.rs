//! End of a run. Reports only what is known about its processes.

use std::sync::Arc;

use milepost::engine::TaskError;

use super::Run;
use crate::{
    folder::RunFolder,
    launch::{
        Reaped, RunIsolation,
        wire::{End, Remaining, SupervisorMessage, list},
    },
};

/// State of the control group at the end.
#[derive(Default)]
pub(super) struct Ended {
    pub(super) out_of_memory: bool,
    /// Whether the group could not be removed; the next start of the server removes it.
    pub(super) group_stays: bool,
}

/// Last message of the supervisor.
pub(super) enum Last {
    Ended(End),
    Failed(String),
    /// The supervisor ended without one.
    Gone(Reaped),
}

fn not_stopped(remaining: &[Remaining]) -> String {
    let named = list(remaining);
    match remaining.len() {
        1 => format!("1 process could not be stopped: {named}."),
        n => format!("{n} processes could not be stopped: {named}."),
    }
}

impl Run {
    /// Kills what the supervisor did not, and removes the isolation. Blocks, but only briefly if nothing
    /// remains.
    pub(super) async fn after(
        &mut self,
        isolation: Arc<RunIsolation>,
        last: Option<SupervisorMessage>,
    ) -> (Ended, Last) {
        let last = match last {
            Some(SupervisorMessage::Ended(end)) => Last::Ended(end),
            Some(SupervisorMessage::Failed(why)) => Last::Failed(why),
            _ => Last::Gone(self.reaped.take().unwrap_or_default()),
        };
        let stays = match &last {
            Last::Ended(End { remaining, .. }) | Last::Gone(Reaped { remaining, .. }) => {
                !remaining.is_empty()
            }
            Last::Failed(_) => false,
        };
        let work = move || {
            let out_of_memory = isolation.ran_out_of_memory();
            Ended { out_of_memory, group_stays: stays || !isolation.remove() }
        };
        (tokio::task::spawn_blocking(work).await.unwrap_or_default(), last)
    }

    /// Kills what a killed supervisor left behind.
    pub(super) async fn reap(&mut self, isolation: &Arc<RunIsolation>) {
        let isolation = Arc::clone(isolation);
        let reaping = tokio::task::spawn_blocking(move || isolation.end_what_is_left());
        self.reaped = reaping.await.ok();
    }

    /// Error for a killed supervisor, with what is known about the remaining processes.
    pub(super) fn lost(&self, reaped: &Reaped, folder: &mut RunFolder) -> TaskError {
        let Reaped { ended, remaining } = reaped;
        let killed = "The supervisor process of the command was killed";
        if !remaining.is_empty() {
            let what = not_stopped(remaining);
            return TaskError::fail("not_stopped", format!("{killed}. {what}"));
        }
        folder.is_over();
        let rest = match ended {
            0 => "No other process of it was left.".to_owned(),
            1 => "The process that was left of the command is stopped and gone.".to_owned(),
            n => format!("The {n} processes that were left of the command are stopped and gone."),
        };
        self.ctx.log(format!("{killed}. {rest}"));
        self.ctx.message(rest.clone());
        if self.ctx.check().is_err() {
            return TaskError::Cancelled;
        }
        TaskError::fail("lost", format!("{killed}. {rest}"))
    }

    /// Processes remain that could not be killed: this takes precedence over everything else.
    pub(super) fn not_stopped(&self, remaining: &[Remaining]) -> TaskError {
        let what = not_stopped(remaining);
        self.ctx.log(what.clone());
        TaskError::fail("not_stopped", what)
    }

    /// Reports that all processes are gone, if the task was asked to stop.
    pub(super) fn is_stopped(&self, end: &End) -> Result<(), TaskError> {
        self.ctx.check().inspect_err(|_| {
            let what = match end.stopped {
                0 | 1 => "Stopped: its process is gone".to_owned(),
                n => format!("Stopped: all {n} processes are gone"),
            };
            self.ctx.log(what.clone());
            self.ctx.message(what);
        })
    }
}
