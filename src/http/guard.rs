//! Outermost layer: decides which requests are served, and identifies the caller.
//!
//! A hand-written tower layer without an allocation per request, because it runs before the most
//! frequent call, the status read.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, Map, Ready, ready},
};
use tower::{Layer, Service};

use super::{
    ApiError, HttpOptions,
    body::{self, BodyCheck},
    client, identity, origin,
    refusal::{Reader, answer, refuse},
    session::{self, Recent, Session},
    share_cookie::{SHARE_PATH, opened_shares},
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
            new_sessions: Arc::new(new_sessions),
            tokens: None,
        }
    }

    /// Identifies users by their tokens, which this service knows. Without it, each token is refused.
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
            return self.with_shares(request, Err(refusal));
        }
        let session = self.session(request.headers(), *request.method() == Method::GET, client);
        // Only a server that is open has callers without a name.
        let is_local = client::is_local(request, &self.options);
        self.with_shares(request, session.map(|(caller, cookie)| (caller.local(is_local), cookie)))
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
        let opens_link = self.makes_sessions
            && matches!(*method, Method::GET | Method::HEAD)
            && path.starts_with(SHARE_PATH);
        match who {
            Ok((caller, cookie)) => Ok((caller.with_shares(shares), cookie)),
            Err(refusal) if is_unknown(&refusal) && (opens_link || !shares.is_empty()) => {
                Ok((Caller::guest().with_shares(shares), None))
            }
            Err(refusal) => Err(refusal),
        }
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
            Identity::Shares(service, tokens, who) => {
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

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: self.clone() }
    }
}

/// Service that [`Guard`] wraps around another.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    guard: Guard,
}

type Finish<E> = Box<dyn FnOnce(Result<Response, E>) -> Result<Response, E> + Send>;

/// The response of the service within.
type Passed<S, F> = Either<F, Map<F, Finish<S>>>;
/// A response that is known, or that of the service within; or, if a token has to be looked up, both
/// later.
type Answer<E, F> = Either<Ready<Result<Response, E>>, Passed<E, F>>;

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future =
        Either<Answer<S::Error, S::Future>, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let options = &*self.guard.options;
        let client = client::note(&mut request, &options.trusted_proxies);
        if let Err(refusal) = origin::check(&request, options) {
            return Either::Left(Either::Left(ready(Ok(refused(&request, refusal, options)))));
        }
        let identity = match self.guard.identify(&mut request, client) {
            Identity::Known(caller, cookie) => {
                return Either::Left(self.pass(request, caller, cookie, client));
            }
            Identity::Refused(problem) => {
                let refusal = refuse_identity(&request, problem, options);
                return Either::Left(Either::Left(ready(Ok(refusal))));
            }
            to_look_up => to_look_up,
        };
        // The service that is ready is the one to be called.
        let next = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, next);
        let mut guarded = Self { inner: ready, guard: self.guard.clone() };
        Either::Right(Box::pin(async move {
            // A request cannot be borrowed meanwhile.
            let (method, uri) = (request.method().clone(), request.uri().clone());
            match guarded.guard.look_up(&method, uri.path(), client, identity).await {
                Ok((caller, cookie)) => guarded.pass(request, caller, cookie, client).await,
                Err(refusal) => Ok(refuse_identity(&request, refusal, &guarded.guard.options)),
            }
        }))
    }
}

impl<S: Service<Request, Response = Response>> Guarded<S> {
    /// Passes the request of this caller on.
    fn pass(
        &mut self,
        mut request: Request,
        caller: Caller,
        cookie: Option<HeaderValue>,
        client: Option<ClientAddress>,
    ) -> Answer<S::Error, S::Future> {
        let options = &*self.guard.options;
        let (pages, plain) = (self.guard.makes_sessions, options.plain_error_paths);
        let client = caller.client().or(client);
        request.extensions_mut().insert(caller.at(client));
        let body = match body::check(&mut request, options, pages) {
            Ok(body) => body,
            Err(refusal) => {
                return Either::Left(ready(Ok(refuse(request.uri().path(), refusal, plain))));
            }
        };
        let reader = body.as_ref().map(|_| Reader::of(request.uri().path(), plain));
        let response = self.inner.call(request);
        if cookie.is_none() && body.is_none() {
            return Either::Right(Either::Left(response));
        }
        let body = body.zip(reader);
        let finish: Finish<_> = Box::new(move |response| {
            let response = response?;
            let mut response = match body {
                Some((body, reader)) => checked(response, &body, reader),
                None => response,
            };
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        });
        Either::Right(Either::Right(response.map(finish)))
    }
}

/// Whether a request was refused because it names nobody.
fn is_unknown(refusal: &Problem) -> bool {
    refusal.code == ProblemCode::Unauthenticated.as_str()
}

/// Response to a request whose sender is not known, or names somebody in a wrong way.
fn refuse_identity(request: &Request, problem: Problem, options: &HttpOptions) -> Response {
    let unknown = problem.status == StatusCode::UNAUTHORIZED;
    let mut response = refuse(request.uri().path(), problem, options.plain_error_paths);
    if unknown {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

/// Replaces the response if the request's body was rejected, so that every call reports it alike. A
/// page that already reports the problem itself is preserved.
fn checked(response: Response, body: &BodyCheck, reader: Reader) -> Response {
    let Some(problem) = body.problem() else { return response };
    let timed_out = problem.status == StatusCode::REQUEST_TIMEOUT;
    let mut response = match reader {
        Reader::Person if response.status().as_u16() == problem.status => response,
        reader => answer(reader, problem),
    };
    if timed_out {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Response to a refused request. Refused changes are audited.
fn refused(request: &Request, refusal: ApiError, options: &HttpOptions) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let known = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        let client = request.extensions().get::<ClientAddress>().copied();
        let status = refusal.status().as_u16();
        audit::refused(&known.at(client), request.uri().path(), status);
    }
    refuse(request.uri().path(), refusal.0, options.plain_error_paths)
}
