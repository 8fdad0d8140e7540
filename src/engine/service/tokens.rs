//! Tokens: making, listing and removing them, and finding the user of a request that carries one.

use std::{sync::Arc, time::Instant};

use uuid::Uuid;

use super::{Caller, Service, ServiceError, secret};
use crate::engine::{
    ClientAddress, ValidationError,
    audit::Action,
    store::{NewAudit, NewToken, Store, StoredToken, TokenScope},
};

/// Prefix of all tokens.
const PREFIX: &str = "mp_";
/// Maximum length of a token's name, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Maximum number of kinds of a token.
const MAX_KINDS: usize = 100;
/// Longest lifetime of a token, in days.
const MAX_DAYS: u32 = 3_650;
const DAY_MS: i64 = 86_400_000;

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// What its user calls it; 1 to 100 characters.
    pub name: String,
    /// What it may be used for. Default: read, start and cancel.
    pub scopes: Vec<TokenScope>,
    /// The kinds that it may be used for; empty: all. Default: all.
    pub kinds: Vec<String>,
    /// Days until it expires, 1 to 3,650. Default: 90.
    pub days: u32,
}

crate::with::with!(TokenRequest);

impl TokenRequest {
    /// A token with this name and the defaults.
    pub fn new(name: impl Into<String>) -> Self {
        let scopes = vec![TokenScope::Read, TokenScope::Start, TokenScope::Cancel];
        Self { name: name.into(), scopes, kinds: Vec::new(), days: 90 }
    }

    fn check(&self) -> Result<(), ValidationError> {
        let chars = self.name.chars().count();
        let rules = [
            (
                (1..=MAX_NAME_CHARS).contains(&chars) && !self.name.chars().any(char::is_control),
                "name",
                format!("has 1 to {MAX_NAME_CHARS} characters"),
            ),
            (!self.scopes.is_empty(), "scopes", "names at least one scope".to_owned()),
            ((1..=MAX_DAYS).contains(&self.days), "days", format!("is from 1 to {MAX_DAYS}")),
            (
                self.kinds.len() <= MAX_KINDS && self.kinds.iter().all(|kind| is_kind(kind)),
                "kinds",
                format!("has at most {MAX_KINDS} names of kinds"),
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, field, detail)) => Err(ValidationError::field(field, detail)),
            None => Ok(()),
        }
    }
}

fn is_kind(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=100).contains(&name.len()) && name.bytes().all(plain)
}

/// Makes a token for the user with this owner id and these groups. Returns the token itself, which is
/// stored nowhere, and its row. `audit` is written to the audit log, with the id of the token.
///
/// # Errors
/// When the request is invalid, when the owner has `max` tokens, and when the store fails.
pub async fn make_token(
    store: &dyn Store,
    owner: &str,
    groups: &[String],
    request: TokenRequest,
    max: u32,
    audit: NewAudit,
) -> Result<(String, StoredToken), ServiceError> {
    request.check()?;
    let token = secret::random(PREFIX);
    let TokenRequest { name, mut scopes, mut kinds, days } = request;
    scopes.sort_unstable_by_key(|scope| scope.as_str());
    scopes.dedup();
    kinds.sort_unstable();
    kinds.dedup();
    let id = Uuid::new_v4().to_string();
    let new = NewToken {
        audit: Some(audit.with(|audit| audit.subject = Some(id.clone()))),
        id,
        hash: secret::hash(&token),
        owner: owner.to_owned(),
        groups: groups.to_vec(),
        name,
        scopes,
        kinds,
        lifetime_ms: i64::from(days) * DAY_MS,
        max_per_owner: max,
    };
    let stored = store.add_token(&new).await?;
    let detail = || format!("there are {max} tokens already, as many as may be; remove one first");
    let stored = stored.ok_or_else(|| ValidationError::field("name", detail()))?;
    Ok((token, stored))
}

