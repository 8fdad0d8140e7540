//! Runs before the router on each connection: passes on the peer's address, and discards bodies
//! that are not read to their end.
//!
//! A client whose request is refused while it still sends must be able to finish, or it never sees
//! the response. Therefore, when a body is dropped, its rest is read and discarded, within limits,
//! while the response is sent.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request},
    http::{HeaderValue, Version, header},
    response::Response,
};
use futures_util::{
    FutureExt as _,
    future::{Either, Map},
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use milepost::{http::refuse, task::Problem};
use tokio::{runtime::Handle, sync::Notify};
use tower::Service as _;

use super::io::Discard;
use crate::simple;

/// Service of one connection.
pub(super) struct Front {
    router: Router,
    peer: SocketAddr,
    discard: Discard,
    /// Notified when the rest of a body was read or given up, so that the connection is polled
    /// again.
    rest: Arc<Notify>,
    /// Response to all requests, if the connection is refused.
    refusal: Option<Problem>,
}

type Routed = <Router as tower::Service<Request>>::Future;
type Answer = Result<Response, Infallible>;
type Closing = Box<dyn FnOnce(Answer) -> Answer + Send>;

impl Front {
    pub(super) fn new(
        router: Router,
        peer: SocketAddr,
        discard: Discard,
        rest: Arc<Notify>,
        refusal: Option<Problem>,
    ) -> Self {
        Self { router, peer, discard, rest, refusal }
    }

    /// Why this request is not passed to the router.
    fn refused(&self, request: &hyper::Request<Incoming>) -> Option<Problem> {
        let named =
            || request.headers().contains_key(header::HOST) || request.uri().authority().is_some();
        if request.version() == Version::HTTP_11 && !named() {
            let detail = "a request of HTTP/1.1 names its host: Host: example.org";
            return Some(Problem::new(400, "Bad Request", detail));
        }
        // `/healthz` must work even if the server is full.
        self.refusal.clone().filter(|_| request.uri().path() != "/healthz")
    }
}

impl hyper::service::Service<hyper::Request<Incoming>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Answer>, Either<Routed, Map<Routed, Closing>>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let refused = self.refused(&request);
        let (parts, incoming) = request.into_parts();
        let expects = parts.headers.contains_key(header::EXPECT);
        let (body, unread) = self.body(incoming, expects);
        let mut request = Request::from_parts(parts, body);
        if let Some(problem) = refused {
            return Either::Left(ready(Ok(refuse(request.uri().path(), problem, simple::PATHS))));
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        // A router is always ready and cheap to clone.
        let answer = self.router.clone().call(request);
        Either::Right(match unread {
            None => Either::Left(answer),
            Some(unread) => Either::Right(answer.map(closing(unread))),
        })
    }
}

impl Front {
    /// Returns the body for the router, and a flag that is true while the body is unread if the
    /// connection must then be closed.
    fn body(&self, incoming: Incoming, expects: bool) -> (Body, Option<Arc<AtomicBool>>) {
        if incoming.is_end_stream() {
            return (Body::empty(), None);
        }
        let too_much = incoming.size_hint().lower() > self.discard.max_bytes;
        let unread = (expects || too_much).then(|| Arc::new(AtomicBool::new(true)));
        let body = Watched {
            incoming: Some(incoming),
            discard: (!too_much).then_some(self.discard),
            asked: !expects,
            unread: unread.clone(),
            rest: Arc::clone(&self.rest),
        };
        (Body::new(body), unread)
    }
}

/// Closes the connection after the response if the body was not read.
fn closing(unread: Arc<AtomicBool>) -> Closing {
    Box::new(move |answer| {
        answer.map(|mut response| {
            if unread.load(Ordering::Relaxed) {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        })
    })
}

/// Body whose rest is read and discarded when it is dropped.
struct Watched {
    /// Present until the end of the body, or the drop.
    incoming: Option<Incoming>,
    /// Limits; `None` if the body is known to exceed them.
    discard: Option<Discard>,
    /// Whether the client is sending: with `Expect: 100-continue` only after the first read.
    asked: bool,
    unread: Option<Arc<AtomicBool>>,
    rest: Arc<Notify>,
}

impl Watched {
    fn ended(&mut self) {
        self.incoming = None;
        if let Some(unread) = &self.unread {
            unread.store(false, Ordering::Relaxed);
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = Pin::new(&mut *incoming).poll_frame(cx);
        let whole = incoming.is_end_stream();
        self.asked = true;
        if whole || matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.ended();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let (Some(incoming), Some(discard)) = (self.incoming.take(), self.discard) else { return };
        if !self.asked {
            return;
        }
        // Without a runtime the process is exiting.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(drop_rest(incoming, discard, Arc::clone(&self.rest)));
        }
    }
}

async fn drop_rest(mut incoming: Incoming, discard: Discard, rest: Arc<Notify>) {
    let mut discarding = discard.begin();
    let bytes = |frame: Frame<Bytes>| frame.data_ref().map_or(0, Bytes::len);
    while discarding.goes_on(incoming.frame().map(|frame| Some(bytes(frame?.ok()?)))).await {}
    drop(incoming);
    // Nothing else tells the connection that the body is no longer read.
    rest.notify_one();
}
