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
type Poll = dyn Fn(PollRequest) -> Sent<Result<PollResponse, Failure>> + Send + Sync;
type Cancel = dyn Fn(TaskId) -> Sent<Result<Snapshot, Problem>> + Send + Sync;

/// Two functions that ask the server. A future that is dropped must end its request: the loop drops
/// the one in flight when nobody watches any more. Default: the ready-made [`server_fns`], shared.
#[derive(Clone)]
pub struct Transport {
    poll: Arc<Poll>,
    cancel: Arc<Cancel>,
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
        let poll = move |request| -> Sent<_> {
            let sent = poll(request);
            Box::pin(async move { sent.await.map_err(Into::into) })
        };
        let cancel = move |id| -> Sent<_> {
            let sent = cancel(id);
            Box::pin(async move { sent.await.map_err(Into::into) })
        };
        Self { poll: Arc::new(poll), cancel: Arc::new(cancel), shared: false }
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
