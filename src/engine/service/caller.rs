//! Who calls.

use std::sync::Arc;

use super::{
    may::{Role, Subject},
    shares::OpenShare,
};
use crate::{
    engine::{
        ClientAddress,
        audit::Action,
        store::{NewAudit, StoredToken, StoredUserSession, TokenScope, USER_PREFIX, owner_of_user},
    },
    task::TraceParent,
};

/// Prefix of groups in lists of users and groups.
const GROUP: &str = "group:";

/// Prefix of the owner ids of anonymous sessions.
const SESSION: &str = "session:";

/// Who cancels by a share link, in the receipt.
const SHARE_LINK: &str = "share link";
/// A user whose name is not shown, in the receipt.
pub(super) const SOME_USER: &str = "user";
/// Who has no name, in the receipt.
pub(super) const NAMELESS: [&str; 5] =
    ["owner", "operator", "anyone with the id", SHARE_LINK, SOME_USER];

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    pub(in crate::engine) owner: Option<Arc<str>>,
    pub(in crate::engine) client: Option<ClientAddress>,
    is_local: bool,
    role: Role,
    groups: Option<Arc<[String]>>,
    token: Option<Arc<StoredToken>>,
    user_session: Option<Arc<StoredUserSession>>,
    shares: Option<Arc<[Arc<OpenShare>]>>,
    is_guest: bool,
    /// What names the caller, if it is not known from the rest.
    how: Option<&'static str>,
    /// Who acts for this caller.
    operator: Option<Arc<Caller>>,
    trace: Option<TraceParent>,
}

/// Whether the text can be an entry of a list of users and groups: `ada`, or `group:ops`.
pub fn is_user_or_group(text: &str) -> bool {
    let name = text.strip_prefix(GROUP).unwrap_or(text);
    !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control)
}

/// Maximum length of the name of a user who signs in, in characters.
const MAX_USER_CHARS: usize = 100;

/// Beginnings of what is no name of a user, in lower case.
const OTHER_PREFIXES: [&str; 3] = [GROUP, SESSION, USER_PREFIX];
/// What the audit log calls those without a name.
const OTHER_NAMES: [&str; 2] = ["anonymous", "command line"];

/// Whether the text can be the name of a user who signs in: one that is read as it is written, and as nobody else's.
pub fn is_user_name(text: &str) -> bool {
    let lower = text.to_lowercase();
    is_user_or_group(text)
        && text.chars().count() <= MAX_USER_CHARS
        && !text.chars().any(is_invisible)
        && !OTHER_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
        && !OTHER_NAMES.contains(&&*lower)
}

