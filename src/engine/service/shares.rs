//! Share links: making, listing and revoking them, and finding those of a request.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use uuid::Uuid;

use super::{
    Caller, Service, ServiceError, TaskAction,
    caller::user_of,
    may::Decision,
    secret::{self, hash},
};
use crate::{
    engine::{
        ClientAddress, ValidationError,
        audit::Action,
        clock::rfc3339,
        store::{AddedShare, NewShare, ShareSubject, StoredShare},
    },
    task::{BatchId, Share, ShareRequest, TaskId},
};

/// Prefix of the tokens in share links.
const PREFIX: &str = "mp_s_";
/// Default lifetime of a link, in seconds: 7 days.
const LIFETIME_S: u64 = 7 * 86_400;
/// How long a link counts as known before it is looked up again, in milliseconds. One that was revoked
/// is refused by all servers within 30 s.
const KNOWN_MS: i64 = 25_000;
/// Number of links that are remembered.
const MAX_KNOWN: usize = 10_000;

/// A link that was looked up. Callers that came by it share it, so that revoking it ends their access
/// at once.
pub(in crate::engine) struct OpenShare {
    pub(super) stored: StoredShare,
    revoked: AtomicBool,
}

impl OpenShare {
    pub(super) fn new(stored: StoredShare) -> Self {
        Self { stored, revoked: AtomicBool::new(false) }
    }

    pub(super) fn is_valid(&self) -> bool {
        !self.revoked.load(Ordering::Acquire)
    }

    pub(super) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }
}

impl fmt::Debug for OpenShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenShare").field("id", &self.stored.id).finish_non_exhaustive()
    }
}

impl PartialEq for OpenShare {
    fn eq(&self, other: &Self) -> bool {
        self.stored == other.stored
    }
}

impl Eq for OpenShare {}

/// Links that were looked up lately, by their hash, with the time by the store's clock. `None`: there
/// is no such link.
pub(in crate::engine) type KnownShares =
    quick_cache::sync::Cache<String, (i64, Option<Arc<OpenShare>>)>;

/// No link is known yet.
pub(in crate::engine) fn no_shares() -> KnownShares {
    KnownShares::new(MAX_KNOWN)
}

/// A link that was just made. Its token is stored nowhere.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MadeShare {
    /// The token in the link.
    pub token: String,
    /// The link.
    pub share: Share,
}

impl fmt::Debug for MadeShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeShare").field("share", &self.share).finish_non_exhaustive()
    }
}

/// Whether the text has the form of a token of a share link.
fn is_token(text: &str) -> bool {
    secret::has_form(text, PREFIX)
}

/// A stored link for clients.
pub(super) fn wire(stored: StoredShare) -> Share {
    let StoredShare { id, may_cancel, created_by, created_at, expires_at, .. } = stored;
    Share::new(id, rfc3339(created_at), rfc3339(expires_at)).with(|share| {
        share.cancel = may_cancel;
        share.created_by = created_by.as_deref().and_then(user_of).map(str::to_owned);
    })
}

impl Service {
    /// See [`Service::share`]. `None` if there is no such task or batch that this caller may see.
    pub(super) async fn make_share(
        &self,
        caller: &Caller,
        subject: ShareSubject,
        request: &ShareRequest,
    ) -> Result<Option<MadeShare>, ServiceError> {
        let lifetime_ms = self.lifetime_ms(request)?;
        if !self.may_share(caller, subject).await? {
            return Ok(None);
        }
        let token = secret::random(PREFIX);
        let inner = self.engine.inner();
        let max = inner.options.max_shares;
        let new = NewShare {
            id: Uuid::new_v4().to_string(),
            hash: hash(&token),
            subject,
            may_cancel: request.cancel,
            created_by: caller.as_owner().map(str::to_owned),
            lifetime_ms,
            max_shares: max,
            audit: Some(caller.audits_about(Action::Share, subject)),
        };
        match inner.store.add_share(&new).await? {
            AddedShare::Stored(stored) => Ok(Some(MadeShare { token, share: wire(stored) })),
            AddedShare::NoSubject => Ok(None),
            AddedShare::TooMany => {
                let detail = format!(
                    "there are as many share links as may be, {max} (engine.max_shares); revoke one first"
                );
                Err(ServiceError::TooManyShares(detail))
            }
        }
    }

