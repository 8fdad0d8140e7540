//! Who did what, from where, and what came of it: one event for each act, with `target = "audit"`.
//! No input and no secret is in it.

use std::borrow::Cow;

use super::Caller;

/// The target of the events, for log filters.
pub(crate) const TARGET: &str = "audit";

/// Characters of an owner that are told: enough to tell owners apart, too few to be one.
const OWNER_CHARS: usize = 16;
/// Characters of a path that are told.
const PATH_CHARS: usize = 100;

/// An act that is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    Cancel,
    Rerun,
    Keep,
    Upload,
    Download,
    StartBatch,
    CancelBatch,
    RerunBatch,
    BeginSession,
    EndSession,
    /// A request that was refused before it was known what it asks for.
    Request,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Cancel => "cancel",
            Self::Rerun => "rerun",
            Self::Keep => "keep",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::StartBatch => "start_batch",
            Self::CancelBatch => "cancel_batch",
            Self::RerunBatch => "rerun_batch",
            Self::BeginSession => "begin_session",
            Self::EndSession => "end_session",
            Self::Request => "request",
        }
    }
}

/// One act. It is told of when this is dropped, so that one whose caller went away is, too.
pub(crate) struct Entry<'a> {
    caller: &'a Caller,
    action: Action,
    /// The kind of task.
    pub(crate) kind: Option<String>,
    /// The task, the batch or the upload.
    pub(crate) id: Option<String>,
    /// What a rerun was made from.
    pub(crate) rerun_of: Option<String>,
    pub(crate) outcome: Cow<'static, str>,
}

impl<'a> Entry<'a> {
    /// An act that begins.
    pub(crate) const fn new(caller: &'a Caller, action: Action) -> Self {
        let outcome = Cow::Borrowed("abandoned");
        Self { caller, action, kind: None, id: None, rerun_of: None, outcome }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let owner: Option<String> =
            self.caller.as_owner().map(|owner| owner.chars().take(OWNER_CHARS).collect());
        tracing::info!(
            target: TARGET,
            address = self.caller.client().map(tracing::field::display),
            owner = owner.as_deref().unwrap_or("anonymous"),
            action = self.action.as_str(),
            kind = self.kind.as_deref(),
            id = self.id.as_deref(),
            rerun_of = self.rerun_of.as_deref(),
            outcome = &*self.outcome,
        );
    }
}

/// Tells of an act that is about no task.
pub(crate) fn record(caller: &Caller, action: Action, outcome: impl Into<Cow<'static, str>>) {
    let mut entry = Entry::new(caller, action);
    entry.outcome = outcome.into();
}

/// Tells of a request to this path that was refused.
pub(crate) fn refused(caller: &Caller, path: &str, status: u16) {
    let mut entry = Entry::new(caller, Action::Request);
    entry.id = Some(path.chars().take(PATH_CHARS).collect());
    entry.outcome = Cow::Owned(status.to_string());
}