/// Whether a character is not seen, or changes the direction of those around it.
const fn is_invisible(it: char) -> bool {
    matches!(it, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Characters of an owner id that are shown: enough to tell owners apart, too few to use as an id.
const SHOWN_CHARS: usize = 16;

/// The beginning of an owner id, for logs and people.
pub(in crate::engine) fn shortened(owner: &str) -> String {
    owner.chars().take(SHOWN_CHARS).collect()
}

/// The name of the user with this owner id.
pub(in crate::engine) fn user_of(owner: &str) -> Option<&str> {
    owner.strip_prefix(USER_PREFIX)
}

impl Caller {
    /// A caller without a session: starts anonymous tasks, and finds none in a list.
    pub const fn nobody() -> Self {
        Self {
            owner: None,
            client: None,
            is_local: false,
            role: Role::Member,
            groups: None,
            token: None,
            user_session: None,
            shares: None,
            is_guest: false,
            how: None,
            operator: None,
            trace: None,
        }
    }

    /// A caller with a session, identified by a unique owner id.
    pub fn owner(owner: impl Into<Arc<str>>) -> Self {
        Self { owner: Some(owner.into()), ..Self::nobody() }
    }

    /// A user with this name. The owner id of their tasks is `user:` and the name.
    pub fn user(name: &str) -> Self {
        Self::owner(owner_of_user(name))
    }

    /// The user of a token, within its scopes and kinds.
    pub(super) fn of_token(token: Arc<StoredToken>) -> Self {
        let caller = Self::owner(&*token.owner).in_groups(token.groups.iter().cloned());
        Self { token: Some(token), ..caller }
    }

    /// The user of a session that began by signing in.
    pub(super) fn of_user_session(session: Arc<StoredUserSession>) -> Self {
        let caller = Self::user(&session.user).in_groups(session.groups.iter().cloned());
        Self { user_session: Some(session), ..caller }
    }

    /// The session that identifies the caller, if it began by signing in.
    pub fn user_session(&self) -> Option<&StoredUserSession> {
        self.user_session.as_deref()
    }

    /// Somebody whom nothing but share links lets in, if anything.
    #[cfg(feature = "http")]
    pub(crate) fn guest() -> Self {
        Self { is_guest: true, ..Self::nobody() }
    }

    /// Whether nothing but share links lets the caller in.
    pub fn is_guest(&self) -> bool {
        self.is_guest
    }

    /// Sets the share links by which the caller came.
    #[cfg(feature = "http")]
    pub(crate) fn with_shares(self, shares: super::shares::OpenShares) -> Self {
        let shares = shares.0;
        Self { shares: (!shares.is_empty()).then(|| shares.into()), ..self }
    }

    pub(super) fn shares(&self) -> &[Arc<OpenShare>] {
        self.shares.as_deref().unwrap_or_default()
    }

    /// Sets the address from which the caller connects; `None`: not known.
    #[must_use]
    pub fn at(self, client: Option<ClientAddress>) -> Self {
        Self { client, ..self }
    }

    /// Sets the trace that the request belongs to: tasks that it starts keep it, and their runs are children of it.
    /// Default: none.
    #[must_use]
    pub fn in_trace(self, trace: Option<TraceParent>) -> Self {
        Self { trace, ..self }
    }

    /// The trace that the request belongs to.
    pub const fn trace(&self) -> Option<TraceParent> {
        self.trace
    }

    /// Sets whether the caller connects from the machine of an open server itself; see
    /// [`Service::may_operate`](super::Service::may_operate). Default: no.
    #[must_use]
    pub fn local(self, is_local: bool) -> Self {
        Self { is_local, ..self }
    }

    /// Whether the caller may see and steer the tasks of all owners: an admin, or whoever connects
    /// from the machine of an open server itself.
    pub(super) fn is_operator(&self) -> bool {
        self.covers_all_kinds() && (self.is_local || self.role() == Role::Admin)
    }

    /// Sets the groups of which the caller is a member. Default: none.
    #[must_use]
    pub fn in_groups(self, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let groups: Arc<[String]> = groups.into_iter().map(Into::into).collect();
        Self { groups: (!groups.is_empty()).then_some(groups), ..self }
    }

    /// Sets what the caller may do with the tasks of others. Default: [`Role::Member`].
    #[must_use]
    pub fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The address from which the caller connects, if known.
    pub const fn client(&self) -> Option<ClientAddress> {
        self.client
    }

    /// The owner id, if there is one.
    pub fn as_owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// The name of the user, if the owner is one.
    pub fn user_name(&self) -> Option<&str> {
        self.as_owner().and_then(user_of)
    }

    /// What the caller may do with the tasks of others. With a token without the scope `admin`, an
    /// admin is a member.
    pub fn role(&self) -> Role {
        let is_admin = || self.token().is_none_or(|it| it.scopes.contains(&TokenScope::Admin));
        match self.role {
            Role::Admin if !is_admin() => Role::Member,
            role => role,
        }
    }

    /// The token that identifies the caller, if one does.
    pub fn token(&self) -> Option<&StoredToken> {
        self.token.as_deref()
    }

    /// The groups of which the caller is a member.
    pub fn groups(&self) -> &[String] {
        self.groups.as_deref().unwrap_or_default()
    }

    /// Whether a list of users (`ada`) and groups (`group:ops`) contains the caller. A user of an
    /// embedder is also known by their whole owner id.
    pub fn is_one_of(&self, list: &[String]) -> bool {
        let Some(owner) = self.as_owner() else { return false };
        let name = self.user_name().unwrap_or(owner);
        list.iter().any(|entry| match entry.strip_prefix(GROUP) {
            Some(group) => self.groups().iter().any(|known| known == group),
            None => !name.is_empty() && entry == name,
        })
    }

    /// Sets what names the caller in the audit log: `proxy`, `password`.
    #[cfg(feature = "http")]
    pub(crate) fn named_by(self, how: &'static str) -> Self {
        Self { how: Some(how), ..self }
    }

    /// The owner of something, for whom this operator acts, in the same trace.
    pub(super) fn for_owner(&self, owner: Option<&str>) -> Self {
        let owner = owner.map_or_else(Self::nobody, Self::owner).with_role(Role::Admin);
        Self { operator: Some(Arc::new(self.clone())), trace: self.trace, ..owner }
    }

    /// Whether an operator acts for the caller.
    pub(super) fn is_represented(&self) -> bool {
        self.operator.is_some()
    }

    /// What names the caller, in the audit log.
    pub(in crate::engine) fn how(&self) -> &'static str {
        if let Some(how) = self.how.or(self.user_session().map(StoredUserSession::how)) {
            return how;
        }
        match self.as_owner() {
            _ if self.token.is_some() => "token",
            _ if self.is_guest => "share",
            None => "anonymous",
            Some(owner) if owner.starts_with(SESSION) => "session",
            Some(_) => "application",
        }
    }

    /// Whether somebody with a name calls: no anonymous session, and nobody who has only a link.
    pub(in crate::engine) fn has_name(&self) -> bool {
        !matches!(self.how(), "session" | "anonymous" | "share")
    }

    /// The row of the audit log about something that the caller does.
    pub(in crate::engine) fn audits(&self, action: Action) -> NewAudit {
        let by = self.operator.as_deref().unwrap_or(self);
        let who = by.user_name().or(by.as_owner()).unwrap_or("anonymous");
        NewAudit::new(who, by.how(), action.as_str())
            .with(|row| row.address = by.client.map(|client| client.to_string()))
    }

    /// The same about a task or something else.
    pub(super) fn audits_about(&self, action: Action, subject: impl ToString) -> NewAudit {
        self.audits(action).with(|row| row.subject = Some(subject.to_string()))
    }

    /// The same about a cancel of `what`, which a share link of `subject` may permit.
    pub(super) fn audits_cancel<'a>(
        &self,
        action: Action,
        subject: impl Into<Subject<'a>>,
        what: impl ToString,
    ) -> NewAudit {
        let by_share = self.cancels_by_share(subject.into());
        self.audits_about(action, what).with(|row| {
            if by_share {
                row.how = "share";
            }
        })
    }

    /// Who requests a cancel of this, as its receipt names them: a user by name.
    pub(super) fn cancels_as<'a>(&self, subject: impl Into<Subject<'a>>) -> &str {
        match (self.user_name(), self.as_owner()) {
            (Some(name), _) if !NAMELESS.contains(&name) => name,
            (Some(_), Some(owner)) => owner,
            _ if self.cancels_by_share(subject.into()) => SHARE_LINK,
            (None, Some(_)) => "owner",
            (_, None) => "anyone with the id",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_user_is_a_short_line_and_no_group() {
        for fine in ["ada", "Zoë O'Neill", "ada@example.org", &"é".repeat(100)] {
            assert!(is_user_name(fine), "{fine}");
        }
        for wrong in [
            "",
            " ada",
            "ada ",
            "a\nb",
            "group:ops",
            "GROUP:ops",
            "session:00ff",
            "user:ada",
            "Anonymous",
            "command line",
            "\u{202e}ada",
            "a\u{200b}da",
            &"a".repeat(101),
        ] {
            assert!(!is_user_name(wrong), "{wrong}");
        }
    }
}
