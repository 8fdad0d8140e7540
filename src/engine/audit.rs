//! Audit log: one event per call with caller, address, action and outcome, under `target =
//! "audit"`, and a row of the store. It contains no inputs and no secrets.
//!
//! The row of a change is written in the transaction of the change; see [`NewAudit`]. What changes
//! nothing has a row of its own (`Entry::own_row`), if it is one of those that are stored.

use std::{borrow::Cow, sync::Arc};

use parking_lot::Mutex;

use super::{Caller, ClientAddress, service::shortened, store::NewAudit};
use crate::task::TaskId;

/// The target of the events, for log filters.
pub const TARGET: &str = "audit";

/// Characters of a path that are logged.
const PATH_CHARS: usize = 100;

/// An audited action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// A task is started.
    Start,
    /// A task is cancelled.
    Cancel,
    /// A task is rerun.
    Rerun,
    /// The retention of a task is extended.
    Keep,
    /// Tags or the note of a task are changed.
    Annotate,
    /// A task is started before its time.
    StartNow,
    /// A task is deleted.
    Delete,
    /// A share link is made.
    Share,
    /// A share link is revoked.
    RevokeShare,
    /// A share link is opened.
    OpenShare,
    /// A kind or a worker is paused.
    Pause,
    /// A pause is ended.
    Resume,
    /// Tasks of all owners are cancelled.
    CancelAll,
    /// Tasks of all owners are rerun.
    RerunAll,
    /// A file is uploaded.
    Upload,
    /// A result or a file is downloaded.
    Download,
    /// All data of an owner is exported.
    Export,
    /// All data of an owner is deleted.
    DeleteData,
    /// A batch is started.
    StartBatch,
    /// A batch is cancelled.
    CancelBatch,
    /// The failed tasks of a batch are rerun.
    RerunBatch,
    /// A session begins.
    BeginSession,
    /// A session is ended by its caller.
    EndSession,
    /// A user signs in with a password.
    SignIn,
    /// A user signs out.
    SignOut,
    /// A user ends other sessions of theirs.
    EndUserSessions,
    /// A token is made.
    AddToken,
    /// A token is removed.
    RemoveToken,
    /// A user is added.
    AddUser,
    /// The password of a user is changed.
    SetPassword,
    /// A user may no longer sign in.
    DisableUser,
    /// A user may sign in again.
    EnableUser,
    /// The configured commands are read again.
    ReloadCommands,
    /// A request that was refused before its action was known.
    Request,
}

impl Action {
    /// The name in the log, in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Cancel => "cancel",
            Self::Rerun => "rerun",
            Self::Keep => "keep",
            Self::Annotate => "annotate",
            Self::StartNow => "start_now",
            Self::Delete => "delete",
            Self::Share => "share",
            Self::RevokeShare => "revoke_share",
            Self::OpenShare => "open_share",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::CancelAll => "cancel_all",
            Self::RerunAll => "rerun_all",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Export => "export",
            Self::DeleteData => "delete_data",
            Self::StartBatch => "start_batch",
            Self::CancelBatch => "cancel_batch",
            Self::RerunBatch => "rerun_batch",
            Self::BeginSession => "begin_session",
            Self::EndSession => "end_session",
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::EndUserSessions => "end_user_sessions",
            Self::AddToken => "add_token",
            Self::RemoveToken => "remove_token",
            Self::AddUser => "add_user",
            Self::SetPassword => "set_password",
            Self::DisableUser => "disable_user",
            Self::EnableUser => "enable_user",
            Self::ReloadCommands => "reload_commands",
            Self::Request => "request",
        }
    }
}

/// Number of ids in one line.
const MAX_IDS: usize = 200;

/// The tasks for which a call over a filter was done so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditedTasks(Arc<Mutex<Vec<TaskId>>>);

impl AuditedTasks {
    /// Adds a task.
    pub(crate) fn add(&self, id: TaskId) {
        self.0.lock().push(id);
    }

    fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// The ids of the first 200, with commas between them.
    fn ids(&self) -> String {
        let ids: Vec<_> = self.0.lock().iter().take(MAX_IDS).map(TaskId::to_string).collect();
        ids.join(",")
    }
}

