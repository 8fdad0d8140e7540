//! How a request gets to the server: the embedding application's choice.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
};

use super::server_fns;
use crate::{
    poll::Failure,
    task::{PollRequest, PollResponse, Problem, Snapshot, TaskId},
};

type Sent<T> = Pin<Box<dyn Future<Output = T>>>;
type Sender<A, T, E> = dyn Fn(A) -> Sent<Result<T, E>> + Send + Sync;

/// Two functions that ask the server. A future that is dropped must end its request: the loop drops
/// the one in flight when nobody watches any more. Default: the ready-made [`server_fns`], shared.
#[derive(Clone)]
pub struct Transport {
    poll: Arc<Sender<PollRequest, PollResponse, Failure>>,
    cancel: Arc<Sender<TaskId, Snapshot, Problem>>,
    shared: bool,
}

impl Default for Transport {
    fn default() -> Self {
        Self::new(server_fns::task_status, server_fns::cancel_task).shared()
    }
}

impl Transport {
    /// A transport made of what sends a poll and what asks for a cancel, such as two server functions.
    pub fn new<P, F, C, E>(
        poll: impl Fn(PollRequest) -> P + Send + Sync + 'static,
        cancel: impl Fn(TaskId) -> C + Send + Sync + 'static,
    ) -> Self
    where
        P: Future<Output = Result<PollResponse, F>> + 'static,
        F: Into<Failure>,
        C: Future<Output = Result<Snapshot, E>> + 'static,
        E: Into<Problem>,
    {
        Self { poll: erased(poll), cancel: erased(cancel), shared: false }
    }

    /// A transport that only polls, for a part of a page that offers no cancel: what sends a cancel is then not
    /// loaded with it. Asked for a cancel, it answers that there is none.
    pub fn poll_only<P, F>(poll: impl Fn(PollRequest) -> P + Send + Sync + 'static) -> Self
    where
        P: Future<Output = Result<PollResponse, F>> + 'static,
        F: Into<Failure>,
    {
        let refuse = |_| {
            ready(Err::<Snapshot, _>(Problem::new(
                0,
                "No cancel",
                "This page cannot cancel tasks.",
            )))
        };
        Self::new(poll, refuse)
    }

    /// Lets the tabs of a browser share one request: all of them must ask the same server for the same user. Only
    /// answers that [`Json`](super::json::Json) has read can be shared. Default: each tab asks for itself.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// Whether the tabs of a browser share one request.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Sends a poll.
    pub fn poll(&self, request: PollRequest) -> Sent<Result<PollResponse, Failure>> {
        (self.poll)(request)
    }

    /// Asks for a cancel.
    pub fn cancel(&self, id: TaskId) -> Sent<Result<Snapshot, Problem>> {
        (self.cancel)(id)
    }
}

/// A function that sends something, without its types: two transports that poll alike share its code.
fn erased<A, T, S, E, G>(send: impl Fn(A) -> S + Send + Sync + 'static) -> Arc<Sender<A, T, G>>
where
    A: 'static,
    T: 'static,
    S: Future<Output = Result<T, E>> + 'static,
    E: Into<G>,
    G: 'static,
{
    Arc::new(move |asked| -> Sent<_> {
        let sent = send(asked);
        Box::pin(async move { sent.await.map_err(Into::into) })
    })
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll::Ready, Waker};

    use super::*;

    #[test]
    fn a_transport_that_only_polls_refuses_a_cancel_at_once() {
        let transport = Transport::poll_only(|_| ready(Err(Failure::Network)));
        let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let mut answer = transport.cancel(id);
        let answer = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(answer, Ready(Err(problem)) if problem.title == "No cancel"));
    }
}
