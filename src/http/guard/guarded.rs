//! The layer and the service around which [`Guard`] stands.

use std::task::{Context, Poll};

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, Map, Ready, ready},
};
use tower::{Layer, Service};

use super::{
    super::{
        ApiError, HttpOptions,
        body::{self, BodyCheck},
        client, origin,
        refusal::{Reader, answer, refuse},
        trace::trace_of,
    },
    Guard, Identity,
};
use crate::engine::{Caller, ClientAddress, audit};

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
                let refusal = self.guard.refuse_identity(&request, problem);
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
                Err(refusal) => Ok(guarded.guard.refuse_identity(&request, refusal)),
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
        let trace = caller.trace().or_else(|| trace_of(request.headers()));
        request.extensions_mut().insert(caller.at(client).in_trace(trace));
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
