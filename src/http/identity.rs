//! Who sends a request: what a trusted proxy says in its headers, and what an unknown caller may do.

use std::{net::SocketAddr, time::Duration};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, header},
};
use serde::{Deserialize, Serialize};

use super::{ApiError, TrustedProxy};
use crate::{
    engine::{Caller, Role},
    task::{Problem, ProblemCode},
};

/// How users are identified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AuthMode {
    /// Everybody may use the server; a browser has an anonymous session.
    #[default]
    Open,
    /// A trusted proxy names the user in its headers; other requests are refused.
    Proxy,
    /// A user signs in at an OpenID Connect provider.
    Oidc,
    /// A user signs in with a name and a password.
    Password,
}

impl AuthMode {
    /// Whether users sign in on a page of this server, which keeps a session for each.
    pub const fn signs_in(self) -> bool {
        matches!(self, Self::Password | Self::Oidc)
    }
}

/// The OpenID Connect provider at which users sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderOptions {
    /// Its issuer, exactly as it names itself: an `https` URL.
    pub issuer: String,
    /// The id under which it knows this server.
    pub client_id: String,
    /// The secret that it gave this server. `None`: it has none, and PKCE alone protects the code.
    pub client_secret: Option<ProviderSecret>,
    /// What is asked for besides `openid`. Default: `profile` and `email`.
    pub scopes: Vec<String>,
    /// The claim of the ID token with the name of the user. Default: `preferred_username`.
    pub name_claim: String,
    /// The claim with the list of the user's groups. Default: `groups`.
    pub groups_claim: String,
}

impl ProviderOptions {
    /// A provider that knows this server by an id, with the default claims and scopes, without a secret.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            name_claim: "preferred_username".to_owned(),
            groups_claim: "groups".to_owned(),
        }
    }
}

crate::with::with!(ProviderOptions);

/// The secret of this server at its provider. Never displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSecret(String);

impl ProviderSecret {
    /// Creates a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for sending it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ProviderSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProviderSecret(…)")
    }
}

/// Who may use the server, and what for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthOptions {
    /// How users are identified. Default: [`AuthMode::Open`].
    pub mode: AuthMode,
    /// Proxies whose headers `Remote-User`, `Remote-Groups`, `Remote-Name` and `Remote-Email`, or
    /// `X-Forwarded-User` and `X-Forwarded-Groups`, name the user. Such a proxy must remove these
    /// headers from the requests of its clients. Default: none.
    pub proxies: Vec<TrustedProxy>,
    /// Whether callers without a name who connect from this machine itself may see and steer the tasks
    /// of all owners. Default: false.
    pub local_operator: bool,
    /// Users (`ada`) and groups (`group:ops`) who may see and change all tasks. Default: none.
    pub admins: Vec<String>,
    /// Users and groups who may see all tasks. Default: none.
    pub viewers: Vec<String>,
    /// How long a user who has signed in stays so without a request. Default: 14 days.
    pub session_idle: Duration,
    /// How long a user who has signed in stays so at most. Default: 90 days.
    pub session_max: Duration,
    /// Maximum number of wrong tries to sign in per minute, for one name and from one client address;
    /// 0: no limit. Default: 5.
    pub password_tries_per_minute: u32,
    /// The provider where the mode is [`AuthMode::Oidc`]. Default: none, so nobody signs in.
    pub provider: Option<ProviderOptions>,
}

crate::with::with!(AuthOptions);

impl Default for AuthOptions {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            mode: AuthMode::default(),
            proxies: Vec::new(),
            local_operator: false,
            admins: Vec::new(),
            viewers: Vec::new(),
            session_idle: 14 * DAY,
            session_max: 90 * DAY,
            password_tries_per_minute: 5,
            provider: None,
        }
    }
}

impl AuthOptions {
    /// Sets the role of a caller by the lists.
    pub(super) fn with_role(&self, caller: Caller) -> Caller {
        let role = match () {
            () if caller.is_one_of(&self.admins) => Role::Admin,
            () if caller.is_one_of(&self.viewers) => Role::Viewer,
            () => Role::Member,
        };
        caller.with_role(role)
    }

    /// Whether tokens of this caller identify it. Those of an anonymous session of the time before do not
    /// where users have names.
    pub(super) fn takes_token_of(&self, caller: &Caller) -> bool {
        self.mode == AuthMode::Open || caller.user_name().is_some()
    }

