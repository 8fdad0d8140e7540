//! Who may do what: the only place that decides about tasks and kinds. Workers never ask; every call
//! of the service does.

use super::{Caller, ServiceError};
use crate::engine::store::TokenScope;

/// What a user may do with the tasks of others. Everybody may do everything with their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Nothing: sees and changes own tasks only.
    #[default]
    Member,
    /// Sees all tasks, with their logs, results and files, but not their inputs.
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

/// What decides about a task: whose it is. `None`: nobody's, open to anyone who has its id.
pub(in crate::engine) type OwnerRef<'a> = Option<&'a str>;

impl Caller {
    /// Whether the caller may do this with a task of this owner and kind. A token permits what its user
    /// may do, within its scopes and kinds.
    pub(in crate::engine) fn may(
        &self,
        action: TaskAction,
        owner: OwnerRef<'_>,
        kind: &str,
    ) -> Decision {
        let is_own = self.owns(owner);
        let is_allowed = match (action, self.role()) {
            (_, Role::Admin) => true,
            (TaskAction::See, Role::Viewer) => true,
            _ => is_own,
        };
        match (is_allowed && self.grants(action.scope()), self.sees(owner, kind)) {
            (_, false) => Decision::Hidden,
            (true, true) => Decision::Allowed,
            (false, true) => Decision::Forbidden,
        }
    }

    /// Whether something of this owner is the caller's own, or nobody's.
    pub(in crate::engine) fn owns(&self, owner: OwnerRef<'_>) -> bool {
        owner.is_none() || owner == self.as_owner()
    }

    /// Whether the caller may learn that there is a task of this owner and kind. To see what it
    /// does, a token also needs [`TokenScope::Read`].
    pub(in crate::engine) fn sees(&self, owner: OwnerRef<'_>, kind: &str) -> bool {
        (self.owns(owner) || self.role() != Role::Member) && self.covers(kind)
    }

