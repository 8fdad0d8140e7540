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
    future::{Either, Map, Ready, ready},
};
use tower::{Layer, Service};

use super::{
    ApiError, HttpOptions,
    body::{self, BodyCheck},
    client, origin,
    refusal::{Reader, answer, refuse},
    session::{self, Recent, Session},
};
use crate::{
    engine::{
        Caller, ClientAddress, RateLimit, ServiceError,
        audit::{self, Action},
    },
    task::Problem,
};

/// Refuses cross-site requests, limits request bodies, and inserts a [`Caller`] into the extensions
/// of all other requests. A caller that an outer layer inserted is preserved.
#[derive(Clone)]
pub struct Guard {
    options: Arc<HttpOptions>,
    recent: Arc<Recent>,
    makes_sessions: bool,
    new_sessions: Arc<RateLimit>,
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
        }
    }

    /// Reads the caller from the session cookie. Also returns the cookie to set: for a new session
    /// when a page is opened without one, or to renew an old cookie. Returns a problem if this
    /// client creates too many sessions.
    fn session(
        &self,
        headers: &HeaderMap,
        opens: bool,
        client: Option<ClientAddress>,
    ) -> Result<(Caller, Option<HeaderValue>), Problem> {
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

impl<S: Service<Request, Response = Response>> Service<Request> for Guarded<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Either<
        Ready<Result<Response, S::Error>>,
        Either<S::Future, Map<S::Future, Finish<S::Error>>>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let options = &*self.guard.options;
        let (pages, plain) = (self.guard.makes_sessions, options.plain_error_paths);
        let client = client::note(&mut request, &options.trusted_proxies);
        if let Err(refusal) = origin::check(&request, options) {
            return Either::Left(ready(Ok(refused(&request, refusal, options))));
        }
        let known = request.extensions_mut().remove::<Caller>();
        let opens = *request.method() == Method::GET;
        let (caller, cookie) = match known {
            Some(known) => (known, None),
            None => match self.guard.session(request.headers(), opens, client) {
                Ok(session) => session,
                Err(refusal) => {
                    return Either::Left(ready(Ok(refuse(request.uri().path(), refusal, plain))));
                }
            },
        };
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