    /// Whether a session of a user identifies them: one that began in another mode, or at another provider, does not.
    pub(super) fn takes_session_of(&self, caller: &Caller) -> bool {
        let issuer = caller.user_session().and_then(|session| session.issuer.as_deref());
        match self.mode {
            AuthMode::Password => issuer.is_none(),
            AuthMode::Oidc => {
                issuer.is_some() && issuer == self.provider.as_ref().map(|it| &*it.issuer)
            }
            AuthMode::Open | AuthMode::Proxy => false,
        }
    }

    /// The user that a trusted proxy names. `None`: the peer is no such proxy, or names nobody.
    pub(super) fn user_of_proxy(&self, request: &Request) -> Result<Option<Caller>, ApiError> {
        if !self.trusts_peer(request) {
            return Ok(None);
        }
        let user = named_user(request.headers())?;
        let user =
            user.map(|(name, groups)| Caller::user(name).in_groups(groups).named_by("proxy"));
        Ok(user.map(|user| self.with_role(user)))
    }

    /// Whether the request comes from a trusted proxy.
    pub(super) fn trusts_peer(&self, request: &Request) -> bool {
        if self.proxies.is_empty() {
            return false;
        }
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let trusts = |peer| self.proxies.iter().any(|proxy| proxy.contains(peer));
        peer.is_some_and(|ConnectInfo(peer)| trusts(peer.ip()))
    }

    /// The refusal of a request whose sender is not known, if this mode has one.
    pub(super) fn refuse_unknown(&self) -> Option<Problem> {
        let detail = match self.mode {
            AuthMode::Open => return None,
            AuthMode::Proxy => {
                "this server is used through a proxy that names the user; open its address"
            }
            AuthMode::Password | AuthMode::Oidc => {
                "sign in first: open a page of this server in a browser, or send a token \
                 (Authorization: Bearer mp_…)"
            }
        };
        Some(Problem::new(401, "Unauthorized", detail).with_code(ProblemCode::Unauthenticated))
    }
}

/// The token of a request: `Authorization: Bearer mp_…`. `None`: there is none; other schemes belong to
/// somebody else.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, more) = (values.next(), values.next());
    if more.is_some() {
        let detail = "the request has more than one Authorization header";
        return Err(Problem::new(400, "Bad Request", detail));
    }
    let Some(value) = value else { return Ok(None) };
    // A token is ASCII; anything else is a wrong one, if it is meant as one.
    let text = String::from_utf8_lossy(value.as_bytes());
    let is_bearer = text.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
    let value =
        value.to_str().ok().and_then(|text| text.split_once(' ')).map(|(_, rest)| rest.trim());
    match (is_bearer, value) {
        (true, value) => Ok(Some(value.unwrap_or_default())),
        (false, _) => Ok(None),
    }
}

/// Whether a text is meant as a token of this server. Others may be those of a proxy's own sign-in, which
/// it adds to the requests of any page.
pub(super) fn is_ours(token: &str) -> bool {
    token.starts_with("mp_")
}

/// Whether the request is identified by a token of this server, or refused.
pub(super) fn has_token(headers: &HeaderMap) -> bool {
    matches!(bearer(headers), Ok(Some(token)) if is_ours(token))
}

/// The refusal of a token.
pub(super) fn wrong_token() -> Problem {
    let detail = "the token is wrong, has expired or was removed";
    Problem::new(401, "Unauthorized", detail).with_code(ProblemCode::InvalidToken)
}

/// Headers in which proxies name the user and their groups; the first pair is that of Authelia and
/// others, the second that of oauth2-proxy.
const FAMILIES: [(&str, &str, &[&str]); 2] = [
    ("remote-user", "remote-groups", &["remote-name", "remote-email"]),
    ("x-forwarded-user", "x-forwarded-groups", &[]),
];

/// Maximum length of a user's name, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// Maximum number of groups of a user that count.
const MAX_GROUPS: usize = 500;

/// The user and the groups that the headers name.
fn named_user(headers: &HeaderMap) -> Result<Option<(&str, Vec<&str>)>, ApiError> {
    let mut named = None;
    for (user, groups, others) in FAMILIES {
        let name = single(headers, user)?;
        let list = single(headers, groups)?;
        let mut other = None;
        for header in others {
            other = other.or(single(headers, header)?);
        }
        if name.or(list).or(other).is_none() {
            continue;
        }
        // A proxy writes one kind; the other one would come from its client.
        if named.is_some() {
            let detail = "the user is named by Remote-… and by X-Forwarded-… headers; the proxy must \
                          remove those that it does not set";
            return Err(ApiError::bad_request(detail));
        }
        named = Some((name, list.unwrap_or_default()));
    }
    let Some((Some(name), groups)) = named else { return Ok(None) };
    if name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        let detail = format!("the name of a user has at most {MAX_NAME_BYTES} bytes");
        return Err(ApiError::bad_request(detail));
    }
    let groups = groups.split(',').map(str::trim).filter(|group| !group.is_empty());
    Ok(Some((name, groups.take(MAX_GROUPS).collect())))
}

