//! The layer before everything: which requests are answered at all, and who asks.
//!
//! A tower layer by hand, without a box per request: it stands before the status read, the call
//! that is made most.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use futures_util::{
    FutureExt,
    future::{Either, Map, Ready, ready},
};
use tower::{Layer, Service};

use super::{
    ApiError, HttpOptions, client, origin,
    session::{self, Recent, Session},
};
use crate::engine::{
    Caller, ClientAddress,
    audit::{self, Action},
};

/// Refuses what comes from other sites' pages, limits the bodies, and puts a [`Caller`] into the
/// extensions of every other request. One that an outer layer put there stays.
#[derive(Clone)]
pub struct Guard {
    options: Arc<HttpOptions>,
    recent: Arc<Recent>,
    makes_sessions: bool,
}

impl Guard {
    /// For calls and files: reads the session, makes none.
    pub fn reading_sessions(options: &HttpOptions) -> Self {
        Self::new(options, false)
    }

    /// For pages: reads the session, and makes one when a page is opened without.
    pub fn making_sessions(options: &HttpOptions) -> Self {
        Self::new(options, true)
    }

    fn new(options: &HttpOptions, makes_sessions: bool) -> Self {
        Self { options: Arc::new(options.clone()), recent: Arc::default(), makes_sessions }
    }

    /// Who asks by the session cookie, and the cookie that the answer is to set: of a new session where
    /// a page is opened without one, and of a session whose cookie has become old.
    fn session(
        &self,
        headers: &HeaderMap,
        opens: bool,
        client: Option<ClientAddress>,
    ) -> (Caller, Option<HeaderValue>) {
        let options = &*self.options;
        if !options.session_cookie {
            return (Caller::nobody(), None);
        }
        let opens = opens && self.makes_sessions;
        match session::read(headers, options, &self.recent) {
            Some(session) if opens => {
                let cookie = session.renewed(options, session::now());
                (session.caller, cookie)
            }
            Some(session) => (session.caller, None),
            None if opens => {
                let (session, cookie) = Session::make(options, session::now());
                audit::record(&session.caller.clone().at(client), Action::BeginSession, "ok");
                (session.caller, cookie)
            }
            None => (Caller::nobody(), None),
        }
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: self.clone() }
    }
}

/// What [`Guard`] makes.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    guard: Guard,
}

type WithCookie<E> = Box<dyn FnOnce(Result<Response, E>) -> Result<Response, E> + Send>;

impl<S: Service<Request, Response = Response>> Service<Request> for Guarded<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Either<
        Ready<Result<Response, S::Error>>,
        Either<S::Future, Map<S::Future, WithCookie<S::Error>>>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let options = &*self.guard.options;
        let client = client::note(&mut request, &options.trusted_proxies);
        if let Err(refusal) = origin::check(&request, options) {
            return Either::Left(ready(Ok(refused(&request, refusal))));
        }
        let known = request.extensions_mut().remove::<Caller>();
        let opens = matches!(*request.method(), Method::GET | Method::HEAD);
        if !opens {
            DefaultBodyLimit::max(options.max_body_bytes).apply(&mut request);
        }
        let (caller, cookie) = match known {
            Some(known) => (known, None),
            None => self.guard.session(request.headers(), opens, client),
        };
        let client = caller.client().or(client);
        request.extensions_mut().insert(caller.at(client));
        let response = self.inner.call(request);
        Either::Right(match cookie {
            Some(cookie) => Either::Right(response.map(with_cookie(cookie))),
            None => Either::Left(response),
        })
    }
}

/// The answer to a request that goes no further. What would have changed something is audited.
fn refused(request: &Request, refusal: ApiError) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let known = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        let client = request.extensions().get::<ClientAddress>().copied();
        let status = refusal.status().as_u16();
        audit::refused(&known.at(client), request.uri().path(), status);
    }
    refusal.into_response()
}

fn with_cookie<E>(cookie: HeaderValue) -> WithCookie<E> {
    Box::new(move |response| {
        response.map(|mut response| {
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        })
    })
}
