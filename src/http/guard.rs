//! Outermost layer: decides which requests are served, and identifies the caller.
//!
//! A hand-written tower layer without an allocation per request, because it runs before the most
//! frequent call, the status read.

mod guarded;

use std::sync::Arc;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};

pub use guarded::Guarded;

use super::{
    HttpOptions, client, identity,
    refusal::{Reader, refuse},
    session::{self, Recent, Session},
    share_cookie::{SHARE_PATH, opened_shares},
    sign_in::{self, SIGN_IN_PATHS},
};
use crate::{
    engine::{
        self as service, Caller, ClientAddress, OpenShares, RateLimit, ServiceError,
        audit::{self, Action},
    },
    task::{Problem, ProblemCode},
};

/// Refuses cross-site requests, limits request bodies, and inserts a [`Caller`] into the extensions
/// of all other requests. A caller that an outer layer inserted is preserved.
#[derive(Clone)]
pub struct Guard {
    options: Arc<HttpOptions>,
    recent: Arc<Recent>,
    makes_sessions: bool,
    is_for_files: bool,
    new_sessions: Arc<RateLimit>,
    tokens: Option<service::Service>,
}

/// A caller, and the cookie to set; or why the request is refused.
type Named = Result<(Caller, Option<HeaderValue>), Problem>;

/// Who sends a request.
enum Identity {
    /// The caller, and the cookie to set.
    Known(Caller, Option<HeaderValue>),
    /// The user of a token that has to be looked up.
    Token(service::Service, String),
    /// The user of a session that has to be looked up, with the share links that the browser opened.
    UserSession(service::Service, String, Vec<String>),
    /// Somebody who opened share links, which have to be looked up.
    Shares(service::Service, Vec<String>, Named),
    /// Nobody, or nobody who may use the server.
    Refused(Problem),
}