    fn lifetime_ms(&self, request: &ShareRequest) -> Result<i64, ValidationError> {
        let max = self.engine.inner().options.max_share_lifetime.as_secs();
        let asked = match request.expires_in_s {
            None => Some(LIFETIME_S.min(max)),
            Some(asked) => u64::try_from(asked).ok().filter(|asked| (1..=max).contains(asked)),
        };
        let asked = asked.and_then(|asked| i64::try_from(asked).ok()?.checked_mul(1_000));
        asked.ok_or_else(|| {
            let detail = format!("is from 1 to {max} (engine.max_share_lifetime_s)");
            ValidationError::field("expires_in_s", detail)
        })
    }

    /// Whether there is such a task or batch that the caller may see; an error if it may not share it.
    async fn may_share(
        &self,
        caller: &Caller,
        subject: ShareSubject,
    ) -> Result<bool, ServiceError> {
        match subject {
            ShareSubject::Task(id) => {
                Ok(self.row_for(caller, id, TaskAction::Share).await?.is_some())
            }
            ShareSubject::Batch(id) => {
                caller.needs(TaskAction::Share.scope())?;
                let Some(counts) = self.counts_of(caller, id).await? else { return Ok(false) };
                caller.check(TaskAction::Share, counts.subject(id))?;
                Ok(true)
            }
        }
    }

    /// The longest lifetime of a share link.
    pub fn max_share_lifetime(&self) -> std::time::Duration {
        self.engine.inner().options.max_share_lifetime
    }

