//! Who may do what: the only place that decides about tasks and kinds. Workers never ask; every call
//! of the service does.

use super::{
    Caller, DataCall, ServiceError,
    caller::{NAMELESS, SOME_USER, shortened, user_of},
};
use crate::{
    engine::{
        ValidationError,
        running::RunningTask,
        store::{BatchCounts, Row, ShareSubject, TokenScope, Tombstone},
    },
    task::{BatchId, Snapshot, TaskId},
};

/// Maximum length of an owner that a request names, in characters.
const MAX_OWNER_CHARS: usize = 300;

/// What a user may do with the tasks of others. Everybody may do everything with their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Nothing: sees and changes own tasks only.
    #[default]
    Member,
    /// Sees all tasks, one by one and in the list of all owners, with their logs, results and files, but not their
    /// inputs.
    Viewer,
    /// Sees and changes all tasks, and starts every kind.
    Admin,
}

/// Something that a caller asks to do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskAction {
    /// See its state, log, result and files.
    See,
    /// See what it was started with.
    SeeInput,
    /// Cancel it.
    Cancel,
    /// Start another task with its input.
    Rerun,
    /// Extend its retention.
    Keep,
    /// Change its tags and its note, or start it before its time.
    Annotate,
    /// Give others a link to it.
    Share,
    /// Remove it with all its data.
    Delete,
}

/// What a caller may do with the tasks of all owners together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Oversight {
    /// See them as a viewer sees each of them: neither their inputs, nor the whole ids of owners who are no users.
    See,
    /// See and steer them.
    Operate,
}

impl Oversight {
    /// So much of an owner's id as may be known.
    pub(super) fn owner_shown(self, owner: &str) -> String {
        match (self, user_of(owner)) {
            (Self::See, None) => shortened(owner),
            _ => owner.to_owned(),
        }
    }
}

/// The answer to [`Caller::may`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Decision {
    /// Permitted.
    Allowed,
    /// The caller may not learn that there is such a task: answered as if there were none.
    Hidden,
    /// The caller may see the task, but not do this.
    Forbidden,
}

/// Whose a task is. `None`: nobody's, open to anyone who has its id.
pub(in crate::engine) type OwnerRef<'a> = Option<&'a str>;

/// What decides about a task or a batch: whose it is, its kind, and the share links that lead to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Subject<'a> {
    pub(super) owner: OwnerRef<'a>,
    pub(super) kind: &'a str,
    /// `None`: no task, or one that is gone; no link leads to it.
    pub(super) task: Option<TaskId>,
    pub(super) batch: Option<BatchId>,
}

impl<'a> From<&'a Row> for Subject<'a> {
    fn from(row: &'a Row) -> Self {
        let (owner, kind) = (row.owner.as_deref(), row.kind.as_str());
        Self { owner, kind, task: Some(row.id), batch: row.batch }
    }
}

impl<'a> From<&'a RunningTask> for Subject<'a> {
    fn from(running: &'a RunningTask) -> Self {
        let (owner, kind) = (running.owner.as_deref(), running.kind.as_str());
        Self { owner, kind, task: Some(running.id), batch: running.batch }
    }
}

impl<'a> From<&'a Tombstone> for Subject<'a> {
    fn from(over: &'a Tombstone) -> Self {
        Self { owner: over.owner.as_deref(), kind: &over.kind, task: None, batch: None }
    }
}

impl BatchCounts {
    /// The batch with this id as what is decided about.
    pub(super) fn subject(&self, id: BatchId) -> Subject<'_> {
        Subject { owner: self.owner.as_deref(), kind: &self.kind, task: None, batch: Some(id) }
    }
}

impl Caller {
    /// Whether the caller may do this with a task or a batch. A token permits what its user may do,
    /// within its scopes and kinds; a share link what it says, with what it leads to.
    pub(in crate::engine) fn may(&self, action: TaskAction, subject: Subject<'_>) -> Decision {
        let is_shared = self.shares_permit(action, subject);
        let is_allowed = self.may_without_share(action, subject) || is_shared;
        match (is_allowed && self.grants(action.scope()), self.sees(subject)) {
            (_, false) => Decision::Hidden,
            (true, true) => Decision::Allowed,
            (false, true) => Decision::Forbidden,
        }
    }

    /// Whether it is a share link that permits the caller to cancel this.
    pub(super) fn cancels_by_share(&self, subject: Subject<'_>) -> bool {
        let action = TaskAction::Cancel;
        !self.may_without_share(action, subject) && self.shares_permit(action, subject)
    }