    /// Checks an action on a task that the caller sees.
    pub(in crate::engine) fn check(
        &self,
        action: TaskAction,
        owner: OwnerRef<'_>,
        kind: &str,
    ) -> Result<(), ServiceError> {
        self.needs(action.scope())?;
        match self.may(action, owner, kind) {
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
        is_allowed && self.covers(kind)
    }

    /// Whether the caller's token has this scope; a caller without a token has all.
    pub(in crate::engine) fn grants(&self, scope: TokenScope) -> bool {
        self.token().is_none_or(|token| token.scopes.contains(&scope))
    }

    /// Whether the caller's token may be used for this kind; a caller without a token may use all.
    pub(in crate::engine) fn covers(&self, kind: &str) -> bool {
        let covers = |kinds: &[String]| kinds.is_empty() || kinds.iter().any(|known| known == kind);
        self.token().is_none_or(|token| covers(&token.kinds))
    }

    /// Checks a scope before anything is looked up.
    pub(in crate::engine) fn needs(&self, scope: TokenScope) -> Result<(), ServiceError> {
        match self.grants(scope) {
            true => Ok(()),
            false => Err(ServiceError::Forbidden(match scope {
                TokenScope::Read => "the token lacks the scope `read`",
                TokenScope::Start => "the token lacks the scope `start`",
                TokenScope::Cancel => "the token lacks the scope `cancel`",
                TokenScope::Admin => "the token lacks the scope `admin`",
            })),
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
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::store::StoredToken;

    const ACTIONS: [TaskAction; 8] = [
        TaskAction::See,
        TaskAction::SeeInput,
        TaskAction::Cancel,
        TaskAction::Rerun,
        TaskAction::Keep,
        TaskAction::Annotate,
        TaskAction::Share,
        TaskAction::Delete,
    ];

    #[test]
    fn an_owner_and_an_admin_may_do_everything_and_others_nothing() {
        let ada = Caller::user("ada");
        let admin = Caller::user("root").with_role(Role::Admin);
        for action in ACTIONS {
            assert_eq!(ada.may(action, Some("user:ada"), "story"), Decision::Allowed, "{action:?}");
            assert_eq!(
                admin.may(action, Some("user:ada"), "story"),
                Decision::Allowed,
                "{action:?}"
            );
            for other in [Caller::user("bob"), Caller::nobody(), Caller::owner("session:1")] {
                assert_eq!(
                    other.may(action, Some("user:ada"), "story"),
                    Decision::Hidden,
                    "{action:?}"
                );
                assert_eq!(
                    other.may(action, None, "story"),
                    Decision::Allowed,
                    "nobody's: {action:?}"
                );
            }
        }
    }

    #[test]
    fn a_viewer_sees_all_but_inputs_and_changes_only_what_is_its_own() {
        let viewer = Caller::user("eve").with_role(Role::Viewer);
        for action in ACTIONS {
            let expected = match action {
                TaskAction::See => Decision::Allowed,
                _ => Decision::Forbidden,
            };
            assert_eq!(viewer.may(action, Some("user:ada"), "story"), expected, "{action:?}");
            assert_eq!(
                viewer.may(action, Some("user:eve"), "story"),
                Decision::Allowed,
                "{action:?}"
            );
        }
    }

    fn token(scopes: &[TokenScope], kinds: &[&str]) -> Caller {
        let token = StoredToken {
            id: "1".to_owned(),
            owner: "user:ada".to_owned(),
            groups: vec!["ops".to_owned()],
            name: "CI".to_owned(),
            scopes: scopes.to_vec(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            created_at: 0,
            expires_at: i64::MAX,
            last_used_at: None,
        };
        Caller::of_token(Arc::new(token))
    }

    #[test]
    fn a_token_permits_what_its_scopes_say_and_no_more_than_its_user_may() {
        for scope in TokenScope::ALL {
            let ada = token(&[scope], &[]);
            for action in ACTIONS {
                let own = ada.may(action, Some("user:ada"), "story");
                let fits = action.scope() == scope;
                let expected = if fits { Decision::Allowed } else { Decision::Forbidden };
                assert_eq!(own, expected, "{scope}: {action:?}");
                let others = ada.may(action, Some("user:bob"), "story");
                assert_eq!(others, Decision::Hidden, "{scope}: {action:?}");
            }
        }
        let admin = |scopes: &[TokenScope]| token(scopes, &[]).with_role(Role::Admin);
        let (see, bob) = (TaskAction::See, Some("user:bob"));
        assert_eq!(admin(&[TokenScope::Read]).may(see, bob, "story"), Decision::Hidden);
        let both = admin(&[TokenScope::Read, TokenScope::Admin]);
        assert_eq!(both.may(see, bob, "story"), Decision::Allowed);
        assert_eq!(both.may(TaskAction::Cancel, bob, "story"), Decision::Forbidden);
    }

    #[test]
    fn a_token_for_a_kind_sees_and_starts_no_other() {
        let ada = token(&TokenScope::ALL, &["dataset"]).with_role(Role::Admin);
        for (kind, decision) in [("dataset", Decision::Allowed), ("story", Decision::Hidden)] {
            for owner in [Some("user:ada"), Some("user:bob"), None] {
                assert_eq!(ada.may(TaskAction::See, owner, kind), decision, "{kind} {owner:?}");
            }
            assert_eq!(ada.may_start(kind, &[]), decision == Decision::Allowed, "{kind}");
        }
        assert!(ada.is_one_of(&["group:ops".to_owned()]), "its groups are those of its user");
    }

    #[test]
    fn a_kind_is_for_those_whom_it_names() {
        let allow = ["group:ops".to_owned(), "ada".to_owned()];
        let ops = |name: &str| Caller::user(name).in_groups(["dev", "ops"]);
        for (caller, may) in [
            (Caller::user("ada"), true),
            (ops("bob"), true),
            (Caller::user("bob"), false),
            (Caller::user("bob").in_groups(["ada"]), false),
            // Names of users never count as groups, whatever they look like.
            (Caller::user("group:ops"), false),
            (Caller::user("Ada"), false),
            (Caller::user(""), false),
            (Caller::nobody(), false),
            (Caller::owner("session:ada"), false),
            (Caller::user("eve").with_role(Role::Viewer), false),
            (Caller::user("eve").with_role(Role::Admin), true),
        ] {
            assert_eq!(caller.may_start("story", &allow), may, "{caller:?}");
            assert!(caller.may_start("story", &[]), "{caller:?}");
        }
    }
}