    /// Whether the caller may do this with a task; false if there is none that it may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn permits(
        &self,
        caller: &Caller,
        id: TaskId,
        action: TaskAction,
    ) -> Result<bool, ServiceError> {
        let seen = self.seen(caller, id).await?;
        Ok(seen.is_some_and(|seen| caller.may(action, seen.subject(id)) == Decision::Allowed))
    }

    /// Whether the caller may do this with a batch; false if there is none that it may see.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn permits_of_batch(
        &self,
        caller: &Caller,
        id: BatchId,
        action: TaskAction,
    ) -> Result<bool, ServiceError> {
        let counts = self.counts_of(caller, id).await?;
        Ok(counts.is_some_and(|it| caller.may(action, it.subject(id)) == Decision::Allowed))
    }

    /// Lists the share links of a task or a batch, newest first. `None` if there is no such task or
    /// batch that this caller may see.
    ///
    /// # Errors
    /// When the caller may not share it, when the task has expired, and when the store fails.
    pub async fn shares(
        &self,
        caller: &Caller,
        subject: ShareSubject,
    ) -> Result<Option<Vec<Share>>, ServiceError> {
        if !self.may_share(caller, subject).await? {
            return Ok(None);
        }
        let stored = self.engine.inner().store.shares(subject).await?;
        Ok(Some(stored.into_iter().map(wire).collect()))
    }

    /// See [`Service::revoke_share`].
    pub(super) async fn remove_share(
        &self,
        caller: &Caller,
        subject: ShareSubject,
        id: &str,
    ) -> Result<Option<RevokedShare>, ServiceError> {
        if !self.may_share(caller, subject).await? {
            return Ok(None);
        }
        let inner = self.engine.inner();
        // Ids are UUIDs; another text is nobody's.
        let Ok(id) = Uuid::parse_str(id) else { return Ok(None) };
        let audit = caller.audits_about(Action::RevokeShare, subject);
        let removed = inner.store.remove_share(subject, &id.to_string(), Some(&audit)).await?;
        if let Some(hash) = &removed {
            // A lookup under way may have read it before: it replaces nothing that is known.
            let known = inner.known_shares.get(hash);
            inner.known_shares.insert(hash.clone(), (inner.clock.now_ms(), None));
            if let Some(share) = known.and_then(|(_, share)| share) {
                share.revoke();
            }
            if let ShareSubject::Task(id) = subject {
                inner.subscriptions.interrupt(id);
            }
        }
        Ok(removed.map(|_| RevokedShare))
    }

    /// Returns the share links with these tokens, as far as they are valid, if all of them were looked
    /// up within 25 s: without reading the store.
    #[cfg(feature = "http")]
    pub(crate) fn known_shares(&self, tokens: &[&str]) -> Option<OpenShares> {
        let of_form = tokens.iter().filter(|token| is_token(token));
        let known: Option<Vec<_>> = of_form.map(|token| self.known_share(&hash(token))).collect();
        known.map(|known| OpenShares(known.into_iter().flatten().collect()))
    }

    /// The outer `None`: it has to be looked up.
    fn known_share(&self, hash: &str) -> Option<Option<Arc<OpenShare>>> {
        let inner = self.engine.inner();
        let (at, share) = inner.known_shares.get(hash)?;
        let now = inner.clock.now_ms();
        let is_recent = (0..KNOWN_MS).contains(&now.saturating_sub(at));
        let is_valid = |share: &Arc<OpenShare>| share.stored.expires_at > now && share.is_valid();
        is_recent.then(|| share.filter(is_valid))
    }

    /// Returns the share links with these tokens of a request from this address, as far as they are
    /// valid.
    ///
    /// # Errors
    /// [`ServiceError::TooOften`] if too many wrong tokens came from this address; also when the store
    /// fails.
    #[cfg(feature = "http")]
    pub(crate) async fn open_shares(
        &self,
        tokens: &[String],
        client: Option<ClientAddress>,
    ) -> Result<OpenShares, ServiceError> {
        let mut open = Vec::with_capacity(tokens.len());
        for token in tokens {
            open.extend(self.find_share(token, client).await?);
        }
        Ok(OpenShares(open))
    }

    async fn find_share(
        &self,
        token: &str,
        client: Option<ClientAddress>,
    ) -> Result<Option<Arc<OpenShare>>, ServiceError> {
        if !is_token(token) {
            return Ok(None);
        }
        let hash = hash(token);
        if let Some(known) = self.known_share(&hash) {
            return Ok(known);
        }
        let inner = self.engine.inner();
        let attempt = inner.rates.wrong_tokens.attempt(client, Instant::now())?;
        let now = inner.clock.now_ms();
        let stored = inner.store.share(&hash).await;
        if !matches!(stored, Ok(None)) {
            inner.rates.wrong_tokens.forgive(attempt);
        }
        let stored = stored?;
        // The same link is known as one: whoever came by it earlier hears of its end, too.
        let before = inner.known_shares.get(&hash).and_then(|(_, share)| share);
        let before = before.filter(|share| Some(&share.stored) == stored.as_ref());
        let share = before.or_else(|| stored.map(OpenShare::new).map(Arc::new));
        // It may have been revoked, or looked up by another request, meanwhile.
        if let Some(known) = self.known_share(&hash) {
            return Ok(known);
        }
        inner.known_shares.insert(hash, (now, share.clone()));
        Ok(share)
    }

    /// Returns what a share link that the caller has leads to, and when it expires, in milliseconds
    /// since the Unix epoch. `None`: it is wrong, has expired or was revoked.
    ///
    /// # Errors
    /// [`ServiceError::TooOften`] if too many wrong tokens came from the caller's address; also when the
    /// store fails.
    pub async fn shared(
        &self,
        caller: &Caller,
        token: &str,
    ) -> Result<Option<(ShareSubject, i64)>, ServiceError> {
        let share = self.find_share(token, caller.client()).await?;
        Ok(share.map(|share| (share.stored.subject, share.stored.expires_at)))
    }
}

/// A link was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevokedShare;

/// Share links of a request, as far as they are valid.
#[cfg(feature = "http")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenShares(pub(super) Vec<Arc<OpenShare>>);

#[cfg(feature = "http")]
impl OpenShares {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