/// The value of a header that a request has at most once; `None` if it is absent or empty.
fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::bad_request(format!("the request has more than one {name} header")));
    }
    let text = std::str::from_utf8(value.as_bytes());
    let text =
        text.map_err(|_| ApiError::bad_request(format!("the header {name} is not UTF-8")))?;
    Ok(Some(text.trim()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn ask(peer: &str, headers: &[(&'static str, &str)]) -> Result<Option<Caller>, u16> {
        let options = AuthOptions {
            proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            admins: vec!["root".to_owned(), "group:ops".to_owned()],
            viewers: vec!["group:audit".to_owned()],
            ..AuthOptions::default()
        };
        let mut request = Request::default();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        if let Ok(peer) = peer.parse::<SocketAddr>() {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        options.user_of_proxy(&request).map_err(|error| error.0.status)
    }

    fn user(headers: &[(&'static str, &str)]) -> (String, Vec<String>, Role) {
        let caller = ask("10.0.0.1:80", headers).unwrap().expect("a user");
        let name = caller.user_name().expect("a name").to_owned();
        (name, caller.groups().to_vec(), caller.role())
    }

    #[test]
    fn a_trusted_proxy_names_the_user_their_groups_and_so_their_role() {
        let of = |groups: &[&str]| groups.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        for (headers, name, groups, role) in [
            (&[("remote-user", "ada")][..], "ada", of(&[]), Role::Member),
            (&[("remote-user", " ada "), ("remote-email", "a@b")], "ada", of(&[]), Role::Member),
            (&[("remote-user", "root")], "root", of(&[]), Role::Admin),
            (
                &[("remote-user", "Zoë"), ("remote-groups", "dev, ops,,")],
                "Zoë",
                of(&["dev", "ops"]),
                Role::Admin,
            ),
            (
                &[("x-forwarded-user", "eve"), ("x-forwarded-groups", "audit")],
                "eve",
                of(&["audit"]),
                Role::Viewer,
            ),
            // A name never counts as a group.
            (&[("remote-user", "group:ops")], "group:ops", of(&[]), Role::Member),
        ] {
            assert_eq!(user(headers), (name.to_owned(), groups, role), "{headers:?}");
        }
    }

    #[test]
    fn nobody_else_names_a_user() {
        for peer in ["192.0.2.1:80", "11.0.0.1:80", "[2001:db8::1]:80", ""] {
            // Not even a header that a proxy may not send is looked at.
            for headers in
                [&[("remote-user", "root")][..], &[("remote-user", "a"), ("remote-user", "b")]]
            {
                assert_eq!(ask(peer, headers), Ok(None), "{peer}");
            }
        }
        assert!(ask("[::ffff:10.0.0.1]:80", &[("remote-user", "ada")]).unwrap().is_some());
        for headers in [&[][..], &[("remote-user", "")], &[("remote-groups", "ops")]] {
            assert_eq!(ask("10.0.0.1:80", headers), Ok(None), "{headers:?}");
        }
    }

    #[test]
    fn headers_that_do_not_name_one_user_are_refused() {
        let long = "a".repeat(MAX_NAME_BYTES + 1);
        for headers in [
            &[("remote-user", "ada"), ("remote-user", "root")][..],
            &[("remote-user", "ada"), ("remote-user", "ada")],
            &[("remote-user", "ada"), ("remote-groups", "a"), ("remote-groups", "ops")],
            &[("remote-user", "ada"), ("remote-name", "a"), ("remote-name", "b")],
            &[("remote-user", "ada"), ("x-forwarded-user", "ada")],
            &[("x-forwarded-user", "ada"), ("remote-groups", "ops")],
            &[("x-forwarded-user", "ada"), ("remote-email", "a@b")],
            &[("remote-user", &long)],
            &[("remote-user", "a\tb")],
        ] {
            assert_eq!(ask("10.0.0.1:80", headers), Err(400), "{headers:?}");
        }
    }
}