/// One audited call. Logged on drop, so that calls whose client disconnected are included.
pub(crate) struct Entry<'a> {
    caller: &'a Caller,
    action: Action,
    /// The kind of task.
    pub(crate) kind: Option<String>,
    /// The task, the batch or the upload.
    pub(crate) id: Option<String>,
    /// The task or batch that was rerun.
    pub(crate) rerun_of: Option<String>,
    /// More about the subject, if that is not the kind.
    pub(crate) detail: Option<String>,
    tasks: Option<AuditedTasks>,
    pub(crate) outcome: Cow<'static, str>,
}

impl<'a> Entry<'a> {
    /// Begins an audited call.
    pub(crate) const fn new(caller: &'a Caller, action: Action) -> Self {
        let outcome = Cow::Borrowed("abandoned");
        let (kind, id, rerun_of, detail, tasks) = (None, None, None, None, None);
        Self { caller, action, kind, id, rerun_of, detail, tasks, outcome }
    }

    /// For a call that concerns many tasks: they are added while it goes on.
    pub(crate) fn for_many(&mut self) -> AuditedTasks {
        self.tasks.insert(AuditedTasks::default()).clone()
    }
}

impl Entry<'_> {
    /// The address of the caller.
    pub(super) fn client(&self) -> Option<ClientAddress> {
        self.caller.client()
    }

    /// The row for what no transaction wrote: a download, a link that was opened, a wrong password, what a
    /// deletion of all data did in many, and what was refused to somebody with a name. `None`: there is a row already, or the event is enough.
    pub(super) fn own_row(&self) -> Option<NewAudit> {
        let has_row = match (self.action, &*self.outcome) {
            (Action::Download | Action::Export | Action::OpenShare, "ok")
            | (Action::DeleteData, "ok" | "partial")
            | (Action::SignIn, "wrong" | "refused") => true,
            (Action::SignIn, _) | (_, "ok" | "failed" | "abandoned") => false,
            _ => self.caller.has_name(),
        };
        has_row.then(|| {
            self.caller.audits(self.action).with(|row| {
                row.subject = self.id.clone().or_else(|| self.rerun_of.clone());
                row.outcome = self.outcome.clone().into_owned();
                row.detail = self.detail.clone().or_else(|| self.kind.clone());
            })
        })
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let owner = self.caller.as_owner().map(shortened);
        tracing::info!(
            target: TARGET,
            address = self.caller.client().map(tracing::field::display),
            owner = owner.as_deref().unwrap_or("anonymous"),
            how = self.caller.how(),
            action = self.action.as_str(),
            kind = self.kind.as_deref(),
            id = self.id.as_deref(),
            rerun_of = self.rerun_of.as_deref(),
            detail = self.detail.as_deref(),
            tasks = self.tasks.as_ref().map(AuditedTasks::count),
            ids = self.tasks.as_ref().map(AuditedTasks::ids),
            outcome = &*self.outcome,
        );
    }
}

/// A row about what an operator does on the command line, beside the server.
pub fn by_command_line(action: Action, subject: impl Into<String>) -> NewAudit {
    NewAudit::new("command line", "cli", action.as_str())
        .with(|row| row.subject = Some(subject.into()))
}

/// Logs an action that concerns no task, such as the beginning of a session.
pub fn record(caller: &Caller, action: Action, outcome: impl Into<Cow<'static, str>>) {
    let mut entry = Entry::new(caller, action);
    entry.outcome = outcome.into();
}

/// Logs a refused request to this path.
pub fn refused(caller: &Caller, path: &str, status: u16) {
    let mut entry = Entry::new(caller, Action::Request);
    entry.id = Some(without_secret(path).chars().take(PATH_CHARS).collect());
    entry.outcome = Cow::Owned(status.to_string());
}

/// A path without the token of a share link, below whatever path the server is.
fn without_secret(path: &str) -> Cow<'_, str> {
    const BELOW: &str = "/s/";
    match path.find(BELOW).map(|at| path.split_at(at + BELOW.len())) {
        Some((before, secret)) if !secret.is_empty() => Cow::Owned(format!("{before}…")),
        _ => Cow::Borrowed(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_of_a_share_link_is_in_a_path() {
        for (path, shown) in [
            ("/s/mp_s_0a", "/s/…"),
            ("/jobs/s/mp_s_0a/more", "/jobs/s/…"),
            ("/s/", "/s/"),
            ("/tasks/1", "/tasks/1"),
        ] {
            assert_eq!(without_secret(path), shown);
        }
    }
}