impl From<Named> for Identity {
    fn from(known: Named) -> Self {
        match known {
            Ok((caller, cookie)) => Self::Known(caller, cookie),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

impl Guard {
    /// For the API and files: reads sessions, never creates one.
    pub fn reading_sessions(options: &HttpOptions) -> Self {
        Self::new(options, false)
    }

    /// For pages: reads sessions, and creates one when a page is opened without.
    pub fn making_sessions(options: &HttpOptions) -> Self {
        Self::new(options, true)
    }

    fn new(options: &HttpOptions, makes_sessions: bool) -> Self {
        let setting = "http.rate.sessions_per_minute";
        let new_sessions =
            RateLimit::per_minute(options.sessions_per_minute, "new sessions", setting);
        Self {
            options: Arc::new(options.clone()),
            recent: Arc::default(),
            makes_sessions,
            is_for_files: false,
            new_sessions: Arc::new(new_sessions),
            tokens: None,
        }
    }

    /// For files that the page for signing in needs, too: where users sign in, whoever is not known gets them.
    #[must_use]
    pub fn for_files(self) -> Self {
        Self { is_for_files: true, ..self }
    }

    /// Identifies users by their tokens and by their sessions, which this service knows. Without it, each
    /// token is refused, and nobody is signed in.
    #[must_use]
    pub fn with_tokens(self, service: service::Service) -> Self {
        Self { tokens: Some(service), ..self }
    }

    /// Identifies the caller: the first that names one counts.
    fn identify(&self, request: &mut Request, client: Option<ClientAddress>) -> Identity {
        if let Some(known) = request.extensions_mut().remove::<Caller>() {
            return Identity::Known(known, None);
        }
        let auth = &self.options.auth;
        // A proxy that names the user may have a bearer token of its own.
        let is_of_proxy = match identity::bearer(request.headers()) {
            Err(refusal) => return Identity::Refused(refusal),
            Ok(Some(token)) if identity::is_ours(token) || !auth.trusts_peer(request) => {
                return self.of_token(token);
            }
            Ok(token) => token.is_some(),
        };
        match auth.user_of_proxy(request) {
            Err(refusal) => return Identity::Refused(refusal.0),
            Ok(Some(user)) => return self.with_shares(request, Ok((user, None))),
            Ok(None) if is_of_proxy => return Identity::Refused(identity::wrong_token()),
            Ok(None) => {}
        }
        if let Some(refusal) = auth.refuse_unknown() {
            return self.of_user_session(request, refusal);
        }
        let session = self.session(request.headers(), *request.method() == Method::GET, client);
        // Only a server that is open has callers without a name.
        let is_local = client::is_local(request, &self.options);
        self.with_shares(request, session.map(|(caller, cookie)| (caller.local(is_local), cookie)))
    }

    /// The user who signed in with this browser, who may have to be looked up; otherwise the refusal.
    fn of_user_session(&self, request: &Request, refusal: Problem) -> Identity {
        let auth = &self.options.auth;
        let secret = match auth.mode.signs_in() {
            true => sign_in::session_secret(request.headers(), &self.options),
            false => None,
        };
        let (Some(secret), Some(service)) = (secret, &self.tokens) else {
            return self.with_shares(request, Err(refusal));
        };
        match service.known_user_session(secret) {
            Some(user) if !auth.takes_session_of(&user) => self.with_shares(request, Err(refusal)),
            Some(user) => self.with_shares(request, Ok((auth.with_role(user), None))),
            None => {
                let shares = opened_shares(request.headers(), &self.options);
                let shares = shares.into_iter().map(str::to_owned).collect();
                Identity::UserSession(service.clone(), secret.to_owned(), shares)
            }
        }
    }

    /// Adds the share links that the browser opened; a browser whose user is not known is let in by
    /// them, or to open one.
    fn with_shares(&self, request: &Request, who: Named) -> Identity {
        let Some(service) = &self.tokens else { return who.into() };
        let tokens = opened_shares(request.headers(), &self.options);
        match service.known_shares(&tokens) {
            Some(shares) => self.let_in(request.method(), request.uri().path(), who, shares).into(),
            None => {
                let tokens = tokens.into_iter().map(str::to_owned).collect();
                Identity::Shares(service.clone(), tokens, who)
            }
        }
    }

    /// The caller with the links that are valid.
    fn let_in(&self, method: &Method, path: &str, who: Named, shares: OpenShares) -> Named {
        match who {
            Ok((caller, cookie)) => Ok((caller.with_shares(shares), cookie)),
            Err(refusal)
                if is_unknown(&refusal) && (self.is_open(method, path) || !shares.is_empty()) =>
            {
                Ok((Caller::guest().with_shares(shares), None))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Whether somebody who is not known may make this request: open a share link, sign in or out, or get
    /// a file that the page for signing in needs.
    fn is_open(&self, method: &Method, path: &str) -> bool {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let opens_link = self.makes_sessions && reads && path.starts_with(SHARE_PATH);
        let signs_in = self.makes_sessions && SIGN_IN_PATHS.contains(&path);
        opens_link || self.options.auth.mode.signs_in() && (signs_in || self.is_for_files)
    }

    /// Reads from the store whom a request to this path names.
    async fn look_up(
        &self,
        method: &Method,
        path: &str,
        client: Option<ClientAddress>,
        identity: Identity,
    ) -> Named {
        match identity {
            Identity::Known(caller, cookie) => Ok((caller, cookie)),
            Identity::Refused(refusal) => Err(refusal),
            Identity::Token(service, token) => match service.token_caller(&token, client).await {
                Ok(Some(caller)) if self.options.auth.takes_token_of(&caller) => {
                    Ok((self.options.auth.with_role(caller), None))
                }
                Ok(_) => {
                    audit::refused(&Caller::nobody().at(client), path, 401);
                    Err(identity::wrong_token())
                }
                Err(error) => Err(error.into()),
            },
            Identity::UserSession(service, secret, shares) => {
                let auth = &self.options.auth;
                let user =
                    service.user_session_caller(&secret, auth.session_lifetime(), client).await?;
                let user = user.filter(|user| auth.takes_session_of(user));
                let who = user.map(|user| (auth.with_role(user), None));
                let who =
                    who.ok_or_else(|| auth.refuse_unknown().unwrap_or_else(identity::wrong_token));
                self.look_up_shares(method, path, client, (service, shares, who)).await
            }
            Identity::Shares(service, tokens, who) => {
                self.look_up_shares(method, path, client, (service, tokens, who)).await
            }
        }
    }

    async fn look_up_shares(
        &self,
        method: &Method,
        path: &str,
        client: Option<ClientAddress>,
        (service, tokens, who): (service::Service, Vec<String>, Named),
    ) -> Named {
        match (service.open_shares(&tokens, client).await, who) {
            (Ok(shares), who) => self.let_in(method, path, who, shares),
            // The links are no condition for what else the caller may do.
            (Err(error), Ok(known)) => {
                tracing::warn!(%error, "share links were not looked up");
                Ok(known)
            }
            (Err(error), Err(_)) => Err(error.into()),
        }
    }

    /// The user of a token, who may have to be looked up.
    fn of_token(&self, token: &str) -> Identity {
        let Some(service) = &self.tokens else {
            return Identity::Refused(identity::wrong_token());
        };
        match service.known_token(token) {
            Some(caller) if !self.options.auth.takes_token_of(&caller) => {
                Identity::Refused(identity::wrong_token())
            }
            Some(caller) => Identity::Known(self.options.auth.with_role(caller), None),
            None => Identity::Token(service.clone(), token.to_owned()),
        }
    }

    /// Reads the caller from the session cookie. Also returns the cookie to set: for a new session
    /// when a page is opened without one, or to renew an old cookie. Returns a problem if this
    /// client creates too many sessions.
    fn session(&self, headers: &HeaderMap, opens: bool, client: Option<ClientAddress>) -> Named {
        let options = &*self.options;
        if !options.session_cookie {
            return Ok((Caller::nobody(), None));
        }
        let opens = opens && self.makes_sessions;
        Ok(match session::read(headers, options, &self.recent) {
            Some(session) if opens => {
                let cookie = session.renewed(options, session::now());
                (session.caller, cookie)
            }
            Some(session) => (session.caller, None),
            None if opens => {
                let room = self.new_sessions.take(client, 1);
                room.map_err(|refusal| {
                    audit::record(&Caller::nobody().at(client), Action::BeginSession, "429");
                    Problem::from(ServiceError::from(refusal))
                })?;
                let (session, cookie) = Session::make(options, session::now());
                audit::record(&session.caller.clone().at(client), Action::BeginSession, "ok");
                (session.caller, cookie)
            }
            None => (Caller::nobody(), None),
        })
    }
}

impl Guard {
    /// Response to a request whose sender is not known, or names somebody in a wrong way.
    fn refuse_identity(&self, request: &Request, problem: Problem) -> Response {
        let (options, path) = (&*self.options, request.uri().path());
        let has_no_name = is_unknown(&problem);
        let is_page =
            self.makes_sessions && Reader::of(path, options.plain_error_paths) == Reader::Person;
        let mut response = match has_no_name && is_page && sign_in::leads_there(request, options) {
            true => sign_in::redirect(request),
            false => refuse(path, problem, options.plain_error_paths),
        };
        if has_no_name {
            sign_in::forget_session(request, &mut response, options);
        }
        if response.status() == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// Whether a request was refused because it names nobody.
fn is_unknown(refusal: &Problem) -> bool {
    refusal.code == ProblemCode::Unauthenticated.as_str()
}