impl Service {
    /// Makes a token for the caller. Returns the token itself, which is shown once and stored nowhere,
    /// and its row.
    ///
    /// # Errors
    /// When the caller is anonymous or is identified by a token, when the request is invalid, and when
    /// the store fails.
    pub async fn make_token(
        &self,
        caller: &Caller,
        request: TokenRequest,
    ) -> Result<(String, StoredToken), ServiceError> {
        let owner = token_owner(caller)?;
        let inner = self.engine.inner();
        let max = inner.options.max_tokens_per_owner;
        let audit = caller.audits(Action::AddToken);
        let made = make_token(&*inner.store, owner, caller.groups(), request, max, audit).await;
        self.record(caller, Action::AddToken, if made.is_ok() { "ok" } else { "refused" }).await;
        made
    }

    /// Lists the caller's tokens, newest first.
    ///
    /// # Errors
    /// As [`Service::make_token`].
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<StoredToken>, ServiceError> {
        let owner = token_owner(caller)?;
        Ok(self.engine.inner().store.tokens(Some(owner)).await?)
    }

    /// Removes a token of the caller; returns whether there was one. It is refused at once here, and
    /// within 30 s by other servers.
    ///
    /// # Errors
    /// As [`Service::make_token`].
    pub async fn remove_token(&self, caller: &Caller, id: &str) -> Result<bool, ServiceError> {
        let owner = token_owner(caller)?;
        let inner = self.engine.inner();
        let audit = caller.audits_about(Action::RemoveToken, id);
        let removed = inner.store.remove_token(Some(owner), id, Some(&audit)).await;
        // Also if the answer was lost: it may have been removed.
        inner.known_tokens.clear();
        let removed = removed?;
        let outcome = if removed { "ok" } else { "not_found" };
        self.record(caller, Action::RemoveToken, outcome).await;
        Ok(removed)
    }

    /// The caller that a token identifies, if it was looked up within 25 s: without reading the store.
    pub fn known_token(&self, token: &str) -> Option<Caller> {
        let inner = self.engine.inner();
        inner.known_tokens.get(&secret::hash(token), inner.clock.now_ms()).map(Caller::of_token)
    }

    /// The caller that a token of a request from this address identifies; `None`: it is wrong, has expired or was
    /// removed.
    ///
    /// # Errors
    /// [`ServiceError::TooOften`] if too many wrong tokens came from this address; also when the store fails.
    pub async fn token_caller(
        &self,
        token: &str,
        client: Option<ClientAddress>,
    ) -> Result<Option<Caller>, ServiceError> {
        let inner = self.engine.inner();
        let attempt = inner.rates.wrong_tokens.attempt(client, Instant::now())?;
        if !secret::has_form(token, PREFIX) {
            return Ok(None);
        }
        let (hash, now) = (secret::hash(token), inner.clock.now_ms());
        let look_up = inner.known_tokens.look_up();
        let stored = inner.store.use_token(&hash).await;
        if !matches!(stored, Ok(None)) {
            inner.rates.wrong_tokens.forgive(attempt);
        }
        let Some(stored) = stored?.map(Arc::new) else { return Ok(None) };
        let expires_at = stored.expires_at;
        inner.known_tokens.insert(look_up, hash, (now, expires_at), Arc::clone(&stored));
        Ok(Some(Caller::of_token(stored)))
    }
}

/// Whose tokens the caller manages. A token cannot make another one.
fn token_owner(caller: &Caller) -> Result<&str, ServiceError> {
    if caller.token().is_some() {
        return Err(ServiceError::Forbidden("a token cannot be used to manage tokens"));
    }
    caller.as_owner().ok_or(ServiceError::SessionNeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_name_a_scope_and_an_end() {
        let fine = TokenRequest::new("CI");
        assert_eq!(fine.check(), Ok(()));
        let changed = |change: fn(&mut TokenRequest)| fine.clone().with(change).check();
        for wrong in [
            changed(|it| it.name.clear()),
            changed(|it| it.name = "a\nb".to_owned()),
            changed(|it| it.name = "a".repeat(101)),
            changed(|it| it.scopes.clear()),
            changed(|it| it.days = 0),
            changed(|it| it.days = 3_651),
            changed(|it| it.kinds = vec!["a b".to_owned()]),
            changed(|it| it.kinds = vec![String::new()]),
        ] {
            assert_eq!(wrong.unwrap_err().errors.len(), 1);
        }
    }
}