    /// Whether the caller may do this by what they are, whatever their token and links.
    fn may_without_share(&self, action: TaskAction, subject: Subject<'_>) -> bool {
        match (action, self.role()) {
            (_, Role::Admin) => true,
            (TaskAction::See, Role::Viewer) => true,
            _ => self.owns(subject.owner),
        }
    }

    /// Whether a link by which the caller came leads to this and permits the action: to see it, and to
    /// cancel it if the link says so. Nothing else is ever permitted by a link.
    fn shares_permit(&self, action: TaskAction, subject: Subject<'_>) -> bool {
        self.shares().iter().any(|share| {
            let leads_here = match share.stored.subject {
                ShareSubject::Task(id) => subject.task == Some(id),
                ShareSubject::Batch(id) => subject.batch == Some(id),
            };
            let permits = match action {
                TaskAction::See => true,
                TaskAction::Cancel => share.stored.may_cancel,
                _ => false,
            };
            leads_here && permits && share.is_valid()
        })
    }

    /// Whether something of this owner is the caller's own, or nobody's. A guest owns nothing.
    pub(in crate::engine) fn owns(&self, owner: OwnerRef<'_>) -> bool {
        !self.is_guest() && (owner.is_none() || owner == self.as_owner())
    }

    /// Whether the caller may learn that there is this task or batch. To see what it does, a token
    /// also needs [`TokenScope::Read`].
    pub(in crate::engine) fn sees<'a>(&self, subject: impl Into<Subject<'a>>) -> bool {
        let subject = subject.into();
        let sees = self.owns(subject.owner) || self.role() != Role::Member;
        sees && self.covers(subject.kind) || self.shares_permit(TaskAction::See, subject)
    }

    /// The snapshot of a task that the caller sees: without tags, note and the names of users if they see it only by
    /// a link.
    pub(in crate::engine) fn shown<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        mut snapshot: Snapshot,
    ) -> Snapshot {
        if !self.shares().is_empty() && !self.may_without_share(TaskAction::See, subject.into()) {
            (snapshot.tags, snapshot.note, snapshot.started_by) = (Vec::new(), None, None);
            if let Some(cancel) = &mut snapshot.cancel
                && !NAMELESS.contains(&&*cancel.requested_by)
            {
                SOME_USER.clone_into(&mut cancel.requested_by);
            }
        }
        snapshot
    }

    /// Checks an action on a task or a batch that the caller sees.
    pub(in crate::engine) fn check<'a>(
        &self,
        action: TaskAction,
        subject: impl Into<Subject<'a>>,
    ) -> Result<(), ServiceError> {
        self.needs(action.scope())?;
        match self.may(action, subject.into()) {
            Decision::Allowed => Ok(()),
            Decision::Hidden | Decision::Forbidden => {
                Err(ServiceError::Forbidden(action.refusal()))
            }
        }
    }

    /// Whether a kind is in the caller's list and can be started by the caller. `allow` lists users
    /// and groups; empty: everybody.
    pub(in crate::engine) fn may_start(&self, kind: &str, allow: &[String]) -> bool {
        let is_allowed = allow.is_empty() || self.role() == Role::Admin || self.is_one_of(allow);
        is_allowed && self.covers(kind) && !self.is_guest()
    }

    /// See [`Service::oversight`](super::Service::oversight). A viewer's token needs to be for all kinds.
    pub(super) fn oversight(&self) -> Result<Oversight, ServiceError> {
        let views = self.role() == Role::Viewer && self.covers_all_kinds();
        match self.is_operator() {
            true => Ok(Oversight::Operate),
            false if views => self.needs(TokenScope::Read).map(|()| Oversight::See),
            false => Err(ServiceError::Forbidden(
                "only an operator (auth.admins) or a viewer (auth.viewers) may see the tasks of all owners",
            )),
        }
    }

    /// See [`Service::may_operate`](super::Service::may_operate).
    pub(super) fn may_operate(&self) -> Result<(), ServiceError> {
        match self.is_operator() {
            true => Ok(()),
            false => Err(ServiceError::Forbidden(
                "only an operator may do this: an admin (auth.admins), or with auth.local_operator = true whoever \
                 connects from the machine of the server itself",
            )),
        }
    }

    /// The owner id about whose whole data the caller may make this call: their own, or for an admin that of
    /// the owner who is named, by a user's name or a whole owner id.
    pub(super) fn owner_of_data(
        &self,
        call: DataCall,
        named: Option<&str>,
    ) -> Result<String, ServiceError> {
        self.needs(call.scope())?;
        let Some(own) = self.as_owner() else {
            return Err(ServiceError::Forbidden(
                "there is no data of yours: you have neither a name nor a session here",
            ));
        };
        if !self.covers_all_kinds() {
            return Err(ServiceError::Forbidden("the token is for some kinds only"));
        }
        let Some(named) = named else { return Ok(own.to_owned()) };
        let owner = owner_named(named)?;
        match owner == own || self.role() == Role::Admin {
            true => Ok(owner),
            false => Err(ServiceError::Forbidden(call.refusal())),
        }
    }

    /// Whether the caller's token has this scope; a caller without a token has all, and a guest those
    /// that a share link can need.
    pub(in crate::engine) fn grants(&self, scope: TokenScope) -> bool {
        match self.token() {
            Some(token) => token.scopes.contains(&scope),
            None => !self.is_guest() || matches!(scope, TokenScope::Read | TokenScope::Cancel),
        }
    }

    /// Whether the caller's token may be used for this kind; a caller without a token may use all.
    pub(in crate::engine) fn covers(&self, kind: &str) -> bool {
        let covers = |kinds: &[String]| kinds.is_empty() || kinds.iter().any(|known| known == kind);
        self.token().is_none_or(|token| covers(&token.kinds))
    }

    /// Whether the caller's token may be used for all kinds: one for some does not reach over the others.
    pub(super) fn covers_all_kinds(&self) -> bool {
        self.token().is_none_or(|token| token.kinds.is_empty())
    }

    /// Checks a scope before anything is looked up.
    pub(in crate::engine) fn needs(&self, scope: TokenScope) -> Result<(), ServiceError> {
        match self.grants(scope) {
            true => Ok(()),
            false if self.is_guest() => Err(ServiceError::Forbidden(
                "a share link permits nothing but to follow what it leads to",
            )),
            false => Err(ServiceError::Forbidden(match scope {
                TokenScope::Read => "the token lacks the scope `read`",
                TokenScope::Start => "the token lacks the scope `start`",
                TokenScope::Cancel => "the token lacks the scope `cancel`",
                TokenScope::Admin => "the token lacks the scope `admin`",
            })),
        }
    }
}

