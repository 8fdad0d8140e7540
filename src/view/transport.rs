//! How the embedding application sends requests to the server.

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

/// Functions that poll and cancel. Dropping a future must abort its request: the loop drops the
/// request in flight when no task is watched any more. Default: the ready-made [`server_fns`],
/// shared between tabs.
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
    /// Creates a transport from a poll function and a cancel function, such as two server
    /// functions.
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

    /// Creates a transport that only polls, for parts of a page without a cancel button: the code
    /// of a cancel is then not loaded. Cancel requests fail.
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

    /// Shares one request between the browser's tabs. All tabs must use the same server for the
    /// same user, and responses must be read by [`Json`](super::json::Json). Default: each tab
    /// polls on its own.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// Whether the browser's tabs share one request.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Sends a poll.
    pub fn poll(&self, request: PollRequest) -> Sent<Result<PollResponse, Failure>> {
        (self.poll)(request)
    }

    /// Sends a cancel.
    pub fn cancel(&self, id: TaskId) -> Sent<Result<Snapshot, Problem>> {
        (self.cancel)(id)
    }
}

/// Erases the function's type, so that transports with the same poll function share its code.
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

/// Polls and cancels over the HTTP API instead of server functions: for pages of another server, or
/// with a token.
#[cfg(feature = "client")]
impl From<crate::client::Client> for Transport {
    fn from(client: crate::client::Client) -> Self {
        let cancelling = client.clone();
        let poll = move |request: PollRequest| {
            let client = client.clone();
            async move { client.poll(&request).await.map(|(response, _)| response) }
        };
        let cancel = move |id: TaskId| {
            let client = cancelling.clone();
            async move { client.cancel(id).await }
        };
        Self::new(poll, cancel)
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
