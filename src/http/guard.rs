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
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use futures_util::{
    FutureExt,
    future::{Either, Map, Ready, ready},
};
use tower::{Layer, Service};

use super::{
    HttpOptions, client, origin,
    session::{self, Recent},
};

/// Refuses what comes from other sites' pages, limits the bodies, and puts a
/// [`Caller`](crate::engine::Caller) into the extensions of every other request.
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
        if let Err(refusal) = origin::check(&request, options) {
            return Either::Left(ready(Ok(refusal.into_response())));
        }
        let client = client::note(&mut request, &options.trusted_proxies);
        let mut caller = session::read(request.headers(), options, &self.guard.recent);
        let opens = matches!(*request.method(), Method::GET | Method::HEAD);
        let mut made = None;
        if !opens {
            DefaultBodyLimit::max(options.max_body_bytes).apply(&mut request);
        }
        if self.guard.makes_sessions && opens && caller.as_owner().is_none() {
            (caller, made) = session::make(options);
        }
        request.extensions_mut().insert(caller.at(client));
        let response = self.inner.call(request);
        Either::Right(match made {
            Some(cookie) => Either::Right(response.map(with_cookie(cookie))),
            None => Either::Left(response),
        })
    }
}

fn with_cookie<E>(cookie: HeaderValue) -> WithCookie<E> {
    Box::new(move |response| {
        response.map(|mut response| {
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        })
    })
}