/// The owner id that a user's name or an owner id stands for.
fn owner_named(named: &str) -> Result<String, ServiceError> {
    let chars = named.chars().count();
    if !(1..=MAX_OWNER_CHARS).contains(&chars) || named.chars().any(char::is_control) {
        let detail =
            format!("is the name of a user or an owner id: 1 to {MAX_OWNER_CHARS} characters");
        return Err(ValidationError::field("owner", detail).into());
    }
    let owner = if named.contains(':') { Caller::owner(named) } else { Caller::user(named) };
    Ok(owner.as_owner().unwrap_or_default().to_owned())
}

impl DataCall {
    /// The scope that a token needs for it. A deletion also ends sessions and removes tokens: more than a
    /// token for starting and cancelling tasks permits.
    const fn scope(self) -> TokenScope {
        match self {
            Self::Export => TokenScope::Read,
            Self::Delete => TokenScope::Admin,
        }
    }

    const fn refusal(self) -> &'static str {
        match self {
            Self::Export => "only an admin may export the data of others",
            Self::Delete => "only an admin may delete the data of others",
        }
    }
}

impl TaskAction {
    /// The scope that a token needs for it.
    pub(super) const fn scope(self) -> TokenScope {
        match self {
            Self::See | Self::SeeInput => TokenScope::Read,
            Self::Rerun | Self::Keep | Self::Annotate | Self::Share => TokenScope::Start,
            Self::Cancel | Self::Delete => TokenScope::Cancel,
        }
    }

    /// Explains that a caller who sees the task may not do this.
    const fn refusal(self) -> &'static str {
        match self {
            Self::See => "you may not see this task",
            Self::SeeInput => "only its owner may see what this task was started with",
            Self::Cancel => "only its owner may cancel this task",
            Self::Rerun => "only its owner may rerun this task",
            Self::Keep => "only its owner may keep this task longer",
            Self::Annotate => "only its owner may change this task",
            Self::Share => "only its owner may share this task",
            Self::Delete => "only its owner may delete this task",
        }
    }
}

#[cfg(test)]
#[path = "may_tests.rs"]
mod tests;

// Only the router makes callers that came by links.
#[cfg(all(test, feature = "http"))]
#[path = "may_share_tests.rs"]
mod share_tests;
