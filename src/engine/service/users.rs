//! Sessions of users who sign in: beginning, listing and ending them, and finding that of a request. Passwords, and what
//! a provider says, are verified by the HTTP layer.

use std::{sync::Arc, time::Instant};

use uuid::Uuid;

use super::{Caller, Service, ServiceError, secret};
use crate::engine::{
    ClientAddress,
    audit::Action,
    store::{EndedSessions, NewUserSession, NotBegun, SessionLifetime, SignsIn, StoredUserSession},
};

/// A browser in which a session begins.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Browser {
    /// What it calls itself, in a few words.
    pub name: String,
    /// Its address, if known.
    pub client: Option<ClientAddress>,
    /// Its anonymous session, if it has one.
    pub anonymous: Option<Caller>,
}

crate::with::with!(Browser);

impl Service {
    /// Returns the user with this name.
    ///
    /// # Errors
    /// When the store fails.
    #[cfg(feature = "http")]
    pub(crate) async fn user(
        &self,
        name: &str,
    ) -> Result<Option<crate::engine::store::StoredUser>, ServiceError> {
        Ok(self.engine.inner().store.user(name).await?)
    }

    /// Begins a session of a user who was verified. What the anonymous session of the browser owns
    /// becomes the user's. Returns the id for the cookie, which is stored nowhere, and the caller.
    ///
    /// # Errors
    /// When the store fails. The inner one: why no session begins.
    pub async fn begin_user_session(
        &self,
        who: impl Into<SignsIn>,
        browser: &Browser,
        lifetime: SessionLifetime,
    ) -> Result<Result<(String, Caller), NotBegun>, ServiceError> {
        let secret = secret::random("");
        let id = Uuid::new_v4().to_string();
        let mut new = NewUserSession::new(id, secret::hash(&secret), who, lifetime);
        browser.name.clone_into(&mut new.browser);
        let anonymous = browser.anonymous.as_ref().filter(|it| it.how() == "session");
        new.take_over = anonymous.and_then(Caller::as_owner).map(str::to_owned);
        let user = Caller::user(new.who.name()).at(browser.client);
        let how = new.who.how();
        new.audit = Some(user.audits(Action::SignIn).with(|audit| audit.how = how));
        let begun = self.engine.inner().store.add_user_session(&new).await;
        if new.take_over.is_some() {
            // Also if the answer was lost: the owner of what is remembered may have changed.
            self.engine.inner().forget_owners();
        }
        if let SignsIn::Provider(_) = new.who {
            // The groups of the user's other sessions may have changed.
            self.engine.inner().known_user_sessions.clear();
        }
        Ok(begun?.map(|session| (secret, Caller::of_user_session(Arc::new(session)))))
    }

    /// The caller that the id in a cookie identifies, if it was looked up within 25 s: without reading the
    /// store.
    pub fn known_user_session(&self, secret: &str) -> Option<Caller> {
        let inner = self.engine.inner();
        let known = inner.known_user_sessions.get(&secret::hash(secret), inner.clock.now_ms());
        known.map(Caller::of_user_session)
    }

    /// The caller that the id in a cookie of a request from this address identifies; `None`: the session
    /// has ended, or there never was one.
    ///
    /// # Errors
    /// [`ServiceError::TooOften`] if too many wrong ones, or wrong tokens, came from this address; also
    /// when the store fails.
    pub async fn user_session_caller(
        &self,
        secret: &str,
        lifetime: SessionLifetime,
        client: Option<ClientAddress>,
    ) -> Result<Option<Caller>, ServiceError> {
        if !secret::has_form(secret, "") {
            return Ok(None);
        }
        let inner = self.engine.inner();
        let attempt = inner.rates.wrong_tokens.attempt(client, Instant::now())?;
        let (hash, now) = (secret::hash(secret), inner.clock.now_ms());
        let look_up = inner.known_user_sessions.look_up();
        let stored = inner.store.use_user_session(&hash, lifetime).await;
        if !matches!(stored, Ok(None)) {
            inner.rates.wrong_tokens.forgive(attempt);
        }
        let Some(stored) = stored?.map(Arc::new) else { return Ok(None) };
        let times = (now, stored.expires_at);
        inner.known_user_sessions.insert(look_up, hash, times, Arc::clone(&stored));
        Ok(Some(Caller::of_user_session(stored)))
    }

    /// Lists the caller's sessions, the last used first.
    ///
    /// # Errors
    /// When no session of a user identifies the caller, and when the store fails.
    pub async fn user_sessions(
        &self,
        caller: &Caller,
    ) -> Result<Vec<StoredUserSession>, ServiceError> {
        let own = own_session(caller)?;
        Ok(self.engine.inner().store.user_sessions(&own.user).await?)
    }

    /// Ends a session of the caller; returns whether there was one. It is refused at once here, and
    /// within 30 s by other servers.
    ///
    /// # Errors
    /// As [`Service::user_sessions`].
    pub async fn end_user_session(&self, caller: &Caller, id: &str) -> Result<bool, ServiceError> {
        self.end_sessions(caller, EndedSessions::One(id)).await.map(|ended| ended > 0)
    }

    /// Ends all sessions of the caller but the one that identifies it; returns how many.
    ///
    /// # Errors
    /// As [`Service::user_sessions`].
    pub async fn end_other_user_sessions(&self, caller: &Caller) -> Result<u64, ServiceError> {
        self.end_sessions(caller, EndedSessions::AllBut(&own_session(caller)?.id)).await
    }

    async fn end_sessions(
        &self,
        caller: &Caller,
        which: EndedSessions<'_>,
    ) -> Result<u64, ServiceError> {
        let own = own_session(caller)?;
        let action = match which {
            EndedSessions::One(id) if id == own.id => Action::SignOut,
            _ => Action::EndUserSessions,
        };
        let inner = self.engine.inner();
        let audit = caller.audits_about(action, &own.user);
        let ended = inner.store.end_user_sessions(&own.user, which, Some(&audit)).await;
        // Also if the answer was lost: it may have ended.
        inner.known_user_sessions.clear();
        let outcome = match &ended {
            Ok(0) => "not_found",
            Ok(_) => "ok",
            Err(_) => "failed",
        };
        self.record(caller, action, outcome).await;
        Ok(ended?)
    }
}

/// The session by which the caller manages others.
fn own_session(caller: &Caller) -> Result<&StoredUserSession, ServiceError> {
    let refusal = "only who is signed in here has sessions";
    caller.user_session().ok_or(ServiceError::Forbidden(refusal))
}
